//! One byte is altered in each table in turn, past the program: `verify` names the table and the row.
#![expect(
    clippy::print_stdout,
    reason = "a test stops where something is missing, and prints what it has altered"
)]

use serde_json::json;
use tierline_app::actor::ActorSpec;
use tierline_app::billing::exports::{Add, Place, Request, What};
use tierline_app::billing::issued::{self, Draft, Found, Issue, Look};
use tierline_app::billing::pdf;
use tierline_app::verify::Verify;
use tierline_app::{AppError, Ctx};
use tierline_domain::billing::{Invoice, Party};
use tierline_domain::export::ExportKind;
use tierline_domain::id::Id;
use tierline_store::log::{EXEMPT, LOGGED, LogKey};
use tierline_store::{Command, Statement, StoreError, Tx, Value, tables};

use uuid::Uuid;

use crate::common::World;

/// Alters one byte of a table's first row, looks, and takes it back.
struct Alter {
    table: &'static str,
    /// The column; whichever the schema lets be altered, where none is named.
    only: Option<&'static str>,
    key: LogKey,
}

/// What came of it: never kept.
enum Told {
    /// There is no row.
    Empty,
    /// The schema itself lets nothing of it be altered.
    Refused,
    /// What was altered, and what `verify` said.
    Found(String, Vec<String>),
    /// The test went wrong.
    Broken(AppError),
}

impl From<StoreError> for Told {
    fn from(error: StoreError) -> Self {
        Self::Broken(error.into())
    }
}

impl From<AppError> for Told {
    fn from(error: AppError) -> Self {
        Self::Broken(error)
    }
}

fn statement(sql: String) -> Statement {
    Statement::new("altered", String::leak(sql))
}

impl Alter {
    /// Alters the last byte of the last column that the schema lets be altered; its name.
    async fn alter(&self, tx: &mut Tx<'_>) -> Result<Option<String>, Told> {
        let table = self.table;
        let columns = statement(format!(
            "SELECT name, type FROM pragma_table_info('{table}') ORDER BY cid DESC"
        ));
        for (column, kind) in tx.fetch_all::<(String, String)>(columns, &[]).await? {
            if self.only.is_some_and(|only| only != column) {
                continue;
            }
            let altered = match kind.as_str() {
                "INTEGER" => format!("{column} + 1"),
                "TEXT" => format!(
                    "substr({column}, 1, length({column}) - 1) || CASE substr({column}, -1) WHEN '0' THEN '1' ELSE '0' END"
                ),
                _ => format!(
                    "CAST(substr({column}, 1, length({column}) - 1) || CASE substr({column}, -1) WHEN x'00' THEN x'01' ELSE x'00' END AS BLOB)"
                ),
            };
            tx.savepoint("altered").await?;
            let update = statement(format!(
                "UPDATE {table} SET {column} = {altered} WHERE rowid = \
                 (SELECT MIN(rowid) FROM {table} WHERE {column} IS NOT NULL AND length({column}) > 0)"
            ));
            match tx.execute(update, &[]).await {
                Ok(1) => return Ok(Some(column)),
                Ok(_) => {}
                Err(_) => tx.rollback_to("altered").await?,
            }
        }
        Ok(None)
    }
}

impl Command for Alter {
    type Out = ();
    type Error = Told;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), Told> {
        let count = statement(format!("SELECT COUNT(*) FROM {}", self.table));
        let count: Option<(i64,)> = tx.fetch_optional(count, &[]).await?;
        if count == Some((0,)) {
            return Err(Told::Empty);
        }
        let Some(column) = self.alter(tx).await? else {
            return Err(Told::Refused);
        };
        let verify = Verify {
            key: self.key.clone(),
        };
        let report = verify.run(tx).await?;
        Err(Told::Found(column, report.findings))
    }
}

/// A world in which most tables hold something: sales in two tiers, taxes, a payment, a correction, delegation, requests.
async fn world() -> World {
    let mut world = World::of(
        "2024-03-10",
        json!([
            {"partner": {"id": "IP-1", "type": "indirect_provider", "country": "FR"}},
            {"partner": {"id": "IR-A", "type": "indirect_reseller", "country": "DE"}},
            {"partner": {"id": "DB-1", "type": "direct_bill", "country": "DE"}},
            {"partnership": {"provider": "IP-1", "reseller": "IR-A"}},
            {"customer": {"id": "C-1", "country": "DE"}},
            {"relationship": {"partner": "IP-1", "customer": "C-1"}},
            {"relationship": {"partner": "IR-A", "customer": "C-1"}},
            {"credit": {"partner": "DB-1", "limit": "USD 5000.00"}},
            {"affiliation": {"of": "ORG-DB-1", "with": "ORG-IR-A"}},
            {"item": {"id": "suite", "terms": {"P1Y": ["monthly"]}, "prices": {"P1Y": ["EUR 120.00"]}}},
            {"price": {"item": "suite", "term": "P1Y", "from": "2024-01-01", "amount": "EUR 132.00"}},
            {"user": {"id": "u-1", "partner": "IP-1"}},
        ]),
    )
    .await;
    let order = json!({"customer": "C-1", "item": "suite", "quantity": 10, "term": "P1Y", "frequency": "monthly",
        "partner_of_record": "IR-A", "creates": "sub-1"});
    world.act("IP-1", "order", order).await;
    let rate = json!({"country": "DE", "name": "VAT", "rate_bp": 1900, "from": "2024-03-10"});
    world.act("operator", "set_tax_rate", rate).await;
    world
        .act("DB-1", "file_exemption", json!({"papers": "EX-1"}))
        .await;
    world
        .act("DB-1", "set_payment_method", json!({"method": "transfer"}))
        .await;
    let arranged = json!({"reseller": "IR-A", "on_behalf": true});
    world.act("IP-1", "arrange_billing", arranged).await;
    world.until("2024-04-02").await;
    let pay = json!({"payer": "IR-A", "reference": "p-1", "amount": "EUR 50.00", "invoice": "IP-1-000001"});
    world.act("IP-1", "record_payment", pay).await;
    world
        .act(
            "IP-1",
            "void_invoice",
            json!({"invoice": "IP-1-000001", "bill_again": true}),
        )
        .await;
    files(&world).await;
    paper(&world, "IP-1-000001").await;
    paper(&world, "IP-1-000002").await;
    world
}

/// What an invoice's paper says, issued or not.
struct Read(&'static str);

impl Command for Read {
    type Out = Draft;
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<Draft, AppError> {
        let key = [Value::Text(self.0.to_owned())];
        let found = tx
            .find::<Invoice>(tables::invoices::BY_HANDLE, &key)
            .await?;
        let missing = || AppError::missing("invoice", self.0);
        issued::paper(tx, found.first().ok_or_else(missing)?).await
    }
}

/// Issues the paper of an invoice, or issues it again.
#[expect(clippy::unwrap_used, reason = "a test's own rows")]
async fn paper(world: &World, invoice: &'static str) -> Vec<u8> {
    let draft = world.db.read(Read(invoice)).await.unwrap();
    let content = pdf::write(&draft.document).unwrap();
    let ctx = Ctx::new(
        ActorSpec::operator(),
        world.now,
        world.now,
        Uuid::from_u128(9),
    );
    let issue = Issue::of(ctx, draft, &content);
    world.db.write(issue).await.unwrap();
    content
}

/// An export of two files.
#[expect(clippy::unwrap_used, reason = "a test's own rows")]
async fn files(world: &World) {
    let (id, now) = (Uuid::from_u128(7), world.now);
    let request = Request {
        id,
        owner: Party::Operator,
        secret: "secret".to_owned(),
        what: What::Invoice {
            invoice: Id::from_uuid(Uuid::from_u128(8)),
            kind: ExportKind::Lines,
        },
        is_full: true,
        now,
    };
    world.db.write(request).await.unwrap();
    for (number, next) in [(1, Some(Place::default())), (2, None)] {
        let add = Add {
            export: id,
            number,
            content: vec![31, 139, 8, 0, 255],
            lines: 1,
            sums: Vec::new(),
            next,
            now,
        };
        world.db.write(add).await.unwrap();
    }
}

/// Tables that hold something in this world and can be altered; the log answers for the rows of the others as for theirs.
const ALTERED_LEAST: usize = 31;

#[tokio::test]
async fn one_altered_byte_of_any_table_is_found() {
    let world = world().await;
    let place = tempfile::tempdir().unwrap();
    let key = LogKey::load_or_create(&place.path().join("log.key")).unwrap();
    let clean = world.db.read(Verify { key: key.clone() }).await.unwrap();
    assert_eq!(clean.findings, Vec::<String>::new());
    let (mut altered, mut empty, mut refused) = (0, 0, 0);
    let of_the_ledger = ["invoice_lines", "postings"];
    let any = LOGGED.iter().copied().chain(of_the_ledger);
    let amounts = of_the_ledger.map(|table| (table, Some("minor")));
    let of_files = [
        ("export_parts", Some("content")),
        ("export_parts", Some("digest")),
        ("exports", Some("digest")),
        ("exports", Some("lines")),
        ("papers", Some("digest")),
        ("paper_contents", Some("document")),
    ];
    let all = any.map(|table| (table, None)).chain(amounts);
    for (table, only) in all.chain(of_files) {
        let alter = Alter {
            table,
            only,
            key: key.clone(),
        };
        match world.db.write(alter).await.err().unwrap() {
            Told::Found(column, findings) => {
                let named = findings
                    .iter()
                    .find(|it| it.starts_with(&format!("{table} ")));
                let named = named.unwrap_or_else(|| panic!("{table}.{column}: {findings:?}"));
                println!("{table}.{column}: {named}");
                altered += 1;
            }
            Told::Empty => empty += 1,
            Told::Refused => {
                println!("{table}: keys and closed sets let nothing be altered");
                refused += 1;
            }
            Told::Broken(error) => panic!("{table}: {error}"),
        }
    }
    for (table, reason) in EXEMPT {
        println!("{table} is exempt: {reason}");
    }
    println!("{altered} tables altered, {empty} empty, {refused} refused it");
    assert!(
        altered >= ALTERED_LEAST,
        "only {altered} tables were altered"
    );
    assert!(refused <= 3, "{refused} tables refused it");
    let still = world.db.read(Verify { key }).await.unwrap();
    assert_eq!(still.findings, Vec::<String>::new());
}

/// Papers stay what they were when they were issued; every other file is told from them, whichever byte of it was altered.
#[tokio::test]
async fn one_altered_byte_of_an_issued_file_is_found() {
    let mut world = world().await;
    let (bill, note) = ("IP-1-000001", "IP-1-000002");
    let (first, second) = (paper(&world, bill).await, paper(&world, note).await);
    let look = async |world: &World, name: &str, content: &[u8]| {
        world.db.read(Look::at(name, content)).await.unwrap()
    };
    for (handle, content) in [(bill, &first), (note, &second)] {
        let name = format!("{handle}.pdf");
        let found = look(&world, &name, content).await;
        assert_eq!(found, Found::Paper(handle.to_owned()));
        let step = content.len() / 40;
        for at in (4..content.len()).step_by(step) {
            let mut altered = content.clone();
            altered[at] ^= 1;
            let found = look(&world, &name, &altered).await;
            assert_eq!(found, Found::OtherPaper(handle.to_owned()), "byte {at}");
            assert_eq!(look(&world, "renamed.pdf", &altered).await, Found::NoPaper);
        }
        println!(
            "{name}: {} bytes, every {step}th altered in turn",
            content.len()
        );
    }
    let part = vec![31, 139, 8, 0, 255];
    let found = look(&world, "part-00001.json.gz", &part).await;
    assert_eq!(found, Found::Part(Uuid::from_u128(7), 1));
    for at in 2..part.len() {
        let mut altered = part.clone();
        altered[at] ^= 1;
        let found = look(&world, "part-00001.json.gz", &altered).await;
        assert_eq!(found, Found::NoPart, "byte {at}");
    }
    assert_eq!(look(&world, "notes.txt", b"text").await, Found::Neither);
    // A payment changes the bill, and not the paper that is out.
    let again = json!({"payer": "IR-A", "reference": "p-2", "amount": "EUR 20.00", "invoice": "IP-1-000003"});
    let before = paper(&world, "IP-1-000003").await;
    world.act("IP-1", "record_payment", again).await;
    assert_eq!(paper(&world, "IP-1-000003").await, before);
}

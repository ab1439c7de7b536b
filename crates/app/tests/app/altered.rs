//! One byte is altered in each table in turn, past the program: `verify` names the table and the row.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test stops where something is missing, and prints what it has altered"
)]

use std::sync::Arc;

use serde_json::{Value as Json, json};
use tierline_app::actor::ActorSpec;
use tierline_app::ask::ask;
use tierline_app::billing::exports::{Add, Place, Request, What};
use tierline_app::billing::issued::{self, Draft, Found, Issue, Look};
use tierline_app::billing::{papers, pdf};
use tierline_app::usage::{Ingest, Reader};
use tierline_app::verify::Verify;
use tierline_app::{AppError, Ctx};
use tierline_domain::billing::{Invoice, Party, Payment};
use tierline_domain::export::ExportKind;
use tierline_store::log::{EXEMPT, LOGGED, LogKey, seal_all};
use tierline_store::{Command, Statement, StoreError, Table as _, Tx, Value, tables};

use uuid::Uuid;

use crate::common::World;

/// A meter of the catalogue.
const METER: &str = "4f1d2c60-93b7-5d0e-8a51-6b0c7d9e1f01";
/// Every table but the engine's own.
const TABLES: Statement = Statement::new(
    "altered.TABLES",
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
);

/// Alters one byte of a table's first row, looks, and takes it back.
struct Alter {
    table: String,
    /// The column; whichever the schema lets be altered, where none is named.
    only: Option<&'static str>,
    key: LogKey,
}

/// What came of it: never kept.
enum Told {
    /// There is no row.
    Empty,
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
    /// Alters the last byte of the last column that the schema lets be altered; its name. Where all of a row are keys and words
    /// of closed sets, the row goes.
    async fn alter(&self, tx: &mut Tx<'_>) -> Result<String, Told> {
        let table = &self.table;
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
                Ok(1) => return Ok(column),
                Ok(_) => {}
                Err(_) => tx.rollback_to("altered").await?,
            }
        }
        let remove = statement(format!(
            "DELETE FROM {table} WHERE rowid = (SELECT MIN(rowid) FROM {table})"
        ));
        match tx.execute(remove, &[]).await? {
            1 => Ok("*".to_owned()),
            _ => Err(Told::Empty),
        }
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
        let column = self.alter(tx).await?;
        let verify = Verify {
            key: self.key.clone(),
        };
        let report = verify.run(tx).await?;
        Err(Told::Found(column, report.findings))
    }
}

/// Facts of what is not about bills.
fn estate() -> Json {
    json!([
        {"partner": {"id": "IR-B", "type": "indirect_reseller", "country": "DE", "state": "pending"}},
        {"partner": {"id": "DB-2", "type": "direct_bill", "country": "DE"}},
        {"relationship": {"partner": "DB-1", "customer": "C-1", "delegation": "full"}},
        {"relationship": {"partner": "DB-2", "customer": "C-1"}},
        {"user": {"id": "keeper", "partner": "DB-1", "roles": ["admin_agent"]}},
        {"group": {"id": "desk", "partner": "DB-2", "members": []}},
        {"admin_relationship": {"id": "ar-1", "partner": "DB-2", "customer": "C-1", "roles": ["license_administrator", "user_administrator"],
            "groups": [{"group": "desk", "roles": ["license_administrator"]}]}},
        {"item": {"id": "saas", "kind": "marketplace", "publisher": "third_party", "terms": {"P1M": ["monthly"]}, "prices": {"P1M": ["EUR 9.00"]}}},
        {"item": {"id": "cloud-before", "kind": "previous_consumption", "generation": "traditional", "terms": {"none": ["none"]}}},
        {"item": {"id": "suite-plus", "terms": {"P1Y": ["monthly"]}, "prices": {"P1Y": ["EUR 240.00"]}}},
        {"item": {"id": "suite", "upgrades_to": ["suite-plus"]}},
        {"subscription": {"id": "az-0", "seller": "DB-1", "customer": "C-1", "item": "cloud-before"}},
        {"subscription": {"id": "plan-1", "seller": "DB-1", "customer": "C-1", "item": "cloud-plan"}},
        {"subscription": {"id": "az-1", "seller": "DB-1", "customer": "C-1", "item": "cloud-subscription", "parent": "plan-1"}},
        {"subscription": {"id": "core-1", "seller": "DB-1", "customer": "C-1", "item": "workplace-core"}},
        {"subscription": {"id": "saas-1", "seller": "DB-1", "customer": "C-1", "item": "saas"}},
        {"subscription": {"id": "up-1", "seller": "DB-1", "customer": "C-1", "item": "suite", "quantity": 3}},
        {"price_rule": {"owner": "IP-1", "item": "suite", "buyer": "IR-A", "markup": 25, "open": true}},
        {"list_price": {"item": "suite", "market": "FR", "term": "P1Y", "from": "2024-03-01", "amount": "EUR 111.00"}},
        {"fx_rate": {"currency": "DKK", "month": "2024-03-01", "mantissa": 7, "scale": 0}},
        {"credit_loss": {"partner": "DB-2", "from": "2024-03-01"}},
        {"resource_role": {"partner": "DB-2", "subscription": "az-1", "role": "reader"}},
        {"resource_role": {"partner": "DB-1", "subscription": "az-1", "role": "contributor", "scope": "/group", "from": "2024-03-01T00:00:00Z"}},
        {"waiver": {"id": "waiver-1", "organization": "ORG-DB-2", "from": "2024-01-01", "until": "2024-12-31"}},
        {"setting": {"remark": "none"}},
        {"validation_code": {"partner": "DB-1", "code": "480215", "organization": "A place", "most": 5, "remaining": 4}},
        {"account_check": {"customer": "C-1", "status": "allowed", "days_ago": 4}},
        {"directory_user": {"id": "ada", "customer": "C-1", "first_name": "Ada", "last_name": "Quill", "roles": ["directory_reader"],
            "licences": ["suite"]}},
        {"cart": {"id": "cart-1", "partner": "DB-1", "customer": "C-1", "item": "suite", "quantity": 2, "created": "2024-03-09T10:00:00Z"}},
        {"transfer": {"id": "tr-1", "kind": "traditional", "from": "DB-1", "to": "DB-2", "customer": "C-1", "subscriptions": ["up-1"], "state": "rejected"}},
    ])
}

/// Commands of what is not about bills.
fn acts() -> Vec<(&'static str, &'static str, Json)> {
    let order_of = json!({"customer": "C-1", "lines": [{"customer": "C-1", "item": "suite", "quantity": 1}], "creates": "o-1"});
    let file = json!([{"kind": "purchase_order", "name": "po.pdf", "media": "application/pdf", "content": "JVBERg=="}]);
    let asked = json!({"id": "ask-1", "provider": "IP-1", "customer": "C-1", "item": "suite", "quantity": 2});
    vec![
        ("DB-1", "upgrade_to_plan", json!({"customer": "C-1"})),
        (
            "DB-1",
            "set_overage",
            json!({"subscription": "az-1", "enabled": true}),
        ),
        (
            "DB-1",
            "register_subscription",
            json!({"subscription": "az-1"}),
        ),
        (
            "DB-1",
            "activate_subscription",
            json!({"subscription": "saas-1"}),
        ),
        (
            "DB-1",
            "upgrade",
            json!({"subscription": "up-1", "to": "suite-plus"}),
        ),
        ("DB-1", "place_order", order_of),
        (
            "operator",
            "review_order",
            json!({"order": "o-1", "state": "pending_document_upload"}),
        ),
        (
            "DB-1",
            "attach_files",
            json!({"order": "o-1", "customer": "C-1", "files": file}),
        ),
        (
            "operator",
            "decide_verification",
            json!({"partner": "IR-B", "accepted": true, "evidence": "an extract"}),
        ),
        (
            "DB-2",
            "draft_admin",
            json!({"name": "later", "roles": ["directory_reader"]}),
        ),
        (
            "DB-2",
            "change_roles",
            json!({"admin_relationship": "ar-1", "group": "desk", "roles": ["user_administrator"]}),
        ),
        (
            "DB-2",
            "terminate_admin",
            json!({"admin_relationship": "ar-1"}),
        ),
        (
            "DB-1",
            "administer",
            json!({"customer": "C-1", "task": "list_users"}),
        ),
        (
            "DB-1",
            "add_domain",
            json!({"customer": "C-1", "domain": "oak.example"}),
        ),
        (
            "DB-1",
            "set_qualification",
            json!({"customer": "C-1", "value": "education"}),
        ),
        ("IR-A", "request_order", asked),
        (
            "IP-1",
            "answer_order_request",
            json!({"request": "ask-1", "accept": true}),
        ),
    ]
}

/// A file of usage.
async fn usage(world: &mut World) {
    let mut file = Reader::default();
    for day in 1..4 {
        let event = json!({"id": format!("e{day}"), "subscription": "az-1", "meter": METER, "at": format!("2024-03-0{day}T10:00:00Z"),
            "quantity": "250", "resource": {"uri": "/r/1", "group": "G"}});
        file.push(format!("{event}\n").as_bytes());
    }
    let ctx = world.ctx("operator");
    let file = Arc::new(file.finish().unwrap());
    world.db.write(Ingest { ctx, file }).await.unwrap();
}

/// A world in which every table that is answered for holds something: sales in two tiers, taxes, a payment, a correction, usage,
/// delegation, requests.
async fn world() -> World {
    let mut world = World::of(
        "2024-03-10",
        json!([
            {"catalogue": {"profile": "csp"}},
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
    world.lay(estate()).await;
    usage(&mut world).await;
    for (actor, verb, params) in acts() {
        world.act(actor, verb, params).await;
    }
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
    files(&world, "IP-1-000001").await;
    paper(&world, "IP-1-000001").await;
    paper(&world, "IP-1-000002").await;
    world
}

async fn bill(tx: &mut Tx<'_>, handle: &'static str) -> Result<Invoice, AppError> {
    let key = [Value::Text(handle.to_owned())];
    let found = tx
        .find::<Invoice>(tables::invoices::BY_HANDLE, &key)
        .await?;
    let missing = || AppError::missing("invoice", handle);
    found.into_iter().next().ok_or_else(missing)
}

/// What an invoice's paper says, issued or not.
struct Read(&'static str);

impl Command for Read {
    type Out = Draft;
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<Draft, AppError> {
        let invoice = bill(tx, self.0).await?;
        issued::paper(tx, &invoice).await
    }
}

/// Issues the paper of an invoice, or issues it again.
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

/// An export of an invoice, in two files.
async fn files(world: &World, invoice: &'static str) {
    let (id, now) = (Uuid::from_u128(7), world.now);
    let of = ask(move |tx| Box::pin(async move { bill(tx, invoice).await }));
    let of = world.db.read(of).await.unwrap();
    let request = Request {
        id,
        owner: Party::Operator,
        secret: "secret".to_owned(),
        what: What::Invoice {
            invoice: of.id,
            kind: ExportKind::Lines,
        },
        is_full: true,
        now,
    };
    world.db.write(request).await.unwrap();
    let halves = [
        (1, of.lines, vec![of.net], Some(Place::default())),
        (2, 0, Vec::new(), None),
    ];
    for (number, lines, sums, next) in halves {
        let add = Add {
            export: id,
            number,
            content: vec![31, 139, 8, 0, 255],
            lines,
            sums,
            next,
            now,
        };
        world.db.write(add).await.unwrap();
    }
}

/// Tables that the log does not answer for, and `verify` all the same.
const FOLLOWED: [&str; 10] = [
    "checkpoints",
    "events",
    "export_parts",
    "exports",
    "invoice_lines",
    "paper_contents",
    "postings",
    "usage_days",
    "usage_events",
    "usage_resources",
];

/// Columns that are altered besides the last one: what a bill comes to, and what a file or a day is. Of tables that are not rows of
/// the log only these say something.
const COLUMNS: [(&str, &str); 15] = [
    ("checkpoints", "signature"),
    ("events", "actor"),
    ("events", "data"),
    ("export_parts", "content"),
    ("export_parts", "digest"),
    ("exports", "digest"),
    ("exports", "lines"),
    ("exports", "sums"),
    ("invoice_lines", "minor"),
    ("invoices", "net"),
    ("paper_contents", "document"),
    ("papers", "digest"),
    ("postings", "minor"),
    ("usage_days", "quantity"),
    ("usage_events", "quantity"),
];

/// Every table of the schema: one byte of it is altered and found, or the table is exempt and says why.
#[tokio::test]
async fn one_altered_byte_of_any_table_is_found() {
    let world = world().await;
    let place = tempfile::tempdir().unwrap();
    let key = LogKey::load_or_create(&place.path().join("log.key")).unwrap();
    let shared = Arc::new(key.clone());
    seal_all(&world.db, &shared, world.now).await.unwrap();
    let clean = world.db.read(Verify { key: key.clone() }).await.unwrap();
    assert_eq!(clean.findings, Vec::<String>::new());
    assert!(clean.sealed > 20, "{clean}");
    let tables =
        ask(|tx| Box::pin(async move { Ok(tx.fetch_all::<(String,)>(TABLES, &[]).await?) }));
    let (mut altered, mut empty) = (0, Vec::new());
    for (table,) in world.db.read(tables).await.unwrap() {
        let exempt = EXEMPT.iter().find(|(name, _)| *name == table);
        let is_followed = FOLLOWED.contains(&table.as_str());
        if let Some((_, reason)) = exempt.filter(|_| !is_followed) {
            println!("{table} is exempt: {reason}");
            continue;
        }
        assert!(is_followed || LOGGED.contains(&table.as_str()), "{table}");
        let own = COLUMNS.iter().filter(|(of, _)| *of == table);
        let own = own.map(|(_, column)| Some(*column));
        let last = (!is_followed || table == "invoice_lines" || table == "usage_resources")
            .then_some(None);
        for only in last.into_iter().chain(own) {
            let alter = Alter {
                table: table.clone(),
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
                Told::Empty => empty.push(table.clone()),
                Told::Broken(error) => panic!("{table}: {error}"),
            }
        }
    }
    println!("{altered} columns of tables altered");
    assert_eq!(empty, [""; 0], "nothing of these was altered");
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
    receipt(&world).await;
}

/// A receipt is known by its name and made again.
async fn receipt(world: &World) {
    let read = ask(|tx| {
        Box::pin(async move {
            let all = tx.find::<Payment>(Payment::all_rows_sql(), &[]).await?;
            let mut found = None;
            for payment in all {
                if let Some(invoice) = payment.invoice {
                    let invoice = tierline_app::names::by_id(tx, invoice).await?;
                    let document = papers::receipt(tx, &invoice, &payment).await?;
                    found = Some((payment, document));
                }
            }
            Ok(found)
        })
    });
    let (payment, document) = world.db.read(read).await.unwrap().unwrap();
    let content = pdf::write(&document).unwrap();
    let name = format!("{}.pdf", papers::receipt_name(&document.number));
    let look = Look::at(&name, &content);
    assert_eq!(
        world.db.read(look).await.unwrap(),
        Found::Receipt(payment.handle.clone())
    );
    let step = content.len() / 20;
    for at in (4..content.len()).step_by(step) {
        let mut altered = content.clone();
        altered[at] ^= 1;
        let found = world.db.read(Look::at(&name, &altered)).await.unwrap();
        assert_eq!(
            found,
            Found::OtherReceipt(payment.handle.clone()),
            "byte {at}"
        );
    }
    println!(
        "{name}: {} bytes, every {step}th altered in turn",
        content.len()
    );
    let none = papers::receipt_name("00000000000000000000000000000009");
    let found = world.db.read(Look::at(&none, &content)).await.unwrap();
    assert_eq!(found, Found::NoPaper);
}

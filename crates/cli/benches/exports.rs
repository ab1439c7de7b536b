//! What a file of reconciliation lines costs: an invoice of a hundred thousand and of a million lines, each of a subscription of its
//! own, read, written as JSON, compressed and stored part by part.
//!
//! `cargo xtask soak exports` runs this. The first argument is a connection string of a PostgreSQL server's `postgres` database, the
//! second a directory on the disk that SQLite shall use, a third the largest number of lines.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement: it stops where something is wrong and prints its figures"
)]

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use tierline_api::Exporter;
use tierline_app::App;
use tierline_app::ask::ask;
use tierline_app::billing::exports::{Request, What};
use tierline_app::clock::Clock;
use tierline_app::ctx::Ids;
use tierline_app::demo::LayWorld;
use tierline_app::names;
use tierline_domain::billing::{
    Basis, Cut, Invoice, InvoiceDocument, InvoiceKind, InvoiceLine, InvoiceState, Party,
};
use tierline_domain::catalog::{Frequency, Item, Term};
use tierline_domain::export::{ExportKind, ExportState};
use tierline_domain::id::Id;
use tierline_domain::money::Money;
use tierline_domain::partner::Tenant;
use tierline_domain::subscription::{Charge, ChargeKind, Subscription};
use tierline_domain::time::Timestamp;
use tierline_store::tables::files::Export;
use tierline_store::{Command, Db, DbConfig, StoreError, Table, Tx, schema};
use uuid::Uuid;

// As the server does.
#[used]
static ALLOCATOR: fn(&mimalloc::MiMalloc) -> u32 = mimalloc::MiMalloc::version;

const NOW: &str = "2024-01-15T12:00:00Z";
const MONTH: &str = "2023-12-01";
/// Subscriptions of one customer.
const HELD: usize = 10;
/// Rows laid down in one transaction.
const LAID: usize = 10_000;
const SIZES: [usize; 2] = [100_000, 1_000_000];

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn given() -> Vec<Json> {
    vec![
        json!({"partner": {"id": "IP-1", "type": "indirect_provider", "country": "DE"}}),
        json!({"customer": {"id": "model", "country": "DE"}}),
        json!({"relationship": {"partner": "IP-1", "customer": "model"}}),
        json!({"item": {"id": "seat", "terms": {"P1Y": ["monthly"]}, "prices": {"P1Y": ["EUR 120.00"]}}}),
        json!({"subscription": {"id": "model", "seller": "IP-1", "customer": "model", "item": "seat"}}),
    ]
}

/// The rows that all others are made after.
#[derive(Clone)]
struct Model {
    tenant: Tenant,
    subscription: Subscription,
    item: Item,
    invoice: Invoice,
}

fn named<T>(kind: &str, number: usize) -> Id<T> {
    Ids::named(kind, &number.to_string(), now()).next()
}

/// When the charges of a page of lines were booked: page after page through the month, as cycles fall due.
fn booked(from: usize) -> Timestamp {
    let hours = i64::try_from(from / LAID * 7).unwrap();
    Timestamp::start_of(MONTH.parse().unwrap()).plus_hours(hours)
}

fn price() -> Money {
    "EUR 120.00".parse().unwrap()
}

fn line(invoice: Id<Invoice>, charge: Id<Charge>, number: usize) -> InvoiceLine {
    let position = i64::try_from(number + 1).unwrap();
    InvoiceLine {
        source: Uuid::from_u128(1),
        position,
        invoice,
        charge,
        unit_minor: price().minor,
        minor: 1_000 * (1 + position % 40),
        currency: price().currency,
        seal: vec![0; 32],
    }
}

/// The charges of a page of lines, in the order in which a run bills them: of their ids, where they were booked at one instant.
fn charged(from: usize) -> Vec<Id<Charge>> {
    let at = booked(from);
    let numbers = from..from + LAID;
    let mut ids: Vec<Id<Charge>> = numbers
        .map(|number| Ids::named("charge", &number.to_string(), at).next())
        .collect();
    ids.sort_by_key(|id| id.uuid());
    ids
}

/// Lays down customers, subscriptions, charges and the lines of the invoice.
struct Lay(Model, usize);

impl Command for Lay {
    type Out = ();
    type Error = StoreError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let Self(model, from) = self;
        let (mut tenants, mut held, mut charges, mut lines) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (number, charge) in (*from..from + LAID).zip(charged(*from)) {
            let owner = number / HELD;
            let tenant = named::<Tenant>("tenant", owner);
            if number % HELD == 0 {
                tenants.push(Tenant {
                    id: tenant,
                    handle: format!("c-{owner}"),
                    domain: format!("c-{owner}.example"),
                    ..model.tenant.clone()
                });
            }
            let subscription = named::<Subscription>("subscription", number);
            held.push(Subscription {
                id: subscription,
                handle: format!("s-{number}"),
                customer: tenant,
                ..model.subscription.clone()
            });
            let line = line(model.invoice.id, charge, number);
            let basis = Basis {
                quantity: line.minor / 1_000,
                months: 1,
                of_months: 12,
                days: 1,
                of_days: 1,
                cut: Cut::Line,
            };
            charges.push(Charge {
                id: line.charge,
                subscription,
                position: 1,
                kind: ChargeKind::CycleCharge,
                amount: line.amount(),
                from_day: now().date(),
                until_day: now().date(),
                booked: booked(*from),
                basis,
                unit_price: price(),
                seller: model.subscription.seller,
                reseller: None,
                customer: tenant,
                item: model.item.id,
                term: Term::YEAR,
                frequency: Frequency::Monthly,
                priced_on: now().date(),
                home: model.subscription.home.clone(),
            });
            lines.push(line);
        }
        for row in &tenants {
            tx.insert(row).await?;
        }
        for row in &held {
            tx.insert(row).await?;
        }
        for row in &charges {
            tx.insert(row).await?;
        }
        tx.write_all(InvoiceLine::insert(), &lines).await?;
        let first = charges
            .first()
            .map_or(0, |charge| charge.id.uuid().as_u128());
        tell(tx, first).await
    }
}

/// The invoice is there.
struct Open(Invoice);

impl Command for Open {
    type Out = ();
    type Error = StoreError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.insert(&self.0).await?;
        tell(tx, u128::MAX).await
    }
}

/// Pages of lines alone.
struct Pour(Vec<InvoiceLine>);

impl Command for Pour {
    type Out = ();
    type Error = StoreError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.write_all(InvoiceLine::insert(), &self.0).await.map(drop)
    }
}

/// The log hears of the rows.
async fn tell(tx: &mut Tx<'_>, number: u128) -> Result<(), StoreError> {
    tx.append(&tierline_store::log::Event {
        id: uuid::Uuid::from_u128(number),
        at_world: now(),
        at_server: now(),
        home: String::new(),
        kind: "bench".to_owned(),
        subject_kind: String::new(),
        subject: String::new(),
        actor: "operator".to_owned(),
        tenant: None,
        outcome: tierline_store::log::Outcome::Succeeded,
        rule: None,
        digest: Vec::new(),
        data: Json::Null,
    })
    .await
}

/// Resident memory of this process in MiB: now, and at most.
fn resident() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let mib = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        let number = line.split_whitespace().nth(1).unwrap();
        number.parse::<u64>().unwrap() / 1024
    };
    (mib("VmRSS:"), mib("VmHWM:"))
}

/// Time that the threads of this process spent working so far.
fn worked() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    let ticks = fields.split(' ').skip(11).take(2);
    let ticks: u64 = ticks.map(|ticks| ticks.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

/// Forgets the most that was resident, so that the next measurement has its own.
fn forget_peak() {
    std::fs::write("/proc/self/clear_refs", "5").ok();
}

async fn model(db: &Db, count: usize) -> Model {
    let found = ask(move |tx| {
        Box::pin(async move {
            let partner = names::the_account(tx, "IP-1").await?;
            let none = Money::zero(price().currency);
            let invoice = Invoice {
                id: named("invoice", 1),
                handle: "G000000001".to_owned(),
                issuer: Party::Operator,
                recipient: Party::Account(partner.id),
                agent: None,
                run: None,
                month: now().date().first_of_month(),
                kind: InvoiceKind::OneTime,
                document: InvoiceDocument::Invoice,
                amends: None,
                number: Some(1),
                net: none,
                tax: none,
                amount: none,
                paid: none,
                lines: i64::try_from(count).unwrap(),
                issued: Some(now()),
                due: now().date(),
                state: InvoiceState::Unpaid,
            };
            Ok(Model {
                tenant: names::the_tenant(tx, "model").await?,
                subscription: names::the_subscription(tx, "model").await?,
                item: names::the_item(tx, "seat").await?,
                invoice,
            })
        })
    });
    db.read(found).await.unwrap()
}

/// An invoice of so many lines becomes files.
async fn export(engine: &str, config: &DbConfig, count: usize) {
    let db = Db::open(config, schema::MIGRATIONS).await.unwrap();
    let given = given();
    db.write(LayWorld { given, now: now() }).await.unwrap();
    let app = App::new(db.clone(), Clock::pinned(now()));
    let model = model(&db, count).await;
    db.write(Open(model.invoice.clone())).await.unwrap();
    for from in (0..count).step_by(LAID) {
        db.write(Lay(model.clone(), from)).await.unwrap();
    }
    let request = Request {
        id: Uuid::from_u128(7),
        owner: model.invoice.recipient,
        secret: String::new(),
        what: What::Invoice {
            invoice: model.invoice.id,
            kind: ExportKind::Lines,
        },
        is_full: true,
        now: app.clock().server_now(),
    };
    db.write(request).await.unwrap();
    forget_peak();
    let (before, _) = resident();
    let (begun, at_work) = (Instant::now(), worked());
    assert_eq!(Exporter::new(app.clone()).round().await.unwrap(), 1);
    let took = begun.elapsed();
    let at_work = worked().saturating_sub(at_work);
    let (_, most) = resident();
    let made = db
        .read(ask(|tx| {
            Box::pin(async move {
                let all = tx.find::<Export>(Export::all_rows_sql(), &[]).await?;
                Ok(all.into_iter().next().unwrap())
            })
        }))
        .await
        .unwrap();
    assert_eq!(made.state, ExportState::Succeeded, "{:?}", made.problem);
    assert_eq!(usize::try_from(made.lines).unwrap(), count);
    println!(
        "  {engine}, {count} lines: {} ms ({} ms of work), {} lines/s, {} files of {} KiB in all, {before} MiB resident before, {most} at most",
        took.as_millis(),
        at_work.as_millis(),
        u128::try_from(count).unwrap() * 1_000 / took.as_millis().max(1),
        made.parts,
        made.size / 1024,
    );
    let peer = same_rows(config, &model, count).await;
    if let Some(peer) = peer {
        println!(
            "    the same lines alone, into an empty database: {} ms; the export takes {}.{:02} of that",
            peer.as_millis(),
            took.as_millis() / peer.as_millis().max(1),
            took.as_millis() * 100 / peer.as_millis().max(1) % 100
        );
    }
    db.shutdown().await;
}

/// What the database alone needs to take the lines.
async fn same_rows(config: &DbConfig, model: &Model, count: usize) -> Option<Duration> {
    let DbConfig::File { path } = config else {
        return None;
    };
    let other = DbConfig::File {
        path: path.with_extension("peer.db"),
    };
    let peer = Db::open(&other, schema::MIGRATIONS).await.unwrap();
    let mut took = Duration::ZERO;
    for from in (0..count).step_by(LAID) {
        let lines = (from..from + LAID).zip(charged(from));
        let lines = lines.map(|(number, charge)| line(model.invoice.id, charge, number));
        let lines = Pour(lines.collect());
        let begun = Instant::now();
        peer.write(lines).await.unwrap();
        took += begun.elapsed();
    }
    peer.shutdown().await;
    Some(took)
}

#[tokio::main]
async fn main() {
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    let server = args.next();
    let directory = args.next().unwrap_or_else(|| ".".to_owned());
    let most: usize = args.next().map_or(1_000_000, |text| text.parse().unwrap());
    let directory = Path::new(&directory).join("exports");
    println!("Reconciliation lines as compressed files");
    let sizes = SIZES.into_iter().filter(|count| *count <= most);
    let sizes: Vec<usize> = if most < SIZES[0] {
        vec![most]
    } else {
        sizes.collect()
    };
    for count in sizes {
        std::fs::create_dir_all(&directory).unwrap();
        let path = directory.join(format!("{count}.db"));
        export("SQLite", &DbConfig::File { path }, count).await;
        std::fs::remove_dir_all(&directory).unwrap();
    }
    if let Some(server) = server.filter(|server| server.starts_with("postgres")) {
        let config = DbConfig::of(Some(server), std::path::PathBuf::new());
        export("PostgreSQL", &config, most).await;
    }
}

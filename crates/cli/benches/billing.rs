//! What a billing run costs: ten thousand, a hundred thousand and a million subscriptions over three tiers, each with a charge of its
//! own, prices of two books, lines, postings in the books of both ends, and an invoice for every customer.
//!
//! `cargo xtask soak billing` runs this. The first argument is a connection string of a PostgreSQL server's `postgres` database, the
//! second a directory on the disk that SQLite shall use, a third the largest number of subscriptions.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement: it stops where something is wrong and prints its figures"
)]

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use tierline_app::App;
use tierline_app::ask::ask;
use tierline_app::clock::Clock;
use tierline_app::ctx::Ids;
use tierline_app::demo::LayWorld;
use tierline_app::names;
use tierline_app::time::Step;
use tierline_domain::billing::{
    Basis, BillingRun, Cut, InvoiceLine, Posting, PriceMethod, PriceRule, RunState,
};
use tierline_domain::catalog::{Frequency, Item, Term};
use tierline_domain::money::Money;
use tierline_domain::partner::Tenant;
use tierline_domain::subscription::{Charge, ChargeKind, Subscription};
use tierline_domain::time::Timestamp;
use tierline_store::log::Outcome;
use tierline_store::{Command, Db, DbConfig, StoreError, Table as _, Tx, log, schema, tables};
use uuid::Uuid;

// As the server does.
#[used]
static ALLOCATOR: fn(&mimalloc::MiMalloc) -> u32 = mimalloc::MiMalloc::version;

const NOW: &str = "2024-01-15T12:00:00Z";
/// Subscriptions of one customer.
const HELD: usize = 10;
/// Subscriptions laid down in one transaction.
const LAID: usize = 10_000;
const SIZES: [usize; 3] = [10_000, 100_000, 1_000_000];

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn given() -> Vec<Json> {
    vec![
        json!({"partner": {"id": "IP-1", "type": "indirect_provider", "country": "DE"}}),
        json!({"partner": {"id": "IR-1", "type": "indirect_reseller", "country": "DE"}}),
        json!({"partnership": {"provider": "IP-1", "reseller": "IR-1"}}),
        json!({"customer": {"id": "model", "country": "DE"}}),
        json!({"relationship": {"partner": "IP-1", "customer": "model"}}),
        json!({"item": {"id": "seat", "terms": {"P1Y": ["monthly"]}, "prices": {"P1Y": ["EUR 120.00"]}}}),
        json!({"subscription": {"id": "model", "seller": "IP-1", "customer": "model", "item": "seat", "partner_of_record": "IR-1"}}),
    ]
}

/// The rows that all others are made after.
#[derive(Clone)]
struct Model {
    tenant: Tenant,
    subscription: Subscription,
    item: Item,
}

/// Lays down customers with a subscription and a charge each, as if they had been bought.
struct Lay(Model, usize);

impl Command for Lay {
    type Out = ();
    type Error = StoreError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let Self(model, from) = self;
        let (mut tenants, mut held, mut charges) = (Vec::new(), Vec::new(), Vec::new());
        for number in *from..from + LAID {
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
            let basis = Basis {
                quantity: i64::try_from(1 + number % 40).unwrap(),
                months: 1,
                of_months: 12,
                days: 1,
                of_days: 1,
                cut: Cut::Line,
            };
            let price: Money = "EUR 120.00".parse().unwrap();
            charges.push(Charge {
                id: named("charge", number),
                subscription,
                position: 1,
                kind: ChargeKind::CycleCharge,
                amount: Money::new(1_000 * basis.quantity, price.currency),
                from_day: now().date(),
                until_day: now().date(),
                booked: now(),
                basis,
                unit_price: price,
                seller: model.subscription.seller,
                reseller: model.subscription.partner_of_record,
                customer: tenant,
                item: model.item.id,
                term: Term::YEAR,
                frequency: Frequency::Monthly,
                priced_on: now().date(),
                home: model.subscription.home.clone(),
            });
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
        tell(tx, u128::try_from(*from).unwrap()).await
    }
}

fn named<T>(kind: &str, number: usize) -> tierline_domain::id::Id<T> {
    Ids::named(kind, &number.to_string(), now()).next()
}

/// Books and the run of the month are there, as the first charge would have made them.
struct Open(Model);

impl Command for Open {
    type Out = ();
    type Error = tierline_app::AppError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), tierline_app::AppError> {
        let Self(model) = self;
        tierline_app::billing::run::plan(tx, &model.subscription.home, now()).await?;
        let sellers = [
            (model.subscription.seller, PriceMethod::Markup, 500),
            (
                model.subscription.partner_of_record,
                PriceMethod::Margin,
                1_200,
            ),
        ];
        for (place, (owner, method, rate_bp)) in sellers.into_iter().enumerate() {
            tx.insert(&PriceRule {
                id: named("price rule", place),
                owner: owner.unwrap(),
                buyer: None,
                customer: None,
                item: None,
                segment: None,
                term: None,
                method,
                rate_bp,
                fixed: None,
                open: false,
                from_day: "2020-01-01".parse().unwrap(),
                until_day: None,
                recorded: now(),
            })
            .await?;
        }
        Ok(tell(tx, u128::MAX).await?)
    }
}

/// The log hears of the rows.
async fn tell(tx: &mut Tx<'_>, number: u128) -> Result<(), StoreError> {
    tx.append(&log::Event {
        id: Uuid::from_u128(number),
        at_world: now(),
        at_server: now(),
        home: String::new(),
        kind: "bench".to_owned(),
        subject_kind: String::new(),
        subject: String::new(),
        actor: "operator".to_owned(),
        tenant: None,
        outcome: Outcome::Succeeded,
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
        line.split_whitespace()
            .nth(1)
            .unwrap()
            .parse::<u64>()
            .unwrap()
            / 1024
    };
    (mib("VmRSS:"), mib("VmHWM:"))
}

/// Forgets the most that was resident, so that the next measurement has its own.
fn forget_peak() {
    std::fs::write("/proc/self/clear_refs", "5").ok();
}

fn rate(items: i64, time: Duration) -> u128 {
    u128::try_from(items).unwrap() * 1_000 / time.as_millis().max(1)
}

async fn model(db: &Db) -> Model {
    db.read(ask(|tx| {
        Box::pin(async move {
            Ok(Model {
                tenant: names::the_tenant(tx, "model").await?,
                subscription: names::the_subscription(tx, "model").await?,
                item: names::the_item(tx, "seat").await?,
            })
        })
    }))
    .await
    .unwrap()
}

/// A month of so many subscriptions is billed. How long it took, and what it wrote.
async fn bill(engine: &str, config: &DbConfig, count: usize) -> Duration {
    let db = Db::open(config, schema::MIGRATIONS).await.unwrap();
    let given = given();
    db.write(LayWorld { given, now: now() }).await.unwrap();
    let app = App::new(db.clone(), Clock::pinned(now()));
    let model = model(&db).await;
    db.write(Open(model.clone())).await.unwrap();
    for from in (0..count).step_by(LAID) {
        db.write(Lay(model.clone(), from)).await.unwrap();
    }
    forget_peak();
    let (before, _) = resident();
    let begun = Instant::now();
    let until: Timestamp = "2024-02-02T00:00:00Z".parse().unwrap();
    let moved = app.advance(Step::Until(until)).await.unwrap();
    let took = begun.elapsed();
    assert_eq!(moved.set_aside, 0);
    let run = db
        .read(ask(|tx| {
            Box::pin(async move {
                let runs = tx.find::<BillingRun>(tables::billing_runs::EVERY, &[]);
                Ok(runs.await?.into_iter().next().unwrap())
            })
        }))
        .await
        .unwrap();
    assert_eq!(run.state, RunState::Complete);
    let subscriptions = i64::try_from(count).unwrap();
    assert_eq!((run.charges, run.lines), (subscriptions, 3 * subscriptions));
    let (_, most) = resident();
    println!(
        "  {engine}, {count} subscriptions: {} ms, {} lines a second ({} lines, {} postings, {} invoices), {before} MiB resident before, {most} at most",
        took.as_millis(),
        rate(run.lines, took),
        run.lines,
        run.postings,
        run.invoices,
    );
    let peer = same_rows(&db, config, &run).await;
    println!(
        "    the same lines and postings alone, into an empty database: {} ms; the run takes {}.{:02} of that",
        peer.as_millis(),
        took.as_millis() / peer.as_millis().max(1),
        took.as_millis() * 100 / peer.as_millis().max(1) % 100
    );
    db.shutdown().await;
    took
}

/// Pages of rows that are there already, written anew under another source.
struct Pour(Vec<InvoiceLine>, Vec<Posting>);

impl Command for Pour {
    type Out = ();
    type Error = StoreError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.write_all(InvoiceLine::insert(), &self.0).await?;
        tx.write_all(Posting::insert(), &self.1).await.map(drop)
    }
}

/// What the database alone needs for the rows of a run, in transactions as large as the run's.
async fn same_rows(db: &Db, config: &DbConfig, run: &BillingRun) -> Duration {
    let other = match config {
        DbConfig::File { path } => DbConfig::File {
            path: path.with_extension("peer.db"),
        },
        _ => return Duration::from_millis(1),
    };
    let peer = Db::open(&other, schema::MIGRATIONS).await.unwrap();
    let (source, mut after, mut took) = (run.id.uuid(), 0_i64, Duration::ZERO);
    loop {
        let page = ask(move |tx| {
            Box::pin(async move {
                let lines = tierline_store::params![source, after, 3_000_i64];
                let lines = tx.scan::<InvoiceLine>(tables::invoice_lines::OF_SOURCE, &lines);
                let lines = lines.await?;
                let postings = tierline_store::params![source, 2 * after, 6_000_i64];
                let postings = tx.scan::<Posting>(tables::postings::OF_SOURCE, &postings);
                Ok((lines, postings.await?))
            })
        });
        let (lines, postings) = db.read(page).await.unwrap();
        let Some(last) = lines.last() else {
            break;
        };
        after = last.position;
        let begun = Instant::now();
        peer.write(Pour(lines, postings)).await.unwrap();
        took += begun.elapsed();
    }
    peer.shutdown().await;
    took
}

/// By which power of the size the time grows, in hundredths.
fn exponent(small: (usize, Duration), large: (usize, Duration)) -> i64 {
    let log = |number: u128| {
        // Thousandths of a binary logarithm, from the bits and the first ten after the point.
        let bits = i64::from(number.ilog2());
        let mut rest = (number << 20) >> number.ilog2();
        let mut part = 0;
        for place in 1..=10 {
            rest = (rest * rest) >> 20;
            if rest >= 2 << 20 {
                rest >>= 1;
                part += 1000 >> place;
            }
        }
        bits * 1000 + part
    };
    let time = log(large.1.as_micros()) - log(small.1.as_micros());
    let size = log(large.0.try_into().unwrap()) - log(small.0.try_into().unwrap());
    time * 100 / size
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    let server = args.next();
    let directory = args.next().unwrap_or_else(|| ".".to_owned());
    let most: usize = args.next().map_or(1_000_000, |text| text.parse().unwrap());
    let directory = Path::new(&directory).join("billing");
    std::fs::create_dir_all(&directory).unwrap();
    println!("A billing run over three tiers");
    let mut seen: Vec<(usize, Duration)> = Vec::new();
    for count in SIZES.into_iter().filter(|count| *count <= most) {
        let path = directory.join(format!("{count}.db"));
        let config = DbConfig::File { path: path.clone() };
        let took = bill("SQLite", &config, count).await;
        if let Some(small) = seen.last() {
            println!(
                "    grows with the {} hundredth power of the number",
                exponent(*small, (count, took))
            );
        }
        seen.push((count, took));
        std::fs::remove_dir_all(&directory).unwrap();
        std::fs::create_dir_all(&directory).unwrap();
    }
    let Some(server) = server.filter(|server| server.starts_with("postgres")) else {
        return;
    };
    let config = DbConfig::of(Some(server), std::path::PathBuf::new());
    bill("PostgreSQL", &config, most.min(100_000)).await;
}

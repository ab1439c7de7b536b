//! Billing runs whose process is killed come to the same invoices, lines, postings and papers as one that is left alone.
//!
//! `TIERLINE_BILLING_KILLS` says how many rounds.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test stops where something is missing, and tells how far it is"
)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command as Process, Stdio};

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value as Json, json};
use tierline_app::App;
use tierline_app::ask::ask;
use tierline_app::billing::verify::audit;
use tierline_app::billing::{papers, pdf};
use tierline_app::clock::Clock;
use tierline_app::demo::LayWorld;
use tierline_app::time::Step;
use tierline_domain::billing::{Batch, BillingRun, Invoice, InvoiceLine, Posting};
use tierline_domain::time::Timestamp;
use tierline_store::{Db, DbConfig, Table, schema};

const PLACE: &str = "TIERLINE_BILLING_PLACE";
const CUSTOMERS: usize = 40;
const HELD: usize = 60;
/// Bills whose papers are compared byte by byte.
const PAPERS: usize = 5;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Subscriptions that are billed by the month, bought on all days of one.
fn given() -> Vec<Json> {
    let mut given = vec![
        json!({"partner": {"id": "IP-1", "type": "indirect_provider", "country": "DE"}}),
        json!({"partner": {"id": "IR-1", "type": "indirect_reseller", "country": "DE"}}),
        json!({"partnership": {"provider": "IP-1", "reseller": "IR-1"}}),
        json!({"item": {"id": "seat", "terms": {"P1Y": ["monthly"]}, "prices": {"P1Y": ["EUR 119.99"]}}}),
    ];
    for owner in 0..CUSTOMERS {
        let customer = format!("c-{owner}");
        given.push(json!({"customer": {"id": customer, "country": "DE"}}));
        given.push(json!({"relationship": {"partner": "IP-1", "customer": customer}}));
        for number in 0..HELD {
            given.push(json!({"subscription": {
                "id": format!("s-{owner}-{number}"), "seller": "IP-1", "customer": customer, "item": "seat",
                "quantity": 1 + number % 4, "partner_of_record": "IR-1",
                "bought": format!("2023-06-{:02}T10:00:00Z", 1 + (owner + number) % 28),
            }}));
        }
    }
    given
}

async fn open(file: &Path, clock: Clock) -> App {
    let path = file.to_owned();
    let db = Db::open(&DbConfig::File { path }, schema::MIGRATIONS)
        .await
        .unwrap();
    App::new(db, clock)
}

async fn every<T: Table>(app: &App) -> Vec<T> {
    let all = ask(|tx| Box::pin(async move { Ok(tx.find::<T>(T::all_rows_sql(), &[]).await?) }));
    app.db().read(all).await.unwrap()
}

type Billed = (
    Vec<BillingRun>,
    Vec<Invoice>,
    Vec<InvoiceLine>,
    Vec<Posting>,
    Vec<Batch>,
    Vec<Vec<u8>>,
);

/// The papers of the first bills: the operator's, the provider's and some of the reseller's.
async fn papers(app: &App) -> Vec<Vec<u8>> {
    let read = ask(|tx| {
        Box::pin(async move {
            let bills = tx.find::<Invoice>(Invoice::all_rows_sql(), &[]).await?;
            let mut papers = Vec::new();
            for bill in bills.iter().take(PAPERS) {
                papers.push(papers::invoice(tx, bill).await?);
            }
            Ok(papers)
        })
    });
    let papers = app.db().read(read).await.unwrap();
    papers
        .iter()
        .map(|paper| pdf::write(paper).unwrap())
        .collect()
}

/// What a world comes to when its month is billed to the end.
async fn billed(file: &Path) -> Billed {
    let app = open(file, Clock::pinned(at("2024-02-01T11:00:00Z"))).await;
    app.advance(Step::Until(at("2024-02-02T00:00:00Z")))
        .await
        .unwrap();
    let findings = ask(|tx| Box::pin(async move { Ok(audit(tx).await?.findings) }));
    assert_eq!(app.db().read(findings).await.unwrap(), Vec::<String>::new());
    let billed = (
        every(&app).await,
        every(&app).await,
        every(&app).await,
        every(&app).await,
        every(&app).await,
        papers(&app).await,
    );
    app.db().shutdown().await;
    billed
}

#[tokio::test]
async fn a_killed_run_bills_what_an_undisturbed_one_does() {
    if let Some(place) = std::env::var_os(PLACE) {
        let app = open(Path::new(&place), Clock::pinned(at("2024-02-01T11:00:00Z"))).await;
        println!("begun");
        app.advance(Step::Until(at("2024-02-02T00:00:00Z")))
            .await
            .unwrap();
        println!("ended");
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let base = place.path().join("base.db");
    let app = open(&base, Clock::pinned(at("2024-01-01T00:00:00Z"))).await;
    let (given, now) = (given(), at("2024-01-01T00:00:00Z"));
    app.db().write(LayWorld { given, now }).await.unwrap();
    app.advance(Step::Until(at("2024-02-01T11:00:00Z")))
        .await
        .unwrap();
    app.db().shutdown().await;
    drop(app);

    let alone = place.path().join("alone.db");
    std::fs::copy(&base, &alone).unwrap();
    let undisturbed = billed(&alone).await;
    let written = size(&alone) - size(&base);
    let charges = undisturbed.0.iter().map(|run| run.charges).sum::<i64>();
    assert!(charges > 2_000);
    assert_eq!(undisturbed.5.len(), PAPERS);
    assert_eq!(i64::try_from(undisturbed.2.len()).unwrap(), 3 * charges);

    let rounds = std::env::var("TIERLINE_BILLING_KILLS").map_or(2, |text| text.parse().unwrap());
    let mut killed = 0;
    for round in 1..=rounds {
        let mut rng = StdRng::seed_from_u64(round);
        let file = place.path().join(format!("{round}.db"));
        std::fs::copy(&base, &file).unwrap();
        for _ in 0..3 {
            killed += usize::from(run_and_kill(&file, &mut rng, written));
        }
        assert!(billed(&file).await == undisturbed, "round {round}");
        std::fs::remove_file(&file).unwrap();
    }
    println!("{killed} of {} processes were killed at work", 3 * rounds);
    assert!(killed > 0);
}

/// A process bills, and is killed somewhere. False where it had come to its end.
fn run_and_kill(file: &Path, rng: &mut StdRng, most: u64) -> bool {
    let mut child = Process::new(std::env::current_exe().unwrap());
    child.args([
        "--exact",
        "--nocapture",
        "billing_kills::a_killed_run_bills_what_an_undisturbed_one_does",
    ]);
    let child = child.env(PLACE, file).stdout(Stdio::piped()).spawn();
    let mut child = child.unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while lines.next().unwrap().unwrap() != "begun" {}
    // Somewhere between the first byte that it writes and the last.
    let until = rng.random_range(1..=most);
    let begun = size(file);
    while size(file) < begun + until && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    !lines.map_while(Result::ok).any(|line| line == "ended")
}

/// Bytes of a database, with what waits beside it.
fn size(file: &Path) -> u64 {
    let beside = file.with_extension("db-wal");
    let of = |path: &Path| std::fs::metadata(path).map_or(0, |meta| meta.len());
    of(file) + of(&beside)
}

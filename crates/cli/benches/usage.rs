//! Usage taken in: events a second from the text of a file until they are durable, of new events and of ones that are known
//! already; and days rated a second when the schedule comes to them.
//!
//! `cargo xtask soak usage` runs this. The first argument is a connection string of a PostgreSQL server's `postgres`
//! database, the second a directory on the disk that SQLite shall use. Every figure is the median of its rounds. Beside the
//! time that passed stands what the processor has spent on it, since a busy machine shares it out.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement: it stops where something is wrong and prints its figures"
)]

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command as Process;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tierline_app::App;
use tierline_app::actor::ActorSpec;
use tierline_app::clock::Clock;
use tierline_app::demo::LayWorld;
use tierline_app::time::Step;
use tierline_app::usage::{Ingest, Reader, Recorded};
use tierline_domain::time::{Period, Timestamp};
use tierline_store::{Db, DbConfig, schema};

// As the server does.
#[used]
static ALLOCATOR: fn(&mimalloc::MiMalloc) -> u32 = mimalloc::MiMalloc::version;

const NOW: &str = "2024-01-15T12:00:00Z";
const SUBSCRIPTIONS: usize = 1_000;
const EVENTS: usize = 200_000;
const ROUNDS: usize = 3;
/// What is asked of it, in events a second.
const GOAL: u128 = 100_000;
const METERS: [&str; 4] = [
    "4f1d2c60-93b7-5d0e-8a51-6b0c7d9e1f01",
    "4f1d2c60-93b7-5d0e-8a51-6b0c7d9e1f05",
    "4f1d2c60-93b7-5d0e-8a51-6b0c7d9e1f06",
    "4f1d2c60-93b7-5d0e-8a51-6b0c7d9e1f07",
];

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn world() -> Vec<Value> {
    let mut given = vec![
        json!({ "partner": { "id": "S-1", "type": "direct_bill", "country": "US" } }),
        json!({ "catalogue": { "profile": "csp" } }),
    ];
    for number in 0..SUBSCRIPTIONS {
        let customer = format!("c-{}", number / 100);
        if number % 100 == 0 {
            given.push(json!({ "customer": { "id": customer, "country": "US" } }));
            given.push(json!({ "relationship": { "partner": "S-1", "customer": customer } }));
        }
        given.push(json!({ "subscription": {
            "id": format!("use-{number}"), "seller": "S-1", "customer": customer, "item": "cloud-subscription",
        } }));
    }
    given
}

/// The text of a file: each subscription's meters in turn, over the hours of a day.
fn file(round: usize) -> String {
    let mut text = String::with_capacity(EVENTS * 180);
    for number in 0..EVENTS {
        let (subscription, meter) = (
            number % SUBSCRIPTIONS,
            number / SUBSCRIPTIONS % METERS.len(),
        );
        let (day, hour) = (round + 1, number / 7 % 24);
        writeln!(
            text,
            r#"{{"id":"{round}-{number}","subscription":"use-{subscription}","meter":"{}","at":"2024-01-{day:02}T{hour:02}:15:00Z","quantity":{}.{:06}}}"#,
            METERS[meter], number % 24, number % 1_000_000,
        )
        .unwrap();
    }
    text
}

/// What the threads of this process that still run have spent so far.
fn spent() -> Duration {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    let nanos = threads.map(|thread| {
        let text = std::fs::read_to_string(thread.unwrap().path().join("schedstat")).unwrap();
        let first = text.split_whitespace().next().unwrap();
        first.parse::<u64>().unwrap()
    });
    Duration::from_nanos(nanos.sum())
}

fn rate(count: usize, time: Duration) -> u128 {
    u128::try_from(count).unwrap() * 1_000_000 / time.as_micros().max(1)
}

/// Takes a file in, in pieces as they would arrive.
async fn take(app: &App, text: &str) -> Recorded {
    let mut reader = Reader::default();
    for piece in text.as_bytes().chunks(64 * 1024) {
        reader.push(piece);
    }
    let ctx = app.ctx(ActorSpec::operator());
    let file = Arc::new(reader.finish().unwrap());
    app.db().write(Ingest { ctx, file }).await.unwrap()
}

fn median(mut all: Vec<(Duration, Duration)>) -> (Duration, Duration) {
    all.sort();
    all[all.len() / 2]
}

async fn measure(name: &str, config: &DbConfig) {
    let db = Db::open(config, schema::MIGRATIONS).await.unwrap();
    db.write(LayWorld {
        given: world(),
        now: now(),
    })
    .await
    .unwrap();
    let app = App::new(db, Clock::pinned(now()));
    let (mut fresh, mut known) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let text = file(round);
        for (repeats, times) in [(0, &mut fresh), (EVENTS, &mut known)] {
            let (begun, before) = (Instant::now(), spent());
            let done = take(&app, &text).await;
            times.push((begun.elapsed(), spent().saturating_sub(before)));
            assert_eq!(usize::try_from(done.repeats).unwrap(), repeats);
        }
    }
    for (what, times) in [("new", fresh), ("known already", known)] {
        let (time, processor) = median(times);
        let reached = rate(EVENTS, time);
        println!(
            "{name}: {EVENTS} events, {what}: {reached} a second ({} a second of the processor){}",
            rate(EVENTS, processor),
            if what == "new" && reached < GOAL {
                ", below the goal"
            } else {
                ""
            },
        );
    }
    let begun = Instant::now();
    let moved = app.advance(Step::By(Period::days(1))).await.unwrap();
    let days = usize::try_from(moved.fired()).unwrap();
    println!(
        "{name}: {days} days of subscriptions rated, {} a second",
        rate(days, begun.elapsed())
    );
    app.db().clone().shutdown().await;
}

/// A new database of a server; its connection string.
fn database(server: &str) -> String {
    let made = Process::new("psql")
        .args([server, "-qc", "CREATE DATABASE usage"])
        .status();
    assert!(made.unwrap().success());
    let (host, _) = server.rsplit_once('/').unwrap();
    format!("{host}/usage")
}

fn main() {
    let args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with("--"))
        .collect();
    let [server, directory] = args.as_slice() else {
        println!(
            "give the connection string of a server and a directory; `cargo xtask soak usage` does"
        );
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let path = Path::new(directory).join("usage.db");
        measure("SQLite", &DbConfig::File { path }).await;
        let url = database(server);
        measure(
            "PostgreSQL",
            &DbConfig::of(Some(url), std::path::PathBuf::new()),
        )
        .await;
    });
}

//! What moving time and copying worlds costs: ten years over a thousand subscriptions in one call, a fork of a world
//! with ten thousand customers, and a million things that fall due.
//!
//! Beside the time that passed stands what the processor has spent on it, since a busy machine shares it out.
//!
//! `cargo xtask soak time` runs this. The first argument is a connection string of a PostgreSQL server's `postgres`
//! database, the second a directory on the disk that SQLite shall use. A further one runs one part alone: `renewals`,
//! `fork` or `million`.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement: it stops where something is wrong, prints its figures and calls its own server"
)]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tierline_app::App;
use tierline_app::clock::Clock;
use tierline_app::demo::LayWorld;
use tierline_app::time::{Moved, Step};
use tierline_domain::time::{Period, Timestamp};
use tierline_store::{Db, DbConfig, schema};

// As the server does.
#[used]
static ALLOCATOR: fn(&mimalloc::MiMalloc) -> u32 = mimalloc::MiMalloc::version;

const NOW: &str = "2024-01-15T12:00:00Z";
/// Subscriptions of one customer, below the ceiling of 300 a tenant (ORD-040).
const HELD: usize = 100;
const SELLERS: usize = 8;
const RENEWING: usize = 1_000;
const YEARS: i32 = 10;
const RENEWALS_MOST: Duration = Duration::from_secs(2);
const CUSTOMERS: usize = 10_000;
const FORKS: usize = 7;
const FORK_MOST: Duration = Duration::from_millis(50);
/// Subscriptions of the long run, and how many things have to fall due in it.
const RUNNING: usize = 10_000;
const DUE: u64 = 1_000_000;

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// Partners, customers and annual subscriptions, bought one after the other over the year before.
fn subscriptions(count: usize, frequency: &str) -> Vec<Value> {
    let mut given: Vec<Value> = (0..SELLERS)
        .map(|seller| json!({ "partner": { "id": format!("S-{seller}"), "type": "direct_bill", "country": "DE" } }))
        .collect();
    given.push(json!({ "item": {
        "id": "seat", "terms": { "P1Y": ["monthly", "annual"] }, "prices": { "P1Y": ["EUR 192.00"] },
    } }));
    for number in 0..count {
        let owner = number / HELD;
        let (seller, customer) = (format!("S-{}", owner % SELLERS), format!("c-{owner}"));
        if number % HELD == 0 {
            given.push(json!({ "customer": { "id": customer, "country": "DE" } }));
            given.push(json!({ "relationship": { "partner": seller, "customer": customer } }));
        }
        let day = i32::try_from(number % 360).unwrap();
        let bought = now().minus(Period::days(day + 1)).unwrap();
        given.push(json!({ "subscription": {
            "id": format!("sub-{number}"), "seller": seller, "customer": customer, "item": "seat",
            "term": "P1Y", "frequency": frequency, "bought": bought,
        } }));
    }
    given
}

async fn world(config: &DbConfig, given: Vec<Value>) -> App {
    let db = Db::open(config, schema::MIGRATIONS).await.unwrap();
    db.write(LayWorld { given, now: now() }).await.unwrap();
    App::new(db, Clock::pinned(now()))
}

fn millis(time: Duration) -> String {
    let micros = time.as_micros();
    format!("{}.{:01}", micros / 1_000, micros % 1_000 / 100)
}

fn rate(items: u64, time: Duration) -> u128 {
    u128::from(items) * 1_000 / time.as_millis().max(1)
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

/// Resident memory of this process in MiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib: u64 = line
        .unwrap()
        .split_whitespace()
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    kib / 1024
}

fn tell(what: &str, moved: &Moved, took: Duration, spent: Duration) {
    let kinds: Vec<String> = moved
        .kinds
        .iter()
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect();
    println!(
        "  {what}: {} ms, {} of the processor, {} items a second ({})",
        millis(took),
        millis(spent),
        rate(moved.fired(), took),
        kinds.join(", ")
    );
}

/// Ten years in one call.
async fn renewals(name: &str, config: &DbConfig, frequency: &str) -> Duration {
    let app = world(config, subscriptions(RENEWING, frequency)).await;
    let (begun, before) = (Instant::now(), spent());
    let decade = Step::By(Period::months(12 * YEARS));
    let moved = app.advance(decade).await.unwrap();
    let (took, cost) = (begun.elapsed(), spent().saturating_sub(before));
    tell(&format!("{name}, billed {frequency}"), &moved, took, cost);
    assert_eq!(moved.set_aside, 0);
    let terms = u64::try_from(YEARS).unwrap() * u64::try_from(RENEWING).unwrap();
    assert_eq!(moved.kinds["term_end"], terms, "{moved:?}");
    app.db().shutdown().await;
    took
}

/// A million things that fall due, month by month, and the memory that it takes.
async fn million(directory: &Path) {
    let file = directory.join("million.db");
    let config = DbConfig::File { path: file.clone() };
    let app = world(&config, subscriptions(RUNNING, "monthly")).await;
    let (mut done, mut quarter, mut took) = (0_u64, 0, Duration::ZERO);
    println!("  before: {} MiB resident", resident());
    let mut quarters = Vec::new();
    while done < DUE {
        let begun = Instant::now();
        let moved = app.advance(Step::By(Period::months(1))).await.unwrap();
        took += begun.elapsed();
        done += moved.fired();
        assert_eq!(moved.set_aside, 0);
        if done * 4 / DUE > quarter {
            quarter = done * 4 / DUE;
            quarters.push(resident());
            println!(
                "  {done} done after {} ms, {} a second, {} MiB resident, {} MiB of file",
                millis(took),
                rate(done, took),
                resident(),
                std::fs::metadata(&file).unwrap().len() / 1024 / 1024
            );
        }
    }
    app.db().shutdown().await;
    let (first, last) = (quarters[0], quarters[quarters.len() - 1]);
    assert!(
        last <= first + first / 4 + 8,
        "memory grows: {quarters:?} MiB"
    );
}

/// A running server, which ends with the measurement.
struct Server {
    process: Child,
    base: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

impl Server {
    fn start(world: &Path, data: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_tierline"))
            .args(["serve", "--sandbox", "--listen", "127.0.0.1:0", "--world"])
            .arg(world)
            .arg("--data-dir")
            .arg(data)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let base = first.split_whitespace().last().unwrap().to_owned();
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, base }
    }
}

/// Forks, keeps and resets a world of many customers over HTTP, one call at a time.
async fn fork(directory: &Path) -> Duration {
    let mut given =
        vec![json!({ "partner": { "id": "S-0", "type": "direct_bill", "country": "DE" } })];
    for number in 0..CUSTOMERS {
        let id = format!("c-{number}");
        given.push(json!({ "customer": { "id": id, "country": "DE" } }));
        given.push(json!({ "relationship": { "partner": "S-0", "customer": id } }));
    }
    let file = directory.join("broad.yaml");
    // JSON is YAML.
    std::fs::write(&file, json!({ "today": NOW, "given": given }).to_string()).unwrap();
    let data = directory.join("broad");
    let server = Server::start(&file, &data);
    let http = reqwest::Client::new();
    let found = http.get(format!("{}/sandbox/credentials", server.base));
    let found: Value = found.send().await.unwrap().json().await.unwrap();
    let principals = found["principals"].as_array().unwrap();
    let operator = principals.iter().find(|one| one["handle"] == "operator");
    let token = operator.unwrap()["accessTokenUser"].as_str().unwrap();
    let ask = async |method: reqwest::Method, path: &str, body: Value| {
        let begun = Instant::now();
        let url = format!("{}/program/v1/worlds{path}", server.base);
        let request = http.request(method, url).bearer_auth(token).json(&body);
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let body = answer.text().await.unwrap();
        assert!(status.is_success(), "{body}");
        begun.elapsed()
    };
    let (mut forks, mut keeps, mut resets, mut deletes) = (vec![], vec![], vec![], vec![]);
    for number in 0..FORKS {
        let name = format!("fork-{number}");
        let (post, path) = (reqwest::Method::POST, format!("/{name}"));
        let body = json!({ "name": name, "from": "default" });
        forks.push(ask(post.clone(), "", body).await);
        let body = json!({ "name": "kept" });
        keeps.push(ask(post.clone(), &format!("{path}/snapshots"), body).await);
        resets.push(ask(post, &format!("{path}/reset"), json!({})).await);
        deletes.push(ask(reqwest::Method::DELETE, &path, json!({})).await);
    }
    let median = |mut times: Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2]
    };
    let forked = median(forks);
    // The first fork has emptied the log into it.
    let size = std::fs::metadata(data.join("tierline.db")).unwrap().len() / 1024 / 1024;
    println!(
        "a world of {CUSTOMERS} customers, {size} MiB, median of {FORKS}, ms: fork {}, snapshot {}, reset {}, delete {}",
        millis(forked),
        millis(median(keeps)),
        millis(median(resets)),
        millis(median(deletes))
    );
    forked
}

#[tokio::main]
async fn main() {
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    let (server, directory) = (args.next(), args.next());
    let part = args.next();
    let wanted = |name: &str| part.as_deref().is_none_or(|part| part == name);
    let temporary = tempfile::tempdir().unwrap();
    let directory = directory.map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    let file = |name: &str| DbConfig::File {
        path: directory.join(name),
    };
    let mut renewed = Duration::ZERO;
    if wanted("renewals") {
        println!("{YEARS} years over {RENEWING} subscriptions in one call");
        renewed = renewals("SQLite", &file("annual.db"), "annual").await;
        // Twelve times as much falls due, which is told and not bounded.
        renewals("SQLite", &file("monthly.db"), "monthly").await;
        if let Some(url) = server.filter(|url| url.starts_with("postgres")) {
            renewals(
                "PostgreSQL",
                &DbConfig::of(Some(url), PathBuf::new()),
                "monthly",
            )
            .await;
        }
    }
    let mut forked = Duration::ZERO;
    if wanted("fork") {
        forked = fork(&directory).await;
    }
    if wanted("million") {
        println!("{DUE} things that fall due, SQLite");
        million(&directory).await;
    }
    if cfg!(debug_assertions) {
        return;
    }
    assert!(
        renewed <= RENEWALS_MOST,
        "{YEARS} years billed annually take at most {} ms",
        millis(RENEWALS_MOST)
    );
    assert!(
        forked <= FORK_MOST,
        "a fork takes at most {} ms",
        millis(FORK_MOST)
    );
}

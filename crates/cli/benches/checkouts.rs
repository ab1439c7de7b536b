//! Durable checkouts a second, through the store and end to end over HTTP, beside `pgbench -N` in the same run.
//!
//! `cargo xtask soak checkouts` starts a durable PostgreSQL cluster and runs this. The first argument is a
//! connection string of its `postgres` database, the second a directory on the disk that SQLite shall use. Every
//! figure is the median of five rounds, in which all contestants take their turns. Whoever works on one of
//! them adds its name and a number of clients: `sqlite 32` measures one round of these alone.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement: it stops where something is wrong, prints its figures and calls its own server"
)]

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use serde_json::{Value, json};
use tierline_app::App;
use tierline_app::act::Act;
use tierline_app::clock::Clock;
use tierline_app::demo::LayWorld;
use tierline_store::{Db, DbConfig, schema};

const CLIENTS: [usize; 4] = [1, 8, 32, 64];
const ROUNDS: usize = 5;
/// Carts of one customer, below the ceiling of 300 subscriptions a tenant (ORD-040).
const CARTS_OF_ONE: usize = 200;
/// How long `pgbench` runs each time, in seconds.
const SECONDS: usize = 4;
/// Clients over HTTP.
const HTTP_CLIENTS: usize = 32;
const NOW: &str = "2023-11-15T12:00:00Z";

/// Checkouts of one turn: enough to be steady, few enough for one client.
const fn checkouts(clients: usize) -> usize {
    if clients == 1 { 1_000 } else { 4_000 }
}

/// The carts of one turn, as facts: every cart of a customer of its own group.
fn carts(turn: usize, count: usize) -> Vec<Value> {
    let mut given = Vec::new();
    for cart in 0..count {
        let customer = format!("C-{turn}-{}", cart / CARTS_OF_ONE);
        if cart % CARTS_OF_ONE == 0 {
            given.push(json!({ "customer": { "id": customer, "country": "DE" } }));
            given.push(json!({ "relationship": { "partner": "DB-1", "customer": customer } }));
        }
        // Neighbours in time buy for different customers, as they would.
        let name = name(turn, cart);
        given.push(json!({ "cart": { "id": name, "partner": "DB-1", "customer": customer, "item": "suite-standard", "quantity": 5, "created": NOW } }));
    }
    given
}

fn name(turn: usize, cart: usize) -> String {
    format!("cart-{turn}-{cart}")
}

/// Carts in an order in which neighbours belong to different customers.
fn spread(count: usize) -> Vec<usize> {
    let customers = count.div_ceil(CARTS_OF_ONE);
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|cart| (cart % CARTS_OF_ONE) * customers + cart / CARTS_OF_ONE);
    order
}

fn world() -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/world.yaml");
    let (_, given) = tierline_app::check::read_world(&path).unwrap();
    given
}

async fn open(config: DbConfig) -> App {
    let db = Db::open(&config, schema::MIGRATIONS).await.unwrap();
    let app = App::new(db, Clock::pinned(NOW.parse().unwrap()));
    lay(&app, world()).await;
    app
}

async fn lay(app: &App, given: Vec<Value>) {
    let now = NOW.parse().unwrap();
    app.db().write(LayWorld { given, now }).await.unwrap();
}

/// Checkouts a second through the store.
async fn through_the_store(app: &App, turn: usize, clients: usize) -> u64 {
    let count = checkouts(clients);
    lay(app, carts(turn, count)).await;
    let (order, next) = (Arc::new(spread(count)), Arc::new(AtomicUsize::new(0)));
    let begun = Instant::now();
    let tasks: Vec<_> = (0..clients)
        .map(|_| {
            let (app, order, next) = (app.clone(), Arc::clone(&order), Arc::clone(&next));
            tokio::spawn(async move {
                while let Some(cart) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let act = Act::of(
                        "DB-1",
                        "checkout_cart",
                        json!({ "cart": name(turn, *cart) }),
                    );
                    let ctx = app.ctx(act.actor.clone());
                    app.perform(ctx, act, None).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    rate(count, begun)
}

fn rate(count: usize, begun: Instant) -> u64 {
    let micros = u64::try_from(begun.elapsed().as_micros()).unwrap().max(1);
    u64::try_from(count).unwrap() * 1_000_000 / micros
}

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

/// A server over a world in a file, in which the carts of its turn stand already.
fn serve(directory: &Path, database: Option<&str>, given: &[Value]) -> Server {
    let file = directory.join("world.yaml");
    let mut text = format!("today: {NOW}\ngiven:\n");
    for fact in world().iter().chain(given) {
        writeln!(text, "  - {fact}").unwrap();
    }
    std::fs::write(&file, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tierline"));
    command
        .args([
            "serve",
            "--sandbox",
            "--listen",
            "127.0.0.1:0",
            "--now",
            NOW,
        ])
        .arg("--world")
        .arg(&file)
        .arg("--data-dir")
        .arg(directory)
        .args(database.iter().flat_map(|url| ["--database", url]))
        .stdout(Stdio::piped());
    let mut process = command.spawn().unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let base = first.split_whitespace().last().unwrap().to_owned();
    std::thread::spawn(move || lines.for_each(drop));
    Server { process, base }
}

/// Checkouts a second over HTTP.
async fn over_http(directory: &Path, database: Option<&str>, turn: usize) -> u64 {
    let count = checkouts(HTTP_CLIENTS);
    let server = serve(directory, database, &carts(turn, count));
    let http = reqwest::Client::new();
    let all: Value = http
        .get(format!("{}/sandbox/credentials", server.base))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let principals = all["principals"].as_array().unwrap();
    let partner = principals
        .iter()
        .find(|one| one["handle"] == "DB-1")
        .unwrap();
    let token: Arc<str> = partner["accessTokenUser"].as_str().unwrap().into();
    let (order, next) = (Arc::new(spread(count)), Arc::new(AtomicUsize::new(0)));
    let begun = Instant::now();
    let tasks: Vec<_> = (0..HTTP_CLIENTS)
        .map(|_| {
            let (http, base, token) = (http.clone(), server.base.clone(), Arc::clone(&token));
            let (order, next) = (Arc::clone(&order), Arc::clone(&next));
            tokio::spawn(async move {
                while let Some(cart) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let customer = format!("C-{turn}-{}", cart / CARTS_OF_ONE);
                    let cart = name(turn, *cart);
                    let url = format!("{base}/v1/customers/{customer}/carts/{cart}/checkout");
                    let answer = http.post(url).bearer_auth(&token).send().await.unwrap();
                    let status = answer.status();
                    let body = answer.text().await.unwrap();
                    assert!(status.is_success(), "{body}");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    rate(count, begun)
}

/// A new database of a server; its connection string.
fn database(server: &str, name: &str) -> String {
    let made = Command::new("psql")
        .args([server, "-qc", &format!("CREATE DATABASE {name}")])
        .status();
    assert!(made.unwrap().success());
    let (host, _) = server.rsplit_once('/').unwrap();
    format!("{host}/{name}")
}

/// Transactions a second of `pgbench -N`.
fn pgbench(server: &str, clients: usize) -> u64 {
    let output = Command::new("pgbench")
        .args(["-N", "-n", "-M", "prepared", "-j", "2"])
        .args([
            "-c",
            &clients.to_string(),
            "-T",
            &SECONDS.to_string(),
            server,
        ])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let rate = text.lines().find_map(|line| line.strip_prefix("tps = "));
    let rate = rate.unwrap_or_else(|| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)));
    rate.split('.').next().unwrap().parse().unwrap()
}

fn median(values: &[u64]) -> u64 {
    let mut values = values.to_vec();
    values.sort_unstable();
    values[values.len() / 2]
}

/// A ratio with two decimals.
fn ratio(one: u64, other: u64) -> String {
    let hundredths = one * 100 / other.max(1);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// One engine, one number of clients, one round.
async fn alone(server: &str, place: &str, engine: &str, clients: usize) {
    std::fs::create_dir_all(place).unwrap();
    let url = (engine == "postgres").then(|| database(server, "checkouts"));
    let file = Path::new(place).join("checkouts.db");
    let app = open(DbConfig::of(url, file)).await;
    println!("{engine} {}", through_the_store(&app, 1, clients).await);
}

#[tokio::main]
async fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let (server, place) = match words.as_slice() {
        [server, place] => (server, place),
        [server, place, engine, clients] => {
            return alone(server, place, engine, clients.parse().unwrap()).await;
        }
        _ => {
            println!(
                "give a connection string and a directory, or run `cargo xtask soak checkouts`"
            );
            return;
        }
    };
    let place = PathBuf::from(place);
    std::fs::create_dir_all(&place).unwrap();
    let yardstick = database(server, "yardstick");
    let made = Command::new("pgbench")
        .args(["-i", "-q", "-s", "64", &yardstick])
        .output();
    assert!(made.unwrap().status.success());
    let sqlite = open(DbConfig::of(None, place.join("checkouts.db"))).await;
    let url = database(server, "checkouts");
    let postgres = open(DbConfig::of(Some(url), PathBuf::new())).await;

    let mut turn = 0;
    let mut found = vec![[const { Vec::new() }; 3]; CLIENTS.len()];
    let mut http: [Vec<u64>; 2] = Default::default();
    for round in 0..ROUNDS {
        for (clients, [yard, lite, pg]) in CLIENTS.into_iter().zip(&mut found) {
            turn += 1;
            yard.push(pgbench(&yardstick, clients));
            lite.push(through_the_store(&sqlite, turn, clients).await);
            pg.push(through_the_store(&postgres, turn, clients).await);
        }
        for (engine, rates) in http.iter_mut().enumerate() {
            let directory = place.join(format!("http-{engine}-{round}"));
            std::fs::create_dir_all(&directory).unwrap();
            let url = (engine == 1).then(|| database(server, &format!("http{round}")));
            rates.push(over_http(&directory, url.as_deref(), turn).await);
        }
    }
    println!("durable checkouts a second; in brackets the ratio to pgbench -N");
    println!(
        "{:>8} {:>10} {:>18} {:>18}",
        "clients", "pgbench -N", "SQLite", "PostgreSQL"
    );
    for (clients, [yard, lite, pg]) in CLIENTS.into_iter().zip(&found) {
        let (yard, lite, pg) = (median(yard), median(lite), median(pg));
        let lite_shown = format!("{lite} ({})", ratio(lite, yard));
        let pg_shown = format!("{pg} ({})", ratio(pg, yard));
        println!("{clients:>8} {yard:>10} {lite_shown:>18} {pg_shown:>18}");
        if clients == HTTP_CLIENTS {
            let [over_lite, over_pg] = http.each_ref().map(|rates| median(rates));
            println!(
                "over HTTP, {clients} clients: SQLite {over_lite} ({} of the store's), PostgreSQL {over_pg} ({} of the store's)",
                ratio(over_lite, lite),
                ratio(over_pg, pg)
            );
        }
    }
}

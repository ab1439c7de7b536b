//! What the server costs: time to its first answer, memory at rest, and CPU time a request beside a server
//! that only says hello.
//!
//! Processor time is what the kernel has accounted to the threads of the server's process, so the client beside
//! it does not count. Every figure is the median of five rounds in one run.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement: it stops where something is wrong, prints its figures and calls its own server"
)]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use serde_json::{Value, json};

const ROUNDS: usize = 5;
/// Requests of one turn, and how many are under way at a time.
const REQUESTS: usize = 8_000;
const CLIENTS: usize = 8;

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
    /// Starts a program that prints its address at the end of its first line.
    fn start(command: &mut Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let base = first.split_whitespace().last().unwrap().to_owned();
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, base }
    }

    fn demo() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tierline"));
        Self::start(command.args(["serve", "--demo", "--listen", "127.0.0.1:0"]))
    }

    /// This program again, as a server that says hello.
    fn hello() -> Self {
        Self::start(Command::new(std::env::current_exe().unwrap()).arg("hello"))
    }

    /// What its threads have spent so far.
    fn spent(&self) -> Duration {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.process.id())).unwrap();
        let nanos = threads.map(|thread| {
            let text = std::fs::read_to_string(thread.unwrap().path().join("schedstat")).unwrap();
            text.split_whitespace()
                .next()
                .unwrap()
                .parse::<u64>()
                .unwrap()
        });
        Duration::from_nanos(nanos.sum())
    }

    /// Resident memory in KiB.
    fn resident(&self) -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

async fn hello() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("hello on http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/", get(|| async { "hello" }));
    axum::serve(listener, router).await.unwrap();
}

/// What one request costs the server, in nanoseconds of processor time.
async fn cost(server: &Server, request: &reqwest::Request) -> u64 {
    let http = reqwest::Client::new();
    let call = |count: usize| {
        let tasks = (0..CLIENTS).map(|_| {
            let (http, request) = (http.clone(), request.try_clone().unwrap());
            tokio::spawn(async move {
                for _ in 0..count / CLIENTS {
                    let answer = http.execute(request.try_clone().unwrap()).await.unwrap();
                    let status = answer.status();
                    let body = answer.text().await.unwrap();
                    assert!(status.is_success(), "{body}");
                }
            })
        });
        tasks.collect::<Vec<_>>()
    };
    for warm_up in call(REQUESTS / 10) {
        warm_up.await.unwrap();
    }
    let before = server.spent();
    for task in call(REQUESTS) {
        task.await.unwrap();
    }
    let nanos = server.spent().saturating_sub(before).as_nanos();
    u64::try_from(nanos).unwrap() / u64::try_from(REQUESTS).unwrap()
}

fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values[values.len() / 2]
}

/// Thousandths as a number with one decimal.
fn tenths(thousandths: u64) -> String {
    format!("{}.{}", thousandths / 1_000, thousandths % 1_000 / 100)
}

#[tokio::main]
async fn main() {
    if std::env::args().nth(1).as_deref() == Some("hello") {
        return hello().await;
    }
    let http = reqwest::Client::new();
    let (mut starts, mut resident) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let server = Server::demo();
        let answer = http
            .get(format!("{}/readyz", server.base))
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_success());
        starts.push(u64::try_from(begun.elapsed().as_micros()).unwrap());
        resident.push(server.resident());
    }

    let (hello, demo) = (Server::hello(), Server::demo());
    let all: Value = http
        .get(format!("{}/sandbox/credentials", demo.base))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let principals = all["principals"].as_array().unwrap();
    let harbor = principals
        .iter()
        .find(|one| one["handle"] == "harbor")
        .unwrap();
    let token = harbor["accessTokenUser"].as_str().unwrap();
    let list: Value = http
        .get(format!("{}/v1/customers", demo.base))
        .bearer_auth(token)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let customer = list["items"][0]["id"].as_str().unwrap();
    let say_hello = http.get(&hello.base).build().unwrap();
    let read = http.get(format!("{}/v1/customers/{customer}", demo.base));
    let read = read.bearer_auth(token).build().unwrap();
    let deal = json!({ "verb": "order", "params": { "customer": customer, "item": "desk-standard", "quantity": 10 } });
    let decide = http.post(format!("{}/program/v1/decisions", demo.base));
    let decide = decide.bearer_auth(token).json(&deal).build().unwrap();
    let mut costs: [Vec<u64>; 3] = Default::default();
    for _ in 0..ROUNDS {
        costs[0].push(cost(&hello, &say_hello).await);
        costs[1].push(cost(&demo, &read).await);
        costs[2].push(cost(&demo, &decide).await);
    }
    let [hello, read, decide] = costs.map(median);
    println!(
        "first answer after {} ms, {} MB resident",
        tenths(median(starts)),
        tenths(median(resident))
    );
    println!("CPU-µs a request; in brackets the ratio to hello");
    println!("  hello, axum alone              {}", tenths(hello));
    for (name, cost) in [
        ("GET /v1/customers/{id}        ", read),
        ("POST /program/v1/decisions    ", decide),
    ] {
        println!(
            "  {name} {} ({})",
            tenths(cost),
            tenths(cost * 1_000 / hello.max(1))
        );
    }
}

//! What the server costs: time to its first answer, memory at rest, and CPU time a request beside a server
//! that only says hello.
//!
//! Processor time is what the kernel has accounted to the threads of the server's process, so the client beside
//! it does not count. Nor does its waking: on one machine that is done by whoever sends, the more often the longer the client has
//! had nothing to do, so it never sleeps. Every figure is the median of five rounds in one run.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement: it stops where something is wrong, prints its figures and calls its own server"
)]

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use http::header::HOST;
use serde_json::{Value, json};

mod load;

use load::Call;

const ROUNDS: usize = 5;
/// Requests of one turn, and how many are under way at a time.
const REQUESTS: usize = 8_000;
const CLIENTS: usize = 8;
/// Customers of the partner whose list is read, and how often it is read.
const LISTED: usize = 500;
const REQUESTS_LIST: usize = 400;

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

    /// A world with one partner that has many customers.
    fn broad(place: &Path) -> Self {
        let mut world = "today: 2026-01-15T12:00:00Z\ngiven:\n\
             \x20 - organization: {id: ORG-BROAD, name: \"Broad Street Cloud LLC\", headquarters: US}\n\
             \x20 - partner: {id: broad, type: direct_bill, organization: ORG-BROAD, country: US}\n"
            .to_owned();
        for number in 0..LISTED {
            let name = format!("client-{number:03}");
            // Writing into a string cannot fail.
            let _ = write!(
                world,
                "  - organization: {{id: ORG-{name}, name: \"Client {number:03} LLC\", headquarters: US}}\n\
                 \x20 - customer: {{id: {name}, organization: ORG-{name}, country: US}}\n\
                 \x20 - relationship: {{partner: broad, customer: {name}}}\n",
            );
        }
        let file = place.join("broad.yaml");
        std::fs::write(&file, world).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_tierline"));
        command.args(["serve", "--sandbox", "--listen", "127.0.0.1:0", "--world"]);
        Self::start(command.arg(file).arg("--data-dir").arg(place.join("data")))
    }

    /// What a partner's principal shows.
    async fn principal(&self, http: &reqwest::Client, handle: &str) -> Value {
        let all = http.get(format!("{}/sandbox/credentials", self.base));
        let all: Value = all.send().await.unwrap().json().await.unwrap();
        let mut principals = all["principals"].as_array().unwrap().iter();
        principals
            .find(|one| one["handle"] == handle)
            .unwrap()
            .clone()
    }

    /// This program again, as a server that says hello.
    fn hello() -> Self {
        Self::start(Command::new(std::env::current_exe().unwrap()).arg("hello"))
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

/// What the threads of a process have spent so far.
fn spent(process: u32) -> Duration {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).unwrap();
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

async fn hello() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("hello on http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/", get(|| async { "hello" }));
    axum::serve(listener, router).await.unwrap();
}

/// What is measured: a request to a server, so and so often.
struct Row<'a> {
    name: &'static str,
    server: &'a Server,
    request: reqwest::Request,
    requests: usize,
    costs: Vec<u64>,
}

impl<'a> Row<'a> {
    fn new(name: &'static str, server: &'a Server, request: reqwest::RequestBuilder) -> Self {
        Self {
            name,
            server,
            request: request.build().unwrap(),
            requests: REQUESTS,
            costs: Vec::new(),
        }
    }

    /// The same for a client that costs less.
    fn call(&self) -> Call {
        let url = self.request.url();
        let query = url.query().map(|query| format!("?{query}"));
        let target = format!("{}{}", url.path(), query.unwrap_or_default());
        let mut call = http::Request::builder()
            .method(self.request.method())
            .uri(target);
        let headers = call.headers_mut().unwrap();
        headers.extend(self.request.headers().clone());
        headers.insert(HOST, url.authority().parse().unwrap());
        let body = self.request.body().and_then(reqwest::Body::as_bytes);
        let body = Bytes::copy_from_slice(body.unwrap_or_default());
        call.body(body.into()).unwrap()
    }

    /// Whether the server does this already.
    async fn is_built(&self, http: &reqwest::Client) -> bool {
        let answer = http
            .execute(self.request.try_clone().unwrap())
            .await
            .unwrap();
        answer.status() != reqwest::StatusCode::NOT_IMPLEMENTED
    }
}

/// What one request costs the server, in nanoseconds of processor time.
fn cost(row: &Row<'_>) -> u64 {
    let (base, call, requests) = (row.server.base.clone(), row.call(), row.requests);
    let process = row.server.process.id();
    load::on_one_thread(async move {
        tokio::spawn(async {
            loop {
                tokio::task::yield_now().await;
            }
        });
        let mut connections = load::connections(&base, CLIENTS).await;
        let warm_up = std::iter::repeat_n(call.clone(), requests / 10);
        load::turn(&mut connections, warm_up).await;
        let before = spent(process);
        load::turn(&mut connections, std::iter::repeat_n(call, requests)).await;
        let nanos = spent(process).saturating_sub(before).as_nanos();
        u64::try_from(nanos).unwrap() / u64::try_from(requests).unwrap()
    })
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

    println!(
        "first answer after {} ms, {} MB resident",
        tenths(median(starts)),
        tenths(median(resident))
    );
    let place = tempfile::tempdir().unwrap();
    let (hello, demo) = (Server::hello(), Server::demo());
    let broad = Server::broad(place.path());
    let mut rows = vec![Row::new("hello, axum alone", &hello, http.get(&hello.base))];
    rows.extend(demo_rows(&http, &demo).await);
    rows.push(list_row(&http, &broad).await);
    // Whoever works on one row names a part of it.
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let is_hello = |row: &Row<'_>| row.name.starts_with("hello");
    rows.retain(|row| {
        words.is_empty() || is_hello(row) || words.iter().any(|word| row.name.contains(word))
    });
    for _ in 0..ROUNDS {
        for row in &mut rows {
            row.costs.push(cost(row));
        }
    }
    println!("CPU-µs a request; in brackets the ratio to hello");
    let costs: Vec<u64> = rows.iter().map(|row| median(row.costs.clone())).collect();
    for (row, cost) in rows.iter().zip(&costs) {
        let (shown, ratio) = (tenths(*cost), tenths(*cost * 1_000 / costs[0].max(1)));
        println!("  {:<34} {shown:>9} ({ratio})", row.name);
    }
}

/// What is asked of the demo world; what it does not do yet is left out, and said.
async fn demo_rows<'a>(http: &reqwest::Client, demo: &'a Server) -> Vec<Row<'a>> {
    let harbor = demo.principal(http, "harbor").await;
    let token = harbor["accessTokenUser"].as_str().unwrap();
    let read = |path: &str| http.get(format!("{}{path}", demo.base)).bearer_auth(token);
    let list: Value = read("/v1/customers")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let customer = list["items"][0]["id"].as_str().unwrap();
    let deal = json!({ "verb": "order", "params": { "customer": customer, "item": "desk-standard", "quantity": 10 } });
    let decide = http.post(format!("{}/program/v1/decisions", demo.base));
    let issue = http.post(format!(
        "{}/{}/oauth2/token",
        demo.base,
        harbor["tenantId"].as_str().unwrap()
    ));
    let grant = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}&resource=https%3A%2F%2Fgraph.windows.net",
        harbor["clientId"].as_str().unwrap(),
        harbor["clientSecret"].as_str().unwrap()
    );
    let issue = issue
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(grant);
    let search = "/v1/products?country=US&targetView=OnlineServices";
    let mut rows = Vec::new();
    for row in [
        Row::new(
            "GET /v1/customers/{id}",
            demo,
            read(&format!("/v1/customers/{customer}")),
        ),
        Row::new(
            "POST /program/v1/decisions",
            demo,
            decide.bearer_auth(token).json(&deal),
        ),
        Row::new("GET /v1/products, a search", demo, read(search)),
        Row::new("POST /{tenant}/oauth2/token", demo, issue),
    ] {
        if row.is_built(http).await {
            rows.push(row);
        } else {
            println!("{}: not built yet, not measured", row.name);
        }
    }
    rows
}

/// The list of many customers.
async fn list_row<'a>(http: &reqwest::Client, broad: &'a Server) -> Row<'a> {
    let partner = broad.principal(http, "broad").await;
    let read = http.get(format!("{}/v1/customers", broad.base));
    let read = read.bearer_auth(partner["accessTokenUser"].as_str().unwrap());
    let list: Value = read
        .try_clone()
        .unwrap()
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(list["items"].as_array().unwrap().len(), LISTED);
    Row {
        requests: REQUESTS_LIST,
        ..Row::new("GET /v1/customers, 500 of them", broad, read)
    }
}

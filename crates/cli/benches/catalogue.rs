//! What a large catalogue costs: 10,000 SKUs from a file into a database, and searches in them.
//!
//! The import is the whole program, from its start to its end: reading, checking, one transaction. A search is
//! one request over HTTP, one at a time, so that its time is what a client waits.
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

use serde_json::Value;

const PRODUCTS: usize = 1_000;
const SKUS_EACH: usize = 10;
const ROUNDS: usize = 5;
const SEARCHES: usize = 200;
const IMPORT_MOST: Duration = Duration::from_secs(1);
const SEARCH_MOST: Duration = Duration::from_millis(10);
/// Shelves in turn: three products of ten are online services, as many as a view of a real catalogue holds.
const SHELVES: [&str; 10] = [
    "online_services",
    "reserved_machines",
    "software_subscription",
    "online_services",
    "reserved_sql",
    "perpetual_software",
    "marketplace",
    "online_services",
    "reserved_documents",
    "savings_plan",
];

fn catalogue() -> String {
    let mut text = String::from("products:\n");
    for product in 0..PRODUCTS {
        let shelf = SHELVES[product % SHELVES.len()];
        writeln!(
            text,
            "  - id: product-{product}\n    shelf: {shelf}\n    publisher: \"Bench\"\n    title: {{en: \"Product {product}\", ja: \"製品 {product}\"}}\n    \
             description: {{en: \"What product {product} is good for, in a sentence of usual length.\", ja: \"製品 {product} の説明。\"}}\n    skus:"
        )
        .unwrap();
        for sku in 0..SKUS_EACH {
            let terms = match shelf {
                "perpetual_software" => {
                    "terms: {one_time: [one_time]}, prices: {one_time: [USD 99.00, EUR 95.00, JPY 14850]}"
                }
                _ => {
                    "terms: {P1M: [monthly], P1Y: [monthly, annual], P3Y: [annual, triennial]}, \
                     prices: {P1M: [USD 12.00, EUR 11.50, JPY 1800], P1Y: [USD 120.00, EUR 115.00, JPY 18000], P3Y: [USD 360.00, EUR 345.00, JPY 54000]}"
                }
            };
            let least = match shelf {
                "savings_plan" => ", least_commitment: {grain: hourly, amount: \"0.001\"}",
                _ => "",
            };
            writeln!(
                text,
                "      - {{id: sku-{product}-{sku}, title: {{en: \"Product {product}, variant {sku}\", ja: \"製品 {product} 種類 {sku}\"}}, {terms}{least}}}"
            )
            .unwrap();
        }
    }
    text
}

fn tierline() -> Command {
    Command::new(env!("CARGO_BIN_EXE_tierline"))
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

impl Server {
    fn start(data: &Path) -> Self {
        let mut process = tierline()
            .args(["serve", "--demo", "--listen", "127.0.0.1:0", "--data-dir"])
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

fn median(mut values: Vec<Duration>) -> Duration {
    values.sort_unstable();
    values[values.len() / 2]
}

/// Microseconds as milliseconds with two decimals.
fn millis(time: Duration) -> String {
    let micros = time.as_micros();
    format!("{}.{:02}", micros / 1_000, micros % 1_000 / 10)
}

/// The median and the longest of many requests, and how much one answers.
async fn waits(http: &reqwest::Client, url: &str, token: &str) -> (Duration, Duration, usize) {
    let mut times = Vec::new();
    let mut length = 0;
    for turn in 0..SEARCHES + 20 {
        let begun = Instant::now();
        let answer = http.get(url).bearer_auth(token).send().await.unwrap();
        let status = answer.status();
        let body = answer.bytes().await.unwrap();
        assert!(status.is_success(), "{body:?}");
        length = body.len();
        // The first ones warm up.
        if turn >= 20 {
            times.push(begun.elapsed());
        }
    }
    let longest = times.iter().copied().max().unwrap();
    (median(times), longest, length)
}

#[tokio::main]
async fn main() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("large.yaml");
    let text = catalogue();
    std::fs::write(&file, &text).unwrap();
    let (mut first, mut again) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let data = place.path().join(format!("world-{round}"));
        for times in [&mut first, &mut again] {
            let mut import = tierline();
            import.args(["import", "catalogue"]).arg(&file);
            import.arg("--data-dir").arg(&data);
            let begun = Instant::now();
            assert!(import.stdout(Stdio::null()).status().unwrap().success());
            times.push(begun.elapsed());
        }
    }
    let (first, again) = (median(first), median(again));
    println!(
        "import of {} SKUs, {} KiB: {} ms into an empty database, {} ms over itself",
        PRODUCTS * SKUS_EACH,
        text.len() / 1024,
        millis(first),
        millis(again)
    );

    let data = place.path().join("demo");
    drop(Server::start(&data));
    let mut import = tierline();
    import.args(["import", "catalogue"]).arg(&file);
    import.arg("--data-dir").arg(&data);
    assert!(import.stdout(Stdio::null()).status().unwrap().success());
    let server = Server::start(&data);
    let http = reqwest::Client::new();
    let credentials = http.get(format!("{}/sandbox/credentials", server.base));
    let credentials: Value = credentials.send().await.unwrap().json().await.unwrap();
    let principals = credentials["principals"].as_array().unwrap();
    let harbor = principals.iter().find(|one| one["handle"] == "harbor");
    let token = harbor.unwrap()["accessTokenUser"].as_str().unwrap();
    let base = format!("{}/v1/products", server.base);
    let list = http.get(format!("{base}?country=US&targetView=OnlineServices"));
    let list: Value = list
        .bearer_auth(token)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let product = list["items"][0]["id"].as_str().unwrap();
    let mut slowest = Duration::ZERO;
    println!("one request at a time, ms: median (longest), KiB");
    for (name, url) in [
        (
            "search OnlineServices ",
            format!("{base}?country=US&targetView=OnlineServices"),
        ),
        (
            "search AzureReservations",
            format!("{base}?country=DE&targetView=AzureReservations"),
        ),
        (
            "one product           ",
            format!("{base}/{product}?country=US"),
        ),
        (
            "its SKUs              ",
            format!("{base}/{product}/skus?country=US"),
        ),
        (
            "availabilities of one ",
            format!("{base}/{product}/skus/0001/availabilities?country=US"),
        ),
    ] {
        let (usual, longest, length) = waits(&http, &url, token).await;
        println!(
            "  {name} {} ({}), {}",
            millis(usual),
            millis(longest),
            length / 1024
        );
        slowest = slowest.max(usual);
    }
    if cfg!(debug_assertions) {
        return;
    }
    assert!(
        first <= IMPORT_MOST,
        "an import takes at most {} ms",
        millis(IMPORT_MOST)
    );
    assert!(
        slowest <= SEARCH_MOST,
        "a search takes at most {} ms",
        millis(SEARCH_MOST)
    );
}

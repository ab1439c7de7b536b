//! A server that is killed at any moment loses no acknowledged order, doubles none, and opens again.
//!
//! Real processes, real SIGKILL. `TIERLINE_KILL_ROUNDS` sets the rounds: 3 here, 50 in `cargo xtask soak`. With
//! `TIERLINE_KILL_DATABASE` the same runs on PostgreSQL.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_tierline");
/// Clients that order at once.
const CLIENTS: usize = 8;
/// Orders acknowledged before a round's kill, at least.
const ACKNOWLEDGED_MIN: usize = 20;

struct Running {
    process: Child,
    base: String,
}

fn start(directory: &Path) -> Running {
    let mut command = Command::new(BINARY);
    command
        .args(["serve", "--demo", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(directory)
        .stdout(Stdio::piped());
    if let Ok(url) = std::env::var("TIERLINE_KILL_DATABASE") {
        command.args(["--database", &url]);
    }
    let mut process = command.spawn().unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let base = first.split_whitespace().last().unwrap().to_owned();
    // Keep reading, so that the server never waits for us.
    std::thread::spawn(move || lines.for_each(drop));
    Running { process, base }
}

/// Request id → order id, as the server acknowledged them.
type Acknowledged = Arc<Mutex<BTreeMap<String, String>>>;

async fn order(
    http: &reqwest::Client,
    base: &str,
    token: &str,
    customer: &str,
    request: &str,
) -> Option<String> {
    let body =
        json!({ "lineItems": [{ "offerId": "desk-basic", "quantity": 1, "termDuration": "P1M" }] });
    let answer = http
        .post(format!("{base}/v1/customers/{customer}/orders"))
        .bearer_auth(token)
        .header("MS-RequestId", request)
        .json(&body)
        .send()
        .await
        .ok()?;
    let status = answer.status();
    let body: Value = answer.json().await.ok()?;
    assert!(status.is_success(), "{body}");
    Some(body["id"].as_str().unwrap().to_owned())
}

async fn credentials(http: &reqwest::Client, base: &str) -> (String, String) {
    let all: Value = http
        .get(format!("{base}/sandbox/credentials"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let harbor = all["principals"]
        .as_array()
        .unwrap()
        .iter()
        .find(|principal| principal["handle"] == "harbor")
        .unwrap()
        .clone();
    let token = harbor["accessTokenUser"].as_str().unwrap().to_owned();
    let customers: Value = http
        .get(format!("{base}/v1/customers"))
        .bearer_auth(&token)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let juniper = customers["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|item| {
            item["companyProfile"]["companyName"]
                .as_str()
                .unwrap()
                .starts_with("Juniper")
        })
        .unwrap()
        .clone();
    (token, juniper["id"].as_str().unwrap().to_owned())
}

/// Orders until the server dies; every answer is noted.
async fn hammer(
    base: String,
    token: String,
    customer: String,
    name: String,
    acknowledged: Acknowledged,
) {
    let http = reqwest::Client::new();
    for count in 0.. {
        let request = format!("{name}-{count}");
        match order(&http, &base, &token, &customer, &request).await {
            Some(order) => drop(acknowledged.lock().unwrap().insert(request, order)),
            None => return,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_keeps_its_word() {
    let rounds: usize = std::env::var("TIERLINE_KILL_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(3);
    let directory = tempfile::tempdir().unwrap();
    let acknowledged: Acknowledged = Arc::default();
    let http = reqwest::Client::new();
    for round in 0..rounds {
        let mut server = start(directory.path());
        let (token, customer) = credentials(&http, &server.base).await;
        let before = acknowledged.lock().unwrap().len();
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let name = format!("4f2d3b5c-{round}-{client}");
                tokio::spawn(hammer(
                    server.base.clone(),
                    token.clone(),
                    customer.clone(),
                    name,
                    Arc::clone(&acknowledged),
                ))
            })
            .collect();
        while acknowledged.lock().unwrap().len() < before + ACKNOWLEDGED_MIN + round % 7 {
            tokio::task::yield_now().await;
        }
        server.process.kill().unwrap();
        server.process.wait().unwrap();
        futures_util::future::join_all(clients).await;
    }
    let mut server = start(directory.path());
    let (token, customer) = credentials(&http, &server.base).await;
    let listed: Value = http
        .get(format!("{}/v1/customers/{customer}/orders", server.base))
        .bearer_auth(&token)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let stored: Vec<String> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|order| order["id"].as_str().unwrap().to_owned())
        .collect();
    let known = acknowledged.lock().unwrap().clone();
    let lost = known
        .values()
        .filter(|order| !stored.contains(order))
        .count();
    let mut doubled = 0;
    for (request, order_id) in known.iter().rev().take(40) {
        // The same request again is the same order, across the crash.
        let again = order(&http, &server.base, &token, &customer, request)
            .await
            .unwrap();
        doubled += usize::from(again != *order_id);
    }
    println!(
        "{rounds} kills: {} acknowledged, {} stored, {lost} lost, {doubled} doubled",
        known.len(),
        stored.len()
    );
    // What was committed but not yet answered when the kill came may be stored beyond what was acknowledged.
    assert!(
        stored.len() <= known.len() + rounds * CLIENTS,
        "no more than one unanswered order a client and round"
    );
    assert_eq!((lost, doubled), (0, 0));
    server.process.kill().unwrap();
    server.process.wait().unwrap();
    if std::env::var("TIERLINE_KILL_DATABASE").is_err() {
        let verified = Command::new(BINARY)
            .args(["verify", "--data-dir"])
            .arg(directory.path())
            .output()
            .unwrap();
        assert!(
            verified.status.success(),
            "{}",
            String::from_utf8_lossy(&verified.stdout)
        );
        println!("{}", String::from_utf8_lossy(&verified.stdout).trim());
    }
}

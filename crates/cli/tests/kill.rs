//! A server that is killed at any moment loses no acknowledged write, doubles none, and opens again.
//!
//! Real processes, real SIGKILL. `TIERLINE_KILL_ROUNDS` sets the rounds: 3 here, 50 in `cargo xtask soak`. Where
//! `TIERLINE_KILL_DATABASE` names a PostgreSQL server (with an empty database), the same runs there.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test says what went wrong by where it stops, and tells its figures"
)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::sync::mpsc;

const BINARY: &str = env!("CARGO_BIN_EXE_tierline");
/// Clients that write at once.
const CLIENTS: usize = 8;
/// Orders acknowledged before a round's kill, at least.
const ACKNOWLEDGED_MIN: usize = 20;

/// The PostgreSQL server to run on, if any.
fn database() -> Option<String> {
    std::env::var("TIERLINE_KILL_DATABASE")
        .ok()
        .filter(|place| place.starts_with("postgres"))
}

/// What `serve` is told about where its data lies.
fn place(command: &mut Command, directory: &Path) {
    command.arg("--data-dir").arg(directory);
    if let Some(url) = database() {
        command.args(["--database", &url]);
    }
}

struct Running {
    process: Child,
    base: String,
    token: String,
    http: reqwest::Client,
}

impl Running {
    /// Starts a server over a directory; a wrapper may stand before it.
    async fn start(directory: &Path, wrapper: &[&str]) -> Self {
        let mut words = wrapper.iter().copied().chain([BINARY]);
        let mut command = Command::new(words.next().unwrap());
        command
            .args(words)
            .args(["serve", "--demo", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        place(&mut command, directory);
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let first = lines.next().expect("a first line").unwrap();
        let base = first.split_whitespace().last().unwrap().to_owned();
        // Keep reading, so that the server never waits for us.
        std::thread::spawn(move || lines.for_each(drop));
        #[expect(clippy::disallowed_methods, reason = "a test calls its own server")]
        let http = reqwest::Client::new();
        let mut running = Self {
            process,
            base,
            token: String::new(),
            http,
        };
        let all = running.get("/sandbox/credentials").await;
        let principals = all["principals"].as_array().unwrap();
        let harbor = principals
            .iter()
            .find(|principal| principal["handle"] == "harbor")
            .unwrap();
        harbor["accessTokenUser"]
            .as_str()
            .unwrap()
            .clone_into(&mut running.token);
        running
    }

    async fn get(&self, path: &str) -> Value {
        let request = self.http.get(format!("{}{path}", self.base));
        let answer = request.bearer_auth(&self.token).send().await.unwrap();
        answer.json().await.unwrap()
    }

    /// The id of what was made; none when the server is gone.
    async fn post(&self, path: &str, request: &str, body: &Value) -> Option<String> {
        let answer = self
            .http
            .post(format!("{}{path}", self.base))
            .bearer_auth(&self.token)
            .header("MS-RequestId", request)
            .json(body)
            .send()
            .await
            .ok()?;
        let status = answer.status();
        let body: Value = answer.json().await.ok()?;
        assert!(status.is_success(), "{path}: {body}");
        let id = body["id"].as_str().or(body["templateId"].as_str());
        Some(id.unwrap_or_default().to_owned())
    }

    fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// What the server acknowledged: path and request id, and the id of what was made.
type Acknowledged = Arc<Mutex<BTreeMap<(String, String), String>>>;

/// A customer of one client's own, with its agreement confirmed.
async fn customer(server: &Running, name: &str, noted: &Acknowledged) -> Option<String> {
    let address = json!({ "country": "US", "city": "Portland", "state": "OR", "addressLine1": "12 Mill Street", "postalCode": "97201", "firstName": "Ada", "lastName": "Quill" });
    let body = json!({
        "companyProfile": { "domain": format!("{name}.example") },
        "billingProfile": { "email": "it@kettle.example", "companyName": format!("Copper Kettle {name}"), "culture": "en-US", "language": "en", "defaultAddress": address },
    });
    let id = write(server, "/v1/customers", name, &body, noted).await?;
    let metadata = server.http.get(format!(
        "{}/v1/agreements?agreementType=MicrosoftCustomerAgreement",
        server.base
    ));
    let metadata = metadata.bearer_auth(&server.token).send().await.ok()?;
    let metadata: Value = metadata.json().await.ok()?;
    let body = json!({
        "primaryContact": { "firstName": "Ada", "lastName": "Quill", "email": "ada@kettle.example" },
        "templateId": metadata["items"][0]["templateId"],
        "dateAgreed": "2024-01-15T00:00:00Z",
        "type": metadata["items"][0]["agreementType"],
    });
    let path = format!("/v1/customers/{id}/agreements");
    server.post(&path, &format!("{name}-a"), &body).await?;
    Some(id)
}

async fn write(
    server: &Running,
    path: &str,
    request: &str,
    body: &Value,
    noted: &Acknowledged,
) -> Option<String> {
    let id = server.post(path, request, body).await?;
    let key = (path.to_owned(), request.to_owned());
    noted.lock().unwrap().insert(key, id.clone());
    Some(id)
}

fn one_licence() -> Value {
    json!({ "lineItems": [{ "offerId": "desk-basic", "quantity": 1, "termDuration": "P1M" }] })
}

/// Orders until the server dies; every answer is noted.
async fn hammer(
    server: Arc<Running>,
    name: String,
    noted: Acknowledged,
    tell: mpsc::UnboundedSender<()>,
) {
    let Some(customer) = customer(&server, &name, &noted).await else {
        return;
    };
    let path = format!("/v1/customers/{customer}/orders");
    for count in 0.. {
        let request = format!("{name}-{count}");
        let Some(_) = write(&server, &path, &request, &one_licence(), &noted).await else {
            return;
        };
        // Nobody counts any more once the kill is on its way.
        tell.send(()).ok();
    }
}

/// The ids in a list of the documented wire.
fn ids(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["id"].as_str().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_keeps_its_word() {
    let rounds: usize =
        std::env::var("TIERLINE_KILL_ROUNDS").map_or(3, |rounds| rounds.parse().unwrap());
    let directory = tempfile::tempdir().unwrap();
    let noted = Acknowledged::default();
    for round in 0..rounds {
        let server = Arc::new(Running::start(directory.path(), &[]).await);
        let (tell, mut told) = mpsc::unbounded_channel();
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let name = format!("kill-{round}-{client}");
                let client = hammer(Arc::clone(&server), name, Arc::clone(&noted), tell.clone());
                tokio::spawn(client)
            })
            .collect();
        drop(tell);
        for _ in 0..ACKNOWLEDGED_MIN + round % 7 {
            told.recv().await.expect("the server answers");
        }
        let pid = server.process.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-KILL", &pid])
                .status()
                .unwrap()
                .success()
        );
        futures_util::future::join_all(clients).await;
        Arc::into_inner(server).unwrap().kill();
    }

    let server = Running::start(directory.path(), &[]).await;
    let noted = noted.lock().unwrap().clone();
    let (mut stored, mut lost, mut doubled) = (0, 0, 0);
    let all = server.get("/v1/customers?size=0").await;
    let customers = ids(&all);
    let mut orders_by_path: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for ((path, request), id) in &noted {
        if path == "/v1/customers" {
            lost += usize::from(!customers.contains(&id.as_str()));
        } else {
            orders_by_path.entry(path).or_default().push(id);
            // The same request again is the same order, across the crash.
            if request.ends_with("-0") {
                let again = server.post(path, request, &one_licence()).await.unwrap();
                doubled += usize::from(again != *id);
            }
        }
    }
    for (path, acknowledged) in orders_by_path {
        let list = server.get(path).await;
        let kept = ids(&list);
        stored += kept.len();
        lost += acknowledged.iter().filter(|id| !kept.contains(id)).count();
        // One order more may be stored than was acknowledged: the one whose answer the kill cut off.
        doubled += kept.len().saturating_sub(acknowledged.len() + 1);
    }
    server.kill();
    println!(
        "{rounds} kills: {} writes acknowledged, {stored} orders stored, {lost} lost, {doubled} doubled",
        noted.len()
    );
    assert_eq!((lost, doubled), (0, 0));

    let mut verify = Command::new(BINARY);
    verify.arg("verify");
    place(&mut verify, directory.path());
    let verified = verify.output().unwrap();
    let told = String::from_utf8_lossy(&verified.stdout);
    assert!(verified.status.success(), "{told}");
    println!("{}", told.trim());
}

/// One client, so each acknowledged order is a group of its own: none is answered before the disk has it.
#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_group_was_synced() {
    if database().is_some() {
        return; // A PostgreSQL server does its own syncs; its lanes are counted in the store's tests.
    }
    let has_tracer = Command::new("strace").arg("-V").output().is_ok();
    if !has_tracer {
        println!("not checked: strace is missing");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let trace = directory.path().join("syncs");
    let trace_path = trace.to_str().unwrap();
    let wrapper = [
        "strace",
        // The server is the child that is killed, and not its tracer's.
        "-D",
        "-f",
        "-qq",
        "-e",
        "trace=fsync,fdatasync",
        "-o",
        trace_path,
    ];
    let server = Running::start(directory.path(), &wrapper).await;
    let noted = Acknowledged::default();
    let customer = customer(&server, "synced", &noted).await.unwrap();
    let path = format!("/v1/customers/{customer}/orders");
    let syncs = || {
        let text = std::fs::read_to_string(&trace).unwrap();
        text.lines().filter(|line| line.ends_with("= 0")).count()
    };
    let (before, orders) = (syncs(), 25);
    for order in 0..orders {
        let request = format!("synced-{order}");
        write(&server, &path, &request, &one_licence(), &noted)
            .await
            .unwrap();
    }
    let made = syncs() - before;
    server.kill();
    println!("{orders} acknowledged groups, {made} syncs");
    assert!(made >= orders, "{made} syncs for {orders} groups");
}

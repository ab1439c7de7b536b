//! A server that is killed at any moment loses no acknowledged write, doubles none, and opens again.
//!
//! Real processes, real SIGKILL. `TIERLINE_KILL_ROUNDS` sets the rounds: 3 here, 50 in `cargo xtask soak`. Where
//! `TIERLINE_KILL_DATABASE` names a PostgreSQL server (with an empty database), the same runs there, as
//! `cargo xtask test` has it do on its throw-away cluster.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test says what went wrong by where it stops, and tells its figures"
)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use tokio::sync::mpsc;

const BINARY: &str = env!("CARGO_BIN_EXE_tierline");
/// Clients that write at once.
const CLIENTS: usize = 8;
/// Where customers are made.
const CUSTOMERS: &str = "/v1/customers";
/// How the names of all customers of these tests begin.
const COMPANY: &str = "Copper Kettle";
/// Orders acknowledged before a round's kill, at least.
const ACKNOWLEDGED_MIN: usize = 20;

/// The PostgreSQL server to run on, if any.
fn named_database() -> Option<String> {
    std::env::var("TIERLINE_KILL_DATABASE")
        .ok()
        .filter(|place| place.starts_with("postgres"))
}

/// Where a server's data lies.
struct Place {
    directory: tempfile::TempDir,
    /// The PostgreSQL server, in place of a file.
    database: Option<String>,
}

impl Place {
    fn new(database: Option<String>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self {
            directory,
            database,
        }
    }

    /// Tells a command of it.
    fn name_to(&self, command: &mut Command) {
        command.arg("--data-dir").arg(self.directory.path());
        if let Some(url) = &self.database {
            command.args(["--database", url]);
        }
    }

    /// The store opens and its log holds.
    fn verify(&self) -> String {
        let mut verify = Command::new(BINARY);
        verify.arg("verify");
        self.name_to(&mut verify);
        let verified = verify.output().unwrap();
        let told = String::from_utf8_lossy(&verified.stdout).trim().to_owned();
        assert!(verified.status.success(), "{told}");
        told
    }
}

struct Running {
    process: Child,
    base: String,
    token: String,
    http: reqwest::Client,
}

impl Running {
    /// Starts a server over its data; a wrapper may stand before it.
    async fn start(place: &Place, wrapper: &[&str]) -> Self {
        let mut words = wrapper.iter().copied().chain([BINARY]);
        let mut command = Command::new(words.next().unwrap());
        command
            .args(words)
            .args(["serve", "--demo", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        place.name_to(&mut command);
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

/// A request that was sent under an id of its own.
#[derive(Clone)]
struct Sent {
    path: String,
    body: Value,
    /// What the server answered; none where the kill cut the answer off, and the write may be there or not.
    acknowledged: Option<String>,
}

/// Everything that was sent, by request id.
type Noted = Arc<Mutex<BTreeMap<String, Sent>>>;

/// Sends a request; it is noted before it leaves, and its answer once it is here.
async fn write(
    server: &Running,
    path: &str,
    request: &str,
    body: Value,
    noted: &Noted,
) -> Option<String> {
    let sent = Sent {
        path: path.to_owned(),
        body: body.clone(),
        acknowledged: None,
    };
    let before = noted.lock().unwrap().insert(request.to_owned(), sent);
    assert!(before.is_none(), "{request} is sent once");
    let id = server.post(path, request, &body).await?;
    let mut noted = noted.lock().unwrap();
    noted.get_mut(request).unwrap().acknowledged = Some(id.clone());
    Some(id)
}

/// A customer of one client's own, with its agreement confirmed.
async fn customer(server: &Running, name: &str, noted: &Noted) -> Option<String> {
    let address = json!({ "country": "US", "city": "Portland", "state": "OR", "addressLine1": "12 Mill Street", "postalCode": "97201", "firstName": "Ada", "lastName": "Quill" });
    let body = json!({
        "companyProfile": { "domain": format!("{name}.example") },
        "billingProfile": { "email": "it@kettle.example", "companyName": format!("{COMPANY} {name}"), "culture": "en-US", "language": "en", "defaultAddress": address },
    });
    let id = write(server, CUSTOMERS, &format!("{name}-c"), body, noted).await?;
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
    let path = format!("{CUSTOMERS}/{id}/agreements");
    write(server, &path, &format!("{name}-a"), body, noted).await?;
    Some(id)
}

fn one_licence() -> Value {
    json!({ "lineItems": [{ "offerId": "desk-basic", "quantity": 1, "termDuration": "P1M" }] })
}

/// Orders until the server dies; every request is noted.
async fn hammer(server: Arc<Running>, name: String, noted: Noted, tell: mpsc::UnboundedSender<()>) {
    let Some(customer) = customer(&server, &name, &noted).await else {
        return;
    };
    let path = format!("/v1/customers/{customer}/orders");
    for count in 0.. {
        let request = format!("{name}-{count}");
        let Some(_) = write(&server, &path, &request, one_licence(), &noted).await else {
            return;
        };
        // Nobody counts any more once the kill is on its way.
        tell.send(()).ok();
    }
}

/// What a list keeps of these tests: an order by its id, an attestation by its template, a customer by its own.
fn kept(path: &str, list: &Value) -> Vec<String> {
    let items = list["items"].as_array().unwrap().iter();
    let own = items.filter(|item| {
        let company = item["companyProfile"]["companyName"].as_str();
        path != CUSTOMERS || company.is_some_and(|name| name.starts_with(COMPANY))
    });
    let mut ids: Vec<String> = own
        .map(|item| item["id"].as_str().or(item["templateId"].as_str()))
        .map(|id| id.unwrap().to_owned())
        .collect();
    ids.sort();
    ids
}

/// Repeats everything that was sent, cut-off requests too, and looks at what is there: an acknowledged request is
/// answered as before, and each request is kept exactly once. How many writes are there.
async fn repeat_all(server: &Running, noted: &BTreeMap<String, Sent>, round: &str) -> usize {
    let mut expected: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (request, sent) in noted {
        let again = server.post(&sent.path, request, &sent.body).await.unwrap();
        if let Some(id) = &sent.acknowledged {
            assert_eq!(again, *id, "{round}: {request} was lost, or done twice");
        }
        expected.entry(&sent.path).or_default().push(again);
    }
    let mut stored = 0;
    for (path, mut ids) in expected {
        let all = match path {
            CUSTOMERS => "?size=0",
            path if path.ends_with("/agreements") => "?agreementType=*",
            _ => "",
        };
        let list = server.get(&format!("{path}{all}")).await;
        ids.sort();
        assert_eq!(kept(path, &list), ids, "{round}: {path}");
        stored += ids.len();
    }
    stored
}

async fn keeps_its_word(place: &Place) {
    let rounds: usize =
        std::env::var("TIERLINE_KILL_ROUNDS").map_or(3, |rounds| rounds.parse().unwrap());
    let noted = Noted::default();
    let mut server = Running::start(place, &[]).await;
    for round in 0..rounds {
        let running = Arc::new(server);
        let (tell, mut told) = mpsc::unbounded_channel();
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let name = format!("kill-{round}-{client}");
                let client = hammer(Arc::clone(&running), name, Arc::clone(&noted), tell.clone());
                tokio::spawn(client)
            })
            .collect();
        drop(tell);
        for _ in 0..ACKNOWLEDGED_MIN + round % 7 {
            told.recv().await.expect("the server answers");
        }
        let pid = running.process.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-KILL", &pid])
                .status()
                .unwrap()
                .success()
        );
        for client in futures_util::future::join_all(clients).await {
            client.unwrap();
        }
        Arc::into_inner(running).unwrap().kill();
        place.verify();
        server = Running::start(place, &[]).await;
        let noted = noted.lock().unwrap().clone();
        // The rounds before were looked at after their own kill, and all of them once more in the end.
        let of_round = format!("kill-{round}-");
        let mut own = noted.clone();
        if round + 1 < rounds {
            own.retain(|request, sent| request.starts_with(&of_round) || sent.path == CUSTOMERS);
        }
        repeat_all(&server, &own, &format!("round {round}")).await;
    }
    let noted = noted.lock().unwrap().clone();
    let stored = repeat_all(&server, &noted, "in the end").await;
    server.kill();
    let acknowledged = noted.values().filter(|sent| sent.acknowledged.is_some());
    let acknowledged = acknowledged.count();
    println!(
        "{rounds} kills: {} writes sent, {acknowledged} acknowledged, {} cut off, {stored} stored once each, 0 lost, 0 doubled",
        noted.len(),
        noted.len() - acknowledged
    );
    println!("{}", place.verify());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_keeps_its_word() {
    keeps_its_word(&Place::new(named_database())).await;
}

/// One client, so each acknowledged order is a group of its own: none is answered before the disk has it.
#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_group_was_synced() {
    if named_database().is_some() {
        return; // A PostgreSQL server does its own syncs; its lanes are counted in the store's tests.
    }
    let has_tracer = Command::new("strace").arg("-V").output().is_ok();
    if !has_tracer {
        println!("not checked: strace is missing");
        return;
    }
    let place = Place::new(None);
    let trace = place.directory.path().join("syncs");
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
    let server = Running::start(&place, &wrapper).await;
    let noted = Noted::default();
    let customer = customer(&server, "synced", &noted).await.unwrap();
    let path = format!("/v1/customers/{customer}/orders");
    let syncs = || {
        let text = std::fs::read_to_string(&trace).unwrap();
        text.lines().filter(|line| line.ends_with("= 0")).count()
    };
    let (before, orders) = (syncs(), 25);
    for order in 0..orders {
        let request = format!("synced-{order}");
        write(&server, &path, &request, one_licence(), &noted)
            .await
            .unwrap();
    }
    let made = syncs() - before;
    server.kill();
    println!("{orders} acknowledged groups, {made} syncs");
    assert!(made >= orders, "{made} syncs for {orders} groups");
}

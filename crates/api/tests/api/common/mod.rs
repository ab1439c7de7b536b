//! A server in process, on a free port, with the demo world and a pinned clock.
#![expect(
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test helper: what it unwraps must be there"
)]

pub mod delegation;
pub mod orders;
pub mod post;
pub mod subscriptions;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tierline_api::identity::Issuer;
use tierline_api::identity::external::{External, Trust};
use tierline_api::{Server, Settings, Worlds, serve};
use tierline_app::App;
use tierline_app::clock::Clock;
use tierline_app::demo::LayDemo;
use tierline_store::{Command, Db, DbConfig, Tx, schema};
use tokio::net::TcpListener;

/// A running server and what a client needs to talk to it.
pub struct World {
    pub base: String,
    pub http: reqwest::Client,
    /// The server itself, for what a client cannot see to.
    pub server: Server,
    /// The program behind it.
    pub app: App,
    principals: Vec<Value>,
}

struct Seed;
impl Command for Seed {
    type Out = ();
    type Error = tierline_app::AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), Self::Error> {
        tierline_api::routes::tokens::seed_credentials(tx, Clock::wall().server_now()).await
    }
}

/// An answer: status, body, headers.
pub struct Answer {
    pub status: u16,
    pub body: Value,
    pub headers: reqwest::header::HeaderMap,
}

fn noon() -> Clock {
    Clock::pinned("2026-01-15T12:00:00Z".parse().unwrap())
}

fn sandbox(sandbox: bool) -> Settings {
    Settings {
        sandbox,
        ..Settings::default()
    }
}

/// A demo program with its credentials.
async fn demo_app(config: &DbConfig, clock: Clock) -> App {
    let now = clock.world_now();
    let db = Db::open(config, schema::MIGRATIONS).await.unwrap();
    db.write(LayDemo { now }).await.unwrap();
    seeded(db, clock).await
}

/// The same at noon and in memory: a copy of the one that the first test of this build lays, which takes a second.
async fn demo_at_noon() -> App {
    let copy = tempfile::NamedTempFile::new().unwrap();
    std::fs::copy(laid_once().await, copy.path()).unwrap();
    let path = copy.path().to_owned();
    let file = Db::open(&DbConfig::File { path }, schema::MIGRATIONS).await;
    let file = file.unwrap();
    let db = file.copy_to_memory().await.unwrap();
    file.shutdown().await;
    seeded(db, noon()).await
}

async fn seeded(db: Db, clock: Clock) -> App {
    let app = App::new(db, clock);
    app.db().write(Seed).await.unwrap();
    app
}

/// Where the demo program of this build lies. Tests that begin together may each lay it: one is like the other, and the last
/// one's stays. Those of earlier builds go.
async fn laid_once() -> PathBuf {
    let build = std::env::current_exe().unwrap();
    let built = build.metadata().unwrap().modified().unwrap();
    let built = built.duration_since(std::time::UNIX_EPOCH).unwrap();
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("demo");
    let kept = place.join(format!("{}.db", built.as_nanos()));
    if kept.exists() {
        return kept;
    }
    let db = Db::open(&DbConfig::Memory, schema::MIGRATIONS);
    let db = db.await.unwrap();
    let now = noon().world_now();
    db.write(LayDemo { now }).await.unwrap();
    std::fs::create_dir_all(&place).unwrap();
    let own = tempfile::tempdir_in(&place).unwrap();
    let whole = own.path().join("demo.db");
    db.snapshot_to(&whole).await.unwrap();
    for earlier in place.read_dir().unwrap() {
        let earlier = earlier.unwrap().path();
        if earlier != kept && earlier.extension().is_some_and(|end| end == "db") {
            // Another test that begins now may have been quicker.
            std::fs::remove_file(earlier).ok();
        }
    }
    std::fs::rename(whole, &kept).unwrap();
    kept
}

impl World {
    /// Starts a demo world.
    pub async fn demo() -> Self {
        Self::with(sandbox(true), None).await
    }

    /// Starts a demo world on a server that is set up in another way.
    pub async fn with(settings: Settings, trust: Option<Trust>) -> Self {
        Self::serving(demo_at_noon().await, settings, trust).await
    }

    /// Starts a demo world in a database, by a clock.
    pub async fn demo_on(config: &DbConfig, clock: Clock) -> Self {
        Self::of_app(demo_app(config, clock).await, true).await
    }

    /// Starts a server of a program that is there already.
    pub async fn of_app(app: App, is_sandbox: bool) -> Self {
        Self::serving(app, sandbox(is_sandbox), None).await
    }

    /// The same demo world behind a server that is no sandbox; its principals are those of a sandbox beside it.
    pub async fn production() -> Self {
        let beside = Self::demo().await;
        let world = Self::of_app(beside.app.clone(), false).await;
        Self {
            principals: beside.principals,
            ..world
        }
    }

    /// A demo world in a directory, which is the own world of a server that holds others.
    pub async fn of_worlds(directory: &Path) -> Self {
        let path = directory.join("tierline.db");
        let app = demo_app(&DbConfig::File { path }, noon()).await;
        Self::of_worlds_in(app, directory).await
    }

    /// Starts a server on a program that is there already, with the worlds of a directory; five at most.
    pub async fn of_worlds_in(app: App, directory: &Path) -> Self {
        let settings = Settings {
            worlds_max: 5,
            ..sandbox(true)
        };
        Self::listening(app, settings, None, Some(directory)).await
    }

    async fn serving(app: App, settings: Settings, trust: Option<Trust>) -> Self {
        Self::listening(app, settings, trust, None).await
    }

    async fn listening(
        app: App,
        settings: Settings,
        trust: Option<Trust>,
        worlds: Option<&Path>,
    ) -> Self {
        let now = app.clock().server_now();
        let issuer = Issuer::open(app.db().clone(), "http://localhost", now);
        let mut issuer = issuer.await.unwrap();
        if let Some(trust) = trust {
            issuer = issuer.trusting(External::new(trust).unwrap());
        }
        // A server in production lists no credentials.
        let lists = settings.sandbox;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = match worlds {
            None => Server::new(app.clone(), issuer, settings),
            Some(root) => {
                let address = listener.local_addr().unwrap();
                let worlds = Worlds::open(app.clone(), root, settings.clone(), address);
                Server::of_worlds(app.clone(), issuer, settings, worlds.await.unwrap())
            }
        };
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(serve(server.clone(), listener, std::future::pending()));
        // It speaks to nobody but this server: the authorities of the web need not be read.
        let http = reqwest::Client::builder().tls_built_in_root_certs(false);
        let http = http.build().unwrap();
        let mut world = Self {
            base,
            http,
            app,
            server,
            principals: Vec::new(),
        };
        if lists {
            world.look_up().await;
        }
        world
    }

    /// Fetches everybody's credentials.
    pub async fn look_up(&mut self) {
        let found = self
            .send("GET", "/sandbox/credentials", None, None, &[])
            .await;
        self.principals
            .clone_from(found.body["principals"].as_array().unwrap());
    }

    /// Sends a form.
    pub async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let pairs = reqwest::Url::parse_with_params("http://localhost", fields).unwrap();
        let body = pairs.query().unwrap_or_default().as_bytes().to_vec();
        let kind = [("Content-Type", "application/x-www-form-urlencoded")];
        self.send("POST", path, None, Some(body), &kind).await
    }

    /// A member of a principal's credentials.
    pub fn of(&self, handle: &str, member: &str) -> String {
        let found = self
            .principals
            .iter()
            .find(|principal| principal["handle"] == handle)
            .unwrap();
        found[member].as_str().unwrap().to_owned()
    }

    /// A user token.
    pub fn user(&self, handle: &str) -> String {
        self.of(handle, "accessTokenUser")
    }

    /// Sends a request with a body as it stands.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<Vec<u8>>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if !headers.iter().any(|(name, _)| *name == "Content-Type") {
            request = request.header("Content-Type", "application/json");
        }
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let bytes = answer.bytes().await.unwrap();
        Answer {
            status,
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
            headers,
        }
    }

    /// Reads a path.
    pub async fn get(&self, path: &str, token: &str) -> Answer {
        self.send("GET", path, Some(token), None, &[]).await
    }

    /// Sends JSON.
    pub async fn post(&self, path: &str, token: &str, body: &Value) -> Answer {
        self.send(
            "POST",
            path,
            Some(token),
            Some(body.to_string().into_bytes()),
            &[],
        )
        .await
    }

    /// The id of a customer by the start of its name, as a partner sees it.
    pub async fn customer(&self, partner: &str, name: &str) -> String {
        let list = self.get("/v1/customers", &self.user(partner)).await;
        let items = list.body["items"].as_array().unwrap().clone();
        let found = items
            .iter()
            .find(|item| {
                item["companyProfile"]["companyName"]
                    .as_str()
                    .unwrap()
                    .starts_with(name)
            })
            .unwrap();
        found["id"].as_str().unwrap().to_owned()
    }
}

/// Every byte as a percent sign and two digits.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        escaped.push('%');
        for digit in [byte >> 4, byte & 15] {
            escaped.extend(char::from_digit(u32::from(digit), 16));
        }
    }
    escaped
}

/// A JSON body with a code (the documentation's table calls it a string, what servers send is a number), a
/// description of 1 to 1024 characters, a source, and texts as data.
pub fn assert_shape(what: &str, answer: &Answer) {
    let body = &answer.body;
    let kind = &answer.headers["content-type"];
    assert_eq!(kind, "application/json; charset=utf-8", "{what}");
    let code = body["code"].as_u64();
    assert!(code.is_some_and(|code| code > 0), "{what}: {body}");
    let description = body["description"].as_str().unwrap_or_default();
    assert!(
        (1..=1024).contains(&description.chars().count()),
        "{what}: {body}"
    );
    assert!(
        body["source"]
            .as_str()
            .is_some_and(|source| !source.is_empty()),
        "{what}: {body}"
    );
    let data = body.get("data").and_then(Value::as_array);
    assert!(
        data.is_none_or(|data| data.iter().all(Value::is_string)),
        "{what}: {body}"
    );
}

/// A member as text; empty where it is none.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The ids of a list.
pub fn ids(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().cloned().unwrap_or_default();
    items.iter().map(|item| text(&item["id"])).collect()
}

/// Sends JSON by a method, with headers.
pub async fn sent(
    world: &World,
    method: &str,
    path: &str,
    token: &str,
    body: &Value,
    headers: &[(&str, &str)],
) -> Answer {
    let body = Some(body.to_string().into_bytes());
    world.send(method, path, Some(token), body, headers).await
}

/// Customers by a filter.
pub async fn filtered(world: &World, token: &str, filter: &Value) -> Answer {
    let escaped = escaped(&filter.to_string());
    world
        .get(&format!("/v1/customers?size=0&filter={escaped}"), token)
        .await
}

/// A partner's audit records of one kind of resource.
pub async fn records(world: &World, token: &str, kind: &str) -> Answer {
    let filter = json!({ "Field": "ResourceType", "Value": kind, "Operator": "equals" });
    let filter = escaped(&filter.to_string());
    world
        .get(&format!("/v1/auditrecords?filter={filter}"), token)
        .await
}

/// Moves the world on by a period.
pub async fn advance(world: &World, by: &str) {
    let token = world.of("operator", "accessTokenUser");
    let moved = world
        .post("/program/v1/clock", &token, &json!({ "by": by }))
        .await;
    assert_eq!(moved.status, 200, "{}", moved.body);
}

/// Has every export be over.
struct EndExports(tierline_domain::time::Timestamp);

impl Command for EndExports {
    type Out = ();
    type Error = tierline_app::AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), Self::Error> {
        use tierline_store::Table;
        use tierline_store::tables::files::Export;
        for mut export in tx.find::<Export>(Export::all_rows_sql(), &[]).await? {
            export.expires = export.requested;
            tx.put(&export).await?;
        }
        tierline_app::billing::exports::Forget { now: self.0 }
            .run(tx)
            .await
            .map(drop)
    }
}

impl World {
    /// As if the time of every export were over.
    pub async fn end_exports(&self, now: tierline_domain::time::Timestamp) {
        self.app.db().write(EndExports(now)).await.unwrap();
    }
}

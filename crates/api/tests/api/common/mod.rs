//! A server in process, on a free port, with the demo world and a pinned clock.
#![expect(
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test helper: what it unwraps must be there"
)]

pub mod post;

use serde_json::Value;
use tierline_api::identity::Issuer;
use tierline_api::{Server, Settings, serve};
use tierline_app::App;
use tierline_app::clock::Clock;
use tierline_app::demo::LayDemo;
use tierline_store::{Command, Db, DbConfig, Tx, schema};
use tokio::net::TcpListener;

/// A running server and what a client needs to talk to it.
pub struct World {
    pub base: String,
    pub http: reqwest::Client,
    /// The program behind the server.
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

impl World {
    /// Starts a demo world.
    pub async fn demo() -> Self {
        let clock = Clock::pinned("2026-01-15T12:00:00Z".parse().unwrap());
        Self::demo_on(&DbConfig::Memory, clock).await
    }

    /// Starts a demo world in a database, by a clock.
    pub async fn demo_on(config: &DbConfig, clock: Clock) -> Self {
        let db = Db::open(config, schema::MIGRATIONS).await.unwrap();
        let app = App::new(db, clock);
        app.db()
            .write(LayDemo {
                now: app.clock().world_now(),
            })
            .await
            .unwrap();
        app.db().write(Seed).await.unwrap();
        Self::of_app(app, true).await
    }

    /// Starts a server of a program that is there already.
    pub async fn of_app(app: App, sandbox: bool) -> Self {
        let issuer = Issuer::new(&[7; 32], "http://localhost").unwrap();
        let server = Server::new(
            app.clone(),
            issuer,
            Settings {
                sandbox,
                ..Settings::default()
            },
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(serve(server, listener, std::future::pending()));
        #[expect(clippy::disallowed_methods, reason = "a test calls its own server")]
        let http = reqwest::Client::new();
        // A server in production lists no credentials.
        if !sandbox {
            return Self {
                base,
                http,
                app,
                principals: Vec::new(),
            };
        }
        let credentials: Value = http
            .get(format!("{base}/sandbox/credentials"))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let principals = credentials["principals"].as_array().unwrap().clone();
        Self {
            base,
            http,
            app,
            principals,
        }
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
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.base))
            .header("Content-Type", "application/json");
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

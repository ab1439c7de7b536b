//! How client commands talk to a running server.

use std::net::{Ipv4Addr, SocketAddr};

use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use crate::chain;

/// A client of a server. A name below `localhost` is this machine, whether its resolver knows that or not.
pub(crate) fn http(server: &str) -> Result<reqwest::Client, String> {
    builder(server).build().map_err(|error| chain(&error))
}

fn builder(server: &str) -> reqwest::ClientBuilder {
    let builder = reqwest::Client::builder();
    let url = reqwest::Url::parse(server).ok();
    match url.as_ref().and_then(reqwest::Url::host_str) {
        Some(host) if host.ends_with(".localhost") => {
            builder.resolve(host, SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
        }
        _ => builder,
    }
}

/// The header that names a world.
const HEADER: HeaderName = HeaderName::from_static(tierline_api::worlds::HEADER);

/// A running server.
pub(crate) struct Remote {
    base: String,
    http: reqwest::Client,
}

/// What a server said.
pub(crate) enum Answer {
    Done(Value),
    /// What it said in place of doing it.
    Refused(String),
}

impl Remote {
    /// A server, and which of its worlds is meant where its address does not say it.
    pub(crate) fn of(server: &str, world: Option<&str>) -> Result<Self, String> {
        let base = server.trim_end_matches('/').to_owned();
        let mut builder = builder(&base);
        if let Some(world) = world {
            let name = HeaderValue::from_str(world)
                .map_err(|_| format!("--world: `{world}` is no name of a world"))?;
            let named = [(HEADER, name)].into_iter().collect::<HeaderMap>();
            builder = builder.default_headers(named);
        }
        let http = builder.build().map_err(|error| chain(&error))?;
        Ok(Self { base, http })
    }

    fn unreachable(&self, error: &reqwest::Error) -> String {
        format!("{}: {}", self.base, chain(error))
    }

    /// The token of somebody of a sandbox, by its short name.
    pub(crate) async fn token(&self, handle: &str) -> Result<String, String> {
        let found = self.http.get(format!("{}/sandbox/credentials", self.base));
        let found = found
            .send()
            .await
            .map_err(|error| self.unreachable(&error))?;
        let found: Value = found
            .json()
            .await
            .map_err(|error| self.unreachable(&error))?;
        let Some(principals) = found["principals"].as_array() else {
            let said = ["detail", "description"].map(|member| found[member].as_str());
            let said = said.into_iter().flatten().next().unwrap_or_default();
            return Err(format!("the server offers no credentials: {said}"));
        };
        let found = principals
            .iter()
            .find(|principal| principal["handle"] == json!(handle));
        let token = found.and_then(|found| found["accessTokenUser"].as_str());
        token
            .map(str::to_owned)
            .ok_or_else(|| format!("--as: there is nobody called `{handle}`"))
    }

    /// Asks for something.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        token: &str,
        query: &[(&str, String)],
        body: Option<&Value>,
    ) -> Result<Answer, String> {
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.base))
            .bearer_auth(token)
            .query(query);
        if let Some(body) = body {
            request = request.json(body);
        }
        self.answer(request).await
    }

    /// Sends JSON Lines.
    pub(crate) async fn lines(
        &self,
        path: &str,
        token: &str,
        bytes: Vec<u8>,
    ) -> Result<Answer, String> {
        let request = self
            .http
            .post(format!("{}{path}", self.base))
            .bearer_auth(token)
            .header("Content-Type", "application/x-ndjson")
            .body(bytes);
        self.answer(request).await
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> Result<Answer, String> {
        let answer = request
            .send()
            .await
            .map_err(|error| self.unreachable(&error))?;
        let status = answer.status();
        let text = answer
            .text()
            .await
            .map_err(|error| self.unreachable(&error))?;
        let body: Value = serde_json::from_str(&text).unwrap_or_default();
        if status.is_success() {
            return Ok(Answer::Done(body));
        }
        let said = body["detail"].as_str();
        let said = said.map_or_else(|| format!("the server answered {status}"), str::to_owned);
        if status.is_client_error() {
            Ok(Answer::Refused(said))
        } else {
            Err(format!("{}: {said}", self.base))
        }
    }
}

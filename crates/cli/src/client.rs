//! How client commands talk to a running server.

use std::net::{Ipv4Addr, SocketAddr};

use reqwest::Method;
use serde_json::{Value, json};

use crate::chain;

/// A client of a server. A name below `localhost` is this machine, whether its resolver knows that or not.
pub(crate) fn http(server: &str) -> Result<reqwest::Client, String> {
    let mut builder = reqwest::Client::builder();
    let url = reqwest::Url::parse(server).ok();
    if let Some(host) = url.as_ref().and_then(reqwest::Url::host_str)
        && host.ends_with(".localhost")
    {
        builder = builder.resolve(host, SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    }
    builder.build().map_err(|error| chain(&error))
}

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
    pub(crate) fn of(server: &str) -> Result<Self, String> {
        let base = server.trim_end_matches('/').to_owned();
        Ok(Self {
            http: http(&base)?,
            base,
        })
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
            return Err("the server offers no credentials: it is no sandbox".to_owned());
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

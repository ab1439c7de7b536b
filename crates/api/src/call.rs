//! A call of the documented wire by a partner: who calls, what was sent, and how it reaches the program.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tierline_app::act::Act;
use tierline_app::ask::{Answer, ask};
use tierline_app::{AppError, Ctx};
use tierline_domain::partner::Account;
use tierline_store::Tx;
use tierline_store::idempotency::RequestKey;

use crate::auth::Principal;
use crate::problem::Problem;
use crate::server::Server;
use crate::wire::body;
use crate::wire::query::Query;

/// What was sent: a request whose caller is known already, read to its end.
pub(crate) struct Sent {
    pub(crate) method: Method,
    /// As it arrived, in small letters.
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    /// As it stands behind the question mark.
    pub(crate) query: Option<String>,
    pub(crate) bytes: Bytes,
}

impl Sent {
    /// Reads the rest of a request.
    ///
    /// # Errors
    /// A 413 where the body is larger than the server takes, a 400 where it breaks off.
    pub(crate) async fn receive(
        parts: Parts,
        body: Body,
        server: &Server,
    ) -> Result<Self, Problem> {
        let (method, path) = (parts.method.clone(), parts.uri.path().to_owned());
        let (headers, query) = (parts.headers.clone(), parts.uri.query().map(str::to_owned));
        let bytes = Bytes::from_request(Request::from_parts(parts, body), server)
            .await
            .map_err(|error| match error.status() {
                StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(),
                _ => Problem::malformed("body", "could not be read to its end"),
            })?;
        Ok(Self {
            method,
            path,
            headers,
            query,
            bytes,
        })
    }
}

/// One call by a partner. Taken last among a handler's arguments, since it reads the body.
pub(crate) struct Call {
    pub(crate) server: Server,
    pub(crate) principal: Principal,
    /// The partner that calls.
    pub(crate) account: Account,
    pub(crate) query: Query,
    pub(crate) headers: HeaderMap,
    method: Method,
    /// As it arrived, in small letters.
    path: String,
    bytes: Bytes,
}

impl FromRequest<Server> for Call {
    type Rejection = Problem;

    async fn from_request(request: Request, server: &Server) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let principal = Principal::from_request_parts(&mut parts, server).await?;
        let account = principal.partner()?.clone();
        let sent = Sent::receive(parts, body, server).await?;
        Ok(Self {
            server: server.clone(),
            principal,
            account,
            query: Query::read(sent.query.as_deref()),
            headers: sent.headers,
            method: sent.method,
            path: sent.path,
            bytes: sent.bytes,
        })
    }
}

impl Call {
    /// The body as a documented type: member names in any case, nulls as absent.
    ///
    /// # Errors
    /// A 400 that names the member at fault.
    pub(crate) fn body<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        body::read(&self.bytes)
    }

    /// The path as it arrived, in small letters.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The bytes of the body.
    pub(crate) const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The ETag that the caller holds: `If-Match`, or else `attributes.etag` of the body.
    pub(crate) fn etag(&self, in_body: Option<&str>) -> Option<String> {
        let header = self.headers.get(http::header::IF_MATCH);
        let header = header.and_then(|value| value.to_str().ok());
        header
            .or(in_body)
            .map(|tag| tag.trim_matches('"').to_owned())
            .filter(|tag| !tag.is_empty())
    }

    /// The key under which the answer of a write is kept (GEN-006).
    fn key(&self) -> Option<RequestKey> {
        self.principal.request_id.as_deref().map(|id| {
            RequestKey::new(
                self.account.tenant.uuid(),
                id,
                self.method.as_str(),
                &self.path,
                &self.bytes,
            )
        })
    }

    /// The context of what the caller does, with what its records say of where it came from.
    pub(crate) fn ctx(&self) -> Ctx {
        let traced = self.headers.get("ms-correlationid");
        Ctx {
            correlation: traced.and_then(|id| id.to_str().ok()).map(str::to_owned),
            application: Some(self.principal.claims.appid.clone()),
            ..self.server.app().ctx(self.principal.actor())
        }
    }

    /// Does something by name, once per request id.
    ///
    /// # Errors
    /// What refuses it or fails.
    pub(crate) async fn attempt(&self, verb: &str, params: Value) -> Result<Value, AppError> {
        let act = Act {
            actor: self.principal.actor(),
            ..Act::of("", verb, params)
        };
        self.server.app().perform(self.ctx(), act, self.key()).await
    }

    /// Does something by name; a customer that is unknown answers like one that is unrelated.
    ///
    /// # Errors
    /// The refusal or failure as it goes to the wire.
    pub(crate) async fn perform(&self, verb: &str, params: Value) -> Result<Value, Problem> {
        self.attempt(verb, params)
            .await
            .map_err(|error| self.problem(error))
    }

    /// A failure as it goes to the wire.
    pub(crate) fn problem(&self, error: AppError) -> Problem {
        match error {
            AppError::NotFound {
                what: "customer",
                name,
            } => Problem::no_customer(&self.account.handle, &name),
            error => Problem::of(error, self.principal.lang),
        }
    }

    /// Reads on one consistent view.
    ///
    /// # Errors
    /// The read's own, as it goes to the wire.
    pub(crate) async fn read<T, F>(&self, read: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: for<'a, 'b> Fn(&'a mut Tx<'b>) -> Answer<'a, T> + Send + Sync + 'static,
    {
        self.server
            .app()
            .read(ask(read))
            .await
            .map_err(|error| self.problem(error))
    }
}

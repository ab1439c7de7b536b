//! A call of the documented wire by a partner: who calls, what was sent, and how it reaches the program.

use std::marker::PhantomData;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tierline_app::act::Act;
use tierline_app::ask::{Answer, ask};
use tierline_app::{AppError, Ctx};
use tierline_domain::partner::Account;
use tierline_domain::time::Timestamp;
use tierline_store::idempotency::RequestKey;
use tierline_store::{Ahead, Command, Tx};

use crate::auth::{Bearer, Principal};
use crate::problem::Problem;
use crate::recorder::Slot;
use crate::route::Access;
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

/// A body of any type, whole, for handlers that read it in their own way.
pub(crate) struct Whole(pub(crate) Bytes);

impl<S: Send + Sync> FromRequest<S> for Whole {
    type Rejection = BytesRejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, BytesRejection> {
        if request.body().size_hint().exact() == Some(0) {
            return Ok(Self(Bytes::new()));
        }
        let slot = request.extensions().get::<Slot>().cloned();
        let bytes = Bytes::from_request(request, state).await?;
        if let Some(slot) = slot {
            slot.read(&bytes);
        }
        Ok(Self(bytes))
    }
}

impl Sent {
    /// Reads the rest of a request.
    ///
    /// # Errors
    /// A 413 where the body is larger than the server takes, a 400 where it breaks off.
    pub(crate) async fn receive(
        mut parts: Parts,
        body: Body,
        server: &Server,
    ) -> Result<Self, Problem> {
        let (method, path) = (parts.method.clone(), parts.uri.path().to_owned());
        let query = parts.uri.query().map(str::to_owned);
        // Whoever reads the body asks its extensions and not its headers.
        let headers = std::mem::take(&mut parts.headers);
        let Whole(bytes) = Whole::from_request(Request::from_parts(parts, body), server)
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
        Ok(Self::of(server.clone(), principal, account, sent))
    }
}

/// A call by somebody whose token is good, and of whom nothing else is known yet: for handlers on whose way every
/// transaction counts. They find out who calls in the read that they need anyway.
pub(crate) struct Unmet {
    server: Server,
    bearer: Bearer,
    access: Option<Access>,
    sent: Sent,
}

impl FromRequest<Server> for Unmet {
    type Rejection = Problem;

    async fn from_request(request: Request, server: &Server) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let bearer = Bearer::from_request_parts(&mut parts, server).await?;
        Ok(Self {
            server: server.clone(),
            bearer,
            access: parts.extensions.get::<Access>().copied(),
            sent: Sent::receive(parts, body, server).await?,
        })
    }
}

impl Unmet {
    /// Finds out who calls, refuses who may not, and reads what the caller asks for, on one consistent view. `ahead` is
    /// what the read will ask, where that is known before.
    ///
    /// # Errors
    /// The refusal, or the read's own.
    pub(crate) async fn met<T, F>(self, ahead: Option<Ahead>, read: F) -> Result<(Call, T), Problem>
    where
        T: Send + 'static,
        F: for<'a, 'b> Fn(&'a mut Tx<'b>, Account) -> Answer<'a, Result<T, Problem>>
            + Send
            + Sync
            + 'static,
    {
        let (lang, now) = (self.bearer.lang, self.server.app().clock().world_now());
        let (bearer, access) = (self.bearer, self.access);
        let found = self.server.app().read(Meeting {
            bearer,
            access,
            now,
            ahead,
            read,
            reads: PhantomData,
        });
        let found = found.await.map_err(|error| Problem::of(error, lang))?;
        let (principal, account, read) = found?;
        Ok((Call::of(self.server, principal, account, self.sent), read))
    }
}

/// The read in which somebody is met.
struct Meeting<T, F> {
    bearer: Bearer,
    access: Option<Access>,
    now: Timestamp,
    ahead: Option<Ahead>,
    read: F,
    reads: PhantomData<fn() -> T>,
}

impl<T, F> Command for Meeting<T, F>
where
    T: Send,
    F: for<'a, 'b> Fn(&'a mut Tx<'b>, Account) -> Answer<'a, Result<T, Problem>> + Send + Sync,
{
    type Out = Result<(Principal, Account, T), Problem>;
    type Error = AppError;

    fn ahead(&self) -> Vec<Ahead> {
        self.ahead.iter().cloned().collect()
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, AppError> {
        let Some(principal) = self.bearer.party(tx).await? else {
            return Ok(Err(Problem::unauthorized()));
        };
        let admitted = principal.admitted(self.access.as_ref(), self.now);
        let account = match admitted.and_then(|()| principal.partner()) {
            Ok(account) => account.clone(),
            Err(problem) => return Ok(Err(problem)),
        };
        let read = (self.read)(tx, account.clone()).await?;
        Ok(read.map(|read| (principal, account, read)))
    }
}

impl Call {
    fn of(server: Server, principal: Principal, account: Account, sent: Sent) -> Self {
        Self {
            server,
            principal,
            account,
            query: Query::read(sent.query.as_deref()),
            headers: sent.headers,
            method: sent.method,
            path: sent.path,
            bytes: sent.bytes,
        }
    }

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

    /// What the caller does, by name.
    fn act(&self, verb: &str, params: Value) -> Act {
        Act {
            actor: self.principal.actor(),
            ..Act::of("", verb, params)
        }
    }

    /// Does something by name, once per request id.
    ///
    /// # Errors
    /// What refuses it or fails.
    pub(crate) async fn attempt(&self, verb: &str, params: Value) -> Result<Value, AppError> {
        let act = self.act(verb, params);
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

    /// Does something by name, and reads in the same transaction what it came to.
    ///
    /// # Errors
    /// As [`Call::perform`], and the read's own.
    pub(crate) async fn perform_and<T, F>(
        &self,
        verb: &str,
        params: Value,
        then: F,
    ) -> Result<(Value, T), Problem>
    where
        T: Send + 'static,
        F: for<'a, 'b> Fn(&'a mut Tx<'b>, &'a Value) -> Answer<'a, T> + Send + Sync + 'static,
    {
        let (app, act) = (self.server.app(), self.act(verb, params));
        let done = app.perform_and(self.ctx(), act, self.key(), then).await;
        done.map_err(|error| self.problem(error))
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

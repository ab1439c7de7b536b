//! A call of the documented wire by a partner: who calls, what was sent, and how it reaches the program.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::sync::Arc;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tierline_app::act::Act;
use tierline_app::actor::ActorSpec;
use tierline_app::app::{Deed, Sought};
use tierline_app::ask::{Answer, ask};
use tierline_app::{AppError, Ctx, names};
use tierline_domain::partner::Account;
use tierline_domain::time::Timestamp;
use tierline_rules::Lang;
use tierline_store::idempotency::{RequestKey, canonical};
use tierline_store::{Command, Lock, Tx};
use uuid::Uuid;

use crate::auth::{Bearer, Principal};
use crate::problem::Problem;
use crate::recorder::Slot;
use crate::route::Access;
use crate::server::{CORRELATION_ID, Server};
use crate::short_names::Pair;
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
/// transaction counts. They find out who calls in the one that they need anyway.
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
    /// The caller's language.
    pub(crate) const fn lang(&self) -> Lang {
        self.bearer.lang
    }

    /// Finds out who calls, refuses who may not, and reads what the caller asks for, on one consistent view.
    ///
    /// # Errors
    /// The refusal, or the read's own.
    pub(crate) async fn met<T, F>(self, read: F) -> Result<(Call, T), Problem>
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
            read: Arc::new(read),
            reads: PhantomData,
        });
        let found = found.await.map_err(|error| Problem::of(error, lang))?;
        let (principal, account, read) = found?;
        Ok((Call::of(self.server, principal, account, self.sent), read))
    }

    /// Finds out who calls, refuses who may not, does by name what the caller means, and reads what it came to, in one
    /// transaction. `params` are the parameters as they are named, the customer under `customer`; `find` gives those that are
    /// meant, and what else was seen on the way to them.
    ///
    /// Who is not known to have met such a customer is met in a read first: a stranger's call takes nobody's turn.
    ///
    /// # Errors
    /// The refusal, or the failure as it goes to the wire.
    pub(crate) async fn perform<S, T, M, F>(
        self,
        verb: &'static str,
        params: Value,
        find: M,
        then: F,
    ) -> Result<T, Problem>
    where
        S: Send + Sync + 'static,
        T: Send + 'static,
        M: for<'a, 'b> Fn(&'a mut Tx<'b>, Account) -> Answer<'a, Result<Meant<S>, Problem>>
            + Send
            + Sync
            + 'static,
        F: for<'a, 'b> Fn(&'a mut Tx<'b>, &'a S, &'a Value) -> Answer<'a, T>
            + Send
            + Sync
            + 'static,
    {
        let Self {
            server,
            bearer,
            access,
            sent,
        } = self;
        let (tenant, lang) = (bearer.claims.tid, bearer.lang);
        let mut likely = Act::of("", verb, params);
        let customer = canonical(likely.text(CUSTOMER).unwrap_or_default());
        let find = Arc::new(find);
        let names = match server.short_names().of(tenant, &customer) {
            Some(names) => names,
            None => {
                let met = server.app().read(Meeting {
                    bearer: bearer.clone(),
                    access,
                    now: server.app().clock().world_now(),
                    read: Arc::clone(&find),
                    reads: PhantomData,
                });
                let met = met.await.map_err(|error| Problem::of(error, lang))?;
                let (_, account, (meant, _)) = met?;
                let short = meant.get(CUSTOMER).and_then(Value::as_str);
                let names = Pair::new([account.handle, short.unwrap_or_default().to_owned()]);
                server.short_names().learn(tenant, &customer, &names);
                names
            }
        };
        let [partner, short] = names.as_ref();
        likely.actor = ActorSpec::of(partner);
        likely
            .params
            .insert(CUSTOMER.to_owned(), short.as_str().into());
        let ctx = server.app().ctx(likely.actor.clone());
        let ctx = told(ctx, &sent.headers, &bearer.claims.appid);
        let request = (&sent.method, sent.path.as_str(), &*sent.bytes);
        let key = key(tenant, bearer.request_id.as_deref(), request);
        let errand = Errand {
            now: ctx.now,
            bearer,
            access,
            likely,
            find,
            finds: PhantomData,
        };
        let done = server.app().perform_found(ctx, errand, key, then).await;
        if matches!(done, Ok(Err(_))) {
            server.short_names().forget(tenant, &customer);
        }
        let (_, read) = done.map_err(|error| problem(error, partner, lang))??;
        Ok(read)
    }
}

/// What is known of a caller's context beside who it is: what its records say of where a call came from.
pub(crate) fn told(ctx: Ctx, headers: &HeaderMap, application: &str) -> Ctx {
    let traced = headers.get(CORRELATION_ID);
    Ctx {
        correlation: traced.and_then(|id| id.to_str().ok()).map(str::to_owned),
        application: Some(application.to_owned()),
        ..ctx
    }
}

/// Parameters that are meant, and what else was seen.
pub(crate) type Meant<S> = (Value, S);

/// The parameter that names a customer.
const CUSTOMER: &str = "customer";

/// What somebody does, by name.
fn act(principal: &Principal, verb: &str, params: Value) -> Act {
    Act {
        actor: principal.actor(),
        ..Act::of("", verb, params)
    }
}

/// The key under which the answer of a tenant's write is kept (GEN-006).
fn key(tenant: Uuid, request_id: Option<&str>, sent: (&Method, &str, &[u8])) -> Option<RequestKey> {
    let (method, path, body) = sent;
    request_id.map(|id| RequestKey::new(tenant, id, method.as_str(), path, body))
}

/// A failure of what a partner asked for as it goes to the wire: a customer that is unknown answers like one that is
/// unrelated.
fn problem(error: AppError, partner: &str, lang: Lang) -> Problem {
    match error {
        AppError::NotFound {
            what: "customer",
            name,
        } => Problem::no_customer(partner, &name),
        error => Problem::of(error, lang),
    }
}

/// Something that is done by somebody whom its own transaction meets.
struct Errand<S, M> {
    bearer: Bearer,
    access: Option<Access>,
    now: Timestamp,
    likely: Act,
    find: Arc<M>,
    finds: PhantomData<fn() -> S>,
}

impl<S, M> Deed for Errand<S, M>
where
    S: Send + Sync + 'static,
    M: for<'a, 'b> Fn(&'a mut Tx<'b>, Account) -> Answer<'a, Result<Meant<S>, Problem>>
        + Send
        + Sync
        + 'static,
{
    type Seen = S;
    type Nothing = Problem;

    fn likely(&self) -> &Act {
        &self.likely
    }

    /// Of the two parties only: what else a call names is looked at where it is theirs.
    fn locks(&self) -> Vec<Lock> {
        let Act { actor, params, .. } = &self.likely;
        let customer = params.get(CUSTOMER).and_then(Value::as_str);
        let parties = [Some(actor.party()), customer];
        parties.into_iter().flatten().map(names::lock).collect()
    }

    async fn find<'a>(&'a self, tx: &mut Tx<'_>) -> Sought<'a, S, Problem> {
        let access = self.access.as_ref();
        let mut met = self.bearer.met(tx, access, self.now).await?;
        // Who was guessed to be somebody else is met again in its own turn.
        if let Ok((_, account)) = &met
            && names::turn(tx, &account.handle).await?
        {
            met = self.bearer.met(tx, access, self.now).await?;
        }
        let (principal, account) = match met {
            Ok(met) => met,
            Err(problem) => return Ok(Err(problem)),
        };
        let found = (self.find)(tx, account).await?;
        Ok(found.map(|(params, seen)| {
            let act = act(&principal, &self.likely.verb, params);
            (Cow::Owned(act), seen)
        }))
    }
}

/// The read in which somebody is met.
struct Meeting<T, F> {
    bearer: Bearer,
    access: Option<Access>,
    now: Timestamp,
    read: Arc<F>,
    reads: PhantomData<fn() -> T>,
}

impl<T, F> Command for Meeting<T, F>
where
    T: Send,
    F: for<'a, 'b> Fn(&'a mut Tx<'b>, Account) -> Answer<'a, Result<T, Problem>> + Send + Sync,
{
    type Out = Result<(Principal, Account, T), Problem>;
    type Error = AppError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, AppError> {
        let met = self.bearer.met(tx, self.access.as_ref(), self.now).await?;
        let (principal, account) = match met {
            Ok(met) => met,
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
        let request = (&self.method, self.path.as_str(), &*self.bytes);
        let id = self.principal.request_id.as_deref();
        key(self.account.tenant.uuid(), id, request)
    }

    /// The context of what the caller does, with what its records say of where it came from.
    pub(crate) fn ctx(&self) -> Ctx {
        let ctx = self.server.app().ctx(self.principal.actor());
        told(ctx, &self.headers, &self.principal.claims.appid)
    }

    /// Does something by name, once per request id.
    ///
    /// # Errors
    /// What refuses it or fails.
    pub(crate) async fn attempt(&self, verb: &str, params: Value) -> Result<Value, AppError> {
        let act = act(&self.principal, verb, params);
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
        let (app, act) = (self.server.app(), act(&self.principal, verb, params));
        let done = app.perform_and(self.ctx(), act, self.key(), then).await;
        done.map_err(|error| self.problem(error))
    }

    /// A failure as it goes to the wire.
    pub(crate) fn problem(&self, error: AppError) -> Problem {
        problem(error, &self.account.handle, self.principal.lang)
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

//! The server: state, layers, router, start and stop.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::serve::ListenerExt as _;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tierline_app::App;
use tierline_domain::partner::{Account, Environment};
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::{Layer, Service, ServiceExt as _};
use uuid::Uuid;

use crate::calls::Calls;
use crate::identity::Issuer;
use crate::identity::password::Failures;
use crate::ours::lang_of;
use crate::problem::Problem;
use crate::recorder::{self, Recorder};
use crate::routes::inbox::Inbox;
use crate::short_names::ShortNames;
use crate::throttle::{self, Budgets, Throttle};
use crate::worlds::{self, WORLDS_MAX, Worlds};
use crate::{routes, wire};

/// How a server is set up.
#[derive(Clone, Debug)]
pub struct Settings {
    /// A sandbox: credentials can be listed, the clock moved.
    pub sandbox: bool,
    /// Largest body in bytes.
    pub body_bytes_max: usize,
    /// Longest time for one request.
    pub request_seconds_max: u64,
    /// The address under which clients reach this server; without one it is what they write into `Host`.
    pub public_url: Option<String>,
    /// How many calls a partner has (GEN-008); without budgets, any number.
    pub budgets: Option<Budgets>,
    /// Which world of a sandbox this is; none for the server's own.
    pub world: Option<String>,
    /// Most worlds of a sandbox beside the server's own.
    pub worlds_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            sandbox: false,
            body_bytes_max: 1024 * 1024,
            request_seconds_max: 30,
            public_url: None,
            budgets: None,
            world: None,
            worlds_max: WORLDS_MAX,
        }
    }
}

/// What may go on at a time after its caller was answered.
const UNDER_WAY_MAX: usize = 256;

/// What every handler reaches: the app, the issuer, the settings.
#[derive(Clone)]
pub struct Server {
    inner: Arc<Inner>,
}

struct Inner {
    app: App,
    issuer: Issuer,
    settings: Settings,
    throttle: Option<Throttle>,
    failures: Failures,
    recorder: Recorder,
    calls: Calls,
    short_names: ShortNames,
    under_way: Arc<Semaphore>,
    inbox: Inbox,
    worlds: Option<Worlds>,
}

impl Server {
    /// A server on an app.
    #[must_use]
    pub fn new(app: App, issuer: Issuer, settings: Settings) -> Self {
        Self::with(app, issuer, settings, None)
    }

    /// A sandbox server with worlds beside its own.
    #[must_use]
    pub fn of_worlds(app: App, issuer: Issuer, settings: Settings, worlds: Worlds) -> Self {
        Self::with(app, issuer, settings, Some(worlds))
    }

    fn with(app: App, issuer: Issuer, settings: Settings, worlds: Option<Worlds>) -> Self {
        Self {
            inner: Arc::new(Inner {
                app,
                issuer,
                throttle: settings.budgets.clone().map(Throttle::new),
                failures: Failures::default(),
                recorder: Recorder::default(),
                calls: Calls::default(),
                short_names: ShortNames::default(),
                under_way: Arc::new(Semaphore::new(UNDER_WAY_MAX)),
                inbox: Inbox::default(),
                settings,
                worlds,
            }),
        }
    }

    /// The worlds beside its own; none in production, on PostgreSQL, and for such a world itself.
    pub(crate) fn worlds(&self) -> Option<&Worlds> {
        self.inner.worlds.as_ref()
    }

    /// The app.
    #[must_use]
    pub fn app(&self) -> &App {
        &self.inner.app
    }

    /// The token issuer.
    #[must_use]
    pub fn issuer(&self) -> &Issuer {
        &self.inner.issuer
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// Whether whoever acts for an account works in a sandbox: the whole server is one, or the account is.
    pub(crate) fn is_sandbox_of(&self, account: Option<&Account>) -> bool {
        let own = account.map(|account| account.environment);
        self.settings().sandbox || own == Some(Environment::Sandbox)
    }

    /// What limits calls, where something does.
    pub(crate) fn throttle(&self) -> Option<&Throttle> {
        self.inner.throttle.as_ref()
    }

    /// What was asked and answered lately.
    pub(crate) fn recorder(&self) -> &Recorder {
        &self.inner.recorder
    }

    /// How many calls there were, and with a second factor.
    pub(crate) fn calls(&self) -> &Calls {
        &self.inner.calls
    }

    /// Whom calls most likely speak of.
    pub(crate) fn short_names(&self) -> &ShortNames {
        &self.inner.short_names
    }

    /// Leave to go on with something after its caller was answered, until it is given back: few enough have it at a time, and
    /// the server does not end before they have done.
    pub(crate) async fn leave(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.inner.under_way).acquire_owned().await.ok()
    }

    /// Waits until nothing is under way any more whose caller was answered.
    pub async fn settled(&self) {
        let all = u32::try_from(UNDER_WAY_MAX).unwrap_or(u32::MAX);
        drop(self.inner.under_way.acquire_many(all).await);
    }

    /// What the receiver of a sandbox's own deliveries has heard.
    pub(crate) fn inbox(&self) -> &Inbox {
        &self.inner.inbox
    }

    /// Failed sign-ins.
    pub(crate) fn failures(&self) -> &Failures {
        &self.inner.failures
    }
}

/// What answers every request: the router, and what stands around it. The whole is one future on the heap; as layers,
/// each step would be one more, with a copy of everything behind it.
#[derive(Clone)]
pub(crate) struct Door {
    server: Server,
    router: <DefaultBodyLimit as Layer<Router>>::Service,
}

impl Door {
    pub(crate) fn new(server: &Server) -> Self {
        let limit = DefaultBodyLimit::max(server.settings().body_bytes_max);
        Self {
            server: server.clone(),
            router: limit.layer(routes::all().with_state(server.clone())),
        }
    }
}

impl Service<Request> for Door {
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // A router is always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let Self { server, router } = self.clone();
        let longest = Duration::from_secs(server.settings().request_seconds_max);
        Box::pin(async move {
            let routed =
                |request| throttle::gate(&server, request, |request| router.oneshot(request));
            let answered = |request| {
                echo(normalise(request), |request| {
                    bounded(longest, routed(request))
                })
            };
            Ok(recorder::record(&server, request, answered).await)
        })
    }
}

/// An answer in time: a handler that panics takes nobody else along, and one that never ends is given up.
async fn bounded(
    longest: Duration,
    answer: impl Future<Output = Result<Response, Infallible>>,
) -> Response {
    let answer = AssertUnwindSafe(answer).catch_unwind();
    match tokio::time::timeout(longest, answer).await {
        Ok(Ok(Ok(response))) => response,
        Ok(Ok(Err(never))) => match never {},
        Ok(Err(_)) => {
            tracing::error!("a handler panicked");
            (StatusCode::INTERNAL_SERVER_ERROR, "the server failed").into_response()
        }
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// Serves until `stop` resolves, then finishes what is under way.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    server: Server,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let own = Door::new(&server);
    // The last part of a large answer does not wait for the client to acknowledge the one before: 40 ms.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps waiting for full packets");
        }
    });
    if !server.settings().sandbox {
        let service =
            axum::ServiceExt::<Request>::into_make_service_with_connect_info::<SocketAddr>(own);
        let served = axum::serve(listener, service).with_graceful_shutdown(stop);
        return served.await;
    }
    let chosen = tower::service_fn(move |request: Request| {
        let (own, worlds) = (own.clone(), server.worlds().cloned());
        async move {
            match worlds {
                Some(worlds) => worlds.answer(own, request).await,
                // Where a sandbox has one world, nobody who asks for another is answered by it.
                None => match worlds::named(&request) {
                    Ok(None) => own.oneshot(request).await,
                    Ok(Some(name)) => Ok(refused(request, Problem::no_world(&name)).await),
                    Err(problem) => Ok(refused(request, problem).await),
                },
            }
        }
    });
    let service =
        axum::ServiceExt::<Request>::into_make_service_with_connect_info::<SocketAddr>(chosen);
    axum::serve(listener, service)
        .with_graceful_shutdown(stop)
        .await
}

/// The address a listener got.
///
/// # Errors
/// When the listener is gone.
pub fn address(listener: &TcpListener) -> std::io::Result<SocketAddr> {
    listener.local_addr()
}

/// Rewrites the path before routing; see [`wire::path`].
fn normalise(mut request: Request<Body>) -> Request<Body> {
    let uri = request.uri();
    if wire::path::is_normal(uri.path()) {
        return request;
    }
    let path = wire::path::normalise(uri.path());
    if path != uri.path() {
        let rewritten = match uri.query() {
            Some(query) => format!("{path}?{query}"),
            None => path,
        };
        if let Ok(rewritten) = rewritten.parse() {
            *request.uri_mut() = rewritten;
        }
    }
    request
}

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("ms-requestid");
pub(crate) const CORRELATION_ID: HeaderName = HeaderName::from_static("ms-correlationid");

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const JSON_AS_DOCUMENTED: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// Echoes the two ids on every answer; made up where the caller gave none (GEN-006). Logs each request once.
async fn echo<F>(mut request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let ids = ids(&request);
    // What the call is traced by stands in its records too, also where it was made up here.
    if let [_, (name, Some(value))] = &ids {
        request.headers_mut().insert(name.clone(), value.clone());
    }
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let lang = lang_of(request.headers());
    let known = |step| routes::documented::placeholder(&path, step);
    let answer = match wire::path::readable(&path, request.uri().query(), known) {
        Ok(()) => next(request).await,
        Err(problem) => problem.into_response(),
    };
    let response = wire::failures::shaped(&path, lang, traced(&ids), answer).await;
    let response = echoed(ids, response);
    tracing::info!(%method, path, status = response.status().as_u16(), "request");
    response
}

/// Answers a request that reaches no router, in the shape of its path and with its ids.
pub(crate) async fn refused(request: Request, problem: Problem) -> Response {
    let path = wire::path::normalise(request.uri().path());
    let lang = lang_of(request.headers());
    let ids = ids(&request);
    let answer = problem.into_response();
    let answer = wire::failures::shaped(&path, lang, traced(&ids), answer).await;
    let response = echoed(ids, answer);
    tracing::info!(path, status = response.status().as_u16(), "request");
    response
}

type Ids = [(HeaderName, Option<HeaderValue>); 2];

fn ids(request: &Request) -> Ids {
    [REQUEST_ID, CORRELATION_ID].map(|name| {
        let value = request.headers().get(&name).cloned().or_else(fresh_id);
        (name, value)
    })
}

/// The id by which a call is found again.
fn traced(ids: &Ids) -> Option<&str> {
    ids.iter()
        .find_map(|(_, value)| value.as_ref()?.to_str().ok())
}

fn echoed(ids: Ids, mut response: Response) -> Response {
    for (name, value) in ids {
        if let Some(value) = value {
            response.headers_mut().insert(name, value);
        }
    }
    if response.headers().get(CONTENT_TYPE) == Some(&JSON) {
        response
            .headers_mut()
            .insert(CONTENT_TYPE, JSON_AS_DOCUMENTED);
    }
    response
}

fn fresh_id() -> Option<HeaderValue> {
    let drawn = Uuid::from_bytes(rand::random());
    HeaderValue::from_str(drawn.hyphenated().encode_lower(&mut Uuid::encode_buffer())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_handler_that_panics_or_never_ends_is_answered() {
        let late = bounded(Duration::ZERO, std::future::pending()).await;
        assert_eq!(late.status(), StatusCode::SERVICE_UNAVAILABLE);
        let broken = bounded(Duration::MAX, async { panic!("a fault of a handler") }).await;
        assert_eq!(broken.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let done = bounded(Duration::MAX, async {
            Ok(StatusCode::CREATED.into_response())
        })
        .await;
        assert_eq!(done.status(), StatusCode::CREATED);
    }
}

//! The interactive sign-in: password, second factor, consent, and back to the application with a code.
//!
//! Between two pages nothing is kept here. What was asked and how far the user came travels in the form, sealed,
//! and belongs to one browser by a cookie: a form that comes from elsewhere, or to another browser, is refused.
//!
//! Here is what an application asks for and the way back to it; the steps of a user are in [`signing_in`], what they
//! read and write in [`rows`].

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use tierline_app::ask::ask;
use tierline_rules::Lang;
use tierline_store::tables::Application;
use uuid::Uuid;

use super::discovery;
use super::oauth::{Failure, Form, OauthError, PORTAL_BACK, Tenancy, built_in, registered};
use super::sign_in_page as page;
use crate::identity::PORTAL;
use crate::route::{self, Access, Route};
use crate::server::Server;

mod rows;
mod signing_in;

use signing_in::{SigningIn, Stage};

/// The longest `state` and `nonce` that are carried.
const CARRIED_MAX: usize = 2_048;

pub(super) fn routes() -> Vec<Route> {
    let documented = route::get(
        "/common/oauth2/authorize",
        "The sign-in page; it ends in a redirect with a code.",
        begin_anywhere,
    )
    .shows(
        "auth-authorize",
        "identity_sign_in.rs a_user_signs_in_and_the_code_becomes_tokens",
    );
    let begin = |path| route::get(path, "The sign-in page of a tenant.", begin);
    let step = |path| route::post(path, "A step of the sign-in page.", step);
    let routes = vec![
        documented,
        begin("/{tenant-id}/oauth2/authorize"),
        begin("/{tenant-id}/oauth2/v2.0/authorize"),
        route::post(
            "/common/oauth2/authorize",
            "A step of the sign-in page.",
            step_anywhere,
        ),
        step("/{tenant-id}/oauth2/authorize"),
        step("/{tenant-id}/oauth2/v2.0/authorize"),
    ];
    routes
        .into_iter()
        .map(|route| {
            let route = route.access(Access::Open).page();
            match route.method {
                http::Method::GET => route
                    .query("client_id", "The application.")
                    .query("response_type", "`code`.")
                    .query("redirect_uri", "Where to send the user back to.")
                    .query("state", "Comes back as it was sent.")
                    .query("code_challenge", "SHA-256 of the verifier (RFC 7636).")
                    .query("code_challenge_method", "`S256`.")
                    .answers_plain(StatusCode::OK)
                    .answers_plain(StatusCode::FOUND),
                _ => route
                    .answers_plain(StatusCode::OK)
                    .answers_plain(StatusCode::FOUND),
            }
        })
        .collect()
}

/// What an application asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Asked {
    client: Uuid,
    redirect_uri: String,
    state: Option<String>,
    challenge: Option<String>,
    nonce: Option<String>,
    /// The only tenant whose users may sign in.
    tenant: Option<Uuid>,
    login_hint: Option<String>,
}

/// An address on the user's own machine.
pub(super) fn is_loopback(url: &reqwest::Url) -> bool {
    matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

/// Whether an application registered this address. On the user's own machine the port may be any (RFC 8252).
fn is_registered(application: &Application, wanted: &str) -> bool {
    application.redirect_uris.iter().any(|known| {
        if known == wanted || application.client_id == PORTAL {
            return known == wanted;
        }
        let (Ok(mut known), Ok(mut wanted)) =
            (reqwest::Url::parse(known), reqwest::Url::parse(wanted))
        else {
            return false;
        };
        let is_local = |url: &reqwest::Url| url.scheme() == "http" && is_loopback(url);
        is_local(&known)
            && is_local(&wanted)
            && known.set_port(None).is_ok()
            && wanted.set_port(None).is_ok()
            && known == wanted
    })
}

/// Back to the application.
fn redirect(asked: &Asked, answer: &[(&str, &str)]) -> Response {
    let state = asked.state.as_deref().map(|state| ("state", state));
    let address =
        reqwest::Url::parse_with_params(&asked.redirect_uri, answer.iter().copied().chain(state));
    let location = address
        .ok()
        .and_then(|address| HeaderValue::from_str(address.as_str()).ok());
    let Some(location) = location else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut response = StatusCode::FOUND.into_response();
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, location);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    response
}

fn language(headers: &HeaderMap) -> Lang {
    let value = headers.get(header::ACCEPT_LANGUAGE);
    value
        .and_then(|value| value.to_str().ok())
        .map_or(Lang::En, Lang::of_locale)
}

async fn begin_anywhere(server: State<Server>, headers: HeaderMap, query: RawQuery) -> Response {
    begin(server, Path("common".to_owned()), headers, query).await
}

async fn begin(
    State(server): State<Server>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let lang = language(&headers);
    let form = Form::of(query.as_deref());
    match asked(&server, &headers, &tenant, &form).await {
        Ok(asked) => {
            let sign_in = SigningIn::new(server, &headers, lang, asked);
            sign_in.show(Stage::Name, None).await
        }
        Err(Refused::Back(asked, error, text)) => {
            redirect(&asked, &[("error", error), ("error_description", text)])
        }
        Err(Refused::Here(failure)) => broken(lang, failure),
    }
}

/// Why a sign-in does not begin: told to the application, or, where that is not known to be one, to the user.
enum Refused {
    Back(Box<Asked>, &'static str, &'static str),
    Here(Failure),
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self::Here(failure)
    }
}

impl From<OauthError> for Refused {
    fn from(error: OauthError) -> Self {
        Self::Here(error.into())
    }
}

fn broken(lang: Lang, failure: Failure) -> Response {
    match failure {
        Failure::Oauth(error) => page::stopped(lang, error.status, &error.description),
        Failure::Other(problem) => problem.into_response(),
    }
}

/// Where an application may have its codes sent to. The portal takes them at the address under which its own pages were
/// asked for.
fn back_to(server: &Server, headers: &HeaderMap, application: Application) -> Application {
    if application.client_id != PORTAL {
        return application;
    }
    let own = format!("{}{PORTAL_BACK}", discovery::base(server, headers));
    Application {
        redirect_uris: vec![own],
        ..application
    }
}

async fn asked(
    server: &Server,
    headers: &HeaderMap,
    tenant: &str,
    form: &Form,
) -> Result<Asked, Refused> {
    built_in(server)?;
    form.once()?;
    let unknown = || OauthError::new("invalid_request", "the application is unknown");
    let client: Uuid = form
        .get("client_id")
        .and_then(|client| client.parse().ok())
        .ok_or_else(unknown)?;
    let found = server
        .app()
        .read(ask(move |tx| Box::pin(registered(tx, client))))
        .await
        .map_err(Failure::from)?;
    let (application, _, secrets) = found.ok_or_else(unknown)?;
    let application = back_to(server, headers, application);
    let strange = || {
        OauthError::new(
            "invalid_request",
            "redirect_uri is no address that this application registered",
        )
    };
    // The documentation spells it in one way, clients in the other.
    let wanted = form
        .get("redirect_uri")
        .or_else(|| form.get("redirect_url"));
    let redirect_uri = match (wanted, application.redirect_uris.as_slice()) {
        (Some(wanted), _) if is_registered(&application, wanted) => wanted.to_owned(),
        (None, [only]) => only.clone(),
        _ => return Err(strange().into()),
    };
    let tenancy = Tenancy::find(server, tenant).await?;
    let owned = |name| form.get(name).map(str::to_owned);
    let asked = Asked {
        client,
        redirect_uri,
        state: owned("state"),
        challenge: owned("code_challenge"),
        nonce: owned("nonce"),
        tenant: match tenancy {
            Tenancy::Any => None,
            Tenancy::Of(tenant) => Some(tenant.id.uuid()),
        },
        login_hint: owned("login_hint"),
    };
    match unfit(form, &asked, secrets.is_empty()) {
        None => Ok(asked),
        Some((error, text)) => Err(Refused::Back(Box::new(asked), error, text)),
    }
}

/// What is wrong with a request whose application and way back are known.
fn unfit(form: &Form, asked: &Asked, is_public: bool) -> Option<(&'static str, &'static str)> {
    let is_long = |text: &Option<String>| text.as_ref().is_some_and(|t| t.len() > CARRIED_MAX);
    if form.get("response_type") != Some("code") {
        return Some(("unsupported_response_type", "response_type is code"));
    }
    if form
        .get("response_mode")
        .is_some_and(|mode| mode != "query")
    {
        return Some(("invalid_request", "response_mode is query"));
    }
    match (&asked.challenge, form.get("code_challenge_method")) {
        (Some(challenge), Some("S256")) if challenge.len() == 43 => {}
        (Some(_), _) => {
            return Some((
                "invalid_request",
                "code_challenge is a SHA-256 digest, and code_challenge_method S256",
            ));
        }
        (None, Some(_)) => return Some(("invalid_request", "code_challenge is missing")),
        (None, None) if is_public => {
            return Some((
                "invalid_request",
                "an application without a secret needs a code_challenge",
            ));
        }
        (None, None) => {}
    }
    if is_long(&asked.state) || is_long(&asked.nonce) {
        return Some((
            "invalid_request",
            "state and nonce have at most 2048 letters",
        ));
    }
    if form.get("prompt") == Some("none") {
        return Some(("login_required", "nobody is signed in here"));
    }
    None
}

async fn step_anywhere(server: State<Server>, headers: HeaderMap, body: Bytes) -> Response {
    step(server, headers, body).await
}

async fn step(State(server): State<Server>, headers: HeaderMap, body: Bytes) -> Response {
    let lang = language(&headers);
    let form = match Form::read(&body) {
        Ok(form) => form,
        Err(error) => return broken(lang, error.into()),
    };
    let Some((sign_in, stage)) = SigningIn::read(server, &headers, lang, &form) else {
        let text = page::words(lang).gone;
        return page::stopped(lang, StatusCode::BAD_REQUEST, text);
    };
    if form.get("cancel").is_some() {
        return redirect(
            &sign_in.asked,
            &[
                ("error", "access_denied"),
                ("error_description", "the user cancelled"),
            ],
        );
    }
    sign_in.step(stage, &form).await
}

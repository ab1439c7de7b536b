//! The interactive sign-in: password, second factor, consent, and back to the application with a code.
//!
//! Between two pages nothing is kept here. What was asked and how far the user came travels in the form, sealed,
//! and belongs to one browser by a cookie: a form that comes from elsewhere, or to another browser, is refused.
// tidy: long because a sign-in, from the request to the code, is one flow that is read in order.

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use tierline_app::AppError;
use tierline_app::ask::ask;
use tierline_domain::admin::{Mfa, ProgramRole, User};
use tierline_domain::partner::{Account, Organization};
use tierline_domain::time::Timestamp;
use tierline_rules::Lang;
use tierline_store::tables::{
    Application, AuthorizationCode, Consent, Grant, Password, SignIn, users,
};
use tierline_store::{Command, Json as StoredJson, Lock, Tx, Value as Stored, tables};
use uuid::Uuid;

use super::oauth::{Failure, Form, OauthError, Tenancy, built_in, registered};
use super::sign_in_page::{self as page, Page};
use crate::identity::{self, SCOPE_API, password, second_factor};
use crate::problem::Problem;
use crate::route::{self, Access, Route};
use crate::server::Server;

/// How long a code can be exchanged.
const CODE_SECONDS: i64 = 300;
/// How long a user may take between two pages.
const PAGE_SECONDS: i64 = 900;
const COOKIE: &str = "tierline-sign-in";
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

/// How far a user came.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Stage {
    /// Who is it?
    Name,
    /// The password was right, and has to be changed; it was set at this instant.
    NewPassword { user: Uuid, set: i64 },
    /// The password was right, and there is no second factor yet: this one is offered.
    SetUp { user: Uuid, secret: Vec<u8> },
    /// The password was right.
    Code { user: Uuid },
    /// All was right.
    Consent { user: Uuid, mfa: bool },
}

/// What travels in the form.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Flow {
    asked: Asked,
    stage: Stage,
    /// The browser it belongs to: the hash of its cookie.
    browser: Vec<u8>,
    /// Until when, in seconds.
    until: i64,
}

/// An address on the user's own machine.
pub(super) fn is_loopback(url: &reqwest::Url) -> bool {
    matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

/// Whether an application registered this address. On the user's own machine the port may be any (RFC 8252).
fn is_registered(application: &Application, wanted: &str) -> bool {
    application.redirect_uris.iter().any(|known| {
        if known == wanted {
            return true;
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
    match asked(&server, &tenant, &form).await {
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

async fn asked(server: &Server, tenant: &str, form: &Form) -> Result<Asked, Refused> {
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

/// One user who signs in.
struct SigningIn {
    server: Server,
    lang: Lang,
    asked: Asked,
    /// The browser's cookie.
    cookie: String,
    now: Timestamp,
}

/// The value of our cookie.
fn cookie(headers: &HeaderMap) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter();
    all.filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, value)| *name == COOKIE && value.len() == 43)
        .map(|(_, value)| value.to_owned())
}

impl SigningIn {
    fn new(server: Server, headers: &HeaderMap, lang: Lang, asked: Asked) -> Self {
        Self {
            now: server.app().clock().server_now(),
            server,
            lang,
            asked,
            cookie: cookie(headers).unwrap_or_else(identity::secret),
        }
    }

    /// A form that we made, for this browser, not long ago.
    fn read(server: Server, headers: &HeaderMap, lang: Lang, form: &Form) -> Option<(Self, Stage)> {
        let cookie = cookie(headers)?;
        let sealed = server.issuer().unseal(form.get("flow")?)?;
        let flow: Flow = serde_json::from_slice(&sealed).ok()?;
        let now = server.app().clock().server_now();
        let is_ours = identity::same(&flow.browser, &identity::hash(&cookie));
        (is_ours && identity::seconds(now) < flow.until).then_some((
            Self {
                now,
                server,
                lang,
                asked: flow.asked,
                cookie,
            },
            flow.stage,
        ))
    }

    /// The page of a stage.
    async fn show(&self, stage: Stage, problem: Option<&str>) -> Response {
        let content = match &stage {
            Stage::Name => Page::Name {
                hint: self.asked.login_hint.clone().unwrap_or_default(),
                everybody: match self.everybody().await {
                    Ok(everybody) => everybody,
                    Err(problem) => return problem.into_response(),
                },
            },
            Stage::NewPassword { .. } => Page::NewPassword,
            Stage::SetUp { user, secret } => match self.holder(*user).await {
                Ok(Some(holder)) => Page::SetUp {
                    name: holder.user.sign_in_name,
                    secret: second_factor::spelled(secret),
                },
                Ok(None) => return self.gone(),
                Err(problem) => return problem.into_response(),
            },
            Stage::Code { .. } => Page::Code,
            Stage::Consent { user, .. } => match self.holder(*user).await {
                Ok(Some(holder)) => Page::Consent {
                    application: holder.application.name,
                    publisher: holder.publisher,
                    name: holder.user.sign_in_name,
                },
                Ok(None) => return self.gone(),
                Err(problem) => return problem.into_response(),
            },
        };
        let flow = Flow {
            asked: self.asked.clone(),
            stage,
            browser: identity::hash(&self.cookie),
            until: identity::seconds(self.now).saturating_add(PAGE_SECONDS),
        };
        let sealed = self
            .server
            .issuer()
            .seal(&serde_json::to_vec(&flow).unwrap_or_default());
        let origin = reqwest::Url::parse(&self.asked.redirect_uri)
            .map(|url| url.origin().ascii_serialization())
            .unwrap_or_default();
        let mut response = page::render(self.lang, &content, problem, &sealed, &origin);
        let secure = self.server.settings().public_url.as_deref();
        let secure = match secure {
            Some(address) if address.starts_with("https://") => "; Secure",
            _ => "",
        };
        let cookie = format!(
            "{COOKIE}={}; Path=/; HttpOnly; SameSite=Lax; Max-Age={PAGE_SECONDS}{secure}",
            self.cookie
        );
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().insert(header::SET_COOKIE, cookie);
        }
        response
    }

    fn gone(&self) -> Response {
        page::stopped(
            self.lang,
            StatusCode::BAD_REQUEST,
            page::words(self.lang).gone,
        )
    }

    async fn step(self, stage: Stage, form: &Form) -> Response {
        let done = match stage {
            Stage::Name => self.name(form).await,
            Stage::NewPassword { user, set } => self.new_password(user, set, form).await,
            Stage::SetUp { user, secret } => self.second_factor(user, Some(secret), form).await,
            Stage::Code { user } => self.second_factor(user, None, form).await,
            Stage::Consent { user, mfa } => match form.get("consent") {
                Some("yes") => self.finish(user, mfa, true).await,
                _ => Ok(self.show(Stage::Consent { user, mfa }, None).await),
            },
        };
        done.unwrap_or_else(IntoResponse::into_response)
    }

    /// A name that has failed too often waits.
    fn waits(&self, name: &str) -> Option<Response> {
        let wait = self.server.failures().wait(name, self.now)?;
        let text = page::words(self.lang).wait;
        let mut response = page::stopped(self.lang, StatusCode::TOO_MANY_REQUESTS, text);
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(wait));
        Some(response)
    }

    async fn name(&self, form: &Form) -> Result<Response, Problem> {
        let words = page::words(self.lang);
        if let Some(id) = form.get("as").filter(|_| self.server.settings().sandbox) {
            let holder = match id.parse() {
                Ok(id) => self.holder(id).await?,
                Err(_) => None,
            };
            return match holder {
                Some(holder) => {
                    let mfa = holder.user.mfa == Mfa::Present;
                    self.finish(holder.user.id.uuid(), mfa, false).await
                }
                None => Ok(self.gone()),
            };
        }
        let (Some(name), Some(given)) = (form.get("name"), form.get("password")) else {
            return Ok(self.show(Stage::Name, Some(words.wrong)).await);
        };
        let name = name.trim().to_lowercase();
        if let Some(response) = self.waits(&name) {
            return Ok(response);
        }
        let found = self.credentials(name.clone()).await?;
        let stored = found.as_ref().map(|(_, password)| password.hash.clone());
        let given: String = given.chars().take(password::LETTERS_MAX + 1).collect();
        let fits = password::fits(given, stored).await;
        let Some((user, known)) = found.filter(|_| fits) else {
            self.server.failures().add(&name, self.now);
            return Ok(self.show(Stage::Name, Some(words.wrong)).await);
        };
        self.server.failures().clear(&name);
        let id = user.id.uuid();
        let stage = if known.must_change {
            let set = known.changed.as_micros();
            Stage::NewPassword { user: id, set }
        } else {
            after_password(id, &known)
        };
        Ok(self.show(stage, None).await)
    }

    async fn new_password(&self, user: Uuid, set: i64, form: &Form) -> Result<Response, Problem> {
        let words = page::words(self.lang);
        let again = |problem| self.show(Stage::NewPassword { user, set }, Some(problem));
        let (Some(first), Some(second)) = (form.get("new"), form.get("again")) else {
            return Ok(again(words.short).await);
        };
        let letters = first.chars().count();
        if !(password::LETTERS_MIN..=password::LETTERS_MAX).contains(&letters) {
            return Ok(again(words.short).await);
        }
        if first != second {
            return Ok(again(words.differ).await);
        }
        let known = self.password(user).await?;
        let Some(known) = known.filter(|known| known.changed.as_micros() == set) else {
            return Ok(self.gone());
        };
        if password::fits(first.to_owned(), Some(known.hash.clone())).await {
            return Ok(again(words.same).await);
        }
        let Some(hash) = password::hash(first.to_owned()).await else {
            return Ok(self.gone());
        };
        let changed = Password {
            hash,
            must_change: false,
            changed: self.now,
            ..known
        };
        let stage = after_password(user, &changed);
        let change = ChangePassword { set, changed };
        if !self.write(change).await? {
            return Ok(self.gone());
        }
        Ok(self.show(stage, None).await)
    }

    /// A code of the second factor; with a secret that was offered, it is set up.
    async fn second_factor(
        &self,
        user: Uuid,
        offered: Option<Vec<u8>>,
        form: &Form,
    ) -> Result<Response, Problem> {
        let guesses = format!("second factor of {user}");
        if let Some(response) = self.waits(&guesses) {
            return Ok(response);
        }
        let accept = AcceptCode {
            user,
            offered: offered.clone(),
            given: form.get("code").unwrap_or_default().to_owned(),
            now: self.now,
        };
        if self.write(accept).await? {
            self.server.failures().clear(&guesses);
            return self.finish(user, true, false).await;
        }
        self.server.failures().add(&guesses, self.now);
        let stage = match offered {
            Some(secret) => Stage::SetUp { user, secret },
            None => Stage::Code { user },
        };
        Ok(self.show(stage, Some(page::words(self.lang).code)).await)
    }

    /// The user is known: consent, where it lacks, and a code.
    async fn finish(&self, user: Uuid, mfa: bool, agreed: bool) -> Result<Response, Problem> {
        let Some(holder) = self.holder(user).await? else {
            return Ok(self.gone());
        };
        if !holder.consented && !agreed {
            return Ok(self.show(Stage::Consent { user, mfa }, None).await);
        }
        if !holder.may_consent() {
            let text = page::words(self.lang).ask_admin;
            return Ok(self.show(Stage::Consent { user, mfa }, Some(text)).await);
        }
        let code = identity::secret();
        self.write(IssueCode {
            code: identity::hash(&code),
            sign_in: SignIn {
                id: Uuid::from_bytes(identity::random()),
                client_id: self.asked.client,
                user_id: holder.user.id,
                mfa,
                created: self.now,
                revoked: None,
            },
            consent: (!holder.consented).then(|| holder.consent(self.now)),
            asked: self.asked.clone(),
            now: self.now,
        })
        .await?;
        Ok(redirect(&self.asked, &[("code", &code)]))
    }

    async fn write<C: Command<Error = AppError> + 'static>(
        &self,
        command: C,
    ) -> Result<C::Out, Problem> {
        let done = self.server.app().db().write(command).await;
        done.map_err(|error| Problem::of(error, self.lang))
    }

    /// A user with everything that its sign-in rests on; only one whom this sign-in is for.
    async fn holder(&self, user: Uuid) -> Result<Option<Holder>, Problem> {
        let (client, tenant) = (self.asked.client, self.asked.tenant);
        let found = self
            .server
            .app()
            .read(ask(move |tx| Box::pin(holder(tx, user, client))))
            .await
            .map_err(|error| Problem::of(error, self.lang))?;
        Ok(found
            .filter(|holder| tenant.is_none_or(|tenant| holder.account.tenant.uuid() == tenant)))
    }

    async fn password(&self, user: Uuid) -> Result<Option<Password>, Problem> {
        let key = [Stored::Id(user)];
        let read = ask(move |tx: &mut Tx<'_>| {
            let key = key.clone();
            Box::pin(async move { Ok(tx.get::<Password>(&key).await?) })
        });
        let found = self.server.app().read(read).await;
        found.map_err(|error| Problem::of(error, self.lang))
    }

    /// A user of this sign-in's tenant by name, with its password.
    async fn credentials(&self, name: String) -> Result<Option<(User, Password)>, Problem> {
        let tenant = self.asked.tenant;
        let found = self
            .server
            .app()
            .read(ask(move |tx| {
                Box::pin(credentials(tx, name.clone(), tenant))
            }))
            .await;
        found.map_err(|error| Problem::of(error, self.lang))
    }

    /// On a sandbox: everybody who may sign in with one click.
    async fn everybody(&self) -> Result<Vec<page::Somebody>, Problem> {
        if !self.server.settings().sandbox {
            return Ok(Vec::new());
        }
        let tenant = self.asked.tenant;
        let found = self
            .server
            .app()
            .read(ask(move |tx| Box::pin(everybody(tx, tenant))))
            .await;
        found.map_err(|error| Problem::of(error, self.lang))
    }
}

fn after_password(user: Uuid, known: &Password) -> Stage {
    match known.second_factor {
        Some(_) => Stage::Code { user },
        None => Stage::SetUp {
            user,
            secret: second_factor::fresh(),
        },
    }
}

/// A user, its partner, and the application it signs in to.
struct Holder {
    user: User,
    account: Account,
    application: Application,
    /// The company behind the application.
    publisher: String,
    consented: bool,
}

impl Holder {
    /// Everybody consents to the company's own applications; to somebody else's, which then acts for the whole
    /// partner, its global admin does.
    fn may_consent(&self) -> bool {
        let admin = ProgramRole::GlobalAdmin.as_str();
        self.consented
            || self.application.account == self.account.id
            || self.user.roles.iter().any(|role| role == admin)
    }

    fn consent(&self, now: Timestamp) -> Consent {
        Consent {
            client_id: self.application.client_id,
            partner: self.account.id,
            tenant: self.account.tenant,
            name: self.application.name.clone(),
            grants: StoredJson(vec![Grant {
                service: identity::AUDIENCE_API.to_owned(),
                scope: SCOPE_API.to_owned(),
            }]),
            granted: now,
        }
    }
}

async fn holder(tx: &mut Tx<'_>, user: Uuid, client: Uuid) -> Result<Option<Holder>, AppError> {
    let Some(user) = tx.get::<User>(&[Stored::Id(user)]).await? else {
        return Ok(None);
    };
    let Some((application, owner, _)) = registered(tx, client).await? else {
        return Ok(None);
    };
    let account = tierline_app::names::account_by_id(tx, user.partner).await?;
    let company: Organization = tierline_app::names::by_id(tx, owner.organization).await?;
    let key = [
        Stored::Id(client),
        Stored::Id(account.id.uuid()),
        Stored::Id(account.tenant.uuid()),
    ];
    let consented = tx.get::<Consent>(&key).await?.is_some();
    Ok(Some(Holder {
        user,
        account,
        application,
        publisher: company.name,
        consented,
    }))
}

async fn credentials(
    tx: &mut Tx<'_>,
    name: String,
    tenant: Option<Uuid>,
) -> Result<Option<(User, Password)>, AppError> {
    let key = [Stored::Text(name)];
    let found = tx.find::<User>(users::BY_SIGN_IN_NAME, &key).await?;
    let Some(user) = found.into_iter().next() else {
        return Ok(None);
    };
    let account = tierline_app::names::account_by_id(tx, user.partner).await?;
    if tenant.is_some_and(|tenant| account.tenant.uuid() != tenant) {
        return Ok(None);
    }
    let password = tx.get::<Password>(&[Stored::Id(user.id.uuid())]).await?;
    Ok(password.map(|password| (user, password)))
}

async fn everybody(tx: &mut Tx<'_>, tenant: Option<Uuid>) -> Result<Vec<page::Somebody>, AppError> {
    let mut found = Vec::new();
    for account in tx.find::<Account>(tables::accounts::EVERY, &[]).await? {
        if tenant.is_some_and(|tenant| account.tenant.uuid() != tenant) {
            continue;
        }
        let company: Organization = tierline_app::names::by_id(tx, account.organization).await?;
        let key = [Stored::Id(account.id.uuid())];
        for user in tx.find::<User>(users::BY_PARTNER, &key).await? {
            found.push(page::Somebody {
                id: user.id.to_string(),
                name: user.sign_in_name,
                company: company.name.clone(),
            });
        }
    }
    Ok(found)
}

fn lock(user: Uuid) -> Vec<Lock> {
    vec![Lock::on("password", &user.to_string())]
}

/// Changes a password, unless somebody else did meanwhile.
struct ChangePassword {
    set: i64,
    changed: Password,
}

impl Command for ChangePassword {
    type Out = bool;
    type Error = AppError;

    fn locks(&self) -> Vec<Lock> {
        lock(self.changed.user_id.uuid())
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<bool, AppError> {
        let key = [Stored::Id(self.changed.user_id.uuid())];
        let known = tx.get::<Password>(&key).await?;
        if known.is_none_or(|known| known.changed.as_micros() != self.set) {
            return Ok(false);
        }
        tx.put(&self.changed).await?;
        Ok(true)
    }
}

/// Takes a code of the second factor, once.
struct AcceptCode {
    user: Uuid,
    offered: Option<Vec<u8>>,
    given: String,
    now: Timestamp,
}

impl Command for AcceptCode {
    type Out = bool;
    type Error = AppError;

    fn locks(&self) -> Vec<Lock> {
        lock(self.user)
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<bool, AppError> {
        let Some(mut known) = tx.get::<Password>(&[Stored::Id(self.user)]).await? else {
            return Ok(false);
        };
        let secret = match (&known.second_factor, &self.offered) {
            (Some(secret), None) => secret.clone(),
            (None, Some(offered)) => offered.clone(),
            // Set up meanwhile, or reset: neither page counts any longer.
            _ => return Ok(false),
        };
        let step = second_factor::accepted(&secret, &self.given, known.last_step, self.now);
        let Some(step) = step else { return Ok(false) };
        known.last_step = step;
        known.second_factor = Some(secret);
        tx.put(&known).await?;
        Ok(true)
    }
}

/// Writes a sign-in down, with its code and what was consented to.
struct IssueCode {
    code: Vec<u8>,
    sign_in: SignIn,
    consent: Option<Consent>,
    asked: Asked,
    now: Timestamp,
}

impl Command for IssueCode {
    type Out = ();
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AppError> {
        if let Some(consent) = &self.consent {
            tx.put(consent).await?;
        }
        tx.insert(&self.sign_in).await?;
        let micros = self
            .now
            .as_micros()
            .saturating_add(CODE_SECONDS * 1_000_000);
        let code = AuthorizationCode {
            hash: self.code.clone(),
            sign_in: self.sign_in.id,
            redirect_uri: self.asked.redirect_uri.clone(),
            challenge: self.asked.challenge.clone(),
            nonce: self.asked.nonce.clone(),
            expires: Timestamp::from_micros(micros).unwrap_or(self.now),
            used: None,
        };
        tx.insert(&code).await?;
        Ok(())
    }
}

//! The steps of one user, from its name to the code that goes back to the application.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use tierline_app::AppError;
use tierline_app::ask::ask;
use tierline_domain::admin::{Mfa, User};
use tierline_domain::time::Timestamp;
use tierline_rules::Lang;
use tierline_store::tables::{Password, SignIn};
use tierline_store::{Command, Tx, Value as Stored};
use uuid::Uuid;

use super::rows::{self, AcceptCode, ChangePassword, Holder, IssueCode};
use super::{Asked, redirect};
use crate::identity::{self, password, second_factor};
use crate::problem::Problem;
use crate::routes::oauth::Form;
use crate::routes::sign_in_page::{self as page, Page};
use crate::server::Server;

/// How long a user may take between two pages.
const PAGE_SECONDS: i64 = 900;
const COOKIE: &str = "tierline-sign-in";

/// How far a user came.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Stage {
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

/// One user who signs in.
pub(super) struct SigningIn {
    server: Server,
    lang: Lang,
    pub(super) asked: Asked,
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
    pub(super) fn new(server: Server, headers: &HeaderMap, lang: Lang, asked: Asked) -> Self {
        Self {
            now: server.app().clock().server_now(),
            server,
            lang,
            asked,
            cookie: cookie(headers).unwrap_or_else(identity::secret),
        }
    }

    /// A form that we made, for this browser, not long ago.
    pub(super) fn read(
        server: Server,
        headers: &HeaderMap,
        lang: Lang,
        form: &Form,
    ) -> Option<(Self, Stage)> {
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
    pub(super) async fn show(&self, stage: Stage, problem: Option<&str>) -> Response {
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

    pub(super) async fn step(self, stage: Stage, form: &Form) -> Response {
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
            .read(ask(move |tx| Box::pin(rows::holder(tx, user, client))))
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
                Box::pin(rows::credentials(tx, name.clone(), tenant))
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
            .read(ask(move |tx| Box::pin(rows::everybody(tx, tenant))))
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

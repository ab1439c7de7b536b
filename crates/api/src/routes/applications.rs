//! Applications, their secrets and consents, passwords of users, and signing keys: for a partner's global admin
//! and for the operator. Strict, with problem details.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use tierline_app::AppError;
use tierline_app::ask::ask;
use tierline_app::ctx::Ctx;
use tierline_domain::admin::{ProgramRole, User};
use tierline_domain::partner::Account;
use tierline_domain::time::Timestamp;
use tierline_store::log::{Event, Outcome};
use tierline_store::tables::{
    Application, ApplicationSecret, Consent, Password, application_secrets, applications,
    identity as statements,
};
use tierline_store::{Command, StoreError, Tx, Value as Stored};
use utoipa::ToSchema;
use uuid::Uuid;

use super::oauth::unstored;
use crate::answer::Json;
use crate::auth::Principal;
use crate::call::Whole;
use crate::identity::{self, password};
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::server::Server;
use crate::wire::body;

/// Hours that old secrets of an application count after another was made, where nobody says.
const KEEP_HOURS: i64 = 24;
const KEEP_HOURS_MAX: i64 = 24 * 90;
const REDIRECTS_MAX: usize = 20;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route::get(
            "/program/v1/applications",
            "The partner's applications.",
            list,
        )
        .answers::<Applications>(StatusCode::OK),
        route::post(
            "/program/v1/applications",
            "Register an application; its secret is shown once.",
            register,
        )
        .takes::<NewApplication>()
        .answers::<RegisteredApplication>(StatusCode::CREATED),
        route::post(
            "/program/v1/applications/{id}/secrets",
            "Another secret; the old ones end after a while.",
            rotate_secret,
        )
        .takes::<NewSecret>()
        .optionally()
        .answers::<RegisteredApplication>(StatusCode::CREATED),
        route::delete(
            "/program/v1/consents/{application}",
            "Take the partner's own consent to an application back, and every sign-in with it.",
            withdraw,
        )
        .answers_plain(StatusCode::NO_CONTENT),
        route::post(
            "/program/v1/users/{user}/password",
            "A first password, shown once and changed at the next sign-in (ROL-019).",
            reset_password,
        )
        .takes::<SecondFactorReset>()
        .answers::<FirstPassword>(StatusCode::CREATED),
        route::get(
            "/program/v1/signing-keys",
            "Keys that sign tokens, or signed some that live; for the operator.",
            keys,
        )
        .answers::<Keys>(StatusCode::OK),
        route::post(
            "/program/v1/signing-keys",
            "Sign with a fresh key from now on; for the operator.",
            rotate_keys,
        )
        .takes::<Rotation>()
        .optionally()
        .answers::<Keys>(StatusCode::CREATED),
    ]
}

/// An application as it is registered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewApplication {
    name: String,
    /// Where users may be sent back to after sign-in: https, or http on their own machine.
    #[serde(default)]
    redirect_uris: Vec<String>,
    /// It cannot keep a secret and gets none; its codes need a verifier (RFC 7636).
    #[serde(default)]
    public: bool,
    /// For which partner; the operator says so.
    #[serde(default)]
    partner: Option<String>,
}

/// A secret as it is asked for.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewSecret {
    /// Hours that the old ones still count.
    #[serde(default)]
    keep_hours: Option<i64>,
}

/// An application.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Shown {
    #[schema(value_type = String)]
    client_id: Uuid,
    name: String,
    redirect_uris: Vec<String>,
    #[schema(value_type = String)]
    created: Timestamp,
    secrets: Vec<ShownSecret>,
}

/// A secret, as far as it is shown again.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ShownSecret {
    /// Its first letters.
    hint: String,
    #[schema(value_type = String)]
    created: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    expires: Option<Timestamp>,
}

/// A partner's applications.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Applications {
    total_count: usize,
    items: Vec<Shown>,
}

/// An application with a secret that is shown now and never again.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RegisteredApplication {
    #[serde(flatten)]
    application: Shown,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    client_secret: Option<String>,
}

/// What becomes of a user's second factor.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SecondFactorReset {
    /// The user sets it up anew, as after the loss of a device.
    #[serde(default)]
    reset_second_factor: bool,
}

/// A first password.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct FirstPassword {
    user: String,
    sign_in_name: String,
    password: String,
}

/// How keys are exchanged.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Rotation {
    /// Old keys verify no longer, whatever they signed: everybody needs a new token.
    #[serde(default)]
    revoke: bool,
}

/// The names of keys; the first signs.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Keys {
    signing: Option<String>,
    verifying: Vec<String>,
}

impl Shown {
    fn of(application: Application, secrets: Vec<ApplicationSecret>) -> Self {
        Self {
            client_id: application.client_id,
            name: application.name,
            redirect_uris: application.redirect_uris,
            created: application.created,
            secrets: secrets
                .into_iter()
                .map(|secret| ShownSecret {
                    hint: secret.hint,
                    created: secret.created,
                    expires: secret.expires,
                })
                .collect(),
        }
    }
}

/// Any answer of a strict endpoint.
type Strict = Result<Response, Response>;

/// Failures as problem details, in the caller's language.
fn told(principal: &Principal) -> impl Fn(Problem) -> Response {
    let lang = principal.lang;
    move |problem| problem.into_details(lang)
}

fn failed(principal: &Principal) -> impl Fn(AppError) -> Response {
    let lang = principal.lang;
    move |error| Problem::of(error, lang).into_details(lang)
}

/// An empty body asks for nothing special.
fn wishes<T: Default + serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    if bytes.is_empty() {
        return Ok(T::default());
    }
    body::strict(bytes)
}

/// Who may see to a partner's applications and users: its global admin, signed in as a user, or the operator.
fn admin(server: &Server, principal: &Principal) -> Result<(), Problem> {
    if principal.claims.operator {
        return Ok(());
    }
    principal.user_required(server.app().clock().world_now())?;
    let is_admin = principal.roles.as_ref().is_some_and(|roles| {
        roles
            .iter()
            .any(|role| role == ProgramRole::GlobalAdmin.as_str())
    });
    if is_admin {
        return Ok(());
    }
    Err(Problem::forbidden("this is for the partner's global admin"))
}

/// Whose applications and users the caller may see to; the operator those of any.
fn sees(principal: &Principal, account: &Account) -> bool {
    principal.claims.operator
        || principal
            .account
            .as_ref()
            .is_some_and(|own| own.id == account.id)
}

/// An audit record of what an administrator did (SEC-011).
async fn record(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    who: &str,
    kind: &str,
    subject: &str,
) -> Result<(), StoreError> {
    tx.append(&Event {
        id: ctx.ids().uuid(),
        at_world: ctx.now,
        at_server: ctx.server_now,
        home: String::new(),
        kind: kind.to_owned(),
        subject_kind: "identity".to_owned(),
        subject: subject.to_owned(),
        actor: who.to_owned(),
        tenant: None,
        outcome: Outcome::Succeeded,
        rule: None,
        digest: Vec::new(),
        data: serde_json::Value::Null,
    })
    .await
}

/// A write of an administrator.
struct Write<F> {
    ctx: Ctx,
    who: String,
    run: F,
}

impl<T, F> Command for Write<F>
where
    T: Send + 'static,
    F: for<'a, 'b> Fn(&'a mut Tx<'b>, &'a Ctx, &'a str) -> tierline_app::ask::Answer<'a, T>
        + Send
        + Sync,
{
    type Out = T;
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<T, AppError> {
        (self.run)(tx, &self.ctx, &self.who).await
    }
}

async fn write<T, F>(server: &Server, principal: &Principal, run: F) -> Result<T, Response>
where
    T: Send + 'static,
    F: for<'a, 'b> Fn(&'a mut Tx<'b>, &'a Ctx, &'a str) -> tierline_app::ask::Answer<'a, T>
        + Send
        + Sync
        + 'static,
{
    let account = principal.account.as_ref();
    let who = account.map_or("operator", |account| account.handle.as_str());
    let write = Write {
        ctx: server.app().ctx(principal.actor()),
        who: who.to_owned(),
        run,
    };
    server
        .app()
        .db()
        .write(write)
        .await
        .map_err(failed(principal))
}

async fn shown(tx: &mut Tx<'_>, application: Application) -> Result<Shown, AppError> {
    let key = [Stored::Id(application.client_id)];
    let secrets = tx
        .find::<ApplicationSecret>(application_secrets::BY_CLIENT, &key)
        .await?;
    Ok(Shown::of(application, secrets))
}

async fn all_of(tx: &mut Tx<'_>, account: Account) -> Result<Vec<Shown>, AppError> {
    let key = [Stored::Id(account.id.uuid())];
    let mut found = Vec::new();
    for application in tx
        .find::<Application>(applications::BY_ACCOUNT, &key)
        .await?
    {
        found.push(shown(tx, application).await?);
    }
    Ok(found)
}

async fn list(State(server): State<Server>, principal: Principal) -> Strict {
    admin(&server, &principal).map_err(told(&principal))?;
    let account = principal.partner().map_err(told(&principal))?.clone();
    let items = server
        .app()
        .read(ask(move |tx| Box::pin(all_of(tx, account.clone()))))
        .await
        .map_err(failed(&principal))?;
    let answer = Applications {
        total_count: items.len(),
        items,
    };
    Ok(Json(answer).into_response())
}

/// Whether users may be sent to an address with what lets an application act for them.
fn is_safe(address: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(address) else {
        return false;
    };
    let plain = url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    plain
        && match url.scheme() {
            "https" => url.host_str().is_some(),
            "http" => super::authorize::is_loopback(&url),
            _ => false,
        }
}

async fn register(
    State(server): State<Server>,
    principal: Principal,
    Whole(bytes): Whole,
) -> Strict {
    admin(&server, &principal).map_err(told(&principal))?;
    let wanted: NewApplication = body::strict(&bytes).map_err(told(&principal))?;
    let name = wanted.name.trim().to_owned();
    let refuse = |field: &str, problem: &str| told(&principal)(Problem::malformed(field, problem));
    if name.is_empty() || name.chars().count() > 100 {
        return Err(refuse("name", "has 1 to 100 letters"));
    }
    let bad = wanted.redirect_uris.iter().position(|uri| !is_safe(uri));
    if let Some(index) = bad {
        return Err(refuse(
            &format!("redirectUris[{index}]"),
            "is an https address, or http on the user's own machine, without a fragment",
        ));
    }
    if wanted.redirect_uris.len() > REDIRECTS_MAX {
        return Err(refuse("redirectUris", "are at most 20"));
    }
    let partner = match (&principal.account, &wanted.partner) {
        (Some(own), None) => own.handle.clone(),
        (Some(own), Some(named)) if own.handle == *named => own.handle.clone(),
        (None, Some(named)) => named.clone(),
        (Some(_), Some(_)) => return Err(refuse("partner", "is the caller itself")),
        (None, None) => return Err(refuse("partner", "is missing")),
    };
    let (client, secret) = (Uuid::from_bytes(identity::random()), identity::secret());
    let secret = (!wanted.public).then_some(secret);
    let given = secret.clone();
    let redirect_uris = wanted.redirect_uris;
    let application = write(&server, &principal, move |tx, ctx, who| {
        let (name, partner) = (name.clone(), partner.clone());
        let (redirect_uris, secret) = (redirect_uris.clone(), secret.clone());
        Box::pin(async move {
            let account = tierline_app::names::the_account(tx, &partner).await?;
            let application = Application {
                client_id: client,
                account: account.id,
                name,
                redirect_uris,
                created: ctx.server_now,
            };
            tx.insert(&application).await?;
            if let Some(secret) = secret {
                tx.insert(&secret_row(client, &secret, ctx.server_now))
                    .await?;
            }
            record(tx, ctx, who, "register_application", &client.to_string()).await?;
            shown(tx, application).await
        })
    })
    .await?;
    Ok(registered(application, given))
}

fn secret_row(client_id: Uuid, secret: &str, now: Timestamp) -> ApplicationSecret {
    ApplicationSecret {
        hash: identity::hash(secret),
        client_id,
        hint: secret.chars().take(4).collect(),
        created: now,
        expires: None,
    }
}

fn registered(application: Shown, client_secret: Option<String>) -> Response {
    let answer = RegisteredApplication {
        application,
        client_secret,
    };
    unstored((StatusCode::CREATED, Json(answer)).into_response())
}

async fn rotate_secret(
    State(server): State<Server>,
    principal: Principal,
    Path(id): Path<Uuid>,
    Whole(bytes): Whole,
) -> Strict {
    admin(&server, &principal).map_err(told(&principal))?;
    let wanted: NewSecret = wishes(&bytes).map_err(told(&principal))?;
    let hours = wanted.keep_hours.unwrap_or(KEEP_HOURS);
    if !(0..=KEEP_HOURS_MAX).contains(&hours) {
        let problem = Problem::malformed("keepHours", "is 0 to 2160");
        return Err(told(&principal)(problem));
    }
    let secret = identity::secret();
    let (given, caller) = (secret.clone(), principal.clone());
    let application = write(&server, &principal, move |tx, ctx, who| {
        let (secret, caller) = (secret.clone(), caller.clone());
        Box::pin(async move {
            let key = [Stored::Id(id)];
            let missing = || AppError::missing("application", id);
            let application = tx.get::<Application>(&key).await?.ok_or_else(missing)?;
            let account = tierline_app::names::account_by_id(tx, application.account).await?;
            if !sees(&caller, &account) {
                return Err(missing());
            }
            let ends = ctx.server_now.plus_hours(hours);
            for mut old in tx
                .find::<ApplicationSecret>(application_secrets::BY_CLIENT, &key)
                .await?
            {
                if ends <= ctx.server_now || old.expires.is_some_and(|end| end <= ctx.server_now) {
                    tx.delete::<ApplicationSecret>(&[Stored::Bytes(old.hash)])
                        .await?;
                    continue;
                }
                old.expires = Some(old.expires.map_or(ends, |end| end.min(ends)));
                tx.put(&old).await?;
            }
            tx.insert(&secret_row(id, &secret, ctx.server_now)).await?;
            record(tx, ctx, who, "rotate_application_secret", &id.to_string()).await?;
            shown(tx, application).await
        })
    })
    .await?;
    Ok(registered(application, Some(given)))
}

async fn withdraw(
    State(server): State<Server>,
    principal: Principal,
    Path(application): Path<Uuid>,
) -> Strict {
    admin(&server, &principal).map_err(told(&principal))?;
    let account = principal.partner().map_err(told(&principal))?.clone();
    write(&server, &principal, move |tx, ctx, who| {
        let account = account.clone();
        Box::pin(async move {
            let partner = Stored::Id(account.id.uuid());
            let key = [
                Stored::Id(application),
                partner.clone(),
                Stored::Id(account.tenant.uuid()),
            ];
            let taken = tx.delete::<Consent>(&key).await?;
            let ended = tx
                .execute(
                    statements::REVOKE_APPLICATION,
                    &[
                        Stored::Instant(ctx.server_now),
                        Stored::Id(application),
                        partner,
                    ],
                )
                .await?;
            if taken == 0 && ended == 0 {
                return Err(AppError::missing("consent to application", application));
            }
            record(tx, ctx, who, "withdraw_consent", &application.to_string()).await?;
            Ok(())
        })
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn reset_password(
    State(server): State<Server>,
    principal: Principal,
    Path(name): Path<String>,
    Whole(bytes): Whole,
) -> Strict {
    admin(&server, &principal).map_err(told(&principal))?;
    let wanted: SecondFactorReset = wishes(&bytes).map_err(told(&principal))?;
    let first = identity::secret().chars().take(20).collect::<String>();
    // Hashing takes long; it is done before the transaction and beside it.
    let hash = password::hash(first.clone()).await.ok_or_else(|| {
        let problem = AppError::Impossible("the password cannot be hashed".to_owned());
        failed(&principal)(problem)
    })?;
    let caller = principal.clone();
    let user = write(&server, &principal, move |tx, ctx, who| {
        let (hash, name, caller) = (hash.clone(), name.clone(), caller.clone());
        Box::pin(async move {
            let user = tierline_app::names::the_user(tx, &name).await?;
            let account = tierline_app::names::account_by_id(tx, user.partner).await?;
            if !sees(&caller, &account) {
                return Err(AppError::missing("user", &name));
            }
            let key = [Stored::Id(user.id.uuid())];
            let old = tx.get::<Password>(&key).await?;
            let kept = old.filter(|_| !wanted.reset_second_factor);
            tx.put(&Password {
                user_id: user.id,
                hash,
                must_change: true,
                second_factor: kept.as_ref().and_then(|old| old.second_factor.clone()),
                last_step: kept.map_or(0, |old| old.last_step),
                changed: ctx.server_now,
            })
            .await?;
            let [id] = key;
            tx.execute(
                statements::REVOKE_USER,
                &[Stored::Instant(ctx.server_now), id],
            )
            .await?;
            record(tx, ctx, who, "reset_password", &user.handle).await?;
            Ok::<User, AppError>(user)
        })
    })
    .await?;
    let answer = FirstPassword {
        user: user.handle,
        sign_in_name: user.sign_in_name,
        password: first,
    };
    Ok(unstored(
        (StatusCode::CREATED, Json(answer)).into_response(),
    ))
}

fn named(mut kids: Vec<String>) -> Keys {
    let signing = (!kids.is_empty()).then(|| kids.remove(0));
    Keys {
        signing,
        verifying: kids,
    }
}

async fn keys(State(server): State<Server>, principal: Principal) -> Strict {
    principal.operator_required().map_err(told(&principal))?;
    let now = server.app().clock().server_now();
    Ok(Json(named(server.issuer().kids(now))).into_response())
}

async fn rotate_keys(
    State(server): State<Server>,
    principal: Principal,
    Whole(bytes): Whole,
) -> Strict {
    principal.operator_required().map_err(told(&principal))?;
    let wanted: Rotation = wishes(&bytes).map_err(told(&principal))?;
    let now = server.app().clock().server_now();
    let kids = server.issuer().rotate(now, wanted.revoke).await;
    let keys = named(kids.map_err(failed(&principal))?);
    let kid = keys.signing.clone().unwrap_or_default();
    write(&server, &principal, move |tx, ctx, who| {
        let kid = kid.clone();
        Box::pin(async move {
            record(tx, ctx, who, "rotate_signing_key", &kid).await?;
            Ok(())
        })
    })
    .await?;
    let mut response = (StatusCode::CREATED, Json(keys)).into_response();
    response.headers_mut().insert(
        header::LOCATION,
        HeaderValue::from_static("/common/discovery/keys"),
    );
    Ok(response)
}

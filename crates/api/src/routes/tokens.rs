//! The token endpoints: v1, v2 and the old exchange, discovery and keys, and the sandbox's credentials.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tierline_app::AppError;
use tierline_app::ask::ask;
use tierline_app::events;
use tierline_domain::admin::User;
use tierline_domain::partner::{Account, Location, Organization, PartnerType};
use tierline_domain::time::Timestamp;
use tierline_store::tables::{Application, RefreshToken};
use tierline_store::{Command, Tx, Value as Stored, tables};
use uuid::Uuid;

use crate::identity::{self, REFRESH_DAYS, Subject, TOKEN_SECONDS};
use crate::problem::Problem;
use crate::route::{self, Access, Route};
use crate::server::Server;
use crate::wire::path;

pub(super) fn routes() -> Vec<Route> {
    let tokens = vec![
        route::get(
            "/sandbox/credentials",
            "Ready-made tokens of every principal; sandbox servers only.",
            credentials,
        ),
        route::post(
            "/generatetoken",
            "Exchange a directory token for a partner token.",
            exchange,
        ),
        route::post("/{tenant-id}/oauth2/token", "Issue a token (v1).", v1),
        route::post("/{tenant-id}/oauth2/v2.0/token", "Issue a token (v2).", v2),
        route::get(
            "/{tenant-id}/v2.0/.well-known/openid-configuration",
            "Discovery.",
            discovery,
        ),
        route::get(
            "/{tenant-id}/.well-known/openid-configuration",
            "Discovery, for older clients.",
            discovery,
        ),
        route::get("/{tenant-id}/discovery/v2.0/keys", "Public keys.", keys),
    ];
    tokens
        .into_iter()
        .map(|route| route.access(Access::Open))
        .collect()
}

/// The OAuth error shape.
fn oauth_error(status: StatusCode, error: &str, description: &str) -> Response {
    (
        status,
        Json(json!({ "error": error, "error_description": description })),
    )
        .into_response()
}

/// Which answer shape an endpoint gives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    /// Numbers as text.
    V1,
    /// Numbers as numbers.
    V2,
}

pub(super) async fn v1(
    State(server): State<Server>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    token(server, &tenant, &headers, &body, Version::V1).await
}

pub(super) async fn v2(
    State(server): State<Server>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    token(server, &tenant, &headers, &body, Version::V2).await
}

async fn token(
    server: Server,
    tenant: &str,
    headers: &HeaderMap,
    body: &[u8],
    version: Version,
) -> Response {
    let Ok(form) = std::str::from_utf8(body) else {
        return oauth_error(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "the form is not UTF-8",
        );
    };
    let form = path::query(Some(form));
    let field = |name: &str| {
        form.iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.clone())
    };
    let (client, secret) = match basic(headers) {
        Some((client, secret)) => (Some(client), Some(secret)),
        None => (field("client_id"), field("client_secret")),
    };
    match field("grant_type").as_deref() {
        Some("client_credentials") => {
            client_credentials(server, tenant, client, secret, version).await
        }
        Some("refresh_token") => {
            refresh(server, client, secret, field("refresh_token"), version).await
        }
        Some("password") => oauth_error(
            StatusCode::UNAUTHORIZED,
            "invalid_grant",
            "password flows are not accepted (SEC-007); use the consent flow",
        ),
        Some(other) => oauth_error(
            StatusCode::BAD_REQUEST,
            "unsupported_grant_type",
            &format!("{other} is not supported yet"),
        ),
        None => oauth_error(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "grant_type is missing",
        ),
    }
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    use base64::Engine;
    let value = headers
        .get(http::header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Basic ")?;
    let decoded = base64::engine::general_purpose::STANDARD
        .decode(value)
        .ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (client, secret) = text.split_once(':')?;
    Some((path::decode(client), path::decode(secret)))
}

/// An application whose secret fits, and the tenant of its account.
async fn application(
    server: &Server,
    client: Option<String>,
    secret: Option<String>,
) -> Result<(Uuid, Application), Response> {
    let refused = || {
        oauth_error(
            StatusCode::UNAUTHORIZED,
            "invalid_client",
            "the application or its secret is unknown",
        )
    };
    let (Some(client), Some(secret)) = (
        client.and_then(|client| client.parse::<Uuid>().ok()),
        secret,
    ) else {
        return Err(refused());
    };
    let found = server
        .app()
        .read(ask(move |tx| Box::pin(find_application(tx, client))))
        .await;
    match found {
        Ok(Some((tenant, application))) if application.secret_hash == identity::hash(&secret) => {
            Ok((tenant, application))
        }
        Ok(_) => Err(refused()),
        Err(error) => Err(Problem::of(error, tierline_rules::Lang::En).into_response()),
    }
}

async fn find_application(
    tx: &mut Tx<'_>,
    client: Uuid,
) -> Result<Option<(Uuid, Application)>, AppError> {
    let Some(application) = tx.get::<Application>(&[Stored::Id(client)]).await? else {
        return Ok(None);
    };
    let account = tierline_app::names::account_by_id(tx, application.account).await?;
    Ok(Some((account.tenant.uuid(), application)))
}

async fn client_credentials(
    server: Server,
    tenant: &str,
    client: Option<String>,
    secret: Option<String>,
    version: Version,
) -> Response {
    let (own, application) = match application(&server, client, secret).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    if tenant.parse::<Uuid>().is_ok_and(|asked| asked != own) {
        return oauth_error(
            StatusCode::BAD_REQUEST,
            "unauthorized_client",
            "the application is not registered in this tenant",
        );
    }
    let subject = Subject {
        tenant: own,
        application: application.client_id.to_string(),
        user: None,
        mfa: false,
        operator: false,
    };
    let now = server.app().clock().server_now();
    Json(answer(
        &server.issuer().issue(&subject, now),
        now,
        version,
        None,
    ))
    .into_response()
}

fn answer(token: &str, now: Timestamp, version: Version, refresh: Option<&str>) -> Value {
    let expires = now
        .as_micros()
        .div_euclid(1_000_000)
        .saturating_add(TOKEN_SECONDS);
    let number = |value: i64| {
        if version == Version::V1 {
            json!(value.to_string())
        } else {
            json!(value)
        }
    };
    let mut body = json!({ "token_type": "Bearer", "expires_in": number(TOKEN_SECONDS), "ext_expires_in": number(TOKEN_SECONDS), "access_token": token });
    if let Some(map) = body.as_object_mut() {
        if version == Version::V1 {
            map.insert("expires_on".to_owned(), number(expires));
            map.insert(
                "not_before".to_owned(),
                number(expires.saturating_sub(TOKEN_SECONDS)),
            );
            map.insert(
                "resource".to_owned(),
                json!(if refresh.is_some() {
                    identity::AUDIENCE_API
                } else {
                    identity::AUDIENCE_GRAPH
                }),
            );
        }
        if let Some(refresh) = refresh {
            map.insert("scope".to_owned(), json!("user_impersonation"));
            map.insert("refresh_token".to_owned(), json!(refresh));
            map.insert("id_token".to_owned(), json!(token));
        }
    }
    body
}

/// Takes a refresh token and gives the next (rotation): the old one is marked used in the same transaction.
struct Rotate {
    hash: Vec<u8>,
    next: Vec<u8>,
    client: String,
    now: Timestamp,
}

impl Command for Rotate {
    type Out = Option<(Uuid, User)>;
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, AppError> {
        let Some(row) = tx
            .get::<RefreshToken>(&[Stored::Bytes(self.hash.clone())])
            .await?
        else {
            return Ok(None);
        };
        if row.used.is_some()
            || row.expires <= self.now
            || !row.client_id.eq_ignore_ascii_case(&self.client)
        {
            return Ok(None);
        }
        let account = tierline_app::names::account_by_id(tx, row.account).await?;
        let Some(user) = tx
            .find::<User>(
                tables::users::BY_SIGN_IN_NAME,
                &[Stored::Text(row.user_name.clone())],
            )
            .await?
            .pop()
        else {
            return Ok(None);
        };
        tx.put(&RefreshToken {
            used: Some(self.now),
            ..row.clone()
        })
        .await?;
        let expires = self.now.plus_hours(REFRESH_DAYS.saturating_mul(24));
        tx.put(&RefreshToken {
            hash: self.next.clone(),
            used: None,
            expires,
            ..row
        })
        .await?;
        Ok(Some((account.tenant.uuid(), user)))
    }
}

async fn refresh(
    server: Server,
    client: Option<String>,
    secret: Option<String>,
    token: Option<String>,
    version: Version,
) -> Response {
    let (_, application) = match application(&server, client, secret).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let Some(token) = token else {
        return oauth_error(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "refresh_token is missing",
        );
    };
    let (now, next) = (server.app().clock().server_now(), identity::secret());
    let client = application.client_id.to_string();
    let rotate = Rotate {
        hash: identity::hash(&token),
        next: identity::hash(&next),
        client: client.clone(),
        now,
    };
    match server.app().db().write(rotate).await {
        Ok(Some((tenant, user))) => {
            let subject = Subject {
                tenant,
                application: client,
                user: Some((user.id.uuid(), user.sign_in_name)),
                mfa: true,
                operator: false,
            };
            Json(answer(
                &server.issuer().issue(&subject, now),
                now,
                version,
                Some(&next),
            ))
            .into_response()
        }
        Ok(None) => oauth_error(
            StatusCode::BAD_REQUEST,
            "invalid_grant",
            "the refresh token is unknown, used or expired",
        ),
        Err(error) => Problem::of(error, tierline_rules::Lang::En).into_response(),
    }
}

/// The old exchange: a directory token against a partner token.
pub(super) async fn exchange(State(server): State<Server>, headers: HeaderMap) -> Response {
    let token = headers
        .get(http::header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    let now = server.app().clock().server_now();
    match token.map(|token| (token, server.issuer().verify(token, now))) {
        Some((token, Ok(_))) => Json(
            json!({ "access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS }),
        )
        .into_response(),
        _ => Problem::unauthorized().into_response(),
    }
}

pub(super) async fn discovery(Path(tenant): Path<String>, headers: HeaderMap) -> Json<Value> {
    let host = headers
        .get(http::header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or("localhost");
    let root = format!("http://{host}/{tenant}");
    Json(json!({
        "issuer": format!("{root}/"),
        "token_endpoint": format!("{root}/oauth2/v2.0/token"),
        "jwks_uri": format!("{root}/discovery/v2.0/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
    }))
}

pub(super) async fn keys(State(server): State<Server>) -> Json<Value> {
    Json(server.issuer().jwks())
}

/// The identities of a demo world: one application and one user for each partner, made with the world.
///
/// # Errors
/// When the store fails.
pub async fn seed_credentials(tx: &mut Tx<'_>, now: Timestamp) -> Result<(), AppError> {
    for account in tx.find::<Account>(tables::accounts::EVERY, &[]).await? {
        let client_id = demo_client(&account);
        let secret = demo_secret(&account);
        tx.put(&Application {
            client_id,
            account: account.id,
            name: format!("{} tools", account.handle),
            secret_hash: identity::hash(&secret),
            created: now,
        })
        .await?;
        let reseller = account.kind == PartnerType::IndirectReseller;
        let roles = tierline_domain::admin::ProgramRole::PROGRAM
            .iter()
            .filter(|role| !(reseller && **role == tierline_domain::admin::ProgramRole::SalesAgent))
            .map(ToString::to_string)
            .collect();
        let user = User {
            id: tierline_app::ctx::Ids::named("demo user", &account.handle, now).next(),
            handle: format!("admin.{}", account.handle),
            partner: account.id,
            roles,
            mfa: tierline_domain::admin::Mfa::Present,
            account: tierline_domain::admin::UserAccount::Person,
            guest_in: Vec::new(),
            sign_in_name: format!("admin@{}", account.domain),
        };
        tx.put(&user).await?;
        let token = demo_refresh(&account);
        let row = RefreshToken {
            hash: identity::hash(&token),
            account: account.id,
            user_name: user.sign_in_name,
            client_id: client_id.to_string(),
            expires: now.plus_hours(REFRESH_DAYS.saturating_mul(24)),
            used: None,
        };
        tx.put(&row).await?;
    }
    events::set_up(tx, "credentials_laid", "", now).await?;
    Ok(())
}

fn demo_client(account: &Account) -> Uuid {
    tierline_app::ctx::Ids::named("demo client", &account.handle, Timestamp::EPOCH).uuid()
}

/// Demo secrets follow from names, so that every demo start is the same; they exist in demo worlds only.
fn demo_secret(account: &Account) -> String {
    format!("demo-secret-of-{}", account.handle)
}

fn demo_refresh(account: &Account) -> String {
    format!("demo-refresh-token-of-{}", account.handle)
}

/// One principal of the demo world.
struct Identity {
    account: Account,
    name: String,
    partner_id: String,
    user: Option<User>,
}

async fn identities(tx: &mut Tx<'_>) -> Result<Vec<Identity>, AppError> {
    let mut found = Vec::new();
    for account in tx.find::<Account>(tables::accounts::EVERY, &[]).await? {
        let organization: Organization =
            tierline_app::names::by_id(tx, account.organization).await?;
        let partner_id = match account.location {
            Some(location) => {
                tierline_app::names::by_id::<Location, _>(tx, location)
                    .await?
                    .partner_id
            }
            None => String::new(),
        };
        let user = tx
            .find::<User>(
                tables::users::BY_HANDLE,
                &[Stored::Text(format!("admin.{}", account.handle))],
            )
            .await?
            .pop();
        found.push(Identity {
            name: organization.name,
            partner_id,
            user,
            account,
        });
    }
    // A provider and a direct-bill partner of the United States come first: tools take the first of a kind.
    found.sort_by_key(|identity| {
        (
            identity.account.country.as_str() != "US",
            identity.account.kind != PartnerType::IndirectProvider,
            identity.account.kind != PartnerType::DirectBill,
            identity.account.handle.clone(),
        )
    });
    Ok(found)
}

/// Ready-made tokens of every principal; on sandbox servers only.
pub(super) async fn credentials(State(server): State<Server>) -> Result<Json<Value>, Problem> {
    if !server.settings().sandbox {
        return Err(Problem::not_found("/sandbox/credentials"));
    }
    let found = server
        .app()
        .read(ask(|tx| Box::pin(identities(tx))))
        .await
        .map_err(|error| Problem::of(error, tierline_rules::Lang::En))?;
    let now = server.app().clock().server_now();
    let mut principals: Vec<Value> = found
        .iter()
        .map(|identity| {
            let account = &identity.account;
            let (tenant, application) = (account.tenant.uuid(), demo_client(account).to_string());
            let user = identity
                .user
                .as_ref()
                .map(|user| (user.id.uuid(), user.sign_in_name.clone()));
            let issue = |user| {
                server.issuer().issue(
                    &Subject {
                        tenant,
                        application: application.clone(),
                        user,
                        mfa: true,
                        operator: false,
                    },
                    now,
                )
            };
            json!({
                "name": identity.name,
                "handle": account.handle,
                "kind": account.kind,
                "tenantId": tenant,
                "mpnId": identity.partner_id,
                "country": account.country,
                "clientId": application,
                "clientSecret": demo_secret(account),
                "user": user.as_ref().map(|(_, name)| name.clone()),
                "accessTokenApp": issue(None),
                "accessTokenUser": issue(user),
                "refreshToken": demo_refresh(account),
            })
        })
        .collect();
    let subject = Subject {
        tenant: Uuid::nil(),
        application: "operator".to_owned(),
        user: Some((Uuid::nil(), "operator".to_owned())),
        mfa: true,
        operator: true,
    };
    let token = server.issuer().issue(&subject, now);
    principals.push(json!({
        "name": "The operator", "handle": "operator", "kind": "operator", "tenantId": Uuid::nil(), "mpnId": "", "country": "US",
        "clientId": "operator", "clientSecret": "", "user": "operator", "accessTokenApp": token, "accessTokenUser": token,
    }));
    Ok(Json(json!({ "principals": principals })))
}

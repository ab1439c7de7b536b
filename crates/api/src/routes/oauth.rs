//! What the endpoints of the token issuer share: forms, failures, tenants, applications, services.

use axum::response::{IntoResponse, Response};
use base64::Engine;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;
use tierline_app::AppError;
use tierline_app::ask::ask;
use tierline_domain::id::Id;
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::time::Timestamp;
use tierline_rules::Lang;
use tierline_store::tables::{Application, ApplicationSecret, application_secrets};
use tierline_store::{Tx, Value as Stored, tables};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::Json;
use crate::identity::{self, AUDIENCE_API, AUDIENCE_GRAPH, PORTAL};
use crate::problem::Problem;
use crate::server::Server;
use crate::wire::json::NUL;
use crate::wire::path;

/// A failure as RFC 6749 has it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OauthError {
    pub(super) status: StatusCode,
    pub(super) error: &'static str,
    pub(super) description: String,
}

/// Its body.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OauthFailure {
    error: &'static str,
    error_description: String,
}

impl OauthError {
    pub(super) fn new(error: &'static str, description: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            error,
            description: description.into(),
        }
    }

    /// The application is unknown, or its secret wrong: one answer for both.
    pub(super) fn client() -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            ..Self::new("invalid_client", "the application or its secret is unknown")
        }
    }
}

impl IntoResponse for OauthError {
    fn into_response(self) -> Response {
        let body = OauthFailure {
            error: self.error,
            error_description: self.description,
        };
        let mut response = unstored((self.status, Json(body)).into_response());
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Basic realm=\"tierline\"");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// A failure of these endpoints: theirs, or the store's.
#[derive(Debug)]
pub(super) enum Failure {
    Oauth(OauthError),
    Other(Problem),
}

impl From<OauthError> for Failure {
    fn from(error: OauthError) -> Self {
        Self::Oauth(error)
    }
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        Self::Other(Problem::of(error, Lang::En))
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::Oauth(error) => error.into_response(),
            Self::Other(problem) => problem.into_response(),
        }
    }
}

/// Secrets stay out of caches.
pub(super) fn unstored(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// A form; names in any case.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a body.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, OauthError> {
        let text = std::str::from_utf8(bytes)
            .map_err(|_| OauthError::new("invalid_request", "the form is not UTF-8"))?;
        let form = Self::of(Some(text));
        match form.0.iter().find(|(_, value)| value.contains('\0')) {
            None => Ok(form),
            Some((name, _)) => Err(OauthError::new("invalid_request", format!("{name}: {NUL}"))),
        }
    }

    /// Reads a query.
    pub(super) fn of(text: Option<&str>) -> Self {
        let pairs = text.unwrap_or_default().split('&');
        let read = pairs.filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (path::decode(name).to_lowercase(), path::decode(value))
        });
        Self(read.collect())
    }

    /// A field that is given and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// Every field is given once (RFC 6749, section 3.1).
    pub(super) fn once(&self) -> Result<(), OauthError> {
        let mut names: Vec<&str> = self.0.iter().map(|(key, _)| key.as_str()).collect();
        names.sort_unstable();
        let twice = names.windows(2).find(|pair| pair.first() == pair.last());
        match twice.and_then(<[&str]>::first) {
            None => Ok(()),
            Some(name) => Err(OauthError::new(
                "invalid_request",
                format!("{name} is given twice"),
            )),
        }
    }
}

/// A built-in issuer that is switched off says which one is in its place.
pub(super) fn built_in(server: &Server) -> Result<(), OauthError> {
    match server.issuer().external() {
        Some(external) if !server.settings().sandbox => Err(OauthError {
            status: StatusCode::NOT_FOUND,
            ..OauthError::new(
                "invalid_request",
                format!("tokens for this server are issued by {}", external.issuer()),
            )
        }),
        _ => Ok(()),
    }
}

/// Which tenant a path names.
#[derive(Clone, Debug)]
pub(super) enum Tenancy {
    /// Whichever the caller belongs to.
    Any,
    /// This one.
    Of(Tenant),
}

impl Tenancy {
    /// By id or domain.
    pub(super) async fn find(server: &Server, name: &str) -> Result<Self, Failure> {
        let name = name.to_lowercase();
        if matches!(name.as_str(), "common" | "organizations") {
            return Ok(Self::Any);
        }
        let wanted = name.clone();
        let found = server
            .app()
            .read(ask(move |tx| Box::pin(tenant(tx, wanted.clone()))))
            .await?;
        found.map(Self::Of).ok_or_else(|| {
            OauthError::new("invalid_request", format!("there is no tenant {name}")).into()
        })
    }

    /// Whether a tenant may be meant.
    pub(super) fn allows(&self, tenant: Uuid) -> bool {
        match self {
            Self::Any => true,
            Self::Of(named) => named.id.uuid() == tenant,
        }
    }
}

async fn tenant(tx: &mut Tx<'_>, name: String) -> Result<Option<Tenant>, AppError> {
    if let Ok(id) = name.parse::<Uuid>() {
        return Ok(tx.get::<Tenant>(&[Stored::Id(id)]).await?);
    }
    let key = [Stored::Text(name)];
    let found = tx.find::<Tenant>(tables::tenants::BY_DOMAIN, &key).await?;
    Ok(found.into_iter().next())
}

/// Where the portal takes its codes, at this server's own address; it has no other way back.
pub(super) const PORTAL_BACK: &str = "/portal/signed-in";

/// An application that asks, and how sure it is that it is this one.
#[derive(Clone, Debug)]
pub(super) struct Client {
    pub(super) application: Application,
    /// The partner that registered it; none of the portal.
    pub(super) owner: Option<Account>,
    /// It gave its secret. One that has none proves itself by the verifier of its code (RFC 7636).
    pub(super) confidential: bool,
}

impl Client {
    /// Whether it is the company's own, or the server's: neither needs consent.
    pub(super) fn is_own_of(&self, account: &Account) -> bool {
        self.owner
            .as_ref()
            .is_none_or(|owner| owner.id == account.id)
    }
}

/// An application with the account that registered it, unless it is built in, and its secrets.
type Registered = (Application, Option<Account>, Vec<ApplicationSecret>);

/// The portal as an application: public, and of nobody.
fn portal() -> Application {
    Application {
        client_id: PORTAL,
        account: Id::from_uuid(Uuid::nil()),
        name: "tierline".to_owned(),
        redirect_uris: Vec::new(),
        created: Timestamp::EPOCH,
    }
}

pub(super) async fn registered(
    tx: &mut Tx<'_>,
    client: Uuid,
) -> Result<Option<Registered>, AppError> {
    if client == PORTAL {
        return Ok(Some((portal(), None, Vec::new())));
    }
    let key = [Stored::Id(client)];
    let Some(application) = tx.get::<Application>(&key).await? else {
        return Ok(None);
    };
    let account = tierline_app::names::account_by_id(tx, application.account).await?;
    let secrets = tx
        .find::<ApplicationSecret>(application_secrets::BY_CLIENT, &key)
        .await?;
    Ok(Some((application, Some(account), secrets)))
}

impl Client {
    /// Whose call it is, by a secret in the form or in the header.
    pub(super) async fn of(
        server: &Server,
        headers: &HeaderMap,
        form: &Form,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let owned = |name| form.get(name).map(str::to_owned);
        let (client, secret) = match basic(headers) {
            Some((client, secret)) => (Some(client), Some(secret)),
            None => (owned("client_id"), owned("client_secret")),
        };
        let client = client
            .and_then(|client| client.parse::<Uuid>().ok())
            .ok_or_else(OauthError::client)?;
        let found = server
            .app()
            .read(ask(move |tx| Box::pin(registered(tx, client))))
            .await?;
        let (application, owner, secrets) = found.ok_or_else(OauthError::client)?;
        let confidential = match &secret {
            Some(secret) => {
                let hash = identity::hash(secret);
                let lives = |known: &ApplicationSecret| known.expires.is_none_or(|end| end > now);
                let fits = |known: &ApplicationSecret| identity::same(&known.hash, &hash);
                if !secrets.iter().any(|known| fits(known) && lives(known)) {
                    return Err(OauthError::client().into());
                }
                true
            }
            None if secrets.is_empty() => false,
            None => return Err(OauthError::client().into()),
        };
        Ok(Self {
            application,
            owner,
            confidential,
        })
    }
}

/// Id and secret of an application in the header.
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (kind, value) = value.split_once(' ')?;
    if !kind.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = base64::engine::general_purpose::STANDARD
        .decode(value.trim())
        .ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (client, secret) = text.split_once(':')?;
    let client = path::decode(client);
    // No application has such an id, and no database takes it to look.
    (!client.contains('\0')).then(|| (client, path::decode(secret)))
}

/// Services that tokens can be for: address and application id.
const SERVICES: [(&str, &str); 5] = [
    (AUDIENCE_API, "fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd"),
    (AUDIENCE_GRAPH, "00000002-0000-0000-c000-000000000000"),
    (
        "https://graph.microsoft.com",
        "00000003-0000-0000-c000-000000000000",
    ),
    (
        "https://management.azure.com",
        "797f4846-ba00-4fd7-ba43-dac1f8f63013",
    ),
    (
        "https://management.core.windows.net",
        "797f4846-ba00-4fd7-ba43-dac1f8f63013",
    ),
];

/// What a token is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// The service's address.
    pub(super) audience: &'static str,
    /// The service's application id.
    pub(super) service: &'static str,
    /// An id token too.
    pub(super) openid: bool,
}

/// A service by address or application id.
fn service(name: &str) -> Option<(&'static str, &'static str)> {
    let name = name.trim_end_matches('/');
    SERVICES
        .into_iter()
        .find(|(address, id)| name.eq_ignore_ascii_case(address) || name.eq_ignore_ascii_case(id))
}

impl Wanted {
    /// From `resource`, or the scopes of the second version.
    pub(super) fn of(form: &Form, usual: &'static str) -> Result<Self, OauthError> {
        let scopes: Vec<&str> = form
            .get("scope")
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        let openid = scopes.contains(&"openid");
        let named = match form.get("resource") {
            Some(resource) => Some(service(resource).ok_or_else(|| {
                OauthError::new(
                    "invalid_resource",
                    format!("there is no resource {resource}"),
                )
            })?),
            None => scopes
                .iter()
                .filter(|scope| !is_plain(scope))
                .map(|scope| {
                    let address = scope
                        .rsplit_once('/')
                        .map_or(*scope, |(address, _)| address);
                    service(address).ok_or_else(|| {
                        OauthError::new("invalid_scope", format!("there is no scope {scope}"))
                    })
                })
                .next()
                .transpose()?,
        };
        let (audience, service) = named.or_else(|| service(usual)).unwrap_or((usual, ""));
        Ok(Self {
            audience,
            service,
            openid,
        })
    }
}

/// A scope that names no service.
fn is_plain(scope: &str) -> bool {
    matches!(
        scope,
        "openid" | "profile" | "email" | "offline_access" | "user_impersonation"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(form: &str) -> Result<Wanted, OauthError> {
        Wanted::of(&Form::of(Some(form)), AUDIENCE_API)
    }

    #[test]
    fn both_versions_name_a_service() {
        let graph = wanted("resource=https%3A%2F%2Fgraph.windows.net").unwrap();
        assert_eq!(graph.audience, AUDIENCE_GRAPH);
        let scopes =
            "scope=openid+profile+offline_access+https%3A%2F%2Fgraph.windows.net%2F.default";
        let graph = wanted(scopes).unwrap();
        assert_eq!((graph.audience, graph.openid), (AUDIENCE_GRAPH, true));
        let user = wanted("scope=https://api.partnercenter.microsoft.com/user_impersonation");
        assert_eq!(user.unwrap().audience, AUDIENCE_API);
        let by_id = wanted("scope=fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd/.default").unwrap();
        assert_eq!(by_id.audience, AUDIENCE_API);
        assert_eq!(wanted("").unwrap().audience, AUDIENCE_API);
        let strange = wanted("resource=https://elsewhere.example").unwrap_err();
        assert_eq!(strange.error, "invalid_resource");
        let strange = wanted("scope=https://elsewhere.example/.default").unwrap_err();
        assert_eq!(strange.error, "invalid_scope");
    }

    #[test]
    fn a_field_is_given_once() {
        assert!(Form::of(Some("a=1&b=1")).once().is_ok());
        let twice = Form::of(Some("code=1&b=1&code=2")).once().unwrap_err();
        assert_eq!(twice.description, "code is given twice");
    }
}

//! What clients look up about the token issuer: its addresses and its keys.

use axum::extract::{Path, State};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::Json;
use crate::identity::keys::{PublicKeys, RELOAD_SECONDS};
use crate::route::{self, Access, Route};
use crate::server::Server;

pub(super) fn routes() -> Vec<Route> {
    let routes = vec![
        route::get(
            "/{tenant-id}/v2.0/.well-known/openid-configuration",
            "Discovery.",
            second,
        )
        .answers::<Discovery>(StatusCode::OK)
        .shows(
            "auth-openid-configuration",
            "identity.rs the_issuer_is_discovered_with_its_keys",
        ),
        route::get(
            "/{tenant-id}/.well-known/openid-configuration",
            "Discovery, for older clients.",
            first,
        )
        .answers::<Discovery>(StatusCode::OK),
        route::get(
            "/common/discovery/instance",
            "Which hosts belong together, for old Java clients.",
            instance,
        )
        .query("authorization_endpoint", "An address of this issuer.")
        .answers::<Instance>(StatusCode::OK),
        route::get("/{tenant-id}/discovery/v2.0/keys", "Public keys.", keys)
            .answers::<PublicKeys>(StatusCode::OK),
        route::get(
            "/{tenant-id}/discovery/keys",
            "Public keys, for older clients.",
            keys,
        )
        .answers::<PublicKeys>(StatusCode::OK),
    ];
    routes
        .into_iter()
        .map(|route| route.access(Access::Open))
        .collect()
}

/// The discovery document.
#[derive(Debug, Serialize, ToSchema)]
struct Discovery {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    response_types_supported: [&'static str; 1],
    response_modes_supported: [&'static str; 1],
    grant_types_supported: [&'static str; 3],
    subject_types_supported: [&'static str; 1],
    scopes_supported: [&'static str; 2],
    id_token_signing_alg_values_supported: [&'static str; 1],
    token_endpoint_auth_methods_supported: [&'static str; 3],
    code_challenge_methods_supported: [&'static str; 1],
    ui_locales_supported: [&'static str; 2],
}

/// Hosts that belong together.
#[derive(Debug, Serialize, ToSchema)]
struct Instance {
    tenant_discovery_endpoint: String,
    #[serde(rename = "api-version")]
    api_version: &'static str,
    metadata: [Hosts; 1],
}

/// One group of hosts.
#[derive(Debug, Serialize, ToSchema)]
struct Hosts {
    preferred_network: String,
    preferred_cache: String,
    aliases: [String; 1],
}

/// The address under which the caller reaches this server: the one it is set up with, or else the one asked.
pub(super) fn base(server: &Server, headers: &HeaderMap) -> String {
    if let Some(address) = &server.settings().public_url {
        return address.trim_end_matches('/').to_owned();
    }
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    let scheme = text(HeaderName::from_static("x-forwarded-proto"))
        .filter(|scheme| *scheme == "https")
        .unwrap_or("http");
    let host = text(header::HOST).unwrap_or("localhost");
    format!("{scheme}://{host}")
}

fn document(server: &Server, headers: &HeaderMap, tenant: &str, version: &str) -> Discovery {
    let root = format!("{}/{tenant}", base(server, headers));
    let oauth = format!("{root}/oauth2{version}");
    let name = server.issuer().name();
    let suffix = if version.is_empty() { "" } else { "v2.0" };
    Discovery {
        issuer: format!("{name}/{tenant}/{suffix}"),
        authorization_endpoint: format!("{oauth}/authorize"),
        token_endpoint: format!("{oauth}/token"),
        jwks_uri: format!("{root}/discovery{version}/keys"),
        response_types_supported: ["code"],
        response_modes_supported: ["query"],
        grant_types_supported: ["authorization_code", "client_credentials", "refresh_token"],
        subject_types_supported: ["pairwise"],
        scopes_supported: ["openid", "offline_access"],
        id_token_signing_alg_values_supported: ["ES256"],
        token_endpoint_auth_methods_supported: [
            "client_secret_post",
            "client_secret_basic",
            "none",
        ],
        code_challenge_methods_supported: ["S256"],
        ui_locales_supported: ["en", "ja"],
    }
}

async fn first(
    State(server): State<Server>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
) -> Json<Discovery> {
    Json(document(&server, &headers, &tenant, ""))
}

async fn second(
    State(server): State<Server>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
) -> Json<Discovery> {
    Json(document(&server, &headers, &tenant, "/v2.0"))
}

async fn instance(State(server): State<Server>, headers: HeaderMap) -> Json<Instance> {
    let base = base(&server, &headers);
    let host = base.split_once("://").map_or("", |(_, host)| host);
    Json(Instance {
        tenant_discovery_endpoint: format!("{base}/common/v2.0/.well-known/openid-configuration"),
        api_version: "1.1",
        metadata: [Hosts {
            preferred_network: host.to_owned(),
            preferred_cache: host.to_owned(),
            aliases: [host.to_owned()],
        }],
    })
}

async fn keys(State(server): State<Server>) -> Json<PublicKeys> {
    let now = server.app().clock().server_now();
    server.issuer().refresh(now, RELOAD_SECONDS).await;
    Json(server.issuer().public_keys(now))
}

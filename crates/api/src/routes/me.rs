//! Who calls, and what kind of server it calls: what a client needs before it can show anything.

use axum::extract::{RawQuery, State};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use tierline_app::{AppError, names};
use tierline_domain::partner::{Location, Organization};
use tierline_store::Tx;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::Json;
use crate::auth::Principal;
use crate::ours::{self, OwnCall, Strict};
use crate::route::{self, Access, Route};
use crate::server::Server;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route::get(
            "/program/v1/me",
            "Who calls: role, company, user and roles, as the token says.",
            me,
        )
        .access(Access::Party)
        .answers::<Me>(StatusCode::OK),
        route::get(
            "/program/v1/server",
            "What kind of server this is: sandbox or not, which world, who issues tokens.",
            server,
        )
        .access(Access::Open)
        .answers::<About>(StatusCode::OK),
    ]
}

/// Whoever a token stands for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Me {
    /// `operator`, `indirect_provider`, `indirect_reseller`, `direct_bill`, `advisor` or `customer`.
    role: String,
    /// The company's name; `The operator` for the operator.
    name: String,
    /// Its short name, by which commands and decisions name it.
    handle: String,
    #[schema(value_type = String)]
    tenant_id: Uuid,
    /// Left out for the operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    country: Option<String>,
    /// Where a partner's account stands, such as `active`; left out for everybody else.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    state: Option<String>,
    /// A partner's PartnerID, where a location is associated.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    partner_id: Option<String>,
    /// The user; left out where an application calls for itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    user: Option<UserView>,
    /// The application that the token was issued to.
    application: String,
}

/// A user.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct UserView {
    sign_in_name: String,
    /// Program roles of a partner's user, directory roles of a customer's.
    roles: Vec<String>,
}

/// What kind of server this is.
#[derive(Debug, Serialize, ToSchema)]
struct About {
    version: &'static str,
    /// Its clock can be moved, and everybody's credentials are listed.
    sandbox: bool,
    /// Which world of a sandbox answers; left out for the server's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    world: Option<String>,
    /// Who issues tokens in the place of this server's own sign-in page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    issuer: Option<String>,
}

/// Names that only the store knows: the company's, and a partner's PartnerID.
async fn named(
    tx: &mut Tx<'_>,
    principal: &Principal,
) -> Result<(String, Option<String>), AppError> {
    let organization = match (&principal.account, &principal.customer) {
        (Some(account), _) => account.organization,
        (None, Some(customer)) => customer.organization,
        (None, None) => return Ok(("The operator".to_owned(), None)),
    };
    let company: Organization = names::by_id(tx, organization).await?;
    let location = principal
        .account
        .as_ref()
        .and_then(|account| account.location);
    let partner_id = match location {
        Some(location) => Some(names::by_id::<Location, _>(tx, location).await?.partner_id),
        None => None,
    };
    Ok((company.name, partner_id))
}

async fn me(call: OwnCall) -> Strict<Me> {
    call.query(&[])?;
    let caller = call.principal.clone();
    let (name, partner_id) = call
        .read(move |tx| {
            let caller = caller.clone();
            Box::pin(async move { named(tx, &caller).await })
        })
        .await?;
    let principal = call.principal;
    let (account, customer) = (principal.account.as_ref(), principal.customer.as_ref());
    let (role, handle, country) = match (account, customer) {
        (Some(account), _) => (
            account.kind.to_string(),
            account.handle.clone(),
            Some(account.country),
        ),
        (None, Some(customer)) => (
            "customer".to_owned(),
            customer.handle.clone(),
            Some(customer.country),
        ),
        (None, None) => ("operator".to_owned(), "operator".to_owned(), None),
    };
    Ok(Json(Me {
        role,
        name,
        handle,
        tenant_id: principal.claims.tid,
        country: country.map(|country| country.to_string()),
        state: account.map(|account| account.state.to_string()),
        partner_id,
        user: principal.claims.upn.clone().map(|sign_in_name| UserView {
            sign_in_name,
            roles: principal.roles.as_deref().unwrap_or_default().to_vec(),
        }),
        application: principal.claims.appid.clone(),
    }))
}

async fn server(
    State(server): State<Server>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Strict<About> {
    ours::query(query.as_deref(), &[], ours::lang_of(&headers))?;
    let settings = server.settings();
    let external = server.issuer().external();
    Ok(Json(About {
        version: env!("CARGO_PKG_VERSION"),
        sandbox: settings.sandbox,
        world: settings.world.clone(),
        issuer: external
            .filter(|_| !settings.sandbox)
            .map(|issuer| issuer.issuer().to_owned()),
    }))
}

//! Consents that a partner gives for its customers to an application that acts for it (ROL-037).

use axum::extract::Path;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tierline_store::tables::Grant;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::Json;
use crate::call::Call;
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::wire::envelope::Attributes;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route::post(
            "/v1/customers/{customer-id}/applicationconsents",
            "Let the calling application act in a customer's tenant.",
            create,
        )
        .takes::<NewConsent>()
        .answers::<ApplicationConsent>(StatusCode::CREATED)
        .shows(
            "application-consents-create",
            "identity.rs an_application_is_consented_to_and_reaches_the_customers_tenant",
        ),
        route::delete(
            "/v1/customers/{customer-id}/applicationconsents/{application-id}",
            "Take that back.",
            remove,
        )
        .answers_plain(StatusCode::OK)
        .shows(
            "application-consents-delete",
            "identity.rs an_application_is_consented_to_and_reaches_the_customers_tenant",
        ),
    ]
}

/// Permissions at one service.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ApplicationGrant {
    enterprise_application_id: String,
    /// Names of permissions, with commas between them.
    scope: String,
}

/// A consent as it is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NewConsent {
    application_id: String,
    #[serde(default)]
    display_name: Option<String>,
    #[serde(default)]
    application_grants: Vec<ApplicationGrant>,
}

/// A consent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ApplicationConsent {
    application_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    display_name: Option<String>,
    application_grants: Vec<ApplicationGrant>,
    attributes: Attributes,
}

/// The most permissions and services that one consent names.
const GRANTS_MAX: usize = 100;

/// The permissions of a body, put in order: one comma between two names, whatever blanks stood there.
fn grants(body: &NewConsent) -> Result<Vec<ApplicationGrant>, Problem> {
    if body.application_grants.is_empty() || body.application_grants.len() > GRANTS_MAX {
        return Err(Problem::malformed(
            "applicationGrants",
            "names 1 to 100 services and their permissions",
        ));
    }
    let mut read = Vec::new();
    for (index, grant) in body.application_grants.iter().enumerate() {
        let field = |name: &str| format!("applicationGrants[{index}].{name}");
        let service: Uuid = grant.enterprise_application_id.parse().map_err(|_| {
            Problem::malformed(&field("enterpriseApplicationId"), "is the id of a service")
        })?;
        let names: Vec<&str> = grant
            .scope
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .collect();
        let is_name = |name: &&str| name.len() <= 120 && name.bytes().all(|b| b.is_ascii_graphic());
        if names.is_empty() || names.len() > GRANTS_MAX || !names.iter().all(is_name) {
            return Err(Problem::malformed(
                &field("scope"),
                "is a list of permissions with commas between them",
            ));
        }
        read.push(ApplicationGrant {
            enterprise_application_id: service.to_string(),
            scope: names.join(","),
        });
    }
    Ok(read)
}

async fn create(
    Path(customer): Path<String>,
    call: Call,
) -> Result<(StatusCode, Json<ApplicationConsent>), Problem> {
    let body: NewConsent = call.body()?;
    let is_own = body
        .application_id
        .eq_ignore_ascii_case(&call.principal.claims.appid);
    let application = body
        .application_id
        .parse::<Uuid>()
        .ok()
        .filter(|_| is_own)
        .ok_or_else(|| {
            Problem::malformed("applicationId", "is the id of the application that calls")
        })?;
    let grants = grants(&body)?;
    let stored: Vec<Grant> = grants
        .iter()
        .map(|grant| Grant {
            service: grant.enterprise_application_id.clone(),
            scope: grant.scope.clone(),
        })
        .collect();
    let name = body.display_name.clone().unwrap_or_default();
    call.perform(
        "consent_application",
        json!({ "customer": customer, "application": application, "name": name, "grants": stored }),
    )
    .await?;
    let consent = ApplicationConsent {
        application_id: application.to_string(),
        display_name: body.display_name,
        application_grants: grants,
        attributes: Attributes::of("ApplicationConsent"),
    };
    Ok((StatusCode::CREATED, Json(consent)))
}

async fn remove(
    Path((customer, application)): Path<(String, String)>,
    call: Call,
) -> Result<StatusCode, Problem> {
    let id: Uuid = application
        .parse()
        .map_err(|_| Problem::malformed("application-id", "is the id of an application"))?;
    call.perform(
        "revoke_consent",
        json!({ "customer": customer, "application": id }),
    )
    .await?;
    Ok(StatusCode::OK)
}

//! Partner relationships and the PartnerID look-up.

use axum::extract::Path;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tierline_app::{AppError, names};
use tierline_domain::address::folded;
use tierline_domain::partner::{Account, Location, Organization, PartnerType};
use tierline_domain::place::Country;
use tierline_store::customers::Counterpart;
use tierline_store::{Tx, Value as Stored, tables};
use utoipa::ToSchema;

use super::customers;
use crate::answer::Json;
use crate::call::Call;
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::wire::body;
use crate::wire::envelope::{Attributes, Collection, Links};

pub(super) fn routes() -> Vec<Route> {
    vec![
        route::get(
            "/v1/profiles/mpn",
            "The caller's PartnerID, or a look-up of another's.",
            partner_profile,
        )
        .query("mpnId", "A PartnerID to look up.")
        .answers::<MpnProfile>(StatusCode::OK)
        .shows(
            "mpn-profile-get",
            "partner_ties.rs a_partner_id_is_looked_up",
        )
        .shows(
            "mpn-profile-verify",
            "partner_ties.rs a_partner_id_is_looked_up",
        ),
        route::get("/v1/relationships", "Partner relationships.", list)
            .query(
                "relationship_type",
                "From whose side: IsIndirectCloudSolutionProviderOf or IsIndirectResellerOf.",
            )
            .query(
                "filter",
                "One JSON object: how the name begins, or what it contains.",
            )
            .answers::<Collection<PartnerRelationship>>(StatusCode::OK)
            .shows(
                "relationships-list",
                "partner_ties.rs a_removed_reseller_leaves_the_list",
            ),
        route::get(
            "/v1/customers/{customer-id}/relationships",
            "The partner's resellers that serve the customer.",
            of_customer,
        )
        .answers::<Collection<PartnerRelationship>>(StatusCode::OK)
        .shows(
            "customer-relationships-list",
            "partner_ties.rs resellers_of_a_customer_are_listed",
        ),
    ]
}

/// A partner's PartnerID and name.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MpnProfile {
    mpn_id: String,
    partner_name: String,
    profile_type: &'static str,
    links: Links,
    attributes: Attributes,
}

/// Another partner with which the caller has a partnership. Asked for a customer, state and location are left out.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PartnerRelationship {
    /// The other partner's tenant.
    id: String,
    name: String,
    relationship_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    state: Option<&'static str>,
    mpn_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>)]
    location: Option<Country>,
    attributes: Attributes,
}

/// The word for "provider of", from the reseller's side "reseller of".
const PROVIDER_OF: &str = "is_indirect_cloud_solution_provider_of";
const RESELLER_OF: &str = "is_indirect_reseller_of";

impl PartnerRelationship {
    fn of(other: Counterpart, relationship_type: &'static str) -> Self {
        Self {
            id: other.tenant.to_string(),
            name: other.name,
            relationship_type,
            state: Some("Active"),
            mpn_id: other.partner_id,
            location: Some(other.country),
            attributes: Attributes::of("PartnerRelationship"),
        }
    }
}

async fn list(call: Call) -> Result<Json<Collection<PartnerRelationship>>, Problem> {
    let account = call.account.clone();
    let wanted = call.query.get("relationship_type").map(body::word);
    let kind = match wanted.as_deref() {
        Some(PROVIDER_OF) => PROVIDER_OF,
        None if account.kind == PartnerType::IndirectProvider => PROVIDER_OF,
        Some(RESELLER_OF) | None => RESELLER_OF,
        Some(other) => {
            return Err(Problem::malformed(
                "relationship_type",
                &format!(
                    "`{other}` is none of IsIndirectCloudSolutionProviderOf and IsIndirectResellerOf"
                ),
            ));
        }
    };
    let own = account.id.uuid();
    let found = call
        .read(move |tx| {
            Box::pin(async move {
                Ok(if kind == PROVIDER_OF {
                    tx.resellers_of(own, None).await?
                } else {
                    tx.providers_of(own).await?
                })
            })
        })
        .await?;
    let own = format!("/relationships?relationship_type={kind}");
    let found = named_alike(&call, found)?;
    Ok(Json(
        Collection::whole(found, own).map(|other| PartnerRelationship::of(other, kind)),
    ))
}

/// A filter of the list: a part of the other partner's name.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Filter {
    field: String,
    value: String,
    operator: Option<String>,
}

/// Of the partners found, those whose name a filter asks for.
fn named_alike(call: &Call, mut found: Vec<Counterpart>) -> Result<Vec<Counterpart>, Problem> {
    let Some(text) = call.query.get("filter") else {
        return Ok(found);
    };
    let filter: Filter = body::read(text.as_bytes()).map_err(|_| {
        let problem = "is one JSON object with Field, Value and Operator";
        Problem::malformed("filter", problem)
    })?;
    if !matches!(body::word(&filter.field).as_str(), "name" | "partner_name") {
        return Err(Problem::malformed(
            "filter.Field",
            "relationships are filtered by Name",
        ));
    }
    let wanted = folded(&filter.value);
    let operator = filter.operator.as_deref().map(body::word);
    match operator.as_deref() {
        None | Some("starts_with") => {
            found.retain(|other| folded(&other.name).starts_with(&wanted));
        }
        Some("substring") => found.retain(|other| folded(&other.name).contains(&wanted)),
        Some(_) => {
            return Err(Problem::malformed(
                "filter.Operator",
                "is starts_with or substring",
            ));
        }
    }
    Ok(found)
}

async fn of_customer(
    Path(customer): Path<String>,
    call: Call,
) -> Result<Json<Collection<PartnerRelationship>>, Problem> {
    let known = customers::required(&call.server, &call.principal, &customer).await?;
    let (provider, tenant) = (call.account.id.uuid(), known.tenant.id);
    let own = format!("/customers/{tenant}/relationships");
    let found = call
        .read(move |tx| {
            Box::pin(async move { Ok(tx.resellers_of(provider, Some(tenant.uuid())).await?) })
        })
        .await?;
    Ok(Json(Collection::whole(found, own).map(|other| {
        PartnerRelationship {
            state: None,
            location: None,
            ..PartnerRelationship::of(other, PROVIDER_OF)
        }
    })))
}

/// The caller's own PartnerID, or a look-up of another's (IDN-022).
async fn partner_profile(call: Call) -> Result<Json<MpnProfile>, Problem> {
    let account = call.account.clone();
    let (mpn_id, partner_name) = match call.query.get("mpnid").map(str::to_owned) {
        Some(asked) => {
            call.perform("verify_partner_id", json!({ "partner_id": asked }))
                .await?;
            let wanted = asked.clone();
            let owner = call
                .read(move |tx| Box::pin(owner(tx, wanted.clone())))
                .await?;
            (asked, owner)
        }
        None => {
            call.read(move |tx| Box::pin(own(tx, account.clone())))
                .await?
        }
    };
    Ok(Json(MpnProfile {
        mpn_id,
        partner_name,
        profile_type: "MpnProfile",
        links: Links::own("/profiles/mpn"),
        attributes: Attributes::of("MpnProfile"),
    }))
}

/// The caller's own PartnerID and name.
async fn own(tx: &mut Tx<'_>, account: Account) -> Result<(String, String), AppError> {
    let organization: Organization = names::by_id(tx, account.organization).await?;
    let partner_id = match account.location {
        Some(location) => names::by_id::<Location, _>(tx, location).await?.partner_id,
        None => String::new(),
    };
    Ok((partner_id, organization.name))
}

async fn owner(tx: &mut Tx<'_>, partner_id: String) -> Result<String, AppError> {
    let place = tx
        .find::<Location>(
            tables::locations::BY_PARTNER_ID,
            &[Stored::Text(partner_id.clone())],
        )
        .await?
        .pop();
    let place = place.ok_or_else(|| AppError::missing("PartnerID", partner_id))?;
    Ok(names::by_id::<Organization, _>(tx, place.organization)
        .await?
        .name)
}

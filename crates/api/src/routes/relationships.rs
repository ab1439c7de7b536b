//! Partner relationships and the PartnerID look-up.

use axum::Json;
use axum::extract::Path;
use http::StatusCode;
use serde::Serialize;
use serde_json::json;
use tierline_app::{AppError, names};
use tierline_domain::customer::{Relationship, RelationshipState};
use tierline_domain::partner::{
    Account, Location, Organization, PartnerType, Partnership, PartnershipState, Tenant,
};
use tierline_domain::place::Country;
use tierline_store::{Tx, Value as Stored, tables};
use utoipa::ToSchema;

use super::customers;
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
            id: other.account.tenant.to_string(),
            name: other.name,
            relationship_type,
            state: Some("Active"),
            mpn_id: other.partner_id,
            location: Some(other.account.country),
            attributes: Attributes::of("PartnerRelationship"),
        }
    }
}

/// The other side of a partner relationship.
struct Counterpart {
    account: Account,
    name: String,
    partner_id: String,
}

async fn counterpart(tx: &mut Tx<'_>, account: Account) -> Result<Counterpart, AppError> {
    let organization: Organization = names::by_id(tx, account.organization).await?;
    let partner_id = match account.location {
        Some(location) => names::by_id::<Location, _>(tx, location).await?.partner_id,
        None => String::new(),
    };
    Ok(Counterpart {
        account,
        name: organization.name,
        partner_id,
    })
}

async fn partners(
    tx: &mut Tx<'_>,
    account: Account,
    as_provider: bool,
) -> Result<Vec<Counterpart>, AppError> {
    let statement = if as_provider {
        tables::partnerships::BY_PROVIDER
    } else {
        tables::partnerships::BY_RESELLER
    };
    let mut found = Vec::new();
    for tie in tx
        .find::<Partnership>(statement, &[Stored::Id(account.id.uuid())])
        .await?
    {
        if tie.state == PartnershipState::Active {
            let other = names::account_by_id(
                tx,
                if as_provider {
                    tie.reseller
                } else {
                    tie.provider
                },
            )
            .await?;
            found.push(counterpart(tx, other).await?);
        }
    }
    found.sort_by(|a, b| {
        a.name
            .cmp(&b.name)
            .then(a.account.handle.cmp(&b.account.handle))
    });
    Ok(found)
}

async fn list(call: Call) -> Result<Json<Collection<PartnerRelationship>>, Problem> {
    let account = call.account.clone();
    let wanted = call.query.get("relationship_type").map(body::word);
    let kind = match wanted.as_deref() {
        Some(PROVIDER_OF) => PROVIDER_OF,
        Some(RESELLER_OF) => RESELLER_OF,
        None if account.kind == PartnerType::IndirectProvider => PROVIDER_OF,
        None => RESELLER_OF,
        Some(other) => {
            return Err(Problem::malformed(
                "relationship_type",
                &format!(
                    "`{other}` is none of IsIndirectCloudSolutionProviderOf and IsIndirectResellerOf"
                ),
            ));
        }
    };
    let found = call
        .read(move |tx| Box::pin(partners(tx, account.clone(), kind == PROVIDER_OF)))
        .await?;
    let own = format!("/relationships?relationship_type={kind}");
    Ok(Json(
        Collection::whole(found, own).map(|other| PartnerRelationship::of(other, kind)),
    ))
}

/// The resellers of the caller that serve the customer too.
async fn shared(
    tx: &mut Tx<'_>,
    provider: Account,
    customer: Tenant,
) -> Result<Vec<Counterpart>, AppError> {
    let mut found = Vec::new();
    for other in partners(tx, provider, true).await? {
        let key = [
            Stored::Id(other.account.id.uuid()),
            Stored::Id(customer.id.uuid()),
        ];
        let relation = tx.get::<Relationship>(&key).await?;
        if relation.is_some_and(|relation| relation.state == RelationshipState::Active) {
            found.push(other);
        }
    }
    Ok(found)
}

async fn of_customer(
    Path(customer): Path<String>,
    call: Call,
) -> Result<Json<Collection<PartnerRelationship>>, Problem> {
    let known = customers::required(&call.server, &call.principal, &customer).await?;
    let (account, tenant) = (call.account.clone(), known.tenant);
    let own = format!("/customers/{}/relationships", tenant.id);
    let found = call
        .read(move |tx| Box::pin(shared(tx, account.clone(), tenant.clone())))
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
            let own = call
                .read(move |tx| Box::pin(counterpart(tx, account.clone())))
                .await?;
            (own.partner_id, own.name)
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

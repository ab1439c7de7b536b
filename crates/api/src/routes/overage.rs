//! Where the use beyond a customer's licences flows (SUB-051).

use axum::extract::Path;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tierline_app::{AppError, names, overage};
use tierline_domain::catalog::ItemKind;
use tierline_domain::id::Id;
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::subscription::{Overage, OverageService, Subscription};
use tierline_store::Tx;
use utoipa::ToSchema;

use super::subscriptions::{self, Found};
use super::{customers, orders};
use crate::answer::Json;
use crate::call::Call;
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::wire::envelope::{Attributes, Collection, Link, Links};

const OVERAGE: &str = "/v1/customers/{customer-id}/subscriptions/overage";

pub(super) fn routes() -> Vec<Route> {
    vec![
        route::get(
            OVERAGE,
            "Where the use beyond a customer's licences flows.",
            list,
        )
        .answers::<Collection<OverageResource>>(StatusCode::OK)
        .shows(
            "subscription-overage-get",
            "overage.rs use_beyond_licences_flows_to_one_subscription",
        ),
        route::put(
            OVERAGE,
            "Let the use beyond a customer's licences flow to a consumption subscription.",
            set,
        )
        .takes::<NewOverage>()
        .answers::<OverageResource>(StatusCode::OK)
        .shows(
            "subscription-overage-update",
            "overage.rs use_beyond_licences_flows_to_one_subscription",
        ),
    ]
}

/// Where the use beyond licences flows.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct OverageResource {
    #[schema(value_type = String)]
    azure_entitlement_id: Id<Subscription>,
    /// The PartnerID of the subscription's reseller of record, or of its seller.
    partner_id: String,
    /// `PhoneServices`.
    #[serde(rename = "type")]
    kind: &'static str,
    overage_enabled: bool,
    links: Links,
    attributes: Attributes,
}

/// The words of the wire for services.
const fn kind(service: OverageService) -> &'static str {
    match service {
        OverageService::PhoneServices => "PhoneServices",
    }
}

/// The PartnerID under which a subscription is sold: its reseller's, or its seller's own.
async fn sold_by(tx: &mut Tx<'_>, row: &Subscription) -> Result<String, AppError> {
    let partner = row.partner_of_record.or(row.seller);
    Ok(orders::partner_id(tx, partner).await?.unwrap_or_default())
}

async fn shown(tx: &mut Tx<'_>, overage: &Overage) -> Result<OverageResource, AppError> {
    let row = names::by_id::<Subscription, _>(tx, overage.subscription).await?;
    let path = format!("/customers/{}/subscriptions/overage", overage.customer);
    Ok(OverageResource {
        azure_entitlement_id: overage.subscription,
        partner_id: sold_by(tx, &row).await?,
        kind: kind(overage.service),
        overage_enabled: overage.enabled,
        links: Links::default().with("overage", Link::get(path)),
        attributes: Attributes::of("Overage"),
    })
}

/// What a partner set itself; what another one set is its own affair.
async fn own(
    tx: &mut Tx<'_>,
    partner: Account,
    customer: Tenant,
) -> Result<Vec<OverageResource>, AppError> {
    let mut all = Vec::new();
    for overage in overage::overages(tx, &customer).await? {
        if overage.partner == partner.id {
            all.push(shown(tx, &overage).await?);
        }
    }
    Ok(all)
}

async fn list(
    Path(customer): Path<String>,
    call: Call,
) -> Result<Json<Collection<OverageResource>>, Problem> {
    let tenant = customers::required(&call.server, &call.principal, &customer)
        .await?
        .tenant;
    let path = format!("/customers/{}/subscriptions/overage", tenant.id);
    let partner = call.account.clone();
    let all = call
        .read(move |tx| Box::pin(own(tx, partner.clone(), tenant.clone())))
        .await?;
    Ok(Json(Collection::whole(all, path)))
}

/// Where it shall flow, as it is sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NewOverage {
    azure_entitlement_id: Option<String>,
    /// The PartnerID under which the subscription is sold, where it is named again.
    partner_id: Option<String>,
    overage_enabled: Option<bool>,
}

/// A consumption subscription of the caller's; any other does not exist.
async fn entitlement(call: &Call, customer: &str, given: &str) -> Result<Found, Problem> {
    let unknown = || {
        let text = format!("entitlement {given} does not exist");
        Problem::documented(StatusCode::NOT_FOUND, 800_111, &text)
    };
    let found = subscriptions::find(call, customer, given)
        .await
        .map_err(|problem| {
            if problem.status == StatusCode::NOT_FOUND {
                unknown()
            } else {
                problem
            }
        })?;
    if found.item.kind == ItemKind::Consumption {
        Ok(found)
    } else {
        Err(unknown())
    }
}

async fn set(Path(customer): Path<String>, call: Call) -> Result<Json<OverageResource>, Problem> {
    let new: NewOverage = call.body()?;
    let said = |text: Option<&String>| {
        text.map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
    };
    let given = said(new.azure_entitlement_id.as_ref())
        .ok_or_else(|| Problem::malformed("azureEntitlementId", "is missing"))?;
    let enabled = new
        .overage_enabled
        .ok_or_else(|| Problem::malformed("overageEnabled", "is missing"))?;
    let found = entitlement(&call, &customer, &given).await?;
    let row = found.row.clone();
    let sold_by = call
        .read(move |tx| {
            let row = row.clone();
            Box::pin(async move { sold_by(tx, &row).await })
        })
        .await?;
    if said(new.partner_id.as_ref()).is_some_and(|named| named != sold_by) {
        let text = format!("is `{sold_by}`, which the subscription is, or left out");
        return Err(Problem::malformed("partnerId", &text));
    }
    let params = json!({ "subscription": found.row.id, "enabled": enabled });
    call.perform("set_overage", params).await?;
    let (partner, tenant) = (call.account.clone(), found.customer.clone());
    let all = call
        .read(move |tx| Box::pin(own(tx, partner.clone(), tenant.clone())))
        .await?;
    let set = all
        .into_iter()
        .find(|one| one.azure_entitlement_id == found.row.id);
    set.map(Json)
        .ok_or_else(|| Problem::not_found("the overage"))
}

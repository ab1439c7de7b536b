//! Trials that become paid.

use axum::extract::Path;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tierline_domain::catalog::Frequency;
use tierline_domain::id::Id;
use tierline_domain::order::Order;
use tierline_domain::subscription::Subscription;
use utoipa::ToSchema;

use super::lines;
use super::subscriptions;
use super::transitions::{said, same};
use crate::answer::Json;
use crate::call::Call;
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::wire::catalog;
use crate::wire::envelope::{Attributes, Collection};

const CONVERSIONS: &str = "/v1/customers/{customer-id}/subscriptions/{subscription-id}/conversions";

pub(super) fn routes() -> Vec<Route> {
    vec![
        route::get(CONVERSIONS, "What a trial may become.", conversions)
            .answers::<Collection<Conversion>>(StatusCode::OK)
            .shows(
                "subscription-conversions-list",
                "transitions.rs a_trial_becomes_paid",
            ),
        route::post(CONVERSIONS, "Make a trial paid.", convert)
            .takes::<NewConversion>()
            .answers::<ConversionResult>(StatusCode::OK)
            .shows(
                "subscription-conversions-create",
                "transitions.rs a_trial_becomes_paid",
            ),
    ]
}

/// What a trial may become.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Conversion {
    offer_id: String,
    target_offer_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>)]
    order_id: Option<Id<Order>>,
    quantity: i64,
    #[schema(value_type = String)]
    billing_cycle: Frequency,
    attributes: Attributes,
}

async fn conversions(
    Path((customer, subscription)): Path<(String, String)>,
    call: Call,
) -> Result<Json<Collection<Conversion>>, Problem> {
    let found = subscriptions::find(&call, &customer, &subscription).await?;
    let paid = found.paid.iter().map(|paid| Conversion {
        offer_id: catalog::item_id(&found.item),
        target_offer_id: catalog::item_id(paid),
        order_id: found.row.order_id,
        quantity: found.row.quantity,
        billing_cycle: Frequency::Monthly,
        attributes: Attributes::of("Conversion"),
    });
    let own = format!("{}/conversions", found.path());
    Ok(Json(Collection::whole(paid.collect(), own)))
}

/// A conversion as it is sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NewConversion {
    offer_id: Option<String>,
    target_offer_id: Option<String>,
    quantity: Option<i64>,
    billing_cycle: Option<String>,
}

/// What a conversion did.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ConversionResult {
    #[schema(value_type = String)]
    subscription_id: Id<Subscription>,
    offer_id: String,
    target_offer_id: String,
    attributes: Attributes,
}

async fn convert(
    Path((customer, subscription)): Path<(String, String)>,
    call: Call,
) -> Result<Json<ConversionResult>, Problem> {
    let found = subscriptions::find(&call, &customer, &subscription).await?;
    let new: NewConversion = call.body()?;
    let offer_id = catalog::item_id(&found.item);
    let Some(paid) = &found.paid else {
        let text = "subscription: is no trial, and cannot be converted";
        return Err(Problem::documented(StatusCode::BAD_REQUEST, 800_021, text));
    };
    let target_offer_id = catalog::item_id(paid);
    same("offerId", new.offer_id.as_ref(), &offer_id)?;
    if said(new.target_offer_id.as_ref())
        .is_some_and(|target| !target.eq_ignore_ascii_case(&target_offer_id))
    {
        let text = format!("is `{target_offer_id}`, which this trial becomes, or left out");
        return Err(Problem::malformed("targetOfferId", &text));
    }
    let cycle = lines::cycle(new.billing_cycle.as_deref(), "billingCycle")?;
    let cycle = cycle.filter(|cycle| *cycle != Frequency::None);
    let quantity = new.quantity.unwrap_or(found.row.quantity);
    let params = json!({ "subscription": found.row.id, "quantity": quantity, "at": "now", "frequency": cycle });
    call.perform("convert_trial", params).await?;
    Ok(Json(ConversionResult {
        subscription_id: found.row.id,
        offer_id,
        target_offer_id,
        attributes: Attributes::of("ConversionResult"),
    }))
}

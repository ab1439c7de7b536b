//! What a customer has of the previous consumption offer moves under the plan of its seller.

use axum::extract::Path;
use http::{HeaderName, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tierline_app::{AppError, names, product_upgrade};
use tierline_domain::catalog::Item;
use tierline_domain::id::Id;
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::subscription::ProductUpgrade;
use tierline_store::{Tx, Value as Stored};
use utoipa::ToSchema;
use uuid::Uuid;

use super::customers;
use crate::answer::Json;
use crate::call::Call;
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::wire::{body, catalog};

pub(super) fn routes() -> Vec<Route> {
    vec![
        route::post(
            "/v1/productUpgrades/eligibility",
            "Whether a customer has something that could move under a plan.",
            eligibility,
        )
        .takes::<UpgradeRequest>()
        .answers::<ProductUpgradeEligibility>(StatusCode::OK)
        .shows(
            "product-upgrades-eligibility",
            "product_upgrades.rs the_previous_offer_moves_under_a_plan",
        ),
        route::post(
            "/v1/productupgrades",
            "Move what a customer has of the previous consumption offer under a plan.",
            create,
        )
        .takes::<UpgradeRequest>()
        .answers_plain(StatusCode::ACCEPTED)
        .shows(
            "product-upgrades-create",
            "product_upgrades.rs the_previous_offer_moves_under_a_plan",
        ),
        route::post(
            "/v1/productUpgrades/{upgrade-id}/status",
            "How far such a move is.",
            status,
        )
        .takes::<UpgradeRequest>()
        .answers::<UpgradeStatus>(StatusCode::OK)
        .shows(
            "product-upgrades-status",
            "product_upgrades.rs the_previous_offer_moves_under_a_plan",
        ),
    ]
}

/// Whose products shall move, as it is sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct UpgradeRequest {
    customer_id: Option<String>,
    /// `azure`.
    product_family: Option<String>,
}

/// Whether anything could move.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ProductUpgradeEligibility {
    #[schema(value_type = String)]
    customer_id: Id<Tenant>,
    product_family: &'static str,
    is_eligible: bool,
    /// The move that was carried out before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>)]
    upgrade_id: Option<Id<ProductUpgrade>>,
    /// Why nothing could move.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<&'static str>,
}

/// The one family there is.
const FAMILY: &str = "azure";
const NOTHING: &str = "the customer has nothing of the previous consumption offer from the caller";

fn said(text: Option<&String>) -> Option<&str> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty())
}

/// The customer that a body names, which is the caller's.
async fn customer(call: &Call) -> Result<Tenant, Problem> {
    let asked: UpgradeRequest = call.body()?;
    let named = said(asked.customer_id.as_ref())
        .ok_or_else(|| Problem::malformed("customerId", "is missing"))?;
    let family = said(asked.product_family.as_ref()).map(body::word);
    if family.as_deref() != Some(FAMILY) {
        return Err(Problem::malformed("productFamily", "is azure"));
    }
    let found = customers::required(&call.server, &call.principal, named).await?;
    Ok(found.tenant)
}

/// What could move, and what has moved.
async fn looked_up(
    tx: &mut Tx<'_>,
    partner: Account,
    customer: Tenant,
) -> Result<(bool, Option<ProductUpgrade>), AppError> {
    let left = product_upgrade::previous(tx, &partner, &customer).await?;
    let moved = product_upgrade::moves(tx, &partner, &customer).await?;
    Ok((!left.is_empty(), moved.into_iter().next_back()))
}

async fn standing(
    call: &Call,
    customer: &Tenant,
) -> Result<(bool, Option<ProductUpgrade>), Problem> {
    let (partner, customer) = (call.account.clone(), customer.clone());
    call.read(move |tx| Box::pin(looked_up(tx, partner.clone(), customer.clone())))
        .await
}

async fn eligibility(call: Call) -> Result<Json<ProductUpgradeEligibility>, Problem> {
    let customer = customer(&call).await?;
    let (is_eligible, moved) = standing(&call, &customer).await?;
    Ok(Json(ProductUpgradeEligibility {
        customer_id: customer.id,
        product_family: FAMILY,
        is_eligible,
        upgrade_id: moved.map(|moved| moved.id),
        reason: (!is_eligible).then_some(NOTHING),
    }))
}

async fn create(call: Call) -> Result<(StatusCode, [(HeaderName, String); 1]), Problem> {
    let customer = customer(&call).await?;
    // Repeated, a request that was carried out finds nothing left, and is answered as it was.
    let answer = call
        .attempt("upgrade_to_plan", json!({ "customer": customer.id }))
        .await;
    let answer = match answer {
        Err(AppError::Invalid { .. }) => {
            let (_, moved) = standing(&call, &customer).await?;
            return Err(match moved {
                Some(_) => Problem::documented(
                    StatusCode::BAD_REQUEST,
                    900_110,
                    "what the customer had of the previous consumption offer has moved already",
                ),
                None => Problem::documented(StatusCode::FORBIDDEN, 900_108, NOTHING),
            });
        }
        answer => answer.map_err(|error| call.problem(error))?,
    };
    let upgrade = answer.get("upgrade").and_then(Value::as_str);
    let location = format!("productUpgrades/{}", upgrade.unwrap_or_default());
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)]))
}

/// A product of a move.
#[derive(Debug, Serialize, ToSchema)]
struct UpgradedProduct {
    id: String,
    name: String,
}

impl UpgradedProduct {
    fn of(item: Item) -> Self {
        Self {
            id: catalog::item_id(&item),
            name: item.title,
        }
    }
}

/// A subscription that moved.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct UpgradeLine {
    source_product: UpgradedProduct,
    target_product: UpgradedProduct,
    upgraded_date: String,
    /// It moves in the transaction that asks for it.
    status: &'static str,
}

/// How far a move is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct UpgradeStatus {
    #[schema(value_type = String)]
    id: Id<ProductUpgrade>,
    product_family: &'static str,
    status: &'static str,
    line_items: Vec<UpgradeLine>,
}

const COMPLETED: &str = "Completed";

async fn shown(tx: &mut Tx<'_>, row: ProductUpgrade) -> Result<UpgradeStatus, AppError> {
    let mut line_items = Vec::with_capacity(row.lines.len());
    for line in &row.lines {
        line_items.push(UpgradeLine {
            source_product: UpgradedProduct::of(names::by_id(tx, line.from_item).await?),
            target_product: UpgradedProduct::of(names::by_id(tx, line.to_item).await?),
            upgraded_date: row.at.to_string(),
            status: COMPLETED,
        });
    }
    Ok(UpgradeStatus {
        id: row.id,
        product_family: "Azure",
        status: COMPLETED,
        line_items,
    })
}

/// A move of the caller's; any other does not exist.
async fn own(
    tx: &mut Tx<'_>,
    partner: Account,
    upgrade: Uuid,
) -> Result<Option<ProductUpgrade>, AppError> {
    let found = tx.get::<ProductUpgrade>(&[Stored::Id(upgrade)]).await?;
    Ok(found.filter(|found| found.partner == partner.id))
}

async fn status(Path(upgrade): Path<String>, call: Call) -> Result<Json<UpgradeStatus>, Problem> {
    let customer = customer(&call).await?;
    let unknown = || {
        let text = format!("product upgrade {upgrade} does not exist");
        Problem::documented(StatusCode::NOT_FOUND, 900_106, &text)
    };
    let id = Uuid::try_parse(&upgrade).map_err(|_| unknown())?;
    let partner = call.account.clone();
    let found = call
        .read(move |tx| Box::pin(own(tx, partner.clone(), id)))
        .await?
        .ok_or_else(unknown)?;
    if found.customer != customer.id {
        let text = "customerId: is not the customer of this upgrade";
        return Err(Problem::documented(StatusCode::BAD_REQUEST, 900_111, text));
    }
    let shown = call
        .read(move |tx| Box::pin(shown(tx, found.clone())))
        .await?;
    Ok(Json(shown))
}

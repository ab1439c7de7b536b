//! The look at the inventory.

use std::collections::BTreeMap;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use tierline_app::catalogue;
use utoipa::ToSchema;

use super::Market;
use crate::answer::Json;
use crate::call::Call;
use crate::problem::Problem;
use crate::route::{self, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        route::post(
            "/v1/extensions/product/checkInventory",
            "Whether products and SKUs can be had.",
            inventory,
        )
        .query("country", "The market: two letters.")
        .takes::<InventoryRequest>()
        .answers::<Vec<InventoryItem>>(StatusCode::OK)
        .shows("inventory-check", "catalogue.rs the_inventory_is_looked_at"),
    ]
}

/// What is looked for in the inventory.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct InventoryRequest {
    target_items: Vec<TargetItem>,
    /// `customerId`, `azureSubscriptionId`, `armRegionName`.
    #[serde(default)]
    inventory_context: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TargetItem {
    product_id: String,
    sku_id: Option<String>,
}

/// Why something cannot be had.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RestrictionView {
    reason_code: &'static str,
    description: String,
    properties: BTreeMap<&'static str, String>,
}

/// A SKU in the inventory.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct InventoryItem {
    product_id: String,
    sku_id: String,
    is_restricted: bool,
    restrictions: Vec<RestrictionView>,
}

impl InventoryRequest {
    fn context(&self, key: &str) -> Option<&str> {
        self.inventory_context
            .iter()
            .find(|(name, value)| name.eq_ignore_ascii_case(key) && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }
}

async fn inventory(call: Call) -> Result<Json<Vec<InventoryItem>>, Problem> {
    let market = Market::of_country(&call)?;
    let request: InventoryRequest = call.body()?;
    if request.target_items.is_empty() {
        return Err(Problem::malformed(
            "targetItems",
            "is empty; name a product",
        ));
    }
    if let Some(customer) = request.context("customerId") {
        Market::of_customer(&call, customer).await?;
    }
    let region = request.context("armRegionName").map(str::to_owned);
    let mut shown = Vec::new();
    for target in &request.target_items {
        let sku = target.sku_id.as_deref().filter(|sku| !sku.is_empty());
        shown.extend(stock(&call, &market, &target.product_id, sku, region.as_deref()).await?);
    }
    Ok(Json(shown))
}

/// The state of a product's SKUs; nothing of one that is unknown.
async fn stock(
    call: &Call,
    market: &Market,
    product: &str,
    sku: Option<&str>,
    region: Option<&str>,
) -> Result<Vec<InventoryItem>, Problem> {
    let (asked, product, sku) = (
        market.asked.clone(),
        product.to_owned(),
        sku.map(str::to_owned),
    );
    let listings = call
        .read(move |tx| {
            let (product, sku) = (product.clone(), sku.clone());
            Box::pin(async move { catalogue::listed(tx, &product, sku.as_deref()).await })
        })
        .await?;
    let by_sku = listings.chunk_by(|one, other| one.sku == other.sku);
    Ok(by_sku
        .filter_map(|listings| {
            let first = listings.first()?;
            let mut restrictions = Vec::new();
            if !listings.iter().any(|listing| asked.shows(listing)) {
                restrictions.push(RestrictionView {
                    reason_code: "NotAvailableInMarket",
                    description: format!("This is not sold in {}.", asked.country),
                    properties: BTreeMap::from([("country", asked.country.to_string())]),
                });
            }
            let own = first.about.attributes.get("armRegionName");
            let region = region.or(own.map(String::as_str)).unwrap_or_default();
            let is_out = |out: &String| out.eq_ignore_ascii_case(region);
            if first.about.sold_out_in.iter().any(is_out) {
                restrictions.push(RestrictionView {
                    reason_code: "NotAvailableInRegion",
                    description: format!("There is no capacity left in {region}."),
                    properties: BTreeMap::from([("armRegionName", region.to_owned())]),
                });
            }
            Some(InventoryItem {
                product_id: first.product.clone(),
                sku_id: first.sku.clone(),
                is_restricted: !restrictions.is_empty(),
                restrictions,
            })
        })
        .collect())
}

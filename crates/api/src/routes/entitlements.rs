//! What a customer may use of what was ordered for it: software and reservations.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::Path;
use http::StatusCode;
use serde::Serialize;
use tierline_app::{AppError, catalogue, names};
use tierline_domain::catalog::{Item, ItemKind};
use tierline_domain::id::Id;
use tierline_domain::listing::Shelf;
use tierline_domain::order::{Order, OrderLine};
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::subscription::{Subscription, SubscriptionState};
use tierline_store::{Tx, Value as Stored, tables};
use utoipa::ToSchema;

use super::subscription_view::first_instant;
use super::{customers, orders};
use crate::call::Call;
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::wire::catalog;
use crate::wire::envelope::Collection;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route::get(
            "/v1/customers/{customer-id}/entitlements",
            "What a customer may use of what was ordered for it.",
            list,
        )
        .query(
            "entitlementType",
            "Only software, or only reservedInstance.",
        )
        .query("showExpiry", "With the day on which it ends.")
        .answers::<Collection<Entitlement>>(StatusCode::OK)
        .shows_partly(
            "entitlements-list",
            "subscription_parts.rs software_and_reservations_are_entitlements",
            "the artifacts of a reservation",
        ),
    ]
}

const SOFTWARE: &str = "software";
const RESERVATION: &str = "reservedinstance";

/// The order line that an entitlement came of.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ReferenceOrder {
    #[schema(value_type = String)]
    id: Id<Order>,
    line_item_id: String,
    alternate_id: String,
}

/// What may be used.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_field_names,
    reason = "members are called as documented"
)]
struct Entitlement {
    /// Nothing is included in anything here.
    #[schema(value_type = Vec<Object>)]
    included_entitlements: [(); 0],
    reference_order: ReferenceOrder,
    product_id: String,
    sku_id: String,
    quantity: i64,
    #[schema(value_type = Vec<Object>)]
    entitled_artifacts: [(); 0],
    entitlement_type: &'static str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    dynamic_attributes: BTreeMap<&'static str, &'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    expiry_date: Option<String>,
}

/// What of an order line may be used: its kind, and of a reservation what is reserved.
async fn kind(
    tx: &mut Tx<'_>,
    item: &Item,
) -> Result<Option<(&'static str, Option<&'static str>)>, AppError> {
    if matches!(
        item.kind,
        ItemKind::PerpetualSoftware | ItemKind::SoftwareSubscription
    ) {
        return Ok(Some((SOFTWARE, None)));
    }
    if item.kind != ItemKind::Reservation {
        return Ok(None);
    }
    let product = catalogue::product_of(tx, item).await?;
    let reserved = match product.map(|product| product.shelf) {
        Some(Shelf::ReservedMachines) => "virtualmachines",
        Some(Shelf::ReservedSql) => "sqldatabases",
        Some(Shelf::ReservedDocuments) => "cosmosdb",
        // A savings plan reserves nothing.
        _ => return Ok(None),
    };
    Ok(Some((RESERVATION, Some(reserved))))
}

async fn of_line(
    tx: &mut Tx<'_>,
    order: &Order,
    (number, line): (usize, &OrderLine),
    shows_end: bool,
) -> Result<Option<Entitlement>, AppError> {
    let Some(id) = line.subscription.filter(|_| !line.cancelled) else {
        return Ok(None);
    };
    let row = names::by_id::<Subscription, _>(tx, id).await?;
    let item = names::by_id::<Item, _>(tx, line.line.item).await?;
    let Some((entitlement_type, reserved)) = kind(tx, &item).await? else {
        return Ok(None);
    };
    if row.state == SubscriptionState::Deleted {
        return Ok(None);
    }
    let offer = catalog::item_id(&item);
    let mut parts = offer.split(':').map(str::to_owned);
    Ok(Some(Entitlement {
        included_entitlements: [],
        reference_order: ReferenceOrder {
            id: order.id,
            line_item_id: number.to_string(),
            alternate_id: orders::alternate(order.id.uuid()),
        },
        product_id: parts.next().unwrap_or_default(),
        sku_id: parts.next().unwrap_or_default(),
        quantity: row.quantity,
        entitled_artifacts: [],
        entitlement_type,
        dynamic_attributes: reserved
            .map(|reserved| ("reservationType", reserved))
            .into_iter()
            .collect(),
        expiry_date: row.term_end.filter(|_| shows_end).map(first_instant),
    }))
}

async fn of_pair(
    tx: &mut Tx<'_>,
    partner: Account,
    customer: Tenant,
    shows_end: bool,
) -> Result<Vec<Entitlement>, AppError> {
    let pair = [
        Stored::Id(partner.id.uuid()),
        Stored::Id(customer.id.uuid()),
    ];
    let mut found = Vec::new();
    for order in tx.find::<Order>(tables::orders::BY_PAIR, &pair).await? {
        for line in order.lines.iter().enumerate() {
            found.extend(of_line(tx, &order, line, shows_end).await?);
        }
    }
    Ok(found)
}

async fn list(
    Path(customer): Path<String>,
    call: Call,
) -> Result<Json<Collection<Entitlement>>, Problem> {
    let tenant = customers::required(&call.server, &call.principal, &customer)
        .await?
        .tenant;
    let wanted = call.query.get("entitlementtype").map(str::to_lowercase);
    let wanted = match wanted.as_deref() {
        None => None,
        Some(SOFTWARE) => Some(SOFTWARE),
        Some(RESERVATION | "virtualmachinereservedinstance") => Some(RESERVATION),
        Some(other) => {
            let text = format!("`{other}` is neither software nor reservedInstance");
            return Err(Problem::malformed("entitlementType", &text));
        }
    };
    let own = format!("/customers/{}/entitlements", tenant.id);
    let (partner, shows_end) = (call.account.clone(), call.query.flag("showexpiry"));
    let mut found = call
        .read(move |tx| Box::pin(of_pair(tx, partner.clone(), tenant.clone(), shows_end)))
        .await?;
    found.retain(|one| wanted.is_none_or(|wanted| one.entitlement_type == wanted));
    Ok(Json(Collection::whole(found, own)))
}

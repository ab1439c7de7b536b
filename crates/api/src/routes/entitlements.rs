//! What a customer may use of what was ordered for it: software and reservations.

use std::collections::BTreeMap;

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
use super::{customers, orders, subscriptions};
use crate::answer::Json;
use crate::call::Call;
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::wire::catalog;
use crate::wire::envelope::{Collection, Link};

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
        .shows(
            "entitlements-list",
            "subscription_parts.rs software_and_reservations_are_entitlements",
        ),
        route::get(
            "/v1/customers/{customer-id}/artifacts/{artifact-type}/groups/{group-id}/lineitems/{line-item-id}/resource/{resource-id}",
            "What is reserved.",
            artifact,
        )
        .answers::<ReservedArtifact>(StatusCode::OK)
        .shows(
            "reservation-artifact-get",
            "subscription_parts.rs software_and_reservations_are_entitlements",
        ),
    ]
}

const SOFTWARE: &str = "software";
const RESERVATION: &str = "reservedinstance";

/// The order line that an entitlement came of.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ReferenceOrder {
    #[schema(value_type = String)]
    id: Id<Order>,
    line_item_id: String,
    alternate_id: String,
}

/// Where more is read of what is reserved.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct EntitledArtifact {
    link: Link,
    #[schema(value_type = String)]
    resource_id: Id<Subscription>,
    artifact_type: &'static str,
}

/// What may be used.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_field_names,
    reason = "members are called as documented"
)]
struct Entitlement {
    /// What comes with it.
    #[schema(no_recursion)]
    included_entitlements: Vec<Entitlement>,
    reference_order: ReferenceOrder,
    product_id: String,
    sku_id: String,
    quantity: i64,
    entitled_artifacts: Vec<EntitledArtifact>,
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

fn product_and_sku(item: &Item) -> [String; 2] {
    let offer = catalog::item_id(item);
    let mut parts = offer.split(':').map(str::to_owned);
    [0; 2].map(|_| parts.next().unwrap_or_default())
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
    let reference_order = ReferenceOrder {
        id: order.id,
        line_item_id: number.to_string(),
        alternate_id: orders::alternate(order.id.uuid()),
    };
    let mut included_entitlements = Vec::new();
    for included in catalogue::included(tx, &item).await? {
        let [product_id, sku_id] = product_and_sku(&included);
        included_entitlements.push(Entitlement {
            included_entitlements: Vec::new(),
            reference_order: reference_order.clone(),
            product_id,
            sku_id,
            quantity: row.quantity,
            entitled_artifacts: Vec::new(),
            entitlement_type,
            dynamic_attributes: BTreeMap::new(),
            expiry_date: None,
        });
    }
    let [product_id, sku_id] = product_and_sku(&item);
    let artifact = reserved.map(|_| EntitledArtifact {
        link: Link::get(format!(
            "/customers/{}/artifacts/{RESERVATION}/groups/{}/lineitems/{number}/resource/{}",
            order.customer, order.id, row.id
        )),
        resource_id: row.id,
        artifact_type: RESERVATION,
    });
    Ok(Some(Entitlement {
        included_entitlements,
        reference_order,
        product_id,
        sku_id,
        quantity: row.quantity,
        entitled_artifacts: artifact.into_iter().collect(),
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

/// A reservation of machines.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MachineReservation {
    #[schema(value_type = String)]
    reservation_id: Id<Subscription>,
    /// `Shared` or `Single`.
    scope_type: &'static str,
    quantity: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    expiry_date_time: Option<String>,
    effective_date_time: String,
    provisioning_state: &'static str,
}

/// What is reserved.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ReservedArtifact {
    #[serde(rename = "type")]
    kind: &'static str,
    virtual_machine_reservations: Vec<MachineReservation>,
}

/// The type of an artifact as its answer has it.
fn artifact_kind(given: &str) -> Option<&'static str> {
    match given.to_lowercase().replace('_', "").as_str() {
        RESERVATION => Some(RESERVATION),
        "virtualmachinereservedinstance" => Some("virtual_machine_reserved_instance"),
        _ => None,
    }
}

async fn artifact(
    Path((customer, kind, group, line, resource)): Path<(String, String, String, String, String)>,
    call: Call,
) -> Result<Json<ReservedArtifact>, Problem> {
    let missing = || Problem::not_found(&format!("artifact {resource}"));
    let kind = artifact_kind(&kind).ok_or_else(missing)?;
    let order = orders::find(&call, &customer, &group).await?.order;
    let held = line
        .parse::<usize>()
        .ok()
        .and_then(|number| order.lines.get(number))
        .and_then(|line| {
            line.subscription
                .map(|held| (held, line.line.details.clone()))
        })
        .filter(|(held, _)| held.to_string().eq_ignore_ascii_case(&resource));
    let (held, details) = held.ok_or_else(missing)?;
    let found = subscriptions::find(&call, &customer, &held.to_string()).await?;
    if found.item.kind != ItemKind::Reservation {
        return Err(missing());
    }
    let mut context = details.context.iter();
    let is_single = context.any(|(name, value)| {
        name.eq_ignore_ascii_case("scope") && value.eq_ignore_ascii_case("single")
    });
    let row = &found.row;
    Ok(Json(ReservedArtifact {
        kind,
        virtual_machine_reservations: vec![MachineReservation {
            reservation_id: row.id,
            scope_type: if is_single { "Single" } else { "Shared" },
            quantity: row.quantity,
            expiry_date_time: row.term_end.map(first_instant),
            effective_date_time: row.bought.to_string(),
            provisioning_state: "Created",
        }],
    }))
}

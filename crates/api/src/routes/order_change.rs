//! Changing an order: its billing cycle, an add-on to one of its lines, lines that are cancelled.

use axum::extract::Path;
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use tierline_app::order::{Wanted, default_term};
use tierline_domain::catalog::{Frequency, ItemKind};
use tierline_domain::order::OrderState;
use tierline_domain::partner::Environment;
use utoipa::ToSchema;

use super::lines::{self, Items, in_line};
use super::orders::{self, Bought, Found, NewOrderLine, OrderResource, Shared};
use crate::answer::Json;
use crate::call::Call;
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::wire::body;
use crate::wire::envelope::{self, Tag};

pub(super) fn routes() -> Vec<Route> {
    vec![
        route::patch(
            orders::ONE,
            "Change an order's billing cycle, buy an add-on, or cancel lines.",
            change,
        )
        .takes::<OrderPatch>()
        .answers::<OrderResource>(StatusCode::OK)
        .shows(
            "orders-update-billing-cycle",
            "order_changes.rs a_traditional_order_changes_its_billing_cycle",
        )
        .shows(
            "orders-purchase-addon",
            "order_changes.rs an_add_on_is_bought_through_the_order_of_its_base",
        )
        .shows(
            "orders-cancel-software",
            "order_changes.rs software_is_cancelled_within_its_window",
        )
        .shows(
            "orders-cancel-sandbox",
            "order_changes.rs a_sandbox_cancels_whole_orders",
        ),
    ]
}

/// A change of an order as it is sent: the order with what shall be otherwise.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct OrderPatch {
    /// The customer, as in the path.
    reference_customer_id: Option<String>,
    billing_cycle: Option<String>,
    /// `cancelled`, to cancel.
    status: Option<String>,
    #[serde(default)]
    line_items: Vec<NewOrderLine>,
    attributes: Option<Tag>,
}

/// Software, which its order cancels wherever it is (SUB-037).
fn is_software(line: &Bought) -> bool {
    matches!(
        line.item.kind,
        ItemKind::PerpetualSoftware | ItemKind::SoftwareSubscription
    )
}

impl OrderPatch {
    /// The lines to cancel: those that are listed and open; where none is listed, all that may be cancelled here.
    fn cancelled(&self, found: &Found, sandbox: bool) -> Result<Vec<usize>, Problem> {
        if found.order.state == OrderState::Cancelled {
            let text = format!("order {} is cancelled already", found.order.id);
            return Err(Problem::documented(StatusCode::BAD_REQUEST, 800_061, &text));
        }
        let listed: Vec<usize> = self
            .line_items
            .iter()
            .filter_map(|line| usize::try_from(line.line_item_number?).ok())
            .collect();
        let lines = found.order.lines.iter().zip(&found.bought).enumerate();
        let open: Vec<(usize, &Bought)> = lines
            .filter(|(number, (line, _))| {
                !line.cancelled && (listed.is_empty() || listed.contains(number))
            })
            .map(|(number, (_, bought))| (number, bought))
            .collect();
        let other = open.iter().find(|(_, bought)| !is_software(bought));
        let allowed: Vec<usize> = open
            .iter()
            .filter(|(_, bought)| sandbox || is_software(bought))
            .map(|(number, _)| *number)
            .collect();
        match other {
            Some((_, other)) if !sandbox && (allowed.is_empty() || !listed.is_empty()) => {
                Err(not_software(other))
            }
            _ if allowed.is_empty() => Err(Problem::malformed(
                "lineItems",
                "names no line that can still be cancelled",
            )),
            _ => Ok(allowed),
        }
    }

    /// Add-ons that shall be bought to subscriptions of the order.
    fn add_ons(
        &self,
        customer: &str,
        found: &Found,
        items: &Items,
    ) -> Result<Vec<Wanted>, Problem> {
        let new = self.line_items.iter().enumerate().filter(|(_, line)| {
            let known = line
                .subscription_id
                .as_deref()
                .is_some_and(|id| !id.is_empty());
            let based = line
                .parent_subscription_id
                .as_deref()
                .is_some_and(|id| !id.is_empty());
            based && !known
        });
        let cycle = found.cycle();
        new.map(|(place, line)| {
            let wanted = line.wanted(customer, Shared::default(), items);
            let mut wanted = wanted.map_err(in_line(place))?;
            let fits = items.of(line.item()).is_some_and(|item| {
                let term = wanted.term.unwrap_or_else(|| default_term(item));
                item.offer(term)
                    .is_some_and(|offer| offer.frequencies.contains(&cycle))
            });
            // An add-on is billed as its order is, where it can be.
            wanted.frequency = wanted.frequency.or(fits.then_some(cycle));
            if wanted.partner_of_record.is_none() {
                wanted.partner_of_record =
                    found.bought.iter().find_map(|line| line.reseller.clone());
            }
            Ok(wanted)
        })
        .collect()
    }
}

/// Outside a sandbox only software is cancelled through its order.
fn not_software(line: &Bought) -> Problem {
    let seats = line.item.kind == ItemKind::Marketplace;
    let (code, text) = if seats {
        (
            800_077,
            "lineItems: a service by the seat is cancelled through its subscription",
        )
    } else {
        (
            800_019,
            "lineItems: outside a sandbox only software purchases are cancelled through their order",
        )
    };
    Problem::documented(StatusCode::FORBIDDEN, code, text)
}

async fn change(
    Path((customer, order)): Path<(String, String)>,
    call: Call,
) -> Result<Json<OrderResource>, Problem> {
    let found = orders::find(&call, &customer, &order).await?;
    let patch: OrderPatch = call.body()?;
    let cancels = patch.status.as_deref().map(body::word).as_deref() == Some("cancelled");
    let named = patch.reference_customer_id.as_deref();
    lines::of_path(named, &found.order.customer.to_string())?;
    if named.is_none_or(str::is_empty) && !cancels {
        return Err(Problem::documented(
            StatusCode::BAD_REQUEST,
            800_002,
            "referenceCustomerId: is missing; it is the customer of the order",
        ));
    }
    let etag = patch
        .attributes
        .as_ref()
        .and_then(|tag| tag.etag.as_deref());
    let mut params = json!({
        "order": found.order.handle,
        "customer": customer,
        "seen": found.order.version,
    });
    let Some(map) = params.as_object_mut() else {
        return found
            .shown(false)
            .map(Json)
            .map_err(|error| call.problem(error));
    };
    map.extend(
        call.etag(etag)
            .map(|tag| ("etag".to_owned(), json!(envelope::version(&tag)))),
    );
    if cancels {
        let sandbox =
            call.account.environment == Environment::Sandbox || call.server.settings().sandbox;
        map.insert(
            "cancel".to_owned(),
            json!(patch.cancelled(&found, sandbox)?),
        );
    } else {
        let given = patch.line_items.iter().map(NewOrderLine::item);
        let items = lines::items(&call, given).await?;
        map.insert(
            "add_ons".to_owned(),
            json!(patch.add_ons(&customer, &found, &items)?),
        );
        let cycle = lines::cycle(patch.billing_cycle.as_deref(), "billingCycle")?;
        let other = cycle.filter(|cycle| *cycle != found.cycle() && *cycle != Frequency::None);
        map.extend(other.map(|cycle| ("frequency".to_owned(), json!(cycle))));
    }
    call.attempt("change_order", params)
        .await
        .map_err(|error| lines::problem(&call, "lineItems.offerId", error))?;
    orders::shown(&call, &customer, &order, false)
        .await
        .map(Json)
}

//! Orders: placed without a cart, listed and read; what their lines were provisioned as.

use std::collections::BTreeMap;

use axum::extract::{Path, RawQuery};
use axum::response::Html;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tierline_app::billing::fx;
use tierline_app::order::Wanted;
use tierline_app::{AppError, names};
use tierline_domain::catalog::{Frequency, Item, ItemKind};
use tierline_domain::id::Id;
use tierline_domain::money::{Currency, Money};
use tierline_domain::order::{Order, OrderLine, OrderState};
use tierline_domain::partner::{Account, Location, Tenant};
use tierline_domain::place::Country;
use tierline_domain::subscription::Subscription;
use tierline_store::{Tx, Value as Stored, tables};
use utoipa::ToSchema;

use super::lines::{
    self, Given, Items, NewCommitment, Prices, PurchaseCommitment, RenewsTo, in_line, parent,
};
use super::{customers, discovery};
use crate::answer::Json;
use crate::call::Call;
use crate::problem::Problem;
use crate::route::{self, Access, Route};
use crate::wire::catalog;
use crate::wire::decimal::Decimal;
use crate::wire::envelope::{self, Attributes, Collection, Link, Links};
use crate::wire::query::Query;

const LIST: &str = "/v1/customers/{customer-id}/orders";
pub(super) const ONE: &str = "/v1/customers/{customer-id}/orders/{order-id}";

pub(super) fn routes() -> Vec<Route> {
    vec![
        route::post(LIST, "Order without a cart.", create)
            .takes::<NewOrder>()
            .answers::<OrderResource>(StatusCode::CREATED)
            .shows("orders-create", "orders.rs an_order_of_several_lines_is_placed_without_a_cart")
            .shows(
                "orders-create-for-indirect-reseller",
                "orders.rs an_order_names_the_resellers_of_its_lines",
            ),
        route::get(LIST, "Orders for a customer.", list)
            .query("billingType", "Only those of one billing cycle.")
            .query("include_price", "Prices too.")
            .answers::<Collection<OrderResource>>(StatusCode::OK)
            .shows("orders-list", "orders.rs a_new_order_is_in_the_list_at_once")
            .shows(
                "orders-list-by-billing-type",
                "orders.rs orders_are_listed_by_their_billing_cycle",
            ),
        route::get(ONE, "One order.", read)
            .query("include_price", "Prices too.")
            .answers::<OrderResource>(StatusCode::OK)
            .shows("orders-get", "orders.rs prices_are_shown_when_they_are_asked_for"),
        route::get(
            "/v1/customers/{customer-id}/orders/{order-id}/provisioningstatus",
            "How far the lines of an order are provisioned.",
            provisioning,
        )
        .answers::<Collection<LineStatus>>(StatusCode::OK)
        .shows(
            "order-provisioning-status-list",
            "orders.rs an_order_tells_how_far_its_lines_are",
        ),
        route::get(
            "/v1/customers/{customer-id}/orders/{order-id}/lineitems/{line-item-number}/activationlinks",
            "Where what a line bought is activated.",
            line_links,
        )
        .answers::<Collection<ActivationLink>>(StatusCode::OK)
        .shows(
            "order-line-item-activation-links-list",
            "orders.rs marketplace_lines_have_activation_links",
        ),
        route::get(
            "/v1/customers/{customer-id}/orders/{order-id}/activationlinks",
            "Where what an order bought is activated.",
            order_links,
        )
        .answers::<Collection<ActivationLink>>(StatusCode::OK)
        .shows(
            "order-activation-links-list",
            "orders.rs marketplace_lines_have_activation_links",
        ),
        route::get(
            LANDING_PAGE,
            "The page to which an activation link leads.",
            landing_page,
        )
        .access(Access::Open)
        .query("subscription", "The subscription to be activated.")
        .answers_plain(StatusCode::OK),
    ]
}

/// An order as it is sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NewOrder {
    /// The customer of the path, where it is named again.
    reference_customer_id: Option<String>,
    billing_cycle: Option<String>,
    /// Of the lines that name none.
    currency_code: Option<String>,
    #[serde(default)]
    line_items: Vec<NewOrderLine>,
    /// Whether the partner stands by the partner of record that it names, or names none (TXN-105).
    partner_on_record_attestation_accepted: Option<bool>,
}

/// A line of an order as it is sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewOrderLine {
    /// From zero, without gaps.
    pub(super) line_item_number: Option<i64>,
    /// An offer, or `product:SKU:availability`.
    #[serde(alias = "catalogItemId")]
    offer_id: Option<String>,
    pub(super) subscription_id: Option<String>,
    /// The base of an add-on.
    pub(super) parent_subscription_id: Option<String>,
    friendly_name: Option<String>,
    quantity: Option<i64>,
    currency_code: Option<String>,
    billing_cycle: Option<String>,
    term_duration: Option<String>,
    custom_term_end_date: Option<String>,
    partner_id_on_record: Option<String>,
    #[serde(default)]
    additional_partner_ids_on_record: Vec<String>,
    provisioning_context: Option<BTreeMap<String, String>>,
    renews_to: Option<RenewsTo>,
    attestation_accepted: Option<bool>,
    purchase_commitment: Option<NewCommitment>,
}

/// What an order says for all its lines that do not say it.
#[derive(Clone, Copy, Default)]
pub(super) struct Shared<'a> {
    pub(super) cycle: Option<&'a str>,
    pub(super) currency: Option<&'a str>,
}

impl NewOrderLine {
    /// The identifier of its item.
    pub(super) fn item(&self) -> Option<&str> {
        self.offer_id.as_deref()
    }

    pub(super) fn wanted(
        &self,
        customer: &str,
        shared: Shared<'_>,
        items: &Items,
    ) -> Result<Wanted, Problem> {
        let given = Given {
            member: "lineItems.offerId (a catalogItemId)",
            item: self.offer_id.as_deref(),
            quantity: self.quantity,
            term: self.term_duration.as_deref(),
            cycle: self.billing_cycle.as_deref().or(shared.cycle),
            currency: self.currency_code.as_deref().or(shared.currency),
            end: self.custom_term_end_date.as_deref(),
            renews_to: self.renews_to.as_ref(),
            context: self.provisioning_context.as_ref(),
            commitment: self.purchase_commitment.as_ref(),
            attested: self.attestation_accepted,
            friendly_name: self.friendly_name.as_deref(),
        };
        let mut wanted = given.wanted(customer, items)?;
        let reseller = self.partner_id_on_record.clone();
        wanted.partner_of_record = reseller.filter(|text| !text.is_empty());
        wanted
            .further_resellers
            .clone_from(&self.additional_partner_ids_on_record);
        let base = self.parent_subscription_id.as_deref();
        wanted.parent = parent(base, "lineItems.parentSubscriptionId")?.or(wanted.parent);
        wanted.path = Some(tierline_app::order::Path::Order);
        Ok(wanted)
    }
}

/// Lines are numbered from zero without gaps; lines without numbers are numbered as they stand.
fn numbered(lines: &[NewOrderLine]) -> Result<(), Problem> {
    let mut numbers: Vec<i64> = lines
        .iter()
        .filter_map(|line| line.line_item_number)
        .collect();
    numbers.sort_unstable();
    let expected = (0_i64..)
        .zip(&numbers)
        .all(|(place, number)| place == *number);
    if (numbers.is_empty() || numbers.len() == lines.len()) && expected {
        return Ok(());
    }
    let last = lines.len().saturating_sub(1);
    Err(Problem::documented(
        StatusCode::BAD_REQUEST,
        800_071,
        &format!("lineItems.lineItemNumber: the lines are numbered 0 to {last}, each once"),
    ))
}

/// An order.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct OrderResource {
    #[schema(value_type = String)]
    id: Id<Order>,
    /// Twelve hexadecimal digits.
    alternate_id: String,
    #[schema(value_type = String)]
    reference_customer_id: Id<Tenant>,
    #[schema(value_type = String)]
    billing_cycle: Frequency,
    transaction_type: &'static str,
    line_items: Vec<OrderLineItem>,
    #[schema(value_type = String)]
    currency_code: Currency,
    currency_symbol: &'static str,
    creation_date: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    total_price: Option<Decimal>,
    client: Client,
    links: Links,
    attributes: Attributes,
}

/// The client that placed the order; never told.
#[derive(Debug, Serialize, ToSchema)]
struct Client {}

/// A line of an order.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct OrderLineItem {
    line_item_number: usize,
    offer_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>)]
    subscription_id: Option<Id<Subscription>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>)]
    parent_subscription_id: Option<Id<Subscription>>,
    friendly_name: String,
    quantity: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    term_duration: Option<String>,
    transaction_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    partner_id_on_record: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    additional_partner_ids_on_record: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    provisioning_context: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    custom_term_end_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    renews_to: Option<RenewsTo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    promotion_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pricing: Option<Prices>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    purchase_commitment: Option<PurchaseCommitment>,
    links: Links,
}

/// A line with what it became.
pub(super) struct Bought {
    pub(super) item: Item,
    subscription: Option<Subscription>,
    /// The PartnerID of the reseller of record.
    pub(super) reseller: Option<String>,
}

/// An order with what its lines show.
pub(super) struct Found {
    pub(super) order: Order,
    customer: Tenant,
    pub(super) bought: Vec<Bought>,
    /// The sum of the lines that were not cancelled, in the order's currency.
    total: Money,
}

/// The PartnerID of a partner; none where there is no partner, or it has none.
pub(super) async fn partner_id(
    tx: &mut Tx<'_>,
    partner: Option<Id<Account>>,
) -> Result<Option<String>, AppError> {
    let place = match partner {
        Some(id) => names::account_by_id(tx, id).await?.location,
        None => None,
    };
    Ok(match place {
        Some(place) => Some(names::by_id::<Location, _>(tx, place).await?.partner_id),
        None => None,
    })
}

async fn bought(tx: &mut Tx<'_>, line: &OrderLine) -> Result<Bought, AppError> {
    let subscription = match line.subscription {
        Some(id) => Some(names::by_id::<Subscription, _>(tx, id).await?),
        None => None,
    };
    let record = subscription
        .as_ref()
        .and_then(|held| held.partner_of_record);
    Ok(Bought {
        item: names::by_id(tx, line.line.item).await?,
        subscription,
        reseller: partner_id(tx, record).await?,
    })
}

async fn with_lines(tx: &mut Tx<'_>, order: Order, customer: Tenant) -> Result<Found, AppError> {
    let mut lines = Vec::with_capacity(order.lines.len());
    for line in &order.lines {
        lines.push(bought(tx, line).await?);
    }
    Ok(Found {
        total: total(tx, &order).await?,
        order,
        customer,
        bought: lines,
    })
}

/// The sum of the lines that were not cancelled: lines in another currency count at the rate of the month in which the order was
/// placed (BIL-021).
async fn total(tx: &mut Tx<'_>, order: &Order) -> Result<Money, AppError> {
    let mut total = Money::zero(order.currency);
    for line in order.lines.iter().filter(|line| !line.cancelled) {
        if let Some(pricing) = line.pricing {
            let price = pricing.prorated.times(line.line.quantity)?;
            let price = fx::exchange(tx, price, order.currency, order.placed.date()).await?;
            total = total.plus(price)?;
        }
    }
    Ok(total)
}

/// An order with what its lines show, where it is the partner's and for the customer.
pub(super) async fn own(
    tx: &mut Tx<'_>,
    partner: &Account,
    customer: &Tenant,
    order: &str,
) -> Result<Option<Found>, AppError> {
    match names::order(tx, order).await? {
        Some(order) if order.partner == partner.id && order.customer == customer.id => {
            with_lines(tx, order, customer.clone()).await.map(Some)
        }
        _ => Ok(None),
    }
}

/// An order of the caller's for a customer; any other does not exist.
pub(super) async fn find(call: &Call, customer: &str, order: &str) -> Result<Found, Problem> {
    let customer = customers::required(&call.server, &call.principal, customer)
        .await?
        .tenant;
    let (partner, wanted) = (call.account.clone(), order.to_owned());
    let found = call
        .read(move |tx| {
            let (partner, customer, wanted) = (partner.clone(), customer.clone(), wanted.clone());
            Box::pin(async move { own(tx, &partner, &customer, &wanted).await })
        })
        .await?;
    found.ok_or_else(|| {
        Problem::documented(
            StatusCode::NOT_FOUND,
            20_000,
            &format!("order {order} does not exist"),
        )
    })
}

/// An order as it is shown.
pub(super) async fn shown(
    call: &Call,
    customer: &str,
    order: &str,
    prices: bool,
) -> Result<OrderResource, Problem> {
    let found = find(call, customer, order).await?;
    found.shown(prices).map_err(|error| call.problem(error))
}

/// The words of the wire for an order's states (ORD-028).
const fn status(state: OrderState) -> &'static str {
    match state {
        OrderState::Pending => "pending",
        OrderState::Completed => "completed",
        OrderState::Cancelled => "cancelled",
        OrderState::Suspended => "suspended",
        OrderState::PendingReview => "pending_review",
        OrderState::PendingDocumentUpload => "pending_po_upload",
        OrderState::UploadComplete => "po_upload_complete",
        OrderState::ReviewRejected => "po_review_rejected",
        OrderState::PartialSuccess => "partial_success",
        OrderState::Error => "error",
    }
}

fn symbol(currency: Currency) -> &'static str {
    match currency.as_str() {
        "USD" => "$",
        "EUR" => "€",
        "GBP" => "£",
        "JPY" => "¥",
        "AUD" => "A$",
        "CAD" => "C$",
        "NZD" => "NZ$",
        "INR" => "₹",
        "CHF" => "CHF",
        "SEK" | "NOK" | "DKK" => "kr",
        _ => "¤",
    }
}

/// Adds the ways to product, SKU and availability, where an item has an id of three parts.
pub(super) fn catalogue_links(links: Links, offer: &str, country: Country) -> Links {
    let parts: Vec<&str> = offer.split(':').collect();
    let [product, sku, availability] = parts.as_slice() else {
        return links;
    };
    let sku = format!("/products/{product}/skus/{sku}");
    let availability = format!("{sku}/availabilities/{availability}");
    let at = |path: String| Link::get(format!("{path}?country={country}"));
    links
        .with("product", at(format!("/products/{product}")))
        .with("sku", at(sku))
        .with("availability", at(availability))
}

impl Found {
    fn path(&self) -> String {
        format!(
            "/customers/{}/orders/{}",
            self.order.customer, self.order.id
        )
    }

    pub(super) fn cycle(&self) -> Frequency {
        let first = self.order.lines.first();
        first.map_or(Frequency::None, |line| line.line.frequency)
    }

    /// The version as an opaque tag (GEN-007).
    fn etag(&self) -> String {
        envelope::tag(self.order.id, self.order.version)
    }

    fn line_links(&self, number: usize, bought: &Bought, offer: &str) -> Links {
        let mut links = catalogue_links(Links::default(), offer, self.customer.country);
        if let Some(held) = &bought.subscription {
            let uri = format!("/customers/{}/subscriptions/{}", held.customer, held.id);
            links = links.with("subscription", Link::get(uri));
        }
        if bought.item.kind == ItemKind::Marketplace {
            let uri = format!("{}/lineitems/{number}/activationlinks", self.path());
            links = links.with("activationLinks", Link::get(uri));
        }
        links
    }

    fn line(
        &self,
        number: usize,
        line: &OrderLine,
        bought: &Bought,
        prices: bool,
    ) -> Result<OrderLineItem, AppError> {
        let (asked, held) = (&line.line, bought.subscription.as_ref());
        let offer_id = catalog::item_id(&bought.item);
        let quantity = if line.cancelled { 0 } else { asked.quantity };
        let pricing = line.pricing.filter(|_| prices);
        let name = asked.friendly_name.as_ref().unwrap_or(&bought.item.title);
        let one_time = lines::period(asked).is_some_and(|period| period.is_empty());
        Ok(OrderLineItem {
            line_item_number: number,
            subscription_id: held.map(|held| held.id),
            parent_subscription_id: held.and_then(|held| held.parent),
            friendly_name: name.clone(),
            quantity,
            term_duration: lines::period(asked),
            transaction_type: "New",
            partner_id_on_record: bought.reseller.clone(),
            additional_partner_ids_on_record: asked.further_resellers.clone(),
            provisioning_context: lines::context(asked),
            custom_term_end_date: lines::custom_end(asked).filter(|_| !one_time),
            renews_to: lines::renews_to(asked),
            promotion_id: held
                .and_then(|held| held.promotion)
                .map(|id| id.to_string()),
            pricing: pricing
                .map(|pricing| Prices::of(pricing, quantity))
                .transpose()?,
            purchase_commitment: asked
                .details
                .commitment
                .as_ref()
                .map(PurchaseCommitment::of),
            links: self.line_links(number, bought, &offer_id),
            offer_id,
        })
    }

    pub(super) fn shown(&self, prices: bool) -> Result<OrderResource, AppError> {
        let order = &self.order;
        let lines = order.lines.iter().zip(&self.bought).enumerate();
        let path = self.path();
        Ok(OrderResource {
            id: order.id,
            alternate_id: alternate(order.id.uuid()),
            reference_customer_id: order.customer,
            billing_cycle: self.cycle(),
            transaction_type: "UserPurchase",
            line_items: lines
                .map(|(number, (line, bought))| self.line(number, line, bought, prices))
                .collect::<Result<_, _>>()?,
            currency_code: order.currency,
            currency_symbol: symbol(order.currency),
            creation_date: order.placed.to_string(),
            status: status(order.state),
            total_price: prices.then(|| Decimal::of(self.total)),
            client: Client {},
            links: Links::own(path.clone())
                .with(
                    "provisioningStatus",
                    Link::get(format!("{path}/provisioningstatus")),
                )
                .with("patchOperation", Link::to("PATCH", path)),
            attributes: Attributes::tagged("Order", self.etag()),
        })
    }
}

async fn create(
    Path(customer): Path<String>,
    call: Call,
) -> Result<(StatusCode, Json<OrderResource>), Problem> {
    let new: NewOrder = call.body()?;
    lines::of_path(new.reference_customer_id.as_deref(), &customer)?;
    if new.line_items.is_empty() {
        return Err(Problem::documented(
            StatusCode::BAD_REQUEST,
            800_009,
            "lineItems: an order has at least one line",
        ));
    }
    numbered(&new.line_items)?;
    let given = new.line_items.iter().map(NewOrderLine::item);
    let items = lines::items(&call, given).await?;
    let mut sent: Vec<(usize, &NewOrderLine)> = new.line_items.iter().enumerate().collect();
    sent.sort_by_key(|(_, line)| line.line_item_number);
    let shared = Shared {
        cycle: new.billing_cycle.as_deref(),
        currency: new.currency_code.as_deref(),
    };
    let mut wanted = Vec::with_capacity(sent.len());
    for (place, line) in sent {
        let line = line.wanted(&customer, shared, &items);
        let mut line = line.map_err(in_line(place))?;
        if new.partner_on_record_attestation_accepted == Some(false) {
            line.role_declared = Some(tierline_domain::order::RoleDeclared::None);
        }
        wanted.push(line);
    }
    let params = json!({ "customer": customer, "lines": wanted });
    let answer = call
        .attempt("place_order", params)
        .await
        .map_err(|error| lines::problem(&call, "lineItems.offerId (a catalogItemId)", error))?;
    let order = answer.get("order").and_then(Value::as_str);
    let order = shown(&call, &customer, order.unwrap_or_default(), true).await?;
    Ok((StatusCode::CREATED, Json(order)))
}

async fn of_pair(
    tx: &mut Tx<'_>,
    partner: Account,
    customer: Tenant,
) -> Result<Vec<Found>, AppError> {
    let key = [
        Stored::Id(partner.id.uuid()),
        Stored::Id(customer.id.uuid()),
    ];
    let mut found = Vec::new();
    for order in tx.find::<Order>(tables::orders::BY_PAIR, &key).await? {
        found.push(with_lines(tx, order, customer.clone()).await?);
    }
    Ok(found)
}

async fn list(
    Path(customer): Path<String>,
    call: Call,
) -> Result<Json<Collection<OrderResource>>, Problem> {
    let tenant = customers::required(&call.server, &call.principal, &customer)
        .await?
        .tenant;
    let cycle = lines::cycle(call.query.get("billingtype"), "billingType")?;
    let prices = call.query.flag("include_price");
    let (partner, own) = (
        call.account.clone(),
        format!("/customers/{}/orders", tenant.id),
    );
    let found = call
        .read(move |tx| Box::pin(of_pair(tx, partner.clone(), tenant.clone())))
        .await?;
    let shown = found
        .iter()
        .filter(|found| cycle.is_none_or(|cycle| found.cycle() == cycle))
        .map(|found| found.shown(prices))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| call.problem(error))?;
    Ok(Json(Collection::whole(shown, own)))
}

async fn read(
    Path((customer, order)): Path<(String, String)>,
    call: Call,
) -> Result<Json<OrderResource>, Problem> {
    let prices = call.query.flag("include_price");
    shown(&call, &customer, &order, prices).await.map(Json)
}

/// How far a line is provisioned.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LineStatus {
    order_line_item_id: usize,
    line_item_number: usize,
    status: &'static str,
    quantity_provisioning_information: Vec<QuantityStatus>,
    attributes: Attributes,
}

/// How much of a line is provisioned.
#[derive(Debug, Serialize, ToSchema)]
struct QuantityStatus {
    quantity: i64,
    status: &'static str,
}

impl LineStatus {
    fn of(number: usize, line: &OrderLine) -> Self {
        let (quantity, status) = match (line.cancelled, line.subscription) {
            (true, _) => (0, "cancelled"),
            (false, Some(_)) => (line.line.quantity, "fulfilled"),
            (false, None) => (line.line.quantity, "pending"),
        };
        Self {
            order_line_item_id: number,
            line_item_number: number,
            status,
            quantity_provisioning_information: vec![QuantityStatus { quantity, status }],
            attributes: Attributes::of("OrderLineItemProvisioningStatus"),
        }
    }
}

async fn provisioning(
    Path((customer, order)): Path<(String, String)>,
    call: Call,
) -> Result<Json<Collection<LineStatus>>, Problem> {
    let found = find(&call, &customer, &order).await?;
    let lines = found.order.lines.iter().enumerate();
    let lines = lines
        .map(|(number, line)| LineStatus::of(number, line))
        .collect();
    let own = format!("{}/provisioningstatus", found.path());
    Ok(Json(Collection::whole(lines, own)))
}

/// Where something is activated.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ActivationLink {
    link: Link,
}

impl ActivationLink {
    /// The link of what a marketplace item became, on the server at `base`; nothing else is activated.
    pub(super) fn of(base: &str, kind: ItemKind, held: Id<Subscription>) -> Option<Self> {
        (kind == ItemKind::Marketplace).then(|| Self {
            link: Link::get(format!("{base}{LANDING_PAGE}?subscription={held}")),
        })
    }
}

/// The page that stands for the publisher's, on which a customer begins to use what was bought.
const LANDING_PAGE: &str = "/marketplace/activation";

impl Found {
    /// Where a line is activated, on the server at `base`.
    fn activation(&self, number: usize, base: &str) -> Option<ActivationLink> {
        let bought = self.bought.get(number)?;
        ActivationLink::of(base, bought.item.kind, bought.subscription.as_ref()?.id)
    }
}

/// What somebody sees who follows an activation link in a browser. It needs no token and tells nothing of the
/// subscription but the id that the address holds.
async fn landing_page(RawQuery(raw): RawQuery) -> Result<Html<String>, Problem> {
    let query = Query::read(raw.as_deref());
    let subscription = query
        .get("subscription")
        .and_then(|id| id.parse::<uuid::Uuid>().ok())
        .ok_or_else(|| {
            Problem::malformed(
                "subscription",
                "is the id of a subscription, as the activation link has it",
            )
        })?;
    Ok(Html(format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Activation</title><h1>Activation</h1>\
         <p>Subscription <code>{subscription}</code>.</p>\
         <p>This page stands where the publisher of a marketplace product has its own: there a customer signs in \
         and sets the product up. No publisher is connected to this server, and nothing is left to do here: \
         a marketplace subscription runs, and is billed, from its order on.</p></html>"
    )))
}

async fn line_links(
    Path((customer, order, number)): Path<(String, String, String)>,
    call: Call,
) -> Result<Json<Collection<ActivationLink>>, Problem> {
    let found = find(&call, &customer, &order).await?;
    let number = number
        .parse()
        .ok()
        .filter(|number| *number < found.bought.len())
        .ok_or_else(|| Problem::not_found(&format!("line {number} of order {order}")))?;
    let own = format!("{}/lineitems/{number}/activationlinks", found.path());
    let base = discovery::base(&call.server, &call.headers);
    let links = found.activation(number, &base).into_iter().collect();
    Ok(Json(Collection::whole(links, own)))
}

async fn order_links(
    Path((customer, order)): Path<(String, String)>,
    call: Call,
) -> Result<Json<Collection<ActivationLink>>, Problem> {
    let found = find(&call, &customer, &order).await?;
    let base = discovery::base(&call.server, &call.headers);
    let links = (0..found.bought.len()).filter_map(|number| found.activation(number, &base));
    let own = format!("{}/activationlinks", found.path());
    Ok(Json(Collection::whole(links.collect(), own)))
}

/// The shorter of an order's two identifiers: twelve digits of the other.
pub(super) fn alternate(id: uuid::Uuid) -> String {
    let digits = id.simple().to_string();
    digits.get(20..).unwrap_or_default().to_owned()
}

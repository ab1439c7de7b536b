//! Carts and checkout.

use std::collections::BTreeMap;

use axum::extract::Path;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tierline_app::cart::{CART_DAYS, Quoted, quoted};
use tierline_app::order::{GroupRefused, Placed, Wanted};
use tierline_app::{AppError, names};
use tierline_domain::catalog::Frequency;
use tierline_domain::id::Id;
use tierline_domain::order::{Cart, CartState, Fault, Line};
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::time::Period;
use tierline_rules::{Lang, book, phrases};
use tierline_store::Tx;
use utoipa::ToSchema;

use super::customers;
use super::lines::{
    self, Given, LineParticipant, NewCommitment, Prices, PurchaseCommitment, RenewsTo,
};
use super::orders::{self, OrderResource};
use crate::answer::Json;
use crate::call::{Call, Meant, Unmet};
use crate::problem::Problem;
use crate::render;
use crate::route::{self, Route};
use crate::wire::envelope::{Attributes, Links};
use crate::wire::{body, catalog};

pub(super) fn routes() -> Vec<Route> {
    vec![
        route::post("/v1/customers/{customer-id}/carts", "Fill a cart.", create)
            .takes::<NewCart>()
            .answers::<CartResource>(StatusCode::CREATED)
            .shows(
                "carts-create",
                "carts.rs a_cart_holds_several_lines_in_groups",
            )
            .shows(
                "carts-create-with-addons",
                "carts.rs add_ons_stand_in_their_line_or_beside_it",
            ),
        route::get(
            "/v1/customers/{customer-id}/carts/{cart-id}",
            "One cart.",
            read,
        )
        .answers::<CartResource>(StatusCode::OK)
        .shows("carts-get", "carts.rs a_cart_holds_several_lines_in_groups"),
        route::put(
            "/v1/customers/{customer-id}/carts/{cart-id}",
            "Give a cart other lines.",
            update,
        )
        .takes::<NewCart>()
        .answers::<CartResource>(StatusCode::CREATED)
        .shows("carts-update", "carts.rs a_cart_is_sent_back_changed"),
        route::post(
            "/v1/customers/{customer-id}/carts/{cart-id}/checkout",
            "Check out a cart.",
            checkout,
        )
        .answers::<CartCheckoutResult>(StatusCode::CREATED)
        .shows(
            "carts-checkout",
            "carts.rs each_group_becomes_an_order_and_a_refused_one_undoes_no_other",
        ),
    ]
}

/// A cart as it is sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NewCart {
    #[serde(default)]
    line_items: Vec<NewLine>,
    /// Whether the partner stands by the partner of record that it names, or names none (TXN-105).
    partner_on_record_attestation_accepted: Option<bool>,
}

/// A line of a cart as it is sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NewLine {
    catalog_item_id: Option<String>,
    friendly_name: Option<String>,
    quantity: Option<i64>,
    currency_code: Option<String>,
    billing_cycle: Option<String>,
    term_duration: Option<String>,
    #[serde(default)]
    participants: Vec<LineParticipant>,
    provisioning_context: Option<BTreeMap<String, String>>,
    /// Add-ons of the traditional generation that are bought with the line.
    #[serde(default)]
    #[schema(no_recursion)]
    addon_items: Vec<NewLine>,
    renews_to: Option<RenewsTo>,
    attestation_accepted: Option<bool>,
    custom_term_end_date: Option<String>,
    purchase_commitment: Option<NewCommitment>,
}

impl NewLine {
    fn wanted(&self, customer: &str, items: &lines::Items) -> Result<Wanted, Problem> {
        let given = Given {
            member: "lineItems.catalogItemId",
            item: self.catalog_item_id.as_deref(),
            quantity: self.quantity,
            term: self.term_duration.as_deref(),
            cycle: self.billing_cycle.as_deref(),
            currency: self.currency_code.as_deref(),
            end: self.custom_term_end_date.as_deref(),
            renews_to: self.renews_to.as_ref(),
            context: self.provisioning_context.as_ref(),
            commitment: self.purchase_commitment.as_ref(),
            attested: self.attestation_accepted,
            friendly_name: self.friendly_name.as_deref(),
        };
        let mut wanted = given.wanted(customer, items)?;
        for (place, participant) in self.participants.iter().enumerate() {
            let value = participant.value.clone();
            match body::word(&participant.key).as_str() {
                "transaction_reseller" | "additional_transaction_reseller" if value.is_empty() => {}
                "transaction_reseller" if wanted.partner_of_record.is_some() => {
                    let text = "one transaction_reseller takes part; further ones are additional_transaction_reseller";
                    return Err(Problem::malformed("lineItems.participants", text));
                }
                "transaction_reseller" => wanted.partner_of_record = Some(value),
                "additional_transaction_reseller" => wanted.further_resellers.push(value),
                _ => {
                    let text = format!(
                        "`{}` is neither transaction_reseller nor additional_transaction_reseller",
                        participant.key
                    );
                    let member = format!("lineItems.participants[{place}].key");
                    return Err(Problem::malformed(&member, &text));
                }
            }
        }
        Ok(wanted)
    }
}

impl NewCart {
    /// Every identifier of an item in it.
    fn given(&self) -> impl Iterator<Item = Option<&str>> {
        let lines = self.line_items.iter();
        let lines = lines.flat_map(|line| std::iter::once(line).chain(&line.addon_items));
        lines.map(|line| line.catalog_item_id.as_deref())
    }

    /// The lines as a command takes them: add-ons follow the line that they are nested in.
    fn lines(&self, customer: &str, items: &lines::Items) -> Result<Vec<Wanted>, Problem> {
        if self.line_items.is_empty() {
            return Err(Problem::documented(
                StatusCode::BAD_REQUEST,
                800_009,
                "lineItems: a cart has at least one line",
            ));
        }
        let mut lines = Vec::new();
        for (place, line) in self.line_items.iter().enumerate() {
            let base = lines.len();
            let wanted = line.wanted(customer, items);
            let wanted = wanted.map_err(lines::in_line(place))?;
            let sold_by = wanted.partner_of_record.clone();
            lines.push(wanted);
            for (nested, add_on) in line.addon_items.iter().enumerate() {
                let wanted = add_on.wanted(customer, items).map_err(|mut problem| {
                    if let Some(member) = problem.description.strip_prefix("lineItems.") {
                        let add_on = format!("lineItems[{place}].addonItems[{nested}]");
                        problem.description = format!("{add_on}.{member}");
                    }
                    problem
                });
                let mut wanted = wanted?;
                wanted.add_on_of = Some(base);
                wanted.partner_of_record = wanted.partner_of_record.or_else(|| sold_by.clone());
                lines.push(wanted);
            }
        }
        if self.partner_on_record_attestation_accepted == Some(false) {
            for line in &mut lines {
                line.role_declared = Some(tierline_domain::order::RoleDeclared::None);
            }
        }
        Ok(lines)
    }
}

/// A cart.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CartResource {
    #[schema(value_type = String)]
    id: Id<Cart>,
    creation_timestamp: String,
    last_modified_timestamp: String,
    expiration_timestamp: String,
    last_modified_user: String,
    /// `Active` or `Ordered`.
    status: &'static str,
    line_items: Vec<CartLine>,
    links: Links,
    attributes: Attributes,
}

/// A line of a cart.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CartLine {
    id: usize,
    catalog_item_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    friendly_name: Option<String>,
    quantity: i64,
    currency_code: String,
    #[schema(value_type = String)]
    billing_cycle: Frequency,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    term_duration: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    promotion_id: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    participants: Vec<LineParticipant>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    provisioning_context: Option<BTreeMap<String, String>>,
    /// The lines of one group become one order.
    order_group: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(no_recursion)]
    addon_items: Vec<CartLine>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    renews_to: Option<RenewsTo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    attestation_accepted: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    custom_term_end_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    purchase_commitment: Option<PurchaseCommitment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pricing: Option<Prices>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error: Option<CartError>,
}

/// What is wrong with a line (ORD-005).
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CartError {
    error_code: u32,
    error_description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    additional_information: Option<Left>,
}

/// What a ceiling leaves.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Left {
    available_quantity: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    purchased_quantity: Option<i64>,
}

impl CartError {
    fn of(fault: &Fault, given: Option<&str>, lang: Lang) -> Self {
        let rule = fault.rule.as_deref().and_then(|rule| rule.parse().ok());
        let refusal = rule
            .and_then(book::entry)
            .map(|entry| entry.texts(lang).refusal.clone());
        let text = match (given, refusal, &fault.rule) {
            (Some(given), ..) => format!("catalogItemId: {given} is not in the catalogue"),
            (None, Some(text), Some(rule)) => format!("{text} ({rule})"),
            _ => "the line cannot be processed".to_owned(),
        };
        let text = phrases::failure_in(&text, lang).into_owned();
        Self {
            error_code: fault.code,
            error_description: text,
            additional_information: fault.available.map(|available| Left {
                available_quantity: available,
                purchased_quantity: fault.purchased,
            }),
        }
    }
}

impl CartLine {
    fn of(id: usize, line: &Line, quote: &Quoted, lang: Lang) -> Result<Self, AppError> {
        let details = &line.details;
        let given = details.unknown_item.clone();
        let item = quote.item.as_ref();
        let attested = item.is_some_and(|item| item.requires_attestation);
        let pricing = quote
            .pricing
            .map(|pricing| Prices::of(pricing, line.quantity));
        Ok(Self {
            id,
            catalog_item_id: item
                .map_or_else(|| given.clone().unwrap_or_default(), catalog::item_id),
            friendly_name: line
                .friendly_name
                .clone()
                .or_else(|| item.map(|item| item.title.clone())),
            quantity: line.quantity,
            currency_code: quote.currency.to_string(),
            billing_cycle: line.frequency,
            term_duration: lines::period(line).filter(|period| !period.is_empty()),
            promotion_id: quote
                .promotion
                .as_ref()
                .map(|promotion| promotion.id.to_string()),
            participants: lines::participants(line),
            provisioning_context: lines::context(line),
            order_group: details.group.clone(),
            addon_items: Vec::new(),
            renews_to: lines::renews_to(line),
            attestation_accepted: attested.then_some(line.attestation_accepted),
            custom_term_end_date: lines::custom_end(line),
            purchase_commitment: details.commitment.as_ref().map(PurchaseCommitment::of),
            pricing: pricing.transpose()?,
            error: details
                .fault
                .as_ref()
                .map(|fault| CartError::of(fault, given.as_deref(), lang)),
        })
    }
}

impl CartResource {
    fn of(cart: &Cart, quotes: &[Quoted], lang: Lang) -> Result<Self, AppError> {
        let mut line_items: Vec<CartLine> = Vec::new();
        for (id, (line, quote)) in cart.lines.iter().zip(quotes).enumerate() {
            let shown = CartLine::of(id, line, quote, lang)?;
            let base = line.details.add_on_of;
            match line_items.iter_mut().find(|other| Some(other.id) == base) {
                Some(base) => base.addon_items.push(shown),
                None => line_items.push(shown),
            }
        }
        let expires = cart.created.plus(Period::days(CART_DAYS))?;
        Ok(Self {
            id: cart.id,
            creation_timestamp: cart.created.to_string(),
            last_modified_timestamp: cart.modified.to_string(),
            expiration_timestamp: expires.to_string(),
            last_modified_user: cart.modified_by.clone(),
            status: match cart.state {
                CartState::Active => "Active",
                CartState::Ordered => "Ordered",
            },
            line_items,
            links: Links::own(format!("/customers/{}/carts/{}", cart.customer, cart.id)),
            attributes: Attributes::of("Cart"),
        })
    }
}

/// What a checkout came to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CartCheckoutResult {
    orders: Vec<OrderResource>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    order_errors: Vec<OrderError>,
    #[schema(value_type = Vec<String>)]
    additional_information: [String; 0],
    attributes: Attributes,
}

/// Why a group of lines did not become an order.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct OrderError {
    order_group_id: String,
    code: u32,
    description: String,
}

impl OrderError {
    fn of(refused: &GroupRefused, lang: Lang) -> Self {
        let code = refused.decision.wire.and_then(|wire| wire.code);
        Self {
            order_group_id: refused.group.clone(),
            code: code.unwrap_or_default(),
            description: render::headline(&refused.decision, lang),
        }
    }
}

/// A cart, where it is the partner's and for the customer.
async fn belonging(
    tx: &mut Tx<'_>,
    partner: &Account,
    customer: &Tenant,
    cart: &str,
) -> Result<Option<Cart>, AppError> {
    let found = names::cart_of(tx, customer, cart).await?;
    Ok(found.filter(|cart| cart.partner == partner.id))
}

async fn own(
    tx: &mut Tx<'_>,
    partner: Account,
    customer: Tenant,
    cart: String,
) -> Result<Option<(Cart, Vec<Quoted>)>, AppError> {
    let Some(cart) = belonging(tx, &partner, &customer, &cart).await? else {
        return Ok(None);
    };
    let quotes = quoted(tx, &partner, &cart, cart.modified.date()).await?;
    Ok(Some((cart, quotes)))
}

fn no_cart(cart: &str) -> Problem {
    Problem::documented(
        StatusCode::NOT_FOUND,
        800_008,
        &format!("cart {cart} does not exist or has expired"),
    )
}

/// A cart of the caller's for a customer; any other does not exist (ORD-002).
async fn find(call: &Call, customer: &str, cart: &str) -> Result<(Cart, Vec<Quoted>), Problem> {
    let customer = customers::required(&call.server, &call.principal, customer)
        .await?
        .tenant;
    let (partner, wanted) = (call.account.clone(), cart.to_owned());
    let found = call
        .read(move |tx| Box::pin(own(tx, partner.clone(), customer.clone(), wanted.clone())))
        .await?;
    found.ok_or_else(|| no_cart(cart))
}

async fn shown(call: &Call, customer: &str, cart: &str) -> Result<CartResource, Problem> {
    let (cart, quotes) = find(call, customer, cart).await?;
    CartResource::of(&cart, &quotes, call.principal.lang).map_err(|error| call.problem(error))
}

/// Fills a cart and reads it back.
async fn fill(call: &Call, customer: &str, params: Value) -> Result<CartResource, Problem> {
    let answer = call
        .attempt("fill_cart", params)
        .await
        .map_err(|error| lines::problem(call, "lineItems.catalogItemId", error))?;
    let cart = answer.get("cart").and_then(Value::as_str);
    shown(call, customer, cart.unwrap_or_default()).await
}

async fn create(
    Path(customer): Path<String>,
    call: Call,
) -> Result<(StatusCode, Json<CartResource>), Problem> {
    let new: NewCart = call.body()?;
    let lines = new.lines(&customer, &lines::items(&call, new.given()).await?)?;
    let params = json!({ "customer": customer, "lines": lines });
    let cart = fill(&call, &customer, params).await?;
    Ok((StatusCode::CREATED, Json(cart)))
}

async fn read(
    Path((customer, cart)): Path<(String, String)>,
    call: Call,
) -> Result<Json<CartResource>, Problem> {
    shown(&call, &customer, &cart).await.map(Json)
}

async fn update(
    Path((customer, cart)): Path<(String, String)>,
    call: Call,
) -> Result<(StatusCode, Json<CartResource>), Problem> {
    let (known, _) = find(&call, &customer, &cart).await?;
    let new: NewCart = call.body()?;
    let lines = new.lines(&customer, &lines::items(&call, new.given()).await?)?;
    let params = json!({
        "customer": customer,
        "cart": known.handle,
        "seen": known.version,
        "lines": lines,
    });
    let cart = fill(&call, &customer, params).await?;
    Ok((StatusCode::CREATED, Json(cart)))
}

/// The checkout of a cart of a partner's, for a customer of its own; with both parties.
async fn meant(
    tx: &mut Tx<'_>,
    partner: Account,
    customer: &str,
    cart: &str,
) -> Result<Result<Meant<(Account, Tenant)>, Problem>, AppError> {
    let Some(tenant) = customers::related(tx, &partner, customer).await? else {
        return Ok(Err(Problem::no_customer(&partner.handle, customer)));
    };
    let Some(known) = belonging(tx, &partner, &tenant, cart).await? else {
        return Ok(Err(no_cart(cart)));
    };
    let params = json!({ "cart": known.handle, "customer": tenant.handle });
    Ok(Ok((params, (partner, tenant))))
}

/// What a checkout came to, with the orders that it made.
async fn made(
    tx: &mut Tx<'_>,
    (partner, customer): &(Account, Tenant),
    answer: &Value,
) -> Result<(Placed, Vec<orders::Found>), AppError> {
    let placed: Placed = serde_json::from_value(answer.clone())
        .map_err(|error| AppError::Impossible(error.to_string()))?;
    let mut made = Vec::with_capacity(placed.orders.len());
    for order in &placed.orders {
        let found = orders::own(tx, partner, customer, order).await?;
        made.push(found.ok_or_else(|| AppError::missing("order", order))?);
    }
    Ok((placed, made))
}

/// Checks out. The body may be empty, `null` or the text `"success"`, and is not looked at.
async fn checkout(
    Path((customer, cart)): Path<(String, String)>,
    call: Unmet,
) -> Result<(StatusCode, Json<CartCheckoutResult>), Problem> {
    let lang = call.lang();
    let params = json!({ "cart": &cart, "customer": &customer });
    let done = call.perform(
        "checkout_cart",
        params,
        move |tx, partner| {
            let (customer, cart) = (customer.clone(), cart.clone());
            Box::pin(async move { meant(tx, partner, &customer, &cart).await })
        },
        |tx, seen, answer| Box::pin(made(tx, seen, answer)),
    );
    let (placed, orders) = done.await?;
    let made = orders.iter().map(|order| order.shown(true));
    let made = made
        .collect::<Result<_, _>>()
        .map_err(|error| Problem::of(error, lang))?;
    let errors = placed.errors.iter();
    Ok((
        StatusCode::CREATED,
        Json(CartCheckoutResult {
            orders: made,
            order_errors: errors
                .map(|refused| OrderError::of(refused, lang))
                .collect(),
            additional_information: [],
            attributes: Attributes::of("CartCheckoutResult"),
        }),
    ))
}

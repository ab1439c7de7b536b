//! Carts, checkout and orders.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tierline_app::act::Act;
use tierline_app::app::request_key;
use tierline_app::ask::ask;
use tierline_app::{AppError, names, purchase};
use tierline_domain::catalog::{Frequency, Item, Term};
use tierline_domain::order::{Cart, CartState, Line, Order};
use tierline_domain::partner::{Account, Location};
use tierline_domain::subscription::Subscription;
use tierline_domain::time::Period;
use tierline_rules::book;
use tierline_store::idempotency::RequestKey;
use tierline_store::{Tx, Value as Stored, tables};

use super::customers;
use crate::auth::Principal;
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::server::Server;
use crate::wire::{body, catalog};

pub(super) fn routes() -> Vec<Route> {
    vec![
        route::post("/v1/customers/{customer-id}/carts", "Fill a cart.", create),
        route::get(
            "/v1/customers/{customer-id}/carts/{cart-id}",
            "One cart.",
            read,
        ),
        route::put(
            "/v1/customers/{customer-id}/carts/{cart-id}",
            "Change a cart.",
            update,
        ),
        route::post(
            "/v1/customers/{customer-id}/carts/{cart-id}/checkout",
            "Check out a cart.",
            checkout,
        ),
        route::get(
            "/v1/customers/{customer-id}/orders",
            "Orders for a customer.",
            orders,
        ),
        route::post(
            "/v1/customers/{customer-id}/orders",
            "Order without a cart.",
            order,
        ),
        route::get(
            "/v1/customers/{customer-id}/orders/{order-id}",
            "One order.",
            read_order,
        ),
    ]
}

/// A cart as it is sent.
#[derive(Debug, Deserialize)]
struct NewCart {
    #[serde(default)]
    lineitems: Vec<NewLine>,
}

/// A line of a cart or of an order.
#[derive(Debug, Deserialize)]
struct NewLine {
    #[serde(alias = "offerid")]
    catalogitemid: Option<String>,
    quantity: Option<i64>,
    currencycode: Option<String>,
    billingcycle: Option<String>,
    termduration: Option<String>,
    #[serde(default)]
    participants: Vec<Participant>,
    partneridonrecord: Option<String>,
    #[serde(default)]
    additionalpartneridsonrecord: Vec<String>,
    #[serde(default)]
    attestationaccepted: bool,
    customtermenddate: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Participant {
    key: String,
    value: String,
}

impl NewLine {
    /// The line as parameters of a command.
    fn params(
        &self,
        customer: &str,
        items: &[Item],
        order_cycle: Option<&str>,
    ) -> Result<Value, Problem> {
        let wanted = self
            .catalogitemid
            .as_deref()
            .ok_or_else(|| Problem::malformed("lineItems.catalogItemId", "is missing"))?;
        let item = catalog::find(items, wanted).ok_or_else(|| {
            Problem::documented(
                StatusCode::NOT_FOUND,
                400_013,
                &format!("lineItems.catalogItemId: {wanted} is not in the catalogue"),
            )
        })?;
        let mut params = Map::new();
        params.insert("customer".to_owned(), json!(customer));
        params.insert("item".to_owned(), json!(item.handle));
        params.insert("quantity".to_owned(), json!(self.quantity.unwrap_or(1)));
        params.insert(
            "attestation_accepted".to_owned(),
            json!(self.attestationaccepted),
        );
        if let Some(term) = self.termduration.as_deref().filter(|term| !term.is_empty()) {
            let term: Term = term.to_uppercase().parse().map_err(|_| {
                Problem::malformed("lineItems.termDuration", "is a period such as P1M or P1Y")
            })?;
            params.insert("term".to_owned(), json!(term));
        }
        let cycle = self
            .billingcycle
            .as_deref()
            .or(order_cycle)
            .map(body::word)
            .filter(|word| word != "unknown");
        if let Some(cycle) = cycle {
            let cycle: Frequency = cycle.parse().map_err(|_| {
                Problem::malformed(
                    "lineItems.billingCycle",
                    &format!("`{cycle}` is no billing cycle"),
                )
            })?;
            params.insert("frequency".to_owned(), json!(cycle));
        }
        if let Some(currency) = &self.currencycode {
            let currency: tierline_domain::money::Currency = currency
                .parse()
                .map_err(|_| Problem::malformed("lineItems.currencyCode", "is three letters"))?;
            params.insert("currency".to_owned(), json!(currency));
        }
        if let Some(end) = self
            .customtermenddate
            .as_deref()
            .and_then(|end| end.get(..10))
        {
            params.insert("custom_end".to_owned(), json!(end));
        }
        let of = |key: &'static str| {
            self.participants
                .iter()
                .filter(move |participant| body::word(&participant.key) == key)
                .map(|participant| participant.value.clone())
        };
        let first = of("transaction_reseller")
            .next()
            .or_else(|| self.partneridonrecord.clone())
            .filter(|id| !id.is_empty());
        let further: Vec<String> = of("additional_transaction_reseller")
            .chain(self.additionalpartneridsonrecord.iter().cloned())
            .collect();
        params.extend(first.map(|first| ("partner_of_record".to_owned(), json!(first))));
        if !further.is_empty() {
            params.insert("further_resellers".to_owned(), json!(further));
        }
        Ok(Value::Object(params))
    }
}

async fn items(tx: &mut Tx<'_>) -> Result<Vec<Item>, AppError> {
    Ok(tx.find::<Item>(tables::items::EVERY, &[]).await?)
}

/// The one line that carts and orders have so far.
fn single(lines: &[NewLine]) -> Result<&NewLine, Problem> {
    match lines {
        [line] => Ok(line),
        [] => Err(Problem::documented(
            StatusCode::BAD_REQUEST,
            800_009,
            "lineItems: a cart or an order has at least one line",
        )),
        _ => Err(Problem::not_implemented(
            "POST",
            "a cart or an order of several lines",
        )),
    }
}

async fn catalogue(server: &Server, principal: &Principal) -> Result<Vec<Item>, Problem> {
    server
        .app()
        .read(ask(|tx| Box::pin(items(tx))))
        .await
        .map_err(|error| Problem::of(error, principal.lang))
}

fn key(
    principal: &Principal,
    account: &Account,
    method: &str,
    path: &str,
    bytes: &[u8],
) -> Option<RequestKey> {
    principal
        .request_id
        .as_deref()
        .map(|id| request_key(account.tenant.uuid(), id, method, path, bytes))
}

/// Runs a command; a customer that is unknown answers like one that is unrelated.
async fn perform(
    server: &Server,
    principal: &Principal,
    verb: &str,
    params: Value,
    key: Option<RequestKey>,
    customer: &str,
) -> Result<Value, AppErrorOr> {
    let act = Act {
        actor: principal.actor(),
        ..Act::of("", verb, params)
    };
    let ctx = server.app().ctx(principal.actor());
    match server.app().perform(ctx, act, key).await {
        Ok(result) => Ok(result),
        Err(AppError::NotFound {
            what: "customer", ..
        }) => {
            let partner = principal
                .account
                .as_ref()
                .map_or("", |account| account.handle.as_str());
            Err(AppErrorOr::Problem(Problem::no_customer(partner, customer)))
        }
        Err(error) => Err(AppErrorOr::App(error)),
    }
}

/// A failure that may still become part of a 2xx answer.
enum AppErrorOr {
    App(AppError),
    Problem(Problem),
}

impl AppErrorOr {
    fn problem(self, principal: &Principal) -> Problem {
        match self {
            Self::App(error) => Problem::of(error, principal.lang),
            Self::Problem(problem) => problem,
        }
    }
}

pub(super) async fn create(
    State(server): State<Server>,
    principal: Principal,
    Path(customer): Path<String>,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let account = principal.partner()?;
    let new: NewCart = body::read(&bytes)?;
    let items = catalogue(&server, &principal).await?;
    let params = single(&new.lineitems)?.params(&customer, &items, None)?;
    let key = key(
        &principal,
        account,
        "POST",
        &format!("/v1/customers/{customer}/carts"),
        &bytes,
    );
    match perform(&server, &principal, "create_cart", params, key, &customer).await {
        Ok(result) => {
            let cart = result
                .get("cart")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned();
            Ok((
                StatusCode::CREATED,
                Json(shown(&server, &principal, cart).await?),
            )
                .into_response())
        }
        Err(AppErrorOr::App(AppError::Refused(refusal)))
            if refusal
                .decision
                .wire
                .is_some_and(|wire| wire.line_code.is_some()) =>
        {
            Ok((
                StatusCode::CREATED,
                Json(faulty(&new, &refusal.decision, &principal)),
            )
                .into_response())
        }
        Err(error) => Err(error.problem(&principal)),
    }
}

/// A cart whose line has a fault: the fault stands on the line (ORD-005).
fn faulty(new: &NewCart, decision: &tierline_rules::Decision, principal: &Principal) -> Value {
    let code = decision
        .wire
        .and_then(|wire| wire.line_code)
        .unwrap_or_default();
    let text = decision
        .violations
        .iter()
        .find(|violation| violation.answer.line_code.is_some())
        .and_then(|violation| book::entry(violation.rule));
    let lines: Vec<Value> = new
        .lineitems
        .iter()
        .enumerate()
        .map(|(index, line)| {
            json!({
                "id": index,
                "catalogItemId": line.catalogitemid,
                "quantity": line.quantity.unwrap_or(1),
                "error": { "errorCode": code, "errorDescription": text.map(|entry| entry.texts(principal.lang).refusal.clone()) },
            })
        })
        .collect();
    json!({ "status": "Active", "lineItems": lines, "attributes": { "objectType": "Cart" } })
}

async fn own_cart(
    tx: &mut Tx<'_>,
    partner: Account,
    cart: String,
) -> Result<Option<(Cart, Vec<Item>, Vec<Option<String>>)>, AppError> {
    let Some(cart) = names::cart(tx, &cart).await? else {
        return Ok(None);
    };
    if cart.partner != partner.id {
        return Ok(None);
    }
    let mut sold = Vec::new();
    let mut prices = Vec::new();
    for line in &cart.lines {
        let item: Item = names::by_id(tx, line.item).await?;
        let price = purchase::unit_price(tx, &partner, &item, line, cart.created.date()).await?;
        prices.push(price.map(|price| price.to_string()));
        sold.push(item);
    }
    Ok(Some((cart, sold, prices)))
}

async fn find_cart(
    server: &Server,
    principal: &Principal,
    cart: String,
) -> Result<(Cart, Vec<Item>, Vec<Option<String>>), Problem> {
    let partner = principal.api_partner()?.clone();
    let wanted = cart.clone();
    let found = server
        .app()
        .read(ask(move |tx| {
            Box::pin(own_cart(tx, partner.clone(), wanted.clone()))
        }))
        .await;
    let missing = || {
        Problem::documented(
            StatusCode::NOT_FOUND,
            800_008,
            &format!("cart {cart} does not exist or has expired"),
        )
    };
    found
        .map_err(|error| Problem::of(error, principal.lang))?
        .ok_or_else(missing)
}

async fn shown(server: &Server, principal: &Principal, cart: String) -> Result<Value, Problem> {
    let (cart, items, prices) = find_cart(server, principal, cart).await?;
    let expires = cart.created.plus(Period::days(7)).unwrap_or(cart.created);
    let lines: Vec<Value> = cart
        .lines
        .iter()
        .zip(items.iter().zip(&prices))
        .enumerate()
        .map(|(index, (line, (item, price)))| {
            let mut shown = line_members(line, item);
            shown.insert("id".to_owned(), json!(index));
            shown.insert("catalogItemId".to_owned(), json!(catalog::item_id(item)));
            shown.insert("orderGroup".to_owned(), json!("0"));
            let (currency, price) = price
                .as_deref()
                .and_then(|price| price.split_once(' '))
                .unwrap_or(("USD", "0"));
            shown.insert(
                "currencyCode".to_owned(),
                json!(
                    line.currency
                        .map_or_else(|| currency.to_owned(), |currency| currency.to_string())
                ),
            );
            shown.insert(
                "pricing".to_owned(),
                json!({ "listPrice": number(price), "price": number(price) }),
            );
            Value::Object(shown)
        })
        .collect();
    Ok(json!({
        "id": cart.id,
        "creationTimestamp": cart.created.to_string(),
        "lastModifiedTimestamp": cart.modified.to_string(),
        "expirationTimestamp": expires.to_string(),
        "lastModifiedUser": cart.modified_by,
        "status": if cart.state == CartState::Active { "Active" } else { "Ordered" },
        "lineItems": lines,
        "links": { "self": { "uri": format!("/customers/{}/carts/{}", cart.customer, cart.id), "method": "GET", "headers": [] } },
        "attributes": { "objectType": "Cart" },
    }))
}

/// Exact decimal text as a JSON number.
fn number(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or(Value::Null)
}

fn line_members(line: &Line, item: &Item) -> Map<String, Value> {
    let mut shown = Map::new();
    shown.insert(
        "friendlyName".to_owned(),
        json!(
            line.friendly_name
                .clone()
                .unwrap_or_else(|| item.title.clone())
        ),
    );
    shown.insert("quantity".to_owned(), json!(line.quantity));
    shown.insert("billingCycle".to_owned(), json!(line.frequency));
    if line.term.months().is_some() {
        shown.insert("termDuration".to_owned(), json!(line.term));
    }
    let participant = |key: &str, value: &String| json!({ "key": key, "value": value });
    let participants: Vec<Value> = line
        .partner_of_record
        .iter()
        .map(|value| participant("transaction_reseller", value))
        .chain(
            line.further_resellers
                .iter()
                .map(|value| participant("additional_transaction_reseller", value)),
        )
        .collect();
    if !participants.is_empty() {
        shown.insert("participants".to_owned(), json!(participants));
    }
    shown
}

pub(super) async fn read(
    State(server): State<Server>,
    principal: Principal,
    Path((_customer, cart)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    shown(&server, &principal, cart).await.map(Json)
}

pub(super) async fn update(
    State(server): State<Server>,
    principal: Principal,
    Path((customer, cart)): Path<(String, String)>,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let account = principal.partner()?;
    find_cart(&server, &principal, cart.clone()).await?;
    let new: NewCart = body::read(&bytes)?;
    let items = catalogue(&server, &principal).await?;
    let wanted = single(&new.lineitems)?.params(&customer, &items, None)?;
    let key = key(
        &principal,
        account,
        "PUT",
        &format!("/v1/customers/{customer}/carts/{cart}"),
        &bytes,
    );
    let params = json!({ "cart": cart, "wanted": wanted });
    perform(&server, &principal, "update_cart", params, key, &customer)
        .await
        .map_err(|error| error.problem(&principal))?;
    Ok((
        StatusCode::CREATED,
        Json(shown(&server, &principal, cart).await?),
    )
        .into_response())
}

pub(super) async fn checkout(
    State(server): State<Server>,
    principal: Principal,
    Path((customer, cart)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let account = principal.partner()?;
    find_cart(&server, &principal, cart.clone()).await?;
    let key = key(
        &principal,
        account,
        "POST",
        &format!("/v1/customers/{customer}/carts/{cart}/checkout"),
        &[],
    );
    let result = perform(
        &server,
        &principal,
        "checkout_cart",
        json!({ "cart": cart }),
        key,
        &customer,
    )
    .await
    .map_err(|error| error.problem(&principal))?;
    let order = result
        .get("order")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let order = shown_order(&server, &principal, order).await?;
    let body = json!({ "orders": [order], "attributes": { "objectType": "CartCheckoutResult" } });
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

/// An order as it is sent without a cart.
#[derive(Debug, Deserialize)]
struct NewOrder {
    billingcycle: Option<String>,
    #[serde(default)]
    lineitems: Vec<NewLine>,
}

pub(super) async fn order(
    State(server): State<Server>,
    principal: Principal,
    Path(customer): Path<String>,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let account = principal.partner()?;
    let new: NewOrder = body::read(&bytes)?;
    let items = catalogue(&server, &principal).await?;
    let mut params =
        single(&new.lineitems)?.params(&customer, &items, new.billingcycle.as_deref())?;
    if let Some(map) = params.as_object_mut() {
        map.insert("path".to_owned(), json!("order"));
    }
    let key = key(
        &principal,
        account,
        "POST",
        &format!("/v1/customers/{customer}/orders"),
        &bytes,
    );
    let result = perform(&server, &principal, "order", params, key, &customer)
        .await
        .map_err(|error| error.problem(&principal))?;
    let order = result
        .get("order")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    Ok((
        StatusCode::CREATED,
        Json(shown_order(&server, &principal, order).await?),
    )
        .into_response())
}

/// An order with what its lines show.
struct Placed {
    order: Order,
    lines: Vec<(Item, Option<Subscription>, Option<String>)>,
}

async fn placed(tx: &mut Tx<'_>, order: Order) -> Result<Placed, AppError> {
    let mut lines = Vec::new();
    for line in &order.lines {
        let item: Item = names::by_id(tx, line.line.item).await?;
        let subscription = match line.subscription {
            Some(id) => Some(names::by_id::<Subscription, _>(tx, id).await?),
            None => None,
        };
        let reseller = match subscription
            .as_ref()
            .and_then(|subscription| subscription.partner_of_record)
        {
            Some(id) => match names::account_by_id(tx, id).await?.location {
                Some(location) => Some(names::by_id::<Location, _>(tx, location).await?.partner_id),
                None => None,
            },
            None => None,
        };
        lines.push((item, subscription, reseller));
    }
    Ok(Placed { order, lines })
}

async fn own_order(
    tx: &mut Tx<'_>,
    partner: Account,
    order: String,
) -> Result<Option<Placed>, AppError> {
    match names::order(tx, &order).await? {
        Some(order) if order.partner == partner.id => placed(tx, order).await.map(Some),
        _ => Ok(None),
    }
}

async fn shown_order(
    server: &Server,
    principal: &Principal,
    order: String,
) -> Result<Value, Problem> {
    let partner = principal.api_partner()?.clone();
    let wanted = order.clone();
    let found = server
        .app()
        .read(ask(move |tx| {
            Box::pin(own_order(tx, partner.clone(), wanted.clone()))
        }))
        .await;
    let found = found.map_err(|error| Problem::of(error, principal.lang))?;
    found.map(|placed| placed.shown()).ok_or_else(|| {
        Problem::documented(
            StatusCode::NOT_FOUND,
            20_002,
            &format!("order {order} does not exist"),
        )
    })
}

impl Placed {
    fn shown(&self) -> Value {
        let order = &self.order;
        let uri = format!("/customers/{}/orders/{}", order.customer, order.id);
        let lines: Vec<Value> = order
            .lines
            .iter()
            .zip(&self.lines)
            .enumerate()
            .map(|(index, (line, (item, subscription, reseller)))| {
                let mut shown = line_members(&line.line, item);
                shown.remove("participants");
                shown.remove("billingCycle");
                shown.insert("lineItemNumber".to_owned(), json!(index));
                shown.insert("offerId".to_owned(), json!(catalog::item_id(item)));
                shown.insert("transactionType".to_owned(), json!("New"));
                shown.extend(
                    subscription
                        .as_ref()
                        .map(|subscription| ("subscriptionId".to_owned(), json!(subscription.id))),
                );
                shown.extend(
                    reseller
                        .as_ref()
                        .map(|reseller| ("partnerIdOnRecord".to_owned(), json!(reseller))),
                );
                Value::Object(shown)
            })
            .collect();
        let cycle = order
            .lines
            .first()
            .map_or(Frequency::Monthly, |line| line.line.frequency);
        json!({
            "id": order.id,
            "alternateId": format!("{:012}", order.number),
            "referenceCustomerId": order.customer,
            "billingCycle": cycle,
            "transactionType": "UserPurchase",
            "lineItems": lines,
            "currencyCode": order.currency,
            "currencySymbol": symbol(order.currency.as_str()),
            "creationDate": order.placed.to_string(),
            "status": order.state,
            "links": {
                "self": { "uri": uri, "method": "GET", "headers": [] },
                "provisioningStatus": { "uri": format!("{uri}/provisioningstatus"), "method": "GET", "headers": [] },
                "patchOperation": { "uri": uri, "method": "PATCH", "headers": [] },
            },
            "attributes": { "etag": order.version.to_string(), "objectType": "Order" },
        })
    }
}

fn symbol(currency: &str) -> &str {
    match currency {
        "USD" => "$",
        "EUR" => "€",
        "GBP" => "£",
        "JPY" => "¥",
        other => other,
    }
}

async fn of_pair(
    tx: &mut Tx<'_>,
    partner: Account,
    customer: tierline_domain::partner::Tenant,
) -> Result<Vec<Placed>, AppError> {
    let key = [
        Stored::Id(partner.id.uuid()),
        Stored::Id(customer.id.uuid()),
    ];
    let mut found = Vec::new();
    for order in tx.find::<Order>(tables::orders::BY_PAIR, &key).await? {
        found.push(placed(tx, order).await?);
    }
    Ok(found)
}

pub(super) async fn orders(
    State(server): State<Server>,
    principal: Principal,
    Path(customer): Path<String>,
) -> Result<Json<Value>, Problem> {
    let known = customers::required(&server, &principal, &customer).await?;
    let partner = principal.api_partner()?.clone();
    let found = server
        .app()
        .read(ask(move |tx| {
            Box::pin(of_pair(tx, partner.clone(), known.tenant.clone()))
        }))
        .await;
    let items: Vec<Value> = found
        .map_err(|error| Problem::of(error, principal.lang))?
        .iter()
        .map(Placed::shown)
        .collect();
    Ok(Json(
        json!({ "totalCount": items.len(), "items": items, "attributes": { "objectType": "Collection" } }),
    ))
}

pub(super) async fn read_order(
    State(server): State<Server>,
    principal: Principal,
    Path((customer, order)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    customers::required(&server, &principal, &customer).await?;
    shown_order(&server, &principal, order).await.map(Json)
}

//! Subscriptions: listed and read, with their add-ons, their provisioning and what a new one may end with.

use axum::extract::Path;
use http::StatusCode;
use serde::Serialize;
use tierline_app::update_subscription::is_on;
use tierline_app::{AppError, catalogue, facts, names, purchase};
use tierline_domain::catalog::{Item, ItemKind};
use tierline_domain::id::Id;
use tierline_domain::order::Order;
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::subscription::Subscription;
use tierline_domain::time::Timestamp;
use tierline_store::{Tx, Value as Stored, tables};
use utoipa::ToSchema;

use super::lines;
use super::orders::{self, ActivationLink};
pub(super) use super::subscription_view::{Found, SubscriptionResource};
use super::subscription_view::{first_instant, last_instant};
use super::{customers, discovery};
use crate::answer::Json;
use crate::call::Call;
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::wire::catalog;
use crate::wire::dates::{self, Given};
use crate::wire::envelope::{Attributes, Collection, Page};

const LIST: &str = "/v1/customers/{customer-id}/subscriptions";
pub(super) const ONE: &str = "/v1/customers/{customer-id}/subscriptions/{subscription-id}";
/// Subscriptions of one page, at most.
const PAGE_MAX: usize = 500;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route::get(LIST, "Subscriptions of a customer.", list)
            .query("order_id", "Only those of one order.")
            .query(
                "mpn_id",
                "Only those of one reseller of record, by its PartnerID.",
            )
            .query("size", "How many of one reseller, at most 500.")
            .query("offset", "From where.")
            .answers::<Collection<SubscriptionResource>>(StatusCode::OK)
            .shows(
                "subscriptions-list",
                "subscriptions.rs subscriptions_of_a_customer_are_listed",
            )
            .shows(
                "subscriptions-list-by-order",
                "subscriptions.rs subscriptions_are_listed_by_order",
            )
            .shows(
                "subscriptions-list-by-partner",
                "subscriptions.rs subscriptions_are_listed_by_reseller",
            ),
        route::get(ONE, "One subscription.", read)
            .answers::<SubscriptionResource>(StatusCode::OK)
            .shows(
                "subscriptions-get",
                "subscriptions.rs a_subscription_is_read_in_full",
            ),
        route::get(
            "/v1/customers/{customer-id}/subscriptions/{subscription-id}/addons",
            "The add-ons of a subscription.",
            add_ons,
        )
        .answers::<Collection<SubscriptionResource>>(StatusCode::OK)
        .shows(
            "subscription-addons-list",
            "subscriptions.rs add_ons_of_a_subscription_are_listed",
        ),
        route::get(
            "/v1/customers/{customer-id}/subscriptions/{subscription-id}/provisioningstatus",
            "How far a subscription is provisioned.",
            provisioning,
        )
        .answers::<ProvisioningStatus>(StatusCode::OK)
        .shows(
            "subscription-provisioning-status-get",
            "subscriptions.rs a_subscription_tells_how_far_it_is",
        ),
        route::get(
            "/v1/customers/{customer-id}/subscriptions/{subscription-id}/activationlinks",
            "Where a subscription is activated.",
            activation_links,
        )
        .answers::<Collection<ActivationLink>>(StatusCode::OK)
        .shows(
            "subscription-activation-links-list",
            "subscriptions.rs marketplace_subscriptions_are_activated",
        ),
        route::get(
            "/v1/customers/{customer-id}/subscriptions/customTermEndDates",
            "With what a new purchase may end.",
            custom_ends,
        )
        .query(
            "term_duration",
            "The term that is to be bought, such as P1Y.",
        )
        .query("term_start_date", "When it is to begin; now by default.")
        .query(
            "target_coterm_subscription_id",
            "Only ends of one subscription.",
        )
        .answers::<Collection<CustomTermEndDate>>(StatusCode::OK)
        .shows(
            "subscription-custom-term-end-dates-list",
            "subscriptions.rs ends_to_choose_from_are_listed",
        ),
    ]
}

async fn complete(
    tx: &mut Tx<'_>,
    row: Subscription,
    customer: Tenant,
    now: Timestamp,
) -> Result<Found, AppError> {
    let item: Item = names::by_id(tx, row.item).await?;
    let paid = match &item.trial_of {
        Some(paid) => names::item(tx, paid).await?,
        None => None,
    };
    let order = match row.order_id.filter(|_| item.kind == ItemKind::Reservation) {
        Some(order) => tx.get::<Order>(&[Stored::Id(order.uuid())]).await?,
        None => None,
    };
    let line = order.and_then(|order| {
        let mut lines = order.lines.into_iter();
        lines.find(|line| line.subscription == Some(row.id))
    });
    let next_item = match row.next_term.and_then(|next| next.item) {
        Some(next) => Some(names::by_id(tx, next).await?),
        None => None,
    };
    Ok(Found {
        next_item,
        reseller: orders::partner_id(tx, row.partner_of_record).await?,
        product: catalogue::product_of(tx, &item).await?,
        has_add_ons: catalogue::has_add_ons(tx, &item).await?,
        statutory: facts::policy(tx)
            .await?
            .statutory_cancellation
            .filter(|(country, _)| *country == customer.country)
            .map(|(_, days)| days),
        paid,
        line,
        row,
        item,
        customer,
        now,
    })
}

/// A subscription of the customer on which the partner stands; any other does not exist.
async fn own(
    tx: &mut Tx<'_>,
    partner: Account,
    customer: Tenant,
    name: String,
    now: Timestamp,
) -> Result<Option<Found>, AppError> {
    match names::subscription(tx, &name).await? {
        Some(row) if row.customer == customer.id && is_on(&partner, &row) => {
            complete(tx, row, customer, now).await.map(Some)
        }
        _ => Ok(None),
    }
}

/// The answer for a subscription that is unknown, or another's.
pub(super) fn unknown(subscription: &str) -> Problem {
    Problem::documented(
        StatusCode::NOT_FOUND,
        20_003,
        &format!("subscription {subscription} does not exist"),
    )
}

fn now(call: &Call) -> Timestamp {
    call.server.app().clock().world_now()
}

/// A subscription of a customer on which the caller stands; any other does not exist.
pub(super) async fn find(
    call: &Call,
    customer: &str,
    subscription: &str,
) -> Result<Found, Problem> {
    let customer = customers::required(&call.server, &call.principal, customer)
        .await?
        .tenant;
    let (partner, wanted, now) = (call.account.clone(), subscription.to_owned(), now(call));
    let found = call
        .read(move |tx| {
            Box::pin(own(
                tx,
                partner.clone(),
                customer.clone(),
                wanted.clone(),
                now,
            ))
        })
        .await?;
    found.ok_or_else(|| unknown(subscription))
}

/// Which subscriptions of a customer are listed.
#[derive(Clone, Default)]
struct Narrowed {
    order: Option<Id<Order>>,
    reseller: Option<String>,
    parent: Option<Id<Subscription>>,
}

async fn estate(
    tx: &mut Tx<'_>,
    partner: Account,
    customer: Tenant,
    narrowed: Narrowed,
    now: Timestamp,
) -> Result<Vec<Found>, AppError> {
    let key = [Stored::Id(customer.id.uuid())];
    let mut found = Vec::new();
    for row in tx
        .find::<Subscription>(tables::subscriptions::BY_CUSTOMER, &key)
        .await?
    {
        let wanted = narrowed
            .order
            .is_none_or(|order| row.order_id == Some(order))
            && narrowed
                .parent
                .is_none_or(|parent| row.parent == Some(parent));
        if wanted && is_on(&partner, &row) {
            let one = complete(tx, row, customer.clone(), now).await?;
            // Without a reseller of record the seller itself is the partner.
            let stands = match (&narrowed.reseller, &one.reseller) {
                (None, _) => true,
                (Some(wanted), Some(reseller)) => wanted == reseller,
                (Some(wanted), None) => {
                    orders::partner_id(tx, one.row.seller).await?.as_ref() == Some(wanted)
                }
            };
            found.extend(stands.then_some(one));
        }
    }
    Ok(found)
}

/// What of a customer's subscriptions is asked for, in order of purchase.
async fn listed(call: &Call, customer: &Tenant, narrowed: Narrowed) -> Result<Vec<Found>, Problem> {
    let (partner, customer, now) = (call.account.clone(), customer.clone(), now(call));
    call.read(move |tx| {
        Box::pin(estate(
            tx,
            partner.clone(),
            customer.clone(),
            narrowed.clone(),
            now,
        ))
    })
    .await
}

/// The subscriptions of a customer that hang on another one.
pub(super) async fn children(call: &Call, of: &Found) -> Result<Vec<Found>, Problem> {
    let narrowed = Narrowed {
        parent: Some(of.row.id),
        ..Narrowed::default()
    };
    listed(call, &of.customer, narrowed).await
}

async fn list(
    Path(customer): Path<String>,
    call: Call,
) -> Result<Json<Collection<SubscriptionResource>>, Problem> {
    let tenant = customers::required(&call.server, &call.principal, &customer)
        .await?
        .tenant;
    let path = format!("/customers/{}/subscriptions", tenant.id);
    if let Some(order) = call.query.get("order_id") {
        let order = orders::find(&call, &customer, order).await?.order.id;
        let narrowed = Narrowed {
            order: Some(order),
            ..Narrowed::default()
        };
        let found = listed(&call, &tenant, narrowed).await?;
        let shown = found.iter().map(Found::shown).collect();
        let own = format!("{path}?order_id={order}");
        return Ok(Json(Collection::whole(shown, own)));
    }
    if let Some(reseller) = call.query.get("mpn_id") {
        if !reseller.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Problem::malformed("mpn_id", "is a PartnerID, in digits"));
        }
        let page = Page::of(&call, PAGE_MAX)?;
        let narrowed = Narrowed {
            reseller: Some(reseller.to_owned()),
            ..Narrowed::default()
        };
        let found = listed(&call, &tenant, narrowed).await?;
        let part = found.iter().skip(page.offset).take(page.reach());
        let shown = part.map(Found::shown).collect();
        let own = format!("{path}?mpn_id={reseller}");
        return Ok(Json(page.collection(shown, &own)));
    }
    let found = listed(&call, &tenant, Narrowed::default()).await?;
    let shown = found.iter().map(Found::shown).collect();
    Ok(Json(Collection::whole(shown, path)))
}

async fn read(
    Path((customer, subscription)): Path<(String, String)>,
    call: Call,
) -> Result<Json<SubscriptionResource>, Problem> {
    let found = find(&call, &customer, &subscription).await?;
    Ok(Json(found.shown()))
}

async fn add_ons(
    Path((customer, subscription)): Path<(String, String)>,
    call: Call,
) -> Result<Json<Collection<SubscriptionResource>>, Problem> {
    let found = find(&call, &customer, &subscription).await?;
    let children = children(&call, &found).await?;
    let add_ons = children
        .iter()
        .filter(|child| child.item.kind == ItemKind::AddOn)
        .map(Found::shown)
        .collect();
    let own = format!("{}/addons", found.path());
    Ok(Json(Collection::whole(add_ons, own)))
}

/// How far a subscription is provisioned.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ProvisioningStatus {
    sku_id: String,
    /// Provisioned in the transaction that orders it, so never pending.
    status: &'static str,
    quantity: i64,
    end_date: String,
    attributes: Attributes,
}

async fn provisioning(
    Path((customer, subscription)): Path<(String, String)>,
    call: Call,
) -> Result<Json<ProvisioningStatus>, Problem> {
    let found = find(&call, &customer, &subscription).await?;
    let id = catalog::item_id(&found.item);
    let sku = id.split(':').nth(1).map(str::to_owned);
    Ok(Json(ProvisioningStatus {
        sku_id: sku.unwrap_or(id),
        status: "success",
        quantity: found.row.quantity,
        end_date: found.committed_until(first_instant),
        attributes: Attributes::of("SubscriptionProvisioningStatus"),
    }))
}

async fn activation_links(
    Path((customer, subscription)): Path<(String, String)>,
    call: Call,
) -> Result<Json<Collection<ActivationLink>>, Problem> {
    let found = find(&call, &customer, &subscription).await?;
    let base = discovery::base(&call.server, &call.headers);
    let link = ActivationLink::of(&base, found.item.kind, found.row.id);
    let own = format!("{}/activationlinks", found.path());
    Ok(Json(Collection::whole(link.into_iter().collect(), own)))
}

/// An end that a new purchase may choose.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_field_names,
    reason = "members are called as documented"
)]
struct CustomTermEndDate {
    allowed_custom_term_end_date_type: &'static str,
    allowed_custom_term_end_date: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    coterm_subscription_ids: Vec<String>,
}

async fn custom_ends(
    Path(customer): Path<String>,
    call: Call,
) -> Result<Json<Collection<CustomTermEndDate>>, Problem> {
    let tenant = customers::required(&call.server, &call.principal, &customer)
        .await?
        .tenant;
    // The table spells the parameters in one word, the example with underscores.
    let given = |name: &'static str, other: &str| {
        let value = call.query.get(name).or_else(|| call.query.get(other));
        value.map(str::to_owned)
    };
    let term = given("term_duration", "termDuration");
    let term = lines::term(term.as_deref(), "term_duration")?
        .filter(|term| term.months().is_some())
        .ok_or_else(|| Problem::malformed("term_duration", "is a period such as P1M or P1Y"))?;
    let start = match given("term_start_date", "termStartDate") {
        None => now(&call).date(),
        Some(text) => match dates::read(&text) {
            Some(Given::Day(day)) => day,
            Some(Given::Instant(at)) => at.date(),
            None => {
                return Err(Problem::malformed(
                    "term_start_date",
                    "is a date such as 2026-12-31",
                ));
            }
        },
    };
    if start < now(&call).date() {
        return Err(Problem::malformed(
            "term_start_date",
            "lies in the past; a term begins today or later",
        ));
    }
    let target = match given(
        "target_coterm_subscription_id",
        "targetCotermSubscriptionId",
    ) {
        Some(target) => Some(find(&call, &customer, &target).await?.row.id),
        None => None,
    };
    let (partner, path) = (
        call.account.clone(),
        format!(
            "/customers/{}/subscriptions/customTermEndDates?term_duration={term}",
            tenant.id
        ),
    );
    let ends = call
        .read(move |tx| {
            let (partner, tenant) = (partner.clone(), tenant.clone());
            Box::pin(async move { purchase::custom_ends(tx, &partner, &tenant, term, start).await })
        })
        .await?;
    let with = |end: &purchase::CustomEnd| {
        target.is_none_or(|target| end.with.iter().any(|row| row.id == target))
    };
    let shown = ends
        .iter()
        .filter(|end| with(end))
        .map(|end| CustomTermEndDate {
            allowed_custom_term_end_date_type: if end.of_month {
                "calendarMonthAligned"
            } else {
                "subscriptionAligned"
            },
            allowed_custom_term_end_date: last_instant(end.day),
            coterm_subscription_ids: end.with.iter().map(|row| row.id.to_string()).collect(),
        });
    Ok(Json(Collection::whole(shown.collect(), path)))
}

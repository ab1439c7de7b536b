//! What happened to a customer or a subscription, and a subscription's windows.

use axum::extract::Path;
use http::StatusCode;
use serde::Serialize;
use tierline_app::overview::outlook::{self, Outlook};
use tierline_app::overview::timeline::{self, Entry, PAGE_MAX, Place, Question};
use tierline_domain::time::{Date, Timestamp};
use utoipa::ToSchema;

use crate::answer::Json;
use crate::ours::{Details, OwnCall, Strict};
use crate::route::{self, Access, Route};
use crate::wire::seek;

pub(super) fn routes() -> Vec<Route> {
    let ok = StatusCode::OK;
    let listed = |route: Route| {
        route
            .access(Access::Party)
            .query(
                "count",
                "Most entries of the page, 1 to 200; 50 without it.",
            )
            .query("after", "The `next` of the page before.")
            .answers::<TimelinePage>(ok)
    };
    vec![
        listed(route::get(
            "/program/v1/customers/{id}/timeline",
            "What happened to a customer, the latest first, as the caller's own records tell.",
            of_customer,
        )),
        listed(route::get(
            "/program/v1/subscriptions/{id}/timeline",
            "What happened to a subscription, the latest first.",
            of_subscription,
        )),
        route::get(
            "/program/v1/subscriptions/{id}/outlook",
            "A subscription with its windows: until when which seats may be given back, and what is to come.",
            windows,
        )
        .access(Access::Party)
        .answers::<OutlookView>(ok),
    ]
}

/// A page of a timeline. It may hold fewer entries than asked for; it ends where `next` is left out.
#[derive(Debug, Serialize, ToSchema)]
struct TimelinePage {
    items: Vec<TimelineEntry>,
    /// Where the next page begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next: Option<String>,
}

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
struct TimelineEntry {
    /// Its event in the log: the id of the audit record as well.
    id: String,
    /// When, in the world.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// What was done, such as `update_subscription`.
    operation: String,
    /// To what type of thing, such as `subscription`.
    resource: String,
    /// To which.
    subject: String,
    /// Whether it went through.
    succeeded: bool,
    /// The rule that refused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    rule: Option<String>,
    /// Short name of the partner whose record it is.
    partner: String,
    /// Who did it, in the caller's own records.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    user: Option<String>,
    /// What it changed.
    changes: Vec<FieldChange>,
}

/// A member that was changed.
#[derive(Debug, Serialize, ToSchema)]
struct FieldChange {
    field: String,
    /// Null where it was nothing.
    from: Option<String>,
    /// Null where it is nothing.
    to: Option<String>,
}

fn entry(entry: Entry) -> TimelineEntry {
    let changes = entry.changes.into_iter().map(|change| FieldChange {
        field: change.field,
        from: change.from,
        to: change.to,
    });
    TimelineEntry {
        id: entry.event.to_string(),
        at: entry.at,
        operation: entry.operation,
        resource: entry.resource,
        subject: entry.subject,
        succeeded: entry.succeeded,
        rule: entry.rule,
        partner: entry.partner,
        user: entry.user,
        changes: changes.collect(),
    }
}

fn shown((entries, next): (Vec<Entry>, Option<Place>)) -> Json<TimelinePage> {
    Json(TimelinePage {
        items: entries.into_iter().map(entry).collect(),
        next: next.map(|place| seek::token(&place)),
    })
}

fn question(call: &OwnCall) -> Result<Question, Details> {
    let listing = call.listing(&[], PAGE_MAX)?;
    Ok(Question {
        after: call.place::<Place>(&listing)?,
        count: listing.count,
    })
}

async fn of_customer(Path(name): Path<String>, call: OwnCall) -> Strict<TimelinePage> {
    let (question, viewer) = (question(&call)?, call.principal.viewer());
    let found = call
        .read(move |tx| {
            let (viewer, name) = (viewer.clone(), name.clone());
            Box::pin(async move {
                let customer = viewer.customer(tx, &name).await?;
                timeline::of_customer(tx, &viewer, &customer, question).await
            })
        })
        .await?;
    Ok(shown(found))
}

async fn of_subscription(Path(name): Path<String>, call: OwnCall) -> Strict<TimelinePage> {
    let (question, viewer) = (question(&call)?, call.principal.viewer());
    let found = call
        .read(move |tx| {
            let (viewer, name) = (viewer.clone(), name.clone());
            Box::pin(async move {
                let row = viewer.subscription(tx, &name).await?;
                timeline::of_subscription(tx, &viewer, &row, question).await
            })
        })
        .await?;
    Ok(shown(found))
}

/// A subscription with its windows.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct OutlookView {
    id: String,
    /// Its short name, by which commands name it.
    name: String,
    /// Short name of the item.
    item: String,
    /// Title of the item.
    title: String,
    /// What the item may be upgraded to; whether this subscription may, a decision says.
    upgrades: Vec<HigherItem>,
    /// What a trial becomes when it is made paid; left out where it is no trial.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    paid: Option<HigherItem>,
    /// Short name of the seller; `operator` where that sold it.
    seller: String,
    /// Short name of the reseller of record.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reseller: Option<String>,
    /// Short name of the customer.
    customer: String,
    /// The customer's company.
    customer_title: String,
    /// `active`, `suspended`, `expired`, `disabled` or `deleted`.
    #[schema(value_type = SubscriptionWord)]
    state: String,
    quantity: i64,
    /// An ISO 8601 period, `one_time` or `none`.
    term: String,
    frequency: String,
    #[schema(value_type = String, format = DateTime)]
    bought: Timestamp,
    /// When its last renewal completed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>, format = DateTime)]
    renewed: Option<Timestamp>,
    /// The last day of the running term.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>, format = Date)]
    term_end: Option<Date>,
    /// It renews at the end of its term.
    renews: bool,
    /// What the seller pays for a seat and a whole term, such as `USD 264.00`; for the seller and the operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    unit_price: Option<String>,
    /// Batches of seats, the oldest first.
    seats: Vec<SeatsView>,
    /// Seats that may be given back now.
    reducible: i64,
    /// Until when it may be cancelled; left out where cancelling knows no window.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>, format = DateTime)]
    cancel_until: Option<Timestamp>,
    /// The window for cancelling is open, or there is none. Whether the caller may, a decision says.
    cancel_open: bool,
    /// What is scheduled for the next term.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_term: Option<NextTermView>,
    /// What happens by date, the soonest first.
    coming: Vec<ComingView>,
    /// The instant to which windows are measured: the world's.
    #[schema(value_type = String, format = DateTime)]
    now: Timestamp,
}

/// States of a subscription.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "stands for a word in the documents")]
pub(super) enum SubscriptionWord {
    Active,
    Suspended,
    Expired,
    Disabled,
    Deleted,
}

/// Seats that were added at one moment.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SeatsView {
    /// How many are left of them.
    quantity: i64,
    #[schema(value_type = String, format = DateTime)]
    added: Timestamp,
    /// Until when they may be given back; left out where they came out of an upgrade.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// They may be given back now.
    is_open: bool,
}

/// What will be otherwise in the next term; what is left out stays.
#[derive(Debug, Serialize, ToSchema)]
struct NextTermView {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    quantity: Option<i64>,
    /// Short name of the item.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    item: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    term: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    frequency: Option<String>,
    /// Its last day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>, format = Date)]
    end: Option<Date>,
}

/// An item that another one may be upgraded to.
#[derive(Debug, Serialize, ToSchema)]
struct HigherItem {
    /// Its short name.
    item: String,
    title: String,
}

/// Something that happens by date.
#[derive(Debug, Serialize, ToSchema)]
struct ComingView {
    /// What happens, such as `term_end`.
    kind: String,
    #[schema(value_type = String, format = DateTime)]
    due: Timestamp,
}

impl OutlookView {
    /// The outlook as a caller sees it: what a seller pays is between it and the operator.
    pub(super) fn of(found: Outlook, sees_price: bool, now: Timestamp) -> Self {
        let row = found.row;
        let seats = found.seats.into_iter().map(|seats| SeatsView {
            quantity: seats.quantity,
            added: seats.added,
            until: seats.until,
            is_open: seats.is_open,
        });
        let upgrades = found.upgrades.into_iter();
        let coming = found.coming.into_iter().map(|due| ComingView {
            kind: due.kind,
            due: due.due,
        });
        Self {
            id: row.id.to_string(),
            name: row.handle,
            item: found.item,
            title: row.friendly_name.unwrap_or(found.title),
            upgrades: upgrades
                .map(|(item, title)| HigherItem { item, title })
                .collect(),
            paid: found.paid.map(|(item, title)| HigherItem { item, title }),
            seller: found.seller,
            reseller: found.reseller,
            customer: found.customer,
            customer_title: found.company,
            state: row.state.to_string(),
            quantity: row.quantity,
            term: row.term.to_string(),
            frequency: row.frequency.to_string(),
            bought: row.bought,
            renewed: row.renewed,
            term_end: row.term_end,
            renews: row.renewal,
            unit_price: row
                .unit_price
                .filter(|_| sees_price)
                .map(|price| price.to_string()),
            seats: seats.collect(),
            reducible: found.reducible,
            cancel_until: found.cancel_until,
            cancel_open: found.may_cancel,
            next_term: found.next_term.map(|next| NextTermView {
                quantity: next.quantity,
                item: next.item,
                term: next.term,
                frequency: next.frequency,
                end: next.end,
            }),
            coming: coming.collect(),
            now,
        }
    }
}

async fn windows(Path(name): Path<String>, call: OwnCall) -> Strict<OutlookView> {
    call.query(&[])?;
    let (ctx, viewer) = (call.ctx(), call.principal.viewer());
    let now = ctx.now;
    let sees_all = call.principal.claims.operator;
    let own = call.principal.account.as_ref().map(|account| account.id);
    let found = call
        .read(move |tx| {
            let (ctx, viewer, name) = (ctx.clone(), viewer.clone(), name.clone());
            Box::pin(async move { outlook::of(&ctx, tx, &viewer, &name).await })
        })
        .await?;
    let sees_price = sees_all || (own.is_some() && found.row.seller == own);
    Ok(Json(OutlookView::of(found, sees_price, now)))
}

//! Subscriptions as a list, over all customers.

use http::StatusCode;
use serde::Serialize;
use tierline_app::overview::Viewer;
use tierline_domain::address::folded;
use tierline_domain::time::Date;
use tierline_store::registers::{Place, SubscriptionRow, Whose};
use utoipa::ToSchema;
use uuid::Uuid;

use super::timeline::SubscriptionWord;
use crate::answer::Json;
use crate::ours::{OwnCall, SEARCH_MAX, Strict};
use crate::problem::Problem;
use crate::route::{self, Access, Route};
use crate::wire::seek;

/// Most entries of a page.
const PAGE_MAX: usize = 200;
const STATES: [&str; 5] = ["active", "suspended", "expired", "disabled", "deleted"];

pub(super) fn routes() -> Vec<Route> {
    vec![
        route::get(
            "/program/v1/subscriptions",
            "Subscriptions by their customer's company: those that a partner sold or is the reseller of record of, a customer's own, all for the operator.",
            list,
        )
        .access(Access::Party)
        .query("search", "A part of the company, of the title or of the short name.")
        .query("customer", "Only those of a customer.")
        .query("state", "Only those that are active, suspended, expired, disabled or deleted.")
        .query("count", "Most subscriptions of the page, 1 to 200; 50 without it.")
        .query("after", "The `next` of the page before.")
        .answers::<SubscriptionPage>(StatusCode::OK),
    ]
}

/// A page of subscriptions.
#[derive(Debug, Serialize, ToSchema)]
struct SubscriptionPage {
    items: Vec<SubscriptionEntry>,
    /// Where the next page begins; the last page has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next: Option<String>,
}

/// A subscription in a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SubscriptionEntry {
    id: String,
    /// Its short name, by which commands name it.
    name: String,
    /// Short name of the item.
    item: String,
    /// Its own title, or the item's.
    title: String,
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
    #[schema(value_type = SubscriptionWord)]
    state: String,
    quantity: i64,
    /// An ISO 8601 period, `one_time` or `none`.
    term: String,
    /// The last day of the running term.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>, format = Date)]
    term_end: Option<Date>,
    /// It renews at the end of its term.
    renews: bool,
}

fn entry(row: SubscriptionRow) -> SubscriptionEntry {
    SubscriptionEntry {
        id: row.id.to_string(),
        name: row.handle,
        item: row.item,
        title: row.title,
        seller: row.seller,
        reseller: Some(row.reseller).filter(|reseller| !reseller.is_empty()),
        customer: row.customer,
        customer_title: row.company,
        state: row.state,
        quantity: row.quantity,
        term: row.term,
        term_end: row.term_end,
        renews: row.renews,
    }
}

async fn list(call: OwnCall) -> Strict<SubscriptionPage> {
    let listing = call.listing(&["search", "customer", "state"], PAGE_MAX)?;
    let state = call.one_of(&listing, "state", &STATES)?.unwrap_or_default();
    let search = listing.get("search").unwrap_or_default();
    if search.chars().count() > SEARCH_MAX {
        let problem = Problem::malformed("search", "is a text of at most 100 letters");
        return Err(call.refuse(problem));
    }
    let (search, customer) = (folded(search), listing.get("customer").map(str::to_owned));
    let beginning = || (String::new(), Uuid::nil());
    let after = call.place::<Place>(&listing)?.unwrap_or_else(beginning);
    let most = i64::try_from(listing.count)
        .unwrap_or(i64::MAX)
        .saturating_add(1);
    let viewer = call.principal.viewer();
    let mut rows = call
        .read(move |tx| {
            let (viewer, customer) = (viewer.clone(), customer.clone());
            let (search, after) = (search.clone(), after.clone());
            Box::pin(async move {
                let of = match customer {
                    Some(name) => viewer.customer(tx, &name).await?.handle,
                    None => String::new(),
                };
                let whose = match &viewer {
                    Viewer::Operator => Whose::All,
                    Viewer::Partner(account) => Whose::Partner(account.id.uuid()),
                    Viewer::Customer(tenant) => Whose::Customer(tenant.id.uuid()),
                };
                let wanted = (of.as_str(), state, search.as_str());
                Ok(tx.subscription_page(whose, wanted, &after, most).await?)
            })
        })
        .await?;
    let is_more = rows.len() > listing.count;
    rows.truncate(listing.count);
    let next = rows.last().filter(|_| is_more);
    let next = next.map(|row| seek::token(&(&row.folded, row.id)));
    Ok(Json(SubscriptionPage {
        items: rows.into_iter().map(entry).collect(),
        next,
    }))
}

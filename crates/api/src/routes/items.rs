//! What can be named in a command that buys: items by their short names, without prices.

use http::StatusCode;
use serde::Serialize;
use tierline_domain::catalog::Item;
use tierline_store::{Value, tables};
use utoipa::ToSchema;

use crate::answer::Json;
use crate::ours::{OwnCall, Strict};
use crate::route::{self, Route};
use crate::wire::seek;

/// Items of one page.
const PAGE_MAX: usize = 200;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route::get(
            "/program/v1/items",
            "Items by their short names, as commands take them, with terms and without prices.",
            list,
        )
        .query("count", "Most items of the page, 1 to 200; 50 without it.")
        .query("after", "The `next` of the page before.")
        .answers::<ItemList>(StatusCode::OK),
    ]
}

/// What may be bought. Whether a deal with it goes through is asked with a decision.
#[derive(Debug, Serialize, ToSchema)]
struct ItemList {
    items: Vec<ItemView>,
    /// Where the next page begins; the last page has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next: Option<String>,
}

/// An item.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ItemView {
    /// Its short name.
    name: String,
    title: String,
    /// Such as `licence` or `add_on`.
    kind: String,
    segment: String,
    /// Fewest units of one purchase.
    min: i64,
    /// Most units of one subscription.
    max: i64,
    terms: Vec<ItemTerm>,
}

/// A term in which it is sold.
#[derive(Debug, Serialize, ToSchema)]
struct ItemTerm {
    /// Such as `P1Y`.
    term: String,
    /// Such as `monthly`.
    frequencies: Vec<String>,
}

impl ItemView {
    fn of(item: Item) -> Self {
        let terms = item.offered.iter().map(|offered| ItemTerm {
            term: offered.term.to_string(),
            frequencies: offered
                .frequencies
                .iter()
                .map(ToString::to_string)
                .collect(),
        });
        Self {
            terms: terms.collect(),
            kind: item.kind.to_string(),
            segment: item.segment.to_string(),
            name: item.handle,
            title: item.title,
            min: item.min_quantity,
            max: item.max_quantity,
        }
    }
}

/// What is for one partner alone is told to that partner and the operator.
async fn list(call: OwnCall) -> Strict<ItemList> {
    let listing = call.listing(&[], PAGE_MAX)?;
    let after = call.place::<String>(&listing)?.unwrap_or_default();
    let count = listing.count;
    let caller = call.principal.partner().ok().map(|own| own.handle.clone());
    let is_told = |item: &Item| {
        item.exclusive_to.is_empty()
            || caller
                .as_ref()
                .is_none_or(|caller| item.exclusive_to.contains(caller))
    };
    let most = i64::try_from(count).unwrap_or(i64::MAX);
    let mut items = call
        .read(move |tx| {
            let key = [
                Value::Text(after.clone()),
                Value::Int(most.saturating_add(1)),
            ];
            Box::pin(async move { Ok(tx.find::<Item>(tables::items::AFTER, &key).await?) })
        })
        .await?;
    let is_last = items.len() <= count;
    items.truncate(count);
    let last = items.last().filter(|_| !is_last);
    let next = last.map(|item| seek::token(&item.handle));
    Ok(Json(ItemList {
        items: items
            .into_iter()
            .filter(is_told)
            .map(ItemView::of)
            .collect(),
        next,
    }))
}

//! Partnerships and customers as lists, with everything that is not in force any more, or not yet.

use http::StatusCode;
use serde::Serialize;
use tierline_app::names;
use tierline_app::overview::region;
use tierline_domain::address::folded;
use tierline_domain::partner::{Account, PartnerType};
use tierline_domain::place::Country;
use tierline_domain::time::{Date, Timestamp};
use tierline_store::registers::{CustomerRow, Place, TieRow, Wanted};
use utoipa::ToSchema;
use uuid::Uuid;

use super::home::AgreementWord;
use crate::answer::Json;
use crate::ours::{Details, Listing, OwnCall, SEARCH_MAX, Strict};
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::wire::seek;

/// Most entries of a page.
const PAGE_MAX: usize = 200;
/// States of a partnership and of a relationship.
const STATES: [&str; 6] = [
    "invited",
    "active",
    "declined",
    "withdrawn",
    "lapsed",
    "removed",
];

pub(super) fn routes() -> Vec<Route> {
    let ok = StatusCode::OK;
    vec![
        route::get(
            "/program/v1/customers",
            "Customers by name, searched and filtered: a partner's own in every state of the relationship, all for the operator.",
            customers,
        )
        .query("search", "A part of the name, of the short name or of the domain.")
        .query("country", "Only those of a country, such as DE.")
        .query("state", "Only those whose relationship is invited, active, declined, withdrawn, lapsed or removed; of a partner's customers.")
        .query("partner", "Whose; for the operator, who sees all without it.")
        .query("count", "Most customers of the page, 1 to 200; 50 without it.")
        .query("after", "The `next` of the page before.")
        .answers::<CustomerPage>(ok),
        route::get(
            "/program/v1/partnerships",
            "A provider's resellers, or a reseller's providers, by name, in every state.",
            partnerships,
        )
        .query("state", "Only those that are invited, active, declined, withdrawn, lapsed or removed.")
        .query("partner", "Whose; for the operator, who must say so.")
        .query("count", "Most partnerships of the page, 1 to 200; 50 without it.")
        .query("after", "The `next` of the page before.")
        .answers::<PartnershipPage>(ok),
    ]
}

/// A page of customers.
#[derive(Debug, Serialize, ToSchema)]
struct CustomerPage {
    items: Vec<CustomerEntry>,
    /// Where the next page begins; the last page has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next: Option<String>,
}

/// States of partnerships and relationships.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "stands for a word in the documents")]
enum TieState {
    Invited,
    Active,
    Declined,
    Withdrawn,
    Lapsed,
    Removed,
}

/// A customer in a list. Of one that is none yet, or never was, a partner sees the short name alone.
#[derive(Debug, Serialize, ToSchema)]
struct CustomerEntry {
    /// The tenant.
    id: String,
    /// Its short name.
    name: String,
    /// Its company.
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    domain: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    country: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    region: Option<String>,
    /// State of the partner's relationship; left out in the operator's list of all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<TieState>)]
    state: Option<String>,
    /// Since when it is in that state.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Active subscriptions: those that the partner sold or is the reseller of record of; all in the operator's list.
    subscriptions: i64,
    /// Partners that serve it, in the operator's list; 1 or 0 in a partner's.
    partners: i64,
}

/// A page of partnerships.
#[derive(Debug, Serialize, ToSchema)]
struct PartnershipPage {
    /// Whose they are, by its short name.
    partner: String,
    /// Its role in them: `provider` or `reseller`.
    #[schema(value_type = TieSide)]
    side: &'static str,
    items: Vec<PartnershipEntry>,
    /// Where the next page begins; the last page has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next: Option<String>,
}

/// Sides of a partnership.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "stands for a word in the documents")]
enum TieSide {
    Provider,
    Reseller,
}

/// The other side of a partnership.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PartnershipEntry {
    /// The other account.
    id: String,
    /// Its short name, by which commands name it.
    name: String,
    /// Its company.
    title: String,
    /// `indirect_provider`, `indirect_reseller` or `direct_bill`.
    kind: String,
    country: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    region: Option<String>,
    /// Its PartnerID.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    partner_id: Option<String>,
    #[schema(value_type = TieState)]
    state: String,
    /// Since when it is in that state.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// When the reseller asked for its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>, format = Date)]
    removal_requested: Option<Date>,
    /// The provider has administrator access to the reseller's own account.
    provider_access: bool,
    /// The reseller's partner agreement, as its provider and the operator see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<AgreementWord>)]
    agreement: Option<String>,
    /// State of the other account, for the operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    account_state: Option<String>,
    /// Customers that both serve.
    customers: i64,
    /// Active subscriptions that the provider sold with the reseller as the one of record.
    subscriptions: i64,
}

/// Whose list it is: a partner's own, or the partner that the operator names.
async fn whose(call: &OwnCall, listing: &Listing) -> Result<Option<Account>, Details> {
    let named = listing.get("partner").map(str::to_owned);
    if !call.principal.claims.operator {
        let own = call.principal.partner();
        let own = own.map_err(|problem| call.refuse(problem))?;
        return match named {
            Some(name) if name != own.handle => {
                Err(call.refuse(Problem::not_found(&format!("partner {name}"))))
            }
            _ => Ok(Some(own.clone())),
        };
    }
    let Some(name) = named else { return Ok(None) };
    let found = call
        .read(move |tx| {
            let name = name.clone();
            Box::pin(async move { names::the_account(tx, &name).await })
        })
        .await?;
    Ok(Some(found))
}

/// The first page begins before every name.
fn beginning() -> Place {
    (String::new(), Uuid::nil())
}

/// One more than a page holds tells whether there is a next one.
fn most(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX).saturating_add(1)
}

fn customer(row: CustomerRow, today: Date) -> CustomerEntry {
    let country = row.country.parse::<Country>().ok();
    let given = |text: String| Some(text).filter(|text| !text.is_empty());
    CustomerEntry {
        id: row.id.to_string(),
        name: row.handle,
        title: row.name,
        domain: given(row.domain),
        country: given(row.country),
        region: country.and_then(|country| region(country, today)),
        state: given(row.state),
        since: row.since,
        subscriptions: row.subscriptions,
        partners: row.partners,
    }
}

async fn customers(call: OwnCall) -> Strict<CustomerPage> {
    let listing = call.listing(&["search", "country", "state", "partner"], PAGE_MAX)?;
    let bad = |field: &str, text: &str| call.refuse(Problem::malformed(field, text));
    let partner = whose(&call, &listing).await?;
    let state = call.one_of(&listing, "state", &STATES)?;
    if state.is_some() && partner.is_none() {
        return Err(bad("state", "is a relationship's; name its `partner` too"));
    }
    let search = listing.get("search").unwrap_or_default();
    if search.chars().count() > SEARCH_MAX {
        return Err(bad("search", "is a text of at most 100 letters"));
    }
    let country = match listing.get("country") {
        None => String::new(),
        Some(country) => {
            let read = country.to_ascii_uppercase().parse::<Country>();
            let read = read.map_err(|_| bad("country", "is a code of two letters, such as DE"))?;
            read.to_string()
        }
    };
    let wanted = Wanted {
        search: folded(search),
        country,
        state: state.unwrap_or_default().to_owned(),
    };
    let after = call.place::<Place>(&listing)?.unwrap_or_else(beginning);
    let (count, partner) = (listing.count, partner.map(|partner| partner.id.uuid()));
    let mut rows = call
        .read(move |tx| {
            let (wanted, after) = (wanted.clone(), after.clone());
            Box::pin(async move {
                Ok(tx
                    .customer_page(partner, &wanted, &after, most(count))
                    .await?)
            })
        })
        .await?;
    let is_more = rows.len() > count;
    rows.truncate(count);
    let next = rows.last().filter(|_| is_more);
    let next = next.map(|row| seek::token(&(&row.folded, row.id)));
    let today = call.server.app().clock().world_now().date();
    Ok(Json(CustomerPage {
        items: rows.into_iter().map(|row| customer(row, today)).collect(),
        next,
    }))
}

async fn partnerships(call: OwnCall) -> Strict<PartnershipPage> {
    let listing = call.listing(&["state", "partner"], PAGE_MAX)?;
    let own = whose(&call, &listing).await?.ok_or_else(|| {
        call.refuse(Problem::malformed(
            "partner",
            "names whose partnerships are meant",
        ))
    })?;
    let state = call.one_of(&listing, "state", &STATES)?.unwrap_or_default();
    let after = call.place::<Place>(&listing)?.unwrap_or_else(beginning);
    let is_provider = own.kind == PartnerType::IndirectProvider;
    let (count, key) = (listing.count, (own.id.uuid(), is_provider));
    let mut rows = call
        .read(move |tx| {
            let after = after.clone();
            Box::pin(async move { Ok(tx.tie_page(key, state, &after, most(count)).await?) })
        })
        .await?;
    let is_more = rows.len() > count;
    rows.truncate(count);
    let next = rows.last().filter(|_| is_more);
    let next = next.map(|row| seek::token(&(&row.folded, row.id)));
    let is_operator = call.principal.claims.operator;
    let today = call.server.app().clock().world_now().date();
    let shown = |row: TieRow| PartnershipEntry {
        id: row.id.to_string(),
        name: row.handle,
        title: row.name,
        kind: row.kind.to_string(),
        region: region(row.country, today),
        country: row.country.to_string(),
        partner_id: Some(row.partner_id).filter(|id| !id.is_empty()),
        state: row.state.to_string(),
        since: row.since,
        removal_requested: row.removal_requested,
        provider_access: row.provider_access,
        agreement: Some(row.agreement).filter(|_| is_operator || is_provider),
        account_state: Some(row.account_state.to_string()).filter(|_| is_operator),
        customers: row.customers,
        subscriptions: row.subscriptions,
    };
    Ok(Json(PartnershipPage {
        partner: own.handle,
        side: if is_provider { "provider" } else { "reseller" },
        items: rows.into_iter().map(shown).collect(),
        next,
    }))
}

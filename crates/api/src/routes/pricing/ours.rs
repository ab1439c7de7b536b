//! Our own endpoints of prices: the operator's lists and rates, partners' price books, the provider's marketplace.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tierline_app::act::Act;
use tierline_app::billing::marketplace::{self, Open};
use tierline_app::billing::price_books::{self, Entry, Preview, Wanted};
use tierline_app::prices::{csv, import, rates, sheet};
use tierline_domain::time::{Date, Timestamp};
use tierline_store::idempotency::RequestKey;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::Json;
use crate::ours::{Details, OwnCall, Strict};
use crate::problem::Problem;
use crate::route::{self, Route};

/// Bytes of a file of prices or rates, at most.
const FILE_BYTES_MAX: usize = 64 * 1024 * 1024;

pub(in crate::routes) fn routes() -> Vec<Route> {
    let ok = StatusCode::OK;
    vec![
        route::post(
            "/program/v1/prices",
            "Put the lines of a price sheet on the operator's lists, all of them or none.",
            put_prices,
        )
        .takes_csv(FILE_BYTES_MAX)
        .answers::<PricesPut>(ok),
        route::post(
            "/program/v1/fx-rates",
            "Record exchange rates, all of them or none.",
            put_rates,
        )
        .takes_csv(FILE_BYTES_MAX)
        .answers::<RatesPut>(ok),
        route::get(
            "/program/v1/price-books",
            "The caller's own price book.",
            book,
        )
        .answers::<EntryList>(ok),
        route::post(
            "/program/v1/price-books",
            "Add an entry to the caller's price book; it takes the place of earlier ones from its first day on.",
            add,
        )
        .takes::<NewEntry>()
        .answers::<PriceEntryView>(StatusCode::CREATED),
        route::get(
            "/program/v1/price-books/preview",
            "What an item would cost the caller and what its book makes of it; the operator sees every tier.",
            preview,
        )
        .query("item", "The item.")
        .query("term", "The term; a year by default.")
        .query("customer", "The customer.")
        .query("reseller", "Of a provider: the reseller that would buy.")
        .query("provider", "Of a reseller: through whom it would buy.")
        .query("day", "The day whose prices hold; today by default.")
        .answers::<PreviewView>(ok),
        route::get(
            "/program/v1/marketplace",
            "What the caller's providers have opened to it, with its cost and the price that its own book makes of it.",
            browse,
        )
        .query("customer", "The customer that it is for.")
        .answers::<OpenList>(ok),
    ]
}

/// What became of a price sheet.
#[derive(Debug, Serialize, ToSchema)]
struct PricesPut {
    /// Lines of the file.
    lines: usize,
    /// Prices that they come to: lines of several billing plans are one.
    prices: usize,
    /// Prices that are new or changed.
    changed: usize,
    /// Prices that stand on no list any more.
    removed: usize,
}

/// What became of a file of rates.
#[derive(Debug, Serialize, ToSchema)]
struct RatesPut {
    /// Rates that are new or changed.
    changed: usize,
}

/// The text of a file that only the operator sends.
fn text_of(call: &OwnCall) -> Result<&str, Details> {
    call.query(&[])?;
    let operator = call.principal.operator_required();
    operator.map_err(|problem| call.refuse(problem))?;
    let text = std::str::from_utf8(&call.bytes);
    text.map_err(|_| call.refuse(Problem::malformed("body", "is not UTF-8")))
}

fn faulty(call: &OwnCall, faults: &[csv::Fault]) -> Details {
    call.refuse(Problem::malformed("body", &csv::tell(faults)))
}

async fn put_prices(call: OwnCall) -> Strict<PricesPut> {
    let lines = sheet::read(text_of(&call)?).map_err(|faults| faulty(&call, &faults))?;
    let ctx = call.ctx();
    let done = call.server.app().db().write(import::Import { ctx, lines });
    let done = done.await.map_err(|error| call.failed(error))?;
    let done = done.map_err(|faults| faulty(&call, &faults))?;
    Ok(Json(PricesPut {
        lines: done.lines,
        prices: done.prices,
        changed: done.changed,
        removed: done.removed,
    }))
}

async fn put_rates(call: OwnCall) -> Strict<RatesPut> {
    let lines = rates::read(text_of(&call)?).map_err(|faults| faulty(&call, &faults))?;
    let ctx = call.ctx();
    let done = call.server.app().db().write(rates::Import { ctx, lines });
    let done = done.await.map_err(|error| call.failed(error))?;
    let changed = done.map_err(|faults| faulty(&call, &faults))?;
    Ok(Json(RatesPut { changed }))
}

/// An entry of a price book as it is sent.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(
    dead_code,
    reason = "stands for the body in the documents; the command reads it"
)]
struct NewEntry {
    /// The reseller that it is for; everyone, where none is named.
    buyer: Option<String>,
    /// The customer that it is for.
    customer: Option<String>,
    /// The item that it is for.
    item: Option<String>,
    /// The segment of items that it is for.
    segment: Option<String>,
    /// The term that it is for.
    term: Option<String>,
    /// A share of the price, in per cent, below 100. Exactly one of `margin`, `markup` and `fixed` is given.
    margin: Option<String>,
    /// A share of the cost, in per cent.
    markup: Option<String>,
    /// A price per seat for the whole term, in the currency of the caller's location: `EUR 100.00`.
    fixed: Option<String>,
    /// The item stands in the provider's marketplace.
    open: Option<bool>,
    /// The first day, today or later; today by default.
    #[schema(value_type = Option<String>, format = Date)]
    from: Option<Date>,
    /// The last day.
    #[schema(value_type = Option<String>, format = Date)]
    until: Option<Date>,
}

/// An entry of a price book.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct PriceEntryView {
    id: String,
    buyer: Option<String>,
    customer: Option<String>,
    item: Option<String>,
    segment: Option<String>,
    term: Option<String>,
    /// `margin`, `markup` or `fixed`.
    method: String,
    /// Margin or markup, in per cent.
    percent: Option<String>,
    fixed: Option<String>,
    open: bool,
    #[schema(value_type = String, format = Date)]
    from: Date,
    #[schema(value_type = Option<String>, format = Date)]
    until: Option<Date>,
    #[schema(value_type = String, format = DateTime)]
    recorded: Timestamp,
}

impl PriceEntryView {
    fn of(entry: Entry) -> Self {
        Self {
            id: entry.id.to_string(),
            buyer: entry.buyer,
            customer: entry.customer,
            item: entry.item,
            segment: entry.segment.map(|segment| segment.to_string()),
            term: entry.term.map(|term| term.to_string()),
            method: entry.method.to_string(),
            percent: entry.percent.map(|percent| percent.to_string()),
            fixed: entry.fixed.map(|fixed| fixed.to_string()),
            open: entry.open,
            from: entry.from,
            until: entry.until,
            recorded: entry.recorded,
        }
    }
}

/// A price book, oldest entry first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct EntryList {
    total_count: usize,
    items: Vec<PriceEntryView>,
}

async fn book(call: OwnCall) -> Strict<EntryList> {
    call.query(&[])?;
    let owner = call.principal.partner();
    let owner = owner.map_err(|problem| call.refuse(problem))?.id;
    let read = call.read(move |tx| Box::pin(price_books::book_of(tx, owner)));
    let items: Vec<PriceEntryView> = read.await?.into_iter().map(PriceEntryView::of).collect();
    Ok(Json(EntryList {
        total_count: items.len(),
        items,
    }))
}

async fn add(call: OwnCall) -> Result<(StatusCode, Json<PriceEntryView>), Details> {
    call.query(&[])?;
    let params: Map<String, Value> = call.body()?;
    let own = call.principal.account.as_ref();
    let tenant = own.map_or(Uuid::nil(), |account| account.tenant.uuid());
    let id = call.principal.request_id.as_deref();
    let key =
        id.map(|id| RequestKey::new(tenant, id, call.method.as_str(), &call.path, &call.bytes));
    let act = Act {
        actor: call.principal.actor(),
        verb: "set_price".to_owned(),
        params,
    };
    let done = call.server.app().perform(call.ctx(), act, key).await;
    let done = done.map_err(|error| call.failed(error))?;
    let entry: PriceEntryView = serde_json::from_value(done).map_err(|error| {
        tracing::error!(%error, "an entry of a price book cannot be shown");
        call.refuse(Problem::failed())
    })?;
    Ok((StatusCode::CREATED, Json(entry)))
}

/// What one tier pays and asks, per seat for the whole term.
#[derive(Debug, Serialize, ToSchema)]
struct TierView {
    partner: String,
    /// What it pays.
    cost: String,
    /// What it asks.
    price: String,
    /// The share of the price that is not cost, in per cent.
    margin: Option<String>,
}

/// What an item would cost: the caller's own tier, or to the operator every tier from its own down.
#[derive(Debug, Serialize, ToSchema)]
struct PreviewView {
    item: String,
    term: String,
    #[schema(value_type = String, format = Date)]
    day: Date,
    /// The estimated retail price of the operator's list; not for resellers.
    retail: Option<String>,
    /// The share of it that the operator's list price leaves, in per cent.
    #[serde(rename = "retailMargin")]
    retail_margin: Option<String>,
    tiers: Vec<TierView>,
}

impl PreviewView {
    fn of(preview: Preview) -> Self {
        let tiers = preview.tiers.into_iter().map(|tier| TierView {
            partner: tier.partner,
            cost: tier.cost.to_string(),
            price: tier.price.to_string(),
            margin: tier.margin.map(|margin| margin.to_string()),
        });
        Self {
            item: preview.item,
            term: preview.term.to_string(),
            day: preview.day,
            retail: preview.retail.map(|retail| retail.to_string()),
            retail_margin: preview.retail_margin.map(|margin| margin.to_string()),
            tiers: tiers.collect(),
        }
    }
}

async fn preview(call: OwnCall) -> Strict<PreviewView> {
    let known = ["item", "term", "customer", "reseller", "provider", "day"];
    let mut wanted = Wanted::default();
    for (name, value) in call.query(&known)? {
        let bad = |text| call.refuse(Problem::malformed(&name, text));
        match name.as_str() {
            "item" => wanted.item = value,
            "term" => {
                let term = value.parse();
                wanted.term = Some(term.map_err(|_| bad("is a duration such as P1Y"))?);
            }
            "customer" => wanted.customer = Some(value),
            "reseller" => wanted.reseller = Some(value),
            "provider" => wanted.provider = Some(value),
            _ => {
                let day = value.parse();
                wanted.day = Some(day.map_err(|_| bad("is a day such as 2026-07-01"))?);
            }
        }
    }
    if wanted.item.is_empty() {
        return Err(call.refuse(Problem::malformed("item", "is missing")));
    }
    let caller = if call.principal.claims.operator {
        None
    } else {
        let caller = call.principal.partner();
        Some(caller.map_err(|problem| call.refuse(problem))?.clone())
    };
    let today = call.server.app().clock().world_now().date();
    let read = call.read(move |tx| {
        let (caller, wanted) = (caller.clone(), wanted.clone());
        Box::pin(async move { price_books::preview(tx, caller.as_ref(), &wanted, today).await })
    });
    Ok(Json(PreviewView::of(read.await?)))
}

/// An item that a provider opened to the caller.
#[derive(Debug, Serialize, ToSchema)]
struct OpenView {
    provider: String,
    item: String,
    title: String,
    segment: String,
    term: String,
    /// What the caller pays, per seat for the whole term.
    cost: String,
    /// What its own price book makes of that.
    price: String,
    /// The share of the price that is not cost, in per cent.
    margin: Option<String>,
}

impl OpenView {
    fn of(open: Open) -> Self {
        Self {
            provider: open.provider,
            item: open.item,
            title: open.title,
            segment: open.segment.to_string(),
            term: open.term.to_string(),
            cost: open.cost.to_string(),
            price: open.price.to_string(),
            margin: open.margin.map(|margin| margin.to_string()),
        }
    }
}

/// What is open to the caller, by provider, item and term.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct OpenList {
    total_count: usize,
    items: Vec<OpenView>,
}

async fn browse(call: OwnCall) -> Strict<OpenList> {
    let customer = call.query(&["customer"])?.pop().map(|(_, name)| name);
    let reseller = call.principal.partner();
    let reseller = reseller.map_err(|problem| call.refuse(problem))?.clone();
    let today = call.server.app().clock().world_now().date();
    let read = call.read(move |tx| {
        let (reseller, customer) = (reseller.clone(), customer.clone());
        Box::pin(
            async move { marketplace::browse(tx, &reseller, customer.as_deref(), today).await },
        )
    });
    let items: Vec<OpenView> = read.await?.into_iter().map(OpenView::of).collect();
    Ok(Json(OpenList {
        total_count: items.len(),
        items,
    }))
}

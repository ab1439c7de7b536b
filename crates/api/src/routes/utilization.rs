//! What a subscription used in a stretch of time, by hour or by day, and the rate cards that it is priced by.

use std::collections::BTreeMap;

use axum::extract::Path;
use http::StatusCode;
use serde::Serialize;
use tierline_app::AppError;
use tierline_app::billing::fx;
use tierline_app::usage::summary;
use tierline_domain::decimal::Decimal as Exact;
use tierline_domain::money::Currency;
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::place::Country;
use tierline_domain::subscription::Subscription;
use tierline_domain::time::{Date, Timestamp, add_days};
use tierline_domain::usage::{Meter, MeterPrice, UsageDay, UsageEvent, UsageResource};
use tierline_rules::regions;
use tierline_store::{Tx, Value as Stored, tables};
use utoipa::ToSchema;
use uuid::Uuid;

use super::subscription_view::first_instant;
use super::subscriptions;
use super::usage::{currency_of, number};
use crate::answer::Json;
use crate::call::Call;
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::wire::body;
use crate::wire::dates::{self, Given};
use crate::wire::decimal::Decimal;
use crate::wire::envelope::{Attributes, Collection, Links, Page};

/// Most records of a page, and as many as one holds where none are asked for.
const PAGE_MAX: usize = 1_000;
/// Longest stretch of one call, in days.
const DAYS_MAX: i32 = 366;
/// The same by the hour.
const HOURLY_DAYS_MAX: i32 = 31;
const HOUR_MICROS: i64 = 3_600_000_000;

pub(super) fn routes() -> Vec<Route> {
    let ok = StatusCode::OK;
    let currency = "The currency of the rates; the partner's where it is left out.";
    let region = "The market; the partner's where it is left out.";
    let card = |path, operation, handler_test| {
        route::get(path, "What one unit of each meter costs.", rate_card)
            .query("currency", currency)
            .query("region", region)
            .answers::<AzureRateCard>(ok)
            .shows(operation, handler_test)
    };
    vec![
        route::get(
            "/v1/customers/{customer-id}/subscriptions/{subscription-id}/utilizations/azure",
            "What a subscription used, by day or by hour.",
            utilization,
        )
        .query("start_time", "The first instant.")
        .query("end_time", "The instant before which it ends.")
        .query(
            "granularity",
            "daily or hourly; daily where it is left out.",
        )
        .query("show_details", "By resource; yes where it is left out.")
        .query("size", "Most records of the page, 1000 at most.")
        .query(
            "seek_operation",
            "Next, with the token of the page before in MS-ContinuationToken.",
        )
        .answers::<Collection<AzureUtilizationRecord>>(ok)
        .shows(
            "azure-utilization-records-list",
            "usage.rs utilization_is_read_page_by_page",
        ),
        card(
            "/v1/ratecards/azure",
            "azure-rate-card-get",
            "usage.rs rate_cards_tell_what_a_unit_costs",
        ),
        card(
            "/v1/ratecards/azure-shared",
            "azure-shared-rate-card-get",
            "usage.rs rate_cards_tell_what_a_unit_costs",
        ),
    ]
}

/// What was used of one meter in an hour or a day.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AzureUtilizationRecord {
    usage_start_time: String,
    usage_end_time: String,
    resource: AzureResource,
    quantity: Decimal,
    unit: String,
    info_fields: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    instance_data: Option<AzureInstanceData>,
    attributes: Attributes,
}

/// A meter.
#[derive(Debug, Serialize, ToSchema)]
struct AzureResource {
    id: String,
    name: String,
    category: String,
    subcategory: String,
    region: String,
}

/// The resource that used it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AzureInstanceData {
    resource_uri: String,
    location: String,
    part_number: String,
    order_number: String,
    tags: BTreeMap<String, String>,
    additional_info: BTreeMap<String, String>,
}

/// What a call asks for.
#[derive(Clone, Debug)]
struct Stretch {
    from: Timestamp,
    until: Timestamp,
    is_hourly: bool,
    shows_details: bool,
}

fn instant(call: &Call, name: &str) -> Result<Timestamp, Problem> {
    let bad = || {
        let problem = "is missing; give an instant such as 2024-01-01T00:00:00Z";
        Problem::malformed(name, problem)
    };
    let text = call.query.get(name).ok_or_else(bad)?;
    match dates::read(text) {
        Some(Given::Instant(at)) => Ok(at),
        Some(Given::Day(day)) => Ok(Timestamp::start_of(day)),
        None => {
            let problem = format!("`{text}` is no instant such as 2024-01-01T00:00:00Z");
            Err(Problem::malformed(name, &problem))
        }
    }
}

impl Stretch {
    fn read(call: &Call) -> Result<Self, Problem> {
        let (from, until) = (instant(call, "start_time")?, instant(call, "end_time")?);
        let is_hourly = match call.query.get("granularity").map(body::word).as_deref() {
            None | Some("daily") => false,
            Some("hourly") => true,
            Some(_) => return Err(Problem::malformed("granularity", "is daily or hourly")),
        };
        if until < from {
            return Err(Problem::malformed("end_time", "lies before start_time"));
        }
        let most = if is_hourly { HOURLY_DAYS_MAX } else { DAYS_MAX };
        if add_days(from.date(), most) < until.date() {
            let problem = format!("lies more than {most} days behind start_time; ask for less");
            return Err(Problem::malformed("end_time", &problem));
        }
        let shows_details =
            call.query.get("show_details").is_none() || call.query.flag("show_details");
        Ok(Self {
            from,
            until,
            is_hourly,
            shows_details,
        })
    }

    /// The same, as links have it.
    fn query(&self) -> String {
        format!(
            "start_time={}&end_time={}&granularity={}&show_details={}",
            self.from,
            self.until,
            if self.is_hourly { "Hourly" } else { "Daily" },
            if self.shows_details { "True" } else { "False" },
        )
    }

    /// The hour or day in which an instant lies.
    fn bucket(&self, at: Timestamp) -> Timestamp {
        if !self.is_hourly {
            return Timestamp::start_of(at.date());
        }
        let micros = at.as_micros();
        let start = micros.saturating_sub(micros.rem_euclid(HOUR_MICROS));
        Timestamp::from_micros(start).unwrap_or(at)
    }

    fn end(&self, start: Timestamp) -> Timestamp {
        if self.is_hourly {
            start.plus_hours(1)
        } else {
            Timestamp::start_of(add_days(start.date(), 1))
        }
    }
}

type Buckets = BTreeMap<(Timestamp, i64, Uuid), Exact>;

fn add(
    buckets: &mut Buckets,
    stretch: &Stretch,
    (at, meter, resource): (Timestamp, i64, Uuid),
    quantity: Exact,
) -> Result<(), AppError> {
    let resource = if stretch.shows_details {
        resource
    } else {
        Uuid::nil()
    };
    let sum = buckets
        .entry((stretch.bucket(at), meter, resource))
        .or_insert(Exact::ZERO);
    *sum = sum.plus(quantity)?;
    Ok(())
}

/// Whole days are summed up already; the ends of a stretch, and hours, are made of events.
async fn buckets(
    tx: &mut Tx<'_>,
    of: &Subscription,
    stretch: &Stretch,
    found: &mut Buckets,
) -> Result<(), AppError> {
    let (first, last) = (stretch.from.date(), stretch.until.date());
    let is_whole = Timestamp::start_of(first) == stretch.from
        && Timestamp::start_of(last) == stretch.until
        && !stretch.is_hourly;
    let id = Stored::Id(of.id.uuid());
    if is_whole {
        let key = [id, Stored::Day(first), Stored::Day(add_days(last, -1))];
        let days = tx.find::<UsageDay>(tables::usage_days::BETWEEN, &key);
        for day in days.await? {
            let at = (Timestamp::start_of(day.day), day.meter, day.resource);
            add(found, stretch, at, day.quantity)?;
        }
        return Ok(());
    }
    let key = [
        id,
        Stored::Instant(stretch.from),
        Stored::Instant(stretch.until),
    ];
    let events = tx.find::<UsageEvent>(tables::usage_events::BETWEEN, &key);
    for event in events.await? {
        let at = (event.at, event.meter, event.resource);
        add(found, stretch, at, event.quantity)?;
    }
    Ok(())
}

async fn records(
    tx: &mut Tx<'_>,
    (partner, customer): (Account, Tenant),
    of: Subscription,
    stretch: Stretch,
    page: Page,
) -> Result<Vec<AzureUtilizationRecord>, AppError> {
    let mut sums = Buckets::new();
    for user in summary::users(tx, &partner, &customer).await? {
        if user.row.id == of.id || user.row.parent == Some(of.id) {
            buckets(tx, &user.row, &stretch, &mut sums).await?;
        }
    }
    let mut found = Vec::new();
    for ((start, meter, resource), quantity) in
        sums.into_iter().skip(page.offset).take(page.reach())
    {
        let Some(meter) = tx.get::<Meter>(&[Stored::Int(meter)]).await? else {
            continue;
        };
        let resource = if resource.is_nil() {
            None
        } else {
            tx.get::<UsageResource>(&[Stored::Id(resource)]).await?
        };
        found.push(AzureUtilizationRecord {
            usage_start_time: start.to_string(),
            usage_end_time: stretch.end(start).to_string(),
            resource: AzureResource {
                id: meter.handle,
                name: meter.name,
                category: meter.category,
                subcategory: meter.subcategory,
                region: meter.region,
            },
            quantity: number(quantity),
            unit: meter.unit,
            info_fields: BTreeMap::new(),
            instance_data: resource.map(|resource| AzureInstanceData {
                resource_uri: resource.uri,
                location: resource.location,
                part_number: String::new(),
                order_number: String::new(),
                tags: resource.tags,
                additional_info: BTreeMap::new(),
            }),
            attributes: Attributes::of("AzureUtilizationRecord"),
        });
    }
    Ok(found)
}

async fn utilization(
    Path((customer, subscription)): Path<(String, String)>,
    call: Call,
) -> Result<Json<Collection<AzureUtilizationRecord>>, Problem> {
    let found = subscriptions::find(&call, &customer, &subscription).await?;
    let stretch = Stretch::read(&call)?;
    let page = Page::of(&call, PAGE_MAX)?;
    let path = format!("{}/utilizations/azure?{}", found.path(), stretch.query());
    let (partner, tenant, row) = (call.account.clone(), found.customer, found.row);
    let all = call
        .read(move |tx| {
            let parties = (partner.clone(), tenant.clone());
            Box::pin(records(tx, parties, row.clone(), stretch.clone(), page))
        })
        .await?;
    Ok(Json(page.collection(all, &path)))
}

/// What one unit of each meter costs.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AzureRateCard {
    currency: String,
    locale: String,
    is_tax_included: bool,
    meters: Vec<AzureMeter>,
    offer_terms: Vec<AzureOfferTerm>,
    links: Links,
    attributes: Attributes,
}

/// A meter, and the price of a unit by how many were used before.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AzureMeter {
    id: String,
    name: String,
    rates: BTreeMap<String, Decimal>,
    tags: Vec<String>,
    category: String,
    subcategory: String,
    region: String,
    unit: String,
    included_quantity: Decimal,
    effective_date: String,
}

/// A discount on all but some meters.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AzureOfferTerm {
    name: String,
    discount: Decimal,
    excluded_meter_ids: Vec<String>,
    effective_date: String,
}

async fn card(
    tx: &mut Tx<'_>,
    currency: Currency,
    today: Date,
    own: String,
) -> Result<AzureRateCard, AppError> {
    let rate = fx::per_dollar(tx, currency, today).await?;
    let mut prices: BTreeMap<i64, MeterPrice> = BTreeMap::new();
    for price in tx
        .find::<MeterPrice>(tables::meter_prices::EVERY, &[])
        .await?
    {
        // In order of their days: the last that holds stays.
        if price.from_day <= today {
            prices.insert(price.meter, price);
        }
    }
    let mut meters = Vec::new();
    for meter in tx.find::<Meter>(tables::meters::EVERY, &[]).await? {
        let Some(price) = prices.get(&meter.number) else {
            continue;
        };
        meters.push(AzureMeter {
            id: meter.handle,
            name: meter.name,
            rates: [("0".to_owned(), number(price.price.times(rate)?))].into(),
            tags: Vec::new(),
            category: meter.category,
            subcategory: meter.subcategory,
            region: meter.region,
            unit: meter.unit,
            included_quantity: number(Exact::ZERO),
            effective_date: first_instant(price.from_day),
        });
    }
    Ok(AzureRateCard {
        currency: currency.to_string(),
        locale: "en-US".to_owned(),
        is_tax_included: false,
        meters,
        offer_terms: Vec::new(),
        links: Links::own(own),
        attributes: Attributes::of("AzureRateCard"),
    })
}

async fn rate_card(call: Call) -> Result<Json<AzureRateCard>, Problem> {
    let region = match call.query.get("region") {
        None => call.account.country,
        Some(text) => text
            .to_uppercase()
            .parse::<Country>()
            .map_err(|_| Problem::malformed("region", "is a country of two letters, such as US"))?,
    };
    let currency = match call.query.get("currency") {
        None if region == call.account.country => currency_of(&call.account),
        None => regions::currency(region).unwrap_or(Currency::USD),
        Some(text) => text
            .to_uppercase()
            .parse()
            .map_err(|_| Problem::malformed("currency", "has three letters, such as USD"))?,
    };
    let own = call.path().trim_start_matches("/v1").to_owned();
    let own = format!("{own}?currency={currency}&region={region}");
    let today = call.server.app().clock().world_now().date();
    let found = call
        .read(move |tx| Box::pin(card(tx, currency, today, own.clone())))
        .await?;
    Ok(Json(found))
}

//! The documented layout of a price sheet: one line for each price and billing plan.
//!
//! A price is per seat for the whole term, whatever the plan. Days are written as the documented sheets write instants; ISO dates
//! are read as well.

use std::collections::HashMap;

use tierline_domain::catalog::{DatedPrice, Frequency, Item, Term};
use tierline_domain::customer::Segment;
use tierline_domain::id::Id;
use tierline_domain::listing::{Listing, Product, Shelf};
use tierline_domain::money::{Currency, Money};
use tierline_domain::place::Country;
use tierline_domain::price_list::ListPrice;
use tierline_domain::time::{Date, add_days};
use tierline_rules::regions;
use tierline_store::tables::{self, catalogue as rows};
use tierline_store::{Tx, Value};

use super::csv::{self, FAULTS_MAX, Fault, Record, Table};
use super::{is_priced_in_dollars, own_price_of};
use crate::error::AppError;

/// The columns, in the documented order; the last is ours: it tells SKUs apart that are sold to several segments.
pub const COLUMNS: [&str; 19] = [
    "ProductTitle",
    "ProductId",
    "SkuId",
    "SkuTitle",
    "Publisher",
    "SkuDescription",
    "UnitOfMeasure",
    "TermDuration",
    "BillingPlan",
    "Market",
    "Currency",
    "UnitPrice",
    "PricingTierRangeMin",
    "PricingTierRangeMax",
    "EffectiveStartDate",
    "EffectiveEndDate",
    "Tags",
    "ERP Price",
    "Segment",
];

/// Without these a file says too little.
const NEEDED: [&str; 7] = [
    "ProductId",
    "SkuId",
    "TermDuration",
    "Market",
    "Currency",
    "UnitPrice",
    "EffectiveStartDate",
];

/// Columns of later sheets that change nothing here.
const PASSED_OVER: [&str; 2] = ["ChangeIndicator", "PreviousValues"];

/// Lines of one file, at most.
pub const LINES_MAX: usize = 200_000;

/// One line, read by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its place in the file.
    pub line: usize,
    /// The product, in capitals.
    pub product: String,
    /// The SKU, in capitals.
    pub sku: String,
    /// The segment, where it is told.
    pub segment: Option<Segment>,
    /// The term.
    pub term: Term,
    /// The billing plan; none stands for all that the item has for the term.
    pub plan: Option<Frequency>,
    /// The market.
    pub market: Country,
    /// The price.
    pub price: Money,
    /// The estimated retail price, in minor units.
    pub retail_minor: Option<i64>,
    /// The first day.
    pub from_day: Date,
    /// The last day.
    pub until_day: Option<Date>,
}

/// Reads a file line by line.
///
/// # Errors
/// What is wrong with it, the first twenty faults.
pub fn read(text: &str) -> Result<Vec<Line>, Vec<Fault>> {
    let known: Vec<&str> = COLUMNS.into_iter().chain(PASSED_OVER).collect();
    let table = Table::read(text, &NEEDED, &known)?;
    if table.records.len() > LINES_MAX {
        let text = format!("a file has {LINES_MAX} lines at most; split it by market");
        return Err(vec![Fault::new(LINES_MAX, "", text)]);
    }
    let (mut lines, mut faults) = (Vec::with_capacity(table.records.len()), Vec::new());
    for record in &table.records {
        match line(&table, record) {
            Ok(line) => lines.push(line),
            Err(fault) => faults.push(fault),
        }
        if faults.len() == FAULTS_MAX {
            break;
        }
    }
    if faults.is_empty() {
        Ok(lines)
    } else {
        Err(faults)
    }
}

fn line(table: &Table, record: &Record) -> Result<Line, Fault> {
    let field = |name| table.field(record, name);
    let bad = |column, problem: String| Fault::new(record.line, column, problem);
    let name = |column| match field(column) {
        "" => Err(bad(column, "is missing".to_owned())),
        text => Ok(text.to_uppercase()),
    };
    let market: Country = field("Market")
        .parse()
        .ok()
        .filter(|code| regions::exists(*code))
        .ok_or_else(|| {
            bad(
                "Market",
                format!(
                    "`{}` is no country; give an ISO 3166-1 code such as FR",
                    field("Market")
                ),
            )
        })?;
    let currency: Currency = field("Currency")
        .parse()
        .ok()
        .filter(|code| is_billed_in(*code))
        .ok_or_else(|| {
            bad(
                "Currency",
                format!(
                    "`{}` is no currency in which a partner is billed",
                    field("Currency")
                ),
            )
        })?;
    let price =
        amount(currency, field("UnitPrice")).map_err(|problem| bad("UnitPrice", problem))?;
    let retail = match field("ERP Price") {
        "" => None,
        text => Some(amount(currency, text).map_err(|problem| bad("ERP Price", problem))?),
    };
    whole_range(field("PricingTierRangeMin"), field("PricingTierRangeMax"))
        .map_err(|problem| bad("PricingTierRangeMin", problem))?;
    let term = match field("TermDuration") {
        "" => Ok(Term::None),
        word if word.eq_ignore_ascii_case("onetime") => Ok(Term::OneTime),
        text => text.parse(),
    };
    let term = term.map_err(|_| {
        bad(
            "TermDuration",
            "is a duration such as P1Y, `OneTime`, or empty".to_owned(),
        )
    })?;
    let plan = match field("BillingPlan") {
        "" => None,
        word => Some(plan_of(word).ok_or_else(|| {
            bad(
                "BillingPlan",
                "is Monthly, Annual, Triennial, OneTime or None".to_owned(),
            )
        })?),
    };
    let segment = match field("Segment") {
        "" => None,
        word => Some(segment_of(word).ok_or_else(|| {
            bad(
                "Segment",
                "is Commercial, Education, Charity or Government".to_owned(),
            )
        })?),
    };
    let column = "EffectiveStartDate";
    let (from_day, _) = day(field(column)).map_err(|problem| bad(column, problem))?;
    if from_day.day() != 1 {
        return Err(bad(
            column,
            "prices change on the first of a month only (BIL-023)".to_owned(),
        ));
    }
    let column = "EffectiveEndDate";
    let until_day = last_day(field(column)).map_err(|problem| bad(column, problem))?;
    if until_day.is_some_and(|until| until < from_day) {
        return Err(bad(column, "lies before the start".to_owned()));
    }
    Ok(Line {
        line: record.line,
        product: name("ProductId")?,
        sku: name("SkuId")?,
        segment,
        term,
        plan,
        market,
        price,
        retail_minor: retail.map(|retail| retail.minor),
        from_day,
        until_day,
    })
}

/// Whether partners of some country are billed in a currency.
pub(super) fn is_billed_in(currency: Currency) -> bool {
    regions::all().any(|(_, place)| place.currency == currency)
}

fn amount(currency: Currency, text: &str) -> Result<Money, String> {
    // Zeros at the end say nothing: documented sheets leave them out or write more of them.
    let short = match text.split_once('.') {
        Some((_, part)) if !part.is_empty() => text.trim_end_matches('0').trim_end_matches('.'),
        _ => text,
    };
    let price: Money = format!("{currency} {short}").parse().map_err(|_| {
        let digits = currency.digits();
        format!("`{text}` is no amount of {currency}, which has {digits} decimals at most")
    })?;
    if price.minor < 0 {
        return Err("is negative".to_owned());
    }
    Ok(price)
}

/// Prices by quantity are not known here: the range is every quantity, or left out.
fn whole_range(least: &str, most: &str) -> Result<(), String> {
    if least.starts_with('-') || most.starts_with('-') {
        return Err("a quantity is never negative".to_owned());
    }
    if matches!(least, "" | "0" | "1") && most.is_empty() {
        return Ok(());
    }
    Err("prices by quantity are not supported; leave the range empty".to_owned())
}

/// A day, and whether an instant at midnight stood there.
fn day(text: &str) -> Result<(Date, bool), String> {
    let bad = || format!("`{text}` is no day such as `7/1/2026 12:00:00 AM` or `2026-07-01`");
    let (date, time) = text.split_once([' ', 'T']).unwrap_or((text, ""));
    let is_midnight = time.eq_ignore_ascii_case("12:00:00 AM") || time.starts_with("00:00:00");
    if let Ok(day) = date.parse::<Date>() {
        return Ok((day, is_midnight));
    }
    let mut parts = date.split('/').map(|part| part.parse::<i16>().ok());
    let mut next = || parts.next().flatten().ok_or_else(bad);
    let (month, day, year) = (next()?, next()?, next()?);
    let small = |number: i16| i8::try_from(number).map_err(|_| bad());
    let day = Date::new(year, small(month)?, small(day)?).map_err(|_| bad())?;
    Ok((day, is_midnight))
}

/// The last day of an end: the last of a month; open where it is empty or lies at the end of the calendar.
fn last_day(text: &str) -> Result<Option<Date>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let (day, is_midnight) = day(text)?;
    if day.year() == 9999 {
        return Ok(None);
    }
    let last = if is_midnight && day.day() == 1 {
        add_days(day, -1)
    } else {
        day
    };
    if add_days(last, 1).day() == 1 {
        return Ok(Some(last));
    }
    Err(
        "prices change on the first of a month only, and end on the last of one (BIL-023)"
            .to_owned(),
    )
}

const PLANS: [(Frequency, &str); 5] = [
    (Frequency::Monthly, "Monthly"),
    (Frequency::Annual, "Annual"),
    (Frequency::Triennial, "Triennial"),
    (Frequency::OneTime, "OneTime"),
    (Frequency::None, "None"),
];

fn plan_of(word: &str) -> Option<Frequency> {
    let found = PLANS
        .iter()
        .find(|(_, name)| name.eq_ignore_ascii_case(word));
    found.map(|(plan, _)| *plan)
}

fn plan(plan: Frequency) -> &'static str {
    let found = PLANS.iter().find(|(each, _)| *each == plan);
    found.map_or("", |(_, name)| name)
}

const SEGMENTS: [(Segment, &str); 4] = [
    (Segment::Commercial, "Commercial"),
    (Segment::Education, "Education"),
    (Segment::Nonprofit, "Charity"),
    (Segment::GovernmentCommunityCloud, "Government"),
];

fn segment_of(word: &str) -> Option<Segment> {
    let found = SEGMENTS
        .iter()
        .find(|(_, name)| name.eq_ignore_ascii_case(word));
    found.map(|(segment, _)| *segment)
}

fn segment(segment: Segment) -> &'static str {
    let found = SEGMENTS.iter().find(|(each, _)| *each == segment);
    found.map_or("", |(_, name)| name)
}

/// Which part of the lists a sheet shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Licences of new commerce.
    Licences,
    /// Software by subscription and for ever.
    Software,
    /// Services of third parties.
    Marketplace,
    /// Capacity that is reserved or committed to ahead.
    Reservations,
    /// Consumption.
    Consumption,
}

impl View {
    const fn of(shelf: Shelf) -> Self {
        match shelf {
            Shelf::OnlineServices => Self::Licences,
            Shelf::Marketplace => Self::Marketplace,
            Shelf::Consumption => Self::Consumption,
            Shelf::ReservedMachines
            | Shelf::ReservedSql
            | Shelf::ReservedDocuments
            | Shelf::SavingsPlan => Self::Reservations,
            Shelf::SoftwareSubscription | Shelf::PerpetualSoftware | Shelf::LinuxSubscription => {
                Self::Software
            }
        }
    }

    const fn tag(self) -> &'static str {
        match self {
            Self::Licences => "License",
            Self::Software => "Software",
            Self::Marketplace => "Marketplace",
            Self::Reservations => "Reservation",
            Self::Consumption => "Consumption",
        }
    }
}

/// Everything of the catalogue that a sheet is made of or read against.
pub(super) struct Shelves {
    pub(super) listings: Vec<Listing>,
    pub(super) items: HashMap<Id<Item>, Item>,
    dated: Vec<DatedPrice>,
}

impl Shelves {
    pub(super) async fn load(tx: &mut Tx<'_>) -> Result<Self, AppError> {
        let items = tx.find::<Item>(tables::items::EVERY, &[]).await?;
        Ok(Self {
            listings: tx.find::<Listing>(rows::listings::EVERY, &[]).await?,
            items: items.into_iter().map(|item| (item.id, item)).collect(),
            dated: tx
                .find::<DatedPrice>(tables::dated_prices::EVERY, &[])
                .await?,
        })
    }

    /// The item's own price on a day.
    pub(super) async fn own_price(
        &self,
        tx: &mut Tx<'_>,
        item: &Item,
        term: Term,
        currency: Currency,
        day: Date,
    ) -> Result<Option<Money>, AppError> {
        let of_term = self
            .dated
            .iter()
            .filter(|dated| dated.item == item.id && dated.term == term);
        let dated = of_term.take_while(|dated| dated.from_day <= day).last();
        own_price_of(tx, item, dated, term, currency, day).await
    }
}

/// A sheet of a market as of a day: its list, and the items' own prices where it says nothing.
///
/// # Errors
/// When the store fails.
pub async fn of_market(
    tx: &mut Tx<'_>,
    market: Country,
    view: View,
    day: Date,
) -> Result<String, AppError> {
    let shelves = Shelves::load(tx).await?;
    let key = [
        Value::Text(market.to_string()),
        Value::Day(day),
        Value::Day(day),
    ];
    let listed = tx
        .find::<ListPrice>(tables::price_lists::OF_MARKET_ON, &key)
        .await?;
    let mut of_item: HashMap<Id<Item>, Vec<ListPrice>> = HashMap::new();
    for price in listed {
        of_item.entry(price.item).or_default().push(price);
    }
    let mut text = String::new();
    csv::write(&mut text, COLUMNS);
    let mut product: Option<Product> = None;
    for listing in &shelves.listings {
        let is_sold =
            listing.last_day.is_none_or(|last| last >= day) && !listing.not_sold_in.holds(market);
        let Some(item) = shelves.items.get(&listing.item).filter(|_| is_sold) else {
            continue;
        };
        if product
            .as_ref()
            .is_none_or(|product| product.id != listing.product)
        {
            product = tx
                .get::<Product>(&[Value::Text(listing.product.clone())])
                .await?;
        }
        let Some(product) = product
            .as_ref()
            .filter(|product| View::of(product.shelf) == view)
        else {
            continue;
        };
        let mut prices = of_item.remove(&item.id).unwrap_or_default();
        for offered in &item.offered {
            for currency in currencies(item, offered.term, market) {
                let has =
                    |price: &ListPrice| price.term == offered.term && price.currency == currency;
                if prices.iter().any(has) {
                    continue;
                }
                let own = shelves
                    .own_price(tx, item, offered.term, currency, day)
                    .await?;
                prices.extend(own.map(|own| ListPrice {
                    item: item.id,
                    market,
                    currency,
                    term: offered.term,
                    from_day: day.first_of_month(),
                    until_day: None,
                    unit_minor: own.minor,
                    retail_minor: None,
                }));
            }
        }
        prices.sort_by_key(|price| (price.term, price.currency));
        for price in &prices {
            let plans = item
                .offer(price.term)
                .map(|offered| offered.frequencies.as_slice());
            for frequency in plans.unwrap_or_default() {
                write(&mut text, product, listing, price, *frequency);
            }
        }
    }
    Ok(text)
}

/// The currencies in which an item's own price is shown: the market's, in Europe also the others that it names (BIL-022); the US
/// dollar alone for what is priced in it everywhere (BIL-021).
fn currencies(item: &Item, term: Term, market: Country) -> Vec<Currency> {
    let figures = || {
        item.offer(term)
            .into_iter()
            .flat_map(|offered| &offered.prices)
    };
    let has_dollars = figures().any(|price| price.currency == Currency::USD);
    if is_priced_in_dollars(item) && has_dollars {
        return vec![Currency::USD];
    }
    if figures().next().is_none() {
        return Vec::new();
    }
    let mut found: Vec<Currency> = regions::currency(market).into_iter().collect();
    let is_european = |place: &regions::Place| place.region.as_str() == "Europe";
    if regions::place(market).is_some_and(is_european) {
        let others = figures().map(|price| price.currency);
        let billed = |currency: &Currency| {
            regions::all().any(|(_, place)| is_european(place) && place.currency == *currency)
        };
        found.extend(others.filter(billed));
        found.sort_unstable();
        found.dedup();
    }
    found
}

fn write(
    text: &mut String,
    product: &Product,
    listing: &Listing,
    price: &ListPrice,
    frequency: Frequency,
) {
    let figure = |money: Money| money.to_string().split_off(4);
    let term = match price.term {
        Term::None => String::new(),
        Term::OneTime => "OneTime".to_owned(),
        term => term.to_string(),
    };
    let instant =
        |day: Date, time: &str| format!("{}/{}/{} {time}", day.month(), day.day(), day.year());
    let until = price.until_day.unwrap_or(Date::MAX);
    csv::write(
        text,
        [
            product.title.in_language("en"),
            &product.id,
            &listing.sku,
            listing.about.title.in_language("en"),
            &product.publisher_name,
            listing.about.description.in_language("en"),
            listing.about.unit.as_deref().unwrap_or_default(),
            &term,
            plan(frequency),
            price.market.as_str(),
            price.currency.as_str(),
            &figure(price.unit_price()),
            "",
            "",
            &instant(price.from_day, "12:00:00 AM"),
            &instant(until, "11:59:59 PM"),
            View::of(product.shelf).tag(),
            &price.retail_price().map(figure).unwrap_or_default(),
            segment(listing.segment),
        ],
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "ProductId,SkuId,TermDuration,BillingPlan,Market,Currency,UnitPrice,PricingTierRangeMin,EffectiveStartDate,EffectiveEndDate";

    #[test]
    fn lines_are_read_by_themselves() {
        let text = format!(
            "{HEAD}\ncfq7,0001,P1Y,Monthly,us,USD,115.2000,,2/1/2026 12:00:00 AM,12/31/9999 11:59:59 PM\nCFQ7,0002,OneTime,,FR,EUR,7,1,2026-02-01,2026-04-01T00:00:00Z\n"
        );
        let lines = read(&text).unwrap();
        let [first, second] = lines.as_slice() else {
            panic!("two lines")
        };
        assert_eq!(
            (first.line, first.price.to_string().as_str()),
            (2, "USD 115.20")
        );
        assert_eq!((first.product.as_str(), first.until_day), ("CFQ7", None));
        assert_eq!(second.term, Term::OneTime);
        assert_eq!(second.until_day, "2026-03-31".parse().ok());
    }

    #[test]
    fn what_is_wrong_with_a_line_is_told_with_its_column() {
        for (line, told) in [
            (
                "P,1,P1Y,,XX,USD,1,,2026-02-01,",
                "Market: `XX` is no country",
            ),
            (
                "P,1,P1Y,,US,XTS,1,,2026-02-01,",
                "Currency: `XTS` is no currency",
            ),
            ("P,1,P1Y,,US,USD,-1,,2026-02-01,", "UnitPrice: is negative"),
            (
                "P,1,P1Y,,US,USD,1.001,,2026-02-01,",
                "UnitPrice: `1.001` is no amount",
            ),
            (
                "P,1,P1Y,,JP,JPY,1.5,,2026-02-01,",
                "UnitPrice: `1.5` is no amount",
            ),
            (
                "P,1,P1Y,,US,USD,1e9,,2026-02-01,",
                "UnitPrice: `1e9` is no amount",
            ),
            (
                "P,1,P1Y,,US,USD,1,-5,2026-02-01,",
                "PricingTierRangeMin: a quantity is never negative",
            ),
            (
                "P,1,P1Y,,US,USD,1,10,2026-02-01,",
                "PricingTierRangeMin: prices by quantity",
            ),
            (
                "P,1,year,,US,USD,1,,2026-02-01,",
                "TermDuration: is a duration",
            ),
            (
                "P,1,P1Y,Weekly,US,USD,1,,2026-02-01,",
                "BillingPlan: is Monthly",
            ),
            (
                "P,1,P1Y,,US,USD,1,,2026-02-15,",
                "EffectiveStartDate: prices change on the first",
            ),
            (
                "P,1,P1Y,,US,USD,1,,2026-02-30,",
                "EffectiveStartDate: `2026-02-30` is no day",
            ),
            (
                "P,1,P1Y,,US,USD,1,,2026-02-01,2026-03-15",
                "EffectiveEndDate: prices change on the first",
            ),
            (
                "P,1,P1Y,,US,USD,1,,2026-02-01,2026-01-31",
                "EffectiveEndDate: lies before the start",
            ),
            (",1,P1Y,,US,USD,1,,2026-02-01,", "ProductId: is missing"),
        ] {
            let faults = read(&format!("{HEAD}\n{line}\n")).unwrap_err();
            let first = faults.first().unwrap().to_string();
            assert!(first.starts_with(&format!("line 2: {told}")), "{first}");
        }
    }
}

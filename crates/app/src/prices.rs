//! What the operator asks: its price lists by market, currency and month, and an item's own prices where no list speaks of it.

use tierline_domain::catalog::{DatedPrice, Item, ItemKind, Publisher, Term};
use tierline_domain::id::Id;
use tierline_domain::money::{Currency, Money};
use tierline_domain::partner::Tenant;
use tierline_domain::place::Country;
use tierline_domain::price_list::ListPrice;
use tierline_domain::time::Date;
use tierline_store::{Derivation, Tx, Value, tables};

use crate::billing::fx;
use crate::error::AppError;
use crate::names::seen;

pub mod csv;
pub mod import;
pub mod rates;
pub mod sheet;

/// BIL-021: what is priced in US dollars everywhere and converted at the month's rate.
#[must_use]
pub const fn is_priced_in_dollars(item: &Item) -> bool {
    item.kind.is_consumption()
        || matches!(item.kind, ItemKind::Reservation | ItemKind::Marketplace)
        || matches!(item.publisher, Publisher::ThirdParty)
}

/// The price per seat for a whole term on a day, promotions left aside: from the list of the customer's market in the currency of
/// whoever is billed (BIL-020, BIL-022), else the item's own.
///
/// # Errors
/// When the store fails.
pub async fn list_price(
    tx: &mut Tx<'_>,
    item: &Item,
    customer: Id<Tenant>,
    term: Term,
    currency: Currency,
    day: Date,
) -> Result<Option<Money>, AppError> {
    let market = match item.listed_from {
        Some(from) if from <= day => Some(seen::<Tenant, _>(tx, customer).await?.country),
        _ => None,
    };
    let wanted = PriceOf {
        item: item.id,
        market,
        term,
        currency,
        day,
    };
    Ok(*tx.derive(&wanted).await?)
}

/// A price per seat: the same for all customers of a market.
struct PriceOf {
    item: Id<Item>,
    /// On whose list it may stand.
    market: Option<Country>,
    term: Term,
    currency: Currency,
    day: Date,
}

impl Derivation for PriceOf {
    type Made = Option<Money>;
    type Error = AppError;

    fn of(&self) -> Vec<Value> {
        vec![
            Value::Id(self.item.uuid()),
            Value::Text(format!("{} {}", self.term, self.currency)),
            Value::Day(self.day),
            Value::Text(
                self.market
                    .map(|market| market.to_string())
                    .unwrap_or_default(),
            ),
        ]
    }

    async fn make(&self, tx: &mut Tx<'_>) -> Result<Option<Money>, AppError> {
        let (term, currency, day) = (self.term, self.currency, self.day);
        let item = seen::<Item, _>(tx, self.item).await?;
        if let Some(market) = self.market
            && let Some(listed) = listed(tx, &item, market, term, currency, day).await?
        {
            return Ok(Some(listed));
        }
        own_price(tx, &item, term, currency, day).await
    }
}

/// The price on a market's list.
async fn listed(
    tx: &mut Tx<'_>,
    item: &Item,
    market: Country,
    term: Term,
    currency: Currency,
    day: Date,
) -> Result<Option<Money>, AppError> {
    if let Some(found) = in_force(tx, item, market, term, currency, day).await? {
        return Ok(Some(found.unit_price()));
    }
    if currency == Currency::USD || !is_priced_in_dollars(item) {
        return Ok(None);
    }
    match in_force(tx, item, market, term, Currency::USD, day).await? {
        Some(found) => Ok(Some(
            fx::exchange(tx, found.unit_price(), currency, day).await?,
        )),
        None => Ok(None),
    }
}

/// The line of a market's list that holds on a day.
///
/// # Errors
/// When the store fails.
pub async fn in_force(
    tx: &mut Tx<'_>,
    item: &Item,
    market: Country,
    term: Term,
    currency: Currency,
    day: Date,
) -> Result<Option<ListPrice>, AppError> {
    let key = [
        Value::Id(item.id.uuid()),
        Value::Text(market.to_string()),
        Value::Text(currency.to_string()),
        Value::Text(term.to_string()),
        Value::Day(day),
    ];
    let found = tx.look_for::<ListPrice>(tables::price_lists::IN_FORCE, &key);
    let found = found.await?;
    let last = found.last().filter(|price| price.holds_on(day));
    Ok(last.map(|price| ListPrice::clone(price)))
}

/// The item's own price, whatever the market: one that changed on a day, in other currencies at the month's rate, else what its entry in the catalogue
/// says. A currency that the entry does not name has the price in US dollars where that is how its kind is priced (BIL-021), else the one in euros, else the
/// first, each at the month's rate.
///
/// # Errors
/// When the store fails.
pub async fn own_price(
    tx: &mut Tx<'_>,
    item: &Item,
    term: Term,
    currency: Currency,
    day: Date,
) -> Result<Option<Money>, AppError> {
    let key = [
        Value::Id(item.id.uuid()),
        Value::Text(term.to_string()),
        Value::Day(day),
    ];
    let dated = tx.look_for::<DatedPrice>(tables::dated_prices::OF_TERM, &key);
    let dated = dated.await?;
    let last = dated.last().map(AsRef::as_ref);
    own_price_of(tx, item, last, term, currency, day).await
}

async fn own_price_of(
    tx: &mut Tx<'_>,
    item: &Item,
    dated: Option<&DatedPrice>,
    term: Term,
    currency: Currency,
    day: Date,
) -> Result<Option<Money>, AppError> {
    if let Some(dated) = dated {
        return Ok(Some(fx::exchange(tx, dated.amount, currency, day).await?));
    }
    let figures = item.offer(term).map(|offered| offered.prices.as_slice());
    let in_currency = |wanted| {
        let mut found = figures.unwrap_or_default().iter();
        found.find(|price| price.currency == wanted).copied()
    };
    let in_dollars = || in_currency(Currency::USD).filter(|_| is_priced_in_dollars(item));
    let figure = in_currency(currency)
        .or_else(in_dollars)
        .or_else(|| in_currency(Currency::EUR))
        .or_else(|| figures.and_then(<[Money]>::first).copied());
    match figure {
        Some(figure) => Ok(Some(fx::exchange(tx, figure, currency, day).await?)),
        None => Ok(None),
    }
}

//! A provider's marketplace: items that it opened to its resellers, at its own prices.
//!
//! An order request for an open item keeps the price that was asked when it was made. The acceptance holds it, and writes it down
//! for the new subscription's term (BIL-023): who will not sell at it any more declines.

use serde::Serialize;
use tierline_billing::book::{self, Sale};
use tierline_domain::billing::{AgreedPrice, PriceRule};
use tierline_domain::catalog::{Item, Term};
use tierline_domain::customer::Segment;
use tierline_domain::id::Id;
use tierline_domain::money::Money;
use tierline_domain::order::OrderRequest;
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::subscription::Subscription;
use tierline_domain::time::Date;
use tierline_store::{Tx, Value, tables};

use super::books::Books;
use super::price_books::{Percent, cost_of, customer_of, providers};
use crate::error::AppError;
use crate::names;

/// An item that is open to a reseller.
#[derive(Clone, Debug, Serialize)]
pub struct Open {
    /// The provider.
    pub provider: String,
    /// The item.
    pub item: String,
    /// What it is called.
    pub title: String,
    /// Its segment.
    pub segment: Segment,
    /// The term.
    pub term: Term,
    /// What the reseller pays.
    pub cost: Money,
    /// What its own book asks.
    pub price: Money,
    /// The share of that which is not cost, in per cent; none of a price of nothing.
    pub margin: Option<Percent>,
}

/// The entries by which a provider opens items to a reseller.
async fn entries(
    tx: &mut Tx<'_>,
    provider: Id<Account>,
    reseller: Id<Account>,
) -> Result<Vec<PriceRule>, AppError> {
    let key = [Value::Id(provider.uuid()), Value::Id(reseller.uuid())];
    Ok(tx
        .find::<PriceRule>(tables::price_rules::OPEN_TO, &key)
        .await?)
}

/// Whether an item is open to the buyer of a sale: the entry on the item that decides says so, and a later one may close it.
async fn is_open(tx: &mut Tx<'_>, provider: Id<Account>, sale: &Sale) -> Result<bool, AppError> {
    let key = [Value::Id(provider.uuid())];
    let mut rules = tx
        .find::<PriceRule>(tables::price_rules::BY_OWNER, &key)
        .await?;
    rules.retain(|rule| rule.item == Some(sale.item));
    Ok(book::deciding(&rules, sale).is_some_and(|rule| rule.open))
}

fn sale_of(
    item: &Item,
    reseller: &Account,
    customer: Option<&Tenant>,
    term: Term,
    day: Date,
) -> Sale {
    Sale {
        buyer: Some(reseller.id),
        customer: customer.map(|customer| customer.id),
        item: item.id,
        segment: item.segment,
        is_rated: item.kind.is_consumption(),
        term,
        day,
    }
}

/// What a reseller may ask its providers for, with its cost and what its own book makes of it.
///
/// # Errors
/// When the customer is none of the reseller's; when the store fails.
pub async fn browse(
    tx: &mut Tx<'_>,
    reseller: &Account,
    customer: Option<&str>,
    today: Date,
) -> Result<Vec<Open>, AppError> {
    let customer = match customer {
        Some(name) => Some(customer_of(tx, reseller, name).await?),
        None => None,
    };
    let customer = customer.as_ref();
    let (mut books, mut found) = (Books::default(), Vec::new());
    for provider in providers(tx, reseller).await? {
        let mut items: Vec<Id<Item>> = Vec::new();
        for rule in entries(tx, provider.id, reseller.id).await? {
            items.extend(rule.item.filter(|item| !items.contains(item)));
        }
        for id in items {
            let item = names::by_id::<Item, _>(tx, id).await?;
            let market = customer.map_or(reseller.country, |customer| customer.country);
            if item.not_sold_in.contains(&market)
                || item.end_of_sale.is_some_and(|last| last < today)
            {
                continue;
            }
            for offered in &item.offered {
                let sale = sale_of(&item, reseller, customer, offered.term, today);
                if !is_open(tx, provider.id, &sale).await? {
                    continue;
                }
                let Some(cost) = asked(tx, &mut books, &provider, customer, &item, &sale).await?
                else {
                    continue;
                };
                let own = Sale {
                    buyer: None,
                    ..sale
                };
                let price = books.quoted(tx, reseller.id, &own, cost).await?;
                found.push(Open {
                    provider: provider.handle.clone(),
                    item: item.handle.clone(),
                    title: item.title.clone(),
                    segment: item.segment,
                    term: offered.term,
                    cost,
                    price,
                    margin: book::margin_bp(price, cost).map(Percent::of),
                });
            }
        }
    }
    found.sort_by(|one, other| {
        (&one.provider, &one.item, one.term).cmp(&(&other.provider, &other.item, other.term))
    });
    Ok(found)
}

/// What a provider asks for an item; nothing where the item has no price for the term.
async fn asked(
    tx: &mut Tx<'_>,
    books: &mut Books,
    provider: &Account,
    customer: Option<&Tenant>,
    item: &Item,
    sale: &Sale,
) -> Result<Option<Money>, AppError> {
    match cost_of(tx, provider, customer, item, sale.term, sale.day).await {
        Ok(list) => Ok(Some(books.quoted(tx, provider.id, sale, list).await?)),
        Err(AppError::Invalid { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What an order request is quoted today: the provider's price of an open item, and nothing for another one.
///
/// # Errors
/// When the store fails.
pub(crate) async fn quote(
    tx: &mut Tx<'_>,
    provider: &Account,
    reseller: &Account,
    customer: &Tenant,
    item: &Item,
    term: Term,
    today: Date,
) -> Result<Option<Money>, AppError> {
    let sale = sale_of(item, reseller, Some(customer), term, today);
    if !is_open(tx, provider.id, &sale).await? {
        return Ok(None);
    }
    asked(
        tx,
        &mut Books::default(),
        provider,
        Some(customer),
        item,
        &sale,
    )
    .await
}

/// Writes down what a request was quoted, for the term of the subscription that it became.
///
/// # Errors
/// When the store fails.
pub(crate) async fn agree(
    tx: &mut Tx<'_>,
    request: &OrderRequest,
    subscription: &Subscription,
) -> Result<(), AppError> {
    let Some(unit_price) = request.quoted else {
        return Ok(());
    };
    Ok(tx
        .insert(&AgreedPrice {
            subscription: subscription.id,
            seller: request.provider,
            unit_price,
            until_day: subscription.term_end,
        })
        .await?)
}

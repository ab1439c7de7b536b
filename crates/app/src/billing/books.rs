//! What one tier asks of the next: a price that was agreed on, else what the seller's book says, else what it pays itself.
//!
//! One currency runs down a chain of sales: that in which the operator bills. A price that is fixed in another one is brought
//! into it at the rate of the month whose prices hold (BIL-021).

use std::collections::BTreeMap;

use tierline_billing::book::{self, Sale};
use tierline_domain::billing::{AgreedPrice, PriceMethod, PriceRule};
use tierline_domain::id::Id;
use tierline_domain::money::{Money, MoneyError};
use tierline_domain::partner::Account;
use tierline_domain::subscription::Subscription;
use tierline_store::{Tx, Value, tables};

use super::fx;
use crate::error::AppError;

/// Most entries kept at once, whosever they are: what a run holds in memory does not grow with the program.
const KEPT_MAX: usize = 100_000;

/// One seller's book, and whether it ever agreed on prices.
#[derive(Clone, Debug)]
struct Book {
    rules: Vec<PriceRule>,
    has_agreed: bool,
}

/// Price books, each read once. An entry begins on the day on which it is recorded or later, so none that is added while a month is
/// billed speaks of that month.
#[derive(Debug, Default)]
pub struct Books {
    of: BTreeMap<Id<Account>, Book>,
    kept: usize,
}

impl Books {
    /// What a seller asks for a subscription, per seat for a whole term, when it pays `cost` itself: the price agreed on while
    /// it holds (BIL-023), else what the deciding entry of its book makes of the cost, else the cost.
    ///
    /// # Errors
    /// When the store fails or an amount overflows.
    pub async fn price(
        &mut self,
        tx: &mut Tx<'_>,
        seller: Id<Account>,
        sale: &Sale,
        cost: Money,
        subscription: Id<Subscription>,
    ) -> Result<Money, AppError> {
        let book = self.book(tx, seller).await?;
        if book.has_agreed
            && let Some(agreed) = agreed(tx, subscription, seller).await?
            && agreed.until_day.is_none_or(|until| sale.day <= until)
        {
            return fx::convert(tx, agreed.unit_price, cost.currency, sale.day).await;
        }
        let rule = book::deciding(&book.rules, sale).cloned();
        asked(tx, rule.as_ref(), sale, cost).await
    }

    /// What a seller's book alone asks: for what nobody has bought yet.
    ///
    /// # Errors
    /// When the store fails or an amount overflows.
    pub async fn quoted(
        &mut self,
        tx: &mut Tx<'_>,
        seller: Id<Account>,
        sale: &Sale,
        cost: Money,
    ) -> Result<Money, AppError> {
        let book = self.book(tx, seller).await?;
        let rule = book::deciding(&book.rules, sale).cloned();
        asked(tx, rule.as_ref(), sale, cost).await
    }

    async fn book(&mut self, tx: &mut Tx<'_>, seller: Id<Account>) -> Result<&Book, AppError> {
        if !self.of.contains_key(&seller) {
            let key = [Value::Id(seller.uuid())];
            let rules = tx
                .find::<PriceRule>(tables::price_rules::BY_OWNER, &key)
                .await?;
            let any = tx.find::<AgreedPrice>(tables::agreed_prices::ONE_OF_SELLER, &key);
            let has_agreed = !any.await?.is_empty();
            if self.kept.saturating_add(rules.len()) > KEPT_MAX {
                self.of.clear();
                self.kept = 0;
            }
            self.kept = self.kept.saturating_add(rules.len()).saturating_add(1);
            self.of.insert(seller, Book { rules, has_agreed });
        }
        self.of
            .get(&seller)
            .ok_or_else(|| AppError::missing("price book", seller))
    }
}

/// What a seller asks for one subscription; [`Books::price`] for many.
///
/// # Errors
/// When the store fails or an amount overflows.
pub async fn edge_price(
    tx: &mut Tx<'_>,
    seller: Id<Account>,
    sale: &Sale,
    cost: Money,
    subscription: Id<Subscription>,
) -> Result<Money, AppError> {
    let mut books = Books::default();
    books.price(tx, seller, sale, cost, subscription).await
}

async fn agreed(
    tx: &mut Tx<'_>,
    subscription: Id<Subscription>,
    seller: Id<Account>,
) -> Result<Option<AgreedPrice>, AppError> {
    let key = [Value::Id(subscription.uuid()), Value::Id(seller.uuid())];
    Ok(tx.get::<AgreedPrice>(&key).await?)
}

/// What an entry makes of a cost, in the cost's currency.
async fn asked(
    tx: &mut Tx<'_>,
    rule: Option<&PriceRule>,
    sale: &Sale,
    cost: Money,
) -> Result<Money, AppError> {
    if let Some(rule) = rule
        && rule.method == PriceMethod::Fixed
        && let Some(fixed) = rule.fixed
    {
        return fx::convert(tx, fixed, cost.currency, sale.day).await;
    }
    let asked: Result<Money, MoneyError> = book::price(rule, cost);
    Ok(asked?)
}

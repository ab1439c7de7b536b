//! What a tier earns: what it sold, what that cost it, and the difference, by buyer and item.

use std::collections::BTreeMap;

use tierline_domain::billing::Party;
use tierline_domain::catalog::Item;
use tierline_domain::id::Id;
use tierline_domain::money::{Currency, Money};
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::time::Date;
use tierline_store::tables::files;
use tierline_store::{Tx, Value};

use crate::error::AppError;

/// What a tier earned with one item at one buyer in a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Margin {
    /// Who bought it.
    pub buyer: Party,
    /// What.
    pub item: Id<Item>,
    /// What it was sold for.
    pub revenue: Money,
    /// What it cost.
    pub cost: Money,
    /// The difference.
    pub margin: Money,
}

/// What a tier earned on the bills of a month, by buyer, item and currency. Nobody sees more than its own two edges.
///
/// # Errors
/// When amounts overflow or the store fails.
pub async fn of(tx: &mut Tx<'_>, tier: Party, month: Date) -> Result<Vec<Margin>, AppError> {
    let key = [
        Value::Text(tier.to_string()),
        Value::Day(month.first_of_month()),
    ];
    let mut sums: BTreeMap<(Party, Id<Item>, Currency), (i64, i64)> = BTreeMap::new();
    let sold = tx
        .fetch_all::<(Party, Id<Item>, Currency, i64)>(files::SOLD, &key)
        .await?;
    let overflow = || AppError::Impossible("the sums of the month are too large".to_owned());
    for (buyer, item, currency, minor) in sold {
        let sum = sums.entry((buyer, item, currency)).or_default();
        sum.0 = sum.0.checked_add(minor).ok_or_else(overflow)?;
    }
    let bought = tx
        .fetch_all::<(Option<Id<Account>>, Id<Tenant>, Id<Item>, Currency, i64)>(
            files::BOUGHT,
            &key,
        )
        .await?;
    for (reseller, customer, item, currency, minor) in bought {
        // Bought for the next tier down: the reseller of record, unless that is the tier itself.
        let buyer = match reseller.map(Party::Account) {
            Some(reseller) if reseller != tier => reseller,
            _ => Party::Customer(customer),
        };
        let sum = sums.entry((buyer, item, currency)).or_default();
        sum.1 = sum.1.checked_add(minor).ok_or_else(overflow)?;
    }
    let mut margins = Vec::with_capacity(sums.len());
    for ((buyer, item, currency), (revenue, cost)) in sums {
        let (revenue, cost) = (Money::new(revenue, currency), Money::new(cost, currency));
        margins.push(Margin {
            buyer,
            item,
            revenue,
            cost,
            margin: revenue.minus(cost)?,
        });
    }
    Ok(margins)
}

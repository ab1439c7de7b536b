//! Price lists of the operator: what an item costs in a market, in a currency, from a month on.

use crate::catalog::{Item, Term};
use crate::id::Id;
use crate::money::{Currency, Money};
use crate::place::Country;
use crate::time::Date;

/// A price of the operator, per seat for a whole term (BIL-022). It begins on the first of a month (BIL-023).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListPrice {
    /// The item.
    pub item: Id<Item>,
    /// The market: the customer's country.
    pub market: Country,
    /// The currency of whoever is billed.
    pub currency: Currency,
    /// The term.
    pub term: Term,
    /// The first day it holds.
    pub from_day: Date,
    /// The last day it holds, the last of a month; open where there is none.
    pub until_day: Option<Date>,
    /// What the partner pays, in minor units.
    pub unit_minor: i64,
    /// The estimated retail price, in minor units (BIL-025).
    pub retail_minor: Option<i64>,
}

impl ListPrice {
    /// What the partner pays.
    #[must_use]
    pub const fn unit_price(&self) -> Money {
        Money::new(self.unit_minor, self.currency)
    }

    /// The estimated retail price.
    #[must_use]
    pub fn retail_price(&self) -> Option<Money> {
        self.retail_minor
            .map(|minor| Money::new(minor, self.currency))
    }

    /// Whether it holds on a day.
    #[must_use]
    pub fn holds_on(&self, day: Date) -> bool {
        self.from_day <= day && self.until_day.is_none_or(|until| day <= until)
    }
}

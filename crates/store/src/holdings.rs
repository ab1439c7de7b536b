//! What a customer holds, summed up by the engine.

use tierline_domain::catalog::Item;
use tierline_domain::id::Id;
use tierline_domain::money::Currency;
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::subscription::{Subscription, SubscriptionState};

use crate::engine::Behind;
use crate::error::StoreError;
use crate::row::{FromRow, Row};
use crate::statement::Statement;
use crate::table::Sums;
use crate::value::Value;
use crate::{statements, tables};

statements! {
    /// Seats and subscriptions of a customer by item, seller, state, currency and whether what they gave is gone.
    pub OF_CUSTOMER = "SELECT item, seller, state, currency, deprovisioned, CAST(SUM(quantity) AS BIGINT), COUNT(*) FROM subscriptions
        WHERE customer = $1 GROUP BY item, seller, state, currency, deprovisioned ORDER BY item, seller, state, currency, deprovisioned";
}

impl Behind for Tenant {
    const BY_NAME: Statement = tables::tenants::BY_HANDLE;

    fn asked(&self) -> Vec<Value> {
        vec![Value::Id(self.id.uuid())]
    }
}

/// Subscriptions of one customer that agree in everything but their dates and prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// What they are of.
    pub item: Id<Item>,
    /// The partner that sold them; none where the operator did.
    pub seller: Option<Id<Account>>,
    /// Their state.
    pub state: SubscriptionState,
    /// The currency they are billed in.
    pub currency: Currency,
    /// What they gave is gone.
    pub deprovisioned: bool,
    /// Their seats together.
    pub seats: i64,
    /// How many they are.
    pub subscriptions: i64,
}

impl FromRow for Held {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        let (item, seller, state, currency, deprovisioned, seats, subscriptions) =
            FromRow::from_row(row)?;
        Ok(Self {
            item,
            seller,
            state,
            currency,
            deprovisioned,
            seats,
            subscriptions,
        })
    }
}

impl Sums<Subscription> for Held {
    fn with(sums: &[Self], row: &Subscription) -> Option<Vec<Self>> {
        let mut sums = sums.to_vec();
        let one = sums.iter_mut().find(|one| {
            (one.item, one.seller, one.state) == (row.item, row.seller, row.state)
                && (one.currency, one.deprovisioned) == (row.currency, row.deprovisioned)
        })?;
        one.seats = one.seats.checked_add(row.quantity)?;
        one.subscriptions = one.subscriptions.checked_add(1)?;
        Some(sums)
    }
}

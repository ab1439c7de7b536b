//! What a customer holds, summed up: a few rows where it has hundreds of subscriptions.
//!
//! Decisions ask of an estate how many seats and subscriptions of an item there are, by seller, state and
//! currency; only what is about one subscription, or about its dates, reads subscriptions themselves.

use std::sync::Arc;

use tierline_domain::catalog::Item;
use tierline_domain::id::Id;
use tierline_domain::money::Currency;
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::subscription::{Subscription, SubscriptionState};
use tierline_store::holdings::OF_CUSTOMER;
use tierline_store::{Ahead, Tx, Value};

use crate::error::AppError;
use crate::names::{self, seen};

/// Subscriptions of one customer that agree in everything but their dates and prices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
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

type Row = (
    Id<Item>,
    Option<Id<Account>>,
    SubscriptionState,
    Currency,
    bool,
    i64,
    i64,
);

/// What [`of`] will ask about the customer of a short name.
pub(crate) fn ahead(customer: &str) -> Ahead {
    Ahead::sums::<Subscription, Row, Tenant>(OF_CUSTOMER, customer)
}

/// Everything a customer holds or held, with the items.
///
/// # Errors
/// When the store fails.
pub async fn of(tx: &mut Tx<'_>, customer: &Tenant) -> Result<Vec<(Holding, Arc<Item>)>, AppError> {
    names::turn(tx, &customer.handle).await?;
    let rows = tx
        .sums::<Subscription, Row>(OF_CUSTOMER, &[Value::Id(customer.id.uuid())])
        .await?;
    let mut held = Vec::with_capacity(rows.len());
    for (of, seller, state, currency, deprovisioned, seats, subscriptions) in rows.iter().copied() {
        let item = seen(tx, of).await?;
        let holding = Holding {
            seller,
            state,
            currency,
            deprovisioned,
            seats,
            subscriptions,
        };
        held.push((holding, item));
    }
    Ok(held)
}

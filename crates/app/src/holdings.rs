//! What a customer holds, summed up: a few rows where it has hundreds of subscriptions.
//!
//! Decisions ask of an estate how many seats and subscriptions of an item there are, by seller, state and
//! currency; only what is about one subscription, or about its dates, reads subscriptions themselves.

use std::sync::Arc;

use tierline_domain::catalog::Item;
use tierline_domain::id::Id;
use tierline_domain::partner::Tenant;
use tierline_domain::subscription::Subscription;
use tierline_store::holdings::{Held, OF_CUSTOMER};
use tierline_store::{Ahead, Tx, Value};

use crate::error::AppError;
use crate::names::{self, seen};

/// What [`of`] will ask about the customer of a short name.
pub(crate) fn ahead(customer: &str) -> Ahead {
    Ahead::sums::<Subscription, Held, Tenant>(OF_CUSTOMER, customer)
}

/// Everything a customer holds or held, with the items.
///
/// # Errors
/// When the store fails.
pub async fn of(tx: &mut Tx<'_>, customer: &Tenant) -> Result<Vec<(Held, Arc<Item>)>, AppError> {
    names::turn(tx, &customer.handle).await?;
    on_record(tx, customer.id).await
}

/// The same, for whoever has had its turn.
pub(crate) async fn on_record(
    tx: &mut Tx<'_>,
    customer: Id<Tenant>,
) -> Result<Vec<(Held, Arc<Item>)>, AppError> {
    let rows = tx
        .sums::<Subscription, Held>(OF_CUSTOMER, &[Value::Id(customer.uuid())])
        .await?;
    let mut held = Vec::with_capacity(rows.len());
    for one in rows.iter().copied() {
        let item = seen(tx, one.item).await?;
        held.push((one, item));
    }
    Ok(held)
}

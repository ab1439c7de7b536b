//! Human numbers of orders.

use tierline_domain::id::Id;
use tierline_domain::partner::Account;
use tierline_store::tables::Counter;
use tierline_store::{Ahead, Tx, Value};

use crate::error::AppError;

/// The next human number of a partner's orders: gapless, because it moves in the transaction that uses it, and each
/// partner's own, so that partners do not wait for each other. Commands of one partner take turns by their locks.
///
/// # Errors
/// When the store fails.
pub async fn next(tx: &mut Tx<'_>, partner: Id<Account>) -> Result<i64, AppError> {
    let name = Counter::of_orders(partner);
    let last = tx
        .get::<Counter>(&[Value::Text(name.clone())])
        .await?
        .map_or(0, |counter| counter.value);
    let next = last.saturating_add(1);
    tx.put(&Counter { name, value: next }).await?;
    Ok(next)
}

/// What [`next`] will ask where the partner of a short name sells.
pub(crate) fn ahead(partner: &str) -> Ahead {
    Ahead::row_of::<Counter, Account>(partner)
}

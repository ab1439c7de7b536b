//! Numbers of invoices: gapless with each issuer, because the counter moves in the transaction that uses it.

use tierline_domain::billing::{Invoice, Party};
use tierline_domain::partner::Account;
use tierline_store::tables::Counter;
use tierline_store::{Tx, Value};

use crate::error::AppError;
use crate::names::by_id;

/// The counter of an issuer.
fn counter(issuer: Party) -> String {
    format!("invoice {issuer}")
}

/// Gives a document its issuer's next number, and the name that follows from it.
///
/// # Errors
/// When the store fails.
pub(super) async fn give(tx: &mut Tx<'_>, invoice: &mut Invoice) -> Result<(), AppError> {
    let name = counter(invoice.issuer);
    let last = tx.get::<Counter>(&[Value::Text(name.clone())]).await?;
    let value = last.map_or(0, |counter| counter.value).saturating_add(1);
    tx.put(&Counter { name, value }).await?;
    invoice.number = Some(value);
    invoice.handle = match invoice.issuer {
        Party::Account(id) => {
            let issuer: Account = by_id(tx, id).await?;
            format!("{}-{value:06}", issuer.handle)
        }
        Party::Operator | Party::Customer(_) => format!("G{value:09}"),
    };
    Ok(())
}

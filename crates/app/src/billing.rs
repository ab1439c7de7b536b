//! Money between the tiers: who bills whom, price books, billing runs, invoices, payments and the ledger (section 10 of the
//! rulebook).
//!
//! A charge is booked on a subscription when it happens (`charges`). A billing run makes a line of it on every edge between two
//! tiers, each at that edge's own price, and postings in the books of both ends; invoices, statements, reconciliation and
//! margins are read from those.

pub mod exports;
pub mod margins;
mod paper;
pub mod papers;
pub mod pdf;
pub mod run;
pub mod views;

use tierline_domain::billing::{
    Dunning, Invoice, InvoiceDocument, InvoiceKind, InvoiceState, Party,
};
use tierline_domain::id::Id;
use tierline_domain::money::Money;
use tierline_domain::partner::Account;
use tierline_domain::time::Date;
use tierline_store::{Tx, Value, tables};

use crate::error::AppError;
use crate::world::named_id;

/// What a partner was billed by the operator.
///
/// # Errors
/// When the store fails.
pub async fn owed(tx: &mut Tx<'_>, partner: Id<Account>) -> Result<Vec<Invoice>, AppError> {
    let key = [
        Value::Text(Party::Account(partner).to_string()),
        Value::Text(Party::Operator.to_string()),
    ];
    Ok(tx.find::<Invoice>(tables::invoices::OWED, &key).await?)
}

/// What is still owed of an invoice: nothing once it is paid or void; a note that gives back is negative.
///
/// # Errors
/// When amounts overflow.
pub fn open(invoice: &Invoice) -> Result<Money, AppError> {
    Ok(match invoice.state {
        InvoiceState::Paid | InvoiceState::Void | InvoiceState::Draft => {
            Money::zero(invoice.amount.currency)
        }
        InvoiceState::Unpaid | InvoiceState::Disputed => invoice.amount.minus(invoice.paid)?,
    })
}

/// A bill of the operator that a world's facts lay down: nothing is known of what it was for.
#[must_use]
pub(crate) fn laid_down(
    handle: String,
    partner: Id<Account>,
    amount: Money,
    due: Date,
    state: InvoiceState,
) -> Invoice {
    let none = Money::zero(amount.currency);
    Invoice {
        id: named_id("invoice", &handle),
        handle,
        issuer: Party::Operator,
        recipient: Party::Account(partner),
        agent: None,
        run: None,
        month: due.first_of_month(),
        kind: InvoiceKind::Recurring,
        document: InvoiceDocument::Invoice,
        amends: None,
        number: None,
        net: amount,
        tax: none,
        amount,
        paid: if state == InvoiceState::Paid {
            amount
        } else {
            none
        },
        lines: 0,
        issued: None,
        due,
        state,
        dunning: Dunning::None,
    }
}

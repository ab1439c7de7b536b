//! Money between the tiers: who bills whom, price books, billing runs, invoices, payments and the ledger (section 10 of the
//! rulebook).
//!
//! A charge is booked on a subscription when it happens (`charges`). A billing run makes a line of it on every edge between two
//! tiers, each at that edge's own price, and postings in the books of both ends; invoices, statements, reconciliation and
//! margins are read from those.

mod agents;
pub mod books;
pub mod collection;
pub mod consumption;
pub mod corrections;
pub mod exports;
pub mod fx;
pub mod issued;
pub mod journal;
pub mod ledger;
pub mod margins;
pub mod marketplace;
mod numbers;
mod paper;
pub mod papers;
pub mod payments;
pub mod pdf;
pub mod price_books;
pub mod run;
pub mod settings;
pub mod tax;
pub mod verify;
pub mod views;
use std::collections::BTreeMap;

use tierline_domain::billing::{
    Invoice, InvoiceDocument, InvoiceKind, InvoiceState, Party, Payment,
};
use tierline_domain::id::Id;
use tierline_domain::money::{Currency, Money};
use tierline_domain::partner::Account;
use tierline_domain::subscription::Subscription;
use tierline_domain::time::{Date, Timestamp};
use tierline_store::{Tx, Value, tables};

use crate::actor::Acting;
use crate::error::AppError;
use crate::world::named_id;
use crate::{names, standing};

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

/// Money that a partner has paid the operator and that settles nothing yet, in US dollars: it counts as credit (BIL-030).
///
/// # Errors
/// When the store fails or amounts overflow.
pub async fn overpaid(
    tx: &mut Tx<'_>,
    partner: Id<Account>,
    today: Date,
) -> Result<Money, AppError> {
    let key = [
        Value::Text(Party::Account(partner).to_string()),
        Value::Text(Party::Operator.to_string()),
    ];
    let mut sum = Money::zero(Currency::USD);
    for payment in tx.find::<Payment>(tables::payments::BETWEEN, &key).await? {
        if payment.invoice.is_none() {
            sum = sum.plus(fx::in_dollars(tx, payment.amount, today).await?)?;
        }
    }
    Ok(sum)
}

/// What a partner was charged and not billed yet, in US dollars.
///
/// # Errors
/// When the store fails or amounts overflow.
pub(crate) async fn unbilled(tx: &mut Tx<'_>, partner: Id<Account>) -> Result<Money, AppError> {
    let mut sum = Money::zero(Currency::USD);
    let mut reached: BTreeMap<String, Option<Timestamp>> = BTreeMap::new();
    let key = [Value::Id(partner.uuid())];
    for held in tx
        .find::<Subscription>(tables::subscriptions::BY_SELLER, &key)
        .await?
    {
        let billed_until = match reached.get(&held.home) {
            Some(known) => *known,
            None => {
                let until = run::billed_until(tx, &held.home).await?;
                reached.insert(held.home.clone(), until);
                until
            }
        };
        for charge in crate::charges::of(tx, &held).await? {
            let is_billed = billed_until.is_some_and(|until| charge.booked < until);
            if charge.seller == Some(partner) && !is_billed {
                let day = charge.booked.date();
                sum = sum.plus(fx::in_dollars(tx, charge.amount, day).await?)?;
            }
        }
    }
    Ok(sum)
}

/// In whose name somebody bills and pays.
///
/// # Errors
/// When neither the operator nor a partner acts.
pub(crate) fn of_actor(acting: &Acting) -> Result<Party, AppError> {
    if standing::operator(acting).is_ok() {
        return Ok(Party::Operator);
    }
    Ok(Party::Account(acting.partner()?.id))
}

/// A partner or customer by name.
///
/// # Errors
/// When there is none.
pub async fn party(tx: &mut Tx<'_>, name: &str) -> Result<Party, AppError> {
    if name == crate::actor::OPERATOR {
        return Ok(Party::Operator);
    }
    if let Some(account) = names::account(tx, name).await? {
        return Ok(Party::Account(account.id));
    }
    match names::tenant(tx, name).await? {
        Some(tenant) => Ok(Party::Customer(tenant.id)),
        None => Err(AppError::missing("party", name)),
    }
}

/// An issued invoice by its number.
///
/// # Errors
/// When there is none.
pub(crate) async fn the_invoice(tx: &mut Tx<'_>, handle: &str) -> Result<Invoice, AppError> {
    let key = [Value::Text(handle.to_owned())];
    let found = tx
        .find::<Invoice>(tables::invoices::BY_HANDLE, &key)
        .await?;
    found
        .into_iter()
        .find(|invoice| invoice.state != InvoiceState::Draft)
        .ok_or_else(|| AppError::missing("invoice", handle))
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
    }
}

//! What becomes of the operator's bills when their day comes: partners that pay by direct debit have paid then, others are reminded,
//! and suspended when they are long overdue (BIL-012).

use tierline_domain::billing::{
    Invoice, InvoiceState, Party, Payment, PaymentInstruction, PaymentMethod,
};
use tierline_domain::time::{Date, Timestamp, add_days};
use tierline_store::{Tx, Value, tables};

use super::{open, payments};
use crate::ctx::{Ctx, Ids};
use crate::error::AppError;
use crate::{events, schedule, standing};

/// A bill is collected. Subject: its number.
pub const COLLECT: &str = "invoice_collect";
/// A partner is reminded of a bill. Subject: its number.
pub const REMIND: &str = "invoice_reminder";
/// Days before a bill is due on which its partner is reminded.
const REMIND_DAYS: i32 = 7;

/// Plans what is to come for a bill of the operator, as it stands now.
///
/// # Errors
/// When the store fails.
pub(crate) async fn plan(tx: &mut Tx<'_>, bill: &Invoice, today: Date) -> Result<(), AppError> {
    for kind in [COLLECT, REMIND] {
        schedule::drop_open(tx, kind, &bill.handle).await?;
    }
    schedule::drop_open(tx, standing::OVERDUE, &bill.handle).await?;
    let (Party::Operator, Party::Account(partner)) = (bill.issuer, bill.recipient) else {
        return Ok(());
    };
    if bill.state != InvoiceState::Unpaid || bill.amount.minor <= 0 {
        return Ok(());
    }
    let key = [Value::Id(partner.uuid())];
    let chosen = tx.get::<PaymentInstruction>(&key).await?;
    // What nobody has billed here, a world's facts say: it is paid when they say so.
    let by_itself = match chosen {
        Some(chosen) => chosen.method == PaymentMethod::DirectDebit,
        None => bill.number.is_some(),
    };
    if by_itself {
        let day = bill.due.max(add_days(today, 1));
        return schedule::plan(tx, COLLECT, &bill.handle, Timestamp::start_of(day)).await;
    }
    let day = add_days(bill.due, REMIND_DAYS.saturating_neg());
    if day > today {
        schedule::plan(tx, REMIND, &bill.handle, Timestamp::start_of(day)).await?;
    }
    standing::plan_bill(tx, bill, today).await
}

/// Does what fell due for a bill; `false` where the kind is none of this module's.
///
/// # Errors
/// When the store fails.
pub(crate) async fn fall_due(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    kind: &str,
    subject: &str,
) -> Result<bool, AppError> {
    if kind != COLLECT && kind != REMIND {
        return Ok(false);
    }
    let key = [Value::Text(subject.to_owned())];
    let found = tx
        .find::<Invoice>(tables::invoices::BY_HANDLE, &key)
        .await?;
    let Some(bill) = found
        .into_iter()
        .find(|bill| bill.state == InvoiceState::Unpaid)
    else {
        return Ok(true);
    };
    if kind == REMIND {
        events::happened(ctx, tx, "invoice_reminder", &bill.handle).await?;
        return Ok(true);
    }
    let handle = format!("debit {}", bill.handle);
    let payment = Payment {
        id: Ids::named("payment", &handle, ctx.now).next(),
        handle,
        payer: bill.recipient,
        payee: bill.issuer,
        amount: open(&bill)?,
        received: ctx.now.date(),
        invoice: Some(bill.id),
        recorded: ctx.now,
        version: 1,
    };
    payments::receive(ctx, tx, &payment, bill).await?;
    events::happened(ctx, tx, "invoice_collected", subject).await?;
    Ok(true)
}

//! Payments: money that came in, what it settles, and what is disputed (BIL-012, BIL-013, BIL-033, BIL-034).

use serde::{Deserialize, Serialize};
use tierline_domain::billing::{
    Batch, Cause, Invoice, InvoiceDocument, InvoiceState, LedgerAccount, Party, Payment,
};
use tierline_domain::id::Id;
use tierline_domain::money::Money;
use tierline_domain::time::Date;
use tierline_rules::Checkpoint;
use tierline_rules::facts::Facts;
use tierline_store::{Tx, Value, tables};

use super::ledger::{Entry, Pen};
use super::{collection, of_actor, open, party, the_invoice};
use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::facts;

/// Records money that the actor received.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordPayment {
    /// Who paid: a partner or a customer.
    pub payer: String,
    /// The payer's own reference; one payment each.
    pub reference: String,
    /// How much.
    pub amount: Money,
    /// The day it came in; today, where none is given.
    #[serde(default)]
    pub received: Option<Date>,
    /// The invoice that it settles; it waits, where none is given.
    #[serde(default)]
    pub invoice: Option<String>,
}

/// Says which invoice a payment settles.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssignPayment {
    /// Who paid.
    pub payer: String,
    /// The payer's own reference.
    pub reference: String,
    /// The invoice.
    pub invoice: String,
}

/// Disputes an invoice, or lets a dispute rest.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DisputeInvoice {
    /// The invoice.
    pub invoice: String,
    /// Disputed from now on; otherwise no longer.
    pub disputed: bool,
}

/// Where an invoice stands after a command.
#[derive(Clone, Debug, Serialize)]
pub struct Settled {
    /// Its number.
    pub invoice: Option<String>,
    /// Its state.
    pub state: Option<InvoiceState>,
    /// What is still owed of it.
    pub open: Option<Money>,
}

impl Settled {
    fn of(invoice: Option<&Invoice>) -> Result<Self, AppError> {
        Ok(Self {
            invoice: invoice.map(|invoice| invoice.handle.clone()),
            state: invoice.map(|invoice| invoice.state),
            open: match invoice {
                Some(invoice) => Some(open(invoice)?),
                None => None,
            },
        })
    }
}

/// The invoice that a payment shall settle: the payee's own, or one that it sends for another, owed by the payer.
async fn to_settle(
    tx: &mut Tx<'_>,
    payee: Party,
    payer: Party,
    handle: &str,
) -> Result<Invoice, AppError> {
    let invoice = the_invoice(tx, handle).await?;
    let collects = invoice.issuer == payee || invoice.agent.map(Party::Account) == Some(payee);
    if !collects || invoice.recipient != payer {
        return Err(AppError::missing("invoice", handle));
    }
    Ok(invoice)
}

/// A payment has to fit what it settles, in currency and amount.
fn check_fits(amount: Money, invoice: &Invoice) -> Result<(), AppError> {
    let left = open(invoice)?;
    if left.currency != amount.currency || amount.minor > left.minor {
        let text = format!(
            "{} is owed of invoice {}, and the payment is {amount}; record what goes beyond it as a payment of its own, without an invoice",
            left, invoice.handle
        );
        return Err(AppError::invalid("amount", text));
    }
    Ok(())
}

/// What a payment writes, after what it has written before.
async fn pen(ctx: &Ctx, tx: &mut Tx<'_>, payment: &Payment) -> Result<Pen, AppError> {
    let key = [Value::Id(payment.id.uuid())];
    let before = tx.find::<Batch>(tables::batches::BY_SOURCE, &key).await?;
    let written = before
        .iter()
        .fold(0_i64, |sum, batch| sum.saturating_add(batch.postings));
    Ok(Pen::of(payment.id.uuid(), ctx.now.date(), 0, written))
}

/// Money came in for an invoice. Where an agent collects it, it owes it to the issuer.
fn post_paid(pen: &mut Pen, payment: &Payment, invoice: &Invoice) {
    use LedgerAccount as A;
    let entry = |party, debit, credit, counterparty| Entry {
        party,
        debit,
        credit,
        counterparty,
        amount: payment.amount,
        cause: Cause::Payment,
        event: payment.id.uuid(),
        invoice: Some(invoice.id),
    };
    pen.post(entry(payment.payer, A::Payable, A::Cash, invoice.issuer));
    if payment.payee == invoice.issuer {
        pen.post(entry(invoice.issuer, A::Cash, A::Receivable, payment.payer));
    } else {
        pen.post(entry(
            invoice.issuer,
            A::DueFromAgent,
            A::Receivable,
            payment.payer,
        ));
        pen.post(entry(
            payment.payee,
            A::Cash,
            A::HeldForOthers,
            invoice.issuer,
        ));
    }
}

/// Money came in that nobody has said yet what it is for; `back` takes that back.
fn post_waiting(pen: &mut Pen, payment: &Payment, back: bool) -> Result<(), AppError> {
    use LedgerAccount as A;
    let amount = if back {
        payment.amount.negated()?
    } else {
        payment.amount
    };
    let cause = if back {
        Cause::Assignment
    } else {
        Cause::Payment
    };
    let entry = |party, debit, credit, counterparty| Entry {
        party,
        debit,
        credit,
        counterparty,
        amount,
        cause,
        event: payment.id.uuid(),
        invoice: None,
    };
    pen.post(entry(payment.payer, A::Prepaid, A::Cash, payment.payee));
    pen.post(entry(payment.payee, A::Cash, A::Unallocated, payment.payer));
    Ok(())
}

/// A new payment settles an invoice, wholly or in part.
///
/// # Errors
/// When the store fails or amounts overflow.
pub(super) async fn receive(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    payment: &Payment,
    mut invoice: Invoice,
) -> Result<Invoice, AppError> {
    let mut pen = Pen::of(payment.id.uuid(), ctx.now.date(), 0, 0);
    post_paid(&mut pen, payment, &invoice);
    settle(ctx, tx, &mut invoice, payment.amount).await?;
    tx.insert(payment).await?;
    pen.write(tx, payment.version).await?;
    Ok(invoice)
}

/// An invoice has so much less to be paid.
async fn settle(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    invoice: &mut Invoice,
    amount: Money,
) -> Result<(), AppError> {
    invoice.paid = invoice.paid.plus(amount)?;
    if invoice.paid == invoice.amount {
        invoice.state = InvoiceState::Paid;
    }
    tx.put(&*invoice).await?;
    follow(ctx, tx, invoice).await
}

/// What is to come for an invoice of the operator follows from its state.
async fn follow(ctx: &Ctx, tx: &mut Tx<'_>, invoice: &Invoice) -> Result<(), AppError> {
    collection::plan(tx, invoice, ctx.now.date()).await
}

/// A payment of an invoice that is void waits again (BIL-013).
///
/// # Errors
/// When the store fails.
pub(super) async fn release(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    invoice: &mut Invoice,
) -> Result<(), AppError> {
    use LedgerAccount as A;
    let key = [Value::Id(invoice.id.uuid())];
    for mut payment in tx
        .find::<Payment>(tables::payments::OF_INVOICE, &key)
        .await?
    {
        let mut pen = pen(ctx, tx, &payment).await?;
        let entry = |party, debit, credit, counterparty| Entry {
            party,
            debit,
            credit,
            counterparty,
            amount: payment.amount,
            cause: Cause::Assignment,
            event: payment.id.uuid(),
            invoice: Some(invoice.id),
        };
        pen.post(entry(payment.payer, A::Prepaid, A::Payable, invoice.issuer));
        if payment.payee == invoice.issuer {
            pen.post(entry(
                invoice.issuer,
                A::Receivable,
                A::Unallocated,
                payment.payer,
            ));
        } else {
            pen.post(entry(
                invoice.issuer,
                A::Receivable,
                A::DueFromAgent,
                payment.payer,
            ));
            pen.post(entry(
                payment.payee,
                A::HeldForOthers,
                A::Unallocated,
                payment.payer,
            ));
        }
        payment.invoice = None;
        payment.version = payment.version.saturating_add(1);
        tx.put(&payment).await?;
        pen.write(tx, payment.version).await?;
    }
    invoice.paid = Money::zero(invoice.amount.currency);
    Ok(())
}

impl UseCase for RecordPayment {
    type Out = Settled;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::ManageBilling
    }

    fn subject(&self) -> String {
        self.payer.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let (payee, payer) = (of_actor(acting)?, party(tx, &self.payer).await?);
        if self.amount.minor <= 0 {
            return Err(AppError::invalid(
                "amount",
                "a payment is more than nothing; money is given back by a credit note",
            ));
        }
        if self
            .received
            .is_some_and(|received| received > ctx.now.date())
        {
            return Err(AppError::invalid(
                "received",
                "that day is still to come; a payment is recorded when it is there",
            ));
        }
        if payer == payee {
            return Err(AppError::invalid("payer", "nobody pays itself"));
        }
        let key = [payer.to_string(), payee.to_string()].map(Value::Text);
        let known = tx.find::<Payment>(tables::payments::BETWEEN, &key).await?;
        if known.iter().any(|one| one.handle == self.reference) {
            let text = format!("payment {} was recorded already", self.reference);
            return Err(AppError::Conflict(text));
        }
        if let Some(handle) = &self.invoice {
            check_fits(self.amount, &to_settle(tx, payee, payer, handle).await?)?;
        }
        facts::begin(tx, ctx, acting, Checkpoint::ManageBilling).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Settled, AppError> {
        let (payee, payer) = (of_actor(acting)?, party(tx, &self.payer).await?);
        let invoice = match &self.invoice {
            Some(handle) => Some(to_settle(tx, payee, payer, handle).await?),
            None => None,
        };
        let id: Id<Payment> = ctx.ids().next();
        let payment = Payment {
            id,
            handle: self.reference.clone(),
            payer,
            payee,
            amount: self.amount,
            received: self.received.unwrap_or_else(|| ctx.now.date()),
            invoice: invoice.as_ref().map(|invoice| invoice.id),
            recorded: ctx.now,
            version: 1,
        };
        let invoice = match invoice {
            Some(invoice) => Some(receive(ctx, tx, &payment, invoice).await?),
            None => {
                let mut pen = Pen::of(id.uuid(), ctx.now.date(), 0, 0);
                post_waiting(&mut pen, &payment, false)?;
                tx.insert(&payment).await?;
                pen.write(tx, payment.version).await?;
                None
            }
        };
        Settled::of(invoice.as_ref())
    }
}

/// A payment that waits.
async fn waiting(
    tx: &mut Tx<'_>,
    payee: Party,
    payer: Party,
    reference: &str,
) -> Result<Payment, AppError> {
    let key = [payer.to_string(), payee.to_string()].map(Value::Text);
    let known = tx.find::<Payment>(tables::payments::BETWEEN, &key).await?;
    let found = known.into_iter().find(|one| one.handle == reference);
    let payment = found.ok_or_else(|| AppError::missing("payment", reference))?;
    if payment.invoice.is_some() {
        let text = format!("payment {reference} settles an invoice already");
        return Err(AppError::Conflict(text));
    }
    Ok(payment)
}

impl UseCase for AssignPayment {
    type Out = Settled;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::ManageBilling
    }

    fn subject(&self) -> String {
        self.invoice.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let (payee, payer) = (of_actor(acting)?, party(tx, &self.payer).await?);
        let payment = waiting(tx, payee, payer, &self.reference).await?;
        let invoice = to_settle(tx, payee, payer, &self.invoice).await?;
        check_fits(payment.amount, &invoice)?;
        facts::begin(tx, ctx, acting, Checkpoint::ManageBilling).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Settled, AppError> {
        let (payee, payer) = (of_actor(acting)?, party(tx, &self.payer).await?);
        let mut payment = waiting(tx, payee, payer, &self.reference).await?;
        let mut invoice = to_settle(tx, payee, payer, &self.invoice).await?;
        let mut pen = pen(ctx, tx, &payment).await?;
        post_waiting(&mut pen, &payment, true)?;
        post_paid(&mut pen, &payment, &invoice);
        settle(ctx, tx, &mut invoice, payment.amount).await?;
        payment.invoice = Some(invoice.id);
        payment.version = payment.version.saturating_add(1);
        tx.put(&payment).await?;
        pen.write(tx, payment.version).await?;
        Settled::of(Some(&invoice))
    }
}

impl UseCase for DisputeInvoice {
    type Out = Settled;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::ManageBilling
    }

    fn subject(&self) -> String {
        self.invoice.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let actor = of_actor(acting)?;
        let invoice = the_invoice(tx, &self.invoice).await?;
        if invoice.issuer != actor && invoice.recipient != actor {
            return Err(AppError::missing("invoice", &self.invoice));
        }
        let from = if self.disputed {
            InvoiceState::Unpaid
        } else {
            InvoiceState::Disputed
        };
        if invoice.state != from || invoice.document != InvoiceDocument::Invoice {
            let text = format!("invoice {} is {}", invoice.handle, invoice.state);
            return Err(AppError::Conflict(text));
        }
        facts::begin(tx, ctx, acting, Checkpoint::ManageBilling).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        _acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Settled, AppError> {
        let mut invoice = the_invoice(tx, &self.invoice).await?;
        invoice.state = if self.disputed {
            InvoiceState::Disputed
        } else {
            InvoiceState::Unpaid
        };
        tx.put(&invoice).await?;
        follow(ctx, tx, &invoice).await?;
        Settled::of(Some(&invoice))
    }
}

//! Corrections: a bill is voided by a credit note, and its charges billed again where that is asked for (BIL-014). What was posted
//! stays; the note posts the opposite.

use serde::{Deserialize, Serialize};
use tierline_billing::basis;
use tierline_billing::book::Sale;
use tierline_domain::billing::{
    Cause, Cut, Invoice, InvoiceDocument, InvoiceLine, InvoiceState, LedgerAccount, Party,
};
use tierline_domain::catalog::Item;
use tierline_domain::id::Id;
use tierline_domain::money::Money;
use tierline_domain::subscription::Charge;
use tierline_rules::Checkpoint;
use tierline_rules::facts::Facts;
use tierline_store::{Tx, Value, tables};

use super::books::Books;
use super::ledger::Pen;
use super::{collection, numbers, of_actor, payments, run, the_invoice};
use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::names::by_id;
use crate::{events, facts};

/// Lines that are read and written at a time.
const PAGE: i64 = 2_000;

/// Voids an invoice by a credit note.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VoidInvoice {
    /// The invoice.
    pub invoice: String,
    /// Bill its charges again, at the prices of the issuer's book as it is now.
    #[serde(default)]
    pub bill_again: bool,
}

/// What a correction came to.
#[derive(Clone, Debug, Serialize)]
pub struct Corrected {
    /// The credit note.
    pub note: String,
    /// The invoice that takes the place of the first.
    pub invoice: Option<String>,
}

/// The next page of an invoice's lines.
async fn page(
    tx: &mut Tx<'_>,
    invoice: Id<Invoice>,
    after: i64,
) -> Result<Vec<InvoiceLine>, AppError> {
    let key = [
        Value::Id(invoice.uuid()),
        Value::Int(after),
        Value::Int(PAGE),
    ];
    Ok(tx.scan(tables::invoice_lines::OF_INVOICE, &key).await?)
}

/// A document that takes an invoice's place, or takes it back.
fn further(ctx: &Ctx, old: &Invoice, document: InvoiceDocument) -> Invoice {
    let id: Id<Invoice> = ctx.further(document.as_str()).ids().next();
    Invoice {
        id,
        handle: format!("draft {id}"),
        run: None,
        document,
        amends: Some(old.id),
        number: None,
        net: Money::zero(old.net.currency),
        tax: Money::zero(old.net.currency),
        amount: Money::zero(old.net.currency),
        paid: Money::zero(old.net.currency),
        lines: 0,
        issued: None,
        state: InvoiceState::Draft,
        ..old.clone()
    }
}

/// Gives everything on an invoice back, tax included.
async fn give_back(ctx: &Ctx, tx: &mut Tx<'_>, old: &Invoice) -> Result<Invoice, AppError> {
    let mut note = further(ctx, old, InvoiceDocument::VoidNote);
    let (mut after, mut number) = (0, 0_i64);
    let mut written = (0, 0);
    loop {
        let lines = page(tx, old.id, after).await?;
        let mut pen = Pen::of(note.id.uuid(), ctx.now.date(), written.0, written.1);
        for line in &lines {
            let amount = line.amount().negated()?;
            pen.line(
                &note,
                line.charge,
                line.unit_price(),
                amount,
                Cause::Correction,
            );
            note.net = note.net.plus(amount)?;
            note.lines = note.lines.saturating_add(1);
            after = line.position;
        }
        let is_last = i64::try_from(lines.len()).unwrap_or(PAGE) < PAGE;
        if is_last {
            note.tax = old.tax.negated()?;
            pen.sale(
                &note,
                LedgerAccount::TaxOwed,
                LedgerAccount::TaxBilled,
                note.tax,
                Cause::Tax,
                note.id.uuid(),
            );
        }
        number = number.saturating_add(1);
        written = (pen.last_line(), pen.last_posting());
        pen.write(tx, number).await?;
        if is_last {
            break;
        }
    }
    note.amount = note.net.plus(note.tax)?;
    note.issued = Some(ctx.now);
    // It is settled with what it takes back.
    note.state = InvoiceState::Void;
    numbers::give(tx, &mut note).await?;
    tx.insert(&note).await?;
    Ok(note)
}

/// What a charge costs on an issuer's edge now.
async fn price(
    tx: &mut Tx<'_>,
    books: &mut Books,
    issuer: Party,
    line: &InvoiceLine,
    charge: &Charge,
    recipient: Party,
) -> Result<Money, AppError> {
    let (Party::Account(seller), Some(billed)) = (issuer, charge.seller) else {
        return Ok(line.unit_price());
    };
    let item: Item = by_id(tx, charge.item).await?;
    let sale = |buyer| Sale {
        buyer,
        customer: Some(charge.customer),
        item: charge.item,
        segment: item.segment,
        term: charge.term,
        day: charge.priced_on,
        is_rated: charge.basis.cut == Cut::Plain,
    };
    let mut cost = charge.unit_price;
    if billed != seller {
        cost = books
            .price(tx, billed, &sale(Some(seller)), cost, charge.subscription)
            .await?;
    }
    books
        .price(
            tx,
            seller,
            &sale(recipient.account()),
            cost,
            charge.subscription,
        )
        .await
}

/// Bills the charges of an invoice again.
async fn bill_again(ctx: &Ctx, tx: &mut Tx<'_>, old: &Invoice) -> Result<Invoice, AppError> {
    let mut new = further(ctx, old, InvoiceDocument::Invoice);
    let mut books = Books::default();
    let (mut after, mut number) = (0, 0_i64);
    let mut written = (0, 0);
    loop {
        let lines = page(tx, old.id, after).await?;
        let mut pen = Pen::of(new.id.uuid(), ctx.now.date(), written.0, written.1);
        for line in &lines {
            after = line.position;
            let charge: Charge = by_id(tx, line.charge).await?;
            let price = price(tx, &mut books, old.issuer, line, &charge, old.recipient).await?;
            let amount = basis::amount(&charge.basis, price)?;
            pen.line(&new, charge.id, price, amount, Cause::Correction);
            if amount.minor != 0 {
                new.net = new.net.plus(amount)?;
                new.lines = new.lines.saturating_add(1);
            }
        }
        let is_last = i64::try_from(lines.len()).unwrap_or(PAGE) < PAGE;
        if is_last {
            run::seal_invoice(ctx, tx, &mut pen, &mut new).await?;
        }
        number = number.saturating_add(1);
        written = (pen.last_line(), pen.last_posting());
        pen.write(tx, number).await?;
        if is_last {
            break;
        }
    }
    tx.insert(&new).await?;
    run::tell(ctx, tx, &new).await?;
    Ok(new)
}

impl UseCase for VoidInvoice {
    type Out = Corrected;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::ManageBilling
    }

    fn subject(&self) -> String {
        self.invoice.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let issuer = of_actor(acting)?;
        let invoice = the_invoice(tx, &self.invoice).await?;
        if invoice.issuer != issuer {
            return Err(AppError::missing("invoice", &self.invoice));
        }
        let is_bill = matches!(
            invoice.document,
            InvoiceDocument::Invoice | InvoiceDocument::AdjustmentNote
        );
        if !is_bill || invoice.state == InvoiceState::Void || invoice.lines == 0 {
            let text = format!(
                "invoice {} is {} and cannot be voided; only a bill with lines can, and once",
                invoice.handle, invoice.state
            );
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
    ) -> Result<Corrected, AppError> {
        let mut old = the_invoice(tx, &self.invoice).await?;
        let note = give_back(ctx, tx, &old).await?;
        payments::release(ctx, tx, &mut old).await?;
        old.state = InvoiceState::Void;
        tx.put(&old).await?;
        collection::plan(tx, &old, ctx.now.date()).await?;
        events::happened(ctx, tx, "invoice_voided", &old.handle).await?;
        let invoice = if self.bill_again {
            Some(bill_again(ctx, tx, &old).await?.handle)
        } else {
            None
        };
        Ok(Corrected {
            note: note.handle,
            invoice,
        })
    }
}

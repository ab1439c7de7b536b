//! The ledger: postings in the books of every party, and the lines of invoices that most of them come from.
//!
//! Whoever writes to it is a *source*: a billing run, a correction, a payment. What one transaction of a source writes is a batch
//! with a digest, by which the log answers for it.

use sha2::{Digest, Sha256};
use tierline_domain::billing::{Batch, Cause, Invoice, InvoiceLine, LedgerAccount, Party, Posting};
use tierline_domain::id::Id;
use tierline_domain::money::Money;
use tierline_domain::subscription::Charge;
use tierline_domain::time::Date;
use tierline_store::Tx;
use tierline_store::log::seal_of;
use uuid::Uuid;

use crate::error::AppError;

/// A movement to be posted.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Whose books.
    pub party: Party,
    /// The account debited by a positive amount.
    pub debit: LedgerAccount,
    /// The account credited by a positive amount.
    pub credit: LedgerAccount,
    /// With whom.
    pub counterparty: Party,
    /// How much; a negative amount moves the other way.
    pub amount: Money,
    /// What for.
    pub cause: Cause,
    /// What caused it.
    pub event: Uuid,
    /// The invoice that it belongs to.
    pub invoice: Option<Id<Invoice>>,
}

/// What one transaction of a source writes.
pub struct Pen {
    source: Uuid,
    day: Date,
    last_line: i64,
    last_posting: i64,
    lines: Vec<InvoiceLine>,
    postings: Vec<Posting>,
}

impl Pen {
    /// For a source that has written so many lines and postings before.
    #[must_use]
    pub const fn of(source: Uuid, day: Date, lines: i64, postings: i64) -> Self {
        Self {
            source,
            day,
            last_line: lines,
            last_posting: postings,
            lines: Vec::new(),
            postings: Vec::new(),
        }
    }

    /// The place of the last line.
    #[must_use]
    pub const fn last_line(&self) -> i64 {
        self.last_line
    }

    /// The place of the last posting.
    #[must_use]
    pub const fn last_posting(&self) -> i64 {
        self.last_posting
    }

    /// A line of an invoice, and what it means in the books of both ends. Nothing of nothing.
    pub fn line(
        &mut self,
        invoice: &Invoice,
        charge: Id<Charge>,
        unit_price: Money,
        amount: Money,
        cause: Cause,
    ) {
        if amount.minor == 0 {
            return;
        }
        self.last_line = self.last_line.saturating_add(1);
        let mut line = InvoiceLine {
            source: self.source,
            position: self.last_line,
            invoice: invoice.id,
            charge,
            unit_minor: unit_price.minor,
            minor: amount.minor,
            currency: amount.currency,
            seal: Vec::new(),
        };
        line.seal = seal_of(&line);
        self.lines.push(line);
        self.sale(
            invoice,
            LedgerAccount::Revenue,
            LedgerAccount::Cost,
            amount,
            cause,
            charge.uuid(),
        );
    }

    /// What an invoice says is owed, in the books of both ends: earned by the one, spent by the other.
    pub fn sale(
        &mut self,
        invoice: &Invoice,
        earned: LedgerAccount,
        spent: LedgerAccount,
        amount: Money,
        cause: Cause,
        event: Uuid,
    ) {
        let invoice_id = Some(invoice.id);
        self.post(Entry {
            party: invoice.issuer,
            debit: LedgerAccount::Receivable,
            credit: earned,
            counterparty: invoice.recipient,
            amount,
            cause,
            event,
            invoice: invoice_id,
        });
        self.post(Entry {
            party: invoice.recipient,
            debit: spent,
            credit: LedgerAccount::Payable,
            counterparty: invoice.issuer,
            amount,
            cause,
            event,
            invoice: invoice_id,
        });
    }

    /// One movement. Nothing of nothing.
    pub fn post(&mut self, entry: Entry) {
        if entry.amount.minor == 0 {
            return;
        }
        let (debit, credit) = if entry.amount.minor > 0 {
            (entry.debit, entry.credit)
        } else {
            (entry.credit, entry.debit)
        };
        self.last_posting = self.last_posting.saturating_add(1);
        let mut posting = Posting {
            source: self.source,
            position: self.last_posting,
            party: entry.party,
            debit,
            credit,
            counterparty: entry.counterparty,
            minor: entry.amount.minor.saturating_abs(),
            currency: entry.amount.currency,
            day: self.day,
            cause: entry.cause,
            event: entry.event,
            invoice: entry.invoice,
            seal: Vec::new(),
        };
        posting.seal = seal_of(&posting);
        self.postings.push(posting);
    }

    /// Writes it all, as the batch with this number.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn write(self, tx: &mut Tx<'_>, number: i64) -> Result<(), AppError> {
        if self.lines.is_empty() && self.postings.is_empty() {
            return Ok(());
        }
        tx.pour(&self.lines).await?;
        tx.pour(&self.postings).await?;
        let count = |len: usize| i64::try_from(len).unwrap_or(i64::MAX);
        let batch = Batch {
            source: self.source,
            number,
            lines: count(self.lines.len()),
            postings: count(self.postings.len()),
            digest: digest(&self.lines, &self.postings),
        };
        Ok(tx.insert(&batch).await?)
    }
}

/// The digest of a batch: of the seals of its rows, lines before postings.
#[must_use]
pub fn digest(lines: &[InvoiceLine], postings: &[Posting]) -> Vec<u8> {
    let mut all = Sha256::new();
    for seal in lines
        .iter()
        .map(|line| &line.seal)
        .chain(postings.iter().map(|posting| &posting.seal))
    {
        all.update(seal);
    }
    all.finalize().to_vec()
}

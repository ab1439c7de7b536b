//! Verifies the ledger: every line is what its charge says, every posting belongs to a line, a tax or a payment and stands in the
//! books of both ends alike, every invoice is the sum of its lines, numbers have no gaps, nothing was billed twice or forgotten.
//!
//! It walks line by line and page by page, so what it needs does not grow with the ledger.

use tierline_billing::basis;
use tierline_billing::chain::edges;
use tierline_domain::billing::{
    Batch, BillingRun, Cause, Invoice, InvoiceDocument, InvoiceLine, InvoiceState, LedgerAccount,
    Party, Payment, Posting,
};
use tierline_domain::money::Money;
use tierline_domain::subscription::Charge;
use tierline_domain::time::{Timestamp, add_months};
use tierline_store::log::seal_of;
use tierline_store::{Table, Tx, Value, statements, tables};
use uuid::Uuid;

use super::ledger::digest;
use crate::error::AppError;

/// Rows read at a time.
const PAGE: i64 = 2_000;

statements! {
    /// Every invoice, page by page.
    pub INVOICES = "SELECT id FROM invoices WHERE id > $1 ORDER BY id LIMIT 1000";
    /// How each issuer has counted.
    pub NUMBERS = "SELECT issuer, COUNT(number), MIN(number), MAX(number) FROM invoices WHERE number IS NOT NULL GROUP BY issuer
        ORDER BY issuer";
    /// Lines and postings that no batch answers for.
    pub STRAY_LINES = "SELECT source, position FROM invoice_lines WHERE source NOT IN (SELECT source FROM batches) LIMIT 100";
    pub STRAY_POSTINGS = "SELECT source, position FROM postings WHERE source NOT IN (SELECT source FROM batches) LIMIT 100";
    /// What was paid of an invoice.
    pub PAID = "SELECT amount FROM payments WHERE invoice = $1";
}

/// What was looked at, and what does not agree.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    /// Lines worked out again.
    pub lines: i64,
    /// Postings followed.
    pub postings: i64,
    /// Invoices added up.
    pub invoices: i64,
    /// Table, row and problem.
    pub findings: Vec<String>,
}

impl Audit {
    fn says(&mut self, table: &str, row: impl std::fmt::Display, problem: impl std::fmt::Display) {
        self.findings.push(format!("{table} {row}: {problem}"));
    }
}

/// Rows of a source in order of their place, read page by page.
struct Stream<T> {
    source: Uuid,
    page: std::vec::IntoIter<T>,
    after: i64,
    statement: tierline_store::Statement,
    is_over: bool,
}

/// A row of the ledger: where it stands, and what it says of itself.
trait Sealed: Table {
    fn place(&self) -> i64;
    fn seal(&self) -> &[u8];
}

impl Sealed for InvoiceLine {
    fn place(&self) -> i64 {
        self.position
    }
    fn seal(&self) -> &[u8] {
        &self.seal
    }
}

impl Sealed for Posting {
    fn place(&self) -> i64 {
        self.position
    }
    fn seal(&self) -> &[u8] {
        &self.seal
    }
}

impl<T: Sealed> Stream<T> {
    fn of(source: Uuid, statement: tierline_store::Statement) -> Self {
        Self {
            source,
            page: Vec::new().into_iter(),
            after: 0,
            statement,
            is_over: false,
        }
    }

    /// The next row; one that was altered, or that is missing before it, is told of.
    async fn next(&mut self, tx: &mut Tx<'_>, audit: &mut Audit) -> Result<Option<T>, AppError> {
        if self.page.len() == 0 && !self.is_over {
            let key = [
                Value::Id(self.source),
                Value::Int(self.after),
                Value::Int(PAGE),
            ];
            let page = tx.scan::<T>(self.statement, &key).await?;
            self.is_over = i64::try_from(page.len()).unwrap_or(PAGE) < PAGE;
            self.page = page.into_iter();
        }
        let Some(row) = self.page.next() else {
            return Ok(None);
        };
        let name = |place: i64| format!("{} {place}", self.source);
        if row.place() != self.after.saturating_add(1) {
            audit.says(T::NAME, name(self.after.saturating_add(1)), "is missing");
        }
        if seal_of(&row) != row.seal() {
            audit.says(T::NAME, name(row.place()), "was changed past the program");
        }
        self.after = row.place();
        Ok(Some(row))
    }
}

/// Verifies everything.
///
/// # Errors
/// When the store fails.
pub async fn audit(tx: &mut Tx<'_>) -> Result<Audit, AppError> {
    let mut audit = Audit::default();
    for (source,) in tx
        .fetch_all::<(Uuid,)>(tables::billing::SOURCES, &[])
        .await?
    {
        batches(tx, &mut audit, source).await?;
        let run = tx.get::<BillingRun>(&[Value::Id(source)]).await?;
        walk(tx, &mut audit, source, run.as_ref()).await?;
    }
    for (statement, table) in [(STRAY_LINES, "invoice_lines"), (STRAY_POSTINGS, "postings")] {
        for (source, position) in tx.fetch_all::<(Uuid, i64)>(statement, &[]).await? {
            let row = format!("{source} {position}");
            audit.says(table, row, "was added past the program");
        }
    }
    invoices(tx, &mut audit).await?;
    for (issuer, count, first, last) in tx
        .fetch_all::<(String, i64, i64, i64)>(NUMBERS, &[])
        .await?
    {
        if first != 1 || last != count {
            let problem = format!("{count} numbers run from {first} to {last}, so there is a gap");
            audit.says("invoices", issuer, problem);
        }
    }
    Ok(audit)
}

/// The batches of a source answer for its rows.
async fn batches(tx: &mut Tx<'_>, audit: &mut Audit, source: Uuid) -> Result<(), AppError> {
    let (mut lines, mut postings) = (0_i64, 0_i64);
    let key = [Value::Id(source)];
    for batch in tx.find::<Batch>(tables::batches::BY_SOURCE, &key).await? {
        let of = rows::<InvoiceLine>(
            tx,
            tables::invoice_lines::OF_SOURCE,
            source,
            lines,
            batch.lines,
        )
        .await?;
        let in_books = rows::<Posting>(
            tx,
            tables::postings::OF_SOURCE,
            source,
            postings,
            batch.postings,
        )
        .await?;
        if digest(&of, &in_books) != batch.digest {
            let row = format!("{source} {}", batch.number);
            audit.says(
                "batches",
                row,
                "its lines and postings are not those that it wrote",
            );
        }
        lines = lines.saturating_add(batch.lines);
        postings = postings.saturating_add(batch.postings);
    }
    Ok(())
}

async fn rows<T: Table>(
    tx: &mut Tx<'_>,
    statement: tierline_store::Statement,
    source: Uuid,
    after: i64,
    count: i64,
) -> Result<Vec<T>, AppError> {
    if count == 0 {
        return Ok(Vec::new());
    }
    let key = [Value::Id(source), Value::Int(after), Value::Int(count)];
    Ok(tx.scan::<T>(statement, &key).await?)
}

/// Follows the lines and postings of a source side by side; those of a run beside the charges of its month, too.
async fn walk(
    tx: &mut Tx<'_>,
    audit: &mut Audit,
    source: Uuid,
    run: Option<&BillingRun>,
) -> Result<(), AppError> {
    let mut lines = Stream::<InvoiceLine>::of(source, tables::invoice_lines::OF_SOURCE);
    let mut postings = Stream::<Posting>::of(source, tables::postings::OF_SOURCE);
    let mut charges = run.map(Charges::of);
    while let Some(line) = lines.next(tx, audit).await? {
        audit.lines = audit.lines.saturating_add(1);
        let name = format!("{source} {}", line.position);
        let invoice = tx.get::<Invoice>(&[Value::Id(line.invoice.uuid())]).await?;
        let Some(invoice) = invoice else {
            audit.says("invoice_lines", name, "its invoice is missing");
            continue;
        };
        let charge = match &mut charges {
            Some(charges) => {
                charges
                    .expect(tx, audit, &line, (invoice.issuer, invoice.recipient))
                    .await?
            }
            None => tx.get::<Charge>(&[Value::Id(line.charge.uuid())]).await?,
        };
        match charge {
            Some(charge) => check_line(audit, &name, &line, &charge, &invoice)?,
            None => audit.says(
                "invoice_lines",
                &name,
                "the charge that it is for is missing",
            ),
        }
        // Earned by the one end and spent by the other.
        let ends = [
            (invoice.issuer, LedgerAccount::Revenue),
            (invoice.recipient, LedgerAccount::Cost),
        ];
        for (party, account) in ends {
            let Some(posting) = postings.next(tx, audit).await? else {
                audit.says(
                    "postings",
                    &name,
                    "a line of an invoice is not in the books",
                );
                break;
            };
            audit.postings = audit.postings.saturating_add(1);
            let is_it = posting.party == party
                && posting.event == line.charge.uuid()
                && posting.invoice == Some(line.invoice)
                && moved(&posting, account) == line.amount();
            if !is_it {
                let row = format!("{source} {}", posting.position);
                audit.says("postings", row, "is not what its line says");
            }
        }
    }
    if let Some(charges) = &mut charges
        && run.is_some_and(|run| run.state != tierline_domain::billing::RunState::Rating)
    {
        charges.finish(tx, audit).await?;
    }
    rest(tx, audit, source, &mut postings).await
}

/// What a posting moves in an account: positive on the side on which the account grows.
fn moved(posting: &Posting, account: LedgerAccount) -> Money {
    let amount = posting.amount();
    let grows_by_debit = matches!(account, LedgerAccount::Cost | LedgerAccount::TaxBilled);
    let is_debit = posting.debit == account;
    let is_credit = posting.credit == account;
    let minor = match (is_debit, is_credit) {
        (true, false) if grows_by_debit => amount.minor,
        (true, false) => amount.minor.saturating_neg(),
        (false, true) if grows_by_debit => amount.minor.saturating_neg(),
        (false, true) => amount.minor,
        _ => 0,
    };
    Money { minor, ..amount }
}

/// What is left of a source's postings: tax and payments. Each event's stand in balance between the parties.
async fn rest(
    tx: &mut Tx<'_>,
    audit: &mut Audit,
    source: Uuid,
    postings: &mut Stream<Posting>,
) -> Result<(), AppError> {
    while let Some(posting) = postings.next(tx, audit).await? {
        audit.postings = audit.postings.saturating_add(1);
        let row = format!("{source} {}", posting.position);
        match posting.cause {
            Cause::Tax => {
                let invoice = tx.get::<Invoice>(&[Value::Id(posting.event)]).await?;
                let account = if invoice
                    .as_ref()
                    .is_some_and(|invoice| invoice.issuer == posting.party)
                {
                    LedgerAccount::TaxOwed
                } else {
                    LedgerAccount::TaxBilled
                };
                let tax = invoice.map(|invoice| invoice.tax);
                if tax != Some(moved(&posting, account)) {
                    audit.says("postings", row, "is not the tax of its invoice");
                }
            }
            Cause::Payment | Cause::Assignment => {
                let payment = tx.get::<Payment>(&[Value::Id(posting.event)]).await?;
                if payment.map(|payment| payment.amount) != Some(posting.amount()) {
                    audit.says("postings", row, "is not the amount of its payment");
                }
            }
            Cause::Charge | Cause::Correction => {
                audit.says("postings", row, "no line stands behind it");
            }
        }
    }
    Ok(())
}

/// A line is its charge at its price; on the operator's edge the charge itself; on a credit note the opposite.
fn check_line(
    audit: &mut Audit,
    name: &str,
    line: &InvoiceLine,
    charge: &Charge,
    invoice: &Invoice,
) -> Result<(), AppError> {
    let worked_out = basis::amount(&charge.basis, line.unit_price())?;
    let should = match invoice.document {
        InvoiceDocument::VoidNote => worked_out.negated()?,
        InvoiceDocument::Invoice | InvoiceDocument::AdjustmentNote => worked_out,
    };
    if should != line.amount() {
        let problem = format!("comes to {} where its charge says {should}", line.amount());
        audit.says("invoice_lines", name, problem);
    }
    if invoice.issuer == Party::Operator && line.unit_price() != charge.unit_price {
        let problem = format!(
            "the operator bills {} where {} was charged",
            line.unit_price(),
            charge.unit_price
        );
        audit.says("invoice_lines", name, problem);
    }
    Ok(())
}

/// The charges of a run's month, beside the lines that they became.
struct Charges {
    home: String,
    before: Timestamp,
    reached: (Timestamp, Uuid),
    page: std::vec::IntoIter<Charge>,
    is_over: bool,
    /// The charge whose lines are due, and what of them is left.
    now: Option<(Charge, std::vec::IntoIter<(Party, Party)>)>,
}

impl Charges {
    fn of(run: &BillingRun) -> Self {
        let first = Timestamp::start_of(run.month);
        let before = Timestamp::from_micros(first.as_micros().saturating_sub(1));
        Self {
            home: run.home.clone(),
            before: Timestamp::start_of(add_months(run.month, 1)),
            reached: (before.unwrap_or(first), Uuid::max()),
            page: Vec::new().into_iter(),
            is_over: false,
            now: None,
        }
    }

    async fn next(&mut self, tx: &mut Tx<'_>) -> Result<Option<Charge>, AppError> {
        if self.page.len() == 0 && !self.is_over {
            let key = [
                Value::Text(self.home.clone()),
                Value::Instant(self.reached.0),
                Value::Id(self.reached.1),
                Value::Instant(self.before),
                Value::Int(PAGE),
            ];
            let page = tx.scan::<Charge>(tables::charges::OF_MONTH, &key).await?;
            self.is_over = i64::try_from(page.len()).unwrap_or(PAGE) < PAGE;
            self.page = page.into_iter();
        }
        let next = self.page.next();
        if let Some(charge) = &next {
            self.reached = (charge.booked, charge.id.uuid());
        }
        Ok(next)
    }

    /// The charge that a line is for, if it is the one whose turn it is on that edge.
    async fn expect(
        &mut self,
        tx: &mut Tx<'_>,
        audit: &mut Audit,
        line: &InvoiceLine,
        edge: (Party, Party),
    ) -> Result<Option<Charge>, AppError> {
        loop {
            if let Some((charge, left)) = &mut self.now {
                if charge.id == line.charge {
                    if left.any(|due| due == edge) {
                        return Ok(Some(charge.clone()));
                    }
                    let name = format!("{} {}", line.source, line.position);
                    audit.says(
                        "invoice_lines",
                        name,
                        "bills a sale that its charge does not run through, or bills it twice",
                    );
                    return Ok(Some(charge.clone()));
                }
                unbilled(audit, charge, left);
            }
            let Some(next) = self.next(tx).await? else {
                self.now = None;
                return Ok(None);
            };
            let due: Vec<(Party, Party)> = next.seller.map_or_else(Vec::new, |seller| {
                edges(seller, next.reseller, next.customer)
                    .map(|edge| (edge.seller, edge.buyer))
                    .collect()
            });
            self.now = Some((next, due.into_iter()));
        }
    }

    /// What no line was made of is a fault, once the run has gone through all.
    async fn finish(&mut self, tx: &mut Tx<'_>, audit: &mut Audit) -> Result<(), AppError> {
        if let Some((charge, left)) = &mut self.now {
            unbilled(audit, charge, left);
        }
        while let Some(charge) = self.next(tx).await? {
            if charge.seller.is_some() {
                audit.says("charges", charge.id, "was not billed");
            }
        }
        Ok(())
    }
}

/// The operator's own line is never left out; a lower tier's is where its price makes it nothing.
fn unbilled(audit: &mut Audit, charge: &Charge, left: &mut std::vec::IntoIter<(Party, Party)>) {
    if left.any(|(seller, _)| seller == Party::Operator) {
        audit.says("charges", charge.id, "was not billed");
    }
}

/// Every invoice is the sum of its lines, and what was paid of it the sum of its payments.
async fn invoices(tx: &mut Tx<'_>, audit: &mut Audit) -> Result<(), AppError> {
    let mut after = Uuid::nil();
    loop {
        let page = tx
            .fetch_all::<(Uuid,)>(INVOICES, &[Value::Id(after)])
            .await?;
        let Some((last,)) = page.last() else {
            return Ok(());
        };
        after = *last;
        for (id,) in page {
            let key = [Value::Id(id)];
            let Some(invoice) = tx.get::<Invoice>(&key).await? else {
                continue;
            };
            audit.invoices = audit.invoices.saturating_add(1);
            let sums: Option<(i64, i64)> =
                tx.fetch_optional(tables::billing::OF_LINES, &key).await?;
            let (sum, count) = sums.unwrap_or_default();
            // What a world's facts lay down was never made of lines.
            let is_laid_down = invoice.number.is_none() && invoice.run.is_none();
            if !is_laid_down && (sum, count) != (invoice.net.minor, invoice.lines) {
                let lines = Money::new(sum, invoice.net.currency);
                let problem = format!(
                    "says {} on {} lines, and they are {count} and come to {lines}",
                    invoice.net, invoice.lines
                );
                audit.says("invoices", id, problem);
            }
            if invoice.state != InvoiceState::Draft
                && invoice.net.plus(invoice.tax)? != invoice.amount
            {
                audit.says("invoices", id, "its total is not net and tax");
            }
            paid(tx, audit, &invoice, is_laid_down).await?;
        }
    }
}

async fn paid(
    tx: &mut Tx<'_>,
    audit: &mut Audit,
    invoice: &Invoice,
    is_laid_down: bool,
) -> Result<(), AppError> {
    let mut sum = Money::zero(invoice.amount.currency);
    for (amount,) in tx
        .fetch_all::<(Money,)>(PAID, &[Value::Id(invoice.id.uuid())])
        .await?
    {
        sum = sum.plus(amount)?;
    }
    if sum != invoice.paid && !is_laid_down {
        let problem = format!(
            "says that {} was paid, and its payments come to {sum}",
            invoice.paid
        );
        audit.says("invoices", invoice.id, problem);
    }
    Ok(())
}

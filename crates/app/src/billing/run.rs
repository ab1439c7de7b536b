//! Billing runs: one for every region and month, done step by step by the schedule (BIL-010, BIL-011).
//!
//! A step takes the next charges in the order of their booking and makes a line of each on every edge between two tiers, or gives
//! the next invoices their numbers. It is one transaction, with as many steps as are not full, and the next one is an item of the
//! schedule: whoever is interrupted goes on where it stopped, and nothing is billed twice. A month's charges are those booked in it, so once it is over
//! nothing can be added to it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;
use std::sync::Arc;

use serde::Serialize;
use tierline_billing::basis;
use tierline_billing::book::Sale;
use tierline_billing::chain::{Edge, edges};
use tierline_domain::billing::{
    BillingRun, Cause, Cut, Invoice, InvoiceDocument, InvoiceKind, InvoiceState, LedgerAccount,
    Party, RunState,
};
use tierline_domain::catalog::{Generation, Item, ItemKind};
use tierline_domain::id::Id;
use tierline_domain::money::Money;
use tierline_domain::partner::Account;
use tierline_domain::subscription::{Charge, CreditLine};
use tierline_domain::time::{Date, Timestamp, add_days, add_months};
use tierline_store::tables::files;
use tierline_store::{Tx, Value, tables};
use uuid::Uuid;

use super::books::Books;
use super::ledger::Pen;
use super::tax::{RateTable, TaxPort, Taxed};
use super::{agents, collection, fx, numbers};
use crate::ctx::{Ctx, Ids};
use crate::error::AppError;
use crate::names::seen;
use crate::{events, schedule};

/// A step of a region's billing is due. Subject: month and region, and the step's number.
pub const BILLING: &str = "billing";

/// Charges of one step: so many that their lines are written together, and so few that nobody waits for long.
const CHARGES_MAX: i64 = 1_000;
/// Invoices that one step gives numbers.
const INVOICES_MAX: i64 = 500;
/// Hours after the end of the month at which a run begins; bills are there by the eighth (BIL-010).
const BEGINS_AFTER_HOURS: i64 = 12;
/// Days to pay (BIL-012).
pub const PAYMENT_DAYS: i32 = 60;

/// The short name of a region's run of a month.
#[must_use]
pub fn handle(home: &str, month: Date) -> String {
    let month = month.to_string();
    format!("{}-{}", month.get(..7).unwrap_or(&month), slug(home))
}

/// A region's name as it stands in short names.
#[must_use]
pub fn slug(region: &str) -> String {
    region
        .chars()
        .map(|letter| match letter {
            letter if letter.is_ascii_alphanumeric() => letter.to_ascii_lowercase(),
            _ => '-',
        })
        .collect()
}

fn due(month: Date) -> Timestamp {
    Timestamp::start_of(next_month(month)).plus_hours(BEGINS_AFTER_HOURS)
}

fn next_month(month: Date) -> Date {
    add_months(month.first_of_month(), 1)
}

/// Something was booked in a region: its month will be billed. The run is planned once, by the first that needs it.
///
/// # Errors
/// When the store fails.
pub async fn plan(tx: &mut Tx<'_>, home: &str, booked: Timestamp) -> Result<(), AppError> {
    let month = booked.date().first_of_month();
    let id: Id<BillingRun> = run_id(home, month);
    let key = [Value::Id(id.uuid())];
    if tx.get::<BillingRun>(&key).await?.is_some() {
        return Ok(());
    }
    let run = BillingRun {
        id,
        handle: handle(home, month),
        home: home.to_owned(),
        month,
        state: RunState::Rating,
        reached: None,
        cursor: None,
        steps: 0,
        charges: 0,
        lines: 0,
        postings: 0,
        invoices: 0,
        began: due(month),
        finished: None,
    };
    tx.put(&run).await?;
    plan_step(tx, &run).await
}

fn run_id(home: &str, month: Date) -> Id<BillingRun> {
    Ids::named(
        "billing run",
        &format!("{month} {home}"),
        Timestamp::start_of(month),
    )
    .next()
}

async fn plan_step(tx: &mut Tx<'_>, run: &BillingRun) -> Result<(), AppError> {
    let subject = format!("{} {}", run.handle, run.steps.saturating_add(1));
    schedule::plan(tx, BILLING, &subject, due(run.month)).await
}

/// Does a step of a billing run; `false` where the kind is none of this module's.
///
/// # Errors
/// When the store fails or amounts overflow.
pub(crate) async fn fall_due(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    kind: &str,
    subject: &str,
) -> Result<bool, AppError> {
    if kind != BILLING {
        return Ok(false);
    }
    let handle = subject.split(' ').next().unwrap_or_default();
    let key = [Value::Text(handle.to_owned())];
    let found = tx.find::<BillingRun>(tables::billing_runs::BY_HANDLE, &key);
    let Some(mut run) = found.await?.pop() else {
        return Err(AppError::missing("billing run", handle));
    };
    if run.state == RunState::Complete {
        return Ok(true);
    }
    // A page that is not full was the last of its kind, and what comes next fits beside it: a small month is one transaction.
    let mut is_full = false;
    while !is_full && run.state != RunState::Complete {
        run.steps = run.steps.saturating_add(1);
        is_full = match run.state {
            RunState::Rating => rate(ctx, tx, &mut run).await?,
            RunState::Issuing => issue(ctx, tx, &mut run).await?,
            RunState::Complete => false,
        };
    }
    tx.put(&run).await?;
    if run.state == RunState::Complete {
        events::happened(ctx, tx, "billing_run_completed", &run.handle).await?;
    } else {
        plan_step(tx, &run).await?;
    }
    Ok(true)
}

/// Makes lines of the next charges; whether there may be more of them.
async fn rate(ctx: &Ctx, tx: &mut Tx<'_>, run: &mut BillingRun) -> Result<bool, AppError> {
    let first = Timestamp::start_of(run.month);
    let before = Timestamp::from_micros(first.as_micros().saturating_sub(1)).unwrap_or(first);
    let page = [
        Value::Text(run.home.clone()),
        Value::Instant(run.reached.unwrap_or(before)),
        Value::Id(run.cursor.unwrap_or(Uuid::max())),
        Value::Instant(Timestamp::start_of(next_month(run.month))),
        Value::Int(CHARGES_MAX),
    ];
    let charges = tx.scan::<Charge>(tables::charges::OF_MONTH, &page).await?;
    let count = i64::try_from(charges.len()).unwrap_or(i64::MAX);
    let is_full = count == CHARGES_MAX;
    if !is_full {
        run.state = RunState::Issuing;
    }
    let Some(last) = charges.last() else {
        run.cursor = None;
        return Ok(is_full);
    };
    run.reached = Some(last.booked);
    run.cursor = is_full.then(|| last.id.uuid());
    let pen = Pen::of(run.id.uuid(), ctx.now.date(), run.lines, run.postings);
    let mut step = Step {
        run,
        pen,
        books: Books::default(),
        agents: agents::Agents::default(),
        items: BTreeMap::new(),
        drafts: BTreeMap::new(),
    };
    for charge in &charges {
        step.charge(tx, charge).await?;
    }
    let Step { pen, drafts, .. } = step;
    for draft in drafts.into_values() {
        tx.put(&draft).await?;
    }
    run.charges = run.charges.saturating_add(count);
    run.lines = pen.last_line();
    run.postings = pen.last_posting();
    pen.write(tx, run.steps).await?;
    Ok(is_full)
}

/// What one step has looked up and made.
struct Step<'a> {
    run: &'a BillingRun,
    pen: Pen,
    books: Books,
    agents: agents::Agents,
    items: BTreeMap<Id<Item>, Arc<Item>>,
    drafts: BTreeMap<Id<Invoice>, Invoice>,
}

impl Step<'_> {
    /// The lines of one charge, from the top tier down: each seller's price follows from what it pays itself.
    async fn charge(&mut self, tx: &mut Tx<'_>, charge: &Charge) -> Result<(), AppError> {
        let Some(seller) = charge.seller else {
            // What the operator sold itself runs through no tier of the program.
            return Ok(());
        };
        let item = match self.items.entry(charge.item) {
            Slot::Occupied(known) => known.into_mut(),
            Slot::Vacant(new) => new.insert(seen::<Item, _>(tx, charge.item).await?),
        };
        let (kind, segment) = (kind_of(item), item.segment);
        let mut price = charge.unit_price;
        for edge in edges(seller, charge.reseller, charge.customer) {
            if let Party::Account(seller) = edge.seller {
                let sale = Sale {
                    buyer: edge.buyer.account(),
                    customer: Some(charge.customer),
                    item: charge.item,
                    segment,
                    term: charge.term,
                    day: charge.priced_on,
                    is_rated: charge.basis.cut == Cut::Plain,
                };
                price = self
                    .books
                    .price(tx, seller, &sale, price, charge.subscription)
                    .await?;
            }
            let amount = basis::amount(&charge.basis, price)?;
            if amount.minor == 0 {
                continue;
            }
            let agent = match charge.reseller {
                Some(reseller) if edge.seller == Party::Account(reseller) => {
                    self.agents
                        .of(tx, seller, reseller, charge.customer)
                        .await?
                }
                _ => None,
            };
            let draft = draft(&mut self.drafts, tx, self.run, edge, kind, amount, agent).await?;
            self.pen
                .line(draft, charge.id, price, amount, Cause::Charge);
            draft.net = draft.net.plus(amount)?;
            draft.lines = draft.lines.saturating_add(1);
        }
        Ok(())
    }
}

/// Which of the two bills something stands on: licences of the traditional generation and what went before the plan on the
/// recurring one, new commerce on the other.
#[must_use]
pub fn kind_of(item: &Item) -> InvoiceKind {
    match (item.generation, item.kind) {
        (Generation::Traditional, _) | (_, ItemKind::PreviousConsumption) => InvoiceKind::Recurring,
        (Generation::NewCommerce, _) => InvoiceKind::OneTime,
    }
}

/// The draft of a run's invoice between two parties, as it stands now.
async fn draft<'a>(
    drafts: &'a mut BTreeMap<Id<Invoice>, Invoice>,
    tx: &mut Tx<'_>,
    run: &BillingRun,
    edge: Edge,
    kind: InvoiceKind,
    amount: Money,
    agent: Option<Id<Account>>,
) -> Result<&'a mut Invoice, AppError> {
    let currency = amount.currency;
    let by = agent.map_or_else(String::new, |agent| agent.to_string());
    let name = format!(
        "{} {} {} {kind} {currency} {by}",
        run.id, edge.seller, edge.buyer
    );
    let id: Id<Invoice> = Ids::named("invoice", &name, Timestamp::start_of(run.month)).next();
    match drafts.entry(id) {
        Slot::Occupied(known) => Ok(known.into_mut()),
        Slot::Vacant(new) => {
            let kept = tx.get::<Invoice>(&[Value::Id(id.uuid())]).await?;
            let none = Money::zero(currency);
            Ok(new.insert(kept.unwrap_or_else(|| Invoice {
                id,
                handle: format!("draft {id}"),
                issuer: edge.seller,
                recipient: edge.buyer,
                agent,
                run: Some(run.id),
                month: run.month,
                kind,
                document: InvoiceDocument::Invoice,
                amends: None,
                number: None,
                net: none,
                tax: none,
                amount: none,
                paid: none,
                lines: 0,
                issued: None,
                due: run.month,
                state: InvoiceState::Draft,
            })))
        }
    }
}

/// Gives the next drafts their numbers, and tax; whether there may be more of them.
async fn issue(ctx: &Ctx, tx: &mut Tx<'_>, run: &mut BillingRun) -> Result<bool, AppError> {
    let page = [
        Value::Id(run.id.uuid()),
        Value::Id(run.cursor.unwrap_or_default()),
        Value::Int(INVOICES_MAX),
    ];
    let drafts = tx
        .scan::<Invoice>(tables::invoices::TO_ISSUE, &page)
        .await?;
    let is_full = i64::try_from(drafts.len()).unwrap_or(i64::MAX) == INVOICES_MAX;
    if !is_full {
        run.state = RunState::Complete;
        run.finished = Some(ctx.now);
    }
    let Some(last) = drafts.last() else {
        return Ok(is_full);
    };
    run.cursor = Some(last.id.uuid());
    let mut pen = Pen::of(run.id.uuid(), ctx.now.date(), run.lines, run.postings);
    for mut invoice in drafts {
        seal_invoice(ctx, tx, &mut pen, &mut invoice).await?;
        run.invoices = run.invoices.saturating_add(1);
        tx.put(&invoice).await?;
        tell(ctx, tx, &invoice).await?;
    }
    run.postings = pen.last_posting();
    pen.write(tx, run.steps).await?;
    Ok(is_full)
}

/// A document gets its number, its tax on the total (BIL-027) and its day to pay; what the billed partner had used up of its
/// credit unbilled is owed from now on (BIL-030).
pub(super) async fn seal_invoice(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    pen: &mut Pen,
    invoice: &mut Invoice,
) -> Result<(), AppError> {
    let taxed = Taxed {
        recipient: invoice.recipient,
        net: invoice.net,
        day: ctx.now.date(),
    };
    invoice.tax = RateTable.tax(tx, taxed).await?;
    pen.sale(
        invoice,
        LedgerAccount::TaxOwed,
        LedgerAccount::TaxBilled,
        invoice.tax,
        Cause::Tax,
        invoice.id.uuid(),
    );
    if invoice.net.minor < 0 && invoice.document == InvoiceDocument::Invoice {
        invoice.document = InvoiceDocument::AdjustmentNote;
    }
    invoice.amount = invoice.net.plus(invoice.tax)?;
    invoice.issued = Some(ctx.now);
    invoice.due = add_days(ctx.now.date(), PAYMENT_DAYS);
    invoice.state = if invoice.amount.minor == 0 {
        InvoiceState::Paid
    } else {
        InvoiceState::Unpaid
    };
    numbers::give(tx, invoice).await?;
    if invoice.run.is_some() && invoice.issuer == Party::Operator {
        bill_credit(tx, invoice).await?;
    }
    Ok(())
}

/// What was used up when each charge was booked is taken away again, by the same conversion (BIL-030): the sum of what a bill's
/// lines came to in dollars, which is not what its total comes to.
async fn bill_credit(tx: &mut Tx<'_>, invoice: &Invoice) -> Result<(), AppError> {
    let Some(partner) = invoice.recipient.account() else {
        return Ok(());
    };
    if let Some(mut line) = tx.get::<CreditLine>(&[Value::Id(partner.uuid())]).await? {
        let (currency, month) = (invoice.net.currency, invoice.month);
        let mut unbilled = fx::in_dollars(tx, line.unbilled, month).await?;
        let key = [Value::Id(invoice.id.uuid())];
        for (minor, count) in tx.fetch_all::<(i64, i64)>(files::AMOUNTS, &key).await? {
            let one = fx::in_dollars(tx, Money::new(minor, currency), month).await?;
            unbilled = unbilled.minus(one.times(count)?)?;
        }
        line.unbilled = unbilled;
        tx.put(&line).await?;
    }
    Ok(())
}

/// The operator's bills are announced (BIL-016) and collected (BIL-012).
pub(super) async fn tell(ctx: &Ctx, tx: &mut Tx<'_>, invoice: &Invoice) -> Result<(), AppError> {
    if invoice.issuer != Party::Operator {
        return Ok(());
    }
    events::happened(ctx, tx, "invoice_ready", &invoice.handle).await?;
    collection::plan(tx, invoice, ctx.now.date()).await
}

/// Until when a region's charges have been billed: the end of the last month whose run is done.
///
/// # Errors
/// When the store fails.
pub(super) async fn billed_until(
    tx: &mut Tx<'_>,
    home: &str,
) -> Result<Option<Timestamp>, AppError> {
    let runs = tx
        .find::<BillingRun>(tables::billing_runs::EVERY, &[])
        .await?;
    let done = runs
        .into_iter()
        .filter(|run| run.home == home && run.state == RunState::Complete);
    Ok(done
        .map(|run| Timestamp::start_of(next_month(run.month)))
        .max())
}

/// How far a run is, as it is shown.
#[derive(Clone, Debug, Serialize)]
pub struct Progress {
    /// Month and region.
    pub run: String,
    /// The region.
    pub region: String,
    /// The first day of the month.
    pub month: Date,
    /// Where it is.
    pub state: RunState,
    /// Steps done.
    pub steps: i64,
    /// Charges that have become lines.
    pub charges: i64,
    /// Lines of all tiers.
    pub lines: i64,
    /// Postings.
    pub postings: i64,
    /// Invoices issued.
    pub invoices: i64,
    /// When it begins, or began.
    pub begins: Timestamp,
    /// When it was done.
    pub finished: Option<Timestamp>,
}

/// Every run, oldest first.
///
/// # Errors
/// When the store fails.
pub async fn all(tx: &mut Tx<'_>) -> Result<Vec<Progress>, AppError> {
    let runs = tx
        .find::<BillingRun>(tables::billing_runs::EVERY, &[])
        .await?;
    Ok(runs
        .into_iter()
        .map(|run| Progress {
            run: run.handle,
            region: run.home,
            month: run.month,
            state: run.state,
            steps: run.steps,
            charges: run.charges,
            lines: run.lines,
            postings: run.postings,
            invoices: run.invoices,
            begins: run.began,
            finished: run.finished,
        })
        .collect())
}

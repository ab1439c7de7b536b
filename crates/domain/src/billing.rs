//! Money between the tiers: how a charge is worked out, who bills whom, invoices and their lines, the ledger, payments,
//! price books, exchange rates and taxes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;
use uuid::Uuid;

use crate::catalog::{Item, Term};
use crate::customer::Segment;
use crate::id::Id;
use crate::money::{Currency, Money, Rounding};
use crate::partner::{Account, Tenant};
use crate::place::Country;
use crate::subscription::{Charge, Subscription};
use crate::time::{Date, Timestamp};
use crate::words;

/// A text that is no party, or no basis of a charge.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{text}` is no {what}")]
pub struct Unreadable {
    /// What was expected.
    pub what: &'static str,
    /// What stood there.
    pub text: String,
}

words! {
    /// Where an amount is brought to whole minor units.
    pub enum Cut {
        /// Cut once, at the end of the line (BIL-050): new, renew, cycleCharge, addQuantity, removeQuantity.
        Line = "line",
        /// Cut at the effective unit price, then × quantity (BIL-050): cancelImmediate, convert, moveQuantity,
        /// changeBillingPlan.
        Unit = "unit",
        /// The price of a cycle and then a slice of it, each rounded half up (BIL-055).
        Slice = "slice",
        /// A traditional credit, rounded in two steps (BIL-046).
        Credit = "credit",
        /// An amount as it is, such as rated consumption: quantity times the price.
        Plain = "plain",
        /// Like the line, and rounded half up: the profile's other mode.
        LineHalfUp = "line_half_up",
        /// Like the unit price, and rounded half up: the profile's other mode.
        UnitHalfUp = "unit_half_up",
    }
}

impl Cut {
    /// The same place in a mode: what the profile says of lines of new commerce (BIL-050). The two-step rounding of traditional lines
    /// (BIL-046, BIL-055) is no matter of it.
    #[must_use]
    pub const fn in_mode(self, mode: Rounding) -> Self {
        match (self, mode) {
            (Self::Line, Rounding::HalfUp) => Self::LineHalfUp,
            (Self::Unit, Rounding::HalfUp) => Self::UnitHalfUp,
            (place, _) => place,
        }
    }

    /// How it is rounded there.
    #[must_use]
    pub const fn mode(self) -> Rounding {
        match self {
            Self::Line | Self::Unit | Self::Plain => Rounding::Cut,
            Self::Slice | Self::Credit | Self::LineHalfUp | Self::UnitHalfUp => Rounding::HalfUp,
        }
    }
}

/// How an amount follows from the price of one seat for a whole term, so that every tier works out the same line from its own
/// price: price × months ÷ term × days ÷ cycle × quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Basis {
    /// Seats; negative when they are given back.
    pub quantity: i64,
    /// Months charged.
    pub months: i64,
    /// Months that the price is for.
    pub of_months: i64,
    /// Days charged of the cycle.
    pub days: i64,
    /// Days of the cycle.
    pub of_days: i64,
    /// Where it is rounded.
    pub cut: Cut,
}

impl Basis {
    /// A price that is charged so many times, whole.
    #[must_use]
    pub const fn times(quantity: i64) -> Self {
        Self {
            quantity,
            months: 1,
            of_months: 1,
            days: 1,
            of_days: 1,
            cut: Cut::Plain,
        }
    }

    /// The same, given back.
    #[must_use]
    pub const fn given_back(self) -> Self {
        Self {
            quantity: self.quantity.saturating_neg(),
            ..self
        }
    }
}

impl fmt::Display for Basis {
    /// `10 x 1/12 x 5/31 line`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} x {}/{} x {}/{} {}",
            self.quantity, self.months, self.of_months, self.days, self.of_days, self.cut
        )
    }
}
impl FromStr for Basis {
    type Err = Unreadable;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let (numbers, cut) = text.rsplit_once(' ')?;
            let mut parts = numbers.split(" x ");
            let quantity = parts.next()?.parse().ok()?;
            let (months, of_months) = ratio(parts.next()?)?;
            let (days, of_days) = ratio(parts.next()?)?;
            Some(Self {
                quantity,
                months,
                of_months,
                days,
                of_days,
                cut: cut.parse().ok()?,
            })
        };
        read().ok_or_else(|| Unreadable {
            what: "basis of a charge",
            text: text.to_owned(),
        })
    }
}

fn ratio(text: &str) -> Option<(i64, i64)> {
    let (part, whole) = text.split_once('/')?;
    Some((part.parse().ok()?, whole.parse().ok()?))
}

/// Who sells and buys, bills and pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    /// The operator of the program.
    Operator,
    /// A partner's program account.
    Account(Id<Account>),
    /// An end customer.
    Customer(Id<Tenant>),
}

impl Party {
    /// The partner, if it is one.
    #[must_use]
    pub const fn account(self) -> Option<Id<Account>> {
        match self {
            Self::Account(id) => Some(id),
            Self::Operator | Self::Customer(_) => None,
        }
    }

    /// The customer, if it is one.
    #[must_use]
    pub const fn customer(self) -> Option<Id<Tenant>> {
        match self {
            Self::Customer(id) => Some(id),
            Self::Operator | Self::Account(_) => None,
        }
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator => f.write_str("operator"),
            Self::Account(id) => write!(f, "partner:{}", id.uuid().simple()),
            Self::Customer(id) => write!(f, "customer:{}", id.uuid().simple()),
        }
    }
}
impl FromStr for Party {
    type Err = Unreadable;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || match text.split_once(':') {
            None => (text == "operator").then_some(Self::Operator),
            Some(("partner", id)) => Some(Self::Account(Id::from_uuid(id.parse().ok()?))),
            Some(("customer", id)) => Some(Self::Customer(Id::from_uuid(id.parse().ok()?))),
            Some(_) => None,
        };
        read().ok_or_else(|| Unreadable {
            what: "party",
            text: text.to_owned(),
        })
    }
}
impl Serialize for Party {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Party {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

words! {
    /// How the price of a tier follows from what the seller itself pays.
    pub enum PriceMethod {
        /// A share of the selling price: cost ÷ (1 − share).
        Margin = "margin",
        /// A share of the cost: cost × (1 + share).
        Markup = "markup",
        /// A price per seat for a whole term.
        Fixed = "fixed",
    }
}

/// One entry of a partner's price book for the tier below it. It is never edited: a later one takes its place from its day on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceRule {
    /// Its id.
    pub id: Id<PriceRule>,
    /// Whose book it stands in.
    pub owner: Id<Account>,
    /// The reseller that it is for; everyone, where none is named.
    pub buyer: Option<Id<Account>>,
    /// The customer that it is for.
    pub customer: Option<Id<Tenant>>,
    /// The item that it is for.
    pub item: Option<Id<Item>>,
    /// The segment of items that it is for.
    pub segment: Option<Segment>,
    /// The term that it is for.
    pub term: Option<Term>,
    /// How the price is made.
    pub method: PriceMethod,
    /// Margin or markup in hundredths of a per cent; zero with a fixed price.
    pub rate_bp: i64,
    /// The fixed price.
    pub fixed: Option<Money>,
    /// The item is open to the buyer in the provider's marketplace.
    pub open: bool,
    /// The first day it holds.
    pub from_day: Date,
    /// The last day it holds, where it ends by itself.
    pub until_day: Option<Date>,
    /// When it was recorded.
    pub recorded: Timestamp,
}

/// A price that a provider and a reseller agreed on with an order request. It holds for the term (BIL-023).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreedPrice {
    /// The subscription.
    pub subscription: Id<Subscription>,
    /// The seller of the tier that it is the price of.
    pub seller: Id<Account>,
    /// Per seat for a whole term.
    pub unit_price: Money,
    /// The last day of the term that it holds for; while the subscription runs, where there is none.
    pub until_day: Option<Date>,
}

/// Who sends the reseller's bills: the provider, on the reseller's behalf (BIL-002, TXN-103).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BillingArrangement {
    /// Its id.
    pub id: Id<BillingArrangement>,
    /// The provider, the agent.
    pub provider: Id<Account>,
    /// The reseller, the seller.
    pub reseller: Id<Account>,
    /// One customer; all of the reseller's through this provider, where none is named.
    pub customer: Option<Id<Tenant>>,
    /// The provider bills on the reseller's behalf.
    pub on_behalf: bool,
    /// When it was made.
    pub made: Timestamp,
}

words! {
    /// Where a billing run is.
    pub enum RunState {
        /// Charges become lines and postings.
        Rating = "rating",
        /// Invoices are given numbers.
        Issuing = "issuing",
        /// Done.
        Complete = "complete",
    }
}

/// The billing of one region's month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BillingRun {
    /// Its id.
    pub id: Id<BillingRun>,
    /// Its short name: month and region.
    pub handle: String,
    /// The region of the sellers.
    pub home: String,
    /// The first day of the month.
    pub month: Date,
    /// Where it is.
    pub state: RunState,
    /// When the last charge was booked that has become lines.
    pub reached: Option<Timestamp>,
    /// The last charge that has become lines; afterwards the last invoice that was issued.
    pub cursor: Option<Uuid>,
    /// Steps done.
    pub steps: i64,
    /// Charges that have become lines.
    pub charges: i64,
    /// Lines of all tiers.
    pub lines: i64,
    /// Postings in the books of all parties.
    pub postings: i64,
    /// Invoices issued.
    pub invoices: i64,
    /// When it began.
    pub began: Timestamp,
    /// When it was done.
    pub finished: Option<Timestamp>,
}

/// One step of a run, with a digest of the lines and postings that it wrote: the log answers for them through it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The run, payment or correction.
    pub source: Uuid,
    /// Its place, from one.
    pub number: i64,
    /// Lines that it wrote.
    pub lines: i64,
    /// Postings that it wrote.
    pub postings: i64,
    /// The digest of their seals, in order.
    pub digest: Vec<u8>,
}

words! {
    /// The two kinds of bills.
    pub enum InvoiceKind {
        /// Licences and other things by the month or year.
        Recurring = "recurring",
        /// Purchases made once, and consumption of new commerce.
        OneTime = "one_time",
    }
}

words! {
    /// What a document of billing is.
    pub enum InvoiceDocument {
        /// A bill.
        Invoice = "invoice",
        /// Takes back a whole bill (BIL-014).
        VoidNote = "void_note",
        /// Gives back a part of one.
        AdjustmentNote = "adjustment_note",
    }
}

words! {
    /// States of an invoice.
    pub enum InvoiceState {
        /// Its run is not done.
        Draft = "draft",
        /// Not paid.
        Unpaid = "unpaid",
        /// Paid.
        Paid = "paid",
        /// Disputed; still counts against the limit (BIL-033).
        Disputed = "disputed",
        /// Taken back by a credit note.
        Void = "void",
    }
}

words! {
    /// How far the collection of an invoice has gone (BIL-012).
    pub enum Dunning {
        /// Not due for long, or settled.
        None = "none",
        /// Due soon.
        Reminded = "reminded",
        /// Due and not paid.
        Overdue = "overdue",
        /// The account is delinquent.
        Delinquent = "delinquent",
    }
}

/// A bill, or a note that corrects one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoice {
    /// Its id.
    pub id: Id<Invoice>,
    /// Its short name: the number it bears, once it is issued.
    pub handle: String,
    /// Who is owed.
    pub issuer: Party,
    /// Who owes.
    pub recipient: Party,
    /// Who sends it on the issuer's behalf.
    pub agent: Option<Id<Account>>,
    /// The run that made it.
    pub run: Option<Id<BillingRun>>,
    /// The first day of the month that it bills.
    pub month: Date,
    /// Its kind.
    pub kind: InvoiceKind,
    /// What it is.
    pub document: InvoiceDocument,
    /// The bill that it corrects.
    pub amends: Option<Id<Invoice>>,
    /// Gapless with each issuer; absent before it is issued.
    pub number: Option<i64>,
    /// Sum of its lines.
    pub net: Money,
    /// Tax on that (BIL-027).
    pub tax: Money,
    /// What is owed.
    pub amount: Money,
    /// What was paid of it.
    pub paid: Money,
    /// Its lines.
    pub lines: i64,
    /// When it was issued.
    pub issued: Option<Timestamp>,
    /// The last day to pay.
    pub due: Date,
    /// Its state.
    pub state: InvoiceState,
}

/// What one charge costs on one edge between two tiers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoiceLine {
    /// The run or correction that wrote it.
    pub source: Uuid,
    /// Its place among what that wrote.
    pub position: i64,
    /// The invoice that it stands on.
    pub invoice: Id<Invoice>,
    /// The event that it is for.
    pub charge: Id<Charge>,
    /// Price per seat for a whole term on this edge, in minor units.
    pub unit_minor: i64,
    /// What it comes to, in minor units; negative when it is given back.
    pub minor: i64,
    /// The currency of both.
    pub currency: Currency,
    /// Digest of this row.
    pub seal: Vec<u8>,
}

impl InvoiceLine {
    /// What it comes to.
    #[must_use]
    pub const fn amount(&self) -> Money {
        Money::new(self.minor, self.currency)
    }

    /// Price per seat for a whole term.
    #[must_use]
    pub const fn unit_price(&self) -> Money {
        Money::new(self.unit_minor, self.currency)
    }
}

words! {
    /// Accounts of a party's books.
    pub enum LedgerAccount {
        /// What others owe it.
        Receivable = "receivable",
        /// What it owes others.
        Payable = "payable",
        /// What it sold.
        Revenue = "revenue",
        /// What it bought.
        Cost = "cost",
        /// Tax that it has to pass on.
        TaxOwed = "tax_owed",
        /// Tax that it was billed.
        TaxBilled = "tax_billed",
        /// Money.
        Cash = "cash",
        /// Money that nobody has said yet what it pays (BIL-013).
        Unallocated = "unallocated",
        /// The same, with whoever has paid it.
        Prepaid = "prepaid",
        /// Money that an agent collected for another.
        HeldForOthers = "held_for_others",
        /// Money that an agent collected for it.
        DueFromAgent = "due_from_agent",
    }
}

words! {
    /// What a posting is for.
    pub enum Cause {
        /// A charge, on a line.
        Charge = "charge",
        /// Tax of an invoice.
        Tax = "tax",
        /// A payment.
        Payment = "payment",
        /// A payment was assigned to an invoice.
        Assignment = "assignment",
        /// A correction of an invoice.
        Correction = "correction",
    }
}

/// A movement between two accounts in one party's books: debit and credit of one amount. It is never changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// The run, payment or correction that wrote it.
    pub source: Uuid,
    /// Its place among what that wrote.
    pub position: i64,
    /// Whose books.
    pub party: Party,
    /// The account debited.
    pub debit: LedgerAccount,
    /// The account credited.
    pub credit: LedgerAccount,
    /// With whom.
    pub counterparty: Party,
    /// How much, in minor units; never negative.
    pub minor: i64,
    /// The currency.
    pub currency: Currency,
    /// The day in the books.
    pub day: Date,
    /// What for.
    pub cause: Cause,
    /// The charge, payment or invoice that caused it.
    pub event: Uuid,
    /// The invoice that it belongs to.
    pub invoice: Option<Id<Invoice>>,
    /// Digest of this row.
    pub seal: Vec<u8>,
}

impl Posting {
    /// How much.
    #[must_use]
    pub const fn amount(&self) -> Money {
        Money::new(self.minor, self.currency)
    }
}

/// Money that was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Its id.
    pub id: Id<Payment>,
    /// Its reference, the payer's own.
    pub handle: String,
    /// Who paid.
    pub payer: Party,
    /// Who received it.
    pub payee: Party,
    /// How much.
    pub amount: Money,
    /// The day it came in.
    pub received: Date,
    /// The invoice that it settles; unassigned, where there is none (BIL-013).
    pub invoice: Option<Id<Invoice>>,
    /// When it was recorded.
    pub recorded: Timestamp,
    /// Changes with every write.
    pub version: i64,
}

words! {
    /// How a partner pays the operator.
    pub enum PaymentMethod {
        /// The operator collects what is due on its day.
        DirectDebit = "direct_debit",
        /// The partner sends it.
        Transfer = "transfer",
    }
}

/// How one partner pays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentInstruction {
    /// The partner.
    pub partner: Id<Account>,
    /// How it pays.
    pub method: PaymentMethod,
}

/// A rate of tax, the operator's data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxRate {
    /// Where the billed party is.
    pub country: Country,
    /// The first day it holds.
    pub from_day: Date,
    /// Its name.
    pub name: String,
    /// In hundredths of a per cent.
    pub rate_bp: i64,
}

/// An exemption that was filed for a program tenant (BIL-026).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxExemption {
    /// Its id.
    pub id: Id<TaxExemption>,
    /// Whose.
    pub partner: Id<Account>,
    /// The papers.
    pub papers: String,
    /// The first day it holds: the cycle after the one in which it was filed.
    pub from_day: Date,
    /// The last day it holds.
    pub until_day: Option<Date>,
}

/// How much of a currency a US dollar is in a month (BIL-021).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FxRate {
    /// The currency.
    pub currency: Currency,
    /// The first day of the month.
    pub month: Date,
    /// The rate's digits.
    pub mantissa: i64,
    /// How many of them stand behind the point.
    pub scale: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bases_and_parties_are_read_as_they_are_written() {
        let basis = Basis {
            quantity: -10,
            months: 1,
            of_months: 12,
            days: 5,
            of_days: 31,
            cut: Cut::Unit,
        };
        assert_eq!(basis.to_string(), "-10 x 1/12 x 5/31 unit");
        assert_eq!(basis.to_string().parse::<Basis>().unwrap(), basis);
        assert!("10 x 1/12 line".parse::<Basis>().is_err());
        let id = Uuid::from_u128(7);
        for party in [
            Party::Operator,
            Party::Account(Id::from_uuid(id)),
            Party::Customer(Id::from_uuid(id)),
        ] {
            assert_eq!(party.to_string().parse::<Party>().unwrap(), party);
        }
        assert!("partner:".parse::<Party>().is_err());
    }
}

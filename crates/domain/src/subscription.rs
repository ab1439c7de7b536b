//! Subscriptions, their seats and charges, transfers, and what hangs on them.

use serde::{Deserialize, Serialize};

use crate::billing::Basis;
use crate::catalog::{Frequency, Item, Promotion, Term};
use crate::id::Id;
use crate::money::{Currency, Money};
use crate::order::Order;
use crate::partner::{Account, Tenant};
use crate::time::{Date, Timestamp};
use crate::words;

words! {
    /// States of a subscription (SUB-001, SUB-044).
    pub enum SubscriptionState {
        /// Running.
        Active = "active",
        /// Users are locked out; may come back (SUB-012).
        Suspended = "suspended",
        /// Ran out, still usable for thirty days (SUB-015).
        Expired = "expired",
        /// Locked before deletion.
        Disabled = "disabled",
        /// Gone.
        Deleted = "deleted",
    }
}

words! {
    /// The two ways of section 9.
    pub enum TransferKind {
        /// Section 9.1: the giving partner offers.
        Traditional = "traditional",
        /// Section 9.2: the receiving partner asks.
        Plan = "plan",
    }
}

words! {
    /// States of a transfer (TRF-009, TRF-017).
    pub enum TransferState {
        /// Offered.
        Active = "active",
        /// Asked for.
        Pending = "pending",
        /// Done.
        Complete = "complete",
        /// Done in part.
        PartiallyComplete = "partially_complete",
        /// Refused.
        Rejected = "rejected",
        /// Accepted, and nothing of it could be moved.
        Failed = "failed",
        /// Taken back.
        Withdrawn = "withdrawn",
        /// Grew too old.
        Expired = "expired",
    }
}

words! {
    /// Roles on a consumption resource (PEC-003).
    pub enum ResourceRoleName {
        /// Owner.
        Owner = "owner",
        /// Contributor.
        Contributor = "contributor",
        /// Reader.
        Reader = "reader",
    }
}

/// Seats added at one moment, with a window of their own (SUB-006).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// How many are left of it.
    pub quantity: i64,
    /// When they were added.
    pub at: Timestamp,
}

/// A running or past subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Its id.
    pub id: Id<Subscription>,
    /// Its short name.
    pub handle: String,
    /// The seller; absent when the operator sold it.
    pub seller: Option<Id<Account>>,
    /// The customer.
    pub customer: Id<Tenant>,
    /// What was bought.
    pub item: Id<Item>,
    /// Seats now.
    pub quantity: i64,
    /// Its term.
    pub term: Term,
    /// Its billing frequency.
    pub frequency: Frequency,
    /// PartnerID of the reseller of record.
    pub partner_of_record: Option<Id<Account>>,
    /// Its state.
    pub state: SubscriptionState,
    /// When it was bought.
    pub bought: Timestamp,
    /// When its last renewal completed.
    pub renewed: Option<Timestamp>,
    /// The last day of the running term.
    pub term_end: Option<Date>,
    /// Renews at term end.
    pub renewal: bool,
    /// A renewal is queued (SUB-018).
    pub renewal_queued: bool,
    /// The currency it is billed in.
    pub currency: Currency,
    /// The promotion it carries.
    pub promotion: Option<Id<Promotion>>,
    /// Price per seat for a whole term, in force since purchase or renewal (BIL-023).
    pub unit_price: Option<Money>,
    /// Batches of seats whose windows may be open, oldest first.
    pub batches: Vec<Batch>,
    /// Quantity scheduled for the next term.
    pub scheduled_quantity: Option<i64>,
    /// What else is scheduled for the next term (SUB-019).
    pub next_term: Option<NextTerm>,
    /// The first day of the running term, where its end was realigned and it is shorter for that (SUB-034).
    pub began: Option<Date>,
    /// Frequency that takes effect with the next cycle.
    pub pending_frequency: Option<Frequency>,
    /// When it was upgraded (SUB-027).
    pub upgraded: Option<Timestamp>,
    /// Came out of a trial at its end.
    pub converted_from_trial: bool,
    /// The trial that it was before it was converted, at its end or earlier (ORD-025).
    pub trial: Option<Id<Item>>,
    /// Updates so far (SUB-035).
    pub updates: i64,
    /// Its order, where that is on record.
    pub order_id: Option<Id<Order>>,
    /// The order's short name, shared by subscriptions of one order.
    pub order_handle: Option<String>,
    /// Base of an add-on, plan of a consumption subscription.
    pub parent: Option<Id<Subscription>>,
    /// The id by which the customer's tenant knows the resource, where that is older than the subscription (TRF-011).
    pub resource: Option<Id<Subscription>>,
    /// Nothing is left of it at the customer (ORD-021).
    pub deprovisioned: bool,
    /// The seller owns the resources it provisioned (DAP-006).
    pub default_owner: bool,
    /// A partner that supports it instead of the seller (SUP-004).
    pub support_contact: Option<Id<Account>>,
    /// What the customer calls it.
    pub friendly_name: Option<String>,
    /// The seller's region at purchase.
    pub home: String,
    /// Changes with every write; the ETag.
    pub version: i64,
}

impl Subscription {
    /// Drops what was scheduled for the next term (SUB-020).
    pub fn unschedule(&mut self) {
        self.scheduled_quantity = None;
        self.next_term = None;
    }
}

/// What shall be otherwise from the next term on, besides the quantity; what is absent stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextTerm {
    /// The item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<Id<Item>>,
    /// How long it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<Term>,
    /// How it is billed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency: Option<Frequency>,
    /// Its last day (SUB-034).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Date>,
    /// The promotion, if it still fits when the term begins (ORD-043).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promotion: Option<Id<Promotion>>,
}

words! {
    /// What is charged for. The types of reconciliation are a closed set (BIL-045); consumption has a line of its own.
    pub enum ChargeKind {
        /// A purchase.
        New = "new",
        /// A term that follows another.
        Renew = "renew",
        /// A cycle of a running term.
        CycleCharge = "cycleCharge",
        /// Seats that came.
        AddQuantity = "addQuantity",
        /// Seats that went.
        RemoveQuantity = "removeQuantity",
        /// Seats that moved to another item.
        MoveQuantity = "moveQuantity",
        /// A cancellation.
        CancelImmediate = "cancelImmediate",
        /// A trial that became what is paid for.
        Convert = "convert",
        /// Another frequency.
        ChangeBillingPlan = "changeBillingPlan",
        /// What is given to a customer.
        CustomerCredit = "customerCredit",
        /// A term that was made longer.
        ExtendTerm = "extendTerm",
        /// Consumption, no type of reconciliation of licences.
        Usage = "usage",
    }
}

/// One amount booked on a subscription (BIL-041); negative amounts are refunds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// Its id.
    pub id: Id<Charge>,
    /// The subscription.
    pub subscription: Id<Subscription>,
    /// Order of booking within the subscription.
    pub position: i64,
    /// Charge type (BIL-045).
    pub kind: ChargeKind,
    /// What the operator charges.
    pub amount: Money,
    /// First day covered.
    pub from_day: Date,
    /// Last day covered.
    pub until_day: Date,
    /// When it was booked.
    pub booked: Timestamp,
    /// How the amount follows from the price.
    pub basis: Basis,
    /// The operator's price per seat for a whole term.
    pub unit_price: Money,
    /// The seller then; absent when the operator sold it.
    pub seller: Option<Id<Account>>,
    /// The reseller of record then.
    pub reseller: Option<Id<Account>>,
    /// The customer.
    pub customer: Id<Tenant>,
    /// What it was of.
    pub item: Id<Item>,
    /// Its term then.
    pub term: Term,
    /// How it was billed.
    pub frequency: Frequency,
    /// The first day of the term in which the prices of all tiers were set (BIL-023).
    pub priced_on: Date,
    /// The seller's region at purchase.
    pub home: String,
}

/// An upgrade that was carried out (SUB-026).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpgradeRecord {
    /// Its id.
    pub id: Id<UpgradeRecord>,
    /// The subscription that was upgraded.
    pub subscription: Id<Subscription>,
    /// Its place among the upgrades of the subscription, from one.
    pub position: i64,
    /// Where its seats are now: the same, a second one, or one that was there (SUB-029).
    pub target: Id<Subscription>,
    /// What it was of.
    pub from_item: Id<Item>,
    /// What the seats are of now.
    pub to_item: Id<Item>,
    /// How many seats went.
    pub quantity: i64,
    /// The term of the target.
    pub term: Term,
    /// The billing frequency of the target.
    pub frequency: Frequency,
    /// Licences moved along.
    pub move_licences: bool,
    /// When.
    pub at: Timestamp,
}

words! {
    /// Services whose use beyond what a licence includes is billed by use (SUB-051).
    pub enum OverageService {
        /// Telephony.
        PhoneServices = "phone_services",
    }
}

/// To which consumption subscription the use beyond a customer's licences flows (SUB-051).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overage {
    /// The customer.
    pub customer: Id<Tenant>,
    /// The service.
    pub service: OverageService,
    /// The partner that set it.
    pub partner: Id<Account>,
    /// The consumption subscription.
    pub subscription: Id<Subscription>,
    /// It flows there; otherwise it is set to none, and another partner may set it.
    pub enabled: bool,
    /// When it was set.
    pub modified: Timestamp,
    /// Changes with every write.
    pub version: i64,
}

/// What a customer had of the previous consumption offer has moved under its seller's plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductUpgrade {
    /// Its id.
    pub id: Id<ProductUpgrade>,
    /// The seller.
    pub partner: Id<Account>,
    /// The customer.
    pub customer: Id<Tenant>,
    /// What has moved.
    pub lines: Vec<UpgradedLine>,
    /// When.
    pub at: Timestamp,
}

/// A subscription that has moved under a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpgradedLine {
    /// The subscription, which keeps its id.
    pub subscription: Id<Subscription>,
    /// What it was of.
    pub from_item: Id<Item>,
    /// What it is of now.
    pub to_item: Id<Item>,
}

/// That a marketplace subscription was activated in a sandbox, where nobody follows its activation link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activated {
    /// The subscription.
    pub subscription: Id<Subscription>,
    /// Since when.
    pub at: Timestamp,
}

/// That a consumption subscription is registered, so that reservations may be bought for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The subscription.
    pub subscription: Id<Subscription>,
    /// Since when.
    pub at: Timestamp,
}

/// A transfer between partners.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Its id.
    pub id: Id<Transfer>,
    /// Its short name.
    pub handle: String,
    /// Which procedure.
    pub kind: TransferKind,
    /// The giving partner.
    pub from_partner: Id<Account>,
    /// The receiving partner.
    pub to_partner: Id<Account>,
    /// The customer.
    pub customer: Id<Tenant>,
    /// What it carries.
    pub lines: Vec<TransferLine>,
    /// PartnerID of the reseller of record at the receiver, of the lines that name no other.
    pub partner_of_record: Option<String>,
    /// Its state.
    pub state: TransferState,
    /// When it was made.
    pub created: Timestamp,
    /// When it was changed last.
    pub modified: Timestamp,
    /// Who changed it last.
    pub modified_by: String,
    /// Changes with every write.
    pub version: i64,
}

impl Transfer {
    /// Whether it carries a subscription, by its handle.
    #[must_use]
    pub fn carries(&self, handle: &str) -> bool {
        self.lines.iter().any(|line| line.subscription == handle)
    }

    /// PartnerID of the reseller of record of the line in a place: that of its base, its own, or the transfer's.
    #[must_use]
    pub fn record_of(&self, place: usize) -> Option<&String> {
        let line = self.lines.get(place)?;
        let base = line.base.and_then(|base| self.lines.get(base));
        let own = base.unwrap_or(line).partner_of_record.as_ref();
        own.or(self.partner_of_record.as_ref())
    }
}

/// What a transfer carries of one subscription: what it was when the transfer was made (TRF-008).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferLine {
    /// Handle of the subscription.
    pub subscription: String,
    /// What it was of.
    pub item: Id<Item>,
    /// How many seats it had.
    pub quantity: i64,
    /// PartnerID of another reseller of record at the receiver than the transfer's. An add-on has its base's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner_of_record: Option<String>,
    /// The place of its base among the lines, with which it moves or stays (TRF-007).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<usize>,
    /// The order that it became at the receiver (TRF-010).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Id<Order>>,
    /// Why it could not be moved (TRF-010).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// Role of a partner on a consumption resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceRole {
    /// The partner.
    pub partner: Id<Account>,
    /// The consumption subscription.
    pub subscription: Id<Subscription>,
    /// The role.
    pub role: ResourceRoleName,
}

/// Credit line of a program account (BIL-030). Without this row credit is ample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreditLine {
    /// The account.
    pub partner: Id<Account>,
    /// The limit.
    pub credit_limit: Money,
    /// Owed beside the invoices on record.
    pub unpaid: Money,
    /// Used but not billed yet.
    pub unbilled: Money,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// BIL-045: the set is closed, and nothing else can be kept as the type of a charge.
    #[test]
    fn charges_have_the_types_of_reconciliation() {
        let documented = [
            "new",
            "renew",
            "cycleCharge",
            "addQuantity",
            "removeQuantity",
            "moveQuantity",
            "cancelImmediate",
            "convert",
            "changeBillingPlan",
            "customerCredit",
            "extendTerm",
        ];
        let licences = ChargeKind::ALL
            .iter()
            .filter(|kind| **kind != ChargeKind::Usage);
        let words: Vec<&str> = licences.map(|kind| kind.as_str()).collect();
        assert_eq!(words, documented);
        assert!("credit".parse::<ChargeKind>().is_err());
    }
}

//! Consumption: meters and their prices, what was used of them, what a day and a month of it cost, and the access that
//! earns credit on it.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::decimal::Decimal;
use crate::id::Id;
use crate::money::Money;
use crate::partner::{Account, Location, Tenant};
use crate::subscription::{Charge, ResourceRoleName, Subscription};
use crate::time::{Date, Timestamp};
use crate::words;

/// Something that is metered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meter {
    /// Its number, by which events name it in the database.
    pub number: i64,
    /// Its id on the wire.
    pub handle: String,
    /// Its name.
    pub name: String,
    /// The service it belongs to.
    pub category: String,
    /// The finer one.
    pub subcategory: String,
    /// Where it is metered; empty for everywhere.
    pub region: String,
    /// What one of it is.
    pub unit: String,
    /// Whether a partner can earn on it: spot machines, products of others and overage earn nothing (PEC-005).
    pub earns: bool,
}

/// What one unit costs from a day on, in US dollars (BIL-021).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeterPrice {
    /// The meter.
    pub meter: i64,
    /// The first day it holds.
    pub from_day: Date,
    /// The price, with up to 16 decimals.
    pub price: Decimal,
}

/// One file of usage. The log answers for its events through the digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageUpload {
    /// Its id.
    pub id: Id<UsageUpload>,
    /// When it came, in the world.
    pub at: Timestamp,
    /// Lines that it had.
    pub lines: i64,
    /// Events of it that were new.
    pub events: i64,
    /// The digest of those, in the order of their ids.
    pub digest: Vec<u8>,
}

/// What was used, as the provider of the service reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageEvent {
    /// The sender's id of it, where that is a GUID, or else a digest of it.
    pub id: Uuid,
    /// The file that it came with first.
    pub upload: Id<UsageUpload>,
    /// By what.
    pub subscription: Id<Subscription>,
    /// Of what.
    pub meter: i64,
    /// When.
    pub at: Timestamp,
    /// How much.
    pub quantity: Decimal,
    /// What it costs in US dollars, where it came rated.
    pub cost: Option<Decimal>,
    /// The resource that used it; nil where none was named.
    pub resource: Uuid,
}

/// A resource that usage was reported of. Its id is a digest of the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageResource {
    /// Its id.
    pub id: Uuid,
    /// Its subscription.
    pub subscription: Id<Subscription>,
    /// Its path.
    pub uri: String,
    /// Its group.
    pub resource_group: String,
    /// Where it runs.
    pub location: String,
    /// What its owner wrote on it.
    pub tags: BTreeMap<String, String>,
}

words! {
    /// Why a day's consumption earned nothing, or that it did.
    pub enum Earning {
        /// Not rated yet.
        Open = "open",
        /// Credit was earned.
        Earned = "earned",
        /// What was used earns nothing (PEC-005).
        Excluded = "excluded",
        /// Nobody billed by the operator sold it (PEC-001).
        NotBilled = "not_billed",
        /// The subscription did not run that day.
        NotRunning = "not_running",
        /// The partner's membership is not active (PEC-002).
        Membership = "membership",
        /// The credit was lost (PEC-009).
        Forfeited = "forfeited",
        /// Nobody of the chain had access the whole day (PEC-002, PEC-011).
        NoAccess = "no_access",
        /// Only roles that read (PEC-003).
        ReadOnly = "read_only",
        /// Only somebody outside the chain had access (PEC-004).
        OutsideChain = "outside_chain",
        /// A denial took the role's effect away (PEC-011).
        Denied = "denied",
        /// The access is linked to no PartnerID of the chain (PEC-012).
        NotLinked = "not_linked",
    }
}

/// What one subscription used of one meter with one resource in a day, and what it costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageDay {
    /// By what.
    pub subscription: Id<Subscription>,
    /// When.
    pub day: Date,
    /// Of what.
    pub meter: i64,
    /// With what; nil where no resource was named.
    pub resource: Uuid,
    /// The subscription's customer.
    pub customer: Id<Tenant>,
    /// How much.
    pub quantity: Decimal,
    /// How much of that came without a cost of its own.
    pub unrated: Decimal,
    /// What the rest costs, in US dollars.
    pub given: Decimal,
    /// Events of that day.
    pub events: i64,
    /// When the last of them came.
    pub changed: Timestamp,
    /// What it costs at list price, in US dollars.
    pub list: Decimal,
    /// Whether it earned credit, and if not, why.
    pub earning: Earning,
    /// Credit in per cent.
    pub percent: i64,
    /// What it costs less the credit, in US dollars.
    pub net: Decimal,
    /// How much of it is charged already.
    pub charged_quantity: Decimal,
    /// What that costs at list price.
    pub charged_list: Decimal,
    /// What that costs less the credit.
    pub charged_net: Decimal,
    /// What it uses up of the seller's credit limit until it is charged, in US cents.
    pub reserved: i64,
    /// When it was rated last; absent while it has to be.
    pub rated: Option<Timestamp>,
}

/// What stands behind one charge for consumption: a month's use of one meter. There are two where the subscription went
/// from one partner to another within the month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageCharge {
    /// The charge.
    pub charge: Id<Charge>,
    /// By what.
    pub subscription: Id<Subscription>,
    /// The first day of the month.
    pub month: Date,
    /// Of what.
    pub meter: i64,
    /// How much.
    pub quantity: Decimal,
    /// What it costs at list price, in US dollars.
    pub list: Decimal,
    /// What it costs less the credit of each day, in US dollars.
    pub net: Decimal,
    /// How much of the billing currency a US dollar was.
    pub rate: Decimal,
    /// What was booked.
    pub amount: Money,
}

words! {
    /// What a grant of access does.
    pub enum AccessEffect {
        /// It gives a role.
        Allow = "allow",
        /// It takes the effect of a role away (PEC-011).
        Deny = "deny",
    }
}

/// Access to a consumption resource that is bounded: by time, to a part of the subscription, or by whose PartnerID it is
/// linked to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceAccess {
    /// Who holds it.
    pub partner: Id<Account>,
    /// The subscription or plan.
    pub subscription: Id<Subscription>,
    /// The part of it: empty for all of it, the name of a resource group, or the path of a resource.
    pub scope: String,
    /// What it does.
    pub effect: AccessEffect,
    /// The role.
    pub role: ResourceRoleName,
    /// The first instant it holds, where it did not always.
    pub begins: Option<Timestamp>,
    /// The instant from which it does not hold any more.
    pub ends: Option<Timestamp>,
    /// The location whose PartnerID it is linked to (PEC-012).
    pub linked: Option<Id<Location>>,
}

/// A partner that earns nothing from a day on, because it pressed customers for access (PEC-009).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreditLoss {
    /// Who.
    pub partner: Id<Account>,
    /// From when.
    pub from_day: Date,
    /// The last day, where it ends.
    pub until_day: Option<Date>,
}

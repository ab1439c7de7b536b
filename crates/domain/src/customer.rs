//! End customers, what ties partners to them, and what they agreed to.

use crate::id::Id;
use crate::money::Money;
use crate::partner::{Account, Tenant};
use crate::place::Country;
use crate::time::{Date, Timestamp};
use crate::words;

words! {
    /// Market segments of customers and offers (ORD-008).
    pub enum Segment {
        /// Everybody else.
        Commercial = "commercial",
        /// Education.
        Education = "education",
        /// Nonprofit.
        Nonprofit = "nonprofit",
        /// Government community cloud.
        GovernmentCommunityCloud = "government_community_cloud",
    }
}

words! {
    /// Verification of a special qualification (CUS-025).
    pub enum Qualification {
        /// Verified.
        Approved = "approved",
        /// Being verified.
        InReview = "in_review",
        /// Refused.
        Denied = "denied",
    }
}

words! {
    /// State of a customer account (CUS-016, SEC-019).
    pub enum CustomerState {
        /// In good standing.
        Approved = "approved",
        /// Being reviewed.
        UnderReview = "under_review",
        /// Refused.
        Disapproved = "disapproved",
        /// Suspended by the operator.
        SuspendedForMisuse = "suspended_for_misuse",
    }
}

words! {
    /// A customer's conditional access policy (GDA-025).
    pub enum ConditionalAccess {
        /// Lets partners in.
        Open = "open",
        /// Blocks service providers.
        BlocksPartners = "blocks_partners",
    }
}

words! {
    /// States of a reseller relationship (CUS-031); `none` where there never was one.
    pub enum RelationshipState {
        /// There is none.
        None = "none",
        /// Invited, not answered.
        Invited = "invited",
        /// In force.
        Active = "active",
        /// The customer said no.
        Declined = "declined",
        /// The partner took the invitation back.
        Withdrawn = "withdrawn",
        /// The invitation grew too old.
        Lapsed = "lapsed",
        /// Ended.
        Removed = "removed",
    }
}

words! {
    /// Administration rights that came with a relationship (section 6.3).
    pub enum Delegation {
        /// None.
        None = "none",
        /// The old all-powerful delegation, imported state only (DAP-002).
        Full = "full",
    }
}

words! {
    /// How a transitioning partner won a customer (ENR-028).
    pub enum Acquired {
        /// As direct-bill partner.
        Directly = "directly",
        /// As reseller of a provider.
        AsReseller = "as_reseller",
    }
}

words! {
    /// Whose word evidences the customer agreement (AGR-020).
    pub enum AcceptedBy {
        /// A partner attests.
        Partner = "partner",
        /// The customer accepted itself.
        Customer = "customer",
    }
}

/// What makes a tenant an end customer. Keyed by the tenant; a tenant without this row that buys
/// counts as approved and commercial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// The tenant.
    pub tenant: Id<Tenant>,
    /// Where its office is, if not in the tenant's country; decides nothing (REG-004).
    pub office: Option<Country>,
    /// Its segment.
    pub segment: Segment,
    /// A state-owned entity.
    pub state_owned: bool,
    /// Verification of the segment.
    pub qualification: Qualification,
    /// State of the account.
    pub account_state: CustomerState,
    /// Its conditional access policy.
    pub conditional_access: ConditionalAccess,
    /// Monthly spending budget (CUS-028).
    pub budget: Option<Money>,
    /// Subscriptions it has beside those on record (ORD-040).
    pub extra_subscriptions: i64,
    /// Language-and-country of its texts, such as `en-US`.
    pub culture: String,
    /// Two-letter language.
    pub language: String,
    /// Registration number, where its country wants one (CUS-012).
    pub registration_number: Option<String>,
    /// Changes with every write; the ETag.
    pub version: i64,
}

/// Reseller relationship of a partner with a customer tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relationship {
    /// The partner.
    pub partner: Id<Account>,
    /// The tenant.
    pub customer: Id<Tenant>,
    /// Its state.
    pub state: RelationshipState,
    /// Since when it is in that state.
    pub since: Timestamp,
    /// The day it was removed.
    pub removed: Option<Date>,
    /// Legacy delegation that came with it.
    pub delegation: Delegation,
    /// How the customer was won.
    pub acquired: Acquired,
    /// The provider that a joint invitation names, or the reseller a created customer is for.
    pub joint_with: Option<Id<Account>>,
    /// The customer may buy reservations itself (CUS-026).
    pub self_service: bool,
}

/// Evidence of the customer agreement (AGR-020, AGR-023, AGR-032).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attestation {
    /// Its id.
    pub id: Id<Attestation>,
    /// The customer.
    pub customer: Id<Tenant>,
    /// The attesting partner; absent when the customer accepted itself.
    pub partner: Option<Id<Account>>,
    /// Whose word it is.
    pub accepted_by: AcceptedBy,
    /// First name of the person who accepted.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Mail address.
    pub email: String,
    /// Telephone.
    pub phone: Option<String>,
    /// The day of acceptance.
    pub agreed: Date,
    /// Template accepted.
    pub template: String,
    /// Who recorded it.
    pub recorded_by: String,
    /// When it was recorded.
    pub recorded_at: Timestamp,
}

//! Organizations, locations, tenants, program accounts and what binds them.

use crate::id::Id;
use crate::money::Money;
use crate::place::Country;
use crate::time::{Date, Timestamp};
use crate::words;

words! {
    /// The program types of an account (IDN-001), and the plain membership without one.
    pub enum PartnerType {
        /// Buys from the operator and supplies resellers ("distributor").
        IndirectProvider = "indirect_provider",
        /// Sells to customers, supplied by a provider.
        IndirectReseller = "indirect_reseller",
        /// Buys from the operator and sells to its own customers.
        DirectBill = "direct_bill",
        /// Membership without a program type: may advise, never transact.
        Advisor = "advisor",
    }
}

impl PartnerType {
    /// Whether the operator bills accounts of this type (BIL-001).
    #[must_use]
    pub const fn is_billed(self) -> bool {
        matches!(self, Self::IndirectProvider | Self::DirectBill)
    }
}

words! {
    /// The states of ENR-043, and `not_enrolled` for a company that only joined the portal.
    pub enum AccountState {
        /// Joined the portal, enrolled in nothing.
        NotEnrolled = "not_enrolled",
        /// Application sent.
        Applied = "applied",
        /// Being verified (ENR-005).
        Pending = "pending",
        /// Verification failed; may appeal (ENR-007).
        Rejected = "rejected",
        /// Verified, agreement open (ENR-009).
        Qualified = "qualified",
        /// May do new business.
        Active = "active",
        /// Direct-bill only: keeps its estate, buys nothing new (ENR-024).
        Restricted = "restricted",
        /// Manages what exists, sells nothing (ENR-038).
        Suspended = "suspended",
        /// Reseller below the revenue threshold (ENR-033).
        Deauthorized = "deauthorized",
        /// Gone.
        Terminated = "terminated",
    }
}

words! {
    /// Membership of a company in the partner network (ENR-008).
    pub enum MembershipState {
        /// In good standing.
        Active = "active",
        /// Not verified yet.
        Pending = "pending",
        /// Verification failed.
        Rejected = "rejected",
    }
}

words! {
    /// The two kinds of account that carry a PartnerID (IDN-007).
    pub enum LocationKind {
        /// One place of business; transacts.
        Location = "location",
        /// The headquarters' account; does not transact (IDN-008).
        Global = "global",
    }
}

words! {
    /// State of a location and its PartnerID.
    pub enum LocationState {
        /// Usable.
        Active = "active",
        /// Being verified.
        Pending = "pending",
        /// Verification failed.
        Rejected = "rejected",
        /// Switched off.
        Inactive = "inactive",
    }
}

words! {
    /// What a directory tenant is for (IDN-027).
    pub enum TenantType {
        /// For internal use, or of an ordinary customer.
        Customer = "customer",
        /// Used for program transactions.
        Partner = "partner",
        /// The special tenant of TXN-409.
        SharedServices = "shared_services",
    }
}

words! {
    /// Where an account lives.
    pub enum Environment {
        /// The real program.
        Production = "production",
        /// An integration sandbox with the caps of ENR-041.
        Sandbox = "sandbox",
    }
}

words! {
    /// The cloud an account belongs to (AGR-030).
    pub enum Cloud {
        /// The public cloud.
        Public = "public",
        /// A national cloud.
        National = "national",
    }
}

words! {
    /// Progress of a direct-bill partner's enrolment as a reseller (ENR-026).
    pub enum ResellerEnrolment {
        /// Not begun.
        None = "none",
        /// Begun.
        Open = "open",
        /// Done: the account is a reseller as well.
        Complete = "complete",
    }
}

words! {
    /// Partner support plans (ENR-014).
    pub enum SupportPlan {
        /// None.
        None = "none",
        /// Advanced.
        Advanced = "advanced",
        /// Premier.
        Premier = "premier",
    }
}

words! {
    /// Whether the partner agreement is accepted in the account's region (AGR-004).
    pub enum AgreementState {
        /// Accepted.
        Accepted = "accepted",
        /// Not yet accepted.
        Open = "open",
    }
}

words! {
    /// States of a provider–reseller relation (REL-023).
    pub enum PartnershipState {
        /// There is none.
        None = "none",
        /// Invited, not answered.
        Invited = "invited",
        /// In force.
        Active = "active",
        /// The reseller said no.
        Declined = "declined",
        /// The provider took the invitation back.
        Withdrawn = "withdrawn",
        /// The invitation grew too old.
        Lapsed = "lapsed",
        /// Ended.
        Removed = "removed",
    }
}

/// A company.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Its id.
    pub id: Id<Organization>,
    /// Its short name, unique in the world.
    pub handle: String,
    /// Its legal name.
    pub name: String,
    /// Country of the global account.
    pub headquarters: Option<Country>,
    /// Membership in the partner network.
    pub membership: MembershipState,
}

/// One recorded tie of ownership or common control (IDN-030); the relation is the closure over all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Affiliation {
    /// One organization.
    pub of_org: Id<Organization>,
    /// The other.
    pub with_org: Id<Organization>,
    /// The day it was recorded; absent when it always held.
    pub since: Option<Date>,
}

/// A location account and its PartnerID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// Its id.
    pub id: Id<Location>,
    /// Its short name.
    pub handle: String,
    /// The company it belongs to.
    pub organization: Id<Organization>,
    /// Where it is.
    pub country: Country,
    /// Location or global account.
    pub kind: LocationKind,
    /// Its state.
    pub state: LocationState,
    /// The PartnerID: digits, unique.
    pub partner_id: String,
}

/// A directory tenant. Its id is the GUID the wire shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Its id.
    pub id: Id<Tenant>,
    /// Its short name.
    pub handle: String,
    /// The company it belongs to.
    pub organization: Id<Organization>,
    /// What it is for.
    pub kind: TenantType,
    /// Its country, which decides its market (REG-004).
    pub country: Country,
    /// Its initial domain.
    pub domain: String,
    /// The partner account it is associated with, if any (IDN-020).
    pub associated_with: Option<Id<Account>>,
    /// The day it became a program tenant, if it is one.
    pub program_since: Option<Date>,
}

/// A program account: one organization in one country in one role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: Id<Account>,
    /// Its short name.
    pub handle: String,
    /// The company.
    pub organization: Id<Organization>,
    /// Its role.
    pub kind: PartnerType,
    /// The country that fixes its market and currency (REG-003, IDN-014).
    pub country: Country,
    /// Its state.
    pub state: AccountState,
    /// Since when it is in that state.
    pub state_since: Date,
    /// The day it was authorised first.
    pub onboarded: Date,
    /// Its program tenant.
    pub tenant: Id<Tenant>,
    /// The location whose PartnerID is associated, if any (ENR-010).
    pub location: Option<Id<Location>>,
    /// Its mail domain.
    pub domain: String,
    /// Production or sandbox.
    pub environment: Environment,
    /// Customers it has in the sandbox beside those on record.
    pub sandbox_customers: i64,
    /// The cloud.
    pub cloud: Cloud,
    /// Segments it is approved for, such as `government_community_cloud`.
    pub approvals: Vec<String>,
    /// Cloud revenue of the trailing twelve months; absent when it suffices for every check.
    pub revenue_cloud: Option<Money>,
    /// Perpetual software revenue of the trailing twelve months.
    pub revenue_perpetual: Option<Money>,
    /// A direct-bill partner on its way to the indirect model.
    pub transitioning: bool,
    /// How far its reseller enrolment is.
    pub reseller_enrolment: ResellerEnrolment,
    /// Its support plan.
    pub support_plan: SupportPlan,
    /// A membership benefit includes technical support.
    pub support_benefit: bool,
    /// Its third-party MFA is accepted by exception (SEC-004).
    pub third_party_mfa_exception: bool,
    /// Its legal name, where it differs from the organization's.
    pub legal_name: Option<String>,
    /// The security contact (SEC-010).
    pub security_contact: Option<String>,
    /// Changes with every write; the ETag.
    pub version: i64,
}

impl Account {
    /// Whether it may stand on the reseller's side: a reseller, or a direct-bill partner whose
    /// reseller enrolment is complete while it moves (ENR-026).
    #[must_use]
    pub fn acts_as_reseller(&self) -> bool {
        self.kind == PartnerType::IndirectReseller
            || (self.transitioning && self.reseller_enrolment == ResellerEnrolment::Complete)
    }
}

/// The partner agreement of one account, hence of its region (AGR-004).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// The account.
    pub account: Id<Account>,
    /// Accepted or open.
    pub state: AgreementState,
    /// The day of acceptance.
    pub accepted: Option<Date>,
    /// Version of the terms that was accepted.
    pub template: String,
    /// Who accepted.
    pub signer: Option<String>,
    /// The signer has left since (AGR-007).
    pub signer_left: bool,
    /// The day newer terms took effect (AGR-008).
    pub terms_updated: Option<Date>,
}

/// A provider–reseller relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partnership {
    /// The provider.
    pub provider: Id<Account>,
    /// The reseller.
    pub reseller: Id<Account>,
    /// Its state.
    pub state: PartnershipState,
    /// Since when it is in that state.
    pub since: Timestamp,
    /// When a support case asking for its end was opened (TXN-606).
    pub removal_requested: Option<Date>,
    /// The provider has administrator access to the reseller's own account (REL-005).
    pub provider_access: bool,
}

words! {
    /// Requirements that are judged outside the system and recorded as dated decisions.
    pub enum Requirement {
        /// The capability assessment by a third party (ENR-015, ENR-016).
        Capability = "capability",
        /// The partner support plan of an applicant (ENR-014).
        SupportPlan = "support_plan",
        /// Verification of the account (ENR-005).
        Verification = "verification",
    }
}

/// A decision about a requirement, made by people, with its evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Its id.
    pub id: Id<Judgement>,
    /// The account judged.
    pub account: Id<Account>,
    /// What was judged.
    pub requirement: Requirement,
    /// Met or not.
    pub passed: bool,
    /// The day it holds from.
    pub day: Date,
    /// When it was recorded; the latest record of a day counts.
    pub recorded_at: Timestamp,
    /// Who recorded it.
    pub recorded_by: String,
    /// Evidence or reasons, in words.
    pub evidence: String,
}

/// The operator's dated waiver of the self-sale ban (TXN-507).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiver {
    /// Its name.
    pub handle: String,
    /// The company whose accounts may sell.
    pub organization: Id<Organization>,
    /// First day.
    pub from_day: Date,
    /// Last day.
    pub until_day: Date,
}

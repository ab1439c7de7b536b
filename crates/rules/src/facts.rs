//! The facts a decision rests on, typed and complete before the first rule looks at them.
//!
//! `app` loads them from one transaction; nothing here reads a database or a clock. A group that a
//! checkpoint does not need is absent, and a rule that looks at an absent group does not forbid: which
//! groups a checkpoint loads is fixed in one place (`app::facts`) and tested there.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use tierline_domain::admin::{Mfa, ProgramRole};
use tierline_domain::customer::{
    Acquired, ConditionalAccess, CustomerState, Delegation, Qualification, RelationshipState,
    Segment,
};
use tierline_domain::money::{Currency, Money};
use tierline_domain::partner::{
    AccountState, Cloud, Environment, LocationKind, LocationState, MembershipState, PartnerType,
    PartnershipState, ResellerEnrolment, SupportPlan, TenantType,
};
use tierline_domain::place::{Country, Region};
use tierline_domain::time::{Date, Timestamp};

/// A group of facts. What is not so, not there or empty is not written down, and reads as that: it was a
/// quarter of what is kept of a decision.
macro_rules! facts {
    ($(#[$meta:meta])* pub struct $name:ident { $($fields:tt)* }) => {
        #[serde_with::apply(
            bool => #[serde(default, skip_serializing_if = "std::ops::Not::not")],
            Option<_> => #[serde(default, skip_serializing_if = "Option::is_none")],
            Vec<_> => #[serde(default, skip_serializing_if = "Vec::is_empty")],
            SmallVec<_> => #[serde(default, skip_serializing_if = "SmallVec::is_empty")],
        )]
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub struct $name { $($fields)* }
    };
}

mod checkpoint;
mod forms;
mod sale;

pub use checkpoint::*;
pub use forms::*;
pub use sale::*;

tierline_domain::words! {
    /// In what capacity somebody acts.
    pub enum CallerKind {
        /// A user (or application) of a partner.
        Partner = "partner",
        /// A user of a customer's tenant.
        Customer = "customer",
        /// An organization's authorised signatory, before it has an account.
        Signatory = "signatory",
        /// The operator's staff or scheduler.
        Operator = "operator",
    }
}

tierline_domain::words! {
    /// What kind of token a call carries (ROL-018, SEC-007).
    pub enum TokenKind {
        /// Application and user.
        User = "user",
        /// An application alone.
        Application = "application",
        /// Got by a password flow.
        PasswordFlow = "password_flow",
    }
}

tierline_domain::words! {
    /// Where a call comes in.
    pub enum Channel {
        /// The API.
        Api = "api",
        /// The portal.
        Portal = "portal",
    }
}

/// Program roles of a caller, as a set; other role names count for nothing here (ROL-002).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Roles(u16);

impl Roles {
    /// No role at all.
    pub const NONE: Self = Self(0);

    /// Every program role.
    #[must_use]
    pub fn all() -> Self {
        ProgramRole::PROGRAM
            .into_iter()
            .fold(Self::NONE, Self::with)
    }

    #[expect(clippy::as_conversions, reason = "a fieldless enumeration's number")]
    const fn bit(role: ProgramRole) -> u16 {
        1 << (role as u16)
    }

    /// The set with one role more.
    #[must_use]
    pub const fn with(self, role: ProgramRole) -> Self {
        Self(self.0 | Self::bit(role))
    }

    /// Whether any of these roles is held.
    #[must_use]
    pub fn any(self, roles: &[ProgramRole]) -> bool {
        roles.iter().any(|role| self.0 & Self::bit(*role) != 0)
    }

    /// Whether no program role is held.
    #[must_use]
    pub fn none(self) -> bool {
        !self.any(&ProgramRole::PROGRAM)
    }
}

facts! {
    /// Who acts.
    pub struct Caller {
        /// In what capacity.
        pub kind: CallerKind,
        /// The name of the party it acts for (partner, tenant, organization, `operator`).
        pub name: String,
        /// The user's own name, where one is named.
        pub user: Option<String>,
        /// Program roles (partners).
        pub roles: Roles,
        /// Names of all roles held, program, membership or directory, for display.
        pub role_names: Arc<[String]>,
        /// Holds the global administrator role of its own tenant (customers; ROL-030).
        pub customer_admin: bool,
        /// How it signed in.
        pub mfa: Mfa,
        /// What token it carries.
        pub token: TokenKind,
        /// Where it comes in.
        pub channel: Channel,
        /// A guest in the partner's tenant (ROL-016).
        pub guest: bool,
        /// Application acting with the user, without consent from any customer (ROL-037).
        pub application: Option<String>,
    }
}

facts! {
    /// A program account as a decision sees it.
    pub struct Party {
        /// Its short name.
        pub name: String,
        /// What it is called.
        pub title: String,
        /// Its organization's short name.
        pub organization: String,
        /// Its role.
        pub kind: PartnerType,
        /// Whether it may stand on the reseller's side.
        pub acts_as_reseller: bool,
        /// Its country.
        pub country: Country,
        /// The region of its country today, if any (REG-018).
        pub region: Option<RegionFact>,
        /// Its state.
        pub state: AccountState,
        /// Since when.
        pub state_since: Date,
        /// Authorised first.
        pub onboarded: Date,
        /// Membership of its organization.
        pub membership: MembershipState,
        /// The partner agreement is accepted in its region.
        pub signed: bool,
        /// The program tenant's short name.
        pub tenant: String,
        /// The associated location, if any.
        pub location: Option<PlaceFact>,
        /// Production or sandbox.
        pub environment: Environment,
        /// Customers in its sandbox.
        pub sandbox_customers: i64,
        /// Its cloud.
        pub cloud: Cloud,
        /// Segments it is approved for.
        pub approvals: SmallVec<[String; 1]>,
        /// Trailing-twelve-month revenue, where recorded.
        pub revenue_cloud: Option<Money>,
        /// The same for perpetual software.
        pub revenue_perpetual: Option<Money>,
        /// Moving to the indirect model.
        pub transitioning: bool,
        /// How far its reseller enrolment is.
        pub reseller_enrolment: ResellerEnrolment,
        /// Its support plan.
        pub support_plan: SupportPlan,
        /// A benefit includes technical support.
        pub support_benefit: bool,
        /// Third-party MFA accepted by exception.
        pub third_party_mfa_exception: bool,
        /// Its mail domain.
        pub domain: String,
        /// The currency it is billed in (BIL-020).
        pub currency: Option<Currency>,
    }
}

impl Party {
    /// The region, where its country has one.
    #[must_use]
    pub fn region(&self) -> Option<Region> {
        self.region.map(|fact| fact.region)
    }

    /// An invoice-overdue or abuse suspension, a restriction and the like all show as the state.
    #[must_use]
    pub fn may_do_new_business(&self) -> bool {
        self.state == AccountState::Active
    }
}

/// A country's region, and since when if it moved (REG-016).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegionFact {
    /// The region today.
    pub region: Region,
    /// The day it came there, where it was elsewhere before.
    pub moved: Option<Date>,
}

impl Serialize for RegionFact {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.region.as_str(), self.moved.map(|day| day.to_string())).serialize(serializer)
    }
}
impl<'de> Deserialize<'de> for RegionFact {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (name, moved): (String, Option<String>) = Deserialize::deserialize(deserializer)?;
        let region = crate::regions::by_name(&name)
            .ok_or_else(|| serde::de::Error::custom("unknown region"))?;
        let moved = moved
            .map(|day| day.parse().map_err(serde::de::Error::custom))
            .transpose()?;
        Ok(Self { region, moved })
    }
}

facts! {
    /// A location account.
    pub struct PlaceFact {
        /// Its short name.
        pub name: String,
        /// Its PartnerID.
        pub partner_id: String,
        /// Its organization.
        pub organization: String,
        /// Its country.
        pub country: Country,
        /// Location or global account.
        pub kind: LocationKind,
        /// Its state.
        pub state: LocationState,
        /// The account it is associated with, if any.
        pub account: Option<String>,
    }
}

/// What a PartnerID given as reseller of record turned out to be.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Named {
    /// None was given.
    #[default]
    None,
    /// No organization has this PartnerID.
    Unknown {
        /// As it was given.
        given: String,
    },
    /// The PartnerID of a location or global account that is tied to no program account.
    Unenrolled {
        /// As it was given.
        given: String,
        /// The location.
        place: PlaceFact,
    },
    /// A program account.
    Account {
        /// As it was given.
        given: String,
        /// The account.
        party: Box<Party>,
    },
}

impl Named {
    /// The account, where there is one.
    #[must_use]
    pub fn party(&self) -> Option<&Party> {
        match self {
            Self::Account { party, .. } => Some(party),
            _ => None,
        }
    }

    /// What the caller gave.
    #[must_use]
    pub fn given(&self) -> Option<&str> {
        match self {
            Self::None => None,
            Self::Unknown { given }
            | Self::Unenrolled { given, .. }
            | Self::Account { given, .. } => Some(given),
        }
    }

    /// Whether a reseller was named at all.
    #[must_use]
    pub const fn is_some(&self) -> bool {
        !matches!(self, Self::None)
    }
}

facts! {
    /// The tenant that would receive what is sold, and its owner.
    pub struct Buyer {
        /// The tenant's short name.
        pub name: String,
        /// The owner's short name.
        pub organization: String,
        /// What the owner is called.
        pub title: String,
        /// What the tenant is for.
        pub tenant_type: TenantType,
        /// The account that uses it as program tenant, if any.
        pub used_by: Option<String>,
        /// The account that uses it belongs to the owner.
        pub used_by_owner: bool,
        /// Since when it is a program tenant.
        pub program_since: Option<Date>,
        /// The owner is a program partner (holds an enrolled account).
        pub owner_is_partner: bool,
        /// The owner holds an account that may stand on the reseller's side.
        pub owner_is_reseller: bool,
        /// The owner's reseller account that is in active partnership with the chain's provider, if any.
        pub owner_resells_for_provider: Option<String>,
        /// The tenant's country.
        pub country: Country,
        /// The region of that country today.
        pub region: Option<RegionFact>,
        /// Where its office is, if elsewhere.
        pub office: Option<Country>,
        /// Its segment.
        pub segment: Segment,
        /// State-owned.
        pub state_owned: bool,
        /// Verification of the segment.
        pub qualification: Qualification,
        /// State of the customer account.
        pub account_state: CustomerState,
        /// Its conditional access policy.
        pub conditional_access: ConditionalAccess,
        /// Subscriptions it has, all sellers.
        pub subscription_count: i64,
        /// Its currency.
        pub currency: Option<Currency>,
        /// It is an end customer of the tested provider, by an active relationship.
        pub customer_of_other: bool,
        /// Accepted the customer agreement itself.
        pub accepted_agreement: bool,
    }
}

facts! {
    /// How the buyer's owner is tied to one seller of the chain (IDN-030).
    pub struct Kinship {
        /// The seller's short name.
        pub seller: String,
        /// The seller's organization.
        pub seller_organization: String,
        /// The seller stands behind the caller in the chain (the provider of a two-tier sale, or the reseller).
        pub tier: Tier,
        /// The tie.
        pub tie: Tie,
        /// A waiver in force today for the seller's organization.
        pub waiver: Option<String>,
    }
}

impl Kinship {
    /// A tie that no waiver lifts.
    #[must_use]
    pub const fn forbids(&self) -> bool {
        !matches!(self.tie, Tie::Unrelated) && self.waiver.is_none()
    }
}

tierline_domain::words! {
    /// Where a seller stands in the chain.
    pub enum Tier {
        /// The only seller: a direct-bill partner, or a provider that names no reseller.
        Only = "only",
        /// The provider of a two-tier sale.
        Provider = "provider",
        /// The reseller of a two-tier sale.
        Reseller = "reseller",
    }
}

/// Ownership or control between two organizations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tie {
    /// None on record.
    Unrelated,
    /// One and the same organization.
    Same,
    /// Joined by affiliation, directly or over others.
    Affiliated {
        /// The day the tie came into being: the latest date along the way, if any is dated.
        since: Option<Date>,
        /// The organizations on the way, both ends included.
        path: Vec<String>,
    },
}

/// A reseller relationship as a decision sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relation {
    /// The partner.
    pub partner: String,
    /// The tenant.
    pub customer: String,
    /// Its state.
    pub state: RelationshipState,
    /// Legacy delegation.
    pub delegation: Delegation,
    /// How the customer was won.
    pub acquired: Acquired,
}

impl Relation {
    /// Whether commands may be given (CUS-031).
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.state == RelationshipState::Active
    }
}

facts! {
    /// A provider–reseller relation as a decision sees it.
    pub struct PartnershipFact {
        /// The provider.
        pub provider: String,
        /// The reseller.
        pub reseller: String,
        /// Its state.
        pub state: PartnershipState,
        /// Since when.
        pub since: Date,
        /// When its end was asked for.
        pub removal_requested: Option<Date>,
    }
}

facts! {
    /// A provider's active tie to the very tenant that would be its end customer (TXN-601).
    pub struct Exclusivity {
        /// The partnership in force.
        pub partnership: PartnershipFact,
        /// The tenant.
        pub tenant: String,
        /// The reseller has partnerships with other providers too.
        pub other_providers: Vec<String>,
    }
}

facts! {
    /// Operator policy in force (settings of the profile).
    #[derive(Default)]
    pub struct Policy {
        /// TXN-404's switch.
        pub provider_may_sell_to_partners: bool,
        /// Statutory cancellation: country and days (SUB-003, Q-28).
        pub statutory_cancellation: Option<(Country, i64)>,
        /// Rules that the profile switches off.
        pub switched_off: Vec<String>,
    }
}

/// All facts of one attempted command. They are some kilobytes and go through many hands (each future that answers
/// with them would copy them), so they lie in one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts(Box<Groups>);

impl std::ops::Deref for Facts {
    type Target = Groups;

    fn deref(&self) -> &Groups {
        &self.0
    }
}
impl std::ops::DerefMut for Facts {
    fn deref_mut(&mut self) -> &mut Groups {
        &mut self.0
    }
}

facts! {
    /// What there is to know of one attempted command, in groups.
    pub struct Groups {
        /// Where the command is checked.
        pub checkpoint: Checkpoint,
        /// The instant of the decision.
        pub now: Timestamp,
        /// Its day in UTC.
        pub today: Date,
        /// Who acts.
        pub caller: Caller,
        /// The operator's policy.
        pub policy: Policy,
        /// The command is new business (GEN-011).
        pub new_business: bool,
        /// The account that acts, or that sells.
        pub actor: Option<Party>,
        /// The other partner of a partner–partner command, or the provider of a joint invitation.
        pub other: Option<Party>,
        /// The reseller named.
        pub named: Named,
        /// The provider–reseller relation between the seller (or provider) and the one named (or other).
        pub partnership: Option<PartnershipFact>,
        /// The partner has at least one active partnership as a reseller (ENR-022).
        pub has_provider: bool,
        /// The tenant that would buy, or accept.
        pub buyer: Option<Buyer>,
        /// The seller's relationship with the buyer.
        pub relation: Option<Relation>,
        /// Relationship of the provider of a joint act, or of the reseller named.
        pub other_relation: Option<Relation>,
        /// The customer agreement is evidenced for the seller: attested by it.
        pub attested: bool,
        /// How the buyer is tied to each seller.
        pub kinship: SmallVec<[Kinship; 2]>,
        /// The provider of the chain is tied to the buyer's tenant as its reseller.
        pub exclusivity: Option<Exclusivity>,
        /// What would be bought.
        pub purchase: Option<Purchase>,
        /// The billed partner's credit, unless ample.
        pub credit: Option<Credit>,
        /// What the seller's organization has in the buyer's region; loaded only where regions differ.
        pub expansion: Option<Expansion>,
        /// A subscription that the command is about.
        pub subscription: Option<Box<SubscriptionFact>>,
        /// Rights in the customer's tenant.
        pub access: Option<Access>,
        /// A granular relationship.
        pub admin: Option<Box<AdminFact>>,
        /// A transfer.
        pub transfer: Option<Box<TransferFact>>,
        /// A new customer.
        pub customer_form: Option<Box<CustomerForm>>,
        /// An attestation.
        pub attestation: Option<AttestationForm>,
        /// An application.
        pub application: Option<Box<Application>>,
        /// What is on record about the account that acts.
        pub standing: Option<Standing>,
        /// Anything else.
        #[serde(default, skip_serializing_if = "Besides::says_nothing")]
        pub form: Besides,
    }
}

impl Facts {
    /// Facts of a command of which only the caller is known yet.
    #[must_use]
    pub fn bare(checkpoint: Checkpoint, now: Timestamp, caller: Caller) -> Self {
        Self(Box::new(Groups {
            checkpoint,
            now,
            today: now.date(),
            caller,
            policy: Policy::default(),
            new_business: false,
            actor: None,
            other: None,
            named: Named::None,
            partnership: None,
            has_provider: false,
            buyer: None,
            relation: None,
            other_relation: None,
            attested: false,
            kinship: SmallVec::new(),
            exclusivity: None,
            purchase: None,
            credit: None,
            expansion: None,
            subscription: None,
            access: None,
            admin: None,
            transfer: None,
            customer_form: None,
            attestation: None,
            application: None,
            standing: None,
            form: Besides::default(),
        }))
    }

    /// The account that acts, where it is of a type.
    #[must_use]
    pub fn actor_is(&self, kind: PartnerType) -> bool {
        self.actor.as_ref().is_some_and(|actor| actor.kind == kind)
    }

    /// The buyer would be served with something that the shared-services tenant may hold, by its own
    /// organization's account (TXN-409): then neither relationship nor attestation is needed.
    #[must_use]
    pub fn shared_services(&self) -> bool {
        self.buyer.as_ref().is_some_and(|buyer| {
            buyer.tenant_type == TenantType::SharedServices
                && self
                    .actor
                    .as_ref()
                    .is_some_and(|actor| actor.organization == buyer.organization)
        })
    }
}

//! The facts a decision rests on, typed and complete before the first rule looks at them.
//!
//! `app` loads them from one transaction; nothing here reads a database or a clock. A group that a
//! checkpoint does not need is absent, and a rule that looks at an absent group does not forbid: which
//! groups a checkpoint loads is fixed in one place (`app::facts`) and tested there.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use tierline_domain::admin::{AdminState, DirectoryRole, Mfa, ProgramRole};
use tierline_domain::catalog::{Frequency, Generation, ItemKind, Publisher, Term};
use tierline_domain::customer::{
    Acquired, ConditionalAccess, CustomerState, Delegation, Qualification, RelationshipState,
    Segment,
};
use tierline_domain::money::{Currency, Money};
use tierline_domain::order::{OrderState, RoleDeclared};
use tierline_domain::partner::{
    AccountState, Cloud, Environment, LocationKind, LocationState, MembershipState, PartnerType,
    PartnershipState, ResellerEnrolment, SupportPlan, TenantType,
};
use tierline_domain::place::{Country, Region};
use tierline_domain::subscription::{SubscriptionState, TransferKind, TransferState};
use tierline_domain::time::{Date, Timestamp};

tierline_domain::words! {
    /// The commands at which rules are checked: the verbs of the scenario format.
    pub enum Checkpoint {
        /// Fill a cart.
        CreateCart = "create_cart",
        /// Check out a cart.
        CheckoutCart = "checkout_cart",
        /// Fill a cart and check it out, or order without a cart.
        Order = "order",
        /// Ask whether a promotion applies.
        CheckPromotion = "check_promotion",
        /// Answer a secondary review.
        UploadDocument = "upload_document",
        /// A customer buys by itself.
        SelfServicePurchase = "self_service_purchase",
        /// Set the seat count.
        ChangeQuantity = "change_quantity",
        /// Cancel now.
        Cancel = "cancel",
        /// Suspend.
        Suspend = "suspend",
        /// Reactivate.
        Reactivate = "reactivate",
        /// Switch renewal.
        SetRenewal = "set_renewal",
        /// Change at the next term.
        ScheduleChange = "schedule_change",
        /// Change the billing frequency.
        ChangeFrequency = "change_frequency",
        /// Lengthen the term now.
        ChangeTerm = "change_term",
        /// Move to a dearer item.
        Upgrade = "upgrade",
        /// Make a trial paid.
        ConvertTrial = "convert_trial",
        /// Move a traditional subscription to new commerce.
        Migrate = "migrate",
        /// Name another reseller.
        SetPartnerOfRecord = "set_partner_of_record",
        /// Send a subscription back.
        UpdateSubscription = "update_subscription",
        /// Read a subscription.
        ReadSubscription = "read_subscription",
        /// Send a partnership invitation.
        InvitePartner = "invite_partner",
        /// Follow the link and accept a partnership.
        AcceptPartnership = "accept_partnership",
        /// End a partnership.
        RemovePartnership = "remove_partnership",
        /// End the provider's access to the reseller's own account.
        WithdrawProviderAccess = "withdraw_provider_access",
        /// Look a PartnerID up.
        VerifyPartnerId = "verify_partner_id",
        /// Create a customer tenant.
        CreateCustomer = "create_customer",
        /// Ask a customer for a reseller relationship.
        InviteCustomer = "invite_customer",
        /// The customer accepts.
        AcceptRelationship = "accept_relationship",
        /// End a reseller relationship.
        RemoveRelationship = "remove_relationship",
        /// Extend a customer to a provider.
        ExtendRelationship = "extend_relationship",
        /// Set a special qualification.
        SetQualification = "set_qualification",
        /// Switch self-service purchase.
        SetSelfService = "set_self_service",
        /// Read a customer.
        ReadCustomer = "read_customer",
        /// Fetch software keys.
        ReadSoftwareKeys = "read_software_keys",
        /// Accept the partner agreement.
        SignAgreement = "sign_agreement",
        /// Ask whether a reseller has signed.
        AgreementStatus = "agreement_status",
        /// Record the customer's acceptance.
        Attest = "attest",
        /// The customer accepts directly.
        AcceptCustomerAgreement = "accept_customer_agreement",
        /// Ask for granular rights.
        RequestAdmin = "request_admin",
        /// The customer approves.
        ApproveAdmin = "approve_admin",
        /// Give roles to a group.
        AssignRoles = "assign_roles",
        /// Change granular rights.
        UpdateAdmin = "update_admin",
        /// End granular rights.
        TerminateAdmin = "terminate_admin",
        /// List granular rights.
        ListAdmin = "list_admin",
        /// Act in the customer's tenant.
        Administer = "administer",
        /// Act on a consumption resource.
        ManageResource = "manage_resource",
        /// Apply for a program account.
        Apply = "apply",
        /// Answer a rejection.
        Appeal = "appeal",
        /// Ask support to step in.
        EscalateVerification = "escalate_verification",
        /// Tie a PartnerID to the account.
        AssociateLocation = "associate_location",
        /// Tie a tenant to the partner account.
        AssociateTenant = "associate_tenant",
        /// Add a location.
        AddLocation = "add_location",
        /// Delete a location.
        DeleteLocation = "delete_location",
        /// Change the account's profile.
        UpdateProfile = "update_profile",
        /// The giving partner offers a transfer.
        CreateTransfer = "create_transfer",
        /// The receiving partner asks for a transfer.
        RequestTransfer = "request_transfer",
        /// Accept a transfer.
        AcceptTransfer = "accept_transfer",
        /// Name the support contact.
        SetSupportContact = "set_support_contact",
        /// Open a ticket with the operator.
        OpenTicket = "open_ticket",
        /// Open a support case.
        OpenCase = "open_case",
        /// Create a partner user.
        CreateUser = "create_user",
        /// Give a partner user a role.
        AssignRole = "assign_role",
        /// Open a page.
        OpenPortal = "open_portal",
        /// Read invoices.
        ReadInvoice = "read_invoice",
        /// Read the credit line.
        ReadCredit = "read_credit",
        /// Read prices.
        ReadPriceSheet = "read_price_sheet",
        /// Query the audit records.
        ReadAudit = "read_audit",
        /// Ask the provider for a purchase (ours, the document's "resellers procure such offers").
        RequestOrder = "request_order",
        /// Accept or decline such a request.
        AnswerOrderRequest = "answer_order_request",
        /// The reseller says no to a partnership (ours).
        DeclinePartnership = "decline_partnership",
        /// The provider takes its invitation back (ours).
        WithdrawPartnership = "withdraw_partnership",
        /// The reseller opens a support case that asks for the end of a partnership (ours, REL-013).
        RequestPartnershipRemoval = "request_partnership_removal",
        /// The customer says no to a relationship (ours).
        DeclineRelationship = "decline_relationship",
        /// The partner takes its invitation back (ours).
        WithdrawInvitation = "withdraw_invitation",
        /// What the operator does: allowed whatever it finds.
        Operate = "operate",
    }
}

/// A set of checkpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoints(u128);

impl Checkpoints {
    /// A set of the listed checkpoints.
    #[must_use]
    pub const fn of(list: &[Checkpoint]) -> Self {
        let mut bits = 0_u128;
        let mut rest = list;
        while let [first, tail @ ..] = rest {
            bits |= Self::bit(*first);
            rest = tail;
        }
        Self(bits)
    }

    #[expect(
        clippy::as_conversions,
        reason = "a fieldless enumeration's number, in a const context"
    )]
    const fn bit(checkpoint: Checkpoint) -> u128 {
        1_u128 << (checkpoint as u32)
    }

    /// Both sets together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether a checkpoint is in the set.
    #[must_use]
    pub const fn has(self, checkpoint: Checkpoint) -> bool {
        self.0 & Self::bit(checkpoint) != 0
    }

    /// The members, in order of declaration.
    pub fn iter(self) -> impl Iterator<Item = Checkpoint> {
        Checkpoint::ALL
            .iter()
            .copied()
            .filter(move |checkpoint| self.has(*checkpoint))
    }
}

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

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    pub role_names: Vec<String>,
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

/// A program account as a decision sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// A location account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// The tenant that would receive what is sold, and its owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// How the buyer's owner is tied to one seller of the chain (IDN-030).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// A provider–reseller relation as a decision sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// A provider's active tie to the very tenant that would be its end customer (TXN-601).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exclusivity {
    /// The partnership in force.
    pub partnership: PartnershipFact,
    /// The tenant.
    pub tenant: String,
    /// The reseller has partnerships with other providers too.
    pub other_providers: Vec<String>,
}

/// The line that would be bought, with what the catalogue and the customer's estate say about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purchase {
    /// The item's short name.
    pub item: String,
    /// Its kind.
    pub kind: ItemKind,
    /// Its generation.
    pub generation: Generation,
    /// Its publisher.
    pub publisher: Publisher,
    /// Its segment.
    pub segment: Segment,
    /// How many are asked for.
    pub quantity: i64,
    /// Term asked for.
    pub term: Term,
    /// The item is sold for that term.
    pub term_offered: bool,
    /// Frequency asked for.
    pub frequency: Frequency,
    /// The item allows that frequency with that term.
    pub frequency_offered: bool,
    /// Least quantity.
    pub min_quantity: i64,
    /// Most.
    pub max_quantity: i64,
    /// Seats a customer-wide ceiling leaves, where there is one (ORD-020).
    pub customer_max: Option<Ceiling>,
    /// Prerequisites of which one is needed.
    pub prerequisites: Vec<String>,
    /// One of them is owned, or in the same order before this line.
    pub prerequisite_owned: bool,
    /// Least seats a percentage of the base demands (ORD-024).
    pub least_of_base: Option<i64>,
    /// The item a trial is for.
    pub trial_of: Option<String>,
    /// The customer had this trial before.
    pub trial_used: bool,
    /// The customer owns what the trial is for.
    pub trial_item_owned: bool,
    /// Subscriptions at one time: limit and count.
    pub concurrent: Option<Ceiling>,
    /// Ceiling of subscriptions per tenant (ORD-040).
    pub tenant_ceiling: i64,
    /// Last day of sale.
    pub end_of_sale: Option<Date>,
    /// The item may be bought by this seller.
    pub eligible_seller: bool,
    /// Countries, of those that matter, in which it is not sold.
    pub not_sold_in: SmallVec<[Country; 2]>,
    /// Attestation wanted on the line.
    pub requires_attestation: bool,
    /// Attestation given on the line.
    pub attestation_accepted: bool,
    /// Availability read too long ago.
    pub availability_outdated: bool,
    /// The role declared.
    pub role_declared: RoleDeclared,
    /// Further resellers declared, each resolved.
    pub further_resellers: Vec<Named>,
    /// Currency asked for.
    pub currency: Option<Currency>,
    /// Another currency in which the customer already holds such purchases (ORD-039).
    pub other_currency: Option<Currency>,
    /// Custom end date and whether it may be.
    pub alignment: Option<Alignment>,
    /// What it costs now, in US dollars.
    pub cost_usd: Option<Money>,
    /// The cart it comes from, where there is one.
    pub cart: Option<CartFact>,
    /// The customer holds an active consumption plan with this seller, and a subscription under it (ORD-037).
    pub plan_active: bool,
    /// The customer holds a consumption plan (ORD-036).
    pub plan_owned: bool,
    /// A traditional add-on's parent is right and active (ORD-023).
    pub parent_fits: Option<bool>,
    /// The parent is the right one, but it is not active.
    pub parent_inactive: bool,
    /// The parent that was named, with its state.
    pub parent: Option<(String, SubscriptionState)>,
    /// There is no trial of the item: it is for a special segment, or an add-on (ORD-025).
    pub trial_excluded: bool,
    /// The state of the plan this seller sold to the customer, if it sold one (ORD-037).
    pub plan_state: Option<SubscriptionState>,
    /// Bought without a cart.
    pub without_cart: bool,
}

/// A ceiling: what it is, what is used, what is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ceiling {
    /// The ceiling.
    pub limit: i64,
    /// Used already.
    pub used: i64,
    /// Asked for on top.
    pub asked: i64,
}

impl Ceiling {
    /// What is left before this request.
    #[must_use]
    pub const fn left(self) -> i64 {
        let left = self.limit.saturating_sub(self.used);
        if left < 0 { 0 } else { left }
    }

    /// The request goes beyond it.
    #[must_use]
    pub const fn exceeded(self) -> bool {
        self.asked > self.left()
    }
}

/// A custom end date and the subscription it should share its end with (ORD-030 to ORD-032).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alignment {
    /// The day asked for.
    pub day: Option<Date>,
    /// The subscription to align with.
    pub with: Option<String>,
    /// The seller sold that subscription to this customer.
    pub with_own: bool,
    /// The day is one of the admissible ones.
    pub admissible: bool,
    /// ORD-031: the two terms may be aligned.
    pub terms_fit: bool,
    /// Admissible days.
    pub choices: Vec<Date>,
}

/// A cart at checkout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartFact {
    /// Its short name.
    pub name: String,
    /// It belongs to the caller.
    pub own: bool,
    /// It is empty.
    pub empty: bool,
    /// When it was made.
    pub created: Timestamp,
    /// Its seven days are over.
    pub expired: bool,
    /// It was checked out and changed since.
    pub changed_after_order: bool,
}

/// Credit line of the billed partner (BIL-030), all in US dollars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credit {
    /// Available before this purchase.
    pub available: Money,
    /// What the purchase needs.
    pub required: Money,
    /// How much of what is used up is disputed (BIL-033).
    pub disputed: Money,
}

impl Credit {
    /// The purchase goes beyond what is available.
    #[must_use]
    pub const fn exceeded(&self) -> bool {
        self.required.minor > self.available.minor
    }
}

/// A subscription that a command is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionFact {
    /// Its short name.
    pub name: String,
    /// Its seller's short name, `operator` where the operator sold it.
    pub seller: String,
    /// The caller sold it.
    pub own: bool,
    /// The item.
    pub item: String,
    /// The item's kind.
    pub kind: ItemKind,
    /// The item's generation.
    pub generation: Generation,
    /// The item's publisher.
    pub publisher: Publisher,
    /// The item's last day of sale.
    pub end_of_sale: Option<Date>,
    /// Its state.
    pub state: SubscriptionState,
    /// When it was bought.
    pub bought: Timestamp,
    /// Seats now.
    pub quantity: i64,
    /// Seats asked for.
    pub new_quantity: Option<i64>,
    /// Seats that may still be taken away, with the end of each window.
    pub reducible: Vec<(i64, Timestamp)>,
    /// End of the window in which it may be cancelled; absent where cancelling knows no window.
    pub cancel_until: Option<Timestamp>,
    /// The frequency asked for, and whether the item is billed that way.
    pub new_frequency: Option<(Frequency, bool)>,
    /// The term asked for.
    pub new_term: Option<Term>,
    /// Whether renewal shall be on.
    pub new_renewal: Option<bool>,
    /// Its term.
    pub term: Term,
    /// Its frequency.
    pub frequency: Frequency,
    /// Last day of the term.
    pub term_end: Option<Date>,
    /// Renews.
    pub renewal: bool,
    /// A renewal is queued.
    pub renewal_queued: bool,
    /// Reseller of record, if any.
    pub partner_of_record: Option<String>,
    /// It was upgraded in this term (SUB-027).
    pub upgraded: bool,
    /// It came out of a trial at its end (SUB-033).
    pub converted_from_trial: bool,
    /// Updates so far.
    pub updates: i64,
    /// Item bounds.
    pub min_quantity: i64,
    /// Item bounds.
    pub max_quantity: i64,
    /// Item can renew.
    pub renewable: bool,
    /// Item can be cancelled.
    pub cancellable: bool,
    /// Item fixes its partner of record.
    pub partner_of_record_fixed: bool,
    /// Active subscriptions under this plan.
    pub active_children: i64,
    /// Their short names.
    pub children: Vec<String>,
    /// Subscriptions of the same order that are not active, with their state (SUB-040).
    pub order_blockers: Vec<(String, SubscriptionState)>,
    /// The promotion it carries.
    pub promotion_name: Option<String>,
    /// Seats under that promotion (ORD-034).
    pub promotion: Option<Ceiling>,
    /// The item's segment.
    pub segment: Segment,
    /// What it shall become, where a command changes what it is.
    pub transition: Option<Box<Transition>>,
    /// Part of another open transfer.
    pub in_transfer: Option<String>,
    /// Customer-wide seat ceiling, where the item has one (ORD-020).
    pub customer_max: Option<Ceiling>,
}

/// An upgrade, a conversion of a trial, or a longer term (SUB-023, SUB-026 to SUB-032).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transition {
    /// The item it shall be.
    pub to: String,
    /// The source's item lists it as a step up.
    pub listed: bool,
    /// Seats that shall change.
    pub quantity: i64,
    /// At the end of the term instead of now.
    pub at_end: bool,
    /// The target item is sold for the new term.
    pub term_offered: bool,
    /// An existing subscription that it shall go into.
    pub target: Option<TransitionTarget>,
}

/// A subscription that another one shall go into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransitionTarget {
    /// Its short name.
    pub name: String,
    /// It is the source itself.
    pub is_source: bool,
    /// Its state.
    pub state: SubscriptionState,
    /// Its item.
    pub item: String,
    /// Its term.
    pub term: Term,
    /// The last day of its term.
    pub term_end: Option<Date>,
    /// Its window for cancelling is open.
    pub window_open: bool,
    /// The same seller and customer hold it.
    pub same_parties: bool,
}

/// Rights of the caller in the customer's tenant, and what the task needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// What is to be done.
    pub task: String,
    /// On whom.
    pub target: String,
    /// Any of these suffices; empty means any role at all.
    pub needs: Vec<DirectoryRole>,
    /// Roles the caller holds there through groups of active granular relationships.
    pub granular: Vec<String>,
    /// A granular relationship is active, whatever is assigned.
    pub active_relationship: bool,
    /// There was one, and it has ended (GDA-017).
    pub ended: bool,
    /// The only active one came with the customer and nothing is assigned (GDA-023).
    pub default_unassigned: bool,
    /// Full delegation holds for this caller.
    pub full: bool,
    /// The caller is a guest in that tenant.
    pub guest_there: bool,
    /// The caller's group is nested under the admin agents (GDA-028).
    pub nested: bool,
    /// The partner holds a role on the resource itself that lets it act (DAP-006).
    pub resource_role: bool,
    /// The caller is one of the partner's admin agents (GDA-028).
    pub admin_agent: bool,
}

impl Access {
    /// Whether the held roles suffice for the task.
    #[must_use]
    pub fn suffices(&self) -> bool {
        if self.granular.is_empty() {
            return self.full;
        }
        self.needs.is_empty()
            || self
                .needs
                .iter()
                .any(|role| self.granular.iter().any(|held| held == role.as_str()))
    }
}

/// A granular relationship that a command is about, and what is asked of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct AdminFact {
    /// Its short name, once it exists.
    pub name: Option<String>,
    /// The name asked for.
    pub wanted_name: Option<String>,
    /// That name is taken within the partner.
    pub name_taken: bool,
    /// The days asked for.
    pub days: Option<i64>,
    /// Roles asked for or to be assigned.
    pub roles: Vec<String>,
    /// Roles of those that are not built in.
    pub custom_roles: Vec<String>,
    /// Roles the relationship contains.
    pub granted: Vec<String>,
    /// Its state.
    pub state: Option<AdminState>,
    /// When it was requested.
    pub requested: Option<Timestamp>,
    /// It is for the calling customer, or of the calling partner.
    pub own: bool,
    /// Auto-extend asked for.
    pub auto_extend: bool,
    /// Roles to be added to an existing one.
    pub adds_roles: bool,
    /// The customer exists in the partner's list.
    pub listed: bool,
    /// The partner of the relationship.
    pub partner: Option<String>,
    /// Its customer.
    pub customer: Option<String>,
    /// There is no such request (GDA-031).
    pub unknown: bool,
    /// The security group to be given roles, and the partner whose tenant it is in, if that is another one.
    pub foreign_group: Option<(String, String)>,
}

/// A transfer that a command is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferFact {
    /// Its short name, once it exists.
    pub name: Option<String>,
    /// Which procedure.
    pub kind: TransferKind,
    /// Its state, once it exists.
    pub state: Option<TransferState>,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// It grew too old (TRF-017).
    pub too_old: bool,
    /// The giving partner.
    pub from: Party,
    /// The receiving partner.
    pub to: Party,
    /// The caller is the receiving partner.
    pub caller_receives: bool,
    /// The receiving partner's relationship with the customer.
    pub receiver_relation: RelationshipState,
    /// The receiving partner has an active plan for the customer.
    pub receiver_plan: bool,
    /// The state of that plan, if the receiving partner ever sold one.
    pub receiver_plan_state: Option<SubscriptionState>,
    /// The caller is the giving partner.
    pub caller_gives: bool,
    /// The customer agreement is evidenced with the receiving partner.
    pub receiver_evidence: bool,
    /// The subscriptions.
    pub subscriptions: Vec<SubscriptionFact>,
}

/// A new customer's form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerForm {
    /// Company name.
    pub name: String,
    /// Country.
    pub country: Country,
    /// Initial domain.
    pub domain: String,
    /// A tenant already has that domain.
    pub domain_taken_by: Option<String>,
    /// Mail address.
    pub email: String,
    /// Telephone given.
    pub phone: Option<String>,
    /// Registration number given.
    pub registration_number: Option<String>,
    /// The number fits the country's pattern.
    pub registration_number_fits: bool,
    /// The reseller it is for.
    pub for_reseller: Named,
    /// The fields that are missing or malformed.
    pub bad_fields: Vec<String>,
}

/// An attestation's form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttestationForm {
    /// Fields missing.
    pub missing: Vec<String>,
    /// The day of acceptance.
    pub agreed: Date,
    /// The template fits the customer.
    pub template_fits: bool,
    /// The template given.
    pub template: String,
    /// The same contact was recorded before by this partner.
    pub duplicate: bool,
    /// The customer already bought through a partner (AGR-027).
    pub bought_before: bool,
}

/// An application for a program account (section 2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    /// The type asked for; absent when no such type exists.
    pub wanted: Option<PartnerType>,
    /// The word that was given.
    pub wanted_word: String,
    /// The applicant's organization.
    pub organization: String,
    /// The applicant's existing account, if it has one.
    pub account: Option<Party>,
    /// A new tenant, or one that exists.
    pub tenant: TenantChoice,
    /// The account that already holds that tenant, if any.
    pub tenant_held_by: Option<Party>,
    /// The organization that owns that tenant is the applicant.
    pub tenant_own: bool,
    /// Another partner account that the tenant is associated with.
    pub tenant_associated_with: Option<String>,
    /// Country of that tenant, if it exists.
    pub tenant_country: Option<Country>,
    /// Country of the application.
    pub country: Country,
    /// That country's region.
    pub region: Option<RegionFact>,
    /// The location whose PartnerID would be tied.
    pub location: Option<PlaceFact>,
    /// Membership of the organization.
    pub membership: MembershipState,
    /// Whole months as an active reseller.
    pub tenure_months: i64,
    /// The organization has never been a program partner.
    pub newcomer: bool,
    /// Cloud revenue in US dollars, where recorded.
    pub revenue_cloud: Option<Money>,
    /// Contact address given.
    pub contact_email: String,
    /// The contact address is on a consumer mail service or another company's domain.
    pub contact_email_bad: bool,
    /// Registration number given.
    pub registration_number: Option<String>,
    /// It fits the country's pattern.
    pub registration_number_fits: bool,
    /// Support contact given.
    pub support_contact: Option<String>,
    /// An account whose credentials are used again.
    pub credentials_of: Option<String>,
    /// Credit check: `passed`, `open` or `failed`.
    pub credit_check: String,
    /// A managed service is declared.
    pub managed_service: bool,
    /// A receivables process exists.
    pub receivables: bool,
    /// Infrastructure to support resellers exists.
    pub reseller_infrastructure: bool,
    /// Support plan.
    pub support_plan: SupportPlan,
    /// Earliest day of re-enrolment after de-authorisation.
    pub wait_until: Option<Date>,
    /// The day of the last capability assessment, when it failed (ENR-015).
    pub assessment_failed: Option<Date>,
}

/// What is on record about the account that acts, beside its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Standing {
    /// Bills that are more than sixty days overdue, with the day they were due (ENR-037).
    pub overdue: Vec<(String, Date)>,
    /// The day of the last capability assessment, when it failed (ENR-016).
    pub assessment_failed: Option<Date>,
}

/// Which tenant an application is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TenantChoice {
    /// A new one.
    New,
    /// The applicant's program tenant.
    Existing(String),
    /// Another tenant that exists.
    Other(String),
}

/// Everything else a command was given that a rule may find wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Form {
    /// An invitation link: `original` or `altered`.
    pub link_altered: bool,
    /// The confirmation or declaration was not made.
    pub unconfirmed: bool,
    /// Consent of the customer, where it is asked for.
    pub consent: Option<bool>,
    /// Full delegation was asked for (DAP-002).
    pub full_delegation: bool,
    /// The agreement status query's identifiers.
    pub status_query: Option<StatusQuery>,
    /// A location that a command is about.
    pub place: Option<PlaceFact>,
    /// A tenant that a command is about: name and the account it is associated with.
    pub tenant: Option<(String, Option<String>)>,
    /// One field of a profile update and its value.
    pub profile: Option<(String, String)>,
    /// Countries in which the organization has locations.
    pub location_countries: Vec<Country>,
    /// An address that could not be verified.
    pub address_fictitious: bool,
    /// Blocks of IDN-018 that apply.
    pub deletion_blocks: Vec<String>,
    /// What is still live and keeps a relationship from being removed.
    pub live: Vec<String>,
    /// Commitments beyond their window that keep it from being removed, with their last day.
    pub commitments: Vec<(String, Date)>,
    /// Documents of an appeal.
    pub documents: Vec<String>,
    /// Business days since verification began.
    pub business_days_pending: i64,
    /// Qualification asked for.
    pub qualification: Option<String>,
    /// A validation code that the qualification needs was not given (CUS-025).
    pub validation_code_missing: bool,
    /// Self-service is on for the partner and customer.
    pub self_service: Option<bool>,
    /// What a customer would buy by itself, and whether it is of a kind that it may (CUS-026).
    pub self_service_item: Option<(String, bool)>,
    /// State of an order that a document is for.
    pub order_state: Option<OrderState>,
    /// Market of a price sheet.
    pub market: Option<Country>,
    /// Page of the portal.
    pub page: Option<String>,
    /// First day of an audit query.
    pub audit_from: Option<Date>,
    /// Role to be given to a partner user.
    pub role: Option<String>,
    /// What a ticket or a case is about.
    pub about: Option<String>,
    /// Partners to whom a caller is sent who may not open a ticket (SUP-007, SUP-008).
    pub contacts: Vec<String>,
    /// A product of another publisher that a ticket is about (SUP-011).
    pub third_party: Option<String>,
    /// Signatures that a case lacks.
    pub missing_signatures: Vec<String>,
    /// First fraudulent use.
    pub first_use: Option<Date>,
    /// The support contact asked for, and whether it is eligible.
    pub contact: Option<(String, bool)>,
    /// The ETag given is stale.
    pub etag_stale: bool,
    /// The PartnerID looked up.
    pub looked_up: Option<Named>,
    /// Test resellers that the provider's sandbox holds (ENR-041).
    pub sandbox_resellers: i64,
    /// An order request that a command is about: provider, reseller, state.
    pub order_request: Option<(String, String, String)>,
}

/// What the agreement status query was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusQuery {
    /// The PartnerID as given.
    pub partner_id: Option<String>,
    /// The tenant as given.
    pub tenant: Option<String>,
    /// What the PartnerID turned out to be.
    pub named: Named,
    /// The tenant exists.
    pub tenant_known: bool,
    /// The account of the tenant, if it is a program tenant.
    pub tenant_account: Option<Party>,
    /// The PartnerID is made of digits, and the tenant is a GUID.
    pub well_formed: bool,
}

/// What the seller's organization has in the buyer's region, where that is another one (REG-008).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Expansion {
    /// A location there.
    pub location: bool,
    /// A program account there.
    pub account: Option<String>,
    /// That account is enrolled.
    pub enrolled: bool,
    /// That account has accepted the partner agreement.
    pub signed: bool,
}

/// Operator policy in force (settings of the profile).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Policy {
    /// TXN-404's switch.
    pub provider_may_sell_to_partners: bool,
    /// Statutory cancellation: country and days (SUB-003, Q-28).
    pub statutory_cancellation: Option<(Country, i64)>,
    /// Rules that the profile switches off.
    pub switched_off: Vec<String>,
}

/// All facts of one attempted command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
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
    pub subscription: Option<SubscriptionFact>,
    /// Rights in the customer's tenant.
    pub access: Option<Access>,
    /// A granular relationship.
    pub admin: Option<AdminFact>,
    /// A transfer.
    pub transfer: Option<Box<TransferFact>>,
    /// A new customer.
    pub customer_form: Option<CustomerForm>,
    /// An attestation.
    pub attestation: Option<AttestationForm>,
    /// An application.
    pub application: Option<Box<Application>>,
    /// What is on record about the account that acts.
    pub standing: Option<Standing>,
    /// Anything else.
    pub form: Form,
}

impl Facts {
    /// Facts of a command of which only the caller is known yet.
    #[must_use]
    pub fn bare(checkpoint: Checkpoint, now: Timestamp, caller: Caller) -> Self {
        Self {
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
            form: Form::default(),
        }
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

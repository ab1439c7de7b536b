//! One deal, reduced to the facts that the decisive rules look at.
//!
//! This file owns the meaning of every fact; the schema in `policies/program.cedarschema` owns its place in
//! a request. It knows neither Cedar nor the server: whoever compares the two translates the server's facts
//! into an [`AbstractDeal`] and nothing else.
//!
//! Where a fact has no meaning in a deal (the standing of a reseller when none is named), it takes the value
//! that [`AbstractDeal::canonical`] gives it, so that one deal has one tuple.

use std::fmt;

/// A closed list of words, as a fact takes them.
pub trait Word: Copy + Eq + fmt::Debug + 'static {
    /// Every word, in a fixed order.
    const ALL: &'static [Self];
    /// Enumerated entity type of the schema; none for yes and no.
    const ENTITY: Option<&'static str>;
    /// The word as the policies write it.
    fn word(self) -> &'static str;

    /// Position in [`Word::ALL`].
    fn index(self) -> usize {
        Self::ALL
            .iter()
            .position(|word| *word == self)
            .expect("ALL lists every word")
    }
}

impl Word for bool {
    const ALL: &'static [Self] = &[false, true];
    const ENTITY: Option<&'static str> = None;

    fn word(self) -> &'static str {
        if self { "yes" } else { "no" }
    }
}

macro_rules! words {
    ($($(#[$docs:meta])* $name:ident $(as $entity:literal)? { $($(#[$word_docs:meta])* $variant:ident = $word:literal,)+ })+) => {$(
        $(#[$docs])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$word_docs])* $variant,)+ }

        impl Word for $name {
            const ALL: &'static [Self] = &[$(Self::$variant,)+];
            const ENTITY: Option<&'static str> = Some(stringify!($name));

            fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }
    )+};
}

words! {
    /// What is tried.
    Action {
        /// Cart or order. The customer, the item and the price are given; this is the program's answer.
        Order = "order",
        /// Acceptance of a transfer, judged as a new sale by the receiving partner (TRF-027), which is the
        /// caller here whoever presses the button.
        TransferIn = "transferIn",
        /// A partner asks a tenant for a reseller relationship. In a joint invitation (CUS-004) the caller is
        /// the reseller.
        InviteCustomer = "inviteCustomer",
        /// A tenant accepts such an invitation. The caller is the partner that had invited; of a joint one,
        /// the reseller.
        AcceptRelationship = "acceptRelationship",
        /// A partner invites an account to a partnership.
        InvitePartner = "invitePartner",
        /// The invited account accepts. The caller is that account, the other one the provider.
        AcceptPartnership = "acceptPartnership",
    }

    /// The type of the calling account, which is the type of the principal.
    Caller {
        /// Indirect provider.
        Provider = "Provider",
        /// Indirect reseller.
        Reseller = "Reseller",
        /// Direct-bill partner. One that has also completed a reseller enrolment while moving to the indirect
        /// model (ENR-026) is outside this space: none of the eight scenarios speaks of it.
        DirectBill = "DirectBill",
        /// Joined the portal, holds no program account. Can only try to accept a partnership.
        Unenrolled = "Unenrolled",
    }

    /// ENR-043: where an account stands in its life.
    PartnerState {
        /// Applied, Pending or Rejected.
        InVerification = "in_verification",
        /// Verified, agreement open (ENR-009).
        Qualified = "qualified",
        /// In good standing.
        Active = "active",
        /// Direct-bill only: no longer meets the requirements (ENR-023).
        Restricted = "restricted",
        /// ENR-037.
        Suspended = "suspended",
        /// Reseller only: below the revenue threshold (ENR-033).
        Deauthorized = "deauthorized",
        /// Gone.
        Terminated = "terminated",
    }

    /// What a PartnerID leads to that is put on a line, or that a partnership invitation goes to.
    Named {
        /// No organization has it.
        Unknown = "unknown",
        /// The global account of an organization (IDN-008).
        GlobalAccount = "global_account",
        /// A location of a company that is enrolled with another location (REL-019).
        OtherLocation = "other_location",
        /// A company without any program account (ENR-042).
        NotEnrolled = "not_enrolled",
        /// A provider's account.
        Provider = "provider",
        /// A direct-bill partner's account.
        DirectBill = "direct_bill",
        /// A reseller's account.
        Reseller = "reseller",
    }

    /// REL-023: the state of a partnership between a provider and a reseller.
    Partnership {
        /// There never was one.
        None = "none",
        /// Invited, not answered.
        Invited = "invited",
        /// Active.
        Active = "active",
        /// Active, with a support case open for its removal (TXN-607).
        RemovalRequested = "removal_requested",
        /// Removed.
        Removed = "removed",
        /// Ended before acceptance: Declined, Withdrawn or Lapsed.
        Closed = "closed",
    }

    /// CUS-031: the state of a reseller relationship between a partner and a tenant.
    Relationship {
        /// There never was one.
        None = "none",
        /// Invited, not answered.
        Invited = "invited",
        /// Active.
        Active = "active",
        /// Removed.
        Removed = "removed",
    }

    /// What the organization that owns the buyer's tenant is to the organization of a seller.
    Kin {
        /// The same organization.
        Itself = "itself",
        /// Another one, joined by ownership or control as the affiliation register has it today (IDN-030).
        Affiliate = "affiliate",
        /// Neither.
        Unrelated = "unrelated",
    }

    /// What the buyer's tenant is for (IDN-027).
    TenantUse {
        /// Type Customer.
        Customer = "customer",
        /// Type Partner: a tenant that anybody, in any region, uses in the program (IDN-029).
        Program = "program",
        /// The special tenant of TXN-409.
        SharedServices = "shared_services",
    }

    /// What the organization that owns the buyer's tenant is in the program.
    Owner {
        /// No program partner.
        Ordinary = "ordinary",
        /// A program partner: it holds a program account of any type.
        Partner = "partner",
        /// A program partner one of whose tenants is, as a reseller, in an Active partnership with the
        /// provider of this deal (TXN-604).
        ResellerOfProvider = "reseller_of_provider",
    }

    /// The country of the buyer's tenant (REG-004) seen from the region of the calling account today (REG-016).
    BuyerRegion {
        /// One region.
        Same = "same",
        /// Another region.
        Other = "other",
        /// A country in no region (REG-018).
        None = "none",
    }

    /// AGR-019, AGR-028: the strongest evidence of the customer agreement, seen from the calling partner.
    CustomerAgreement {
        /// Nobody has evidenced it.
        Missing = "missing",
        /// Only other partners have attested it.
        OtherPartner = "other_partner",
        /// The calling partner has attested it.
        ThisPartner = "this_partner",
        /// The customer accepted it directly.
        Customer = "customer",
    }
}

/// Which actions a fact belongs to; the three contexts of the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Group {
    /// Order and transfer.
    Sale,
    /// Invitation and acceptance of a customer relationship.
    Invitation,
    /// Invitation and acceptance of a partnership.
    NewPartnership,
}

impl Group {
    /// The group of actions in the schema.
    pub fn word(self) -> &'static str {
        match self {
            Group::Sale => "newBusiness",
            Group::Invitation => "newRelationship",
            Group::NewPartnership => "newPartnership",
        }
    }
}

impl Action {
    /// The context that the schema gives to this action.
    pub fn group(self) -> Group {
        match self {
            Action::Order | Action::TransferIn => Group::Sale,
            Action::InviteCustomer | Action::AcceptRelationship => Group::Invitation,
            Action::InvitePartner | Action::AcceptPartnership => Group::NewPartnership,
        }
    }

    /// The types of account that can try it.
    pub fn callers(self) -> &'static [Caller] {
        match self {
            Action::AcceptPartnership => Caller::ALL,
            _ => &[Caller::Provider, Caller::Reseller, Caller::DirectBill],
        }
    }
}

/// What the policies see of a fact.
pub struct Fact {
    /// Field of [`AbstractDeal`].
    pub field: &'static str,
    /// Place in the context of a request, with dots between the steps.
    pub path: &'static str,
    /// The optional record that it is part of.
    pub record: Option<Record>,
    /// Groups of actions that have it.
    pub groups: &'static [Group],
    /// Entity type of its words; none for yes and no.
    pub entity: Option<&'static str>,
    /// How many words it has.
    pub count: usize,
    /// The word at a position.
    pub word: fn(usize) -> &'static str,
    /// Reads it, as the position of its word.
    pub get: fn(&AbstractDeal) -> usize,
    /// Writes it.
    pub set: fn(&mut AbstractDeal, usize),
}

/// A record of the context that may be absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    /// The partner of record.
    Reseller,
    /// The provider of a joint invitation.
    Provider,
}

/// The record that a path leads into.
const fn record_of(path: &str) -> Option<Record> {
    match path.as_bytes() {
        [b'r', b'e', b's', b'e', b'l', b'l', b'e', b'r', b'.', ..] => Some(Record::Reseller),
        [b'p', b'r', b'o', b'v', b'i', b'd', b'e', b'r', b'.', ..] => Some(Record::Provider),
        _ => None,
    }
}

impl Record {
    /// Its place in the context, which is also the path of the fact that says whether it is there.
    pub fn path(self) -> &'static str {
        match self {
            Record::Reseller => "reseller",
            Record::Provider => "provider",
        }
    }
}

macro_rules! facts {
    ($($(#[$docs:meta])* $field:ident: $type:ty = $path:literal in [$($group:ident)+];)+) => {
        /// One deal: who tries what, and the facts that the decisive rules look at.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct AbstractDeal {
            /// What is tried.
            pub action: Action,
            /// Who tries it.
            pub caller: Caller,
            $($(#[$docs])* pub $field: $type,)+
        }

        /// Every fact, in the order of the fields.
        pub const FACTS: &[Fact] = &[$(Fact {
            field: stringify!($field),
            path: $path,
            record: record_of($path),
            groups: &[$(Group::$group,)+],
            entity: <$type as Word>::ENTITY,
            count: <$type as Word>::ALL.len(),
            word: |index| <$type as Word>::ALL[index].word(),
            get: |deal| deal.$field.index(),
            set: |deal, index| deal.$field = <$type as Word>::ALL[index],
        },)+];
    };
}

facts! {
    // ---- every deal ----

    /// The call satisfies SEC-001 and SEC-002: its token carries multi-factor authentication, or it is an
    /// application's where that is allowed. Not asked when a customer accepts a relationship (SEC-009).
    mfa: bool = "mfa" in [Sale Invitation NewPartnership];
    /// State of the calling account; in verification if it has none.
    caller_state: PartnerState = "caller.state" in [Sale Invitation NewPartnership];

    // ---- the caller as a seller ----

    /// The calling account has accepted the partner agreement in its region (AGR-001, AGR-004).
    caller_signed: bool = "caller.signed" in [Sale];
    /// What the buyer is to the calling partner.
    caller_kin: Kin = "caller.buyerIs" in [Sale Invitation];
    /// A dated waiver of the operator covers sales by the caller's organization today (TXN-507). No when unrelated.
    caller_waiver: bool = "caller.waiver" in [Sale Invitation];
    /// The caller's reseller relationship with the buyer's tenant.
    caller_relationship: Relationship = "caller.relationship" in [Sale];
    /// The partner declared whether it acts directly or indirectly (TXN-105). Judged in orders only.
    role_declared: bool = "roleDeclared" in [Sale];

    // ---- the partner of record ----

    /// A partner of record is named. If not, the facts of this block have no meaning; nor have they if the
    /// caller is not a provider, because then naming anybody is what is wrong (TXN-104, ORD-014).
    names_reseller: bool = "reseller" in [Sale];
    /// What the PartnerID leads to. Only a reseller's account has a state, a signature and a partnership here.
    reseller: Named = "reseller.account" in [Sale];
    /// State of the named reseller's account.
    reseller_state: PartnerState = "reseller.state" in [Sale];
    /// The named reseller has accepted the partner agreement in the region of the order (AGR-003). A
    /// direct-bill agreement of the same organization in that region counts (AGR-009).
    reseller_signed: bool = "reseller.signed" in [Sale];
    /// Account or location named are in the region of the caller today. Yes if the PartnerID is unknown.
    reseller_same_region: bool = "reseller.sameRegion" in [Sale];
    /// The partnership between the caller and the named reseller.
    reseller_partnership: Partnership = "reseller.partnership" in [Sale];
    /// What the buyer is to the organization named. Unrelated if the PartnerID is unknown.
    reseller_kin: Kin = "reseller.buyerIs" in [Sale];
    /// A dated waiver covers sales by the organization named. No when unrelated.
    reseller_waiver: bool = "reseller.waiver" in [Sale];

    // ---- the second partner of a joint invitation ----

    /// A reseller invites together with its provider (CUS-004). If not, the facts of this block have no meaning.
    joint: bool = "provider" in [Invitation];
    /// That provider is in the region of the calling reseller today.
    provider_same_region: bool = "provider.sameRegion" in [Invitation];
    /// What the buyer is to that provider.
    provider_kin: Kin = "provider.buyerIs" in [Invitation];
    /// A dated waiver covers sales by that provider's organization. No when unrelated.
    provider_waiver: bool = "provider.waiver" in [Invitation];

    // ---- the buyer ----

    /// What the buyer's tenant is for.
    tenant: TenantUse = "buyer.tenant" in [Sale Invitation];
    /// What its owner is in the program.
    owner: Owner = "buyer.owner" in [Sale Invitation];
    /// Where it is.
    region: BuyerRegion = "buyer.region" in [Sale Invitation];
    /// The partnership in which this very tenant, as a reseller, is with the provider of this deal: the caller
    /// if it is a provider, else the provider of a joint invitation, else nobody.
    tenant_partnership: Partnership = "buyer.partnership" in [Sale Invitation];
    /// Evidence of the customer agreement.
    agreement: CustomerAgreement = "buyer.agreement" in [Sale];

    // ---- item and operator ----

    /// The item is cloud consumption or a reservation for it, hence fit for a shared-services tenant (TXN-409).
    /// No meaning for other tenants.
    consumption_only: bool = "consumptionOnly" in [Sale];
    /// The operator lets a provider sell to partners without a reseller (TXN-404).
    provider_may_sell_to_partners: bool = "providerMaySellToPartners" in [Sale];

    // ---- partnerships ----

    /// The account invited. In an acceptance it is the caller, and this is the provider's account.
    other: Named = "other.account" in [NewPartnership];
    /// State of that account.
    other_state: PartnerState = "other.state" in [NewPartnership];
    /// Both sides are one tenant.
    same_tenant: bool = "sameTenant" in [NewPartnership];
    /// Both program accounts are in one region today (TXN-804).
    same_region: bool = "sameRegion" in [NewPartnership];
    /// The relationship in which the reseller's tenant, as end customer, is with this very provider (REL-025).
    reseller_is_customer: Relationship = "resellerIsCustomer" in [NewPartnership];
}

impl AbstractDeal {
    /// The deal of this kind in which everything is in order. A provider sells through a reseller; a reseller
    /// can buy nothing (IDN-003) and an account without enrolment accept nothing (REL-002), so for these two
    /// it is refused all the same.
    pub fn clean(action: Action, caller: Caller) -> Self {
        AbstractDeal {
            action,
            caller,
            mfa: true,
            caller_state: if caller == Caller::Unenrolled {
                PartnerState::InVerification
            } else {
                PartnerState::Active
            },
            caller_signed: true,
            caller_kin: Kin::Unrelated,
            caller_waiver: false,
            caller_relationship: Relationship::Active,
            role_declared: true,
            names_reseller: action.group() == Group::Sale && caller == Caller::Provider,
            reseller: Named::Reseller,
            reseller_state: PartnerState::Active,
            reseller_signed: true,
            reseller_same_region: true,
            reseller_partnership: Partnership::Active,
            reseller_kin: Kin::Unrelated,
            reseller_waiver: false,
            joint: false,
            provider_same_region: true,
            provider_kin: Kin::Unrelated,
            provider_waiver: false,
            tenant: TenantUse::Customer,
            owner: Owner::Ordinary,
            region: BuyerRegion::Same,
            tenant_partnership: Partnership::None,
            agreement: CustomerAgreement::ThisPartner,
            consumption_only: false,
            provider_may_sell_to_partners: false,
            other: if action == Action::AcceptPartnership {
                Named::Provider
            } else {
                Named::Reseller
            },
            other_state: PartnerState::Active,
            same_tenant: false,
            same_region: true,
            reseller_is_customer: Relationship::None,
        }
    }

    /// The facts that this deal has, an absent record's facts left out.
    pub fn facts(&self) -> impl Iterator<Item = &'static Fact> + use<> {
        let deal = *self;
        FACTS.iter().filter(move |fact| deal.has(fact))
    }

    /// Whether this deal has a fact: whether it belongs to the action, and its record is there.
    pub fn has(&self, fact: &Fact) -> bool {
        let present = match fact.record {
            Some(Record::Reseller) => self.names_reseller,
            Some(Record::Provider) => self.joint,
            None => true,
        };
        present && fact.groups.contains(&self.action.group())
    }

    /// The same deal with facts that mean nothing in it set to one fixed value each.
    #[must_use]
    pub fn canonical(mut self) -> Self {
        let clean = Self::clean(self.action, self.caller);
        if self.action == Action::AcceptRelationship {
            self.mfa = true;
        }
        if self.action == Action::TransferIn {
            self.role_declared = true;
        }
        if self.reseller != Named::Reseller {
            self.reseller_state = PartnerState::InVerification;
            self.reseller_signed = false;
            self.reseller_partnership = Partnership::None;
        }
        if self.reseller == Named::Unknown {
            self.reseller_same_region = true;
            self.reseller_kin = Kin::Unrelated;
        }
        if self.tenant != TenantUse::SharedServices {
            self.consumption_only = clean.consumption_only;
        }
        if self.caller == Caller::Unenrolled {
            self.caller_state = clean.caller_state;
        }
        if self.action == Action::AcceptPartnership {
            self.other = clean.other;
        } else {
            self.other_state = clean.other_state;
        }
        self.caller_waiver &= self.caller_kin != Kin::Unrelated;
        self.reseller_waiver &= self.reseller_kin != Kin::Unrelated;
        self.provider_waiver &= self.provider_kin != Kin::Unrelated;
        for fact in FACTS {
            let unheeded = fact.record == Some(Record::Reseller) && self.caller != Caller::Provider;
            if unheeded || !self.has(fact) {
                (fact.set)(&mut self, (fact.get)(&clean));
            }
        }
        self
    }

    /// The caller's account in the words for a named one.
    pub fn caller_type(&self) -> Named {
        match self.caller {
            Caller::Provider => Named::Provider,
            Caller::Reseller => Named::Reseller,
            Caller::DirectBill => Named::DirectBill,
            Caller::Unenrolled => Named::NotEnrolled,
        }
    }

    /// Facts in which this deal differs from the clean one of its kind.
    pub fn deviations(&self) -> Vec<&'static Fact> {
        let clean = Self::clean(self.action, self.caller);
        self.facts()
            .filter(|fact| (fact.get)(self) != (fact.get)(&clean))
            .collect()
    }
}

/// A sentence: what is tried, and what is not in order about it.
impl fmt::Display for AbstractDeal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} by {}", self.action.word(), self.caller.word())?;
        let deviations = self.deviations();
        if deviations.is_empty() {
            return write!(f, ", everything in order");
        }
        for (position, fact) in deviations.iter().enumerate() {
            let separator = if position == 0 {
                ", in order but for: "
            } else {
                ", "
            };
            write!(
                f,
                "{separator}{} = {}",
                fact.path,
                (fact.word)((fact.get)(self))
            )?;
        }
        Ok(())
    }
}

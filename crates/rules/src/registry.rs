//! What a rule is: where it is checked, when it forbids, what it answers and what it shows.

use serde::{Deserialize, Serialize};

use crate::book::{self, Entry, RuleId};
use crate::facts::{Checkpoints, Facts};

tierline_domain::words! {
    /// The order of checks (GEN-010). The first failure supplies the code.
    pub enum Step {
        /// Authentication and MFA.
        Authentication = "authentication",
        /// User role.
        Role = "role",
        /// Caller's partner type.
        PartnerType = "partner_type",
        /// Caller's program status.
        ProgramStatus = "program_status",
        /// Caller's agreement.
        CallerAgreement = "caller_agreement",
        /// Named reseller known and enrolled.
        NamedKnown = "named_known",
        /// Region of all parties.
        Region = "region",
        /// Named reseller's status and agreement.
        NamedStatus = "named_status",
        /// Partner relationship.
        Partnership = "partnership",
        /// Exclusivity.
        Exclusivity = "exclusivity",
        /// Tenant type.
        TenantType = "tenant_type",
        /// Affiliation.
        Affiliation = "affiliation",
        /// Admissible chain and seller.
        Chain = "chain",
        /// Customer relationship.
        Relationship = "relationship",
        /// Customer agreement.
        CustomerAgreement = "customer_agreement",
        /// Catalogue and segment; for commands without a sale, the form and state of what they touch.
        Catalogue = "catalogue",
        /// Quantity and prerequisites.
        Quantity = "quantity",
        /// Credit and risk.
        Credit = "credit",
    }
}

tierline_domain::words! {
    /// The fact of the world that a rule rests on. Rules of one ground fail and pass together when
    /// that fact is cured; a remedy cures grounds, not rules.
    pub enum Ground {
        /// The token or second factor.
        Authentication = "authentication",
        /// The roles of the user.
        UserRole = "user_role",
        /// The caller's partner type is wrong for the command.
        CallerType = "caller_type",
        /// The caller's state in the program.
        CallerState = "caller_state",
        /// Standing of the partner on the other side of a partnership.
        OtherState = "other_state",
        /// The caller's partner agreement.
        CallerAgreement = "caller_agreement",
        /// No PartnerID is associated with the caller.
        CallerLocation = "caller_location",
        /// The caller's location is not active.
        CallerPlaceState = "caller_place_state",
        /// The PartnerID named is no enrolled reseller.
        NamedIdentity = "named_identity",
        /// Region of seller and buyer.
        BuyerRegion = "buyer_region",
        /// Region of provider and reseller.
        PartnerRegion = "partner_region",
        /// Either of the two, in a two-tier sale (REG-015).
        ChainRegion = "chain_region",
        /// A country that no region lists.
        NoRegion = "no_region",
        /// The named reseller's state.
        NamedState = "named_state",
        /// The named reseller's agreement.
        NamedAgreement = "named_agreement",
        /// The partnership between provider and reseller.
        Partnership = "partnership",
        /// The tenant is reseller of the same provider.
        Exclusivity = "exclusivity",
        /// The tenant is an end customer of the same provider.
        ReverseExclusivity = "reverse_exclusivity",
        /// The tenant is used in the program.
        TenantUse = "tenant_use",
        /// The tenant is not of type Customer.
        TenantKind = "tenant_kind",
        /// What the shared-services tenant may hold.
        SharedServices = "shared_services",
        /// Buyer and a seller of the chain are one organization, or affiliated.
        SelfSale = "self_sale",
        /// The tenant or the reseller chosen for option 1 of scenario 6.
        OptionOne = "option_one",
        /// An ordinary rule that binds a partner-buyer too (TXN-408, TXN-613).
        Ordinary = "ordinary",
        /// A lone provider faces a partner.
        LoneProvider = "lone_provider",
        /// The chain is none of the two supported.
        Chain = "chain",
        /// The role declaration.
        RoleDeclaration = "role_declaration",
        /// How the customer was won.
        Acquisition = "acquisition",
        /// The relationship with the customer.
        Relationship = "relationship",
        /// The customer agreement.
        CustomerAgreement = "customer_agreement",
        /// The customer's account state.
        CustomerAccount = "customer_account",
        /// The customer's qualification and the offer's segment.
        Segment = "segment",
        /// The item's availability.
        Availability = "availability",
        /// Where the item is sold.
        Market = "market",
        /// Term and frequency.
        TermChoice = "term_choice",
        /// The currency.
        CurrencyChoice = "currency_choice",
        /// Quantity and the item's bounds.
        Quantity = "quantity",
        /// A customer-wide ceiling.
        CustomerCeiling = "customer_ceiling",
        /// Prerequisites of the item.
        Prerequisite = "prerequisite",
        /// Credit and risk.
        Credit = "credit",
        /// The seller of a subscription.
        SubscriptionOwner = "subscription_owner",
        /// The state and windows of a subscription.
        SubscriptionState = "subscription_state",
        /// Rights in the customer's tenant.
        Access = "access",
        /// The name of a granular request.
        AdminName = "admin_name",
        /// How long granular rights are asked for.
        AdminDays = "admin_days",
        /// The roles a granular request names.
        AdminRoles = "admin_roles",
        /// The roles a granular relationship contains.
        AdminGranted = "admin_granted",
        /// What of a granular relationship can be changed.
        AdminFixed = "admin_fixed",
        /// Whether granular rights may extend themselves.
        AdminExtension = "admin_extension",
        /// The age of a granular request.
        AdminAge = "admin_age",
        /// For whom a granular request is, and whether it was answered.
        AdminLink = "admin_link",
        /// The state of a granular relationship.
        AdminState = "admin_state",
        /// A guest account in the customer's tenant.
        GuestAccount = "guest_account",
        /// The customer's conditional access policy.
        ConditionalAccess = "conditional_access",
        /// Rights on a consumption resource.
        ResourceAccess = "resource_access",
        /// Whether the caller's own group is nested.
        Nesting = "nesting",
        /// What a ticket is about.
        TicketSubject = "ticket_subject",
        /// Whose product a ticket is about.
        TicketProduct = "ticket_product",
        /// The plan that a ticket needs.
        TicketPlan = "ticket_plan",
        /// Which roles are held there.
        AccessRole = "access_role",
        /// An application's consent in the customer's tenant.
        ApplicationConsent = "application_consent",
        /// A role that the tenant does not offer.
        RoleOffered = "role_offered",
        /// How far back an audit query reaches.
        AuditRange = "audit_range",
        /// The time in which a fraud credit may be asked for.
        FraudDeadline = "fraud_deadline",
        /// Whether a fraud credit was asked for before.
        FraudCredit = "fraud_credit",
        /// The invitation or request, its link and its state.
        Invitation = "invitation",
        /// A confirmation or declaration.
        Declaration = "declaration",
        /// The form of the request.
        Form = "form",
        /// What an application lacks.
        Application = "application",
        /// Association of a location or tenant.
        Association = "association",
        /// What is still live.
        Live = "live",
        /// What a transfer may carry.
        Transferable = "transferable",
        /// A transfer's own state and contents.
        Transfer = "transfer",
        /// Limits of a sandbox.
        Sandbox = "sandbox",
        /// The cloud.
        Cloud = "cloud",
        /// The type an application asks for.
        ApplicationType = "application_type",
        /// The tenant an application is for acts in another type.
        ApplicationTenant = "application_tenant",
        /// Who owns the tenant an application is for.
        TenantOwner = "tenant_owner",
        /// The applicant has never been in the program.
        Newcomer = "newcomer",
        /// How long the applicant has been a reseller.
        Tenure = "tenure",
        /// Revenue of the trailing twelve months.
        Revenue = "revenue",
        /// The credit check.
        CreditCheck = "credit_check",
        /// The partner support plan.
        SupportPlan = "support_plan",
        /// The assessment of capabilities.
        Capability = "capability",
        /// A managed service of the partner's own.
        ManagedService = "managed_service",
        /// The receivables process.
        Receivables = "receivables",
        /// Infrastructure to support resellers.
        ResellerInfrastructure = "reseller_infrastructure",
        /// The wait after de-authorisation.
        WaitingPeriod = "waiting_period",
        /// Membership of the organization.
        Membership = "membership",
        /// Sign-in credentials of an account.
        Credentials = "credentials",
        /// The business registration number.
        RegistrationNumber = "registration_number",
        /// The address of the primary contact.
        ContactAddress = "contact_address",
        /// Customer-support details.
        SupportContact = "support_contact",
        /// The program account a location is tied to.
        LocationTie = "location_tie",
        /// The country of a location beside that of the tenant.
        LocationCountry = "location_country",
        /// The state of a location.
        LocationState = "location_state",
        /// Whether a PartnerID is that of a location or of a global account.
        LocationKind = "location_kind",
        /// What keeps a location from being deleted.
        DeletionBlock = "deletion_block",
        /// Whether an address is genuine.
        Address = "address",
        /// The one field of a profile update.
        Profile = "profile",
        /// How long verification has been pending.
        VerificationWait = "verification_wait",
        /// The documents of an appeal.
        Documents = "documents",
        /// The reseller has a provider.
        ProviderTie = "provider_tie",
        /// The partner is moving to the indirect model.
        Transition = "transition",
        /// The transitioning partner's enrolment as a reseller.
        ResellerEnrolment = "reseller_enrolment",
        /// Subscriptions of one customer in a sandbox.
        SandboxSubscriptions = "sandbox_subscriptions",
        /// Seats of one subscription in a sandbox.
        SandboxSeats = "sandbox_seats",
        /// Test resellers of a sandbox.
        SandboxResellers = "sandbox_resellers",
        /// How many identifiers a query was given.
        IdentifierCount = "identifier_count",
        /// The form of an identifier.
        Identifier = "identifier",
        /// A tenant asked about does not exist.
        TenantIdentity = "tenant_identity",
        /// Fields of an attestation.
        AttestationFields = "attestation_fields",
        /// The day an attestation states.
        AttestationDate = "attestation_date",
        /// The agreement template.
        Template = "template",
        /// An attestation like one on record.
        Duplicate = "duplicate",
        /// Whether the customer may accept directly.
        DirectAcceptance = "direct_acceptance",
        /// The type of the partner that is invited.
        OtherType = "other_type",
        /// An invitation link that was altered.
        InvitationLink = "invitation_link",
        /// The company name of a new customer.
        CompanyName = "company_name",
        /// The mail address of a new customer.
        CustomerAddress = "customer_address",
        /// The telephone number of a new customer.
        Phone = "phone",
        /// The domain of a new customer.
        Domain = "domain",
        /// The special qualification asked for.
        QualificationValue = "qualification_value",
        /// The validation code of a qualification.
        ValidationCode = "validation_code",
        /// Whether a customer may buy by itself.
        SelfService = "self_service",
        /// What a customer may buy by itself.
        SelfServiceItem = "self_service_item",
        /// The relationship of a support contact with the customer.
        ContactRelationship = "contact_relationship",
        /// The rights of a support contact in the customer's tenant.
        ContactAccess = "contact_access",
        /// The cart's seven days, its owner and its lines.
        Cart = "cart",
        /// The cart was checked out and changed since.
        CartSubmitted = "cart_submitted",
        /// Another request on the same cart or order.
        Concurrency = "concurrency",
        /// The fault that a line of a cart carries.
        LineFault = "line_fault",
        /// How old the availability is.
        AvailabilityAge = "availability_age",
        /// The last day of sale.
        EndOfSale = "end_of_sale",
        /// For which partners the item is.
        SellerEligibility = "seller_eligibility",
        /// The seller's approval for a segment.
        SellerApproval = "seller_approval",
        /// The attestation that an offer wants on its line.
        OfferAttestation = "offer_attestation",
        /// How many further resellers are declared, and after whom.
        FurtherResellers = "further_resellers",
        /// Whether each further reseller is one.
        FurtherResellerIdentity = "further_reseller_identity",
        /// The agreement of each further reseller.
        FurtherResellerAgreement = "further_reseller_agreement",
        /// The billing frequency beside the term.
        FrequencyChoice = "frequency_choice",
        /// The share of the base seats that an add-on must cover.
        BaseShare = "base_share",
        /// Subscriptions of one item at one time.
        ConcurrentLimit = "concurrent_limit",
        /// Subscriptions of one tenant.
        TenantCeiling = "tenant_ceiling",
        /// Whether a subscription is of an item that is activated.
        Activation = "activation",
        /// The customer had the trial before.
        TrialUsed = "trial_used",
        /// The customer owns what the trial is for.
        TrialOwned = "trial_owned",
        /// Whether there is a trial of the item at all.
        TrialExists = "trial_exists",
        /// The custom end date.
        Alignment = "alignment",
        /// The terms that would share an end.
        AlignmentTerms = "alignment_terms",
        /// Whether items of this kind can be aligned.
        AlignmentKind = "alignment_kind",
        /// The customer has the consumption plan.
        PlanOwned = "plan_owned",
        /// The consumption plan that something needs.
        ConsumptionPlan = "consumption_plan",
        /// The currency of what the customer already holds.
        OlderCurrency = "older_currency",
        /// The base that a traditional add-on names.
        AddOnParent = "add_on_parent",
        /// The state of that base.
        AddOnParentState = "add_on_parent_state",
        /// Seats under a promotion.
        PromotionLimit = "promotion_limit",
        /// The review of an order and its document.
        OrderReview = "order_review",
        /// The state of the named reseller's location.
        NamedPlaceState = "named_place_state",
        /// The window in which a subscription may be cancelled.
        CancellationWindow = "cancellation_window",
        /// Whether the item can be cancelled at all.
        Cancellable = "cancellable",
        /// A prepaid plan for a third party's operating system.
        SoftwarePlan = "software_plan",
        /// The windows in which seats may be taken away.
        SeatWindow = "seat_window",
        /// The seat count within the item's bounds.
        SeatBounds = "seat_bounds",
        /// Seats of software cannot be taken away.
        SoftwareSeats = "software_seats",
        /// The subscription came out of an upgrade.
        Upgraded = "upgraded",
        /// The subscription is a trial.
        TrialItem = "trial_item",
        /// Whether the item renews.
        Renewable = "renewable",
        /// A renewal is queued.
        RenewalQueued = "renewal_queued",
        /// Renewal is switched off.
        RenewalOff = "renewal_off",
        /// The change of frequency in mid-term.
        FrequencyChange = "frequency_change",
        /// The other subscriptions of the order.
        OrderSiblings = "order_siblings",
        /// Of what a change of frequency is asked.
        FrequencyPlace = "frequency_place",
        /// The end asked of the next term.
        ScheduledEnd = "scheduled_end",
        /// What the customer has of the previous consumption offer.
        PreviousOffer = "previous_offer",
        /// The partner to which overage flows.
        OverageHolder = "overage_holder",
        /// What the partner sold that includes overage.
        OverageItem = "overage_item",
        /// Whether the item is billed that way.
        FrequencyOffered = "frequency_offered",
        /// What still runs under a plan.
        LiveChildren = "live_children",
        /// Whether the partner of record can change.
        RecordFixed = "record_fixed",
        /// Updates in the life of a subscription.
        Updates = "updates",
        /// The ETag.
        StaleEtag = "stale_etag",
        /// The receiving partner's relationship with the customer.
        ReceiverRelationship = "receiver_relationship",
        /// The receiving partner's consumption plan.
        ReceiverPlan = "receiver_plan",
        /// The reseller of record of a transfer.
        TransferReseller = "transfer_reseller",
        /// The receiving partner acts, and somebody else did.
        TransferInitiator = "transfer_initiator",
        /// Who takes part in a transfer and decides it.
        TransferParty = "transfer_party",
        /// The state of what a transfer carries.
        TransferContents = "transfer_contents",
        /// Another open transfer.
        OtherTransfer = "other_transfer",
        /// Giver and receiver of a transfer.
        SameParty = "same_party",
        /// Products of third parties in a transfer.
        ThirdParty = "third_party",
        /// The target term beside the running one.
        TermShortened = "term_shortened",
        /// Where an item may be upgraded to.
        UpgradePath = "upgrade_path",
        /// The state of what an upgrade goes into.
        TargetState = "target_state",
        /// The window of what an upgrade goes into.
        TargetWindow = "target_window",
        /// The item of what an upgrade goes into.
        TargetItem = "target_item",
        /// An upgrade into itself.
        TargetSelf = "target_self",
        /// The term of what an upgrade goes into.
        TargetTerm = "target_term",
        /// The end of what a subscription goes into.
        TargetEnd = "target_end",
        /// Seats that an upgrade moves.
        TransitionSeats = "transition_seats",
        /// Something scheduled goes into nothing that exists.
        ScheduledTarget = "scheduled_target",
        /// The least seats of an early conversion.
        ConversionSeats = "conversion_seats",
        /// How long a traditional subscription has run.
        MigrationAge = "migration_age",
        /// How soon a traditional term ends.
        MigrationEnd = "migration_end",
        /// What cannot be moved to new commerce.
        MigrationKind = "migration_kind",
        /// A discount on a traditional subscription.
        MigrationDiscount = "migration_discount",
        /// The segment of a traditional subscription.
        MigrationSegment = "migration_segment",
        /// The signatures on a form.
        Signatures = "signatures",
        /// Where a command may be given: in the portal alone.
        Channel = "channel",
        /// A link that leads to no request.
        AdminUnknown = "admin_unknown",
        /// Old full delegation was asked for.
        FullDelegation = "full_delegation",
        /// Whose tenant a security group is in.
        AdminGroup = "admin_group",
        /// The relationship of the other partner of a chain with the customer.
        OtherRelationship = "other_relationship",
        /// No partnership, or no invitation, that could be ended.
        NothingToEnd = "nothing_to_end",
    }
}

/// Where the code of a refusal comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The documented wire code.
    Documented(u32),
    /// None is documented: 7,000,000 + prefix × 1,000 + number (GEN-003).
    Private,
    /// "Per rule" (TXN-408, TXN-613): another rule supplies it.
    PerRule,
    /// A status without an error object (SEC-002).
    Bare,
}

/// Status and code of a refusal at one checkpoint, for the facts at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The wire code.
    pub code: Code,
    /// The code on the cart's line, where the fault is one of a line (ORD-005).
    pub line_code: Option<u32>,
}

/// A documented status and code.
#[must_use]
pub const fn documented(status: u16, code: u32) -> Answer {
    Answer {
        status,
        code: Code::Documented(code),
        line_code: None,
    }
}

/// A status of ours for a refusal without a documented code.
#[must_use]
pub const fn private(status: u16) -> Answer {
    Answer {
        status,
        code: Code::Private,
        line_code: None,
    }
}

/// The answer comes from another rule that fails with it.
#[must_use]
pub const fn per_rule(status: u16) -> Answer {
    Answer {
        status,
        code: Code::PerRule,
        line_code: None,
    }
}

/// A status without a body of its own.
#[must_use]
pub const fn bare(status: u16) -> Answer {
    Answer {
        status,
        code: Code::Bare,
        line_code: None,
    }
}

impl Default for Answer {
    /// What a stored decision is read back with: the wire answer is stored beside it.
    fn default() -> Self {
        private(0)
    }
}

impl Answer {
    /// The same answer with a code on the line.
    #[must_use]
    pub const fn on_line(self, line_code: u32) -> Self {
        Self {
            line_code: Some(line_code),
            ..self
        }
    }

    /// Whether the wire code is a documented one; those go before private ones within a step.
    #[must_use]
    pub const fn is_documented(self) -> bool {
        matches!(self.code, Code::Documented(_) | Code::Bare)
    }
}

/// One fact that a refusal shows, and about whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// What it is.
    pub label: String,
    /// Its value in words of the rulebook.
    pub value: String,
    /// The party whose fact it is; a caller that neither named it nor is related to it reads no value.
    pub about: Option<String>,
    /// It tells what is wrong, which is true only where the rule forbids: a rule that passes does not show it.
    #[serde(skip)]
    pub is_claim: bool,
}

/// A fact that every caller may see: it is the caller's own, or the request's.
pub fn shown(label: &str, value: impl ToString) -> Shown {
    Shown {
        label: label.to_owned(),
        value: value.to_string(),
        about: None,
        is_claim: false,
    }
}

/// A fact about a party.
pub fn shown_of(party: &str, label: &str, value: impl ToString) -> Shown {
    Shown {
        label: label.to_owned(),
        value: value.to_string(),
        about: Some(party.to_owned()),
        is_claim: false,
    }
}

/// What is wrong, in words that hold only where the rule forbids.
pub fn claim(label: &str, value: impl ToString) -> Shown {
    Shown {
        is_claim: true,
        ..shown(label, value)
    }
}

/// The same about a party.
pub fn claim_of(party: &str, label: &str, value: impl ToString) -> Shown {
    Shown {
        is_claim: true,
        ..shown_of(party, label, value)
    }
}

/// A rule as enforced: typed, in one place, by the rulebook's id.
pub struct Rule {
    /// The rulebook's id.
    pub id: RuleId,
    /// Its step in the order of checks.
    pub step: Step,
    /// The fact it rests on.
    pub ground: Ground,
    /// Where it is checked.
    pub at: Checkpoints,
    /// Whether it forbids, for these facts.
    pub forbids: fn(&Facts) -> bool,
    /// What it answers, once it forbids.
    pub answer: fn(&Facts) -> Answer,
    /// The facts its refusal shows.
    pub shows: fn(&Facts) -> Vec<Shown>,
}

impl Rule {
    /// Its entry in the rulebook.
    ///
    /// # Panics
    /// When the rulebook lacks the id; a test looks every registered rule up.
    #[must_use]
    pub fn entry(&self) -> &'static Entry {
        match book::entry(self.id) {
            Some(entry) => entry,
            None => panic!("{} is registered but not in the rulebook", self.id),
        }
    }
}

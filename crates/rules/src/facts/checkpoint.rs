//! The commands at which rules are checked, and sets of them.

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
        /// Say where the use beyond licences flows.
        SetOverage = "set_overage",
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
        /// Change what is on record of a customer: its billing profile, its domains.
        UpdateCustomer = "update_customer",
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
        /// Write a granular request before it is sent (ours).
        DraftAdmin = "draft_admin",
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
        /// Reject a transfer.
        RejectTransfer = "reject_transfer",
        /// Take a transfer back.
        WithdrawTransfer = "withdraw_transfer",
        /// Name the support contact.
        SetSupportContact = "set_support_contact",
        /// Open a ticket with the operator.
        OpenTicket = "open_ticket",
        /// Add something to a ticket, or change it (ours).
        UpdateTicket = "update_ticket",
        /// Say what became of alerts of fraud.
        UpdateFraudEvents = "update_fraud_events",
        /// Write a notice, read some, or tell of one's support.
        WriteNotice = "write_notice",
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
        /// Read what the actor itself sold and bought (ours).
        ReadBooks = "read_books",
        /// Record payments, correct and dispute invoices, arrange who bills (ours).
        ManageBilling = "manage_billing",
        /// File a tax exemption (ours, BIL-026).
        FileExemption = "file_exemption",
        /// Read prices.
        ReadPriceSheet = "read_price_sheet",
        /// Add an entry to the own price book (ours).
        SetPrice = "set_price",
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
        /// Let an application act in a customer's tenant.
        ConsentApplication = "consent_application",
        /// Take that back.
        RevokeConsent = "revoke_consent",
        /// Call the API at all, before any command (ours).
        CallApi = "call_api",
        /// Grant or end a waiver of the self-sale ban (ours, TXN-507).
        RecordWaiver = "record_waiver",
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

//! What is checked about companies before it counts: partners' profiles, customers' qualifications and accounts.

use crate::words;

words! {
    /// The profiles of a partner.
    pub enum ProfileKind {
        /// Its legal business.
        LegalBusiness = "legal_business",
        /// Where its bills go.
        Billing = "billing",
        /// The organization as it shows itself.
        Organization = "organization",
        /// Whom its customers ask for help.
        Support = "support",
    }
}

words! {
    /// How far the verification of a legal business is (IDN-026).
    pub enum Vetting {
        /// Being verified.
        Pending = "pending",
        /// Verified.
        Authorized = "authorized",
        /// Refused.
        Rejected = "rejected",
    }
}

words! {
    /// Special qualifications of customers that are on record (CUS-024).
    pub enum Special {
        /// Education.
        Education = "education",
        /// Government community cloud.
        GovernmentCommunityCloud = "government_community_cloud",
        /// A state-owned entity.
        StateOwned = "state_owned",
    }
}

words! {
    /// Kinds of schools.
    pub enum EducationSegment {
        /// Primary and secondary schools.
        Schools = "schools",
        /// Universities and colleges.
        Universities = "universities",
    }
}

words! {
    /// What the check of a customer account came to.
    pub enum CheckStatus {
        /// It may buy.
        Allowed = "allowed",
        /// Being reviewed.
        UnderReview = "under_review",
        /// It may not buy.
        NotAllowed = "not_allowed",
        /// Nobody can say.
        Unknown = "unknown",
        /// The check has not begun.
        NotReady = "not_ready",
    }
}

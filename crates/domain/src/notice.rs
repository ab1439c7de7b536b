//! What parties of the program write to each other (SUP-013), and what partners say of their support (SUP-003).

use crate::id::Id;
use crate::partner::{Account, Tenant};
use crate::time::Timestamp;
use crate::words;

words! {
    /// What a notice is about.
    pub enum NoticeTopic {
        /// What became of a subscription: the partner writes to its customer.
        Subscription = "subscription",
        /// Scope, hours, contact and price of support: the partner writes to its customer (SUP-003).
        Support = "support",
        /// The partner agreement and what follows from not accepting it: the provider writes to its reseller (AGR-011).
        PartnerAgreement = "partner_agreement",
        /// Anything else between a partner and its customer, or a provider and its reseller.
        Message = "message",
        /// A recorded acceptance of the customer agreement: the operator writes to the customer.
        AgreementRecorded = "agreement_recorded",
        /// Something of the services does not work: the operator writes.
        Incident = "incident",
        /// How the program is operated: the operator writes.
        Operations = "operations",
    }
}

words! {
    /// What the operator writes about by hand; of everything else customers hear from their partners (SUP-013).
    pub enum Announcement {
        /// Something of the services does not work.
        Incident = "incident",
        /// How the program is operated.
        Operations = "operations",
    }
}

impl Announcement {
    /// As what a notice is about.
    #[must_use]
    pub const fn topic(self) -> NoticeTopic {
        match self {
            Self::Incident => NoticeTopic::Incident,
            Self::Operations => NoticeTopic::Operations,
        }
    }
}

/// A notice. Personal: its text may name people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its id.
    pub id: Id<Notice>,
    /// What it is about.
    pub topic: NoticeTopic,
    /// Who wrote it; the operator where it is nobody.
    pub author: Option<Id<Account>>,
    /// The partner that it was written to, or else a customer.
    pub account: Option<Id<Account>>,
    /// The customer that it was written to.
    pub customer: Option<Id<Tenant>>,
    /// Short name of what it is about: a subscription, a partner; empty where it speaks for itself.
    pub about: String,
    /// What happened to that, in the word of the command or event; empty where somebody wrote by hand.
    pub happened: String,
    /// What somebody wrote by hand.
    pub text: String,
    /// When.
    pub at: Timestamp,
    /// When it was read.
    pub read_at: Option<Timestamp>,
}

/// What a partner says of the support that its customers get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupportOffer {
    /// The partner.
    pub partner: Id<Account>,
    /// What it helps with.
    pub scope: String,
    /// When.
    pub hours: String,
    /// How it is reached.
    pub contact: String,
    /// What it costs.
    pub price: String,
    /// Who helps on its behalf; empty where it does so itself.
    pub provided_by: String,
    /// When it said so.
    pub since: Timestamp,
}

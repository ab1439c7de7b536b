//! Tables of profiles, qualifications, validation codes, account checks and domains.

use serde_json::Value;
use tierline_domain::customer::Qualification;
use tierline_domain::id::Id;
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::time::Timestamp;
use tierline_domain::vetting::{CheckStatus, EducationSegment, ProfileKind, Special, Vetting};

use crate::table;
use crate::value::Json;

/// A profile as its partner wrote it. Personal, and therefore apart from the account.
#[derive(Clone, Debug, PartialEq)]
pub struct PartnerProfile {
    /// The partner.
    pub account: Id<Account>,
    /// Which profile.
    pub kind: ProfileKind,
    /// What it says now.
    pub body: Json<Value>,
    /// What it said when it was verified last.
    pub finalized: Option<Json<Value>>,
    /// How far its verification is.
    pub vetting: Vetting,
    /// Changes with every write.
    pub version: i64,
}

/// A qualification that somebody asked for, and what came of it (CUS-024, CUS-025).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QualificationRequest {
    /// Its id.
    pub id: Id<QualificationRequest>,
    /// The customer.
    pub customer: Id<Tenant>,
    /// Who asked.
    pub partner: Id<Account>,
    /// What for.
    pub special: Special,
    /// The kind of school.
    pub segment: Option<EducationSegment>,
    /// A page that shows it.
    pub website: Option<String>,
    /// How far its verification is.
    pub state: Qualification,
    /// Why it was refused.
    pub reason: Option<String>,
    /// When it was asked for.
    pub created: Timestamp,
}

/// A code with which a partner qualifies customers of the government community cloud (CUS-025).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidationCode {
    /// The partner.
    pub partner: Id<Account>,
    /// The code.
    pub code: String,
    /// The organization it was given for.
    pub organization: String,
    /// How many customers it is for.
    pub most: i64,
    /// For how many it still is.
    pub remaining: i64,
    /// When it was last changed.
    pub changed: Timestamp,
}

/// What the check of a customer account came to, where one was made (CUS-016).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountCheck {
    /// The customer.
    pub customer: Id<Tenant>,
    /// What came of it.
    pub status: CheckStatus,
    /// When.
    pub changed: Timestamp,
}

/// A domain that a customer's tenant has beside its first one.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifiedDomain {
    /// The domain, in small letters.
    pub domain: String,
    /// The customer.
    pub customer: Id<Tenant>,
    /// How its users sign in, and where.
    pub settings: Json<Value>,
    /// When it was added.
    pub added: Timestamp,
}

table! {
    /// Profiles of partners.
    partner_profiles: PartnerProfile {
        key { account, kind }
        columns { account, kind, body, finalized, vetting, version }
        finds {}
    }
}
table! {
    /// Qualifications of customers.
    qualifications: QualificationRequest {
        key { id }
        columns { id, customer, partner, special, segment, website, state, reason, created }
        finds { BY_CUSTOMER = "WHERE customer = $1 ORDER BY created, id" }
    }
}
table! {
    /// Codes that qualify customers of the government community cloud.
    validation_codes: ValidationCode {
        key { partner, code }
        columns { partner, code, organization, most, remaining, changed }
        finds { BY_PARTNER = "WHERE partner = $1 ORDER BY code" }
    }
}
table! {
    /// Checks of customer accounts.
    account_checks: AccountCheck {
        key { customer }
        columns { customer, status, changed }
        finds {}
    }
}
table! {
    /// Further domains of customers.
    verified_domains: VerifiedDomain {
        key { domain }
        columns { domain, customer, settings, added }
        finds { BY_CUSTOMER = "WHERE customer = $1 ORDER BY domain" }
    }
}

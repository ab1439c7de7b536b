//! Facts of what a command says: applications, new customers, evidence, queries.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use tierline_domain::money::Money;
use tierline_domain::order::OrderState;
use tierline_domain::partner::{MembershipState, PartnerType, SupportPlan};
use tierline_domain::place::Country;
use tierline_domain::time::Date;

use super::{Named, Party, PlaceFact, RegionFact};

facts! {
    /// A new customer's form.
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
        /// The form takes a number only for the countries that ask for one, as the documented one does.
        pub number_only_where_asked: bool,
        /// The reseller it is for.
        pub for_reseller: Named,
        /// The fields that are missing or malformed.
        pub bad_fields: Vec<String>,
    }
}

facts! {
    /// An attestation's form.
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
}

facts! {
    /// An application for a program account (section 2).
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
}

facts! {
    /// What is on record about the account that acts, beside its state.
    #[derive(Default)]
    pub struct Standing {
        /// Bills that are more than sixty days overdue, with the day they were due (ENR-037).
        pub overdue: Vec<(String, Date)>,
        /// The day of the last capability assessment, when it failed (ENR-016).
        pub assessment_failed: Option<Date>,
    }
}

facts! {
    /// A call of the API, before any command.
    #[derive(Copy)]
    pub struct ApiCall {
        /// The type of the partner that calls a documented path; none for the operator, and for paths of our own.
        pub partner: Option<PartnerType>,
        /// An application alone is not enough.
        pub users_only: bool,
        /// It is about licences, which tells an application so in words of its own.
        pub licences: bool,
        /// The partner's account is in a national cloud (SEC-020).
        pub national: bool,
    }
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

facts! {
    /// Everything else a command was given that a rule may find wrong.
    #[derive(Default)]
    pub struct Form {
        /// The call of the API that is to be admitted.
        pub api_call: Option<ApiCall>,
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
        /// The organization that owns that tenant, where it is not the caller's own.
        pub foreign_owner: Option<String>,
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
        /// A product by consumption that a ticket is about (SUP-008).
        pub metered: Option<String>,
        /// Signatures that a case lacks.
        pub missing_signatures: Vec<String>,
        /// First fraudulent use.
        pub first_use: Option<Date>,
        /// When a credit after fraud was asked for the customer before (SEC-018).
        pub credit_asked: Option<Date>,
        /// The support contact asked for, and whether it is eligible.
        pub contact: Option<(String, bool)>,
        /// The ETag given is stale.
        pub etag_stale: bool,
        /// Another request changed the cart or order since the caller read it (ORD-004).
        pub moved: bool,
        /// A change of billing frequency is asked of the subscription, not of its order (SUB-040).
        pub at_subscription: bool,
        /// The subscription is to be registered for reservations, which only an active one can be (SUB-001).
        pub registers: bool,
        /// The subscription is to be activated, which only an active one of a marketplace item can be (SUB-001).
        pub activates: bool,
        /// The end that is asked of the next term.
        pub scheduled_end: Option<ScheduledEnd>,
        /// What a change of overage meets.
        pub overage: Option<OverageFact>,
        /// The line carries a fault since the cart was filled (ORD-005).
        pub faulty_line: bool,
        /// The PartnerID looked up.
        pub looked_up: Option<Named>,
        /// Test resellers that the provider's sandbox holds (ENR-041).
        pub sandbox_resellers: i64,
        /// An order request that a command is about: provider, reseller, state.
        pub order_request: Option<(String, String, String)>,
    }
}

/// What a command was given besides, and most are given none of it: it takes no room until something of it is said, and is
/// not written down then either. It reads and compares as the form itself.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Besides(Option<Box<Form>>);

impl Besides {
    /// Nothing of it was ever said.
    #[must_use]
    pub const fn says_nothing(&self) -> bool {
        self.0.is_none()
    }
}

impl std::ops::Deref for Besides {
    type Target = Form;

    fn deref(&self) -> &Form {
        static NOTHING: LazyLock<Form> = LazyLock::new(Form::default);
        self.0.as_deref().unwrap_or_else(|| &NOTHING)
    }
}

impl std::ops::DerefMut for Besides {
    fn deref_mut(&mut self) -> &mut Form {
        self.0.get_or_insert_default()
    }
}

impl PartialEq for Besides {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}
impl Eq for Besides {}

facts! {
    /// An end that is asked of the next term (SUB-034).
    pub struct ScheduledEnd {
        /// The day.
        pub day: Date,
        /// The first day of the next term.
        pub first: Date,
        /// Its last day where nothing is asked.
        pub last: Option<Date>,
        /// It is the end of a month, or of another subscription.
        pub aligned: bool,
        /// It lies on the 28th to 30th, which a monthly term does not end on.
        pub short_month: bool,
        /// The item is an online service of new commerce.
        pub online_service: bool,
    }
}

impl ScheduledEnd {
    /// It lies within the next term, or ends it as a monthly term may.
    #[must_use]
    pub fn within(&self) -> bool {
        self.day >= self.first
            && self.last.is_some_and(|last| self.day <= last)
            && !self.short_month
    }
}

facts! {
    /// What a change of overage meets (SUB-051).
    pub struct OverageFact {
        /// Another partner that has it flow to a subscription of its own, and that subscription.
        pub holder: Option<(String, String)>,
        /// The caller sold the customer an item that includes it.
        pub includes: bool,
        /// What the customer still has of the previous consumption offer.
        pub previous: Vec<String>,
    }
}

facts! {
    /// What the agreement status query was given.
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
}

facts! {
    /// What the seller's organization has in the buyer's region, where that is another one (REG-008).
    #[derive(Default)]
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::one_tier;
    use crate::{Checkpoint, Facts};

    /// Decisions that were kept before wrote down the whole form, whatever it said.
    #[test]
    fn a_form_that_says_nothing_is_not_written_down_and_reads_as_one_that_was() {
        let facts = one_tier(Checkpoint::Order);
        let written = serde_json::to_value(&facts).unwrap();
        assert!(written.get("form").is_none(), "{written}");
        let mut before = written;
        let form = serde_json::to_value(Form::default()).unwrap();
        before
            .as_object_mut()
            .unwrap()
            .insert("form".to_owned(), form);
        let read: Facts = serde_json::from_value(before).unwrap();
        assert_eq!(read, facts);
        assert!(!read.form.unconfirmed);
    }

    /// Whether a member somewhere says no, or nothing.
    fn idles(value: &serde_json::Value) -> bool {
        let says_nothing = |member: &serde_json::Value| {
            member.is_null() || member == false || member.as_array().is_some_and(Vec::is_empty)
        };
        match value {
            serde_json::Value::Object(map) => map
                .values()
                .any(|member| says_nothing(member) || idles(member)),
            serde_json::Value::Array(list) => list.iter().any(idles),
            _ => false,
        }
    }

    /// Decisions that were kept before wrote down what is not so, too.
    #[test]
    fn what_is_not_so_is_not_written_down_and_reads_as_that() {
        let facts = one_tier(Checkpoint::Order);
        let written = serde_json::to_value(&facts).unwrap();
        assert!(!idles(&written), "{written}");
        let mut before = written.clone();
        let idle = [
            ("/actor", "transitioning", false.into()),
            ("/actor", "approvals", serde_json::json!([])),
            ("", "credit", serde_json::Value::Null),
        ];
        for (group, name, value) in idle {
            let group = before.pointer_mut(group).unwrap();
            group
                .as_object_mut()
                .unwrap()
                .insert(name.to_owned(), value);
        }
        for text in [written, before] {
            assert_eq!(serde_json::from_value::<Facts>(text).unwrap(), facts);
        }
    }

    #[test]
    fn what_a_form_says_is_written_down() {
        let mut said = one_tier(Checkpoint::Order);
        said.form.unconfirmed = true;
        assert_ne!(said, one_tier(Checkpoint::Order));
        let written = serde_json::to_value(&said).unwrap();
        let read: Facts = serde_json::from_value(written).unwrap();
        assert_eq!(read, said);
        assert!(read.form.unconfirmed);
    }
}

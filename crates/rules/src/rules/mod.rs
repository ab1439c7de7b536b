//! The registry: all enforced rules, grouped in files by section of the rulebook.

use std::sync::LazyLock;

use crate::book::RuleId;
use crate::facts::{Checkpoint, Checkpoints, Facts};
use crate::registry::Rule;

pub mod agreements;
pub mod catalogue;
pub mod customers;
pub mod delegation;
pub mod enrolment;
mod grounds;
pub mod identity;
pub mod money;
pub mod partnerships;
pub mod regions;
pub mod roles;
pub mod scenarios;
pub mod security;
pub mod subscriptions;
pub mod support;
pub mod transfers;

use Checkpoint as C;

/// Everything that fills or places an order.
pub const PURCHASE: Checkpoints = Checkpoints::of(&[C::CreateCart, C::CheckoutCart, C::Order]);
/// A sale that begins something new: an order, or the acceptance of a transfer, which the receiving
/// partner is judged by as by an order (TRF-027).
pub const SALE: Checkpoints = PURCHASE.and(Checkpoints::of(&[C::AcceptTransfer]));
/// The two moments at which an order takes binding effect.
pub const CHECKOUT: Checkpoints = Checkpoints::of(&[C::CheckoutCart, C::Order]);
/// Every command that adds value for a customer (GEN-011); `new_business` in the facts narrows it
/// (a seat decrease is checked at `change_quantity` too, and is none).
pub const NEW_BUSINESS: Checkpoints = Checkpoints::of(&[
    C::CreateCart,
    C::CheckoutCart,
    C::Order,
    C::ChangeQuantity,
    C::Upgrade,
    C::ConvertTrial,
    C::ChangeTerm,
    C::AcceptTransfer,
]);
/// Changes of a subscription by the partner that sold it.
pub const SUBSCRIPTION_CHANGE: Checkpoints = Checkpoints::of(&[
    C::ChangeQuantity,
    C::Cancel,
    C::Suspend,
    C::Reactivate,
    C::SetRenewal,
    C::ScheduleChange,
    C::ChangeFrequency,
    C::ChangeTerm,
    C::Upgrade,
    C::ConvertTrial,
    C::Migrate,
    C::SetPartnerOfRecord,
    C::UpdateSubscription,
    C::SetOverage,
]);

/// All enforced rules, by section.
pub static SECTIONS: &[&[Rule]] = &[
    identity::RULES,
    enrolment::applying::RULES,
    enrolment::changes::RULES,
    enrolment::allowed::RULES,
    agreements::RULES,
    regions::RULES,
    partnerships::RULES,
    customers::RULES,
    delegation::RULES,
    scenarios::chains::RULES,
    scenarios::owners::RULES,
    catalogue::carts::RULES,
    catalogue::items::RULES,
    catalogue::orders::RULES,
    subscriptions::states::RULES,
    subscriptions::transitions::RULES,
    subscriptions::limits::RULES,
    transfers::RULES,
    money::RULES,
    support::RULES,
    roles::RULES,
    security::RULES,
];

/// Every enforced rule, in no particular order. A rule that rests on several facts (the caller's state
/// or the named reseller's; enrolment or agreement) has an entry for each, so that a remedy which cures
/// one fact can be told from one that cures the other; within a decision an id may then stand twice.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    SECTIONS.iter().flat_map(|section| section.iter())
}

/// One enforced rule.
#[must_use]
pub fn find(id: RuleId) -> Option<&'static Rule> {
    all().find(|rule| rule.id == id)
}

/// One question of a checkpoint: a rule, or a look at the fact on which the rules after it rest.
pub(crate) struct Question {
    /// Asks it: whether the rule forbids, or the fact is in order.
    pub(crate) ask: fn(&Facts) -> bool,
    /// The rule; none at a look.
    pub(crate) rule: Option<&'static Rule>,
    /// At a look: how many rules rest on the fact.
    pub(crate) resting: usize,
}

static BY_CHECKPOINT: LazyLock<Vec<Vec<Question>>> =
    LazyLock::new(|| Checkpoint::ALL.iter().copied().map(questions).collect());

fn questions(checkpoint: Checkpoint) -> Vec<Question> {
    let mut here: Vec<_> = all().filter(|rule| rule.at.has(checkpoint)).collect();
    here.sort_by_key(|rule| (rule.ground, rule.step, rule.id));
    let mut questions = Vec::with_capacity(here.len());
    let together = |one: &&Rule, other: &&Rule| {
        grounds::of_one_look(one.ground) == grounds::of_one_look(other.ground)
    };
    for resting in here.chunk_by(together) {
        let look = resting
            .first()
            .filter(|_| resting.len() > 1)
            .and_then(|rule| grounds::in_order(grounds::of_one_look(rule.ground), checkpoint));
        questions.extend(look.map(|ask| Question {
            ask,
            rule: None,
            resting: resting.len(),
        }));
        questions.extend(resting.iter().map(|rule| Question {
            ask: rule.forbids,
            rule: Some(*rule),
            resting: 0,
        }));
    }
    questions
}

/// The questions of a checkpoint.
#[must_use]
#[expect(clippy::as_conversions, reason = "a fieldless enumeration's number")]
pub(crate) fn at(checkpoint: Checkpoint) -> &'static [Question] {
    BY_CHECKPOINT
        .get(checkpoint as usize)
        .map_or(&[], Vec::as_slice)
}

/// Rules of the rulebook that hold by construction, each with the test that shows it.
pub static BEHAVIOUR: &[(&str, &str)] = &[
    (
        "GEN-001",
        "crates/api/tests/api/error_shape.rs every_failure_has_the_documented_body",
    ),
    (
        "GEN-002",
        "crates/api/tests/api/error_shape.rs one_number_may_mean_two_things",
    ),
    (
        "GEN-003",
        "crates/rules/src/book.rs private_codes_follow_gen_003",
    ),
    ("GEN-004", "scenarios/own/subscriptions.yaml OWNSUB-80"),
    (
        "GEN-005",
        "crates/rules/src/rules/mod.rs what_stands_where_sources_disagree_is_in_the_book",
    ),
    (
        "GEN-006",
        "crates/api/tests/api/tolerant_wire.rs a_repeated_request_id_is_a_retry_and_never_a_second_deed",
    ),
    (
        "GEN-008",
        "crates/api/tests/api/throttling.rs a_partner_over_its_budget_waits",
    ),
    (
        "GEN-009",
        "crates/api/tests/api/subscription_changes.rs an_update_may_be_accepted_and_polled_for",
    ),
    ("GEN-010", "scenarios/scenario-6.yaml S6-02"),
    ("GEN-011", "scenarios/agreements.yaml A-20"),
    ("IDN-002", "scenarios/scenario-1.yaml S1-02"),
    ("IDN-004", "scenarios/own/enrolment.yaml OWNENR-54"),
    (
        "IDN-007",
        "crates/app/tests/app/enrolment.rs every_location_has_a_partner_id_of_its_own",
    ),
    ("IDN-019", "scenarios/own/identity.yaml OWNIDN-32"),
    ("IDN-024", "scenarios/own/identity.yaml OWNIDN-42"),
    (
        "IDN-026",
        "crates/app/tests/app/enrolment.rs a_new_name_is_verified_by_itself",
    ),
    ("IDN-027", "scenarios/own/identity.yaml OWNIDN-46"),
    ("IDN-030", "scenarios/scenario-5.yaml S5-04"),
    (
        "ENR-026",
        "crates/app/tests/app/enrolment.rs a_direct_bill_partner_moves_step_by_step",
    ),
    ("ENR-027", "scenarios/enrolment.yaml E-09"),
    ("ENR-030", "scenarios/own/enrolment.yaml OWNENR-86"),
    (
        "ENR-034",
        "crates/app/tests/app/enrolment.rs resellers_below_the_threshold_are_warned_and_told",
    ),
    ("ENR-035", "scenarios/own/enrolment.yaml OWNENR-59"),
    ("AGR-007", "scenarios/agreements.yaml A-05"),
    ("AGR-008", "scenarios/own/agreements.yaml OWNAGR-13"),
    (
        "AGR-010",
        "crates/api/tests/api/notices.rs a_reseller_hears_of_the_agreement_that_it_has_not_accepted",
    ),
    (
        "AGR-011",
        "crates/api/tests/api/notices.rs a_reseller_hears_of_the_agreement_that_it_has_not_accepted",
    ),
    ("AGR-020", "scenarios/own/agreements.yaml OWNAGR-33"),
    ("AGR-025", "scenarios/agreements.yaml A-20"),
    (
        "AGR-026",
        "crates/app/tests/app/enrolment.rs an_attestation_keeps_its_evidence_and_tells_the_customer",
    ),
    ("AGR-031", "scenarios/agreements.yaml A-24"),
    (
        "AGR-032",
        "crates/app/tests/app/enrolment.rs an_attestation_keeps_its_evidence_and_tells_the_customer",
    ),
    (
        "AGR-033",
        "crates/app/tests/app/enrolment.rs a_partner_that_has_not_signed_is_reminded_in_the_portal",
    ),
    ("REG-003", "scenarios/own/regions.yaml OWNREG-12"),
    ("REG-005", "scenarios/scenario-7.yaml S7-01"),
    ("REG-012", "scenarios/own/regions.yaml OWNREG-16"),
    (
        "REG-016",
        "crates/rules/src/regions.rs reg_016_territories_moved_on_their_day",
    ),
    (
        "REG-019",
        "crates/rules/src/regions.rs reg_019_blank_currencies_have_defaults",
    ),
    ("REG-020", "scenarios/scenario-7.yaml S7-19"),
    ("REG-021", "scenarios/billing.yaml B-07"),
    (
        "REL-005",
        "crates/app/tests/app/ties.rs the_provider_gets_access_and_may_lose_it",
    ),
    (
        "REL-006",
        "crates/app/tests/app/ties.rs the_provider_gets_access_and_may_lose_it",
    ),
    ("REL-008", "scenarios/partnerships.yaml R-03"),
    ("REL-010", "scenarios/own/partnerships.yaml OWNREL-31"),
    ("REL-011", "scenarios/own/partnerships.yaml OWNREL-34"),
    ("REL-014", "scenarios/own/partnerships.yaml OWNREL-35"),
    (
        "REL-016",
        "crates/api/tests/api/partner_ties.rs a_removed_reseller_leaves_the_list",
    ),
    (
        "REL-020",
        "crates/api/tests/api/partner_ties.rs a_removed_reseller_leaves_the_list",
    ),
    ("REL-022", "scenarios/own/partnerships.yaml OWNREL-61"),
    ("CUS-004", "scenarios/own/customers.yaml OWNCUS-09"),
    ("CUS-007", "scenarios/own/customers.yaml OWNCUS-19"),
    ("CUS-010", "scenarios/own/customers.yaml OWNCUS-26"),
    (
        "CUS-015",
        "crates/api/tests/api/partner_ties.rs credentials_are_shown_once",
    ),
    ("CUS-018", "scenarios/own/customers.yaml OWNCUS-90"),
    ("CUS-020", "scenarios/own/customers.yaml OWNCUS-51"),
    ("CUS-023", "scenarios/customers.yaml C-25"),
    ("CUS-028", "scenarios/customers.yaml C-20"),
    ("CUS-029", "scenarios/own/customers.yaml OWNCUS-51"),
    ("CUS-032", "scenarios/own/partnerships.yaml OWNREL-31"),
    ("GDA-013", "scenarios/scenario-3.yaml S3-08"),
    ("GDA-014", "scenarios/administration.yaml G-12"),
    (
        "GDA-016",
        "crates/app/tests/app/delegation.rs both_sides_are_reminded_and_told_of_the_end",
    ),
    ("GDA-018", "scenarios/administration.yaml G-16"),
    ("GDA-019", "scenarios/administration.yaml G-24"),
    ("GDA-020", "scenarios/administration.yaml G-14"),
    ("GDA-021", "scenarios/administration.yaml G-20"),
    (
        "GDA-022",
        "crates/app/tests/app/ties.rs new_customers_come_with_default_rights",
    ),
    ("GDA-027", "scenarios/administration.yaml G-27"),
    ("GDA-029", "scenarios/own/delegation.yaml OWNGDA-44"),
    (
        "GDA-030",
        "crates/app/tests/app/delegation.rs both_sides_have_the_approval_confirmed",
    ),
    ("DAP-001", "scenarios/own/support.yaml OWNSUP-05"),
    ("DAP-003", "scenarios/own/delegation.yaml OWNDAP-09"),
    ("DAP-005", "scenarios/own/delegation.yaml OWNDAP-11"),
    ("DAP-007", "scenarios/own/delegation.yaml OWNDAP-14"),
    ("TXN-101", "scenarios/own/deals.yaml OWNTXN-31"),
    ("TXN-102", "scenarios/scenario-1.yaml S1-02"),
    ("TXN-103", "scenarios/scenario-1.yaml S1-09"),
    ("TXN-106", "scenarios/own/orders.yaml OWNORD-30"),
    ("TXN-201", "scenarios/scenario-2.yaml S2-10"),
    ("TXN-202", "scenarios/scenario-2.yaml S2-03"),
    ("TXN-301", "scenarios/scenario-3.yaml S3-08"),
    ("TXN-305", "scenarios/transfers.yaml T-11"),
    ("TXN-306", "scenarios/scenario-3.yaml S3-06"),
    ("TXN-401", "scenarios/scenario-4.yaml S4-04"),
    ("TXN-407", "scenarios/own/deals.yaml OWNTXN-28"),
    ("TXN-410", "scenarios/own/deals.yaml OWNTXN-29"),
    ("TXN-505", "scenarios/own/partnerships.yaml OWNREL-59"),
    ("TXN-603", "scenarios/scenario-6.yaml S6-03"),
    ("TXN-605", "scenarios/scenario-6.yaml S6-12"),
    ("TXN-608", "scenarios/own/partnerships.yaml OWNREL-68"),
    ("TXN-609", "scenarios/own/partnerships.yaml OWNREL-52"),
    ("TXN-612", "scenarios/scenario-6.yaml S6-25"),
    ("TXN-614", "scenarios/own/deals.yaml OWNTXN-30"),
    ("TXN-802", "scenarios/scenario-8.yaml S8-02"),
    ("TXN-804", "scenarios/scenario-8.yaml S8-03"),
    ("ORD-015", "scenarios/own/orders.yaml OWNORD-30"),
    (
        "ORD-028",
        "crates/api/tests/api/orders.rs orders_show_the_states_they_are_in",
    ),
    ("ORD-033", "scenarios/own/orders.yaml OWNORD-80"),
    (
        "ORD-038",
        "crates/api/tests/api/orders.rs a_new_order_is_in_the_list_at_once",
    ),
    ("ORD-041", "scenarios/orders.yaml O-43"),
    ("ORD-042", "scenarios/own/orders.yaml OWNORD-81"),
    ("ORD-043", "scenarios/own/orders.yaml OWNORD-86"),
    (
        "ORD-044",
        "crates/app/tests/app/catalogue.rs a_trial_and_a_cancelled_purchase_use_up_a_first_purchase",
    ),
    ("ORD-045", "scenarios/own/orders.yaml OWNORD-82"),
    ("SUB-002", "scenarios/subscriptions.yaml U-01"),
    ("SUB-004", "scenarios/own/orders.yaml OWNORD-49"),
    ("SUB-007", "scenarios/own/subscriptions.yaml OWNSUB-12"),
    ("SUB-009", "scenarios/own/subscriptions.yaml OWNSUB-17"),
    ("SUB-010", "scenarios/billing.yaml B-09"),
    ("SUB-011", "scenarios/subscriptions.yaml U-10"),
    ("SUB-017", "scenarios/subscriptions.yaml U-04"),
    ("SUB-020", "scenarios/subscriptions.yaml U-15"),
    ("SUB-021", "scenarios/subscriptions.yaml U-16"),
    (
        "SUB-025",
        "crates/api/tests/api/subscription_changes.rs a_promotion_comes_and_goes_with_the_term",
    ),
    ("SUB-029", "scenarios/subscriptions.yaml U-27"),
    ("SUB-030", "scenarios/own/subscriptions.yaml OWNSUB-91"),
    ("SUB-036", "scenarios/own/subscriptions.yaml OWNSUB-93"),
    ("SUB-039", "scenarios/own/subscriptions.yaml OWNSUB-94"),
    (
        "SUB-044",
        "crates/api/tests/api/subscriptions.rs a_subscription_shows_each_state_that_it_is_in",
    ),
    ("SUB-045", "scenarios/own/subscriptions.yaml OWNSUB-103"),
    ("SUB-048", "scenarios/subscriptions.yaml U-47"),
    (
        "SUB-050",
        "crates/app/tests/app/moves.rs a_migrated_subscription_keeps_what_it_was",
    ),
    ("TRF-007", "scenarios/own/transfers.yaml OWNTRF-13"),
    (
        "TRF-008",
        "crates/app/tests/app/moves.rs an_offer_carries_what_was_there_when_it_was_made",
    ),
    ("TRF-010", "scenarios/own/transfers.yaml OWNTRF-04"),
    (
        "TRF-011",
        "crates/app/tests/app/moves.rs an_offer_carries_what_was_there_when_it_was_made",
    ),
    ("TRF-019", "scenarios/transfers.yaml T-11"),
    ("TRF-020", "scenarios/own/transfers.yaml OWNTRF-35"),
    ("TRF-022", "scenarios/own/transfers.yaml OWNTRF-59"),
    ("TRF-025", "scenarios/own/transfers.yaml OWNTRF-60"),
    (
        "TRF-028",
        "crates/app/tests/app/moves.rs an_offer_carries_what_was_there_when_it_was_made",
    ),
    (
        "TRF-029",
        "crates/app/tests/app/moves.rs a_reservation_that_moves_is_charged_by_whole_months",
    ),
    ("TRF-030", "scenarios/own/transfers.yaml OWNTRF-37"),
    ("TRF-031", "scenarios/own/transfers.yaml OWNTRF-29"),
    ("BIL-001", "scenarios/own/billing.yaml OWNBIL-10"),
    (
        "BIL-002",
        "crates/app/tests/app/billing.rs a_provider_bills_on_its_resellers_behalf",
    ),
    ("BIL-003", "scenarios/own/billing.yaml OWNBIL-67"),
    ("BIL-004", "scenarios/own/billing.yaml OWNBIL-100"),
    (
        "BIL-010",
        "crates/app/tests/app/billing.rs each_tier_is_billed_for_the_same_seats",
    ),
    (
        "BIL-011",
        "crates/app/tests/app/billing.rs each_tier_is_billed_for_the_same_seats",
    ),
    ("BIL-012", "scenarios/own/enrolment.yaml OWNENR-68"),
    (
        "BIL-013",
        "crates/app/tests/app/billing.rs payments_settle_what_they_are_assigned_to",
    ),
    (
        "BIL-014",
        "crates/app/tests/app/billing.rs a_bill_is_voided_and_billed_again",
    ),
    ("BIL-015", "scenarios/own/billing.yaml OWNBIL-101"),
    (
        "BIL-016",
        "crates/app/tests/app/billing.rs each_tier_is_billed_for_the_same_seats",
    ),
    ("BIL-020", "scenarios/billing.yaml B-06"),
    ("BIL-021", "scenarios/own/billing.yaml OWNBIL-63"),
    ("BIL-022", "scenarios/own/billing.yaml OWNBIL-60"),
    ("BIL-023", "scenarios/billing.yaml B-08"),
    (
        "BIL-025",
        "crates/app/tests/app/price_books.rs each_tier_sees_its_own_cost_and_price",
    ),
    (
        "BIL-027",
        "crates/app/tests/app/billing.rs tax_follows_whoever_is_billed",
    ),
    ("BIL-031", "scenarios/billing.yaml B-16"),
    ("BIL-032", "scenarios/own/billing.yaml OWNBIL-08"),
    (
        "BIL-034",
        "crates/app/tests/app/billing.rs payments_settle_what_they_are_assigned_to",
    ),
    ("BIL-040", "scenarios/own/subscriptions.yaml OWNSUB-02"),
    ("BIL-041", "scenarios/own/billing.yaml OWNBIL-15"),
    ("BIL-042", "scenarios/billing.yaml B-02"),
    (
        "BIL-043",
        "crates/billing/src/cycle.rs terms_count_from_the_day_of_purchase",
    ),
    ("BIL-044", "scenarios/own/billing.yaml OWNBIL-27"),
    (
        "BIL-045",
        "crates/domain/src/subscription.rs charges_have_the_types_of_reconciliation",
    ),
    (
        "BIL-046",
        "crates/billing/src/traditional.rs slices_and_credits",
    ),
    ("BIL-047", "scenarios/billing.yaml B-10"),
    (
        "BIL-048",
        "crates/billing/src/prorate.rs a_shortened_first_term_is_charged_in_part",
    ),
    ("BIL-049", "scenarios/own/billing.yaml OWNBIL-12"),
    (
        "BIL-050",
        "crates/billing/src/laws.rs twelve_cut_months_of_a_hundred_are_ninety_nine_ninety_six",
    ),
    ("BIL-051", "scenarios/own/subscriptions.yaml OWNSUB-75"),
    (
        "BIL-052",
        "crates/billing/src/examples.rs the_published_examples_come_out",
    ),
    (
        "BIL-053",
        "crates/app/tests/app/usage.rs a_day_is_rated_and_a_month_is_one_charge_for_each_meter",
    ),
    (
        "BIL-054",
        "crates/billing/src/examples.rs the_published_examples_come_out",
    ),
    (
        "BIL-055",
        "crates/billing/src/traditional.rs slices_and_credits",
    ),
    ("BIL-056", "scenarios/own/billing.yaml OWNBIL-103"),
    ("PEC-001", "scenarios/own/billing.yaml OWNBIL-29"),
    ("PEC-002", "scenarios/billing.yaml B-12"),
    ("PEC-003", "scenarios/own/billing.yaml OWNBIL-16"),
    ("PEC-004", "scenarios/billing.yaml B-11"),
    ("PEC-005", "scenarios/own/billing.yaml OWNBIL-20"),
    ("PEC-006", "scenarios/own/billing.yaml OWNBIL-19"),
    (
        "PEC-007",
        "crates/app/tests/app/usage.rs a_day_is_rated_and_a_month_is_one_charge_for_each_meter",
    ),
    ("PEC-008", "scenarios/billing.yaml B-13"),
    ("PEC-009", "scenarios/own/billing.yaml OWNBIL-30"),
    ("PEC-010", "scenarios/own/billing.yaml OWNBIL-43"),
    ("PEC-011", "scenarios/own/billing.yaml OWNBIL-33"),
    ("PEC-012", "scenarios/own/billing.yaml OWNBIL-37"),
    ("PEC-013", "scenarios/own/billing.yaml OWNBIL-40"),
    ("SUP-001", "scenarios/scenario-1.yaml S1-09"),
    ("SUP-002", "scenarios/own/support.yaml OWNSUP-15"),
    (
        "SUP-003",
        "crates/api/tests/api/notices.rs a_partner_tells_its_customers_what_its_support_is",
    ),
    ("SUP-005", "scenarios/own/support.yaml OWNSUP-10"),
    ("SUP-006", "scenarios/support-roles-security.yaml P-06"),
    ("SUP-010", "scenarios/own/service-requests.yaml OWNREQ-01"),
    (
        "SUP-013",
        "crates/api/tests/api/notices.rs customers_hear_of_subscriptions_from_their_partner",
    ),
    ("SUP-015", "scenarios/own/service-requests.yaml OWNREQ-05"),
    (
        "SUP-016",
        "crates/api/tests/api/service_requests.rs ordinary_users_find_their_own_requests_only",
    ),
    ("ROL-017", "scenarios/own/delegation.yaml OWNGDA-38"),
    (
        "ROL-020",
        "crates/app/tests/app/enrolment.rs a_merger_widens_companies_and_no_tenants",
    ),
    (
        "ROL-019",
        "crates/api/tests/api/identity_sign_in.rs a_user_signs_in_and_the_code_becomes_tokens",
    ),
    ("ROL-038", "scenarios/own/roles.yaml OWNROL-24"),
    (
        "SEC-008",
        "crates/api/tests/api/security.rs what_is_not_as_it_should_be_is_told",
    ),
    ("SEC-009", "scenarios/own/security.yaml OWNSEC-15"),
    (
        "SEC-011",
        "crates/api/tests/api/audit.rs a_change_and_a_refusal_leave_their_records",
    ),
    (
        "SEC-013",
        "crates/api/tests/api/audit.rs what_no_query_reaches_any_more_is_kept",
    ),
    (
        "SEC-014",
        "crates/api/tests/api/delegation_sides.rs every_change_of_delegated_rights_is_audited_where_the_partner_sees_it",
    ),
    (
        "SEC-015",
        "crates/api/tests/api/webhooks.rs what_happens_is_told_as_documented",
    ),
    (
        "SEC-016",
        "crates/api/tests/api/security.rs calls_without_a_second_factor_are_told",
    ),
    (
        "SEC-017",
        "crates/api/tests/api/security.rs what_is_not_as_it_should_be_is_told",
    ),
    ("SEC-020", "scenarios/own/security.yaml OWNSEC-14"),
    ("SEC-021", "scenarios/support-roles-security.yaml P-34"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_registered_once_a_fact_and_in_the_book() {
        let every: Vec<_> = all().collect();
        for (place, rule) in every.iter().enumerate() {
            for other in every.iter().take(place) {
                let same = rule.id == other.id && rule.ground == other.ground;
                let together = rule.at.iter().any(|checkpoint| other.at.has(checkpoint));
                assert!(
                    !(same && together),
                    "{} is registered twice for one fact",
                    rule.id
                );
            }
            assert!(
                !BEHAVIOUR.iter().any(|(id, _)| *id == rule.id.to_string()),
                "{} is enforced, and no mere behaviour",
                rule.id
            );
            assert!(
                !rule.entry().texts(crate::Lang::En).refusal.is_empty(),
                "{} refuses nothing in the book",
                rule.id
            );
        }
    }

    #[test]
    fn every_behaviour_is_in_the_book_and_its_test_exists() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for (id, place) in BEHAVIOUR {
            let rule: RuleId = id.parse().unwrap();
            assert!(
                crate::book::entry(rule).is_some(),
                "{id} is not in the book"
            );
            let (file, name) = place.split_once(' ').unwrap();
            let text = std::fs::read_to_string(root.join(file)).unwrap();
            let line = match file.rsplit_once('.') {
                Some((_, "yaml")) => format!("- id: {name}\n"),
                _ => format!("fn {name}()"),
            };
            assert!(text.contains(&line), "{id}: {file} has no {name}");
        }
    }

    /// GEN-005: the list of contradictions has no gap, and each entry says what stands and in which rules of the book.
    #[test]
    fn what_stands_where_sources_disagree_is_in_the_book() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let book = std::fs::read_to_string(root.join("program/rulebook.md")).unwrap();
        let entries = book.lines().filter(|line| line.starts_with("| X-"));
        let mut count = 0;
        for (line, number) in entries.zip(1..) {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let [_, name, disagree, stands, rules, _] = cells.as_slice() else {
                panic!("{line}");
            };
            assert_eq!(*name, format!("X-{number:02}"));
            assert!(!disagree.is_empty() && !stands.is_empty(), "{name}");
            for rule in rules.split(", ") {
                let rule: RuleId = rule.parse().unwrap_or_else(|_| panic!("{name}: {rule}"));
                assert!(crate::book::entry(rule).is_some(), "{name}: {rule}");
            }
            count = number;
        }
        assert!(count > 40, "{count}");
    }
}

//! The registry: all enforced rules, grouped in files by section of the rulebook.

use std::sync::LazyLock;

use crate::book::RuleId;
use crate::facts::{Checkpoint, Checkpoints};
use crate::registry::Rule;

pub mod agreements;
pub mod catalogue;
pub mod customers;
pub mod delegation;
pub mod enrolment;
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
]);

/// All enforced rules, by section.
pub static SECTIONS: &[&[Rule]] = &[
    identity::RULES,
    enrolment::RULES,
    agreements::RULES,
    regions::RULES,
    partnerships::RULES,
    customers::RULES,
    delegation::RULES,
    scenarios::RULES,
    catalogue::RULES,
    subscriptions::RULES,
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

static BY_CHECKPOINT: LazyLock<Vec<Vec<&'static Rule>>> = LazyLock::new(|| {
    Checkpoint::ALL
        .iter()
        .map(|checkpoint| {
            let mut here: Vec<_> = all().filter(|rule| rule.at.has(*checkpoint)).collect();
            here.sort_by_key(|rule| (rule.step, rule.id));
            here
        })
        .collect()
});

/// The rules of a checkpoint, in the order of GEN-010.
#[must_use]
#[expect(clippy::as_conversions, reason = "a fieldless enumeration's number")]
pub fn at(checkpoint: Checkpoint) -> &'static [&'static Rule] {
    BY_CHECKPOINT
        .get(checkpoint as usize)
        .map_or(&[], Vec::as_slice)
}

/// Rules of the rulebook that hold by construction, each with the test that shows it.
pub static BEHAVIOUR: &[(&str, &str)] = &[
    ("IDN-002", "scenarios/scenario-1.yaml S1-02"),
    ("IDN-004", "scenarios/own/enrolment.yaml OWNENR-54"),
    ("IDN-007", "scenarios/own/identity.yaml OWNIDN-25"),
    ("IDN-019", "scenarios/own/identity.yaml OWNIDN-32"),
    ("IDN-024", "scenarios/own/identity.yaml OWNIDN-42"),
    (
        "IDN-026",
        "crates/app/tests/enrolment.rs a_new_name_is_verified_by_itself",
    ),
    ("IDN-027", "scenarios/own/identity.yaml OWNIDN-46"),
    ("IDN-030", "scenarios/scenario-5.yaml S5-04"),
    (
        "ENR-026",
        "crates/app/tests/enrolment.rs a_direct_bill_partner_moves_step_by_step",
    ),
    ("ENR-027", "scenarios/enrolment.yaml E-09"),
    ("ENR-030", "scenarios/own/enrolment.yaml OWNENR-86"),
    (
        "ENR-034",
        "crates/app/tests/enrolment.rs resellers_below_the_threshold_are_warned_and_told",
    ),
    ("ENR-035", "scenarios/own/enrolment.yaml OWNENR-59"),
    ("AGR-007", "scenarios/agreements.yaml A-05"),
    ("AGR-008", "scenarios/own/agreements.yaml OWNAGR-13"),
    ("AGR-020", "scenarios/own/agreements.yaml OWNAGR-33"),
    ("AGR-025", "scenarios/agreements.yaml A-20"),
    (
        "AGR-026",
        "crates/app/tests/enrolment.rs an_attestation_keeps_its_evidence_and_tells_the_customer",
    ),
    ("AGR-031", "scenarios/agreements.yaml A-24"),
    (
        "AGR-032",
        "crates/app/tests/enrolment.rs an_attestation_keeps_its_evidence_and_tells_the_customer",
    ),
    (
        "REL-005",
        "crates/app/tests/ties.rs the_provider_gets_access_and_may_lose_it",
    ),
    (
        "REL-006",
        "crates/app/tests/ties.rs the_provider_gets_access_and_may_lose_it",
    ),
    ("REL-008", "scenarios/partnerships.yaml R-03"),
    ("REL-010", "scenarios/own/partnerships.yaml OWNREL-31"),
    ("REL-011", "scenarios/own/partnerships.yaml OWNREL-34"),
    ("REL-014", "scenarios/own/partnerships.yaml OWNREL-35"),
    (
        "REL-016",
        "crates/api/tests/partner_ties.rs a_removed_reseller_leaves_the_list",
    ),
    (
        "REL-020",
        "crates/api/tests/partner_ties.rs a_removed_reseller_leaves_the_list",
    ),
    ("REL-022", "scenarios/own/partnerships.yaml OWNREL-61"),
    (
        "CUS-015",
        "crates/api/tests/partner_ties.rs credentials_are_shown_once",
    ),
    ("CUS-004", "scenarios/own/customers.yaml OWNCUS-09"),
    ("CUS-007", "scenarios/own/customers.yaml OWNCUS-19"),
    ("CUS-010", "scenarios/own/customers.yaml OWNCUS-26"),
    ("CUS-018", "scenarios/own/customers.yaml OWNCUS-90"),
    ("CUS-020", "scenarios/own/customers.yaml OWNCUS-51"),
    ("CUS-023", "scenarios/customers.yaml C-25"),
    ("CUS-028", "scenarios/customers.yaml C-20"),
    ("CUS-029", "scenarios/own/customers.yaml OWNCUS-51"),
    ("CUS-032", "scenarios/own/partnerships.yaml OWNREL-31"),
    ("GDA-021", "scenarios/administration.yaml G-20"),
    (
        "GDA-022",
        "crates/app/tests/ties.rs new_customers_come_with_default_rights",
    ),
    ("SUP-005", "scenarios/own/support.yaml OWNSUP-10"),
    ("SUP-006", "scenarios/support-roles-security.yaml P-06"),
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
                !rule.entry().texts(crate::Lang::En).refusal.is_empty(),
                "{} refuses nothing in the book",
                rule.id
            );
        }
    }
}

//! Section 9: subscriptions that move from one partner to another.
//!
//! In section 9.1 the giving partner offers and the provider accepts; in section 9.2 the receiving
//! partner asks and the current one accepts. Either way the receiver is checked when it happens, as for
//! a new sale (TRF-027).

use tierline_domain::catalog::{Generation, ItemKind, Publisher};
use tierline_domain::customer::RelationshipState;
use tierline_domain::partner::{
    AccountState, Environment, PartnerType, ResellerEnrolment, TenantType,
};
use tierline_domain::subscription::{SubscriptionState, TransferKind, TransferState};

use super::PURCHASE;
use super::catalogue::{show_tenant_ceiling, tenant_full};
use super::identity::{named_no_reseller, show_named};
use super::regions::{both_regions, customer_elsewhere};
use super::scenarios::{bans, exclusive, exclusivity, program_tenant, tenant_use, ties};
use crate::book::RuleId;
use crate::facts::{
    CallerKind, Checkpoint as C, Checkpoints, Facts, Named, Party, SubscriptionFact, TransferFact,
};
use crate::registry::{
    Ground, Rule, Shown, Step, claim, claim_of, documented, per_rule, private, shown, shown_of,
};

const CREATE: Checkpoints = Checkpoints::of(&[C::CreateTransfer]);
const REQUEST: Checkpoints = Checkpoints::of(&[C::RequestTransfer]);
const ACCEPT: Checkpoints = Checkpoints::of(&[C::AcceptTransfer]);
const START: Checkpoints = CREATE.and(REQUEST);
/// The answer of the other side.
const ANSWER: Checkpoints = ACCEPT.and(Checkpoints::of(&[C::RejectTransfer]));
const WITHDRAW: Checkpoints = Checkpoints::of(&[C::WithdrawTransfer]);
/// What ends an open transfer.
const CLOSE: Checkpoints = ANSWER.and(WITHDRAW);

fn transfer(f: &Facts) -> Option<&TransferFact> {
    f.transfer.as_deref()
}

fn of_kind(f: &Facts, kind: TransferKind) -> Option<&TransferFact> {
    transfer(f).filter(|transfer| transfer.kind == kind)
}

fn carried(f: &Facts) -> &[SubscriptionFact] {
    transfer(f).map_or(&[], |transfer| transfer.subscriptions.as_slice())
}

fn carries(f: &Facts, fails: fn(&SubscriptionFact) -> bool) -> bool {
    carried(f).iter().any(fails)
}

fn list(
    f: &Facts,
    fails: fn(&SubscriptionFact) -> bool,
    reason: fn(&SubscriptionFact) -> String,
) -> Vec<Shown> {
    carried(f)
        .iter()
        .filter(|subscription| fails(subscription))
        .map(|subscription| {
            shown_of(
                &subscription.seller,
                &format!("subscription {}", subscription.name),
                reason(subscription),
            )
        })
        .collect()
}

/// A licence of new commerce, its add-ons and trials.
fn new_licence(subscription: &SubscriptionFact) -> bool {
    subscription.generation == Generation::NewCommerce
        && matches!(
            subscription.kind,
            ItemKind::Licence | ItemKind::AddOn | ItemKind::Trial
        )
}

/// What section 9.1 carries: traditional licences and the previous consumption offer.
fn not_for_create(subscription: &SubscriptionFact) -> bool {
    let licence = subscription.generation == Generation::Traditional
        && matches!(subscription.kind, ItemKind::Licence | ItemKind::AddOn)
        && subscription.publisher == Publisher::Operator;
    !licence && subscription.kind != ItemKind::PreviousConsumption
}

fn not_active(subscription: &SubscriptionFact) -> bool {
    subscription.state != SubscriptionState::Active
}

fn elsewhere(subscription: &SubscriptionFact) -> bool {
    subscription.in_transfer.is_some()
}

fn third_party(subscription: &SubscriptionFact) -> bool {
    subscription.publisher == Publisher::ThirdParty || subscription.kind == ItemKind::Marketplace
}

fn show_parties(f: &Facts) -> Vec<Shown> {
    transfer(f).map_or_else(Vec::new, |transfer| {
        let mut facts: Vec<Shown> = transfer
            .name
            .iter()
            .map(|name| shown("transfer", name))
            .collect();
        facts.push(shown("giving partner", &transfer.from.name));
        facts.push(shown("receiving partner", &transfer.to.name));
        facts.extend(transfer.state.map(|state| shown("current state", state)));
        facts
    })
}

fn with(mut facts: Vec<Shown>, label: &str, value: impl ToString) -> Vec<Shown> {
    facts.push(shown(label, value));
    facts
}

fn receiver(f: &Facts) -> Option<&Party> {
    transfer(f).map(|transfer| &transfer.to)
}

fn unrelated_receiver(f: &Facts) -> bool {
    transfer(f).is_some_and(|transfer| transfer.receiver_relation != RelationshipState::Active)
}

fn show_receiver_relation(f: &Facts) -> Vec<Shown> {
    let mut facts = show_parties(f);
    facts.extend(
        f.buyer
            .iter()
            .map(|buyer| shown_of(&buyer.name, "customer", &buyer.name)),
    );
    facts.extend(transfer(f).map(|transfer| {
        shown_of(
            &transfer.to.name,
            "relationship of the receiving partner",
            transfer.receiver_relation,
        )
    }));
    facts
}

/// The customer agreement is evidenced neither by the receiver nor by the customer itself.
fn receiver_without_agreement(f: &Facts) -> bool {
    transfer(f).is_some_and(|transfer| !transfer.receiver_evidence)
        && !f.shared_services()
        && f.buyer
            .as_ref()
            .is_some_and(|buyer| !buyer.accepted_agreement)
}

fn show_receiver_agreement(f: &Facts) -> Vec<Shown> {
    let mut facts = Vec::new();
    facts.extend(
        receiver(f)
            .map(|party| claim_of(&party.name, "customer agreement missing at", &party.name)),
    );
    facts.extend(
        f.buyer
            .iter()
            .map(|buyer| shown_of(&buyer.name, "customer", &buyer.name)),
    );
    facts
}

/// The caller takes no part in this transfer.
fn stranger(f: &Facts) -> bool {
    f.caller.kind != CallerKind::Operator
        && transfer(f).is_some_and(|transfer| !transfer.caller_receives && !transfer.caller_gives)
}

/// The caller stands on one side only, and it is the other side's turn: an offer is answered by its receiver, a request
/// by the current partner, and who made it takes it back.
fn wrong_side(f: &Facts, transfer: &TransferFact) -> bool {
    let offered = transfer.kind == TransferKind::Traditional;
    let takes_back = f.checkpoint == C::WithdrawTransfer;
    if offered == takes_back {
        transfer.caller_receives && !transfer.caller_gives
    } else {
        transfer.caller_gives && !transfer.caller_receives
    }
}

fn wrong_reseller(f: &Facts) -> bool {
    matches!(f.named, Named::Unknown { .. }) || named_no_reseller(f)
}

fn not_a_customer_tenant(f: &Facts) -> bool {
    f.buyer
        .as_ref()
        .is_some_and(|buyer| buyer.tenant_type != TenantType::Customer && !f.shared_services())
}

fn enabled(f: &Facts) -> (bool, bool) {
    f.actor.as_ref().map_or((true, true), |actor| {
        (
            actor.kind == PartnerType::DirectBill && actor.transitioning,
            actor.reseller_enrolment == ResellerEnrolment::Complete,
        )
    })
}

fn show_enabled(f: &Facts) -> Vec<Shown> {
    f.actor.as_ref().map_or_else(Vec::new, |actor| {
        vec![
            claim("partner not enabled for transfer", &actor.name),
            shown("type", actor.kind),
            shown(
                "in transition",
                if actor.transitioning { "yes" } else { "no" },
            ),
            shown("reseller enrolment", actor.reseller_enrolment),
        ]
    })
}

/// Rules of section 9.
pub static RULES: &[Rule] = &[
    Rule {
        id: RuleId::of("TRF-001"),
        step: Step::ProgramStatus,
        ground: Ground::Transition,
        at: CREATE,
        forbids: |f| !enabled(f).0,
        answer: |_| documented(403, 900_137),
        shows: show_enabled,
    },
    Rule {
        id: RuleId::of("TRF-001"),
        step: Step::ProgramStatus,
        ground: Ground::ResellerEnrolment,
        at: CREATE,
        forbids: |f| enabled(f) == (true, false),
        answer: |_| documented(403, 900_137),
        shows: show_enabled,
    },
    Rule {
        id: RuleId::of("TRF-002"),
        step: Step::Relationship,
        ground: Ground::ReceiverRelationship,
        at: CREATE,
        forbids: unrelated_receiver,
        answer: |_| documented(403, 20_002),
        shows: show_receiver_relation,
    },
    Rule {
        id: RuleId::of("TRF-003"),
        step: Step::CustomerAgreement,
        ground: Ground::CustomerAgreement,
        at: ACCEPT,
        forbids: |f| {
            of_kind(f, TransferKind::Traditional).is_some() && receiver_without_agreement(f)
        },
        answer: |_| documented(403, 13_605),
        shows: show_receiver_agreement,
    },
    Rule {
        id: RuleId::of("TRF-004"),
        step: Step::Catalogue,
        ground: Ground::Transferable,
        at: START,
        forbids: |f| carries(f, new_licence),
        answer: |_| documented(400, 800_078),
        shows: |f| {
            list(f, new_licence, |subscription| {
                format!("{} of new commerce, not transferable", subscription.kind)
            })
        },
    },
    Rule {
        id: RuleId::of("TRF-005"),
        step: Step::Catalogue,
        ground: Ground::Transferable,
        at: CREATE,
        forbids: |f| carries(f, not_for_create),
        answer: |_| documented(400, 800_078),
        shows: |f| {
            list(f, not_for_create, |subscription| {
                format!(
                    "{} {} of {}, not transferable this way",
                    subscription.generation, subscription.kind, subscription.publisher
                )
            })
        },
    },
    Rule {
        id: RuleId::of("TRF-006"),
        step: Step::Catalogue,
        ground: Ground::TransferContents,
        at: CREATE,
        forbids: |f| carries(f, not_active),
        answer: |_| documented(400, 800_078),
        shows: |f| list(f, not_active, |subscription| subscription.state.to_string()),
    },
    Rule {
        id: RuleId::of("TRF-006"),
        step: Step::Catalogue,
        ground: Ground::OtherTransfer,
        at: CREATE,
        forbids: |f| carries(f, elsewhere),
        answer: |_| documented(409, 900_101),
        shows: |f| {
            list(f, elsewhere, |subscription| {
                format!(
                    "part of the open transfer {}",
                    subscription.in_transfer.as_deref().unwrap_or_default()
                )
            })
        },
    },
    Rule {
        id: RuleId::of("TRF-009"),
        step: Step::Relationship,
        ground: Ground::TransferParty,
        at: CLOSE,
        forbids: stranger,
        answer: |_| documented(404, 900_100),
        shows: |f| {
            transfer(f)
                .and_then(|transfer| transfer.name.as_ref())
                .map(|name| claim("transfer not found", name))
                .into_iter()
                .collect()
        },
    },
    Rule {
        id: RuleId::of("TRF-009"),
        step: Step::PartnerType,
        ground: Ground::TransferInitiator,
        at: CLOSE,
        forbids: |f| {
            of_kind(f, TransferKind::Traditional).is_some_and(|transfer| wrong_side(f, transfer))
        },
        answer: |_| private(403),
        shows: |f| match f.checkpoint {
            C::WithdrawTransfer => with(show_parties(f), "who withdraws", "the giving partner"),
            C::RejectTransfer => with(show_parties(f), "who rejects", "the receiving partner"),
            _ => with(show_parties(f), "who accepts", "the receiving partner"),
        },
    },
    Rule {
        id: RuleId::of("TRF-009"),
        step: Step::Catalogue,
        ground: Ground::Transfer,
        at: CLOSE,
        forbids: |f| {
            of_kind(f, TransferKind::Traditional)
                .and_then(|transfer| transfer.state)
                .is_some_and(|state| state != TransferState::Active)
        },
        answer: |_| documented(400, 900_102),
        shows: show_parties,
    },
    Rule {
        id: RuleId::of("TRF-009"),
        step: Step::Catalogue,
        ground: Ground::OtherTransfer,
        at: REQUEST,
        forbids: |f| carries(f, elsewhere),
        answer: |_| documented(409, 900_101),
        shows: |f| {
            list(f, elsewhere, |subscription| {
                format!(
                    "part of the open transfer {}",
                    subscription.in_transfer.as_deref().unwrap_or_default()
                )
            })
        },
    },
    Rule {
        id: RuleId::of("TRF-012"),
        step: Step::NamedKnown,
        ground: Ground::TransferReseller,
        at: START,
        forbids: wrong_reseller,
        answer: |f| {
            if matches!(f.named, Named::Unknown { .. }) {
                documented(404, 800_015)
            } else {
                documented(400, 800_016)
            }
        },
        shows: |f| {
            let what = if matches!(f.named, Named::Unknown { .. }) {
                "unknown"
            } else {
                "not a reseller"
            };
            with(
                show_named(f),
                "partner of record",
                format!("{} is {what}", f.named.given().unwrap_or("none")),
            )
        },
    },
    Rule {
        id: RuleId::of("TRF-013"),
        step: Step::ProgramStatus,
        ground: Ground::Sandbox,
        at: START,
        forbids: |f| {
            f.actor
                .as_ref()
                .is_some_and(|actor| actor.environment == Environment::Sandbox)
        },
        answer: |_| documented(400, 900_127),
        shows: |f| {
            f.actor.as_ref().map_or_else(Vec::new, |actor| {
                vec![
                    shown("partner", &actor.name),
                    shown("environment", actor.environment),
                ]
            })
        },
    },
    Rule {
        id: RuleId::of("TRF-014"),
        step: Step::PartnerType,
        ground: Ground::TransferInitiator,
        at: REQUEST,
        forbids: |f| transfer(f).is_some_and(|transfer| !transfer.caller_receives),
        answer: |_| private(403),
        shows: |f| with(show_parties(f), "caller", &f.caller.name),
    },
    Rule {
        id: RuleId::of("TRF-014"),
        step: Step::PartnerType,
        ground: Ground::TransferParty,
        at: ANSWER,
        forbids: |f| of_kind(f, TransferKind::Plan).is_some_and(|transfer| wrong_side(f, transfer)),
        answer: |_| private(403),
        shows: |f| match f.checkpoint {
            C::RejectTransfer => with(show_parties(f), "who rejects", "the current partner"),
            _ => with(show_parties(f), "who accepts", "the current partner"),
        },
    },
    Rule {
        id: RuleId::of("TRF-017"),
        step: Step::PartnerType,
        ground: Ground::TransferInitiator,
        at: WITHDRAW,
        forbids: |f| of_kind(f, TransferKind::Plan).is_some_and(|transfer| wrong_side(f, transfer)),
        answer: |_| private(403),
        shows: |f| with(show_parties(f), "who withdraws", "the receiving partner"),
    },
    Rule {
        id: RuleId::of("TRF-015"),
        step: Step::PartnerType,
        ground: Ground::CallerType,
        at: REQUEST,
        forbids: |f| receiver(f).is_some_and(|party| !party.kind.is_billed()),
        answer: |_| documented(403, 2032),
        shows: |f| {
            receiver(f).map_or_else(Vec::new, |party| {
                vec![
                    claim("partner that cannot transfer", &party.name),
                    shown("type", party.kind),
                ]
            })
        },
    },
    Rule {
        id: RuleId::of("TRF-015"),
        step: Step::NamedKnown,
        ground: Ground::TransferReseller,
        at: REQUEST,
        forbids: |f| {
            receiver(f).is_some_and(|party| party.kind == PartnerType::IndirectProvider)
                && !f.named.is_some()
        },
        answer: |_| documented(400, 3000),
        shows: |f| with(show_parties(f), "reseller identifier", "missing"),
    },
    Rule {
        id: RuleId::of("TRF-016"),
        step: Step::CallerAgreement,
        ground: Ground::CallerAgreement,
        at: REQUEST,
        forbids: |f| receiver(f).is_some_and(|party| !party.signed),
        answer: |_| documented(403, 900_124),
        shows: |f| {
            with(
                show_parties(f),
                "failed precondition",
                "the receiving partner has not accepted its partner agreement",
            )
        },
    },
    Rule {
        id: RuleId::of("TRF-016"),
        step: Step::Relationship,
        ground: Ground::ReceiverRelationship,
        at: REQUEST,
        forbids: unrelated_receiver,
        answer: |_| documented(403, 20_002),
        shows: |f| {
            with(
                show_receiver_relation(f),
                "failed precondition",
                "relationship with the customer",
            )
        },
    },
    Rule {
        id: RuleId::of("TRF-016"),
        step: Step::CustomerAgreement,
        ground: Ground::CustomerAgreement,
        at: REQUEST,
        forbids: receiver_without_agreement,
        answer: |_| documented(403, 13_605),
        shows: |f| {
            with(
                show_receiver_agreement(f),
                "failed precondition",
                "customer agreement accepted with the receiving partner",
            )
        },
    },
    Rule {
        id: RuleId::of("TRF-016"),
        step: Step::Catalogue,
        ground: Ground::ReceiverPlan,
        at: REQUEST,
        forbids: |f| transfer(f).is_some_and(|transfer| !transfer.receiver_plan),
        answer: |f| {
            if transfer(f).is_some_and(|transfer| transfer.receiver_plan_state.is_some()) {
                documented(400, 900_132)
            } else {
                documented(400, 900_133)
            }
        },
        shows: |f| {
            let plan = transfer(f)
                .and_then(|transfer| transfer.receiver_plan_state)
                .map_or_else(|| "none".to_owned(), |state| state.to_string());
            let facts = with(show_parties(f), "plan of the receiving partner", plan);
            with(
                facts,
                "failed precondition",
                "an active plan for the customer",
            )
        },
    },
    Rule {
        id: RuleId::of("TRF-017"),
        step: Step::Catalogue,
        ground: Ground::Transfer,
        at: CLOSE,
        forbids: |f| {
            of_kind(f, TransferKind::Plan).is_some_and(|transfer| {
                transfer.too_old
                    || transfer
                        .state
                        .is_some_and(|state| state != TransferState::Pending)
            })
        },
        answer: |_| documented(400, 900_102),
        shows: |f| {
            let mut facts = show_parties(f);
            facts.extend(transfer(f).into_iter().flat_map(|transfer| {
                let expired = transfer.too_old.then(|| claim("request", "expired"));
                let asked = transfer
                    .created
                    .map(|created| shown("asked for on", created.date()));
                expired.into_iter().chain(asked).collect::<Vec<_>>()
            }));
            facts
        },
    },
    Rule {
        id: RuleId::of("TRF-018"),
        step: Step::Catalogue,
        ground: Ground::TransferContents,
        at: ACCEPT,
        forbids: |f| of_kind(f, TransferKind::Plan).is_some() && carries(f, not_active),
        answer: |_| documented(400, 800_012),
        shows: |f| list(f, not_active, |subscription| subscription.state.to_string()),
    },
    Rule {
        id: RuleId::of("TRF-021"),
        step: Step::Catalogue,
        ground: Ground::ThirdParty,
        at: ACCEPT,
        forbids: |f| of_kind(f, TransferKind::Plan).is_some() && carries(f, third_party),
        answer: |_| documented(400, 900_146),
        shows: |f| {
            list(f, third_party, |subscription| {
                format!("{} of a third party", subscription.item)
            })
        },
    },
    Rule {
        id: RuleId::of("TRF-023"),
        step: Step::Quantity,
        ground: Ground::TenantCeiling,
        at: PURCHASE,
        forbids: tenant_full,
        answer: |_| documented(403, 800_089),
        shows: show_tenant_ceiling,
    },
    Rule {
        id: RuleId::of("TRF-024"),
        step: Step::Catalogue,
        ground: Ground::Signatures,
        at: Checkpoints::of(&[C::OpenCase]),
        forbids: |f| !f.form.missing_signatures.is_empty(),
        answer: |_| private(409),
        shows: |f| {
            f.form
                .missing_signatures
                .iter()
                .map(|missing| claim("signature missing", missing))
                .collect()
        },
    },
    Rule {
        id: RuleId::of("TRF-026"),
        step: Step::Chain,
        ground: Ground::SameParty,
        at: START,
        forbids: |f| transfer(f).is_some_and(|transfer| transfer.from.name == transfer.to.name),
        answer: |_| documented(400, 900_148),
        shows: show_parties,
    },
    Rule {
        id: RuleId::of("TRF-027"),
        step: Step::ProgramStatus,
        ground: Ground::CallerState,
        at: ACCEPT,
        forbids: |f| receiver(f).is_some_and(|party| party.state != AccountState::Active),
        answer: |_| per_rule(403),
        shows: |f| {
            let mut facts = vec![claim("rule that fails", "program status of the receiver")];
            facts.extend(receiver(f).map(|party| shown_of(&party.name, &party.name, party.state)));
            facts
        },
    },
    Rule {
        id: RuleId::of("TRF-027"),
        step: Step::CallerAgreement,
        ground: Ground::CallerAgreement,
        at: ACCEPT,
        forbids: |f| receiver(f).is_some_and(|party| !party.signed),
        answer: |_| per_rule(403),
        shows: |f| {
            let mut facts = vec![claim(
                "rule that fails",
                "partner agreement of the receiver",
            )];
            facts.extend(receiver(f).map(|party| shown_of(&party.name, &party.name, "open")));
            facts
        },
    },
    Rule {
        id: RuleId::of("TRF-027"),
        step: Step::Region,
        ground: Ground::BuyerRegion,
        at: ACCEPT,
        forbids: customer_elsewhere,
        answer: |_| per_rule(403),
        shows: |f| with(both_regions(f), "rule that fails", "region"),
    },
    Rule {
        id: RuleId::of("TRF-027"),
        step: Step::Exclusivity,
        ground: Ground::Exclusivity,
        at: ACCEPT,
        forbids: exclusive,
        answer: |_| per_rule(409),
        shows: |f| with(exclusivity(f), "rule that fails", "exclusivity"),
    },
    Rule {
        id: RuleId::of("TRF-027"),
        step: Step::TenantType,
        ground: Ground::TenantUse,
        at: ACCEPT,
        forbids: program_tenant,
        answer: |_| per_rule(403),
        shows: |f| with(tenant_use(f), "rule that fails", "tenant type"),
    },
    Rule {
        id: RuleId::of("TRF-027"),
        step: Step::TenantType,
        ground: Ground::TenantKind,
        at: ACCEPT,
        forbids: not_a_customer_tenant,
        answer: |_| per_rule(403),
        shows: |f| with(tenant_use(f), "rule that fails", "tenant type"),
    },
    Rule {
        id: RuleId::of("TRF-027"),
        step: Step::Affiliation,
        ground: Ground::SelfSale,
        at: ACCEPT,
        forbids: |f| bans(f, |_| true),
        answer: |_| per_rule(403),
        shows: |f| with(ties(f), "rule that fails", "self or affiliate sale"),
    },
    Rule {
        id: RuleId::of("TRF-027"),
        step: Step::CustomerAgreement,
        ground: Ground::CustomerAgreement,
        at: ACCEPT,
        forbids: receiver_without_agreement,
        answer: |_| per_rule(403),
        shows: |f| {
            with(
                show_receiver_agreement(f),
                "rule that fails",
                "customer agreement",
            )
        },
    },
];

#[cfg(test)]
mod tests;

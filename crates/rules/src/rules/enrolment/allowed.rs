//! What the states of an account, its type and a sandbox allow: ENR-036 to ENR-044.

use tierline_domain::partner::{AccountState as S, PartnerType};

use super::{
    APPLY, BY_STATE, NAMING, NAMING_OR_CREATING, PROVIDERS_OWN, REQUEST, SANDBOX_CUSTOMERS,
    SANDBOX_RESELLERS, SANDBOX_SEATS, SANDBOX_SUBSCRIPTIONS, application, by_kind, caller_code,
    cannot_join, in_state, joining, named_code, named_reseller, named_unsigned, naming,
    of_the_billed, restricted_reseller, sandbox, seats_asked, seller, show_caller_state,
    show_caller_states, show_limit, show_named_state, show_named_states, show_named_unsigned,
    show_state, show_suspension, state_forbids, unbilled_call, unfinished,
};
use crate::book::RuleId;
use crate::facts::{Checkpoint as C, Checkpoints, Named};
use crate::registry::{Ground, Rule, Step, documented, private, shown};
use crate::rules::identity::{named_no_reseller, show_named};
use crate::rules::{NEW_BUSINESS, PURCHASE, SALE};

/// Rules of what is allowed meanwhile.
pub static RULES: &[Rule] = &[
    Rule {
        id: RuleId::of("ENR-036"),
        step: Step::ProgramStatus,
        ground: Ground::WaitingPeriod,
        at: APPLY,
        forbids: |f| {
            application(f)
                .and_then(|wanted| wanted.wait_until)
                .is_some_and(|day| f.today < day)
        },
        answer: |_| private(403),
        shows: |f| {
            application(f)
                .and_then(|wanted| wanted.wait_until)
                .map(|day| shown("earliest date of re-enrolment", day))
                .into_iter()
                .collect()
        },
    },
    Rule {
        id: RuleId::of("ENR-037"),
        step: Step::ProgramStatus,
        ground: Ground::CallerState,
        at: NEW_BUSINESS.and(REQUEST),
        forbids: |f| f.new_business && in_state(seller(f), &[S::Suspended]),
        answer: caller_code,
        shows: show_suspension,
    },
    Rule {
        id: RuleId::of("ENR-037"),
        step: Step::NamedStatus,
        ground: Ground::NamedState,
        at: NAMING,
        forbids: |f| in_state(f.named.party(), &[S::Suspended]) && naming(f),
        answer: named_code,
        shows: show_named_state,
    },
    Rule {
        id: RuleId::of("ENR-038"),
        step: Step::ProgramStatus,
        ground: Ground::CallerState,
        at: NEW_BUSINESS.and(REQUEST),
        forbids: |f| f.new_business && in_state(seller(f), &[S::Suspended]),
        answer: caller_code,
        shows: show_caller_state,
    },
    Rule {
        id: RuleId::of("ENR-038"),
        step: Step::NamedStatus,
        ground: Ground::NamedState,
        at: NAMING,
        forbids: |f| in_state(f.named.party(), &[S::Suspended]) && naming(f),
        answer: named_code,
        shows: show_named_state,
    },
    Rule {
        id: RuleId::of("ENR-039"),
        step: Step::NamedStatus,
        ground: Ground::NamedAgreement,
        at: NEW_BUSINESS,
        forbids: |f| f.new_business && named_unsigned(f),
        answer: |_| documented(403, 900_123),
        shows: show_named_unsigned,
    },
    Rule {
        id: RuleId::of("ENR-040"),
        step: Step::PartnerType,
        ground: Ground::CallerType,
        at: PROVIDERS_OWN,
        forbids: |f| {
            (f.actor_is(PartnerType::IndirectReseller) && of_the_billed(f)) || unbilled_call(f)
        },
        answer: |f| {
            if f.checkpoint == C::ReadPriceSheet {
                documented(403, 800_043)
            } else {
                documented(403, 2032)
            }
        },
        shows: |f| {
            let calls = f.form.api_call.and_then(|call| call.partner);
            vec![
                shown("partner", &f.caller.name),
                shown("type", calls.unwrap_or(PartnerType::IndirectReseller)),
                shown("command of the provider", f.checkpoint),
            ]
        },
    },
    Rule {
        id: RuleId::of("ENR-041"),
        step: Step::Quantity,
        ground: Ground::Sandbox,
        at: Checkpoints::of(&[C::CreateCustomer]),
        forbids: |f| {
            sandbox(f)
                && f.actor
                    .as_ref()
                    .is_some_and(|actor| actor.sandbox_customers >= SANDBOX_CUSTOMERS)
        },
        answer: |_| documented(400, 800_018),
        shows: |f| {
            show_limit(
                "customers",
                SANDBOX_CUSTOMERS,
                f.actor.as_ref().map_or(0, |actor| actor.sandbox_customers),
            )
        },
    },
    Rule {
        id: RuleId::of("ENR-041"),
        step: Step::Quantity,
        ground: Ground::SandboxSubscriptions,
        at: PURCHASE,
        forbids: |f| {
            sandbox(f)
                && f.buyer
                    .as_ref()
                    .is_some_and(|buyer| buyer.subscription_count >= SANDBOX_SUBSCRIPTIONS)
        },
        answer: |_| documented(400, 800_018),
        shows: |f| {
            let count = f.buyer.as_ref().map_or(0, |buyer| buyer.subscription_count);
            show_limit("subscriptions per customer", SANDBOX_SUBSCRIPTIONS, count)
        },
    },
    Rule {
        id: RuleId::of("ENR-041"),
        step: Step::Quantity,
        ground: Ground::SandboxSeats,
        at: PURCHASE.and(Checkpoints::of(&[C::ChangeQuantity])),
        forbids: |f| {
            sandbox(f)
                && f.new_business
                && seats_asked(f).is_some_and(|seats| seats > SANDBOX_SEATS)
        },
        answer: |_| documented(400, 800_018),
        shows: |f| {
            show_limit(
                "seats per subscription",
                SANDBOX_SEATS,
                seats_asked(f).unwrap_or_default(),
            )
        },
    },
    Rule {
        id: RuleId::of("ENR-041"),
        step: Step::Quantity,
        ground: Ground::SandboxResellers,
        at: Checkpoints::of(&[C::InvitePartner]),
        forbids: |f| sandbox(f) && f.form.sandbox_resellers >= SANDBOX_RESELLERS,
        answer: |_| documented(400, 800_018),
        shows: |f| {
            show_limit(
                "test resellers",
                SANDBOX_RESELLERS,
                f.form.sandbox_resellers,
            )
        },
    },
    Rule {
        id: RuleId::of("ENR-042"),
        step: Step::NamedKnown,
        ground: Ground::NamedIdentity,
        at: SALE.and(Checkpoints::of(&[C::SetPartnerOfRecord])),
        // A provider's PartnerID has an answer of its own (ORD-012).
        forbids: |f| {
            named_no_reseller(f)
                && !matches!(&f.named, Named::Account { party, .. } if party.kind == PartnerType::IndirectProvider)
        },
        answer: |_| documented(400, 800_016),
        shows: show_named,
    },
    Rule {
        id: RuleId::of("ENR-043"),
        step: Step::ProgramStatus,
        ground: Ground::CallerState,
        at: BY_STATE,
        forbids: |f| state_forbids(f) && !in_state(seller(f), &[S::Qualified]),
        answer: caller_code,
        shows: show_caller_states,
    },
    Rule {
        id: RuleId::of("ENR-043"),
        step: Step::ProgramStatus,
        ground: Ground::CallerAgreement,
        at: BY_STATE,
        forbids: |f| in_state(seller(f), &[S::Qualified]) && state_forbids(f),
        answer: |_| documented(403, 900_124),
        shows: show_caller_states,
    },
    Rule {
        id: RuleId::of("ENR-043"),
        step: Step::ProgramStatus,
        ground: Ground::OtherState,
        at: Checkpoints::of(&[
            C::AcceptPartnership,
            C::AcceptRelationship,
            C::InviteCustomer,
            C::RequestOrder,
        ]),
        forbids: |f| joining(f).any(|party| cannot_join(f, party)),
        answer: |f| by_kind(joining(f).find(|party| cannot_join(f, party))),
        shows: |f| {
            joining(f)
                .filter(|party| cannot_join(f, party))
                .flat_map(show_state)
                .collect()
        },
    },
    Rule {
        id: RuleId::of("ENR-043"),
        step: Step::NamedStatus,
        ground: Ground::NamedIdentity,
        at: NAMING_OR_CREATING,
        forbids: |f| unfinished(f) && naming(f),
        answer: named_code,
        shows: show_named_states,
    },
    Rule {
        id: RuleId::of("ENR-043"),
        step: Step::NamedStatus,
        ground: Ground::NamedAgreement,
        at: NAMING_OR_CREATING,
        forbids: |f| in_state(f.named.party(), &[S::Qualified]) && naming(f),
        answer: |_| documented(403, 900_123),
        shows: show_named_states,
    },
    Rule {
        id: RuleId::of("ENR-043"),
        step: Step::NamedStatus,
        ground: Ground::NamedState,
        at: NAMING_OR_CREATING,
        forbids: |f| {
            naming(f)
                && f.named.party().is_some_and(|party| {
                    matches!(party.state, S::Suspended | S::Deauthorized | S::Terminated)
                        || restricted_reseller(party)
                })
        },
        answer: named_code,
        shows: show_named_states,
    },
    Rule {
        id: RuleId::of("ENR-044"),
        step: Step::NamedStatus,
        ground: Ground::NamedState,
        at: NAMING,
        forbids: |f| {
            named_reseller(f)
                .is_some_and(|party| matches!(party.state, S::Deauthorized | S::Terminated))
                && naming(f)
        },
        answer: |_| documented(403, 800_039),
        shows: show_named_state,
    },
];

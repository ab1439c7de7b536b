//! How an account passes from one state to another: ENR-020 to ENR-033.

use tierline_domain::customer::Acquired;
use tierline_domain::partner::{
    AccountState as S, PartnerType, PartnershipState, ResellerEnrolment,
};

use super::{
    APPLY, BILLED_ONLY, NAMING, RELATIONS, REQUEST, SIGN, applies_as, in_state, membership_open,
    naming, of_the_billed, restricted_purchase, restricted_relation, show_applicant_state,
    show_caller_state, show_deauthorized, show_membership,
};
use crate::book::RuleId;
use crate::facts::{Channel, Checkpoint as C, Checkpoints};
use crate::registry::{Ground, Rule, Step, claim, documented, private, shown, shown_of};
use crate::rules::identity::{other_type, show_other_type};
use crate::rules::{NEW_BUSINESS, PURCHASE};

/// Rules of an account's life.
pub static RULES: &[Rule] = &[
    Rule {
        id: RuleId::of("ENR-020"),
        step: Step::ProgramStatus,
        ground: Ground::CallerState,
        at: SIGN,
        forbids: |f| {
            f.actor_is(PartnerType::DirectBill) && in_state(f.actor.as_ref(), &[S::Rejected])
        },
        answer: |_| private(403),
        shows: show_applicant_state,
    },
    Rule {
        id: RuleId::of("ENR-021"),
        step: Step::TenantType,
        ground: Ground::ApplicationTenant,
        at: APPLY,
        forbids: |f| {
            other_type(f).is_some_and(|(holder, kind)| {
                matches!(
                    holder.kind,
                    PartnerType::DirectBill | PartnerType::IndirectReseller
                ) && matches!(
                    kind,
                    PartnerType::DirectBill | PartnerType::IndirectReseller
                )
            })
        },
        answer: |_| private(409),
        shows: show_other_type,
    },
    Rule {
        id: RuleId::of("ENR-022"),
        step: Step::ProgramStatus,
        ground: Ground::Membership,
        at: APPLY,
        forbids: |f| {
            applies_as(f, PartnerType::IndirectReseller).is_some() && membership_open(f).is_some()
        },
        answer: |_| private(403),
        shows: show_membership,
    },
    Rule {
        id: RuleId::of("ENR-022"),
        step: Step::Partnership,
        ground: Ground::ProviderTie,
        at: PURCHASE,
        forbids: |f| f.actor_is(PartnerType::IndirectReseller) && !f.has_provider,
        answer: |_| private(403),
        shows: |f| {
            let name = f.actor.as_ref().map_or("", |actor| actor.name.as_str());
            vec![
                shown("reseller", name),
                claim("missing", "relationship with a provider"),
            ]
        },
    },
    Rule {
        id: RuleId::of("ENR-023"),
        step: Step::ProgramStatus,
        ground: Ground::CallerState,
        at: NEW_BUSINESS.and(RELATIONS),
        forbids: |f| restricted_purchase(f) || restricted_relation(f),
        answer: |_| documented(403, 900_149),
        shows: |f| {
            let mut facts = show_caller_state(f);
            if let Some(day) = f
                .standing
                .as_ref()
                .and_then(|standing| standing.assessment_failed)
            {
                facts.push(shown("reason", format!("assessment failed on {day}")));
            }
            facts
        },
    },
    Rule {
        id: RuleId::of("ENR-024"),
        step: Step::ProgramStatus,
        ground: Ground::CallerState,
        at: NEW_BUSINESS,
        forbids: restricted_purchase,
        answer: |_| documented(403, 900_149),
        shows: |f| {
            let mut facts = show_caller_state(f);
            facts.push(claim(
                "restricted",
                "new purchases; the existing estate is not",
            ));
            facts
        },
    },
    Rule {
        id: RuleId::of("ENR-025"),
        step: Step::ProgramStatus,
        ground: Ground::CallerState,
        at: RELATIONS,
        forbids: restricted_relation,
        answer: |_| documented(403, 900_149),
        shows: |f| {
            let mut facts = show_caller_state(f);
            facts.push(claim("blocked capability", f.checkpoint));
            facts
        },
    },
    Rule {
        id: RuleId::of("ENR-028"),
        step: Step::Chain,
        ground: Ground::Acquisition,
        at: NEW_BUSINESS,
        forbids: |f| {
            f.new_business
                && f.actor.as_ref().is_some_and(|actor| {
                    actor.transitioning && actor.kind == PartnerType::DirectBill
                })
                && f.relation
                    .as_ref()
                    .is_some_and(|relation| relation.acquired == Acquired::AsReseller)
                && f.checkpoint != C::AcceptTransfer
        },
        answer: |_| private(403),
        shows: |f| {
            f.relation.as_ref().map_or_else(Vec::new, |relation| {
                vec![
                    shown("partner", &relation.partner),
                    shown_of(&relation.customer, "customer", &relation.customer),
                    shown("acquired", relation.acquired),
                ]
            })
        },
    },
    Rule {
        id: RuleId::of("ENR-029"),
        step: Step::PartnerType,
        ground: Ground::Transition,
        at: Checkpoints::of(&[C::ExtendRelationship]),
        forbids: |f| {
            !f.actor
                .as_ref()
                .is_some_and(|actor| actor.kind == PartnerType::DirectBill && actor.transitioning)
        },
        answer: |_| private(403),
        shows: |_| {
            vec![claim(
                "failed condition",
                "the partner is not in transition",
            )]
        },
    },
    Rule {
        id: RuleId::of("ENR-029"),
        step: Step::ProgramStatus,
        ground: Ground::ResellerEnrolment,
        at: Checkpoints::of(&[C::ExtendRelationship]),
        forbids: |f| {
            f.actor
                .as_ref()
                .is_some_and(|actor| actor.reseller_enrolment != ResellerEnrolment::Complete)
        },
        answer: |_| private(403),
        shows: |f| {
            let enrolment = f
                .actor
                .as_ref()
                .map_or(ResellerEnrolment::None, |actor| actor.reseller_enrolment);
            vec![
                claim("failed condition", "reseller enrolment is not complete"),
                shown("reseller enrolment", enrolment),
            ]
        },
    },
    Rule {
        id: RuleId::of("ENR-029"),
        step: Step::Partnership,
        ground: Ground::Partnership,
        at: Checkpoints::of(&[C::ExtendRelationship]),
        forbids: |f| {
            f.partnership
                .as_ref()
                .is_none_or(|partnership| partnership.state != PartnershipState::Active)
        },
        answer: |_| private(403),
        shows: |f| {
            let state = f
                .partnership
                .as_ref()
                .map_or(PartnershipState::None, |partnership| partnership.state);
            let mut facts = vec![
                claim(
                    "failed condition",
                    "the provider's partnership was not accepted",
                ),
                shown("partnership", state),
            ];
            facts.extend(
                f.other
                    .as_ref()
                    .map(|provider| shown_of(&provider.name, "provider", &provider.name)),
            );
            facts
        },
    },
    Rule {
        id: RuleId::of("ENR-029"),
        step: Step::Relationship,
        ground: Ground::Acquisition,
        at: Checkpoints::of(&[C::ExtendRelationship]),
        forbids: |f| {
            f.relation
                .as_ref()
                .is_some_and(|relation| relation.acquired == Acquired::AsReseller)
        },
        answer: |_| private(403),
        shows: |_| {
            vec![claim(
                "failed condition",
                "the customer was not acquired directly",
            )]
        },
    },
    Rule {
        id: RuleId::of("ENR-029"),
        step: Step::CustomerAgreement,
        ground: Ground::Declaration,
        at: Checkpoints::of(&[C::ExtendRelationship]),
        forbids: |f| f.form.consent == Some(false),
        answer: |_| private(403),
        shows: |_| {
            vec![claim(
                "failed condition",
                "the customer did not give informed consent beforehand",
            )]
        },
    },
    Rule {
        id: RuleId::of("ENR-031"),
        step: Step::PartnerType,
        ground: Ground::CallerType,
        at: BILLED_ONLY,
        // A reseller account with a finished transition behind it used to be a direct-bill partner.
        forbids: |f| {
            f.caller.channel == Channel::Api
                && of_the_billed(f)
                && f.actor.as_ref().is_some_and(|actor| {
                    actor.kind == PartnerType::IndirectReseller
                        && actor.reseller_enrolment == ResellerEnrolment::Complete
                })
        },
        answer: |f| {
            if f.checkpoint == C::ReadPriceSheet {
                documented(403, 800_043)
            } else {
                documented(403, 2032)
            }
        },
        shows: |f| {
            let name = f.actor.as_ref().map_or("", |actor| actor.name.as_str());
            vec![
                shown("former direct-bill partner", name),
                shown("access", Channel::Api),
            ]
        },
    },
    Rule {
        id: RuleId::of("ENR-032"),
        step: Step::TenantType,
        ground: Ground::ApplicationTenant,
        at: APPLY,
        forbids: |f| {
            other_type(f).is_some_and(|(holder, kind)| {
                holder.kind == PartnerType::IndirectReseller && kind == PartnerType::DirectBill
            })
        },
        answer: |_| private(409),
        shows: show_other_type,
    },
    Rule {
        id: RuleId::of("ENR-033"),
        step: Step::ProgramStatus,
        ground: Ground::CallerState,
        at: RELATIONS.and(REQUEST),
        forbids: |f| in_state(f.actor.as_ref(), &[S::Deauthorized]),
        answer: |_| documented(403, 800_039),
        shows: |f| f.actor.as_ref().map_or_else(Vec::new, show_deauthorized),
    },
    Rule {
        id: RuleId::of("ENR-033"),
        step: Step::NamedStatus,
        ground: Ground::NamedState,
        at: NAMING,
        forbids: |f| in_state(f.named.party(), &[S::Deauthorized]) && naming(f),
        answer: |_| documented(403, 800_039),
        shows: |f| f.named.party().map_or_else(Vec::new, show_deauthorized),
    },
];

//! Who may enrol, and how an application is verified: ENR-001 to ENR-019.

use tierline_domain::admin::ProgramRole;
use tierline_domain::money::{Currency, Money};
use tierline_domain::partner::{AccountState as S, PartnerType, SupportPlan};

use super::{
    APPLY, BY_STATE, DIRECT_BILL_REVENUE_MINOR, NAMING, RELATIONS, REQUEST, SIGN, TENURE_MONTHS,
    VERIFICATION_DAYS, application, enrolled, for_direct_bill, in_state, membership_open,
    named_reseller, named_unsigned, naming, restricted_purchase, restricted_relation, seller,
    show_applicant_state, show_caller_state, show_membership, show_named_state,
    show_named_unsigned, state_forbids,
};
use crate::book::RuleId;
use crate::facts::{CallerKind, Checkpoint as C, Checkpoints, TenantChoice};
use crate::registry::{Ground, Rule, Step, claim, claim_of, documented, private, shown, shown_of};
use crate::rules::NEW_BUSINESS;
use crate::rules::identity::show_named;

/// Rules of applications.
pub static RULES: &[Rule] = &[
    Rule {
        id: RuleId::of("ENR-001"),
        step: Step::NamedKnown,
        ground: Ground::NamedIdentity,
        at: NAMING,
        forbids: |f| named_reseller(f).is_some_and(|party| !enrolled(party)) && naming(f),
        answer: |_| documented(400, 800_016),
        shows: |f| {
            let mut facts = vec![claim("open step", "enrolment as an indirect reseller")];
            facts.extend(show_named(f));
            facts
        },
    },
    Rule {
        id: RuleId::of("ENR-001"),
        step: Step::NamedStatus,
        ground: Ground::NamedAgreement,
        at: NEW_BUSINESS,
        forbids: |f| f.new_business && named_unsigned(f),
        answer: |_| documented(403, 900_123),
        shows: |f| {
            let mut facts = vec![claim("open step", "acceptance of the partner agreement")];
            facts.extend(show_named_unsigned(f));
            facts
        },
    },
    Rule {
        id: RuleId::of("ENR-002"),
        step: Step::ProgramStatus,
        ground: Ground::Newcomer,
        at: APPLY,
        forbids: |f| {
            application(f).is_some_and(|wanted| {
                wanted.newcomer
                    && matches!(
                        wanted.wanted,
                        Some(PartnerType::DirectBill | PartnerType::IndirectProvider)
                    )
            })
        },
        answer: |_| private(403),
        shows: |f| {
            application(f).map_or_else(Vec::new, |wanted| {
                vec![
                    shown("new company", &wanted.organization),
                    shown("requested type", &wanted.wanted_word),
                ]
            })
        },
    },
    Rule {
        id: RuleId::of("ENR-003"),
        step: Step::Role,
        ground: Ground::UserRole,
        at: APPLY,
        forbids: |f| {
            f.caller.kind == CallerKind::Partner && !f.caller.roles.any(&[ProgramRole::GlobalAdmin])
        },
        answer: |_| documented(400, 3000),
        shows: |f| {
            vec![
                claim("missing", "work account with global administrator rights"),
                shown("roles held", f.caller.role_names.join(", ")),
            ]
        },
    },
    Rule {
        id: RuleId::of("ENR-003"),
        step: Step::TenantType,
        ground: Ground::TenantOwner,
        at: APPLY,
        forbids: |f| {
            application(f).is_some_and(|wanted| {
                matches!(wanted.tenant, TenantChoice::Other(_)) && !wanted.tenant_own
            })
        },
        answer: |_| documented(400, 3000),
        shows: |f| {
            let tenant = match application(f).map(|wanted| &wanted.tenant) {
                Some(TenantChoice::Other(name)) => name.as_str(),
                _ => "",
            };
            vec![
                claim("missing", "global administrator rights in the tenant"),
                shown("tenant", tenant),
            ]
        },
    },
    Rule {
        id: RuleId::of("ENR-003"),
        step: Step::Catalogue,
        ground: Ground::SupportContact,
        at: APPLY,
        forbids: |f| application(f).is_some_and(|wanted| wanted.support_contact.is_none()),
        answer: |_| documented(400, 3000),
        shows: |_| {
            vec![claim(
                "missing",
                "customer-support details (support_contact)",
            )]
        },
    },
    Rule {
        id: RuleId::of("ENR-004"),
        step: Step::Catalogue,
        ground: Ground::ContactAddress,
        at: APPLY,
        forbids: |f| application(f).is_some_and(|wanted| wanted.contact_email_bad),
        answer: |_| documented(400, 3000),
        shows: |f| {
            application(f).map_or_else(Vec::new, |wanted| {
                vec![
                    shown("contact_email", &wanted.contact_email),
                    claim("fault", "not on a domain of the company"),
                ]
            })
        },
    },
    Rule {
        id: RuleId::of("ENR-005"),
        step: Step::ProgramStatus,
        ground: Ground::CallerState,
        at: SIGN.and(Checkpoints::of(&[C::EscalateVerification])),
        // Nothing is signed before verification is over, and nothing is escalated once it is.
        forbids: |f| {
            if f.checkpoint == C::SignAgreement {
                in_state(f.actor.as_ref(), &[S::Applied, S::Pending, S::Rejected])
            } else {
                f.actor
                    .as_ref()
                    .is_some_and(|actor| !matches!(actor.state, S::Applied | S::Pending))
            }
        },
        answer: |_| private(409),
        shows: show_applicant_state,
    },
    Rule {
        id: RuleId::of("ENR-006"),
        step: Step::ProgramStatus,
        ground: Ground::VerificationWait,
        at: Checkpoints::of(&[C::EscalateVerification]),
        forbids: |f| {
            in_state(f.actor.as_ref(), &[S::Applied, S::Pending])
                && f.form.business_days_pending <= VERIFICATION_DAYS
        },
        answer: |_| private(409),
        shows: |f| {
            let mut facts = show_applicant_state(f);
            facts.push(shown("business days pending", f.form.business_days_pending));
            facts.push(shown("escalation after business day", VERIFICATION_DAYS));
            facts
        },
    },
    Rule {
        id: RuleId::of("ENR-007"),
        step: Step::ProgramStatus,
        ground: Ground::CallerState,
        at: SIGN.and(Checkpoints::of(&[C::Appeal, C::EscalateVerification])),
        // Only a rejection can be appealed, and a rejected applicant can do nothing else.
        forbids: |f| {
            f.actor
                .as_ref()
                .is_some_and(|actor| (actor.state == S::Rejected) != (f.checkpoint == C::Appeal))
        },
        answer: |_| private(409),
        shows: show_applicant_state,
    },
    Rule {
        id: RuleId::of("ENR-007"),
        step: Step::Catalogue,
        ground: Ground::Documents,
        at: Checkpoints::of(&[C::Appeal]),
        forbids: |f| f.form.documents.is_empty(),
        answer: |_| private(409),
        shows: |f| {
            let mut facts = show_applicant_state(f);
            facts.push(claim("documents", "none"));
            facts
        },
    },
    Rule {
        id: RuleId::of("ENR-008"),
        step: Step::ProgramStatus,
        ground: Ground::Membership,
        at: APPLY.and(SIGN),
        forbids: |f| membership_open(f).is_some(),
        answer: |_| documented(403, 900_149),
        shows: show_membership,
    },
    Rule {
        id: RuleId::of("ENR-009"),
        step: Step::CallerAgreement,
        ground: Ground::CallerAgreement,
        at: BY_STATE,
        forbids: |f| in_state(seller(f), &[S::Qualified]) && state_forbids(f),
        answer: |_| documented(403, 900_124),
        shows: show_caller_state,
    },
    Rule {
        id: RuleId::of("ENR-009"),
        step: Step::NamedStatus,
        ground: Ground::NamedAgreement,
        at: NAMING,
        forbids: |f| in_state(f.named.party(), &[S::Qualified]) && naming(f),
        answer: |_| documented(403, 900_123),
        shows: show_named_state,
    },
    Rule {
        id: RuleId::of("ENR-010"),
        step: Step::ProgramStatus,
        ground: Ground::CallerLocation,
        at: NEW_BUSINESS.and(SIGN).and(REQUEST),
        forbids: |f| {
            seller(f).is_some_and(|party| party.location.is_none())
                && (f.new_business || f.checkpoint == C::SignAgreement)
        },
        answer: |_| private(409),
        shows: |f| {
            seller(f).map_or_else(Vec::new, |party| {
                vec![
                    shown_of(&party.name, "partner", &party.name),
                    claim_of(&party.name, "PartnerID", "none associated"),
                    shown_of(&party.name, "country", party.country),
                ]
            })
        },
    },
    Rule {
        id: RuleId::of("ENR-010"),
        step: Step::NamedKnown,
        ground: Ground::NamedIdentity,
        at: NAMING,
        forbids: |f| naming(f) && named_reseller(f).is_some_and(|party| party.location.is_none()),
        answer: |_| private(409),
        shows: |f| {
            let mut facts = show_named(f);
            facts.extend(
                named_reseller(f)
                    .map(|party| claim_of(&party.name, "associated PartnerID", "none")),
            );
            facts
        },
    },
    Rule {
        id: RuleId::of("ENR-011"),
        step: Step::Quantity,
        ground: Ground::Tenure,
        at: APPLY,
        forbids: |f| for_direct_bill(f).is_some_and(|wanted| wanted.tenure_months < TENURE_MONTHS),
        answer: |_| private(403),
        shows: |f| {
            for_direct_bill(f).map_or_else(Vec::new, |wanted| {
                vec![
                    shown("months as a reseller", wanted.tenure_months),
                    shown("months required", TENURE_MONTHS),
                ]
            })
        },
    },
    Rule {
        id: RuleId::of("ENR-012"),
        step: Step::Quantity,
        ground: Ground::Revenue,
        at: APPLY,
        forbids: |f| {
            for_direct_bill(f)
                .and_then(|wanted| wanted.revenue_cloud)
                .is_some_and(|counted| counted.minor < DIRECT_BILL_REVENUE_MINOR)
        },
        answer: |_| private(403),
        shows: |f| {
            let Some(counted) = for_direct_bill(f).and_then(|wanted| wanted.revenue_cloud) else {
                return Vec::new();
            };
            let missing = DIRECT_BILL_REVENUE_MINOR.saturating_sub(counted.minor);
            vec![
                shown("cloud revenue counted", counted),
                claim("missing", Money::new(missing, Currency::USD)),
                shown(
                    "required",
                    Money::new(DIRECT_BILL_REVENUE_MINOR, Currency::USD),
                ),
            ]
        },
    },
    Rule {
        id: RuleId::of("ENR-013"),
        step: Step::Credit,
        ground: Ground::CreditCheck,
        at: APPLY,
        forbids: |f| for_direct_bill(f).is_some_and(|wanted| wanted.credit_check != "passed"),
        answer: |_| private(403),
        shows: |f| {
            for_direct_bill(f).map_or_else(Vec::new, |wanted| {
                vec![shown("credit check", &wanted.credit_check)]
            })
        },
    },
    Rule {
        id: RuleId::of("ENR-014"),
        step: Step::Catalogue,
        ground: Ground::SupportPlan,
        at: APPLY,
        forbids: |f| {
            for_direct_bill(f).is_some_and(|wanted| wanted.support_plan == SupportPlan::None)
        },
        answer: |_| private(403),
        shows: |_| vec![shown("support plan", SupportPlan::None)],
    },
    Rule {
        id: RuleId::of("ENR-015"),
        step: Step::Catalogue,
        ground: Ground::Capability,
        at: APPLY,
        forbids: |f| for_direct_bill(f).is_some_and(|wanted| wanted.assessment_failed.is_some()),
        answer: |_| private(403),
        shows: |f| {
            for_direct_bill(f)
                .and_then(|wanted| wanted.assessment_failed)
                .map(|day| shown("capability assessment", format!("failed on {day}")))
                .into_iter()
                .collect()
        },
    },
    Rule {
        id: RuleId::of("ENR-016"),
        step: Step::ProgramStatus,
        ground: Ground::CallerState,
        at: NEW_BUSINESS.and(RELATIONS),
        forbids: |f| {
            f.standing
                .as_ref()
                .is_some_and(|standing| standing.assessment_failed.is_some())
                && (restricted_purchase(f) || restricted_relation(f))
        },
        answer: |_| private(403),
        shows: |f| {
            f.standing
                .as_ref()
                .and_then(|standing| standing.assessment_failed)
                .map(|day| shown("reassessment", format!("failed on {day}")))
                .into_iter()
                .collect()
        },
    },
    Rule {
        id: RuleId::of("ENR-017"),
        step: Step::Catalogue,
        ground: Ground::ManagedService,
        at: APPLY,
        forbids: |f| for_direct_bill(f).is_some_and(|wanted| !wanted.managed_service),
        answer: |_| private(403),
        shows: |_| vec![claim("qualifying service", "none declared")],
    },
    Rule {
        id: RuleId::of("ENR-018"),
        step: Step::ProgramStatus,
        ground: Ground::Membership,
        at: APPLY,
        forbids: |f| for_direct_bill(f).is_some() && membership_open(f).is_some(),
        answer: |_| private(403),
        shows: show_membership,
    },
    Rule {
        id: RuleId::of("ENR-018"),
        step: Step::Catalogue,
        ground: Ground::Receivables,
        at: APPLY,
        forbids: |f| for_direct_bill(f).is_some_and(|wanted| !wanted.receivables),
        answer: |_| private(403),
        shows: |_| vec![claim("missing", "receivables process")],
    },
    Rule {
        id: RuleId::of("ENR-019"),
        step: Step::Catalogue,
        ground: Ground::Profile,
        at: Checkpoints::of(&[C::UpdateProfile]),
        forbids: |f| {
            f.form
                .profile
                .as_ref()
                .is_some_and(|(field, _)| field == "billing_anniversary")
                && f.actor.as_ref().is_some_and(|actor| actor.kind.is_billed())
        },
        answer: |_| private(409),
        shows: |f| {
            f.form
                .profile
                .as_ref()
                .map_or_else(Vec::new, |(field, _)| vec![shown("immutable", field)])
        },
    },
];

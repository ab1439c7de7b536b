//! Section 13: how a caller must have signed in, and what is kept on record.

use tierline_domain::admin::Mfa;
use tierline_domain::customer::CustomerState;
use tierline_domain::partner::{Cloud, PartnerType};
use tierline_domain::time::{Date, add_days};

use super::roles::{EVERYWHERE, role_missing, roles_shown, user};
use super::{NEW_BUSINESS, PURCHASE, SUBSCRIPTION_CHANGE};
use crate::book::RuleId;
use crate::facts::{Channel, Checkpoint as C, Checkpoints, Facts, TokenKind};
use crate::registry::{
    Ground, Rule, Shown, Step, bare, claim, documented, private, shown, shown_of,
};

/// Where rights in a customer's tenant are used or asked for: only the platform's own MFA opens these (SEC-004).
const CUSTOMER_SIDE: Checkpoints = Checkpoints::of(&[
    C::Administer,
    C::ManageResource,
    C::RequestAdmin,
    C::DraftAdmin,
    C::AssignRoles,
    C::UpdateAdmin,
    C::TerminateAdmin,
    C::ListAdmin,
]);
/// Where a partner that does not meet the requirements loses its rights (SEC-006).
const RIGHTS: Checkpoints = PURCHASE
    .and(SUBSCRIPTION_CHANGE)
    .and(Checkpoints::of(&[C::Administer, C::ManageResource]));

/// Everything that a partner's user calls, and the call itself.
const CALLED: Checkpoints = EVERYWHERE.and(Checkpoints::of(&[C::CallApi]));
/// Where a partner may ask for a credit after fraud.
const CREDIT_AFTER_FRAUD: Checkpoints = Checkpoints::of(&[C::OpenCase, C::OpenTicket]);

/// Partners in national clouds are urged, not made, to meet the requirements (SEC-020).
fn exempt(f: &Facts) -> bool {
    let called = f.form.api_call.is_some_and(|call| call.national);
    let acts = f.actor.as_ref();
    called || acts.is_some_and(|actor| actor.cloud == Cloud::National)
}

fn third_party_accepted(f: &Facts) -> bool {
    f.actor
        .as_ref()
        .is_some_and(|actor| actor.third_party_mfa_exception)
}

/// The second factor is not one that is accepted anywhere. Applications alone are not asked for one (SEC-002).
fn without_mfa(f: &Facts) -> bool {
    f.caller.mfa != Mfa::Present
        && user(f)
        && !exempt(f)
        && (f.caller.mfa != Mfa::ThirdParty || !third_party_accepted(f))
}

fn mfa_shown(f: &Facts) -> Vec<Shown> {
    let user = f.caller.user.iter().map(|user| shown("user", user));
    [shown("multi-factor authentication", f.caller.mfa)]
        .into_iter()
        .chain(user)
        .collect()
}

/// What asks for the second factor even if the sign-in did not (SEC-003).
fn guarded_page(f: &Facts) -> bool {
    match f.checkpoint {
        C::OpenPortal => f
            .form
            .page
            .as_deref()
            .is_some_and(|page| matches!(page, "customers" | "billing")),
        _ => f.caller.channel == Channel::Portal,
    }
}

fn security_contact(f: &Facts) -> Option<&str> {
    f.form
        .profile
        .as_ref()
        .filter(|(field, _)| field == "security_contact")
        .map(|(_, contact)| contact.as_str())
}

/// The first day an audit query may reach back to (SEC-012).
fn audit_horizon(f: &Facts) -> Date {
    add_days(f.today, -90)
}

/// Rules of section 13.
pub static RULES: &[Rule] = &[
    Rule {
        id: RuleId::of("SEC-001"),
        step: Step::Authentication,
        ground: Ground::Authentication,
        at: CALLED,
        forbids: without_mfa,
        answer: |_| bare(401),
        shows: mfa_shown,
    },
    Rule {
        id: RuleId::of("SEC-002"),
        step: Step::Authentication,
        ground: Ground::Authentication,
        at: CALLED,
        forbids: |f| {
            f.caller.channel == Channel::Api
                && f.checkpoint != C::OpenPortal
                && (without_mfa(f) || f.caller.token == TokenKind::PasswordFlow)
        },
        answer: |_| bare(401),
        shows: |f| {
            let mut facts = mfa_shown(f);
            facts.push(shown("token", f.caller.token));
            facts
        },
    },
    Rule {
        id: RuleId::of("SEC-003"),
        step: Step::Authentication,
        ground: Ground::Authentication,
        at: Checkpoints::of(&[C::OpenPortal, C::OpenTicket, C::UpdateTicket]),
        forbids: |f| without_mfa(f) && guarded_page(f),
        answer: |_| bare(401),
        shows: mfa_shown,
    },
    Rule {
        id: RuleId::of("SEC-004"),
        step: Step::Authentication,
        ground: Ground::Authentication,
        at: CUSTOMER_SIDE,
        forbids: |f| f.caller.mfa == Mfa::ThirdParty && user(f),
        answer: |_| bare(401),
        shows: mfa_shown,
    },
    Rule {
        id: RuleId::of("SEC-005"),
        step: Step::Authentication,
        ground: Ground::Authentication,
        at: EVERYWHERE,
        forbids: |f| f.caller.mfa == Mfa::SkippedByPolicy && user(f) && !exempt(f),
        answer: |_| bare(401),
        shows: mfa_shown,
    },
    Rule {
        id: RuleId::of("SEC-006"),
        step: Step::ProgramStatus,
        ground: Ground::Authentication,
        at: RIGHTS,
        forbids: without_mfa,
        answer: |f| {
            documented(
                403,
                if f.actor_is(PartnerType::IndirectReseller) {
                    800_039
                } else {
                    900_149
                },
            )
        },
        shows: |f| {
            let mut facts = mfa_shown(f);
            facts.push(shown("partner", &f.caller.name));
            facts
        },
    },
    Rule {
        id: RuleId::of("SEC-007"),
        step: Step::Authentication,
        ground: Ground::Authentication,
        at: EVERYWHERE,
        forbids: |f| f.caller.token == TokenKind::PasswordFlow,
        answer: |_| bare(401),
        shows: |f| vec![shown("token", f.caller.token)],
    },
    Rule {
        id: RuleId::of("SEC-010"),
        step: Step::Role,
        ground: Ground::UserRole,
        at: Checkpoints::of(&[C::UpdateProfile]),
        forbids: |f| security_contact(f).is_some() && role_missing(f),
        answer: |_| documented(403, 900_150),
        shows: roles_shown,
    },
    Rule {
        id: RuleId::of("SEC-010"),
        step: Step::Role,
        ground: Ground::Channel,
        at: Checkpoints::of(&[C::UpdateProfile]),
        forbids: |f| f.caller.channel == Channel::Api && security_contact(f).is_some(),
        answer: |_| documented(403, 900_150),
        shows: |f| {
            vec![
                shown("channel", f.caller.channel),
                shown("channel needed", Channel::Portal),
            ]
        },
    },
    Rule {
        id: RuleId::of("SEC-010"),
        step: Step::Catalogue,
        ground: Ground::Profile,
        at: Checkpoints::of(&[C::UpdateProfile]),
        forbids: |f| {
            security_contact(f)
                .is_some_and(|contact| contact.trim().is_empty() || contact == "none")
        },
        answer: |_| documented(403, 900_150),
        shows: |_| vec![claim("security contact", "none")],
    },
    Rule {
        id: RuleId::of("SEC-012"),
        step: Step::Catalogue,
        ground: Ground::AuditRange,
        at: Checkpoints::of(&[C::ReadAudit]),
        forbids: |f| {
            f.form
                .audit_from
                .is_some_and(|from| from < audit_horizon(f))
        },
        answer: |_| private(400),
        shows: |f| {
            let from = f
                .form
                .audit_from
                .map(|from| shown("start of the query", from));
            from.into_iter()
                .chain([shown("earliest start", audit_horizon(f))])
                .collect()
        },
    },
    Rule {
        id: RuleId::of("SEC-018"),
        step: Step::Catalogue,
        ground: Ground::FraudDeadline,
        at: CREDIT_AFTER_FRAUD,
        forbids: |f| {
            f.form
                .first_use
                .is_some_and(|first| add_days(first, 60) < f.today)
        },
        answer: |_| private(409),
        shows: |f| {
            f.form
                .first_use
                .iter()
                .flat_map(|first| {
                    [
                        shown("first fraudulent use", first),
                        shown("deadline", add_days(*first, 60)),
                    ]
                })
                .collect()
        },
    },
    // Whoever is billed is liable, and nobody else has a credit.
    Rule {
        id: RuleId::of("SEC-018"),
        step: Step::PartnerType,
        ground: Ground::CallerType,
        at: CREDIT_AFTER_FRAUD,
        forbids: |f| f.form.first_use.is_some() && f.actor_is(PartnerType::IndirectReseller),
        answer: |_| private(409),
        shows: |f| vec![shown("partner", &f.caller.name)],
    },
    Rule {
        id: RuleId::of("SEC-018"),
        step: Step::Catalogue,
        ground: Ground::FraudCredit,
        at: CREDIT_AFTER_FRAUD,
        forbids: |f| f.form.credit_asked.is_some(),
        answer: |_| private(409),
        shows: |f| {
            let asked = f.form.credit_asked.iter();
            asked
                .map(|day| shown("credit asked for before", day))
                .collect()
        },
    },
    Rule {
        id: RuleId::of("SEC-019"),
        step: Step::Relationship,
        ground: Ground::CustomerAccount,
        at: NEW_BUSINESS,
        forbids: |f| {
            (f.new_business || PURCHASE.has(f.checkpoint))
                && f.buyer
                    .as_ref()
                    .is_some_and(|buyer| buyer.account_state == CustomerState::SuspendedForMisuse)
        },
        answer: |_| documented(403, 800_075),
        shows: |f| {
            f.buyer
                .iter()
                .map(|buyer| {
                    shown_of(
                        &buyer.name,
                        &format!("state of {}", buyer.name),
                        buyer.account_state,
                    )
                })
                .collect()
        },
    },
];

//! Section 2: enrolment, the lifecycle of a program account, and what each state allows.
// tidy: long because a section of the rulebook stands in one file, and its rules are looked for by id.

use tierline_domain::admin::ProgramRole;
use tierline_domain::customer::Acquired;
use tierline_domain::money::{Currency, Money};
use tierline_domain::partner::{
    AccountState, Environment, MembershipState, PartnerType, PartnershipState, ResellerEnrolment,
    SupportPlan,
};
use tierline_domain::time::whole_months;

use super::identity::{named_no_reseller, other_type, show_named, show_other_type};
use super::{NEW_BUSINESS, PURCHASE, SALE, SUBSCRIPTION_CHANGE};
use crate::book::RuleId;
use crate::facts::{
    Application, CallerKind, Channel, Checkpoint as C, Checkpoints, Facts, Named, Party,
    TenantChoice,
};
use crate::registry::{
    Answer, Ground, Rule, Shown, Step, claim, claim_of, documented, private, shown, shown_of,
};

use AccountState as S;

const APPLY: Checkpoints = Checkpoints::of(&[C::Apply]);
const SIGN: Checkpoints = Checkpoints::of(&[C::SignAgreement]);
/// Commands that make a relationship which was not there.
const RELATIONS: Checkpoints = Checkpoints::of(&[
    C::CreateCustomer,
    C::InviteCustomer,
    C::InvitePartner,
    C::AcceptPartnership,
]);
/// A reseller asks its provider for a purchase.
const REQUEST: Checkpoints = Checkpoints::of(&[C::RequestOrder]);
/// Commands that the caller's state decides (ENR-043).
const BY_STATE: Checkpoints = NEW_BUSINESS
    .and(SUBSCRIPTION_CHANGE)
    .and(RELATIONS)
    .and(SIGN)
    .and(REQUEST);
/// Commands that put a reseller on a subscription, or do business on one that names it.
const NAMING: Checkpoints = NEW_BUSINESS.and(Checkpoints::of(&[C::SetPartnerOfRecord]));
/// The same, and those that begin a relationship for the reseller named.
const NAMING_OR_CREATING: Checkpoints = NAMING.and(Checkpoints::of(&[C::CreateCustomer]));
/// What belongs to the billed partner above a reseller (ENR-040).
const BILLED_ONLY: Checkpoints = SALE.and(Checkpoints::of(&[
    C::CreateCustomer,
    C::ReadPriceSheet,
    C::ReadInvoice,
    C::ReadCredit,
    C::OpenPortal,
]));
/// The same, and the API itself.
const PROVIDERS_OWN: Checkpoints = BILLED_ONLY.and(Checkpoints::of(&[C::CallApi]));

/// Revenue that a direct-bill applicant shows (ENR-012), in US cents.
const DIRECT_BILL_REVENUE_MINOR: i64 = 30_000_000;
/// Revenue below which a reseller loses its authorisation (ENR-033), in US cents.
pub const RESELLER_REVENUE_MINOR: i64 = 100_000;
/// Months of tenure as a reseller before direct-bill (ENR-011).
const TENURE_MONTHS: i64 = 12;
/// Business days that verification normally takes (ENR-006).
const VERIFICATION_DAYS: i64 = 5;
/// Caps of a sandbox (ENR-041).
const SANDBOX_CUSTOMERS: i64 = 75;
const SANDBOX_SUBSCRIPTIONS: i64 = 5;
const SANDBOX_SEATS: i64 = 25;
const SANDBOX_RESELLERS: i64 = 5;

/// Verification is over and was passed: the account is enrolled, whatever became of it since.
#[must_use]
pub fn enrolled(party: &Party) -> bool {
    !matches!(
        party.state,
        S::NotEnrolled | S::Applied | S::Pending | S::Rejected
    )
}

/// Who would sell: the caller's account, or the receiving partner of a transfer (TRF-027).
#[must_use]
pub fn seller(f: &Facts) -> Option<&Party> {
    match &f.transfer {
        Some(transfer) if f.checkpoint == C::AcceptTransfer => Some(&transfer.to),
        _ => f.actor.as_ref(),
    }
}

/// The named account is a reseller, or was to become one.
fn named_reseller(f: &Facts) -> Option<&Party> {
    f.named
        .party()
        .filter(|party| party.acts_as_reseller || party.kind == PartnerType::IndirectReseller)
}

/// Business is done with a named reseller, the reseller is put on record, or a customer is created for it.
fn naming(f: &Facts) -> bool {
    f.new_business || matches!(f.checkpoint, C::SetPartnerOfRecord | C::CreateCustomer)
}

/// Restricted is a state of direct-bill partners; one that moves stands on the reseller's side meanwhile
/// (ENR-024). A reseller that is nothing else has no such way (ENR-043).
pub(super) fn restricted_reseller(party: &Party) -> bool {
    party.state == S::Restricted && party.kind == PartnerType::IndirectReseller
}

/// The named reseller's agreement is open where the command wants it accepted.
pub(crate) fn named_unsigned(f: &Facts) -> bool {
    named_reseller(f).is_some_and(|party| !party.signed)
}

/// The named reseller and the region whose signature is missing.
pub(crate) fn show_unsigned(party: &Party) -> Vec<Shown> {
    let mut facts = vec![
        shown_of(&party.name, "reseller", &party.name),
        claim_of(&party.name, "agreement", "open"),
    ];
    facts.extend(
        party
            .region
            .map(|fact| shown_of(&party.name, "region", fact.region)),
    );
    facts
}

fn show_named_unsigned(f: &Facts) -> Vec<Shown> {
    named_reseller(f).map_or_else(Vec::new, show_unsigned)
}

fn in_state(party: Option<&Party>, states: &[AccountState]) -> bool {
    party.is_some_and(|party| states.contains(&party.state))
}

/// A restricted partner that is enrolled as a reseller may still invite with its provider (ENR-025).
fn indirect_invitation(f: &Facts) -> bool {
    f.checkpoint == C::InviteCustomer
        && f.other.is_some()
        && f.actor
            .as_ref()
            .is_some_and(|actor| actor.acts_as_reseller && !restricted_reseller(actor))
}

const ONLY_ACTIVE: &[AccountState] = &[S::Active];
const ESTATE: &[AccountState] = &[S::Active, S::Restricted, S::Suspended];
const SIGNING: &[AccountState] = &[S::Qualified, S::Active, S::Restricted, S::Suspended];
const JOINING: &[AccountState] = &[S::Qualified, S::Active];

/// The states in which the caller may give this command (the table after ENR-044, with the exemptions
/// that single rules grant).
fn allowing(f: &Facts) -> &'static [AccountState] {
    match f.checkpoint {
        C::SignAgreement => SIGNING,
        // Who is not enrolled yet is answered by REL-002; a mover may join its provider while restricted.
        C::AcceptPartnership => JOINING,
        C::InviteCustomer if indirect_invitation(f) => &[S::Active, S::Restricted],
        C::RequestOrder if !seller(f).is_some_and(restricted_reseller) => {
            &[S::Active, S::Restricted]
        }
        C::CreateCustomer | C::InvitePartner | C::InviteCustomer => ONLY_ACTIVE,
        // ENR-027: seats of what a restricted partner has may still change.
        C::ChangeQuantity if f.new_business => &[S::Active, S::Restricted],
        _ if f.new_business => ONLY_ACTIVE,
        _ => ESTATE,
    }
}

fn state_forbids(f: &Facts) -> bool {
    seller(f).is_some_and(|party| {
        party.state != S::Active
            && !allowing(f).contains(&party.state)
            && !(f.checkpoint == C::AcceptPartnership
                && (!enrolled(party)
                    || (party.state == S::Restricted
                        && party.acts_as_reseller
                        && !restricted_reseller(party))))
    })
}

/// The partners beside the caller for whom the relationship would begin too: the provider that had invited,
/// the partners that a customer accepts, the provider of a joint invitation (CUS-004).
fn joining(f: &Facts) -> impl Iterator<Item = &Party> {
    let facing = f
        .named
        .party()
        .filter(|_| f.checkpoint == C::AcceptRelationship);
    f.other.iter().chain(facing)
}

/// It has lost its standing. One that has become restricted may still act as a reseller (ENR-025).
fn cannot_join(f: &Facts, party: &Party) -> bool {
    let as_reseller = f.named.is_some() && party.acts_as_reseller;
    let moving = party.state == S::Restricted && as_reseller && !restricted_reseller(party);
    party.state != S::Active && !moving
}

/// The code of a state: resellers have one of their own.
fn by_kind(party: Option<&Party>) -> Answer {
    if party.is_some_and(|party| party.kind == PartnerType::IndirectReseller) {
        documented(403, 800_039)
    } else {
        documented(403, 900_149)
    }
}

fn named_code(f: &Facts) -> Answer {
    by_kind(f.named.party())
}

fn caller_code(f: &Facts) -> Answer {
    by_kind(seller(f))
}

fn show_state(party: &Party) -> Vec<Shown> {
    vec![
        shown_of(&party.name, "partner", &party.name),
        shown_of(&party.name, "current state", party.state),
        shown_of(&party.name, "since", party.state_since),
    ]
}

fn show_caller_state(f: &Facts) -> Vec<Shown> {
    seller(f).map_or_else(Vec::new, show_state)
}

fn show_caller_states(f: &Facts) -> Vec<Shown> {
    let mut facts = show_caller_state(f);
    facts.push(shown("states that allow the command", words(allowing(f))));
    facts
}

fn show_named_state(f: &Facts) -> Vec<Shown> {
    f.named.party().map_or_else(Vec::new, show_state)
}

fn show_named_states(f: &Facts) -> Vec<Shown> {
    let mut facts = show_named_state(f);
    facts.push(shown("states that allow the command", words(ONLY_ACTIVE)));
    facts
}

fn words(states: &[AccountState]) -> String {
    states
        .iter()
        .map(|state| state.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}

fn show_suspension(f: &Facts) -> Vec<Shown> {
    let mut facts = show_caller_state(f);
    if let Some(standing) = &f.standing {
        for (invoice, due) in &standing.overdue {
            facts.push(shown(
                "reason",
                format!("invoice {invoice}, due {due}, is more than sixty days overdue"),
            ));
        }
    }
    facts
}

fn show_deauthorized(party: &Party) -> Vec<Shown> {
    let mut facts = show_state(party);
    let amounts = [
        ("cloud revenue counted", party.revenue_cloud),
        ("perpetual revenue counted", party.revenue_perpetual),
    ];
    facts.extend(
        amounts
            .into_iter()
            .filter_map(|(label, amount)| Some(shown_of(&party.name, label, amount?))),
    );
    facts.push(shown(
        "threshold",
        Money::new(RESELLER_REVENUE_MINOR, Currency::USD),
    ));
    facts
}

fn application(f: &Facts) -> Option<&Application> {
    f.application.as_deref()
}

fn applies_as(f: &Facts, kind: PartnerType) -> Option<&Application> {
    application(f).filter(|wanted| wanted.wanted == Some(kind))
}

fn for_direct_bill(f: &Facts) -> Option<&Application> {
    applies_as(f, PartnerType::DirectBill)
}

fn revenue(wanted: &Application) -> Option<Money> {
    wanted
        .revenue_cloud
        .and_then(|counted| counted.at_par(Currency::USD).ok())
}

fn membership_open(f: &Facts) -> Option<MembershipState> {
    let membership = match application(f) {
        Some(wanted) => wanted.membership,
        None => f.actor.as_ref()?.membership,
    };
    (membership != MembershipState::Active).then_some(membership)
}

fn show_membership(f: &Facts) -> Vec<Shown> {
    membership_open(f)
        .map(|state| shown("membership", state))
        .into_iter()
        .collect()
}

fn show_applicant_state(f: &Facts) -> Vec<Shown> {
    f.actor.as_ref().map_or_else(Vec::new, show_state)
}

fn sandbox(f: &Facts) -> bool {
    f.actor
        .as_ref()
        .is_some_and(|actor| actor.environment == Environment::Sandbox)
}

fn show_limit(what: &str, limit: i64, now: i64) -> Vec<Shown> {
    vec![shown("limit", format!("{limit} {what}")), shown("now", now)]
}

fn restricted_purchase(f: &Facts) -> bool {
    f.new_business && f.checkpoint != C::ChangeQuantity && in_state(seller(f), &[S::Restricted])
}

fn restricted_relation(f: &Facts) -> bool {
    matches!(f.checkpoint, C::CreateCustomer | C::InviteCustomer)
        && in_state(f.actor.as_ref(), &[S::Restricted])
        && !indirect_invitation(f)
}

fn seats_asked(f: &Facts) -> Option<i64> {
    match &f.purchase {
        Some(purchase) => Some(purchase.quantity),
        None => f
            .subscription
            .as_ref()
            .and_then(|subscription| subscription.new_quantity),
    }
}

fn unfinished(f: &Facts) -> bool {
    f.named.party().is_some_and(|party| !enrolled(party))
}

/// Of the portal's pages only the billing ones belong to the billed partner.
/// A documented path is called by a partner that the operator does not bill.
fn unbilled_call(f: &Facts) -> bool {
    let partner = f.form.api_call.and_then(|call| call.partner);
    partner.is_some_and(|partner| !partner.is_billed())
}

fn of_the_billed(f: &Facts) -> bool {
    f.checkpoint != C::OpenPortal || f.form.page.as_deref() == Some("billing")
}

/// Rules of this section.
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
                .and_then(revenue)
                .is_some_and(|counted| counted.minor < DIRECT_BILL_REVENUE_MINOR)
        },
        answer: |_| private(403),
        shows: |f| {
            let Some(counted) = for_direct_bill(f).and_then(revenue) else {
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

/// Whole months as a reseller, as ENR-011 counts them.
#[must_use]
pub fn tenure_months(
    onboarded: tierline_domain::time::Date,
    today: tierline_domain::time::Date,
) -> i64 {
    i64::from(whole_months(onboarded, today))
}

#[cfg(test)]
mod tests;

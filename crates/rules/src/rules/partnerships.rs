//! Section 5: provider and reseller. The provider invites, the reseller accepts, the provider removes.

use tierline_domain::admin::ProgramRole;
use tierline_domain::partner::{AccountState, PartnerType, PartnershipState};

use super::enrolment::{enrolled, restricted_reseller};
use super::identity::show_named;
use super::regions::{both_partners, partner_elsewhere};
use super::{NEW_BUSINESS, PURCHASE, SALE};
use crate::book::RuleId;
use crate::facts::{CallerKind, Checkpoint as C, Checkpoints, Facts, Named, Party};
use crate::registry::{
    Ground, Rule, Shown, Step, claim, claim_of, documented, private, shown, shown_of,
};

/// An invitation is sent.
const INVITATION: Checkpoints = Checkpoints::of(&[C::InvitePartner]);
/// An invitation is accepted.
const ACCEPTANCE: Checkpoints = Checkpoints::of(&[C::AcceptPartnership]);
/// A partnership is ended.
const REMOVAL: Checkpoints = Checkpoints::of(&[C::RemovePartnership]);
/// A provider's business with a reseller that it names.
const NAMING: Checkpoints = SALE.and(Checkpoints::of(&[C::CreateCustomer]));
/// Joint transactions of a provider and a reseller (REL-026).
const JOINT: Checkpoints = NEW_BUSINESS.and(Checkpoints::of(&[C::CreateCustomer]));
/// An existing subscription gets another reseller of record.
const ON_RECORD: Checkpoints = Checkpoints::of(&[C::SetPartnerOfRecord]);

fn actor_is_provider(f: &Facts) -> bool {
    f.actor_is(PartnerType::IndirectProvider)
}

fn actor_name(f: &Facts) -> &str {
    f.actor
        .as_ref()
        .map_or(f.caller.name.as_str(), |actor| actor.name.as_str())
}

fn show_party(party: &Party) -> Vec<Shown> {
    vec![
        shown_of(&party.name, "partner", &party.name),
        shown_of(&party.name, "type", party.kind),
        shown_of(&party.name, "state", party.state),
    ]
}

fn show_actor(f: &Facts) -> Vec<Shown> {
    f.actor.as_ref().map_or_else(
        || {
            vec![shown(
                "caller",
                format!("{} ({})", f.caller.name, f.caller.kind),
            )]
        },
        show_party,
    )
}

/// The state of the tie that is loaded; `none` where there is none.
fn tie(f: &Facts) -> PartnershipState {
    f.partnership
        .as_ref()
        .map_or(PartnershipState::None, |partnership| partnership.state)
}

/// A partnership is looked at, and it is not in force.
fn not_active(f: &Facts) -> bool {
    f.partnership
        .as_ref()
        .is_some_and(|partnership| partnership.state != PartnershipState::Active)
}

/// A new customer is for a reseller that has no partnership in force with the caller, or is nobody.
fn created_for_stranger(f: &Facts) -> bool {
    f.checkpoint == C::CreateCustomer
        && f.named.is_some()
        && tie(f) != PartnershipState::Active
        && f.actor.as_ref().is_some_and(|actor| actor.kind.is_billed())
}

/// The provider names a reseller without a partnership in force.
pub(super) fn no_partnership(f: &Facts) -> bool {
    if f.checkpoint == C::CreateCustomer {
        created_for_stranger(f)
    } else {
        not_active(f) && actor_is_provider(f) && f.named.is_some()
    }
}

/// Provider, reseller and the state of their tie.
fn show_tie(f: &Facts) -> Vec<Shown> {
    let Some(partnership) = &f.partnership else {
        return show_named(f);
    };
    let mut facts = vec![
        shown_of(&partnership.provider, "provider", &partnership.provider),
        shown_of(&partnership.reseller, "reseller", &partnership.reseller),
        shown("state of the partnership", partnership.state),
    ];
    if partnership.state != PartnershipState::None {
        facts.push(shown("since", partnership.since));
    }
    facts
}

/// Who would join whom.
fn show_pair(f: &Facts) -> Vec<Shown> {
    let other = f
        .other
        .iter()
        .flat_map(|other| [shown_of(&other.name, "provider", &other.name)]);
    std::iter::once(shown("reseller", actor_name(f)))
        .chain(other)
        .collect()
}

/// The account that would be the reseller stands on that side of the program, or is about to.
fn may_become_reseller(party: &Party) -> bool {
    party.kind == PartnerType::IndirectReseller || party.acts_as_reseller || party.transitioning
}

/// Whoever accepts is no reseller: of another type, or no partner at all.
fn accepted_by_other_type(f: &Facts) -> bool {
    f.actor.as_ref().is_none_or(|actor| !actor.acts_as_reseller)
}

fn unfinished_reseller(f: &Facts) -> bool {
    f.actor
        .as_ref()
        .is_some_and(|actor| actor.acts_as_reseller && !enrolled(actor))
}

/// Nothing waits to be accepted. A second acceptance of what is in force already changes nothing.
fn no_invitation(f: &Facts) -> bool {
    !matches!(tie(f), PartnershipState::Invited | PartnershipState::Active)
}

fn ends_by_reseller(f: &Facts) -> bool {
    f.caller.kind == CallerKind::Partner
        && f.partnership
            .as_ref()
            .is_some_and(|partnership| partnership.reseller == actor_name(f))
}

fn undeclared_by_provider(f: &Facts) -> bool {
    f.form.unconfirmed && !ends_by_reseller(f)
}

/// The tenant of the reseller is an end customer of the provider it would join.
pub(super) fn customer_of_provider(f: &Facts) -> bool {
    f.relation
        .as_ref()
        .is_some_and(crate::facts::Relation::is_active)
}

/// That tie.
pub(super) fn show_customer_of_provider(f: &Facts) -> Vec<Shown> {
    f.relation.as_ref().map_or_else(Vec::new, |relation| {
        vec![
            shown_of(&relation.partner, "provider", &relation.partner),
            shown_of(&relation.customer, "its end customer", &relation.customer),
            shown("state of the relationship", relation.state),
        ]
    })
}

/// A reseller was put on an existing subscription, of which this is wrong.
fn unknown(f: &Facts) -> bool {
    matches!(f.named, Named::Unknown { .. })
}

fn no_reseller(f: &Facts) -> bool {
    match &f.named {
        Named::Unenrolled { .. } => true,
        Named::Account { party, .. } => !party.acts_as_reseller || !enrolled(party),
        Named::None | Named::Unknown { .. } => false,
    }
}

fn unsigned(f: &Facts) -> bool {
    f.named
        .party()
        .is_some_and(|party| party.acts_as_reseller && !party.signed)
}

fn show_unsigned(f: &Facts) -> Vec<Shown> {
    let mut facts = show_named(f);
    facts.extend(
        f.named
            .party()
            .map(|party| claim_of(&party.name, "agreement", "open")),
    );
    facts
}

/// Business of a provider with the reseller it names, or that stands on the subscription. To create a customer
/// for a reseller is such business too (REL-009).
fn joint_business(f: &Facts) -> bool {
    (f.new_business || f.checkpoint == C::CreateCustomer) && actor_is_provider(f)
}

fn lost_status(f: &Facts) -> bool {
    joint_business(f)
        && f.named.party().is_some_and(|party| {
            matches!(
                party.state,
                AccountState::Suspended | AccountState::Deauthorized | AccountState::Terminated
            ) || restricted_reseller(party)
        })
}

fn show_changed(f: &Facts) -> Vec<Shown> {
    f.named.party().map_or_else(Vec::new, |party| {
        let mut facts = show_party(party);
        facts.push(shown_of(&party.name, "since", party.state_since));
        facts
    })
}

/// Rules of this section.
pub static RULES: &[Rule] = &[
    Rule {
        id: RuleId::of("REL-001"),
        step: Step::PartnerType,
        ground: Ground::CallerType,
        at: INVITATION,
        forbids: |f| !actor_is_provider(f),
        answer: |_| private(403),
        shows: show_actor,
    },
    Rule {
        id: RuleId::of("REL-001"),
        step: Step::Partnership,
        ground: Ground::Invitation,
        at: ACCEPTANCE,
        forbids: |f| f.actor.is_some() && tie(f) == PartnershipState::None,
        answer: |_| private(403),
        shows: |f| {
            let mut facts = show_pair(f);
            facts.push(claim("invitation of the provider", "none"));
            facts
        },
    },
    Rule {
        id: RuleId::of("REL-002"),
        step: Step::NamedKnown,
        ground: Ground::CallerType,
        at: ACCEPTANCE,
        forbids: accepted_by_other_type,
        answer: |_| documented(400, 2204),
        shows: show_actor,
    },
    Rule {
        id: RuleId::of("REL-002"),
        step: Step::NamedKnown,
        ground: Ground::CallerState,
        at: ACCEPTANCE,
        forbids: unfinished_reseller,
        answer: |_| documented(400, 2204),
        shows: show_actor,
    },
    Rule {
        id: RuleId::of("REL-003"),
        step: Step::NamedKnown,
        ground: Ground::InvitationLink,
        at: ACCEPTANCE,
        forbids: |f| f.form.link_altered,
        answer: |_| private(404),
        shows: |f| {
            let mut facts = vec![claim("link", "altered")];
            facts.extend(show_pair(f));
            facts
        },
    },
    Rule {
        id: RuleId::of("REL-003"),
        step: Step::NamedKnown,
        ground: Ground::Invitation,
        at: ACCEPTANCE,
        forbids: |f| f.actor.is_some() && no_invitation(f),
        answer: |_| private(404),
        shows: |f| {
            let mut facts = vec![shown("state of the invitation", tie(f))];
            facts.extend(show_pair(f));
            facts
        },
    },
    Rule {
        id: RuleId::of("REL-004"),
        step: Step::Role,
        ground: Ground::UserRole,
        at: ACCEPTANCE,
        forbids: |f| !f.caller.roles.any(&[ProgramRole::GlobalAdmin]),
        answer: |_| documented(403, 900_150),
        shows: |f| {
            vec![
                shown("role needed", ProgramRole::GlobalAdmin),
                shown("roles held", f.caller.role_names.join(", ")),
            ]
        },
    },
    Rule {
        id: RuleId::of("REL-004"),
        step: Step::Catalogue,
        ground: Ground::Declaration,
        at: ACCEPTANCE,
        forbids: |f| f.form.unconfirmed,
        answer: |_| private(400),
        shows: |_| vec![claim("confirmation", "missing")],
    },
    Rule {
        id: RuleId::of("REL-007"),
        step: Step::Region,
        ground: Ground::PartnerRegion,
        at: INVITATION.and(ACCEPTANCE),
        forbids: partner_elsewhere,
        answer: |_| documented(400, 2201),
        shows: both_partners,
    },
    Rule {
        id: RuleId::of("REL-009"),
        step: Step::Partnership,
        ground: Ground::Partnership,
        at: NAMING,
        forbids: no_partnership,
        answer: |f| {
            if f.checkpoint == C::CreateCustomer {
                private(400)
            } else {
                documented(400, 800_016)
            }
        },
        shows: show_tie,
    },
    Rule {
        id: RuleId::of("REL-009"),
        step: Step::Partnership,
        ground: Ground::Partnership,
        at: Checkpoints::of(&[C::InviteCustomer, C::RequestOrder]),
        // A reseller names its own provider, in a joint invitation or as the one that should order.
        forbids: |f| f.other.is_some() && tie(f) != PartnershipState::Active,
        answer: |f| {
            if f.checkpoint == C::RequestOrder {
                documented(400, 800_016)
            } else {
                private(400)
            }
        },
        shows: show_tie,
    },
    Rule {
        id: RuleId::of("REL-012"),
        step: Step::PartnerType,
        ground: Ground::CallerType,
        at: REMOVAL,
        // What is none of its own partnerships a partner of another type cannot end.
        forbids: |f| f.actor.is_some() && !actor_is_provider(f) && !ends_by_reseller(f),
        answer: |_| private(403),
        shows: show_actor,
    },
    Rule {
        id: RuleId::of("REL-012"),
        step: Step::Catalogue,
        ground: Ground::Declaration,
        at: REMOVAL,
        forbids: undeclared_by_provider,
        answer: |_| private(400),
        shows: |_| vec![claim("confirmation", "missing")],
    },
    Rule {
        id: RuleId::of("REL-013"),
        step: Step::PartnerType,
        ground: Ground::CallerType,
        at: REMOVAL,
        forbids: ends_by_reseller,
        answer: |_| private(403),
        shows: show_tie,
    },
    Rule {
        id: RuleId::of("REL-015"),
        step: Step::Catalogue,
        ground: Ground::Declaration,
        at: REMOVAL,
        forbids: undeclared_by_provider,
        answer: |_| private(400),
        shows: |_| {
            vec![claim(
                "declaration of good faith and a legitimate business reason",
                "missing",
            )]
        },
    },
    Rule {
        id: RuleId::of("REL-017"),
        step: Step::Partnership,
        ground: Ground::Partnership,
        at: SALE,
        forbids: |f| no_partnership(f) && tie(f) == PartnershipState::Removed,
        answer: |_| documented(400, 800_016),
        shows: show_tie,
    },
    Rule {
        id: RuleId::of("REL-018"),
        step: Step::NamedKnown,
        ground: Ground::NamedIdentity,
        at: ON_RECORD,
        forbids: |f| unknown(f) || no_reseller(f),
        answer: |f| {
            if unknown(f) {
                documented(404, 800_015)
            } else {
                documented(400, 800_016)
            }
        },
        shows: show_named,
    },
    Rule {
        id: RuleId::of("REL-018"),
        step: Step::Region,
        ground: Ground::PartnerRegion,
        at: ON_RECORD,
        forbids: named_elsewhere,
        answer: |_| documented(400, 2201),
        shows: both_partners,
    },
    Rule {
        id: RuleId::of("REL-018"),
        step: Step::NamedStatus,
        ground: Ground::NamedAgreement,
        at: ON_RECORD,
        forbids: unsigned,
        answer: |_| documented(403, 900_123),
        shows: show_unsigned,
    },
    Rule {
        id: RuleId::of("REL-019"),
        step: Step::NamedKnown,
        ground: Ground::NamedIdentity,
        at: PURCHASE.and(ON_RECORD),
        forbids: |f| matches!(f.named, Named::Unenrolled { .. }),
        answer: |_| documented(400, 800_016),
        shows: show_named,
    },
    Rule {
        id: RuleId::of("REL-021"),
        step: Step::Partnership,
        ground: Ground::Partnership,
        at: Checkpoints::of(&[C::CreateCustomer]),
        forbids: created_for_stranger,
        answer: |_| private(400),
        shows: show_tie,
    },
    Rule {
        id: RuleId::of("REL-023"),
        step: Step::Partnership,
        ground: Ground::NothingToEnd,
        at: REMOVAL,
        // What is asked to end has to be in force, or an invitation that is open.
        forbids: |f| {
            f.partnership.is_some()
                && !matches!(tie(f), PartnershipState::Active | PartnershipState::Invited)
        },
        answer: |_| private(409),
        shows: show_tie,
    },
    Rule {
        id: RuleId::of("REL-023"),
        step: Step::Partnership,
        ground: Ground::Partnership,
        at: NAMING.and(Checkpoints::of(&[C::RequestOrder])),
        forbids: |f| {
            if f.checkpoint == C::RequestOrder {
                not_active(f)
            } else {
                no_partnership(f)
            }
        },
        answer: |f| {
            if f.checkpoint == C::CreateCustomer {
                private(400)
            } else {
                documented(400, 800_016)
            }
        },
        shows: |f| {
            vec![
                shown("current state", tie(f)),
                shown("state that allows the command", PartnershipState::Active),
            ]
        },
    },
    Rule {
        id: RuleId::of("REL-024"),
        step: Step::NamedKnown,
        ground: Ground::OtherType,
        at: INVITATION,
        forbids: |f| {
            actor_is_provider(f)
                && f.other
                    .as_ref()
                    .is_some_and(|other| !may_become_reseller(other))
        },
        answer: |_| documented(400, 2204),
        shows: |f| {
            let Some(other) = &f.other else {
                return Vec::new();
            };
            let same = f
                .actor
                .as_ref()
                .is_some_and(|actor| actor.tenant == other.tenant);
            let mut facts = show_party(other);
            facts.extend(same.then(|| shown("same tenant as the provider", &other.tenant)));
            facts
        },
    },
    Rule {
        id: RuleId::of("REL-024"),
        step: Step::NamedKnown,
        ground: Ground::CallerType,
        at: ACCEPTANCE,
        forbids: |f| f.actor.is_some() && accepted_by_other_type(f),
        answer: |_| documented(400, 2204),
        shows: show_actor,
    },
    Rule {
        id: RuleId::of("REL-025"),
        step: Step::Exclusivity,
        ground: Ground::ReverseExclusivity,
        at: ACCEPTANCE,
        forbids: customer_of_provider,
        answer: |_| private(409),
        shows: show_customer_of_provider,
    },
    Rule {
        id: RuleId::of("REL-026"),
        step: Step::Region,
        ground: Ground::PartnerRegion,
        at: ACCEPTANCE.and(JOINT),
        forbids: |f| {
            partner_elsewhere(f) && (f.checkpoint == C::AcceptPartnership || joint_business(f))
        },
        answer: |_| documented(400, 2201),
        shows: both_partners,
    },
    Rule {
        id: RuleId::of("REL-026"),
        step: Step::NamedKnown,
        ground: Ground::CallerState,
        at: ACCEPTANCE,
        forbids: unfinished_reseller,
        answer: |_| documented(400, 2204),
        shows: show_actor,
    },
    Rule {
        id: RuleId::of("REL-026"),
        step: Step::NamedStatus,
        ground: Ground::NamedState,
        at: JOINT,
        forbids: lost_status,
        answer: |_| documented(403, 800_039),
        shows: show_changed,
    },
    Rule {
        id: RuleId::of("REL-026"),
        step: Step::NamedStatus,
        ground: Ground::NamedAgreement,
        at: JOINT,
        forbids: |f| joint_business(f) && unsigned(f),
        answer: |_| documented(403, 900_123),
        shows: show_unsigned,
    },
];

/// The reseller named is of another region than the seller.
fn named_elsewhere(f: &Facts) -> bool {
    let ours = f.actor.as_ref().and_then(Party::region);
    f.named
        .party()
        .and_then(Party::region)
        .zip(ours)
        .is_some_and(|(theirs, ours)| theirs != ours)
}

#[cfg(test)]
mod tests;

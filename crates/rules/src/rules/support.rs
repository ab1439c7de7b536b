//! Section 11: support responsibilities.

use tierline_domain::admin::ProgramRole;
use tierline_domain::partner::{PartnerType, SupportPlan};

use crate::book::RuleId;
use crate::facts::{CallerKind, Checkpoint as C, Checkpoints, Facts, Relation, Roles};
use crate::registry::{Ground, Rule, Shown, Step, claim, documented, private, shown, shown_of};

/// What no role in the customer's tenant opens comes before the roles there, as GEN-010 has it for sales.
const TICKET: Checkpoints = Checkpoints::of(&[C::OpenTicket]);

fn about(f: &Facts, subject: &str) -> bool {
    f.caller.kind == CallerKind::Partner && f.form.about.as_deref() == Some(subject)
}

fn show_ticket(f: &Facts) -> Vec<Shown> {
    f.form
        .about
        .iter()
        .map(|about| shown("about", about))
        .collect()
}

const CONTACT: Checkpoints = Checkpoints::of(&[C::SetSupportContact]);

/// Who looks after every request of the partner. Everybody else sees what they opened themselves (SUP-016).
#[must_use]
pub fn sees_every_request(roles: Roles) -> bool {
    roles.any(&[
        ProgramRole::GlobalAdmin,
        ProgramRole::AdminAgent,
        ProgramRole::HelpdeskAgent,
    ])
}

/// Who may name a support contact (the table of section 12.1).
const NAMERS: [ProgramRole; 3] = [
    ProgramRole::GlobalAdmin,
    ProgramRole::AdminAgent,
    ProgramRole::HelpdeskAgent,
];

/// The partner named has no relationship in force with the customer. The seller itself is not loaded as a
/// contact: it always is eligible.
fn contact_unrelated(f: &Facts) -> bool {
    f.form.contact.is_some() && !f.other_relation.as_ref().is_some_and(Relation::is_active)
}

fn contact_without_rights(f: &Facts) -> bool {
    f.form
        .contact
        .as_ref()
        .is_some_and(|(_, has_rights)| !has_rights)
}

fn show_contact(f: &Facts, lacks: &str) -> Vec<Shown> {
    f.form.contact.as_ref().map_or_else(Vec::new, |(name, _)| {
        let mut facts = vec![
            shown("contact named", name),
            claim("not eligible for lack of", lacks),
        ];
        facts.extend(f.other_relation.as_ref().map(|relation| {
            shown_of(
                &relation.customer,
                &format!(
                    "relationship of {} with {}",
                    relation.partner, relation.customer
                ),
                relation.state,
            )
        }));
        facts
    })
}

/// Rules of this section.
pub static RULES: &[Rule] = &[
    Rule {
        id: RuleId::of("SUP-007"),
        step: Step::PartnerType,
        ground: Ground::CallerType,
        at: TICKET,
        forbids: |f| f.caller.kind == CallerKind::Customer,
        answer: |_| private(403),
        shows: |f| {
            f.form
                .contacts
                .iter()
                .map(|partner| shown("contact", partner))
                .collect()
        },
    },
    Rule {
        id: RuleId::of("SUP-008"),
        step: Step::PartnerType,
        ground: Ground::TicketSubject,
        at: TICKET.and(Checkpoints::of(&[C::OpenCase])),
        forbids: |f| {
            let metered = about(f, "consumption")
                || about(f, "consumption_transfer")
                || f.form.metered.is_some();
            metered && f.actor_is(PartnerType::IndirectReseller)
        },
        answer: |_| documented(403, 2032),
        shows: |f| {
            let providers = f
                .form
                .contacts
                .iter()
                .map(|provider| shown("opened by the provider", provider));
            let product = f.form.metered.iter();
            let product = product.map(|product| shown("product", product));
            show_ticket(f)
                .into_iter()
                .chain(product)
                .chain(providers)
                .collect()
        },
    },
    Rule {
        id: RuleId::of("SUP-009"),
        step: Step::Relationship,
        ground: Ground::Access,
        at: TICKET,
        forbids: |f| {
            f.caller.kind == CallerKind::Partner
                && f.access.as_ref().is_some_and(|access| !access.suffices())
        },
        answer: |_| documented(403, 900_308),
        shows: |f| {
            f.access
                .iter()
                .map(|access| {
                    let held = if access.granular.is_empty() {
                        "none".to_owned()
                    } else {
                        access.granular.join(", ")
                    };
                    shown("roles held in the customer's tenant", held)
                })
                .chain(super::delegation::customer_shown(f))
                .collect()
        },
    },
    Rule {
        id: RuleId::of("SUP-011"),
        step: Step::Chain,
        ground: Ground::TicketProduct,
        at: TICKET,
        forbids: |f| {
            about(f, "third_party")
                || (f.caller.kind == CallerKind::Partner && f.form.third_party.is_some())
        },
        answer: |_| private(409),
        shows: |f| {
            let product = f.form.third_party.iter().flat_map(|product| {
                [
                    shown("product", product),
                    shown("contact", format!("the publisher of {product}")),
                ]
            });
            show_ticket(f).into_iter().chain(product).collect()
        },
    },
    Rule {
        id: RuleId::of("SUP-012"),
        step: Step::Chain,
        ground: Ground::TicketSubject,
        at: TICKET,
        forbids: |f| about(f, "own_tenant"),
        answer: |_| private(403),
        shows: show_ticket,
    },
    Rule {
        id: RuleId::of("SUP-014"),
        step: Step::Chain,
        ground: Ground::TicketPlan,
        at: TICKET,
        forbids: |f| {
            about(f, "technical")
                && f.actor.as_ref().is_some_and(|actor| {
                    actor.support_plan == SupportPlan::None && !actor.support_benefit
                })
        },
        answer: |_| private(403),
        shows: |f| {
            f.actor
                .iter()
                .map(|actor| shown("support plan", actor.support_plan))
                .chain(show_ticket(f))
                .collect()
        },
    },
    Rule {
        id: RuleId::of("SUP-004"),
        step: Step::Role,
        ground: Ground::UserRole,
        at: CONTACT,
        forbids: |f| f.actor.is_some() && !f.caller.roles.any(&NAMERS),
        answer: |_| documented(403, 900_150),
        shows: |f| {
            let needed: Vec<&str> = NAMERS.iter().map(|role| role.as_str()).collect();
            vec![
                shown("one of the roles needed", needed.join(", ")),
                shown("roles held", f.caller.role_names.join(", ")),
            ]
        },
    },
    Rule {
        id: RuleId::of("SUP-004"),
        step: Step::Quantity,
        ground: Ground::ContactRelationship,
        at: CONTACT,
        forbids: contact_unrelated,
        answer: |_| private(409),
        shows: |f| show_contact(f, "a relationship with the customer"),
    },
    Rule {
        id: RuleId::of("SUP-004"),
        step: Step::Quantity,
        ground: Ground::ContactAccess,
        at: CONTACT,
        forbids: contact_without_rights,
        answer: |_| private(409),
        shows: |f| show_contact(f, "administration rights over the customer"),
    },
];

#[cfg(test)]
mod tests {
    use tierline_domain::customer::RelationshipState;

    use super::*;
    use crate::testing::{answer, failed, relation, two_tier};

    const NOTHING: [&str; 0] = [];

    fn naming(has_rights: bool) -> Facts {
        let mut facts = two_tier(C::SetSupportContact);
        facts.new_business = false;
        facts.form.contact = Some(("IR-B".to_owned(), has_rights));
        facts.other_relation = Some(relation("IR-B", "C-1"));
        facts
    }

    #[test]
    fn sup_004_contacts_have_a_relationship_and_rights() {
        assert_eq!(failed(&naming(true), "SUP"), NOTHING);
        let facts = naming(false);
        assert_eq!(failed(&facts, "SUP"), ["SUP-004"]);
        assert_eq!(answer(&facts, "SUP"), (409, None));
        let mut facts = naming(true);
        facts.other_relation.as_mut().unwrap().state = RelationshipState::Removed;
        assert_eq!(failed(&facts, "SUP"), ["SUP-004"]);
        let mut facts = naming(true);
        facts.form.contact = None;
        facts.other_relation = None;
        assert_eq!(failed(&facts, "SUP"), NOTHING, "the seller itself");
    }

    #[test]
    fn sup_004_is_for_those_who_may_name_one() {
        let mut facts = naming(true);
        facts.caller.roles = Roles::NONE.with(ProgramRole::SalesAgent);
        assert_eq!(failed(&facts, "SUP"), ["SUP-004"]);
        assert_eq!(answer(&facts, "SUP"), (403, Some(900_150)));
        facts.caller.roles = Roles::NONE.with(ProgramRole::HelpdeskAgent);
        assert_eq!(failed(&facts, "SUP"), NOTHING);
    }
}

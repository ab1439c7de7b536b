//! Section 6.1: partner–customer relationships, from the invitation or creation to the removal.

use tierline_domain::admin::ProgramRole;
use tierline_domain::catalog::ItemKind;
use tierline_domain::customer::{CustomerState, Qualification, RelationshipState, Segment};
use tierline_domain::partner::{PartnerType, TenantType};

use super::{NEW_BUSINESS, PURCHASE, SUBSCRIPTION_CHANGE};
use crate::book::RuleId;
use crate::facts::{
    Buyer, CallerKind, Checkpoint as C, Checkpoints, CustomerForm, Facts, Relation,
};
use crate::names;
use crate::registry::{
    Answer, Ground, Rule, Shown, Step, claim, documented, private, shown, shown_of,
};

/// Commands for a customer that only a partner in a relationship with it may give (CUS-002).
const COMMANDS: Checkpoints = NEW_BUSINESS.and(SUBSCRIPTION_CHANGE).and(Checkpoints::of(&[
    C::SelfServicePurchase,
    C::RemoveRelationship,
    C::ExtendRelationship,
    C::SetQualification,
    C::SetSelfService,
    C::UpdateCustomer,
    C::ReadCustomer,
    C::ReadSoftwareKeys,
    C::Attest,
    C::RequestAdmin,
    C::Administer,
    C::OpenTicket,
    C::SetSupportContact,
    C::ConsentApplication,
    C::RevokeConsent,
    C::RequestOrder,
]));
const CREATION: Checkpoints = Checkpoints::of(&[C::CreateCustomer]);
const ACCEPTANCE: Checkpoints = Checkpoints::of(&[C::AcceptRelationship]);
const REMOVAL: Checkpoints = Checkpoints::of(&[C::RemoveRelationship]);
const QUALIFICATION: Checkpoints = Checkpoints::of(&[C::SetQualification]);

/// Who may create a customer (the table of section 12.1).
const CREATORS: [ProgramRole; 4] = [
    ProgramRole::GlobalAdmin,
    ProgramRole::AdminAgent,
    ProgramRole::SalesAgent,
    ProgramRole::UserManagementAdmin,
];

/// The seller has no active relationship with the buyer, and needs one (TXN-410 excepts the
/// shared-services tenant).
pub(super) fn no_relationship(f: &Facts) -> bool {
    f.buyer.is_some()
        && !f.shared_services()
        && f.relation
            .as_ref()
            .is_none_or(|relation| !relation.is_active())
}

/// A partner acts for a customer without a relationship in force. Of another seller's subscriptions it
/// learns nothing but that they are not its own (TXN-204); a customer that acts for itself needs none.
fn no_commerce(f: &Facts) -> bool {
    let untied = f.relation.as_ref().is_some_and(|tie| !tie.is_active());
    (no_relationship(f) || (f.buyer.is_none() && untied))
        && (f.caller.kind == CallerKind::Partner || f.checkpoint == C::SelfServicePurchase)
        && f.subscription
            .as_ref()
            .is_none_or(|subscription| subscription.own)
}

/// The state of what ties the partner to the customer; `none` where nothing does.
fn tie(f: &Facts) -> RelationshipState {
    f.relation
        .as_ref()
        .map_or(RelationshipState::None, |relation| relation.state)
}

/// Both parties and the state of what ties them.
pub(super) fn relationship_shown(f: &Facts) -> Vec<Shown> {
    f.relation
        .iter()
        .map(|relation| {
            let label = format!(
                "relationship of {} with {}",
                relation.partner, relation.customer
            );
            shown_of(&relation.customer, &label, relation.state)
        })
        .collect()
}

fn in_account_state(f: &Facts, states: &[CustomerState]) -> bool {
    f.buyer
        .as_ref()
        .is_some_and(|buyer| states.contains(&buyer.account_state))
}

fn form(f: &Facts) -> Option<&CustomerForm> {
    f.customer_form.as_deref()
}

/// The country of a new customer asks for a registration number and a telephone number.
fn number_country(f: &Facts) -> Option<&CustomerForm> {
    form(f).filter(|form| names::registration_number_required(form.country))
}

/// A number for a country that asks for none, on a form that takes none there.
fn unasked_number(f: &Facts) -> Option<&CustomerForm> {
    form(f).filter(|form| {
        form.number_only_where_asked
            && form.registration_number.is_some()
            && !names::registration_number_required(form.country)
    })
}

fn show_number(f: &Facts) -> Vec<Shown> {
    if let Some(form) = unasked_number(f) {
        return vec![
            shown("country", form.country),
            shown("registration number", "is not taken there; leave it out"),
        ];
    }
    number_country(f).map_or_else(Vec::new, |form| {
        let given = form.registration_number.as_deref().unwrap_or("missing");
        vec![
            shown("country", form.country),
            shown("registration number", given),
            shown(
                "format expected",
                names::registration_number_form(form.country).unwrap_or_default(),
            ),
        ]
    })
}

fn creates_none(f: &Facts) -> bool {
    f.actor.as_ref().is_none_or(|actor| !actor.kind.is_billed())
}

fn show_caller(f: &Facts) -> Vec<Shown> {
    match &f.actor {
        Some(actor) => vec![
            shown_of(&actor.name, "partner", &actor.name),
            shown_of(&actor.name, "type", actor.kind),
        ],
        None => vec![shown(
            "caller",
            format!("{} ({})", f.caller.name, f.caller.kind),
        )],
    }
}

/// Neither a direct-bill partner, nor a provider, nor a reseller that a provider supplies.
fn unsupplied_reseller(f: &Facts) -> bool {
    f.actor_is(PartnerType::IndirectReseller) && !f.has_provider
}

/// One of the partners that would be accepted has sent no invitation that is still open. A second
/// acceptance of what is in force changes nothing.
fn no_invitation(f: &Facts) -> bool {
    let open = |relation: &Relation| {
        matches!(
            relation.state,
            RelationshipState::Invited | RelationshipState::Active
        )
    };
    f.relation
        .iter()
        .chain(&f.other_relation)
        .any(|relation| !open(relation))
}

fn show_invitations(f: &Facts) -> Vec<Shown> {
    f.relation
        .iter()
        .chain(&f.other_relation)
        .map(|relation| {
            shown_of(
                &relation.customer,
                &format!(
                    "invitation of {} to {}",
                    relation.partner, relation.customer
                ),
                relation.state,
            )
        })
        .collect()
}

fn show_tenant(f: &Facts) -> Vec<Shown> {
    f.buyer.as_ref().map_or_else(Vec::new, |buyer| {
        let mut facts = vec![
            shown_of(&buyer.name, "accepting tenant", &buyer.name),
            shown_of(&buyer.name, "type", buyer.tenant_type),
        ];
        facts.extend(
            buyer
                .used_by
                .as_ref()
                .map(|account| shown_of(&buyer.name, "program tenant of", account)),
        );
        facts
    })
}

/// The segment of the offer is the customer's own, and its qualification does not count.
fn unqualified(f: &Facts) -> bool {
    let special = |buyer: &Buyer| {
        buyer.qualification != Qualification::Approved
            && matches!(
                buyer.segment,
                Segment::Education | Segment::GovernmentCommunityCloud
            )
    };
    f.buyer.as_ref().is_some_and(|buyer| {
        special(buyer)
            && f.purchase
                .as_ref()
                .is_some_and(|purchase| purchase.segment == buyer.segment)
    })
}

/// A customer, or somebody else without an account, acts on what a partner sold, or turns to the operator.
fn customer_alone(f: &Facts) -> bool {
    matches!(f.caller.kind, CallerKind::Customer | CallerKind::Signatory)
}

fn show_responsible(f: &Facts) -> Vec<Shown> {
    let mut facts = vec![shown("customer", &f.caller.name)];
    if let Some(subscription) = &f.subscription {
        let partner = subscription
            .partner_of_record
            .as_ref()
            .unwrap_or(&subscription.seller);
        facts.push(shown_of(
            &subscription.seller,
            "subscription",
            &subscription.name,
        ));
        facts.push(shown_of(&subscription.seller, "contact", partner));
    }
    facts
}

fn without_rights(f: &Facts) -> bool {
    f.actor.is_some()
        && f.relation.as_ref().is_none_or(Relation::is_active)
        && f.access
            .as_ref()
            .is_some_and(|access| access.granular.is_empty() && !access.full)
}

fn show_rights(f: &Facts) -> Vec<Shown> {
    let mut facts = relationship_shown(f);
    if let Some(access) = &f.access {
        facts.push(shown("task", &access.task));
    }
    facts.push(claim("administration rights", "none"));
    facts
}

const fn no_relationship_answer(_: &Facts) -> Answer {
    documented(403, 20_002)
}

/// Rules of this section.
pub static RULES: &[Rule] = &[
    Rule {
        id: RuleId::of("CUS-001"),
        step: Step::Chain,
        ground: Ground::CallerType,
        at: PURCHASE,
        forbids: |f| f.actor_is(PartnerType::Advisor),
        answer: |_| private(403),
        shows: show_caller,
    },
    Rule {
        id: RuleId::of("CUS-001"),
        step: Step::Chain,
        ground: Ground::ProviderTie,
        at: PURCHASE,
        forbids: unsupplied_reseller,
        answer: |_| private(403),
        shows: |f| {
            let mut facts = show_caller(f);
            facts.push(claim("supplied by a provider", "no"));
            facts
        },
    },
    Rule {
        id: RuleId::of("CUS-002"),
        step: Step::Relationship,
        ground: Ground::Relationship,
        at: COMMANDS,
        forbids: no_commerce,
        answer: no_relationship_answer,
        shows: relationship_shown,
    },
    Rule {
        id: RuleId::of("CUS-003"),
        step: Step::Relationship,
        ground: Ground::Relationship,
        at: PURCHASE,
        forbids: |f| {
            f.named.is_some() && f.actor_is(PartnerType::IndirectProvider) && no_relationship(f)
        },
        answer: no_relationship_answer,
        shows: |f| {
            let mut facts = vec![shown(
                "provider",
                f.actor.as_ref().map_or("", |actor| actor.name.as_str()),
            )];
            facts.extend(relationship_shown(f));
            facts
        },
    },
    Rule {
        id: RuleId::of("CUS-003"),
        step: Step::Relationship,
        ground: Ground::OtherRelationship,
        at: Checkpoints::of(&[C::RequestOrder]),
        // The order that a reseller asks for depends on its provider's relationship.
        forbids: |f| {
            f.other_relation
                .as_ref()
                .is_some_and(|tie| !tie.is_active())
        },
        answer: no_relationship_answer,
        shows: |f| {
            f.other_relation.as_ref().map_or_else(Vec::new, |tie| {
                vec![
                    shown_of(&tie.partner, "provider", &tie.partner),
                    shown_of(
                        &tie.customer,
                        &format!("relationship of {} with {}", tie.partner, tie.customer),
                        tie.state,
                    ),
                ]
            })
        },
    },
    Rule {
        id: RuleId::of("CUS-005"),
        step: Step::Role,
        ground: Ground::UserRole,
        at: ACCEPTANCE,
        forbids: |f| f.caller.kind != CallerKind::Customer || !f.caller.customer_admin,
        answer: |_| documented(403, 900_150),
        shows: |f| {
            vec![
                shown(
                    "role needed",
                    "global_administrator of the customer's tenant",
                ),
                shown("roles held", f.caller.role_names.join(", ")),
                shown("caller", format!("{} ({})", f.caller.name, f.caller.kind)),
            ]
        },
    },
    Rule {
        id: RuleId::of("CUS-006"),
        step: Step::NamedKnown,
        ground: Ground::InvitationLink,
        at: ACCEPTANCE,
        forbids: |f| f.form.link_altered,
        answer: |_| private(404),
        shows: |f| {
            let mut facts = vec![claim("link", "altered")];
            facts.extend(show_invitations(f));
            facts
        },
    },
    Rule {
        id: RuleId::of("CUS-006"),
        step: Step::NamedKnown,
        ground: Ground::Invitation,
        at: ACCEPTANCE,
        forbids: no_invitation,
        answer: |_| private(404),
        shows: show_invitations,
    },
    Rule {
        id: RuleId::of("CUS-008"),
        step: Step::Catalogue,
        ground: Ground::Domain,
        at: CREATION,
        forbids: |f| form(f).is_some_and(|form| form.domain_taken_by.is_some()),
        answer: |_| private(409),
        shows: |f| {
            form(f).map_or_else(Vec::new, |form| {
                let mut facts = vec![claim("domain that exists already", &form.domain)];
                facts.extend(
                    form.domain_taken_by
                        .as_ref()
                        .map(|tenant| shown_of(tenant, "tenant", tenant)),
                );
                facts
            })
        },
    },
    Rule {
        id: RuleId::of("CUS-009"),
        step: Step::Role,
        ground: Ground::UserRole,
        at: CREATION,
        forbids: |f| f.actor.is_some() && !f.caller.roles.any(&CREATORS),
        answer: |_| documented(403, 900_150),
        shows: |f| {
            let needed: Vec<&str> = CREATORS.iter().map(|role| role.as_str()).collect();
            vec![
                shown("one of the roles needed", needed.join(", ")),
                shown("roles held", f.caller.role_names.join(", ")),
            ]
        },
    },
    Rule {
        id: RuleId::of("CUS-009"),
        step: Step::PartnerType,
        ground: Ground::CallerType,
        at: CREATION,
        forbids: creates_none,
        answer: |_| documented(403, 2032),
        shows: show_caller,
    },
    Rule {
        id: RuleId::of("CUS-011"),
        step: Step::Catalogue,
        ground: Ground::Form,
        at: CREATION,
        forbids: |f| form(f).is_some_and(|form| !form.bad_fields.is_empty()),
        answer: |_| documented(400, 3000),
        shows: |f| {
            form(f).map_or_else(Vec::new, |form| {
                vec![claim(
                    "missing or invalid field",
                    form.bad_fields.join(", "),
                )]
            })
        },
    },
    Rule {
        id: RuleId::of("CUS-012"),
        step: Step::Catalogue,
        ground: Ground::RegistrationNumber,
        at: CREATION,
        forbids: |f| {
            unasked_number(f).is_some()
                || number_country(f).is_some_and(|form| {
                    form.registration_number.is_none() || !form.registration_number_fits
                })
        },
        answer: |f| {
            if unasked_number(f).is_some() {
                documented(400, 600_002)
            } else if form(f).is_some_and(|form| form.registration_number.is_none()) {
                documented(400, 600_049)
            } else {
                documented(400, 600_050)
            }
        },
        shows: show_number,
    },
    Rule {
        id: RuleId::of("CUS-012"),
        step: Step::Catalogue,
        ground: Ground::Phone,
        at: CREATION,
        forbids: |f| number_country(f).is_some_and(|form| form.phone.is_none()),
        answer: |_| documented(400, 600_051),
        shows: |f| {
            number_country(f).map_or_else(Vec::new, |form| {
                vec![
                    shown("country", form.country),
                    claim("phone number", "missing"),
                ]
            })
        },
    },
    Rule {
        id: RuleId::of("CUS-013"),
        step: Step::Catalogue,
        ground: Ground::CompanyName,
        at: CREATION,
        forbids: |f| form(f).is_some_and(|form| names::company_name_fault(&form.name).is_some()),
        answer: |_| documented(400, 3000),
        shows: |f| {
            let fault =
                form(f).and_then(|form| Some((form, names::company_name_fault(&form.name)?)));
            fault.map_or_else(Vec::new, |(form, fault)| {
                vec![
                    shown("company name", &form.name),
                    claim("the name may not be", fault),
                ]
            })
        },
    },
    Rule {
        id: RuleId::of("CUS-014"),
        step: Step::Catalogue,
        ground: Ground::CustomerAddress,
        at: CREATION,
        forbids: |f| {
            form(f).is_some_and(|form| {
                names::on_operator_domain(&form.email)
                    || f.actor
                        .as_ref()
                        .is_some_and(|actor| names::on_domain(&form.email, &actor.domain))
            })
        },
        answer: |_| documented(400, 3000),
        shows: |f| {
            form(f).map_or_else(Vec::new, |form| {
                vec![
                    shown("email", &form.email),
                    claim(
                        "domain that is not allowed",
                        names::mail_domain(&form.email).unwrap_or_default(),
                    ),
                ]
            })
        },
    },
    Rule {
        id: RuleId::of("CUS-016"),
        step: Step::Credit,
        ground: Ground::CustomerAccount,
        at: PURCHASE,
        forbids: |f| in_account_state(f, &[CustomerState::UnderReview, CustomerState::Disapproved]),
        answer: |f| {
            if in_account_state(f, &[CustomerState::UnderReview]) {
                documented(403, 800_073)
            } else {
                documented(403, 800_075)
            }
        },
        shows: |f| {
            f.buyer.as_ref().map_or_else(Vec::new, |buyer| {
                vec![
                    shown_of(&buyer.name, "customer", &buyer.name),
                    shown_of(&buyer.name, "state of the account", buyer.account_state),
                ]
            })
        },
    },
    Rule {
        id: RuleId::of("CUS-017"),
        step: Step::Relationship,
        ground: Ground::Access,
        at: Checkpoints::of(&[C::Administer, C::OpenTicket]),
        forbids: without_rights,
        answer: |_| documented(403, 900_308),
        shows: show_rights,
    },
    Rule {
        id: RuleId::of("CUS-019"),
        step: Step::Catalogue,
        ground: Ground::Live,
        at: REMOVAL,
        forbids: |f| !f.form.live.is_empty(),
        answer: |_| private(409),
        shows: |f| {
            f.form
                .live
                .iter()
                .map(|what| shown("still live", what))
                .collect()
        },
    },
    Rule {
        id: RuleId::of("CUS-021"),
        step: Step::Catalogue,
        ground: Ground::Declaration,
        at: REMOVAL,
        forbids: |f| f.form.unconfirmed,
        answer: |_| private(400),
        shows: |_| vec![claim("declaration of good faith", "missing")],
    },
    Rule {
        id: RuleId::of("CUS-022"),
        step: Step::Catalogue,
        ground: Ground::Live,
        at: REMOVAL,
        forbids: |f| !f.form.commitments.is_empty(),
        answer: |_| private(409),
        shows: |f| {
            f.form
                .commitments
                .iter()
                .map(|(what, until)| shown(&format!("commitment {what} remains until"), until))
                .collect()
        },
    },
    Rule {
        id: RuleId::of("CUS-024"),
        step: Step::Catalogue,
        ground: Ground::QualificationValue,
        at: QUALIFICATION,
        forbids: |f| matches!(f.form.qualification.as_deref(), Some("none" | "nonprofit")),
        answer: |_| documented(400, 3000),
        shows: |f| {
            let value = f.form.qualification.as_deref().unwrap_or_default();
            vec![
                claim("value that cannot be set", value),
                shown(
                    "values that can",
                    "education, government_community_cloud, state_owned",
                ),
            ]
        },
    },
    Rule {
        id: RuleId::of("CUS-025"),
        step: Step::Catalogue,
        ground: Ground::ValidationCode,
        at: QUALIFICATION,
        forbids: |f| f.form.validation_code_missing,
        answer: |_| documented(400, 800_086),
        shows: |_| vec![claim("validation code", "missing")],
    },
    Rule {
        id: RuleId::of("CUS-025"),
        step: Step::Catalogue,
        ground: Ground::Segment,
        at: PURCHASE,
        forbids: unqualified,
        answer: |_| documented(400, 800_086),
        shows: |f| {
            f.buyer.as_ref().map_or_else(Vec::new, |buyer| {
                vec![
                    shown_of(&buyer.name, "customer", &buyer.name),
                    shown_of(&buyer.name, "segment", buyer.segment),
                    shown_of(&buyer.name, "qualification", buyer.qualification),
                ]
            })
        },
    },
    Rule {
        id: RuleId::of("CUS-026"),
        step: Step::Catalogue,
        ground: Ground::SelfService,
        at: Checkpoints::of(&[C::SelfServicePurchase]),
        forbids: |f| f.form.self_service == Some(false),
        answer: |_| private(403),
        shows: |f| {
            let partner = f.relation.iter().map(|relation| {
                shown_of(
                    &relation.partner,
                    "partner that would pay",
                    &relation.partner,
                )
            });
            std::iter::once(claim("self-service", "off"))
                .chain(partner)
                .collect()
        },
    },
    Rule {
        id: RuleId::of("CUS-026"),
        step: Step::Catalogue,
        ground: Ground::SelfServiceItem,
        at: Checkpoints::of(&[C::SelfServicePurchase]),
        forbids: |f| {
            f.form
                .self_service_item
                .as_ref()
                .is_some_and(|(_, eligible)| !eligible)
        },
        answer: |_| private(403),
        shows: |f| {
            let item = f
                .form
                .self_service_item
                .iter()
                .map(|(item, _)| claim("item that a customer cannot buy by itself", item));
            item.chain([shown("kind that it can", ItemKind::Reservation)])
                .collect()
        },
    },
    Rule {
        id: RuleId::of("CUS-027"),
        step: Step::PartnerType,
        ground: Ground::CallerType,
        at: SUBSCRIPTION_CHANGE.and(Checkpoints::of(&[C::OpenTicket])),
        forbids: customer_alone,
        answer: |_| private(403),
        shows: show_responsible,
    },
    Rule {
        id: RuleId::of("CUS-030"),
        step: Step::TenantType,
        ground: Ground::TenantUse,
        at: ACCEPTANCE,
        forbids: |f| {
            f.buyer
                .as_ref()
                .is_some_and(|buyer| buyer.used_by.is_some())
        },
        answer: |_| private(403),
        shows: show_tenant,
    },
    Rule {
        id: RuleId::of("CUS-030"),
        step: Step::TenantType,
        ground: Ground::TenantKind,
        at: ACCEPTANCE,
        forbids: |f| {
            f.buyer
                .as_ref()
                .is_some_and(|buyer| buyer.tenant_type == TenantType::Partner)
        },
        answer: |_| private(403),
        shows: show_tenant,
    },
    Rule {
        id: RuleId::of("CUS-031"),
        step: Step::Relationship,
        ground: Ground::Relationship,
        at: COMMANDS,
        forbids: no_commerce,
        answer: no_relationship_answer,
        shows: |f| {
            let mut facts = vec![
                shown("current state", tie(f)),
                shown("state that allows the command", RelationshipState::Active),
            ];
            facts.extend(relationship_shown(f));
            facts
        },
    },
];

#[cfg(test)]
mod tests;

//! Section 1: partner types, tenants, locations and PartnerIDs.

use tierline_domain::admin::ProgramRole;
use tierline_domain::partner::{Environment, LocationKind, LocationState, PartnerType, TenantType};

use super::enrolment::enrolled;
use super::{NEW_BUSINESS, PURCHASE, SALE};
use crate::book::RuleId;
use crate::facts::{
    Application, CallerKind, Checkpoint as C, Checkpoints, Facts, Named, Party, PlaceFact,
    TenantChoice,
};
use crate::regions::{NUMBER_REQUIRED, listed};
use crate::registry::{Ground, Rule, Shown, Step, claim, documented, private, shown, shown_of};

const APPLY: Checkpoints = Checkpoints::of(&[C::Apply]);
/// Where a PartnerID is tied to a program account.
const ASSOCIATION: Checkpoints = Checkpoints::of(&[C::AssociateLocation, C::Apply]);
const PROFILE: Checkpoints = Checkpoints::of(&[C::UpdateProfile]);
/// Where a reseller is named by its PartnerID.
const NAMING: Checkpoints = SALE.and(Checkpoints::of(&[C::SetPartnerOfRecord]));
/// What only a transactional partner type may do, whichever of the three it is.
const TRANSACTIONAL: Checkpoints = PURCHASE.and(Checkpoints::of(&[
    C::CreateCustomer,
    C::InviteCustomer,
    C::Attest,
    C::SignAgreement,
]));
/// What only a partner does, of whatever type: a customer, a signatory or the operator holds none.
/// For changes of a subscription see CUS-027.
const OF_PARTNERS: Checkpoints = TRANSACTIONAL.and(Checkpoints::of(&[
    C::CheckPromotion,
    C::AgreementStatus,
    C::VerifyPartnerId,
    C::ListAdmin,
    C::Administer,
    C::ManageResource,
    C::OpenCase,
    C::OpenPortal,
    C::UploadDocument,
    C::InvitePartner,
    C::AcceptPartnership,
    C::RemovePartnership,
    C::DeclinePartnership,
    C::WithdrawPartnership,
    C::RequestPartnershipRemoval,
    C::WithdrawProviderAccess,
    C::WithdrawInvitation,
    C::RemoveRelationship,
    C::ExtendRelationship,
    C::SetQualification,
    C::SetSelfService,
    C::ReadSoftwareKeys,
    C::RequestAdmin,
    C::DraftAdmin,
    C::AssignRoles,
    C::UpdateAdmin,
    C::AssociateLocation,
    C::AssociateTenant,
    C::AddLocation,
    C::DeleteLocation,
    C::UpdateProfile,
    C::CreateTransfer,
    C::RequestTransfer,
    C::SetSupportContact,
    C::CreateUser,
    C::AssignRole,
    C::ReadInvoice,
    C::ReadCredit,
    C::ReadPriceSheet,
    C::SetPrice,
    C::RequestOrder,
    C::AnswerOrderRequest,
]));

fn application(f: &Facts) -> Option<&Application> {
    f.application.as_deref()
}

/// The location whose PartnerID would be tied.
fn place(f: &Facts) -> Option<&PlaceFact> {
    f.form
        .place
        .as_ref()
        .or_else(|| application(f).and_then(|wanted| wanted.location.as_ref()))
}

fn show_place(f: &Facts) -> Vec<Shown> {
    place(f).map_or_else(Vec::new, |place| {
        vec![
            shown("location", &place.name),
            shown("PartnerID", &place.partner_id),
        ]
    })
}

/// The account that the location would be tied to, where it exists already.
fn own_account(f: &Facts) -> Option<&str> {
    let account = match application(f) {
        Some(wanted) if matches!(wanted.tenant, TenantChoice::Existing(_)) => {
            wanted.account.as_ref()
        }
        Some(_) => None,
        None => f.actor.as_ref(),
    };
    account.map(|account| account.name.as_str())
}

/// The country of the program tenant that a location would be paired with.
fn tenant_country(f: &Facts) -> Option<tierline_domain::place::Country> {
    match application(f) {
        Some(wanted) => Some(wanted.tenant_country.unwrap_or(wanted.country)),
        None => f.actor.as_ref().map(|actor| actor.country),
    }
}

fn sandboxed(f: &Facts) -> bool {
    f.actor
        .as_ref()
        .is_some_and(|actor| actor.environment == Environment::Sandbox)
}

/// The PartnerID given belongs to somebody, but to no enrolled reseller account.
pub(crate) fn named_no_reseller(f: &Facts) -> bool {
    match &f.named {
        Named::Unenrolled { .. } => true,
        Named::Account { party, .. } => !reseller(party),
        Named::None | Named::Unknown { .. } => false,
    }
}

fn reseller(party: &Party) -> bool {
    party.acts_as_reseller && enrolled(party) && party.location.is_some()
}

/// Whoever acts is no partner.
fn no_partner(f: &Facts) -> bool {
    f.actor.is_none() && f.caller.kind != CallerKind::Partner
}

/// What was given as reseller, what it belongs to, and how far that is enrolled.
pub(crate) fn show_named(f: &Facts) -> Vec<Shown> {
    let mut facts: Vec<Shown> = f
        .named
        .given()
        .map(|given| shown("PartnerID", given))
        .into_iter()
        .collect();
    match &f.named {
        Named::Unenrolled { place, .. } => {
            facts.push(shown_of(&place.organization, "location", &place.name));
            facts.push(shown_of(&place.organization, "kind", place.kind));
        }
        Named::Account { party, .. } => {
            facts.push(shown_of(&party.name, "partner", &party.name));
            facts.push(shown_of(&party.name, "type", party.kind));
            facts.push(shown_of(&party.name, "state", party.state));
        }
        Named::None | Named::Unknown { .. } => {}
    }
    facts
}

fn profile<'a>(f: &'a Facts, field: &str) -> Option<&'a str> {
    f.form
        .profile
        .as_ref()
        .filter(|(name, _)| name == field)
        .map(|(_, value)| value.as_str())
}

fn show_profile(f: &Facts) -> Vec<Shown> {
    f.form
        .profile
        .as_ref()
        .map_or_else(Vec::new, |(field, value)| {
            vec![shown("field", field), shown("value", value)]
        })
}

/// The wanted value of the account's country, where it is another one.
fn other_country(f: &Facts) -> bool {
    profile(f, "country").is_some_and(|wanted| {
        f.actor
            .as_ref()
            .is_some_and(|actor| !wanted.eq_ignore_ascii_case(actor.country.as_str()))
    })
}

fn verified(party: &Party) -> bool {
    enrolled(party)
}

fn membership_admin(f: &Facts) -> bool {
    f.caller
        .roles
        .any(&[ProgramRole::GlobalAdmin, ProgramRole::AccountAdmin])
        || f.caller
            .role_names
            .iter()
            .any(|name| name == ProgramRole::AccountAdmin.as_str())
}

fn number_missing(f: &Facts) -> bool {
    application(f).is_some_and(|wanted| {
        (wanted.registration_number.is_none() || !wanted.registration_number_fits)
            && listed(NUMBER_REQUIRED, wanted.country)
    })
}

/// The tenant asked for is in use by, or associated with, an account that is not the applicant's own.
fn tenant_taken(f: &Facts) -> Option<&str> {
    if let Some(wanted) = application(f) {
        let own = wanted.account.as_ref().map(|account| account.name.as_str());
        let holder = wanted
            .tenant_held_by
            .as_ref()
            .map(|account| account.name.as_str());
        return holder
            .or(wanted.tenant_associated_with.as_deref())
            .filter(|name| own != Some(*name));
    }
    let own = f.actor.as_ref().map(|actor| actor.name.as_str());
    f.form
        .tenant
        .as_ref()
        .and_then(|(_, account)| account.as_deref())
        .filter(|name| own != Some(*name))
}

/// The account that holds the wanted tenant in another type, unless it moves from direct-bill to
/// reseller (ENR-026).
pub(crate) fn other_type(f: &Facts) -> Option<(&Party, PartnerType)> {
    let wanted = application(f)?;
    let (kind, holder) = (wanted.wanted?, wanted.tenant_held_by.as_ref()?);
    let moves = holder.kind == PartnerType::DirectBill && kind == PartnerType::IndirectReseller;
    (holder.kind != kind && holder.kind != PartnerType::Advisor && !moves).then_some((holder, kind))
}

pub(crate) fn show_other_type(f: &Facts) -> Vec<Shown> {
    other_type(f).map_or_else(Vec::new, |(holder, kind)| {
        vec![
            shown("tenant", &holder.tenant),
            shown("held type", holder.kind),
            shown("wanted type", kind),
        ]
    })
}

fn show_buyer(f: &Facts) -> Vec<Shown> {
    f.buyer.as_ref().map_or_else(Vec::new, |buyer| {
        let mut facts = vec![
            shown_of(&buyer.name, "tenant", &buyer.name),
            shown_of(&buyer.name, "tenant type", buyer.tenant_type),
        ];
        facts.extend(
            buyer
                .program_since
                .map(|day| shown_of(&buyer.name, "program tenant since", day)),
        );
        facts
    })
}

/// Rules of this section.
pub static RULES: &[Rule] = &[
    Rule {
        id: RuleId::of("IDN-001"),
        step: Step::PartnerType,
        ground: Ground::ApplicationType,
        at: APPLY,
        forbids: |f| {
            application(f)
                .is_some_and(|wanted| matches!(wanted.wanted, None | Some(PartnerType::Advisor)))
        },
        answer: |_| private(403),
        shows: |f| {
            application(f).map_or_else(Vec::new, |wanted| {
                vec![shown("requested type", &wanted.wanted_word)]
            })
        },
    },
    Rule {
        id: RuleId::of("IDN-001"),
        step: Step::PartnerType,
        ground: Ground::CallerType,
        at: OF_PARTNERS,
        // A request for a purchase is a reseller's: whoever is billed orders itself.
        forbids: |f| {
            no_partner(f)
                || (TRANSACTIONAL.has(f.checkpoint) && f.actor_is(PartnerType::Advisor))
                || (f.checkpoint == C::RequestOrder
                    && f.actor
                        .as_ref()
                        .is_some_and(|actor| !actor.acts_as_reseller))
        },
        answer: |_| private(403),
        shows: |f| {
            f.actor.as_ref().map_or_else(
                || {
                    vec![
                        shown("caller", &f.caller.name),
                        shown("held type", format!("none ({})", f.caller.kind)),
                    ]
                },
                |actor| {
                    vec![
                        shown("partner", &actor.name),
                        shown("tenant", &actor.tenant),
                        shown("held type", actor.kind),
                    ]
                },
            )
        },
    },
    Rule {
        id: RuleId::of("IDN-003"),
        step: Step::PartnerType,
        ground: Ground::CallerType,
        at: SALE,
        forbids: |f| f.actor_is(PartnerType::IndirectReseller),
        answer: |_| private(403),
        shows: |f| {
            f.actor.as_ref().map_or_else(Vec::new, |actor| {
                vec![shown("partner", &actor.name), shown("type", actor.kind)]
            })
        },
    },
    Rule {
        id: RuleId::of("IDN-005"),
        step: Step::Catalogue,
        ground: Ground::ManagedService,
        at: APPLY,
        forbids: |f| {
            application(f).is_some_and(|wanted| {
                wanted.wanted == Some(PartnerType::DirectBill) && !wanted.managed_service
            })
        },
        answer: |_| private(403),
        shows: |_| vec![claim("missing capability", "managed service")],
    },
    Rule {
        id: RuleId::of("IDN-006"),
        step: Step::Catalogue,
        ground: Ground::ResellerInfrastructure,
        at: APPLY,
        forbids: |f| {
            application(f).is_some_and(|wanted| {
                wanted.wanted == Some(PartnerType::IndirectProvider)
                    && !wanted.reseller_infrastructure
            })
        },
        answer: |_| private(403),
        shows: |_| {
            vec![claim(
                "missing capability",
                "infrastructure to support resellers at scale",
            )]
        },
    },
    Rule {
        id: RuleId::of("IDN-008"),
        step: Step::NamedKnown,
        ground: Ground::NamedIdentity,
        at: NAMING,
        forbids: |f| matches!(&f.named, Named::Unenrolled { place, .. } if place.kind == LocationKind::Global),
        answer: |_| documented(400, 800_016),
        shows: show_named,
    },
    Rule {
        id: RuleId::of("IDN-008"),
        step: Step::Catalogue,
        ground: Ground::LocationKind,
        at: ASSOCIATION,
        forbids: |f| place(f).is_some_and(|place| place.kind == LocationKind::Global),
        answer: |_| private(400),
        shows: |f| {
            let mut facts = show_place(f);
            facts.extend(place(f).map(|place| shown("kind", place.kind)));
            facts
        },
    },
    Rule {
        id: RuleId::of("IDN-009"),
        step: Step::Catalogue,
        ground: Ground::LocationTie,
        at: ASSOCIATION,
        // One to one in production only.
        forbids: |f| {
            place(f).is_some_and(|place| {
                place.account.is_some() && place.account.as_deref() != own_account(f)
            }) && !sandboxed(f)
        },
        answer: |_| private(409),
        shows: |f| {
            let mut facts = show_place(f);
            facts.extend(place(f).and_then(|place| {
                place
                    .account
                    .as_ref()
                    .map(|account| shown_of(account, "tied to", account))
            }));
            facts
        },
    },
    Rule {
        id: RuleId::of("IDN-010"),
        step: Step::Catalogue,
        ground: Ground::LocationCountry,
        at: ASSOCIATION,
        forbids: |f| {
            place(f).is_some_and(|place| {
                tenant_country(f).is_some_and(|country| country != place.country)
            })
        },
        answer: |_| private(400),
        shows: |f| {
            let mut facts = show_place(f);
            facts.extend(place(f).map(|place| shown("country of the PartnerID", place.country)));
            facts.extend(tenant_country(f).map(|country| shown("country of the tenant", country)));
            facts
        },
    },
    Rule {
        id: RuleId::of("IDN-011"),
        step: Step::Catalogue,
        ground: Ground::LocationState,
        at: ASSOCIATION,
        forbids: |f| place(f).is_some_and(|place| place.state != LocationState::Active),
        answer: |_| private(400),
        shows: |f| {
            let mut facts = show_place(f);
            facts.extend(place(f).map(|place| shown("state", place.state)));
            facts
        },
    },
    Rule {
        id: RuleId::of("IDN-012"),
        step: Step::Catalogue,
        ground: Ground::Credentials,
        at: APPLY,
        forbids: |f| {
            application(f).is_some_and(|wanted| {
                wanted.credentials_of.is_some()
                    && (matches!(wanted.tenant, TenantChoice::New)
                        || wanted.credentials_of.as_deref() != own_account(f))
            })
        },
        answer: |_| private(409),
        shows: |f| {
            application(f)
                .and_then(|wanted| wanted.credentials_of.as_ref())
                .map(|account| shown("credentials of", account))
                .into_iter()
                .collect()
        },
    },
    Rule {
        id: RuleId::of("IDN-014"),
        step: Step::Catalogue,
        ground: Ground::Profile,
        at: PROFILE,
        forbids: other_country,
        answer: |_| private(409),
        shows: |f| {
            let mut facts = show_profile(f);
            facts.extend(
                f.actor
                    .as_ref()
                    .map(|actor| shown("country", actor.country)),
            );
            facts
        },
    },
    Rule {
        id: RuleId::of("IDN-015"),
        step: Step::Catalogue,
        ground: Ground::Profile,
        at: PROFILE,
        forbids: |f| {
            profile(f, "global_account_country").is_some_and(|wanted| {
                !f.form
                    .location_countries
                    .iter()
                    .any(|country| wanted.eq_ignore_ascii_case(country.as_str()))
            })
        },
        answer: |_| private(400),
        shows: |f| {
            let mut facts = show_profile(f);
            facts.extend(
                f.form
                    .location_countries
                    .iter()
                    .map(|country| shown("country with a location", country)),
            );
            facts
        },
    },
    Rule {
        id: RuleId::of("IDN-016"),
        step: Step::Catalogue,
        ground: Ground::Address,
        at: Checkpoints::of(&[C::AddLocation]),
        forbids: |f| f.form.address_fictitious,
        answer: |_| private(400),
        shows: |_| vec![claim("address", "could not be verified")],
    },
    Rule {
        id: RuleId::of("IDN-017"),
        step: Step::Role,
        ground: Ground::UserRole,
        at: Checkpoints::of(&[C::AddLocation, C::DeleteLocation]),
        forbids: |f| {
            f.caller.kind == CallerKind::Partner
                && if f.checkpoint == C::AddLocation {
                    !membership_admin(f)
                } else {
                    !f.caller.roles.any(&[ProgramRole::GlobalAdmin])
                }
        },
        answer: |_| private(403),
        shows: |f| vec![shown("roles held", f.caller.role_names.join(", "))],
    },
    Rule {
        id: RuleId::of("IDN-017"),
        step: Step::Catalogue,
        ground: Ground::DeletionBlock,
        at: Checkpoints::of(&[C::DeleteLocation]),
        // Of a global account IDN-018 alone speaks.
        forbids: |f| {
            !f.form.deletion_blocks.is_empty()
                && place(f).is_some_and(|place| place.kind == LocationKind::Location)
        },
        answer: |_| private(403),
        shows: show_blocks,
    },
    Rule {
        id: RuleId::of("IDN-018"),
        step: Step::Catalogue,
        ground: Ground::DeletionBlock,
        at: Checkpoints::of(&[C::DeleteLocation]),
        forbids: |f| !f.form.deletion_blocks.is_empty(),
        answer: |_| private(409),
        shows: show_blocks,
    },
    Rule {
        id: RuleId::of("IDN-020"),
        step: Step::TenantType,
        ground: Ground::Association,
        at: Checkpoints::of(&[C::AssociateTenant, C::Apply]),
        forbids: |f| tenant_taken(f).is_some(),
        answer: |_| private(409),
        shows: |f| {
            let mut facts: Vec<Shown> = f
                .form
                .tenant
                .as_ref()
                .map(|(tenant, _)| shown("tenant", tenant))
                .into_iter()
                .collect();
            facts.extend(tenant_taken(f).map(|account| shown("associated with", account)));
            facts
        },
    },
    Rule {
        id: RuleId::of("IDN-021"),
        step: Step::Catalogue,
        ground: Ground::RegistrationNumber,
        at: APPLY,
        forbids: number_missing,
        answer: |_| private(400),
        shows: |f| {
            application(f).map_or_else(Vec::new, |wanted| {
                let fault = if wanted.registration_number.is_none() {
                    "missing"
                } else {
                    "malformed"
                };
                vec![
                    shown("country", wanted.country),
                    shown("registration number", fault),
                ]
            })
        },
    },
    Rule {
        id: RuleId::of("IDN-022"),
        step: Step::NamedKnown,
        ground: Ground::NamedIdentity,
        at: Checkpoints::of(&[C::VerifyPartnerId]),
        forbids: |f| matches!(f.form.looked_up, Some(Named::Unknown { .. })),
        answer: |_| documented(404, 3000),
        shows: |f| {
            f.form
                .looked_up
                .as_ref()
                .and_then(Named::given)
                .map(|given| shown("PartnerID", given))
                .into_iter()
                .collect()
        },
    },
    Rule {
        id: RuleId::of("IDN-023"),
        step: Step::NamedKnown,
        ground: Ground::NamedIdentity,
        at: NAMING,
        forbids: named_no_reseller,
        answer: |f| {
            // A provider's PartnerID has a code of its own (ORD-012).
            if super::catalogue::names_provider(f) {
                documented(404, 2072)
            } else {
                documented(400, 800_016)
            }
        },
        shows: show_named,
    },
    Rule {
        id: RuleId::of("IDN-025"),
        step: Step::Role,
        ground: Ground::UserRole,
        at: PROFILE,
        forbids: |f| {
            f.caller.kind == CallerKind::Partner
                && profile(f, "legal_name").is_some()
                && f.actor
                    .as_ref()
                    .is_some_and(|actor| !actor.kind.is_billed())
                && !f.caller.roles.any(&[ProgramRole::GlobalAdmin])
        },
        answer: |_| private(403),
        shows: |f| vec![shown("roles held", f.caller.role_names.join(", "))],
    },
    Rule {
        id: RuleId::of("IDN-025"),
        step: Step::Catalogue,
        ground: Ground::Profile,
        at: PROFILE,
        forbids: |f| {
            profile(f, "legal_name").is_some()
                && f.actor
                    .as_ref()
                    .is_some_and(|actor| actor.kind.is_billed() && verified(actor))
        },
        answer: |_| private(403),
        shows: |f| {
            let mut facts = show_profile(f);
            facts.extend(f.actor.as_ref().map(|actor| shown("type", actor.kind)));
            facts
        },
    },
    Rule {
        id: RuleId::of("IDN-028"),
        step: Step::TenantType,
        ground: Ground::TenantKind,
        at: NEW_BUSINESS,
        // The day of enrolment, or what still runs there, tells that it came to the program later. Where no account
        // uses it, its type alone decides.
        forbids: |f| {
            f.new_business
                && f.buyer.as_ref().is_some_and(|buyer| {
                    buyer.tenant_type == TenantType::Partner
                        && (buyer.program_since.is_some()
                            || buyer.subscription_count > 0
                            || buyer.used_by.is_none())
                })
        },
        answer: |_| private(403),
        shows: show_buyer,
    },
    Rule {
        id: RuleId::of("IDN-029"),
        step: Step::TenantType,
        ground: Ground::TenantUse,
        at: NEW_BUSINESS.and(Checkpoints::of(&[C::AcceptRelationship])),
        forbids: |f| {
            f.buyer
                .as_ref()
                .is_some_and(|buyer| buyer.used_by.is_some())
                && (f.new_business || f.checkpoint == C::AcceptRelationship)
        },
        answer: |_| private(403),
        shows: |f| {
            let mut facts = show_buyer(f);
            if let Some(buyer) = &f.buyer {
                facts.extend(
                    buyer
                        .used_by
                        .as_ref()
                        .map(|account| shown_of(&buyer.name, "program tenant of", account)),
                );
            }
            facts
        },
    },
    Rule {
        id: RuleId::of("IDN-031"),
        step: Step::TenantType,
        ground: Ground::ApplicationTenant,
        at: APPLY,
        forbids: |f| other_type(f).is_some(),
        answer: |_| private(409),
        shows: show_other_type,
    },
];

fn show_blocks(f: &Facts) -> Vec<Shown> {
    let mut facts: Vec<Shown> = f
        .form
        .place
        .as_ref()
        .map(|place| shown("location", &place.name))
        .into_iter()
        .collect();
    facts.extend(
        f.form
            .deletion_blocks
            .iter()
            .map(|block| shown("block", block)),
    );
    facts
}

#[cfg(test)]
mod tests;

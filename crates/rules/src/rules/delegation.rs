//! Sections 6.2 and 6.3: granular and full delegated administration.

use tierline_domain::admin::{AdminState, DirectoryRole};
use tierline_domain::customer::ConditionalAccess;
use tierline_domain::partner::Environment;
use tierline_domain::time::{Date, Period};

use crate::book::RuleId;
use crate::facts::{Access, AdminFact, CallerKind, Checkpoint as C, Checkpoints, Facts, Relation};
use crate::registry::{Answer, Ground, Rule, Shown, Step, claim, documented, private, shown};

use super::roles;

/// A request, from its first word on.
const REQUEST: Checkpoints = Checkpoints::of(&[C::RequestAdmin, C::DraftAdmin]);
/// Where a version may be presented that somebody has read.
const VERSIONED: Checkpoints = Checkpoints::of(&[C::DraftAdmin, C::UpdateAdmin, C::AssignRoles]);
const APPROVE: Checkpoints = Checkpoints::of(&[C::ApproveAdmin]);
const ADMINISTER: Checkpoints = Checkpoints::of(&[C::Administer]);
const RESOURCE: Checkpoints = Checkpoints::of(&[C::ManageResource]);
const ASSIGN: Checkpoints = Checkpoints::of(&[C::AssignRoles]);
/// Where a granular relationship must be in force.
const CHANGE: Checkpoints = Checkpoints::of(&[C::AssignRoles, C::UpdateAdmin, C::TerminateAdmin]);

/// Days a request waits for an answer (GDA-006).
const REQUEST_DAYS: i32 = 90;
/// Most days of one grant (GDA-004).
const DAYS_MAX: i64 = 730;
/// The state of a request that its partner still writes.
const CREATED: &str = "created";
/// Longest name of a request (GDA-003).
const NAME_MAX: usize = 50;

fn admin(f: &Facts, is: impl Fn(&AdminFact) -> bool) -> bool {
    f.admin.as_deref().is_some_and(is)
}

fn access(f: &Facts, is: impl Fn(&Access) -> bool) -> bool {
    f.access.as_ref().is_some_and(is)
}

fn name_malformed(admin: &AdminFact) -> bool {
    admin.wanted_name.as_ref().is_some_and(|name| {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
        name.is_empty() || name.chars().count() > NAME_MAX || !name.chars().all(plain)
    })
}

fn too_old(f: &Facts) -> bool {
    admin(f, |admin| {
        let unanswered = admin.state == Some(AdminState::ApprovalPending);
        let over = admin
            .requested
            .and_then(|at| at.plus(Period::days(REQUEST_DAYS)).ok())
            .is_some_and(|end| f.now >= end);
        admin.state == Some(AdminState::Expired) || (unanswered && over)
    })
}

fn unanswered(admin: &AdminFact) -> bool {
    matches!(admin.state, None | Some(AdminState::ApprovalPending))
}

/// The request was answered before. One that expired unanswered is another matter (GDA-006).
fn used(admin: &AdminFact) -> bool {
    !unanswered(admin) && admin.state != Some(AdminState::Expired)
}

fn named(f: &Facts) -> impl Iterator<Item = Shown> {
    let name = f.admin.as_ref().and_then(|admin| admin.name.as_ref());
    name.map(|name| shown("granular relationship", name))
        .into_iter()
}

/// The current state, and the one that the command needs.
fn state_shown(f: &Facts) -> Vec<Shown> {
    let needed = match f.checkpoint {
        C::ApproveAdmin => AdminState::ApprovalPending.as_str(),
        C::DraftAdmin => CREATED,
        _ => AdminState::Active.as_str(),
    };
    let state = f.admin.as_ref().and_then(|admin| admin.state);
    let state = if admin(f, |admin| admin.draft) {
        Some(CREATED)
    } else {
        state.map(AdminState::as_str)
    };
    named(f)
        .chain(state.map(|state| shown("state", state)))
        .chain([shown("state needed", needed)])
        .collect()
}

/// The customer in whose tenant something is to be done.
pub(super) fn customer_shown(f: &Facts) -> impl Iterator<Item = Shown> {
    f.relation
        .as_ref()
        .map(|relation| shown("customer", &relation.customer))
        .into_iter()
}

fn roles_asked(f: &Facts) -> Vec<Shown> {
    f.admin
        .iter()
        .flat_map(|admin| {
            [
                shown("roles asked for", admin.roles.join(", ")),
                shown("roles of the relationship", admin.granted.join(", ")),
            ]
        })
        .collect()
}

fn rights_shown(f: &Facts) -> Vec<Shown> {
    f.access
        .iter()
        .flat_map(|access| {
            let held = if access.granular.is_empty() {
                "none".to_owned()
            } else {
                access.granular.join(", ")
            };
            let needs: Vec<&str> = access.needs.iter().map(|role| role.as_str()).collect();
            let needs = if needs.is_empty() {
                "any role".to_owned()
            } else {
                needs.join(", ")
            };
            [
                shown("task", &access.task),
                shown("accepted roles", needs),
                shown("roles held in the customer's tenant", held),
                shown(
                    "full delegation",
                    if access.full { "in force" } else { "none" },
                ),
            ]
        })
        .chain(customer_shown(f))
        .chain(f.caller.user.iter().map(|user| shown("user", user)))
        .collect()
}

/// Nobody of the caller's groups holds a role there, and no old delegation stands in.
fn no_rights(access: &Access) -> bool {
    access.granular.is_empty() && !access.full
}

fn denied(_: &Facts) -> Answer {
    documented(403, 900_308)
}

fn sandboxed(f: &Facts) -> bool {
    f.actor
        .as_ref()
        .is_some_and(|actor| actor.environment == Environment::Sandbox)
}

/// The day from which full delegation is no longer granted: with relationships, and with new customers.
#[must_use]
pub const fn full_delegation_ended(checkpoint: C) -> Date {
    if matches!(checkpoint, C::CreateCustomer) {
        Date::constant(2023, 11, 1)
    } else {
        Date::constant(2023, 10, 9)
    }
}

/// Rules of sections 6.2 and 6.3.
pub static RULES: &[Rule] = &[
    Rule {
        id: RuleId::of("GEN-007"),
        step: Step::Catalogue,
        ground: Ground::StaleEtag,
        at: VERSIONED,
        forbids: |f| admin(f, |admin| admin.etag_stale),
        // What clients of granular administration expect, in the place of the code of orders and subscriptions.
        answer: |_| private(412),
        shows: |f| named(f).chain([claim("ETag", "outdated")]).collect(),
    },
    Rule {
        id: RuleId::of("GDA-001"),
        step: Step::Role,
        ground: Ground::UserRole,
        at: REQUEST,
        forbids: |f| roles::answers_for(f, RuleId::of("GDA-001")),
        answer: |_| documented(403, 900_150),
        shows: roles::roles_shown,
    },
    Rule {
        id: RuleId::of("GDA-002"),
        step: Step::Relationship,
        ground: Ground::Sandbox,
        at: REQUEST,
        forbids: sandboxed,
        answer: |_| documented(400, 900_127),
        shows: |f| {
            f.actor
                .iter()
                .flat_map(|actor| {
                    [
                        shown("partner", &actor.name),
                        shown("environment", actor.environment),
                    ]
                })
                .collect()
        },
    },
    Rule {
        id: RuleId::of("GDA-002"),
        step: Step::Relationship,
        ground: Ground::Relationship,
        at: REQUEST,
        forbids: |f| {
            // Until it is sent, a request may leave open whom it is for.
            let named = admin(f, |admin| admin.customer.is_some());
            (named || f.checkpoint == C::RequestAdmin)
                && !f.relation.as_ref().is_some_and(Relation::is_active)
        },
        answer: |_| documented(403, 20_002),
        shows: |f| {
            let customer = f.admin.iter().map(|admin| {
                shown(
                    "customer",
                    admin.customer.as_deref().unwrap_or("none named"),
                )
            });
            customer
                .chain(super::customers::relationship_shown(f))
                .collect()
        },
    },
    Rule {
        id: RuleId::of("GDA-003"),
        step: Step::Catalogue,
        ground: Ground::AdminName,
        at: REQUEST,
        forbids: |f| admin(f, |admin| admin.name_taken || name_malformed(admin)),
        answer: |f| private(if admin(f, name_malformed) { 400 } else { 409 }),
        shows: |f| {
            f.admin
                .iter()
                .filter_map(|admin| Some((admin, admin.wanted_name.as_ref()?)))
                .flat_map(|(admin, name)| {
                    let what = if admin.name_taken {
                        "name taken"
                    } else {
                        "name"
                    };
                    let length = name_malformed(admin).then(|| {
                        [
                            shown("characters", name.chars().count()),
                            shown(
                                "allowed",
                                format!("{NAME_MAX} letters, digits, dashes and underscores"),
                            ),
                        ]
                    });
                    [shown(what, name)]
                        .into_iter()
                        .chain(length.into_iter().flatten())
                })
                .collect()
        },
    },
    Rule {
        id: RuleId::of("GDA-004"),
        step: Step::Catalogue,
        ground: Ground::AdminDays,
        at: REQUEST,
        forbids: |f| {
            admin(f, |admin| {
                admin
                    .days
                    .is_some_and(|days| !(1..=DAYS_MAX).contains(&days))
            })
        },
        answer: |_| documented(400, 3000),
        shows: |f| {
            let asked = f
                .admin
                .iter()
                .filter_map(|admin| Some(shown("days asked for", admin.days?)));
            asked
                .chain([shown("allowed", format!("1 to {DAYS_MAX}"))])
                .collect()
        },
    },
    Rule {
        id: RuleId::of("GDA-005"),
        step: Step::Catalogue,
        ground: Ground::AdminRoles,
        at: REQUEST,
        forbids: |f| {
            admin(f, |admin| {
                admin.roles.is_empty() || !admin.custom_roles.is_empty()
            })
        },
        answer: |_| documented(400, 3000),
        shows: |f| {
            f.admin
                .iter()
                .map(|admin| {
                    claim(
                        "roles that are not built in",
                        if admin.custom_roles.is_empty() {
                            "no role named".to_owned()
                        } else {
                            admin.custom_roles.join(", ")
                        },
                    )
                })
                .collect()
        },
    },
    Rule {
        id: RuleId::of("GDA-006"),
        step: Step::Catalogue,
        ground: Ground::AdminAge,
        at: APPROVE,
        forbids: too_old,
        answer: |_| private(409),
        shows: |f| {
            f.admin
                .iter()
                .filter_map(|admin| {
                    let requested = admin.requested?;
                    let end = requested.plus(Period::days(REQUEST_DAYS)).ok()?;
                    Some([
                        shown("requested on", requested.date()),
                        claim("expired on", end.date()),
                    ])
                })
                .flatten()
                .chain(named(f))
                .collect()
        },
    },
    Rule {
        id: RuleId::of("GDA-007"),
        step: Step::Role,
        ground: Ground::UserRole,
        at: APPROVE,
        forbids: roles::customer_admin_missing,
        answer: |_| documented(403, 900_150),
        shows: roles::customer_roles_shown,
    },
    Rule {
        id: RuleId::of("GDA-008"),
        step: Step::Catalogue,
        ground: Ground::AdminLink,
        at: APPROVE,
        forbids: |f| admin(f, |admin| !admin.own && !admin.unknown),
        answer: |_| private(409),
        shows: |f| {
            [
                claim("link", "is not for this customer"),
                shown("customer", &f.caller.name),
            ]
            .into_iter()
            .chain(named(f))
            .collect()
        },
    },
    Rule {
        id: RuleId::of("GDA-008"),
        step: Step::Catalogue,
        ground: Ground::AdminState,
        at: APPROVE,
        forbids: |f| admin(f, |admin| admin.own && used(admin)),
        answer: |_| private(409),
        shows: |f| {
            [claim("link", "was used")]
                .into_iter()
                .chain(state_shown(f))
                .collect()
        },
    },
    Rule {
        id: RuleId::of("GDA-009"),
        step: Step::Catalogue,
        ground: Ground::AdminState,
        at: CHANGE.and(APPROVE).and(Checkpoints::of(&[C::DraftAdmin])),
        forbids: |f| {
            admin(f, |admin| match f.checkpoint {
                C::ApproveAdmin => admin.own && used(admin),
                // What was sent is no draft any more.
                C::DraftAdmin => admin.state.is_some(),
                _ => admin.draft || admin.state.is_some_and(|state| state != AdminState::Active),
            })
        },
        answer: |_| private(409),
        shows: state_shown,
    },
    Rule {
        id: RuleId::of("GDA-009"),
        step: Step::Catalogue,
        ground: Ground::AdminAge,
        at: APPROVE,
        forbids: |f| {
            admin(f, |admin| {
                admin.own && admin.state == Some(AdminState::Expired)
            })
        },
        answer: |_| private(409),
        shows: state_shown,
    },
    Rule {
        id: RuleId::of("GDA-010"),
        step: Step::Relationship,
        ground: Ground::Access,
        at: ADMINISTER,
        forbids: |f| access(f, |access| access.active_relationship && no_rights(access)),
        answer: denied,
        shows: rights_shown,
    },
    Rule {
        id: RuleId::of("GDA-010"),
        step: Step::Role,
        ground: Ground::UserRole,
        at: ASSIGN,
        forbids: |f| roles::answers_for(f, RuleId::of("GDA-010")),
        answer: |_| documented(403, 900_150),
        shows: roles::roles_shown,
    },
    Rule {
        id: RuleId::of("GDA-010"),
        step: Step::Catalogue,
        ground: Ground::AdminGroup,
        at: ASSIGN,
        forbids: |f| admin(f, |admin| admin.foreign_group.is_some()),
        answer: denied,
        shows: |f| {
            f.admin
                .iter()
                .filter_map(|admin| admin.foreign_group.as_ref())
                .flat_map(|(group, _)| {
                    [
                        claim("group that is not in the own tenant", group),
                        shown("tenant of", &f.caller.name),
                    ]
                })
                .collect()
        },
    },
    Rule {
        id: RuleId::of("GDA-011"),
        step: Step::Catalogue,
        ground: Ground::AdminGranted,
        at: ASSIGN,
        forbids: |f| {
            admin(f, |admin| {
                admin.roles.iter().any(|role| !admin.granted.contains(role))
            })
        },
        answer: |_| documented(400, 3000),
        shows: roles_asked,
    },
    Rule {
        id: RuleId::of("GDA-012"),
        step: Step::Catalogue,
        ground: Ground::AdminFixed,
        at: Checkpoints::of(&[C::UpdateAdmin]),
        forbids: |f| admin(f, |admin| admin.adds_roles || admin.changes_terms),
        answer: |_| private(409),
        shows: |f| {
            let named: Vec<Shown> = named(f).collect();
            if admin(f, |admin| admin.adds_roles) {
                roles_asked(f)
            } else {
                named
            }
        },
    },
    Rule {
        id: RuleId::of("GDA-015"),
        step: Step::Catalogue,
        ground: Ground::AdminExtension,
        at: REQUEST.and(Checkpoints::of(&[C::UpdateAdmin])),
        forbids: |f| {
            let powerful = |role: &String| role == DirectoryRole::GlobalAdministrator.as_str();
            admin(f, |admin| {
                admin.auto_extend
                    && (admin.granted.iter().any(powerful) || admin.roles.iter().any(powerful))
            })
        },
        answer: |_| private(409),
        shows: |f| {
            [claim(
                "role too powerful to extend automatically",
                DirectoryRole::GlobalAdministrator,
            )]
            .into_iter()
            .chain(named(f))
            .collect()
        },
    },
    Rule {
        id: RuleId::of("GDA-017"),
        step: Step::Relationship,
        ground: Ground::Access,
        at: ADMINISTER,
        forbids: |f| {
            access(f, |access| {
                access.ended && !access.active_relationship && no_rights(access)
            })
        },
        answer: denied,
        shows: rights_shown,
    },
    Rule {
        id: RuleId::of("GDA-023"),
        step: Step::Relationship,
        ground: Ground::Access,
        at: ADMINISTER,
        forbids: |f| access(f, |access| access.default_unassigned && no_rights(access)),
        answer: denied,
        shows: rights_shown,
    },
    Rule {
        id: RuleId::of("GDA-024"),
        step: Step::Relationship,
        ground: Ground::GuestAccount,
        at: ADMINISTER.and(RESOURCE),
        forbids: |f| access(f, |access| access.guest_there),
        answer: denied,
        shows: |f| {
            f.caller
                .user
                .iter()
                .map(|user| shown("guest in the customer's tenant", user))
                .chain(customer_shown(f))
                .collect()
        },
    },
    Rule {
        id: RuleId::of("GDA-025"),
        step: Step::Relationship,
        ground: Ground::ConditionalAccess,
        at: ADMINISTER.and(RESOURCE),
        forbids: |f| {
            f.buyer
                .as_ref()
                .is_some_and(|buyer| buyer.conditional_access == ConditionalAccess::BlocksPartners)
        },
        answer: |_| documented(403, 900_309),
        shows: |f| {
            f.buyer
                .iter()
                .flat_map(|buyer| {
                    [
                        shown("customer", &buyer.name),
                        shown("conditional access", buyer.conditional_access),
                    ]
                })
                .collect()
        },
    },
    Rule {
        id: RuleId::of("GDA-026"),
        step: Step::Relationship,
        ground: Ground::Access,
        at: Checkpoints::of(&[C::OpenTicket]),
        forbids: |f| f.caller.kind == CallerKind::Partner && access(f, |access| !access.suffices()),
        answer: denied,
        shows: rights_shown,
    },
    Rule {
        id: RuleId::of("GDA-028"),
        step: Step::Relationship,
        ground: Ground::Nesting,
        at: RESOURCE,
        forbids: |f| {
            access(f, |access| {
                !access.admin_agent && (!access.nested || access.granular.is_empty())
            })
        },
        answer: denied,
        shows: |f| {
            let nested = f.access.iter().map(|access| {
                shown(
                    "group nested under the admin agents",
                    if access.nested { "yes" } else { "no" },
                )
            });
            nested.chain(rights_shown(f)).collect()
        },
    },
    Rule {
        id: RuleId::of("GDA-031"),
        step: Step::Catalogue,
        ground: Ground::AdminUnknown,
        at: APPROVE,
        forbids: |f| admin(f, |admin| admin.unknown),
        answer: |_| private(404),
        shows: |f| {
            [claim("link", "is invalid or was altered")]
                .into_iter()
                .chain(named(f))
                .collect()
        },
    },
    Rule {
        id: RuleId::of("DAP-002"),
        step: Step::Catalogue,
        ground: Ground::FullDelegation,
        at: Checkpoints::of(&[C::InviteCustomer, C::CreateCustomer]),
        forbids: |f| f.form.full_delegation && f.today >= full_delegation_ended(f.checkpoint),
        answer: |_| private(409),
        shows: |f| {
            vec![
                claim("delegation asked for", "full"),
                claim("not granted since", full_delegation_ended(f.checkpoint)),
            ]
        },
    },
    Rule {
        id: RuleId::of("DAP-004"),
        step: Step::Relationship,
        ground: Ground::Access,
        at: ADMINISTER,
        forbids: |f| access(f, |access| !access.suffices()),
        answer: denied,
        shows: rights_shown,
    },
    Rule {
        id: RuleId::of("DAP-006"),
        step: Step::Relationship,
        ground: Ground::ResourceAccess,
        at: RESOURCE,
        forbids: |f| access(f, |access| !access.resource_role),
        answer: denied,
        shows: |f| {
            f.access
                .iter()
                .flat_map(|access| {
                    [
                        shown("resource", &access.target),
                        claim("role assignment on it that allows this", "none"),
                        shown("partner", &f.caller.name),
                    ]
                })
                .chain(customer_shown(f))
                .collect()
        },
    },
    Rule {
        id: RuleId::of("DAP-008"),
        step: Step::Relationship,
        ground: Ground::Access,
        at: ADMINISTER.and(Checkpoints::of(&[C::OpenTicket, C::Upgrade])),
        forbids: |f| {
            let named = access(f, |access| {
                matches!(
                    access.task.as_str(),
                    "read_provisioning_status" | "open_ticket" | "move_licences"
                ) && no_rights(access)
            });
            named && f.relation.as_ref().is_some_and(Relation::is_active)
        },
        answer: denied,
        shows: rights_shown,
    },
];

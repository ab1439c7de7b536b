//! Sections 12 and 13: who may give which command, and how a caller must have signed in.

use tierline_domain::admin::{DirectoryRole, Mfa, ProgramRole as R};
use tierline_domain::catalog::ItemKind;
use tierline_domain::customer::CustomerState;
use tierline_domain::partner::PartnerType;
use tierline_domain::subscription::TransferKind;
use tierline_domain::time::{Date, add_days};

use super::{PURCHASE, SUBSCRIPTION_CHANGE};
use crate::book::RuleId;
use crate::facts::{CallerKind, Channel, Checkpoint as C, Checkpoints, Facts, TokenKind};
use crate::registry::{Ground, Rule, Shown, Step, bare, documented, private, shown};

/// Commands and the partner roles that may give them: the table of section 12. What is not listed may be
/// given with any role.
const TABLE: &[(Checkpoints, &[R])] = &[
    (
        Checkpoints::of(&[C::SignAgreement, C::AcceptPartnership, C::AssociateTenant]),
        &[R::GlobalAdmin],
    ),
    (
        Checkpoints::of(&[C::InvitePartner]),
        &[R::GlobalAdmin, R::AdminAgent, R::SalesAgent],
    ),
    (
        Checkpoints::of(&[C::RemovePartnership]),
        &[R::GlobalAdmin, R::SalesAgent],
    ),
    (
        Checkpoints::of(&[C::CreateCustomer]),
        &[
            R::GlobalAdmin,
            R::AdminAgent,
            R::SalesAgent,
            R::UserManagementAdmin,
        ],
    ),
    (
        Checkpoints::of(&[C::InviteCustomer, C::Attest]),
        &[R::AdminAgent, R::SalesAgent],
    ),
    (
        Checkpoints::of(&[C::RemoveRelationship]),
        &[R::GlobalAdmin, R::AdminAgent],
    ),
    (
        Checkpoints::of(&[C::Upgrade, C::ConvertTrial]),
        &[R::GlobalAdmin, R::AdminAgent],
    ),
    (
        Checkpoints::of(&[C::CreateTransfer]),
        &[R::GlobalAdmin, R::AdminAgent, R::SalesAgent],
    ),
    (
        Checkpoints::of(&[C::RequestTransfer, C::RequestAdmin, C::SetSelfService]),
        &[R::AdminAgent],
    ),
    (
        Checkpoints::of(&[C::AssignRoles]),
        &[R::GlobalAdmin, R::AdminAgent, R::UserManagementAdmin],
    ),
    (
        Checkpoints::of(&[C::SetSupportContact]),
        &[R::GlobalAdmin, R::AdminAgent, R::HelpdeskAgent],
    ),
    (
        Checkpoints::of(&[C::ReadInvoice]),
        &[R::GlobalAdmin, R::AdminAgent, R::BillingAdmin],
    ),
    (
        Checkpoints::of(&[C::ReadPriceSheet]),
        &[
            R::GlobalAdmin,
            R::AdminAgent,
            R::SalesAgent,
            R::BillingAdmin,
        ],
    ),
    (
        Checkpoints::of(&[C::CreateUser, C::AssignRole]),
        &[R::GlobalAdmin, R::UserManagementAdmin],
    ),
];
/// Who buys and changes subscriptions.
const SELLERS: &[R] = &[R::GlobalAdmin, R::AdminAgent, R::SalesAgent];

/// Everything that a partner's user or application calls.
const EVERYWHERE: Checkpoints = PURCHASE.and(SUBSCRIPTION_CHANGE).and(Checkpoints::of(&[
    C::CheckPromotion,
    C::UploadDocument,
    C::ReadSubscription,
    C::InvitePartner,
    C::AcceptPartnership,
    C::RemovePartnership,
    C::WithdrawProviderAccess,
    C::VerifyPartnerId,
    C::CreateCustomer,
    C::InviteCustomer,
    C::RemoveRelationship,
    C::ExtendRelationship,
    C::SetQualification,
    C::SetSelfService,
    C::ReadCustomer,
    C::ReadSoftwareKeys,
    C::SignAgreement,
    C::AgreementStatus,
    C::Attest,
    C::RequestAdmin,
    C::AssignRoles,
    C::UpdateAdmin,
    C::TerminateAdmin,
    C::ListAdmin,
    C::Administer,
    C::ManageResource,
    C::AssociateLocation,
    C::AssociateTenant,
    C::AddLocation,
    C::DeleteLocation,
    C::UpdateProfile,
    C::CreateTransfer,
    C::RequestTransfer,
    C::AcceptTransfer,
    C::SetSupportContact,
    C::OpenTicket,
    C::OpenCase,
    C::CreateUser,
    C::AssignRole,
    C::OpenPortal,
    C::ReadInvoice,
    C::ReadCredit,
    C::ReadPriceSheet,
    C::ReadAudit,
    C::RequestOrder,
    C::AnswerOrderRequest,
]));
/// Where rights in a customer's tenant are used or asked for: only the platform's own MFA opens these (SEC-004).
const CUSTOMER_SIDE: Checkpoints = Checkpoints::of(&[
    C::Administer,
    C::ManageResource,
    C::RequestAdmin,
    C::AssignRoles,
    C::UpdateAdmin,
    C::TerminateAdmin,
]);

/// The roles of which a command wants one; empty where any will do.
pub(super) fn roles_wanted(f: &Facts) -> &'static [R] {
    let cancelled = f
        .subscription
        .as_ref()
        .filter(|_| f.checkpoint == C::Cancel)
        .map(|subscription| subscription.kind);
    match cancelled {
        Some(ItemKind::PerpetualSoftware | ItemKind::SoftwareSubscription) => {
            return &[R::AdminAgent];
        }
        Some(ItemKind::Consumption | ItemKind::PreviousConsumption | ItemKind::ConsumptionPlan) => {
            return &[R::GlobalAdmin];
        }
        _ => {}
    }
    if f.checkpoint == C::AcceptTransfer {
        let plan = f
            .transfer
            .as_ref()
            .is_some_and(|transfer| transfer.kind == TransferKind::Plan);
        return if plan { &[R::AdminAgent] } else { SELLERS };
    }
    if f.checkpoint == C::UpdateProfile {
        let guarded = f.form.profile.as_ref().is_some_and(|(field, _)| {
            matches!(
                field.as_str(),
                "security_contact" | "legal_name" | "country"
            )
        });
        return if guarded { &[R::GlobalAdmin] } else { &[] };
    }
    TABLE
        .iter()
        .find(|(at, _)| at.has(f.checkpoint))
        .map(|(_, roles)| *roles)
        .unwrap_or(if PURCHASE.and(SUBSCRIPTION_CHANGE).has(f.checkpoint) {
            SELLERS
        } else {
            &[]
        })
}

/// A partner's user gives a command that none of its roles allows.
pub(super) fn role_missing(f: &Facts) -> bool {
    if f.caller.kind != CallerKind::Partner || f.caller.token == TokenKind::Application {
        return false;
    }
    let wanted = roles_wanted(f);
    !wanted.is_empty() && !f.caller.roles.any(wanted)
}

/// A partner's user gives a command that wants a role, and holds no program role at all.
fn no_program_role(f: &Facts) -> bool {
    f.caller.kind == CallerKind::Partner
        && f.caller.token != TokenKind::Application
        && f.caller.roles.none()
        && (f.checkpoint == C::OpenPortal || role_missing(f))
}

pub(super) fn roles_shown(f: &Facts) -> Vec<Shown> {
    let wanted: Vec<&str> = roles_wanted(f).iter().map(|role| role.as_str()).collect();
    let held = if f.caller.role_names.is_empty() {
        "none".to_owned()
    } else {
        f.caller.role_names.join(", ")
    };
    let mut facts = vec![shown("roles held", held)];
    if !wanted.is_empty() {
        facts.push(shown("one of the roles needed", wanted.join(", ")));
    }
    facts
}

/// A user of a partner, by whatever channel; applications alone are not asked for a second factor (SEC-002).
fn user(f: &Facts) -> bool {
    f.caller.kind == CallerKind::Partner && f.caller.token != TokenKind::Application
}

fn third_party_accepted(f: &Facts) -> bool {
    f.actor
        .as_ref()
        .is_some_and(|actor| actor.third_party_mfa_exception)
}

/// The second factor is not one that this command accepts.
fn without_mfa(f: &Facts) -> bool {
    user(f)
        && match f.caller.mfa {
            Mfa::Present => false,
            Mfa::None | Mfa::SkippedByPolicy => true,
            Mfa::ThirdParty => !third_party_accepted(f),
        }
}

fn mfa_shown(f: &Facts) -> Vec<Shown> {
    vec![shown("multi-factor authentication", f.caller.mfa)]
}

/// Pages that ask for the second factor even if the sign-in did not (SEC-003).
fn guarded_page(f: &Facts) -> bool {
    f.caller.channel == Channel::Portal
        && f.form
            .page
            .as_deref()
            .is_some_and(|page| matches!(page, "customers" | "billing"))
}

/// The task of an administration command, and whether the rights held there suffice for it.
fn task_refused(f: &Facts, tasks: &[&str]) -> bool {
    f.access.as_ref().is_some_and(|access| {
        tasks.contains(&access.task.as_str()) && !access.granular.is_empty() && !access.suffices()
    })
}

fn task_shown(f: &Facts) -> Vec<Shown> {
    f.access
        .iter()
        .flat_map(|access| {
            let needs: Vec<&str> = access
                .needs
                .iter()
                .map(|role: &DirectoryRole| role.as_str())
                .collect();
            let held = if access.granular.is_empty() {
                "none".to_owned()
            } else {
                access.granular.join(", ")
            };
            [
                shown("accepted roles", needs.join(", ")),
                shown("roles held in the customer's tenant", held),
            ]
        })
        .collect()
}

/// The customer's user that must be global administrator is none (ROL-030).
fn customer_user_refused(f: &Facts) -> bool {
    f.caller.kind == CallerKind::Customer && !f.caller.customer_admin
}

/// The first day an audit query may reach back to (SEC-012).
fn audit_horizon(f: &Facts) -> Date {
    add_days(f.today, -90)
}

macro_rules! role_rule {
    ($id:literal, $at:expr, $forbids:expr) => {
        Rule {
            id: RuleId::of($id),
            step: Step::Role,
            ground: Ground::UserRole,
            at: $at,
            forbids: $forbids,
            answer: |_| documented(403, 900_150),
            shows: roles_shown,
        }
    };
}

macro_rules! task_rule {
    ($id:literal, $tasks:expr) => {
        Rule {
            id: RuleId::of($id),
            step: Step::Relationship,
            ground: Ground::AccessRole,
            at: Checkpoints::of(&[C::Administer]),
            forbids: |f| task_refused(f, $tasks),
            answer: |_| documented(403, 900_308),
            shows: task_shown,
        }
    };
}

/// Rules of sections 12 and 13.
pub static RULES: &[Rule] = &[
    role_rule!("ROL-001", EVERYWHERE, |f| no_program_role(f)
        && f.caller.role_names.is_empty()),
    role_rule!("ROL-002", EVERYWHERE, |f| no_program_role(f)),
    Rule {
        id: RuleId::of("ROL-003"),
        step: Step::Catalogue,
        ground: Ground::RoleOffered,
        at: Checkpoints::of(&[C::CreateUser, C::AssignRole]),
        forbids: |f| {
            f.form.role.as_deref() == Some(R::SalesAgent.as_str())
                && f.actor_is(PartnerType::IndirectReseller)
        },
        answer: |_| private(409),
        shows: |f| {
            f.form
                .role
                .iter()
                .map(|role| shown("role not offered in a reseller's tenant", role))
                .collect()
        },
    },
    role_rule!(
        "ROL-004",
        Checkpoints::of(&[
            C::SignAgreement,
            C::AcceptPartnership,
            C::AssociateTenant,
            C::UpdateProfile
        ]),
        |f| role_missing(f)
    ),
    role_rule!(
        "ROL-005",
        Checkpoints::of(&[C::CreateUser, C::AssignRole]),
        |f| role_missing(f)
    ),
    role_rule!("ROL-006", EVERYWHERE, |f| role_missing(f)
        && roles_wanted(f).contains(&R::AdminAgent)),
    role_rule!("ROL-007", EVERYWHERE, |f| {
        let in_tenant = f.checkpoint == C::Administer
            && user(f)
            && f.caller.roles.any(&[R::SalesAgent])
            && !f.caller.roles.any(&[R::AdminAgent, R::HelpdeskAgent]);
        in_tenant || (role_missing(f) && roles_wanted(f).contains(&R::SalesAgent))
    }),
    role_rule!("ROL-008", EVERYWHERE, |f| f
        .caller
        .roles
        .any(&[R::HelpdeskAgent])
        && role_missing(f)),
    role_rule!(
        "ROL-009",
        Checkpoints::of(&[C::ReadInvoice, C::ReadPriceSheet]),
        |f| role_missing(f)
    ),
    role_rule!(
        "ROL-010",
        Checkpoints::of(&[C::CreateTransfer, C::RequestTransfer, C::AcceptTransfer]),
        |f| role_missing(f)
    ),
    role_rule!(
        "ROL-011",
        Checkpoints::of(&[C::Upgrade, C::ConvertTrial]),
        |f| role_missing(f)
    ),
    role_rule!("ROL-012", Checkpoints::of(&[C::RemoveRelationship]), |f| {
        role_missing(f)
    }),
    role_rule!(
        "ROL-013",
        Checkpoints::of(&[C::InvitePartner, C::RemovePartnership]),
        |f| role_missing(f)
    ),
    role_rule!("ROL-014", Checkpoints::of(&[C::SetSelfService]), |f| {
        role_missing(f)
    }),
    role_rule!("ROL-015", Checkpoints::of(&[C::Cancel]), |f| role_missing(
        f
    ) && roles_wanted(f)
        != SELLERS),
    role_rule!(
        "ROL-016",
        Checkpoints::of(&[C::OpenPortal, C::UpdateProfile]),
        |f| {
            let membership = ["account_admin", "partner_admin", "global_admin"];
            f.caller.guest
                && f.form.page.as_deref() == Some("membership")
                && !f
                    .caller
                    .role_names
                    .iter()
                    .any(|role| membership.contains(&role.as_str()))
        }
    ),
    Rule {
        id: RuleId::of("ROL-018"),
        step: Step::Authentication,
        ground: Ground::Authentication,
        at: Checkpoints::of(&[C::Attest]),
        forbids: |f| f.caller.token == TokenKind::Application,
        answer: |_| documented(403, 900_329),
        shows: |f| vec![shown("token", f.caller.token)],
    },
    Rule {
        id: RuleId::of("ROL-030"),
        step: Step::Role,
        ground: Ground::UserRole,
        at: Checkpoints::of(&[
            C::AcceptRelationship,
            C::ApproveAdmin,
            C::TerminateAdmin,
            C::AcceptCustomerAgreement,
        ]),
        forbids: customer_user_refused,
        answer: |_| documented(403, 900_150),
        shows: |f| {
            vec![
                shown("roles held", f.caller.role_names.join(", ")),
                shown("role needed", "global_administrator"),
            ]
        },
    },
    task_rule!(
        "ROL-031",
        &[
            "list_users",
            "list_directory_roles",
            "read_provisioning_status"
        ]
    ),
    task_rule!("ROL-032", &["create_user"]),
    task_rule!("ROL-033", &["assign_licences"]),
    task_rule!("ROL-034", &["add_to_directory_role"]),
    task_rule!("ROL-035", &["reset_password"]),
    Rule {
        id: RuleId::of("ROL-037"),
        step: Step::Relationship,
        ground: Ground::ApplicationConsent,
        at: Checkpoints::of(&[C::Administer]),
        forbids: |f| f.caller.application.is_some(),
        answer: |_| documented(403, 900_308),
        shows: |f| {
            f.caller
                .application
                .iter()
                .map(|application| {
                    shown("application without consent of the customer", application)
                })
                .collect()
        },
    },
    Rule {
        id: RuleId::of("SEC-001"),
        step: Step::Authentication,
        ground: Ground::Authentication,
        at: EVERYWHERE,
        forbids: without_mfa,
        answer: |_| bare(401),
        shows: mfa_shown,
    },
    Rule {
        id: RuleId::of("SEC-002"),
        step: Step::Authentication,
        ground: Ground::Authentication,
        at: EVERYWHERE,
        forbids: |f| {
            f.caller.channel == Channel::Api
                && (without_mfa(f) || (user(f) && f.caller.token == TokenKind::PasswordFlow))
        },
        answer: |_| bare(401),
        shows: mfa_shown,
    },
    Rule {
        id: RuleId::of("SEC-003"),
        step: Step::Authentication,
        ground: Ground::Authentication,
        at: Checkpoints::of(&[C::OpenPortal, C::OpenTicket]),
        forbids: |f| {
            without_mfa(f)
                && (guarded_page(f)
                    || (f.checkpoint == C::OpenTicket && f.caller.channel == Channel::Portal))
        },
        answer: |_| bare(401),
        shows: mfa_shown,
    },
    Rule {
        id: RuleId::of("SEC-004"),
        step: Step::Authentication,
        ground: Ground::Authentication,
        at: CUSTOMER_SIDE,
        forbids: |f| user(f) && f.caller.mfa == Mfa::ThirdParty,
        answer: |_| bare(401),
        shows: mfa_shown,
    },
    Rule {
        id: RuleId::of("SEC-005"),
        step: Step::Authentication,
        ground: Ground::Authentication,
        at: EVERYWHERE,
        forbids: |f| user(f) && f.caller.mfa == Mfa::SkippedByPolicy,
        answer: |_| bare(401),
        shows: mfa_shown,
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
        forbids: |f| {
            let contact = f
                .form
                .profile
                .as_ref()
                .is_some_and(|(field, _)| field == "security_contact");
            contact && (role_missing(f) || f.caller.channel == Channel::Api)
        },
        answer: |_| documented(403, 900_150),
        shows: |f| {
            roles_shown(f)
                .into_iter()
                .chain([shown("channel", f.caller.channel)])
                .collect()
        },
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
        at: Checkpoints::of(&[C::OpenCase]),
        forbids: |f| {
            f.form.about.as_deref() == Some("fraud_credit")
                && f.form
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
    Rule {
        id: RuleId::of("SEC-019"),
        step: Step::Relationship,
        ground: Ground::CustomerAccount,
        at: PURCHASE,
        forbids: |f| {
            f.buyer
                .as_ref()
                .is_some_and(|buyer| buyer.account_state == CustomerState::SuspendedForMisuse)
        },
        answer: |_| documented(403, 800_075),
        shows: |f| {
            f.buyer
                .iter()
                .map(|buyer| {
                    crate::registry::shown_of(
                        &buyer.name,
                        &format!("state of {}", buyer.name),
                        buyer.account_state,
                    )
                })
                .collect()
        },
    },
];

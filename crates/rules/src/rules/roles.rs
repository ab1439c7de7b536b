//! Section 12: who may give which command, in the partner's tenant and in the customer's.

use tierline_domain::admin::{DirectoryRole, ProgramRole as R};
use tierline_domain::catalog::ItemKind;
use tierline_domain::partner::PartnerType;
use tierline_domain::subscription::TransferKind;

use super::{PURCHASE, SUBSCRIPTION_CHANGE};
use crate::book::RuleId;
use crate::facts::{CallerKind, Checkpoint as C, Checkpoints, Facts, TokenKind};
use crate::registry::{Ground, Rule, Shown, Step, claim, claim_of, documented, private, shown};

/// One line of the table "Commands and the partner roles that may give them", with the rules of this section
/// and of section 6.2 that answer for it. Rules of other sections (AGR-005, REL-004, CUS-009, SUP-004 …) read
/// the same roles through [`role_missing`].
struct Row {
    at: Checkpoints,
    roles: &'static [R],
    rules: &'static [RuleId],
}

const ROL_004: RuleId = RuleId::of("ROL-004");
const ROL_005: RuleId = RuleId::of("ROL-005");
const ROL_006: RuleId = RuleId::of("ROL-006");
const ROL_007: RuleId = RuleId::of("ROL-007");
const ROL_008: RuleId = RuleId::of("ROL-008");
const ROL_009: RuleId = RuleId::of("ROL-009");
const ROL_010: RuleId = RuleId::of("ROL-010");
const ROL_011: RuleId = RuleId::of("ROL-011");
const ROL_012: RuleId = RuleId::of("ROL-012");
const ROL_013: RuleId = RuleId::of("ROL-013");
const ROL_014: RuleId = RuleId::of("ROL-014");
const ROL_015: RuleId = RuleId::of("ROL-015");
const GDA_001: RuleId = RuleId::of("GDA-001");
const GDA_010: RuleId = RuleId::of("GDA-010");
const SUB_051: RuleId = RuleId::of("SUB-051");

const fn row(at: &[C], roles: &'static [R], rules: &'static [RuleId]) -> Row {
    Row {
        at: Checkpoints::of(at),
        roles,
        rules,
    }
}

/// Who buys and changes subscriptions.
const SALE: Row = Row {
    at: PURCHASE.and(SUBSCRIPTION_CHANGE),
    roles: &[R::GlobalAdmin, R::AdminAgent, R::SalesAgent],
    rules: &[ROL_006, ROL_007, ROL_008],
};
/// Consumption subscriptions are cancelled by a global admin.
const CANCEL_CONSUMPTION: Row = row(&[C::Cancel], &[R::GlobalAdmin], &[ROL_015]);
/// Software purchases are cancelled by an admin agent.
const CANCEL_SOFTWARE: Row = row(&[C::Cancel], &[R::AdminAgent], &[ROL_015]);
const TRADITIONAL_TRANSFER: Row = row(
    &[
        C::CreateTransfer,
        C::AcceptTransfer,
        C::RejectTransfer,
        C::WithdrawTransfer,
    ],
    &[R::GlobalAdmin, R::AdminAgent, R::SalesAgent],
    &[ROL_010],
);
const PLAN_TRANSFER: Row = row(
    &[
        C::RequestTransfer,
        C::AcceptTransfer,
        C::RejectTransfer,
        C::WithdrawTransfer,
    ],
    &[R::AdminAgent],
    &[ROL_010],
);
/// Users and their roles (ROL-005).
const USERS: Row = row(
    &[C::CreateUser, C::AssignRole],
    &[R::GlobalAdmin, R::UserManagementAdmin],
    &[ROL_005],
);
/// The guarded fields of the profile (ROL-004).
const PROFILE: Row = row(&[C::UpdateProfile], &[R::GlobalAdmin], &[ROL_004]);
/// The billing page shows what the invoices hold.
const BILLING: Row = row(
    &[
        C::ReadInvoice,
        C::ReadBooks,
        C::ManageBilling,
        C::FileExemption,
        C::OpenPortal,
    ],
    &[R::GlobalAdmin, R::AdminAgent, R::BillingAdmin],
    &[ROL_009],
);

/// The rest of the table: one line a command. What is not listed may be given with any role.
const TABLE: &[Row] = &[
    row(
        &[C::SignAgreement, C::AcceptPartnership, C::AssociateTenant],
        &[R::GlobalAdmin],
        &[ROL_004],
    ),
    row(
        &[C::InvitePartner],
        &[R::GlobalAdmin, R::AdminAgent, R::SalesAgent],
        &[ROL_006, ROL_007, ROL_013],
    ),
    row(
        &[C::RemovePartnership],
        &[R::GlobalAdmin, R::SalesAgent],
        &[ROL_013],
    ),
    row(
        &[C::CreateCustomer],
        &[
            R::GlobalAdmin,
            R::AdminAgent,
            R::SalesAgent,
            R::UserManagementAdmin,
        ],
        &[ROL_006, ROL_007],
    ),
    row(
        &[C::InviteCustomer, C::Attest],
        &[R::AdminAgent, R::SalesAgent],
        &[ROL_006, ROL_007],
    ),
    row(
        &[C::RemoveRelationship],
        &[R::GlobalAdmin, R::AdminAgent],
        &[ROL_012],
    ),
    row(
        &[C::Upgrade, C::ConvertTrial],
        &[R::GlobalAdmin, R::AdminAgent],
        &[ROL_011],
    ),
    row(
        &[C::RequestAdmin, C::DraftAdmin],
        &[R::AdminAgent],
        &[GDA_001, ROL_006],
    ),
    row(
        &[C::UpdateAdmin, C::TerminateAdmin],
        &[R::GlobalAdmin, R::AdminAgent],
        &[ROL_006],
    ),
    row(
        &[C::AssignRoles],
        &[R::GlobalAdmin, R::AdminAgent, R::UserManagementAdmin],
        &[GDA_010],
    ),
    row(&[C::SetSelfService], &[R::AdminAgent], &[ROL_014]),
    row(&[C::SetOverage], &[R::AdminAgent], &[SUB_051]),
    row(
        &[C::SetSupportContact],
        &[R::GlobalAdmin, R::AdminAgent, R::HelpdeskAgent],
        &[],
    ),
    row(
        &[C::SetQualification, C::UpdateCustomer],
        &[R::GlobalAdmin, R::AdminAgent, R::HelpdeskAgent],
        &[ROL_006, ROL_008],
    ),
    row(
        &[C::ReadPriceSheet, C::SetPrice],
        &[
            R::GlobalAdmin,
            R::AdminAgent,
            R::SalesAgent,
            R::BillingAdmin,
        ],
        &[ROL_009],
    ),
];

/// Everything that a partner's user or application calls.
pub(super) const EVERYWHERE: Checkpoints =
    PURCHASE.and(SUBSCRIPTION_CHANGE).and(Checkpoints::of(&[
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
        C::UpdateCustomer,
        C::ReadCustomer,
        C::ReadSoftwareKeys,
        C::SignAgreement,
        C::AgreementStatus,
        C::Attest,
        C::RequestAdmin,
        C::DraftAdmin,
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
        C::RejectTransfer,
        C::WithdrawTransfer,
        C::SetSupportContact,
        C::OpenTicket,
        C::UpdateTicket,
        C::UpdateFraudEvents,
        C::WriteNotice,
        C::OpenCase,
        C::CreateUser,
        C::AssignRole,
        C::OpenPortal,
        C::ReadInvoice,
        C::ReadBooks,
        C::ManageBilling,
        C::FileExemption,
        C::ReadCredit,
        C::ReadPriceSheet,
        C::SetPrice,
        C::ReadAudit,
        C::RequestOrder,
        C::AnswerOrderRequest,
        C::ConsentApplication,
        C::RevokeConsent,
    ]));
/// Acts in the customer's tenant: rights held there are another matter than roles here (ROL-038).
const IN_TENANT: Checkpoints = Checkpoints::of(&[C::Administer, C::ManageResource]);
/// What membership roles are for: the company's membership account and its users.
const MEMBERSHIP: Checkpoints = Checkpoints::of(&[
    C::AssociateLocation,
    C::AddLocation,
    C::DeleteLocation,
    C::UpdateProfile,
]);
/// Membership roles that administer the membership account.
const MEMBERSHIP_ADMINS: [&str; 3] = ["account_admin", "partner_admin", "global_admin"];

/// A user of a partner, by whatever channel.
pub(super) fn user(f: &Facts) -> bool {
    f.caller.kind == CallerKind::Partner && f.caller.token != TokenKind::Application
}

/// The line of the table for a command, where its roles are limited.
fn line(f: &Facts) -> Option<&'static Row> {
    match f.checkpoint {
        C::Cancel => match f
            .subscription
            .as_ref()
            .map(|subscription| subscription.kind)
        {
            Some(ItemKind::PerpetualSoftware | ItemKind::SoftwareSubscription) => {
                Some(&CANCEL_SOFTWARE)
            }
            Some(
                ItemKind::Consumption | ItemKind::PreviousConsumption | ItemKind::ConsumptionPlan,
            ) => Some(&CANCEL_CONSUMPTION),
            _ => Some(&SALE),
        },
        C::CreateTransfer => Some(&TRADITIONAL_TRANSFER),
        C::RequestTransfer => Some(&PLAN_TRANSFER),
        C::AcceptTransfer | C::RejectTransfer | C::WithdrawTransfer => {
            let plan = |kind| kind == TransferKind::Plan;
            let of_plan = f
                .transfer
                .as_ref()
                .is_some_and(|transfer| plan(transfer.kind));
            Some(if of_plan {
                &PLAN_TRANSFER
            } else {
                &TRADITIONAL_TRANSFER
            })
        }
        C::CreateUser | C::AssignRole => (!outside_the_directory(f)).then_some(&USERS),
        C::UpdateProfile => {
            let guarded = f.form.profile.as_ref().is_some_and(|(field, _)| {
                matches!(
                    field.as_str(),
                    "security_contact" | "legal_name" | "country"
                )
            });
            guarded.then_some(&PROFILE)
        }
        C::ReadInvoice | C::ReadBooks | C::ManageBilling | C::FileExemption => Some(&BILLING),
        C::OpenPortal => page(f, &["billing"]).then_some(&BILLING),
        checkpoint => TABLE
            .iter()
            .chain([&SALE])
            .find(|row| row.at.has(checkpoint)),
    }
}

fn page(f: &Facts, pages: &[&str]) -> bool {
    f.form
        .page
        .as_deref()
        .is_some_and(|page| pages.contains(&page))
}

/// An account admin assigns a role that is none of the program (ROL-005).
fn outside_the_directory(f: &Facts) -> bool {
    f.form
        .role
        .as_ref()
        .is_some_and(|role| role.parse::<R>().is_err())
        && f.caller
            .role_names
            .iter()
            .any(|role| role == "account_admin")
}

/// The roles of which a command wants one; empty where any will do.
pub(super) fn roles_wanted(f: &Facts) -> &'static [R] {
    line(f).map_or(&[], |row| row.roles)
}

/// Every line of the table names one of these two: who has both lacks nothing.
const ENOUGH: [R; 2] = [R::GlobalAdmin, R::AdminAgent];

/// A partner's user gives a command that none of its roles allows.
pub(super) fn role_missing(f: &Facts) -> bool {
    if !user(f) || ENOUGH.iter().all(|role| f.caller.roles.any(&[*role])) {
        return false;
    }
    let wanted = roles_wanted(f);
    !wanted.is_empty() && !f.caller.roles.any(wanted)
}

/// The table makes this rule answer for a role that is missing.
pub(super) fn answers_for(f: &Facts, rule: RuleId) -> bool {
    role_missing(f) && line(f).is_some_and(|row| row.rules.contains(&rule))
}

/// What a user may do here without any program role (ROL-002): the membership account, its users, and what
/// rights in the customer's tenant open.
fn without_program_role(f: &Facts) -> bool {
    IN_TENANT.has(f.checkpoint)
        || MEMBERSHIP.has(f.checkpoint)
        || (f.checkpoint == C::OpenPortal && page(f, &["home", "membership"]))
        || outside_the_directory(f)
}

pub(super) fn roles_shown(f: &Facts) -> Vec<Shown> {
    let wanted: Vec<&str> = roles_wanted(f).iter().map(|role| role.as_str()).collect();
    let mut facts = vec![shown("roles held", held(f))];
    facts.extend(f.caller.user.iter().map(|user| shown("user", user)));
    if !wanted.is_empty() {
        facts.push(shown("one of the roles needed", wanted.join(", ")));
    }
    facts
}

fn held(f: &Facts) -> String {
    if f.caller.role_names.is_empty() {
        "none".to_owned()
    } else {
        f.caller.role_names.join(", ")
    }
}

/// The rights held in the customer's tenant do not suffice for one of these tasks.
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
                shown("task", &access.task),
                shown("accepted roles", needs.join(", ")),
                shown("roles held in the customer's tenant", held),
            ]
        })
        .chain(super::delegation::customer_shown(f))
        .collect()
}

/// Only the customer's global administrator gives this command (ROL-030).
pub(super) fn customer_admin_missing(f: &Facts) -> bool {
    match f.caller.kind {
        CallerKind::Customer => !f.caller.customer_admin,
        CallerKind::Partner => matches!(
            f.checkpoint,
            C::ApproveAdmin | C::AcceptCustomerAgreement | C::DeclineRelationship
        ),
        _ => false,
    }
}

pub(super) fn customer_roles_shown(f: &Facts) -> Vec<Shown> {
    vec![
        shown("caller", &f.caller.name),
        shown("roles held", held(f)),
        shown("role needed", DirectoryRole::GlobalAdministrator),
    ]
}

macro_rules! role_rule {
    ($id:ident, $at:expr) => {
        role_rule!($id, $at, |f| answers_for(f, $id))
    };
    ($id:expr, $at:expr, $forbids:expr) => {
        Rule {
            id: $id,
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

/// Rules of section 12.
pub static RULES: &[Rule] = &[
    role_rule!(RuleId::of("ROL-001"), EVERYWHERE, |f| f
        .caller
        .role_names
        .is_empty()
        && user(f)
        && !IN_TENANT.has(f.checkpoint)),
    role_rule!(RuleId::of("ROL-002"), EVERYWHERE, |f| f.caller.roles.none()
        && user(f)
        && (f.caller.role_names.is_empty() || !without_program_role(f))
        && !IN_TENANT.has(f.checkpoint)),
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
                .map(|role| claim("role not offered in a reseller's tenant", role))
                .chain([shown("tenant of", &f.caller.name)])
                .collect()
        },
    },
    role_rule!(
        ROL_004,
        Checkpoints::of(&[
            C::SignAgreement,
            C::AcceptPartnership,
            C::AssociateTenant,
            C::UpdateProfile
        ])
    ),
    // To associate a tenant takes a global admin of that very tenant, whom another company does not have.
    Rule {
        id: ROL_004,
        step: Step::Catalogue,
        ground: Ground::TenantOwner,
        at: Checkpoints::of(&[C::AssociateTenant]),
        forbids: |f| f.form.foreign_owner.is_some(),
        answer: |_| documented(403, 900_150),
        shows: |f| {
            let tenant = f
                .form
                .tenant
                .iter()
                .map(|(tenant, _)| shown("tenant", tenant));
            let owner = f
                .form
                .foreign_owner
                .iter()
                .map(|owner| claim_of(owner, "tenant of another organization", owner));
            tenant
                .chain(owner)
                .chain([claim("missing", "global admin of that tenant")])
                .collect()
        },
    },
    role_rule!(ROL_005, Checkpoints::of(&[C::CreateUser, C::AssignRole])),
    role_rule!(ROL_006, EVERYWHERE),
    role_rule!(ROL_007, EVERYWHERE),
    // Rights in the customer's tenant are their own matter (ROL-038): a sales agent lacks them only where no
    // group gives any.
    Rule {
        id: ROL_007,
        step: Step::Relationship,
        ground: Ground::Access,
        at: Checkpoints::of(&[C::Administer]),
        forbids: |f| {
            user(f)
                && f.caller.roles.any(&[R::SalesAgent])
                && !f.caller.roles.any(&[R::AdminAgent, R::HelpdeskAgent])
                && f.access
                    .as_ref()
                    .is_some_and(|access| access.granular.is_empty())
        },
        answer: |_| documented(403, 900_150),
        shows: roles_shown,
    },
    // A helpdesk agent does not purchase, and edits customers.
    role_rule!(ROL_008, EVERYWHERE, |f| answers_for(f, ROL_008)
        && (f.caller.roles.any(&[R::HelpdeskAgent])
            || matches!(
                f.checkpoint,
                C::SetQualification | C::UpdateCustomer
            ))),
    role_rule!(
        ROL_009,
        Checkpoints::of(&[
            C::ReadInvoice,
            C::ReadBooks,
            C::ManageBilling,
            C::FileExemption,
            C::ReadPriceSheet,
            C::SetPrice,
            C::OpenPortal
        ])
    ),
    role_rule!(
        ROL_010,
        Checkpoints::of(&[
            C::CreateTransfer,
            C::RequestTransfer,
            C::AcceptTransfer,
            C::RejectTransfer,
            C::WithdrawTransfer
        ])
    ),
    role_rule!(ROL_011, Checkpoints::of(&[C::Upgrade, C::ConvertTrial])),
    role_rule!(ROL_012, Checkpoints::of(&[C::RemoveRelationship])),
    role_rule!(
        ROL_013,
        Checkpoints::of(&[C::InvitePartner, C::RemovePartnership])
    ),
    role_rule!(ROL_014, Checkpoints::of(&[C::SetSelfService])),
    role_rule!(SUB_051, Checkpoints::of(&[C::SetOverage])),
    role_rule!(ROL_015, Checkpoints::of(&[C::Cancel])),
    role_rule!(
        RuleId::of("ROL-016"),
        Checkpoints::of(&[C::OpenPortal, C::UpdateProfile]),
        |f| {
            let company = f.form.profile.as_ref().is_some_and(|(field, _)| {
                matches!(field.as_str(), "legal_name" | "global_account_country")
            });
            f.caller.guest
                && (company || page(f, &["membership"]))
                && !f
                    .caller
                    .role_names
                    .iter()
                    .any(|role| MEMBERSHIP_ADMINS.contains(&role.as_str()))
        }
    ),
    Rule {
        id: RuleId::of("ROL-018"),
        step: Step::Authentication,
        ground: Ground::Authentication,
        at: Checkpoints::of(&[
            C::Attest,
            C::ConsentApplication,
            C::RevokeConsent,
            C::CallApi,
        ]),
        forbids: |f| {
            f.caller.token == TokenKind::Application
                && f.form.api_call.is_none_or(|call| call.users_only)
        },
        answer: |f| match f.form.api_call {
            Some(call) if call.licences => documented(400, 900_316),
            _ => documented(403, 900_329),
        },
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
            C::DeclineRelationship,
        ]),
        forbids: customer_admin_missing,
        answer: |_| documented(403, 900_150),
        shows: customer_roles_shown,
    },
    task_rule!(
        "ROL-031",
        &[
            "list_users",
            "list_directory_roles",
            "list_role_members",
            "list_licences",
            "read_user_licences",
            "read_provisioning_status"
        ]
    ),
    task_rule!("ROL-032", &["create_user", "update_user", "delete_user"]),
    task_rule!("ROL-033", &["assign_licences"]),
    task_rule!("ROL-034", &["add_to_directory_role"]),
    task_rule!("ROL-035", &["reset_password"]),
    Rule {
        id: RuleId::of("ROL-036"),
        step: Step::Relationship,
        ground: Ground::AccessRole,
        at: Checkpoints::of(&[C::Upgrade]),
        forbids: |f| f.access.as_ref().is_some_and(|access| !access.suffices()),
        answer: |_| documented(403, 900_308),
        shows: task_shown,
    },
    // Who consents there: somebody who administers applications in the customer's tenant.
    Rule {
        id: RuleId::of("ROL-037"),
        step: Step::Relationship,
        ground: Ground::AccessRole,
        at: Checkpoints::of(&[C::ConsentApplication]),
        forbids: |f| f.access.as_ref().is_some_and(|access| !access.suffices()),
        answer: |_| documented(403, 900_308),
        shows: task_shown,
    },
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
                    claim("application without consent of the customer", application)
                })
                .chain(super::delegation::customer_shown(f))
                .collect()
        },
    },
];

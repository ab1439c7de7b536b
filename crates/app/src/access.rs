//! Who may do what in a customer's tenant: effective access, and the commands that need it.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tierline_domain::admin::{AdminState, DirectoryRole, ProgramRole};
use tierline_domain::customer::Delegation;
use tierline_domain::partner::Tenant;
use tierline_domain::subscription::{ResourceRole, ResourceRoleName};
use tierline_rules::Checkpoint;
use tierline_rules::facts::{Access, Facts};
use tierline_store::{Tx, Value};

use crate::actor::{Acting, ActorSpec};
use crate::admin::legacy;
use crate::attempt::UseCase;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::names::{self, by_id};
use crate::{effective, facts};

/// Reading the company's details in its own tenant (GDA-027).
pub const COMPANY_DETAILS: &str = "company_details";
/// Reading users (ROL-031).
pub const LIST_USERS: &str = "list_users";
/// Reading which roles there are (ROL-031).
pub const LIST_ROLES: &str = "list_directory_roles";
/// Reading who holds a role (ROL-031).
pub const LIST_ROLE_MEMBERS: &str = "list_role_members";
/// Reading what there are licences of (ROL-031).
pub const LIST_LICENCES: &str = "list_licences";
/// Reading the licences of a user (ROL-031).
pub const READ_LICENCES: &str = "read_user_licences";
/// Making a user (ROL-032).
pub(crate) const CREATE_USER: &str = "create_user";
/// Changing a user (ROL-032).
pub(crate) const UPDATE_USER: &str = "update_user";
/// Deleting a user (ROL-032).
pub(crate) const DELETE_USER: &str = "delete_user";
/// Giving licences to a user and taking them back (ROL-033).
pub(crate) const ASSIGN_LICENCES: &str = "assign_licences";
/// Giving a user a role in its directory, or taking it back (ROL-034).
pub(crate) const CHANGE_ROLES: &str = "add_to_directory_role";
/// Resetting a password (ROL-035).
pub(crate) const RESET_PASSWORD: &str = "reset_password";
/// A user without a role.
pub(crate) const ORDINARY: &str = "ordinary_user";
/// A user with one.
pub(crate) const ADMINISTRATOR: &str = "administrator";

/// What every role there lets somebody do.
pub const ANY_TASK: &str = "open_admin_centre";

/// Letting an application act in a customer's tenant (ROL-037).
pub const CONSENT: &str = "consent_application";

/// The roles of which a task in a customer's tenant needs one (ROL-031 to ROL-035). None means: any role.
fn needs(task: &str, target: &str) -> Vec<DirectoryRole> {
    use DirectoryRole as D;
    let mut roles = match (task, target) {
        (LIST_USERS, _) => vec![D::DirectoryReader, D::GlobalReader, D::UserAdministrator],
        (LIST_ROLES, _) => vec![D::DirectoryReader],
        (LIST_ROLE_MEMBERS, _) => vec![D::DirectoryReader, D::GlobalReader],
        (LIST_LICENCES, _) => vec![
            D::DirectoryReader,
            D::GlobalReader,
            D::UserAdministrator,
            D::LicenseAdministrator,
        ],
        (READ_LICENCES, _) => vec![
            D::DirectoryReader,
            D::UserAdministrator,
            D::LicenseAdministrator,
        ],
        (CREATE_USER | UPDATE_USER, _) => vec![D::DirectoryWriter, D::UserAdministrator],
        (ASSIGN_LICENCES, _) => vec![
            D::DirectoryWriter,
            D::UserAdministrator,
            D::LicenseAdministrator,
        ],
        (CHANGE_ROLES, _) => vec![D::PrivilegedRoleAdministrator],
        (DELETE_USER, _) | (RESET_PASSWORD, ORDINARY) => vec![D::UserAdministrator],
        (RESET_PASSWORD, _) => vec![D::PrivilegedAuthenticationAdministrator],
        (CONSENT, _) => vec![
            D::ApplicationAdministrator,
            D::CloudApplicationAdministrator,
        ],
        ("open_ticket", _) => vec![D::ServiceSupportAdministrator],
        // Moving licences with a traditional upgrade, or only checking it (ROL-036).
        ("move_licences", _) => vec![D::DirectoryWriter],
        ("read_provisioning_status" | "check_upgrade" | COMPANY_DETAILS, _) => {
            vec![D::DirectoryReader, D::GlobalReader]
        }
        ("edit_setting", _) => Vec::new(),
        _ => return Vec::new(),
    };
    roles.push(D::GlobalAdministrator);
    roles
}

/// Whether the actor is the partner's default user: the one that a party's name alone stands for.
fn default_user(ctx: &Ctx) -> bool {
    match &ctx.actor {
        ActorSpec::Named(_) => true,
        ActorSpec::Person(person) => person.roles.is_none(),
    }
}

/// The caller's rights in a customer's tenant: which roles, through which groups, and what stands in the way.
///
/// # Errors
/// When the store fails.
pub async fn access(
    ctx: &Ctx,
    acting: &Acting,
    tx: &mut Tx<'_>,
    customer: &Tenant,
    task: &str,
    target: &str,
) -> Result<Access, AppError> {
    let partner = acting.partner()?;
    let relation = facts::relation(tx, partner, customer).await?;
    let member = acting.user.as_ref().map(|user| user.handle.clone());
    let by_default = member.is_none() && default_user(ctx);
    let held = effective::held(tx, (partner, customer), member.as_deref(), by_default).await?;
    let rows = &held.rows;
    let granular = held.roles();
    let roles = acting.caller.roles;
    // The helpdesk agents' group was made helpdesk administrator (DAP-001).
    let helpdesk = roles.any(&[ProgramRole::HelpdeskAgent])
        && matches!((task, target), (RESET_PASSWORD, ORDINARY) | (ANY_TASK, _));
    let full = relation.is_active()
        && relation.delegation == Delegation::Full
        && (roles.any(&[ProgramRole::AdminAgent]) || helpdesk);
    let ended = rows.iter().any(|row| row.state.is_over());
    Ok(Access {
        task: task.to_owned(),
        target: target.to_owned(),
        needs: needs(task, target),
        granular,
        active_relationship: rows.iter().any(|row| row.state == AdminState::Active),
        ended,
        default_unassigned: held.default_unassigned,
        full,
        guest_there: acting
            .user
            .as_ref()
            .is_some_and(|user| user.guest_in.contains(&customer.handle)),
        nested: held.nested || by_default,
        resource_role: false,
        admin_agent: roles.any(&[ProgramRole::AdminAgent]),
    })
}

/// Whether the caller's rights open the company's details (GDA-027, DAP-008). A guest cannot use them there
/// (GDA-024).
///
/// # Errors
/// When the store fails.
pub async fn company_details_open(
    ctx: &Ctx,
    acting: &Acting,
    tx: &mut Tx<'_>,
    customer: &Tenant,
) -> Result<bool, AppError> {
    let rights = access(ctx, acting, tx, customer, COMPANY_DETAILS, "").await?;
    Ok(rights.suffices() && !rights.guest_there)
}

/// What a task in a customer's tenant is decided on: the relationship, the customer, and the caller's rights there.
pub(crate) async fn administering(
    ctx: &Ctx,
    acting: &Acting,
    tx: &mut Tx<'_>,
    customer: &str,
    (task, target): (&str, &str),
) -> Result<Facts, AppError> {
    let partner = acting.partner()?;
    let customer = names::the_tenant(tx, customer).await?;
    let mut found = facts::begin(tx, ctx, acting, Checkpoint::Administer).await?;
    found.relation = Some(facts::relation(tx, partner, &customer).await?);
    found.buyer = Some(facts::buyer(tx, &customer, None, ctx.now.date()).await?);
    found.access = Some(access(ctx, acting, tx, &customer, task, target).await?);
    Ok(found)
}

/// Notes that rights in a customer's tenant were used. Granular roles go first; only where there are none is full
/// delegation used (DAP-004, DAP-005).
pub(crate) async fn exercised(
    ctx: &Ctx,
    acting: &Acting,
    tx: &mut Tx<'_>,
    customer: &str,
    facts: &Facts,
) -> Result<(), AppError> {
    let by_full = |access: &Access| access.full && access.granular.is_empty();
    if facts.access.as_ref().is_some_and(by_full) {
        legacy::used(ctx, tx, acting.partner()?.id, customer).await?;
    }
    Ok(())
}

/// Act in the customer's tenant.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Administer {
    /// The customer.
    pub customer: String,
    /// What is done.
    pub task: String,
    /// On whom.
    #[serde(default = "ordinary_user")]
    pub target: String,
}

fn ordinary_user() -> String {
    ORDINARY.to_owned()
}

impl UseCase for Administer {
    type Out = Json;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::Administer
    }

    fn subject(&self) -> String {
        self.customer.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let what = (self.task.as_str(), self.target.as_str());
        administering(ctx, acting, tx, &self.customer, what).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Json, AppError> {
        exercised(ctx, acting, tx, &self.customer, facts).await?;
        Ok(json!({ "task": self.task, "target": self.target }))
    }
}

/// Act on a consumption resource.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManageResource {
    /// The consumption subscription.
    pub subscription: String,
}

impl UseCase for ManageResource {
    type Out = Json;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::ManageResource
    }

    fn subject(&self) -> String {
        self.subscription.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let partner = acting.partner()?;
        let subscription = names::the_subscription(tx, &self.subscription).await?;
        let customer: Tenant = by_id(tx, subscription.customer).await?;
        let mut found = facts::begin(tx, ctx, acting, Checkpoint::ManageResource).await?;
        found.relation = Some(facts::relation(tx, partner, &customer).await?);
        found.buyer = Some(facts::buyer(tx, &customer, None, ctx.now.date()).await?);
        let mut rights = access(
            ctx,
            acting,
            tx,
            &customer,
            "manage_resource",
            &self.subscription,
        )
        .await?;
        let key = [
            Value::Id(partner.id.uuid()),
            Value::Id(subscription.id.uuid()),
        ];
        // A role on record stands; without one the seller owns what it provisioned (DAP-006).
        rights.resource_role = match tx.get::<ResourceRole>(&key).await? {
            Some(row) => matches!(
                row.role,
                ResourceRoleName::Owner | ResourceRoleName::Contributor
            ),
            None => subscription.default_owner && subscription.seller == Some(partner.id),
        };
        found.access = Some(rights);
        Ok(found)
    }

    async fn apply(
        &self,
        _ctx: &Ctx,
        _acting: &Acting,
        _facts: &Facts,
        _tx: &mut Tx<'_>,
    ) -> Result<Json, AppError> {
        Ok(json!({ "subscription": self.subscription }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ROL-031 to ROL-035, role by role; a global administrator may do everything.
    #[test]
    fn each_task_is_for_the_roles_that_the_rules_name() {
        use DirectoryRole as D;
        let table: [(&str, &str, &[D]); 12] = [
            (
                LIST_USERS,
                "",
                &[D::DirectoryReader, D::GlobalReader, D::UserAdministrator],
            ),
            (LIST_ROLES, "", &[D::DirectoryReader]),
            (
                LIST_ROLE_MEMBERS,
                "",
                &[D::DirectoryReader, D::GlobalReader],
            ),
            (
                LIST_LICENCES,
                "",
                &[
                    D::DirectoryReader,
                    D::GlobalReader,
                    D::UserAdministrator,
                    D::LicenseAdministrator,
                ],
            ),
            (
                READ_LICENCES,
                "",
                &[
                    D::DirectoryReader,
                    D::UserAdministrator,
                    D::LicenseAdministrator,
                ],
            ),
            (CREATE_USER, "", &[D::DirectoryWriter, D::UserAdministrator]),
            (UPDATE_USER, "", &[D::DirectoryWriter, D::UserAdministrator]),
            (DELETE_USER, "", &[D::UserAdministrator]),
            (
                ASSIGN_LICENCES,
                "",
                &[
                    D::DirectoryWriter,
                    D::UserAdministrator,
                    D::LicenseAdministrator,
                ],
            ),
            (CHANGE_ROLES, "", &[D::PrivilegedRoleAdministrator]),
            (RESET_PASSWORD, ORDINARY, &[D::UserAdministrator]),
            (
                RESET_PASSWORD,
                ADMINISTRATOR,
                &[D::PrivilegedAuthenticationAdministrator],
            ),
        ];
        for (task, target, roles) in table {
            let mut wanted = roles.to_vec();
            wanted.push(D::GlobalAdministrator);
            assert_eq!(needs(task, target), wanted, "{task} {target}");
        }
    }
}

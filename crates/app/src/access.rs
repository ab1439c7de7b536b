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
const COMPANY_DETAILS: &str = "company_details";

/// What every role there lets somebody do.
pub(crate) const ANY_TASK: &str = "open_admin_centre";

/// Letting an application act in a customer's tenant (ROL-037).
pub const CONSENT: &str = "consent_application";

/// The roles of which a task in a customer's tenant needs one (ROL-031 to ROL-035). None means: any role.
fn needs(task: &str, target: &str) -> Vec<DirectoryRole> {
    use DirectoryRole as D;
    let mut roles = match (task, target) {
        ("list_users", _) => vec![D::DirectoryReader, D::GlobalReader, D::UserAdministrator],
        ("list_directory_roles", _) => vec![D::DirectoryReader],
        ("create_user", _) => vec![D::DirectoryWriter, D::UserAdministrator],
        ("assign_licences", _) => vec![
            D::DirectoryWriter,
            D::UserAdministrator,
            D::LicenseAdministrator,
        ],
        ("add_to_directory_role", _) => vec![D::PrivilegedRoleAdministrator],
        ("reset_password", "ordinary_user") => vec![D::UserAdministrator],
        ("reset_password", _) => vec![D::PrivilegedAuthenticationAdministrator],
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
        && matches!(
            (task, target),
            ("reset_password", "ordinary_user") | ("open_admin_centre", _)
        );
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
    "ordinary_user".to_owned()
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
        let partner = acting.partner()?;
        let customer = names::the_tenant(tx, &self.customer).await?;
        let mut found = facts::begin(tx, ctx, acting, Checkpoint::Administer).await?;
        found.relation = Some(facts::relation(tx, partner, &customer).await?);
        found.buyer = Some(facts::buyer(tx, &customer, None, ctx.now.date()).await?);
        found.access = Some(access(ctx, acting, tx, &customer, &self.task, &self.target).await?);
        Ok(found)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Json, AppError> {
        // Granular roles go first; only where there are none is full delegation used (DAP-004, DAP-005).
        let by_full = |access: &Access| access.full && access.granular.is_empty();
        if facts.access.as_ref().is_some_and(by_full) {
            let partner = acting.partner()?.id;
            legacy::used(ctx, tx, partner, &self.customer).await?;
        }
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

//! Delegated administration: requests, approvals, assignments, ends, and what may be done with it.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tierline_domain::admin::{
    AdminRelationship, AdminState, Assignment, DirectoryRole, Group, ProgramRole,
};
use tierline_domain::customer::Delegation;
use tierline_domain::id::Id;
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::subscription::{ResourceRole, ResourceRoleName};
use tierline_domain::time::{add_days, add_months};
use tierline_rules::Checkpoint;
use tierline_rules::facts::{Access, AdminFact, Facts};
use tierline_store::{Tx, Value, tables};

use crate::actor::{Acting, ActorSpec};
use crate::attempt::UseCase;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::names::{self, by_id};
use crate::{events, facts, schedule};

/// Minutes until approved rights are active and requested terminations done.
const SETTLE_MINUTES: i64 = 10;
/// Months by which auto-extend moves the end (GDA-014).
const EXTENSION_MONTHS: i32 = 6;

/// What a command about granular rights answers.
#[derive(Clone, Debug, Serialize)]
pub struct Administered {
    /// The granular relationship.
    pub admin_relationship: Option<String>,
    /// Its state.
    pub state: Option<AdminState>,
}

impl Administered {
    fn of(row: &AdminRelationship) -> Self {
        Self {
            admin_relationship: Some(row.handle.clone()),
            state: Some(row.state),
        }
    }
}

fn custom(roles: &[String]) -> Vec<String> {
    roles
        .iter()
        .filter(|role| role.parse::<DirectoryRole>().is_err())
        .cloned()
        .collect()
}

async fn of_pair(
    tx: &mut Tx<'_>,
    partner: &Account,
    customer: &Tenant,
) -> Result<Vec<AdminRelationship>, AppError> {
    let pair = [Value::Id(partner.id.uuid()), Value::Id(customer.id.uuid())];
    Ok(tx.find(tables::admin_relationships::BY_PAIR, &pair).await?)
}

/// Ask for granular rights.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestAdmin {
    /// The customer.
    pub customer: String,
    /// Its name, unique within the partner.
    pub name: String,
    /// How long.
    #[serde(default = "two_years")]
    pub days: i64,
    /// Built-in directory roles.
    pub roles: Vec<String>,
    /// Extends itself.
    #[serde(default)]
    pub auto_extend: bool,
}

const fn two_years() -> i64 {
    730
}

impl UseCase for RequestAdmin {
    type Out = Administered;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::RequestAdmin
    }

    fn subject(&self) -> String {
        self.customer.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let partner = acting.partner()?;
        let customer = names::the_tenant(tx, &self.customer).await?;
        let mut found = facts::begin(tx, ctx, acting, Checkpoint::RequestAdmin).await?;
        let relation = facts::relation(tx, partner, &customer).await?;
        let others = tx
            .find::<AdminRelationship>(
                tables::admin_relationships::BY_PARTNER,
                &[Value::Id(partner.id.uuid())],
            )
            .await?;
        found.admin = Some(AdminFact {
            wanted_name: Some(self.name.clone()),
            name_taken: others.iter().any(|other| other.name == self.name),
            days: Some(self.days),
            roles: self.roles.clone(),
            custom_roles: custom(&self.roles),
            auto_extend: self.auto_extend,
            listed: relation.is_active(),
            own: true,
            ..AdminFact::default()
        });
        found.relation = Some(relation);
        Ok(found)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Administered, AppError> {
        let customer = names::the_tenant(tx, &self.customer).await?;
        let id: Id<AdminRelationship> = ctx.ids().next();
        let row = AdminRelationship {
            id,
            handle: id.to_string(),
            partner: acting.partner()?.id,
            customer: customer.id,
            name: self.name.clone(),
            roles: self.roles.clone(),
            state: AdminState::ApprovalPending,
            requested: ctx.now,
            ends: add_days(ctx.now.date(), i32::try_from(self.days).unwrap_or(0)),
            days: self.days,
            auto_extend: self.auto_extend,
            is_default: false,
            assigned: Vec::new(),
        };
        tx.insert(&row).await?;
        schedule::plan_admin(tx, &row).await?;
        Ok(Administered::of(&row))
    }
}

/// The customer approves all requested roles together.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApproveAdmin {
    /// The request.
    pub admin_relationship: String,
}

/// Give roles to a group.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssignRoles {
    /// The granular relationship.
    pub admin_relationship: String,
    /// The group; an unknown name makes an empty, nested one.
    pub group: String,
    /// The roles.
    pub roles: Vec<String>,
}

/// Change granular rights.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateAdmin {
    /// The granular relationship.
    pub admin_relationship: String,
    /// Roles to add.
    #[serde(default)]
    pub add_roles: Vec<String>,
    /// Extends itself.
    #[serde(default)]
    pub auto_extend: Option<bool>,
}

/// End granular rights.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TerminateAdmin {
    /// The granular relationship.
    pub admin_relationship: String,
}

/// A granular relationship of the caller; those of others do not exist for it. A customer may hold the link of a
/// request that is not its own: then it is found and refused (GDA-008).
async fn found(
    tx: &mut Tx<'_>,
    acting: &Acting,
    name: &str,
) -> Result<AdminRelationship, AppError> {
    let row = names::the_admin_relationship(tx, name).await?;
    let others = acting
        .account
        .as_ref()
        .is_some_and(|account| account.id != row.partner);
    if others {
        Err(AppError::missing("admin relationship", name))
    } else {
        Ok(row)
    }
}

async fn about(
    ctx: &Ctx,
    acting: &Acting,
    tx: &mut Tx<'_>,
    checkpoint: Checkpoint,
    name: &str,
) -> Result<(Facts, AdminRelationship), AppError> {
    let row = found(tx, acting, name).await?;
    let mut facts = facts::begin(tx, ctx, acting, checkpoint).await?;
    let own = acting
        .tenant
        .as_ref()
        .is_none_or(|tenant| tenant.id == row.customer);
    facts.admin = Some(AdminFact {
        name: Some(row.handle.clone()),
        granted: row.roles.clone(),
        state: Some(row.state),
        requested: Some(row.requested),
        own,
        listed: true,
        ..AdminFact::default()
    });
    Ok((facts, row))
}

async fn settle_soon(ctx: &Ctx, tx: &mut Tx<'_>, row: &AdminRelationship) -> Result<(), AppError> {
    let micros = ctx
        .now
        .as_micros()
        .saturating_add(SETTLE_MINUTES.saturating_mul(60_000_000));
    schedule::plan(
        tx,
        schedule::ADMIN_SETTLE,
        &row.handle,
        tierline_domain::time::Timestamp::from_micros(micros)?,
    )
    .await
}

impl UseCase for ApproveAdmin {
    type Out = Administered;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::ApproveAdmin
    }

    fn subject(&self) -> String {
        self.admin_relationship.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        if acting.tenant.is_none() {
            return Err(AppError::Forbidden(acting.caller.kind.to_string()));
        }
        Ok(about(
            ctx,
            acting,
            tx,
            Checkpoint::ApproveAdmin,
            &self.admin_relationship,
        )
        .await?
        .0)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Administered, AppError> {
        let mut row = found(tx, acting, &self.admin_relationship).await?;
        row.state = AdminState::Approved;
        tx.put(&row).await?;
        schedule::drop_all(tx, &row.handle).await?;
        settle_soon(ctx, tx, &row).await?;
        Ok(Administered::of(&row))
    }
}

impl UseCase for AssignRoles {
    type Out = Administered;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::AssignRoles
    }

    fn subject(&self) -> String {
        self.admin_relationship.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let (mut facts, _) = about(
            ctx,
            acting,
            tx,
            Checkpoint::AssignRoles,
            &self.admin_relationship,
        )
        .await?;
        if let Some(admin) = &mut facts.admin {
            admin.roles.clone_from(&self.roles);
        }
        Ok(facts)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Administered, AppError> {
        let row = found(tx, acting, &self.admin_relationship).await?;
        let group = match names::group(tx, &self.group).await? {
            Some(group) => group,
            None => {
                let group = Group {
                    id: ctx.ids().next(),
                    handle: self.group.clone(),
                    partner: row.partner,
                    members: Vec::new(),
                    nested_in_admin_agents: true,
                };
                tx.insert(&group).await?;
                group
            }
        };
        tx.put(&Assignment {
            admin_relationship: row.id,
            security_group: group.id,
            roles: self.roles.clone(),
        })
        .await?;
        Ok(Administered::of(&row))
    }
}

impl UseCase for UpdateAdmin {
    type Out = Administered;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::UpdateAdmin
    }

    fn subject(&self) -> String {
        self.admin_relationship.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let (mut facts, _) = about(
            ctx,
            acting,
            tx,
            Checkpoint::UpdateAdmin,
            &self.admin_relationship,
        )
        .await?;
        if let Some(admin) = &mut facts.admin {
            admin.roles.clone_from(&self.add_roles);
            admin.adds_roles = !self.add_roles.is_empty();
            admin.auto_extend = self.auto_extend == Some(true);
        }
        Ok(facts)
    }

    async fn apply(
        &self,
        _ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Administered, AppError> {
        let mut row = found(tx, acting, &self.admin_relationship).await?;
        row.auto_extend = self.auto_extend.unwrap_or(row.auto_extend);
        tx.put(&row).await?;
        Ok(Administered::of(&row))
    }
}

impl UseCase for TerminateAdmin {
    type Out = Administered;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::TerminateAdmin
    }

    fn subject(&self) -> String {
        self.admin_relationship.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        Ok(about(
            ctx,
            acting,
            tx,
            Checkpoint::TerminateAdmin,
            &self.admin_relationship,
        )
        .await?
        .0)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Administered, AppError> {
        let mut row = found(tx, acting, &self.admin_relationship).await?;
        row.state = AdminState::TerminationRequested;
        tx.put(&row).await?;
        schedule::drop_all(tx, &row.handle).await?;
        settle_soon(ctx, tx, &row).await?;
        Ok(Administered::of(&row))
    }
}

/// List granular rights over a customer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListAdmin {
    /// The customer.
    pub customer: String,
}

impl UseCase for ListAdmin {
    type Out = Json;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::ListAdmin
    }

    fn subject(&self) -> String {
        self.customer.clone()
    }

    fn writes(&self) -> bool {
        false
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        facts::begin(tx, ctx, acting, Checkpoint::ListAdmin).await
    }

    /// Pending for ninety days, or ended for a year: out of view (GDA-019).
    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Json, AppError> {
        let customer = names::the_tenant(tx, &self.customer).await?;
        let today = ctx.now.date();
        let rows = match &acting.account {
            Some(account) => of_pair(tx, account, &customer).await?,
            None => {
                tx.find(
                    tables::admin_relationships::BY_CUSTOMER,
                    &[Value::Id(customer.id.uuid())],
                )
                .await?
            }
        };
        let shown = |row: &AdminRelationship| match row.state {
            AdminState::ApprovalPending => {
                add_days(row.requested.date(), schedule::INVITATION_DAYS) > today
            }
            AdminState::Expired | AdminState::Terminated => add_months(row.ends, 12) > today,
            _ => true,
        };
        let names: Vec<String> = rows
            .into_iter()
            .filter(shown)
            .map(|row| row.handle)
            .collect();
        Ok(json!({ "admin_relationships": names }))
    }
}

/// The roles of which a task in a customer's tenant needs one (ROL-031 to ROL-035). None means: any role.
fn needs(task: &str, target: &str) -> Vec<DirectoryRole> {
    use DirectoryRole as D;
    let mut roles = match (task, target) {
        ("list_users", _) => vec![D::DirectoryReader, D::GlobalReader, D::UserAdministrator],
        ("read_provisioning_status", _) => vec![D::DirectoryReader, D::GlobalReader],
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
        ("open_ticket", _) => vec![D::ServiceSupportAdministrator],
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
    let rows = of_pair(tx, partner, customer).await?;
    let mut granular: Vec<String> = Vec::new();
    let (mut nested, mut unassigned) = (by_default, false);
    for row in rows.iter().filter(|row| row.state == AdminState::Active) {
        let held = tx
            .find::<Assignment>(
                tables::assignments::BY_RELATIONSHIP,
                &[Value::Id(row.id.uuid())],
            )
            .await?;
        unassigned |= row.is_default && row.assigned.is_empty() && held.is_empty();
        if by_default {
            granular.extend(row.assigned.iter().cloned());
        }
        for assignment in held {
            let group: Group = by_id(tx, assignment.security_group).await?;
            if member
                .as_ref()
                .is_some_and(|member| group.members.contains(member))
            {
                granular.extend(assignment.roles);
                nested |= group.nested_in_admin_agents;
            }
        }
    }
    granular.sort();
    granular.dedup();
    let roles = acting.caller.roles;
    let helpdesk = task == "reset_password"
        && target == "ordinary_user"
        && roles.any(&[ProgramRole::HelpdeskAgent]);
    let full = relation.is_active()
        && relation.delegation == Delegation::Full
        && (roles.any(&[ProgramRole::AdminAgent]) || helpdesk);
    let ended = rows.iter().any(|row| {
        matches!(
            row.state,
            AdminState::Expired | AdminState::Terminated | AdminState::TerminationRequested
        )
    });
    Ok(Access {
        task: task.to_owned(),
        target: target.to_owned(),
        needs: needs(task, target),
        granular,
        active_relationship: rows.iter().any(|row| row.state == AdminState::Active),
        ended,
        default_unassigned: unassigned,
        full,
        guest_there: acting
            .user
            .as_ref()
            .is_some_and(|user| user.guest_in.contains(&customer.handle)),
        nested,
        resource_role: false,
    })
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
        _ctx: &Ctx,
        _acting: &Acting,
        _facts: &Facts,
        _tx: &mut Tx<'_>,
    ) -> Result<Json, AppError> {
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
        let role = tx.get::<ResourceRole>(&key).await?.map(|row| row.role);
        let owner = subscription.default_owner && subscription.seller == Some(partner.id);
        let writes = matches!(
            role,
            Some(ResourceRoleName::Owner | ResourceRoleName::Contributor)
        );
        // A role on the resource, and ownership from provisioning, belong to the partner's admin agents (DAP-006).
        rights.resource_role =
            (writes || owner) && acting.caller.roles.any(&[ProgramRole::AdminAgent]);
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

/// What falls due for granular relationships. Answers whether the kind is one of these.
///
/// # Errors
/// When the store fails.
pub async fn fall_due(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    kind: &str,
    subject: &str,
) -> Result<bool, AppError> {
    if ![
        schedule::ADMIN_END,
        schedule::ADMIN_LAPSE,
        schedule::ADMIN_SETTLE,
    ]
    .contains(&kind)
    {
        return Ok(false);
    }
    let mut row = names::the_admin_relationship(tx, subject).await?;
    row.state = match (kind, row.state) {
        (schedule::ADMIN_SETTLE, AdminState::Approved) => AdminState::Active,
        (schedule::ADMIN_SETTLE, AdminState::TerminationRequested) => AdminState::Terminated,
        (schedule::ADMIN_END, AdminState::Active) if row.auto_extend => {
            row.ends = add_months(row.ends, EXTENSION_MONTHS);
            AdminState::Active
        }
        (schedule::ADMIN_LAPSE, AdminState::ApprovalPending)
        | (schedule::ADMIN_END, AdminState::Active) => AdminState::Expired,
        (_, state) => state,
    };
    if row.state == AdminState::Terminated {
        row.ends = ctx.now.date();
    }
    tx.put(&row).await?;
    schedule::plan_admin(tx, &row).await?;
    events::happened(ctx, tx, kind, subject).await?;
    Ok(true)
}

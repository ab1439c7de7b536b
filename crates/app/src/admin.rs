//! Delegated administration: requests, approvals, assignments, ends, and what may be done with it.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tierline_domain::admin::{AdminRelationship, AdminState, Assignment, DirectoryRole, Group};
use tierline_domain::id::Id;
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::time::{Date, Period, add_days, add_months};
use tierline_rules::Checkpoint;
use tierline_rules::facts::{AdminFact, Facts};
use tierline_store::{Tx, Value, tables};

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::names::{self, by_id};
use crate::{events, facts, schedule, support_contact};

/// Minutes until approved rights are active and requested terminations done.
const SETTLE_MINUTES: i64 = 10;
/// Months by which auto-extend moves the end (GDA-014).
const EXTENSION_MONTHS: i32 = 6;

/// Auto-extend exists since 30 October 2023: what ended that day or later is extended (GDA-014).
const AUTO_EXTEND_FROM: Date = Date::constant(2023, 10, 30);

/// A request that nobody answered ends on the day it was made: it never was in force.
fn lapsed(row: &AdminRelationship) -> bool {
    row.state == AdminState::Expired && row.ends <= row.requested.date()
}

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

pub(crate) async fn of_pair(
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
        let customer = names::tenant(tx, &self.customer).await?;
        let mut found = facts::begin(tx, ctx, acting, Checkpoint::RequestAdmin).await?;
        if let Some(customer) = &customer {
            found.relation = Some(facts::relation(tx, partner, customer).await?);
        }
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
            own: true,
            customer: Some(self.customer.clone()),
            partner: Some(partner.handle.clone()),
            ..AdminFact::default()
        });
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
        // Its name is unique within the partner; as a short name it serves whoever comes first.
        let taken = names::admin_relationship(tx, &self.name).await?.is_some();
        let row = AdminRelationship {
            id,
            handle: if taken {
                id.to_string()
            } else {
                self.name.clone()
            },
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

/// A granular relationship of the caller; those of others do not exist for it.
async fn found(
    tx: &mut Tx<'_>,
    acting: &Acting,
    name: &str,
) -> Result<AdminRelationship, AppError> {
    let row = names::the_admin_relationship(tx, name).await?;
    if is_own(acting, &row) {
        Ok(row)
    } else {
        Err(AppError::missing("admin relationship", name))
    }
}

fn is_own(acting: &Acting, row: &AdminRelationship) -> bool {
    let partner = acting.account.as_ref().map(|account| account.id);
    let customer = acting.tenant.as_ref().map(|tenant| tenant.id);
    partner == Some(row.partner) || customer == Some(row.customer)
}

/// What a command finds of an existing relationship.
async fn known(tx: &mut Tx<'_>, row: &AdminRelationship, own: bool) -> Result<AdminFact, AppError> {
    let partner = names::account_by_id(tx, row.partner).await?;
    let customer: Tenant = by_id(tx, row.customer).await?;
    Ok(AdminFact {
        name: Some(row.handle.clone()),
        days: Some(row.days),
        granted: row.roles.clone(),
        state: Some(row.state),
        requested: Some(row.requested),
        own,
        partner: Some(partner.handle),
        customer: Some(customer.handle),
        ..AdminFact::default()
    })
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
    let mut admin = known(tx, &row, true).await?;
    admin.days = None;
    facts.admin = Some(admin);
    Ok((facts, row))
}

/// A notice to the partner's admin agents and to the customer's global administrators, on the audit trail.
async fn tell_both(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    what: &str,
    row: &AdminRelationship,
) -> Result<(), AppError> {
    for side in ["partner", "customer"] {
        let kind = format!("{what}_notice_to_{side}");
        events::happened(ctx, tx, &kind, &row.handle).await?;
    }
    Ok(())
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
        let mut facts = facts::begin(tx, ctx, acting, Checkpoint::ApproveAdmin).await?;
        // Whoever holds a link follows it: whether it leads to a request, and to one of its own, is for the
        // rules to say (GDA-007, GDA-008, GDA-031).
        facts.admin = Some(
            match names::admin_relationship(tx, &self.admin_relationship).await? {
                Some(row) => known(tx, &row, is_own(acting, &row)).await?,
                None => AdminFact {
                    name: Some(self.admin_relationship.clone()),
                    unknown: true,
                    ..AdminFact::default()
                },
            },
        );
        Ok(facts)
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
        tell_both(ctx, tx, "admin_confirmed", &row).await?;
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
        acting.partner()?;
        let (mut facts, row) = about(
            ctx,
            acting,
            tx,
            Checkpoint::AssignRoles,
            &self.admin_relationship,
        )
        .await?;
        let foreign = match names::group(tx, &self.group).await? {
            Some(group) if group.partner != row.partner => {
                let owner = names::account_by_id(tx, group.partner).await?;
                Some((self.group.clone(), owner.handle))
            }
            _ => None,
        };
        if let Some(admin) = &mut facts.admin {
            admin.roles.clone_from(&self.roles);
            admin.foreign_group = foreign;
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
        acting.partner()?;
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
        tell_both(ctx, tx, "admin_termination", &row).await?;
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
        let customer = names::the_tenant(tx, &self.customer).await?;
        if acting
            .tenant
            .as_ref()
            .is_some_and(|own| own.id != customer.id)
        {
            return Err(AppError::missing("customer", &self.customer));
        }
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
            AdminState::ApprovalPending => row
                .requested
                .plus(Period::days(schedule::INVITATION_DAYS))
                .is_ok_and(|end| ctx.now < end),
            AdminState::Expired | AdminState::Terminated => {
                !lapsed(row) && add_months(row.ends, 12) >= today
            }
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
        schedule::ADMIN_REMIND,
    ]
    .contains(&kind)
    {
        return Ok(false);
    }
    let mut row = names::the_admin_relationship(tx, subject).await?;
    if kind == schedule::ADMIN_REMIND {
        return remind(ctx, tx, &row).await.map(|()| true);
    }
    let before = row.state;
    match (kind, row.state) {
        (schedule::ADMIN_SETTLE, AdminState::Approved) => {
            row.state = AdminState::Active;
            // The days asked for are days in force, however long the customer thought about it (GDA-004).
            row.ends = add_days(ctx.now.date(), i32::try_from(row.days).unwrap_or(0));
        }
        (schedule::ADMIN_SETTLE, AdminState::TerminationRequested) => {
            row.state = AdminState::Terminated;
            row.ends = ctx.now.date();
        }
        (schedule::ADMIN_LAPSE, AdminState::ApprovalPending) => {
            row.state = AdminState::Expired;
            row.ends = row.requested.date();
        }
        (schedule::ADMIN_END, AdminState::Active) => {
            if row.auto_extend && ctx.now.date() > AUTO_EXTEND_FROM {
                row.ends = add_months(row.ends, EXTENSION_MONTHS);
            } else {
                row.state = AdminState::Expired;
            }
        }
        _ => return Ok(true),
    }
    tx.put(&row).await?;
    schedule::plan_admin(tx, &row).await?;
    if matches!(row.state, AdminState::Terminated | AdminState::Expired) {
        support_contact::rights_ended(tx, row.partner, row.customer).await?;
    }
    if kind == schedule::ADMIN_END && row.state == before {
        events::happened(ctx, tx, "admin_extended", subject).await?;
    } else {
        let what = format!("admin_{}", row.state);
        events::happened(ctx, tx, &what, subject).await?;
    }
    Ok(true)
}

/// Both sides are reminded ahead of the end, and told on the day (GDA-016). What was planned for an end that
/// has moved since says nothing.
async fn remind(ctx: &Ctx, tx: &mut Tx<'_>, row: &AdminRelationship) -> Result<(), AppError> {
    let due = schedule::REMINDER_DAYS
        .into_iter()
        .any(|days| add_days(row.ends, days.saturating_neg()) == ctx.now.date());
    if row.state == AdminState::Active && due {
        tell_both(ctx, tx, "admin_expiry", row).await?;
    }
    Ok(())
}

//! Granular delegated administration: requests, approvals, changes, ends. What is written before a request is sent
//! stands in [`drafts`], groups and their roles in [`assignments`], what happens by date in [`due`], what the partner
//! is told of it in [`report`], and old full delegation in [`legacy`].

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tierline_domain::admin::{
    AdminAction, AdminRelationship, AdminRequest, AdminState, DirectoryRole, Draft, Progress,
};
use tierline_domain::id::Id;
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::time::{Period, Timestamp, add_days, add_months};
use tierline_rules::Checkpoint;
use tierline_rules::facts::{AdminFact, Facts};
use tierline_store::{Tx, Value, tables};

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::{Ctx, Ids};
use crate::error::AppError;
use crate::names::{self, by_id};
use crate::{events, facts, schedule};

pub mod assignments;
pub mod drafts;
pub mod due;
pub mod legacy;
pub mod report;

/// Minutes that each of the operator's steps takes: approved, activating, active; past its end, expired; asked to
/// end, ending, ended; a group's roles given, changed or taken away. Well within the hour of ROL-017.
pub const STEP_MINUTES: i64 = 5;

/// A request that nobody answered ends on the day it was made: it never was in force.
fn lapsed(row: &AdminRelationship) -> bool {
    row.state == AdminState::Expired && row.ends <= row.requested.date()
}

/// Pending for ninety days, or ended for a year: out of both parties' view (GDA-019).
///
/// # Errors
/// When a date lies outside the calendar.
pub fn in_view(row: &AdminRelationship, now: Timestamp) -> Result<bool, AppError> {
    Ok(match row.state {
        AdminState::ApprovalPending => {
            now < row
                .requested
                .plus(Period::days(schedule::INVITATION_DAYS))?
        }
        AdminState::Expired | AdminState::Terminated => {
            !lapsed(row) && add_months(row.ends, 12) >= now.date()
        }
        _ => true,
    })
}

/// What a command about granular rights answers.
#[derive(Clone, Debug, Serialize)]
pub struct Administered {
    /// The granular relationship.
    pub admin_relationship: Option<String>,
    /// Its state.
    pub state: Option<AdminState>,
    /// The id of what was asked, where it is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<Id<AdminRequest>>,
}

impl Administered {
    fn of(row: &AdminRelationship, asked: Option<Id<AdminRequest>>) -> Self {
        Self {
            admin_relationship: Some(row.handle.clone()),
            state: Some(row.state),
            asked,
        }
    }
}

/// Writes a relationship as it has become.
pub(crate) async fn keep(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    row: &mut AdminRelationship,
) -> Result<(), AppError> {
    row.changed = Some(ctx.now);
    row.version = row.version.saturating_add(1);
    Ok(tx.put(row).await?)
}

/// Keeps what was asked of a relationship.
async fn ask(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    row: &AdminRelationship,
    action: AdminAction,
    progress: Progress,
) -> Result<Id<AdminRequest>, AppError> {
    let name = format!("{} {} {action}", ctx.seed, row.id);
    let id = Ids::named("admin request", &name, ctx.now).next();
    tx.put(&AdminRequest {
        id,
        admin_relationship: row.id,
        action,
        progress,
        created: ctx.now,
        changed: ctx.now,
    })
    .await?;
    Ok(id)
}

/// The instant of a step that is taken in a while.
pub(crate) fn soon(ctx: &Ctx) -> Result<Timestamp, AppError> {
    let micros = STEP_MINUTES.saturating_mul(60_000_000);
    Ok(Timestamp::from_micros(
        ctx.now.as_micros().saturating_add(micros),
    )?)
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

/// Every granular relationship over a customer.
pub(crate) async fn of_customer(
    tx: &mut Tx<'_>,
    customer: &Tenant,
) -> Result<Vec<AdminRelationship>, AppError> {
    let key = [Value::Id(customer.id.uuid())];
    Ok(tx
        .find(tables::admin_relationships::BY_CUSTOMER, &key)
        .await?)
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
        found.admin = Some(Box::new(AdminFact {
            wanted_name: Some(self.name.clone()),
            name_taken: drafts::name_taken(tx, partner, &self.name, None).await?,
            days: Some(self.days),
            roles: self.roles.clone(),
            custom_roles: custom(&self.roles),
            auto_extend: self.auto_extend,
            own: true,
            customer: Some(self.customer.clone()),
            partner: Some(partner.handle.clone()),
            ..AdminFact::default()
        }));
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
        let draft = Draft {
            id: ctx.ids().next(),
            partner: acting.partner()?.id,
            customer: Some(customer.id),
            name: self.name.clone(),
            roles: self.roles.clone(),
            days: self.days,
            auto_extend: self.auto_extend,
            created: ctx.now,
            changed: ctx.now,
            version: 1,
        };
        send(ctx, tx, &draft, &customer).await
    }
}

/// A request goes to its customer, and keeps its id.
async fn send(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    draft: &Draft,
    customer: &Tenant,
) -> Result<Administered, AppError> {
    // Its name is unique within the partner; as a short name it serves whoever comes first.
    let taken = names::admin_relationship(tx, &draft.name).await?.is_some();
    let row = AdminRelationship {
        id: draft.id,
        handle: if taken {
            draft.id.to_string()
        } else {
            draft.name.clone()
        },
        partner: draft.partner,
        customer: customer.id,
        name: draft.name.clone(),
        roles: draft.roles.clone(),
        state: AdminState::ApprovalPending,
        requested: ctx.now,
        ends: add_days(ctx.now.date(), i32::try_from(draft.days).unwrap_or(0)),
        days: draft.days,
        auto_extend: draft.auto_extend,
        is_default: false,
        assigned: Vec::new(),
        activated: None,
        changed: None,
        version: draft.version.saturating_add(1),
    };
    tx.insert(&row).await?;
    schedule::plan_admin(tx, &row).await?;
    let asked = ask(
        ctx,
        tx,
        &row,
        AdminAction::LockForApproval,
        Progress::Succeeded,
    )
    .await?;
    Ok(Administered::of(&row, Some(asked)))
}

/// The customer approves all requested roles together.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApproveAdmin {
    /// The request.
    pub admin_relationship: String,
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
    /// Members besides that the caller would change: they are fixed from the moment the request was sent.
    #[serde(default)]
    pub terms: Vec<String>,
    /// The version that the caller has read; whatever it is, without one.
    #[serde(default)]
    pub etag: Option<i64>,
}

/// End granular rights.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TerminateAdmin {
    /// The granular relationship.
    pub admin_relationship: String,
}

/// A granular relationship of the caller; those of others do not exist for it.
pub(crate) async fn found(
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

/// What a command about a relationship in force finds; no row where the request was not even sent (GDA-009).
async fn about(
    ctx: &Ctx,
    acting: &Acting,
    tx: &mut Tx<'_>,
    checkpoint: Checkpoint,
    name: &str,
) -> Result<(Facts, Option<AdminRelationship>), AppError> {
    let mut facts = facts::begin(tx, ctx, acting, checkpoint).await?;
    if let Some(account) = &acting.account
        && let Some(draft) = drafts::draft(tx, account, name).await?
    {
        facts.admin = Some(Box::new(AdminFact {
            name: Some(draft.name),
            granted: draft.roles,
            own: true,
            draft: true,
            ..AdminFact::default()
        }));
        return Ok((facts, None));
    }
    let row = found(tx, acting, name).await?;
    let mut admin = known(tx, &row, true).await?;
    admin.days = None;
    facts.admin = Some(Box::new(admin));
    Ok((facts, Some(row)))
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

/// Rights end at once with the relationship that carries them (CUS-020).
pub(crate) async fn ended_with_relationship(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    mut row: AdminRelationship,
) -> Result<(), AppError> {
    keep(ctx, tx, &mut row).await?;
    assignments::release(ctx, tx, &row).await?;
    events::happened(ctx, tx, "admin_terminated", &row.handle).await
}

async fn settle_soon(ctx: &Ctx, tx: &mut Tx<'_>, row: &AdminRelationship) -> Result<(), AppError> {
    schedule::plan(tx, schedule::ADMIN_SETTLE, &row.handle, soon(ctx)?).await
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
        let named = match names::admin_relationship(tx, &self.admin_relationship).await? {
            Some(row) => known(tx, &row, is_own(acting, &row)).await?,
            None => AdminFact {
                name: Some(self.admin_relationship.clone()),
                unknown: true,
                ..AdminFact::default()
            },
        };
        facts.admin = Some(Box::new(named));
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
        keep(ctx, tx, &mut row).await?;
        schedule::drop_all(tx, &row.handle).await?;
        settle_soon(ctx, tx, &row).await?;
        let asked = ask(ctx, tx, &row, AdminAction::Approve, Progress::Pending).await?;
        tell_both(ctx, tx, "admin_confirmed", &row).await?;
        Ok(Administered::of(&row, Some(asked)))
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
        let (mut facts, row) = about(
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
            admin.changes_terms = !self.terms.is_empty();
            admin.auto_extend = self.auto_extend == Some(true);
            let version = row.map(|row| row.version);
            admin.etag_stale = self.etag.is_some() && version.is_some() && self.etag != version;
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
        let mut row = found(tx, acting, &self.admin_relationship).await?;
        row.auto_extend = self.auto_extend.unwrap_or(row.auto_extend);
        keep(ctx, tx, &mut row).await?;
        Ok(Administered::of(&row, None))
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
        keep(ctx, tx, &mut row).await?;
        schedule::drop_all(tx, &row.handle).await?;
        settle_soon(ctx, tx, &row).await?;
        let asked = ask(ctx, tx, &row, AdminAction::Terminate, Progress::Pending).await?;
        tell_both(ctx, tx, "admin_termination", &row).await?;
        Ok(Administered::of(&row, Some(asked)))
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

    /// What is in view (GDA-019).
    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Json, AppError> {
        let customer = names::the_tenant(tx, &self.customer).await?;
        let rows = match &acting.account {
            Some(account) => of_pair(tx, account, &customer).await?,
            None => of_customer(tx, &customer).await?,
        };
        let mut names = Vec::with_capacity(rows.len());
        for row in rows {
            if in_view(&row, ctx.now)? {
                names.push(row.handle);
            }
        }
        Ok(json!({ "admin_relationships": names }))
    }
}

//! Groups of a partner, and the roles of granular relationships that they hold.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tierline_domain::admin::{
    AdminOperation, AdminRelationship, AdminState, Assignment, AssignmentState, Group, Progress,
};
use tierline_domain::id::Id;
use tierline_rules::Checkpoint;
use tierline_rules::facts::Facts;
use tierline_store::{Tx, Value, tables};
use uuid::Uuid;

use super::{about, found, soon};
use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::{Ctx, Ids};
use crate::error::AppError;
use crate::names::{self, by_id};
use crate::{events, facts, fields, schedule};

/// Roles given to a group come into force, or those taken away are gone. Subject: relationship and group, by their
/// ids.
pub const ASSIGNMENT_SETTLE: &str = "assignment_settle";
/// A group's roles change. Subject: the operation.
pub const OPERATION_SETTLE: &str = "admin_operation_settle";

/// Give roles to a group.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssignRoles {
    /// The granular relationship.
    pub admin_relationship: String,
    /// The group; an unknown name makes an empty, nested one.
    pub group: String,
    /// The roles, in the place of those that the group holds.
    pub roles: Vec<String>,
    /// Only to a group that holds none.
    #[serde(default)]
    pub only_new: bool,
}

/// Give other roles to a group that holds some.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeRoles {
    /// The granular relationship.
    pub admin_relationship: String,
    /// The group.
    pub group: String,
    /// The roles, in the place of those that the group holds.
    pub roles: Vec<String>,
    /// The version that the caller has read; whatever it is, without one.
    #[serde(default)]
    pub etag: Option<i64>,
}

/// Take a group's roles away.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoveRoles {
    /// The granular relationship.
    pub admin_relationship: String,
    /// The group.
    pub group: String,
    /// The version that the caller has read; whatever it is, without one.
    #[serde(default)]
    pub etag: Option<i64>,
}

/// Say who is in a security group of the partner's tenant; an unknown name makes a new one.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetGroup {
    /// The group.
    pub group: String,
    /// Its members: users of the partner. What is left out stays.
    #[serde(default)]
    pub members: Option<Vec<String>>,
    /// Nested under the admin agents (GDA-028); a new group is.
    #[serde(default)]
    pub nested_in_admin_agents: Option<bool>,
}

/// What a command about the roles of a group answers.
#[derive(Clone, Debug, Serialize)]
pub struct Assigned {
    /// The granular relationship.
    pub admin_relationship: String,
    /// The state of that relationship.
    pub state: AdminState,
    /// The assignment, which has the id of its group.
    pub assignment: Id<Group>,
    /// A change on its way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<Id<AdminOperation>>,
    /// The group holds just these roles already.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub replayed: bool,
}

impl Assigned {
    fn of(row: &AdminRelationship, group: &Group) -> Self {
        Self {
            admin_relationship: row.handle.clone(),
            state: row.state,
            assignment: group.id,
            operation: None,
            replayed: false,
        }
    }
}

/// What a group holds of a relationship; what was taken away is held no more.
async fn held(
    tx: &mut Tx<'_>,
    row: &AdminRelationship,
    group: &Group,
) -> Result<Option<Assignment>, AppError> {
    let key = [Value::Id(row.id.uuid()), Value::Id(group.id.uuid())];
    let known = tx.get::<Assignment>(&key).await?;
    Ok(known.filter(|known| known.state != AssignmentState::Deleted))
}

/// Every assignment of a relationship, also those that were taken away.
///
/// # Errors
/// When the store fails.
pub async fn of_relationship(
    tx: &mut Tx<'_>,
    row: &AdminRelationship,
) -> Result<Vec<Assignment>, AppError> {
    let key = [Value::Id(row.id.uuid())];
    Ok(tx.find(tables::assignments::BY_RELATIONSHIP, &key).await?)
}

/// A group that is not the partner's own, and whose it is. One that is named by an id is foreign also where it does
/// not exist, so that an id tells nothing.
async fn foreign(
    tx: &mut Tx<'_>,
    row: &AdminRelationship,
    name: &str,
) -> Result<Option<(String, String)>, AppError> {
    Ok(match names::group(tx, name).await? {
        Some(group) if group.partner != row.partner => {
            let owner = names::account_by_id(tx, group.partner).await?;
            Some((name.to_owned(), owner.handle))
        }
        None if name.parse::<Uuid>().is_ok() => Some((name.to_owned(), String::new())),
        _ => None,
    })
}

async fn settle(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    row: &AdminRelationship,
    group: Id<Group>,
) -> Result<(), AppError> {
    let subject = format!("{} {group}", row.id);
    schedule::drop_open(tx, ASSIGNMENT_SETTLE, &subject).await?;
    schedule::plan(tx, ASSIGNMENT_SETTLE, &subject, soon(ctx)?).await
}

impl UseCase for AssignRoles {
    type Out = Assigned;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::AssignRoles
    }

    fn subject(&self) -> String {
        self.admin_relationship.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        acting.partner()?;
        let at = self.checkpoint();
        let (mut facts, row) = about(ctx, acting, tx, at, &self.admin_relationship).await?;
        let Some(row) = row else {
            return Ok(facts);
        };
        let foreign = foreign(tx, &row, &self.group).await?;
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
    ) -> Result<Assigned, AppError> {
        let roles = some_roles(&self.roles)?;
        let row = found(tx, acting, &self.admin_relationship).await?;
        let group = match names::group(tx, &self.group).await? {
            Some(group) => group,
            None => new_group(ctx, tx, acting, &self.group).await?,
        };
        let Some(known) = held(tx, &row, &group).await? else {
            let key = [Value::Id(row.id.uuid()), Value::Id(group.id.uuid())];
            let before = tx.get::<Assignment>(&key).await?;
            tx.put(&Assignment {
                admin_relationship: row.id,
                security_group: group.id,
                roles,
                state: AssignmentState::Pending,
                created: Some(ctx.now),
                changed: Some(ctx.now),
                version: before.map_or(1, |before| before.version.saturating_add(1)),
            })
            .await?;
            settle(ctx, tx, &row, group.id).await?;
            return Ok(Assigned::of(&row, &group));
        };
        if self.only_new {
            let text = format!(
                "the group {} holds roles of this relationship already; change its access assignment",
                group.handle
            );
            return Err(AppError::Conflict(text));
        }
        change(ctx, tx, (&row, &group), known, roles).await
    }
}

/// Roles in order, each once.
fn some_roles(roles: &[String]) -> Result<Vec<String>, AppError> {
    let mut roles = roles.to_vec();
    roles.sort();
    roles.dedup();
    if roles.is_empty() {
        return Err(AppError::invalid("roles", "name at least one role"));
    }
    Ok(roles)
}

/// What a group of the partner holds of a relationship; there is no other.
async fn the_held(
    tx: &mut Tx<'_>,
    row: &AdminRelationship,
    name: &str,
) -> Result<(Group, Assignment), AppError> {
    let missing = || AppError::missing("access assignment", name);
    let group = names::group(tx, name).await?;
    let group = group.filter(|group| group.partner == row.partner);
    let group = group.ok_or_else(missing)?;
    let known = held(tx, row, &group).await?.ok_or_else(missing)?;
    Ok((group, known))
}

impl UseCase for ChangeRoles {
    type Out = Assigned;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::AssignRoles
    }

    fn subject(&self) -> String {
        self.admin_relationship.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        acting.partner()?;
        let at = self.checkpoint();
        let (mut facts, row) = about(ctx, acting, tx, at, &self.admin_relationship).await?;
        let Some(row) = row else {
            return Ok(facts);
        };
        let (_, known) = the_held(tx, &row, &self.group).await?;
        if let Some(admin) = &mut facts.admin {
            admin.roles.clone_from(&self.roles);
            admin.etag_stale = self.etag.is_some_and(|etag| etag != known.version);
        }
        Ok(facts)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Assigned, AppError> {
        let roles = some_roles(&self.roles)?;
        let row = found(tx, acting, &self.admin_relationship).await?;
        let (group, known) = the_held(tx, &row, &self.group).await?;
        change(ctx, tx, (&row, &group), known, roles).await
    }
}

/// Other roles for a group that holds some.
async fn change(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    (row, group): (&AdminRelationship, &Group),
    mut known: Assignment,
    roles: Vec<String>,
) -> Result<Assigned, AppError> {
    let mut now_held = known.roles.clone();
    now_held.sort();
    match known.state {
        _ if known.state != AssignmentState::Deleting && now_held == roles => Ok(Assigned {
            replayed: true,
            ..Assigned::of(row, group)
        }),
        AssignmentState::Active => {
            let operation = AdminOperation {
                id: Ids::named(
                    "admin operation",
                    &format!("{} {} {}", ctx.seed, row.id, group.id),
                    ctx.now,
                )
                .next(),
                admin_relationship: row.id,
                security_group: group.id,
                roles,
                progress: Progress::Pending,
                created: ctx.now,
                changed: ctx.now,
            };
            tx.put(&operation).await?;
            let id = operation.id;
            schedule::plan(tx, OPERATION_SETTLE, &id.to_string(), soon(ctx)?).await?;
            Ok(Assigned {
                operation: Some(id),
                ..Assigned::of(row, group)
            })
        }
        // What is not in force yet comes into force as it was asked for last.
        AssignmentState::Pending => {
            known.roles = roles;
            keep(ctx, tx, known).await?;
            Ok(Assigned::of(row, group))
        }
        AssignmentState::Deleting | AssignmentState::Deleted => Err(AppError::Conflict(format!(
            "the roles of the group {} are being taken away; ask again in some minutes",
            group.handle
        ))),
    }
}

async fn keep(ctx: &Ctx, tx: &mut Tx<'_>, mut row: Assignment) -> Result<(), AppError> {
    row.changed = Some(ctx.now);
    row.version = row.version.saturating_add(1);
    Ok(tx.put(&row).await?)
}

impl UseCase for RemoveRoles {
    type Out = Assigned;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::AssignRoles
    }

    fn subject(&self) -> String {
        self.admin_relationship.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        acting.partner()?;
        let at = self.checkpoint();
        let (mut facts, row) = about(ctx, acting, tx, at, &self.admin_relationship).await?;
        let Some(row) = row else {
            return Ok(facts);
        };
        let (_, known) = the_held(tx, &row, &self.group).await?;
        if let Some(admin) = &mut facts.admin {
            admin.etag_stale = self.etag.is_some_and(|etag| etag != known.version);
        }
        Ok(facts)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Assigned, AppError> {
        let row = found(tx, acting, &self.admin_relationship).await?;
        let (group, mut known) = the_held(tx, &row, &self.group).await?;
        if known.state == AssignmentState::Deleting {
            return Ok(Assigned {
                replayed: true,
                ..Assigned::of(&row, &group)
            });
        }
        known.state = AssignmentState::Deleting;
        keep(ctx, tx, known).await?;
        settle(ctx, tx, &row, group.id).await?;
        Ok(Assigned::of(&row, &group))
    }
}

/// An empty group, nested under the admin agents.
async fn new_group(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    acting: &Acting,
    name: &str,
) -> Result<Group, AppError> {
    fields::text("group", name)?;
    let group = Group {
        id: ctx.ids().next(),
        handle: name.to_owned(),
        partner: acting.partner()?.id,
        members: Vec::new(),
        nested_in_admin_agents: true,
    };
    tx.insert(&group).await?;
    Ok(group)
}

impl UseCase for SetGroup {
    type Out = Json;

    /// Who is in a group decides what a user may do, as a role does (ROL-005).
    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::AssignRole
    }

    fn subject(&self) -> String {
        self.group.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let partner = acting.partner()?.id;
        if let Some(group) = names::group(tx, &self.group).await?
            && group.partner != partner
        {
            return Err(AppError::missing("group", &self.group));
        }
        for (place, name) in self.members.iter().flatten().enumerate() {
            let user = names::user(tx, name).await?;
            if user.is_none_or(|user| user.partner != partner) {
                let problem = format!("`{name}` is no user of this partner; create it first");
                return Err(AppError::invalid(format!("members[{place}]"), problem));
            }
        }
        facts::begin(tx, ctx, acting, self.checkpoint()).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Json, AppError> {
        let mut group = match names::group(tx, &self.group).await? {
            Some(group) => group,
            None => new_group(ctx, tx, acting, &self.group).await?,
        };
        if let Some(members) = &self.members {
            group.members.clear();
            for name in members {
                let user = names::the_user(tx, name).await?.handle;
                if !group.members.contains(&user) {
                    group.members.push(user);
                }
            }
        }
        if let Some(nested) = self.nested_in_admin_agents {
            group.nested_in_admin_agents = nested;
        }
        tx.put(&group).await?;
        Ok(json!({
            "group": group.handle, "id": group.id, "members": group.members,
            "nested_in_admin_agents": group.nested_in_admin_agents,
        }))
    }
}

/// The relationship and group of a subject.
fn pair(subject: &str) -> Option<(Uuid, Uuid)> {
    let (one, other) = subject.split_once(' ')?;
    Some((one.parse().ok()?, other.parse().ok()?))
}

/// Does what fell due, if it is about the roles of a group.
pub(super) async fn fall_due(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    kind: &str,
    subject: &str,
) -> Result<bool, AppError> {
    match kind {
        ASSIGNMENT_SETTLE => settled(ctx, tx, subject).await?,
        OPERATION_SETTLE => carried_out(ctx, tx, subject).await?,
        _ => return Ok(false),
    }
    Ok(true)
}

async fn settled(ctx: &Ctx, tx: &mut Tx<'_>, subject: &str) -> Result<(), AppError> {
    let Some((rights, group)) = pair(subject) else {
        return Ok(());
    };
    let key = [Value::Id(rights), Value::Id(group)];
    let Some(mut row) = tx.get::<Assignment>(&key).await? else {
        return Ok(());
    };
    let rights: AdminRelationship = by_id(tx, row.admin_relationship).await?;
    if row.state == AssignmentState::Pending && rights.state != AdminState::Active {
        return Ok(());
    }
    let (state, event) = match row.state {
        AssignmentState::Pending => (AssignmentState::Active, "assignment_active"),
        AssignmentState::Deleting => (AssignmentState::Deleted, "assignment_deleted"),
        AssignmentState::Active | AssignmentState::Deleted => return Ok(()),
    };
    row.state = state;
    keep(ctx, tx, row).await?;
    events::happened(ctx, tx, event, subject).await
}

async fn carried_out(ctx: &Ctx, tx: &mut Tx<'_>, subject: &str) -> Result<(), AppError> {
    let Ok(id) = subject.parse::<Uuid>() else {
        return Ok(());
    };
    let Some(mut operation) = tx.get::<AdminOperation>(&[Value::Id(id)]).await? else {
        return Ok(());
    };
    let rights: AdminRelationship = by_id(tx, operation.admin_relationship).await?;
    let group: Group = by_id(tx, operation.security_group).await?;
    let known = held(tx, &rights, &group).await?;
    let known = known.filter(|known| {
        rights.state == AdminState::Active && known.state == AssignmentState::Active
    });
    operation.changed = ctx.now;
    operation.progress = match known {
        Some(mut known) => {
            known.roles.clone_from(&operation.roles);
            keep(ctx, tx, known).await?;
            let subject = format!("{} {}", rights.id, group.id);
            events::happened(ctx, tx, "assignment_updated", &subject).await?;
            Progress::Succeeded
        }
        // Relationship or assignment came to an end meanwhile.
        None => Progress::Failed,
    };
    Ok(tx.put(&operation).await?)
}

/// A relationship has ended, and groups hold nothing of it any more.
pub(super) async fn release(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    row: &AdminRelationship,
) -> Result<(), AppError> {
    for mut known in of_relationship(tx, row).await? {
        if known.state == AssignmentState::Deleted {
            continue;
        }
        known.state = AssignmentState::Deleted;
        let subject = format!("{} {}", row.id, known.security_group);
        schedule::drop_open(tx, ASSIGNMENT_SETTLE, &subject).await?;
        keep(ctx, tx, known).await?;
        events::happened(ctx, tx, "assignment_deleted", &subject).await?;
    }
    Ok(())
}

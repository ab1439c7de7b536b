//! Effective access: which roles a partner's user holds in a customer's tenant, where they come from, until when, and
//! why there are no more.

use serde::Serialize;
use tierline_domain::admin::{
    AdminRelationship, AdminState, Assignment, AssignmentState, DirectoryRole, Group, ProgramRole,
    User,
};
use tierline_domain::customer::{Delegation, Relationship, RelationshipState};
use tierline_domain::id::Id;
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::time::Timestamp;
use tierline_rules::facts::{CallerKind, Facts};
use tierline_rules::{Checkpoint, Decision, RuleId, decide};
use tierline_store::{Tx, Value, tables};

use crate::actor::{self, Acting, ActorSpec};
use crate::admin::{assignments, in_view, of_pair};
use crate::attempt::judge;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::names::{self, by_id};
use crate::{access, facts};

/// A role that a user holds through a granular relationship.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    role: String,
    /// The relationship's place among the rows.
    row: usize,
    /// The group; none for what the partner's default user is said to hold.
    group: Option<Group>,
}

/// What granular relationships between two parties give to one user.
#[derive(Clone, Debug)]
pub(crate) struct Rights {
    /// Every granular relationship between the two, whatever its state.
    pub(crate) rows: Vec<AdminRelationship>,
    held: Vec<Held>,
    /// Roles given to groups in relationships that are in force, by the relationship's place: those in force, and
    /// those on their way.
    given: Vec<(usize, Group, Assignment)>,
    /// One of the groups is nested under the admin agents (GDA-028).
    pub(crate) nested: bool,
    /// A relationship that came with the customer, and nothing of it is assigned (GDA-023).
    pub(crate) default_unassigned: bool,
}

impl Rights {
    /// The names of the roles, each once.
    pub(crate) fn roles(&self) -> Vec<String> {
        let mut roles: Vec<String> = self.held.iter().map(|held| held.role.clone()).collect();
        roles.sort();
        roles.dedup();
        roles
    }
}

/// What a partner's user holds over a customer through its groups; `by_default` is somebody whom only the partner's
/// name stands for.
///
/// # Errors
/// When the store fails.
pub(crate) async fn held(
    tx: &mut Tx<'_>,
    (partner, customer): (&Account, &Tenant),
    member: Option<&str>,
    by_default: bool,
) -> Result<Rights, AppError> {
    let mut rights = Rights {
        rows: of_pair(tx, partner, customer).await?,
        held: Vec::new(),
        given: Vec::new(),
        nested: false,
        default_unassigned: false,
    };
    for (place, row) in rights.rows.iter().enumerate() {
        if row.state != AdminState::Active {
            continue;
        }
        let given = assignments::of_relationship(tx, row).await?;
        let given: Vec<Assignment> = given
            .into_iter()
            .filter(|given| given.state != AssignmentState::Deleted)
            .collect();
        rights.default_unassigned |= row.is_default && row.assigned.is_empty() && given.is_empty();
        if by_default {
            rights.held.extend(row.assigned.iter().map(|role| Held {
                role: role.clone(),
                row: place,
                group: None,
            }));
        }
        for assignment in given {
            let group: Group = by_id(tx, assignment.security_group).await?;
            let is_member =
                member.is_some_and(|member| group.members.iter().any(|known| known == member));
            if is_member && assignment.state == AssignmentState::Active {
                rights.nested |= group.nested_in_admin_agents;
                rights.held.extend(assignment.roles.iter().map(|role| Held {
                    role: role.clone(),
                    row: place,
                    group: Some(group.clone()),
                }));
            }
            rights.given.push((place, group, assignment));
        }
    }
    Ok(rights)
}

/// A delegation in an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Source {
    /// `granular` or `full`.
    pub kind: &'static str,
    /// The granular relationship's id.
    pub id: Option<Id<AdminRelationship>>,
    /// Its name.
    pub name: Option<String>,
    /// Its state.
    pub state: Option<AdminState>,
}

/// A role that the user holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Grant {
    /// The directory role.
    pub role: String,
    /// The delegation.
    pub from: Source,
    /// The partner's group; withheld from the customer, whose it is not to know.
    pub group: Option<String>,
    /// Until when; without an end where it is absent.
    pub until: Option<Timestamp>,
    /// Whether that end moves by itself (GDA-014).
    pub auto_extend: bool,
}

/// Roles that the user does not hold although a delegation has them, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// The directory roles.
    pub roles: Vec<String>,
    /// The delegation.
    pub from: Source,
    /// The group that holds them.
    pub group: Option<String>,
    /// The rule that says why.
    pub rule: RuleId,
    /// When the delegation ended.
    pub since: Option<Timestamp>,
}

/// What a user may do in a customer's tenant.
#[derive(Clone, Debug)]
pub struct Effective {
    /// The user's sign-in name.
    pub user: String,
    /// Its partner.
    pub partner: Account,
    /// The customer.
    pub customer: Tenant,
    /// The instant for which this holds.
    pub at: Timestamp,
    /// Roles that are held.
    pub roles: Vec<Grant>,
    /// Roles that are not.
    pub gaps: Vec<Gap>,
    /// Whether anything at all can be done with them there, and what stands in the way.
    pub decision: Decision,
}

/// Who asks, and may see what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asker {
    /// The user's own partner, or the operator: everything.
    Inside,
    /// The customer: not whose group it is.
    Customer,
}

/// Answers what a partner's user may do in a customer's tenant. Without a name, the user who asks is meant.
///
/// Its partner's staff may ask that assign granted roles to groups (GDA-010), every user about itself, a customer about
/// its own tenant, the operator about everybody. To everyone else there is no such customer.
///
/// # Errors
/// When there is no such customer or user to the one who asks, or the store fails.
pub async fn of(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: &str,
    user: Option<&str>,
) -> Result<Effective, AppError> {
    let asking = actor::resolve(tx, &ctx.actor).await?;
    let no_customer = || AppError::missing("customer", customer);
    let tenant = names::tenant(tx, customer).await?.ok_or_else(no_customer)?;
    let no_user = || AppError::missing("user", user.unwrap_or_default());
    let user = match (user, &asking.user) {
        (Some(name), _) => known_user(tx, name).await?,
        (None, Some(own)) => Some(User::clone(own)),
        (None, None) => {
            return Err(AppError::invalid(
                "user",
                "is missing: the name by which a partner's user signs in",
            ));
        }
    };
    let asker = admitted(&asking, user.as_ref(), &tenant).ok_or_else(no_customer)?;
    let found = known_to(&asking, user).ok_or_else(no_user)?;
    let partner = names::account_by_id(tx, found.partner).await?;
    let key = [Value::Id(partner.id.uuid()), Value::Id(tenant.id.uuid())];
    let tie = tx.get::<Relationship>(&key).await?;
    let rights = held(tx, (&partner, &tenant), Some(&found.handle), false).await?;
    // A customer knows of the users of its own partners, a partner of its own customers.
    let is_tied = tie
        .as_ref()
        .is_some_and(|tie| tie.state == RelationshipState::Active);
    if !is_tied && rights.rows.is_empty() {
        return Err(match asking.caller.kind {
            CallerKind::Customer => no_user(),
            _ => no_customer(),
        });
    }
    let decision = anything(ctx, tx, &found, &tenant).await?;
    let full = is_tied && tie.is_some_and(|tie| tie.delegation == Delegation::Full);
    let mut answer = Effective {
        user: found.sign_in_name.clone(),
        at: ctx.now,
        roles: grants(&rights, &found, full),
        gaps: gaps(&rights, &found, full, ctx.now)?,
        decision,
        partner,
        customer: tenant,
    };
    if asker == Asker::Customer {
        answer.roles.iter_mut().for_each(|grant| grant.group = None);
        answer.gaps.iter_mut().for_each(|gap| gap.group = None);
    }
    Ok(answer)
}

/// A user by the name it signs in with, its short name or its id.
async fn known_user(tx: &mut Tx<'_>, name: &str) -> Result<Option<User>, AppError> {
    let key = [Value::Text(name.to_owned())];
    let mut found = tx
        .find::<User>(tables::users::BY_SIGN_IN_NAME, &key)
        .await?;
    match found.pop() {
        Some(user) => Ok(Some(user)),
        None => names::user(tx, name).await,
    }
}

/// Whether somebody may ask about a user and a customer, and as whom.
fn admitted(asking: &Acting, user: Option<&User>, customer: &Tenant) -> Option<Asker> {
    match asking.caller.kind {
        CallerKind::Operator => Some(Asker::Inside),
        CallerKind::Customer => asking
            .tenant
            .as_ref()
            .filter(|own| own.id == customer.id)
            .map(|_| Asker::Customer),
        CallerKind::Partner => {
            let asks = asking.user.as_ref().map(|asks| asks.id);
            let itself = asks.is_some() && user.map(|user| user.id) == asks;
            (itself || assigns_roles(asking)).then_some(Asker::Inside)
        }
        CallerKind::Signatory => None,
    }
}

/// The user, unless it is another partner's: of those, a partner knows nothing.
fn known_to(asking: &Acting, user: Option<User>) -> Option<User> {
    let own = asking.account.as_ref().map(|account| account.id);
    user.filter(|user| own.is_none_or(|own| own == user.partner))
}

/// Whether the rules let somebody assign granted roles to groups, as far as its own roles go.
fn assigns_roles(asking: &Acting) -> bool {
    let facts = Facts::bare(
        Checkpoint::AssignRoles,
        Timestamp::EPOCH,
        asking.caller.clone(),
    );
    decide(&facts, &[]).allowed()
}

/// Whether a user may do anything at all there, as it would be decided on the day.
async fn anything(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    user: &User,
    customer: &Tenant,
) -> Result<Decision, AppError> {
    let ctx = Ctx {
        actor: ActorSpec::Named(user.handle.clone()),
        ..ctx.clone()
    };
    let acting = actor::resolve(tx, &ctx.actor).await?;
    let partner = acting.partner()?;
    let mut found = facts::begin(tx, &ctx, &acting, Checkpoint::Administer).await?;
    found.relation = Some(facts::relation(tx, partner, customer).await?);
    found.buyer = Some(facts::buyer(tx, customer, None, ctx.now.date()).await?);
    let task = access::ANY_TASK;
    found.access = Some(access::access(&ctx, &acting, tx, customer, task, "").await?);
    Ok(judge(&ctx, &found))
}

fn source(row: &AdminRelationship) -> Source {
    Source {
        kind: "granular",
        id: Some(row.id),
        name: Some(row.name.clone()),
        state: Some(row.state),
    }
}

const FULL: Source = Source {
    kind: "full",
    id: None,
    name: None,
    state: None,
};

/// What full delegation makes of a user (DAP-001).
fn by_full_delegation(user: &User) -> Option<DirectoryRole> {
    let has = |role: ProgramRole| user.roles.iter().any(|held| held == role.as_str());
    if has(ProgramRole::AdminAgent) {
        Some(DirectoryRole::GlobalAdministrator)
    } else if has(ProgramRole::HelpdeskAgent) {
        Some(DirectoryRole::HelpdeskAdministrator)
    } else {
        None
    }
}

/// Granular roles, or where there are none what full delegation gives (DAP-004).
fn grants(rights: &Rights, user: &User, full: bool) -> Vec<Grant> {
    let mut grants: Vec<Grant> = rights
        .held
        .iter()
        .filter_map(|held| {
            let row = rights.rows.get(held.row)?;
            Some(Grant {
                role: held.role.clone(),
                from: source(row),
                group: held.group.as_ref().map(|group| group.handle.clone()),
                until: Some(row.end()),
                auto_extend: row.auto_extend,
            })
        })
        .collect();
    if grants.is_empty() && full {
        grants.extend(by_full_delegation(user).map(|role| Grant {
            role: role.to_string(),
            from: FULL,
            group: None,
            until: None,
            auto_extend: false,
        }));
    }
    grants.sort_by(|one, other| (&one.role, &one.group).cmp(&(&other.role, &other.group)));
    grants
}

const GDA_009: RuleId = RuleId::of("GDA-009");
const GDA_010: RuleId = RuleId::of("GDA-010");
const GDA_017: RuleId = RuleId::of("GDA-017");
const GDA_023: RuleId = RuleId::of("GDA-023");
const ROL_017: RuleId = RuleId::of("ROL-017");
const DAP_001: RuleId = RuleId::of("DAP-001");
const DAP_004: RuleId = RuleId::of("DAP-004");

/// What there is of delegation that gives the user nothing, and why.
fn gaps(rights: &Rights, user: &User, full: bool, now: Timestamp) -> Result<Vec<Gap>, AppError> {
    let mut gaps = Vec::new();
    for (place, row) in rights.rows.iter().enumerate() {
        if !in_view(row, now)? {
            continue;
        }
        let gap = |roles: Vec<String>, group: Option<&Group>, rule: RuleId| Gap {
            roles,
            from: source(row),
            group: group.map(|group| group.handle.clone()),
            rule,
            since: None,
        };
        if row.state.is_over() {
            gaps.push(Gap {
                since: Some(row.end().min(row.changed.unwrap_or(now)).min(now)),
                ..gap(row.roles.clone(), None, GDA_017)
            });
            continue;
        }
        if row.state != AdminState::Active {
            gaps.push(gap(row.roles.clone(), None, GDA_009));
            continue;
        }
        let held = |role: &String| {
            let mut here = rights.held.iter().filter(|held| held.row == place);
            here.any(|held| held.role == *role)
        };
        let mut open: Vec<String> = row
            .roles
            .iter()
            .filter(|role| !held(role))
            .cloned()
            .collect();
        for (_, group, given) in rights.given.iter().filter(|(of, ..)| *of == place) {
            let (others, rest): (Vec<String>, Vec<String>) = open
                .into_iter()
                .partition(|role| given.roles.contains(role));
            open = rest;
            if others.is_empty() {
                continue;
            }
            let is_member = group.members.contains(&user.handle);
            let rule = if is_member { ROL_017 } else { GDA_010 };
            gaps.push(gap(others, Some(group), rule));
        }
        if !open.is_empty() {
            let rule = if row.is_default { GDA_023 } else { GDA_010 };
            gaps.push(gap(open, None, rule));
        }
    }
    if full {
        let (role, rule) = match by_full_delegation(user) {
            Some(_) if rights.held.is_empty() => return Ok(gaps),
            Some(role) => (role, DAP_004),
            None => (DirectoryRole::GlobalAdministrator, DAP_001),
        };
        gaps.push(Gap {
            roles: vec![role.to_string()],
            from: FULL,
            group: None,
            rule,
            since: None,
        });
    }
    Ok(gaps)
}

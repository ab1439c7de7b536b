//! The audit trail of commands: what was tried, by whom, how it ended (SEC-011, SEC-021).

use tierline_domain::time::Timestamp;
use tierline_rules::{Checkpoint, RuleId};
use tierline_store::log::{self, Outcome};
use tierline_store::{FromRow, Row, StoreError, Tx, Value, statements};
use uuid::Uuid;

use crate::audit;
use crate::ctx::Ctx;
use crate::error::AppError;

statements! {
    pub LAST = "SELECT at_world, kind, actor, subject, outcome, rule FROM events ORDER BY position DESC LIMIT 1";
    pub RECENT = "SELECT at_world, kind, actor, subject, outcome, rule FROM events ORDER BY position DESC LIMIT 100";
    pub OF_ACTOR = "SELECT at_world, kind, actor, subject, outcome, rule FROM events WHERE actor = $1 AND at_world >= $2 ORDER BY position";
}

/// One line of the audit trail.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Event {
    /// When, in the world.
    pub at: Timestamp,
    /// What was tried, or happened.
    pub kind: String,
    /// By whom.
    pub actor: String,
    /// To what.
    pub subject: String,
    /// `succeeded` or `failed`.
    pub outcome: String,
    /// The deciding rule of a refusal.
    pub rule: Option<String>,
}

impl FromRow for Event {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            at: row.get(0)?,
            kind: row.get(1)?,
            actor: row.get(2)?,
            subject: row.get(3)?,
            outcome: row.get(4)?,
            rule: row.get(5)?,
        })
    }
}

/// The id of an event: the same each time its command runs.
pub(crate) fn id_of(ctx: &Ctx, kind: &str, subject: &str, outcome: Outcome) -> Uuid {
    crate::ctx::Ids::named(
        "event",
        &format!("{} {kind} {subject} {}", ctx.seed, outcome.as_str()),
        ctx.now,
    )
    .uuid()
}

async fn append(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    kind: &str,
    actor: &str,
    subject: &str,
    outcome: Outcome,
    rule: Option<RuleId>,
) -> Result<(), StoreError> {
    tx.append(&log::Event {
        id: id_of(ctx, kind, subject, outcome),
        at_world: ctx.now,
        at_server: ctx.server_now,
        home: String::new(),
        kind: kind.to_owned(),
        subject_kind: String::new(),
        subject: subject.to_owned(),
        actor: actor.to_owned(),
        tenant: None,
        outcome,
        rule: rule.map(|rule| rule.to_string()),
        digest: Vec::new(),
        data: serde_json::Value::Null,
    })
    .await
}

/// A command went through.
///
/// # Errors
/// When the store fails.
pub async fn succeeded(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    checkpoint: Checkpoint,
    actor: &str,
    subject: &str,
) -> Result<(), StoreError> {
    append(
        ctx,
        tx,
        checkpoint.as_str(),
        actor,
        subject,
        Outcome::Succeeded,
        None,
    )
    .await
}

/// A command was refused.
///
/// # Errors
/// When the store fails.
pub async fn refused(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    checkpoint: Checkpoint,
    actor: &str,
    subject: &str,
    rule: Option<RuleId>,
) -> Result<(), StoreError> {
    append(
        ctx,
        tx,
        checkpoint.as_str(),
        actor,
        subject,
        Outcome::Failed,
        rule,
    )
    .await
}

/// Something happened by date, or as a consequence. Partners read of it, and hear of it, where it concerns them.
///
/// # Errors
/// When the store fails.
pub async fn happened(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    kind: &str,
    subject: &str,
) -> Result<(), AppError> {
    append(
        ctx,
        tx,
        kind,
        "scheduler",
        subject,
        Outcome::Succeeded,
        None,
    )
    .await?;
    let id = id_of(ctx, kind, subject, Outcome::Succeeded);
    audit::happened(ctx, tx, kind, subject, id).await
}

/// Somebody changed a setting that is no part of the program.
///
/// # Errors
/// When the store fails.
pub async fn said(ctx: &Ctx, tx: &mut Tx<'_>, kind: &str, subject: &str) -> Result<(), StoreError> {
    let actor = ctx.actor.party();
    append(ctx, tx, kind, actor, subject, Outcome::Succeeded, None).await
}

/// Something happened by date that nobody is told of, such as the next charge: the rows that it wrote stand in the log
/// all the same.
///
/// # Errors
/// When the store fails.
pub async fn passed(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    kind: &str,
    subject: &str,
) -> Result<(), StoreError> {
    let outcome = Outcome::Succeeded;
    append(ctx, tx, kind, "scheduler", subject, outcome, None).await
}

/// The operator set something up past the rules, before anybody acted: a world, its credentials. `of` tells one such
/// event from another of its kind.
///
/// # Errors
/// When the store fails.
pub async fn set_up(
    tx: &mut Tx<'_>,
    kind: &str,
    of: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.append(&log::Event {
        id: crate::ctx::Ids::named(kind, of, now).uuid(),
        at_world: now,
        at_server: now,
        home: String::new(),
        kind: kind.to_owned(),
        subject_kind: String::new(),
        subject: String::new(),
        actor: crate::actor::OPERATOR.to_owned(),
        tenant: None,
        outcome: Outcome::Succeeded,
        rule: None,
        digest: Vec::new(),
        data: serde_json::Value::Null,
    })
    .await
}

/// The last line of the trail.
///
/// # Errors
/// When the store fails.
pub async fn last(tx: &mut Tx<'_>) -> Result<Option<Event>, StoreError> {
    tx.fetch_optional(LAST, &[]).await
}

/// What one actor tried since a day.
///
/// # Errors
/// When the store fails.
pub async fn of_actor(
    tx: &mut Tx<'_>,
    actor: &str,
    from: tierline_domain::time::Date,
) -> Result<Vec<Event>, StoreError> {
    let key = [
        Value::Text(actor.to_owned()),
        Value::Instant(Timestamp::start_of(from)),
    ];
    tx.fetch_all(OF_ACTOR, &key).await
}

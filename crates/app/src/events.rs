//! The audit trail of commands: what was tried, by whom, how it ended (SEC-011, SEC-021).

use tierline_domain::time::Timestamp;
use tierline_rules::{Checkpoint, RuleId};
use tierline_store::{FromRow, Row, StoreError, Tx, Value, statements};

use crate::ctx::Ctx;

statements! {
    pub APPEND = "INSERT INTO events (id, at_world, at_server, kind, actor, subject, outcome, rule) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
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
    fn from_row(row: &Row) -> Result<Self, StoreError> {
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

async fn append(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    kind: &str,
    actor: &str,
    subject: &str,
    outcome: &str,
    rule: Option<RuleId>,
) -> Result<(), StoreError> {
    let text = |text: &str| Value::Text(text.to_owned());
    let rule = tierline_store::value::v(&rule.map(|rule| rule.to_string()));
    let id = crate::ctx::Ids::named(
        "event",
        &format!("{} {kind} {subject} {outcome}", ctx.seed),
        ctx.now,
    )
    .uuid();
    let values = [
        Value::Id(id),
        Value::Instant(ctx.now),
        Value::Instant(ctx.server_now),
        text(kind),
        text(actor),
        text(subject),
        text(outcome),
        rule,
    ];
    tx.execute(APPEND, &values).await.map(|_| ())
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
        "succeeded",
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
    append(ctx, tx, checkpoint.as_str(), actor, subject, "failed", rule).await
}

/// Something happened by date, or as a consequence.
///
/// # Errors
/// When the store fails.
pub async fn happened(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    kind: &str,
    subject: &str,
) -> Result<(), StoreError> {
    append(ctx, tx, kind, "scheduler", subject, "succeeded", None).await
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

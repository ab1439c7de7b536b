//! Decisions that were kept: every refusal, and those that orders and relationships rest on.

use tierline_domain::time::Timestamp;
use tierline_rules::facts::CallerKind;
use tierline_rules::{Decision, Facts, decide};
use tierline_store::tables::StoredDecision;
use tierline_store::{Tx, Value, tables};
use uuid::Uuid;

use super::Viewer;
use crate::error::AppError;
use crate::reveal;

/// Most decisions of a page.
pub const PAGE_MAX: usize = 200;
/// Rows read at a time.
const READ_AT_ONCE: i64 = 200;
/// How many rows are looked at for one page: those of one rule may lie far apart, and then a page is short and the
/// next one goes on from there.
const LOOKED_AT_MAX: usize = 2_000;

/// The place of a decision in the list: when it was made, and its id.
pub type Place = (Timestamp, Uuid);

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// Only those of this party; for the operator.
    pub actor: Option<String>,
    /// Only those in which this rule forbade.
    pub rule: Option<String>,
    /// Only refusals.
    pub refused: bool,
    /// Only what was allowed.
    pub allowed: bool,
    /// None before this instant.
    pub since: Option<Timestamp>,
    /// Behind this place; the latest without one.
    pub after: Option<Place>,
    /// Most decisions, at most [`PAGE_MAX`].
    pub count: usize,
}

/// A decision in a list.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Its id.
    pub id: Uuid,
    /// When, in the world.
    pub at: Timestamp,
    /// Where it was checked.
    pub checkpoint: String,
    /// Who acted.
    pub actor: String,
    /// The user who acted, where one signed in.
    pub user: Option<String>,
    /// What it was about.
    pub subject: String,
    /// Whether it was allowed.
    pub allowed: bool,
    /// Rules that forbade, the deciding one first.
    pub rules: Vec<String>,
}

/// A decision with everything behind it.
#[derive(Debug)]
pub struct Whole {
    /// As it stands in the list.
    pub kept: Kept,
    /// The decision, made again from its facts.
    pub decision: Decision,
    /// The facts.
    pub facts: Facts,
}

/// A party's name may be another sort of party's, too: the facts say which it was.
fn is_own(viewer: &Viewer, facts: &Facts) -> bool {
    let kind = match viewer {
        Viewer::Operator => return true,
        Viewer::Partner(_) => CallerKind::Partner,
        Viewer::Customer(_) => CallerKind::Customer,
    };
    facts.caller.kind == kind && facts.caller.name == viewer.name()
}

fn read(row: StoredDecision) -> Option<(Kept, Facts)> {
    let facts: Facts = row.facts.read().ok()?;
    let kept = Kept {
        id: row.id,
        at: row.at_world,
        checkpoint: row.checkpoint,
        actor: row.actor,
        user: facts.caller.user.clone(),
        subject: row.subject,
        allowed: row.allowed,
        rules: row.rules.0,
    };
    Some((kept, facts))
}

/// A page of decisions, the latest first, and where the next one begins.
///
/// # Errors
/// When the store fails.
pub async fn page(
    tx: &mut Tx<'_>,
    viewer: &Viewer,
    question: &Question,
) -> Result<(Vec<Kept>, Option<Place>), AppError> {
    let count = question.count.clamp(1, PAGE_MAX);
    let latest = (Timestamp::from_micros(LATEST)?, Uuid::max());
    let mut after = question.after.unwrap_or(latest);
    let (mut found, mut looked_at) = (Vec::new(), 0_usize);
    while looked_at < LOOKED_AT_MAX {
        let rows = rows(tx, viewer, question, after).await?;
        let is_last = i64::try_from(rows.len()).unwrap_or(i64::MAX) < READ_AT_ONCE;
        looked_at = looked_at.saturating_add(rows.len());
        for row in rows {
            if question.since.is_some_and(|since| row.at_world < since) {
                return Ok((found, None));
            }
            if found.len() == count {
                return Ok((found, Some(after)));
            }
            after = (row.at_world, row.id);
            let names = question.rule.as_ref();
            let is_other = names.is_some_and(|rule| !row.rules.0.contains(rule));
            if is_other || (question.allowed && !row.allowed) {
                continue;
            }
            // What cannot be read is for `verify` to find.
            found.extend(
                read(row)
                    .filter(|(_, facts)| is_own(viewer, facts))
                    .map(|(kept, _)| kept),
            );
        }
        if is_last {
            return Ok((found, None));
        }
    }
    Ok((found, Some(after)))
}

/// The end of the year 9999: behind everything, in microseconds since 1970.
const LATEST: i64 = 253_402_128_000_000_000;

async fn rows(
    tx: &mut Tx<'_>,
    viewer: &Viewer,
    question: &Question,
    (at, id): Place,
) -> Result<Vec<StoredDecision>, AppError> {
    use tables::decisions as sql;
    let whose = match viewer {
        Viewer::Operator => question.actor.clone(),
        Viewer::Partner(_) | Viewer::Customer(_) => Some(viewer.name().to_owned()),
    };
    let statement = match (&whose, question.refused) {
        (None, false) => sql::BEFORE,
        (None, true) => sql::REFUSED_BEFORE,
        (Some(_), false) => sql::OF_BEFORE,
        (Some(_), true) => sql::REFUSED_OF_BEFORE,
    };
    let mut key: Vec<Value> = whose.map(Value::Text).into_iter().collect();
    key.extend([Value::Instant(at), Value::Id(id), Value::Int(READ_AT_ONCE)]);
    Ok(tx.scan::<StoredDecision>(statement, &key).await?)
}

/// One decision, made again from the facts that were kept with it.
///
/// # Errors
/// When there is none that the viewer may see.
pub async fn one(tx: &mut Tx<'_>, viewer: &Viewer, id: Uuid) -> Result<Whole, AppError> {
    let unknown = || AppError::missing("decision", id);
    let row = tx.get::<StoredDecision>(&[Value::Id(id)]).await?;
    let (kept, facts) = row.and_then(read).ok_or_else(unknown)?;
    if !is_own(viewer, &facts) {
        return Err(unknown());
    }
    let mut decision = decide(&facts, &[]).explain(&facts);
    if !matches!(viewer, Viewer::Operator) {
        reveal::conceal(&mut decision, &facts);
    }
    Ok(Whole {
        kept,
        decision,
        facts,
    })
}

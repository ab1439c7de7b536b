//! Remedies that work: every remedy that is offered was rehearsed.
//!
//! A refusal names the facts that fail (grounds). For each ground there are fixes: commands that change
//! the fact, or a correction of the action. The planner tries them, the engine itself being the judge: a
//! list of commands and the corrected action are run in a transaction that is always undone, and only a
//! list that ends in an allowed action is offered. Where none does, the remedy is `none`.

use std::collections::VecDeque;
use std::fmt;

use serde::Serialize;
use serde_json::json;
use tierline_domain::time::{Period, Timestamp};
use tierline_rules::registry::Ground;
use tierline_store::{Command, Db, Tx};

use crate::act::{Act, perform};
use crate::ctx::Ctx;
use crate::error::{AppError, Refusal};
use crate::{fixes, schedule};

/// Commands, and the action to try afterwards.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Remedy {
    /// Carried out in order.
    pub commands: Vec<Act>,
    /// The action as it passes then.
    pub then: Act,
    /// Another way to the same end, rehearsed as well: what a reseller asks for itself (see [`by_request`]).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<Box<Remedy>>,
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for act in &self.commands {
            write!(f, "{}; ", act.write())?;
        }
        write!(f, "then {}", self.then.write())?;
        match &self.otherwise {
            Some(other) => write!(f, "; or: {other}"),
            None => Ok(()),
        }
    }
}

/// Rehearsals that one refusal may cost.
const REHEARSALS_MAX: usize = 60;
/// Commands of one remedy: a relationship, rights, a user in a group, and the waits between them.
const COMMANDS_MAX: usize = 10;

/// Things that may fall due within a wait: more than that is not rehearsed while somebody waits for an answer.
const DUE_MAX: usize = 200;

/// A step of a remedy that is nobody's command: time passes, and what falls due is done. On a sandbox the operator moves
/// the clock; elsewhere one waits.
pub const WAIT: &str = "advance";

/// An hour passes: well beyond the operator's steps (ROL-017).
#[must_use]
pub fn wait() -> Act {
    Act::of("operator", WAIT, json!({ "by": "PT1H" }))
}

/// When a wait is over that begins now; none for a step that is no wait.
///
/// # Errors
/// When it names no period, or ends outside the calendar.
pub fn waited(act: &Act, now: Timestamp) -> Result<Option<Timestamp>, AppError> {
    if act.verb != WAIT {
        return Ok(None);
    }
    let period: Period = act
        .text("by")
        .unwrap_or_default()
        .parse()
        .map_err(|error| AppError::invalid("by", error))?;
    Ok(Some(now.plus(period)?))
}

/// Finds a remedy for a refused action, or says that there is none.
///
/// # Errors
/// When the store fails.
pub async fn plan(db: &Db, ctx: &Ctx, act: &Act) -> Result<Option<Remedy>, AppError> {
    db.rehearse(Plan {
        ctx: ctx.clone(),
        act: act.clone(),
    })
    .await
}

struct Plan {
    ctx: Ctx,
    act: Act,
}

impl Command for Plan {
    type Out = Option<Remedy>;
    type Error = AppError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Option<Remedy>, AppError> {
        let Some(found) = search(&self.ctx, tx, &self.act).await? else {
            return Ok(None);
        };
        let otherwise = by_request(&self.ctx, tx, &self.act, &found).await?;
        Ok(Some(Remedy { otherwise, ..found }))
    }
}

/// A reseller that tried to order itself asks its provider for the very order that the remedy found, and the
/// provider accepts: "resellers procure such offers" in commands that the reseller can give.
async fn by_request(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    act: &Act,
    found: &Remedy,
) -> Result<Option<Box<Remedy>>, AppError> {
    let (reseller, order) = (act.actor.party(), &found.then);
    let through_provider = act.verb == "order"
        && order.verb == "order"
        && order.actor.party() != reseller
        && order.text("partner_of_record") == Some(reseller);
    if !through_provider {
        return Ok(None);
    }
    let Some(request) = fixes::request(tx, reseller, order).await? else {
        return Ok(None);
    };
    tx.savepoint("request").await?;
    let asked = ask(ctx, tx, found, &request).await;
    tx.rollback_to("request").await?;
    tx.release("request").await?;
    let Some(asked) = asked? else {
        return Ok(None);
    };
    let mut commands = found.commands.clone();
    commands.extend(asked.commands);
    commands.push(asked.then);
    let answer = Act::of(
        order.actor.party(),
        "answer_order_request",
        serde_json::json!({ "request": request.text("id"), "accept": true }),
    );
    let candidate = Remedy {
        commands,
        then: answer,
        otherwise: None,
    };
    tx.savepoint("candidate").await?;
    let rehearsed = rehearse(ctx, tx, &candidate).await;
    tx.rollback_to("candidate").await?;
    tx.release("candidate").await?;
    let passed = matches!(rehearsed?, Rehearsed::Passed);
    Ok(passed.then(|| Box::new(candidate)))
}

/// What the request itself takes, once the commands of the order's remedy are carried out.
async fn ask(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    found: &Remedy,
    request: &Act,
) -> Result<Option<Remedy>, AppError> {
    let mut ctx = ctx.clone();
    for (index, command) in found.commands.iter().enumerate() {
        take(&mut ctx, tx, index, command).await?;
    }
    search(&ctx, tx, request).await
}

/// Takes one step of a remedy: a command, or a wait, after which it is later.
async fn take(ctx: &mut Ctx, tx: &mut Tx<'_>, index: usize, act: &Act) -> Result<(), AppError> {
    match waited(act, ctx.now)? {
        Some(until) => {
            schedule::advance(&step(ctx, index), tx, until).await?;
            ctx.now = until;
        }
        None => drop(perform(&step(ctx, index), tx, act).await?),
    }
    Ok(())
}

/// What a rehearsal came to.
enum Rehearsed {
    /// The action passed.
    Passed,
    /// The action itself was refused.
    Refused(Box<Refusal>),
    /// A command on the way was refused, or could not be given.
    Stuck,
}

/// Searches breadth first: a fix that mends one ground may bring the next to light.
///
/// # Errors
/// When the store fails.
pub async fn search(ctx: &Ctx, tx: &mut Tx<'_>, act: &Act) -> Result<Option<Remedy>, AppError> {
    let mut queue = VecDeque::from([Remedy {
        commands: Vec::new(),
        then: act.clone(),
        otherwise: None,
    }]);
    let mut tried: Vec<Remedy> = Vec::new();
    while let Some(candidate) = queue.pop_front() {
        if tried.len() >= REHEARSALS_MAX {
            break;
        }
        if tried.contains(&candidate) {
            continue;
        }
        tried.push(candidate.clone());
        tx.savepoint("candidate").await?;
        let rehearsed = rehearse(ctx, tx, &candidate).await;
        let next = match &rehearsed {
            Ok(Rehearsed::Refused(refusal)) => extend(ctx, tx, act, &candidate, refusal).await,
            _ => Ok(Vec::new()),
        };
        tx.rollback_to("candidate").await?;
        tx.release("candidate").await?;
        match rehearsed? {
            Rehearsed::Passed => return Ok(Some(candidate)),
            Rehearsed::Refused(_) => queue.extend(next?),
            Rehearsed::Stuck => {}
        }
    }
    Ok(None)
}

async fn rehearse(ctx: &Ctx, tx: &mut Tx<'_>, candidate: &Remedy) -> Result<Rehearsed, AppError> {
    let mut ctx = ctx.clone();
    for (index, command) in candidate.commands.iter().enumerate() {
        if let Some(until) = waited(command, ctx.now)? {
            let due = schedule::first_due_of(tx, until, DUE_MAX.saturating_add(1)).await?;
            if due.len() > DUE_MAX {
                return Ok(Rehearsed::Stuck);
            }
        }
        match take(&mut ctx, tx, index, command).await {
            Ok(()) => {}
            Err(AppError::Store(error)) => return Err(AppError::Store(error)),
            Err(_) => return Ok(Rehearsed::Stuck),
        }
    }
    match perform(&step(&ctx, candidate.commands.len()), tx, &candidate.then).await {
        Ok(_) => Ok(Rehearsed::Passed),
        Err(AppError::Refused(refusal)) => Ok(Rehearsed::Refused(refusal)),
        Err(AppError::Store(error)) => Err(AppError::Store(error)),
        Err(_) => Ok(Rehearsed::Stuck),
    }
}

/// Fresh ids for every step.
fn step(ctx: &Ctx, index: usize) -> Ctx {
    let seed = crate::ctx::Ids::named("remedy", &format!("{} {index}", ctx.seed), ctx.now).uuid();
    Ctx {
        seed,
        ..ctx.clone()
    }
}

/// The candidates that mend the first ground that has a fix. A ground that nothing mends ends the branch.
async fn extend(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    original: &Act,
    candidate: &Remedy,
    refusal: &Refusal,
) -> Result<Vec<Remedy>, AppError> {
    let mut grounds: Vec<Ground> = Vec::new();
    for violation in &refusal.decision.violations {
        if !grounds.contains(&violation.ground) {
            grounds.push(violation.ground);
        }
    }
    let mut next = Vec::new();
    for ground in grounds {
        for fix in fixes::of(ctx, tx, ground, original, &candidate.then, &refusal.facts).await? {
            let mut commands = candidate.commands.clone();
            for command in fix.commands {
                if command.verb == WAIT || !commands.contains(&command) {
                    commands.push(command);
                }
            }
            let extended = Remedy {
                commands,
                then: fix.then,
                otherwise: None,
            };
            if extended.commands.len() <= COMMANDS_MAX && extended != *candidate {
                next.push(extended);
            }
        }
    }
    Ok(next)
}

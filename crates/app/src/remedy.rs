//! Remedies that work: every remedy that is offered was rehearsed.
//!
//! A refusal names the facts that fail (grounds). For each ground there are fixes: commands that change
//! the fact, or a correction of the action. The planner tries them, the engine itself being the judge: a
//! list of commands and the corrected action are run in a transaction that is always undone, and only a
//! list that ends in an allowed action is offered. Where none does, the remedy is `none`.

use std::collections::VecDeque;
use std::fmt;

use serde::Serialize;
use tierline_rules::registry::Ground;
use tierline_store::{Command, Db, Tx};

use crate::act::{Act, perform};
use crate::ctx::Ctx;
use crate::error::{AppError, Refusal};
use crate::fixes;

/// Commands, and the action to try afterwards.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Remedy {
    /// Carried out in order.
    pub commands: Vec<Act>,
    /// The action as it passes then.
    pub then: Act,
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for act in &self.commands {
            write!(f, "{}; ", act.write())?;
        }
        write!(f, "then {}", self.then.write())
    }
}

/// Rehearsals that one refusal may cost.
const REHEARSALS_MAX: usize = 60;
/// Commands of one remedy.
const COMMANDS_MAX: usize = 8;

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
        search(&self.ctx, tx, &self.act).await
    }
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
    for (index, command) in candidate.commands.iter().enumerate() {
        match perform(&step(ctx, index), tx, command).await {
            Ok(_) => {}
            Err(AppError::Store(error)) => return Err(AppError::Store(error)),
            Err(_) => return Ok(Rehearsed::Stuck),
        }
    }
    match perform(&step(ctx, candidate.commands.len()), tx, &candidate.then).await {
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
                if !commands.contains(&command) {
                    commands.push(command);
                }
            }
            let extended = Remedy {
                commands,
                then: fix.then,
            };
            if extended.commands.len() <= COMMANDS_MAX && extended != *candidate {
                next.push(extended);
            }
        }
    }
    Ok(next)
}

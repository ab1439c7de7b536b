//! The one flow of every command: load facts, decide, apply.
//!
//! A use case says what it loads and what it changes. It refuses nothing: only registered rules do, in
//! [`decide`]. What a refusal leaves behind is its decision and an audit event.

use serde::Serialize;
use tierline_rules::{Checkpoint, Decision, Facts, RuleId, decide};
use tierline_store::{StoreError, Tx, tables};

use crate::actor::{self, Acting};
use crate::ctx::Ctx;
use crate::error::{AppError, Refusal};
use crate::events;
use crate::facts;
use crate::reveal;

/// One verb of the program.
pub trait UseCase: Send + Sync {
    /// What it answers.
    type Out: Serialize + Send;

    /// Where its rules are checked.
    fn checkpoint(&self) -> Checkpoint;

    /// What it is about, for the log: a short name.
    fn subject(&self) -> String;

    /// Loads everything its decision rests on.
    fn facts(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        tx: &mut Tx<'_>,
    ) -> impl Future<Output = Result<Facts, AppError>> + Send;

    /// Does it. Runs only after the decision allowed it.
    fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> impl Future<Output = Result<Self::Out, AppError>> + Send;

    /// Whether the decision is kept beside what it was about: orders and relationships do.
    fn keeps_decision(&self) -> bool {
        false
    }

    /// Whether it changes anything; reads leave no audit event.
    fn writes(&self) -> bool {
        true
    }
}

/// What a command answered, and the decision behind it.
#[derive(Debug)]
pub struct Allowed<T> {
    /// The answer.
    pub out: T,
    /// The decision.
    pub decision: Decision,
}

/// Tries a use case inside a transaction.
///
/// # Errors
/// [`AppError::Refused`] with the decision, or whatever kept it from being decided.
pub async fn attempt<U: UseCase>(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    use_case: &U,
) -> Result<Allowed<U::Out>, AppError> {
    let acting = actor::resolve(tx, &ctx.actor).await?;
    let facts = facts_of(ctx, tx, &acting, use_case).await?;
    let verdict = decide(&facts, &switched_off(ctx, &facts));
    let mut decision = verdict.explain(&facts);
    reveal::conceal(&mut decision, &facts);
    if !decision.allowed {
        return Err(AppError::Refused(Box::new(Refusal {
            decision,
            facts: Box::new(facts),
            subject: use_case.subject(),
        })));
    }
    let out = use_case.apply(ctx, &acting, &facts, tx).await?;
    if use_case.keeps_decision() {
        keep(ctx, tx, &facts, &decision, &use_case.subject()).await?;
    }
    if use_case.writes() {
        events::succeeded(
            ctx,
            tx,
            use_case.checkpoint(),
            &acting.caller.name,
            &use_case.subject(),
        )
        .await?;
    }
    Ok(Allowed { out, decision })
}

/// Only decides: the dry run of a deal.
///
/// # Errors
/// Whatever keeps it from being decided.
pub async fn dry_run<U: UseCase>(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    use_case: &U,
) -> Result<(Decision, Facts), AppError> {
    let acting = actor::resolve(tx, &ctx.actor).await?;
    let facts = facts_of(ctx, tx, &acting, use_case).await?;
    let mut decision = decide(&facts, &switched_off(ctx, &facts)).explain(&facts);
    reveal::conceal(&mut decision, &facts);
    Ok((decision, facts))
}

/// What a command is decided on. Whom a verb is not for at all is judged by what is known of it: the rules on the
/// type of the caller say so, whatever else the command may be about.
async fn facts_of<U: UseCase>(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    acting: &Acting,
    use_case: &U,
) -> Result<Facts, AppError> {
    match use_case.facts(ctx, acting, tx).await {
        Err(AppError::Forbidden(who)) => {
            let facts = facts::begin(tx, ctx, acting, use_case.checkpoint()).await?;
            if decide(&facts, &switched_off(ctx, &facts)).allowed() {
                Err(AppError::Forbidden(who))
            } else {
                Ok(facts)
            }
        }
        other => other,
    }
}

fn switched_off(ctx: &Ctx, facts: &Facts) -> Vec<RuleId> {
    let mut without = ctx.without.clone();
    without.extend(
        facts
            .policy
            .switched_off
            .iter()
            .filter_map(|id| id.parse::<RuleId>().ok()),
    );
    without
}

/// Keeps a decision with its facts and the profile's version, so that it can be replayed.
async fn keep(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    facts: &Facts,
    decision: &Decision,
    subject: &str,
) -> Result<(), StoreError> {
    let row = tables::StoredDecision {
        id: ctx.ids().uuid(),
        at_world: ctx.now,
        checkpoint: facts.checkpoint.to_string(),
        actor: facts.caller.name.clone(),
        subject: subject.to_owned(),
        allowed: decision.allowed,
        rules: tierline_store::Json(
            decision
                .violations
                .iter()
                .map(|violation| violation.rule.to_string())
                .collect(),
        ),
        facts: tierline_store::Json(serde_json::to_value(facts).unwrap_or_default()),
        profile: PROFILE.to_owned(),
    };
    tx.put(&row).await
}

/// Name and version of the built-in profile: the program of the founding document.
pub const PROFILE: &str = "csp 2023-10";

/// What a refusal leaves behind: its decision and an audit event with the deciding rule (SEC-021).
///
/// # Errors
/// When the store fails.
pub async fn record_refusal(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    error: &AppError,
) -> Result<(), StoreError> {
    let AppError::Refused(refusal) = error else {
        return Ok(());
    };
    keep(ctx, tx, &refusal.facts, &refusal.decision, &refusal.subject).await?;
    let rule = refusal
        .decision
        .violations
        .first()
        .map(|violation| violation.rule);
    events::refused(
        ctx,
        tx,
        refusal.facts.checkpoint,
        &refusal.facts.caller.name,
        &refusal.subject,
        rule,
    )
    .await
}

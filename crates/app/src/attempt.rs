//! The one flow of every command: load facts, decide, apply.
//!
//! A use case says what it loads and what it changes. It refuses nothing: only registered rules do, in
//! [`decide`]. What a refusal leaves behind is its decision and an audit event.

use serde::Serialize;
use tierline_domain::partner::Account;
use tierline_rules::{Asked, Checkpoint, Decision, Facts, RuleId, decide};
use tierline_store::log::Outcome;
use tierline_store::{StoreError, Tx, Written, tables};
use uuid::Uuid;

use crate::act::Act;
use crate::actor::{self, Acting};
use crate::ctx::Ctx;
use crate::error::{AppError, Refusal};
use crate::facts;
use crate::reveal;
use crate::{audit, events};

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
    /// The trail it left in the change log.
    pub trail: Trail,
}

/// Where a command stands in the change log, and who stands behind it.
#[derive(Clone, Debug)]
pub struct Trail {
    /// Its event; of a command that changes nothing, the one that it would have.
    pub event: Uuid,
    /// The name of the party that acted; absent for what happens by date.
    pub actor: Option<String>,
    /// The partner that acted.
    pub account: Option<Account>,
    /// The sign-in name of the user that acted.
    pub user: Option<String>,
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
    let decision = judge(ctx, &facts);
    if !decision.allowed {
        return Err(AppError::Refused(Box::new(Refusal {
            decision,
            facts,
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
    let (kind, subject) = (use_case.checkpoint().as_str(), use_case.subject());
    let signed_in = audit::user_name(&ctx.actor);
    let trail = Trail {
        event: events::id_of(ctx, kind, &subject, Outcome::Succeeded),
        actor: Some(acting.caller.name),
        account: acting.account,
        user: signed_in.or(acting.user.map(|user| user.sign_in_name.clone())),
    };
    Ok(Allowed {
        out,
        decision,
        trail,
    })
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
    let decision = judge(ctx, &facts);
    Ok((decision, facts))
}

/// Decides on facts, and shows no more of them than the caller may see.
pub(crate) fn judge(ctx: &Ctx, facts: &Facts) -> Decision {
    let mut decision = decide(facts, &switched_off(ctx, facts)).explain(facts);
    reveal::conceal(&mut decision, facts);
    decision
}

/// Every rule that was asked, with no more of the facts than the caller may see.
#[must_use]
pub fn trace(ctx: &Ctx, facts: &Facts) -> Vec<Asked> {
    let mut asked = tierline_rules::trace(facts, &switched_off(ctx, facts));
    reveal::conceal_asked(&mut asked, facts);
    asked
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

/// Keeps the decision on a further line or group of a command, beside the one that the command itself keeps.
pub(crate) async fn keep_further(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    facts: &Facts,
    subject: &str,
    name: &str,
) -> Result<(), StoreError> {
    let ctx = ctx.further(name);
    keep(&ctx, tx, facts, &judge(&ctx, facts), subject).await
}

/// The id under which the decision of a command is kept.
pub(crate) fn kept_id(ctx: &Ctx) -> Uuid {
    ctx.ids().uuid()
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
        id: kept_id(ctx),
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
        facts: Written::of(facts),
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
    act: &Act,
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
    .await?;
    let kind = refusal.facts.checkpoint.as_str();
    let event = events::id_of(ctx, kind, &refusal.subject, Outcome::Failed);
    audit::refused(ctx, tx, act, refusal, event).await
}

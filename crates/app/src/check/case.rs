//! One case: lay the facts, take the steps, compare the decision.

use serde_json::Value as Json;
use tierline_domain::time::{Period, Timestamp};
use tierline_rules::Decision;
use tierline_store::{Command, Db, DbConfig, Tx, schema};

use super::format::{Case, File, World};
use super::{Options, expect};
use crate::act::{Act, Perform};
use crate::actor::ActorSpec;
use crate::ctx::{Ctx, Ids};
use crate::error::AppError;
use crate::{schedule, state, world};

/// How a case ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every part of `then` holds.
    Passed,
    /// The first part that does not hold.
    Failed(String),
    /// What is not built yet.
    Skipped(String),
}

impl Outcome {
    fn of(error: &AppError) -> Self {
        match error {
            AppError::NotSupported(what) => Self::Skipped(what.clone()),
            AppError::Store(error) => Self::Failed(chain(error)),
            other => Self::Failed(other.to_string()),
        }
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}

/// A world in memory, to copy from.
pub(super) async fn lay_world(world: &World) -> Result<Db, String> {
    let db = Db::open(&DbConfig::Memory, schema::MIGRATIONS)
        .await
        .map_err(|error| chain(&error))?;
    let lay = Lay {
        given: world.given.clone(),
        today: world.today,
    };
    db.write(lay).await.map_err(|error| match &error {
        AppError::Store(error) => chain(error),
        other => other.to_string(),
    })?;
    Ok(db)
}

/// Lays facts down.
struct Lay {
    given: Vec<Json>,
    today: Timestamp,
}

impl Command for Lay {
    type Out = ();
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AppError> {
        world::lay(tx, &self.given, self.today).await
    }
}

/// Moves the clock and does what falls due on the way.
pub(super) struct Advance {
    pub(super) ctx: Ctx,
    pub(super) until: Timestamp,
}

impl Command for Advance {
    type Out = ();
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AppError> {
        schedule::advance(&self.ctx, tx, self.until)
            .await
            .map(|_| ())
    }
}

/// Reads one state path.
struct ReadState {
    path: String,
    now: Timestamp,
    result: Json,
}

impl Command for ReadState {
    type Out = Json;
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<Json, AppError> {
        state::read(tx, &self.path, self.now, &self.result).await
    }
}

/// What the last action of a case came to.
pub(super) struct Ended {
    pub(super) allowed: bool,
    pub(super) decision: Option<Decision>,
    pub(super) facts: Option<tierline_rules::Facts>,
    pub(super) result: Json,
    pub(super) act: Option<Act>,
    pub(super) db: Db,
    pub(super) now: Timestamp,
}

impl Ended {
    /// The value at a path after the last step.
    pub(super) async fn state(&self, path: &str) -> Result<Json, AppError> {
        self.db
            .read(ReadState {
                path: path.to_owned(),
                now: self.now,
                result: self.result.clone(),
            })
            .await
    }
}

/// A context whose ids are fixed by the case and the step.
pub(super) fn context(case: &str, step: usize, now: Timestamp, options: &Options) -> Ctx {
    let seed = Ids::named("check", &format!("{case} {step}"), now).uuid();
    let mut ctx = Ctx::new(ActorSpec::operator(), now, now, seed);
    ctx.without.clone_from(&options.without);
    ctx
}

/// Runs one case.
pub(super) async fn run(world: &Db, file: &File, case: &Case, options: &Options) -> Outcome {
    match steps(world, file, case, options).await {
        Ok(ended) => match expect::compare(case, &ended, options).await {
            Ok(None) => Outcome::Passed,
            Ok(Some(problem)) => Outcome::Failed(problem),
            Err(error) => Outcome::of(&error),
        },
        Err(outcome) => outcome,
    }
}

/// The facts on which a case's last step was refused; none when it was allowed, or could not be tried.
pub(super) async fn refused(
    world: &Db,
    file: &File,
    case: &Case,
    options: &Options,
) -> Option<tierline_rules::Facts> {
    let ended = steps(world, file, case, options).await.ok()?;
    ended.facts.filter(|_| !ended.allowed)
}

async fn steps(world: &Db, file: &File, case: &Case, options: &Options) -> Result<Ended, Outcome> {
    let today = case.today.or(file.today).unwrap_or(file.world.today);
    let failed = |error: &AppError| Outcome::of(error);
    let db = world
        .copy_to_memory()
        .await
        .map_err(|error| Outcome::Failed(chain(&error)))?;
    let given = file.given.iter().chain(&case.given).cloned().collect();
    db.write(Lay { given, today })
        .await
        .map_err(|error| failed(&error))?;
    let mut ended = Ended {
        allowed: true,
        decision: None,
        facts: None,
        result: Json::Null,
        act: None,
        db,
        now: today,
    };
    let last_action = case
        .when
        .iter()
        .rposition(|step| step.get("advance").is_none());
    for (index, step) in case.when.iter().enumerate() {
        let ctx = context(&case.id, index, ended.now, options);
        if let Some(period) = step.get("advance").and_then(Json::as_str) {
            let period: Period =
                period
                    .parse()
                    .map_err(|error: tierline_domain::time::TimeError| {
                        Outcome::Failed(error.to_string())
                    })?;
            let until = ended
                .now
                .plus(period)
                .map_err(|error| Outcome::Failed(error.to_string()))?;
            ended
                .db
                .write(Advance { ctx, until })
                .await
                .map_err(|error| failed(&error))?;
            ended.now = until;
            continue;
        }
        let act = Act::read(step).map_err(|error| failed(&error))?;
        match ended
            .db
            .write(Perform {
                ctx,
                act: act.clone(),
            })
            .await
        {
            Ok(performed) => {
                ended.allowed = true;
                ended.result = performed.result;
                ended.decision = Some(performed.decision);
            }
            Err(AppError::Refused(refusal)) => {
                ended.allowed = false;
                ended.result = refused_result(&refusal.facts);
                ended.decision = Some(refusal.decision);
                ended.facts = Some(refusal.facts);
                ended.act = Some(act);
                if Some(index) != last_action {
                    let rules: Vec<String> =
                        reported(&ended).iter().map(ToString::to_string).collect();
                    let step = index.saturating_add(1);
                    return Err(Outcome::Failed(format!(
                        "step {step} was refused by {}",
                        rules.join(", ")
                    )));
                }
            }
            Err(error) => return Err(failed(&error)),
        }
    }
    Ok(ended)
}

/// What can be read of a refused action: the seats that a ceiling leaves.
fn refused_result(facts: &tierline_rules::Facts) -> Json {
    serde_json::json!({ "available": crate::order::available(facts) })
}

/// The rules of a refusal.
pub(super) fn reported(ended: &Ended) -> Vec<tierline_rules::RuleId> {
    ended
        .decision
        .iter()
        .flat_map(|decision| decision.violations.iter().map(|violation| violation.rule))
        .collect()
}

//! A world in memory for tests: facts in, acts by name, a clock that is moved.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is missing"
)]

use serde_json::Value as Json;
use tierline_app::act::{Act, Perform, Performed};
use tierline_app::actor::ActorSpec;
use tierline_app::ctx::Ids;
use tierline_app::{AppError, Ctx, events, schedule, state, world};
use tierline_domain::time::Timestamp;
use tierline_store::{Command, Db, DbConfig, Tx, schema};

struct Lay(Vec<Json>, Timestamp);

impl Command for Lay {
    type Out = ();
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AppError> {
        world::lay(tx, &self.0, self.1).await
    }
}

struct Until(Ctx, Timestamp);

impl Command for Until {
    type Out = ();
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AppError> {
        schedule::advance(&self.0, tx, self.1).await.map(|_| ())
    }
}

struct Happened;

impl Command for Happened {
    type Out = Vec<(String, String)>;
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<Vec<(String, String)>, AppError> {
        let rows: Vec<events::Event> = tx.fetch_all(events::RECENT, &[]).await?;
        Ok(rows
            .into_iter()
            .map(|event| (event.kind, event.subject))
            .collect())
    }
}

struct State(&'static str, Timestamp);

impl Command for State {
    type Out = Json;
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<Json, AppError> {
        state::read(tx, self.0, self.1, &Json::Null).await
    }
}

/// One world.
pub(crate) struct World {
    pub(crate) db: Db,
    pub(crate) now: Timestamp,
    step: u32,
}

impl World {
    pub(crate) async fn of(today: &str, given: Json) -> Self {
        let db = Db::open(&DbConfig::Memory, schema::MIGRATIONS)
            .await
            .unwrap();
        let now: Timestamp = today.parse().unwrap();
        let given = given.as_array().cloned().unwrap();
        db.write(Lay(given, now)).await.unwrap();
        Self { db, now, step: 0 }
    }

    /// Lays more facts down.
    pub(crate) async fn lay(&mut self, given: Json) {
        let given = given.as_array().cloned().unwrap();
        self.db.write(Lay(given, self.now)).await.unwrap();
    }

    pub(crate) fn ctx(&mut self, actor: &str) -> Ctx {
        self.step += 1;
        let seed = Ids::named("test", &self.step.to_string(), self.now).uuid();
        Ctx::new(ActorSpec::of(actor), self.now, self.now, seed)
    }

    pub(crate) async fn act(&mut self, actor: &str, verb: &str, params: Json) -> Performed {
        let ctx = self.ctx(actor);
        let act = Act::of(actor, verb, params);
        self.db.write(Perform { ctx, act }).await.unwrap()
    }

    /// Tries an act that does not go through, and says why.
    pub(crate) async fn fails(&mut self, actor: &str, verb: &str, params: Json) -> String {
        let ctx = self.ctx(actor);
        let act = Act::of(actor, verb, params);
        match self.db.write(Perform { ctx, act }).await.unwrap_err() {
            AppError::Refused(refusal) => {
                let rules = refusal.decision.violations.iter();
                let rules: Vec<String> =
                    rules.map(|violation| violation.rule.to_string()).collect();
                format!("refused: {}", rules.join(", "))
            }
            AppError::Conflict(what) => format!("conflict: {what}"),
            other => other.to_string(),
        }
    }

    pub(crate) async fn until(&mut self, day: &str) {
        let until: Timestamp = day.parse().unwrap();
        let ctx = self.ctx("operator");
        self.db.write(Until(ctx, until)).await.unwrap();
        self.now = until;
    }

    pub(crate) async fn happened(&self, kind: &str) -> Vec<String> {
        let mut subjects: Vec<String> = self
            .db
            .read(Happened)
            .await
            .unwrap()
            .into_iter()
            .filter(|(happened, _)| happened == kind)
            .map(|(_, subject)| subject)
            .collect();
        subjects.sort();
        subjects
    }

    pub(crate) async fn state(&self, path: &'static str) -> Json {
        self.db.read(State(path, self.now)).await.unwrap()
    }
}

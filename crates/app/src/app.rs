//! The program server without its wire: one world, its clock, and the commands that run on it.

use std::borrow::Cow;
use std::convert::Infallible;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};

use rand::RngCore;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tierline_domain::time::Timestamp;
use tierline_rules::{Decision, Lang};
use tierline_store::idempotency::{Replay, RequestKey};
use tierline_store::{Ahead, Command, Db, Lock, StoreError, Tx};
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::act::{Act, decide_only, perform};
use crate::actor::ActorSpec;
use crate::ask::Answer;
use crate::attempt::{kept_id, record_refusal};
use crate::clock::Clock;
use crate::ctx::{Ctx, Ids};
use crate::error::{AppError, Refusal};
use crate::outbox::Bell;
use crate::remedy::{self, Remedy};
use crate::time::GROUP_MAX;

/// One world and its clock.
#[derive(Clone)]
pub struct App {
    db: Db,
    clock: Arc<Clock>,
    bell: Arc<Bell>,
    turn: Arc<Mutex<Option<Timestamp>>>,
    group_max: usize,
    /// Where its ids come from: counted where a run must be repeatable, drawn where it need not.
    counted: Option<Arc<AtomicU64>>,
}

/// The final outcome of a request, as it is kept for a repeat.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Outcome {
    /// It went through.
    Done(Json),
    /// It was refused.
    Refused(Box<Decision>),
}

impl App {
    /// An app on a database.
    #[must_use]
    pub fn new(db: Db, clock: Clock) -> Self {
        Self {
            db,
            clock: Arc::new(clock),
            bell: Arc::default(),
            turn: Arc::default(),
            group_max: GROUP_MAX,
            counted: None,
        }
    }

    /// The database.
    #[must_use]
    pub const fn db(&self) -> &Db {
        &self.db
    }

    /// The clocks.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// How the outbox and its worker hear of each other.
    #[must_use]
    pub fn bell(&self) -> &Bell {
        &self.bell
    }

    /// With another limit of things that are due and done in one transaction; at least one.
    #[must_use]
    pub fn in_groups_of(self, most: usize) -> Self {
        Self {
            group_max: most.max(1),
            ..self
        }
    }

    /// With ids that follow from a number and from how many commands came before, so that the same commands in the same
    /// order make the same world, to the last row of its log.
    #[must_use]
    pub fn repeatable(self, seed: u64) -> Self {
        Self {
            counted: Some(Arc::new(AtomicU64::new(seed))),
            ..self
        }
    }

    /// Most things that are due and done in one transaction.
    pub(crate) const fn group_max(&self) -> usize {
        self.group_max
    }

    /// Whose turn it is to do what is due, one at a time, and the instant by which everything was done last.
    pub(crate) fn turn(&self) -> &Mutex<Option<Timestamp>> {
        &self.turn
    }

    /// A context for one command of an actor.
    #[must_use]
    pub fn ctx(&self, actor: ActorSpec) -> Ctx {
        let now = self.clock.world_now();
        let seed = match &self.counted {
            Some(count) => {
                let count = count.fetch_add(1, Ordering::SeqCst);
                Ids::named("command", &count.to_string(), now).uuid()
            }
            None => {
                let mut drawn = [0_u8; 16];
                rand::rngs::ThreadRng::default().fill_bytes(&mut drawn);
                Uuid::from_bytes(drawn)
            }
        };
        Ctx::new(actor, now, self.clock.server_now(), seed)
    }

    /// Does something by name. With a key, a repeat answers what the first time did.
    ///
    /// # Errors
    /// When it is refused or fails; [`AppError::Conflict`] when the key was used for something else.
    pub async fn perform(
        &self,
        ctx: Ctx,
        act: Act,
        key: Option<RequestKey>,
    ) -> Result<Json, AppError> {
        let (result, ()) = self
            .perform_and(ctx, act, key, |_, _| Box::pin(async { Ok(()) }))
            .await?;
        Ok(result)
    }

    /// Does something by name, and reads in the same transaction what it came to: a transaction of its own would cost a
    /// server's round trips. With a key, a repeat answers what the first time did, and reads what stands now.
    ///
    /// # Errors
    /// As [`App::perform`], and the read's own, which undoes the whole.
    pub async fn perform_and<T, F>(
        &self,
        ctx: Ctx,
        act: Act,
        key: Option<RequestKey>,
        then: F,
    ) -> Result<(Json, T), AppError>
    where
        T: Send + 'static,
        F: for<'a, 'b> Fn(&'a mut Tx<'b>, &'a Json) -> Answer<'a, T> + Send + Sync + 'static,
    {
        let done = self.perform_found(ctx, act, key, move |tx, (), done| then(tx, done));
        match done.await? {
            Ok(done) => Ok(done),
            Err(never) => match never {},
        }
    }

    /// As [`App::perform_and`], for what is found out in the same transaction: who asks, whether they may, and what they mean.
    ///
    /// # Errors
    /// As [`App::perform_and`]; within, why there is nothing to do, and then nothing was done.
    pub async fn perform_found<D, T, F>(
        &self,
        ctx: Ctx,
        act: D,
        key: Option<RequestKey>,
        then: F,
    ) -> Result<Result<(Json, T), D::Nothing>, AppError>
    where
        D: Deed,
        T: Send + 'static,
        F: for<'a, 'b> Fn(&'a mut Tx<'b>, &'a D::Seen, &'a Json) -> Answer<'a, T>
            + Send
            + Sync
            + 'static,
    {
        let once = Once::new(ctx, act, key, then);
        match self.db.write(once).await? {
            Ended::Done(result, read) => Ok(Ok((result, read))),
            Ended::Refused(decision) => Err(replayed(*decision)),
            Ended::Nothing(why) => Ok(Err(why)),
        }
    }

    /// Only decides, and looks for a remedy where it is refused.
    ///
    /// # Errors
    /// When it cannot be decided.
    pub async fn explain(&self, ctx: Ctx, act: Act) -> Result<Explained, AppError> {
        let (decision, facts) = self
            .db
            .read(DryRun {
                ctx: ctx.clone(),
                act: act.clone(),
            })
            .await?;
        let remedy = self.remedy(&ctx, &act, &decision).await?;
        Ok(Explained {
            decision,
            facts,
            remedy,
        })
    }

    /// What makes an act pass that was refused; none where it was allowed, or nothing does.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn remedy(
        &self,
        ctx: &Ctx,
        act: &Act,
        decision: &Decision,
    ) -> Result<Option<Remedy>, AppError> {
        if decision.allowed {
            return Ok(None);
        }
        remedy::plan(&self.db, ctx, act).await
    }

    /// Runs a read.
    ///
    /// # Errors
    /// The read's own.
    pub async fn read<C: Command<Error = AppError> + 'static>(
        &self,
        command: C,
    ) -> Result<C::Out, AppError> {
        self.db.read(command).await
    }
}

/// A decision with everything behind it.
#[derive(Debug)]
pub struct Explained {
    /// The decision.
    pub decision: Decision,
    /// The facts.
    pub facts: tierline_rules::Facts,
    /// A remedy that was rehearsed, or none.
    pub remedy: Option<Remedy>,
}

fn replayed(decision: Decision) -> AppError {
    let facts = tierline_rules::Facts::bare(
        tierline_rules::Checkpoint::Operate,
        EPOCH,
        crate::actor::operator_caller(),
    );
    AppError::Refused(Box::new(Refusal {
        decision,
        facts,
        subject: String::new(),
    }))
}

const EPOCH: Timestamp = Timestamp::EPOCH;

/// An act that is known, or that is found out in the transaction which does it.
pub trait Deed: Send + Sync + 'static {
    /// What was seen on the way to it.
    type Seen: Send + Sync + 'static;
    /// Why there is nothing to do.
    type Nothing: Send + 'static;

    /// What it will most likely be: what is asked for ahead, and locked. Of rows that there are, a wrong guess costs a round trip,
    /// and a run alone where somebody holds them, for they are locked as they are found; what must be locked though it is absent has to
    /// stand here.
    fn likely(&self) -> &Act;

    /// What is locked ahead.
    fn locks(&self) -> Vec<Lock> {
        self.likely().locks()
    }

    /// Finds out what it is. It runs as often as its transaction does, and changes nothing.
    ///
    /// # Errors
    /// When the store fails, or what it rests on is not there.
    fn find<'a>(
        &'a self,
        tx: &mut Tx<'_>,
    ) -> impl Future<Output = Sought<'a, Self::Seen, Self::Nothing>> + Send;
}

/// An act with what was seen on the way to it, or why there is nothing to do.
pub type Sought<'a, S, N> = Result<Result<(Cow<'a, Act>, S), N>, AppError>;

impl Deed for Act {
    type Seen = ();
    type Nothing = Infallible;

    fn likely(&self) -> &Act {
        self
    }

    async fn find<'a>(&'a self, _: &mut Tx<'_>) -> Sought<'a, (), Infallible> {
        Ok(Ok((Cow::Borrowed(self), ())))
    }
}

/// An act that takes effect once per key.
struct Request<D> {
    ctx: Ctx,
    act: D,
    key: Option<RequestKey>,
    /// What was found by the run that was refused, where it had to be found: once that run is undone, it might be found otherwise.
    found: std::sync::Mutex<Option<Act>>,
}

impl<D> Request<D> {
    fn found(&self) -> std::sync::MutexGuard<'_, Option<Act>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<D: Deed> Request<D> {
    async fn earlier(&self, tx: &mut Tx<'_>) -> Result<Option<Outcome>, AppError> {
        let Some(key) = &self.key else {
            return Ok(None);
        };
        match tx.replay(key).await? {
            Replay::New => Ok(None),
            Replay::Clash => Err(AppError::Conflict(format!(
                "request id {} was used with another method, path or body; give each request one of its own",
                key.request_id
            ))),
            Replay::Answered(outcome) => serde_json::from_str(&outcome)
                .map(Some)
                .map_err(|error| AppError::Impossible(error.to_string())),
        }
    }

    async fn remember(&self, tx: &mut Tx<'_>, outcome: &Outcome) -> Result<(), StoreError> {
        match &self.key {
            Some(key) => {
                tx.remember(
                    key,
                    &serde_json::to_string(outcome).unwrap_or_default(),
                    self.ctx.server_now,
                )
                .await
            }
            None => Ok(()),
        }
    }

    async fn outcome(&self, tx: &mut Tx<'_>, act: &Act) -> Result<Outcome, AppError> {
        if let Some(earlier) = self.earlier(tx).await? {
            return Ok(earlier);
        }
        let performed = perform(&self.ctx, tx, act).await;
        // A refusal is kept once the rest is undone, under an id that is known before.
        let performed = performed.map_err(|error| match error {
            AppError::Refused(mut refusal) => {
                refusal.decision.kept = Some(kept_id(&self.ctx).to_string());
                AppError::Refused(refusal)
            }
            other => other,
        })?;
        let outcome = Outcome::Done(performed.result);
        self.remember(tx, &outcome).await?;
        Ok(outcome)
    }
}

/// A request, and what is read once it is done.
struct Once<D, T, F> {
    request: Request<D>,
    then: F,
    reads: PhantomData<fn() -> T>,
}

impl<D, T, F> Once<D, T, F>
where
    D: Deed,
    F: for<'a, 'b> Fn(&'a mut Tx<'b>, &'a D::Seen, &'a Json) -> Answer<'a, T>,
{
    fn new(ctx: Ctx, act: D, key: Option<RequestKey>, then: F) -> Self {
        let found = std::sync::Mutex::default();
        Self {
            request: Request {
                ctx,
                act,
                key,
                found,
            },
            then,
            reads: PhantomData,
        }
    }
}

/// What a request came to, with what was read of it.
enum Ended<T, N> {
    Done(Json, T),
    Refused(Box<Decision>),
    Nothing(N),
}

impl<D, T, F> Command for Once<D, T, F>
where
    D: Deed,
    T: Send + 'static,
    F: for<'a, 'b> Fn(&'a mut Tx<'b>, &'a D::Seen, &'a Json) -> Answer<'a, T> + Send + Sync,
{
    type Out = Ended<T, D::Nothing>;
    type Error = AppError;

    fn locks(&self) -> Vec<Lock> {
        let mut locks = self.request.act.locks();
        locks.extend(self.request.key.iter().map(RequestKey::lock));
        locks
    }

    fn ahead(&self) -> Vec<Ahead> {
        self.request.act.likely().ahead()
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, AppError> {
        let (act, seen) = match self.request.act.find(tx).await? {
            Ok(found) => found,
            Err(why) => return Ok(Ended::Nothing(why)),
        };
        let outcome = self.request.outcome(tx, &act).await;
        if let (Err(AppError::Refused(_)), Cow::Owned(act)) = (&outcome, &act) {
            *self.request.found() = Some(act.clone());
        }
        match outcome? {
            Outcome::Done(result) => {
                let read = (self.then)(tx, &seen, &result).await?;
                Ok(Ended::Done(result, read))
            }
            Outcome::Refused(decision) => Ok(Ended::Refused(decision)),
        }
    }

    async fn record_failure(&self, tx: &mut Tx<'_>, error: &AppError) -> Result<(), StoreError> {
        let AppError::Refused(refusal) = error else {
            return Ok(());
        };
        let found = self.request.found().clone();
        let act = found.as_ref().unwrap_or_else(|| self.request.act.likely());
        let ctx = Ctx {
            actor: act.actor.clone(),
            ..self.request.ctx.clone()
        };
        record_refusal(&ctx, tx, act, error).await?;
        let outcome = Outcome::Refused(Box::new(refusal.decision.clone()));
        self.request.remember(tx, &outcome).await
    }
}

/// How long the answer of a request is kept for a repeat, in hours.
const ANSWERS_KEPT_HOURS: i64 = 24;

/// Forgets the answers of requests that nobody repeats any more (GEN-006).
#[derive(Clone, Copy, Debug)]
pub struct ForgetAnswers {
    /// Now, by the server's clock.
    pub now: Timestamp,
}

impl Command for ForgetAnswers {
    /// How many were forgotten.
    type Out = u64;
    type Error = AppError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<u64, AppError> {
        let before = self.now.plus_hours(-ANSWERS_KEPT_HOURS);
        Ok(tx.forget_answers_before(before).await?)
    }
}

struct DryRun {
    ctx: Ctx,
    act: Act,
}

impl Command for DryRun {
    type Out = (Decision, tierline_rules::Facts);
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, AppError> {
        decide_only(&self.ctx, tx, &self.act).await
    }
}

/// The language a caller asked for.
#[must_use]
pub fn language(locale: Option<&str>) -> Lang {
    locale.map_or(Lang::En, Lang::of_locale)
}

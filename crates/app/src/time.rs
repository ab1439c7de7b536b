//! Time passes in a world: by itself, or because somebody moves its clock. What falls due is done the same way in
//! both, one item a transaction and in due order, so that whoever is interrupted goes on where it stopped.

use tierline_domain::time::{Period, Timestamp};
use tierline_store::tables::{Due, WorldClock};
use tierline_store::{Command, Db, Lock, StoreError, Tx, Value, tables};

use crate::actor::ActorSpec;
use crate::app::App;
use crate::ask::ask;
use crate::clock::{Clock, KEPT};
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::schedule;

/// How far a clock is moved.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// By a period.
    By(Period),
    /// To an instant.
    Until(Timestamp),
    /// To the instant at which something is due next.
    Next,
}

/// What the passing of time came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Where the world's clock stands.
    pub world: Timestamp,
    /// How many things fell due and were done.
    pub fired: u64,
    /// How many could not be done, and stand in the schedule with the reason.
    pub set_aside: u64,
}

impl App {
    /// Moves the world's clock and does what falls due on the way, each thing in a transaction of its own. Who is
    /// interrupted leaves the clock at the last thing that was done, and moves on from there.
    ///
    /// # Errors
    /// When the instant lies in the past or outside the calendar, nothing is scheduled, or the store fails.
    pub async fn advance(&self, step: Step) -> Result<Moved, AppError> {
        let _turn = self.turn().lock().await;
        self.catch_up().await?;
        let now = self.clock().world_now();
        let until = match step {
            Step::By(period) => now
                .plus(period)
                .map_err(|error| AppError::invalid("by", error))?,
            Step::Until(until) => until,
            Step::Next => self.next_instant(now).await?,
        };
        if until < now {
            let field = match step {
                Step::By(_) => "by",
                Step::Until(_) | Step::Next => "until",
            };
            let text = format!(
                "the clock of a world only moves forward, and stands at {now}; name a later instant, or reset the world"
            );
            return Err(AppError::invalid(field, text));
        }
        let moved = self.work(now, until, true).await?;
        let keep = KeepClock(self.clock().to_keep(until));
        self.db().write(keep).await?;
        self.clock().move_to(until);
        Ok(moved)
    }

    /// Does what is due by now: the loop of a clock that runs.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn fall_due(&self) -> Result<Moved, AppError> {
        let _turn = self.turn().lock().await;
        self.catch_up().await?;
        let now = self.clock().world_now();
        self.work(now, now, false).await
    }

    /// Writes down where the world's clock stands.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn keep_clock(&self) -> Result<(), AppError> {
        let _turn = self.turn().lock().await;
        let kept = self.clock().to_keep(self.clock().world_now());
        self.db().write(KeepClock(kept)).await
    }

    /// Follows a clock that another process on this database has moved.
    async fn catch_up(&self) -> Result<(), AppError> {
        if let Some(kept) = kept_clock(self.db()).await? {
            let moved = Clock::kept(&kept).world_now();
            if self.clock().world_now() < moved {
                self.clock().move_to(moved);
            }
        }
        Ok(())
    }

    async fn next_instant(&self, now: Timestamp) -> Result<Timestamp, AppError> {
        let next = self
            .read(ask(move |tx| {
                Box::pin(async move {
                    match schedule::first_due(tx, now).await? {
                        Some(overdue) => Ok(Some(overdue)),
                        None => schedule::first_after(tx, now).await,
                    }
                })
            }))
            .await?;
        next.map(|item| item.due.max(now)).ok_or_else(|| {
            AppError::invalid(
                "next",
                "nothing is scheduled in this world; give `by` or `until`",
            )
        })
    }

    async fn work(
        &self,
        now: Timestamp,
        until: Timestamp,
        is_move: bool,
    ) -> Result<Moved, AppError> {
        let mut moved = Moved {
            world: until,
            fired: 0,
            set_aside: 0,
        };
        loop {
            let first = ask(move |tx| Box::pin(schedule::first_due(tx, until)));
            let Some(item) = self.read(first).await? else {
                return Ok(moved);
            };
            let ctx = Ctx {
                now,
                ..self.ctx(ActorSpec::operator())
            };
            let reached = schedule::at(&ctx, &item);
            let clock = is_move.then(|| self.clock().to_keep(reached));
            let done = self.db().write(CarryOut {
                ctx,
                item,
                until,
                clock,
            });
            match done.await {
                Ok(true) => {
                    moved.fired = moved.fired.saturating_add(1);
                    if is_move {
                        self.clock().move_to(reached);
                    }
                }
                // Another process was faster, and what comes next is looked up again.
                Ok(false) => {}
                Err(AppError::Store(error)) => return Err(error.into()),
                Err(error) => {
                    tracing::error!(%error, "something scheduled was set aside");
                    moved.set_aside = moved.set_aside.saturating_add(1);
                }
            }
        }
    }
}

/// Where a database's clock stood when it was last kept; none where it was never moved.
///
/// # Errors
/// When the store fails.
pub async fn kept_clock(db: &Db) -> Result<Option<WorldClock>, AppError> {
    db.read(ask(|tx| {
        Box::pin(async move {
            let key = [Value::Text(KEPT.to_owned())];
            Ok(tx.get::<WorldClock>(&key).await?)
        })
    }))
    .await
}

/// Writes down where a clock stands.
struct KeepClock(WorldClock);

impl Command for KeepClock {
    type Out = ();
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AppError> {
        Ok(tx.put(&self.0).await?)
    }
}

/// Does one thing that is due; false where somebody else has.
struct CarryOut {
    ctx: Ctx,
    item: Due,
    until: Timestamp,
    /// Where the clock stands then, if it is moved.
    clock: Option<WorldClock>,
}

impl Command for CarryOut {
    type Out = bool;
    type Error = AppError;

    fn locks(&self) -> Vec<Lock> {
        schedule::locks(&self.item)
    }

    /// An item that is done is not claimed again.
    fn is_repeatable(&self) -> bool {
        true
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<bool, AppError> {
        let done = schedule::carry_out(&self.ctx, tx, &self.item, self.until).await?;
        if let (true, Some(clock)) = (done, &self.clock) {
            tx.put(clock).await?;
        }
        Ok(done)
    }

    /// What cannot be done would hold up everything behind it, so it is set aside with the reason. A failure of the
    /// store passes, and leaves the item where it was.
    async fn record_failure(&self, tx: &mut Tx<'_>, error: &AppError) -> Result<(), StoreError> {
        if matches!(error, AppError::Store(_)) {
            return Ok(());
        }
        let values = [
            Value::Instant(schedule::at(&self.ctx, &self.item)),
            Value::Text(error.to_string()),
            Value::Id(self.item.id),
        ];
        tx.execute(tables::time::SET_ASIDE, &values).await.map(drop)
    }
}

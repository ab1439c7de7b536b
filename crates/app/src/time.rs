//! Time passes in a world: by itself, or because somebody moves its clock. What falls due is done the same way in
//! both and in due order, many things in a transaction, so that whoever is interrupted goes on where it stopped.

use std::collections::{BTreeMap, BTreeSet};

use tierline_domain::time::{Period, Timestamp};
use tierline_store::tables::{Due, WorldClock};
use tierline_store::{Command, Db, Lock, StoreError, Tx, Value, tables};

use crate::actor::ActorSpec;
use crate::app::App;
use crate::ask::ask;
use crate::clock::{Clock, KEPT};
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::{events, names, schedule};

/// Most items of one transaction, unless an app is told otherwise. Whoever waits for the lane waits for as many.
pub const GROUP_MAX: usize = 1_000;
/// How many times as many items are looked up as could be done together the last time, and at least so many: what ended one
/// group early mostly ends the next one too.
const AHEAD: usize = 8;

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Where the world's clock stands.
    pub world: Timestamp,
    /// How many things of each kind fell due and were done.
    pub kinds: BTreeMap<String, u64>,
    /// How many could not be done, and stand in the schedule with the reason.
    pub set_aside: u64,
}

impl Moved {
    /// How many things fell due and were done.
    #[must_use]
    pub fn fired(&self) -> u64 {
        self.kinds
            .values()
            .fold(0, |sum, count| sum.saturating_add(*count))
    }
}

impl App {
    /// Moves the world's clock and does what falls due on the way. Who is interrupted leaves the clock at the last thing
    /// that was done, and moves on from there.
    ///
    /// # Errors
    /// When the instant lies in the past or outside the calendar, nothing is scheduled, or the store fails.
    pub async fn advance(&self, step: Step) -> Result<Moved, AppError> {
        let mut looked = self.turn().lock().await;
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
        let from = self.done_by(*looked, now).await?;
        let moved = self.work(from, until, true).await?;
        self.keep(self.clock().to_keep(until)).await?;
        self.clock().move_to(until);
        *looked = Some(until);
        Ok(moved)
    }

    /// Does what is due by now: the loop of a clock that runs.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn fall_due(&self) -> Result<Moved, AppError> {
        let mut looked = self.turn().lock().await;
        self.catch_up().await?;
        let now = self.clock().world_now();
        let from = self.done_by(*looked, now).await?;
        let moved = self.work(from, now, false).await?;
        *looked = Some(now);
        Ok(moved)
    }

    /// Writes down where the world's clock stands.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn keep_clock(&self) -> Result<(), AppError> {
        self.keep(self.clock_now()).await
    }

    /// Where the world's clock stands now, as it is kept.
    #[must_use]
    pub fn clock_now(&self) -> WorldClock {
        self.clock().to_keep(self.clock().world_now())
    }

    async fn keep(&self, clock: WorldClock) -> Result<(), AppError> {
        self.db().write(KeepClock(clock)).await
    }

    /// The instant by which everything that was due had been done: when this process looked last, or when something last
    /// happened here before it began. What fell due later is late only because nobody looked, and is done as of its day.
    async fn done_by(
        &self,
        looked: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Timestamp, AppError> {
        if let Some(looked) = looked {
            return Ok(looked.min(now));
        }
        let last = ask(|tx: &mut Tx<'_>| Box::pin(async move { Ok(events::last(tx).await?) }));
        Ok(self.read(last).await?.map_or(now, |last| last.at.min(now)))
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

    /// Does what is due until an instant; nothing of it as of an instant before `from`.
    async fn work(
        &self,
        from: Timestamp,
        until: Timestamp,
        is_move: bool,
    ) -> Result<Moved, AppError> {
        let mut moved = Moved {
            world: until,
            kinds: BTreeMap::new(),
            set_aside: 0,
        };
        let mut most = self.group_max();
        loop {
            let count = most;
            let ahead = ask(move |tx| Box::pin(schedule::first_due_of(tx, until, count)));
            let ahead = self.read(ahead).await?;
            if ahead.is_empty() {
                return Ok(moved);
            }
            let ctx = Ctx {
                now: from,
                ..self.ctx(ActorSpec::operator())
            };
            let group = Group {
                names: ahead.iter().flat_map(schedule::names).collect(),
                clock: is_move.then(|| self.clock().to_keep(from)),
                ctx,
                ahead,
                until,
                most,
            };
            match self.db().write(group).await {
                Ok(done) => {
                    most = done.ahead().min(self.group_max());
                    for (kind, count) in done.kinds {
                        let all = moved.kinds.entry(kind).or_default();
                        *all = all.saturating_add(count);
                    }
                    if let Some(reached) = done.reached.filter(|_| is_move) {
                        self.clock().move_to(reached);
                    }
                }
                Err(stuck) if !stuck.is_lasting() => return Err(stuck.error),
                // What comes before it is done first, and then it is the first of its group.
                Err(stuck) if stuck.before > 0 => most = stuck.before,
                Err(stuck) => {
                    tracing::error!(error = %stuck.error, "something scheduled was set aside");
                    most = self.group_max();
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
    db.read(ask(|tx| Box::pin(kept(tx)))).await
}

async fn kept(tx: &mut Tx<'_>) -> Result<Option<WorldClock>, AppError> {
    let key = [Value::Text(KEPT.to_owned())];
    Ok(tx.get::<WorldClock>(&key).await?)
}

/// Has a copy's clock stand where it was kept, and run on from there: what passed since passed elsewhere.
///
/// # Errors
/// When the store fails.
pub async fn resume_clock(tx: &mut Tx<'_>) -> Result<(), AppError> {
    if let Some(old) = kept(tx).await? {
        tx.put(&Clock::kept(&old).to_keep(old.world)).await?;
    }
    Ok(())
}

/// Writes down where a clock stands.
struct KeepClock(WorldClock);

impl Command for KeepClock {
    type Out = ();
    type Error = AppError;

    fn locks(&self) -> Vec<Lock> {
        vec![schedule::turn()]
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AppError> {
        keep_forward(tx, &self.0).await
    }
}

/// Keeps a clock, unless another process has moved it further meanwhile.
///
/// # Errors
/// When the store fails.
pub async fn keep_forward(tx: &mut Tx<'_>, clock: &WorldClock) -> Result<(), AppError> {
    let is_news = |old: WorldClock| {
        let stood = old.at(clock.server);
        stood < clock.world || (stood == clock.world && old.stands != clock.stands)
    };
    if kept(tx).await?.is_none_or(is_news) {
        tx.put(clock).await?;
    }
    Ok(())
}

/// Does the first things that are due, in order and in one transaction, up to the first that rests on something else
/// than was looked up before.
struct Group {
    ctx: Ctx,
    /// What was due when it was looked up.
    ahead: Vec<Due>,
    /// What may be done rests on: the parties and things that those name.
    names: BTreeSet<String>,
    until: Timestamp,
    most: usize,
    /// The clock, if it is moved: it stands at the last item then.
    clock: Option<WorldClock>,
}

/// What a group came to: nothing where others have done it all.
#[derive(Default)]
struct Done {
    kinds: BTreeMap<String, u64>,
    reached: Option<Timestamp>,
}

impl Done {
    /// How many items are worth looking up for the next group.
    fn ahead(&self) -> usize {
        let done = self.kinds.values().sum::<u64>().max(1);
        usize::try_from(done).map_or(usize::MAX, |done| done.saturating_mul(AHEAD))
    }
}

/// An item that could not be done, and how many of its group came before it.
struct Stuck {
    error: AppError,
    item: Option<Box<Due>>,
    before: usize,
}

impl Stuck {
    /// Whether it lies in the item and would be so again. A failure of the store passes.
    const fn is_lasting(&self) -> bool {
        match &self.error {
            AppError::Store(error) => error.is_lasting() && self.item.is_some(),
            _ => self.item.is_some(),
        }
    }
}

impl From<StoreError> for Stuck {
    fn from(error: StoreError) -> Self {
        AppError::from(error).into()
    }
}

impl From<AppError> for Stuck {
    fn from(error: AppError) -> Self {
        Self {
            error,
            item: None,
            before: 0,
        }
    }
}

impl Group {
    /// Claims what is due first. `next` is the place in what was looked up that is expected to be it.
    async fn claim(&self, tx: &mut Tx<'_>, next: &mut usize) -> Result<Option<Due>, AppError> {
        if let Some(item) = self.ahead.get(*next)
            && schedule::claim(&self.ctx, tx, item, self.until).await?
        {
            *next = next.saturating_add(1);
            return Ok(Some(item.clone()));
        }
        // Others have done it, or what was done before it has put something in front of it or taken it away.
        let Some(item) = schedule::first_due(tx, self.until).await? else {
            return Ok(None);
        };
        let may = schedule::names(&item).all(|name| self.names.contains(&name));
        if !may || !schedule::claim(&self.ctx, tx, &item, self.until).await? {
            return Ok(None);
        }
        let rest = self.ahead.get(*next..).unwrap_or_default();
        if let Some(skipped) = rest.iter().position(|ahead| ahead.id == item.id) {
            *next = next.saturating_add(skipped).saturating_add(1);
        }
        Ok(Some(item))
    }
}

impl Command for Group {
    type Out = Done;
    type Error = Stuck;

    /// The turn first: whoever does what is due waits in one lane.
    fn locks(&self) -> Vec<Lock> {
        let names = self.names.iter().map(|name| names::lock(name));
        std::iter::once(schedule::turn()).chain(names).collect()
    }

    /// An item that is done is not claimed again.
    fn is_repeatable(&self) -> bool {
        true
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Done, Stuck> {
        let (mut done, mut next) = (Done::default(), 0);
        for before in 0..self.most {
            let Some(item) = self.claim(tx, &mut next).await? else {
                break;
            };
            if let Err(error) = schedule::carry_out(&self.ctx, tx, &item).await {
                return Err(Stuck {
                    error,
                    item: Some(Box::new(item)),
                    before,
                });
            }
            done.reached = Some(schedule::at(&self.ctx, &item));
            let is_whole = schedule::fills_a_transaction(&item.kind);
            match done.kinds.get_mut(&item.kind) {
                Some(count) => *count = count.saturating_add(1),
                None => drop(done.kinds.insert(item.kind, 1)),
            }
            if is_whole {
                break;
            }
        }
        if let Some((clock, world)) = self.clock.clone().zip(done.reached) {
            keep_forward(tx, &WorldClock { world, ..clock }).await?;
        }
        Ok(done)
    }

    /// What cannot be done would hold up everything behind it, so it is set aside with the reason.
    async fn record_failure(&self, tx: &mut Tx<'_>, stuck: &Stuck) -> Result<(), StoreError> {
        let first = stuck.item.as_ref().filter(|_| stuck.before == 0);
        let Some(item) = first.filter(|_| stuck.is_lasting()) else {
            return Ok(());
        };
        let values = [
            Value::Instant(schedule::at(&self.ctx, item)),
            Value::Text(stuck.error.to_string()),
            Value::Id(item.id),
        ];
        tx.execute(tables::time::SET_ASIDE, &values).await.map(drop)
    }
}

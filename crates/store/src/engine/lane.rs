//! One thread, one queue, one transaction at a time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use tokio::sync::{Mutex, Notify, mpsc, oneshot};

use super::job::{Job, Ran};
use super::session::{Begin, Opening, Session, Uncommitted};
use super::{Counters, GROUP_MAX, Lock, QUEUE_MAX};
use crate::error::StoreError;

/// Stack of a lane: commands nest (a remedy rehearses acts), and unoptimised futures are large.
const LANE_STACK_BYTES: usize = 16 * 1024 * 1024;
/// How often a command runs before its caller hears that the database is busy.
const ATTEMPTS_MAX: u32 = 6;
/// The first pause between two attempts; it doubles.
const PAUSE: Duration = Duration::from_millis(5);

/// How many groups run with savepoints after one in which a command was refused.
const WARY_GROUPS: u32 = 32;

/// The longest and the single wait for commands that are about to arrive.
const GATHER_MAX: Duration = Duration::from_millis(1);
const GATHER_STEP: Duration = Duration::from_micros(40);
/// After so many such waits in which nothing arrived, a lane among others waits no longer.
const QUIET_STEPS: u32 = 4;

/// What a lane is asked to do.
pub(super) enum Work {
    /// Run and commit, in a group with what is queued behind it.
    Write(Box<dyn Job>),
    /// Run on a consistent view, and write nothing.
    Read(Box<dyn Job>),
    /// Run and undo.
    Rehearse(Box<dyn Job>),
    /// Use the connection between two groups.
    Direct(Box<dyn FnOnce(&mut Session) + Send>),
    /// End; the sender is dropped when the connection is closed.
    Stop(oneshot::Sender<()>),
}

type Queue = Arc<Mutex<mpsc::Receiver<Work>>>;

/// One or more threads behind one queue.
pub(super) struct Crew {
    queue: mpsc::Sender<Work>,
    threads: usize,
    /// What begins with the first work; nothing where the threads run.
    idle: std::sync::Mutex<Option<Idle>>,
}

/// Threads that nobody has needed yet, and where their connections come from: a world that nobody asks costs none.
struct Idle {
    name: &'static str,
    queue: Queue,
    open: Opener,
    counters: Arc<Counters>,
}

/// Opens a connection, when one is needed.
pub(super) type Opener = Box<dyn Fn() -> Result<Session, StoreError> + Send + Sync>;

impl Crew {
    fn idle(&self) -> std::sync::MutexGuard<'_, Option<Idle>> {
        let idle = self.idle.lock();
        idle.unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Starts the threads, if they do not run. Where that fails they are started with the next work.
    fn wake(&self) -> Result<(), StoreError> {
        let mut idle = self.idle();
        let Some(waiting) = idle.as_ref() else {
            return Ok(());
        };
        let sessions = (0..self.threads).map(|_| (waiting.open)());
        let sessions = sessions.collect::<Result<Vec<_>, _>>()?;
        for session in sessions {
            spawn(waiting.name, session, &waiting.queue, &waiting.counters)?;
        }
        *idle = None;
        Ok(())
    }

    /// Queues work, waiting for room where there is none.
    pub(super) async fn send(&self, work: Work) -> Result<(), StoreError> {
        self.wake()?;
        self.queue.send(work).await.map_err(|_| StoreError::Closed)
    }

    /// Ends every thread after what is queued already.
    pub(super) async fn stop(&self) {
        // With the queue of those that never began: whoever comes later hears that it is closed.
        if self.idle().take().is_some() {
            return;
        }
        for _ in 0..self.threads {
            let (done, ended) = oneshot::channel();
            if self.send(Work::Stop(done)).await.is_ok() {
                // An error is what we wait for: the sender is dropped with the thread's connection.
                drop(ended.await);
            }
        }
    }
}

/// Starts one thread with a session.
pub(super) fn start(
    name: &str,
    session: Session,
    counters: &Arc<Counters>,
) -> Result<Crew, StoreError> {
    let (sender, receiver) = mpsc::channel(QUEUE_MAX);
    spawn(name, session, &Arc::new(Mutex::new(receiver)), counters)?;
    Ok(Crew {
        queue: sender,
        threads: 1,
        idle: std::sync::Mutex::default(),
    })
}

/// So many threads that share a queue and begin with the first work.
pub(super) fn on_call(
    name: &'static str,
    threads: usize,
    open: Opener,
    counters: &Arc<Counters>,
) -> Crew {
    let (sender, receiver) = mpsc::channel(QUEUE_MAX);
    Crew {
        queue: sender,
        threads,
        idle: std::sync::Mutex::new(Some(Idle {
            name,
            queue: Arc::new(Mutex::new(receiver)),
            open,
            counters: Arc::clone(counters),
        })),
    }
}

fn spawn(
    name: &str,
    session: Session,
    queue: &Queue,
    counters: &Arc<Counters>,
) -> Result<(), StoreError> {
    let runtime = session.runtime().map_err(StoreError::unavailable)?;
    let lane = Lane {
        session,
        queue: Arc::clone(queue),
        counters: Arc::clone(counters),
        expected: 0,
        lasted: Duration::ZERO,
        wary: 0,
    };
    std::thread::Builder::new()
        .stack_size(LANE_STACK_BYTES)
        .name(name.to_owned())
        .spawn(move || runtime.block_on(lane.work()))
        .map(drop)
        .map_err(StoreError::unavailable)
}

/// How a command went that had no savepoint.
enum Went {
    /// It is done.
    Through,
    /// It was refused, and the transaction stands.
    Refused,
    /// Whatever else.
    Wrong,
}

struct Lane {
    session: Session,
    queue: Queue,
    counters: Arc<Counters>,
    /// How many commands were under way or waiting when the last group was answered: about as many clients
    /// are there, and each is about to send the next one.
    expected: usize,
    /// How long the last group took from its first statement to its commit.
    lasted: Duration,
    /// How many groups still run with savepoints, because a command was refused lately.
    wary: u32,
}

impl Lane {
    async fn work(mut self) {
        let mut carried = None;
        loop {
            let work = match carried.take() {
                Some(work) => Some(work),
                None => self.queue.lock().await.recv().await,
            };
            match work {
                Some(Work::Write(job)) => {
                    let mut group = vec![job];
                    carried = self.fill(&mut group).await;
                    let (size, begun) = (group.len(), Instant::now());
                    self.commit(group).await;
                    self.lasted = begun.elapsed();
                    self.expected = size + self.queue.lock().await.len();
                }
                Some(Work::Read(job)) => self.look(job, Begin::Read).await,
                Some(Work::Rehearse(job)) => self.look(job, Begin::Rehearsal).await,
                Some(Work::Direct(work)) => work(&mut self.session),
                Some(Work::Stop(done)) => {
                    drop(self);
                    drop(done);
                    return;
                }
                None => return,
            }
        }
    }

    /// Takes what is queued already into the group; anything but a write ends it.
    ///
    /// Those who were just answered are a moment away with their next command. Waiting for them, for a
    /// fraction of what a commit costs, makes one group of what would be two that take turns. Beside other lanes it is not
    /// known how many of them come back to this one: it waits while they come.
    async fn fill(&self, group: &mut Vec<Box<dyn Job>>) -> Option<Work> {
        let mut queue = self.queue.lock().await;
        let expected = self.expected.min(GROUP_MAX);
        let patience = (self.lasted / 4).min(GATHER_MAX);
        let is_among_others = self.session.is_among_others();
        let (begun, mut arrived, mut quiet) = (Instant::now(), queue.len(), 0);
        while group.len() + queue.len() < expected && begun.elapsed() < patience {
            // Nothing else is under way on this thread.
            std::thread::sleep(GATHER_STEP);
            quiet = if queue.len() > arrived { 0 } else { quiet + 1 };
            arrived = queue.len();
            if is_among_others && quiet >= QUIET_STEPS {
                break;
            }
        }
        while group.len() < GROUP_MAX {
            match queue.try_recv() {
                Ok(Work::Write(job)) => group.push(job),
                Ok(other) => return Some(other),
                Err(_) => return None,
            }
        }
        None
    }

    /// Commits a group and answers it. What cannot be committed together runs again one by one.
    async fn commit(&mut self, mut group: Vec<Box<dyn Job>>) {
        group.retain(|job| !job.is_abandoned());
        if group.is_empty() {
            return;
        }
        match self.attempt(&mut group, true).await {
            Ok(again) => {
                let (again, done): (Vec<_>, Vec<_>) = group
                    .into_iter()
                    .enumerate()
                    .partition(|(index, _)| again.contains(index));
                for (_, job) in done {
                    job.answer();
                }
                for (_, job) in again {
                    self.alone(job, None).await;
                }
            }
            Err(Uncommitted::Down(error)) => {
                for mut job in group {
                    job.fail(error.clone());
                    job.answer();
                }
            }
            Err(why) => {
                tracing::warn!(error = %chain(why.error()), commands = group.len(), "a group was not committed");
                for job in group {
                    self.alone(job, Some(why.clone())).await;
                }
            }
        }
    }

    /// Runs one command in a transaction of its own until it is committed, refused, or out of attempts.
    async fn alone(&mut self, mut job: Box<dyn Job>, before: Option<Uncommitted>) {
        let mut last = before.unwrap_or(Uncommitted::Failed(StoreError::Contended));
        let mut unknown = None;
        for attempt in 0..ATTEMPTS_MAX {
            if let Uncommitted::Unknown(error) = &last {
                unknown.get_or_insert_with(|| error.clone());
                if !job.is_repeatable() {
                    break;
                }
            }
            pause(attempt).await;
            last = match self.attempt(std::slice::from_mut(&mut job), false).await {
                Ok(again) if again.is_empty() => return job.answer(),
                Ok(_) => Uncommitted::Failed(StoreError::Contended),
                Err(why) => why,
            };
            if !last.is_worth_another() {
                break;
            }
        }
        // Later attempts that fail tell nothing about an earlier one that may be in force.
        job.fail(unknown.unwrap_or(last.into_error()));
        job.answer();
    }

    /// One transaction: every job in its savepoint, one commit. Answers which jobs have to run again
    /// because other work was in their way.
    async fn attempt(
        &mut self,
        jobs: &mut [Box<dyn Job>],
        may_wait: bool,
    ) -> Result<Vec<usize>, Uncommitted> {
        if self.session.pays_for_savepoints() {
            let done = match &mut *jobs {
                [job] => self.single(job.as_mut()).await?,
                jobs => self.trusting(jobs).await?,
            };
            if done {
                return Ok(Vec::new());
            }
        }
        let locks = union(jobs);
        let opening = Opening {
            begin: Begin::Write,
            locks: &locks,
            may_wait,
            asked: jobs.iter().flat_map(|job| job.ahead()).collect(),
        };
        self.session.begin(opening).await?;
        let mut again = Vec::new();
        for (index, job) in jobs.iter_mut().enumerate() {
            let stepped = if job.is_refusable() {
                self.step(job.as_mut()).await
            } else {
                self.stride(job.as_mut()).await
            };
            match stepped {
                Ok(()) => {}
                Err(StoreError::Contended)
                    if job.is_refusable() && self.session.in_transaction() =>
                {
                    self.session.undo()?;
                    again.push(index);
                }
                Err(error) => {
                    self.session.rollback();
                    return Err(self.session.lost(error));
                }
            }
        }
        self.session.commit().await?;
        self.counters.committed(jobs.len() - again.len());
        Ok(again)
    }

    /// One command that has the transaction to itself: what it did is undone with the whole. False where it has to run
    /// again, with a savepoint.
    async fn single(&mut self, job: &mut dyn Job) -> Result<bool, Uncommitted> {
        self.session.begin(Begin::Write.into()).await?;
        match self.went(job).await {
            Went::Through => {}
            Went::Refused => {
                self.session.rollback();
                self.session.begin(Begin::Write.into()).await?;
                if let Err(error) = self.record(job).await {
                    self.session.rollback();
                    return Err(self.session.lost(error));
                }
            }
            Went::Wrong => {
                self.session.rollback();
                return Ok(false);
            }
        }
        self.session.commit().await?;
        self.counters.committed(1);
        Ok(true)
    }

    /// A group without savepoints, each of which makes the engine copy every page that its command changes. False where a
    /// command did not go through, or did not lately: the group has to run with them.
    async fn trusting(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<bool, Uncommitted> {
        if self.wary > 0 {
            self.wary -= 1;
            return Ok(false);
        }
        self.session.begin(Begin::Write.into()).await?;
        for job in &mut *jobs {
            if !matches!(self.went(job.as_mut()).await, Went::Through) {
                self.session.rollback();
                self.wary = WARY_GROUPS;
                return Ok(false);
            }
        }
        self.session.commit().await?;
        self.counters.committed(jobs.len());
        Ok(true)
    }

    /// Runs a command in the open transaction, without a savepoint.
    async fn went(&mut self, job: &mut dyn Job) -> Went {
        let mut tx = self.session.tx();
        let ran = job.run(&mut tx).await;
        let untold = tx.untold();
        let failure = tx.into_failure();
        match (ran, failure) {
            (Ran::Done, None) if untold.is_none() => Went::Through,
            (Ran::Refused, failure)
                if self.session.in_transaction()
                    && !matches!(failure, Some(StoreError::Contended)) =>
            {
                Went::Refused
            }
            _ => Went::Wrong,
        }
    }

    /// One command in its savepoint. Fails only when the whole transaction is lost, or with `Contended`
    /// when this command has to run again.
    async fn step(&mut self, job: &mut dyn Job) -> Result<(), StoreError> {
        self.session.mark()?;
        let mut tx = self.session.tx();
        let ran = job.run(&mut tx).await;
        let untold = tx.untold();
        let failure = tx.into_failure();
        self.still_open(failure.as_ref())?;
        match (ran, failure) {
            (Ran::Done, None) if untold.is_some() => {
                job.fail(StoreError::Untold(untold.unwrap_or_default()));
            }
            (Ran::Done, None) => return self.session.keep(),
            (Ran::Done, Some(_)) => job.fail(StoreError::Aborted),
            (Ran::Panicked, _) => self.counters.panicked(),
            (Ran::Refused, _) => {
                self.session.undo()?;
                return self.record(job).await;
            }
        }
        self.session.undo()
    }

    /// One command that stands or falls with its group, without a savepoint: what is written behind one counts as a
    /// transaction of its own, whose number the other lanes do not know, and they forget everything that they have read.
    async fn stride(&mut self, job: &mut dyn Job) -> Result<(), StoreError> {
        let mut tx = self.session.tx();
        let ran = job.run(&mut tx).await;
        let untold = tx.untold();
        let failure = tx.into_failure();
        self.still_open(failure.as_ref())?;
        match (ran, failure, untold) {
            (Ran::Done, None, None) => Ok(()),
            (Ran::Panicked, ..) => {
                self.counters.panicked();
                Err(StoreError::Panicked)
            }
            (_, Some(failure), _) => Err(failure),
            (_, None, Some(untold)) => Err(StoreError::Untold(untold)),
            (_, None, None) => Err(StoreError::Aborted),
        }
    }

    /// A refusal is a result: what the command did was undone, what the refusal leaves is written.
    async fn record(&mut self, job: &mut dyn Job) -> Result<(), StoreError> {
        self.session.mark()?;
        let mut tx = self.session.tx();
        let recorded = job.record(&mut tx).await;
        let failure = tx.into_failure();
        self.still_open(failure.as_ref())?;
        match failure.or(recorded.err()) {
            None => self.session.keep(),
            Some(error) => {
                job.fail(error);
                self.session.undo()
            }
        }
    }

    fn still_open(&self, failure: Option<&StoreError>) -> Result<(), StoreError> {
        match failure {
            Some(StoreError::Contended) => Err(StoreError::Contended),
            _ if self.session.in_transaction() => Ok(()),
            failure => Err(failure.cloned().unwrap_or(StoreError::Aborted)),
        }
    }

    /// Runs a command whose transaction is rolled back whatever it answers.
    async fn look(&mut self, mut job: Box<dyn Job>, begin: Begin) {
        if job.is_abandoned() {
            return;
        }
        let mut last = StoreError::Contended;
        for attempt in 0..ATTEMPTS_MAX {
            pause(attempt).await;
            match glance(&mut self.session, &self.counters, job.as_mut(), begin).await {
                Ok(()) => return job.answer(),
                Err(why) => {
                    let hopeless = !why.is_worth_another();
                    last = why.into_error();
                    if hopeless {
                        break;
                    }
                }
            }
        }
        job.fail(last);
        job.answer();
    }
}

/// Runs a command once in a transaction that is rolled back. Fails when the command has no result yet.
async fn glance(
    session: &mut Session,
    counters: &Counters,
    job: &mut dyn Job,
    begin: Begin,
) -> Result<(), Uncommitted> {
    session.begin(begin.into()).await?;
    let mut tx = session.tx();
    let ran = job.run(&mut tx).await;
    let failure = tx.into_failure();
    let transaction_gone = !session.in_transaction();
    session.rollback();
    match failure {
        Some(error @ StoreError::Contended) => return Err(Uncommitted::Failed(error)),
        Some(error) if transaction_gone => {
            let why = session.lost(error);
            if why.is_worth_another() {
                return Err(why);
            }
        }
        failure => {
            if ran == Ran::Panicked {
                counters.panicked();
            }
            if ran == Ran::Done && failure.is_some() {
                job.fail(StoreError::Aborted);
            }
        }
    }
    Ok(())
}

/// Connections on which whoever reads runs its command at once, on its own thread: a wake-up of another
/// thread and back costs more than most reads do. Only for engines that never make a command wait.
pub(super) struct Desk {
    open: Opener,
    /// Most connections at a time. They are opened as they are needed, and kept.
    most: usize,
    sessions: std::sync::Mutex<Seats>,
    /// Told of each session that comes back after the end.
    returned: Notify,
    counters: Arc<Counters>,
}

/// The sessions of a desk.
struct Seats {
    free: Vec<Session>,
    taken: usize,
    is_closed: bool,
}

impl Desk {
    pub(super) fn new(most: usize, open: Opener, counters: &Arc<Counters>) -> Self {
        Self {
            open,
            most,
            sessions: std::sync::Mutex::new(Seats {
                free: Vec::new(),
                taken: 0,
                is_closed: false,
            }),
            returned: Notify::new(),
            counters: Arc::clone(counters),
        }
    }

    fn seats(&self) -> std::sync::MutexGuard<'_, Seats> {
        let seats = self.sessions.lock();
        seats.unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn take(&self) -> Option<Session> {
        {
            let mut seats = self.seats();
            if seats.is_closed || seats.taken >= self.most {
                return None;
            }
            seats.taken += 1;
            if let Some(session) = seats.free.pop() {
                return Some(session);
            }
        }
        let opened = (self.open)();
        if let Err(error) = &opened {
            tracing::warn!(%error, "no further connection to read at once");
            self.give_back(None);
        }
        opened.ok()
    }

    /// Frees a place, which may have come to nothing.
    fn give_back(&self, session: Option<Session>) {
        let mut seats = self.seats();
        if seats.is_closed {
            // Before it is counted: who waits for the end waits for the file.
            drop(session);
            self.returned.notify_one();
        } else {
            seats.free.extend(session);
        }
        seats.taken -= 1;
    }

    /// Runs a command that reads. False when it has no result: every connection is in use, or something
    /// was in the way.
    pub(super) fn look(&self, job: &mut dyn Job) -> bool {
        let Some(mut session) = self.take() else {
            return false;
        };
        let looked = glance(&mut session, &self.counters, job, Begin::Read).now_or_never();
        self.give_back(Some(session));
        matches!(looked, Some(Ok(())))
    }

    /// Closes the connections, those in use as soon as they come back: afterwards nothing has the file open.
    pub(super) async fn close(&self) {
        let free = {
            let mut seats = self.seats();
            seats.is_closed = true;
            std::mem::take(&mut seats.free)
        };
        drop(free);
        while self.seats().taken > 0 {
            self.returned.notified().await;
        }
    }
}

/// Every fact that the group rests on, once, in the order in which all lanes take them.
fn union(jobs: &[Box<dyn Job>]) -> Vec<Lock> {
    let mut locks: Vec<Lock> = jobs.iter().flat_map(|job| job.locks()).copied().collect();
    locks.sort_unstable();
    locks.dedup();
    locks
}

async fn pause(attempt: u32) {
    if attempt > 0 {
        #[expect(clippy::disallowed_methods, reason = "before a group is tried again")]
        tokio::time::sleep(PAUSE * 2_u32.pow(attempt - 1)).await;
    }
}

/// An error with its sources, for the log.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests;

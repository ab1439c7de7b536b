//! The two databases behind one face. This is the only module that asks which one is running.
//!
//! Writes go through *lanes*: a lane is a thread that takes up to [`GROUP_MAX`] queued commands into one
//! transaction, each in a savepoint of its own, commits once, and only then answers them all. SQLite has one
//! lane; PostgreSQL has [`POSTGRES_LANES`], and commands that rest on the same facts say so with [`Lock`]s.
//! Reads run beside the lanes and never wait for them.

mod ahead;
mod derived;
mod job;
mod lane;
mod memo;
mod migrate;
mod pending;
mod postgres;
pub mod row;
mod session;
mod sqlite;
pub mod testing;
mod tls;
mod turn;
pub mod tx;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::oneshot;

use crate::error::StoreError;
use crate::log::sha256;
pub use ahead::{Ahead, Behind};
pub use derived::Derivation;
use job::Queued;
use lane::{Crew, Desk, Work};
pub use migrate::Migration;
use session::{Origin, Session};
use turn::Turns;
pub use tx::Tx;

/// How many commands share one commit: PostgreSQL keeps 64 subtransactions at hand, a few are the engine's.
pub const GROUP_MAX: usize = 60;
/// How many lanes write to PostgreSQL at a time.
pub const POSTGRES_LANES: usize = 2;
/// How many readers work beside the lane of a file.
const SQLITE_READERS: usize = 1;
/// How many reads of a file may run at a time where they are asked for.
const SQLITE_DESK: usize = 8;
/// How many readers work beside the lanes on a server.
const POSTGRES_READERS: usize = 4;
/// How many commands may wait for a lane before senders wait too.
const QUEUE_MAX: usize = 4_096;

/// Where the data lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DbConfig {
    /// A database of this process alone, gone when it is dropped.
    Memory,
    /// One SQLite file, made when it is not there.
    File {
        /// The file.
        path: PathBuf,
    },
    /// A PostgreSQL server.
    Postgres {
        /// A connection string; several hosts may be given, the writable one is used. `sslmode=require`
        /// encrypts and checks the server's certificate, any other mode does neither.
        url: String,
    },
}

impl DbConfig {
    /// The database that a call names: a server by its connection string, or else a file.
    #[must_use]
    pub fn of(server: Option<String>, file: PathBuf) -> Self {
        match server {
            Some(url) => Self::Postgres { url },
            None => Self::File { path: file },
        }
    }
}

/// One unit of work on the database: a value that may run more than once, so it touches nothing but its
/// transaction, and awaits nothing but statements.
pub trait Command: Send + Sync {
    /// What it gives back.
    type Out: Send;
    /// How it fails.
    type Error: From<StoreError> + Send;

    /// What the decision rests on, as far as it is known before the transaction.
    fn locks(&self) -> Vec<Lock> {
        Vec::new()
    }

    /// What it will ask first, as far as it is known before the transaction; a group of writes asks it at once. A read asks as it goes.
    fn ahead(&self) -> Vec<Ahead> {
        Vec::new()
    }

    /// Whether the command looks for the trace of an earlier run of itself (an idempotency row) before it
    /// does anything. Only then is it run again when a lost connection leaves open whether it was committed.
    fn is_repeatable(&self) -> bool {
        false
    }

    /// Whether it may be refused while the others of its group go through. One that fails only where the store does
    /// needs no savepoint: it stands or falls with its group.
    fn is_refusable(&self) -> bool {
        true
    }

    /// Does the work.
    fn run(&self, tx: &mut Tx<'_>) -> impl Future<Output = Result<Self::Out, Self::Error>> + Send;

    /// Writes what a refusal leaves behind (decision, audit event, idempotency row): called after `run`
    /// failed and everything it did was undone, and committed with the group.
    fn record_failure(
        &self,
        _tx: &mut Tx<'_>,
        _error: &Self::Error,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        async { Ok(()) }
    }
}

/// A fact that a decision rests on, by name. Two commands that name the same fact never run at the same time;
/// the fact need not exist, because an absence must be lockable too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lock(i64);

impl Lock {
    /// The lock on one thing of a kind.
    #[must_use]
    pub fn on(kind: &'static str, id: &str) -> Self {
        let digest = sha256(format!("{kind}\0{id}").as_bytes());
        let mut key = [0_u8; 8];
        key.copy_from_slice(&digest[..8]);
        Self(i64::from_be_bytes(key))
    }

    const fn key(self) -> i64 {
        self.0
    }
}

/// What the lanes have done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LaneStats {
    /// Transactions committed.
    pub groups: u64,
    /// Commands answered from a committed transaction, refusals included.
    pub commands: u64,
    /// Commits that had something to make durable.
    pub syncs: u64,
    /// Commands that panicked.
    pub panics: u64,
}

#[derive(Debug, Default)]
struct Counters {
    groups: AtomicU64,
    commands: AtomicU64,
    syncs: AtomicU64,
    panics: AtomicU64,
}

impl Counters {
    fn committed(&self, commands: usize) {
        self.groups.fetch_add(1, Ordering::Relaxed);
        self.commands
            .fetch_add(u64::try_from(commands).unwrap_or(0), Ordering::Relaxed);
    }
    fn synced(&self) {
        self.syncs.fetch_add(1, Ordering::Relaxed);
    }
    fn panicked(&self) {
        self.panics.fetch_add(1, Ordering::Relaxed);
    }
}

/// A database. Clones share it; when the last is dropped its threads end.
#[derive(Clone)]
pub struct Db {
    shared: Arc<Shared>,
}

struct Shared {
    lanes: Vec<Crew>,
    /// Absent where only the lane can see the data (a database in memory).
    readers: Option<Crew>,
    /// Where reads run at once, as long as there is room; the others go to the readers.
    desk: Desk,
    /// Absent where the lane rehearses between its groups.
    rehearsals: Option<Crew>,
    counters: Arc<Counters>,
    turns: Turns,
}

impl Db {
    /// Opens a database and brings its schema up to date.
    ///
    /// # Errors
    /// When it cannot be opened, or was made by another program.
    pub async fn open(config: &DbConfig, schema: &'static [Migration]) -> Result<Self, StoreError> {
        let counters = Arc::new(Counters::default());
        let origin = Origin::new(config, &counters)?;
        let mut first = origin.lane()?;
        first.migrate(schema).await?;
        Self::start(first, origin, counters)
    }

    fn start(first: Session, origin: Origin, counters: Arc<Counters>) -> Result<Self, StoreError> {
        let mut lanes = vec![lane::start("store-lane-0", first, &counters)?];
        for number in 1..origin.lane_count() {
            let name = format!("store-lane-{number}");
            lanes.push(lane::start(&name, origin.lane()?, &counters)?);
        }
        let origin = Arc::new(origin);
        let opener = || -> lane::Opener {
            let origin = Arc::clone(&origin);
            Box::new(move || origin.reader())
        };
        let readers = match origin.reader_count() {
            0 => None,
            count => Some(lane::on_call("store-reader", count, opener(), &counters)),
        };
        let rehearsals = match origin.rehearsal() {
            None => None,
            Some(session) => Some(lane::start("store-rehearsal", session, &counters)?),
        };
        let desk = Desk::new(origin.desk_count(), opener(), &counters);
        let turns = Turns::among(lanes.len());
        Ok(Self {
            shared: Arc::new(Shared {
                lanes,
                readers,
                desk,
                rehearsals,
                counters,
                turns,
            }),
        })
    }

    /// Runs a command and answers when it is durable.
    ///
    /// Who stops waiting before the lane has taken the command up withdraws it; later it runs to its end.
    ///
    /// # Errors
    /// What the command fails with, or the store's own error in its place.
    pub async fn write<C: Command + 'static>(&self, command: C) -> Result<C::Out, C::Error> {
        let locks = command.locks();
        let turn = self.shared.turns.take(&locks);
        let lane = &self.shared.lanes[turn.lane];
        send(lane, Queued::new(command, locks), Work::Write).await
    }

    /// Runs a command that only reads, beside the lanes, on one consistent view of the data.
    ///
    /// # Errors
    /// What the command fails with, also when it tries to write.
    pub async fn read<C: Command + 'static>(&self, command: C) -> Result<C::Out, C::Error> {
        let mut job = Queued::new(command, Vec::new());
        if self.shared.desk.look(&mut job) {
            return job.into_outcome();
        }
        let crew = self.shared.readers.as_ref();
        let crew = crew.unwrap_or_else(|| self.lane());
        // In a box of its own: room for a second job would be carried along by every read that ran at once.
        Box::pin(send(crew, job, Work::Read)).await
    }

    /// Runs a command as `write` does, gives its answer, and undoes it.
    ///
    /// # Errors
    /// What the command fails with.
    pub async fn rehearse<C: Command + 'static>(&self, command: C) -> Result<C::Out, C::Error> {
        let rehearsals = self.shared.rehearsals.as_ref();
        let crew = rehearsals.unwrap_or_else(|| self.lane());
        send(crew, Queued::new(command, Vec::new()), Work::Rehearse).await
    }

    /// An independent copy in memory, of everything committed so far. SQLite only.
    ///
    /// # Errors
    /// When the database is not SQLite, or is closed.
    pub async fn copy_to_memory(&self) -> Result<Self, StoreError> {
        let counters = Arc::new(Counters::default());
        let counted = Arc::clone(&counters);
        let copy = self
            .direct(move |session| session.copy_to_memory(&counted))
            .await?;
        Self::start(copy, Origin::memory(&counters), counters)
    }

    /// Writes everything committed so far into a new SQLite file, which is whole whenever this process ends; the
    /// operating system takes it to the disk in its own time. SQLite only.
    ///
    /// # Errors
    /// When the file exists or cannot be written, or the database is not SQLite.
    pub async fn snapshot_to(&self, path: &Path) -> Result<(), StoreError> {
        let path = path.to_owned();
        self.direct(move |session| session.copy_to_file(&path))
            .await
    }

    /// Whether a commit waits for the disk, as it does unless it is told otherwise. Not waiting is for a database that is
    /// being made: what the loss of power may cost then was nothing yet. SQLite only.
    ///
    /// # Errors
    /// When the database is not SQLite, or is closed.
    pub async fn wait_for_disk(&self, waits: bool) -> Result<(), StoreError> {
        self.direct(move |session| session.wait_for_disk(waits))
            .await
    }

    /// What the lanes have done so far.
    #[must_use]
    pub fn lane_stats(&self) -> LaneStats {
        let counters = &self.shared.counters;
        LaneStats {
            groups: counters.groups.load(Ordering::Relaxed),
            commands: counters.commands.load(Ordering::Relaxed),
            syncs: counters.syncs.load(Ordering::Relaxed),
            panics: counters.panics.load(Ordering::Relaxed),
        }
    }

    /// Finishes what is queued, closes the connections, and answers [`StoreError::Closed`] from then on.
    pub async fn shutdown(&self) {
        let shared = &self.shared;
        shared.desk.close().await;
        // The lanes last: only then may the file itself be closed.
        let readers = shared.readers.iter().chain(&shared.rehearsals);
        for crew in readers.chain(&shared.lanes) {
            crew.stop().await;
        }
    }

    async fn direct<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Session) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let work = move |session: &mut Session| {
            // Nobody may be waiting any more.
            drop(answer.send(work(session)));
        };
        self.lane().send(Work::Direct(Box::new(work))).await?;
        answered.await.unwrap_or(Err(StoreError::Closed))
    }

    /// A lane for what is not written and needs no turn.
    fn lane(&self) -> &Crew {
        &self.shared.lanes[0]
    }
}

async fn send<C: Command + 'static>(
    crew: &Crew,
    mut job: Queued<C>,
    work: fn(Box<dyn job::Job>) -> Work,
) -> Result<C::Out, C::Error> {
    let answer = job.awaited();
    crew.send(work(Box::new(job))).await?;
    answer
        .await
        .unwrap_or_else(|_| Err(StoreError::Closed.into()))
}

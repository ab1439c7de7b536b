//! One connection of either engine, and the steps of a transaction on it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};

use super::ahead::Ahead;
use super::migrate::{self, Dialect, Migration};
use super::postgres::{self, PgSession};
use super::sqlite::SqliteSession;
use super::tx::{Arm, Tx};
use super::{
    Counters, DbConfig, Lock, POSTGRES_LANES, POSTGRES_READERS, SQLITE_DESK, SQLITE_READERS,
};
use crate::error::StoreError;

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begin {
    /// To be committed.
    Write,
    /// To look at one consistent state.
    Read,
    /// To be undone, whatever comes of it.
    Rehearsal,
}

/// How a transaction begins.
pub(super) struct Opening<'a> {
    pub(super) begin: Begin,
    /// What it rests on, where others write too.
    pub(super) locks: &'a [Lock],
    /// What is written may wait for the commit, whose failure is not yet the answer: each command runs again alone, without
    /// waiting, and hears of its own failure.
    pub(super) may_wait: bool,
    /// What its commands will ask first, where each answer costs a round trip.
    pub(super) asked: Vec<Ahead>,
}

impl From<Begin> for Opening<'_> {
    fn from(begin: Begin) -> Self {
        Self {
            begin,
            locks: &[],
            may_wait: false,
            asked: Vec::new(),
        }
    }
}

/// Why a transaction was not committed.
#[derive(Clone, Debug)]
pub(super) enum Uncommitted {
    /// The database is out of reach, and was for as long as we wait.
    Down(StoreError),
    /// The engine rolled it back, or we did.
    Failed(StoreError),
    /// The connection was lost before the commit: nothing of it is in force.
    Lost(StoreError),
    /// The connection was lost while the commit was under way.
    Unknown(StoreError),
}

impl Uncommitted {
    /// Whether the same command may well succeed on the next attempt.
    pub(super) fn is_worth_another(&self) -> bool {
        matches!(
            self,
            Self::Failed(StoreError::Contended) | Self::Lost(_) | Self::Unknown(_)
        )
    }

    pub(super) fn error(&self) -> &StoreError {
        match self {
            Self::Down(error) | Self::Failed(error) | Self::Lost(error) | Self::Unknown(error) => {
                error
            }
        }
    }

    pub(super) fn into_error(self) -> StoreError {
        match self {
            Self::Down(error) | Self::Failed(error) | Self::Lost(error) | Self::Unknown(error) => {
                error
            }
        }
    }
}

impl From<StoreError> for Uncommitted {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

/// Where connections come from.
pub(super) struct Origin {
    place: Place,
    counters: Arc<Counters>,
}

enum Place {
    Memory,
    File(PathBuf),
    Postgres(Arc<postgres::Address>),
}

impl Origin {
    pub(super) fn new(config: &DbConfig, counters: &Arc<Counters>) -> Result<Self, StoreError> {
        let place = match config {
            DbConfig::Memory => Place::Memory,
            DbConfig::File { path } => Place::File(path.clone()),
            DbConfig::Postgres { url } => Place::Postgres(Arc::new(postgres::configure(url)?)),
        };
        let counters = Arc::clone(counters);
        Ok(Self { place, counters })
    }

    pub(super) fn memory(counters: &Arc<Counters>) -> Self {
        Self {
            place: Place::Memory,
            counters: Arc::clone(counters),
        }
    }

    pub(super) const fn lane_count(&self) -> usize {
        match self.place {
            Place::Memory | Place::File(_) => 1,
            Place::Postgres(_) => POSTGRES_LANES,
        }
    }

    pub(super) const fn reader_count(&self) -> usize {
        match self.place {
            // Nothing but the lane's own connection sees what is in memory.
            Place::Memory => 0,
            Place::File(_) => SQLITE_READERS,
            Place::Postgres(_) => POSTGRES_READERS,
        }
    }

    /// Connections for reads that run where they are asked for. A server's answers would have to be waited for.
    pub(super) const fn desk_count(&self) -> usize {
        match self.place {
            Place::File(_) => SQLITE_DESK,
            Place::Memory | Place::Postgres(_) => 0,
        }
    }

    /// A connection that writes.
    pub(super) fn lane(&self) -> Result<Session, StoreError> {
        match &self.place {
            Place::Memory => SqliteSession::in_memory(&self.counters).map(Session::Sqlite),
            Place::File(path) => SqliteSession::writer(path, &self.counters).map(Session::Sqlite),
            Place::Postgres(address) => {
                Ok(Session::Postgres(PgSession::lane(address, &self.counters)))
            }
        }
    }

    /// A connection that reads beside the lanes.
    pub(super) fn reader(&self) -> Result<Session, StoreError> {
        match &self.place {
            Place::File(path) => SqliteSession::reader(path).map(Session::Sqlite),
            Place::Memory | Place::Postgres(_) => self.lane(),
        }
    }

    /// A connection to rehearse on, where the lane does not do it between its groups.
    pub(super) fn rehearsal(&self) -> Option<Session> {
        match &self.place {
            Place::Memory | Place::File(_) => None,
            Place::Postgres(address) => Some(Session::Postgres(PgSession::rehearsal(
                address,
                &self.counters,
            ))),
        }
    }
}

/// One connection of either engine.
pub(super) enum Session {
    Sqlite(SqliteSession),
    Postgres(PgSession),
}

impl Session {
    /// A runtime for the thread that owns this connection.
    pub(super) fn runtime(&self) -> std::io::Result<Runtime> {
        let mut builder = Builder::new_current_thread();
        match self {
            Self::Sqlite(_) => builder.enable_time().build(),
            Self::Postgres(_) => builder.enable_all().build(),
        }
    }

    pub(super) fn tx(&mut self) -> Tx<'_> {
        match self {
            Self::Sqlite(session) => Tx::new(Arm::Sqlite(session)),
            Self::Postgres(session) => Tx::new(Arm::Postgres(session)),
        }
    }

    /// Whether the transaction is still open on a living connection.
    pub(super) fn in_transaction(&self) -> bool {
        match self {
            Self::Sqlite(session) => session.in_transaction(),
            Self::Postgres(session) => session.in_transaction(),
        }
    }

    /// What the loss of the transaction means: before the commit, nothing of it is in force.
    pub(super) fn lost(&self, error: StoreError) -> Uncommitted {
        match self {
            Self::Postgres(session) if session.is_lost() => Uncommitted::Lost(error),
            Self::Sqlite(_) | Self::Postgres(_) => Uncommitted::Failed(error),
        }
    }

    pub(super) async fn begin(&mut self, opening: Opening<'_>) -> Result<(), Uncommitted> {
        match self {
            // One writer needs no locks.
            Self::Sqlite(session) => session.begin(opening.begin).map_err(Uncommitted::Failed),
            Self::Postgres(session) => session.begin(opening).await,
        }
    }

    pub(super) async fn commit(&mut self) -> Result<(), Uncommitted> {
        match self {
            Self::Sqlite(session) => session.commit().map_err(Uncommitted::Failed),
            Self::Postgres(session) => session.commit().await,
        }
    }

    /// Undoes the whole transaction, if there still is one.
    pub(super) fn rollback(&mut self) {
        match self {
            Self::Sqlite(session) => session.rollback(),
            Self::Postgres(session) => session.rollback(),
        }
    }

    /// Whether other lanes write too, so that whoever this one answers may turn to another with the next command.
    pub(super) const fn is_among_others(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Whether a savepoint costs more than it takes to say so: SQLite keeps a copy of every page that is changed after one.
    pub(super) const fn pays_for_savepoints(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }

    /// Sets the savepoint of the next command.
    pub(super) fn mark(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(session) => session.mark(),
            Self::Postgres(session) => session.mark(),
        }
    }

    /// Keeps what the command did.
    pub(super) fn keep(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(session) => session.control("RELEASE SAVEPOINT command"),
            Self::Postgres(session) => session.release("command"),
        }
    }

    /// Undoes what the command did.
    pub(super) fn undo(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(session) => session.undo(),
            Self::Postgres(session) => session.undo(),
        }
    }

    /// Brings the schema up to date.
    pub(super) async fn migrate(&mut self, schema: &'static [Migration]) -> Result<(), StoreError> {
        let opening = Opening {
            locks: &[migrate::lock()],
            ..Begin::Write.into()
        };
        let begun = self.begin(opening).await;
        begun.map_err(Uncommitted::into_error)?;
        let done = match migrate::run(self, schema).await {
            Ok(()) => self.commit().await.map_err(Uncommitted::into_error),
            Err(error) => {
                self.rollback();
                Err(error)
            }
        };
        if let Self::Postgres(session) = self {
            // A connection belongs to the runtime it was made on, and this is the caller's.
            session.disconnect();
        }
        done
    }

    /// Runs a migration's text.
    pub(super) async fn batch(&mut self, text: &str) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(session) => session.batch(&migrate::render(text, Dialect::Sqlite)),
            Self::Postgres(session) => {
                session
                    .batch(&migrate::render(text, Dialect::Postgres))
                    .await
            }
        }
    }

    pub(super) fn copy_to_memory(&self, counters: &Arc<Counters>) -> Result<Self, StoreError> {
        match self {
            Self::Sqlite(session) => session.copy_to_memory(counters).map(Self::Sqlite),
            Self::Postgres(_) => Err(StoreError::Unsupported("a copy in memory")),
        }
    }

    pub(super) fn wait_for_disk(&mut self, waits: bool) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(session) => session.wait_for_disk(waits),
            Self::Postgres(_) => Err(StoreError::Unsupported("commits that do not wait")),
        }
    }

    pub(super) fn copy_to_file(&mut self, path: &Path) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(session) => session.copy_to_file(path),
            Self::Postgres(_) => Err(StoreError::Unsupported("a copy in a file")),
        }
    }
}

//! The SQLite arm: one connection, its pragmas, and what its errors mean.

use std::fs::File;
use std::io::Seek as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, Value as Cell, ValueRef};
use rusqlite::{CachedStatement, Connection, ErrorCode, OpenFlags, ToSql, ffi};

use super::Counters;
use super::memo::Memo;
use super::session::Begin;
use crate::error::StoreError;
use crate::row::Row;
use crate::statement::Statement;
use crate::value::Value;

/// How long a statement waits for another process that writes the same file.
const BUSY_WAIT: Duration = Duration::from_secs(5);
/// More than there are statements, so that none is ever prepared twice.
const CACHED_STATEMENTS_MAX: usize = 1_024;

/// What the connection that writes is told first: an answer means durable; the pages of a whole group stay in memory
/// (32 MiB); and pages that every group writes are copied into the file once in a while (32 MiB of log), not each time.
const WRITER: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -32768; \
     PRAGMA wal_autocheckpoint = 8000;";

/// What a connection that reads is told first: the upper pages of large tables stay in memory (8 MiB), so that a row is one page of the
/// file and not three.
const READER: &str = "PRAGMA cache_size = -8192;";

pub(super) struct SqliteSession {
    connection: Connection,
    /// The transaction only reads: statements that write are refused. (`PRAGMA query_only` would do the same
    /// and expire every prepared statement each time.)
    reads_only: bool,
    /// The transaction reads, and has asked nothing but the memo so far: it begins with its first statement.
    is_idle: bool,
    memo: Memo,
    /// Where the memo stood when the command that runs began.
    marked: usize,
    /// The file as such, for copies of it. Closed after the connection, and not before: who closes a file gives up all
    /// locks that its process has on it.
    file: Option<File>,
}

impl SqliteSession {
    pub(super) fn in_memory(counters: &Arc<Counters>) -> Result<Self, StoreError> {
        let connection = Connection::open_in_memory().map_err(StoreError::unavailable)?;
        Self::prepared(connection, Some(counters))
    }

    pub(super) fn writer(path: &Path, counters: &Arc<Counters>) -> Result<Self, StoreError> {
        let connection = Connection::open(path).map_err(StoreError::unavailable)?;
        connection
            .execute_batch(WRITER)
            .map_err(StoreError::unavailable)?;
        Self::prepared(connection, Some(counters))
    }

    pub(super) fn reader(path: &Path) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection =
            Connection::open_with_flags(path, flags).map_err(StoreError::unavailable)?;
        connection
            .execute_batch(READER)
            .map_err(StoreError::unavailable)?;
        Self::prepared(connection, None)
    }

    fn prepared(
        connection: Connection,
        counters: Option<&Arc<Counters>>,
    ) -> Result<Self, StoreError> {
        connection
            .execute_batch("PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;")
            .map_err(StoreError::unavailable)?;
        connection
            .busy_timeout(BUSY_WAIT)
            .map_err(StoreError::unavailable)?;
        // One plan a statement, whatever it is asked with: else those with a pattern or with a part of an index are planned
        // anew each time.
        connection
            .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
            .map_err(StoreError::unavailable)?;
        connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS_MAX);
        if let Some(counters) = counters {
            let counters = Arc::clone(counters);
            let count = move || {
                counters.synced();
                false
            };
            connection
                .commit_hook(Some(count))
                .map_err(StoreError::unavailable)?;
        }
        Ok(Self {
            connection,
            reads_only: false,
            is_idle: false,
            memo: Memo::default(),
            marked: 0,
            file: None,
        })
    }

    /// Whether the transaction is still open: after FULL, IOERR or BUSY the engine may have rolled it back.
    pub(super) fn in_transaction(&self) -> bool {
        self.is_idle || !self.connection.is_autocommit()
    }

    pub(super) fn begin(&mut self, begin: Begin) -> Result<(), StoreError> {
        match begin {
            // Most reads find everything in the memo, and then there is nothing to begin and to end.
            Begin::Read => {
                self.reads_only = true;
                self.is_idle = true;
            }
            // At once, so that no command fails later because another process writes too.
            Begin::Write | Begin::Rehearsal => self.control("BEGIN IMMEDIATE")?,
        }
        let recalled = self.recall();
        if recalled.is_err() {
            self.rollback();
        }
        recalled
    }

    pub(super) const fn memo(&mut self) -> &mut Memo {
        &mut self.memo
    }

    /// Begins the transaction of a read at its first statement. Where others have committed since it asked the memo, the
    /// two would not be of one state, and it starts over.
    fn rouse(&mut self) -> Result<(), StoreError> {
        if !self.is_idle {
            return Ok(());
        }
        self.control("BEGIN")?;
        self.is_idle = false;
        let version = self.version()?;
        if self.memo.is_of(version) {
            Ok(())
        } else if self.memo.has_answered() {
            Err(StoreError::Contended)
        } else {
            self.memo.begin(version);
            Ok(())
        }
    }

    /// Forgets what may have changed. Asking for the version fixes the state that the transaction sees. SQLite changes
    /// that number whenever another connection has committed, of whatever process; what this one wrote, it knows.
    fn recall(&mut self) -> Result<(), StoreError> {
        let version = self.version()?;
        self.memo.begin(version);
        Ok(())
    }

    pub(super) fn commit(&mut self) -> Result<(), StoreError> {
        let done = self.control("COMMIT");
        if done.is_err() {
            self.rollback();
        }
        done
    }

    pub(super) fn rollback(&mut self) {
        self.reads_only = false;
        self.is_idle = false;
        self.memo.back_to(0);
        if self.in_transaction()
            && let Err(error) = self.control("ROLLBACK")
        {
            tracing::error!(%error, "a rollback failed");
        }
    }

    /// Sets the savepoint of the next command.
    pub(super) fn mark(&mut self) -> Result<(), StoreError> {
        self.marked = self.memo.mark();
        self.control("SAVEPOINT command")
    }

    /// Undoes what the command did.
    pub(super) fn undo(&mut self) -> Result<(), StoreError> {
        self.memo.back_to(self.marked);
        self.control("ROLLBACK TO SAVEPOINT command")?;
        self.control("RELEASE SAVEPOINT command")
    }

    /// Runs a text of transaction control.
    pub(super) fn control(&mut self, sql: &str) -> Result<(), StoreError> {
        let run = |connection: &Connection| connection.prepare_cached(sql)?.raw_execute();
        run(&self.connection)
            .map(drop)
            .map_err(|error| translate("transaction control", error))
    }

    /// Whether commits and checkpoints from now on wait until the disk has them.
    pub(super) fn wait_for_disk(&mut self, waits: bool) -> Result<(), StoreError> {
        let level = if waits { "FULL" } else { "OFF" };
        self.connection
            .pragma_update(None, "synchronous", level)
            .map_err(|error| translate("waiting for the disk", error))
    }

    /// Runs several statements, none of them cached.
    pub(super) fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        self.memo.clear();
        self.connection
            .execute_batch(sql)
            .map_err(|error| translate("migration", error))
    }

    /// An independent copy in memory.
    pub(super) fn copy_to_memory(&self, counters: &Arc<Counters>) -> Result<Self, StoreError> {
        let mut copy = Connection::open_in_memory().map_err(StoreError::unavailable)?;
        self.copy_into(&mut copy)?;
        Self::prepared(copy, Some(counters))
    }

    /// A copy in a file that must not exist yet.
    pub(super) fn copy_to_file(&mut self, path: &Path) -> Result<(), StoreError> {
        if path.exists() {
            return Err(StoreError::unavailable(std::io::Error::from(
                std::io::ErrorKind::AlreadyExists,
            )));
        }
        if self.copy_as_file(path)? {
            return Ok(());
        }
        let mut copy = Connection::open(path).map_err(StoreError::unavailable)?;
        self.copy_into(&mut copy)?;
        copy.close()
            .map_err(|(_, error)| StoreError::unavailable(error))
    }

    /// Copies the file itself, which takes a fraction of the time that copying page by page takes. False where it does
    /// not hold everything: in memory, or while others read or write. Nothing was done then.
    fn copy_as_file(&mut self, path: &Path) -> Result<bool, StoreError> {
        let Some(origin) = self.connection.path().filter(|path| !path.is_empty()) else {
            return Ok(false);
        };
        if self.file.is_none() {
            self.file = Some(File::open(origin).map_err(StoreError::unavailable)?);
        }
        let before = self.version()?;
        let (busy, logged, copied) = self
            .connection
            .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
                Ok((
                    row.get::<_, i64>(0)?,
                    row.get::<_, i64>(1)?,
                    row.get::<_, i64>(2)?,
                ))
            })
            .map_err(|error| translate("checkpoint", error))?;
        if busy != 0 || logged != copied {
            return Ok(false);
        }
        // From here on nobody writes, of whatever process.
        self.control("BEGIN IMMEDIATE")?;
        let done = match self.version() {
            Ok(now) if now == before => self.copy_bytes(path).map(|()| true),
            other => other.map(|_| false),
        };
        self.control("ROLLBACK")?;
        done
    }

    fn copy_bytes(&self, path: &Path) -> Result<(), StoreError> {
        let copy = || -> std::io::Result<()> {
            let mut from = self.file.as_ref().ok_or(std::io::ErrorKind::NotFound)?;
            from.rewind()?;
            let mut to = File::create_new(path)?;
            std::io::copy(&mut from, &mut to).map(drop)
        };
        copy().map_err(StoreError::unavailable)
    }

    /// A number that changes whenever another connection has committed.
    fn version(&self) -> Result<i64, StoreError> {
        self.connection
            .prepare_cached("PRAGMA data_version")
            .and_then(|mut version| version.query_row([], |row| row.get(0)))
            .map_err(|error| translate("data version", error))
    }

    fn copy_into(&self, copy: &mut Connection) -> Result<(), StoreError> {
        let backup = Backup::new(&self.connection, copy).map_err(StoreError::unavailable)?;
        match backup.step(-1).map_err(StoreError::unavailable)? {
            StepResult::Done => Ok(()),
            _ => Err(StoreError::Contended),
        }
    }
}

pub(super) fn execute(
    session: &mut SqliteSession,
    statement: Statement,
    params: &[Value],
) -> Result<u64, StoreError> {
    session.rouse()?;
    let run = || {
        let mut prepared = bound(session, statement, params)?;
        prepared.raw_execute()
    };
    run()
        .map(|count| u64::try_from(count).unwrap_or(u64::MAX))
        .map_err(|error| translate(statement.name, error))
}

/// Runs a statement once for each of many rows of values; answers how many rows it touched.
pub(super) fn execute_many(
    session: &mut SqliteSession,
    statement: Statement,
    rows: &[Vec<Value>],
) -> Result<u64, StoreError> {
    let Some((first, others)) = rows.split_first() else {
        return Ok(0);
    };
    session.rouse()?;
    let run = || {
        let mut prepared = bound(session, statement, first)?;
        let mut touched = prepared.raw_execute()?;
        for row in others {
            for (index, value) in row.iter().enumerate() {
                prepared.raw_bind_parameter(index + 1, Bound(value))?;
            }
            touched += prepared.raw_execute()?;
        }
        Ok(touched)
    };
    run()
        .map(|count| u64::try_from(count).unwrap_or(u64::MAX))
        .map_err(|error| translate(statement.name, error))
}

/// Runs a statement and shows each of its rows.
pub(super) fn fetch(
    session: &mut SqliteSession,
    statement: Statement,
    params: &[Value],
    each: &mut dyn FnMut(&Row<'_>),
) -> Result<(), StoreError> {
    session.rouse()?;
    let mut run = || {
        let mut prepared = bound(session, statement, params)?;
        let mut fetched = prepared.raw_query();
        while let Some(row) = fetched.next()? {
            each(&Row::sqlite(statement.name, row));
        }
        Ok(())
    };
    run().map_err(|error| translate(statement.name, error))
}

pub(super) fn prepare(session: &mut SqliteSession, statement: Statement) -> Result<(), StoreError> {
    session
        .connection
        .prepare_cached(statement.sql)
        .map(drop)
        .map_err(|error| translate(statement.name, error))
}

fn bound<'a>(
    session: &'a SqliteSession,
    statement: Statement,
    params: &[Value],
) -> rusqlite::Result<CachedStatement<'a>> {
    let mut prepared = session.connection.prepare_cached(statement.sql)?;
    if session.reads_only && !prepared.readonly() {
        let code = ffi::Error::new(ffi::SQLITE_READONLY);
        return Err(rusqlite::Error::SqliteFailure(code, None));
    }
    let expected = prepared.parameter_count();
    if expected != params.len() {
        return Err(rusqlite::Error::InvalidParameterCount(
            params.len(),
            expected,
        ));
    }
    for (index, value) in params.iter().enumerate() {
        prepared.raw_bind_parameter(index + 1, Bound(value))?;
    }
    Ok(prepared)
}

/// A value on its way into a column.
struct Bound<'a>(&'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let borrowed = match self.0 {
            Value::Null(_) => ValueRef::Null,
            Value::Id(id) => ValueRef::Blob(id.as_bytes()),
            Value::Text(text) | Value::Json(text) => ValueRef::Text(text.as_bytes()),
            Value::Int(number) => ValueRef::Integer(*number),
            Value::Bool(yes) => ValueRef::Integer(i64::from(*yes)),
            Value::Instant(at) => ValueRef::Integer(at.as_micros()),
            Value::Day(day) => return Ok(ToSqlOutput::Owned(Cell::Text(day.to_string()))),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        };
        Ok(ToSqlOutput::Borrowed(borrowed))
    }
}

/// What SQLite's error means for the command.
fn translate(statement: &'static str, error: rusqlite::Error) -> StoreError {
    let rusqlite::Error::SqliteFailure(failure, message) = &error else {
        return StoreError::Statement {
            statement,
            source: Arc::new(error),
        };
    };
    match failure.extended_code {
        ffi::SQLITE_CONSTRAINT_UNIQUE
        | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
        | ffi::SQLITE_CONSTRAINT_ROWID => return conflict(message.as_deref().unwrap_or_default()),
        _ => {}
    }
    match failure.code {
        ErrorCode::ConstraintViolation => StoreError::Violation {
            statement,
            constraint: message.clone().unwrap_or_default(),
        },
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreError::Contended,
        ErrorCode::DiskFull
        | ErrorCode::SystemIoFailure
        | ErrorCode::CannotOpen
        | ErrorCode::OutOfMemory
        | ErrorCode::DatabaseCorrupt
        | ErrorCode::NotADatabase => StoreError::unavailable(error),
        _ => StoreError::Statement {
            statement,
            source: Arc::new(error),
        },
    }
}

/// Reads `UNIQUE constraint failed: table.a, table.b`.
fn conflict(message: &str) -> StoreError {
    let named = message.split_once(": ").map_or(message, |(_, named)| named);
    let mut table = String::new();
    let mut columns = Vec::new();
    for column in named.split(", ") {
        match column.split_once('.') {
            Some((of, name)) => {
                of.clone_into(&mut table);
                columns.push(name.to_owned());
            }
            None => columns.push(column.to_owned()),
        }
    }
    StoreError::Conflict { table, columns }
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;
    use crate::engine::migrate::{Dialect, render};
    use crate::schema;

    #[test]
    fn no_statement_is_planned_anew_because_it_is_asked_something_else() {
        let mut session = SqliteSession::in_memory(&Arc::default()).unwrap();
        for migration in schema::MIGRATIONS {
            let text = render(migration.sql, Dialect::Sqlite);
            session.batch(&text).unwrap();
        }
        let mut statements = crate::overview::STATEMENTS.concat();
        statements.extend(crate::log::STATEMENTS.concat());
        statements.extend_from_slice(crate::tables::schedule::STATEMENTS);
        for statement in statements {
            let text = Value::Text("%b".to_owned());
            let (ones, others) = (vec![Value::Int(1); 40], vec![text; 40]);
            let mut anew = 0;
            for values in [ones, others] {
                let count = session.connection.prepare_cached(statement.sql).unwrap();
                let params = values.get(..count.parameter_count()).unwrap();
                drop(count);
                let mut asked = bound(&session, statement, params).unwrap();
                if asked.readonly() {
                    // What it says of such values does not count here.
                    drop(asked.raw_query().next());
                    anew = asked.get_status(StatementStatus::RePrepare);
                }
            }
            assert_eq!(anew, 0, "{}", statement.name);
        }
    }
}

//! Lanes: writes run many commands in one transaction, each in a savepoint, and commit once.
//!
//! A lane is one thread with its own connection and a queue of commands. Commands may run twice, so
//! they hold nothing but SQL and pure functions. An answer is given only after the commit.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, ToSql};
use sha2::{Digest, Sha256};
use tokio::sync::{mpsc, oneshot};

use crate::error::StoreError;
use crate::row::{FromRow, Raw, Row};
use crate::statement::{Statement, Table};
use crate::value::{Kind, Value};

/// Most commands of one group; PostgreSQL caches 64 subtransactions.
const GROUP_MAX: usize = 60;

/// Where the data lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DbConfig {
    /// In memory, gone when closed.
    Memory,
    /// One SQLite file.
    File(PathBuf),
}

/// One step of the schema: a text with `{id}`, `{text}`, `{int}`, `{bool}`, `{instant}`, `{day}`, `{json}`,
/// `{bytes}` and `{strict}` where the engines differ.
#[derive(Debug)]
pub struct Migration {
    /// Its name, which orders it.
    pub name: &'static str,
    /// Its text.
    pub sql: &'static str,
}

/// A key that a command's decision rests on, known before the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lock(i64);

impl Lock {
    /// The lock of one thing of a kind. An absence can be locked too.
    #[must_use]
    pub fn on(kind: &str, id: &str) -> Self {
        let digest = Sha256::new()
            .chain_update(kind)
            .chain_update([0])
            .chain_update(id)
            .finalize();
        let mut first = [0_u8; 8];
        first.copy_from_slice(digest.get(..8).unwrap_or(&[0; 8]));
        Self(i64::from_be_bytes(first))
    }

    /// The advisory key.
    #[must_use]
    pub const fn key(self) -> i64 {
        self.0
    }
}

/// A write as a value: it may run more than once and touches only the transaction.
pub trait Command: Send + Sync {
    /// What it answers.
    type Out: Send;
    /// Why it may fail. A refusal is a failure whose record stays.
    type Error: From<StoreError> + Send;

    /// What its decision rests on.
    fn locks(&self) -> Vec<Lock> {
        Vec::new()
    }

    /// Runs it.
    fn run(&self, tx: &mut Tx<'_>) -> impl Future<Output = Result<Self::Out, Self::Error>> + Send;

    /// Runs in a second savepoint after [`run`](Self::run) failed and was rolled back: what a refusal
    /// leaves behind is written here and commits with the group.
    fn record_failure(
        &self,
        _tx: &mut Tx<'_>,
        _error: &Self::Error,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        async { Ok(()) }
    }
}

/// A transaction on one connection.
pub struct Tx<'a> {
    connection: &'a mut Connection,
}

impl Tx<'_> {
    /// Runs a statement; answers how many rows it touched.
    ///
    /// # Errors
    /// On a clash or a failure. A command never goes on after an error.
    pub async fn execute(
        &mut self,
        statement: Statement,
        params: &[Value],
    ) -> Result<u64, StoreError> {
        let mut prepared = self
            .connection
            .prepare_cached(statement.sql)
            .map_err(|error| failed(statement, error))?;
        let changed = prepared
            .execute(rusqlite::params_from_iter(params.iter().map(Bound)))
            .map_err(|error| failed(statement, error))?;
        Ok(u64::try_from(changed).unwrap_or(u64::MAX))
    }

    /// The rows of a statement.
    ///
    /// # Errors
    /// On a failure or a corrupt column.
    pub async fn fetch_all<R: FromRow>(
        &mut self,
        statement: Statement,
        params: &[Value],
    ) -> Result<Vec<R>, StoreError> {
        self.rows(statement, params)?
            .iter()
            .map(R::from_row)
            .collect()
    }

    /// The first row of a statement, if there is one.
    ///
    /// # Errors
    /// On a failure or a corrupt column.
    pub async fn fetch_optional<R: FromRow>(
        &mut self,
        statement: Statement,
        params: &[Value],
    ) -> Result<Option<R>, StoreError> {
        self.rows(statement, params)?
            .first()
            .map(R::from_row)
            .transpose()
    }

    /// The whole row of a key.
    ///
    /// # Errors
    /// On a failure or a corrupt column.
    pub async fn get<T: Table>(&mut self, key: &[Value]) -> Result<Option<T>, StoreError> {
        self.rows(T::GET, key)?.first().map(T::from_row).transpose()
    }

    /// Whole rows by a statement of the table.
    ///
    /// # Errors
    /// On a failure or a corrupt column.
    pub async fn find<T: Table>(
        &mut self,
        statement: Statement,
        params: &[Value],
    ) -> Result<Vec<T>, StoreError> {
        self.rows(statement, params)?
            .iter()
            .map(T::from_row)
            .collect()
    }

    /// Inserts a row.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when its key is taken.
    pub async fn insert<T: Table>(&mut self, row: &T) -> Result<(), StoreError> {
        self.execute(T::INSERT, &row.values()).await.map(|_| ())
    }

    /// Inserts a row or replaces the one with its key.
    ///
    /// # Errors
    /// On a failure.
    pub async fn put<T: Table>(&mut self, row: &T) -> Result<(), StoreError> {
        self.execute(T::UPSERT, &row.values()).await.map(|_| ())
    }

    /// Deletes the row of a key.
    ///
    /// # Errors
    /// On a failure.
    pub async fn delete<T: Table>(&mut self, key: &[Value]) -> Result<u64, StoreError> {
        self.execute(T::DELETE, key).await
    }

    /// Opens a savepoint inside the command.
    ///
    /// # Errors
    /// On a failure.
    pub async fn savepoint(&mut self) -> Result<(), StoreError> {
        self.batch("SAVEPOINT inner_step")
    }

    /// Undoes everything since the innermost savepoint and closes it.
    ///
    /// # Errors
    /// On a failure.
    pub async fn undo(&mut self) -> Result<(), StoreError> {
        self.batch("ROLLBACK TO inner_step; RELEASE inner_step")
    }

    /// Keeps everything since the innermost savepoint and closes it.
    ///
    /// # Errors
    /// On a failure.
    pub async fn keep(&mut self) -> Result<(), StoreError> {
        self.batch("RELEASE inner_step")
    }

    fn batch(&mut self, sql: &'static str) -> Result<(), StoreError> {
        self.connection.execute_batch(sql).map_err(|error| {
            failed(
                Statement {
                    name: "savepoint",
                    sql,
                },
                error,
            )
        })
    }

    fn rows(&mut self, statement: Statement, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        let fail = |error| failed(statement, error);
        let mut prepared = self
            .connection
            .prepare_cached(statement.sql)
            .map_err(fail)?;
        let width = prepared.column_count();
        let mut found = prepared
            .query(rusqlite::params_from_iter(params.iter().map(Bound)))
            .map_err(fail)?;
        let mut rows = Vec::new();
        while let Some(row) = found.next().map_err(fail)? {
            let values = (0..width)
                .map(|index| row.get_ref(index).map(raw))
                .collect::<Result<_, _>>()
                .map_err(fail)?;
            rows.push(Row::new(statement, values));
        }
        Ok(rows)
    }
}

fn raw(value: ValueRef<'_>) -> Raw {
    match value {
        ValueRef::Null | ValueRef::Real(_) => Raw::Null,
        ValueRef::Integer(number) => Raw::Int(number),
        ValueRef::Text(text) => Raw::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Raw::Blob(bytes.to_vec()),
    }
}

struct Bound<'a>(&'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        use rusqlite::types::Value as Sqlite;
        Ok(match self.0 {
            Value::Null(_) => ToSqlOutput::Owned(Sqlite::Null),
            Value::Id(id) => ToSqlOutput::Borrowed(ValueRef::Blob(id.as_bytes())),
            Value::Text(text) | Value::Json(text) => {
                ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes()))
            }
            Value::Int(number) => ToSqlOutput::Owned(Sqlite::Integer(*number)),
            Value::Bool(yes) => ToSqlOutput::Owned(Sqlite::Integer(i64::from(*yes))),
            Value::Instant(instant) => ToSqlOutput::Owned(Sqlite::Integer(instant.as_micros())),
            Value::Day(day) => ToSqlOutput::Owned(Sqlite::Text(day.to_string())),
            Value::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        })
    }
}

fn failed(statement: Statement, error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation) => {
            let text = error.to_string();
            let detail = text.rsplit(": ").next().unwrap_or_default();
            let (table, columns) = detail.split_once('.').unwrap_or((statement.name, detail));
            StoreError::Conflict {
                table: table.to_owned(),
                columns: columns.to_owned(),
            }
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Contended,
        _ => StoreError::Unavailable {
            what: statement.name.to_owned(),
            source: Box::new(error),
        },
    }
}

/// Counts of what a lane did.
#[derive(Debug, Default)]
struct Counts {
    groups: AtomicU64,
    commands: AtomicU64,
}

/// What the lanes did so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneStats {
    /// Transactions committed; each is at least one sync on durable storage.
    pub groups: u64,
    /// Commands in them.
    pub commands: u64,
}

/// A database. Cheap to clone; closed when the last clone is gone.
#[derive(Clone)]
pub struct Db {
    lane: mpsc::UnboundedSender<Box<dyn Job>>,
    counts: Arc<Counts>,
    config: DbConfig,
}

impl Db {
    /// Opens (or creates) a database and brings its schema up to date.
    ///
    /// # Errors
    /// When the file cannot be opened or a migration fails.
    pub async fn open(config: &DbConfig, schema: &'static [Migration]) -> Result<Self, StoreError> {
        let connection = connect(config)?;
        migrate(&connection, schema)?;
        Self::over(connection, config.clone())
    }

    fn over(connection: Connection, config: DbConfig) -> Result<Self, StoreError> {
        let (lane, queue) = mpsc::unbounded_channel();
        let counts = Arc::new(Counts::default());
        let seen = Arc::clone(&counts);
        std::thread::Builder::new()
            .name("tierline-lane".to_owned())
            .spawn(move || work(connection, queue, &seen))
            .map_err(|error| StoreError::Unavailable {
                what: "start a lane".to_owned(),
                source: Box::new(error),
            })?;
        Ok(Self {
            lane,
            counts,
            config,
        })
    }

    /// Runs a command and answers after its group is committed.
    ///
    /// # Errors
    /// The command's own, or the store's.
    pub async fn write<C: Command + 'static>(&self, command: C) -> Result<C::Out, C::Error> {
        self.queue(command, Mode::Write).await
    }

    /// Runs a command that only reads.
    ///
    /// # Errors
    /// The command's own, or the store's.
    pub async fn read<C: Command + 'static>(&self, command: C) -> Result<C::Out, C::Error> {
        self.queue(command, Mode::Rehearse).await
    }

    /// Runs a command like a write and undoes it, whatever it answered.
    ///
    /// # Errors
    /// The command's own, or the store's.
    pub async fn rehearse<C: Command + 'static>(&self, command: C) -> Result<C::Out, C::Error> {
        self.queue(command, Mode::Rehearse).await
    }

    async fn queue<C: Command + 'static>(
        &self,
        command: C,
        mode: Mode,
    ) -> Result<C::Out, C::Error> {
        let (answer, answered) = oneshot::channel();
        let job = Queued {
            command,
            mode,
            answer: Some(answer),
            outcome: None,
        };
        self.lane
            .send(Box::new(job))
            .map_err(|_| C::Error::from(StoreError::Closed))?;
        answered
            .await
            .map_err(|_| C::Error::from(StoreError::Closed))?
    }

    /// An independent in-memory copy.
    ///
    /// # Errors
    /// When the copy fails.
    pub async fn copy_to_memory(&self) -> Result<Self, StoreError> {
        let image = self.read(Serialize).await?;
        let mut connection =
            Connection::open_in_memory().map_err(|error| unavailable("open memory", error))?;
        let length = image.len();
        connection
            .deserialize_read_exact("main", std::io::Cursor::new(image), length, false)
            .map_err(|error| unavailable("copy", error))?;
        configure(&connection, &DbConfig::Memory)?;
        Self::over(connection, DbConfig::Memory)
    }

    /// Writes a consistent copy to a file that does not exist yet.
    ///
    /// # Errors
    /// When the copy fails.
    pub async fn snapshot_to(&self, path: &Path) -> Result<(), StoreError> {
        let image = self.read(Serialize).await?;
        std::fs::write(path, image).map_err(|error| StoreError::Unavailable {
            what: "write a copy".to_owned(),
            source: Box::new(error),
        })
    }

    /// What the lanes did so far.
    #[must_use]
    pub fn lane_stats(&self) -> LaneStats {
        LaneStats {
            groups: self.counts.groups.load(Ordering::Relaxed),
            commands: self.counts.commands.load(Ordering::Relaxed),
        }
    }

    /// Where the data lives.
    #[must_use]
    pub const fn config(&self) -> &DbConfig {
        &self.config
    }
}

/// The whole database as bytes.
struct Serialize;
impl Command for Serialize {
    type Out = Vec<u8>;
    type Error = StoreError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<Vec<u8>, StoreError> {
        let data = tx
            .connection
            .serialize("main")
            .map_err(|error| unavailable("copy", error))?;
        Ok(data.to_vec())
    }
}

fn unavailable(what: &str, error: rusqlite::Error) -> StoreError {
    StoreError::Unavailable {
        what: what.to_owned(),
        source: Box::new(error),
    }
}

fn connect(config: &DbConfig) -> Result<Connection, StoreError> {
    let connection = match config {
        DbConfig::Memory => Connection::open_in_memory(),
        DbConfig::File(path) => Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_WRITE
                | OpenFlags::SQLITE_OPEN_CREATE
                | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        ),
    }
    .map_err(|error| unavailable("open the database", error))?;
    configure(&connection, config)?;
    Ok(connection)
}

fn configure(connection: &Connection, config: &DbConfig) -> Result<(), StoreError> {
    let durable = match config {
        DbConfig::Memory => "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF;",
        DbConfig::File(_) => {
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;"
        }
    };
    connection.set_prepared_statement_cache_capacity(512);
    connection
        .execute_batch(&format!(
            "{durable} PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;"
        ))
        .map_err(|error| unavailable("configure the database", error))
}

fn migrate(connection: &Connection, schema: &[Migration]) -> Result<(), StoreError> {
    let fail = |error| unavailable("migrate", error);
    connection
        .execute_batch("CREATE TABLE IF NOT EXISTS schema_migrations (name TEXT PRIMARY KEY, checksum TEXT NOT NULL) STRICT")
        .map_err(fail)?;
    for migration in schema {
        let checksum = format!("{:x}", Sha256::digest(migration.sql));
        let mut known = connection
            .prepare("SELECT checksum FROM schema_migrations WHERE name = $1")
            .map_err(fail)?;
        let known: Option<String> = known
            .query_row([migration.name], |row| row.get(0))
            .map(Some)
            .or_else(|error| match error {
                rusqlite::Error::QueryReturnedNoRows => Ok(None),
                other => Err(fail(other)),
            })?;
        match known {
            Some(known) if known == checksum => {}
            Some(_) => {
                return Err(StoreError::Corrupt {
                    statement: format!("migration {}", migration.name),
                    column: 0,
                    problem: "the released text was edited".to_owned(),
                });
            }
            None => {
                let sql = format!(
                    "BEGIN IMMEDIATE; {} INSERT INTO schema_migrations (name, checksum) VALUES ('{}', '{checksum}'); COMMIT;",
                    render(migration.sql),
                    migration.name
                );
                connection.execute_batch(&sql).map_err(fail)?;
            }
        }
    }
    Ok(())
}

fn render(sql: &str) -> String {
    let words = [
        ("{id}", "BLOB"),
        ("{text}", "TEXT"),
        ("{int}", "INTEGER"),
        ("{bool}", "INTEGER"),
        ("{instant}", "INTEGER"),
        ("{day}", "TEXT"),
        ("{json}", "TEXT"),
        ("{bytes}", "BLOB"),
        ("{serial}", "INTEGER PRIMARY KEY AUTOINCREMENT"),
        ("{strict}", "STRICT"),
    ];
    words.iter().fold(sql.to_owned(), |text, (word, rendered)| {
        text.replace(word, rendered)
    })
}

/// Kinds are part of the interface both engines share; SQLite needs them only to read.
const _: Kind = Kind::Id;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Kept and committed with the group.
    Write,
    /// Undone, whatever it answered.
    Rehearse,
}

/// A queued command without its types.
trait Job: Send {
    fn mode(&self) -> Mode;
    /// Runs it inside the open savepoint and keeps its outcome. Answers whether it succeeded.
    fn attempt(&mut self, connection: &mut Connection) -> bool;
    /// Records a failure inside a second savepoint. Answers whether that succeeded.
    fn record(&mut self, connection: &mut Connection) -> bool;
    /// Gives the answer.
    fn answer(self: Box<Self>, failure: Option<StoreError>);
}

struct Queued<C: Command> {
    command: C,
    mode: Mode,
    answer: Option<oneshot::Sender<Result<C::Out, C::Error>>>,
    outcome: Option<Result<C::Out, C::Error>>,
}

impl<C: Command> Job for Queued<C> {
    fn mode(&self) -> Mode {
        self.mode
    }

    fn attempt(&mut self, connection: &mut Connection) -> bool {
        let mut tx = Tx { connection };
        let ran = std::panic::catch_unwind(AssertUnwindSafe(|| finish(self.command.run(&mut tx))));
        let outcome = ran.unwrap_or_else(|_| Err(C::Error::from(StoreError::Panicked)));
        let succeeded = outcome.is_ok();
        self.outcome = Some(outcome);
        succeeded
    }

    fn record(&mut self, connection: &mut Connection) -> bool {
        let Some(Err(error)) = &self.outcome else {
            return true;
        };
        let mut tx = Tx { connection };
        let ran = std::panic::catch_unwind(AssertUnwindSafe(|| {
            finish(self.command.record_failure(&mut tx, error))
        }));
        ran.is_ok_and(|recorded| recorded.is_ok())
    }

    fn answer(mut self: Box<Self>, failure: Option<StoreError>) {
        let outcome = match failure {
            Some(error) => Err(C::Error::from(error)),
            None => self
                .outcome
                .take()
                .unwrap_or_else(|| Err(C::Error::from(StoreError::Closed))),
        };
        if let Some(answer) = self.answer.take() {
            drop(answer.send(outcome));
        }
    }
}

/// Drives a future that never waits: SQLite's calls return at once.
fn finish<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        let pinned: Pin<&mut _> = future.as_mut();
        if let Poll::Ready(done) = pinned.poll(&mut context) {
            return done;
        }
        std::thread::yield_now();
    }
}

fn work(
    mut connection: Connection,
    mut queue: mpsc::UnboundedReceiver<Box<dyn Job>>,
    counts: &Counts,
) {
    while let Some(first) = queue.blocking_recv() {
        let mut group = vec![first];
        while group.len() < GROUP_MAX {
            match queue.try_recv() {
                Ok(next) => group.push(next),
                Err(_) => break,
            }
        }
        run_group(&mut connection, group, counts);
    }
}

fn run_group(connection: &mut Connection, mut group: Vec<Box<dyn Job>>, counts: &Counts) {
    let committed = commit_group(connection, &mut group);
    match committed {
        Ok(()) => {
            counts.groups.fetch_add(1, Ordering::Relaxed);
            counts
                .commands
                .fetch_add(u64::try_from(group.len()).unwrap_or(0), Ordering::Relaxed);
            group.into_iter().for_each(|job| job.answer(None));
        }
        Err(_) if group.len() > 1 => {
            // The group failed as a whole: its commands run again, one by one.
            for job in group {
                run_group(connection, vec![job], counts);
            }
        }
        Err(error) => {
            let mut error = Some(error);
            group
                .into_iter()
                .for_each(|job| job.answer(error.take().or(Some(StoreError::Closed))));
        }
    }
}

fn commit_group(connection: &mut Connection, group: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
    let batch = |connection: &Connection, sql: &'static str| {
        connection
            .execute_batch(sql)
            .map_err(|error| failed(Statement { name: "group", sql }, error))
    };
    let writes = group.iter().any(|job| job.mode() == Mode::Write);
    batch(
        connection,
        if writes {
            "BEGIN IMMEDIATE"
        } else {
            "BEGIN DEFERRED"
        },
    )?;
    for job in group.iter_mut() {
        let done = run_job(connection, job.as_mut());
        // After FULL, IOERR or BUSY the engine may have rolled back on its own: the savepoint is gone.
        if done.is_err() || connection.is_autocommit() {
            if !connection.is_autocommit() {
                batch(connection, "ROLLBACK")?;
            }
            return Err(done.err().unwrap_or(StoreError::Contended));
        }
    }
    batch(connection, if writes { "COMMIT" } else { "ROLLBACK" }).inspect_err(|_| {
        if !connection.is_autocommit() {
            drop(connection.execute_batch("ROLLBACK"));
        }
    })
}

fn run_job(connection: &mut Connection, job: &mut dyn Job) -> Result<(), StoreError> {
    let batch = |connection: &Connection, sql: &'static str| {
        connection.execute_batch(sql).map_err(|error| {
            failed(
                Statement {
                    name: "savepoint",
                    sql,
                },
                error,
            )
        })
    };
    batch(connection, "SAVEPOINT command")?;
    let succeeded = job.attempt(connection);
    if connection.is_autocommit() {
        return Err(StoreError::Contended);
    }
    if succeeded && job.mode() == Mode::Write {
        return batch(connection, "RELEASE command");
    }
    batch(connection, "ROLLBACK TO command; RELEASE command")?;
    if succeeded || job.mode() == Mode::Rehearse {
        return Ok(());
    }
    batch(connection, "SAVEPOINT command")?;
    if job.record(connection) {
        batch(connection, "RELEASE command")
    } else {
        batch(connection, "ROLLBACK TO command; RELEASE command")
    }
}

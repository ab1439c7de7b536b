//! A transaction as a command sees it: statements in, rows out, and savepoints inside.
//!
//! After one statement has failed, every further one fails too, until the command goes back to a savepoint
//! it has set before. PostgreSQL demands this; SQLite would happily commit the half.

use std::sync::Arc;

use super::Lock;
use super::derived::{self, Derivation};
use super::memo::{Look, Memo, Old};
use super::postgres::{self, PgSession};
use super::sqlite::{self, SqliteSession};
use crate::error::StoreError;
use crate::log::rows::{Changes, Mark};
use crate::row::{FromRow, Row};
use crate::statement::Statement;
use crate::table::{Sums, Table};
use crate::value::Value;

/// The transaction that a command runs in.
pub struct Tx<'a> {
    arm: Arm<'a>,
    failure: Option<StoreError>,
    savepoints: Vec<(&'static str, Mark, usize)>,
    changes: Changes,
}

pub(super) enum Arm<'a> {
    Sqlite(&'a mut SqliteSession),
    Postgres(&'a mut PgSession),
}

impl Arm<'_> {
    fn memo(&mut self) -> &mut Memo {
        match self {
            Self::Sqlite(session) => session.memo(),
            Self::Postgres(session) => session.memo(),
        }
    }

    fn savepoint(&mut self, name: &str) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(session) => session.control(&format!("SAVEPOINT {name}")),
            Self::Postgres(session) => session.savepoint(name),
        }
    }

    fn rollback_to(&mut self, name: &str) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(session) => session.control(&format!("ROLLBACK TO SAVEPOINT {name}")),
            Self::Postgres(session) => session.rollback_to(name),
        }
    }

    fn release(&mut self, name: &str) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(session) => session.control(&format!("RELEASE SAVEPOINT {name}")),
            Self::Postgres(session) => session.release(name),
        }
    }
}

impl<'a> Tx<'a> {
    pub(super) fn new(arm: Arm<'a>) -> Self {
        Self {
            arm,
            failure: None,
            savepoints: Vec::new(),
            changes: Changes::default(),
        }
    }

    /// What went wrong first and was not undone.
    pub(super) fn into_failure(self) -> Option<StoreError> {
        self.failure
    }

    /// Runs a statement that gives back no rows; answers how many rows it touched.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn execute(
        &mut self,
        statement: Statement,
        params: &[Value],
    ) -> Result<u64, StoreError> {
        if !statement.reads() {
            self.memo().disturbed(statement.sql);
        }
        self.run(statement, params).await
    }

    /// Runs a statement of which the memo knows already.
    async fn run(&mut self, statement: Statement, params: &[Value]) -> Result<u64, StoreError> {
        self.memo().derived().asks_else();
        self.ready(statement, params)?;
        let done = match &mut self.arm {
            Arm::Sqlite(session) => sqlite::execute(session, statement, params),
            Arm::Postgres(session) => postgres::execute(session, statement, params).await,
        };
        self.note(done)
    }

    /// Writes a row of which nothing is asked but that it is there when the transaction commits.
    async fn write<T: Table>(
        &mut self,
        statement: Statement,
        row: &T,
        is_new: bool,
    ) -> Result<(), StoreError> {
        let (key, values) = (row.key(), row.values());
        self.memo().derived().asks_else();
        self.ready(statement, &values)?;
        if !is_new && self.memo().differs(&key, row) {
            return self.refuse(StoreError::Unsupported("writing a column that is fixed"));
        }
        self.changes.wrote::<T>(&key, &values);
        let done = match &mut self.arm {
            Arm::Sqlite(session) => sqlite::execute(session, statement, &values).map(drop),
            Arm::Postgres(session) => {
                let old = session.memo().old::<T>(&key);
                match old {
                    // It will be refused: better now than for the whole group.
                    Old::Known(_) if is_new => postgres::execute(session, statement, &values)
                        .await
                        .map(drop),
                    old => {
                        let old = if is_new { Old::Absent } else { old };
                        session.add(statement, &key, values.clone(), old).await
                    }
                }
            }
        };
        self.note(done)?;
        self.memo().wrote(row, &values, key, is_new);
        Ok(())
    }

    /// Runs a statement and reads its first row, if there is one.
    ///
    /// # Errors
    /// When the database refuses, or the row is corrupt.
    pub async fn fetch_optional<R: FromRow>(
        &mut self,
        statement: Statement,
        params: &[Value],
    ) -> Result<Option<R>, StoreError> {
        self.memo().derived().asks_else();
        let rows = self.rows(statement, params, R::from_row, 1).await?;
        Ok(rows.into_iter().next())
    }

    /// Runs a statement and reads all its rows.
    ///
    /// # Errors
    /// When the database refuses, or a row is corrupt.
    pub async fn fetch_all<R: FromRow>(
        &mut self,
        statement: Statement,
        params: &[Value],
    ) -> Result<Vec<R>, StoreError> {
        self.memo().derived().asks_else();
        self.rows(statement, params, R::from_row, usize::MAX).await
    }

    /// Runs a statement that sums up rows of one table, and reads all it gives. What was asked before is not asked again
    /// while nothing but new rows has come to it.
    ///
    /// # Errors
    /// When the database refuses, or a row is corrupt.
    pub async fn sums<T: Table, R: Sums<T>>(
        &mut self,
        statement: Statement,
        params: &[Value],
    ) -> Result<Arc<[R]>, StoreError> {
        self.memo().derived().asks(T::NAME);
        if self.failure.is_none()
            && let Some(rows) = self.memo().answer::<T, R>(statement, params)
        {
            return Ok(rows);
        }
        self.asks_one_table(statement);
        let rows = self
            .rows(statement, params, R::from_row, usize::MAX)
            .await?;
        let rows: Arc<[R]> = rows.into();
        self.memo().keep_sums::<T, R>(statement, params, &rows);
        Ok(rows)
    }

    /// The row of a key, to be changed.
    ///
    /// # Errors
    /// When the database refuses, or the row is corrupt.
    pub async fn get<T: Table>(&mut self, key: &[Value]) -> Result<Option<T>, StoreError> {
        let row = self.look::<T>(key).await?;
        Ok(row.map(|row| T::clone(&row)))
    }

    /// The row of a key, to be looked at: whoever looks at it again gets the same.
    ///
    /// # Errors
    /// When the database refuses, or the row is corrupt.
    pub async fn look<T: Table>(&mut self, key: &[Value]) -> Result<Option<Arc<T>>, StoreError> {
        self.memo().derived().asks(T::NAME);
        if self.failure.is_none()
            && let Look::Known(row) = self.memo().row::<T>(key)
        {
            return Ok(row);
        }
        let rows = self.rows(T::get_sql(), key, T::from_row, 1).await?;
        let row = rows.into_iter().next().map(Arc::new);
        self.memo().keep_row(key, row.as_ref());
        Ok(row)
    }

    /// The rows that one of a table's `finds` selects, to be changed.
    ///
    /// # Errors
    /// When the database refuses, or a row is corrupt.
    pub async fn find<T: Table>(
        &mut self,
        statement: Statement,
        params: &[Value],
    ) -> Result<Vec<T>, StoreError> {
        let rows = self.look_for::<T>(statement, params).await?;
        Ok(rows.iter().map(|row| T::clone(row)).collect())
    }

    /// The rows that one of a table's `finds` selects, to be looked at.
    ///
    /// # Errors
    /// When the database refuses, or a row is corrupt.
    pub async fn look_for<T: Table>(
        &mut self,
        statement: Statement,
        params: &[Value],
    ) -> Result<Arc<[Arc<T>]>, StoreError> {
        self.memo().derived().asks(T::NAME);
        if self.failure.is_none()
            && let Some(rows) = self.memo().answer::<T, Arc<T>>(statement, params)
        {
            return Ok(rows);
        }
        self.asks_one_table(statement);
        let rows = self
            .rows(statement, params, T::from_row, usize::MAX)
            .await?;
        let rows: Arc<[Arc<T>]> = rows.into_iter().map(Arc::new).collect();
        self.memo().keep(statement, params, &rows);
        Ok(rows)
    }

    /// Writes a row of a table that has no struct: `INSERT INTO … (…) VALUES ($1, …)`.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn add(
        &mut self,
        statement: Statement,
        values: Vec<Value>,
    ) -> Result<(), StoreError> {
        self.ready(statement, &values)?;
        self.memo().disturbed(statement.sql);
        let done = match &mut self.arm {
            Arm::Sqlite(session) => sqlite::execute(session, statement, &values).map(drop),
            Arm::Postgres(session) => session.add(statement, &[], values, Old::Absent).await,
        };
        self.note(done)
    }

    /// Writes many rows of a table that the log does not answer for row by row, past the memo; answers how many there were
    /// that the statement did not leave out. The statement is one that writes one row: `INSERT INTO … (…) VALUES ($1, …)`.
    ///
    /// # Errors
    /// When the database refuses, or the log answers for each row of the table.
    pub async fn write_all<T: Table>(
        &mut self,
        statement: Statement,
        rows: &[T],
    ) -> Result<u64, StoreError> {
        if Changes::tells_of(T::NAME) {
            return self.refuse(StoreError::Unsupported("writing past the log"));
        }
        self.memo().disturbed(statement.sql);
        let mut written: u64 = 0;
        for rows in rows.chunks(WRITTEN_MAX) {
            let rows: Vec<Vec<Value>> = rows.iter().map(Table::values).collect();
            for values in &rows {
                self.ready(statement, values)?;
            }
            let done = match &mut self.arm {
                Arm::Sqlite(session) => sqlite::execute_many(session, statement, &rows),
                Arm::Postgres(session) => postgres::execute_many(session, statement, rows).await,
            };
            written = written.saturating_add(self.note(done)?);
        }
        Ok(written)
    }

    /// The rows that one of a table's `finds` selects, where they are many and are not kept for later.
    ///
    /// # Errors
    /// When the database refuses, or a row is corrupt.
    pub async fn scan<T: Table>(
        &mut self,
        statement: Statement,
        params: &[Value],
    ) -> Result<Vec<T>, StoreError> {
        self.memo().derived().asks(T::NAME);
        self.asks_one_table(statement);
        self.rows(statement, params, T::from_row, usize::MAX).await
    }

    /// What follows from rows, made now or as it was made before: while none of their tables has changed it is the same.
    ///
    /// # Errors
    /// The derivation's own.
    pub async fn derive<D: Derivation>(
        &mut self,
        derivation: &D,
    ) -> Result<Arc<D::Made>, D::Error> {
        let key = derived::key(derivation);
        if self.failure.is_none()
            && let Some(made) = self.memo().made::<D>(&key)
        {
            return Ok(made);
        }
        self.memo().derived().begin();
        let made = derivation.make(self).await.map(Arc::new);
        let is_sound = self.failure.is_none();
        let kept = made.as_ref().ok().filter(|_| is_sound);
        self.memo().derived().end::<D>(key, kept);
        made
    }

    /// Whatever is being made rests on more than the table that is named, where the statement asks more.
    fn asks_one_table(&mut self, statement: Statement) {
        if !statement.reads_one_table() {
            self.memo().derived().asks_else();
        }
    }

    /// Whether rows wait for the commit, so that a conflict shows only then.
    pub(crate) const fn defers(&self) -> bool {
        match &self.arm {
            Arm::Sqlite(_) => false,
            Arm::Postgres(session) => session.defers(),
        }
    }

    /// Writes a new row.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when its key, or another unique one, is taken.
    pub async fn insert<T: Table>(&mut self, row: &T) -> Result<(), StoreError> {
        self.write(T::insert(), row, true).await
    }

    /// Writes a row, in place of one with the same key.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when a unique key other than the primary one is taken.
    pub async fn put<T: Table>(&mut self, row: &T) -> Result<(), StoreError> {
        self.write(T::upsert(), row, false).await
    }

    /// Removes the row of a key; answers how many there were.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn delete<T: Table>(&mut self, key: &[Value]) -> Result<u64, StoreError> {
        let count = self.run(T::delete_sql(), key).await?;
        if count > 0 {
            self.changes.removed::<T>(key);
        }
        self.memo().removed::<T>(key);
        Ok(count)
    }

    /// The rows written since the last event.
    pub(crate) fn tell_changes(&mut self) -> Vec<String> {
        self.changes.tell().to_vec()
    }

    /// The table of a row that was written and of which no event tells: such a command is not committed.
    #[must_use]
    pub fn untold(&self) -> Option<String> {
        self.changes.untold()
    }

    /// Whether others may write while this transaction decides, so that it has to say what it [rests on](Tx::rests_on).
    #[must_use]
    pub fn takes_turns(&mut self) -> bool {
        // Who takes turns, takes them each time.
        self.memo().derived().asks_else();
        match &self.arm {
            Arm::Sqlite(_) => false,
            Arm::Postgres(session) => session.takes_turns(),
        }
    }

    /// Says that what the command decides or writes from here on rests on a fact that others may change: until the commit
    /// nobody else does who says so. A command names what it can before it begins ([`Command::locks`]) and the rest as
    /// it finds it. True where the lock was had only now: what was read before it may be out of date, and is read
    /// again. Nothing is locked where one writer is alone, and for a transaction that writes nothing.
    ///
    /// [`Command::locks`]: crate::Command::locks
    ///
    /// # Errors
    /// [`StoreError::Contended`] when it cannot be had at once, and then the lane runs the command again.
    pub async fn rests_on(&mut self, lock: Lock) -> Result<bool, StoreError> {
        self.memo().derived().asks_else();
        if self.failure.is_some() {
            return Err(StoreError::Aborted);
        }
        let done = match &mut self.arm {
            Arm::Sqlite(_) => Ok(false),
            Arm::Postgres(session) => session.rests_on(lock).await,
        };
        self.note(done)
    }

    /// Has the engine check a statement without running it.
    ///
    /// # Errors
    /// When the engine does not take it.
    pub async fn prepare(&mut self, statement: Statement) -> Result<(), StoreError> {
        self.ready(statement, &[])?;
        let done = match &mut self.arm {
            Arm::Sqlite(session) => sqlite::prepare(session, statement),
            Arm::Postgres(session) => postgres::prepare(session, statement).await,
        };
        self.note(done)
    }

    /// The number of the oldest transaction that may still append: what was written by earlier ones is either
    /// visible to the next statement or will never be. SQLite's only writer has nobody to wait for.
    pub(crate) async fn settled_before(&mut self) -> Result<i64, StoreError> {
        let statement = match &self.arm {
            Arm::Sqlite(_) => return Ok(i64::MAX),
            Arm::Postgres(_) => postgres::SETTLED_BEFORE,
        };
        let row = self.fetch_optional::<(i64,)>(statement, &[]).await?;
        Ok(row.map_or(0, |(number,)| number))
    }

    /// Fails, as a statement would that the database refuses.
    pub(crate) fn refuse<T>(&mut self, error: StoreError) -> Result<T, StoreError> {
        self.memo().derived().asks_else();
        self.note(Err(error))
    }

    /// Sets a savepoint to which the command can come back.
    ///
    /// # Errors
    /// When an earlier statement failed and was not undone.
    #[expect(clippy::unused_async, reason = "an engine may have to wait for it")]
    pub async fn savepoint(&mut self, name: &'static str) -> Result<(), StoreError> {
        self.memo().derived().asks_else();
        self.ready(SAVEPOINT, &[])?;
        let done = self.arm.savepoint(&quoted(name));
        self.note(done)?;
        let memo = self.memo().mark();
        self.savepoints.push((name, self.changes.mark(), memo));
        Ok(())
    }

    /// Undoes everything since a savepoint, failed statements too. The savepoint stays set.
    ///
    /// # Errors
    /// When no such savepoint is open, or the failure cannot be undone this way: then the lane runs the
    /// whole command again.
    #[expect(clippy::unused_async, reason = "an engine may have to wait for it")]
    pub async fn rollback_to(&mut self, name: &'static str) -> Result<(), StoreError> {
        let at = self.open(name)?;
        if let Some(failure) = &self.failure
            && is_beyond_savepoints(failure)
        {
            return Err(failure.clone());
        }
        self.failure = None;
        let done = self.arm.rollback_to(&quoted(name));
        self.note(done)?;
        self.savepoints.truncate(at + 1);
        if let Some((_, mark, memo)) = self.savepoints.last().copied() {
            self.changes.back_to(mark);
            self.memo().back_to(memo);
        }
        Ok(())
    }

    /// Gives up a savepoint and keeps what was done since.
    ///
    /// # Errors
    /// When no such savepoint is open, or an earlier statement failed and was not undone.
    #[expect(clippy::unused_async, reason = "an engine may have to wait for it")]
    pub async fn release(&mut self, name: &'static str) -> Result<(), StoreError> {
        let at = self.open(name)?;
        self.ready(SAVEPOINT, &[])?;
        let done = self.arm.release(&quoted(name));
        self.note(done)?;
        self.savepoints.truncate(at);
        Ok(())
    }

    fn open(&self, name: &'static str) -> Result<usize, StoreError> {
        self.savepoints
            .iter()
            .rposition(|(open, _, _)| *open == name)
            .ok_or(StoreError::NoSavepoint(name))
    }

    fn memo(&mut self) -> &mut Memo {
        self.arm.memo()
    }

    /// Runs a statement to its end and reads its first rows, as many as are wanted. A row that cannot be read
    /// spoils the answer and not the transaction.
    async fn rows<R>(
        &mut self,
        statement: Statement,
        params: &[Value],
        read: fn(&Row<'_>) -> Result<R, StoreError>,
        wanted: usize,
    ) -> Result<Vec<R>, StoreError> {
        self.ready(statement, params)?;
        if !statement.reads() {
            self.memo().disturbed(statement.sql);
        }
        let mut taken = Ok(Vec::new());
        let mut take = |row: &Row<'_>| match &mut taken {
            Ok(rows) if rows.len() < wanted => match read(row) {
                Ok(row) => rows.push(row),
                Err(error) => taken = Err(error),
            },
            _ => {}
        };
        let done = match &mut self.arm {
            Arm::Sqlite(session) => sqlite::fetch(session, statement, params, &mut take),
            Arm::Postgres(session) => {
                let fetched = postgres::fetch(session, statement, params).await;
                fetched.map(|rows| {
                    for row in &rows {
                        take(&Row::postgres(statement.name, row));
                    }
                })
            }
        };
        self.note(done)?;
        taken
    }

    fn ready(&mut self, statement: Statement, params: &[Value]) -> Result<(), StoreError> {
        if self.failure.is_some() {
            return Err(StoreError::Aborted);
        }
        let refused = params.iter().find_map(|value| value.storable().err());
        match refused {
            None => Ok(()),
            Some(source) => self.note(Err(StoreError::Unstorable {
                statement: statement.name,
                source,
            })),
        }
    }

    fn note<T>(&mut self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error) = &done {
            self.failure = Some(error.clone());
        }
        done
    }
}

/// How many rows are sent with one statement.
const WRITTEN_MAX: usize = 2_000;

const SAVEPOINT: Statement = Statement::new("tx.savepoint", "SAVEPOINT");

/// A name in a space of its own, so that it never meets the lane's.
fn quoted(name: &str) -> String {
    format!("\"in {}\"", name.replace('"', ""))
}

/// A deadlock's victim has lost its locks and a broken connection its transaction: what was read before the
/// savepoint no longer holds, so the command starts over.
fn is_beyond_savepoints(failure: &StoreError) -> bool {
    matches!(
        failure,
        StoreError::Contended | StoreError::Unavailable(_) | StoreError::OutcomeUnknown(_)
    )
}

//! The PostgreSQL arm: one connection that is made again when it is lost, and what its errors mean.
//!
//! Transaction control is *sent without waiting*: `SAVEPOINT` and the command's first statement travel
//! together, and the answers come back in order. Nothing is lost by that: an answer that turns out to be an
//! error is found before the commit is believed ([`PgSession::settle`]).

mod address;
mod many;
mod siblings;
mod together;
mod transaction;
mod values;

use std::borrow::Cow;
use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, TryStreamExt};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error};

use super::memo::{Memo, Old};
use super::pending::{Batch, Pending, Step};
use super::session::Begin;
use super::{Counters, Lock};
use crate::error::StoreError;
use crate::statement::Statement;
use crate::value::{Kind, Value};
pub(super) use address::{Address, configure};
pub(super) use many::execute_many;
use siblings::Snapshot;
pub(super) use values::seen;
use values::{Param, Placed, Rows, list_of, type_of};

/// How long a lane waits for a lock before the command counts as contended.
const LANE_LOCK_WAIT: &str = "10s";
/// A rehearsal gives way early: it must never hold up what is in earnest.
const REHEARSAL_LOCK_WAIT: &str = "250ms";
/// How long we look for a writable server before commands are told that there is none.
const PATIENCE: Duration = Duration::from_secs(15);
/// The first pause between two attempts to connect; it doubles up to `CONNECT_PAUSE_MAX`.
const CONNECT_PAUSE: Duration = Duration::from_millis(50);
const CONNECT_PAUSE_MAX: Duration = Duration::from_secs(1);

/// Every transaction with a smaller number has ended. Written as text in between, because `xid8` has no other
/// way into a number.
pub(super) const SETTLED_BEFORE: Statement = Statement::new(
    "postgres.SETTLED_BEFORE",
    "SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT)",
);

type Answer = BoxFuture<'static, Result<(), Error>>;

/// What was sent without waiting.
enum Sent {
    Underway(Answer),
    Answered(Result<(), Error>),
}

pub(super) struct PgSession {
    address: Arc<Address>,
    lock_wait: &'static str,
    counters: Arc<Counters>,
    connection: Option<Box<Connection>>,
    /// A writable server was there before and may be on its way back; where none ever answered, or none for
    /// as long as we wait, we say so at once.
    is_patient: bool,
    memo: Memo,
    /// Where the memo stood when the command that runs began.
    marked: usize,
    /// The moment that the memo knows of: when the last transaction began, and that one's number, if it wrote.
    known: Option<(Snapshot, Option<i64>)>,
}

struct Connection {
    client: Arc<Client>,
    /// By the address of their text, which is quicker to look up than the text, and how often they ask what it says.
    prepared: HashMap<(usize, Times), Vec<Prepared>>,
    /// What was sent without waiting, oldest first.
    sent: Vec<Sent>,
    begun: Option<Begin>,
    /// Locks that the transaction holds from its beginning, and those that it took on the way.
    held: Vec<Lock>,
    late: Vec<Lock>,
    /// The transaction's number, until the other lanes have been told of it.
    number: Option<i64>,
    has_written: bool,
    /// It has written what the memo does not know of.
    has_migrated: bool,
    is_broken: bool,
    /// What waits for the commit, where it may.
    pending: Option<Pending>,
    /// Statements that write many rows, by the address of the text of the one that writes one of them.
    many: HashMap<usize, Many>,
}

/// A statement that writes many rows of a table.
#[derive(Clone)]
struct Many {
    statement: tokio_postgres::Statement,
    columns: Arc<[Placed]>,
}

/// How often a prepared statement asks what its text says: once, or for each element of its lists of parameters.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Times {
    Once,
    Many,
}

struct Prepared {
    kinds: Vec<Kind>,
    statement: tokio_postgres::Statement,
}

impl PgSession {
    pub(super) fn lane(address: &Arc<Address>, counters: &Arc<Counters>) -> Self {
        Self::new(address, counters, LANE_LOCK_WAIT)
    }

    pub(super) fn rehearsal(address: &Arc<Address>, counters: &Arc<Counters>) -> Self {
        Self::new(address, counters, REHEARSAL_LOCK_WAIT)
    }

    fn new(address: &Arc<Address>, counters: &Arc<Counters>, lock_wait: &'static str) -> Self {
        Self {
            address: Arc::clone(address),
            lock_wait,
            counters: Arc::clone(counters),
            connection: None,
            is_patient: false,
            memo: Memo::default(),
            marked: 0,
            known: None,
        }
    }

    pub(super) const fn memo(&mut self) -> &mut Memo {
        &mut self.memo
    }

    /// Gives the connection up; the next transaction makes a new one on the runtime it runs on.
    pub(super) fn disconnect(&mut self) {
        self.connection = None;
    }

    pub(super) fn in_transaction(&self) -> bool {
        self.connection
            .as_ref()
            .is_some_and(|connection| connection.is_alive() && connection.begun.is_some())
    }

    /// Whether the connection itself is gone, not only the transaction.
    pub(super) fn is_lost(&self) -> bool {
        !self.connection.as_deref().is_some_and(Connection::is_alive)
    }

    /// Sets the savepoint of the next command.
    pub(super) fn mark(&mut self) -> Result<(), StoreError> {
        self.marked = self.memo.mark();
        self.savepoint("command")
    }

    /// Undoes what the command did.
    pub(super) fn undo(&mut self) -> Result<(), StoreError> {
        self.memo.back_to(self.marked);
        self.rollback_to("command")?;
        self.release("command")
    }

    pub(super) fn savepoint(&mut self, name: &str) -> Result<(), StoreError> {
        let connection = self.open()?;
        match &mut connection.pending {
            Some(pending) => pending.savepoint(name),
            None => connection.send(format!("SAVEPOINT {name}")),
        }
        Ok(())
    }

    pub(super) fn rollback_to(&mut self, name: &str) -> Result<(), StoreError> {
        let connection = self.open()?;
        // A lock that was taken behind the savepoint goes with it.
        connection.late.clear();
        let pending = connection.pending.as_mut();
        if pending.is_none_or(|pending| pending.rollback_to(name)) {
            connection.send(format!("ROLLBACK TO SAVEPOINT {name}"));
        }
        Ok(())
    }

    pub(super) fn release(&mut self, name: &str) -> Result<(), StoreError> {
        let connection = self.open()?;
        let pending = connection.pending.as_mut();
        if pending.is_none_or(|pending| pending.release(name)) {
            connection.send(format!("RELEASE SAVEPOINT {name}"));
        }
        Ok(())
    }

    pub(super) const fn defers(&self) -> bool {
        match &self.connection {
            Some(connection) => connection.pending.is_some(),
            None => false,
        }
    }

    /// Writes a row, now or with the others of its table before the commit.
    pub(super) async fn add(
        &mut self,
        statement: Statement,
        key: &[Value],
        values: Vec<Value>,
        old: Old,
    ) -> Result<(), StoreError> {
        match &mut self.open()?.pending {
            Some(pending) => {
                pending.add(statement, key, values, old);
                Ok(())
            }
            None => execute(self, statement, &values).await.map(drop),
        }
    }

    /// Runs several statements at once.
    pub(super) async fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        let connection = self.open()?;
        connection.has_written = true;
        connection.has_migrated = true;
        let client = Arc::clone(&connection.client);
        let done = connection.after_sent(client.batch_execute(sql)).await;
        connection.answered("migration", done).await
    }

    fn open(&mut self) -> Result<&mut Connection, StoreError> {
        self.connection.as_deref_mut().ok_or_else(|| {
            StoreError::unavailable(std::io::Error::from(std::io::ErrorKind::NotConnected))
        })
    }

    async fn connected(&mut self) -> Result<&mut Connection, StoreError> {
        if self.is_lost() {
            self.connection = None;
            // The next server may be another one, which lacks what the last one had not handed on.
            self.forget();
            let begun = tokio::time::Instant::now();
            let mut pause = CONNECT_PAUSE;
            let connection = loop {
                match connect(&self.address, self.lock_wait).await {
                    Ok(connection) => break connection,
                    Err(error) if !self.is_patient || begun.elapsed() > PATIENCE => {
                        self.is_patient = false;
                        return Err(StoreError::unavailable(error));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "no writable server yet");
                        #[expect(
                            clippy::disallowed_methods,
                            reason = "until some host is writable"
                        )]
                        tokio::time::sleep(pause).await;
                        pause = (pause * 2).min(CONNECT_PAUSE_MAX);
                    }
                }
            };
            self.is_patient = true;
            self.connection = Some(Box::new(connection));
        }
        self.open()
    }
}

/// A connection of its own, set up as every one is.
async fn connect(address: &Address, lock_wait: &'static str) -> Result<Connection, Error> {
    let client = address.connect().await?;
    // An operator may ask for more than `on`, never for less: an answer means durable. Facts of decisions are long
    // documents, and where the server can, it packs them with the quicker algorithm. Rows are found by their keys, on
    // pages that are in memory: where a page by key costs four pages in order, as the server thinks of turning disks, it
    // plans to read small tables whole, and does so for every key that refers to them long after they have grown.
    let settings = format!(
        "SET lock_timeout = '{lock_wait}'; SET TimeZone = 'UTC'; SELECT set_config('synchronous_commit', 'on', false) \
         WHERE current_setting('synchronous_commit') IN ('off', 'local'); \
         SELECT set_config('default_toast_compression', 'lz4', false) FROM pg_settings \
         WHERE name = 'default_toast_compression' AND 'lz4' = ANY(enumvals); \
         SELECT set_config('random_page_cost', '1.1', false) \
         WHERE CAST(current_setting('random_page_cost') AS DOUBLE PRECISION) > 1.1"
    );
    client.batch_execute(&settings).await?;
    Ok(Connection {
        client: Arc::new(client),
        prepared: HashMap::new(),
        sent: Vec::new(),
        begun: None,
        held: Vec::new(),
        late: Vec::new(),
        number: None,
        has_written: false,
        has_migrated: false,
        is_broken: false,
        pending: None,
        many: HashMap::new(),
    })
}

impl Connection {
    fn is_alive(&self) -> bool {
        !self.is_broken && !self.client.is_closed()
    }

    /// Puts a text on the wire now; its answer is looked at later.
    fn send(&mut self, sql: String) {
        let client = Arc::clone(&self.client);
        self.post(Box::pin(async move { client.batch_execute(&sql).await }));
    }

    fn post(&mut self, mut answer: Answer) {
        // The first poll sends it. An answer that is there at once can only be an error.
        self.sent.push(match (&mut answer).now_or_never() {
            None => Sent::Underway(answer),
            Some(done) => Sent::Answered(done),
        });
    }

    /// Waits for an answer, and takes in those to what was sent before it: the driver reads no further than an answer
    /// that arrives in many pieces and that nobody takes.
    fn after_sent<T>(
        &mut self,
        answer: impl Future<Output = T> + Send,
    ) -> impl Future<Output = T> + Send {
        // In a box of its own: inline, it would be carried along by everything that asks.
        let mut answer = Box::pin(answer);
        let is_underway = |sent: &Sent| matches!(sent, Sent::Underway(_));
        let first = self.sent.iter().position(is_underway);
        let mut next = first.unwrap_or(self.sent.len());
        poll_fn(move |context| {
            // First of all this one, since its first poll sends it.
            if let Poll::Ready(done) = answer.as_mut().poll(context) {
                return Poll::Ready(done);
            }
            while let Some(Sent::Underway(sent)) = self.sent.get_mut(next) {
                let Poll::Ready(done) = sent.as_mut().poll(context) else {
                    break;
                };
                self.sent[next] = Sent::Answered(done);
                next += 1;
            }
            Poll::Pending
        })
    }

    /// Sends what waits, ahead of a statement that writes too or of one that only reads.
    async fn flush(&mut self, ahead_of_a_write: bool) -> Result<(), StoreError> {
        let Some(pending) = &mut self.pending else {
            return Ok(());
        };
        for step in pending.drain(ahead_of_a_write) {
            match step {
                Step::Set(name) => self.send(format!("SAVEPOINT {name}")),
                Step::Write(batch) => self.send_batch(batch).await?,
            }
        }
        Ok(())
    }

    /// Sends rows of one table without waiting for the answer.
    async fn send_batch(&mut self, batch: Batch) -> Result<(), StoreError> {
        self.has_written = true;
        let client = Arc::clone(&self.client);
        match batch.rows.as_slice() {
            [] => {}
            [only] => {
                let prepared = self.statement(batch.statement, only).await?;
                let only = only.clone();
                self.post(Box::pin(async move {
                    let params = only.iter().map(Param);
                    client.execute_raw(&prepared, params).await.map(drop)
                }));
            }
            [_, _, ..] => {
                let many = self.many(&batch).await?;
                let rows = batch.rows;
                self.post(Box::pin(async move {
                    let written = many.write(&client, &rows);
                    written.await.map(drop)
                }));
            }
        }
        Ok(())
    }

    /// The statement that writes many rows at once.
    async fn many(&mut self, batch: &Batch) -> Result<Many, StoreError> {
        if let Some(known) = self.many.get(&batch.statement.sql.as_ptr().addr()) {
            return Ok(known.clone());
        }
        let client = Arc::clone(&self.client);
        let prepared = self.after_sent(client.prepare(batch.text())).await;
        let statement = self.answered(batch.statement.name, prepared).await?;
        let many = Many {
            columns: columns_of(&statement, batch).collect(),
            statement,
        };
        self.many
            .insert(batch.statement.sql.as_ptr().addr(), many.clone());
        Ok(many)
    }

    /// Waits for everything that was sent, and gives the first error among the answers.
    async fn settle(&mut self) -> Result<(), StoreError> {
        let mut first = Ok(());
        for sent in std::mem::take(&mut self.sent) {
            let answered = match sent {
                Sent::Underway(answer) => answer.await,
                Sent::Answered(answered) => answered,
            };
            if let (Ok(()), Err(error)) = (&first, answered) {
                first = Err(self.translate("transaction control", error));
                // Without its locks or its savepoints the transaction is of no use.
                self.begun = None;
            }
        }
        first
    }

    /// What a statement's answer means. When it failed, the cause may be something sent before it.
    async fn answered<T>(
        &mut self,
        statement: &'static str,
        answer: Result<T, Error>,
    ) -> Result<T, StoreError> {
        match answer {
            Ok(done) => Ok(done),
            Err(error) => {
                if self.pending.as_ref().is_some_and(Pending::has_unset) {
                    // There is no savepoint to go back to: the commands of the group run again one by one.
                    self.begun = None;
                }
                self.settle().await?;
                Err(self.translate(statement, error))
            }
        }
    }

    /// What PostgreSQL's error means for the command.
    fn translate(&mut self, statement: &'static str, error: Error) -> StoreError {
        let Some(refused) = error.as_db_error() else {
            if is_connection_lost(&error) {
                self.is_broken = true;
                return StoreError::unavailable(error);
            }
            return StoreError::Statement {
                statement,
                source: Arc::new(error),
            };
        };
        let code = refused.code();
        if *code == SqlState::UNIQUE_VIOLATION || *code == SqlState::EXCLUSION_VIOLATION {
            return conflict(refused.table(), refused.detail(), refused.constraint());
        }
        // After a failover the old writer answers that it may only be read.
        let is_demoted =
            *code == SqlState::READ_ONLY_SQL_TRANSACTION && self.begun != Some(Begin::Read);
        if is_demoted || is_connection_lost(&error) {
            self.is_broken = true;
            return StoreError::unavailable(error);
        }
        match code.code() {
            // Serialization failure, deadlock, lock timeout, statement timeout.
            "40001" | "40P01" | "55P03" | "57014" => StoreError::Contended,
            code if code.starts_with("23") => StoreError::Violation {
                statement,
                constraint: refused
                    .constraint()
                    .or(refused.column())
                    .unwrap_or(code)
                    .to_owned(),
            },
            // Out of disk, memory or connections; the operating system failed.
            code if code.starts_with("53") || code.starts_with("58") => {
                StoreError::unavailable(error)
            }
            _ => StoreError::Statement {
                statement,
                source: Arc::new(error),
            },
        }
    }

    async fn statement(
        &mut self,
        statement: Statement,
        params: &[Value],
    ) -> Result<tokio_postgres::Statement, StoreError> {
        self.prepared(statement, params, Times::Once).await
    }

    async fn prepared(
        &mut self,
        statement: Statement,
        params: &[Value],
        times: Times,
    ) -> Result<tokio_postgres::Statement, StoreError> {
        let fits = |known: &&Prepared| {
            known
                .kinds
                .iter()
                .copied()
                .eq(params.iter().map(Value::kind))
        };
        let place = (statement.sql.as_ptr().addr(), times);
        let known = self.prepared.get(&place);
        if let Some(known) = known.and_then(|all| all.iter().find(fits)) {
            return Ok(known.statement.clone());
        }
        let kinds: Vec<Kind> = params.iter().map(Value::kind).collect();
        let (text, of): (Cow<'_, str>, fn(Kind) -> Type) = match times {
            Times::Once => (statement.sql.into(), type_of),
            Times::Many => (together::text(statement, kinds.len()).into(), list_of),
        };
        let types: Vec<Type> = kinds.iter().map(|kind| of(*kind)).collect();
        let client = Arc::clone(&self.client);
        let asked = client.prepare_typed(&text, &types);
        let prepared = self.after_sent(asked).await;
        let prepared = self.answered(statement.name, prepared).await?;
        self.prepared.entry(place).or_default().push(Prepared {
            kinds,
            statement: prepared.clone(),
        });
        Ok(prepared)
    }
}

impl Many {
    /// Writes rows; answers how many it did not leave out.
    async fn write(&self, client: &Client, rows: &[Vec<Value>]) -> Result<u64, Error> {
        let columns = &self.columns;
        let given = std::iter::once(Rows { columns, rows });
        client.execute_raw(&self.statement, given).await
    }
}

/// The columns of the table whose rows a statement takes a list of.
fn columns_of(
    statement: &tokio_postgres::Statement,
    batch: &Batch,
) -> impl Iterator<Item = Placed> {
    use tokio_postgres::types::Kind;
    let list = statement.params().first().map(Type::kind);
    let fields = match list {
        Some(Kind::Array(row)) => match row.kind() {
            Kind::Composite(fields) => fields.as_slice(),
            _ => &[],
        },
        _ => &[],
    };
    let place = |field: &tokio_postgres::types::Field| batch.place(field.name());
    fields
        .iter()
        .map(move |field| (field.type_().clone(), place(field)))
}

/// Whether an error means that this connection is of no more use.
fn is_connection_lost(error: &Error) -> bool {
    let is_io = |error: &Error| {
        std::error::Error::source(error).is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
    };
    match error.as_db_error() {
        None => error.is_closed() || is_io(error),
        Some(refused) => {
            let code = refused.code().code();
            // Connection exceptions; shut down by an administrator, by a crash, or starting up.
            code.starts_with("08") || matches!(code, "57P01" | "57P02" | "57P03")
        }
    }
}

pub(super) async fn execute(
    session: &mut PgSession,
    statement: Statement,
    params: &[Value],
) -> Result<u64, StoreError> {
    let connection = session.open()?;
    connection.flush(true).await?;
    connection.has_written = true;
    let prepared = connection.statement(statement, params).await?;
    let client = Arc::clone(&connection.client);
    let asked = client.execute_raw(&prepared, params.iter().map(Param));
    let done = connection.after_sent(asked).await;
    connection.answered(statement.name, done).await
}

pub(super) async fn fetch(
    session: &mut PgSession,
    statement: Statement,
    params: &[Value],
) -> Result<Vec<tokio_postgres::Row>, StoreError> {
    let connection = session.open()?;
    let pending = connection.pending.as_ref();
    if pending.is_some_and(|pending| !statement.reads() || pending.concerns(statement, params)) {
        connection.flush(!statement.reads()).await?;
    }
    connection.has_written |= !statement.reads();
    let prepared = connection.statement(statement, params).await?;
    let client = Arc::clone(&connection.client);
    let fetched = async {
        let rows = client
            .query_raw(&prepared, params.iter().map(Param))
            .await?;
        rows.try_collect().await
    };
    let fetched = connection.after_sent(fetched).await;
    connection.answered(statement.name, fetched).await
}

pub(super) async fn prepare(
    session: &mut PgSession,
    statement: Statement,
) -> Result<(), StoreError> {
    let connection = session.open()?;
    let client = Arc::clone(&connection.client);
    let prepared = connection.after_sent(client.prepare(statement.sql)).await;
    connection
        .answered(statement.name, prepared)
        .await
        .map(drop)
}

/// Reads `Key (a, b)=(1, 2) already exists.`, whatever language the words around the brackets are in.
fn conflict(table: Option<&str>, detail: Option<&str>, constraint: Option<&str>) -> StoreError {
    let key = detail
        .and_then(|detail| detail.split_once('('))
        .and_then(|(_, key)| key.split_once(")=("))
        .map(|(columns, _)| columns.split(", ").map(str::to_owned).collect());
    StoreError::Conflict {
        table: table.unwrap_or_default().to_owned(),
        columns: key.unwrap_or_else(|| constraint.map(str::to_owned).into_iter().collect()),
    }
}

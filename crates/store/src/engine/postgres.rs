//! The PostgreSQL arm: one connection that is made again when it is lost, and what its errors mean.
//!
//! Transaction control is *sent without waiting*: `SAVEPOINT` and the command's first statement travel
//! together, and the answers come back in order. Nothing is lost by that: an answer that turns out to be an
//! error is found before the commit is believed ([`PgSession::settle`]).

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, TryStreamExt};
use tokio_postgres::config::{SslMode, TargetSessionAttrs};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Config, Error, NoTls, SimpleQueryMessage};

use super::memo::{Memo, Old};
use super::pending::{Batch, Pending, Step};
use super::session::{Begin, Uncommitted};
use super::tls::Tls;
use super::{Counters, Lock};
use crate::error::StoreError;
use crate::statement::Statement;
use crate::value::{BadValue, Kind, Seen, Value};

/// How long a lane waits for a lock before the command counts as contended.
const LANE_LOCK_WAIT: &str = "10s";
/// A rehearsal gives way early: it must never hold up what is in earnest.
const REHEARSAL_LOCK_WAIT: &str = "250ms";
/// How long we look for a writable server before commands are told that there is none.
const PATIENCE: Duration = Duration::from_secs(15);
/// The first pause between two attempts to connect; it doubles up to `CONNECT_PAUSE_MAX`.
const CONNECT_PAUSE: Duration = Duration::from_millis(50);
const CONNECT_PAUSE_MAX: Duration = Duration::from_secs(1);
/// How long one server may take to answer, or to acknowledge what was sent.
const NETWORK_WAIT: Duration = Duration::from_secs(10);

/// Every transaction with a smaller number has ended. Written as text in between, because `xid8` has no other
/// way into a number.
pub(super) const SETTLED_BEFORE: Statement = Statement::new(
    "postgres.SETTLED_BEFORE",
    "SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT)",
);

type Sent = BoxFuture<'static, Result<(), Error>>;

/// Where the server is, and how to talk to it.
pub(super) struct Address {
    config: Config,
    tls: Option<Tls>,
}

/// Reads a connection string and fills in what makes a lost server show.
pub(super) fn configure(url: &str) -> Result<Address, StoreError> {
    let mut config: Config = url.parse().map_err(StoreError::unavailable)?;
    config.target_session_attrs(TargetSessionAttrs::ReadWrite);
    if config.get_application_name().is_none() {
        config.application_name("tierline");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(NETWORK_WAIT);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(NETWORK_WAIT);
    }
    config.keepalives_idle(NETWORK_WAIT);
    let tls = match config.get_ssl_mode() {
        SslMode::Require => Some(Tls::of_system()?),
        _ => None,
    };
    Ok(Address { config, tls })
}

impl Address {
    /// Connects, and leaves the driving of the connection to the runtime of the caller.
    async fn connect(&self) -> Result<Client, Error> {
        Ok(match &self.tls {
            Some(tls) => {
                let (client, driver) = self.config.connect(tls.clone()).await?;
                tokio::spawn(drive(driver));
                client
            }
            None => {
                let (client, driver) = self.config.connect(NoTls).await?;
                tokio::spawn(drive(driver));
                client
            }
        })
    }
}

async fn drive(driver: impl Future<Output = Result<(), Error>>) {
    if let Err(error) = driver.await {
        tracing::warn!(%error, "a database connection ended");
    }
}

pub(super) struct PgSession {
    address: Arc<Address>,
    lock_wait: &'static str,
    counters: Arc<Counters>,
    connection: Option<Connection>,
    /// A writable server was there before and may be on its way back; where none ever answered, or none for
    /// as long as we wait, we say so at once.
    is_patient: bool,
    memo: Memo,
    /// Where the memo stood when the command that runs began.
    marked: usize,
    /// The number of the next transaction of the whole cluster, while the memo holds what was there before it.
    next_xid: Option<i64>,
}

struct Connection {
    client: Arc<Client>,
    /// By the address of their text, which is quicker to look up than the text.
    prepared: HashMap<usize, Vec<Prepared>>,
    /// What was sent without waiting, oldest first.
    sent: Vec<Sent>,
    begun: Option<Begin>,
    has_written: bool,
    is_broken: bool,
    /// What waits for the commit, where it may.
    pending: Option<Pending>,
    /// Statements that write many rows, by the address of the text of the one that writes one of them.
    many: HashMap<usize, tokio_postgres::Statement>,
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
            next_xid: None,
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
        !self.connection.as_ref().is_some_and(Connection::is_alive)
    }

    pub(super) async fn begin(
        &mut self,
        begin: Begin,
        locks: &[Lock],
        is_group: bool,
    ) -> Result<(), Uncommitted> {
        let connection = self.connected().await.map_err(Uncommitted::Down)?;
        connection.sent.clear();
        connection.begun = Some(begin);
        connection.has_written = false;
        connection.pending = (begin == Begin::Write && is_group).then(Pending::default);
        let sql = match begin {
            Begin::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY".to_owned(),
            Begin::Rehearsal => "BEGIN ISOLATION LEVEL READ COMMITTED".to_owned(),
            Begin::Write => format!("BEGIN ISOLATION LEVEL READ COMMITTED{}", take(locks)),
        };
        if connection.pending.is_none() {
            connection.send(sql);
            self.next_xid = None;
            self.memo.clear();
            return Ok(());
        }
        let asked = format!("{sql}; SELECT pg_current_snapshot()");
        let answer = connection.client.simple_query(&asked).await;
        match answer {
            Ok(messages) => self.recall(snapshot(&messages)),
            Err(error) => {
                let error = connection.translate("transaction control", error);
                self.next_xid = None;
                self.memo.clear();
                let lost = self.is_lost();
                self.rollback();
                return Err(if lost {
                    Uncommitted::Lost(error)
                } else {
                    Uncommitted::Failed(error)
                });
            }
        }
        Ok(())
    }

    /// What the memo holds is true still when no transaction of the cluster has begun to write since, and none was under
    /// way then. Sees of a snapshot the number of the oldest transaction that runs and the next number.
    fn recall(&mut self, snapshot: Option<(i64, i64)>) {
        let quiet = snapshot.and_then(|(oldest, next)| (oldest == next).then_some(next));
        if quiet.is_none() || self.next_xid != quiet {
            self.memo.clear();
        }
        self.next_xid = quiet;
        self.memo.begin(0);
    }

    pub(super) async fn commit(&mut self) -> Result<(), Uncommitted> {
        let connection = self.open().map_err(Uncommitted::Lost)?;
        let flushed = connection.flush().await;
        let asks = connection.pending.is_some() && flushed.is_ok();
        let client = Arc::clone(&connection.client);
        let commit = async move {
            if asks {
                let sql = "SELECT pg_current_xact_id_if_assigned(); COMMIT";
                client
                    .simple_query(sql)
                    .await
                    .map(|messages| own_xid(&messages))
            } else {
                client.batch_execute("COMMIT").await.map(|()| None)
            }
        };
        let mut commit = Box::pin(commit);
        // The first poll sends it.
        let sent = (&mut commit).now_or_never();
        let before = flushed.and(connection.settle().await);
        // An answer of success to a COMMIT in an aborted transaction means ROLLBACK; `before` knows.
        let committed = match sent {
            Some(committed) => committed,
            None => commit.await,
        };
        connection.begun = None;
        connection.pending = None;
        let done = match (before, committed) {
            (Ok(()), Ok(own)) => {
                if connection.has_written {
                    self.counters.synced();
                }
                self.next_xid = match (self.next_xid, own) {
                    (Some(next), Some(own)) if next == own => own.checked_add(1),
                    (next, None) => next,
                    (_, Some(_)) => None,
                };
                return Ok(());
            }
            (Err(error), _) if connection.is_alive() => {
                // Where the question before the COMMIT failed, the transaction is open still.
                connection.send("ROLLBACK".to_owned());
                connection.sent.clear();
                Uncommitted::Failed(error)
            }
            (Err(error), _) => Uncommitted::Lost(error),
            (Ok(()), Err(error)) if is_connection_lost(&error) => {
                connection.is_broken = true;
                let unknown = StoreError::OutcomeUnknown(Arc::new(error));
                Uncommitted::Unknown(unknown)
            }
            (Ok(()), Err(error)) => Uncommitted::Failed(connection.translate("COMMIT", error)),
        };
        self.forget();
        Err(done)
    }

    pub(super) fn rollback(&mut self) {
        self.forget();
        if let Ok(connection) = self.open() {
            connection.send("ROLLBACK".to_owned());
            // Whatever went wrong before it is undone with it.
            connection.sent.clear();
            connection.begun = None;
            connection.pending = None;
        }
    }

    fn forget(&mut self) {
        self.next_xid = None;
        self.memo.clear();
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
        let done = connection.client.batch_execute(sql).await;
        connection.answered("migration", done).await
    }

    fn open(&mut self) -> Result<&mut Connection, StoreError> {
        self.connection.as_mut().ok_or_else(|| {
            StoreError::unavailable(std::io::Error::from(std::io::ErrorKind::NotConnected))
        })
    }

    async fn connected(&mut self) -> Result<&mut Connection, StoreError> {
        if self.is_lost() {
            self.connection = None;
            let begun = tokio::time::Instant::now();
            let mut pause = CONNECT_PAUSE;
            let connection = loop {
                match self.connect().await {
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
            self.connection = Some(connection);
        }
        self.open()
    }

    async fn connect(&self) -> Result<Connection, Error> {
        let client = self.address.connect().await?;
        // An operator may ask for more than `on`, never for less: an answer means durable.
        let settings = format!(
            "SET lock_timeout = '{}'; SET TimeZone = 'UTC'; SELECT set_config('synchronous_commit', 'on', false) \
             WHERE current_setting('synchronous_commit') IN ('off', 'local')",
            self.lock_wait
        );
        client.batch_execute(&settings).await?;
        Ok(Connection {
            client: Arc::new(client),
            prepared: HashMap::new(),
            sent: Vec::new(),
            begun: None,
            has_written: false,
            is_broken: false,
            pending: None,
            many: HashMap::new(),
        })
    }
}

/// The locks of the whole group in one statement, in the order all lanes share.
fn take(locks: &[Lock]) -> String {
    if locks.is_empty() {
        return String::new();
    }
    let keys: Vec<String> = locks.iter().map(|lock| lock.key().to_string()).collect();
    format!(
        "; SELECT pg_advisory_xact_lock(key) FROM unnest(CAST('{{{}}}' AS BIGINT[])) AS key",
        keys.join(",")
    )
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

    fn post(&mut self, mut answer: Sent) {
        // The first poll sends it. An answer that is there at once can only be an error.
        match (&mut answer).now_or_never() {
            None => self.sent.push(answer),
            Some(done) => self.sent.push(Box::pin(async move { done })),
        }
    }

    /// Sends what waits.
    async fn flush(&mut self) -> Result<(), StoreError> {
        let Some(pending) = &mut self.pending else {
            return Ok(());
        };
        for step in pending.drain() {
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
        let mut rows = batch.rows.iter();
        let (prepared, params) = match (rows.next(), rows.next()) {
            (Some(only), None) => {
                let prepared = self.statement(batch.statement, only).await?;
                (prepared, Params::One(only.clone()))
            }
            (Some(first), Some(_)) => {
                let kinds: Vec<Kind> = first.iter().map(Value::kind).collect();
                let prepared = self.many(&batch, &kinds).await?;
                (prepared, Params::Many(kinds, batch.rows))
            }
            (None, _) => return Ok(()),
        };
        let client = Arc::clone(&self.client);
        let answer = async move {
            let done = match &params {
                Params::One(row) => client.execute_raw(&prepared, row.iter().map(Param)).await,
                Params::Many(kinds, rows) => {
                    let columns = kinds.iter().enumerate().map(|(place, kind)| Column {
                        kind: *kind,
                        place,
                        rows,
                    });
                    client.execute_raw(&prepared, columns).await
                }
            };
            done.map(drop)
        };
        self.post(Box::pin(answer));
        Ok(())
    }

    /// The statement that writes many rows at once.
    async fn many(
        &mut self,
        batch: &Batch,
        kinds: &[Kind],
    ) -> Result<tokio_postgres::Statement, StoreError> {
        if let Some(known) = self.many.get(&batch.statement.sql.as_ptr().addr()) {
            return Ok(known.clone());
        }
        let types: Vec<Type> = kinds.iter().map(|kind| list_of(*kind)).collect();
        let client = Arc::clone(&self.client);
        let prepared = client.prepare_typed(batch.text(), &types).await;
        let prepared = self.answered(batch.statement.name, prepared).await?;
        self.many
            .insert(batch.statement.sql.as_ptr().addr(), prepared.clone());
        Ok(prepared)
    }

    /// Waits for everything that was sent, and gives the first error among the answers.
    async fn settle(&mut self) -> Result<(), StoreError> {
        let mut first = Ok(());
        for answer in std::mem::take(&mut self.sent) {
            let answered = answer.await;
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
        let fits = |known: &&Prepared| {
            known
                .kinds
                .iter()
                .copied()
                .eq(params.iter().map(Value::kind))
        };
        if let Some(known) = self
            .prepared
            .get(&statement.sql.as_ptr().addr())
            .and_then(|all| all.iter().find(fits))
        {
            return Ok(known.statement.clone());
        }
        let kinds: Vec<Kind> = params.iter().map(Value::kind).collect();
        let types: Vec<Type> = kinds.iter().map(|kind| type_of(*kind)).collect();
        let client = Arc::clone(&self.client);
        let prepared = client.prepare_typed(statement.sql, &types).await;
        let prepared = self.answered(statement.name, prepared).await?;
        self.prepared
            .entry(statement.sql.as_ptr().addr())
            .or_default()
            .push(Prepared {
                kinds,
                statement: prepared.clone(),
            });
        Ok(prepared)
    }
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
    connection.flush().await?;
    connection.has_written = true;
    let prepared = connection.statement(statement, params).await?;
    let client = Arc::clone(&connection.client);
    let done = client
        .execute_raw(&prepared, params.iter().map(Param))
        .await;
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
        connection.flush().await?;
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
    let fetched = fetched.await;
    connection.answered(statement.name, fetched).await
}

pub(super) async fn prepare(
    session: &mut PgSession,
    statement: Statement,
) -> Result<(), StoreError> {
    let connection = session.open()?;
    let client = Arc::clone(&connection.client);
    let prepared = client.prepare(statement.sql).await;
    connection
        .answered(statement.name, prepared)
        .await
        .map(drop)
}

/// The parameters of a statement that was sent without waiting.
enum Params {
    One(Vec<Value>),
    Many(Vec<Kind>, Vec<Vec<Value>>),
}

/// One column of many rows, as a list.
#[derive(Debug)]
struct Column<'a> {
    kind: Kind,
    place: usize,
    rows: &'a [Vec<Value>],
}

impl ToSql for Column<'_> {
    fn to_sql(&self, _ty: &Type, out: &mut BytesMut) -> Result<IsNull, Unreadable> {
        let element = type_of(self.kind);
        let count = i32::try_from(self.rows.len())?;
        let absent = Value::Null(self.kind);
        let nulls = self
            .rows
            .iter()
            .any(|row| matches!(row.get(self.place), Some(Value::Null(_)) | None));
        // One dimension, whether there are nulls, what the elements are, how many, numbered from one.
        out.extend_from_slice(&1_i32.to_be_bytes());
        out.extend_from_slice(&i32::from(nulls).to_be_bytes());
        out.extend_from_slice(&element.oid().to_be_bytes());
        out.extend_from_slice(&count.to_be_bytes());
        out.extend_from_slice(&1_i32.to_be_bytes());
        for row in self.rows {
            let at = out.len();
            out.extend_from_slice(&(-1_i32).to_be_bytes());
            if let IsNull::No =
                Param(row.get(self.place).unwrap_or(&absent)).to_sql(&element, out)?
            {
                let length = out.len().saturating_sub(at).saturating_sub(4);
                if let Some(head) = out.get_mut(at..at.saturating_add(4)) {
                    head.copy_from_slice(&i32::try_from(length)?.to_be_bytes());
                }
            }
        }
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        matches!(ty.kind(), tokio_postgres::types::Kind::Array(_))
    }

    to_sql_checked!();
}

/// Reads `oldest:next:running` of a snapshot.
fn snapshot(messages: &[SimpleQueryMessage]) -> Option<(i64, i64)> {
    let mut parts = last_text(messages)?.split(':');
    let oldest = parts.next()?.parse().ok()?;
    let next = parts.next()?.parse().ok()?;
    Some((oldest, next))
}

/// The number of the own transaction, once it has written.
fn own_xid(messages: &[SimpleQueryMessage]) -> Option<i64> {
    last_text(messages)?.parse().ok()
}

fn last_text(messages: &[SimpleQueryMessage]) -> Option<&str> {
    messages.iter().rev().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    })
}

const fn list_of(kind: Kind) -> Type {
    match kind {
        Kind::Id => Type::UUID_ARRAY,
        Kind::Text => Type::TEXT_ARRAY,
        Kind::Int => Type::INT8_ARRAY,
        Kind::Bool => Type::BOOL_ARRAY,
        Kind::Instant => Type::TIMESTAMPTZ_ARRAY,
        Kind::Day => Type::DATE_ARRAY,
        Kind::Json => Type::JSONB_ARRAY,
        Kind::Bytes => Type::BYTEA_ARRAY,
    }
}

const fn type_of(kind: Kind) -> Type {
    match kind {
        Kind::Id => Type::UUID,
        Kind::Text => Type::TEXT,
        Kind::Int => Type::INT8,
        Kind::Bool => Type::BOOL,
        Kind::Instant => Type::TIMESTAMPTZ,
        Kind::Day => Type::DATE,
        Kind::Json => Type::JSONB,
        Kind::Bytes => Type::BYTEA,
    }
}

fn kind_of(ty: &Type) -> Option<Kind> {
    match *ty {
        Type::UUID => Some(Kind::Id),
        Type::TEXT | Type::VARCHAR | Type::NAME | Type::BPCHAR | Type::UNKNOWN => Some(Kind::Text),
        Type::INT8 | Type::INT4 | Type::INT2 => Some(Kind::Int),
        Type::BOOL => Some(Kind::Bool),
        Type::TIMESTAMPTZ => Some(Kind::Instant),
        Type::DATE => Some(Kind::Day),
        Type::JSONB | Type::JSON => Some(Kind::Json),
        Type::BYTEA => Some(Kind::Bytes),
        _ => None,
    }
}

/// PostgreSQL counts from 2000-01-01, we from 1970-01-01.
const EPOCH_MICROS: i64 = 946_684_800_000_000;
const EPOCH_DAY: jiff::civil::Date = jiff::civil::date(2000, 1, 1);

type Unreadable = Box<dyn std::error::Error + Sync + Send>;

/// A value on its way into a parameter. Drivers log parameters: it never shows what it is.
struct Param<'a>(&'a Value);

impl fmt::Debug for Param<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.kind().as_str())
    }
}

impl ToSql for Param<'_> {
    fn to_sql(&self, _ty: &Type, out: &mut BytesMut) -> Result<IsNull, Unreadable> {
        match self.0 {
            Value::Null(_) => return Ok(IsNull::Yes),
            Value::Id(id) => out.extend_from_slice(id.as_bytes()),
            Value::Text(text) => out.extend_from_slice(text.as_bytes()),
            Value::Int(number) => out.extend_from_slice(&number.to_be_bytes()),
            Value::Bool(yes) => out.extend_from_slice(&[u8::from(*yes)]),
            Value::Instant(at) => {
                let micros = at.as_micros().saturating_sub(EPOCH_MICROS);
                out.extend_from_slice(&micros.to_be_bytes());
            }
            Value::Day(day) => out.extend_from_slice(&(*day - EPOCH_DAY).get_days().to_be_bytes()),
            Value::Json(text) => {
                // The version of the binary form of `jsonb`.
                out.extend_from_slice(&[1]);
                out.extend_from_slice(text.as_bytes());
            }
            Value::Bytes(bytes) => out.extend_from_slice(bytes),
        }
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        kind_of(ty).is_some()
    }

    to_sql_checked!();
}

/// A value out of a column.
struct Fetched<'a>(Seen<'a>);

impl<'a> FromSql<'a> for Fetched<'a> {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Unreadable> {
        let text = || std::str::from_utf8(raw);
        Ok(Self(match *ty {
            Type::UUID => Seen::Id(uuid::Uuid::from_slice(raw)?),
            Type::INT8 => Seen::Int(i64::from_be_bytes(raw.try_into()?)),
            Type::INT4 => Seen::Int(i32::from_be_bytes(raw.try_into()?).into()),
            Type::INT2 => Seen::Int(i16::from_be_bytes(raw.try_into()?).into()),
            Type::BOOL => Seen::Bool(raw != [0]),
            Type::TIMESTAMPTZ => Seen::Instant(instant(i64::from_be_bytes(raw.try_into()?))?),
            Type::DATE => Seen::Day(day(i32::from_be_bytes(raw.try_into()?))?),
            Type::JSONB => {
                let json = raw.strip_prefix(&[1]).ok_or("an unknown form of jsonb")?;
                Seen::Json(std::str::from_utf8(json)?)
            }
            Type::JSON => Seen::Json(text()?),
            Type::BYTEA => Seen::Bytes(raw),
            _ => Seen::Text(text()?),
        }))
    }

    fn accepts(ty: &Type) -> bool {
        kind_of(ty).is_some()
    }
}

fn instant(micros: i64) -> Result<tierline_domain::time::Timestamp, Unreadable> {
    let micros = micros.checked_add(EPOCH_MICROS).ok_or("no instant")?;
    Ok(tierline_domain::time::Timestamp::from_micros(micros)?)
}

fn day(days: i32) -> Result<jiff::civil::Date, Unreadable> {
    Ok(EPOCH_DAY.checked_add(jiff::Span::new().try_days(days)?)?)
}

/// A column of a row, in which this kind of value is expected.
pub(super) fn seen(
    row: &tokio_postgres::Row,
    index: usize,
    kind: Kind,
) -> Result<Seen<'_>, BadValue> {
    match row.try_get::<_, Option<Fetched<'_>>>(index) {
        Ok(Some(Fetched(value))) => Ok(value),
        Ok(None) => Ok(Seen::Null),
        Err(error) => Err(BadValue::new(kind.as_str(), &error.to_string())),
    }
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

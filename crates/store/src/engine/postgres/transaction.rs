//! How a transaction begins and ends: two waits for the server, however many commands share it.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use tokio_postgres::SimpleQueryMessage;

use super::siblings::Snapshot;
use super::together::Together;
use super::{PgSession, is_connection_lost};
use crate::engine::Lock;
use crate::engine::ahead::Ahead;
use crate::engine::pending::Pending;
use crate::engine::session::{Begin, Opening, Uncommitted};
use crate::error::StoreError;

/// What a transaction is told as it begins: what has ended by then, and, where it writes, its number.
const MOMENT: &str = "SELECT pg_current_snapshot()";
const MOMENT_AND_NUMBER: &str = "SELECT pg_current_snapshot(), pg_current_xact_id()";

impl PgSession {
    /// Begins a transaction. What its commands ask first, and is not at hand, is asked in the same go, behind the locks.
    pub(in crate::engine) async fn begin(
        &mut self,
        opening: Opening<'_>,
    ) -> Result<(), Uncommitted> {
        let Opening {
            begin,
            locks,
            may_wait,
            asked,
        } = opening;
        self.connected().await.map_err(Uncommitted::Down)?;
        let asked = match self.prepared(asked).await {
            Ok(asked) => asked,
            Err(error) => return Err(self.not_begun(error)),
        };
        let connection = self.open().map_err(Uncommitted::Lost)?;
        connection.sent.clear();
        connection.begun = Some(begin);
        connection.held = locks.to_vec();
        connection.late.clear();
        connection.has_written = false;
        connection.has_migrated = false;
        connection.number = None;
        connection.pending = (begin == Begin::Write && may_wait).then(Pending::default);
        let sql = match begin {
            Begin::Read => format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {MOMENT}"),
            Begin::Rehearsal => "BEGIN ISOLATION LEVEL READ COMMITTED".to_owned(),
            Begin::Write => format!(
                "BEGIN ISOLATION LEVEL READ COMMITTED{}; {MOMENT_AND_NUMBER}",
                take(locks)
            ),
        };
        // What a rehearsal learns goes with it.
        if begin == Begin::Rehearsal {
            connection.send(sql);
            self.forget();
            self.memo.begin(0);
            return Ok(());
        }
        let client = Arc::clone(&connection.client);
        let questions = asked
            .iter()
            .map(|(together, prepared)| together.ask(&client, prepared));
        // The first of these is polled, and so sent, before the others.
        let both = futures_util::future::join(client.simple_query(&sql), join_all(questions));
        let (begun, answers) = Box::pin(both).await;
        let messages = match begun {
            Ok(messages) => messages,
            Err(error) => {
                let error = connection.translate("transaction control", error);
                return Err(self.not_begun(error));
            }
        };
        connection.number = last(&messages, 1).and_then(|text| text.parse().ok());
        self.forget_others(last(&messages, 0).and_then(Snapshot::read));
        self.memo.begin(0);
        for ((together, _), answer) in asked.iter().zip(answers) {
            match answer {
                Ok(rows) => together.keep(&mut self.memo, &rows),
                Err(error) => {
                    let connection = self.open().map_err(Uncommitted::Lost)?;
                    let error = connection.translate(together.statement.name, error);
                    return Err(self.not_begun(error));
                }
            }
        }
        Ok(())
    }

    /// What is not at hand, once each, and what is asked of the same rows in one.
    async fn prepared(
        &mut self,
        asked: Vec<Ahead>,
    ) -> Result<Vec<(Together, tokio_postgres::Statement)>, StoreError> {
        let mut unknown: Vec<Together> = Vec::new();
        for one in asked {
            let Some(one) = one.followed(&self.memo) else {
                continue;
            };
            // What no column can hold is refused to the command that asks for it, and spoils nobody else's.
            let is_storable = one.params.iter().all(|value| value.storable().is_ok());
            if !is_storable || one.is_known(&self.memo) {
                continue;
            }
            match unknown.iter_mut().find(|others| others.is_like(&one)) {
                Some(others) => others.add(one),
                None => unknown.push(Together::of(one)),
            }
        }
        let mut asked = Vec::with_capacity(unknown.len());
        for together in unknown {
            let prepared = together.prepare(self.open()?).await?;
            asked.push((together, prepared));
        }
        Ok(asked)
    }

    fn not_begun(&mut self, error: StoreError) -> Uncommitted {
        let is_lost = self.is_lost();
        self.rollback();
        if is_lost {
            Uncommitted::Lost(error)
        } else {
            Uncommitted::Failed(error)
        }
    }

    /// Whether others may write while this transaction decides.
    pub(in crate::engine) fn takes_turns(&self) -> bool {
        let begun = self.connection.as_ref().and_then(|open| open.begun);
        begun == Some(Begin::Write)
    }

    /// Takes a lock on the way; answers whether the transaction did not hold it yet. A group never waits here, because
    /// others may wait for what it holds: its command runs again alone. One that is alone waits, and should it wait for
    /// somebody who waits for it, the server ends one of them, which runs again.
    pub(in crate::engine) async fn rests_on(&mut self, lock: Lock) -> Result<bool, StoreError> {
        if !self.takes_turns() {
            return Ok(false);
        }
        let connection = self.open()?;
        if connection.held.contains(&lock) || connection.late.contains(&lock) {
            return Ok(false);
        }
        let is_alone = connection.pending.is_none();
        let take = if is_alone {
            "pg_advisory_xact_lock"
        } else {
            "pg_try_advisory_xact_lock"
        };
        let key = lock.key();
        // The second statement sees what was committed before the lock was had.
        let sql = format!("SELECT {take}({key}); {MOMENT}");
        let client = Arc::clone(&connection.client);
        let asked = connection.after_sent(client.simple_query(&sql)).await;
        let messages = connection.answered("lock", asked).await?;
        let refused = messages.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0).map(|text| text == "f"),
            _ => None,
        });
        if !is_alone && refused == Some(true) {
            return Err(StoreError::Contended);
        }
        connection.late.push(lock);
        self.forget_others(last(&messages, 0).and_then(Snapshot::read));
        Ok(true)
    }

    /// Forgets what others may have changed since the moment that the memo knows of.
    fn forget_others(&mut self, now: Option<Snapshot>) {
        let written = match (&self.known, &now) {
            (Some((then, own)), Some(now)) => now.written_since(then, *own, &self.address.siblings),
            _ => None,
        };
        match written {
            Some(commits) => {
                for touch in commits.iter().flat_map(|touches| touches.iter()) {
                    self.memo.forget(touch);
                }
            }
            None => self.memo.clear(),
        }
        let number = self.connection.as_ref().and_then(|open| open.number);
        self.known = now.map(|now| (now, number));
    }

    /// Tells the other lanes what this transaction writes to, before it can be seen; a migration does not.
    fn announce(&mut self) {
        let written = self.memo.written();
        let Some(connection) = &mut self.connection else {
            return;
        };
        if let Some(number) = connection.number.take()
            && !connection.has_migrated
        {
            self.address.siblings.tell(number, written);
        }
    }

    pub(in crate::engine) async fn commit(&mut self) -> Result<(), Uncommitted> {
        let connection = self.open().map_err(Uncommitted::Lost)?;
        let flushed = connection.flush(false).await;
        self.announce();
        let connection = self.open().map_err(Uncommitted::Lost)?;
        let client = Arc::clone(&connection.client);
        let commit = async move { client.batch_execute("COMMIT").await };
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
            (Ok(()), Ok(())) => {
                if connection.has_written {
                    self.counters.synced();
                }
                return Ok(());
            }
            (Err(error), _) if connection.is_alive() => Uncommitted::Failed(error),
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

    pub(in crate::engine) fn rollback(&mut self) {
        // What was only read stands as it was read.
        let begun = self.connection.as_ref().and_then(|open| open.begun);
        if begun != Some(Begin::Read) {
            self.forget();
        }
        if let Some(connection) = &mut self.connection {
            connection.send("ROLLBACK".to_owned());
            // Whatever went wrong before it is undone with it.
            connection.sent.clear();
            connection.begun = None;
            connection.pending = None;
            // Nothing of it will ever be seen.
            if let Some(number) = connection.number.take() {
                self.address.siblings.tell(number, Vec::new());
            }
        }
    }

    pub(super) fn forget(&mut self) {
        self.known = None;
        self.memo.clear();
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

/// A column of the last row.
fn last(messages: &[SimpleQueryMessage], column: usize) -> Option<&str> {
    messages.iter().rev().find_map(|message| match message {
        SimpleQueryMessage::Row(row) if column < row.len() => row.get(column),
        _ => None,
    })
}

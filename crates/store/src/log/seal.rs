//! The sealer: numbers what was appended, chains it, and signs where the chain stands.

use std::sync::Arc;
use std::time::Duration;

use tierline_domain::time::Timestamp;
use tokio::task::JoinHandle;

use super::canonical::{self, GENESIS};
use super::{LogKey, LoggedEvent};
use crate::engine::{Command, Db, Lock, Tx};
use crate::error::StoreError;
use crate::statement::Statement;
use crate::value::{Kind, Value};
use crate::{__built, logged_event_columns, params, statements};

/// A checkpoint is signed at least once in so many events.
pub const CHECKPOINT_EVENTS: i64 = 1_000;
/// And when the last one is so old and there is something new to sign.
const CHECKPOINT_MICROS: i64 = 10_000_000;
/// How many events one command seals, so that others are not held up for long.
const SEALED_MAX: i64 = 240;
/// How many rows one statement updates; the last one's places that are left over stay empty.
const ROWS: usize = 40;
/// How often the sealer looks for new events.
const PAUSE: Duration = Duration::from_secs(1);

statements! {
    HEAD = "SELECT seq, chain FROM events WHERE seq IS NOT NULL ORDER BY seq DESC LIMIT 1";
    LAST_CHECKPOINT = "SELECT seq, at_server FROM checkpoints ORDER BY seq DESC LIMIT 1";
    UNSEALED = concat!("SELECT ", logged_event_columns!(), " FROM events
        WHERE seq IS NULL AND txid < $1 ORDER BY txid, position LIMIT $2");
    SIGN = "INSERT INTO checkpoints (seq, chain, at_server, key_id, signature) VALUES ($1, $2, $3, $4, $5)";
}

/// Not listed with the others: only its values tell PostgreSQL what types its places have.
const SEAL: Statement = Statement::new(
    "log.SEAL",
    __built!(rows_of_values(
        "WITH sealed (position, seq, chain) AS (VALUES ",
        ROWS,
        3,
        ") UPDATE events SET seq = sealed.seq, chain = sealed.chain FROM sealed WHERE events.position = sealed.position"
    )),
);

/// Seals the next events, and signs when it is time. Runs like any other command, so two servers that both
/// seal take turns.
#[derive(Clone)]
pub struct Seal {
    key: Arc<LogKey>,
    now: Timestamp,
}

/// What a [`Seal`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sealed {
    /// How many events were sealed.
    pub events: usize,
    /// Whether the log is signed up to its last sealed event.
    pub is_signed: bool,
    /// Whether there may be more to seal at once.
    pub is_more: bool,
}

impl Seal {
    /// Seals as of an instant of the server's clock.
    #[must_use]
    pub const fn new(key: Arc<LogKey>, now: Timestamp) -> Self {
        Self { key, now }
    }

    async fn write(tx: &mut Tx<'_>, sealed: &[(i64, i64, [u8; 32])]) -> Result<(), StoreError> {
        for rows in sealed.chunks(ROWS) {
            let mut values = Vec::with_capacity(3 * ROWS);
            for (position, seq, chain) in rows {
                values.extend(params![*position, *seq, chain.to_vec()]);
            }
            while values.len() < 3 * ROWS {
                values.extend([
                    Value::Null(Kind::Int),
                    Value::Null(Kind::Int),
                    Value::Null(Kind::Bytes),
                ]);
            }
            tx.execute(SEAL, &values).await?;
        }
        Ok(())
    }
}

impl Command for Seal {
    type Out = Sealed;
    type Error = StoreError;

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::on("log", "sealer")]
    }

    fn is_refusable(&self) -> bool {
        false
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Sealed, StoreError> {
        let head = tx.fetch_optional::<(i64, Vec<u8>)>(HEAD, &[]).await?;
        let (mut seq, mut chain) = head.unwrap_or((0, GENESIS.to_vec()));
        let signed = tx
            .fetch_optional::<(i64, Timestamp)>(LAST_CHECKPOINT, &[])
            .await?;
        let signed_seq = signed.map_or(0, |(seq, _)| seq);
        // Never past the next event that must be signed.
        let room = (signed_seq + CHECKPOINT_EVENTS - seq).clamp(0, SEALED_MAX);
        let settled = tx.settled_before().await?;
        let events = tx
            .fetch_all::<LoggedEvent>(UNSEALED, &params![settled, room])
            .await?;
        let mut sealed = Vec::with_capacity(events.len());
        for event in &events {
            seq += 1;
            let next = canonical::chain(&chain, seq, event);
            sealed.push((event.position, seq, next));
            chain = next.to_vec();
        }
        Self::write(tx, &sealed).await?;
        let is_due =
            signed.is_none_or(|(_, at)| self.now.as_micros() - at.as_micros() >= CHECKPOINT_MICROS);
        let is_full = seq - signed_seq >= CHECKPOINT_EVENTS;
        let is_new = seq > signed_seq;
        if is_new && (is_due || is_full) {
            let message = canonical::checkpoint(seq, &chain, self.now.as_micros());
            let signature = self.key.sign(&message);
            let key_id = self.key.id().to_owned();
            tx.execute(SIGN, &params![seq, chain, self.now, key_id, signature])
                .await?;
        }
        Ok(Sealed {
            events: events.len(),
            is_signed: !is_new || is_due || is_full,
            is_more: i64::try_from(events.len()) == Ok(room),
        })
    }
}

/// Seals everything that can be sealed now.
///
/// # Errors
/// When the store fails.
pub async fn seal_all(db: &Db, key: &Arc<LogKey>, now: Timestamp) -> Result<usize, StoreError> {
    let mut events = 0;
    loop {
        let sealed = db.write(Seal::new(Arc::clone(key), now)).await?;
        events += sealed.events;
        if !sealed.is_more {
            return Ok(events);
        }
    }
}

/// Seals in the background until it is dropped.
pub struct Sealer {
    task: JoinHandle<()>,
}

impl Sealer {
    /// Starts sealing; `clock` is the server's.
    #[must_use]
    pub fn start(db: Db, key: Arc<LogKey>, clock: impl Fn() -> Timestamp + Send + 'static) -> Self {
        let task = tokio::spawn(async move {
            loop {
                match seal_all(&db, &key, clock()).await {
                    Ok(_) => {}
                    Err(StoreError::Closed) => return,
                    // What is not sealed now is sealed later; the tail shows in every report.
                    Err(error) => tracing::warn!(%error, "the log was not sealed"),
                }
                #[expect(
                    clippy::disallowed_methods,
                    reason = "a worker that runs for as long as the server"
                )]
                tokio::time::sleep(PAUSE).await;
            }
        });
        Self { task }
    }
}

impl Drop for Sealer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema;
    use crate::testing::both_engines;

    #[tokio::test]
    async fn events_to_seal_are_looked_up_one_by_one() {
        both_engines(schema::MIGRATIONS, |test| async move {
            if test.engine == "PostgreSQL" {
                // It plans with the table's size, and reads an empty one.
                return;
            }
            let values = vec![Value::Int(1); 3 * ROWS];
            let plan = test.plan(SEAL, values).await.unwrap();
            assert!(plan.contains("SEARCH events"), "{plan}");
        })
        .await;
    }
}

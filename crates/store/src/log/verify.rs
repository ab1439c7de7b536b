//! Reads the whole log again and says where it is not what was sealed and signed.

use std::fmt;

use tierline_domain::time::Timestamp;
use uuid::Uuid;

use super::canonical::{self, GENESIS};
use super::seal::CHECKPOINT_EVENTS;
use super::{LogKey, LoggedEvent};
use crate::engine::Tx;
use crate::error::StoreError;
use crate::row::{FromRow, Row};
use crate::{logged_event_columns, params, statements};

/// How many rows are read at a time.
const PAGE: i64 = 500;

statements! {
    SEALED = concat!("SELECT seq, ", logged_event_columns!(), " FROM events WHERE seq > $1 ORDER BY seq LIMIT $2");
    TAIL = "SELECT COUNT(*) FROM events WHERE seq IS NULL";
    CHECKPOINTS = "SELECT seq, chain, at_server, key_id, signature FROM checkpoints ORDER BY seq";
}

/// What a reading of the log found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogReport {
    /// How many events are sealed and as they were sealed, up to the first broken one.
    pub sealed: i64,
    /// Up to which event the log is signed.
    pub signed_until: i64,
    /// How many events wait for the sealer: nothing vouches for them yet.
    pub unsealed: i64,
    /// The first place where the log is not what it was.
    pub broken: Option<Broken>,
}

/// Where the log is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The number of the event.
    pub seq: i64,
    /// Its id, where there is a row to read it from.
    pub id: Option<Uuid>,
    /// What is wrong there.
    pub problem: Problem,
}

/// What can be wrong with a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// There is no event of this number, though there are later ones or a signature.
    Missing,
    /// The row cannot be read.
    Unreadable,
    /// The row, or the chain in it, is not what was sealed.
    Changed,
    /// The checkpoint of this event was not signed by this key, or was changed.
    BadSignature,
    /// The chain holds, but it is not the one that was signed here: this event or some before it, back to the
    /// checkpoint before, were written anew.
    Rewritten,
    /// So many events were sealed without a checkpoint: signatures were removed.
    Unsigned,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "it is missing",
            Self::Unreadable => "it cannot be read",
            Self::Changed => "it was changed after it was sealed",
            Self::BadSignature => "its checkpoint was not signed by this key",
            Self::Rewritten => "it is not what was signed: the chain was written anew",
            Self::Unsigned => "a checkpoint should stand here and does not",
        })
    }
}

/// A row that may have been made unreadable.
struct Read {
    seq: i64,
    logged: Result<LoggedEvent, StoreError>,
}

impl FromRow for Read {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        let mut columns = row.columns_of("events");
        let seq = columns.next("seq")?;
        let logged = LoggedEvent::from_columns(&mut columns);
        Ok(Self { seq, logged })
    }
}

struct Checkpoint {
    seq: i64,
    chain: Vec<u8>,
    at: Timestamp,
    key_id: String,
    signature: Vec<u8>,
}

impl FromRow for Checkpoint {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            seq: row.get(0)?,
            chain: row.get(1)?,
            at: row.get(2)?,
            key_id: row.get(3)?,
            signature: row.get(4)?,
        })
    }
}

impl Checkpoint {
    fn is_signed_by(&self, key: &LogKey) -> bool {
        let message = canonical::checkpoint(self.seq, &self.chain, self.at.as_micros());
        self.key_id == key.id() && key.verifies(&message, &self.signature)
    }
}

/// Reads the whole log and checks it against itself and against the key.
///
/// # Errors
/// When the store fails. A log that is broken is a report, not an error.
pub async fn verify_log(tx: &mut Tx<'_>, key: &LogKey) -> Result<LogReport, StoreError> {
    let mut reader = Reader {
        key,
        checkpoints: tx.fetch_all::<Checkpoint>(CHECKPOINTS, &[]).await?,
        seq: 0,
        signed_until: 0,
        chain: GENESIS.to_vec(),
    };
    reader.checkpoints.reverse();
    let mut broken = None;
    while broken.is_none() {
        let page = tx
            .fetch_all::<Read>(SEALED, &params![reader.seq, PAGE])
            .await?;
        if page.is_empty() {
            break;
        }
        broken = page.iter().find_map(|read| reader.take(read).err());
    }
    let unsealed = tx.fetch_optional::<(i64,)>(TAIL, &[]).await?;
    Ok(LogReport {
        sealed: reader.seq,
        signed_until: reader.signed_until,
        unsealed: unsealed.map_or(0, |(count,)| count),
        broken: broken.or_else(|| reader.end().err()),
    })
}

/// Where the reading stands.
struct Reader<'a> {
    key: &'a LogKey,
    /// Those that are still to come, the next one last.
    checkpoints: Vec<Checkpoint>,
    seq: i64,
    signed_until: i64,
    chain: Vec<u8>,
}

impl Reader<'_> {
    fn take(&mut self, read: &Read) -> Result<(), Broken> {
        let seq = self.seq + 1;
        let at = |id, problem| Broken { seq, id, problem };
        if read.seq != seq {
            return Err(at(None, Problem::Missing));
        }
        let Ok(logged) = &read.logged else {
            return Err(at(None, Problem::Unreadable));
        };
        let id = Some(logged.event.id);
        let chain = canonical::chain(&self.chain, seq, logged);
        if logged.chain.as_deref() != Some(chain.as_slice()) {
            return Err(at(id, Problem::Changed));
        }
        if let Some(checkpoint) = self.checkpoints.pop_if(|checkpoint| checkpoint.seq == seq) {
            if !checkpoint.is_signed_by(self.key) {
                return Err(at(id, Problem::BadSignature));
            }
            if checkpoint.chain != chain {
                return Err(at(id, Problem::Rewritten));
            }
            self.signed_until = seq;
        } else if seq - self.signed_until >= CHECKPOINT_EVENTS {
            return Err(at(id, Problem::Unsigned));
        }
        self.seq = seq;
        self.chain = chain.to_vec();
        Ok(())
    }

    /// A checkpoint that no event was found for tells of events that are gone.
    fn end(&self) -> Result<(), Broken> {
        match self.checkpoints.last() {
            None => Ok(()),
            Some(checkpoint) => {
                let is_signed = checkpoint.seq > self.seq && checkpoint.is_signed_by(self.key);
                Err(Broken {
                    seq: if is_signed {
                        self.seq + 1
                    } else {
                        checkpoint.seq
                    },
                    id: None,
                    problem: if is_signed {
                        Problem::Missing
                    } else {
                        Problem::BadSignature
                    },
                })
            }
        }
    }
}

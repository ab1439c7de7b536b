//! The one change log: every committed change, numbered without gaps and chained by hash.
//!
//! A command *appends* events in its own transaction, unsealed. A [`Sealer`] numbers them afterwards, in the
//! order in which their transactions began, chains each to the one before, and from time to time signs where
//! the chain stands with a key that is kept outside the database. [`verify_log`] reads it all again.
//!
//! Personal values never stand in an event: they are in tables that can be erased, and the log holds digests.

mod canonical;
mod key;
pub mod rows;
pub mod seal;
pub mod verify;

use tierline_domain::time::Timestamp;
use uuid::Uuid;

use crate::engine::{Migration, Tx};
use crate::error::StoreError;
use crate::row::{Columns, FromRow, Row};
use crate::statement::Statement;
use crate::value::Json;
use crate::{params, statements, text_field};

pub(crate) use canonical::{brief_document, document};
pub use canonical::{hex, seal_of, sha256};
pub use key::{KeyError, LogKey};
pub use rows::{EXEMPT, LOGGED, verify_rows};
pub use seal::{CHECKPOINT_EVENTS, Seal, Sealed, Sealer, seal_all};
pub use verify::{Broken, LogReport, Problem, verify_log};

/// The tables of the log.
///
/// `txid` and `position` are the order of sealing: PostgreSQL's own transaction number, because a sequence is
/// not in the order of commits, and within one transaction the order of appending.
pub const MIGRATION: Migration = Migration {
    name: "0002_log",
    sql: "
CREATE TABLE events (
    position {serial}, txid {txid}, id {id} NOT NULL UNIQUE, seq {int} UNIQUE, at_world {instant} NOT NULL, at_server {instant} NOT NULL,
    home {text} NOT NULL, kind {text} NOT NULL, subject_kind {text} NOT NULL, subject {text} NOT NULL, actor {text} NOT NULL, tenant {id},
    outcome {text} NOT NULL CHECK (outcome IN ('succeeded','failed')), rule {text}, digest {bytes} NOT NULL, data {json} NOT NULL,
    chain {bytes}
) {strict};
CREATE INDEX events_unsealed ON events (txid, position) WHERE seq IS NULL;
CREATE INDEX events_subject ON events (subject_kind, subject, position);
CREATE TABLE checkpoints (
    seq {int} NOT NULL PRIMARY KEY, chain {bytes} NOT NULL, at_server {instant} NOT NULL, key_id {text} NOT NULL, signature {bytes} NOT NULL
) {strict};
",
};

statements! {
    APPEND = "INSERT INTO events
        (id, at_world, at_server, home, kind, subject_kind, subject, actor, tenant, outcome, rule, digest, data)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
}

/// Every statement of the log.
pub const STATEMENTS: &[&[Statement]] = &[ALL, rows::ALL, seal::ALL, verify::ALL];

/// How what an event tells of ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It went through.
    Succeeded,
    /// It was refused.
    Failed,
}

impl Outcome {
    /// The stored word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }
}

impl std::str::FromStr for Outcome {
    type Err = ();
    fn from_str(word: &str) -> Result<Self, ()> {
        match word {
            "succeeded" => Ok(Self::Succeeded),
            "failed" => Ok(Self::Failed),
            _ => Err(()),
        }
    }
}

text_field!(Outcome);

/// Something that happened, or was refused.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its id.
    pub id: Uuid,
    /// When, in the world.
    pub at_world: Timestamp,
    /// When, by the server's clock.
    pub at_server: Timestamp,
    /// The region it belongs to.
    pub home: String,
    /// What happened, in the past tense.
    pub kind: String,
    /// The table or noun of what it happened to.
    pub subject_kind: String,
    /// What it happened to.
    pub subject: String,
    /// Who did it.
    pub actor: String,
    /// The tenant it was done for.
    pub tenant: Option<Uuid>,
    /// How it ended.
    pub outcome: Outcome,
    /// The rule that refused it.
    pub rule: Option<String>,
    /// A digest of what it is about; may be empty. Where rows were written since the event before it,
    /// the log puts the digest of all these in its place, and lists them in `data`.
    pub digest: Vec<u8>,
    /// More of it: no personal values, and no numbers with a fraction, which databases print differently.
    pub data: serde_json::Value,
}

/// An event as it stands in the log.
#[derive(Clone, Debug, PartialEq)]
pub struct LoggedEvent {
    /// The order of appending.
    pub position: i64,
    /// The transaction that appended it, as the engine numbers them.
    pub txid: i64,
    /// Its number, once it is sealed.
    pub seq: Option<i64>,
    /// The event.
    pub event: Event,
    /// The digest of this event and all before it, once it is sealed.
    pub chain: Option<Vec<u8>>,
}

/// The columns of a [`LoggedEvent`], in order, for statements that read some.
#[macro_export]
macro_rules! logged_event_columns {
    () => {
        "position, txid, seq, id, at_world, at_server, home, kind, subject_kind, subject, actor, tenant, outcome, rule, digest, data, chain"
    };
}

impl FromRow for LoggedEvent {
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Self::from_columns(&mut row.columns_of("events"))
    }
}

impl LoggedEvent {
    fn from_columns(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            position: columns.next("position")?,
            txid: columns.next("txid")?,
            seq: columns.next("seq")?,
            event: Event {
                id: columns.next("id")?,
                at_world: columns.next("at_world")?,
                at_server: columns.next("at_server")?,
                home: columns.next("home")?,
                kind: columns.next("kind")?,
                subject_kind: columns.next("subject_kind")?,
                subject: columns.next("subject")?,
                actor: columns.next("actor")?,
                tenant: columns.next("tenant")?,
                outcome: columns.next("outcome")?,
                rule: columns.next("rule")?,
                digest: columns.next("digest")?,
                data: columns.next::<Json<serde_json::Value>>("data")?.0,
            },
            chain: columns.next("chain")?,
        })
    }
}

impl Tx<'_> {
    /// Appends an event, unsealed, that tells of every row written since the one before it. It is in the log if and only
    /// if this transaction commits.
    ///
    /// # Errors
    /// When the database refuses, or the data holds a number with a fraction.
    pub async fn append(&mut self, event: &Event) -> Result<(), StoreError> {
        if let Err(source) = canonical::without_fractions(&event.data) {
            return self.refuse(StoreError::Unstorable {
                statement: APPEND.name,
                source,
            });
        }
        let told = self.tell_changes();
        let digest = match told.as_slice() {
            [] => event.digest.clone(),
            rows => rows::digest(rows),
        };
        let data = match (&event.data, told) {
            (data, told) if told.is_empty() => data.clone(),
            (serde_json::Value::Object(map), told) => {
                let mut map = map.clone();
                map.insert("rows".to_owned(), told.into());
                map.into()
            }
            (_, told) => serde_json::json!({ "rows": told }),
        };
        let values = params![
            event.id,
            event.at_world,
            event.at_server,
            event.home,
            event.kind,
            event.subject_kind,
            event.subject,
            event.actor,
            event.tenant,
            event.outcome,
            event.rule,
            digest
        ];
        let mut values = values.to_vec();
        values.push(crate::value::to_json(&data));
        self.add(APPEND, values).await
    }
}

//! What the store can fail with.
//!
//! An error says what happened in words a log reader understands; what the driver said is its source
//! and never part of its own text. Errors can be cloned because one lost commit answers many commands.

use std::sync::Arc;

use thiserror::Error;

use crate::value::BadValue;

/// The driver's or the operating system's own error, kept for the log.
pub type Source = Arc<dyn std::error::Error + Send + Sync>;

/// Why the store did not do what it was asked.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A row with the same unique key is there already.
    #[error("{table} already has a row with this {}", columns.join(", "))]
    Conflict {
        /// The table.
        table: String,
        /// The columns of the key.
        columns: Vec<String>,
    },
    /// Other work held what this needed, or was in the way of it, for longer than we retry.
    #[error("the database is busy with conflicting work")]
    Contended,
    /// The database cannot be reached or cannot be written. Nothing of this command is in force.
    #[error("the database is not available")]
    Unavailable(#[source] Source),
    /// The connection was lost while the commit was under way: the change is in force, or it is not.
    /// Whoever sent an idempotency key finds out by sending the request again.
    #[error(
        "the connection was lost while committing; whether the change is in force is not known"
    )]
    OutcomeUnknown(#[source] Source),
    /// A stored value is not one that its column may hold.
    #[error("{table}.{column} of row {row} cannot be read")]
    Corrupt {
        /// The table, or the statement where no single table is read.
        table: &'static str,
        /// The column.
        column: String,
        /// What identifies the row: its first column.
        row: String,
        /// What was found.
        #[source]
        source: BadValue,
    },
    /// A value that not every engine can keep: text with a NUL, a day outside the years 0 to 9999.
    #[error("{statement} was given a value that cannot be kept")]
    Unstorable {
        /// The statement.
        statement: &'static str,
        /// The value.
        #[source]
        source: BadValue,
    },
    /// A reference to a missing row, a word outside a closed set, an absent value.
    #[error("{statement} breaks the constraint {constraint}")]
    Violation {
        /// The statement.
        statement: &'static str,
        /// The constraint, as well as the engine names it.
        constraint: String,
    },
    /// The engine refused the statement itself.
    #[error("{statement} failed")]
    Statement {
        /// The statement.
        statement: &'static str,
        /// What the engine said.
        #[source]
        source: Source,
    },
    /// A command went on after one of its statements had failed; nothing it did is kept.
    #[error("an earlier statement of this command failed")]
    Aborted,
    /// A command wrote rows that the change log answers for and appended no event after them; nothing it did is kept.
    #[error("rows of {0} were written, and no event tells of it")]
    Untold(String),
    /// A command panicked; nothing it did is kept.
    #[error("the command panicked")]
    Panicked,
    /// A savepoint was named that is not open.
    #[error("there is no open savepoint {0}")]
    NoSavepoint(&'static str),
    /// The database was made by another, or a later, program.
    #[error("the schema does not fit this program: {0}")]
    Schema(String),
    /// Something that only one engine can do was asked of the other.
    #[error("{0} is not possible with this database")]
    Unsupported(&'static str),
    /// The store was shut down.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    pub(crate) fn unavailable(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Unavailable(Arc::new(source))
    }

    /// Whether it lies in the rows themselves, so that the same command would fail again; other failures pass.
    #[must_use]
    pub const fn is_lasting(&self) -> bool {
        matches!(
            self,
            Self::Conflict { .. }
                | Self::Corrupt { .. }
                | Self::Unstorable { .. }
                | Self::Violation { .. }
                | Self::Statement { .. }
                | Self::Untold(_)
        )
    }

    /// Whether this is a clash on exactly these columns of this table.
    #[must_use]
    pub fn is_conflict_on(&self, table: &str, columns: &[&str]) -> bool {
        matches!(self, Self::Conflict { table: on, columns: by }
            if on == table && by.iter().map(String::as_str).eq(columns.iter().copied()))
    }
}

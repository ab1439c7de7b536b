//! What can go wrong in a database.

use thiserror::Error;

/// A failure of the store. `Display` never prints its source; the chain is logged once, where it ends.
#[derive(Debug, Error)]
pub enum StoreError {
    /// A unique key or a reference clashed.
    #[error("a row of {table} clashes with one that is there")]
    Conflict {
        /// The table.
        table: String,
        /// The columns, as far as the engine tells.
        columns: String,
    },
    /// The database was busy for too long.
    #[error("the database was busy")]
    Contended,
    /// The database cannot be reached or failed.
    #[error("the database failed: {what}")]
    Unavailable {
        /// What was tried.
        what: String,
        /// The driver's error.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A stored value is not what its column should hold.
    #[error("column {column} of `{statement}` holds what it should not: {problem}")]
    Corrupt {
        /// The statement that read it.
        statement: String,
        /// The column's position.
        column: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// A command panicked; its transaction was rolled back.
    #[error("the command broke off")]
    Panicked,
    /// The lane is gone: the database was closed.
    #[error("the database is closed")]
    Closed,
}

//! What a use case can end in besides success.

use thiserror::Error;
use tierline_rules::Decision;
use tierline_store::StoreError;

use crate::reading::Unread;

/// Why a command did not go through.
#[derive(Debug, Error)]
pub enum AppError {
    /// What was named does not exist, or the caller may not know of it.
    #[error("there is no {what} `{name}`")]
    NotFound {
        /// The kind of thing.
        what: &'static str,
        /// As it was named.
        name: String,
    },
    /// The program forbids it; the decision says why.
    #[error("refused")]
    Refused(Box<Refusal>),
    /// A field of the request cannot be read.
    #[error("{field}: {problem}")]
    Invalid {
        /// The field.
        field: String,
        /// What is wrong with it and what would be right.
        problem: String,
    },
    /// The caller may not do this at all.
    #[error("this is not for {0}")]
    Forbidden(String),
    /// The state changed, or clashes with what is there.
    #[error("{0}")]
    Conflict(String),
    /// Of something that is counted nothing is left.
    #[error("no {what} of {of} is left")]
    NoneLeft {
        /// What is counted.
        what: &'static str,
        /// Of what.
        of: String,
    },
    /// Known to the format, not built yet.
    #[error("not yet supported: {0}")]
    NotSupported(String),
    /// The store failed.
    #[error("the store failed")]
    Store(#[source] StoreError),
    /// Numbers that cannot be: overflow, mixed currencies, a date outside the calendar.
    #[error("{0}")]
    Impossible(String),
}

/// A refusal with everything needed to record it.
#[derive(Debug)]
pub struct Refusal {
    /// The decision.
    pub decision: Decision,
    /// The facts it rests on.
    pub facts: tierline_rules::Facts,
    /// What it was about.
    pub subject: String,
}

impl AppError {
    /// A missing thing.
    pub fn missing(what: &'static str, name: impl ToString) -> Self {
        Self::NotFound {
            what,
            name: name.to_string(),
        }
    }

    /// A bad field.
    pub fn invalid(field: impl ToString, problem: impl ToString) -> Self {
        Self::Invalid {
            field: field.to_string(),
            problem: problem.to_string(),
        }
    }
}

impl From<Unread> for AppError {
    fn from(unread: Unread) -> Self {
        Self::Invalid {
            field: unread.field,
            problem: unread.problem,
        }
    }
}
impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
impl From<tierline_domain::money::MoneyError> for AppError {
    fn from(error: tierline_domain::money::MoneyError) -> Self {
        Self::Impossible(error.to_string())
    }
}
impl From<tierline_domain::time::TimeError> for AppError {
    fn from(error: tierline_domain::time::TimeError) -> Self {
        Self::Impossible(error.to_string())
    }
}

//! Rows as they come back.

use crate::error::StoreError;
use crate::statement::Statement;
use crate::value::{Field, Value};

/// One fetched row.
#[derive(Clone, Debug)]
pub struct Row {
    statement: Statement,
    values: Vec<Raw>,
}

/// What an engine handed over: typed as far as it knows.
#[derive(Clone, Debug)]
pub(crate) enum Raw {
    Null,
    Int(i64),
    Text(String),
    Blob(Vec<u8>),
}

impl Row {
    pub(crate) const fn new(statement: Statement, values: Vec<Raw>) -> Self {
        Self { statement, values }
    }

    /// The field at a position.
    ///
    /// # Errors
    /// When the column is missing or holds something else.
    pub fn get<F: Field>(&self, index: usize) -> Result<F, StoreError> {
        let corrupt = |problem: String| StoreError::Corrupt {
            statement: self.statement.name.to_owned(),
            column: index,
            problem,
        };
        let raw = self
            .values
            .get(index)
            .ok_or_else(|| corrupt("no such column".to_owned()))?;
        let value =
            typed(raw, F::KIND).ok_or_else(|| corrupt(format!("{raw:?} is no {:?}", F::KIND)))?;
        F::from_value(value).map_err(|bad| corrupt(bad.to_string()))
    }
}

fn typed(raw: &Raw, kind: crate::value::Kind) -> Option<Value> {
    use crate::value::Kind;
    use tierline_domain::time::Timestamp;
    Some(match (kind, raw) {
        (kind, Raw::Null) => Value::Null(kind),
        (Kind::Id, Raw::Blob(bytes)) => Value::Id(uuid::Uuid::from_slice(bytes).ok()?),
        (Kind::Text, Raw::Text(text)) => Value::Text(text.clone()),
        (Kind::Int, Raw::Int(number)) => Value::Int(*number),
        (Kind::Bool, Raw::Int(number)) => Value::Bool(*number != 0),
        (Kind::Instant, Raw::Int(micros)) => Value::Instant(Timestamp::from_micros(*micros).ok()?),
        (Kind::Day, Raw::Text(text)) => Value::Day(text.parse().ok()?),
        (Kind::Json, Raw::Text(text)) => Value::Json(text.clone()),
        (Kind::Bytes, Raw::Blob(bytes)) => Value::Bytes(bytes.clone()),
        _ => return None,
    })
}

/// A type that one row makes.
pub trait FromRow: Sized {
    /// Reads the row.
    ///
    /// # Errors
    /// When a column is missing or holds something else.
    fn from_row(row: &Row) -> Result<Self, StoreError>;
}

macro_rules! tuples {
    ($(($($name:ident $index:tt),+)),+ $(,)?) => {$(
        impl<$($name: Field),+> FromRow for ($($name,)+) {
            fn from_row(row: &Row) -> Result<Self, StoreError> {
                Ok(($(row.get::<$name>($index)?,)+))
            }
        }
    )+};
}
tuples!((A 0), (A 0, B 1), (A 0, B 1, C 2), (A 0, B 1, C 2, D 3), (A 0, B 1, C 2, D 3, E 4), (A 0, B 1, C 2, D 3, E 4, F 5));

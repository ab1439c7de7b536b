//! One fetched row of either engine.

use rusqlite::types::ValueRef;
use tierline_domain::time::{Date, Timestamp};
use uuid::Uuid;

use super::postgres;
use crate::error::StoreError;
use crate::value::{BadValue, Field, Kind, Seen};

/// One fetched row of either engine.
pub struct Row<'a> {
    statement: &'static str,
    cells: Cells<'a>,
}

enum Cells<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a tokio_postgres::Row),
}

impl<'a> Row<'a> {
    pub(super) fn sqlite(statement: &'static str, row: &'a rusqlite::Row<'a>) -> Self {
        Self {
            statement,
            cells: Cells::Sqlite(row),
        }
    }

    pub(super) fn postgres(statement: &'static str, row: &'a tokio_postgres::Row) -> Self {
        Self {
            statement,
            cells: Cells::Postgres(row),
        }
    }

    /// Reads one column, counted from zero.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when the column holds what the type does not allow, or is not there.
    pub fn get<F: Field>(&self, index: usize) -> Result<F, StoreError> {
        self.read(index)
            .map_err(|source| self.corrupt(self.statement, self.column_name(index), source))
    }

    /// Reads the columns one after the other, as the row of a table.
    #[must_use]
    pub fn columns_of(&self, table: &'static str) -> Columns<'_> {
        Columns {
            row: self,
            table,
            at: 0,
        }
    }

    /// Reads the columns one after the other, as those of the statement that fetched them.
    #[must_use]
    pub fn in_order(&self) -> Columns<'_> {
        self.columns_of(self.statement)
    }

    fn read<F: Field>(&self, index: usize) -> Result<F, BadValue> {
        self.seen(index, F::KIND).and_then(F::from_value)
    }

    fn seen(&self, index: usize, kind: Kind) -> Result<Seen<'a>, BadValue> {
        match self.cells {
            Cells::Sqlite(row) => match row.get_ref(index) {
                Ok(cell) => from_cell(cell, kind),
                Err(_) => Err(no_such_column(index)),
            },
            Cells::Postgres(row) if index < row.len() => postgres::seen(row, index, kind),
            Cells::Postgres(_) => Err(no_such_column(index)),
        }
    }

    fn column_name(&self, index: usize) -> String {
        match &self.cells {
            Cells::Postgres(row) if index < row.len() => row.columns()[index].name().to_owned(),
            Cells::Sqlite(_) | Cells::Postgres(_) => format!("column {}", index + 1),
        }
    }

    /// What identifies the row in a message: its first column.
    fn label(&self) -> String {
        let first = [Kind::Id, Kind::Int, Kind::Text]
            .into_iter()
            .find_map(|kind| self.seen(0, kind).ok());
        match first {
            Some(Seen::Id(id)) => id.to_string(),
            Some(Seen::Int(number)) => number.to_string(),
            Some(Seen::Text(text)) => text.chars().take(40).collect(),
            _ => "unknown".to_owned(),
        }
    }

    fn corrupt(&self, table: &'static str, column: String, source: BadValue) -> StoreError {
        StoreError::Corrupt {
            table,
            column,
            row: self.label(),
            source,
        }
    }
}

fn no_such_column(index: usize) -> BadValue {
    BadValue::new("column of this row", &format!("column {}", index + 1))
}

fn from_cell(cell: ValueRef<'_>, kind: Kind) -> Result<Seen<'_>, BadValue> {
    match (kind, cell) {
        (_, ValueRef::Null) => Ok(Seen::Null),
        (Kind::Id, ValueRef::Blob(bytes)) => Uuid::from_slice(bytes)
            .map(Seen::Id)
            .map_err(|_| BadValue::new("id", "a row of bytes of another length")),
        (Kind::Text, ValueRef::Text(text)) => utf8(text).map(Seen::Text),
        (Kind::Int, ValueRef::Integer(number)) => Ok(Seen::Int(number)),
        (Kind::Bool, ValueRef::Integer(0)) => Ok(Seen::Bool(false)),
        (Kind::Bool, ValueRef::Integer(1)) => Ok(Seen::Bool(true)),
        (Kind::Instant, ValueRef::Integer(micros)) => Timestamp::from_micros(micros)
            .map(Seen::Instant)
            .map_err(|_| BadValue::new("instant", &micros.to_string())),
        (Kind::Day, ValueRef::Text(text)) => {
            let text = utf8(text)?;
            let day = text.parse::<Date>().map(Seen::Day);
            day.map_err(|_| BadValue::new("day", text))
        }
        (Kind::Json, ValueRef::Text(text)) => utf8(text).map(Seen::Json),
        (Kind::Bytes, ValueRef::Blob(bytes)) => Ok(Seen::Bytes(bytes)),
        (_, other) => Err(BadValue::new(
            kind.as_str(),
            other.data_type().to_string().as_str(),
        )),
    }
}

/// SQLite keeps any bytes as text when another program writes them.
fn utf8(text: &[u8]) -> Result<&str, BadValue> {
    std::str::from_utf8(text).map_err(|_| BadValue::new("text", "bytes that are no UTF-8"))
}

/// The columns of a row, read in order.
pub struct Columns<'a> {
    row: &'a Row<'a>,
    table: &'static str,
    at: usize,
}

impl Columns<'_> {
    /// Reads the next column; the name is for the message.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when it holds what the type does not allow.
    pub fn next<F: Field>(&mut self, column: &'static str) -> Result<F, StoreError> {
        let index = self.at;
        self.at += 1;
        self.row
            .read(index)
            .map_err(|source| self.row.corrupt(self.table, column.to_owned(), source))
    }
}

/// What a query gives back one of for each row.
pub trait FromRow: Sized {
    /// Reads a row.
    ///
    /// # Errors
    /// When a column holds what its type does not allow.
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError>;
}

/// Structs that are read from rows whose columns stand in the order in which the fields are named here.
///
/// ```text
/// rows! {
///     Node { id, handle, name }
/// }
/// ```
#[macro_export]
macro_rules! rows {
    ($($row:ident { $($field:ident),+ $(,)? })+) => {$(
        impl $crate::row::FromRow for $row {
            fn from_row(row: &$crate::row::Row<'_>) -> Result<Self, $crate::error::StoreError> {
                let mut columns = row.in_order();
                Ok(Self { $($field: columns.next(stringify!($field))?),+ })
            }
        }
    )+};
}

macro_rules! tuple_rows {
    ($(($($field:ident $index:tt),+))+) => {$(
        impl<$($field: Field),+> FromRow for ($($field,)+) {
            fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
                Ok(($(row.get::<$field>($index)?,)+))
            }
        }
    )+};
}

tuple_rows! {
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7)
}

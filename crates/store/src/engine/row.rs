//! One fetched row of either engine.

use rusqlite::types::Value as Cell;
use tierline_domain::time::{Date, Timestamp};
use uuid::Uuid;

use super::postgres;
use crate::error::StoreError;
use crate::value::{BadValue, Field, Kind, Value};

/// One fetched row of either engine.
pub struct Row {
    statement: &'static str,
    cells: Cells,
}

enum Cells {
    Sqlite(Vec<Cell>),
    Postgres(tokio_postgres::Row),
}

impl Row {
    pub(super) fn sqlite(statement: &'static str, cells: Vec<Cell>) -> Self {
        Self {
            statement,
            cells: Cells::Sqlite(cells),
        }
    }

    pub(super) fn postgres(statement: &'static str, row: tokio_postgres::Row) -> Self {
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

    fn read<F: Field>(&self, index: usize) -> Result<F, BadValue> {
        self.value(index, F::KIND).and_then(F::from_value)
    }

    fn value(&self, index: usize, kind: Kind) -> Result<Value, BadValue> {
        match &self.cells {
            Cells::Sqlite(cells) => match cells.get(index) {
                Some(cell) => from_cell(cell, kind),
                None => Err(no_such_column(index)),
            },
            Cells::Postgres(row) if index < row.len() => postgres::value(row, index, kind),
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
        match &self.cells {
            Cells::Sqlite(cells) => match cells.first() {
                Some(Cell::Blob(bytes)) => Uuid::from_slice(bytes)
                    .map_or_else(|_| "unknown".to_owned(), |id| id.to_string()),
                Some(Cell::Integer(number)) => number.to_string(),
                Some(Cell::Text(text)) => text.chars().take(40).collect(),
                _ => "unknown".to_owned(),
            },
            Cells::Postgres(row) => match postgres::value(row, 0, Kind::Text) {
                Ok(Value::Id(id)) => id.to_string(),
                Ok(Value::Int(number)) => number.to_string(),
                Ok(Value::Text(text)) => text.chars().take(40).collect(),
                _ => "unknown".to_owned(),
            },
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

fn from_cell(cell: &Cell, kind: Kind) -> Result<Value, BadValue> {
    match (kind, cell) {
        (_, Cell::Null) => Ok(Value::Null(kind)),
        (Kind::Id, Cell::Blob(bytes)) => Uuid::from_slice(bytes)
            .map(Value::Id)
            .map_err(|_| BadValue::new("id", "a row of bytes of another length")),
        (Kind::Text, Cell::Text(text)) => Ok(Value::Text(text.clone())),
        (Kind::Int, Cell::Integer(number)) => Ok(Value::Int(*number)),
        (Kind::Bool, Cell::Integer(0)) => Ok(Value::Bool(false)),
        (Kind::Bool, Cell::Integer(1)) => Ok(Value::Bool(true)),
        (Kind::Instant, Cell::Integer(micros)) => Timestamp::from_micros(*micros)
            .map(Value::Instant)
            .map_err(|_| BadValue::new("instant", &micros.to_string())),
        (Kind::Day, Cell::Text(text)) => text
            .parse::<Date>()
            .map(Value::Day)
            .map_err(|_| BadValue::new("day", text)),
        (Kind::Json, Cell::Text(text)) => Ok(Value::Json(text.clone())),
        (Kind::Bytes, Cell::Blob(bytes)) => Ok(Value::Bytes(bytes.clone())),
        (_, other) => Err(BadValue::new(
            kind.as_str(),
            other.data_type().to_string().as_str(),
        )),
    }
}

/// The columns of a row, read in order.
pub struct Columns<'a> {
    row: &'a Row,
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
    fn from_row(row: &Row) -> Result<Self, StoreError>;
}

macro_rules! tuple_rows {
    ($(($($field:ident $index:tt),+))+) => {$(
        impl<$($field: Field),+> FromRow for ($($field,)+) {
            fn from_row(row: &Row) -> Result<Self, StoreError> {
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

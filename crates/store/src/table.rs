//! Whole rows: a Rust struct whose fields are the columns of one table.
//!
//! The texts are put together when the program is compiled, so that every statement is a constant that
//! can be listed, prepared in a test, and cached by its address in text.

use crate::error::StoreError;
use crate::row::{FromRow, Row};
use crate::statement::Statement;
use crate::value::Value;

/// A struct that is one row of one table.
pub trait Table: Clone + Send + Sync + 'static {
    /// The table's name.
    const NAME: &'static str;
    /// The column by which rows of different parties are told apart, where it pays to say of each row that is written whose it is:
    /// who keeps what somebody else's rows come to then need not forget it.
    const APART: Option<&'static str> = None;
    /// Whether it pays to keep in memory what is written: not where rows are written once and looked at on some later day.
    const KEPT: bool = true;

    /// Writes a new row; a row with the same key is a conflict.
    fn insert() -> Statement;
    /// Writes a row, in place of one with the same key.
    fn upsert() -> Statement;
    /// Reads the row of a key.
    fn get_sql() -> Statement;
    /// Removes the row of a key.
    fn delete_sql() -> Statement;
    /// Reads every row, in order of the key.
    fn all_rows_sql() -> Statement;
    /// The names of all columns, in order.
    fn columns() -> &'static [&'static str];
    /// The names of the key columns, in order.
    fn key_columns() -> &'static [&'static str];
    /// All columns, in order.
    fn values(&self) -> Vec<Value>;
    /// The key columns, in order.
    fn key(&self) -> Vec<Value>;
    /// The columns that stay what they were when the row was new, in order: what is put in its place does not write them, nor the
    /// indexes in which they stand.
    fn fixed(&self) -> Vec<Value>;
    /// Reads a row that one of the table's statements has fetched.
    ///
    /// # Errors
    /// When a column holds what its type does not allow.
    fn from_row(row: &Row<'_>) -> Result<Self, StoreError>;
}

/// What a statement gives that sums up the rows of one table in which one column is equal to a parameter, and in which
/// nothing else is asked of them.
pub trait Sums<T>: FromRow + Send + Sync + 'static {
    /// What it gives with one row more of these; nothing where that is not easily said, and then it is asked again.
    fn with(sums: &[Self], row: &T) -> Option<Vec<Self>>;
}

/// A text of `N` bytes in the making. With `N = 0` it only counts.
#[doc(hidden)]
pub struct Text<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

#[doc(hidden)]
impl<const N: usize> Text<N> {
    const fn new() -> Self {
        Self {
            bytes: [0; N],
            len: 0,
        }
    }

    const fn push(mut self, text: &str) -> Self {
        let text = text.as_bytes();
        let mut at = 0;
        while at < text.len() {
            if self.len < N {
                self.bytes[self.len] = text[at];
            }
            self.len += 1;
            at += 1;
        }
        self
    }

    const fn push_number(self, number: usize) -> Self {
        const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
        let tens = if number < 10 {
            self
        } else {
            self.push_number(number / 10)
        };
        tens.push(DIGITS[number % 10])
    }

    const fn push_list(mut self, names: &[&str]) -> Self {
        let mut at = 0;
        while at < names.len() {
            if at > 0 {
                self = self.push(", ");
            }
            self = self.push(names[at]);
            at += 1;
        }
        self
    }

    const fn push_key(mut self, key: &[&str]) -> Self {
        let mut at = 0;
        while at < key.len() {
            self = self.push(if at == 0 { " WHERE " } else { " AND " });
            self = self.push(key[at]).push(" = $").push_number(at + 1);
            at += 1;
        }
        self
    }

    /// How long the text is.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing was written.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The finished text.
    ///
    /// # Panics
    /// When the length was counted for another text.
    #[must_use]
    pub const fn as_str(&self) -> &str {
        assert!(self.len == N, "the text was counted for another statement");
        match std::str::from_utf8(&self.bytes) {
            Ok(text) => text,
            Err(_) => panic!("a statement is made of whole letters"),
        }
    }
}

#[doc(hidden)]
#[must_use]
pub const fn insert<const N: usize>(table: &str, columns: &[&str]) -> Text<N> {
    let mut text = Text::new()
        .push("INSERT INTO ")
        .push(table)
        .push(" (")
        .push_list(columns)
        .push(") VALUES (");
    let mut at = 0;
    while at < columns.len() {
        text = text
            .push(if at == 0 { "$" } else { ", $" })
            .push_number(at + 1);
        at += 1;
    }
    text.push(")")
}

#[doc(hidden)]
#[must_use]
pub const fn upsert<const N: usize>(
    table: &str,
    key: &[&str],
    fixed: &[&str],
    columns: &[&str],
) -> Text<N> {
    let mut text = insert(table, columns)
        .push(" ON CONFLICT (")
        .push_list(key)
        .push(") DO ");
    let (mut at, mut set) = (0, 0);
    while at < columns.len() {
        if !holds(key, columns[at]) && !holds(fixed, columns[at]) {
            text = text
                .push(if set == 0 { "UPDATE SET " } else { ", " })
                .push(columns[at])
                .push(" = excluded.")
                .push(columns[at]);
            set += 1;
        }
        at += 1;
    }
    if set == 0 { text.push("NOTHING") } else { text }
}

#[doc(hidden)]
#[must_use]
pub const fn get<const N: usize>(table: &str, key: &[&str], columns: &[&str]) -> Text<N> {
    select(table, columns).push_key(key)
}

#[doc(hidden)]
#[must_use]
pub const fn all_rows<const N: usize>(table: &str, key: &[&str], columns: &[&str]) -> Text<N> {
    select(table, columns).push(" ORDER BY ").push_list(key)
}

#[doc(hidden)]
#[must_use]
pub const fn find<const N: usize>(table: &str, columns: &[&str], clause: &str) -> Text<N> {
    select(table, columns).push(" ").push(clause)
}

#[doc(hidden)]
#[must_use]
pub const fn delete<const N: usize>(table: &str, key: &[&str]) -> Text<N> {
    Text::new().push("DELETE FROM ").push(table).push_key(key)
}

/// `before ($1, $2), ($3, $4), … after`: a statement over a fixed number of rows of values.
#[doc(hidden)]
#[must_use]
pub const fn rows_of_values<const N: usize>(
    before: &str,
    rows: usize,
    columns: usize,
    after: &str,
) -> Text<N> {
    let mut text = Text::new().push(before);
    let mut at = 0;
    while at < rows * columns {
        let is_first = at % columns == 0;
        text = text
            .push(match (at, is_first) {
                (0, _) => "($",
                (_, true) => "), ($",
                (_, false) => ", $",
            })
            .push_number(at + 1);
        at += 1;
    }
    text.push(")").push(after)
}

const fn select<const N: usize>(table: &str, columns: &[&str]) -> Text<N> {
    Text::new()
        .push("SELECT ")
        .push_list(columns)
        .push(" FROM ")
        .push(table)
}

const fn holds(names: &[&str], name: &str) -> bool {
    let mut at = 0;
    while at < names.len() {
        if same(names[at], name) {
            return true;
        }
        at += 1;
    }
    false
}

const fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// A text built by one of the functions above: once to count it, once to write it.
#[doc(hidden)]
#[macro_export]
macro_rules! __built {
    ($build:ident($($argument:expr),*)) => {{
        const LEN: usize = $crate::table::$build::<0>($($argument),*).len();
        const TEXT: &$crate::table::Text<LEN> = &$crate::table::$build::<LEN>($($argument),*);
        TEXT.as_str()
    }};
}

/// Ties a struct to a table: its fields, named like the columns, are the row.
///
/// ```text
/// table! {
///     /// what it holds
///     partnerships: Partnership {
///         key { provider, reseller }
///         fixed { since }
///         columns { provider, reseller, state, since }
///         finds { BY_RESELLER = "WHERE reseller = $1 ORDER BY provider" }
///     }
/// }
/// ```
///
/// makes [`Table`] for the struct and a module of the table's name with the statements `INSERT`, `UPSERT`,
/// `GET`, `DELETE`, `ALL_ROWS`, one for each of `finds`, and `STATEMENTS`, the list of them all. What is `fixed` (columns that never
/// change) is named where there is any.
#[macro_export]
macro_rules! table {
    (
        $(#[$meta:meta])*
        $table:ident: $row:ty {
            key { $($key:ident),+ $(,)? }
            $(fixed { $($fixed:ident),+ $(,)? })?
            columns { $($column:ident),+ $(,)? }
            $(apart { $apart:ident })?
            $(kept { $kept:literal })?
            finds { $($find:ident = $clause:expr),* $(,)? }
        }
    ) => {
        $(#[$meta])*
        pub mod $table {
            use $crate::statement::Statement;

            const NAME: &str = stringify!($table);
            /// The names of the key columns, in order.
            pub const KEY: &[&str] = &[$(stringify!($key)),+];
            const FIXED: &[&str] = &[$($(stringify!($fixed)),+)?];
            /// The names of all columns, in order.
            pub const COLUMNS: &[&str] = &[$(stringify!($column)),+];

            /// Writes a new row.
            pub const INSERT: Statement = Statement::new(
                concat!(stringify!($table), ".INSERT"), $crate::__built!(insert(NAME, COLUMNS)));
            /// Writes a row, in place of one with the same key.
            pub const UPSERT: Statement = Statement::new(
                concat!(stringify!($table), ".UPSERT"), $crate::__built!(upsert(NAME, KEY, FIXED, COLUMNS)));
            /// Reads the row of a key.
            pub const GET: Statement = Statement::new(
                concat!(stringify!($table), ".GET"), $crate::__built!(get(NAME, KEY, COLUMNS)));
            /// Removes the row of a key.
            pub const DELETE: Statement = Statement::new(
                concat!(stringify!($table), ".DELETE"), $crate::__built!(delete(NAME, KEY)));
            /// Reads every row, in order of the key.
            pub const ALL_ROWS: Statement = Statement::new(
                concat!(stringify!($table), ".ALL_ROWS"), $crate::__built!(all_rows(NAME, KEY, COLUMNS)));
            $(
                #[doc = concat!("Reads the rows `", $clause, "`.")]
                pub const $find: Statement = Statement::new(
                    concat!(stringify!($table), ".", stringify!($find)), $crate::__built!(find(NAME, COLUMNS, $clause)));
            )*
            /// Every statement of this table.
            pub const STATEMENTS: &[Statement] = &[INSERT, UPSERT, GET, DELETE, ALL_ROWS $(, $find)*];
        }

        impl $crate::table::Table for $row {
            const NAME: &'static str = stringify!($table);
            $(const APART: Option<&'static str> = Some(stringify!($apart));)?
            $(const KEPT: bool = $kept;)?
            fn insert() -> $crate::statement::Statement {
                $table::INSERT
            }
            fn upsert() -> $crate::statement::Statement {
                $table::UPSERT
            }
            fn get_sql() -> $crate::statement::Statement {
                $table::GET
            }
            fn delete_sql() -> $crate::statement::Statement {
                $table::DELETE
            }
            fn all_rows_sql() -> $crate::statement::Statement {
                $table::ALL_ROWS
            }
            fn columns() -> &'static [&'static str] {
                $table::COLUMNS
            }
            fn key_columns() -> &'static [&'static str] {
                $table::KEY
            }
            fn values(&self) -> Vec<$crate::value::Value> {
                vec![$($crate::value::Field::to_value(&self.$column)),+]
            }
            fn key(&self) -> Vec<$crate::value::Value> {
                vec![$($crate::value::Field::to_value(&self.$key)),+]
            }
            fn fixed(&self) -> Vec<$crate::value::Value> {
                vec![$($($crate::value::Field::to_value(&self.$fixed)),+)?]
            }
            fn from_row(row: &$crate::row::Row<'_>) -> Result<Self, $crate::error::StoreError> {
                let mut columns = row.columns_of(stringify!($table));
                Ok(Self { $($column: columns.next(stringify!($column))?),+ })
            }
        }
    };
}

#[cfg(test)]
mod tests {

    const COLUMNS: &[&str] = &["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"];

    #[test]
    fn statements_are_written_out_when_the_program_is_compiled() {
        assert_eq!(
            __built!(insert("t", COLUMNS)),
            "INSERT INTO t (a, b, c, d, e, f, g, h, i, j, k) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
        );
        assert_eq!(
            __built!(upsert("t", &["a"], &[], &["a", "b", "c"])),
            "INSERT INTO t (a, b, c) VALUES ($1, $2, $3) ON CONFLICT (a) DO UPDATE SET b = excluded.b, c = excluded.c"
        );
        assert_eq!(
            __built!(upsert("t", &["a"], &["b"], &["a", "b", "c"])),
            "INSERT INTO t (a, b, c) VALUES ($1, $2, $3) ON CONFLICT (a) DO UPDATE SET c = excluded.c"
        );
        assert_eq!(
            __built!(upsert("t", &["a"], &[], &["a"])),
            "INSERT INTO t (a) VALUES ($1) ON CONFLICT (a) DO NOTHING"
        );
        assert_eq!(
            __built!(get("t", &["a", "b"], &["a", "b", "c"])),
            "SELECT a, b, c FROM t WHERE a = $1 AND b = $2"
        );
        assert_eq!(
            __built!(rows_of_values("VALUES ", 2, 3, ";")),
            "VALUES ($1, $2, $3), ($4, $5, $6);"
        );
        assert_eq!(__built!(delete("t", &["a"])), "DELETE FROM t WHERE a = $1");
        assert_eq!(
            __built!(find("t", &["a"], "WHERE b = $1 ORDER BY a")),
            "SELECT a FROM t WHERE b = $1 ORDER BY a"
        );
    }
}

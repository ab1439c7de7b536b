//! SQL as named constants: one text for both engines, listed so that a test can prepare every one.

use crate::error::StoreError;
use crate::row::Row;
use crate::value::Value;

/// A statement and its name in logs and errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Its name.
    pub name: &'static str,
    /// Its text.
    pub sql: &'static str,
}

/// A row type that is read and written whole.
pub trait Table: Sized {
    /// The table.
    const NAME: &'static str;
    /// Inserts a row; a clash is an error.
    const INSERT: Statement;
    /// Inserts a row, or replaces the one with its key.
    const UPSERT: Statement;
    /// Reads the row of a key.
    const GET: Statement;
    /// Deletes the row of a key.
    const DELETE: Statement;
    /// The row's values, in the order of the columns.
    fn values(&self) -> Vec<Value>;
    /// Reads a row.
    ///
    /// # Errors
    /// When a column holds something else.
    fn from_row(row: &Row) -> Result<Self, StoreError>;
}

/// Defines named statements and lists them in `ALL`.
#[macro_export]
macro_rules! statements {
    ($($(#[$meta:meta])* pub $name:ident = $sql:expr;)+) => {
        $($(#[$meta])* pub const $name: $crate::Statement = $crate::Statement { name: stringify!($name), sql: $sql };)+
        /// Every statement of this module.
        pub const ALL: &[$crate::Statement] = &[$($name),+];
    };
}

/// Defines how a struct is kept in a table: fixed texts, built at compile time.
#[macro_export]
macro_rules! table {
    (
        $(#[$meta:meta])*
        $table:ident: $row:ty {
            key $key:tt
            columns $columns:tt
            finds { $($find:ident = $where:expr),* $(,)? }
        }
    ) => {
        impl $crate::Table for $row {
            const NAME: &'static str = stringify!($table);
            const INSERT: $crate::Statement = $crate::Statement {
                name: concat!("insert ", stringify!($table)),
                sql: concat!("INSERT INTO ", stringify!($table), $crate::columns_sql!(insert $columns)),
            };
            const UPSERT: $crate::Statement = $crate::Statement {
                name: concat!("upsert ", stringify!($table)),
                sql: concat!(
                    "INSERT INTO ", stringify!($table), $crate::columns_sql!(insert $columns),
                    " ON CONFLICT (", $crate::columns_sql!(names $key), ") DO UPDATE SET ", $crate::columns_sql!(updates $columns)
                ),
            };
            const GET: $crate::Statement = $crate::Statement {
                name: concat!("get ", stringify!($table)),
                sql: concat!(
                    "SELECT ", $crate::columns_sql!(names $columns), " FROM ", stringify!($table),
                    " WHERE ", $crate::columns_sql!(key $key)
                ),
            };
            const DELETE: $crate::Statement = $crate::Statement {
                name: concat!("delete ", stringify!($table)),
                sql: concat!("DELETE FROM ", stringify!($table), " WHERE ", $crate::columns_sql!(key $key)),
            };
            fn values(&self) -> Vec<$crate::Value> {
                $crate::columns_sql!(values self $columns)
            }
            fn from_row(row: &$crate::Row) -> Result<Self, $crate::StoreError> {
                let mut index = 0_usize;
                let mut next = || {
                    let here = index;
                    index = index.saturating_add(1);
                    here
                };
                $crate::columns_sql!(row row next $columns)
            }
        }
        $(#[$meta])*
        pub mod $table {
            $(
                #[doc = concat!("`", $where, "`")]
                pub const $find: $crate::Statement = $crate::Statement {
                    name: concat!(stringify!($table), ".", stringify!($find)),
                    sql: concat!("SELECT ", $crate::columns_sql!(names $columns), " FROM ", stringify!($table), " ", $where),
                };
            )*
            /// Every statement of this table beside the row's own.
            pub const FINDS: &[$crate::Statement] = &[$($find),*];
        }
    };
}

/// The parts of `table!`'s texts: names, placeholders numbered by position, keys, updates, and the row itself.
#[macro_export]
#[doc(hidden)]
macro_rules! columns_sql {
    (names { $first:ident $(, $rest:ident)* $(,)? }) => { concat!(stringify!($first) $(, ", ", stringify!($rest))*) };
    (updates { $first:ident $(, $rest:ident)* $(,)? }) => {
        concat!(stringify!($first), " = excluded.", stringify!($first)
            $(, ", ", stringify!($rest), " = excluded.", stringify!($rest))*)
    };
    (key { $a:ident }) => { concat!(stringify!($a), " = $1") };
    (key { $a:ident, $b:ident }) => { concat!(stringify!($a), " = $1 AND ", stringify!($b), " = $2") };
    (key { $a:ident, $b:ident, $c:ident }) => {
        concat!(stringify!($a), " = $1 AND ", stringify!($b), " = $2 AND ", stringify!($c), " = $3")
    };
    (insert { $($column:ident),+ $(,)? }) => {
        concat!(" (", $crate::columns_sql!(names { $($column),+ }), ") VALUES (", $crate::columns_sql!(@numbers [$($column)+]
            "$1" "$2" "$3" "$4" "$5" "$6" "$7" "$8" "$9" "$10" "$11" "$12" "$13" "$14" "$15" "$16" "$17" "$18" "$19" "$20"
            "$21" "$22" "$23" "$24" "$25" "$26" "$27" "$28" "$29" "$30" "$31" "$32" "$33" "$34" "$35" "$36" "$37" "$38" "$39" "$40"), ")")
    };
    (values $row:ident { $($column:ident),+ $(,)? }) => { vec![$($crate::value::v(&$row.$column)),+] };
    (row $row:ident $next:ident { $($column:ident),+ $(,)? }) => { Ok(Self { $($column: $row.get($next())?),+ }) };
    (@numbers [$last:ident] $number:literal $($unused:literal)*) => { $number };
    (@numbers [$next:ident $($rest:ident)+] $number:literal $($numbers:literal)*) => {
        concat!($number, ", ", $crate::columns_sql!(@numbers [$($rest)+] $($numbers)*))
    };
}

//! The values that columns hold, the same on both engines, and how Rust types become them.
//!
//! | kind | PostgreSQL | SQLite |
//! |---|---|---|
//! | `Id` | `uuid` | `BLOB`, 16 bytes |
//! | `Text` | `text`, collated `C` | `TEXT` |
//! | `Int` | `bigint` | `INTEGER` |
//! | `Bool` | `boolean` | `INTEGER`, 0 or 1 |
//! | `Instant` | `timestamptz` | `INTEGER`, microseconds since 1970 |
//! | `Day` | `date` | `TEXT`, `YYYY-MM-DD` |
//! | `Json` | `jsonb` | `TEXT` |
//! | `Bytes` | `bytea` | `BLOB` |
//!
//! A JSON value reads back equal, but not always letter by letter: `jsonb` orders keys its own way.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;
use tierline_domain::id::Id;
use tierline_domain::time::{Date, Timestamp};
use uuid::Uuid;

/// One value of one column.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// No value, in a column of this kind.
    Null(Kind),
    /// An identifier.
    Id(Uuid),
    /// A text.
    Text(String),
    /// A number.
    Int(i64),
    /// Yes or no.
    Bool(bool),
    /// An instant.
    Instant(Timestamp),
    /// A calendar day.
    Day(Date),
    /// A JSON document, as text.
    Json(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// The kinds of columns there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An identifier.
    Id,
    /// A text.
    Text,
    /// A number.
    Int,
    /// Yes or no.
    Bool,
    /// An instant.
    Instant,
    /// A calendar day.
    Day,
    /// A JSON document.
    Json,
    /// Bytes.
    Bytes,
}

impl Kind {
    /// The kind's name in messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Text => "text",
            Self::Int => "number",
            Self::Bool => "yes or no",
            Self::Instant => "instant",
            Self::Day => "day",
            Self::Json => "JSON document",
            Self::Bytes => "row of bytes",
        }
    }
}

impl Value {
    /// The kind of column this value belongs into.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Null(kind) => *kind,
            Self::Id(_) => Kind::Id,
            Self::Text(_) => Kind::Text,
            Self::Int(_) => Kind::Int,
            Self::Bool(_) => Kind::Bool,
            Self::Instant(_) => Kind::Instant,
            Self::Day(_) => Kind::Day,
            Self::Json(_) => Kind::Json,
            Self::Bytes(_) => Kind::Bytes,
        }
    }

    /// Refuses what one of the engines could not keep, so that both refuse it.
    pub(crate) fn storable(&self) -> Result<(), BadValue> {
        match self {
            Self::Text(text) if text.contains('\0') => Err(BadValue::new("text without NUL", text)),
            Self::Json(text) if has_escaped_nul(text) => {
                Err(BadValue::new("JSON document without NUL", text))
            }
            Self::Day(day) if day.year() < 0 => Err(BadValue::new(
                "day of the years 0 to 9999",
                &day.to_string(),
            )),
            Self::Instant(at) if at.as_micros() < YEAR_0 => Err(BadValue::new(
                "instant of the years 0 to 9999",
                &at.to_string(),
            )),
            _ => Ok(()),
        }
    }
}

/// One value as it stands in a fetched row. Texts and bytes are still the engine's: most are parsed into something
/// smaller, and copying them first costs more than reading them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Seen<'a> {
    /// No value.
    Null,
    /// An identifier.
    Id(Uuid),
    /// A text.
    Text(&'a str),
    /// A number.
    Int(i64),
    /// Yes or no.
    Bool(bool),
    /// An instant.
    Instant(Timestamp),
    /// A calendar day.
    Day(Date),
    /// A JSON document, as text.
    Json(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
}

impl<'a> Seen<'a> {
    /// The text.
    ///
    /// # Errors
    /// When the value is none.
    pub fn text(self) -> Result<&'a str, BadValue> {
        match self {
            Self::Text(text) => Ok(text),
            other => Err(other.mismatch(Kind::Text.as_str())),
        }
    }

    fn mismatch(self, expected: &'static str) -> BadValue {
        let found = match self {
            Self::Null => "nothing".to_owned(),
            Self::Id(_) => described(Kind::Id),
            Self::Text(_) => described(Kind::Text),
            Self::Int(_) => described(Kind::Int),
            Self::Bool(_) => described(Kind::Bool),
            Self::Instant(_) => described(Kind::Instant),
            Self::Day(_) => described(Kind::Day),
            Self::Json(_) => described(Kind::Json),
            Self::Bytes(_) => described(Kind::Bytes),
        };
        BadValue { expected, found }
    }
}

fn described(kind: Kind) -> String {
    format!("a {}", kind.as_str())
}

/// 0000-01-01T00:00:00Z in microseconds.
const YEAR_0: i64 = -62_167_219_200_000_000;

/// Whether a JSON text holds the escape of U+0000, which `jsonb` cannot keep.
fn has_escaped_nul(json: &str) -> bool {
    json.match_indices("\\u0000").any(|(at, _)| {
        let before = json.get(..at).unwrap_or_default();
        before.chars().rev().take_while(|c| *c == '\\').count() % 2 == 0
    })
}

/// A value that is not what its type allows.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{found}` is not a {expected}")]
pub struct BadValue {
    expected: &'static str,
    found: String,
}

impl BadValue {
    /// Says what was expected and what was found; a long text is cut.
    #[must_use]
    pub fn new(expected: &'static str, found: &str) -> Self {
        Self {
            expected,
            found: found.chars().take(80).collect(),
        }
    }
}

/// A Rust type that is kept in one column.
pub trait Field: Sized {
    /// The kind of that column.
    const KIND: Kind;

    /// The value to store.
    fn to_value(&self) -> Value;

    /// Reads a stored value.
    ///
    /// # Errors
    /// When the value is not one of this type.
    fn from_value(value: Seen<'_>) -> Result<Self, BadValue>;
}

macro_rules! plain_field {
    ($($type:ty: $kind:ident, |$self:ident| $give:expr, |$seen:ident| $take:expr;)+) => {$(
        impl Field for $type {
            const KIND: Kind = Kind::$kind;
            fn to_value(&self) -> Value {
                let $self = self;
                Value::$kind($give)
            }
            fn from_value(value: Seen<'_>) -> Result<Self, BadValue> {
                match value {
                    Seen::$kind($seen) => Ok($take),
                    other => Err(other.mismatch(Kind::$kind.as_str())),
                }
            }
        }
    )+};
}

plain_field! {
    Uuid: Id, |id| *id, |id| id;
    String: Text, |text| text.clone(), |text| text.to_owned();
    i64: Int, |number| *number, |number| number;
    bool: Bool, |yes| *yes, |yes| yes;
    Timestamp: Instant, |at| *at, |at| at;
    Date: Day, |day| *day, |day| day;
    Vec<u8>: Bytes, |bytes| bytes.clone(), |bytes| bytes.to_vec();
}

macro_rules! small_number {
    ($($type:ty),+) => {$(
        impl Field for $type {
            const KIND: Kind = Kind::Int;
            fn to_value(&self) -> Value {
                Value::Int(i64::from(*self))
            }
            fn from_value(value: Seen<'_>) -> Result<Self, BadValue> {
                let number = i64::from_value(value)?;
                Self::try_from(number).map_err(|_| BadValue::new(stringify!($type), &number.to_string()))
            }
        }
    )+};
}

small_number!(u8, u16, u32, i32);

impl<T> Field for Id<T> {
    const KIND: Kind = Kind::Id;
    fn to_value(&self) -> Value {
        Value::Id(self.uuid())
    }
    fn from_value(value: Seen<'_>) -> Result<Self, BadValue> {
        Uuid::from_value(value).map(Self::from_uuid)
    }
}

impl<F: Field> Field for Option<F> {
    const KIND: Kind = F::KIND;
    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null(F::KIND), F::to_value)
    }
    fn from_value(value: Seen<'_>) -> Result<Self, BadValue> {
        match value {
            Seen::Null => Ok(None),
            present => F::from_value(present).map(Some),
        }
    }
}

/// A structure kept as one JSON document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T: Serialize + DeserializeOwned + 'static> Field for Json<T> {
    const KIND: Kind = Kind::Json;
    fn to_value(&self) -> Value {
        to_json(&self.0)
    }
    fn from_value(value: Seen<'_>) -> Result<Self, BadValue> {
        from_json(value).map(Self)
    }
}

/// A structure kept as one JSON document that is seldom read again: it is held as its text, which costs nothing to hand on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written(Arc<str>);

impl Written {
    /// The text of a structure, without its members that are null: it reads one that is missing as the same.
    ///
    /// # Panics
    /// As [`to_json`].
    #[must_use]
    pub fn of<T: Serialize>(structure: &T) -> Self {
        Self(expected::<T>(crate::log::brief_document(structure)).into())
    }

    /// The structure that was written.
    ///
    /// # Errors
    /// When the text is no such structure.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, BadValue> {
        from_json(Seen::Json(&self.0))
    }
}

impl Field for Written {
    const KIND: Kind = Kind::Json;
    fn to_value(&self) -> Value {
        Value::Json(self.0.as_ref().to_owned())
    }
    fn from_value(value: Seen<'_>) -> Result<Self, BadValue> {
        // An engine may have put the keys in an order of its own.
        let document: serde_json::Value = from_json(value)?;
        let text = crate::log::document(&document);
        text.map(|text| Self(text.into()))
            .map_err(|error| BadValue::new("JSON", &error.to_string()))
    }
}

/// A structure as a JSON value, for types that implement [`Field`] that way themselves.
///
/// # Panics
/// When the type cannot be written as JSON at all (a map whose keys are no texts): a fault of the
/// program, not of the data.
#[must_use]
pub fn to_json<T: Serialize>(structure: &T) -> Value {
    Value::Json(expected::<T>(crate::log::document(structure)))
}

fn expected<T>(document: serde_json::Result<String>) -> String {
    document
        .unwrap_or_else(|error| panic!("{} has no JSON form: {error}", std::any::type_name::<T>()))
}

/// A structure from a JSON value.
///
/// # Errors
/// When the value is no such structure.
pub fn from_json<T: DeserializeOwned>(value: Seen<'_>) -> Result<T, BadValue> {
    match value {
        Seen::Json(text) => serde_json::from_str(text)
            .map_err(|error| BadValue::new(std::any::type_name::<T>(), &error.to_string())),
        other => Err(other.mismatch(Kind::Json.as_str())),
    }
}

/// The stored value of a field: shorthand for parameters.
pub fn v<F: Field>(field: &F) -> Value {
    field.to_value()
}

/// What can stand in [`params!`](crate::params): every [`Field`], and a borrowed text.
pub trait Bind {
    /// The value to pass.
    fn bind(&self) -> Value;
}

impl<F: Field> Bind for F {
    fn bind(&self) -> Value {
        self.to_value()
    }
}

impl Bind for str {
    fn bind(&self) -> Value {
        Value::Text(self.to_owned())
    }
}

/// The parameters of a statement, in order: an array of [`Value`]s from fields or references to them.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => {{
        #[allow(unused_imports, clippy::allow_attributes, reason = "without parameters nothing is bound")]
        use $crate::value::Bind as _;
        let values: [$crate::value::Value; _] = [$(($value).bind()),*];
        values
    }};
}

/// Keeps a type with `as_str` and `FromStr` as the text it prints as.
#[macro_export]
macro_rules! text_field {
    ($($type:ty),+ $(,)?) => {$(
        impl $crate::value::Field for $type {
            const KIND: $crate::value::Kind = $crate::value::Kind::Text;
            fn to_value(&self) -> $crate::value::Value {
                $crate::value::Value::Text(self.as_str().to_owned())
            }
            fn from_value(value: $crate::value::Seen<'_>) -> Result<Self, $crate::value::BadValue> {
                let text = value.text()?;
                text.parse().map_err(|_| $crate::value::BadValue::new(stringify!($type), text))
            }
        }
    )+};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_escape_of_nul_is_told_from_an_escaped_backslash() {
        assert!(has_escaped_nul(r#""\u0000""#));
        assert!(has_escaped_nul(r#""a\\\u0000""#));
        assert!(!has_escaped_nul(r#""\\u0000""#));
        assert!(!has_escaped_nul("\"plain\""));
    }

    #[test]
    fn absent_values_keep_their_kind() {
        assert_eq!(v(&None::<u32>), Value::Null(Kind::Int));
        assert_eq!(Option::<u32>::from_value(Seen::Int(7)), Ok(Some(7)));
        assert!(u32::from_value(Seen::Int(-1)).is_err());
        assert!(i64::from_value(Seen::Null).is_err());
    }

    #[test]
    fn parameters_take_values_and_references() {
        let name = String::from("contoso");
        let none: [Value; 0] = params![];
        assert!(none.is_empty());
        assert_eq!(
            params![&name, "x", 3_i64, Some(true)],
            [
                Value::Text("contoso".into()),
                Value::Text("x".into()),
                Value::Int(3),
                Value::Bool(true)
            ]
        );
    }
}

//! Values as both engines keep them, and how Rust types become values.

use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;
use tierline_domain::id::Id;
use tierline_domain::time::{Date, Timestamp};
use uuid::Uuid;

/// The column types of the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `uuid` | `BLOB`.
    Id,
    /// `text` | `TEXT`.
    Text,
    /// `bigint` | `INTEGER`.
    Int,
    /// `boolean` | `INTEGER`.
    Bool,
    /// `timestamptz` | `INTEGER`, microseconds since 1970.
    Instant,
    /// `date` | `TEXT`, `YYYY-MM-DD`.
    Day,
    /// `jsonb` | `TEXT`.
    Json,
    /// `bytea` | `BLOB`.
    Bytes,
}

/// One value. A null knows its type, because PostgreSQL wants to.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing, of a kind.
    Null(Kind),
    /// An id.
    Id(Uuid),
    /// A text.
    Text(String),
    /// A number.
    Int(i64),
    /// Yes or no.
    Bool(bool),
    /// An instant.
    Instant(Timestamp),
    /// A day.
    Day(Date),
    /// A JSON text.
    Json(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// A stored value that does not fit its Rust type.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{text}` is no {expected}")]
pub struct BadValue {
    expected: &'static str,
    text: String,
}

impl BadValue {
    /// A value that is not what was expected.
    #[must_use]
    pub fn new(expected: &'static str, text: &str) -> Self {
        Self {
            expected,
            text: text.to_owned(),
        }
    }
}

/// A Rust type that one column can keep.
pub trait Field: Sized {
    /// The column type.
    const KIND: Kind;
    /// As a value.
    fn to_value(&self) -> Value;
    /// From a value.
    ///
    /// # Errors
    /// When the value is of another kind or cannot be read.
    fn from_value(value: Value) -> Result<Self, BadValue>;
}

macro_rules! plain {
    ($($type:ty => $kind:ident),+ $(,)?) => {$(
        impl Field for $type {
            const KIND: Kind = Kind::$kind;
            fn to_value(&self) -> Value {
                Value::$kind(self.clone())
            }
            fn from_value(value: Value) -> Result<Self, BadValue> {
                match value {
                    Value::$kind(inner) => Ok(inner),
                    other => Err(BadValue::new(stringify!($type), &format!("{other:?}"))),
                }
            }
        }
    )+};
}

plain!(Uuid => Id, String => Text, i64 => Int, bool => Bool, Timestamp => Instant, Date => Day, Vec<u8> => Bytes);

impl<T> Field for Id<T> {
    const KIND: Kind = Kind::Id;
    fn to_value(&self) -> Value {
        Value::Id(self.uuid())
    }
    fn from_value(value: Value) -> Result<Self, BadValue> {
        Uuid::from_value(value).map(Self::from_uuid)
    }
}

impl<F: Field> Field for Option<F> {
    const KIND: Kind = F::KIND;
    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null(F::KIND), Field::to_value)
    }
    fn from_value(value: Value) -> Result<Self, BadValue> {
        match value {
            Value::Null(_) => Ok(None),
            other => F::from_value(other).map(Some),
        }
    }
}

/// A structure that is never queried, kept as JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T: Serialize + DeserializeOwned> Field for Json<T> {
    const KIND: Kind = Kind::Json;
    fn to_value(&self) -> Value {
        to_json(&self.0)
    }
    fn from_value(value: Value) -> Result<Self, BadValue> {
        from_json(value).map(Json)
    }
}

/// A serializable thing as a JSON value. Our structures have text keys and cannot fail to serialize.
pub fn to_json<T: Serialize>(thing: &T) -> Value {
    Value::Json(serde_json::to_string(thing).unwrap_or_else(|_| "null".to_owned()))
}

/// A thing from a JSON value.
///
/// # Errors
/// When the value is no such JSON.
pub fn from_json<T: DeserializeOwned>(value: Value) -> Result<T, BadValue> {
    match value {
        Value::Json(text) => serde_json::from_str(&text)
            .map_err(|_| BadValue::new(std::any::type_name::<T>(), &text)),
        other => Err(BadValue::new("JSON", &format!("{other:?}"))),
    }
}

/// A field as a value.
pub fn v<F: Field>(field: &F) -> Value {
    field.to_value()
}

/// Parameters of a statement, in order.
#[macro_export]
macro_rules! params {
    ($($field:expr),* $(,)?) => { [$($crate::value::v(&$field)),*] };
}

//! Reading JSON strictly, and naming what cannot be read by its path: `deal.lines[0].quantity`.
//!
//! Strict means: exact names, nothing unknown (the type says so), and an object where an object is meant, not a list of
//! its members in order. Readers with other manners share [`Fault`] and [`typed`].

use std::fmt;

use serde::de::value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{
    Deserialize, DeserializeOwned, Deserializer, Error as _, IntoDeserializer, Unexpected, Visitor,
};
use serde_json::{Map, Value as Json};

/// The field that stands for the body as a whole.
pub const BODY: &str = "body";

/// A field that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// Its path from the outermost object; [`BODY`] where it is that itself.
    pub field: String,
    /// What is wrong with it and what would be right.
    pub problem: String,
}

impl Unread {
    /// The body as a whole.
    pub fn body(problem: impl ToString) -> Self {
        Self {
            field: BODY.to_owned(),
            problem: problem.to_string(),
        }
    }

    /// From a failure of which the path is known, apart from a member that it may lack.
    #[must_use]
    pub fn at(path: &serde_path_to_error::Path, member: Option<String>, problem: String) -> Self {
        let outer = path.iter().next().map(|_| path.to_string());
        let steps: Vec<String> = outer.into_iter().chain(member).collect();
        if steps.is_empty() {
            Self::body(problem)
        } else {
            Self {
                field: steps.join("."),
                problem,
            }
        }
    }
}

/// Why a value does not fit its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The member that is meant, where the path ends at the object around it.
    member: Option<String>,
    problem: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.problem)
    }
}
impl std::error::Error for Fault {}

fn listed(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

impl serde::de::Error for Fault {
    fn custom<T: fmt::Display>(problem: T) -> Self {
        Self {
            member: None,
            problem: problem.to_string(),
        }
    }

    fn missing_field(field: &'static str) -> Self {
        Self {
            member: Some(field.to_owned()),
            problem: "is missing".to_owned(),
        }
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self {
            member: Some(field.to_owned()),
            problem: "is given twice".to_owned(),
        }
    }

    fn unknown_field(_field: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(match expected {
            [] => "is unknown here; nothing is taken".to_owned(),
            names => format!("is unknown here; known are {}", listed(names)),
        })
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(format!("`{variant}` is none of {}", listed(expected)))
    }
}

impl Fault {
    /// Something else stands where an object is meant.
    #[must_use]
    pub fn no_object(value: &Json) -> Self {
        Self::invalid_type(kind(value), &"an object")
    }

    /// Something else stands where a word of an enumeration is meant.
    #[must_use]
    pub fn no_word(value: &Json) -> Self {
        Self::invalid_type(kind(value), &"a text")
    }
}

fn kind(value: &Json) -> Unexpected<'_> {
    match value {
        Json::Null => Unexpected::Unit,
        Json::Bool(given) => Unexpected::Bool(*given),
        Json::Number(_) => Unexpected::Other("number"),
        Json::String(given) => Unexpected::Str(given),
        Json::Array(_) => Unexpected::Seq,
        Json::Object(_) => Unexpected::Map,
    }
}

/// A value of a type out of a reader of JSON.
///
/// # Errors
/// What cannot be read, by its path.
pub fn typed<'de, T, D>(reader: D) -> Result<T, Unread>
where
    T: Deserialize<'de>,
    D: Deserializer<'de, Error = Fault> + Copy,
{
    // The path costs time, so it is looked for only where something is wrong.
    T::deserialize(reader).or_else(|_| {
        serde_path_to_error::deserialize(reader).map_err(|error| {
            let path = error.path().clone();
            let fault = error.into_inner();
            Unread::at(&path, fault.member, fault.problem)
        })
    })
}

/// A value that is JSON already, read strictly.
///
/// # Errors
/// What cannot be read, by its path.
pub fn strict<T: DeserializeOwned>(value: &Json) -> Result<T, Unread> {
    typed(Strict::Value(value))
}

/// The members of an object, read strictly.
///
/// # Errors
/// As [`strict`].
pub fn members<T: DeserializeOwned>(members: &Map<String, Json>) -> Result<T, Unread> {
    typed(Strict::Object(members))
}

/// JSON as it must be.
#[derive(Clone, Copy)]
enum Strict<'a> {
    Value(&'a Json),
    Object(&'a Map<String, Json>),
}

impl<'a> Strict<'a> {
    /// The members, where it is an object; else the value that it is.
    const fn object(self) -> Result<&'a Map<String, Json>, &'a Json> {
        match self {
            Self::Object(map) | Self::Value(Json::Object(map)) => Ok(map),
            Self::Value(other) => Err(other),
        }
    }

    fn members(
        map: &'a Map<String, Json>,
    ) -> MapDeserializer<'a, impl Iterator<Item = (&'a str, Self)>, Fault> {
        let members = map.iter();
        MapDeserializer::new(members.map(|(name, member)| (name.as_str(), Self::Value(member))))
    }
}

impl<'de> IntoDeserializer<'de, Fault> for Strict<'de> {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

/// JSON says itself what it is.
macro_rules! any {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            self.deserialize_any(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Strict<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.object() {
            Ok(map) => visitor.visit_map(Self::members(map)),
            Err(Json::Array(list)) => {
                let mut list = SeqDeserializer::new(list.iter().map(Self::Value));
                let read = visitor.visit_seq(&mut list)?;
                list.end().map(|()| read)
            }
            Err(other) => other.deserialize_any(visitor).map_err(scalar),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self {
            Self::Value(Json::Null) => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match self.object() {
            Ok(map) => visitor.visit_map(Self::members(map)),
            Err(other) => Err(Fault::no_object(other)),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match self.object() {
            Ok(map) => visitor.visit_enum(MapAccessDeserializer::new(Self::members(map))),
            Err(Json::String(word)) => visitor.visit_enum(word.as_str().into_deserializer()),
            Err(other) => Err(Fault::no_word(other)),
        }
    }

    any! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64 deserialize_char deserialize_str deserialize_string deserialize_bytes
        deserialize_byte_buf deserialize_unit deserialize_seq deserialize_map deserialize_identifier
        deserialize_ignored_any
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_any(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_any(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_any(visitor)
    }
}

/// A failure of a value that has no members.
#[must_use]
pub fn scalar(error: serde_json::Error) -> Fault {
    Fault::custom(error)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Deal {
        quantity: i64,
        #[serde(default)]
        term: Option<Term>,
        #[serde(default)]
        lines: Vec<Line>,
    }

    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Line {
        item: String,
    }

    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Term {
        Month,
        Year,
    }

    fn unread(text: &str) -> (String, String) {
        let unread = strict::<Deal>(&serde_json::from_str(text).unwrap()).unwrap_err();
        (unread.field, unread.problem)
    }

    #[test]
    fn what_fits_is_read() {
        let text = r#"{"quantity":2,"term":"year","lines":[{"item":"desk"}]}"#;
        let deal: Deal = strict(&serde_json::from_str(text).unwrap()).unwrap();
        assert_eq!((deal.quantity, deal.term), (2, Some(Term::Year)));
        assert_eq!(deal.lines[0].item, "desk");
        let null = strict::<Deal>(&json!({ "quantity": 1, "term": null }));
        assert_eq!(null.unwrap().term, None);
    }

    #[test]
    fn every_failure_names_its_path() {
        for (text, field, problem) in [
            (r#"{"quantity":"many"}"#, "quantity", "invalid type"),
            (
                r#"{"quantity":1,"term":"week"}"#,
                "term",
                "`week` is none of `month`, `year`",
            ),
            (r#"{"quantity":1,"term":3}"#, "term", "expected a text"),
            (r#"{"term":"year"}"#, "quantity", "is missing"),
            (
                r#"{"quantity":1,"lines":[{}]}"#,
                "lines[0].item",
                "is missing",
            ),
            (
                r#"{"quantity":1,"lines":[{"item":1}]}"#,
                "lines[0].item",
                "invalid type",
            ),
            (
                r#"{"quantity":1,"colour":1}"#,
                "colour",
                "known are `quantity`, `term`, `lines`",
            ),
            (
                r#"{"quantity":1,"lines":[{"item":"a","Item":1}]}"#,
                "lines[0].Item",
                "known are `item`",
            ),
            (
                r#"{"quantity":1,"lines":[["a"]]}"#,
                "lines[0]",
                "sequence, expected an object",
            ),
            ("[1]", "body", "sequence, expected an object"),
        ] {
            let (at, told) = unread(text);
            assert_eq!(at, field, "{text}: {told}");
            assert!(told.contains(problem), "{text}: {told}");
        }
    }
}

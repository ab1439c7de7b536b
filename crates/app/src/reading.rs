//! Reading JSON strictly, and naming what cannot be read by its path: `deal.lines[0].quantity`.
//!
//! Strict means: exact names, nothing unknown (the type says so), no name twice, an object where an object is meant
//! and not a list of its members in order, no NUL in any text. What is read leniently shares [`Text`] and [`Fault`].

use std::fmt;

use serde::de::value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{
    Deserialize, DeserializeOwned, DeserializeSeed, Deserializer, Error as _, IntoDeserializer,
    MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Number, Value as Json};

/// What no text may hold: databases keep it in no column of texts.
pub const NUL: &str = "holds a NUL character, which no text may; leave it out";

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
    fn body(problem: impl ToString) -> Self {
        Self {
            field: BODY.to_owned(),
            problem: problem.to_string(),
        }
    }

    /// From a failure of which the path is known, apart from a member that it may lack.
    fn at(path: &serde_path_to_error::Path, member: Option<String>, problem: String) -> Self {
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
    D: Deserializer<'de, Error = Fault>,
{
    serde_path_to_error::deserialize(reader).map_err(|error| {
        let path = error.path().clone();
        let fault = error.into_inner();
        Unread::at(&path, fault.member, fault.problem)
    })
}

/// A value that is JSON already, read strictly.
///
/// # Errors
/// What cannot be read, by its path.
pub fn strict<T: DeserializeOwned>(value: Json) -> Result<T, Unread> {
    typed(Strict(value))
}

/// The bytes of a body as JSON in which no text holds a NUL, and where `once` is asked for, no name comes twice.
///
/// # Errors
/// What cannot be read, by its path.
pub fn json(bytes: &[u8], once: bool) -> Result<Json, Unread> {
    let text = std::str::from_utf8(bytes).map_err(|_| Unread::body("is not UTF-8"))?;
    let text = text.trim_start_matches('\u{feff}');
    let read = |reader: &mut serde_json::Deserializer<_>| {
        let value = Text { once }.deserialize(&mut *reader)?;
        reader.end().map(|()| value)
    };
    // The path costs time, so it is looked for only where something is wrong.
    read(&mut serde_json::Deserializer::from_str(text)).map_err(|error| {
        let mut track = serde_path_to_error::Track::new();
        let mut again = serde_json::Deserializer::from_str(text);
        let reader = serde_path_to_error::Deserializer::new(&mut again, &mut track);
        match (Text { once }).deserialize(reader) {
            Err(error) if error.is_data() => {
                let told = error.to_string();
                // The place in the text says nothing more than the path.
                let problem = told.split(" at line ").next().unwrap_or_default();
                Unread::at(&track.path(), None, problem.to_owned())
            }
            _ => Unread::body(error),
        }
    })
}

/// Builds JSON, text by text.
#[derive(Clone, Copy)]
struct Text {
    once: bool,
}

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Json;
    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Json, D::Error> {
        reader.deserialize_any(self)
    }
}

fn clean<E: serde::de::Error>(text: String) -> Result<String, E> {
    if text.contains('\0') {
        Err(E::custom(NUL))
    } else {
        Ok(text)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Json;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(value.into())
    }
    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(value.into())
    }
    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Number::from_f64(value).map_or(Json::Null, Json::Number))
    }
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Json, E> {
        self.visit_string(text.to_owned())
    }
    fn visit_string<E: serde::de::Error>(self, text: String) -> Result<Json, E> {
        clean(text).map(Json::String)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let mut read = Vec::new();
        while let Some(value) = list.next_element_seed(self)? {
            read.push(value);
        }
        Ok(Json::Array(read))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let mut read = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let name = clean(name)?;
            // An error in place of the value carries the member's path.
            if self.once && read.contains_key(&name) {
                members.next_value_seed(Twice)?;
            }
            let value = members.next_value_seed(self)?;
            read.insert(name, value);
        }
        Ok(Json::Object(read))
    }
}

/// In place of the value of a name that came before.
struct Twice;

impl<'de> DeserializeSeed<'de> for Twice {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, _: D) -> Result<(), D::Error> {
        Err(D::Error::custom("is given twice"))
    }
}

/// JSON as it must be.
struct Strict(Json);

impl IntoDeserializer<'_, Fault> for Strict {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Strict {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.0 {
            Json::Object(map) => {
                let members = map.into_iter().map(|(name, member)| (name, Self(member)));
                visitor.visit_map(MapDeserializer::new(members))
            }
            Json::Array(list) => {
                let mut list = SeqDeserializer::new(list.into_iter().map(Self));
                let read = visitor.visit_seq(&mut list)?;
                list.end().map(|()| read)
            }
            other => other.deserialize_any(visitor).map_err(scalar),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.0 {
            Json::Null => visitor.visit_none(),
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
        match self.0 {
            Json::Object(_) => self.deserialize_any(visitor),
            other => Err(Fault::no_object(&other)),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match self.0 {
            Json::String(word) => visitor.visit_enum(word.into_deserializer()),
            Json::Object(map) => {
                let members = map.into_iter().map(|(name, member)| (name, Self(member)));
                visitor.visit_enum(MapAccessDeserializer::new(MapDeserializer::new(members)))
            }
            other => Err(Fault::no_word(&other)),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq
        tuple tuple_struct map identifier ignored_any
    }
}

/// A failure of a value that has no members.
#[must_use]
pub fn scalar(error: serde_json::Error) -> Fault {
    Fault::custom(error)
}

#[cfg(test)]
mod tests {
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
        let read = json(text.as_bytes(), true).and_then(strict::<Deal>);
        let unread = read.unwrap_err();
        (unread.field, unread.problem)
    }

    #[test]
    fn what_fits_is_read() {
        let text = r#"{"quantity":2,"term":"year","lines":[{"item":"desk"}]}"#;
        let deal: Deal = strict(json(text.as_bytes(), true).unwrap()).unwrap();
        assert_eq!((deal.quantity, deal.term), (2, Some(Term::Year)));
        assert_eq!(deal.lines[0].item, "desk");
        let null = json(br#"{"quantity":1,"term":null}"#, true).and_then(strict::<Deal>);
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
                r#"{"quantity":1,"quantity":2}"#,
                "quantity",
                "is given twice",
            ),
            (
                r#"{"quantity":1,"lines":[{"item":"a","item":"a"}]}"#,
                "lines[0].item",
                "is given twice",
            ),
            (
                r#"{"quantity":1,"lines":[["a"]]}"#,
                "lines[0]",
                "sequence, expected an object",
            ),
            ("[1]", "body", "sequence, expected an object"),
            (
                r#"{"quantity":1,"lines":[{"item":"a\u0000"}]}"#,
                "lines[0].item",
                "NUL",
            ),
            ("{", "body", "EOF"),
            (r#"{"quantity":1} 2"#, "body", "trailing"),
        ] {
            let (at, told) = unread(text);
            assert_eq!(at, field, "{text}: {told}");
            assert!(told.contains(problem), "{text}: {told}");
        }
    }
}

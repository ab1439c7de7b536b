//! From the bytes of a body to JSON: what no reader takes is refused here, by its path.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value as Json};
use tierline_app::reading::Unread;

/// What no text may hold: databases keep it in no column of texts.
pub(crate) const NUL: &str = "holds a NUL character, which no text may; leave it out";

/// The bytes of a body as JSON in which no text holds a NUL, and where `once` is asked for, no name comes twice.
///
/// # Errors
/// What cannot be read, by its path.
pub(crate) fn read(bytes: &[u8], once: bool) -> Result<Json, Unread> {
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
            match read.entry(clean(name)?) {
                Entry::Vacant(member) => {
                    member.insert(members.next_value_seed(self)?);
                }
                // An error in place of the value carries the member's path.
                Entry::Occupied(_) if self.once => members.next_value_seed(Twice)?,
                Entry::Occupied(mut member) => {
                    member.insert(members.next_value_seed(self)?);
                }
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_reader_takes_is_named_by_its_path() {
        for (text, field, problem) in [
            (r#"{"a":1,"a":2}"#, "a", "is given twice"),
            (r#"{"a":[{"b":1,"b":1}]}"#, "a[0].b", "is given twice"),
            (r#"{"a":[{"b":"x\u0000"}]}"#, "a[0].b", "NUL"),
            (r#"{"a":{"x\u0000":1}}"#, "a", "NUL"),
            (r#""\u0000""#, "body", "NUL"),
            ("{", "body", "EOF"),
            ("{} 2", "body", "trailing"),
        ] {
            let unread = read(text.as_bytes(), true).unwrap_err();
            assert_eq!(unread.field, field, "{text}: {}", unread.problem);
            assert!(
                unread.problem.contains(problem),
                "{text}: {}",
                unread.problem
            );
        }
        assert_eq!(read(b"\xff", true).unwrap_err().problem, "is not UTF-8");
    }

    #[test]
    fn everything_else_is_what_it_is() {
        let text = r#"{"a":[1,-1,0.5,true,null,"\\u0000"],"b":{}}"#;
        let plain: Json = serde_json::from_str(text).unwrap();
        assert_eq!(read(text.as_bytes(), true).unwrap(), plain);
        let twice = read(br#"{"a":1,"a":2}"#, false).unwrap();
        assert_eq!(twice, serde_json::json!({ "a": 2 }));
        assert!(read("\u{feff}{}".as_bytes(), true).is_ok());
    }
}

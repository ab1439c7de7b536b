//! Bodies: the documented wire is read leniently, `/program/v1` strictly.

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::Value;
use tierline_app::reading::{self, Fault, Unread, scalar};

use crate::problem::Problem;
use crate::wire::json;

/// A documented body as a typed value, read leniently ([`Lenient`]).
///
/// # Errors
/// A 400 that names what is wrong: malformed JSON, invalid UTF-8, a NUL, a wrong type, a missing member.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let value = json::read(bytes, false)?;
    Ok(reading::typed(Lenient(&value))?)
}

impl From<Unread> for Problem {
    fn from(unread: Unread) -> Self {
        Self::malformed(&unread.field, &unread.problem)
    }
}

/// JSON as released clients write it: a struct's members in any case, nulls as absent, of one name twice in
/// different case the last that is not null, enumeration values in any style, numbers and truth values as text
/// where the type asks for them. Names in open maps stay as they are.
#[derive(Clone, Copy)]
struct Lenient<'a>(&'a Value);

impl<'de> IntoDeserializer<'de, Fault> for Lenient<'de> {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

/// A number that may be written as text.
macro_rules! number {
    ($($method:ident $parsed:ty => $visit:ident;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
            match self.0 {
                Value::String(text) => match text.trim().parse::<$parsed>() {
                    Ok(number) => visitor.$visit(number),
                    Err(_) => self.0.$method(visitor).map_err(scalar),
                },
                _ => self.0.$method(visitor).map_err(scalar),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Lenient<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.0 {
            Value::Object(map) => {
                let members = map.iter().filter(|(_, member)| !member.is_null());
                let members = members.map(|(name, member)| (name.as_str(), Self(member)));
                visitor.visit_map(MapDeserializer::new(members))
            }
            Value::Array(list) => visitor.visit_seq(SeqDeserializer::new(list.iter().map(Self))),
            other => other.deserialize_any(visitor).map_err(scalar),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        let Value::Object(map) = self.0 else {
            return Err(Fault::no_object(self.0));
        };
        let members = fields.iter().filter_map(|field| {
            let mut spelled = map
                .iter()
                .filter(|(name, member)| name.eq_ignore_ascii_case(field) && !member.is_null());
            Some((*field, Self(spelled.next_back()?.1)))
        });
        visitor.visit_map(MapDeserializer::new(members))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        let Value::String(text) = self.0 else {
            return Err(Fault::no_word(self.0));
        };
        let wanted = flat(text);
        let variant = variants.iter().find(|variant| flat(variant) == wanted);
        match variant {
            Some(variant) => visitor.visit_enum((*variant).into_deserializer()),
            None => Err(Fault::unknown_variant(text, variants)),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.0 {
            Value::String(text) if text.eq_ignore_ascii_case("true") => visitor.visit_bool(true),
            Value::String(text) if text.eq_ignore_ascii_case("false") => visitor.visit_bool(false),
            _ => self.0.deserialize_bool(visitor).map_err(scalar),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.0 {
            Value::Number(number) => visitor.visit_string(number.to_string()),
            other => other.deserialize_str(visitor).map_err(scalar),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        self.deserialize_str(visitor)
    }

    number! {
        deserialize_i8 i64 => visit_i64;
        deserialize_i16 i64 => visit_i64;
        deserialize_i32 i64 => visit_i64;
        deserialize_i64 i64 => visit_i64;
        deserialize_u8 u64 => visit_u64;
        deserialize_u16 u64 => visit_u64;
        deserialize_u32 u64 => visit_u64;
        deserialize_u64 u64 => visit_u64;
    }

    forward_to_deserialize_any! {
        i128 u128 f32 f64 char bytes byte_buf unit unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

/// A word without what its styles differ in.
fn flat(text: &str) -> String {
    word(text).replace('_', "")
}

/// A body of `/program/v1`: exact names, none twice, nothing unknown (the type says so).
///
/// # Errors
/// A 400 that names what is wrong.
pub fn strict<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let value = json::read(bytes, true)?;
    Ok(reading::strict(&value)?)
}

/// An enumeration value in any documented style: `OneTime`, `oneTime`, `one_time`, `ONE_TIME` are one word.
#[must_use]
pub fn word(text: &str) -> String {
    let mut snake = String::with_capacity(text.len() + 2);
    let mut before_lower = false;
    for letter in text.chars() {
        if letter.is_uppercase() && before_lower {
            snake.push('_');
        }
        before_lower = letter.is_lowercase() || letter.is_ascii_digit();
        snake.extend(letter.to_lowercase());
    }
    snake.replace(['-', ' '], "_")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Line {
        catalog_item_id: Option<String>,
        quantity: i64,
        friendly_name: Option<String>,
        cycle: Option<Cycle>,
        #[serde(default)]
        accepted: bool,
        #[serde(default)]
        context: BTreeMap<String, String>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Cycle {
        OneTime,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Lines {
        line_items: Vec<Line>,
    }

    #[test]
    fn members_are_read_in_any_case_and_the_last_that_is_not_null_counts() {
        let body = r#"{ "lineitems": null, "LineItems": [{ "Quantity": "5", "quantity": null, "FriendlyName": null,
            "CATALOGITEMID": 7, "Cycle": "OneTime", "accepted": "True", "Context": { "SubscriptionId": "x" }, "other": {} }], "LINEITEMS": null }"#;
        let read: Lines = read(body.as_bytes()).unwrap();
        let line = Line {
            catalog_item_id: Some("7".to_owned()),
            quantity: 5,
            friendly_name: None,
            cycle: Some(Cycle::OneTime),
            accepted: true,
            context: BTreeMap::from([("SubscriptionId".to_owned(), "x".to_owned())]),
        };
        assert_eq!(
            read,
            Lines {
                line_items: vec![line]
            }
        );
    }

    #[test]
    fn a_failure_names_its_member() {
        let problem = |body: &str| read::<Lines>(body.as_bytes()).unwrap_err().description;
        let many = problem(r#"{"LineItems":[{"quantity":1},{"QUANTITY":"many"}]}"#);
        assert!(many.starts_with("lineItems[1].quantity: "), "{many}");
        let missing = problem(r#"{"LineItems":[{}]}"#);
        assert!(missing.contains("quantity"), "{missing}");
        assert!(problem("{").starts_with("body: "));
    }

    #[test]
    fn words_are_read_in_every_style() {
        for style in ["OneTime", "oneTime", "one_time", "ONE_TIME"] {
            assert_eq!(word(style), "one_time", "{style}");
        }
        assert_eq!(word("Monthly"), "monthly");
        assert_eq!(word("ANNUAL"), "annual");
        assert_eq!(
            word("IsIndirectCloudSolutionProviderOf"),
            "is_indirect_cloud_solution_provider_of"
        );
    }
}

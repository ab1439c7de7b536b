//! The key normaliser: member names in any case, `PascalCase`, nulls as absent, one name twice in different
//! case (the last non-null counts).

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::problem::Problem;

/// Names in lower case, nulls gone, at every depth.
#[must_use]
pub fn lenient(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut read = Map::new();
            for (name, member) in map {
                let member = lenient(member);
                if !member.is_null() {
                    read.insert(name.to_lowercase(), member);
                }
            }
            Value::Object(read)
        }
        Value::Array(list) => Value::Array(list.into_iter().map(lenient).collect()),
        other => other,
    }
}

/// A documented body as a typed value. Types name their members in lower case.
///
/// # Errors
/// A 400 that names what is wrong: malformed JSON, invalid UTF-8, a wrong type, a missing member.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let text =
        std::str::from_utf8(bytes).map_err(|_| Problem::malformed("body", "is not UTF-8"))?;
    let text = text.trim_start_matches('\u{feff}');
    let value: Value = serde_json::from_str(text)
        .map_err(|error| Problem::malformed("body", &error.to_string()))?;
    serde_json::from_value(lenient(value))
        .map_err(|error| Problem::malformed("body", &error.to_string()))
}

/// A body of `/program/v1`: exact names, nothing unknown (the type says so).
///
/// # Errors
/// A 400 that names what is wrong.
pub fn strict<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let text =
        std::str::from_utf8(bytes).map_err(|_| Problem::malformed("body", "is not UTF-8"))?;
    serde_json::from_str(text).map_err(|error| Problem::malformed("body", &error.to_string()))
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
    use super::*;
    use serde_json::json;

    #[test]
    fn the_last_name_that_is_not_null_counts() {
        let body = json!({ "LineItems": [{ "Quantity": 5, "quantity": null, "FriendlyName": null }], "lineitems": null });
        assert_eq!(lenient(body), json!({ "lineitems": [{ "quantity": 5 }] }));
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

//! The one way to write an event, or a row, as bytes: the same whichever engine kept it.

use serde_json::Value as Document;
use sha2::{Digest, Sha256};

use super::LoggedEvent;
use crate::value::{BadValue, Value};

/// What the first event is chained to.
pub(super) const GENESIS: [u8; 32] = [0; 32];

/// Bytes in the making: every part says whether it is there and how long it is, so that no two lists of
/// parts give the same bytes.
struct Parts(Sha256);

impl Parts {
    fn of(what: &str) -> Self {
        Self(Sha256::new()).and(what.as_bytes())
    }

    fn and(mut self, part: &[u8]) -> Self {
        let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
        self.0.update([1]);
        self.0.update(length.to_be_bytes());
        self.0.update(part);
        self
    }

    fn and_number(self, number: i64) -> Self {
        self.and(&number.to_be_bytes())
    }

    fn and_maybe(mut self, part: Option<&[u8]>) -> Self {
        if let Some(part) = part {
            return self.and(part);
        }
        self.0.update([0]);
        self
    }

    fn digest(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

/// The chain after an event: its digest over everything it holds, and the chain before it.
pub(super) fn chain(previous: &[u8], seq: i64, logged: &LoggedEvent) -> [u8; 32] {
    let event = &logged.event;
    Parts::of("tierline event 1")
        .and(previous)
        .and_number(seq)
        .and_number(logged.position)
        .and_number(logged.txid)
        .and(event.id.as_bytes())
        .and_number(event.at_world.as_micros())
        .and_number(event.at_server.as_micros())
        .and(event.home.as_bytes())
        .and(event.kind.as_bytes())
        .and(event.subject_kind.as_bytes())
        .and(event.subject.as_bytes())
        .and(event.actor.as_bytes())
        .and_maybe(event.tenant.as_ref().map(|id| id.as_bytes().as_slice()))
        .and(event.outcome.as_str().as_bytes())
        .and_maybe(event.rule.as_deref().map(str::as_bytes))
        .and(&event.digest)
        .and(document(&event.data).as_bytes())
        .digest()
}

/// What a checkpoint signs.
pub(super) fn checkpoint(seq: i64, chain: &[u8], at_micros: i64) -> [u8; 32] {
    Parts::of("tierline checkpoint 1")
        .and_number(seq)
        .and(chain)
        .and_number(at_micros)
        .digest()
}

/// Half the digest of a row whose last column holds it: of all the other columns.
#[must_use]
pub fn seal_of<T: crate::table::Table>(row: &T) -> Vec<u8> {
    let mut values = row.values();
    values.pop();
    let mut digest = row_digest(T::NAME, &values);
    digest.truncate(16);
    digest
}

/// The digest of a row of a table.
pub(super) fn row_digest(table: &str, values: &[Value]) -> Vec<u8> {
    let mut parts = Parts::of("tierline row 1").and(table.as_bytes());
    for value in values {
        parts = match value {
            Value::Null(_) => parts.and_maybe(None),
            Value::Id(id) => parts.and(id.as_bytes()),
            // A document is written in the one way when the value is made (`value::to_json`).
            Value::Text(text) | Value::Json(text) => parts.and(text.as_bytes()),
            Value::Int(number) => parts.and_number(*number),
            Value::Bool(yes) => parts.and(&[u8::from(*yes)]),
            Value::Instant(at) => parts.and_number(at.as_micros()),
            Value::Day(day) => parts.and(day.to_string().as_bytes()),
            Value::Bytes(bytes) => parts.and(bytes),
        };
    }
    parts.digest().to_vec()
}

/// A JSON document with its keys in order and nothing between its parts.
pub(crate) fn document(json: &Document) -> String {
    let mut text = String::with_capacity(256);
    write(json, &mut text);
    text
}

fn write(json: &Document, text: &mut String) {
    match json {
        Document::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write(item, text);
            }
            text.push(']');
        }
        Document::Object(fields) => {
            let mut fields: Vec<(&String, &Document)> = fields.iter().collect();
            fields.sort_unstable_by_key(|(key, _)| *key);
            text.push('{');
            for (index, (key, value)) in fields.into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_text(key, text);
                text.push(':');
                write(value, text);
            }
            text.push('}');
        }
        Document::String(plain) => write_text(plain, text),
        Document::Null => text.push_str("null"),
        Document::Bool(yes) => text.push_str(if *yes { "true" } else { "false" }),
        number @ Document::Number(_) => text.push_str(&number.to_string()),
    }
}

fn write_text(plain: &str, text: &mut String) {
    let is_plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
    if plain.bytes().all(is_plain) {
        text.push('"');
        text.push_str(plain);
        text.push('"');
    } else {
        text.push_str(&Document::from(plain).to_string());
    }
}

/// Refuses numbers with a fraction: each engine prints them in its own way.
pub(super) fn without_fractions(json: &Document) -> Result<(), BadValue> {
    match json {
        Document::Number(number) if number.is_f64() => Err(BadValue::new(
            "number without a fraction",
            &number.to_string(),
        )),
        Document::Array(items) => items.iter().try_for_each(without_fractions),
        Document::Object(fields) => fields.values().try_for_each(without_fractions),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_written_one_way() {
        let json: Document =
            serde_json::from_str(r#"{ "b": [1, {"d": null, "c": "\u00e9\n"}], "a": true }"#)
                .unwrap();
        assert_eq!(
            document(&json),
            r#"{"a":true,"b":[1,{"c":"é\n","d":null}]}"#
        );
        assert!(without_fractions(&json).is_ok());
        assert!(without_fractions(&serde_json::json!({"a": [0.5]})).is_err());
    }

    #[test]
    fn parts_cannot_run_into_each_other() {
        let digests = [
            Parts::of("x").and(b"ab").and(b"c").digest(),
            Parts::of("x").and(b"a").and(b"bc").digest(),
            Parts::of("x").and(b"abc").digest(),
            Parts::of("x").and(b"abc").and(b"").digest(),
            Parts::of("x").and(b"abc").and_maybe(None).digest(),
        ];
        for (index, digest) in digests.iter().enumerate() {
            assert!(!digests[..index].contains(digest));
        }
    }
}

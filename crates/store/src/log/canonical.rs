//! The one way to write an event, or a row, as bytes: the same whichever engine kept it.

use std::borrow::Cow;
use std::cell::RefCell;
use std::cmp::Ordering;
use std::io;
use std::rc::Rc;

use serde::Serialize;
use serde::ser::Error as _;
use serde_json::Value as Document;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter, Serializer};

use super::LoggedEvent;
use crate::value::{BadValue, Value};

/// What the first event is chained to.
pub(super) const GENESIS: [u8; 32] = [0; 32];

/// Bytes in the making: every part says whether it is there and how long it is, so that no two lists of
/// parts give the same bytes.
struct Parts(Vec<u8>);

impl Parts {
    fn of(what: &str) -> Self {
        // Most rows have no more than this.
        Self(Vec::with_capacity(1_024)).and(what.as_bytes())
    }

    fn and(mut self, part: &[u8]) -> Self {
        let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
        self.0.push(1);
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(part);
        self
    }

    fn and_number(self, number: i64) -> Self {
        self.and(&number.to_be_bytes())
    }

    fn and_maybe(mut self, part: Option<&[u8]>) -> Self {
        if let Some(part) = part {
            return self.and(part);
        }
        self.0.push(0);
        self
    }

    fn digest(self) -> [u8; 32] {
        sha256(&self.0)
    }
}

/// The SHA-256 of bytes: every row that is written has one, and what takes it is as fast as the processor.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut digest = [0; 32];
    digest.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref());
    digest
}

/// Bytes as digits, two of sixteen for each.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from(
                digit + if digit < 10 { b'0' } else { b'a' - 10 },
            ));
        }
    }
    text
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
        .and(tree(&event.data).as_bytes())
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
    for value in super::rows::counted(table, values) {
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

/// A structure as a JSON document with its keys in order and nothing between its parts.
///
/// # Errors
/// When the structure has no such form: a map whose keys are no texts.
pub(crate) fn document<T: Serialize + ?Sized>(structure: &T) -> serde_json::Result<String> {
    written(structure, false)
}

/// A tree of JSON as such a document.
fn tree(json: &Document) -> String {
    // A tree has no keys but texts, so that it can be written at all times.
    document(json).unwrap_or_else(|_| json.to_string())
}

/// As [`document`], without the members that are null: a structure reads one that is missing as the same.
///
/// # Errors
/// As [`document`].
pub(crate) fn brief_document<T: Serialize + ?Sized>(structure: &T) -> serde_json::Result<String> {
    written(structure, true)
}

fn written<T: Serialize + ?Sized>(structure: &T, is_brief: bool) -> serde_json::Result<String> {
    let text = Shared(Rc::new(RefCell::new(Vec::with_capacity(256))));
    let in_order = InOrder {
        text: text.clone(),
        is_brief,
        objects: Vec::new(),
        members: Vec::new(),
        spare: Vec::new(),
    };
    structure.serialize(&mut Serializer::with_formatter(text.clone(), in_order))?;
    String::from_utf8(text.0.take()).map_err(serde_json::Error::custom)
}

/// A text that its writer and who puts its members in order have between them.
#[derive(Clone)]
struct Shared(Rc<RefCell<Vec<u8>>>);

impl io::Write for Shared {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }
    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Puts the members of each object in the order of their keys, once its text stands.
struct InOrder {
    text: Shared,
    is_brief: bool,
    /// The objects that are open: where the text of each begins, and its first member.
    objects: Vec<(usize, usize)>,
    members: Vec<Member>,
    spare: Vec<u8>,
}

/// Where a member stands in the text.
struct Member {
    begins: usize,
    /// Where its value begins: behind the key, which stands between quotes, and a colon.
    value: usize,
    ends: usize,
    /// The first bytes of the key, in the order of all of it.
    start: u64,
    /// Another text than the key itself stands for it.
    is_escaped: bool,
}

impl Member {
    fn at(begins: usize) -> Self {
        Self {
            begins,
            value: begins,
            ends: begins,
            start: 0,
            is_escaped: false,
        }
    }

    /// What stands between the quotes.
    fn plain<'a>(&self, text: &'a [u8]) -> &'a [u8] {
        let (first, end) = (self.begins + 1, self.value.saturating_sub(2));
        text.get(first..end).unwrap_or_default()
    }

    fn key<'a>(&self, text: &'a [u8]) -> Cow<'a, [u8]> {
        let plain = self.plain(text);
        if !self.is_escaped {
            return Cow::Borrowed(plain);
        }
        let quoted = text.get(self.begins..self.value.saturating_sub(1));
        match serde_json::from_slice::<String>(quoted.unwrap_or_default()) {
            Ok(key) => Cow::Owned(key.into_bytes()),
            Err(_) => Cow::Borrowed(plain),
        }
    }

    /// Takes down where its key ends.
    fn close_key(&mut self, text: &[u8]) {
        self.value = text.len();
        let key = self.key(text);
        let mut start = [0; 8];
        let length = key.len().min(8);
        if let (Some(start), Some(key)) = (start.get_mut(..length), key.get(..length)) {
            start.copy_from_slice(key);
        }
        self.start = u64::from_be_bytes(start);
    }

    fn cmp(&self, other: &Self, text: &[u8]) -> Ordering {
        let starts = self.start.cmp(&other.start);
        starts.then_with(|| self.key(text).cmp(&other.key(text)))
    }
}

impl InOrder {
    /// Whether the object that is open has no member yet.
    fn is_first(&self) -> bool {
        let first = self.objects.last().map(|(_, first)| *first);
        first.is_none_or(|first| self.members.len() == first)
    }
}

impl Formatter for InOrder {
    fn write_char_escape<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        // In a value it says nothing: its member's key has been closed.
        if let Some(member) = self.members.last_mut() {
            member.is_escaped |= member.value == member.begins;
        }
        CompactFormatter.write_char_escape(writer, escape)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b"{")?;
        let begins = self.text.0.borrow().len();
        self.objects.push((begins, self.members.len()));
        Ok(())
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        _: bool,
    ) -> io::Result<()> {
        if !self.is_first() {
            writer.write_all(b",")?;
        }
        let begins = self.text.0.borrow().len();
        self.members.push(Member::at(begins));
        Ok(())
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b":")?;
        if let Some(member) = self.members.last_mut() {
            member.close_key(&self.text.0.borrow());
        }
        Ok(())
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        let mut text = self.text.0.borrow_mut();
        let Some(member) = self.members.last_mut() else {
            return Ok(());
        };
        member.ends = text.len();
        if self.is_brief && text.get(member.value..) == Some(b"null") {
            let begins = member.begins;
            self.members.pop();
            // With the comma before it.
            text.truncate(begins.saturating_sub(usize::from(!self.is_first())));
        }
        Ok(())
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if let Some((begins, first)) = self.objects.pop() {
            let mut text = self.text.0.borrow_mut();
            let members = self.members.get_mut(first..).unwrap_or_default();
            if !members.is_sorted_by(|one, other| one.cmp(other, &text).is_le()) {
                members.sort_unstable_by(|one, other| one.cmp(other, &text));
                self.spare.clear();
                for (index, member) in members.iter().enumerate() {
                    if index > 0 {
                        self.spare.push(b',');
                    }
                    let member = text.get(member.begins..member.ends);
                    self.spare.extend_from_slice(member.unwrap_or_default());
                }
                text.truncate(begins);
                text.extend_from_slice(&self.spare);
            }
            self.members.truncate(first);
        }
        writer.write_all(b"}")
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
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn documents_are_written_one_way() {
        let json: Document =
            serde_json::from_str(r#"{ "b": [1, {"d": null, "c": "\u00e9\n"}], "a": true }"#)
                .unwrap();
        let sorted = r#"{"a":true,"b":[1,{"c":"é\n","d":null}]}"#;
        assert_eq!(document(&json).unwrap(), sorted);
        assert_eq!(
            brief_document(&json).unwrap(),
            r#"{"a":true,"b":[1,{"c":"é\n"}]}"#
        );
        assert!(without_fractions(&json).is_ok());
        assert!(without_fractions(&serde_json::json!({"a": [0.5]})).is_err());
    }

    /// What the members of an object are, in the order in which a plain reading of the rule puts them.
    fn plainly(json: &Document) -> String {
        match json {
            Document::Array(items) => {
                let items: Vec<String> = items.iter().map(plainly).collect();
                format!("[{}]", items.join(","))
            }
            Document::Object(members) => {
                let members: std::collections::BTreeMap<_, _> = members.iter().collect();
                let members: Vec<String> = members
                    .into_iter()
                    .map(|(key, value)| {
                        format!("{}:{}", Document::from(key.as_str()), plainly(value))
                    })
                    .collect();
                format!("{{{}}}", members.join(","))
            }
            single => single.to_string(),
        }
    }

    fn trees() -> impl Strategy<Value = Document> {
        let leaf = prop_oneof![
            Just(Document::Null),
            any::<bool>().prop_map(Document::from),
            any::<i64>().prop_map(Document::from),
            ".{0,4}".prop_map(Document::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            let key = prop_oneof!["[a-c]{0,2}", ".{0,3}", "[\"\\\\\u{1}\u{1f} !\\[]{1,3}"];
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Document::from),
                proptest::collection::vec((key, inner), 0..5)
                    .prop_map(|members| Document::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn keys_are_in_order_whatever_is_in_them(json in trees()) {
            let text = document(&json).unwrap();
            prop_assert_eq!(&text, &plainly(&json));
            prop_assert_eq!(serde_json::from_str::<Document>(&text).unwrap(), json);
        }
    }

    /// A structure is written as its tree would be.
    #[test]
    fn structures_are_written_as_their_trees() {
        #[derive(Serialize)]
        enum Kind {
            Plain,
            Of(i64),
            With { z: Option<bool>, a: &'static str },
        }
        #[derive(Serialize)]
        struct All {
            zeta: Vec<Kind>,
            none: Option<u8>,
            by_number: std::collections::BTreeMap<i32, (u8, char)>,
            empty: std::collections::BTreeMap<String, u8>,
        }
        let all = All {
            zeta: vec![Kind::Plain, Kind::Of(-3), Kind::With { z: None, a: "\"" }],
            none: None,
            by_number: [(10, (1, 'x')), (9, (2, 'ü'))].into(),
            empty: [].into(),
        };
        let tree = serde_json::to_value(&all).unwrap();
        assert_eq!(document(&all).unwrap(), document(&tree).unwrap());
        assert_eq!(
            brief_document(&all).unwrap(),
            brief_document(&tree).unwrap()
        );
        assert!(document(&std::collections::BTreeMap::from([(vec![1], 1)])).is_err());
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

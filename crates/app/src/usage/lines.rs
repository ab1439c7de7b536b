//! Files of usage as they are sent: one JSON object a line, read piece by piece, so that nobody ever holds the whole text.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use tierline_domain::decimal::Decimal;
use tierline_domain::time::Timestamp;
use uuid::Uuid;

/// Most lines of one file: it is taken as a whole, in one transaction.
pub const LINES_MAX: usize = 500_000;
/// Most bytes of one line.
const LINE_BYTES_MAX: usize = 64 * 1024;
/// Faults that are told at once, at most.
pub const FAULTS_MAX: usize = 100;
/// Most characters of a name.
const NAME_MAX: usize = 500;
/// Most digits of a quantity or a cost, and how many of them may stand behind the point.
const DIGITS_MAX: u32 = 18;
const DECIMALS_MAX: u32 = 16;

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Fault {
    /// The line, from 1; nought for the file as a whole.
    pub line: usize,
    /// The field.
    pub field: String,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl Fault {
    /// A fault of a field.
    #[must_use]
    pub fn new(line: usize, field: &str, problem: impl Into<String>) -> Self {
        Self {
            line,
            field: field.to_owned(),
            problem: problem.into(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        write!(f, "{}: {}", self.field, self.problem)
    }
}

/// A line as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    subscription: Cow<'a, str>,
    #[serde(borrow)]
    meter: Cow<'a, str>,
    at: Timestamp,
    #[serde(borrow)]
    quantity: &'a RawValue,
    #[serde(borrow, default)]
    cost: Option<&'a RawValue>,
    #[serde(default)]
    resource: Option<Resource>,
}

/// The resource that a line names.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// Its path.
    pub uri: String,
    /// Its group.
    #[serde(default)]
    pub group: String,
    /// Where it runs.
    #[serde(default)]
    pub location: String,
    /// What its owner wrote on it.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// One event of a file. Names stand in the file's lists.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its place in the file, from 1.
    pub number: usize,
    /// The event's id.
    pub id: Uuid,
    /// The place of its subscription.
    pub subscription: usize,
    /// The place of its meter.
    pub meter: usize,
    /// The place of its resource.
    pub resource: Option<usize>,
    /// When it was used.
    pub at: Timestamp,
    /// How much.
    pub quantity: Decimal,
    /// What it costs in US dollars, where it came rated.
    pub cost: Option<Decimal>,
}

/// A file whose lines are in order, each for itself.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    /// The events, in order.
    pub lines: Vec<Line>,
    /// The subscriptions that they name.
    pub subscriptions: Vec<String>,
    /// The meters.
    pub meters: Vec<String>,
    /// The resources.
    pub resources: Vec<Resource>,
}

/// Reads a file piece by piece.
#[derive(Default)]
pub struct Reader {
    read: Lines,
    subscriptions: HashMap<String, usize>,
    meters: HashMap<String, usize>,
    resources: HashMap<Resource, usize>,
    rest: Vec<u8>,
    number: usize,
    faults: Vec<Fault>,
    is_full: bool,
}

impl Reader {
    /// Reads the next piece. Where too much is wrong with the file already, it only looks at where it ends.
    pub fn push(&mut self, mut piece: &[u8]) {
        while let Some(end) = piece.iter().position(|byte| *byte == b'\n') {
            let (line, behind) = piece.split_at(end);
            if self.rest.is_empty() {
                self.line(line);
            } else {
                self.keep(line);
                let whole = std::mem::take(&mut self.rest);
                self.line(&whole);
            }
            piece = behind.get(1..).unwrap_or_default();
        }
        self.keep(piece);
    }

    /// The file, or what is wrong with it.
    ///
    /// # Errors
    /// The first hundred faults.
    pub fn finish(mut self) -> Result<Lines, Vec<Fault>> {
        if !self.rest.is_empty() {
            let last = std::mem::take(&mut self.rest);
            self.line(&last);
        }
        if self.faults.is_empty() && self.read.lines.is_empty() {
            let problem = "holds no usage; send one JSON object a line";
            self.fault(0, "body", problem);
        }
        if self.faults.is_empty() {
            Ok(self.read)
        } else {
            Err(self.faults)
        }
    }

    /// Keeps what may be the beginning of a line, and of one that is too long no more than shows it.
    fn keep(&mut self, piece: &[u8]) {
        let room = LINE_BYTES_MAX
            .saturating_add(1)
            .saturating_sub(self.rest.len());
        let kept = piece.get(..room).unwrap_or(piece);
        self.rest.extend_from_slice(kept);
    }

    fn fault(&mut self, line: usize, field: &str, problem: impl Into<String>) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(Fault::new(line, field, problem));
        }
    }

    fn line(&mut self, bytes: &[u8]) {
        self.number = self.number.saturating_add(1);
        if bytes.iter().all(u8::is_ascii_whitespace) || self.faults.len() >= FAULTS_MAX {
            return;
        }
        if self.read.lines.len() >= LINES_MAX {
            if !self.is_full {
                self.is_full = true;
                let problem =
                    format!("more than {LINES_MAX} events; send the rest as another file");
                self.fault(self.number, "body", problem);
            }
            return;
        }
        if bytes.len() > LINE_BYTES_MAX {
            let problem = format!("is longer than {LINE_BYTES_MAX} bytes");
            self.fault(self.number, "line", problem);
            return;
        }
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        let bytes = match self.number {
            1 => bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes),
            _ => bytes,
        };
        match serde_json::from_slice::<Written<'_>>(bytes) {
            Ok(written) => {
                if let Err((field, problem)) = self.take(&written) {
                    self.fault(self.number, field, problem);
                }
            }
            Err(error) => {
                let told = error.to_string();
                // It is always the first line of what was given.
                let problem = told.split(" at line ").next().unwrap_or_default();
                self.fault(self.number, "line", problem.to_owned());
            }
        }
    }

    fn take(&mut self, written: &Written<'_>) -> Result<(), (&'static str, String)> {
        for (field, name) in [
            ("id", &written.id),
            ("subscription", &written.subscription),
            ("meter", &written.meter),
        ] {
            is_name(name).map_err(|problem| (field, problem))?;
        }
        let quantity = figure(written.quantity.get()).map_err(|problem| ("quantity", problem))?;
        let cost = match written.cost {
            None => None,
            Some(raw) if raw.get() == "null" => None,
            Some(raw) => Some(cost(raw.get()).map_err(|problem| ("cost", problem))?),
        };
        let resource = match &written.resource {
            None => None,
            Some(resource) => {
                is_name(&resource.uri).map_err(|problem| ("resource.uri", problem))?;
                let texts = [&resource.group, &resource.location];
                let tags = resource.tags.iter().flat_map(|(name, text)| [name, text]);
                if texts
                    .into_iter()
                    .chain(tags)
                    .any(|text| text.contains('\0'))
                {
                    return Err(("resource", "holds a NUL character".to_owned()));
                }
                Some(place(
                    &mut self.resources,
                    &mut self.read.resources,
                    resource,
                ))
            }
        };
        let subscription = place(
            &mut self.subscriptions,
            &mut self.read.subscriptions,
            written.subscription.as_ref(),
        );
        let meter = place(
            &mut self.meters,
            &mut self.read.meters,
            written.meter.as_ref(),
        );
        self.read.lines.push(Line {
            number: self.number,
            id: event_id(&written.id),
            subscription,
            meter,
            resource,
            at: written.at,
            quantity,
            cost,
        });
        Ok(())
    }
}

/// The place of a name in a list, where it comes first.
fn place<K, Q>(known: &mut HashMap<K, usize>, list: &mut Vec<K>, name: &Q) -> usize
where
    K: std::borrow::Borrow<Q> + std::hash::Hash + Eq + Clone,
    Q: std::hash::Hash + Eq + ToOwned<Owned = K> + ?Sized,
{
    if let Some(place) = known.get(name) {
        return *place;
    }
    let place = list.len();
    list.push(name.to_owned());
    known.insert(name.to_owned(), place);
    place
}

fn is_name(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err("is empty".to_owned());
    }
    if text.chars().count() > NAME_MAX {
        return Err(format!("is longer than {NAME_MAX} characters"));
    }
    if text.contains('\0') {
        return Err("holds a NUL character".to_owned());
    }
    Ok(())
}

/// The id under which an event is kept: the sender's, where it is a GUID.
#[must_use]
pub fn event_id(name: &str) -> Uuid {
    name.parse()
        .unwrap_or_else(|_| digest_id(&["usage event", name]))
}

/// An id that follows from texts.
#[must_use]
pub(crate) fn digest_id(texts: &[&str]) -> Uuid {
    let mut all = Sha256::new();
    for text in texts {
        all.update(text.len().to_be_bytes());
        all.update(text);
    }
    let digest = all.finalize();
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(digest.get(..16).unwrap_or(&[0; 16]));
    Uuid::from_bytes(bytes)
}

/// A number, or a text that is one.
fn figure(raw: &str) -> Result<Decimal, String> {
    let text = raw
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(raw);
    bounded(text)
}

fn bounded(text: &str) -> Result<Decimal, String> {
    let shown: String = text.chars().take(40).collect();
    let number = Decimal::of_json(text)
        .map_err(|error| match error {
            tierline_domain::money::MoneyError::Overflow => too_large(&shown),
            _ => format!("`{shown}` is no number such as 1.25"),
        })?
        .trimmed();
    if number.is_negative() {
        return Err(format!(
            "{shown} is negative; usage is never taken back this way"
        ));
    }
    let digits = number
        .mantissa()
        .checked_ilog10()
        .unwrap_or(0)
        .saturating_add(1);
    if digits > DIGITS_MAX || number.scale() > DECIMALS_MAX {
        return Err(too_large(&shown));
    }
    Ok(number)
}

fn too_large(shown: &str) -> String {
    format!(
        "{shown} has more than {DIGITS_MAX} digits, or more than {DECIMALS_MAX} decimals; round it or send it in parts"
    )
}

/// `"USD 1.25"`: consumption is priced in US dollars (BIL-021).
fn cost(raw: &str) -> Result<Decimal, String> {
    let text: String =
        serde_json::from_str(raw).map_err(|_| "is a text such as `USD 1.25`".to_owned())?;
    let figure = text.strip_prefix("USD ").ok_or_else(|| {
        format!(
            "`{text}` is no amount of US dollars, in which consumption is priced; write `USD 1.25`"
        )
    })?;
    bounded(figure)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Lines, Vec<Fault>> {
        let mut reader = Reader::default();
        // Byte by byte: where the pieces end says nothing.
        for byte in text.as_bytes() {
            reader.push(&[*byte]);
        }
        reader.finish()
    }

    fn line(quantity: &str) -> String {
        format!(
            r#"{{"id":"e","subscription":"s","meter":"m","at":"2024-01-02T03:04:05Z","quantity":{quantity}}}"#
        )
    }

    #[test]
    fn lines_are_read_whatever_pieces_they_come_in() {
        let text = format!("\u{feff}{}\r\n\n{}", line("1.50"), line("\"2e-3\""));
        let found = read(&text).unwrap();
        assert_eq!(found.subscriptions, ["s"]);
        let quantities: Vec<String> = found
            .lines
            .iter()
            .map(|line| line.quantity.to_string())
            .collect();
        assert_eq!(quantities, ["1.5", "0.002"]);
        assert_eq!(found.lines[1].number, 3);
        let mut whole = Reader::default();
        whole.push(text.as_bytes());
        assert_eq!(whole.finish().unwrap().lines.len(), 2);
    }

    #[test]
    fn every_bad_line_is_named() {
        let text = [
            line("-1"),
            line("true"),
            line("1e40"),
            line("0.00000000000000001"),
            "{".to_owned(),
            r#"{"id":"e"}"#.to_owned(),
            line("1").replace("\"e\"", "\"\""),
            line("1").replace("\"quantity\"", "\"cost\":\"EUR 1\",\"quantity\""),
            line("1").replace("2024-01-02T03:04:05Z", "yesterday"),
            line("1").replace("\"meter\"", "\"colour\":1,\"meter\""),
        ]
        .join("\n");
        let faults = read(&text).unwrap_err();
        let lines: Vec<usize> = faults.iter().map(|fault| fault.line).collect();
        assert_eq!(lines, (1..=10).collect::<Vec<_>>());
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert!(
            told[0].starts_with("line 1: quantity: -1 is negative"),
            "{told:?}"
        );
        assert!(told[2].contains("digits"), "{told:?}");
        assert!(told[7].starts_with("line 8: cost: `EUR 1`"), "{told:?}");
        assert!(told[9].contains("unknown field `colour`"), "{told:?}");
        assert_eq!(read("\n \n").unwrap_err()[0].line, 0);
    }

    #[test]
    fn a_line_without_end_is_not_kept() {
        let mut reader = Reader::default();
        for _ in 0..1_000 {
            reader.push(&[b'x'; 1_024]);
            assert!(reader.rest.len() <= LINE_BYTES_MAX + 1);
        }
        assert!(reader.finish().unwrap_err()[0].problem.contains("longer"));
    }

    #[test]
    fn a_guid_is_its_own_id_and_other_names_have_one() {
        let guid = "7f2e6f0e-25a1-4f65-9a1b-5a4a7a1c9d10";
        assert_eq!(event_id(guid).to_string(), guid);
        assert_eq!(event_id("a"), event_id("a"));
        assert_ne!(event_id("a"), event_id("b"));
    }
}

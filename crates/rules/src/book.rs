//! The rulebook itself: every rule's statement, grade, source, refusal and remedy, in English and
//! Japanese, read from the files of `program/` that are compiled in.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Prefixes in the order of the rulebook; a private code counts them from one (GEN-003).
pub const PREFIXES: [&str; 18] = [
    "GEN", "IDN", "ENR", "AGR", "REG", "REL", "CUS", "GDA", "DAP", "TXN", "ORD", "SUB", "TRF",
    "BIL", "PEC", "SUP", "ROL", "SEC",
];

/// The id of a rule, such as `TXN-601`. Ids order as the rulebook does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId {
    prefix: u8,
    number: u16,
}

impl RuleId {
    /// An id in a constant; a text that is none stops the build.
    ///
    /// # Panics
    /// At compile time, when the text is no rule id.
    #[must_use]
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        reason = "a const parser; it runs at compile time"
    )]
    pub const fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        assert!(
            bytes.len() == 7 && bytes[3] == b'-',
            "a rule id has the form ABC-123"
        );
        let mut prefix = 0;
        while prefix < PREFIXES.len() {
            let known = PREFIXES[prefix].as_bytes();
            if known[0] == bytes[0] && known[1] == bytes[1] && known[2] == bytes[2] {
                let number = (bytes[4] - b'0') as u16 * 100
                    + (bytes[5] - b'0') as u16 * 10
                    + (bytes[6] - b'0') as u16;
                return Self {
                    prefix: prefix as u8 + 1,
                    number,
                };
            }
            prefix += 1;
        }
        panic!("unknown prefix of a rule id")
    }

    /// Its prefix.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        PREFIXES
            .get(usize::from(self.prefix).saturating_sub(1))
            .copied()
            .unwrap_or("???")
    }

    /// The code of a refusal that no source documents (GEN-003): 7,000,000 + prefix × 1,000 + number.
    #[must_use]
    pub fn private_code(self) -> u32 {
        7_000_000_u32
            .saturating_add(u32::from(self.prefix).saturating_mul(1_000))
            .saturating_add(u32::from(self.number))
    }
}
impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:03}", self.prefix(), self.number)
    }
}
impl fmt::Debug for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl FromStr for RuleId {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let upper = text.to_ascii_uppercase();
        let known = BOOK.keys().find(|id| id.to_string() == upper);
        known
            .copied()
            .ok_or_else(|| format!("`{text}` is not a rule of the rulebook"))
    }
}
impl Serialize for RuleId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for RuleId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The languages in which the rulebook exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Lang {
    /// English; normative.
    #[default]
    En,
    /// Japanese.
    Ja,
}

impl Lang {
    /// Its two letters.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ja => "ja",
        }
    }

    /// The language of a locale such as `ja-JP`, or of an `Accept-Language` list; English otherwise.
    #[must_use]
    pub fn of_locale(text: &str) -> Self {
        let mut best = (0, Self::En);
        for range in text.split(',') {
            let (tag, quality) = match range.split_once(';') {
                Some((tag, rest)) => (tag, rest.trim().strip_prefix("q=").map_or(0, thousandths)),
                None => (range, 1_000),
            };
            let lang = match tag.trim().to_ascii_lowercase().get(..2) {
                Some("ja") => Self::Ja,
                Some("en") => Self::En,
                _ => continue,
            };
            if quality > best.0 {
                best = (quality, lang);
            }
        }
        best.1
    }
}

/// A quality between 0 and 1 with at most three decimals, in thousandths; what is none counts as 0.
fn thousandths(text: &str) -> u32 {
    let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let digits: String = part.chars().chain("000".chars()).take(3).collect();
    match (whole.parse::<u32>(), digits.parse::<u32>()) {
        (Ok(whole), Ok(part)) => whole.saturating_mul(1_000).saturating_add(part).min(1_000),
        _ => 0,
    }
}

/// The three texts of a rule in one language.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    /// The rule in one sentence.
    pub statement: String,
    /// What its refusal tells, as a sentence; empty where it refuses nothing.
    pub refusal: String,
    /// What the caller can do; empty where there is nothing.
    pub remedy: String,
}

/// One rule of the rulebook.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its id.
    pub id: RuleId,
    /// The heading it stands under.
    pub section: String,
    /// `seed`, `linked` or `derived`.
    pub grade: String,
    /// Who must obey.
    pub binds: String,
    /// When it is tested.
    pub checked: String,
    /// What the rulebook says of status and code.
    pub code: String,
    /// Where it comes from.
    pub source: String,
    english: Texts,
    japanese: Option<Texts>,
}

impl Entry {
    /// Its texts in a language; English where a translation is missing (a test finds none missing).
    #[must_use]
    pub fn texts(&self, lang: Lang) -> &Texts {
        match (lang, &self.japanese) {
            (Lang::Ja, Some(texts)) => texts,
            _ => &self.english,
        }
    }

    /// Whether the texts exist in Japanese.
    #[must_use]
    pub fn is_translated(&self) -> bool {
        self.japanese.is_some()
    }
}

const ENGLISH: &str = include_str!("../../../program/rulebook.md");

static BOOK: LazyLock<BTreeMap<RuleId, Entry>> = LazyLock::new(|| {
    let mut book = read(ENGLISH, &texts_of(crate::japanese::FILES));
    let sentences = texts_of(crate::english::FILES);
    for entry in book.values_mut() {
        if let Some(sentence) = sentences.get(&entry.id.to_string()) {
            entry.english.refusal.clone_from(&sentence.refusal);
        }
    }
    book
});

/// All rules, in the order of the rulebook.
pub fn all() -> impl Iterator<Item = &'static Entry> {
    BOOK.values()
}

/// One rule.
///
/// # Panics
/// Never for ids made by [`RuleId::of`] in this crate: a test looks every registered id up.
#[must_use]
pub fn entry(id: RuleId) -> Option<&'static Entry> {
    BOOK.get(&id)
}

fn texts_of(files: &[&str]) -> BTreeMap<String, Texts> {
    files.iter().flat_map(|file| read_texts(file)).collect()
}

/// Reads the small subset of TOML in which texts beside the rulebook are kept: `[ID]` and `key = "text"`.
fn read_texts(file: &str) -> Vec<(String, Texts)> {
    let mut found: Vec<(String, Texts)> = Vec::new();
    for line in file.lines() {
        let line = line.trim();
        if let Some(id) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            found.push((id.to_owned(), Texts::default()));
        } else if let (Some((key, value)), Some((_, texts))) =
            (line.split_once('='), found.last_mut())
        {
            let value = value
                .trim()
                .trim_start_matches('"')
                .trim_end_matches('"')
                .replace("\\\"", "\"");
            match key.trim() {
                "statement" => texts.statement = value,
                "refusal" => texts.refusal = value,
                "remedy" => texts.remedy = value,
                _ => {}
            }
        }
    }
    found
}

fn read(text: &str, japanese: &BTreeMap<String, Texts>) -> BTreeMap<RuleId, Entry> {
    let mut book = BTreeMap::new();
    let mut section = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(heading) = line
            .strip_prefix("## ")
            .or_else(|| line.strip_prefix("### "))
        {
            heading.clone_into(&mut section);
        }
        let Some((id, grade, statement)) = rule_line(line) else {
            continue;
        };
        let mut entry = Entry {
            id,
            section: section.clone(),
            grade: grade.to_owned(),
            binds: String::new(),
            checked: String::new(),
            code: String::new(),
            source: String::new(),
            english: Texts {
                statement: statement.to_owned(),
                ..Texts::default()
            },
            japanese: japanese.get(&id.to_string()).cloned(),
        };
        while let Some(detail) = lines.peek().and_then(|next| next.strip_prefix("  - ")) {
            for (key, value) in parts(detail) {
                let value = if value == "—" { String::new() } else { value };
                match key.as_str() {
                    "binds" => entry.binds = value,
                    "checked" => entry.checked = value,
                    "refusal" => entry.english.refusal = value,
                    "code" => entry.code = value,
                    "remedy" => entry.english.remedy = value,
                    "source" => entry.source = value,
                    _ => {}
                }
            }
            lines.next();
        }
        book.insert(id, entry);
    }
    book
}

/// `- **GEN-001** `linked` — Statement.`
fn rule_line(line: &str) -> Option<(RuleId, &str, &str)> {
    let rest = line.strip_prefix("- **")?;
    let (id, rest) = rest.split_once("** `")?;
    let (grade, statement) = rest.split_once("` — ")?;
    let (prefix, number) = id.split_once('-')?;
    let prefix = PREFIXES.iter().position(|known| *known == prefix)?;
    let id = RuleId {
        prefix: u8::try_from(prefix).ok()?.checked_add(1)?,
        number: number.parse().ok()?,
    };
    Some((id, grade, statement))
}

/// `refusal: R · code: C · remedy: M` in its parts; a middle dot inside a part is kept.
fn parts(detail: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for piece in detail.split(" · ") {
        match piece.split_once(": ") {
            Some((key, value))
                if ["binds", "checked", "refusal", "code", "remedy", "source"].contains(&key) =>
            {
                found.push((key.to_owned(), value.to_owned()));
            }
            _ => {
                if let Some((_, last)) = found.last_mut() {
                    last.push_str(" · ");
                    last.push_str(piece);
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_wanted_most_counts() {
        for (text, lang) in [
            ("ja-JP", Lang::Ja),
            ("en-US", Lang::En),
            ("fr;q=0.9, ja;q=0.8", Lang::Ja),
            ("ja;q=0.5, en;q=0.75", Lang::En),
            ("fr", Lang::En),
            ("ja;q=often", Lang::En),
        ] {
            assert_eq!(Lang::of_locale(text), lang, "{text}");
        }
    }

    #[test]
    fn the_book_has_all_its_rules() {
        assert_eq!(all().count(), 540);
        let seeds = all().filter(|entry| entry.grade == "seed").count();
        assert_eq!(seeds, 39);
        for entry in all() {
            assert!(!entry.texts(Lang::En).statement.is_empty(), "{}", entry.id);
            assert!(!entry.source.is_empty(), "{}", entry.id);
        }
    }

    #[test]
    fn every_refusal_that_is_shown_is_a_full_sentence() {
        let refers = |text: &str| {
            PREFIXES
                .iter()
                .any(|prefix| text.contains(&format!("{prefix}-")))
        };
        let english = |text: &str| {
            text.ends_with('.')
                && text.split_whitespace().count() >= 6
                && !refers(text)
                && text.starts_with(|first: char| first.is_uppercase())
        };
        let japanese = |text: &str| {
            text.ends_with('。')
                && text.chars().count() >= 12
                && !refers(text)
                // A sentence ends in a verb and is no stage direction; a note ends in a noun, or says what is to be shown.
                && (!text.ends_with("示す。") || text.ends_with("以下に示す。"))
                && text
                    .trim_end_matches('。')
                    .ends_with(['る', 'い', 'た', 'う', 'す', 'つ'])
        };
        let notes: Vec<String> = crate::rules::all()
            .map(crate::registry::Rule::entry)
            .flat_map(|entry| {
                let texts = [entry.texts(Lang::En), entry.texts(Lang::Ja)];
                let [en, ja] = texts.map(|texts| texts.refusal.as_str());
                let bad = [(en, english(en)), (ja, japanese(ja))];
                bad.map(|(text, sentence)| (entry.id, text, sentence))
            })
            .filter(|(_, _, sentence)| !sentence)
            .map(|(id, text, _)| format!("{id} {text}"))
            .collect();
        assert!(notes.is_empty(), "{}", notes.join("\n"));
    }

    #[test]
    fn sentences_stand_for_notes_of_the_book() {
        for id in texts_of(crate::english::FILES).keys() {
            let rule: RuleId = id.parse().unwrap();
            assert!(
                !entry(rule).unwrap().texts(Lang::En).refusal.is_empty(),
                "{id}"
            );
        }
    }

    #[test]
    fn private_codes_follow_gen_003() {
        assert_eq!(RuleId::of("TXN-501").private_code(), 7_010_501);
        assert_eq!(RuleId::of("SEC-021").private_code(), 7_018_021);
        assert_eq!("txn-501".parse::<RuleId>().unwrap(), RuleId::of("TXN-501"));
    }

    #[test]
    fn every_rule_has_japanese_texts() {
        let gaps: Vec<_> = all()
            .filter(|entry| {
                let (english, japanese) = (entry.texts(Lang::En), entry.texts(Lang::Ja));
                !entry.is_translated()
                    || japanese.statement.is_empty()
                    || japanese.refusal.is_empty() != english.refusal.is_empty()
                    || japanese.remedy.is_empty() != english.remedy.is_empty()
            })
            .map(|entry| entry.id)
            .collect();
        assert!(gaps.is_empty(), "no Japanese texts for {gaps:?}");
    }
}

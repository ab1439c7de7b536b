//! What is said beside the texts of rules, in Japanese: labels and values of facts, and failures that no rule
//! causes. English is written where it arises; here it is looked up, so that what is stored reads in any language.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use crate::Lang;

/// English, a tab, Japanese; a heading in brackets before each part. In English `{}` stands for what changes, and
/// in Japanese `{1}`, `{2}` for the first and the second of them.
const FILE: &str = include_str!("../../../program/ja/phrases.tsv");

/// A phrase with gaps.
struct Pattern {
    /// What stands before, between and after the gaps.
    fixed: Vec<&'static str>,
    japanese: &'static str,
}

/// The phrases of one part of the file.
#[derive(Default)]
struct Part {
    whole: HashMap<&'static str, &'static str>,
    /// Those with more fixed letters first.
    patterns: Vec<Pattern>,
}

#[derive(Default)]
struct Phrases {
    labels: Part,
    values: Part,
    failures: Part,
    /// What things are called, as they stand before a name in a failure.
    things: Part,
}

static PHRASES: LazyLock<Phrases> = LazyLock::new(|| read(FILE));

fn read(file: &'static str) -> Phrases {
    let mut phrases = Phrases::default();
    let mut part = &mut phrases.labels;
    for line in file.lines() {
        match line {
            "[labels]" => part = &mut phrases.labels,
            "[values]" => part = &mut phrases.values,
            "[failures]" => part = &mut phrases.failures,
            "[things]" => part = &mut phrases.things,
            _ => {
                if let Some((english, japanese)) = line.split_once('\t') {
                    part.add(english, japanese);
                }
            }
        }
    }
    for part in [
        &mut phrases.labels,
        &mut phrases.values,
        &mut phrases.failures,
    ] {
        part.patterns
            .sort_by_key(|pattern| std::cmp::Reverse(pattern.letters()));
    }
    phrases
}

impl Pattern {
    fn letters(&self) -> usize {
        self.fixed.iter().map(|text| text.len()).sum()
    }

    /// What stands in the gaps of a text, where the text is this phrase.
    fn gaps<'t>(&self, text: &'t str) -> Option<Vec<&'t str>> {
        let (first, others) = self.fixed.split_first()?;
        let (last, between) = others.split_last()?;
        let mut rest = text.strip_prefix(first)?;
        let mut gaps = Vec::with_capacity(others.len());
        for fixed in between {
            let (gap, after) = rest.split_once(fixed)?;
            gaps.push(gap);
            rest = after;
        }
        gaps.push(rest.strip_suffix(last)?);
        Some(gaps)
    }

    fn fill(&self, gaps: &[Cow<'_, str>]) -> String {
        let mut filled = String::new();
        let mut parts = self.japanese.split('{');
        filled.extend(parts.next());
        for part in parts {
            let (number, rest) = part.split_once('}').unwrap_or(("", part));
            let gap = number
                .parse()
                .ok()
                .and_then(|number: usize| number.checked_sub(1).and_then(|index| gaps.get(index)));
            filled.push_str(gap.map_or("", AsRef::as_ref));
            filled.push_str(rest);
        }
        filled
    }
}

impl Part {
    fn add(&mut self, english: &'static str, japanese: &'static str) {
        if english.contains("{}") {
            self.patterns.push(Pattern {
                fixed: english.split("{}").collect(),
                japanese,
            });
        } else {
            self.whole.insert(english, japanese);
        }
    }

    /// A text in Japanese; `gap` says what stands in its gaps.
    fn find<'t>(&self, text: &'t str, gap: impl Fn(&'t str) -> Cow<'t, str>) -> Option<String> {
        if let Some(japanese) = self.whole.get(text) {
            return Some((*japanese).to_owned());
        }
        self.patterns.iter().find_map(|pattern| {
            // What stands in quotes is told as it was written.
            let gaps = pattern.gaps(text)?.into_iter().zip(&pattern.fixed);
            let gaps: Vec<_> = gaps
                .map(|(text, before)| {
                    if before.ends_with('`') {
                        Cow::Borrowed(text)
                    } else {
                        gap(text)
                    }
                })
                .collect();
            Some(pattern.fill(&gaps))
        })
    }
}

/// The label of a fact; none where it is a name and reads the same in every language.
#[must_use]
pub fn label(text: &str) -> Option<String> {
    PHRASES.labels.find(text, Cow::Borrowed)
}

/// The value of a fact; none where it is a name, a number, a date or a word of commands.
#[must_use]
pub fn value(text: &str) -> Option<String> {
    PHRASES.values.find(text, |gap| value_in(gap, Lang::Ja))
}

/// A failure that no rule causes; none where nobody wrote it in Japanese.
#[must_use]
pub fn failure(text: &str) -> Option<String> {
    let failures = &PHRASES.failures;
    failures.find(text, failure_gap).or_else(|| {
        // A field is named as it is sent; what is wrong with it is said in words.
        let (field, problem) = text.split_once(": ")?;
        let problem = failures.find(problem, failure_gap)?;
        Some(format!("{field}: {problem}"))
    })
}

/// What fills a gap of a failure: another failure, a thing and its name, or a name.
fn failure_gap(gap: &str) -> Cow<'_, str> {
    let phrases = &*PHRASES;
    if let Some(known) = phrases
        .failures
        .whole
        .get(gap)
        .or(phrases.things.whole.get(gap))
    {
        return Cow::Borrowed(known);
    }
    let thing = phrases.things.whole.iter().filter_map(|(thing, japanese)| {
        let name = gap.strip_prefix(thing)?.strip_prefix(' ')?;
        Some((thing.len(), *japanese, name))
    });
    match thing.max_by_key(|(length, ..)| *length) {
        Some((_, japanese, name)) => Cow::Owned(format!("{japanese} {name}")),
        None => Cow::Borrowed(gap),
    }
}

/// A label in a language.
#[must_use]
pub fn label_in(text: &str, lang: Lang) -> Cow<'_, str> {
    in_lang(text, lang, label)
}

/// A value in a language.
#[must_use]
pub fn value_in(text: &str, lang: Lang) -> Cow<'_, str> {
    in_lang(text, lang, value)
}

/// A failure in a language.
#[must_use]
pub fn failure_in(text: &str, lang: Lang) -> Cow<'_, str> {
    in_lang(text, lang, failure)
}

fn in_lang(text: &str, lang: Lang, find: fn(&str) -> Option<String>) -> Cow<'_, str> {
    match lang {
        Lang::En => Cow::Borrowed(text),
        Lang::Ja => find(text).map_or(Cow::Borrowed(text), Cow::Owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_kept_in_their_places() {
        let pattern = Pattern {
            fixed: "relationship of {} with {}".split("{}").collect(),
            japanese: "{2} と {1} の関係",
        };
        let gaps = pattern.gaps("relationship of A with B {1}").unwrap();
        assert_eq!(gaps, ["A", "B {1}"]);
        let gaps: Vec<_> = gaps.into_iter().map(Cow::Borrowed).collect();
        assert_eq!(pattern.fill(&gaps), "B {1} と A の関係");
        assert_eq!(pattern.gaps("relationship of A"), None);
    }

    #[test]
    fn every_phrase_says_everything_that_english_says() {
        let mut seen = std::collections::BTreeSet::new();
        let mut heading = "";
        for line in FILE.lines().filter(|line| !line.starts_with('#')) {
            let Some((english, japanese)) = line.split_once('\t') else {
                assert!(line.is_empty() || line.starts_with('['), "{line}");
                heading = line;
                continue;
            };
            assert!(seen.insert((heading, english)), "{english} is there twice");
            assert!(!japanese.is_ascii(), "{english} is not in Japanese");
            for gap in 1..=english.matches("{}").count() {
                assert!(japanese.contains(&format!("{{{gap}}}")), "{english}: {gap}");
            }
        }
    }

    #[test]
    fn a_failure_names_thing_and_name() {
        assert_eq!(
            failure("customer C-9 does not exist").unwrap(),
            "顧客 C-9 は存在しません"
        );
        assert_eq!(
            failure("size: is at least 1").unwrap(),
            "size: 1 以上にしてください"
        );
        assert_eq!(
            failure("`customer` is not name=value").unwrap(),
            "`customer` は name=value の形ではありません"
        );
        assert_eq!(failure_in("x", Lang::En), "x");
    }
}

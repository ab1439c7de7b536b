//! Whoever reads Japanese reads Japanese: no label, no worded value and no failure is left in English.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is missing"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use tierline_app::check::{Options, refusals};
use tierline_rules::{decide, phrases};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Files below a directory with an ending, in order.
fn files(below: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut places = vec![root().join(below)];
    while let Some(place) = places.pop() {
        for path in std::fs::read_dir(place)
            .unwrap()
            .map(|entry| entry.unwrap().path())
        {
            if path.is_dir() {
                // The golden year is no file of cases.
                if !path.ends_with("golden") {
                    places.push(path);
                }
            } else if path.extension().is_some_and(|found| found == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Two words of English beside each other, or one of those that are said alone.
fn is_worded(text: &str) -> bool {
    const ALONE: [&str; 12] = [
        "none", "yes", "no", "missing", "off", "outdated", "expired", "altered", "both", "neither",
        "full", "now",
    ];
    let word = |word: &str| {
        word.len() > 1
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
    };
    let words: Vec<&str> = text.split(' ').collect();
    ALONE.contains(&text)
        || words
            .windows(2)
            .any(|pair| pair.iter().all(|one| word(one)))
}

/// Whether a text was found in Japanese, and no English is left in it.
fn is_told(japanese: Option<String>) -> bool {
    japanese.is_some_and(|text| !is_worded(&text))
}

#[tokio::test]
async fn facts_of_every_refusal_are_told_in_japanese() {
    let refused = refusals(&files("scenarios", "yaml"), &Options::default())
        .await
        .unwrap();
    assert!(refused.len() > 300, "only {} refusals", refused.len());
    let (mut labels, mut values) = (BTreeSet::new(), BTreeSet::new());
    for (_, facts) in &refused {
        let decision = decide(facts, &[]).explain(facts);
        for fact in decision
            .violations
            .iter()
            .flat_map(|violation| &violation.facts)
        {
            if !is_told(phrases::label(&fact.label)) {
                labels.insert(fact.label.clone());
            }
            if is_worded(&fact.value) && !is_told(phrases::value(&fact.value)) {
                values.insert(fact.value.clone());
            }
        }
    }
    // The name of a party is a label where its state is the value.
    labels.retain(|label| is_worded(label) || label.bytes().all(|byte| byte.is_ascii_lowercase()));
    assert!(
        labels.is_empty() && values.is_empty(),
        "labels: {labels:#?}\nvalues: {values:#?}"
    );
}

/// The text of the arguments that begin at a place in a source.
fn arguments(source: &str) -> &str {
    let (mut depth, mut is_text, mut is_escaped) = (1, false, false);
    for (place, letter) in source.char_indices() {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' if is_text => is_escaped = true,
            '"' => is_text = !is_text,
            '(' | '[' | '{' if !is_text => depth += 1,
            ')' | ']' | '}' if !is_text => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &source[..place];
        }
    }
    source
}

/// The texts in a piece of source, as they are when it runs; what `{name}` stands for is a `x`.
fn texts(source: &str) -> Vec<String> {
    let (mut found, mut text, mut is_text) = (Vec::new(), String::new(), false);
    let mut letters = source.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if is_text => {
                found.push(std::mem::take(&mut text));
                is_text = false;
            }
            '"' => is_text = true,
            '\\' if is_text => match letters.next() {
                Some('\n') => while letters.next_if(|next| next.is_whitespace()).is_some() {},
                other => text.extend(other),
            },
            '{' if is_text => {
                while letters.next_if(|next| *next != '}').is_some() {}
                letters.next();
                text.push('x');
            }
            letter if is_text => text.push(letter),
            _ => {}
        }
    }
    found
}

/// Every text that stands among the arguments of one of these calls.
fn told(below: &str, calls: &[&str]) -> BTreeSet<String> {
    let mut told = BTreeSet::new();
    for path in files(below, "rs") {
        let source = std::fs::read_to_string(&path).unwrap();
        let source = source.split("#[cfg(test)]").next().unwrap();
        for call in calls {
            for (place, _) in source.match_indices(call) {
                told.extend(texts(arguments(&source[place + call.len()..])));
            }
        }
    }
    told
}

#[test]
fn what_rules_show_is_told_in_japanese() {
    let told = told(
        "crates/rules/src/rules",
        &["shown(", "shown_of(", "claim(", "claim_of(", " with("],
    );
    assert!(told.len() > 250, "only {} texts", told.len());
    let untold: Vec<_> = told
        .iter()
        .filter(|text| is_worded(text))
        .filter(|text| !is_told(phrases::label(text)) && !is_told(phrases::value(text)))
        .collect();
    assert!(untold.is_empty(), "{untold:#?}");
}

#[test]
fn failures_without_a_rule_are_told_in_japanese() {
    let calls = [
        "Problem::malformed(",
        "Problem::documented(",
        "Problem::not_found(",
        "Problem::forbidden(",
        "Problem::conflict(",
        "Problem::new(",
        "Self::malformed(",
        "Self::documented(",
        "Self::not_found(",
        "Self::forbidden(",
        "Self::new(",
        "AppError::invalid(",
        "AppError::Conflict(",
        "AppError::Impossible(",
        "AppError::NotSupported(",
        "AppError::NotFound {",
        "::custom(",
        "Unread::body(",
        " bad(",
        "Self::plain(",
        "EligibilityError::plain(",
    ];
    let told = ["crates/app/src", "crates/api/src"].map(|below| told(below, &calls));
    let told: BTreeSet<_> = told.into_iter().flatten().collect();
    assert!(told.len() > 150, "only {} texts", told.len());
    let untold: Vec<_> = told
        .iter()
        .filter(|text| is_worded(text))
        .filter(|text| !is_told(phrases::failure(text)))
        .collect();
    assert!(untold.is_empty(), "{untold:#?}");
}

//! No rule is reported that has nothing to do with the case: of every refusal in the program's scenario files,
//! each reported rule goes away, alone with the rules that rest on the same fact, when one fact is changed.
//!
//! Nothing is cured by hand. A fact is a place in the typed facts; what it may be changed to is what stands at
//! that place in other cases, the other value of a yes or no, and nothing: a place that says nothing is left out. A rule for which no such change exists is
//! either over-reported, or names the wrong ground, or is entailed by another one and listed here with the
//! reason.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test says what went wrong by where it stops, and tells its figures"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use tierline_app::check::{Options, refusals};
use tierline_rules::{Facts, decide};

/// Rules that speak of other rules, or of the same thing under another name: they may come and go with what
/// they speak of, and each of them must go away with at most what it speaks of. Rule, grounds, reason.
const FOLLOWERS: &[(&str, &[&str], &str)] = &[
    (
        "TXN-408",
        EVERY,
        "names the ordinary rules that bind a partner as buyer",
    ),
    (
        "TXN-613",
        EVERY,
        "names the rules that no option of scenario 6 suspends",
    ),
    (
        "TXN-409",
        EVERY,
        "names what the shared-services tenant lacks",
    ),
    (
        "TXN-604",
        EVERY,
        "option 1 holds only once exclusivity is out of the way",
    ),
    (
        "TXN-611",
        &["tenant_use", "exclusivity", "ordinary"],
        "one tenant in both roles",
    ),
    (
        "ENR-022",
        &["caller_type", "chain"],
        "asked of resellers only",
    ),
    (
        "CUS-001",
        &["caller_type", "chain"],
        "asked of resellers only",
    ),
    (
        "BIL-005",
        &["named_identity"],
        "asked only once a reseller is named",
    ),
    (
        "TXN-104",
        &["caller_type", "named_identity"],
        "a seller or reseller of the wrong type makes no supported chain",
    ),
    (
        "REG-015",
        &["buyer_region", "partner_region"],
        "both regions of a two-tier sale at once",
    ),
    (
        "TXN-204",
        &["caller_type"],
        "a partner in a customer's place is asked whether the subscription is its own",
    ),
    (
        "DAP-004",
        &["access_role"],
        "the granular roles that count instead lack the one that is needed",
    ),
];
const EVERY: &[&str] = &[];

/// What is no fact of the parties: the command itself, its moment and the operator's policy.
const NO_FACTS: &[&str] = &["/checkpoint", "/new_business", "/now", "/today", "/policy"];

/// Values tried at one place, at most.
const VALUES_MAX: usize = 12;

/// Every place of a value, deepest first: its path and what stands there.
fn places(value: &Json, path: &str, found: &mut Vec<(String, Json)>) {
    match value {
        Json::Object(map) => {
            for (key, value) in map {
                places(value, &format!("{path}/{key}"), found);
            }
        }
        Json::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                places(value, &format!("{path}/{index}"), found);
            }
        }
        _ => {}
    }
    if !path.is_empty() {
        found.push((path.to_owned(), value.clone()));
    }
}

/// The places that other cases have and that this one says nothing of, where it has what holds them.
fn silent(text: &Json, pool: &BTreeMap<String, Vec<Json>>) -> Vec<Change> {
    let has = |path: &str| text.pointer(path).is_some();
    let holds = |path: &str| text.pointer(parent(path)).is_some_and(Json::is_object);
    let paths = pool.keys().filter(|path| !has(path) && holds(path));
    paths.map(|path| (path.clone(), Json::Null)).collect()
}

/// Puts a value in its place; nothing where it is taken away.
fn put(text: &mut Json, (path, value): &Change) {
    let name = path.rsplit('/').next().unwrap();
    match text.pointer_mut(parent(path)).unwrap() {
        Json::Object(map) if value.is_null() => {
            map.remove(name);
        }
        Json::Object(map) => {
            map.insert(name.to_owned(), value.clone());
        }
        _ => text.pointer_mut(path).unwrap().clone_from(value),
    }
}

/// What a rule and the fact it rests on are called.
type Reported = BTreeSet<(String, String)>;

fn reported(facts: &Facts) -> Reported {
    let verdict = decide(facts, &[]);
    let names = verdict
        .failed()
        .iter()
        .map(|rule| (rule.id.to_string(), rule.ground.to_string()));
    names.collect()
}

/// Where a fact is changed, and to what.
type Change = (String, Json);

/// Every change of one fact: to what other cases have there, to the other truth, to nothing.
fn changes(here: &[Change], pool: &BTreeMap<String, Vec<Json>>) -> Vec<Change> {
    let others = |(path, value): &Change| {
        let flipped = value.as_bool().map(|value| Json::Bool(!value));
        let others = pool.get(path).into_iter().flatten().cloned();
        let values: Vec<_> = others
            .chain(flipped)
            .chain([Json::Null])
            .filter(|other| other != value)
            .collect();
        values
            .into_iter()
            .map(|value| (path.clone(), value))
            .collect::<Vec<_>>()
    };
    here.iter().flat_map(others).collect()
}

/// The place that holds a place.
fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// The rules that go or come when a ground is cured, beside those of the ground itself.
fn follows(rule: &str, ground: &str) -> bool {
    FOLLOWERS.iter().any(|(follower, grounds, _)| {
        *follower == rule && (grounds.is_empty() || grounds.contains(&ground))
    })
}

/// Whether a change cured a ground and touched nothing else.
fn is_cure(before: &Reported, after: &Reported, ground: &str) -> bool {
    let speaks = |rule: &str| {
        let found = before.iter().find(|(_, other)| other == ground);
        found.is_some_and(|(own, _)| {
            follows(own, "")
                || FOLLOWERS
                    .iter()
                    .any(|(f, g, _)| f == own && g.contains(&rule))
        })
    };
    let allowed = |(rule, other): &&(String, String)| {
        other == ground || follows(rule, ground) || speaks(other)
    };
    after.iter().all(|(_, other)| other != ground)
        && before
            .symmetric_difference(after)
            .all(|change| allowed(&change))
}

fn files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let mut files: Vec<_> = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .collect();
    files.sort();
    files
}

#[tokio::test]
async fn curing_a_fact_removes_exactly_the_rules_that_rest_on_it() {
    let refused = refusals(&files(), &Options::default()).await.unwrap();
    let texts: Vec<Json> = refused
        .iter()
        .map(|(_, facts)| serde_json::to_value(facts).unwrap())
        .collect();
    let mut pool: BTreeMap<String, Vec<Json>> = BTreeMap::new();
    for text in &texts {
        let mut found = Vec::new();
        places(text, "", &mut found);
        for (path, value) in found {
            let values = pool.entry(path).or_default();
            if values.len() < VALUES_MAX && !values.contains(&value) {
                values.push(value);
            }
        }
    }
    let (mut cured, mut stuck) = (0_usize, Vec::new());
    for ((case, facts), text) in refused.iter().zip(&texts) {
        let before = reported(facts);
        let grounds: BTreeSet<&String> = before.iter().map(|(_, ground)| ground).collect();
        let mut open = grounds;
        let mut near: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut here = Vec::new();
        places(text, "", &mut here);
        here.extend(silent(text, &pool));
        here.retain(|(path, _)| !NO_FACTS.iter().any(|no| path.starts_with(no)));
        // One change first; where that is not enough, two of one party: its state and its signature, say.
        let single = changes(&here, &pool);
        let pairs = || {
            single.iter().enumerate().flat_map(|(place, one)| {
                let rest = single.iter().skip(place + 1);
                rest.filter(|other| parent(&one.0) == parent(&other.0) && one.0 != other.0)
                    .map(move |other| vec![one, other])
            })
        };
        let tries = single.iter().map(|one| vec![one]).chain(pairs());
        for changed in tries {
            if open.is_empty() {
                break;
            }
            let mut text = text.clone();
            for change in &changed {
                put(&mut text, change);
            }
            let Ok(facts) = serde_json::from_value::<Facts>(text) else {
                continue;
            };
            let after = reported(&facts);
            for ground in &open {
                let gone = !after.iter().any(|(_, other)| other == *ground);
                if gone && !is_cure(&before, &after, ground) {
                    let paths: Vec<_> = changed.iter().map(|(path, _)| path).collect();
                    let gone: Vec<_> = before.difference(&after).collect();
                    let came: Vec<_> = after.difference(&before).collect();
                    let notes = near.entry((*ground).clone()).or_default();
                    if notes.len() < 3 {
                        notes.push(format!("{paths:?}: gone {gone:?}, came {came:?}"));
                    }
                }
            }
            open.retain(|ground| !is_cure(&before, &after, ground));
        }
        let solved = before.iter().filter(|(_, ground)| !open.contains(ground));
        cured += solved.count();
        for (rule, ground) in before.iter().filter(|(_, ground)| open.contains(ground)) {
            let notes = near.get(ground).cloned().unwrap_or_default();
            stuck.push(format!(
                "{case} {rule} ({ground})\n    {}",
                notes.join("\n    ")
            ));
        }
    }
    println!(
        "{} refusals, {cured} reported rules cured one fact at a time",
        refused.len()
    );
    assert!(
        stuck.is_empty(),
        "{} cannot be cured alone:\n{}",
        stuck.len(),
        stuck.join("\n")
    );
}

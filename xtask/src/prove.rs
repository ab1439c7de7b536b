//! `cargo xtask rules --prove`: each enforced rule earns its place. Switched off, some scenario case that
//! names it must fail.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::Value;

use crate::place::{self, root};
use crate::program::{Output, Program};

/// How it went without a rule.
#[derive(Debug, PartialEq, Eq)]
enum Without {
    /// Some case failed.
    Missed,
    /// No case of those that name it failed.
    Idle(String),
}

/// A scenario file.
struct File {
    path: String,
    text: String,
}

/// Switches every enforced rule off in turn; ends with the list of those that no case misses.
pub(crate) fn run() -> Result<bool, String> {
    Program::new("cargo", ["build", "--release", "-p", "tierline"]).run()?;
    prove(&place::binary("release")?)
}

/// The same with the program that the tests have built: a step of continuous integration.
pub(crate) fn built() -> Result<(), String> {
    if prove(&place::binary("debug")?)? {
        return Ok(());
    }
    Err("some rules are missed by no case: write one, as CONTRIBUTING says".to_owned())
}

fn prove(binary: &Path) -> Result<bool, String> {
    let rules = enforced(&Program::new(binary, ["rules", "--json"]).output()?.text)?;
    let files = read(place::scenarios()?)?;
    // A case that fails anyway says nothing about a rule.
    let broken = failures(&check(binary, None, &files.iter().collect::<Vec<_>>())?)?;
    for case in &broken {
        println!("{case} fails with every rule in force, and counts for none");
    }
    let idle = idle(&rules, |rule| {
        let naming: Vec<_> = files
            .iter()
            .filter(|file| file.text.contains(rule))
            .collect();
        if naming.is_empty() {
            return Ok(Without::Idle("no case names it".to_owned()));
        }
        judge(&check(binary, Some(rule), &naming)?, &broken)
    })?;
    let count = rules.len();
    if idle.is_empty() {
        println!("{count} enforced rules were switched off in turn; no case fails without: none");
        return Ok(true);
    }
    println!("{count} enforced rules were switched off in turn; no case fails without:");
    for (rule, why) in &idle {
        println!("{rule}  {why}");
    }
    Ok(false)
}

/// The ids of enforced rules in the answer of `tierline rules --json`.
fn enforced(answer: &str) -> Result<Vec<String>, String> {
    let rules: Value =
        serde_json::from_str(answer).map_err(|error| format!("tierline rules --json: {error}"))?;
    let rules = rules
        .as_array()
        .ok_or("tierline rules --json gives no array")?;
    let ids: Vec<String> = rules
        .iter()
        .filter(|rule| rule["status"] == "enforced")
        .filter_map(|rule| rule["id"].as_str().map(str::to_owned))
        .collect();
    if ids.is_empty() {
        return Err("tierline rules --json names no enforced rule".to_owned());
    }
    Ok(ids)
}

fn read(paths: Vec<String>) -> Result<Vec<File>, String> {
    let read = |path: String| {
        let text =
            fs::read_to_string(root().join(&path)).map_err(|error| format!("{path}: {error}"))?;
        Ok(File { path, text })
    };
    paths.into_iter().map(read).collect()
}

fn check(binary: &Path, without: Option<&str>, files: &[&File]) -> Result<Output, String> {
    let mut check = Program::new(binary, ["check", "--quiet"]);
    if let Some(rule) = without {
        check = check.args(["--without", rule, "--rule", rule]);
    }
    check.args(files.iter().map(|file| &file.path)).output()
}

/// The cases that failed; a run that could not be made is an error.
fn failures(output: &Output) -> Result<BTreeSet<String>, String> {
    if !matches!(output.status, Some(0 | 1)) {
        return Err(format!("tierline check did not run:\n{}", output.text));
    }
    let failed = output.text.lines().filter_map(|line| {
        let case = line.strip_prefix("FAIL")?.split_whitespace().next()?;
        Some(case.to_owned())
    });
    Ok(failed.collect())
}

fn judge(output: &Output, broken: &BTreeSet<String>) -> Result<Without, String> {
    if failures(output)?.is_subset(broken) {
        let total = output.text.lines().last().unwrap_or_default();
        return Ok(Without::Idle(format!("of the cases that name it: {total}")));
    }
    Ok(Without::Missed)
}

/// Asks about every rule, on as many threads as there are cores; what is idle, in order.
fn idle(
    rules: &[String],
    without: impl Fn(&str) -> Result<Without, String> + Sync,
) -> Result<Vec<(String, String)>, String> {
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    let work = || {
        while let Some(rule) = rules.get(next.fetch_add(1, Ordering::Relaxed)) {
            let answer = without(rule).map_err(|problem| format!("without {rule}: {problem}"));
            let mut found = found.lock().map_err(|_| "a thread panicked")?;
            match answer? {
                Without::Missed => {}
                Without::Idle(why) => found.push((rule.clone(), why)),
            }
        }
        Ok::<(), String>(())
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().map_err(|_| "a thread panicked".to_owned())?)
    })?;
    let mut found = found.into_inner().map_err(|_| "a thread panicked")?;
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(status: i32, text: &str) -> Output {
        Output {
            text: text.to_owned(),
            status: Some(status),
        }
    }

    #[test]
    fn only_enforced_rules_are_tried() {
        let answer =
            r#"[{"id":"TXN-101","status":"enforced"},{"id":"GEN-001","status":"planned"}]"#;
        assert_eq!(enforced(answer), Ok(vec!["TXN-101".to_owned()]));
        assert!(enforced("[]").is_err(), "an empty answer proves nothing");
        assert!(enforced("").is_err());
    }

    #[test]
    fn a_rule_that_no_case_misses_is_idle() {
        let broken = BTreeSet::from(["S1-09".to_owned()]);
        let missed = output(1, "FAIL  S1-03  A title: allowed\n0 passed, 1 failed\n");
        assert_eq!(judge(&missed, &broken), Ok(Without::Missed));
        let idle = output(0, "3 passed, 0 failed\n");
        assert!(matches!(judge(&idle, &broken), Ok(Without::Idle(_))));
        let broken_anyway = output(1, "FAIL  S1-09  A title: refused\n2 passed, 1 failed\n");
        assert!(matches!(
            judge(&broken_anyway, &broken),
            Ok(Without::Idle(_))
        ));
    }

    #[test]
    fn a_run_that_failed_is_no_proof() {
        assert!(judge(&output(2, ""), &BTreeSet::new()).is_err());
    }

    #[test]
    fn every_rule_is_asked_about_and_the_idle_ones_are_sorted() {
        let rules: Vec<String> = (100..200).rev().map(|n| format!("TXN-{n}")).collect();
        let answer = |rule: &str| {
            Ok(if rule.ends_with('7') {
                Without::Idle(String::new())
            } else {
                Without::Missed
            })
        };
        let idle = idle(&rules, answer).unwrap();
        assert_eq!(idle.len(), 10);
        assert_eq!(idle[0].0, "TXN-107");
    }
}

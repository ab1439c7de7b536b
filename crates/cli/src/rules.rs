//! `tierline rules`: the rulebook as enforced.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::{Value, json};
use tierline_api::render;
use tierline_app::check;
use tierline_rules::book::{self, Entry};
use tierline_rules::{Lang, RuleId, rules};

use crate::{Language, Printer, fail};

/// The rulebook as enforced: statement, source, where it is checked, which tests need it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// One rule.
    id: Option<String>,
    /// For programs: {id, status, where, tests, issue}, an array of them without an id.
    #[arg(long)]
    json: bool,
    /// All of them as Markdown: `docs/rules.md` is this.
    #[arg(long, conflicts_with_all = ["id", "json"])]
    markdown: bool,
    /// Language of the texts.
    #[arg(long, value_enum, default_value_t = Language::En)]
    lang: Language,
    /// Where the scenario files are.
    #[arg(long, default_value = "scenarios")]
    scenarios: PathBuf,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    let lang = Lang::from(args.lang);
    let tests = tests(&args.scenarios);
    if let Some(id) = &args.id {
        let Some(entry) = id.parse::<RuleId>().ok().and_then(book::entry) else {
            return fail(format!("{id} is no rule of the rulebook"));
        };
        if args.json {
            Printer::line(serde_json::to_string_pretty(&row(entry, &tests)).unwrap_or_default());
        } else {
            tell(entry, lang, &tests);
        }
        return ExitCode::SUCCESS;
    }
    if args.markdown {
        Printer::line(markdown(lang, &tests));
        return ExitCode::SUCCESS;
    }
    if args.json {
        let list: Vec<Value> = book::all().map(|entry| row(entry, &tests)).collect();
        Printer::line(serde_json::to_string_pretty(&list).unwrap_or_default());
        return ExitCode::SUCCESS;
    }
    for entry in book::all() {
        Printer::line(format!(
            "{}  {:<9}  {}",
            entry.id,
            render::status(entry.id),
            entry.texts(lang).statement
        ));
    }
    Printer::line(counts());
    ExitCode::SUCCESS
}

fn counts() -> String {
    let count = |status: &str| {
        book::all()
            .filter(|entry| render::status(entry.id) == status)
            .count()
    };
    format!(
        "{} enforced, {} by construction, {} planned",
        count("enforced"),
        count("behaviour"),
        count("planned")
    )
}

/// Every rule in a table of its section, with its status, where it is checked and what shows it.
fn markdown(lang: Lang, tests: &BTreeMap<String, Vec<String>>) -> String {
    let mut lines = vec![
        "# The rules".to_owned(),
        String::new(),
        "Written by `tierline rules --markdown`; the rules themselves are in the [rulebook](../program/rulebook.md).".to_owned(),
        "*Enforced* rules refuse or decide and are registered; *behaviour* holds by construction; *planned* is not built.".to_owned(),
        "Cases are those of the [scenario files](../scenarios/README.md) that name the rule.".to_owned(),
        String::new(),
        format!("{}.", counts()),
    ];
    let mut section = "";
    for entry in book::all() {
        if entry.id.prefix() != section {
            section = entry.id.prefix();
            lines.extend([
                String::new(),
                format!("## {section}"),
                String::new(),
                "| Rule | Status | Issue | Checked at | Shown by | Statement |".to_owned(),
                "|---|---|---|---|---|---|".to_owned(),
            ]);
        }
        let status = render::status(entry.id);
        let cell = |text: &str| text.replace('|', "\\|");
        lines.push(format!(
            "| {} | {status} | {} | {} | {} | {} |",
            entry.id,
            issue(entry),
            cell(&places(entry, status).join(", ")),
            cell(&named(entry, tests).join(", ")),
            cell(&entry.texts(lang).statement),
        ));
    }
    lines.join("\n")
}

/// Rule → the cases that name it, from the scenario files at hand.
fn tests(directory: &std::path::Path) -> BTreeMap<String, Vec<String>> {
    let mut files = Vec::new();
    for directory in [directory.to_owned(), directory.join("own")] {
        let Ok(entries) = std::fs::read_dir(directory) else {
            continue;
        };
        files.extend(
            entries
                .filter_map(|entry| entry.ok().map(|entry| entry.path()))
                .filter(|path| {
                    path.extension()
                        .is_some_and(|extension| extension == "yaml")
                }),
        );
    }
    if files.is_empty() {
        let place = directory.display();
        Printer::complain(format!(
            "no scenario files in {place}, so no cases are shown; name their directory with --scenarios"
        ));
    }
    files.sort();
    let cases = check::cases_by_rule(&files);
    cases.unwrap_or_else(|error| {
        Printer::complain(format!("{error}; no cases are shown"));
        BTreeMap::new()
    })
}

/// The first issue, in which most rules were built.
const DESK: &str = "1: deal desk";
const WIRE: &str = "2: wire";
const TIME: &str = "3: time";
const MONEY: &str = "4: money";
/// Rules that were built after the first issue, and in which.
const BUILT_LATER: &[(&str, &[&str])] = &[
    (
        WIRE,
        &[
            "AGR-033", "GEN-008", "ORD-004", "ORD-005", "ORD-028", "ORD-038", "ORD-044", "SEC-011",
            "SEC-015",
        ],
    ),
    (
        TIME,
        &[
            "DAP-003", "DAP-005", "DAP-007", "GDA-016", "GDA-029", "GDA-030", "ROL-017", "ROL-019",
            "ROL-020", "ROL-038", "SEC-014", "SUB-025", "SUB-030", "SUB-034", "SUB-036", "SUB-039",
            "SUB-044", "SUB-045", "SUB-050", "SUB-051", "TRF-008", "TRF-011", "TRF-022", "TRF-025",
            "TRF-028", "TRF-029", "TRF-030", "TRF-031",
        ],
    ),
    (
        MONEY,
        &[
            "BIL-002", "BIL-003", "BIL-004", "BIL-010", "BIL-011", "BIL-012", "BIL-013", "BIL-014",
            "BIL-015", "BIL-016", "BIL-021", "BIL-022", "BIL-025", "BIL-026", "BIL-027", "BIL-034",
            "BIL-043", "BIL-045", "BIL-046", "BIL-048", "BIL-050", "BIL-051", "BIL-052", "BIL-053",
            "BIL-054", "BIL-055", "BIL-056", "PEC-001", "PEC-003", "PEC-005", "PEC-006", "PEC-007",
            "PEC-009", "PEC-010", "PEC-011", "PEC-012", "PEC-013",
        ],
    ),
];

/// The issue in which a rule was built, or in which a planned one comes.
fn issue(entry: &Entry) -> &'static str {
    let id = entry.id.to_string();
    if render::status(entry.id) != "planned" {
        let later = BUILT_LATER
            .iter()
            .find(|(_, rules)| rules.contains(&id.as_str()));
        return later.map_or(DESK, |(issue, _)| issue);
    }
    match entry.id.prefix() {
        // How the agreement is shown and what a provider tells its resellers of it are matters of the portal.
        "AGR" => "5: portal",
        "GEN" => WIRE,
        "CUS" | "GDA" | "DAP" | "ORD" | "SUB" | "TRF" => TIME,
        "BIL" | "PEC" => MONEY,
        _ => "later",
    }
}

/// Where a rule is checked: the commands at which the registry asks it; for one that holds by construction the places
/// that the rulebook names.
fn places(entry: &Entry, status: &str) -> Vec<String> {
    if let Some(rule) = rules::find(entry.id) {
        return rule.at.iter().map(|at| at.to_string()).collect();
    }
    if status == "planned" {
        return Vec::new();
    }
    let named = entry.checked.split(',').map(str::trim);
    named
        .filter(|place| !place.is_empty())
        .map(str::to_owned)
        .collect()
}

/// What shows a rule: the cases that name it, and the test of one that holds by construction.
fn named(entry: &Entry, tests: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let id = entry.id.to_string();
    let behaviour = rules::BEHAVIOUR
        .iter()
        .find(|(known, _)| *known == id)
        .map(|(_, test)| (*test).to_owned());
    let mut named = tests.get(&id).cloned().unwrap_or_default();
    named.extend(behaviour);
    named
}

fn row(entry: &Entry, tests: &BTreeMap<String, Vec<String>>) -> Value {
    let status = render::status(entry.id);
    json!({
        "id": entry.id.to_string(),
        "status": status,
        "where": places(entry, status),
        "tests": named(entry, tests),
        "issue": issue(entry),
    })
}

fn tell(entry: &Entry, lang: Lang, tests: &BTreeMap<String, Vec<String>>) {
    let texts = entry.texts(lang);
    Printer::line(format!(
        "{} ({}, {})",
        entry.id,
        entry.grade,
        render::status(entry.id)
    ));
    Printer::line(format!("  {}", texts.statement));
    if !texts.refusal.is_empty() {
        Printer::line(format!("  refusal  {}", texts.refusal));
    }
    if !texts.remedy.is_empty() {
        Printer::line(format!("  remedy   {}", texts.remedy));
    }
    Printer::line(format!("  checked  {}", entry.checked));
    if let Some(rule) = rules::find(entry.id) {
        let at: Vec<String> = rule.at.iter().map(|at| at.to_string()).collect();
        Printer::line(format!(
            "  enforced at {} (step {})",
            at.join(", "),
            rule.step
        ));
    }
    if let Some(cases) = tests.get(&entry.id.to_string()) {
        Printer::line(format!("  cases    {}", cases.join(", ")));
    }
    Printer::line(format!("  source   {}", entry.source));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_that_were_built_later_are_built_and_named_once() {
        let mut seen = Vec::new();
        for id in BUILT_LATER.iter().flat_map(|(_, rules)| *rules) {
            let known = id.parse().ok().and_then(book::entry);
            let status = known.map(|entry| render::status(entry.id));
            assert!(matches!(status, Some("enforced" | "behaviour")), "{id}");
            assert!(!seen.contains(id), "{id} is named twice");
            seen.push(id);
        }
    }

    #[test]
    fn every_built_rule_says_where_it_is_checked() {
        for entry in book::all() {
            let status = render::status(entry.id);
            let told = places(entry, status);
            assert_eq!(told.is_empty(), status == "planned", "{}", entry.id);
        }
    }
}

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
    let count = |status: &str| {
        book::all()
            .filter(|entry| render::status(entry.id) == status)
            .count()
    };
    Printer::line(format!(
        "{} enforced, {} by construction, {} planned",
        count("enforced"),
        count("behaviour"),
        count("planned")
    ));
    ExitCode::SUCCESS
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
    check::cases_by_rule(&files).unwrap_or_default()
}

/// The issue in which a planned rule comes.
fn issue(entry: &Entry) -> &'static str {
    match entry.id.prefix() {
        // How the agreement is shown and what a provider tells its resellers of it are matters of the portal.
        "AGR" => "5: portal",
        "GEN" => "2: wire",
        "CUS" | "GDA" | "DAP" | "ORD" | "SUB" | "TRF" => "3: time",
        "BIL" | "PEC" => "4: money",
        "SUP" | "ROL" | "SEC" => "later",
        _ => "1: deal desk",
    }
}

fn row(entry: &Entry, tests: &BTreeMap<String, Vec<String>>) -> Value {
    let id = entry.id.to_string();
    let behaviour = rules::BEHAVIOUR
        .iter()
        .find(|(known, _)| *known == id)
        .map(|(_, test)| (*test).to_owned());
    let mut named = tests.get(&id).cloned().unwrap_or_default();
    named.extend(behaviour);
    let status = render::status(entry.id);
    let place: Vec<String> = rules::find(entry.id)
        .map(|rule| rule.at.iter().map(|at| at.to_string()).collect())
        .unwrap_or_default();
    json!({
        "id": id,
        "status": status,
        "where": place,
        "tests": named,
        "issue": if status == "planned" { issue(entry) } else { "1: deal desk" },
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

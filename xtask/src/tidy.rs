//! `cargo xtask tidy`: what neither rustfmt nor clippy can see. Every finding says where and what to do.
//!
//! The words that are looked for are put together with `concat!`, so that this file passes its own checks.

use std::fmt;
use std::fs;
use std::path::Path;

use crate::place::root;

/// Longest source file without a reason written down.
const LINES_MAX: usize = 800;
/// How a longer file says why.
const LONG_BECAUSE: &str = concat!("// tidy", ": long because ");

/// What is unfinished.
const LEFTOVERS: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("to", "do!"),
    concat!("unimpl", "emented!"),
    concat!("d", "bg!"),
];
const IGNORED: &str = concat!("#[ig", "nore");
const FLOATS: &[&str] = &[concat!("f", "32"), concat!("f", "64")];
/// Rooms in which amounts, shares and dates are exact.
const EXACT: &[&str] = &[
    "crates/domain/src/",
    "crates/rules/src/",
    "crates/billing/src/",
    "crates/store/src/",
    "crates/app/src/",
];

const TIMESTAMP: &str = concat!("Timestamp", "::now");
const SYSTEM_TIME: &str = concat!("SystemTime", "::now");
const INSTANT: &str = concat!("Instant", "::now");
const CLOCKS: &[&str] = &[TIMESTAMP, SYSTEM_TIME, INSTANT];
/// Who may read which clock, and why. A place is a file or, with a slash at its end, a directory anywhere.
const CLOCK_READERS: &[(&str, &[&str], &str)] = &[
    (
        "crates/app/src/clock.rs",
        CLOCKS,
        "the one door to the wall clock",
    ),
    ("crates/cli/", CLOCKS, "starts the clocks"),
    ("xtask/", &[INSTANT], "times its own steps"),
    ("benches/", &[INSTANT], "measures"),
    ("examples/", &[INSTANT], "measures"),
    ("tests/", &[INSTANT], "measures"),
    ("proofs/", &[INSTANT], "tests that print how long they took"),
    (
        "crates/rules/src/exhaustion.rs",
        &[INSTANT],
        "a test that prints how long it took",
    ),
    (
        "crates/store/src/engine/lane.rs",
        &[INSTANT],
        "how long a group took, to tell how long the next may wait; dates nothing",
    ),
    (
        "crates/store/src/engine/postgres.rs",
        &[INSTANT],
        "how long to wait for a server; dates nothing",
    ),
    (
        "crates/store/src/engine/testing.rs",
        &[INSTANT],
        "how long to wait for a server; dates nothing",
    ),
];

/// Reads the whole catalogue, which may be large.
const WHOLE_CATALOGUE: &str = concat!("items", "::EVERY");

const ENGINES: &[&str] = &[
    concat!("Tx", "::Sqlite"),
    concat!("Tx", "::Pg"),
    concat!("DbConfig", "::Postgres"),
];
/// Who may ask which engine runs: the engine module, and the tests that pull its cables.
const ENGINE_ROOMS: &[&str] = &["crates/store/src/engine", "crates/store/tests/"];

/// Places of one machine.
const PLACES: &[&str] = &[
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/wo", "rk/"),
];

/// Directories that are not written by hand.
const SKIPPED: &[&str] = &[".git", "target", "node_modules", "dist", "screenshots"];
/// Endings of texts; a file without one (a script, a licence) is read as well.
const TEXTS: &[&str] = &[
    "cedar",
    "cedarschema",
    "css",
    "csv",
    "html",
    "js",
    "json",
    "lock",
    "md",
    "mjs",
    "py",
    "rs",
    "sh",
    "snap",
    "sql",
    "toml",
    "ts",
    "tsx",
    "txt",
    "yaml",
    "yml",
];

/// Something to mend.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    file: String,
    line: usize,
    what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

/// A file of the repository, by its path from the root.
struct File {
    path: String,
    text: String,
}

pub(crate) fn run() -> Result<bool, String> {
    check().map(|()| {
        println!("tidy");
        true
    })
}

/// Fails with everything that is to be mended.
pub(crate) fn check() -> Result<(), String> {
    let mut files = Vec::new();
    collect(&root(), "", &mut files)?;
    let mut findings: Vec<Finding> = files.iter().flat_map(judge).collect();
    findings.extend(unlinked_decisions(&files));
    findings.sort();
    if findings.is_empty() {
        return Ok(());
    }
    let lines: Vec<_> = findings.iter().map(Finding::to_string).collect();
    Err(format!("{} findings\n{}", lines.len(), lines.join("\n")))
}

fn collect(directory: &Path, prefix: &str, files: &mut Vec<File>) -> Result<(), String> {
    let lost = |error: std::io::Error| format!("{}: {error}", directory.display());
    for entry in fs::read_dir(directory).map_err(lost)? {
        let entry = entry.map_err(lost)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let (path, place) = (format!("{prefix}{name}"), entry.path());
        if SKIPPED.contains(&name.as_str()) {
            continue;
        }
        if place.is_dir() {
            collect(&place, &format!("{path}/"), files)?;
        } else if ending(&path).is_none_or(|ending| TEXTS.contains(&ending)) {
            let text = fs::read_to_string(&place).map_err(|error| format!("{path}: {error}"))?;
            files.push(File { path, text });
        }
    }
    Ok(())
}

fn ending(path: &str) -> Option<&str> {
    Path::new(path)
        .extension()
        .and_then(|ending| ending.to_str())
}

/// The findings of one file.
fn judge(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut found = |line: usize, what: String| {
        findings.push(Finding {
            file: file.path.clone(),
            line,
            what,
        });
    };
    let is_rust = ending(&file.path) == Some("rs");
    let is_source = matches!(ending(&file.path), Some("rs" | "ts" | "tsx"));
    let lines = file.text.lines().count();
    if is_source && lines > LINES_MAX && !file.text.contains(LONG_BECAUSE) {
        let what =
            format!("{lines} lines, {LINES_MAX} are enough: split it, or write `{LONG_BECAUSE}…`");
        found(LINES_MAX.saturating_add(1), what);
    }
    for (index, line) in file.text.lines().enumerate() {
        let mut found = |what: String| found(index.saturating_add(1), what);
        for place in PLACES.iter().filter(|place| names_place(line, place)) {
            found(format!(
                "`{place}` is a place of one machine: name it from the repository's root"
            ));
        }
        if is_source {
            for word in LEFTOVERS.iter().filter(|word| has_word(line, word)) {
                found(format!(
                    "`{word}` is left over: do it now, or open an issue and drop the note"
                ));
            }
        }
        if is_rust {
            judge_rust(&file.path, line, &mut found);
        }
    }
    findings
}

/// The findings of one line of Rust; comments do not count here.
fn judge_rust(path: &str, line: &str, found: &mut impl FnMut(String)) {
    let code = line.split_once("//").map_or(line, |(code, _)| code);
    if code.contains(IGNORED) {
        found("a test that does not run proves nothing: mend it or remove it".to_owned());
    }
    if EXACT.iter().any(|room| path.starts_with(room)) {
        for float in FLOATS.iter().filter(|float| has_word(code, float)) {
            found(format!(
                "`{float}` in a room that is exact: use the integer types of the domain"
            ));
        }
    }
    for clock in CLOCKS.iter().filter(|clock| has_word(code, clock)) {
        let may = CLOCK_READERS
            .iter()
            .any(|(place, clocks, _)| lies_in(path, place) && clocks.contains(clock));
        if !may {
            found(format!(
                "`{clock}` reads a clock: take the instant from the context"
            ));
        }
    }
    if path.starts_with("crates/api/src/") && has_word(code, WHOLE_CATALOGUE) {
        found(format!(
            "`{WHOLE_CATALOGUE}` reads the catalogue for one request: look the item up by its id"
        ));
    }
    if !ENGINE_ROOMS.iter().any(|room| path.starts_with(room)) {
        for engine in ENGINES.iter().filter(|engine| has_word(code, engine)) {
            found(format!(
                "`{engine}` asks which engine runs: give the store's engine module a function for it"
            ));
        }
    }
}

/// Whether a path is a place of [`CLOCK_READERS`].
fn lies_in(path: &str, place: &str) -> bool {
    if !place.ends_with('/') {
        return path == place;
    }
    path.starts_with(place) || path.contains(&format!("/{place}"))
}

/// Whether a line holds a word that is no part of a longer one.
fn has_word(line: &str, word: &str) -> bool {
    let is_letter = |letter: char| letter.is_alphanumeric() || letter == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at.saturating_add(word.len())..].chars().next();
        // The name of a macro ends in a mark, after which anything may follow.
        let ends = word.ends_with('!') || !after.is_some_and(is_letter);
        !before.is_some_and(is_letter) && ends
    })
}

/// Whether a line names a place from the root of a file system; `example.com/home/` is none.
fn names_place(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|letter| letter.is_alphanumeric() || "._-~/}".contains(letter))
    })
}

/// Decisions that the list of decisions does not link.
fn unlinked_decisions(files: &[File]) -> Vec<Finding> {
    const LIST: &str = "docs/adr/README.md";
    let list = files.iter().find(|file| file.path == LIST);
    let list = list.map_or("", |file| file.text.as_str());
    files
        .iter()
        .filter_map(|file| Some((file, file.path.strip_prefix("docs/adr/")?)))
        .filter(|(file, name)| file.path != LIST && !list.contains(&format!("]({name})")))
        .map(|(file, name)| Finding {
            file: file.path.clone(),
            line: 1,
            what: format!("is not in the list: link `{name}` from {LIST}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    fn check(path: &str, text: &str, lines: &[usize]) {
        let findings = judge(&file(path, text));
        let found: Vec<_> = findings.iter().map(|finding| finding.line).collect();
        assert_eq!(found, lines, "{path}: {findings:?}");
    }

    #[test]
    fn long_files_need_a_reason() {
        let long = "x\n".repeat(801);
        let why = format!("{LONG_BECAUSE}it is one table\n{long}");
        check("crates/api/src/x.rs", &long, &[801]);
        check("portal/src/x.tsx", &long, &[801]);
        check("crates/api/src/x.rs", &why, &[]);
        check("program/rulebook.md", &long, &[]);
        check("crates/api/src/x.rs", &"x\n".repeat(800), &[]);
    }

    #[test]
    fn leftovers_are_found_in_source_only() {
        for word in LEFTOVERS {
            let text = format!("fn a() {{}}\n// {word} later\n");
            check("crates/api/src/x.rs", &text, &[2]);
            check("portal/src/x.ts", &text, &[2]);
            check("docs/x.md", &text, &[]);
        }
        check(
            "crates/api/src/x.rs",
            concat!("let METHO", "DO = MASTO", "DON;"),
            &[],
        );
    }

    #[test]
    fn a_test_that_does_not_run_is_found() {
        check(
            "crates/api/tests/x.rs",
            &format!("{IGNORED}]\n{IGNORED} = \"slow\"]"),
            &[1, 2],
        );
    }

    #[test]
    fn floats_are_found_where_things_are_exact() {
        for float in FLOATS {
            let text = format!("let a: {float} = 1.0;");
            for room in EXACT {
                check(&format!("{room}x.rs"), &text, &[1]);
            }
            check("crates/cli/src/x.rs", &text, &[]);
            check("crates/billing/src/x.rs", &format!("// never {float}"), &[]);
            check(
                "crates/billing/src/x.rs",
                &format!("value.is_{float}()"),
                &[],
            );
        }
    }

    #[test]
    fn requests_do_not_read_the_whole_catalogue() {
        let text = format!("tx.find::<Item>(tables::{WHOLE_CATALOGUE}, &[])");
        check("crates/api/src/routes/x.rs", &text, &[1]);
        check("crates/app/src/x.rs", &text, &[]);
    }

    #[test]
    fn clocks_are_read_where_the_table_says_so() {
        let (date, measure) = (
            format!("let a = jiff::{TIMESTAMP}();"),
            format!("{INSTANT}()"),
        );
        check("crates/api/src/x.rs", &date, &[1]);
        check("crates/api/src/x.rs", &measure, &[1]);
        check("crates/app/src/clock.rs", &date, &[]);
        check("crates/cli/src/serve.rs", &date, &[]);
        check("crates/app/benches/x.rs", &measure, &[]);
        check("crates/app/benches/x.rs", &date, &[1]);
        check("crates/store/src/engine/postgres.rs", &date, &[1]);
        check(
            "crates/store/src/engine/postgres.rs",
            &format!("tokio::time::{measure}"),
            &[],
        );
    }

    #[test]
    fn only_the_engine_asks_which_engine_runs() {
        for engine in ENGINES {
            let text = format!("{engine}(client) => {{}}");
            check("crates/store/src/engine/tx.rs", &text, &[]);
            check("crates/store/tests/store/x.rs", &text, &[]);
            check("crates/store/src/log/mod.rs", &text, &[1]);
            check("crates/app/src/x.rs", &text, &[1]);
        }
    }

    #[test]
    fn places_of_one_machine_are_found_in_every_text() {
        for place in PLACES {
            check("docs/x.md", &format!("see\n`{place}x`"), &[2]);
            check(".ci/run", &format!("cd {place}"), &[1]);
            check("docs/x.md", &format!("https://example.com{place}x"), &[]);
        }
    }

    #[test]
    fn every_decision_is_listed() {
        let list = file("docs/adr/README.md", "- [0001](0001-rooms.md)\n");
        let rooms = file("docs/adr/0001-rooms.md", "");
        let lanes = file("docs/adr/0002-lanes.md", "");
        assert_eq!(unlinked_decisions(&[list, rooms]), []);
        let list = file("docs/adr/README.md", "- [0001](0001-rooms.md)\n");
        assert_eq!(unlinked_decisions(&[list, lanes]).len(), 1);
    }

    #[test]
    fn every_clock_reader_says_why() {
        for (place, clocks, why) in CLOCK_READERS {
            assert!(!clocks.is_empty() && !why.is_empty(), "{place}");
        }
    }
}

//! What guides show is what the commands in them print.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is missing"
)]

use std::path::PathBuf;
use std::process::Command;

/// Pages with commands and their answers: a `text` block holds `$ ` and a command, then what it prints. A line `…`
/// stands for any lines.
const PAGES: &[&str] = &[
    "README.md",
    "docs/guides/delegation.md",
    "docs/guides/eight-scenarios.md",
    "docs/guides/price-books.md",
];
/// Set, it writes today's answers into the pages.
const REWRITE: &str = "TIERLINE_REWRITE_GUIDES";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn printed(command: &str) -> String {
    let out = Command::new(env!("CARGO_BIN_EXE_tierline"))
        .args(command.split_whitespace())
        .current_dir(root())
        .env_remove("TIERLINE_SERVER")
        .output()
        .unwrap();
    // 1 is a refusal, which is an answer.
    assert!(
        matches!(out.status.code(), Some(0 | 1)),
        "{command}: {out:?}"
    );
    String::from_utf8(out.stdout).unwrap().trim_end().to_owned()
}

/// Whether lines are those of a pattern, in which `…` stands for any number of them.
fn matches(pattern: &[&str], lines: &[&str]) -> bool {
    match pattern.split_first() {
        None => lines.is_empty(),
        Some((&"…", rest)) => (0..=lines.len()).any(|skipped| matches(rest, &lines[skipped..])),
        Some((first, rest)) => lines
            .split_first()
            .is_some_and(|(line, others)| line == first && matches(rest, others)),
    }
}

/// A page with today's answers, and the commands whose answers have changed.
fn renewed(page: &str) -> (String, Vec<String>) {
    let (mut text, mut stale) = (String::new(), Vec::new());
    let mut lines = page.lines().peekable();
    while let Some(line) = lines.next() {
        text.push_str(line);
        text.push('\n');
        let Some(command) = line.strip_prefix("$ tierline ") else {
            continue;
        };
        let mut shown = Vec::new();
        while let Some(line) =
            lines.next_if(|line| *line != "```" && !line.starts_with("$ tierline "))
        {
            shown.push(line);
        }
        let now = printed(command);
        let today: Vec<&str> = now.lines().collect();
        if !matches(&shown, &today) {
            stale.push(command.to_owned());
            shown = today;
        }
        for line in shown {
            text.push_str(line);
            text.push('\n');
        }
    }
    (text, stale)
}

#[test]
fn commands_of_the_guides_answer_as_shown() {
    let mut commands = 0;
    for page in PAGES {
        let path = root().join(page);
        let text = std::fs::read_to_string(&path).unwrap();
        commands += text.matches("\n$ tierline ").count();
        let (renewed, stale) = renewed(&text);
        if std::env::var_os(REWRITE).is_some() {
            std::fs::write(&path, renewed).unwrap();
            continue;
        }
        assert!(
            stale.is_empty(),
            "{page} shows other answers than these give today: {stale:#?}\n`{REWRITE}=1 cargo test -p tierline --test guides` writes them anew; read what has changed"
        );
    }
    assert!(commands >= 10, "only {commands} commands were found");
}

#[test]
fn an_answer_may_leave_lines_out() {
    for (pattern, lines, fits) in [
        (vec!["a", "…", "c"], vec!["a", "b", "b", "c"], true),
        (vec!["a", "…", "c"], vec!["a", "c"], true),
        (vec!["a", "…"], vec!["a", "b"], true),
        (vec!["a", "c"], vec!["a", "b", "c"], false),
        (vec!["a"], vec!["a", "b"], false),
        (vec!["a", "b"], vec!["a"], false),
    ] {
        assert_eq!(matches(&pattern, &lines), fits, "{pattern:?} {lines:?}");
    }
}

#[test]
fn japanese_is_answered_in_japanese() {
    let explain = |params: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_tierline"))
            .args([
                "explain",
                "order",
                "--lang",
                "ja",
                "--world",
                "scenarios/world.yaml",
            ])
            .args(params)
            .current_dir(root())
            .env_remove("TIERLINE_SERVER")
            .output()
            .unwrap()
    };
    let ask = ["--as", "IR-A", "customer=C-1", "item=suite-standard"];
    let out = String::from_utf8(explain(&ask).stdout).unwrap();
    assert!(out.contains("· パートナー: IR-A"), "{out}");
    assert!(!out.contains("· partner"), "{out}");
    for (params, told) in [
        (
            ["--as", "IP-1", "customer=nobody", "item=suite-standard"],
            "tierline: 顧客 `nobody` はありません",
        ),
        (
            ["--as", "IP-1", "customer", "item=suite-standard"],
            "tierline: `customer` は name=value の形ではありません",
        ),
    ] {
        let out = explain(&params);
        assert_eq!(out.status.code(), Some(2));
        let text = String::from_utf8(out.stderr).unwrap();
        assert_eq!(text.trim(), told);
    }
}

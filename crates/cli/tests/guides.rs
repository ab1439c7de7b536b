//! What guides show is what the commands in them print.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is missing"
)]

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// Pages with commands and their answers: a `text` block holds `$ ` and a command, then what it prints. A line `…`
/// stands for any lines. Where a world stands beside a page, its commands ask one server of that world, one after the
/// other, as the page says.
const PAGES: &[(&str, Option<&str>)] = &[
    ("README.md", None),
    ("docs/guides/delegation.md", None),
    (
        "docs/guides/eight-scenarios.md",
        Some("scenarios/world.yaml"),
    ),
    ("docs/guides/price-books.md", None),
    ("docs/guides/support.md", Some("docs/guides/support.yaml")),
    ("docs/guides/security.md", Some("docs/guides/security.yaml")),
    ("docs/guides/notices.md", Some("docs/guides/notices.yaml")),
    (
        "docs/guides/users-and-licences.md",
        Some("docs/guides/users-and-licences.yaml"),
    ),
];
/// Set, it writes today's answers into the pages.
const REWRITE: &str = "TIERLINE_REWRITE_GUIDES";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The program, called by its name as whoever has it on the path does.
fn tierline() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tierline"));
    command
        .arg0("tierline")
        .current_dir(root())
        .env_remove("TIERLINE_SERVER");
    command
}

/// A sandbox of a world; it ends with the test.
struct Sandbox {
    process: Child,
    base: String,
    /// What else it prints goes here; a server whose reader is gone ends.
    _lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Sandbox {
    fn start(world: &str) -> Self {
        let mut process = tierline()
            .args(["serve", "--sandbox", "--listen", "127.0.0.1:0", "--world"])
            .arg(world)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let (_, base) = first.split_once("listens on ").unwrap();
        Self {
            base: base.to_owned(),
            process,
            _lines: lines,
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// The words of a command as a shell has them: blanks between quotation marks part nothing.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut is_quoted) = (Vec::new(), String::new(), false);
    for letter in command.chars() {
        match letter {
            '"' => is_quoted = !is_quoted,
            ' ' if !is_quoted => words.push(std::mem::take(&mut word)),
            letter => word.push(letter),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

fn printed(command: &str, sandbox: Option<&Sandbox>) -> String {
    let mut call = tierline();
    call.args(words(command));
    if let Some(sandbox) = sandbox {
        call.env("TIERLINE_SERVER", &sandbox.base);
    }
    let out = call.output().unwrap();
    // 1 is a refusal, which is an answer to a question; what a guide does, it may do.
    let fits = match out.status.code() {
        Some(0) => true,
        Some(1) => !command.starts_with("do "),
        _ => false,
    };
    assert!(fits, "{command}: {out:?}");
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
fn renewed(page: &str, sandbox: Option<&Sandbox>) -> (String, Vec<String>) {
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
        let now = printed(command, sandbox);
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
    for (page, world) in PAGES {
        let path = root().join(page);
        let text = std::fs::read_to_string(&path).unwrap();
        commands += text.matches("\n$ tierline ").count();
        let sandbox = world.map(Sandbox::start);
        let (renewed, stale) = renewed(&text, sandbox.as_ref());
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
        tierline()
            .args([
                "explain",
                "order",
                "--lang",
                "ja",
                "--world",
                "scenarios/world.yaml",
            ])
            .args(params)
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

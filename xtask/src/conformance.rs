//! The documentation's own examples, asked of a demo server by a grader that lies beside the repository.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::place::{self, root};
use crate::program::Program;
use crate::steps::Checked;

/// The grader and what it grades by, where they lie beside the repository.
const GRADER: &str = "../shared/tools/conformance.py";
const EXAMPLES: &str = "../shared/api/examples-dev.jsonl";
const OPERATIONS: &str = "../shared/api/operations.csv";
/// The least score. It may only rise.
const SCORE: &str = "clients/conformance-score.txt";
const TIER: &str = "1";
/// What is built. A new area is one more word.
const AREAS: &[&str] = &[
    "auth",
    "accounts",
    "agreements",
    "catalog",
    "customers",
    "relationships",
    "cart-orders",
    "subscriptions",
    "entitlements",
    "transfers",
    "webhooks",
    "audit",
    "utilities",
];
/// How far a score may be above the file before the file is asked to follow, in thousandths.
const SLACK: u32 = 5;

/// The score must not fall. Needs the product built, which the tests before it did.
pub(crate) fn check() -> Result<Checked, String> {
    if [GRADER, EXAMPLES, OPERATIONS]
        .iter()
        .any(|path| !root().join(path).exists())
    {
        return Ok(Checked::No("nothing to compare with".to_owned()));
    }
    let least =
        fs::read_to_string(root().join(SCORE)).map_err(|error| format!("{SCORE}: {error}"))?;
    let least = least.trim();
    let server = Demo::start()?;
    let graded = Program::new("python3", [GRADER, "--base", &server.base])
        .args(["--examples", EXAMPLES, "--operations", OPERATIONS])
        .args(["--tier", TIER, "--areas", &AREAS.join(",")])
        .args(["--min-score", least])
        .output()?;
    let summary = summary(&graded.text);
    println!("{summary}");
    let Some(score) = score(&summary) else {
        return Err(format!("{GRADER} told no score"));
    };
    if graded.status != Some(0) {
        return Err(format!(
            "the score is {score}, below the {least} of {SCORE}: run the grader with -v to see what was lost\n{}",
            graded.text
        ));
    }
    if has_risen(score, least) {
        println!("{SCORE} says {least}; let it follow to {score}");
    }
    Ok(Checked::Yes)
}

/// The closing lines: each area, the tier and the whole.
fn summary(text: &str) -> String {
    let starts = ["area ", "tier ", "overall score "];
    let lines = text
        .lines()
        .filter(|line| starts.iter().any(|start| line.starts_with(start)));
    lines.collect::<Vec<_>>().join("\n")
}

fn score(summary: &str) -> Option<&str> {
    let line = summary
        .lines()
        .find_map(|line| line.strip_prefix("overall score "));
    line.map(str::trim)
}

/// Whether the file should follow.
fn has_risen(score: &str, least: &str) -> bool {
    match (thousandths(score), thousandths(least)) {
        (Some(score), Some(least)) => score >= least.saturating_add(SLACK),
        _ => false,
    }
}

/// `0.95` and `0.950` are 950, `1.000` is 1000.
fn thousandths(score: &str) -> Option<u32> {
    let (whole, part) = score.split_once('.').unwrap_or((score, "0"));
    let part: u32 = format!("{part:0<3}").get(..3)?.parse().ok()?;
    let whole: u32 = whole.parse().ok()?;
    whole.checked_mul(1_000)?.checked_add(part)
}

/// A demo server that ends with this value.
struct Demo {
    process: Child,
    base: String,
}

impl Demo {
    fn start() -> Result<Self, String> {
        let binary = place::binary("debug")?;
        let mut process = Command::new(&binary)
            .args(["serve", "--demo", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("{}: {error}", binary.display()))?;
        let output = process.stdout.take();
        let mut server = Self {
            process,
            base: String::new(),
        };
        let mut lines = output.map(BufReader::new).ok_or("no output")?.lines();
        let first = lines.next().and_then(Result::ok).unwrap_or_default();
        // Somebody has to read on, or the server waits for us.
        std::thread::spawn(move || lines.for_each(drop));
        match first.split_whitespace().last() {
            Some(base) => base.clone_into(&mut server.base),
            None => return Err(format!("{} did not start", binary.display())),
        }
        Ok(server)
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // A server that is gone already needs no end.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = "0.00  carts-update  no ids\n\narea auth   1.000  1/1 passed\ntier 1   0.289  19/69 passed\n\
        operations answered 14 of 45 asked\noverall score 0.289\n19 passed, 50 failed\n";

    #[test]
    fn the_score_is_read_from_the_closing_lines() {
        let summary = summary(PRINTED);
        assert_eq!(summary.lines().count(), 3, "{summary}");
        assert_eq!(score(&summary), Some("0.289"));
        assert_eq!(score("nothing"), None);
    }

    #[test]
    fn scores_are_compared_without_fractions() {
        assert_eq!(thousandths("0.95"), Some(950));
        assert_eq!(thousandths("1"), Some(1_000));
        assert_eq!(thousandths("x"), None);
        assert!(has_risen("0.955", "0.950"));
        assert!(!has_risen("0.954", "0.95"));
    }

    #[test]
    fn the_tracked_score_is_one() {
        let least = fs::read_to_string(root().join(SCORE)).unwrap();
        assert!(thousandths(least.trim()).is_some_and(|least| least <= 1_000));
    }
}

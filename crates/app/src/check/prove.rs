//! Whether every rule earns its place: switched off, some case that names it must fail.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use futures_util::StreamExt as _;
use tierline_rules::RuleId;

use super::{BadFile, Options, Outcome, Suite, case};

/// What came of switching rules off in turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Cases that fail with every rule in force: they say nothing of any rule.
    pub broken: BTreeSet<String>,
    /// Rules that no case misses, in the order of their ids.
    pub idle: Vec<Idle>,
}

/// A rule without which no case fails.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Idle {
    /// The rule.
    pub rule: RuleId,
    /// How many cases name it; none of them fails without it that does not fail anyway.
    pub cases: usize,
}

/// Switches rules off in turn and runs the cases that name the one that is off, until one fails. `at_once` rules are asked about at
/// a time; each has its own copies of the worlds.
///
/// # Errors
/// When a file is malformed; then nothing is run.
pub async fn prove(
    files: &[PathBuf],
    world: Option<&Path>,
    rules: &[RuleId],
    at_once: usize,
) -> Result<Proof, BadFile> {
    let suite = Suite::load(files, world).await?;
    let all = Options::default();
    let broken: BTreeSet<String> = futures_util::stream::iter(suite.wanted(&all))
        .map(async |(world, file, case)| {
            let outcome = case::run(world, file, case, &Options::default()).await;
            matches!(outcome, Outcome::Failed(_)).then(|| case.id.clone())
        })
        .buffer_unordered(at_once)
        .filter_map(async |failed| failed)
        .collect()
        .await;
    let mut idle: Vec<Idle> = futures_util::stream::iter(rules)
        .map(|rule| without(&suite, *rule, &broken))
        .buffer_unordered(at_once)
        .filter_map(async |idle| idle)
        .collect()
        .await;
    idle.sort();
    Ok(Proof { broken, idle })
}

/// Nothing where a case fails without the rule that does not fail with it.
async fn without(suite: &Suite, rule: RuleId, broken: &BTreeSet<String>) -> Option<Idle> {
    let options = Options {
        without: vec![rule],
        rules: vec![rule.to_string()],
        ..Options::default()
    };
    let mut cases = 0_usize;
    for (world, file, case) in suite.wanted(&options) {
        let outcome = case::run(world, file, case, &options).await;
        if matches!(outcome, Outcome::Failed(_)) && !broken.contains(&case.id) {
            return None;
        }
        cases = cases.saturating_add(1);
    }
    Some(Idle { rule, cases })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scenario(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../scenarios")
            .join(name)
    }

    #[tokio::test]
    async fn a_rule_that_no_case_misses_is_told_with_how_many_name_it() {
        let rules = ["SUP-001", "ORD-014", "SUB-020", "TXN-103"];
        let rules = rules.map(|rule| rule.parse().unwrap());
        let proof = prove(&[scenario("scenario-1.yaml")], None, &rules, 2)
            .await
            .unwrap();
        assert_eq!(proof.broken, BTreeSet::new());
        let idle: Vec<_> = proof
            .idle
            .iter()
            .map(|idle| (idle.rule.to_string(), idle.cases))
            .collect();
        let expected = [("TXN-103", 1), ("SUB-020", 0), ("SUP-001", 1)];
        assert_eq!(idle, expected.map(|(rule, cases)| (rule.to_owned(), cases)));
    }

    #[tokio::test]
    async fn a_case_that_fails_anyway_says_nothing_of_a_rule() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("broken.yaml");
        let text = std::fs::read_to_string(scenario("scenario-1.yaml")).unwrap();
        let broken = text.replace("refuse: [ORD-014]", "refuse: [ORD-013]");
        assert_ne!(text, broken);
        std::fs::write(&path, broken).unwrap();
        let rules = ["ORD-014".parse().unwrap()];
        let world = scenario("world.yaml");
        let proof = prove(&[path], Some(&world), &rules, 1).await.unwrap();
        assert_eq!(proof.broken.len(), 1);
        assert_eq!(proof.idle.len(), 1, "{:?}", proof.idle);
    }
}

//! Which cases name a rule, without running them: for who reads a rule and wants to see it at work.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use tierline_rules::RuleId;

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../../../scenarios/", $name)))),+]
    };
}

/// Every scenario file, compiled in.
const FILES: &[(&str, &str)] = files![
    "administration.yaml",
    "agreements.yaml",
    "billing.yaml",
    "customers.yaml",
    "enrolment.yaml",
    "orders.yaml",
    "partnerships.yaml",
    "remaining.yaml",
    "scenario-1.yaml",
    "scenario-2.yaml",
    "scenario-3.yaml",
    "scenario-4.yaml",
    "scenario-5.yaml",
    "scenario-6.yaml",
    "scenario-7.yaml",
    "scenario-8.yaml",
    "subscriptions.yaml",
    "support-roles-security.yaml",
    "transfers.yaml",
    "own/agreements.yaml",
    "own/billing.yaml",
    "own/customers.yaml",
    "own/deals.yaml",
    "own/delegation.yaml",
    "own/directory.yaml",
    "own/enrolment.yaml",
    "own/fraud.yaml",
    "own/identity.yaml",
    "own/notices.yaml",
    "own/orders.yaml",
    "own/partnerships.yaml",
    "own/regions.yaml",
    "own/requests.yaml",
    "own/roles.yaml",
    "own/security.yaml",
    "own/service-requests.yaml",
    "own/subscriptions.yaml",
    "own/support.yaml",
    "own/transfers.yaml",
];

/// A case that names a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its id.
    pub id: &'static str,
    /// What it shows.
    pub title: &'static str,
    /// The file it stands in, below `scenarios`.
    pub file: &'static str,
}

static CASES: LazyLock<BTreeMap<&'static str, Vec<Named>>> = LazyLock::new(|| {
    let mut cases: BTreeMap<&'static str, Vec<Named>> = BTreeMap::new();
    for (file, text) in FILES {
        let (mut id, mut title) = ("", "");
        for line in text.lines() {
            if let Some(given) = line.strip_prefix("  - id: ") {
                (id, title) = (given.trim(), "");
            } else if let Some(given) = line.strip_prefix("    title: ") {
                title = given.trim().trim_matches(['"', '\'']);
            } else if let Some(given) = line.strip_prefix("    rules: [") {
                for rule in given.trim_end().trim_end_matches(']').split(',') {
                    let case = Named { id, title, file };
                    cases.entry(rule.trim()).or_default().push(case);
                }
            }
        }
    }
    cases
});

/// The cases that name a rule, file by file.
#[must_use]
pub fn cases_of(rule: RuleId) -> &'static [Named] {
    CASES
        .get(rule.to_string().as_str())
        .map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each file's cases are found by the reader that runs them, too, and none is left out.
    #[test]
    fn every_case_of_every_file_is_listed() {
        let place = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
        let mut files: Vec<String> = Vec::new();
        for (folder, prefix) in [("", ""), ("own", "own/")] {
            for found in std::fs::read_dir(place.join(folder)).unwrap() {
                let name = found.unwrap().file_name().into_string().unwrap();
                if name.split('.').next_back() == Some("yaml") && name != "world.yaml" {
                    files.push(format!("{prefix}{name}"));
                }
            }
        }
        files.sort();
        let mut listed: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
        listed.sort_unstable();
        assert_eq!(listed, files);
        for (file, text) in FILES {
            let begun = text.lines().filter(|line| line.starts_with("  - id: "));
            let rules = text.lines().filter(|line| line.starts_with("    rules: ["));
            assert_eq!(begun.count(), rules.count(), "{file}");
        }
        let cases = cases_of(RuleId::of("IDN-001"));
        assert!(cases.iter().any(|case| case.id == "OWNIDN-01"), "{cases:?}");
        assert!(cases.iter().all(|case| !case.title.is_empty()));
    }
}

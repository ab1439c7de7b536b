//! Arrows between crates point down only, and the pure rooms stay pure.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::run::root;

/// The rooms, top first; a crate may use crates below its line. `rules` and `billing` share one and never meet.
const ROOMS: &[&[&str]] = &[
    &["tierline"],
    &["tierline-api"],
    &["tierline-app"],
    &["tierline-store"],
    &["tierline-rules", "tierline-billing"],
    &["tierline-domain"],
];
/// Rooms without I/O, and what they must never reach, however deep.
const PURE: &[&str] = &["tierline-domain", "tierline-rules", "tierline-billing"];
const IMPURE: &[&str] = &[
    "tokio",
    "rusqlite",
    "tokio-postgres",
    "axum",
    "hyper",
    "reqwest",
];

/// Checks the arrows.
pub(crate) fn check() -> Result<(), String> {
    let output = Command::new("cargo")
        .args(["metadata", "--format-version", "1"])
        .current_dir(root())
        .output()
        .map_err(|error| error.to_string())?;
    let metadata: Value =
        serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
    let findings = judge(&graph(&metadata));
    if findings.is_empty() {
        Ok(())
    } else {
        Err(findings.join("\n"))
    }
}

/// Crate → crates it needs outside of tests.
fn graph(metadata: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let packages = metadata["packages"].as_array().cloned().unwrap_or_default();
    packages
        .iter()
        .map(|package| {
            let needs = package["dependencies"].as_array().into_iter().flatten();
            let needs = needs
                .filter(|need| need["kind"].is_null() && need["optional"] != Value::Bool(true));
            let needs = needs
                .filter_map(|need| need["name"].as_str().map(str::to_owned))
                .collect();
            (
                package["name"].as_str().unwrap_or_default().to_owned(),
                needs,
            )
        })
        .collect()
}

fn judge(graph: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let mut findings = Vec::new();
    let height = |name: &str| ROOMS.iter().position(|room| room.contains(&name));
    for (name, needs) in graph {
        let Some(here) = height(name) else { continue };
        for need in needs {
            if height(need).is_some_and(|there| there <= here) {
                findings.push(format!("{name} uses {need}: arrows point down only"));
            }
        }
    }
    for pure in PURE {
        let mut seen = BTreeSet::new();
        let mut queue = vec![(*pure).to_owned()];
        while let Some(name) = queue.pop() {
            if IMPURE.contains(&name.as_str()) {
                findings.push(format!("{pure} reaches {name}: this room does no I/O"));
            }
            if seen.insert(name.clone()) {
                queue.extend(graph.get(&name).into_iter().flatten().cloned());
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph_of(edges: &[(&str, &[&str])]) -> BTreeMap<String, BTreeSet<String>> {
        edges
            .iter()
            .map(|(name, needs)| {
                (
                    (*name).to_owned(),
                    needs.iter().map(|need| (*need).to_owned()).collect(),
                )
            })
            .collect()
    }

    #[test]
    fn an_upward_arrow_is_found() {
        assert!(
            judge(&graph_of(&[(
                "tierline-app",
                &["tierline-store", "tierline-rules"]
            )]))
            .is_empty()
        );
        assert_eq!(
            judge(&graph_of(&[("tierline-store", &["tierline-app"])])).len(),
            1
        );
        assert_eq!(
            judge(&graph_of(&[("tierline-rules", &["tierline-billing"])])).len(),
            1
        );
    }

    #[test]
    fn a_pure_room_that_reaches_a_runtime_is_found() {
        assert_eq!(
            judge(&graph_of(&[
                ("tierline-domain", &["helper"]),
                ("helper", &["tokio"])
            ]))
            .len(),
            1
        );
    }
}

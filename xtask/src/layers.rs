//! `cargo xtask layers`: arrows between crates point down only, and the rooms without I/O stay without.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::Value;

use crate::place;

/// A crate of the house and the floor it is on. A crate may use crates on lower floors; those of one floor
/// never see each other.
struct Room {
    name: &'static str,
    floor: u8,
    /// Whether it cannot fail for outside reasons: no I/O, no async.
    is_pure: bool,
}

const ROOMS: &[Room] = &[
    room("tierline", 5),
    room("tierline-api", 4),
    room("tierline-app", 3),
    room("tierline-store", 2),
    pure("tierline-rules", 1),
    pure("tierline-billing", 1),
    pure("tierline-domain", 0),
];
/// Crates of the workspace that are no part of the product: they may use every room, and none may use them.
const OUTSIDE: &[&str] = &["tierline-proofs", "xtask"];
/// What a pure room must not reach, however deep.
const IMPURE: &[&str] = &[
    "tokio",
    "rusqlite",
    "tokio-postgres",
    "axum",
    "hyper",
    "reqwest",
];

const fn room(name: &'static str, floor: u8) -> Room {
    Room {
        name,
        floor,
        is_pure: false,
    }
}

const fn pure(name: &'static str, floor: u8) -> Room {
    Room {
        name,
        floor,
        is_pure: true,
    }
}

/// What uses what.
#[derive(Default)]
struct Graph {
    /// Crates of the workspace → crates they name, also for tests and build scripts only.
    named: BTreeMap<String, BTreeSet<String>>,
    /// Package → packages that are compiled into it; two versions of a crate are two packages.
    linked: BTreeMap<String, BTreeSet<String>>,
    /// Package → name of its crate.
    names: BTreeMap<String, String>,
}

pub(crate) fn run() -> Result<bool, String> {
    check().map(|()| {
        println!("every arrow points down");
        true
    })
}

/// Fails with everything that points the wrong way.
pub(crate) fn check() -> Result<(), String> {
    let findings = judge(&Graph::read(&place::metadata(true)?)?);
    if findings.is_empty() {
        return Ok(());
    }
    let count = findings.len();
    Err(format!("{count} wrong arrows\n{}", findings.join("\n")))
}

impl Graph {
    fn read(metadata: &Value) -> Result<Self, String> {
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let members: BTreeSet<String> = list(&metadata["workspace_members"])
            .iter()
            .map(text)
            .collect();
        let mut graph = Self::default();
        for package in list(&metadata["packages"]) {
            let (id, name) = (text(&package["id"]), text(&package["name"]));
            if members.contains(&id) {
                let needs = list(&package["dependencies"]);
                let needs = needs.iter().map(|need| text(&need["name"])).collect();
                graph.named.insert(name.clone(), needs);
            }
            graph.names.insert(id, name);
        }
        for node in list(&metadata["resolve"]["nodes"]) {
            let deps = list(&node["deps"]);
            let linked = deps.iter().filter(|dep| {
                list(&dep["dep_kinds"])
                    .iter()
                    .any(|kind| kind["kind"].is_null())
            });
            let linked = linked.map(|dep| text(&dep["pkg"])).collect();
            graph.linked.insert(text(&node["id"]), linked);
        }
        if graph.named.is_empty() || graph.linked.is_empty() {
            return Err("cargo metadata names no crates".to_owned());
        }
        Ok(graph)
    }

    /// The shortest way from a package to one of some crates, as crate names.
    fn way(&self, from: &str, to: &str) -> Option<String> {
        let mut ways = VecDeque::from([vec![from]]);
        let mut seen = BTreeSet::new();
        while let Some(way) = ways.pop_front() {
            let here = *way.last()?;
            let name = self.names.get(here)?;
            if name == to {
                let names: Vec<&str> = way
                    .iter()
                    .filter_map(|id| self.names.get(*id).map(String::as_str))
                    .collect();
                return Some(names.join(" → "));
            }
            if !seen.insert(here) {
                continue;
            }
            for next in self.linked.get(here).into_iter().flatten() {
                let mut longer = way.clone();
                longer.push(next);
                ways.push_back(longer);
            }
        }
        None
    }
}

fn judge(graph: &Graph) -> Vec<String> {
    let floor = |name: &str| {
        ROOMS
            .iter()
            .find(|room| room.name == name)
            .map(|room| room.floor)
    };
    let mut findings = Vec::new();
    for (name, needs) in &graph.named {
        if OUTSIDE.contains(&name.as_str()) {
            continue;
        }
        let Some(here) = floor(name) else {
            findings.push(format!(
                "{name} has no room: give it a floor in xtask/src/layers.rs"
            ));
            continue;
        };
        for need in needs {
            if floor(need).is_some_and(|there| there >= here) {
                findings.push(format!(
                    "{name} → {need}: arrows point down only; move what it needs to a lower room"
                ));
            }
            if OUTSIDE.contains(&need.as_str()) {
                findings.push(format!("{name} → {need}: this is no part of the product"));
            }
        }
    }
    for room in ROOMS.iter().filter(|room| room.is_pure) {
        let package = graph.names.iter().find(|(_, name)| *name == room.name);
        let Some((package, _)) = package else {
            findings.push(format!(
                "{} is gone: mend the table in xtask/src/layers.rs",
                room.name
            ));
            continue;
        };
        let ways = IMPURE
            .iter()
            .filter_map(|impure| graph.way(package, impure));
        findings.extend(ways.map(|way| format!("{way}: this room does no I/O")));
    }
    findings
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Metadata of the house with a few arrows; `dev` ones are for tests only.
    fn house(arrows: &[(&str, &str)], dev: &[(&str, &str)]) -> Graph {
        let all: Vec<_> = arrows.iter().chain(dev).collect();
        let mut names: BTreeSet<&str> = ROOMS.iter().map(|room| room.name).collect();
        names.extend(all.iter().flat_map(|(from, to)| [*from, *to]));
        let members: Vec<_> = names
            .iter()
            .filter(|name| name.starts_with("tierline") || **name == "xtask")
            .collect();
        let packages: Vec<_> = names
            .iter()
            .map(|name| {
                let needs = all.iter().filter(|(from, _)| from == name);
                let needs: Vec<_> = needs.map(|(_, to)| json!({ "name": to })).collect();
                json!({ "id": name, "name": name, "dependencies": needs })
            })
            .collect();
        let nodes: Vec<_> = names
            .iter()
            .map(|name| {
                let of = |arrows: &[(&str, &str)], kind: Value| -> Vec<Value> {
                    let mine = arrows.iter().filter(|(from, _)| from == name);
                    mine.map(|(_, to)| json!({ "pkg": to, "dep_kinds": [{ "kind": kind }] }))
                        .collect()
                };
                let deps = [of(arrows, Value::Null), of(dev, json!("dev"))].concat();
                json!({ "id": name, "deps": deps })
            })
            .collect();
        let metadata = json!({
            "workspace_members": members, "packages": packages, "resolve": { "nodes": nodes }
        });
        Graph::read(&metadata).unwrap()
    }

    #[test]
    fn the_house_as_drawn_has_no_findings() {
        let arrows = [
            ("tierline", "tierline-api"),
            ("tierline-api", "tierline-app"),
            ("tierline-api", "tierline-domain"),
            ("tierline-app", "tierline-store"),
            ("tierline-store", "tokio"),
            ("tierline-rules", "tierline-domain"),
            ("tierline-proofs", "tierline-rules"),
            ("xtask", "serde_json"),
        ];
        assert_eq!(judge(&house(&arrows, &[])), Vec::<String>::new());
    }

    #[test]
    fn an_arrow_that_does_not_point_down_is_found() {
        for (from, to) in [
            ("tierline-store", "tierline-app"),
            ("tierline-rules", "tierline-billing"),
            ("tierline-billing", "tierline-rules"),
            ("tierline-app", "xtask"),
            ("tierline", "tierline-proofs"),
        ] {
            let findings = judge(&house(&[(from, to)], &[]));
            assert_eq!(findings.len(), 1, "{findings:?}");
            assert!(
                findings[0].starts_with(&format!("{from} → {to}")),
                "{findings:?}"
            );
            assert_eq!(
                judge(&house(&[], &[(from, to)])).len(),
                1,
                "in tests as well"
            );
        }
    }

    #[test]
    fn a_crate_without_a_room_is_found() {
        let findings = judge(&house(&[("tierline-attic", "tierline-domain")], &[]));
        assert!(findings[0].contains("has no room"), "{findings:?}");
    }

    #[test]
    fn a_pure_room_that_reaches_a_runtime_is_found_however_deep() {
        let arrows = [
            ("tierline-domain", "helper"),
            ("helper", "deeper"),
            ("deeper", "tokio"),
        ];
        let findings = judge(&house(&arrows, &[]));
        assert_eq!(
            findings,
            ["tierline-domain → helper → deeper → tokio: this room does no I/O"]
        );
        let in_tests = house(&[("helper", "tokio")], &[("tierline-domain", "helper")]);
        assert_eq!(judge(&in_tests), Vec::<String>::new(), "tests may wait");
    }
}

//! Files that must agree with something else: copies with what they were copied from, generated ones with
//! what the product would write today.

use std::fs;
use std::path::Path;

use crate::place::{self, root};
use crate::program::Program;
use crate::steps::Checked;

/// Where the program's data comes from, where that lies beside the repository.
const SHARED: &str = "../shared/program";
/// Directory there, directory here, and the endings of what was copied.
const COPIES: &[(&str, &str, &[&str])] = &[
    ("", "program", &["md", "csv"]),
    ("scenarios", "scenarios", &["md", "json", "yaml"]),
];

/// A file of the repository that the product writes.
struct Generated {
    path: &'static str,
    /// The arguments with which `tierline` prints it.
    args: &'static [&'static str],
}

/// Every file that the product writes. A new one is one more row.
const GENERATED: &[Generated] = &[
    Generated {
        path: "docs/fidelity.md",
        args: &["fidelity"],
    },
    Generated {
        path: "docs/rules.md",
        args: &["rules", "--markdown"],
    },
];

/// Copies must be byte for byte what they were copied from.
pub(crate) fn copies() -> Result<Checked, String> {
    let shared = root().join(SHARED);
    if !shared.exists() {
        return Ok(Checked::No("nothing to compare with".to_owned()));
    }
    let mut findings = Vec::new();
    for (from, to, endings) in COPIES {
        let directory = shared.join(from);
        let entries =
            fs::read_dir(&directory).map_err(|error| format!("{SHARED}/{from}: {error}"))?;
        for path in entries.flatten().map(|entry| entry.path()) {
            let ending = path.extension().and_then(|ending| ending.to_str());
            if !ending.is_some_and(|ending| endings.contains(&ending)) {
                continue;
            }
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let copy = format!("{to}/{name}");
            let origin = fs::read(&path).map_err(|error| format!("{name}: {error}"))?;
            findings.extend(differs(&copy, &origin, read(&copy)?.as_deref()));
        }
    }
    verdict(
        findings,
        "bring the copy up to date; only what lies beside them is the project's own",
    )
}

/// Generated files must be what the product prints now. Needs the product built, which the tests before it did.
pub(crate) fn generated() -> Result<Checked, String> {
    let binary = place::binary("debug")?;
    let mut findings = Vec::new();
    for file in GENERATED {
        let printed = Program::new(&binary, file.args).output()?.text;
        findings.extend(differs(
            file.path,
            printed.as_bytes(),
            read(file.path)?.as_deref(),
        ));
    }
    verdict(
        findings,
        "write it anew with `tierline` and look at the change",
    )
}

/// The bytes of a file of the repository; none where it is not there.
fn read(path: &str) -> Result<Option<Vec<u8>>, String> {
    let path = root().join(Path::new(path));
    if !path.exists() {
        return Ok(None);
    }
    let bytes = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(Some(bytes))
}

fn differs(path: &str, wanted: &[u8], found: Option<&[u8]>) -> Option<String> {
    let Some(found) = found else {
        return Some(format!("{path}: is missing"));
    };
    if found == wanted {
        return None;
    }
    let (wanted, found) = (
        String::from_utf8_lossy(wanted),
        String::from_utf8_lossy(found),
    );
    let same = wanted
        .lines()
        .zip(found.lines())
        .take_while(|(a, b)| a == b);
    Some(format!(
        "{path}:{}: differs from here on",
        same.count().saturating_add(1)
    ))
}

fn verdict(mut findings: Vec<String>, cure: &str) -> Result<Checked, String> {
    if findings.is_empty() {
        return Ok(Checked::Yes);
    }
    findings.sort();
    Err(format!(
        "{} files drifted: {cure}\n{}",
        findings.len(),
        findings.join("\n")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_differs_is_named() {
        assert_eq!(differs("a.md", b"one\ntwo\n", Some(b"one\ntwo\n")), None);
        let drift = differs("a.md", b"one\ntwo\n", Some(b"one\nthree\n")).unwrap();
        assert!(drift.starts_with("a.md:2:"), "{drift}");
        let drift = differs("a.md", b"one\n", Some(b"one\ntwo\n")).unwrap();
        assert!(drift.starts_with("a.md:2:"), "{drift}");
        assert_eq!(
            differs("a.md", b"one", None),
            Some("a.md: is missing".to_owned())
        );
    }

    #[test]
    fn a_changed_line_end_is_drift() {
        assert!(differs("a.md", b"one\n", Some(b"one\r\n")).is_some());
    }
}

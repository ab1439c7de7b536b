//! What rustfmt cannot check: file length, leftovers, floats, wall clocks, engine branches.

use std::path::{Path, PathBuf};

use crate::run::root;

/// Longest file without a reason written down.
const LINES_MAX: usize = 800;
/// Files that may read the wall clock.
const CLOCKS: &[&str] = &["crates/app/src/clock.rs"];
/// What may measure how long something took: it waits for databases, and no decision comes of it.
const STOPWATCHES: &str = "crates/store/src/engine/";

/// Checks every source file.
pub(crate) fn check() -> Result<(), String> {
    let mut files = Vec::new();
    for directory in ["crates", "xtask", "proofs"] {
        collect(&root().join(directory), &mut files);
    }
    files.sort();
    let mut findings = Vec::new();
    for file in files {
        let Ok(text) = std::fs::read_to_string(&file) else {
            continue;
        };
        let name = file
            .strip_prefix(root())
            .unwrap_or(&file)
            .to_string_lossy()
            .into_owned();
        findings.extend(judge(&name, &text));
    }
    if findings.is_empty() {
        Ok(())
    } else {
        Err(findings.join("\n"))
    }
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return;
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The findings of one file: where, what, and what to do.
fn judge(name: &str, text: &str) -> Vec<String> {
    // The checker's own source names what it looks for.
    if name.starts_with("xtask/") {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let lines = text.lines().count();
    if lines > LINES_MAX && !text.contains("// tidy: long because ") {
        findings.push(format!(
            "{name}: {lines} lines; split it, or say `// tidy: long because …`"
        ));
    }
    let product = name.contains("/src/");
    let exact = ["domain", "rules", "billing", "store", "app"]
        .iter()
        .any(|room| name.starts_with(&format!("crates/{room}/src")));
    for (index, line) in text.lines().enumerate() {
        let mut found =
            |what: &str| findings.push(format!("{name}:{}: {what}", index.saturating_add(1)));
        for word in [
            "TODO",
            "FIXME",
            "todo!(",
            "unimplemented!(",
            "dbg!(",
            "#[ignore",
        ] {
            if line.contains(word) {
                found(&format!("`{word}` is left over: do it, or write an issue"));
            }
        }
        if exact && (has_word(line, "f64") || has_word(line, "f32")) {
            found("no floats in this room: amounts and shares are integers");
        }
        if product
            && !CLOCKS.contains(&name)
            && ["Timestamp::now", "SystemTime::now", "Instant::now"]
                .iter()
                .any(|call| line.contains(call))
            && !name.ends_with("exhaustion.rs")
            && !(name.starts_with(STOPWATCHES) && line.contains("Instant::now"))
        {
            found("reads a clock: take the instant from the context");
        }
        if !name.starts_with("crates/store/src/engine")
            && ["Tx::Sqlite", "Tx::Pg"]
                .iter()
                .any(|branch| line.contains(branch))
        {
            found("asks which engine runs: only the store's engine may");
        }
        for place in ["/home/", "/root/", "/work/"] {
            if line.contains(place) {
                found(&format!("names a place of one machine ({place})"));
            }
        }
    }
    findings
}

fn has_word(line: &str, word: &str) -> bool {
    line.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .any(|part| part == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leftovers_are_found() {
        assert!(judge("crates/app/src/x.rs", "fn a() {}\n").is_empty());
        assert_eq!(judge("crates/app/src/x.rs", "// TODO later\n").len(), 1);
        assert_eq!(
            judge("crates/billing/src/x.rs", "let x: f64 = 1.0;\n").len(),
            1
        );
        assert_eq!(
            judge("crates/api/src/x.rs", "let t = jiff::Timestamp::now();\n").len(),
            1
        );
        assert!(judge("crates/app/src/clock.rs", "jiff::Timestamp::now()\n").is_empty());
    }

    #[test]
    fn long_files_need_a_reason() {
        let long = "x\n".repeat(801);
        assert_eq!(judge("crates/api/src/x.rs", &long).len(), 1);
        assert!(
            judge(
                "crates/api/src/x.rs",
                &format!("// tidy: long because it is one table\n{long}")
            )
            .is_empty()
        );
    }
}

//! Where things are: the repository, its build, its scenario files.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::program::Program;

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map_or_else(PathBuf::new, Path::to_owned)
}

/// What cargo knows of the workspace, with everything it depends on or without.
pub(crate) fn metadata(with_dependencies: bool) -> Result<Value, String> {
    let mut cargo = Program::new("cargo", ["metadata", "--format-version", "1"]);
    if !with_dependencies {
        cargo = cargo.arg("--no-deps");
    }
    serde_json::from_str(&cargo.output()?.text).map_err(|error| format!("cargo metadata: {error}"))
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> Result<PathBuf, String> {
    let metadata = metadata(false)?;
    let target = metadata["target_directory"].as_str();
    target
        .map(PathBuf::from)
        .ok_or_else(|| "cargo metadata names no target directory".to_owned())
}

/// The program `tierline` of a profile: `debug`, `demo` or `release`.
pub(crate) fn binary(profile: &str) -> Result<PathBuf, String> {
    Ok(target()?.join(profile).join("tierline"))
}

/// All scenario files, relative to the root: the program's and the project's own.
pub(crate) fn scenarios() -> Result<Vec<String>, String> {
    let mut files = Vec::new();
    for directory in ["scenarios", "scenarios/own"] {
        let path = root().join(directory);
        if !path.exists() {
            continue;
        }
        let entries = std::fs::read_dir(&path).map_err(|error| format!("{directory}: {error}"))?;
        for entry in entries {
            let entry = entry.map_err(|error| format!("{directory}: {error}"))?;
            let name = format!("{directory}/{}", entry.file_name().to_string_lossy());
            if is_yaml(&name) {
                files.push(name);
            }
        }
    }
    files.sort();
    Ok(files)
}

fn is_yaml(name: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|extension| extension == "yaml")
}

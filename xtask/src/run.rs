//! Running things: the demo, the tests, CI.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::{layers, postgres, tidy};

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map_or_else(PathBuf::new, Path::to_owned)
}

/// Runs a program in the root and fails with its name when it fails.
pub(crate) fn run(program: &str, args: &[&str]) -> Result<(), String> {
    run_with(program, args, &[])
}

fn run_with(program: &str, args: &[&str], env: &[(&str, &str)]) -> Result<(), String> {
    println!("$ {program} {}", args.join(" "));
    let status = Command::new(program)
        .args(args)
        .envs(env.iter().copied())
        .current_dir(root())
        .status()
        .map_err(|error| format!("{program} cannot be started: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{program} {} failed", args.join(" ")))
    }
}

/// Whether a program is on the path.
pub(crate) fn have(program: &str) -> bool {
    Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .output()
        .is_ok_and(|found| found.status.success())
}

/// `cargo run --release -- serve --demo`.
pub(crate) fn demo(args: &[String]) -> Result<(), String> {
    let mut all = vec![
        "run",
        "--release",
        "--quiet",
        "-p",
        "tierline",
        "--",
        "serve",
        "--demo",
    ];
    all.extend(args.iter().map(String::as_str));
    run("cargo", &all)
}

/// Scenario files: the program's own and ours.
pub(crate) fn scenarios() -> Vec<String> {
    let mut files = Vec::new();
    for directory in ["scenarios", "scenarios/own"] {
        let Ok(entries) = std::fs::read_dir(root().join(directory)) else {
            continue;
        };
        files.extend(
            entries
                .flatten()
                .map(|entry| format!("{directory}/{}", entry.file_name().to_string_lossy()))
                .filter(|name| {
                    Path::new(name)
                        .extension()
                        .is_some_and(|extension| extension == "yaml")
                }),
        );
    }
    files.sort();
    files
}

/// Every test on both engines.
pub(crate) fn test(filter: &[String]) -> Result<(), String> {
    let cluster = postgres::Cluster::start()?;
    let env = cluster
        .as_ref()
        .map(|cluster| ("TIERLINE_TEST_POSTGRES", cluster.url()));
    let env: Vec<(&str, &str)> = env
        .iter()
        .map(|(name, url)| (*name, url.as_str()))
        .collect();
    let mut args = if have("cargo-nextest") {
        vec!["nextest", "run", "--workspace", "--no-fail-fast"]
    } else {
        vec!["test", "--workspace", "--no-fail-fast"]
    };
    args.extend(filter.iter().map(String::as_str));
    let mut steps: Vec<(String, Result<(), String>)> = Vec::new();
    steps.push(("tests".to_owned(), run_with("cargo", &args, &env)));
    if filter.is_empty() {
        steps.push(("scenarios".to_owned(), check_scenarios()));
    }
    drop(cluster);
    finish(&steps)
}

fn check_scenarios() -> Result<(), String> {
    run("cargo", &["build", "--quiet", "-p", "tierline"])?;
    let files = scenarios();
    let mut args = vec!["check", "--quiet"];
    args.extend(files.iter().map(String::as_str));
    let binary = root().join("target/debug/tierline");
    let binary = std::env::var("CARGO_TARGET_DIR").map_or(binary, |target| {
        PathBuf::from(target).join("debug/tierline")
    });
    run(&binary.to_string_lossy(), &args)
}

/// Prints how each step ended, and the plain closing line.
fn finish(steps: &[(String, Result<(), String>)]) -> Result<(), String> {
    let failed = steps.iter().filter(|(_, outcome)| outcome.is_err()).count();
    for (name, outcome) in steps {
        match outcome {
            Ok(()) => println!("ok    {name}"),
            Err(problem) => println!("FAIL  {name}: {problem}"),
        }
    }
    println!(
        "{} passed, {failed} failed",
        steps.len().saturating_sub(failed)
    );
    if failed == 0 {
        Ok(())
    } else {
        Err(String::new())
    }
}

/// What `.ci/run` calls.
pub(crate) fn ci() -> Result<(), String> {
    let mut steps = Vec::new();
    let mut times = Vec::new();
    let mut step = |name: &str, work: &dyn Fn() -> Result<(), String>| {
        let started = Instant::now();
        let outcome = work();
        times.push(format!(
            "{:>6.0} s  {name}",
            started.elapsed().as_secs_f32()
        ));
        steps.push((name.to_owned(), outcome));
    };
    step("format", &|| {
        run("cargo", &["fmt", "--all", "--", "--check"])
    });
    step("lints", &|| {
        run(
            "cargo",
            &[
                "clippy",
                "--workspace",
                "--all-targets",
                "--",
                "-D",
                "warnings",
            ],
        )
    });
    step("layers", &layers::check);
    step("tidy", &tidy::check);
    step("licences", &deny);
    step("drift", &drift);
    step("tests", &|| test(&[]));
    for time in times {
        println!("{time}");
    }
    finish(&steps)
}

fn deny() -> Result<(), String> {
    if have("cargo-deny") {
        return run("cargo", &["deny", "check", "licenses", "bans", "sources"]);
    }
    println!("licences: not checked (cargo-deny is not installed)");
    Ok(())
}

/// Copies of shared material must be byte for byte what they were copied from, where that is at hand.
fn drift() -> Result<(), String> {
    let shared = root().join("../shared/program");
    if !shared.exists() {
        println!("drift: not checked (nothing to compare with)");
        return Ok(());
    }
    let mut drifted = Vec::new();
    for (from, to) in [("", "program"), ("scenarios", "scenarios")] {
        let Ok(entries) = std::fs::read_dir(shared.join(from)) else {
            continue;
        };
        for entry in entries.flatten().filter(|entry| entry.path().is_file()) {
            let name = entry.file_name();
            let ours = root().join(to).join(&name);
            if std::fs::read(entry.path()).ok() != std::fs::read(&ours).ok() {
                drifted.push(format!("{to}/{}", name.to_string_lossy()));
            }
        }
    }
    if drifted.is_empty() {
        Ok(())
    } else {
        Err(format!(
            "differs from what it was copied from: {}",
            drifted.join(", ")
        ))
    }
}

/// The long figures: each row is a program of the workspace and its arguments.
const SOAK: &[(&str, &[&str])] = &[(
    "exhaustion",
    &[
        "test",
        "--release",
        "-p",
        "tierline-rules",
        "exhaustion",
        "--",
        "--nocapture",
    ],
)];

/// Runs every long figure.
pub(crate) fn soak() -> Result<(), String> {
    let steps: Vec<_> = SOAK
        .iter()
        .map(|(name, args)| ((*name).to_owned(), run("cargo", args)))
        .collect();
    finish(&steps)
}

//! Each rule earns its place: switched off, some scenario case must fail.

use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::run::{root, run, scenarios};

/// Switches every enforced rule off in turn and lists those that no case needs.
pub(crate) fn prove() -> Result<(), String> {
    run(
        "cargo",
        &["build", "--release", "--quiet", "-p", "tierline"],
    )?;
    let binary = root().join("target/release/tierline");
    let output = Command::new(&binary)
        .args(["rules", "--json"])
        .current_dir(root())
        .output()
        .map_err(|error| error.to_string())?;
    let rules: Value = serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
    let enforced: Vec<String> = rules
        .as_array()
        .into_iter()
        .flatten()
        .filter(|rule| rule["status"] == "enforced")
        .filter_map(|rule| rule["id"].as_str().map(str::to_owned))
        .collect();
    let files = scenarios();
    let (next, idle) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(rule) = enforced.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let status = Command::new(&binary)
                        .args(["check", "--quiet", "--without", rule, "--rule", rule])
                        .args(&files)
                        .current_dir(root())
                        .output()
                        .map(|output| output.status.code());
                    if !matches!(status, Ok(Some(1)))
                        && let Ok(mut idle) = idle.lock()
                    {
                        idle.push(rule.clone());
                    }
                }
            });
        }
    });
    let mut idle = idle.into_inner().unwrap_or_default();
    idle.sort();
    println!(
        "{} enforced rules switched off in turn; no case fails without: {}",
        enforced.len(),
        if idle.is_empty() {
            "none".to_owned()
        } else {
            idle.join(" ")
        }
    );
    if idle.is_empty() {
        Ok(())
    } else {
        Err(String::new())
    }
}

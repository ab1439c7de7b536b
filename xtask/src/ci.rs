//! `cargo xtask ci`: what a change must pass before it lands.

use crate::program::{Program, find};
use crate::steps::{Checked, Steps};
use crate::test::{self, Lack};
use crate::{conformance, drift, layers, prove, tidy};

/// Runs every check; a failure stops none of the others.
pub(crate) fn run() -> bool {
    let mut steps = Steps::default();
    steps.run("format", || cargo(&["fmt", "--all", "--", "--check"]));
    steps.run("layers", layers::check);
    steps.run("tidy", tidy::check);
    steps.run("licences and sources", deny);
    steps.run("copies", drift::copies);
    test::prepare(&mut steps, &[], Lack::Fails);
    steps.run("lints", lints);
    test::add(&mut steps, &[]);
    steps.run("generated files", drift::generated);
    steps.run("every rule earns its place", prove::built);
    steps.run("documented examples", conformance::check);
    steps.finish()
}

fn cargo(args: &[&str]) -> Result<(), String> {
    Program::new("cargo", args).run()
}

/// `.ci/run` has whatever compiles the workspace read its lints too: then they are read by what compiles the tests, and nothing is
/// compiled once to be judged and once more to be run.
fn lints() -> Result<(), String> {
    if std::env::var_os("RUSTC_WORKSPACE_WRAPPER").is_some_and(|wrapper| wrapper == "clippy-driver")
    {
        return cargo(&["build", "--workspace", "--all-targets", "--keep-going"]);
    }
    let clippy = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ];
    cargo(&clippy)
}

/// Advisories need a database that may be out of reach; a network must not decide whether a change lands.
fn deny() -> Result<Checked, String> {
    if find("cargo-deny").is_none() {
        return Ok(Checked::No("cargo-deny is not installed".to_owned()));
    }
    println!("advisories: not checked");
    cargo(&["deny", "check", "bans", "licenses", "sources"]).map(Checked::from)
}

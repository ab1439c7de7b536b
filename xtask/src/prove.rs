//! `cargo xtask rules --prove`: each enforced rule earns its place, by the product's own `check --prove`.

use std::path::Path;

use crate::place;
use crate::program::Program;

/// Switches every enforced rule off in turn; fails with the list of those that no case misses.
pub(crate) fn run() -> Result<bool, String> {
    Program::new("cargo", ["build", "--profile", "demo", "-p", "tierline"]).run()?;
    prove(&place::binary("demo")?).map(|()| true)
}

/// The same with the program that the tests have built: a step of continuous integration.
pub(crate) fn built() -> Result<(), String> {
    prove(&place::binary("debug")?).map_err(|problem| {
        format!("{problem}: where a rule is missed by no case, write one, as CONTRIBUTING says")
    })
}

fn prove(binary: &Path) -> Result<(), String> {
    Program::new(binary, ["check", "--prove"])
        .args(place::scenarios()?)
        .run()
}

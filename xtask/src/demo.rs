//! `cargo xtask demo`: the product in one command.

use crate::build;
use crate::program::Program;

/// Builds the product, quickly rather than as it ships, and serves the demo world until it is stopped.
pub(crate) fn run(args: &[String]) -> Result<bool, String> {
    build::with_portal()?;
    Program::new(
        "cargo",
        ["run", "--profile", "demo", "-p", "tierline", "--"],
    )
    .args(["serve", "--demo"])
    .args(args)
    .run()
    .map(|()| true)
}

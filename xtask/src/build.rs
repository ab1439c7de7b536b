//! `cargo xtask build`: the product as it ships, with its portal where that can be built.

use crate::portal;
use crate::program::Program;

/// Builds the portal, then the binary around it.
pub(crate) fn run() -> Result<bool, String> {
    with_portal()?;
    Program::new("cargo", ["build", "--release", "-p", "tierline"])
        .run()
        .map(|()| true)
}

/// Builds the portal where npm is there; without it the binary's portal is a page that says how.
pub(crate) fn with_portal() -> Result<(), String> {
    if !portal::is_buildable() {
        println!("npm is not installed: the portal is left out");
        return Ok(());
    }
    portal::build()
}

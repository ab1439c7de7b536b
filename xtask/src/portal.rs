//! The portal: its packages, its build and its tests, through npm.

use crate::place::{self, root};
use crate::program::{Program, find};
use crate::steps::Checked;

/// Whether this machine can build it.
pub(crate) fn is_buildable() -> bool {
    find("npm").is_some()
}

fn npm(args: &[&str]) -> Result<(), String> {
    Program::new("npm", ["--prefix", "portal"]).args(args).run()
}

/// Installs exactly the packages of the lock file; nothing where they are there.
fn install() -> Result<(), String> {
    // npm writes this file when it is done; an older one is of another lock file.
    let time = |path: &str| {
        let metadata = root().join("portal").join(path).metadata().ok()?;
        metadata.modified().ok()
    };
    let is_here = time("node_modules/.package-lock.json")
        .zip(time("package-lock.json"))
        .is_some_and(|(installed, locked)| installed >= locked);
    if is_here {
        return Ok(());
    }
    npm(&["ci"])
}

/// Builds the portal; cargo embeds it at the next build.
pub(crate) fn build() -> Result<(), String> {
    install()?;
    npm(&["run", "build"])
}

/// What a browser takes how long for, with many rows and boxes, against the program as it ships.
pub(crate) fn figures() -> Result<Checked, String> {
    if !is_buildable() || find("chromium").is_none() {
        return Ok(Checked::No("npm or chromium is missing".to_owned()));
    }
    build()?;
    Program::new("cargo", ["build", "--quiet", "--release", "-p", "tierline"]).run()?;
    let mut figures = Program::new("npm", ["--prefix", "portal", "run", "figures"]);
    figures = figures.env("TIERLINE", place::binary("release")?);
    if let Some(browser) = find("chromium") {
        figures = figures.env("CHROMIUM", browser);
    }
    figures.run().map(Checked::from)
}

/// Types, style, build, size and the end-to-end tests whose file name contains a word.
pub(crate) fn test(words: &[String]) -> Result<Checked, String> {
    if !is_buildable() || find("chromium").is_none() {
        return Ok(Checked::No("npm or chromium is missing".to_owned()));
    }
    install()?;
    npm(&["run", "types"])?;
    npm(&["run", "lint"])?;
    npm(&["run", "build"])?;
    npm(&["run", "size"])?;
    Program::new("cargo", ["build", "--quiet", "-p", "tierline"]).run()?;
    let mut tests = Program::new("npm", ["--prefix", "portal", "run", "e2e", "--"]).args(words);
    tests = tests.env("TIERLINE", place::binary("debug")?);
    if let Some(browser) = find("chromium") {
        tests = tests.env("CHROMIUM", browser);
    }
    tests.run().map(Checked::from)
}

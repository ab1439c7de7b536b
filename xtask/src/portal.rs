//! The portal: its packages, its build and its tests, through npm.

use std::path::Path;
use std::thread;

use crate::machine::browser;
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

/// What it is made of: types and style, and that it builds and stays small. Side by side, for neither keeps two processors busy.
pub(crate) fn code() -> Result<Checked, String> {
    if !is_buildable() {
        return Ok(Checked::No("npm is missing".to_owned()));
    }
    install()?;
    thread::scope(|scope| {
        let side_by_side = [
            scope.spawn(|| npm(&["run", "lint"])),
            scope.spawn(|| npm(&["run", "build"]).and_then(|()| npm(&["run", "size"]))),
        ];
        let ended =
            side_by_side.map(|one| one.join().unwrap_or(Err("a thread panicked".to_owned())));
        ended.into_iter().collect::<Result<(), _>>()
    })
    .map(Checked::from)
}

/// What a browser takes how long for, with many rows and boxes, against the program as it ships.
pub(crate) fn figures() -> Result<Checked, String> {
    if !is_buildable() || browser().is_none() {
        return Ok(Checked::No("npm or chromium is missing".to_owned()));
    }
    build()?;
    Program::new("cargo", ["build", "--quiet", "--release", "-p", "tierline"]).run()?;
    in_browser("figures", &place::binary("release")?, &[])
}

/// The end-to-end tests of a program whose file name contains a word.
pub(crate) fn test(program: &Path, words: &[String]) -> Result<Checked, String> {
    in_browser("e2e", program, words)
}

fn in_browser(script: &str, program: &Path, words: &[String]) -> Result<Checked, String> {
    let Some(browser) = browser().filter(|_| is_buildable()) else {
        return Ok(Checked::No("npm or chromium is missing".to_owned()));
    };
    Program::new("npm", ["--prefix", "portal", "run", script, "--"])
        .args(words)
        .env("TIERLINE", program)
        .env("CHROMIUM", browser)
        .run()
        .map(Checked::from)
}

//! What the tests need of the machine, and getting it where that is possible.

use std::path::PathBuf;

use crate::place::root;
use crate::postgres;
use crate::program::{Program, find, is_root};

/// Something the tests need.
struct Need {
    name: &'static str,
    /// Debian's packages that bring it.
    packages: &'static [&'static str],
    is_wanted: fn() -> bool,
    is_here: fn() -> bool,
    /// A program that does instead, only slower: what is needed is installed where it may be, and not missing where it may not.
    instead: Option<&'static str>,
}

/// Everything the tests need besides Rust's toolchain. A new need is one more row.
const NEEDS: &[Need] = &[
    Need {
        name: "PostgreSQL's server programs",
        packages: &["postgresql"],
        is_wanted: || std::env::var_os(postgres::VARIABLE).is_none(),
        is_here: || postgres::programs().is_some(),
        instead: None,
    },
    Need {
        name: "the solver cvc5, for the proofs",
        packages: &["cvc5"],
        is_wanted: || std::env::var_os("CVC5").is_none(),
        is_here: || find("cvc5").is_some(),
        instead: None,
    },
    Need {
        name: "hledger, which adds the ledger up a second time",
        packages: &["hledger"],
        is_wanted: || true,
        is_here: || find("hledger").is_some(),
        instead: None,
    },
    Need {
        name: "strace, to count what reaches the disk",
        packages: &["strace"],
        is_wanted: || true,
        is_here: || find("strace").is_some(),
        instead: None,
    },
    Need {
        name: "the browser chromium without windows, for the portal",
        packages: &[SHELL],
        is_wanted: || root().join("portal/package.json").exists(),
        is_here: || find(SHELL).is_some(),
        instead: Some(BROWSER),
    },
    Need {
        name: "Node.js and npm, for the portal",
        packages: &["nodejs", "npm"],
        is_wanted: || root().join("portal/package.json").exists(),
        is_here: || find("node").is_some() && find("npm").is_some(),
        instead: None,
    },
    Need {
        name: "a Japanese font, for pictures of the portal",
        packages: &["fonts-ipafont-gothic"],
        is_wanted: || root().join("portal/package.json").exists(),
        is_here: || {
            Program::new("fc-list", [":lang=ja"])
                .output()
                .is_ok_and(|fonts| !fonts.text.trim().is_empty())
        },
        instead: None,
    },
    Need {
        name: "Python with venv, for the client suite",
        packages: &["python3", "python3-venv"],
        is_wanted: || root().join(CLIENTS).exists(),
        is_here: || {
            find("python3").is_some()
                && Program::new("python3", ["-c", "import ensurepip"])
                    .output()
                    .is_ok_and(|python| python.status == Some(0))
        },
        instead: None,
    },
];

/// Chromium without windows: the same engine, in two thirds of the time.
const SHELL: &str = "chromium-headless-shell";

/// Chromium as people have it.
const BROWSER: &str = "chromium";

/// The browser that the portal is tested in.
pub(crate) fn browser() -> Option<PathBuf> {
    find(SHELL).or_else(|| find(BROWSER))
}

/// The Python packages of the suite that drives the server with clients people already own.
const CLIENTS: &str = "clients/requirements.txt";

/// Installs what is missing and may be installed; says what is missing still, and how to get it.
pub(crate) fn prepare() -> Vec<String> {
    if find("apt-get").is_some() && is_root() {
        let packages: Vec<_> = missing().flat_map(|need| need.packages).collect();
        if !packages.is_empty() {
            install(&packages);
        }
    }
    missing()
        .filter(|need| need.instead.and_then(find).is_none())
        .map(|need| {
            let packages = need.packages.join(" ");
            format!("{} (Debian: apt-get install {packages})", need.name)
        })
        .collect()
}

fn missing() -> impl Iterator<Item = &'static Need> {
    NEEDS
        .iter()
        .filter(|need| (need.is_wanted)() && !(need.is_here)())
}

/// Whether it helped is asked afterwards, so a failure here is only printed.
fn install(packages: &[&&str]) {
    let apt =
        |args: &[&str]| Program::new("apt-get", args).env("DEBIAN_FRONTEND", "noninteractive");
    let install = apt(&["install", "--yes", "--quiet", "--no-install-recommends"]);
    let done = apt(&["update", "--quiet"])
        .run()
        .and_then(|()| install.args(packages).run());
    if let Err(problem) = done {
        println!("{problem}");
    }
}

/// Where the client suite's Python is, with its packages; `None` where there is no such suite.
pub(crate) fn python() -> Result<Option<String>, String> {
    if !root().join(CLIENTS).exists() {
        return Ok(None);
    }
    let venv = crate::place::target()?.join("clients");
    let python = venv.join("bin/python");
    if !python.exists() {
        Program::new("python3", ["-m", "venv"]).arg(&venv).run()?;
    }
    Program::new(
        &python,
        ["-m", "pip", "install", "--quiet", "--requirement", CLIENTS],
    )
    .run()?;
    Ok(Some(python.to_string_lossy().into_owned()))
}

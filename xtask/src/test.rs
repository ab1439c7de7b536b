//! `cargo xtask test`: everything that can be tested, on a machine that has nothing but Rust's toolchain.

use std::path::PathBuf;

use crate::machine;
use crate::place;
use crate::portal;
use crate::postgres::{self, Cluster, Promise};
use crate::program::{Program, find};
use crate::steps::{Checked, Steps};

/// What it means that the machine lacks something.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lack {
    /// What needs it is left out, and the table says so.
    IsTold,
    /// The run fails: continuous integration leaves nothing out.
    Fails,
}

/// Runs the tests whose name contains a word, or all of them.
pub(crate) fn run(filter: &[String]) -> bool {
    let mut steps = Steps::default();
    prepare(&mut steps, filter, Lack::IsTold);
    add(&mut steps, filter);
    steps.finish()
}

/// Adds the steps that come before anything is compiled: the program embeds the portal, so that is built first.
pub(crate) fn prepare(steps: &mut Steps, filter: &[String], lack: Lack) {
    steps.run("machine", || {
        let missing = machine::prepare().join("; ");
        match lack {
            _ if missing.is_empty() => Ok(Checked::Yes),
            Lack::IsTold => Ok(Checked::No(format!("missing: {missing}"))),
            Lack::Fails => Err(format!("missing: {missing}")),
        }
    });
    // Words pick tests of cargo, unless the first is the portal's name.
    if filter.first().is_none_or(|first| first == "portal") {
        steps.run("portal", portal::code);
    }
}

/// Adds the steps of the tests.
pub(crate) fn add(steps: &mut Steps, filter: &[String]) {
    if let Some((first, words)) = filter.split_first()
        && first == "portal"
    {
        steps.run("portal in a browser", || {
            Program::new("cargo", ["build", "--quiet", "-p", "tierline"]).run()?;
            portal::test(&place::binary("debug")?, words)
        });
        return;
    }
    let mut world = World::default();
    steps.run("test world", || world.build());
    steps.run("tests", || world.cargo(&tests(filter)).run());
    if !filter.is_empty() {
        return;
    }
    steps.run("kills on PostgreSQL", || world.kills());
    if has_nextest() {
        steps.run("doc tests", || {
            world
                .cargo(&["test", "--workspace", "--doc", "--quiet"])
                .run()
        });
    }
    steps.run("scenarios", scenarios);
    steps.run("portal in a browser", || portal::test(&program()?, &[]));
}

/// What stands around the tests while they run.
#[derive(Default)]
struct World {
    cluster: Option<Cluster>,
    python: Option<String>,
}

impl World {
    fn build(&mut self) -> Result<Checked, String> {
        self.python = machine::python()?;
        if std::env::var_os(postgres::VARIABLE).is_some() {
            return Ok(Checked::Yes);
        }
        if postgres::programs().is_none() {
            return Ok(Checked::No("nothing will run on PostgreSQL".to_owned()));
        }
        self.cluster = Some(Cluster::start(Promise::Speed)?);
        Ok(Checked::Yes)
    }

    /// The kill loop once more, on the database of the throw-away cluster that no test uses.
    fn kills(&self) -> Result<Checked, String> {
        let Some(cluster) = &self.cluster else {
            return Ok(Checked::No("no throw-away cluster to kill on".to_owned()));
        };
        let filter = ["a_killed_server_keeps_its_word".to_owned()];
        let cargo = self.cargo(&tests(&filter));
        cargo.env("TIERLINE_KILL_DATABASE", cluster.url()).run()?;
        Ok(Checked::Yes)
    }

    /// A call of cargo that finds what was built. One cluster serves all tests, so none starts its own.
    fn cargo(&self, args: &[&str]) -> Program {
        let mut cargo = Program::new("cargo", args);
        match &self.cluster {
            Some(cluster) => cargo = cargo.env(postgres::VARIABLE, cluster.url()),
            None if std::env::var_os(postgres::VARIABLE).is_none() => {
                cargo = cargo.env(postgres::VARIABLE, "none");
            }
            None => {}
        }
        match &self.python {
            Some(python) => cargo.env("TIERLINE_TEST_PYTHON", python),
            None => cargo,
        }
    }
}

fn has_nextest() -> bool {
    find("cargo-nextest").is_some()
}

fn tests(filter: &[String]) -> Vec<&str> {
    let mut args = if has_nextest() {
        vec!["nextest", "run", "--workspace", "--no-fail-fast"]
    } else {
        vec!["test", "--workspace", "--no-fail-fast"]
    };
    args.extend(filter.iter().map(String::as_str));
    args
}

/// The program, of what the tests are made of: `--workspace --tests` asks for the same features as they did, so only it is linked anew.
fn program() -> Result<PathBuf, String> {
    let build = [
        "build",
        "--quiet",
        "--workspace",
        "--tests",
        "--bin",
        "tierline",
    ];
    Program::new("cargo", build).run()?;
    place::binary("debug")
}

/// The program's tests as data, through the product itself.
fn scenarios() -> Result<(), String> {
    Program::new(program()?, ["check", "--quiet"])
        .args(place::scenarios()?)
        .run()
}

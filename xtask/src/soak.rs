//! `cargo xtask soak`: the long figures, too long for every change.

use std::fs;

use crate::place;
use crate::postgres::{Cluster, Promise};
use crate::program::Program;
use crate::steps::Steps;

/// One figure: a program of the workspace, built as it ships.
struct Figure {
    name: &'static str,
    package: &'static str,
    target: Target,
    /// Its arguments; [`DATABASE`] among them stands for a database, and makes the figure run once per engine.
    args: &'static [&'static str],
    /// Its variables, in which [`DATABASE`] does the same.
    env: &'static [(&'static str, &'static str)],
}

/// What kind of program it is.
#[derive(Clone, Copy)]
enum Target {
    Example(&'static str),
    /// Tests whose name contains a word, printing what they find.
    Test(&'static str),
}

/// In a figure's arguments: the path of a fresh SQLite file, or the connection string of a fresh PostgreSQL cluster.
const DATABASE: &str = "DATABASE";

/// All figures. A new one is one more row.
const FIGURES: &[Figure] = &[
    Figure {
        name: "exhaustion of the fact space",
        package: "tierline-rules",
        target: Target::Test("exhaustion"),
        args: &[],
        env: &[],
    },
    Figure {
        name: "durable commits",
        package: "tierline-store",
        target: Target::Example("throughput"),
        args: &[DATABASE, "10"],
        env: &[],
    },
    Figure {
        name: "fifty kills under load",
        package: "tierline",
        target: Target::Test("a_killed_server"),
        args: &[],
        env: &[
            ("TIERLINE_KILL_ROUNDS", "50"),
            ("TIERLINE_KILL_DATABASE", DATABASE),
        ],
    },
];

/// Runs all figures, or those whose name contains one of the words.
pub(crate) fn run(words: &[String]) -> Result<bool, String> {
    let wanted = |figure: &&Figure| {
        words.is_empty() || words.iter().any(|word| figure.name.contains(word.as_str()))
    };
    let figures: Vec<_> = FIGURES.iter().filter(wanted).collect();
    if figures.is_empty() {
        let names: Vec<_> = FIGURES.iter().map(|figure| figure.name).collect();
        return Err(format!("no such figure; there are: {}", names.join(", ")));
    }
    let mut steps = Steps::default();
    for figure in figures {
        if figure.runs_per_engine() {
            let name = |engine: &str| format!("{} on {engine}", figure.name);
            steps.run(&name("SQLite"), || on_sqlite(figure));
            steps.run(&name("PostgreSQL"), || on_postgres(figure));
        } else {
            steps.run(figure.name, || figure.program("").run());
        }
    }
    Ok(steps.finish())
}

/// In the build directory: the temporary one may be kept in memory, where nothing is durable.
fn on_sqlite(figure: &Figure) -> Result<(), String> {
    let directory = place::target()?.join(format!("soak-{}", std::process::id()));
    fs::create_dir_all(&directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    let file = directory.join("soak.db");
    let done = figure.program(&file.to_string_lossy()).run();
    let removed = fs::remove_dir_all(&directory);
    done.and(removed.map_err(|error| format!("{}: {error}", directory.display())))
}

fn on_postgres(figure: &Figure) -> Result<(), String> {
    let cluster = Cluster::start(Promise::Durability)?;
    figure.program(&cluster.url()).run()
}

impl Figure {
    fn runs_per_engine(&self) -> bool {
        self.args.contains(&DATABASE) || self.env.iter().any(|(_, value)| *value == DATABASE)
    }

    fn program(&self, database: &str) -> Program {
        let package = ["--release", "-p", self.package];
        let args = self.args.iter().map(|arg| arg.replace(DATABASE, database));
        let program = match self.target {
            Target::Example(name) => Program::new("cargo", ["run"])
                .args(package)
                .args(["--example", name, "--"])
                .args(args),
            Target::Test(word) => Program::new("cargo", ["test"])
                .args(package)
                .args([word, "--", "--nocapture"])
                .args(args),
        };
        self.env.iter().fold(program, |program, (name, value)| {
            program.env(name, value.replace(DATABASE, database))
        })
    }
}

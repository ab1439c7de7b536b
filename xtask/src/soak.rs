//! `cargo xtask soak`: the long figures, too long for every change.

use std::fs;

use crate::place;
use crate::portal;
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
    Bench(&'static str),
}

/// In a figure's arguments: the path of a fresh SQLite file, or the connection string of a fresh PostgreSQL cluster.
const DATABASE: &str = "DATABASE";
/// In a figure's arguments: the connection string of a fresh PostgreSQL cluster; the figure runs once, beside it.
const SERVER: &str = "SERVER";
/// In a figure's arguments: an empty directory on the disk of the build directory.
const DIRECTORY: &str = "DIRECTORY";

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
        name: "the proofs, and every deal in every standing",
        package: "tierline-proofs",
        target: Target::Test(""),
        args: &[],
        env: &[("TIERLINE_PROOFS", "full")],
    },
    Figure {
        name: "decisions beside Cedar",
        package: "tierline-proofs",
        target: Target::Bench("decision"),
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
    Figure {
        name: "a thousand random years",
        package: "tierline-app",
        target: Target::Test("random_year"),
        args: &[],
        env: &[("TIERLINE_YEARS", "1000"), ("TIERLINE_YEARS_KILLED", "20")],
    },
    Figure {
        name: "the server's costs",
        package: "tierline",
        target: Target::Bench("server"),
        args: &[],
        env: &[],
    },
    Figure {
        name: "a large catalogue",
        package: "tierline",
        target: Target::Bench("catalogue"),
        args: &[],
        env: &[],
    },
    Figure {
        name: "time and worlds",
        package: "tierline",
        target: Target::Bench("worlds"),
        args: &[SERVER, DIRECTORY],
        env: &[],
    },
    Figure {
        name: "exports of lines",
        package: "tierline",
        target: Target::Bench("exports"),
        args: &[SERVER, DIRECTORY],
        env: &[],
    },
    Figure {
        name: "fifty killed billing runs",
        package: "tierline-app",
        target: Target::Test("billing_kills"),
        args: &[],
        env: &[("TIERLINE_BILLING_KILLS", "50")],
    },
    Figure {
        name: "billing runs",
        package: "tierline",
        target: Target::Bench("billing"),
        args: &[SERVER, DIRECTORY],
        env: &[],
    },
    Figure {
        name: "usage by files",
        package: "tierline",
        target: Target::Bench("usage"),
        args: &[SERVER, DIRECTORY],
        env: &[],
    },
    Figure {
        name: "checkouts beside pgbench",
        package: "tierline",
        target: Target::Bench("checkouts"),
        args: &[SERVER, DIRECTORY],
        env: &[],
    },
];

/// The figures that a browser takes of the portal.
const PORTAL: &str = "the portal's figures";

/// Runs all figures, or those whose name contains one of the words.
pub(crate) fn run(words: &[String]) -> Result<bool, String> {
    let wanted =
        |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word.as_str()));
    let figures: Vec<_> = FIGURES
        .iter()
        .filter(|figure| wanted(figure.name))
        .collect();
    if figures.is_empty() && !wanted(PORTAL) {
        let names = FIGURES.iter().map(|figure| figure.name);
        let names: Vec<_> = names.chain([PORTAL]).collect();
        return Err(format!("no such figure; there are: {}", names.join(", ")));
    }
    let mut steps = Steps::default();
    for figure in figures {
        if figure.args.contains(&SERVER) {
            steps.run(figure.name, || on_both(figure));
        } else if figure.runs_per_engine() {
            let name = |engine: &str| format!("{} on {engine}", figure.name);
            steps.run(&name("SQLite"), || on_sqlite(figure));
            steps.run(&name("PostgreSQL"), || on_postgres(figure));
        } else {
            steps.run(figure.name, || figure.program(&[]).run());
        }
    }
    if wanted(PORTAL) {
        steps.run(PORTAL, portal::figures);
    }
    Ok(steps.finish())
}

fn on_sqlite(figure: &Figure) -> Result<(), String> {
    in_directory(|directory| {
        let file = format!("{directory}/soak.db");
        figure.program(&[(DATABASE, &file)]).run()
    })
}

fn on_postgres(figure: &Figure) -> Result<(), String> {
    let cluster = Cluster::start(Promise::Durability)?;
    figure.program(&[(DATABASE, &cluster.url())]).run()
}

fn on_both(figure: &Figure) -> Result<(), String> {
    let cluster = Cluster::start(Promise::Durability)?;
    in_directory(|directory| {
        let places = [(SERVER, cluster.url()), (DIRECTORY, directory.to_owned())];
        let places = places
            .each_ref()
            .map(|(name, place)| (*name, place.as_str()));
        figure.program(&places).run()
    })
}

/// In the build directory: the temporary one may be kept in memory, where nothing is durable.
fn in_directory(run: impl FnOnce(&str) -> Result<(), String>) -> Result<(), String> {
    let directory = place::target()?.join(format!("soak-{}", std::process::id()));
    fs::create_dir_all(&directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    let done = run(&directory.to_string_lossy());
    let removed = fs::remove_dir_all(&directory);
    done.and(removed.map_err(|error| format!("{}: {error}", directory.display())))
}

impl Figure {
    fn runs_per_engine(&self) -> bool {
        self.args.contains(&DATABASE) || self.env.iter().any(|(_, value)| *value == DATABASE)
    }

    /// The call, with what stands for a place replaced by it.
    fn program(&self, places: &[(&str, &str)]) -> Program {
        let placed = |text: &str| {
            let place = places.iter().find(|(name, _)| *name == text);
            place.map_or(text, |(_, place)| place).to_owned()
        };
        let package = ["--release", "-p", self.package];
        let args = self.args.iter().map(|arg| placed(arg));
        let program = match self.target {
            Target::Example(name) => Program::new("cargo", ["run"])
                .args(package)
                .args(["--example", name, "--"])
                .args(args),
            Target::Test(word) => Program::new("cargo", ["test"])
                .args(package)
                .args([word, "--", "--nocapture"])
                .args(args),
            Target::Bench(name) => Program::new("cargo", ["bench", "-p", self.package])
                .args(["--bench", name, "--"])
                .args(args),
        };
        self.env.iter().fold(program, |program, (name, value)| {
            program.env(name, placed(value))
        })
    }
}

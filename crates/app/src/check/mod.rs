//! `tierline check`: scenario files run through the real engine.
//!
//! Every case starts from a fresh in-memory copy of its world with a clock that stands still.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use thiserror::Error;
use tierline_rules::{Facts, RuleId};
use tierline_store::Db;

mod case;
mod expect;
mod format;
pub mod index;
mod prove;

pub use case::Outcome;
pub use prove::{Idle, Proof, prove};

/// The schema of the scenario format, compiled in.
pub const SCHEMA: &str = include_str!("../../../../scenarios/scenario.schema.json");

/// A file that cannot be run: malformed, or naming something unknown to the format.
#[derive(Debug, Error)]
#[error("{}: {problem}", path.display())]
pub struct BadFile {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: String,
}

/// What to run and how.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// A world that overrides the files' own.
    pub world: Option<PathBuf>,
    /// Rules switched off, to prove that a case needs them.
    pub without: Vec<RuleId>,
    /// Only cases that name one of these rules.
    pub rules: Vec<String>,
    /// Only cases whose id starts with this.
    pub only: Option<String>,
}

/// The result of one case.
#[derive(Clone, Debug)]
pub struct Line {
    /// The case.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The file it stands in.
    pub file: String,
    /// How it ended.
    pub outcome: Outcome,
}

/// Counts of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Passed.
    pub passed: usize,
    /// Failed.
    pub failed: usize,
    /// Skipped, because something is not built yet.
    pub skipped: usize,
}

impl std::fmt::Display for Totals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} not yet supported", self.skipped)?;
        }
        Ok(())
    }
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.outcome {
            Outcome::Passed => write!(f, "ok    {}  {}", self.id, self.title),
            Outcome::Failed(why) => write!(f, "FAIL  {}  {}: {why}", self.id, self.title),
            Outcome::Skipped(what) => write!(f, "skip  {}  not yet supported: {what}", self.id),
        }
    }
}

/// Runs files in order and hands every line to `report`.
///
/// # Errors
/// When a file is malformed; then nothing is run.
pub async fn run(
    files: &[PathBuf],
    options: &Options,
    mut report: impl FnMut(&Line),
) -> Result<Totals, BadFile> {
    let suite = Suite::load(files, options.world.as_deref()).await?;
    let mut totals = Totals::default();
    for (world, file, case) in suite.wanted(options) {
        let outcome = case::run(world, file, case, options).await;
        match outcome {
            Outcome::Passed => totals.passed = totals.passed.saturating_add(1),
            Outcome::Failed(_) => totals.failed = totals.failed.saturating_add(1),
            Outcome::Skipped(_) => totals.skipped = totals.skipped.saturating_add(1),
        }
        report(&Line {
            id: case.id.clone(),
            title: case.title.clone(),
            file: file.name.clone(),
            outcome,
        });
    }
    Ok(totals)
}

/// The facts on which each case that ends in a refusal was refused: case id and facts.
///
/// # Errors
/// When a file is malformed.
pub async fn refusals(
    files: &[PathBuf],
    options: &Options,
) -> Result<Vec<(String, Facts)>, BadFile> {
    let suite = Suite::load(files, options.world.as_deref()).await?;
    let mut found = Vec::new();
    for (world, file, case) in suite.wanted(options) {
        let facts = case::refused(world, file, case, options).await;
        found.extend(facts.map(|facts| (case.id.clone(), facts)));
    }
    Ok(found)
}

/// Scenario files that were read, each with its world laid once, to copy from.
struct Suite(Vec<(Db, format::File)>);

impl Suite {
    async fn load(files: &[PathBuf], world: Option<&Path>) -> Result<Self, BadFile> {
        let mut laid: BTreeMap<PathBuf, Db> = BTreeMap::new();
        let mut suite = Vec::new();
        for path in files {
            let Some(file) = format::load(path, world)? else {
                continue;
            };
            let place = &file.world_path;
            let world = match laid.get(place) {
                Some(world) => world.clone(),
                None => {
                    let world = case::lay_world(&file.world).await;
                    let world = world.map_err(|problem| BadFile {
                        path: place.clone(),
                        problem,
                    })?;
                    laid.insert(place.clone(), world.clone());
                    world
                }
            };
            suite.push((world, file));
        }
        Ok(Self(suite))
    }

    fn wanted<'a>(
        &'a self,
        options: &'a Options,
    ) -> impl Iterator<Item = (&'a Db, &'a format::File, &'a format::Case)> {
        self.0.iter().flat_map(move |(world, file)| {
            let cases = file.cases.iter().filter(|case| wanted(case, options));
            cases.map(move |case| (world, file, case))
        })
    }
}

fn wanted(case: &format::Case, options: &Options) -> bool {
    let named = options.rules.is_empty() || options.rules.iter().any(|rule| case.names(rule));
    named
        && options
            .only
            .as_ref()
            .is_none_or(|only| case.id.starts_with(only.as_str()))
}

/// Which cases of a set of files name each rule: rule id → case ids.
///
/// # Errors
/// When a file is malformed.
pub fn cases_by_rule(files: &[PathBuf]) -> Result<BTreeMap<String, Vec<String>>, BadFile> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in files {
        for case in format::load(path, None)?
            .iter()
            .flat_map(|file| &file.cases)
        {
            for rule in case.all_rules() {
                found.entry(rule).or_default().push(case.id.clone());
            }
        }
    }
    Ok(found)
}

/// Reads a world file alone, for a server to start from: its instant and its facts.
///
/// # Errors
/// When it is malformed.
pub fn read_world(path: &Path) -> Result<(tierline_domain::time::Timestamp, Vec<Json>), BadFile> {
    let world = format::load_world(path)?;
    Ok((world.today, world.given))
}

//! `tierline import`: program data from files, whole or not at all.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;
use tierline_app::App;
use tierline_app::actor::ActorSpec;
use tierline_app::catalogue::file::{Catalogue, Fault};
use tierline_app::catalogue::import::{Import, Imported};
use tierline_app::clock::Clock;
use tierline_app::prices::{csv, import as lists, rates, sheet};
use tierline_store::{Db, DbConfig, schema};

use crate::{Printer, chain, fail};

/// Import program data.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Put a catalogue in the place of the one there is. What the files do not hold is not sold any more.
    Catalogue(CatalogueArgs),
    /// Put the lines of a price sheet on the operator's lists. Of times and items that it does not name it changes nothing.
    Prices(FileArgs),
    /// Record exchange rates, a line for each currency and month.
    Fx(FileArgs),
}

/// Import a CSV file.
#[derive(Debug, clap::Args)]
struct FileArgs {
    /// The file, in the layout in which the server exports it.
    file: PathBuf,
    /// Where the database lives.
    #[arg(long)]
    data_dir: PathBuf,
    /// A PostgreSQL server instead of the file in the data directory.
    #[arg(long)]
    database: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Import a catalogue.
#[derive(Debug, clap::Args)]
struct CatalogueArgs {
    /// Files of products, offers, categories and promotions: YAML, or JSON by their ending.
    #[arg(required_unless_present = "profile")]
    files: Vec<PathBuf>,
    /// The catalogue of the built-in profile instead of files.
    #[arg(long, conflicts_with = "files", value_parser = ["csp"])]
    profile: Option<String>,
    /// Where the database lives.
    #[arg(long, required_unless_present = "check")]
    data_dir: Option<PathBuf>,
    /// A PostgreSQL server instead of the file in the data directory.
    #[arg(long)]
    database: Option<String>,
    /// Only look whether the files are in order.
    #[arg(long)]
    check: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: Args) -> ExitCode {
    match args.what {
        What::Catalogue(args) => catalogue(args).await,
        What::Prices(args) => told(prices(&args).await),
        What::Fx(args) => told(rates(&args).await),
    }
}

async fn catalogue(args: CatalogueArgs) -> ExitCode {
    let read = match read(&args) {
        Ok(read) => read,
        Err(problem) => return fail(problem),
    };
    let catalogue = match read {
        Ok(catalogue) => catalogue,
        Err(faults) => return refuse(&faults, args.json),
    };
    if args.check {
        Printer::line("The files are in order.");
        return ExitCode::SUCCESS;
    }
    match import(&args, catalogue).await {
        Ok(done) => {
            tell(done, args.json);
            ExitCode::SUCCESS
        }
        Err(problem) => fail(problem),
    }
}

/// The catalogue, or what is wrong with its files; an error where one cannot be read at all.
fn read(args: &CatalogueArgs) -> Result<Result<Catalogue, Vec<Fault>>, String> {
    if args.profile.is_some() {
        return Ok(Catalogue::built_in().cloned().map_err(<[Fault]>::to_vec));
    }
    let mut files = Vec::new();
    for path in &args.files {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        files.push((path.display().to_string(), text));
    }
    Ok(Catalogue::read(&files))
}

fn refuse(faults: &[Fault], as_json: bool) -> ExitCode {
    if as_json {
        let faults: Vec<_> = faults
            .iter()
            .map(|fault| {
                json!({ "file": fault.file, "line": fault.line, "field": fault.field, "problem": fault.problem })
            })
            .collect();
        Printer::line(json!({ "faults": faults }));
    } else {
        for fault in faults {
            Printer::complain(fault);
        }
        Printer::complain("nothing was imported");
    }
    ExitCode::from(1)
}

/// A failure, or what became of a file: its faults, or a line for people and one for programs.
type Told = Result<Result<String, Vec<csv::Fault>>, String>;

fn told(done: Told) -> ExitCode {
    match done {
        Ok(Ok(line)) => {
            Printer::line(line);
            ExitCode::SUCCESS
        }
        Ok(Err(faults)) => {
            for fault in faults {
                Printer::complain(fault);
            }
            Printer::complain("nothing was imported");
            ExitCode::from(1)
        }
        Err(problem) => fail(problem),
    }
}

impl FileArgs {
    fn text(&self) -> Result<String, String> {
        std::fs::read_to_string(&self.file)
            .map_err(|error| format!("{}: {error}", self.file.display()))
    }

    fn say(&self, people: String, program: serde_json::Value) -> String {
        if self.json {
            program.to_string()
        } else {
            people
        }
    }
}

async fn prices(args: &FileArgs) -> Told {
    let lines = match sheet::read(&args.text()?) {
        Ok(lines) => lines,
        Err(faults) => return Ok(Err(faults)),
    };
    let app = open(&args.data_dir, args.database.clone()).await?;
    let ctx = app.ctx(ActorSpec::operator());
    let done = app.db().write(lists::Import { ctx, lines }).await;
    app.db().clone().shutdown().await;
    let done = done.map_err(|error| chain(&error))?;
    Ok(done.map(|done| {
        let people = format!(
            "Read {} lines, {} prices: {} new or changed, {} removed.",
            done.lines, done.prices, done.changed, done.removed
        );
        args.say(people, json!({ "lines": done.lines, "prices": done.prices, "changed": done.changed, "removed": done.removed }))
    }))
}

async fn rates(args: &FileArgs) -> Told {
    let lines = match rates::read(&args.text()?) {
        Ok(lines) => lines,
        Err(faults) => return Ok(Err(faults)),
    };
    let read = lines.len();
    let app = open(&args.data_dir, args.database.clone()).await?;
    let ctx = app.ctx(ActorSpec::operator());
    let done = app.db().write(rates::Import { ctx, lines }).await;
    app.db().clone().shutdown().await;
    let done = done.map_err(|error| chain(&error))?;
    Ok(done.map(|changed| {
        let people = format!("Read {read} rates: {changed} new or changed.");
        args.say(people, json!({ "lines": read, "changed": changed }))
    }))
}

/// The program in a database.
async fn open(directory: &Path, database: Option<String>) -> Result<App, String> {
    std::fs::create_dir_all(directory)
        .map_err(|error| format!("{}: {error}", directory.display()))?;
    let config = DbConfig::of(database, directory.join("tierline.db"));
    let db = Db::open(&config, schema::MIGRATIONS)
        .await
        .map_err(|error| chain(&error))?;
    Ok(App::new(db, Clock::wall()))
}

async fn import(args: &CatalogueArgs, catalogue: Catalogue) -> Result<Imported, String> {
    let directory = args.data_dir.clone().unwrap_or_default();
    let app = open(&directory, args.database.clone()).await?;
    let ctx = app.ctx(ActorSpec::operator());
    let done = app.db().write(Import { ctx, catalogue }).await;
    app.db().clone().shutdown().await;
    done.map_err(|error| chain(&error))
}

fn tell(done: Imported, as_json: bool) {
    if as_json {
        Printer::line(json!({
            "products": done.products, "skus": done.skus, "offers": done.offers, "promotions": done.promotions,
            "meters": done.meters,
            "withdrawn": done.withdrawn,
        }));
        return;
    }
    Printer::line(format!(
        "Imported {} products with {} SKUs, {} offers, {} promotions, {} meters; {} items are not sold any more.",
        done.products, done.skus, done.offers, done.promotions, done.meters, done.withdrawn
    ));
}

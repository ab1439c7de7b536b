//! `tierline verify`: what is stored agrees with itself, and every decision still comes out as it did.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tierline_app::billing::issued::Look;
use tierline_app::verify;
use tierline_store::log::LogKey;
use tierline_store::{Db, DbConfig, schema};

use crate::{Printer, chain, fail};

/// Verify a data directory, or files that were issued from it.
///
/// Of a data directory: the sealed log, every row that it answers for, every decision, charges, lines, postings and invoices beside
/// each other, exports beside the ledger, papers, and consumption beside its events. Each finding names table and row. Ends with 1
/// where something disagrees, with 2 where it could not be looked at.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tierline verify --data-dir data
  tierline verify --data-dir data IP-1-000001.pdf part-00001.json.gz
  tierline verify --data-dir data --files received")]
pub(crate) struct Args {
    /// Papers of invoices, receipts and files of exports: whether each is what was issued. The data themselves are not verified then.
    file: Vec<PathBuf>,
    /// Every file of a directory, likewise.
    #[arg(long)]
    files: Option<PathBuf>,
    /// Where the database and its keys live.
    #[arg(long)]
    data_dir: PathBuf,
    /// A PostgreSQL server instead of the file in the data directory.
    #[arg(long)]
    database: Option<String>,
}

pub(crate) async fn run(args: Args) -> ExitCode {
    let path = args.data_dir.join("tierline.db");
    if args.database.is_none() && !path.exists() {
        return fail(format!("{} does not exist", path.display()));
    }
    let config = DbConfig::of(args.database, path);
    let db = match Db::open(&config, schema::MIGRATIONS).await {
        Ok(db) => db,
        Err(error) => return fail(chain(&error)),
    };
    if !args.file.is_empty() || args.files.is_some() {
        return match files(&db, args.file, args.files).await {
            Ok(agree) => ExitCode::from(u8::from(!agree)),
            Err(problem) => fail(problem),
        };
    }
    let key = match LogKey::load_or_create(&args.data_dir.join("log.key")) {
        Ok(key) => key,
        Err(error) => return fail(chain(&error)),
    };
    match db.read(verify::Verify { key }).await {
        Ok(report) => {
            Printer::line(&report);
            ExitCode::from(u8::from(!report.agrees()))
        }
        Err(error) => fail(chain(&error)),
    }
}

/// Tells of each file what it is; whether all are what was issued.
async fn files(db: &Db, mut files: Vec<PathBuf>, of: Option<PathBuf>) -> Result<bool, String> {
    if let Some(directory) = of {
        let unreadable = |error: std::io::Error| format!("{}: {error}", directory.display());
        let mut inside = Vec::new();
        for entry in std::fs::read_dir(&directory).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.is_file() {
                inside.push(path);
            }
        }
        inside.sort();
        files.extend(inside);
    }
    let mut agree = true;
    for file in files {
        let found = db.read(look(&file)?).await;
        let found = found.map_err(|error| chain(&error))?;
        Printer::line(format!("{}: {found}", file.display()));
        agree &= found.agrees();
    }
    Ok(agree)
}

fn look(file: &Path) -> Result<Look, String> {
    let content = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    Ok(Look::at(&name, &content))
}

//! `tierline verify`: what is stored agrees with itself, and every decision still comes out as it did.

use std::path::PathBuf;
use std::process::ExitCode;

use tierline_app::verify;
use tierline_store::log::LogKey;
use tierline_store::{Db, DbConfig, schema};

use crate::{Printer, chain, fail};

/// Verify a data directory.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
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

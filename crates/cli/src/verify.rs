//! `tierline verify`: what is stored agrees with itself, and every decision still comes out as it did.

use std::path::PathBuf;
use std::process::ExitCode;

use tierline_app::verify;
use tierline_store::{Db, DbConfig, schema};

use crate::{Printer, chain, fail};

/// Verify a data directory.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where the database lives.
    #[arg(long)]
    data_dir: PathBuf,
}

pub(crate) async fn run(args: Args) -> ExitCode {
    let path = args.data_dir.join("tierline.db");
    if !path.exists() {
        return fail(format!("{} does not exist", path.display()));
    }
    let db = match Db::open(&DbConfig::File { path }, schema::MIGRATIONS).await {
        Ok(db) => db,
        Err(error) => return fail(chain(&error)),
    };
    match db.read(verify::Verify).await {
        Ok(report) => {
            Printer::line(&report);
            ExitCode::from(u8::from(!report.findings.is_empty()))
        }
        Err(error) => fail(chain(&error)),
    }
}

//! `tierline ledger`: every posting of a data directory as a plain-text journal, for double-entry tools.

use std::path::PathBuf;
use std::process::ExitCode;

use tierline_app::ask::ask;
use tierline_app::billing::journal;
use tierline_store::{Db, DbConfig, schema};

use crate::{Printer, chain, fail};

/// Print the ledger of a data directory as a journal for hledger and other double-entry programs.
///
/// Every posting of every party, in the order in which it was written; accounts are called `party:account`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tierline ledger --data-dir data > books.journal
  hledger -f books.journal balance")]
pub(crate) struct Args {
    /// Where the database lives.
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
    let mut from = None;
    loop {
        let page = ask(move |tx| Box::pin(journal::page(tx, from)));
        match db.read(page).await {
            Ok(page) => {
                Printer::text(&page.text);
                match page.next {
                    Some(next) => from = Some(next),
                    None => return ExitCode::SUCCESS,
                }
            }
            Err(error) => return fail(chain(&error)),
        }
    }
}

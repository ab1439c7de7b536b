//! `tierline keys`: the keys that sign tokens, and the operator's own token, on the database itself.

use std::path::PathBuf;
use std::process::ExitCode;

use tierline_api::identity::{Issuer, Subject};
use tierline_app::clock::Clock;
use tierline_store::{Db, DbConfig, schema};

use crate::{Printer, fail};

/// List or exchange the keys that sign tokens; print a token for the operator.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
    /// A PostgreSQL server instead of a file.
    #[arg(long, global = true)]
    database: Option<String>,
    /// Where the database lives.
    #[arg(long, global = true)]
    data_dir: Option<PathBuf>,
    /// The server's address as its tokens name it.
    #[arg(long, global = true, default_value = "http://127.0.0.1:8080")]
    public_url: String,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Name the keys; the first signs.
    List,
    /// Sign with a fresh key from now on. Old tokens stay valid until they expire; running servers notice within
    /// a minute.
    Rotate {
        /// Old keys verify no longer: everybody needs a new token.
        #[arg(long)]
        revoke: bool,
    },
    /// Print a token for the operator, valid for an hour.
    Token,
}

pub(crate) async fn run(args: Args) -> ExitCode {
    match act(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => fail(problem),
    }
}

async fn act(args: Args) -> Result<(), String> {
    let file = match (&args.database, &args.data_dir) {
        (None, None) => return Err("give --data-dir or --database".to_owned()),
        (_, directory) => directory.clone().unwrap_or_default().join("tierline.db"),
    };
    if args.database.is_none() && !file.exists() {
        return Err(format!("{} does not exist", file.display()));
    }
    let db = Db::open(&DbConfig::of(args.database, file), schema::MIGRATIONS)
        .await
        .map_err(|error| crate::chain(&error))?;
    let now = Clock::wall().server_now();
    let done = on(&db, &args.verb, &args.public_url, now).await;
    db.shutdown().await;
    done
}

async fn on(
    db: &Db,
    verb: &Verb,
    address: &str,
    now: tierline_domain::time::Timestamp,
) -> Result<(), String> {
    let failed = |error: tierline_app::AppError| crate::chain(&error);
    let issuer = Issuer::open(db.clone(), address, now)
        .await
        .map_err(failed)?;
    let kids = match verb {
        Verb::Token => {
            Printer::line(issuer.issue(&Subject::operator(), now));
            return Ok(());
        }
        Verb::List => issuer.kids(now),
        Verb::Rotate { revoke } => issuer.rotate(now, *revoke).await.map_err(failed)?,
    };
    for (index, kid) in kids.iter().enumerate() {
        let does = if index == 0 { "signs" } else { "verifies" };
        Printer::line(format!("{kid}  {does}"));
    }
    Ok(())
}

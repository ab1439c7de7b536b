//! `tierline usage`: a file of usage, taken whole or not at all.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use serde_json::{Value, json};
use tierline_app::App;
use tierline_app::actor::ActorSpec;
use tierline_app::clock::Clock;
use tierline_app::time::kept_clock;
use tierline_app::usage::{Fault, Ingest, Reader, Refused};
use tierline_store::{Db, DbConfig, schema};

use crate::client::{Answer, Remote};
use crate::{Printer, chain, fail};

/// Take usage in from a file of JSON Lines, one event a line.
///
/// An event that is known already changes nothing; where any line is wrong, nothing is taken and what is wrong is told by
/// line. Writes to a database, or asks a running server as the operator. Ends with 1 where the file is refused.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file: `{"id", "subscription", "meter", "at", "quantity"}`, with `cost` and `resource` where they are known.
    file: PathBuf,
    /// Where the database lives.
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// A PostgreSQL server instead of the file in the data directory.
    #[arg(long)]
    database: Option<String>,
    /// A running server to ask, where no database is named.
    #[arg(long, env = "TIERLINE_SERVER")]
    server: Option<String>,
    /// The world of that server, where its address does not say it.
    #[arg(long)]
    world: Option<String>,
    /// A token of the operator, where the server is no sandbox.
    #[arg(long, env = "TIERLINE_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What was read at once.
const PIECE: usize = 64 * 1024;

pub(crate) async fn run(args: Args) -> ExitCode {
    let names_database = args.data_dir.is_some() || args.database.is_some();
    let found = match &args.server {
        Some(server) if !names_database => ask_server(server, &args).await,
        _ => write(&args).await,
    };
    match found {
        Ok(Answer::Done(done)) => {
            tell(&done, args.json);
            ExitCode::SUCCESS
        }
        Ok(Answer::Refused(said)) => {
            Printer::complain(said);
            ExitCode::from(1)
        }
        Err(problem) => fail(problem),
    }
}

fn tell(done: &Value, as_json: bool) {
    if as_json {
        Printer::line(done);
        return;
    }
    Printer::line(format!(
        "{} events: {} new, {} known already.",
        done["lines"], done["events"], done["repeats"]
    ));
}

fn refused(faults: &[Fault]) -> Answer {
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    Answer::Refused(format!("{}\nnothing was taken", told.join("\n")))
}

async fn ask_server(server: &str, args: &Args) -> Result<Answer, String> {
    let remote = Remote::of(server, args.world.as_deref())?;
    let token = match &args.token {
        Some(token) => token.clone(),
        None => remote.token("operator").await?,
    };
    let bytes =
        std::fs::read(&args.file).map_err(|error| format!("{}: {error}", args.file.display()))?;
    remote.lines("/program/v1/usage", &token, bytes).await
}

async fn write(args: &Args) -> Result<Answer, String> {
    if args.data_dir.is_none() && args.database.is_none() {
        return Err("give --data-dir, --database or --server".to_owned());
    }
    let told = |error: std::io::Error| format!("{}: {error}", args.file.display());
    let mut file = File::open(&args.file).map_err(told)?;
    let mut reader = Reader::default();
    let mut piece = vec![0_u8; PIECE];
    loop {
        let size = file.read(&mut piece).map_err(told)?;
        match piece.get(..size) {
            None | Some([]) => break,
            Some(read) => reader.push(read),
        }
    }
    let lines = match reader.finish() {
        Ok(lines) => Arc::new(lines),
        Err(faults) => return Ok(refused(&faults)),
    };
    let path = args
        .data_dir
        .clone()
        .unwrap_or_default()
        .join("tierline.db");
    if args.database.is_none() && !path.exists() {
        return Err(format!("{} does not exist", path.display()));
    }
    let config = DbConfig::of(args.database.clone(), path);
    let db = Db::open(&config, schema::MIGRATIONS)
        .await
        .map_err(|error| chain(&error))?;
    let kept = kept_clock(&db).await.map_err(|error| chain(&error))?;
    let clock = kept.map_or_else(Clock::wall, |kept| Clock::kept(&kept));
    let app = App::new(db, clock);
    let ctx = app.ctx(ActorSpec::operator());
    let done = app.db().write(Ingest { ctx, file: lines }).await;
    app.db().clone().shutdown().await;
    match done {
        Ok(done) => Ok(Answer::Done(json!(done))),
        Err(Refused::Lines(faults)) => Ok(refused(&faults)),
        Err(Refused::App(error)) => Err(chain(&error)),
    }
}

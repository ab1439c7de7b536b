//! `tierline schedule`: what is due next, and what was done when, of a database or a running server.

use std::path::PathBuf;
use std::process::ExitCode;

use reqwest::Method;
use serde_json::{Value, json};
use tierline_app::agenda::{self, Entry, Part, Question};
use tierline_app::ask::ask;
use tierline_store::{Db, DbConfig, schema};

use crate::client::{Answer, Remote};
use crate::{Printer, chain, fail};

/// Show what is due next, or what was done when.
///
/// Reads a database, beside a running server or without one; or asks a running server, as the operator or as a partner,
/// who sees what concerns it. Ends with 1 where the server refuses, 2 where it cannot be asked.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What was done or set aside, latest first, in place of what is still to come.
    #[arg(long)]
    done: bool,
    /// Most lines.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=200))]
    count: u16,
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
    /// Who asks a sandbox server: the operator, or a partner's short name.
    #[arg(long = "as", value_name = "NAME", default_value = "operator")]
    actor: String,
    /// A token to ask with, where the server is no sandbox.
    #[arg(long, env = "TIERLINE_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: Args) -> ExitCode {
    let names_database = args.data_dir.is_some() || args.database.is_some();
    let found = match &args.server {
        Some(server) if !names_database => ask_server(server, &args).await,
        _ => look_up(&args).await.map(Answer::Done),
    };
    match found {
        Ok(Answer::Done(found)) => {
            tell(&found, &args);
            ExitCode::SUCCESS
        }
        Ok(Answer::Refused(said)) => {
            Printer::complain(said);
            ExitCode::from(1)
        }
        Err(problem) => fail(problem),
    }
}

async fn ask_server(server: &str, args: &Args) -> Result<Answer, String> {
    let remote = Remote::of(server, args.world.as_deref())?;
    let token = match &args.token {
        Some(token) => token.clone(),
        None => remote.token(&args.actor).await?,
    };
    let state = if args.done { "done" } else { "open" };
    let query = [
        ("state", state.to_owned()),
        ("count", args.count.to_string()),
    ];
    let path = "/program/v1/schedule";
    remote.ask(Method::GET, path, &token, &query, None).await
}

async fn look_up(args: &Args) -> Result<Value, String> {
    let file = match (&args.database, &args.data_dir) {
        (None, None) => return Err("give --data-dir, --database or --server".to_owned()),
        (_, directory) => directory.clone().unwrap_or_default().join("tierline.db"),
    };
    if args.database.is_none() && !file.exists() {
        return Err(format!("{} does not exist", file.display()));
    }
    let config = DbConfig::of(args.database.clone(), file);
    let db = Db::open(&config, schema::MIGRATIONS)
        .await
        .map_err(|error| chain(&error))?;
    let question = Question {
        part: if args.done { Part::Done } else { Part::Open },
        of: None,
        after: None,
        count: args.count.into(),
    };
    let read = ask(move |tx| Box::pin(async move { agenda::page(tx, &question).await }));
    let page = db.read(read).await.map_err(|error| chain(&error));
    db.shutdown().await;
    let items: Vec<Value> = page?.entries.iter().map(shown).collect();
    Ok(json!({ "items": items }))
}

/// An entry as a server shows it.
fn shown(entry: &Entry) -> Value {
    let item = &entry.item;
    let mut shown = json!({
        "id": item.id, "state": entry.state(), "kind": item.kind, "subject": item.subject, "due": item.due,
        "partners": entry.partners,
    });
    if let Some(done) = item.done {
        shown["done"] = json!(done);
    }
    if let Some(problem) = &item.problem {
        shown["problem"] = json!(problem);
    }
    shown
}

fn tell(found: &Value, args: &Args) {
    if args.json {
        Printer::line(found);
        return;
    }
    let items = found["items"].as_array().cloned().unwrap_or_default();
    if items.is_empty() {
        Printer::line(if args.done {
            "Nothing has been done yet."
        } else {
            "Nothing is due."
        });
    }
    for item in &items {
        let word = |member: &str| item[member].as_str().unwrap_or_default();
        let rest = match word("state") {
            "done" => format!("  done {}", word("done")),
            "set_aside" => format!("  set aside {}: {}", word("done"), word("problem")),
            _ => String::new(),
        };
        let (due, kind, subject) = (word("due"), word("kind"), word("subject"));
        Printer::line(format!("{due}  {kind:<25}  {subject}{rest}"));
    }
}

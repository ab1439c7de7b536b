//! `tierline world`: the worlds of a running sandbox server.

use std::process::ExitCode;

use reqwest::Method;
use serde_json::{Value, json};
use tierline_domain::time::Timestamp;

use crate::client::{Answer, Remote};
use crate::{Printer, fail};

/// Make, copy, reset and delete worlds of a running sandbox server.
///
/// Ends with 0 when it was done, 1 when it was refused, 2 when it could not be asked.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
    /// The server, at its own address.
    #[arg(
        long,
        env = "TIERLINE_SERVER",
        default_value = "http://127.0.0.1:8080",
        global = true
    )]
    server: String,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// The worlds, the server's own first.
    List,
    /// Make a demo world.
    Create {
        /// Its name: it is reached as NAME.localhost.
        name: String,
        /// Pin its clock to an instant; it runs from now without it.
        #[arg(long)]
        now: Option<Timestamp>,
    },
    /// Copy a world, with its clock, and without what lets anybody into it.
    Fork {
        /// The world to copy; `default` is the server's own.
        from: String,
        /// The name of the copy.
        name: String,
        /// A snapshot in place of the world as it is.
        #[arg(long)]
        snapshot: Option<String>,
    },
    /// Keep a world as it is, under a name.
    Snapshot {
        /// The world.
        world: String,
        /// The name of the snapshot.
        name: String,
    },
    /// Take a world back to a snapshot, its clock too; to how it began without one.
    Reset {
        /// The world.
        world: String,
        /// The snapshot.
        #[arg(long)]
        snapshot: Option<String>,
    },
    /// Delete a world and its snapshots.
    Delete {
        /// The world.
        world: String,
    },
}

pub(crate) async fn run(args: Args) -> ExitCode {
    match act(&args).await {
        Ok(Answer::Done(done)) => {
            if args.json {
                Printer::line(done);
            } else {
                tell(&args.verb, &done);
            }
            ExitCode::SUCCESS
        }
        Ok(Answer::Refused(said)) => {
            Printer::complain(said);
            ExitCode::from(1)
        }
        Err(problem) => fail(problem),
    }
}

async fn act(args: &Args) -> Result<Answer, String> {
    let remote = Remote::of(&args.server, None)?;
    let token = remote.token("operator").await?;
    let root = "/program/v1/worlds";
    let (method, path, body) = match &args.verb {
        Verb::List => (Method::GET, root.to_owned(), None),
        Verb::Create { name, now } => {
            let body = json!({ "name": name, "now": now });
            (Method::POST, root.to_owned(), Some(body))
        }
        Verb::Fork {
            from,
            name,
            snapshot,
        } => {
            let body = json!({ "name": name, "from": from, "snapshot": snapshot });
            (Method::POST, root.to_owned(), Some(body))
        }
        Verb::Snapshot { world, name } => {
            let path = format!("{root}/{}/snapshots", escaped(world));
            (Method::POST, path, Some(json!({ "name": name })))
        }
        Verb::Reset { world, snapshot } => {
            let path = format!("{root}/{}/reset", escaped(world));
            (Method::POST, path, Some(json!({ "snapshot": snapshot })))
        }
        Verb::Delete { world } => (Method::DELETE, format!("{root}/{}", escaped(world)), None),
    };
    remote.ask(method, &path, &token, &[], body.as_ref()).await
}

/// A name as a step of a path; what is no name is refused by the server.
fn escaped(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let parts = name.bytes().map(|byte| match byte {
        byte if plain(byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    parts.collect()
}

fn tell(verb: &Verb, done: &Value) {
    match verb {
        Verb::List => {
            for world in done["items"].as_array().into_iter().flatten() {
                Printer::line(line(world));
            }
        }
        Verb::Delete { world } => Printer::line(format!("{world}  is deleted")),
        Verb::Create { .. } | Verb::Fork { .. } | Verb::Snapshot { .. } | Verb::Reset { .. } => {
            Printer::line(line(done));
        }
    }
}

/// Name, address, clock, origin, snapshots.
fn line(world: &Value) -> String {
    let word = |member: &str| world[member].as_str().unwrap_or_default();
    let state = match world["clock"].as_str() {
        Some(clock) => format!("at {clock}"),
        None => word("state").to_owned(),
    };
    let mut parts = vec![word("name").to_owned(), word("address").to_owned(), state];
    if let Some(from) = world["from"].as_str() {
        parts.push(format!("from {from}"));
    }
    let snapshots = world["snapshots"].as_array().cloned().unwrap_or_default();
    let snapshots: Vec<&str> = snapshots.iter().filter_map(Value::as_str).collect();
    if !snapshots.is_empty() {
        parts.push(format!("snapshots: {}", snapshots.join(" ")));
    }
    parts.join("  ")
}

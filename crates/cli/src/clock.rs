//! `tierline clock`: where the clock of a sandbox world stands, and moving it.

use std::process::ExitCode;

use reqwest::Method;
use serde_json::{Value, json};
use tierline_domain::time::Timestamp;

use crate::client::{Answer, Remote};
use crate::{Printer, fail};

/// Show or move the clock of a world of a running sandbox server.
///
/// Ends with 0 when it was done, 1 when it was refused, 2 when it could not be asked.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// The server.
    #[arg(
        long,
        env = "TIERLINE_SERVER",
        default_value = "http://127.0.0.1:8080",
        global = true
    )]
    server: String,
    /// The world, where the address of the server does not say it; the server's own without it.
    #[arg(long, global = true)]
    world: Option<String>,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Move the clock forward, and do what falls due on the way.
    #[command(group = clap::ArgGroup::new("how").required(true))]
    Advance {
        /// A period such as P1M.
        #[arg(group = "how")]
        by: Option<String>,
        /// To an instant.
        #[arg(long, group = "how")]
        until: Option<Timestamp>,
        /// To what is due next.
        #[arg(long, group = "how")]
        next: bool,
    },
}

pub(crate) async fn run(args: Args) -> ExitCode {
    match act(&args).await {
        Ok(Answer::Done(done)) if args.json => {
            Printer::line(done);
            ExitCode::SUCCESS
        }
        Ok(Answer::Done(done)) => {
            tell(&done);
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
    let remote = Remote::of(&args.server, args.world.as_deref())?;
    let token = remote.token("operator").await?;
    let path = "/program/v1/clock";
    let Some(Verb::Advance { by, until, next }) = &args.verb else {
        return remote.ask(Method::GET, path, &token, &[], None).await;
    };
    let body = json!({ "by": by, "until": until, "next": next.then_some(true) });
    remote
        .ask(Method::POST, path, &token, &[], Some(&body))
        .await
}

/// Where it stands, and what was done on the way.
fn tell(done: &Value) {
    let stands = done["world"].as_str().unwrap_or_default();
    Printer::line(format!("the world's clock stands at {stands}"));
    for (kind, count) in done["kinds"].as_object().into_iter().flatten() {
        Printer::line(format!("  {kind:<25}  {count}"));
    }
    match done["setAside"].as_u64() {
        None | Some(0) => {}
        Some(count) => Printer::line(format!(
            "  set aside                  {count}; `tierline schedule --done` says why"
        )),
    }
}

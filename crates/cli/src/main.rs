//! `tierline`: the one binary. Serves, explains, checks, and talks to a running server.
//!
//! Exit status: 0 done (or: allowed, nothing failed), 1 refused or something failed, 2 the call itself was wrong.

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod access;
mod act;
mod check;
mod client;
mod clock;
mod explain;
mod import;
mod keys;
mod ledger;
mod prices;
mod rules;
mod schedule;
mod serve;
mod usage;
mod verify;
mod webhooks;
mod world;

/// Requests allocate on one thread and free on another; the system's allocator makes them wait for each other. This one stands in its
/// place, for SQLite too; asked as `malloc` it needs two thirds of the instructions that it does as a global allocator, which is told of
/// alignment each time. One of its functions is named so that it is a part of the program.
#[used]
static ALLOCATOR: fn(&mimalloc::MiMalloc) -> u32 = mimalloc::MiMalloc::version;

/// Runs a cloud partner program, and tells why a deal may or may not go through.
#[derive(Debug, Parser)]
#[command(
    name = "tierline",
    version,
    about,
    after_help = "Exit status: 0 done, allowed or passed; 1 refused or failed; 2 the call was wrong or the server out of reach.\n\
                  Environment: TIERLINE_SERVER names the server of client commands; TIERLINE_LOG sets what is logged as JSON lines on\n\
                  standard error (`info` logs every request, `warn` is the default)."
)]
struct Cli {
    #[command(subcommand)]
    command: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Serve(Box<serve::Args>),
    Explain(explain::Args),
    Access(access::Args),
    Prices(prices::Args),
    Do(act::Args),
    Check(check::Args),
    Rules(rules::Args),
    Verify(verify::Args),
    Ledger(ledger::Args),
    Keys(keys::Args),
    Import(import::Args),
    Usage(usage::Args),
    Webhooks(webhooks::Args),
    Schedule(schedule::Args),
    World(world::Args),
    Clock(clock::Args),
    /// Print how far each documented operation is carried out, as Markdown
    Fidelity,
}

/// A language of the texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Language {
    /// English.
    En,
    /// Japanese.
    Ja,
}

impl Language {
    /// As a server is told it.
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::En => "en-US",
            Self::Ja => "ja-JP",
        }
    }
}

impl From<Language> for tierline_rules::Lang {
    fn from(language: Language) -> Self {
        match language {
            Language::En => Self::En,
            Language::Ja => Self::Ja,
        }
    }
}

/// The one place that prints.
pub(crate) struct Printer;

impl Printer {
    /// Writes a line to standard output; a closed pipe ends the program quietly.
    pub(crate) fn line(text: impl std::fmt::Display) {
        if writeln!(std::io::stdout().lock(), "{text}").is_err() {
            std::process::exit(0);
        }
    }

    /// Writes a text that ends its own lines to standard output.
    pub(crate) fn text(text: &str) {
        if write!(std::io::stdout().lock(), "{text}").is_err() {
            std::process::exit(0);
        }
    }

    /// Writes a line to standard error.
    pub(crate) fn complain(text: impl std::fmt::Display) {
        drop(writeln!(std::io::stderr().lock(), "tierline: {text}"));
    }
}

/// Says what was wrong with the call.
pub(crate) fn fail(problem: impl std::fmt::Display) -> ExitCode {
    Printer::complain(problem);
    ExitCode::from(2)
}

/// An error with everything behind it.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}

fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_env("TIERLINE_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(error),
    };
    runtime.block_on(async {
        match cli.command {
            Verb::Serve(args) => serve::run(*args).await,
            Verb::Explain(args) => explain::run(args).await,
            Verb::Access(args) => access::run(args).await,
            Verb::Prices(args) => prices::run(args).await,
            Verb::Do(args) => act::run(args).await,
            Verb::Check(args) => check::run(args).await,
            Verb::Rules(args) => rules::run(&args),
            Verb::Verify(args) => verify::run(args).await,
            Verb::Ledger(args) => ledger::run(args).await,
            Verb::Keys(args) => keys::run(args).await,
            Verb::Import(args) => import::run(args).await,
            Verb::Usage(args) => usage::run(args).await,
            Verb::Webhooks(args) => webhooks::run(args).await,
            Verb::Schedule(args) => schedule::run(args).await,
            Verb::World(args) => world::run(args).await,
            Verb::Clock(args) => clock::run(args).await,
            Verb::Fidelity => {
                Printer::line(tierline_api::fidelity::table().trim_end());
                ExitCode::SUCCESS
            }
        }
    })
}

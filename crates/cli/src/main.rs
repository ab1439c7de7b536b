//! `tierline`: the one binary. Serves, explains, checks, and talks to a running server.

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod check;

/// Runs a cloud partner program, and tells why a deal may or may not go through.
#[derive(Debug, Parser)]
#[command(name = "tierline", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run scenario files: program tests as data.
    Check(check::Args),
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

    /// Writes a line to standard error.
    pub(crate) fn complain(text: impl std::fmt::Display) {
        drop(writeln!(std::io::stderr().lock(), "{text}"));
    }
}

fn main() -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            Printer::complain(format!("tierline: {error}"));
            return ExitCode::from(2);
        }
    };
    let cli = Cli::parse();
    runtime.block_on(async {
        match cli.command {
            Verb::Check(args) => check::run(args).await,
        }
    })
}

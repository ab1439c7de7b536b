//! The project's own commands: `cargo xtask demo | test | ci | soak | rules --prove | layers | tidy`.
#![expect(
    clippy::print_stdout,
    reason = "a developer's tool talks on standard output"
)]

use std::process::ExitCode;

mod layers;
mod postgres;
mod prove;
mod run;
mod tidy;

const HELP: &str = "cargo xtask COMMAND
  demo [ARGS]      serve the demo world: SQLite, no configuration
  test [FILTER]    every test; installs or starts what it needs
  ci               what .ci/run calls: format, lints, layers, tidy, tests, drift
  soak             the long figures
  rules --prove    switch every enforced rule off in turn; some case must then fail
  layers           fail on an upward arrow between crates
  tidy             what rustfmt cannot check";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let command = args.next().unwrap_or_default();
    let rest: Vec<String> = args.collect();
    let done = match command.as_str() {
        "demo" => run::demo(&rest),
        "test" => run::test(&rest),
        "ci" => run::ci(),
        "soak" => run::soak(),
        "rules" if rest.iter().any(|arg| arg == "--prove") => prove::prove(),
        "layers" => layers::check(),
        "tidy" => tidy::check(),
        _ => Err(HELP.to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            println!("{problem}");
            ExitCode::FAILURE
        }
    }
}

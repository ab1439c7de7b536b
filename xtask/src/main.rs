//! The project's own commands. One file a command; what several of them need lies in `place` (where things
//! are), `program` (running things), `steps` (timing and the closing table), `machine` (what must be
//! installed) and `postgres` (a throw-away cluster).
//!
//! This crate is outside the house: no other crate may use it, and it uses none of them, so that it is
//! built in seconds and still works when the product does not compile.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a developer's tool talks on its terminal"
)]

use std::process::ExitCode;

mod build;
mod ci;
mod conformance;
mod demo;
mod drift;
mod layers;
mod machine;
mod place;
mod portal;
mod postgres;
mod program;
mod prove;
mod soak;
mod steps;
mod test;
mod tidy;

const HELP: &str = "cargo xtask COMMAND

  build            build the portal, where npm is there, and the binary that holds it
  demo [ARGS]      build and serve the demo world; ARGS go to `tierline serve --demo`
  test [FILTER]    every test on both engines, and the scenarios; installs and starts what it needs;
                   `portal` and words: the portal's alone
  ci               what .ci/run calls: format, lints, layers, tidy, licences, drift, `test`, examples
  soak [NAME ...]  the long figures, or those whose name contains NAME
  rules --prove    switch every enforced rule off in turn; some scenario case must then fail
  conformance      the documented examples alone, where their grader lies beside the repository
  layers           fail on an upward arrow between crates, and on I/O in the pure rooms
  tidy             what neither rustfmt nor clippy can see

Exit status: 0 done, 1 something failed, 2 the call itself was wrong.";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let command = args.next().unwrap_or_default();
    let rest: Vec<String> = args.collect();
    let done = match (command.as_str(), rest.as_slice()) {
        ("build", []) => build::run(),
        ("demo", rest) => demo::run(rest),
        ("test", rest) => Ok(test::run(rest)),
        ("ci", []) => Ok(ci::run()),
        ("soak", rest) => soak::run(rest),
        ("rules", [flag]) if flag == "--prove" => prove::run(),
        ("conformance", []) => {
            let mut steps = steps::Steps::default();
            steps.run("documented examples", conformance::check);
            Ok(steps.finish())
        }
        ("layers", []) => layers::run(),
        ("tidy", []) => tidy::run(),
        ("help" | "--help" | "-h", _) => {
            println!("{HELP}");
            Ok(true)
        }
        _ => {
            eprintln!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("xtask: {problem}");
            ExitCode::FAILURE
        }
    }
}

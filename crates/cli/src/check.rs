//! `tierline check`: exit status 0 nothing failed, 1 at least one case failed, 2 a file is malformed.

use std::process::ExitCode;

use tierline_app::check::{self, Options};
use tierline_rules::RuleId;

use crate::Printer;

/// Run scenario files through the real engine.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Scenario files; a world given among them is passed over.
    #[arg(required = true)]
    files: Vec<std::path::PathBuf>,
    /// A world that overrides the files' own.
    #[arg(long)]
    world: Option<std::path::PathBuf>,
    /// Switch a rule off, to see which cases need it.
    #[arg(long)]
    without: Vec<String>,
    /// Only cases that name this rule.
    #[arg(long)]
    rule: Vec<String>,
    /// Only cases whose id starts with this.
    #[arg(long)]
    only: Option<String>,
    /// Print failures only.
    #[arg(long)]
    quiet: bool,
    /// Switch every enforced rule off in turn: of the cases that name it, one must fail. Lists the rules that no case misses.
    #[arg(long, conflicts_with_all = ["without", "rule", "only", "quiet"])]
    prove: bool,
}

pub(crate) async fn run(args: Args) -> ExitCode {
    if args.prove {
        return prove(&args).await;
    }
    let without: Result<Vec<RuleId>, String> = args.without.iter().map(|id| id.parse()).collect();
    let without = match without {
        Ok(without) => without,
        Err(problem) => {
            Printer::complain(problem);
            return ExitCode::from(2);
        }
    };
    let options = Options {
        world: args.world,
        without,
        rules: args.rule,
        only: args.only,
    };
    let quiet = args.quiet;
    let report = |line: &check::Line| {
        if !quiet || matches!(line.outcome, check::Outcome::Failed(_)) {
            Printer::line(line);
        }
    };
    match check::run(&args.files, &options, report).await {
        Ok(totals) => {
            Printer::line(totals);
            ExitCode::from(u8::from(totals.failed > 0))
        }
        Err(bad) => {
            Printer::complain(bad);
            ExitCode::from(2)
        }
    }
}

async fn prove(args: &Args) -> ExitCode {
    let mut rules: Vec<RuleId> = tierline_rules::rules::all().map(|rule| rule.id).collect();
    rules.sort();
    rules.dedup();
    let at_once = std::thread::available_parallelism().map_or(1, usize::from);
    let proof = match check::prove(&args.files, args.world.as_deref(), &rules, at_once).await {
        Ok(proof) => proof,
        Err(bad) => {
            Printer::complain(bad);
            return ExitCode::from(2);
        }
    };
    for case in &proof.broken {
        Printer::line(format!(
            "{case} fails with every rule in force, and counts for none"
        ));
    }
    let none = if proof.idle.is_empty() { " none" } else { "" };
    Printer::line(format!(
        "{} enforced rules were switched off in turn; no case fails without:{none}",
        rules.len()
    ));
    for idle in &proof.idle {
        let why = match idle.cases {
            0 => "no case names it".to_owned(),
            cases => format!("named by {cases} cases, missed by none"),
        };
        Printer::line(format!("{}  {why}", idle.rule));
    }
    ExitCode::from(u8::from(!proof.idle.is_empty()))
}

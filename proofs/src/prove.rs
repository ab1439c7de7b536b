//! Proofs for all inputs, by Cedar's symbolic compiler and the solver cvc5.
//!
//! The compiler turns a set of policies and one type of request (an action tried by one type of account) into
//! a formula; the solver then looks for a request that breaks the claim. It considers every request that the
//! schema admits, even with facts that contradict each other. If there is none, the claim is proved; if there
//! is one, it is turned back into a deal, asked about once more at the authorizer, and printed.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use cedar_policy::{EntityTypeName, PolicySet, Request, RequestEnv, Schema};
use cedar_policy_symcc::err::Error;
use cedar_policy_symcc::solver::LocalSolver;
use cedar_policy_symcc::{CedarSymCompiler, CompiledPolicy, CompiledPolicySet, Env};
use tokio::runtime::Runtime;

use crate::deal::{AbstractDeal, Action, Caller, FACTS, Group, Word};
use crate::laws::{Law, always, impossible, joined, never, without};
use crate::report::say;
use crate::space::exists;
use crate::twin::{parse_policies, request, twin, uid};

/// The solver at work.
struct Prover {
    runtime: Runtime,
    compiler: CedarSymCompiler<LocalSolver>,
    schema: Schema,
}

/// One type of request.
#[derive(Clone, Copy)]
struct Kind {
    action: Action,
    caller: Caller,
}

impl Kind {
    fn all() -> Vec<Kind> {
        let kinds = |action: &Action| {
            let action = *action;
            action.callers().iter().map(move |caller| Kind {
                action,
                caller: *caller,
            })
        };
        Action::ALL.iter().flat_map(kinds).collect()
    }

    fn env(self) -> RequestEnv {
        let name = |text: &str| {
            text.parse::<EntityTypeName>()
                .expect("types are identifiers")
        };
        let resource = if self.action.group() == Group::NewPartnership {
            "Account"
        } else {
            "Tenant"
        };
        RequestEnv::new(
            name(self.caller.word()),
            uid("Action", self.action.word()),
            name(resource),
        )
    }
}

impl Prover {
    /// None, with a message, where there is no solver; in CI there has to be one.
    fn start(test: &str) -> Option<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let solver = {
            let _inside = runtime.enter();
            LocalSolver::cvc5()
        };
        match solver {
            Ok(solver) => Some(Prover {
                runtime,
                compiler: CedarSymCompiler::new(solver).expect("a compiler"),
                schema: twin().schema.clone(),
            }),
            Err(error) => {
                assert!(
                    std::env::var_os("CI").is_none(),
                    "cvc5 does not start: {error:?}"
                );
                say(&format!(
                    "{test}: SKIPPED, nothing was proved. cvc5 does not start ({error:?}); apt-get install cvc5\n"
                ));
                None
            }
        }
    }

    fn compile(&self, policies: &PolicySet, kind: Kind) -> CompiledPolicySet {
        CompiledPolicySet::compile(policies, &kind.env(), &self.schema)
            .unwrap_or_else(|error| panic!("{error:?}"))
    }

    /// A request that both sets let through.
    fn common(&mut self, one: &CompiledPolicySet, other: &CompiledPolicySet) -> Option<Env> {
        let Prover {
            runtime, compiler, ..
        } = self;
        answer(runtime.block_on(compiler.check_disjoint_with_counterexample_opt(one, other)))
    }

    /// A request that the first set lets through and the second does not.
    fn exceeding(&mut self, one: &CompiledPolicySet, other: &CompiledPolicySet) -> Option<Env> {
        let Prover {
            runtime, compiler, ..
        } = self;
        answer(runtime.block_on(compiler.check_implies_with_counterexample_opt(one, other)))
    }

    fn refuses_everything(&mut self, policies: &CompiledPolicySet) -> bool {
        let Prover {
            runtime, compiler, ..
        } = self;
        answer(runtime.block_on(compiler.check_always_denies_opt(policies)))
    }
}

fn answer<T>(result: Result<T, Error>) -> T {
    result.unwrap_or_else(|error| panic!("the solver gives no answer: {error:?}"))
}

/// A counterexample as a deal.
fn deal(kind: Kind, request: &Request) -> AbstractDeal {
    let context = request
        .context()
        .expect("counterexamples are concrete")
        .to_json_value()
        .expect("as JSON");
    let mut deal = AbstractDeal::clean(kind.action, kind.caller);
    deal.names_reseller = context.get("reseller").is_some();
    deal.joint = context.get("provider").is_some();
    for fact in FACTS {
        let Some(value) = context.pointer(&format!("/{}", fact.path.replace('.', "/"))) else {
            continue;
        };
        let word = match fact.entity {
            Some(_) => value["__entity"]["id"]
                .as_str()
                .expect("an entity")
                .to_owned(),
            None if value.is_boolean() => bool::word(value == true).to_owned(),
            None => continue, // the record itself
        };
        let index = (0..fact.count).find(|index| (fact.word)(*index) == word);
        (fact.set)(
            &mut deal,
            index.expect("counterexamples speak the words of the schema"),
        );
    }
    deal
}

/// The same counterexample with every fact put in order that it does not need.
fn simplest(mut deal: AbstractDeal, still_one: impl Fn(&AbstractDeal) -> bool) -> AbstractDeal {
    assert!(
        still_one(&deal),
        "the solver and the authorizer disagree about: {deal}"
    );
    let clean = AbstractDeal::clean(deal.action, deal.caller);
    loop {
        let before = deal;
        for fact in FACTS {
            let mut simpler = deal;
            (fact.set)(&mut simpler, (fact.get)(&clean));
            if simpler != deal && still_one(&simpler.canonical()) {
                deal = simpler.canonical();
            }
        }
        if deal == before {
            return deal;
        }
    }
}

fn passes(deal: &AbstractDeal, policies: &PolicySet) -> bool {
    let twin = twin();
    twin.ask(&request(deal, &twin.schema), policies).allow
}

fn millis(duration: Duration) -> String {
    format!("{:>6} ms", duration.as_millis())
}

#[test]
fn no_policy_can_err() {
    let Some(mut prover) = Prover::start("no policy can err") else {
        return;
    };
    let start = Instant::now();
    let mut count = 0;
    for kind in Kind::all() {
        for policy in twin().policies.policies() {
            let compiled = CompiledPolicy::compile(policy, &kind.env(), &prover.schema)
                .unwrap_or_else(|error| panic!("{}: {error}", policy.id()));
            let Prover {
                runtime, compiler, ..
            } = &mut prover;
            let safe = answer(runtime.block_on(compiler.check_never_errors_opt(&compiled)));
            assert!(
                safe,
                "{} can err in {} by {}",
                policy.id(),
                kind.action.word(),
                kind.caller.word()
            );
            count += 1;
        }
    }
    say(&format!(
        "proved in {}  no policy can err ({count} pairs of policy and request type)\n",
        millis(start.elapsed())
    ));
}

#[test]
fn laws_hold_for_all_inputs() {
    let Some(mut prover) = Prover::start("the laws") else {
        return;
    };
    let kinds = Kind::all();
    let program: Vec<_> = kinds
        .iter()
        .map(|kind| prover.compile(&twin().policies, *kind))
        .collect();
    let mut report = String::new();
    for law in never() {
        let start = Instant::now();
        let mut about = 0;
        for (kind, program) in kinds.iter().zip(&program) {
            let bans = prover.compile(&law.bans, *kind);
            if prover.refuses_everything(&bans) {
                continue; // the law is not about requests of this type
            }
            about += 1;
            if let Some(found) = prover.common(program, &bans) {
                panic!("{} is broken by: {}", law.name, deal(*kind, &found.request));
            }
        }
        assert!(about > 0, "{} is about nothing", law.name);
        writeln!(
            report,
            "proved in {}  {} ({about} request types)",
            millis(start.elapsed()),
            law.name
        )
        .expect("text");
    }
    say(&report);
}

#[test]
fn laws_fall_without_their_rules() {
    let Some(mut prover) = Prover::start("the counterexamples") else {
        return;
    };
    let mut report = String::new();
    for law in never() {
        let start = Instant::now();
        let crippled = without_guards(&law);
        let found = breach(&mut prover, &law, &crippled);
        let found =
            found.unwrap_or_else(|| panic!("{} holds even without {:?}", law.name, law.guards));
        assert!(
            exists(&found),
            "a counterexample that cannot exist: {found}"
        );
        writeln!(
            report,
            "without {}\n    {} is broken ({}) by\n    {found}",
            law.guards.join(", "),
            law.name,
            millis(start.elapsed()).trim()
        )
        .expect("text");
    }
    say(&report);
}

/// The program without the rules that keep a law. Whether only some chains are supported is also a matter of
/// what is permitted, so for that law the refusal of everything else goes too.
fn without_guards(law: &Law) -> PolicySet {
    let program = without(&twin().policies, &law.guards);
    if law.guards.iter().any(|guard| guard == "CHAINS") {
        joined(&program, &parse_policies(EVERYTHING))
    } else {
        program
    }
}

const EVERYTHING: &str = r#"@id("everything") @says("Permits what no policy permits.") permit (principal, action, resource);"#;

/// The simplest possible deal that a set of policies lets through against a law.
fn breach(prover: &mut Prover, law: &Law, policies: &PolicySet) -> Option<AbstractDeal> {
    let banned = joined(&law.bans, &impossible());
    for kind in Kind::all() {
        let (bans, program) = (
            prover.compile(&banned, kind),
            prover.compile(policies, kind),
        );
        if let Some(found) = prover.common(&program, &bans) {
            let found = deal(kind, &found.request);
            return Some(simplest(found, |deal| {
                passes(deal, policies) && passes(deal, &banned)
            }));
        }
    }
    None
}

#[test]
fn what_must_pass_passes() {
    let Some(mut prover) = Prover::start("what must pass") else {
        return;
    };
    let kinds = Kind::all();
    let program: Vec<_> = kinds
        .iter()
        .map(|kind| prover.compile(&twin().policies, *kind))
        .collect();
    let mut report = String::new();
    for (name, deals) in always() {
        let start = Instant::now();
        let mut about = 0;
        for (kind, program) in kinds.iter().zip(&program) {
            let deals = prover.compile(&deals, *kind);
            if prover.refuses_everything(&deals) {
                continue;
            }
            about += 1;
            if let Some(found) = prover.exceeding(&deals, program) {
                panic!("{name}, but not: {}", deal(*kind, &found.request));
            }
        }
        assert!(about > 0, "{name} is about nothing");
        writeln!(
            report,
            "proved in {}  {name} ({about} request types)",
            millis(start.elapsed())
        )
        .expect("text");
    }
    say(&report);
}

#[test]
fn every_refusal_names_a_rule() {
    let Some(mut prover) = Prover::start("every refusal names a rule") else {
        return;
    };
    let start = Instant::now();
    let everything = joined(&twin().policies, &parse_policies(EVERYTHING));
    for kind in Kind::all() {
        let (program, forbids) = (
            prover.compile(&twin().policies, kind),
            prover.compile(&everything, kind),
        );
        if let Some(found) = prover.exceeding(&forbids, &program) {
            panic!("refused by no rule: {}", deal(kind, &found.request));
        }
    }
    say(&format!(
        "proved in {}  every refusal names a rule\n",
        millis(start.elapsed())
    ));
}

#[test]
fn the_program_is_not_always_deny() {
    let Some(mut prover) = Prover::start("not always deny") else {
        return;
    };
    let start = Instant::now();
    let mut closed = Vec::new();
    for kind in Kind::all() {
        let program = prover.compile(&twin().policies, kind);
        if prover.refuses_everything(&program) {
            closed.push(format!("{} by {}", kind.action.word(), kind.caller.word()));
        }
    }
    // IDN-003, REL-001 and REL-002: nothing else is closed to a whole type of partner.
    assert_eq!(
        closed,
        [
            "order by Reseller",
            "transferIn by Reseller",
            "invitePartner by Reseller",
            "invitePartner by DirectBill",
            "acceptPartnership by Provider",
            "acceptPartnership by DirectBill",
            "acceptPartnership by Unenrolled",
        ]
    );
    let open = Kind::all().len() - closed.len();
    say(&format!(
        "proved in {}  not always deny: {open} request types have deals that pass\n",
        millis(start.elapsed())
    ));
}

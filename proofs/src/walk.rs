//! Checks over the whole space of deals, one by one.

use std::fmt::Write as _;
use std::time::Instant;

use cedar_policy::{Policy, PolicySet};

use crate::deal::{AbstractDeal, Action, Caller, FACTS, Word};
use crate::laws::{Law, impossible, never};
use crate::report::say;
use crate::space::{STANDING, Standing, each, exists};
use crate::tables::{Tables, reads};
use crate::twin::{cedar_verdict, twin};

/// Every deal once. Every standing of a caller matters only where the deal itself is in order or nearly so; the deal itself is
/// walked with a caller in good standing. `standing_is_a_matter_of_its_own` says why that is enough, and
/// `whole_space` walks the rest.
pub fn walk(mut visit: impl FnMut(&AbstractDeal)) -> u64 {
    let sales = |action: &&Action| matches!(action, Action::Order | Action::TransferIn);
    let mut count = 0;
    for action in Action::ALL {
        let standing = if sales(&action) {
            Standing::Good
        } else {
            Standing::Any
        };
        count += each(*action, standing, &mut visit);
    }
    for action in Action::ALL.iter().filter(sales) {
        for caller in action.callers() {
            each_standing(*action, *caller, |standing| {
                let clean = AbstractDeal {
                    names_reseller: false,
                    ..standing
                };
                for fact in FACTS.iter().filter(|fact| !STANDING.contains(&fact.field)) {
                    for index in 0..fact.count {
                        let mut deal = if fact.record.is_some() {
                            standing
                        } else {
                            clean
                        };
                        (fact.set)(&mut deal, index);
                        let deal = deal.canonical();
                        if exists(&deal) {
                            count += 1;
                            visit(&deal);
                        }
                    }
                }
            });
        }
    }
    count
}

fn each_standing(action: Action, caller: Caller, mut visit: impl FnMut(AbstractDeal)) {
    let mut deals = vec![AbstractDeal::clean(action, caller)];
    for fact in FACTS.iter().filter(|fact| STANDING.contains(&fact.field)) {
        deals = deals
            .iter()
            .flat_map(|deal| {
                (0..fact.count).map(|index| {
                    let mut deal = *deal;
                    (fact.set)(&mut deal, index);
                    deal
                })
            })
            .collect();
    }
    deals.into_iter().filter(exists).for_each(&mut visit);
}

#[test]
fn tables_say_what_cedar_says() {
    let mut position = 0_u64;
    let mut asked = 0_u64;
    walk(|deal| {
        position += 1;
        // A prime step, so that no fact keeps its word through the sample.
        if !position.is_multiple_of(1_999) {
            return;
        }
        asked += 1;
        let (table, cedar) = (twin().verdict(deal), cedar_verdict(deal));
        assert_eq!(table.allow(), cedar.allow, "{deal}");
        assert_eq!(twin().rules_of(table.forbids), cedar.forbids, "{deal}");
        assert_eq!(table.erred, !cedar.errors.is_empty(), "{deal}");
    });
    say(&format!(
        "compared tables and authorizer on {asked} deals\n"
    ));
}

/// Policies about the standing of the caller look at nothing else, so they say of every deal what they say of
/// the clean one; a walk through all deals needs no more than one standing.
#[test]
fn standing_is_a_matter_of_its_own() {
    let mixed = |policy: &&Policy| {
        let reads = reads(policy);
        let standing = reads
            .iter()
            .filter(|fact| STANDING.contains(&FACTS[**fact].field))
            .count();
        standing != 0 && standing != reads.len()
    };
    let mut mixed: Vec<String> = twin()
        .policies
        .policies()
        .filter(mixed)
        .map(|policy| policy.id().to_string())
        .collect();
    mixed.sort();
    // The first is about partnerships, which are walked through in every standing. The second refuses nothing
    // that ENR-024 does not refuse, and the clean deal of `walk` meets it with every tenant.
    assert_eq!(mixed, ["ENR-043.acceptance", "TXN-409.restricted"]);
}

/// Laws hold of every deal, every refusal has its rule, and which rules have to do with it.
#[test]
fn every_deal_obeys_the_laws() {
    let start = Instant::now();
    let laws = never();
    let tables = law_tables(&laws);
    let impossible = Tables::fill(twin(), &impossible(), |_| 1);
    let mut banned = vec![Tally::default(); laws.len()];
    let mut rules = vec![Tally::default(); twin().rules.len()];
    let mut passed = 0_u64;
    let count = walk(|deal| {
        let verdict = twin().verdict(deal);
        assert!(!verdict.erred, "{deal}");
        assert_eq!(impossible.look_up(deal).forbids, 0, "not possible: {deal}");
        assert!(
            verdict.allow() || verdict.forbids != 0,
            "refused by no rule: {deal}"
        );
        passed += u64::from(verdict.allow());
        for law in ones(tables.look_up(deal).permits) {
            assert!(!verdict.allow(), "{} is broken by: {deal}", laws[law].name);
            banned[law].add(deal, verdict.forbids);
        }
        for rule in ones(verdict.forbids) {
            rules[rule].add(deal, verdict.forbids);
        }
    });

    let mut report = format!(
        "walked {count} deals, of which {passed} pass, in {:.1?}\n",
        start.elapsed()
    );
    for (law, tally) in laws.iter().zip(&banned) {
        let keepers: Vec<_> = twin().rules_of(tally.always).into_iter().collect();
        let keepers = if keepers.is_empty() {
            "several rules together".to_owned()
        } else {
            keepers.join(", or ")
        };
        writeln!(
            report,
            "  {:<62} {:>9} deals, kept alone by {keepers}",
            law.name, tally.count
        )
        .expect("text");
    }
    let (alone, never_alone): (Vec<_>, Vec<_>) = twin()
        .rules
        .iter()
        .zip(&rules)
        .partition(|(_, tally)| tally.alone.is_some());
    for (rule, tally) in alone {
        let deal = tally.alone.expect("partitioned by it");
        writeln!(report, "  {rule} alone refuses: {deal}").expect("text");
    }
    for (rule, tally) in never_alone {
        assert!(tally.count > 0, "{rule} forbids nothing");
        let mut others = twin().rules_of(tally.always);
        others.remove(rule.as_str());
        let others: Vec<_> = others.into_iter().collect();
        let others = if others.is_empty() {
            "now one, now another".to_owned()
        } else {
            others.join(", ")
        };
        writeln!(
            report,
            "  {rule} never refuses alone; beside it always: {others}"
        )
        .expect("text");
    }
    say(&report);
}

/// The laws as tables, each with the bit of its position.
fn law_tables(laws: &[Law]) -> Tables {
    let all = laws.iter().flat_map(|law| law.bans.policies().cloned());
    let all = PolicySet::from_policies(all).expect("laws have different names");
    let position = |policy: &Policy| {
        laws.iter()
            .position(|law| *law.name == policy.id().to_string())
    };
    Tables::fill(twin(), &all, |policy| {
        1 << position(policy).expect("one of the laws")
    })
}

/// Positions of the ones.
fn ones(mut bits: u128) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let position = usize::try_from(bits.trailing_zeros()).expect("at most 128");
        (bits != 0).then(|| {
            bits &= bits - 1;
            position
        })
    })
}

/// What is known of the deals that a law bans or a rule forbids.
#[derive(Clone, Copy)]
struct Tally {
    count: u64,
    /// Rules that forbid every one of them.
    always: u128,
    /// The simplest one that a single rule forbids.
    alone: Option<AbstractDeal>,
}

impl Default for Tally {
    fn default() -> Self {
        Tally {
            count: 0,
            always: u128::MAX,
            alone: None,
        }
    }
}

impl Tally {
    fn add(&mut self, deal: &AbstractDeal, forbids: u128) {
        self.count += 1;
        self.always &= forbids;
        if forbids.is_power_of_two() {
            let simpler = |known: AbstractDeal| deal.deviations().len() < known.deviations().len();
            if self
                .alone
                .is_none_or(|known| known.deviations().len() > 1 && simpler(known))
            {
                self.alone = Some(*deal);
            }
        }
    }
}

/// Every deal in every standing of its caller. Looking at all of them takes minutes and tells nothing that the
/// walk does not, so this looks at one in a prime number, and at all where `TIERLINE_PROOFS` is `full`.
#[test]
fn whole_space() {
    let full = std::env::var_os("TIERLINE_PROOFS").is_some_and(|value| value == "full");
    let step = if full { 1 } else { 1_009 };
    let start = Instant::now();
    let laws = never();
    let tables = law_tables(&laws);
    let (mut seen, mut count, mut passed) = (0_u64, 0_u64, 0_u64);
    for action in Action::ALL {
        each(*action, Standing::Any, |deal| {
            seen += 1;
            if !seen.is_multiple_of(step) {
                return;
            }
            count += 1;
            let verdict = twin().verdict(deal);
            assert!(
                verdict.allow() || verdict.forbids != 0,
                "refused by no rule: {deal}"
            );
            passed += u64::from(verdict.allow());
            assert!(
                !verdict.allow() || tables.look_up(deal).permits == 0,
                "a law is broken by: {deal}"
            );
        });
    }
    say(&format!(
        "looked at {count} of {seen} deals in every standing, of which {passed} pass, in {:.1?}\n",
        start.elapsed()
    ));
}

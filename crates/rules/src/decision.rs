//! From facts to a decision: every applicable rule is asked, in the fixed order of GEN-010.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::book::RuleId;
use crate::facts::Facts;
use crate::registry::{Answer, Code, Ground, Rule, Shown, Step};
use crate::rules;

/// The rules that forbid, first failure first. Empty means: allowed.
#[derive(Clone)]
pub struct Verdict {
    failed: SmallVec<[&'static Rule; 8]>,
}

impl Verdict {
    /// Whether the deal may go through.
    #[must_use]
    pub fn allowed(&self) -> bool {
        self.failed.is_empty()
    }

    /// Every rule that forbids, in the order of GEN-010.
    #[must_use]
    pub fn failed(&self) -> &[&'static Rule] {
        &self.failed
    }
}

/// Asks every rule that applies at the checkpoint. Total and deterministic; reads nothing but the facts.
///
/// `without` names rules that are switched off: by the profile, or to prove that a test needs them.
#[must_use]
pub fn decide(facts: &Facts, without: &[RuleId]) -> Verdict {
    let mut failed: SmallVec<[&'static Rule; 8]> = SmallVec::new();
    let mut rest = rules::at(facts.checkpoint);
    while let [question, after @ ..] = rest {
        rest = after;
        if !(question.ask)(facts) {
            continue;
        }
        match question.rule {
            Some(rule) if !without.contains(&rule.id) => failed.push(rule),
            Some(_) => {}
            None => {
                let (resting, others) = after.split_at(question.resting.min(after.len()));
                debug_assert!(
                    !resting.iter().any(|rule| (rule.ask)(facts)),
                    "in order, and forbidden all the same: {:?}",
                    resting
                        .iter()
                        .filter(|rule| (rule.ask)(facts))
                        .filter_map(|rule| rule.rule.map(|rule| rule.id))
                        .collect::<Vec<_>>()
                );
                rest = others;
            }
        }
    }
    // Within a step a documented code goes before a private one, and a rule whose code is "per rule"
    // supplies none.
    if failed.len() > 1 {
        failed.sort_by_cached_key(|rule| (rule.step, rank((rule.answer)(facts)), rule.id));
    }
    Verdict { failed }
}

/// A rule as it was asked: every one of the checkpoint, whether it forbids or not.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The rule.
    pub rule: RuleId,
    /// Its place in the order of GEN-010.
    pub step: Step,
    /// The fact it rests on.
    pub ground: Ground,
    /// It forbids.
    pub forbids: bool,
    /// The facts behind it; of a rule that passes only what is true all the same.
    pub facts: Vec<Shown>,
}

/// Asks every rule of the checkpoint, also those that [`decide`] passes over because the fact that they rest on is in
/// order, and tells of each with its facts, in the order of GEN-010. A rule that rests on several facts stands once for
/// each. Decides exactly what [`decide`] does.
#[must_use]
pub fn trace(facts: &Facts, without: &[RuleId]) -> Vec<Asked> {
    let mut asked: Vec<Asked> = rules::all()
        .filter(|rule| rule.at.has(facts.checkpoint) && !without.contains(&rule.id))
        .map(|rule| {
            let forbids = (rule.forbids)(facts);
            let mut shown = (rule.shows)(facts);
            shown.retain(|fact| forbids || !fact.is_claim);
            Asked {
                rule: rule.id,
                step: rule.step,
                ground: rule.ground,
                forbids,
                facts: shown,
            }
        })
        .collect();
    asked.sort_by_key(|asked| (asked.step, asked.rule, asked.ground));
    asked
}

fn rank(answer: Answer) -> u8 {
    match answer.code {
        Code::Documented(_) | Code::Bare => 0,
        Code::Private => 1,
        Code::PerRule => 2,
    }
}

/// One rule in a refusal, with what this case shows of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Violation {
    /// The rule.
    pub rule: RuleId,
    /// The fact it rests on.
    pub ground: Ground,
    /// Status and code this rule would answer with.
    #[serde(skip)]
    pub answer: Answer,
    /// The facts behind it.
    pub facts: Vec<Shown>,
}

/// Status, code and line code of a refusal as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wire {
    /// The HTTP status.
    pub status: u16,
    /// The code, absent where no error object is sent.
    pub code: Option<u32>,
    /// The code on the cart's line.
    pub line_code: Option<u32>,
}

/// A decision in full: the texts are chosen when it is rendered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Decision {
    /// May it go through?
    pub allowed: bool,
    /// Every rule that forbids, first failure first.
    pub violations: Vec<Violation>,
    /// The answer on the wire, when refused.
    pub wire: Option<Wire>,
    /// A waiver that was used.
    pub waiver: Option<String>,
    /// Rules that the profile switched off.
    pub switched_off: Vec<String>,
    /// The id under which it was kept, where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<String>,
}

impl Verdict {
    /// The decision with the facts behind every failure.
    #[must_use]
    pub fn explain(&self, facts: &Facts) -> Decision {
        let violations: Vec<Violation> = self
            .failed
            .iter()
            .map(|rule| Violation {
                rule: rule.id,
                ground: rule.ground,
                answer: (rule.answer)(facts),
                facts: (rule.shows)(facts),
            })
            .collect();
        let waiver = facts
            .kinship
            .iter()
            .filter(|kin| !matches!(kin.tie, crate::facts::Tie::Unrelated))
            .find_map(|kin| kin.waiver.clone());
        Decision {
            allowed: violations.is_empty(),
            wire: wire(&violations),
            violations,
            waiver,
            switched_off: facts.policy.switched_off.clone(),
            kept: None,
        }
    }
}

fn wire(violations: &[Violation]) -> Option<Wire> {
    let first = violations
        .iter()
        .find(|violation| violation.answer.code != Code::PerRule)
        .or(violations.first())?;
    let code = match first.answer.code {
        Code::Documented(code) => Some(code),
        Code::Private | Code::PerRule => Some(first.rule.private_code()),
        Code::Bare => None,
    };
    let line_code = violations
        .iter()
        .find_map(|violation| violation.answer.line_code);
    Some(Wire {
        status: first.answer.status,
        code,
        line_code,
    })
}

//! Sentences that must hold of every deal, and the same sentences kept honest: each law names the rules that
//! keep it, and falls without them.

use cedar_policy::{Policy, PolicySet};

use crate::twin::{parse_policies, rule_of};

/// Describes deals that the program may not let through.
pub struct Law {
    /// The law in one clause.
    pub name: String,
    /// The policy that matches the deals it bans.
    pub bans: PolicySet,
    /// Rules that keep such deals out. `CHAINS` stands for the refusal of whatever is not permitted.
    pub guards: Vec<String>,
}

/// Deals that must never pass.
pub fn never() -> Vec<Law> {
    in_order(include_str!("../laws/never.cedar"))
        .into_iter()
        .map(|law| Law {
            name: law.id().to_string(),
            guards: law
                .annotation("guards")
                .expect("a law has guards")
                .split(' ')
                .map(str::to_owned)
                .collect(),
            bans: PolicySet::from_policies([law]).expect("one policy"),
        })
        .collect()
}

/// Deals that must always pass, one policy each.
pub fn always() -> Vec<(String, PolicySet)> {
    let alone = |law: Policy| {
        (
            law.id().to_string(),
            PolicySet::from_policies([law]).expect("one policy"),
        )
    };
    in_order(include_str!("../laws/always.cedar"))
        .into_iter()
        .map(alone)
        .collect()
}

/// Refuses deals that cannot exist, and permits nothing.
pub fn impossible() -> PolicySet {
    parse_policies(include_str!("../laws/impossible.cedar"))
}

/// Policies of a set without those of some rules.
pub fn without(policies: &PolicySet, rules: &[String]) -> PolicySet {
    let stays = |policy: &Policy| {
        !rules
            .iter()
            .any(|rule| rule == rule_of(policy.id().as_ref()))
    };
    PolicySet::from_policies(policies.policies().filter(|policy| stays(policy)).cloned())
        .expect("ids differ")
}

/// Policies of two sets together.
pub fn joined(one: &PolicySet, other: &PolicySet) -> PolicySet {
    PolicySet::from_policies(one.policies().chain(other.policies()).cloned()).expect("ids differ")
}

/// Policies in the order of their file.
fn in_order(text: &str) -> Vec<Policy> {
    let mut policies: Vec<Policy> = parse_policies(text).policies().cloned().collect();
    policies.sort_by_key(|policy| text.find(&format!("@id(\"{}\")", policy.id())));
    policies
}

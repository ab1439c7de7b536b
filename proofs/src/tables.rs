//! What every policy says, as a table over the facts that it reads.
//!
//! The tables are filled by Cedar's authorizer and say nothing of their own. Which facts a policy reads is
//! taken from its syntax tree: every path from `context` on that it looks at or asks for with `has`.

use std::collections::BTreeSet;

use cedar_policy::{ActionConstraint, Effect, EntityUid, Policy, PolicySet, PrincipalConstraint};
use serde_json::Value;

use crate::deal::{AbstractDeal, Action, Caller, FACTS, Record, Word};
use crate::twin::{Bits, Twin, request};

/// Tables of a set of policies.
pub struct Tables {
    /// By action and caller, in the order of their words.
    kinds: Vec<Vec<Table>>,
}

/// What one policy says of the deals of one action and caller.
struct Table {
    effect: Effect,
    bit: u128,
    /// The facts read, each with the distance between neighbouring words in `cells`.
    reads: Vec<(usize, usize)>,
    cells: Vec<Cell>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Cell {
    Silent,
    Speaks,
    Errs,
}

/// Positions in [`FACTS`] of what a policy reads. Reading a fact of an optional record means asking whether
/// the record is there.
pub fn reads(policy: &Policy) -> BTreeSet<usize> {
    let json = policy.to_json().expect("policies have a JSON form");
    let mut paths = BTreeSet::new();
    collect_paths(&json["conditions"], &mut paths);
    let mut reads = BTreeSet::new();
    for path in paths {
        let fact = FACTS.iter().position(|fact| fact.path == path);
        let fact = fact.unwrap_or_else(|| panic!("{} reads {path}, which is no fact", policy.id()));
        reads.insert(fact);
        let record = FACTS[fact].record.map(Record::path);
        reads.extend(FACTS.iter().position(|other| Some(other.path) == record));
    }
    reads
}

fn collect_paths(expression: &Value, paths: &mut BTreeSet<String>) {
    if let Some(path) = context_path(expression) {
        paths.insert(path);
        return;
    }
    match expression {
        Value::Array(items) => items.iter().for_each(|item| collect_paths(item, paths)),
        Value::Object(fields) => fields
            .values()
            .for_each(|field| collect_paths(field, paths)),
        _ => {}
    }
}

/// `context.a.b` and `context.a has b`, as `a.b`.
fn context_path(expression: &Value) -> Option<String> {
    let access = expression.get(".").or_else(|| expression.get("has"))?;
    let attribute = access.get("attr")?.as_str()?;
    let left = access.get("left")?;
    if left.get("Var").and_then(Value::as_str) == Some("context") {
        Some(attribute.to_owned())
    } else {
        Some(format!("{}.{attribute}", context_path(left)?))
    }
}

impl Tables {
    /// Asks the authorizer about everything that the policies can tell apart. `bit` names a policy in the
    /// answers.
    pub fn fill(twin: &'static Twin, policies: &PolicySet, bit: impl Fn(&Policy) -> u128) -> Self {
        let mut kinds = Vec::new();
        for action in Action::ALL {
            for caller in Caller::ALL {
                let possible = action.callers().contains(caller);
                let policies = policies
                    .policies()
                    .filter(|policy| possible && in_scope(policy, *action, *caller));
                kinds.push(
                    policies
                        .map(|policy| Table::fill(twin, policy, bit(policy), *action, *caller))
                        .collect(),
                );
            }
        }
        Tables { kinds }
    }

    /// Looks a deal up.
    pub fn look_up(&self, deal: &AbstractDeal) -> Bits {
        let digits = digits(deal);
        let kind = deal.action.index() * Caller::ALL.len() + deal.caller.index();
        let mut bits = Bits::default();
        for table in &self.kinds[kind] {
            let cell: usize = table
                .reads
                .iter()
                .map(|(fact, stride)| digits[*fact] * stride)
                .sum();
            match (table.cells[cell], table.effect) {
                (Cell::Silent, _) => {}
                (Cell::Speaks, Effect::Permit) => bits.permits |= table.bit,
                (Cell::Speaks, Effect::Forbid) => bits.forbids |= table.bit,
                (Cell::Errs, _) => bits.erred = true,
            }
        }
        bits
    }
}

/// Words of a deal by position. Facts of a record that is not there count as the first word of each.
fn digits(deal: &AbstractDeal) -> [usize; FACTS.len()] {
    let mut digits = [0; FACTS.len()];
    for (digit, fact) in digits.iter_mut().zip(FACTS) {
        if deal.has(fact) {
            *digit = (fact.get)(deal);
        }
    }
    digits
}

/// Whether the head of a policy admits an action and a caller.
fn in_scope(policy: &Policy, action: Action, caller: Caller) -> bool {
    let names = |uid: &EntityUid| {
        uid.id().unescaped() == action.word() || uid.id().unescaped() == action.group().word()
    };
    let action_fits = match policy.action_constraint() {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(uid) => names(&uid),
        ActionConstraint::In(uids) => uids.iter().any(names),
    };
    let caller_fits = match policy.principal_constraint() {
        PrincipalConstraint::Any => true,
        PrincipalConstraint::Is(kind) => kind.to_string() == caller.word(),
        other => panic!("{} is about a single account: {other:?}", policy.id()),
    };
    action_fits && caller_fits
}

impl Table {
    fn fill(
        twin: &'static Twin,
        policy: &Policy,
        bit: u128,
        action: Action,
        caller: Caller,
    ) -> Self {
        let alone = PolicySet::from_policies([policy.clone()]).expect("one policy");
        let clean = AbstractDeal::clean(action, caller);

        let mut reads_with_strides = Vec::new();
        let mut size = 1;
        for fact in reads(policy)
            .into_iter()
            .filter(|fact| FACTS[*fact].groups.contains(&action.group()))
        {
            reads_with_strides.push((fact, size));
            size *= FACTS[fact].count;
        }
        let mut table = Table {
            effect: policy.effect(),
            bit,
            reads: reads_with_strides,
            cells: vec![Cell::Silent; size],
        };
        for index in 0..size {
            let mut deal = clean;
            let mut looked_up = true;
            for (fact, stride) in &table.reads {
                let digit = index / stride % FACTS[*fact].count;
                (FACTS[*fact].set)(&mut deal, digit);
                looked_up &= digit == 0 || deal.has(&FACTS[*fact]);
            }
            if !looked_up {
                continue;
            }
            let response = twin.authorize(&request(&deal, &twin.schema), &alone);
            table.cells[index] = if response.diagnostics().errors().next().is_some() {
                Cell::Errs
            } else if response.diagnostics().reason().next().is_some() {
                Cell::Speaks
            } else {
                Cell::Silent
            };
        }
        table
    }
}

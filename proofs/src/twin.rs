//! The policies, and what they say of a deal.
//!
//! [`cedar_verdict`] asks Cedar's own authorizer, once per deal. [`Twin::verdict`] gives the same answer from
//! tables that were filled by that authorizer: a policy reads a handful of facts, so it is asked once for
//! each combination of *these*, and a walk over millions of deals only looks its answers up. That this is
//! the same is a property of Cedar (a policy's answer depends on nothing but what its text reads) and is
//! checked against the authorizer in `walk`.
//!
//! An evaluation error is a refusal, never a pass: Cedar itself skips a policy that errs, which for a
//! `forbid` means that the deal would go through.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::sync::{Mutex, OnceLock};

use cedar_policy::{
    Authorizer, Context, Decision, Effect, Entities, EntityTypeName, EntityUid, Policy, PolicyId,
    PolicySet, Request, Response, RestrictedExpression, Schema, ValidationMode, Validator,
};

use crate::deal::{AbstractDeal, Fact, Group, Record, Word};
use crate::tables::Tables;

/// The program's policies, one file a scenario.
pub const FILES: &[(&str, &str)] = &[
    ("supported", include_str!("../policies/supported.cedar")),
    ("caller", include_str!("../policies/caller.cedar")),
    ("scenario-1", include_str!("../policies/scenario-1.cedar")),
    ("scenario-2", include_str!("../policies/scenario-2.cedar")),
    ("scenario-4", include_str!("../policies/scenario-4.cedar")),
    ("scenario-5", include_str!("../policies/scenario-5.cedar")),
    ("scenario-6", include_str!("../policies/scenario-6.cedar")),
    ("scenario-7", include_str!("../policies/scenario-7.cedar")),
    ("scenario-8", include_str!("../policies/scenario-8.cedar")),
];

/// What the policies say of a deal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The deal goes through.
    pub allow: bool,
    /// Rules of the rulebook that forbid it. Never empty for a refused deal, which is proved.
    pub forbids: BTreeSet<&'static str>,
    /// Policies that could not be evaluated. Always empty, which is proved; not empty means refused.
    pub errors: Vec<String>,
}

/// Asks the authorizer.
pub fn cedar_verdict(deal: &AbstractDeal) -> Verdict {
    let twin = twin();
    let request = request(deal, &twin.schema);
    twin.ask(&request, &twin.policies)
}

/// The policies of the program, read once.
pub fn twin() -> &'static Twin {
    static TWIN: OnceLock<Twin> = OnceLock::new();
    TWIN.get_or_init(Twin::read)
}

/// The policies of the program.
pub struct Twin {
    /// The words.
    pub schema: Schema,
    /// The policies, with the rulebook's ids.
    pub policies: PolicySet,
    /// Rules of the `forbid`s, in order; the bit of a rule is its position.
    pub rules: Vec<String>,
    entities: Entities,
    tables: OnceLock<Tables>,
}

/// An answer as bits, for walks over many deals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Bits {
    /// Policies that permit.
    pub permits: u128,
    /// Policies that forbid; of the program, their rules by [`Twin::bit`].
    pub forbids: u128,
    /// A policy could not be evaluated.
    pub erred: bool,
}

impl Bits {
    /// The deal goes through.
    pub fn allow(self) -> bool {
        self.permits != 0 && self.forbids == 0 && !self.erred
    }
}

/// The rule behind a policy: what stands before the dot, which only tells policies of one rule apart.
pub fn rule_of(id: &str) -> &str {
    id.split('.').next().unwrap_or(id)
}

/// Parses policies and gives each the name in its `@id`.
pub fn parse_policies(text: &str) -> PolicySet {
    let parsed = PolicySet::from_str(text).unwrap_or_else(|error| panic!("{error:?}"));
    let named = parsed.policies().map(|policy| {
        let id = policy
            .annotation("id")
            .unwrap_or_else(|| panic!("a policy without @id: {policy}"));
        assert!(policy.annotation("says").is_some(), "{id} says nothing");
        policy.new_id(PolicyId::new(id))
    });
    PolicySet::from_policies(named).expect("every @id is given once")
}

/// The schema alone.
pub fn parse_schema() -> Schema {
    let (schema, warnings) =
        Schema::from_cedarschema_str(include_str!("../policies/program.cedarschema"))
            .expect("the schema parses");
    let warnings: Vec<_> = warnings.map(|warning| warning.to_string()).collect();
    assert!(warnings.is_empty(), "{warnings:?}");
    schema
}

/// The name of an entity. Reading the name of its type is more work than all the rest of a request, so each is read once.
pub fn uid(entity: &str, id: &str) -> EntityUid {
    static TYPES: Mutex<BTreeMap<String, EntityTypeName>> = Mutex::new(BTreeMap::new());
    let mut types = TYPES.lock().expect("nothing here panics but a wrong name");
    let name = match types.get(entity) {
        Some(name) => name.clone(),
        None => {
            let name = EntityTypeName::from_str(entity).expect("types are identifiers");
            types.insert(entity.to_owned(), name.clone());
            name
        }
    };
    EntityUid::from_type_name_and_id(name, cedar_policy::EntityId::new(id))
}

/// The request that a deal makes.
pub fn request(deal: &AbstractDeal, schema: &Schema) -> Request {
    let action = uid("Action", deal.action.word());
    let resource = if deal.action.group() == Group::NewPartnership {
        "Account"
    } else {
        "Tenant"
    };
    Request::new(
        uid(deal.caller.word(), "caller"),
        action,
        uid(resource, "other"),
        context(deal),
        Some(schema),
    )
    .expect("deals fit the schema")
}

/// The facts as they stand in a request.
fn context(deal: &AbstractDeal) -> Context {
    let mut context = Vec::new();
    let mut records: BTreeMap<&str, Vec<(String, RestrictedExpression)>> = BTreeMap::new();
    for fact in deal.facts().filter(|fact| !presence(fact)) {
        let index = (fact.get)(deal);
        let value = match fact.entity {
            Some(entity) => RestrictedExpression::new_entity_uid(uid(entity, (fact.word)(index))),
            None => RestrictedExpression::new_bool(index == bool::ALL.len() - 1),
        };
        let (place, name) = match fact.path.split_once('.') {
            Some((record, name)) => (records.entry(record).or_default(), name),
            None => (&mut context, fact.path),
        };
        place.push((name.to_owned(), value));
    }
    for (record, facts) in records {
        let facts = RestrictedExpression::new_record(facts).expect("each fact is there once");
        context.push((record.to_owned(), facts));
    }
    Context::from_pairs(context).expect("each fact is there once")
}

fn presence(fact: &Fact) -> bool {
    [Record::Reseller, Record::Provider]
        .iter()
        .any(|record| record.path() == fact.path)
}

impl Twin {
    fn read() -> Self {
        let schema = parse_schema();
        let text: String = FILES
            .iter()
            .map(|(_, text)| *text)
            .collect::<Vec<_>>()
            .join("\n");
        let policies = parse_policies(&text);
        let problems = Validator::new(schema.clone()).validate(&policies, ValidationMode::Strict);
        assert!(problems.validation_passed_without_warnings(), "{problems}");

        let mut rules: Vec<String> = policies
            .policies()
            .filter(|policy| policy.effect() == Effect::Forbid)
            .map(|policy| rule_of(policy.id().as_ref()).to_owned())
            .collect();
        rules.sort_unstable();
        rules.dedup();
        assert!(rules.len() <= 128, "a rule needs a bit");

        // Without the actions among the entities no action is in its group, and no policy applies.
        let entities =
            Entities::from_entities([], Some(&schema)).expect("the schema's own actions");
        Twin {
            schema,
            policies,
            rules,
            entities,
            tables: OnceLock::new(),
        }
    }

    /// Asks the authorizer about some policies.
    pub fn authorize(&self, request: &Request, policies: &PolicySet) -> Response {
        Authorizer::new().is_authorized(request, policies, &self.entities)
    }

    /// The verdict of some policies.
    pub fn ask(&'static self, request: &Request, policies: &PolicySet) -> Verdict {
        let response = self.authorize(request, policies);
        let errors: Vec<String> = response
            .diagnostics()
            .errors()
            .map(ToString::to_string)
            .collect();
        let forbids = response
            .diagnostics()
            .reason()
            .filter(|id| {
                policies
                    .policy(id)
                    .is_some_and(|policy| policy.effect() == Effect::Forbid)
            })
            .filter_map(|id| self.rule(id))
            .collect();
        Verdict {
            allow: response.decision() == Decision::Allow && errors.is_empty(),
            forbids,
            errors,
        }
    }

    fn rule(&'static self, id: &PolicyId) -> Option<&'static str> {
        let position = self.position(rule_of(id.as_ref()))?;
        Some(&self.rules[position])
    }

    fn position(&self, rule: &str) -> Option<usize> {
        self.rules
            .binary_search_by(|known| known.as_str().cmp(rule))
            .ok()
    }

    /// The bit of a rule in [`Bits::forbids`]; none if the rule is not among the policies.
    pub fn bit(&self, rule: &str) -> Option<u128> {
        self.position(rule).map(|position| 1 << position)
    }

    /// The rules behind bits.
    pub fn rules_of(&'static self, bits: u128) -> BTreeSet<&'static str> {
        let held = |position: usize| bits & (1 << position) != 0;
        self.rules
            .iter()
            .enumerate()
            .filter(|(position, _)| held(*position))
            .map(|(_, rule)| rule.as_str())
            .collect()
    }

    /// The same answer as [`cedar_verdict`], from the tables.
    pub fn verdict(&'static self, deal: &AbstractDeal) -> Bits {
        let bit = |policy: &Policy| self.bit(rule_of(policy.id().as_ref())).unwrap_or(1);
        self.tables
            .get_or_init(|| Tables::fill(self, &self.policies, bit))
            .look_up(deal)
    }
}

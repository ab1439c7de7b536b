//! Reading scenario files: YAML checked against the schema of the format.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;
use serde_json::{Value as Json, json};
use tierline_domain::time::Timestamp;
use tierline_rules::RuleId;

use super::{BadFile, SCHEMA};
use crate::state;

/// A scenario file, ready to run.
pub(super) struct File {
    pub(super) name: String,
    pub(super) world_path: PathBuf,
    pub(super) world: World,
    pub(super) today: Option<Timestamp>,
    pub(super) given: Vec<Json>,
    pub(super) cases: Vec<Case>,
}

/// A base world.
pub(super) struct World {
    pub(super) today: Timestamp,
    pub(super) given: Vec<Json>,
}

/// One case.
pub(super) struct Case {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) rules: Vec<String>,
    pub(super) today: Option<Timestamp>,
    pub(super) given: Vec<Json>,
    pub(super) when: Vec<Json>,
    pub(super) then: Json,
}

impl Case {
    /// Every rule that the case rests on or expects.
    pub(super) fn all_rules(&self) -> Vec<String> {
        let mut rules = self.rules.clone();
        for key in ["refuse", "reports"] {
            rules.extend(texts(self.then.get(key)));
        }
        if let Some(facts) = self.then.get("facts").and_then(Json::as_object) {
            rules.extend(facts.keys().cloned());
        }
        rules.sort();
        rules.dedup();
        rules
    }

    pub(super) fn names(&self, rule: &str) -> bool {
        self.all_rules().iter().any(|named| named == rule)
    }
}

/// The texts of a list.
pub(super) fn texts(value: Option<&Json>) -> Vec<String> {
    let list = value
        .and_then(Json::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    list.iter()
        .filter_map(|text| text.as_str().map(str::to_owned))
        .collect()
}

/// The schema, and the facts and commands that are ours: no case of the format's own files needs them, and ours may
/// need them to reach a rule. Parameters of commands are read as strictly as by the API.
static GRAMMAR: LazyLock<Result<Json, String>> = LazyLock::new(|| {
    let mut schema: Json = serde_json::from_str(SCHEMA).map_err(|error| error.to_string())?;
    let facts = schema
        .pointer_mut("/$defs/fact/oneOf")
        .and_then(Json::as_array_mut)
        .ok_or("it lists no facts")?;
    for noun in crate::world::OUR_NOUNS {
        facts.push(json!({
            "type": "object",
            "additionalProperties": false,
            "required": [noun],
            "properties": { (*noun): { "type": "object" } },
        }));
    }
    for (noun, members) in crate::world::OUR_MEMBERS {
        let known = schema
            .pointer_mut(&format!("/$defs/noun-{noun}/properties"))
            .and_then(Json::as_object_mut)
            .ok_or("it does not say what a fact holds")?;
        for member in *members {
            known.insert((*member).to_owned(), json!({}));
        }
    }
    for verb in crate::world::OUR_VERSIONS {
        let known = schema
            .pointer_mut(&format!("/$defs/verb-{verb}"))
            .ok_or("it does not say what a command takes")?;
        *known = json!({ "type": "object" });
    }
    let actions = schema
        .pointer_mut("/$defs/action/oneOf")
        .and_then(Json::as_array_mut)
        .ok_or("it lists no actions")?;
    let known = |verb: &str, actions: &[Json]| {
        actions
            .iter()
            .any(|action| action.pointer(&format!("/properties/{verb}")).is_some())
    };
    for verb in crate::act::BUILT {
        if !known(verb, actions.as_slice()) {
            actions.push(json!({
                "type": "object",
                "additionalProperties": false,
                "required": ["as", verb],
                "properties": { "as": { "$ref": "#/$defs/actor" }, (*verb): { "type": "object" } },
            }));
        }
    }
    Ok(schema)
});

static VALIDATOR: LazyLock<Result<jsonschema::Validator, String>> = LazyLock::new(|| {
    let schema = GRAMMAR.as_ref().map_err(Clone::clone)?;
    jsonschema::validator_for(schema).map_err(|error| error.to_string())
});

fn read(path: &Path) -> Result<Json, BadFile> {
    let bad = |problem: String| BadFile {
        path: path.to_owned(),
        problem,
    };
    let text = std::fs::read_to_string(path).map_err(|error| bad(error.to_string()))?;
    let value: Json = serde_yaml_ng::from_str(&text).map_err(|error| bad(error.to_string()))?;
    let validator = VALIDATOR
        .as_ref()
        .map_err(|problem| bad(format!("the schema is broken: {problem}")))?;
    if !validator.is_valid(&value) {
        return Err(bad(explain(&value, validator)));
    }
    Ok(value)
}

/// The part of the file that is wrong, with the case and the field it stands in.
fn explain(value: &Json, validator: &jsonschema::Validator) -> String {
    let schema = GRAMMAR.as_ref().cloned().unwrap_or_default();
    let which = if value.get("cases").is_some() {
        "/oneOf/0"
    } else {
        "/oneOf/1"
    };
    let branch = schema.pointer(which).cloned().map(|mut branch| {
        if let (Some(branch), Some(defs)) = (branch.as_object_mut(), schema.get("$defs")) {
            branch.insert("$defs".to_owned(), defs.clone());
        }
        branch
    });
    let inner = branch.and_then(|branch| jsonschema::validator_for(&branch).ok());
    let validator = inner.as_ref().unwrap_or(validator);
    let errors: Vec<_> = validator.iter_errors(value).collect();
    let faults = errors.iter().map(fault);
    faults.max_by_key(Fault::depth).map_or_else(
        || "does not fit the format".to_owned(),
        |fault| format!("{}: {}", place(value, &fault.at), fault.text),
    )
}

/// One complaint about a file: where, and what.
struct Fault {
    at: String,
    text: String,
}

impl Fault {
    fn depth(&self) -> usize {
        self.at.matches('/').count()
    }
}

/// What is wrong behind a complaint. Where one of several forms would do, the form that fits furthest was meant.
fn fault(error: &ValidationError<'_>) -> Fault {
    let at = error.instance_path().to_string();
    let (ValidationErrorKind::OneOfNotValid { context: forms }
    | ValidationErrorKind::AnyOf { context: forms }) = error.kind()
    else {
        let text: String = error.to_string().chars().take(300).collect();
        return Fault { at, text };
    };
    let faults = forms.iter().flatten().map(fault);
    let own = at.matches('/').count();
    match faults.max_by_key(Fault::depth) {
        Some(deepest) if deepest.depth() > own => deepest,
        _ => Fault {
            text: no_form(error.instance(), &at),
            at,
        },
    }
}

/// None of the forms: an unknown noun or verb, or something that is neither.
fn no_form(value: &Json, at: &str) -> String {
    let what = if at.contains("/given") {
        "noun"
    } else if at.contains("/when") {
        "verb"
    } else {
        "form"
    };
    let keys = value.as_object().map(|map| {
        let keys = map.keys().filter(|key| *key != "as").cloned();
        keys.collect::<Vec<_>>()
    });
    match keys.as_deref() {
        Some([key]) => format!("`{key}` is no {what} of the format"),
        Some([]) => format!("a {what} is missing"),
        Some(keys) => format!("names more than one {what}: {}", keys.join(", ")),
        None => format!("{value} is no {what} of the format"),
    }
}

/// "case S1-03, when.order.quantity" of a place in the file.
fn place(value: &Json, at: &str) -> String {
    let mut parts = at.split('/').skip(1);
    let (Some("cases"), Some(number)) = (parts.next(), parts.next()) else {
        return at.trim_start_matches('/').replace('/', ".");
    };
    let id = value
        .pointer(&format!("/cases/{number}/id"))
        .and_then(Json::as_str)
        .map_or_else(|| format!("number {number}"), str::to_owned);
    let field: Vec<&str> = parts.collect();
    if field.is_empty() {
        format!("case {id}")
    } else {
        format!("case {id}, {}", field.join("."))
    }
}

/// What the schema cannot see: names that the rulebook or the format do not know, and ids given twice.
fn unknown_names(cases: &[Case]) -> Option<String> {
    let mut ids = BTreeSet::new();
    for case in cases {
        if !ids.insert(&case.id) {
            return Some(format!("case {}: the id is given twice", case.id));
        }
        if let Some(problem) = case.unknown_rule().or_else(|| case.unknown_path()) {
            return Some(format!("case {}, {problem}", case.id));
        }
    }
    None
}

impl Case {
    fn unknown_rule(&self) -> Option<String> {
        let listed = |key: &str| {
            let rules = texts(self.then.get(key));
            rules
                .into_iter()
                .map(|rule| (format!("then.{key}"), rule))
                .collect::<Vec<_>>()
        };
        let own = self
            .rules
            .iter()
            .map(|rule| ("rules".to_owned(), rule.clone()));
        let shown = self.then.get("facts").and_then(Json::as_object);
        let shown = shown.into_iter().flat_map(|facts| facts.keys());
        own.chain(listed("refuse"))
            .chain(listed("reports"))
            .chain(shown.map(|rule| ("then.facts".to_owned(), rule.clone())))
            .find(|(_, rule)| rule.parse::<RuleId>().is_err())
            .map(|(field, rule)| format!("{field}: `{rule}` is not a rule of the rulebook"))
    }

    fn unknown_path(&self) -> Option<String> {
        let paths = self.then.get("state").and_then(Json::as_object)?;
        let path = paths.keys().find(|path| !state::is_path(path))?;
        Some(format!(
            "then.state: `{path}` is no state path of the format"
        ))
    }
}

fn instant(value: Option<&Json>, path: &Path) -> Result<Option<Timestamp>, BadFile> {
    let Some(text) = value.and_then(Json::as_str) else {
        return Ok(None);
    };
    text.parse().map(Some).map_err(|error| BadFile {
        path: path.to_owned(),
        problem: format!("today: {error}"),
    })
}

fn list(value: Option<&Json>) -> Vec<Json> {
    value.and_then(Json::as_array).cloned().unwrap_or_default()
}

/// Reads a world.
pub(super) fn load_world(path: &Path) -> Result<World, BadFile> {
    let value = read(path)?;
    let missing = || BadFile {
        path: path.to_owned(),
        problem: "a world has `today`".to_owned(),
    };
    Ok(World {
        today: instant(value.get("today"), path)?.ok_or_else(missing)?,
        given: list(value.get("given")),
    })
}

/// Reads a scenario file with its world; a world given alone is passed over.
pub(super) fn load(path: &Path, world: Option<&Path>) -> Result<Option<File>, BadFile> {
    let value = read(path)?;
    let Some(cases) = value.get("cases").and_then(Json::as_array) else {
        return Ok(None);
    };
    let beside = value
        .get("world")
        .and_then(Json::as_str)
        .unwrap_or("world.yaml");
    let world_path = world.map_or_else(
        || path.parent().unwrap_or(Path::new(".")).join(beside),
        Path::to_owned,
    );
    let cases = cases
        .iter()
        .map(|case| load_case(case, path))
        .collect::<Result<Vec<_>, _>>()?;
    if let Some(problem) = unknown_names(&cases) {
        return Err(BadFile {
            path: path.to_owned(),
            problem,
        });
    }
    Ok(Some(File {
        name: path
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
        world: load_world(&world_path)?,
        world_path,
        today: instant(value.get("today"), path)?,
        given: list(value.get("given")),
        cases,
    }))
}

fn load_case(case: &Json, path: &Path) -> Result<Case, BadFile> {
    let text = |key: &str| {
        case.get(key)
            .and_then(Json::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let when = match case.get("when") {
        Some(Json::Array(steps)) => steps.clone(),
        Some(step) => vec![step.clone()],
        None => Vec::new(),
    };
    Ok(Case {
        id: text("id"),
        title: text("title"),
        rules: texts(case.get("rules")),
        today: instant(case.get("today"), path)?,
        given: list(case.get("given")),
        when,
        then: case.get("then").cloned().unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a file with one case, whose parts are given.
    fn problem_with(when: &str, then: &str) -> String {
        let text = format!(
            "section: test\nworld: world.yaml\ncases:\n  - id: T-01\n    title: One case\n    rules: [TXN-101]\n    when: {when}\n    then: {then}\n"
        );
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("cases.yaml");
        std::fs::write(&path, text).unwrap();
        let world = "today: 2023-11-15T12:00:00Z\ngiven: []\n";
        std::fs::write(directory.path().join("world.yaml"), world).unwrap();
        load(&path, None)
            .err()
            .map_or_else(String::new, |bad| bad.problem)
    }

    const ORDER: &str = "{as: IP-1, order: {customer: C-1, item: suite-standard}}";

    #[test]
    fn a_bad_file_is_named_by_case_and_field() {
        assert_eq!(problem_with(ORDER, "{allow: true}"), "");
        for (when, then, expected) in [
            (
                "{as: IP-1, zork: {}}",
                "{allow: true}",
                "case T-01, when: `zork` is no verb of the format",
            ),
            (
                "{as: IP-1, order: {customer: C-1, item: suite, zork: 1}}",
                "{allow: true}",
                "case T-01, when.order: Additional properties are not allowed ('zork' was unexpected)",
            ),
            (
                "{as: IP-1, order: {customer: C-1, item: suite, quantity: many}}",
                "{allow: true}",
                "case T-01, when.order.quantity: \"many\" is not of type \"integer\"",
            ),
            (
                "[{as: IP-1, order: {customer: C-1, item: suite}}, {as: IP-1, cancel: {subscription: 7}}]",
                "{allow: true}",
                "case T-01, when.1.cancel.subscription: 7 is not of type \"string\"",
            ),
            (
                ORDER,
                "{allow: true, zork: 1}",
                "case T-01, then: names more than one form: allow, zork",
            ),
            (
                ORDER,
                "{refuse: [ZZZ-999]}",
                "case T-01, then.refuse: `ZZZ-999` is not a rule of the rulebook",
            ),
            (
                ORDER,
                "{refuse: [TXN-101], facts: {TXN-999: {contains: [x]}}}",
                "case T-01, then.facts: `TXN-999` is not a rule of the rulebook",
            ),
            (
                ORDER,
                "{allow: true, state: {partner.IP-1.zork: active}}",
                "case T-01, then.state: `partner.IP-1.zork` is no state path of the format",
            ),
        ] {
            assert_eq!(problem_with(when, then), expected);
        }
    }
}

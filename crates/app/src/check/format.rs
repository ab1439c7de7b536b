//! Reading scenario files: YAML checked against the schema of the format.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde_json::{Value as Json, json};
use tierline_domain::time::Timestamp;

use super::{BadFile, SCHEMA};

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

/// The schema, and the commands that are ours: no case of the format's own files needs them, and ours may
/// need them to reach a rule. Their parameters are read as strictly as by the API.
static GRAMMAR: LazyLock<Result<Json, String>> = LazyLock::new(|| {
    let mut schema: Json = serde_json::from_str(SCHEMA).map_err(|error| error.to_string())?;
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

/// The part of the file that is wrong: the deepest complaint says most.
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
    let deepest = validator
        .iter_errors(value)
        .max_by_key(|error| error.instance_path().to_string().len());
    deepest.map_or_else(
        || "does not fit the format".to_owned(),
        |error| {
            let text = error.to_string();
            let short: String = text.chars().take(300).collect();
            format!("{}: {short}", error.instance_path())
        },
    )
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
        .collect::<Result<_, _>>()?;
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

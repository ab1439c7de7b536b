//! The OpenAPI 3.1 document, made of the list of routes.

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};
use utoipa::openapi::{RefOr, Schema};

use crate::answer::Json;
use crate::route::{Access, Media, Parameter, Route, Shape};
use crate::routes;
use crate::wire::odata;

/// The parts that bodies refer to, by name.
type Parts = BTreeMap<String, RefOr<Schema>>;

fn path_parameters(path: &str) -> impl Iterator<Item = Value> + '_ {
    let names = path.split('{').skip(1);
    let names = names.filter_map(|rest| rest.split_once('}').map(|(name, _)| name));
    names.map(
        |name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string", "minLength": 1 } }),
    )
}

fn query_parameter(parameter: &Parameter) -> Value {
    let schema = match parameter.name {
        "size" | "offset" => json!({ "type": "integer", "minimum": 0 }),
        _ => json!({ "type": "string" }),
    };
    json!({ "name": parameter.name, "in": "query", "description": parameter.about, "schema": schema })
}

fn json_of(schema: &RefOr<Schema>) -> Value {
    serde_json::to_value(schema).unwrap_or_default()
}

/// A name that no other operation has: the documented one where there is one.
fn operation_id(route: &Route) -> String {
    if let Some(shown) = route.shown.first() {
        return shown.operation.to_owned();
    }
    let words = route.path.split(['/', '{', '}', '.']);
    let words = words.filter(|word| !word.is_empty() && *word != "v1");
    let words: Vec<&str> = words.collect();
    format!("{}-{}", words.join("-"), route.method.as_str()).to_lowercase()
}

/// How a route may refuse or fail, by status, and why.
fn failures(route: &Route) -> Vec<(StatusCode, &'static str)> {
    let is_ours = matches!(route.access, Access::Ours | Access::Party);
    let is_open = route.access == Access::Open;
    let writes = !matches!(route.method, Method::GET | Method::HEAD);
    let names = route.path.contains('{') || !route.query.is_empty();
    let is_partial = route.shown.iter().any(|shown| !shown.lacks.is_empty());
    let may_lack = is_partial || (route.shown.is_empty() && writes);
    [
        (
            writes || names,
            StatusCode::BAD_REQUEST,
            "Something has the wrong form, or a rule of the program refuses.",
        ),
        (
            !is_open,
            StatusCode::UNAUTHORIZED,
            "There is no valid token, or it shows no second factor.",
        ),
        (
            !is_open || writes,
            StatusCode::FORBIDDEN,
            "This caller may not, or a rule of the program refuses.",
        ),
        (
            writes || names,
            StatusCode::NOT_FOUND,
            "It does not exist, or this caller may not know of it.",
        ),
        (
            writes,
            StatusCode::CONFLICT,
            "It clashes with what is there, or its request id was another request's.",
        ),
        (
            writes && odata::speaks(&route.path.to_lowercase()),
            StatusCode::PRECONDITION_FAILED,
            "It was changed since the version that the caller has read.",
        ),
        (
            writes,
            StatusCode::PAYLOAD_TOO_LARGE,
            "The body is larger than this server takes.",
        ),
        (
            may_lack && !is_open,
            StatusCode::NOT_IMPLEMENTED,
            "Something that this asks for is not built yet.",
        ),
        (
            !(is_ours || is_open),
            StatusCode::TOO_MANY_REQUESTS,
            "The partner has no calls left for now.",
        ),
        (
            true,
            StatusCode::INTERNAL_SERVER_ERROR,
            "The server failed; the request may be repeated with the same id.",
        ),
        (
            true,
            StatusCode::SERVICE_UNAVAILABLE,
            "The server cannot answer now, or it took too long.",
        ),
    ]
    .into_iter()
    .filter_map(|(can_be, status, about)| can_be.then_some((status, about)))
    .collect()
}

/// A refusal or failure in the shape of its path.
fn failure(route: &Route, status: StatusCode, about: &str) -> Value {
    let is_ours = route.path.starts_with("/program/");
    let (shape, kind) = match status {
        _ if is_ours => ("ProblemDetails", "application/problem+json"),
        _ if odata::speaks(&route.path.to_lowercase()) => ("ODataError", "application/json"),
        StatusCode::TOO_MANY_REQUESTS => ("Throttled", "application/json"),
        _ => ("Error", "application/json"),
    };
    let (schema, kind) = if route.is_page {
        (json!({ "type": "string" }), "text/html")
    } else {
        let reference = format!("#/components/schemas/{shape}");
        (json!({ "$ref": reference }), kind)
    };
    let mut described = json!({ "description": about });
    if let Some(map) = described.as_object_mut() {
        // An answer to HEAD has no body.
        if route.method != Method::HEAD {
            map.insert("content".to_owned(), json!({ kind: { "schema": schema } }));
        }
        let header = match status {
            StatusCode::UNAUTHORIZED => Some("WWW-Authenticate"),
            StatusCode::TOO_MANY_REQUESTS => Some("Retry-After"),
            _ => None,
        };
        map.extend(header.map(|name| {
            let header = json!({ name: { "schema": { "type": "string" } } });
            ("headers".to_owned(), header)
        }));
    }
    described
}

/// One operation of the document; what its bodies refer to is added to the parts.
fn described(route: &Route, parts: &mut Parts) -> Value {
    let mut shape = |shape: &Shape| {
        let mut found = Vec::new();
        (shape.parts)(&mut found);
        parts.extend(found);
        json_of(&(shape.schema)())
    };
    let mut responses = Map::new();
    for (status, body) in &route.answers {
        let mut response = json!({ "description": status.canonical_reason().unwrap_or("Done") });
        if let (Some(body), Some(map)) = (body, response.as_object_mut()) {
            let content = json!({ "application/json": { "schema": shape(body) } });
            map.insert("content".to_owned(), content);
        }
        responses.insert(status.as_u16().to_string(), response);
    }
    for (status, about) in failures(route) {
        // What a route says of its own refusals goes first.
        responses
            .entry(status.as_u16().to_string())
            .or_insert_with(|| failure(route, status, about));
    }
    let mut parameters: Vec<Value> = path_parameters(route.path).collect();
    parameters.extend(route.query.iter().map(query_parameter));
    let mut described = json!({
        "operationId": operation_id(route),
        "summary": route.about,
        "parameters": parameters,
        "responses": responses,
    });
    if let Some(map) = described.as_object_mut() {
        if let Some((media, body)) = &route.takes {
            let kind = match media {
                Media::Json => "application/json",
                Media::Form => "application/x-www-form-urlencoded",
                Media::Csv => "text/csv",
                Media::Lines => "application/x-ndjson",
            };
            let content = json!({ "required": !route.is_optional, "content": { kind: { "schema": shape(body) } } });
            map.insert("requestBody".to_owned(), content);
        }
        if route.access == Access::Open {
            map.insert("security".to_owned(), json!([]));
        }
    }
    described
}

/// The whole document.
#[must_use]
pub fn build() -> Value {
    let mut parts = Parts::new();
    let mut paths: Map<String, Value> = Map::new();
    for route in routes::list() {
        let operation = described(&route, &mut parts);
        let entry = paths
            .entry(route.path.to_owned())
            .or_insert_with(|| json!({}));
        if let Some(map) = entry.as_object_mut() {
            map.insert(route.method.as_str().to_lowercase(), operation);
        }
    }
    let mut schemas = errors();
    schemas.extend(
        parts
            .iter()
            .map(|(name, schema)| (name.clone(), json_of(schema))),
    );
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "tierline",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "A partner program server: the documented partner API, and its own endpoints under /program/v1.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "security": [{ "bearer": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" } },
            "schemas": schemas,
        },
    })
}

/// The shapes of failures.
fn errors() -> Map<String, Value> {
    let text = || json!({ "type": "string" });
    let error = json!({
        "type": "object",
        "required": ["code", "description"],
        "properties": {
            "code": { "type": "integer" },
            "description": { "type": "string", "maxLength": 1024 },
            "data": { "type": "array", "items": text() },
            "source": text(),
        },
    });
    let details = json!({
        "type": "object",
        "required": ["title", "status"],
        "properties": {
            "type": text(),
            "title": text(),
            "status": { "type": "integer" },
            "detail": text(),
            "code": { "type": ["integer", "null"] },
            "decision": { "$ref": "#/components/schemas/DecisionView" },
        },
    });
    let throttled = json!({
        "type": "object",
        "required": ["statusCode", "message"],
        "properties": { "statusCode": { "type": "integer" }, "message": text() },
    });
    let odata = json!({
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {
                "type": "object",
                "required": ["code", "message"],
                "properties": {
                    "code": text(),
                    "message": text(),
                    "details": { "type": "array", "items": { "type": "object" } },
                    "innerError": { "type": "object" },
                },
            },
        },
    });
    Map::from_iter([
        ("Error".to_owned(), error),
        ("ODataError".to_owned(), odata),
        ("Throttled".to_owned(), throttled),
        ("ProblemDetails".to_owned(), details),
    ])
}

pub(crate) async fn document() -> Json<Value> {
    Json(build())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Every reference within a value.
    fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
        match value {
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str));
                map.values().for_each(|member| references(member, found));
            }
            Value::Array(list) => list.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }

    #[test]
    fn whatever_is_referred_to_is_there() {
        let document = build();
        let mut found = BTreeSet::new();
        references(&document, &mut found);
        assert!(!found.is_empty());
        for reference in found {
            let place = reference.trim_start_matches('#');
            assert!(document.pointer(place).is_some(), "{reference}");
        }
    }

    /// A name that two views had would show one of them where the other is meant.
    #[test]
    fn no_two_views_share_a_name() {
        let mut known: BTreeMap<String, Value> = errors().into_iter().collect();
        for route in routes::list() {
            let taken = route.takes.as_ref().map(|(_, body)| body);
            let given = route.answers.iter().filter_map(|(_, body)| body.as_ref());
            for shape in given.chain(taken) {
                let mut found = Vec::new();
                (shape.parts)(&mut found);
                for (name, schema) in found {
                    let schema = json_of(&schema);
                    let before = known.entry(name.clone()).or_insert_with(|| schema.clone());
                    assert_eq!(*before, schema, "{name}, of {}", route.path);
                }
            }
        }
        assert!(known.len() > 100);
    }

    #[test]
    fn every_operation_has_a_name_of_its_own() {
        let document = build();
        let mut names = BTreeSet::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for operation in methods.as_object().unwrap().values() {
                let name = operation["operationId"].as_str().unwrap();
                assert!(names.insert(name), "{path}: {name} is another's name");
            }
        }
    }

    #[test]
    fn failures_are_documented_where_they_can_occur() {
        let routes = routes::list();
        let of = |method: Method, path: &str| {
            let mut routes = routes.iter();
            let route = routes.find(|route| route.method == method && route.path == path);
            let found = failures(route.unwrap());
            found
                .into_iter()
                .map(|(status, _)| status.as_u16())
                .collect::<Vec<_>>()
        };
        let read = of(Method::GET, "/v1/customers/{customer-id}");
        assert!(
            [400, 401, 403, 404, 429]
                .iter()
                .all(|status| read.contains(status)),
            "{read:?}"
        );
        assert!(!read.contains(&409) && !read.contains(&413), "{read:?}");
        let write = of(Method::POST, "/v1/customers");
        assert!(
            [400, 401, 403, 409]
                .iter()
                .all(|status| write.contains(status)),
            "{write:?}"
        );
        assert!(!of(Method::GET, "/healthz").contains(&401));
    }
}

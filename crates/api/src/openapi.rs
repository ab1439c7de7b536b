//! The OpenAPI 3.1 document, made of the list of routes.

use std::collections::BTreeMap;

use axum::Json;
use serde_json::{Map, Value, json};
use utoipa::openapi::{RefOr, Schema};

use crate::route::{Access, Media, Route};
use crate::routes;

/// The parts that bodies refer to, by name.
type Parts = BTreeMap<String, RefOr<Schema>>;

fn path_parameters(path: &str) -> impl Iterator<Item = Value> + '_ {
    let names = path.split('/').filter_map(|segment| {
        segment
            .split_once('{')?
            .1
            .split_once('}')
            .map(|(name, _)| name)
    });
    names.map(
        |name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }),
    )
}

fn json_of(schema: &RefOr<Schema>) -> Value {
    serde_json::to_value(schema).unwrap_or_default()
}

/// One operation of the document; what its bodies refer to is added to the parts.
fn described(route: &Route, parts: &mut Parts) -> Value {
    let mut shape = |shape: &crate::route::Shape| {
        let mut found = Vec::new();
        (shape.parts)(&mut found);
        parts.extend(found);
        json_of(&(shape.schema)())
    };
    let (error, kind) = match route.access {
        Access::Ours => ("ProblemDetails", "application/problem+json"),
        _ => ("Error", "application/json"),
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
    let schema = json!({ "$ref": format!("#/components/schemas/{error}") });
    let failure =
        json!({ "description": "Refused or failed.", "content": { kind: { "schema": schema } } });
    responses.insert("default".to_owned(), failure);
    let mut parameters: Vec<Value> = path_parameters(route.path).collect();
    parameters.extend(route.query.iter().map(|parameter| {
        json!({ "name": parameter.name, "in": "query", "description": parameter.about, "schema": { "type": "string" } })
    }));
    let mut described =
        json!({ "summary": route.about, "parameters": parameters, "responses": responses });
    if let Some(map) = described.as_object_mut() {
        if let Some((media, body)) = &route.takes {
            let kind = match media {
                Media::Json => "application/json",
                Media::Form => "application/x-www-form-urlencoded",
            };
            let content = json!({ "content": { kind: { "schema": shape(body) } } });
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

/// The two shapes of failures.
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
            "decision": { "type": "object" },
        },
    });
    Map::from_iter([
        ("Error".to_owned(), error),
        ("ProblemDetails".to_owned(), details),
    ])
}

pub(crate) async fn document() -> Json<Value> {
    Json(build())
}

//! The OpenAPI 3.1 document: every route, what it takes and what it answers.

use axum::Json;
use serde_json::{Map, Value, json};

/// One operation of the document.
struct Operation {
    method: &'static str,
    path: &'static str,
    summary: &'static str,
    /// Member names of the body, where there is one.
    body: &'static [&'static str],
    success: &'static str,
}

const fn op(
    method: &'static str,
    path: &'static str,
    summary: &'static str,
    body: &'static [&'static str],
    success: &'static str,
) -> Operation {
    Operation {
        method,
        path,
        summary,
        body,
        success,
    }
}

/// Paths as the documentation spells them; the router's own table is lowered.
const OPERATIONS: &[Operation] = &[
    op("get", "/healthz", "The process runs.", &[], "200"),
    op("get", "/readyz", "The database answers.", &[], "200"),
    op(
        "get",
        "/sandbox/credentials",
        "Ready-made tokens of every principal; sandbox servers only.",
        &[],
        "200",
    ),
    op(
        "post",
        "/generatetoken",
        "Exchange a directory token for a partner token.",
        &["grant_type"],
        "200",
    ),
    op(
        "post",
        "/{tenant}/oauth2/token",
        "Issue a token (v1).",
        &["grant_type", "client_id", "client_secret", "resource"],
        "200",
    ),
    op(
        "post",
        "/{tenant}/oauth2/v2.0/token",
        "Issue a token (v2).",
        &["grant_type", "client_id", "client_secret", "scope"],
        "200",
    ),
    op(
        "get",
        "/{tenant}/v2.0/.well-known/openid-configuration",
        "Discovery.",
        &[],
        "200",
    ),
    op(
        "get",
        "/{tenant}/discovery/v2.0/keys",
        "Public keys.",
        &[],
        "200",
    ),
    op(
        "get",
        "/v1/profiles/mpn",
        "The caller's PartnerID, or a look-up of another's.",
        &[],
        "200",
    ),
    op(
        "get",
        "/v1/compliance/{program}/agreementstatus",
        "Whether a reseller has accepted the partner agreement.",
        &[],
        "200",
    ),
    op(
        "get",
        "/v1/relationships",
        "Partner relationships.",
        &[],
        "200",
    ),
    op("get", "/v1/agreements", "Agreement templates.", &[], "200"),
    op(
        "get",
        "/v1/customers",
        "The partner's customers, filtered and paged.",
        &[],
        "200",
    ),
    op(
        "post",
        "/v1/customers",
        "Create a customer, or one for a reseller.",
        &["companyProfile", "billingProfile", "associatedPartnerId"],
        "201",
    ),
    op(
        "get",
        "/v1/customers/relationshiprequests",
        "The partner's invitation address.",
        &[],
        "200",
    ),
    op(
        "get",
        "/v1/customers/{customer}",
        "One customer.",
        &[],
        "200",
    ),
    op(
        "patch",
        "/v1/customers/{customer}",
        "End the relationship with a customer.",
        &["relationshipToPartner"],
        "200",
    ),
    op(
        "get",
        "/v1/customers/{customer}/relationships",
        "The partner's resellers that serve the customer.",
        &[],
        "200",
    ),
    op(
        "get",
        "/v1/customers/{customer}/agreements",
        "The customer's acceptances.",
        &[],
        "200",
    ),
    op(
        "post",
        "/v1/customers/{customer}/agreements",
        "Confirm the customer's acceptance.",
        &["primaryContact", "templateId", "dateAgreed", "type"],
        "201",
    ),
    op(
        "get",
        "/v1/customers/{customer}/directSignedMicrosoftCustomerAgreementStatus",
        "Whether the customer accepted itself.",
        &[],
        "200",
    ),
    op(
        "post",
        "/v1/customers/{customer}/carts",
        "Fill a cart.",
        &["lineItems"],
        "201",
    ),
    op(
        "get",
        "/v1/customers/{customer}/carts/{cart}",
        "One cart.",
        &[],
        "200",
    ),
    op(
        "put",
        "/v1/customers/{customer}/carts/{cart}",
        "Change a cart.",
        &["lineItems"],
        "201",
    ),
    op(
        "post",
        "/v1/customers/{customer}/carts/{cart}/checkout",
        "Check out a cart.",
        &[],
        "201",
    ),
    op(
        "get",
        "/v1/customers/{customer}/orders",
        "Orders for a customer.",
        &[],
        "200",
    ),
    op(
        "post",
        "/v1/customers/{customer}/orders",
        "Order without a cart.",
        &["lineItems", "billingCycle"],
        "201",
    ),
    op(
        "get",
        "/v1/customers/{customer}/orders/{order}",
        "One order.",
        &[],
        "200",
    ),
    op(
        "post",
        "/program/v1/decisions",
        "Dry run of any deal: every rule, its facts, a rehearsed remedy, the chain.",
        &["as", "verb", "params"],
        "200",
    ),
    op(
        "post",
        "/program/v1/commands/{verb}",
        "Do something by name.",
        &[],
        "200",
    ),
    op(
        "get",
        "/program/v1/rules",
        "The rulebook as enforced.",
        &[],
        "200",
    ),
    op("get", "/program/v1/rules/{id}", "One rule.", &[], "200"),
    op("get", "/program/v1/clock", "The two clocks.", &[], "200"),
    op(
        "post",
        "/program/v1/clock",
        "Move a sandbox world's time.",
        &["by", "until"],
        "200",
    ),
    op(
        "get",
        "/program/v1/order-requests",
        "Requests for a purchase, sent and received.",
        &[],
        "200",
    ),
];

fn parameters(path: &str) -> Vec<Value> {
    path.split('/')
        .filter_map(|segment| segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')))
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect()
}

fn described(operation: &Operation) -> Value {
    let ours = operation.path.starts_with("/program/");
    let error = if ours {
        "#/components/schemas/ProblemDetails"
    } else {
        "#/components/schemas/Error"
    };
    let mut responses = Map::new();
    responses.insert(
        operation.success.to_owned(),
        json!({ "description": "Done.", "content": { "application/json": { "schema": {} } } }),
    );
    let kind = if ours {
        "application/problem+json"
    } else {
        "application/json"
    };
    responses.insert("default".to_owned(), json!({ "description": "Refused or failed.", "content": { kind: { "schema": { "$ref": error } } } }));
    let mut described = json!({ "summary": operation.summary, "parameters": parameters(operation.path), "responses": responses });
    let takes_body = matches!(operation.method, "post" | "put" | "patch");
    if let (true, Some(map)) = (takes_body, described.as_object_mut()) {
        let members: Map<String, Value> = operation
            .body
            .iter()
            .map(|member| ((*member).to_owned(), json!({})))
            .collect();
        let schema = json!({ "type": "object", "properties": members });
        let form = operation.path.contains("oauth2") || operation.path == "/generatetoken";
        let kind = if form {
            "application/x-www-form-urlencoded"
        } else {
            "application/json"
        };
        map.insert(
            "requestBody".to_owned(),
            json!({ "content": { kind: { "schema": schema } } }),
        );
    }
    described
}

/// The whole document.
#[must_use]
pub fn build() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for operation in OPERATIONS {
        let entry = paths
            .entry(operation.path.to_owned())
            .or_insert_with(|| json!({}));
        if let Some(map) = entry.as_object_mut() {
            map.insert(operation.method.to_owned(), described(operation));
        }
    }
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
            "schemas": {
                "Error": {
                    "type": "object",
                    "required": ["code", "description"],
                    "properties": {
                        "code": { "type": "integer" },
                        "description": { "type": "string", "maxLength": 1024 },
                        "data": { "type": "array", "items": { "type": "string" } },
                        "source": { "type": "string" },
                    },
                },
                "ProblemDetails": {
                    "type": "object",
                    "required": ["title", "status"],
                    "properties": {
                        "type": { "type": "string" },
                        "title": { "type": "string" },
                        "status": { "type": "integer" },
                        "detail": { "type": "string" },
                        "code": { "type": ["integer", "null"] },
                        "decision": { "type": "object" },
                    },
                },
            },
        },
    })
}

pub(crate) async fn document() -> Json<Value> {
    Json(build())
}

/// Operations of the document, for the reference page.
pub(crate) fn summaries() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    OPERATIONS
        .iter()
        .map(|operation| (operation.method, operation.path, operation.summary))
}

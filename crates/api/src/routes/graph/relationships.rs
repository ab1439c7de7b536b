//! Relationships and what is asked of them.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tierline_domain::admin::{AdminAction, AdminRelationship, AdminRequest, AdminState};
use tierline_domain::time::Timestamp;
use tierline_store::{Value as Stored, tables};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{AccessDetails, GraphCall, Known, ROOT, Stage, assignments, camel, created};
use crate::answer::Json;
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::wire::body::word;
use crate::wire::odata::{self, List};

const LIST: &str = "delegatedAdminRelationships";
/// A relationship that extends itself does so by half a year (GDA-014).
const EXTENDS: &str = "P180D";
const DOES_NOT_EXTEND: &str = "PT0S";

pub(super) fn routes() -> Vec<Route> {
    let (ok, new) = (StatusCode::OK, StatusCode::CREATED);
    vec![
        route::get(ROOT, "The granular relationships in the caller's view.", list)
            .query("$filter", "Comparisons of members, joined by and and or.")
            .query("$orderby", "Members, each with asc or desc behind it.")
            .query("$select", "The members to show.")
            .query("$expand", EXPAND)
            .query("$top", "Most of one page, at most 300.")
            .query("$skip", "How many to leave out.")
            .query("$count", "true adds @odata.count.")
            .query("$skiptoken", "Where the page before ended; part of @odata.nextLink.")
            .answers::<List<Relationship>>(ok)
            .shows("gdap-relationships-list", "delegation.rs lists_are_filtered_ordered_and_paged"),
        route::post(ROOT, "Begin a request; its customer hears of it once it is locked.", create)
            .takes::<NewRelationship>()
            .answers::<Relationship>(new)
            .shows("gdap-relationships-create", "delegation.rs a_request_is_written_sent_approved_and_comes_into_force"),
        route::get(
            "/v1.0/tenantRelationships/delegatedAdminRelationships/{relationship-id}",
            "One granular relationship.",
            read,
        )
        .query("$select", "The members to show.")
        .query("$expand", EXPAND)
        .answers::<Relationship>(ok)
        .shows("gdap-relationships-get", "delegation.rs a_request_is_written_sent_approved_and_comes_into_force"),
        route::patch(
            "/v1.0/tenantRelationships/delegatedAdminRelationships/{relationship-id}",
            "Change a request that was not sent; of a relationship in force, only whether it extends itself.",
            update,
        )
        .takes::<RelationshipChange>()
        .answers::<Relationship>(ok)
        .shows("gdap-relationships-update", "delegation.rs only_what_is_not_sent_is_changed_or_deleted"),
        route::delete(
            "/v1.0/tenantRelationships/delegatedAdminRelationships/{relationship-id}",
            "Drop a request that was not sent.",
            delete,
        )
        .answers_plain(StatusCode::NO_CONTENT)
        .shows("gdap-relationships-delete", "delegation.rs only_what_is_not_sent_is_changed_or_deleted"),
        route::get(
            "/v1.0/tenantRelationships/delegatedAdminRelationships/{relationship-id}/requests",
            "What was asked of a relationship.",
            requests,
        )
        .answers::<List<RelationshipRequest>>(ok)
        .shows("gdap-requests-list", "delegation.rs a_request_is_written_sent_approved_and_comes_into_force"),
        route::post(
            "/v1.0/tenantRelationships/delegatedAdminRelationships/{relationship-id}/requests",
            "Send a request to its customer, end a relationship; for the customer: approve, or end it.",
            request,
        )
        .takes::<NewRequest>()
        .answers::<RelationshipRequest>(new)
        .shows("gdap-requests-create", "delegation.rs either_side_ends_a_relationship"),
        route::get(
            "/v1.0/tenantRelationships/delegatedAdminRelationships/{relationship-id}/requests/{request-id}",
            "One thing that was asked of a relationship.",
            single_request,
        )
        .answers::<RelationshipRequest>(ok)
        .shows("gdap-requests-get", "delegation.rs a_request_is_written_sent_approved_and_comes_into_force"),
    ]
}

/// A customer as a relationship names it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Participant {
    tenant_id: Option<String>,
    /// Shown; what is sent is passed over, since the customer's company says its own name.
    display_name: Option<String>,
}

/// A granular relationship. Members that `$select` does not name are left out.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Relationship {
    #[serde(rename = "@odata.etag")]
    etag: String,
    #[schema(required = false)]
    id: String,
    #[schema(required = false)]
    display_name: String,
    /// An ISO 8601 duration in days.
    #[schema(required = false)]
    duration: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer: Option<Participant>,
    #[schema(required = false)]
    access_details: AccessDetails,
    #[schema(required = false)]
    status: String,
    /// `P180D` or `PT0S`.
    #[schema(required = false)]
    auto_extend_duration: &'static str,
    #[schema(value_type = String, format = DateTime, required = false)]
    created_date_time: Timestamp,
    #[schema(value_type = String, format = DateTime, required = false)]
    last_modified_date_time: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    activated_date_time: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    end_date_time: Option<Timestamp>,
}

/// Lists that a relationship has of its own, and that can be shown with it.
const LISTS: [&str; 3] = ["accessAssignments", "operations", "requests"];
const EXPAND: &str = "Lists to show with it: accessAssignments, operations, requests.";

/// A relationship as it is shown, with the lists that are asked for.
async fn with_lists(
    call: &GraphCall,
    known: &Known,
    lists: &[&'static str],
) -> Result<Value, Problem> {
    let mut shown = json!(Relationship::of(known));
    for list in lists {
        let items = match *list {
            "accessAssignments" => json!(assignments::of_relationship(call, known).await?),
            "operations" => json!(assignments::operations_of(call, known).await?),
            _ => {
                let asked = asked(call, known).await?;
                json!(
                    asked
                        .iter()
                        .map(RelationshipRequest::of)
                        .collect::<Vec<_>>()
                )
            }
        };
        if let Some(map) = shown.as_object_mut() {
            map.insert((*list).to_owned(), items);
        }
    }
    Ok(shown)
}

/// One relationship, with the lists that are asked for.
async fn shown(call: &GraphCall, known: &Known) -> Result<Json<Value>, Problem> {
    let (options, lists) = call.options::<Relationship>(&LISTS)?;
    let item = with_lists(call, known, &lists).await?;
    Ok(call.single_of(&options, item, LIST))
}

const fn extends(auto: bool) -> &'static str {
    if auto { EXTENDS } else { DOES_NOT_EXTEND }
}

/// When a relationship came into force, and when it ends or ended.
fn span(row: &AdminRelationship) -> (Option<Timestamp>, Option<Timestamp>) {
    let was_in_force = row.activated.is_some() || row.state == AdminState::Active;
    let activated = was_in_force.then(|| row.activated.unwrap_or(row.requested));
    let end = match row.state {
        AdminState::Active | AdminState::Expiring => Some(row.end()),
        AdminState::Expired | AdminState::Terminated => Some(row.changed.unwrap_or(row.end())),
        AdminState::TerminationRequested | AdminState::Terminating => {
            was_in_force.then(|| row.end())
        }
        AdminState::ApprovalPending | AdminState::Approved | AdminState::Activating => None,
    };
    (activated, end)
}

impl Relationship {
    fn of(known: &Known) -> Self {
        let id = known.id();
        let customer = known.customer.as_ref().map(|tenant| Participant {
            tenant_id: Some(tenant.id.to_string()),
            display_name: Some(known.company.clone()),
        });
        match &known.row {
            Stage::Draft(draft) => Self {
                etag: odata::etag(&id, draft.version),
                id,
                display_name: draft.name.clone(),
                duration: format!("P{}D", draft.days),
                customer,
                access_details: AccessDetails::of(&draft.roles),
                status: "created".to_owned(),
                auto_extend_duration: extends(draft.auto_extend),
                created_date_time: draft.created,
                last_modified_date_time: draft.changed,
                activated_date_time: None,
                end_date_time: None,
            },
            Stage::Sent(row) => {
                let (activated_date_time, end_date_time) = span(row);
                Self {
                    etag: odata::etag(&id, row.version),
                    id,
                    display_name: row.name.clone(),
                    duration: format!("P{}D", row.days),
                    customer,
                    access_details: AccessDetails::of(&row.roles),
                    status: camel(row.state.as_str()),
                    auto_extend_duration: extends(row.auto_extend),
                    created_date_time: row.requested,
                    last_modified_date_time: row.changed.unwrap_or(row.requested),
                    activated_date_time,
                    end_date_time,
                }
            }
        }
    }
}

/// A request to be begun.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NewRelationship {
    /// Unique within the partner, at most 50 letters, digits, dashes and underscores.
    display_name: String,
    /// From one day to two years; two years without it.
    duration: Option<String>,
    /// May be named later, but before the request is sent.
    customer: Option<Participant>,
    access_details: Option<AccessDetails>,
    /// `P180D`, or `P0D` and `PT0S` for none.
    auto_extend_duration: Option<String>,
}

/// What is to be changed; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RelationshipChange {
    display_name: Option<String>,
    duration: Option<String>,
    customer: Option<Participant>,
    access_details: Option<AccessDetails>,
    auto_extend_duration: Option<String>,
}

fn days(text: &str) -> Result<i64, Problem> {
    odata::days(text).ok_or_else(|| {
        let text = "is an ISO 8601 duration in days or years, from P1D to P2Y";
        Problem::malformed("duration", text)
    })
}

fn auto_extend(text: &str) -> Result<bool, Problem> {
    match odata::days(text) {
        Some(0) => Ok(false),
        Some(180) => Ok(true),
        _ => {
            let text = "is P180D, or P0D or PT0S for none";
            Err(Problem::malformed("autoExtendDuration", text))
        }
    }
}

/// The id of a customer; `customer: {}` names none.
fn customer_id(customer: &Participant) -> Result<Option<String>, Problem> {
    let Some(id) = customer.tenant_id.as_deref().map(str::trim) else {
        return Ok(None);
    };
    let id = id.parse::<Uuid>();
    let id = id.map_err(|_| Problem::malformed("customer.tenantId", "is a GUID"))?;
    Ok(Some(id.to_string()))
}

/// The members of a request as its command takes them.
fn params(change: &RelationshipChange) -> Result<Map<String, Value>, Problem> {
    let mut params = Map::new();
    let mut put = |name: &str, value: Value| params.insert(name.to_owned(), value);
    if let Some(name) = &change.display_name {
        put("name", json!(name));
    }
    if let Some(duration) = &change.duration {
        put("days", json!(days(duration)?));
    }
    if let Some(customer) = change
        .customer
        .as_ref()
        .map(customer_id)
        .transpose()?
        .flatten()
    {
        put("customer", json!(customer));
    }
    if let Some(details) = &change.access_details {
        put("roles", json!(details.names()));
    }
    if let Some(auto) = &change.auto_extend_duration {
        put("auto_extend", json!(auto_extend(auto)?));
    }
    Ok(params)
}

async fn list(call: GraphCall) -> Result<Response, Problem> {
    let (side, now) = (call.side.clone(), call.now());
    let found = call.read(move |tx| {
        let side = side.clone();
        Box::pin(async move { Known::all(tx, &side, now).await })
    });
    let found = found.await?;
    let (options, lists) = call.options::<Relationship>(&LISTS)?;
    let mut shown = Vec::with_capacity(found.len());
    for known in &found {
        shown.push(with_lists(&call, known, &lists).await?);
    }
    Ok(call.page_of(&options, shown, LIST, ROOT))
}

async fn read(Path(id): Path<String>, call: GraphCall) -> Result<Json<Value>, Problem> {
    let known = call.found(&id).await?;
    shown(&call, &known).await
}

async fn create(call: GraphCall) -> Result<Response, Problem> {
    let wanted: NewRelationship = call.body()?;
    let params = params(&RelationshipChange {
        display_name: Some(wanted.display_name),
        duration: wanted.duration,
        customer: wanted.customer,
        access_details: Some(wanted.access_details.unwrap_or_default()),
        auto_extend_duration: wanted.auto_extend_duration,
    })?;
    let done = call.perform("draft_admin", Value::Object(params)).await?;
    let id = done["draft"].as_str().unwrap_or_default().to_owned();
    let known = call.found(&id).await?;
    let body = shown(&call, &known).await?;
    Ok(created(body, &call.address(&format!("{ROOT}/{id}"))))
}

/// The members that would become others of a relationship that is fixed.
fn terms(
    change: &RelationshipChange,
    row: &AdminRelationship,
) -> Result<Vec<&'static str>, Problem> {
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names
    };
    let customer = change
        .customer
        .as_ref()
        .map(customer_id)
        .transpose()?
        .flatten();
    let days = change.duration.as_deref().map(days).transpose()?;
    let roles = change.access_details.as_ref().map(AccessDetails::names);
    let other_name = change
        .display_name
        .as_ref()
        .is_some_and(|name| *name != row.name);
    let other_days = days.is_some_and(|days| days != row.days);
    let other_customer = customer.is_some_and(|id| id != row.customer.to_string());
    let other_roles = roles.is_some_and(|roles| sorted(roles) != sorted(row.roles.clone()));
    Ok([
        ("displayName", other_name),
        ("duration", other_days),
        ("customer", other_customer),
        ("accessDetails", other_roles),
    ]
    .into_iter()
    .filter_map(|(member, is_other)| is_other.then_some(member))
    .collect())
}

async fn update(Path(id): Path<String>, call: GraphCall) -> Result<Json<Value>, Problem> {
    let known = call.found(&id).await?;
    let id = known.id();
    let held = odata::held(&call.headers, &id)?;
    let change: RelationshipChange = call.body()?;
    let mut params = params(&change)?;
    let verb = match known.sent() {
        None => {
            params.insert("draft".to_owned(), json!(id));
            "update_draft"
        }
        Some(row) => {
            let auto = params.get("auto_extend").cloned();
            let terms = terms(&change, row)?;
            params = Map::from_iter([
                ("admin_relationship".to_owned(), json!(id)),
                ("terms".to_owned(), json!(terms)),
            ]);
            params.extend(auto.map(|auto| ("auto_extend".to_owned(), auto)));
            "update_admin"
        }
    };
    params.insert("etag".to_owned(), json!(held));
    call.perform(verb, Value::Object(params)).await?;
    let known = call.found(&id).await?;
    shown(&call, &known).await
}

async fn delete(Path(id): Path<String>, call: GraphCall) -> Result<StatusCode, Problem> {
    let known = call.found(&id).await?;
    let id = known.id();
    let held = odata::held(&call.headers, &id)?;
    call.perform("delete_draft", json!({ "draft": id, "etag": held }))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What is to be done with a relationship.
#[derive(Debug, Deserialize, ToSchema)]
struct NewRequest {
    /// `lockForApproval` or `terminate`; for the customer `approve` or `terminate`.
    action: String,
}

/// What was asked of a relationship.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RelationshipRequest {
    id: String,
    action: String,
    /// `pending`, `succeeded` or `failed`.
    status: String,
    #[schema(value_type = String, format = DateTime)]
    created_date_time: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    last_modified_date_time: Timestamp,
}

impl RelationshipRequest {
    fn of(row: &AdminRequest) -> Self {
        Self {
            id: row.id.to_string(),
            action: camel(row.action.as_str()),
            status: row.progress.to_string(),
            created_date_time: row.created,
            last_modified_date_time: row.changed,
        }
    }
}

async fn asked(call: &GraphCall, known: &Known) -> Result<Vec<AdminRequest>, Problem> {
    let Some(row) = known.sent() else {
        return Ok(Vec::new());
    };
    let key = row.id.uuid();
    let found = call.read(move |tx| {
        Box::pin(async move {
            let key = [Stored::Id(key)];
            Ok(tx
                .find(tables::admin_requests::BY_RELATIONSHIP, &key)
                .await?)
        })
    });
    found.await
}

async fn the_request(call: &GraphCall, known: &Known, id: &str) -> Result<AdminRequest, Problem> {
    let found = asked(call, known).await?;
    let found = found
        .into_iter()
        .find(|row| row.id.to_string().eq_ignore_ascii_case(id));
    found.ok_or_else(|| Problem::not_found(&format!("delegatedAdminRelationshipRequest {id}")))
}

async fn requests(Path(id): Path<String>, call: GraphCall) -> Result<Response, Problem> {
    let known = call.found(&id).await?;
    let found = asked(&call, &known).await?;
    let shown: Vec<RelationshipRequest> = found.iter().map(RelationshipRequest::of).collect();
    let id = known.id();
    call.page(
        &shown,
        &format!("{LIST}('{id}')/requests"),
        &format!("{ROOT}/{id}/requests"),
    )
}

async fn single_request(
    Path((id, request)): Path<(String, String)>,
    call: GraphCall,
) -> Result<Json<Value>, Problem> {
    let known = call.found(&id).await?;
    let found = the_request(&call, &known, &request).await?;
    let list = format!("{LIST}('{}')/requests", known.id());
    call.single(&RelationshipRequest::of(&found), &list)
}

async fn request(Path(id): Path<String>, call: GraphCall) -> Result<Response, Problem> {
    let known = call.found(&id).await?;
    let id = known.id();
    let wanted: NewRequest = call.body()?;
    let action = word(&wanted.action).parse::<AdminAction>().map_err(|_| {
        let text = "is lockForApproval or terminate; for the customer approve or terminate";
        Problem::malformed("action", text)
    })?;
    let (verb, params) = match action {
        AdminAction::LockForApproval => ("send_admin", json!({ "draft": id })),
        AdminAction::Approve => ("approve_admin", json!({ "admin_relationship": id })),
        AdminAction::Terminate => ("terminate_admin", json!({ "admin_relationship": id })),
    };
    let done = call.perform(verb, params).await?;
    let asked = done["asked"].as_str().unwrap_or_default();
    let known = call.found(&id).await?;
    let found = the_request(&call, &known, asked).await?;
    let list = format!("{LIST}('{id}')/requests");
    let body = call.single(&RelationshipRequest::of(&found), &list)?;
    let location = call.address(&format!("{ROOT}/{id}/requests/{}", found.id));
    Ok(created(body, &location).into_response())
}

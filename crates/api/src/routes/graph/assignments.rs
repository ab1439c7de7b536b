//! Roles of a relationship in the hands of security groups, and changes of them on their way.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tierline_app::admin::{self, assignments};
use tierline_domain::admin::{AdminOperation, AdminRelationship, Assignment, Progress};
use tierline_domain::time::Timestamp;
use tierline_store::{Value as Stored, tables};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{AccessDetails, GraphCall, Known, ROOT, Side, created, with};
use crate::answer::Json;
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::wire::body::word;
use crate::wire::odata::{self, List};

const LIST: &str = "delegatedAdminRelationships";
/// The only kind of container there is.
const SECURITY_GROUP: &str = "securityGroup";

pub(super) fn routes() -> Vec<Route> {
    let (ok, new) = (StatusCode::OK, StatusCode::CREATED);
    let tested = "delegation.rs groups_are_given_roles_and_lose_them";
    vec![
        route::get(
            "/v1.0/tenantRelationships/delegatedAdminRelationships/{relationship-id}/accessAssignments",
            "The groups that hold roles of a relationship.",
            list,
        )
        .answers::<List<AccessAssignment>>(ok)
        .shows("gdap-access-assignments-list", tested),
        route::post(
            "/v1.0/tenantRelationships/delegatedAdminRelationships/{relationship-id}/accessAssignments",
            "Give roles of a relationship to a group.",
            create,
        )
        .takes::<NewAssignment>()
        .answers::<AccessAssignment>(new)
        .shows("gdap-access-assignments-create", tested),
        route::get(
            "/v1.0/tenantRelationships/delegatedAdminRelationships/{relationship-id}/accessAssignments/{assignment-id}",
            "What one group holds.",
            read,
        )
        .answers::<AccessAssignment>(ok)
        .shows("gdap-access-assignments-get", tested),
        route::patch(
            "/v1.0/tenantRelationships/delegatedAdminRelationships/{relationship-id}/accessAssignments/{assignment-id}",
            "Give a group other roles; the operation says when it holds them.",
            update,
        )
        .takes::<AssignmentChange>()
        .answers::<AccessAssignment>(ok)
        .answers_plain(StatusCode::ACCEPTED)
        .shows(
            "gdap-access-assignments-update",
            "delegation.rs other_roles_are_an_operation",
        ),
        route::delete(
            "/v1.0/tenantRelationships/delegatedAdminRelationships/{relationship-id}/accessAssignments/{assignment-id}",
            "Take a group's roles away.",
            delete,
        )
        .answers_plain(StatusCode::NO_CONTENT)
        .shows("gdap-access-assignments-delete", tested),
        route::get(
            "/v1.0/tenantRelationships/delegatedAdminRelationships/{relationship-id}/operations",
            "Changes of groups' roles.",
            operations,
        )
        .answers::<List<Operation>>(ok)
        .shows(
            "gdap-operations-list",
            "delegation.rs other_roles_are_an_operation",
        ),
        route::get(
            "/v1.0/tenantRelationships/delegatedAdminRelationships/{relationship-id}/operations/{operation-id}",
            "How far one change is.",
            operation,
        )
        .answers::<Operation>(ok)
        .shows(
            "gdap-operations-get",
            "delegation.rs other_roles_are_an_operation",
        ),
    ]
}

/// Who holds roles.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AccessContainer {
    /// The id of a security group in the partner's tenant.
    access_container_id: String,
    /// `securityGroup`.
    access_container_type: Option<String>,
}

/// Roles of a relationship in the hands of a group.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AccessAssignment {
    #[serde(rename = "@odata.etag")]
    etag: String,
    id: String,
    /// `pending`, `active`, `deleting` or `deleted`.
    status: String,
    access_container: AccessContainer,
    access_details: AccessDetails,
    #[schema(value_type = String, format = DateTime)]
    created_date_time: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    last_modified_date_time: Timestamp,
}

impl AccessAssignment {
    fn of(row: &Assignment, rights: &AdminRelationship) -> Self {
        let id = row.security_group.to_string();
        let created = row.created.unwrap_or(rights.requested);
        Self {
            etag: odata::etag(&id, row.version),
            status: row.state.to_string(),
            access_container: AccessContainer {
                access_container_id: id.clone(),
                access_container_type: Some(SECURITY_GROUP.to_owned()),
            },
            id,
            access_details: AccessDetails::of(&row.roles),
            created_date_time: created,
            last_modified_date_time: row.changed.unwrap_or(created),
        }
    }
}

/// Roles to be given to a group.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NewAssignment {
    access_container: AccessContainer,
    access_details: AccessDetails,
}

/// Other roles for a group.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AssignmentChange {
    access_details: AccessDetails,
}

/// A change on its way.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Operation {
    id: String,
    #[serde(rename = "operationType")]
    kind: &'static str,
    /// The change as JSON text.
    data: String,
    /// `running`, `succeeded` or `failed`.
    status: &'static str,
    #[schema(value_type = String, format = DateTime)]
    created_date_time: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    last_modified_date_time: Timestamp,
}

impl Operation {
    fn of(row: &AdminOperation) -> Self {
        let data =
            json!({ "id": row.security_group, "accessDetails": AccessDetails::of(&row.roles) });
        Self {
            id: row.id.to_string(),
            kind: "delegatedAdminAccessAssignmentUpdate",
            data: data.to_string(),
            status: match row.progress {
                Progress::Pending => "running",
                Progress::Succeeded => "succeeded",
                Progress::Failed => "failed",
            },
            created_date_time: row.created,
            last_modified_date_time: row.changed,
        }
    }
}

/// Groups are the partner's own affair: its customer sees none.
fn is_partner(call: &GraphCall) -> bool {
    matches!(call.side, Side::Partner(_))
}

async fn held(call: &GraphCall, known: &Known) -> Result<Vec<Assignment>, Problem> {
    let Some(row) = known.sent().filter(|_| is_partner(call)).cloned() else {
        return Ok(Vec::new());
    };
    let found = call.read(move |tx| {
        let row = row.clone();
        Box::pin(async move { assignments::of_relationship(tx, &row).await })
    });
    found.await
}

fn missing(what: &str, id: &str) -> Problem {
    Problem::not_found(&format!("{what} {id}"))
}

/// One assignment as it is shown; none of what was never there.
async fn shown(call: &GraphCall, known: &Known, id: &str) -> Result<AccessAssignment, Problem> {
    let found = held(call, known).await?;
    let same = |row: &&Assignment| row.security_group.to_string().eq_ignore_ascii_case(id);
    found
        .iter()
        .find(same)
        .zip(known.sent())
        .map(|(row, rights)| AccessAssignment::of(row, rights))
        .ok_or_else(|| missing("delegatedAdminAccessAssignment", id))
}

/// The assignments of a relationship, as they are shown.
pub(super) async fn of_relationship(
    call: &GraphCall,
    known: &Known,
) -> Result<Vec<AccessAssignment>, Problem> {
    let found = held(call, known).await?;
    let shown = found.iter();
    Ok(shown
        .filter_map(|row| Some(AccessAssignment::of(row, known.sent()?)))
        .collect())
}

async fn list(Path(id): Path<String>, call: GraphCall) -> Result<Response, Problem> {
    let known = call.found(&id).await?;
    let shown = of_relationship(&call, &known).await?;
    let id = known.id();
    let (list, here) = (
        format!("{LIST}('{id}')/accessAssignments"),
        format!("{ROOT}/{id}/accessAssignments"),
    );
    call.page(&shown, &list, &here)
}

async fn single(call: &GraphCall, known: &Known, id: &str) -> Result<Json<Value>, Problem> {
    let list = format!("{LIST}('{}')/accessAssignments", known.id());
    call.single(&shown(call, known, id).await?, &list)
}

async fn read(
    Path((id, assignment)): Path<(String, String)>,
    call: GraphCall,
) -> Result<Json<Value>, Problem> {
    let known = call.found(&id).await?;
    single(&call, &known, &assignment).await
}

async fn create(Path(id): Path<String>, call: GraphCall) -> Result<Response, Problem> {
    let known = call.found(&id).await?;
    let id = known.id();
    let wanted: NewAssignment = call.body()?;
    let kind = wanted.access_container.access_container_type.as_deref();
    if kind.is_some_and(|kind| word(kind) != "security_group") {
        let field = "accessContainer.accessContainerType";
        return Err(Problem::malformed(field, "is securityGroup"));
    }
    let group = group_id(&wanted.access_container.access_container_id)?;
    let params = json!({
        "admin_relationship": id, "group": group, "roles": wanted.access_details.names(), "only_new": true,
    });
    call.perform("assign_roles", params).await?;
    let body = single(&call, &known, &group).await?;
    let location = call.address(&format!("{ROOT}/{id}/accessAssignments/{group}"));
    Ok(created(body, &location))
}

fn group_id(text: &str) -> Result<String, Problem> {
    let id = text.trim().parse::<Uuid>().map_err(|_| {
        let text = "is the GUID of a security group; GET /program/v1/security-groups lists yours";
        Problem::malformed("accessContainer.accessContainerId", text)
    })?;
    Ok(id.to_string())
}

async fn update(
    Path((id, assignment)): Path<(String, String)>,
    call: GraphCall,
) -> Result<Response, Problem> {
    let known = call.found(&id).await?;
    let (id, group) = (known.id(), shown(&call, &known, &assignment).await?.id);
    let held = odata::held(&call.headers, &group)?;
    let wanted: AssignmentChange = call.body()?;
    let params = json!({
        "admin_relationship": id, "group": group, "roles": wanted.access_details.names(), "etag": held,
    });
    let done = call.perform("change_roles", params).await?;
    let Some(operation) = done["operation"].as_str() else {
        return Ok(single(&call, &known, &group).await?.into_response());
    };
    let accepted = (StatusCode::ACCEPTED, Json(json!({}))).into_response();
    let location = call.address(&format!("{ROOT}/{id}/operations/{operation}"));
    let wait = admin::STEP_MINUTES.saturating_mul(60).to_string();
    Ok(with(
        with(accepted, header::LOCATION, &location),
        header::RETRY_AFTER,
        &wait,
    ))
}

async fn delete(
    Path((id, assignment)): Path<(String, String)>,
    call: GraphCall,
) -> Result<StatusCode, Problem> {
    let known = call.found(&id).await?;
    let group = shown(&call, &known, &assignment).await?.id;
    let held = odata::held(&call.headers, &group)?;
    let params = json!({ "admin_relationship": known.id(), "group": group, "etag": held });
    call.perform("remove_roles", params).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn under_way(call: &GraphCall, known: &Known) -> Result<Vec<AdminOperation>, Problem> {
    let Some(row) = known.sent().filter(|_| is_partner(call)) else {
        return Ok(Vec::new());
    };
    let key = row.id.uuid();
    let found = call.read(move |tx| {
        Box::pin(async move {
            let key = [Stored::Id(key)];
            Ok(tx
                .find(tables::admin_operations::BY_RELATIONSHIP, &key)
                .await?)
        })
    });
    found.await
}

/// The operations on a relationship, as they are shown.
pub(super) async fn operations_of(
    call: &GraphCall,
    known: &Known,
) -> Result<Vec<Operation>, Problem> {
    let found = under_way(call, known).await?;
    Ok(found.iter().map(Operation::of).collect())
}

async fn operations(Path(id): Path<String>, call: GraphCall) -> Result<Response, Problem> {
    let known = call.found(&id).await?;
    let shown = operations_of(&call, &known).await?;
    let id = known.id();
    let (list, here) = (
        format!("{LIST}('{id}')/operations"),
        format!("{ROOT}/{id}/operations"),
    );
    call.page(&shown, &list, &here)
}

async fn operation(
    Path((id, operation)): Path<(String, String)>,
    call: GraphCall,
) -> Result<Json<Value>, Problem> {
    let known = call.found(&id).await?;
    let found = under_way(&call, &known).await?;
    let same = |row: &&AdminOperation| row.id.to_string().eq_ignore_ascii_case(&operation);
    let found = found.iter().find(same);
    let found = found.ok_or_else(|| missing("delegatedAdminRelationshipOperation", &operation))?;
    let list = format!("{LIST}('{}')/operations", known.id());
    call.single(&Operation::of(found), &list)
}

//! Customers that have granted granular rights.

use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use tierline_domain::admin::AdminState;
use utoipa::ToSchema;

use super::{GraphCall, Known, Side};
use crate::answer::Json;
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::wire::odata::List;

const LIST: &str = "delegatedAdminCustomers";
const ROOT: &str = "/v1.0/tenantRelationships/delegatedAdminCustomers";

pub(super) fn routes() -> Vec<Route> {
    let tested = "delegation.rs customers_are_those_that_have_approved";
    vec![
        route::get(ROOT, "Customers that have granted granular rights.", list)
            .answers::<List<DelegatedCustomer>>(StatusCode::OK)
            .shows("gdap-customers-list", tested),
        route::get(
            "/v1.0/tenantRelationships/delegatedAdminCustomers/{customer-id}",
            "One of them.",
            read,
        )
        .answers::<DelegatedCustomer>(StatusCode::OK)
        .shows("gdap-customers-get", tested),
    ]
}

/// A customer that has granted rights.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct DelegatedCustomer {
    id: String,
    tenant_id: String,
    display_name: String,
}

/// Customers with a relationship that they have approved and that is not over, each once, by name.
async fn customers(call: &GraphCall) -> Result<Vec<DelegatedCustomer>, Problem> {
    if matches!(call.side, Side::Customer(_)) {
        return Err(Problem::forbidden("this path is for partners"));
    }
    let (side, now) = (call.side.clone(), call.now());
    let found = call.read(move |tx| {
        let side = side.clone();
        Box::pin(async move { Known::all(tx, &side, now).await })
    });
    let mut shown: Vec<DelegatedCustomer> = Vec::new();
    for known in found.await? {
        let granted = known
            .sent()
            .is_some_and(|row| !row.state.is_over() && row.state != AdminState::ApprovalPending);
        let Some(tenant) = known.customer.as_ref().filter(|_| granted) else {
            continue;
        };
        let customer = DelegatedCustomer {
            id: tenant.id.to_string(),
            tenant_id: tenant.id.to_string(),
            display_name: known.company.clone(),
        };
        if !shown.contains(&customer) {
            shown.push(customer);
        }
    }
    shown.sort_by(|one, other| one.display_name.cmp(&other.display_name));
    Ok(shown)
}

async fn list(call: GraphCall) -> Result<Response, Problem> {
    let shown = customers(&call).await?;
    call.page(&shown, LIST, ROOT)
}

async fn read(Path(id): Path<String>, call: GraphCall) -> Result<Json<Value>, Problem> {
    let shown = customers(&call).await?;
    let found = shown
        .iter()
        .find(|customer| customer.id.eq_ignore_ascii_case(&id));
    let found = found.ok_or_else(|| Problem::not_found(&format!("delegatedAdminCustomer {id}")))?;
    call.single(found, LIST)
}

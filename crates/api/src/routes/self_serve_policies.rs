//! Policies of self-service: what customers may buy by themselves, at the expense of the partner that lets them (CUS-026).
//!
//! A policy is the switch of a relationship, shown as the documentation has it: there is one where it is on.

use axum::extract::Path;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tierline_app::AppError;
use tierline_domain::customer::{Relationship, RelationshipState};
use tierline_domain::partner::{Account, Tenant};
use tierline_store::{Tx, Value as Stored, tables};
use utoipa::ToSchema;
use uuid::Uuid;

use super::customers;
use crate::answer::Json;
use crate::call::Call;
use crate::problem::Problem;
use crate::route::{self, Access, Route};
use crate::wire::body;
use crate::wire::envelope::{Attributes, Collection, tag};
use crate::wire::people;

/// There is no such policy.
const NO_POLICY: u32 = 600_039;
/// What stands for a policy's id is none.
const NO_ID: u32 = 600_040;
/// There is one for the pair already.
const TAKEN: u32 = 600_041;
/// What a policy lets a customer buy: all of it or nothing, as the rulebook has it.
const RESOURCES: [&str; 2] = ["AzureReservedInstances", "AzureSavingsPlan"];
/// What it lets it do with that.
const ACTION: &str = "Purchase";
/// Why another choice is not taken.
const WHOLE: &str = "the switch of CUS-026 is one for reservations and savings plans";

pub(super) fn routes() -> Vec<Route> {
    let shown = "customer_records.rs self_service_is_switched_by_a_policy";
    let one = "/v1/SelfServePolicy/{policy-id}";
    vec![
        route::get(
            "/v1/SelfServePolicy",
            "Policies of self-service that the partner grants.",
            list,
        )
        .query("entity_id", "Only that of a customer.")
        .answers::<Collection<SelfServePolicy>>(StatusCode::OK)
        .shows("self-serve-policies-list", shown),
        route::get(one, "A policy of self-service.", read)
            .answers::<SelfServePolicy>(StatusCode::OK)
            .shows("self-serve-policies-get", shown),
        route::post(
            "/v1/SelfServePolicy",
            "Let a customer buy reservations and savings plans by itself; the partner pays and is not asked.",
            create,
        )
        .takes::<PolicyGiven>()
        .answers::<SelfServePolicy>(StatusCode::CREATED)
        .shows_partly("self-serve-policies-create", shown, WHOLE),
        route::put(
            "/v1/SelfServePolicy",
            "Give a policy's permissions anew.",
            update,
        )
        .takes::<PolicyGiven>()
        .answers::<SelfServePolicy>(StatusCode::OK)
        .shows_partly("self-serve-policies-update", shown, WHOLE),
        // Released clients name the policy in the path as well.
        route::put(one, "The same, by the policy's id.", update_named)
            .access(Access::PartnerUser)
            .takes::<PolicyGiven>()
            .answers::<SelfServePolicy>(StatusCode::OK),
        route::delete(one, "Switch self-service off.", remove)
            .answers_plain(StatusCode::NO_CONTENT)
            .shows("self-serve-policies-delete", shown),
    ]
}

/// A party of a policy.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
struct SelfServeEntity {
    self_serve_entity_type: Option<String>,
    #[serde(rename = "tenantID")]
    tenant_id: Option<String>,
}

/// Who grants a policy.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
struct Grantor {
    grantor_type: Option<String>,
    #[serde(rename = "tenantID")]
    tenant_id: Option<String>,
}

/// What a policy permits.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
struct Permission {
    resource: Option<String>,
    action: Option<String>,
}

/// A policy as it is made or changed.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
struct PolicyGiven {
    self_serve_entity: SelfServeEntity,
    grantor: Grantor,
    permissions: Vec<Permission>,
}

/// A policy of self-service.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SelfServePolicy {
    /// The grantor's tenant and the customer's.
    id: String,
    self_serve_entity: SelfServeEntity,
    grantor: Grantor,
    permissions: Vec<Permission>,
    attributes: Attributes,
}

impl SelfServePolicy {
    fn of(grantor: impl ToString, customer: impl ToString) -> Self {
        let (grantor, customer) = (grantor.to_string(), customer.to_string());
        let id = format!("{grantor}_{customer}");
        Self {
            self_serve_entity: SelfServeEntity {
                self_serve_entity_type: Some("customer".to_owned()),
                tenant_id: Some(customer),
            },
            grantor: Grantor {
                grantor_type: Some("billToPartner".to_owned()),
                tenant_id: Some(grantor),
            },
            permissions: RESOURCES
                .iter()
                .map(|resource| Permission {
                    resource: Some((*resource).to_owned()),
                    action: Some(ACTION.to_owned()),
                })
                .collect(),
            attributes: Attributes::tagged("SelfServePolicy", tag(&id, 1)),
            id,
        }
    }
}

impl PolicyGiven {
    /// The customer; the grantor is whoever calls, and nothing but the whole is granted.
    fn customer(&self, call: &Call) -> Result<String, Problem> {
        let kind = self.self_serve_entity.self_serve_entity_type.as_deref();
        if kind.is_some_and(|kind| body::word(kind) != "customer") {
            let problem = "is customer";
            return Err(people::invalid(
                "selfServeEntity.selfServeEntityType",
                problem,
            ));
        }
        let kind = self.grantor.grantor_type.as_deref();
        if kind.is_some_and(|kind| body::word(kind) != "bill_to_partner") {
            return Err(people::invalid("grantor.grantorType", "is billToPartner"));
        }
        let own = call.account.tenant.to_string();
        let grantor = self.grantor.tenant_id.as_deref();
        if grantor.is_some_and(|grantor| !grantor.trim().eq_ignore_ascii_case(&own)) {
            return Err(people::invalid(
                "grantor.tenantID",
                "is the caller's own tenant",
            ));
        }
        let granted = |resource: &&str| {
            self.permissions.iter().any(|permission| {
                let is = |given: &Option<String>, word: &str| {
                    given
                        .as_deref()
                        .is_some_and(|given| given.eq_ignore_ascii_case(word))
                };
                is(&permission.resource, resource) && is(&permission.action, ACTION)
            })
        };
        if !RESOURCES.iter().all(granted) || self.permissions.len() != RESOURCES.len() {
            let problem =
                "are Purchase of AzureReservedInstances and of AzureSavingsPlan, both of them";
            return Err(people::invalid("permissions", problem));
        }
        people::must(
            "selfServeEntity.tenantID",
            self.self_serve_entity.tenant_id.as_ref(),
        )
    }
}

fn missing(id: &str) -> Problem {
    let text = format!("there is no policy {id}");
    Problem::documented(StatusCode::NOT_FOUND, NO_POLICY, &text)
}

/// Whether the partner lets a customer of its own buy by itself.
async fn is_on(tx: &mut Tx<'_>, partner: &Account, customer: &Tenant) -> Result<bool, AppError> {
    let key = [
        Stored::Id(partner.id.uuid()),
        Stored::Id(customer.id.uuid()),
    ];
    let tie = tx.look::<Relationship>(&key).await?;
    Ok(tie.is_some_and(|tie| tie.self_service))
}

/// The customer of a policy that there is.
async fn known(call: &Call, id: &str) -> Result<Tenant, Problem> {
    let parts = id.split_once('_').map(|(grantor, customer)| {
        let [grantor, customer] = [grantor, customer].map(|part| part.parse::<Uuid>().ok());
        grantor.zip(customer)
    });
    let Some((grantor, customer)) = parts.flatten() else {
        let text =
            format!("{id} is no id of a policy: it has the grantor's tenant and the customer's");
        return Err(Problem::documented(StatusCode::NOT_FOUND, NO_ID, &text));
    };
    let partner = call.account.clone();
    if grantor != partner.tenant.uuid() {
        return Err(missing(id));
    }
    let found = call.read(move |tx| {
        let (partner, customer) = (partner.clone(), customer.to_string());
        Box::pin(async move {
            match customers::related(tx, &partner, &customer).await? {
                Some(tenant) if is_on(tx, &partner, &tenant).await? => Ok(Some(tenant)),
                _ => Ok(None),
            }
        })
    });
    found.await?.ok_or_else(|| missing(id))
}

async fn switch(call: &Call, customer: &Tenant, enabled: bool) -> Result<SelfServePolicy, Problem> {
    let params = json!({ "customer": customer.id, "enabled": enabled });
    call.perform("set_self_service", params).await?;
    Ok(SelfServePolicy::of(call.account.tenant, customer.id))
}

async fn create(call: Call) -> Result<(StatusCode, Json<SelfServePolicy>), Problem> {
    let given: PolicyGiven = call.body()?;
    let customer = given.customer(&call)?;
    let tenant = customers::required(&call.server, &call.principal, &customer)
        .await?
        .tenant;
    let (partner, customer_of) = (call.account.clone(), tenant.clone());
    let is_taken = call.read(move |tx| {
        let (partner, tenant) = (partner.clone(), customer_of.clone());
        Box::pin(async move { is_on(tx, &partner, &tenant).await })
    });
    if is_taken.await? {
        let text = format!("there is a policy for the customer {customer} already");
        return Err(Problem::documented(StatusCode::CONFLICT, TAKEN, &text));
    }
    let made = switch(&call, &tenant, true).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

async fn update_named(
    Path(id): Path<String>,
    call: Call,
) -> Result<Json<SelfServePolicy>, Problem> {
    granted_anew(&call, Some(id)).await
}

async fn update(call: Call) -> Result<Json<SelfServePolicy>, Problem> {
    granted_anew(&call, None).await
}

async fn granted_anew(call: &Call, id: Option<String>) -> Result<Json<SelfServePolicy>, Problem> {
    let given: PolicyGiven = call.body()?;
    let customer = given.customer(call)?;
    let meant = format!("{}_{customer}", call.account.tenant);
    let id = id.unwrap_or_else(|| meant.clone());
    let tenant = known(call, &id).await?;
    if !id.eq_ignore_ascii_case(&meant) {
        let problem = "is another customer than that of the policy";
        return Err(people::invalid("selfServeEntity.tenantID", problem));
    }
    switch(call, &tenant, true).await.map(Json)
}

async fn remove(Path(id): Path<String>, call: Call) -> Result<StatusCode, Problem> {
    let tenant = known(&call, &id).await?;
    switch(&call, &tenant, false).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn read(Path(id): Path<String>, call: Call) -> Result<Json<SelfServePolicy>, Problem> {
    let tenant = known(&call, &id).await?;
    Ok(Json(SelfServePolicy::of(call.account.tenant, tenant.id)))
}

async fn list(call: Call) -> Result<Json<Collection<SelfServePolicy>>, Problem> {
    let wanted = match call.query.get("entity_id") {
        Some(customer) => {
            let found = customers::required(&call.server, &call.principal, customer).await?;
            Some(found.tenant.id)
        }
        None => None,
    };
    let (partner, grantor) = (call.account.id.uuid(), call.account.tenant);
    let ties = call.read(move |tx| {
        Box::pin(async move {
            let statement = tables::relationships::SELF_SERVED;
            Ok(tx
                .find::<Relationship>(statement, &[Stored::Id(partner)])
                .await?)
        })
    });
    let ties = ties.await?.into_iter().filter(|tie| {
        tie.state == RelationshipState::Active && wanted.is_none_or(|wanted| tie.customer == wanted)
    });
    let policies = ties.map(|tie| SelfServePolicy::of(grantor, tie.customer));
    Ok(Json(Collection::whole(
        policies.collect(),
        "/SelfServePolicy",
    )))
}

//! Licences: what a customer holds of them, who uses which, and giving them (ROL-031, ROL-033).

use axum::extract::Path;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tierline_app::licences::{self, Service, Terms};
use tierline_app::{AppError, access, directory, names};
use tierline_domain::catalog::Item;
use tierline_domain::directory::LicenceGroup;
use tierline_domain::partner::Tenant;
use tierline_store::Tx;
use utoipa::ToSchema;

use super::customer_profiles::role_required;
use super::customers;
use crate::answer::Json;
use crate::call::Call;
use crate::problem::Problem;
use crate::route::{self, Access, Route};
use crate::wire::body;
use crate::wire::catalog;
use crate::wire::envelope::{Attributes, Collection};
use crate::wire::people;

const GROUPS: &str = "Group1, Group2, or both; Group1 unless it is said.";

pub(super) fn routes() -> Vec<Route> {
    vec![
        route::get(
            "/v1/customers/{customer-id}/subscribedskus",
            "What a customer holds licences of, and how many are left.",
            list_stock,
        )
        .access(Access::Licences)
        .query("licenseGroupIds", GROUPS)
        .answers::<Collection<SubscribedSku>>(StatusCode::OK)
        .shows(
            "subscribed-skus-list",
            "licences.rs licences_are_given_until_none_is_left",
        )
        .shows(
            "subscribed-skus-list-by-group",
            "licences.rs licences_of_the_two_groups_are_kept_apart",
        ),
        route::get(
            "/v1/customers/{customer-id}/users/{user-id}/licenses",
            "The licences that a user uses.",
            list_of_user,
        )
        .access(Access::Licences)
        .query("licenseGroupIds", GROUPS)
        .answers::<Collection<License>>(StatusCode::OK)
        .shows(
            "user-licenses-list",
            "licences.rs licences_are_given_until_none_is_left",
        )
        .shows(
            "user-licenses-list-by-group",
            "licences.rs licences_of_the_two_groups_are_kept_apart",
        ),
        route::post(
            "/v1/customers/{customer-id}/users/{user-id}/licenseupdates",
            "Give licences to a user and take others back: all of it, or nothing.",
            assign,
        )
        .access(Access::Licences)
        .takes::<LicenseChange>()
        .answers::<LicenseUpdate>(StatusCode::CREATED)
        .shows(
            "user-license-updates-create",
            "licences.rs licences_are_given_until_none_is_left",
        ),
    ]
}

/// What a licence is of.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ProductSku {
    id: String,
    name: String,
    sku_part_number: String,
    target_type: &'static str,
    license_group_id: &'static str,
}

impl ProductSku {
    fn of(item: &Item, group: LicenceGroup) -> Self {
        // Product and SKU as they are written together; an offer of the traditional generation has a word.
        let code = catalog::item_id(item);
        let mut parts = code.split(':');
        let sku_part_number = match (parts.next(), parts.next()) {
            (Some(product), Some(sku)) => format!("{product}/{sku}"),
            _ => item.handle.to_uppercase().replace('-', "_"),
        };
        Self {
            id: item.id.to_string(),
            name: item.title.clone(),
            sku_part_number,
            target_type: "User",
            license_group_id: group.as_str(),
        }
    }
}

/// A service of a licence, and whether it is there.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ServicePlan {
    display_name: String,
    service_name: String,
    id: String,
    capability_status: &'static str,
    target_type: &'static str,
}

impl ServicePlan {
    fn of(service: &Service, capability_status: &'static str) -> Self {
        Self {
            display_name: service.title.clone(),
            service_name: service.name.clone(),
            id: service.id.to_string(),
            capability_status,
            target_type: "User",
        }
    }
}

/// What a customer holds of a licence.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SubscribedSku {
    available_units: i64,
    active_units: i64,
    consumed_units: i64,
    suspended_units: i64,
    total_units: i64,
    warning_units: i64,
    product_sku: ProductSku,
    service_plans: Vec<ServicePlan>,
    capability_status: &'static str,
    attributes: Attributes,
}

impl SubscribedSku {
    fn of(stock: &licences::Stock) -> Self {
        let capability_status = match (stock.active, stock.warning) {
            (0, 0) => "Suspended",
            (0, _) => "Warning",
            _ => "Enabled",
        };
        let services = stock.terms.services.iter();
        let total = stock.active.saturating_add(stock.warning);
        Self {
            available_units: stock.available(),
            active_units: stock.active,
            consumed_units: stock.in_use,
            suspended_units: stock.suspended,
            total_units: total.saturating_add(stock.suspended),
            warning_units: stock.warning,
            product_sku: ProductSku::of(&stock.item, stock.terms.group),
            service_plans: services
                .map(|service| ServicePlan::of(service, capability_status))
                .collect(),
            capability_status,
            attributes: Attributes::of("SubscribedSku"),
        }
    }
}

/// A licence that a user uses.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct License {
    service_plans: Vec<ServicePlan>,
    product_sku: ProductSku,
    attributes: Attributes,
}

/// Which groups are asked for; the first by itself.
fn groups(call: &Call) -> Result<Vec<LicenceGroup>, Problem> {
    let given = call.query.all("licenseGroupIds");
    let read = |text: &str| body::word(text).parse::<LicenceGroup>();
    let groups: Result<Vec<_>, _> = given.map(read).collect();
    match groups {
        Ok(groups) if groups.is_empty() => Ok(vec![LicenceGroup::Group1]),
        Ok(groups) => Ok(groups),
        Err(_) => Err(Problem::malformed("licenseGroupIds", "is Group1 or Group2")),
    }
}

async fn list_stock(
    Path(customer): Path<String>,
    call: Call,
) -> Result<Json<Collection<SubscribedSku>>, Problem> {
    let groups = groups(&call)?;
    let known = role_required(&call, &customer, access::LIST_LICENCES).await?;
    let path = format!("/customers/{}/subscribedskus", known.tenant.id);
    let found = call.read(move |tx| {
        let tenant = known.tenant.clone();
        Box::pin(async move { licences::stock(tx, &tenant).await })
    });
    let found = found.await?;
    let wanted = found.iter().filter(|one| groups.contains(&one.terms.group));
    let shown = wanted.map(SubscribedSku::of).collect();
    Ok(Json(Collection::whole(shown, path)))
}

async fn of_user(
    tx: &mut Tx<'_>,
    tenant: &Tenant,
    user: &str,
    groups: &[LicenceGroup],
) -> Result<Vec<License>, AppError> {
    let user = directory::the_user(tx, tenant, user).await?;
    let mut found = Vec::new();
    for row in licences::of_user(tx, user.id).await? {
        let item: Item = names::by_id(tx, row.item).await?;
        let terms = Terms::of(tx, &item).await?;
        if !groups.contains(&terms.group) {
            continue;
        }
        let status = |service: &Service| {
            if row.excluded.contains(&service.id.to_string()) {
                "Disabled"
            } else {
                "Assigned"
            }
        };
        let services = terms.services.iter();
        found.push(License {
            service_plans: services
                .map(|service| ServicePlan::of(service, status(service)))
                .collect(),
            product_sku: ProductSku::of(&item, terms.group),
            attributes: Attributes::of("License"),
        });
    }
    Ok(found)
}

async fn list_of_user(
    Path((customer, user)): Path<(String, String)>,
    call: Call,
) -> Result<Json<Collection<License>>, Problem> {
    let groups = groups(&call)?;
    let known = role_required(&call, &customer, access::READ_LICENCES).await?;
    let path = format!("/customers/{}/users/{user}/licenses", known.tenant.id);
    let found = call.read(move |tx| {
        let (tenant, user, groups) = (known.tenant.clone(), user.clone(), groups.clone());
        Box::pin(async move { of_user(tx, &tenant, &user, &groups).await })
    });
    Ok(Json(Collection::whole(found.await?, path)))
}

/// A licence to give, and which of its services stay switched off.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LicenseToAssign {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    excluded_plans: Option<Vec<String>>,
    sku_id: Option<String>,
}

/// Licences to give and to take back.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
struct LicenseChange {
    licenses_to_assign: Option<Vec<LicenseToAssign>>,
    licenses_to_remove: Option<Vec<String>>,
}

/// Something that a user should know of its licences.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LicenseWarning {
    code: String,
    message: String,
    service_plans: Vec<String>,
}

/// What was given and taken back.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LicenseUpdate {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    licenses_to_assign: Option<Vec<LicenseToAssign>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    licenses_to_remove: Option<Vec<String>>,
    license_warnings: Vec<LicenseWarning>,
    attributes: Attributes,
}

/// What a value of the command is called on the wire.
fn member(field: &str) -> &str {
    match field {
        "assign" => "licensesToAssign",
        "remove" => "licensesToRemove",
        "excluded" => "licensesToAssign.excludedPlans",
        other => other,
    }
}

async fn assign(
    Path((customer, user)): Path<(String, String)>,
    call: Call,
) -> Result<(StatusCode, Json<LicenseUpdate>), Problem> {
    let change: LicenseChange = call.body()?;
    let known = customers::required(&call.server, &call.principal, &customer).await?;
    let mut assign = Vec::new();
    for (place, given) in change.licenses_to_assign.iter().flatten().enumerate() {
        let item = people::must(
            &format!("licensesToAssign[{place}].skuId"),
            given.sku_id.as_ref(),
        )?;
        assign.push(
            json!({ "item": item, "excluded": given.excluded_plans.clone().unwrap_or_default() }),
        );
    }
    let params = json!({
        "customer": known.tenant.id, "user": user, "assign": assign,
        "remove": change.licenses_to_remove.clone().unwrap_or_default(),
    });
    let done = call.attempt("assign_licences", params).await;
    done.map_err(|error| match error {
        AppError::Invalid { field, problem } => people::invalid(member(&field), &problem),
        error => call.problem(error),
    })?;
    Ok((
        StatusCode::CREATED,
        Json(LicenseUpdate {
            licenses_to_assign: change.licenses_to_assign,
            licenses_to_remove: change.licenses_to_remove,
            license_warnings: Vec::new(),
            attributes: Attributes::of("LicenseUpdate"),
        }),
    ))
}

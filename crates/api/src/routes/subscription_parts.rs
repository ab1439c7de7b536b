//! What hangs on a subscription: who supports it, the consumption subscriptions of a plan, its activation in a sandbox,
//! its registration for reservations.

use axum::extract::Path;
use http::{HeaderName, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tierline_app::registration::is_registered;
use tierline_app::{AppError, names};
use tierline_domain::catalog::ItemKind;
use tierline_domain::id::Id;
use tierline_domain::partner::{Account, Environment, Organization, Tenant};
use tierline_domain::subscription::Subscription;
use tierline_store::{Tx, Value as Stored, tables};
use utoipa::ToSchema;
use uuid::Uuid;

use super::orders;
use super::subscriptions::{self, Found};
use crate::answer::Json;
use crate::call::Call;
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::wire::envelope::{Attributes, Collection, Links};

const CONTACT: &str = "/v1/customers/{customer-id}/subscriptions/{subscription-id}/supportcontact";

pub(super) fn routes() -> Vec<Route> {
    vec![
        route::get(CONTACT, "Who supports a subscription.", contact)
            .answers::<SupportContact>(StatusCode::OK)
            .shows(
                "subscription-support-contact-get",
                "subscription_parts.rs the_support_contact_is_the_seller_until_another_is_named",
            ),
        route::put(CONTACT, "Name who supports a subscription.", set_contact)
            .takes::<NewContact>()
            .answers::<SupportContact>(StatusCode::OK)
            .shows(
                "subscription-support-contact-update",
                "subscription_parts.rs the_support_contact_is_the_seller_until_another_is_named",
            ),
        route::get(
            "/v1/customers/{customer-id}/subscriptions/{subscription-id}/azureEntitlements",
            "The consumption subscriptions of a plan.",
            entitlements,
        )
        .answers::<Collection<AzureEntitlement>>(StatusCode::OK)
        .shows(
            "azure-entitlements-list",
            "subscription_parts.rs entitlements_of_a_plan_are_paused_and_come_back",
        ),
        route::get(
            "/v1/customers/{customer-id}/subscriptions/{subscription-id}/azureEntitlements/{entitlement-id}",
            "One consumption subscription of a plan.",
            entitlement,
        )
        .answers::<AzureEntitlement>(StatusCode::OK)
        .shows(
            "azure-entitlements-get",
            "subscription_parts.rs entitlements_of_a_plan_are_paused_and_come_back",
        ),
        route::post(
            "/v1/customers/{customer-id}/subscriptions/{subscription-id}/azureEntitlements/{entitlement-id}/cancel",
            "Stop a consumption subscription; it can be reactivated.",
            stop,
        )
        .takes::<Stop>()
        .answers::<AzureEntitlement>(StatusCode::OK)
        .shows(
            "azure-entitlements-cancel",
            "subscription_parts.rs entitlements_of_a_plan_are_paused_and_come_back",
        ),
        route::post(
            "/v1/customers/{customer-id}/subscriptions/{subscription-id}/azureEntitlements/{entitlement-id}/reactivate",
            "Reactivate a consumption subscription.",
            reactivate,
        )
        .answers::<AzureEntitlement>(StatusCode::ACCEPTED)
        .shows(
            "azure-entitlements-reactivate",
            "subscription_parts.rs entitlements_of_a_plan_are_paused_and_come_back",
        ),
        route::post(
            "/v1/customers/{customer-id}/subscriptions/{subscription-id}/activate",
            "Activate a marketplace subscription of a sandbox.",
            activate,
        )
        .answers::<Activation>(StatusCode::OK)
        .shows(
            "subscription-activate",
            "subscription_parts.rs a_sandbox_activates_marketplace_subscriptions",
        ),
        route::post(
            "/v1/customers/{customer-id}/subscriptions/{subscription-id}/registrations",
            "Register a consumption subscription for reservations.",
            register,
        )
        .answers_plain(StatusCode::ACCEPTED)
        .shows(
            "subscription-registration-create",
            "subscription_parts.rs a_consumption_subscription_is_registered_once",
        ),
        route::get(
            "/v1/customers/{customer-id}/subscriptions/{subscription-id}/registrationstatus",
            "Whether a consumption subscription is registered.",
            registration,
        )
        .answers::<RegistrationStatus>(StatusCode::OK)
        .shows(
            "subscription-registration-status-get",
            "subscription_parts.rs a_consumption_subscription_is_registered_once",
        ),
    ]
}

/// Who supports a subscription.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SupportContact {
    #[schema(value_type = String)]
    support_tenant_id: Id<Tenant>,
    support_mpn_id: String,
    name: String,
    links: Links,
    attributes: Attributes,
}

/// Who shall support it, as it is sent: by tenant, by PartnerID, or by both.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NewContact {
    support_tenant_id: Option<String>,
    support_mpn_id: Option<String>,
}

/// What a support contact shows: tenant, PartnerID and name.
type Shown = (Id<Tenant>, String, String);

async fn shown(tx: &mut Tx<'_>, row: Subscription) -> Result<Option<Shown>, AppError> {
    let Some(contact) = row.support_contact.or(row.seller) else {
        return Ok(None);
    };
    let account = names::account_by_id(tx, contact).await?;
    let company: Organization = names::by_id(tx, account.organization).await?;
    let partner_id = orders::partner_id(tx, Some(contact)).await?;
    Ok(Some((
        account.tenant,
        partner_id.unwrap_or_default(),
        company.name,
    )))
}

async fn contact_of(call: &Call, found: &Found) -> Result<Json<SupportContact>, Problem> {
    let row = found.row.clone();
    let contact = call
        .read(move |tx| Box::pin(shown(tx, row.clone())))
        .await?;
    let (support_tenant_id, support_mpn_id, name) =
        contact.ok_or_else(|| Problem::not_found("the support contact"))?;
    Ok(Json(SupportContact {
        support_tenant_id,
        support_mpn_id,
        name,
        links: Links::own(format!("{}/supportcontact", found.path())),
        attributes: Attributes::of("SupportContact"),
    }))
}

async fn contact(
    Path((customer, subscription)): Path<(String, String)>,
    call: Call,
) -> Result<Json<SupportContact>, Problem> {
    let found = subscriptions::find(&call, &customer, &subscription).await?;
    contact_of(&call, &found).await
}

fn said(text: Option<&String>) -> Option<&str> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty())
}

/// The partner of a tenant and a PartnerID, where there is one that has both.
async fn named(
    tx: &mut Tx<'_>,
    tenant: Option<Uuid>,
    partner_id: Option<String>,
) -> Result<Option<Account>, AppError> {
    let by_id = match &partner_id {
        Some(digits) => match names::partner_id(tx, digits).await? {
            names::Referred::Account(account) => Some(*account),
            names::Referred::Nobody | names::Referred::Place(_) => return Ok(None),
        },
        None => None,
    };
    let Some(tenant) = tenant else {
        return Ok(by_id);
    };
    let in_tenant = tx
        .find::<Account>(tables::accounts::BY_TENANT, &[Stored::Id(tenant)])
        .await?;
    Ok(in_tenant
        .into_iter()
        .find(|account| by_id.as_ref().is_none_or(|by_id| by_id.id == account.id)))
}

async fn set_contact(
    Path((customer, subscription)): Path<(String, String)>,
    call: Call,
) -> Result<Json<SupportContact>, Problem> {
    let found = subscriptions::find(&call, &customer, &subscription).await?;
    let new: NewContact = call.body()?;
    let tenant = said(new.support_tenant_id.as_ref())
        .map(|text| {
            Uuid::try_parse(text)
                .map_err(|_| Problem::malformed("supportTenantId", "is the GUID of a tenant"))
        })
        .transpose()?;
    let partner_id = said(new.support_mpn_id.as_ref()).map(str::to_owned);
    if tenant.is_none() && partner_id.is_none() {
        return Err(Problem::malformed(
            "supportTenantId",
            "is missing, and so is supportMpnId: one of them names the partner",
        ));
    }
    let member = if tenant.is_some() {
        "supportTenantId"
    } else {
        "supportMpnId"
    };
    let contact = call
        .read(move |tx| Box::pin(named(tx, tenant, partner_id.clone())))
        .await?
        .ok_or_else(|| Problem::malformed(member, "names no partner of the program"))?;
    let params = json!({ "subscription": found.row.id, "contact": contact.handle });
    call.perform("set_support_contact", params).await?;
    let found = subscriptions::find(&call, &customer, &subscription).await?;
    contact_of(&call, &found).await
}

/// A consumption subscription of a plan.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AzureEntitlement {
    #[schema(value_type = String)]
    id: Id<Subscription>,
    friendly_name: String,
    status: &'static str,
    #[schema(value_type = String)]
    subscription_id: Id<Subscription>,
    links: Links,
    attributes: Attributes,
}

impl AzureEntitlement {
    fn path(plan: &Found, of: &Found) -> String {
        format!("{}/azureEntitlements/{}", plan.path(), of.row.id)
    }

    fn of(plan: &Found, of: &Found) -> Self {
        Self {
            id: of.row.id,
            friendly_name: of.name().to_owned(),
            status: of.row.state.as_str(),
            subscription_id: plan.row.id,
            links: Links::own(Self::path(plan, of)),
            attributes: Attributes::of("AzureEntitlement"),
        }
    }
}

/// A plan of the caller's with its consumption subscriptions.
async fn plan(
    call: &Call,
    customer: &str,
    subscription: &str,
) -> Result<(Found, Vec<Found>), Problem> {
    let plan = subscriptions::find(call, customer, subscription).await?;
    if plan.item.kind != ItemKind::ConsumptionPlan {
        let text =
            format!("subscription {subscription} is no plan under which consumption is billed");
        return Err(Problem::documented(StatusCode::BAD_REQUEST, 800_011, &text));
    }
    let mut children = subscriptions::children(call, &plan).await?;
    children.retain(|child| child.item.kind == ItemKind::Consumption);
    Ok((plan, children))
}

async fn of_plan(
    call: &Call,
    customer: &str,
    subscription: &str,
    entitlement: &str,
) -> Result<(Found, Found), Problem> {
    let Ok(wanted) = Uuid::try_parse(entitlement) else {
        return Err(Problem::documented(
            StatusCode::BAD_REQUEST,
            800_002,
            "the id of the entitlement is a GUID",
        ));
    };
    let (plan, children) = plan(call, customer, subscription).await?;
    let child = children
        .into_iter()
        .find(|child| child.row.id.uuid() == wanted)
        .ok_or_else(|| {
            Problem::documented(
                StatusCode::NOT_FOUND,
                800_111,
                &format!("entitlement {entitlement} does not exist"),
            )
        })?;
    Ok((plan, child))
}

async fn entitlements(
    Path((customer, subscription)): Path<(String, String)>,
    call: Call,
) -> Result<Json<Collection<AzureEntitlement>>, Problem> {
    let (plan, children) = plan(&call, &customer, &subscription).await?;
    let all = children
        .iter()
        .map(|child| AzureEntitlement::of(&plan, child))
        .collect();
    let own = format!("{}/azureEntitlements", plan.path());
    Ok(Json(Collection::whole(all, own)))
}

async fn entitlement(
    Path((customer, subscription, entitlement)): Path<(String, String, String)>,
    call: Call,
) -> Result<Json<AzureEntitlement>, Problem> {
    let (plan, child) = of_plan(&call, &customer, &subscription, &entitlement).await?;
    Ok(Json(AzureEntitlement::of(&plan, &child)))
}

/// Why a consumption subscription is stopped.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Stop {
    cancellation_reason: Option<String>,
}

/// What can be reactivated was not cancelled for good: it is suspended.
async fn stop(
    Path((customer, subscription, entitlement)): Path<(String, String, String)>,
    call: Call,
) -> Result<Json<AzureEntitlement>, Problem> {
    let (_, child) = of_plan(&call, &customer, &subscription, &entitlement).await?;
    let why: Stop = call.body()?;
    if said(why.cancellation_reason.as_ref()).is_none() {
        return Err(Problem::documented(
            StatusCode::BAD_REQUEST,
            900_307,
            "cancellationReason: is missing; it says in a word why, such as compromise",
        ));
    }
    call.perform("suspend", json!({ "subscription": child.row.id }))
        .await?;
    let (plan, child) = of_plan(&call, &customer, &subscription, &entitlement).await?;
    Ok(Json(AzureEntitlement::of(&plan, &child)))
}

type Accepted<T> = (StatusCode, [(HeaderName, String); 1], Json<T>);

async fn reactivate(
    Path((customer, subscription, entitlement)): Path<(String, String, String)>,
    call: Call,
) -> Result<Accepted<AzureEntitlement>, Problem> {
    let (_, child) = of_plan(&call, &customer, &subscription, &entitlement).await?;
    call.perform("reactivate", json!({ "subscription": child.row.id }))
        .await?;
    let (plan, child) = of_plan(&call, &customer, &subscription, &entitlement).await?;
    let location = [(header::LOCATION, AzureEntitlement::path(&plan, &child))];
    let shown = Json(AzureEntitlement::of(&plan, &child));
    Ok((StatusCode::ACCEPTED, location, shown))
}

/// That a subscription is active.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Activation {
    #[schema(value_type = String)]
    subscription_id: Id<Subscription>,
    status: &'static str,
}

/// Outside a sandbox the operation does not exist: there the customer follows the activation link.
async fn activate(
    Path((customer, subscription)): Path<(String, String)>,
    call: Call,
) -> Result<Json<Activation>, Problem> {
    let found = subscriptions::find(&call, &customer, &subscription).await?;
    let sandbox =
        call.account.environment == Environment::Sandbox || call.server.settings().sandbox;
    if !sandbox {
        return Err(Problem::forbidden(
            "subscriptions are activated so in a sandbox only; elsewhere the customer follows the activation link",
        ));
    }
    let params = json!({ "subscription": found.row.id });
    call.perform("activate_subscription", params).await?;
    Ok(Json(Activation {
        subscription_id: found.row.id,
        status: "Success",
    }))
}

/// Whether a consumption subscription is registered for reservations.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RegistrationStatus {
    #[schema(value_type = String)]
    subscription_id: Id<Subscription>,
    /// `NotRegistered` or `Registered`.
    status: &'static str,
    attributes: Attributes,
}

/// A subscription of the caller's under which reservations can be bought.
async fn registrable(call: &Call, customer: &str, subscription: &str) -> Result<Found, Problem> {
    let found = subscriptions::find(call, customer, subscription).await?;
    if found.item.kind.is_consumption() {
        return Ok(found);
    }
    let text = format!("subscription {subscription} is none of consumption");
    Err(Problem::documented(StatusCode::BAD_REQUEST, 800_011, &text))
}

async fn register(
    Path((customer, subscription)): Path<(String, String)>,
    call: Call,
) -> Result<(StatusCode, [(HeaderName, String); 1]), Problem> {
    let found = registrable(&call, &customer, &subscription).await?;
    call.perform(
        "register_subscription",
        json!({ "subscription": found.row.id }),
    )
    .await?;
    let location = format!("{}/registrationstatus", found.path());
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)]))
}

async fn registration(
    Path((customer, subscription)): Path<(String, String)>,
    call: Call,
) -> Result<Json<RegistrationStatus>, Problem> {
    let found = registrable(&call, &customer, &subscription).await?;
    let row = found.row.clone();
    let is_registered = call
        .read(move |tx| {
            let row = row.clone();
            Box::pin(async move { is_registered(tx, &row).await })
        })
        .await?;
    Ok(Json(RegistrationStatus {
        subscription_id: found.row.id,
        status: if is_registered {
            "Registered"
        } else {
            "NotRegistered"
        },
        attributes: Attributes::of("SubscriptionRegistrationStatus"),
    }))
}

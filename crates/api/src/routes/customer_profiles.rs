//! What is on record about one customer: company and billing profile, organization, domains, the account's check.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tierline_app::act::Act;
use tierline_app::{access, actor};
use tierline_domain::customer::CustomerState;
use tierline_domain::time::Timestamp;
use tierline_domain::vetting::CheckStatus;
use tierline_store::tables::{AccountCheck, VerifiedDomain};
use tierline_store::{Value as Stored, tables};
use utoipa::ToSchema;

use super::customers::{self, CompanyProfile, CustomerBillingProfile, Known};
use crate::answer::Json;
use crate::call::Call;
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::wire::people::{self, WireAddress, invalid, must};

pub(super) fn routes() -> Vec<Route> {
    vec![
        route::get(
            "/v1/customers/{customer-id}/profiles/company",
            "The company of a customer.",
            company,
        )
        .answers::<CompanyProfile>(StatusCode::OK)
        .shows(
            "customer-company-profile-get",
            "customer_records.rs company_details_need_a_granular_role",
        ),
        route::get(
            "/v1/customers/{customer-id}/profiles/billing",
            "Where a customer's bills go.",
            billing,
        )
        .answers::<CustomerBillingProfile>(StatusCode::OK)
        .shows(
            "customer-billing-profile-get",
            "customer_records.rs a_billing_profile_is_changed_by_whoever_read_it_last",
        ),
        route::put(
            "/v1/customers/{customer-id}/profiles/billing",
            "Change where a customer's bills go.",
            put_billing,
        )
        .takes::<CustomerBillingChange>()
        .answers::<CustomerBillingProfile>(StatusCode::OK)
        .shows(
            "customer-billing-profile-update",
            "customer_records.rs a_billing_profile_is_changed_by_whoever_read_it_last",
        ),
        route::get(
            "/v1/customers/{customer-id}/organization",
            "The customer's organization, with a granular role.",
            organization,
        )
        .answers::<Vec<CustomerOrganization>>(StatusCode::OK)
        .shows(
            "customer-organization-get",
            "customer_records.rs company_details_need_a_granular_role",
        ),
        route::get(
            "/v1/customers/{customer-id}/customDomains",
            "The customer's domains, with a granular role.",
            domains,
        )
        .answers::<Vec<String>>(StatusCode::OK)
        .shows(
            "customer-custom-domains-list",
            "customer_records.rs company_details_need_a_granular_role",
        ),
        route::post(
            "/v1/customers/{customer-id}/verifieddomain",
            "Add a domain whose ownership is shown already.",
            add_domain,
        )
        .takes::<NewDomain>()
        .answers::<VerifiedDomainAnswer>(StatusCode::CREATED)
        .shows(
            "customer-verified-domain-create",
            "customer_records.rs a_verified_domain_is_one_of_the_customers_and_taken",
        ),
        route::get(
            "/v1/customers/{customer-id}/validationStatus",
            "What the check of the customer's account came to.",
            validation_status,
        )
        .query("type", "account.")
        .answers::<ValidationStatus>(StatusCode::OK)
        .shows(
            "customer-validation-status-get",
            "customer_records.rs the_check_of_an_account_is_told_where_there_was_one",
        ),
    ]
}

/// Whether the caller's rights in the customer's tenant open the company's details (GDA-027).
async fn details_open(call: &Call, known: &Known) -> Result<bool, Problem> {
    let (actor, tenant) = (call.principal.actor(), known.tenant.clone());
    let ctx = call.server.app().ctx(actor.clone());
    call.read(move |tx| {
        let (ctx, actor, tenant) = (ctx.clone(), actor.clone(), tenant.clone());
        Box::pin(async move {
            let acting = actor::resolve(tx, &actor).await?;
            access::company_details_open(&ctx, &acting, tx, &tenant).await
        })
    })
    .await
}

/// The company; its address and mail for those with rights in its tenant only.
async fn company(
    Path(customer): Path<String>,
    call: Call,
) -> Result<Json<CompanyProfile>, Problem> {
    let known = customers::required(&call.server, &call.principal, &customer).await?;
    let mut profile = known.company_profile();
    if details_open(&call, &known).await? {
        profile.address = Some(WireAddress::of(&known.address()));
        profile.email = Some(known.email());
    }
    Ok(Json(profile))
}

async fn billing(
    Path(customer): Path<String>,
    call: Call,
) -> Result<Json<CustomerBillingProfile>, Problem> {
    let known = customers::required(&call.server, &call.principal, &customer).await?;
    Ok(Json(known.billing_profile()))
}

/// The version that the caller has read.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
struct CustomerSent {
    etag: Option<String>,
}

/// A customer's billing profile as it shall be.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
struct CustomerBillingChange {
    first_name: Option<String>,
    last_name: Option<String>,
    email: Option<String>,
    culture: Option<String>,
    language: Option<String>,
    company_name: Option<String>,
    default_address: WireAddress,
    attributes: CustomerSent,
}

async fn put_billing(
    Path(customer): Path<String>,
    call: Call,
) -> Result<Json<CustomerBillingProfile>, Problem> {
    let known = customers::required(&call.server, &call.principal, &customer).await?;
    let change: CustomerBillingChange = call.body()?;
    let etag = call
        .etag(change.attributes.etag.as_deref())
        .ok_or_else(|| {
            Problem::malformed(
                "If-Match",
                "or attributes.etag is needed: the version of the billing profile that was read",
            )
        })?;
    let mut address = change.default_address.read("defaultAddress")?;
    address.country = address.country.or(Some(known.tenant.country));
    let params = json!({
        "customer": customer,
        "etag": etag,
        "company_name": must("companyName", change.company_name.as_ref())?,
        "email": must("email", change.email.as_ref())?,
        "culture": must("culture", change.culture.as_ref())?,
        "language": must("language", change.language.as_ref())?,
        "first_name": change.first_name,
        "last_name": change.last_name,
        "address": address,
    });
    if let Err(error) = call.attempt("update_billing_profile", params).await {
        return Err(people::named(error, "").unwrap_or_else(|error| call.problem(error)));
    }
    billing(Path(customer), call).await
}

/// Refuses whoever has no role in the customer's tenant in which a task can be done (CUS-017, GDA-027, ROL-031).
pub(super) async fn role_required(
    call: &Call,
    customer: &str,
    task: &str,
) -> Result<Known, Problem> {
    let known = customers::required(&call.server, &call.principal, customer).await?;
    let task = json!({ "customer": customer, "task": task });
    let (app, actor) = (call.server.app(), call.principal.actor());
    let act = Act {
        actor: actor.clone(),
        ..Act::of("", "administer", task)
    };
    // Asked anew at every call: a read is not answered as an earlier one was.
    app.perform(app.ctx(actor), act, None)
        .await
        .map_err(|error| call.problem(error))?;
    Ok(known)
}

/// A customer's organization as its own directory shows it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CustomerOrganization {
    street: String,
    country_letter_code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    postal_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    city: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    state: Option<String>,
    display_name: String,
    technical_notification_mails: Vec<String>,
}

async fn organization(
    Path(customer): Path<String>,
    call: Call,
) -> Result<Json<Vec<CustomerOrganization>>, Problem> {
    let known = role_required(&call, &customer, access::COMPANY_DETAILS).await?;
    let address = known.address();
    Ok(Json(vec![CustomerOrganization {
        street: address.line1,
        country_letter_code: known.tenant.country.to_string(),
        postal_code: address.postal_code,
        city: address.city,
        state: address.state,
        display_name: known.company_name().to_owned(),
        technical_notification_mails: vec![known.email()],
    }]))
}

async fn domains(Path(customer): Path<String>, call: Call) -> Result<Json<Vec<String>>, Problem> {
    let known = role_required(&call, &customer, access::COMPANY_DETAILS).await?;
    let tenant = known.tenant.id.uuid();
    let further = call
        .read(move |tx| {
            Box::pin(async move {
                let statement = tables::verified_domains::BY_CUSTOMER;
                let key = [Stored::Id(tenant)];
                Ok(tx.find::<VerifiedDomain>(statement, &key).await?)
            })
        })
        .await?;
    let further = further.into_iter().map(|row| row.domain);
    Ok(Json(
        std::iter::once(known.tenant.domain)
            .chain(further)
            .collect(),
    ))
}

/// How users of a domain sign in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum AuthenticationType {
    #[default]
    Federated,
    Managed,
}

/// What a domain is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Capability {
    None,
    #[default]
    Email,
    Sharepoint,
    EmailAndSharepoint,
    OfficeCommunicationsOnline,
    SharePointDefault,
    FullRedelegation,
    SharePointPublic,
    OrgIdAuthentication,
    Yammer,
    Intune,
}

/// How ownership was shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum VerificationMethod {
    None,
    #[default]
    DnsRecord,
    Email,
}

/// A domain as it is given.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
struct GivenDomain {
    authentication_type: AuthenticationType,
    capability: Capability,
    is_default: bool,
    is_initial: bool,
    name: Option<String>,
    root_domain: Option<String>,
    verification_method: VerificationMethod,
}

/// A domain to add, and how its users sign in.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
struct NewDomain {
    verified_domain_name: Option<String>,
    domain: GivenDomain,
    #[schema(value_type = Option<Object>)]
    domain_federation_settings: Option<Value>,
}

/// A domain of a customer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct VerifiedDomainAnswer {
    authentication_type: AuthenticationType,
    capability: Capability,
    is_default: bool,
    is_initial: bool,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    root_domain: Option<String>,
    status: &'static str,
    verification_method: VerificationMethod,
}

async fn add_domain(Path(customer): Path<String>, call: Call) -> Result<Response, Problem> {
    customers::required(&call.server, &call.principal, &customer).await?;
    let new: NewDomain = call.body()?;
    let name = must("verifiedDomainName", new.verified_domain_name.as_ref())?;
    let other = new.domain.name.as_deref().map(str::trim);
    if other.is_some_and(|other| !other.is_empty() && !other.eq_ignore_ascii_case(&name)) {
        return Err(invalid(
            "domain.name",
            "is another domain than verifiedDomainName",
        ));
    }
    let settings = new.domain_federation_settings.unwrap_or(Value::Null);
    if new.domain.authentication_type == AuthenticationType::Federated && !settings.is_object() {
        return Err(invalid(
            "domainFederationSettings",
            "is missing, and needed where users sign in elsewhere",
        ));
    }
    let params = json!({ "customer": customer, "domain": name, "settings": settings });
    if let Err(error) = call.attempt("add_domain", params).await {
        return Err(people::named(error, "").unwrap_or_else(|error| call.problem(error)));
    }
    let shown = VerifiedDomainAnswer {
        authentication_type: new.domain.authentication_type,
        capability: new.domain.capability,
        is_default: false,
        is_initial: false,
        name: name.to_lowercase(),
        root_domain: new.domain.root_domain,
        status: "verified",
        verification_method: new.domain.verification_method,
    };
    Ok((StatusCode::CREATED, Json(shown)).into_response())
}

/// What the check of a customer's account came to; nothing may be bought unless it is allowed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ValidationStatus {
    r#type: &'static str,
    status: &'static str,
    #[schema(value_type = String, format = DateTime)]
    last_update_date_time: Timestamp,
}

const fn status_word(status: CheckStatus) -> &'static str {
    match status {
        CheckStatus::Allowed => "Allowed",
        CheckStatus::UnderReview => "UnderReview",
        CheckStatus::NotAllowed => "NotAllowed",
        CheckStatus::Unknown => "Unknown",
        CheckStatus::NotReady => "Not Ready",
    }
}

/// What the state of the account says where no check is on record; nothing for one in good standing.
const fn implied(state: CustomerState) -> Option<CheckStatus> {
    match state {
        CustomerState::Approved => None,
        CustomerState::UnderReview => Some(CheckStatus::UnderReview),
        CustomerState::Disapproved | CustomerState::SuspendedForMisuse => {
            Some(CheckStatus::NotAllowed)
        }
    }
}

async fn validation_status(
    Path(customer): Path<String>,
    call: Call,
) -> Result<Json<ValidationStatus>, Problem> {
    let known = customers::required(&call.server, &call.principal, &customer).await?;
    match call.query.get("type") {
        Some(kind) if kind.eq_ignore_ascii_case("account") => {}
        Some(kind) => {
            return Err(Problem::malformed(
                "type",
                &format!("`{kind}` is no check; there is `account`"),
            ));
        }
        None => return Err(Problem::malformed("type", "is missing; there is `account`")),
    }
    let tenant = known.tenant.id.uuid();
    let check = call
        .read(move |tx| {
            Box::pin(async move { Ok(tx.get::<AccountCheck>(&[Stored::Id(tenant)]).await?) })
        })
        .await?;
    let state = known.details().map(|details| details.account_state);
    let found = match (check, state.and_then(implied)) {
        (Some(check), _) => Some((check.status, check.changed)),
        (None, Some(status)) => Some((status, known.relation().since)),
        (None, None) => None,
    };
    let (status, changed) = found.ok_or_else(|| {
        let text = format!("no check of the account of customer {customer} is on record");
        Problem::documented(StatusCode::NOT_FOUND, 600_074, &text)
    })?;
    Ok(Json(ValidationStatus {
        r#type: "account",
        status: status_word(status),
        last_update_date_time: changed,
    }))
}

//! New customers: the partner's own, or of one of its resellers.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tierline_app::names;
use tierline_app::profiles::{address_faults, language_faults};
use tierline_domain::partner::Account;
use tierline_domain::place::Country;
use tierline_store::{Value as Stored, tables};
use utoipa::ToSchema;

use super::customers::{self, UserCredentials};
use crate::answer::Json;
use crate::call::Call;
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::wire::people::{WireAddress, invalid, must, named, spelled};

pub(super) fn routes() -> Vec<Route> {
    vec![
        route::post(
            "/v1/customers",
            "Create a customer, or one for a reseller.",
            create,
        )
        .takes::<NewCustomer>()
        .answers::<customers::CustomerResource>(StatusCode::CREATED)
        .shows(
            "customers-create",
            "customers.rs a_new_customer_is_on_the_list",
        )
        .shows(
            "customers-create-for-indirect-reseller",
            "customers.rs a_new_customer_of_a_reseller_belongs_to_both",
        ),
    ]
}

/// A customer as it is created.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
struct NewCustomer {
    #[serde(rename = "enableGDAPByDefault")]
    enable_gdap_by_default: Option<bool>,
    company_profile: NewCompany,
    billing_profile: NewBilling,
    /// The tenant of the reseller it is for.
    associated_partner_id: Option<String>,
}

#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
struct NewCompany {
    domain: Option<String>,
    organization_registration_number: Option<String>,
}

#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
struct NewBilling {
    culture: Option<String>,
    email: Option<String>,
    language: Option<String>,
    company_name: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    default_address: WireAddress,
}

impl NewCustomer {
    /// The country, which everything else is judged by.
    fn country(&self) -> Result<Country, Problem> {
        let address = &self.billing_profile.default_address;
        let code = must(
            "billingProfile.defaultAddress.country",
            address.country.as_ref(),
        )?;
        let known = code.parse::<Country>().ok();
        known
            .filter(|country| tierline_rules::countries::of(*country).is_some())
            .ok_or_else(|| {
                invalid(
                    "billingProfile.defaultAddress.country",
                    &format!("`{code}` is no country of the program"),
                )
            })
    }

    /// The command and its parameters; what is malformed is named as it was sent.
    fn params(&self) -> Result<serde_json::Value, Problem> {
        let country = self.country()?;
        let billing = &self.billing_profile;
        let address = billing
            .default_address
            .read("billingProfile.defaultAddress")?;
        let (language, culture) = (
            must("billingProfile.language", billing.language.as_ref())?,
            must("billingProfile.culture", billing.culture.as_ref())?,
        );
        let email = must("billingProfile.email", billing.email.as_ref())?;
        let name = must("billingProfile.companyName", billing.company_name.as_ref())?;
        let domain = must(
            "companyProfile.domain",
            self.company_profile.domain.as_ref(),
        )?;
        let number = self
            .company_profile
            .organization_registration_number
            .as_deref()
            .map(str::trim)
            .filter(|number| !number.is_empty());
        let faults = address_faults("default_address", &address);
        let faults = language_faults(&language, &culture)
            .into_iter()
            .chain(faults);
        if let Some((field, problem)) = faults.into_iter().next() {
            return Err(invalid(
                &format!("billingProfile.{}", spelled(&field)),
                &problem,
            ));
        }
        let left_out = || "none".to_owned();
        Ok(json!({
            "name": name,
            "country": country,
            "domain": domain,
            "email": email,
            "phone": address.phone.clone().unwrap_or_else(left_out),
            "registration_number": number.map_or_else(left_out, str::to_owned),
            "number_only_where_asked": true,
            "default_rights": self.enable_gdap_by_default.unwrap_or(true),
            "first_name": billing.first_name.clone().or_else(|| address.first_name.clone()),
            "last_name": billing.last_name.clone().or_else(|| address.last_name.clone()),
            "culture": culture,
            "language": language,
            "address": address,
        }))
    }
}

/// The reseller of a tenant; what is no partner's tenant stays as it was given, for its rule to refuse.
async fn reseller(call: &Call, given: Option<&str>) -> Result<Option<String>, Problem> {
    let Some(given) = given.map(str::trim).filter(|given| !given.is_empty()) else {
        return Ok(None);
    };
    let wanted = given.to_owned();
    let found = call
        .read(move |tx| {
            let wanted = wanted.clone();
            Box::pin(async move {
                let Some(tenant) = names::tenant(tx, &wanted).await? else {
                    return Ok(Vec::new());
                };
                let statement = tables::accounts::BY_TENANT;
                let key = [Stored::Id(tenant.id.uuid())];
                Ok(tx.find::<Account>(statement, &key).await?)
            })
        })
        .await?;
    let handle = found.into_iter().next().map(|account| account.handle);
    Ok(Some(handle.unwrap_or_else(|| given.to_owned())))
}

/// A refusal that is about one member of the form names it.
fn pointed(mut problem: Problem) -> Problem {
    let member = match problem.code {
        Some(600_002 | 600_049 | 600_050) => "companyProfile.organizationRegistrationNumber",
        Some(600_051) => "billingProfile.defaultAddress.phoneNumber",
        _ => return problem,
    };
    problem.description = format!("{member}: {}", problem.description);
    problem
}

async fn create(call: Call) -> Result<Response, Problem> {
    let new: NewCustomer = call.body()?;
    let mut params = new.params()?;
    if let Some(reseller) = reseller(&call, new.associated_partner_id.as_deref()).await? {
        params["for_reseller"] = json!(reseller);
    }
    let done = match call.attempt("create_customer", params).await {
        Ok(done) => done,
        Err(error) => {
            let problem = named(error, "billingProfile.");
            return Err(problem.unwrap_or_else(|error| pointed(call.problem(error))));
        }
    };
    let handle = done
        .get("customer")
        .and_then(serde_json::Value::as_str)
        .unwrap_or_default();
    let known = customers::required(&call.server, &call.principal, handle).await?;
    let mut shown = known.full("none");
    shown.allow_delegated_access = None;
    shown.custom_domains = Vec::new();
    shown.enable_gdap_by_default = new.enable_gdap_by_default;
    shown.associated_partner_id = new.associated_partner_id;
    shown.user_credentials = Some(UserCredentials {
        user_name: "admin",
        // The same on a repeat of this request, and kept nowhere.
        password: call.server.issuer().first_password(&shown.id),
    });
    Ok((StatusCode::CREATED, Json(shown)).into_response())
}

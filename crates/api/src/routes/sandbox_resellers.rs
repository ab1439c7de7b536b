//! Test resellers of a provider's sandbox.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tierline_app::names;
use tierline_app::profiles::address_faults;
use tierline_app::sandbox_resellers::{Made, tenant_domain};
use tierline_app::world::PARTNER_TEMPLATE;
use tierline_app::{AppError, ctx::Ids};
use tierline_domain::partner::{Organization, PartnerType};
use tierline_domain::place::Country;
use tierline_domain::time::Timestamp;
use utoipa::ToSchema;

use crate::answer::Json;
use crate::call::Call;
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::wire::envelope::Attributes;
use crate::wire::people::{self, WireAddress, WireContact, invalid, must, spelled};

pub(super) fn routes() -> Vec<Route> {
    vec![
        route::post(
            "/v1/sandboxIndirectReseller",
            "Make a test reseller with tenant, signed agreement and partnership; in a sandbox only.",
            create,
        )
        .takes::<NewReseller>()
        .answers::<Reseller>(StatusCode::OK)
        .shows(
            "sandbox-indirect-reseller-create",
            "agreements.rs a_test_reseller_comes_with_everything_and_goes_again",
        ),
        route::delete(
            "/v1/sandboxIndirectReseller/{reseller-id}",
            "Delete a test reseller; in a sandbox only.",
            delete,
        )
        .answers_plain(StatusCode::NO_CONTENT)
        .shows(
            "sandbox-indirect-reseller-delete",
            "agreements.rs a_test_reseller_comes_with_everything_and_goes_again",
        ),
    ]
}

/// A test reseller as it is asked for.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
struct NewReseller {
    mpn_id: Option<String>,
    tenant: NewTenant,
    legal_business_profile: NewBusiness,
    organization_profile_language: Option<String>,
}

#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
struct NewTenant {
    domain_prefix: Option<String>,
    name: Option<String>,
    display_name: Option<String>,
    admin_user_name: Option<String>,
    admin_first_name: Option<String>,
    admin_last_name: Option<String>,
    admin_alternate_email: Option<String>,
    country: Option<String>,
    culture: Option<String>,
}

#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
struct NewBusiness {
    company_name: Option<String>,
    address: WireAddress,
    primary_contact: WireContact,
    culture: Option<String>,
}

/// A test reseller as it was made.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Reseller {
    account_id: String,
    mpn_id: String,
    tenant: NewTenantAnswer,
    agreement_signature: Signature,
    partner_relationship: ProviderRelationship,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NewTenantAnswer {
    id: String,
    admin_user_account: String,
    password: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Signature {
    id: String,
    account_id: String,
    agreement_id: String,
    agreement_type: &'static str,
    #[schema(value_type = String, format = DateTime)]
    date_signed: Timestamp,
    signed_by_first_name: String,
    signed_by_user_principal_name: String,
    signed_by_user_object_id: String,
    signed_by_user_tenant_id: String,
    attributes: Attributes,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ProviderRelationship {
    id: String,
    name: String,
    relationship_type: &'static str,
    state: &'static str,
    mpn_id: String,
    attributes: Attributes,
}

/// Only a provider that works in a sandbox has test resellers.
fn allowed(call: &Call, code: u32, what: &str) -> Result<(), Problem> {
    if !call.server.is_sandbox_of(Some(&call.account)) {
        return Err(Problem::documented(
            StatusCode::FORBIDDEN,
            code,
            &format!("{what} test resellers is not allowed here; it is in a sandbox"),
        ));
    }
    if call.account.kind != PartnerType::IndirectProvider {
        return Err(Problem::documented(
            StatusCode::UNAUTHORIZED,
            6002,
            &format!("{} is no provider with a sandbox", call.account.handle),
        ));
    }
    Ok(())
}

/// First label of a domain: letters, digits and dashes.
fn prefix(given: &str) -> Result<String, Problem> {
    let sound = given.len() <= 27
        && given.starts_with(|letter: char| letter.is_ascii_alphanumeric())
        && given
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if sound {
        Ok(given.to_owned())
    } else {
        Err(invalid(
            "tenant.domainPrefix",
            "has at most 27 letters, digits and dashes",
        ))
    }
}

impl NewReseller {
    fn params(&self) -> Result<serde_json::Value, Problem> {
        let tenant = &self.tenant;
        let business = &self.legal_business_profile;
        let code = must("tenant.country", tenant.country.as_ref())?;
        let country: Country = code
            .parse()
            .map_err(|_| invalid("tenant.country", &format!("`{code}` is no country code")))?;
        for (field, value) in [
            ("tenant.name", &tenant.name),
            ("tenant.displayName", &tenant.display_name),
            ("tenant.adminUserName", &tenant.admin_user_name),
            ("tenant.adminFirstName", &tenant.admin_first_name),
            ("tenant.adminLastName", &tenant.admin_last_name),
            ("tenant.adminAlternateEmail", &tenant.admin_alternate_email),
            ("tenant.culture", &tenant.culture),
            ("legalBusinessProfile.culture", &business.culture),
            (
                "organizationProfileLanguage",
                &self.organization_profile_language,
            ),
        ] {
            must(field, value.as_ref())?;
        }
        let address = business.address.read("legalBusinessProfile.address")?;
        if let Some((field, problem)) = address_faults("address", &address).into_iter().next() {
            let field = format!("legalBusinessProfile.{}", spelled(&field));
            return Err(invalid(&field, &problem));
        }
        let prefix = prefix(&must("tenant.domainPrefix", tenant.domain_prefix.as_ref())?)?;
        Ok(json!({
            "partner_id": must("mpnId", self.mpn_id.as_ref())?,
            "domain_prefix": prefix,
            "company_name": must("legalBusinessProfile.companyName", business.company_name.as_ref())?,
            "country": country,
            "address": address,
            "primary_contact": business.primary_contact.read(),
        }))
    }
}

async fn create(call: Call) -> Result<Json<Reseller>, Problem> {
    allowed(&call, 6004, "making")?;
    let new: NewReseller = call.body()?;
    let params = new.params()?;
    let done = match call.attempt("create_sandbox_reseller", params).await {
        Ok(done) => done,
        Err(AppError::Invalid { field, problem }) if field == "tenant.domain_prefix" => {
            let text = format!("tenant.domainPrefix: {problem}; choose another");
            return Err(Problem::documented(StatusCode::CONFLICT, 1003, &text));
        }
        Err(error) => {
            return Err(people::named(error, "").unwrap_or_else(|error| call.problem(error)));
        }
    };
    let made: Made = serde_json::from_value(done)
        .map_err(|error| call.problem(AppError::Impossible(error.to_string())))?;
    let organization = call.account.organization;
    let provider: Organization = call
        .read(move |tx| Box::pin(names::by_id(tx, organization)))
        .await?;
    let (mpn_id, account_id) = (new.mpn_id.unwrap_or_default(), made.tenant.to_string());
    let signer = call.principal.claims.upn.clone().unwrap_or_default();
    let object = call.principal.claims.oid.map(|id| id.to_string());
    let admin = new.tenant.admin_user_name.unwrap_or_default();
    let domain = tenant_domain(new.tenant.domain_prefix.as_deref().unwrap_or_default());
    let agreement = Ids::named("template", PARTNER_TEMPLATE, Timestamp::EPOCH).uuid();
    Ok(Json(Reseller {
        tenant: NewTenantAnswer {
            id: account_id.clone(),
            admin_user_account: format!("{admin}@{domain}"),
            password: call.server.issuer().first_password(&account_id),
        },
        agreement_signature: Signature {
            id: made.signature.to_string(),
            account_id: account_id.clone(),
            agreement_id: agreement.to_string(),
            agreement_type: "ValueAddedReseller",
            date_signed: made.signed,
            signed_by_first_name: signer.clone(),
            signed_by_user_principal_name: signer,
            signed_by_user_object_id: object.unwrap_or_default(),
            signed_by_user_tenant_id: call.account.tenant.to_string(),
            attributes: Attributes::of("AgreementSignatureResponse"),
        },
        partner_relationship: ProviderRelationship {
            id: call.account.tenant.to_string(),
            name: provider.name,
            relationship_type: "is_indirect_reseller_of",
            state: "Active",
            mpn_id: mpn_id.clone(),
            attributes: Attributes::of("PartnerRelationshipResponse"),
        },
        account_id,
        mpn_id,
    }))
}

async fn delete(Path(reseller): Path<String>, call: Call) -> Result<Response, Problem> {
    allowed(&call, 6003, "deleting")?;
    call.perform("delete_sandbox_reseller", json!({ "reseller": reseller }))
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

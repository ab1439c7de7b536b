//! The profiles of the calling partner: legal business, billing, organization, support.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tierline_app::profiles::{self, Content, Current};
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::vetting::{ProfileKind, Vetting};
use tierline_rules::regions;
use utoipa::ToSchema;

use crate::answer::Json;
use crate::call::Call;
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::wire::body;
use crate::wire::envelope::{Attributes, Links};
use crate::wire::people::{self, WireAddress, WireContact};

pub(super) fn routes() -> Vec<Route> {
    let support = |path, operation| {
        route::put(path, "Say whom customers ask for help.", put_support)
            .takes::<SupportChange>()
            .answers::<SupportProfile>(StatusCode::OK)
            .shows(
                operation,
                "profiles.rs whom_customers_ask_for_help_is_written_by_either_path",
            )
    };
    vec![
        route::get(
            "/v1/profiles/legalbusiness",
            "The caller's legal business, and how far its verification is.",
            legal_business,
        )
        .query(
            "vettingVersion",
            "Current, or LastFinalized: as it was verified last.",
        )
        .answers::<LegalBusinessProfile>(StatusCode::OK)
        .shows(
            "legal-business-profile-get",
            "profiles.rs a_changed_legal_business_is_verified_again",
        ),
        route::put(
            "/v1/profiles/legalbusiness",
            "Change the legal business; what changed is verified again.",
            put_legal_business,
        )
        .takes::<LegalBusinessChange>()
        .answers::<LegalBusinessProfile>(StatusCode::OK)
        .shows(
            "legal-business-profile-update",
            "profiles.rs a_changed_legal_business_is_verified_again",
        ),
        route::get(
            "/v1/profiles/billing",
            "Where the caller's bills go.",
            billing,
        )
        .answers::<BillingProfile>(StatusCode::OK)
        .shows(
            "partner-billing-profile-get",
            "profiles.rs a_billing_profile_is_read_back_as_it_was_written",
        ),
        route::put(
            "/v1/profiles/billing",
            "Change where the bills go.",
            put_billing,
        )
        .takes::<BillingChange>()
        .answers::<BillingProfile>(StatusCode::OK)
        .shows(
            "partner-billing-profile-update",
            "profiles.rs a_billing_profile_is_read_back_as_it_was_written",
        ),
        route::get(
            "/v1/profiles/organization",
            "The caller's organization.",
            organization,
        )
        .answers::<OrganizationProfile>(StatusCode::OK)
        .shows(
            "organization-profile-get",
            "profiles.rs an_organization_is_changed_by_whoever_read_it_last",
        ),
        route::put(
            "/v1/profiles/organization",
            "Change the organization.",
            put_organization,
        )
        .takes::<OrganizationChange>()
        .answers::<OrganizationProfile>(StatusCode::OK)
        .shows(
            "organization-profile-update",
            "profiles.rs an_organization_is_changed_by_whoever_read_it_last",
        ),
        route::get(
            "/v1/profiles/support",
            "Whom customers ask for help.",
            support_profile,
        )
        .answers::<SupportProfile>(StatusCode::OK)
        .shows(
            "support-profile-get",
            "profiles.rs whom_customers_ask_for_help_is_written_by_either_path",
        ),
        support("/v1/profiles/supportprofile", "support-profile-update"),
        // The path that a released client uses.
        support("/v1/profiles/support", "support-profile-update-sdk"),
    ]
}

/// What a client sends back beside the members themselves.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
struct ProfileSent {
    etag: Option<String>,
}

/// The legal business of a partner.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LegalBusinessProfile {
    company_name: String,
    address: WireAddress,
    primary_contact: WireContact,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    company_approver_address: Option<WireAddress>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    company_approver_email: Option<String>,
    vetting_status: &'static str,
    vetting_sub_status: &'static str,
    profile_type: &'static str,
    links: Links,
    attributes: Attributes,
}

/// The legal business as it shall be.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
struct LegalBusinessChange {
    company_name: String,
    address: WireAddress,
    primary_contact: WireContact,
    company_approver_address: Option<WireAddress>,
    company_approver_email: Option<String>,
    attributes: ProfileSent,
}

/// Where a partner's bills go.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct BillingProfile {
    company_name: String,
    address: WireAddress,
    primary_contact: WireContact,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    purchase_order_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    tax_id: Option<String>,
    billing_currency: String,
    profile_type: &'static str,
    links: Links,
    attributes: Attributes,
}

/// Where the bills shall go.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
struct BillingChange {
    company_name: String,
    address: WireAddress,
    primary_contact: WireContact,
    purchase_order_number: Option<String>,
    tax_id: Option<String>,
    attributes: ProfileSent,
}

/// A partner's organization.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct OrganizationProfile {
    id: String,
    company_name: String,
    default_address: WireAddress,
    tenant_id: String,
    domain: String,
    email: String,
    language: String,
    culture: String,
    profile_type: &'static str,
    links: Links,
    attributes: Attributes,
}

/// The organization as it shall be.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
struct OrganizationChange {
    company_name: String,
    default_address: WireAddress,
    email: String,
    language: String,
    culture: String,
    attributes: ProfileSent,
}

/// Whom a partner's customers ask for help.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SupportProfile {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    telephone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    website: Option<String>,
    profile_type: &'static str,
    links: Links,
    attributes: Attributes,
}

/// Whom customers shall ask.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
struct SupportChange {
    email: Option<String>,
    telephone: Option<String>,
    website: Option<String>,
    attributes: ProfileSent,
}

async fn read(call: &Call, kind: ProfileKind) -> Result<Current, Problem> {
    let account = call.account.clone();
    call.read(move |tx| {
        let account = account.clone();
        Box::pin(async move { profiles::current(tx, &account, kind).await })
    })
    .await
}

/// Writes a profile, if it is the one that the caller has read.
async fn write(call: &Call, content: Content, sent: &ProfileSent) -> Result<(), Problem> {
    let params = json!({ "content": content, "etag": call.etag(sent.etag.as_deref()) });
    match call.attempt("write_profile", params).await {
        Ok(_) => Ok(()),
        Err(error) => Err(people::named(error, "").unwrap_or_else(|error| call.problem(error))),
    }
}

fn tag(account: &Account, kind: ProfileKind, current: &Current) -> String {
    profiles::etag(account, kind, current.version)
}

const fn vetting_words(vetting: Vetting) -> (&'static str, &'static str) {
    match vetting {
        Vetting::Pending => ("pending", "decision"),
        Vetting::Authorized => ("authorized", "none"),
        Vetting::Rejected => ("rejected", "decision"),
    }
}

async fn shown_legal_business(
    call: &Call,
    finalized: bool,
) -> Result<Json<LegalBusinessProfile>, Problem> {
    let current = read(call, ProfileKind::LegalBusiness).await?;
    let attributes = Attributes::tagged(
        "LegalBusinessProfile",
        tag(&call.account, ProfileKind::LegalBusiness, &current),
    );
    let (content, vetting) = if finalized {
        (current.finalized, Vetting::Authorized)
    } else {
        (current.content, current.vetting)
    };
    let Content::LegalBusiness(profile) = content else {
        return Err(Problem::not_found("the legal business profile"));
    };
    let (vetting_status, vetting_sub_status) = vetting_words(vetting);
    Ok(Json(LegalBusinessProfile {
        company_name: profile.company_name,
        address: WireAddress::of(&profile.address),
        primary_contact: WireContact::of(&profile.primary_contact),
        company_approver_address: profile
            .company_approver_address
            .as_ref()
            .map(WireAddress::of),
        company_approver_email: profile.company_approver_email,
        vetting_status,
        vetting_sub_status,
        profile_type: "LegalBusinessProfile",
        links: Links::own("/profiles/legalbusiness"),
        attributes,
    }))
}

async fn legal_business(call: Call) -> Result<Json<LegalBusinessProfile>, Problem> {
    let version = call.query.get("vettingversion").map(body::word);
    let finalized = match version.as_deref() {
        None | Some("current") => false,
        Some("last_finalized" | "lastfinalized") => true,
        Some(other) => {
            return Err(Problem::malformed(
                "vettingVersion",
                &format!("`{other}` is none of Current and LastFinalized"),
            ));
        }
    };
    shown_legal_business(&call, finalized).await
}

async fn put_legal_business(call: Call) -> Result<Json<LegalBusinessProfile>, Problem> {
    let change: LegalBusinessChange = call.body()?;
    let approver = change.company_approver_address.as_ref();
    let content = Content::LegalBusiness(Box::new(profiles::LegalBusiness {
        company_name: change.company_name.clone(),
        address: change.address.read("address")?,
        primary_contact: change.primary_contact.read(),
        company_approver_address: approver
            .map(|address| address.read("companyApproverAddress"))
            .transpose()?,
        company_approver_email: change.company_approver_email.clone(),
    }));
    write(&call, content, &change.attributes).await?;
    shown_legal_business(&call, false).await
}

async fn billing(call: Call) -> Result<Json<BillingProfile>, Problem> {
    let current = read(&call, ProfileKind::Billing).await?;
    let attributes = Attributes::tagged(
        "BillingProfile",
        tag(&call.account, ProfileKind::Billing, &current),
    );
    let Content::Billing(profile) = current.content else {
        return Err(Problem::not_found("the billing profile"));
    };
    let currency = regions::currency(call.account.country);
    Ok(Json(BillingProfile {
        company_name: profile.company_name,
        address: WireAddress::of(&profile.address),
        primary_contact: WireContact::of(&profile.primary_contact),
        purchase_order_number: profile.purchase_order_number,
        tax_id: profile.tax_id,
        billing_currency: currency
            .map_or_else(|| "USD".to_owned(), |currency| currency.to_string()),
        profile_type: "BillingProfile",
        links: Links::own("/profiles/billing"),
        attributes,
    }))
}

async fn put_billing(call: Call) -> Result<Json<BillingProfile>, Problem> {
    let change: BillingChange = call.body()?;
    let content = Content::Billing(profiles::Billing {
        company_name: change.company_name.clone(),
        address: change.address.read("address")?,
        primary_contact: change.primary_contact.read(),
        purchase_order_number: change.purchase_order_number.clone(),
        tax_id: change.tax_id.clone(),
    });
    write(&call, content, &change.attributes).await?;
    billing(call).await
}

async fn organization(call: Call) -> Result<Json<OrganizationProfile>, Problem> {
    let current = read(&call, ProfileKind::Organization).await?;
    let attributes = Attributes::tagged(
        "OrganizationProfile",
        tag(&call.account, ProfileKind::Organization, &current),
    );
    let Content::Organization(profile) = current.content else {
        return Err(Problem::not_found("the organization profile"));
    };
    let tenant = call.account.tenant;
    let home: Tenant = call
        .read(move |tx| Box::pin(tierline_app::names::by_id(tx, tenant)))
        .await?;
    Ok(Json(OrganizationProfile {
        id: call.account.organization.to_string(),
        company_name: profile.company_name,
        default_address: WireAddress::of(&profile.default_address),
        tenant_id: tenant.to_string(),
        domain: home.domain,
        email: profile.email,
        language: profile.language,
        culture: profile.culture,
        profile_type: "OrganizationProfile",
        links: Links::own("/profiles/organization"),
        attributes,
    }))
}

async fn put_organization(call: Call) -> Result<Json<OrganizationProfile>, Problem> {
    let change: OrganizationChange = call.body()?;
    let content = Content::Organization(profiles::OrganizationProfile {
        company_name: change.company_name.clone(),
        default_address: change.default_address.read("defaultAddress")?,
        email: change.email.clone(),
        language: change.language.to_lowercase(),
        culture: profiles::culture(&change.culture),
    });
    write(&call, content, &change.attributes).await?;
    organization(call).await
}

/// The type's names differ between reading and writing, as the pages print them.
async fn shown_support(
    call: &Call,
    profile_type: &'static str,
    object_type: &'static str,
) -> Result<Json<SupportProfile>, Problem> {
    let current = read(call, ProfileKind::Support).await?;
    let tag = tag(&call.account, ProfileKind::Support, &current);
    let Content::Support(profile) = current.content else {
        return Err(Problem::not_found("the support profile"));
    };
    Ok(Json(SupportProfile {
        email: profile.email,
        telephone: profile.telephone,
        website: profile.website,
        profile_type,
        links: Links::own("/profiles/support"),
        attributes: Attributes::tagged(object_type, tag),
    }))
}

async fn support_profile(call: Call) -> Result<Json<SupportProfile>, Problem> {
    shown_support(&call, "SupportProfile", "SupportProfile").await
}

async fn put_support(call: Call) -> Result<Json<SupportProfile>, Problem> {
    let change: SupportChange = call.body()?;
    let content = Content::Support(profiles::Support {
        email: change.email.clone(),
        telephone: change.telephone.clone(),
        website: change.website.clone(),
    });
    write(&call, content, &change.attributes).await?;
    shown_support(&call, "support_profile", "PartnerSupportProfile").await
}

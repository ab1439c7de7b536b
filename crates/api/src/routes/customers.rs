//! Customers: list, read, end the relationship, delete in a sandbox, the invitation address.

use std::sync::Arc;

use axum::extract::{Path, RawQuery};
use axum::response::{Html, IntoResponse, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tierline_app::ask::ask;
use tierline_app::{AppError, customer_profile, names};
use tierline_domain::address::{Address, folded};
use tierline_domain::customer::{Customer, Delegation, Relationship, RelationshipState};
use tierline_domain::partner::{Account, Organization, Tenant};
use tierline_store::customers::{Listed, Narrowed};
use tierline_store::tables::Contact;
use tierline_store::{Tx, Value as Stored};
use utoipa::ToSchema;

use crate::answer::Json;
use crate::auth::Principal;
use crate::call::{Call, Unmet};
use crate::problem::Problem;
use crate::route::{self, Access, Route};
use crate::server::Server;
use crate::wire::body;
use crate::wire::envelope::{Attributes, Collection, Links, Page};
use crate::wire::people::WireAddress;
use crate::wire::query::Query;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route::get(
            "/v1/customers",
            "The partner's customers, filtered and paged.",
            list,
        )
        .query("size", "Most of one page; 0 is as good as none.")
        .query("offset", "Where the page begins, from 0.")
        .query(
            "seekOperation",
            "Next, with the header MS-ContinuationToken.",
        )
        .query(
            "filter",
            "One JSON object with `Field`, `Value` and `Operator`, or two joined by `and` or `or`.",
        )
        .answers::<Collection<CustomerSummary>>(StatusCode::OK)
        .shows(
            "customers-list",
            "customers.rs pages_hold_every_customer_once",
        )
        .shows(
            "customers-list-filtered",
            "customers.rs filters_narrow_the_list",
        )
        .shows(
            "customers-list-by-indirect-reseller",
            "customers.rs customers_of_a_reseller_are_those_it_serves_too",
        ),
        route::get(
            "/v1/customers/relationshiprequests",
            "The partner's invitation address.",
            relationship_request,
        )
        .answers::<InvitationAddress>(StatusCode::OK)
        .shows(
            "relationship-request-get",
            "customers.rs the_invitation_address_is_the_partners_own",
        ),
        route::get(
            "/partner-invitation",
            "The page to which an invitation's address leads.",
            invitation_page,
        )
        .access(Access::Open)
        .query("partnerId", "The inviting partner's tenant.")
        .answers_plain(StatusCode::OK),
        route::get("/v1/customers/{customer-id}", "One customer.", read)
            .answers::<CustomerResource>(StatusCode::OK)
            .shows("customers-get", "customers.rs a_customer_is_read_in_full"),
        route::patch(
            "/v1/customers/{customer-id}",
            "End the relationship with a customer, or old full delegation alone.",
            patch,
        )
        .takes::<Change>()
        .answers::<Changed>(StatusCode::OK)
        .shows(
            "customer-reseller-relationship-remove",
            "customers.rs a_removed_customer_is_no_customer_any_more",
        )
        .shows(
            "customer-dap-relationship-remove",
            "customers.rs old_delegation_ends_without_the_relationship",
        ),
        route::delete(
            "/v1/customers/{customer-id}",
            "Delete a customer account of a sandbox.",
            delete,
        )
        .answers_plain(StatusCode::NO_CONTENT)
        .shows(
            "customers-delete",
            "customers.rs a_customer_of_a_sandbox_is_deleted",
        ),
    ]
}

/// Most customers of one answer.
const PAGE_MAX: usize = 500;
/// How far into a list an offset reaches.
const OFFSET_MAX: usize = 100_000;
/// Most alternatives of one filter.
const ALTERNATIVES_MAX: usize = 8;

/// A customer with everything the wire shows of it.
pub(super) struct Known {
    pub(super) tenant: Tenant,
    organization: Arc<Organization>,
    details: Option<Arc<Customer>>,
    contact: Option<Arc<Contact>>,
    relation: Arc<Relationship>,
}

/// A customer with which the partner has an active relationship.
pub(super) async fn known(
    tx: &mut Tx<'_>,
    partner: Account,
    customer: String,
) -> Result<Option<Known>, AppError> {
    match bond(tx, &partner, &customer).await? {
        Some((tenant, relation)) => load(tx, tenant, relation).await.map(Some),
        None => Ok(None),
    }
}

/// A customer of a partner, and what binds them.
async fn bond(
    tx: &mut Tx<'_>,
    partner: &Account,
    customer: &str,
) -> Result<Option<(Tenant, Arc<Relationship>)>, AppError> {
    let Some(tenant) = names::tenant(tx, customer).await? else {
        return Ok(None);
    };
    let key = [Stored::Id(partner.id.uuid()), Stored::Id(tenant.id.uuid())];
    let relation = tx.look::<Relationship>(&key).await?;
    let active = relation.filter(|relation| relation.state == RelationshipState::Active);
    Ok(active.map(|relation| (tenant, relation)))
}

/// A customer of a partner, and no other.
pub(super) async fn related(
    tx: &mut Tx<'_>,
    partner: &Account,
    customer: &str,
) -> Result<Option<Tenant>, AppError> {
    Ok(bond(tx, partner, customer).await?.map(|(tenant, _)| tenant))
}

async fn load(
    tx: &mut Tx<'_>,
    tenant: Tenant,
    relation: Arc<Relationship>,
) -> Result<Known, AppError> {
    let organization = names::seen(tx, tenant.organization).await?;
    let details = tx.look::<Customer>(&[Stored::Id(tenant.id.uuid())]).await?;
    let contact = tx.look::<Contact>(&[Stored::Id(tenant.id.uuid())]).await?;
    Ok(Known {
        tenant,
        organization,
        details,
        contact,
        relation,
    })
}

/// The customer of a path, or the one answer for unknown and unrelated ones.
pub(super) async fn required(
    server: &Server,
    principal: &Principal,
    customer: &str,
) -> Result<Known, Problem> {
    let partner = principal.partner()?.clone();
    let (name, tenant) = (partner.handle.clone(), customer.to_owned());
    let found = server
        .app()
        .read(ask(move |tx| {
            Box::pin(known(tx, partner.clone(), tenant.clone()))
        }))
        .await;
    found
        .map_err(|error| Problem::of(error, principal.lang))?
        .ok_or_else(|| Problem::no_customer(&name, customer))
}

/// The company of a customer. Address and mail are for those with rights in its tenant (GDA-027).
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CompanyProfile {
    tenant_id: String,
    domain: String,
    company_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) address: Option<WireAddress>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    organization_registration_number: Option<String>,
    links: Links,
    attributes: Attributes,
}

impl CompanyProfile {
    fn of(tenant: impl ToString, domain: &str, company_name: &str) -> Self {
        let tenant_id = tenant.to_string();
        Self {
            links: Links::own(format!("/customers/{tenant_id}/profiles/company")),
            tenant_id,
            domain: domain.to_owned(),
            company_name: company_name.to_owned(),
            address: None,
            email: None,
            organization_registration_number: None,
            attributes: Attributes::of("CustomerCompanyProfile"),
        }
    }
}

/// Where a customer's bills go.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CustomerBillingProfile {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    last_name: Option<String>,
    email: String,
    culture: String,
    language: String,
    company_name: String,
    default_address: WireAddress,
    links: Links,
    attributes: Attributes,
}

/// A customer as lists show it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CustomerSummary {
    id: String,
    company_profile: CompanyProfile,
    relationship_to_partner: &'static str,
    links: Links,
    attributes: Attributes,
}

impl CustomerSummary {
    fn of(row: Listed) -> Self {
        Self {
            id: row.tenant.to_string(),
            company_profile: CompanyProfile::of(row.tenant, &row.domain, &row.company),
            relationship_to_partner: "reseller",
            links: Links::own(format!("/customers/{}", row.tenant)),
            attributes: Attributes::of("Customer"),
        }
    }
}

/// The first administrator of a new customer; shown once (CUS-015).
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserCredentials {
    pub(super) user_name: &'static str,
    pub(super) password: String,
}

/// A customer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CustomerResource {
    pub(super) id: String,
    commerce_id: String,
    company_profile: CompanyProfile,
    billing_profile: CustomerBillingProfile,
    relationship_to_partner: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) allow_delegated_access: Option<bool>,
    #[serde(
        rename = "enableGDAPByDefault",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    pub(super) enable_gdap_by_default: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) user_credentials: Option<UserCredentials>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) custom_domains: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) associated_partner_id: Option<String>,
    links: Links,
    attributes: Attributes,
}

impl Known {
    pub(super) fn company_name(&self) -> &str {
        self.contact
            .as_ref()
            .map_or(&self.organization.name, |contact| &contact.company_name)
    }

    pub(super) fn address(&self) -> Address {
        let given = self.contact.as_ref();
        Address {
            country: Some(self.tenant.country),
            ..given.map_or_else(Address::default, |given| given.address.0.clone())
        }
    }

    pub(super) fn email(&self) -> String {
        self.contact.as_ref().map_or_else(
            || format!("admin@{}", self.tenant.domain),
            |contact| contact.email.clone(),
        )
    }

    pub(super) fn details(&self) -> Option<&Customer> {
        self.details.as_deref()
    }

    pub(super) fn relation(&self) -> &Relationship {
        &self.relation
    }

    /// The version of the billing profile as its holder is shown it.
    fn etag(&self) -> String {
        let version = self.details.as_ref().map_or(1, |details| details.version);
        customer_profile::etag(&self.tenant, version)
    }

    pub(super) fn company_profile(&self) -> CompanyProfile {
        let number = self
            .details
            .as_ref()
            .and_then(|details| details.registration_number.clone());
        CompanyProfile {
            organization_registration_number: number,
            ..CompanyProfile::of(self.tenant.id, &self.tenant.domain, self.company_name())
        }
    }

    pub(super) fn billing_profile(&self) -> CustomerBillingProfile {
        let (contact, details) = (self.contact.as_ref(), self.details.as_ref());
        CustomerBillingProfile {
            id: self.tenant.id.to_string(),
            first_name: contact.and_then(|contact| contact.first_name.clone()),
            last_name: contact.and_then(|contact| contact.last_name.clone()),
            email: self.email(),
            culture: details.map_or_else(|| "en-US".to_owned(), |details| details.culture.clone()),
            language: details.map_or_else(|| "en".to_owned(), |details| details.language.clone()),
            company_name: self.company_name().to_owned(),
            default_address: WireAddress::of(&self.address()),
            links: Links::own(format!("/customers/{}/profiles/billing", self.tenant.id)),
            attributes: Attributes::tagged("CustomerBillingProfile", self.etag()),
        }
    }

    /// The full form.
    pub(super) fn full(&self, relationship_to_partner: &'static str) -> CustomerResource {
        CustomerResource {
            id: self.tenant.id.to_string(),
            commerce_id: self.tenant.id.to_string(),
            company_profile: self.company_profile(),
            billing_profile: self.billing_profile(),
            relationship_to_partner,
            allow_delegated_access: Some(self.relation.delegation == Delegation::Full),
            enable_gdap_by_default: None,
            user_credentials: None,
            custom_domains: vec![self.tenant.domain.clone()],
            associated_partner_id: None,
            links: Links::own(format!("/customers/{}", self.tenant.id)),
            attributes: Attributes::of("Customer"),
        }
    }
}

/// A documented filter: one field and the start of its value, or two filters joined.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Filter {
    field: Option<String>,
    value: Option<String>,
    operator: Option<String>,
    #[serde(rename = "leftFilter")]
    left: Option<Box<Filter>>,
    #[serde(rename = "rightFilter")]
    right: Option<Box<Filter>>,
}

/// The narrower of two prefixes, if a text can begin with both.
fn both(one: &str, other: &str) -> Option<String> {
    match (one.starts_with(other), other.starts_with(one)) {
        (true, _) => Some(one.to_owned()),
        (_, true) => Some(other.to_owned()),
        _ => None,
    }
}

/// What two narrowed lists have in common; nothing where they exclude each other.
fn common(one: &Narrowed, other: &Narrowed) -> Result<Option<Narrowed>, Problem> {
    let served_by = match (one.served_by, other.served_by) {
        (Some(one), Some(other)) if one != other => {
            let problem = "customers are asked for by one other partner at a time";
            return Err(Problem::malformed("filter", problem));
        }
        (one, other) => one.or(other),
    };
    let name = both(&one.name, &other.name);
    let domain = both(&one.domain, &other.domain);
    Ok(name.zip(domain).map(|(name, domain)| Narrowed {
        name,
        domain,
        served_by,
    }))
}

impl Filter {
    /// The filter as alternatives, each of which narrows the list once.
    fn alternatives(&self) -> Result<Vec<Narrowed>, Problem> {
        let operator = self.operator.as_deref().map(body::word);
        let found = match (&self.left, &self.right) {
            (Some(left), Some(right)) => {
                let (left, right) = (left.alternatives()?, right.alternatives()?);
                match operator.as_deref() {
                    Some("or") => left.into_iter().chain(right).collect(),
                    Some("and") => {
                        let mut met = Vec::new();
                        for one in &left {
                            for other in &right {
                                met.extend(common(one, other)?);
                            }
                        }
                        met
                    }
                    _ => {
                        return Err(Problem::malformed(
                            "filter.Operator",
                            "two filters are joined by `and` or `or`",
                        ));
                    }
                }
            }
            (None, None) => vec![self.simple(operator.as_deref())?],
            _ => {
                return Err(Problem::malformed(
                    "filter",
                    "a joined filter has LeftFilter and RightFilter",
                ));
            }
        };
        if found.len() > ALTERNATIVES_MAX {
            return Err(Problem::malformed(
                "filter",
                &format!("has more than {ALTERNATIVES_MAX} alternatives"),
            ));
        }
        Ok(found)
    }

    fn simple(&self, operator: Option<&str>) -> Result<Narrowed, Problem> {
        if !matches!(operator, None | Some("starts_with" | "startswith")) {
            return Err(Problem::malformed(
                "filter.Operator",
                "customers are filtered with starts_with only",
            ));
        }
        let missing = |member| Problem::malformed(member, "is missing");
        let field = self
            .field
            .as_deref()
            .ok_or_else(|| missing("filter.Field"))?;
        let value = self
            .value
            .as_deref()
            .ok_or_else(|| missing("filter.Value"))?;
        match body::word(field).replace('_', "").as_str() {
            "companyname" => Ok(Narrowed {
                name: folded(value),
                ..Narrowed::default()
            }),
            "domain" => Ok(Narrowed {
                domain: folded(value),
                ..Narrowed::default()
            }),
            "indirectreseller" | "indirectcloudsolutionprovider" => Ok(Narrowed {
                served_by: Some(value.trim().parse().map_err(|_| {
                    Problem::malformed("filter.Value", "is the tenant of the other partner")
                })?),
                ..Narrowed::default()
            }),
            other => Err(Problem::malformed(
                "filter.Field",
                &format!("customers cannot be filtered by {other}"),
            )),
        }
    }
}

/// What a list is narrowed to: one statement each, and one without a filter.
fn narrowed(call: &Call) -> Result<Vec<Narrowed>, Problem> {
    let Some(text) = call.query.get("filter") else {
        return Ok(vec![Narrowed::default()]);
    };
    let filter: Filter = body::read(text.as_bytes()).map_err(|_| {
        Problem::malformed(
            "filter",
            "is one JSON object with Field, Value and Operator",
        )
    })?;
    filter.alternatives()
}

async fn page(
    tx: &mut Tx<'_>,
    partner: uuid::Uuid,
    wanted: Vec<Narrowed>,
    page: Page,
) -> Result<Vec<Listed>, AppError> {
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    if let [only] = wanted.as_slice() {
        let (reach, offset) = (number(page.reach()), number(page.offset));
        return Ok(tx.customers_of(partner, only, reach, offset).await?);
    }
    // Alternatives: each from its beginning to the end of the page, then together in order, each customer once.
    let reach = number(page.offset.saturating_add(page.reach()));
    let mut found = Vec::new();
    for one in &wanted {
        found.extend(tx.customers_of(partner, one, reach, 0).await?);
    }
    found.sort();
    found.dedup();
    Ok(found
        .into_iter()
        .skip(page.offset)
        .take(page.reach())
        .collect())
}

async fn list(call: Call) -> Result<Json<Collection<CustomerSummary>>, Problem> {
    let asked = Page::of(&call, PAGE_MAX)?;
    if asked.offset > OFFSET_MAX {
        return Err(Problem::malformed(
            "offset",
            &format!("goes no further than {OFFSET_MAX}; narrow the list with a filter"),
        ));
    }
    let wanted = narrowed(&call)?;
    let partner = call.account.id.uuid();
    let found = call
        .read(move |tx| Box::pin(page(tx, partner, wanted.clone(), asked)))
        .await?;
    let path = match call.query.get("filter") {
        Some(filter) => format!("/customers?filter={}", escaped(filter)),
        None => "/customers".to_owned(),
    };
    Ok(Json(
        asked.collection(found, &path).map(CustomerSummary::of),
    ))
}

/// A query value as links hold it.
pub(super) fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| {
            if plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

/// Caller and customer in one read: this is what is asked most, and beginning a transaction costs more than a look.
async fn read(
    Path(customer): Path<String>,
    call: Unmet,
) -> Result<Json<CustomerResource>, Problem> {
    let met = call.met(move |tx, partner| {
        let customer = customer.clone();
        Box::pin(async move {
            let handle = partner.handle.clone();
            let found = known(tx, partner, customer.clone()).await?;
            Ok(found.ok_or_else(|| Problem::no_customer(&handle, &customer)))
        })
    });
    let (_, known) = met.await?;
    Ok(Json(known.full("reseller")))
}

/// The one change that a customer's `PATCH` makes: `relationshipToPartner` to `none`, or `allowDelegatedAccess` to
/// `false`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Change {
    relationship_to_partner: Option<String>,
    allow_delegated_access: Option<bool>,
}

/// A customer whose relationship has ended. The documentation prints this one answer in capitals and with nulls,
/// which released clients ignore or break on; it is written like every other.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Ended {
    id: String,
    commerce_id: String,
    relationship_to_partner: &'static str,
    attributes: Attributes,
}

/// What a customer's `PATCH` answers.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
enum Changed {
    /// The relationship has ended.
    Ended(Box<Ended>),
    /// The customer without old delegation.
    Customer(Box<CustomerResource>),
}

async fn patch(Path(customer): Path<String>, call: Call) -> Result<Json<Changed>, Problem> {
    let known = required(&call.server, &call.principal, &customer).await;
    let change: Change = call.body()?;
    let wanted = change.relationship_to_partner.as_deref().map(body::word);
    match (wanted.as_deref(), change.allow_delegated_access) {
        (Some("none"), _) => {
            // A repeat of the request finds the relationship gone and answers what the first time did.
            call.perform("remove_relationship", json!({ "customer": customer }))
                .await?;
            let id = match known {
                Ok(known) => known.tenant.id.to_string(),
                Err(_) => customer,
            };
            Ok(Json(Changed::Ended(Box::new(Ended {
                commerce_id: id.clone(),
                id,
                relationship_to_partner: "none",
                attributes: Attributes::of("Customer"),
            }))))
        }
        (_, Some(false)) => {
            known?;
            call.perform("end_delegation", json!({ "customer": customer }))
                .await?;
            let left = required(&call.server, &call.principal, &customer).await?;
            Ok(Json(Changed::Customer(Box::new(left.full("reseller")))))
        }
        _ => {
            known?;
            Err(Problem::malformed(
                "relationshipToPartner",
                "only `none` can be set, which ends the relationship, or allowDelegatedAccess to `false`",
            ))
        }
    }
}

async fn delete(Path(customer): Path<String>, call: Call) -> Result<Response, Problem> {
    if !call.server.is_sandbox_of(Some(&call.account)) {
        return Err(Problem::documented(
            StatusCode::BAD_REQUEST,
            900_127,
            "customer accounts are deleted in a sandbox only; end the relationship instead",
        ));
    }
    let _: Value = call
        .perform("delete_customer", json!({ "customer": customer }))
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The invitation address of a partner.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct InvitationAddress {
    url: String,
    attributes: Attributes,
}

/// The invitation address of the partner: personal to it, and without delegated administration (DAP-002).
async fn relationship_request(call: Call) -> Result<Json<InvitationAddress>, Problem> {
    let tenant = call.account.tenant;
    Ok(Json(InvitationAddress {
        url: format!(
            "{}/partner-invitation?invType=ResellerRelationship&partnerId={tenant}&msppId=0&DAP=false",
            super::discovery::base(&call.server, &call.headers)
        ),
        attributes: Attributes::of("RelationshipRequest"),
    }))
}

/// What somebody sees who follows the address in a browser.
async fn invitation_page(RawQuery(raw): RawQuery) -> Result<Html<String>, Problem> {
    let query = Query::read(raw.as_deref());
    let partner = query
        .get("partnerid")
        .and_then(|id| id.parse::<uuid::Uuid>().ok())
        .ok_or_else(|| Problem::malformed("partnerId", "is the inviting partner's tenant"))?;
    Ok(Html(format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Invitation</title><h1>Invitation</h1>\
         <p>The partner with tenant {partner} asks to be your reseller. It gets no administration rights by that.</p>\
         <p>A global administrator of your tenant accepts with the command <code>accept_relationship</code>.</p></html>"
    )))
}

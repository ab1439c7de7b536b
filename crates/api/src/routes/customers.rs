//! Customers: list, read, create, remove the relationship, the invitation address.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tierline_app::act::Act;
use tierline_app::app::request_key;
use tierline_app::ask::ask;
use tierline_app::{AppError, names};
use tierline_domain::customer::{Customer, Relationship, RelationshipState};
use tierline_domain::partner::{Account, Organization, Tenant};
use tierline_store::tables::Contact;
use tierline_store::{Tx, Value as Stored, tables};

use crate::auth::{Bearer, Principal};
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::server::Server;
use crate::wire::customer::{
    Attributes, BillingProfile, CompanyProfile, Credentials, Full, Links, Listed, Page,
};
use crate::wire::{body, path};

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
            "filter",
            "One JSON object with `Field`, `Value` and `Operator`.",
        ),
        route::post(
            "/v1/customers",
            "Create a customer, or one for a reseller.",
            create,
        ),
        route::get(
            "/v1/customers/relationshiprequests",
            "The partner's invitation address.",
            relationship_request,
        ),
        route::get("/v1/customers/{customer-id}", "One customer.", read),
        route::patch(
            "/v1/customers/{customer-id}",
            "End the relationship with a customer.",
            patch,
        ),
    ]
}

/// Most customers of one answer.
const PAGE_MAX: usize = 500;

/// A customer with everything the wire shows of it.
pub(super) struct Known {
    pub(super) tenant: Tenant,
    organization: Organization,
    details: Option<Customer>,
    contact: Option<Contact>,
}

/// A customer with which the partner has an active relationship.
pub(super) async fn known(
    tx: &mut Tx<'_>,
    partner: &Account,
    customer: &str,
) -> Result<Option<Known>, AppError> {
    let Some(tenant) = names::tenant(tx, customer).await? else {
        return Ok(None);
    };
    let key = [Stored::Id(partner.id.uuid()), Stored::Id(tenant.id.uuid())];
    let relation = tx.get::<Relationship>(&key).await?;
    if relation.is_none_or(|relation| relation.state != RelationshipState::Active) {
        return Ok(None);
    }
    load(tx, tenant).await.map(Some)
}

async fn load(tx: &mut Tx<'_>, tenant: Tenant) -> Result<Known, AppError> {
    let organization = names::by_id(tx, tenant.organization).await?;
    let details = tx.get::<Customer>(&[Stored::Id(tenant.id.uuid())]).await?;
    let contact = tx.get::<Contact>(&[Stored::Id(tenant.id.uuid())]).await?;
    Ok(Known {
        tenant,
        organization,
        details,
        contact,
    })
}

/// The customer of a path, or the one answer for unknown and unrelated ones.
pub(super) async fn required(
    server: &Server,
    principal: &Principal,
    customer: &str,
) -> Result<Known, Problem> {
    let partner = principal.api_partner()?.clone();
    let (name, tenant) = (partner.handle.clone(), customer.to_owned());
    let found = server
        .app()
        .read(ask(move |tx| {
            let (partner, tenant) = (partner.clone(), tenant.clone());
            Box::pin(async move { known(tx, &partner, &tenant).await })
        }))
        .await;
    found
        .map_err(|error| Problem::of(error, principal.lang))?
        .ok_or_else(|| Problem::no_customer(&name, customer))
}

impl Known {
    fn company_name(&self) -> &str {
        self.contact
            .as_ref()
            .map_or(&self.organization.name, |contact| &contact.company_name)
    }

    fn link(&self) -> Links {
        Links::to(format!("/customers/{}", self.tenant.id))
    }

    /// The short form of lists.
    fn listed(&self) -> Listed<'_> {
        Listed {
            id: self.tenant.id,
            company_profile: CompanyProfile::of(&self.tenant, self.company_name()),
            relationship_to_partner: "reseller",
            links: self.link(),
            attributes: Attributes::of("Customer"),
        }
    }

    /// The full form.
    fn full(&self, relationship: &'static str) -> Full<'_> {
        let name = self.company_name();
        let (details, contact) = (self.details.as_ref(), self.contact.as_ref());
        Full {
            id: self.tenant.id,
            commerce_id: self.tenant.id,
            company_profile: CompanyProfile::of(&self.tenant, name),
            billing_profile: BillingProfile::of(&self.tenant, name, details, contact),
            relationship_to_partner: relationship,
            allow_delegated_access: false,
            custom_domains: [&self.tenant.domain],
            links: self.link(),
            attributes: Attributes::of("Customer"),
            user_credentials: None,
            associated_partner_id: None,
        }
    }
}

async fn related(tx: &mut Tx<'_>, partner: Account) -> Result<Vec<Known>, AppError> {
    let mut found = Vec::new();
    for relation in tx
        .find::<Relationship>(
            tables::relationships::BY_PARTNER,
            &[Stored::Id(partner.id.uuid())],
        )
        .await?
    {
        if relation.state == RelationshipState::Active {
            let tenant = names::by_id(tx, relation.customer).await?;
            found.push(load(tx, tenant).await?);
        }
    }
    found.sort_by(|a, b| {
        a.company_name()
            .cmp(b.company_name())
            .then(a.tenant.handle.cmp(&b.tenant.handle))
    });
    Ok(found)
}

/// Customers that a reseller (by tenant) has in common with the provider.
async fn of_reseller(
    tx: &mut Tx<'_>,
    partner: Account,
    reseller: String,
) -> Result<Vec<Known>, AppError> {
    let Some(tenant) = names::tenant(tx, &reseller).await? else {
        return Ok(Vec::new());
    };
    let accounts = tx
        .find::<Account>(tables::accounts::BY_TENANT, &[Stored::Id(tenant.id.uuid())])
        .await?;
    let mut found = Vec::new();
    for known in related(tx, partner).await? {
        for account in &accounts {
            let key = [
                Stored::Id(account.id.uuid()),
                Stored::Id(known.tenant.id.uuid()),
            ];
            let relation = tx.get::<Relationship>(&key).await?;
            if relation.is_some_and(|relation| relation.state == RelationshipState::Active) {
                found.push(load(tx, known.tenant.clone()).await?);
            }
        }
    }
    Ok(found)
}

/// A documented filter: one JSON object, its members in any case.
#[derive(Debug, Deserialize)]
struct Filter {
    field: String,
    value: String,
    #[serde(default)]
    operator: Option<String>,
}

fn filter(query: &[(String, String)]) -> Result<Option<Filter>, Problem> {
    let Some((_, text)) = query
        .iter()
        .find(|(key, value)| key == "filter" && !value.is_empty())
    else {
        return Ok(None);
    };
    let filter: Filter = body::read(text.as_bytes()).map_err(|_| {
        Problem::malformed(
            "filter",
            "is one JSON object with Field, Value and Operator",
        )
    })?;
    let operator = filter
        .operator
        .as_deref()
        .map_or_else(|| "starts_with".to_owned(), body::word);
    if operator != "starts_with" {
        return Err(Problem::malformed(
            "filter.Operator",
            "customers are filtered with starts_with only",
        ));
    }
    Ok(Some(filter))
}

pub(super) async fn list(
    State(server): State<Server>,
    principal: Principal,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let partner = principal.api_partner()?.clone();
    let query = path::query(query.as_deref());
    let number = |name: &str| -> Result<usize, Problem> {
        let value = query
            .iter()
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.parse());
        value
            .transpose()
            .map(Option::unwrap_or_default)
            .map_err(|_| Problem::malformed(name, "is a whole number"))
    };
    // `size=0` means "no size given": a released client sends it with every query.
    let size = match number("size")? {
        0 => PAGE_MAX,
        size => size.min(PAGE_MAX),
    };
    let offset = number("offset")?;
    let filter = filter(&query)?;
    let by_reseller = filter.as_ref().filter(|filter| {
        matches!(
            body::word(&filter.field).as_str(),
            "indirect_reseller" | "indirectreseller"
        )
    });
    let customers = match by_reseller.map(|filter| filter.value.clone()) {
        Some(reseller) => {
            server
                .app()
                .read(ask(move |tx| {
                    Box::pin(of_reseller(tx, partner.clone(), reseller.clone()))
                }))
                .await
        }
        None => {
            server
                .app()
                .read(ask(move |tx| Box::pin(related(tx, partner.clone()))))
                .await
        }
    };
    let mut customers = customers.map_err(|error| Problem::of(error, principal.lang))?;
    if let Some(filter) = filter.as_ref().filter(|_| by_reseller.is_none()) {
        let wanted = filter.value.to_lowercase();
        match body::word(&filter.field).replace('_', "").as_str() {
            "companyname" => {
                customers.retain(|known| known.company_name().to_lowercase().starts_with(&wanted));
            }
            "domain" => {
                customers.retain(|known| known.tenant.domain.to_lowercase().starts_with(&wanted));
            }
            other => {
                return Err(Problem::malformed(
                    "filter.Field",
                    &format!("customers cannot be filtered by {other}"),
                ));
            }
        }
    }
    let total = customers.len();
    let items: Vec<_> = customers
        .iter()
        .skip(offset)
        .take(size)
        .map(Known::listed)
        .collect();
    let next = offset.saturating_add(size);
    let next = (next < total).then(|| format!("/customers?size={size}&offset={next}"));
    let page = Page {
        total_count: items.len(),
        items,
        links: Links::to(format!("/customers?size={size}")).and_next(next),
        attributes: Attributes::of("Collection"),
    };
    Ok(Json(page).into_response())
}

/// The customer of a path, for whoever a token stands for.
async fn read_by(
    tx: &mut Tx<'_>,
    bearer: Bearer,
    customer: String,
) -> Result<Result<Known, Problem>, AppError> {
    let Some(principal) = bearer.principal(tx).await? else {
        return Ok(Err(Problem::unauthorized()));
    };
    let partner = match principal.api_partner() {
        Ok(partner) => partner,
        Err(problem) => return Ok(Err(problem)),
    };
    let found = known(tx, partner, &customer).await?;
    Ok(found.ok_or_else(|| Problem::no_customer(&partner.handle, &customer)))
}

pub(super) async fn read(
    State(server): State<Server>,
    bearer: Bearer,
    Path(customer): Path<String>,
) -> Result<Response, Problem> {
    let lang = bearer.lang;
    let found = server
        .app()
        .read(ask(move |tx| {
            Box::pin(read_by(tx, bearer.clone(), customer.clone()))
        }))
        .await;
    let known = found.map_err(|error| Problem::of(error, lang))??;
    Ok(Json(known.full("reseller")).into_response())
}

/// A customer as it is created.
#[derive(Debug, Deserialize)]
struct NewCustomer {
    #[serde(default)]
    companyprofile: NewCompany,
    #[serde(default)]
    billingprofile: NewBilling,
    associatedpartnerid: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct NewCompany {
    domain: Option<String>,
    organizationregistrationnumber: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct NewBilling {
    culture: Option<String>,
    email: Option<String>,
    language: Option<String>,
    companyname: Option<String>,
    firstname: Option<String>,
    lastname: Option<String>,
    #[serde(default)]
    defaultaddress: NewAddress,
}

#[derive(Debug, Default, Deserialize)]
struct NewAddress {
    country: Option<String>,
    city: Option<String>,
    state: Option<String>,
    region: Option<String>,
    addressline1: Option<String>,
    addressline2: Option<String>,
    postalcode: Option<String>,
    firstname: Option<String>,
    lastname: Option<String>,
    phonenumber: Option<String>,
}

impl NewAddress {
    /// As the wire shows it again.
    fn shown(&self) -> Value {
        let members = [
            ("country", &self.country),
            ("city", &self.city),
            ("state", &self.state),
            ("region", &self.region),
            ("addressLine1", &self.addressline1),
            ("addressLine2", &self.addressline2),
            ("postalCode", &self.postalcode),
            ("firstName", &self.firstname),
            ("lastName", &self.lastname),
            ("phoneNumber", &self.phonenumber),
        ];
        members
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), json!(value.clone()?))))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }
}

pub(super) async fn create(
    State(server): State<Server>,
    principal: Principal,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let account = principal.partner()?;
    let new: NewCustomer = body::read(&bytes)?;
    let missing = |field: &str| {
        Problem::documented(
            StatusCode::BAD_REQUEST,
            3000,
            &format!("{field} is missing"),
        )
    };
    let billing = &new.billingprofile;
    let address = &billing.defaultaddress;
    let country = address
        .country
        .clone()
        .ok_or_else(|| missing("billingProfile.defaultAddress.country"))?;
    if country
        .parse::<tierline_domain::place::Country>()
        .ok()
        .and_then(tierline_rules::regions::place)
        .is_none()
    {
        return Err(Problem::documented(
            StatusCode::BAD_REQUEST,
            3000,
            &format!(
                "billingProfile.defaultAddress.country: {country} is no country of the program"
            ),
        ));
    }
    let email = billing
        .email
        .clone()
        .ok_or_else(|| missing("billingProfile.email"))?;
    let mut params = json!({
        "name": billing.companyname.clone().ok_or_else(|| missing("billingProfile.companyName"))?,
        "country": country.to_uppercase(),
        "domain": new.companyprofile.domain.clone().ok_or_else(|| missing("companyProfile.domain"))?,
        "email": email,
        "phone": address.phonenumber.clone().unwrap_or_else(|| "none".to_owned()),
        "registration_number": new.companyprofile.organizationregistrationnumber.clone().unwrap_or_else(|| "none".to_owned()),
    });
    if let (Some(map), Some(reseller)) = (params.as_object_mut(), &new.associatedpartnerid) {
        map.insert("for_reseller".to_owned(), json!(reseller));
    }
    let key = principal
        .request_id
        .as_deref()
        .map(|id| request_key(account.tenant.uuid(), id, "POST", "/v1/customers", &bytes));
    let act = Act {
        actor: principal.actor(),
        ..Act::of("", "create_customer", params)
    };
    let ctx = server.app().ctx(principal.actor());
    let result = server
        .app()
        .perform(ctx, act, key)
        .await
        .map_err(|error| Problem::of(error, principal.lang))?;
    let customer = result
        .get("customer")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let contact = ContactOf {
        customer: customer.clone(),
        company_name: billing.companyname.clone().unwrap_or_default(),
        email,
        first_name: billing
            .firstname
            .clone()
            .or_else(|| address.firstname.clone()),
        last_name: billing
            .lastname
            .clone()
            .or_else(|| address.lastname.clone()),
        phone: address.phonenumber.clone(),
        address: address.shown(),
        culture: billing.culture.clone(),
        language: billing.language.clone(),
    };
    let known = server
        .app()
        .db()
        .write(contact)
        .await
        .map_err(|error| Problem::of(error, principal.lang))?;
    let shown = Full {
        user_credentials: Some(Credentials {
            user_name: "admin",
            password: crate::identity::secret(),
        }),
        associated_partner_id: new.associatedpartnerid,
        ..known.full("none")
    };
    Ok((StatusCode::CREATED, Json(shown)).into_response())
}

/// Writes the personal values of a new customer; the same values again on a repeat.
struct ContactOf {
    customer: String,
    company_name: String,
    email: String,
    first_name: Option<String>,
    last_name: Option<String>,
    phone: Option<String>,
    address: Value,
    culture: Option<String>,
    language: Option<String>,
}

impl tierline_store::Command for ContactOf {
    type Out = Known;
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<Known, AppError> {
        let tenant = names::the_tenant(tx, &self.customer).await?;
        let contact = Contact {
            tenant: tenant.id,
            company_name: self.company_name.clone(),
            email: self.email.clone(),
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            phone: self.phone.clone(),
            address: tierline_store::Json(self.address.clone()),
        };
        tx.put(&contact).await?;
        if let Some(mut details) = tx.get::<Customer>(&[Stored::Id(tenant.id.uuid())]).await? {
            details.culture = self.culture.clone().unwrap_or(details.culture);
            details.language = self.language.clone().unwrap_or(details.language);
            tx.put(&details).await?;
        }
        load(tx, tenant).await
    }
}

/// The one change a customer's `PATCH` makes here.
#[derive(Debug, Deserialize)]
struct Change {
    relationshiptopartner: Option<String>,
}

pub(super) async fn patch(
    State(server): State<Server>,
    principal: Principal,
    Path(customer): Path<String>,
    bytes: Bytes,
) -> Result<Response, Problem> {
    principal.user_required()?;
    let known = required(&server, &principal, &customer).await?;
    let change: Change = body::read(&bytes)?;
    if change
        .relationshiptopartner
        .as_deref()
        .map(body::word)
        .as_deref()
        != Some("none")
    {
        return Err(Problem::malformed(
            "relationshipToPartner",
            "only `none` can be set, which ends the relationship",
        ));
    }
    let account = principal.partner()?;
    let path = format!("/v1/customers/{customer}");
    let key = principal
        .request_id
        .as_deref()
        .map(|id| request_key(account.tenant.uuid(), id, "PATCH", &path, &bytes));
    let act = Act {
        actor: principal.actor(),
        ..Act::of("", "remove_relationship", json!({ "customer": customer }))
    };
    let ctx = server.app().ctx(principal.actor());
    server
        .app()
        .perform(ctx, act, key)
        .await
        .map_err(|error| Problem::of(error, principal.lang))?;
    Ok(Json(known.full("none")).into_response())
}

/// The invitation address of the partner: personal to it, and without delegated administration (DAP-002).
pub(super) async fn relationship_request(principal: Principal) -> Result<Json<Value>, Problem> {
    principal.user_required()?;
    let account = principal.api_partner()?;
    let url = format!("/partner-invitation?tenant={}&DAP=false", account.tenant);
    Ok(Json(
        json!({ "url": url, "attributes": { "objectType": "RelationshipRequest" } }),
    ))
}

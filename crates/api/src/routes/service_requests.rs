//! Requests for support on the documented wire, the topics they are filed under, and the services that a customer uses.

use axum::extract::Path;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tierline_app::ask::Answer;
use tierline_app::service_requests::{self, Sees};
use tierline_app::{AppError, access, actor, licences, names};
use tierline_domain::address::Person;
use tierline_domain::catalog::Item;
use tierline_domain::listing::{Listing, Product};
use tierline_domain::partner::{Account, Organization, Tenant};
use tierline_domain::support::{ServiceNote, ServiceRequest, TOPICS, Topic};
use tierline_store::tables::service_requests as rows;
use tierline_store::{Statement, Tx, Value as Stored};
use utoipa::ToSchema;

use super::customer_profiles::role_required;
use super::users::part;
use super::{customers, discovery};
use crate::answer::Json;
use crate::call::Call;
use crate::problem::Problem;
use crate::route::{self, Access, Route};
use crate::wire::body;
use crate::wire::envelope::{Attributes, Collection, Link, Links, Page, instant};
use crate::wire::people::{self, WireContact, must};

/// Most requests of one page, and as many as one holds where none are asked for.
const PAGE_MAX: usize = 500;
/// The words of severities, in the order of their numbers; the first one says nothing.
const SEVERITIES: [&str; 4] = ["unknown", "critical", "moderate", "minimal"];
/// The words of states, in the order of their numbers; the first one says nothing.
const STATUSES: [&str; 4] = ["none", "open", "closed", "attention_needed"];

pub(super) fn routes() -> Vec<Route> {
    let [opened, about_customer, listed, topics] = [
        "service_requests.rs a_request_is_opened_and_written_to",
        "service_requests.rs a_request_about_a_customer_takes_a_role_there",
        "service_requests.rs lists_are_filtered_and_paged",
        "service_requests.rs topics_are_listed_in_the_callers_language",
    ];
    let of_customer = "/v1/customers/{customer-id}/servicerequests/{servicerequest-id}";
    vec![
        route::get(
            "/v1/servicerequests",
            "The partner's requests for support, the latest first.",
            list,
        )
        .query("size", "Most requests of the page; 500 at most.")
        .query("offset", "Where the page begins, from 0.")
        .query("seekOperation", "Next, with the token of the page before.")
        .query("status", "Open, Closed or AttentionNeeded.")
        .query(
            "filter",
            "One JSON object: Field Status or Severity, Operator equals, and a Value.",
        )
        .answers::<Collection<ServiceRequestResource>>(StatusCode::OK)
        .shows("service-requests-list", listed),
        route::get(
            "/v1/servicerequests/supporttopics",
            "What requests for support are filed under.",
            list_topics,
        )
        .answers::<Collection<SupportTopic>>(StatusCode::OK)
        .shows("service-request-support-topics-list", topics),
        route::get(
            "/v1/servicerequests/{servicerequest-id}",
            "A request for support.",
            read,
        )
        .answers::<ServiceRequestResource>(StatusCode::OK)
        .shows("service-requests-get", opened),
        // The pages call this step `agent-locale`; a document and a router know one name for each step of a path.
        route::post(
            "/v1/servicerequests/{servicerequest-id}",
            "Open a request for support; in place of an id the path says in which language to answer it, such as en-US.",
            create,
        )
        .access(Access::PartnerUser)
        .takes::<RequestChange>()
        .answers::<ServiceRequestResource>(StatusCode::CREATED)
        .shows("service-requests-create", opened),
        route::patch(
            "/v1/servicerequests/{servicerequest-id}",
            "Change a request for support, or write to it; only what is given changes.",
            update,
        )
        .takes::<RequestChange>()
        .answers::<ServiceRequestResource>(StatusCode::OK)
        .shows("service-requests-update", opened),
        route::get(
            "/v1/customers/{customer-id}/servicerequests",
            "The partner's requests about a customer, the latest first, with severity and state as numbers.",
            list_of_customer,
        )
        .query("size", "Most requests of the page; 500 at most.")
        .query("offset", "Where the page begins, from 0.")
        .answers::<Collection<ServiceRequestResource>>(StatusCode::OK)
        .shows("customer-service-requests-list", listed),
        route::get(of_customer, "A request about a customer.", read_of_customer)
            .answers::<ServiceRequestResource>(StatusCode::OK)
            .shows("customer-service-requests-get", about_customer),
        route::patch(
            of_customer,
            "Change a request about a customer, or write to it.",
            update_of_customer,
        )
        .takes::<RequestChange>()
        .answers::<ServiceRequestResource>(StatusCode::OK)
        .shows("customer-service-requests-update", about_customer),
        route::get(
            "/v1/customers/{customer-id}/managedservices",
            "The services that a customer uses, and where they are looked after.",
            list_services,
        )
        .answers::<Collection<ManagedService>>(StatusCode::OK)
        .shows(
            "managed-services-list",
            "service_requests.rs managed_services_are_those_of_the_licences_held",
        ),
    ]
}

/// A severity or state: the word, or its number where the documentation lists numbers.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
enum Coded {
    /// In any style.
    Word(String),
    /// From 0.
    Number(usize),
}

impl Coded {
    fn of(words: &[&str], word: &str, as_number: bool) -> Self {
        match words.iter().position(|known| *known == word) {
            Some(number) if as_number => Self::Number(number),
            _ => Self::Word(word.to_owned()),
        }
    }

    /// One of the words; none where it says nothing.
    fn read(&self, field: &str, words: &[&'static str]) -> Result<Option<&'static str>, Problem> {
        let at = match self {
            Self::Number(number) => Some(*number),
            Self::Word(word) => {
                let word = body::word(word);
                words.iter().position(|known| *known == word)
            }
        };
        let found = at.and_then(|at| words.get(at));
        let word = found
            .ok_or_else(|| people::invalid(field, &format!("is one of {}", words.join(", "))))?;
        Ok(Some(*word).filter(|word| *word != words[0]))
    }
}

/// An organization that has to do with a request.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
struct RequestOrganization {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    phone_number: Option<String>,
}

/// Somebody who has to do with a request.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
struct RequestContact {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    organization: Option<RequestOrganization>,
    #[serde(flatten)]
    person: WireContact,
}

/// What is written to a request.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
struct RequestNote {
    created_by_name: Option<String>,
    created_date: Option<String>,
    text: Option<String>,
}

/// A request as it is opened or changed.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
struct RequestChange {
    title: Option<String>,
    description: Option<String>,
    severity: Option<Coded>,
    status: Option<Coded>,
    support_topic_id: Option<String>,
    organization: Option<RequestOrganization>,
    primary_contact: Option<RequestContact>,
    product_id: Option<String>,
    new_note: Option<RequestNote>,
    #[schema(value_type = Option<Vec<Object>>)]
    file_links: Option<Vec<Value>>,
}

impl RequestChange {
    fn severity(&self) -> Result<Option<&'static str>, Problem> {
        let given = self.severity.as_ref();
        let read = given.map(|given| given.read("severity", &SEVERITIES));
        Ok(read.transpose()?.flatten())
    }

    fn status(&self) -> Result<Option<&'static str>, Problem> {
        let given = self.status.as_ref();
        let read = given.map(|given| given.read("status", &STATUSES));
        Ok(read.transpose()?.flatten())
    }

    /// Files are kept elsewhere: a note can hold an address.
    fn without_files(&self) -> Result<(), Problem> {
        if self.file_links.iter().any(|links| !links.is_empty()) {
            let text = "are not kept here: write their address into a note";
            return Err(people::invalid("fileLinks", text));
        }
        Ok(())
    }

    /// What is given of the members that a change and a new request share.
    fn params(&self) -> Result<Map<String, Value>, Problem> {
        self.without_files()?;
        let mut params = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            params.extend(value.map(|value| (name.to_owned(), value)));
        };
        put("title", self.title.as_ref().map(|title| json!(title)));
        put(
            "description",
            self.description.as_ref().map(|text| json!(text)),
        );
        put("severity", self.severity()?.map(|word| json!(word)));
        let contact = self.primary_contact.as_ref();
        put(
            "contact",
            contact.map(|contact| json!(contact.person.read())),
        );
        Ok(params)
    }
}

/// A request for support.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ServiceRequestResource {
    title: String,
    description: String,
    severity: Coded,
    support_topic_id: String,
    support_topic_name: &'static str,
    id: String,
    status: Coded,
    organization: RequestOrganization,
    primary_contact: RequestContact,
    last_updated_by: RequestContact,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    product_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    product_id: Option<String>,
    created_date: String,
    last_modified_date: String,
    /// `0001-01-01T00:00:00` while it is not closed.
    last_closed_date: String,
    /// In lists they are left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    notes: Option<Vec<RequestNote>>,
    country_code: String,
    links: Links,
    attributes: Attributes,
}

/// How requests are shown: in which language, and severities and states as numbers or words.
#[derive(Clone, Copy)]
struct Form {
    language: &'static str,
    as_numbers: bool,
}

/// A partner and what its caller sees.
#[derive(Clone)]
struct Reader {
    partner: Account,
    sees: Sees,
    form: Form,
}

impl Reader {
    fn of(call: &Call) -> Self {
        let caller = actor::calling(&call.principal.actor());
        Self {
            partner: call.account.clone(),
            sees: Sees::of(&caller, None),
            form: Form {
                language: call.principal.lang.code(),
                as_numbers: false,
            },
        }
    }

    /// The tenant that a request is about: the customer's, or the partner's own.
    async fn tenant(&self, tx: &mut Tx<'_>, row: &ServiceRequest) -> Result<Tenant, AppError> {
        match row.customer {
            Some(customer) => names::by_id(tx, customer).await,
            None => names::by_id(tx, self.partner.tenant).await,
        }
    }

    async fn show(
        &self,
        tx: &mut Tx<'_>,
        row: ServiceRequest,
        notes: Option<Vec<ServiceNote>>,
    ) -> Result<ServiceRequestResource, AppError> {
        let tenant = self.tenant(tx, &row).await?;
        let about: Organization = names::by_id(tx, tenant.organization).await?;
        let own: Organization = names::by_id(tx, self.partner.organization).await?;
        let own = RequestOrganization {
            id: Some(self.partner.tenant.to_string()),
            name: Some(own.name),
            phone_number: None,
        };
        let product = match row.item {
            Some(item) => Some(product(tx, item, self.form.language).await?),
            None => None,
        };
        let (product_id, product_name) = product.unzip();
        let word = |words: &[&str], word: &str| Coded::of(words, word, self.form.as_numbers);
        Ok(ServiceRequestResource {
            severity: word(&SEVERITIES, row.severity.as_str()),
            status: word(&STATUSES, row.status.as_str()),
            support_topic_name: Topic::find(&row.topic)
                .map_or("", |topic| topic.name(self.form.language)),
            support_topic_id: row.topic,
            organization: RequestOrganization {
                id: Some(tenant.id.to_string()),
                name: Some(about.name),
                phone_number: None,
            },
            last_updated_by: match &row.updated_by {
                Some(person) => contact(&own, person),
                None => contact(&operator(), &Person::default()),
            },
            primary_contact: contact(&own, &row.contact),
            product_name,
            product_id,
            created_date: row.opened.to_string(),
            last_modified_date: row.modified.to_string(),
            last_closed_date: instant(row.closed),
            notes: notes.map(|notes| notes.into_iter().map(note).collect()),
            country_code: tenant.country.to_string(),
            links: Links::own(match row.customer {
                Some(customer) => format!("/customers/{customer}/servicerequests/{}", row.handle),
                None => format!("/servicerequests/{}", row.handle),
            }),
            id: row.handle,
            title: row.title,
            description: row.description,
            attributes: Attributes::of("ServiceRequest"),
        })
    }

    /// One request, with what was written to it; about a customer where one is named.
    async fn single(
        &self,
        tx: &mut Tx<'_>,
        customer: Option<&Tenant>,
        name: &str,
    ) -> Result<(ServiceRequest, ServiceRequestResource), AppError> {
        let row = service_requests::the_request(tx, &self.partner, &self.sees, name).await?;
        if customer.is_some_and(|customer| row.customer != Some(customer.id)) {
            return Err(AppError::missing(service_requests::REQUEST, name));
        }
        let notes = service_requests::notes(tx, &row).await?;
        let shown = self.show(tx, row.clone(), Some(notes)).await?;
        Ok((row, shown))
    }
}

fn operator() -> RequestOrganization {
    RequestOrganization {
        name: Some(actor::OPERATOR.to_owned()),
        ..RequestOrganization::default()
    }
}

fn contact(organization: &RequestOrganization, person: &Person) -> RequestContact {
    RequestContact {
        organization: Some(organization.clone()),
        person: WireContact::of(person),
    }
}

fn note(note: ServiceNote) -> RequestNote {
    RequestNote {
        created_by_name: Some(note.author),
        created_date: Some(note.created.to_string()),
        text: Some(note.text),
    }
}

/// The product of an item: its id and what it is called. An offer is its own product.
async fn product(
    tx: &mut Tx<'_>,
    item: tierline_domain::id::Id<Item>,
    language: &str,
) -> Result<(String, String), AppError> {
    let listing = tx.look::<Listing>(&[Stored::Id(item.uuid())]).await?;
    if let Some(listing) = listing {
        let key = [Stored::Text(listing.product.clone())];
        if let Some(product) = tx.look::<Product>(&key).await? {
            let title = product.title.in_language(language).to_owned();
            return Ok((product.id.clone(), title));
        }
    }
    let item: Item = names::by_id(tx, item).await?;
    let id = Some(item.catalogue_id).filter(|id| !id.is_empty());
    Ok((id.unwrap_or(item.handle), item.title))
}

/// What a value of a command is called on the wire.
fn member(field: &str) -> String {
    match field {
        "topic" => "supportTopicId".to_owned(),
        "item" => "productId".to_owned(),
        "note" => "newNote.text".to_owned(),
        "contact" => "primaryContact".to_owned(),
        "locale" => "agent-locale".to_owned(),
        "ticket" => "body".to_owned(),
        other => match other.strip_prefix("contact.") {
            Some(member) => format!("primaryContact.{}", people::spelled(member)),
            None => people::spelled(other),
        },
    }
}

/// Does something about a request and shows it afterwards.
async fn perform(
    call: &Call,
    verb: &str,
    params: Map<String, Value>,
) -> Result<ServiceRequestResource, Problem> {
    let done = call.attempt(verb, Value::Object(params)).await;
    let done = done.map_err(|error| match error {
        AppError::Invalid { field, problem } => people::invalid(&member(&field), &problem),
        error => call.problem(error),
    })?;
    let name = done.get("ticket").and_then(Value::as_str);
    let (reader, name) = (Reader::of(call), name.unwrap_or_default().to_owned());
    let found = call.read(move |tx| single(tx, reader.clone(), None, name.clone()));
    found.await.map(|(_, shown)| shown)
}

type Found = (ServiceRequest, ServiceRequestResource);

fn single<'a>(
    tx: &'a mut Tx<'_>,
    reader: Reader,
    customer: Option<Tenant>,
    name: String,
) -> Answer<'a, Found> {
    Box::pin(async move { reader.single(tx, customer.as_ref(), &name).await })
}

async fn create(
    Path(locale): Path<String>,
    call: Call,
) -> Result<(StatusCode, Json<ServiceRequestResource>), Problem> {
    let new: RequestChange = call.body()?;
    let mut params = new.params()?;
    must("title", new.title.as_ref())?;
    must("description", new.description.as_ref())?;
    params.insert(
        "topic".to_owned(),
        json!(must("supportTopicId", new.support_topic_id.as_ref())?),
    );
    if !params.contains_key("severity") {
        return Err(people::invalid("severity", "is missing"));
    }
    if !matches!(new.status()?, None | Some("open")) {
        return Err(people::invalid(
            "status",
            "is open, or left out: a new request is open",
        ));
    }
    if new
        .new_note
        .as_ref()
        .is_some_and(|note| note.text.is_some())
    {
        let text = "is for a request that is open already; use `description`";
        return Err(people::invalid("newNote", text));
    }
    params.insert("locale".to_owned(), json!(locale));
    let organization = new.organization.and_then(|organization| organization.id);
    let own = call.account.tenant.to_string();
    if let Some(tenant) =
        organization.filter(|id| !id.trim().is_empty() && !id.eq_ignore_ascii_case(&own))
    {
        let known = customers::required(&call.server, &call.principal, &tenant).await?;
        params.insert("customer".to_owned(), json!(known.tenant.id));
    }
    params.extend(new.product_id.map(|id| ("item".to_owned(), json!(id))));
    let shown = perform(&call, "open_ticket", params).await?;
    Ok((StatusCode::CREATED, Json(shown)))
}

/// What a request was opened with stays; a client that sends it back unchanged is not told off.
fn settled(change: &RequestChange, shown: &ServiceRequestResource) -> Result<(), Problem> {
    let organization = change.organization.as_ref().and_then(|one| one.id.as_ref());
    for (field, given, kept) in [
        (
            "supportTopicId",
            change.support_topic_id.as_ref(),
            Some(&shown.support_topic_id),
        ),
        (
            "productId",
            change.product_id.as_ref(),
            shown.product_id.as_ref(),
        ),
        (
            "organization.id",
            organization,
            shown.organization.id.as_ref(),
        ),
    ] {
        let same = |given: &String| kept.is_some_and(|kept| given.eq_ignore_ascii_case(kept));
        if given.is_some_and(|given| !given.is_empty() && !same(given)) {
            let text = "stays as it was opened with; leave it out, or open another request";
            return Err(people::invalid(field, text));
        }
    }
    Ok(())
}

async fn change(
    call: Call,
    customer: Option<Tenant>,
    name: String,
) -> Result<Json<ServiceRequestResource>, Problem> {
    let change: RequestChange = call.body()?;
    let mut params = change.params()?;
    let reader = Reader::of(&call);
    let wanted = name.clone();
    let found = call.read(move |tx| single(tx, reader.clone(), customer.clone(), wanted.clone()));
    let (_, shown) = found.await?;
    settled(&change, &shown)?;
    let status = change.status()?;
    params.extend(status.map(|status| ("status".to_owned(), json!(status))));
    let note = change.new_note.and_then(|note| note.text);
    params.extend(note.map(|text| ("note".to_owned(), json!(text))));
    params.insert("ticket".to_owned(), json!(name));
    perform(&call, "update_ticket", params).await.map(Json)
}

async fn update(
    Path(name): Path<String>,
    call: Call,
) -> Result<Json<ServiceRequestResource>, Problem> {
    change(call, None, name).await
}

async fn update_of_customer(
    Path((customer, name)): Path<(String, String)>,
    call: Call,
) -> Result<Json<ServiceRequestResource>, Problem> {
    let known = customers::required(&call.server, &call.principal, &customer).await?;
    change(call, Some(known.tenant), name).await
}

async fn read(
    Path(name): Path<String>,
    call: Call,
) -> Result<Json<ServiceRequestResource>, Problem> {
    let reader = Reader::of(&call);
    let found = call.read(move |tx| single(tx, reader.clone(), None, name.clone()));
    found.await.map(|(_, shown)| Json(shown))
}

async fn read_of_customer(
    Path((customer, name)): Path<(String, String)>,
    call: Call,
) -> Result<Json<ServiceRequestResource>, Problem> {
    let known = customers::required(&call.server, &call.principal, &customer).await?;
    let (reader, tenant) = (Reader::of(&call), known.tenant);
    let found = call.read(move |tx| single(tx, reader.clone(), Some(tenant.clone()), name.clone()));
    found.await.map(|(_, shown)| Json(shown))
}

/// One comparison: a field, and the word that it equals.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Filter {
    field: Option<String>,
    value: Option<Coded>,
    operator: Option<String>,
}

/// The state and the severity that are asked for; empty for any.
fn narrowed(call: &Call) -> Result<[&'static str; 2], Problem> {
    let [mut status, mut severity] = [""; 2];
    if let Some(word) = call.query.get("status") {
        let word = Coded::Word(word.to_owned()).read("status", &STATUSES)?;
        status = word.unwrap_or_default();
    }
    let Some(text) = call.query.get("filter") else {
        return Ok([status, severity]);
    };
    let problem = "is one JSON object: Field Status or Severity, Operator equals, and a Value";
    let wrong = || Problem::malformed("filter", problem);
    let filter: Filter = body::read(text.as_bytes()).map_err(|_| wrong())?;
    let word = |text: Option<&String>| text.map(|text| body::word(text)).unwrap_or_default();
    if !matches!(word(filter.operator.as_ref()).as_str(), "" | "equals") {
        return Err(wrong());
    }
    let value = filter.value.ok_or_else(wrong)?;
    match word(filter.field.as_ref()).as_str() {
        "status" => status = value.read("filter.Value", &STATUSES)?.unwrap_or_default(),
        "severity" => severity = value.read("filter.Value", &SEVERITIES)?.unwrap_or_default(),
        _ => return Err(wrong()),
    }
    Ok([status, severity])
}

async fn list(call: Call) -> Result<Json<Collection<ServiceRequestResource>>, Problem> {
    let page = Page::of(&call, PAGE_MAX)?;
    let narrowed = narrowed(&call)?;
    let reader = Reader::of(&call);
    let mut key = vec![Stored::Id(reader.partner.id.uuid())];
    key.extend(reader.sees.values());
    key.extend(narrowed.map(|word| Stored::Text(word.to_owned())));
    key.extend(part(page));
    let found = listed(&call, reader, rows::OF_PARTNER, key).await?;
    let query: Vec<String> = ["status", "filter"]
        .iter()
        .filter_map(|name| {
            let value = call.query.get(name)?;
            Some(format!("{name}={}", customers::escaped(value)))
        })
        .collect();
    let mut path = "/servicerequests".to_owned();
    if !query.is_empty() {
        path = format!("{path}?{}", query.join("&"));
    }
    Ok(Json(page.collection(found, &path)))
}

async fn list_of_customer(
    Path(customer): Path<String>,
    call: Call,
) -> Result<Json<Collection<ServiceRequestResource>>, Problem> {
    let page = Page::of(&call, PAGE_MAX)?;
    let known = customers::required(&call.server, &call.principal, &customer).await?;
    let tenant = known.tenant.id;
    let mut reader = Reader::of(&call);
    reader.form.as_numbers = true;
    let mut key = vec![Stored::Id(reader.partner.id.uuid())];
    key.extend(reader.sees.values());
    key.push(Stored::Id(tenant.uuid()));
    key.extend(part(page));
    let found = listed(&call, reader, rows::OF_CUSTOMER, key).await?;
    let path = format!("/customers/{tenant}/servicerequests");
    Ok(Json(page.collection(found, &path)))
}

/// The requests that a statement finds, without what was written to them.
async fn listed(
    call: &Call,
    reader: Reader,
    statement: Statement,
    key: Vec<Stored>,
) -> Result<Vec<ServiceRequestResource>, Problem> {
    call.read(move |tx| {
        let (reader, key) = (reader.clone(), key.clone());
        Box::pin(async move {
            let mut shown = Vec::new();
            for row in tx.scan::<ServiceRequest>(statement, &key).await? {
                shown.push(reader.show(tx, row, None).await?);
            }
            Ok(shown)
        })
    })
    .await
}

/// What requests are filed under.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SupportTopic {
    id: &'static str,
    name: &'static str,
    /// What requests of it are about, as `open_ticket` has it.
    description: &'static str,
    attributes: Attributes,
}

async fn list_topics(call: Call) -> Json<Collection<SupportTopic>> {
    let language = call.principal.lang.code();
    let topics = TOPICS.iter().map(|topic| SupportTopic {
        id: topic.id,
        name: topic.name(language),
        description: topic.about.as_str(),
        attributes: Attributes::of("SupportTopic"),
    });
    let own = "/servicerequests/supporttopics";
    Json(Collection::whole(topics.collect(), own))
}

/// A service that a customer uses.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ManagedService {
    id: String,
    name: String,
    group_name: String,
    /// `adminService`, `serviceHealth` and `serviceTicket`: pages of this server.
    links: Links,
    attributes: Attributes,
}

async fn list_services(
    Path(customer): Path<String>,
    call: Call,
) -> Result<Json<Collection<ManagedService>>, Problem> {
    let known = role_required(&call, &customer, access::ANY_TASK).await?;
    let tenant = known.tenant.clone();
    let base = discovery::base(&call.server, &call.headers);
    let language = call.principal.lang.code();
    let found = call.read(move |tx| {
        let (tenant, base) = (tenant.clone(), base.clone());
        Box::pin(async move {
            let mut services: Vec<ManagedService> = Vec::new();
            for stock in licences::stock(tx, &tenant).await? {
                let (_, group_name) = product(tx, stock.item.id, language).await?;
                for service in stock.terms.services {
                    if services.iter().any(|known| known.id == service.name) {
                        continue;
                    }
                    let page = |place: &str| Link::get(format!("{base}{place}"));
                    services.push(ManagedService {
                        id: service.name,
                        name: service.title,
                        group_name: group_name.clone(),
                        links: Links::default()
                            .with(
                                "adminService",
                                page(&format!("/portal/customers/{}", tenant.handle)),
                            )
                            .with("serviceHealth", page("/healthz"))
                            .with("serviceTicket", page("/portal/support")),
                        attributes: Attributes::of("ManagedService"),
                    });
                }
            }
            Ok(services)
        })
    });
    let own = format!("/customers/{}/managedservices", known.tenant.id);
    Ok(Json(Collection::whole(found.await?, own)))
}

//! The partner agreement's status, agreement templates and their texts, and customers' acceptances.

use axum::extract::{Path, RawQuery};
use axum::response::{Html, IntoResponse, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tierline_app::AppError;
use tierline_app::act::Act;
use tierline_app::ctx::Ids;
use tierline_app::profiles::{culture, language_faults};
use tierline_app::world::{CLOUD_TEMPLATE, CUSTOMER_TEMPLATE};
use tierline_domain::customer::{AcceptedBy, Attestation};
use tierline_domain::place::Country;
use tierline_domain::time::{Date, Timestamp};
use tierline_rules::countries;
use tierline_store::{Value as Stored, tables};
use utoipa::ToSchema;
use uuid::Uuid;

use super::customers::{self, Known};
use super::discovery::base;
use crate::answer::Json;
use crate::call::Call;
use crate::problem::Problem;
use crate::route::{self, Access, Route};
use crate::wire::envelope::Collection;
use crate::wire::people::{WireContact, invalid, must, spelled};
use crate::wire::query::Query;

pub(super) fn routes() -> Vec<Route> {
    let by_type =
        "MicrosoftCloudAgreement, MicrosoftCustomerAgreement, or * for all; the first without it.";
    vec![
        route::get(
            "/v1/compliance/{program-name}/agreementstatus",
            "Whether a reseller has accepted the partner agreement.",
            status,
        )
        .query("mpnId", "The reseller's PartnerID; or else `tenantId`.")
        .query("tenantId", "The reseller's tenant; or else `mpnId`.")
        .answers::<AgreementStatus>(StatusCode::OK)
        .shows(
            "mpa-agreement-status-get",
            "agreements.rs every_refusal_of_the_status_query_has_its_code",
        ),
        route::get("/v1/agreements", "Agreement templates.", metadata)
            .query("agreementType", by_type)
            .answers::<Collection<AgreementMetaData>>(StatusCode::OK)
            .shows(
                "agreement-metadata-list",
                "agreements.rs templates_are_listed_by_type_and_have_a_page",
            )
            .shows(
                "agreement-metadata-list-by-type",
                "agreements.rs templates_are_listed_by_type_and_have_a_page",
            ),
        route::get(
            "/v1/agreementtemplates/{agreement-template-id}/document",
            "Where a template's text is read and loaded down.",
            document,
        )
        .query(
            "language",
            "Language and country of the text, such as en-US.",
        )
        .query("country", "The customer's country.")
        .answers::<AgreementDocument>(StatusCode::OK)
        .shows(
            "agreement-template-document-get",
            "agreements.rs templates_are_listed_by_type_and_have_a_page",
        ),
        route::get(
            "/v1/customers/{customer-id}/agreements",
            "The customer's acceptances.",
            list,
        )
        .query("agreementType", by_type)
        .answers::<Collection<Agreement>>(StatusCode::OK)
        .shows(
            "customer-agreements-list",
            "agreements.rs acceptances_are_listed_by_type",
        )
        .shows(
            "customer-agreements-list-by-type",
            "agreements.rs acceptances_are_listed_by_type",
        ),
        route::post(
            "/v1/customers/{customer-id}/agreements",
            "Confirm the customer's acceptance.",
            confirm,
        )
        .takes::<Confirmation>()
        .answers::<Agreement>(StatusCode::CREATED)
        .shows(
            "customer-agreements-create",
            "agreements.rs the_same_contact_confirms_once",
        ),
        route::get(
            "/v1/customers/{customer-id}/directSignedMicrosoftCustomerAgreementStatus",
            "Whether the customer accepted itself.",
            direct_sign,
        )
        .answers::<DirectSignStatus>(StatusCode::OK)
        .shows(
            "customer-direct-sign-status-get",
            "agreements.rs a_customer_that_accepted_itself_has_signed_directly",
        ),
        route::get(
            PAGES,
            "The text of an agreement template, as a page.",
            template_page,
        )
        .access(Access::Open)
        .query("language", "Language and country of the text.")
        .query("country", "The customer's country.")
        .query("download", "true, to load it down.")
        .answers_plain(StatusCode::OK),
    ]
}

/// Where the texts of templates are.
const PAGES: &str = "/documents/agreements/{template}";

/// An agreement that customers accept.
struct Template {
    name: &'static str,
    /// As the wire calls it.
    kind: &'static str,
    title: &'static str,
    text: &'static str,
}

/// What customers accept, and what they accepted before.
const TEMPLATES: [Template; 2] = [
    Template {
        name: CLOUD_TEMPLATE,
        kind: "MicrosoftCloudAgreement",
        title: "Cloud agreement (replaced)",
        text: "This agreement was accepted by customers before the customer agreement took its place. Acceptances on \
               record stay readable; they no longer permit a purchase, and none is recorded any more.",
    },
    Template {
        name: CUSTOMER_TEMPLATE,
        kind: "MicrosoftCustomerAgreement",
        title: "Customer agreement",
        text: "Between the customer and the operator of this program. The customer buys through a partner, uses what \
               it bought as the terms of each product say, and keeps its own data its own. The partner sells, bills \
               and supports; the operator provides the services. This is the sample text of a tierline program: an \
               operator puts its own in its place.",
    },
];

impl Template {
    fn id(&self) -> String {
        Ids::named("template", self.name, Timestamp::EPOCH)
            .uuid()
            .to_string()
    }

    fn by_id(id: &str) -> Option<&'static Self> {
        TEMPLATES
            .iter()
            .find(|template| template.id().eq_ignore_ascii_case(id.trim()))
    }

    fn by_name(name: &str) -> &'static Self {
        let [cloud, customer] = &TEMPLATES;
        if name == cloud.name { cloud } else { customer }
    }

    fn page(&self, origin: &str) -> String {
        format!("{origin}{}", PAGES.replace("{template}", &self.id()))
    }
}

/// The templates that a query asks for; the older one where it says nothing, as the documentation has it.
fn wanted(query: &Query) -> Result<Vec<&'static Template>, Problem> {
    let [cloud, customer] = &TEMPLATES;
    match query.get("agreementtype") {
        None => Ok(vec![cloud]),
        Some("*") => Ok(vec![cloud, customer]),
        Some(kind) => TEMPLATES
            .iter()
            .find(|template| template.kind.eq_ignore_ascii_case(kind))
            .map(|template| vec![template])
            .ok_or_else(|| {
                Problem::malformed("agreementType", &format!("`{kind}` is no agreement type"))
            }),
    }
}

/// Whether a reseller has accepted the partner agreement.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AgreementStatus {
    is_agreement_signed: bool,
}

/// Whether a reseller has accepted the partner agreement (AGR-012 to AGR-018).
async fn status(Path(program): Path<String>, call: Call) -> Result<Json<AgreementStatus>, Problem> {
    if program != "csp" {
        return Err(Problem::not_found(&format!("program {program}")));
    }
    let partner_id = call.query.get("mpnid").or(call.query.get("partnerid"));
    let mut params = json!({});
    if let Some(map) = params.as_object_mut() {
        map.extend(partner_id.map(|id| ("partner_id".to_owned(), json!(id))));
        let tenant = call.query.get("tenantid");
        map.extend(tenant.map(|id| ("tenant".to_owned(), json!(id))));
    }
    let (app, actor) = (call.server.app(), call.principal.actor());
    let act = Act {
        actor: actor.clone(),
        ..Act::of("", "agreement_status", params)
    };
    let result = app
        .perform(app.ctx(actor), act, None)
        .await
        .map_err(|error| call.problem(error))?;
    let signed = result.get("is_agreement_signed").and_then(Value::as_bool);
    Ok(Json(AgreementStatus {
        is_agreement_signed: signed.unwrap_or(false),
    }))
}

/// An agreement template.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AgreementMetaData {
    template_id: String,
    agreement_type: &'static str,
    agreement_link: String,
    version_rank: u32,
}

async fn metadata(call: Call) -> Result<Json<Collection<AgreementMetaData>>, Problem> {
    let origin = base(&call.server, &call.headers);
    let path = match call.query.get("agreementtype") {
        Some(kind) => format!("/agreements?agreementType={kind}"),
        None => "/agreements".to_owned(),
    };
    let found = Collection::whole(wanted(&call.query)?, path);
    Ok(Json(found.map(|template| AgreementMetaData {
        template_id: template.id(),
        agreement_type: template.kind,
        agreement_link: template.page(&origin),
        version_rank: 0,
    })))
}

/// Where a template's text is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AgreementDocument {
    display_uri: String,
    download_uri: String,
    language: String,
    country: String,
}

async fn document(
    Path(template): Path<String>,
    call: Call,
) -> Result<Json<AgreementDocument>, Problem> {
    let template = Template::by_id(&template)
        .ok_or_else(|| Problem::not_found(&format!("agreement template {template}")))?;
    let language = culture(call.query.get("language").unwrap_or("en-US"));
    let short = language.split('-').next().unwrap_or_default();
    let as_culture = if language.contains('-') {
        language.clone()
    } else {
        format!("{language}-US")
    };
    if !language_faults(short, &as_culture).is_empty() {
        return Err(Problem::malformed(
            "language",
            "is a language and a country, such as `en-US`",
        ));
    }
    let country = match call.query.get("country") {
        Some(code) => code
            .parse::<Country>()
            .ok()
            .filter(|country| countries::of(*country).is_some())
            .ok_or_else(|| {
                Problem::malformed("country", &format!("`{code}` is no country of the program"))
            })?,
        None => call.account.country,
    };
    let page = format!(
        "{}?language={language}&country={country}",
        template.page(&base(&call.server, &call.headers))
    );
    Ok(Json(AgreementDocument {
        download_uri: format!("{page}&download=true"),
        display_uri: page,
        language,
        country: country.to_string(),
    }))
}

/// The page that the links lead to.
async fn template_page(Path(template): Path<String>, RawQuery(raw): RawQuery) -> Response {
    let Some(template) = Template::by_id(&template) else {
        return Problem::not_found("the agreement template").into_response();
    };
    let query = Query::read(raw.as_deref());
    let country = query
        .get("country")
        .and_then(|code| code.parse::<Country>().ok())
        .map_or_else(String::new, |country| {
            format!(" for customers in {country}")
        });
    let (title, text, id) = (template.title, template.text, template.id());
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title><h1>{title}</h1>\
         <p>Template {id}{country}.</p><p>{text}</p></html>"
    );
    let mut response = Html(page).into_response();
    if query.flag("download")
        && let Ok(value) = format!("attachment; filename=\"{}.html\"", template.name).parse()
    {
        response
            .headers_mut()
            .insert(http::header::CONTENT_DISPOSITION, value);
    }
    response
}

/// A customer's acceptance.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Agreement {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    user_id: Option<String>,
    primary_contact: WireContact,
    template_id: String,
    date_agreed: String,
    r#type: &'static str,
    #[serde(rename = "agreementLink")]
    link: String,
}

impl Agreement {
    fn of(row: Attestation, origin: &str) -> Self {
        let template = Template::by_name(&row.template);
        Self {
            user_id: None,
            primary_contact: WireContact {
                first_name: Some(row.first_name),
                middle_name: None,
                last_name: Some(row.last_name),
                email: Some(row.email),
                phone_number: row.phone,
            },
            template_id: template.id(),
            date_agreed: format!("{}T00:00:00Z", row.agreed),
            r#type: template.kind,
            link: template.page(origin),
        }
    }
}

/// The acceptances that count for the caller: its own attestations, and the customer's own word (AGR-028).
async fn evidence(call: &Call, known: &Known) -> Result<Vec<Attestation>, Problem> {
    let (customer, partner) = (known.tenant.id.uuid(), call.account.id);
    let all = call
        .read(move |tx| {
            Box::pin(async move {
                let statement = tables::attestations::BY_CUSTOMER;
                Ok(tx
                    .find::<Attestation>(statement, &[Stored::Id(customer)])
                    .await?)
            })
        })
        .await?;
    Ok(all
        .into_iter()
        .filter(|row| row.partner.is_none_or(|by| by == partner))
        .collect())
}

async fn list(
    Path(customer): Path<String>,
    call: Call,
) -> Result<Json<Collection<Agreement>>, Problem> {
    let known = customers::required(&call.server, &call.principal, &customer).await?;
    let wanted = wanted(&call.query)?;
    let mut rows = evidence(&call, &known).await?;
    rows.retain(|row| {
        let kind = Template::by_name(&row.template).kind;
        wanted.iter().any(|template| template.kind == kind)
    });
    let origin = base(&call.server, &call.headers);
    let path = format!("/customers/{}/agreements", known.tenant.id);
    Ok(Json(
        Collection::whole(rows, path).map(|row| Agreement::of(row, &origin)),
    ))
}

/// A customer's acceptance as the partner confirms it.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
struct Confirmation {
    primary_contact: WireContact,
    template_id: Option<String>,
    date_agreed: Option<String>,
    r#type: Option<String>,
}

async fn confirm(Path(customer): Path<String>, call: Call) -> Result<Response, Problem> {
    customers::required(&call.server, &call.principal, &customer).await?;
    let given: Confirmation = call.body()?;
    let template = Template::by_name(CUSTOMER_TEMPLATE);
    let kind = must("type", given.r#type.as_ref())?;
    if !TEMPLATES
        .iter()
        .any(|template| template.kind.eq_ignore_ascii_case(&kind))
    {
        return Err(invalid("type", &format!("`{kind}` is no agreement type")));
    }
    let date = must("dateAgreed", given.date_agreed.as_ref())?;
    let day = date
        .get(..10)
        .filter(|day| day.parse::<Date>().is_ok())
        .ok_or_else(|| invalid("dateAgreed", "is no date, such as 2026-01-15T00:00:00Z"))?;
    let template_id = must("templateId", given.template_id.as_ref())?;
    if Uuid::try_parse(template_id.trim()).is_err() {
        let text = format!("`{template_id}` is no GUID; GET /v1/agreements names the templates");
        return Err(invalid("templateId", &text));
    }
    // Neither another template nor the agreement that was replaced fits a customer (AGR-029).
    let right = kind.eq_ignore_ascii_case(template.kind)
        && template_id.eq_ignore_ascii_case(&template.id());
    let contact = given.primary_contact.read();
    if let Some((field, problem)) = contact_fault(&given.primary_contact) {
        return Err(invalid(&format!("primaryContact.{field}"), problem));
    }
    let params = json!({
        "customer": customer,
        "contact": {
            "first_name": contact.first_name,
            "last_name": contact.last_name,
            "email": contact.email.unwrap_or_default(),
            "phone": contact.phone,
        },
        "date": day,
        "template": if right { "right" } else { "wrong_audience" },
    });
    match call.attempt("attest", params).await {
        Ok(_) => {}
        Err(AppError::Invalid { field, problem }) => {
            return Err(invalid(&spelled(&field), &problem));
        }
        Err(error) => return Err(call.problem(error)),
    }
    let user_id = call.principal.claims.oid.map(|id| id.to_string());
    let shown = Agreement {
        user_id,
        primary_contact: given.primary_contact,
        template_id: template.id(),
        date_agreed: date,
        r#type: template.kind,
        link: template.page(&base(&call.server, &call.headers)),
    };
    Ok((StatusCode::CREATED, Json(shown)).into_response())
}

/// What a contact lacks, named as the wire spells it (AGR-023).
fn contact_fault(contact: &WireContact) -> Option<(&'static str, &'static str)> {
    let blank = |text: &Option<String>| text.as_deref().is_none_or(|text| text.trim().is_empty());
    let unsound = |text: &Option<String>| {
        text.as_deref()
            .is_none_or(|text| tierline_rules::names::mail_domain(text.trim()).is_none())
    };
    [
        (blank(&contact.first_name), ("firstName", "is missing")),
        (blank(&contact.last_name), ("lastName", "is missing")),
        (
            unsound(&contact.email),
            ("email", "is missing, or no mail address"),
        ),
    ]
    .into_iter()
    .find(|(bad, _)| *bad)
    .map(|(_, fault)| fault)
}

/// Whether the customer accepted itself.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct DirectSignStatus {
    is_signed: bool,
}

async fn direct_sign(
    Path(customer): Path<String>,
    call: Call,
) -> Result<Json<DirectSignStatus>, Problem> {
    let known = customers::required(&call.server, &call.principal, &customer).await?;
    let rows = evidence(&call, &known).await?;
    Ok(Json(DirectSignStatus {
        is_signed: rows
            .iter()
            .any(|row| row.accepted_by == AcceptedBy::Customer),
    }))
}

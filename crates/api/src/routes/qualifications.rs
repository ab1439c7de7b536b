//! Special qualifications of customers, and the codes that give one.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tierline_app::qualifications;
use tierline_domain::customer::Qualification;
use tierline_domain::time::Timestamp;
use tierline_domain::vetting::{EducationSegment, Special};
use tierline_store::tables::{QualificationRequest, ValidationCode};
use tierline_store::{Value as Stored, tables};
use utoipa::ToSchema;

use super::customers;
use crate::answer::Json;
use crate::call::Call;
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::wire::body;
use crate::wire::people::{invalid, must};

pub(super) fn routes() -> Vec<Route> {
    vec![
        route::get(
            "/v1/customers/{customer-id}/qualifications",
            "The customer's special qualifications.",
            list,
        )
        .answers::<Vec<QualificationAnswer>>(StatusCode::OK)
        .shows(
            "customer-qualifications-list",
            "customer_records.rs education_is_in_review_until_it_is_decided",
        ),
        route::post(
            "/v1/customers/{customer-id}/qualifications",
            "Ask for a special qualification; education is verified first.",
            create,
        )
        .query(
            "code",
            "The validation code; or else `validationCode` of the body.",
        )
        .takes::<NewQualification>()
        .answers::<QualificationAnswer>(StatusCode::CREATED)
        .shows(
            "customer-qualifications-create",
            "customer_records.rs education_is_in_review_until_it_is_decided",
        ),
        route::get(
            "/v1/customers/all/validations",
            "The caller's validation codes.",
            codes,
        )
        .answers::<Vec<ValidationCodeAnswer>>(StatusCode::OK)
        .shows(
            "validation-codes-list",
            "customer_records.rs a_validation_code_is_counted_down",
        ),
    ]
}

/// A special qualification and how far its verification is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct QualificationAnswer {
    qualification: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    education_segment: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    website: Option<String>,
    vetting_status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    vetting_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>, format = DateTime)]
    vetting_created_date: Option<Timestamp>,
    /// The same, as the answer to a request spells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>, format = DateTime)]
    vetting_create_date: Option<Timestamp>,
}

const fn special_word(special: Special) -> &'static str {
    match special {
        Special::Education => "Education",
        Special::GovernmentCommunityCloud => "GovernmentCommunityCloud",
        Special::StateOwned => "StateOwnedEntity",
    }
}

impl QualificationAnswer {
    fn of(row: QualificationRequest) -> Self {
        let segment = row.segment.map(|segment| match segment {
            EducationSegment::Schools => "K12",
            EducationSegment::Universities => "HigherEducation",
        });
        Self {
            qualification: special_word(row.special),
            education_segment: segment,
            website: row.website,
            vetting_status: match row.state {
                Qualification::Approved => "Approved",
                Qualification::InReview => "InReview",
                Qualification::Denied => "Denied",
            },
            vetting_reason: row.reason,
            vetting_created_date: (row.created > Timestamp::EPOCH).then_some(row.created),
            vetting_create_date: None,
        }
    }
}

async fn rows(call: &Call, customer: &str) -> Result<Vec<QualificationRequest>, Problem> {
    let known = customers::required(&call.server, &call.principal, customer).await?;
    let (tenant, account) = (known.tenant, call.account.clone());
    call.read(move |tx| {
        let (tenant, account) = (tenant.clone(), account.clone());
        Box::pin(async move { qualifications::of_customer(tx, &tenant, &account).await })
    })
    .await
}

async fn list(
    Path(customer): Path<String>,
    call: Call,
) -> Result<Json<Vec<QualificationAnswer>>, Problem> {
    let rows = rows(&call, &customer).await?;
    Ok(Json(
        rows.into_iter().map(QualificationAnswer::of).collect(),
    ))
}

/// A qualification that is asked for.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
struct NewQualification {
    qualification: Option<String>,
    education_segment: Option<String>,
    website: Option<String>,
    validation_code: Option<String>,
}

/// The body: an object, or the bare word that a released client sends.
fn asked(call: &Call) -> Result<NewQualification, Problem> {
    let bare: Result<String, _> = serde_json::from_slice(call.bytes());
    match bare {
        Ok(word) => Ok(NewQualification {
            qualification: Some(word),
            ..NewQualification::default()
        }),
        Err(_) => call.body(),
    }
}

/// A qualification in our words. What cannot be set is refused by its rule (CUS-024), what does not exist here.
fn special(word: &str) -> Result<&'static str, Problem> {
    match body::word(word).replace('_', "").as_str() {
        "education" => Ok("education"),
        "governmentcommunitycloud" => Ok("government_community_cloud"),
        "stateownedentity" => Ok("state_owned"),
        "nonprofit" => Ok("nonprofit"),
        "none" => Ok("none"),
        _ => Err(invalid(
            "qualification",
            &format!(
                "`{word}` is none of Education, GovernmentCommunityCloud and StateOwnedEntity"
            ),
        )),
    }
}

fn segment(word: &str) -> Result<EducationSegment, Problem> {
    match body::word(word).replace('_', "").as_str() {
        "k12" => Ok(EducationSegment::Schools),
        "highereducation" => Ok(EducationSegment::Universities),
        _ => Err(invalid(
            "educationSegment",
            &format!("`{word}` is none of K12 and HigherEducation"),
        )),
    }
}

async fn create(Path(customer): Path<String>, call: Call) -> Result<Response, Problem> {
    customers::required(&call.server, &call.principal, &customer).await?;
    let new = asked(&call)?;
    let value = special(&must("qualification", new.qualification.as_ref())?)?;
    let given = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
    let kind = given(&new.education_segment)
        .map(|word| segment(&word))
        .transpose()?;
    let website = given(&new.website).map(|site| site.trim().to_owned());
    if website
        .as_ref()
        .is_some_and(|site| site.contains(char::is_whitespace) || !site.contains('.'))
    {
        return Err(invalid("website", "is no address of a page"));
    }
    let code = call.query.get("code").map(str::to_owned);
    let code = given(&new.validation_code).or(code);
    let params = json!({
        "customer": customer,
        "value": value,
        "validation_code": "none",
        "code": code.filter(|_| value == "government_community_cloud"),
        "segment": kind.map(|kind| kind.to_string()),
        "website": website,
    });
    call.perform("set_qualification", params).await?;
    let newest = rows(&call, &customer).await?.pop();
    let newest = newest.ok_or_else(|| Problem::not_found("the qualification"))?;
    let mut answer = QualificationAnswer::of(newest);
    answer.vetting_create_date = answer.vetting_created_date;
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

/// A code with which the caller qualifies customers of the government community cloud.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ValidationCodeAnswer {
    partner_id: String,
    organization_name: String,
    validation_id: String,
    max_creates: i64,
    remaining_creates: i64,
    e_tag: String,
}

async fn codes(call: Call) -> Result<Json<Vec<ValidationCodeAnswer>>, Problem> {
    let partner = call.account.id.uuid();
    let codes = call
        .read(move |tx| {
            Box::pin(async move {
                let statement = tables::validation_codes::BY_PARTNER;
                let key = [Stored::Id(partner)];
                Ok(tx.find::<ValidationCode>(statement, &key).await?)
            })
        })
        .await?;
    let tenant = call.account.tenant;
    Ok(Json(
        codes
            .into_iter()
            .map(|code| ValidationCodeAnswer {
                partner_id: tenant.to_string(),
                organization_name: code.organization,
                validation_id: code.code,
                max_creates: code.most,
                remaining_creates: code.remaining,
                e_tag: format!(
                    "W/\"datetime'{}'\"",
                    code.changed.to_string().replace(':', "%3A")
                ),
            })
            .collect(),
    ))
}

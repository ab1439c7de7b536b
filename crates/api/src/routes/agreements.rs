//! The partner agreement's status, and customers' acceptances.

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
use tierline_app::world::CUSTOMER_TEMPLATE;
use tierline_app::{AppError, names};
use tierline_domain::customer::{AcceptedBy, Attestation};
use tierline_domain::partner::{Account, Tenant};
use tierline_store::{Tx, Value as Stored, tables};

use super::customers;
use crate::auth::Principal;
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::server::Server;
use crate::wire::{body, path};

pub(super) fn routes() -> Vec<Route> {
    vec![
        route::get(
            "/v1/compliance/{program-name}/agreementstatus",
            "Whether a reseller has accepted the partner agreement.",
            status,
        )
        .query("mpnId", "The reseller's PartnerID; or else `tenantId`.")
        .query("tenantId", "The reseller's tenant; or else `mpnId`."),
        route::get("/v1/agreements", "Agreement templates.", metadata)
            .query("agreementType", "Only those of one type."),
        route::get(
            "/v1/customers/{customer-id}/agreements",
            "The customer's acceptances.",
            list,
        )
        .query("agreementType", "Only those of one type."),
        route::post(
            "/v1/customers/{customer-id}/agreements",
            "Confirm the customer's acceptance.",
            confirm,
        ),
        route::get(
            "/v1/customers/{customer-id}/directSignedMicrosoftCustomerAgreementStatus",
            "Whether the customer accepted itself.",
            direct_sign,
        ),
    ]
}

/// The one agreement that customers accept in this profile.
const TYPE: &str = "MicrosoftCustomerAgreement";

fn template_id() -> String {
    tierline_app::ctx::Ids::named(
        "template",
        CUSTOMER_TEMPLATE,
        tierline_domain::time::Timestamp::EPOCH,
    )
    .uuid()
    .to_string()
}

fn agreement_link() -> String {
    format!("/agreementtemplates/{}/document", template_id())
}

fn wanted_type(query: Option<&str>) -> Result<bool, Problem> {
    let query = path::query(query);
    match query
        .iter()
        .find(|(key, value)| key == "agreementtype" && !value.is_empty())
    {
        None => Ok(true),
        Some((_, kind)) if kind == "*" || kind.eq_ignore_ascii_case(TYPE) => Ok(true),
        Some((_, kind)) if kind.eq_ignore_ascii_case("MicrosoftCloudAgreement") => Ok(false),
        Some((_, kind)) => Err(Problem::malformed(
            "agreementType",
            &format!("`{kind}` is no agreement type"),
        )),
    }
}

/// Whether a reseller has accepted the partner agreement (AGR-012 to AGR-018).
pub(super) async fn status(
    State(server): State<Server>,
    principal: Principal,
    Path(program): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Problem> {
    principal.user_required()?;
    if program != "csp" {
        return Err(Problem::not_found(&format!("program {program}")));
    }
    let query = path::query(query.as_deref());
    let given = |name: &str| {
        query
            .iter()
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.clone())
    };
    let mut params = json!({});
    if let Some(map) = params.as_object_mut() {
        map.extend(
            given("mpnid")
                .or_else(|| given("partnerid"))
                .map(|id| ("partner_id".to_owned(), json!(id))),
        );
        map.extend(given("tenantid").map(|id| ("tenant".to_owned(), json!(id))));
    }
    let act = Act {
        actor: principal.actor(),
        ..Act::of("", "agreement_status", params)
    };
    let ctx = server.app().ctx(principal.actor());
    let result = server
        .app()
        .perform(ctx, act, None)
        .await
        .map_err(|error| Problem::of(error, principal.lang))?;
    Ok(Json(
        json!({ "isAgreementSigned": result.get("is_agreement_signed").and_then(Value::as_bool).unwrap_or(false) }),
    ))
}

pub(super) async fn metadata(
    principal: Principal,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Problem> {
    principal.user_required()?;
    principal.api_partner()?;
    let items: Vec<Value> = if wanted_type(query.as_deref())? {
        vec![
            json!({ "templateId": template_id(), "agreementType": TYPE, "agreementLink": agreement_link(), "versionRank": 0 }),
        ]
    } else {
        Vec::new()
    };
    Ok(Json(
        json!({ "totalCount": items.len(), "items": items, "attributes": { "objectType": "Collection" } }),
    ))
}

async fn evidence(
    tx: &mut Tx<'_>,
    customer: Tenant,
    partner: Account,
) -> Result<Vec<Attestation>, AppError> {
    let all = tx
        .find::<Attestation>(
            tables::attestations::BY_CUSTOMER,
            &[Stored::Id(customer.id.uuid())],
        )
        .await?;
    Ok(all
        .into_iter()
        .filter(|row| row.partner.is_none_or(|by| by == partner.id))
        .collect())
}

fn shown(row: &Attestation) -> Value {
    let mut contact =
        json!({ "firstName": row.first_name, "lastName": row.last_name, "email": row.email });
    if let (Some(map), Some(phone)) = (contact.as_object_mut(), &row.phone) {
        map.insert("phoneNumber".to_owned(), json!(phone));
    }
    json!({
        "primaryContact": contact,
        "templateId": template_id(),
        "dateAgreed": format!("{}T00:00:00Z", row.agreed),
        "type": TYPE,
        "agreementLink": agreement_link(),
    })
}

pub(super) async fn list(
    State(server): State<Server>,
    principal: Principal,
    Path(customer): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Problem> {
    principal.user_required()?;
    let known = customers::required(&server, &principal, &customer).await?;
    let partner = principal.api_partner()?.clone();
    let rows = server
        .app()
        .read(ask(move |tx| {
            Box::pin(evidence(tx, known.tenant.clone(), partner.clone()))
        }))
        .await;
    let rows = rows.map_err(|error| Problem::of(error, principal.lang))?;
    let items: Vec<Value> = if wanted_type(query.as_deref())? {
        rows.iter().map(shown).collect()
    } else {
        Vec::new()
    };
    Ok(Json(
        json!({ "totalCount": items.len(), "items": items, "attributes": { "objectType": "Collection" } }),
    ))
}

/// A customer's acceptance as the partner confirms it.
#[derive(Debug, Deserialize)]
struct Confirmation {
    #[serde(default)]
    primarycontact: Contact,
    templateid: Option<String>,
    dateagreed: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Contact {
    firstname: Option<String>,
    lastname: Option<String>,
    email: Option<String>,
    phonenumber: Option<String>,
}

pub(super) async fn confirm(
    State(server): State<Server>,
    principal: Principal,
    Path(customer): Path<String>,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let account = principal.partner()?;
    let given: Confirmation = body::read(&bytes)?;
    let invalid = |field: &str, problem: &str| {
        Problem::documented(
            StatusCode::BAD_REQUEST,
            3000,
            &format!("{field}: {problem}"),
        )
    };
    if given
        .kind
        .as_deref()
        .is_some_and(|kind| !kind.eq_ignore_ascii_case(TYPE))
    {
        return Err(invalid(
            "type",
            "is no agreement type that is confirmed here",
        ));
    }
    let date = given
        .dateagreed
        .as_deref()
        .ok_or_else(|| invalid("dateAgreed", "is missing"))?;
    let day = date
        .get(..10)
        .filter(|day| day.parse::<tierline_domain::time::Date>().is_ok())
        .ok_or_else(|| invalid("dateAgreed", "is no date"))?;
    let right = given
        .templateid
        .as_deref()
        .is_some_and(|id| id.eq_ignore_ascii_case(&template_id()));
    let contact = &given.primarycontact;
    let params = json!({
        "customer": customer,
        "contact": { "first_name": contact.firstname.clone().unwrap_or_default(), "last_name": contact.lastname.clone().unwrap_or_default(), "email": contact.email.clone().unwrap_or_default() },
        "date": day,
        "template": if right { "right" } else { "wrong_audience" },
    });
    let path = format!("/v1/customers/{customer}/agreements");
    let key = principal
        .request_id
        .as_deref()
        .map(|id| request_key(account.tenant.uuid(), id, "POST", &path, &bytes));
    let act = Act {
        actor: principal.actor(),
        ..Act::of("", "attest", params)
    };
    let ctx = server.app().ctx(principal.actor());
    match server.app().perform(ctx, act, key).await {
        Ok(_) => {}
        Err(AppError::NotFound { .. }) => {
            return Err(Problem::no_customer(&account.handle, &customer));
        }
        Err(error) => return Err(Problem::of(error, principal.lang)),
    }
    let mut shown = json!({
        "primaryContact": { "firstName": contact.firstname, "lastName": contact.lastname, "email": contact.email },
        "templateId": template_id(),
        "dateAgreed": date,
        "type": TYPE,
        "agreementLink": agreement_link(),
    });
    if let Some(map) = shown.as_object_mut() {
        map.extend(
            principal
                .claims
                .oid
                .map(|id| ("userId".to_owned(), json!(id))),
        );
        if let (Some(phone), Some(primary)) = (
            &contact.phonenumber,
            map.get_mut("primaryContact").and_then(Value::as_object_mut),
        ) {
            primary.insert("phoneNumber".to_owned(), json!(phone));
        }
    }
    Ok((StatusCode::CREATED, Json(shown)).into_response())
}

/// Whether the customer accepted itself.
pub(super) async fn direct_sign(
    State(server): State<Server>,
    principal: Principal,
    Path(customer): Path<String>,
) -> Result<Json<Value>, Problem> {
    principal.user_required()?;
    let known = customers::required(&server, &principal, &customer).await?;
    let partner = principal.api_partner()?.clone();
    let tenant = known.tenant.handle.clone();
    let rows = server
        .app()
        .read(ask(move |tx| {
            let (tenant, partner) = (tenant.clone(), partner.clone());
            Box::pin(async move {
                let customer = names::the_tenant(tx, &tenant).await?;
                evidence(tx, customer, partner).await
            })
        }))
        .await
        .map_err(|error| Problem::of(error, principal.lang))?;
    Ok(Json(
        json!({ "isSigned": rows.iter().any(|row| row.accepted_by == AcceptedBy::Customer) }),
    ))
}

//! Lines as files: asked for with one call, made afterwards, looked up by the operation's address, and fetched part by part.

use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use tierline_app::AppError;
use tierline_app::ask::ask;
use tierline_app::billing::exports::{self, Part, Request, What, file_name};
use tierline_app::billing::views::Period;
use tierline_app::ctx::Ids;
use tierline_domain::billing::Party;
use tierline_domain::export::{ExportKind, ExportState};
use tierline_domain::money::Money;
use tierline_domain::time::Timestamp;
use tierline_store::Value;
use tierline_store::log::hex;
use tierline_store::tables::files::{Export, ExportPart};
use utoipa::ToSchema;
use uuid::Uuid;

use super::discovery;
use super::invoices::Looker;
use crate::answer::Json;
use crate::call::Call;
use crate::identity;
use crate::problem::Problem;
use crate::route::{self, Access, Route};
use crate::server::Server;
use crate::wire::path;

pub(super) fn routes() -> Vec<Route> {
    let shown = "exports.rs an_export_is_made_afterwards_and_its_sums_are_the_invoices";
    vec![
        route::post(
            "/v1/unbilledusage",
            "Ask for the consumption that is not billed yet, as files.",
            unbilled,
        )
        .query("fragment", "basic, or full with every member.")
        .query("period", "current or previous.")
        .query(
            "currencyCode",
            "The currency; the partner's own where it is left out.",
        )
        .answers_plain(StatusCode::ACCEPTED)
        .shows("billing-v2-unbilled-usage-create", shown),
        route::post(
            "/v1/billedusage/invoices/{invoice-id}",
            "Ask for the consumption of an invoice, as files.",
            billed,
        )
        .query("fragment", "basic, or full with every member.")
        .answers_plain(StatusCode::ACCEPTED)
        .shows("billing-v2-billed-usage-create", shown),
        route::get(
            "/v1/billingoperations/{operation-id}",
            "How far an export is.",
            operation,
        )
        .answers::<BillingOperation>(StatusCode::OK)
        .shows("billing-v2-operation-get", shown),
        route::get(
            "/v1/billingmanifests/{manifest-id}",
            "The files of an export, their digests, and the sums of their lines.",
            manifest,
        )
        .answers::<BillingManifest>(StatusCode::OK)
        .shows("billing-v2-manifest-get", shown),
        route::get(
            "/program/v1/exports/{id}/parts/{file}",
            "One file of an export, opened by the key of its manifest.",
            part,
        )
        .access(Access::Open)
        .query("key", "The key of the manifest's rootFolderSAS.")
        .answers_plain(StatusCode::OK),
    ]
}

/// How far an export is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct BillingOperation {
    created_date_time: String,
    last_action_date_time: String,
    /// The manifest, once it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    resource_location: Option<String>,
    /// `notstarted`, `running`, `succeeded` or `failed`.
    #[schema(value_type = String)]
    status: ExportState,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    problem: Option<String>,
}

/// The files of an export.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct BillingManifest {
    id: String,
    version: &'static str,
    data_format: &'static str,
    created_date_time: String,
    /// The same, as the documentation spells it.
    utc_creted_date_time: String,
    e_tag: String,
    partner_tenant_id: String,
    /// Below this address lie the files, each with `?` and `rootFolderSAS` behind it.
    root_folder: String,
    #[serde(rename = "rootFolderSAS")]
    root_folder_sas: String,
    partition_type: &'static str,
    blob_count: i64,
    size_in_bytes: i64,
    blobs: Vec<Blob>,
    /// Lines in all files.
    line_count: i64,
    /// Sum of the lines, in each currency.
    #[schema(value_type = Vec<String>)]
    sums: Vec<Money>,
    /// SHA-256 over the digests of the files, one after the other: each step digests the result of the step before and the next.
    sha256: String,
    expires_date_time: String,
}

/// One file.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Blob {
    name: String,
    size_in_bytes: i64,
    partition_value: String,
    line_count: i64,
    /// SHA-256 of the file.
    sha256: String,
}

impl BillingManifest {
    pub(super) fn of(export: &Export, parts: &[Part], tenant: &str, base: &str) -> Self {
        let changed = export.changed.to_string();
        let blob = |part: &Part| Blob {
            name: file_name(part.number),
            size_in_bytes: part.size,
            partition_value: part.number.to_string(),
            line_count: part.lines,
            sha256: hex(&part.digest),
        };
        Self {
            id: export.id.to_string(),
            version: "1",
            data_format: "compressedJSONLines",
            created_date_time: changed.clone(),
            utc_creted_date_time: changed,
            e_tag: hex(export.digest.get(..8).unwrap_or(&export.digest)),
            partner_tenant_id: tenant.to_owned(),
            root_folder: format!("{base}/program/v1/exports/{}/parts", export.id),
            root_folder_sas: format!("key={}", export.secret),
            partition_type: "ItemCount",
            blob_count: export.parts,
            size_in_bytes: export.size,
            blobs: parts.iter().map(blob).collect(),
            line_count: export.lines,
            sums: export.sums.0.clone(),
            sha256: hex(&export.digest),
            expires_date_time: export.expires.to_string(),
        }
    }
}

fn is_full(call: &Call) -> Result<bool, Problem> {
    match call
        .query
        .get("fragment")
        .map(str::to_ascii_lowercase)
        .as_deref()
    {
        None | Some("basic") => Ok(false),
        Some("full") => Ok(true),
        Some(_) => Err(Problem::malformed("fragment", "is basic or full")),
    }
}

/// The id of an export: a repeated request means the same one.
pub(super) fn export_id(request_id: Option<&str>, owner: Party, about: &str) -> Uuid {
    match request_id {
        Some(request) => {
            let name = format!("{owner} {about} {}", request.to_lowercase());
            Ids::named("export", &name, Timestamp::EPOCH).uuid()
        }
        None => Uuid::from_bytes(rand::random()),
    }
}

/// A key that nobody guesses.
pub(super) fn new_secret() -> String {
    let drawn: [u8; 24] = rand::random();
    hex(&drawn)
}

async fn ask_for(call: &Call, about: &str, what: What, is_full: bool) -> Result<Response, Problem> {
    let owner = Party::Account(call.account.id);
    let id = export_id(call.principal.request_id.as_deref(), owner, about);
    let request = Request {
        id,
        owner,
        secret: new_secret(),
        what,
        is_full,
        now: call.server.app().clock().server_now(),
    };
    let written = call.server.app().db().write(request).await;
    written.map_err(|error| call.problem(error))?;
    let base = discovery::base(&call.server, &call.headers);
    let address = format!("{base}/v1/billingoperations/{id}");
    let address = HeaderValue::from_str(&address).map_err(|_| Problem::failed())?;
    let headers = [
        ("operation-location", address),
        ("retry-after", HeaderValue::from_static("1")),
    ];
    Ok((StatusCode::ACCEPTED, headers).into_response())
}

async fn unbilled(call: Call) -> Result<Response, Problem> {
    let period = match call
        .query
        .get("period")
        .map(str::to_ascii_lowercase)
        .as_deref()
    {
        None | Some("current") => Period::Current,
        Some("previous" | "last") => Period::Previous,
        Some(_) => return Err(Problem::malformed("period", "is current or previous")),
    };
    let currency = match call.query.get("currencyCode") {
        None => tierline_app::facts::own_currency(&call.account),
        Some(text) => text
            .to_ascii_uppercase()
            .parse()
            .map_err(|_| Problem::malformed("currencyCode", "is a code such as USD"))?,
    };
    let is_full = is_full(&call)?;
    let looker = Looker::of(&call);
    call.read(move |tx| {
        let looker = looker.clone();
        Box::pin(async move { looker.permitted(tx).await })
    })
    .await?;
    let what = What::Unbilled {
        period,
        today: call.server.app().clock().world_now().date(),
        currency,
    };
    ask_for(
        &call,
        &format!("unbilled {period:?} {currency} {is_full}"),
        what,
        is_full,
    )
    .await
}

async fn billed(Path(id): Path<String>, call: Call) -> Result<Response, Problem> {
    let is_full = is_full(&call)?;
    let looker = Looker::of(&call);
    let invoice = call
        .read(move |tx| {
            let (looker, id) = (looker.clone(), id.clone());
            Box::pin(async move { looker.invoice(tx, &id).await })
        })
        .await?;
    let about = format!("billed {} {is_full}", invoice.handle);
    let what = What::Invoice {
        invoice: invoice.id,
        kind: ExportKind::BilledUsage,
    };
    ask_for(&call, &about, what, is_full).await
}

/// The export of a path; one whose time is over is gone.
async fn find(call: &Call, id: &str) -> Result<(Export, Vec<Part>), Problem> {
    let (owner, id) = (Party::Account(call.account.id), id.to_owned());
    let found = call
        .read(move |tx| {
            let id = id.clone();
            Box::pin(async move {
                let export = exports::of(tx, owner, &id).await?;
                let parts = exports::parts(tx, &export).await?;
                Ok((export, parts))
            })
        })
        .await?;
    alive(&found.0, call.server.app().clock().server_now())?;
    Ok(found)
}

/// What is over is gone.
pub(super) fn alive(export: &Export, now: Timestamp) -> Result<(), Problem> {
    if export.expires <= now {
        let what = format!("export {}", export.id);
        return Err(Problem::gone(&what, "ask for it again"));
    }
    Ok(())
}

async fn operation(Path(id): Path<String>, call: Call) -> Result<Response, Problem> {
    let (export, _) = find(&call, &id).await?;
    let base = discovery::base(&call.server, &call.headers);
    let is_done = export.state == ExportState::Succeeded;
    let body = BillingOperation {
        created_date_time: export.requested.to_string(),
        last_action_date_time: export.changed.to_string(),
        resource_location: is_done.then(|| format!("{base}/v1/billingmanifests/{}", export.id)),
        status: export.state,
        problem: export.problem,
    };
    let mut response = Json(body).into_response();
    if matches!(export.state, ExportState::NotStarted | ExportState::Running) {
        let headers = response.headers_mut();
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    Ok(response)
}

async fn manifest(Path(id): Path<String>, call: Call) -> Result<Json<BillingManifest>, Problem> {
    let (export, parts) = find(&call, &id).await?;
    if export.state != ExportState::Succeeded {
        return Err(Problem::not_found(&format!("manifest {id}")));
    }
    let base = discovery::base(&call.server, &call.headers);
    let tenant = call.account.tenant.to_string();
    Ok(Json(BillingManifest::of(&export, &parts, &tenant, &base)))
}

/// A file, for whoever has the key.
async fn part(
    State(server): State<Server>,
    Path((id, file)): Path<(String, String)>,
    RawQuery(raw): RawQuery,
) -> Result<Response, Problem> {
    let missing = || Problem::not_found(&format!("file {file} of export {id}"));
    let query = path::query(raw.as_deref());
    let key = query.iter().find(|(name, _)| name == "key");
    let key = key.map(|(_, value)| value.clone()).unwrap_or_default();
    let number = file
        .strip_prefix("part-")
        .and_then(|rest| rest.strip_suffix(".json.gz"));
    let number: i64 = number
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(missing)?;
    let export: Uuid = id.parse().map_err(|_| missing())?;
    let found = server
        .app()
        .read(ask(move |tx| {
            let key = key.clone();
            Box::pin(async move {
                let Some(row) = tx.get::<Export>(&[Value::Id(export)]).await? else {
                    return Ok(None);
                };
                if !identity::same(key.as_bytes(), row.secret.as_bytes()) {
                    return Ok(None);
                }
                let part = exports::part(tx, export, number).await?;
                Ok::<_, AppError>(Some((row, part)))
            })
        }))
        .await
        .map_err(|error| Problem::of(error, tierline_rules::Lang::En))?;
    let (row, part): (Export, Option<ExportPart>) = found.ok_or_else(missing)?;
    alive(&row, server.app().clock().server_now())?;
    let part = part.ok_or_else(missing)?;
    let digest = format!("\"{}\"", hex(&part.digest));
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/gzip"),
        ),
        (
            header::ETAG,
            HeaderValue::from_str(&digest).unwrap_or(HeaderValue::from_static("\"\"")),
        ),
    ];
    Ok((headers, part.content).into_response())
}

//! Webhooks: where a partner hears of what, test events, and the certificate that signatures are checked with.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tierline_app::ask::ask;
use tierline_app::webhooks::{self, History, Register, SendTest, Test};
use tierline_app::{AppError, outbox};
use tierline_domain::time::Timestamp;
use tierline_store::Value as Stored;
use tierline_store::tables::webhooks::{Attempt, Certificate, Registration};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::Json;
use crate::call::Call;
use crate::deliver::guard;
use crate::problem::Problem;
use crate::route::{self, Access, Route};
use crate::server::Server;

const REGISTRATION: &str = "/webhooks/v1/registration";

pub(super) fn routes() -> Vec<Route> {
    vec![
        route::get(
            "/webhooks/v1/registration/events",
            "Names of the events that can be registered for.",
            event_names,
        )
        .answers::<Vec<String>>(StatusCode::OK)
        .shows(
            "webhook-events-list",
            "webhooks.rs a_registration_is_made_read_and_changed",
        ),
        route::post(REGISTRATION, "Register for events.", create)
            .takes::<Wanted>()
            .answers::<Registered>(StatusCode::OK)
            .shows(
                "webhook-registration-create",
                "webhooks.rs a_registration_is_made_read_and_changed",
            ),
        route::get(REGISTRATION, "The partner's registration.", read)
            .answers::<Registered>(StatusCode::OK)
            .shows(
                "webhook-registration-get",
                "webhooks.rs a_registration_is_made_read_and_changed",
            ),
        route::put(REGISTRATION, "Change the partner's registration.", update)
            .takes::<Wanted>()
            .answers::<Registered>(StatusCode::OK)
            .shows(
                "webhook-registration-update",
                "webhooks.rs a_registration_is_made_read_and_changed",
            ),
        route::post(
            "/webhooks/v1/registration/validationEvents",
            "Ask for a test event.",
            send_test,
        )
        .answers::<Sent>(StatusCode::OK)
        .shows(
            "webhook-validation-event-create",
            "webhooks.rs a_test_event_arrives_signed_and_its_result_can_be_read",
        ),
        route::get(
            "/webhooks/v1/registration/validationEvents/{correlation-id}",
            "How a test event went.",
            test_result,
        )
        .answers::<TestResult>(StatusCode::OK)
        .shows(
            "webhook-validation-event-get",
            "webhooks.rs a_test_event_arrives_signed_and_its_result_can_be_read",
        ),
        route::get(
            "/webhooks/v1/certificates/{name}",
            "The certificate of a key that signs events, in DER form.",
            certificate,
        )
        .access(Access::Open)
        .answers_plain(StatusCode::OK),
    ]
}

/// What a partner wants to hear of, and where.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
struct Wanted {
    #[schema(nullable = false)]
    webhook_url: Option<String>,
    #[schema(nullable = false)]
    webhook_events: Option<Vec<String>>,
    /// The signature goes into the header `x-ms-signature`.
    #[schema(nullable = false)]
    signature_token_to_ms_signature_header: Option<bool>,
}

/// A registration.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
struct Registered {
    /// In answers to a change only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    subscriber_id: Option<String>,
    webhook_url: String,
    webhook_events: Vec<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    signature_token_to_ms_signature_header: bool,
}

impl Registered {
    fn of(row: Registration, subscriber: Option<Uuid>) -> Self {
        Self {
            subscriber_id: subscriber.map(|id| id.to_string()),
            webhook_url: row.url,
            webhook_events: row.events.0,
            signature_token_to_ms_signature_header: row.own_header,
        }
    }

    fn changed(row: Registration) -> Self {
        let subscriber = row.subscriber;
        Self::of(row, Some(subscriber))
    }
}

async fn event_names(_: Call) -> Json<Vec<&'static str>> {
    Json(outbox::KINDS.iter().map(|kind| kind.name).collect())
}

async fn registration(call: &Call) -> Result<Registration, Problem> {
    let tenant = call.account.tenant;
    call.read(move |tx| Box::pin(webhooks::the_registration(tx, tenant)))
        .await
}

/// A body that is a text where a registration is meant: a released client sends `"success"`.
fn says_nothing(call: &Call) -> bool {
    matches!(
        serde_json::from_slice::<Value>(call.bytes()),
        Ok(Value::String(_))
    )
}

async fn register(call: &Call, must_exist: bool) -> Result<Json<Registered>, Problem> {
    if says_nothing(call) {
        let tenant = call.account.tenant;
        let known = call
            .read(move |tx| Box::pin(webhooks::registration(tx, tenant)))
            .await?;
        let known = known.ok_or_else(|| Problem::malformed("WebhookUrl", "is missing"))?;
        return Ok(Json(Registered::changed(known)));
    }
    let wanted: Wanted = call.body()?;
    let url = wanted
        .webhook_url
        .ok_or_else(|| Problem::malformed("WebhookUrl", "is missing"))?;
    guard::destination(&url, call.server.settings().sandbox)
        .map_err(|problem| Problem::malformed("WebhookUrl", problem))?;
    let events = wanted
        .webhook_events
        .ok_or_else(|| Problem::malformed("WebhookEvents", "is missing"))?;
    let register = Register {
        ctx: call.ctx(),
        tenant: call.account.tenant,
        url,
        events,
        own_header: wanted
            .signature_token_to_ms_signature_header
            .unwrap_or_default(),
        must_exist,
    };
    let row = call.server.app().db().write(register).await;
    Ok(Json(Registered::changed(
        row.map_err(|error| call.problem(error))?,
    )))
}

async fn create(call: Call) -> Result<Json<Registered>, Problem> {
    register(&call, false).await
}

async fn update(call: Call) -> Result<Json<Registered>, Problem> {
    register(&call, true).await
}

async fn read(call: Call) -> Result<Json<Registered>, Problem> {
    Ok(Json(Registered::of(registration(&call).await?, None)))
}

/// The id by which the result of a test can be asked for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Sent {
    correlation_id: String,
}

async fn send_test(call: Call) -> Result<Response, Problem> {
    let mut ctx = call.ctx();
    ctx.request_id.clone_from(&call.principal.request_id);
    let send = SendTest {
        ctx,
        tenant: call.account.tenant,
    };
    let sent = call.server.app().db().write(send).await;
    Ok(match sent.map_err(|error| call.problem(error))? {
        Test::Sent(id) => {
            call.server.app().bell().ring();
            let correlation_id = id.to_string();
            Json(Sent { correlation_id }).into_response()
        }
        Test::TooMany(seconds) => too_many(seconds),
    })
}

/// The documented answer to too many calls.
fn too_many(seconds: i64) -> Response {
    let text = format!("Two test events a minute are sent. Ask again in {seconds} seconds.");
    let body = Json(json!({ "statusCode": 429, "message": text }));
    let mut response = (StatusCode::TOO_MANY_REQUESTS, body).into_response();
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// How a test went so far.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TestResult {
    correlation_id: String,
    /// The partner's tenant.
    partner_id: String,
    status: &'static str,
    callback_url: String,
    results: Vec<Tried>,
}

/// One attempt.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Tried {
    response_code: String,
    response_message: String,
    system_error: bool,
    #[schema(value_type = String, format = DateTime)]
    date_time_utc: Timestamp,
}

impl Tried {
    fn of(attempt: Attempt) -> Self {
        Self {
            response_code: attempt.code,
            response_message: attempt.message,
            system_error: attempt.system_error,
            date_time_utc: attempt.at_server,
        }
    }
}

/// How long who asks for a result waits for the first one, where the event is just being sent.
const PATIENCE: Duration = Duration::from_secs(3);

/// A test event and how it was tried. One that was not tried yet is waited for a little.
async fn tried(call: &Call, event: Uuid) -> Result<History, Problem> {
    let tenant = call.account.tenant;
    let look = || call.read(move |tx| Box::pin(webhooks::history(tx, Some(tenant), event)));
    let bell = call.server.app().bell();
    let wait = async {
        // Listened for before the look, so that nothing is missed in between.
        while let Some(next) = bell.next() {
            let found = look().await?;
            if !found.attempts.is_empty() {
                return Ok(());
            }
            next.await;
        }
        Ok::<_, Problem>(())
    };
    if let Ok(Err(problem)) = tokio::time::timeout(PATIENCE, wait).await {
        return Err(problem);
    }
    look().await
}

async fn test_result(Path(id): Path<String>, call: Call) -> Result<Json<TestResult>, Problem> {
    let missing = || Problem::not_found(&format!("validation event {id}"));
    let event: Uuid = id.parse().map_err(|_| missing())?;
    let history = tried(&call, event).await?;
    let delivery = history.delivery;
    let horizon = outbox::horizon(call.server.app().clock().server_now());
    if delivery.event_name != outbox::TEST || delivery.created < horizon {
        return Err(missing());
    }
    Ok(Json(TestResult {
        correlation_id: delivery.id.to_string(),
        partner_id: delivery.tenant.to_string(),
        status: match delivery.state.as_str() {
            outbox::DELIVERED => "completed",
            outbox::PARKED => "failed",
            _ => "pending",
        },
        callback_url: delivery.url,
        results: history.attempts.into_iter().map(Tried::of).collect(),
    }))
}

async fn certificate(
    State(server): State<Server>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let id = name.trim_end_matches(".cer").to_owned();
    let found = server
        .app()
        .read(ask(move |tx| {
            let key = [Stored::Text(id.clone())];
            Box::pin(async move { Ok::<_, AppError>(tx.get::<Certificate>(&key).await?) })
        }))
        .await
        .map_err(|error| Problem::of(error, tierline_rules::Lang::En))?;
    let found = found.ok_or_else(|| Problem::not_found(&format!("certificate {name}")))?;
    let kind = HeaderValue::from_static("application/pkix-cert");
    Ok(([(header::CONTENT_TYPE, kind)], found.der).into_response())
}

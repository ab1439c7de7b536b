//! Our own view of the outbox: what is to be told, what was told, what was parked, and how to try it again.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde::Serialize;
use tierline_app::webhooks::{self, History, Replay};
use tierline_app::{names, outbox};
use tierline_domain::admin::ProgramRole;
use tierline_domain::id::Id;
use tierline_domain::partner::Tenant;
use tierline_domain::time::Timestamp;
use tierline_store::tables::webhooks::{Attempt, Delivery};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::Json;
use crate::ours::{Details, OwnCall, Strict};
use crate::problem::Problem;
use crate::route::{self, Route};

/// Most deliveries of one page, and as many as one holds where none are asked for.
const PAGE_MAX: usize = 200;
const STATES: [&str; 3] = [outbox::WAITING, outbox::DELIVERED, outbox::PARKED];

pub(super) fn routes() -> Vec<Route> {
    vec![
        route::get(
            "/program/v1/webhooks/deliveries",
            "Events for the partner's receiver, newest first; those of state parked are dead letters.",
            list,
        )
        .query("state", "waiting, delivered or parked.")
        .query("size", "Most deliveries of the page, at most 200.")
        .query("after", "The `next` of the page before.")
        .query("partner", "Whose; for the operator, who must say so.")
        .answers::<DeliveryPage>(StatusCode::OK),
        route::get(
            "/program/v1/webhooks/deliveries/{id}",
            "One event and how it was tried.",
            single,
        )
        .answers::<DeliveryView>(StatusCode::OK),
        route::post(
            "/program/v1/webhooks/deliveries/{id}/replay",
            "Try an event again, under the same id.",
            replay,
        )
        .answers::<DeliveryView>(StatusCode::ACCEPTED),
    ]
}

/// One page of deliveries.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct DeliveryPage {
    /// How many there are on this page.
    total_count: usize,
    items: Vec<DeliveryView>,
    /// Where the next page begins; the last page has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next: Option<String>,
}

/// An event on its way to a receiver.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct DeliveryView {
    /// The same at every attempt; receivers find it in the header MS-RequestId.
    id: String,
    event: String,
    /// `waiting`, `delivered` or `parked`.
    state: String,
    /// Where it goes, or went last.
    url: String,
    /// What it points to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    resource: Option<String>,
    /// When it happened, in the world.
    #[schema(value_type = String, format = DateTime)]
    happened: Timestamp,
    /// When it was put into the outbox, by the server's clock.
    #[schema(value_type = String, format = DateTime)]
    created: Timestamp,
    /// How often it was tried since then, or since it was replayed.
    attempts: i64,
    /// When it is tried next.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>, format = DateTime)]
    due: Option<Timestamp>,
    /// When it was delivered or parked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>, format = DateTime)]
    ended: Option<Timestamp>,
    /// Every attempt, also those before a replay; in answers about one event only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    tries: Option<Vec<TryView>>,
}

/// One attempt to deliver an event.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TryView {
    number: i64,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The name of the answer's status, or of what went wrong.
    code: String,
    message: String,
    /// There was no answer at all.
    system_error: bool,
}

impl DeliveryView {
    fn of(delivery: Delivery) -> Self {
        let is_waiting = delivery.state == outbox::WAITING;
        Self {
            id: delivery.id.to_string(),
            event: delivery.event_name,
            url: delivery.url,
            resource: delivery.resource_path,
            happened: delivery.changed,
            created: delivery.created,
            attempts: delivery.attempts,
            due: is_waiting.then_some(delivery.due),
            ended: delivery.ended,
            state: delivery.state,
            tries: None,
        }
    }

    fn with_tries(history: History) -> Self {
        let tries = history
            .attempts
            .into_iter()
            .map(|attempt: Attempt| TryView {
                number: attempt.number,
                at: attempt.at_server,
                code: attempt.code,
                message: attempt.message,
                system_error: attempt.system_error,
            });
        Self {
            tries: Some(tries.collect()),
            ..Self::of(history.delivery)
        }
    }
}

/// Whose deliveries a call may see: a partner its own, the operator anybody's.
fn own(call: &OwnCall) -> Result<Option<Id<Tenant>>, Details> {
    if call.principal.claims.operator {
        return Ok(None);
    }
    let account = call.principal.partner();
    account
        .map(|account| Some(account.tenant))
        .map_err(|problem| call.refuse(problem))
}

/// Whose deliveries are listed.
async fn whose(call: &OwnCall, partner: Option<String>) -> Result<Id<Tenant>, Details> {
    match (own(call)?, partner) {
        (Some(own), None) => Ok(own),
        (Some(_), Some(_)) => Err(call.refuse(Problem::forbidden(
            "a partner sees its own deliveries; only the operator names another",
        ))),
        (None, None) => Err(call.refuse(Problem::malformed(
            "partner",
            "names whose deliveries are meant",
        ))),
        (None, Some(name)) => {
            let account = call
                .read(move |tx| {
                    let name = name.clone();
                    Box::pin(async move { names::the_account(tx, &name).await })
                })
                .await?;
            Ok(account.tenant)
        }
    }
}

/// The place where a page ended.
fn read_place(text: &str) -> Option<(Timestamp, Uuid)> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (at, id) = text.split_once(':')?;
    let at = Timestamp::from_micros(at.parse().ok()?).ok()?;
    Some((at, id.parse().ok()?))
}

fn place(delivery: &Delivery) -> String {
    let (at, id) = (delivery.created.as_micros(), delivery.id);
    URL_SAFE_NO_PAD.encode(format!("{at}:{id}"))
}

async fn list(call: OwnCall) -> Strict<DeliveryPage> {
    let query = call.query(&["state", "size", "after", "partner"])?;
    let given = |key: &str| {
        let found = query.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value.clone())
    };
    let bad = |key: &str, text: &str| call.refuse(Problem::malformed(key, text));
    let state = given("state");
    if state
        .as_deref()
        .is_some_and(|state| !STATES.contains(&state))
    {
        return Err(bad("state", "is waiting, delivered or parked"));
    }
    let size = match given("size").map(|size| size.parse::<usize>()) {
        None => PAGE_MAX,
        Some(Ok(size)) if (1..=PAGE_MAX).contains(&size) => size,
        Some(_) => return Err(bad("size", "is a whole number from 1 to 200")),
    };
    let before = match given("after") {
        None => (Timestamp::from_jiff(jiff::Timestamp::MAX), Uuid::nil()),
        Some(text) => read_place(&text).ok_or_else(|| bad("after", "is no `next` of this list"))?,
    };
    let tenant = whose(&call, given("partner")).await?;
    let mut found = call
        .read(move |tx| {
            let state = state.clone();
            Box::pin(async move {
                webhooks::deliveries(tx, tenant, state.as_deref(), before, size.saturating_add(1))
                    .await
            })
        })
        .await?;
    let is_more = found.len() > size;
    found.truncate(size);
    let next = found.last().filter(|_| is_more).map(place);
    let items: Vec<DeliveryView> = found.into_iter().map(DeliveryView::of).collect();
    Ok(Json(DeliveryPage {
        total_count: items.len(),
        items,
        next,
    }))
}

fn id_of(call: &OwnCall, text: &str) -> Result<Uuid, Details> {
    let unknown = |_| call.refuse(Problem::not_found(&format!("webhook delivery {text}")));
    text.parse().map_err(unknown)
}

async fn single(Path(id): Path<String>, call: OwnCall) -> Strict<DeliveryView> {
    call.query(&[])?;
    let (id, tenant) = (id_of(&call, &id)?, own(&call)?);
    let found = call
        .read(move |tx| Box::pin(webhooks::history(tx, tenant, id)))
        .await?;
    Ok(Json(DeliveryView::with_tries(found)))
}

/// Who may have events told again: applications of the partner, and its users who administer.
fn may_replay(call: &OwnCall) -> bool {
    let administers = [ProgramRole::GlobalAdmin, ProgramRole::AdminAgent];
    call.principal.claims.operator
        || call.principal.roles.as_ref().is_none_or(|roles| {
            administers
                .iter()
                .any(|role| roles.iter().any(|held| held == role.as_str()))
        })
}

async fn replay(Path(id): Path<String>, call: OwnCall) -> Result<Response, Details> {
    call.query(&[])?;
    if !call.bytes.is_empty() {
        return Err(call.refuse(Problem::malformed("body", "is empty here")));
    }
    let (id, tenant) = (id_of(&call, &id)?, own(&call)?);
    if !may_replay(&call) {
        return Err(call.refuse(Problem::forbidden(
            "events are replayed by a global admin or an admin agent",
        )));
    }
    let replay = Replay {
        ctx: call.ctx(),
        tenant,
        id,
    };
    let found = call.server.app().db().write(replay).await;
    let found = found.map_err(|error| call.failed(error))?;
    call.server.app().bell().ring();
    let view = Json(DeliveryView::with_tries(found));
    Ok((StatusCode::ACCEPTED, view).into_response())
}

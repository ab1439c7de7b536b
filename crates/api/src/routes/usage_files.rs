//! Taking usage in: JSON Lines, read as they arrive, as a whole or not at all.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use futures_util::StreamExt;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use tierline_app::usage::{Fault, Ingest, Reader, Recorded, Refused};
use tierline_domain::time::Timestamp;
use tierline_rules::{Lang, phrases};
use utoipa::ToSchema;

use crate::answer::Json;
use crate::auth::Principal;
use crate::ours::{Details, Strict, lang_of};
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::server::Server;
use crate::wire::decimal::Decimal;

/// Most bytes of one file.
const BYTES_MAX: usize = 256 * 1024 * 1024;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route::post(
            "/program/v1/usage",
            "Take usage in, one event a line: all of it, or none with what is wrong by line. An event that is known already \
             changes nothing. For the operator.",
            record,
        )
        .takes_lines::<UsageLine>()
        .answers::<UsageRecorded>(StatusCode::OK),
    ]
}

/// One event.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(
    dead_code,
    reason = "stands for a line in the documents; lines are read as they come"
)]
struct UsageLine {
    /// The sender's own id of it: the same event again is a repeat.
    id: String,
    /// The subscription, by short name or GUID.
    subscription: String,
    /// The meter.
    meter: String,
    /// When it was used.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// How much, as a number or a text.
    #[schema(value_type = Decimal)]
    quantity: serde_json::Value,
    /// What it costs, where it comes rated: `USD 1.25`.
    cost: Option<String>,
    /// What used it.
    resource: Option<UsageLineResource>,
}

/// The resource that used something.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(
    dead_code,
    reason = "stands for a line in the documents; lines are read as they come"
)]
struct UsageLineResource {
    /// Its path.
    uri: String,
    /// Its group.
    group: Option<String>,
    /// Where it runs.
    location: Option<String>,
    /// What its owner wrote on it.
    tags: Option<std::collections::BTreeMap<String, String>>,
}

/// What became of a file.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct UsageRecorded {
    /// The file's id.
    upload: String,
    /// Events that it held.
    lines: i64,
    /// Events that were new.
    events: i64,
    /// Events that were known already.
    repeats: i64,
}

impl UsageRecorded {
    fn of(done: &Recorded) -> Self {
        Self {
            upload: done.upload.to_string(),
            lines: done.lines,
            events: done.events,
            repeats: done.repeats,
        }
    }
}

/// What is wrong with lines, as one problem in the caller's language.
fn refused(faults: &[Fault], lang: Lang) -> Problem {
    let told = faults.iter().map(|fault| {
        let problem = phrases::failure_in(&fault.problem, lang).into_owned();
        Fault {
            problem,
            ..fault.clone()
        }
        .to_string()
    });
    let told: Vec<String> = told.collect();
    Problem::malformed(
        "body",
        &format!("nothing of it was taken: {}", told.join("; ")),
    )
}

async fn record(State(server): State<Server>, request: Request) -> Strict<UsageRecorded> {
    let (mut parts, body) = request.into_parts();
    let lang = lang_of(&parts.headers);
    let refuse = |problem| Details::new(problem, lang);
    let principal = Principal::from_request_parts(&mut parts, &server)
        .await
        .map_err(refuse)?;
    principal.operator_required().map_err(refuse)?;
    let mut reader = Reader::default();
    let mut pieces = body.into_data_stream();
    let mut size: usize = 0;
    while let Some(piece) = pieces.next().await {
        let piece = piece
            .map_err(|_| refuse(Problem::malformed("body", "could not be read to its end")))?;
        size = size.saturating_add(piece.len());
        if size > BYTES_MAX {
            return Err(refuse(Problem::too_large()));
        }
        reader.push(&piece);
    }
    let file = reader
        .finish()
        .map_err(|faults| refuse(refused(&faults, lang)))?;
    let ingest = Ingest {
        ctx: server.app().ctx(principal.actor()),
        file: Arc::new(file),
    };
    match server.app().db().write(ingest).await {
        Ok(done) => Ok(Json(UsageRecorded::of(&done))),
        Err(Refused::Lines(faults)) => Err(refuse(refused(&faults, lang))),
        Err(Refused::App(error)) => Err(refuse(Problem::of(error, lang))),
    }
}

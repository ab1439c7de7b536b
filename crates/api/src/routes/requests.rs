//! The calls that were answered lately, without secrets: enough to make each of them again.

use axum::extract::Path;
use http::StatusCode;
use serde::Serialize;
use tierline_app::overview::Viewer;
use tierline_domain::time::Timestamp;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::Json;
use crate::ours::{OwnCall, SEARCH_MAX, Strict};
use crate::problem::Problem;
use crate::recorder::{Kept, KeptHeaders, OWN_PATH, Recorded, Shown};
use crate::route::{self, Access, Route};
use crate::wire::seek;

/// Most calls of a page.
const PAGE_MAX: usize = 200;

pub(super) fn routes() -> Vec<Route> {
    let ok = StatusCode::OK;
    vec![
        route::get(
            OWN_PATH,
            "The calls of the caller's tenant that this server answered lately, the latest first; all of them for the operator of a sandbox.",
            list,
        )
        .access(Access::Party)
        .query("search", "Only those with this text in their path.")
        .query("method", "Only those of this method, such as POST.")
        .query("outcome", "ok or failed (a status from 400 on); both without it.")
        .query("count", "Most calls of the page, 1 to 200; 50 without it.")
        .query("after", "The `next` of the page before.")
        .answers::<RequestPage>(ok),
        route::get(
            "/program/v1/requests/{id}",
            "One call with its headers and bodies, secrets left out.",
            single,
        )
        .access(Access::Party)
        .answers::<RequestView>(ok),
    ]
}

/// A page of calls. The server keeps the last 500 in memory; a restart forgets them.
#[derive(Debug, Serialize, ToSchema)]
struct RequestPage {
    items: Vec<RequestEntry>,
    /// Where the next page begins; the last page has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next: Option<String>,
}

/// A call in a list.
#[derive(Debug, Serialize, ToSchema)]
struct RequestEntry {
    id: String,
    /// When it came, by the server's clock.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    method: String,
    /// As it was sent.
    path: String,
    /// As it was sent, secrets left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    query: Option<String>,
    status: u16,
    /// How long the answer took, in microseconds.
    took: i64,
    /// The application that called.
    application: String,
    /// The user who called, where it was a user's token.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    user: Option<String>,
}

/// A call with its headers and bodies.
#[derive(Debug, Serialize, ToSchema)]
struct RequestView {
    #[serde(flatten)]
    entry: RequestEntry,
    /// Headers that change what a call does, or by which it is traced. `Authorization` was there and is not kept.
    headers: Vec<HeaderView>,
    body: BodyView,
    answer: AnswerView,
}

/// A header.
#[derive(Debug, Serialize, ToSchema)]
struct HeaderView {
    name: String,
    value: String,
}

/// A body.
#[derive(Debug, Serialize, ToSchema)]
struct BodyView {
    /// `none`, `text`, or `left_out` where it is longer than 4,096 bytes or of another type than JSON and forms.
    #[schema(value_type = BodyWord)]
    kind: &'static str,
    /// Its text, with `***` in place of each secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    text: Option<String>,
    /// Its size in bytes where it was left out and that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    size: Option<u64>,
}

/// What is kept of a body.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "stands for a word in the documents")]
enum BodyWord {
    None,
    Text,
    LeftOut,
}

/// What was answered.
#[derive(Debug, Serialize, ToSchema)]
struct AnswerView {
    status: u16,
    headers: Vec<HeaderView>,
    body: BodyView,
}

fn entry(call: &Recorded) -> RequestEntry {
    RequestEntry {
        id: call.id(),
        at: call.at,
        method: call.method.to_string(),
        path: call.path().to_owned(),
        query: call.query(),
        status: call.status,
        took: call.took,
        application: call.claims.appid.clone(),
        user: call.claims.upn.clone(),
    }
}

fn headers(kept: &KeptHeaders) -> Vec<HeaderView> {
    let shown = kept.iter().map(|(name, value)| HeaderView {
        name: name.to_string(),
        value: String::from_utf8_lossy(value.as_bytes()).into_owned(),
    });
    shown.collect()
}

fn body(kept: &Kept) -> BodyView {
    let (kind, text, size) = match kept.shown() {
        Shown::Nothing => ("none", None, None),
        Shown::Text(text) => ("text", Some(text), None),
        Shown::LeftOut(size) => ("left_out", None, size),
    };
    BodyView { kind, text, size }
}

/// Whose calls a caller sees: the operator of a sandbox all, of a server in production the operator's own; a partner
/// those of its tenant; a customer's user its own, because partners call in the customer's tenant too.
fn sees(call: &OwnCall, viewer: &Viewer, other: &Recorded) -> bool {
    let own = &call.principal.claims;
    match viewer {
        Viewer::Operator => call.server.settings().sandbox || other.claims.operator,
        Viewer::Partner(_) => !other.claims.operator && other.claims.tid == own.tid,
        Viewer::Customer(_) => {
            !other.claims.operator && other.claims.tid == own.tid && other.claims.upn == own.upn
        }
    }
}

async fn list(call: OwnCall) -> Strict<RequestPage> {
    let listing = call.listing(&["search", "method", "outcome"], PAGE_MAX)?;
    let outcome = call.one_of(&listing, "outcome", &["ok", "failed"])?;
    let after = call.place::<u64>(&listing)?;
    let method = listing.get("method").map(str::to_ascii_uppercase);
    let search = listing.get("search").unwrap_or_default().to_lowercase();
    if search.chars().count() > SEARCH_MAX {
        let problem = Problem::malformed("search", "is a text of at most 100 letters");
        return Err(call.refuse(problem));
    }
    let viewer = call.principal.viewer();
    let all = call.server.recorder().all();
    let mut found = all.iter().filter(|other| {
        after.is_none_or(|after| other.number < after)
            && sees(&call, &viewer, other)
            && method
                .as_ref()
                .is_none_or(|method| other.method.as_str() == method)
            && outcome.is_none_or(|outcome| (outcome == "failed") == (other.status >= 400))
            && other.matched().contains(&search)
    });
    let page: Vec<_> = found.by_ref().take(listing.count).collect();
    let next = page.last().filter(|_| found.next().is_some());
    Ok(Json(RequestPage {
        next: next.map(|last| seek::token(&last.number)),
        items: page.iter().map(|other| entry(other)).collect(),
    }))
}

async fn single(Path(id): Path<String>, call: OwnCall) -> Strict<RequestView> {
    call.query(&[])?;
    let viewer = call.principal.viewer();
    let number = id.parse::<Uuid>().ok().map(|id| id.as_u64_pair().1);
    let all = call.server.recorder().all();
    let found = all
        .iter()
        .find(|other| Some(other.number) == number && sees(&call, &viewer, other));
    let found = found.ok_or_else(|| call.refuse(Problem::not_found(&format!("request {id}"))))?;
    Ok(Json(RequestView {
        entry: entry(found),
        headers: headers(&found.headers),
        body: body(&found.body),
        answer: AnswerView {
            status: found.status,
            headers: headers(&found.answer_headers),
            body: body(&found.answer),
        },
    }))
}

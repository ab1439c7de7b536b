//! The schedule: what is due next, and what was done when. The operator sees all of it, partners what concerns them.

use http::StatusCode;
use serde::Serialize;
use tierline_app::agenda::{self, Entry, PAGE_MAX, Page, Part, Place, Question};
use tierline_domain::time::Timestamp;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::Json;
use crate::ours::{OwnCall, Strict};
use crate::problem::Problem;
use crate::route::{self, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        route::get(
            "/program/v1/schedule",
            "What is due next, was done when, or could not be done; partners see what concerns them.",
            schedule,
        )
        .query(
            "state",
            "open (soonest first, the default), done (latest first), or set_aside: those of them that could not be done.",
        )
        .query(
            "count",
            "Most entries of the page, 1 to 200; 50 without it.",
        )
        .query("after", "The `next` of the page before.")
        .answers::<ScheduleView>(StatusCode::OK),
    ]
}

/// How many entries a page has by itself.
const COUNT: usize = 50;

/// A page of the schedule. It may hold fewer entries than asked for; the list ends where `next` is left out.
#[derive(Debug, Serialize, ToSchema)]
struct ScheduleView {
    items: Vec<EntryView>,
    /// Where the next page begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next: Option<String>,
}

/// Something that happens by date.
#[derive(Debug, Serialize, ToSchema)]
struct EntryView {
    #[schema(value_type = String)]
    id: Uuid,
    /// `open`, `done`, or `set_aside` where it could not be done.
    state: &'static str,
    /// What happens, such as `term_end`.
    kind: String,
    /// To what: names, with a space between two.
    subject: String,
    #[schema(value_type = String, format = DateTime)]
    due: Timestamp,
    /// When it was done, or set aside, in the world.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    done: Option<Timestamp>,
    /// Short names of the partners whom it concerns.
    partners: Vec<String>,
    /// Why it was set aside; the operator alone sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    problem: Option<String>,
}

fn shown(entry: Entry, is_operator: bool) -> EntryView {
    let state = entry.state();
    let item = entry.item;
    EntryView {
        id: item.id,
        state,
        kind: item.kind,
        subject: item.subject,
        due: item.due,
        done: item.done,
        partners: entry.partners,
        problem: item.problem.filter(|_| is_operator),
    }
}

async fn schedule(call: OwnCall) -> Strict<ScheduleView> {
    let mut question = Question {
        part: Part::Open,
        of: None,
        after: None,
        count: COUNT,
    };
    for (name, value) in call.query(&["state", "count", "after"])? {
        let bad = |text: &str| call.refuse(Problem::malformed(&name, text));
        match name.as_str() {
            "state" => {
                question.part = match value.as_str() {
                    "open" => Part::Open,
                    "done" => Part::Done,
                    "set_aside" => Part::SetAside,
                    _ => return Err(bad("is open, done or set_aside")),
                };
            }
            "count" => {
                let count = value.parse().ok();
                let count = count.filter(|count| (1..=PAGE_MAX).contains(count));
                question.count = count.ok_or_else(|| bad("is a number from 1 to 200"))?;
            }
            _ => {
                let after = read_place(&value);
                question.after =
                    Some(after.ok_or_else(|| bad("is the `next` of the page before, as it came"))?);
            }
        }
    }
    let is_operator = call.principal.claims.operator;
    if !is_operator {
        let own = call.principal.partner();
        question.of = Some(own.map_err(|problem| call.refuse(problem))?.id);
    }
    let page: Page = call
        .read(move |tx| Box::pin(async move { agenda::page(tx, &question).await }))
        .await?;
    let items = page.entries.into_iter();
    Ok(Json(ScheduleView {
        items: items.map(|entry| shown(entry, is_operator)).collect(),
        next: page.next.map(write_place),
    }))
}

/// A place as text that callers only hand back.
fn write_place((at, id): Place) -> String {
    format!("{}.{}", at.as_micros(), id.simple())
}

fn read_place(text: &str) -> Option<Place> {
    let (at, id) = text.split_once('.')?;
    let at = Timestamp::from_micros(at.parse().ok()?).ok()?;
    Some((at, Uuid::try_parse(id).ok()?))
}

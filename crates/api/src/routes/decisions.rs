//! Decisions that were kept: what was refused and why, and what orders and relationships rest on.

use axum::extract::Path;
use http::StatusCode;
use serde::Serialize;
use tierline_app::overview::decisions::{self, Kept, PAGE_MAX, Place, Question};
use tierline_domain::time::Timestamp;
use tierline_rules::RuleId;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::Json;
use crate::ours::{OwnCall, Strict};
use crate::problem::Problem;
use crate::render::DecisionView;
use crate::route::{self, Access, Route};
use crate::wire::seek;

pub(super) fn routes() -> Vec<Route> {
    let ok = StatusCode::OK;
    vec![
        route::get(
            "/program/v1/decisions",
            "Decisions that were kept, the latest first: refusals, and what orders and relationships rest on.",
            list,
        )
        .access(Access::Party)
        .query("rule", "Only those in which this rule forbade, such as TXN-601.")
        .query("outcome", "refused or allowed; both without it.")
        .query("actor", "Only those of this party, by its short name; for the operator.")
        .query("count", "Most decisions of the page, 1 to 200; 50 without it.")
        .query("after", "The `next` of the page before.")
        .answers::<DecisionPage>(ok),
        route::get(
            "/program/v1/decisions/{id}",
            "One decision, made again from the facts that were kept with it.",
            single,
        )
        .access(Access::Party)
        .answers::<KeptDecisionView>(ok),
    ]
}

/// A page of decisions. It may hold fewer than asked for; the list ends where `next` is left out.
#[derive(Debug, Serialize, ToSchema)]
struct DecisionPage {
    items: Vec<KeptDecision>,
    /// Where the next page begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next: Option<String>,
}

/// A decision in a list.
#[derive(Debug, Serialize, ToSchema)]
struct KeptDecision {
    id: String,
    /// When, in the world.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Where it was checked: the command.
    checkpoint: String,
    /// Who acted, by its short name.
    actor: String,
    /// The user who acted, where one signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    user: Option<String>,
    /// What it was about.
    subject: String,
    allowed: bool,
    /// Rules that forbade, the deciding one first.
    rules: Vec<String>,
}

/// A decision with everything behind it.
#[derive(Debug, Serialize, ToSchema)]
struct KeptDecisionView {
    #[serde(flatten)]
    kept: KeptDecision,
    decision: DecisionView,
}

fn kept(kept: Kept) -> KeptDecision {
    KeptDecision {
        id: kept.id.to_string(),
        at: kept.at,
        checkpoint: kept.checkpoint,
        actor: kept.actor,
        user: kept.user,
        subject: kept.subject,
        allowed: kept.allowed,
        rules: kept.rules,
    }
}

async fn list(call: OwnCall) -> Strict<DecisionPage> {
    let listing = call.listing(&["rule", "outcome", "actor"], PAGE_MAX)?;
    let outcome = call.one_of(&listing, "outcome", &["refused", "allowed"])?;
    let rule = match listing.get("rule") {
        None => None,
        Some(rule) => {
            let known = rule.parse::<RuleId>().map_err(|_| {
                call.refuse(Problem::malformed(
                    "rule",
                    "is the id of a rule, such as TXN-601",
                ))
            })?;
            Some(known.to_string())
        }
    };
    let actor = listing.get("actor").map(str::to_owned);
    if actor.is_some() {
        let operator = call.principal.operator_required();
        operator.map_err(|problem| call.refuse(problem))?;
    }
    let question = Question {
        actor,
        refused: outcome == Some("refused") || rule.is_some(),
        allowed: outcome == Some("allowed"),
        rule,
        since: None,
        after: call.place::<Place>(&listing)?,
        count: listing.count,
    };
    let viewer = call.principal.viewer();
    let (found, next) = call
        .read(move |tx| {
            let (viewer, question) = (viewer.clone(), question.clone());
            Box::pin(async move { decisions::page(tx, &viewer, &question).await })
        })
        .await?;
    Ok(Json(DecisionPage {
        items: found.into_iter().map(kept).collect(),
        next: next.map(|place| seek::token(&place)),
    }))
}

async fn single(Path(id): Path<String>, call: OwnCall) -> Strict<KeptDecisionView> {
    call.query(&[])?;
    let unknown = |_| call.refuse(Problem::not_found(&format!("decision {id}")));
    let id: Uuid = id.parse().map_err(unknown)?;
    let viewer = call.principal.viewer();
    let found = call
        .read(move |tx| {
            let viewer = viewer.clone();
            Box::pin(async move { decisions::one(tx, &viewer, id).await })
        })
        .await?;
    let shown = DecisionView::of(&found.decision, None, call.principal.lang);
    Ok(Json(KeptDecisionView {
        kept: kept(found.kept),
        decision: shown.with_chain(&found.facts),
    }))
}

//! What a command would do, before it is given: it is carried out and undone.
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tierline_app::AppError;
use tierline_app::act::{self, Act};
use tierline_app::actor::ActorSpec;
use tierline_app::overview::rehearsal::{Rehearse, Rehearsed, THEN_MAX};
use tierline_app::reading::BODY;
use tierline_domain::time::Date;
use utoipa::ToSchema;

use super::timeline::OutlookView;
use crate::answer::Json;
use crate::ours::{Details, OwnCall, Strict};
use crate::problem::Problem;
use crate::render::DecisionView;
use crate::route::{self, Access, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        route::post(
            "/program/v1/rehearsals",
            "What a command would do: what it would answer and book, and what would be allowed afterwards. Nothing of it stays.",
            rehearse,
        )
        .access(Access::Party)
        .takes::<Rehearsal>()
        .answers::<RehearsalView>(StatusCode::OK),
    ]
}

/// A command to rehearse.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Rehearsal {
    /// Who gives it; the caller where it is left out. Only the operator names somebody else.
    #[serde(default, rename = "as")]
    actor: Option<String>,
    /// Its name.
    verb: String,
    /// Its parameters.
    #[serde(default)]
    #[schema(value_type = HashMap<String, Value>)]
    params: Map<String, Value>,
    /// Acts that are decided on in the state that it leaves, at most ten.
    #[serde(default)]
    then: Vec<NextAct>,
}

/// An act that is tried afterwards.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NextAct {
    /// Who tries it; the caller where it is left out. Only the operator names somebody else.
    #[serde(default, rename = "as")]
    actor: Option<String>,
    verb: String,
    #[serde(default)]
    #[schema(value_type = HashMap<String, Value>)]
    params: Map<String, Value>,
}

/// What a rehearsal came to.
#[derive(Debug, Serialize, ToSchema)]
struct RehearsalView {
    /// Whether the command would go through.
    decision: DecisionView,
    /// What it would answer; left out where it is refused. Each command has its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>, nullable = false)]
    result: Option<Value>,
    /// What would be booked, as the seller and the operator see it: at the operator's price.
    charges: Vec<BookedView>,
    /// The sum of that in each currency, such as `USD -120.00`: what is negative is given back.
    sums: Vec<String>,
    /// The subscription that the command names, as it would be then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    after: Option<OutlookView>,
    /// Decisions on what is tried afterwards, in order; none where the command is refused.
    then: Vec<DecisionView>,
}

/// An amount that would be booked.
#[derive(Debug, Serialize, ToSchema)]
struct BookedView {
    /// The subscription.
    subscription: String,
    /// Charge type, such as `cancelImmediate`.
    kind: String,
    /// Such as `USD -120.00`.
    amount: String,
    /// Per seat for a whole term.
    #[serde(rename = "unitPrice")]
    unit_price: String,
    #[schema(value_type = String, format = Date)]
    from: Date,
    #[schema(value_type = String, format = Date)]
    until: Date,
    /// Quantity × months ÷ term × days ÷ cycle, and where it is rounded.
    basis: String,
}

impl OwnCall {
    /// Who acts: the caller, or whom the operator names.
    fn acting(&self, field: &str, named: Option<String>) -> Result<ActorSpec, Details> {
        let own = self.principal.account.as_ref();
        match named {
            None => Ok(self.principal.actor()),
            Some(name) if self.principal.claims.operator => Ok(ActorSpec::of(&name)),
            Some(name) if own.is_some_and(|own| own.handle == name) => Ok(self.principal.actor()),
            Some(_) => {
                let text = format!("{field}: only the operator rehearses for somebody else");
                Err(self.refuse(Problem::forbidden(&text)))
            }
        }
    }

    fn known(&self, field: &str, verb: &str) -> Result<(), Details> {
        if act::BUILT.contains(&verb) {
            return Ok(());
        }
        let text = format!("there is no command `{verb}`; the scenario format lists them");
        Err(self.refuse(Problem::malformed(field, &text)))
    }
}

/// A failure of a parameter, named from the outermost object.
pub(super) fn within(outer: &str, error: AppError) -> AppError {
    match error {
        AppError::Invalid { field, problem } if field == BODY => AppError::invalid(outer, problem),
        AppError::Invalid { field, problem } => {
            AppError::invalid(format!("{outer}.{field}"), problem)
        }
        other => other,
    }
}

async fn rehearse(call: OwnCall) -> Strict<RehearsalView> {
    call.query(&[])?;
    let wanted: Rehearsal = call.body()?;
    call.known("verb", &wanted.verb)?;
    if wanted.then.len() > THEN_MAX {
        let text = format!("holds at most {THEN_MAX} acts");
        return Err(call.refuse(Problem::malformed("then", &text)));
    }
    let actor = call.acting("as", wanted.actor)?;
    let act = Act {
        actor: actor.clone(),
        verb: wanted.verb,
        params: wanted.params,
    };
    let mut then = Vec::with_capacity(wanted.then.len());
    for next in wanted.then {
        call.known("then.verb", &next.verb)?;
        then.push(Act {
            actor: call.acting("then.as", next.actor)?,
            verb: next.verb,
            params: next.params,
        });
    }
    let ctx = call.ctx_of(actor);
    let now = ctx.now;
    let command = Rehearse {
        ctx,
        viewer: call.principal.viewer(),
        act,
        then,
    };
    let done = call.server.app().db().rehearse(command).await;
    let done = done.map_err(|error| call.failed(within("params", error)))?;
    Ok(Json(shown(&call, done, now)))
}

fn shown(call: &OwnCall, done: Rehearsed, now: tierline_domain::time::Timestamp) -> RehearsalView {
    let lang = call.principal.lang;
    let charges = done.charges.into_iter().map(|charge| BookedView {
        subscription: charge.subscription.to_string(),
        kind: charge.kind.to_string(),
        amount: charge.amount.to_string(),
        unit_price: charge.unit_price.to_string(),
        from: charge.from_day,
        until: charge.until_day,
        basis: charge.basis.to_string(),
    });
    let decided =
        |(decision, facts): &(_, _)| DecisionView::of(decision, None, lang).with_chain(facts);
    let own = call.principal.account.as_ref().map(|account| account.id);
    let sees_price = |seller| call.principal.claims.operator || (own.is_some() && seller == own);
    RehearsalView {
        decision: DecisionView::of(&done.decision, None, lang).with_chain(&done.facts),
        result: done.result,
        charges: charges.collect(),
        sums: done.sums.iter().map(ToString::to_string).collect(),
        after: done.after.map(|after| {
            let sees = sees_price(after.row.seller);
            OutlookView::of(after, sees, now)
        }),
        then: done.then.iter().map(decided).collect(),
    }
}

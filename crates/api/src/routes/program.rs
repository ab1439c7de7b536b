//! Our own endpoints: decisions, commands, rules, the clock. Strict, with problem details.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tierline_app::act::{self, Act};
use tierline_app::actor::ActorSpec;
use tierline_app::app::request_key;
use tierline_app::ask::ask;
use tierline_app::ctx::Ctx;
use tierline_app::{AppError, names};
use tierline_domain::order::OrderRequest;
use tierline_domain::partner::Account;
use tierline_domain::time::{Period, Timestamp};
use tierline_rules::{Decision, Facts, Lang, RuleId, book};
use tierline_store::{Tx, Value as Stored, tables};

use crate::auth::{Bearer, Principal};
use crate::problem::Problem;
use crate::render;
use crate::route::{self, Access, Route};
use crate::server::Server;
use crate::wire::{body, path};

pub(super) fn routes() -> Vec<Route> {
    vec![
        route::post(
            "/program/v1/decisions",
            "Dry run of any deal: every rule, its facts, a rehearsed remedy, the chain.",
            decide,
        ),
        route::post(
            "/program/v1/commands/{verb}",
            "Do something by name.",
            command,
        ),
        route::get("/program/v1/rules", "The rulebook as enforced.", rules)
            .access(Access::Open)
            .query("status", "enforced, behaviour or planned."),
        route::get("/program/v1/rules/{id}", "One rule.", rule).access(Access::Open),
        route::get("/program/v1/clock", "The two clocks.", clock).access(Access::Open),
        route::post("/program/v1/clock", "Move a sandbox world's time.", advance),
        route::get(
            "/program/v1/order-requests",
            "Requests for a purchase, sent and received.",
            order_requests,
        ),
    ]
}

/// Any answer of a strict endpoint.
type Strict = Result<Response, Response>;

fn details(problem: Problem, lang: Lang) -> Response {
    problem.into_details(lang)
}

pub(super) async fn ready(State(server): State<Server>) -> Response {
    match server
        .app()
        .read(ask(|tx| {
            Box::pin(async move {
                Ok(tx
                    .find::<tables::Setting>(tables::settings::EVERY, &[])
                    .await?
                    .len())
            })
        }))
        .await
    {
        Ok(_) => "ready".into_response(),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// A deal to try: a verb and its parameters; `as` for the operator, who may try any.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Deal {
    #[serde(default, rename = "as")]
    actor: Option<String>,
    verb: String,
    #[serde(default)]
    params: Map<String, Value>,
}

/// What a dry run came to: the act as it was tried, and everything behind the decision.
struct Judged {
    act: Act,
    decision: Decision,
    facts: Facts,
}

/// Tries a deal for whoever a token stands for.
async fn judge(
    tx: &mut Tx<'_>,
    ctx: Ctx,
    bearer: Bearer,
    bytes: Bytes,
) -> Result<Result<Judged, Response>, AppError> {
    let Some(principal) = bearer.principal(tx).await? else {
        return Ok(Err(Problem::unauthorized().into_response()));
    };
    let act = match deal(&principal, &bytes) {
        Ok(act) => act,
        Err(problem) => return Ok(Err(details(problem, bearer.lang))),
    };
    let (decision, facts) = act::decide_only(&ctx, tx, &act).await?;
    Ok(Ok(Judged {
        act,
        decision,
        facts,
    }))
}

/// The deal of a body, as its caller may try it.
fn deal(principal: &Principal, bytes: &[u8]) -> Result<Act, Problem> {
    let deal: Deal = body::strict(bytes)?;
    let own = |name: &String| {
        let account = principal.account.as_ref();
        account.is_some_and(|account| account.handle == *name)
    };
    let actor = match deal.actor {
        Some(name) if principal.claims.operator => ActorSpec::of(&name),
        Some(name) if !own(&name) => {
            let why = "a partner may dry-run deals only as itself";
            return Err(Problem::forbidden(why));
        }
        _ => principal.actor(),
    };
    Ok(Act {
        actor,
        verb: deal.verb,
        params: deal.params,
    })
}

/// A dry run of any deal: allowed, every rule with facts and remedies, the chain, the answer on the wire.
pub(super) async fn decide(State(server): State<Server>, bearer: Bearer, bytes: Bytes) -> Strict {
    let lang = bearer.lang;
    // Who acts is part of the act, and known once the token's account is.
    let mut ctx = server.app().ctx(ActorSpec::operator());
    ctx.lang = lang;
    let asked = ctx.clone();
    let judged = server
        .app()
        .read(ask(move |tx| {
            Box::pin(judge(tx, asked.clone(), bearer.clone(), bytes.clone()))
        }))
        .await;
    let Judged {
        act,
        decision,
        facts,
    } = judged.map_err(|error| details(Problem::of(error, lang), lang))??;
    ctx.actor = act.actor.clone();
    // Most deals are in order; the search is kept out of their way.
    let remedy = Box::pin(server.app().remedy(&ctx, &act, &decision)).await;
    let remedy = remedy.map_err(|error| details(Problem::of(error, lang), lang))?;
    let mut shown = render::decision(&decision, remedy.as_ref(), lang);
    shown.chain = Some(render::chain(&facts));
    shown.profile = Some(tierline_app::attempt::PROFILE);
    Ok(Json(shown).into_response())
}

/// Does something by name: the verbs of the scenario format, as the caller.
pub(super) async fn command(
    State(server): State<Server>,
    principal: Principal,
    Path(verb): Path<String>,
    RawQuery(query): RawQuery,
    bytes: Bytes,
) -> Strict {
    let lang = principal.lang;
    let query = path::query(query.as_deref());
    let behalf = query
        .iter()
        .find(|(key, _)| key == "as")
        .map(|(_, name)| name.clone());
    let actor = match behalf {
        // On a sandbox the operator may play any party.
        Some(name) if principal.claims.operator && server.settings().sandbox => {
            ActorSpec::of(&name)
        }
        Some(_) => {
            return Err(details(
                Problem::forbidden("only the operator of a sandbox acts as somebody else"),
                lang,
            ));
        }
        None => principal.actor(),
    };
    if !act::BUILT.contains(&verb.as_str()) {
        return Err(details(
            Problem::not_found(&format!("command {verb}")),
            lang,
        ));
    }
    let params: Map<String, Value> =
        body::strict(&bytes).map_err(|problem| details(problem, lang))?;
    let tenant = principal
        .account
        .as_ref()
        .map_or(uuid::Uuid::nil(), |account| account.tenant.uuid());
    let path = format!("/program/v1/commands/{verb}");
    let key = principal
        .request_id
        .as_deref()
        .map(|id| request_key(tenant, id, "POST", &path, &bytes));
    let act = Act {
        actor: actor.clone(),
        verb,
        params,
    };
    let ctx = server.app().ctx(actor);
    match server.app().perform(ctx, act, key).await {
        Ok(result) => Ok(Json(json!({ "result": result })).into_response()),
        Err(error) => Err(details(Problem::of(error, lang), lang)),
    }
}

fn lang_of(headers: &HeaderMap) -> Lang {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    header("x-locale")
        .or_else(|| header("accept-language"))
        .map_or(Lang::En, Lang::of_locale)
}

pub(super) async fn rules(headers: HeaderMap, RawQuery(query): RawQuery) -> Json<Value> {
    let lang = lang_of(&headers);
    let query = path::query(query.as_deref());
    let wanted = query
        .iter()
        .find(|(key, _)| key == "status")
        .map(|(_, value)| value.clone());
    let items: Vec<Value> = book::all()
        .filter(|entry| {
            wanted
                .as_deref()
                .is_none_or(|wanted| render::status(entry.id) == wanted)
        })
        .map(|entry| render::rule(entry, lang))
        .collect();
    Json(json!({ "totalCount": items.len(), "items": items }))
}

pub(super) async fn rule(headers: HeaderMap, Path(id): Path<String>) -> Strict {
    let lang = lang_of(&headers);
    let entry = id
        .parse::<RuleId>()
        .ok()
        .and_then(book::entry)
        .ok_or_else(|| details(Problem::not_found(&format!("rule {id}")), lang))?;
    Ok(Json(render::rule(entry, lang)).into_response())
}

pub(super) async fn clock(State(server): State<Server>) -> Json<Value> {
    let clock = server.app().clock();
    Json(json!({ "world": clock.world_now(), "server": clock.server_now() }))
}

/// How far the clock of a sandbox world moves: by a period, or to an instant.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Move {
    by: Option<String>,
    until: Option<Timestamp>,
}

pub(super) async fn advance(
    State(server): State<Server>,
    principal: Principal,
    bytes: Bytes,
) -> Strict {
    let lang = principal.lang;
    if !server.settings().sandbox {
        return Err(details(
            Problem::forbidden("the clock moves on sandbox servers only"),
            lang,
        ));
    }
    let wanted: Move = body::strict(&bytes).map_err(|problem| details(problem, lang))?;
    let now = server.app().clock().world_now();
    let until = match (wanted.by, wanted.until) {
        (Some(by), None) => {
            let period: Period = by
                .parse()
                .map_err(|_| details(Problem::malformed("by", "is a period such as P1M"), lang))?;
            now.plus(period)
                .map_err(|error| details(Problem::malformed("by", &error.to_string()), lang))?
        }
        (None, Some(until)) => until,
        _ => {
            return Err(details(
                Problem::malformed("body", "give exactly one of `by` and `until`"),
                lang,
            ));
        }
    };
    let fired = server
        .app()
        .advance(until)
        .await
        .map_err(|error| details(Problem::of(error, lang), lang))?;
    Ok(Json(json!({ "world": until, "fired": fired })).into_response())
}

async fn requests_of(tx: &mut Tx<'_>, account: Account) -> Result<Vec<Value>, AppError> {
    let key = [Stored::Id(account.id.uuid())];
    let mut rows = tx
        .find::<OrderRequest>(tables::order_requests::BY_PROVIDER, &key)
        .await?;
    rows.extend(
        tx.find::<OrderRequest>(tables::order_requests::BY_RESELLER, &key)
            .await?,
    );
    let mut shown = Vec::new();
    for row in rows {
        let reseller = names::account_by_id(tx, row.reseller).await?;
        let provider = names::account_by_id(tx, row.provider).await?;
        let customer: tierline_domain::partner::Tenant = names::by_id(tx, row.customer).await?;
        let item: tierline_domain::catalog::Item = names::by_id(tx, row.line.item).await?;
        shown.push(json!({
            "id": row.handle, "reseller": reseller.handle, "provider": provider.handle, "customer": customer.handle, "item": item.handle,
            "quantity": row.line.quantity, "term": row.line.term, "state": row.state, "note": row.note, "reason": row.reason, "created": row.created,
        }));
    }
    Ok(shown)
}

pub(super) async fn order_requests(State(server): State<Server>, principal: Principal) -> Strict {
    let lang = principal.lang;
    let account = principal
        .partner()
        .map_err(|problem| details(problem, lang))?
        .clone();
    let found = server
        .app()
        .read(ask(move |tx| Box::pin(requests_of(tx, account.clone()))))
        .await;
    let items = found.map_err(|error| details(Problem::of(error, lang), lang))?;
    Ok(Json(json!({ "totalCount": items.len(), "items": items })).into_response())
}

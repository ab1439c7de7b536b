//! Our own endpoints: decisions, commands, rules, the clock. Strict, with problem details.

use std::collections::BTreeMap;

use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tierline_app::act::{self, Act};
use tierline_app::actor::ActorSpec;
use tierline_app::ask::ask;
use tierline_app::time::Step;
use tierline_app::{AppError, Ctx, attempt, names, remedy};
use tierline_domain::catalog::Item;
use tierline_domain::id::Id;
use tierline_domain::order::OrderRequest;
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::time::{Period, Timestamp};
use tierline_rules::{Decision, Facts, Lang, RuleId, book};
use tierline_store::idempotency::RequestKey;
use tierline_store::{Command, StoreError, Tx, Value as Stored, tables};
use utoipa::ToSchema;
use uuid::Uuid;

use super::rehearsals::within;
use crate::answer::Json;
use crate::auth::Bearer;
use crate::ours::{self, Details, OwnCall, Strict};
use crate::problem::Problem;
use crate::render::{self, DecisionView, RuleView};
use crate::route::{self, Access, Route};
use crate::server::Server;

pub(super) fn routes() -> Vec<Route> {
    let ok = StatusCode::OK;
    vec![
        route::post(
            "/program/v1/decisions",
            "Dry run of any deal: every rule, its facts, a rehearsed remedy, the chain.",
            decide,
        )
        .access(Access::Party)
        .takes::<Deal>()
        .answers::<DecisionView>(ok),
        route::post(
            "/program/v1/commands/{verb}",
            "Do something by name; the body holds the command's parameters.",
            command,
        )
        .access(Access::Party)
        .query("as", "Whom the operator of a sandbox plays.")
        .takes::<Parameters>()
        .answers::<CommandResult>(ok),
        route::get("/program/v1/rules", "The rulebook as enforced.", rules)
            .access(Access::Open)
            .query("status", "enforced, behaviour or planned.")
            .answers::<RuleList>(ok),
        route::get(
            "/program/v1/rules/{id}",
            "One rule, with the scenario cases that name it.",
            rule,
        )
        .access(Access::Open)
        .answers::<RuleView>(ok),
        route::get("/program/v1/clock", "The two clocks.", clock)
            .access(Access::Open)
            .answers::<Clocks>(ok),
        route::post("/program/v1/clock", "Move a sandbox world's time.", advance)
            .takes::<Move>()
            .answers::<Moved>(ok),
        route::get(
            "/program/v1/order-requests",
            "Requests for a purchase, sent and received.",
            order_requests,
        )
        .answers::<OrderRequestList>(ok),
    ]
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

/// Parameters of a command, as the scenario format names them.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(value_type = HashMap<String, Value>)]
#[expect(
    dead_code,
    reason = "stands for the body in the documents; it is read as it comes"
)]
struct Parameters(Map<String, Value>);

/// A deal to try.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Deal {
    /// Who tries it; the caller where it is left out. Only the operator names somebody else.
    #[serde(default, rename = "as")]
    actor: Option<String>,
    /// What is tried.
    verb: String,
    /// Its parameters.
    #[serde(default)]
    #[schema(value_type = HashMap<String, Value>)]
    params: Map<String, Value>,
    /// Tells of every rule that was asked, also of those that did not forbid.
    #[serde(default)]
    trace: bool,
}

/// What a dry run came to: the act as it was tried, and everything behind the decision.
struct Tried {
    act: Act,
    decision: Decision,
    facts: Facts,
}

/// Tries a deal for whoever a token stands for: one read for both, because beginning one costs more than the look.
struct TryDeal {
    ctx: Ctx,
    bearer: Bearer,
    deal: Deal,
}

impl Command for TryDeal {
    type Out = Result<Tried, Problem>;
    type Error = AppError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, AppError> {
        let Some(principal) = self.bearer.party(tx).await? else {
            return Ok(Err(Problem::unauthorized()));
        };
        if let Err(problem) = principal.admitted(Some(&Access::Party), self.ctx.now) {
            return Ok(Err(problem));
        }
        let viewer = principal.viewer();
        let actor = match &self.deal.actor {
            Some(name) if principal.claims.operator => ActorSpec::of(name),
            Some(name) if name != viewer.name() => {
                let text = "only the operator dry-runs deals for somebody else";
                return Ok(Err(Problem::forbidden(text)));
            }
            _ => principal.actor(),
        };
        let act = Act {
            actor: actor.clone(),
            verb: self.deal.verb.clone(),
            params: self.deal.params.clone(),
        };
        let ctx = Ctx {
            actor,
            ..self.ctx.clone()
        };
        let (decision, facts) = act::decide_only(&ctx, tx, &act).await?;
        Ok(Ok(Tried {
            act,
            decision,
            facts,
        }))
    }
}

/// A dry run of any deal: allowed, every rule with facts and remedies, the chain, the answer on the wire.
async fn decide(call: OwnCall<Bearer>) -> Strict<DecisionView> {
    call.query(&[])?;
    let deal: Deal = call.body()?;
    if !act::BUILT.contains(&deal.verb.as_str()) {
        let text = format!(
            "there is no command `{}`; the scenario format lists them",
            deal.verb
        );
        return Err(call.refuse(Problem::malformed("verb", &text)));
    }
    let is_traced = deal.trace;
    // Who acts is part of the act, and known once the token's account is.
    let mut ctx = call.ctx_of(ActorSpec::operator());
    let tried = call.server.app().read(TryDeal {
        ctx: ctx.clone(),
        bearer: call.principal.clone(),
        deal,
    });
    let tried = tried
        .await
        .map_err(|error| call.failed(within("params", error)))?;
    let tried = tried.map_err(|problem| call.refuse(problem))?;
    ctx.actor = tried.act.actor.clone();
    // Most deals are in order; the search is kept out of their way.
    let remedy = Box::pin(call.server.app().remedy(&ctx, &tried.act, &tried.decision));
    let remedy = remedy.await.map_err(|error| call.failed(error))?;
    let lang = call.principal.lang;
    let shown = DecisionView::of(&tried.decision, remedy.as_ref(), lang).with_chain(&tried.facts);
    if !is_traced {
        return Ok(Json(shown));
    }
    let asked = attempt::trace(&ctx, &tried.facts);
    Ok(Json(shown.with_trace(&asked, lang)))
}

/// What a command answered.
#[derive(Debug, Serialize, ToSchema)]
struct CommandResult {
    /// Each command has its own.
    #[schema(value_type = Value)]
    result: Value,
}

/// Commands that are given in a sandbox only, here as on their documented paths.
const SANDBOX_ONLY: [&str; 3] = [
    "create_sandbox_reseller",
    "delete_customer",
    "delete_sandbox_reseller",
];

/// Does something by name: the verbs of the scenario format, as the caller.
async fn command(Path(verb): Path<String>, call: OwnCall) -> Strict<CommandResult> {
    let query = call.query(&["as"])?;
    let behalf = query.first().map(|(_, name)| name.clone());
    let actor = match behalf {
        // On a sandbox the operator may play any party.
        Some(name) if call.principal.claims.operator && call.server.settings().sandbox => {
            ActorSpec::of(&name)
        }
        Some(_) => {
            let text = "only the operator of a sandbox acts as somebody else";
            return Err(call.refuse(Problem::forbidden(text)));
        }
        None => call.principal.actor(),
    };
    // A remedy may have to wait: on a sandbox the operator moves the clock, as it plays any party.
    if verb == remedy::WAIT && call.principal.claims.operator && call.server.settings().sandbox {
        let wanted: Move = call.body()?;
        let moved = moved(&call.server, wanted, call.principal.lang).await;
        let moved = moved.map_err(|problem| call.refuse(problem))?;
        let result = serde_json::to_value(moved).unwrap_or_default();
        return Ok(Json(CommandResult { result }));
    }
    if !act::BUILT.contains(&verb.as_str()) {
        return Err(call.refuse(Problem::not_found(&format!("command {verb}"))));
    }
    let principal = &call.principal;
    let is_sandbox = call.server.is_sandbox_of(principal.account.as_ref());
    if SANDBOX_ONLY.contains(&verb.as_str()) && !is_sandbox {
        let text = format!("{verb} is a command of sandboxes, and this is none");
        let refused = Problem::documented(StatusCode::BAD_REQUEST, 900_127, &text);
        return Err(call.refuse(refused));
    }
    let params: Map<String, Value> = call.body()?;
    let partner = principal.account.as_ref().map(|account| account.tenant);
    let customer = principal.customer.as_ref().map(|customer| customer.id);
    let tenant = partner.or(customer).map_or(Uuid::nil(), Id::uuid);
    let id = call.principal.request_id.as_deref();
    let key =
        id.map(|id| RequestKey::new(tenant, id, call.method.as_str(), &call.path, &call.bytes));
    let act = Act {
        actor: actor.clone(),
        verb,
        params,
    };
    let ctx = Ctx {
        actor,
        ..call.ctx()
    };
    let done = call.server.app().perform(ctx, act, key).await;
    let result = done.map_err(|error| call.failed(error))?;
    Ok(Json(CommandResult { result }))
}

/// Rules.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RuleList {
    total_count: usize,
    items: Vec<RuleView>,
}

async fn rules(headers: HeaderMap, RawQuery(query): RawQuery) -> Strict<RuleList> {
    let lang = ours::lang_of(&headers);
    let query = ours::query(query.as_deref(), &["status"], lang)?;
    let wanted = query.first().map(|(_, status)| status.as_str());
    if wanted.is_some_and(|status| !["enforced", "behaviour", "planned"].contains(&status)) {
        let problem = Problem::malformed("status", "is enforced, behaviour or planned");
        return Err(Details::new(problem, lang));
    }
    let items: Vec<RuleView> = book::all()
        .filter(|entry| wanted.is_none_or(|wanted| render::status(entry.id) == wanted))
        .map(|entry| render::rule(entry, lang))
        .collect();
    Ok(Json(RuleList {
        total_count: items.len(),
        items,
    }))
}

async fn rule(headers: HeaderMap, Path(id): Path<String>) -> Strict<RuleView> {
    let lang = ours::lang_of(&headers);
    let entry = id.parse::<RuleId>().ok().and_then(book::entry);
    let entry =
        entry.ok_or_else(|| Details::new(Problem::not_found(&format!("rule {id}")), lang))?;
    Ok(Json(render::rule(entry, lang).with_cases(entry.id)))
}

/// The two clocks.
#[derive(Debug, Serialize, ToSchema)]
struct Clocks {
    /// Decides business dates.
    #[schema(value_type = String, format = DateTime)]
    world: Timestamp,
    /// Decides lives of tokens, retries and logs.
    #[schema(value_type = String, format = DateTime)]
    server: Timestamp,
}

async fn clock(State(server): State<Server>) -> Json<Clocks> {
    let clock = server.app().clock();
    Json(Clocks {
        world: clock.world_now(),
        server: clock.server_now(),
    })
}

/// How far the clock of a sandbox world moves: by a period, to an instant, or to what is due next; exactly one of them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Move {
    /// A period such as P1M.
    by: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// `true`: to the instant at which something is due next.
    next: Option<bool>,
}

impl Move {
    /// How far that is.
    ///
    /// # Errors
    /// A 400 that names what is wrong.
    pub(super) fn step(self) -> Result<Step, Problem> {
        match (self.by, self.until, self.next) {
            (Some(by), None, None) => {
                let period = by.parse::<Period>();
                let bad = |_| Problem::malformed("by", "is a period such as P1M");
                Ok(Step::By(period.map_err(bad)?))
            }
            (None, Some(until), None) => Ok(Step::Until(until)),
            (None, None, Some(true)) => Ok(Step::Next),
            (None, None, Some(false)) => Err(Problem::malformed("next", "is true, or left out")),
            _ => Err(Problem::malformed(
                "body",
                "give exactly one of `by`, `until` and `next`",
            )),
        }
    }
}

/// Where the clock of a world stands now.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Moved {
    #[schema(value_type = String, format = DateTime)]
    world: Timestamp,
    /// How many things fell due on the way and were done.
    fired: u64,
    /// How many of each kind.
    kinds: BTreeMap<String, u64>,
    /// How many could not be done; the schedule says why.
    set_aside: u64,
}

/// Moves the clock of a world.
///
/// # Errors
/// When the clock cannot be moved so far; 409 when the world went away meanwhile.
pub(super) async fn moved(server: &Server, wanted: Move, lang: Lang) -> Result<Moved, Problem> {
    let moved = server.app().advance(wanted.step()?).await;
    let moved = moved.map_err(|error| match error {
        AppError::Store(StoreError::Closed) => {
            let reached = server.app().clock().world_now();
            Problem::conflict(&format!(
                "the world was deleted or reset while its clock moved, and had come to {reached}; everything due by then was done, and nothing after it"
            ))
        }
        error => Problem::of(error, lang),
    })?;
    Ok(Moved {
        world: moved.world,
        fired: moved.fired(),
        kinds: moved.kinds,
        set_aside: moved.set_aside,
    })
}

async fn advance(call: OwnCall) -> Strict<Moved> {
    call.query(&[])?;
    // In production there is no such thing as moving the clock.
    if !call.server.settings().sandbox {
        return Err(call.refuse(Problem::not_found(&call.path)));
    }
    let wanted: Move = call.body()?;
    let moved = moved(&call.server, wanted, call.principal.lang).await;
    moved.map(Json).map_err(|problem| call.refuse(problem))
}

/// Requests for a purchase.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct OrderRequestList {
    total_count: usize,
    items: Vec<OrderRequestView>,
}

/// What a reseller asks its provider to buy for a customer.
#[derive(Debug, Serialize, ToSchema)]
struct OrderRequestView {
    id: String,
    reseller: String,
    provider: String,
    customer: String,
    item: String,
    quantity: i64,
    /// An ISO 8601 period, `one_time` or `none`.
    term: String,
    /// `open`, `accepted`, `declined` or `withdrawn`.
    state: String,
    /// What the reseller added.
    note: String,
    /// Why it was declined.
    reason: String,
    /// What the provider asked when it was made, per seat for the whole term, where the item was open in its marketplace.
    price: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created: Timestamp,
}

async fn requests_of(tx: &mut Tx<'_>, account: Account) -> Result<Vec<OrderRequestView>, AppError> {
    let key = [Stored::Id(account.id.uuid())];
    let mut rows = tx
        .find::<OrderRequest>(tables::order_requests::BY_PROVIDER, &key)
        .await?;
    rows.extend(
        tx.find::<OrderRequest>(tables::order_requests::BY_RESELLER, &key)
            .await?,
    );
    let mut shown = Vec::with_capacity(rows.len());
    for row in rows {
        let reseller = names::account_by_id(tx, row.reseller).await?;
        let provider = names::account_by_id(tx, row.provider).await?;
        let customer: Tenant = names::by_id(tx, row.customer).await?;
        let item: Item = names::by_id(tx, row.line.item).await?;
        shown.push(OrderRequestView {
            id: row.handle,
            reseller: reseller.handle,
            provider: provider.handle,
            customer: customer.handle,
            item: item.handle,
            quantity: row.line.quantity,
            term: row.line.term.to_string(),
            state: row.state.to_string(),
            note: row.note,
            reason: row.reason,
            price: row.quoted.map(|price| price.to_string()),
            created: row.created,
        });
    }
    Ok(shown)
}

async fn order_requests(call: OwnCall) -> Strict<OrderRequestList> {
    call.query(&[])?;
    let account = call.principal.partner();
    let account = account.map_err(|problem| call.refuse(problem))?.clone();
    let items = call
        .read(move |tx| Box::pin(requests_of(tx, account.clone())))
        .await?;
    Ok(Json(OrderRequestList {
        total_count: items.len(),
        items,
    }))
}

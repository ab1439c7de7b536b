//! Our own view of delegation: granular rights for both sides, what becomes of them, groups, and effective access.

use axum::extract::Path;
use http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use tierline_app::act::Act;
use tierline_app::admin::report::Report;
use tierline_app::{AppError, admin, effective, names};
use tierline_domain::admin::{AdminRelationship, AdminState, Group};
use tierline_domain::partner::{Account, Organization, Tenant};
use tierline_domain::time::{Timestamp, add_days};
use tierline_store::idempotency::RequestKey;
use tierline_store::{Tx, Value as Stored, tables};
use utoipa::ToSchema;

use crate::answer::Json;
use crate::effective::EffectiveView;
use crate::ours::{Details, OwnCall, Strict};
use crate::problem::Problem;
use crate::route::{self, Access, Route};

/// Days a request waits for its answer (GDA-006).
const ANSWER_DAYS: i32 = tierline_app::schedule::INVITATION_DAYS;

pub(super) fn routes() -> Vec<Route> {
    let ok = StatusCode::OK;
    vec![
        route::get(
            "/program/v1/admin-relationships",
            "Granular rights: a partner's own, or those over the customer that asks.",
            list,
        )
        .access(Access::Party)
        .query("state", "Only those in this state.")
        .query("partner", "Whose; for the operator, who must name a side.")
        .query("customer", "Over whom; for a partner and the operator.")
        .answers::<RightsList>(ok),
        route::get(
            "/program/v1/admin-relationships/report",
            "Rights that end within sixty days, requests that wait, old full delegation out of use.",
            report,
        )
        .answers::<ReportView>(ok),
        route::post(
            "/program/v1/admin-relationships/{id}/approve",
            "The customer's global administrator approves all requested roles together.",
            approve,
        )
        .access(Access::Party)
        .answers::<RightsView>(ok),
        route::post(
            "/program/v1/admin-relationships/{id}/terminate",
            "Either side ends granular rights.",
            terminate,
        )
        .access(Access::Party)
        .answers::<RightsView>(ok),
        route::get(
            "/program/v1/security-groups",
            "The partner's security groups and who is in them.",
            groups,
        )
        .answers::<GroupList>(ok),
        route::get(
            "/program/v1/customers/{id}/effective-access",
            "What a partner's user may do in a customer's tenant: which roles, from where, until when, and why not more.",
            effective_access,
        )
        .access(Access::Party)
        .query("user", "The name by which the user signs in; the caller without it.")
        .answers::<EffectiveView>(ok),
    ]
}

/// Granular rights.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RightsList {
    total_count: usize,
    items: Vec<RightsView>,
}

/// Granular rights of one relationship.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RightsView {
    id: String,
    name: String,
    /// The partner by its short name.
    partner: String,
    partner_name: String,
    /// The customer by its short name.
    customer: String,
    customer_name: String,
    /// `approval_pending`, `approved`, `activating`, `active`, `expiring`, `expired`, `termination_requested`,
    /// `terminating` or `terminated`.
    state: String,
    /// Directory roles by their names.
    roles: Vec<String>,
    days: i64,
    auto_extend: bool,
    #[schema(value_type = String, format = DateTime)]
    requested: Timestamp,
    /// The day by which the customer has to answer; null once it has.
    answer_by: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    activated: Option<Timestamp>,
    /// The end of rights in force.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
}

async fn view(tx: &mut Tx<'_>, row: AdminRelationship) -> Result<RightsView, AppError> {
    let partner = names::account_by_id(tx, row.partner).await?;
    let customer: Tenant = names::by_id(tx, row.customer).await?;
    let selling: Organization = names::by_id(tx, partner.organization).await?;
    let company: Organization = names::by_id(tx, customer.organization).await?;
    let waits = row.state == AdminState::ApprovalPending;
    let answer_by = add_days(row.requested.date(), ANSWER_DAYS);
    Ok(RightsView {
        id: row.id.to_string(),
        partner: partner.handle,
        partner_name: selling.name,
        customer: customer.handle,
        customer_name: company.name,
        state: row.state.to_string(),
        days: row.days,
        auto_extend: row.auto_extend,
        requested: row.requested,
        answer_by: waits.then(|| answer_by.to_string()),
        activated: row.activated,
        until: (row.state == AdminState::Active).then(|| row.end()),
        name: row.name,
        roles: row.roles,
    })
}

/// Between whom rights are looked for; to each side the others are as good as none.
#[derive(Clone, Debug, Default)]
struct Between {
    partner: Option<Account>,
    customer: Option<Tenant>,
}

async fn between(
    tx: &mut Tx<'_>,
    own: &Between,
    partner: Option<&str>,
    customer: Option<&str>,
) -> Result<Between, AppError> {
    let mut found = own.clone();
    if let Some(name) = partner {
        let named = names::the_account(tx, name).await?;
        if own.partner.as_ref().is_some_and(|own| own.id != named.id) {
            return Err(AppError::missing("partner", name));
        }
        found.partner = Some(named);
    }
    if let Some(name) = customer {
        let named = names::the_tenant(tx, name).await?;
        if own.customer.as_ref().is_some_and(|own| own.id != named.id) {
            return Err(AppError::missing("customer", name));
        }
        found.customer = Some(named);
    }
    Ok(found)
}

async fn rights(
    tx: &mut Tx<'_>,
    between: Between,
    state: Option<AdminState>,
    now: Timestamp,
) -> Result<Vec<RightsView>, AppError> {
    let id = |id: uuid::Uuid| Stored::Id(id);
    let rows = match (&between.partner, &between.customer) {
        (Some(partner), Some(customer)) => {
            let key = [id(partner.id.uuid()), id(customer.id.uuid())];
            tx.find(tables::admin_relationships::BY_PAIR, &key).await?
        }
        (Some(partner), None) => {
            let key = [id(partner.id.uuid())];
            tx.find(tables::admin_relationships::BY_PARTNER, &key)
                .await?
        }
        (None, Some(customer)) => {
            let key = [id(customer.id.uuid())];
            tx.find(tables::admin_relationships::BY_CUSTOMER, &key)
                .await?
        }
        (None, None) => {
            return Err(AppError::invalid(
                "partner",
                "or customer names whose rights are meant",
            ));
        }
    };
    let mut shown = Vec::new();
    for row in rows {
        let row: AdminRelationship = row;
        let is_wanted = state.is_none_or(|state| row.state == state);
        if is_wanted && admin::in_view(&row, now)? {
            shown.push(view(tx, row).await?);
        }
    }
    Ok(shown)
}

/// The side that calls; none for the operator.
fn own(call: &OwnCall) -> Between {
    Between {
        partner: call.principal.account.clone(),
        customer: call.principal.customer.clone(),
    }
}

async fn list(call: OwnCall) -> Strict<RightsList> {
    let query = call.query(&["state", "partner", "customer"])?;
    let given = |key: &str| {
        let found = query.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value.clone())
    };
    let state = given("state").map(|word| word.parse::<AdminState>());
    let state = state.transpose().map_err(|_| {
        let known: Vec<&str> = AdminState::ALL.iter().map(|state| state.as_str()).collect();
        let text = format!("is one of {}", known.join(", "));
        call.refuse(Problem::malformed("state", &text))
    })?;
    let (own, partner, customer) = (own(&call), given("partner"), given("customer"));
    let now = call.server.app().clock().world_now();
    let items = call
        .read(move |tx| {
            let (own, partner, customer) = (own.clone(), partner.clone(), customer.clone());
            Box::pin(async move {
                let sides = between(tx, &own, partner.as_deref(), customer.as_deref()).await?;
                rights(tx, sides, state, now).await
            })
        })
        .await?;
    Ok(Json(RightsList {
        total_count: items.len(),
        items,
    }))
}

/// Does something by name as the caller, once per request id.
async fn perform(call: &OwnCall, verb: &str, params: Value) -> Result<Value, Details> {
    let principal = &call.principal;
    let own = principal.account.as_ref().map(|account| account.tenant);
    let own = own.or(principal.customer.as_ref().map(|tenant| tenant.id));
    let tenant = own.map_or(uuid::Uuid::nil(), tierline_domain::id::Id::uuid);
    let id = principal.request_id.as_deref();
    let method = call.method.as_str();
    let key = id.map(|id| RequestKey::new(tenant, id, method, &call.path, &call.bytes));
    let act = Act {
        actor: principal.actor(),
        ..Act::of("", verb, params)
    };
    let done = call.server.app().perform(call.ctx(), act, key).await;
    done.map_err(|error| call.failed(error))
}

/// A command about one relationship, and how that looks afterwards.
async fn change(call: &OwnCall, verb: &str, id: String) -> Strict<RightsView> {
    call.query(&[])?;
    // By its id alone: a short name might be another party's, and could be guessed.
    if id.parse::<uuid::Uuid>().is_err() {
        return Err(call.failed(AppError::missing("admin relationship", id)));
    }
    perform(call, verb, json!({ "admin_relationship": id })).await?;
    let shown = call
        .read(move |tx| {
            let id = id.clone();
            Box::pin(async move {
                let row = names::the_admin_relationship(tx, &id).await?;
                view(tx, row).await
            })
        })
        .await?;
    Ok(Json(shown))
}

async fn approve(Path(id): Path<String>, call: OwnCall) -> Strict<RightsView> {
    change(&call, "approve_admin", id).await
}

async fn terminate(Path(id): Path<String>, call: OwnCall) -> Strict<RightsView> {
    change(&call, "terminate_admin", id).await
}

/// What a partner is told of its delegations.
#[derive(Debug, Serialize, ToSchema)]
struct ReportView {
    /// Granular rights that end within sixty days, the next end first.
    expiring: Vec<ListedView>,
    /// Requests that wait for their customers.
    pending: Vec<ListedView>,
    /// Full delegation that is not used.
    unused: Vec<UnusedView>,
}

/// One granular relationship of the report.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ListedView {
    /// By its short name.
    admin_relationship: String,
    customer: String,
    /// The last day, or the one by which the request has to be answered.
    until: String,
    auto_extend: bool,
}

/// Full delegation that is not used.
#[derive(Debug, Serialize, ToSchema)]
struct UnusedView {
    customer: String,
    /// The day of its last use, or the one on which it began.
    since: String,
    /// `remove` after ninety days, `review` after sixty.
    advice: String,
}

impl ReportView {
    fn of(report: Report) -> Self {
        let listed = |rows: Vec<admin::report::Listed>| {
            let rows = rows.into_iter().map(|row| ListedView {
                admin_relationship: row.admin_relationship,
                customer: row.customer,
                until: row.until.to_string(),
                auto_extend: row.auto_extend,
            });
            rows.collect()
        };
        let unused = report.unused.into_iter().map(|row| UnusedView {
            customer: row.customer,
            since: row.since.to_string(),
            advice: row.advice.to_owned(),
        });
        Self {
            expiring: listed(report.expiring),
            pending: listed(report.pending),
            unused: unused.collect(),
        }
    }
}

async fn report(call: OwnCall) -> Strict<ReportView> {
    call.query(&[])?;
    let account = call.principal.partner();
    let account = account.map_err(|problem| call.refuse(problem))?.clone();
    // Whether the caller may read it at all is decided like every command.
    perform(&call, "report_delegations", json!({})).await?;
    let now = call.server.app().clock().world_now();
    let found = call
        .read(move |tx| {
            let account = account.clone();
            Box::pin(async move { admin::report::of(tx, &account, now).await })
        })
        .await?;
    Ok(Json(ReportView::of(found)))
}

/// Security groups.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct GroupList {
    total_count: usize,
    items: Vec<GroupView>,
}

/// A security group in the partner's tenant.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct GroupView {
    id: String,
    name: String,
    /// Users by their short names.
    members: Vec<String>,
    /// Nested under the admin agents, as managing consumption wants it.
    nested_in_admin_agents: bool,
}

async fn groups(call: OwnCall) -> Strict<GroupList> {
    call.query(&[])?;
    let account = call.principal.partner();
    let key = account.map_err(|problem| call.refuse(problem))?.id.uuid();
    let rows = call
        .read(move |tx| {
            Box::pin(async move {
                let key = [Stored::Id(key)];
                Ok(tx
                    .find::<Group>(tables::security_groups::BY_PARTNER, &key)
                    .await?)
            })
        })
        .await?;
    let items: Vec<GroupView> = rows
        .into_iter()
        .map(|row| GroupView {
            id: row.id.to_string(),
            name: row.handle,
            members: row.members,
            nested_in_admin_agents: row.nested_in_admin_agents,
        })
        .collect();
    Ok(Json(GroupList {
        total_count: items.len(),
        items,
    }))
}

async fn effective_access(Path(id): Path<String>, call: OwnCall) -> Strict<EffectiveView> {
    let query = call.query(&["user"])?;
    let user = query.first().map(|(_, name)| name.clone());
    let ctx = call.ctx();
    let lang = call.principal.lang;
    let found = call
        .read(move |tx| {
            let (ctx, id, user) = (ctx.clone(), id.clone(), user.clone());
            Box::pin(async move { effective::of(&ctx, tx, &id, user.as_deref()).await })
        })
        .await?;
    Ok(Json(EffectiveView::of(&found, lang)))
}

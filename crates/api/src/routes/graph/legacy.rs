//! Old full delegation as the service of before granular rights tells of it, under the path that it had.

use std::collections::BTreeMap;

use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use tierline_app::admin::legacy;
use tierline_app::admin::report::INACTIVE_DAYS;
use tierline_app::{AppError, names};
use tierline_domain::customer::{Delegation, Relationship, RelationshipState};
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::time::{Date, Timestamp, add_days};
use tierline_store::{Tx, Value as Stored, tables};
use utoipa::ToSchema;

use super::{GraphCall, Side, company};
use crate::answer::Json;
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::wire::odata::List;

const CUSTOMERS: &str = "/CustomerServiceAdminApi/Web/v1/delegatedAdminCustomers";
const STATISTICS: &str = "/CustomerServiceAdminApi/Web/v1/delegatedAdminStatistics";
/// What `@odata.context` says before the name of what is shown.
const METADATA: &str = "/CustomerServiceAdminApi/Web/v1/$metadata#";
/// Sign-ins of so many hours are counted.
const COUNTED_HOURS: i64 = 24;

pub(super) fn routes() -> Vec<Route> {
    let tested = "delegation_sides.rs old_delegation_is_told_of_where_it_was";
    vec![
        route::get(
            CUSTOMERS,
            "A partner's customers, and over which it has full delegation.",
            customers,
        )
        .query("$filter", "Comparisons of members, joined by and and or.")
        .query("$orderby", "Members, each with asc or desc behind it.")
        .query("$select", "The members to show.")
        .query("$top", "Most of one page, at most 300.")
        .query("$skip", "How many to leave out.")
        .query("$count", "true adds @odata.count.")
        .answers::<List<DelegatingCustomer>>(StatusCode::OK)
        .shows_partly(
            "dap-customers-list",
            tested,
            "of sign-ins the last one is known, so that at most one is counted",
        ),
        route::get(
            STATISTICS,
            "How many full delegations a partner has, since when, and which are not used.",
            statistics,
        )
        .answers::<DelegationStatistics>(StatusCode::OK)
        .shows("dap-statistics-get", tested),
    ]
}

/// A customer, and what its partner holds in its tenant by old full delegation. Members that `$select` does not name are
/// left out.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct DelegatingCustomer {
    #[schema(required = false)]
    id: String,
    #[schema(required = false)]
    customer_tenant_id: String,
    #[schema(required = false)]
    organization_display_name: String,
    /// Users of the partner that signed in within a day.
    #[schema(required = false)]
    partner_agent_count: i64,
    /// Sign-ins within a day.
    #[schema(required = false)]
    partner_sign_in_count: i64,
    #[schema(required = false)]
    global_admin_sign_in_count: i64,
    #[schema(required = false)]
    dap_enabled: bool,
    /// Since when there is the relationship that it came with.
    #[schema(value_type = String, format = DateTime, required = false)]
    start_date_time: Timestamp,
    /// Always empty: what has ended is not told of.
    #[schema(value_type = Option<String>, format = DateTime)]
    end_date_time: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_sign_in_date_time: Option<Timestamp>,
}

/// So many on one day.
#[derive(Debug, Serialize, ToSchema)]
struct OnDay {
    /// As the service writes it: month, day and year.
    date: String,
    count: i64,
}

/// Full delegations in figures.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct DelegationStatistics {
    id: String,
    partner_tenant_id: String,
    total_dap_customer_count: usize,
    /// By the day since which they are there.
    established_dap_count: Vec<OnDay>,
    /// By the day on which they had not been used for ninety days (DAP-005).
    inactive_dap_count: Vec<OnDay>,
}

/// A relationship with what is shown of it.
struct Tie {
    row: Relationship,
    tenant: Tenant,
    company: String,
    used: Option<Timestamp>,
}

impl Tie {
    const fn is_full(&self) -> bool {
        matches!(self.row.delegation, Delegation::Full)
    }

    fn shown(&self, now: Timestamp) -> DelegatingCustomer {
        let recent = |used: Timestamp| now < used.plus_hours(COUNTED_HOURS);
        let count = i64::from(self.used.is_some_and(recent));
        let id = self.tenant.id.to_string();
        DelegatingCustomer {
            customer_tenant_id: id.clone(),
            id,
            organization_display_name: self.company.clone(),
            partner_agent_count: count,
            partner_sign_in_count: count,
            global_admin_sign_in_count: 0,
            dap_enabled: self.is_full(),
            start_date_time: self.row.since,
            end_date_time: None,
            last_sign_in_date_time: self.used,
        }
    }
}

async fn active(tx: &mut Tx<'_>, partner: Account) -> Result<Vec<Tie>, AppError> {
    let key = [Stored::Id(partner.id.uuid())];
    let rows = tx
        .find::<Relationship>(tables::relationships::BY_PARTNER, &key)
        .await?;
    let mut ties = Vec::with_capacity(rows.len());
    for row in rows {
        if row.state != RelationshipState::Active {
            continue;
        }
        let tenant: Tenant = names::by_id(tx, row.customer).await?;
        ties.push(Tie {
            company: company(tx, &tenant).await?,
            used: legacy::last_use(tx, &row).await?.map(|used| used.used),
            tenant,
            row,
        });
    }
    ties.sort_by(|one, other| one.company.cmp(&other.company));
    Ok(ties)
}

/// The caller, which is a partner, and its relationships in force.
async fn ties(call: &GraphCall) -> Result<(Account, Vec<Tie>), Problem> {
    let Side::Partner(partner) = &call.side else {
        return Err(Problem::forbidden("this path is for partners"));
    };
    let partner = (**partner).clone();
    let wanted = partner.clone();
    let found = call.read(move |tx| Box::pin(active(tx, wanted.clone())));
    Ok((partner, found.await?))
}

async fn customers(call: GraphCall) -> Result<Response, Problem> {
    let (_, ties) = ties(&call).await?;
    let (options, _) = call.options::<DelegatingCustomer>(&[])?;
    let now = call.now();
    let shown = ties.iter().map(|tie| json!(tie.shown(now))).collect();
    let context = call.address(&format!("{METADATA}delegatedAdminCustomers"));
    let page = options.page(shown, &context, &call.address(CUSTOMERS));
    Ok(Json(page).into_response())
}

fn by_day(days: impl Iterator<Item = Date>) -> Vec<OnDay> {
    let mut counted: BTreeMap<Date, i64> = BTreeMap::new();
    for day in days {
        let count = counted.entry(day).or_default();
        *count = count.saturating_add(1);
    }
    counted
        .into_iter()
        .map(|(day, count)| OnDay {
            date: format!("{}/{}/{}", day.month(), day.day(), day.year()),
            count,
        })
        .collect()
}

async fn statistics(call: GraphCall) -> Result<Json<Value>, Problem> {
    let (partner, ties) = ties(&call).await?;
    let today = call.now().date();
    let full = || ties.iter().filter(|tie| tie.is_full());
    let idle_since = |tie: &Tie| {
        let last = tie.used.unwrap_or(tie.row.since).date();
        add_days(last, INACTIVE_DAYS.saturating_add(1))
    };
    let shown = DelegationStatistics {
        id: partner.tenant.to_string(),
        partner_tenant_id: partner.tenant.to_string(),
        total_dap_customer_count: full().count(),
        established_dap_count: by_day(full().map(|tie| tie.row.since.date())),
        inactive_dap_count: by_day(full().map(idle_since).filter(|day| *day <= today)),
    };
    let mut shown = json!(shown);
    if let Some(map) = shown.as_object_mut() {
        let context = format!("{METADATA}delegatedAdminStatistics/$entity");
        map.insert("@odata.context".to_owned(), json!(call.address(&context)));
    }
    Ok(Json(shown))
}

//! What customers used this month, against their budgets: by customer, subscription, meter and resource, as estimates at
//! list price. Earned credit shows in none of it (PEC-007).

use axum::extract::Path;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tierline_app::billing::fx;
use tierline_app::usage::budget;
use tierline_app::usage::summary::{self, Sum, User};
use tierline_app::{AppError, names};
use tierline_domain::customer::{Customer, Relationship, RelationshipState};
use tierline_domain::decimal::Decimal as Exact;
use tierline_domain::money::{Currency, Money};
use tierline_domain::partner::{Account, Organization, Tenant};
use tierline_domain::time::{Date, Timestamp, add_months};
use tierline_rules::regions;
use tierline_store::{Tx, Value as Stored, tables};
use utoipa::ToSchema;

use super::customers;
use super::subscription_view::first_instant;
use crate::answer::Json;
use crate::call::Call;
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::wire::decimal::Decimal;
use crate::wire::envelope::{Attributes, Collection, Links};

mod by_subscription;

use by_subscription::{
    AzureResourceMonthlyUsageRecord, MeterRecord, ResourceUsageRecord,
    SubscriptionMonthlyUsageRecord, SubscriptionUsageSummary,
};

const BUDGET: &str = "/v1/customers/{customer-id}/usagebudget";

pub(super) fn routes() -> Vec<Route> {
    let ok = StatusCode::OK;
    vec![
        route::get(
            "/v1/usagesummary",
            "What all customers used this month, and how many are over their budgets.",
            of_partner,
        )
        .answers::<PartnerUsageSummary>(ok)
        .shows(
            "partner-usage-summary-get",
            "usage.rs usage_is_summed_up_by_partner_customer_and_subscription",
        ),
        route::get(
            "/v1/customers/usagerecords",
            "What each customer used this month.",
            by_customer,
        )
        .answers::<Collection<CustomerMonthlyUsageRecord>>(ok)
        .shows(
            "customer-usage-records-list",
            "usage.rs usage_is_summed_up_by_partner_customer_and_subscription",
        ),
        route::get(
            "/v1/customers/{customer-id}/usagesummary",
            "What a customer used this month.",
            of_customer,
        )
        .answers::<CustomerUsageSummary>(ok)
        .shows(
            "customer-usage-summary-get",
            "usage.rs usage_is_summed_up_by_partner_customer_and_subscription",
        ),
        route::get(
            "/v1/customers/{customer-id}/subscriptions/usagerecords",
            "What each subscription of a customer used this month.",
            by_subscription::by_subscription,
        )
        .answers::<Collection<SubscriptionMonthlyUsageRecord>>(ok)
        .shows(
            "subscription-usage-records-list",
            "usage.rs usage_is_summed_up_by_partner_customer_and_subscription",
        ),
        route::get(
            "/v1/customers/{customer-id}/subscriptions/{subscription-id}/usagesummary",
            "What a subscription used this month; a plan, what the subscriptions under it did.",
            by_subscription::of_subscription,
        )
        .answers::<SubscriptionUsageSummary>(ok)
        .shows(
            "subscription-usage-summary-get",
            "usage.rs usage_is_summed_up_by_partner_customer_and_subscription",
        ),
        route::get(
            "/v1/customers/{customer-id}/subscriptions/{subscription-id}/resourceusagerecords",
            "What each resource of a subscription or plan used this month.",
            by_subscription::by_resource,
        )
        .answers::<Collection<ResourceUsageRecord>>(ok)
        .shows(
            "subscription-resource-usage-records-list",
            "usage.rs usage_is_listed_by_meter_and_by_resource",
        ),
        route::get(
            "/v1/customers/{customer-id}/subscriptions/{subscription-id}/meterusagerecords",
            "What a plan used this month by meter; a subscription of the previous offer, what it used in all.",
            by_subscription::by_meter,
        )
        .answers::<Collection<MeterRecord>>(ok)
        .shows(
            "subscription-meter-usage-records-list",
            "usage.rs usage_is_listed_by_meter_and_by_resource",
        ),
        route::get(
            "/v1/customers/{customer-id}/subscriptions/{subscription-id}/usagerecords/resources",
            "What a subscription used this month by service.",
            by_subscription::monthly,
        )
        .answers::<Collection<AzureResourceMonthlyUsageRecord>>(ok)
        .shows(
            "subscription-monthly-usage-records-list",
            "usage.rs usage_is_listed_by_meter_and_by_resource",
        ),
        route::get(BUDGET, "What a customer may spend in a month.", budget_of)
            .answers::<SpendingBudget>(ok)
            .shows(
                "customer-usage-budget-get",
                "usage.rs a_budget_is_set_and_taken_away",
            ),
        route::patch(
            BUDGET,
            "Set what a customer may spend in a month, or nothing.",
            set_budget,
        )
        .takes::<NewBudget>()
        .answers::<SpendingBudget>(ok)
        .shows(
            "customer-usage-budget-update",
            "usage.rs a_budget_is_set_and_taken_away",
        ),
    ]
}

/// What a customer may spend in a month; no amount where there is no budget.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_field_names,
    reason = "members are called as documented"
)]
struct SpendingBudget {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    amount: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    usage_spending_budget: Option<Decimal>,
    attributes: Attributes,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    links: Option<Links>,
}

impl SpendingBudget {
    fn of(budget: Option<Money>) -> Self {
        Self {
            amount: budget.map(Decimal::of),
            usage_spending_budget: None,
            attributes: Attributes::of("SpendingBudget"),
            links: None,
        }
    }

    fn alone(budget: Option<Money>, customer: &Tenant) -> Self {
        Self {
            usage_spending_budget: budget.map(Decimal::of),
            links: Some(Links::own(format!(
                "/customers/{}/usagebudget",
                customer.id
            ))),
            ..Self::of(budget)
        }
    }
}

/// A budget as it is sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NewBudget {
    /// US dollars, with two decimals at most; left out where there shall be no budget.
    #[schema(value_type = Option<Decimal>)]
    amount: Option<String>,
}

/// What something costs, in the partner's currency and in dollars.
#[derive(Clone, Debug)]
struct Cost {
    total: Decimal,
    currency: String,
    dollars: Decimal,
    changed: String,
}

/// The month that is shown, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Month {
    pub(super) first: Date,
    pub(super) last: Date,
    pub(super) now: Timestamp,
}

impl Month {
    pub(super) fn of(call: &Call) -> Self {
        let now = call.server.app().clock().world_now();
        let day = now.date();
        Self {
            first: day.first_of_month(),
            last: day.last_of_month(),
            now,
        }
    }

    const fn days(self) -> (Date, Date) {
        (self.first, self.last)
    }

    fn start(self) -> String {
        first_instant(self.first)
    }

    fn end(self) -> String {
        first_instant(add_months(self.first, 1))
    }

    /// What a cost so far comes to by the end of the month, if it goes on like that.
    fn trend(self, cost: Exact) -> Result<Exact, AppError> {
        let so_far = i128::from(self.now.date().day().max(1));
        let all = i128::from(self.last.day());
        Ok(cost
            .times(Exact::new(all, 0))?
            .over(Exact::new(so_far, 0), 2)?)
    }
}

pub(super) fn currency_of(account: &Account) -> Currency {
    regions::currency(account.country).unwrap_or(Currency::USD)
}

/// A number as it is written, without noughts at its end.
pub(super) fn number(exact: Exact) -> Decimal {
    Decimal::read(&exact.trimmed().to_string())
}

async fn cost(
    tx: &mut Tx<'_>,
    account: &Account,
    month: Month,
    sum: Sum,
) -> Result<Cost, AppError> {
    let currency = currency_of(account);
    let rate = fx::per_dollar(tx, currency, month.first).await?;
    Ok(Cost {
        total: number(sum.cost.times(rate)?),
        currency: currency.to_string(),
        dollars: number(sum.cost),
        changed: sum.changed.unwrap_or(month.now).to_string(),
    })
}

/// The language and country in which amounts are written for a customer.
async fn locale(tx: &mut Tx<'_>, customer: &Tenant) -> Result<String, AppError> {
    let row = tx
        .get::<Customer>(&[Stored::Id(customer.id.uuid())])
        .await?;
    Ok(row.map_or_else(|| "en-US".to_owned(), |row| row.culture))
}

async fn name_of(tx: &mut Tx<'_>, tenant: &Tenant) -> Result<String, AppError> {
    let contact = tx
        .get::<tables::Contact>(&[Stored::Id(tenant.id.uuid())])
        .await?;
    match contact {
        Some(contact) => Ok(contact.company_name),
        None => Ok(names::by_id::<Organization, _>(tx, tenant.organization)
            .await?
            .name),
    }
}

/// A customer with what it used and may use.
struct Spender {
    tenant: Tenant,
    name: String,
    budget: Option<Money>,
    users: Vec<User>,
    sum: Sum,
}

async fn spender(
    tx: &mut Tx<'_>,
    partner: &Account,
    tenant: Tenant,
    month: Month,
) -> Result<Spender, AppError> {
    let users = summary::users(tx, partner, &tenant).await?;
    let mut sum = Sum::NOTHING;
    // A plan's days are those of the subscriptions under it.
    for user in &users {
        let days = summary::days(tx, std::slice::from_ref(user), &user.row, month.days()).await?;
        sum = sum.plus(summary::sum(&days)?)?;
    }
    Ok(Spender {
        name: name_of(tx, &tenant).await?,
        budget: budget::of(tx, &tenant, month.last).await?,
        tenant,
        users,
        sum,
    })
}

/// Every customer of a partner that has something billed by use.
async fn spenders(
    tx: &mut Tx<'_>,
    partner: &Account,
    month: Month,
) -> Result<Vec<Spender>, AppError> {
    let key = [Stored::Id(partner.id.uuid())];
    let ties = tx
        .find::<Relationship>(tables::relationships::BY_PARTNER, &key)
        .await?;
    let mut found = Vec::new();
    for tie in ties {
        if tie.state != RelationshipState::Active {
            continue;
        }
        let tenant = names::by_id::<Tenant, _>(tx, tie.customer).await?;
        let one = spender(tx, partner, tenant, month).await?;
        if !one.users.is_empty() {
            found.push(one);
        }
    }
    Ok(found)
}

/// What all customers used.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PartnerUsageSummary {
    emails_to_notify: Vec<String>,
    customers_over_budget: usize,
    /// Those that will be, if they go on like this.
    customers_trending_over: usize,
    customers_with_usage_based_subscription: usize,
    resource_id: String,
    id: String,
    resource_name: String,
    name: String,
    billing_start_date: String,
    billing_end_date: String,
    total_cost: Decimal,
    currency_locale: String,
    currency_code: String,
    usd_total_cost: Decimal,
    last_modified_date: String,
    links: Links,
    attributes: Attributes,
}

async fn summed(
    tx: &mut Tx<'_>,
    partner: Account,
    month: Month,
) -> Result<PartnerUsageSummary, AppError> {
    let all = spenders(tx, &partner, month).await?;
    let (mut over, mut trending, mut sum) = (0, 0, Sum::NOTHING);
    for one in &all {
        sum = sum.plus(one.sum)?;
        let Some(budget) = one.budget.map(Exact::of) else {
            continue;
        };
        if budget.minus(one.sum.cost)?.is_negative() {
            over += 1;
        } else if budget.minus(month.trend(one.sum.cost)?)?.is_negative() {
            trending += 1;
        }
    }
    let cost = cost(tx, &partner, month, sum).await?;
    let tenant = names::by_id::<Tenant, _>(tx, partner.tenant).await?;
    let name = name_of(tx, &tenant).await?;
    Ok(PartnerUsageSummary {
        emails_to_notify: Vec::new(),
        customers_over_budget: over,
        customers_trending_over: trending,
        customers_with_usage_based_subscription: all.len(),
        resource_id: tenant.id.to_string(),
        id: tenant.id.to_string(),
        resource_name: name.clone(),
        name,
        billing_start_date: month.start(),
        billing_end_date: month.end(),
        total_cost: cost.total,
        currency_locale: locale(tx, &tenant).await?,
        currency_code: cost.currency,
        usd_total_cost: cost.dollars,
        last_modified_date: cost.changed,
        links: Links::own("/usagesummary"),
        attributes: Attributes::of("PartnerUsageSummary"),
    })
}

async fn of_partner(call: Call) -> Result<Json<PartnerUsageSummary>, Problem> {
    let (partner, month) = (call.account.clone(), Month::of(&call));
    call.read(move |tx| Box::pin(summed(tx, partner.clone(), month)))
        .await
        .map(Json)
}

/// What one customer used.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CustomerMonthlyUsageRecord {
    budget: SpendingBudget,
    customer_spending_budget: SpendingBudget,
    percent_used: Decimal,
    /// The customer has a plan.
    is_upgraded: bool,
    resource_id: String,
    id: String,
    resource_name: String,
    name: String,
    total_cost: Decimal,
    currency_locale: String,
    currency_code: String,
    usd_total_cost: Decimal,
    last_modified_date: String,
    attributes: Attributes,
}

/// How much of a budget is used, in per cent with two decimals.
fn percent_used(spent: Exact, budget: Option<Money>) -> Result<Decimal, AppError> {
    let budget = budget.map(Exact::of).filter(|budget| !budget.is_zero());
    Ok(match budget {
        Some(budget) => number(spent.times(Exact::new(100, 0))?.over(budget, 2)?),
        None => number(Exact::ZERO),
    })
}

async fn customer_records(
    tx: &mut Tx<'_>,
    partner: Account,
    month: Month,
) -> Result<Vec<CustomerMonthlyUsageRecord>, AppError> {
    let mut found = Vec::new();
    for one in spenders(tx, &partner, month).await? {
        let cost = cost(tx, &partner, month, one.sum).await?;
        let budget = SpendingBudget::of(one.budget);
        found.push(CustomerMonthlyUsageRecord {
            customer_spending_budget: budget.clone(),
            budget,
            percent_used: percent_used(one.sum.cost, one.budget)?,
            is_upgraded: one.users.iter().any(|user| !user.is_previous()),
            resource_id: one.tenant.id.to_string(),
            id: one.tenant.id.to_string(),
            resource_name: one.name.clone(),
            name: one.name,
            total_cost: cost.total,
            currency_locale: locale(tx, &one.tenant).await?,
            currency_code: cost.currency,
            usd_total_cost: cost.dollars,
            last_modified_date: cost.changed,
            attributes: Attributes::of("CustomerMonthlyUsageRecord"),
        });
    }
    Ok(found)
}

async fn by_customer(call: Call) -> Result<Json<Collection<CustomerMonthlyUsageRecord>>, Problem> {
    let (partner, month) = (call.account.clone(), Month::of(&call));
    let found = call
        .read(move |tx| Box::pin(customer_records(tx, partner.clone(), month)))
        .await?;
    Ok(Json(Collection::whole(found, "/customers/usagerecords")))
}

/// What a customer used, beside its budget.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CustomerUsageSummary {
    budget: SpendingBudget,
    resource_id: String,
    id: String,
    resource_name: String,
    name: String,
    billing_start_date: String,
    billing_end_date: String,
    total_cost: Decimal,
    currency_locale: String,
    currency_code: String,
    usd_total_cost: Decimal,
    last_modified_date: String,
    links: Links,
    attributes: Attributes,
}

async fn customer_summary(
    tx: &mut Tx<'_>,
    partner: Account,
    tenant: Tenant,
    month: Month,
) -> Result<CustomerUsageSummary, AppError> {
    let one = spender(tx, &partner, tenant, month).await?;
    let cost = cost(tx, &partner, month, one.sum).await?;
    Ok(CustomerUsageSummary {
        budget: SpendingBudget::of(one.budget),
        resource_id: one.tenant.id.to_string(),
        id: one.tenant.id.to_string(),
        resource_name: one.name.clone(),
        name: one.name,
        billing_start_date: month.start(),
        billing_end_date: month.end(),
        total_cost: cost.total,
        currency_locale: locale(tx, &one.tenant).await?,
        currency_code: cost.currency,
        usd_total_cost: cost.dollars,
        last_modified_date: cost.changed,
        links: Links::own(format!("/customers/{}/usagesummary", one.tenant.id)),
        attributes: Attributes::of("CustomerUsageSummary"),
    })
}

async fn of_customer(
    Path(customer): Path<String>,
    call: Call,
) -> Result<Json<CustomerUsageSummary>, Problem> {
    let tenant = tenant(&call, &customer).await?;
    let (partner, month) = (call.account.clone(), Month::of(&call));
    call.read(move |tx| Box::pin(customer_summary(tx, partner.clone(), tenant.clone(), month)))
        .await
        .map(Json)
}

async fn tenant(call: &Call, customer: &str) -> Result<Tenant, Problem> {
    Ok(customers::required(&call.server, &call.principal, customer)
        .await?
        .tenant)
}

async fn budget_shown(call: &Call, tenant: Tenant) -> Result<Json<SpendingBudget>, Problem> {
    let asked = tenant.clone();
    let today = call.server.app().clock().world_now().date();
    let budget = call
        .read(move |tx| {
            let asked = asked.clone();
            Box::pin(async move { budget::of(tx, &asked, today).await })
        })
        .await?;
    Ok(Json(SpendingBudget::alone(budget, &tenant)))
}

async fn budget_of(
    Path(customer): Path<String>,
    call: Call,
) -> Result<Json<SpendingBudget>, Problem> {
    let tenant = tenant(&call, &customer).await?;
    budget_shown(&call, tenant).await
}

async fn set_budget(
    Path(customer): Path<String>,
    call: Call,
) -> Result<Json<SpendingBudget>, Problem> {
    let tenant = tenant(&call, &customer).await?;
    let new: NewBudget = call.body()?;
    let amount = match new.amount.as_deref().map(str::trim) {
        None | Some("") => None,
        Some(text) => Some(dollars(text)?),
    };
    let params = json!({ "customer": tenant.id, "amount": amount });
    call.perform("set_budget", params).await?;
    budget_shown(&call, tenant).await
}

fn dollars(text: &str) -> Result<Money, Problem> {
    let exact = Exact::of_json(text).map(|exact| exact.trimmed().to_string());
    exact
        .ok()
        .and_then(|figure| format!("USD {figure}").parse().ok())
        .ok_or_else(|| {
            let problem = "is an amount of US dollars with two decimals at most, such as 100.50";
            Problem::malformed("amount", problem)
        })
}

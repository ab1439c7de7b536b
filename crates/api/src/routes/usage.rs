//! What customers used this month, against their budgets: by customer, subscription, meter and resource, as estimates at
//! list price. Earned credit shows in none of it (PEC-007).

use axum::Json;
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
use tierline_domain::id::Id;
use tierline_domain::money::{Currency, Money};
use tierline_domain::partner::{Account, Organization, Tenant};
use tierline_domain::subscription::Subscription;
use tierline_domain::time::{Date, Timestamp, add_months};
use tierline_domain::usage::{Meter, UsageDay, UsageResource};
use tierline_rules::regions;
use tierline_store::{Tx, Value as Stored, tables};
use utoipa::ToSchema;

use super::subscription_view::first_instant;
use super::{customers, subscriptions};
use crate::call::Call;
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::wire::catalog;
use crate::wire::decimal::Decimal;
use crate::wire::envelope::{Attributes, Collection, Links};

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
            by_subscription,
        )
        .answers::<Collection<SubscriptionMonthlyUsageRecord>>(ok)
        .shows(
            "subscription-usage-records-list",
            "usage.rs usage_is_summed_up_by_partner_customer_and_subscription",
        ),
        route::get(
            "/v1/customers/{customer-id}/subscriptions/{subscription-id}/usagesummary",
            "What a subscription used this month; a plan, what the subscriptions under it did.",
            of_subscription,
        )
        .answers::<SubscriptionUsageSummary>(ok)
        .shows(
            "subscription-usage-summary-get",
            "usage.rs usage_is_summed_up_by_partner_customer_and_subscription",
        ),
        route::get(
            "/v1/customers/{customer-id}/subscriptions/{subscription-id}/resourceusagerecords",
            "What each resource of a subscription or plan used this month.",
            by_resource,
        )
        .answers::<Collection<ResourceUsageRecord>>(ok)
        .shows(
            "subscription-resource-usage-records-list",
            "usage.rs usage_is_listed_by_meter_and_by_resource",
        ),
        route::get(
            "/v1/customers/{customer-id}/subscriptions/{subscription-id}/meterusagerecords",
            "What a plan used this month by meter; a subscription of the previous offer, what it used in all.",
            by_meter,
        )
        .answers::<Collection<MeterRecord>>(ok)
        .shows(
            "subscription-meter-usage-records-list",
            "usage.rs usage_is_listed_by_meter_and_by_resource",
        ),
        route::get(
            "/v1/customers/{customer-id}/subscriptions/{subscription-id}/usagerecords/resources",
            "What a subscription used this month by service.",
            monthly,
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
        let days = summary::days(tx, &[user.clone()], &user.row, month.days()).await?;
        sum = sum.plus(summary::sum(&days)?)?;
    }
    Ok(Spender {
        name: name_of(tx, &tenant).await?,
        budget: budget::of(tx, &tenant).await?,
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

/// What one subscription used.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SubscriptionMonthlyUsageRecord {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    partner_on_record: Option<String>,
    offer_id: String,
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

/// What the customer calls a subscription.
fn title(user: &User) -> String {
    let name = user.row.friendly_name.clone();
    name.unwrap_or_else(|| user.item.title.clone())
}

/// Everything of a customer that is billed by use, as a partner sees it this month.
struct Estate {
    partner: Account,
    tenant: Tenant,
    month: Month,
    users: Vec<User>,
}

impl Estate {
    async fn load(
        tx: &mut Tx<'_>,
        partner: Account,
        tenant: Tenant,
        month: Month,
    ) -> Result<Self, AppError> {
        Ok(Self {
            users: summary::users(tx, &partner, &tenant).await?,
            partner,
            tenant,
            month,
        })
    }

    fn user(&self, id: Id<Subscription>) -> Option<&User> {
        self.users.iter().find(|user| user.row.id == id)
    }

    async fn days(&self, tx: &mut Tx<'_>, user: &User) -> Result<Vec<UsageDay>, AppError> {
        summary::days(tx, &self.users, &user.row, self.month.days()).await
    }

    async fn record(
        &self,
        tx: &mut Tx<'_>,
        user: &User,
    ) -> Result<SubscriptionMonthlyUsageRecord, AppError> {
        let days = self.days(tx, user).await?;
        let cost = cost(tx, &self.partner, self.month, summary::sum(&days)?).await?;
        let on_record = super::orders::partner_id(tx, user.row.partner_of_record).await?;
        Ok(SubscriptionMonthlyUsageRecord {
            status: user.row.state.as_str(),
            partner_on_record: on_record,
            offer_id: catalog::item_id(&user.item),
            is_upgraded: !user.is_previous(),
            resource_id: user.row.id.to_string(),
            id: user.row.id.to_string(),
            resource_name: title(user),
            name: title(user),
            total_cost: cost.total,
            currency_locale: locale(tx, &self.tenant).await?,
            currency_code: cost.currency,
            usd_total_cost: cost.dollars,
            last_modified_date: cost.changed,
            attributes: Attributes::of("SubscriptionMonthlyUsageRecord"),
        })
    }
}

async fn subscription_records(
    tx: &mut Tx<'_>,
    partner: Account,
    tenant: Tenant,
    month: Month,
) -> Result<Vec<SubscriptionMonthlyUsageRecord>, AppError> {
    let estate = Estate::load(tx, partner, tenant, month).await?;
    let mut found = Vec::new();
    for user in &estate.users {
        // What a plan holds is shown with the plan.
        if user
            .row
            .parent
            .is_some_and(|plan| estate.user(plan).is_some())
        {
            continue;
        }
        found.push(estate.record(tx, user).await?);
    }
    Ok(found)
}

async fn by_subscription(
    Path(customer): Path<String>,
    call: Call,
) -> Result<Json<Collection<SubscriptionMonthlyUsageRecord>>, Problem> {
    let tenant = tenant(&call, &customer).await?;
    let own = format!("/customers/{}/subscriptions/usagerecords", tenant.id);
    let (partner, month) = (call.account.clone(), Month::of(&call));
    let found = call
        .read(move |tx| {
            Box::pin(subscription_records(
                tx,
                partner.clone(),
                tenant.clone(),
                month,
            ))
        })
        .await?;
    Ok(Json(Collection::whole(found, own)))
}

/// What a subscription used.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SubscriptionUsageSummary {
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

/// One subscription of a path that is billed by use, with the others of its customer. What is bought by seats uses nothing.
async fn estate_of(call: &Call, customer: &str, subscription: &str) -> Result<Wanted, Problem> {
    let found = subscriptions::find(call, customer, subscription).await?;
    Ok(Wanted {
        partner: call.account.clone(),
        path: found.path(),
        id: found.row.id,
        tenant: found.customer,
        month: Month::of(call),
    })
}

#[derive(Clone)]
struct Wanted {
    partner: Account,
    tenant: Tenant,
    id: Id<Subscription>,
    path: String,
    month: Month,
}

impl Wanted {
    async fn load(self, tx: &mut Tx<'_>) -> Result<(Estate, Vec<UsageDay>), AppError> {
        let estate = Estate::load(tx, self.partner, self.tenant, self.month).await?;
        let days = match estate.user(self.id) {
            Some(user) => estate.days(tx, user).await?,
            None => Vec::new(),
        };
        Ok((estate, days))
    }
}

async fn subscription_summary(
    tx: &mut Tx<'_>,
    wanted: Wanted,
) -> Result<SubscriptionUsageSummary, AppError> {
    let (id, path) = (wanted.id, wanted.path.clone());
    let (estate, days) = wanted.load(tx).await?;
    let row = names::by_id::<Subscription, _>(tx, id).await?;
    let item = names::by_id(tx, row.item).await?;
    let name = title(&User { row, item });
    let cost = cost(tx, &estate.partner, estate.month, summary::sum(&days)?).await?;
    Ok(SubscriptionUsageSummary {
        resource_id: id.to_string(),
        id: id.to_string(),
        resource_name: name.clone(),
        name,
        billing_start_date: estate.month.start(),
        billing_end_date: estate.month.end(),
        total_cost: cost.total,
        currency_locale: locale(tx, &estate.tenant).await?,
        currency_code: cost.currency,
        usd_total_cost: cost.dollars,
        last_modified_date: cost.changed,
        links: Links::own(format!("{path}/usagesummary")),
        attributes: Attributes::of("SubscriptionUsageSummary"),
    })
}

async fn of_subscription(
    Path((customer, subscription)): Path<(String, String)>,
    call: Call,
) -> Result<Json<SubscriptionUsageSummary>, Problem> {
    let wanted = estate_of(&call, &customer, &subscription).await?;
    call.read(move |tx| Box::pin(subscription_summary(tx, wanted.clone())))
        .await
        .map(Json)
}

/// What one resource used.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ResourceUsageRecord {
    subscription_id: String,
    resource_uri: String,
    resource_type: String,
    entitlement_id: String,
    entitlement_name: String,
    resource_group_name: String,
    name: String,
    resource_name: String,
    resource_id: String,
    total_cost: Decimal,
    currency_code: String,
    usd_total_cost: Decimal,
    last_modified_date: String,
    attributes: Attributes,
}

/// `Provider.Compute` of `/subscriptions/…/providers/Provider.Compute/virtualMachines/one`.
fn resource_type(uri: &str) -> String {
    let mut parts = uri.split('/');
    let provider = parts.find(|part| part.eq_ignore_ascii_case("providers"));
    provider
        .and_then(|_| parts.next())
        .unwrap_or_default()
        .to_owned()
}

fn resource_name(uri: &str) -> String {
    uri.rsplit('/').next().unwrap_or_default().to_owned()
}

async fn resource_record(
    tx: &mut Tx<'_>,
    estate: &Estate,
    of: Id<Subscription>,
    (resource, sum): (UsageResource, Sum),
) -> Result<ResourceUsageRecord, AppError> {
    let cost = cost(tx, &estate.partner, estate.month, sum).await?;
    let entitlement = estate.user(resource.subscription);
    Ok(ResourceUsageRecord {
        subscription_id: of.to_string(),
        resource_type: resource_type(&resource.uri),
        entitlement_id: resource.subscription.to_string(),
        entitlement_name: entitlement.map(title).unwrap_or_default(),
        resource_group_name: resource.resource_group.clone(),
        name: resource_name(&resource.uri),
        resource_name: resource_name(&resource.uri),
        resource_id: resource.id.to_string(),
        resource_uri: resource.uri,
        total_cost: cost.total,
        currency_code: cost.currency,
        usd_total_cost: cost.dollars,
        last_modified_date: cost.changed,
        attributes: Attributes::of("ResourceUsageRecord"),
    })
}

async fn resource_records(
    tx: &mut Tx<'_>,
    wanted: Wanted,
) -> Result<Vec<ResourceUsageRecord>, AppError> {
    let id = wanted.id;
    let (estate, days) = wanted.load(tx).await?;
    let mut found = Vec::new();
    for one in summary::by_resource(tx, &days).await? {
        found.push(resource_record(tx, &estate, id, one).await?);
    }
    found.sort_by(|one, other| one.resource_uri.cmp(&other.resource_uri));
    Ok(found)
}

async fn by_resource(
    Path((customer, subscription)): Path<(String, String)>,
    call: Call,
) -> Result<Json<Collection<ResourceUsageRecord>>, Problem> {
    let wanted = estate_of(&call, &customer, &subscription).await?;
    let own = format!("{}/resourceusagerecords", wanted.path);
    let found = call
        .read(move |tx| Box::pin(resource_records(tx, wanted.clone())))
        .await?;
    Ok(Json(Collection::whole(found, own)))
}

/// What was used of one meter.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MeterUsageRecord {
    subscription_id: String,
    meter_id: String,
    meter_name: String,
    category: String,
    subcategory: String,
    quantity_used: Decimal,
    unit: String,
    total_cost: Decimal,
    currency_code: String,
    usd_total_cost: Decimal,
    last_modified_date: String,
    attributes: Attributes,
}

/// A meter of a plan, or a whole subscription of the previous offer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
enum MeterRecord {
    Meter(MeterUsageRecord),
    Whole(SubscriptionMonthlyUsageRecord),
}

async fn meter_records(tx: &mut Tx<'_>, wanted: Wanted) -> Result<Vec<MeterRecord>, AppError> {
    let id = wanted.id;
    let (estate, days) = wanted.load(tx).await?;
    if let Some(user) = estate.user(id).filter(|user| user.is_previous()) {
        return Ok(vec![MeterRecord::Whole(estate.record(tx, user).await?)]);
    }
    let mut found = Vec::new();
    for (meter, _, sum) in summary::by_meter(tx, &days).await? {
        let cost = cost(tx, &estate.partner, estate.month, sum).await?;
        found.push(MeterRecord::Meter(MeterUsageRecord {
            subscription_id: id.to_string(),
            meter_id: meter.handle,
            meter_name: meter.name,
            category: meter.category,
            subcategory: meter.subcategory,
            quantity_used: number(sum.quantity),
            unit: meter.unit,
            total_cost: cost.total,
            currency_code: cost.currency,
            usd_total_cost: cost.dollars,
            last_modified_date: cost.changed,
            attributes: Attributes::of("MeterUsageRecord"),
        }));
    }
    Ok(found)
}

async fn by_meter(
    Path((customer, subscription)): Path<(String, String)>,
    call: Call,
) -> Result<Json<Collection<MeterRecord>>, Problem> {
    let wanted = estate_of(&call, &customer, &subscription).await?;
    let own = format!("{}/meterusagerecords", wanted.path);
    let found = call
        .read(move |tx| Box::pin(meter_records(tx, wanted.clone())))
        .await?;
    Ok(Json(Collection::whole(found, own)))
}

/// What a subscription used of one service.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AzureResourceMonthlyUsageRecord {
    category: String,
    subcategory: String,
    quantity_used: Decimal,
    unit: String,
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

async fn monthly_records(
    tx: &mut Tx<'_>,
    wanted: Wanted,
) -> Result<Vec<AzureResourceMonthlyUsageRecord>, AppError> {
    let (estate, days) = wanted.load(tx).await?;
    let locale = locale(tx, &estate.tenant).await?;
    let mut found = Vec::new();
    for (meter, _, sum) in summary::by_meter(tx, &days).await? {
        let cost = cost(tx, &estate.partner, estate.month, sum).await?;
        let Meter {
            handle,
            name,
            category,
            subcategory,
            unit,
            ..
        } = meter;
        found.push(AzureResourceMonthlyUsageRecord {
            category,
            subcategory,
            quantity_used: number(sum.quantity),
            unit,
            resource_id: handle.clone(),
            id: handle,
            resource_name: name.clone(),
            name,
            total_cost: cost.total,
            currency_locale: locale.clone(),
            currency_code: cost.currency,
            usd_total_cost: cost.dollars,
            last_modified_date: cost.changed,
            attributes: Attributes::of("AzureResourceMonthlyUsageRecord"),
        });
    }
    Ok(found)
}

async fn monthly(
    Path((customer, subscription)): Path<(String, String)>,
    call: Call,
) -> Result<Json<Collection<AzureResourceMonthlyUsageRecord>>, Problem> {
    let wanted = estate_of(&call, &customer, &subscription).await?;
    let own = format!("{}/usagerecords/resources", wanted.path);
    let found = call
        .read(move |tx| Box::pin(monthly_records(tx, wanted.clone())))
        .await?;
    Ok(Json(Collection::whole(found, own)))
}

async fn budget_shown(call: &Call, tenant: Tenant) -> Result<Json<SpendingBudget>, Problem> {
    let asked = tenant.clone();
    let budget = call
        .read(move |tx| {
            let asked = asked.clone();
            Box::pin(async move { budget::of(tx, &asked).await })
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

//! What subscriptions used this month: each as a whole, and by meter, resource and service.

use axum::extract::Path;
use serde::Serialize;
use tierline_app::usage::summary::{self, Sum, User};
use tierline_app::{AppError, names};
use tierline_domain::id::Id;
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::subscription::Subscription;
use tierline_domain::usage::{Meter, UsageDay, UsageResource};
use tierline_store::Tx;
use utoipa::ToSchema;

use super::{Month, cost, locale, number, tenant};
use crate::answer::Json;
use crate::call::Call;
use crate::problem::Problem;
use crate::routes::{orders, subscriptions};
use crate::wire::catalog;
use crate::wire::decimal::Decimal;
use crate::wire::envelope::{Attributes, Collection, Links};

/// What one subscription used.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SubscriptionMonthlyUsageRecord {
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
        let on_record = orders::partner_id(tx, user.row.partner_of_record).await?;
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

pub(super) async fn by_subscription(
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
pub(super) struct SubscriptionUsageSummary {
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

pub(super) async fn of_subscription(
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
pub(super) struct ResourceUsageRecord {
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

pub(super) async fn by_resource(
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
pub(super) struct MeterUsageRecord {
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
pub(super) enum MeterRecord {
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

pub(super) async fn by_meter(
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
pub(super) struct AzureResourceMonthlyUsageRecord {
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

pub(super) async fn monthly(
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

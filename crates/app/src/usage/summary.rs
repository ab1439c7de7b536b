//! What was used in a billing period, by customer, subscription, meter and resource, at list price: earned credit shows in
//! nothing but net charges (PEC-007).

use std::collections::BTreeMap;

use tierline_domain::catalog::{Item, ItemKind};
use tierline_domain::decimal::Decimal;
use tierline_domain::id::Id;
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::subscription::Subscription;
use tierline_domain::time::{Date, Timestamp};
use tierline_domain::usage::{Meter, UsageDay, UsageResource};
use tierline_store::{Tx, Value, tables};
use uuid::Uuid;

use crate::error::AppError;
use crate::names::by_id;
use crate::subscription::{estate, is_usage};
use crate::update_subscription::is_on;

/// What something came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sum {
    /// How much.
    pub quantity: Decimal,
    /// What it costs, in US dollars.
    pub cost: Decimal,
    /// When the last of it came; absent where nothing was used.
    pub changed: Option<Timestamp>,
}

impl Sum {
    /// Nothing.
    pub const NOTHING: Self = Self {
        quantity: Decimal::ZERO,
        cost: Decimal::ZERO,
        changed: None,
    };

    /// With another sum.
    ///
    /// # Errors
    /// On overflow.
    pub fn plus(self, other: Self) -> Result<Self, AppError> {
        Ok(Self {
            quantity: self.quantity.plus(other.quantity)?,
            cost: self.cost.plus(other.cost)?,
            changed: self.changed.max(other.changed),
        })
    }

    fn of(row: &UsageDay) -> Self {
        Self {
            quantity: row.quantity,
            cost: row.list,
            changed: Some(row.changed),
        }
    }
}

/// A subscription that is billed by use, or the plan under which such are.
#[derive(Clone, Debug)]
pub struct User {
    /// The subscription.
    pub row: Subscription,
    /// Its item.
    pub item: Item,
}

impl User {
    /// Whether it is of the previous consumption offer, and of no plan.
    #[must_use]
    pub fn is_previous(&self) -> bool {
        self.item.kind == ItemKind::PreviousConsumption
    }
}

/// What a customer has of a partner that is billed by use: subscriptions, and the plans above them.
///
/// # Errors
/// When the store fails.
pub async fn users(
    tx: &mut Tx<'_>,
    partner: &Account,
    customer: &Tenant,
) -> Result<Vec<User>, AppError> {
    let mut found = Vec::new();
    for row in estate(tx, customer).await? {
        if !is_on(partner, &row) {
            continue;
        }
        let item = by_id::<Item, _>(tx, row.item).await?;
        if is_usage(&item) || item.kind == ItemKind::ConsumptionPlan {
            found.push(User { row, item });
        }
    }
    Ok(found)
}

/// The days of a subscription in a period: a plan's are those of the subscriptions under it.
///
/// # Errors
/// When the store fails.
pub async fn days(
    tx: &mut Tx<'_>,
    all: &[User],
    of: &Subscription,
    (first, last): (Date, Date),
) -> Result<Vec<UsageDay>, AppError> {
    let mut found = Vec::new();
    let below = |user: &&User| user.row.id == of.id || user.row.parent == Some(of.id);
    for user in all.iter().filter(below) {
        let key = [
            Value::Id(user.row.id.uuid()),
            Value::Day(first),
            Value::Day(last),
        ];
        found.extend(
            tx.find::<UsageDay>(tables::usage_days::BETWEEN, &key)
                .await?,
        );
    }
    Ok(found)
}

/// What days come to.
///
/// # Errors
/// On overflow.
pub fn sum(days: &[UsageDay]) -> Result<Sum, AppError> {
    days.iter()
        .try_fold(Sum::NOTHING, |sum, row| sum.plus(Sum::of(row)))
}

/// What days come to by meter.
///
/// # Errors
/// When the store fails or on overflow.
pub async fn by_meter(
    tx: &mut Tx<'_>,
    days: &[UsageDay],
) -> Result<Vec<(Meter, Id<Subscription>, Sum)>, AppError> {
    let mut sums: BTreeMap<(i64, Id<Subscription>), Sum> = BTreeMap::new();
    for row in days {
        let sum = sums
            .entry((row.meter, row.subscription))
            .or_insert(Sum::NOTHING);
        *sum = sum.plus(Sum::of(row))?;
    }
    let mut found = Vec::with_capacity(sums.len());
    for ((meter, subscription), sum) in sums {
        if let Some(meter) = tx.get::<Meter>(&[Value::Int(meter)]).await? {
            found.push((meter, subscription, sum));
        }
    }
    Ok(found)
}

/// What days come to by resource. What was reported of no resource is left out.
///
/// # Errors
/// When the store fails or on overflow.
pub async fn by_resource(
    tx: &mut Tx<'_>,
    days: &[UsageDay],
) -> Result<Vec<(UsageResource, Sum)>, AppError> {
    let mut sums: BTreeMap<Uuid, Sum> = BTreeMap::new();
    for row in days.iter().filter(|row| !row.resource.is_nil()) {
        let sum = sums.entry(row.resource).or_insert(Sum::NOTHING);
        *sum = sum.plus(Sum::of(row))?;
    }
    let mut found = Vec::with_capacity(sums.len());
    for (resource, sum) in sums {
        if let Some(resource) = tx.get::<UsageResource>(&[Value::Id(resource)]).await? {
            found.push((resource, sum));
        }
    }
    Ok(found)
}

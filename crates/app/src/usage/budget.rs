//! A customer's monthly spending budget: it tells when it is exceeded and blocks nothing (CUS-028).

use serde::{Deserialize, Serialize};
use tierline_domain::customer::Customer;
use tierline_domain::decimal::Decimal;
use tierline_domain::money::Money;
use tierline_domain::partner::Tenant;
use tierline_domain::subscription::ChargeKind;
use tierline_domain::time::{Date, Timestamp};
use tierline_rules::Checkpoint;
use tierline_rules::facts::Facts;
use tierline_store::{Tx, Value, tables};

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::billing::fx;
use crate::ctx::Ctx;
use crate::customer::customer_facts;
use crate::error::AppError;
use crate::subscription::estate;
use crate::world::default_customer;
use crate::{charges, events, names};

/// What happens when a budget is exceeded.
pub const EXCEEDED: &str = "budget_exceeded";

/// The budget of a customer, in US dollars, in which consumption is priced, at the rate of a day's month.
///
/// # Errors
/// When the store fails.
pub async fn of(tx: &mut Tx<'_>, customer: &Tenant, day: Date) -> Result<Option<Money>, AppError> {
    let row = tx.get::<Customer>(&[Value::Id(customer.id.uuid())]).await?;
    match row.and_then(|row| row.budget) {
        Some(budget) => Ok(Some(fx::in_dollars(tx, budget, day).await?)),
        None => Ok(None),
    }
}

/// What a customer used in a day's month, over all its subscriptions, at list price in US dollars: what came in by meters,
/// and what was rated as a whole.
///
/// # Errors
/// When the store fails or amounts overflow.
pub async fn spent(tx: &mut Tx<'_>, customer: &Tenant, day: Date) -> Result<Decimal, AppError> {
    total(tx, customer, day, |_| true).await
}

/// The same, of the days that are counted.
async fn total(
    tx: &mut Tx<'_>,
    customer: &Tenant,
    day: Date,
    counts: fn(Option<Timestamp>) -> bool,
) -> Result<Decimal, AppError> {
    let (first, last) = (day.first_of_month(), day.last_of_month());
    let key = [
        Value::Id(customer.id.uuid()),
        Value::Day(first),
        Value::Day(last),
    ];
    let mut sum = Decimal::ZERO;
    let days: Vec<(Decimal, Option<Timestamp>)> =
        tx.fetch_all(tables::usage::COSTS_OF_CUSTOMER, &key).await?;
    for (list, _) in days.into_iter().filter(|(_, rated)| counts(*rated)) {
        sum = sum.plus(list)?;
    }
    for row in estate(tx, customer).await? {
        for charge in charges::of(tx, &row).await? {
            // Charges of a whole month are made of the days above.
            let is_whole = charge.from_day == first && charge.until_day == last;
            let is_within = charge.from_day >= first && charge.from_day <= last;
            if charge.kind == ChargeKind::Usage && is_within && !is_whole {
                let dollars = fx::in_dollars(tx, charge.amount, charge.from_day).await?;
                sum = sum.plus(Decimal::of(dollars))?;
            }
        }
    }
    Ok(sum)
}

/// Looks whether consumption that was added to a day's month has taken a customer over its budget.
///
/// # Errors
/// When the store fails or amounts overflow.
pub(crate) async fn watch(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    customer: &Tenant,
    day: Date,
    added: Decimal,
) -> Result<(), AppError> {
    let Some(budget) = of(tx, customer, day).await? else {
        return Ok(());
    };
    if added.is_zero() {
        return Ok(());
    }
    // Days that are not rated yet have their turn.
    let rated = total(tx, customer, day, |rated| rated.is_some()).await?;
    let left = Decimal::of(budget).minus(rated)?;
    // Over it now, and not before this was added.
    if left.is_negative() && !left.plus(added)?.is_negative() {
        events::happened(ctx, tx, EXCEEDED, &customer.handle).await?;
    }
    Ok(())
}

/// Sets a customer's monthly spending budget.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetBudget {
    /// The customer.
    pub customer: String,
    /// A month's spending in US dollars; without one there is none any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
}

impl UseCase for SetBudget {
    type Out = ();

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::UpdateCustomer
    }

    fn subject(&self) -> String {
        self.customer.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        customer_facts(ctx, acting, tx, self.checkpoint(), &self.customer).await
    }

    async fn apply(&self, _: &Ctx, _: &Acting, _: &Facts, tx: &mut Tx<'_>) -> Result<(), AppError> {
        if self.amount.is_some_and(|amount| amount.minor < 0) {
            let problem = "is negative; give an amount from nought on, or none to have no budget";
            return Err(AppError::invalid("amount", problem));
        }
        let tenant = names::the_tenant(tx, &self.customer).await?;
        let known = tx.get::<Customer>(&[Value::Id(tenant.id.uuid())]).await?;
        let mut row = known.unwrap_or_else(|| default_customer(tenant.id));
        row.budget = self.amount;
        Ok(tx.put(&row).await?)
    }
}

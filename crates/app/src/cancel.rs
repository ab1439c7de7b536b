//! Cancelling: access ends at once, what is left of the cycle is given back (SUB-002, SUB-004, SUB-037).

use serde::{Deserialize, Serialize};
use tierline_billing::{cycle, prorate, traditional};
use tierline_domain::catalog::{Generation, ItemKind};
use tierline_domain::money::{Money, Rounding};
use tierline_domain::subscription::{Subscription, SubscriptionState};
use tierline_domain::time::{Date, Period, add_days, add_months};
use tierline_rules::Checkpoint;
use tierline_rules::facts::Facts;
use tierline_store::Tx;

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::charges::{self, Entry};
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::subscription::{self, Changed, Held, held};
use crate::{lifecycle, schedule};

/// Days in which the partner's administrator may still save data (SUB-004).
const DATA_DAYS: i32 = 7;

/// Cancel now.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cancel {
    /// The subscription.
    pub subscription: String,
}

/// What a traditional subscription is given back when it stops being billed: everything in the first month
/// after purchase or renewal, the unused days later (BIL-054).
///
/// # Errors
/// When an amount overflows.
pub fn traditional_credit(
    row: &Subscription,
    price: Money,
    today: Date,
) -> Result<Money, AppError> {
    let running = charges::running(row);
    let cycle = running.on(today);
    let whole = cycle::full_charge(price, row.term, row.frequency, 1, Rounding::HalfUp)?;
    if today < add_months(running.start, 1) {
        return Ok(whole.times(row.quantity)?.negated()?);
    }
    let days = cycle.days_from(today);
    Ok(traditional::credit(whole, row.quantity, days, cycle.days)?)
}

/// What a cancellation gives back, and from which day.
fn refund(held: &Held, today: Date) -> Result<Option<(Money, Date)>, AppError> {
    let row = &held.row;
    let Some(price) = row.unit_price.filter(|_| charges::accrue(row, &held.item)) else {
        return Ok(None);
    };
    let running = charges::running(row);
    let cycle = running.on(today);
    let full = || {
        let whole = prorate::charge(
            price,
            &running,
            &cycle,
            cycle.start,
            row.quantity,
            prorate::Cut::Line,
        );
        whole.and_then(Money::negated)
    };
    Ok(Some(match (held.item.kind, held.item.generation) {
        (ItemKind::PerpetualSoftware | ItemKind::Marketplace, _) => (full()?, cycle.start),
        // The day of cancelling is charged for software and given back for licences.
        (ItemKind::SoftwareSubscription, _) => {
            let from = add_days(today, 1);
            (
                prorate::cancellation(price, &running, from, row.quantity)?,
                from,
            )
        }
        (_, Generation::Traditional) => (traditional_credit(row, price, today)?, today),
        _ => (
            prorate::cancellation(price, &running, today, row.quantity)?,
            today,
        ),
    }))
}

impl UseCase for Cancel {
    type Out = Changed;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::Cancel
    }

    fn subject(&self) -> String {
        self.subscription.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let held = held(tx, &self.subscription).await?;
        subscription::begin(tx, ctx, acting, Checkpoint::Cancel, &held).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        _acting: &Acting,
        facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Changed, AppError> {
        let mut held = held(tx, &self.subscription).await?;
        let today = ctx.now.date();
        if let Some((amount, from)) = refund(&held, today)? {
            let until = charges::running(&held.row).on(today).last;
            let entry = Entry {
                kind: "cancelImmediate",
                amount,
                from,
                until,
            };
            charges::book(ctx, tx, &held.row, entry).await?;
        }
        let row = &mut held.row;
        row.state = SubscriptionState::Deleted;
        row.renewal = false;
        row.unschedule();
        row.pending_frequency = None;
        subscription::save(tx, row).await?;
        schedule::drop_all(tx, &row.handle).await?;
        let due = ctx.now.plus(Period::days(DATA_DAYS))?;
        schedule::plan(tx, lifecycle::DEPROVISION, &row.handle, due).await?;
        Ok(Changed::of(facts))
    }
}

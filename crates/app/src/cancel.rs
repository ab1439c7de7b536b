//! Cancelling: access ends at once, what is left of the cycle is given back (SUB-002, SUB-004, SUB-037).

use serde::{Deserialize, Serialize};
use tierline_billing::prorate;
use tierline_domain::billing::{Basis, Cut};
use tierline_domain::catalog::{Generation, ItemKind};
use tierline_domain::subscription::{ChargeKind, Subscription, SubscriptionState};
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
use crate::{licences, lifecycle, schedule};

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
#[must_use]
pub fn traditional_credit(row: &Subscription, today: Date) -> Option<Basis> {
    let running = charges::running(row);
    let cycle = running.on(today);
    let quantity = row.quantity.saturating_neg();
    if today < add_months(running.start, 1) {
        return prorate::slice(&running, quantity, 1, 1, Cut::Slice);
    }
    let days = cycle.days_from(today);
    prorate::slice(&running, quantity, days, cycle.days, Cut::Credit)
}

/// What a cancellation gives back, and from which day.
fn refund(held: &Held, today: Date) -> Option<(Basis, Date)> {
    let row = &held.row;
    let running = charges::running(row);
    let cycle = running.on(today);
    let quantity = row.quantity.saturating_neg();
    let rest = |from, cut| {
        prorate::from_day(&running, &cycle, from, quantity, cut).map(|basis| (basis, from))
    };
    match (held.item.kind, held.item.generation) {
        (ItemKind::PerpetualSoftware | ItemKind::Marketplace, _) => rest(cycle.start, Cut::Line),
        // The day of cancelling is charged for software and given back for licences.
        (ItemKind::SoftwareSubscription, _) => rest(add_days(today, 1), Cut::Unit),
        (_, Generation::Traditional) => traditional_credit(row, today).map(|basis| (basis, today)),
        _ => rest(today, Cut::Unit),
    }
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
        let price = held.row.unit_price;
        let price = price.filter(|_| charges::accrue(&held.row, &held.item));
        if let Some((price, (basis, from))) = price.zip(refund(&held, today)) {
            let until = charges::running(&held.row).on(today).last;
            let entry = Entry {
                kind: ChargeKind::CancelImmediate,
                price,
                basis,
                from,
                until,
            };
            charges::book(ctx, tx, &held.row, entry).await?;
            let ahead = (&held.row, &*held.item);
            let back = held.row.quantity.saturating_neg();
            charges::book_ahead(ctx, tx, ahead, ChargeKind::CancelImmediate, back).await?;
        }
        let row = &mut held.row;
        row.state = SubscriptionState::Deleted;
        row.renewal = false;
        row.unschedule();
        row.pending_frequency = None;
        subscription::save(tx, row).await?;
        licences::lapse(tx, row).await?;
        schedule::drop_all(tx, &row.handle).await?;
        let due = ctx.now.plus(Period::days(DATA_DAYS))?;
        schedule::plan(tx, lifecycle::DEPROVISION, &row.handle, due).await?;
        Ok(Changed::of(facts))
    }
}

//! Suspending and coming back (SUB-009 to SUB-012, BIL-054).

use serde::{Deserialize, Serialize};
use tierline_billing::prorate;
use tierline_domain::billing::Cut;
use tierline_domain::catalog::Generation;
use tierline_domain::subscription::{ChargeKind, SubscriptionState};
use tierline_rules::Checkpoint;
use tierline_rules::facts::Facts;
use tierline_store::Tx;

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::cancel::traditional_credit;
use crate::charges::{self, Entry};
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::subscription::{self, Changed, held};

/// Suspend.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suspend {
    /// The subscription.
    pub subscription: String,
}

/// Reactivate.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reactivate {
    /// The subscription.
    pub subscription: String,
}

impl UseCase for Suspend {
    type Out = Changed;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::Suspend
    }

    fn subject(&self) -> String {
        self.subscription.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let held = held(tx, &self.subscription).await?;
        subscription::begin(tx, ctx, acting, Checkpoint::Suspend, &held).await
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
        let traditional = held.item.generation == Generation::Traditional;
        let credit = held
            .row
            .unit_price
            .zip(traditional_credit(&held.row, today));
        if let (true, Some((price, basis))) = (traditional, credit) {
            let entry = Entry {
                kind: ChargeKind::CancelImmediate,
                price,
                basis,
                from: today,
                until: charges::running(&held.row).on(today).last,
            };
            charges::book(ctx, tx, &held.row, entry).await?;
            let ahead = (&held.row, &*held.item);
            let back = held.row.quantity.saturating_neg();
            charges::book_ahead(ctx, tx, ahead, ChargeKind::CancelImmediate, back).await?;
        }
        // Renewal goes off and scheduled changes are dropped, a pending frequency stays (SUB-011).
        held.row.state = SubscriptionState::Suspended;
        held.row.renewal = false;
        held.row.unschedule();
        subscription::save(tx, &mut held.row).await?;
        Ok(Changed::of(facts))
    }
}

impl UseCase for Reactivate {
    type Out = Changed;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::Reactivate
    }

    fn subject(&self) -> String {
        self.subscription.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let held = held(tx, &self.subscription).await?;
        subscription::begin(tx, ctx, acting, Checkpoint::Reactivate, &held).await
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
        let row = &held.row;
        let traditional = held.item.generation == Generation::Traditional;
        let running = charges::running(row);
        let cycle = running.on(today);
        let days = cycle.days_from(today);
        let left = prorate::slice(&running, row.quantity, days, cycle.days, Cut::Slice);
        if let (true, Some((price, basis))) = (traditional, row.unit_price.zip(left)) {
            let entry = Entry {
                kind: ChargeKind::New,
                price,
                basis,
                from: today,
                until: cycle.last,
            };
            charges::book(ctx, tx, row, entry).await?;
            let quantity = row.quantity;
            charges::book_ahead(ctx, tx, (row, &held.item), ChargeKind::New, quantity).await?;
        }
        // Renewal stays off until somebody switches it on again (SUB-011).
        held.row.state = SubscriptionState::Active;
        subscription::save(tx, &mut held.row).await?;
        Ok(Changed::of(facts))
    }
}

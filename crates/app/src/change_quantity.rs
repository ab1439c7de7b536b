//! Seats that come and go (SUB-005 to SUB-008, BIL-041).

use serde::{Deserialize, Serialize};
use tierline_billing::prorate::{self, seat_change};
use tierline_domain::billing::Cut;
use tierline_domain::catalog::{Generation, Item};
use tierline_domain::money::Money;
use tierline_domain::subscription::{Batch, ChargeKind, Subscription};
use tierline_domain::time::{Date, Timestamp, add_days};
use tierline_rules::Checkpoint;
use tierline_rules::facts::Facts;
use tierline_store::Tx;

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::charges::{self, Entry};
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::subscription::{self, Changed, Held, held};
use crate::{facts, windows};

/// Set the seat count.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeQuantity {
    /// The subscription.
    pub subscription: String,
    /// The seats it shall have.
    pub quantity: i64,
}

/// What a change of seats costs on balance; `None` where nothing accrues.
fn cost(
    row: &Subscription,
    item: &Item,
    quantity: i64,
    today: Date,
) -> Result<Option<Money>, AppError> {
    let Some(price) = row.unit_price.filter(|_| charges::accrue(row, item)) else {
        return Ok(None);
    };
    let running = charges::running(row);
    let exchange = seat_change(price, &running, today, row.quantity, quantity)?;
    Ok(Some(exchange.charge.plus(exchange.refund)?))
}

/// Seats leave from the batch whose window closes soonest (SUB-048); where windows do not matter, from the
/// newest.
pub(crate) fn take(row: &mut Subscription, mut count: i64, now: Timestamp) {
    let mut order: Vec<usize> = (0..row.batches.len()).collect();
    order.sort_by_key(|index| {
        let at = row.batches.get(*index).map_or(now, |batch| batch.at);
        let until = at.plus_hours(windows::WINDOW_HOURS);
        // What came out of an upgrade has no window, so it goes last (SUB-027).
        let stays = row.upgraded.is_some_and(|upgraded| at <= upgraded);
        (stays || until <= now, until)
    });
    for index in order {
        if let Some(batch) = row.batches.get_mut(index) {
            let taken = batch.quantity.min(count);
            batch.quantity = batch.quantity.saturating_sub(taken);
            count = count.saturating_sub(taken);
        }
    }
    row.batches.retain(|batch| batch.quantity > 0);
}

const fn kind_of(old: i64, new: i64) -> ChargeKind {
    if new > old {
        ChargeKind::AddQuantity
    } else {
        ChargeKind::RemoveQuantity
    }
}

/// A traditional change voids the running charge and bills it again in slices (BIL-055).
async fn book_slices(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    row: &Subscription,
    new: i64,
    price: Money,
) -> Result<(), AppError> {
    let today = ctx.now.date();
    let running = charges::running(row);
    let cycle = running.on(today);
    let old = row.quantity;
    let part = |quantity, days, of| prorate::slice(&running, quantity, days, of, Cut::Slice);
    let days_before = cycle.days.saturating_sub(cycle.days_from(today)).max(0);
    let days_after = cycle.days_from(today);
    let (Some(voided), Some(kept), Some(changed)) = (
        part(old.saturating_neg(), 1, 1),
        part(old, days_before, cycle.days),
        part(new, days_after, cycle.days),
    ) else {
        return Ok(());
    };
    let void = Entry {
        kind: kind_of(old, new),
        price,
        basis: voided,
        from: cycle.start,
        until: cycle.last,
    };
    let before = Entry {
        basis: kept,
        until: add_days(today, -1),
        ..void
    };
    let after = Entry {
        basis: changed,
        from: today,
        ..void
    };
    for entry in [void, before, after] {
        charges::book(ctx, tx, row, entry).await?;
    }
    Ok(())
}

async fn book(ctx: &Ctx, tx: &mut Tx<'_>, held: &Held, new: i64) -> Result<(), AppError> {
    let today = ctx.now.date();
    let row = &held.row;
    let Some(price) = row.unit_price.filter(|_| charges::accrue(row, &held.item)) else {
        return Ok(());
    };
    if held.item.generation == Generation::Traditional {
        book_slices(ctx, tx, row, new, price).await?;
        let kind = kind_of(row.quantity, new);
        for quantity in [row.quantity.saturating_neg(), new] {
            charges::book_ahead(ctx, tx, (row, &held.item), kind, quantity).await?;
        }
        return Ok(());
    }
    let running = charges::running(row);
    let cycle = running.on(today);
    let kind = kind_of(row.quantity, new);
    // The old quantity is given back and the new one charged (BIL-041).
    for quantity in [row.quantity.saturating_neg(), new] {
        let Some(basis) = prorate::from_day(&running, &cycle, today, quantity, Cut::Line) else {
            continue;
        };
        let entry = Entry {
            kind,
            price,
            basis,
            from: today,
            until: cycle.last,
        };
        charges::book(ctx, tx, row, entry).await?;
    }
    Ok(())
}

impl UseCase for ChangeQuantity {
    type Out = Changed;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::ChangeQuantity
    }

    fn subject(&self) -> String {
        self.subscription.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let held = held(tx, &self.subscription).await?;
        let mut found =
            subscription::begin(tx, ctx, acting, Checkpoint::ChangeQuantity, &held).await?;
        let more = self.quantity.saturating_sub(held.row.quantity);
        found.new_business = more > 0;
        let (customer_max, promotion) = subscription::ceilings(tx, &held, more.max(0)).await?;
        if let Some(fact) = &mut found.subscription {
            fact.new_quantity = Some(self.quantity);
            fact.customer_max = customer_max;
            fact.promotion = promotion;
        }
        // What the item does not allow has no price either (SUB-006).
        let possible = self.quantity <= held.item.max_quantity;
        if let (true, Some(seller)) = (more > 0 && possible, &held.seller) {
            let cost = cost(&held.row, &held.item, self.quantity, ctx.now.date())?;
            if let Some(cost) = cost {
                found.credit = facts::credit(tx, seller, cost, ctx.now.date()).await?;
            }
        }
        Ok(found)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        _acting: &Acting,
        facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Changed, AppError> {
        let mut held = held(tx, &self.subscription).await?;
        let (old, new) = (held.row.quantity, self.quantity);
        if old == new {
            return Ok(Changed::of(facts));
        }
        book(ctx, tx, &held, new).await?;
        if new > old {
            held.row.batches.push(Batch {
                quantity: new.saturating_sub(old),
                at: ctx.now,
            });
        } else {
            take(&mut held.row, old.saturating_sub(new), ctx.now);
        }
        held.row.quantity = new;
        // A mid-term change of seats drops what was scheduled (SUB-020).
        held.row.unschedule();
        subscription::save(tx, &mut held.row).await?;
        Ok(Changed::of(facts))
    }
}

//! What the calendar does to a subscription: charge cycles, renewal, expiry, disabling, deletion
//! (SUB-014, SUB-015, SUB-017, SUB-030, BIL-044).

use std::sync::Arc;

use tierline_billing::cycle::next_end;
use tierline_billing::prorate;
use tierline_domain::catalog::{Frequency, Generation, Item, ItemKind, Promotion, Term};
use tierline_domain::customer::RelationshipState;
use tierline_domain::money::{Money, Rounding};
use tierline_domain::subscription::{Batch, ChargeKind, Subscription, SubscriptionState};
use tierline_domain::time::{Date, Timestamp, add_days, add_months, whole_months};
use tierline_store::Tx;

use crate::charges::{self, Entry};
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::licences;
use crate::names::{self, seen};
use crate::subscription::{Held, held};
use crate::{events, facts, schedule};
use crate::{prices, purchase};

/// A charge cycle begins. Subject: the subscription.
pub const CYCLE: &str = "charge_cycle";
/// Its usable days are over. Subject: the subscription.
pub const DISABLE: &str = "subscription_disabled";
/// Its data go. Subject: the subscription.
pub const DELETE: &str = "subscription_deleted";
/// Nothing is left of it at the customer. Subject: the subscription.
pub const DEPROVISION: &str = "subscription_deprovisioned";
/// It ends with its cycle (TRF-020). Subject: the subscription.
pub const END_WITH_CYCLE: &str = "ends_with_cycle";

/// Days that an expired subscription stays usable, and the first part of a disabled one (SUB-014, SUB-015).
const EXPIRED_DAYS: i32 = 30;
/// Days disabled before deletion.
const DISABLED_DAYS: i32 = 90;

/// Plans everything that is to come for a subscription, as of an instant.
///
/// # Errors
/// When the store fails.
pub async fn plan(
    tx: &mut Tx<'_>,
    subscription: &Subscription,
    now: Timestamp,
) -> Result<(), AppError> {
    let after = |days: i32| {
        subscription
            .term_end
            .map(|end| Timestamp::start_of(add_days(end, days.saturating_add(1))))
    };
    let gone = EXPIRED_DAYS.saturating_add(DISABLED_DAYS);
    let due = match subscription.state {
        SubscriptionState::Active | SubscriptionState::Suspended => {
            let is_ahead = charges::may_be_ahead(subscription) && {
                let item = seen::<Item, _>(tx, subscription.item).await?;
                charges::is_ahead(subscription, &item)
            };
            plan_cycle(tx, subscription, is_ahead, now.date()).await?;
            vec![(schedule::TERM_END, after(0))]
        }
        SubscriptionState::Expired => vec![(DISABLE, after(EXPIRED_DAYS)), (DELETE, after(gone))],
        SubscriptionState::Disabled => vec![(DELETE, after(gone))],
        SubscriptionState::Deleted => Vec::new(),
    };
    for (kind, due) in due {
        if let Some(due) = due {
            schedule::plan(tx, kind, &subscription.handle, due).await?;
        }
    }
    Ok(())
}

/// The next cycle is charged when it is due.
async fn plan_cycle(
    tx: &mut Tx<'_>,
    subscription: &Subscription,
    is_ahead: bool,
    today: Date,
) -> Result<(), AppError> {
    match charges::next(subscription, is_ahead, today) {
        Some((_, due)) => {
            let due = Timestamp::start_of(due);
            schedule::plan(tx, CYCLE, &subscription.handle, due).await
        }
        None => Ok(()),
    }
}

/// Does what fell due, if it is one of the kinds of this module.
///
/// # Errors
/// When the store fails.
pub async fn fall_due(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    kind: &str,
    subject: &str,
) -> Result<bool, AppError> {
    if ![
        schedule::TERM_END,
        CYCLE,
        DISABLE,
        DELETE,
        DEPROVISION,
        END_WITH_CYCLE,
    ]
    .contains(&kind)
    {
        return Ok(false);
    }
    if kind == CYCLE {
        // By far the most frequent, and it asks neither who bought nor who sold.
        let mut row = names::the_subscription(tx, subject).await?;
        let item = seen::<Item, _>(tx, row.item).await?;
        cycle(ctx, tx, &mut row, &item).await?;
        return Ok(true);
    }
    let mut held = held(tx, subject).await?;
    match kind {
        DISABLE => enter(ctx, tx, &mut held, SubscriptionState::Disabled).await?,
        DELETE | END_WITH_CYCLE => {
            held.row.deprovisioned = true;
            enter(ctx, tx, &mut held, SubscriptionState::Deleted).await?;
            schedule::drop_all(tx, subject).await?;
        }
        DEPROVISION => {
            held.row.deprovisioned = true;
            tx.put(&held.row).await?;
        }
        _ => term_end(ctx, tx, &mut held).await?,
    }
    Ok(true)
}

async fn enter(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    held: &mut Held,
    state: SubscriptionState,
) -> Result<(), AppError> {
    let row = &mut held.row;
    let is_new = row.state != state;
    row.state = state;
    row.unschedule();
    row.pending_frequency = None;
    row.version = row.version.saturating_add(1);
    tx.put(row).await?;
    // What a transfer or its seller suspended before is told of once.
    if is_new {
        if state == SubscriptionState::Deleted {
            licences::lapse(tx, row).await?;
        }
        events::happened(ctx, tx, &format!("subscription_{state}"), &row.handle).await?;
    }
    Ok(())
}

/// The term is over.
async fn term_end(ctx: &Ctx, tx: &mut Tx<'_>, held: &mut Held) -> Result<(), AppError> {
    let traditional = held.item.generation == Generation::Traditional;
    let row = &held.row;
    if renews(ctx, tx, held).await? {
        return renew(ctx, tx, held).await;
    }
    let state = match row.state {
        // Traditional ones know neither expiry nor disabling: ninety days later they are gone (SUB-039).
        SubscriptionState::Active | SubscriptionState::Suspended if traditional => {
            SubscriptionState::Suspended
        }
        SubscriptionState::Active => SubscriptionState::Expired,
        SubscriptionState::Suspended => SubscriptionState::Disabled,
        other => other,
    };
    held.row.renewal = false;
    enter(ctx, tx, held, state).await?;
    schedule::drop_all(tx, &held.row.handle).await?;
    if let (SubscriptionState::Suspended, Some(end)) = (state, held.row.term_end) {
        let due = Timestamp::start_of(add_days(end, DISABLED_DAYS.saturating_add(1)));
        return schedule::plan(tx, DELETE, &held.row.handle, due).await;
    }
    plan(tx, &held.row, ctx.now).await
}

/// Unchanged renewals go through whatever facts were lost, except affiliation and deleted relationships
/// (TXN-506, Q-07).
async fn renews(ctx: &Ctx, tx: &mut Tx<'_>, held: &Held) -> Result<bool, AppError> {
    let row = &held.row;
    let term = row.term.months().is_some() && row.term_end.is_some();
    if row.state != SubscriptionState::Active || !row.renewal || !held.item.renewable || !term {
        return Ok(false);
    }
    let Some(seller) = &held.seller else {
        return Ok(true);
    };
    let relation = facts::relation(tx, seller, &held.customer).await?;
    if relation.state == RelationshipState::Removed {
        return Ok(false);
    }
    Ok(!crate::affiliation::related(ctx, tx, held).await?)
}

/// A new term at the price of the day, with what was scheduled for it (SUB-017, BIL-023, AGR-025).
async fn renew(ctx: &Ctx, tx: &mut Tx<'_>, held: &mut Held) -> Result<(), AppError> {
    if held.item.kind == ItemKind::Trial {
        return become_paid(ctx, tx, held).await;
    }
    let today = ctx.now.date();
    let row = &mut held.row;
    let Some(end) = row.term_end else {
        return Ok(());
    };
    row.quantity = row.scheduled_quantity.take().unwrap_or(row.quantity);
    let pending = row.pending_frequency.take();
    let next = row.next_term.take().unwrap_or_default();
    let was = row.item;
    if let Some(item) = next.item {
        held.item = seen(tx, item).await?;
        row.item = item;
    }
    let before = (row.term, row.frequency);
    row.term = next.term.unwrap_or(row.term);
    row.frequency = next.frequency.or(pending).unwrap_or(row.frequency);
    let wished = purchase::fitting(tx, &held.item, row, next.promotion, today).await?;
    if wished.is_some() {
        row.promotion = wished;
    } else if next.item.is_some() || before != (row.term, row.frequency) {
        row.promotion = purchase::requalified(tx, &held.item, row, today).await?;
    }
    row.unit_price = price(tx, &held.item, row, today).await?;
    // A realigned term is short; the terms after it are whole again (SUB-034).
    row.began = next.end.map(|_| add_days(end, 1));
    row.term_end = next
        .end
        .or_else(|| next_end(row.bought.date(), row.term, end));
    row.renewed = Some(ctx.now);
    row.batches = vec![Batch {
        quantity: row.quantity,
        at: ctx.now,
    }];
    row.version = row.version.saturating_add(1);
    tx.put(row).await?;
    licences::follow(tx, row.customer, (was, row.item)).await?;
    events::happened(ctx, tx, "subscription_renewed", &row.handle).await?;
    charges::book_cycle(ctx, tx, row, ChargeKind::Renew, today).await?;
    schedule::drop_all(tx, &row.handle).await?;
    plan(tx, row, ctx.now).await
}

/// The price in force on a day; a renewal keeps its promotion, which knows no end here (ORD-043).
pub(crate) async fn price(
    tx: &mut Tx<'_>,
    item: &Item,
    row: &Subscription,
    day: Date,
) -> Result<Option<Money>, AppError> {
    let list = prices::list_price(tx, item, row.customer, row.term, row.currency, day).await?;
    let Some((list, promotion)) = list.zip(row.promotion) else {
        return Ok(list);
    };
    let promotion: Arc<Promotion> = seen(tx, promotion).await?;
    let rest = 100_i64.saturating_sub(promotion.discount_percent);
    Ok(Some(list.share(rest, 100, Rounding::Cut)?))
}

/// Another term or frequency loses a promotion that does not cover it, and gains one that does (SUB-025); the price follows
/// where the promotion changes.
async fn requalify(
    tx: &mut Tx<'_>,
    item: &Item,
    row: &mut Subscription,
    day: Date,
) -> Result<(), AppError> {
    let promotion = purchase::requalified(tx, item, row, day).await?;
    if promotion != row.promotion {
        row.promotion = promotion;
        row.unit_price = price(tx, item, row, day).await?;
    }
    Ok(())
}

/// A trial becomes what was scheduled for its end, by itself the paid item for a year, billed monthly (SUB-030), with a
/// window of its own (SUB-033) and without a promotion (ORD-044).
async fn become_paid(ctx: &Ctx, tx: &mut Tx<'_>, held: &mut Held) -> Result<(), AppError> {
    let today = ctx.now.date();
    let Some(paid) = held.item.trial_of.clone() else {
        return enter(ctx, tx, held, SubscriptionState::Expired).await;
    };
    let row = &mut held.row;
    let next = row.next_term.take().unwrap_or_default();
    let item = match next.item {
        Some(item) => seen(tx, item).await?,
        None => Arc::new(names::the_item(tx, &paid).await?),
    };
    let was = row.item;
    row.trial = Some(was);
    row.item = item.id;
    row.term = next.term.unwrap_or(Term::YEAR);
    row.frequency = next.frequency.unwrap_or(Frequency::Monthly);
    row.quantity = row.scheduled_quantity.take().unwrap_or(row.quantity);
    row.bought = ctx.now;
    row.renewed = None;
    row.began = next.end.map(|_| today);
    row.term_end = next.end.or_else(|| row.term.last_day(today));
    row.renewal = item.renewable;
    row.converted_from_trial = true;
    row.promotion = None;
    row.unit_price = price(tx, &item, row, today).await?;
    row.batches = vec![Batch {
        quantity: row.quantity,
        at: ctx.now,
    }];
    row.version = row.version.saturating_add(1);
    tx.put(row).await?;
    licences::follow(tx, row.customer, (was, row.item)).await?;
    events::happened(ctx, tx, "trial_converted", &row.handle).await?;
    charges::book_cycle(ctx, tx, row, ChargeKind::Convert, today).await?;
    schedule::drop_all(tx, &row.handle).await?;
    plan(tx, row, ctx.now).await
}

/// A cycle begins, or is charged ahead (BIL-056): what waited for it takes effect, and it is charged where charges accrue.
async fn cycle(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    row: &mut Subscription,
    item: &Item,
) -> Result<(), AppError> {
    let today = ctx.now.date();
    let accrues = charges::accrue(row, item);
    if let Some(frequency) = row.pending_frequency.take() {
        change_plan(ctx, tx, row, item, frequency).await?;
    } else if accrues {
        let ahead = charges::charged_ahead(row, item, today);
        let day = ahead.map_or(today, |cycle| cycle.start);
        charges::book_cycle(ctx, tx, row, ChargeKind::CycleCharge, day).await?;
    }
    plan_cycle(tx, row, charges::is_ahead(row, item), today).await
}

/// From monthly to annual the rest of the running year is charged in whole months (BIL-052); from annual to
/// monthly the first month.
async fn change_plan(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    row: &mut Subscription,
    item: &Item,
    frequency: Frequency,
) -> Result<(), AppError> {
    let today = ctx.now.date();
    let start = charges::running(row).start;
    row.frequency = frequency;
    requalify(tx, item, row, today).await?;
    row.version = row.version.saturating_add(1);
    tx.put(row).await?;
    let (Some(price), Some(term)) = (row.unit_price, row.term.months()) else {
        return Ok(());
    };
    if !charges::accrue(row, item) {
        return Ok(());
    }
    let cycle = charges::running(row).on(today);
    let passed = whole_months(start, today).rem_euclid(12);
    let months = match frequency {
        Frequency::Annual => 12_i32.saturating_sub(passed),
        _ => frequency.months().unwrap_or(term),
    };
    let quantity = row.quantity;
    let entry = Entry {
        kind: ChargeKind::ChangeBillingPlan,
        price,
        basis: prorate::months(i64::from(months), i64::from(term), quantity),
        from: today,
        until: cycle.last.min(add_days(add_months(today, months), -1)),
    };
    charges::book(ctx, tx, row, entry).await
}

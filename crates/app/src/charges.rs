//! Booking amounts on subscriptions, and what they use up of the seller's credit.

use tierline_billing::basis::amount;
use tierline_billing::cycle::{Cycle, Running, term_start};
use tierline_billing::prorate;
use tierline_domain::billing::{Basis, Cut};
use tierline_domain::catalog::{Frequency, Generation, Item, ItemKind};
use tierline_domain::id::Id;
use tierline_domain::money::{Money, Rounding};
use tierline_domain::subscription::{
    Charge, ChargeKind, CreditLine, Subscription, SubscriptionState,
};
use tierline_domain::time::{Date, add_months};
use tierline_store::tables::Setting;
use tierline_store::{Tx, Value, tables};

use crate::billing::{self, fx};
use crate::ctx::{Ctx, Ids};
use crate::error::AppError;

/// The running term of a subscription, and how it is billed.
#[must_use]
pub fn running(subscription: &Subscription) -> Running {
    Running {
        start: subscription.began.unwrap_or_else(|| {
            term_start(
                subscription.bought.date(),
                subscription.term,
                subscription.term_end,
            )
        }),
        end: subscription.term_end,
        term: subscription.term,
        frequency: subscription.frequency,
    }
}

/// Charges accrue: new commerce while active or suspended, traditional while active (SUB-010, SUB-039,
/// BIL-047); trials cost nothing (BIL-049).
#[must_use]
pub fn accrue(subscription: &Subscription, item: &Item) -> bool {
    item.kind != ItemKind::Trial
        && match subscription.state {
            SubscriptionState::Active => true,
            SubscriptionState::Suspended => item.generation == Generation::NewCommerce,
            SubscriptionState::Expired
            | SubscriptionState::Disabled
            | SubscriptionState::Deleted => false,
        }
}

/// Whether the years of a term are charged ahead: those of a traditional licence that is bought for several and billed by the year.
/// Each following one is charged one month before the charge before it ends (BIL-056).
#[must_use]
pub fn is_ahead(subscription: &Subscription, item: &Item) -> bool {
    item.generation == Generation::Traditional && may_be_ahead(subscription)
}

/// The same, where the item is not known yet.
#[must_use]
pub fn may_be_ahead(subscription: &Subscription) -> bool {
    subscription.frequency == Frequency::Annual
        && subscription.term.months().is_some_and(|months| months > 12)
}

/// The next cycle that is charged after a day, and the day on which it is.
#[must_use]
pub fn next(subscription: &Subscription, is_ahead: bool, today: Date) -> Option<(Cycle, Date)> {
    let running = running(subscription);
    let months = if is_ahead { -1 } else { 0 };
    let mut starts = running.starts().into_iter();
    let start = starts.find(|start| add_months(*start, months) > today)?;
    Some((running.on(start), add_months(start, months)))
}

/// The cycle to come that is charged already (BIL-056).
#[must_use]
pub fn charged_ahead(subscription: &Subscription, item: &Item, today: Date) -> Option<Cycle> {
    let (next, _) = next(subscription, false, today)?;
    let is_charged = is_ahead(subscription, item) && add_months(next.start, -1) <= today;
    is_charged.then_some(next)
}

/// Gives back so many seats of what is charged ahead, or charges them: where nothing is, nothing happens.
///
/// # Errors
/// When the store fails or amounts overflow.
pub async fn book_ahead(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    (subscription, item): (&Subscription, &Item),
    kind: ChargeKind,
    quantity: i64,
) -> Result<(), AppError> {
    let Some(cycle) = charged_ahead(subscription, item, ctx.now.date()) else {
        return Ok(());
    };
    let running = running(subscription);
    let basis = prorate::from_day(&running, &cycle, cycle.start, quantity, Cut::Line);
    let Some((price, basis)) = subscription.unit_price.zip(basis) else {
        return Ok(());
    };
    let entry = Entry {
        kind,
        price,
        basis,
        from: cycle.start,
        until: cycle.last,
    };
    book(ctx, tx, subscription, entry).await
}

/// What is booked on a subscription, in order.
///
/// # Errors
/// When the store fails.
pub async fn of(tx: &mut Tx<'_>, subscription: &Subscription) -> Result<Vec<Charge>, AppError> {
    let key = [Value::Id(subscription.id.uuid())];
    Ok(tx
        .find::<Charge>(tables::charges::BY_SUBSCRIPTION, &key)
        .await?)
}

/// One line to book.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Charge type (BIL-045).
    pub kind: ChargeKind,
    /// The price per seat for a whole term.
    pub price: Money,
    /// What of it is charged, or given back.
    pub basis: Basis,
    /// First day covered.
    pub from: Date,
    /// Last day covered.
    pub until: Date,
}

/// Books a line. What costs nothing is not booked; what is booked and not billed yet uses up credit
/// (BIL-030).
///
/// # Errors
/// When the store fails or amounts overflow.
pub async fn book(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    subscription: &Subscription,
    entry: Entry,
) -> Result<(), AppError> {
    book_noted(ctx, tx, subscription, entry).await.map(drop)
}

/// The same, and says which line it became; none where it costs nothing.
///
/// # Errors
/// When the store fails or amounts overflow.
pub async fn book_noted(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    subscription: &Subscription,
    entry: Entry,
) -> Result<Option<Id<Charge>>, AppError> {
    let key = [Value::Id(subscription.id.uuid())];
    let last: Option<(i64,)> = tx.fetch_optional(tables::time::LAST_CHARGE, &key).await?;
    let position = last.map_or(0, |(position,)| position).saturating_add(1);
    book_at(ctx, tx, subscription, position, entry).await
}

/// The setting that says how amounts of new commerce are brought to whole minor units (BIL-050).
pub const ROUNDING: &str = "rounding";

/// How they are: cut toward zero, as the profile has it, unless the operator has set `half_up`. What is booked keeps the mode in which
/// it was booked.
///
/// # Errors
/// When the store fails.
pub async fn rounding(tx: &mut Tx<'_>) -> Result<Rounding, AppError> {
    let settings = tx.look_for::<Setting>(tables::settings::EVERY, &[]).await?;
    let set = settings.iter().find(|setting| setting.key == ROUNDING);
    let is_half_up = set.is_some_and(|setting| setting.value.0 == "half_up");
    Ok(if is_half_up {
        Rounding::HalfUp
    } else {
        Rounding::Cut
    })
}

async fn book_at(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    subscription: &Subscription,
    position: i64,
    entry: Entry,
) -> Result<Option<Id<Charge>>, AppError> {
    let basis = Basis {
        cut: entry.basis.cut.in_mode(rounding(tx).await?),
        ..entry.basis
    };
    let charged = amount(&basis, entry.price)?;
    if charged.minor == 0 {
        return Ok(None);
    }
    let name = format!("{} {position}", subscription.id);
    let id = Ids::named("charge", &name, ctx.now).next();
    tx.insert(&Charge {
        id,
        subscription: subscription.id,
        position,
        kind: entry.kind,
        amount: charged,
        from_day: entry.from,
        until_day: entry.until,
        booked: ctx.now,
        basis,
        unit_price: entry.price,
        seller: subscription.seller,
        reseller: subscription.partner_of_record,
        customer: subscription.customer,
        item: subscription.item,
        term: subscription.term,
        frequency: subscription.frequency,
        priced_on: running(subscription).start,
        home: subscription.home.clone(),
    })
    .await?;
    let Some(seller) = subscription.seller else {
        return Ok(Some(id));
    };
    billing::run::plan(tx, &subscription.home, ctx.now).await?;
    if let Some(mut line) = tx.get::<CreditLine>(&[Value::Id(seller.uuid())]).await? {
        let day = ctx.now.date();
        let amount = fx::in_dollars(tx, charged, day).await?;
        line.unbilled = fx::in_dollars(tx, line.unbilled, day).await?.plus(amount)?;
        tx.put(&line).await?;
    }
    Ok(Some(id))
}

/// Books a whole cycle, or what a shortened first term leaves of it (BIL-044, BIL-048).
///
/// # Errors
/// When the store fails or amounts overflow.
pub async fn book_cycle(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    subscription: &Subscription,
    kind: ChargeKind,
    day: Date,
) -> Result<(), AppError> {
    match cycle_entry(subscription, kind, day) {
        Some(entry) => book(ctx, tx, subscription, entry).await,
        None => Ok(()),
    }
}

/// Books the cycle that a new subscription begins with: nothing is booked on it yet.
///
/// # Errors
/// When the store fails or amounts overflow.
pub async fn book_first_cycle(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    subscription: &Subscription,
    day: Date,
) -> Result<(), AppError> {
    match cycle_entry(subscription, ChargeKind::New, day) {
        Some(entry) => book_at(ctx, tx, subscription, 1, entry).await.map(drop),
        None => Ok(()),
    }
}

fn cycle_entry(subscription: &Subscription, kind: ChargeKind, day: Date) -> Option<Entry> {
    let running = running(subscription);
    let cycle = running.on(day);
    let quantity = subscription.quantity;
    let basis = prorate::from_day(&running, &cycle, cycle.start, quantity, Cut::Line);
    let (price, basis) = subscription.unit_price.zip(basis)?;
    Some(Entry {
        kind,
        price,
        basis,
        from: cycle.start,
        until: cycle.last,
    })
}

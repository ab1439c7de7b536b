//! Rating consumption by the schedule: each day at the list price less the credit that was earned on it, and each month as
//! one charge for every meter (BIL-053, PEC-007).

use std::collections::BTreeMap;

use tierline_billing::meter::net;
use tierline_domain::billing::Basis;
use tierline_domain::decimal::Decimal;
use tierline_domain::id::Id;
use tierline_domain::money::{Currency, Money};
use tierline_domain::partner::Account;
use tierline_domain::subscription::{ChargeKind, CreditLine};
use tierline_domain::time::{Date, add_months};
use tierline_domain::usage::{Earning, Meter, UsageCharge, UsageDay, UsageResource};
use tierline_store::{Tx, Value, tables};

use super::{DAY, MONTH, budget, closes, earned, last_of_month};
use crate::billing::fx;
use crate::charges::{self, Entry};
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::subscription::{Held, held};

/// Does what fell due, if it is one of the kinds of this module.
///
/// # Errors
/// When the store fails or amounts overflow.
pub async fn fall_due(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    kind: &str,
    subject: &str,
) -> Result<bool, AppError> {
    if ![DAY, MONTH].contains(&kind) {
        return Ok(false);
    }
    let bad = || AppError::Impossible(format!("scheduled {kind} of `{subject}`"));
    let (name, day) = subject.rsplit_once(' ').ok_or_else(bad)?;
    let day: Date = day.parse().map_err(|_| bad())?;
    let held = held(tx, name).await?;
    if kind == DAY {
        rate_day(ctx, tx, &held, day).await?;
    } else {
        charge_month(ctx, tx, &held, day).await?;
    }
    Ok(true)
}

/// Rates a day of a subscription anew, wholly.
///
/// # Errors
/// When the store fails or amounts overflow.
pub(crate) async fn rate_day(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    held: &Held,
    day: Date,
) -> Result<(), AppError> {
    let key = [Value::Id(held.row.id.uuid()), Value::Day(day)];
    let mut rows = tx
        .find::<UsageDay>(tables::usage_days::OF_DAY, &key)
        .await?;
    if rows.iter().all(|row| row.rated.is_some()) {
        return Ok(());
    }
    let earning = earned::day(tx, held, day).await?;
    let percent = earned::percent(tx).await?;
    let (mut reserved, mut added) = (0_i64, Decimal::ZERO);
    for row in &mut rows {
        let meter = tx.get::<Meter>(&[Value::Int(row.meter)]).await?;
        let resource = match row.resource {
            nil if nil.is_nil() => None,
            id => tx.get::<UsageResource>(&[Value::Id(id)]).await?,
        };
        let of = earning.of(meter.as_ref(), resource.as_ref());
        row.percent = match of.earning {
            Earning::Earned => percent,
            _ => 0,
        };
        row.earning = of.earning;
        // What is charged already stays as it was charged.
        let open = row.list.minus(row.charged_list)?;
        let open = net(open, row.percent)?;
        row.net = row.charged_net.plus(open)?.trimmed();
        if row.rated.is_none() {
            added = added.plus(row.list)?;
        }
        row.rated = Some(ctx.now);
        let cents = open.cut(Currency::USD)?.minor;
        reserved = reserved.saturating_add(cents.saturating_sub(row.reserved));
        row.reserved = cents;
    }
    tx.write_all(tables::usage_days::UPSERT, &rows).await?;
    reserve(tx, held.row.seller, reserved, day).await?;
    budget::watch(ctx, tx, &held.customer, day, added).await
}

/// What is used and not charged yet uses up credit, and is never stopped by it (BIL-030, BIL-032).
async fn reserve(
    tx: &mut Tx<'_>,
    seller: Option<Id<Account>>,
    cents: i64,
    day: Date,
) -> Result<(), AppError> {
    let Some(seller) = seller.filter(|_| cents != 0) else {
        return Ok(());
    };
    if let Some(mut line) = tx.get::<CreditLine>(&[Value::Id(seller.uuid())]).await? {
        let unbilled = fx::in_dollars(tx, line.unbilled, day).await?;
        line.unbilled = unbilled.plus(Money::new(cents, Currency::USD))?;
        tx.put(&line).await?;
    }
    Ok(())
}

/// What a month of one meter comes to.
#[derive(Clone, Copy)]
struct Total {
    quantity: Decimal,
    list: Decimal,
    net: Decimal,
}

impl Total {
    const NOTHING: Self = Self {
        quantity: Decimal::ZERO,
        list: Decimal::ZERO,
        net: Decimal::ZERO,
    };

    /// With what is not charged yet of a day, which from now on is.
    fn take(&mut self, row: &mut UsageDay) -> Result<(), AppError> {
        let add = |sum: Decimal, all: Decimal, charged: Decimal| sum.plus(all.minus(charged)?);
        self.quantity = add(self.quantity, row.quantity, row.charged_quantity)?;
        self.list = add(self.list, row.list, row.charged_list)?;
        self.net = add(self.net, row.net, row.charged_net)?;
        row.charged_quantity = row.quantity;
        row.charged_list = row.list;
        row.charged_net = row.net;
        row.reserved = 0;
        Ok(())
    }
}

/// Books what a subscription used in a month and is not charged yet: of each meter the accumulated consumption, cut once, at
/// the month's last instant.
///
/// # Errors
/// When the store fails or amounts overflow.
pub(crate) async fn charge_month(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    held: &Held,
    month: Date,
) -> Result<(), AppError> {
    let (first, last) = (month.first_of_month(), month.last_of_month());
    let key = [
        Value::Id(held.row.id.uuid()),
        Value::Day(first),
        Value::Day(last),
    ];
    let of_month = tables::usage_days::BETWEEN;
    let mut days: Vec<Date> = Vec::new();
    for row in tx.find::<UsageDay>(of_month, &key).await? {
        if row.rated.is_none() && days.last() != Some(&row.day) {
            days.push(row.day);
        }
    }
    for day in days {
        rate_day(ctx, tx, held, day).await?;
    }
    let mut rows = tx.find::<UsageDay>(of_month, &key).await?;
    let mut totals: BTreeMap<i64, Total> = BTreeMap::new();
    let mut reserved: i64 = 0;
    for row in &mut rows {
        reserved = reserved.saturating_add(row.reserved);
        let total = totals.entry(row.meter).or_insert(Total::NOTHING);
        total.take(row)?;
    }
    tx.write_all(tables::usage_days::UPSERT, &rows).await?;
    // From here on the charges use up the credit.
    reserve(tx, held.row.seller, reserved.saturating_neg(), first).await?;
    for (meter, total) in totals {
        charge(ctx, tx, held, first, meter, total).await?;
    }
    Ok(())
}

/// Books what was used so far to whoever sold it until now: somebody else does from this instant on (TRF-019).
///
/// # Errors
/// When the store fails or amounts overflow.
pub(crate) async fn charge_giver(ctx: &Ctx, tx: &mut Tx<'_>, held: &Held) -> Result<(), AppError> {
    let today = ctx.now.date();
    let before = add_months(today.first_of_month(), -1);
    if closes(before) > ctx.now {
        charge_month(ctx, tx, held, before).await?;
    }
    charge_month(ctx, tx, held, today).await
}

async fn charge(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    held: &Held,
    month: Date,
    meter: i64,
    total: Total,
) -> Result<(), AppError> {
    let currency = held.row.currency;
    let amount = fx::of_consumption(tx, total.net, currency, month).await?;
    let entry = Entry {
        kind: ChargeKind::Usage,
        price: amount,
        basis: Basis::times(1),
        from: month,
        until: month.last_of_month(),
    };
    let ctx = Ctx {
        now: last_of_month(month),
        ..ctx.clone()
    };
    let Some(charge) = charges::book_noted(&ctx, tx, &held.row, entry).await? else {
        return Ok(());
    };
    let row = UsageCharge {
        charge,
        subscription: held.row.id,
        month,
        meter,
        quantity: total.quantity.trimmed(),
        list: total.list.trimmed(),
        net: total.net.trimmed(),
        rate: fx::per_dollar(tx, currency, month).await?,
        amount,
    };
    Ok(tx.insert(&row).await?)
}

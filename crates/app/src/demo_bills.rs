//! What was billed in the demo world before it starts: the cycles of two months, some consumption, the runs, and payments.

use serde_json::json;
use tierline_domain::billing::{Basis, BillingRun, InvoiceKind, RunState};
use tierline_domain::catalog::{Item, ItemKind};
use tierline_domain::money::{Currency, Money};
use tierline_domain::partner::Account;
use tierline_domain::subscription::{ChargeKind, Subscription};
use tierline_domain::time::{Date, Timestamp, add_days, add_months};
use tierline_store::{Tx, Value, tables};

use crate::act::{Act, perform};
use crate::actor::ActorSpec;
use crate::billing::{self, run};
use crate::charges::{self, Entry};
use crate::ctx::{Ctx, Ids};
use crate::error::AppError;
use crate::names::{self, by_id};
use crate::{events, lifecycle, schedule};

/// How many months before this one were billed.
const MONTHS: i32 = 2;
/// Partners whose customers use the cloud.
const CLOUD: &[&str] = &["harbor", "meridian"];

/// Lays the bills down.
///
/// # Errors
/// When the store fails.
pub(crate) async fn lay(tx: &mut Tx<'_>, now: Timestamp) -> Result<(), AppError> {
    let this = now.date().first_of_month();
    let first = add_months(this, -MONTHS);
    for account in tx.find::<Account>(tables::accounts::EVERY, &[]).await? {
        let key = [Value::Id(account.id.uuid())];
        let held = tx
            .find::<Subscription>(tables::subscriptions::BY_SELLER, &key)
            .await?;
        for subscription in held {
            cycles(tx, &subscription, (first, this)).await?;
            if CLOUD.contains(&account.handle.as_str()) {
                consumption(tx, &subscription, (first, now)).await?;
            }
        }
    }
    runs(tx, now).await?;
    payments(tx, first, now).await
}

/// A context of the operator at an instant.
fn at(name: &str, instant: Timestamp) -> Ctx {
    let seed = Ids::named("demo bills", name, instant).uuid();
    Ctx::new(ActorSpec::operator(), instant, instant, seed)
}

/// Six in the morning, when cycles are charged.
fn morning(day: Date) -> Timestamp {
    Timestamp::start_of(day).plus_hours(6)
}

/// What a subscription was charged at the beginning of its cycles in the months before this one.
async fn cycles(
    tx: &mut Tx<'_>,
    subscription: &Subscription,
    (first, this): (Date, Date),
) -> Result<(), AppError> {
    let item: Item = by_id(tx, subscription.item).await?;
    if subscription.unit_price.is_none() || !charges::accrue(subscription, &item) {
        return Ok(());
    }
    let booked = charges::of(tx, subscription).await?;
    for start in charges::running(subscription).starts() {
        let is_new = start == subscription.bought.date();
        let is_booked = booked.iter().any(|charge| charge.from_day == start);
        if start < first || start >= this || is_booked {
            continue;
        }
        let kind = if is_new {
            ChargeKind::New
        } else {
            ChargeKind::CycleCharge
        };
        let name = format!("{} {start}", subscription.handle);
        let ctx = at(&name, morning(start));
        charges::book_cycle(&ctx, tx, subscription, kind, start).await?;
        told(&ctx, tx, lifecycle::CYCLE, &subscription.handle).await?;
    }
    Ok(())
}

/// The log tells of what was written.
async fn told(ctx: &Ctx, tx: &mut Tx<'_>, kind: &str, subject: &str) -> Result<(), AppError> {
    if tx.untold().is_some() {
        events::passed(ctx, tx, kind, subject).await?;
    }
    Ok(())
}

/// Days of the first month of which a customer's consumption is on record, and how many hours each.
const USED: &[(i32, i64)] = &[(4, 24), (11, 17), (19, 22), (26, 9)];
/// The price of an hour, in US cents.
const HOUR_MINOR: i64 = 128;

/// A few days of consumption that was rated as a whole: of the first month, and of the month before as it was reported after the
/// bill. The rest comes in by meters.
async fn consumption(
    tx: &mut Tx<'_>,
    subscription: &Subscription,
    (first, now): (Date, Timestamp),
) -> Result<(), AppError> {
    let item: Item = by_id(tx, subscription.item).await?;
    let is_used = matches!(
        item.kind,
        ItemKind::Consumption | ItemKind::PreviousConsumption
    );
    if !is_used {
        return Ok(());
    }
    let this = now.date().first_of_month();
    let mut days: Vec<(Date, i64, Timestamp)> = Vec::new();
    for (day, hours) in USED {
        let day = add_days(first, *day);
        days.push((day, *hours, morning(add_days(day, 1))));
    }
    days.push((add_days(this, -1), 5, now));
    for (day, hours, booked) in days {
        let name = format!("{} {day}", subscription.handle);
        let ctx = at(&name, booked);
        let entry = Entry {
            kind: ChargeKind::New,
            price: Money::new(HOUR_MINOR, Currency::USD),
            basis: Basis::times(hours),
            from: day,
            until: day,
        };
        charges::book(&ctx, tx, subscription, entry).await?;
        told(&ctx, tx, lifecycle::CYCLE, &subscription.handle).await?;
    }
    Ok(())
}

/// The runs of the months before, on their days.
async fn runs(tx: &mut Tx<'_>, now: Timestamp) -> Result<(), AppError> {
    let every = tx
        .find::<BillingRun>(tables::billing_runs::EVERY, &[])
        .await?;
    for planned in every {
        let mut run = planned;
        while run.state != RunState::Complete && run.began <= now {
            let subject = format!("{} {}", run.handle, run.steps.saturating_add(1));
            let ctx = at(&subject, run.began);
            run::fall_due(&ctx, tx, run::BILLING, &subject).await?;
            schedule::drop_open(tx, run::BILLING, &subject).await?;
            told(&ctx, tx, run::BILLING, &subject).await?;
            run = by_id(tx, run.id).await?;
        }
    }
    Ok(())
}

/// Of the first month's bills, those of new commerce are paid, and the recurring ones were voided and billed again.
async fn payments(tx: &mut Tx<'_>, first: Date, now: Timestamp) -> Result<(), AppError> {
    let day = add_days(add_months(first, 1), 9).min(now.date());
    for handle in CLOUD {
        let account = names::the_account(tx, handle).await?;
        for invoice in billing::owed(tx, account.id).await? {
            if invoice.month != first || invoice.amount.minor <= 0 {
                continue;
            }
            let (verb, params) = match invoice.kind {
                InvoiceKind::OneTime => (
                    "record_payment",
                    json!({
                        "payer": handle, "reference": format!("{handle}-{}", invoice.handle), "amount": invoice.amount,
                        "received": day, "invoice": invoice.handle,
                    }),
                ),
                InvoiceKind::Recurring => (
                    "void_invoice",
                    json!({ "invoice": invoice.handle, "bill_again": true }),
                ),
            };
            let ctx = at(&invoice.handle, morning(day));
            perform(&ctx, tx, &Act::of(crate::actor::OPERATOR, verb, params)).await?;
        }
    }
    Ok(())
}

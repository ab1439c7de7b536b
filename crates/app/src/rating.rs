//! What the operator rates: charge cycles, consumption, earned credit, and whom it bills (sections 10.1,
//! 10.5, 10.6).

use serde::{Deserialize, Serialize};
use tierline_billing::cycle::{Running, next_end};
use tierline_billing::prorate;
use tierline_domain::billing::{Basis, Cut};
use tierline_domain::catalog::Frequency;
use tierline_domain::decimal::Decimal;
use tierline_domain::money::Money;
use tierline_domain::subscription::{Charge, ChargeKind, Subscription};
use tierline_domain::time::{Date, add_days, add_months};
use tierline_domain::usage::Earning;
use tierline_rules::Checkpoint;
use tierline_rules::facts::Facts;
use tierline_store::{Tx, tables};

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::charges::{self, Entry};
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::prices;
use crate::subscription::{Held, held, with_item};
use crate::usage::{budget, earned};
use crate::{events, facts, standing};

/// Rates consumption.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordUsage {
    /// The consumption subscription.
    pub subscription: String,
    /// What it cost.
    pub amount: Money,
}

/// Runs the billing of a month.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bill {
    /// `YYYY-MM`.
    pub month: String,
}

/// Rates the charge cycle that starts on a day; books nothing.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// The subscription.
    pub subscription: String,
    /// The first day of the cycle.
    pub cycle_start: Date,
}

/// Rates earned credit of a day.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateCredit {
    /// The consumption subscription.
    pub subscription: String,
    /// The day.
    pub day: Date,
}

/// An event that usage raised.
#[derive(Clone, Debug, Serialize)]
pub struct Usage {
    /// `budget_exceeded`, or nothing (CUS-028).
    pub event: Option<&'static str>,
}

/// Who received a bill.
#[derive(Clone, Debug, Serialize)]
pub struct Billed {
    /// Partners.
    pub billed: Vec<String>,
}

/// A rated cycle.
#[derive(Clone, Debug, Serialize)]
pub struct Rated {
    /// Days of the cycle (BIL-042).
    pub cycle_days: i64,
    /// What it costs.
    pub amount: Money,
}

/// Who earns.
#[derive(Clone, Debug, Serialize)]
pub struct Earned {
    /// The billed partner, if anybody earns.
    pub earned_by: Option<String>,
    /// Why nobody does.
    pub reason: Option<Earning>,
}

async fn operate(tx: &mut Tx<'_>, ctx: &Ctx, acting: &Acting) -> Result<Facts, AppError> {
    standing::operator(acting)?;
    facts::begin(tx, ctx, acting, Checkpoint::Operate).await
}

impl UseCase for RecordUsage {
    type Out = Usage;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::Operate
    }

    fn subject(&self) -> String {
        self.subscription.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        operate(tx, ctx, acting).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        _acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Usage, AppError> {
        let held = held(tx, &self.subscription).await?;
        let today = ctx.now.date();
        let entry = Entry {
            kind: ChargeKind::Usage,
            price: self.amount,
            basis: Basis::times(1),
            from: today,
            until: today,
        };
        // Running consumption is never stopped by the credit limit (BIL-032), it only uses it up.
        charges::book(ctx, tx, &held.row, entry).await?;
        let Some(budget) = budget::of(tx, &held.customer, today).await? else {
            return Ok(Usage { event: None });
        };
        let spent = budget::spent(tx, &held.customer, today).await?;
        if !Decimal::of(budget).minus(spent)?.is_negative() {
            return Ok(Usage { event: None });
        }
        events::happened(ctx, tx, budget::EXCEEDED, &held.customer.handle).await?;
        Ok(Usage {
            event: Some(budget::EXCEEDED),
        })
    }
}

/// The last day of a month written `YYYY-MM`.
fn month(text: &str) -> Result<(Date, Date), AppError> {
    let first: Date = format!("{text}-01")
        .parse()
        .map_err(|_| AppError::invalid("month", "a month is written YYYY-MM"))?;
    Ok((first, first.last_of_month()))
}

/// A cycle of this subscription starts between two days, this term or (by renewal) a later or earlier one.
fn cycle_in(row: &Subscription, first: Date, last: Date) -> bool {
    let bought = row.bought.date();
    let every = match row.frequency {
        Frequency::None => return false,
        Frequency::OneTime => return first <= bought && bought <= last,
        other => other.months().unwrap_or(1),
    };
    let mut number: i32 = 0;
    loop {
        let start = add_months(bought, every.saturating_mul(number));
        if start > last || number > 4_800 {
            return false;
        }
        let runs = row.renewal || row.term_end.is_none_or(|end| start <= end);
        if start >= first && runs {
            return true;
        }
        number = number.saturating_add(1);
    }
}

fn booked_in(charges: &[Charge], first: Date, last: Date) -> bool {
    charges.iter().any(|charge| {
        let day = charge.booked.date();
        first <= day && day <= last
    })
}

impl UseCase for Bill {
    type Out = Billed;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::Operate
    }

    fn subject(&self) -> String {
        self.month.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        operate(tx, ctx, acting).await
    }

    async fn apply(
        &self,
        _ctx: &Ctx,
        _acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Billed, AppError> {
        let (first, last) = month(&self.month)?;
        let mut billed = Vec::new();
        let every = tx
            .find::<Subscription>(tables::subscriptions::EVERY, &[])
            .await?;
        for row in every {
            let held = with_item(tx, row).await?;
            // The operator bills direct-bill partners and providers, never a reseller (BIL-001).
            let Some(seller) = held
                .seller
                .as_ref()
                .filter(|seller| seller.kind.is_billed())
            else {
                continue;
            };
            if billed.contains(&seller.handle) {
                continue;
            }
            let priced = held.row.unit_price.is_some_and(|price| price.minor > 0);
            let due = priced
                && charges::accrue(&held.row, &held.item)
                && cycle_in(&held.row, first, last);
            let booked = charges::of(tx, &held.row).await?;
            if due || booked_in(&booked, first, last) {
                billed.push(seller.handle.clone());
            }
        }
        billed.sort();
        Ok(Billed { billed })
    }
}

/// The term in which a day lies: the running one, or one that renewals lead to. The price of a later term is
/// that of its first day.
async fn term_of(
    tx: &mut Tx<'_>,
    held: &Held,
    day: Date,
) -> Result<(Running, Option<Money>), AppError> {
    let row = &held.row;
    let mut running = charges::running(row);
    let mut price = row.unit_price;
    while let Some(end) = running.end.filter(|end| *end < day && row.renewal) {
        let Some(next) = next_end(row.bought.date(), row.term, end) else {
            break;
        };
        running.start = add_days(end, 1);
        running.end = Some(next);
        price = prices::list_price(
            tx,
            &held.item,
            row.customer,
            row.term,
            row.currency,
            running.start,
        )
        .await?;
    }
    Ok((running, price))
}

impl UseCase for Rate {
    type Out = Rated;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::Operate
    }

    fn subject(&self) -> String {
        self.subscription.clone()
    }

    fn writes(&self) -> bool {
        false
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        operate(tx, ctx, acting).await
    }

    async fn apply(
        &self,
        _ctx: &Ctx,
        _acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Rated, AppError> {
        let held = held(tx, &self.subscription).await?;
        let (running, price) = term_of(tx, &held, self.cycle_start).await?;
        let cycle = running.on(self.cycle_start);
        let past_end = running.end.is_some_and(|end| end < self.cycle_start);
        let price = price.filter(|_| charges::accrue(&held.row, &held.item) && !past_end);
        let amount = match price {
            None => Money::zero(held.row.currency),
            Some(price) => {
                let (from, quantity) = (self.cycle_start, held.row.quantity);
                let cut = Cut::Line.in_mode(charges::rounding(tx).await?);
                prorate::charge(price, &running, &cycle, from, quantity, cut)?
            }
        };
        Ok(Rated {
            cycle_days: running.days_of(self.cycle_start),
            amount,
        })
    }
}

impl UseCase for RateCredit {
    type Out = Earned;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::Operate
    }

    fn subject(&self) -> String {
        self.subscription.clone()
    }

    fn writes(&self) -> bool {
        false
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        operate(tx, ctx, acting).await
    }

    async fn apply(
        &self,
        _ctx: &Ctx,
        _acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Earned, AppError> {
        let held = held(tx, &self.subscription).await?;
        let earned = earned::day(tx, &held, self.day).await?.of(None, None);
        Ok(Earned {
            earned_by: earned.by,
            reason: Some(earned.earning).filter(|earning| *earning != Earning::Earned),
        })
    }
}

//! Changing the billing frequency: from the next cycle in new commerce (SUB-022), of the whole order at once
//! in the traditional generation (SUB-040).

use serde::{Deserialize, Serialize};
use tierline_billing::prorate;
use tierline_domain::billing::Cut;
use tierline_domain::catalog::{Frequency, Generation, Term};
use tierline_domain::subscription::{ChargeKind, Subscription, SubscriptionState};
use tierline_rules::Checkpoint;
use tierline_rules::facts::Facts;
use tierline_store::Tx;

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::charges::{self, Entry};
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::prices;
use crate::schedule;
use crate::subscription::{self, Changed, Held, held, with_item};

/// Change the billing frequency.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeFrequency {
    /// The subscription.
    pub subscription: String,
    /// The new frequency.
    pub frequency: Frequency,
    /// It is asked of the subscription; a traditional one is changed through its order (SUB-040).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub at_subscription: bool,
}

/// The term starts anew for twelve months at the current price, without discount (SUB-040): what is left of
/// the old charge is given back, the first cycle of the new one charged.
async fn reset(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    held: &mut Held,
    frequency: Frequency,
) -> Result<(), AppError> {
    let today = ctx.now.date();
    let row = &held.row;
    let running = charges::running(row);
    let cycle = running.on(today);
    let (quantity, days) = (row.quantity.saturating_neg(), cycle.days_from(today));
    let left = prorate::slice(&running, quantity, days, cycle.days, Cut::Slice);
    if let Some((price, basis)) = row.unit_price.zip(left) {
        let entry = Entry {
            kind: ChargeKind::ChangeBillingPlan,
            price,
            basis,
            from: today,
            until: cycle.last,
        };
        charges::book(ctx, tx, row, entry).await?;
        let ahead = (row, &*held.item);
        charges::book_ahead(ctx, tx, ahead, ChargeKind::ChangeBillingPlan, quantity).await?;
    }
    let price = prices::list_price(
        tx,
        &held.item,
        row.customer,
        Term::YEAR,
        row.currency,
        today,
    )
    .await?;
    let row = &mut held.row;
    row.frequency = frequency;
    row.term = Term::YEAR;
    row.renewed = Some(ctx.now);
    row.term_end = Term::YEAR.last_day(today);
    row.unit_price = price;
    row.promotion = None;
    row.unschedule();
    subscription::save(tx, row).await?;
    charges::book_cycle(ctx, tx, row, ChargeKind::ChangeBillingPlan, today).await?;
    schedule::drop_all(tx, &row.handle).await?;
    schedule::plan_subscription(tx, row, ctx.now).await
}

/// All active subscriptions of the order of one of them.
async fn order_of(tx: &mut Tx<'_>, held: &Held) -> Result<Vec<Subscription>, AppError> {
    let mut all = subscription::estate(tx, &held.customer).await?;
    all.retain(|other| {
        other.state == SubscriptionState::Active
            && (other.id == held.row.id
                || held.row.order_handle.is_some() && other.order_handle == held.row.order_handle)
    });
    Ok(all)
}

impl UseCase for ChangeFrequency {
    type Out = Changed;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::ChangeFrequency
    }

    fn subject(&self) -> String {
        self.subscription.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let held = held(tx, &self.subscription).await?;
        let mut found =
            subscription::begin(tx, ctx, acting, Checkpoint::ChangeFrequency, &held).await?;
        let offered = held
            .item
            .offer(held.row.term)
            .is_some_and(|offered| offered.frequencies.contains(&self.frequency));
        found.form.at_subscription = self.at_subscription;
        if let Some(fact) = &mut found.subscription {
            fact.new_frequency = Some((self.frequency, offered));
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
        if held.item.generation == Generation::Traditional {
            for row in order_of(tx, &held).await? {
                let mut held = with_item(tx, row).await?;
                reset(ctx, tx, &mut held, self.frequency).await?;
            }
            return Ok(Changed::of(facts));
        }
        let same = held.row.frequency == self.frequency;
        held.row.pending_frequency = (!same).then_some(self.frequency);
        subscription::save(tx, &mut held.row).await?;
        Ok(Changed::of(facts))
    }
}

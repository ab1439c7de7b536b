//! What shall happen at the next term: renewal, and changes scheduled for it (SUB-016, SUB-019).

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tierline_domain::catalog::{Frequency, Generation, Item, ItemKind, Promotion, Term};
use tierline_domain::id::Id;
use tierline_domain::subscription::{NextTerm, Subscription};
use tierline_domain::time::{Date, add_days};
use tierline_rules::Checkpoint;
use tierline_rules::facts::{Facts, ScheduledEnd, Transition};
use tierline_store::Tx;

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::subscription::{self, Changed, Held, held};
use crate::{names, purchase};

/// Switch renewal.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetRenewal {
    /// The subscription.
    pub subscription: String,
    /// On or off.
    pub renewal: bool,
}

/// Change at the next term.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleChange {
    /// The subscription.
    pub subscription: String,
    /// The next term's quantity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<i64>,
    /// The item from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// How long the next term is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<Term>,
    /// How it is billed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency: Option<Frequency>,
    /// Its last day: another one than the term has by itself (SUB-034).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Date>,
    /// The promotion, if it still fits when the term begins (ORD-043).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promotion: Option<String>,
}

/// Where the next term shall end, measured against the ends that a purchase could choose (ORD-030, ORD-031). `next` is
/// the item of that term.
pub(crate) async fn scheduled_end(
    tx: &mut Tx<'_>,
    held: &Held,
    next: &Item,
    term: Term,
    end: Option<Date>,
) -> Result<Option<ScheduledEnd>, AppError> {
    let Some((day, end)) = end.zip(held.row.term_end) else {
        return Ok(None);
    };
    let first = add_days(end, 1);
    let ends = match &held.seller {
        Some(seller) => purchase::custom_ends(tx, seller, &held.customer, term, first).await?,
        None => Vec::new(),
    };
    let month_end = add_days(day, 1).day() == 1;
    Ok(Some(ScheduledEnd {
        day,
        first,
        last: term.last_day(first),
        aligned: ends.iter().any(|end| end.day == day),
        short_month: term == Term::MONTH && (28..=30).contains(&day.day()) && !month_end,
        online_service: next.generation == Generation::NewCommerce
            && matches!(next.kind, ItemKind::Licence | ItemKind::AddOn),
    }))
}

/// The promotion that a name stands for, which must be one of an item's.
pub(crate) async fn next_promotion(
    tx: &mut Tx<'_>,
    name: Option<&String>,
    next: &Item,
) -> Result<Option<Id<Promotion>>, AppError> {
    let Some(name) = name else { return Ok(None) };
    let promotion = names::the_promotion(tx, name).await?;
    if promotion.item == next.id {
        return Ok(Some(promotion.id));
    }
    let text = format!(
        "is for another item than {}; leave it out, or name one of that item",
        next.handle
    );
    Err(AppError::invalid("promotion", text))
}

impl ScheduleChange {
    async fn next_item(&self, tx: &mut Tx<'_>, held: &Held) -> Result<Arc<Item>, AppError> {
        match &self.item {
            Some(item) => names::the_item(tx, item).await.map(Arc::new),
            None => Ok(Arc::clone(&held.item)),
        }
    }

    /// The term and the frequency that are to come.
    fn billing(&self, row: &Subscription) -> (Term, Frequency) {
        let frequency = row.pending_frequency.unwrap_or(row.frequency);
        (
            self.term.unwrap_or(row.term),
            self.frequency.unwrap_or(frequency),
        )
    }
}

impl UseCase for SetRenewal {
    type Out = Changed;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::SetRenewal
    }

    fn subject(&self) -> String {
        self.subscription.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let held = held(tx, &self.subscription).await?;
        let mut found = subscription::begin(tx, ctx, acting, Checkpoint::SetRenewal, &held).await?;
        if let Some(fact) = &mut found.subscription {
            fact.new_renewal = Some(self.renewal);
        }
        Ok(found)
    }

    async fn apply(
        &self,
        _ctx: &Ctx,
        _acting: &Acting,
        facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Changed, AppError> {
        let mut row = held(tx, &self.subscription).await?.row;
        row.renewal = self.renewal;
        if !self.renewal {
            row.unschedule();
        }
        subscription::save(tx, &mut row).await?;
        Ok(Changed::of(facts))
    }
}

impl UseCase for ScheduleChange {
    type Out = Changed;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::ScheduleChange
    }

    fn subject(&self) -> String {
        self.subscription.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let held = held(tx, &self.subscription).await?;
        let mut found =
            subscription::begin(tx, ctx, acting, Checkpoint::ScheduleChange, &held).await?;
        let (term, frequency) = self.billing(&held.row);
        let next = self.next_item(tx, &held).await?;
        found.form.scheduled_end = scheduled_end(tx, &held, &next, term, self.end).await?;
        next_promotion(tx, self.promotion.as_ref(), &next).await?;
        let offer = next.offer(term);
        if let Some(fact) = &mut found.subscription {
            fact.new_quantity = self.quantity;
            if self.item.is_some() || self.term.is_some() || self.frequency.is_some() {
                let listed = next.id == held.item.id
                    || held.item.upgrades_to.contains(&next.handle)
                    || next.upgrades_to.contains(&held.item.handle);
                let offered = offer.is_some_and(|offer| offer.frequencies.contains(&frequency));
                fact.new_term = Some(term);
                fact.new_frequency = Some((frequency, offered));
                fact.transition = Some(Box::new(Transition {
                    listed,
                    quantity: self.quantity.unwrap_or(held.row.quantity),
                    at_end: true,
                    term_offered: offer.is_some(),
                    to: next.handle.clone(),
                    target: None,
                }));
            }
        }
        Ok(found)
    }

    async fn apply(
        &self,
        _ctx: &Ctx,
        _acting: &Acting,
        facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Changed, AppError> {
        let held = held(tx, &self.subscription).await?;
        let next = self.next_item(tx, &held).await?;
        let mut row = held.row;
        let (term, frequency) = self.billing(&row);
        let pending = row.pending_frequency.unwrap_or(row.frequency);
        let asked = NextTerm {
            item: (next.id != row.item).then_some(next.id),
            term: (term != row.term).then_some(term),
            frequency: (frequency != pending).then_some(frequency),
            end: self.end,
            promotion: next_promotion(tx, self.promotion.as_ref(), &next).await?,
        };
        // What is scheduled is replaced as a whole: instructions say everything that shall be otherwise.
        row.scheduled_quantity = self.quantity.or(row.scheduled_quantity);
        row.next_term = (asked != NextTerm::default()).then_some(asked);
        subscription::save(tx, &mut row).await?;
        Ok(Changed::of(facts))
    }
}

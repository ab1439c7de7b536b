//! Changing an order that stands: another billing cycle, an add-on, lines that are cancelled; and its review.
//!
//! An order changes through its subscriptions, so that their rules decide: each step is tried like the command on
//! the subscription itself, and what is refused undoes the whole change.

use serde::{Deserialize, Serialize};
use tierline_domain::catalog::{Frequency, Generation, Item};
use tierline_domain::order::{Order, OrderState};
use tierline_domain::subscription::{Subscription, SubscriptionState};
use tierline_rules::Checkpoint;
use tierline_rules::facts::Facts;
use tierline_store::Tx;

use crate::actor::Acting;
use crate::attempt::{UseCase, attempt};
use crate::cancel::Cancel;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::frequency::ChangeFrequency;
use crate::names::{self, by_id};
use crate::order::{Sale, Wanted};
use crate::{events, facts, standing, subscription};

/// Change an order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeOrder {
    /// The order.
    pub order: String,
    /// Its customer, where the caller names it: an order of another one does not exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// The version in the ETag that was presented (GEN-007).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<i64>,
    /// The version that the caller read (ORD-004).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<i64>,
    /// Another billing frequency for the whole order (SUB-040).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency: Option<Frequency>,
    /// Add-ons to buy to subscriptions of the order (ORD-023).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub add_ons: Vec<Wanted>,
    /// Numbers of lines to cancel.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cancel: Vec<usize>,
}

/// What a change answers.
#[derive(Clone, Debug, Serialize)]
pub struct OrderChanged {
    /// The order.
    pub order: String,
    /// Its state.
    pub state: OrderState,
}

/// An order of the acting partner; another's does not exist for it.
async fn own(tx: &mut Tx<'_>, acting: &Acting, name: &str) -> Result<Order, AppError> {
    let order = names::the_order(tx, name).await?;
    if acting.partner()?.id == order.partner {
        return Ok(order);
    }
    Err(AppError::missing("order", name))
}

/// What the lines of an order became.
async fn made(tx: &mut Tx<'_>, order: &Order) -> Result<Vec<Subscription>, AppError> {
    let mut made = Vec::new();
    for id in order.lines.iter().filter_map(|line| line.subscription) {
        made.push(by_id(tx, id).await?);
    }
    Ok(made)
}

impl ChangeOrder {
    async fn found(&self, tx: &mut Tx<'_>, acting: &Acting) -> Result<Order, AppError> {
        let order = own(tx, acting, &self.order).await?;
        if let Some(customer) = &self.customer
            && names::the_tenant(tx, customer).await?.id != order.customer
        {
            return Err(AppError::missing("order", &self.order));
        }
        Ok(order)
    }

    async fn change_frequency(
        &self,
        ctx: &Ctx,
        tx: &mut Tx<'_>,
        order: &mut Order,
        frequency: Frequency,
    ) -> Result<(), AppError> {
        let made = made(tx, order).await?;
        let running = made
            .iter()
            .find(|row| row.state == SubscriptionState::Active)
            .or(made.first())
            .ok_or_else(|| AppError::invalid("billingCycle", "the order has no subscription"))?;
        let step = ChangeFrequency {
            subscription: running.handle.clone(),
            frequency,
            at_subscription: false,
        };
        Box::pin(attempt(ctx, tx, &step)).await?;
        for line in order.lines.iter_mut().filter(|line| !line.cancelled) {
            let item: Item = by_id(tx, line.line.item).await?;
            // In new commerce the change takes effect with the next term, and the order stays as it was bought.
            if item.generation == Generation::Traditional {
                line.line.frequency = frequency;
            }
        }
        Ok(())
    }

    async fn cancel(&self, ctx: &Ctx, tx: &mut Tx<'_>, order: &mut Order) -> Result<(), AppError> {
        for number in &self.cancel {
            let line = order.lines.get_mut(*number).ok_or_else(|| {
                AppError::invalid(
                    "lineItems.lineItemNumber",
                    format!("the order has no line {number}"),
                )
            })?;
            if let (Some(id), false) = (line.subscription, line.cancelled) {
                let row: Subscription = by_id(tx, id).await?;
                let step = Cancel {
                    subscription: row.handle,
                };
                Box::pin(attempt(ctx, tx, &step)).await?;
            }
            line.cancelled = true;
        }
        if order.lines.iter().all(|line| line.cancelled) {
            order.state = OrderState::Cancelled;
        }
        Ok(())
    }

    async fn add(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        tx: &mut Tx<'_>,
        order: Order,
    ) -> Result<Order, AppError> {
        let first = order.lines.len();
        let mut sale = Sale::more(ctx, acting, tx, order).await?;
        for (place, wanted) in (first..).zip(&self.add_ons) {
            let item = names::the_item(tx, &wanted.item).await?;
            let line = wanted.line(&item);
            let facts = sale
                .judge(tx, &item, &line, wanted.role(), None)
                .await?
                .map_err(AppError::Refused)?;
            sale.provision(tx, &facts, &item, &line, place).await?;
        }
        Ok(sale.into_order())
    }
}

impl UseCase for ChangeOrder {
    type Out = OrderChanged;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::UpdateSubscription
    }

    fn subject(&self) -> String {
        self.order.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let order = self.found(tx, acting).await?;
        let rows = made(tx, &order).await?;
        let live = rows
            .iter()
            .find(|row| row.state != SubscriptionState::Deleted)
            .or(rows.first());
        let at = Checkpoint::UpdateSubscription;
        let mut found = match live {
            Some(row) => {
                let held = subscription::with_item(tx, row.clone()).await?;
                subscription::begin(tx, ctx, acting, at, &held).await?
            }
            None => facts::begin(tx, ctx, acting, at).await?,
        };
        found.form.about = Some(order.handle);
        found.form.etag_stale = self.etag.is_some_and(|version| version != order.version);
        found.form.moved = self.seen.is_some_and(|version| version != order.version);
        Ok(found)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<OrderChanged, AppError> {
        let mut order = self.found(tx, acting).await?;
        let before = made(tx, &order).await?;
        if let Some(frequency) = self.frequency {
            self.change_frequency(ctx, tx, &mut order, frequency)
                .await?;
        }
        if !self.add_ons.is_empty() {
            order = self.add(ctx, acting, tx, order).await?;
        }
        self.cancel(ctx, tx, &mut order).await?;
        order.version = order.version.saturating_add(1);
        tx.put(&order).await?;
        // What became of its lines is told of each of them.
        for row in made(tx, &order).await? {
            let is_as_before =
                |other: &Subscription| other.id == row.id && other.version == row.version;
            if !before.iter().any(is_as_before) {
                events::happened(ctx, tx, "subscription_changed", &row.handle).await?;
            }
        }
        Ok(OrderChanged {
            order: order.handle,
            state: order.state,
        })
    }
}

/// The operator holds an order for its secondary review, or ends the review (ORD-027, ORD-028).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewOrder {
    /// The order.
    pub order: String,
    /// The state that the review gives it.
    pub state: OrderState,
}

impl UseCase for ReviewOrder {
    type Out = OrderChanged;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::Operate
    }

    fn subject(&self) -> String {
        self.order.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        standing::operator(acting)?;
        let reviewed = [
            OrderState::PendingReview,
            OrderState::PendingDocumentUpload,
            OrderState::ReviewRejected,
            OrderState::Completed,
        ];
        if !reviewed.contains(&self.state) {
            return Err(AppError::invalid("state", "is none that a review gives"));
        }
        facts::begin(tx, ctx, acting, Checkpoint::Operate).await
    }

    async fn apply(
        &self,
        _ctx: &Ctx,
        _acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<OrderChanged, AppError> {
        let mut order = names::the_order(tx, &self.order).await?;
        order.state = self.state;
        order.version = order.version.saturating_add(1);
        tx.put(&order).await?;
        Ok(OrderChanged {
            order: order.handle,
            state: order.state,
        })
    }
}

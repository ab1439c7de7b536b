//! Promotions and secondary reviews: what may be asked about an order before and after it.

use serde::{Deserialize, Serialize};
use tierline_domain::order::{Order, OrderState};
use tierline_rules::Checkpoint;
use tierline_rules::facts::Facts;
use tierline_store::Tx;

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::purchase;
use crate::{facts, names};

/// Ask whether a promotion applies; allowed either way.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckPromotion {
    /// The customer.
    pub customer: String,
    /// The item.
    pub item: String,
    /// How many.
    pub quantity: i64,
    /// The promotion.
    pub promotion: String,
}

/// Whether a promotion applies (ORD-033, ORD-042).
#[derive(Clone, Debug, Serialize)]
pub struct Eligibility {
    /// It applies.
    pub eligible: bool,
    /// Seats left under its limit.
    pub remaining: i64,
    /// Why not.
    pub reasons: Vec<&'static str>,
}

impl UseCase for CheckPromotion {
    type Out = Eligibility;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::CheckPromotion
    }

    fn subject(&self) -> String {
        self.promotion.clone()
    }

    fn writes(&self) -> bool {
        false
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let mut found = facts::begin(tx, ctx, acting, Checkpoint::CheckPromotion).await?;
        let customer = names::the_tenant(tx, &self.customer).await?;
        found.buyer = Some(facts::buyer(tx, &customer, None, ctx.now.date()).await?);
        if let Some(seller) = &acting.account {
            found.relation = Some(facts::relation(tx, seller, &customer).await?);
        }
        Ok(found)
    }

    async fn apply(
        &self,
        _ctx: &Ctx,
        _acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Eligibility, AppError> {
        let customer = names::the_tenant(tx, &self.customer).await?;
        let item = names::the_item(tx, &self.item).await?;
        let promotion = names::the_promotion(tx, &self.promotion).await?;
        let remaining = purchase::promotion_left(tx, &promotion, customer.id).await?;
        let mut reasons = Vec::new();
        if promotion.item != item.id {
            reasons.push("InvalidPromotion");
        }
        if self.quantity > remaining {
            reasons.push("SeatCount");
        }
        Ok(Eligibility {
            eligible: reasons.is_empty(),
            remaining,
            reasons,
        })
    }
}

/// Answer a secondary review.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UploadDocument {
    /// The order.
    pub order: String,
    /// `purchase_order`, or `none` for an answer without the document.
    pub document: String,
}

impl UseCase for UploadDocument {
    type Out = ();

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::UploadDocument
    }

    fn subject(&self) -> String {
        self.order.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let mut found = facts::begin(tx, ctx, acting, Checkpoint::UploadDocument).await?;
        let order = names::the_order(tx, &self.order).await?;
        if acting.account.as_ref().map(|account| account.id) != Some(order.partner) {
            return Err(AppError::missing("order", &self.order));
        }
        found.form.order_state = Some(order.state);
        found.form.about = Some(order.handle);
        if self.document != "none" {
            found.form.documents = vec![self.document.clone()];
        }
        Ok(found)
    }

    async fn apply(
        &self,
        _ctx: &Ctx,
        _acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<(), AppError> {
        let mut order: Order = names::the_order(tx, &self.order).await?;
        order.state = OrderState::UploadComplete;
        order.version = order.version.saturating_add(1);
        Ok(tx.put(&order).await?)
    }
}

//! Promotions and secondary reviews: what may be asked about an order before and after it.

use serde::{Deserialize, Serialize};
use tierline_domain::catalog::{Frequency, Item, Promotion, Term};
use tierline_domain::id::Id;
use tierline_domain::listing::{PromotionListing, PromotionTerms};
use tierline_domain::order::{Order, OrderState};
use tierline_domain::partner::Tenant;
use tierline_domain::subscription::{Subscription, SubscriptionState};
use tierline_domain::time::Date;
use tierline_rules::Checkpoint;
use tierline_rules::facts::Facts;
use tierline_store::{Tx, Value, tables};

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
    /// The term; left aside where it is not said.
    #[serde(default)]
    pub term: Option<Term>,
    /// How it is billed; left aside where it is not said.
    #[serde(default)]
    pub frequency: Option<Frequency>,
}

/// Whether a promotion applies (ORD-033, ORD-042).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Eligibility {
    /// It applies.
    pub eligible: bool,
    /// Seats left under its limit.
    pub remaining: i64,
    /// Fewest seats of one purchase.
    pub min_seats: i64,
    /// Most seats of one customer.
    pub max_seats: i64,
    /// Why not.
    pub reasons: Vec<Unfit>,
}

/// Why a promotion does not fit (ORD-033).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unfit {
    /// It is for another item, or not in force.
    Promotion,
    /// It does not cover the term or the frequency.
    Term,
    /// Too few seats, or more than are left.
    SeatCount,
    /// The customer used it as often as it may.
    RedemptionLimit,
    /// The customer had the item before.
    PurchasedBefore,
    /// The customer lacks what must be owned.
    Prerequisite,
}

/// A purchase for which a promotion is looked at.
pub(crate) struct Wanted {
    pub(crate) customer: Id<Tenant>,
    pub(crate) quantity: i64,
    pub(crate) term: Option<Term>,
    pub(crate) frequency: Option<Frequency>,
    pub(crate) today: Date,
}

/// Whether a promotion is for a term and frequency.
pub(crate) async fn covers(
    tx: &mut Tx<'_>,
    promotion: &Promotion,
    wanted: &Wanted,
) -> Result<bool, AppError> {
    let key = [Value::Id(promotion.id.uuid())];
    let shown = tx.get::<PromotionListing>(&key).await?;
    let terms = shown.map(|shown| shown.about).unwrap_or_default();
    Ok(terms.covers(wanted.term, wanted.frequency))
}

/// Whether a promotion fits a purchase, and why not (ORD-033, ORD-042).
pub(crate) async fn fit(
    tx: &mut Tx<'_>,
    promotion: &Promotion,
    item: &Item,
    wanted: &Wanted,
) -> Result<Eligibility, AppError> {
    let remaining = purchase::promotion_left(tx, promotion, wanted.customer).await?;
    let shown = tx
        .get::<PromotionListing>(&[Value::Id(promotion.id.uuid())])
        .await?;
    let terms = shown.as_ref().map(|shown| shown.about.clone());
    let terms = terms.unwrap_or_default();
    let mut reasons = Vec::new();
    let in_force = shown.is_none_or(|shown| {
        shown.from_day <= wanted.today && shown.until_day.is_none_or(|last| last >= wanted.today)
    });
    if promotion.item != item.id || !in_force {
        reasons.push(Unfit::Promotion);
    }
    if !terms.covers(wanted.term, wanted.frequency) {
        reasons.push(Unfit::Term);
    }
    if wanted.quantity > remaining || wanted.quantity < terms.min_seats {
        reasons.push(Unfit::SeatCount);
    }
    if terms.max_redemptions.is_some() || terms.first_purchase || !terms.requires.is_empty() {
        reasons.extend(unfit_by_estate(tx, promotion, item, &terms, wanted.customer).await?);
    }
    Ok(Eligibility {
        eligible: reasons.is_empty(),
        remaining,
        min_seats: terms.min_seats,
        max_seats: promotion.max_seats,
        reasons,
    })
}

/// What of the customer's subscriptions, those that have ended among them, stands against a promotion.
async fn unfit_by_estate(
    tx: &mut Tx<'_>,
    promotion: &Promotion,
    item: &Item,
    terms: &PromotionTerms,
    customer: Id<Tenant>,
) -> Result<Vec<Unfit>, AppError> {
    let key = [Value::Id(customer.uuid())];
    let held = tx
        .find::<Subscription>(tables::subscriptions::BY_CUSTOMER, &key)
        .await?;
    let mut reasons = Vec::new();
    let used = held
        .iter()
        .filter(|held| held.promotion == Some(promotion.id));
    let used = i64::try_from(used.count()).unwrap_or(i64::MAX);
    if terms.max_redemptions.is_some_and(|most| used >= most) {
        reasons.push(Unfit::RedemptionLimit);
    }
    if terms.first_purchase && had_before(tx, item, &held).await? {
        reasons.push(Unfit::PurchasedBefore);
    }
    let mut owned = terms.requires.is_empty();
    for name in &terms.requires {
        let needed = names::item(tx, name).await?;
        owned = owned
            || needed.is_some_and(|needed| {
                let is_it = |held: &&Subscription| {
                    held.item == needed.id && held.state == SubscriptionState::Active
                };
                held.iter().any(|held| is_it(&held))
            });
    }
    if !owned {
        reasons.push(Unfit::Prerequisite);
    }
    Ok(reasons)
}

/// A first purchase is used up by one that was cancelled later, and by a trial of the item, which need not have
/// been converted (ORD-044).
async fn had_before(tx: &mut Tx<'_>, item: &Item, held: &[Subscription]) -> Result<bool, AppError> {
    for held in held {
        let had: Item = names::by_id(tx, held.item).await?;
        if had.id == item.id || had.trial_of.as_ref() == Some(&item.handle) {
            return Ok(true);
        }
    }
    Ok(false)
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
        ctx: &Ctx,
        _acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Eligibility, AppError> {
        let customer = names::the_tenant(tx, &self.customer).await?;
        let item = names::the_item(tx, &self.item).await?;
        let promotion = names::the_promotion(tx, &self.promotion).await?;
        let wanted = Wanted {
            customer: customer.id,
            quantity: self.quantity,
            term: self.term,
            frequency: self.frequency,
            today: ctx.now.date(),
        };
        fit(tx, &promotion, &item, &wanted).await
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

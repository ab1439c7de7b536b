//! What a customer has of the previous consumption offer moves under the plan of its seller.

use serde::{Deserialize, Serialize};
use tierline_domain::catalog::{Item, ItemKind};
use tierline_domain::id::Id;
use tierline_domain::partner::{Account, Location, Tenant};
use tierline_domain::subscription::{
    ProductUpgrade, Subscription, SubscriptionState, UpgradedLine,
};
use tierline_rules::Checkpoint;
use tierline_rules::facts::Facts;
use tierline_store::{Tx, Value, tables};

use crate::actor::Acting;
use crate::attempt::{UseCase, attempt};
use crate::ctx::{Ctx, Ids};
use crate::error::AppError;
use crate::events;
use crate::names::{self, by_id};
use crate::order::{PlaceOrder, Wanted};
use crate::subscription::{self, estate, with_item};

/// Move everything of the previous consumption offer that the caller sold to a customer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpgradeToPlan {
    /// The customer.
    pub customer: String,
}

/// What such a move answers.
#[derive(Clone, Debug, Serialize)]
pub struct Upgraded {
    /// The move.
    pub upgrade: Id<ProductUpgrade>,
}

/// What a partner sold to a customer of the previous consumption offer and still runs.
///
/// # Errors
/// When the store fails.
pub async fn previous(
    tx: &mut Tx<'_>,
    partner: &Account,
    customer: &Tenant,
) -> Result<Vec<Subscription>, AppError> {
    of_kind(tx, partner, customer, ItemKind::PreviousConsumption).await
}

async fn of_kind(
    tx: &mut Tx<'_>,
    partner: &Account,
    customer: &Tenant,
    kind: ItemKind,
) -> Result<Vec<Subscription>, AppError> {
    let mut found = Vec::new();
    for row in estate(tx, customer).await? {
        let runs = row.seller == Some(partner.id) && row.state == SubscriptionState::Active;
        if runs && by_id::<Item, _>(tx, row.item).await?.kind == kind {
            found.push(row);
        }
    }
    Ok(found)
}

/// The moves that a partner carried out for a customer, oldest first.
///
/// # Errors
/// When the store fails.
pub async fn moves(
    tx: &mut Tx<'_>,
    partner: &Account,
    customer: &Tenant,
) -> Result<Vec<ProductUpgrade>, AppError> {
    let pair = [Value::Id(partner.id.uuid()), Value::Id(customer.id.uuid())];
    Ok(tx
        .find::<ProductUpgrade>(tables::product_upgrades::BY_PAIR, &pair)
        .await?)
}

async fn first_item(tx: &mut Tx<'_>, kind: ItemKind) -> Result<Item, AppError> {
    let key = [Value::Text(kind.to_string())];
    let found = tx.find::<Item>(tables::items::BY_KIND, &key).await?;
    found
        .into_iter()
        .next()
        .ok_or_else(|| AppError::missing("item", kind))
}

impl UpgradeToPlan {
    async fn first(
        &self,
        tx: &mut Tx<'_>,
        acting: &Acting,
    ) -> Result<(Tenant, Subscription), AppError> {
        let customer = names::the_tenant(tx, &self.customer).await?;
        let held = previous(tx, acting.partner()?, &customer).await?;
        let first = held.into_iter().next();
        first.map(|first| (customer, first)).ok_or_else(|| {
            AppError::invalid(
                "customer",
                "has nothing of the previous consumption offer from the caller",
            )
        })
    }

    /// The plan of the caller; where there is none, it is bought as by an order.
    async fn plan(
        &self,
        ctx: &Ctx,
        tx: &mut Tx<'_>,
        (partner, customer): (&Account, &Tenant),
        first: &Subscription,
    ) -> Result<Id<Subscription>, AppError> {
        let kind = ItemKind::ConsumptionPlan;
        if let Some(plan) = of_kind(tx, partner, customer, kind).await?.first() {
            return Ok(plan.id);
        }
        let item = first_item(tx, kind).await?;
        let mut wanted = Wanted::one_of(&customer.handle, &item.handle);
        if let Some(reseller) = first.partner_of_record {
            let place = names::account_by_id(tx, reseller).await?.location;
            if let Some(place) = place {
                let place: Location = by_id(tx, place).await?;
                wanted.partner_of_record = Some(place.partner_id);
            }
        }
        let ctx = ctx.further("plan");
        Box::pin(attempt(&ctx, tx, &PlaceOrder(wanted))).await?;
        let bought = of_kind(tx, partner, customer, kind).await?;
        let plan = bought.first().map(|plan| plan.id);
        plan.ok_or_else(|| AppError::missing("subscription", kind))
    }
}

impl UseCase for UpgradeToPlan {
    type Out = Upgraded;

    /// Each of them is changed, and all are alike: the first stands for them.
    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::UpdateSubscription
    }

    fn subject(&self) -> String {
        self.customer.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let (_, first) = self.first(tx, acting).await?;
        let held = with_item(tx, first).await?;
        subscription::begin(tx, ctx, acting, self.checkpoint(), &held).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Upgraded, AppError> {
        let (customer, first) = self.first(tx, acting).await?;
        let partner = acting.partner()?;
        let plan = self.plan(ctx, tx, (partner, &customer), &first).await?;
        let item = first_item(tx, ItemKind::Consumption).await?;
        let mut lines = Vec::new();
        for mut row in previous(tx, partner, &customer).await? {
            lines.push(UpgradedLine {
                subscription: row.id,
                from_item: row.item,
                to_item: item.id,
            });
            row.item = item.id;
            row.parent = Some(plan);
            row.unit_price = None;
            subscription::save(tx, &mut row).await?;
            events::happened(ctx, tx, "subscription_changed", &row.handle).await?;
        }
        let name = format!("{} {}", ctx.seed, customer.id);
        let upgrade = ProductUpgrade {
            id: Ids::named("product upgrade", &name, ctx.now).next(),
            partner: partner.id,
            customer: customer.id,
            lines,
            at: ctx.now,
        };
        tx.insert(&upgrade).await?;
        Ok(Upgraded {
            upgrade: upgrade.id,
        })
    }
}

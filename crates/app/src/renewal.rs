//! What shall happen at the next term: renewal, and changes scheduled for it (SUB-016, SUB-019).

use serde::{Deserialize, Serialize};
use tierline_rules::Checkpoint;
use tierline_rules::facts::Facts;
use tierline_store::Tx;

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::subscription::{self, Changed, held};

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
            row.scheduled_quantity = None;
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
        if let Some(fact) = &mut found.subscription {
            fact.new_quantity = self.quantity;
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
        row.scheduled_quantity = self.quantity.or(row.scheduled_quantity);
        subscription::save(tx, &mut row).await?;
        Ok(Changed::of(facts))
    }
}

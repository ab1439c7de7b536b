//! A consumption subscription is registered, so that reservations may be bought for it; a marketplace subscription is
//! activated.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tierline_domain::subscription::{Activated, Registered, Subscription};
use tierline_rules::Checkpoint;
use tierline_rules::facts::Facts;
use tierline_store::{Tx, Value};

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::names;
use crate::subscription::{self, held};

/// Register a subscription.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisterSubscription {
    /// The subscription.
    pub subscription: String,
}

/// Whether a subscription is registered.
///
/// # Errors
/// When the store fails.
pub async fn is_registered(tx: &mut Tx<'_>, row: &Subscription) -> Result<bool, AppError> {
    let key = [Value::Id(row.id.uuid())];
    Ok(tx.get::<Registered>(&key).await?.is_some())
}

impl UseCase for RegisterSubscription {
    type Out = Json;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::UpdateSubscription
    }

    fn subject(&self) -> String {
        self.subscription.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let held = held(tx, &self.subscription).await?;
        let mut found = subscription::begin(tx, ctx, acting, self.checkpoint(), &held).await?;
        found.form.registers = true;
        Ok(found)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        _: &Acting,
        _: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Json, AppError> {
        let row = names::the_subscription(tx, &self.subscription).await?;
        // Once is enough: the first registration stands.
        if !is_registered(tx, &row).await? {
            let registered = Registered {
                subscription: row.id,
                at: ctx.now,
            };
            tx.insert(&registered).await?;
        }
        Ok(json!({ "subscription": row.handle }))
    }
}

/// Activate a marketplace subscription.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActivateSubscription {
    /// The subscription.
    pub subscription: String,
}

impl UseCase for ActivateSubscription {
    type Out = Json;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::UpdateSubscription
    }

    fn subject(&self) -> String {
        self.subscription.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let held = held(tx, &self.subscription).await?;
        let mut found = subscription::begin(tx, ctx, acting, self.checkpoint(), &held).await?;
        found.form.activates = true;
        Ok(found)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        _: &Acting,
        _: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Json, AppError> {
        let row = names::the_subscription(tx, &self.subscription).await?;
        let key = [Value::Id(row.id.uuid())];
        let since = match tx.get::<Activated>(&key).await? {
            // Once is enough: the first activation stands.
            Some(earlier) => earlier.at,
            None => {
                let activated = Activated {
                    subscription: row.id,
                    at: ctx.now,
                };
                tx.insert(&activated).await?;
                ctx.now
            }
        };
        Ok(json!({ "subscription": row.handle, "since": since }))
    }
}

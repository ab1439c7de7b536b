//! Where the use beyond a customer's licences flows (SUB-051).

use serde::{Deserialize, Serialize};
use tierline_domain::catalog::{Item, ItemKind};
use tierline_domain::listing::Listing;
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::subscription::{Overage, OverageService, Subscription, SubscriptionState};
use tierline_rules::Checkpoint;
use tierline_rules::facts::{Facts, OverageFact};
use tierline_store::{Tx, Value, tables};

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::names::{self, by_id};
use crate::subscription::{self, Changed, estate, held};

/// Let the use beyond licences flow to a consumption subscription, or no longer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetOverage {
    /// The consumption subscription.
    pub subscription: String,
    /// It flows there; otherwise it is set to none.
    pub enabled: bool,
}

/// How a catalogue says that an item includes it.
const INCLUDED: &str = "overage";

/// Where the use beyond the licences of a customer flows.
///
/// # Errors
/// When the store fails.
pub async fn overages(tx: &mut Tx<'_>, customer: &Tenant) -> Result<Vec<Overage>, AppError> {
    let key = [Value::Id(customer.id.uuid())];
    Ok(tx
        .find::<Overage>(tables::overages::BY_CUSTOMER, &key)
        .await?)
}

async fn meets(
    tx: &mut Tx<'_>,
    caller: Option<&Account>,
    customer: &Tenant,
) -> Result<OverageFact, AppError> {
    let mut found = OverageFact {
        holder: None,
        includes: false,
        previous: Vec::new(),
    };
    for overage in overages(tx, customer).await? {
        if overage.enabled && caller.is_none_or(|caller| caller.id != overage.partner) {
            let partner = names::account_by_id(tx, overage.partner).await?;
            let to: Subscription = by_id(tx, overage.subscription).await?;
            found.holder = Some((partner.handle, to.handle));
        }
    }
    let active = |row: &Subscription| row.state == SubscriptionState::Active;
    for row in estate(tx, customer).await?.into_iter().filter(active) {
        let item: Item = by_id(tx, row.item).await?;
        if item.kind == ItemKind::PreviousConsumption {
            found.previous.push(row.handle.clone());
        }
        if !found.includes && caller.is_some_and(|caller| row.seller == Some(caller.id)) {
            let listing = tx.get::<Listing>(&[Value::Id(item.id.uuid())]).await?;
            let consumption = listing.and_then(|listing| listing.about.consumption);
            found.includes = consumption.as_deref() == Some(INCLUDED);
        }
    }
    Ok(found)
}

impl UseCase for SetOverage {
    type Out = Changed;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::SetOverage
    }

    fn subject(&self) -> String {
        self.subscription.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let held = held(tx, &self.subscription).await?;
        if held.item.kind != ItemKind::Consumption {
            let problem = "is none to which use could flow: name one under the consumption plan";
            return Err(AppError::invalid("subscription", problem));
        }
        let mut found = subscription::begin(tx, ctx, acting, self.checkpoint(), &held).await?;
        let meets = meets(tx, acting.account.as_ref(), &held.customer).await?;
        found.form.overage = Some(meets);
        Ok(found)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Changed, AppError> {
        let held = held(tx, &self.subscription).await?;
        let service = OverageService::PhoneServices;
        let key = [
            Value::Id(held.customer.id.uuid()),
            Value::Text(service.to_string()),
        ];
        let before = tx.get::<Overage>(&key).await?;
        tx.put(&Overage {
            customer: held.customer.id,
            service,
            partner: acting.partner()?.id,
            subscription: held.row.id,
            enabled: self.enabled,
            modified: ctx.now,
            version: before.map_or(1, |before| before.version.saturating_add(1)),
        })
        .await?;
        Ok(Changed::of(facts))
    }
}

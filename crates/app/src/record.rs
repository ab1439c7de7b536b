//! Naming another reseller on a subscription (SUB-043, REL-018, BIL-005).

use serde::{Deserialize, Serialize};
use tierline_domain::partner::Account;
use tierline_rules::Checkpoint;
use tierline_rules::facts::Facts;
use tierline_store::Tx;

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::facts;
use crate::subscription::{self, Changed, held};

/// Name another reseller.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetPartnerOfRecord {
    /// The subscription.
    pub subscription: String,
    /// The PartnerID of the reseller; `0` for a direct sale, `-1` to clear it.
    pub partner_of_record: String,
}

impl SetPartnerOfRecord {
    fn given(&self) -> Option<&str> {
        (!["0", "-1"].contains(&self.partner_of_record.as_str()))
            .then_some(self.partner_of_record.as_str())
    }
}

impl UseCase for SetPartnerOfRecord {
    type Out = Changed;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::SetPartnerOfRecord
    }

    fn subject(&self) -> String {
        self.subscription.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let held = held(tx, &self.subscription).await?;
        let mut found =
            subscription::begin(tx, ctx, acting, Checkpoint::SetPartnerOfRecord, &held).await?;
        found.named = facts::named(tx, self.given(), ctx.now.date()).await?;
        let reseller = facts::named_account(tx, &found.named).await?;
        let caller = acting.account.as_ref();
        found.partnership = None;
        found.other_relation = None;
        subscription::chain(
            tx,
            ctx,
            &mut found,
            caller,
            reseller.as_ref(),
            &held.customer,
        )
        .await?;
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
        let reseller: Option<Account> = facts::named_account(tx, &facts.named).await?;
        row.partner_of_record = reseller.map(|reseller| reseller.id);
        subscription::save(tx, &mut row).await?;
        Ok(Changed::of(facts))
    }
}

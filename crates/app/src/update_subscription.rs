//! Reading a subscription, and sending it back: what the body leaves out is cleared (SUB-021), and a stale
//! ETag is refused (GEN-007).

use serde::{Deserialize, Serialize};
use tierline_domain::partner::Account;
use tierline_domain::subscription::Subscription;
use tierline_rules::Checkpoint;
use tierline_rules::facts::Facts;
use tierline_store::Tx;

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::subscription::{self, Changed, held};

/// Send the resource back.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateSubscription {
    /// The subscription.
    pub subscription: String,
    /// What the customer shall call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    /// Fields left out of the body.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub omit: Vec<Omitted>,
    /// The ETag presented.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<Etag>,
}

/// A field that a body may leave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Omitted {
    /// The renewal flag.
    Renewal,
    /// What was scheduled for the next term.
    NextTerm,
}

/// Whether an ETag is that of the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Etag {
    /// It is.
    Current,
    /// The row changed since.
    Outdated,
}

impl UpdateSubscription {
    fn clears_renewal(&self) -> bool {
        self.omit.contains(&Omitted::Renewal)
    }
}

impl UseCase for UpdateSubscription {
    type Out = Changed;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::UpdateSubscription
    }

    fn subject(&self) -> String {
        self.subscription.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let held = held(tx, &self.subscription).await?;
        let mut found =
            subscription::begin(tx, ctx, acting, Checkpoint::UpdateSubscription, &held).await?;
        found.form.etag_stale = self.etag == Some(Etag::Outdated);
        if let Some(fact) = &mut found.subscription {
            fact.new_renewal = self.clears_renewal().then_some(false);
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
        if let Some(nickname) = &self.nickname {
            row.friendly_name = Some(nickname.clone());
        }
        if self.clears_renewal() {
            row.renewal = false;
        }
        if !self.omit.is_empty() {
            row.unschedule();
        }
        subscription::save(tx, &mut row).await?;
        Ok(Changed::of(facts))
    }
}

/// Its seller, the reseller and the support contact on it, and its customer may read it. For everybody else there is
/// no such subscription, so that the answer does not reveal that there is.
fn readable(acting: &Acting, row: &Subscription) -> bool {
    if let Some(account) = &acting.account {
        return is_on(account, row) || account.tenant == row.customer;
    }
    match &acting.tenant {
        Some(tenant) => tenant.id == row.customer,
        None => acting.operator().is_ok(),
    }
}

/// Whether a partner stands on a subscription: it sold it, is its reseller of record or supports it.
#[must_use]
pub fn is_on(partner: &Account, row: &Subscription) -> bool {
    [row.seller, row.partner_of_record, row.support_contact].contains(&Some(partner.id))
}

/// Read it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadSubscription {
    /// The subscription.
    pub subscription: String,
}

impl UseCase for ReadSubscription {
    type Out = ();

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::ReadSubscription
    }

    fn subject(&self) -> String {
        self.subscription.clone()
    }

    fn writes(&self) -> bool {
        false
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let held = held(tx, &self.subscription).await?;
        if !readable(acting, &held.row) {
            return Err(AppError::missing("subscription", &self.subscription));
        }
        subscription::begin(tx, ctx, acting, Checkpoint::ReadSubscription, &held).await
    }

    async fn apply(
        &self,
        _ctx: &Ctx,
        _acting: &Acting,
        _facts: &Facts,
        _tx: &mut Tx<'_>,
    ) -> Result<(), AppError> {
        Ok(())
    }
}

//! Who supports a subscription: the billed partner, until somebody eligible is named (SUP-004 to SUP-006).

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tierline_domain::admin::{AdminRelationship, AdminState};
use tierline_domain::customer::{Delegation, Relationship};
use tierline_domain::id::Id;
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::subscription::Subscription;
use tierline_rules::Checkpoint;
use tierline_rules::facts::Facts;
use tierline_store::{Tx, Value, tables};

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::{facts, names, subscription};

/// Name the support contact of a subscription.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetSupportContact {
    /// The subscription.
    pub subscription: String,
    /// The contact.
    pub contact: String,
}

/// Whether a partner holds administration rights over a customer: granular ones in force, or old full
/// delegation.
async fn has_rights(
    tx: &mut Tx<'_>,
    partner: Id<Account>,
    customer: Id<Tenant>,
) -> Result<bool, AppError> {
    let pair = [Value::Id(partner.uuid()), Value::Id(customer.uuid())];
    let full = tx
        .get::<Relationship>(&pair)
        .await?
        .is_some_and(|tie| tie.delegation == Delegation::Full);
    let granular = tx
        .find::<AdminRelationship>(tables::admin_relationships::BY_PAIR, &pair)
        .await?;
    Ok(full
        || granular
            .iter()
            .any(|admin| admin.state == AdminState::Active))
}

/// A partner leaves the support contacts of a customer; the billed partner takes its place (SUP-005,
/// SUP-006).
///
/// # Errors
/// When the store fails.
pub async fn leave(
    tx: &mut Tx<'_>,
    partner: Id<Account>,
    customer: Id<Tenant>,
) -> Result<(), AppError> {
    for mut subscription in tx
        .find::<Subscription>(
            tables::subscriptions::BY_CUSTOMER,
            &[Value::Id(customer.uuid())],
        )
        .await?
    {
        if subscription.support_contact == Some(partner) {
            subscription.support_contact = None;
            tx.put(&subscription).await?;
        }
    }
    Ok(())
}

/// Rights of a partner over a customer have ended: without any it is no contact any longer (SUP-006).
///
/// # Errors
/// When the store fails.
pub async fn rights_ended(
    tx: &mut Tx<'_>,
    partner: Id<Account>,
    customer: Id<Tenant>,
) -> Result<(), AppError> {
    if has_rights(tx, partner, customer).await? {
        return Ok(());
    }
    leave(tx, partner, customer).await
}

impl UseCase for SetSupportContact {
    type Out = Json;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::SetSupportContact
    }

    fn subject(&self) -> String {
        self.subscription.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let own = acting.partner()?;
        let held = subscription::held(tx, &self.subscription).await?;
        let contact = names::the_account(tx, &self.contact).await?;
        let customer = &held.customer;
        let mut found = facts::begin(tx, ctx, acting, self.checkpoint()).await?;
        found.buyer = Some(facts::buyer(tx, customer, None, ctx.now.date()).await?);
        found.relation = Some(facts::relation(tx, own, customer).await?);
        if held.row.seller != Some(contact.id) {
            let has_rights = has_rights(tx, contact.id, customer.id).await?;
            found.other_relation = Some(facts::relation(tx, &contact, customer).await?);
            found.form.contact = Some((contact.handle, has_rights));
        }
        let subject = subscription::fact(tx, &held, Some(own), ctx.now, None).await?;
        found.subscription = Some(Box::new(subject));
        Ok(found)
    }

    async fn apply(
        &self,
        _: &Ctx,
        _: &Acting,
        _: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Json, AppError> {
        let mut subscription = names::the_subscription(tx, &self.subscription).await?;
        let contact = names::the_account(tx, &self.contact).await?;
        let billed = subscription.seller == Some(contact.id);
        subscription.support_contact = (!billed).then_some(contact.id);
        subscription.version = subscription.version.saturating_add(1);
        tx.put(&subscription).await?;
        Ok(json!({ "subscription": subscription.handle, "contact": contact.handle }))
    }
}

//! Who supports a subscription: the billed partner, until somebody eligible is named (SUP-004 to SUP-006).

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tierline_domain::admin::{AdminRelationship, AdminState};
use tierline_domain::catalog::Item;
use tierline_domain::customer::{Delegation, Relationship};
use tierline_domain::id::Id;
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::subscription::Subscription;
use tierline_rules::Checkpoint;
use tierline_rules::facts::{Facts, SubscriptionFact};
use tierline_store::{Tx, Value, tables};

use crate::actor::{Acting, OPERATOR};
use crate::attempt::UseCase;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::facts;
use crate::names::{self, by_id};

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

/// Whose subscription it is; naming a contact looks at nothing else of it.
async fn seller_facts(
    tx: &mut Tx<'_>,
    own: &Account,
    subscription: &Subscription,
) -> Result<SubscriptionFact, AppError> {
    let item: Item = by_id(tx, subscription.item).await?;
    let seller = match subscription.seller {
        Some(seller) => names::account_by_id(tx, seller).await?.handle,
        None => OPERATOR.to_owned(),
    };
    let partner_of_record = match subscription.partner_of_record {
        Some(reseller) => Some(names::account_by_id(tx, reseller).await?.handle),
        None => None,
    };
    Ok(SubscriptionFact {
        name: subscription.handle.clone(),
        seller,
        own: subscription.seller == Some(own.id),
        item: item.handle,
        kind: item.kind,
        generation: item.generation,
        publisher: item.publisher,
        end_of_sale: item.end_of_sale,
        state: subscription.state,
        bought: subscription.bought,
        quantity: subscription.quantity,
        new_quantity: None,
        reducible: Vec::new(),
        cancel_until: None,
        new_frequency: None,
        new_term: None,
        new_renewal: None,
        term: subscription.term,
        frequency: subscription.frequency,
        term_end: subscription.term_end,
        renewal: subscription.renewal,
        renewal_queued: subscription.renewal_queued,
        partner_of_record,
        upgraded: subscription.upgraded.is_some(),
        converted_from_trial: subscription.converted_from_trial,
        updates: subscription.updates,
        min_quantity: item.min_quantity,
        max_quantity: item.max_quantity,
        renewable: item.renewable,
        cancellable: item.cancellable,
        partner_of_record_fixed: item.partner_of_record_fixed,
        active_children: 0,
        children: Vec::new(),
        order_blockers: Vec::new(),
        promotion: None,
        in_transfer: None,
        customer_max: None,
    })
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
        let subscription = names::the_subscription(tx, &self.subscription).await?;
        let contact = names::the_account(tx, &self.contact).await?;
        let tenant: Tenant = by_id(tx, subscription.customer).await?;
        let mut found = facts::begin(tx, ctx, acting, self.checkpoint()).await?;
        found.buyer = Some(facts::buyer(tx, &tenant, None, ctx.now.date()).await?);
        found.relation = Some(facts::relation(tx, own, &tenant).await?);
        if subscription.seller != Some(contact.id) {
            let has_rights = has_rights(tx, contact.id, tenant.id).await?;
            found.other_relation = Some(facts::relation(tx, &contact, &tenant).await?);
            found.form.contact = Some((contact.handle, has_rights));
        }
        found.subscription = Some(seller_facts(tx, own, &subscription).await?);
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

//! What every command about a subscription needs: its facts, and the rows behind them.

use std::sync::Arc;

use tierline_domain::catalog::{Item, ItemKind, Promotion};
use tierline_domain::id::Id;
use tierline_domain::partner::{Account, PartnerType, Tenant};
use tierline_domain::subscription::{
    Subscription, SubscriptionState, Transfer, TransferKind, TransferState, UpgradeRecord,
};
use tierline_domain::time::Timestamp;
use tierline_rules::Checkpoint;
use tierline_rules::facts::{Ceiling, Facts, SubscriptionFact, Tier};
use tierline_store::{Tx, Value, tables};

use crate::actor::{Acting, OPERATOR};
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::names::{self, by_id, seen};
use crate::{facts, kinship, windows};

/// A subscription with what it was bought of.
#[derive(Clone, Debug)]
pub struct Held {
    /// The subscription.
    pub row: Subscription,
    /// Its item.
    pub item: Arc<Item>,
    /// Its customer.
    pub customer: Arc<Tenant>,
    /// Its seller; absent when the operator sold it.
    pub seller: Option<Arc<Account>>,
    /// By which name it was asked for.
    pub asked: String,
}

/// Finds a subscription.
///
/// # Errors
/// When there is none, or the store fails.
pub async fn held(tx: &mut Tx<'_>, name: &str) -> Result<Held, AppError> {
    let row = names::the_subscription(tx, name).await?;
    Ok(Held {
        asked: name.to_owned(),
        ..with_item(tx, row).await?
    })
}

/// A subscription with its item, customer and seller.
///
/// # Errors
/// When the store fails.
pub async fn with_item(tx: &mut Tx<'_>, mut row: Subscription) -> Result<Held, AppError> {
    let item = seen(tx, row.item).await?;
    let customer: Arc<Tenant> = seen(tx, row.customer).await?;
    if names::turn(tx, &customer.handle).await? {
        row = names::by_id(tx, row.id).await?;
    }
    let seller = match row.seller {
        Some(seller) => Some(seen(tx, seller).await?),
        None => None,
    };
    Ok(Held {
        asked: row.handle.clone(),
        row,
        item,
        customer,
        seller,
    })
}

/// Everything a customer holds or held.
///
/// # Errors
/// When the store fails.
pub async fn estate(tx: &mut Tx<'_>, customer: &Tenant) -> Result<Vec<Subscription>, AppError> {
    let key = [Value::Id(customer.id.uuid())];
    Ok(tx
        .find::<Subscription>(tables::subscriptions::BY_CUSTOMER, &key)
        .await?)
}

fn live(subscription: &Subscription) -> bool {
    matches!(
        subscription.state,
        SubscriptionState::Active | SubscriptionState::Suspended | SubscriptionState::Expired
    )
}

fn seats<'a>(held: impl Iterator<Item = &'a Subscription>) -> i64 {
    held.fold(0, |sum, held| sum.saturating_add(held.quantity))
}

/// A subscription as a decision sees it, without anything a single command asks of it.
///
/// # Errors
/// When the store fails.
pub async fn fact(
    tx: &mut Tx<'_>,
    held: &Held,
    caller: Option<&Account>,
    now: Timestamp,
    statutory: Option<i64>,
) -> Result<SubscriptionFact, AppError> {
    let (row, item) = (&held.row, &held.item);
    let seller = held
        .seller
        .as_ref()
        .map_or(OPERATOR, |seller| seller.handle.as_str());
    let reseller = match row.partner_of_record {
        Some(reseller) => Some(names::account_by_id(tx, reseller).await?.handle),
        None => None,
    };
    let estate = estate(tx, &held.customer).await?;
    let children: Vec<String> = estate
        .iter()
        .filter(|other| other.parent == Some(row.id) && other.state == SubscriptionState::Active)
        .map(|other| other.handle.clone())
        .collect();
    let order_blockers = estate
        .iter()
        .filter(|other| {
            row.order_handle.is_some()
                && other.order_handle == row.order_handle
                && other.state != SubscriptionState::Active
        })
        .map(|other| (other.handle.clone(), other.state))
        .collect();
    Ok(SubscriptionFact {
        name: row.handle.clone(),
        seller: seller.to_owned(),
        own: caller.is_some_and(|caller| row.seller == Some(caller.id)),
        item: item.handle.clone(),
        kind: item.kind,
        generation: item.generation,
        publisher: item.publisher,
        end_of_sale: item.end_of_sale,
        state: row.state,
        bought: row.bought,
        quantity: row.quantity,
        new_quantity: None,
        reducible: windows::reducible(row, now),
        cancel_until: windows::cancel_until(row, item, statutory),
        new_frequency: None,
        new_term: None,
        new_renewal: None,
        term: row.term,
        frequency: row.frequency,
        term_end: row.term_end,
        renewal: row.renewal,
        renewal_queued: row.renewal_queued,
        partner_of_record: reseller,
        upgraded: windows::upgraded(row),
        converted_from_trial: row.converted_from_trial,
        updates: row.updates,
        min_quantity: item.min_quantity,
        max_quantity: item.max_quantity,
        renewable: item.renewable,
        cancellable: item.cancellable,
        partner_of_record_fixed: item.partner_of_record_fixed,
        active_children: i64::try_from(children.len()).unwrap_or(i64::MAX),
        children,
        order_blockers,
        promotion_name: promotion_name(tx, row).await?,
        promotion: None,
        segment: item.segment,
        transition: None,
        in_transfer: in_transfer(tx, held).await?,
        customer_max: None,
    })
}

async fn promotion_name(tx: &mut Tx<'_>, row: &Subscription) -> Result<Option<String>, AppError> {
    Ok(match row.promotion {
        Some(promotion) => Some(by_id::<Promotion, _>(tx, promotion).await?.handle),
        None => None,
    })
}

/// The open transfer that a subscription is part of, if any.
async fn in_transfer(tx: &mut Tx<'_>, held: &Held) -> Result<Option<String>, AppError> {
    let key = [Value::Id(held.customer.id.uuid())];
    let transfers = tx
        .find::<Transfer>(tables::transfers::BY_CUSTOMER, &key)
        .await?;
    Ok(transfers
        .into_iter()
        .find(|transfer| open(transfer) && transfer.carries(&held.row.handle))
        .map(|transfer| transfer.handle))
}

fn open(transfer: &Transfer) -> bool {
    matches!(
        (transfer.kind, transfer.state),
        (TransferKind::Traditional, TransferState::Active)
            | (TransferKind::Plan, TransferState::Pending)
    )
}

/// The ceilings that seats of a subscription run into: the item's customer-wide one and the promotion's.
///
/// # Errors
/// When the store fails.
pub async fn ceilings(
    tx: &mut Tx<'_>,
    held: &Held,
    asked: i64,
) -> Result<(Option<Ceiling>, Option<Ceiling>), AppError> {
    let estate = estate(tx, &held.customer).await?;
    let same = estate
        .iter()
        .filter(|other| other.item == held.row.item && live(other));
    let customer_max = held.item.customer_max.map(|limit| Ceiling {
        limit,
        used: seats(same),
        asked,
    });
    let promotion = match held.row.promotion {
        None => None,
        Some(id) => {
            let promotion: Promotion = by_id(tx, id).await?;
            // Cancelled seats stay counted (ORD-042).
            let carrying = estate.iter().filter(|other| other.promotion == Some(id));
            Some(Ceiling {
                limit: promotion.max_seats,
                used: seats(carrying),
                asked,
            })
        }
    };
    Ok((customer_max, promotion))
}

/// Facts of a command about a subscription: the caller, the subscription, its customer and the chain that
/// sold it. The reseller of record counts as the one named.
///
/// # Errors
/// When the store fails.
pub async fn begin(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    acting: &Acting,
    checkpoint: Checkpoint,
    held: &Held,
) -> Result<Facts, AppError> {
    // To a customer the subscription of another reads like none.
    if let Some(own) = &acting.tenant
        && own.id != held.customer.id
    {
        return Err(AppError::missing("subscription", &held.asked));
    }
    let today = ctx.now.date();
    let mut found = facts::begin(tx, ctx, acting, checkpoint).await?;
    let caller = acting.account.as_ref();
    let statutory = found
        .policy
        .statutory_cancellation
        .filter(|(country, _)| *country == held.customer.country)
        .map(|(_, days)| days);
    let subject = fact(tx, held, caller, ctx.now, statutory).await?;
    found.subscription = Some(Box::new(subject));
    let record = match held.row.partner_of_record {
        Some(reseller) => Some(names::account_by_id(tx, reseller).await?),
        None => None,
    };
    let given = record.as_ref().map(|account| account.handle.as_str());
    found.named = facts::named(tx, given, today).await?;
    chain(tx, ctx, &mut found, caller, record.as_ref(), &held.customer).await?;
    Ok(found)
}

/// Loads what the rules ask of a seller, its reseller and a customer.
///
/// # Errors
/// When the store fails.
pub async fn chain(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    found: &mut Facts,
    seller: Option<&Account>,
    reseller: Option<&Account>,
    customer: &Tenant,
) -> Result<(), AppError> {
    let today = ctx.now.date();
    let provider = seller.filter(|seller| seller.kind == PartnerType::IndirectProvider);
    found.buyer = Some(facts::buyer(tx, customer, provider, today).await?);
    let Some(seller) = seller else { return Ok(()) };
    found.relation = Some(facts::relation(tx, seller, customer).await?);
    found.attested = facts::attested(tx, seller.id, customer.id).await?;
    if let (Some(provider), Some(reseller)) = (provider, reseller) {
        found.partnership = Some(facts::partnership(tx, provider, reseller, ctx.now).await?);
    }
    let mut sellers = Vec::with_capacity(2);
    match reseller {
        Some(reseller) => {
            found.other_relation = Some(facts::relation(tx, reseller, customer).await?);
            sellers.extend([(seller, Tier::Provider), (reseller, Tier::Reseller)]);
        }
        None => sellers.push((seller, Tier::Only)),
    }
    found.kinship = kinship::of(tx, customer, &sellers, today).await?;
    found.exclusivity = facts::exclusivity(tx, seller, customer, ctx.now).await?;
    Ok(())
}

/// What a command about a subscription answers.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Changed {
    /// What its seller should know, though it was allowed: the subscription is part of an open transfer,
    /// which keeps what it carried at its creation (TRF-028).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
    /// The upgrade that was carried out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<Id<UpgradeRecord>>,
}

impl Changed {
    /// The answer for a subscription that may be part of a transfer.
    #[must_use]
    pub fn of(facts: &Facts) -> Self {
        let transfer = facts
            .subscription
            .as_ref()
            .and_then(|subscription| subscription.in_transfer.as_ref());
        Self {
            warning: transfer.map(|transfer| {
                format!(
                    "the transfer {transfer} keeps what it carried at its creation; withdraw and create it anew to carry the change"
                )
            }),
            operation: None,
        }
    }
}

/// Counts an update (SUB-035) and writes the row.
///
/// # Errors
/// When the store fails.
pub async fn save(tx: &mut Tx<'_>, row: &mut Subscription) -> Result<(), AppError> {
    row.updates = row.updates.saturating_add(1);
    row.version = row.version.saturating_add(1);
    Ok(tx.put(row).await?)
}

/// Whether seats of this kind have charges of their own.
#[must_use]
pub fn is_usage(item: &Item) -> bool {
    matches!(
        item.kind,
        ItemKind::Consumption | ItemKind::ConsumptionPlan | ItemKind::PreviousConsumption
    )
}

//! An accepted transfer: what is sold anew by the receiver, and what is handed over to it.

use std::sync::Arc;

use std::collections::BTreeMap;

use tierline_domain::catalog::{Frequency, Generation, Item, ItemKind};
use tierline_domain::id::Id;
use tierline_domain::money::Currency;
use tierline_domain::order::{Details, Line, Order, OrderLine, OrderState};
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::subscription::{
    Batch, ResourceRole, ResourceRoleName, Subscription, SubscriptionState, Transfer, TransferKind,
    TransferLine,
};
use tierline_domain::time::{Timestamp, add_days};
use tierline_rules::regions;
use tierline_store::{Tx, Value, tables};

use crate::ctx::{Ctx, Ids};
use crate::error::AppError;
use crate::names::{self, by_id};
use crate::subscription::{Held, estate, held};
use crate::{charges, events, facts, lifecycle, numbers, schedule, usage};

/// Moves group by group: a base and its add-ons go together or stay together, and what stays is told with its reason
/// (TRF-010). A consumption subscription is a group of its own.
/// `against` says of each reseller of record with whom the receiver may not have it, by which rules.
pub(super) async fn move_all(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    made: &mut Transfer,
    against: &BTreeMap<String, String>,
) -> Result<(), AppError> {
    let to = names::account_by_id(tx, made.to_partner).await?;
    for base in 0..made.lines.len() {
        let belongs = |(place, line): (usize, &TransferLine)| {
            let of_base = line.base == Some(base) || (place == base && line.base.is_none());
            of_base.then_some(place)
        };
        let places: Vec<usize> = made.lines.iter().enumerate().filter_map(belongs).collect();
        let (mut group, mut failure) = (Vec::with_capacity(places.len()), None);
        for line in places.iter().filter_map(|place| made.lines.get(*place)) {
            let held = held(tx, &line.subscription).await?;
            if held.row.state != SubscriptionState::Active {
                failure = Some(format!(
                    "subscription {} is {}",
                    held.row.id, held.row.state
                ));
            }
            group.push((held, line.quantity));
        }
        let record = made.record_of(base).cloned();
        if let Some((given, rules)) = record
            .as_ref()
            .and_then(|given| against.get_key_value(given))
        {
            failure = Some(format!("partner of record {given} is forbidden by {rules}"));
        }
        let reseller = match &record {
            Some(given) => facts::named_account_of(tx, given).await?,
            None => None,
        };
        let receiver = Receiver {
            account: &to,
            reseller: reseller.as_ref(),
            record,
        };
        let order = match made.kind {
            _ if failure.is_some() || group.is_empty() => None,
            TransferKind::Traditional => {
                let seed = format!("{} {base}", made.id);
                Some(sell_anew(ctx, tx, (made.customer, group), &receiver, &seed).await?)
            }
            TransferKind::Plan => {
                for (held, _) in group {
                    hand_over(ctx, tx, held, &receiver).await?;
                }
                None
            }
        };
        for place in places {
            if let Some(line) = made.lines.get_mut(place) {
                line.failure.clone_from(&failure);
                line.order = order;
            }
        }
    }
    Ok(())
}

/// Who has it afterwards.
struct Receiver<'a> {
    account: &'a Account,
    reseller: Option<&'a Account>,
    /// The PartnerID of the reseller as it was given.
    record: Option<String>,
}

/// What becomes of a subscription at the receiver: made from its id, so that an add-on finds its base.
fn renamed(ctx: &Ctx, old: Id<Subscription>) -> Id<Subscription> {
    Ids::named("transferred", &old.to_string(), ctx.now).next()
}

/// Section 9.1: a new order at the receiver, with as many seats as there were when the transfer was made (TRF-008). The
/// old licence shows suspended at the giver, a consumption subscription disappears there, and its resource keeps the id
/// by which the customer's tenant knows it (TRF-010, TRF-011).
async fn sell_anew(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    (customer, group): (Id<Tenant>, Vec<(Held, i64)>),
    to: &Receiver<'_>,
    seed: &str,
) -> Result<Id<Order>, AppError> {
    let id: Id<Order> = Ids::named("transferred order", seed, ctx.now).next();
    let currency = group.first().map_or(Currency::USD, |(held, _)| {
        facts::billing_currency(to.account, &held.item)
    });
    let mut order = Order {
        id,
        handle: id.to_string(),
        partner: to.account.id,
        customer,
        lines: Vec::with_capacity(group.len()),
        state: OrderState::Completed,
        placed: ctx.now,
        currency,
        number: numbers::next(tx, to.account.id).await?,
        home: regions::place(to.account.country)
            .map_or_else(String::new, |place| place.region.to_string()),
        version: 1,
    };
    let moved: Vec<_> = group.iter().map(|(held, _)| held.row.id).collect();
    for (held, quantity) in group {
        let mut new = at_receiver(ctx, &held, quantity, to, &order);
        // An add-on that was offered without its base hangs on nothing at the receiver.
        let base = held.row.parent.filter(|base| moved.contains(base));
        new.parent = base.map(|base| renamed(ctx, base));
        order.lines.push(line_of(&new, to));
        tx.insert(&new).await?;
        lifecycle::plan(tx, &new, ctx.now).await?;
        leave_giver(ctx, tx, held).await?;
        events::happened(ctx, tx, "subscription_transferred", &new.handle).await?;
    }
    tx.insert(&order).await?;
    Ok(order.id)
}

/// The subscription as the receiver has it.
fn at_receiver(
    ctx: &Ctx,
    held: &Held,
    quantity: i64,
    to: &Receiver<'_>,
    order: &Order,
) -> Subscription {
    let old = &held.row;
    let id = renamed(ctx, old.id);
    let resource = old.resource.unwrap_or(old.id);
    Subscription {
        id,
        handle: id.to_string(),
        seller: Some(to.account.id),
        partner_of_record: to.reseller.map(|reseller| reseller.id),
        quantity,
        batches: vec![Batch {
            quantity,
            at: old.bought,
        }],
        scheduled_quantity: None,
        next_term: None,
        currency: facts::billing_currency(to.account, &held.item),
        order_id: Some(order.id),
        order_handle: Some(order.handle.clone()),
        parent: None,
        resource: held.item.kind.is_consumption().then_some(resource),
        support_contact: None,
        default_owner: false,
        home: order.home.clone(),
        updates: 0,
        version: 1,
        ..old.clone()
    }
}

/// The line of the order that a subscription stands in.
fn line_of(new: &Subscription, to: &Receiver<'_>) -> OrderLine {
    OrderLine {
        line: Line {
            item: new.item,
            quantity: new.quantity,
            term: new.term,
            frequency: new.frequency,
            partner_of_record: to.record.clone(),
            further_resellers: Vec::new(),
            custom_end: None,
            currency: Some(new.currency),
            attestation_accepted: true,
            parent: new.parent.map(|base| base.to_string()),
            friendly_name: new.friendly_name.clone(),
            availability_outdated: false,
            creates: None,
            align_with: None,
            details: Details::default(),
        },
        subscription: Some(new.id),
        pricing: None,
        cancelled: false,
    }
}

async fn leave_giver(ctx: &Ctx, tx: &mut Tx<'_>, held: Held) -> Result<(), AppError> {
    let mut old = held.row;
    schedule::drop_all(tx, &old.handle).await?;
    old.renewal = false;
    old.unschedule();
    if held.item.kind.is_consumption() {
        old.state = SubscriptionState::Deleted;
        old.deprovisioned = true;
    } else {
        old.state = SubscriptionState::Suspended;
    }
    old.version = old.version.saturating_add(1);
    tx.put(&old).await?;
    if old.state == SubscriptionState::Suspended {
        lifecycle::plan(tx, &old, ctx.now).await?;
    }
    events::happened(ctx, tx, &format!("subscription_{}", old.state), &old.handle).await
}

/// Section 9.2: billing and support move at once, the resource stays. Roles stay as they are, so the former
/// partner keeps what it had and the new one has none until granted (TRF-019).
async fn hand_over(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    held: Held,
    to: &Receiver<'_>,
) -> Result<(), AppError> {
    usage::rating::charge_giver(ctx, tx, &held).await?;
    let Held {
        mut row,
        mut item,
        customer,
        seller,
        ..
    } = held;
    if let (true, Some(former)) = (row.default_owner && item.kind.is_consumption(), &seller) {
        keep_role(tx, former, &row).await?;
    }
    let before = row.currency;
    row.seller = Some(to.account.id);
    row.partner_of_record = to.reseller.map(|reseller| reseller.id);
    row.support_contact = None;
    row.default_owner = false;
    row.order_id = None;
    row.order_handle = None;
    let plan = plan_of(tx, to.account, &customer).await?;
    if item.kind == ItemKind::PreviousConsumption {
        // It arrives as a subscription under the receiver's plan (TRF-030).
        let key = [Value::Text(ItemKind::Consumption.to_string())];
        let found = tx.find::<Item>(tables::items::BY_KIND, &key).await?;
        if let Some(current) = found.into_iter().next() {
            row.item = current.id;
            row.unit_price = None;
            item = Arc::new(current);
        }
    }
    if item.kind == ItemKind::Consumption || row.parent.is_some() {
        row.parent = plan.or(row.parent);
    }
    row.currency = facts::billing_currency(to.account, &item);
    row.version = row.version.saturating_add(1);
    tx.put(&row).await?;
    events::happened(ctx, tx, "subscription_transferred", &row.handle).await?;
    // Reservations not paid upfront end with their cycle where the currencies differ (TRF-020).
    let monthly = item.kind == ItemKind::Reservation && row.frequency != Frequency::OneTime;
    if monthly && before != row.currency && item.generation == Generation::NewCommerce {
        let cycle = charges::running(&row).on(ctx.now.date());
        let due = Timestamp::start_of(add_days(cycle.last, 1));
        schedule::plan(tx, lifecycle::END_WITH_CYCLE, &row.handle, due).await?;
    }
    Ok(())
}

async fn keep_role(tx: &mut Tx<'_>, former: &Account, row: &Subscription) -> Result<(), AppError> {
    let key = [Value::Id(former.id.uuid()), Value::Id(row.id.uuid())];
    if tx.get::<ResourceRole>(&key).await?.is_none() {
        tx.put(&ResourceRole {
            partner: former.id,
            subscription: row.id,
            role: ResourceRoleName::Owner,
        })
        .await?;
    }
    Ok(())
}

async fn plan_of(
    tx: &mut Tx<'_>,
    seller: &Account,
    customer: &Tenant,
) -> Result<Option<Id<Subscription>>, AppError> {
    for row in estate(tx, customer).await? {
        let own = row.seller == Some(seller.id) && row.state == SubscriptionState::Active;
        if own && by_id::<Item, _>(tx, row.item).await?.kind == ItemKind::ConsumptionPlan {
            return Ok(Some(row.id));
        }
    }
    Ok(None)
}

//! Subscriptions that move from one partner to another (section 9).

use serde::{Deserialize, Serialize};
use tierline_domain::catalog::{Frequency, Generation, Item, ItemKind};
use tierline_domain::id::Id;
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::subscription::{
    ResourceRole, ResourceRoleName, Subscription, SubscriptionState, Transfer, TransferKind,
    TransferState,
};
use tierline_domain::time::{Period, Timestamp};
use tierline_rules::Checkpoint;
use tierline_rules::facts::{Facts, TransferFact};
use tierline_store::{Tx, Value, tables};

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::names::{self, by_id};
use crate::subscription::{self, Held, estate, held};
use crate::{charges, events, facts, fields, lifecycle, schedule};

/// Section 9.1: the giving partner offers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateTransfer {
    /// Names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The customer.
    pub customer: String,
    /// The subscriptions.
    pub subscriptions: Vec<String>,
    /// The receiving partner.
    pub to: String,
    /// The reseller of record at the receiver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner_of_record: Option<String>,
}

/// Section 9.2: the receiving partner asks.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestTransfer {
    /// Names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The customer.
    pub customer: String,
    /// The subscriptions.
    pub subscriptions: Vec<String>,
    /// The giving partner.
    pub from: String,
    /// The receiving partner; the one that asks by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The reseller of record at the receiver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner_of_record: Option<String>,
}

/// Accept an offered or asked-for transfer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptTransfer {
    /// The transfer.
    pub transfer: String,
}

/// What a transfer command answers.
#[derive(Clone, Debug, Serialize)]
pub struct Moved {
    /// The transfer.
    pub transfer: String,
    /// Its state.
    pub state: TransferState,
    /// Subscriptions that could not be moved, each with its reason (TRF-010).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<(String, String)>,
}

/// The parties and contents of a transfer, made or about to be made.
struct Deal {
    kind: TransferKind,
    from: Account,
    to: Account,
    customer: Tenant,
    subscriptions: Vec<String>,
    partner_of_record: Option<String>,
    made: Option<Transfer>,
}

async fn load(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    acting: &Acting,
    checkpoint: Checkpoint,
    deal: &Deal,
) -> Result<Facts, AppError> {
    let today = ctx.now.date();
    let mut found = facts::begin(tx, ctx, acting, checkpoint).await?;
    found.named = facts::named(tx, deal.partner_of_record.as_deref(), today).await?;
    let reseller = facts::named_account(tx, &found.named).await?;
    let (to, customer) = (&deal.to, &deal.customer);
    subscription::chain(tx, ctx, &mut found, Some(to), reseller.as_ref(), customer).await?;
    let mut carried = Vec::new();
    for name in &deal.subscriptions {
        let held = held(tx, name).await?;
        let mut fact = subscription::fact(tx, &held, Some(&deal.from), ctx.now, None).await?;
        fact.in_transfer = fact.in_transfer.filter(|open| {
            deal.made
                .as_ref()
                .is_none_or(|transfer| transfer.handle != *open)
        });
        carried.push(fact);
    }
    let plan = estate_plan(tx, to, customer).await?;
    let too_old = match &deal.made {
        Some(made) if made.kind == TransferKind::Plan => {
            ctx.now >= made.created.plus(Period::days(schedule::TRANSFER_DAYS))?
        }
        _ => false,
    };
    let receiver = facts::party(tx, to, today).await?;
    let caller = acting.account.as_ref().map(|account| account.id);
    let relation = facts::relation(tx, to, customer).await?;
    found.transfer = Some(Box::new(TransferFact {
        name: deal.made.as_ref().map(|made| made.handle.clone()),
        kind: deal.kind,
        state: deal.made.as_ref().map(|made| made.state),
        created: deal.made.as_ref().map(|made| made.created),
        too_old,
        from: facts::party(tx, &deal.from, today).await?,
        to: receiver.clone(),
        caller_receives: caller == Some(to.id),
        caller_gives: caller == Some(deal.from.id),
        receiver_relation: relation.state,
        receiver_plan: plan == Some(SubscriptionState::Active),
        receiver_plan_state: plan,
        receiver_evidence: found.attested,
        subscriptions: carried,
    }));
    if checkpoint == Checkpoint::AcceptTransfer {
        // The receiver is checked as for a new sale, whoever accepts (TRF-027).
        found.new_business = true;
        found.actor = Some(receiver);
    }
    Ok(found)
}

/// The state of the plan that a partner sold to a customer, an active one first.
async fn estate_plan(
    tx: &mut Tx<'_>,
    seller: &Account,
    customer: &Tenant,
) -> Result<Option<SubscriptionState>, AppError> {
    let mut best = None;
    for row in estate(tx, customer).await? {
        if row.seller != Some(seller.id) {
            continue;
        }
        let item: Item = by_id(tx, row.item).await?;
        if item.kind == ItemKind::ConsumptionPlan && best.is_none_or(|best| row.state < best) {
            best = Some(row.state);
        }
    }
    Ok(best)
}

async fn make(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    deal: Deal,
    name: Option<&String>,
    state: TransferState,
) -> Result<Moved, AppError> {
    let id: Id<Transfer> = ctx.ids().next();
    if let Some(name) = name {
        fields::free("id", name, names::transfer(tx, name).await?.is_some())?;
    }
    let transfer = Transfer {
        id,
        handle: name.cloned().unwrap_or_else(|| id.to_string()),
        kind: deal.kind,
        from_partner: deal.from.id,
        to_partner: deal.to.id,
        customer: deal.customer.id,
        subscriptions: deal.subscriptions,
        partner_of_record: deal.partner_of_record,
        state,
        created: ctx.now,
        version: 1,
    };
    tx.insert(&transfer).await?;
    schedule::plan_transfer(tx, &transfer).await?;
    Ok(Moved {
        transfer: transfer.handle,
        state,
        failed: Vec::new(),
    })
}

/// Add-ons travel with their base (TRF-007).
async fn with_add_ons(
    tx: &mut Tx<'_>,
    customer: &Tenant,
    names: &[String],
) -> Result<Vec<String>, AppError> {
    let all = estate(tx, customer).await?;
    let mut carried = names.to_vec();
    for add_on in &all {
        let base = all.iter().find(|base| Some(base.id) == add_on.parent);
        let travels = base.is_some_and(|base| names.contains(&base.handle));
        if travels && add_on.state == SubscriptionState::Active && !carried.contains(&add_on.handle)
        {
            let item: Item = by_id(tx, add_on.item).await?;
            if item.kind == ItemKind::AddOn {
                carried.push(add_on.handle.clone());
            }
        }
    }
    Ok(carried)
}

impl CreateTransfer {
    async fn deal(&self, tx: &mut Tx<'_>, acting: &Acting) -> Result<Deal, AppError> {
        let customer = names::the_tenant(tx, &self.customer).await?;
        Ok(Deal {
            kind: TransferKind::Traditional,
            from: acting.partner()?.clone(),
            to: names::the_account(tx, &self.to).await?,
            subscriptions: with_add_ons(tx, &customer, &self.subscriptions).await?,
            customer,
            partner_of_record: self.partner_of_record.clone(),
            made: None,
        })
    }
}

impl UseCase for CreateTransfer {
    type Out = Moved;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::CreateTransfer
    }

    fn subject(&self) -> String {
        self.customer.clone()
    }

    fn keeps_decision(&self) -> bool {
        true
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let deal = self.deal(tx, acting).await?;
        load(tx, ctx, acting, Checkpoint::CreateTransfer, &deal).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Moved, AppError> {
        let deal = self.deal(tx, acting).await?;
        make(ctx, tx, deal, self.id.as_ref(), TransferState::Active).await
    }
}

impl RequestTransfer {
    async fn deal(&self, tx: &mut Tx<'_>, acting: &Acting) -> Result<Deal, AppError> {
        let to = match &self.to {
            Some(to) => names::the_account(tx, to).await?,
            None => acting.partner()?.clone(),
        };
        Ok(Deal {
            kind: TransferKind::Plan,
            from: names::the_account(tx, &self.from).await?,
            to,
            customer: names::the_tenant(tx, &self.customer).await?,
            subscriptions: self.subscriptions.clone(),
            partner_of_record: self.partner_of_record.clone(),
            made: None,
        })
    }
}

impl UseCase for RequestTransfer {
    type Out = Moved;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::RequestTransfer
    }

    fn subject(&self) -> String {
        self.customer.clone()
    }

    fn keeps_decision(&self) -> bool {
        true
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let deal = self.deal(tx, acting).await?;
        load(tx, ctx, acting, Checkpoint::RequestTransfer, &deal).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Moved, AppError> {
        let deal = self.deal(tx, acting).await?;
        make(ctx, tx, deal, self.id.as_ref(), TransferState::Pending).await
    }
}

impl UseCase for AcceptTransfer {
    type Out = Moved;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::AcceptTransfer
    }

    fn subject(&self) -> String {
        self.transfer.clone()
    }

    fn keeps_decision(&self) -> bool {
        true
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let made = names::the_transfer(tx, &self.transfer).await?;
        let deal = Deal {
            kind: made.kind,
            from: names::account_by_id(tx, made.from_partner).await?,
            to: names::account_by_id(tx, made.to_partner).await?,
            customer: by_id(tx, made.customer).await?,
            subscriptions: made.subscriptions.clone(),
            partner_of_record: made.partner_of_record.clone(),
            made: Some(made),
        };
        load(tx, ctx, acting, Checkpoint::AcceptTransfer, &deal).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        _acting: &Acting,
        facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Moved, AppError> {
        let mut made = names::the_transfer(tx, &self.transfer).await?;
        let to = names::account_by_id(tx, made.to_partner).await?;
        let reseller = facts::named_account(tx, &facts.named).await?;
        let mut failed = Vec::new();
        for name in made.subscriptions.clone() {
            let held = held(tx, &name).await?;
            if held.row.state != SubscriptionState::Active {
                failed.push((name, format!("it is {}", held.row.state)));
                continue;
            }
            match made.kind {
                TransferKind::Traditional => {
                    sell_anew(ctx, tx, held, &to, reseller.as_ref()).await?;
                }
                TransferKind::Plan => hand_over(ctx, tx, held, &to, reseller.as_ref()).await?,
            }
        }
        made.state = match (failed.len(), made.subscriptions.len()) {
            (0, _) => TransferState::Complete,
            (some, all) if some == all => TransferState::Rejected,
            _ => TransferState::PartiallyComplete,
        };
        made.version = made.version.saturating_add(1);
        tx.put(&made).await?;
        schedule::drop_all(tx, &made.handle).await?;
        Ok(Moved {
            transfer: made.handle,
            state: made.state,
            failed,
        })
    }
}

/// Section 9.1: a new order at the receiver. The old licence shows suspended at the giver, a consumption
/// subscription disappears there (TRF-010, TRF-011).
async fn sell_anew(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    held: Held,
    to: &Account,
    reseller: Option<&Account>,
) -> Result<(), AppError> {
    let mut old = held.row;
    let id: Id<Subscription> =
        crate::ctx::Ids::named("transferred", &old.id.to_string(), ctx.now).next();
    let new = Subscription {
        id,
        handle: id.to_string(),
        seller: Some(to.id),
        partner_of_record: reseller.map(|reseller| reseller.id),
        currency: facts::billing_currency(to, &held.item),
        order_id: None,
        order_handle: None,
        parent: moved_parent(ctx, &old),
        support_contact: None,
        default_owner: false,
        updates: 0,
        version: 1,
        ..old.clone()
    };
    tx.insert(&new).await?;
    lifecycle::plan(tx, &new, ctx.now).await?;
    schedule::drop_all(tx, &old.handle).await?;
    old.renewal = false;
    old.scheduled_quantity = None;
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
    Ok(())
}

/// The add-on's base moved along, under a new identifier made the same way.
fn moved_parent(ctx: &Ctx, add_on: &Subscription) -> Option<Id<Subscription>> {
    add_on
        .parent
        .map(|base| crate::ctx::Ids::named("transferred", &base.to_string(), ctx.now).next())
}

/// Section 9.2: billing and support move at once, the resource stays. Roles stay as they are, so the former
/// partner keeps what it had and the new one has none until granted (TRF-019).
async fn hand_over(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    held: Held,
    to: &Account,
    reseller: Option<&Account>,
) -> Result<(), AppError> {
    let Held {
        mut row,
        mut item,
        customer,
        seller,
    } = held;
    if let (true, Some(former)) = (row.default_owner && item.kind.is_consumption(), &seller) {
        keep_role(tx, former, &row).await?;
    }
    let before = row.currency;
    row.seller = Some(to.id);
    row.partner_of_record = reseller.map(|reseller| reseller.id);
    row.support_contact = None;
    row.default_owner = false;
    row.order_id = None;
    row.order_handle = None;
    let plan = plan_of(tx, to, &customer).await?;
    if item.kind == ItemKind::PreviousConsumption {
        // It arrives as a subscription under the receiver's plan (TRF-030).
        let key = [Value::Text(ItemKind::Consumption.to_string())];
        let found = tx.find::<Item>(tables::items::BY_KIND, &key).await?;
        if let Some(current) = found.into_iter().next() {
            row.item = current.id;
            row.unit_price = None;
            item = current;
        }
    }
    if item.kind == ItemKind::Consumption || row.parent.is_some() {
        row.parent = plan.or(row.parent);
    }
    row.currency = facts::billing_currency(to, &item);
    row.version = row.version.saturating_add(1);
    tx.put(&row).await?;
    // Reservations not paid upfront end with their cycle where the currencies differ (TRF-020).
    let monthly = item.kind == ItemKind::Reservation && row.frequency != Frequency::OneTime;
    if monthly && before != row.currency && item.generation == Generation::NewCommerce {
        let cycle = charges::running(&row).on(ctx.now.date());
        let due = Timestamp::start_of(tierline_domain::time::add_days(cycle.last, 1));
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

/// Does what fell due, if it is one of the kinds of this module: an unanswered request expires (TRF-017).
///
/// # Errors
/// When the store fails.
pub async fn fall_due(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    kind: &str,
    subject: &str,
) -> Result<bool, AppError> {
    if kind != schedule::TRANSFER_LAPSE {
        return Ok(false);
    }
    let mut transfer = names::the_transfer(tx, subject).await?;
    if transfer.state == TransferState::Pending {
        transfer.state = TransferState::Expired;
        transfer.version = transfer.version.saturating_add(1);
        tx.put(&transfer).await?;
        events::happened(ctx, tx, "transfer_expired", subject).await?;
    }
    Ok(true)
}

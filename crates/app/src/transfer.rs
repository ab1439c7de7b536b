//! Subscriptions that move from one partner to another (section 9).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tierline_domain::catalog::{Item, ItemKind};
use tierline_domain::id::Id;
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::subscription::{
    Subscription, SubscriptionState, Transfer, TransferKind, TransferLine, TransferState,
};
use tierline_domain::time::Period;
use tierline_rules::Checkpoint;
use tierline_rules::facts::{Facts, TransferFact};
use tierline_store::Tx;

use crate::actor::{Acting, OPERATOR};
use crate::attempt::{UseCase, judge};
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::names::{self, by_id};
use crate::subscription::{self, estate, held};
use crate::{events, facts, fields, schedule};

mod moving;

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
    /// Another one for single subscriptions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub records: BTreeMap<String, String>,
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
    /// Another one for single subscriptions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub records: BTreeMap<String, String>,
}

/// Accept an offered or asked-for transfer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptTransfer {
    /// The transfer.
    pub transfer: String,
    /// What it carries, where the caller knows it: what is named is locked, so that nobody changes it meanwhile.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subscriptions: Vec<String>,
}

/// Reject an offered or asked-for transfer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RejectTransfer {
    /// The transfer.
    pub transfer: String,
}

/// Take an offer or a request back.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithdrawTransfer {
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
#[derive(Clone)]
struct Deal {
    kind: TransferKind,
    from: Account,
    to: Account,
    customer: Tenant,
    lines: Vec<TransferLine>,
    partner_of_record: Option<String>,
    made: Option<Transfer>,
}

impl Deal {
    /// The same for each reseller of record that its lines have, as if it were the only one; for none where they have none.
    fn by_record(&self) -> Vec<Self> {
        let bases = self.lines.iter().filter(|line| line.base.is_none());
        let mut records: Vec<Option<&String>> = Vec::new();
        for line in bases {
            let record = line.partner_of_record.as_ref();
            let record = record.or(self.partner_of_record.as_ref());
            if !records.contains(&record) {
                records.push(record);
            }
        }
        let with = |record: Option<&String>| Self {
            partner_of_record: record.cloned(),
            ..self.clone()
        };
        records.into_iter().map(with).collect()
    }

    /// One that was made already.
    async fn made(tx: &mut Tx<'_>, name: &str) -> Result<Self, AppError> {
        let made = names::the_transfer(tx, name).await?;
        Ok(Self {
            kind: made.kind,
            from: names::account_by_id(tx, made.from_partner).await?,
            to: names::account_by_id(tx, made.to_partner).await?,
            customer: by_id(tx, made.customer).await?,
            lines: made.lines.clone(),
            partner_of_record: made.partner_of_record.clone(),
            made: Some(made),
        })
    }
}

/// What a transfer carries of some subscriptions now (TRF-008): each once, add-ons beside their base.
///
/// # Errors
/// When there is no such subscription, or the store fails.
pub async fn lines(tx: &mut Tx<'_>, names: &[String]) -> Result<Vec<TransferLine>, AppError> {
    let mut rows = Vec::with_capacity(names.len());
    for name in names {
        let row = names::the_subscription(tx, name).await?;
        if !rows.iter().any(|other: &Subscription| other.id == row.id) {
            rows.push(row);
        }
    }
    let place_of = |base: Id<Subscription>| rows.iter().position(|row| row.id == base);
    let line = |row: &Subscription| TransferLine {
        subscription: row.handle.clone(),
        item: row.item,
        quantity: row.quantity,
        partner_of_record: None,
        base: row.parent.and_then(place_of),
        order: None,
        failure: None,
    };
    Ok(rows.iter().map(line).collect())
}

/// Gives single lines resellers of record of their own.
async fn with_records(
    tx: &mut Tx<'_>,
    mut lines: Vec<TransferLine>,
    records: &BTreeMap<String, String>,
) -> Result<Vec<TransferLine>, AppError> {
    for (name, reseller) in records {
        let row = names::the_subscription(tx, name).await?;
        let mut named = lines.iter_mut();
        match named.find(|line| line.subscription == row.handle) {
            Some(line) => line.partner_of_record = Some(reseller.clone()),
            None => {
                let text = format!("names {name}, which the transfer does not carry");
                return Err(AppError::invalid("records", text));
            }
        }
    }
    Ok(lines)
}

/// What a transfer is decided on that names several resellers: the first of them with whom it is refused, if there is one
/// (TRF-012).
async fn load_all(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    acting: &Acting,
    checkpoint: Checkpoint,
    deal: Deal,
) -> Result<Facts, AppError> {
    let mut found = None;
    for deal in deal.by_record() {
        let facts = load(tx, ctx, acting, checkpoint, &deal).await?;
        if !judge(ctx, &facts).allowed {
            return Ok(facts);
        }
        found = found.or(Some(facts));
    }
    match found {
        Some(facts) => Ok(facts),
        None => load(tx, ctx, acting, checkpoint, &deal).await,
    }
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
    for line in &deal.lines {
        let held = held(tx, &line.subscription).await?;
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
    acting: &Acting,
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
        lines: deal.lines,
        partner_of_record: deal.partner_of_record,
        state,
        created: ctx.now,
        modified: ctx.now,
        modified_by: acting.caller.name.clone(),
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
) -> Result<Vec<TransferLine>, AppError> {
    let carried = lines(tx, names).await?;
    let mut all: Vec<String> = carried.into_iter().map(|line| line.subscription).collect();
    let estate = estate(tx, customer).await?;
    for add_on in &estate {
        let base = estate.iter().find(|base| Some(base.id) == add_on.parent);
        let travels = base.is_some_and(|base| all.contains(&base.handle));
        if travels && add_on.state == SubscriptionState::Active && !all.contains(&add_on.handle) {
            let item: Item = by_id(tx, add_on.item).await?;
            if item.kind == ItemKind::AddOn {
                all.push(add_on.handle.clone());
            }
        }
    }
    lines(tx, &all).await
}

impl CreateTransfer {
    async fn deal(&self, tx: &mut Tx<'_>, acting: &Acting) -> Result<Deal, AppError> {
        let customer = names::the_tenant(tx, &self.customer).await?;
        Ok(Deal {
            kind: TransferKind::Traditional,
            from: acting.partner()?.clone(),
            to: names::the_account(tx, &self.to).await?,
            lines: {
                let carried = with_add_ons(tx, &customer, &self.subscriptions).await?;
                with_records(tx, carried, &self.records).await?
            },
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
        load_all(tx, ctx, acting, Checkpoint::CreateTransfer, deal).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Moved, AppError> {
        let deal = self.deal(tx, acting).await?;
        let state = TransferState::Active;
        make(ctx, acting, tx, deal, self.id.as_ref(), state).await
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
            lines: {
                let carried = lines(tx, &self.subscriptions).await?;
                with_records(tx, carried, &self.records).await?
            },
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
        load_all(tx, ctx, acting, Checkpoint::RequestTransfer, deal).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Moved, AppError> {
        let deal = self.deal(tx, acting).await?;
        let state = TransferState::Pending;
        make(ctx, acting, tx, deal, self.id.as_ref(), state).await
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
        let deal = Deal::made(tx, &self.transfer).await?;
        // Nobody's failure undoes what is another's (TRF-010): it is refused where it fails with every reseller.
        let mut found = None;
        for deal in deal.by_record() {
            let facts = load(tx, ctx, acting, Checkpoint::AcceptTransfer, &deal).await?;
            if judge(ctx, &facts).allowed {
                return Ok(facts);
            }
            found = found.or(Some(facts));
        }
        match found {
            Some(facts) => Ok(facts),
            None => load(tx, ctx, acting, Checkpoint::AcceptTransfer, &deal).await,
        }
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Moved, AppError> {
        let deal = Deal::made(tx, &self.transfer).await?;
        let mut against = BTreeMap::new();
        for deal in deal.by_record() {
            let facts = load(tx, ctx, acting, Checkpoint::AcceptTransfer, &deal).await?;
            let decision = judge(ctx, &facts);
            let rules = decision.violations.iter();
            let rules: Vec<String> = rules.map(|each| each.rule.to_string()).collect();
            if let Some(reseller) = deal.partner_of_record.filter(|_| !decision.allowed) {
                against.insert(reseller, rules.join(", "));
            }
        }
        let mut made = names::the_transfer(tx, &self.transfer).await?;
        moving::move_all(ctx, tx, &mut made, &against).await?;
        let failed: Vec<(String, String)> = made
            .lines
            .iter()
            .filter_map(|line| Some((line.subscription.clone(), line.failure.clone()?)))
            .collect();
        let state = match (failed.len(), made.lines.len()) {
            (0, _) => TransferState::Complete,
            (some, all) if some == all => TransferState::Failed,
            _ => TransferState::PartiallyComplete,
        };
        decide(ctx, &acting.caller.name, tx, &mut made, state).await?;
        Ok(Moved {
            transfer: made.handle,
            state,
            failed,
        })
    }
}

/// The transfer is open no more.
async fn decide(
    ctx: &Ctx,
    who: &str,
    tx: &mut Tx<'_>,
    transfer: &mut Transfer,
    state: TransferState,
) -> Result<(), AppError> {
    transfer.state = state;
    transfer.modified = ctx.now;
    who.clone_into(&mut transfer.modified_by);
    transfer.version = transfer.version.saturating_add(1);
    tx.put(transfer).await?;
    schedule::drop_all(tx, &transfer.handle).await
}

/// What closes a transfer and moves nothing.
async fn close(
    ctx: &Ctx,
    acting: &Acting,
    tx: &mut Tx<'_>,
    name: &str,
    state: TransferState,
) -> Result<Moved, AppError> {
    let mut made = names::the_transfer(tx, name).await?;
    decide(ctx, &acting.caller.name, tx, &mut made, state).await?;
    Ok(Moved {
        transfer: made.handle,
        state,
        failed: Vec::new(),
    })
}

impl UseCase for RejectTransfer {
    type Out = Moved;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::RejectTransfer
    }

    fn subject(&self) -> String {
        self.transfer.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let deal = Deal::made(tx, &self.transfer).await?;
        load(tx, ctx, acting, Checkpoint::RejectTransfer, &deal).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Moved, AppError> {
        close(ctx, acting, tx, &self.transfer, TransferState::Rejected).await
    }
}

impl UseCase for WithdrawTransfer {
    type Out = Moved;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::WithdrawTransfer
    }

    fn subject(&self) -> String {
        self.transfer.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let deal = Deal::made(tx, &self.transfer).await?;
        load(tx, ctx, acting, Checkpoint::WithdrawTransfer, &deal).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Moved, AppError> {
        close(ctx, acting, tx, &self.transfer, TransferState::Withdrawn).await
    }
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
        let state = TransferState::Expired;
        decide(ctx, OPERATOR, tx, &mut transfer, state).await?;
        events::happened(ctx, tx, "transfer_expired", subject).await?;
    }
    Ok(true)
}

//! A subscription becomes something else: a dearer item, a longer term, a paid one, new commerce
//! (SUB-023, SUB-026 to SUB-032, SUB-041, SUB-050).

use serde::{Deserialize, Serialize};
use tierline_billing::prorate;
use tierline_domain::billing::Cut;
use tierline_domain::catalog::{Frequency, Generation, Item, Term};
use tierline_domain::id::Id;
use tierline_domain::money::Money;
use tierline_domain::subscription::{
    Batch, ChargeKind, NextTerm, Subscription, SubscriptionState, UpgradeRecord,
};
use tierline_domain::time::Date;
use tierline_rules::Checkpoint;
use tierline_rules::facts::{Facts, Transition, TransitionTarget};
use tierline_store::{Tx, Value, tables};

use crate::access::access;
use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::cancel::traditional_credit;
use crate::change_quantity::take;
use crate::charges::{self, Entry};
use crate::ctx::{Ctx, Ids};
use crate::error::AppError;
use crate::licences::{follow, lapse};
use crate::names;
use crate::renewal::scheduled_end;
use crate::subscription::{self, Changed, Held, estate, held, with_item};
use crate::{catalogue, events, lifecycle, schedule, windows};
use crate::{prices, purchase};

/// Move to a dearer item.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upgrade {
    /// The subscription.
    pub subscription: String,
    /// The item.
    pub to: String,
    /// How many seats; all by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<i64>,
    /// An existing subscription.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub into: Option<String>,
    /// Names the second subscription.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creates: Option<String>,
    /// Licences move along (ROL-036).
    #[serde(default = "yes")]
    pub move_licences: bool,
    /// A longer term (SUB-023); the one it has by default. A subscription that is there has its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<Term>,
    /// How it is billed (SUB-022, SUB-023); as it is by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency: Option<Frequency>,
}

/// Make a trial paid.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConvertTrial {
    /// The trial.
    pub subscription: String,
    /// How many seats.
    pub quantity: i64,
    /// When.
    pub at: When,
    /// An existing subscription.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub into: Option<String>,
    /// A higher item than the paid one, when the trial ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// How long its term is; a year by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<Term>,
    /// How the paid one is billed; monthly by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency: Option<Frequency>,
    /// The last day of its first term, when the trial ends: another one than it has by itself (SUB-034).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Date>,
}

/// When a trial is converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// At once.
    Now,
    /// When it ends.
    TrialEnd,
}

/// Lengthen the term now.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeTerm {
    /// The subscription.
    pub subscription: String,
    /// The new term.
    pub term: Term,
    /// The new frequency.
    pub frequency: Frequency,
}

/// Move a traditional subscription to new commerce.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Migrate {
    /// The subscription.
    pub subscription: String,
}

const fn yes() -> bool {
    true
}

/// What an upgrade or conversion goes into, as a decision sees it.
async fn target(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    source: &Held,
    name: Option<&String>,
) -> Result<Option<TransitionTarget>, AppError> {
    let Some(name) = name else { return Ok(None) };
    let target = held(tx, name).await?;
    let until = windows::cancel_until(&target.row, &target.item, None);
    Ok(Some(TransitionTarget {
        name: target.row.handle.clone(),
        is_source: target.row.id == source.row.id,
        state: target.row.state,
        item: target.item.handle.clone(),
        term: target.row.term,
        term_end: target.row.term_end,
        window_open: until.is_some_and(|until| ctx.now < until),
        same_parties: target.row.seller == source.row.seller
            && target.row.customer == source.row.customer,
    }))
}

/// Books a refund of seats and returns nothing where nothing accrues.
async fn refund(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    held: &Held,
    seats: i64,
    kind: ChargeKind,
) -> Result<(), AppError> {
    let row = &held.row;
    let Some(price) = row.unit_price.filter(|_| charges::accrue(row, &held.item)) else {
        return Ok(());
    };
    book_part(ctx, tx, row, price, seats.saturating_neg(), kind).await
}

/// So many seats from today to the end of the cycle, the unit price cut first (BIL-050).
async fn book_part(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    row: &Subscription,
    price: Money,
    seats: i64,
    kind: ChargeKind,
) -> Result<(), AppError> {
    let today = ctx.now.date();
    let running = charges::running(row);
    let cycle = running.on(today);
    let Some(basis) = prorate::from_day(&running, &cycle, today, seats, Cut::Unit) else {
        return Ok(());
    };
    let entry = Entry {
        kind,
        price,
        basis,
        from: today,
        until: cycle.last,
    };
    charges::book(ctx, tx, row, entry).await
}

async fn charge(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    row: &Subscription,
    seats: i64,
    kind: ChargeKind,
) -> Result<(), AppError> {
    let Some(price) = row.unit_price else {
        return Ok(());
    };
    book_part(ctx, tx, row, price, seats, kind).await
}

/// Seats go into an existing subscription; an emptied source is gone.
async fn pour(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    mut source: Held,
    into: &str,
    seats: i64,
) -> Result<(), AppError> {
    refund(ctx, tx, &source, seats, ChargeKind::MoveQuantity).await?;
    let mut target = names::the_subscription(tx, into).await?;
    charge(ctx, tx, &target, seats, ChargeKind::MoveQuantity).await?;
    target.quantity = target.quantity.saturating_add(seats);
    target.unschedule();
    subscription::save(tx, &mut target).await?;
    let row = &mut source.row;
    row.unschedule();
    if seats >= row.quantity {
        row.state = SubscriptionState::Deleted;
        row.deprovisioned = true;
        row.renewal = false;
        schedule::drop_all(tx, &row.handle).await?;
    } else {
        take(row, seats, ctx.now);
        row.quantity = row.quantity.saturating_sub(seats);
    }
    subscription::save(tx, row).await
}

impl UseCase for Upgrade {
    type Out = Changed;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::Upgrade
    }

    fn subject(&self) -> String {
        self.subscription.clone()
    }

    fn keeps_decision(&self) -> bool {
        true
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        names::free_subscription(tx, "creates", self.creates.as_deref()).await?;
        let held = held(tx, &self.subscription).await?;
        let to = names::the_item(tx, &self.to).await?;
        let target = target(ctx, tx, &held, self.into.as_ref()).await?;
        let mut found = subscription::begin(tx, ctx, acting, Checkpoint::Upgrade, &held).await?;
        found.new_business = true;
        let (term, frequency) = self.billing(&held.row);
        let offer = to.offer(term);
        if let Some(fact) = &mut found.subscription {
            fact.end_of_sale = to.end_of_sale;
            if target.is_none() {
                let offered = offer.is_some_and(|offer| offer.frequencies.contains(&frequency));
                fact.new_term = Some(term);
                fact.new_frequency = Some((frequency, offered));
            }
            fact.transition = Some(Box::new(Transition {
                listed: held.item.upgrades_to.contains(&to.handle),
                quantity: self.quantity.unwrap_or(held.row.quantity),
                at_end: false,
                term_offered: target.is_some() || offer.is_some(),
                to: to.handle,
                target,
            }));
        }
        if held.item.generation == Generation::Traditional && acting.account.is_some() {
            let task = if self.move_licences {
                "move_licences"
            } else {
                "check_upgrade"
            };
            let access = access(ctx, acting, tx, &held.customer, task, "").await?;
            found.access = Some(access);
        }
        Ok(found)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        _acting: &Acting,
        facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Changed, AppError> {
        let mut held = held(tx, &self.subscription).await?;
        let to = names::the_item(tx, &self.to).await?;
        let seats = self.quantity.unwrap_or(held.row.quantity);
        let source = held.clone();
        if let Some(into) = &self.into {
            pour(ctx, tx, held, into, seats).await?;
            let target = names::the_subscription(tx, into).await?;
            if seats >= source.row.quantity {
                self.leave(tx, &source.row, target.item).await?;
            }
            events::happened(ctx, tx, "subscription_changed", &target.handle).await?;
            let done = self.record(ctx, tx, &source, &to, &target, seats).await?;
            return Ok(Changed {
                operation: Some(done),
                ..Changed::of(facts)
            });
        }
        refund(ctx, tx, &held, seats, ChargeKind::Convert).await?;
        let done = if seats < held.row.quantity {
            let mut second = self.second(ctx, &held, &to, seats);
            self.become_it(ctx, tx, &mut second, &to).await?;
            tx.insert(&second).await?;
            charge(ctx, tx, &second, seats, ChargeKind::Convert).await?;
            lifecycle::plan(tx, &second, ctx.now).await?;
            events::happened(ctx, tx, "subscription_changed", &second.handle).await?;
            take(&mut held.row, seats, ctx.now);
            held.row.quantity = held.row.quantity.saturating_sub(seats);
            self.record(ctx, tx, &source, &to, &second, seats).await?
        } else {
            // A full upgrade keeps the subscription (SUB-029), and its window is gone (SUB-027).
            self.become_it(ctx, tx, &mut held.row, &to).await?;
            charge(ctx, tx, &held.row, seats, ChargeKind::Convert).await?;
            if held.row.term != source.row.term {
                schedule::drop_all(tx, &held.row.handle).await?;
                lifecycle::plan(tx, &held.row, ctx.now).await?;
            }
            self.record(ctx, tx, &source, &to, &held.row, seats).await?
        };
        held.row.unschedule();
        subscription::save(tx, &mut held.row).await?;
        // A part leaves its licences to be assigned by hand (SUB-029).
        if held.row.item != source.row.item {
            self.leave(tx, &source.row, held.row.item).await?;
        }
        Ok(Changed {
            operation: Some(done),
            ..Changed::of(facts)
        })
    }
}

impl Upgrade {
    /// Nothing is left of what was upgraded: its users go along, or are without a licence.
    async fn leave(
        &self,
        tx: &mut Tx<'_>,
        was: &Subscription,
        to: Id<Item>,
    ) -> Result<(), AppError> {
        if self.move_licences {
            follow(tx, was.customer, (was.item, to)).await?;
        }
        lapse(tx, was).await
    }

    /// The term and the billing frequency that are to be.
    fn billing(&self, row: &Subscription) -> (Term, Frequency) {
        (
            self.term.unwrap_or(row.term),
            self.frequency.unwrap_or(row.frequency),
        )
    }

    /// What is upgraded is of the other item from now on. A longer term begins now with its frequency (SUB-023); another
    /// frequency alone comes with the next cycle (SUB-022).
    async fn become_it(
        &self,
        ctx: &Ctx,
        tx: &mut Tx<'_>,
        row: &mut Subscription,
        to: &Item,
    ) -> Result<(), AppError> {
        let today = ctx.now.date();
        let (term, frequency) = self.billing(row);
        row.item = to.id;
        row.promotion = None;
        row.upgraded = Some(ctx.now);
        if term == row.term {
            if frequency != row.frequency {
                row.pending_frequency = Some(frequency);
            }
            row.unit_price =
                prices::list_price(tx, to, row.customer, term, row.currency, today).await?;
            return Ok(());
        }
        row.term = term;
        row.frequency = frequency;
        row.pending_frequency = None;
        row.term_end = term.last_day(today);
        row.began = None;
        row.promotion = purchase::requalified(tx, to, row, today).await?;
        row.unit_price = lifecycle::price(tx, to, row, today).await?;
        Ok(())
    }

    /// Keeps what was done, under the id by which the upgrade is asked after.
    async fn record(
        &self,
        ctx: &Ctx,
        tx: &mut Tx<'_>,
        source: &Held,
        to: &Item,
        target: &Subscription,
        quantity: i64,
    ) -> Result<Id<UpgradeRecord>, AppError> {
        let name = format!("{} {}", ctx.seed, source.row.id);
        let earlier = upgrades_of(tx, &source.row).await?.len();
        let record = UpgradeRecord {
            id: Ids::named("upgrade", &name, ctx.now).next(),
            subscription: source.row.id,
            position: i64::try_from(earlier).unwrap_or(i64::MAX).saturating_add(1),
            target: target.id,
            from_item: source.item.id,
            to_item: to.id,
            quantity,
            term: target.term,
            frequency: target.pending_frequency.unwrap_or(target.frequency),
            move_licences: self.move_licences,
            at: ctx.now,
        };
        tx.insert(&record).await?;
        Ok(record.id)
    }

    /// The second subscription of a partial upgrade, with the same end (SUB-029) unless it has a longer term.
    fn second(&self, ctx: &Ctx, source: &Held, to: &Item, seats: i64) -> Subscription {
        let id: Id<Subscription> = Ids::named(
            "upgraded",
            &format!("{} {}", ctx.seed, source.row.id),
            ctx.now,
        )
        .next();
        Subscription {
            id,
            handle: self.creates.clone().unwrap_or_else(|| id.to_string()),
            quantity: seats,
            batches: vec![Batch {
                quantity: seats,
                at: ctx.now,
            }],
            scheduled_quantity: None,
            next_term: None,
            updates: 0,
            order_id: None,
            order_handle: None,
            friendly_name: Some(to.title.clone()),
            version: 1,
            ..source.row.clone()
        }
    }
}

impl UseCase for ConvertTrial {
    type Out = Changed;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::ConvertTrial
    }

    fn subject(&self) -> String {
        self.subscription.clone()
    }

    fn keeps_decision(&self) -> bool {
        true
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let held = held(tx, &self.subscription).await?;
        let paid = match &held.item.trial_of {
            Some(paid) => names::item(tx, paid).await?,
            None => None,
        };
        if self.end.is_some() && self.at == When::Now {
            let text = "is for a conversion at the trial's end; leave it out, or convert then";
            return Err(AppError::invalid("end", text));
        }
        let becomes = match &self.item {
            Some(item) => Some(names::the_item(tx, item).await?),
            None => paid.clone(),
        };
        let target = target(ctx, tx, &held, self.into.as_ref()).await?;
        let mut found =
            subscription::begin(tx, ctx, acting, Checkpoint::ConvertTrial, &held).await?;
        found.new_business = true;
        let term = self.term.unwrap_or(Term::YEAR);
        if let Some(becomes) = &becomes {
            let end = self.end;
            found.form.scheduled_end = scheduled_end(tx, &held, becomes, term, end).await?;
        }
        let offer = becomes.as_ref().and_then(|becomes| becomes.offer(term));
        if let Some(fact) = &mut found.subscription {
            fact.end_of_sale = becomes.as_ref().and_then(|becomes| becomes.end_of_sale);
            fact.new_term = self.term;
            fact.new_frequency = self.frequency.map(|frequency| {
                let offered = offer.is_some_and(|offer| offer.frequencies.contains(&frequency));
                (frequency, offered)
            });
            let listed = |becomes: &Item| {
                paid.as_ref().is_some_and(|paid| {
                    paid.id == becomes.id || paid.upgrades_to.contains(&becomes.handle)
                })
            };
            fact.transition = Some(Box::new(Transition {
                listed: becomes.as_ref().is_none_or(listed),
                quantity: self.quantity,
                at_end: self.at == When::TrialEnd,
                term_offered: self.term.is_none() || offer.is_some(),
                to: becomes.map_or_else(|| held.item.handle.clone(), |becomes| becomes.handle),
                target,
            }));
        }
        Ok(found)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        _acting: &Acting,
        facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Changed, AppError> {
        let mut held = held(tx, &self.subscription).await?;
        if self.at == When::TrialEnd {
            held.row.scheduled_quantity = Some(self.quantity);
            held.row.next_term = self.at_end(tx, &held).await?;
            held.row.renewal = true;
            subscription::save(tx, &mut held.row).await?;
            return Ok(Changed::of(facts));
        }
        let today = ctx.now.date();
        if let Some(into) = &self.into {
            let mut target = names::the_subscription(tx, into).await?;
            charge(ctx, tx, &target, self.quantity, ChargeKind::Convert).await?;
            target.quantity = target.quantity.saturating_add(self.quantity);
            target.unschedule();
            subscription::save(tx, &mut target).await?;
            held.row.state = SubscriptionState::Deleted;
            held.row.deprovisioned = true;
            held.row.renewal = false;
            schedule::drop_all(tx, &held.row.handle).await?;
            subscription::save(tx, &mut held.row).await?;
            let items = (held.row.item, target.item);
            follow(tx, target.customer, items).await?;
            return Ok(Changed::of(facts));
        }
        let Some(paid) = held.item.trial_of.clone() else {
            return Ok(Changed::of(facts));
        };
        let item = names::the_item(tx, self.item.as_ref().unwrap_or(&paid)).await?;
        let term = self.term.unwrap_or(Term::YEAR);
        let row = &mut held.row;
        // An early conversion earns no promotion (ORD-044) and opens no window (SUB-033).
        row.trial = Some(row.item);
        row.item = item.id;
        row.term = term;
        row.frequency = self.frequency.unwrap_or(Frequency::Monthly);
        row.quantity = self.quantity;
        row.unit_price =
            prices::list_price(tx, &item, row.customer, term, row.currency, today).await?;
        row.promotion = None;
        row.unschedule();
        row.term_end = term.last_day(today);
        row.renewal = item.renewable;
        row.batches = Vec::new();
        subscription::save(tx, row).await?;
        let trial = row.trial.unwrap_or(row.item);
        follow(tx, row.customer, (trial, row.item)).await?;
        charge(ctx, tx, row, row.quantity, ChargeKind::Convert).await?;
        schedule::drop_all(tx, &row.handle).await?;
        lifecycle::plan(tx, row, ctx.now).await?;
        Ok(Changed::of(facts))
    }
}

impl ConvertTrial {
    /// What is otherwise than by itself when the trial ends (SUB-030).
    async fn at_end(&self, tx: &mut Tx<'_>, held: &Held) -> Result<Option<NextTerm>, AppError> {
        let item = match &self.item {
            Some(item) if held.item.trial_of.as_ref() != Some(item) => {
                Some(names::the_item(tx, item).await?.id)
            }
            _ => None,
        };
        let next = NextTerm {
            item,
            term: self.term.filter(|term| *term != Term::YEAR),
            frequency: self.frequency.filter(|each| *each != Frequency::Monthly),
            end: self.end,
            promotion: None,
        };
        Ok((next != NextTerm::default()).then_some(next))
    }
}

impl UseCase for ChangeTerm {
    type Out = Changed;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::ChangeTerm
    }

    fn subject(&self) -> String {
        self.subscription.clone()
    }

    fn keeps_decision(&self) -> bool {
        true
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let held = held(tx, &self.subscription).await?;
        let mut found = subscription::begin(tx, ctx, acting, Checkpoint::ChangeTerm, &held).await?;
        found.new_business = true;
        let offer = held.item.offer(self.term);
        let offered = offer.is_some_and(|offer| offer.frequencies.contains(&self.frequency));
        if let Some(fact) = &mut found.subscription {
            fact.new_term = Some(self.term);
            fact.new_frequency = Some((self.frequency, offered));
            fact.transition = Some(Box::new(Transition {
                to: held.item.handle.clone(),
                listed: true,
                quantity: held.row.quantity,
                at_end: false,
                term_offered: offer.is_some(),
                target: None,
            }));
        }
        Ok(found)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        _acting: &Acting,
        facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Changed, AppError> {
        let mut held = held(tx, &self.subscription).await?;
        let today = ctx.now.date();
        refund(ctx, tx, &held, held.row.quantity, ChargeKind::Convert).await?;
        let row = &mut held.row;
        row.term = self.term;
        row.frequency = self.frequency;
        row.term_end = self.term.last_day(today);
        row.began = None;
        row.promotion = purchase::requalified(tx, &held.item, row, today).await?;
        row.unit_price = lifecycle::price(tx, &held.item, row, today).await?;
        row.unschedule();
        row.pending_frequency = None;
        subscription::save(tx, row).await?;
        charge(ctx, tx, row, row.quantity, ChargeKind::ExtendTerm).await?;
        schedule::drop_all(tx, &row.handle).await?;
        lifecycle::plan(tx, row, ctx.now).await?;
        Ok(Changed::of(facts))
    }
}

/// The counterpart of a traditional item in new commerce: every item has one.
async fn counterpart(ctx: &Ctx, tx: &mut Tx<'_>, item: &Item) -> Result<Item, AppError> {
    let handle = format!("{}-new-commerce", item.handle);
    if let Some(known) = names::item(tx, &handle).await? {
        return Ok(known);
    }
    let mut new = Item {
        id: Ids::named("item", &handle, ctx.now).next(),
        handle,
        generation: Generation::NewCommerce,
        listed_from: None,
        ..item.clone()
    };
    new.catalogue_id = catalogue::id_for(&new);
    tx.insert(&new).await?;
    catalogue::enter(tx, &new).await?;
    Ok(new)
}

/// One subscription moves: the old one is suspended and credited, the new one keeps what is left of the
/// term, and has a window of its own (SUB-050).
async fn move_one(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    mut old: Held,
    parent: Option<Id<Subscription>>,
) -> Result<Subscription, AppError> {
    let today = ctx.now.date();
    let item = counterpart(ctx, tx, &old.item).await?;
    let row = &old.row;
    let id: Id<Subscription> = Ids::named("migrated", &row.id.to_string(), ctx.now).next();
    let new = Subscription {
        id,
        handle: id.to_string(),
        item: item.id,
        bought: ctx.now,
        renewed: None,
        unit_price: prices::list_price(tx, &item, row.customer, row.term, row.currency, today)
            .await?,
        batches: vec![Batch {
            quantity: row.quantity,
            at: ctx.now,
        }],
        scheduled_quantity: None,
        next_term: None,
        parent,
        updates: 0,
        order_id: None,
        order_handle: None,
        version: 1,
        ..row.clone()
    };
    tx.insert(&new).await?;
    charges::book_first_cycle(ctx, tx, &new, today).await?;
    lifecycle::plan(tx, &new, ctx.now).await?;
    if let Some((price, basis)) = row.unit_price.zip(traditional_credit(row, today)) {
        let entry = Entry {
            kind: ChargeKind::CancelImmediate,
            price,
            basis,
            from: today,
            until: charges::running(row).on(today).last,
        };
        charges::book(ctx, tx, row, entry).await?;
    }
    old.row.state = SubscriptionState::Suspended;
    old.row.renewal = false;
    old.row.unschedule();
    subscription::save(tx, &mut old.row).await?;
    follow(tx, new.customer, (old.row.item, new.item)).await?;
    Ok(new)
}

impl UseCase for Migrate {
    type Out = Changed;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::Migrate
    }

    fn subject(&self) -> String {
        self.subscription.clone()
    }

    fn keeps_decision(&self) -> bool {
        true
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let held = held(tx, &self.subscription).await?;
        subscription::begin(tx, ctx, acting, Checkpoint::Migrate, &held).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        _acting: &Acting,
        facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Changed, AppError> {
        let base = held(tx, &self.subscription).await?;
        let base_id = base.row.id;
        let add_ons: Vec<Subscription> = estate(tx, &base.customer)
            .await?
            .into_iter()
            .filter(|row| row.parent == Some(base_id) && row.state == SubscriptionState::Active)
            .collect();
        let parent = base.row.parent;
        let new = move_one(ctx, tx, base, parent).await?;
        for add_on in add_ons {
            let add_on = with_item(tx, add_on).await?;
            move_one(ctx, tx, add_on, Some(new.id)).await?;
        }
        Ok(Changed::of(facts))
    }
}

/// The upgrades of a subscription, oldest first.
///
/// # Errors
/// When the store fails.
pub async fn upgrades_of(
    tx: &mut Tx<'_>,
    row: &Subscription,
) -> Result<Vec<UpgradeRecord>, AppError> {
    let key = [Value::Id(row.id.uuid())];
    Ok(tx
        .find::<UpgradeRecord>(tables::upgrades::BY_SUBSCRIPTION, &key)
        .await?)
}

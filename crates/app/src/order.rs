//! Orders: the program's main deal, and what a line of one is asked for with.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tierline_domain::catalog::{Frequency, Item, Term};
use tierline_domain::id::Id;
use tierline_domain::money::Currency;
use tierline_domain::order::{
    Cart, Commitment, Details, Line, Order, OrderLine, OrderState, RoleDeclared,
};
use tierline_domain::partner::Tenant;
use tierline_domain::subscription::{Batch, Subscription, SubscriptionState};
use tierline_domain::time::Date;
use tierline_rules::facts::{CartFact, Ceiling, Facts, Named};
use tierline_rules::{Checkpoint, Decision, regions};
use tierline_store::Tx;

use crate::actor::Acting;
use crate::attempt::{UseCase, judge, keep_further};
use crate::cart;
use crate::charges;
use crate::ctx::{Ctx, Ids};
use crate::error::{AppError, Refusal};
use crate::facts;
use crate::purchase::{Deal, deal_facts, pricing, promotion, unit_price};
use crate::schedule;
use crate::{names, numbers};

/// A purchase as it is asked for: the parameters of `order` and `create_cart`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// A customer or tenant.
    pub customer: String,
    /// The item.
    pub item: String,
    /// How many.
    #[serde(default = "one")]
    pub quantity: i64,
    /// For how long; a year, else the item's first term.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<Term>,
    /// How it is billed; monthly, else the first of the term.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency: Option<Frequency>,
    /// The reseller of record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner_of_record: Option<String>,
    /// The role declared; by default what fits the reseller named or not named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_declared: Option<RoleDeclared>,
    /// Further resellers (ORD-016).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub further_resellers: Vec<String>,
    /// A subscription to end with (ORD-030).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub align_with: Option<String>,
    /// A custom end (ORD-030).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_end: Option<Date>,
    /// The currency; the partner's by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// The offer's attestation (ORD-011).
    #[serde(default = "yes")]
    pub attestation_accepted: bool,
    /// Base of a traditional add-on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Names the new subscription.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creates: Option<String>,
    /// `cart` or `order`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<Path>,
    /// What the customer shall call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub friendly_name: Option<String>,
    /// What it shall renew to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renews_to: Option<Term>,
    /// Where it is to be provisioned.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub context: BTreeMap<String, String>,
    /// What a savings plan promises to spend.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commitment: Option<Commitment>,
    /// The line that this add-on is nested in, by its position among the lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub add_on_of: Option<usize>,
}

const fn one() -> i64 {
    1
}
const fn yes() -> bool {
    true
}

/// The two ways to order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Path {
    /// Fill a cart and check it out.
    Cart,
    /// Order without a cart.
    Order,
}

impl Wanted {
    /// The reseller of record; `0` says that the sale is direct (BIL-005).
    fn reseller(&self) -> Option<&String> {
        self.partner_of_record
            .as_ref()
            .filter(|given| *given != "0")
    }

    /// One of an item, at its default term and frequency.
    #[must_use]
    pub fn one_of(customer: &str, item: &str) -> Self {
        Self {
            customer: customer.to_owned(),
            item: item.to_owned(),
            quantity: 1,
            term: None,
            frequency: None,
            partner_of_record: None,
            role_declared: None,
            further_resellers: Vec::new(),
            align_with: None,
            custom_end: None,
            currency: None,
            attestation_accepted: true,
            parent: None,
            creates: None,
            path: None,
            friendly_name: None,
            renews_to: None,
            context: BTreeMap::new(),
            commitment: None,
            add_on_of: None,
        }
    }

    /// The role declared, or what fits the reseller named or not named (TXN-105).
    pub(crate) fn role(&self) -> RoleDeclared {
        self.role_declared.unwrap_or(if self.reseller().is_some() {
            RoleDeclared::Indirect
        } else {
            RoleDeclared::Direct
        })
    }

    /// The line that is asked for, with everything left out at its default.
    #[must_use]
    pub fn line(&self, item: &Item) -> Line {
        let term = self.term.unwrap_or_else(|| default_term(item));
        let frequency = self
            .frequency
            .unwrap_or_else(|| default_frequency(item, term));
        self.line_of(item.id, term, frequency)
    }

    pub(crate) fn line_of(&self, item: Id<Item>, term: Term, frequency: Frequency) -> Line {
        Line {
            item,
            quantity: self.quantity,
            term,
            frequency,
            partner_of_record: self.reseller().cloned(),
            further_resellers: self.further_resellers.clone(),
            custom_end: self.custom_end,
            currency: self.currency,
            attestation_accepted: self.attestation_accepted,
            parent: self.parent.clone(),
            friendly_name: self.friendly_name.clone(),
            availability_outdated: false,
            creates: self.creates.clone(),
            align_with: self.align_with.clone(),
            details: Details {
                unknown_item: None,
                add_on_of: self.add_on_of,
                group: String::new(),
                renews_to: self.renews_to,
                context: self.context.clone(),
                commitment: self.commitment.clone(),
                fault: None,
            },
        }
    }
}

/// One year where the item is sold for a year, else its first term.
#[must_use]
pub fn default_term(item: &Item) -> Term {
    if item.offer(Term::YEAR).is_some() {
        Term::YEAR
    } else {
        item.offered
            .first()
            .map_or(Term::YEAR, |offered| offered.term)
    }
}

/// Monthly where the term allows it, else the term's first frequency.
#[must_use]
pub fn default_frequency(item: &Item, term: Term) -> Frequency {
    let Some(offered) = item.offer(term) else {
        return Frequency::Monthly;
    };
    let monthly = offered.frequencies.contains(&Frequency::Monthly);
    if monthly {
        Frequency::Monthly
    } else {
        offered
            .frequencies
            .first()
            .copied()
            .unwrap_or(Frequency::None)
    }
}

/// Fill a cart and check it out, or order without one.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlaceOrder(pub Wanted);

/// Order several lines at once, without a cart.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceLines {
    /// A customer or tenant.
    pub customer: String,
    /// The lines, in order.
    pub lines: Vec<Wanted>,
    /// Names the order in this world.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creates: Option<String>,
}

/// What a cart or an order answers.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Placed {
    /// The cart that was made or checked out.
    pub cart: Option<String>,
    /// The order; the first, where there are several.
    pub order: Option<String>,
    /// The new subscription; the first, where there are several.
    pub subscription: Option<String>,
    /// A waiver that was used.
    pub waiver: Option<String>,
    /// Seats a ceiling left before this purchase.
    pub available: Option<i64>,
    /// An earlier answer was returned.
    pub replayed: bool,
    /// All orders, in the order of their groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub orders: Vec<String>,
    /// Groups of lines that were refused while others went through (ORD-005).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<GroupRefused>,
}

/// A group of a cart's lines that did not become an order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GroupRefused {
    /// The group.
    pub group: String,
    /// Why.
    pub decision: Decision,
}

impl Placed {
    /// What the facts of a purchase tell the caller besides.
    pub(crate) fn of(facts: &Facts) -> Self {
        let used = |kin: &tierline_rules::facts::Kinship| {
            !matches!(kin.tie, tierline_rules::facts::Tie::Unrelated)
        };
        Self {
            waiver: facts
                .kinship
                .iter()
                .filter(|kin| used(kin))
                .find_map(|kin| kin.waiver.clone()),
            available: available(facts),
            ..Self::default()
        }
    }
}

/// Seats that a customer-wide ceiling leaves.
#[must_use]
pub fn available(facts: &Facts) -> Option<i64> {
    facts
        .purchase
        .as_ref()
        .and_then(|purchase| purchase.customer_max)
        .map(Ceiling::left)
}

pub(crate) async fn wanted_facts(
    wanted: &Wanted,
    ctx: &Ctx,
    acting: &Acting,
    tx: &mut Tx<'_>,
    checkpoint: Checkpoint,
) -> Result<Facts, AppError> {
    let seller = acting.partner()?;
    let customer = names::the_tenant(tx, &wanted.customer).await?;
    let item =
        names::named::<Item>(tx, tierline_store::tables::items::BY_HANDLE, &wanted.item).await?;
    let item = item.ok_or_else(|| AppError::missing("item", &wanted.item))?;
    let line = wanted.line(&item);
    names::free_subscription(tx, "creates", line.creates.as_deref()).await?;
    let deal = Deal {
        seller,
        customer: &customer,
        item: &item,
        line: &line,
        role: wanted.role(),
        cart: None,
        without_cart: wanted.path == Some(Path::Order),
    };
    deal_facts(ctx, acting, tx, checkpoint, deal).await
}

/// The region of the seller, as every regional row keeps it.
pub(crate) fn home(facts: &Facts) -> String {
    facts
        .actor
        .as_ref()
        .and_then(tierline_rules::facts::Party::region)
        .map_or_else(String::new, |region| region.to_string())
}

impl UseCase for PlaceOrder {
    type Out = Placed;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::Order
    }

    fn subject(&self) -> String {
        self.0.customer.clone()
    }

    fn keeps_decision(&self) -> bool {
        true
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        wanted_facts(&self.0, ctx, acting, tx, Checkpoint::Order).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Placed, AppError> {
        buy(ctx, acting, facts, tx, &self.0).await
    }
}

/// Fills a cart of the acting partner and checks it out: what follows once a purchase is allowed.
///
/// # Errors
/// When the store fails.
pub(crate) async fn buy(
    ctx: &Ctx,
    acting: &Acting,
    facts: &Facts,
    tx: &mut Tx<'_>,
    wanted: &Wanted,
) -> Result<Placed, AppError> {
    let mut cart = cart::fill(ctx, acting, facts, tx, wanted).await?;
    let mut sale = Sale::of_group(ctx, acting, tx, &cart, "").await?;
    for (place, line) in cart.lines.iter().enumerate() {
        let item: Item = names::by_id(tx, line.item).await?;
        sale.provision(tx, facts, &item, line, place).await?;
    }
    let order = sale.finish(tx).await?;
    let subscription = sale.first();
    cart::ordered(ctx, tx, &mut cart, &[(String::new(), order.id)]).await?;
    Ok(Placed {
        cart: Some(cart.handle),
        order: Some(order.handle.clone()),
        subscription,
        orders: vec![order.handle],
        ..Placed::of(facts)
    })
}

impl PlaceLines {
    /// The lines with their items; those of one order have one currency and one billing cycle.
    async fn lines(&self, tx: &mut Tx<'_>) -> Result<Vec<(Item, Line, RoleDeclared)>, AppError> {
        let mut lines = Vec::with_capacity(self.lines.len());
        for wanted in &self.lines {
            let item = names::the_item(tx, &wanted.item).await?;
            let line = wanted.line(&item);
            lines.push((item, line, wanted.role()));
        }
        Ok(lines)
    }

    /// Judges and makes the lines one after the other, so that each is judged on what those before it left: the
    /// facts of all lines, or the first refusal.
    async fn sell<'a>(
        &self,
        ctx: &'a Ctx,
        acting: &'a Acting,
        tx: &mut Tx<'_>,
    ) -> Result<(Sale<'a>, Result<Vec<Facts>, Box<Refusal>>), AppError> {
        let customer = names::the_tenant(tx, &self.customer).await?;
        let seed = ctx.seed.to_string();
        let mut sale = Sale::of(ctx, acting, customer, &seed, Checkpoint::Order)?;
        let mut decided = Vec::with_capacity(self.lines.len());
        for (place, (item, line, role)) in self.lines(tx).await?.into_iter().enumerate() {
            let line = sale.with_parent(line);
            match sale.judge(tx, &item, &line, role, None).await? {
                Ok(facts) => {
                    sale.provision(tx, &facts, &item, &line, place).await?;
                    decided.push(facts);
                }
                Err(refusal) => return Ok((sale, Err(refusal))),
            }
        }
        Ok((sale, Ok(decided)))
    }
}

impl UseCase for PlaceLines {
    type Out = Placed;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::Order
    }

    fn subject(&self) -> String {
        self.customer.clone()
    }

    fn keeps_decision(&self) -> bool {
        true
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        tx.savepoint("lines").await?;
        let outcome = Box::pin(self.sell(ctx, acting, tx))
            .await
            .map(|(_, outcome)| outcome);
        tx.rollback_to("lines").await?;
        tx.release("lines").await?;
        match outcome? {
            Ok(decided) => decided
                .into_iter()
                .next()
                .ok_or_else(|| AppError::invalid("lineItems", "an order has at least one line")),
            Err(refusal) => Ok(refusal.facts),
        }
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Placed, AppError> {
        let (mut sale, outcome) = Box::pin(self.sell(ctx, acting, tx)).await?;
        let decided = outcome.map_err(AppError::Refused)?;
        for (place, facts) in decided.iter().enumerate().skip(1) {
            keep_further(ctx, tx, facts, &self.customer, &place.to_string()).await?;
        }
        if let Some(name) = &self.creates {
            sale.order.handle.clone_from(name);
        }
        let order = sale.finish(tx).await?;
        Ok(Placed {
            order: Some(order.handle.clone()),
            subscription: sale.first(),
            orders: vec![order.handle],
            ..Placed::of(facts)
        })
    }
}

/// A line's facts, or why it is refused.
pub(crate) type Judged = Result<Facts, Box<Refusal>>;

/// An order in the making: its lines become subscriptions one after the other, so that each is judged on what
/// those before it left of ceilings and credit, and finds the base that it needs.
pub(crate) struct Sale<'a> {
    ctx: &'a Ctx,
    acting: &'a Acting,
    customer: Tenant,
    checkpoint: Checkpoint,
    ids: Ids,
    order: Order,
    /// Short names of what the lines became, by their places.
    made: BTreeMap<usize, String>,
    /// Another request changed the cart since the caller read it (ORD-004).
    pub(crate) moved: bool,
    /// The line at hand carries a fault (ORD-005).
    pub(crate) faulty: bool,
}

impl<'a> Sale<'a> {
    /// Nothing sold yet. The seed names the order's ids.
    pub(crate) fn of(
        ctx: &'a Ctx,
        acting: &'a Acting,
        customer: Tenant,
        seed: &str,
        checkpoint: Checkpoint,
    ) -> Result<Self, AppError> {
        let seller = acting.partner()?;
        let ids = Ids::named("order", seed, ctx.now);
        let id: Id<Order> = ids.next();
        let order = Order {
            id,
            handle: id.to_string(),
            partner: seller.id,
            customer: customer.id,
            lines: Vec::new(),
            state: OrderState::Completed,
            placed: ctx.now,
            currency: Currency::USD,
            number: 0,
            home: regions::place(seller.country)
                .map_or_else(String::new, |place| place.region.to_string()),
            version: 1,
        };
        Ok(Self {
            ctx,
            acting,
            customer,
            checkpoint,
            ids,
            order,
            made: BTreeMap::new(),
            moved: false,
            faulty: false,
        })
    }

    /// A group of a cart's lines at checkout.
    pub(crate) async fn of_group(
        ctx: &'a Ctx,
        acting: &'a Acting,
        tx: &mut Tx<'_>,
        cart: &Cart,
        group: &str,
    ) -> Result<Self, AppError> {
        let customer: Tenant = names::by_id(tx, cart.customer).await?;
        let seed = format!("{} {group}", cart.id);
        let mut sale = Self::of(
            ctx,
            acting,
            customer,
            seed.trim_end(),
            Checkpoint::CheckoutCart,
        )?;
        sale.order.home.clone_from(&cart.home);
        Ok(sale)
    }

    /// More lines on an order that stands.
    pub(crate) async fn more(
        ctx: &'a Ctx,
        acting: &'a Acting,
        tx: &mut Tx<'_>,
        order: Order,
    ) -> Result<Self, AppError> {
        let customer: Tenant = names::by_id(tx, order.customer).await?;
        let seed = format!("{} {}", order.id, order.version);
        let mut sale = Self::of(ctx, acting, customer, &seed, Checkpoint::Order)?;
        sale.order = order;
        Ok(sale)
    }

    /// An add-on that was nested in another line hangs on what that line became.
    pub(crate) fn with_parent(&self, mut line: Line) -> Line {
        if let Some(base) = line.details.add_on_of {
            let made = self.made.get(&base).cloned();
            line.parent = Some(made.unwrap_or_else(|| format!("line {base}")));
        }
        line
    }

    /// Everything that one line is decided on.
    pub(crate) async fn facts(
        &self,
        tx: &mut Tx<'_>,
        item: &Item,
        line: &Line,
        role: RoleDeclared,
        cart: Option<CartFact>,
    ) -> Result<Facts, AppError> {
        let deal = Deal {
            seller: self.acting.partner()?,
            customer: &self.customer,
            item,
            line,
            role,
            cart,
            without_cart: self.checkpoint == Checkpoint::Order,
        };
        let facts = deal_facts(self.ctx, self.acting, tx, self.checkpoint, deal).await?;
        Ok(self.noted(facts))
    }

    /// With what hardly any line and cart has.
    fn noted(&self, mut facts: Facts) -> Facts {
        if self.moved || self.faulty {
            facts.form.moved = self.moved;
            facts.form.faulty_line = self.faulty;
        }
        facts
    }

    /// Decides on one line: its facts, or why it is refused.
    pub(crate) async fn judge(
        &self,
        tx: &mut Tx<'_>,
        item: &Item,
        line: &Line,
        role: RoleDeclared,
        cart: Option<CartFact>,
    ) -> Result<Judged, AppError> {
        let facts = self.facts(tx, item, line, role, cart).await?;
        Ok(self.decided(facts))
    }

    /// Decides on a line whose identifier names nothing.
    pub(crate) async fn judge_nothing(&self, tx: &mut Tx<'_>) -> Result<Judged, AppError> {
        let facts = facts::begin(tx, self.ctx, self.acting, self.checkpoint).await?;
        Ok(self.decided(self.noted(facts)))
    }

    fn decided(&self, facts: Facts) -> Judged {
        let decision = judge(self.ctx, &facts);
        if decision.allowed {
            return Ok(facts);
        }
        Err(Box::new(Refusal {
            decision,
            facts,
            subject: self.customer.handle.clone(),
        }))
    }

    /// What the first line became.
    pub(crate) fn first(&self) -> Option<String> {
        self.made.values().next().cloned()
    }

    /// Writes the order that the lines came to.
    pub(crate) async fn finish(&mut self, tx: &mut Tx<'_>) -> Result<Order, AppError> {
        self.order.number = numbers::next(tx, self.order.partner).await?;
        tx.insert(&self.order).await?;
        Ok(self.order.clone())
    }

    /// The order with the lines that were added to it.
    pub(crate) fn into_order(self) -> Order {
        self.order
    }

    /// Makes the subscription of one line, with its schedule and first charge.
    pub(crate) async fn provision(
        &mut self,
        tx: &mut Tx<'_>,
        facts: &Facts,
        item: &Item,
        line: &Line,
        place: usize,
    ) -> Result<(), AppError> {
        let today = self.ctx.now.date();
        let seller = self.acting.partner()?;
        let customer = self.order.customer;
        let list = unit_price(tx, seller, customer, item, line, today).await?;
        let promotion = promotion(tx, item, self.order.customer, line, today).await?;
        let percent = promotion.as_ref().map_or(0, |found| found.discount_percent);
        let end = facts
            .purchase
            .as_ref()
            .and_then(|purchase| purchase.alignment.as_ref())
            .and_then(|alignment| alignment.day);
        let pricing = pricing(tx, list, percent, line, end, today).await?;
        let mut subscription = self.subscription(tx, facts, item, line).await?;
        subscription.term_end = end.or(subscription.term_end);
        subscription.promotion = promotion.map(|promotion| promotion.id);
        subscription.unit_price = pricing.map(|pricing| pricing.discounted);
        tx.insert(&subscription).await?;
        schedule::plan_subscription(tx, &subscription, self.ctx.now).await?;
        charges::book_first_cycle(self.ctx, tx, &subscription, today).await?;
        self.order.currency = subscription.currency;
        self.order.lines.push(OrderLine {
            line: line.clone(),
            subscription: Some(subscription.id),
            pricing,
            cancelled: false,
        });
        self.made.insert(place, subscription.handle);
        Ok(())
    }

    /// The subscription that a line becomes, before anything is said of money.
    async fn subscription(
        &self,
        tx: &mut Tx<'_>,
        facts: &Facts,
        item: &Item,
        line: &Line,
    ) -> Result<Subscription, AppError> {
        let (now, seller) = (self.ctx.now, self.acting.partner()?);
        let id: Id<Subscription> = self.ids.next();
        let reseller = facts::named_account(tx, &facts.named)
            .await?
            .filter(|_| line.partner_of_record.is_some());
        let parent = match &line.parent {
            Some(parent) => Some(names::the_subscription(tx, parent).await?.id),
            None => None,
        };
        let natural_end = line.term.last_day(now.date());
        Ok(Subscription {
            id,
            handle: line.creates.clone().unwrap_or_else(|| id.to_string()),
            seller: Some(seller.id),
            customer: self.order.customer,
            item: item.id,
            quantity: line.quantity,
            term: line.term,
            frequency: line.frequency,
            partner_of_record: reseller.map(|reseller| reseller.id),
            state: SubscriptionState::Active,
            bought: now,
            renewed: None,
            term_end: natural_end,
            renewal: item.renewable && natural_end.is_some(),
            renewal_queued: false,
            currency: line
                .currency
                .unwrap_or_else(|| facts::billing_currency(seller, item)),
            promotion: None,
            unit_price: None,
            batches: vec![Batch {
                quantity: line.quantity,
                at: now,
            }],
            scheduled_quantity: None,
            next_term: None,
            began: None,
            pending_frequency: None,
            upgraded: None,
            converted_from_trial: false,
            trial: None,
            updates: 0,
            order_id: Some(self.order.id),
            order_handle: Some(self.order.handle.clone()),
            parent,
            resource: None,
            deprovisioned: false,
            default_owner: true,
            support_contact: None,
            friendly_name: line
                .friendly_name
                .clone()
                .or_else(|| Some(item.title.clone())),
            home: self.order.home.clone(),
            version: 1,
        })
    }
}

/// Who is named on the deal, for the chain that `explain` draws.
#[must_use]
pub fn reseller_name(named: &Named) -> Option<&str> {
    named.party().map(|party| party.name.as_str())
}

//! Carts, checkout and orders: the program's main deal.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tierline_domain::catalog::{Frequency, Item, Term};
use tierline_domain::id::Id;
use tierline_domain::money::{Currency, Rounding};
use tierline_domain::order::{Cart, CartState, Line, Order, OrderLine, OrderState, RoleDeclared};
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::subscription::{Batch, Subscription, SubscriptionState};
use tierline_domain::time::{Date, Period};
use tierline_rules::Checkpoint;
use tierline_rules::facts::{CartFact, Ceiling, Facts, Named};
use tierline_store::tables::Counter;
use tierline_store::{Tx, Value};

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::charges;
use crate::ctx::{Ctx, Ids};
use crate::error::AppError;
use crate::facts;
use crate::names::{self, by_id};
use crate::purchase::{Deal, deal_facts, promotion, unit_price};
use crate::schedule;

/// Days a cart lives (ORD-002).
const CART_DAYS: i32 = 7;

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
        }
    }

    fn role(&self) -> RoleDeclared {
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
        Line {
            item: item.id,
            quantity: self.quantity,
            term,
            frequency: self
                .frequency
                .unwrap_or_else(|| default_frequency(item, term)),
            partner_of_record: self.reseller().cloned(),
            further_resellers: self.further_resellers.clone(),
            custom_end: self.custom_end,
            currency: self.currency,
            attestation_accepted: self.attestation_accepted,
            parent: self.parent.clone(),
            friendly_name: None,
            availability_outdated: false,
            creates: self.creates.clone(),
            align_with: self.align_with.clone(),
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

/// Fill a cart: judged like an order, without checkout.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CreateCart(pub Wanted);

/// Fill a cart and check it out, or order without one.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlaceOrder(pub Wanted);

/// Check out a cart that exists.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckoutCart {
    /// The cart.
    pub cart: String,
}

/// What a cart or an order answers.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Placed {
    /// The cart that was made or checked out.
    pub cart: Option<String>,
    /// The order.
    pub order: Option<String>,
    /// The new subscription.
    pub subscription: Option<String>,
    /// A waiver that was used.
    pub waiver: Option<String>,
    /// Seats a ceiling left before this purchase.
    pub available: Option<i64>,
    /// An earlier answer was returned.
    pub replayed: bool,
}

impl Placed {
    fn of(facts: &Facts) -> Self {
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

async fn wanted_facts(
    wanted: &Wanted,
    ctx: &Ctx,
    acting: &Acting,
    tx: &mut Tx<'_>,
    checkpoint: Checkpoint,
) -> Result<Facts, AppError> {
    let seller = acting.partner()?;
    let customer = names::the_tenant(tx, &wanted.customer).await?;
    let item = names::the_item(tx, &wanted.item).await?;
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

fn home(facts: &Facts) -> String {
    facts
        .actor
        .as_ref()
        .and_then(tierline_rules::facts::Party::region)
        .map_or_else(String::new, |region| region.to_string())
}

async fn fill(
    ctx: &Ctx,
    acting: &Acting,
    facts: &Facts,
    tx: &mut Tx<'_>,
    wanted: &Wanted,
) -> Result<Cart, AppError> {
    let seller = acting.partner()?;
    let customer = names::the_tenant(tx, &wanted.customer).await?;
    let item = names::the_item(tx, &wanted.item).await?;
    let id: Id<Cart> = ctx.ids().next();
    let cart = Cart {
        id,
        handle: id.to_string(),
        partner: seller.id,
        customer: customer.id,
        lines: vec![wanted.line(&item)],
        role_declared: wanted.role(),
        state: CartState::Active,
        created: ctx.now,
        modified: ctx.now,
        modified_by: acting.caller.name.clone(),
        ordered_as: None,
        became: None,
        home: home(facts),
        version: 1,
    };
    tx.insert(&cart).await?;
    Ok(cart)
}

impl UseCase for CreateCart {
    type Out = Placed;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::CreateCart
    }

    fn subject(&self) -> String {
        self.0.customer.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        wanted_facts(&self.0, ctx, acting, tx, Checkpoint::CreateCart).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Placed, AppError> {
        let cart = fill(ctx, acting, facts, tx, &self.0).await?;
        Ok(Placed {
            cart: Some(cart.handle),
            ..Placed::of(facts)
        })
    }
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

/// Change an open cart: judged like its creation.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateCart {
    /// The cart.
    pub cart: String,
    /// What it should hold.
    pub wanted: Wanted,
}

impl UseCase for UpdateCart {
    type Out = Placed;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::CreateCart
    }

    fn subject(&self) -> String {
        self.cart.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        wanted_facts(&self.wanted, ctx, acting, tx, Checkpoint::CreateCart).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Placed, AppError> {
        let mut cart = names::the_cart(tx, &self.cart).await?;
        let item = names::the_item(tx, &self.wanted.item).await?;
        cart.lines = vec![self.wanted.line(&item)];
        cart.role_declared = self.wanted.role();
        cart.modified = ctx.now;
        cart.modified_by.clone_from(&acting.caller.name);
        cart.version = cart.version.saturating_add(1);
        tx.put(&cart).await?;
        Ok(Placed {
            cart: Some(cart.handle),
            ..Placed::of(facts)
        })
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
    let mut cart = fill(ctx, acting, facts, tx, wanted).await?;
    let placed = place(ctx, acting, facts, tx, &mut cart).await?;
    Ok(Placed {
        cart: Some(cart.handle),
        ..placed
    })
}

impl CheckoutCart {
    async fn cart(&self, tx: &mut Tx<'_>) -> Result<Cart, AppError> {
        names::the_cart(tx, &self.cart).await
    }
}

/// Fingerprint of what a cart would order.
fn fingerprint(cart: &Cart) -> String {
    let lines = serde_json::to_string(&(&cart.lines, cart.role_declared)).unwrap_or_default();
    format!("{:x}", Sha256::digest(lines))
}

impl UseCase for CheckoutCart {
    type Out = Placed;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::CheckoutCart
    }

    fn subject(&self) -> String {
        self.cart.clone()
    }

    fn keeps_decision(&self) -> bool {
        true
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let cart = self.cart(tx).await?;
        let seller = acting.partner()?;
        let expires = cart.created.plus(Period::days(CART_DAYS))?;
        let changed = cart
            .ordered_as
            .as_ref()
            .is_some_and(|ordered| *ordered != fingerprint(&cart));
        let fact = CartFact {
            name: cart.handle.clone(),
            own: cart.partner == seller.id,
            empty: cart.lines.is_empty(),
            created: cart.created,
            expired: ctx.now >= expires && cart.state == CartState::Active,
            changed_after_order: changed,
        };
        if cart.state == CartState::Ordered && !changed && fact.own {
            // ORD-003: an identical repeat answers as the first time did, whatever changed since.
            return facts::begin(tx, ctx, acting, Checkpoint::ReadSubscription).await;
        }
        let customer: Tenant = by_id(tx, cart.customer).await?;
        let Some(line) = cart.lines.first() else {
            return Err(AppError::invalid(
                "lineItems",
                "a cart has at least one line",
            ));
        };
        let item: Item = by_id(tx, line.item).await?;
        let deal = Deal {
            seller,
            customer: &customer,
            item: &item,
            line,
            role: cart.role_declared,
            cart: Some(fact),
            without_cart: false,
        };
        deal_facts(ctx, acting, tx, Checkpoint::CheckoutCart, deal).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Placed, AppError> {
        let mut cart = self.cart(tx).await?;
        if let Some(order) = cart.became {
            let order: Order = by_id(tx, order).await?;
            let made = order.lines.iter().find_map(|line| line.subscription);
            let subscription = match made {
                Some(id) => Some(by_id::<Subscription, _>(tx, id).await?.handle),
                None => None,
            };
            return Ok(Placed {
                cart: Some(cart.handle),
                order: Some(order.handle),
                subscription,
                replayed: true,
                ..Placed::default()
            });
        }
        place(ctx, acting, facts, tx, &mut cart).await
    }
}

/// Makes the order, its subscriptions and their first charges out of a cart.
async fn place(
    ctx: &Ctx,
    acting: &Acting,
    facts: &Facts,
    tx: &mut Tx<'_>,
    cart: &mut Cart,
) -> Result<Placed, AppError> {
    let seller = acting.partner()?;
    let ids = Ids::named("order", &cart.id.to_string(), ctx.now);
    let id: Id<Order> = ids.next();
    let mut made = Vec::new();
    let mut order = Order {
        id,
        handle: id.to_string(),
        partner: seller.id,
        customer: cart.customer,
        lines: Vec::new(),
        state: OrderState::Completed,
        placed: ctx.now,
        currency: Currency::USD,
        number: next_number(tx, "orders").await?,
        home: cart.home.clone(),
        version: 1,
    };
    for line in &cart.lines {
        let item: Item = by_id(tx, line.item).await?;
        let subscription = provision(ctx, facts, tx, &ids, seller, &order, &item, line).await?;
        order.currency = subscription.currency;
        order.lines.push(OrderLine {
            line: line.clone(),
            subscription: Some(subscription.id),
        });
        made.push(subscription.handle);
    }
    tx.insert(&order).await?;
    cart.state = CartState::Ordered;
    cart.ordered_as = Some(fingerprint(cart));
    cart.became = Some(order.id);
    cart.modified = ctx.now;
    cart.version = cart.version.saturating_add(1);
    tx.put(cart).await?;
    Ok(Placed {
        cart: Some(cart.handle.clone()),
        order: Some(order.handle),
        subscription: made.into_iter().next(),
        ..Placed::of(facts)
    })
}

/// The next human number: gapless, because it moves in the transaction that uses it.
///
/// # Errors
/// When the store fails.
pub async fn next_number(tx: &mut Tx<'_>, name: &str) -> Result<i64, AppError> {
    let last = tx
        .get::<Counter>(&[Value::Text(name.to_owned())])
        .await?
        .map_or(0, |counter| counter.value);
    let next = last.saturating_add(1);
    tx.put(&Counter {
        name: name.to_owned(),
        value: next,
    })
    .await?;
    Ok(next)
}

#[expect(
    clippy::too_many_arguments,
    reason = "one line of one order in one transaction: each is a different thing"
)]
async fn provision(
    ctx: &Ctx,
    facts: &Facts,
    tx: &mut Tx<'_>,
    ids: &Ids,
    seller: &Account,
    order: &Order,
    item: &Item,
    line: &Line,
) -> Result<Subscription, AppError> {
    let today = ctx.now.date();
    let id: Id<Subscription> = ids.next();
    let currency = line
        .currency
        .unwrap_or_else(|| facts::billing_currency(seller, item));
    let price = unit_price(tx, seller, item, line, today).await?;
    let promotion = promotion(tx, item, order.customer, line.quantity).await?;
    let price = match (price, &promotion) {
        (Some(price), Some(promotion)) => Some(price.share(
            100_i64.saturating_sub(promotion.discount_percent),
            100,
            Rounding::Cut,
        )?),
        (price, _) => price,
    };
    let reseller = facts::named_account(tx, &facts.named)
        .await?
        .filter(|_| line.partner_of_record.is_some());
    let parent = match &line.parent {
        Some(parent) => Some(names::the_subscription(tx, parent).await?.id),
        None => None,
    };
    let natural_end = line.term.last_day(today);
    let aligned = facts
        .purchase
        .as_ref()
        .and_then(|purchase| purchase.alignment.as_ref())
        .and_then(|alignment| alignment.day);
    let subscription = Subscription {
        id,
        handle: line.creates.clone().unwrap_or_else(|| id.to_string()),
        seller: Some(seller.id),
        customer: order.customer,
        item: item.id,
        quantity: line.quantity,
        term: line.term,
        frequency: line.frequency,
        partner_of_record: reseller.map(|reseller| reseller.id),
        state: SubscriptionState::Active,
        bought: ctx.now,
        renewed: None,
        term_end: aligned.or(natural_end),
        renewal: item.renewable && natural_end.is_some(),
        renewal_queued: false,
        currency,
        promotion: promotion.map(|promotion| promotion.id),
        unit_price: price,
        batches: vec![Batch {
            quantity: line.quantity,
            at: ctx.now,
        }],
        scheduled_quantity: None,
        pending_frequency: None,
        upgraded: None,
        converted_from_trial: false,
        updates: 0,
        order_id: Some(order.id),
        order_handle: Some(order.handle.clone()),
        parent,
        deprovisioned: false,
        default_owner: true,
        support_contact: None,
        friendly_name: line
            .friendly_name
            .clone()
            .or_else(|| Some(item.title.clone())),
        home: order.home.clone(),
        version: 1,
    };
    tx.insert(&subscription).await?;
    schedule::plan_subscription(tx, &subscription, ctx.now).await?;
    charges::book_cycle(ctx, tx, &subscription, "new", today).await?;
    Ok(subscription)
}

/// Who is named on the deal, for the chain that `explain` draws.
#[must_use]
pub fn reseller_name(named: &Named) -> Option<&str> {
    named.party().map(|party| party.name.as_str())
}

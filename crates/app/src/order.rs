//! Carts, checkout and orders: the program's main deal.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tierline_billing::cycle::{self, Running};
use tierline_billing::prorate::{self, Cut};
use tierline_domain::catalog::{
    DatedPrice, Frequency, Generation, Item, ItemKind, Promotion, Term,
};
use tierline_domain::customer::Segment;
use tierline_domain::id::Id;
use tierline_domain::money::{Currency, Money, Rounding};
use tierline_domain::order::{Cart, CartState, Line, Order, OrderLine, OrderState, RoleDeclared};
use tierline_domain::partner::{Account, PartnerType, Tenant};
use tierline_domain::subscription::{Batch, Subscription, SubscriptionState};
use tierline_domain::time::{Date, Period, Timestamp, add_days};
use tierline_rules::facts::{Alignment, CartFact, Ceiling, Facts, Named, Purchase, Tier};
use tierline_rules::{Checkpoint, regions};
use tierline_store::tables::Counter;
use tierline_store::{Tx, Value, tables};

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::charges;
use crate::ctx::{Ctx, Ids};
use crate::error::AppError;
use crate::facts;
use crate::names::{self, by_id};
use crate::schedule;

/// Days a cart lives (ORD-002).
const CART_DAYS: i32 = 7;
/// Most subscriptions of one tenant (ORD-040, Q-26).
const TENANT_CEILING: i64 = 300;

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

/// Everything one line is decided on.
struct Deal<'a> {
    seller: &'a Account,
    customer: &'a Tenant,
    item: &'a Item,
    line: &'a Line,
    role: RoleDeclared,
    cart: Option<CartFact>,
    without_cart: bool,
}

async fn deal_facts(
    ctx: &Ctx,
    acting: &Acting,
    tx: &mut Tx<'_>,
    checkpoint: Checkpoint,
    deal: Deal<'_>,
) -> Result<Facts, AppError> {
    let today = ctx.now.date();
    let mut found = facts::begin(tx, ctx, acting, checkpoint).await?;
    found.new_business = true;
    found.named = facts::named(tx, deal.line.partner_of_record.as_deref(), today).await?;
    let named = facts::named_account(tx, &found.named).await?;
    let provider = (deal.seller.kind == PartnerType::IndirectProvider).then_some(deal.seller);
    if let (Some(provider), Some(named)) = (provider, &named) {
        found.partnership = Some(facts::partnership(tx, provider, named, ctx.now).await?);
    }
    let buyer = facts::buyer(tx, deal.customer, provider, today).await?;
    found.relation = Some(facts::relation(tx, deal.seller, deal.customer).await?);
    if let Some(named) = &named {
        found.other_relation = Some(facts::relation(tx, named, deal.customer).await?);
    }
    found.attested = facts::attested(tx, deal.seller.id, deal.customer.id).await?;
    let mut sellers = Vec::with_capacity(2);
    match &named {
        Some(named) => sellers.extend([(deal.seller, Tier::Provider), (named, Tier::Reseller)]),
        None => sellers.push((deal.seller, Tier::Only)),
    }
    found.kinship = facts::kinship(tx, deal.customer, &sellers, today).await?;
    found.exclusivity = facts::exclusivity(tx, deal.seller, deal.customer, ctx.now).await?;
    found.expansion = facts::expansion(tx, deal.seller, &buyer, today).await?;
    let mut purchase = purchase(ctx, tx, &deal).await?;
    let end = purchase
        .alignment
        .as_ref()
        .and_then(|alignment| alignment.day);
    let cost = first_charge(tx, deal.seller, deal.item, deal.line, end, ctx.now).await?;
    purchase.cost_usd = cost.map(|cost| cost.at_par(Currency::USD)).transpose()?;
    found.credit = match cost {
        Some(cost) if deal.seller.kind.is_billed() => facts::credit(tx, deal.seller, cost).await?,
        _ => None,
    };
    found.purchase = Some(purchase);
    found.buyer = Some(buyer);
    Ok(found)
}

/// Subscriptions of a customer with their items.
async fn estate(tx: &mut Tx<'_>, customer: &Tenant) -> Result<Vec<(Subscription, Item)>, AppError> {
    let mut held = Vec::new();
    for subscription in tx
        .find::<Subscription>(
            tables::subscriptions::BY_CUSTOMER,
            &[Value::Id(customer.id.uuid())],
        )
        .await?
    {
        let item = by_id::<Item, _>(tx, subscription.item).await?;
        held.push((subscription, item));
    }
    Ok(held)
}

fn live(subscription: &Subscription) -> bool {
    matches!(
        subscription.state,
        SubscriptionState::Active | SubscriptionState::Suspended | SubscriptionState::Expired
    )
}

fn total(quantities: impl Iterator<Item = i64>) -> i64 {
    quantities.fold(0, i64::saturating_add)
}

fn count<T>(things: impl Iterator<Item = T>) -> i64 {
    i64::try_from(things.count()).unwrap_or(i64::MAX)
}

#[expect(clippy::too_many_lines, reason = "one value with every fact of a line")]
async fn purchase(ctx: &Ctx, tx: &mut Tx<'_>, deal: &Deal<'_>) -> Result<Purchase, AppError> {
    let (item, line, today) = (deal.item, deal.line, ctx.now.date());
    let held = estate(tx, deal.customer).await?;
    let same_item = || held.iter().filter(|(_, of)| of.id == item.id);
    let base: Vec<_> = held
        .iter()
        .filter(|(sub, of)| {
            sub.state == SubscriptionState::Active && item.prerequisites.contains(&of.handle)
        })
        .collect();
    let base_seats = total(base.iter().map(|(sub, _)| sub.quantity));
    let plans = || {
        held.iter()
            .filter(|(_, of)| of.kind == ItemKind::ConsumptionPlan)
    };
    let own_plan = plans().any(|(sub, _)| {
        sub.seller == Some(deal.seller.id) && sub.state == SubscriptionState::Active
    });
    let own_usage = held.iter().any(|(sub, of)| {
        of.kind == ItemKind::Consumption
            && sub.seller == Some(deal.seller.id)
            && sub.state == SubscriptionState::Active
    });
    let currency = facts::billing_currency(deal.seller, item);
    let mut further = Vec::new();
    for given in &line.further_resellers {
        further.push(facts::named(tx, Some(given), today).await?);
    }
    let fitting_parent = |running: &dyn Fn(&Subscription) -> bool| {
        held.iter().any(|(sub, of)| {
            running(sub)
                && item.prerequisites.contains(&of.handle)
                && line
                    .parent
                    .as_ref()
                    .is_none_or(|parent| *parent == sub.handle)
        })
    };
    let traditional_add_on =
        item.kind == ItemKind::AddOn && item.generation == Generation::Traditional;
    let parent_fits =
        traditional_add_on.then(|| fitting_parent(&|sub| sub.state == SubscriptionState::Active));
    Ok(Purchase {
        item: item.handle.clone(),
        kind: item.kind,
        generation: item.generation,
        publisher: item.publisher,
        segment: item.segment,
        quantity: line.quantity,
        term: line.term,
        term_offered: item.offer(line.term).is_some(),
        frequency: line.frequency,
        frequency_offered: item
            .offer(line.term)
            .is_some_and(|offered| offered.frequencies.contains(&line.frequency)),
        min_quantity: item.min_quantity,
        max_quantity: item.max_quantity,
        customer_max: item.customer_max.map(|limit| Ceiling {
            limit,
            used: total(
                same_item()
                    .filter(|(sub, _)| live(sub))
                    .map(|(sub, _)| sub.quantity),
            ),
            asked: line.quantity,
        }),
        prerequisites: item.prerequisites.clone(),
        prerequisite_owned: !base.is_empty(),
        least_of_base: item
            .percent_of_base
            .map(|percent| ceil_percent(base_seats, percent)),
        trial_of: item.trial_of.clone(),
        trial_used: item.kind == ItemKind::Trial && same_item().next().is_some(),
        trial_item_owned: item
            .trial_of
            .as_ref()
            .is_some_and(|paid| held.iter().any(|(sub, of)| of.handle == *paid && live(sub))),
        concurrent: item.concurrent_limit.map(|limit| Ceiling {
            limit,
            used: count(same_item().filter(|(sub, _)| !sub.deprovisioned)),
            asked: 1,
        }),
        tenant_ceiling: TENANT_CEILING,
        end_of_sale: item.end_of_sale,
        eligible_seller: item.exclusive_to.is_empty()
            || item.exclusive_to.contains(&deal.seller.handle),
        not_sold_in: not_sold_in(item, deal.seller, deal.customer),
        requires_attestation: item.requires_attestation,
        attestation_accepted: line.attestation_accepted,
        availability_outdated: line.availability_outdated,
        role_declared: deal.role,
        further_resellers: further,
        currency: line.currency,
        other_currency: other_currency(&held, item, deal.seller, currency, today),
        alignment: alignment(deal, &held, today),
        cost_usd: None,
        cart: deal.cart.clone(),
        plan_active: own_plan && own_usage,
        plan_owned: plans().any(|(sub, _)| live(sub)),
        parent: line.parent.as_ref().and_then(|name| {
            held.iter()
                .find(|(sub, _)| sub.handle == *name || sub.id.to_string() == *name)
                .map(|(sub, _)| (sub.handle.clone(), sub.state))
        }),
        parent_fits,
        parent_inactive: parent_fits == Some(false) && fitting_parent(&|_| true),
        trial_excluded: item.kind == ItemKind::Trial && trial_excluded(tx, item).await?,
        plan_state: plans()
            .filter(|(sub, _)| sub.seller == Some(deal.seller.id))
            .map(|(sub, _)| sub.state)
            .min(),
        without_cart: deal.without_cart,
    })
}

/// ORD-025: there are no trials of government, education and add-on items.
async fn trial_excluded(tx: &mut Tx<'_>, trial: &Item) -> Result<bool, AppError> {
    let paid = match &trial.trial_of {
        Some(paid) => names::item(tx, paid).await?,
        None => None,
    };
    let special = |item: &Item| {
        item.kind == ItemKind::AddOn
            || matches!(
                item.segment,
                Segment::Education | Segment::GovernmentCommunityCloud
            )
    };
    Ok(special(trial) || paid.as_ref().is_some_and(special))
}

/// The least whole number of seats that is a percentage of a base.
fn ceil_percent(base: i64, percent: i64) -> i64 {
    base.saturating_mul(percent)
        .saturating_add(99)
        .div_euclid(100)
}

/// REG-009 to REG-011: the countries that matter and in which the item is not sold.
fn not_sold_in(
    item: &Item,
    seller: &Account,
    customer: &Tenant,
) -> smallvec::SmallVec<[tierline_domain::place::Country; 2]> {
    let mut matter = vec![customer.country];
    if item.generation == Generation::Traditional && seller.country != customer.country {
        matter.push(seller.country);
    }
    let closed = |country| {
        item.not_sold_in.contains(&country)
            || (item.kind == ItemKind::Reservation
                && regions::listed(regions::NO_RESERVATIONS, country))
    };
    matter
        .into_iter()
        .filter(|country| closed(*country))
        .collect()
}

/// ORD-039: a European partner's customer already holds a plan, marketplace or software purchase in another currency.
fn other_currency(
    held: &[(Subscription, Item)],
    item: &Item,
    seller: &Account,
    currency: Currency,
    today: Date,
) -> Option<Currency> {
    let european = regions::region_on(seller.country, today)
        .is_some_and(|fact| fact.region.as_str() == "Europe");
    if !european || item.generation != Generation::NewCommerce {
        return None;
    }
    let counted = |of: &Item| {
        matches!(
            of.kind,
            ItemKind::ConsumptionPlan
                | ItemKind::Marketplace
                | ItemKind::SoftwareSubscription
                | ItemKind::PerpetualSoftware
        )
    };
    held.iter()
        .find(|(sub, of)| counted(of) && live(sub) && sub.currency != currency)
        .map(|(sub, _)| sub.currency)
}

/// ORD-030 and ORD-031: the admissible custom ends, and whether the one asked for is among them.
fn alignment(deal: &Deal<'_>, held: &[(Subscription, Item)], today: Date) -> Option<Alignment> {
    let line = deal.line;
    if line.custom_end.is_none() && line.align_with.is_none() {
        return None;
    }
    let own = |sub: &Subscription, of: &Item| {
        sub.seller == Some(deal.seller.id)
            && sub.state == SubscriptionState::Active
            && of.generation == Generation::NewCommerce
            && of.kind != ItemKind::Trial
    };
    let with = line.align_with.as_ref().map(|name| {
        held.iter()
            .find(|(sub, _)| sub.handle == *name || sub.id.to_string() == *name)
    });
    let with_own = with.is_none_or(|found| found.is_some_and(|(sub, of)| own(sub, of)));
    let Some(first_term_end) = line.term.last_day(today) else {
        // What has no term has no end to choose (ORD-032).
        return Some(Alignment {
            day: line.custom_end,
            with: line.align_with.clone(),
            with_own,
            admissible: with_own,
            terms_fit: true,
            choices: Vec::new(),
        });
    };
    let mut choices = Vec::new();
    choices.extend(last_month_end(today, first_term_end));
    let mut unfit = Vec::new();
    for (sub, _) in held.iter().filter(|(sub, of)| own(sub, of)) {
        let ends = later_ends(sub, line.term, today, first_term_end);
        let (fitting, others): (Vec<Date>, Vec<Date>) = ends
            .into_iter()
            .partition(|end| fits(line.term, sub.term, *end));
        choices.extend(fitting);
        unfit.extend(others);
    }
    choices.sort_unstable();
    choices.dedup();
    let last_return = with.flatten().and_then(|(sub, _)| {
        let ends = later_ends(sub, line.term, today, first_term_end);
        ends.last().copied().or(sub.term_end)
    });
    let day = line.custom_end.or(last_return);
    let terms_fit = match with.flatten() {
        Some((sub, _)) => day.is_none_or(|end| fits(line.term, sub.term, end)),
        None => day.is_none_or(|end| choices.contains(&end) || !unfit.contains(&end)),
    };
    Some(Alignment {
        day,
        with: line.align_with.clone(),
        with_own,
        admissible: day.is_some_and(|day| choices.contains(&day)) && with_own,
        terms_fit,
        choices,
    })
}

/// The end of the running term, and for a longer term those of later renewals, up to a day.
fn later_ends(sub: &Subscription, term: Term, today: Date, until: Date) -> Vec<Date> {
    let longer = term.months() > sub.term.months();
    let mut ends = Vec::new();
    let mut end = sub.term_end;
    while let Some(day) = end.filter(|day| *day <= until) {
        if day >= today {
            ends.push(day);
        }
        end = if longer && sub.renewal {
            cycle::next_end(sub.bought.date(), sub.term, day)
        } else {
            None
        };
    }
    ends
}

/// ORD-031: a monthly item ends with neither the 28th, 29th nor 30th unless that is the month's last day, and a longer
/// one cannot align with a monthly one.
fn fits(term: Term, other: Term, end: Date) -> bool {
    if term == Term::MONTH {
        return !(28..=30).contains(&end.day()) || add_days(end, 1).day() == 1;
    }
    other != Term::MONTH
}

fn last_month_end(today: Date, until: Date) -> Option<Date> {
    let first_of_next = add_days(until, 1).first_of_month();
    let end = add_days(first_of_next, -1);
    (end >= today).then_some(end)
}

/// The price per seat for a whole term on a day, promotions left aside.
///
/// # Errors
/// When the store fails.
pub async fn list_price(
    tx: &mut Tx<'_>,
    item: &Item,
    term: Term,
    currency: Currency,
    day: Date,
) -> Result<Option<Money>, AppError> {
    let key = [
        Value::Id(item.id.uuid()),
        Value::Text(term.to_string()),
        Value::Day(day),
    ];
    if let Some(dated) = tx
        .find::<DatedPrice>(tables::dated_prices::OF_TERM, &key)
        .await?
        .pop()
    {
        return Ok(Some(dated.amount.at_par(currency)?));
    }
    Ok(item.list_price(term, currency))
}

/// The price per seat for a whole term for this seller today.
///
/// # Errors
/// When the store fails.
pub async fn unit_price(
    tx: &mut Tx<'_>,
    seller: &Account,
    item: &Item,
    line: &Line,
    today: Date,
) -> Result<Option<Money>, AppError> {
    let currency = line
        .currency
        .unwrap_or_else(|| facts::billing_currency(seller, item));
    list_price(tx, item, line.term, currency, today).await
}

async fn first_charge(
    tx: &mut Tx<'_>,
    seller: &Account,
    item: &Item,
    line: &Line,
    end: Option<Date>,
    now: Timestamp,
) -> Result<Option<Money>, AppError> {
    let today = now.date();
    let Some(price) = unit_price(tx, seller, item, line, today).await? else {
        return Ok(None);
    };
    let running = Running {
        start: today,
        end: end.or_else(|| line.term.last_day(today)),
        term: line.term,
        frequency: line.frequency,
    };
    let first = running.on(today);
    let amount = prorate::charge(price, &running, &first, today, line.quantity, Cut::Line)?;
    Ok(Some(amount))
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

/// The deepest discount that fits (ORD-033, ORD-042, ORD-045): seats left under its customer-wide limit.
async fn promotion(
    tx: &mut Tx<'_>,
    item: &Item,
    customer: Id<Tenant>,
    quantity: i64,
) -> Result<Option<Promotion>, AppError> {
    for promotion in tx
        .find::<Promotion>(tables::promotions::BY_ITEM, &[Value::Id(item.id.uuid())])
        .await?
    {
        if promotion_left(tx, &promotion, customer).await? >= quantity {
            return Ok(Some(promotion));
        }
    }
    Ok(None)
}

/// Seats left under a promotion's limit; cancelled seats stay counted (ORD-042).
///
/// # Errors
/// When the store fails.
pub async fn promotion_left(
    tx: &mut Tx<'_>,
    promotion: &Promotion,
    customer: Id<Tenant>,
) -> Result<i64, AppError> {
    let held = tx
        .find::<Subscription>(
            tables::subscriptions::BY_CUSTOMER,
            &[Value::Id(customer.uuid())],
        )
        .await?;
    let used = total(
        held.iter()
            .filter(|held| held.promotion == Some(promotion.id))
            .map(|held| held.quantity),
    );
    Ok(promotion.max_seats.saturating_sub(used).max(0))
}

/// Who is named on the deal, for the chain that `explain` draws.
#[must_use]
pub fn reseller_name(named: &Named) -> Option<&str> {
    named.party().map(|party| party.name.as_str())
}

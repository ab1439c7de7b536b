//! What a purchase looks like to the rules: the lines, what the customer holds, prices, ends, promotions.

use std::collections::BTreeMap;
use std::sync::Arc;

use tierline_billing::cycle::{self, Running};
use tierline_billing::prorate;
use tierline_domain::billing::Cut;
use tierline_domain::catalog::{Frequency, Generation, Item, ItemKind, Promotion, Term};
use tierline_domain::customer::Segment;
use tierline_domain::id::Id;
use tierline_domain::money::{Currency, Money, Rounding};
use tierline_domain::order::{Line, Pricing, RoleDeclared};
use tierline_domain::partner::{Account, PartnerType, Tenant};
use tierline_domain::subscription::{Subscription, SubscriptionState};
use tierline_domain::time::{Date, Timestamp, add_days};
use tierline_rules::facts::{Alignment, CartFact, Ceiling, Facts, Purchase, Tier};
use tierline_rules::{Checkpoint, regions};
use tierline_store::holdings::Held;
use tierline_store::{Tx, Value, tables};

use crate::actor::Acting;
use crate::billing::fx;
use crate::charges;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::names::{self, by_id};
use crate::prices;
use crate::promotion::{Wanted, covers, fit};
use crate::{facts, kinship};

/// Most subscriptions of one tenant (ORD-040, Q-26).
const TENANT_CEILING: i64 = 300;

/// Everything one line is decided on.
pub(crate) struct Deal<'a> {
    pub(crate) seller: &'a Account,
    pub(crate) customer: &'a Tenant,
    pub(crate) item: &'a Item,
    pub(crate) line: &'a Line,
    pub(crate) role: RoleDeclared,
    pub(crate) cart: Option<CartFact>,
    pub(crate) without_cart: bool,
}

pub(crate) async fn deal_facts(
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
    let record = facts::Record::of(tx, deal.customer).await?;
    let buyer = facts::buyer(tx, deal.customer, provider, today).await?;
    found.relation = Some(facts::relation(tx, deal.seller, deal.customer).await?);
    if let Some(named) = &named {
        found.other_relation = Some(facts::relation(tx, named, deal.customer).await?);
    }
    found.attested = record.attested(deal.seller.id);
    let mut sellers = Vec::with_capacity(2);
    match &named {
        Some(named) => sellers.extend([(deal.seller, Tier::Provider), (named, Tier::Reseller)]),
        None => sellers.push((deal.seller, Tier::Only)),
    }
    found.kinship = kinship::of(tx, deal.customer, &sellers, today).await?;
    found.exclusivity = facts::exclusivity(tx, deal.seller, deal.customer, ctx.now).await?;
    found.expansion = facts::expansion(tx, deal.seller, &buyer, today).await?;
    let mut purchase = purchase(ctx, tx, &deal, &record.held).await?;
    let end = purchase
        .alignment
        .as_ref()
        .and_then(|alignment| alignment.day);
    // What no item allows has no price either (ORD-019).
    let possible = (deal.item.min_quantity..=deal.item.max_quantity).contains(&deal.line.quantity);
    let cost = if possible {
        first_charge(tx, &deal, end, ctx.now).await?
    } else {
        None
    };
    purchase.cost_usd = match cost {
        Some(cost) => Some(fx::in_dollars(tx, cost, today).await?),
        None => None,
    };
    found.credit = match cost {
        Some(cost) if deal.seller.kind.is_billed() => {
            facts::credit(tx, deal.seller, cost, today).await?
        }
        _ => None,
    };
    found.purchase = Some(purchase);
    found.buyer = Some(buyer);
    Ok(found)
}

/// Subscriptions of a customer with their items.
async fn estate(
    tx: &mut Tx<'_>,
    customer: &Tenant,
) -> Result<Vec<(Arc<Subscription>, Arc<Item>)>, AppError> {
    let key = [Value::Id(customer.id.uuid())];
    let held = tx
        .look_for::<Subscription>(tables::subscriptions::BY_CUSTOMER, &key)
        .await?;
    let mut estate = Vec::with_capacity(held.len());
    for subscription in held.iter() {
        let item = names::seen::<Item, _>(tx, subscription.item).await?;
        estate.push((Arc::clone(subscription), item));
    }
    Ok(estate)
}

const fn live(state: SubscriptionState) -> bool {
    matches!(
        state,
        SubscriptionState::Active | SubscriptionState::Suspended | SubscriptionState::Expired
    )
}

/// The subscription of the customer that a line names as its base, with its item.
async fn parent(
    tx: &mut Tx<'_>,
    customer: &Tenant,
    name: &str,
) -> Result<Option<(Subscription, Item)>, AppError> {
    let Some(named) = names::subscription(tx, name).await? else {
        return Ok(None);
    };
    if named.customer != customer.id {
        return Ok(None);
    }
    let item = by_id::<Item, _>(tx, named.item).await?;
    Ok(Some((named, item)))
}

fn total(quantities: impl Iterator<Item = i64>) -> i64 {
    quantities.fold(0, i64::saturating_add)
}

#[expect(clippy::too_many_lines, reason = "one value with every fact of a line")]
async fn purchase(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    deal: &Deal<'_>,
    held: &[(Held, Arc<Item>)],
) -> Result<Purchase, AppError> {
    let (item, line, today) = (deal.item, deal.line, ctx.now.date());
    let same_item = || held.iter().filter(|(_, of)| of.id == item.id);
    let base: Vec<_> = held
        .iter()
        .filter(|(sub, of)| {
            sub.state == SubscriptionState::Active && item.prerequisites.contains(&of.handle)
        })
        .collect();
    let base_seats = total(base.iter().map(|(sub, _)| sub.seats));
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
    let parent = match &line.parent {
        Some(name) => parent(tx, deal.customer, name).await?,
        None => None,
    };
    let fitting_parent = |running: &dyn Fn(SubscriptionState) -> bool| match &line.parent {
        Some(_) => parent
            .iter()
            .any(|(sub, of)| running(sub.state) && item.prerequisites.contains(&of.handle)),
        None => held
            .iter()
            .any(|(sub, of)| running(sub.state) && item.prerequisites.contains(&of.handle)),
    };
    let traditional_add_on =
        item.kind == ItemKind::AddOn && item.generation == Generation::Traditional;
    let parent_fits =
        traditional_add_on.then(|| fitting_parent(&|state| state == SubscriptionState::Active));
    let parent_inactive = parent_fits == Some(false) && fitting_parent(&|_| true);
    let alignment = if line.custom_end.is_none() && line.align_with.is_none() {
        None
    } else {
        let running = estate(tx, deal.customer).await?;
        Some(alignment(deal, &running, today))
    };
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
                    .filter(|(sub, _)| live(sub.state))
                    .map(|(sub, _)| sub.seats),
            ),
            asked: line.quantity,
        }),
        prerequisites: item.prerequisites.clone(),
        prerequisite_owned: !base.is_empty(),
        least_of_base: item
            .percent_of_base
            .map(|percent| ceil_percent(base_seats, percent)),
        trial_of: item.trial_of.clone(),
        trial_used: item.kind == ItemKind::Trial
            && (same_item().next().is_some() || had_trial(tx, deal.customer, item).await?),
        trial_item_owned: item.trial_of.as_ref().is_some_and(|paid| {
            held.iter()
                .any(|(sub, of)| of.handle == *paid && live(sub.state))
        }),
        concurrent: item.concurrent_limit.map(|limit| Ceiling {
            limit,
            used: total(
                same_item()
                    .filter(|(sub, _)| !sub.deprovisioned)
                    .map(|(sub, _)| sub.subscriptions),
            ),
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
        other_currency: other_currency(held, item, deal.seller, currency, today),
        alignment,
        cost_usd: None,
        cart: deal.cart.clone(),
        plan_active: own_plan && own_usage,
        plan_owned: plans().any(|(sub, _)| live(sub.state)),
        parent: parent.map(|(sub, _)| (sub.handle, sub.state)),
        parent_fits,
        parent_inactive,
        trial_excluded: item.kind == ItemKind::Trial && trial_excluded(tx, item).await?,
        plan_state: plans()
            .filter(|(sub, _)| sub.seller == Some(deal.seller.id))
            .map(|(sub, _)| sub.state)
            .min(),
        without_cart: deal.without_cart,
    })
}

/// Whether the customer had a trial that has become something else, whatever became of that (ORD-025).
async fn had_trial(tx: &mut Tx<'_>, customer: &Tenant, trial: &Item) -> Result<bool, AppError> {
    let key = [Value::Id(customer.id.uuid())];
    let held = tx
        .find::<Subscription>(tables::subscriptions::BY_CUSTOMER, &key)
        .await?;
    Ok(held.iter().any(|held| held.trial == Some(trial.id)))
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
    held: &[(Held, Arc<Item>)],
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
        .find(|(sub, of)| counted(of) && live(sub.state) && sub.currency != currency)
        .map(|(sub, _)| sub.currency)
}

/// What a new purchase may end with: what the seller sold and runs, of new commerce and paid (ORD-030).
fn alignable(seller: &Account, sub: &Subscription, of: &Item) -> bool {
    sub.seller == Some(seller.id)
        && sub.state == SubscriptionState::Active
        && of.generation == Generation::NewCommerce
        && of.kind != ItemKind::Trial
}

/// A custom end that a purchase may choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomEnd {
    /// The last day.
    pub day: Date,
    /// It is the end of a calendar month.
    pub of_month: bool,
    /// The subscriptions that end, or will end, with it.
    pub with: Vec<Subscription>,
}

/// The custom ends from which a purchase of a term may choose that begins on a day (ORD-030, ORD-031), by date.
///
/// # Errors
/// When the store fails.
pub async fn custom_ends(
    tx: &mut Tx<'_>,
    seller: &Account,
    customer: &Tenant,
    term: Term,
    start: Date,
) -> Result<Vec<CustomEnd>, AppError> {
    let Some(first_term_end) = term.last_day(start) else {
        return Ok(Vec::new());
    };
    let mut ends: BTreeMap<Date, CustomEnd> = BTreeMap::new();
    let end = |day| CustomEnd {
        day,
        of_month: false,
        with: Vec::new(),
    };
    if let Some(day) = last_month_end(start, first_term_end) {
        ends.entry(day).or_insert_with(|| end(day)).of_month = true;
    }
    for (sub, of) in estate(tx, customer).await? {
        if !alignable(seller, &sub, &of) {
            continue;
        }
        for day in later_ends(&sub, term, start, first_term_end) {
            if fits(term, sub.term, day) {
                let end = ends.entry(day).or_insert_with(|| end(day));
                end.with.push(Subscription::clone(&sub));
            }
        }
    }
    Ok(ends.into_values().collect())
}

/// ORD-030 and ORD-031: the admissible custom ends, and whether the one asked for is among them.
fn alignment(deal: &Deal<'_>, held: &[(Arc<Subscription>, Arc<Item>)], today: Date) -> Alignment {
    let line = deal.line;
    let own = |sub: &Subscription, of: &Item| alignable(deal.seller, sub, of);
    let with = line.align_with.as_ref().map(|name| {
        held.iter()
            .find(|(sub, _)| sub.handle == *name || sub.id.to_string() == *name)
    });
    let with_own = with.is_none_or(|found| found.is_some_and(|(sub, of)| own(sub, of)));
    let Some(first_term_end) = line.term.last_day(today) else {
        // What has no term has no end to choose (ORD-032).
        return Alignment {
            day: line.custom_end,
            with: line.align_with.clone(),
            with_own,
            admissible: with_own,
            terms_fit: true,
            choices: Vec::new(),
        };
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
    Alignment {
        day,
        with: line.align_with.clone(),
        with_own,
        admissible: day.is_some_and(|day| choices.contains(&day)) && with_own,
        terms_fit,
        choices,
    }
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

/// The price per seat for a whole term for this seller today.
///
/// # Errors
/// When the store fails.
pub async fn unit_price(
    tx: &mut Tx<'_>,
    seller: &Account,
    customer: Id<Tenant>,
    item: &Item,
    line: &Line,
    today: Date,
) -> Result<Option<Money>, AppError> {
    if let Some(commitment) = &line.details.commitment {
        // What a savings plan costs is what it promises to spend.
        return Ok(Some(commitment.price(line.term)?));
    }
    let currency = line
        .currency
        .unwrap_or_else(|| facts::billing_currency(seller, item));
    prices::list_price(tx, item, customer, line.term, currency, today).await
}

/// Prices of one unit over the term bought: the list's, after a promotion, and for what a chosen end leaves.
///
/// # Errors
/// When the store fails or an amount overflows.
pub async fn pricing(
    tx: &mut Tx<'_>,
    list: Option<Money>,
    percent_off: i64,
    line: &Line,
    end: Option<Date>,
    today: Date,
) -> Result<Option<Pricing>, AppError> {
    let Some(list) = list else {
        return Ok(None);
    };
    let rest = 100_i64.saturating_sub(percent_off);
    let discounted = list.share(rest, 100, Rounding::Cut)?;
    let prorated = match end {
        None => discounted,
        Some(end) => {
            let running = Running {
                start: today,
                end: Some(end),
                term: line.term,
                frequency: Frequency::OneTime,
            };
            let cut = Cut::Line.in_mode(charges::rounding(tx).await?);
            prorate::charge(discounted, &running, &running.on(today), today, 1, cut)?
        }
    };
    Ok(Some(Pricing {
        list,
        discounted,
        prorated,
    }))
}

async fn first_charge(
    tx: &mut Tx<'_>,
    deal: &Deal<'_>,
    end: Option<Date>,
    now: Timestamp,
) -> Result<Option<Money>, AppError> {
    let (line, today) = (deal.line, now.date());
    let price = unit_price(tx, deal.seller, deal.customer.id, deal.item, line, today);
    let Some(price) = price.await? else {
        return Ok(None);
    };
    let running = Running {
        start: today,
        end: end.or_else(|| line.term.last_day(today)),
        term: line.term,
        frequency: line.frequency,
    };
    let first = running.on(today);
    let cut = Cut::Line.in_mode(charges::rounding(tx).await?);
    let amount = prorate::charge(price, &running, &first, today, line.quantity, cut)?;
    Ok(Some(amount))
}

/// The deepest discount that fits a line (ORD-033, ORD-042, ORD-045).
pub(crate) async fn promotion(
    tx: &mut Tx<'_>,
    item: &Item,
    customer: Id<Tenant>,
    line: &Line,
    today: Date,
) -> Result<Option<Promotion>, AppError> {
    let wanted = Wanted {
        customer,
        quantity: line.quantity,
        term: Some(line.term),
        frequency: Some(line.frequency),
        today,
    };
    for promotion in tx
        .find::<Promotion>(tables::promotions::BY_ITEM, &[Value::Id(item.id.uuid())])
        .await?
    {
        if fit(tx, &promotion, item, &wanted).await?.reasons.is_empty() {
            return Ok(Some(promotion));
        }
    }
    Ok(None)
}

/// A promotion that was wished for, where a subscription qualifies for it as it is now.
pub(crate) async fn fitting(
    tx: &mut Tx<'_>,
    item: &Item,
    row: &Subscription,
    wished: Option<Id<Promotion>>,
    today: Date,
) -> Result<Option<Id<Promotion>>, AppError> {
    let Some(wished) = wished else {
        return Ok(None);
    };
    let promotion: Promotion = names::by_id(tx, wished).await?;
    let wanted = wanted(row, today);
    let fits = fit(tx, &promotion, item, &wanted).await?.reasons.is_empty();
    Ok(fits.then_some(wished))
}

fn wanted(row: &Subscription, today: Date) -> Wanted {
    Wanted {
        customer: row.customer,
        quantity: row.quantity,
        term: Some(row.term),
        frequency: Some(row.frequency),
        today,
    }
}

/// The promotion that a running subscription has with its term and frequency as they are now: the one that it carries
/// where that still covers them, else another one for which it qualifies (SUB-025).
pub(crate) async fn requalified(
    tx: &mut Tx<'_>,
    item: &Item,
    row: &Subscription,
    today: Date,
) -> Result<Option<Id<Promotion>>, AppError> {
    let wanted = wanted(row, today);
    let of_item = tx
        .find::<Promotion>(tables::promotions::BY_ITEM, &[Value::Id(item.id.uuid())])
        .await?;
    for promotion in &of_item {
        if row.promotion == Some(promotion.id) && covers(tx, promotion, &wanted).await? {
            return Ok(row.promotion);
        }
    }
    for promotion in &of_item {
        let other = row.promotion != Some(promotion.id);
        if other && fit(tx, promotion, item, &wanted).await?.reasons.is_empty() {
            return Ok(Some(promotion.id));
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

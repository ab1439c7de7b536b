//! Section 8.1: carts and orders. What may be bought, in which form, by whom, for whom.

use tierline_domain::catalog::{Generation, ItemKind, Publisher};
use tierline_domain::customer::Segment;
use tierline_domain::partner::{AccountState, PartnerType};
use tierline_domain::place::Country;
use tierline_domain::time::add_days;

use super::SALE;
use crate::facts::{
    Alignment, Buyer, CartFact, Checkpoint as C, Checkpoints, Facts, Named, Party, Purchase,
    Transition,
};
use crate::registry::{Shown, claim, shown, shown_of};

pub mod carts;
pub mod items;
pub mod orders;

/// Whatever touches a cart that exists.
const CART: Checkpoints = Checkpoints::of(&[C::CreateCart, C::CheckoutCart]);
const CART_CHECKOUT: Checkpoints = Checkpoints::of(&[C::CheckoutCart]);
/// Whatever changes a cart or an order.
const CART_OR_ORDER: Checkpoints = CART.and(Checkpoints::of(&[C::UpdateSubscription]));
const REVIEW: Checkpoints = Checkpoints::of(&[C::UploadDocument]);
/// Where a partner of record is put on a line or a subscription.
const RECORD: Checkpoints = SALE.and(Checkpoints::of(&[C::SetPartnerOfRecord]));
/// A reseller asks its provider for a purchase: its form is judged when it asks.
const REQUEST: Checkpoints = Checkpoints::of(&[C::RequestOrder]);
const SEATS: Checkpoints = Checkpoints::of(&[C::ChangeQuantity]);
const CONVERT: Checkpoints = Checkpoints::of(&[C::ConvertTrial]);
const SCHEDULE: Checkpoints = Checkpoints::of(&[C::ScheduleChange]);
const TERM: Checkpoints = Checkpoints::of(&[C::ChangeTerm]);
const UPGRADE: Checkpoints = Checkpoints::of(&[C::Upgrade]);
/// Further resellers of one line (ORD-016).
const FURTHER_RESELLERS: usize = 5;
/// Days a cart lives (ORD-002).
const CART_DAYS: i32 = 7;
const BRAZIL: Country = Country::new(*b"BR");

fn purchase(f: &Facts) -> Option<&Purchase> {
    f.purchase.as_ref()
}

fn line(f: &Facts, fails: fn(&Purchase) -> bool) -> bool {
    f.purchase.as_ref().is_some_and(fails)
}

fn cart(f: &Facts) -> Option<&CartFact> {
    purchase(f).and_then(|purchase| purchase.cart.as_ref())
}

/// A provider's own PartnerID stands where the reseller's belongs.
pub(super) fn names_provider(f: &Facts) -> bool {
    f.named
        .party()
        .is_some_and(|party| party.kind == PartnerType::IndirectProvider)
}

fn by_provider(f: &Facts) -> bool {
    f.actor_is(PartnerType::IndirectProvider)
}

fn participants(f: &Facts) -> bool {
    f.named.is_some() || line(f, |line| !line.further_resellers.is_empty())
}

fn further(f: &Facts) -> &[Named] {
    purchase(f).map_or(&[], |purchase| purchase.further_resellers.as_slice())
}

/// A further reseller that exists, is one, and may still be named.
fn valid_reseller(named: &Named) -> bool {
    named.party().is_some_and(|party| {
        party.acts_as_reseller
            && party.location.is_some()
            && !matches!(
                party.state,
                AccountState::NotEnrolled
                    | AccountState::Deauthorized
                    | AccountState::Terminated
                    | AccountState::Rejected
            )
    })
}

fn unsigned(named: &Named) -> Option<&Party> {
    named.party().filter(|party| !party.signed)
}

/// The segment that decides what a customer may be sold (ORD-008): a state-owned entity counts as
/// commercial unless it is education or government community cloud as well.
fn buying_as(buyer: &Buyer) -> Segment {
    match buyer.segment {
        Segment::Nonprofit if buyer.state_owned => Segment::Commercial,
        segment => segment,
    }
}

fn segment_fits(customer: Segment, offer: Segment) -> bool {
    offer == customer
        || (offer == Segment::Commercial && customer != Segment::GovernmentCommunityCloud)
}

fn wrong_segment(f: &Facts) -> bool {
    purchase(f)
        .zip(f.buyer.as_ref())
        .is_some_and(|(line, buyer)| !segment_fits(buying_as(buyer), line.segment))
}

fn transition(f: &Facts) -> Option<&Transition> {
    f.subscription
        .as_ref()
        .filter(|subscription| subscription.own)
        .and_then(|subscription| subscription.transition.as_deref())
}

/// The frequency asked for is longer than the term.
fn longer_than_term(f: &Facts) -> bool {
    line(f, |line| !line.term.admits(line.frequency))
        || f.subscription.as_ref().is_some_and(|subscription| {
            subscription
                .new_term
                .zip(subscription.new_frequency)
                .is_some_and(|(term, (frequency, _))| !term.admits(frequency))
        })
}

/// The frequency asked for is one of the new term's.
fn offered(f: &Facts) -> bool {
    f.subscription
        .as_ref()
        .and_then(|subscription| subscription.new_frequency)
        .is_none_or(|(_, offered)| offered)
}

fn sale_ended(f: &Facts) -> bool {
    let day = match (&f.purchase, &f.subscription) {
        (Some(line), _) => line.end_of_sale,
        (None, Some(subscription)) => subscription.end_of_sale,
        (None, None) => None,
    };
    day.is_some_and(|day| f.today > day)
}

fn show_end_of_sale(f: &Facts) -> Vec<Shown> {
    let item = match (&f.purchase, &f.subscription) {
        (Some(line), _) => Some((line.item.as_str(), line.end_of_sale)),
        (None, Some(subscription)) => Some((subscription.item.as_str(), subscription.end_of_sale)),
        (None, None) => None,
    };
    item.map_or_else(Vec::new, |(item, day)| {
        let mut facts = vec![claim("failed condition", "on sale"), shown("item", item)];
        facts.extend(day.map(|day| shown("end of sale", day)));
        facts
    })
}

/// A currency that is neither the partner's nor the customer's. Brazil's traditional licences are
/// billed in US dollars (REG-021), which is a currency of the partner as well.
fn foreign_currency(f: &Facts) -> bool {
    let Some(line) = &f.purchase else {
        return false;
    };
    let Some(asked) = line.currency else {
        return false;
    };
    let of_actor = f.actor.as_ref().and_then(|actor| actor.currency);
    let of_buyer = f.buyer.as_ref().and_then(|buyer| buyer.currency);
    let brazilian = asked.as_str() == "USD"
        && line.generation == Generation::Traditional
        && f.actor
            .as_ref()
            .is_some_and(|actor| actor.country == BRAZIL);
    Some(asked) != of_actor && Some(asked) != of_buyer && !brazilian
}

fn alignment(f: &Facts) -> Option<&Alignment> {
    purchase(f).and_then(|purchase| purchase.alignment.as_ref())
}

/// Trials, software, reservations and third parties' items keep their own end (ORD-032).
fn cannot_align(line: &Purchase) -> bool {
    line.publisher == Publisher::ThirdParty
        || matches!(
            line.kind,
            ItemKind::Trial
                | ItemKind::SoftwareSubscription
                | ItemKind::PerpetualSoftware
                | ItemKind::Reservation
                | ItemKind::Marketplace
        )
}

fn show_alignment(f: &Facts) -> Vec<Shown> {
    let Some(alignment) = alignment(f) else {
        return Vec::new();
    };
    let mut facts: Vec<Shown> = Vec::new();
    facts.extend(alignment.day.map(|day| shown("end date asked for", day)));
    facts.extend(
        alignment
            .with
            .as_ref()
            .map(|with| shown("subscription to end with", with)),
    );
    let choices: Vec<String> = alignment.choices.iter().map(ToString::to_string).collect();
    let choices = if choices.is_empty() {
        "none".to_owned()
    } else {
        choices.join(", ")
    };
    facts.push(shown("dates that can be chosen", choices));
    facts
}

fn show_line(f: &Facts) -> Vec<Shown> {
    purchase(f)
        .map(|line| shown("item", format!("{} ({})", line.item, line.kind)))
        .into_iter()
        .collect()
}

/// The line, or the item and the term that a subscription shall have.
fn show_becoming(f: &Facts) -> Vec<Shown> {
    let mut facts = show_line(f);
    if let Some((subscription, change)) = f.subscription.as_ref().zip(transition(f)) {
        facts.push(shown("item", &change.to));
        let term = subscription.new_term.unwrap_or(subscription.term);
        facts.push(shown("term", term));
    }
    facts
}

fn show_parent(f: &Facts) -> Vec<Shown> {
    let mut facts = show_line(f);
    facts.extend(
        purchase(f)
            .and_then(|line| line.parent.as_ref())
            .map(|(name, state)| shown("parent", format!("{name} ({state})"))),
    );
    facts
}

fn show_quantity(f: &Facts) -> Vec<Shown> {
    let Some(line) = purchase(f) else {
        return Vec::new();
    };
    vec![
        shown("item", &line.item),
        shown("quantity asked for", line.quantity),
        shown(
            "allowed",
            format!("{} to {}", line.min_quantity, line.max_quantity),
        ),
    ]
}

fn show_cart(f: &Facts) -> Vec<Shown> {
    let Some(cart) = cart(f) else {
        return Vec::new();
    };
    let state = if cart.empty {
        "empty"
    } else if cart.own {
        "expired"
    } else {
        "unknown"
    };
    let mut facts = vec![shown("cart", &cart.name), shown("state", state)];
    if cart.own {
        let day = cart.created.date();
        facts.push(shown("created on", day));
        facts.push(shown("expires on", add_days(day, CART_DAYS)));
    }
    facts
}

fn show_further(f: &Facts) -> Vec<Shown> {
    let mut facts = vec![
        shown("first reseller", f.named.given().unwrap_or("none")),
        shown("further resellers", further(f).len()),
        shown("at most", FURTHER_RESELLERS),
    ];
    facts.extend(
        further(f)
            .iter()
            .filter_map(Named::given)
            .map(|given| shown("further reseller", given)),
    );
    facts
}

/// The tenant holds as many subscriptions as it may (ORD-040, TRF-023).
pub(super) fn tenant_full(f: &Facts) -> bool {
    purchase(f)
        .zip(f.buyer.as_ref())
        .is_some_and(|(line, buyer)| buyer.subscription_count >= line.tenant_ceiling)
}

pub(super) fn show_tenant_ceiling(f: &Facts) -> Vec<Shown> {
    purchase(f)
        .zip(f.buyer.as_ref())
        .map_or_else(Vec::new, |(line, buyer)| {
            vec![
                shown("tenant", &buyer.name),
                shown_of(&buyer.name, "subscriptions held", buyer.subscription_count),
                shown("limit", line.tenant_ceiling),
            ]
        })
}

/// New business that costs more than the partner's credit leaves (ORD-026, BIL-030).
pub(super) fn beyond_credit(f: &Facts) -> bool {
    f.new_business
        && f.credit
            .as_ref()
            .is_some_and(crate::facts::Credit::exceeded)
}

pub(super) fn show_credit(f: &Facts) -> Vec<Shown> {
    let partner = f.actor.iter().map(|actor| shown("partner", &actor.name));
    let amounts = f.credit.iter().flat_map(|credit| {
        [
            shown("available", credit.available),
            shown("required", credit.required),
        ]
    });
    partner.chain(amounts).collect()
}

fn show_trial(f: &Facts) -> Vec<Shown> {
    let Some(line) = purchase(f) else {
        return Vec::new();
    };
    let mut facts = vec![shown("trial", &line.item)];
    facts.extend(
        line.trial_of
            .as_ref()
            .map(|paid| shown("item it is a trial of", paid)),
    );
    facts.extend(f.buyer.iter().map(|buyer| shown("customer", &buyer.name)));
    facts
}

fn trial(f: &Facts, fails: fn(&Purchase) -> bool) -> bool {
    purchase(f).is_some_and(|line| line.kind == ItemKind::Trial && fails(line))
}

fn with(mut facts: Vec<Shown>, label: &str, value: impl ToString) -> Vec<Shown> {
    facts.push(shown(label, value));
    facts
}

fn promotion_exceeded(f: &Facts) -> bool {
    f.new_business
        && f.subscription
            .as_ref()
            .and_then(|subscription| subscription.promotion)
            .is_some_and(crate::facts::Ceiling::exceeded)
}

fn add_on(f: &Facts, generation: Generation) -> Option<&Purchase> {
    purchase(f).filter(|line| line.kind == ItemKind::AddOn && line.generation == generation)
}

#[cfg(test)]
mod tests;

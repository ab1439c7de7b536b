//! Section 8.2: the life of a subscription. What its seller may still change, and until when.
//!
//! A caller that did not sell the subscription is answered by TXN-204 alone; nothing here looks further.

use tierline_domain::catalog::{Frequency, Generation, ItemKind, Term};
use tierline_domain::subscription::SubscriptionState as S;
use tierline_domain::time::{Period, Timestamp};

use crate::facts::{
    Checkpoint as C, Checkpoints, Facts, OverageFact, SubscriptionFact, Transition,
    TransitionTarget,
};
use crate::registry::{Answer, Shown, claim, documented, shown};

pub mod limits;
pub mod states;
pub mod transitions;

const CANCEL: Checkpoints = Checkpoints::of(&[C::Cancel]);
const SEATS: Checkpoints = Checkpoints::of(&[C::ChangeQuantity]);
const REACTIVATE: Checkpoints = Checkpoints::of(&[C::Reactivate]);
const FREQUENCY: Checkpoints = Checkpoints::of(&[C::ChangeFrequency]);
const SCHEDULE: Checkpoints = Checkpoints::of(&[C::ScheduleChange]);
const RENEWAL: Checkpoints = Checkpoints::of(&[C::SetRenewal]);
const RECORD: Checkpoints = Checkpoints::of(&[C::SetPartnerOfRecord]);
/// Changes that count as updates of the resource (SUB-035, SUB-038): all but its end.
const UPDATES: Checkpoints = Checkpoints::of(&[
    C::ChangeQuantity,
    C::Suspend,
    C::Reactivate,
    C::SetRenewal,
    C::ScheduleChange,
    C::ChangeFrequency,
    C::ChangeTerm,
    C::Upgrade,
    C::ConvertTrial,
    C::SetPartnerOfRecord,
    C::UpdateSubscription,
]);
/// What is read-only while a renewal is queued (SUB-018).
const QUEUED: Checkpoints = Checkpoints::of(&[
    C::SetRenewal,
    C::ScheduleChange,
    C::Suspend,
    C::Reactivate,
    C::UpdateSubscription,
]);
/// What may be changed of a trial: nothing but its renewal and its conversion (SUB-024).
const TRIAL: Checkpoints = Checkpoints::of(&[
    C::ChangeQuantity,
    C::ChangeTerm,
    C::ChangeFrequency,
    C::Suspend,
    C::Reactivate,
    C::Cancel,
]);
const UPGRADE: Checkpoints = Checkpoints::of(&[C::Upgrade]);
const CONVERT: Checkpoints = Checkpoints::of(&[C::ConvertTrial]);
const MIGRATE: Checkpoints = Checkpoints::of(&[C::Migrate]);
const OVERAGE: Checkpoints = Checkpoints::of(&[C::SetOverage]);
/// What goes into another subscription.
const INTO: Checkpoints = UPGRADE.and(CONVERT);
/// Most updates in a subscription's life (SUB-035).
const UPDATES_MAX: i64 = 1_200;
/// Months of an offer that is never cancelled nor renewed (SUB-046).
const SIX_YEARS: Term = Term::Months(72);

fn own(f: &Facts) -> Option<&SubscriptionFact> {
    f.subscription
        .as_deref()
        .filter(|subscription| subscription.own)
}

fn is(f: &Facts, fails: fn(&SubscriptionFact) -> bool) -> bool {
    own(f).is_some_and(fails)
}

fn live(subscription: &SubscriptionFact) -> bool {
    matches!(subscription.state, S::Active | S::Suspended)
}

/// States in which a command makes sense; the specific rules say why not in the others.
fn admitting(f: &Facts) -> &'static [S] {
    match f.checkpoint {
        C::Cancel => &[S::Active, S::Suspended],
        C::Reactivate => &[S::Suspended],
        C::SetRenewal
            if own(f).is_some_and(|subscription| subscription.new_renewal == Some(false)) =>
        {
            &[S::Active, S::Suspended]
        }
        C::UpdateSubscription if f.form.registers || f.form.activates => &[S::Active],
        C::UpdateSubscription | C::SetPartnerOfRecord => &[S::Active, S::Suspended, S::Disabled],
        _ => &[S::Active],
    }
}

fn show(f: &Facts) -> Vec<Shown> {
    own(f).map_or_else(Vec::new, |subscription| {
        vec![
            shown("subscription", &subscription.name),
            shown("current state", subscription.state),
        ]
    })
}

fn show_states(f: &Facts) -> Vec<Shown> {
    let mut facts = show(f);
    let states: Vec<&str> = admitting(f).iter().map(|state| state.as_str()).collect();
    facts.push(shown("states that allow the command", states.join(", ")));
    facts
}

fn with(mut facts: Vec<Shown>, label: &str, value: impl ToString) -> Vec<Shown> {
    facts.push(shown(label, value));
    facts
}

/// A day, and beside it the very instant: windows end at instants (SUB-047).
fn day_and_instant(at: Timestamp) -> String {
    format!("{} ({at})", at.date())
}

fn show_window(f: &Facts) -> Vec<Shown> {
    let mut facts = show(f);
    if let Some(until) = own(f).and_then(|subscription| subscription.cancel_until) {
        facts.push(claim("window ended on", day_and_instant(until)));
    }
    facts
}

fn show_term_end(f: &Facts) -> Vec<Shown> {
    let mut facts = show(f);
    facts.extend(
        own(f)
            .and_then(|subscription| subscription.term_end)
            .map(|day| claim("term ended on", day)),
    );
    facts
}

fn show_seats(f: &Facts) -> Vec<Shown> {
    let Some(subscription) = own(f) else {
        return Vec::new();
    };
    let mut facts = vec![
        shown("subscription", &subscription.name),
        shown("seats now", subscription.quantity),
        shown("can still be reduced by", reducible(subscription)),
    ];
    for (quantity, until) in &subscription.reducible {
        facts.push(shown(
            &format!("{quantity} of them until"),
            day_and_instant(*until),
        ));
    }
    facts
}

/// The window for cancelling is over; only where cancelling knows one and the state would allow it.
fn window_over(f: &Facts) -> bool {
    own(f).is_some_and(|subscription| {
        live(subscription)
            && subscription
                .cancel_until
                .is_some_and(|until| f.now >= until)
    })
}

fn licence(subscription: &SubscriptionFact) -> bool {
    subscription.generation == Generation::NewCommerce
        && matches!(subscription.kind, ItemKind::Licence | ItemKind::AddOn)
}

fn software(subscription: &SubscriptionFact) -> bool {
    matches!(
        subscription.kind,
        ItemKind::SoftwareSubscription | ItemKind::PerpetualSoftware
    )
}

/// Seats that a change would take away.
fn taken(subscription: &SubscriptionFact) -> i64 {
    subscription.new_quantity.map_or(0, |wanted| {
        subscription.quantity.saturating_sub(wanted).max(0)
    })
}

fn added(subscription: &SubscriptionFact) -> i64 {
    subscription.new_quantity.map_or(0, |wanted| {
        wanted.saturating_sub(subscription.quantity).max(0)
    })
}

fn reducible(subscription: &SubscriptionFact) -> i64 {
    subscription
        .reducible
        .iter()
        .fold(0_i64, |sum, (quantity, _)| sum.saturating_add(*quantity))
}

/// More seats than those whose windows are open; traditional seats know no window (BIL-046).
fn too_many_taken(subscription: &SubscriptionFact) -> bool {
    subscription.generation == Generation::NewCommerce
        && taken(subscription) > reducible(subscription)
}

/// The days a suspended subscription spends disabled before the ninety (SUB-014).
fn disabled_days(f: &Facts, subscription: &SubscriptionFact) -> Option<i32> {
    let end = subscription.term_end?;
    f.today.since(end).ok().map(|span| span.get_days())
}

fn cancellation(f: &Facts) -> Answer {
    let hours = own(f).is_some_and(|subscription| subscription.kind == ItemKind::Marketplace);
    documented(400, if hours { 900_213 } else { 900_117 })
}

/// Mid-term changes of frequency (the table after SUB-052): three years between monthly and annual.
fn frequency_fixed(subscription: &SubscriptionFact) -> bool {
    let Some((wanted, _)) = subscription.new_frequency else {
        return false;
    };
    let movable = |frequency| matches!(frequency, Frequency::Monthly | Frequency::Annual);
    subscription.generation == Generation::NewCommerce
        && wanted != subscription.frequency
        && !(subscription.term == Term::THREE_YEARS
            && movable(subscription.frequency)
            && movable(wanted))
}

/// A traditional change concerns the whole order.
fn traditional_change(f: &Facts) -> Option<&SubscriptionFact> {
    own(f).filter(|subscription| {
        subscription.generation == Generation::Traditional && subscription.new_frequency.is_some()
    })
}

fn transition(f: &Facts) -> Option<&Transition> {
    own(f).and_then(|subscription| subscription.transition.as_deref())
}

/// What an upgrade or an early conversion goes into.
fn target(f: &Facts) -> Option<(&SubscriptionFact, &Transition, &TransitionTarget)> {
    let source = own(f)?;
    let change = source.transition.as_deref()?;
    Some((source, change, change.target.as_ref()?))
}

fn into(f: &Facts, fails: fn(&SubscriptionFact, &Transition, &TransitionTarget) -> bool) -> bool {
    target(f).is_some_and(|(source, change, target)| fails(source, change, target))
}

/// Which condition of the target fails.
fn show_target(f: &Facts, condition: &str) -> Vec<Shown> {
    let mut facts = show(f);
    if let Some((_, change, target)) = target(f) {
        facts.push(claim("failed condition", condition));
        facts.push(shown(
            "target",
            format!("{} ({})", target.name, target.state),
        ));
        facts.push(shown("item of the target", &target.item));
        facts.push(shown("item asked for", &change.to));
        facts.push(shown("term of the target", target.term));
        facts.extend(target.term_end.map(|day| shown("end of the target", day)));
    }
    if let Some(day) = own(f).and_then(|source| source.term_end) {
        facts.push(shown("end of the source", day));
    }
    facts
}

/// Seats that an upgrade or conversion moves lie within what there is.
fn seats_beyond(f: &Facts) -> bool {
    own(f)
        .zip(transition(f))
        .is_some_and(|(source, change)| change.quantity < 1 || change.quantity > source.quantity)
}

fn migrating(f: &Facts, fails: fn(&SubscriptionFact) -> bool) -> bool {
    f.checkpoint == C::Migrate && is(f, fails)
}

fn show_migration(f: &Facts, condition: &str) -> Vec<Shown> {
    let mut facts = show(f);
    facts.push(claim("failed condition", condition));
    if let Some(subscription) = own(f) {
        facts.push(shown("item", &subscription.item));
        facts.push(shown("bought on", subscription.bought.date()));
        facts.extend(subscription.term_end.map(|day| shown("term ends on", day)));
    }
    facts
}

/// What a change of overage meets; a subscription of another partner is none of the caller's.
fn overage(f: &Facts) -> Option<&OverageFact> {
    f.form.overage.as_ref().filter(|_| own(f).is_some())
}

/// Less than 24 hours are left of the term (SUB-041).
fn last_day(f: &Facts) -> bool {
    own(f)
        .and_then(|subscription| subscription.term_end)
        .zip(f.now.plus(Period::days(1)).ok())
        .is_some_and(|(end, tomorrow)| tomorrow.date() > end)
}

#[cfg(test)]
mod tests;

//! Windows: what may still be taken back, and until when (SUB-002, SUB-006, SUB-037, SUB-047).

use tierline_domain::catalog::{Generation, Item, ItemKind, Term};
use tierline_domain::subscription::Subscription;
use tierline_domain::time::Timestamp;

/// 7 × 24 hours from the recorded instant.
pub const WINDOW_HOURS: i64 = 168;
/// Hours of a day.
const DAY: i64 = 24;

/// Batches whose windows are open, by the end of their window. What came out of an upgrade has none (SUB-027).
#[must_use]
pub fn reducible(subscription: &Subscription, now: Timestamp) -> Vec<(i64, Timestamp)> {
    let upgraded = subscription.upgraded;
    let mut open: Vec<(i64, Timestamp)> = subscription
        .batches
        .iter()
        .filter(|batch| batch.quantity > 0 && upgraded.is_none_or(|at| batch.at > at))
        .map(|batch| (batch.quantity, batch.at.plus_hours(WINDOW_HOURS)))
        .filter(|(_, until)| now < *until)
        .collect();
    open.sort_by_key(|(_, until)| *until);
    open
}

/// It was upgraded in the running term.
#[must_use]
pub fn upgraded(subscription: &Subscription) -> bool {
    subscription
        .upgraded
        .is_some_and(|at| subscription.renewed.is_none_or(|renewed| at > renewed))
}

/// The end of the window for cancelling; `None` where cancelling knows no window. `statutory` are the days
/// that the customer's law grants (SUB-003).
#[must_use]
pub fn cancel_until(
    subscription: &Subscription,
    item: &Item,
    statutory: Option<i64>,
) -> Option<Timestamp> {
    let since = subscription.renewed.unwrap_or(subscription.bought);
    let ours = window(item, subscription.term)?;
    let law = statutory.map_or(0, |days| days.saturating_mul(DAY));
    Some(since.plus_hours(ours.max(law)))
}

/// Hours after a purchase in which an item can be given back for the whole price; `None` where cancelling
/// knows no window.
#[must_use]
pub fn window(item: &Item, term: Term) -> Option<i64> {
    let monthly = term == Term::MONTH;
    Some(match (item.kind, item.generation) {
        (ItemKind::PerpetualSoftware, _) => 30_i64.saturating_mul(DAY),
        (ItemKind::Marketplace, _) if monthly => DAY,
        (ItemKind::Marketplace, _) => 14_i64.saturating_mul(DAY),
        (ItemKind::SoftwareSubscription, _)
        | (ItemKind::Licence | ItemKind::AddOn | ItemKind::Trial, Generation::NewCommerce) => {
            WINDOW_HOURS
        }
        _ => return None,
    })
}

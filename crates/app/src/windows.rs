//! Seven-day windows: what may still be taken back, and until when (SUB-006, SUB-047).

use tierline_domain::subscription::Subscription;
use tierline_domain::time::Timestamp;

/// 7 × 24 hours from the recorded instant.
pub const WINDOW_HOURS: i64 = 168;

/// Batches whose windows are open, by the end of their window.
#[must_use]
pub fn reducible(subscription: &Subscription, now: Timestamp) -> Vec<(i64, Timestamp)> {
    let mut open: Vec<(i64, Timestamp)> = subscription
        .batches
        .iter()
        .filter(|batch| batch.quantity > 0)
        .map(|batch| (batch.quantity, batch.at.plus_hours(WINDOW_HOURS)))
        .filter(|(_, until)| now < *until)
        .collect();
    open.sort_by_key(|(_, until)| *until);
    open
}

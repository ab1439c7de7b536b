//! Consumption: how files of usage come in, what each day of it costs and whether it earns credit, and how a month of it
//! becomes charges (sections 10.5 and 10.6, CUS-028).
//!
//! An event is kept once, by the sender's id. What a subscription used of a meter in a day is summed up when it comes, at
//! list price; the schedule rates the day with the credit that was earned on it, and books the month as one charge for each
//! meter.

use tierline_domain::time::{Date, Timestamp, add_days, add_months};

pub mod budget;
pub mod earned;
pub mod ingest;
pub mod lines;
pub mod rating;
pub mod summary;
pub mod verify;

pub use ingest::{Ingest, Recorded, Refused};
pub use lines::{Fault, Lines, Reader};

/// A day of a subscription's consumption is rated. Subject: the subscription and the day.
pub const DAY: &str = "usage_rated";
/// A month of a subscription's consumption is charged. Subject: the subscription and the first day of the month.
pub const MONTH: &str = "usage_charged";

/// Hours after a month's end for which usage of it is still taken: the last hour before its billing run.
const GRACE_HOURS: i64 = 11;

/// The instant from which no usage of a day's month is taken any more, and its charges are booked.
#[must_use]
pub fn closes(day: Date) -> Timestamp {
    Timestamp::start_of(add_months(day.first_of_month(), 1)).plus_hours(GRACE_HOURS)
}

/// The last instant of a day's month: when its consumption is booked.
#[must_use]
pub(crate) fn last_of_month(day: Date) -> Timestamp {
    let next = Timestamp::start_of(add_months(day.first_of_month(), 1));
    Timestamp::from_micros(next.as_micros().saturating_sub(1)).unwrap_or(next)
}

/// When a day is over, and its consumption can be rated.
#[must_use]
pub(crate) fn over(day: Date) -> Timestamp {
    Timestamp::start_of(add_days(day, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_booked_in_itself_and_closed_before_its_run() {
        let day: Date = "2024-02-29".parse().unwrap();
        assert_eq!(closes(day).to_string(), "2024-03-01T11:00:00Z");
        assert_eq!(
            last_of_month(day).to_string(),
            "2024-02-29T23:59:59.999999Z"
        );
        assert_eq!(over(day).to_string(), "2024-03-01T00:00:00Z");
    }
}

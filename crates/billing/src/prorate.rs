//! What part of a cycle costs: seats that come and go, cancellations, changes of item and plan.
//!
//! Everything is one fraction until it is cut, so nothing is rounded twice by accident (BIL-050).

use tierline_domain::billing::{Basis, Cut};
use tierline_domain::catalog::{Frequency, Term};
use tierline_domain::money::{Money, MoneyError};
use tierline_domain::time::Date;

use crate::basis::amount;
use crate::cycle::{Cycle, Running};

/// Months of one charge and of the term; a price that is charged once counts as one of one.
fn parts(running: &Running) -> Option<(i64, i64)> {
    match (running.frequency, running.term.months()) {
        (Frequency::None, _) => None,
        (Frequency::OneTime, _) | (_, None) => Some((1, 1)),
        (frequency, Some(term)) => Some((
            i64::from(frequency.months().unwrap_or(term)),
            i64::from(term),
        )),
    }
}

/// What is charged for so many seats from a day of a cycle to its end (BIL-040). A whole cycle costs the full price, whatever
/// its days. Nothing where nothing is ever charged.
#[must_use]
pub fn from_day(
    running: &Running,
    cycle: &Cycle,
    from: Date,
    quantity: i64,
    cut: Cut,
) -> Option<Basis> {
    let (months, of_months) = parts(running)?;
    let whole = cycle.whole && from <= cycle.start || running.term == Term::OneTime;
    let (days, of_days) = if whole {
        (1, 1)
    } else {
        (cycle.days_from(from.max(cycle.start)), cycle.days)
    };
    Some(Basis {
        quantity,
        months,
        of_months,
        days,
        of_days,
        cut,
    })
}

/// So many days of a cycle of a traditional licence, or all of it (BIL-054, BIL-055).
#[must_use]
pub fn slice(running: &Running, quantity: i64, days: i64, of_days: i64, cut: Cut) -> Option<Basis> {
    let (months, of_months) = parts(running)?;
    Some(Basis {
        quantity,
        months,
        of_months,
        days,
        of_days,
        cut,
    })
}

/// So many months of a term, cut at the unit price (BIL-052).
#[must_use]
pub const fn months(months: i64, of_months: i64, quantity: i64) -> Basis {
    Basis {
        quantity,
        months,
        of_months,
        days: 1,
        of_days: 1,
        cut: Cut::Unit,
    }
}

/// The charge for so many seats from a day of a cycle to its end (BIL-040).
///
/// # Errors
/// When the amount overflows.
pub fn charge(
    unit_price: Money,
    running: &Running,
    cycle: &Cycle,
    from: Date,
    quantity: i64,
    cut: Cut,
) -> Result<Money, MoneyError> {
    match from_day(running, cycle, from, quantity, cut) {
        Some(basis) => amount(&basis, unit_price),
        None => Ok(Money::zero(unit_price.currency)),
    }
}

/// A refund and the charge that takes its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// What is given back: negative.
    pub refund: Money,
    /// What is charged instead.
    pub charge: Money,
}

/// A change of seats: the old quantity is given back and the new one charged for the days left (BIL-041).
///
/// # Errors
/// When an amount overflows.
pub fn seat_change(
    unit_price: Money,
    running: &Running,
    on: Date,
    old: i64,
    new: i64,
) -> Result<Exchange, MoneyError> {
    let cycle = running.on(on);
    let of = |quantity| charge(unit_price, running, &cycle, on, quantity, Cut::Line);
    Ok(Exchange {
        refund: of(old)?.negated()?,
        charge: of(new)?,
    })
}

/// What a cancellation inside the window gives back: the days left, the day of cancelling included
/// (SUB-002). For software the day of cancelling is charged.
///
/// # Errors
/// When the amount overflows.
pub fn cancellation(
    unit_price: Money,
    running: &Running,
    from: Date,
    quantity: i64,
) -> Result<Money, MoneyError> {
    let cycle = running.on(from);
    charge(unit_price, running, &cycle, from, quantity, Cut::Unit)?.negated()
}

/// A change from monthly to annual billing inside a term: the rest of the running year in whole months
/// (BIL-052).
///
/// # Errors
/// When the amount overflows.
pub fn rest_of_year(yearly: Money, months_left: i64, quantity: i64) -> Result<Money, MoneyError> {
    amount(&months(months_left, 12, quantity), yearly)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(text: &str) -> Money {
        text.parse().unwrap()
    }

    fn monthly(start: &str, end: &str) -> Running {
        Running {
            start: start.parse().unwrap(),
            end: end.parse().ok(),
            term: Term::MONTH,
            frequency: Frequency::Monthly,
        }
    }

    #[test]
    fn seats_of_a_monthly_term() {
        let running = monthly("2021-06-18", "2021-07-17");
        let on = "2021-06-20".parse().unwrap();
        let change = seat_change(money("EUR 10.08"), &running, on, 10, 12).unwrap();
        assert_eq!(change.refund, money("EUR -94.08"));
        assert_eq!(change.charge, money("EUR 112.89"));
    }

    #[test]
    fn a_cancellation_cuts_the_unit_price() {
        let running = monthly("2021-07-15", "2021-08-14");
        let on = "2021-07-17".parse().unwrap();
        assert_eq!(
            cancellation(money("EUR 10.08"), &running, on, 10).unwrap(),
            money("EUR -94.20")
        );
        let at_once = "2021-07-15".parse().unwrap();
        assert_eq!(
            cancellation(money("EUR 10.08"), &running, at_once, 10).unwrap(),
            money("EUR -100.80")
        );
    }

    #[test]
    fn a_shortened_first_term_is_charged_in_part() {
        let running = Running {
            start: "2023-11-15".parse().unwrap(),
            end: "2024-06-30".parse().ok(),
            term: Term::YEAR,
            frequency: Frequency::Monthly,
        };
        let cycle = running.on(running.start);
        let first = charge(
            money("EUR 120.00"),
            &running,
            &cycle,
            cycle.start,
            10,
            Cut::Line,
        );
        assert_eq!(first.unwrap(), money("EUR 53.33"));
    }

    #[test]
    fn what_is_paid_once_or_never() {
        let mut running = monthly("2023-11-15", "2023-12-14");
        running.term = Term::OneTime;
        running.frequency = Frequency::OneTime;
        running.end = None;
        let on = "2023-11-20".parse().unwrap();
        assert_eq!(
            cancellation(money("EUR 500.00"), &running, on, 2).unwrap(),
            money("EUR -1000.00")
        );
        running.term = Term::None;
        running.frequency = Frequency::None;
        assert_eq!(
            seat_change(money("EUR 1.00"), &running, on, 1, 2)
                .unwrap()
                .charge,
            money("EUR 0.00")
        );
    }
}

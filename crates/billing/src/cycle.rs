//! Charge cycles: when they start, how many days they count, what a whole one costs.

use tierline_domain::catalog::{Frequency, Term};
use tierline_domain::money::{Money, MoneyError, Rounding};
use tierline_domain::time::{Date, add_days, add_months};

/// The charge of one whole cycle: the term's price × seats, in as many equal parts as the term has cycles
/// (BIL-044), rounded once at the end of the line (BIL-050).
///
/// # Errors
/// When the amount overflows.
pub fn full_charge(
    unit_price: Money,
    term: Term,
    frequency: Frequency,
    quantity: i64,
    rounding: Rounding,
) -> Result<Money, MoneyError> {
    match (term.months(), frequency.months()) {
        (Some(term), Some(every)) => {
            let share = quantity
                .checked_mul(i64::from(every))
                .ok_or(MoneyError::Overflow)?;
            unit_price.share(share, i64::from(term), rounding)
        }
        _ if frequency == Frequency::None => Ok(Money::zero(unit_price.currency)),
        _ => unit_price.times(quantity),
    }
}

/// A running term and how it is billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Running {
    /// The first day of the term.
    pub start: Date,
    /// Its last day, where it has one.
    pub end: Option<Date>,
    /// How long it is.
    pub term: Term,
    /// How it is billed.
    pub frequency: Frequency,
}

/// One charge cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cycle {
    /// Its first day.
    pub start: Date,
    /// Its last day.
    pub last: Date,
    /// The days that a part of it is measured against (BIL-042).
    pub days: i64,
    /// It is as long as the frequency says; a first term that was shortened begins with a part (BIL-048).
    pub whole: bool,
}

impl Cycle {
    /// Days from one of its days to its end, both included (BIL-040). A cycle that begins at the end of a short month has
    /// more days than that month (BIL-042, BIL-051); no part of it is more than the whole.
    #[must_use]
    pub fn days_from(&self, day: Date) -> i64 {
        days_between(day, self.last).min(self.days)
    }
}

/// Days from one to the other, both included.
#[must_use]
pub fn days_between(from: Date, last: Date) -> i64 {
    last.since(from)
        .map_or(0, |span| i64::from(span.get_days()).saturating_add(1))
}

impl Running {
    /// Months between two charges; a single charge covers the whole term.
    fn every(&self) -> Option<i32> {
        match self.frequency {
            Frequency::None => None,
            Frequency::OneTime => self.term.months(),
            other => other.months(),
        }
    }

    /// The day after the last one, where the term was not cut short.
    fn natural_end(&self) -> Option<Date> {
        self.term.last_day(self.start)
    }

    /// A yearly (or longer) term on a monthly plan that was bought at the month's end stays there (BIL-051).
    fn month_end(&self) -> Option<i32> {
        let long = self.term.months().is_some_and(|months| months >= 12);
        let from_end = days_between(self.start, self.start.last_of_month());
        match (long, self.frequency, from_end) {
            (true, Frequency::Monthly, 1) => Some(0),
            (true, Frequency::Monthly, 2) => Some(1),
            _ => None,
        }
    }

    /// The start of the cycle with this number, the first being zero: always counted from the term's start.
    fn nth(&self, every: i32, number: i32) -> Date {
        let plain = add_months(self.start, every.saturating_mul(number));
        match self.month_end() {
            Some(before) if number > 0 => add_days(plain.last_of_month(), before.saturating_neg()),
            _ => plain,
        }
    }

    /// Months between two charges and the end of a term that does not end by itself.
    fn custom_end(&self) -> Option<(i32, Date)> {
        let custom = self.every().zip(self.end);
        custom.filter(|(_, end)| self.natural_end() != Some(*end))
    }

    /// Starts of all cycles of the term.
    #[must_use]
    pub fn starts(&self) -> Vec<Date> {
        match self.custom_end() {
            Some((every, end)) => self.custom_starts(every, end),
            None => self.regular_starts().collect(),
        }
    }

    /// Starts of the cycles of a term that ends by itself, or never. Counted, not only compared: days kept at the month's
    /// end (BIL-051) may fall into a last month that is shorter than the first, and a term of twelve months has no
    /// thirteenth cycle.
    fn regular_starts(&self) -> impl Iterator<Item = Date> {
        let further = self.every().zip(self.end).map(|(every, end)| {
            let months = self.term.months();
            let cycles = months.map_or(i32::MAX, |months| months.checked_div(every).unwrap_or(1));
            let starts = (1..cycles).map(move |number| self.nth(every, number));
            starts.take_while(move |start| *start <= end)
        });
        std::iter::once(self.start).chain(further.into_iter().flatten())
    }

    /// Starts of the cycles of a term with a custom end: they end with it, and the first one is what is left over.
    fn custom_starts(&self, every: i32, end: Date) -> Vec<Date> {
        let after = add_days(end, 1);
        let mut starts: Vec<Date> = (1..)
            .map(|number: i32| add_months(after, every.saturating_mul(number).saturating_neg()))
            .take_while(|start| *start > self.start)
            .collect();
        starts.push(self.start);
        starts.reverse();
        starts
    }

    /// The cycle that contains a day, or the last one before it.
    #[must_use]
    pub fn on(&self, day: Date) -> Cycle {
        let (start, is_first, next) = match self.custom_end() {
            Some((every, end)) => self.around(self.custom_starts(every, end).into_iter(), day),
            None => self.around(self.regular_starts(), day),
        };
        let natural = self.every().map(|every| add_months(start, every));
        let last = match (next, self.end) {
            (Some(next), _) => add_days(next, -1),
            (None, Some(end)) => end,
            (None, None) => natural.map_or(start, |next| add_days(next, -1)),
        };
        let cut_short = is_first
            && self.end.is_some()
            && self.end != self.natural_end()
            && natural.is_some_and(|next| last < add_days(next, -1));
        Cycle {
            start,
            last,
            days: self.days_of(start),
            whole: !cut_short,
        }
    }

    /// Of the starts of cycles, in order: the last one by a day, whether it is the first of all, and the one after it.
    fn around(
        &self,
        mut starts: impl Iterator<Item = Date>,
        day: Date,
    ) -> (Date, bool, Option<Date>) {
        let first = starts.next().unwrap_or(self.start);
        let (mut start, mut is_first) = (first, true);
        for next in starts {
            if next > day {
                return (start, is_first, Some(next));
            }
            (start, is_first) = (next, false);
        }
        (start, is_first, None)
    }

    /// The days of a cycle: those of the month in which it starts, or of the year (BIL-042).
    #[must_use]
    pub fn days_of(&self, start: Date) -> i64 {
        match self.every() {
            None | Some(1) => i64::from(start.days_in_month()),
            Some(every) => days_between(start, add_days(add_months(start, every), -1)),
        }
    }
}

/// The first day of the term that ends on `end`, for something bought on a day: terms count from the day of
/// purchase, never from the end of the one before (BIL-043, Q-32).
#[must_use]
pub fn term_start(bought: Date, term: Term, end: Option<Date>) -> Date {
    let (Some(months), Some(end)) = (term.months(), end) else {
        return bought;
    };
    let after = add_days(end, 1);
    let mut number: i32 = 0;
    loop {
        let next = add_months(bought, months.saturating_mul(number.saturating_add(1)));
        if next == after {
            return add_months(bought, months.saturating_mul(number));
        }
        if next > after || number > 4_800 {
            break;
        }
        number = number.saturating_add(1);
    }
    // A custom end: the first term is what lies before it, a later one counts back from it.
    if number == 0 {
        bought
    } else {
        add_months(after, months.saturating_neg())
    }
}

/// The last day of the term after the one that ends on `end`.
#[must_use]
pub fn next_end(bought: Date, term: Term, end: Date) -> Option<Date> {
    let months = term.months()?;
    let after = add_days(end, 1);
    let start = term_start(bought, term, Some(end));
    let anchored = add_months(start, months) == after;
    // Counted from the day of purchase, so that a short month does not stick.
    let mut number: i32 = 1;
    while anchored && number < 4_800 {
        let day = add_months(bought, months.saturating_mul(number));
        if day == after {
            let next = add_months(bought, months.saturating_mul(number.saturating_add(1)));
            return Some(add_days(next, -1));
        }
        if day > after {
            break;
        }
        number = number.saturating_add(1);
    }
    term.last_day(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn a_yearly_term_has_twelve_months_whichever_day_it_begins_on() {
        for days in 0..1_461 {
            let first = add_days(day("2023-01-01"), days);
            let end = Term::YEAR.last_day(first);
            let year = Running {
                start: first,
                end,
                term: Term::YEAR,
                frequency: Frequency::Monthly,
            };
            assert_eq!(year.starts().len(), 12, "{first}");
            assert_eq!(Some(year.on(add_days(first, 364)).last), end, "{first}");
        }
    }

    #[test]
    fn no_part_of_a_cycle_is_more_than_the_whole() {
        let year = running("2026-02-28", "2027-02-27", Term::YEAR, Frequency::Monthly);
        let cycle = year.on(day("2026-03-01"));
        assert_eq!((cycle.last, cycle.days), (day("2026-03-30"), 28));
        assert_eq!(cycle.days_from(day("2026-03-01")), 28);
        assert_eq!(cycle.days_from(day("2026-03-30")), 1);
    }

    fn running(start: &str, end: &str, term: Term, frequency: Frequency) -> Running {
        Running {
            start: day(start),
            end: Some(day(end)),
            term,
            frequency,
        }
    }

    #[test]
    fn a_yearly_price_in_twelfths() {
        let price: Money = "EUR 120.00".parse().unwrap();
        let charge = |term, frequency, quantity| {
            full_charge(price, term, frequency, quantity, Rounding::Cut)
                .unwrap()
                .to_string()
        };
        assert_eq!(charge(Term::YEAR, Frequency::Monthly, 10), "EUR 100.00");
        assert_eq!(charge(Term::YEAR, Frequency::Annual, 10), "EUR 1200.00");
        assert_eq!(charge(Term::OneTime, Frequency::OneTime, 2), "EUR 240.00");
        assert_eq!(charge(Term::None, Frequency::None, 2), "EUR 0.00");
    }

    #[test]
    fn a_custom_end_leaves_a_short_first_cycle() {
        let short = running("2023-11-15", "2024-06-30", Term::YEAR, Frequency::Monthly);
        let starts = short.starts();
        assert_eq!(starts.len(), 8);
        assert_eq!(starts.first(), Some(&day("2023-11-15")));
        assert_eq!(starts.get(1), Some(&day("2023-12-01")));
        let first = short.on(day("2023-11-20"));
        assert_eq!(
            (first.last, first.days, first.whole),
            (day("2023-11-30"), 30, false)
        );
        assert_eq!(first.days_from(first.start), 16);
        assert!(short.on(day("2024-02-10")).whole);
        let upfront = running("2023-11-15", "2024-06-30", Term::YEAR, Frequency::Annual);
        let only = upfront.on(day("2023-11-15"));
        assert_eq!(
            (only.last, only.days, only.whole),
            (day("2024-06-30"), 366, false)
        );
    }

    #[test]
    fn terms_count_from_the_day_of_purchase() {
        let start = |end: &str| term_start(day("2021-01-31"), Term::MONTH, Some(day(end)));
        assert_eq!(start("2021-02-27"), day("2021-01-31"));
        assert_eq!(start("2021-03-30"), day("2021-02-28"));
        assert_eq!(start("2021-04-29"), day("2021-03-31"));
        let next = |end: &str| next_end(day("2021-01-31"), Term::MONTH, day(end)).unwrap();
        assert_eq!(next("2021-02-27"), day("2021-03-30"));
        assert_eq!(next("2021-03-30"), day("2021-04-29"));
        assert_eq!(
            next_end(day("2022-11-16"), Term::YEAR, day("2023-11-15")),
            Some(day("2024-11-15"))
        );
        // After a custom end the terms follow it.
        assert_eq!(
            next_end(day("2023-02-04"), Term::YEAR, day("2023-10-31")),
            Some(day("2024-10-31"))
        );
        assert_eq!(
            term_start(day("2023-02-04"), Term::YEAR, Some(day("2024-10-31"))),
            day("2023-11-01")
        );
        assert_eq!(
            term_start(day("2023-02-04"), Term::YEAR, Some(day("2023-10-31"))),
            day("2023-02-04")
        );
    }
}

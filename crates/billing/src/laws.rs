//! What holds of every charge, whatever its numbers.

use proptest::prelude::*;
use tierline_domain::billing::{Basis, Cut};
use tierline_domain::catalog::{Frequency, Term};
use tierline_domain::money::{Currency, Money, Rounding};
use tierline_domain::time::{Date, add_days, add_months};

use crate::basis::amount;
use crate::cycle::Running;
use crate::meter::{Decimal, split};
use crate::prorate::{cancellation, charge, seat_change};

fn euros(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

fn sum(amounts: impl IntoIterator<Item = Money>) -> i64 {
    amounts.into_iter().map(|amount| amount.minor).sum()
}

fn running(start: Date, months: u16, frequency: Frequency) -> Running {
    Running {
        start,
        end: Term::Months(months).last_day(start),
        term: Term::Months(months),
        frequency,
    }
}

/// Twelve cut months of 100.00 a year are 99.96, exactly.
#[test]
fn twelve_cut_months_of_a_hundred_are_ninety_nine_ninety_six() {
    let running = running("2024-01-10".parse().unwrap(), 12, Frequency::Monthly);
    let months = running.starts().into_iter().map(|start| {
        let cycle = running.on(start);
        charge(euros(10_000), &running, &cycle, start, 1, Cut::Line).unwrap()
    });
    assert_eq!(sum(months), 9_996);
}

/// Each day's part is the difference of two rounded sums; where nothing is to share by, the last is all of it.
#[test]
fn a_line_is_split_by_what_is_reached() {
    let minors = |amount: i64, shares: &[&str]| -> Vec<i64> {
        let shares: Vec<Decimal> = shares.iter().map(|share| share.parse().unwrap()).collect();
        let parts = split(euros(amount), &shares).unwrap();
        parts.into_iter().map(|part| part.minor).collect()
    };
    assert_eq!(minors(100, &["1", "1", "1"]), [33, 34, 33]);
    assert_eq!(minors(-100, &["1", "1", "1"]), [-33, -34, -33]);
    assert_eq!(minors(1, &["0.1", "0.3", "0.6"]), [0, 0, 1]);
    assert_eq!(minors(10, &["0", "0.00"]), [0, 10]);
    // More digits than are compared.
    let (one, two) = ("100000000000000000000.0000000001", "200000000000000000000");
    assert_eq!(minors(30_000, &[one, two]), [10_000, 20_000]);
    assert_eq!(minors(7, &[]), [0; 0]);
}

fn any_start() -> impl Strategy<Value = Date> {
    (0_i32..1_461).prop_map(|days| add_days("2023-01-01".parse().unwrap(), days))
}

proptest! {
    /// Parts of an amount come to it exactly, none is off by more than a unit, and none goes the other way.
    #[test]
    fn parts_of_an_amount_come_to_it_exactly(
        minor in -1_000_000_000_i64..1_000_000_000, shares in proptest::collection::vec((0_i128..10_i128.pow(30), 0_u32..32), 1..40),
    ) {
        // Sums of what has a whole part keep the digits of the finest.
        let shares: Vec<Decimal> = shares.into_iter().map(|(mantissa, scale)| Decimal::new(mantissa / 10_i128.pow(30 - scale.min(30)), scale)).collect();
        let parts = split(euros(minor), &shares).unwrap();
        prop_assert_eq!(parts.len(), shares.len());
        prop_assert_eq!(sum(parts.iter().copied()), minor);
        prop_assert!(parts.iter().all(|part| part.minor == 0 || (part.minor < 0) == (minor < 0)));
    }

    /// Cut lines lose less than one minor unit each, and never gain.
    #[test]
    fn cut_lines_lose_less_than_a_unit_each_and_never_gain(
        start in any_start(), minor in 1_i64..10_000_000, quantity in 1_i64..2_400, years in 1_u16..=3,
    ) {
        let running = running(start, years * 12, Frequency::Monthly);
        let starts = running.starts();
        let lines = i64::try_from(starts.len()).unwrap();
        let charged = sum(starts.into_iter().map(|start| {
            charge(euros(minor), &running, &running.on(start), start, quantity, Cut::Line).unwrap()
        }));
        let whole = minor * quantity;
        prop_assert!(charged <= whole);
        prop_assert!(whole - charged < lines);
    }

    /// What is given back on a day is what was charged from that day on, to the last unit: nothing is gained by changing twice.
    #[test]
    fn seats_that_come_and_go_on_one_day_cost_nothing(
        start in any_start(), minor in 1_i64..1_000_000, old in 1_i64..500, new in 1_i64..500, day in 0_i32..28,
    ) {
        let running = running(start, 12, Frequency::Monthly);
        let on = add_days(start, day);
        let there = seat_change(euros(minor), &running, on, old, new).unwrap();
        let back = seat_change(euros(minor), &running, on, new, old).unwrap();
        prop_assert_eq!(sum([there.refund, there.charge, back.refund, back.charge]), 0);
    }

    /// The order of changes within a day does not change what the month comes to: only the last quantity counts.
    #[test]
    fn the_order_within_a_day_does_not_matter(
        start in any_start(), minor in 1_i64..1_000_000, begun in 1_i64..500,
        mut changes in prop::collection::vec(1_i64..500, 1..6), last in 1_i64..500, day in 0_i32..28,
    ) {
        let running = running(start, 12, Frequency::Monthly);
        let on = add_days(start, day);
        let total = |changes: &[i64]| {
            let mut now = begun;
            let mut all = Vec::new();
            for next in changes.iter().copied().chain([last]) {
                let change = seat_change(euros(minor), &running, on, now, next).unwrap();
                all.extend([change.refund, change.charge]);
                now = next;
            }
            sum(all)
        };
        let forwards = total(&changes);
        changes.reverse();
        prop_assert_eq!(forwards, total(&changes));
    }

    /// A cancellation on the first day gives back what was charged but for what the two cuts differ by: less than a unit a seat,
    /// and never more than was charged.
    #[test]
    fn a_cancellation_never_gives_back_more_than_was_charged(
        start in any_start(), minor in 1_i64..1_000_000, quantity in 1_i64..500, day in 0_i32..28,
    ) {
        let running = running(start, 12, Frequency::Monthly);
        let on = add_days(start, day);
        let cycle = running.on(on);
        let charged = charge(euros(minor), &running, &cycle, on, quantity, Cut::Line).unwrap();
        let back = cancellation(euros(minor), &running, on, quantity).unwrap();
        prop_assert!(back.minor <= 0);
        prop_assert!(charged.minor + back.minor >= 0);
        prop_assert!(charged.minor + back.minor < quantity);
    }

    /// An upgrade gives its seats back at the old price and charges them at the new one, each cut at the price of one seat (BIL-050): what is
    /// left to pay is so many times the difference of the two, off by less than a unit a seat, and going back on the same day costs nothing.
    #[test]
    fn an_upgrade_and_its_refund_net_as_ruled(
        start in any_start(), old in 1_i64..1_000_000, new in 1_i64..1_000_000, seats in 1_i64..500, day in 0_i32..28,
    ) {
        let running = running(start, 12, Frequency::Monthly);
        let on = add_days(start, day);
        let cycle = running.on(on);
        let of = |price| charge(euros(price), &running, &cycle, on, seats, Cut::Unit).unwrap();
        let back = of(old).negated().unwrap();
        let net = sum([back, of(new)]);
        let (left, days) = if day == 0 { (1, 1) } else { (cycle.days_from(on), cycle.days) };
        let one = |price: i64| price * left / (12 * days);
        prop_assert_eq!(net, seats * (one(new) - one(old)));
        let exact = seats * (new - old) * left;
        prop_assert!((net * 12 * days - exact).abs() < seats * 12 * days);
        prop_assert_eq!(net >= 0, one(new) >= one(old));
        let there_and_back = sum([back, of(new), of(new).negated().unwrap(), of(old)]);
        prop_assert_eq!(there_and_back, 0);
    }

    /// Where the profile rounds half up, a line is off by half a unit at most, and by no more than a unit from the one that is cut.
    #[test]
    fn lines_that_are_rounded_half_up_are_off_by_half_a_unit(
        minor in 0_i64..10_000_000, quantity in 1_i64..2_400, months in 1_i64..=12, days in 1_i64..=31, of in 28_i64..=31,
    ) {
        let basis = Basis { quantity, months, of_months: 12, days: days.min(of), of_days: of, cut: Cut::Line };
        let rounded = Basis { cut: Cut::Line.in_mode(Rounding::HalfUp), ..basis };
        let (cut, up) = (amount(&basis, euros(minor)).unwrap().minor, amount(&rounded, euros(minor)).unwrap().minor);
        let whole = 12 * i128::from(of);
        let exact = i128::from(minor) * i128::from(months) * i128::from(days.min(of)) * i128::from(quantity);
        prop_assert!(2 * (i128::from(up) * whole - exact).abs() <= whole);
        prop_assert!((0..=1).contains(&(up - cut)));
    }

    /// The same line at the same price is the same amount on every edge, and its opposite when it is given back.
    #[test]
    fn what_is_given_back_is_the_opposite(
        minor in 0_i64..10_000_000, quantity in 0_i64..2_400, months in 1_i64..=12, days in 1_i64..=31, of in 28_i64..=31,
        cut in prop::sample::select(Cut::ALL.to_vec()),
    ) {
        let basis = Basis { quantity: quantity.max(1), months, of_months: 12, days: days.min(of), of_days: of, cut };
        let charged = amount(&basis, euros(minor)).unwrap();
        let back = amount(&basis.given_back(), euros(minor)).unwrap();
        prop_assert_eq!(charged.minor + back.minor, 0);
    }

    /// Cycles lie one behind the other: a term is charged for each of its days once.
    #[test]
    fn cycles_meet_without_gap_or_overlap(start in any_start(), years in 1_u16..=3) {
        let running = running(start, years * 12, Frequency::Monthly);
        let starts = running.starts();
        for (place, first) in starts.iter().enumerate() {
            let last = running.on(*first).last;
            match starts.get(place + 1) {
                Some(next) => prop_assert_eq!(add_days(last, 1), *next),
                None => prop_assert_eq!(add_days(last, 1), add_months(start, i32::from(years) * 12)),
            }
        }
    }
}

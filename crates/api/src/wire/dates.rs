//! Dates in queries, in every form that the documentation shows and released clients send.

use jiff::civil::{Date, Time};
use serde::{Serialize, Serializer};
use tierline_domain::time::Timestamp;

/// A day as the instant at which it begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Midnight(pub(crate) Date);

impl Serialize for Midnight {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let day = self.0;
        let mut text = *b"0000-00-00T00:00:00Z";
        let parts = [
            (0..4, day.year()),
            (5..7, day.month().into()),
            (8..10, day.day().into()),
        ];
        for (place, mut number) in parts {
            for letter in text.get_mut(place).into_iter().flatten().rev() {
                let digit = u8::try_from(number.rem_euclid(10)).unwrap_or_default();
                *letter = b'0'.saturating_add(digit);
                number = number.div_euclid(10);
            }
        }
        match std::str::from_utf8(&text) {
            Ok(text) if day.year() >= 0 => serializer.serialize_str(text),
            _ => serializer.collect_str(&format_args!("{day}T00:00:00Z")),
        }
    }
}

/// A day, or an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Given {
    /// A whole day.
    Day(Date),
    /// An instant; without a zone it is meant in UTC (GEN-004).
    Instant(Timestamp),
}

/// Reads a date: `2017-06-01`, `6/1/2017`, either with a time of the day behind it, and `2017-06-152`, which a released
/// client sends: it counts the days of the year where it means those of the month.
pub(crate) fn read(text: &str) -> Option<Given> {
    let text = text.trim();
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(Given::Instant(Timestamp::from_jiff(at)));
    }
    // The plus of an offset, where it was sent as it stands, has become a space.
    if let Some((before, offset)) = text.rsplit_once(' ')
        && before.contains('T')
        && let Ok(at) = format!("{before}+{offset}").parse::<jiff::Timestamp>()
    {
        return Some(Given::Instant(Timestamp::from_jiff(at)));
    }
    let (day, rest) = match text.split_once(['T', ' ']) {
        Some((day, rest)) => (day, Some(rest.trim())),
        None => (text, None),
    };
    let day = if day.contains('/') {
        american(day)?
    } else {
        iso(day)?
    };
    match rest.filter(|rest| !rest.is_empty()) {
        None => Some(Given::Day(day)),
        Some(rest) => {
            let zoned = day
                .to_datetime(time(rest)?)
                .to_zoned(jiff::tz::TimeZone::UTC);
            Some(Given::Instant(Timestamp::from_jiff(
                zoned.ok()?.timestamp(),
            )))
        }
    }
}

/// `month/day/year`.
fn american(text: &str) -> Option<Date> {
    let mut parts = text.split('/');
    let (month, day, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

/// `year-month-day`, the day counted in the month, or else in the year.
fn iso(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    let (year, month): (i16, i8) = (year.parse().ok()?, month.parse().ok()?);
    let day: i16 = day.parse().ok()?;
    if let Ok(day) = i8::try_from(day)
        && let Ok(date) = Date::new(year, month, day)
    {
        return Some(date);
    }
    let first = Date::new(year, 1, 1).ok()?;
    let date = first
        .checked_add(jiff::Span::new().days(i64::from(day) - 1))
        .ok()?;
    (day > 0 && date.year() == year && date.month() == month).then_some(date)
}

/// `13:00:00`, `13:00`, or `1:00:00 PM`.
fn time(text: &str) -> Option<Time> {
    let text = text.trim_end_matches('Z');
    let (clock, half) = match text.split_once(' ') {
        Some((clock, half)) => (clock, Some(half.trim().to_uppercase())),
        None => (text, None),
    };
    let (whole, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let mut parts = whole.split(':');
    let (hour, minute) = (parts.next()?, parts.next()?);
    let second: i8 = parts.next().unwrap_or("0").parse().ok()?;
    let (hour, minute): (i8, i8) = (hour.parse().ok()?, minute.parse().ok()?);
    let is_plain = parts.next().is_none() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let hour = match (half.as_deref(), hour) {
        (None, hour) => hour,
        (Some("AM"), 1..=11) => hour,
        (Some("AM"), 12) => 0,
        (Some("PM"), 1..=11) => hour + 12,
        (Some("PM"), 12) => 12,
        _ => return None,
    };
    is_plain.then(|| Time::new(hour, minute, second, 0).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_date_is_read() {
        let june = Given::Day("2017-06-01".parse().unwrap());
        for text in [
            "2017-06-01",
            "6/1/2017",
            "06/01/2017",
            "2017-06-152",
            "2017-6-1",
        ] {
            assert_eq!(read(text), Some(june), "{text}");
        }
        let midnight = Given::Instant("2026-11-01T00:00:00Z".parse().unwrap());
        for text in [
            "11/01/2026 00:00:00",
            "11/1/2026 12:00:00 AM",
            "2026-11-01T00:00:00",
            "2026-11-01T00:00:00Z",
            "2026-11-01T00:00:00.0000000Z",
            "2026-11-01 00:00",
            "2026-11-01T02:00:00+02:00",
            "2026-11-01T02:00:00 02:00",
        ] {
            assert_eq!(read(text), Some(midnight), "{text}");
        }
        let afternoon = Given::Instant("2017-02-15T13:05:00Z".parse().unwrap());
        for text in ["2/15/2017 1:05:00 PM", "2017-02-46 13:05:00"] {
            assert_eq!(read(text), Some(afternoon), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_not_read() {
        for text in [
            "",
            "yesterday",
            "2017-13-01",
            "2017-06-200",
            "2017-02-30",
            "13/1/2017",
            "6/1/17",
            "2017-06-0",
            "2017-06-01 25:00:00",
            "6/1/2017 13:00:00 PM",
            "6/1/2017 0:00:00 AM",
            "2017-06-01-01",
            "2017-06-01Z",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}

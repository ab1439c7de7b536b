//! Instants, days and periods. Everything is UTC (GEN-004); nothing here reads a clock.

use std::fmt;
use std::str::FromStr;

use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// A calendar day in UTC.
pub type Date = jiff::civil::Date;

/// A day of the week.
pub type Weekday = jiff::civil::Weekday;

/// A text that is no instant, day or period, or arithmetic that leaves the calendar.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TimeError {
    /// The text could not be read.
    #[error("`{0}` is not a {1}")]
    Malformed(String, &'static str),
    /// The result lies outside the years −9999 to 9999.
    #[error("the date lies outside the calendar")]
    OutOfRange,
}

/// An instant in UTC, cut to microseconds so that every database gives back what was written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);

    /// From microseconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// When the instant lies outside the calendar.
    pub fn from_micros(micros: i64) -> Result<Self, TimeError> {
        jiff::Timestamp::from_microsecond(micros).map_err(|_| TimeError::OutOfRange)?;
        Ok(Self(micros))
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// From the library's instant, cutting what is finer than a microsecond.
    #[must_use]
    pub fn from_jiff(instant: jiff::Timestamp) -> Self {
        Self(instant.as_microsecond())
    }

    /// The library's instant.
    #[must_use]
    pub fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }

    /// The UTC day this instant lies in.
    #[must_use]
    pub fn date(self) -> Date {
        self.to_jiff().to_zoned(TimeZone::UTC).date()
    }

    /// Noon of a day: what a plain date means where an instant is meant.
    #[must_use]
    pub fn noon(day: Date) -> Self {
        Self::at(day, 12)
    }

    /// The first instant of a day.
    #[must_use]
    pub fn start_of(day: Date) -> Self {
        Self::at(day, 0)
    }

    fn at(day: Date, hour: i8) -> Self {
        day.at(hour, 0, 0, 0)
            .to_zoned(TimeZone::UTC)
            .map_or(Self(0), |zoned| Self::from_jiff(zoned.timestamp()))
    }

    /// This instant moved by a period, days counting as 24 hours and months by the calendar.
    ///
    /// # Errors
    /// When the result lies outside the calendar.
    pub fn plus(self, period: Period) -> Result<Self, TimeError> {
        self.to_jiff()
            .to_zoned(TimeZone::UTC)
            .checked_add(period.0)
            .map(|zoned| Self::from_jiff(zoned.timestamp()))
            .map_err(|_| TimeError::OutOfRange)
    }

    /// This instant moved back by a period.
    ///
    /// # Errors
    /// When the result lies outside the calendar.
    pub fn minus(self, period: Period) -> Result<Self, TimeError> {
        self.plus(Period(period.0.negate()))
    }

    /// The next instant that can be told from this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// Moved by whole hours; `Timestamp::MAX` style saturation is not offered, the calendar is wide.
    #[must_use]
    pub fn plus_hours(self, hours: i64) -> Self {
        Self(self.0.saturating_add(hours.saturating_mul(3_600_000_000)))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.to_jiff(), f)
    }
}
impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl FromStr for Timestamp {
    type Err = TimeError;
    /// Reads an instant with an offset, or a plain date (its noon).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(instant) = text.parse::<jiff::Timestamp>() {
            return Ok(Self::from_jiff(instant));
        }
        text.parse::<Date>()
            .map(Self::noon)
            .map_err(|_| TimeError::Malformed(text.to_owned(), "instant"))
    }
}
impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// An ISO 8601 period such as `P8D`, `PT1H` or `P1Y`.
#[derive(Clone, Copy, Debug)]
pub struct Period(Span);

impl Period {
    /// So many days.
    #[must_use]
    pub fn days(days: i32) -> Self {
        Self(days.days())
    }

    /// So many months.
    #[must_use]
    pub fn months(months: i32) -> Self {
        Self(months.months())
    }
}

impl FromStr for Period {
    type Err = TimeError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<Span>()
            .map(Self)
            .map_err(|_| TimeError::Malformed(text.to_owned(), "period"))
    }
}

/// A day moved by months, clamped to the last day of a month that is too short.
///
/// Always computed from the anchor, never from an earlier result: 31 January, 28 February, 31 March.
#[must_use]
pub fn add_months(anchor: Date, months: i32) -> Date {
    anchor.checked_add(months.months()).unwrap_or(Date::MAX)
}

/// A day moved by days.
#[must_use]
pub fn add_days(day: Date, days: i32) -> Date {
    day.checked_add(days.days())
        .unwrap_or(if days < 0 { Date::MIN } else { Date::MAX })
}

/// Whole months between two days, negative never: the number of monthly anniversaries passed.
#[must_use]
pub fn whole_months(from: Date, until: Date) -> i32 {
    let mut months: i32 = 0;
    while add_months(from, months.saturating_add(1)) <= until && months < 12_000 {
        months = months.saturating_add(1);
    }
    months
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn months_come_from_the_anchor() {
        assert_eq!(add_months(day("2023-01-31"), 1), day("2023-02-28"));
        assert_eq!(add_months(day("2023-01-31"), 2), day("2023-03-31"));
        assert_eq!(whole_months(day("2022-12-15"), day("2023-11-15")), 11);
    }

    #[test]
    fn a_plain_date_is_noon() {
        assert_eq!(
            "2023-11-15".parse::<Timestamp>().unwrap().to_string(),
            "2023-11-15T12:00:00Z"
        );
        assert!("2023-11-31".parse::<Timestamp>().is_err());
    }

    #[test]
    fn instants_survive_microseconds() {
        let at: Timestamp = "2023-11-15T12:00:00.1234567Z".parse().unwrap();
        assert_eq!(Timestamp::from_micros(at.as_micros()).unwrap(), at);
        assert_eq!(at.to_string(), "2023-11-15T12:00:00.123456Z");
    }
}

//! Amounts and unit prices: integers with a scale, checked arithmetic, one rounding function.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// Why a sum could not be made.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum MoneyError {
    /// Two currencies in one sum.
    #[error("{0} and {1} cannot be added")]
    MixedCurrency(Currency, Currency),
    /// The amount leaves the range of a 64-bit integer of minor units.
    #[error("the amount is too large")]
    Overflow,
    /// The text is no amount.
    #[error("`{0}` is not an amount such as `EUR 10.08`")]
    Malformed(String),
}

/// An ISO 4217 currency code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The euro.
    pub const EUR: Self = Self(*b"EUR");
    /// The US dollar.
    pub const USD: Self = Self(*b"USD");

    /// The three letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }

    /// Decimal digits of the minor unit (ISO 4217): two, except where the standard says otherwise.
    #[must_use]
    pub const fn digits(self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG"
            | b"RWF" | b"UGX" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            _ => 2,
        }
    }
}

impl FromStr for Currency {
    type Err = MoneyError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match *text.as_bytes() {
            [a, b, c] if [a, b, c].iter().all(u8::is_ascii_uppercase) => Ok(Self([a, b, c])),
            _ => Err(MoneyError::Malformed(text.to_owned())),
        }
    }
}
impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// An amount in minor units of one currency. There are no operators; sums are checked.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    /// Minor units (cents), negative when money is given back.
    pub minor: i64,
    /// The currency.
    pub currency: Currency,
}

impl Money {
    /// An amount of minor units.
    #[must_use]
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing, in a currency.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    /// The sum.
    ///
    /// # Errors
    /// On mixed currencies and overflow.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::MixedCurrency(self.currency, other.currency));
        }
        let minor = self
            .minor
            .checked_add(other.minor)
            .ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    /// The difference.
    ///
    /// # Errors
    /// On mixed currencies and overflow.
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.plus(other.negated()?)
    }

    /// The amount with the other sign.
    ///
    /// # Errors
    /// On overflow.
    pub fn negated(self) -> Result<Self, MoneyError> {
        let minor = self.minor.checked_neg().ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    /// The amount `count` times.
    ///
    /// # Errors
    /// On overflow.
    pub fn times(self, count: i64) -> Result<Self, MoneyError> {
        let minor = self.minor.checked_mul(count).ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    /// The amount × `part` ÷ `whole`, rounded once.
    ///
    /// # Errors
    /// On overflow and when `whole` is zero.
    pub fn share(self, part: i64, whole: i64, rounding: Rounding) -> Result<Self, MoneyError> {
        let product = i128::from(self.minor)
            .checked_mul(i128::from(part))
            .ok_or(MoneyError::Overflow)?;
        let minor = divide(product, i128::from(whole), rounding)?;
        Ok(Self { minor, ..self })
    }
}

/// How a product is brought to whole minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Toward zero (BIL-050).
    Cut,
    /// Half away from zero (BIL-055).
    HalfUp,
}

/// The one function that rounds.
///
/// # Errors
/// When `whole` is zero or the quotient does not fit.
pub fn divide(product: i128, whole: i128, rounding: Rounding) -> Result<i64, MoneyError> {
    let quotient = product.checked_div(whole).ok_or(MoneyError::Overflow)?;
    let rest = product.checked_rem(whole).ok_or(MoneyError::Overflow)?;
    let doubled = rest
        .unsigned_abs()
        .checked_mul(2)
        .ok_or(MoneyError::Overflow)?;
    let away = matches!(rounding, Rounding::HalfUp) && doubled >= whole.unsigned_abs();
    let step = if (product < 0) == (whole < 0) { 1 } else { -1 };
    let rounded = if away {
        quotient.checked_add(step).ok_or(MoneyError::Overflow)?
    } else {
        quotient
    };
    i64::try_from(rounded).map_err(|_| MoneyError::Overflow)
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.minor < 0 { "-" } else { "" };
        let digits = usize::try_from(self.currency.digits()).unwrap_or(2);
        let text = format!(
            "{:0>width$}",
            self.minor.unsigned_abs(),
            width = digits.saturating_add(1)
        );
        let (whole, part) = text.split_at(text.len().saturating_sub(digits));
        if digits == 0 {
            write!(f, "{} {sign}{whole}", self.currency)
        } else {
            write!(f, "{} {sign}{whole}.{part}", self.currency)
        }
    }
}
impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl FromStr for Money {
    type Err = MoneyError;
    /// Reads `EUR 10.08`; fewer decimals than the currency has are filled up, more are refused.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || MoneyError::Malformed(text.to_owned());
        let (currency, amount) = text.split_once(' ').ok_or_else(bad)?;
        let currency: Currency = currency.parse().map_err(|_| bad())?;
        let (negative, amount) = amount
            .strip_prefix('-')
            .map_or((false, amount), |rest| (true, rest));
        let (whole, part) = amount.split_once('.').unwrap_or((amount, ""));
        let digits = usize::try_from(currency.digits()).map_err(|_| bad())?;
        let kept = part.trim_end_matches('0');
        if whole.is_empty()
            || kept.len() > digits
            || !format!("{whole}{part}").bytes().all(|b| b.is_ascii_digit())
        {
            return Err(bad());
        }
        let minor: i64 = format!("{whole}{kept:0<digits$}")
            .parse()
            .map_err(|_| MoneyError::Overflow)?;
        let minor = if negative {
            minor.checked_neg().ok_or(MoneyError::Overflow)?
        } else {
            minor
        };
        Ok(Self { minor, currency })
    }
}
impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_and_print() {
        for text in [
            "EUR 10.08",
            "EUR -10.08",
            "USD 0.05",
            "JPY 1200",
            "KWD 1.250",
        ] {
            assert_eq!(text.parse::<Money>().unwrap().to_string(), text);
        }
        for text in [
            "10.08",
            "EUR 10.081",
            "EUR ten",
            "EUR ",
            "eur 1.00",
            "EUR 1.2.3",
        ] {
            assert!(text.parse::<Money>().is_err(), "{text}");
        }
    }

    #[test]
    fn one_function_rounds() {
        assert_eq!(divide(112_896, 1000, Rounding::Cut).unwrap(), 112);
        assert_eq!(divide(-112_896, 1000, Rounding::Cut).unwrap(), -112);
        assert_eq!(divide(1125, 10, Rounding::HalfUp).unwrap(), 113);
        assert_eq!(divide(-1125, 10, Rounding::HalfUp).unwrap(), -113);
        assert!(divide(1, 0, Rounding::Cut).is_err());
    }

    #[test]
    fn currencies_do_not_mix() {
        let euro = Money::new(100, Currency::EUR);
        assert!(euro.plus(Money::new(1, Currency::USD)).is_err());
    }
}

//! Decimal numbers that keep their scale: unit prices, quantities of meters and exchange rates have more digits than money.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::money::{Currency, Money, MoneyError, Rounding, divide};

/// A number as a mantissa and the count of its digits behind the point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Decimal {
    mantissa: i128,
    scale: u32,
}

impl Decimal {
    /// Nothing.
    pub const ZERO: Self = Self::new(0, 0);
    /// One.
    pub const ONE: Self = Self::new(1, 0);

    /// `mantissa` ÷ 10^`scale`.
    #[must_use]
    pub const fn new(mantissa: i128, scale: u32) -> Self {
        Self { mantissa, scale }
    }

    /// An amount of money as a number.
    #[must_use]
    pub fn of(money: Money) -> Self {
        Self {
            mantissa: i128::from(money.minor),
            scale: money.currency.digits(),
        }
    }

    /// Reads a number as JSON writes it, with an exponent where it has one.
    ///
    /// # Errors
    /// When it is none, or has more digits than are kept.
    pub fn of_json(text: &str) -> Result<Self, MoneyError> {
        let Some((figure, exponent)) = text.split_once(['e', 'E']) else {
            return text.parse();
        };
        let bad = || MoneyError::Malformed(text.to_owned());
        let figure: Self = figure.parse()?;
        let exponent: i64 = exponent.parse().map_err(|_| bad())?;
        let scale = i64::from(figure.scale)
            .checked_sub(exponent)
            .ok_or(MoneyError::Overflow)?;
        match u32::try_from(scale) {
            Ok(scale) => Ok(Self { scale, ..figure }),
            Err(_) => {
                let up = u32::try_from(scale.unsigned_abs()).map_err(|_| MoneyError::Overflow)?;
                Ok(Self {
                    mantissa: figure
                        .mantissa
                        .checked_mul(power(up)?)
                        .ok_or(MoneyError::Overflow)?,
                    scale: 0,
                })
            }
        }
    }

    /// Its digits, without the point.
    #[must_use]
    pub const fn mantissa(self) -> i128 {
        self.mantissa
    }

    /// How many of them stand behind the point.
    #[must_use]
    pub const fn scale(self) -> u32 {
        self.scale
    }

    /// Whether it is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.mantissa == 0
    }

    /// Whether it is below nothing.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.mantissa < 0
    }

    /// The same number without noughts at its end, so that equal numbers are equal values.
    #[must_use]
    pub fn trimmed(self) -> Self {
        let Self {
            mut mantissa,
            mut scale,
        } = self;
        while scale > 0 && mantissa.checked_rem(10) == Some(0) {
            mantissa = mantissa.checked_div(10).unwrap_or(0);
            scale = scale.saturating_sub(1);
        }
        Self { mantissa, scale }
    }

    /// The sum, exact.
    ///
    /// # Errors
    /// On overflow.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        let scale = self.scale.max(other.scale);
        let mantissa = self
            .mantissa_at(scale)?
            .checked_add(other.mantissa_at(scale)?)
            .ok_or(MoneyError::Overflow)?;
        Ok(Self { mantissa, scale })
    }

    /// The difference, exact.
    ///
    /// # Errors
    /// On overflow.
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.plus(Self {
            mantissa: other.mantissa.checked_neg().ok_or(MoneyError::Overflow)?,
            ..other
        })
    }

    /// The product, exact.
    ///
    /// # Errors
    /// On overflow.
    pub fn times(self, other: Self) -> Result<Self, MoneyError> {
        Ok(Self {
            mantissa: self
                .mantissa
                .checked_mul(other.mantissa)
                .ok_or(MoneyError::Overflow)?,
            scale: self
                .scale
                .checked_add(other.scale)
                .ok_or(MoneyError::Overflow)?,
        })
    }

    /// The quotient, rounded half up to so many decimals.
    ///
    /// # Errors
    /// On overflow and division by zero.
    pub fn over(self, other: Self, decimals: u32) -> Result<Self, MoneyError> {
        // Both scales are powers of ten: only their difference is multiplied in.
        let up = decimals
            .checked_add(other.scale)
            .ok_or(MoneyError::Overflow)?;
        let product = self
            .mantissa
            .checked_mul(power(up.saturating_sub(self.scale))?)
            .ok_or(MoneyError::Overflow)?;
        let whole = other
            .mantissa
            .checked_mul(power(self.scale.saturating_sub(up))?)
            .ok_or(MoneyError::Overflow)?;
        Ok(Self {
            mantissa: i128::from(divide(product, whole, Rounding::HalfUp)?),
            scale: decimals,
        })
    }

    /// The number as money, cut toward zero.
    ///
    /// # Errors
    /// On overflow.
    pub fn cut(self, currency: Currency) -> Result<Money, MoneyError> {
        let product = self
            .mantissa
            .checked_mul(power(currency.digits())?)
            .ok_or(MoneyError::Overflow)?;
        let minor = divide(product, power(self.scale)?, Rounding::Cut)?;
        Ok(Money { minor, currency })
    }

    /// Its digits with so many behind the point, where it has no more than those.
    ///
    /// # Errors
    /// On overflow.
    pub fn mantissa_at(self, scale: u32) -> Result<i128, MoneyError> {
        self.mantissa
            .checked_mul(power(scale.saturating_sub(self.scale))?)
            .ok_or(MoneyError::Overflow)
    }
}

fn power(of: u32) -> Result<i128, MoneyError> {
    10_i128.checked_pow(of).ok_or(MoneyError::Overflow)
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let digits = self.mantissa.unsigned_abs();
        let scale = usize::try_from(self.scale).unwrap_or(usize::MAX);
        if scale == 0 {
            return write!(f, "{sign}{digits}");
        }
        let text = format!("{digits:0>width$}", width = scale.saturating_add(1));
        let (whole, part) = text.split_at(text.len().saturating_sub(scale));
        write!(f, "{sign}{whole}.{part}")
    }
}

impl FromStr for Decimal {
    type Err = MoneyError;
    /// Reads `-12.50`: digits, and behind a point more of them.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || MoneyError::Malformed(text.to_owned());
        let (negative, figure) = text
            .strip_prefix('-')
            .map_or((false, text), |rest| (true, rest));
        let (whole, part) = match figure.split_once('.') {
            Some((_, "")) => return Err(bad()),
            Some(parts) => parts,
            None => (figure, ""),
        };
        if whole.is_empty() {
            return Err(bad());
        }
        let mut mantissa: i128 = 0;
        for digit in whole.bytes().chain(part.bytes()) {
            if !digit.is_ascii_digit() {
                return Err(bad());
            }
            mantissa = mantissa
                .checked_mul(10)
                .and_then(|ten| ten.checked_add(i128::from(digit.saturating_sub(b'0'))))
                .ok_or(MoneyError::Overflow)?;
        }
        let mantissa = if negative {
            mantissa.checked_neg().ok_or(MoneyError::Overflow)?
        } else {
            mantissa
        };
        Ok(Self {
            mantissa,
            scale: u32::try_from(part.len()).map_err(|_| bad())?,
        })
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn numbers_are_printed_as_they_are_read() {
        for text in ["0", "12", "-0.5", "0.0209496384791679", "1200.10"] {
            assert_eq!(read(text).to_string(), text);
        }
        for bad in ["", ".", "1.", ".5", "+1", "1,5", "1.-5", "NaN", "0x1"] {
            assert!(bad.parse::<Decimal>().is_err(), "{bad}");
        }
        assert_eq!("9".repeat(40).parse::<Decimal>(), Err(MoneyError::Overflow));
    }

    #[test]
    fn exponents_move_the_point() {
        for (text, is) in [("1e-5", "0.00001"), ("2.5E2", "250"), ("1.25e1", "12.5")] {
            assert_eq!(
                Decimal::of_json(text).unwrap().trimmed(),
                read(is).trimmed()
            );
        }
        assert!(Decimal::of_json("1e999").is_err());
        assert!(Decimal::of_json("1e").is_err());
    }

    #[test]
    fn sums_and_products_are_exact() {
        let sum = read("0.1").plus(read("0.02")).unwrap();
        assert_eq!(sum, read("0.12"));
        assert_eq!(sum.minus(read("0.12")).unwrap().trimmed(), Decimal::ZERO);
        assert_eq!(read("1.50").trimmed(), read("1.5"));
        assert_eq!(read("100").trimmed(), read("100"));
        let product = read("23.200004").times(read("0.0209496384791679")).unwrap();
        assert_eq!(product.cut(Currency::USD).unwrap().minor, 48);
        let large = Decimal::new(i128::MAX, 0);
        assert_eq!(large.plus(Decimal::ONE), Err(MoneyError::Overflow));
        assert_eq!(large.times(read("10")), Err(MoneyError::Overflow));
    }
}

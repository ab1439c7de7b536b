//! Consumption: meters with many decimals, and the credit a partner earns on them (BIL-053).

use std::str::FromStr;

use tierline_domain::money::{Currency, Money, MoneyError, Rounding, divide};

/// A decimal number with its scale: unit prices and quantities of meters have more digits than money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal {
    mantissa: i128,
    scale: u32,
}

impl Decimal {
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
        let up = decimals
            .checked_add(other.scale)
            .ok_or(MoneyError::Overflow)?;
        let product = self
            .mantissa
            .checked_mul(power(up)?)
            .ok_or(MoneyError::Overflow)?;
        let whole = other
            .mantissa
            .checked_mul(power(self.scale)?)
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
}

fn power(of: u32) -> Result<i128, MoneyError> {
    10_i128.checked_pow(of).ok_or(MoneyError::Overflow)
}

impl FromStr for Decimal {
    type Err = MoneyError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || MoneyError::Malformed(text.to_owned());
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        Ok(Self {
            mantissa: format!("{whole}{part}").parse().map_err(|_| bad())?,
            scale: u32::try_from(part.len()).map_err(|_| bad())?,
        })
    }
}

/// What a meter costs: consumption × unit price × (1 − earned credit), cut to the minor unit (BIL-053).
///
/// # Errors
/// On overflow.
pub fn cost(
    consumption: Decimal,
    unit_price: Decimal,
    credit_percent: u8,
    currency: Currency,
) -> Result<Money, MoneyError> {
    let rest = 100_u8.saturating_sub(credit_percent);
    consumption
        .times(unit_price)?
        .times(Decimal::new(i128::from(rest), 2))?
        .cut(currency)
}

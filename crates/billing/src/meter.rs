//! Consumption: meters with many decimals, and the credit a partner earns on them (BIL-053).

use tierline_domain::money::{Currency, Money, MoneyError};

pub use tierline_domain::decimal::Decimal;

/// What is left of a list cost: the cost × (1 − earned credit), exact (BIL-053, PEC-007).
///
/// # Errors
/// On overflow.
pub fn net(cost: Decimal, credit_percent: i64) -> Result<Decimal, MoneyError> {
    let rest = 100_i64.saturating_sub(credit_percent).max(0);
    cost.times(Decimal::new(i128::from(rest), 2))
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
    let list = consumption.times(unit_price)?;
    net(list, i64::from(credit_percent))?.cut(currency)
}

//! Traditional licences: a running charge is voided and billed again in slices, and credits are rounded in
//! two steps (BIL-046, BIL-054, BIL-055).

use tierline_domain::money::{Money, MoneyError, Rounding, divide};

/// One slice of a cycle: so many seats for so many of its days, rounded half up once (BIL-055).
///
/// # Errors
/// When the amount overflows.
pub fn slice(
    cycle_price: Money,
    quantity: i64,
    days: i64,
    of_days: i64,
) -> Result<Money, MoneyError> {
    let part = quantity.checked_mul(days).ok_or(MoneyError::Overflow)?;
    cycle_price.share(part, of_days, Rounding::HalfUp)
}

/// A credit after the first month: the daily amount of the line to cents, then per seat to cents, then × quantity (BIL-046). It
/// is negative, as the quantity that is given back is.
///
/// # Errors
/// When the amount overflows.
pub fn credit(
    cycle_price: Money,
    quantity: i64,
    days: i64,
    of_days: i64,
) -> Result<Money, MoneyError> {
    let daily = slice(cycle_price, quantity, 1, of_days)?;
    let line = i128::from(daily.minor)
        .checked_mul(i128::from(days))
        .ok_or(MoneyError::Overflow)?;
    let seat = divide(line, i128::from(quantity), Rounding::HalfUp)?;
    Money {
        minor: seat,
        ..cycle_price
    }
    .times(quantity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_and_credits() {
        let price: Money = "USD 48.00".parse().unwrap();
        assert_eq!(slice(price, 1, 19, 365).unwrap().to_string(), "USD 2.50");
        assert_eq!(
            credit(price, -1, 318, 365).unwrap().to_string(),
            "USD -41.34"
        );
    }
}

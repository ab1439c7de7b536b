//! Consumption: meters with many decimals, and the credit a partner earns on them (BIL-053).

use tierline_domain::money::{Currency, Money, MoneyError, Rounding, divide};

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

/// Shares are compared by so many digits: the product with any amount of money still fits.
const SHARE_MAX: u128 = 1_000_000_000_000_000_000;

/// An amount over parts of it: each is the difference between the rounded share of all parts up to it and that of all before it.
/// So the parts come to the amount exactly, and none is off by more than a minor unit. Where there is nothing to share by, the
/// last part is all of it.
///
/// # Errors
/// On overflow.
pub fn split(amount: Money, shares: &[Decimal]) -> Result<Vec<Money>, MoneyError> {
    let mut sums = Vec::with_capacity(shares.len());
    let mut sum = Decimal::ZERO;
    for share in shares {
        sum = sum.plus(*share)?;
        sums.push(sum);
    }
    let scale = sum.scale();
    let (mut whole, mut cut) = (sum.mantissa(), 1_i128);
    while whole.unsigned_abs() >= SHARE_MAX {
        whole = whole.checked_div(10).ok_or(MoneyError::Overflow)?;
        cut = cut.checked_mul(10).ok_or(MoneyError::Overflow)?;
    }
    let last = sums.len().saturating_sub(1);
    let (mut parts, mut before) = (Vec::with_capacity(sums.len()), Money::zero(amount.currency));
    for (place, sum) in sums.into_iter().enumerate() {
        let reached = if place == last {
            amount.minor
        } else if whole == 0 {
            0
        } else {
            let part = sum.mantissa_at(scale)?.checked_div(cut);
            let part = part.ok_or(MoneyError::Overflow)?;
            let product = i128::from(amount.minor).checked_mul(part);
            divide(
                product.ok_or(MoneyError::Overflow)?,
                whole,
                Rounding::HalfUp,
            )?
        };
        let reached = Money::new(reached, amount.currency);
        parts.push(reached.minus(before)?);
        before = reached;
    }
    Ok(parts)
}

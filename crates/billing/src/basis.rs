//! What a charge comes to at a price: the same line worked out anew for each tier.

use tierline_domain::billing::{Basis, Cut};
use tierline_domain::money::{Money, MoneyError, Rounding, divide};

use crate::traditional;

/// The amount of a charge at a price per seat for a whole term: the price × months ÷ term × days ÷ cycle × quantity, one
/// fraction until it is rounded where its cut says.
///
/// # Errors
/// When the amount overflows, or the basis is measured against nothing.
pub fn amount(basis: &Basis, unit_price: Money) -> Result<Money, MoneyError> {
    let minor = match basis.cut {
        Cut::Line | Cut::LineHalfUp => divide(
            times(part(basis, unit_price)?, basis.quantity)?,
            whole(basis)?,
            basis.cut.mode(),
        )?,
        Cut::Unit | Cut::UnitHalfUp => {
            divide(part(basis, unit_price)?, whole(basis)?, basis.cut.mode())?
                .checked_mul(basis.quantity)
                .ok_or(MoneyError::Overflow)?
        }
        Cut::Slice => {
            return traditional::slice(
                cycle_price(basis, unit_price)?,
                basis.quantity,
                basis.days,
                basis.of_days,
            );
        }
        Cut::Credit => {
            return traditional::credit(
                cycle_price(basis, unit_price)?,
                basis.quantity,
                basis.days,
                basis.of_days,
            );
        }
        Cut::Plain => return unit_price.times(basis.quantity),
    };
    Ok(Money {
        minor,
        ..unit_price
    })
}

/// The effective unit price of a charge, for people to read: what one seat costs for the part that is charged, cut.
///
/// # Errors
/// When it overflows.
pub fn effective_unit_price(basis: &Basis, unit_price: Money) -> Result<Money, MoneyError> {
    let minor = divide(part(basis, unit_price)?, whole(basis)?, Rounding::Cut)?;
    Ok(Money {
        minor,
        ..unit_price
    })
}

fn cycle_price(basis: &Basis, unit_price: Money) -> Result<Money, MoneyError> {
    unit_price.share(basis.months, basis.of_months, Rounding::HalfUp)
}

fn part(basis: &Basis, unit_price: Money) -> Result<i128, MoneyError> {
    times(
        times(i128::from(unit_price.minor), basis.months)?,
        basis.days,
    )
}

fn whole(basis: &Basis) -> Result<i128, MoneyError> {
    times(i128::from(basis.of_months), basis.of_days)
}

fn times(number: i128, by: i64) -> Result<i128, MoneyError> {
    number
        .checked_mul(i128::from(by))
        .ok_or(MoneyError::Overflow)
}

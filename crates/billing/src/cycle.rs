//! Charge cycles: how much one cycle costs.

use tierline_domain::catalog::{Frequency, Term};
use tierline_domain::money::{Money, MoneyError, Rounding};

/// The charge of one whole cycle: the term's price × seats, in as many equal parts as the term has cycles
/// (BIL-044), rounded once at the end of the line (BIL-050).
///
/// # Errors
/// When the amount overflows.
pub fn full_charge(
    unit_price: Money,
    term: Term,
    frequency: Frequency,
    quantity: i64,
    rounding: Rounding,
) -> Result<Money, MoneyError> {
    match (term.months(), frequency.months()) {
        (Some(term), Some(every)) => {
            let share = quantity
                .checked_mul(i64::from(every))
                .ok_or(MoneyError::Overflow)?;
            unit_price.share(share, i64::from(term), rounding)
        }
        _ if frequency == Frequency::None => Ok(Money::zero(unit_price.currency)),
        _ => unit_price.times(quantity),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_yearly_price_in_twelfths() {
        let price: Money = "EUR 120.00".parse().unwrap();
        let charge = |term, frequency, quantity| {
            full_charge(price, term, frequency, quantity, Rounding::Cut)
                .unwrap()
                .to_string()
        };
        assert_eq!(charge(Term::YEAR, Frequency::Monthly, 10), "EUR 100.00");
        assert_eq!(charge(Term::YEAR, Frequency::Annual, 10), "EUR 1200.00");
        assert_eq!(charge(Term::OneTime, Frequency::OneTime, 2), "EUR 240.00");
        assert_eq!(charge(Term::None, Frequency::None, 2), "EUR 0.00");
    }
}

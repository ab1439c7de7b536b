//! Exchange rates: one for each currency and month, fixed before the month begins (BIL-021).

use tierline_domain::billing::FxRate;
use tierline_domain::decimal::Decimal;
use tierline_domain::money::{Currency, Money, MoneyError, Rounding, divide};
use tierline_domain::time::{Date, Weekday, add_days};
use tierline_store::{Tx, Value, tables};

use crate::error::AppError;

/// The rate of a currency that holds on a day: that of its month, else the last one known before; none for the US dollar.
///
/// # Errors
/// When the store fails.
pub async fn on_record(
    tx: &mut Tx<'_>,
    currency: Currency,
    day: Date,
) -> Result<Option<FxRate>, AppError> {
    if currency == Currency::USD {
        return Ok(None);
    }
    let key = [
        Value::Text(currency.to_string()),
        Value::Day(day.first_of_month()),
    ];
    Ok(tx
        .find::<FxRate>(tables::fx_rates::IN_FORCE, &key)
        .await?
        .pop())
}

/// An amount in another currency at the rates of a day's month, rounded half up once. A currency without a known rate stands
/// at par with the US dollar.
///
/// # Errors
/// When the store fails or the amount overflows.
pub async fn exchange(
    tx: &mut Tx<'_>,
    amount: Money,
    to: Currency,
    day: Date,
) -> Result<Money, AppError> {
    if amount.currency == to {
        return Ok(amount);
    }
    let from_rate = on_record(tx, amount.currency, day).await?;
    let to_rate = on_record(tx, to, day).await?;
    Ok(at(amount, from_rate.as_ref(), to, to_rate.as_ref())?)
}

/// An amount in US dollars, in which credit is counted (BIL-031), at the rate of a day's month.
///
/// # Errors
/// When the store fails or the amount overflows.
pub async fn in_dollars(tx: &mut Tx<'_>, amount: Money, day: Date) -> Result<Money, AppError> {
    exchange(tx, amount, Currency::USD, day).await
}

/// How much of a currency a US dollar is on a day, as a number; one where no rate is known.
///
/// # Errors
/// When the store fails, or a rate on record cannot be one.
pub async fn per_dollar(
    tx: &mut Tx<'_>,
    currency: Currency,
    day: Date,
) -> Result<Decimal, AppError> {
    match on_record(tx, currency, day).await? {
        Some(rate) => Ok(Decimal::new(i128::from(rate.mantissa), digits(rate.scale)?)),
        None => Ok(Decimal::ONE),
    }
}

/// Consumption that is priced in US dollars in the currency of its bill: cut once, as all consumption is (BIL-053).
///
/// # Errors
/// When the store fails or the amount overflows.
pub async fn of_consumption(
    tx: &mut Tx<'_>,
    dollars: Decimal,
    currency: Currency,
    day: Date,
) -> Result<Money, AppError> {
    let rate = per_dollar(tx, currency, day).await?;
    Ok(dollars.times(rate)?.cut(currency)?)
}

/// A conversion at known rates: the amount ÷ the rate of its currency × the rate of the other, one fraction until it is rounded.
fn at(
    amount: Money,
    from_rate: Option<&FxRate>,
    to: Currency,
    to_rate: Option<&FxRate>,
) -> Result<Money, MoneyError> {
    let part = product([
        i128::from(amount.minor),
        to_rate.map_or(1, |rate| i128::from(rate.mantissa)),
        ten_to(to.digits())?,
        ten_to(from_rate.map_or(Ok(0), |rate| digits(rate.scale))?)?,
    ])?;
    let whole = product([
        from_rate.map_or(1, |rate| i128::from(rate.mantissa)),
        ten_to(amount.currency.digits())?,
        ten_to(to_rate.map_or(Ok(0), |rate| digits(rate.scale))?)?,
        1,
    ])?;
    Ok(Money::new(divide(part, whole, Rounding::HalfUp)?, to))
}

/// The day on which the rates of a month are fixed: two business days before the month before ends (BIL-021).
#[must_use]
pub fn fixed_on(month: Date) -> Date {
    let mut day = add_days(month.first_of_month(), -1);
    let mut left = 2_u8;
    while left > 0 {
        day = add_days(day, -1);
        if !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
            left = left.saturating_sub(1);
        }
    }
    day
}

fn digits(scale: i64) -> Result<u32, MoneyError> {
    u32::try_from(scale).map_err(|_| MoneyError::Overflow)
}

fn ten_to(digits: u32) -> Result<i128, MoneyError> {
    10_i128.checked_pow(digits).ok_or(MoneyError::Overflow)
}

fn product(factors: [i128; 4]) -> Result<i128, MoneyError> {
    factors.into_iter().try_fold(1_i128, |product, factor| {
        product.checked_mul(factor).ok_or(MoneyError::Overflow)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(currency: &str, mantissa: i64, scale: i64) -> FxRate {
        FxRate {
            currency: currency.parse().unwrap(),
            month: "2024-01-01".parse().unwrap(),
            mantissa,
            scale,
        }
    }

    fn money(text: &str) -> Money {
        text.parse().unwrap()
    }

    #[test]
    fn dollars_become_other_money_and_others_go_through_the_dollar() {
        let (euro, yen) = (of("EUR", 915, 3), of("JPY", 14_725, 2));
        let euros = at(money("USD 10.00"), None, Currency::EUR, Some(&euro));
        assert_eq!(euros.unwrap(), money("EUR 9.15"));
        let yens = at(money("EUR 9.15"), Some(&euro), yen.currency, Some(&yen));
        assert_eq!(yens.unwrap(), money("JPY 1473"));
        let dollars = at(money("JPY -1473"), Some(&yen), Currency::USD, None);
        assert_eq!(dollars.unwrap(), money("USD -10.00"));
    }

    #[test]
    fn rates_are_fixed_two_business_days_before_the_end_of_a_month() {
        for (month, fixed) in [
            ("2026-08-01", "2026-07-29"), // July ends on a Friday.
            ("2026-06-15", "2026-05-28"), // May ends on a Sunday.
            ("2026-12-01", "2026-11-26"), // November ends on a Monday.
        ] {
            assert_eq!(fixed_on(month.parse().unwrap()).to_string(), fixed);
        }
    }

    #[test]
    fn without_a_rate_a_currency_is_at_par() {
        let par = at(money("USD 5.01"), None, "JPY".parse().unwrap(), None);
        assert_eq!(par.unwrap(), money("JPY 5"));
        let too_much = at(
            money("USD 1.00"),
            None,
            Currency::EUR,
            Some(&of("EUR", 1, 60)),
        );
        assert!(too_much.is_err());
    }
}

//! From US dollars to the currency of a bill: consumption is priced in dollars and converted at a rate of the month
//! (BIL-021).

use tierline_domain::billing::FxRate;
use tierline_domain::decimal::Decimal;
use tierline_domain::money::{Currency, Money};
use tierline_domain::time::Date;
use tierline_store::{Tx, Value, tables};

use crate::error::AppError;

/// How much of a currency a US dollar is in the month of a day: the latest rate on record by then, and one where none is.
///
/// # Errors
/// When the store fails, or a rate on record cannot be one.
pub async fn rate(tx: &mut Tx<'_>, currency: Currency, day: Date) -> Result<Decimal, AppError> {
    if currency == Currency::USD {
        return Ok(Decimal::ONE);
    }
    let key = [
        Value::Text(currency.to_string()),
        Value::Day(day.first_of_month()),
    ];
    let Some(found) = tx
        .find::<FxRate>(tables::fx_rates::IN_FORCE, &key)
        .await?
        .pop()
    else {
        return Ok(Decimal::ONE);
    };
    let scale = u32::try_from(found.scale)
        .map_err(|_| AppError::Impossible(format!("a rate of {currency} with a negative scale")))?;
    Ok(Decimal::new(i128::from(found.mantissa), scale))
}

/// An amount of US dollars in a currency, at the rate of the month of a day, cut to the minor unit once.
///
/// # Errors
/// When the store fails or the amount overflows.
pub async fn convert(
    tx: &mut Tx<'_>,
    dollars: Decimal,
    currency: Currency,
    day: Date,
) -> Result<Money, AppError> {
    let rate = rate(tx, currency, day).await?;
    Ok(dollars.times(rate)?.cut(currency)?)
}

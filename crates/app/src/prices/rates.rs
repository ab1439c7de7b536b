//! Exchange rates from a file, in the documented layout: one line for each currency and month.
//!
//! The rate of a month is fixed two business days before it begins (BIL-021). Until then it may be changed; afterwards a file may
//! repeat it, or give the running month one that is missing.

use std::collections::HashSet;

use tierline_domain::billing::FxRate;
use tierline_domain::money::{Currency, Rounding, divide};
use tierline_domain::time::{Date, add_months};
use tierline_store::{Command, Lock, Table as _, Tx, Value, tables};

use super::csv::{self, FAULTS_MAX, Fault, Record, Table};
use super::sheet::is_billed_in;
use crate::billing::fx;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::events;

/// The columns, in the documented order; the last is ours and exact, since a quotient seldom is.
pub const COLUMNS: [&str; 4] = ["CurrencyCode", "USDPerUnit", "Month", "UnitsPerUSD"];

/// Decimals of a rate that was turned round.
const TURNED_DIGITS: u32 = 17;

/// A rate and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its place in the file.
    pub line: usize,
    /// The rate.
    pub rate: FxRate,
}

/// Reads a file.
///
/// # Errors
/// What is wrong with it, the first twenty faults.
pub fn read(text: &str) -> Result<Vec<Line>, Vec<Fault>> {
    let table = Table::read(text, &["CurrencyCode", "Month"], &COLUMNS)?;
    let (mut lines, mut faults) = (Vec::new(), Vec::new());
    let mut seen = HashSet::new();
    for record in &table.records {
        match line(&table, record) {
            Ok(line) if seen.insert((line.rate.currency, line.rate.month)) => lines.push(line),
            Ok(line) => {
                let text = format!(
                    "{} has a rate of that month on an earlier line",
                    line.rate.currency
                );
                faults.push(Fault::new(line.line, "", text));
            }
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() {
        return Ok(lines);
    }
    faults.truncate(FAULTS_MAX);
    Err(faults)
}

fn line(table: &Table, record: &Record) -> Result<Line, Fault> {
    let field = |name| table.field(record, name);
    let bad = |column, text: &str| Fault::new(record.line, column, text);
    let currency = field("CurrencyCode").parse::<Currency>().ok();
    let currency = currency
        .filter(|code| is_billed_in(*code) && *code != Currency::USD)
        .ok_or_else(|| {
            bad(
                "CurrencyCode",
                "is no currency, other than USD, in which a partner is billed",
            )
        })?;
    let month = month(field("Month")).ok_or_else(|| bad("Month", "is a month such as 202607"))?;
    let (column, is_turned) = match field("UnitsPerUSD") {
        "" => ("USDPerUnit", true),
        _ => ("UnitsPerUSD", false),
    };
    let (mantissa, scale) = decimal(field(column))
        .ok_or_else(|| bad(column, "is a positive decimal number of at most 18 digits"))?;
    let (mantissa, scale) = if is_turned {
        turned(mantissa, scale)
            .ok_or_else(|| bad(column, "is too small or too large for a rate"))?
    } else {
        (mantissa, scale)
    };
    Ok(Line {
        line: record.line,
        rate: FxRate {
            currency,
            month,
            mantissa,
            scale: i64::from(scale),
        },
    })
}

/// `202607` as its first day.
#[must_use]
pub fn month(text: &str) -> Option<Date> {
    let is_month = text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit());
    let (year, month) = text.split_at_checked(4).filter(|_| is_month)?;
    Date::new(year.parse().ok()?, month.parse().ok()?, 1).ok()
}

fn decimal(text: &str) -> Option<(i64, u32)> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part = part.trim_end_matches('0');
    let digits = format!("{whole}{part}");
    let is_number =
        !whole.is_empty() && digits.len() <= 18 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa: i64 = digits
        .parse()
        .ok()
        .filter(|number| is_number && *number > 0)?;
    Some((mantissa, u32::try_from(part.len()).ok()?))
}

/// One divided by a rate, rounded half up, with as many decimals as fit.
fn turned(mantissa: i64, scale: u32) -> Option<(i64, u32)> {
    let found = (0..=TURNED_DIGITS).rev().find_map(|digits| {
        let one = 10_i128.checked_pow(digits.checked_add(scale)?)?;
        let quotient = divide(one, i128::from(mantissa), Rounding::HalfUp).ok()?;
        (quotient > 0 && quotient < 1_000_000_000_000_000_000).then_some((quotient, digits))
    });
    let (mut mantissa, mut scale) = found?;
    // One rate has one way to be written down.
    while scale > 0 && mantissa.checked_rem(10) == Some(0) {
        (mantissa, scale) = (mantissa.checked_div(10)?, scale.checked_sub(1)?);
    }
    Some((mantissa, scale))
}

fn text_of(mantissa: i64, scale: u32) -> String {
    let scale = usize::try_from(scale).unwrap_or_default();
    let digits = format!("{mantissa:0>width$}", width = scale.saturating_add(1));
    let (whole, part) = digits.split_at(digits.len().saturating_sub(scale));
    match part.trim_end_matches('0') {
        "" => whole.to_owned(),
        part => format!("{whole}.{part}"),
    }
}

/// The rates of a month, in the layout in which they are read.
///
/// # Errors
/// When the store fails.
pub async fn of_month(tx: &mut Tx<'_>, month: Date) -> Result<String, AppError> {
    let mut text = String::new();
    csv::write(&mut text, COLUMNS);
    let key = [Value::Day(month)];
    let rates = tx.find::<FxRate>(tables::fx_rates::OF_MONTH, &key);
    for rate in rates.await? {
        let scale = u32::try_from(rate.scale).unwrap_or_default();
        let dollars =
            turned(rate.mantissa, scale).map(|(mantissa, scale)| text_of(mantissa, scale));
        let month = format!("{:04}{:02}", month.year(), month.month());
        csv::write(
            &mut text,
            [
                rate.currency.as_str(),
                &dollars.unwrap_or_default(),
                &month,
                &text_of(rate.mantissa, scale),
            ],
        );
    }
    Ok(text)
}

/// Records rates.
pub struct Import {
    /// Who, and when.
    pub ctx: Ctx,
    /// The lines.
    pub lines: Vec<Line>,
}

impl Command for Import {
    /// How many rates are new or changed.
    type Out = Result<usize, Vec<Fault>>;
    type Error = AppError;

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::on("prices", "rates")]
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, AppError> {
        let today = self.ctx.now.date();
        let (mut changed, mut faults) = (Vec::new(), Vec::new());
        for line in &self.lines {
            let rate = &line.rate;
            let known = tx.get::<FxRate>(&rate.key()).await?;
            if known.as_ref() == Some(rate) {
                continue;
            }
            let fixed = fx::fixed_on(rate.month);
            let is_over = add_months(rate.month, 1) <= today;
            if is_over || (known.is_some() && today > fixed) {
                let text = format!(
                    "the rate of this month was fixed on {fixed} and is not changed any more (BIL-021)"
                );
                faults.push(Fault::new(line.line, "Month", text));
            }
            changed.push(rate);
        }
        if !faults.is_empty() {
            faults.truncate(FAULTS_MAX);
            return Ok(Err(faults));
        }
        for rate in &changed {
            tx.put(*rate).await?;
        }
        if !changed.is_empty() {
            let subject = format!("{} rates", changed.len());
            events::happened(&self.ctx, tx, "rates_imported", &subject).await?;
        }
        Ok(Ok(changed.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_read_either_way_round() {
        let read = read("CurrencyCode,USDPerUnit,Month,UnitsPerUSD\nEUR,,202607,0.9150\nSEK,0.27229407760381211,202607,\n").unwrap();
        let rates: Vec<_> = read
            .iter()
            .map(|line| (line.rate.mantissa, line.rate.scale))
            .collect();
        assert_eq!(rates.first(), Some(&(915, 3)));
        let (mantissa, scale) = *rates.last().unwrap();
        assert_eq!(
            text_of(mantissa, u32::try_from(scale).unwrap()),
            "3.6725000000000001"
        );
    }

    #[test]
    fn what_is_wrong_with_a_rate_is_told() {
        for (line, told) in [
            (
                "USD,1,202607",
                "CurrencyCode: is no currency, other than USD",
            ),
            ("EUR,0,202607", "USDPerUnit: is a positive decimal"),
            ("EUR,-1,202607", "USDPerUnit: is a positive decimal"),
            ("EUR,1.2,2026-07", "Month: is a month"),
            ("EUR,1.2,202613", "Month: is a month"),
            ("EUR,,202607", "USDPerUnit: is a positive decimal"),
            (
                "EUR,1.2,202607\nEUR,1.3,202607",
                "EUR has a rate of that month",
            ),
        ] {
            let faults = read(&format!("CurrencyCode,USDPerUnit,Month\n{line}\n")).unwrap_err();
            let first = faults.first().unwrap().to_string();
            assert!(first.contains(told), "{first}");
        }
    }
}

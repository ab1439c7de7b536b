//! Amounts as JSON numbers, exact to the last digit: text that is already a number, never a binary fraction.

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use tierline_domain::money::Money;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A decimal as it is written on the wire, with the digits that it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decimal {
    /// Without a part behind the point.
    Whole(i64),
    /// The text of a JSON number.
    Text(String),
}

impl Decimal {
    /// The figure of an amount.
    pub(crate) fn of(money: Money) -> Self {
        let (mut scaled, mut digits) = (money.minor, money.currency.digits());
        while digits > 0 && scaled.checked_rem(10) == Some(0) {
            scaled = scaled.checked_div(10).unwrap_or_default();
            digits = digits.saturating_sub(1);
        }
        if digits == 0 {
            return Self::Whole(scaled);
        }
        let mut left = scaled.unsigned_abs();
        // From the last digit to the first, which is before the point.
        let mut text = Vec::with_capacity(24);
        while left > 0 || digits > 0 || text.last() == Some(&b'.') {
            let digit = u8::try_from(left.checked_rem(10).unwrap_or_default()).unwrap_or_default();
            text.push(b'0'.saturating_add(digit));
            left = left.checked_div(10).unwrap_or_default();
            if digits == 1 {
                text.push(b'.');
            }
            digits = digits.saturating_sub(1);
        }
        if scaled < 0 {
            text.push(b'-');
        }
        text.reverse();
        String::from_utf8(text).map_or(Self::Whole(0), Self::Text)
    }

    /// A whole number.
    pub(crate) const fn whole(number: i64) -> Self {
        Self::Whole(number)
    }

    /// A decimal that was kept as text; what is none counts as nothing.
    pub(crate) fn read(text: &str) -> Self {
        let trimmed = match text.split_once('.') {
            Some((whole, part)) => match part.trim_end_matches('0') {
                "" => whole.to_owned(),
                part => format!("{whole}.{part}"),
            },
            None => text.to_owned(),
        };
        let number = serde_json::from_str::<&RawValue>(&trimmed).is_ok_and(|raw| {
            raw.get()
                .starts_with(|first: char| first == '-' || first.is_ascii_digit())
        });
        if number {
            Self::Text(trimmed)
        } else {
            Self::Whole(0)
        }
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Whole(number) => serializer.serialize_i64(*number),
            Self::Text(text) => {
                let raw = serde_json::from_str::<&RawValue>(text);
                raw.map_err(serde::ser::Error::custom)?
                    .serialize(serializer)
            }
        }
    }
}

impl PartialSchema for Decimal {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::Number).into()
    }
}
impl ToSchema for Decimal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_keep_every_digit_and_no_more() {
        for (text, written) in [
            ("USD 36.48", "36.48"),
            ("USD 438.00", "438"),
            ("USD -0.50", "-0.5"),
            ("JPY 1200", "1200"),
            ("USD 90071992547409.93", "90071992547409.93"),
            ("USD 0.05", "0.05"),
            ("USD -12.30", "-12.3"),
            ("USD 0.00", "0"),
        ] {
            let figure = Decimal::of(text.parse().unwrap());
            assert_eq!(serde_json::to_string(&figure).unwrap(), written);
        }
        assert_eq!(
            serde_json::to_string(&Decimal::read("0.0500000000000001")).unwrap(),
            "0.0500000000000001"
        );
        assert_eq!(serde_json::to_string(&Decimal::read("\"x\"")).unwrap(), "0");
    }
}

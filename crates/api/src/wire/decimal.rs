//! Amounts as JSON numbers, exact to the last digit: text that is already a number, never a binary fraction.

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use tierline_domain::money::Money;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A decimal as it is written on the wire, with the digits that it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decimal(String);

impl Decimal {
    /// The figure of an amount.
    pub(crate) fn of(money: Money) -> Self {
        let text = money.to_string();
        Self::read(text.split_once(' ').map_or("0", |(_, figure)| figure))
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
        Self(if number { trimmed } else { "0".to_owned() })
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw = RawValue::from_string(self.0.clone()).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
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

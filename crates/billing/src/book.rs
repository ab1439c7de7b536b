//! Price books: what a seller asks of the tier below, from what it pays itself.

use tierline_domain::billing::{PriceMethod, PriceRule};
use tierline_domain::catalog::{Item, Term};
use tierline_domain::customer::Segment;
use tierline_domain::id::Id;
use tierline_domain::money::{Money, MoneyError, Rounding};
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::time::Date;

/// Hundredths of a per cent in the whole.
pub const WHOLE_BP: i64 = 10_000;

/// A sale between two tiers, as price books see it.
#[derive(Clone, Copy, Debug)]
pub struct Sale {
    /// The reseller that buys; none where the customer itself does.
    pub buyer: Option<Id<Account>>,
    /// The end customer; none where nobody is known yet.
    pub customer: Option<Id<Tenant>>,
    /// The item.
    pub item: Id<Item>,
    /// Its segment.
    pub segment: Segment,
    /// The term.
    pub term: Term,
    /// The day whose prices hold.
    pub day: Date,
    /// An amount that was rated, and no price of a seat: a fixed price says nothing of it.
    pub is_rated: bool,
}

/// Whether an entry of a book speaks of a sale.
#[must_use]
pub fn speaks_of(rule: &PriceRule, sale: &Sale) -> bool {
    fn fits<T: PartialEq>(named: Option<T>, is: Option<T>) -> bool {
        named.is_none() || named == is
    }
    !(sale.is_rated && rule.method == PriceMethod::Fixed)
        && rule.from_day <= sale.day
        && rule.until_day.is_none_or(|until| sale.day <= until)
        && fits(rule.buyer, sale.buyer)
        && fits(rule.customer, sale.customer)
        && fits(rule.item, Some(sale.item))
        && fits(rule.segment, Some(sale.segment))
        && fits(rule.term, Some(sale.term))
}

/// The entry that decides: the one that says most closely what it is for (customer before buyer before item before term before
/// segment), and of several such the latest.
#[must_use]
pub fn deciding<'a>(rules: &'a [PriceRule], sale: &Sale) -> Option<&'a PriceRule> {
    rules
        .iter()
        .filter(|rule| speaks_of(rule, sale))
        .max_by_key(|rule| {
            (
                [
                    rule.customer.is_some(),
                    rule.buyer.is_some(),
                    rule.item.is_some(),
                    rule.term.is_some(),
                    rule.segment.is_some(),
                ],
                rule.from_day,
                rule.recorded,
                rule.id,
            )
        })
}

/// The price that an entry makes of what the seller pays, rounded half up to the minor unit. Without an entry the seller
/// passes on what it pays.
///
/// # Errors
/// When the price overflows, or a fixed one is in another currency.
pub fn price(rule: Option<&PriceRule>, cost: Money) -> Result<Money, MoneyError> {
    let Some(rule) = rule else {
        return Ok(cost);
    };
    let overflow = || MoneyError::Overflow;
    match rule.method {
        PriceMethod::Fixed => match rule.fixed {
            Some(fixed) if fixed.currency == cost.currency => Ok(fixed),
            Some(fixed) => Err(MoneyError::MixedCurrency(fixed.currency, cost.currency)),
            None => Ok(cost),
        },
        PriceMethod::Markup => {
            let share = WHOLE_BP.checked_add(rule.rate_bp).ok_or_else(overflow)?;
            cost.share(share, WHOLE_BP, Rounding::HalfUp)
        }
        PriceMethod::Margin => {
            let rest = WHOLE_BP.checked_sub(rule.rate_bp).ok_or_else(overflow)?;
            cost.share(WHOLE_BP, rest, Rounding::HalfUp)
        }
    }
}

/// The share of a price that is not its cost, in hundredths of a per cent, cut; none of a price of nothing.
#[must_use]
pub fn margin_bp(price: Money, cost: Money) -> Option<i64> {
    if price.currency != cost.currency || price.minor == 0 {
        return None;
    }
    let gain = price.minor.checked_sub(cost.minor)?;
    let scaled = i128::from(gain).checked_mul(i128::from(WHOLE_BP))?;
    i64::try_from(scaled.checked_div(i128::from(price.minor))?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn id<T>(number: u128) -> Id<T> {
        Id::from_uuid(Uuid::from_u128(number))
    }

    fn rule(number: u128) -> PriceRule {
        PriceRule {
            id: id(number),
            owner: id(1),
            buyer: None,
            customer: None,
            item: None,
            segment: None,
            term: None,
            method: PriceMethod::Markup,
            rate_bp: 1_000,
            fixed: None,
            open: false,
            from_day: "2024-01-01".parse().unwrap(),
            until_day: None,
            recorded: "2024-01-01T00:00:00Z".parse().unwrap(),
        }
    }

    fn sale() -> Sale {
        Sale {
            buyer: Some(id(2)),
            customer: Some(id(3)),
            item: id(4),
            segment: Segment::Commercial,
            term: Term::YEAR,
            day: "2024-06-01".parse().unwrap(),
            is_rated: false,
        }
    }

    #[test]
    fn the_closest_entry_decides_and_of_equals_the_latest() {
        let everyone = rule(1);
        let later = PriceRule {
            from_day: "2024-05-01".parse().unwrap(),
            ..rule(2)
        };
        let of_item = PriceRule {
            item: Some(id(4)),
            ..rule(3)
        };
        let other_item = PriceRule {
            item: Some(id(5)),
            ..rule(4)
        };
        let not_yet = PriceRule {
            item: Some(id(4)),
            from_day: "2024-07-01".parse().unwrap(),
            ..rule(5)
        };
        let over = PriceRule {
            customer: Some(id(3)),
            until_day: "2024-05-31".parse().ok(),
            ..rule(6)
        };
        let rules = [everyone, later, of_item, other_item, not_yet, over];
        assert_eq!(deciding(&rules, &sale()).unwrap().id, id(3));
        assert_eq!(deciding(&rules[..2], &sale()).unwrap().id, id(2));
        assert!(deciding(&rules[3..], &sale()).is_none());
    }

    #[test]
    fn margin_and_markup_are_shares_of_different_things() {
        let cost: Money = "EUR 80.00".parse().unwrap();
        let margin = PriceRule {
            method: PriceMethod::Margin,
            rate_bp: 2_000,
            ..rule(1)
        };
        let markup = PriceRule {
            rate_bp: 2_000,
            ..rule(1)
        };
        let of_margin = price(Some(&margin), cost).unwrap();
        assert_eq!(of_margin.to_string(), "EUR 100.00");
        assert_eq!(margin_bp(of_margin, cost), Some(2_000));
        assert_eq!(price(Some(&markup), cost).unwrap().to_string(), "EUR 96.00");
        assert_eq!(price(None, cost).unwrap(), cost);
        let all = PriceRule {
            method: PriceMethod::Margin,
            rate_bp: WHOLE_BP,
            ..rule(1)
        };
        assert!(price(Some(&all), cost).is_err());
    }

    proptest! {
        /// A markup never makes a price fall, and is exact to half a minor unit.
        #[test]
        fn a_markup_is_exact_to_half_a_minor_unit(minor in 0_i64..1_000_000_000, bp in 0_i64..100_000) {
            let cost = Money::new(minor, tierline_domain::money::Currency::EUR);
            let asked = price(Some(&PriceRule { rate_bp: bp, ..rule(1) }), cost).unwrap();
            let exact = i128::from(minor) * i128::from(WHOLE_BP + bp);
            let off = i128::from(asked.minor) * i128::from(WHOLE_BP) - exact;
            prop_assert!(asked.minor >= minor);
            prop_assert!(off.abs() * 2 <= i128::from(WHOLE_BP));
        }
    }
}

//! What can be bought: items, their terms and prices, promotions.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::customer::Segment;
use crate::id::Id;
use crate::money::Money;
use crate::place::Country;
use crate::time::{Date, add_days, add_months};
use crate::words::UnknownWord;

crate::words! {
    /// Kinds of catalogue entries.
    pub enum ItemKind {
        /// A seat licence.
        Licence = "licence",
        /// An add-on to a licence.
        AddOn = "add_on",
        /// A trial.
        Trial = "trial",
        /// Software by subscription.
        SoftwareSubscription = "software_subscription",
        /// Software for ever.
        PerpetualSoftware = "perpetual_software",
        /// The plan under which consumption is billed.
        ConsumptionPlan = "consumption_plan",
        /// A consumption subscription under the plan.
        Consumption = "consumption",
        /// The consumption offer before the plan.
        PreviousConsumption = "previous_consumption",
        /// A reservation of cloud resources.
        Reservation = "reservation",
        /// A marketplace item sold by the seat.
        Marketplace = "marketplace",
    }
}

impl ItemKind {
    /// Sold by the seat, with seats that can be counted.
    #[must_use]
    pub const fn has_seats(self) -> bool {
        matches!(
            self,
            Self::Licence
                | Self::AddOn
                | Self::Trial
                | Self::SoftwareSubscription
                | Self::Marketplace
        )
    }

    /// Cloud consumption, the plan or what preceded it.
    #[must_use]
    pub const fn is_consumption(self) -> bool {
        matches!(
            self,
            Self::ConsumptionPlan | Self::Consumption | Self::PreviousConsumption
        )
    }
}

crate::words! {
    /// The two generations of licence subscriptions.
    pub enum Generation {
        /// New commerce.
        NewCommerce = "new_commerce",
        /// Traditional.
        Traditional = "traditional",
    }
}

crate::words! {
    /// Who publishes an item.
    pub enum Publisher {
        /// The operator.
        Operator = "operator",
        /// A third party.
        ThirdParty = "third_party",
    }
}

crate::words! {
    /// How often a subscription is billed.
    pub enum Frequency {
        /// Every month.
        Monthly = "monthly",
        /// Every year.
        Annual = "annual",
        /// Every three years.
        Triennial = "triennial",
        /// Once.
        OneTime = "one_time",
        /// Never.
        None = "none",
    }
}

impl Frequency {
    /// Months between two charges; `None` where there is one charge or none.
    #[must_use]
    pub const fn months(self) -> Option<i32> {
        match self {
            Self::Monthly => Some(1),
            Self::Annual => Some(12),
            Self::Triennial => Some(36),
            Self::OneTime | Self::None => None,
        }
    }
}

/// How long a purchase runs: a number of months or years, `one_time`, or `none` for plans.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Term {
    /// Runs until ended.
    None,
    /// Bought once, for ever.
    OneTime,
    /// So many months.
    Months(u16),
    /// A duration that no calendar month measures, such as thirty days. It can be asked for; nothing is sold for it
    /// (ORD-017).
    Uneven {
        /// Its months.
        months: u16,
        /// And days.
        days: u16,
        /// And minutes.
        minutes: u32,
    },
}

impl Term {
    /// One month.
    pub const MONTH: Self = Self::Months(1);
    /// One year.
    pub const YEAR: Self = Self::Months(12);
    /// Three years.
    pub const THREE_YEARS: Self = Self::Months(36);

    /// Months, where there are any.
    #[must_use]
    pub fn months(self) -> Option<i32> {
        match self {
            Self::Months(months) => Some(i32::from(months)),
            Self::None | Self::OneTime | Self::Uneven { .. } => None,
        }
    }

    /// An ISO 8601 duration: `P1Y`, `P1M`, `P30D`, `PT1H`. Months are counted together with years.
    fn duration(text: &str) -> Option<Self> {
        let (date, time) = match text.split_once('T') {
            Some((_, "")) => return None,
            Some((date, time)) => (date, time),
            None => (text, ""),
        };
        let (years, date) = count(date, 'Y')?;
        let (months, date) = count(date, 'M')?;
        let (days, date) = count(date, 'D')?;
        let (hours, time) = count(time, 'H')?;
        let (minutes, time) = count(time, 'M')?;
        if !date.is_empty() || !time.is_empty() {
            return None;
        }
        let months = u16::try_from(years.checked_mul(12)?.checked_add(months)?).ok()?;
        let days = u16::try_from(days).ok()?;
        let minutes = hours.checked_mul(60)?.checked_add(minutes)?;
        match (months, days, minutes) {
            (0, 0, 0) => None,
            (months, 0, 0) => Some(Self::Months(months)),
            (months, days, minutes) => Some(Self::Uneven {
                months,
                days,
                minutes,
            }),
        }
    }

    /// The last day of a term that begins on `start` (BIL-043): the day before the anniversary.
    #[must_use]
    pub fn last_day(self, start: Date) -> Option<Date> {
        self.months()
            .map(|months| add_days(add_months(start, months), -1))
    }

    /// Whether a frequency fits into this term (ORD-018).
    #[must_use]
    pub fn admits(self, frequency: Frequency) -> bool {
        match (self.months(), frequency.months()) {
            (Some(term), Some(every)) => every <= term,
            _ => true,
        }
    }
}
impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::OneTime => f.write_str("one_time"),
            Self::Months(months) if months % 12 == 0 => write!(f, "P{}Y", months / 12),
            Self::Months(months) => write!(f, "P{months}M"),
            Self::Uneven {
                months,
                days,
                minutes,
            } => {
                f.write_str("P")?;
                for (number, unit) in [(months, 'M'), (days, 'D')] {
                    if *number > 0 {
                        write!(f, "{number}{unit}")?;
                    }
                }
                if *minutes > 0 {
                    write!(f, "T{minutes}M")?;
                }
                Ok(())
            }
        }
    }
}

/// The number before a unit, and what follows; none where the unit is not there.
fn count(text: &str, unit: char) -> Option<(u32, &str)> {
    match text.split_once(unit) {
        Some((number, rest)) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some((number.parse().ok()?, rest))
        }
        // The first such letter may belong to a later part: `1D` has no year.
        _ => Some((0, text)),
    }
}
impl FromStr for Term {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let term = match text {
            "none" => Some(Self::None),
            "one_time" => Some(Self::OneTime),
            _ => text.strip_prefix('P').and_then(Self::duration),
        };
        term.ok_or_else(|| UnknownWord {
            set: "term",
            text: text.to_owned(),
        })
    }
}
impl Serialize for Term {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Term {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A term an item is sold for, and how it may be billed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offered {
    /// The term.
    pub term: Term,
    /// Frequencies allowed with it.
    pub frequencies: Vec<Frequency>,
    /// Price per seat for the whole term, in each listed currency.
    pub prices: Vec<Money>,
}

/// A catalogue entry: product, SKU and availability in one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its id.
    pub id: Id<Item>,
    /// Its short name.
    pub handle: String,
    /// Its id in the catalogue: `product:SKU:availability`, or a GUID in the traditional generation.
    pub catalogue_id: String,
    /// What it is called.
    pub title: String,
    /// Its kind.
    pub kind: ItemKind,
    /// Its generation.
    pub generation: Generation,
    /// Its publisher.
    pub publisher: Publisher,
    /// The segment it is made for.
    pub segment: Segment,
    /// Terms and prices, shortest term first.
    pub offered: Vec<Offered>,
    /// Fewest units of one purchase.
    pub min_quantity: i64,
    /// Most units of one subscription.
    pub max_quantity: i64,
    /// Most seats of one customer over all sellers (ORD-020).
    pub customer_max: Option<i64>,
    /// Handles of items of which one must be owned (ORD-022).
    pub prerequisites: Vec<String>,
    /// Least share of the prerequisite seats, in per cent (ORD-024).
    pub percent_of_base: Option<i64>,
    /// The paid item of a trial.
    pub trial_of: Option<String>,
    /// Items it may be upgraded to.
    pub upgrades_to: Vec<String>,
    /// Most subscriptions of one customer at one time (ORD-021).
    pub concurrent_limit: Option<i64>,
    /// The last day of sale (ORD-035).
    pub end_of_sale: Option<Date>,
    /// Countries in which it is not sold.
    pub not_sold_in: Vec<Country>,
    /// Handles of the partners it is for; empty means everyone.
    pub exclusive_to: Vec<String>,
    /// Needs an attestation on the line (ORD-011).
    pub requires_attestation: bool,
    /// The partner of record cannot be changed (SUB-043).
    pub partner_of_record_fixed: bool,
    /// Can renew (SUB-016).
    pub renewable: bool,
    /// Can be cancelled (SUB-046).
    pub cancellable: bool,
    /// The first day of which a price list of the operator speaks; none while only its own prices hold.
    pub listed_from: Option<Date>,
}

impl Item {
    /// What is offered for a term.
    #[must_use]
    pub fn offer(&self, term: Term) -> Option<&Offered> {
        self.offered.iter().find(|offered| offered.term == term)
    }
}

/// A price from a day on, per seat for a whole term (BIL-023).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatedPrice {
    /// The item.
    pub item: Id<Item>,
    /// The term, as text.
    pub term: Term,
    /// First day.
    pub from_day: Date,
    /// The price.
    pub amount: Money,
}

/// A discount with a customer-wide seat limit (ORD-042).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promotion {
    /// Its id.
    pub id: Id<Promotion>,
    /// Its short name.
    pub handle: String,
    /// The item.
    pub item: Id<Item>,
    /// Most seats per customer.
    pub max_seats: i64,
    /// Per cent off.
    pub discount_percent: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_read_and_print() {
        for text in ["P1M", "P1Y", "P3Y", "P6Y", "one_time", "none"] {
            assert_eq!(text.parse::<Term>().unwrap().to_string(), text);
        }
        assert_eq!("P12M".parse::<Term>().unwrap(), Term::YEAR);
        assert_eq!("P1Y6M".parse::<Term>().unwrap(), Term::Months(18));
        for text in ["P1D", "P30D", "P1M15D", "PT90M"] {
            let term = text.parse::<Term>().unwrap();
            assert_eq!(term.to_string(), text);
            assert_eq!(term.months(), None);
        }
        for text in [
            "P0M", "P0D", "P", "PT", "1Y", "PM", "P1W", "P-1M", "P99999Y", "P1M1Y",
        ] {
            assert!(text.parse::<Term>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_term_ends_the_day_before_its_anniversary() {
        let start = "2023-01-31".parse().unwrap();
        assert_eq!(
            Term::MONTH.last_day(start).unwrap().to_string(),
            "2023-02-27"
        );
        assert_eq!(
            Term::YEAR.last_day(start).unwrap().to_string(),
            "2024-01-30"
        );
    }
}

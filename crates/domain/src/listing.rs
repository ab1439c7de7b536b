//! The place of items in the catalogue: products and their listings, offers, promotions as they are shown.
//!
//! An [`Item`] is what a purchase names and what rules judge. A product gathers items of one purpose; a listing
//! says under which product and SKU an item of new commerce stands, an offer does so for the traditional
//! generation. What is shown and never judged (texts, attributes, units) stays here.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::catalog::{Frequency, Item, Promotion, Publisher, Term};
use crate::customer::Segment;
use crate::directory::LicenceGroup;
use crate::id::Id;
use crate::place::Country;
use crate::time::Date;

/// One text in several languages, by two letters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Texts(BTreeMap<String, String>);

/// The language of a text that names none, and what is read where the wanted one lacks.
const USUAL_LANGUAGE: &str = "en";

impl Texts {
    /// A text in the usual language.
    #[must_use]
    pub fn of(text: impl Into<String>) -> Self {
        Self(BTreeMap::from([(USUAL_LANGUAGE.to_owned(), text.into())]))
    }

    /// The text in a language, or else in the usual one, or else in any.
    #[must_use]
    pub fn in_language(&self, language: &str) -> &str {
        self.0
            .get(language)
            .or_else(|| self.0.get(USUAL_LANGUAGE))
            .or_else(|| self.0.values().next())
            .map_or("", String::as_str)
    }

    /// There is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.values().all(String::is_empty)
    }
}

impl<'de> Deserialize<'de> for Texts {
    /// A plain text, or one for each language.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;
        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Texts;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or texts by language such as {en: …, ja: …}")
            }
            fn visit_str<E>(self, text: &str) -> Result<Texts, E> {
                Ok(Texts::of(text))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Texts, A::Error> {
                let mut texts = BTreeMap::new();
                while let Some((language, text)) = map.next_entry()? {
                    texts.insert(language, text);
                }
                Ok(Texts(texts))
            }
        }
        deserializer.deserialize_any(OneOrMany)
    }
}

crate::words! {
    /// Where in the catalogue a product stands. Every view of the catalogue is a set of shelves.
    pub enum Shelf {
        /// Licences of online services.
        OnlineServices = "online_services",
        /// Services of third parties.
        Marketplace = "marketplace",
        /// Plans under which consumption is billed.
        Consumption = "consumption",
        /// Reserved virtual machines.
        ReservedMachines = "reserved_machines",
        /// Reserved relational databases.
        ReservedSql = "reserved_sql",
        /// Reserved document databases.
        ReservedDocuments = "reserved_documents",
        /// Commitments to an hourly amount.
        SavingsPlan = "savings_plan",
        /// Software by subscription.
        SoftwareSubscription = "software_subscription",
        /// Software for ever.
        PerpetualSoftware = "perpetual_software",
        /// Subscriptions of Linux distributions.
        LinuxSubscription = "linux_subscription",
    }
}

impl Shelf {
    /// Capacity that is reserved ahead.
    #[must_use]
    pub const fn is_reservation(self) -> bool {
        matches!(
            self,
            Self::ReservedMachines | Self::ReservedSql | Self::ReservedDocuments
        )
    }
}

crate::words! {
    /// What a buyer must have, or must ask, before the purchase.
    pub enum Precondition {
        /// The customer agreement.
        CustomerAgreement = "customer_agreement",
        /// The agreement of the traditional generation.
        CloudAgreement = "cloud_agreement",
        /// A consumption subscription that is registered for reservations.
        SubscriptionRegistration = "subscription_registration",
        /// A look at the inventory.
        InventoryCheck = "inventory_check",
    }
}

crate::words! {
    /// What a look at the inventory, or the provisioning, has to be told.
    pub enum Variable {
        /// The customer.
        Customer = "customer",
        /// The consumption subscription.
        Subscription = "subscription",
        /// The region of the data centre.
        DataRegion = "data_region",
        /// To what a reservation applies.
        Scope = "scope",
        /// How long.
        Duration = "duration",
    }
}

crate::words! {
    /// What a limit of an offer counts.
    pub enum LimitOf {
        /// Nothing.
        None = "none",
        /// Subscriptions at one time.
        Concurrent = "concurrent",
        /// Subscriptions ever.
        Lifetime = "lifetime",
    }
}

/// Countries in which something is not sold, as one text in which a country can be looked for: `,CN,RU,`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NotSoldIn(pub String);

impl NotSoldIn {
    /// These countries.
    #[must_use]
    pub fn of(countries: &[Country]) -> Self {
        if countries.is_empty() {
            return Self::default();
        }
        let mut text = String::from(",");
        for country in countries {
            text.push_str(country.as_str());
            text.push(',');
        }
        Self(text)
    }

    /// Whether a country is among them.
    #[must_use]
    pub fn holds(&self, country: Country) -> bool {
        self.0.split(',').any(|code| code == country.as_str())
    }
}

/// A product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Its id: twelve letters and digits.
    pub id: String,
    /// Its short name.
    pub handle: String,
    /// Where it stands.
    pub shelf: Shelf,
    /// Its place among the products.
    pub position: i64,
    /// A finer kind within the shelf, in words of the operator.
    pub subtype: Option<String>,
    /// Who publishes it.
    pub publisher: Publisher,
    /// The publisher's name.
    pub publisher_name: String,
    /// What it is called.
    pub title: Texts,
    /// What it is good for.
    pub description: Texts,
}

/// The least that must be committed to an hour, where an item is a commitment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeastCommitment {
    /// The span of time: `hourly`.
    pub grain: String,
    /// The amount in the market's currency, as a decimal number.
    pub amount: String,
}

/// What is shown of an item and never judged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct About {
    /// What the SKU or the offer is called.
    pub title: Texts,
    /// What it is good for.
    pub description: Texts,
    /// What a unit of it is called.
    pub unit: Option<String>,
    /// Further facts by name.
    pub attributes: BTreeMap<String, String>,
    /// What must be there before the purchase; none stands for what is usual on the shelf.
    pub preconditions: Option<Vec<Precondition>>,
    /// What a look at the inventory is told.
    pub inventory_variables: Option<Vec<Variable>>,
    /// What the provisioning is told.
    pub provisioning_variables: Option<Vec<Variable>>,
    /// The least commitment.
    pub least_commitment: Option<LeastCommitment>,
    /// Regions of data centres in which there is none left.
    pub sold_out_in: Vec<String>,
    /// What of its use beyond the licence is billed: `overage`.
    pub consumption: Option<String>,
    /// Short names of what comes with it.
    pub includes: Vec<String>,
    /// Services that come with a licence.
    pub services: Vec<String>,
    /// Who keeps the users of its licences.
    pub licence_group: LicenceGroup,
    /// What a limit counts; offers only.
    pub limit_of: Option<LimitOf>,
    /// Where more is written; offers only.
    pub learn_more: Option<String>,
}

/// Under which product and SKU an item stands. Items of one SKU are its availabilities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The item.
    pub item: Id<Item>,
    /// Its product.
    pub product: String,
    /// Its SKU within the product.
    pub sku: String,
    /// Its availability within the SKU.
    pub availability: String,
    /// The segment it is made for.
    pub segment: Segment,
    /// The last day of sale.
    pub last_day: Option<Date>,
    /// Where it is not sold.
    pub not_sold_in: NotSoldIn,
    /// Shown only to those who ask for what goes with the consumption plan.
    pub plan_only: bool,
    /// What is shown of it.
    pub about: About,
}

/// An item of the traditional generation as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The item.
    pub item: Id<Item>,
    /// Its category.
    pub category: String,
    /// Its place among the offers.
    pub rank: i64,
    /// The segment it is made for.
    pub segment: Segment,
    /// The last day of sale.
    pub last_day: Option<Date>,
    /// Where it is not sold.
    pub not_sold_in: NotSoldIn,
    /// What is shown of it.
    pub about: About,
}

/// A category of offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferCategory {
    /// Its id.
    pub id: String,
    /// Its place among the categories.
    pub rank: i64,
    /// Where it stands empty.
    pub not_sold_in: NotSoldIn,
    /// What it is called.
    pub title: Texts,
}

/// That an item needs another one: the base by its short name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseOf {
    /// What is needed, one of several.
    pub base: String,
    /// What needs it.
    pub item: Id<Item>,
}

/// A term and the frequencies with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Billed {
    /// The term.
    pub term: Term,
    /// How it is billed.
    pub frequencies: Vec<Frequency>,
}

/// For what a promotion is meant (ORD-033), apart from its item and seats.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PromotionTerms {
    /// What it is called.
    pub title: Texts,
    /// What it gives.
    pub description: Texts,
    /// Terms and frequencies; empty means every one of the item.
    pub billed: Vec<Billed>,
    /// Fewest seats of a purchase.
    pub min_seats: i64,
    /// Most purchases of one customer.
    pub max_redemptions: Option<i64>,
    /// Only for a customer that never had the item.
    pub first_purchase: bool,
    /// Short names of items of which one must be owned.
    pub requires: Vec<String>,
}

impl PromotionTerms {
    /// Whether it covers a term and a frequency; one that is not said is covered.
    #[must_use]
    pub fn covers(&self, term: Option<Term>, frequency: Option<Frequency>) -> bool {
        self.billed.is_empty()
            || self.billed.iter().any(|billed| {
                term.is_none_or(|term| term == billed.term)
                    && frequency.is_none_or(|frequency| billed.frequencies.contains(&frequency))
            })
    }
}

/// A promotion as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromotionListing {
    /// The promotion.
    pub promotion: Id<Promotion>,
    /// Its id in the catalogue: product, SKU and availability of the promotion itself.
    pub catalogue_id: String,
    /// The segment it is made for.
    pub segment: Segment,
    /// Its first day.
    pub from_day: Date,
    /// Its last day; none where it has no end.
    pub until_day: Option<Date>,
    /// Where it is not given.
    pub not_sold_in: NotSoldIn,
    /// For what it is meant.
    pub about: PromotionTerms,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_falls_back_to_the_usual_language() {
        let texts = Texts(BTreeMap::from([
            ("en".to_owned(), "Desk".to_owned()),
            ("ja".to_owned(), "デスク".to_owned()),
        ]));
        assert_eq!(
            [texts.in_language("ja"), texts.in_language("fr")],
            ["デスク", "Desk"]
        );
    }

    #[test]
    fn a_country_is_found_among_those_without_sale() {
        let codes: Vec<Country> = ["CN", "RU"].map(|code| code.parse().unwrap()).to_vec();
        let none = NotSoldIn::of(&codes);
        assert_eq!(none.0, ",CN,RU,");
        assert!(none.holds("RU".parse().unwrap()) && !none.holds("US".parse().unwrap()));
        assert_eq!(NotSoldIn::of(&[]).0, "");
    }

    #[test]
    fn a_promotion_covers_what_it_names() {
        let annual = PromotionTerms {
            billed: vec![Billed {
                term: Term::YEAR,
                frequencies: vec![Frequency::Annual],
            }],
            ..PromotionTerms::default()
        };
        assert!(annual.covers(Some(Term::YEAR), Some(Frequency::Annual)));
        assert!(annual.covers(Some(Term::YEAR), None));
        assert!(!annual.covers(Some(Term::YEAR), Some(Frequency::Monthly)));
        assert!(!annual.covers(Some(Term::MONTH), None));
        assert!(PromotionTerms::default().covers(Some(Term::MONTH), None));
    }
}

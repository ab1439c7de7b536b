//! Files of the catalogue: how they are written, and what is wrong with one, by line and field.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use serde::Deserialize;
use tierline_domain::catalog::{Frequency, ItemKind, Offered, Publisher, Term};
use tierline_domain::customer::Segment;
use tierline_domain::decimal::Decimal;
use tierline_domain::directory::LicenceGroup;
use tierline_domain::listing::{LeastCommitment, LimitOf, Precondition, Shelf, Texts, Variable};
use tierline_domain::money::Money;
use tierline_domain::place::Country;
use tierline_domain::time::Date;
use tierline_rules::regions;
use uuid::Uuid;

use super::check::check;

/// The catalogue of the built-in profile.
const BUILT_IN: &[(&str, &str)] = &[
    (
        "online-services.yaml",
        include_str!("../../../../program/catalogue/online-services.yaml"),
    ),
    (
        "cloud.yaml",
        include_str!("../../../../program/catalogue/cloud.yaml"),
    ),
    (
        "software.yaml",
        include_str!("../../../../program/catalogue/software.yaml"),
    ),
    (
        "offers.yaml",
        include_str!("../../../../program/catalogue/offers.yaml"),
    ),
    (
        "promotions.yaml",
        include_str!("../../../../program/catalogue/promotions.yaml"),
    ),
    (
        "meters.yaml",
        include_str!("../../../../program/catalogue/meters.yaml"),
    ),
];

/// Faults that are told at once, at most.
pub(super) const FAULTS_MAX: usize = 20;

/// One file as it is written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Parts {
    pub(super) products: Vec<ProductEntry>,
    pub(super) categories: Vec<CategoryEntry>,
    pub(super) offers: Vec<Entry>,
    pub(super) promotions: Vec<PromotionEntry>,
    pub(super) meters: Vec<MeterEntry>,
}

/// A product and its items.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProductEntry {
    pub(super) id: String,
    pub(super) catalogue_id: Option<String>,
    pub(super) shelf: Shelf,
    pub(super) subtype: Option<String>,
    #[serde(default)]
    pub(super) third_party: bool,
    pub(super) publisher: Option<String>,
    pub(super) title: Texts,
    #[serde(default)]
    pub(super) description: Texts,
    pub(super) skus: Vec<Entry>,
}

impl ProductEntry {
    pub(super) const fn publisher(&self) -> Publisher {
        if self.third_party {
            Publisher::ThirdParty
        } else {
            Publisher::Operator
        }
    }
}

/// A category of offers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CategoryEntry {
    pub(super) id: String,
    pub(super) title: Texts,
    #[serde(default)]
    pub(super) rank: i64,
    #[serde(default)]
    pub(super) not_sold_in: Vec<Country>,
}

const fn one() -> i64 {
    1
}
const fn many() -> i64 {
    10_000
}
const fn yes() -> bool {
    true
}

/// An item: a SKU's availability in new commerce, or an offer of the traditional generation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) title: Texts,
    #[serde(default)]
    pub(super) description: Texts,
    pub(super) kind: Option<ItemKind>,
    #[serde(default = "commercial")]
    pub(super) segment: Segment,
    pub(super) terms: BTreeMap<Term, Vec<Frequency>>,
    #[serde(default)]
    pub(super) prices: BTreeMap<Term, Vec<Money>>,
    #[serde(default = "one")]
    pub(super) min: i64,
    #[serde(default = "many")]
    pub(super) max: i64,
    pub(super) customer_max: Option<i64>,
    #[serde(default)]
    pub(super) prerequisites: Vec<String>,
    pub(super) percent_of_base: Option<i64>,
    pub(super) trial_of: Option<String>,
    #[serde(default)]
    pub(super) upgrades_to: Vec<String>,
    pub(super) concurrent_limit: Option<i64>,
    pub(super) end_of_sale: Option<Date>,
    #[serde(default)]
    pub(super) not_sold_in: Vec<Country>,
    #[serde(default)]
    pub(super) sold_in: Vec<Country>,
    #[serde(default)]
    pub(super) exclusive_to: Vec<String>,
    #[serde(default)]
    pub(super) requires_attestation: bool,
    #[serde(default)]
    pub(super) partner_of_record_fixed: bool,
    #[serde(default = "yes")]
    pub(super) renewable: bool,
    #[serde(default = "yes")]
    pub(super) cancellable: bool,
    pub(super) unit: Option<String>,
    #[serde(default)]
    pub(super) attributes: BTreeMap<String, String>,
    // Of SKUs.
    pub(super) sku: Option<String>,
    pub(super) availability: Option<String>,
    #[serde(default)]
    pub(super) plan_only: bool,
    pub(super) preconditions: Option<Vec<Precondition>>,
    pub(super) inventory_variables: Option<Vec<Variable>>,
    pub(super) provisioning_variables: Option<Vec<Variable>>,
    pub(super) least_commitment: Option<LeastCommitment>,
    #[serde(default)]
    pub(super) sold_out_in: Vec<String>,
    pub(super) consumption: Option<String>,
    #[serde(default)]
    pub(super) includes: Vec<String>,
    #[serde(default)]
    pub(super) services: Vec<String>,
    #[serde(default)]
    pub(super) licence_group: LicenceGroup,
    // Of offers.
    pub(super) guid: Option<Uuid>,
    pub(super) category: Option<String>,
    pub(super) rank: Option<i64>,
    pub(super) limit_of: Option<LimitOf>,
    pub(super) learn_more: Option<String>,
}

const fn commercial() -> Segment {
    Segment::Commercial
}

impl Entry {
    /// Terms, frequencies and prices, shortest term first.
    pub(super) fn offered(&self) -> Vec<Offered> {
        let price = |term: &Term| self.prices.get(term).cloned().unwrap_or_default();
        self.terms
            .iter()
            .map(|(term, frequencies)| Offered {
                term: *term,
                frequencies: frequencies.clone(),
                prices: price(term),
            })
            .collect()
    }

    /// Where it is not sold, whichever way round the file says so.
    pub(super) fn not_sold_in(&self) -> Vec<Country> {
        if self.sold_in.is_empty() {
            return self.not_sold_in.clone();
        }
        regions::all()
            .map(|(country, _)| country)
            .filter(|country| !self.sold_in.contains(country))
            .collect()
    }
}

/// A promotion.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PromotionEntry {
    pub(super) id: String,
    pub(super) catalogue_id: Option<String>,
    pub(super) title: Texts,
    #[serde(default)]
    pub(super) description: Texts,
    pub(super) item: String,
    pub(super) discount_percent: i64,
    #[serde(default = "one")]
    pub(super) min_seats: i64,
    pub(super) max_seats: i64,
    #[serde(default)]
    pub(super) terms: BTreeMap<Term, Vec<Frequency>>,
    pub(super) from: Date,
    pub(super) until: Option<Date>,
    #[serde(default)]
    pub(super) not_sold_in: Vec<Country>,
    pub(super) max_redemptions: Option<i64>,
    #[serde(default)]
    pub(super) first_purchase: bool,
    #[serde(default)]
    pub(super) requires: Vec<String>,
}

/// A meter and its prices in US dollars, by the day from which they hold.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MeterEntry {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) category: String,
    #[serde(default)]
    pub(super) subcategory: String,
    #[serde(default)]
    pub(super) region: String,
    pub(super) unit: String,
    #[serde(default = "yes")]
    pub(super) earns: bool,
    pub(super) prices: BTreeMap<Date, Decimal>,
}

/// A catalogue whose files are in order.
#[derive(Clone, Debug)]
pub struct Catalogue {
    pub(super) products: Vec<ProductEntry>,
    pub(super) categories: Vec<CategoryEntry>,
    pub(super) offers: Vec<Entry>,
    pub(super) promotions: Vec<PromotionEntry>,
    pub(super) meters: Vec<MeterEntry>,
}

/// What is wrong with a file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The field.
    pub field: String,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file, self.line)?;
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.problem)
    }
}

impl Catalogue {
    /// Reads the files of a catalogue, YAML or (by their ending) JSON: each a name and its text.
    ///
    /// # Errors
    /// Everything that is wrong with them, the first twenty faults.
    pub fn read(files: &[(String, String)]) -> Result<Self, Vec<Fault>> {
        let (mut read, mut faults) = (Vec::new(), Vec::new());
        for (name, text) in files {
            match parts(name, text) {
                Ok(parts) => read.push((name.as_str(), text.as_str(), parts)),
                Err(fault) => faults.push(fault),
            }
        }
        if faults.is_empty() {
            faults = check(&read);
        }
        if !faults.is_empty() {
            faults.truncate(FAULTS_MAX);
            return Err(faults);
        }
        let mut whole = Self {
            products: Vec::new(),
            categories: Vec::new(),
            offers: Vec::new(),
            promotions: Vec::new(),
            meters: Vec::new(),
        };
        for (_, _, parts) in read {
            whole.products.extend(parts.products);
            whole.categories.extend(parts.categories);
            whole.offers.extend(parts.offers);
            whole.promotions.extend(parts.promotions);
            whole.meters.extend(parts.meters);
        }
        Ok(whole)
    }

    /// The catalogue of the built-in profile, read once.
    ///
    /// # Errors
    /// What is wrong with it, which a test rules out.
    pub fn built_in() -> Result<&'static Self, &'static [Fault]> {
        static READ: LazyLock<Result<Catalogue, Vec<Fault>>> = LazyLock::new(|| {
            let files: Vec<_> = BUILT_IN
                .iter()
                .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
                .collect();
            Catalogue::read(&files)
        });
        READ.as_ref().map_err(Vec::as_slice)
    }
}

fn parts(name: &str, text: &str) -> Result<Parts, Fault> {
    let fault = |line: Option<usize>, message: String| {
        let (field, problem) = match message.split_once(": ") {
            Some((field, problem)) if !field.contains(' ') => {
                (field.to_owned(), problem.to_owned())
            }
            _ => (String::new(), message),
        };
        Fault {
            file: name.to_owned(),
            line: line.unwrap_or(1),
            field,
            problem,
        }
    };
    let ending = std::path::Path::new(name).extension();
    if ending.is_some_and(|ending| ending.eq_ignore_ascii_case("json")) {
        return serde_json::from_str(text)
            .map_err(|error| fault(Some(error.line()), error.to_string()));
    }
    serde_yaml_ng::from_str(text).map_err(|error| {
        let line = error.location().map(|place| place.line());
        fault(line, error.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        let files = [("mine.yaml".to_owned(), text.to_owned())];
        let faults = Catalogue::read(&files).err().unwrap_or_default();
        faults.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_built_in_catalogue_is_in_order() {
        let catalogue = Catalogue::built_in().unwrap();
        assert!(catalogue.products.len() > 20 && catalogue.offers.len() > 5);
        for product in &catalogue.products {
            assert_ne!(
                product.title.in_language("en"),
                product.title.in_language("ja"),
                "{}",
                product.id
            );
        }
    }

    #[test]
    fn a_fault_of_form_names_line_and_field() {
        let unknown = faults(
            "products:\n  - id: desk\n    shelf: online_services\n    titel: Desk\n    skus: []\n",
        );
        assert!(
            unknown[0].starts_with("mine.yaml:4: products[0]: unknown field `titel`"),
            "{unknown:?}"
        );
        let kind = faults(
            "products:\n  - id: desk\n    shelf: online_services\n    title: Desk\n    skus:\n      - id: desk\n        title: Desk\n        \
             terms: {P1M: [monthly]}\n        min: few\n",
        );
        assert!(
            kind[0].starts_with("mine.yaml:9: products[0].skus[0].min: "),
            "{kind:?}"
        );
        let json = [("mine.json".to_owned(), "{\n\"products\": 1\n}".to_owned())];
        assert_eq!(Catalogue::read(&json).unwrap_err()[0].line, 2);
    }

    #[test]
    fn a_fault_of_sense_names_line_and_field() {
        let text = "products:
  - id: desk
    shelf: online_services
    title: Desk
    skus:
      - id: desk
        title: Desk
        sku: '1'
        terms: {P1M: [annual]}
        prices: {P1Y: [USD 1.00]}
        upgrades_to: [nothing]
      - {id: desk, title: Again, terms: {P1M: [monthly]}, min: 5, max: 4, not_sold_in: [QQ]}
      - {id: chair, title: Chair, terms: {P1M: [monthly]}, least_commitment: {grain: hourly, amount: '1'}}
  - id: plan
    shelf: savings_plan
    title: Plan
    skus:
      - {id: plan-1, title: Plan, terms: {P1Y: [monthly]}}
      - {id: plan-2, title: Plan, terms: {P1Y: [monthly]}, least_commitment: {grain: daily, amount: '0.0'}}
offers:
  - id: old
    title: Old
    terms: {P1Y: [annual]}
promotions:
  - {id: off, title: Off, item: desk, discount_percent: 0, max_seats: 5, from: 2025-02-01, until: 2025-01-01}
meters:
  - {id: hours, name: Hours, category: Time, unit: 1 Hour, prices: {2025-01-15: '0.1'}}
  - {id: hours, name: Hours, category: Time, unit: 1 Hour, prices: {}}
  - {id: days, name: Days, category: Time, unit: 1 Day, prices: {2025-01-01: '-1', 2025-02-01: '0.00000000000000001'}}
";
        let found = faults(text);
        for wanted in [
            "mine.yaml:8: desk.sku: is four",
            "mine.yaml:9: desk.terms: P1M cannot be billed annual",
            "mine.yaml:10: desk.prices: P1Y is not among",
            "mine.yaml:11: desk.upgrades_to: `nothing`",
            "mine.yaml:12: desk.id: another item",
            "mine.yaml:12: desk.max: ",
            "mine.yaml:12: desk.not_sold_in: QQ",
            "mine.yaml:13: chair.least_commitment: is for SKUs of the shelf savings_plan",
            "mine.yaml:18: plan-1.least_commitment: is missing",
            "mine.yaml:19: plan-2.grain: is `hourly`",
            "mine.yaml:19: plan-2.amount: ",
            "mine.yaml:21: old.category: is missing",
            "mine.yaml:25: off.discount_percent: ",
            "mine.yaml:25: off.until: ",
            "mine.yaml:27: hours.prices: 2025-01-15",
            "mine.yaml:28: hours.id: ",
            "mine.yaml:28: hours.prices: ",
            "mine.yaml:29: days.prices: -1",
            "mine.yaml:29: days.prices: 0.00000000000000001",
        ] {
            assert!(
                found.iter().any(|fault| fault.starts_with(wanted)),
                "{wanted} is not in {found:#?}"
            );
        }
    }
}

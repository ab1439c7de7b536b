//! Files of the catalogue: how they are written, and what is wrong with one, by line and field.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::sync::LazyLock;

use serde::Deserialize;
use tierline_domain::catalog::{Frequency, ItemKind, Offered, Publisher, Term};
use tierline_domain::customer::Segment;
use tierline_domain::listing::{LeastCommitment, LimitOf, Precondition, Shelf, Texts, Variable};
use tierline_domain::money::Money;
use tierline_domain::place::Country;
use tierline_domain::time::Date;
use tierline_rules::regions;
use uuid::Uuid;

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
];

/// Faults that are told at once, at most.
const FAULTS_MAX: usize = 20;

/// One file as it is written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Parts {
    products: Vec<ProductEntry>,
    categories: Vec<CategoryEntry>,
    offers: Vec<Entry>,
    promotions: Vec<PromotionEntry>,
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

/// A catalogue whose files are in order.
#[derive(Clone, Debug)]
pub struct Catalogue {
    pub(super) products: Vec<ProductEntry>,
    pub(super) categories: Vec<CategoryEntry>,
    pub(super) offers: Vec<Entry>,
    pub(super) promotions: Vec<PromotionEntry>,
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
        };
        for (_, _, parts) in read {
            whole.products.extend(parts.products);
            whole.categories.extend(parts.categories);
            whole.offers.extend(parts.offers);
            whole.promotions.extend(parts.promotions);
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

/// The files that are checked, and what was found in them.
struct Check<'a> {
    file: &'a str,
    text: &'a str,
    items: &'a HashSet<&'a str>,
    categories: &'a HashSet<&'a str>,
    /// How many entries of each id were looked at so far: the way back to their lines.
    seen: BTreeMap<String, usize>,
    faults: Vec<Fault>,
}

fn check(read: &[(&str, &str, Parts)]) -> Vec<Fault> {
    let entries = |parts: &'_ Parts| -> Vec<String> {
        let of_products = parts.products.iter().flat_map(|product| &product.skus);
        of_products
            .chain(&parts.offers)
            .map(|entry| entry.id.clone())
            .collect()
    };
    let all: Vec<String> = read
        .iter()
        .flat_map(|(_, _, parts)| entries(parts))
        .collect();
    let items: HashSet<&str> = all.iter().map(String::as_str).collect();
    let categories: HashSet<&str> = read
        .iter()
        .flat_map(|(_, _, parts)| &parts.categories)
        .map(|category| category.id.as_str())
        .collect();
    let mut taken = Taken::default();
    let mut faults = Vec::new();
    for (file, text, parts) in read {
        let mut check = Check {
            file,
            text,
            items: &items,
            categories: &categories,
            seen: BTreeMap::new(),
            faults: Vec::new(),
        };
        for product in &parts.products {
            check.product(product, &mut taken);
        }
        for category in &parts.categories {
            check.id("category", &category.id, &mut taken.categories);
        }
        for offer in &parts.offers {
            check.item(offer, &mut taken);
            check.offer(offer, &mut taken);
        }
        for promotion in &parts.promotions {
            check.promotion(promotion, read, &mut taken);
        }
        faults.append(&mut check.faults);
    }
    faults
}

/// Ids that are given away.
#[derive(Default)]
struct Taken {
    products: HashSet<String>,
    items: HashSet<String>,
    categories: HashSet<String>,
    promotions: HashSet<String>,
    /// Ids of the catalogue, of whatever kind.
    codes: HashSet<String>,
}

fn is_slug(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 80
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn is_code(text: &str, length: usize) -> bool {
    text.len() == length
        && text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

impl Check<'_> {
    fn fault(&mut self, id: &str, field: &str, problem: impl Into<String>) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(Fault {
                file: self.file.to_owned(),
                line: line_of(
                    self.text,
                    id,
                    field,
                    self.seen.get(id).copied().unwrap_or(1),
                ),
                field: format!("{id}.{field}"),
                problem: problem.into(),
            });
        }
    }

    fn id(&mut self, what: &str, id: &str, taken: &mut HashSet<String>) {
        let seen = self.seen.entry(id.to_owned()).or_default();
        *seen = seen.saturating_add(1);
        if !taken.insert(id.to_owned()) {
            self.fault(id, "id", format!("another {what} has this id"));
        }
    }

    fn slug(&mut self, what: &str, id: &str, taken: &mut HashSet<String>) {
        self.id(what, id, taken);
        if !is_slug(id) {
            self.fault(
                id,
                "id",
                "is made of small letters, digits and hyphens, at most 80",
            );
        }
    }

    fn code(&mut self, id: &str, field: &str, code: &str, taken: &mut HashSet<String>) {
        if !is_code(code, 12) {
            self.fault(id, field, "is twelve capital letters and digits");
        } else if !taken.insert(code.to_owned()) {
            self.fault(id, field, "is given twice");
        }
    }

    fn product(&mut self, product: &ProductEntry, taken: &mut Taken) {
        let id = &product.id;
        self.slug("product", id, &mut taken.products);
        if let Some(code) = &product.catalogue_id {
            self.code(id, "catalogue_id", code, &mut taken.codes);
        }
        if product.title.is_empty() {
            self.fault(id, "title", "is empty");
        }
        if product.skus.is_empty() {
            self.fault(id, "skus", "is empty; a product has at least one");
        }
        for entry in &product.skus {
            self.item(entry, taken);
            self.sku(entry, taken);
        }
    }

    fn item(&mut self, entry: &Entry, taken: &mut Taken) {
        let id = &entry.id;
        self.slug("item", id, &mut taken.items);
        if entry.title.is_empty() {
            self.fault(id, "title", "is empty");
        }
        if entry.min < 1 || entry.max < entry.min {
            self.fault(id, "max", "is at least `min`, and `min` at least 1");
        }
        if entry
            .percent_of_base
            .is_some_and(|share| !(1..=100).contains(&share))
        {
            self.fault(id, "percent_of_base", "lies between 1 and 100");
        }
        for (field, number) in [
            ("customer_max", entry.customer_max),
            ("concurrent_limit", entry.concurrent_limit),
        ] {
            if number.is_some_and(|number| number < 1) {
                self.fault(id, field, "is at least 1");
            }
        }
        self.terms(entry);
        let named = entry
            .prerequisites
            .iter()
            .map(|name| ("prerequisites", name));
        let named = named.chain(entry.upgrades_to.iter().map(|name| ("upgrades_to", name)));
        let named: Vec<_> = named
            .chain(entry.trial_of.iter().map(|name| ("trial_of", name)))
            .collect();
        for (field, name) in named {
            if !self.items.contains(name.as_str()) {
                self.fault(id, field, format!("`{name}` is no item of these files"));
            }
        }
        if !entry.sold_in.is_empty() && !entry.not_sold_in.is_empty() {
            self.fault(
                id,
                "sold_in",
                "stands beside `not_sold_in`; give one of them",
            );
        }
        for (field, countries) in [
            ("sold_in", &entry.sold_in),
            ("not_sold_in", &entry.not_sold_in),
        ] {
            let unknown = countries
                .iter()
                .find(|country| regions::place(**country).is_none());
            if let Some(country) = unknown {
                self.fault(id, field, format!("{country} is no market of the program"));
            }
        }
    }

    fn terms(&mut self, entry: &Entry) {
        let id = &entry.id;
        if entry.terms.is_empty() {
            self.fault(id, "terms", "is empty; an item has at least one term");
        }
        for (term, frequencies) in &entry.terms {
            let misfit = frequencies.iter().find(|each| !term.admits(**each));
            if let Some(frequency) = misfit {
                self.fault(id, "terms", format!("{term} cannot be billed {frequency}"));
            }
            if frequencies.is_empty() {
                self.fault(id, "terms", format!("{term} says not how it is billed"));
            }
        }
        for (term, prices) in &entry.prices {
            if !entry.terms.contains_key(term) {
                self.fault(id, "prices", format!("{term} is not among its terms"));
            }
            if prices.iter().any(|price| price.minor < 0) {
                self.fault(id, "prices", format!("{term} has a price below nothing"));
            }
            let currencies: BTreeSet<_> = prices
                .iter()
                .map(|price| price.currency.to_string())
                .collect();
            if currencies.len() != prices.len() {
                self.fault(
                    id,
                    "prices",
                    format!("{term} has two prices in one currency"),
                );
            }
        }
    }

    fn sku(&mut self, entry: &Entry, taken: &mut Taken) {
        let id = &entry.id;
        if entry.sku.as_ref().is_some_and(|sku| !is_code(sku, 4)) {
            self.fault(id, "sku", "is four capital letters and digits");
        }
        if let Some(code) = &entry.availability {
            self.code(id, "availability", code, &mut taken.codes);
        }
        for (field, is_given) in [
            ("guid", entry.guid.is_some()),
            ("category", entry.category.is_some()),
            ("rank", entry.rank.is_some()),
            ("limit_of", entry.limit_of.is_some()),
            ("learn_more", entry.learn_more.is_some()),
        ] {
            if is_given {
                self.fault(id, field, "is for offers only");
            }
        }
    }

    fn offer(&mut self, entry: &Entry, taken: &mut Taken) {
        let id = &entry.id;
        for (field, is_given) in [
            ("sku", entry.sku.is_some()),
            ("availability", entry.availability.is_some()),
            ("plan_only", entry.plan_only),
            ("preconditions", entry.preconditions.is_some()),
            ("inventory_variables", entry.inventory_variables.is_some()),
            (
                "provisioning_variables",
                entry.provisioning_variables.is_some(),
            ),
            ("least_commitment", entry.least_commitment.is_some()),
        ] {
            if is_given {
                self.fault(id, field, "is for SKUs only");
            }
        }
        if let Some(guid) = entry.guid
            && !taken.codes.insert(guid.to_string())
        {
            self.fault(id, "guid", "is given twice");
        }
        match &entry.category {
            None => self.fault(id, "category", "is missing"),
            Some(category) if !self.categories.contains(category.as_str()) => {
                self.fault(
                    id,
                    "category",
                    format!("`{category}` is no category of these files"),
                );
            }
            Some(_) => {}
        }
    }

    fn promotion(
        &mut self,
        entry: &PromotionEntry,
        read: &[(&str, &str, Parts)],
        taken: &mut Taken,
    ) {
        let id = &entry.id;
        self.slug("promotion", id, &mut taken.promotions);
        if let Some(code) = &entry.catalogue_id
            && !taken.codes.insert(code.clone())
        {
            self.fault(id, "catalogue_id", "is given twice");
        }
        if !(1..=100).contains(&entry.discount_percent) {
            self.fault(id, "discount_percent", "lies between 1 and 100");
        }
        if entry.min_seats < 1 || entry.max_seats < entry.min_seats {
            self.fault(
                id,
                "max_seats",
                "is at least `min_seats`, and that at least 1",
            );
        }
        if entry.until.is_some_and(|until| until < entry.from) {
            self.fault(id, "until", "lies before `from`");
        }
        for name in &entry.requires {
            if !self.items.contains(name.as_str()) {
                self.fault(
                    id,
                    "requires",
                    format!("`{name}` is no item of these files"),
                );
            }
        }
        let items = read.iter().flat_map(|(_, _, parts)| {
            let skus = parts.products.iter().flat_map(|product| &product.skus);
            skus.chain(&parts.offers)
        });
        let Some(item) = items.into_iter().find(|item| item.id == entry.item) else {
            let problem = format!("`{}` is no item of these files", entry.item);
            return self.fault(id, "item", problem);
        };
        for (term, frequencies) in &entry.terms {
            let offered = item.terms.get(term);
            let is_offered = |each: &Frequency| offered.is_some_and(|known| known.contains(each));
            if !frequencies.iter().all(is_offered) {
                self.fault(
                    id,
                    "terms",
                    format!("{term} is not offered like this by {}", item.id),
                );
            }
        }
    }
}

/// The line on which an entry has a field, or else the line on which the entry begins: the `turn`th one that
/// gives this id.
fn line_of(text: &str, id: &str, field: &str, turn: usize) -> usize {
    let bare = |line: &str| line.replace([' ', '"', '\''], "");
    let gives = |line: &str, key: &str, value: Option<&str>| {
        let line = bare(line);
        let wanted = format!("{key}:{}", value.unwrap_or_default());
        line.match_indices(&wanted).any(|(at, found)| {
            let before = line.get(..at).and_then(|head| head.chars().next_back());
            let after = line
                .get(at.saturating_add(found.len())..)
                .and_then(|tail| tail.chars().next());
            before.is_none_or(|letter| matches!(letter, '{' | '-' | ','))
                && (value.is_none() || after.is_none_or(|letter| matches!(letter, ',' | '}' | '#')))
        })
    };
    let lines: Vec<&str> = text.lines().collect();
    let mut givers = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| gives(line, "id", Some(id)))
        .map(|(at, _)| at);
    let Some(begins) = givers.nth(turn.saturating_sub(1)) else {
        return 1;
    };
    let rest = lines.iter().enumerate().skip(begins);
    let own = rest.take_while(|(at, line)| *at == begins || !gives(line, "id", None));
    let line = own
        .into_iter()
        .find(|(_, line)| gives(line, field, None))
        .map_or(begins, |(at, _)| at);
    line.saturating_add(1)
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
offers:
  - id: old
    title: Old
    terms: {P1Y: [annual]}
promotions:
  - {id: off, title: Off, item: desk, discount_percent: 0, max_seats: 5, from: 2025-02-01, until: 2025-01-01}
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
            "mine.yaml:14: old.category: is missing",
            "mine.yaml:18: off.discount_percent: ",
            "mine.yaml:18: off.until: ",
        ] {
            assert!(
                found.iter().any(|fault| fault.starts_with(wanted)),
                "{wanted} is not in {found:#?}"
            );
        }
    }
}

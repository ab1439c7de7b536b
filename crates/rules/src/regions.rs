//! The profile's table of regions, countries and currencies (section 4 of the rulebook).
//!
//! Membership is a dated fact (REG-016): the table in force on the day of the check answers.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use tierline_domain::money::Currency;
use tierline_domain::place::{Country, Region};
use tierline_domain::time::Date;

use crate::facts::RegionFact;

/// One country of the table.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its region since the last change.
    pub region: Region,
    /// Its name as published (the first, where several rows share a code: REG-020).
    pub name: String,
    /// Its billing currency (blank ones by REG-019).
    pub currency: Currency,
    /// Where it was before, and the day it moved (REG-016).
    pub moved: Option<(Region, Date)>,
}

/// Territories that moved on 12 October 2023, with the region they came from (section 4.2).
const MOVED: [(&str, &str); 3] = [
    ("GU", "Australia"),
    ("MP", "Australia"),
    ("AS", "New Zealand"),
];

/// Markets without cloud reservations (section 4.3, REG-011).
pub const NO_RESERVATIONS: &str = "AD AG AI AQ AS AW AX AZ BF BI BJ BL BQ BT BV CC CD CF CG CK CN CX DJ DM ER FK FM GA \
     GD GF GG GI GL GM GN GP GQ GS GU GW GY HM HT IM IO JE KH KI KM LA LC LR LS MF MG MH ML MM MP MQ MR MS MV MW MZ NC \
     NE NF NR NU PF PG PM PN PW RE SB SC SH SJ SL SM SO SR SS ST SX SZ TC TD TF TG TK TL TO TV UM VA VC VG VU WF WS XK \
     YE YT";

/// Countries in which the partner's and the customer's registration number is required (IDN-021, CUS-012).
pub const NUMBER_REQUIRED: &str =
    "AE AM AZ BR BY HU IN IQ KG KZ MD MM PL RU SA SS TH TJ TR UA UZ VE VN ZA";

/// Countries of the European Union and the free-trade association, where further resellers are declared (ORD-016).
pub const EU_EFTA: &str =
    "AT BE BG CH CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK";

/// Countries that exist and that no region lists (REG-018).
pub const NO_REGION: &str = "BY CU EH IR KP RU SD SY";

static TABLE: LazyLock<BTreeMap<Country, Place>> =
    LazyLock::new(|| load(include_str!("../../../program/regions.csv")));

/// Whether a list of codes holds a country.
#[must_use]
pub fn listed(codes: &str, country: Country) -> bool {
    codes
        .split_ascii_whitespace()
        .any(|code| code == country.as_str())
}

fn intern(names: &mut Vec<&'static str>, name: &str) -> Region {
    if let Some(known) = names.iter().find(|known| **known == name) {
        return Region::named(known);
    }
    let leaked: &'static str = Box::leak(name.to_owned().into_boxed_str());
    names.push(leaked);
    Region::named(leaked)
}

/// Reads the published layout: region, country name, code, currency; quoted fields may hold commas.
fn load(text: &str) -> BTreeMap<Country, Place> {
    let mut names: Vec<&'static str> = Vec::new();
    let mut table: BTreeMap<Country, Place> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let fields = split(line);
        let [region, name, code, currency] = fields.as_slice() else {
            continue;
        };
        let Ok(country) = code.parse::<Country>() else {
            continue;
        };
        let currency = currency.parse().unwrap_or(blank_currency(country));
        let region = intern(&mut names, region);
        table.entry(country).or_insert(Place {
            region,
            name: name.clone(),
            currency,
            moved: None,
        });
    }
    let moved_on = Date::constant(2023, 10, 12);
    for (code, from) in MOVED {
        let from = intern(&mut names, from);
        if let Some(place) = code
            .parse()
            .ok()
            .and_then(|country: Country| table.get_mut(&country))
        {
            place.moved = Some((from, moved_on));
        }
    }
    table
}

/// REG-019: the euro for Vatican City, the US dollar for the others that the source leaves blank.
fn blank_currency(country: Country) -> Currency {
    if country.as_str() == "VA" {
        Currency::EUR
    } else {
        Currency::USD
    }
}

fn split(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    for letter in line.chars() {
        match letter {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            other => {
                if let Some(last) = fields.last_mut() {
                    last.push(other);
                }
            }
        }
    }
    fields
}

/// Whether there is such a country at all.
#[must_use]
pub fn exists(country: Country) -> bool {
    place(country).is_some() || listed(NO_REGION, country)
}

/// The table's entry for a country, whatever the day.
#[must_use]
pub fn place(country: Country) -> Option<&'static Place> {
    TABLE.get(&country)
}

/// Countries that moved from one region to another: the country, where it is, where it was, and the day (REG-016).
pub fn moves() -> impl Iterator<Item = (Country, String, String, Date)> {
    TABLE.iter().filter_map(|(country, place)| {
        let (before, on) = place.moved?;
        Some((*country, place.region.to_string(), before.to_string(), on))
    })
}

/// The region of a country on a day; `None` for countries that no region lists (REG-018).
#[must_use]
pub fn region_on(country: Country, day: Date) -> Option<RegionFact> {
    let place = place(country)?;
    Some(match place.moved {
        Some((before, on)) if day < on => RegionFact {
            region: before,
            moved: None,
        },
        Some((_, on)) => RegionFact {
            region: place.region,
            moved: Some(on),
        },
        None => RegionFact {
            region: place.region,
            moved: None,
        },
    })
}

/// The billing currency of a country.
#[must_use]
pub fn currency(country: Country) -> Option<Currency> {
    place(country).map(|place| place.currency)
}

/// A region by its name in the table.
#[must_use]
pub fn by_name(name: &str) -> Option<Region> {
    TABLE
        .values()
        .flat_map(|place| [Some(place.region), place.moved.map(|(before, _)| before)])
        .flatten()
        .find(|region| region.as_str() == name)
}

/// Every country of the table.
pub fn all() -> impl Iterator<Item = (Country, &'static Place)> {
    TABLE.iter().map(|(country, place)| (*country, place))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(code: &str, day: &str) -> Option<&'static str> {
        region_on(code.parse().unwrap(), day.parse().unwrap()).map(|fact| fact.region.as_str())
    }

    #[test]
    fn reg_016_territories_moved_on_their_day() {
        assert_eq!(region("GU", "2023-10-11"), Some("Australia"));
        assert_eq!(region("GU", "2023-10-12"), Some("United States"));
        assert_eq!(region("AS", "2023-10-11"), Some("New Zealand"));
    }

    #[test]
    fn reg_018_some_countries_have_no_region() {
        for code in ["BY", "CU", "EH", "IR", "KP", "RU", "SD", "SY"] {
            assert_eq!(region(code, "2023-11-15"), None, "{code}");
        }
    }

    #[test]
    fn the_table_is_whole() {
        let regions: std::collections::BTreeSet<_> = all().map(|(_, place)| place.region).collect();
        assert_eq!(regions.len(), 15);
        assert_eq!(all().count(), 242, "244 rows, three of which share BQ");
        assert_eq!(
            region("ZA", "2023-11-15"),
            Some("Middle East, Central Europe, and Eastern Europe")
        );
        assert!(region("XK", "2023-11-15").is_some());
    }

    #[test]
    fn reg_019_blank_currencies_have_defaults() {
        assert_eq!(currency("VA".parse().unwrap()).unwrap().as_str(), "EUR");
        for code in ["KN", "BA", "MK", "PS"] {
            assert_eq!(
                currency(code.parse().unwrap()).unwrap().as_str(),
                "USD",
                "{code}"
            );
        }
    }
}

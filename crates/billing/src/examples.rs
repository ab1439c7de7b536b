//! The published worked examples, recomputed (`program/billing-examples.csv`).

use std::collections::BTreeMap;

use tierline_domain::catalog::{Frequency, Term};
use tierline_domain::money::{Currency, Money};
use tierline_domain::time::{Date, add_days};

use crate::cycle::{Cycle, Running, days_between};
use crate::meter::{self, Decimal};
use crate::prorate::{charge, rest_of_year};
use crate::traditional;
use tierline_domain::billing::Cut;

const EXAMPLES: &str = include_str!("../../../program/billing-examples.csv");

struct Example<'a> {
    id: &'a str,
    kind: &'a str,
    inputs: BTreeMap<&'a str, &'a str>,
    formula: &'a str,
    rules: &'a str,
    by_rules: &'a str,
}

/// Fields of a line; quotation marks keep commas in.
fn fields(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = line;
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let (field, after) = quoted.split_once('"').unwrap();
                (field, after.strip_prefix(','))
            }
            None => match rest.split_once(',') {
                Some((field, after)) => (field, Some(after)),
                None => (rest, None),
            },
        };
        found.push(field);
        match after {
            Some(after) => rest = after,
            None => return found,
        }
    }
}

fn examples() -> Vec<Example<'static>> {
    EXAMPLES
        .lines()
        .skip(1)
        .map(|line| {
            let row = fields(line);
            Example {
                id: row[0],
                kind: row[1],
                inputs: row[4]
                    .split("; ")
                    .filter_map(|input| input.split_once('='))
                    .collect(),
                formula: row[5],
                rules: row[6],
                by_rules: row[8],
            }
        })
        .collect()
}

impl Example<'_> {
    fn input(&self, name: &str) -> Option<&str> {
        self.inputs.get(name).copied()
    }

    fn day(&self, name: &str) -> Option<Date> {
        self.input(name)?.parse().ok()
    }

    fn number(&self, name: &str) -> Option<i64> {
        self.input(name)?.parse().ok()
    }

    fn price(&self) -> Option<Money> {
        let currency = self
            .input("currency")
            .filter(|word| *word != "-")
            .unwrap_or("EUR");
        format!("{currency} {}", self.input("unit_price")?)
            .parse()
            .ok()
    }

    /// New commerce: a cycle and the part of it that is billed.
    fn new_commerce(&self) -> Option<Money> {
        let (from, last) = (self.day("charge_start")?, self.day("charge_end")?);
        let cut = match self.input("type")? {
            "new" | "renew" | "cycleCharge" | "addQuantity" | "removeQuantity" => Cut::Line,
            "cancelImmediate" | "convert" | "moveQuantity" | "changeBillingPlan" => Cut::Unit,
            _ => return None,
        };
        let quantity = self.number("quantity")?;
        if let (Some(months), Some(12)) = (self.number("billed_months"), self.number("of_months")) {
            return rest_of_year(self.price()?, months, quantity).ok();
        }
        let start = self.day("cycle_start").unwrap_or(from);
        let yearly = self.number("cycle_days")? >= 365;
        let (term, frequency) = if yearly {
            (Term::YEAR, Frequency::Annual)
        } else {
            (Term::MONTH, Frequency::Monthly)
        };
        let natural = Running {
            start,
            end: term.last_day(start),
            term,
            frequency,
        };
        let running = if natural.end == Some(last) {
            natural
        } else {
            Running {
                end: Some(last),
                ..natural
            }
        };
        let cycle: Cycle = running.on(from);
        assert_eq!(cycle.days, self.number("cycle_days")?, "{}", self.id);
        assert_eq!(
            days_between(from, last),
            self.number("billed_days")?,
            "{}",
            self.id
        );
        let amount = charge(self.price()?, &running, &cycle, from, quantity, cut).ok()?;
        Some(if self.formula.starts_with('-') {
            amount.negated().ok()?
        } else {
            amount
        })
    }

    fn traditional(&self) -> Option<Money> {
        if self.formula.trim_start_matches('-').starts_with("10 *") {
            return None;
        }
        let (quantity, days) = (self.number("quantity")?, self.number("billed_days")?);
        let of = self.number("cycle_days")?;
        if self.rules == "BIL-046" {
            return traditional::credit(self.price()?, quantity.checked_neg()?, days, of).ok();
        }
        let amount = traditional::slice(self.price()?, quantity, days, of).ok()?;
        Some(if self.formula.starts_with('-') {
            amount.negated().ok()?
        } else {
            amount
        })
    }

    fn metered(&self) -> Option<Money> {
        let credit = self
            .input("earned_credit")?
            .trim_end_matches('%')
            .parse()
            .ok()?;
        let (consumption, price) = (self.input("consumption")?, self.input("unit_price")?);
        meter::cost(
            consumption.parse().ok()?,
            price.parse().ok()?,
            credit,
            Currency::USD,
        )
        .ok()
    }

    fn effective_price(&self) -> Option<Decimal> {
        let (cost, consumption): (Decimal, Decimal) = (
            self.input("cost")?.parse().ok()?,
            self.input("consumption")?.parse().ok()?,
        );
        cost.over(consumption, 15).ok()
    }

    fn dates(&self) -> Option<String> {
        let term: Term = self.input("term")?.parse().ok()?;
        let frequency: Frequency = self.input("frequency")?.parse().ok()?;
        let start = self.day("bought")?;
        let end = term.last_day(start);
        let running = Running {
            start,
            end,
            term,
            frequency,
        };
        let Some(number) = self.number("cycle") else {
            return Some(format!("{}/{}", end?, add_days(end?, 1)));
        };
        let start = *running.starts().get(usize::try_from(number).ok()? - 1)?;
        let cycle = running.on(start);
        Some(match self.kind {
            "days" => cycle.days.to_string(),
            _ => format!("{}/{}", cycle.start, cycle.last),
        })
    }

    fn computed(&self) -> Option<String> {
        let plain = |money: Money| money.to_string().split_once(' ').unwrap().1.to_owned();
        match self.kind {
            "amount" if self.rules.contains("BIL-053") => self.metered().map(plain),
            "amount" if self.rules.contains("BIL-050") => self.new_commerce().map(plain),
            "amount" if ["BIL-046", "BIL-055"].contains(&self.rules) => {
                self.traditional().map(plain)
            }
            "date" | "days" => self.dates(),
            "unit_price" => self.effective_price().map(|price| {
                let wanted: Decimal = self.by_rules.parse().unwrap();
                if price == wanted {
                    self.by_rules.to_owned()
                } else {
                    format!("{price:?}")
                }
            }),
            _ => None,
        }
    }
}

#[test]
fn the_published_examples_come_out() {
    let all = examples();
    let mut reproduced = 0;
    for example in &all {
        if let Some(computed) = example.computed() {
            assert_eq!(computed, example.by_rules, "{}", example.id);
            reproduced += 1;
        }
    }
    println!("{reproduced} of {} examples recomputed", all.len());
    assert!(reproduced >= 100, "{reproduced}");
}

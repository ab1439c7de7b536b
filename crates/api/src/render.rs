//! Decisions and rules as people and programs read them.

use serde::Serialize;
use serde_json::{Map, Value};
use tierline_app::act::Act;
use tierline_app::remedy::Remedy;
use tierline_rules::book::{self, Entry};
use tierline_rules::facts::{Facts, Named};
use tierline_rules::{Decision, Lang, RuleId, Violation, rules};
use utoipa::ToSchema;

/// One sentence for the description of an error: the first rule's refusal and its facts.
#[must_use]
pub fn headline(decision: &Decision, lang: Lang) -> String {
    let Some(first) = decision.violations.first() else {
        return String::new();
    };
    let text = book::entry(first.rule)
        .map(|entry| entry.texts(lang).refusal.clone())
        .unwrap_or_default();
    let facts = facts_line(first);
    if facts.is_empty() {
        format!("{}: {text}", first.rule)
    } else {
        format!("{}: {text} ({facts})", first.rule)
    }
}

/// The facts of a violation in one line.
#[must_use]
pub fn facts_line(violation: &Violation) -> String {
    violation
        .facts
        .iter()
        .map(|fact| format!("{}: {}", fact.label, fact.value))
        .collect::<Vec<_>>()
        .join("; ")
}

/// An act as `POST /program/v1/decisions` takes it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Deal {
    /// Who acts.
    #[serde(rename = "as")]
    actor: String,
    verb: String,
    params: Map<String, Value>,
}

fn deal(act: &Act) -> Deal {
    Deal {
        actor: act.actor.party().to_owned(),
        verb: act.verb.clone(),
        params: act.params.clone(),
    }
}

/// What was rehearsed: with these commands the deal passes.
#[derive(Debug, Serialize, ToSchema)]
pub struct Cure {
    commands: Vec<Deal>,
    then: Deal,
}

/// A fact that a rule looked at.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShownFact {
    label: String,
    value: String,
}

/// A rule that a deal breaks.
#[derive(Debug, Serialize, ToSchema)]
pub struct Broken {
    rule: String,
    statement: Option<String>,
    refusal: Option<String>,
    remedy: Option<String>,
    ground: String,
    facts: Vec<ShownFact>,
    link: String,
}

/// How the documented wire answers.
#[derive(Debug, Serialize, ToSchema)]
pub struct OnTheWire {
    status: u16,
    code: Option<u32>,
    line_code: Option<u32>,
}

/// A decision with every rule, its texts and facts, and the remedy that was rehearsed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Decided {
    allowed: bool,
    wire: Option<OnTheWire>,
    violations: Vec<Broken>,
    waiver: Option<String>,
    switched_off: Vec<String>,
    remedy: Option<Cure>,
}

/// A decision as it is shown.
#[must_use]
pub fn decision(decision: &Decision, remedy: Option<&Remedy>, lang: Lang) -> Decided {
    let broken = |violation: &Violation| {
        let texts = book::entry(violation.rule).map(|entry| entry.texts(lang));
        let facts = violation.facts.iter().map(|fact| ShownFact {
            label: fact.label.to_string(),
            value: fact.value.to_string(),
        });
        Broken {
            rule: violation.rule.to_string(),
            statement: texts.map(|texts| texts.statement.clone()),
            refusal: texts.map(|texts| texts.refusal.clone()),
            remedy: texts
                .map(|texts| texts.remedy.clone())
                .filter(|text| !text.is_empty()),
            ground: text(&violation.ground),
            facts: facts.collect(),
            link: format!("/program/v1/rules/{}", violation.rule),
        }
    };
    Decided {
        allowed: decision.allowed,
        wire: decision.wire.map(|wire| OnTheWire {
            status: wire.status,
            code: wire.code,
            line_code: wire.line_code,
        }),
        violations: decision.violations.iter().map(broken).collect(),
        waiver: decision.waiver.clone(),
        switched_off: decision.switched_off.clone(),
        remedy: remedy.map(|remedy| Cure {
            commands: remedy.commands.iter().map(deal).collect(),
            then: deal(&remedy.then),
        }),
    }
}

/// Who bills whom.
#[derive(Debug, Serialize, ToSchema)]
pub struct Bill {
    from: String,
    to: String,
}

/// Who helps the customer.
#[derive(Debug, Serialize, ToSchema)]
pub struct Support {
    customer: Option<String>,
    by: Option<String>,
}

/// Operator → … → customer, who bills whom and who supports whom.
#[derive(Debug, Serialize, ToSchema)]
pub struct Chain {
    links: Vec<String>,
    bills: Vec<Bill>,
    supports: Support,
}

/// The chain of a deal.
#[must_use]
pub fn chain(facts: &Facts) -> Chain {
    let links = links(facts);
    let bills = links.windows(2).filter_map(|pair| match pair {
        [from, to] => Some(Bill {
            from: from.clone(),
            to: to.clone(),
        }),
        _ => None,
    });
    let facing = links
        .len()
        .checked_sub(2)
        .and_then(|index| links.get(index));
    Chain {
        bills: bills.collect(),
        supports: Support {
            customer: links.last().cloned(),
            by: facing.cloned(),
        },
        links,
    }
}

/// The names along the chain.
#[must_use]
pub fn links(facts: &Facts) -> Vec<String> {
    let mut links = vec!["operator".to_owned()];
    links.extend(facts.actor.iter().map(|actor| actor.name.clone()));
    match &facts.named {
        Named::None => {}
        Named::Account { party, .. } => links.push(party.name.clone()),
        Named::Unknown { given } | Named::Unenrolled { given, .. } => links.push(given.clone()),
    }
    links.extend(facts.buyer.iter().map(|buyer| buyer.name.clone()));
    links
}

/// Where a rule stands: enforced by the registry, held by construction, or planned.
#[must_use]
pub fn status(id: RuleId) -> &'static str {
    if rules::find(id).is_some() {
        "enforced"
    } else if rules::BEHAVIOUR
        .iter()
        .any(|(known, _)| *known == id.to_string())
    {
        "behaviour"
    } else {
        "planned"
    }
}

/// A rule as the rulebook has it and as it is enforced.
#[derive(Debug, Serialize, ToSchema)]
pub struct Rule {
    id: String,
    section: String,
    grade: String,
    /// `enforced`, `behaviour` or `planned`.
    status: &'static str,
    statement: String,
    refusal: String,
    remedy: String,
    binds: String,
    checked: String,
    code: String,
    source: String,
    /// Its place in the order of decision.
    step: Option<String>,
    ground: Option<String>,
    /// The checkpoints where it is asked.
    #[serde(rename = "where")]
    at: Option<Vec<String>>,
}

/// A rule as it is shown.
#[must_use]
pub fn rule(entry: &Entry, lang: Lang) -> Rule {
    let texts = entry.texts(lang);
    let enforced = rules::find(entry.id);
    Rule {
        id: entry.id.to_string(),
        section: entry.section.clone(),
        grade: entry.grade.clone(),
        status: status(entry.id),
        statement: texts.statement.clone(),
        refusal: texts.refusal.clone(),
        remedy: texts.remedy.clone(),
        binds: entry.binds.clone(),
        checked: entry.checked.clone(),
        code: entry.code.clone(),
        source: entry.source.clone(),
        step: enforced.map(|rule| text(&rule.step)),
        ground: enforced.map(|rule| text(&rule.ground)),
        at: enforced.map(|rule| rule.at.iter().map(|at| at.to_string()).collect()),
    }
}

/// How a word is written in JSON.
fn text(word: &impl Serialize) -> String {
    let value = serde_json::to_value(word).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

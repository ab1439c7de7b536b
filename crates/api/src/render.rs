//! Decisions and rules as people and programs read them.

use serde_json::{Value, json};
use tierline_app::remedy::Remedy;
use tierline_rules::book::{self, Entry};
use tierline_rules::facts::{Facts, Named};
use tierline_rules::{Decision, Lang, RuleId, Violation, rules};

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

/// A decision with every rule, its texts and facts, and the remedy that was rehearsed.
#[must_use]
pub fn decision(decision: &Decision, remedy: Option<&Remedy>, lang: Lang) -> Value {
    let violations: Vec<Value> = decision
        .violations
        .iter()
        .map(|violation| {
            let texts = book::entry(violation.rule).map(|entry| entry.texts(lang));
            json!({
                "rule": violation.rule,
                "statement": texts.map(|texts| texts.statement.clone()),
                "refusal": texts.map(|texts| texts.refusal.clone()),
                "remedy": texts.map(|texts| texts.remedy.clone()).filter(|text| !text.is_empty()),
                "ground": violation.ground,
                "facts": violation.facts.iter().map(|fact| json!({ "label": fact.label, "value": fact.value })).collect::<Vec<_>>(),
                "link": format!("/program/v1/rules/{}", violation.rule),
            })
        })
        .collect();
    json!({
        "allowed": decision.allowed,
        "wire": decision.wire,
        "violations": violations,
        "waiver": decision.waiver,
        "switchedOff": decision.switched_off,
        "remedy": remedy,
    })
}

/// Operator → … → customer, who bills whom and who supports whom.
#[must_use]
pub fn chain(facts: &Facts) -> Value {
    let links = links(facts);
    let mut bills = Vec::new();
    for pair in links.windows(2) {
        if let [seller, buyer] = pair {
            bills.push(json!({ "from": seller, "to": buyer }));
        }
    }
    let facing = links
        .len()
        .checked_sub(2)
        .and_then(|index| links.get(index))
        .cloned();
    json!({ "links": links, "bills": bills, "supports": { "customer": links.last(), "by": facing } })
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
#[must_use]
pub fn rule(entry: &Entry, lang: Lang) -> Value {
    let texts = entry.texts(lang);
    let enforced = rules::find(entry.id);
    json!({
        "id": entry.id,
        "section": entry.section,
        "grade": entry.grade,
        "status": status(entry.id),
        "statement": texts.statement,
        "refusal": texts.refusal,
        "remedy": texts.remedy,
        "binds": entry.binds,
        "checked": entry.checked,
        "code": entry.code,
        "source": entry.source,
        "step": enforced.map(|rule| rule.step),
        "ground": enforced.map(|rule| rule.ground),
        "where": enforced.map(|rule| rule.at.iter().map(|at| at.to_string()).collect::<Vec<_>>()),
    })
}

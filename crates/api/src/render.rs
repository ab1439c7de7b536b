//! Decisions and rules as people and programs read them.

use serde::Serialize;
use serde_json::{Value, json};
use tierline_app::act::Act;
use tierline_app::remedy::Remedy;
use tierline_rules::book::{self, Entry};
use tierline_rules::facts::{Facts, Named};
use tierline_rules::{Decision, Lang, RuleId, Violation, Wire, rules};

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
#[derive(Debug, Serialize)]
pub struct DealShown<'a> {
    #[serde(rename = "as")]
    actor: &'a str,
    verb: &'a str,
    params: &'a serde_json::Map<String, Value>,
}

impl<'a> DealShown<'a> {
    fn of(act: &'a Act) -> Self {
        Self {
            actor: act.actor.party(),
            verb: &act.verb,
            params: &act.params,
        }
    }
}

/// Commands, and the deal as it passes after them.
#[derive(Debug, Serialize)]
pub struct RemedyShown<'a> {
    commands: Vec<DealShown<'a>>,
    then: DealShown<'a>,
}

/// A decision as the wire shows it. Written straight from the decision: most are read by machines, many a second.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shown<'a> {
    allowed: bool,
    wire: Option<Wire>,
    violations: Vec<Value>,
    waiver: Option<&'a str>,
    switched_off: &'a [String],
    remedy: Option<RemedyShown<'a>>,
    /// The chain of the deal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chain: Option<Chain<'a>>,
    /// The profile it was made under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<&'static str>,
}

/// A decision with every rule, its texts and facts, and the remedy that was rehearsed.
#[must_use]
pub fn decision<'a>(decision: &'a Decision, remedy: Option<&'a Remedy>, lang: Lang) -> Shown<'a> {
    let violations = decision
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
    Shown {
        allowed: decision.allowed,
        wire: decision.wire,
        violations,
        waiver: decision.waiver.as_deref(),
        switched_off: &decision.switched_off,
        remedy: remedy.map(|remedy| RemedyShown {
            commands: remedy.commands.iter().map(DealShown::of).collect(),
            then: DealShown::of(&remedy.then),
        }),
        chain: None,
        profile: None,
    }
}

/// Operator → … → customer, who bills whom and who supports whom.
#[derive(Debug, Serialize)]
pub struct Chain<'a> {
    links: Vec<&'a str>,
    bills: Vec<Bill<'a>>,
    supports: Support<'a>,
}

#[derive(Debug, Serialize)]
struct Bill<'a> {
    from: &'a str,
    to: &'a str,
}

#[derive(Debug, Serialize)]
struct Support<'a> {
    customer: Option<&'a str>,
    by: Option<&'a str>,
}

/// The chain of a deal.
#[must_use]
pub fn chain(facts: &Facts) -> Chain<'_> {
    let links = links(facts);
    let pairs = links.iter().zip(links.iter().skip(1));
    Chain {
        bills: pairs.map(|(from, to)| Bill { from, to }).collect(),
        supports: Support {
            customer: links.last().copied(),
            by: links.iter().rev().nth(1).copied(),
        },
        links,
    }
}

/// The names along the chain.
fn links(facts: &Facts) -> Vec<&str> {
    let mut links = vec!["operator"];
    links.extend(facts.actor.iter().map(|actor| actor.name.as_str()));
    match &facts.named {
        Named::None => {}
        Named::Account { party, .. } => links.push(&party.name),
        Named::Unknown { given } | Named::Unenrolled { given, .. } => links.push(given),
    }
    links.extend(facts.buyer.iter().map(|buyer| buyer.name.as_str()));
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

//! Decisions and rules as people and programs read them.

use serde::Serialize;
use serde_json::Value;
use tierline_app::act::Act;
use tierline_app::check::index;
use tierline_app::remedy::Remedy;
use tierline_rules::book::{self, Entry};
use tierline_rules::facts::{Facts, Named};
use tierline_rules::registry::Shown;
use tierline_rules::{Asked, Decision, Lang, RuleId, Violation, phrases, rules};
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
    let facts = facts_line(first, lang);
    if facts.is_empty() {
        format!("{}: {text}", first.rule)
    } else {
        format!("{}: {text} ({facts})", first.rule)
    }
}

/// The facts of a violation in one line.
#[must_use]
pub fn facts_line(violation: &Violation, lang: Lang) -> String {
    let facts = violation.facts.iter().map(|fact| FactView::of(fact, lang));
    facts
        .map(|fact| format!("{}: {}", fact.label, fact.value))
        .collect::<Vec<_>>()
        .join("; ")
}

/// Why a deal may or may not go through.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DecisionView {
    /// Under which it was kept, for `/program/v1/decisions/{id}`: of a refused command.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    id: Option<String>,
    /// Whether it may.
    allowed: bool,
    /// What the documented paths would answer.
    wire: Option<WireView>,
    /// Every rule that forbids it, the deciding one first.
    violations: Vec<ViolationView>,
    /// A waiver that was used.
    waiver: Option<String>,
    /// Rules that the profile has switched off.
    switched_off: Vec<String>,
    /// What would make it pass, where anything is known to.
    remedy: Option<RemedyView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    chain: Option<ChainView>,
    /// Name and version of the profile that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    profile: Option<&'static str>,
    /// Every rule that was asked, in the order of the checks; where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    trace: Option<Vec<AskedView>>,
}

/// A rule that was asked.
#[derive(Debug, Serialize, ToSchema)]
pub struct AskedView {
    rule: String,
    /// Its place in the order of the checks.
    step: String,
    /// The fact of the world that it rests on.
    ground: String,
    /// It did not forbid.
    passed: bool,
    statement: Option<String>,
    facts: Vec<FactView>,
    /// Where the rule can be read.
    link: String,
}

/// Status and codes on the documented paths.
#[derive(Debug, Serialize, ToSchema)]
pub struct WireView {
    status: u16,
    code: Option<u32>,
    /// The code on the cart's line.
    line_code: Option<u32>,
}

/// A rule that forbids a deal.
#[derive(Debug, Serialize, ToSchema)]
pub struct ViolationView {
    rule: String,
    statement: Option<String>,
    refusal: Option<String>,
    remedy: Option<String>,
    /// The fact of the world that it rests on.
    ground: String,
    facts: Vec<FactView>,
    /// Where the rule can be read.
    link: String,
}

/// One fact behind a rule.
#[derive(Debug, Serialize, ToSchema)]
pub struct FactView {
    label: String,
    value: String,
}

impl FactView {
    fn of(fact: &Shown, lang: Lang) -> Self {
        Self {
            label: phrases::label_in(&fact.label, lang).into_owned(),
            value: phrases::value_in(&fact.value, lang).into_owned(),
        }
    }
}

/// Commands that were rehearsed, and the deal as it passes then.
#[derive(Debug, Serialize, ToSchema)]
pub struct RemedyView {
    commands: Vec<ActView>,
    then: ActView,
    /// Another way to the same end, rehearsed as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, no_recursion)]
    otherwise: Option<Box<RemedyView>>,
}

impl RemedyView {
    fn of(remedy: &Remedy) -> Self {
        Self {
            commands: remedy.commands.iter().map(ActView::of).collect(),
            then: ActView::of(&remedy.then),
            otherwise: remedy
                .otherwise
                .as_deref()
                .map(|other| Box::new(Self::of(other))),
        }
    }
}

/// An act as `POST /program/v1/decisions` takes it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActView {
    #[serde(rename = "as")]
    actor: String,
    verb: String,
    #[schema(value_type = HashMap<String, Value>)]
    params: serde_json::Map<String, Value>,
}

impl ActView {
    fn of(act: &Act) -> Self {
        Self {
            actor: act.actor.party().to_owned(),
            verb: act.verb.clone(),
            params: act.params.clone(),
        }
    }
}

/// Who stands between the operator and the customer.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChainView {
    links: Vec<String>,
    bills: Vec<BillView>,
    supports: SupportView,
}

/// Who bills whom.
#[derive(Debug, Serialize, ToSchema)]
pub struct BillView {
    from: String,
    to: String,
}

/// Who supports the customer.
#[derive(Debug, Serialize, ToSchema)]
pub struct SupportView {
    customer: Option<String>,
    by: Option<String>,
}

impl DecisionView {
    /// A decision with every rule, its texts and facts, and the remedy that was rehearsed.
    #[must_use]
    pub fn of(decision: &Decision, remedy: Option<&Remedy>, lang: Lang) -> Self {
        Self {
            id: decision.kept.clone(),
            allowed: decision.allowed,
            wire: decision.wire.map(|wire| WireView {
                status: wire.status,
                code: wire.code,
                line_code: wire.line_code,
            }),
            violations: decision
                .violations
                .iter()
                .map(|violation| ViolationView::of(violation, lang))
                .collect(),
            waiver: decision.waiver.clone(),
            switched_off: decision.switched_off.clone(),
            remedy: remedy.map(RemedyView::of),
            chain: None,
            profile: None,
            trace: None,
        }
    }

    /// The same with every rule that was asked.
    #[must_use]
    pub fn with_trace(self, asked: &[Asked], lang: Lang) -> Self {
        let shown = |asked: &Asked| AskedView {
            rule: asked.rule.to_string(),
            step: asked.step.to_string(),
            ground: asked.ground.to_string(),
            passed: !asked.forbids,
            statement: book::entry(asked.rule).map(|entry| entry.texts(lang).statement.clone()),
            facts: asked
                .facts
                .iter()
                .map(|fact| FactView::of(fact, lang))
                .collect(),
            link: format!("/program/v1/rules/{}", asked.rule),
        };
        Self {
            trace: Some(asked.iter().map(shown).collect()),
            ..self
        }
    }

    /// The rules that forbid it.
    #[must_use]
    pub fn into_violations(self) -> Vec<ViolationView> {
        self.violations
    }

    /// The same with the chain of the deal, and what decided it.
    #[must_use]
    pub fn with_chain(self, facts: &Facts) -> Self {
        Self {
            chain: Some(ChainView::of(facts)),
            profile: Some(tierline_app::attempt::PROFILE),
            ..self
        }
    }
}

impl ViolationView {
    fn of(violation: &Violation, lang: Lang) -> Self {
        let texts = book::entry(violation.rule).map(|entry| entry.texts(lang));
        Self {
            rule: violation.rule.to_string(),
            statement: texts.map(|texts| texts.statement.clone()),
            refusal: texts.map(|texts| texts.refusal.clone()),
            remedy: texts
                .map(|texts| texts.remedy.clone())
                .filter(|text| !text.is_empty()),
            ground: violation.ground.to_string(),
            facts: violation
                .facts
                .iter()
                .map(|fact| FactView::of(fact, lang))
                .collect(),
            link: format!("/program/v1/rules/{}", violation.rule),
        }
    }
}

impl ChainView {
    /// Operator → … → customer, who bills whom and who supports whom.
    #[must_use]
    pub fn of(facts: &Facts) -> Self {
        let links = links(facts);
        let pairs = links.iter().zip(links.iter().skip(1));
        let bills = pairs.map(|(from, to)| BillView {
            from: from.clone(),
            to: to.clone(),
        });
        let facing = links.iter().rev().nth(1).cloned();
        Self {
            bills: bills.collect(),
            supports: SupportView {
                customer: links.last().cloned(),
                by: facing,
            },
            links,
        }
    }
}

/// A decision as JSON, for who has no type of it.
#[must_use]
pub fn decision(decision: &Decision, remedy: Option<&Remedy>, lang: Lang) -> Value {
    serde_json::to_value(DecisionView::of(decision, remedy, lang)).unwrap_or_default()
}

/// A chain as JSON.
#[must_use]
pub fn chain(facts: &Facts) -> Value {
    serde_json::to_value(ChainView::of(facts)).unwrap_or_default()
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
pub struct RuleView {
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
    /// Its place in the order of checks.
    step: Option<String>,
    /// The fact of the world that it rests on.
    ground: Option<String>,
    /// The commands at which it is asked.
    #[serde(rename = "where")]
    at: Option<Vec<String>>,
    /// Scenario cases that name it; in answers about one rule only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    cases: Option<Vec<CaseView>>,
}

/// A scenario case.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseView {
    id: &'static str,
    /// What it shows.
    title: &'static str,
    /// The file it stands in, below `scenarios`.
    file: &'static str,
}

impl RuleView {
    /// The same with the cases that name it.
    #[must_use]
    pub fn with_cases(self, rule: RuleId) -> Self {
        let cases = index::cases_of(rule).iter().map(|case| CaseView {
            id: case.id,
            title: case.title,
            file: case.file,
        });
        Self {
            cases: Some(cases.collect()),
            ..self
        }
    }
}

/// A rule in a language.
#[must_use]
pub fn rule(entry: &Entry, lang: Lang) -> RuleView {
    let texts = entry.texts(lang);
    let enforced = rules::find(entry.id);
    RuleView {
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
        step: enforced.map(|rule| rule.step.to_string()),
        ground: enforced.map(|rule| rule.ground.to_string()),
        at: enforced.map(|rule| rule.at.iter().map(|at| at.to_string()).collect()),
        cases: None,
    }
}

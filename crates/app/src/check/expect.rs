//! Compares what happened with what a case expects, part by part.

use serde_json::Value as Json;
use tierline_rules::{Decision, Lang};

use super::Options;
use super::case::{Advance, Ended, context, reported};
use super::format::{Case, texts};
use crate::act::Perform;
use crate::error::AppError;
use crate::remedy;

/// The first part of `then` that does not hold.
pub(super) async fn compare(
    case: &Case,
    ended: &Ended,
    options: &Options,
) -> Result<Option<String>, AppError> {
    let then = &case.then;
    if let Some(problem) = verdict(then, ended) {
        return Ok(Some(problem));
    }
    for check in [reports, wire, facts] {
        if let Some(problem) = check(then, ended) {
            return Ok(Some(problem));
        }
    }
    if let Some(problem) = remedy_text(case, then, ended, options).await? {
        return Ok(Some(problem));
    }
    if let Some(problem) = states(then, ended).await? {
        return Ok(Some(problem));
    }
    remedied(case, then, ended, options).await
}

fn names(ended: &Ended) -> Vec<String> {
    reported(ended).iter().map(ToString::to_string).collect()
}

fn either(rules: &[String]) -> String {
    match rules {
        [] => "no rule".to_owned(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
    }
}

fn verdict(then: &Json, ended: &Ended) -> Option<String> {
    if then.get("allow").is_some() {
        return (!ended.allowed).then(|| {
            format!(
                "expected to be allowed, but it was refused by {}",
                names(ended).join(", ")
            )
        });
    }
    let expected = texts(then.get("refuse"));
    if expected.is_empty() {
        return None;
    }
    if ended.allowed {
        return Some(format!(
            "expected refusal by {}, but it was allowed",
            either(&expected)
        ));
    }
    let found = names(ended);
    let hit = expected.iter().any(|rule| found.contains(rule));
    (!hit).then(|| {
        format!(
            "expected refusal by {}, but it was refused by {}",
            either(&expected),
            found.join(", ")
        )
    })
}

fn reports(then: &Json, ended: &Ended) -> Option<String> {
    let found = names(ended);
    let missing = texts(then.get("reports"))
        .into_iter()
        .find(|rule| !found.contains(rule))?;
    Some(format!(
        "expected {missing} among the reported rules, but they are {}",
        found.join(", ")
    ))
}

fn text_of(value: &Json) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn wire(then: &Json, ended: &Ended) -> Option<String> {
    let expected = then.get("wire")?.as_object()?;
    let Some(wire) = ended.decision.as_ref().and_then(|decision| decision.wire) else {
        return Some("expected an answer on the wire, but nothing was refused".to_owned());
    };
    let actual = |key: &str| match key {
        "status" => Some(wire.status.to_string()),
        "code" => wire.code.map(|code| code.to_string()),
        _ => wire.line_code.map(|code| code.to_string()),
    };
    expected.iter().find_map(|(key, value)| {
        let (want, got) = (text_of(value), actual(key));
        (got.as_deref() != Some(want.as_str())).then(|| {
            format!(
                "expected {key} {want}, but it is {} ({})",
                got.unwrap_or_else(|| "none".to_owned()),
                names(ended).join(", ")
            )
        })
    })
}

/// Whole words, whatever their case; a low line counts as a blank.
fn contains_words(text: &str, wanted: &str) -> bool {
    let plain = |text: &str| text.to_lowercase().replace('_', " ");
    let (text, wanted) = (plain(text), plain(wanted));
    let edge = |letter: Option<char>| letter.is_none_or(|letter| !letter.is_alphanumeric());
    text.match_indices(&wanted).any(|(at, found)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text
            .get(at.saturating_add(found.len())..)
            .and_then(|after| after.chars().next());
        edge(before) && edge(after)
    })
}

/// The facts shown under a rule, as a caller reads them. A rule that fails for two facts shows both.
pub(super) fn shown_text(decision: &Decision, rule: &str) -> Option<String> {
    let mut shown = decision
        .violations
        .iter()
        .filter(|violation| violation.rule.to_string() == rule)
        .peekable();
    shown.peek()?;
    let facts: Vec<String> = shown
        .flat_map(|violation| &violation.facts)
        .map(|fact| format!("{}: {}", fact.label, fact.value))
        .collect();
    Some(facts.join("; "))
}

fn facts(then: &Json, ended: &Ended) -> Option<String> {
    let decision = ended.decision.as_ref()?;
    for (rule, wanted) in then.get("facts")?.as_object()? {
        let Some(text) = shown_text(decision, rule) else {
            return Some(format!(
                "expected facts under {rule}, but the reported rules are {}",
                names(ended).join(", ")
            ));
        };
        for wanted in texts(wanted.get("contains")) {
            if !contains_words(&text, &wanted) {
                return Some(format!(
                    "expected `{wanted}` among the facts of {rule}, but they are: {text}"
                ));
            }
        }
    }
    None
}

async fn offered(
    case: &Case,
    ended: &Ended,
    options: &Options,
) -> Result<Option<remedy::Remedy>, AppError> {
    let (Some(act), false) = (&ended.act, ended.allowed) else {
        return Ok(None);
    };
    let ctx = context(&case.id, 1000, ended.now, options);
    remedy::plan(&ended.db, &ctx, act).await
}

async fn remedy_text(
    case: &Case,
    then: &Json,
    ended: &Ended,
    options: &Options,
) -> Result<Option<String>, AppError> {
    let wanted = texts(then.get("remedy").and_then(|remedy| remedy.get("contains")));
    let (false, Some(decision)) = (wanted.is_empty(), &ended.decision) else {
        return Ok(None);
    };
    let mut text = String::new();
    for violation in &decision.violations {
        if let Some(entry) = tierline_rules::book::entry(violation.rule) {
            let book = entry.texts(Lang::En);
            text.extend([&book.refusal, " ", &book.remedy, " "].map(|part: &str| part));
        }
    }
    if let Some(remedy) = offered(case, ended, options).await? {
        text.push_str(&remedy.to_string());
    }
    let text = text.to_lowercase();
    Ok(wanted
        .into_iter()
        .find(|wanted| !text.contains(&wanted.to_lowercase()))
        .map(|wanted| format!("expected `{wanted}` in the remedy, but it says: {text}")))
}

async fn states(then: &Json, ended: &Ended) -> Result<Option<String>, AppError> {
    let Some(expected) = then.get("state").and_then(Json::as_object) else {
        return Ok(None);
    };
    for (path, want) in expected {
        let got = ended.state(path).await?;
        if !same(path, &got, want) {
            return Ok(Some(format!(
                "expected {path} to be {}, but it is {}",
                text_of(want),
                text_of(&got)
            )));
        }
    }
    Ok(None)
}

/// Lists are compared in order, except lists of names.
fn same(path: &str, got: &Json, want: &Json) -> bool {
    let names = ["roles", "billed", "subscriptions", "admin_relationships"];
    match (got, want) {
        (Json::Array(got), Json::Array(want)) if names.iter().any(|name| path.ends_with(name)) => {
            let sorted = |list: &[Json]| {
                let mut list: Vec<String> = list.iter().map(text_of).collect();
                list.sort();
                list
            };
            sorted(got) == sorted(want)
        }
        (got, want) => got == want,
    }
}

/// Carries every remedy that is offered out, each in a copy of the world of its own.
async fn remedied(
    case: &Case,
    then: &Json,
    ended: &Ended,
    options: &Options,
) -> Result<Option<String>, AppError> {
    let Some(expected) = then.get("remedied").and_then(Json::as_bool) else {
        return Ok(None);
    };
    let remedy = offered(case, ended, options).await?;
    let Some(remedy) = remedy else {
        return Ok(expected.then(|| "expected a remedy, but none is offered".to_owned()));
    };
    if !expected {
        return Ok(Some(format!(
            "expected no remedy, but one is offered: {remedy}"
        )));
    }
    for way in std::iter::once(&remedy).chain(remedy.otherwise.as_deref()) {
        if let Some(problem) = carry_out(case, way, ended, options).await? {
            return Ok(Some(problem));
        }
    }
    Ok(None)
}

/// Carries one remedy out in a copy of the world, and tries the action again.
async fn carry_out(
    case: &Case,
    remedy: &remedy::Remedy,
    ended: &Ended,
    options: &Options,
) -> Result<Option<String>, AppError> {
    let copy = ended.db.copy_to_memory().await?;
    let mut now = ended.now;
    for (index, act) in remedy.commands.iter().chain([&remedy.then]).enumerate() {
        let ctx = context(&case.id, index.saturating_add(2000), now, options);
        if let Some(until) = remedy::waited(act, now)? {
            copy.write(Advance { ctx, until }).await?;
            now = until;
            continue;
        }
        match copy
            .write(Perform {
                ctx,
                act: act.clone(),
            })
            .await
        {
            Ok(_) => {}
            Err(AppError::Refused(refusal)) => {
                let rules: Vec<String> = refusal
                    .decision
                    .violations
                    .iter()
                    .map(|violation| violation.rule.to_string())
                    .collect();
                return Ok(Some(format!(
                    "the remedy fails: {} is refused by {}",
                    act.write(),
                    rules.join(", ")
                )));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::contains_words;

    #[test]
    fn facts_are_found_by_whole_words() {
        assert!(contains_words("state: under_review", "Under review"));
        assert!(contains_words("remaining: 50", "50"));
        assert!(!contains_words("remaining: 250", "50"));
        assert!(contains_words("region: Europe (FR)", "europe"));
        assert!(contains_words("chain: operator → IP-2 → IP-1", "IP-1"));
    }
}

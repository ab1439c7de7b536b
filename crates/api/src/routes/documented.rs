//! The documented operations as facts: method and path. What has no route answers 501.

use crate::openapi;

/// `METHOD /path/{placeholder}`, one a line.
const OPERATIONS: &str = include_str!("../../../../program/operations.txt");

/// Whether the documentation lists an operation.
#[must_use]
pub fn lists(method: &str, path: &str) -> bool {
    operations().any(|(known, template)| known == method && fits(template, path))
}

/// What the documentation lists and this server answers with 501.
pub(crate) fn not_built() -> impl Iterator<Item = (&'static str, &'static str)> {
    operations().filter(|(method, template)| {
        let built = |(other, path, _): (&str, &str, &str)| {
            other.eq_ignore_ascii_case(method) && same_shape(path, template)
        };
        !openapi::summaries().any(built)
    })
}

/// Of these, the paths that a route with a placeholder would take for its own: `/v1/customers/usagerecords`
/// is no customer. Literals go before placeholders, so they get routes that say 501.
pub(crate) fn shadowed() -> impl Iterator<Item = (&'static str, &'static str)> {
    not_built().filter(|(_, template)| {
        openapi::summaries().any(|(_, path, _)| fits(path, template) && !same_shape(path, template))
    })
}

/// Every operation of a server; what the documentation has servers send (a webhook's call) is none.
fn operations() -> impl Iterator<Item = (&'static str, &'static str)> {
    OPERATIONS
        .lines()
        .filter_map(|line| line.split_once(' '))
        .filter(|(_, path)| path.starts_with('/'))
}

/// Whether two path templates match the same paths: placeholders may have other names.
fn same_shape(one: &str, other: &str) -> bool {
    one.split('/')
        .map(literals)
        .eq(other.split('/').map(literals))
}

/// What stands before, between and after the placeholders of a step, in small letters.
fn literals(step: &str) -> Vec<String> {
    let step = step.to_lowercase();
    let (mut found, mut rest) = (Vec::new(), step.as_str());
    while let Some((before, (_, after))) = rest
        .split_once('{')
        .and_then(|(before, tail)| Some((before, tail.split_once('}')?)))
    {
        found.push(before.to_owned());
        rest = after;
    }
    found.push(rest.to_owned());
    found
}

fn fits(template: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(wanted), Some(given)) if step_fits(wanted, given) => {}
            _ => return false,
        }
    }
}

/// A step in any case, with something in place of each placeholder.
fn step_fits(wanted: &str, given: &str) -> bool {
    let given = given.to_lowercase();
    let literals = literals(wanted);
    let Some((first, others)) = literals.split_first() else {
        return false;
    };
    let Some(mut rest) = given.strip_prefix(first.as_str()) else {
        return false;
    };
    for (index, literal) in others.iter().enumerate() {
        let last = index.saturating_add(1) == others.len();
        let end = if last {
            rest.len().checked_sub(literal.len())
        } else {
            rest.find(literal.as_str())
        };
        let tail = end.filter(|end| *end > 0).and_then(|end| rest.get(end..));
        match tail.and_then(|tail| tail.strip_prefix(literal.as_str())) {
            Some(tail) => rest = tail,
            None => return false,
        }
    }
    rest.is_empty()
}

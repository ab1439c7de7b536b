//! The documented operations as facts: method and path. What has no route answers 501.

/// `METHOD /path/{placeholder}`, one a line.
const OPERATIONS: &str = include_str!("../../../../program/operations.txt");

/// Whether the documentation lists an operation.
#[must_use]
pub fn lists(method: &str, path: &str) -> bool {
    OPERATIONS
        .lines()
        .filter_map(|line| line.split_once(' '))
        .any(|(known, template)| known == method && fits(template, path))
}

/// Every documented operation.
pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    OPERATIONS.lines().filter_map(|line| line.split_once(' '))
}

fn fits(template: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(wanted), Some(given)) if wanted.starts_with('{') && !given.is_empty() => {}
            (Some(wanted), Some(given)) if wanted.eq_ignore_ascii_case(given) => {}
            _ => return false,
        }
    }
}

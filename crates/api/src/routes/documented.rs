//! The documented operations as facts: id, method, path, token. What has no route answers 501.

use std::sync::LazyLock;

use super::list;

/// One operation a line; the columns are those of [`Documented`].
const OPERATIONS: &str = include_str!("../../../../program/operations.csv");

/// What token an operation takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// None.
    Open,
    /// An application's or a user's.
    Any,
    /// A user's.
    User,
}

/// A documented operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Documented {
    /// Its name in our files.
    pub id: &'static str,
    /// What it is about.
    pub area: &'static str,
    /// How soon it is needed, from 1.
    pub tier: &'static str,
    /// HTTP method.
    pub method: &'static str,
    /// Path with placeholders.
    pub path: &'static str,
    token: Token,
    /// Status of its success; two where a slash stands.
    pub success: &'static str,
    /// The operation with which it shares method and path.
    pub variant_of: &'static str,
}

static ALL: LazyLock<Vec<Documented>> =
    LazyLock::new(|| OPERATIONS.lines().skip(1).filter_map(row).collect());

fn row(line: &'static str) -> Option<Documented> {
    let mut rest = Some(line);
    // A path with a comma stands in quotes.
    let mut next = || {
        let line = rest?;
        let quoted = line.strip_prefix('"').and_then(|line| line.split_once('"'));
        let (cell, after) = match quoted {
            Some((cell, after)) => (cell, after.strip_prefix(',')),
            None => line
                .split_once(',')
                .map_or((line, None), |(cell, after)| (cell, Some(after))),
        };
        rest = after;
        Some(cell)
    };
    Some(Documented {
        id: next()?,
        area: next()?,
        tier: next()?,
        method: next()?,
        path: next()?,
        token: match next()? {
            "open" => Token::Open,
            "user" => Token::User,
            _ => Token::Any,
        },
        success: next()?,
        variant_of: next()?,
    })
}

/// Every operation of a server; what the documentation has servers send (a webhook's call) is none.
pub fn all() -> impl Iterator<Item = &'static Documented> {
    ALL.iter()
        .filter(|operation| operation.path.starts_with('/'))
}

/// The token of an operation; none where the documentation does not know it.
pub(crate) fn token(method: &str, path: &str) -> Option<Token> {
    all()
        .find(|operation| operation.method == method && same_shape(operation.path, path))
        .map(|operation| operation.token)
}

/// Whether the documentation lists an operation. Literals go before placeholders: what is listed for
/// `/v1/customers/{customer-id}` is not listed for `/v1/customers/relationshiprequests`.
#[must_use]
pub fn lists(method: &str, path: &str) -> bool {
    let placeholders = |operation: &Documented| operation.path.matches('{').count();
    let fitting: Vec<_> = all()
        .filter(|operation| fits(operation.path, path))
        .collect();
    let fewest = fitting
        .iter()
        .map(|operation| placeholders(operation))
        .min();
    fitting
        .iter()
        .any(|operation| operation.method == method && Some(placeholders(operation)) == fewest)
}

static NOT_BUILT: LazyLock<Vec<&'static Documented>> = LazyLock::new(|| {
    let built = list();
    let is_built = |operation: &&Documented| {
        built
            .iter()
            .any(|route| route.method == operation.method && same_shape(route.path, operation.path))
    };
    let mut open: Vec<_> = all().filter(|operation| !is_built(operation)).collect();
    open.sort_by_key(|operation| (operation.path, operation.method));
    open.dedup_by_key(|operation| (operation.path, operation.method));
    open
});

/// What the documentation lists and this server answers with 501.
pub(crate) fn not_built() -> impl Iterator<Item = &'static Documented> {
    NOT_BUILT.iter().copied()
}

/// Of these, the paths that a route with a placeholder would take for its own: `/v1/customers/usagerecords`
/// is no customer. Literals go before placeholders, so they get routes that say 501.
pub(crate) fn shadowed() -> impl Iterator<Item = &'static Documented> {
    let built = list();
    not_built().filter(move |operation| {
        built.iter().any(|route| {
            fits(route.path, operation.path) && !same_shape(route.path, operation.path)
        })
    })
}

/// Whether two path templates match the same paths: placeholders may have other names.
fn same_shape(one: &str, other: &str) -> bool {
    let (mut one, mut other) = (one.split('/'), other.split('/'));
    loop {
        match (one.next(), other.next()) {
            (None, None) => return true,
            (Some(one), Some(other)) if same_literals(one, other) => {}
            _ => return false,
        }
    }
}

fn same_literals(one: &str, other: &str) -> bool {
    let (mut one, mut other) = (literals(one), literals(other));
    loop {
        match (one.next(), other.next()) {
            (None, None) => return true,
            (Some(one), Some(other)) if one.eq_ignore_ascii_case(other) => {}
            _ => return false,
        }
    }
}

/// What stands before, between and after the placeholders of a step.
fn literals(step: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(step);
    std::iter::from_fn(move || {
        let step = rest.take()?;
        let cut = step
            .split_once('{')
            .and_then(|(before, tail)| Some((before, tail.split_once('}')?)));
        match cut {
            Some((before, (_, after))) => {
                rest = Some(after);
                Some(before)
            }
            None => Some(step),
        }
    })
}

static TEMPLATES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let built = list().into_iter().map(|route| route.path);
    let mut templates: Vec<_> = built.chain(all().map(|operation| operation.path)).collect();
    // Literals go before placeholders.
    templates.sort_by_key(|template| template.matches('{').count());
    templates
});

/// The path with placeholders that a path is one of, if one is known.
pub(crate) fn template(path: &str) -> Option<&'static str> {
    let mut all = TEMPLATES.iter();
    all.find(|template| fits(template, path)).copied()
}

/// What a step of a path stands for, counted from the first slash: `customer-id`. None where no path is known of that
/// shape, or the step is a literal.
pub(crate) fn placeholder(path: &str, step: usize) -> Option<String> {
    let (_, name) = template(path)?.split('/').nth(step)?.split_once('{')?;
    name.split_once('}').map(|(name, _)| name.to_owned())
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
    if !wanted.contains('{') && wanted.is_ascii() {
        return wanted.eq_ignore_ascii_case(given);
    }
    let given = given.to_lowercase();
    let literals: Vec<String> = literals(wanted).map(str::to_lowercase).collect();
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

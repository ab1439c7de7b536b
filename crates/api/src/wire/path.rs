//! The path normaliser: doubled slashes collapse, a trailing one goes, literals match in any case.
//!
//! Released clients join root, version and link in their own ways (`/v1//customers`, `/v1//v1/…`), and the
//! documentation itself spells one segment in several cases. Identifiers compare without regard to case as
//! well, so the whole documented path is lowered. `/program/v1` and the portal's files stay as they are written.

use crate::problem::Problem;
use crate::wire::json::NUL;

/// Whether a path is plainly as the router knows it, which most paths are: [`normalise`] would leave it.
#[must_use]
pub fn is_normal(path: &str) -> bool {
    let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'/');
    let Some(rest) = path.strip_prefix("/v1/") else {
        return false;
    };
    path.bytes().all(plain)
        && !path.ends_with('/')
        && !path.contains("//")
        && !matches!(rest.split('/').next(), Some("v1" | "webhooks"))
}

/// The path as the router knows it.
#[must_use]
pub fn normalise(path: &str) -> String {
    if path.starts_with("/program/") || path.starts_with("/portal/") {
        return path.to_owned();
    }
    let mut segments: Vec<String> = path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .map(str::to_lowercase)
        .collect();
    while segments.first().is_some_and(|first| first == "v1")
        && segments
            .get(1)
            .is_some_and(|second| second == "v1" || second == "webhooks")
    {
        segments.remove(0);
    }
    if segments.iter().take(2).eq(["v1.0", "sales"]) {
        segments = segments.iter().flat_map(|step| arguments(step)).collect();
    }
    format!("/{}", segments.join("/"))
}

/// A step with parentheses as two: `fxrates(month='202607')` is `fxrates` and what stands between them, so that a router which
/// takes whole steps finds it.
fn arguments(step: &str) -> Vec<String> {
    let plain = ["%27'", "%28(", "%29)", "%2c,", "%3d=", "%24$"]
        .iter()
        .fold(step.to_owned(), |step, pair| {
            let (code, letter) = pair.split_at(3);
            step.replace(code, letter)
        });
    match plain
        .strip_suffix(')')
        .and_then(|step| step.split_once('('))
    {
        Some((name, between)) if ["pricesheets", "fxrates"].contains(&name) => {
            vec![name.to_owned(), between.to_owned()]
        }
        _ => vec![plain],
    }
}

/// A value among the arguments of such a step.
#[must_use]
pub fn argument<'a>(arguments: &'a str, name: &str) -> Option<&'a str> {
    let mut named = arguments.split(',').filter_map(|pair| pair.split_once('='));
    let (_, value) = named.find(|(key, _)| key.trim() == name)?;
    Some(value.trim().trim_matches('\''))
}

/// The query with lower-case keys, in order; a second `?` in place of `&` separates too.
#[must_use]
pub fn query(raw: Option<&str>) -> Vec<(String, String)> {
    raw.unwrap_or_default()
        .split(['&', '?'])
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key).to_lowercase(), decode(value))
        })
        .collect()
}

/// What no handler could make sense of: a NUL or bytes that are no UTF-8 behind percent signs, in a step of the path
/// or in the query.
///
/// # Errors
/// A 400 that names the step by the placeholder it stands for (`known` looks it up by its position), or the parameter.
pub fn readable(
    path: &str,
    raw_query: Option<&str>,
    known: impl Fn(usize) -> Option<String>,
) -> Result<(), Problem> {
    for (index, step) in path.split('/').enumerate() {
        if let Some(problem) = unreadable(step) {
            let field = known(index).unwrap_or_else(|| "path".to_owned());
            return Err(Problem::malformed(&field, problem));
        }
    }
    for pair in raw_query.unwrap_or_default().split(['&', '?']) {
        if let Some(problem) = unreadable(pair) {
            let (name, _) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name).replace('\0', "");
            return Err(Problem::malformed(&name, problem));
        }
    }
    Ok(())
}

fn unreadable(text: &str) -> Option<&'static str> {
    if !text.contains('%') {
        return None;
    }
    match String::from_utf8(bytes(text)) {
        Ok(text) => text.contains('\0').then_some(NUL),
        Err(_) => Some("is not UTF-8"),
    }
}

/// Percent-decoding; a plus is a blank.
#[must_use]
pub fn decode(text: &str) -> String {
    String::from_utf8_lossy(&bytes(text)).into_owned()
}

fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let (byte, next) = match (first, tail) {
            (b'%', [a, b, after @ ..]) => match (hex(*a), hex(*b)) {
                (Some(high), Some(low)) => (high * 16 + low, after),
                _ => (b'%', tail),
            },
            (b'+', _) => (b' ', tail),
            (other, _) => (*other, tail),
        };
        bytes.push(byte);
        rest = next;
    }
    bytes
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_with_parentheses_becomes_two() {
        let sheet = "/v1.0/sales/pricesheets(Market='US',PricesheetView='software')/$value";
        let two = "/v1.0/sales/pricesheets/market='us',pricesheetview='software'/$value";
        assert_eq!(normalise(sheet), two);
        let coded =
            "/v1.0/sales/pricesheets(Market=%27US%27%2CPricesheetView=%27software%27)/%24value";
        assert_eq!(normalise(coded), two);
        assert_eq!(
            argument("market='us', pricesheetview='a'", "pricesheetview"),
            Some("a")
        );
        assert_eq!(argument("market='us'", "month"), None);
    }

    #[test]
    fn what_is_passed_by_needs_nothing_done() {
        let steps = [
            "/",
            "v1",
            "/v1/",
            "webhooks",
            "a",
            "A",
            "0-9_",
            "(",
            "%",
            "v1.0/sales",
        ];
        let mut paths = vec!["/v1".to_owned()];
        let mut passed = 0;
        for _ in 0..4 {
            let longer = paths
                .iter()
                .flat_map(|path| steps.iter().map(move |step| format!("{path}{step}")));
            paths = longer.collect();
            for path in paths.iter().filter(|path| is_normal(path)) {
                assert_eq!(&normalise(path), path);
                passed += 1;
            }
        }
        assert!(passed > 100, "{passed} of them are plain");
    }

    #[test]
    fn paths_of_released_clients_arrive() {
        assert_eq!(normalise("/v1//customers"), "/v1/customers");
        assert_eq!(normalise("/v1//v1/customers/ABC/"), "/v1/customers/abc");
        assert_eq!(
            normalise("/V1/Customers/relationshipRequests"),
            "/v1/customers/relationshiprequests"
        );
        assert_eq!(
            normalise("/program/v1/rules/TXN-601"),
            "/program/v1/rules/TXN-601"
        );
        assert_eq!(normalise("/"), "/");
    }

    #[test]
    fn queries_are_read_in_any_case() {
        let read = query(Some(
            "Size=0&Filter=%7B%22a%22%3A1%7D?seekOperation=Next&x=a+b",
        ));
        assert_eq!(read[0], ("size".to_owned(), "0".to_owned()));
        assert_eq!(read[1].1, "{\"a\":1}");
        assert_eq!(read[2].0, "seekoperation");
        assert_eq!(read[3].1, "a b");
    }
}

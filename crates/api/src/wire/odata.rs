//! The shapes of OData, which the paths of granular administration speak: lists in `value`, weak ETags in the body,
//! query options with a dollar sign, failures within `error`.

use std::borrow::Cow;
use std::cmp::Ordering;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{HeaderMap, StatusCode, header};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::openapi::schema::Type;
use utoipa::openapi::{ArrayBuilder, ObjectBuilder, Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::problem::Problem;
use crate::wire::query::Query;

/// Where these paths begin, in small letters.
const ROOTS: [&str; 2] = ["/v1.0/tenantrelationships/", "/customerserviceadminapi/"];
/// Most items of one page, and as many as one holds where none are asked for.
const PAGE_MAX: usize = 300;
/// Most comparisons of one filter.
const COMPARISONS_MAX: usize = 16;

/// Whether a path, in small letters, speaks OData.
pub(crate) fn speaks(path: &str) -> bool {
    ROOTS.iter().any(|root| path.starts_with(root))
}

/// What a status is called in an error.
const fn word(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST => "invalidRequest",
        StatusCode::UNAUTHORIZED => "unauthenticated",
        StatusCode::FORBIDDEN => "accessDenied",
        StatusCode::NOT_FOUND => "itemNotFound",
        StatusCode::METHOD_NOT_ALLOWED => "notAllowed",
        StatusCode::CONFLICT => "conflict",
        StatusCode::PRECONDITION_FAILED => "resourceModified",
        StatusCode::TOO_MANY_REQUESTS => "activityLimitReached",
        StatusCode::NOT_IMPLEMENTED => "notSupported",
        StatusCode::SERVICE_UNAVAILABLE => "serviceNotAvailable",
        _ => "generalException",
    }
}

/// A failure of the documented shape in that of OData. Rules stand in `details`, the number among the inner parts.
pub(crate) fn error(status: StatusCode, body: &Value, traced: Option<&str>) -> Value {
    let text = |member: &str| body[member].as_str();
    let message = text("description").or_else(|| text("message"));
    let message = message.or(status.canonical_reason()).unwrap_or("failure");
    let rules = body["data"].as_array().into_iter().flatten();
    let details: Vec<Value> = rules
        .filter_map(Value::as_str)
        .filter(|rule| !rule.starts_with('/'))
        .map(|rule| json!({ "code": rule, "message": format!("/program/v1/rules/{rule}") }))
        .collect();
    let taken = details.iter().any(|detail| detail["code"] == "GDA-003");
    let code = match status {
        StatusCode::CONFLICT if taken => "nameAlreadyExists",
        status => word(status),
    };
    let mut inner = Map::new();
    if let Some(number) = body["code"].as_u64() {
        inner.insert("code".to_owned(), json!(number.to_string()));
    }
    for name in ["request-id", "client-request-id"] {
        inner.extend(traced.map(|id| (name.to_owned(), json!(id))));
    }
    let mut failure = json!({ "code": code, "message": message, "innerError": inner });
    if let (false, Some(map)) = (details.is_empty(), failure.as_object_mut()) {
        map.insert("details".to_owned(), Value::Array(details));
    }
    json!({ "error": failure })
}

/// The weak ETag of a version.
pub(crate) fn etag(id: &str, version: i64) -> String {
    format!("W/\"{}\"", STANDARD.encode(format!("{id} {version}")))
}

/// The version that the caller holds, which `If-Match` must say; none where any will do. A tag of something else, or of
/// none of ours, is a version that never was.
///
/// # Errors
/// A 400 where the header is missing.
pub(crate) fn held(headers: &HeaderMap, id: &str) -> Result<Option<i64>, Problem> {
    let missing = || {
        let text = "is missing: send the @odata.etag of what was read";
        Problem::malformed("If-Match", text)
    };
    let given = headers.get(header::IF_MATCH).ok_or_else(missing)?;
    let given = given.to_str().unwrap_or_default().trim();
    if given == "*" {
        return Ok(None);
    }
    let inner = given.strip_prefix("W/").unwrap_or(given).trim_matches('"');
    let read = STANDARD.decode(inner).ok();
    let read = read.and_then(|bytes| String::from_utf8(bytes).ok());
    let version = read.as_deref().and_then(|text| {
        let (of, version) = text.split_once(' ')?;
        (of == id).then(|| version.parse().ok()).flatten()
    });
    Ok(Some(version.unwrap_or(-1)))
}

/// A list.
#[derive(Debug, Serialize)]
pub(crate) struct List<T> {
    value: Vec<T>,
}

// Written out, as that of the documented collections is.
impl<T: ToSchema> PartialSchema for List<T> {
    fn schema() -> RefOr<Schema> {
        let text = || ObjectBuilder::new().schema_type(Type::String);
        let items = Ref::from_schema_name(T::name());
        ObjectBuilder::new()
            .description(Some("A list, or one page of it."))
            .property("@odata.context", text())
            .property("@odata.nextLink", text())
            .property(
                "@odata.count",
                ObjectBuilder::new().schema_type(Type::Integer),
            )
            .property("value", ArrayBuilder::new().items(items))
            .required("value")
            .into()
    }
}

impl<T: ToSchema> ToSchema for List<T> {
    fn name() -> Cow<'static, str> {
        format!("ListOf{}", T::name()).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(schemas);
    }
}

/// One comparison of a filter.
#[derive(Debug, PartialEq, Eq)]
enum Test {
    Compared(String, Comparison, String),
    Starts(String, String),
    Contains(String, String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    Other,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl Comparison {
    fn read(word: &str) -> Option<Self> {
        Some(match word {
            "eq" => Self::Equal,
            "ne" => Self::Other,
            "lt" => Self::Less,
            "le" => Self::AtMost,
            "gt" => Self::Greater,
            "ge" => Self::AtLeast,
            _ => return None,
        })
    }

    const fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::Other => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::AtMost => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::AtLeast => order.is_ge(),
        }
    }
}

/// A member of an item by its path, as text; absent where there is none.
fn member<'a>(item: &'a Value, path: &str) -> Option<Cow<'a, str>> {
    let mut found = item;
    for step in path.split('/') {
        let map = found.as_object()?;
        let (_, value) = map
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(step))?;
        found = value;
    }
    match found {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Null => None,
        other => Some(Cow::Owned(other.to_string())),
    }
}

impl Test {
    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some((path, value)) = arguments(text, "startswith(") {
            return Some(Self::Starts(path, literal(&value)?));
        }
        if let Some((path, value)) = arguments(text, "contains(") {
            return Some(Self::Contains(path, literal(&value)?));
        }
        let (path, rest) = text.split_once(' ')?;
        let (how, value) = rest.trim_start().split_once(' ')?;
        let how = Comparison::read(&how.to_ascii_lowercase())?;
        Some(Self::Compared(path.to_owned(), how, literal(value)?))
    }

    fn holds(&self, item: &Value) -> bool {
        let lower = |text: &str| text.to_lowercase();
        match self {
            Self::Compared(path, how, value) => match member(item, path) {
                Some(found) => how.holds(lower(&found).cmp(&lower(value))),
                None => *how == Comparison::Other,
            },
            Self::Starts(path, value) => {
                member(item, path).is_some_and(|found| lower(&found).starts_with(&lower(value)))
            }
            Self::Contains(path, value) => {
                member(item, path).is_some_and(|found| lower(&found).contains(&lower(value)))
            }
        }
    }
}

/// The two arguments of a function by its name and bracket.
fn arguments(text: &str, name: &str) -> Option<(String, String)> {
    let head = text.get(..name.len())?;
    let inner = text.get(name.len()..)?.trim_end().strip_suffix(')')?;
    let (path, value) = inner.split_once(',')?;
    head.eq_ignore_ascii_case(name)
        .then(|| (path.trim().to_owned(), value.to_owned()))
}

/// A value of a filter: a text in single quotes, or a bare word such as an instant.
fn literal(text: &str) -> Option<String> {
    let text = text.trim();
    match text.strip_prefix('\'') {
        Some(rest) => rest
            .strip_suffix('\'')
            .filter(|inner| !inner.replace("''", "").contains('\''))
            .map(|inner| inner.replace("''", "'")),
        None if text.is_empty() || text.contains([' ', '\'', '(', ')']) => None,
        None => Some(text.to_owned()),
    }
}

/// Splits at a word that stands outside of quotes.
fn split_at_word<'a>(text: &'a str, word: &str) -> Vec<&'a str> {
    let lowered = text.to_ascii_lowercase();
    let (mut parts, mut from, mut quoted) = (Vec::new(), 0, false);
    for (place, letter) in lowered.char_indices() {
        if letter == '\'' {
            quoted = !quoted;
        }
        let here = lowered.get(place..).unwrap_or_default();
        if !quoted && place >= from && here.starts_with(word) {
            parts.push(text.get(from..place).unwrap_or_default());
            from = place.saturating_add(word.len());
        }
    }
    parts.push(text.get(from..).unwrap_or_default());
    parts
}

/// A filter: comparisons joined by `and`, and those by `or`.
fn filter(text: &str) -> Result<Vec<Vec<Test>>, Problem> {
    let bad = || {
        let text = "compares members, as in status eq 'active' or startsWith(displayName,'a'), joined by and or or";
        Problem::malformed("$filter", text)
    };
    let mut count = 0_usize;
    let mut ways = Vec::new();
    for way in split_at_word(text, " or ") {
        let mut tests = Vec::new();
        for part in split_at_word(way, " and ") {
            count = count.saturating_add(1);
            if count > COMPARISONS_MAX {
                let text = format!("holds at most {COMPARISONS_MAX} comparisons");
                return Err(Problem::malformed("$filter", &text));
            }
            tests.push(Test::read(part).ok_or_else(bad)?);
        }
        ways.push(tests);
    }
    Ok(ways)
}

/// Options that this server carries out.
const OPTIONS: [&str; 8] = [
    "$filter",
    "$orderby",
    "$select",
    "$expand",
    "$top",
    "$skip",
    "$count",
    "$skiptoken",
];

/// What is asked of a list: what to leave out, in which order, which part of it, which members.
#[derive(Debug)]
pub(crate) struct Options {
    filter: Vec<Vec<Test>>,
    order: Vec<(String, bool)>,
    select: Vec<String>,
    expand: Vec<String>,
    top: usize,
    skip: usize,
    count: bool,
    /// The query again, for the next page.
    again: String,
}

impl Options {
    /// Reads the options of a query.
    ///
    /// # Errors
    /// A 400 that names what is malformed; a 501 for options that are not carried out.
    pub(crate) fn read(query: &Query) -> Result<Self, Problem> {
        for name in query.names() {
            if name.starts_with('$') && !OPTIONS.contains(&name) {
                return Err(Problem::not_built(&format!("the query option {name}")));
            }
        }
        let words = |key: &str| -> Vec<String> {
            let given = query.get(key).unwrap_or_default().split(',');
            given
                .map(|word| word.trim().to_owned())
                .filter(|word| !word.is_empty())
                .collect()
        };
        let order = words("$orderby")
            .iter()
            .map(|word| match word.rsplit_once(' ') {
                Some((path, "desc")) => Ok((path.trim().to_owned(), true)),
                Some((path, "asc")) => Ok((path.trim().to_owned(), false)),
                None => Ok((word.clone(), false)),
                Some(_) => Err(Problem::malformed(
                    "$orderby",
                    "names a member, and asc or desc behind it",
                )),
            })
            .collect::<Result<_, _>>()?;
        let top = match query.number("$top")? {
            Some(0) => {
                let text = format!("is a whole number from 1 to {PAGE_MAX}");
                return Err(Problem::malformed("$top", &text));
            }
            top => top.unwrap_or(PAGE_MAX).min(PAGE_MAX),
        };
        let skip = match query.get("$skiptoken") {
            Some(token) => place(token)
                .ok_or_else(|| Problem::malformed("$skiptoken", "is not a token of this list"))?,
            None => query.number("$skip")?.unwrap_or_default(),
        };
        let again = OPTIONS
            .iter()
            .filter(|name| !matches!(**name, "$skip" | "$skiptoken"))
            .filter_map(|name| Some(format!("{name}={}&", escaped(query.get(name)?))))
            .collect();
        Ok(Self {
            filter: query
                .get("$filter")
                .map(filter)
                .transpose()?
                .unwrap_or_default(),
            order,
            select: words("$select"),
            expand: words("$expand"),
            top,
            skip,
            count: query.flag("$count"),
            again,
        })
    }

    /// The page of a list that is asked for. `context` says what the list is, `here` where it is.
    pub(crate) fn page(&self, mut items: Vec<Value>, context: &str, here: &str) -> Value {
        if !self.filter.is_empty() {
            items.retain(|item| {
                let mut ways = self.filter.iter();
                ways.any(|tests| tests.iter().all(|test| test.holds(item)))
            });
        }
        items.sort_by(|one, other| {
            self.order
                .iter()
                .fold(Ordering::Equal, |order, (path, is_down)| {
                    let here = member(one, path).cmp(&member(other, path));
                    order.then(if *is_down { here.reverse() } else { here })
                })
        });
        let total = items.len();
        let shown: Vec<Value> = items
            .into_iter()
            .skip(self.skip)
            .take(self.top)
            .map(|item| self.selected(item))
            .collect();
        let mut page = Map::new();
        page.insert("@odata.context".to_owned(), json!(context));
        if self.count {
            page.insert("@odata.count".to_owned(), json!(total));
        }
        let end = self.skip.saturating_add(shown.len());
        if end < total && !shown.is_empty() {
            let token = URL_SAFE_NO_PAD.encode(format!("from:{end}"));
            let next = format!("{here}?{}$skiptoken={token}", self.again);
            page.insert("@odata.nextLink".to_owned(), json!(next));
        }
        page.insert("value".to_owned(), Value::Array(shown));
        Value::Object(page)
    }

    /// Whether the members that are asked for exist.
    ///
    /// # Errors
    /// A 400 that names one that does not.
    pub(crate) fn selects_of(&self, exists: impl Fn(&str) -> bool) -> Result<(), Problem> {
        match self.select.iter().find(|name| !exists(name)) {
            Some(name) => Err(Problem::malformed(
                "$select",
                &format!("there is no member `{name}`"),
            )),
            None => Ok(()),
        }
    }

    /// The lists that are asked for beside each item, of those that it has.
    ///
    /// # Errors
    /// A 400 that names one that does not exist.
    pub(crate) fn expands_of(&self, lists: &[&'static str]) -> Result<Vec<&'static str>, Problem> {
        let known = |name: &String| lists.iter().find(|list| *list == name).copied();
        let wanted = self.expand.iter().map(|name| {
            known(name).ok_or_else(|| {
                let text = match lists {
                    [] => "nothing here has lists of its own; leave it out".to_owned(),
                    lists => format!("there is no list `{name}`; there are {}", lists.join(", ")),
                };
                Problem::malformed("$expand", &text)
            })
        });
        wanted.collect()
    }

    /// An item with the members that are asked for; its tag stays.
    pub(crate) fn selected(&self, item: Value) -> Value {
        match item {
            Value::Object(map) if !self.select.is_empty() => {
                let wanted = |name: &str| {
                    let mut wanted = self.select.iter().chain(&self.expand);
                    name.starts_with('@') || wanted.any(|path| path == name)
                };
                Value::Object(map.into_iter().filter(|(name, _)| wanted(name)).collect())
            }
            other => other,
        }
    }
}

fn place(token: &str) -> Option<usize> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    text.strip_prefix("from:")?.parse().ok()
}

/// A value as it can stand in a link.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        let letter = char::from(byte);
        if letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.' | '~') {
            escaped.push(letter);
        } else {
            escaped.push('%');
            for digit in [byte >> 4, byte & 15] {
                escaped.extend(char::from_digit(u32::from(digit), 16));
            }
        }
    }
    escaped
}

/// The days of an ISO 8601 duration in days, weeks and years of 365 days: `P730D`, `P2Y`, `P1Y6W`. A time of the day can
/// only be none.
pub(crate) fn days(text: &str) -> Option<i64> {
    let text = text.trim().to_ascii_uppercase();
    let rest = text.strip_prefix('P')?;
    let (date, time) = rest
        .split_once('T')
        .map_or((rest, None), |(date, time)| (date, Some(time)));
    let mut days = 0_i64;
    let mut number = String::new();
    for letter in date.chars() {
        if letter.is_ascii_digit() {
            number.push(letter);
            continue;
        }
        let unit = match letter {
            'Y' => 365,
            'W' => 7,
            'D' => 1,
            _ => return None,
        };
        let count: i64 = number.parse().ok()?;
        days = days.saturating_add(count.saturating_mul(unit));
        number.clear();
    }
    let is_none = |time: &str| {
        !time.is_empty()
            && time
                .chars()
                .all(|letter| matches!(letter, '0' | 'H' | 'M' | 'S'))
    };
    let has_parts = !date.is_empty() || time.is_some();
    (number.is_empty() && has_parts && time.is_none_or(is_none)).then_some(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(raw: &str) -> Result<Options, Problem> {
        Options::read(&Query::read(Some(raw)))
    }

    #[test]
    fn durations_are_read_in_days() {
        for (text, read) in [
            ("P730D", Some(730)),
            ("P2Y", Some(730)),
            ("p1y", Some(365)),
            ("P1W", Some(7)),
            ("P0D", Some(0)),
            ("PT0S", Some(0)),
            ("P1DT0H", Some(1)),
            ("P99999999999999999999D", None),
            ("P6M", None),
            ("PT5H", None),
            ("P", None),
            ("P5", None),
            ("730", None),
            ("", None),
        ] {
            assert_eq!(days(text), read, "{text}");
        }
    }

    #[test]
    fn a_list_is_filtered_ordered_and_paged() {
        let item = |name: &str, status: &str, tenant: &str| json!({ "@odata.etag": "W/", "displayName": name, "status": status, "customer": { "tenantId": tenant } });
        let items = vec![
            item("b", "active", "1"),
            item("a", "active", "2"),
            item("c", "expired", "1"),
        ];
        let names = |raw: &str| {
            let page = options(raw).unwrap().page(items.clone(), "c", "h");
            let names = page["value"].as_array().unwrap().iter();
            names
                .map(|item| item["displayName"].as_str().unwrap().to_owned())
                .collect::<String>()
        };
        assert_eq!(
            names("$filter=status eq 'active'&$orderby=displayName"),
            "ab"
        );
        assert_eq!(
            names("$filter=customer/tenantId eq '1' and status ne 'active'"),
            "c"
        );
        assert_eq!(
            names("$filter=displayName eq 'a' or displayName eq 'c'"),
            "ac"
        );
        assert_eq!(names("$filter=startsWith(displayName,'B')"), "b");
        assert_eq!(names("$orderby=displayName desc"), "cba");
        let page = options("$top=2&$count=true&$select=displayName").unwrap();
        let page = page.page(items.clone(), "c", "h");
        assert_eq!(page["@odata.count"], 3);
        assert_eq!(
            page["value"][0],
            json!({ "@odata.etag": "W/", "displayName": "b" })
        );
        let next = page["@odata.nextLink"].as_str().unwrap();
        let rest = options(next.split_once('?').unwrap().1).unwrap();
        let rest = rest.page(items, "c", "h");
        assert_eq!(rest["value"].as_array().unwrap().len(), 1);
        assert!(rest.get("@odata.nextLink").is_none());
    }

    #[test]
    fn what_is_no_option_is_refused() {
        for (raw, status) in [
            ("$filter=status", 400),
            ("$filter=status eq active'", 400),
            ("$filter=(status eq 'a')", 400),
            ("$top=0", 400),
            ("$top=x", 400),
            ("$skiptoken=x", 400),
            ("$orderby=a b", 400),
        ] {
            assert_eq!(options(raw).unwrap_err().status.as_u16(), status, "{raw}");
        }
    }

    #[test]
    fn a_tag_is_of_one_thing_in_one_version() {
        let mut headers = HeaderMap::new();
        assert!(held(&headers, "a").is_err());
        headers.insert(header::IF_MATCH, etag("a", 3).parse().unwrap());
        assert_eq!(held(&headers, "a").unwrap(), Some(3));
        assert_eq!(held(&headers, "b").unwrap(), Some(-1));
        headers.insert(header::IF_MATCH, "*".parse().unwrap());
        assert_eq!(held(&headers, "a").unwrap(), None);
    }
}

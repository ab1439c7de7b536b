//! What surrounds a documented resource: links, attributes, collections and their pages.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tierline_domain::time::Timestamp;
use utoipa::openapi::schema::Type;
use utoipa::openapi::{ArrayBuilder, ObjectBuilder, Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::call::Call;
use crate::problem::Problem;

/// A header that goes with a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct LinkHeader {
    key: String,
    value: String,
}

/// A link: relative to `/v1`, with a leading slash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Link {
    uri: String,
    method: &'static str,
    headers: Vec<LinkHeader>,
}

impl Link {
    /// A link that is followed with GET.
    pub(crate) fn get(uri: impl Into<String>) -> Self {
        Self::to("GET", uri)
    }

    /// A link that is followed with another method.
    pub(crate) fn to(method: &'static str, uri: impl Into<String>) -> Self {
        Self {
            uri: uri.into(),
            method,
            headers: Vec::new(),
        }
    }
}

/// Links by their names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Links(BTreeMap<&'static str, Link>);

impl Links {
    /// Only the way to the resource itself.
    pub(crate) fn own(uri: impl Into<String>) -> Self {
        Self::default().with("self", Link::get(uri))
    }

    /// One more link.
    pub(crate) fn with(mut self, name: &'static str, link: Link) -> Self {
        self.0.insert(name, link);
        self
    }
}

/// The type's name, and the version where the resource has one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Attributes {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    etag: Option<String>,
    object_type: &'static str,
}

impl Attributes {
    /// Of a type.
    pub(crate) const fn of(object_type: &'static str) -> Self {
        Self {
            etag: None,
            object_type,
        }
    }

    /// Of a version of a resource.
    pub(crate) fn tagged(object_type: &'static str, etag: impl Into<String>) -> Self {
        Self {
            etag: Some(etag.into()),
            object_type,
        }
    }
}

/// A version of a resource as an opaque tag (GEN-007).
pub(crate) fn tag(id: impl ToString, version: i64) -> String {
    let tag = json!({ "id": id.to_string(), "version": version });
    STANDARD.encode(tag.to_string())
}

/// The version of a tag; one that is no tag of ours is none that stands.
pub(crate) fn version(tag: &str) -> i64 {
    let bytes = STANDARD.decode(tag).unwrap_or_default();
    let value: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    value.get("version").and_then(Value::as_i64).unwrap_or(-1)
}

/// The version that a caller holds, as a body has it.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct Tag {
    pub(crate) etag: Option<String>,
}

/// A list as it is documented. `totalCount` counts the items of this answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Collection<T> {
    total_count: usize,
    items: Vec<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    continuation_token: Option<String>,
    links: Links,
    attributes: Attributes,
}

// Written out, because the derived one refers to the items' type and leaves it out of the document.
impl<T: ToSchema> PartialSchema for Collection<T> {
    fn schema() -> RefOr<Schema> {
        let count = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(0));
        let part = |name: Cow<'static, str>| Ref::from_schema_name(name);
        ObjectBuilder::new()
            .description(Some(
                "A list; `totalCount` counts the items of this answer.",
            ))
            .property("totalCount", count)
            .property("items", ArrayBuilder::new().items(part(T::name())))
            .property(
                "continuationToken",
                ObjectBuilder::new().schema_type(Type::String),
            )
            .property("links", part(Links::name()))
            .property("attributes", part(Attributes::name()))
            .required("totalCount")
            .required("items")
            .required("attributes")
            .into()
    }
}

impl<T: ToSchema> ToSchema for Collection<T> {
    fn name() -> Cow<'static, str> {
        format!("CollectionOf{}", T::name()).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((T::name().into_owned(), T::schema()));
        schemas.push((Links::name().into_owned(), Links::schema()));
        schemas.push((Attributes::name().into_owned(), Attributes::schema()));
        T::schemas(schemas);
        Links::schemas(schemas);
        Attributes::schemas(schemas);
    }
}

impl<T> Collection<T> {
    /// Everything there is.
    pub(crate) fn whole(items: Vec<T>, own: impl Into<String>) -> Self {
        Self {
            total_count: items.len(),
            items,
            continuation_token: None,
            links: Links::own(own),
            attributes: Attributes::of("Collection"),
        }
    }

    /// A page of a list that is read on from where it ended: `token` names that place, if another page follows.
    pub(crate) fn seek(items: Vec<T>, own: &str, token: Option<String>) -> Self {
        let joint = if own.contains('?') { '&' } else { '?' };
        let mut page = Self::whole(items, own);
        if let Some(token) = token {
            let mut link = Link::get(format!("{own}{joint}seekOperation=Next"));
            link.headers.push(LinkHeader {
                key: "MS-ContinuationToken".to_owned(),
                value: token.clone(),
            });
            page.links = page.links.with("next", link);
            page.continuation_token = Some(token);
        }
        page
    }

    /// The same items in another form.
    pub(crate) fn map<U>(self, form: impl FnMut(T) -> U) -> Collection<U> {
        Collection {
            total_count: self.total_count,
            items: self.items.into_iter().map(form).collect(),
            continuation_token: self.continuation_token,
            links: self.links,
            attributes: self.attributes,
        }
    }
}

/// What stands for an instant that there is not.
const NEVER: &str = "0001-01-01T00:00:00";

/// An instant that there may not be.
pub(crate) fn instant(at: Option<Timestamp>) -> String {
    at.map_or_else(|| NEVER.to_owned(), |at| at.to_string())
}

/// What part of a list is asked for.
///
/// Two ways lead through a list: `size` and `offset`, and `seekOperation=Next` with the token of the page before
/// in the header `MS-ContinuationToken`. The token names the offset at which the next page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) size: usize,
    pub(crate) offset: usize,
}

impl Page {
    /// Reads it from a call; `size=0` means that none was given, and no page is larger than `most`.
    ///
    /// # Errors
    /// A 400 that names the parameter or the header.
    pub(crate) fn of(call: &Call, most: usize) -> Result<Self, Problem> {
        let size = match call.query.number("size")? {
            None | Some(0) => most,
            Some(size) => size.min(most),
        };
        let token = call
            .headers
            .get("ms-continuationtoken")
            .and_then(|value| value.to_str().ok());
        let offset = match token.filter(|token| !token.is_empty()) {
            None => call.query.number("offset")?.unwrap_or_default(),
            Some(token) => offset_of(token).ok_or_else(|| {
                Problem::malformed("MS-ContinuationToken", "is not a token of this list")
            })?,
        };
        let back = call.query.get("seekoperation").map(crate::wire::body::word);
        let offset = match back.as_deref() {
            // A token names the page that follows; the page before it lies two sizes back.
            Some("previous") => offset.saturating_sub(size.saturating_mul(2)),
            Some("first") => 0,
            _ => offset,
        };
        Ok(Self { size, offset })
    }

    /// The page of a list that is read on by offset, at most [`Page::reach`] items long.
    pub(crate) fn by_offset<T>(self, mut items: Vec<T>, path: &str) -> Collection<T> {
        let more = items.len() > self.size;
        items.truncate(self.size);
        let joint = if path.contains('?') { '&' } else { '?' };
        let sized = if path.contains("size=") {
            path.to_owned()
        } else {
            format!("{path}{joint}size={}", self.size)
        };
        let at = |offset: usize| format!("{sized}&offset={offset}");
        let mut page = Collection::whole(items, at(self.offset));
        if more {
            let next = self.offset.saturating_add(self.size);
            page.links = page.links.with("next", Link::get(at(next)));
        }
        if self.offset > 0 {
            let before = self.offset.saturating_sub(self.size);
            page.links = page.links.with("previous", Link::get(at(before)));
        }
        page
    }

    /// How many rows to read: one more than is shown tells whether another page follows.
    pub(crate) const fn reach(self) -> usize {
        self.size.saturating_add(1)
    }

    /// The page of a list that was read from `offset` on, at most [`Page::reach`] items long.
    pub(crate) fn collection<T>(self, mut items: Vec<T>, path: &str) -> Collection<T> {
        let more = items.len() > self.size;
        items.truncate(self.size);
        let size = self.size;
        let joint = if path.contains('?') { '&' } else { '?' };
        let mut links = Links::own(format!("{path}{joint}size={size}"));
        let mut continuation_token = None;
        if more {
            let next = self.offset.saturating_add(size);
            let token = URL_SAFE_NO_PAD.encode(format!("offset:{next}"));
            let mut link = Link::get(format!("{path}{joint}size={size}&seekOperation=Next"));
            link.headers.push(LinkHeader {
                key: "MS-ContinuationToken".to_owned(),
                value: token.clone(),
            });
            links = links.with("next", link);
            continuation_token = Some(token);
        }
        Collection {
            total_count: items.len(),
            items,
            continuation_token,
            links,
            attributes: Attributes::of("Collection"),
        }
    }
}

fn offset_of(token: &str) -> Option<usize> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    text.strip_prefix("offset:")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_page_has_no_next_link() {
        let first = Page { size: 2, offset: 0 }.collection(vec![0, 1, 2], "/customers");
        assert_eq!(
            (first.total_count, first.items.as_slice()),
            (2, &[0, 1][..])
        );
        let token = first.continuation_token.as_deref().unwrap();
        assert_eq!(offset_of(token), Some(2));
        assert_eq!(first.links.0["next"].headers[0].value, token);
        let last = Page { size: 2, offset: 4 }.collection(vec![4], "/customers");
        assert_eq!(last.items, [4]);
        assert!(last.continuation_token.is_none() && !last.links.0.contains_key("next"));
    }
}

//! The calls that were answered lately, for whoever made them: a bounded ring in memory, one a world.
//!
//! Only calls with a token that was found good are kept. Of headers a fixed list is kept, which the token is not in; of
//! bodies what is short and is JSON or a form. Every member that may hold a secret is blanked as it is shown: hardly any
//! call is ever looked at, and looking for secrets in all of them cost a tenth of what answering them did.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use serde_json::Value;
use tierline_domain::time::Timestamp;
use uuid::Uuid;

use crate::auth::token_in;
use crate::calls::Called;
use crate::identity::Claims;
use crate::server::{CORRELATION_ID, REQUEST_ID, Server};
use crate::wire::path;

/// Calls that are kept.
pub(crate) const MOST: usize = 500;
/// Longest body that is kept, in bytes.
pub(crate) const BODY_MAX: u64 = 4_096;
/// What stands in place of a secret.
pub(crate) const BLANK: &str = "***";
/// Where the ring itself is read: looking at it fills it with nothing.
pub(crate) const OWN_PATH: &str = "/program/v1/requests";

/// Headers that are kept: those that change what a call does or by which it is traced.
static KEPT: [HeaderName; 10] = [
    header::ACCEPT,
    header::ACCEPT_LANGUAGE,
    header::CONTENT_TYPE,
    header::IF_MATCH,
    header::LOCATION,
    header::RETRY_AFTER,
    HeaderName::from_static("ms-correlationid"),
    HeaderName::from_static("ms-requestid"),
    HeaderName::from_static("x-locale"),
    HeaderName::from_static("x-tierline-world"),
];
/// What a member, a field or a parameter with a secret has in its name.
const SECRET: [&str; 9] = [
    "assertion",
    "authorization",
    "cookie",
    "credential",
    "password",
    "rootfoldersas",
    "secret",
    "signature",
    "token",
];

/// How a token begins.
const TOKEN: &str = "eyJ";

/// A body as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// There was none.
    Nothing,
    /// It was short JSON, and is as it came: see [`Kept::shown`].
    Json(Bytes),
    /// It was a short form, and is as it came.
    Form(Bytes),
    /// It was long, or of another type; its size in bytes, where that was known.
    LeftOut(Option<u64>),
}

/// A body as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// There was none.
    Nothing,
    /// Its text, with [`BLANK`] in place of each secret.
    Text(String),
    /// It was not kept, or cannot be read and so may hold anything; its size in bytes, where that is known.
    LeftOut(Option<u64>),
}

impl Kept {
    fn of(kind: Kind, bytes: Bytes) -> Self {
        match kind {
            _ if bytes.is_empty() => Self::Nothing,
            Kind::Json => Self::Json(bytes),
            Kind::Form => Self::Form(bytes),
            Kind::Other => Self::LeftOut(u64::try_from(bytes.len()).ok()),
        }
    }

    /// Without secrets.
    pub(crate) fn shown(&self) -> Shown {
        let text = |bytes| std::str::from_utf8(bytes).ok();
        let (bytes, text) = match self {
            Self::Nothing => return Shown::Nothing,
            Self::LeftOut(size) => return Shown::LeftOut(*size),
            Self::Json(bytes) => (bytes, text(bytes).and_then(blanked_json)),
            Self::Form(bytes) => (bytes, text(bytes).map(blanked_pairs)),
        };
        match text {
            Some(text) => Shown::Text(text),
            None => Shown::LeftOut(u64::try_from(bytes.len()).ok()),
        }
    }
}

/// Headers as they came.
pub(crate) type KeptHeaders = Vec<(HeaderName, HeaderValue)>;

/// One call.
#[derive(Debug)]
pub(crate) struct Recorded {
    /// Its number in the ring, from 1.
    pub(crate) number: u64,
    /// When it came, by the server's clock.
    pub(crate) at: Timestamp,
    /// How long its answer took, in microseconds.
    pub(crate) took: i64,
    /// Who called.
    pub(crate) claims: Arc<Claims>,
    pub(crate) method: Method,
    /// Path and query, as they were sent.
    target: String,
    pub(crate) headers: KeptHeaders,
    pub(crate) body: Kept,
    pub(crate) status: u16,
    pub(crate) answer_headers: KeptHeaders,
    pub(crate) answer: Kept,
}

impl Recorded {
    /// As it was sent.
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The path, as it is matched.
    pub(crate) fn matched(&self) -> String {
        path::normalise(self.path())
    }

    /// Without secrets.
    pub(crate) fn query(&self) -> Option<String> {
        let (_, query) = self.target.split_once('?')?;
        Some(blanked_pairs(query))
    }

    /// The id of the call in its answer.
    pub(crate) fn id(&self) -> String {
        Uuid::from_u64_pair(0, self.number).to_string()
    }
}

/// The ring.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    ring: Mutex<VecDeque<Arc<Recorded>>>,
    number: AtomicU64,
}

impl Recorder {
    fn keep(&self, mut call: Recorded) {
        call.number = self
            .number
            .fetch_add(1, Ordering::Relaxed)
            .saturating_add(1);
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        if ring.len() >= MOST {
            ring.pop_front();
        }
        ring.push_back(Arc::new(call));
    }

    /// What is kept, the latest first.
    pub(crate) fn all(&self) -> Vec<Arc<Recorded>> {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        ring.iter().rev().cloned().collect()
    }
}

/// Where whoever verifies a call's token leaves what it says, and whoever reads its body to the end leaves that.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slot(Arc<Left>);

#[derive(Debug, Default)]
struct Left {
    claims: OnceLock<Arc<Claims>>,
    body: OnceLock<Bytes>,
}

impl Slot {
    pub(crate) fn fill(&self, claims: &Arc<Claims>) {
        // A second look at the same token says the same.
        drop(self.0.claims.set(Arc::clone(claims)));
    }

    pub(crate) fn read(&self, body: &Bytes) {
        // Nobody can read it twice.
        drop(self.0.body.set(body.clone()));
    }
}

/// Whether a name is that of a secret.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET.iter().any(|word| name.contains(word)) || name.ends_with("key") || name.ends_with("keys")
}

/// A token, wherever it stands.
fn is_token(text: &str) -> bool {
    text.starts_with(TOKEN) && text.bytes().filter(|byte| *byte == b'.').count() == 2
}

/// Blanks every secret in a value; whether there was one.
fn blank(value: &mut Value) -> bool {
    let mut found = false;
    match value {
        Value::Object(map) => {
            for (name, member) in map {
                if is_secret(name) && !member.is_null() {
                    *member = Value::String(BLANK.to_owned());
                    found = true;
                } else {
                    found |= blank(member);
                }
            }
        }
        Value::Array(list) => {
            for member in list {
                found |= blank(member);
            }
        }
        Value::String(text) if is_token(text) => {
            BLANK.clone_into(text);
            found = true;
        }
        _ => {}
    }
    found
}

/// A JSON text without secrets, as it was sent where it has none; nothing where it cannot be read.
fn blanked_json(text: &str) -> Option<String> {
    let mut value = serde_json::from_str::<Value>(text).ok()?;
    Some(if blank(&mut value) {
        value.to_string()
    } else {
        text.to_owned()
    })
}

/// Parameters or fields without secrets, the others as they were sent. A code in them is one that signs somebody in.
fn blanked_pairs(text: &str) -> String {
    let pairs = text.split('&').map(|pair| {
        let is_hidden = path::query(Some(pair))
            .iter()
            .any(|(name, value)| is_secret(name) || name == "code" || is_token(value));
        match pair.split_once('=').filter(|_| is_hidden) {
            Some((name, _)) => format!("{name}={BLANK}"),
            None => pair.to_owned(),
        }
    });
    pairs.collect::<Vec<_>>().join("&")
}

/// Those of the list. Values of a request are part of the buffer that it was read into, which is not kept for them.
fn kept_headers(headers: &HeaderMap) -> KeptHeaders {
    let kept = headers.iter().filter(|(name, _)| KEPT.contains(name));
    let kept = kept.filter_map(|(name, value)| {
        let value = HeaderValue::from_bytes(value.as_bytes()).ok()?;
        Some((name.clone(), value))
    });
    kept.collect()
}

/// The type of a body, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Json,
    Form,
    Other,
}

fn kind_of(headers: &HeaderMap) -> Kind {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.map(HeaderValue::as_bytes).unwrap_or_default();
    let has = |word: &[u8]| {
        let mut parts = kind.windows(word.len());
        parts.any(|part| part.eq_ignore_ascii_case(word))
    };
    if has(b"json") && !has(b"ndjson") {
        Kind::Json
    } else if has(b"form-urlencoded") {
        Kind::Form
    } else {
        Kind::Other
    }
}

/// Keeps what was asked and answered.
pub(crate) async fn record<F>(
    server: &Server,
    request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response
where
    F: Future<Output = Response>,
{
    let is_own = request.uri().path().starts_with(OWN_PATH);
    if !request.headers().contains_key(header::AUTHORIZATION) {
        return Box::pin(next(request)).await;
    }
    let slot = Slot::default();
    let at = server.app().clock().server_now();
    let (mut parts, body) = request.into_parts();
    parts.extensions.insert(slot.clone());
    let size = body.size_hint().exact();
    let signed = parts.headers.get(header::AUTHORIZATION).cloned();
    let method = parts.method.clone();
    let target = parts.uri.path_and_query();
    let target = target.map_or_else(String::new, |target| target.as_str().to_owned());
    let headers = kept_headers(&parts.headers);
    let kind = kind_of(&parts.headers);
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map(|ConnectInfo(address)| address.ip());
    // On the heap at once: what stands in here is copied by everything around it.
    let response = Box::pin(next(Request::from_parts(parts, body))).await;
    let claims = match slot.0.claims.get() {
        Some(claims) => Arc::clone(claims),
        // Nobody looked at the token: there is no such path, or not yet.
        None => match verified(server, signed.as_ref(), at).await {
            Some(claims) => claims,
            None => return response,
        },
    };
    let body = match slot.0.body.get() {
        Some(read) if size.is_none_or(|size| size <= BODY_MAX) => {
            Kept::of(kind, Bytes::copy_from_slice(read))
        }
        None if size == Some(0) => Kept::Nothing,
        _ => Kept::LeftOut(size),
    };
    let (head, answer) = response.into_parts();
    if claims.is_user() && !claims.operator {
        server.calls().count(Called {
            at,
            claims: Arc::clone(&claims),
            method: method.clone(),
            target: target.clone(),
            request: head.headers.get(REQUEST_ID),
            correlation: head.headers.get(CORRELATION_ID),
            from: peer,
        });
    }
    if is_own {
        return Response::from_parts(head, answer);
    }
    let (answer, shown) = kept(&head.headers, answer).await;
    server.recorder().keep(Recorded {
        number: 0,
        at,
        took: server
            .app()
            .clock()
            .server_now()
            .as_micros()
            .saturating_sub(at.as_micros()),
        claims,
        method,
        target,
        headers,
        body,
        status: head.status.as_u16(),
        answer_headers: kept_headers(&head.headers),
        answer: shown,
    });
    Response::from_parts(head, answer)
}

/// What a token says, where it is good.
async fn verified(
    server: &Server,
    signed: Option<&HeaderValue>,
    at: Timestamp,
) -> Option<Arc<Claims>> {
    server.issuer().claims(token_in(signed?)?, at).await.ok()
}

/// An answer's body, and what is kept of it. One whose size is known lies in memory already.
async fn kept(headers: &HeaderMap, body: Body) -> (Body, Kept) {
    match body.size_hint().exact() {
        Some(0) => (body, Kept::Nothing),
        Some(size) if size <= BODY_MAX && kind_of(headers) == Kind::Json => {
            let most = usize::try_from(BODY_MAX).unwrap_or(usize::MAX);
            match axum::body::to_bytes(body, most).await {
                Ok(bytes) => (Body::from(bytes.clone()), Kept::of(Kind::Json, bytes)),
                Err(_) => (Body::empty(), Kept::LeftOut(Some(size))),
            }
        }
        size => (body, Kept::LeftOut(size)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(kind: Kind, text: &str) -> Shown {
        Kept::of(kind, Bytes::copy_from_slice(text.as_bytes())).shown()
    }

    #[test]
    fn secrets_are_blanked_wherever_they_stand() {
        let json = r#"{"a":1,"Password":"x","deep":[{"clientSecret":"s","value":"eyJa.b.c"}],"productKey":"k","refresh_token":null,"code":7}"#;
        let Shown::Text(text) = shown(Kind::Json, json) else {
            panic!("a short JSON body is shown");
        };
        let blanked: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            blanked,
            serde_json::json!({
                "a": 1, "Password": BLANK, "deep": [{ "clientSecret": BLANK, "value": BLANK }], "productKey": BLANK,
                "refresh_token": null, "code": 7,
            })
        );
        let form = blanked_pairs("grant_type=x&client_secret=s&code=c&name=a+b");
        assert_eq!(form, "grant_type=x&client_secret=***&code=***&name=a+b");
    }

    #[test]
    fn a_secret_is_found_in_whatever_case_and_however_it_is_escaped() {
        let names = SECRET.iter().flat_map(|word| {
            let first = word.chars().next().map_or(0, u32::from);
            [
                (*word).to_owned(),
                word.to_uppercase(),
                format!("my-{word}-is"),
                format!("\\u{first:04x}{}", &word[1..]),
            ]
        });
        let names = names.chain(["productKey", "KEYS", "p\\u004bey"].map(str::to_owned));
        let mut texts: Vec<String> = names.map(|name| format!("{{\"{name}\":1}}")).collect();
        texts.extend([
            r#"{"a":"eyJa.b.c"}"#.to_owned(),
            r#"["\u0065yJa.b.c"]"#.to_owned(),
            r#"{"token":1,"a":[2]}"#.to_owned(),
            r#"[{"token":1},2]"#.to_owned(),
        ]);
        for text in texts {
            let Shown::Text(seen) = shown(Kind::Json, &text) else {
                panic!("{text}");
            };
            assert!(seen.contains(BLANK) && seen != text, "{text}");
        }
        let plain = r#"{"etag": "eyJ2IjoxfQ==", "name": "a\"b", "keyboard": "monkey business", "links": []}"#;
        assert_eq!(shown(Kind::Json, plain), Shown::Text(plain.to_owned()));
    }

    #[test]
    fn what_cannot_be_read_is_left_out() {
        let broken = shown(Kind::Json, "{\"password\": \"x");
        assert_eq!(broken, Shown::LeftOut(Some(15)));
        assert_eq!(shown(Kind::Other, "a,b"), Shown::LeftOut(Some(3)));
        assert_eq!(shown(Kind::Other, ""), Shown::Nothing);
    }

    #[test]
    fn the_ring_holds_no_more_than_it_should() {
        let recorder = Recorder::default();
        let claims: Claims = serde_json::from_value(serde_json::json!({
            "aud": "a", "iss": "i", "iat": 0, "nbf": 0, "exp": 0, "tid": Uuid::nil(), "appid": "x", "ver": "1.0",
        }))
        .unwrap();
        let claims = Arc::new(claims);
        for _ in 0..=MOST {
            recorder.keep(Recorded {
                number: 0,
                at: Timestamp::EPOCH,
                took: 0,
                claims: Arc::clone(&claims),
                method: Method::GET,
                target: "/".to_owned(),
                headers: Vec::new(),
                body: Kept::Nothing,
                status: 200,
                answer_headers: Vec::new(),
                answer: Kept::Nothing,
            });
        }
        let all = recorder.all();
        assert_eq!(all.len(), MOST);
        assert_eq!(all.first().map(|call| call.number), Some(501));
        assert_eq!(all.last().map(|call| call.number), Some(2));
    }
}

//! The calls that were answered lately, for whoever made them: a bounded ring in memory, one a world, without secrets.
//!
//! Only calls with a token that was found good are kept. Of headers a fixed list is kept; of bodies what is short and is
//! JSON or a form, with every member that may hold a secret blanked before it is kept.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use serde_json::Value;
use tierline_domain::time::Timestamp;
use uuid::Uuid;

use crate::auth::token_in;
use crate::identity::Claims;
use crate::server::Server;
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
const KEPT: [HeaderName; 10] = [
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
const SECRET: [&str; SECRETS] = [
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

const SECRETS: usize = 9;
/// How a token begins.
const TOKEN: &str = "eyJ";
/// How a letter is written that does not want to be found.
const ESCAPED: &str = "\\u";

/// Whatever a JSON text with a secret has somewhere in it: what calls for a closer look, which most texts need not get.
static SUSPECTS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let suspects = SECRET
        .into_iter()
        .chain(["key\"", "keys\"", ESCAPED, TOKEN]);
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .kind(Some(AhoCorasickKind::DFA))
        .build(suspects)
        .ok()
});
/// The place of the token among them: tags of versions begin as one does.
const TOKEN_PLACE: usize = SECRETS + 3;

/// A body as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// There was none.
    Nothing,
    /// It was short, and is without secrets.
    Text(String),
    /// It was long, or of another type; its size in bytes, where that was known.
    LeftOut(Option<u64>),
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
    /// As it was sent.
    pub(crate) path: String,
    /// Without secrets.
    pub(crate) query: Option<String>,
    pub(crate) headers: KeptHeaders,
    pub(crate) body: Kept,
    pub(crate) status: u16,
    pub(crate) answer_headers: KeptHeaders,
    pub(crate) answer: Kept,
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

/// Whether a JSON text may hold a secret: true for every text in which [`blank`] would find one, and for a few more.
fn is_suspect(text: &[u8]) -> bool {
    let Some(suspects) = &*SUSPECTS else {
        return true;
    };
    suspects.find_iter(text).any(|found| {
        let rest = text.get(found.end()..).unwrap_or_default();
        let mut word = rest.iter().take_while(|byte| **byte != b'"');
        found.pattern().as_usize() != TOKEN_PLACE || word.any(|byte| *byte == b'.')
    })
}

fn blank(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (name, member) in map {
                if is_secret(name) && !member.is_null() {
                    *member = Value::String(BLANK.to_owned());
                } else {
                    blank(member);
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(blank),
        Value::String(text) if is_token(text) => BLANK.clone_into(text),
        _ => {}
    }
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

/// A body as it may be kept.
fn blanked(kind: &str, bytes: &[u8]) -> Kept {
    let size = || Kept::LeftOut(u64::try_from(bytes.len()).ok());
    if bytes.is_empty() {
        return Kept::Nothing;
    }
    if kind.contains("json") && !kind.contains("ndjson") {
        if let (false, Ok(text)) = (is_suspect(bytes), std::str::from_utf8(bytes)) {
            return Kept::Text(text.to_owned());
        }
        // What cannot be read may hold anything.
        return match serde_json::from_slice::<Value>(bytes) {
            Ok(mut value) => {
                blank(&mut value);
                Kept::Text(value.to_string())
            }
            Err(_) => size(),
        };
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if kind.contains("form-urlencoded") => Kept::Text(blanked_pairs(text)),
        _ => size(),
    }
}

fn kept_headers(headers: &HeaderMap) -> KeptHeaders {
    let kept = headers.iter().filter(|(name, _)| KEPT.contains(name));
    kept.map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn kind_of(headers: &HeaderMap) -> String {
    let kind = headers.get(header::CONTENT_TYPE);
    kind.and_then(|kind| kind.to_str().ok())
        .unwrap_or_default()
        .to_ascii_lowercase()
}

/// Keeps what was asked and answered.
pub(crate) async fn record(State(server): State<Server>, request: Request, next: Next) -> Response {
    let is_own = request.uri().path().starts_with(OWN_PATH);
    if is_own || !request.headers().contains_key(header::AUTHORIZATION) {
        return next.run(request).await;
    }
    let slot = Slot::default();
    let at = server.app().clock().server_now();
    let (mut parts, body) = request.into_parts();
    parts.extensions.insert(slot.clone());
    let size = body.size_hint().exact();
    let signed = parts.headers.get(header::AUTHORIZATION).cloned();
    let (method, uri) = (parts.method.clone(), parts.uri.clone());
    let headers = kept_headers(&parts.headers);
    let kind = if size == Some(0) {
        String::new()
    } else {
        kind_of(&parts.headers)
    };
    let response = next.run(Request::from_parts(parts, body)).await;
    let claims = match slot.0.claims.get() {
        Some(claims) => Arc::clone(claims),
        // Nobody looked at the token: there is no such path, or not yet.
        None => match verified(&server, signed.as_ref(), at).await {
            Some(claims) => claims,
            None => return response,
        },
    };
    let body = match slot.0.body.get() {
        Some(read) if size.is_none_or(|size| size <= BODY_MAX) => blanked(&kind, read),
        None if size == Some(0) => Kept::Nothing,
        _ => Kept::LeftOut(size),
    };
    let (head, answer) = response.into_parts();
    let (answer, shown) = shown(&head.headers, answer).await;
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
        path: uri.path().to_owned(),
        query: uri.query().map(blanked_pairs),
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
async fn shown(headers: &HeaderMap, body: Body) -> (Body, Kept) {
    match body.size_hint().exact() {
        Some(0) => (body, Kept::Nothing),
        Some(size) if size <= BODY_MAX && kind_of(headers).contains("json") => {
            let most = usize::try_from(BODY_MAX).unwrap_or(usize::MAX);
            match axum::body::to_bytes(body, most).await {
                Ok(bytes) => {
                    let kept = blanked("json", &bytes);
                    (Body::from(bytes), kept)
                }
                Err(_) => (Body::empty(), Kept::LeftOut(Some(size))),
            }
        }
        size => (body, Kept::LeftOut(size)),
    }
}

/// The id of a call in its answer.
pub(crate) fn id_of(call: &Recorded) -> String {
    Uuid::from_u64_pair(0, call.number).to_string()
}

/// The path of a call, as it is matched.
pub(crate) fn matched(call: &Recorded) -> String {
    path::normalise(&call.path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_blanked_wherever_they_stand() {
        let json = r#"{"a":1,"Password":"x","deep":[{"clientSecret":"s","value":"eyJa.b.c"}],"productKey":"k","refresh_token":null,"code":7}"#;
        let Kept::Text(text) = blanked("application/json; charset=utf-8", json.as_bytes()) else {
            panic!("a short JSON body is kept");
        };
        let kept: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            kept,
            serde_json::json!({
                "a": 1, "Password": BLANK, "deep": [{ "clientSecret": BLANK, "value": BLANK }], "productKey": BLANK,
                "refresh_token": null, "code": 7,
            })
        );
        let form = blanked_pairs("grant_type=x&client_secret=s&code=c&name=a+b");
        assert_eq!(form, "grant_type=x&client_secret=***&code=***&name=a+b");
    }

    /// The quick look passes nothing over that the slow one would blank, in whatever case and however it is escaped.
    #[test]
    fn a_secret_is_always_looked_at_closely() {
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
        ]);
        for text in texts {
            let mut value: Value = serde_json::from_str(&text).unwrap();
            blank(&mut value);
            assert!(value.to_string().contains(BLANK), "{text}");
            assert!(is_suspect(text.as_bytes()), "{text}");
            assert_eq!(
                blanked("application/json", text.as_bytes()),
                Kept::Text(value.to_string())
            );
        }
        let plain = r#"{"etag": "eyJ2IjoxfQ==", "name": "a\"b", "keyboard": "monkey business", "links": []}"#;
        assert!(!is_suspect(plain.as_bytes()));
        assert_eq!(
            blanked("application/json", plain.as_bytes()),
            Kept::Text(plain.to_owned())
        );
    }

    #[test]
    fn what_cannot_be_read_is_left_out() {
        assert_eq!(
            blanked("application/json", b"{\"password\": \"x"),
            Kept::LeftOut(Some(15))
        );
        assert_eq!(blanked("text/csv", b"a,b"), Kept::LeftOut(Some(3)));
        assert_eq!(blanked("text/csv", b""), Kept::Nothing);
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
                path: "/".to_owned(),
                query: None,
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

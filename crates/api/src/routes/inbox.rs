//! A receiver of a sandbox's own webhooks, for whoever has none: it keeps what was sent, signature and all, and says
//! whether the signature holds.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, StatusCode};
use rsa::RsaPublicKey;
use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::pkcs8::DecodePublicKey as _;
use rsa::sha2::Sha256;
use rsa::signature::Verifier as _;
use serde::Serialize;
use tierline_app::ask::ask;
use tierline_app::webhooks;
use tierline_domain::id::Id;
use tierline_domain::partner::Tenant;
use tierline_domain::time::Timestamp;
use tierline_store::Value as Stored;
use tierline_store::tables::webhooks::Certificate;
use utoipa::ToSchema;
use uuid::Uuid;
use x509_cert::der::{Decode as _, Encode as _};

use super::discovery;
use crate::answer::Json;
use crate::ours::{Details, OwnCall, Strict, lang_of};
use crate::problem::Problem;
use crate::route::{self, Access, Route};
use crate::server::Server;
use crate::wire::seek;

/// Deliveries that are kept for each world.
const MOST: usize = 200;
/// Most deliveries of a page.
const PAGE_MAX: usize = 200;
/// Longest body that is taken: events are some hundred bytes long.
const BODY_MAX: usize = 16_384;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route::get(
            "/program/v1/webhooks/inbox",
            "What a sandbox's own receiver heard for the partner, the latest first, and the address to register for it.",
            list,
        )
        .query("count", "Most deliveries of the page, 1 to 200; 50 without it.")
        .query("after", "The `next` of the page before.")
        .answers::<InboxPage>(StatusCode::OK),
        route::post(
            "/program/v1/webhooks/inbox/{tenant}",
            "The receiver of a sandbox's own webhooks; it takes what this world's outbox sends.",
            hear,
        )
        .access(Access::Open)
        .takes::<Heard>()
        .answers_plain(StatusCode::OK),
    ]
}

/// One delivery as it was heard.
#[derive(Debug)]
struct Kept {
    number: u64,
    tenant: Id<Tenant>,
    delivery: Uuid,
    event: String,
    at: Timestamp,
    headers: Vec<(&'static str, String)>,
    body: String,
    is_genuine: bool,
}

/// What was heard, in memory.
#[derive(Debug, Default)]
pub(crate) struct Inbox(Mutex<(u64, VecDeque<Arc<Kept>>)>);

impl Inbox {
    fn keep(&self, mut heard: Kept) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.0 = kept.0.saturating_add(1);
        heard.number = kept.0;
        if kept.1.len() >= MOST {
            kept.1.pop_front();
        }
        kept.1.push_back(Arc::new(heard));
    }

    fn of(&self, tenant: Id<Tenant>) -> Vec<Arc<Kept>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = kept.1.iter().rev().filter(|heard| heard.tenant == tenant);
        own.cloned().collect()
    }
}

/// An event as it is sent.
#[derive(Debug, ToSchema)]
#[expect(
    dead_code,
    reason = "stands for the body in the documents; it is kept as it comes"
)]
#[schema(rename_all = "PascalCase")]
struct Heard {
    event_name: String,
    resource_uri: Option<String>,
    resource_name: Option<String>,
    audit_uri: Option<String>,
    resource_change_utc_date: String,
}

/// A page of what was heard. The server keeps the last 200 deliveries in memory; a restart forgets them.
#[derive(Debug, Serialize, ToSchema)]
struct InboxPage {
    /// The address to register as `WebhookUrl`.
    address: String,
    items: Vec<HeardView>,
    /// Where the next page begins; the last page has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next: Option<String>,
}

/// One delivery as it was heard.
#[derive(Debug, Serialize, ToSchema)]
struct HeardView {
    /// The delivery in the outbox; the same each time it is replayed.
    delivery: String,
    event: String,
    /// When it was heard, by the server's clock.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Signature, certificate and id, as they were sent.
    headers: Vec<HeardHeader>,
    /// The body, as it was sent.
    body: String,
    /// The signature is that of the certificate which the event names, over this body.
    genuine: bool,
}

/// A header.
#[derive(Debug, Serialize, ToSchema)]
struct HeardHeader {
    #[schema(value_type = String)]
    name: &'static str,
    value: String,
}

/// Headers that are kept.
const HEADERS: [&str; 6] = [
    "authorization",
    "x-ms-signature",
    "x-ms-certificate-url",
    "x-ms-signature-algorithm",
    "ms-requestid",
    "content-type",
];

/// Where a partner's events go to be seen here.
fn address(call: &OwnCall, tenant: Id<Tenant>) -> String {
    let base = discovery::base(&call.server, &call.headers);
    let base = match &call.server.settings().world {
        // A world beside the server's own is reached by its host name.
        Some(world) => match base.split_once("://") {
            Some((scheme, host)) if !host.starts_with(&format!("{world}.")) => {
                format!("{scheme}://{world}.{host}")
            }
            _ => base,
        },
        None => base,
    };
    format!("{base}/program/v1/webhooks/inbox/{tenant}")
}

async fn list(call: OwnCall) -> Strict<InboxPage> {
    let listing = call.listing(&[], PAGE_MAX)?;
    let after = call.place::<u64>(&listing)?;
    // In production receivers are the partners' own.
    if !call.server.settings().sandbox {
        return Err(call.refuse(Problem::not_found(&call.path)));
    }
    let own = call.principal.partner();
    let tenant = own.map_err(|problem| call.refuse(problem))?.tenant;
    let all = call.server.inbox().of(tenant);
    let mut found = all
        .iter()
        .filter(|heard| after.is_none_or(|after| heard.number < after));
    let page: Vec<_> = found.by_ref().take(listing.count).collect();
    let next = page.last().filter(|_| found.next().is_some());
    let shown = |heard: &&Arc<Kept>| HeardView {
        delivery: heard.delivery.to_string(),
        event: heard.event.clone(),
        at: heard.at,
        headers: heard
            .headers
            .iter()
            .map(|(name, value)| HeardHeader {
                name,
                value: value.clone(),
            })
            .collect(),
        body: heard.body.clone(),
        genuine: heard.is_genuine,
    };
    Ok(Json(InboxPage {
        address: address(&call, tenant),
        next: next.map(|last| seek::token(&last.number)),
        items: page.iter().map(shown).collect(),
    }))
}

/// Whether a signature is that of a certificate, over a body.
fn is_genuine(certificate: &Certificate, signature: &str, body: &[u8]) -> bool {
    let holds = || {
        let certificate = x509_cert::Certificate::from_der(&certificate.der).ok()?;
        let key = certificate.tbs_certificate.subject_public_key_info;
        let key = RsaPublicKey::from_public_key_der(&key.to_der().ok()?).ok()?;
        let signature = STANDARD
            .decode(signature.strip_prefix("Signature ")?)
            .ok()?;
        let signature = Signature::try_from(signature.as_slice()).ok()?;
        VerifyingKey::<Sha256>::new(key)
            .verify(body, &signature)
            .ok()
    };
    holds().is_some()
}

/// Takes what this world's outbox sends to a tenant; anybody else finds nothing here.
async fn hear(
    State(server): State<Server>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Details> {
    let lang = lang_of(&headers);
    let unknown = || Details::new(Problem::not_found("such an inbox"), lang);
    if !server.settings().sandbox || body.len() > BODY_MAX {
        return Err(unknown());
    }
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let tenant: Id<Tenant> = tenant.parse().map_err(|_| unknown())?;
    let delivery = text("ms-requestid").and_then(|id| id.parse::<Uuid>().ok());
    let delivery = delivery.ok_or_else(unknown)?;
    // The certificate's address ends with its id.
    let certificate = text("x-ms-certificate-url")
        .and_then(|url| url.rsplit('/').next()?.strip_suffix(".cer"))
        .unwrap_or_default()
        .to_owned();
    let found = server
        .app()
        .read(ask(move |tx| {
            let certificate = certificate.clone();
            Box::pin(async move {
                let history = webhooks::history(tx, Some(tenant), delivery).await?;
                let key = [Stored::Text(certificate)];
                Ok((history.delivery, tx.get::<Certificate>(&key).await?))
            })
        }))
        .await;
    let (sent, certificate) = found.map_err(|_| unknown())?;
    let signature = text("x-ms-signature").or_else(|| text("authorization"));
    let is_genuine = certificate
        .zip(signature)
        .is_some_and(|(certificate, signature)| is_genuine(&certificate, signature, &body));
    let kept = HEADERS
        .iter()
        .filter_map(|name| text(name).map(|value| (*name, value.to_owned())));
    server.inbox().keep(Kept {
        number: 0,
        tenant,
        delivery,
        event: sent.event_name,
        at: server.app().clock().server_now(),
        headers: kept.collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
        is_genuine,
    });
    Ok(StatusCode::OK.into_response())
}

//! Tokens of an OpenID Connect issuer that the operator trusts in place of the built-in one.
//!
//! Its discovery document names its keys; both are fetched when they are first needed, again once an hour, and
//! when a token names a key that is not known, but no more often than every half minute. An issuer that is out of
//! reach leaves the keys at hand in force for a day.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;
use tierline_domain::time::Timestamp;
use tierline_store::log::sha256;
use tokio_rustls::rustls::crypto::ring as provider;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use uuid::Uuid;

use super::{BadToken, Claims, Parts, parts, seconds_since};

/// Keys are fetched again after this time, and count no longer after the second.
const FRESH_SECONDS: i64 = 3_600;
const STALE_SECONDS: i64 = 86_400;
/// Two attempts to fetch lie at least so far apart.
const PAUSE_SECONDS: i64 = 30;
/// The largest document that is read.
const DOCUMENT_BYTES_MAX: usize = 256 * 1024;
/// Verified tokens kept.
const CACHE_MAX: usize = 4_096;
/// In an issuer's name: the place of the tenant, where one issuer has a name for each.
const TENANT: &str = "{tenantid}";

/// Whom to trust, and for what.
#[derive(Clone, Debug)]
pub struct Trust {
    /// The issuer's name, which is also the address of its discovery document. `{tenantid}` stands for the
    /// tenant of a token.
    pub issuer: String,
    /// For whom tokens have to be: any of these.
    pub audiences: Vec<String>,
    /// The tenant of the operator's staff.
    pub operator_tenant: Option<Uuid>,
}

/// Why an issuer cannot be trusted as it was named.
#[derive(Debug, thiserror::Error)]
pub enum BadTrust {
    /// Its address is none, or leads over an open line.
    #[error("{0} is no https address (http is for this machine only)")]
    Address(String),
    /// Nobody said for whom its tokens have to be.
    #[error("name at least one audience: tokens of an issuer for anybody are for nobody")]
    NoAudience,
    /// The client cannot be set up.
    #[error("no client for {0}")]
    Client(String, #[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A trusted issuer with its keys.
pub struct External {
    trust: Trust,
    client: reqwest::Client,
    keys: RwLock<Arc<Keys>>,
    /// One fetches at a time; when it was last tried.
    fetching: tokio::sync::Mutex<Option<Timestamp>>,
    verified: Mutex<HashMap<[u8; 32], Arc<Claims>>>,
}

#[derive(Default)]
struct Keys {
    keys: Vec<Jwk>,
    fetched: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

#[derive(Debug, Deserialize)]
struct Jwks {
    keys: Vec<serde_json::Value>,
}

/// A key of the issuer, of the two kinds that are read here.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Jwk {
    kid: String,
    #[serde(flatten)]
    kind: JwkKind,
    #[serde(default, rename = "use")]
    purpose: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kty")]
enum JwkKind {
    #[serde(rename = "RSA")]
    Rsa { n: String, e: String },
    #[serde(rename = "EC")]
    Ec { crv: String, x: String, y: String },
}

impl Jwk {
    /// Whether this key signed it, in the way that belongs to the key: what the token's header says about that
    /// has to agree.
    fn signed(&self, parts: &Parts<'_>) -> bool {
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok();
        let (message, signature) = (parts.signed.as_bytes(), parts.signature.as_slice());
        match (&self.kind, parts.header.alg.as_str()) {
            (JwkKind::Rsa { n, e }, "RS256") => bytes(n).zip(bytes(e)).is_some_and(|(n, e)| {
                RsaPublicKeyComponents { n, e }
                    .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
                    .is_ok()
            }),
            (JwkKind::Ec { crv, x, y }, "ES256") if crv == "P-256" => {
                bytes(x).zip(bytes(y)).is_some_and(|(x, y)| {
                    let point = [&[4_u8][..], &x, &y].concat();
                    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
                        .verify(message, signature)
                        .is_ok()
                })
            }
            _ => false,
        }
    }
}

/// One audience or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// What is read of a foreign token.
#[derive(Debug, Deserialize)]
struct Foreign {
    aud: Audience,
    iss: String,
    exp: i64,
    #[serde(default)]
    nbf: Option<i64>,
    #[serde(default)]
    iat: i64,
    tid: Uuid,
    #[serde(default)]
    oid: Option<Uuid>,
    #[serde(default)]
    appid: Option<String>,
    #[serde(default)]
    azp: Option<String>,
    #[serde(default)]
    upn: Option<String>,
    #[serde(default)]
    preferred_username: Option<String>,
    #[serde(default)]
    scp: Option<String>,
    #[serde(default)]
    amr: Vec<String>,
    #[serde(default)]
    wids: Vec<String>,
    #[serde(default)]
    ver: Option<String>,
}

fn is_safe(address: &str) -> bool {
    reqwest::Url::parse(address).is_ok_and(|url| match url.scheme() {
        "https" => true,
        "http" => matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]")),
        _ => false,
    })
}

fn client() -> Result<reqwest::Client, Box<dyn std::error::Error + Send + Sync>> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let tls = ClientConfig::builder_with_provider(Arc::new(provider::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(reqwest::Client::builder()
        .use_preconfigured_tls(tls)
        .connect_timeout(Duration::from_secs(3))
        .timeout(Duration::from_secs(5))
        .redirect(reqwest::redirect::Policy::none())
        .build()?)
}

impl External {
    /// Trusts an issuer. Nothing is fetched yet.
    ///
    /// # Errors
    /// When it is named so that it cannot be trusted.
    pub fn new(trust: Trust) -> Result<Self, BadTrust> {
        if !is_safe(&trust.issuer.replace(TENANT, "common")) {
            return Err(BadTrust::Address(trust.issuer));
        }
        if trust.audiences.is_empty() {
            return Err(BadTrust::NoAudience);
        }
        let client = client().map_err(|error| BadTrust::Client(trust.issuer.clone(), error))?;
        Ok(Self {
            trust,
            client,
            keys: RwLock::default(),
            fetching: tokio::sync::Mutex::default(),
            verified: Mutex::default(),
        })
    }

    /// The issuer's name.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.trust.issuer
    }

    fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whose a token is.
    ///
    /// # Errors
    /// When this issuer did not issue it for us, its life is over, or the keys cannot be had.
    pub(super) async fn claims(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Arc<Claims>, BadToken> {
        let digest = sha256(token.as_bytes());
        let known = {
            let verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
            verified.get(&digest).cloned()
        };
        if let Some(claims) = known {
            return claims.alive(now).map(|()| claims);
        }
        let parts = parts(token)?;
        let keys = self.keys_for(&parts.header.kid, now).await?;
        let key = keys
            .keys
            .iter()
            .find(|key| key.kid == parts.header.kid)
            .ok_or(BadToken::UnknownKey)?;
        if !key.signed(&parts) {
            return Err(BadToken::Invalid);
        }
        let claims = Arc::new(self.read(&parts.body)?);
        claims.alive(now)?;
        let mut verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        if verified.len() >= CACHE_MAX {
            verified.clear();
        }
        verified.insert(digest, Arc::clone(&claims));
        Ok(claims)
    }

    /// Keys among which one of this name is, if it can be had.
    async fn keys_for(&self, kid: &str, now: Timestamp) -> Result<Arc<Keys>, BadToken> {
        let serves = |keys: &Keys| {
            keys.fetched
                .is_some_and(|fetched| seconds_since(fetched, now) < FRESH_SECONDS)
                && keys.keys.iter().any(|key| key.kid == kid)
        };
        let keys = self.keys();
        if serves(&keys) {
            return Ok(keys);
        }
        let mut tried = self.fetching.lock().await;
        let keys = self.keys();
        if !serves(&keys) && tried.is_none_or(|at| seconds_since(at, now) >= PAUSE_SECONDS) {
            *tried = Some(now);
            match self.fetch().await {
                Ok(keys) => self.put(keys, now),
                Err(problem) => tracing::warn!(issuer = self.trust.issuer, problem, "no keys"),
            }
        }
        drop(tried);
        let keys = self.keys();
        match keys.fetched {
            Some(fetched) if seconds_since(fetched, now) < STALE_SECONDS => Ok(keys),
            _ => Err(BadToken::Unreachable),
        }
    }

    fn put(&self, keys: Vec<Jwk>, now: Timestamp) {
        let mut current = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        if !current.keys.iter().all(|key| keys.contains(key)) {
            // Tokens of a key that was withdrawn are checked again, and refused.
            let mut verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
            verified.clear();
        }
        *current = Arc::new(Keys {
            keys,
            fetched: Some(now),
        });
    }

    async fn fetch(&self) -> Result<Vec<Jwk>, String> {
        let base = self.trust.issuer.replace(TENANT, "common");
        let address = format!(
            "{}/.well-known/openid-configuration",
            base.trim_end_matches('/')
        );
        let discovery: Discovery = self.get(&address).await?;
        if discovery.issuer != self.trust.issuer {
            return Err(format!("{address} is about {}", discovery.issuer));
        }
        if !is_safe(&discovery.jwks_uri) {
            return Err(format!("{} is no safe address", discovery.jwks_uri));
        }
        let jwks: Jwks = self.get(&discovery.jwks_uri).await?;
        // Keys of other kinds and for other purposes may stand beside ours.
        let keys = jwks
            .keys
            .into_iter()
            .filter_map(|key| serde_json::from_value::<Jwk>(key).ok())
            .filter(|key| {
                key.purpose
                    .as_deref()
                    .is_none_or(|purpose| purpose == "sig")
            });
        Ok(keys.collect())
    }

    async fn get<T: serde::de::DeserializeOwned>(&self, address: &str) -> Result<T, String> {
        let failed = |error: reqwest::Error| format!("{address}: {error}");
        let mut answer = self.client.get(address).send().await.map_err(failed)?;
        if answer.status() != reqwest::StatusCode::OK {
            return Err(format!("{address} answers {}", answer.status()));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > DOCUMENT_BYTES_MAX {
                return Err(format!("{address} is too long"));
            }
        }
        serde_json::from_slice(&bytes).map_err(|error| format!("{address}: {error}"))
    }

    /// The claims of a token whose signature was checked.
    fn read(&self, body: &[u8]) -> Result<Claims, BadToken> {
        let foreign: Foreign = serde_json::from_slice(body).map_err(|_| BadToken::Invalid)?;
        let issuer = self.trust.issuer.replace(TENANT, &foreign.tid.to_string());
        let audiences = match foreign.aud {
            Audience::One(audience) => vec![audience],
            Audience::Many(audiences) => audiences,
        };
        let ours = audiences
            .into_iter()
            .find(|audience| self.trust.audiences.contains(audience));
        let (Some(aud), true) = (ours, foreign.iss == issuer) else {
            return Err(BadToken::Invalid);
        };
        let upn = foreign.upn.or(foreign.preferred_username);
        // A token for a user that does not say which is nobody's.
        if foreign.scp.is_some() && upn.is_none() {
            return Err(BadToken::Invalid);
        }
        Ok(Claims {
            aud,
            iss: foreign.iss,
            iat: foreign.iat,
            nbf: foreign.nbf.unwrap_or(foreign.iat),
            exp: foreign.exp,
            tid: foreign.tid,
            appid: foreign.appid.or(foreign.azp).unwrap_or_default(),
            oid: foreign.oid,
            upn,
            scp: foreign.scp,
            amr: foreign.amr,
            wids: foreign.wids,
            ver: foreign.ver.unwrap_or_default(),
            operator: self.trust.operator_tenant == Some(foreign.tid),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_named_safely() {
        let trust = |issuer: &str, audience: &str| {
            External::new(Trust {
                issuer: issuer.to_owned(),
                audiences: Some(audience.to_owned())
                    .filter(|audience| !audience.is_empty())
                    .into_iter()
                    .collect(),
                operator_tenant: None,
            })
        };
        assert!(trust("https://id.example/{tenantid}/v2.0", "api").is_ok());
        assert!(trust("http://127.0.0.1:9000", "api").is_ok());
        assert!(trust("http://id.example", "api").is_err());
        assert!(trust("https://id.example", "").is_err());
        assert!(trust("id.example", "api").is_err());
    }
}

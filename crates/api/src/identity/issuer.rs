//! Issues tokens, and tells whose a token is.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::Signature;
use p256::ecdsa::signature::{Signer, Verifier};
use ring::hmac;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tierline_app::AppError;
use tierline_domain::time::Timestamp;
use tierline_store::Db;
use uuid::Uuid;

use super::external::External;
use super::keys::{Key, Load, PublicKeys, RELOAD_SECONDS, Reload, Ring, Rotate};
use super::{
    AUDIENCE_API, AUDIENCE_GRAPH, BadToken, Claims, Subject, TOKEN_SECONDS, part, parts, seconds,
    seconds_since,
};

/// Verified tokens kept, so that a token is checked once.
const CACHE_MAX: usize = 4_096;
/// Keys are read for a token of an unknown key no more often than this.
const UNKNOWN_KEY_SECONDS: i64 = 2;

/// Issues and verifies tokens.
pub struct Issuer {
    ring: RwLock<Arc<Ring>>,
    /// Where the keys are kept.
    db: Option<Db>,
    /// One reads at a time.
    reading: tokio::sync::Mutex<()>,
    name: String,
    /// By their text: a digest of it would cost more than the look itself.
    verified: Mutex<HashMap<Box<str>, Arc<Claims>>>,
    external: Option<External>,
}

/// The header of a token of ours.
#[derive(Serialize)]
struct Head<'a> {
    typ: &'static str,
    alg: &'static str,
    kid: &'a str,
}

/// What an id token says, for the application itself.
#[derive(Clone, Debug, Serialize)]
pub struct IdToken {
    /// The application.
    pub aud: String,
    /// Who issued it.
    pub iss: String,
    /// Issued at, in seconds.
    pub iat: i64,
    /// Valid from.
    pub nbf: i64,
    /// Valid until.
    pub exp: i64,
    /// The tenant.
    pub tid: Uuid,
    /// The user's object id.
    pub oid: Uuid,
    /// The user as this application knows it.
    pub sub: String,
    /// The user's sign-in name.
    pub upn: String,
    /// The same, by its other names.
    pub unique_name: String,
    /// The same.
    pub preferred_username: String,
    /// How the user signed in.
    pub amr: Vec<String>,
    /// What the application asked to find here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// Version of the token's shape.
    pub ver: &'static str,
}

impl Issuer {
    /// An issuer with one key of 32 bytes that is kept nowhere.
    ///
    /// # Errors
    /// When the bytes are no key.
    pub fn new(key: &[u8; 32], name: &str) -> Result<Self, p256::ecdsa::Error> {
        Ok(Self::with(Ring::fixed(Key::of(key)?), None, name))
    }

    /// An issuer whose keys are kept in a database; the first is made where there is none.
    ///
    /// # Errors
    /// When the store fails, or a key in it is broken.
    pub async fn open(db: Db, name: &str, now: Timestamp) -> Result<Self, AppError> {
        let ring = db.write(Load { now }).await?;
        Ok(Self::with(ring, Some(db), name))
    }

    fn with(ring: Ring, db: Option<Db>, name: &str) -> Self {
        Self {
            ring: RwLock::new(Arc::new(ring)),
            db,
            reading: tokio::sync::Mutex::new(()),
            name: name.trim_end_matches('/').to_owned(),
            verified: Mutex::new(HashMap::new()),
            external: None,
        }
    }

    /// Trusts tokens of another issuer too.
    #[must_use]
    pub fn trusting(mut self, external: External) -> Self {
        self.external = Some(external);
        self
    }

    /// The other issuer.
    #[must_use]
    pub const fn external(&self) -> Option<&External> {
        self.external.as_ref()
    }

    /// Its address, with which the names of its issuers begin.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn ring(&self) -> Arc<Ring> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn put(&self, ring: Ring) {
        let mut current = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        if !ring.keeps(&current) {
            self.verified().clear();
        }
        *current = Arc::new(ring);
    }

    fn verified(&self) -> MutexGuard<'_, HashMap<Box<str>, Arc<Claims>>> {
        self.verified.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An access token.
    #[must_use]
    pub fn issue(&self, subject: &Subject, now: Timestamp) -> String {
        let seconds = seconds(now);
        self.issue_until(subject, now, seconds.saturating_add(TOKEN_SECONDS))
    }

    /// An access token that ends with another.
    #[must_use]
    pub fn issue_until(&self, subject: &Subject, now: Timestamp, exp: i64) -> String {
        let seconds = seconds(now);
        let user = subject.user.as_ref();
        self.sign(&Claims {
            aud: subject.audience.clone(),
            iss: format!("{}/{}/", self.name, subject.tenant),
            iat: seconds,
            nbf: seconds,
            exp,
            tid: subject.tenant,
            appid: subject.application.clone(),
            oid: user.map(|(id, _)| *id),
            upn: user.map(|(_, name)| name.clone()),
            scp: user.map(|_| subject.scope.clone()),
            amr: subject.methods(),
            wids: subject.directory_roles.clone(),
            ver: "1.0".to_owned(),
            operator: subject.operator,
        })
    }

    /// An id token for the application through which a user signed in; none without a user.
    #[must_use]
    pub fn id_token(
        &self,
        subject: &Subject,
        nonce: Option<String>,
        version: &'static str,
        now: Timestamp,
    ) -> Option<String> {
        let (oid, name) = subject.user.clone()?;
        let pair = Sha256::digest(format!("{} {oid}", subject.application));
        let seconds = seconds(now);
        let suffix = if version == "1.0" { "" } else { "v2.0" };
        Some(self.sign(&IdToken {
            aud: subject.application.clone(),
            iss: format!("{}/{}/{suffix}", self.name, subject.tenant),
            iat: seconds,
            nbf: seconds,
            exp: seconds.saturating_add(TOKEN_SECONDS),
            tid: subject.tenant,
            oid,
            sub: URL_SAFE_NO_PAD.encode(pair),
            upn: name.clone(),
            unique_name: name.clone(),
            preferred_username: name,
            amr: subject.methods(),
            nonce,
            ver: version,
        }))
    }

    fn sign(&self, claims: &impl Serialize) -> String {
        let ring = self.ring();
        let Some(key) = ring.signing() else {
            return String::new();
        };
        let head = Head {
            typ: "JWT",
            alg: "ES256",
            kid: &key.kid,
        };
        let signed = format!("{}.{}", part(&head), part(claims));
        let signature: Signature = key.signing.sign(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }

    /// Checks a token of ours with the keys at hand; a checked one is remembered until it expires.
    ///
    /// # Errors
    /// When it is not ours, altered, or its life is over.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Arc<Claims>, BadToken> {
        let known = self.verified().get(token).cloned();
        if let Some(claims) = known {
            return claims.alive(now).map(|()| claims);
        }
        let claims = Arc::new(self.check(token, now)?);
        claims.alive(now)?;
        self.remember(token, &claims, now);
        Ok(claims)
    }

    fn remember(&self, token: &str, claims: &Arc<Claims>, now: Timestamp) {
        let mut verified = self.verified();
        if verified.len() >= CACHE_MAX {
            verified.retain(|_, claims| seconds(now) < claims.exp);
            if verified.len() >= CACHE_MAX {
                verified.clear();
            }
        }
        verified.insert(token.into(), Arc::clone(claims));
    }

    /// Whose a token is: ours, or the trusted issuer's. Keys that are not at hand are fetched, within bounds.
    ///
    /// # Errors
    /// When nobody we trust issued it for us, or its life is over.
    pub async fn claims(&self, token: &str, now: Timestamp) -> Result<Arc<Claims>, BadToken> {
        self.refresh(now, RELOAD_SECONDS).await;
        let mut found = self.verify(token, now);
        if found == Err(BadToken::UnknownKey) {
            self.refresh(now, UNKNOWN_KEY_SECONDS).await;
            found = self.verify(token, now);
        }
        match (&self.external, found) {
            (Some(external), Err(BadToken::UnknownKey)) => external.claims(token, now).await,
            (_, found) => found,
        }
    }

    /// Reads the keys again where they were read longer ago than this. A database that is out of reach leaves
    /// those at hand.
    pub async fn refresh(&self, now: Timestamp, seconds: i64) {
        let Some(db) = &self.db else { return };
        let is_old = |ring: &Ring| {
            ring.read
                .is_some_and(|read| seconds_since(read, now) >= seconds)
        };
        if !is_old(&self.ring()) {
            return;
        }
        let _one = self.reading.lock().await;
        if !is_old(&self.ring()) {
            return;
        }
        match db.read(Reload { now }).await {
            Ok(ring) if ring.signing().is_some() => self.put(ring),
            Ok(_) => tracing::error!("the database holds no signing key"),
            Err(error) => tracing::error!(%error, "the signing keys cannot be read"),
        }
    }

    /// Puts a fresh key in the place of the one that signs. The old one verifies until its tokens have expired,
    /// or, revoked, no longer.
    ///
    /// # Errors
    /// When the keys are kept nowhere, or the store fails.
    pub async fn rotate(&self, now: Timestamp, revoke: bool) -> Result<Vec<String>, AppError> {
        let Some(db) = &self.db else {
            return Err(AppError::Conflict(
                "this server's signing key is fixed".to_owned(),
            ));
        };
        self.put(db.write(Rotate { now, revoke }).await?);
        Ok(self.kids(now))
    }

    /// The names of the keys, the one that signs first.
    #[must_use]
    pub fn kids(&self, now: Timestamp) -> Vec<String> {
        let ring = self.ring();
        let kids = ring.all().iter().map(|key| key.kid.clone());
        kids.filter(|kid| ring.find(kid, now).is_some()).collect()
    }

    fn check(&self, token: &str, now: Timestamp) -> Result<Claims, BadToken> {
        let parts = parts(token)?;
        let ring = self.ring();
        let Some(key) = ring.find(&parts.header.kid, now) else {
            return Err(BadToken::UnknownKey);
        };
        if parts.header.alg != "ES256" {
            return Err(BadToken::Invalid);
        }
        let signature = Signature::from_slice(&parts.signature).map_err(|_| BadToken::Invalid)?;
        key.verifying
            .verify(parts.signed.as_bytes(), &signature)
            .map_err(|_| BadToken::Invalid)?;
        let claims: Claims = serde_json::from_slice(&parts.body).map_err(|_| BadToken::Invalid)?;
        if claims.aud == AUDIENCE_API || claims.aud == AUDIENCE_GRAPH {
            Ok(claims)
        } else {
            Err(BadToken::Invalid)
        }
    }

    /// The public keys, as clients fetch them.
    #[must_use]
    pub(crate) fn public_keys(&self, now: Timestamp) -> PublicKeys {
        self.ring().public(now)
    }

    /// Seals what a browser carries from page to page, so that it comes back as it was.
    pub(crate) fn seal(&self, content: &[u8]) -> String {
        let ring = self.ring();
        let Some(key) = ring.signing() else {
            return String::new();
        };
        let tag = hmac::sign(&seal_key(key), content);
        format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(content),
            URL_SAFE_NO_PAD.encode(tag)
        )
    }

    /// What was sealed here or by another server on the same keys.
    pub(crate) fn unseal(&self, sealed: &str) -> Option<Vec<u8>> {
        let (content, tag) = sealed.split_once('.')?;
        let content = URL_SAFE_NO_PAD.decode(content).ok()?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        let ring = self.ring();
        let is_ours = |key: &Key| hmac::verify(&seal_key(key), &content, &tag).is_ok();
        ring.all().iter().any(is_ours).then_some(content)
    }

    /// The first password of a new tenant's administrator: follows from the key that signs, so that a repeated request is
    /// answered alike though nobody keeps it.
    #[must_use]
    pub fn first_password(&self, tenant: &str) -> String {
        let ring = self.ring();
        let Some(key) = ring.signing() else {
            return String::new();
        };
        let tag = hmac::sign(
            &seal_key(key),
            format!("first password of {tenant}").as_bytes(),
        );
        let text = URL_SAFE_NO_PAD.encode(tag.as_ref().get(..12).unwrap_or_default());
        format!("{text}=7a")
    }
}

/// A key for seals follows from a signing key, and tells nothing of it.
fn seal_key(key: &Key) -> hmac::Key {
    let root = hmac::Key::new(hmac::HMAC_SHA256, &key.secret);
    let derived = hmac::sign(&root, b"tierline sign-in pages");
    hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issuer(key: u8) -> Issuer {
        Issuer::new(&[key; 32], "http://localhost").unwrap()
    }

    fn subject() -> Subject {
        let user = (Uuid::from_u128(2), "kim@ip-1.example".to_owned());
        Subject::user(Uuid::from_u128(1), "app", user, true)
    }

    fn noon() -> Timestamp {
        "2023-11-15T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_token_is_read_back_and_ends() {
        let now = noon();
        let token = issuer(7).issue(&subject(), now);
        let issuer = issuer(7);
        assert_eq!(issuer.verify(&token, now).unwrap().tid, Uuid::from_u128(1));
        assert_eq!(
            issuer.verify(&token, now.plus_hours(2)),
            Err(BadToken::Expired),
            "remembered tokens end too"
        );
    }

    #[test]
    fn altered_and_foreign_tokens_are_refused() {
        let now = noon();
        let token = issuer(7).issue(&subject(), now);
        assert_eq!(issuer(8).verify(&token, now), Err(BadToken::UnknownKey));
        let mut altered: Vec<char> = token.chars().collect();
        let middle = altered.len() / 2;
        altered[middle] = if altered[middle] == 'A' { 'B' } else { 'A' };
        assert_eq!(
            issuer(7).verify(&altered.into_iter().collect::<String>(), now),
            Err(BadToken::Invalid)
        );
        assert_eq!(issuer(7).verify("a.b.c", now), Err(BadToken::Invalid));
    }

    #[test]
    fn an_id_token_opens_nothing() {
        let now = noon();
        let issuer = issuer(7);
        let token = issuer.id_token(&subject(), None, "1.0", now).unwrap();
        assert_eq!(issuer.verify(&token, now), Err(BadToken::Invalid));
    }

    #[test]
    fn a_seal_holds() {
        let sealed = issuer(7).seal(b"content");
        assert_eq!(issuer(7).unseal(&sealed).unwrap(), b"content");
        assert_eq!(issuer(8).unseal(&sealed), None);
        let forged = format!("x{sealed}");
        assert_eq!(issuer(7).unseal(&forged), None);
    }
}

//! The token issuer: ES256 tokens for applications and users of partners.
//!
//! Client secrets and refresh tokens are 256 random bits and stored hashed. Own tokens are ES256. Lives
//! follow the server clock, also in sandboxes: a jump of a world by a year signs nobody out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::{Signer, Verifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use rand::RngCore;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tierline_domain::time::Timestamp;
use uuid::Uuid;

/// Audience of user tokens: the partner API.
pub const AUDIENCE_API: &str = "https://api.partnercenter.microsoft.com";
/// Audience of application tokens: the directory graph; the API accepts it.
pub const AUDIENCE_GRAPH: &str = "https://graph.windows.net";
/// Life of an access token.
pub const TOKEN_SECONDS: i64 = 3_599;
/// Life of a refresh token.
pub const REFRESH_DAYS: i64 = 90;
/// Verified tokens kept, so that a token is checked once.
const CACHE_MAX: usize = 4_096;

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// For whom it is.
    pub aud: String,
    /// Who issued it.
    pub iss: String,
    /// Issued at, in seconds.
    pub iat: i64,
    /// Valid from.
    pub nbf: i64,
    /// Valid until.
    pub exp: i64,
    /// The tenant it acts in.
    pub tid: Uuid,
    /// The application.
    pub appid: String,
    /// The user's object id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oid: Option<Uuid>,
    /// The user's sign-in name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upn: Option<String>,
    /// What the application may do for the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scp: Option<String>,
    /// How the user signed in; `mfa` among them (SEC-002).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// Version of the token's shape.
    pub ver: String,
    /// The operator's own staff.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub operator: bool,
}

impl Claims {
    /// A user stands behind it.
    #[must_use]
    pub const fn is_user(&self) -> bool {
        self.upn.is_some()
    }
}

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadToken {
    /// It is no token of ours.
    Invalid,
    /// Its life is over, or has not begun.
    Expired,
}

/// Issues and verifies tokens.
pub struct Issuer {
    key: SigningKey,
    verifying: VerifyingKey,
    kid: String,
    name: String,
    verified: Mutex<HashMap<[u8; 32], Arc<Claims>>>,
}

/// Who a token is for.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The tenant.
    pub tenant: Uuid,
    /// The application.
    pub application: String,
    /// The user: object id and sign-in name.
    pub user: Option<(Uuid, String)>,
    /// How the user signed in.
    pub mfa: bool,
    /// The operator's staff.
    pub operator: bool,
}

impl Issuer {
    /// An issuer with a key of 32 bytes.
    ///
    /// # Errors
    /// When the bytes are no key.
    pub fn new(key: &[u8; 32], name: &str) -> Result<Self, p256::ecdsa::Error> {
        let key = SigningKey::from_slice(key)?;
        let verifying = *key.verifying_key();
        let kid = URL_SAFE_NO_PAD.encode(
            Sha256::digest(verifying.to_encoded_point(false).as_bytes())
                .get(..12)
                .unwrap_or_default(),
        );
        Ok(Self {
            key,
            verifying,
            kid,
            name: name.to_owned(),
            verified: Mutex::new(HashMap::new()),
        })
    }

    /// An access token.
    #[must_use]
    pub fn issue(&self, subject: &Subject, now: Timestamp) -> String {
        let seconds = now.as_micros().div_euclid(1_000_000);
        let user = subject.user.as_ref();
        let claims = Claims {
            aud: if user.is_some() {
                AUDIENCE_API
            } else {
                AUDIENCE_GRAPH
            }
            .to_owned(),
            iss: format!("{}/{}/", self.name, subject.tenant),
            iat: seconds,
            nbf: seconds,
            exp: seconds.saturating_add(TOKEN_SECONDS),
            tid: subject.tenant,
            appid: subject.application.clone(),
            oid: user.map(|(id, _)| *id),
            upn: user.map(|(_, name)| name.clone()),
            scp: user.map(|_| "user_impersonation".to_owned()),
            amr: match (user.is_some(), subject.mfa) {
                (true, true) => vec!["pwd".to_owned(), "mfa".to_owned()],
                (true, false) => vec!["pwd".to_owned()],
                (false, _) => Vec::new(),
            },
            ver: "1.0".to_owned(),
            operator: subject.operator,
        };
        let header = json!({ "alg": "ES256", "typ": "JWT", "kid": self.kid });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!(
            "{}.{}",
            part(&header),
            part(&serde_json::to_value(&claims).unwrap_or_default())
        );
        let signature: Signature = self.key.sign(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }

    /// Checks a token; a checked one is remembered until it expires.
    ///
    /// # Errors
    /// When it is not ours, altered, or its life is over.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Arc<Claims>, BadToken> {
        let seconds = now.as_micros().div_euclid(1_000_000);
        let alive = |claims: &Claims| {
            if seconds >= claims.exp || seconds < claims.nbf.saturating_sub(300) {
                Err(BadToken::Expired)
            } else {
                Ok(())
            }
        };
        let digest: [u8; 32] = Sha256::digest(token).into();
        let known = self.verified().get(&digest).cloned();
        if let Some(claims) = known {
            return alive(&claims).map(|()| claims);
        }
        let claims = Arc::new(self.check(token)?);
        alive(&claims)?;
        let mut verified = self.verified();
        if verified.len() >= CACHE_MAX {
            verified.retain(|_, claims| seconds < claims.exp);
            if verified.len() >= CACHE_MAX {
                verified.clear();
            }
        }
        verified.insert(digest, Arc::clone(&claims));
        Ok(claims)
    }

    fn verified(&self) -> MutexGuard<'_, HashMap<[u8; 32], Arc<Claims>>> {
        self.verified.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check(&self, token: &str) -> Result<Claims, BadToken> {
        let (signed, signature) = token.rsplit_once('.').ok_or(BadToken::Invalid)?;
        let (header, body) = signed.split_once('.').ok_or(BadToken::Invalid)?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| BadToken::Invalid);
        let header: Value =
            serde_json::from_slice(&decode(header)?).map_err(|_| BadToken::Invalid)?;
        if header.get("alg").and_then(Value::as_str) != Some("ES256")
            || header.get("kid").and_then(Value::as_str) != Some(&self.kid)
        {
            return Err(BadToken::Invalid);
        }
        let signature =
            Signature::from_slice(&decode(signature)?).map_err(|_| BadToken::Invalid)?;
        self.verifying
            .verify(signed.as_bytes(), &signature)
            .map_err(|_| BadToken::Invalid)?;
        let claims: Claims =
            serde_json::from_slice(&decode(body)?).map_err(|_| BadToken::Invalid)?;
        if claims.aud == AUDIENCE_API || claims.aud == AUDIENCE_GRAPH {
            Ok(claims)
        } else {
            Err(BadToken::Invalid)
        }
    }

    /// The public key, as clients fetch it.
    #[must_use]
    pub fn jwks(&self) -> Value {
        let point = self.verifying.to_encoded_point(false);
        let coordinate = |bytes: Option<&[u8]>| URL_SAFE_NO_PAD.encode(bytes.unwrap_or_default());
        json!({ "keys": [{
            "kty": "EC", "use": "sig", "crv": "P-256", "alg": "ES256", "kid": self.kid,
            "x": coordinate(point.x().map(AsRef::as_ref)), "y": coordinate(point.y().map(AsRef::as_ref)),
        }] })
    }
}

/// A fresh secret of 256 random bits, as text.
#[must_use]
pub fn secret() -> String {
    let mut bytes = [0_u8; 32];
    rand::rngs::ThreadRng::default().fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What is stored of a secret.
#[must_use]
pub fn hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issuer(key: u8) -> Issuer {
        Issuer::new(&[key; 32], "http://localhost").unwrap()
    }

    fn subject() -> Subject {
        Subject {
            tenant: Uuid::from_u128(1),
            application: "app".to_owned(),
            user: Some((Uuid::from_u128(2), "kim@ip-1.example".to_owned())),
            mfa: true,
            operator: false,
        }
    }

    #[test]
    fn a_token_is_read_back_and_ends() {
        let now: Timestamp = "2023-11-15T12:00:00Z".parse().unwrap();
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
        let now: Timestamp = "2023-11-15T12:00:00Z".parse().unwrap();
        let token = issuer(7).issue(&subject(), now);
        assert_eq!(issuer(8).verify(&token, now), Err(BadToken::Invalid));
        let mut altered: Vec<char> = token.chars().collect();
        let middle = altered.len() / 2;
        altered[middle] = if altered[middle] == 'A' { 'B' } else { 'A' };
        assert_eq!(
            issuer(7).verify(&altered.into_iter().collect::<String>(), now),
            Err(BadToken::Invalid)
        );
        assert_eq!(issuer(7).verify("a.b.c", now), Err(BadToken::Invalid));
    }
}

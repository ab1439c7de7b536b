//! The keys that sign tokens: several, of which the youngest signs.
//!
//! They are kept in the database, so that a restart or a second server on it keeps tokens valid. After a
//! rotation the old key verifies until every token it signed has expired. Each server reads the keys again once
//! a minute, and at once when a token names a key it does not know.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::{SigningKey, VerifyingKey};
use serde::Serialize;
use sha2::{Digest, Sha256};
use tierline_app::AppError;
use tierline_domain::time::Timestamp;
use tierline_store::tables::{StoredKey, signing_keys};
use tierline_store::{Command, Lock, Tx};
use utoipa::ToSchema;

use super::{TOKEN_SECONDS, random, seconds_since};

/// How often a server reads the keys again.
pub(crate) const RELOAD_SECONDS: i64 = 60;
/// How long a key verifies after another took its place: a server that has not noticed yet signs with it for a
/// while, and its last token lives its whole life.
const RETIRED_SECONDS: i64 = TOKEN_SECONDS + 2 * RELOAD_SECONDS;

/// A key of 32 bytes.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) kid: String,
    pub(super) signing: SigningKey,
    pub(super) verifying: VerifyingKey,
    pub(super) secret: [u8; 32],
    retired: Option<Timestamp>,
}

impl Key {
    pub(super) fn of(secret: &[u8; 32]) -> Result<Self, p256::ecdsa::Error> {
        let signing = SigningKey::from_slice(secret)?;
        let verifying = *signing.verifying_key();
        let digest = Sha256::digest(verifying.to_encoded_point(false).as_bytes());
        Ok(Self {
            kid: URL_SAFE_NO_PAD.encode(digest.get(..12).unwrap_or_default()),
            signing,
            verifying,
            secret: *secret,
            retired: None,
        })
    }

    /// A fresh one.
    fn fresh() -> Result<Self, AppError> {
        Self::of(&random()).map_err(broken)
    }

    fn read(row: &StoredKey) -> Result<Self, AppError> {
        let secret: &[u8; 32] = row.secret.as_slice().try_into().map_err(broken)?;
        let mut key = Self::of(secret).map_err(broken)?;
        key.retired = row.retired;
        Ok(key)
    }

    fn row(&self, created: Timestamp) -> StoredKey {
        StoredKey {
            kid: self.kid.clone(),
            secret: self.secret.to_vec(),
            created,
            retired: self.retired,
        }
    }

    /// Whether tokens that it signed can still be alive.
    fn verifies(&self, now: Timestamp) -> bool {
        outlives(self.retired, now)
    }

    fn public(&self) -> PublicKey {
        let point = self.verifying.to_encoded_point(false);
        let coordinate = |bytes: Option<&[u8]>| URL_SAFE_NO_PAD.encode(bytes.unwrap_or_default());
        PublicKey {
            kty: "EC",
            r#use: "sig",
            crv: "P-256",
            alg: "ES256",
            kid: self.kid.clone(),
            x: coordinate(point.x().map(AsRef::as_ref)),
            y: coordinate(point.y().map(AsRef::as_ref)),
        }
    }
}

fn outlives(retired: Option<Timestamp>, now: Timestamp) -> bool {
    retired.is_none_or(|retired| seconds_since(retired, now) < RETIRED_SECONDS || retired > now)
}

fn broken(error: impl std::fmt::Display) -> AppError {
    AppError::Impossible(format!("a signing key is broken: {error}"))
}

/// A public key, as clients fetch it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PublicKey {
    kty: &'static str,
    r#use: &'static str,
    crv: &'static str,
    alg: &'static str,
    kid: String,
    x: String,
    y: String,
}

/// All public keys.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PublicKeys {
    keys: Vec<PublicKey>,
}

/// The keys of a moment; the first signs.
pub(super) struct Ring {
    keys: Vec<Key>,
    /// When they were read; none for keys that are kept nowhere.
    pub(super) read: Option<Timestamp>,
}

impl Ring {
    /// One key that is kept nowhere.
    pub(super) fn fixed(key: Key) -> Self {
        Self {
            keys: vec![key],
            read: None,
        }
    }

    fn of(rows: &[StoredKey], now: Timestamp) -> Result<Self, AppError> {
        let mut keys = rows.iter().map(Key::read).collect::<Result<Vec<_>, _>>()?;
        keys.sort_by_key(|key| key.retired.is_some());
        Ok(Self {
            keys,
            read: Some(now),
        })
    }

    pub(super) fn signing(&self) -> Option<&Key> {
        self.keys.first()
    }

    /// The key of this name, while tokens of it can be alive.
    pub(super) fn find(&self, kid: &str, now: Timestamp) -> Option<&Key> {
        self.keys
            .iter()
            .find(|key| key.kid == kid)
            .filter(|key| key.verifies(now))
    }

    pub(super) fn all(&self) -> &[Key] {
        &self.keys
    }

    /// Every key of another ring is also here.
    pub(super) fn keeps(&self, other: &Self) -> bool {
        other
            .keys
            .iter()
            .all(|key| self.keys.iter().any(|known| known.kid == key.kid))
    }

    pub(super) fn public(&self, now: Timestamp) -> PublicKeys {
        let alive = self.keys.iter().filter(|key| key.verifies(now));
        PublicKeys {
            keys: alive.map(Key::public).collect(),
        }
    }
}

/// Reads the keys, and makes the first where there is none.
pub(super) struct Load {
    pub(super) now: Timestamp,
}

/// Puts a fresh key in the place of the one that signs.
pub(super) struct Rotate {
    pub(super) now: Timestamp,
    /// The old ones verify no longer, whatever they signed.
    pub(super) revoke: bool,
}

fn lock() -> Lock {
    Lock::on("signing keys", "")
}

impl Command for Load {
    type Out = Ring;
    type Error = AppError;

    fn locks(&self) -> Vec<Lock> {
        vec![lock()]
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Ring, AppError> {
        let mut rows = tx.find::<StoredKey>(signing_keys::EVERY, &[]).await?;
        if !rows.iter().any(|row| row.retired.is_none()) {
            let first = Key::fresh()?.row(self.now);
            tx.insert(&first).await?;
            rows.insert(0, first);
        }
        Ring::of(&rows, self.now)
    }
}

/// Only reads the keys.
pub(super) struct Reload {
    pub(super) now: Timestamp,
}

impl Command for Reload {
    type Out = Ring;
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<Ring, AppError> {
        let rows = tx.find::<StoredKey>(signing_keys::EVERY, &[]).await?;
        Ring::of(&rows, self.now)
    }
}

impl Command for Rotate {
    type Out = Ring;
    type Error = AppError;

    fn locks(&self) -> Vec<Lock> {
        vec![lock()]
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Ring, AppError> {
        let mut kept = vec![Key::fresh()?.row(self.now)];
        for mut row in tx.find::<StoredKey>(signing_keys::EVERY, &[]).await? {
            if self.revoke || !outlives(row.retired, self.now) {
                tx.delete::<StoredKey>(&[tierline_store::Value::Text(row.kid)])
                    .await?;
                continue;
            }
            row.retired = row.retired.or(Some(self.now));
            tx.put(&row).await?;
            kept.push(row);
        }
        for fresh in kept.iter().take(1) {
            tx.insert(fresh).await?;
        }
        Ring::of(&kept, self.now)
    }
}

//! The key that signs checkpoints. It lives beside the data directory, never in the database: whoever can
//! edit rows must not be able to sign for them.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use p256::ecdsa::signature::{Signer, Verifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use p256::elliptic_curve::rand_core::OsRng;
use p256::pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding};
use thiserror::Error;

use super::canonical;

/// An ES256 key in a file.
#[derive(Clone)]
pub struct LogKey {
    signing: SigningKey,
    id: String,
}

/// Why there is no key.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("the log's key {path} cannot be read or made")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is not a key.
    #[error("{path} is not an ES256 key in PKCS#8 PEM form")]
    NotAKey {
        /// The file.
        path: PathBuf,
    },
}

impl LogKey {
    /// Reads the key of a file, or makes one on first use, readable by its owner only.
    ///
    /// # Errors
    /// When the file cannot be read or made, or holds something else.
    pub fn load_or_create(path: &Path) -> Result<Self, KeyError> {
        let file = |source| KeyError::File {
            path: path.to_owned(),
            source,
        };
        match std::fs::read_to_string(path) {
            Ok(pem) => SigningKey::from_pkcs8_pem(&pem)
                .map(Self::new)
                .map_err(|_| KeyError::NotAKey {
                    path: path.to_owned(),
                }),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let key = SigningKey::random(&mut OsRng);
                let not_a_key = |_| KeyError::NotAKey {
                    path: path.to_owned(),
                };
                let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(not_a_key)?;
                match keep(path, pem.as_bytes()) {
                    Ok(()) => Ok(Self::new(key)),
                    // Another process was first: its key it is.
                    Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                        Self::load_or_create(path)
                    }
                    Err(error) => Err(file(error)),
                }
            }
            Err(error) => Err(file(error)),
        }
    }

    fn new(signing: SigningKey) -> Self {
        let point = signing.verifying_key().to_encoded_point(true);
        let digest = canonical::sha256(point.as_bytes());
        let mut name = [0; 8];
        name.copy_from_slice(&digest[..8]);
        let id = format!("{:016x}", u64::from_be_bytes(name));
        Self { signing, id }
    }

    /// A short name of the key, which checkpoints carry.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature: Signature = self.signing.sign(message);
        signature.to_vec()
    }

    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let key: &VerifyingKey = self.signing.verifying_key();
        Signature::from_slice(signature)
            .is_ok_and(|signature| key.verify(message, &signature).is_ok())
    }
}

/// Writes the file whole and under its name only when it is complete.
fn keep(path: &Path, pem: &[u8]) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let draft = path.with_extension(format!("new-{}", std::process::id()));
    let mut file = options.open(&draft)?;
    file.write_all(pem)?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft)?;
    linked
}

//! The key that signs deliveries: RSA, since receivers check `rsa-sha256`. It is made when it is first needed, because
//! making one takes longer than a server may take to start, and is kept in a file beside the database.

use std::io::{ErrorKind, Write};
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use p256::elliptic_curve::rand_core::OsRng;
use rsa::RsaPrivateKey;
use rsa::pkcs1v15::{Signature, SigningKey};
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding};
use rsa::sha2::{Digest, Sha256};
use rsa::signature::{Keypair, SignatureEncoding, Signer};
use thiserror::Error;
use tierline_domain::time::Timestamp;
use x509_cert::Certificate;
use x509_cert::builder::{Builder, CertificateBuilder, Profile};
use x509_cert::der::asn1::UtcTime;
use x509_cert::der::{DateTime, DecodePem, Encode, EncodePem};
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage, KeyUsages};
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::SubjectPublicKeyInfoOwned;
use x509_cert::time::{Time, Validity};

const KEY_BITS: usize = 2048;
/// How long a certificate holds.
const YEARS: u64 = 10;
const NAME: &str = "CN=tierline webhooks,O=tierline";

/// A key with its certificate.
pub(crate) struct Seal {
    key: SigningKey<Sha256>,
    /// A short name: the start of the certificate's digest.
    pub(crate) id: String,
    /// The certificate.
    pub(crate) der: Vec<u8>,
}

/// Why there is no key.
#[derive(Debug, Error)]
pub(crate) enum SealError {
    /// The file cannot be read or written.
    #[error("the key of webhooks cannot be read or kept")]
    File(#[from] std::io::Error),
    /// The file holds something else.
    #[error("the file of the webhooks' key does not hold a key and its certificate in PEM form")]
    NotASeal,
    /// The key or its certificate cannot be made.
    #[error("the webhooks' key cannot be made: {0}")]
    Unmade(String),
}

impl Seal {
    /// The key of a file, made where there is none; without a file, a key of this process alone.
    pub(crate) fn load_or_make(file: Option<&Path>, now: Timestamp) -> Result<Self, SealError> {
        let Some(path) = file else {
            return Self::read(&make(now)?);
        };
        match std::fs::read_to_string(path) {
            Ok(text) => Self::read(&text),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let text = make(now)?;
                match keep(path, text.as_bytes()) {
                    Ok(()) => Self::read(&text),
                    // Another process was first: its key it is.
                    Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                        Self::read(&std::fs::read_to_string(path)?)
                    }
                    Err(error) => Err(error.into()),
                }
            }
            Err(error) => Err(error.into()),
        }
    }

    fn read(text: &str) -> Result<Self, SealError> {
        let start = text
            .find("-----BEGIN CERTIFICATE")
            .ok_or(SealError::NotASeal)?;
        let (key, certificate) = text.split_at(start);
        let key = RsaPrivateKey::from_pkcs8_pem(key).map_err(|_| SealError::NotASeal)?;
        let certificate = Certificate::from_pem(certificate).map_err(|_| SealError::NotASeal)?;
        let der = certificate.to_der().map_err(|_| SealError::NotASeal)?;
        let digest = Sha256::digest(&der);
        let mut name = [0; 8];
        name.copy_from_slice(&digest[..8]);
        Ok(Self {
            key: SigningKey::new(key),
            id: format!("{:016x}", u64::from_be_bytes(name)),
            der,
        })
    }

    /// The signature of a body, as it stands in its header.
    pub(crate) fn sign(&self, body: &[u8]) -> String {
        let signature: Signature = self.key.sign(body);
        format!("Signature {}", STANDARD.encode(signature.to_bytes()))
    }
}

/// A new key and a certificate that it signs itself, in PEM form.
fn make(now: Timestamp) -> Result<String, SealError> {
    let unmade = |error: &dyn std::fmt::Display| SealError::Unmade(error.to_string());
    let private = RsaPrivateKey::new(&mut OsRng, KEY_BITS).map_err(|error| unmade(&error))?;
    let pem = private
        .to_pkcs8_pem(LineEnding::LF)
        .map_err(|error| unmade(&error))?;
    let key = SigningKey::<Sha256>::new(private);
    let certificate = certify(&key, now).map_err(|error| unmade(&error))?;
    let certificate = certificate
        .to_pem(LineEnding::LF)
        .map_err(|error| unmade(&error))?;
    Ok(format!("{}{certificate}", pem.as_str()))
}

fn certify(
    key: &SigningKey<Sha256>,
    now: Timestamp,
) -> Result<Certificate, x509_cert::builder::Error> {
    let seconds = u64::try_from(now.as_micros().div_euclid(1_000_000)).unwrap_or_default();
    let at = |seconds: u64| {
        let at = DateTime::from_unix_duration(Duration::from_secs(seconds))?;
        Ok::<_, x509_cert::der::Error>(Time::UtcTime(UtcTime::from_date_time(at)?))
    };
    // A receiver's clock may be a little behind.
    let validity = Validity {
        not_before: at(seconds.saturating_sub(3_600))?,
        not_after: at(seconds.saturating_add(YEARS * 365 * 86_400))?,
    };
    let public = SubjectPublicKeyInfoOwned::from_key(key.verifying_key())?;
    let mut serial: [u8; 16] = rand::random();
    // A serial number is positive and not zero.
    serial[0] = (serial[0] & 0x7f) | 1;
    let mut builder = CertificateBuilder::new(
        Profile::Manual { issuer: None },
        SerialNumber::new(&serial)?,
        validity,
        NAME.parse()?,
        public,
        key,
    )?;
    builder.add_extension(&BasicConstraints {
        ca: true,
        path_len_constraint: Some(0),
    })?;
    builder.add_extension(&KeyUsage(
        KeyUsages::DigitalSignature | KeyUsages::KeyCertSign,
    ))?;
    builder.build::<Signature>()
}

/// Writes the file whole, readable by its owner only, and under its name only when it is complete.
fn keep(path: &Path, text: &[u8]) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let draft = path.with_extension(format!("new-{:016x}", rand::random::<u64>()));
    let mut file = options.open(&draft)?;
    file.write_all(text)?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft)?;
    linked
}

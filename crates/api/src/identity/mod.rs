//! Who somebody is: tokens and the keys that sign them, secrets, passwords and second factors.
//!
//! Client secrets, codes and refresh tokens are 256 random bits and stored hashed. Own tokens are ES256. Lives
//! follow the server clock, also in sandboxes: a jump of a world by a year signs nobody out.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngCore;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tierline_domain::time::Timestamp;
use uuid::Uuid;

pub mod external;
mod issuer;
pub mod keys;
pub(crate) mod password;
pub(crate) mod second_factor;

pub use issuer::{IdToken, Issuer};

/// Audience of user tokens: the partner API.
pub const AUDIENCE_API: &str = "https://api.partnercenter.microsoft.com";
/// Audience of application tokens: the directory graph; the API accepts it.
pub const AUDIENCE_GRAPH: &str = "https://graph.windows.net";
/// Life of an access token.
pub const TOKEN_SECONDS: i64 = 3_599;
/// Life of a refresh token.
pub const REFRESH_DAYS: i64 = 90;
/// What an application may do for a user at the partner API.
pub const SCOPE_API: &str = "user_impersonation";
/// How far clocks of others may be behind ours.
const SKEW_SECONDS: i64 = 300;

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
    /// Directory roles of a customer's user in its own tenant, by the ids of their templates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wids: Vec<String>,
    /// Version of the token's shape.
    pub ver: String,
    /// The operator's own staff.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub operator: bool,
}

/// The client id of the portal: an application that every server knows without set-up.
pub(crate) const PORTAL: Uuid = Uuid::from_u128(0x7469_6572_6c69_4e65_8f6f_7274_616c_0001);

/// Whether a client id is the portal's.
pub(crate) fn is_portal(application: &str) -> bool {
    application.parse::<Uuid>() == Ok(PORTAL)
}

impl Claims {
    /// A user stands behind it.
    #[must_use]
    pub const fn is_user(&self) -> bool {
        self.upn.is_some()
    }

    /// The user gave a second factor (SEC-002).
    #[must_use]
    pub fn has_mfa(&self) -> bool {
        self.amr.iter().any(|method| method == "mfa")
    }

    /// Its life has begun and is not over.
    fn alive(&self, now: Timestamp) -> Result<(), BadToken> {
        let seconds = seconds(now);
        if seconds >= self.exp || seconds < self.nbf.saturating_sub(SKEW_SECONDS) {
            return Err(BadToken::Expired);
        }
        Ok(())
    }
}

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadToken {
    /// It is no token for us.
    Invalid,
    /// Its life is over, or has not begun.
    Expired,
    /// It names a key that is not known here.
    UnknownKey,
    /// The keys it could be checked with cannot be had.
    Unreachable,
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
    /// The service it is for.
    pub audience: String,
    /// What the application may do there for the user.
    pub scope: String,
    /// Directory roles of a customer's user, by the ids of their templates.
    pub directory_roles: Vec<String>,
}

impl Subject {
    /// An application alone.
    #[must_use]
    pub fn application(tenant: Uuid, application: impl Into<String>) -> Self {
        Self {
            tenant,
            application: application.into(),
            user: None,
            mfa: false,
            operator: false,
            audience: AUDIENCE_GRAPH.to_owned(),
            scope: String::new(),
            directory_roles: Vec::new(),
        }
    }

    /// A user through an application.
    #[must_use]
    pub fn user(
        tenant: Uuid,
        application: impl Into<String>,
        user: (Uuid, String),
        mfa: bool,
    ) -> Self {
        Self {
            user: Some(user),
            mfa,
            audience: AUDIENCE_API.to_owned(),
            scope: SCOPE_API.to_owned(),
            ..Self::application(tenant, application)
        }
    }

    /// The operator's staff.
    #[must_use]
    pub fn operator() -> Self {
        let user = (Uuid::nil(), "operator".to_owned());
        Self {
            operator: true,
            ..Self::user(Uuid::nil(), "operator", user, true)
        }
    }

    /// For another service.
    #[must_use]
    pub fn at(mut self, audience: impl Into<String>) -> Self {
        self.audience = audience.into();
        self
    }

    /// How the user signed in, as tokens say it.
    fn methods(&self) -> Vec<String> {
        let methods: &[&str] = match (self.user.is_some(), self.mfa) {
            (true, true) => &["pwd", "mfa"],
            (true, false) => &["pwd"],
            (false, _) => &[],
        };
        methods.iter().map(|method| (*method).to_owned()).collect()
    }
}

/// An instant in whole seconds, as tokens give it.
pub(crate) const fn seconds(at: Timestamp) -> i64 {
    at.as_micros().div_euclid(1_000_000)
}

/// How many seconds lie between two instants; a clock that was set back counts as much time.
pub(crate) fn seconds_since(earlier: Timestamp, now: Timestamp) -> i64 {
    let passed = seconds(now).saturating_sub(seconds(earlier));
    if passed < 0 { i64::MAX } else { passed }
}

/// A fresh secret of 256 random bits, as text.
#[must_use]
pub fn secret() -> String {
    URL_SAFE_NO_PAD.encode(random::<32>())
}

/// Random bytes from the operating system's source.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0_u8; N];
    rand::rngs::ThreadRng::default().fill_bytes(&mut bytes);
    bytes
}

/// What is stored of a secret.
#[must_use]
pub fn hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret).to_vec()
}

/// Whether two secrets are equal, in a time that does not tell where they differ.
#[must_use]
pub fn same(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}

/// Part of a token as text.
fn part(value: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(value).unwrap_or_default())
}

/// A signed token taken apart: what is signed, the signature, header and body.
struct Parts<'a> {
    signed: &'a str,
    signature: Vec<u8>,
    header: Header,
    body: Vec<u8>,
}

/// What a token's header says.
#[derive(Debug, Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: String,
}

fn parts(token: &str) -> Result<Parts<'_>, BadToken> {
    let (signed, signature) = token.rsplit_once('.').ok_or(BadToken::Invalid)?;
    let (header, body) = signed.split_once('.').ok_or(BadToken::Invalid)?;
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| BadToken::Invalid);
    Ok(Parts {
        signed,
        signature: decode(signature)?,
        header: serde_json::from_slice(&decode(header)?).map_err(|_| BadToken::Invalid)?,
        body: decode(body)?,
    })
}

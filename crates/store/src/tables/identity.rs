//! Tables of the token issuer. Whatever lets somebody in is kept hashed; signing keys are kept as they are,
//! because every server on the database signs with them.

use tierline_domain::admin::User;
use tierline_domain::id::Id;
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::time::Timestamp;
use uuid::Uuid;

use crate::engine::Migration;
use crate::value::Json;
use crate::{statements, table};

/// Users sign in to applications that no partner registered, too: those that are part of the server. A sign-in's application is
/// therefore no row that has to be there.
pub const BUILT_IN: Migration = Migration {
    name: "0007_portal",
    sql: "
CREATE TABLE sign_ins_next (
    id {id} PRIMARY KEY, client_id {id} NOT NULL, user_id {id} NOT NULL REFERENCES users (id),
    mfa {bool} NOT NULL, created {instant} NOT NULL, revoked {instant}
) {strict};
INSERT INTO sign_ins_next SELECT id, client_id, user_id, mfa, created, revoked FROM sign_ins;
CREATE TABLE authorization_codes_next (
    hash {bytes} PRIMARY KEY, sign_in {id} NOT NULL REFERENCES sign_ins_next (id), redirect_uri {text} NOT NULL, challenge {text},
    nonce {text}, expires {instant} NOT NULL, used {instant}
) {strict};
INSERT INTO authorization_codes_next SELECT hash, sign_in, redirect_uri, challenge, nonce, expires, used FROM authorization_codes;
CREATE TABLE refresh_tokens_next (
    hash {bytes} PRIMARY KEY, sign_in {id} NOT NULL REFERENCES sign_ins_next (id), expires {instant} NOT NULL, used {instant}
) {strict};
INSERT INTO refresh_tokens_next SELECT hash, sign_in, expires, used FROM refresh_tokens;
DROP TABLE authorization_codes;
DROP TABLE refresh_tokens;
DROP TABLE sign_ins;
ALTER TABLE sign_ins_next RENAME TO sign_ins;
ALTER TABLE authorization_codes_next RENAME TO authorization_codes;
ALTER TABLE refresh_tokens_next RENAME TO refresh_tokens;
CREATE INDEX authorization_codes_expires ON authorization_codes (expires);
CREATE INDEX refresh_tokens_expires ON refresh_tokens (expires);
",
};

/// An application that asks for tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// Its client id.
    pub client_id: Uuid,
    /// The account that registered it.
    pub account: Id<Account>,
    /// What it is called.
    pub name: String,
    /// Where users may be sent back to.
    pub redirect_uris: Vec<String>,
    /// When it was registered.
    pub created: Timestamp,
}
table! {
    /// Application registrations.
    applications: Application {
        key { client_id }
        columns { client_id, account, name, redirect_uris, created }
        finds { BY_ACCOUNT = "WHERE account = $1 ORDER BY created, client_id" }
    }
}

/// A secret of an application: 256 random bits, kept hashed. It has several while one is being exchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationSecret {
    /// SHA-256 of the secret.
    pub hash: Vec<u8>,
    /// Whose it is.
    pub client_id: Uuid,
    /// Its first letters, by which people tell secrets apart.
    pub hint: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends, by the server clock.
    pub expires: Option<Timestamp>,
}
table! {
    /// Secrets of applications.
    application_secrets: ApplicationSecret {
        key { hash }
        columns { hash, client_id, hint, created, expires }
        finds { BY_CLIENT = "WHERE client_id = $1 ORDER BY created DESC, hash" }
    }
}

/// A user who signed in to an application: what all codes and refresh tokens of that sign-in hang on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// Its id.
    pub id: Uuid,
    /// The application: a row of its table, or one that is built in.
    pub client_id: Uuid,
    /// The user.
    pub user_id: Id<User>,
    /// With a second factor.
    pub mfa: bool,
    /// When.
    pub created: Timestamp,
    /// When it was withdrawn: by somebody, or because a code or token came twice.
    pub revoked: Option<Timestamp>,
}
table! {
    /// Sign-ins.
    sign_ins: SignIn {
        key { id }
        columns { id, client_id, user_id, mfa, created, revoked }
        finds {}
    }
}

/// A code that is exchanged for tokens, once and soon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationCode {
    /// SHA-256 of the code.
    pub hash: Vec<u8>,
    /// Of which sign-in.
    pub sign_in: Uuid,
    /// Where it was sent to.
    pub redirect_uri: String,
    /// SHA-256 of the verifier, as the application wrote it (RFC 7636).
    pub challenge: Option<String>,
    /// What the application wants to find in the id token.
    pub nonce: Option<String>,
    /// When it ends, by the server clock.
    pub expires: Timestamp,
    /// When it was used.
    pub used: Option<Timestamp>,
}
table! {
    /// Authorization codes.
    authorization_codes: AuthorizationCode {
        key { hash }
        columns { hash, sign_in, redirect_uri, challenge, nonce, expires, used }
        finds {}
    }
}

/// A refresh token: rotated at every use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshToken {
    /// SHA-256 of the token.
    pub hash: Vec<u8>,
    /// Of which sign-in.
    pub sign_in: Uuid,
    /// When it ends, by the server clock.
    pub expires: Timestamp,
    /// When it was used.
    pub used: Option<Timestamp>,
}
table! {
    /// Refresh tokens.
    refresh_tokens: RefreshToken {
        key { hash }
        columns { hash, sign_in, expires, used }
        finds {}
    }
}

/// A permission of an application: for which service, and what.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Grant {
    /// The service's application id.
    pub service: String,
    /// Names of permissions, with commas between them.
    pub scope: String,
}

/// Consent to an application that acts for a partner: in the partner's own tenant, or in a customer's (ROL-037).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// The application.
    pub client_id: Uuid,
    /// For which partner.
    pub partner: Id<Account>,
    /// In which tenant.
    pub tenant: Id<Tenant>,
    /// What the application is called there.
    pub name: String,
    /// Its permissions.
    pub grants: Json<Vec<Grant>>,
    /// When.
    pub granted: Timestamp,
}
table! {
    /// Consents.
    consents: Consent {
        key { client_id, partner, tenant }
        columns { client_id, partner, tenant, name, grants, granted }
        finds { BY_TENANT = "WHERE partner = $1 AND tenant = $2 ORDER BY client_id" }
    }
}

/// How a user signs in here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Password {
    /// The user.
    pub user_id: Id<User>,
    /// argon2id, in PHC form.
    pub hash: String,
    /// It was given by somebody else and must be changed at the next sign-in (ROL-019).
    pub must_change: bool,
    /// The shared secret of the second factor, once it is set up.
    pub second_factor: Option<Vec<u8>>,
    /// The last step whose code was accepted: each is taken once.
    pub last_step: i64,
    /// When the password was set.
    pub changed: Timestamp,
}
table! {
    /// Passwords and second factors.
    passwords: Password {
        key { user_id }
        columns { user_id, hash, must_change, second_factor, last_step, changed }
        finds {}
    }
}

/// A key that signs tokens, or signed some that still live.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// Its name in tokens.
    pub kid: String,
    /// The private scalar.
    pub secret: Vec<u8>,
    /// When it was made; the youngest signs.
    pub created: Timestamp,
    /// When another one took its place.
    pub retired: Option<Timestamp>,
}
table! {
    /// Signing keys.
    signing_keys: StoredKey {
        key { kid }
        columns { kid, secret, created, retired }
        finds { EVERY = "ORDER BY created DESC, kid" }
    }
}

impl std::fmt::Debug for StoredKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("StoredKey")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

statements! {
    /// Codes that nobody can use any more. A used one is kept until then, to tell when it comes again.
    pub FORGET_CODES = "DELETE FROM authorization_codes WHERE expires <= $1";
    /// Refresh tokens whose life is over.
    pub FORGET_REFRESH_TOKENS = "DELETE FROM refresh_tokens WHERE expires <= $1";
    /// Withdraws what a user gave to applications.
    pub REVOKE_USER = "UPDATE sign_ins SET revoked = $1 WHERE user_id = $2 AND revoked IS NULL";
    /// Withdraws every sign-in to an application by users of an account.
    pub REVOKE_APPLICATION = "UPDATE sign_ins SET revoked = $1 WHERE client_id = $2 AND revoked IS NULL \
        AND user_id IN (SELECT id FROM users WHERE partner = $3)";
}

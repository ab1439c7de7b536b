//! What a sign-in reads of users, applications and consents, and what it writes.

use tierline_app::AppError;
use tierline_domain::admin::{ProgramRole, User};
use tierline_domain::partner::{Account, Organization};
use tierline_domain::time::Timestamp;
use tierline_store::tables::{
    Application, AuthorizationCode, Consent, Grant, Password, SignIn, users,
};
use tierline_store::{Command, Json as StoredJson, Lock, Tx, Value as Stored, tables};
use uuid::Uuid;

use super::Asked;
use crate::identity::{self, SCOPE_API, second_factor};
use crate::routes::oauth::registered;
use crate::routes::sign_in_page as page;

/// How long a code can be exchanged.
const CODE_SECONDS: i64 = 300;

/// A user, its partner, and the application it signs in to.
pub(super) struct Holder {
    pub(super) user: User,
    pub(super) account: Account,
    pub(super) application: Application,
    /// The company behind the application; empty where it is built in.
    pub(super) publisher: String,
    pub(super) consented: bool,
}

impl Holder {
    /// Everybody consents to the company's own applications; to somebody else's, which then acts for the whole
    /// partner, its global admin does.
    pub(super) fn may_consent(&self) -> bool {
        let admin = ProgramRole::GlobalAdmin.as_str();
        self.consented
            || self.application.account == self.account.id
            || self.user.roles.iter().any(|role| role == admin)
    }

    pub(super) fn consent(&self, now: Timestamp) -> Consent {
        Consent {
            client_id: self.application.client_id,
            partner: self.account.id,
            tenant: self.account.tenant,
            name: self.application.name.clone(),
            grants: StoredJson(vec![Grant {
                service: identity::AUDIENCE_API.to_owned(),
                scope: SCOPE_API.to_owned(),
            }]),
            granted: now,
        }
    }
}

pub(super) async fn holder(
    tx: &mut Tx<'_>,
    user: Uuid,
    client: Uuid,
) -> Result<Option<Holder>, AppError> {
    let Some(user) = tx.get::<User>(&[Stored::Id(user)]).await? else {
        return Ok(None);
    };
    let Some((application, owner, _)) = registered(tx, client).await? else {
        return Ok(None);
    };
    let account = tierline_app::names::account_by_id(tx, user.partner).await?;
    // Nobody is asked whether the server's own pages may act for him: he opened them.
    let (publisher, consented) = match owner {
        None => (String::new(), true),
        Some(owner) => {
            let company: Organization = tierline_app::names::by_id(tx, owner.organization).await?;
            let key = [
                Stored::Id(client),
                Stored::Id(account.id.uuid()),
                Stored::Id(account.tenant.uuid()),
            ];
            (company.name, tx.get::<Consent>(&key).await?.is_some())
        }
    };
    Ok(Some(Holder {
        user,
        account,
        application,
        publisher,
        consented,
    }))
}

pub(super) async fn credentials(
    tx: &mut Tx<'_>,
    name: String,
    tenant: Option<Uuid>,
) -> Result<Option<(User, Password)>, AppError> {
    let key = [Stored::Text(name)];
    let found = tx.find::<User>(users::BY_SIGN_IN_NAME, &key).await?;
    let Some(user) = found.into_iter().next() else {
        return Ok(None);
    };
    let account = tierline_app::names::account_by_id(tx, user.partner).await?;
    if tenant.is_some_and(|tenant| account.tenant.uuid() != tenant) {
        return Ok(None);
    }
    let password = tx.get::<Password>(&[Stored::Id(user.id.uuid())]).await?;
    Ok(password.map(|password| (user, password)))
}

pub(super) async fn everybody(
    tx: &mut Tx<'_>,
    tenant: Option<Uuid>,
) -> Result<Vec<page::Somebody>, AppError> {
    let mut found = Vec::new();
    for account in tx.find::<Account>(tables::accounts::EVERY, &[]).await? {
        if tenant.is_some_and(|tenant| account.tenant.uuid() != tenant) {
            continue;
        }
        let company: Organization = tierline_app::names::by_id(tx, account.organization).await?;
        let key = [Stored::Id(account.id.uuid())];
        for user in tx.find::<User>(users::BY_PARTNER, &key).await? {
            found.push(page::Somebody {
                id: user.id.to_string(),
                name: user.sign_in_name,
                company: company.name.clone(),
            });
        }
    }
    Ok(found)
}

fn lock(user: Uuid) -> Vec<Lock> {
    vec![Lock::on("password", &user.to_string())]
}

/// Changes a password, unless somebody else did meanwhile.
pub(super) struct ChangePassword {
    pub(super) set: i64,
    pub(super) changed: Password,
}

impl Command for ChangePassword {
    type Out = bool;
    type Error = AppError;

    fn locks(&self) -> Vec<Lock> {
        lock(self.changed.user_id.uuid())
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<bool, AppError> {
        let key = [Stored::Id(self.changed.user_id.uuid())];
        let known = tx.get::<Password>(&key).await?;
        if known.is_none_or(|known| known.changed.as_micros() != self.set) {
            return Ok(false);
        }
        tx.put(&self.changed).await?;
        Ok(true)
    }
}

/// Takes a code of the second factor, once.
pub(super) struct AcceptCode {
    pub(super) user: Uuid,
    pub(super) offered: Option<Vec<u8>>,
    pub(super) given: String,
    pub(super) now: Timestamp,
}

impl Command for AcceptCode {
    type Out = bool;
    type Error = AppError;

    fn locks(&self) -> Vec<Lock> {
        lock(self.user)
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<bool, AppError> {
        let Some(mut known) = tx.get::<Password>(&[Stored::Id(self.user)]).await? else {
            return Ok(false);
        };
        let secret = match (&known.second_factor, &self.offered) {
            (Some(secret), None) => secret.clone(),
            (None, Some(offered)) => offered.clone(),
            // Set up meanwhile, or reset: neither page counts any longer.
            _ => return Ok(false),
        };
        let step = second_factor::accepted(&secret, &self.given, known.last_step, self.now);
        let Some(step) = step else { return Ok(false) };
        known.last_step = step;
        known.second_factor = Some(secret);
        tx.put(&known).await?;
        Ok(true)
    }
}

/// Writes a sign-in down, with its code and what was consented to.
pub(super) struct IssueCode {
    pub(super) code: Vec<u8>,
    pub(super) sign_in: SignIn,
    pub(super) consent: Option<Consent>,
    pub(super) asked: Asked,
    pub(super) now: Timestamp,
}

impl Command for IssueCode {
    type Out = ();
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AppError> {
        if let Some(consent) = &self.consent {
            tx.put(consent).await?;
        }
        tx.insert(&self.sign_in).await?;
        let micros = self
            .now
            .as_micros()
            .saturating_add(CODE_SECONDS * 1_000_000);
        let code = AuthorizationCode {
            hash: self.code.clone(),
            sign_in: self.sign_in.id,
            redirect_uri: self.asked.redirect_uri.clone(),
            challenge: self.asked.challenge.clone(),
            nonce: self.asked.nonce.clone(),
            expires: Timestamp::from_micros(micros).unwrap_or(self.now),
            used: None,
        };
        tx.insert(&code).await?;
        Ok(())
    }
}

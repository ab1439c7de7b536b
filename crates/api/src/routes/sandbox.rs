//! Ready-made identities of a sandbox: one application and one user for each partner.

use axum::extract::{RawQuery, State};
use http::StatusCode;
use serde::Serialize;
use tierline_app::ask::ask;
use tierline_app::ctx::Ids;
use tierline_app::{App, AppError, events, names};
use tierline_domain::admin::{DirectoryRole, Mfa, ProgramRole, User, UserAccount};
use tierline_domain::partner::{
    Account, AccountState, Location, Organization, PartnerType, Tenant,
};
use tierline_domain::time::Timestamp;
use tierline_rules::Lang;
use tierline_store::tables::{Application, ApplicationSecret, RefreshToken, SignIn};
use tierline_store::{Command, Tx, Value as Stored, tables};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::Json;
use crate::identity::{self, REFRESH_DAYS, Subject};
use crate::problem::Problem;
use crate::route::{self, Access, Route};
use crate::server::Server;
use crate::wire::query::Query;
use crate::wire::roles;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route::get(
            "/sandbox/credentials",
            "Ready-made tokens of every principal; sandbox servers only.",
            credentials,
        )
        .query(
            "customer",
            "A customer by its short name: its administrator, in the place of everybody else.",
        )
        .answers::<Credentials>(StatusCode::OK)
        .access(Access::Open),
    ]
}

/// Everybody of a sandbox.
#[derive(Debug, Serialize, ToSchema)]
struct Credentials {
    principals: Vec<Principal>,
}

/// One of them, with tokens ready to use.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Principal {
    name: String,
    handle: String,
    /// `indirect_provider`, `indirect_reseller`, `direct_bill`, `advisor`, `operator` or `customer`.
    kind: String,
    /// Where it stands in the program; `active` for the operator.
    state: String,
    #[schema(value_type = String)]
    tenant_id: Uuid,
    mpn_id: String,
    country: String,
    client_id: String,
    client_secret: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    user: Option<String>,
    access_token_app: String,
    access_token_user: String,
    /// The user's as well, as the portal has it after a sign-in: some things are done there and not through the API (SEC-010).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    access_token_portal: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    refresh_token: Option<String>,
}

/// Where demo applications may be sent back to: any port of the same machine.
const REDIRECTS: [&str; 2] = ["http://localhost", "http://127.0.0.1"];

/// The identities of a demo world, made with the world.
///
/// # Errors
/// When the store fails.
pub async fn seed_credentials(tx: &mut Tx<'_>, now: Timestamp) -> Result<(), AppError> {
    for account in tx.find::<Account>(tables::accounts::EVERY, &[]).await? {
        let client_id = demo_client(&account);
        let secret = demo_secret(&account);
        tx.put(&Application {
            client_id,
            account: account.id,
            name: format!("{} tools", account.handle),
            redirect_uris: REDIRECTS.map(str::to_owned).to_vec(),
            created: now,
        })
        .await?;
        tx.put(&ApplicationSecret {
            hash: identity::hash(&secret),
            client_id,
            hint: secret.chars().take(4).collect(),
            created: now,
            expires: None,
        })
        .await?;
        let user = demo_user(&account, now);
        tx.put(&user).await?;
        put_refresh_token(tx, &account, &user, now).await?;
    }
    events::set_up(tx, "credentials_laid", "", now).await?;
    Ok(())
}

fn demo_user(account: &Account, now: Timestamp) -> User {
    let reseller = account.kind == PartnerType::IndirectReseller;
    let roles = ProgramRole::PROGRAM
        .iter()
        .filter(|role| !(reseller && **role == ProgramRole::SalesAgent))
        .map(ToString::to_string)
        .collect();
    User {
        id: Ids::named("demo user", &account.handle, now).next(),
        handle: format!("admin.{}", account.handle),
        partner: account.id,
        roles,
        mfa: Mfa::Present,
        account: UserAccount::Person,
        guest_in: Vec::new(),
        sign_in_name: format!("admin@{}", account.domain),
    }
}

/// A demo refresh token that can be used, whatever became of the one before: of a sign-in of its own.
async fn put_refresh_token(
    tx: &mut Tx<'_>,
    account: &Account,
    user: &User,
    now: Timestamp,
) -> Result<(), AppError> {
    let sign_in = SignIn {
        id: Ids::named("demo sign-in", &account.handle, now).uuid(),
        client_id: demo_client(account),
        user_id: user.id,
        mfa: true,
        created: now,
        revoked: None,
    };
    tx.put(&sign_in).await?;
    tx.put(&RefreshToken {
        hash: identity::hash(&demo_refresh(account)),
        sign_in: sign_in.id,
        expires: now.plus_hours(REFRESH_DAYS.saturating_mul(24)),
        used: None,
    })
    .await?;
    Ok(())
}

fn demo_client(account: &Account) -> Uuid {
    Ids::named("demo client", &account.handle, Timestamp::EPOCH).uuid()
}

/// Demo secrets follow from names, so that every demo start is the same; they exist in demo worlds only.
fn demo_secret(account: &Account) -> String {
    format!("demo-secret-of-{}", account.handle)
}

fn demo_refresh(account: &Account) -> String {
    format!("demo-refresh-token-of-{}", account.handle)
}

/// One principal of the demo world.
struct Identity {
    account: Account,
    name: String,
    partner_id: String,
    user: Option<User>,
    /// Its demo refresh token was used, or withdrawn.
    is_spent: bool,
}

async fn identities(tx: &mut Tx<'_>) -> Result<Vec<Identity>, AppError> {
    let mut found = Vec::new();
    for account in tx.find::<Account>(tables::accounts::EVERY, &[]).await? {
        let organization: Organization =
            tierline_app::names::by_id(tx, account.organization).await?;
        let partner_id = match account.location {
            Some(location) => {
                tierline_app::names::by_id::<Location, _>(tx, location)
                    .await?
                    .partner_id
            }
            None => String::new(),
        };
        let handle = [Stored::Text(format!("admin.{}", account.handle))];
        let user = tx
            .find::<User>(tables::users::BY_HANDLE, &handle)
            .await?
            .pop();
        let token = [Stored::Bytes(identity::hash(&demo_refresh(&account)))];
        let token = tx.get::<RefreshToken>(&token).await?;
        let sign_in = match &token {
            Some(token) => tx.get::<SignIn>(&[Stored::Id(token.sign_in)]).await?,
            None => None,
        };
        let holds = token.is_some_and(|token| token.used.is_none())
            && sign_in.is_some_and(|sign_in| sign_in.revoked.is_none());
        found.push(Identity {
            name: organization.name,
            partner_id,
            user,
            is_spent: !holds,
            account,
        });
    }
    // A provider and a direct-bill partner of the United States come first: tools take the first of a kind.
    found.sort_by_key(|identity| {
        (
            identity.account.country.as_str() != "US",
            identity.account.kind != PartnerType::IndirectProvider,
            identity.account.kind != PartnerType::DirectBill,
            identity.account.handle.clone(),
        )
    });
    Ok(found)
}

/// A partner of a sandbox, with what its applications and its administrator sign in with.
#[derive(Clone, Debug)]
pub struct Known {
    /// Its short name.
    pub handle: String,
    /// Its type.
    pub kind: PartnerType,
    /// Its state.
    pub state: AccountState,
    /// Its tenant.
    pub tenant: Uuid,
    /// The application that it has registered.
    pub client_id: String,
    /// The secret of that application; it follows from the name, for sandboxes only.
    pub client_secret: String,
    /// The sign-in name of its administrator.
    pub user: Option<String>,
}

/// The partners of a sandbox, those that tools take first in front; for whoever runs it, as it greets.
///
/// # Errors
/// When the store fails.
pub async fn known(app: &App) -> Result<Vec<Known>, AppError> {
    let found = app.read(ask(|tx| Box::pin(identities(tx)))).await?;
    let known = |identity: Identity| Known {
        client_id: demo_client(&identity.account).to_string(),
        client_secret: demo_secret(&identity.account),
        user: identity.user.map(|user| user.sign_in_name),
        handle: identity.account.handle,
        kind: identity.account.kind,
        state: identity.account.state,
        tenant: identity.account.tenant.uuid(),
    };
    Ok(found.into_iter().map(known).collect())
}

/// Fresh refresh tokens in the place of used ones, so that what the sandbox hands out always works.
struct Renew {
    spent: Vec<(Account, User)>,
    now: Timestamp,
}

impl Command for Renew {
    type Out = ();
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AppError> {
        for (account, user) in &self.spent {
            put_refresh_token(tx, account, user, self.now).await?;
        }
        Ok(())
    }
}

async fn credentials(
    State(server): State<Server>,
    RawQuery(query): RawQuery,
) -> Result<Json<Credentials>, Problem> {
    if !server.settings().sandbox {
        return Err(Problem::not_found("/sandbox/credentials"));
    }
    let failed = |error| Problem::of(error, Lang::En);
    if let Some(name) = Query::read(query.as_deref()).get("customer") {
        let name = name.to_owned();
        let found = server.app().read(ask(move |tx| {
            let name = name.clone();
            Box::pin(async move { customer(tx, &name).await })
        }));
        let (tenant, company) = found.await.map_err(failed)?;
        return Ok(Json(Credentials {
            principals: vec![administrator(&server, &tenant, company)],
        }));
    }
    let found = server
        .app()
        .read(ask(|tx| Box::pin(identities(tx))))
        .await
        .map_err(failed)?;
    let now = server.app().clock().server_now();
    let spent: Vec<(Account, User)> = found
        .iter()
        .filter(|identity| identity.is_spent)
        .filter_map(|identity| Some((identity.account.clone(), identity.user.clone()?)))
        .collect();
    if !spent.is_empty() {
        let renewed = server.app().db().write(Renew { spent, now }).await;
        renewed.map_err(failed)?;
    }
    let mut principals: Vec<Principal> = found
        .iter()
        .map(|identity| principal(&server, identity, now))
        .collect();
    principals.push(operator(&server, now));
    Ok(Json(Credentials { principals }))
}

fn principal(server: &Server, identity: &Identity, now: Timestamp) -> Principal {
    let account = &identity.account;
    let (tenant, client) = (account.tenant.uuid(), demo_client(account).to_string());
    let user = identity.user.as_ref();
    let app = Subject::application(tenant, client.clone());
    let through = |application: String| {
        user.map(|user| {
            let user = (user.id.uuid(), user.sign_in_name.clone());
            Subject::user(tenant, application, user, true)
        })
    };
    let portal = through(identity::PORTAL.to_string());
    let user_subject = through(client.clone()).unwrap_or_else(|| app.clone());
    Principal {
        name: identity.name.clone(),
        handle: account.handle.clone(),
        kind: account.kind.to_string(),
        state: account.state.to_string(),
        tenant_id: tenant,
        mpn_id: identity.partner_id.clone(),
        country: account.country.to_string(),
        client_secret: demo_secret(account),
        user: user.map(|user| user.sign_in_name.clone()),
        access_token_app: server.issuer().issue(&app, now),
        access_token_user: server.issuer().issue(&user_subject, now),
        access_token_portal: portal.map(|subject| server.issuer().issue(&subject, now)),
        refresh_token: user.map(|_| demo_refresh(account)),
        client_id: client,
    }
}

/// A customer: a tenant that no partner account is of.
async fn customer(tx: &mut Tx<'_>, name: &str) -> Result<(Tenant, String), AppError> {
    let missing = || AppError::missing("customer", name);
    let tenant = names::tenant(tx, name).await?.ok_or_else(missing)?;
    let key = [Stored::Id(tenant.id.uuid())];
    let accounts = tx
        .find::<Account>(tables::accounts::BY_TENANT, &key)
        .await?;
    if !accounts.is_empty() {
        return Err(missing());
    }
    let company: Organization = names::by_id(tx, tenant.organization).await?;
    Ok((tenant, company.name))
}

/// The global administrator of a customer.
fn administrator(server: &Server, tenant: &Tenant, company: String) -> Principal {
    let now = server.app().clock().server_now();
    let name = format!("admin@{}", tenant.domain);
    let id = Ids::named("demo administrator", &tenant.handle, Timestamp::EPOCH).uuid();
    let client = "tierline-customer".to_owned();
    let role = roles::definition(DirectoryRole::GlobalAdministrator).to_owned();
    let subject = Subject {
        directory_roles: vec![role],
        ..Subject::user(tenant.id.uuid(), client.clone(), (id, name.clone()), true)
    };
    let token = server.issuer().issue(&subject, now);
    Principal {
        name: company,
        handle: tenant.handle.clone(),
        kind: "customer".to_owned(),
        state: AccountState::Active.to_string(),
        tenant_id: tenant.id.uuid(),
        mpn_id: String::new(),
        country: tenant.country.to_string(),
        client_id: client,
        client_secret: String::new(),
        user: Some(name),
        access_token_app: token.clone(),
        access_token_user: token,
        access_token_portal: None,
        refresh_token: None,
    }
}

fn operator(server: &Server, now: Timestamp) -> Principal {
    let token = server.issuer().issue(&Subject::operator(), now);
    Principal {
        name: "The operator".to_owned(),
        handle: "operator".to_owned(),
        kind: "operator".to_owned(),
        state: AccountState::Active.to_string(),
        tenant_id: Uuid::nil(),
        mpn_id: String::new(),
        country: "US".to_owned(),
        client_id: "operator".to_owned(),
        client_secret: String::new(),
        user: Some("operator".to_owned()),
        access_token_app: token.clone(),
        access_token_user: token,
        access_token_portal: None,
        refresh_token: None,
    }
}

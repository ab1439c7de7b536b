//! The token endpoints: v1, v2 and the old exchange.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tierline_app::AppError;
use tierline_domain::admin::User;
use tierline_domain::customer::{Relationship, RelationshipState};
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::time::Timestamp;
use tierline_store::tables::{
    Application, AuthorizationCode, Consent, RefreshToken, SignIn, identity as statements,
};
use tierline_store::{Command, Lock, Tx, Value as Stored};
use utoipa::ToSchema;
use uuid::Uuid;

use super::oauth::{
    Client, Failure, Form, OauthError, OauthFailure, Tenancy, Wanted, built_in, unstored,
};
use crate::answer::Json;
use crate::auth::bearer;
use crate::call::Whole;
use crate::identity::{
    self, AUDIENCE_API, AUDIENCE_GRAPH, REFRESH_DAYS, SCOPE_API, Subject, TOKEN_SECONDS, seconds,
};
use crate::problem::Problem;
use crate::route::{self, Access, Route};
use crate::server::Server;

pub use super::sandbox::seed_credentials;

pub(super) fn routes() -> Vec<Route> {
    let tokens = vec![
        route::post(
            "/generatetoken",
            "Exchange a directory token for a partner token.",
            exchange,
        )
        .takes_form::<ExchangeForm>()
        .answers::<ExchangeAnswer>(StatusCode::OK)
        .answers::<OauthFailure>(StatusCode::BAD_REQUEST)
        .shows(
            "auth-generate-token",
            "identity.rs an_old_client_exchanges_its_directory_token",
        ),
        route::post("/{tenant-id}/oauth2/token", "Issue a token (v1).", v1)
            .takes_form::<TokenForm>()
            .answers::<TokenAnswer>(StatusCode::OK)
            .answers::<OauthFailure>(StatusCode::BAD_REQUEST)
            .answers::<OauthFailure>(StatusCode::UNAUTHORIZED)
            .shows(
                "auth-token-client-credentials",
                "identity.rs an_application_gets_a_token_with_its_secret",
            )
            .shows(
                "auth-token-authorization-code",
                "identity_sign_in.rs a_user_signs_in_and_the_code_becomes_tokens",
            )
            .shows(
                "auth-token-refresh",
                "identity.rs a_refresh_token_is_rotated_and_a_used_one_ends_them_all",
            ),
        route::post("/{tenant-id}/oauth2/v2.0/token", "Issue a token (v2).", v2)
            .takes_form::<TokenForm>()
            .answers::<TokenAnswer>(StatusCode::OK)
            .answers::<OauthFailure>(StatusCode::BAD_REQUEST)
            .answers::<OauthFailure>(StatusCode::UNAUTHORIZED)
            .shows(
                "auth-token-v2",
                "identity.rs the_second_version_writes_numbers_as_numbers",
            ),
    ];
    tokens
        .into_iter()
        .map(|route| route.access(Access::Open))
        .collect()
}

/// What is sent to a token endpoint.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "describes the form; it is read field by field")]
struct TokenForm {
    /// `client_credentials`, `authorization_code` or `refresh_token`.
    grant_type: String,
    client_id: Option<String>,
    client_secret: Option<String>,
    /// The service, in the first version.
    resource: Option<String>,
    /// Scopes, in the second version.
    scope: Option<String>,
    code: Option<String>,
    redirect_uri: Option<String>,
    code_verifier: Option<String>,
    refresh_token: Option<String>,
}

/// What is sent to the old exchange.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "describes the form; it is read field by field")]
struct ExchangeForm {
    /// `jwt_token`.
    grant_type: Option<String>,
}

/// A number: as text in the first version, as a number in the second.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
enum Count {
    Text(String),
    Number(i64),
}

/// Tokens.
#[derive(Debug, Serialize, ToSchema)]
struct TokenAnswer {
    token_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    expires_in: Count,
    ext_expires_in: Count,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_on: Option<Count>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_before: Option<Count>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<&'static str>,
    access_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    /// Who signed in, for libraries that keep several accounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_info: Option<String>,
}

/// The old exchange's answer.
#[derive(Debug, Serialize, ToSchema)]
struct ExchangeAnswer {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
}

/// Which answer shape an endpoint gives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    /// Numbers as text.
    V1,
    /// Numbers as numbers.
    V2,
}

impl Version {
    fn count(self, number: i64) -> Count {
        match self {
            Self::V1 => Count::Text(number.to_string()),
            Self::V2 => Count::Number(number),
        }
    }

    const fn of_id_token(self) -> &'static str {
        match self {
            Self::V1 => "1.0",
            Self::V2 => "2.0",
        }
    }
}

async fn v1(
    State(server): State<Server>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    answer(token(server, &tenant, &headers, &body, Version::V1).await)
}

async fn v2(
    State(server): State<Server>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    answer(token(server, &tenant, &headers, &body, Version::V2).await)
}

fn answer(issued: Result<TokenAnswer, Failure>) -> Response {
    match issued {
        Ok(answer) => unstored(Json(answer).into_response()),
        Err(failure) => failure.into_response(),
    }
}

/// One request for a token.
struct Request {
    server: Server,
    tenancy: Tenancy,
    client: Client,
    form: Form,
    version: Version,
    now: Timestamp,
}

async fn token(
    server: Server,
    tenant: &str,
    headers: &HeaderMap,
    body: &[u8],
    version: Version,
) -> Result<TokenAnswer, Failure> {
    built_in(&server)?;
    let form = Form::read(body)?;
    form.once()?;
    let grant = match form.get("grant_type") {
        Some(grant @ ("client_credentials" | "authorization_code" | "refresh_token")) => {
            grant.to_owned()
        }
        Some("password") => {
            let text = "password flows are not accepted (SEC-007); use the consent flow";
            return Err(OauthError {
                status: StatusCode::UNAUTHORIZED,
                ..OauthError::new("invalid_grant", text)
            }
            .into());
        }
        Some(other) => {
            let text = format!("grant_type {other} is not supported");
            return Err(OauthError::new("unsupported_grant_type", text).into());
        }
        None => return Err(OauthError::new("invalid_request", "grant_type is missing").into()),
    };
    let now = server.app().clock().server_now();
    let client = Client::of(&server, headers, &form, now).await?;
    let tenancy = Tenancy::find(&server, tenant).await?;
    server
        .issuer()
        .refresh(now, identity::keys::RELOAD_SECONDS)
        .await;
    let request = Request {
        server,
        tenancy,
        client,
        form,
        version,
        now,
    };
    match grant.as_str() {
        "client_credentials" => request.client_credentials(),
        "authorization_code" => request.code().await,
        _ => request.refresh().await,
    }
}

impl Request {
    fn client_credentials(self) -> Result<TokenAnswer, Failure> {
        let owner = self.client.owner.as_ref();
        let Some(owner) = owner.filter(|_| self.client.confidential) else {
            return Err(OauthError::client().into());
        };
        let tenant = owner.tenant.uuid();
        if !self.tenancy.allows(tenant) {
            let text = "the application is not registered in this tenant";
            return Err(OauthError::new("unauthorized_client", text).into());
        }
        let wanted = Wanted::of(&self.form, AUDIENCE_GRAPH)?;
        let client = self.client.application.client_id.to_string();
        let subject = Subject::application(tenant, client).at(wanted.audience);
        Ok(self.issue(&subject, &wanted, None, None))
    }

    async fn code(self) -> Result<TokenAnswer, Failure> {
        let wanted = Wanted::of(&self.form, AUDIENCE_API)?;
        let code = self.must("code")?;
        let redirect_uri = self.must("redirect_uri")?.to_owned();
        let next = identity::secret();
        let redeem = Redeem {
            code: identity::hash(code),
            client: self.client.clone(),
            redirect_uri,
            verifier: self.form.get("code_verifier").map(str::to_owned),
            tenancy: self.tenancy.clone(),
            next: identity::hash(&next),
            now: self.now,
        };
        let redeemed = self.server.app().db().write(redeem).await??;
        let subject = redeemed.holder.subject(&self.client, &wanted);
        Ok(self.issue(&subject, &wanted, Some(next), redeemed.nonce))
    }

    async fn refresh(self) -> Result<TokenAnswer, Failure> {
        let wanted = Wanted::of(&self.form, AUDIENCE_API)?;
        let next = identity::secret();
        let rotate = Rotate {
            hash: identity::hash(self.must("refresh_token")?),
            next: identity::hash(&next),
            client: self.client.clone(),
            tenancy: self.tenancy.clone(),
            wanted: wanted.clone(),
            now: self.now,
        };
        let rotated = self.server.app().db().write(rotate).await??;
        let subject = match rotated.there {
            None => rotated.holder.subject(&self.client, &wanted),
            Some((tenant, scope)) => Subject {
                tenant,
                scope,
                ..rotated.holder.subject(&self.client, &wanted)
            },
        };
        Ok(self.issue(&subject, &wanted, Some(next), None))
    }

    fn must(&self, field: &str) -> Result<&str, OauthError> {
        self.form
            .get(field)
            .ok_or_else(|| OauthError::new("invalid_request", format!("{field} is missing")))
    }

    fn issue(
        &self,
        subject: &Subject,
        wanted: &Wanted,
        refresh_token: Option<String>,
        nonce: Option<String>,
    ) -> TokenAnswer {
        let (issuer, now, version) = (self.server.issuer(), self.now, self.version);
        let is_first = version == Version::V1;
        let begins = seconds(now);
        let id_token = (is_first || wanted.openid)
            .then(|| issuer.id_token(subject, nonce, version.of_id_token(), now))
            .flatten();
        let scope = subject.user.is_some().then(|| match version {
            Version::V1 => subject.scope.clone(),
            Version::V2 => {
                let scopes = subject.scope.split(' ');
                let named: Vec<String> = scopes
                    .map(|scope| format!("{}/{scope}", wanted.audience))
                    .collect();
                named.join(" ")
            }
        });
        let asks_info = self.form.get("client_info") == Some("1");
        let client_info = subject.user.as_ref().filter(|_| asks_info).map(|(id, _)| {
            let info = serde_json::json!({ "uid": id, "utid": subject.tenant });
            URL_SAFE_NO_PAD.encode(info.to_string())
        });
        TokenAnswer {
            token_type: "Bearer",
            scope,
            expires_in: version.count(TOKEN_SECONDS),
            ext_expires_in: version.count(TOKEN_SECONDS),
            expires_on: is_first.then(|| version.count(begins.saturating_add(TOKEN_SECONDS))),
            not_before: is_first.then(|| version.count(begins)),
            resource: is_first.then_some(wanted.audience),
            access_token: issuer.issue(subject, now),
            refresh_token,
            id_token,
            client_info,
        }
    }
}

fn invalid(text: &str) -> OauthError {
    OauthError::new("invalid_grant", text)
}

/// What a code or refresh token stands for: a sign-in that still holds.
struct Holder {
    sign_in: SignIn,
    user: User,
    account: Account,
}

impl Holder {
    /// Loads it, unless the sign-in or the consent behind it was withdrawn.
    async fn of(
        tx: &mut Tx<'_>,
        sign_in: Uuid,
        client: &Client,
    ) -> Result<Result<Self, OauthError>, AppError> {
        let gone = || {
            Err(invalid(
                "the sign-in was withdrawn; the user has to sign in again",
            ))
        };
        let Some(sign_in) = tx.get::<SignIn>(&[Stored::Id(sign_in)]).await? else {
            return Ok(gone());
        };
        if sign_in.client_id != client.application.client_id {
            return Ok(Err(invalid("it was issued to another application")));
        }
        let user = tx
            .get::<User>(&[Stored::Id(sign_in.user_id.uuid())])
            .await?;
        let Some(user) = user.filter(|_| sign_in.revoked.is_none()) else {
            return Ok(gone());
        };
        let account = tierline_app::names::account_by_id(tx, user.partner).await?;
        if !client.is_own_of(&account)
            && consent(tx, &client.application, &account, account.tenant.uuid())
                .await?
                .is_none()
        {
            return Ok(gone());
        }
        Ok(Ok(Self {
            sign_in,
            user,
            account,
        }))
    }

    fn subject(&self, client: &Client, wanted: &Wanted) -> Subject {
        let user = (self.user.id.uuid(), self.user.sign_in_name.clone());
        let tenant = self.account.tenant.uuid();
        let client = client.application.client_id.to_string();
        Subject {
            scope: SCOPE_API.to_owned(),
            ..Subject::user(tenant, client, user, self.sign_in.mfa).at(wanted.audience)
        }
    }
}

async fn consent(
    tx: &mut Tx<'_>,
    application: &Application,
    partner: &Account,
    tenant: Uuid,
) -> Result<Option<Consent>, AppError> {
    let key = [
        Stored::Id(application.client_id),
        Stored::Id(partner.id.uuid()),
        Stored::Id(tenant),
    ];
    Ok(tx.get::<Consent>(&key).await?)
}

/// Something that counts once came again: whoever holds it, the sign-in holds no longer.
async fn withdraw(tx: &mut Tx<'_>, sign_in: Uuid, now: Timestamp) -> Result<(), AppError> {
    if let Some(mut sign_in) = tx.get::<SignIn>(&[Stored::Id(sign_in)]).await? {
        sign_in.revoked = sign_in.revoked.or(Some(now));
        tx.put(&sign_in).await?;
    }
    Ok(())
}

/// A refresh token of a sign-in, and an end to those whose life is over.
async fn keep(tx: &mut Tx<'_>, hash: &[u8], sign_in: Uuid, now: Timestamp) -> Result<(), AppError> {
    tx.execute(statements::FORGET_CODES, &[Stored::Instant(now)])
        .await?;
    tx.execute(statements::FORGET_REFRESH_TOKENS, &[Stored::Instant(now)])
        .await?;
    tx.insert(&RefreshToken {
        hash: hash.to_vec(),
        sign_in,
        expires: now.plus_hours(REFRESH_DAYS.saturating_mul(24)),
        used: None,
    })
    .await?;
    Ok(())
}

/// Exchanges a code, once.
struct Redeem {
    code: Vec<u8>,
    client: Client,
    redirect_uri: String,
    verifier: Option<String>,
    tenancy: Tenancy,
    next: Vec<u8>,
    now: Timestamp,
}

struct Redeemed {
    holder: Holder,
    nonce: Option<String>,
}

impl Redeem {
    /// The verifier is the one that the challenge was made of (RFC 7636, S256).
    fn proves(&self, challenge: Option<&str>) -> bool {
        match (challenge, &self.verifier) {
            (Some(challenge), Some(verifier)) => {
                let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
                (43..=128).contains(&verifier.len())
                    && identity::same(digest.as_bytes(), challenge.as_bytes())
            }
            // Without a secret, the verifier is all there is.
            (None, None) => self.client.confidential,
            _ => false,
        }
    }
}

impl Command for Redeem {
    type Out = Result<Redeemed, OauthError>;
    type Error = AppError;

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::on("code", &spelled(&self.code))]
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, AppError> {
        let key = [Stored::Bytes(self.code.clone())];
        let Some(mut code) = tx.get::<AuthorizationCode>(&key).await? else {
            return Ok(Err(invalid("the code is unknown")));
        };
        let holder = match Holder::of(tx, code.sign_in, &self.client).await? {
            Ok(holder) => holder,
            Err(error) => return Ok(Err(error)),
        };
        if code.used.is_some() {
            withdraw(tx, code.sign_in, self.now).await?;
            return Ok(Err(invalid("the code was used before")));
        }
        if code.expires <= self.now {
            return Ok(Err(invalid("the code has expired")));
        }
        if code.redirect_uri != self.redirect_uri {
            return Ok(Err(invalid(
                "redirect_uri is not the one the code was sent to",
            )));
        }
        if !self.tenancy.allows(holder.account.tenant.uuid()) {
            return Ok(Err(invalid("the user does not belong to this tenant")));
        }
        if !self.proves(code.challenge.as_deref()) {
            return Ok(Err(invalid("code_verifier does not fit the challenge")));
        }
        code.used = Some(self.now);
        tx.put(&code).await?;
        keep(tx, &self.next, code.sign_in, self.now).await?;
        Ok(Ok(Redeemed {
            holder,
            nonce: code.nonce,
        }))
    }
}

/// Takes a refresh token and gives the next.
struct Rotate {
    hash: Vec<u8>,
    next: Vec<u8>,
    client: Client,
    tenancy: Tenancy,
    wanted: Wanted,
    now: Timestamp,
}

struct Rotated {
    holder: Holder,
    /// The customer's tenant that the access token is for, and what was consented to there.
    there: Option<(Uuid, String)>,
}

impl Rotate {
    /// What the application may do in a customer's tenant: the partner needs a relationship, and the application
    /// consent for the service (ROL-037).
    async fn in_tenant(
        &self,
        tx: &mut Tx<'_>,
        partner: &Account,
        tenant: &Tenant,
    ) -> Result<Result<String, OauthError>, AppError> {
        let pair = [Stored::Id(partner.id.uuid()), Stored::Id(tenant.id.uuid())];
        let tie = tx.get::<Relationship>(&pair).await?;
        let is_tied = tie.is_some_and(|tie| tie.state == RelationshipState::Active);
        let given = consent(tx, &self.client.application, partner, tenant.id.uuid()).await?;
        let grant = given.filter(|_| is_tied).and_then(|given| {
            let mut grants = given.grants.0.into_iter();
            grants.find(|grant| grant.service.eq_ignore_ascii_case(self.wanted.service))
        });
        Ok(grant.map_or_else(
            // One answer for customers without consent and for those nobody may know of.
            || {
                Err(invalid(
                    "the application has no consent for this service in this tenant",
                ))
            },
            |grant| Ok(grant.scope.replace(',', " ")),
        ))
    }
}

impl Command for Rotate {
    type Out = Result<Rotated, OauthError>;
    type Error = AppError;

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::on("refresh token", &spelled(&self.hash))]
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, AppError> {
        let key = [Stored::Bytes(self.hash.clone())];
        let Some(mut row) = tx.get::<RefreshToken>(&key).await? else {
            return Ok(Err(invalid("the refresh token is unknown")));
        };
        let holder = match Holder::of(tx, row.sign_in, &self.client).await? {
            Ok(holder) => holder,
            Err(error) => return Ok(Err(error)),
        };
        if row.used.is_some() {
            withdraw(tx, row.sign_in, self.now).await?;
            let text = "the refresh token was used before; all of this sign-in are withdrawn";
            return Ok(Err(invalid(text)));
        }
        if row.expires <= self.now {
            return Ok(Err(invalid("the refresh token has expired")));
        }
        let there = match &self.tenancy {
            Tenancy::Of(tenant) if tenant.id != holder.account.tenant => {
                match self.in_tenant(tx, &holder.account, tenant).await? {
                    Ok(scope) => Some((tenant.id.uuid(), scope)),
                    Err(error) => return Ok(Err(error)),
                }
            }
            _ => None,
        };
        row.used = Some(self.now);
        tx.put(&row).await?;
        keep(tx, &self.next, row.sign_in, self.now).await?;
        Ok(Ok(Rotated { holder, there }))
    }
}

fn spelled(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The old exchange: a directory token against a partner token that ends with it.
async fn exchange(
    State(server): State<Server>,
    headers: HeaderMap,
    Whole(body): Whole,
) -> Result<Response, Failure> {
    let form = Form::read(&body)?;
    if let Some(other) = form.get("grant_type").filter(|grant| *grant != "jwt_token") {
        let text = format!("grant_type {other} is not supported");
        return Err(OauthError::new("unsupported_grant_type", text).into());
    }
    let token = bearer(&headers).ok_or_else(|| Failure::Other(Problem::no_token()))?;
    let now = server.app().clock().server_now();
    let claims = server.issuer().claims(token, now).await;
    let claims = claims.map_err(|why| Failure::Other(Problem::bad_token(why)))?;
    let user = claims.oid.zip(claims.upn.clone());
    let mut subject = match user {
        Some(user) => Subject::user(claims.tid, claims.appid.clone(), user, claims.has_mfa()),
        None => Subject::application(claims.tid, claims.appid.clone()),
    };
    subject.operator = claims.operator;
    let subject = subject.at(AUDIENCE_API);
    let answer = ExchangeAnswer {
        access_token: server.issuer().issue_until(&subject, now, claims.exp),
        token_type: "bearer",
        expires_in: claims.exp.saturating_sub(seconds(now)),
    };
    Ok(unstored(Json(answer).into_response()))
}

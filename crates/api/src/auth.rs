//! From a bearer token to a caller.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::request::Parts;
use tierline_app::AppError;
use tierline_app::actor::{ActorSpec, Person};
use tierline_app::ask::ask;
use tierline_domain::admin::{Mfa, User};
use tierline_domain::partner::{Account, PartnerType};
use tierline_rules::Lang;
use tierline_rules::facts::{Channel, TokenKind};
use tierline_store::{Tx, Value, tables};
use uuid::Uuid;

use crate::identity::Claims;
use crate::problem::Problem;
use crate::route::Access;
use crate::server::Server;

/// Who calls: a partner's user or application, or the operator's staff.
#[derive(Clone, Debug)]
pub struct Principal {
    /// What the token says.
    pub claims: Arc<Claims>,
    /// The partner account of the token's tenant; absent for the operator.
    pub account: Option<Account>,
    /// Roles of the user, where it is on record.
    pub roles: Option<Vec<String>>,
    /// The request id the caller gave (GEN-006).
    pub request_id: Option<String>,
    /// The caller's language.
    pub lang: Lang,
}

impl Principal {
    /// As the actor of a command.
    #[must_use]
    pub fn actor(&self) -> ActorSpec {
        let Some(account) = &self.account else {
            return ActorSpec::operator();
        };
        ActorSpec::Person(Person {
            of: account.handle.clone(),
            roles: self.roles.clone(),
            mfa: if self.claims.has_mfa() || !self.claims.is_user() {
                Mfa::Present
            } else {
                Mfa::None
            },
            token: if self.claims.is_user() {
                TokenKind::User
            } else {
                TokenKind::Application
            },
            application: None,
            channel: Channel::Api,
            guest: false,
            user: self.claims.upn.clone(),
        })
    }

    /// The partner account.
    ///
    /// # Errors
    /// For callers that are no partner.
    pub fn partner(&self) -> Result<&Account, Problem> {
        self.account
            .as_ref()
            .ok_or_else(|| Problem::forbidden("this path is for partners"))
    }

    /// The partner account, where its type may use the documented paths (ENR-040).
    ///
    /// # Errors
    /// 403 with code 2032 for resellers.
    pub fn api_partner(&self) -> Result<&Account, Problem> {
        let account = self.partner()?;
        if matches!(
            account.kind,
            PartnerType::IndirectProvider | PartnerType::DirectBill
        ) {
            return Ok(account);
        }
        let text = "a reseller cannot use the documented API; its provider can, and /program/v1 is open to it";
        let mut problem = Problem::documented(http::StatusCode::FORBIDDEN, 2032, text);
        problem.data = vec!["ENR-040".to_owned()];
        Err(problem)
    }

    /// Refuses an application-only token (ROL-018).
    ///
    /// # Errors
    /// 403 with code 900329.
    pub fn user_required(&self) -> Result<(), Problem> {
        if self.claims.is_user() {
            return Ok(());
        }
        let mut problem = Problem::documented(
            http::StatusCode::FORBIDDEN,
            900_329,
            "application-only access is not supported here; use a user-consented token",
        );
        problem.data = vec!["ROL-018".to_owned()];
        Err(problem)
    }

    /// The operator's staff only.
    ///
    /// # Errors
    /// For everybody else.
    pub fn operator_required(&self) -> Result<(), Problem> {
        if self.claims.operator {
            Ok(())
        } else {
            Err(Problem::forbidden("this is for the operator"))
        }
    }
}

async fn load(
    tx: &mut Tx<'_>,
    tenant: Uuid,
    upn: Option<String>,
) -> Result<Option<(Account, Option<User>)>, AppError> {
    let accounts = tx
        .find::<Account>(tables::accounts::BY_TENANT, &[Value::Id(tenant)])
        .await?;
    let Some(account) = accounts.into_iter().next() else {
        return Ok(None);
    };
    let user = match upn {
        Some(upn) => tx
            .find::<User>(tables::users::BY_SIGN_IN_NAME, &[Value::Text(upn)])
            .await?
            .pop(),
        None => None,
    };
    Ok(Some((account, user)))
}

/// The bearer token of a call.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(http::header::AUTHORIZATION)?.to_str().ok()?;
    let (kind, token) = value.split_once(' ')?;
    kind.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

impl FromRequestParts<Server> for Principal {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Problem> {
        let header = |name: &str| {
            parts
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        let token = bearer(&parts.headers).ok_or_else(Problem::no_token)?;
        let now = server.app().clock().server_now();
        let claims = server
            .issuer()
            .claims(token, now)
            .await
            .map_err(Problem::bad_token)?;
        if claims.is_user() && !claims.has_mfa() {
            return Err(Problem::mfa_required());
        }
        let lang = header("x-locale")
            .or_else(|| header("accept-language"))
            .map_or(Lang::En, Lang::of_locale);
        let request_id = header("ms-requestid").map(str::to_owned);
        let mut principal = Self {
            account: None,
            roles: None,
            request_id,
            lang,
            claims,
        };
        if principal.claims.operator {
            return Ok(principal);
        }
        let (tenant, upn) = (principal.claims.tid, principal.claims.upn.clone());
        let found = server
            .app()
            .read(ask(move |tx| Box::pin(load(tx, tenant, upn.clone()))))
            .await;
        let (account, user) = found
            .map_err(|error| Problem::of(error, lang))?
            .ok_or_else(Problem::unauthorized)?;
        // A token whose user is gone, or is another partner's, acts for nobody.
        let user = user.filter(|user| user.partner == account.id);
        if principal.claims.is_user() && user.is_none() {
            return Err(Problem::unauthorized());
        }
        principal.account = Some(account);
        match parts.extensions.get::<Access>() {
            Some(Access::Partner) => principal.api_partner().map(drop)?,
            Some(Access::PartnerUser) => {
                principal.api_partner()?;
                principal.user_required()?;
            }
            Some(Access::Open | Access::Ours) | None => {}
        }
        principal.roles = user.map(|user| user.roles);
        Ok(principal)
    }
}

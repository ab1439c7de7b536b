//! From a bearer token to a caller.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use tierline_app::actor::{self, ActorSpec, Person};
use tierline_app::ask::ask;
use tierline_app::overview::Viewer;
use tierline_app::{AppError, admission};
use tierline_domain::admin::{Mfa, User};
use tierline_domain::partner::{Account, Cloud, Tenant};
use tierline_domain::time::Timestamp;
use tierline_rules::Lang;
use tierline_rules::facts::{ApiCall, Caller, CallerKind, Channel, TokenKind};
use tierline_store::idempotency::canonical;
use tierline_store::tables::VerifiedDomain;
use tierline_store::{Tx, Value, tables};

use crate::identity::{Claims, is_portal};
use crate::ours::lang_of;
use crate::problem::Problem;
use crate::recorder::Slot;
use crate::route::Access;
use crate::server::{REQUEST_ID, Server};
use crate::wire::roles;

/// A token that was verified, and what else the caller says of itself. Whose token it is has not been looked up: what is asked
/// for often does that in its own transaction, because beginning one costs more than the look.
#[derive(Clone, Debug)]
pub struct Bearer {
    /// What the token says.
    pub claims: Arc<Claims>,
    /// The request id the caller gave (GEN-006), in its one spelling.
    pub request_id: Option<String>,
    /// The caller's language.
    pub lang: Lang,
}

impl Bearer {
    /// The caller; none where the token's tenant has no account.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn principal(&self, tx: &mut Tx<'_>) -> Result<Option<Principal>, AppError> {
        let mut principal = Principal {
            claims: Arc::clone(&self.claims),
            account: None,
            customer: None,
            roles: None,
            request_id: self.request_id.clone(),
            lang: self.lang,
        };
        if self.claims.operator {
            return Ok(Some(principal));
        }
        let tenant = [Value::Id(self.claims.tid)];
        let accounts = tx
            .find::<Account>(tables::accounts::BY_TENANT, &tenant)
            .await?;
        let Some(account) = accounts.into_iter().next() else {
            return Ok(None);
        };
        if let Some(name) = &self.claims.upn {
            let name = [Value::Text(name.clone())];
            let found = tx.look_for::<User>(tables::users::BY_SIGN_IN_NAME, &name);
            let found = found.await?;
            // A token whose user is gone, or is another partner's, acts for nobody.
            let Some(user) = found.last().filter(|user| user.partner == account.id) else {
                return Ok(None);
            };
            principal.roles = Some(user.roles.as_slice().into());
        }
        principal.account = Some(account);
        Ok(Some(principal))
    }

    /// The caller, who may be a customer's user as well. Such a one signs in with a domain of the customer: a partner's
    /// user who works in the customer's tenant is no user of the customer, whatever tenant its token is for.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn party(&self, tx: &mut Tx<'_>) -> Result<Option<Principal>, AppError> {
        if let Some(principal) = self.principal(tx).await? {
            return Ok(Some(principal));
        }
        let key = [Value::Id(self.claims.tid)];
        let has_account = !tx
            .find::<Account>(tables::accounts::BY_TENANT, &key)
            .await?
            .is_empty();
        let tenant = tx.get::<Tenant>(&key).await?.filter(|_| !has_account);
        let name = self.claims.upn.as_deref();
        let Some((tenant, (_, domain))) = tenant.zip(name.and_then(|name| name.split_once('@')))
        else {
            return Ok(None);
        };
        let domain = domain.to_ascii_lowercase();
        let verified = [Value::Text(domain.clone())];
        let verified = tx.get::<VerifiedDomain>(&verified).await?;
        let is_verified = verified.is_some_and(|verified| verified.customer == tenant.id);
        if domain != tenant.domain.to_ascii_lowercase() && !is_verified {
            return Ok(None);
        }
        let roles = self.claims.wids.iter();
        let roles = roles.filter_map(|id| roles::of_definition(id));
        Ok(Some(Principal {
            claims: Arc::clone(&self.claims),
            account: None,
            roles: Some(roles.map(|role| role.to_string()).collect()),
            customer: Some(tenant),
            request_id: self.request_id.clone(),
            lang: self.lang,
        }))
    }

    /// The caller of a route for partners, or why there is none who may call it.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn met(
        &self,
        tx: &mut Tx<'_>,
        access: Option<&Access>,
        now: Timestamp,
    ) -> Result<Result<(Principal, Account), Problem>, AppError> {
        let Some(principal) = self.party(tx).await? else {
            return Ok(Err(Problem::unauthorized()));
        };
        let admitted = principal.admitted(access, now);
        let account = admitted.and_then(|()| principal.partner().cloned());
        Ok(account.map(|account| (principal, account)))
    }
}

/// Who calls: a partner's user or application, a customer's user, or the operator's staff.
#[derive(Clone, Debug)]
pub struct Principal {
    /// What the token says.
    pub claims: Arc<Claims>,
    /// The partner account of the token's tenant; absent for the operator and for customers.
    pub account: Option<Account>,
    /// The customer whose user calls; absent for everybody else.
    pub customer: Option<Tenant>,
    /// Roles of the user, where it is on record.
    pub roles: Option<Arc<[String]>>,
    /// The request id the caller gave (GEN-006).
    pub request_id: Option<String>,
    /// The caller's language.
    pub lang: Lang,
}

impl Principal {
    /// As the actor of a command.
    #[must_use]
    pub fn actor(&self) -> ActorSpec {
        // A customer goes by its id: its short name may be a partner's, too.
        let of = match (&self.account, &self.customer) {
            (Some(account), _) => account.handle.clone(),
            (None, Some(customer)) => customer.id.to_string(),
            (None, None) => return ActorSpec::operator(),
        };
        ActorSpec::Person(Person {
            of,
            roles: self.roles.clone(),
            mfa: if self.has_second_factor() {
                Mfa::Present
            } else {
                Mfa::None
            },
            token: self.token(),
            application: None,
            channel: if is_portal(&self.claims.appid) {
                Channel::Portal
            } else {
                Channel::Api
            },
            guest: false,
            // Who of the customer it was is not for its partner's records.
            user: self.claims.upn.clone().filter(|_| self.customer.is_none()),
        })
    }

    /// As somebody who looks at the program.
    #[must_use]
    pub fn viewer(&self) -> Viewer {
        match (&self.account, &self.customer) {
            (Some(account), _) => Viewer::Partner(Box::new(account.clone())),
            (None, Some(customer)) => Viewer::Customer(Box::new(customer.clone())),
            (None, None) => Viewer::Operator,
        }
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

    /// Refuses who may not call a route (ENR-040, ROL-018), or has signed in without a second factor (SEC-002), as the rules
    /// decide.
    ///
    /// # Errors
    /// The refusal; 403 for everybody but partners and the operator.
    pub(crate) fn admitted(&self, access: Option<&Access>, now: Timestamp) -> Result<(), Problem> {
        let is_documented = matches!(
            access,
            Some(Access::Partner | Access::PartnerUser | Access::Licences)
        );
        // No part of the partner API, so a reseller may call as well (GDA-001); with a user's token (ROL-018).
        let is_for_all = matches!(access, Some(Access::Party | Access::PartyUser));
        if self.customer.is_some() && !is_for_all {
            return self.partner().map(|_| ());
        }
        let call = ApiCall {
            partner: if is_documented && !self.claims.operator {
                Some(self.partner()?.kind)
            } else {
                None
            },
            users_only: matches!(
                access,
                Some(Access::PartnerUser | Access::Licences | Access::PartyUser)
            ),
            licences: access == Some(&Access::Licences),
            national: self.is_national(),
        };
        // Paths of our own ask for nothing else, and nearly everybody has it.
        let is_settled = !is_documented && !call.users_only && self.has_second_factor();
        if is_settled {
            Ok(())
        } else {
            self.admit(call, now)
        }
    }

    /// Has given a second factor, or is an application, which is not asked for one.
    fn has_second_factor(&self) -> bool {
        !self.claims.is_user() || self.claims.has_mfa()
    }

    /// The account is in a national cloud.
    fn is_national(&self) -> bool {
        let account = self.account.as_ref();
        account.is_some_and(|account| account.cloud == Cloud::National)
    }

    /// Refuses an application-only token (ROL-018).
    ///
    /// # Errors
    /// The rule's refusal.
    pub(crate) fn user_required(&self, now: Timestamp) -> Result<(), Problem> {
        let call = ApiCall {
            partner: None,
            users_only: true,
            licences: false,
            national: self.is_national(),
        };
        self.admit(call, now)
    }

    fn admit(&self, call: ApiCall, now: Timestamp) -> Result<(), Problem> {
        let calling = actor::calling(&self.actor());
        let caller = Caller {
            token: self.token(),
            // Customers are urged, not made, to have a second factor (SEC-009).
            kind: match self.customer {
                Some(_) => CallerKind::Customer,
                None => calling.kind,
            },
            ..calling
        };
        let admitted = admission::admit(now, caller, call);
        admitted.map_err(|decision| Problem::refused(*decision, self.lang))
    }

    fn token(&self) -> TokenKind {
        if self.claims.is_user() {
            TokenKind::User
        } else {
            TokenKind::Application
        }
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

/// The bearer token of a call.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    token_in(headers.get(http::header::AUTHORIZATION)?)
}

/// The token in the value of the header that carries it.
pub(crate) fn token_in(value: &HeaderValue) -> Option<&str> {
    let (kind, token) = value.to_str().ok()?.split_once(' ')?;
    kind.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Most letters of a request id that is no GUID.
const REQUEST_ID_MAX: usize = 100;

/// The id under which a write is done once (GEN-006). It is documented as a GUID; on the documented wire any other
/// short text serves as well, because scripts send such. One that cannot be kept is refused, not passed over:
/// its sender relies on it.
fn request_id(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(REQUEST_ID) else {
        return Ok(None);
    };
    let id = value.to_str().map(str::trim).unwrap_or("\u{fffd}");
    if id.is_empty() {
        return Ok(None);
    }
    if id.is_ascii() && id.len() <= REQUEST_ID_MAX {
        return Ok(Some(canonical(id)));
    }
    let text = format!("is a GUID, or at most {REQUEST_ID_MAX} ASCII letters");
    Err(Problem::malformed("MS-RequestId", &text))
}

impl FromRequestParts<Server> for Bearer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Problem> {
        let token = bearer(&parts.headers).ok_or_else(Problem::no_token)?;
        let now = server.app().clock().server_now();
        let claims = server
            .issuer()
            .claims(token, now)
            .await
            .map_err(Problem::bad_token)?;
        if let Some(slot) = parts.extensions.get::<Slot>() {
            slot.fill(&claims);
        }
        if claims.operator && claims.is_user() && !claims.has_mfa() {
            return Err(Problem::mfa_required());
        }
        let lang = lang_of(&parts.headers);
        let request_id = request_id(&parts.headers)?;
        Ok(Self {
            claims,
            request_id,
            lang,
        })
    }
}

impl FromRequestParts<Server> for Principal {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Problem> {
        let bearer = Bearer::from_request_parts(parts, server).await?;
        let lang = bearer.lang;
        let found = server
            .app()
            .read(ask(move |tx| {
                let bearer = bearer.clone();
                Box::pin(async move { bearer.party(tx).await })
            }))
            .await;
        let principal = found
            .map_err(|error| Problem::of(error, lang))?
            .ok_or_else(Problem::unauthorized)?;
        let now = server.app().clock().world_now();
        principal.admitted(parts.extensions.get::<Access>(), now)?;
        Ok(principal)
    }
}

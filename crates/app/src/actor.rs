//! Who acts: from a name or a token to a caller with roles and the party it acts for.

use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};
use tierline_domain::admin::{Mfa, ProgramRole, User};
use tierline_domain::partner::{Account, Organization, Tenant};
use tierline_rules::facts::{Caller, CallerKind, Channel, Roles, TokenKind};
use tierline_store::{Tx, Value, tables};

use crate::error::AppError;
use crate::names;

/// How an actor is named: by a party's name alone, or with the person's properties spelled out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ActorSpec {
    /// Somebody of this party (or this user) who may act for it.
    Named(String),
    /// Somebody of a party with exactly these properties.
    Person(Person),
}

/// A person of a party, as a scenario or a token describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The party.
    pub of: String,
    /// Exactly these roles; all of them when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<Arc<[String]>>,
    /// How the person signed in.
    #[serde(default = "present")]
    pub mfa: Mfa,
    /// What token the call carries.
    #[serde(default = "user_token")]
    pub token: TokenKind,
    /// An application acting with the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<String>,
    /// Where the call comes in.
    #[serde(default = "api")]
    pub channel: Channel,
    /// A guest in the partner's tenant.
    #[serde(default)]
    pub guest: bool,
    /// The user's name, where a token carries one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

const fn present() -> Mfa {
    Mfa::Present
}
const fn user_token() -> TokenKind {
    TokenKind::User
}
const fn api() -> Channel {
    Channel::Api
}

impl ActorSpec {
    /// Somebody of a party who may act for it.
    #[must_use]
    pub fn of(name: &str) -> Self {
        Self::Named(name.to_owned())
    }

    /// The operator's staff or scheduler.
    #[must_use]
    pub fn operator() -> Self {
        Self::Named(OPERATOR.to_owned())
    }

    /// The name of the party.
    #[must_use]
    pub fn party(&self) -> &str {
        match self {
            Self::Named(name) => name,
            Self::Person(person) => &person.of,
        }
    }
}

/// The operator's name as an actor and as a seller.
pub const OPERATOR: &str = "operator";

/// An actor with the rows behind it.
#[derive(Clone, Debug)]
pub struct Acting {
    /// As the rules see it.
    pub caller: Caller,
    /// The partner account it acts for.
    pub account: Option<Account>,
    /// The tenant it acts for (customers).
    pub tenant: Option<Tenant>,
    /// The organization it acts for (signatories).
    pub organization: Option<Organization>,
    /// The named user, if it is one.
    pub user: Option<Arc<User>>,
}

impl Acting {
    /// The account, or the answer that this is not for such a caller.
    ///
    /// # Errors
    /// When the actor is no partner.
    pub fn partner(&self) -> Result<&Account, AppError> {
        self.account
            .as_ref()
            .ok_or_else(|| AppError::Forbidden(self.caller.kind.to_string()))
    }
}

impl Acting {
    /// The answer that this is for the operator alone.
    ///
    /// # Errors
    /// When the actor is anybody else.
    pub fn operator(&self) -> Result<(), AppError> {
        if self.caller.kind == CallerKind::Operator {
            Ok(())
        } else {
            Err(AppError::Forbidden(self.caller.kind.to_string()))
        }
    }

    /// The customer's tenant, or the answer that this is not for such a caller.
    ///
    /// # Errors
    /// When the actor is no customer.
    pub fn customer(&self) -> Result<&Tenant, AppError> {
        self.tenant
            .as_ref()
            .ok_or_else(|| AppError::Forbidden(self.caller.kind.to_string()))
    }
}

/// Finds who acts.
///
/// # Errors
/// When nobody has that name.
pub async fn resolve(tx: &mut Tx<'_>, spec: &ActorSpec) -> Result<Acting, AppError> {
    let name = spec.party();
    if name == OPERATOR {
        return Ok(acting(
            caller(CallerKind::Operator, OPERATOR, spec),
            None,
            None,
            None,
            None,
        ));
    }
    if let Some(account) = names::account(tx, name).await? {
        let user = signed_in(tx, spec, &account).await?;
        return Ok(acting(
            caller(CallerKind::Partner, &account.handle, spec),
            Some(account),
            None,
            None,
            user,
        ));
    }
    if let Some(user) = names::user(tx, name).await? {
        let account = names::account_by_id(tx, user.partner).await?;
        let mut caller = caller(CallerKind::Partner, &account.handle, spec);
        caller.user = Some(user.handle.clone());
        caller.roles = program_roles(&user.roles);
        caller.role_names = user.roles.as_slice().into();
        caller.mfa = user.mfa;
        return Ok(acting(
            caller,
            Some(account),
            None,
            None,
            Some(Arc::new(user)),
        ));
    }
    if let Some(tenant) = names::tenant(tx, name).await? {
        return Ok(acting(
            caller(CallerKind::Customer, &tenant.handle, spec),
            None,
            Some(tenant),
            None,
            None,
        ));
    }
    if let Some(organization) = names::organization(tx, name).await? {
        let caller = caller(CallerKind::Signatory, &organization.handle, spec);
        return Ok(acting(caller, None, None, Some(organization), None));
    }
    Err(AppError::missing("party", name))
}

/// The partner's user who has signed in, where it is on record: what its groups may do, it may.
async fn signed_in(
    tx: &mut Tx<'_>,
    spec: &ActorSpec,
    account: &Account,
) -> Result<Option<Arc<User>>, AppError> {
    let ActorSpec::Person(person) = spec else {
        return Ok(None);
    };
    let Some(name) = &person.user else {
        return Ok(None);
    };
    let known = tx
        .look_for::<User>(tables::users::BY_SIGN_IN_NAME, &[Value::Text(name.clone())])
        .await?;
    let mut known = known.iter();
    Ok(known.find(|user| user.partner == account.id).cloned())
}

/// The operator as a caller.
#[must_use]
pub fn operator_caller() -> Caller {
    caller(CallerKind::Operator, OPERATOR, &ActorSpec::operator())
}

/// A partner as a caller, before anything is looked up.
#[must_use]
pub fn calling(spec: &ActorSpec) -> Caller {
    match spec.party() {
        OPERATOR => operator_caller(),
        name => caller(CallerKind::Partner, name, spec),
    }
}

fn acting(
    caller: Caller,
    account: Option<Account>,
    tenant: Option<Tenant>,
    organization: Option<Organization>,
    user: Option<Arc<User>>,
) -> Acting {
    Acting {
        caller,
        account,
        tenant,
        organization,
        user,
    }
}

fn program_roles(names: &[String]) -> Roles {
    names
        .iter()
        .filter_map(|name| name.parse::<ProgramRole>().ok())
        .fold(Roles::NONE, Roles::with)
}

/// The names of all roles.
static EVERY_ROLE: LazyLock<Arc<[String]>> = LazyLock::new(|| {
    let roles = ProgramRole::PROGRAM.iter();
    roles.map(ToString::to_string).collect()
});

fn caller(kind: CallerKind, name: &str, spec: &ActorSpec) -> Caller {
    let everything = Caller {
        kind,
        name: name.to_owned(),
        user: None,
        roles: Roles::all(),
        role_names: Arc::clone(&EVERY_ROLE),
        customer_admin: true,
        mfa: Mfa::Present,
        token: TokenKind::User,
        channel: Channel::Api,
        guest: false,
        application: None,
    };
    let ActorSpec::Person(person) = spec else {
        return everything;
    };
    let named = Caller {
        user: person.user.clone(),
        mfa: person.mfa,
        token: person.token,
        channel: person.channel,
        guest: person.guest,
        application: person.application.clone(),
        ..everything
    };
    match &person.roles {
        None => named,
        Some(roles) => Caller {
            roles: program_roles(roles),
            role_names: Arc::clone(roles),
            customer_admin: roles.iter().any(|role| role == "global_administrator"),
            ..named
        },
    }
}

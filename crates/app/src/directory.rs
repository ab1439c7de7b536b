//! Users in a customer's directory and the roles they hold there: what a partner does for its customer with the rights
//! that the customer gave it (ROL-031 to ROL-035).

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tierline_domain::admin::DirectoryRole;
use tierline_domain::directory::{DirectoryUser, RoleMember};
use tierline_domain::id::Id;
use tierline_domain::partner::Tenant;
use tierline_domain::place::Country;
use tierline_domain::time::Timestamp;
use tierline_rules::Checkpoint;
use tierline_rules::facts::Facts;
use tierline_rules::names as forms;
use tierline_store::tables::VerifiedDomain;
use tierline_store::{Tx, Value, tables};

use crate::access;
use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::{fields, names};

/// What a missing user of a customer is called.
pub const USER: &str = "user of the customer";
/// Most letters of a name.
const NAME_MAX: usize = 256;

/// How the users of a domain sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DomainType {
    /// The domain that the tenant came with.
    First,
    /// One that was added, and whose users sign in here.
    Managed,
    /// One whose users sign in elsewhere.
    Federated,
}

/// The domains of a customer and how their users sign in.
#[derive(Clone, Debug)]
pub struct Domains {
    first: String,
    further: Vec<VerifiedDomain>,
}

impl Domains {
    /// Those of a customer.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn of(tx: &mut Tx<'_>, tenant: &Tenant) -> Result<Self, AppError> {
        let statement = tables::verified_domains::BY_CUSTOMER;
        let key = [Value::Id(tenant.id.uuid())];
        Ok(Self {
            first: tenant.domain.to_lowercase(),
            further: tx.find(statement, &key).await?,
        })
    }

    /// That of a sign-in name; none where it is another's.
    #[must_use]
    pub fn find(&self, sign_in_name: &str) -> Option<DomainType> {
        let domain = forms::mail_domain(sign_in_name)?.to_lowercase();
        if domain == self.first {
            return Some(DomainType::First);
        }
        let row = self.further.iter().find(|row| row.domain == domain)?;
        Some(if row.settings.0.is_object() {
            DomainType::Federated
        } else {
            DomainType::Managed
        })
    }
}

/// A user of a customer that was not deleted.
///
/// # Errors
/// When the customer has no such user.
pub async fn the_user(
    tx: &mut Tx<'_>,
    tenant: &Tenant,
    name: &str,
) -> Result<DirectoryUser, AppError> {
    let found = any_user(tx, tenant, name).await?;
    found
        .filter(|user| user.deleted.is_none())
        .ok_or_else(|| AppError::missing(USER, name))
}

async fn any_user(
    tx: &mut Tx<'_>,
    tenant: &Tenant,
    name: &str,
) -> Result<Option<DirectoryUser>, AppError> {
    let found = names::directory_user(tx, &name.to_lowercase()).await?;
    Ok(found.filter(|user| user.tenant == tenant.id))
}

/// The roles of a user, in the order of their names.
///
/// # Errors
/// When the store fails.
pub async fn roles_of(
    tx: &mut Tx<'_>,
    user: Id<DirectoryUser>,
) -> Result<Vec<DirectoryRole>, AppError> {
    let key = [Value::Id(user.uuid())];
    let rows = tx.find::<RoleMember>(tables::role_members::BY_MEMBER, &key);
    Ok(rows.await?.into_iter().map(|row| row.role).collect())
}

/// A sign-in name that a customer's user can have: of one of its domains, and nobody else's. What a user had who is gone
/// for good is free again.
async fn name_for(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    tenant: &Tenant,
    name: &str,
    own: Option<Id<DirectoryUser>>,
) -> Result<DomainType, AppError> {
    let domains = Domains::of(tx, tenant).await?;
    let domain = domains.find(name).ok_or_else(|| {
        let known = domains.further.iter().map(|row| row.domain.as_str());
        let known: Vec<&str> = std::iter::once(domains.first.as_str())
            .chain(known)
            .collect();
        let problem = format!(
            "is not of the form name@domain with a domain of the customer: {}",
            known.join(", ")
        );
        AppError::invalid("sign_in_name", problem)
    })?;
    let Some(holder) = names::directory_user(tx, &name.to_lowercase()).await? else {
        return Ok(domain);
    };
    let gone = DirectoryUser::gone_before(ctx.now)?;
    if holder.deleted.is_some_and(|deleted| deleted <= gone) {
        forget(tx, holder.id).await?;
        return Ok(domain);
    }
    fields::free("sign_in_name", name, Some(holder.id) != own)?;
    Ok(domain)
}

/// Removes a user of whom nothing can be restored any more. Its licences went when it was deleted.
async fn forget(tx: &mut Tx<'_>, user: Id<DirectoryUser>) -> Result<(), AppError> {
    for role in roles_of(tx, user).await? {
        let key = [Value::Id(user.uuid()), Value::Text(role.to_string())];
        tx.delete::<RoleMember>(&key).await?;
    }
    tx.delete::<DirectoryUser>(&[Value::Id(user.uuid())])
        .await?;
    Ok(())
}

/// Removes every user of a customer that is no more.
///
/// # Errors
/// When the store fails.
pub(crate) async fn forget_all(tx: &mut Tx<'_>, tenant: &Tenant) -> Result<(), AppError> {
    let statement = tables::directory_users::OF_TENANT;
    let key = [Value::Id(tenant.id.uuid())];
    for user in tx.find::<DirectoryUser>(statement, &key).await? {
        for licence in crate::licences::of_user(tx, user.id).await? {
            crate::licences::take(tx, &licence).await?;
        }
        forget(tx, user.id).await?;
    }
    Ok(())
}

fn answer(user: &DirectoryUser) -> Json {
    json!({ "directory_user": user.id })
}

/// What a partner does with one user of a customer: a task, on whom, and what it changes.
macro_rules! administers {
    ($($case:ty => |$self:ident, $ctx:ident, $tx:ident| $task:expr, on $target:expr, $apply:expr;)+) => {$(
        impl UseCase for $case {
            type Out = Json;

            fn checkpoint(&self) -> Checkpoint {
                Checkpoint::Administer
            }

            fn subject(&self) -> String {
                self.customer.clone()
            }

            async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
                let ($self, $tx) = (self, tx);
                let what = ($task, $target);
                access::administering(ctx, acting, $tx, &$self.customer, what).await
            }

            async fn apply(&self, ctx: &Ctx, acting: &Acting, facts: &Facts, tx: &mut Tx<'_>) -> Result<Json, AppError> {
                access::exercised(ctx, acting, tx, &self.customer, facts).await?;
                let ($self, $ctx, $tx) = (self, ctx, tx);
                $apply
            }
        }
    )+};
}
pub(crate) use administers;

/// Make a user.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateDirectoryUser {
    /// The customer.
    pub customer: String,
    /// The name to sign in with, of a domain of the customer.
    pub sign_in_name: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// The name as lists show it.
    pub display_name: String,
    /// Where it uses what it is licensed for.
    pub usage_location: Country,
    /// Telephone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Ties it to the directory where it signs in; needed in a federated domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub immutable_id: Option<String>,
    /// It is given a password; whoever signs in elsewhere has one there.
    #[serde(default = "yes")]
    pub has_password: bool,
    /// It chooses another password when it signs in first (ROL-019).
    #[serde(default = "yes")]
    pub renews_password: bool,
}

/// Who signs in elsewhere is tied to the directory there.
fn tied(domain: DomainType, immutable_id: Option<&String>) -> Result<(), AppError> {
    if domain == DomainType::Federated && immutable_id.is_none() {
        let problem = "is missing, and needed where users sign in elsewhere";
        return Err(AppError::invalid("immutable_id", problem));
    }
    Ok(())
}

const fn yes() -> bool {
    true
}

impl CreateDirectoryUser {
    async fn make(&self, ctx: &Ctx, tx: &mut Tx<'_>) -> Result<Json, AppError> {
        let tenant = names::the_tenant(tx, &self.customer).await?;
        fields::country("usage_location", self.usage_location)?;
        let domain = name_for(ctx, tx, &tenant, &self.sign_in_name, None).await?;
        tied(domain, self.immutable_id.as_ref())?;
        if domain != DomainType::Federated && !self.has_password {
            return Err(AppError::invalid("password_profile", "is missing"));
        }
        let user = DirectoryUser {
            id: ctx.ids().next(),
            tenant: tenant.id,
            folded: self.sign_in_name.to_lowercase(),
            sign_in_name: self.sign_in_name.clone(),
            first_name: fields::said("first_name", &self.first_name, NAME_MAX)?,
            last_name: fields::said("last_name", &self.last_name, NAME_MAX)?,
            display_name: fields::said("display_name", &self.display_name, NAME_MAX)?,
            usage_location: self.usage_location,
            phone: self.phone.clone(),
            immutable_id: self.immutable_id.clone(),
            renews_password: self.renews_password,
            created: ctx.now,
            deleted: None,
            version: 1,
        };
        tx.insert(&user).await?;
        Ok(answer(&user))
    }
}

/// Change a user; what is left out stays.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateDirectoryUser {
    /// The customer.
    pub customer: String,
    /// The user.
    pub user: String,
    /// The name to sign in with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign_in_name: Option<String>,
    /// First name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Last name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// The name as lists show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Where it uses what it is licensed for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage_location: Option<Country>,
    /// Telephone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Ties it to the directory where it signs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub immutable_id: Option<String>,
}

impl UpdateDirectoryUser {
    async fn change(&self, ctx: &Ctx, tx: &mut Tx<'_>) -> Result<Json, AppError> {
        let tenant = names::the_tenant(tx, &self.customer).await?;
        let mut user = the_user(tx, &tenant, &self.user).await?;
        user.phone = self.phone.clone().or(user.phone);
        user.immutable_id = self.immutable_id.clone().or(user.immutable_id);
        if let Some(name) = &self.sign_in_name {
            let domain = name_for(ctx, tx, &tenant, name, Some(user.id)).await?;
            tied(domain, user.immutable_id.as_ref())?;
            user.folded = name.to_lowercase();
            user.sign_in_name.clone_from(name);
        }
        for (field, given, kept) in [
            ("first_name", &self.first_name, &mut user.first_name),
            ("last_name", &self.last_name, &mut user.last_name),
            ("display_name", &self.display_name, &mut user.display_name),
        ] {
            if let Some(given) = given {
                *kept = fields::said(field, given, NAME_MAX)?;
            }
        }
        if let Some(country) = self.usage_location {
            fields::country("usage_location", country)?;
            user.usage_location = country;
        }
        save(tx, &mut user).await
    }
}

async fn save(tx: &mut Tx<'_>, user: &mut DirectoryUser) -> Result<Json, AppError> {
    user.version = user.version.saturating_add(1);
    tx.put(user).await?;
    Ok(answer(user))
}

/// Delete a user. Its licences are free at once; for thirty days it can be restored.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeleteDirectoryUser {
    /// The customer.
    pub customer: String,
    /// The user.
    pub user: String,
}

impl DeleteDirectoryUser {
    async fn delete(&self, ctx: &Ctx, tx: &mut Tx<'_>) -> Result<Json, AppError> {
        let tenant = names::the_tenant(tx, &self.customer).await?;
        let mut user = the_user(tx, &tenant, &self.user).await?;
        for licence in crate::licences::of_user(tx, user.id).await? {
            crate::licences::take(tx, &licence).await?;
        }
        user.deleted = Some(ctx.now);
        save(tx, &mut user).await
    }
}

/// Bring a deleted user back, with its roles and without licences.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestoreDirectoryUser {
    /// The customer.
    pub customer: String,
    /// The user.
    pub user: String,
}

impl RestoreDirectoryUser {
    async fn restore(&self, ctx: &Ctx, tx: &mut Tx<'_>) -> Result<Json, AppError> {
        let tenant = names::the_tenant(tx, &self.customer).await?;
        let gone = DirectoryUser::gone_before(ctx.now)?;
        let is_there = |user: &DirectoryUser| user.deleted.is_none_or(|deleted| deleted > gone);
        let mut user = any_user(tx, &tenant, &self.user)
            .await?
            .filter(is_there)
            .ok_or_else(|| AppError::missing(USER, &self.user))?;
        if user.deleted.take().is_none() {
            return Ok(answer(&user));
        }
        save(tx, &mut user).await
    }
}

/// Give a user another password. Nobody signs in here with it, so that it is kept nowhere.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResetDirectoryPassword {
    /// The customer.
    pub customer: String,
    /// The user.
    pub user: String,
    /// It chooses another one when it signs in next.
    #[serde(default = "yes")]
    pub renews_password: bool,
}

impl ResetDirectoryPassword {
    /// On whom. Whether there is such a user is for those to know who may ask.
    async fn target(&self, tx: &mut Tx<'_>) -> Result<&'static str, AppError> {
        let tenant = names::the_tenant(tx, &self.customer).await?;
        Ok(match any_user(tx, &tenant, &self.user).await? {
            Some(user) if !roles_of(tx, user.id).await?.is_empty() => access::ADMINISTRATOR,
            _ => access::ORDINARY,
        })
    }

    async fn reset(&self, tx: &mut Tx<'_>) -> Result<Json, AppError> {
        let tenant = names::the_tenant(tx, &self.customer).await?;
        let mut user = the_user(tx, &tenant, &self.user).await?;
        if Domains::of(tx, &tenant).await?.find(&user.sign_in_name) == Some(DomainType::Federated) {
            let problem = "is where the user signs in, and is changed there";
            return Err(AppError::invalid("password_profile", problem));
        }
        user.renews_password = self.renews_password;
        save(tx, &mut user).await
    }
}

/// Give a user a role in its directory.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddRoleMember {
    /// The customer.
    pub customer: String,
    /// The user.
    pub user: String,
    /// The role.
    pub role: DirectoryRole,
}

/// Take a role from a user.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoveRoleMember {
    /// The customer.
    pub customer: String,
    /// The user.
    pub user: String,
    /// The role.
    pub role: DirectoryRole,
}

impl AddRoleMember {
    async fn add(&self, tx: &mut Tx<'_>) -> Result<Json, AppError> {
        let tenant = names::the_tenant(tx, &self.customer).await?;
        let user = the_user(tx, &tenant, &self.user).await?;
        if roles_of(tx, user.id).await?.contains(&self.role) {
            let text = format!("user: {} holds the role {} already", user.id, self.role);
            return Err(AppError::Conflict(text));
        }
        tx.insert(&RoleMember {
            member: user.id,
            role: self.role,
            tenant: tenant.id,
        })
        .await?;
        Ok(answer(&user))
    }
}

impl RemoveRoleMember {
    async fn remove(&self, tx: &mut Tx<'_>) -> Result<Json, AppError> {
        let tenant = names::the_tenant(tx, &self.customer).await?;
        let user = the_user(tx, &tenant, &self.user).await?;
        let key = [
            Value::Id(user.id.uuid()),
            Value::Text(self.role.to_string()),
        ];
        if tx.delete::<RoleMember>(&key).await? == 0 {
            return Err(AppError::missing("member of the role", &self.user));
        }
        Ok(answer(&user))
    }
}

administers! {
    CreateDirectoryUser => |case, ctx, tx| access::CREATE_USER, on access::ORDINARY, case.make(ctx, tx).await;
    UpdateDirectoryUser => |case, ctx, tx| access::UPDATE_USER, on access::ORDINARY, case.change(ctx, tx).await;
    DeleteDirectoryUser => |case, ctx, tx| access::DELETE_USER, on access::ORDINARY, case.delete(ctx, tx).await;
    RestoreDirectoryUser => |case, ctx, tx| access::UPDATE_USER, on access::ORDINARY, case.restore(ctx, tx).await;
    ResetDirectoryPassword => |case, _ctx, tx| access::RESET_PASSWORD, on case.target(tx).await?, case.reset(tx).await;
    AddRoleMember => |case, _ctx, tx| access::CHANGE_ROLES, on access::ORDINARY, case.add(tx).await;
    RemoveRoleMember => |case, _ctx, tx| access::CHANGE_ROLES, on access::ORDINARY, case.remove(tx).await;
}

/// The administrator of a new tenant, who signs in with the password that whoever made the tenant is told once.
///
/// # Errors
/// When the store fails.
pub(crate) async fn first_administrator(
    tx: &mut Tx<'_>,
    tenant: &Tenant,
    id: Id<DirectoryUser>,
    (first_name, last_name): (&str, &str),
    now: Timestamp,
) -> Result<(), AppError> {
    let sign_in_name = format!("admin@{}", tenant.domain);
    let given = |name: &str, other: &str| {
        let name = name.trim();
        if name.is_empty() { other } else { name }.to_owned()
    };
    tx.insert(&DirectoryUser {
        id,
        tenant: tenant.id,
        folded: sign_in_name.to_lowercase(),
        sign_in_name,
        first_name: given(first_name, "Tenant"),
        last_name: given(last_name, "Administrator"),
        display_name: "Administrator".to_owned(),
        usage_location: tenant.country,
        phone: None,
        immutable_id: None,
        renews_password: true,
        created: now,
        deleted: None,
        version: 1,
    })
    .await?;
    tx.insert(&RoleMember {
        member: id,
        role: DirectoryRole::GlobalAdministrator,
        tenant: tenant.id,
    })
    .await?;
    Ok(())
}

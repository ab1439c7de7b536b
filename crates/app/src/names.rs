//! From names to rows. A name is a short name of the world, a GUID, or (where a PartnerID is asked for)
//! the digits of one.

use std::sync::Arc;

use tierline_domain::admin::{AdminRelationship, Group, User};
use tierline_domain::catalog::{Item, Promotion};
use tierline_domain::id::Id;
use tierline_domain::order::{Cart, Order};
use tierline_domain::partner::{Account, Environment, Location, Organization, Tenant};
use tierline_domain::subscription::{Subscription, Transfer};
use tierline_store::{Statement, Table, Tx, Value, tables};
use uuid::Uuid;

use crate::error::AppError;
use crate::fields;

/// The row of a name, to be looked at.
///
/// # Errors
/// When the store fails.
pub(crate) async fn named<T: Table>(
    tx: &mut Tx<'_>,
    by_handle: Statement,
    name: &str,
) -> Result<Option<Arc<T>>, AppError> {
    if let Ok(id) = name.parse::<Uuid>()
        && let Some(row) = tx.look::<T>(&[Value::Id(id)]).await?
    {
        return Ok(Some(row));
    }
    let rows = tx
        .look_for::<T>(by_handle, &[Value::Text(name.to_owned())])
        .await?;
    Ok(rows.last().cloned())
}

macro_rules! finders {
    ($($name:ident, $must:ident, $what:literal, $type:ty, $table:ident;)+) => {$(
        #[doc = concat!("The ", $what, " of a name, if there is one.")]
        ///
        /// # Errors
        /// When the store fails.
        pub async fn $name(tx: &mut Tx<'_>, name: &str) -> Result<Option<$type>, AppError> {
            let row = named(tx, tables::$table::BY_HANDLE, name).await?;
            Ok(row.map(Arc::unwrap_or_clone))
        }

        #[doc = concat!("The ", $what, " of a name.")]
        ///
        /// # Errors
        /// When there is none, or the store fails.
        pub async fn $must(tx: &mut Tx<'_>, name: &str) -> Result<$type, AppError> {
            $name(tx, name).await?.ok_or_else(|| AppError::missing($what, name))
        }
    )+};
}

finders! {
    organization, the_organization, "organization", Organization, organizations;
    location, the_location, "location", Location, locations;
    account, the_account, "partner", Account, accounts;
    user, the_user, "user", User, users;
    item, the_item, "item", Item, items;
    promotion, the_promotion, "promotion", Promotion, promotions;
    cart, the_cart, "cart", Cart, carts;
    order, the_order, "order", Order, orders;
    subscription, the_subscription, "subscription", Subscription, subscriptions;
    transfer, the_transfer, "transfer", Transfer, transfers;
    admin_relationship, the_admin_relationship, "admin relationship", AdminRelationship, admin_relationships;
    group, the_group, "group", Group, security_groups;
    any_tenant, the_any_tenant, "tenant", Tenant, tenants;
}

/// The name that a caller gives to a new subscription, if it gives one, is nobody's yet.
///
/// # Errors
/// When a subscription is called so, or the store fails.
pub async fn free_subscription(
    tx: &mut Tx<'_>,
    field: &str,
    name: Option<&str>,
) -> Result<(), AppError> {
    match name {
        Some(name) => fields::free(field, name, subscription(tx, name).await?.is_some()),
        None => Ok(()),
    }
}

/// A tenant by its short name or GUID.
///
/// # Errors
/// When the store fails.
pub async fn tenant(tx: &mut Tx<'_>, name: &str) -> Result<Option<Tenant>, AppError> {
    any_tenant(tx, name).await
}

/// A tenant by its short name or GUID, which must exist. The name of a partner stands for its program
/// tenant where a tenant is asked for and nothing else has that name.
///
/// # Errors
/// When there is none, or the store fails.
pub async fn the_tenant(tx: &mut Tx<'_>, name: &str) -> Result<Tenant, AppError> {
    if let Some(tenant) = tenant(tx, name).await? {
        return Ok(tenant);
    }
    let account = account(tx, name)
        .await?
        .ok_or_else(|| AppError::missing("customer", name))?;
    tx.get::<Tenant>(&[Value::Id(account.tenant.uuid())])
        .await?
        .ok_or_else(|| AppError::missing("tenant", account.tenant))
}

/// A row that another row refers to, to be changed; its absence is a broken database.
///
/// # Errors
/// When it is not there.
pub async fn by_id<T: Table, K>(tx: &mut Tx<'_>, id: Id<K>) -> Result<T, AppError> {
    seen(tx, id).await.map(Arc::unwrap_or_clone)
}

/// A row that another row refers to, to be looked at.
///
/// # Errors
/// When it is not there.
pub async fn seen<T: Table, K>(tx: &mut Tx<'_>, id: Id<K>) -> Result<Arc<T>, AppError> {
    tx.look::<T>(&[Value::Id(id.uuid())])
        .await?
        .ok_or_else(|| AppError::missing(T::NAME, id))
}

/// An account by its id.
///
/// # Errors
/// When it is not there.
pub async fn account_by_id(tx: &mut Tx<'_>, id: Id<Account>) -> Result<Account, AppError> {
    by_id(tx, id).await
}

/// What a PartnerID, or a name standing for one, refers to.
#[derive(Clone, Debug)]
pub enum Referred {
    /// Nothing.
    Nobody,
    /// A location or global account that no program account is tied to.
    Place(Location),
    /// A program account.
    Account(Box<Account>),
}

/// The location of a PartnerID: by its own name, by the name of the partner tied to it, or by its digits.
///
/// # Errors
/// When there is none, or the store fails.
pub async fn the_place(tx: &mut Tx<'_>, given: &str) -> Result<Location, AppError> {
    if let Some(place) = location(tx, given).await? {
        return Ok(place);
    }
    if let Some(account) = account(tx, given).await?
        && let Some(place) = account.location
    {
        return by_id(tx, place).await;
    }
    let digits = [Value::Text(given.to_owned())];
    let place = tx
        .find::<Location>(tables::locations::BY_PARTNER_ID, &digits)
        .await?
        .pop();
    place.ok_or_else(|| AppError::missing("location", given))
}

/// Resolves a PartnerID: digits, the name of a partner (its associated location) or of a location.
///
/// # Errors
/// When the store fails.
pub async fn partner_id(tx: &mut Tx<'_>, given: &str) -> Result<Referred, AppError> {
    if let Some(account) = account(tx, given).await? {
        return Ok(Referred::Account(Box::new(account)));
    }
    let digits = [Value::Text(given.to_owned())];
    let place = match location(tx, given).await? {
        Some(place) => Some(place),
        None => tx
            .find::<Location>(tables::locations::BY_PARTNER_ID, &digits)
            .await?
            .pop(),
    };
    let Some(place) = place else {
        return Ok(Referred::Nobody);
    };
    let mut tied = tx
        .find::<Account>(tables::accounts::BY_LOCATION, &[Value::Id(place.id.uuid())])
        .await?;
    // Test resellers share a PartnerID; it stands for whoever really has it.
    tied.sort_by_key(|account| account.environment == Environment::Sandbox);
    Ok(tied
        .into_iter()
        .next()
        .map_or(Referred::Place(place), |account| {
            Referred::Account(Box::new(account))
        }))
}

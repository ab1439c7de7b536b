//! From names to rows. A name is a short name of the world, a GUID, or (where a PartnerID is asked for)
//! the digits of one.
//!
//! Commands about the same party take turns. What an act names is locked before it begins; a name may be spelled in other
//! ways, though, and a cart or a subscription does not say whose it is. So whatever is found by a name here is locked
//! as well, by the short name of the party it belongs to: what a decision counts, and every row that it changes, lies
//! behind one of these.

use std::sync::Arc;

use tierline_domain::admin::{AdminRelationship, Group, User};
use tierline_domain::catalog::{Item, Promotion};
use tierline_domain::directory::DirectoryUser;
use tierline_domain::fraud::FraudEvent;
use tierline_domain::id::Id;
use tierline_domain::order::{Cart, Order};
use tierline_domain::partner::{Account, Environment, Location, Organization, Tenant};
use tierline_domain::subscription::{Subscription, Transfer};
use tierline_domain::support::ServiceRequest;
use tierline_store::{Ahead, Lock, Statement, StoreError, Table, Tx, Value, tables};
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

/// The question by which [`named`] begins.
fn first<T: Table>(by_handle: Statement, name: &str) -> Ahead {
    match name.parse::<Uuid>() {
        Ok(id) => Ahead::row::<T>(vec![Value::Id(id)]),
        Err(_) => Ahead::rows::<T>(by_handle, vec![Value::Text(name.to_owned())]),
    }
}

/// What an act will ask first about a row that it names; nothing where it is a party, which is at hand most of the time.
pub(crate) fn ahead(param: &str, name: &str) -> Option<Ahead> {
    match param {
        "cart" => Some(first::<Cart>(tables::carts::BY_HANDLE, name)),
        "order" => Some(first::<Order>(tables::orders::BY_HANDLE, name)),
        "subscription" => Some(first::<Subscription>(
            tables::subscriptions::BY_HANDLE,
            name,
        )),
        _ => None,
    }
}

/// The lock of a party, by its short name.
#[must_use]
pub fn lock(handle: &str) -> Lock {
    Lock::on("name", &handle.to_lowercase())
}

/// Waits for the turn of whoever decides on a party. True where what was read before it has to be read again.
///
/// # Errors
/// When the store fails, or the command has to run again.
pub async fn turn(tx: &mut Tx<'_>, handle: &str) -> Result<bool, StoreError> {
    if tx.takes_turns() {
        tx.rests_on(lock(handle)).await
    } else {
        Ok(false)
    }
}

/// Whose turn it is while somebody decides on a row.
enum Party<'a> {
    /// Nobody's: it is the operator's, and commands only look at it.
    Nobody,
    /// Its own.
    Itself(&'a str),
    /// A partner's.
    Partner(Id<Account>),
    /// A customer's, whoever sells to it.
    Customer(Id<Tenant>),
}

/// A row that is found by its name.
trait Named: Table {
    /// The party it belongs to.
    fn party(&self) -> Party<'_>;
}

macro_rules! parties {
    ($($type:ty => |$row:pat_param| $party:expr;)+) => {$(
        impl Named for $type {
            fn party(&self) -> Party<'_> {
                let $row = self;
                $party
            }
        }
    )+};
}

parties! {
    Organization => |row| Party::Itself(&row.handle);
    Location => |row| Party::Itself(&row.handle);
    Account => |row| Party::Itself(&row.handle);
    Tenant => |row| Party::Itself(&row.handle);
    User => |row| Party::Partner(row.partner);
    Group => |row| Party::Partner(row.partner);
    Item => |_| Party::Nobody;
    Promotion => |_| Party::Nobody;
    DirectoryUser => |row| Party::Customer(row.tenant);
    ServiceRequest => |row| Party::Partner(row.partner);
    FraudEvent => |row| Party::Customer(row.customer);
    Cart => |row| Party::Customer(row.customer);
    Order => |row| Party::Customer(row.customer);
    Subscription => |row| Party::Customer(row.customer);
    Transfer => |row| Party::Customer(row.customer);
    AdminRelationship => |row| Party::Customer(row.customer);
}

/// The row of a name, once it is the turn of whoever asks.
async fn in_turn<T: Named>(
    tx: &mut Tx<'_>,
    by_handle: Statement,
    name: &str,
) -> Result<Option<Arc<T>>, AppError> {
    let found = named::<T>(tx, by_handle, name).await?;
    let Some(row) = found.as_ref().filter(|_| tx.takes_turns()) else {
        return Ok(found);
    };
    let waited = match row.party() {
        Party::Nobody => false,
        Party::Itself(handle) => turn(tx, handle).await?,
        Party::Partner(partner) => {
            let partner = seen::<Account, _>(tx, partner).await?;
            turn(tx, &partner.handle).await?
        }
        Party::Customer(customer) => {
            let customer = seen::<Tenant, _>(tx, customer).await?;
            turn(tx, &customer.handle).await?
        }
    };
    if waited {
        named(tx, by_handle, name).await
    } else {
        Ok(found)
    }
}

macro_rules! finders {
    ($($name:ident, $must:ident, $what:literal, $type:ty, $table:ident;)+) => {$(
        #[doc = concat!("The ", $what, " of a name, if there is one.")]
        ///
        /// # Errors
        /// When the store fails.
        pub async fn $name(tx: &mut Tx<'_>, name: &str) -> Result<Option<$type>, AppError> {
            let row = in_turn(tx, tables::$table::BY_HANDLE, name).await?;
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
    directory_user, the_directory_user, "user", DirectoryUser, directory_users;
    item, the_item, "item", Item, items;
    promotion, the_promotion, "promotion", Promotion, promotions;
    cart, the_cart, "cart", Cart, carts;
    order, the_order, "order", Order, orders;
    subscription, the_subscription, "subscription", Subscription, subscriptions;
    transfer, the_transfer, "transfer", Transfer, transfers;
    admin_relationship, the_admin_relationship, "admin relationship", AdminRelationship, admin_relationships;
    service_request, the_service_request, "service request", ServiceRequest, service_requests;
    fraud_event, the_fraud_event, "fraud event", FraudEvent, fraud_events;
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

/// A cart of a customer whose turn it is already, by its name. One of another's is none, and takes nobody's turn.
///
/// # Errors
/// When the store fails.
pub async fn cart_of(
    tx: &mut Tx<'_>,
    customer: &Tenant,
    name: &str,
) -> Result<Option<Cart>, AppError> {
    let cart = named::<Cart>(tx, tables::carts::BY_HANDLE, name).await?;
    let cart = cart.filter(|cart| cart.customer == customer.id);
    Ok(cart.map(Arc::unwrap_or_clone))
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
    let tenant = by_id::<Tenant, _>(tx, account.tenant).await?;
    if turn(tx, &tenant.handle).await? {
        return by_id(tx, account.tenant).await;
    }
    Ok(tenant)
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
    let Some(account) = tied.into_iter().next() else {
        return Ok(Referred::Place(place));
    };
    let account = if turn(tx, &account.handle).await? {
        account_by_id(tx, account.id).await?
    } else {
        account
    };
    Ok(Referred::Account(Box::new(account)))
}

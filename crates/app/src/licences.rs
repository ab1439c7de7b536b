//! Licences of a customer's users: what there is of them, who uses which, and how they follow a subscription that
//! becomes something else (SUB-029).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tierline_domain::catalog::{Item, ItemKind};
use tierline_domain::directory::{DirectoryUser, Licence, LicenceGroup};
use tierline_domain::id::Id;
use tierline_domain::listing::{Listing, Offer};
use tierline_domain::partner::Tenant;
use tierline_domain::subscription::{Subscription, SubscriptionState};
use tierline_rules::Checkpoint;
use tierline_rules::facts::Facts;
use tierline_store::{Tx, Value, tables};
use uuid::Uuid;

use crate::access;
use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::Ctx;
use crate::directory::{administers, the_user};
use crate::error::AppError;
use crate::names::{self, seen};
use crate::subscription::estate;
use crate::world::named_id;

/// A service that comes with a licence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its id, the same wherever the service comes along.
    pub id: Uuid,
    /// Its name in one word.
    pub name: String,
    /// What it is called.
    pub title: String,
}

/// What comes with a licence of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Who keeps its users.
    pub group: LicenceGroup,
    /// The services.
    pub services: Vec<Service>,
}

impl Terms {
    /// Those of an item. One that stands nowhere in the catalogue comes without services.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn of(tx: &mut Tx<'_>, item: &Item) -> Result<Self, AppError> {
        let key = [Value::Id(item.id.uuid())];
        let about = match tx.look::<Listing>(&key).await? {
            Some(listing) => Some(listing.about.clone()),
            None => tx
                .look::<Offer>(&key)
                .await?
                .map(|offer| offer.about.clone()),
        };
        let about = about.unwrap_or_default();
        let service = |title: String| Service {
            id: named_id::<Service>("service", &title).uuid(),
            name: title
                .to_uppercase()
                .replace(|letter: char| !letter.is_alphanumeric(), "_"),
            title,
        };
        Ok(Self {
            group: about.licence_group,
            services: about.services.into_iter().map(service).collect(),
        })
    }

    /// Services by their ids, each once; the first id that is none.
    fn chosen(&self, ids: &[String]) -> Result<Vec<String>, String> {
        let known = |id: &String| self.services.iter().any(|one| id.parse() == Ok(one.id));
        if let Some(other) = ids.iter().find(|id| !known(id)) {
            return Err(other.clone());
        }
        let named = |one: &&Service| ids.iter().any(|id| id.parse() == Ok(one.id));
        let chosen = self.services.iter().filter(named);
        Ok(chosen.map(|one| one.id.to_string()).collect())
    }
}

/// What a customer holds of an item that is used by licence.
#[derive(Clone, Debug)]
pub struct Stock {
    /// The item.
    pub item: Item,
    /// Who keeps its users, and which services come with it.
    pub terms: Terms,
    /// Units that can be used.
    pub active: i64,
    /// Units of subscriptions past their end, which can be used until they are taken away.
    pub warning: i64,
    /// Units of suspended and disabled subscriptions.
    pub suspended: i64,
    /// Units in use.
    pub in_use: i64,
}

impl Stock {
    /// Units that nobody uses yet. None where seats were given back that are still in use.
    #[must_use]
    pub fn available(&self) -> i64 {
        let usable = self.active.saturating_add(self.warning);
        usable.saturating_sub(self.in_use).max(0)
    }
}

/// Whether an item is used by licence: its users stand in the customer's directory.
const fn is_licensed(kind: ItemKind) -> bool {
    matches!(kind, ItemKind::Licence | ItemKind::AddOn | ItemKind::Trial)
}

/// Units of a subscription by what can be done with them: active, warning, suspended.
fn units(row: &Subscription) -> [i64; 3] {
    match row.state {
        SubscriptionState::Active => [row.quantity, 0, 0],
        SubscriptionState::Expired => [0, row.quantity, 0],
        SubscriptionState::Suspended | SubscriptionState::Disabled => [0, 0, row.quantity],
        SubscriptionState::Deleted => [0; 3],
    }
}

/// What a customer holds, whoever sold it, in the order in which it was bought.
///
/// # Errors
/// When the store fails.
pub async fn stock(tx: &mut Tx<'_>, tenant: &Tenant) -> Result<Vec<Stock>, AppError> {
    let key = [Value::Id(tenant.id.uuid())];
    let in_use = tx.fetch_all::<(Uuid, i64)>(tables::directory::IN_USE, &key);
    let in_use: BTreeMap<Uuid, i64> = in_use.await?.into_iter().collect();
    let mut found: Vec<Stock> = Vec::new();
    for row in estate(tx, tenant).await? {
        let [active, warning, suspended] = units(&row);
        if row.deprovisioned || row.state == SubscriptionState::Deleted {
            continue;
        }
        if let Some(known) = found.iter_mut().find(|known| known.item.id == row.item) {
            known.active = known.active.saturating_add(active);
            known.warning = known.warning.saturating_add(warning);
            known.suspended = known.suspended.saturating_add(suspended);
            continue;
        }
        let item: Item = names::by_id(tx, row.item).await?;
        if is_licensed(item.kind) {
            found.push(Stock {
                terms: Terms::of(tx, &item).await?,
                in_use: in_use.get(&item.id.uuid()).copied().unwrap_or_default(),
                item,
                active,
                warning,
                suspended,
            });
        }
    }
    Ok(found)
}

/// The licences that a user uses, in the order in which it got them.
///
/// # Errors
/// When the store fails.
pub async fn of_user(tx: &mut Tx<'_>, user: Id<DirectoryUser>) -> Result<Vec<Licence>, AppError> {
    let key = [Value::Id(user.uuid())];
    let statement = tables::licences::BY_HOLDER;
    Ok(tx.find::<Licence>(statement, &key).await?)
}

/// A licence to give.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// What it is a licence of.
    pub item: String,
    /// Ids of its services that stay switched off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded: Vec<String>,
}

/// Give licences to a user and take others back, all of them or none.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssignLicences {
    /// The customer.
    pub customer: String,
    /// The user.
    pub user: String,
    /// What it gets; of what it has already, other services may be switched off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assign: Vec<Given>,
    /// What is taken back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<String>,
}

impl AssignLicences {
    async fn change(&self, ctx: &Ctx, tx: &mut Tx<'_>) -> Result<Json, AppError> {
        let tenant = names::the_tenant(tx, &self.customer).await?;
        let user = the_user(tx, &tenant, &self.user).await?;
        if self.assign.is_empty() && self.remove.is_empty() {
            return Err(AppError::invalid("assign", "names no licence"));
        }
        let mut held = of_user(tx, user.id).await?;
        let mut stock = stock(tx, &tenant).await?;
        let mut groups = Vec::new();
        for name in &self.remove {
            let item = names::item(tx, name).await?;
            let place = item.and_then(|item| held.iter().position(|row| row.item == item.id));
            let Some(place) = place else {
                let problem = format!("{name} is no licence of the user");
                return Err(AppError::invalid("remove", problem));
            };
            let row = held.remove(place);
            take(tx, &row).await?;
            let item = seen::<Item, _>(tx, row.item).await?;
            groups.push(Terms::of(tx, &item).await?.group);
            if let Some(known) = stock.iter_mut().find(|known| known.item.id == row.item) {
                known.in_use = known.in_use.saturating_sub(1);
            }
        }
        for given in &self.assign {
            let item = names::item(tx, &given.item).await?;
            let known = item.and_then(|item| stock.iter_mut().find(|one| one.item.id == item.id));
            let Some(known) = known else {
                let problem = format!("the customer has no licences of {}", given.item);
                return Err(AppError::invalid("assign", problem));
            };
            groups.push(known.terms.group);
            let has = held.iter().any(|row| row.item == known.item.id);
            if !has && known.available() == 0 {
                return Err(AppError::NoneLeft {
                    what: "licence",
                    of: known.item.handle.clone(),
                });
            }
            let excluded = known.terms.chosen(&given.excluded).map_err(|unknown| {
                let problem = format!("{unknown} is no service of {}", given.item);
                AppError::invalid("excluded", problem)
            })?;
            let earlier = held.iter().find(|row| row.item == known.item.id);
            let row = Licence {
                holder: user.id,
                item: known.item.id,
                tenant: tenant.id,
                excluded,
                assigned: earlier.map_or(ctx.now, |row| row.assigned),
            };
            tx.put(&row).await?;
            if !has {
                known.in_use = known.in_use.saturating_add(1);
                held.push(row);
            }
        }
        groups.dedup();
        if groups.len() > 1 {
            let problem = "licences of one group at a time are given and taken back";
            return Err(AppError::invalid("assign", problem));
        }
        Ok(json!({ "directory_user": user.id }))
    }
}

administers! {
    AssignLicences => |case, ctx, tx| access::ASSIGN_LICENCES, on access::ORDINARY, case.change(ctx, tx).await;
}

/// Takes a licence from who uses it.
///
/// # Errors
/// When the store fails.
pub(crate) async fn take(tx: &mut Tx<'_>, row: &Licence) -> Result<(), AppError> {
    let key = [Value::Id(row.holder.uuid()), Value::Id(row.item.uuid())];
    tx.delete::<Licence>(&key).await?;
    Ok(())
}

/// What was a subscription of one item is one of another: users follow it, unless other subscriptions of the old item hold
/// licences for them (SUB-029).
///
/// # Errors
/// When the store fails.
pub(crate) async fn follow(
    tx: &mut Tx<'_>,
    customer: Id<Tenant>,
    (from, to): (Id<Item>, Id<Item>),
) -> Result<(), AppError> {
    if from == to {
        return Ok(());
    }
    // What is suspended for good does not keep them.
    let usable = |row: &Subscription| units(row)[..2].iter().sum();
    let (in_use, homeless) = homeless(tx, customer, from, usable).await?;
    for row in in_use.into_iter().take(homeless) {
        take(tx, &row).await?;
        let key = [Value::Id(row.holder.uuid()), Value::Id(to.uuid())];
        if tx.look::<Licence>(&key).await?.is_none() {
            // Its services are others: none of them is switched off.
            tx.insert(&Licence {
                item: to,
                excluded: Vec::new(),
                ..row
            })
            .await?;
        }
    }
    Ok(())
}

/// A subscription of so many seats of an item is there no more, and licences go with it: those that were given last, as far
/// as no other subscription of the item holds them.
///
/// # Errors
/// When the store fails.
pub(crate) async fn lapse(tx: &mut Tx<'_>, gone: &Subscription) -> Result<(), AppError> {
    let held = |row: &Subscription| units(row).iter().sum();
    let (in_use, homeless) = homeless(tx, gone.customer, gone.item, held).await?;
    let lost = homeless.min(count(gone.quantity));
    for row in in_use.iter().rev().take(lost) {
        take(tx, row).await?;
    }
    Ok(())
}

/// Licences of an item in use, in the order in which they were given, and for how many of them a customer's subscriptions
/// have no unit.
async fn homeless(
    tx: &mut Tx<'_>,
    customer: Id<Tenant>,
    item: Id<Item>,
    units: impl Fn(&Subscription) -> i64,
) -> Result<(Vec<Licence>, usize), AppError> {
    let key = [Value::Id(customer.uuid()), Value::Id(item.uuid())];
    let statement = tables::licences::OF_ITEM;
    let in_use = tx.find::<Licence>(statement, &key).await?;
    if in_use.is_empty() {
        return Ok((in_use, 0));
    }
    let tenant: Tenant = names::by_id(tx, customer).await?;
    let rest = estate(tx, &tenant).await?.into_iter();
    let rest = rest.filter(|row| row.item == item && !row.deprovisioned);
    let left = rest.map(|row| units(&row)).sum();
    let homeless = in_use.len().saturating_sub(count(left));
    Ok((in_use, homeless))
}

fn count(number: i64) -> usize {
    usize::try_from(number.max(0)).unwrap_or(usize::MAX)
}

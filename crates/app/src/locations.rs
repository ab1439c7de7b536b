//! Locations and tenants of a company: adding, deleting, tying them to a program account.

use serde::{Deserialize, Serialize};
use tierline_domain::partner::{Account, Location, LocationKind, Organization, Tenant};
use tierline_domain::place::Country;
use tierline_rules::Checkpoint;
use tierline_rules::facts::Facts;
use tierline_store::{Tx, Value, tables};

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::names;
use crate::{facts, fields, world};

/// A location as an answer shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Placed {
    /// Its short name.
    pub location: String,
    /// Its PartnerID.
    pub partner_id: String,
}

impl Placed {
    fn of(place: &Location) -> Self {
        Self {
            location: place.handle.clone(),
            partner_id: place.partner_id.clone(),
        }
    }
}

/// Ties a PartnerID to the account (IDN-008 to IDN-011, IDN-024).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssociateLocation {
    /// The location.
    pub location: String,
}

impl UseCase for AssociateLocation {
    type Out = Placed;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::AssociateLocation
    }

    fn subject(&self) -> String {
        self.location.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        acting.partner()?;
        let mut found = facts::begin(tx, ctx, acting, Checkpoint::AssociateLocation).await?;
        let place = names::the_place(tx, &self.location).await?;
        found.form.place = Some(facts::place(tx, &place).await?);
        Ok(found)
    }

    async fn apply(
        &self,
        _ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Placed, AppError> {
        let mut account = acting.partner()?.clone();
        let place = names::the_place(tx, &self.location).await?;
        account.location = Some(place.id);
        account.version = account.version.saturating_add(1);
        tx.put(&account).await?;
        Ok(Placed::of(&place))
    }
}

/// Ties a tenant to the partner account (IDN-020).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssociateTenant {
    /// The tenant.
    pub tenant: String,
}

/// The account a tenant belongs to: associated, or as its program tenant.
async fn account_of(tx: &mut Tx<'_>, tenant: &Tenant) -> Result<Option<String>, AppError> {
    if let Some(account) = tenant.associated_with {
        return Ok(Some(names::account_by_id(tx, account).await?.handle));
    }
    let users = tx
        .find::<Account>(tables::accounts::BY_TENANT, &[Value::Id(tenant.id.uuid())])
        .await?;
    Ok(users.into_iter().next().map(|account| account.handle))
}

impl UseCase for AssociateTenant {
    type Out = ();

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::AssociateTenant
    }

    fn subject(&self) -> String {
        self.tenant.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        acting.partner()?;
        let mut found = facts::begin(tx, ctx, acting, Checkpoint::AssociateTenant).await?;
        let tenant = names::the_tenant(tx, &self.tenant).await?;
        let account = account_of(tx, &tenant).await?;
        if tenant.organization != acting.partner()?.organization {
            let owner: Organization = names::by_id(tx, tenant.organization).await?;
            found.form.foreign_owner = Some(owner.handle);
        }
        found.form.tenant = Some((tenant.handle, account));
        Ok(found)
    }

    async fn apply(
        &self,
        _ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<(), AppError> {
        let mut tenant = names::the_tenant(tx, &self.tenant).await?;
        tenant.associated_with = Some(acting.partner()?.id);
        Ok(tx.put(&tenant).await?)
    }
}

/// Adds a location (IDN-016).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddLocation {
    /// Where it is.
    pub country: Country,
    /// Whether a genuine business is at the stated address.
    #[serde(default)]
    pub address: Address,
}

/// What verification of an address finds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Address {
    /// A business is there.
    #[default]
    Genuine,
    /// None is.
    Fictitious,
}

/// The name of a new location of an account: by country, numbered where that is taken.
///
/// # Errors
/// When the store fails.
pub async fn new_name(
    tx: &mut Tx<'_>,
    account: &Account,
    country: Country,
) -> Result<String, AppError> {
    let base = format!("LOC-{}-{country}", account.handle);
    let mut number = 1_u32;
    loop {
        let name = if number == 1 {
            base.clone()
        } else {
            format!("{base}-{number}")
        };
        if names::location(tx, &name).await?.is_none() {
            return Ok(name);
        }
        number = number.saturating_add(1);
    }
}

impl UseCase for AddLocation {
    type Out = Placed;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::AddLocation
    }

    fn subject(&self) -> String {
        self.country.to_string()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        acting.partner()?;
        fields::country("country", self.country)?;
        let mut found = facts::begin(tx, ctx, acting, Checkpoint::AddLocation).await?;
        found.form.address_fictitious = self.address == Address::Fictitious;
        Ok(found)
    }

    async fn apply(
        &self,
        _ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Placed, AppError> {
        let account = acting.partner()?;
        let name = new_name(tx, account, self.country).await?;
        let place = world::add_location(tx, &name, account.organization, self.country).await?;
        Ok(Placed::of(&place))
    }
}

/// Deletes a location, or the global account with all of them (IDN-017, IDN-018).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeleteLocation {
    /// The location.
    pub location: String,
}

async fn places_of(tx: &mut Tx<'_>, account: &Account) -> Result<Vec<Location>, AppError> {
    let key = [Value::Id(account.organization.uuid())];
    Ok(tx
        .find::<Location>(tables::locations::BY_ORGANIZATION, &key)
        .await?)
}

/// What keeps a location from being deleted (IDN-018).
async fn blocks(
    tx: &mut Tx<'_>,
    account: &Account,
    place: &Location,
) -> Result<Vec<String>, AppError> {
    if place.organization != account.organization {
        return Ok(vec!["it belongs to another organization".to_owned()]);
    }
    let places = places_of(tx, account).await?;
    let mut found = Vec::new();
    let global = place.kind == LocationKind::Global;
    let concerned: Vec<&Location> = places
        .iter()
        .filter(|other| global || other.id == place.id)
        .collect();
    for concerned in concerned {
        let key = [Value::Id(concerned.id.uuid())];
        for tied in tx
            .find::<Account>(tables::accounts::BY_LOCATION, &key)
            .await?
        {
            found.push(format!(
                "{} is tied to the program account {}",
                concerned.handle, tied.handle
            ));
        }
    }
    let others = places
        .iter()
        .filter(|other| other.kind == LocationKind::Location && other.id != place.id);
    if !global && others.count() == 0 {
        found.push("it is the last location".to_owned());
    }
    if global {
        let key = [Value::Id(account.organization.uuid())];
        let accounts = tx
            .find::<Account>(tables::accounts::BY_ORGANIZATION, &key)
            .await?;
        if accounts.iter().any(|account| account.support_benefit) {
            found.push("benefits are live".to_owned());
        }
    }
    Ok(found)
}

impl UseCase for DeleteLocation {
    type Out = ();

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::DeleteLocation
    }

    fn subject(&self) -> String {
        self.location.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let account = acting.partner()?;
        let mut found = facts::begin(tx, ctx, acting, Checkpoint::DeleteLocation).await?;
        let place = names::the_place(tx, &self.location).await?;
        found.form.deletion_blocks = blocks(tx, account, &place).await?;
        found.form.place = Some(facts::place(tx, &place).await?);
        Ok(found)
    }

    async fn apply(
        &self,
        _ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<(), AppError> {
        let place = names::the_place(tx, &self.location).await?;
        let gone = if place.kind == LocationKind::Global {
            places_of(tx, acting.partner()?).await?
        } else {
            vec![place]
        };
        for place in gone {
            tx.delete::<Location>(&[Value::Id(place.id.uuid())]).await?;
        }
        Ok(())
    }
}

//! Changing an account's profile, one field at a time (IDN-014, IDN-015, IDN-025, IDN-026, SEC-010).

use serde::{Deserialize, Serialize};
use tierline_domain::partner::{Location, LocationKind, LocationState, Organization};
use tierline_domain::place::Country;
use tierline_rules::Checkpoint;
use tierline_rules::facts::Facts;
use tierline_store::{Tx, Value, tables};

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::names::by_id;
use crate::{events, facts, fields};

/// Most letters of a security contact.
const CONTACT_MAX: usize = 250;

/// One field and its new value.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpdateProfile {
    /// Country of the program account.
    Country(Country),
    /// Legal name of the company.
    LegalName(String),
    /// The day on which billing years begin.
    BillingAnniversary(i64),
    /// Country of the global account.
    GlobalAccountCountry(Country),
    /// Who is told about security matters.
    SecurityContact(String),
}

impl UpdateProfile {
    fn field(&self) -> (&'static str, String) {
        match self {
            Self::Country(country) => ("country", country.to_string()),
            Self::LegalName(name) => ("legal_name", name.clone()),
            Self::BillingAnniversary(day) => ("billing_anniversary", day.to_string()),
            Self::GlobalAccountCountry(country) => ("global_account_country", country.to_string()),
            Self::SecurityContact(contact) => ("security_contact", contact.clone()),
        }
    }
}

impl UpdateProfile {
    fn well_formed(&self) -> Result<(), AppError> {
        match self {
            Self::Country(country) => fields::country("country", *country),
            Self::GlobalAccountCountry(country) => {
                fields::country("global_account_country", *country)
            }
            Self::LegalName(name) => fields::text("legal_name", name),
            Self::SecurityContact(contact) => contact_of(contact).map(drop),
            Self::BillingAnniversary(_) => Ok(()),
        }
    }
}

/// A security contact as it is kept.
fn contact_of(given: &str) -> Result<String, AppError> {
    fields::said("security_contact", given, CONTACT_MAX)
}

async fn places(tx: &mut Tx<'_>, organization: &Organization) -> Result<Vec<Location>, AppError> {
    let key = [Value::Id(organization.id.uuid())];
    Ok(tx
        .find::<Location>(tables::locations::BY_ORGANIZATION, &key)
        .await?)
}

impl UseCase for UpdateProfile {
    type Out = ();

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::UpdateProfile
    }

    fn subject(&self) -> String {
        self.field().0.to_owned()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let account = acting.partner()?;
        self.well_formed()?;
        let mut found = facts::begin(tx, ctx, acting, Checkpoint::UpdateProfile).await?;
        let organization: Organization = by_id(tx, account.organization).await?;
        let (field, value) = self.field();
        found.form.profile = Some((field.to_owned(), value));
        found.form.location_countries = places(tx, &organization)
            .await?
            .into_iter()
            .filter(|place| {
                place.kind == LocationKind::Location && place.state == LocationState::Active
            })
            .map(|place| place.country)
            .collect();
        Ok(found)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<(), AppError> {
        let mut account = acting.partner()?.clone();
        match self {
            Self::Country(country) => account.country = *country,
            Self::LegalName(name) => {
                account.legal_name = Some(name.clone());
                // Only what changed is verified again (IDN-026); the account stays as it is meanwhile.
                events::happened(ctx, tx, "verification_restarted", &account.handle).await?;
            }
            Self::BillingAnniversary(_) => {}
            Self::GlobalAccountCountry(country) => {
                let mut organization: Organization = by_id(tx, account.organization).await?;
                organization.headquarters = Some(*country);
                tx.put(&organization).await?;
                for mut place in places(tx, &organization).await? {
                    if place.kind == LocationKind::Global {
                        place.country = *country;
                        tx.put(&place).await?;
                    }
                }
            }
            Self::SecurityContact(contact) => account.security_contact = Some(contact_of(contact)?),
        }
        account.version = account.version.saturating_add(1);
        Ok(tx.put(&account).await?)
    }
}

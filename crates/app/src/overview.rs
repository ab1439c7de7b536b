//! What screens show: each of these is a look at the program as one party may see it, and changes nothing.
//!
//! Who may see what is asked in one place, [`Viewer`]: the operator sees all, a partner what is its own or that of
//! somebody it is related to, a customer its own. What else there is does not exist.

pub mod decisions;
pub mod enrolment;
pub mod home;
pub mod map;
pub mod outlook;
pub mod register;
pub mod rehearsal;
pub mod timeline;

use tierline_domain::customer::{Relationship, RelationshipState};
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::place::Country;
use tierline_domain::subscription::Subscription;
use tierline_domain::time::Date;
use tierline_rules::regions;
use tierline_store::{Tx, Value};

use crate::error::AppError;
use crate::names;

/// Who looks.
#[derive(Clone, Debug)]
pub enum Viewer {
    /// The operator's staff.
    Operator,
    /// A partner.
    Partner(Box<Account>),
    /// A customer.
    Customer(Box<Tenant>),
}

impl Viewer {
    /// The name by which decisions and events know it.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Operator => crate::actor::OPERATOR,
            Self::Partner(account) => &account.handle,
            Self::Customer(tenant) => &tenant.handle,
        }
    }

    /// The customer of a name, where this viewer may know of it: a partner knows those that it serves, and those that
    /// it served.
    ///
    /// # Errors
    /// The one answer for whatever is not there or may not be known.
    pub async fn customer(&self, tx: &mut Tx<'_>, name: &str) -> Result<Tenant, AppError> {
        let unknown = || AppError::missing("customer", name);
        let tenant = names::tenant(tx, name).await?.ok_or_else(unknown)?;
        let may = match self {
            Self::Operator => true,
            Self::Customer(own) => own.id == tenant.id,
            Self::Partner(account) => {
                let key = [Value::Id(account.id.uuid()), Value::Id(tenant.id.uuid())];
                let tie = tx.get::<Relationship>(&key).await?;
                tie.is_some_and(|tie| {
                    matches!(
                        tie.state,
                        RelationshipState::Active | RelationshipState::Removed
                    )
                })
            }
        };
        if may { Ok(tenant) } else { Err(unknown()) }
    }

    /// The subscription of a name, where this viewer sold it, is the reseller of record of it, or bought it.
    ///
    /// # Errors
    /// The one answer for whatever is not there or may not be known.
    pub async fn subscription(
        &self,
        tx: &mut Tx<'_>,
        name: &str,
    ) -> Result<Subscription, AppError> {
        let unknown = || AppError::missing("subscription", name);
        let row = names::subscription(tx, name).await?.ok_or_else(unknown)?;
        let may = match self {
            Self::Operator => true,
            Self::Customer(own) => own.id == row.customer,
            Self::Partner(account) => {
                row.seller == Some(account.id) || row.partner_of_record == Some(account.id)
            }
        };
        if may { Ok(row) } else { Err(unknown()) }
    }
}

/// The name of the region that a country is in on a day.
#[must_use]
pub fn region(country: Country, day: Date) -> Option<String> {
    regions::region_on(country, day).map(|fact| fact.region.to_string())
}

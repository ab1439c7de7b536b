//! The directory of a customer's tenant: its users, who of them holds a role, and which licences they use.

use crate::admin::DirectoryRole;
use crate::catalog::Item;
use crate::id::Id;
use crate::partner::Tenant;
use crate::place::Country;
use crate::time::{Period, Timestamp};
use crate::words;

/// For how many days a user that was deleted can be restored.
pub const RESTORED_WITHIN_DAYS: i32 = 30;

/// A user of a customer. Personal, and never the party to a deal: those are tenants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryUser {
    /// Its id.
    pub id: Id<DirectoryUser>,
    /// Whose user it is.
    pub tenant: Id<Tenant>,
    /// The name to sign in with, `local@domain`, as it was given.
    pub sign_in_name: String,
    /// The same in small letters: no two users share it.
    pub folded: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// The name as lists show it.
    pub display_name: String,
    /// Where it uses what it is licensed for.
    pub usage_location: Country,
    /// Telephone.
    pub phone: Option<String>,
    /// Ties it to the directory where it signs in; users of federated domains have one.
    pub immutable_id: Option<String>,
    /// It has to choose another password when it signs in next.
    pub renews_password: bool,
    /// When it was made.
    pub created: Timestamp,
    /// When it was deleted.
    pub deleted: Option<Timestamp>,
    /// Changes with every write.
    pub version: i64,
}

impl DirectoryUser {
    /// The last instant of deletion of which nothing can be restored any more.
    ///
    /// # Errors
    /// Outside the calendar.
    pub fn gone_before(now: Timestamp) -> Result<Timestamp, crate::time::TimeError> {
        now.minus(Period::days(RESTORED_WITHIN_DAYS))
    }
}

/// A user that holds a role in its own directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoleMember {
    /// The user.
    pub member: Id<DirectoryUser>,
    /// The role.
    pub role: DirectoryRole,
    /// Whose directory it is.
    pub tenant: Id<Tenant>,
}

/// A unit of what a customer subscribed to, in use by one of its users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Licence {
    /// Who uses it.
    pub holder: Id<DirectoryUser>,
    /// What it is a licence of.
    pub item: Id<Item>,
    /// Whose licences they are.
    pub tenant: Id<Tenant>,
    /// Ids of its services that are switched off for this user.
    pub excluded: Vec<String>,
    /// Since when.
    pub assigned: Timestamp,
}

words! {
    /// Who keeps a licence's users. Licences of both are assigned apart.
    #[derive(Default)]
    pub enum LicenceGroup {
        /// The directory itself.
        #[default]
        Group1 = "group1",
        /// A service with users of its own.
        Group2 = "group2",
    }
}

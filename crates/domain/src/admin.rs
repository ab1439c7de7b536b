//! Delegated administration, users and groups (sections 6.2, 6.3 and 12 of the rulebook).

use crate::id::Id;
use crate::partner::{Account, Tenant};
use crate::time::{Date, Timestamp, add_days};
use crate::words;

words! {
    /// States of a granular relationship (GDA-009), with the steps that the operator takes between them. Before the
    /// first of them it is a [`Draft`]. Only what is active gives access.
    pub enum AdminState {
        /// Sent, not answered.
        ApprovalPending = "approval_pending",
        /// Approved.
        Approved = "approved",
        /// Its activation is under way.
        Activating = "activating",
        /// In force.
        Active = "active",
        /// Past its end; the rights are being taken away.
        Expiring = "expiring",
        /// Ended by date.
        Expired = "expired",
        /// A party asked for its end.
        TerminationRequested = "termination_requested",
        /// The rights are being taken away.
        Terminating = "terminating",
        /// Ended by a party.
        Terminated = "terminated",
    }
}

impl AdminState {
    /// It was in force and is no more, or never will be (GDA-017).
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(
            self,
            Self::Expiring
                | Self::Expired
                | Self::TerminationRequested
                | Self::Terminating
                | Self::Terminated
        )
    }
}

words! {
    /// States of the roles that a group is given.
    pub enum AssignmentState {
        /// Given, not yet in force.
        Pending = "pending",
        /// In force.
        Active = "active",
        /// Being taken away; no access any more.
        Deleting = "deleting",
        /// Taken away.
        Deleted = "deleted",
    }
}

words! {
    /// What is asked of a granular relationship.
    pub enum AdminAction {
        /// The partner sends it to the customer.
        LockForApproval = "lock_for_approval",
        /// The customer approves it.
        Approve = "approve",
        /// Either party ends it.
        Terminate = "terminate",
    }
}

words! {
    /// How far something is that takes a while.
    pub enum Progress {
        /// Under way.
        Pending = "pending",
        /// Done.
        Succeeded = "succeeded",
        /// It came to nothing.
        Failed = "failed",
    }
}

words! {
    /// Built-in directory roles the program knows; any other name is a custom role (GDA-005).
    pub enum DirectoryRole {
        /// Reads the directory.
        DirectoryReader = "directory_reader",
        /// Writes the directory.
        DirectoryWriter = "directory_writer",
        /// Assigns licences.
        LicenseAdministrator = "license_administrator",
        /// Opens tickets.
        ServiceSupportAdministrator = "service_support_administrator",
        /// Manages users.
        UserAdministrator = "user_administrator",
        /// Manages role members.
        PrivilegedRoleAdministrator = "privileged_role_administrator",
        /// Resets passwords of ordinary users.
        HelpdeskAdministrator = "helpdesk_administrator",
        /// Resets anyone's credentials.
        PrivilegedAuthenticationAdministrator = "privileged_authentication_administrator",
        /// Reads everything.
        GlobalReader = "global_reader",
        /// Manages cloud applications.
        CloudApplicationAdministrator = "cloud_application_administrator",
        /// Manages applications.
        ApplicationAdministrator = "application_administrator",
        /// May do everything.
        GlobalAdministrator = "global_administrator",
    }
}

words! {
    /// Program roles of partner users, and the membership roles that give no program rights (ROL-002).
    pub enum ProgramRole {
        /// Everything but what needs an agent.
        GlobalAdmin = "global_admin",
        /// Manages users.
        UserManagementAdmin = "user_management_admin",
        /// Invoices and prices.
        BillingAdmin = "billing_admin",
        /// Customers, subscriptions, administration on behalf.
        AdminAgent = "admin_agent",
        /// Customers and sales.
        SalesAgent = "sales_agent",
        /// Support.
        HelpdeskAgent = "helpdesk_agent",
        /// Membership role.
        AccountAdmin = "account_admin",
        /// Membership role.
        PartnerAdmin = "partner_admin",
    }
}

/// Roles of the membership account: they give no program rights (ROL-002).
pub const MEMBERSHIP_ROLES: [&str; 15] = [
    "account_admin",
    "partner_admin",
    "business_profile_admin",
    "benefits_admin",
    "incentives_admin",
    "incentives_user",
    "referrals_admin",
    "referrals_user",
    "marketing_admin",
    "marketing_user",
    "report_viewer",
    "executive_report_viewer",
    "training_admin",
    "developer",
    "guest_user",
];

impl ProgramRole {
    /// The roles that give program rights.
    pub const PROGRAM: [Self; 6] = [
        Self::GlobalAdmin,
        Self::UserManagementAdmin,
        Self::BillingAdmin,
        Self::AdminAgent,
        Self::SalesAgent,
        Self::HelpdeskAgent,
    ];
}

words! {
    /// How a user proved who they are.
    pub enum Mfa {
        /// The platform's own second factor.
        Present = "present",
        /// None.
        None = "none",
        /// A third party's (SEC-004).
        ThirdParty = "third_party",
        /// Skipped by a conditional-access policy (SEC-005).
        SkippedByPolicy = "skipped_by_policy",
    }
}

words! {
    /// A person's account or a service account; both need MFA (SEC-001).
    pub enum UserAccount {
        /// A person.
        Person = "person",
        /// A service.
        Service = "service",
    }
}

/// Granular delegated administration: a customer's grant to one partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminRelationship {
    /// Its id.
    pub id: Id<AdminRelationship>,
    /// Its short name.
    pub handle: String,
    /// The partner.
    pub partner: Id<Account>,
    /// The customer.
    pub customer: Id<Tenant>,
    /// Its name, unique within the partner (GDA-003).
    pub name: String,
    /// Roles granted, in snake case; may hold custom names only while refused.
    pub roles: Vec<String>,
    /// Its state.
    pub state: AdminState,
    /// When it was requested.
    pub requested: Timestamp,
    /// Its last day.
    pub ends: Date,
    /// How many days it was asked for.
    pub days: i64,
    /// Moves its end six months at each expiry (GDA-014).
    pub auto_extend: bool,
    /// Came with the customer (GDA-021).
    pub is_default: bool,
    /// Roles held by a group that contains the partner's default user.
    pub assigned: Vec<String>,
    /// When it came into force; absent before that, and where a world does not say.
    pub activated: Option<Timestamp>,
    /// When it was changed last; absent where it never was.
    pub changed: Option<Timestamp>,
    /// Changes with every write.
    pub version: i64,
}

impl AdminRelationship {
    /// The instant at which it ends: the time of day at which it came into force, on its last day. Where that is
    /// not known, with the end of that day.
    #[must_use]
    pub fn end(&self) -> Timestamp {
        match self.activated {
            Some(at) => {
                let midnight = Timestamp::start_of(at.date()).as_micros();
                let within = at.as_micros().saturating_sub(midnight);
                let last = Timestamp::start_of(self.ends);
                Timestamp::from_micros(last.as_micros().saturating_add(within)).unwrap_or(last)
            }
            None => Timestamp::start_of(add_days(self.ends, 1)),
        }
    }
}

/// A granular relationship that its partner still writes: nobody else knows of it, and everything can be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Its id, which the relationship keeps.
    pub id: Id<AdminRelationship>,
    /// The partner.
    pub partner: Id<Account>,
    /// The customer, once it is named.
    pub customer: Option<Id<Tenant>>,
    /// Its name, unique within the partner (GDA-003).
    pub name: String,
    /// Roles to ask for, in snake case.
    pub roles: Vec<String>,
    /// For how many days.
    pub days: i64,
    /// Moves its end six months at each expiry (GDA-014).
    pub auto_extend: bool,
    /// When it was begun.
    pub created: Timestamp,
    /// When it was changed last.
    pub changed: Timestamp,
    /// Changes with every write.
    pub version: i64,
}

/// Roles of one granular relationship held by one security group (GDA-010). A group holds roles of a relationship
/// once: the group's id names the assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The granular relationship.
    pub admin_relationship: Id<AdminRelationship>,
    /// The group.
    pub security_group: Id<Group>,
    /// Roles it holds.
    pub roles: Vec<String>,
    /// How far that is.
    pub state: AssignmentState,
    /// When it was made; absent where a world does not say.
    pub created: Option<Timestamp>,
    /// When it was changed last.
    pub changed: Option<Timestamp>,
    /// Changes with every write.
    pub version: i64,
}

/// What was asked of a granular relationship, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminRequest {
    /// Its id.
    pub id: Id<AdminRequest>,
    /// The granular relationship.
    pub admin_relationship: Id<AdminRelationship>,
    /// What was asked.
    pub action: AdminAction,
    /// What came of it.
    pub progress: Progress,
    /// When it was asked.
    pub created: Timestamp,
    /// When it got as far as this.
    pub changed: Timestamp,
}

/// A change of a group's roles on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminOperation {
    /// Its id.
    pub id: Id<AdminOperation>,
    /// The granular relationship.
    pub admin_relationship: Id<AdminRelationship>,
    /// The group.
    pub security_group: Id<Group>,
    /// The roles that the group will hold.
    pub roles: Vec<String>,
    /// How far it is.
    pub progress: Progress,
    /// When it was asked for.
    pub created: Timestamp,
    /// When it got as far as this.
    pub changed: Timestamp,
}

/// When a partner last used full delegation over a customer (DAP-005).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DelegationUse {
    /// The partner.
    pub partner: Id<Account>,
    /// The customer.
    pub customer: Id<Tenant>,
    /// When.
    pub used: Timestamp,
}

/// A security group in a partner's tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its id.
    pub id: Id<Group>,
    /// Its short name.
    pub handle: String,
    /// The partner.
    pub partner: Id<Account>,
    /// Names of its members.
    pub members: Vec<String>,
    /// Nested under the admin-agents group (GDA-028).
    pub nested_in_admin_agents: bool,
}

/// A user of a partner's tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its id.
    pub id: Id<User>,
    /// Its short name.
    pub handle: String,
    /// The partner.
    pub partner: Id<Account>,
    /// Its roles, program and membership.
    pub roles: Vec<String>,
    /// How it signs in.
    pub mfa: Mfa,
    /// Person or service.
    pub account: UserAccount,
    /// Handles of tenants in which it is a guest (GDA-024).
    pub guest_in: Vec<String>,
    /// Its mail-like sign-in name.
    pub sign_in_name: String,
}

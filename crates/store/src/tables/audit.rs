//! Audit records: the projection of the change log that partners may query.

use tierline_domain::id::Id;
use tierline_domain::partner::Tenant;
use tierline_domain::time::Timestamp;
use uuid::Uuid;

use crate::engine::Migration;
use crate::log::Outcome;
use crate::statement::Statement;
use crate::value::Json;
use crate::{statements, table};

/// The table of the projection. What a partner asks for is one range of one index, however long the log is.
pub const MIGRATION: Migration = Migration {
    name: "0002_audit",
    sql: "
CREATE TABLE audit_records (
    event {id} NOT NULL, tenant {id} NOT NULL REFERENCES tenants (id), at_world {instant} NOT NULL, operation {text} NOT NULL, resource {text} NOT NULL,
    subject {text} NOT NULL, outcome {text} NOT NULL CHECK (outcome IN ('succeeded','failed')), rule {text}, customer {id}, user_name {text},
    application {text}, correlation {text}, old_value {json}, new_value {json}, PRIMARY KEY (tenant, event)
) {strict};
CREATE INDEX audit_records_at ON audit_records (tenant, at_world, event);
CREATE INDEX audit_records_resource ON audit_records (tenant, resource, at_world, event);
CREATE INDEX audit_records_customer ON audit_records (tenant, customer, at_world, event);
",
};

/// One line of what a partner may read of the change log. Unlike the log itself it can be erased, so the names of
/// users may stand in it.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditRecord {
    /// The event of the change log that it tells of.
    pub event: Uuid,
    /// Whose record it is.
    pub tenant: Id<Tenant>,
    /// When, in the world.
    pub at_world: Timestamp,
    /// What was done, or tried.
    pub operation: String,
    /// The type of what it was done to.
    pub resource: String,
    /// What it was done to.
    pub subject: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The rule that refused it.
    pub rule: Option<String>,
    /// The customer it was about.
    pub customer: Option<Id<Tenant>>,
    /// Who did it.
    pub user_name: Option<String>,
    /// The application through which it was done.
    pub application: Option<String>,
    /// The id by which the caller traces its call.
    pub correlation: Option<String>,
    /// What it was done to, as it was before.
    pub old_value: Option<Json<serde_json::Value>>,
    /// What it was done to, as it was afterwards.
    pub new_value: Option<Json<serde_json::Value>>,
}

table! {
    /// Audit records, newest first.
    audit_records: AuditRecord {
        key { tenant, event }
        columns {
            event, tenant, at_world, operation, resource, subject, outcome, rule, customer, user_name, application, correlation, old_value, new_value
        }
        kept { false }
        finds {
            BEFORE = "WHERE tenant = $1 AND at_world >= $2 AND (at_world, event) < ($3, $4) ORDER BY at_world DESC, event DESC LIMIT $5",
            OF_CUSTOMER_BEFORE = "WHERE tenant = $1 AND customer = $2 AND at_world >= $3 AND (at_world, event) < ($4, $5)
                ORDER BY at_world DESC, event DESC LIMIT $6",
            OF_SUBJECT_BEFORE = "WHERE tenant = $1 AND customer = $2 AND subject = $3 AND (at_world, event) < ($4, $5)
                ORDER BY at_world DESC, event DESC LIMIT $6",
            OF_RESOURCE_BEFORE = "WHERE tenant = $1 AND resource = $2 AND at_world >= $3 AND (at_world, event) < ($4, $5)
                ORDER BY at_world DESC, event DESC LIMIT $6"
        }
    }
}

statements! {
    /// The customers that a partner has, or had, to do with, by their names.
    pub KNOWN_CUSTOMERS = "SELECT tenants.id, organizations.name FROM relationships
        JOIN tenants ON tenants.id = relationships.customer JOIN organizations ON organizations.id = tenants.organization
        WHERE relationships.partner = $1 AND relationships.state IN ('active', 'removed') ORDER BY tenants.id";
}

/// Statements that are no whole rows.
pub const STATEMENTS: &[Statement] = ALL;

//! Granular delegation in time: drafts, what was asked of a relationship, changes on their way, and the use of old
//! full delegation.

use tierline_domain::admin::{AdminOperation, AdminRequest, DelegationUse, Draft};

use crate::engine::Migration;
use crate::table;

/// The tables of delegation in time. A relationship's states grow by those between the ones of before, which both
/// engines can do only with a new column in the place of the old one.
pub const MIGRATION: Migration = Migration {
    name: "0004_delegation",
    sql: "
ALTER TABLE admin_relationships ADD COLUMN stage {text} NOT NULL DEFAULT 'approval_pending' CHECK (stage IN
    ('approval_pending','approved','activating','active','expiring','expired','termination_requested','terminating','terminated'));
UPDATE admin_relationships SET stage = state;
ALTER TABLE admin_relationships DROP COLUMN state;
ALTER TABLE admin_relationships RENAME COLUMN stage TO state;
ALTER TABLE admin_relationships ADD COLUMN activated {instant};
ALTER TABLE admin_relationships ADD COLUMN changed {instant};
ALTER TABLE admin_relationships ADD COLUMN version {int} NOT NULL DEFAULT 1;
CREATE INDEX admin_relationships_customer ON admin_relationships (customer);
ALTER TABLE assignments ADD COLUMN state {text} NOT NULL DEFAULT 'active' CHECK (state IN ('pending','active','deleting','deleted'));
ALTER TABLE assignments ADD COLUMN created {instant};
ALTER TABLE assignments ADD COLUMN changed {instant};
ALTER TABLE assignments ADD COLUMN version {int} NOT NULL DEFAULT 1;
CREATE TABLE admin_drafts (
    id {id} PRIMARY KEY, partner {id} NOT NULL REFERENCES accounts (id), customer {id} REFERENCES tenants (id), name {text} NOT NULL,
    roles {json} NOT NULL, days {int} NOT NULL, auto_extend {bool} NOT NULL, created {instant} NOT NULL, changed {instant} NOT NULL,
    version {int} NOT NULL
) {strict};
CREATE INDEX admin_drafts_partner ON admin_drafts (partner);
CREATE TABLE admin_requests (
    id {id} PRIMARY KEY, admin_relationship {id} NOT NULL REFERENCES admin_relationships (id),
    action {text} NOT NULL CHECK (action IN ('lock_for_approval','approve','terminate')),
    progress {text} NOT NULL CHECK (progress IN ('pending','succeeded','failed')), created {instant} NOT NULL, changed {instant} NOT NULL
) {strict};
CREATE INDEX admin_requests_relationship ON admin_requests (admin_relationship, created);
CREATE TABLE admin_operations (
    id {id} PRIMARY KEY, admin_relationship {id} NOT NULL REFERENCES admin_relationships (id),
    security_group {id} NOT NULL REFERENCES security_groups (id), roles {json} NOT NULL,
    progress {text} NOT NULL CHECK (progress IN ('pending','succeeded','failed')), created {instant} NOT NULL, changed {instant} NOT NULL
) {strict};
CREATE INDEX admin_operations_relationship ON admin_operations (admin_relationship, created);
CREATE TABLE delegation_uses (
    partner {id} NOT NULL REFERENCES accounts (id), customer {id} NOT NULL REFERENCES tenants (id), used {instant} NOT NULL,
    PRIMARY KEY (partner, customer)
) {strict};
",
};

table! {
    /// Granular relationships that their partners still write.
    admin_drafts: Draft {
        key { id }
        columns { id, partner, customer, name, roles, days, auto_extend, created, changed, version }
        finds { BY_PARTNER = "WHERE partner = $1 ORDER BY created, id" }
    }
}
table! {
    /// What was asked of granular relationships.
    admin_requests: AdminRequest {
        key { id }
        columns { id, admin_relationship, action, progress, created, changed }
        finds { BY_RELATIONSHIP = "WHERE admin_relationship = $1 ORDER BY created, id" }
    }
}
table! {
    /// Changes of groups' roles on their way.
    admin_operations: AdminOperation {
        key { id }
        columns { id, admin_relationship, security_group, roles, progress, created, changed }
        finds { BY_RELATIONSHIP = "WHERE admin_relationship = $1 ORDER BY created, id" }
    }
}
table! {
    /// Last uses of full delegation.
    delegation_uses: DelegationUse {
        key { partner, customer }
        columns { partner, customer, used }
        finds { BY_PARTNER = "WHERE partner = $1 ORDER BY used" }
    }
}

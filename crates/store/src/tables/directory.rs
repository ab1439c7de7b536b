//! Directories of customers' tenants: users, members of roles, licences in use.

use tierline_domain::directory::{DirectoryUser, Licence, RoleMember};

use crate::engine::Migration;
use crate::statement::Statement;
use crate::{statements, table};

/// What directories add to the schema.
pub const MIGRATION: Migration = Migration {
    name: "0010_directory",
    sql: "
CREATE TABLE directory_users (
    id {id} PRIMARY KEY, tenant {id} NOT NULL REFERENCES tenants (id), sign_in_name {text} NOT NULL, folded {text} NOT NULL UNIQUE,
    first_name {text} NOT NULL, last_name {text} NOT NULL, display_name {text} NOT NULL, usage_location {text} NOT NULL, phone {text},
    immutable_id {text}, renews_password {bool} NOT NULL, created {instant} NOT NULL, deleted {instant}, version {int} NOT NULL
) {strict};
CREATE INDEX directory_users_tenant ON directory_users (tenant, folded);
CREATE TABLE role_members (
    member {id} NOT NULL REFERENCES directory_users (id), role {text} NOT NULL, tenant {id} NOT NULL REFERENCES tenants (id),
    PRIMARY KEY (member, role)
) {strict};
CREATE INDEX role_members_role ON role_members (tenant, role, member);
CREATE TABLE licences (
    holder {id} NOT NULL REFERENCES directory_users (id), item {id} NOT NULL REFERENCES items (id),
    tenant {id} NOT NULL REFERENCES tenants (id), excluded {json} NOT NULL, assigned {instant} NOT NULL, PRIMARY KEY (holder, item)
) {strict};
CREATE INDEX licences_item ON licences (tenant, item);
",
};

table! {
    /// Users of customers.
    directory_users: DirectoryUser {
        key { id }
        columns {
            id, tenant, sign_in_name, folded, first_name, last_name, display_name, usage_location, phone, immutable_id, renews_password,
            created, deleted, version
        }
        finds {
            BY_HANDLE = "WHERE folded = $1",
            OF_TENANT = "WHERE tenant = $1 ORDER BY folded",
            BY_SIGN_IN_NAME = "WHERE tenant = $1 AND deleted IS NULL ORDER BY folded LIMIT $2 OFFSET $3",
            BY_SIGN_IN_NAME_LAST_FIRST = "WHERE tenant = $1 AND deleted IS NULL ORDER BY folded DESC LIMIT $2 OFFSET $3",
            BY_DISPLAY_NAME = "WHERE tenant = $1 AND deleted IS NULL ORDER BY lower(display_name), folded LIMIT $2 OFFSET $3",
            BY_DISPLAY_NAME_LAST_FIRST = "WHERE tenant = $1 AND deleted IS NULL \
                                          ORDER BY lower(display_name) DESC, folded DESC LIMIT $2 OFFSET $3",
            DELETED = "WHERE tenant = $1 AND deleted > $2 ORDER BY folded LIMIT $3 OFFSET $4",
            IN_ROLE = "WHERE deleted IS NULL AND id IN (SELECT member FROM role_members WHERE tenant = $1 AND role = $2) \
                       ORDER BY folded LIMIT $3 OFFSET $4"
        }
    }
}
table! {
    /// Who holds which role in its directory.
    role_members: RoleMember {
        key { member, role }
        columns { member, role, tenant }
        finds { BY_MEMBER = "WHERE member = $1 ORDER BY role" }
    }
}
table! {
    /// Licences in use.
    licences: Licence {
        key { holder, item }
        columns { holder, item, tenant, excluded, assigned }
        finds {
            BY_HOLDER = "WHERE holder = $1 ORDER BY assigned, item",
            OF_ITEM = "WHERE tenant = $1 AND item = $2 ORDER BY assigned, holder"
        }
    }
}
statements! {
    /// How many licences of each item a customer's users use.
    pub IN_USE = "SELECT item, COUNT(*) FROM licences WHERE tenant = $1 GROUP BY item ORDER BY item";
}

/// Every statement of directories.
pub const STATEMENTS: &[&[Statement]] = &[
    directory_users::STATEMENTS,
    role_members::STATEMENTS,
    licences::STATEMENTS,
    ALL,
];

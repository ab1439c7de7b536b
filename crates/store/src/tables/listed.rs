//! Names by which lists are sorted, beside the key by which they are paged: a page is then a range of an index.

use tierline_domain::customer::RelationshipState;
use tierline_domain::id::Id;
use tierline_domain::partner::{Account, Tenant};

use crate::engine::Migration;
use crate::table;

/// A partner's customers stand in its list by the company's name; who has not accepted, or not yet, by its short name.
pub const MIGRATION: Migration = Migration {
    name: "0008_screens",
    sql: "
CREATE TABLE listed_customers (
    partner {id} NOT NULL REFERENCES accounts (id), customer {id} NOT NULL REFERENCES tenants (id), folded {text} NOT NULL,
    PRIMARY KEY (partner, customer)
) {strict};
CREATE INDEX listed_customers_name ON listed_customers (partner, folded, customer);
INSERT INTO listed_customers SELECT r.partner, r.customer,
    CASE WHEN r.state IN ('active', 'removed') THEN COALESCE(c.folded, lower(o.name)) ELSE lower(t.handle) END
    FROM relationships r JOIN tenants t ON t.id = r.customer JOIN organizations o ON o.id = t.organization
    LEFT JOIN contacts c ON c.tenant = t.id;
",
};

/// All customers, as the operator lists them: by the company's name.
pub const OF_ALL: Migration = Migration {
    name: "0009_looks",
    sql: "
CREATE TABLE known_customers (
    customer {id} PRIMARY KEY REFERENCES tenants (id), folded {text} NOT NULL
) {strict};
CREATE INDEX known_customers_name ON known_customers (folded, customer);
INSERT INTO known_customers SELECT k.tenant, COALESCE(c.folded, lower(o.name))
    FROM customers k JOIN tenants t ON t.id = k.tenant JOIN organizations o ON o.id = t.organization
    LEFT JOIN contacts c ON c.tenant = t.id;
",
};

/// Whether the partner of a relationship may know more of the customer than its short name.
#[must_use]
pub const fn is_known(state: RelationshipState) -> bool {
    matches!(
        state,
        RelationshipState::Active | RelationshipState::Removed
    )
}

/// Where a customer stands in a partner's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Whose list.
    pub partner: Id<Account>,
    /// The customer.
    pub customer: Id<Tenant>,
    /// The name as the list is sorted by it, folded.
    pub folded: String,
}

table! {
    /// Partners' lists of customers.
    listed_customers: Listed {
        key { partner, customer }
        columns { partner, customer, folded }
        finds { BY_CUSTOMER = "WHERE customer = $1 ORDER BY partner" }
    }
}

/// Where a customer stands in the operator's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The customer.
    pub customer: Id<Tenant>,
    /// The name as the list is sorted by it, folded.
    pub folded: String,
}

table! {
    /// The operator's list of customers.
    known_customers: Known {
        key { customer }
        columns { customer, folded }
        finds {}
    }
}

//! What parties write to each other, and what partners say of their support.

use tierline_domain::notice::{Notice, SupportOffer};

use crate::engine::Migration;
use crate::statement::Statement;
use crate::{statements, table};

/// What notices add to the schema.
pub const MIGRATION: Migration = Migration {
    name: "0013_notices",
    sql: "
CREATE TABLE notices (
    id {id} PRIMARY KEY, topic {text} NOT NULL, author {id} REFERENCES accounts (id), account {id} REFERENCES accounts (id),
    customer {id} REFERENCES tenants (id), about {text} NOT NULL, happened {text} NOT NULL, text {text} NOT NULL,
    at {instant} NOT NULL, read_at {instant}, CHECK ((account IS NULL) <> (customer IS NULL))
) {strict};
CREATE INDEX notices_account ON notices (account, at DESC, id DESC);
CREATE INDEX notices_customer ON notices (customer, at DESC, id DESC);
CREATE INDEX notices_author ON notices (author, at DESC, id DESC);
CREATE INDEX notices_of_operator ON notices (at DESC, id DESC) WHERE author IS NULL;
CREATE INDEX notices_unread_account ON notices (account, at, id) WHERE read_at IS NULL;
CREATE INDEX notices_unread_customer ON notices (customer, at, id) WHERE read_at IS NULL;
CREATE TABLE support_offers (
    partner {id} PRIMARY KEY REFERENCES accounts (id), scope {text} NOT NULL, hours {text} NOT NULL, contact {text} NOT NULL,
    price {text} NOT NULL, provided_by {text} NOT NULL, since {instant} NOT NULL
) {strict};
",
};

table! {
    /// Notices. Where a statement takes a yes or no, yes leaves out what was read.
    notices: Notice {
        key { id }
        columns { id, topic, author, account, customer, about, happened, text, at, read_at }
        finds {
            TO_ACCOUNT = "WHERE account = $1 AND (NOT $2 OR read_at IS NULL) AND (at, id) < ($3, $4) ORDER BY at DESC, id DESC LIMIT $5",
            TO_CUSTOMER = "WHERE customer = $1 AND (NOT $2 OR read_at IS NULL) AND (at, id) < ($3, $4) ORDER BY at DESC, id DESC LIMIT $5",
            BY_ACCOUNT = "WHERE author = $1 AND (NOT $2 OR read_at IS NULL) AND (at, id) < ($3, $4) ORDER BY at DESC, id DESC LIMIT $5",
            BY_OPERATOR = "WHERE author IS NULL AND (NOT $1 OR read_at IS NULL) AND (at, id) < ($2, $3) ORDER BY at DESC, id DESC LIMIT $4"
        }
    }
}
table! {
    /// What partners say of their support.
    support_offers: SupportOffer {
        key { partner }
        columns { partner, scope, hours, contact, price, provided_by, since }
        finds { EVERY = "ORDER BY partner" }
    }
}

statements! {
    /// Marks what was written to a partner as read.
    pub READ_OF_ACCOUNT = "UPDATE notices SET read_at = $1 WHERE account = $2 AND read_at IS NULL";
    /// Forgets what was written to a customer.
    pub FORGET_OF_CUSTOMER = "DELETE FROM notices WHERE customer = $1";
    /// Marks what was written to a customer as read.
    pub READ_OF_CUSTOMER = "UPDATE notices SET read_at = $1 WHERE customer = $2 AND read_at IS NULL";
}

/// Every statement of notices.
pub const STATEMENTS: &[&[Statement]] = &[notices::STATEMENTS, support_offers::STATEMENTS, ALL];

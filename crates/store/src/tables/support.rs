//! Requests for support and what was written to them.

use tierline_domain::support::{ServiceNote, ServiceRequest};

use crate::engine::Migration;
use crate::statement::Statement;
use crate::{statements, table};

/// What support adds to the schema.
pub const MIGRATION: Migration = Migration {
    name: "0011_support",
    sql: "
CREATE TABLE service_requests (
    id {id} PRIMARY KEY, handle {text} NOT NULL UNIQUE, partner {id} NOT NULL REFERENCES accounts (id), customer {id} REFERENCES tenants (id),
    subscription {id} REFERENCES subscriptions (id), item {id} REFERENCES items (id), topic {text} NOT NULL, about {text} NOT NULL,
    title {text} NOT NULL, description {text} NOT NULL, severity {text} NOT NULL CHECK (severity IN ('critical','moderate','minimal')),
    status {text} NOT NULL CHECK (status IN ('open','attention_needed','closed')), locale {text} NOT NULL, contact {json} NOT NULL,
    opened_by {text} NOT NULL, updated_by {json}, opened {instant} NOT NULL, modified {instant} NOT NULL, closed {instant},
    due {instant} NOT NULL, answered {instant}, version {int} NOT NULL
) {strict};
CREATE INDEX service_requests_partner ON service_requests (partner, opened DESC, id DESC);
CREATE INDEX service_requests_opened ON service_requests (opened DESC, id DESC);
CREATE INDEX service_requests_customer ON service_requests (customer, partner, opened DESC, id DESC);
CREATE INDEX service_requests_due ON service_requests (due, id) WHERE status = 'open';
CREATE INDEX service_requests_waiting ON service_requests (partner, modified, id) WHERE status = 'attention_needed';
CREATE TABLE service_notes (
    request {id} NOT NULL REFERENCES service_requests (id), position {int} NOT NULL, author {text} NOT NULL, by_operator {bool} NOT NULL,
    created {instant} NOT NULL, text {text} NOT NULL, PRIMARY KEY (request, position)
) {strict};
",
};

table! {
    /// Requests for support. Where a statement takes two values for the opener, the first says that everybody's are meant;
    /// an empty status or severity is any, and `unanswered` those that wait for their first answer.
    service_requests: ServiceRequest {
        key { id }
        columns {
            id, handle, partner, customer, subscription, item, topic, about, title, description, severity, status, locale, contact,
            opened_by, updated_by, opened, modified, closed, due, answered, version
        }
        finds {
            BY_HANDLE = "WHERE handle = $1",
            OF_PARTNER = "WHERE partner = $1 AND ($2 OR opened_by = $3) AND ($4 = '' OR status = $4) AND ($5 = '' OR severity = $5) \
                          ORDER BY opened DESC, id DESC LIMIT $6 OFFSET $7",
            FIRST_OF_NOBODY = "WHERE partner = $1 AND topic = $2 AND customer IS NULL ORDER BY opened, id LIMIT 1",
            FIRST_OF_TOPIC = "WHERE customer = $1 AND topic = $2 ORDER BY opened, id LIMIT 1",
            OF_CUSTOMER = "WHERE partner = $1 AND ($2 OR opened_by = $3) AND customer = $4 ORDER BY opened DESC, id DESC \
                           LIMIT $5 OFFSET $6",
            OF_BEFORE = "WHERE partner = $1 AND ($2 OR opened_by = $3) \
                         AND ($4 = '' OR status = $4 OR ($4 = 'unanswered' AND status <> 'closed' AND answered IS NULL)) \
                         AND (opened, id) < ($5, $6) ORDER BY opened DESC, id DESC LIMIT $7",
            BEFORE = "WHERE ($1 = '' OR status = $1 OR ($1 = 'unanswered' AND status <> 'closed' AND answered IS NULL)) \
                      AND (opened, id) < ($2, $3) ORDER BY opened DESC, id DESC LIMIT $4"
        }
    }
}
table! {
    /// What was written to requests for support.
    service_notes: ServiceNote {
        key { request, position }
        columns { request, position, author, by_operator, created, text }
        finds { OF_REQUEST = "WHERE request = $1 ORDER BY position" }
    }
}

statements! {
    /// The place of the last note of a request; 0 where it has none.
    pub LAST_NOTE = "SELECT COALESCE(MAX(position), 0) FROM service_notes WHERE request = $1";
}

/// Every statement of support.
pub const STATEMENTS: &[&[Statement]] =
    &[service_requests::STATEMENTS, service_notes::STATEMENTS, ALL];

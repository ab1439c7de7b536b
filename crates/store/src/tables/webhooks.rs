//! Webhooks: who wants to hear of what, the outbox of what is to be told, and how the telling went.

use tierline_domain::id::Id;
use tierline_domain::partner::Tenant;
use tierline_domain::time::Timestamp;
use uuid::Uuid;

use crate::engine::Migration;
use crate::statement::Statement;
use crate::{statements, table};

/// The tables of webhooks.
pub const MIGRATION: Migration = Migration {
    name: "0002_webhooks",
    sql: "
CREATE TABLE webhook_registrations (
    tenant {id} PRIMARY KEY REFERENCES tenants (id), subscriber {id} NOT NULL UNIQUE, url {text} NOT NULL, events {json} NOT NULL,
    own_header {bool} NOT NULL, registered {instant} NOT NULL, version {int} NOT NULL
) {strict};
CREATE TABLE webhook_deliveries (
    id {id} PRIMARY KEY, tenant {id} NOT NULL REFERENCES tenants (id), event_name {text} NOT NULL, resource_path {text}, audit {id},
    changed {instant} NOT NULL, url {text} NOT NULL, created {instant} NOT NULL,
    state {text} NOT NULL CHECK (state IN ('waiting','delivered','parked')), attempts {int} NOT NULL, due {instant} NOT NULL,
    claimed_until {instant} NOT NULL, claimed_by {id}, ended {instant}
) {strict};
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (due, id) WHERE state = 'waiting';
CREATE INDEX webhook_deliveries_tenant ON webhook_deliveries (tenant, created, id);
CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (ended) WHERE state = 'delivered';
CREATE TABLE webhook_attempts (
    delivery {id} NOT NULL REFERENCES webhook_deliveries (id), number {int} NOT NULL, at_server {instant} NOT NULL, code {text} NOT NULL,
    message {text} NOT NULL, system_error {bool} NOT NULL, PRIMARY KEY (delivery, number)
) {strict};
CREATE TABLE webhook_certificates (
    id {text} PRIMARY KEY, der {bytes} NOT NULL, made {instant} NOT NULL
) {strict};
",
};

/// Where a partner wants to hear of which events: one a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The partner's tenant.
    pub tenant: Id<Tenant>,
    /// The id of the registration.
    pub subscriber: Uuid,
    /// Where to.
    pub url: String,
    /// Of what.
    pub events: crate::value::Json<Vec<String>>,
    /// The signature goes into a header of its own.
    pub own_header: bool,
    /// When it was made.
    pub registered: Timestamp,
    /// Changes with every write.
    pub version: i64,
}

table! {
    /// Registrations.
    webhook_registrations: Registration {
        key { tenant }
        columns { tenant, subscriber, url, events, own_header, registered, version }
        finds { EVERY = "ORDER BY tenant" }
    }
}

/// One event to be told to one partner: a row of the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its id, the same at every attempt.
    pub id: Uuid,
    /// The partner's tenant.
    pub tenant: Id<Tenant>,
    /// What happened.
    pub event_name: String,
    /// Where to read more, below the server's root.
    pub resource_path: Option<String>,
    /// The audit record that tells of it.
    pub audit: Option<Uuid>,
    /// When it happened, in the world.
    pub changed: Timestamp,
    /// Where it goes, or went last.
    pub url: String,
    /// When it was put here, by the server's clock.
    pub created: Timestamp,
    /// `waiting`, `delivered` or `parked`.
    pub state: String,
    /// How often it was tried since it was put here, or replayed.
    pub attempts: i64,
    /// When it is tried next.
    pub due: Timestamp,
    /// Until when whoever claimed it may try.
    pub claimed_until: Timestamp,
    /// Who claimed it.
    pub claimed_by: Option<Uuid>,
    /// When it was delivered or parked.
    pub ended: Option<Timestamp>,
}

table! {
    /// The outbox.
    webhook_deliveries: Delivery {
        key { id }
        columns {
            id, tenant, event_name, resource_path, audit, changed, url, created, state, attempts, due, claimed_until, claimed_by, ended
        }
        finds {
            DUE = "WHERE state = 'waiting' AND due <= $1 AND claimed_until <= $1 ORDER BY due, id LIMIT $2",
            OF_TENANT = "WHERE tenant = $1 AND (created, id) < ($2, $3) ORDER BY created DESC, id DESC LIMIT $4",
            OF_TENANT_IN_STATE = "WHERE tenant = $1 AND state = $2 AND (created, id) < ($3, $4) ORDER BY created DESC, id DESC LIMIT $5",
            NEWEST = "ORDER BY created DESC, id DESC LIMIT $1",
            NEWEST_IN_STATE = "WHERE state = $1 ORDER BY created DESC, id DESC LIMIT $2",
            SINCE = "WHERE tenant = $1 AND created > $2 AND event_name = $3 ORDER BY created, id"
        }
    }
}

/// One attempt to deliver, and how it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// What was tried.
    pub delivery: Uuid,
    /// Which attempt it was, counted through replays.
    pub number: i64,
    /// When it ended, by the server's clock.
    pub at_server: Timestamp,
    /// The name of the answer's status, or of what went wrong.
    pub code: String,
    /// More of it.
    pub message: String,
    /// There was no answer at all.
    pub system_error: bool,
}

table! {
    /// Attempts.
    webhook_attempts: Attempt {
        key { delivery, number }
        columns { delivery, number, at_server, code, message, system_error }
        finds { OF_DELIVERY = "WHERE delivery = $1 ORDER BY number" }
    }
}

/// The public half of a key that signs deliveries. The private one is in a file of the server that made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// A short name: the start of its digest.
    pub id: String,
    /// The certificate in DER form.
    pub der: Vec<u8>,
    /// When it was made.
    pub made: Timestamp,
}

table! {
    /// Certificates.
    webhook_certificates: Certificate {
        key { id }
        columns { id, der, made }
        finds {}
    }
}

statements! {
    /// Claims a delivery. The conditions stand here as well as in the search that found it, or two workers that
    /// found the same row would both have it.
    pub CLAIM = "UPDATE webhook_deliveries SET claimed_until = $1, claimed_by = $2
        WHERE id = $3 AND state = 'waiting' AND due <= $4 AND claimed_until <= $4";
    /// Writes how an attempt left a delivery, if it is still this worker's.
    pub SETTLE = "UPDATE webhook_deliveries SET state = $1, attempts = $2, due = $3, ended = $4, url = $5, claimed_until = $6, claimed_by = NULL
        WHERE id = $7 AND claimed_by = $8";
    /// Forgets attempts of what was delivered long ago.
    pub FORGET_ATTEMPTS = "DELETE FROM webhook_attempts WHERE delivery IN
        (SELECT id FROM webhook_deliveries WHERE state = 'delivered' AND ended < $1)";
    /// Forgets what was delivered long ago.
    pub FORGET = "DELETE FROM webhook_deliveries WHERE state = 'delivered' AND ended < $1";
}

/// Statements that are no whole rows.
pub const STATEMENTS: &[Statement] = ALL;

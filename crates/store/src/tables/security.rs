//! Alerts of fraud, and how many calls came with a second factor.

use tierline_domain::fraud::FraudEvent;
use tierline_domain::time::Date;
use uuid::Uuid;

use crate::engine::Migration;
use crate::statement::Statement;
use crate::{statements, table};

/// What security adds to the schema.
pub const MIGRATION: Migration = Migration {
    name: "0012_security",
    sql: "
CREATE TABLE fraud_events (
    id {id} PRIMARY KEY, handle {text} NOT NULL UNIQUE, subscription {id} NOT NULL REFERENCES subscriptions (id),
    customer {id} NOT NULL REFERENCES tenants (id), partner {id} NOT NULL REFERENCES accounts (id), kind {text} NOT NULL,
    severity {text} NOT NULL CHECK (severity IN ('low','medium','high')), confidence {text} NOT NULL CHECK (confidence IN ('low','medium','high')),
    title {text} NOT NULL, description {text} NOT NULL, resource {text} NOT NULL, resource_type {text} NOT NULL, resource_group {text} NOT NULL,
    details {json} NOT NULL, is_test {bool} NOT NULL, hits {int} NOT NULL, first_occurrence {instant} NOT NULL, last_occurrence {instant} NOT NULL,
    first_observed {instant} NOT NULL, last_observed {instant} NOT NULL,
    status {text} NOT NULL CHECK (status IN ('active','investigating','resolved')), reason {text} NOT NULL CHECK (reason IN ('none','fraud','ignore')),
    resolved {instant}, resolved_by {text} NOT NULL, steps {json} NOT NULL, version {int} NOT NULL
) {strict};
CREATE INDEX fraud_events_partner ON fraud_events (partner, last_observed DESC, id DESC);
CREATE INDEX fraud_events_subscription ON fraud_events (subscription, last_observed DESC, id DESC);
CREATE INDEX fraud_events_observed ON fraud_events (last_observed DESC, id DESC);
CREATE INDEX fraud_events_customer ON fraud_events (customer, first_occurrence);
CREATE INDEX fraud_events_active ON fraud_events (partner, first_observed, id) WHERE status = 'active';
CREATE TABLE call_days (
    server {id} NOT NULL, tenant {id} NOT NULL, application {text} NOT NULL, day {day} NOT NULL, calls {int} NOT NULL, with_mfa {int} NOT NULL,
    PRIMARY KEY (server, tenant, application, day)
) {strict};
CREATE INDEX call_days_tenant ON call_days (tenant, day, application);
CREATE INDEX call_days_day ON call_days (day);
",
};

table! {
    /// Alerts of fraud. An empty status or kind is any.
    fraud_events: FraudEvent {
        key { id }
        columns {
            id, handle, subscription, customer, partner, kind, severity, confidence, title, description, resource, resource_type,
            resource_group, details, is_test, hits, first_occurrence, last_occurrence, first_observed, last_observed, status, reason,
            resolved, resolved_by, steps, version
        }
        finds {
            BY_HANDLE = "WHERE handle = $1",
            OF_SUBSCRIPTION = "WHERE subscription = $1 ORDER BY last_observed DESC, id DESC",
            OF_PARTNER = "WHERE partner = $1 AND ($2 = '' OR status = $2) AND ($3 = '' OR kind = $3) \
                          ORDER BY last_observed DESC, id DESC LIMIT $4 OFFSET $5",
            OF_PARTNER_AND_SUBSCRIPTION = "WHERE partner = $1 AND subscription = $2 AND ($3 = '' OR status = $3) AND ($4 = '' OR kind = $4) \
                                           ORDER BY last_observed DESC, id DESC LIMIT $5 OFFSET $6",
            OF_BEFORE = "WHERE partner = $1 AND ($2 = '' OR status = $2) AND (last_observed, id) < ($3, $4) \
                         ORDER BY last_observed DESC, id DESC LIMIT $5",
            OF_RESELLER_BEFORE = "WHERE subscription IN (SELECT s.id FROM subscriptions s WHERE s.partner_of_record = $1 \
                                  AND s.customer IN (SELECT r.customer FROM relationships r WHERE r.partner = $1 AND r.state = 'active')) \
                                  AND ($2 = '' OR status = $2) AND (last_observed, id) < ($3, $4) \
                                  ORDER BY last_observed DESC, id DESC LIMIT $5",
            BEFORE = "WHERE ($1 = '' OR status = $1) AND (last_observed, id) < ($2, $3) ORDER BY last_observed DESC, id DESC LIMIT $4",
            FIRST_USE = "WHERE customer = $1 AND partner = $2 AND NOT is_test AND reason <> 'ignore' ORDER BY first_occurrence LIMIT 1"
        }
    }
}

/// How many calls of one day came for a tenant's users from an application, as one server counted them; those of applications
/// alone are left out (SEC-016).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallDay {
    /// The server that counted: a number of its own each time it starts.
    pub server: Uuid,
    /// The tenant that the tokens were for.
    pub tenant: Uuid,
    /// The application, as the tokens name it.
    pub application: String,
    /// The day, by the server's clock.
    pub day: Date,
    /// All of them.
    pub calls: i64,
    /// Those with a second factor.
    pub with_mfa: i64,
}
table! {
    /// Calls by days.
    call_days: CallDay {
        key { server, tenant, application, day }
        columns { server, tenant, application, day, calls, with_mfa }
        finds { OF_TENANT = "WHERE tenant = $1 AND day >= $2 ORDER BY day, application, server" }
    }
}

statements! {
    /// Forgets days that no report reaches back to.
    pub FORGET_CALLS = "DELETE FROM call_days WHERE day < $1";
    /// Customers of a partner whose users called without a second factor since a day while some of them hold roles: short name,
    /// and how many such calls.
    pub BARE_CUSTOMERS = "SELECT t.handle, CAST(SUM(c.calls - c.with_mfa) AS BIGINT) \
        FROM relationships r JOIN tenants t ON t.id = r.customer JOIN call_days c ON c.tenant = t.id \
        WHERE r.partner = $1 AND r.state = 'active' AND c.day >= $2 \
            AND EXISTS (SELECT 1 FROM role_members m JOIN directory_users u ON u.id = m.member \
                        WHERE m.tenant = t.id AND u.deleted IS NULL) \
        GROUP BY t.handle HAVING SUM(c.calls - c.with_mfa) > 0 ORDER BY t.handle";
    /// How many users a directory has, and subscriptions that were bought for it.
    pub AT_WORK_IN = "SELECT (SELECT COUNT(*) FROM directory_users WHERE tenant = $1 AND deleted IS NULL) \
        + (SELECT COUNT(*) FROM subscriptions WHERE customer = $1 AND state = 'active')";
}

/// Every statement of security.
pub const STATEMENTS: &[&[Statement]] = &[fraud_events::STATEMENTS, call_days::STATEMENTS, ALL];

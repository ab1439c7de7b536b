//! Consumption: meters and prices, events of usage, what days and months of it cost, and the access that earns credit.
//!
//! Events are many and come in files: they are written many at a time (`Tx::write_all`), past the memo, and the log answers
//! for them by the file's digest.

use tierline_domain::usage::{
    CreditLoss, Meter, MeterPrice, ResourceAccess, UsageCharge, UsageDay, UsageEvent,
    UsageResource, UsageUpload,
};

use crate::engine::Migration;
use crate::statement::Statement;
use crate::{__built, statements, table};

/// Consumption has tables of its own.
pub const MIGRATION: Migration = Migration {
    name: "0006_usage",
    sql: "
CREATE TABLE meters (
    number {int} NOT NULL PRIMARY KEY, handle {text} NOT NULL UNIQUE, name {text} NOT NULL, category {text} NOT NULL, subcategory {text} NOT NULL,
    region {text} NOT NULL, unit {text} NOT NULL, earns {bool} NOT NULL
) {strict};
CREATE TABLE meter_prices (
    meter {int} NOT NULL REFERENCES meters (number), from_day {day} NOT NULL, price {text} NOT NULL, PRIMARY KEY (meter, from_day)
) {strict};
CREATE TABLE usage_uploads (
    id {id} PRIMARY KEY, at {instant} NOT NULL, lines {int} NOT NULL, events {int} NOT NULL, digest {bytes} NOT NULL
) {strict};
CREATE TABLE usage_events (
    id {id} PRIMARY KEY, upload {id} NOT NULL, subscription {id} NOT NULL, meter {int} NOT NULL, at {instant} NOT NULL,
    quantity {text} NOT NULL, cost {text}, resource {id} NOT NULL
) {strict};
CREATE INDEX usage_events_subscription ON usage_events (subscription, at);
CREATE TABLE usage_resources (
    id {id} PRIMARY KEY, subscription {id} NOT NULL, uri {text} NOT NULL, resource_group {text} NOT NULL, location {text} NOT NULL,
    tags {json} NOT NULL
) {strict};
CREATE INDEX usage_resources_subscription ON usage_resources (subscription);
CREATE TABLE usage_days (
    subscription {id} NOT NULL, day {day} NOT NULL, meter {int} NOT NULL, resource {id} NOT NULL, customer {id} NOT NULL,
    quantity {text} NOT NULL, unrated {text} NOT NULL, given {text} NOT NULL, events {int} NOT NULL, changed {instant} NOT NULL,
    list {text} NOT NULL, earning {text} NOT NULL, percent {int} NOT NULL, net {text} NOT NULL, charged_quantity {text} NOT NULL,
    charged_list {text} NOT NULL, charged_net {text} NOT NULL, reserved {int} NOT NULL, rated {instant},
    PRIMARY KEY (subscription, day, meter, resource)
) {strict};
CREATE INDEX usage_days_customer ON usage_days (customer, day);
CREATE TABLE usage_charges (
    charge {id} PRIMARY KEY REFERENCES charges (id), subscription {id} NOT NULL REFERENCES subscriptions (id), month {day} NOT NULL,
    meter {int} NOT NULL REFERENCES meters (number), quantity {text} NOT NULL, list {text} NOT NULL, net {text} NOT NULL, rate {text} NOT NULL,
    amount {text} NOT NULL
) {strict};
CREATE INDEX usage_charges_month ON usage_charges (subscription, month);
CREATE TABLE resource_access (
    partner {id} NOT NULL REFERENCES accounts (id), subscription {id} NOT NULL REFERENCES subscriptions (id), scope {text} NOT NULL,
    effect {text} NOT NULL CHECK (effect IN ('allow','deny')), role {text} NOT NULL CHECK (role IN ('owner','contributor','reader')),
    begins {instant}, ends {instant}, linked {id} REFERENCES locations (id), PRIMARY KEY (partner, subscription, scope, effect)
) {strict};
CREATE INDEX resource_access_subscription ON resource_access (subscription);
CREATE TABLE credit_losses (
    partner {id} NOT NULL REFERENCES accounts (id), from_day {day} NOT NULL, until_day {day}, PRIMARY KEY (partner, from_day)
) {strict};
",
};

table! {
    /// Meters.
    meters: Meter {
        key { number }
        columns { number, handle, name, category, subcategory, region, unit, earns }
        finds { BY_HANDLE = "WHERE handle = $1", EVERY = "ORDER BY number" }
    }
}
table! {
    /// Prices of meters.
    meter_prices: MeterPrice {
        key { meter, from_day }
        columns { meter, from_day, price }
        finds { BY_METER = "WHERE meter = $1 ORDER BY from_day", EVERY = "ORDER BY meter, from_day" }
    }
}
table! {
    /// Files of usage.
    usage_uploads: UsageUpload {
        key { id }
        columns { id, at, lines, events, digest }
        finds { EVERY = "ORDER BY id" }
    }
}
table! {
    /// Events of usage.
    usage_events: UsageEvent {
        key { id }
        columns { id, upload, subscription, meter, at, quantity, cost, resource }
        finds {
            BETWEEN = "WHERE subscription = $1 AND at >= $2 AND at < $3 ORDER BY at, id",
            OF_UPLOAD = "WHERE upload = $1 ORDER BY id"
        }
    }
}
table! {
    /// Resources that usage was reported of.
    usage_resources: UsageResource {
        key { id }
        columns { id, subscription, uri, resource_group, location, tags }
        finds { BY_SUBSCRIPTION = "WHERE subscription = $1 ORDER BY uri, id" }
    }
}
table! {
    /// Days of usage.
    usage_days: UsageDay {
        key { subscription, day, meter, resource }
        columns {
            subscription, day, meter, resource, customer, quantity, unrated, given, events, changed, list, earning, percent, net,
            charged_quantity, charged_list, charged_net, reserved, rated
        }
        finds {
            OF_DAY = "WHERE subscription = $1 AND day = $2 ORDER BY meter, resource",
            BETWEEN = "WHERE subscription = $1 AND day >= $2 AND day <= $3 ORDER BY day, meter, resource",
            OF_METER = "WHERE subscription = $1 AND meter = $2 AND day >= $3 AND day <= $4 ORDER BY day, resource",
            OPEN = "WHERE subscription IN (SELECT id FROM subscriptions WHERE seller = $1) AND (subscription, day, meter, resource) > ($2, $3, $4, $5)
                AND day >= $6 AND day < $7 AND rated IS NOT NULL AND net <> charged_net ORDER BY subscription, day, meter, resource LIMIT $8"
        }
    }
}
table! {
    /// What stands behind charges for consumption.
    usage_charges: UsageCharge {
        key { charge }
        columns { charge, subscription, month, meter, quantity, list, net, rate, amount }
        finds { OF_MONTH = "WHERE subscription = $1 AND month = $2 ORDER BY meter, charge" }
    }
}
table! {
    /// Bounded access to consumption resources.
    resource_access: ResourceAccess {
        key { partner, subscription, scope, effect }
        columns { partner, subscription, scope, effect, role, begins, ends, linked }
        finds { BY_SUBSCRIPTION = "WHERE subscription = $1 ORDER BY partner, scope, effect" }
    }
}
table! {
    /// Partners that lost their credit.
    credit_losses: CreditLoss {
        key { partner, from_day }
        columns { partner, from_day, until_day }
        finds { IN_FORCE = "WHERE partner = $1 AND from_day <= $2 ORDER BY from_day DESC LIMIT 1" }
    }
}

/// How many events [`KNOWN`] looks for at once.
pub const KNOWN_MAX: usize = 250;

/// Writes an event, unless one with its id is there.
pub const ADD_EVENT: Statement = Statement::new(
    "usage_events.ADD_EVENT",
    "INSERT INTO usage_events (id, upload, subscription, meter, at, quantity, cost, resource) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
     ON CONFLICT (id) DO NOTHING",
);

/// Not listed with the others: only its values tell PostgreSQL what types its places have. Gives the events of these ids.
/// A cross join, which SQLite does in the order that is written: it does not know how few are asked for, and would read all events.
pub const KNOWN: Statement = Statement::new(
    "usage_events.KNOWN",
    __built!(rows_of_values(
        "WITH asked (id) AS (VALUES ",
        KNOWN_MAX,
        1,
        ") SELECT e.id, e.upload, e.subscription, e.meter, e.at, e.quantity, e.cost, e.resource FROM asked CROSS JOIN usage_events e WHERE e.id = asked.id"
    )),
);

statements! {
    /// The next free number of a meter.
    pub LAST_METER = "SELECT COALESCE(MAX(number), 0) FROM meters";
    /// Of the days of a customer: what they come to at list price, and when they were rated.
    pub COSTS_OF_CUSTOMER = "SELECT list, rated FROM usage_days WHERE customer = $1 AND day >= $2 AND day <= $3";
}

/// Statements that are no whole rows.
pub const STATEMENTS: &[Statement] = &[ADD_EVENT, LAST_METER, COSTS_OF_CUSTOMER];

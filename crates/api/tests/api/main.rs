//! The wire as clients see it: one server a test, over real HTTP. One program, because linking it is what takes time.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is missing, in its helpers too"
)]

mod agreements;
mod audit;
mod bad_files;
mod bad_input;
mod carts;
mod catalogue;
mod catalogue_offers;
mod common;
mod customer_commands;
mod customer_records;
mod customers;
mod delegation;
mod delegation_sides;
mod directory;
mod error_shape;
mod exports;
mod fidelity;
mod foreign_tokens;
mod health;
mod identity;
mod identity_admin;
mod identity_external;
mod identity_sign_in;
mod invoices;
mod ledger;
mod licences;
mod notices;
mod order_changes;
mod orders;
mod overage;
mod overview;
mod partner_ties;
mod portal;
mod pricing;
mod product_upgrades;
mod profiles;
mod rehearsals;
mod released_clients;
mod request_log;
mod schedule;
mod security;
mod service_requests;
mod subscription_changes;
mod subscription_parts;
mod subscriptions;
mod throttling;
mod tolerant_wire;
mod transfers;
mod transitions;
mod usage;
mod utilities;
mod webhook_delivery;
mod webhooks;
mod worlds;

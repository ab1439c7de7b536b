//! Words and states of a partner program: identifiers, money, time, places, partners, customers,
//! catalogue, orders and subscriptions.
//!
//! This room owns what things are and how they move from state to state. It knows no rule of the
//! program, no database and no clock.
#![warn(
    missing_docs,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing
)]

pub mod address;
pub mod admin;
pub mod billing;
pub mod catalog;
pub mod customer;
pub mod decimal;
pub mod directory;
pub mod export;
pub mod fraud;
pub mod id;
pub mod listing;
pub mod money;
pub mod notice;
pub mod order;
pub mod partner;
pub mod place;
pub mod price_list;
pub mod subscription;
pub mod support;
pub mod time;
pub mod usage;
pub mod vetting;
pub mod words;

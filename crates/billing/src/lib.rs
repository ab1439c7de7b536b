//! Prices, cycles and charges: exact integer arithmetic on plain values.
//!
//! It never sees a rule or a database; `app` carries the values.
#![warn(
    missing_docs,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing
)]

pub mod basis;
pub mod book;
pub mod chain;
pub mod cycle;
pub mod meter;
pub mod prorate;
pub mod traditional;

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "small numbers in a test")]
mod laws;

#[cfg(test)]
#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that reads a table, and prints what it counted"
)]
mod examples;

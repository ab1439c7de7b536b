//! The program's policy: facts in, decision out.
//!
//! Every refusal of the server comes from a rule registered here under the rulebook's id; no other room
//! decides whether a deal may go through. Nothing here does I/O, reads a clock or knows a wire format.
#![warn(clippy::arithmetic_side_effects, clippy::indexing_slicing)]

pub mod book;
pub mod countries;
pub mod decision;
mod english;
#[cfg(test)]
#[expect(
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "a test that counts, and prints what it counted"
)]
mod exhaustion;
pub mod facts;
mod japanese;
pub mod names;
pub mod phrases;
pub mod regions;
pub mod registry;
pub mod rules;

pub use book::{Lang, RuleId};
pub use decision::{Asked, Decision, Verdict, Violation, Wire, decide, trace};
pub use facts::{Checkpoint, Facts};

#[expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "values of tests and benches, every literal of which is checked by running them"
)]
pub mod testing;

//! The wire as clients see it: one server a test, over real HTTP. One program, because linking it is what takes time.

mod bad_input;
mod carts;
mod common;
mod error_shape;
mod fidelity;
mod order_changes;
mod orders;
mod partner_ties;
mod tolerant_wire;

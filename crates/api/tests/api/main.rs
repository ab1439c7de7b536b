//! The wire as clients see it: one server a test, over real HTTP. One program, because linking it is what takes time.

mod agreements;
mod bad_input;
mod common;
mod customers;
mod error_shape;
mod fidelity;
mod partner_ties;
mod profiles;
mod tolerant_wire;
mod utilities;

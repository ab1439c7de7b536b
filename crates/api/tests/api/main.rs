//! The wire as clients see it: one server a test, over real HTTP. One program, because linking it is what takes time.

mod bad_input;
mod catalogue;
mod catalogue_offers;
mod common;
mod error_shape;
mod fidelity;
mod partner_ties;
mod tolerant_wire;

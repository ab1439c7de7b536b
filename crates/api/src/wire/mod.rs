//! Reading the documented wire tolerantly and writing it exactly.

pub mod body;
pub mod catalog;
pub(crate) mod dates;
pub(crate) mod envelope;
pub mod path;
pub(crate) mod query;

//! Reading the documented wire tolerantly and writing it exactly.

pub mod body;
pub mod catalog;
pub(crate) mod customer;
pub mod path;

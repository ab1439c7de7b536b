//! Reading the documented wire tolerantly and writing it exactly.

pub mod body;
pub mod catalog;
pub(crate) mod csv;
pub(crate) mod dates;
pub(crate) mod decimal;
pub(crate) mod envelope;
pub(crate) mod failures;
pub(crate) mod json;
pub(crate) mod multipart;
pub(crate) mod odata;
pub mod path;
pub(crate) mod people;
pub(crate) mod query;
pub(crate) mod roles;
pub(crate) mod seek;
pub mod zip;

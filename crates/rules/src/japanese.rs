//! The Japanese texts of the rulebook, one file a prefix.

/// The files of `program/ja/`.
pub(crate) const FILES: &[&str] = &[];

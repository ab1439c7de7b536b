//! The Japanese texts of the rulebook, one file a prefix.

/// The files of `program/ja/`.
pub(crate) const FILES: &[&str] = &[
    include_str!("../../../program/ja/GEN.toml"),
    include_str!("../../../program/ja/IDN.toml"),
    include_str!("../../../program/ja/ENR.toml"),
    include_str!("../../../program/ja/AGR.toml"),
    include_str!("../../../program/ja/REG.toml"),
    include_str!("../../../program/ja/REL.toml"),
];

/// Prefixes whose texts are not translated yet: their rules answer in English in every language.
#[cfg(test)]
pub(crate) const MISSING: &[&str] = &[
    "CUS", "GDA", "DAP", "TXN", "ORD", "SUB", "TRF", "BIL", "PEC", "SUP", "ROL", "SEC",
];

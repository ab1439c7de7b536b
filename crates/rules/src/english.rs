//! Refusals in full sentences, one file a prefix: the rulebook often has only a note of what a refusal tells, and
//! stays as it is.

/// The files of `program/en/`.
pub(crate) const FILES: &[&str] = &[
    include_str!("../../../program/en/IDN.toml"),
    include_str!("../../../program/en/ENR.toml"),
    include_str!("../../../program/en/AGR.toml"),
    include_str!("../../../program/en/REG.toml"),
    include_str!("../../../program/en/REL.toml"),
    include_str!("../../../program/en/CUS.toml"),
    include_str!("../../../program/en/GDA.toml"),
    include_str!("../../../program/en/DAP.toml"),
    include_str!("../../../program/en/TXN.toml"),
    include_str!("../../../program/en/ORD.toml"),
    include_str!("../../../program/en/SUB.toml"),
    include_str!("../../../program/en/TRF.toml"),
    include_str!("../../../program/en/BIL.toml"),
    include_str!("../../../program/en/SUP.toml"),
    include_str!("../../../program/en/ROL.toml"),
    include_str!("../../../program/en/SEC.toml"),
];

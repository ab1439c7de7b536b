//! The Japanese texts of the rulebook, one file a prefix.

/// The files of `program/ja/`.
pub(crate) const FILES: &[&str] = &[
    include_str!("../../../program/ja/GEN.toml"),
    include_str!("../../../program/ja/IDN.toml"),
    include_str!("../../../program/ja/ENR.toml"),
    include_str!("../../../program/ja/AGR.toml"),
    include_str!("../../../program/ja/REG.toml"),
    include_str!("../../../program/ja/REL.toml"),
    include_str!("../../../program/ja/CUS.toml"),
    include_str!("../../../program/ja/GDA.toml"),
    include_str!("../../../program/ja/DAP.toml"),
    include_str!("../../../program/ja/TXN.toml"),
    include_str!("../../../program/ja/ORD.toml"),
    include_str!("../../../program/ja/SUB.toml"),
    include_str!("../../../program/ja/TRF.toml"),
    include_str!("../../../program/ja/BIL.toml"),
    include_str!("../../../program/ja/PEC.toml"),
    include_str!("../../../program/ja/SUP.toml"),
    include_str!("../../../program/ja/ROL.toml"),
    include_str!("../../../program/ja/SEC.toml"),
];

//! The decisive rules of the program, written a second time as Cedar policies straight from the rulebook,
//! and proofs about them. Nothing here belongs to the product: the crate has tests and no library.
//!
//! `README.md` tells how to read the policies and run the proofs. The modules:
//!
//! - `deal`: one deal reduced to its facts; the only file that a comparison with the server needs to know,
//! - `space`: every deal there is,
//! - `twin`: the policies, and what they say of a deal,
//! - `laws`: sentences that must hold of every deal, as policies too,
//! - `walk`: checks over the whole space,
//! - `prove`: proofs by an SMT solver, for all inputs,
//! - `agree`: the server's rules beside the policies, on every deal,
//! - `cases`: the project's scenario files, one deal each.
#![cfg_attr(
    test,
    expect(
        clippy::missing_panics_doc,
        clippy::must_use_candidate,
        reason = "tests panic where something does not hold, and nobody else calls them"
    )
)]

#[cfg(test)]
pub mod agree;
#[cfg(test)]
pub mod cases;
#[cfg(test)]
pub mod deal;
#[cfg(test)]
pub mod laws;
#[cfg(test)]
pub mod prove;
#[cfg(test)]
pub mod report;
#[cfg(test)]
pub mod space;
#[cfg(test)]
pub mod tables;
#[cfg(test)]
pub mod twin;
#[cfg(test)]
pub mod walk;

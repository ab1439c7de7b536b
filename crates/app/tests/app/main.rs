//! Use cases on both engines and in memory. One program, because linking it is what takes time.

mod catalogue;
mod common;
mod cures;
mod enrolment;
mod japanese;
mod moves;
mod requests;
mod ties;

//! Use cases on both engines and in memory. One program, because linking it is what takes time.

mod altered;
mod billing;
mod billing_kills;
mod catalogue;
mod common;
mod cures;
mod delegation;
mod enrolment;
mod golden_year;
mod japanese;
mod ledger_laws;
mod month_guide;
mod moves;
mod passing_time;
mod price_books;
mod price_lists;
mod racing;
mod random_year;
mod requests;
mod ties;
mod usage;
mod verbs;

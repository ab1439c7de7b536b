//! Use cases: one file each, one flow for all — load facts, decide, apply.
//!
//! This room knows who may act for whom and what follows from an allowed command. It refuses nothing
//! itself, speaks no wire format and opens no socket.

pub mod access;
pub mod accounts;
pub mod act;
pub mod actor;
pub mod admin;
pub mod affiliation;
pub mod agreement;
pub mod app;
pub mod apply;
pub mod ask;
pub mod attempt;
pub mod attest;
pub mod cancel;
pub mod change_quantity;
pub mod charges;
pub mod check;
pub mod clock;
pub mod ctx;
pub mod customer;
pub mod demo;
pub mod desk;
pub mod error;
pub mod events;
pub mod facts;
pub mod fields;
pub mod fixes;
pub mod frequency;
pub mod lifecycle;
pub mod locations;
pub mod lookup;
pub mod merge;
pub mod names;
pub mod new_customer;
pub mod order;
pub mod order_requests;
pub mod partnership;
pub mod profile;
pub mod promotion;
pub mod purchase;
pub mod rating;
pub mod record;
pub mod relationship;
pub mod remedy;
pub mod renewal;
pub mod reveal;
pub mod schedule;
pub mod standing;
pub mod state;
pub mod subscription;
pub mod support_contact;
pub mod suspend;
pub mod transfer;
pub mod transition;
pub mod update_subscription;
pub mod verification;
pub mod verify;
pub mod windows;
pub mod world;

pub use app::App;
pub use ctx::Ctx;
pub use error::AppError;

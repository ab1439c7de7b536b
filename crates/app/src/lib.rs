//! Use cases: one file each, one flow for all — load facts, decide, apply.
//!
//! This room knows who may act for whom and what follows from an allowed command. It refuses nothing
//! itself, speaks no wire format and opens no socket.

pub mod act;
pub mod actor;
pub mod app;
pub mod ask;
pub mod attempt;
pub mod check;
pub mod clock;
pub mod ctx;
pub mod error;
pub mod events;
pub mod facts;
pub mod fixes;
pub mod names;
pub mod order;
pub mod remedy;
pub mod reveal;
pub mod schedule;
pub mod state;
pub mod windows;
pub mod world;

pub use app::App;
pub use ctx::Ctx;
pub use error::AppError;

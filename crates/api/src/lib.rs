//! The wire: the documented partner API, our own endpoints, and the token issuer, on one port.
//!
//! It parses, calls `app` and renders; it decides nothing. What stands around the router (`server.rs`) makes the
//! documented paths tolerant; `/program/v1` is strict.

mod answer;
pub mod auth;
mod call;
mod calls;
pub mod deliver;
pub mod docs;
pub mod effective;
mod exporter;
pub mod fidelity;
pub mod identity;
pub mod openapi;
mod ours;
mod portal;
pub mod problem;
mod recorder;
pub mod render;
mod route;
pub mod routes;
pub mod server;
mod short_names;
pub mod throttle;
pub mod watch;
pub mod wire;
pub mod worlds;

pub use calls::Counting;
pub use deliver::Courier;
pub use exporter::{Exporter, Exporting};
pub use routes::sandbox;
pub use server::{Server, Settings, serve};
pub use watch::Watch;
pub use worlds::Worlds;

//! The only room that speaks SQL: statements, migrations, transactions, and the two engines behind them.
//!
//! It knows nothing of HTTP, permissions or clocks. One text serves SQLite and PostgreSQL; which of the two
//! runs is asked nowhere outside [`engine`].

pub mod chart;
pub mod customers;
pub mod engine;
pub mod error;
pub mod holdings;
pub mod idempotency;
pub mod log;
pub mod overview;
pub mod registers;
pub mod schema;
pub mod statement;
pub mod table;
pub mod tables;
pub mod value;

pub use engine::row::{self, FromRow, Row};
pub use engine::testing;
pub use engine::tx::{self, Tx};
pub use engine::{Ahead, Behind, Command, Db, DbConfig, Derivation, LaneStats, Lock, Migration};
pub use error::StoreError;
pub use statement::Statement;
pub use table::{Sums, Table};
pub use value::{BadValue, Bind, Field, Json, Kind, Seen, Value, Written, v};

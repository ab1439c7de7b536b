//! The only SQL of the house: tables, statements, migrations, and the lanes through which writes go.
//!
//! It knows nothing of HTTP or permissions, and only `engine` asks which database it talks to.

pub mod engine;
pub mod error;
pub mod row;
pub mod schema;
pub mod statement;
pub mod tables;
pub mod value;

pub use engine::{Command, Db, DbConfig, Lock, Migration, Tx};
pub use error::StoreError;
pub use row::{FromRow, Row};
pub use statement::{Statement, Table};
pub use value::{BadValue, Field, Json, Kind, Value};

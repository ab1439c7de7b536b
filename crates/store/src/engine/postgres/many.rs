//! Rows that are written many at a time, and do not wait for the commit.

use std::sync::Arc;

use super::PgSession;
use crate::engine::pending::Batch;
use crate::error::StoreError;
use crate::statement::Statement;
use crate::value::Value;

/// Writes many rows with one statement; answers how many of them it did not leave out.
pub(in crate::engine) async fn execute_many(
    session: &mut PgSession,
    statement: Statement,
    rows: Vec<Vec<Value>>,
) -> Result<u64, StoreError> {
    if rows.is_empty() {
        return Ok(0);
    }
    let connection = session.open()?;
    connection.flush(true).await?;
    connection.has_written = true;
    let batch = Batch::of(statement, rows);
    let many = connection.many(&batch).await?;
    let client = Arc::clone(&connection.client);
    let asked = many.write(&client, &batch.rows);
    let done = connection.after_sent(asked).await;
    connection.answered(statement.name, done).await
}

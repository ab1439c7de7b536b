//! Rows that are written many at a time, and do not wait for the commit.

use std::sync::Arc;

use super::PgSession;
use super::values::Column;
use crate::engine::pending::Batch;
use crate::error::StoreError;
use crate::statement::Statement;
use crate::value::{Kind, Value};

/// Writes many rows with one statement; answers how many of them it did not leave out.
pub(in crate::engine) async fn execute_many(
    session: &mut PgSession,
    statement: Statement,
    rows: Vec<Vec<Value>>,
) -> Result<u64, StoreError> {
    let Some(first) = rows.first() else {
        return Ok(0);
    };
    let kinds: Vec<Kind> = first.iter().map(Value::kind).collect();
    let connection = session.open()?;
    connection.flush(true).await?;
    connection.has_written = true;
    let batch = Batch::of(statement, rows);
    let prepared = connection.many(&batch, &kinds).await?;
    let client = Arc::clone(&connection.client);
    let asked = async {
        let columns = kinds.iter().enumerate().map(|(place, kind)| Column {
            kind: *kind,
            place,
            rows: &batch.rows,
        });
        client.execute_raw(&prepared, columns).await
    };
    let done = connection.after_sent(asked).await;
    connection.answered(statement.name, done).await
}

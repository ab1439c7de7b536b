//! What a group asks at once.

use std::sync::Arc;

use futures_util::TryStreamExt as _;
use futures_util::future::join_all;

use super::PgSession;
use super::values::Param;
use crate::engine::ahead::Ahead;
use crate::error::StoreError;
use crate::row::Row;

impl PgSession {
    /// Asks for what is not at hand, in one go, and keeps the answers for whoever asks later in this transaction.
    pub(in crate::engine) async fn look_ahead(
        &mut self,
        asked: Vec<Ahead>,
    ) -> Result<(), StoreError> {
        let mut unknown: Vec<Ahead> = Vec::new();
        for one in asked {
            if !one.is_known(&self.memo) && !unknown.contains(&one) {
                unknown.push(one);
            }
        }
        // One answer costs the same whenever it is asked for.
        if unknown.len() < 2 {
            return Ok(());
        }
        let connection = self.open()?;
        let mut questions = Vec::with_capacity(unknown.len());
        for one in &unknown {
            let prepared = connection.statement(one.statement, &one.params).await?;
            let client = Arc::clone(&connection.client);
            questions.push(async move {
                let params = one.params.iter().map(Param);
                let rows = client.query_raw(&prepared, params).await?;
                rows.try_collect::<Vec<_>>().await
            });
        }
        let answers = connection.after_sent(join_all(questions)).await;
        for (one, answer) in unknown.iter().zip(answers) {
            let rows = self.open()?.answered(one.statement.name, answer).await?;
            let rows: Vec<Row<'_>> = rows
                .iter()
                .map(|row| Row::postgres(one.statement.name, row))
                .collect();
            one.keep(&mut self.memo, &rows);
        }
        Ok(())
    }
}

//! Questions that a group asks ahead, and that differ in nothing but their parameters: one statement asks them all.

use futures_util::TryStreamExt as _;
use tokio_postgres::Client;

use super::values::{Column, Param};
use super::{Connection, Times};
use crate::engine::ahead::Ahead;
use crate::engine::memo::Memo;
use crate::error::StoreError;
use crate::row::Row;
use crate::statement::Statement;
use crate::value::Value;

/// Such questions, at least one, and each once.
pub(super) struct Together {
    pub(super) statement: Statement,
    questions: Vec<Ahead>,
}

impl Together {
    pub(super) fn of(question: Ahead) -> Self {
        Self {
            statement: question.statement,
            questions: vec![question],
        }
    }

    pub(super) fn is_like(&self, question: &Ahead) -> bool {
        self.questions
            .first()
            .is_some_and(|one| one.is_like(question))
    }

    pub(super) fn add(&mut self, question: Ahead) {
        if !self.questions.contains(&question) {
            self.questions.push(question);
        }
    }

    /// The statement that asks them.
    pub(super) async fn prepare(
        &self,
        connection: &mut Connection,
    ) -> Result<tokio_postgres::Statement, StoreError> {
        let (params, times): (&[Value], _) = match self.questions.as_slice() {
            [one] => (&one.params, Times::Once),
            [one, ..] => (&one.params, Times::Many),
            [] => (&[], Times::Once),
        };
        connection.prepared(self.statement, params, times).await
    }

    pub(super) async fn ask(
        &self,
        client: &Client,
        prepared: &tokio_postgres::Statement,
    ) -> Result<Vec<tokio_postgres::Row>, tokio_postgres::Error> {
        if let [one] = self.questions.as_slice() {
            let params = one.params.iter().map(Param);
            return client
                .query_raw(prepared, params)
                .await?
                .try_collect()
                .await;
        }
        let questions: Vec<&[Value]> = self.questions.iter().map(|one| &*one.params).collect();
        let kinds = questions.first().copied().unwrap_or_default().iter();
        let kinds = kinds.map(Value::kind).enumerate();
        let columns = kinds.map(|(place, kind)| Column {
            kind,
            place,
            questions: &questions,
        });
        client
            .query_raw(prepared, columns)
            .await?
            .try_collect()
            .await
    }

    /// Keeps the answers, of each question its own. Where one cannot be told from another, all are asked again by whoever
    /// needs them.
    pub(super) fn keep(&self, memo: &mut Memo, rows: &[tokio_postgres::Row]) {
        let mut answers: Vec<Vec<Row<'_>>> = Vec::new();
        answers.resize_with(self.questions.len(), Vec::new);
        for row in rows {
            let place = match self.questions.len() {
                1 => Some(1),
                _ => row.try_get::<_, i64>(row.len().saturating_sub(1)).ok(),
            };
            let place = place.and_then(|place| usize::try_from(place.checked_sub(1)?).ok());
            let Some(answers) = place.and_then(|place| answers.get_mut(place)) else {
                return;
            };
            answers.push(Row::postgres(self.statement.name, row));
        }
        for (one, rows) in self.questions.iter().zip(&answers) {
            one.keep(memo, rows);
        }
    }
}

/// A text that asks many times what a statement asks once: it takes a list for each of so many parameters, and gives behind
/// each row the place, counted from one, of the question that it answers. Each question has its own plan, which is the one
/// that it has alone: the server must not read a table whole because several ask it at once.
pub(super) fn text(statement: Statement, params: usize) -> String {
    // What stands between quotes is no parameter.
    let parts = statement.sql.split('\'').enumerate();
    let parts = parts.map(|(place, part)| match place % 2 {
        0 => part.replace('$', "question.p"),
        _ => part.to_owned(),
    });
    let one = parts.collect::<Vec<_>>().join("'");
    let listed = |sign: &str| {
        let names = (1..=params).map(|number| format!("{sign}{number}"));
        names.collect::<Vec<_>>().join(", ")
    };
    format!(
        "SELECT answer.*, question.place FROM unnest({}) WITH ORDINALITY AS question ({}, place) \
         CROSS JOIN LATERAL (SELECT * FROM ({one}) AS one OFFSET 0) AS answer",
        listed("$"),
        listed("p")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_asked_many_times_in_one_text() {
        let one = Statement::new(
            "one",
            "SELECT a FROM t WHERE b = $1 AND c = 'costs $9' AND d < $2",
        );
        assert_eq!(
            text(one, 2),
            "SELECT answer.*, question.place FROM unnest($1, $2) WITH ORDINALITY AS question (p1, p2, place) \
             CROSS JOIN LATERAL (SELECT * FROM (SELECT a FROM t WHERE b = question.p1 AND c = 'costs $9' AND \
             d < question.p2) AS one OFFSET 0) AS answer"
        );
    }
}

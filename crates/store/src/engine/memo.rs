//! Rows that a reader of a file has read and that nobody has changed since.
//!
//! Most of what a decision rests on is the same for many callers: the catalogue, the operator's settings, the
//! accounts of the program and their agreements. SQLite keeps the pages of such rows in memory until somebody
//! commits; this keeps the rows themselves for exactly as long, so that they are not looked up and taken apart
//! for every request. The rows of single customers are left to SQLite: nobody else asks for them.
//!
//! Invariant: a memo is asked inside a transaction only, after it was told the version of the data that this
//! transaction sees. SQLite changes that number whenever another connection has committed, of whatever process,
//! and a reader's connection commits nothing itself.

use std::any::Any;
use std::collections::HashMap;

use crate::statement::Statement;
use crate::value::Value;

/// How many rows are kept, and answers without any. What does not fit pushes everything out: it is read again.
const KEPT_MAX: usize = 2_048;

#[derive(Default)]
pub(super) struct Memo {
    version: Option<i64>,
    /// By statement and parameters: a `Vec` of the rows' type.
    answers: HashMap<&'static str, HashMap<Vec<Value>, Box<dyn Any + Send>>>,
    kept: usize,
}

impl Memo {
    /// Says what the transaction that begins sees.
    pub(super) fn begin(&mut self, version: i64) {
        if self.version != Some(version) {
            self.clear();
            self.version = Some(version);
        }
    }

    /// The rows that a statement gave.
    pub(super) fn rows<T: 'static>(&self, statement: Statement, params: &[Value]) -> Option<&[T]> {
        let answer = self.answers.get(statement.name)?.get(params)?;
        answer.downcast_ref::<Vec<T>>().map(Vec::as_slice)
    }

    /// Keeps the rows that a statement gave.
    pub(super) fn keep<T: Clone + Send + 'static>(
        &mut self,
        statement: Statement,
        params: &[Value],
        rows: &[T],
    ) {
        let size = rows.len().max(1);
        if self.kept.saturating_add(size) > KEPT_MAX {
            self.clear();
        }
        if size <= KEPT_MAX {
            self.kept = self.kept.saturating_add(size);
            let answers = self.answers.entry(statement.name).or_default();
            answers.insert(params.to_vec(), Box::new(rows.to_vec()));
        }
    }

    fn clear(&mut self) {
        self.answers.clear();
        self.kept = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Statement = Statement::new("one", "SELECT 1");

    #[test]
    fn rows_are_kept_until_the_data_changes() {
        let mut memo = Memo::default();
        memo.begin(1);
        assert!(memo.rows::<u8>(ONE, &[]).is_none());
        memo.keep(ONE, &[], &[7_u8]);
        memo.begin(1);
        assert_eq!(memo.rows(ONE, &[]), Some([7_u8].as_slice()));
        assert!(
            memo.rows::<u16>(ONE, &[]).is_none(),
            "they were read as something else"
        );
        assert!(memo.rows::<u8>(ONE, &[Value::Int(1)]).is_none());
        memo.begin(2);
        assert!(memo.rows::<u8>(ONE, &[]).is_none());
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let mut memo = Memo::default();
        memo.begin(1);
        for number in 0_i64.. {
            memo.keep::<u8>(ONE, &[Value::Int(number)], &[]);
            let kept = memo.answers.values().map(HashMap::len).sum::<usize>();
            assert!(kept <= KEPT_MAX);
            if number > 0 && kept == 1 {
                return;
            }
        }
    }
}

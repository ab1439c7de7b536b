//! What commands will ask first. Where every answer costs a round trip, a whole group asks for it at once, and each command
//! finds it in the memo. It changes nothing but the time: what is not asked ahead is asked when it is needed.

use std::sync::Arc;

use super::memo::{Look, Memo};
use crate::row::Row;
use crate::statement::Statement;
use crate::table::{Sums, Table};
use crate::value::Value;

/// A question about rows of one table.
#[derive(Clone, Debug)]
pub struct Ahead {
    pub(super) statement: Statement,
    pub(super) params: Vec<Value>,
    known: fn(&Memo, &Self) -> bool,
    keep: fn(&mut Memo, &Self, &[Row<'_>]),
    /// How the parameters follow from those that stand here, where they do not stand here themselves.
    follow: Option<Follow>,
}

/// From the parameters that stand in a question to those that it will have, by what is at hand.
type Follow = fn(&Memo, &[Value]) -> Option<Vec<Value>>;

/// A row that a name stands for, of which more is asked.
pub trait Behind: Table {
    /// The statement that finds it by its name.
    const BY_NAME: Statement;

    /// What is asked of it: the parameters of the statement that sums up, or the key of the row that belongs to it.
    fn asked(&self) -> Vec<Value>;
}

impl PartialEq for Ahead {
    fn eq(&self, other: &Self) -> bool {
        self.statement == other.statement && self.params == other.params
    }
}

impl Ahead {
    /// What [`Tx::look_for`](super::Tx::look_for) will ask.
    #[must_use]
    pub fn rows<T: Table>(statement: Statement, params: Vec<Value>) -> Self {
        Self {
            statement,
            params,
            known: |memo, asked| {
                let known = memo.answer::<T, Arc<T>>(asked.statement, &asked.params);
                known.is_some()
            },
            keep: |memo, asked, rows| {
                // What cannot be read is asked again by whoever needs it, who says so.
                if let Some(rows) = read::<T>(rows) {
                    memo.keep(asked.statement, &asked.params, &rows.into());
                }
            },
            follow: None,
        }
    }

    /// What [`Tx::sums`](super::Tx::sums) will ask about the row of a name. That row has to be at hand; where it is not,
    /// nothing is asked.
    #[must_use]
    pub fn sums<T, R, N>(statement: Statement, name: &str) -> Self
    where
        T: Table,
        R: Sums<T>,
        N: Behind,
    {
        Self {
            statement,
            params: vec![Value::Text(name.to_owned())],
            known: |memo, asked| {
                let known = memo.answer::<T, R>(asked.statement, &asked.params);
                known.is_some()
            },
            keep: |memo, asked, rows| {
                let rows: Result<Arc<[R]>, _> = rows.iter().map(R::from_row).collect();
                if let Ok(rows) = rows {
                    memo.keep_sums::<T, R>(asked.statement, &asked.params, &rows);
                }
            },
            follow: Some(follow::<N>),
        }
    }

    /// What [`Tx::look`](super::Tx::look) will ask about the row of a name, with the same condition.
    #[must_use]
    pub fn row_of<T: Table, N: Behind>(name: &str) -> Self {
        Self {
            follow: Some(follow::<N>),
            ..Self::row::<T>(vec![Value::Text(name.to_owned())])
        }
    }

    /// With the parameters that it will have; nothing where what they follow from is not at hand.
    pub(super) fn followed(self, memo: &Memo) -> Option<Self> {
        match self.follow {
            None => Some(self),
            Some(follow) => Some(Self {
                params: follow(memo, &self.params)?,
                follow: None,
                ..self
            }),
        }
    }

    /// What [`Tx::look`](super::Tx::look) will ask.
    #[must_use]
    pub fn row<T: Table>(key: Vec<Value>) -> Self {
        Self {
            statement: T::get_sql(),
            params: key,
            known: |memo, asked| !matches!(memo.row::<T>(&asked.params), Look::Unknown),
            keep: |memo, asked, rows| {
                if let Some(rows) = read::<T>(rows) {
                    memo.keep_row(&asked.params, rows.first());
                }
            },
            follow: None,
        }
    }

    /// Whether it asks the same of other parameters.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let kinds = other.params.iter().map(Value::kind);
        self.statement == other.statement && self.params.iter().map(Value::kind).eq(kinds)
    }

    /// Whether the answer is at hand.
    pub(super) fn is_known(&self, memo: &Memo) -> bool {
        (self.known)(memo, self)
    }

    /// Keeps the answer.
    pub(super) fn keep(&self, memo: &mut Memo, rows: &[Row<'_>]) {
        (self.keep)(memo, self, rows);
    }
}

fn follow<N: Behind>(memo: &Memo, name: &[Value]) -> Option<Vec<Value>> {
    let rows = memo.answer::<N, Arc<N>>(N::BY_NAME, name)?;
    Some(rows.last()?.asked())
}

fn read<T: Table>(rows: &[Row<'_>]) -> Option<Vec<Arc<T>>> {
    rows.iter()
        .map(|row| T::from_row(row).ok().map(Arc::new))
        .collect()
}

#[cfg(test)]
mod tests {
    use tierline_domain::partner::Organization;

    use super::*;
    use crate::engine::memo::tests::organization;
    use crate::tables::{Counter, organizations};

    impl Behind for Organization {
        const BY_NAME: Statement = organizations::BY_HANDLE;

        fn asked(&self) -> Vec<Value> {
            vec![Value::Text(self.name.clone())]
        }
    }

    #[test]
    fn a_row_is_asked_of_a_name_where_it_is_known_what_the_name_stands_for() {
        let mut memo = Memo::default();
        memo.begin(1);
        let handle = vec![Value::Text("a".to_owned())];
        let rows = [Arc::new(organization(1, "a", "orders of a"))];
        memo.keep(organizations::BY_HANDLE, &handle, &rows.into());
        let asked = |name| Ahead::row_of::<Counter, Organization>(name).followed(&memo);
        assert!(asked("b").is_none());
        let asked = asked("a").unwrap();
        assert_eq!(asked.statement, Counter::get_sql());
        assert_eq!(asked.params, [Value::Text("orders of a".to_owned())]);
        assert!(!asked.is_known(&memo));
        memo.keep_row::<Counter>(&asked.params, None);
        assert!(asked.is_known(&memo));
    }
}

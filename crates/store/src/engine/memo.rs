//! Rows that a connection has read or written and that nobody has changed since.
//!
//! Most of what a decision rests on is the same for many callers: the catalogue, the operator's settings, the
//! accounts of the program and their agreements. An engine keeps the pages of such rows in memory; this keeps the
//! rows themselves, so that they are not looked up and taken apart again for every command: what a connection has read,
//! and what it wrote.
//!
//! Invariant: a memo is asked inside a transaction only, after it was told which state of the data this transaction
//! sees. What others commit meanwhile, it learns with the next transaction, or with a lock that is taken on the way. A writer's
//! decision does not rest on more than that: what it may not miss, it has locked before it reads it.

use std::any::Any;
use std::cell::Cell;
use std::sync::Arc;

use foldhash::{HashMap, HashMapExt as _};

use super::derived::{Derivation, Derived, Key};
use crate::statement::Statement;
use crate::table::{Sums, Table};
use crate::value::Value;

/// How many rows are kept, and answers without any. What does not fit pushes out what most is kept of: it is read again.
const KEPT_MAX: usize = 4_096;
/// How many of them a transaction may find as it begins: none should push out what it has just written, which it would have to write and
/// to read again.
const FOUND_MAX: usize = KEPT_MAX / 2;

/// A text or a file of more bytes is nothing that decisions rest on: a row that holds one is not kept when it is written. Who writes for
/// long and alone would keep thousands of them.
const HEAVY: usize = 64 << 10;

type Boxed = Box<dyn Any + Send>;

#[derive(Default)]
pub(super) struct Memo {
    version: Option<i64>,
    tables: HashMap<&'static str, Kept>,
    kept: usize,
    /// What the transaction has written to, in order.
    written: Vec<Touch>,
    /// The transaction has been answered from here.
    has_answered: Cell<bool>,
    /// What was made of rows.
    derived: Derived,
}

/// What is kept of one table.
#[derive(Default)]
struct Kept {
    /// By key: an `Option` of the row, shared.
    rows: HashMap<Vec<Value>, Boxed>,
    answers: HashMap<&'static str, Answers>,
}

/// What one statement gave.
struct Answers {
    /// A column, by its place, that all rows of an answer have equal to a parameter, by its place.
    selects: Option<(usize, usize)>,
    /// By parameters: a shared list of what was given.
    rows: HashMap<Vec<Value>, Boxed>,
    /// How a new row among those that are summed up is counted in.
    fold: Option<Fold>,
}

/// From what was given to what is given with a row more.
type Fold = fn(&Boxed, &dyn Any) -> Option<Boxed>;

fn fold<T: Table, R: Sums<T>>(kept: &Boxed, row: &dyn Any) -> Option<Boxed> {
    let sums = kept.downcast_ref::<Arc<[R]>>()?;
    let sums: Arc<[R]> = R::with(sums, row.downcast_ref()?)?.into();
    Some(Box::new(sums))
}

/// What a transaction wrote to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Touch {
    pub(super) table: &'static str,
    /// One row of it; any of its rows where it is not said.
    row: Option<TouchedRow>,
}

/// A row of a table whose rows are told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
struct TouchedRow {
    key: Vec<Value>,
    /// The place of the column by which.
    column: usize,
    /// What it holds, and held.
    values: Vec<Value>,
}

impl Touch {
    /// Any row.
    pub(super) const fn of(table: &'static str) -> Self {
        Self { table, row: None }
    }

    fn row<T: Table>(key: &[Value], old: &Old, new: &[Value]) -> Self {
        let row = T::APART.and_then(|name| {
            let column = T::columns().iter().position(|at| *at == name)?;
            let was = match old {
                Old::Absent => None,
                // What a row is found by does not change.
                _ if T::key_columns().contains(&name) => None,
                Old::Known(values) => Some(values.get(column)?.clone()),
                Old::Unknown => return None,
            };
            let is = new.get(column)?.clone();
            Some(TouchedRow {
                key: key.to_vec(),
                column,
                values: std::iter::once(is).chain(was).collect(),
            })
        });
        Self {
            table: T::NAME,
            row,
        }
    }
}

impl Memo {
    /// Says which state the transaction that begins sees.
    pub(super) fn begin(&mut self, version: i64) {
        self.written.clear();
        self.derived.transaction();
        self.has_answered.set(false);
        if self.version != Some(version) {
            self.clear();
            self.version = Some(version);
        }
        while self.kept > FOUND_MAX && self.forgets_most() {}
    }

    /// Whether what is kept is of this state.
    pub(super) fn is_of(&self, version: i64) -> bool {
        self.version == Some(version)
    }

    /// Whether the transaction that runs has been answered from here.
    pub(super) const fn has_answered(&self) -> bool {
        self.has_answered.get()
    }

    /// The row of a key.
    pub(super) fn row<T: Table>(&self, key: &[Value]) -> Look<T> {
        match self.kept_row(T::NAME, key).and_then(row_of::<T>) {
            Some(row) => {
                self.has_answered.set(true);
                Look::Known(row.clone())
            }
            None => Look::Unknown,
        }
    }

    /// As it is kept, whatever table it is of: one text of the program for all tables, since each would be read from
    /// memory anew.
    #[inline(never)]
    fn kept_row(&self, table: &'static str, key: &[Value]) -> Option<&Boxed> {
        self.tables.get(table)?.rows.get(key)
    }

    /// As it is kept, whatever it is made of.
    #[inline(never)]
    fn kept_answer(
        &self,
        table: &'static str,
        statement: Statement,
        params: &[Value],
    ) -> Option<&Boxed> {
        let kept = self.tables.get(table)?;
        kept.answers.get(statement.name)?.rows.get(params)
    }

    /// What a statement on the rows of a table would give.
    pub(super) fn answer<T: Table, R: Send + Sync + 'static>(
        &self,
        statement: Statement,
        params: &[Value],
    ) -> Option<Arc<[R]>> {
        let rows = self.kept_answer(T::NAME, statement, params)?;
        let rows = rows.downcast_ref::<Arc<[R]>>()?;
        self.has_answered.set(true);
        Some(Arc::clone(rows))
    }

    /// What is known of the row that a write puts another in the place of.
    pub(super) fn old<T: Table>(&self, key: &[Value]) -> Old {
        match self.kept_row(T::NAME, key).and_then(row_of::<T>) {
            Some(Some(row)) => Old::Known(row.values()),
            Some(None) => Old::Absent,
            None => Old::Unknown,
        }
    }

    /// Whether a row that is kept holds something else in a column that is fixed.
    pub(super) fn differs<T: Table>(&self, key: &[Value], row: &T) -> bool {
        let fixed = row.fixed();
        let old = || self.kept_row(T::NAME, key).and_then(row_of::<T>);
        !fixed.is_empty() && matches!(old(), Some(Some(old)) if old.fixed() != fixed)
    }

    /// Keeps the row of a key, or that there is none.
    pub(super) fn keep_row<T: Table>(&mut self, key: &[Value], row: Option<&Arc<T>>) {
        if self.makes_room(1) {
            let kept = self.tables.entry(T::NAME).or_default();
            kept.rows.insert(key.to_vec(), Box::new(row.cloned()));
        }
    }

    /// Keeps the rows that a statement gave.
    pub(super) fn keep<T: Table>(
        &mut self,
        statement: Statement,
        params: &[Value],
        rows: &Arc<[Arc<T>]>,
    ) {
        if !statement.reads_one_table() || !self.makes_room(rows.len()) {
            return;
        }
        let kept = self.tables.entry(T::NAME).or_default();
        for row in rows.iter() {
            kept.rows.insert(row.key(), Box::new(Some(Arc::clone(row))));
        }
        self.keep_answer::<T, Arc<T>>(statement, params, rows, None);
    }

    /// Keeps what a statement gave that sums up rows of a table.
    pub(super) fn keep_sums<T: Table, R: Sums<T>>(
        &mut self,
        statement: Statement,
        params: &[Value],
        rows: &Arc<[R]>,
    ) {
        self.keep_answer::<T, R>(statement, params, rows, Some(fold::<T, R>));
    }

    fn keep_answer<T: Table, R: Send + Sync + 'static>(
        &mut self,
        statement: Statement,
        params: &[Value],
        rows: &Arc<[R]>,
        fold: Option<Fold>,
    ) {
        if !statement.reads_one_table() || !self.makes_room(rows.len()) {
            return;
        }
        let kept = self.tables.entry(T::NAME).or_default();
        let answers = kept
            .answers
            .entry(statement.name)
            .or_insert_with(|| Answers {
                selects: selects::<T>(statement),
                rows: HashMap::new(),
                fold: fold.filter(|_| statement.asks_one_thing()),
            });
        answers
            .rows
            .insert(params.to_vec(), Box::new(Arc::clone(rows)));
    }

    /// Counts rows in, and makes room for them. False where there is not enough at all.
    fn makes_room(&mut self, rows: usize) -> bool {
        let size = rows.max(1);
        while self.kept.saturating_add(size) > KEPT_MAX && self.forgets_most() {}
        self.kept = self.kept.saturating_add(size);
        size <= KEPT_MAX
    }

    /// Forgets the table of which most is kept: rows that come and go, and not the few that every command asks for. False
    /// where nothing is kept.
    fn forgets_most(&mut self) -> bool {
        let size = |kept: &Kept| {
            let answers = kept.answers.values();
            kept.rows.len() + answers.map(|answers| answers.rows.len()).sum::<usize>()
        };
        let most = self.tables.iter().max_by_key(|(_, kept)| size(kept));
        let most = most.map(|(table, _)| *table);
        let is_some = most.is_some_and(|table| self.tables.remove(table).is_some());
        self.kept = self.tables.values().map(size).sum();
        is_some
    }

    /// A row was written. `is_new` where there was none with its key.
    pub(super) fn wrote<T: Table>(
        &mut self,
        row: &T,
        values: &[Value],
        key: Vec<Value>,
        is_new: bool,
    ) {
        let has_answers = |kept: &Kept| !kept.answers.is_empty();
        let old = match self.tables.get(T::NAME) {
            _ if is_new => Old::Absent,
            Some(kept) if has_answers(kept) => self.old::<T>(&key),
            _ => Old::Unknown,
        };
        self.note(Touch::row::<T>(&key, &old, values));
        let kept = self.tables.entry(T::NAME).or_default();
        kept.forget_answers(&old, Some((values, row)));
        if !T::KEPT || values.iter().any(is_heavy) {
            kept.rows.remove(&key);
            return;
        }
        kept.rows.insert(key, Box::new(Some(Arc::new(row.clone()))));
        self.kept = self.kept.saturating_add(1);
    }

    /// A row was removed.
    pub(super) fn removed<T: Table>(&mut self, key: &[Value]) {
        self.note(Touch::of(T::NAME));
        if let Some(kept) = self.tables.get_mut(T::NAME) {
            kept.rows.insert(key.to_vec(), Box::new(None::<Arc<T>>));
            kept.forget_answers(&Old::Unknown, None);
        }
    }

    /// A statement of another form has written to its tables.
    pub(super) fn disturbed(&mut self, sql: &'static str) {
        for table in targets(sql) {
            self.note(Touch::of(table));
            self.tables.remove(table);
        }
    }

    /// What the transaction has written to; a table of which it is not said which rows, once.
    pub(super) fn written(&self) -> Vec<Touch> {
        let mut whole = Vec::new();
        let is_news = |touch: &&Touch| {
            let is_said = touch.row.is_none() && whole.contains(&touch.table);
            if touch.row.is_none() && !is_said {
                whole.push(touch.table);
            }
            !is_said
        };
        self.written.iter().filter(is_news).cloned().collect()
    }

    /// Somebody else has written to a table.
    pub(super) fn forget(&mut self, touch: &Touch) {
        self.derived.changed(touch.table);
        match (&touch.row, self.tables.get_mut(touch.table)) {
            (Some(row), Some(kept)) => kept.forget_row(row),
            (None, Some(_)) => drop(self.tables.remove(touch.table)),
            (_, None) => {}
        }
    }

    /// What was made of rows, to be told of what is asked.
    pub(super) const fn derived(&mut self) -> &mut Derived {
        &mut self.derived
    }

    /// Something that was made of rows, where it still holds: who is answered so is answered from here.
    pub(super) fn made<D: Derivation>(&mut self, key: &Key) -> Option<Arc<D::Made>> {
        let made = self.derived.get::<D>(key)?;
        self.has_answered.set(true);
        Some(made)
    }

    /// A point in the transaction to which it may go back.
    pub(super) fn mark(&self) -> usize {
        self.written.len()
    }

    /// The transaction has gone back: what was written since, and what was read after it, does not hold.
    pub(super) fn back_to(&mut self, mark: usize) {
        for touch in self.written.drain(mark.min(self.written.len())..) {
            self.tables.remove(touch.table);
            self.derived.changed(touch.table);
        }
    }

    /// Nothing is known any more.
    pub(super) fn clear(&mut self) {
        self.derived.clear();
        self.tables.clear();
        self.kept = 0;
        self.version = None;
    }

    fn note(&mut self, touch: Touch) {
        self.derived.changed(touch.table);
        self.written.push(touch);
        while self.kept > KEPT_MAX && self.forgets_most() {}
    }
}

/// A row of a table as it was put in.
fn row_of<T: Table>(kept: &Boxed) -> Option<&Option<Arc<T>>> {
    kept.downcast_ref()
}

const fn is_heavy(value: &Value) -> bool {
    match value {
        Value::Text(text) | Value::Json(text) => text.len() > HEAVY,
        Value::Bytes(bytes) => bytes.len() > HEAVY,
        _ => false,
    }
}

/// What is known of the row of a key.
pub(super) enum Look<T> {
    /// It, or that there is none.
    Known(Option<Arc<T>>),
    /// Nothing.
    Unknown,
}

/// A row as it was before it was written.
pub(super) enum Old {
    Absent,
    Known(Vec<Value>),
    Unknown,
}

impl Kept {
    /// Forgets what may have changed with a row that somebody else wrote.
    fn forget_row(&mut self, row: &TouchedRow) {
        self.rows.remove(&row.key);
        for answers in self.answers.values_mut() {
            match answers.selects {
                Some((column, param)) if column == row.column => {
                    let is_of = |asked: &Value| row.values.contains(asked);
                    answers
                        .rows
                        .retain(|params, _| !params.get(param).is_none_or(is_of));
                }
                _ => answers.rows.clear(),
            }
        }
    }

    /// Forgets the answers that a row belonged to, or belongs to now. What sums up has a new row counted in.
    fn forget_answers(&mut self, old: &Old, new: Option<(&[Value], &dyn Any)>) {
        for answers in self.answers.values_mut() {
            match (answers.selects, old) {
                (None, _) | (_, Old::Unknown) => answers.rows.clear(),
                (Some((column, param)), old) => {
                    let was = match old {
                        Old::Known(values) => values.get(column),
                        Old::Absent | Old::Unknown => None,
                    };
                    let is = new.and_then(|(values, _)| values.get(column));
                    let fold = answers.fold.filter(|_| matches!(old, Old::Absent));
                    answers.rows.retain(|params, kept| {
                        let asked = params.get(param);
                        if asked != is && (was.is_none() || asked != was) {
                            return true;
                        }
                        let with = fold.zip(new).and_then(|(fold, (_, row))| fold(kept, row));
                        with.is_some_and(|with| {
                            *kept = with;
                            true
                        })
                    });
                }
            }
        }
    }
}

fn selects<T: Table>(statement: Statement) -> Option<(usize, usize)> {
    let mut equal = statement.equalities();
    let (column, param) = equal.next()?;
    let place = T::columns().iter().position(|name| *name == column)?;
    Some((place, param))
}

/// The tables that a statement writes to.
fn targets(sql: &'static str) -> impl Iterator<Item = &'static str> {
    let mut words = sql.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
    let mut deletes = false;
    std::iter::from_fn(move || {
        loop {
            let word = words.next()?;
            if word == "INTO" || word == "UPDATE" || (word == "FROM" && deletes) {
                return words.find(|word| !word.is_empty());
            }
            if !word.is_empty() {
                deletes = word == "DELETE";
            }
        }
    })
}

#[cfg(test)]
pub(super) mod tests;

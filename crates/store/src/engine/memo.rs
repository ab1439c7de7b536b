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

use crate::statement::Statement;
use crate::table::Table;
use crate::value::Value;

/// How many rows are kept, and answers without any. What does not fit pushes everything out: it is read again.
const KEPT_MAX: usize = 4_096;

/// A text or a file of more bytes is nothing that decisions rest on: a row that holds one is not kept when it is written. Who writes for
/// long and alone would keep thousands of them.
const HEAVY: usize = 64 << 10;

type Boxed = Box<dyn Any + Send>;

#[derive(Default)]
pub(super) struct Memo {
    version: Option<i64>,
    tables: HashMap<&'static str, Kept>,
    kept: usize,
    /// Tables that the transaction has written to, in order.
    written: Vec<&'static str>,
    /// The transaction has been answered from here.
    has_answered: Cell<bool>,
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
}

impl Memo {
    /// Says which state the transaction that begins sees.
    pub(super) fn begin(&mut self, version: i64) {
        self.written.clear();
        self.has_answered.set(false);
        if self.version != Some(version) {
            self.clear();
            self.version = Some(version);
        }
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
        self.keep_answer::<T, Arc<T>>(statement, params, rows);
    }

    /// Keeps what a statement on the rows of a table gave.
    pub(super) fn keep_answer<T: Table, R: Send + Sync + 'static>(
        &mut self,
        statement: Statement,
        params: &[Value],
        rows: &Arc<[R]>,
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
            });
        answers
            .rows
            .insert(params.to_vec(), Box::new(Arc::clone(rows)));
    }

    /// Counts rows in, and makes room for them. False where there is not enough at all.
    fn makes_room(&mut self, rows: usize) -> bool {
        let size = rows.max(1);
        if self.kept.saturating_add(size) > KEPT_MAX {
            self.clear();
        }
        self.kept = self.kept.saturating_add(size);
        size <= KEPT_MAX
    }

    /// A row was written. `is_new` where there was none with its key.
    pub(super) fn wrote<T: Table>(
        &mut self,
        row: &T,
        values: &[Value],
        key: Vec<Value>,
        is_new: bool,
    ) {
        self.note(T::NAME);
        let has_answers = |kept: &Kept| !kept.answers.is_empty();
        let old = match self.tables.get(T::NAME) {
            _ if is_new => Old::Absent,
            Some(kept) if has_answers(kept) => self.old::<T>(&key),
            _ => Old::Unknown,
        };
        let kept = self.tables.entry(T::NAME).or_default();
        kept.forget_answers(&old, Some(values));
        if values.iter().any(is_heavy) {
            kept.rows.remove(&key);
            return;
        }
        kept.rows.insert(key, Box::new(Some(Arc::new(row.clone()))));
        self.kept = self.kept.saturating_add(1);
    }

    /// A row was removed.
    pub(super) fn removed<T: Table>(&mut self, key: &[Value]) {
        self.note(T::NAME);
        if let Some(kept) = self.tables.get_mut(T::NAME) {
            kept.rows.insert(key.to_vec(), Box::new(None::<Arc<T>>));
            kept.forget_answers(&Old::Unknown, None);
        }
    }

    /// A statement of another form has written to its tables.
    pub(super) fn disturbed(&mut self, sql: &'static str) {
        for table in targets(sql) {
            self.note(table);
            self.tables.remove(table);
        }
    }

    /// The tables that the transaction has written to.
    pub(super) fn written(&self) -> Vec<&'static str> {
        let mut tables = self.written.clone();
        tables.sort_unstable();
        tables.dedup();
        tables
    }

    /// Somebody else has written to a table.
    pub(super) fn forget(&mut self, table: &'static str) {
        self.tables.remove(table);
    }

    /// A point in the transaction to which it may go back.
    pub(super) fn mark(&self) -> usize {
        self.written.len()
    }

    /// The transaction has gone back: what was written since, and what was read after it, does not hold.
    pub(super) fn back_to(&mut self, mark: usize) {
        for table in self.written.drain(mark.min(self.written.len())..) {
            self.tables.remove(table);
        }
    }

    /// Nothing is known any more.
    pub(super) fn clear(&mut self) {
        self.tables.clear();
        self.kept = 0;
        self.version = None;
    }

    fn note(&mut self, table: &'static str) {
        self.written.push(table);
        if self.kept > KEPT_MAX {
            self.clear();
        }
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
    /// Forgets the answers that a row belonged to, or belongs to now.
    fn forget_answers(&mut self, old: &Old, new: Option<&[Value]>) {
        for answers in self.answers.values_mut() {
            match (answers.selects, old) {
                (None, _) | (_, Old::Unknown) => answers.rows.clear(),
                (Some((column, param)), old) => {
                    let was = match old {
                        Old::Known(values) => values.get(column),
                        Old::Absent | Old::Unknown => None,
                    };
                    let is = new.and_then(|values| values.get(column));
                    answers.rows.retain(|params, _| {
                        let asked = params.get(param);
                        asked != is && (was.is_none() || asked != was)
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
mod tests {
    use tierline_domain::id::Id;
    use tierline_domain::partner::Organization;

    use super::*;
    use crate::tables::organizations::{BY_HANDLE, BY_NAME};

    fn organization(number: u128, handle: &str, name: &str) -> Organization {
        Organization {
            id: Id::from_uuid(uuid::Uuid::from_u128(number)),
            handle: handle.to_owned(),
            name: name.to_owned(),
            headquarters: Some("DE".parse().unwrap()),
            membership: tierline_domain::partner::MembershipState::Active,
        }
    }

    fn text(text: &str) -> Vec<Value> {
        vec![Value::Text(text.to_owned())]
    }

    fn listed(memo: &Memo, statement: Statement, params: &[Value]) -> Option<Vec<Organization>> {
        let rows = memo.answer::<Organization, Arc<Organization>>(statement, params)?;
        Some(rows.iter().map(|row| Organization::clone(row)).collect())
    }

    fn keep(memo: &mut Memo, statement: Statement, params: &[Value], rows: &[&Organization]) {
        let rows = rows.iter().map(|row| Arc::new(Organization::clone(row)));
        memo.keep(statement, params, &rows.collect());
    }

    /// The row of a key; none there, or nothing known, as it is said.
    fn single(memo: &Memo, key: &[Value]) -> Result<Organization, &'static str> {
        match memo.row::<Organization>(key) {
            Look::Known(row) => row.map(Arc::unwrap_or_clone).ok_or("none"),
            Look::Unknown => Err("unknown"),
        }
    }

    fn write(memo: &mut Memo, row: &Organization, is_new: bool) {
        memo.wrote(row, &row.values(), row.key(), is_new);
    }

    #[test]
    fn rows_are_kept_until_the_data_changes() {
        let mut memo = Memo::default();
        let one = organization(1, "a", "A");
        memo.begin(1);
        assert_eq!(listed(&memo, BY_HANDLE, &text("a")), None);
        keep(&mut memo, BY_HANDLE, &text("a"), &[&one]);
        memo.begin(1);
        assert_eq!(
            listed(&memo, BY_HANDLE, &text("a")),
            Some(vec![one.clone()])
        );
        assert_eq!(single(&memo, &one.key()), Ok(one.clone()));
        assert_eq!(listed(&memo, BY_HANDLE, &text("b")), None);
        memo.begin(2);
        assert_eq!(listed(&memo, BY_HANDLE, &text("a")), None);
    }

    #[test]
    fn what_is_written_takes_the_place_of_what_was_read() {
        let mut memo = Memo::default();
        memo.begin(1);
        let (one, other) = (organization(1, "a", "A"), organization(2, "b", "A"));
        memo.keep_row::<Organization>(&one.key(), None);
        keep(&mut memo, BY_HANDLE, &text("a"), &[]);
        keep(&mut memo, BY_HANDLE, &text("b"), &[&other]);
        write(&mut memo, &one, true);
        assert_eq!(single(&memo, &one.key()), Ok(one.clone()));
        assert_eq!(listed(&memo, BY_HANDLE, &text("a")), None);
        assert_eq!(
            listed(&memo, BY_HANDLE, &text("b")),
            Some(vec![other.clone()])
        );

        // A row that moves from one answer to another spoils both, and no third.
        keep(&mut memo, BY_HANDLE, &text("a"), &[&one]);
        keep(&mut memo, BY_HANDLE, &text("c"), &[]);
        keep(&mut memo, BY_HANDLE, &text("d"), &[]);
        write(&mut memo, &organization(1, "c", "A"), false);
        assert_eq!(listed(&memo, BY_HANDLE, &text("a")), None);
        assert_eq!(listed(&memo, BY_HANDLE, &text("c")), None);
        assert_eq!(listed(&memo, BY_HANDLE, &text("d")), Some(Vec::new()));

        keep(&mut memo, BY_NAME, &text("A"), &[&one, &other]);
        memo.removed::<Organization>(&other.key());
        assert_eq!(listed(&memo, BY_NAME, &text("A")), None);
        assert_eq!(single(&memo, &other.key()), Err("none"));

        keep(&mut memo, BY_NAME, &text("A"), &[&one]);
        memo.disturbed("WITH x AS (SELECT 1) UPDATE organizations SET name = $1");
        assert_eq!(listed(&memo, BY_NAME, &text("A")), None);
    }

    #[test]
    fn a_transaction_that_goes_back_takes_its_writes_along() {
        let mut memo = Memo::default();
        memo.begin(1);
        let one = organization(1, "a", "A");
        write(&mut memo, &one, true);
        let mark = memo.mark();
        write(&mut memo, &organization(1, "b", "B"), false);
        memo.back_to(mark);
        assert_eq!(
            single(&memo, &one.key()),
            Err("unknown"),
            "it is read again"
        );
        write(&mut memo, &one, false);
        memo.back_to(memo.mark());
        assert_eq!(single(&memo, &one.key()), Ok(one));
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let mut memo = Memo::default();
        memo.begin(1);
        let size = |memo: &Memo| -> usize {
            let kept = memo.tables.values();
            kept.map(|kept| {
                let answers = kept.answers.values();
                kept.rows.len() + answers.map(|answers| answers.rows.len()).sum::<usize>()
            })
            .sum()
        };
        for number in 0..20_000 {
            let row = organization(number, &number.to_string(), "A");
            keep(&mut memo, BY_HANDLE, &text(&row.handle), &[&row]);
            write(&mut memo, &organization(number + 1_000_000, "z", "Z"), true);
            assert!(size(&memo) <= KEPT_MAX + 2);
        }
    }

    /// A row with a file in it is not kept, and neither is what it was before.
    #[test]
    fn what_is_heavy_is_read_again() {
        let mut memo = Memo::default();
        let light = organization(1, "a", "one");
        memo.wrote(&light, &light.values(), light.key(), true);
        assert_eq!(single(&memo, &light.key()), Ok(light));
        let heavy = organization(1, "a", &"one".repeat(HEAVY));
        memo.wrote(&heavy, &heavy.values(), heavy.key(), false);
        assert_eq!(single(&memo, &heavy.key()), Err("unknown"));
    }
}

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
        match (&touch.row, self.tables.get_mut(touch.table)) {
            (Some(row), Some(kept)) => kept.forget_row(row),
            (None, Some(_)) => drop(self.tables.remove(touch.table)),
            (_, None) => {}
        }
    }

    /// A point in the transaction to which it may go back.
    pub(super) fn mark(&self) -> usize {
        self.written.len()
    }

    /// The transaction has gone back: what was written since, and what was read after it, does not hold.
    pub(super) fn back_to(&mut self, mark: usize) {
        for touch in self.written.drain(mark.min(self.written.len())..) {
            self.tables.remove(touch.table);
        }
    }

    /// Nothing is known any more.
    pub(super) fn clear(&mut self) {
        self.tables.clear();
        self.kept = 0;
        self.version = None;
    }

    fn note(&mut self, touch: Touch) {
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
pub(super) mod tests {
    use tierline_domain::id::Id;
    use tierline_domain::partner::Organization;
    use tierline_domain::subscription::Subscription;

    use super::*;
    use crate::tables::organizations::{BY_HANDLE, BY_NAME};
    use crate::tables::{Counter, Due};

    pub(in crate::engine) fn organization(number: u128, handle: &str, name: &str) -> Organization {
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

    const COUNT: Statement = Statement::new(
        "COUNT",
        "SELECT COUNT(*) FROM organizations WHERE name = $1",
    );
    const ACTIVE: Statement = Statement::new(
        "ACTIVE",
        "SELECT COUNT(*) FROM organizations WHERE name = $1 AND membership = 'active'",
    );

    impl Sums<Organization> for (i64,) {
        fn with(sums: &[Self], _: &Organization) -> Option<Vec<Self>> {
            let [(count,)] = sums else {
                return None;
            };
            Some(vec![(count + 1,)])
        }
    }

    fn count(memo: &Memo, statement: Statement, name: &str) -> Option<i64> {
        let sums = memo.answer::<Organization, (i64,)>(statement, &text(name))?;
        Some(sums.iter().map(|(count,)| count).sum())
    }

    #[test]
    fn a_new_row_is_counted_in_and_whatever_else_changes_is_asked_again() {
        let mut memo = Memo::default();
        memo.begin(1);
        let counted = |memo: &mut Memo| {
            for (statement, name) in [(COUNT, "A"), (COUNT, "B"), (ACTIVE, "A")] {
                let one: Arc<[(i64,)]> = [(1,)].into();
                memo.keep_sums::<Organization, _>(statement, &text(name), &one);
            }
        };
        counted(&mut memo);
        write(&mut memo, &organization(7, "a", "A"), true);
        assert_eq!(count(&memo, COUNT, "A"), Some(2));
        assert_eq!(count(&memo, COUNT, "B"), Some(1));
        assert_eq!(
            count(&memo, ACTIVE, "A"),
            None,
            "it asks for more than a name"
        );

        let mark = memo.mark();
        write(&mut memo, &organization(8, "b", "A"), true);
        assert_eq!(count(&memo, COUNT, "A"), Some(3));
        memo.back_to(mark);
        assert_eq!(count(&memo, COUNT, "A"), None, "it was undone");

        counted(&mut memo);
        write(&mut memo, &organization(7, "a", "A"), true);
        write(&mut memo, &organization(7, "a", "B"), false);
        assert_eq!(count(&memo, COUNT, "A"), None, "it moved");
        assert_eq!(count(&memo, COUNT, "B"), None);
    }

    #[test]
    fn of_what_somebody_else_wrote_only_that_is_forgotten() {
        let mut memo = Memo::default();
        memo.begin(1);
        let (one, other) = (organization(1, "a", "A"), organization(2, "b", "B"));
        keep(&mut memo, BY_NAME, &text("A"), &[&one]);
        keep(&mut memo, BY_NAME, &text("B"), &[&other]);
        keep(&mut memo, BY_HANDLE, &text("b"), &[&other]);
        let column = Organization::columns()
            .iter()
            .position(|name| *name == "name");
        let touch = Touch {
            table: Organization::NAME,
            row: Some(TouchedRow {
                key: one.key(),
                column: column.unwrap(),
                values: text("A"),
            }),
        };
        memo.forget(&touch);
        assert_eq!(single(&memo, &one.key()), Err("unknown"));
        assert_eq!(listed(&memo, BY_NAME, &text("A")), None);
        assert_eq!(single(&memo, &other.key()), Ok(other.clone()));
        assert_eq!(
            listed(&memo, BY_NAME, &text("B")),
            Some(vec![other.clone()])
        );
        assert_eq!(
            listed(&memo, BY_HANDLE, &text("b")),
            None,
            "it may have had that handle"
        );
        memo.forget(&Touch::of(Organization::NAME));
        assert_eq!(single(&memo, &other.key()), Err("unknown"));
    }

    /// Where it is not known what a row was, any row of its table may have changed.
    #[test]
    fn a_touch_says_whose_row_it_is_where_that_is_known() {
        let is: Vec<Value> = (0..37).map(Value::Int).collect();
        let was: Vec<Value> = (100..137).map(Value::Int).collect();
        let touched = |old| Touch::row::<Subscription>(&is[..1], &old, &is).row;
        assert_eq!(touched(Old::Unknown), None);
        // The fourth column is the customer.
        assert_eq!(touched(Old::Absent).unwrap().values, [Value::Int(3)]);
        let both = [Value::Int(3), Value::Int(103)];
        assert_eq!(touched(Old::Known(was)).unwrap().values, both);
        let any = Touch::row::<Organization>(&[], &Old::Absent, &is);
        assert_eq!(any.row, None, "they are not told apart");
    }

    /// What it is found by is what it was found by.
    #[test]
    fn a_touch_of_a_row_that_its_key_tells_apart_needs_no_row_before() {
        let (name, value) = ("orders".to_owned(), 7);
        let counter = Counter { name, value };
        let touch = Touch::row::<Counter>(&counter.key(), &Old::Unknown, &counter.values());
        let mut memo = Memo::default();
        memo.begin(1);
        let other = Counter {
            name: "invoices".to_owned(),
            value: 3,
        };
        for row in [&counter, &other] {
            memo.keep_row(&row.key(), Some(&Arc::new(row.clone())));
        }
        memo.forget(&touch);
        let is_known =
            |row: &Counter| matches!(memo.row::<Counter>(&row.key()), Look::Known(Some(_)));
        assert!(!is_known(&counter));
        assert!(is_known(&other));
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
        let counter = Counter {
            name: "orders".to_owned(),
            value: 1,
        };
        memo.keep_row(&counter.key(), Some(&Arc::new(counter.clone())));
        for number in 0..20_000 {
            let row = organization(number, &number.to_string(), "A");
            keep(&mut memo, BY_HANDLE, &text(&row.handle), &[&row]);
            write(&mut memo, &organization(number + 1_000_000, "z", "Z"), true);
            assert!(size(&memo) <= KEPT_MAX + 2);
        }
        let is_known = matches!(memo.row::<Counter>(&counter.key()), Look::Known(Some(_)));
        assert!(
            is_known,
            "what is asked of few rows is not what is forgotten"
        );
    }

    /// What a transaction writes would go to the server and come back if the same transaction pushed it out.
    #[test]
    fn a_transaction_keeps_what_it_writes() {
        let mut memo = Memo::default();
        for number in 0..4_096 {
            memo.begin(1);
            let row = organization(number, &number.to_string(), "A");
            write(&mut memo, &row, true);
            let other = organization(number + 1_000_000, "z", "Z");
            write(&mut memo, &other, true);
            assert_eq!(single(&memo, &row.key()), Ok(row));
            assert_eq!(single(&memo, &other.key()), Ok(other));
        }
    }

    /// What is written once and not looked at again is not kept; that it was written is known all the same.
    #[test]
    fn rows_that_nobody_looks_at_again_are_not_kept() {
        let mut memo = Memo::default();
        memo.begin(1);
        let due = Due {
            id: uuid::Uuid::from_u128(1),
            due: "2026-01-15T12:00:00Z".parse().unwrap(),
            kind: "renewal".to_owned(),
            subject: "a subscription".to_owned(),
            done: None,
            problem: None,
        };
        memo.keep_row::<Due>(&due.key(), None);
        memo.wrote(&due, &due.values(), due.key(), true);
        assert!(matches!(memo.row::<Due>(&due.key()), Look::Unknown));
        assert_eq!(memo.written(), [Touch::of(Due::NAME)]);
        assert_eq!(memo.kept, 1, "of that there was none");
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

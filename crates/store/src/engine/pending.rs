//! Rows that a group of commands has written and that the server has not been told of yet.
//!
//! Commands of one group write to the same few tables. Told of at once and one by one, every row costs the server a
//! statement; told of together before the commit, those of a table cost one. So the rows of a group wait here, and
//! the savepoints between them too. A read that could miss one of them has them written first.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::memo::Old;
use crate::statement::Statement;
use crate::value::Value;

/// A row on its way to the server.
pub(super) struct Write {
    statement: Statement,
    shape: &'static Shape,
    key: Vec<Value>,
    values: Vec<Value>,
    old: Old,
}

/// Rows that one statement writes.
pub(super) struct Batch {
    /// The statement that writes one of them.
    pub(super) statement: Statement,
    shape: &'static Shape,
    /// The rows, in order.
    pub(super) rows: Vec<Vec<Value>>,
}

/// A savepoint, and where it stands among the rows that wait.
struct Savepoint {
    name: String,
    at: usize,
    is_set: bool,
}

/// What has to be sent, in order.
pub(super) enum Step {
    Set(String),
    Write(Batch),
}

#[derive(Default)]
pub(super) struct Pending {
    writes: Vec<Write>,
    savepoints: Vec<Savepoint>,
    /// Tables of these rows, and of some that were undone.
    tables: Vec<&'static str>,
    shapes: HashMap<&'static str, &'static Shape>,
}

impl Pending {
    /// Adds a row.
    pub(super) fn add(
        &mut self,
        statement: Statement,
        key: &[Value],
        values: Vec<Value>,
        old: Old,
    ) {
        let known = self.shapes.entry(statement.name);
        let shape = *known.or_insert_with(|| shape(statement));
        if !self.tables.contains(&shape.table) {
            self.tables.push(shape.table);
        }
        self.writes.push(Write {
            statement,
            shape,
            key: key.to_vec(),
            values,
            old,
        });
    }

    /// Sets a savepoint behind the rows so far.
    pub(super) fn savepoint(&mut self, name: &str) {
        self.savepoints.push(Savepoint {
            name: name.to_owned(),
            at: self.writes.len(),
            is_set: false,
        });
    }

    /// Forgets the rows since a savepoint and those savepoints. True when the server knows it too.
    pub(super) fn rollback_to(&mut self, name: &str) -> bool {
        let Some(place) = self.place(name) else {
            return true;
        };
        self.savepoints.truncate(place + 1);
        let Some(savepoint) = self.savepoints.last() else {
            return true;
        };
        self.writes.truncate(savepoint.at);
        savepoint.is_set
    }

    /// Forgets a savepoint, and keeps the rows. True when the server knows it too.
    pub(super) fn release(&mut self, name: &str) -> bool {
        let Some(place) = self.place(name) else {
            return true;
        };
        let is_set = self.savepoints.get(place).is_some_and(|it| it.is_set);
        self.savepoints.truncate(place);
        is_set
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.savepoints.iter().rposition(|it| it.name == name)
    }

    /// Whether the server does not know of some savepoint: it could not go back to it.
    pub(super) fn has_unset(&self) -> bool {
        self.savepoints.iter().any(|it| !it.is_set)
    }

    /// Whether a statement could give something else once the rows are written.
    pub(super) fn concerns(&self, statement: Statement, params: &[Value]) -> bool {
        let tables = self.tables.iter();
        let read: Vec<_> = tables
            .filter(|table| mentions(statement.sql, table))
            .collect();
        if read.is_empty() {
            return false;
        }
        let equal: Vec<_> = statement.equalities().collect();
        let mut writes = self.writes.iter();
        writes.any(|write| read.contains(&&write.shape.table) && write.is_among(&equal, params))
    }

    /// Everything that waits, as it has to be sent. `ahead_of_a_write` where another statement follows that writes, so
    /// that every savepoint has to be set before it; else those behind which nothing was written may wait on.
    pub(super) fn drain(&mut self, ahead_of_a_write: bool) -> Vec<Step> {
        let mut steps = Vec::new();
        self.tables.clear();
        let mut writes = std::mem::take(&mut self.writes).into_iter();
        let mut taken = 0;
        let count = writes.len();
        for savepoint in &mut self.savepoints {
            if !savepoint.is_set && (ahead_of_a_write || savepoint.at < count) {
                let before: Vec<_> = writes.by_ref().take(savepoint.at - taken).collect();
                taken = savepoint.at;
                steps.extend(batches(before).map(Step::Write));
                steps.push(Step::Set(savepoint.name.clone()));
                savepoint.is_set = true;
            }
            savepoint.at = 0;
        }
        steps.extend(batches(writes.collect()).map(Step::Write));
        steps
    }
}

impl Write {
    /// Whether the row is, or was, among those that have columns equal to parameters.
    fn is_among(&self, equal: &[(&'static str, usize)], params: &[Value]) -> bool {
        let shape = self.shape;
        let fits = |values: &[Value], counts: &dyn Fn(&str) -> bool| {
            equal
                .iter()
                .all(|(column, param)| match shape.place(column) {
                    Some(place) if counts(column) => values.get(place) == params.get(*param),
                    _ => true,
                })
        };
        let was = match &self.old {
            Old::Absent => false,
            Old::Known(values) => fits(values, &|_| true),
            // The key is what it was.
            Old::Unknown => fits(&self.values, &|column| shape.key.contains(&column)),
        };
        was || fits(&self.values, &|_| true)
    }
}

/// Rows in as few statements as keep what they say: a table's rows in their order, no key twice in one statement, and
/// the tables in the order in which they refer to each other.
fn batches(writes: Vec<Write>) -> impl Iterator<Item = Batch> {
    let mut done = Vec::new();
    let mut open: Vec<Batch> = Vec::new();
    let mut places: HashMap<(&'static str, Vec<Value>), usize> = HashMap::new();
    for write in writes {
        let table = write.shape.table;
        let batch = open.iter().position(|batch| batch.shape.table == table);
        let at = (table, write.key);
        let written = (!at.1.is_empty()).then(|| places.get(&at)).flatten();
        let is_new = write.statement.name.ends_with(".INSERT");
        match (batch.and_then(|place| open.get_mut(place)), written) {
            // What the row becomes is all that counts.
            (Some(batch), Some(row)) if !is_new && batch.fits(&write.values) => {
                if let Some(row) = batch.rows.get_mut(*row) {
                    *row = write.values;
                }
                continue;
            }
            (Some(batch), None)
                if batch.statement == write.statement && batch.fits(&write.values) =>
            {
                places.insert(at, batch.rows.len());
                batch.rows.push(write.values);
                continue;
            }
            (None, _) => {}
            (Some(_), _) => {
                done.append(&mut in_order(std::mem::take(&mut open)));
                places.clear();
            }
        }
        places.insert(at, 0);
        open.push(Batch {
            statement: write.statement,
            shape: write.shape,
            rows: vec![write.values],
        });
    }
    done.append(&mut in_order(open));
    done.into_iter()
}

fn in_order(mut batches: Vec<Batch>) -> Vec<Batch> {
    batches.sort_by_key(|batch| batch.shape.rank);
    batches
}

impl Batch {
    /// Rows that are written at once, and do not wait.
    pub(super) fn of(statement: Statement, rows: Vec<Vec<Value>>) -> Self {
        Self {
            statement,
            shape: shape(statement),
            rows,
        }
    }

    fn fits(&self, values: &[Value]) -> bool {
        let kinds = values.iter().map(Value::kind);
        let first = self.rows.first();
        first.is_some_and(|row| row.iter().map(Value::kind).eq(kinds))
    }

    /// Where a column's value stands in a row.
    pub(super) fn place(&self, column: &str) -> Option<usize> {
        self.shape.place(column)
    }

    /// The statement that writes all of them: it takes a list of rows of the table.
    pub(super) fn text(&self) -> &'static str {
        &self.shape.many
    }
}

/// What a statement that writes one row looks like.
pub(super) struct Shape {
    table: &'static str,
    columns: Vec<&'static str>,
    /// The columns by which it finds the row that it puts another in the place of.
    key: Vec<&'static str>,
    /// Where its table stands among all: behind every table that it refers to.
    rank: usize,
    /// The same for many rows.
    many: String,
}

impl Shape {
    fn place(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|name| *name == column)
    }
}

/// Reads `INSERT INTO table (a, b) VALUES ($1, $2) ON CONFLICT (a) …`.
fn shape(statement: Statement) -> &'static Shape {
    type Shapes = std::sync::RwLock<HashMap<&'static str, &'static Shape>>;
    static SHAPES: LazyLock<Shapes> = LazyLock::new(Shapes::default);
    let known = SHAPES
        .read()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(shape) = known.get(statement.sql) {
        return shape;
    }
    drop(known);
    let shape: &'static Shape = Box::leak(Box::new(read(statement.sql)));
    let mut known = SHAPES
        .write()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    known.entry(statement.sql).or_insert(shape)
}

fn read(sql: &'static str) -> Shape {
    let (head, tail) = sql.split_once("VALUES").unwrap_or((sql, ""));
    let (before, columns) = head.split_once('(').unwrap_or((head, ""));
    let names = |list: &'static str| -> Vec<&'static str> {
        let list = list.split(')').next().unwrap_or_default();
        list.split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .collect()
    };
    let table = before.trim().trim_start_matches("INSERT INTO").trim();
    let columns = names(columns);
    let conflict = tail
        .split_once(')')
        .map_or("", |(_, conflict)| conflict)
        .trim();
    let key = conflict
        .split_once('(')
        .map_or_else(Vec::new, |(_, key)| names(key));
    let listed = columns.join(", ");
    Shape {
        table,
        rank: rank(table),
        // One list of rows: a list for each column is put together again value by value.
        many: format!(
            "INSERT INTO {table} ({listed}) SELECT {listed} FROM unnest(CAST($1 AS {table}[])) {conflict}"
        ),
        columns,
        key,
    }
}

/// The order in which the schema makes its tables; one that is made anew counts where it is made last.
fn rank(table: &str) -> usize {
    let texts = crate::schema::MIGRATIONS.iter();
    let made = texts.flat_map(|migration| migration.sql.split("CREATE TABLE ").skip(1));
    let is_it = |rest: &str| rest.split(|letter: char| !is_of_name(letter)).next() == Some(table);
    let places = made.enumerate().filter(|(_, rest)| is_it(rest));
    places.last().map_or(usize::MAX, |(place, _)| place)
}

const fn is_of_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

fn mentions(sql: &str, table: &str) -> bool {
    sql.match_indices(table).any(|(at, _)| {
        let before = sql.get(..at).and_then(|text| text.chars().next_back());
        let after = sql
            .get(at + table.len()..)
            .and_then(|text| text.chars().next());
        !before.is_some_and(is_of_name) && !after.is_some_and(is_of_name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_written_behind_those_they_refer_to() {
        let texts = crate::schema::MIGRATIONS
            .iter()
            .map(|migration| migration.sql);
        let tables = texts.flat_map(|text| text.split("CREATE TABLE ").skip(1));
        let name = |rest: &'static str| rest.split(|letter: char| !is_of_name(letter)).next();
        for (place, rest) in tables.enumerate() {
            let table = name(rest).unwrap_or_default();
            // The text of one that was made anew later says nothing.
            if rank(table) != place {
                continue;
            }
            let body = rest.split("{strict}").next().unwrap_or_default();
            for other in body.split("REFERENCES ").skip(1).filter_map(name) {
                assert!(rank(other) <= rank(table), "{table} refers to {other}");
            }
        }
    }
}

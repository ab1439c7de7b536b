//! What follows from rows alone, and is kept for as long as their tables do not change.
//!
//! Rows that a connection keeps still have to be put together: an account with its organization, its location, its
//! agreements and those of the companies beside it, the same for every deal of the same partner. What a [`Derivation`]
//! makes is kept beside the rows, with the tables that were asked for it. It is forgotten when a row of any of them was
//! written, by the transaction itself or by somebody else, and not with rows that were kept only until there was no room.
//!
//! Invariant: what is kept rests on rows of known tables and on what it is of. Whatever else was asked meanwhile (a
//! statement whose tables are not said, a turn that others wait for, a write, a savepoint) is seen here, and then nothing is kept.

use std::any::{Any, TypeId};
use std::future::Future;
use std::sync::Arc;

use foldhash::HashMap;

use super::tx::Tx;
use crate::error::StoreError;
use crate::value::Value;

/// How much is kept. What does not fit pushes out everything: it is made again.
const KEPT_MAX: usize = 1_024;

/// Something that follows from rows and from what it is of, and from nothing else: no clock, no chance, no lock.
pub trait Derivation: Send + Sync + 'static {
    /// What is made.
    type Made: Send + Sync + 'static;
    /// Why it cannot be made; failures are not kept.
    type Error: From<StoreError>;

    /// All that tells it from others of its kind.
    fn of(&self) -> Vec<Value>;

    /// Makes it from rows that it looks up itself.
    ///
    /// # Errors
    /// Its own.
    fn make(&self, tx: &mut Tx<'_>)
    -> impl Future<Output = Result<Self::Made, Self::Error>> + Send;
}

/// Of what kind it is, and of what.
pub(super) type Key = (TypeId, Vec<Value>);

/// The key of a derivation.
pub(super) fn key<D: Derivation>(derivation: &D) -> Key {
    (TypeId::of::<D>(), derivation.of())
}

#[derive(Default)]
pub(super) struct Derived {
    kept: HashMap<Key, Made>,
    /// When a table changed last, counted in changes of any.
    changes: HashMap<&'static str, u64>,
    changed: u64,
    /// What is being made, the innermost last.
    making: Vec<Making>,
}

struct Made {
    /// A shared `D::Made`.
    value: Box<dyn Any + Send>,
    tables: Vec<&'static str>,
    /// As many changes there were when it was found to hold.
    as_of: u64,
}

struct Making {
    tables: Vec<&'static str>,
    /// As many changes there were when it began.
    as_of: u64,
    /// It rests on something of which nothing is known here.
    is_obscure: bool,
}

impl Derived {
    /// What is kept, where it still holds; asked through [`super::memo::Memo::made`], which takes note. Whatever is being made rests on
    /// it then.
    pub(super) fn get<D: Derivation>(&mut self, key: &Key) -> Option<Arc<D::Made>> {
        let found = self.kept.get_mut(key)?;
        let has_changed = |table| self.changes.get(table).is_some_and(|at| *at > found.as_of);
        if found.as_of < self.changed && found.tables.iter().any(has_changed) {
            self.kept.remove(key);
            return None;
        }
        found.as_of = self.changed;
        if let Some(outer) = self.making.last_mut() {
            outer.rests_on(&found.tables);
        }
        found.value.downcast_ref::<Arc<D::Made>>().cloned()
    }

    /// A transaction begins. What an earlier one was making when it panicked will never be made; what a reader is making that has found
    /// a newer state is made, and not kept.
    pub(super) fn transaction(&mut self) {
        self.making.clear();
    }

    /// Something begins to be made.
    pub(super) fn begin(&mut self) {
        self.making.push(Making {
            tables: Vec::new(),
            as_of: self.changed,
            is_obscure: false,
        });
    }

    /// It is made, or failed.
    pub(super) fn end<D: Derivation>(&mut self, key: Key, made: Option<&Arc<D::Made>>) {
        let Some(done) = self.making.pop() else {
            return;
        };
        if let Some(outer) = self.making.last_mut() {
            outer.rests_on(&done.tables);
            outer.is_obscure |= done.is_obscure;
        }
        let Some(made) = made else { return };
        if done.is_obscure || done.as_of != self.changed {
            return;
        }
        if self.kept.len() >= KEPT_MAX {
            self.kept.clear();
        }
        let made = Made {
            value: Box::new(Arc::clone(made)),
            tables: done.tables,
            as_of: done.as_of,
        };
        self.kept.insert(key, made);
    }

    /// Rows of a table are asked for.
    pub(super) fn asks(&mut self, table: &'static str) {
        if let Some(making) = self.making.last_mut() {
            making.rests_on(&[table]);
        }
    }

    /// Something is asked for of which nothing is known here.
    pub(super) fn asks_else(&mut self) {
        if let Some(making) = self.making.last_mut() {
            making.is_obscure = true;
        }
    }

    /// A table is not what it was.
    pub(super) fn changed(&mut self, table: &'static str) {
        self.changed = self.changed.saturating_add(1);
        self.changes.insert(table, self.changed);
    }

    /// Nothing is what it was.
    pub(super) fn clear(&mut self) {
        self.changed = self.changed.saturating_add(1);
        self.kept.clear();
        self.changes.clear();
    }
}

impl Making {
    fn rests_on(&mut self, tables: &[&'static str]) {
        for table in tables {
            if !self.tables.contains(table) {
                self.tables.push(table);
            }
        }
    }
}

//! What the lanes of this process tell each other of their commits, so that each may keep what it has read.
//!
//! PostgreSQL numbers every transaction that writes. From the numbers that two snapshots show, a lane sees which
//! transactions have ended in between: where all of them were its siblings', it forgets what these wrote to;
//! where one was somebody else's, it forgets everything.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use crate::engine::memo::Touch;

/// How many commits are remembered. Who has missed more forgets everything.
const COMMITS_MAX: usize = 256;
/// How many numbers between two snapshots are looked at.
const NUMBERS_MAX: i64 = 128;

/// The latest commits of all lanes: number, and what was written to.
#[derive(Default)]
pub(in crate::engine) struct Siblings {
    commits: Mutex<VecDeque<(i64, Arc<[Touch]>)>>,
}

impl Siblings {
    /// Says what a transaction writes to, before it commits.
    pub(super) fn tell(&self, number: i64, touches: Vec<Touch>) {
        let mut commits = self.commits.lock().unwrap_or_else(PoisonError::into_inner);
        if commits.len() == COMMITS_MAX {
            commits.pop_front();
        }
        commits.push_back((number, touches.into()));
    }

    /// What transactions have written to, where all of them are known.
    fn written_by(&self, numbers: impl Iterator<Item = i64>) -> Option<Vec<Arc<[Touch]>>> {
        let commits = self.commits.lock().unwrap_or_else(PoisonError::into_inner);
        let told = |number| {
            let told = commits.iter().rev().find(|(known, _)| *known == number);
            told.map(|(_, touches)| Arc::clone(touches))
        };
        numbers.map(told).collect()
    }
}

/// Which transactions had ended at some moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Snapshot {
    /// The next number.
    next: i64,
    /// Smaller numbers of transactions that run still.
    running: BTreeSet<i64>,
}

impl Snapshot {
    /// Reads `oldest:next:running,running`.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ':');
        let next = parts.nth(1)?.parse().ok()?;
        let running = parts.next()?.split(',').filter(|number| !number.is_empty());
        let running = running
            .map(|number| number.parse().ok())
            .collect::<Option<_>>()?;
        Some(Self { next, running })
    }

    /// What others have written to since an earlier moment, where that is known. `own` is the number of the
    /// transaction that began at that moment.
    pub(super) fn written_since(
        &self,
        earlier: &Self,
        own: Option<i64>,
        siblings: &Siblings,
    ) -> Option<Vec<Arc<[Touch]>>> {
        if self.next.checked_sub(earlier.next)? > NUMBERS_MAX {
            return None;
        }
        let ended = |number: &i64| !self.running.contains(number) && Some(*number) != own;
        let old = earlier.running.iter().copied().filter(ended);
        siblings.written_by(old.chain((earlier.next..self.next).filter(ended)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(text: &str) -> Snapshot {
        Snapshot::read(text).unwrap()
    }

    #[test]
    fn what_siblings_wrote_is_known_and_what_others_wrote_is_not() {
        let siblings = Siblings::default();
        siblings.tell(101, vec![Touch::of("carts"), Touch::of("orders")]);
        siblings.tell(103, vec![Touch::of("events")]);
        let since = |earlier, later, own| {
            let (earlier, later) = (snapshot(earlier), snapshot(later));
            let touches = later.written_since(&earlier, own, &siblings)?;
            let touches = touches.iter().flat_map(|touches| touches.iter());
            let tables: BTreeSet<_> = touches.map(|touch| touch.table).collect();
            Some(tables.into_iter().collect::<Vec<_>>().join(" "))
        };
        let nothing = Some(String::new());
        assert_eq!(since("100:100:", "100:100:", None), nothing);
        assert_eq!(since("100:100:", "101:101:", Some(100)), nothing);
        assert_eq!(
            since("100:100:", "102:102:", Some(100)).unwrap(),
            "carts orders"
        );
        assert_eq!(since("100:100:", "102:102:", None), None, "100 is nobody's");
        assert_eq!(
            since("101:103:101,102", "102:104:102", None).unwrap(),
            "carts events orders"
        );
        assert_eq!(
            since("101:103:101,102", "104:104:", None),
            None,
            "102 has ended"
        );
        assert_eq!(since("101:103:101,102", "101:103:101,102", None), nothing);
        assert_eq!(since("100:100:", "900:900:", None), None, "too long ago");
        assert_eq!(Snapshot::read("100"), None);
        assert_eq!(Snapshot::read("1:2:x"), None);
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let siblings = Siblings::default();
        for number in 0..1_000 {
            siblings.tell(number, vec![Touch::of("carts")]);
        }
        assert_eq!(siblings.commits.lock().unwrap().len(), COMMITS_MAX);
        assert_eq!(siblings.written_by([1].into_iter()), None);
    }
}

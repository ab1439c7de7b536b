//! Which lane a command goes to.

use std::sync::{Mutex, MutexGuard, PoisonError};

use foldhash::HashMap;

use super::Lock;

/// What is under way on each lane. Commands that rest on the same fact go to the same lane, where they share a group
/// instead of waiting for each other; any other goes where least is under way. Where that is equal, the first fact tells: its
/// lane is likely to have kept the rows that go with it. Those that rest on nothing take turns.
///
/// It spares waits, and nothing rests on it: should two commands on the same fact meet on two lanes, the database makes one of them
/// wait.
pub(super) struct Turns {
    board: Mutex<Board>,
}

struct Board {
    /// How many commands are under way on each lane.
    loads: Vec<usize>,
    /// On which lane commands on a fact are under way, and how many.
    held: HashMap<Lock, (usize, usize)>,
    /// Whose turn it is, where nothing else tells.
    next: usize,
}

/// A command's place on a lane, until it is answered, or nobody waits for the answer any more.
pub(super) struct Turn<'a> {
    turns: &'a Turns,
    locks: Vec<Lock>,
    pub(super) lane: usize,
}

impl Turns {
    pub(super) fn among(lanes: usize) -> Self {
        Self {
            board: Mutex::new(Board {
                loads: vec![0; lanes],
                held: HashMap::default(),
                next: 0,
            }),
        }
    }

    /// The turn of a command that rests on these facts.
    pub(super) fn take(&self, locks: &[Lock]) -> Turn<'_> {
        let mut board = self.board();
        let lane = board.lane_of(locks);
        // Where there is no choice, nothing has to be remembered.
        let locks = if board.loads.len() > 1 { locks } else { &[] };
        for lock in locks {
            let (_, count) = board.held.entry(*lock).or_insert((lane, 0));
            *count += 1;
        }
        if let Some(load) = board.loads.get_mut(lane) {
            *load += 1;
        }
        Turn {
            turns: self,
            locks: locks.to_vec(),
            lane,
        }
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Board {
    fn lane_of(&mut self, locks: &[Lock]) -> usize {
        if let Some((lane, _)) = locks.iter().find_map(|lock| self.held.get(lock)) {
            return *lane;
        }
        let lanes = self.loads.len().max(1);
        let own = match locks.first() {
            Some(lock) => usize::from_ne_bytes(lock.key().unsigned_abs().to_ne_bytes()) % lanes,
            None => {
                let turn = self.next;
                self.next = (turn + 1) % lanes;
                turn
            }
        };
        let loads = self.loads.iter().enumerate();
        let least = loads.min_by_key(|(lane, load)| (**load, *lane != own));
        least.map_or(0, |(lane, _)| lane)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut board = self.turns.board();
        if let Some(load) = board.loads.get_mut(self.lane) {
            *load = load.saturating_sub(1);
        }
        for lock in &self.locks {
            let left = board.held.get_mut(lock).map(|(_, count)| {
                *count = count.saturating_sub(1);
                *count
            });
            if left == Some(0) {
                board.held.remove(lock);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(name: &str) -> Lock {
        Lock::on("name", name)
    }

    #[test]
    fn commands_on_one_fact_share_a_lane_and_others_go_where_least_is_under_way() {
        let turns = Turns::among(2);
        let lane = |locks: &[Lock]| {
            let turn = turns.take(locks);
            (turn.lane, turn)
        };
        let (a, _one) = lane(&[on("a")]);
        let (b, _two) = lane(&[on("b")]);
        assert_ne!(a, b);
        let more: Vec<_> = (0..3).map(|_| lane(&[on("x"), on("a")])).collect();
        assert!(more.iter().all(|(lane, _)| *lane == a));
        let (c, _three) = lane(&[on("c")]);
        assert_eq!(c, b, "there is less");
        let (free, _four) = lane(&[]);
        assert_eq!(free, b);
    }

    #[test]
    fn one_after_the_other_a_fact_stays_on_its_lane_and_what_rests_on_nothing_takes_turns() {
        let turns = Turns::among(2);
        let lane = |locks: &[Lock]| turns.take(locks).lane;
        let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
        let once = names.map(|name| lane(&[on(name)]));
        assert_eq!(once, names.map(|name| lane(&[on(name)])));
        assert!(once.contains(&0) && once.contains(&1));
        assert_eq!([(); 4].map(|()| lane(&[])), [0, 1, 0, 1]);
    }

    #[test]
    fn who_is_answered_leaves_nothing_behind() {
        let turns = Turns::among(2);
        let one = turns.take(&[on("a"), on("b")]);
        let two = turns.take(&[on("b")]);
        assert_eq!(one.lane, two.lane);
        drop(one);
        let held = |name: &str| turns.board().held.contains_key(&on(name));
        assert!(held("b") && !held("a"));
        drop(two);
        assert_eq!(turns.board().loads, [0, 0]);
        assert!(turns.board().held.is_empty());
    }
}

//! Under which short names partners and customers are known whom calls name otherwise. What commands rest on is told by
//! short names, and a command that can say it before its transaction spares a round trip to find it out.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many names are remembered; one more, and all are learned anew.
const NAMES_MAX: usize = 16_384;

/// Short names, by the names that calls gave. What stands here may have changed since: it is a guess that nothing rests on.
#[derive(Default)]
pub(crate) struct ShortNames {
    known: Mutex<HashMap<String, String>>,
}

impl ShortNames {
    fn known(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The short name that most likely goes with a name: itself, where nothing is known.
    pub(crate) fn of(&self, name: &str) -> String {
        let known = self.known().get(name).cloned();
        known.unwrap_or_else(|| name.to_owned())
    }

    /// Remembers which short name went with a name.
    pub(crate) fn learn(&self, name: &str, short: &str) {
        let mut known = self.known();
        match known.get(name) {
            Some(last) if last == short => return,
            None if name == short => return,
            _ => {}
        }
        if known.len() >= NAMES_MAX {
            known.clear();
        }
        known.insert(name.to_owned(), short.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_short_name_of_a_name_is_known_and_never_too_many_are() {
        let names = ShortNames::default();
        assert_eq!(names.of("a"), "a");
        names.learn("a", "a");
        assert!(names.known().is_empty(), "it says nothing new");
        names.learn("a", "first");
        names.learn("a", "second");
        assert_eq!(names.of("a"), "second");
        for name in 0..NAMES_MAX {
            names.learn(&name.to_string(), "many");
        }
        assert_eq!(names.known().len(), 1);
        assert_eq!(names.of(&(NAMES_MAX - 1).to_string()), "many");
    }
}

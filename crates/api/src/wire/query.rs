//! The query of a documented path: keys in any case, `size=0` as "no size given", repeated keys.

use crate::problem::Problem;
use crate::wire::path;

/// A query, its keys in small letters, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the raw text behind the question mark.
    pub(crate) fn read(raw: Option<&str>) -> Self {
        Self(path::query(raw))
    }

    /// The first value of a key that is not empty.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.all(key).next()
    }

    /// The keys, in small letters.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// Every value of a key that is not empty.
    pub(crate) fn all<'a>(&'a self, key: &str) -> impl Iterator<Item = &'a str> {
        let wanted = key.to_lowercase();
        self.0
            .iter()
            .filter(move |(name, value)| *name == wanted && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// A whole number.
    ///
    /// # Errors
    /// A 400 that names the key.
    pub(crate) fn number(&self, key: &str) -> Result<Option<usize>, Problem> {
        self.get(key)
            .map(str::parse)
            .transpose()
            .map_err(|_| Problem::malformed(key, "is a whole number"))
    }

    /// A yes or no, as `true`, `True` or `1`.
    pub(crate) fn flag(&self, key: &str) -> bool {
        self.get(key)
            .is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1")
    }
}

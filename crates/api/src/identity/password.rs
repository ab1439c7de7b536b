//! Passwords: argon2id, away from lanes and transactions, and a limit to guessing.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use tierline_domain::time::Timestamp;
use tokio::sync::Semaphore;

use super::{random, seconds_since};

/// The shortest password that is taken.
pub(crate) const LETTERS_MIN: usize = 12;
/// The longest: more would only cost time.
pub(crate) const LETTERS_MAX: usize = 256;
/// So many failures, of one name, in so many seconds.
const FAILURES_MAX: u32 = 10;
const WINDOW_SECONDS: i64 = 900;
/// Names whose failures are remembered.
const NAMES_MAX: usize = 16_384;

/// Each takes 19 MiB for a while; the others wait.
static AT_ONCE: Semaphore = Semaphore::const_new(2);

/// What an unknown name's password is compared with, so that it takes as long as a known one's.
static NOBODY: LazyLock<String> = LazyLock::new(|| hashed("nobody"));

fn hashed(password: &str) -> String {
    SaltString::encode_b64(&random::<16>())
        .and_then(|salt| {
            Argon2::default()
                .hash_password(password.as_bytes(), &salt)
                .map(|hash| hash.to_string())
        })
        .unwrap_or_default()
}

/// What is stored of a password.
pub(crate) async fn hash(password: String) -> Option<String> {
    let _turn = AT_ONCE.acquire().await.ok()?;
    let hash = tokio::task::spawn_blocking(move || hashed(&password)).await;
    hash.ok().filter(|hash| !hash.is_empty())
}

/// Whether a password fits what is stored; nothing is stored of an unknown user.
pub(crate) async fn fits(password: String, stored: Option<String>) -> bool {
    let Ok(_turn) = AT_ONCE.acquire().await else {
        return false;
    };
    let check = move || {
        let known = stored.is_some();
        let text = stored.unwrap_or_else(|| NOBODY.clone());
        let fits = PasswordHash::new(&text).is_ok_and(|hash| {
            Argon2::default()
                .verify_password(password.as_bytes(), &hash)
                .is_ok()
        });
        fits && known
    };
    tokio::task::spawn_blocking(check).await.unwrap_or(false)
}

/// Failures by name, in windows. Names are forgotten in time, and the number of them is bounded.
#[derive(Default)]
pub(crate) struct Failures {
    by_name: Mutex<HashMap<String, (Timestamp, u32)>>,
}

impl Failures {
    /// How many seconds a name has to wait; none where it may try.
    pub(crate) fn wait(&self, name: &str, now: Timestamp) -> Option<i64> {
        let by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        let (from, failures) = by_name.get(&name.to_lowercase())?;
        let passed = seconds_since(*from, now);
        (*failures >= FAILURES_MAX && passed < WINDOW_SECONDS)
            .then(|| WINDOW_SECONDS.saturating_sub(passed))
    }

    /// One failure more.
    pub(crate) fn add(&self, name: &str, now: Timestamp) {
        let mut by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        if by_name.len() >= NAMES_MAX {
            by_name.retain(|_, (from, _)| seconds_since(*from, now) < WINDOW_SECONDS);
        }
        if by_name.len() >= NAMES_MAX {
            // Somebody tries many names: those that failed once make room.
            by_name.retain(|_, (_, failures)| *failures > 1);
        }
        if by_name.len() >= NAMES_MAX {
            by_name.clear();
        }
        let count = by_name.entry(name.to_lowercase()).or_insert((now, 0));
        if seconds_since(count.0, now) >= WINDOW_SECONDS {
            *count = (now, 0);
        }
        count.1 = count.1.saturating_add(1);
    }

    /// The name got in.
    pub(crate) fn clear(&self, name: &str) {
        let mut by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        by_name.remove(&name.to_lowercase());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_own_hash_alone() {
        let stored = hash("correct horse battery".to_owned()).await;
        assert!(stored.as_deref().unwrap().starts_with("$argon2id$"));
        assert!(fits("correct horse battery".to_owned(), stored.clone()).await);
        assert!(!fits("correct horse batterx".to_owned(), stored).await);
        assert!(!fits("nobody".to_owned(), None).await);
    }

    #[test]
    fn guessing_ends_for_a_while() {
        let now: Timestamp = "2026-01-15T12:00:00Z".parse().unwrap();
        let failures = Failures::default();
        for _ in 0..FAILURES_MAX {
            assert_eq!(failures.wait("Kim@ip-1.example", now), None);
            failures.add("kim@ip-1.example", now);
        }
        assert_eq!(failures.wait("Kim@ip-1.example", now), Some(WINDOW_SECONDS));
        assert_eq!(failures.wait("lee@ip-1.example", now), None);
        assert_eq!(failures.wait("kim@ip-1.example", now.plus_hours(1)), None);
    }
}

//! The two clocks (GEN-004): the world clock decides business dates, the server clock decides lives of
//! tokens, retries and logs. This is the one file that reads the wall clock.

use std::sync::atomic::{AtomicI64, Ordering};

use tierline_domain::time::Timestamp;
use tierline_store::tables::WorldClock;

/// The name under which a database keeps its clock.
pub const KEPT: &str = "world";

/// A world's clock: the server's instant moved by an offset, or standing still where it was pinned.
#[derive(Debug)]
pub struct Clock {
    offset_micros: AtomicI64,
    pinned: Option<AtomicI64>,
    server: Option<AtomicI64>,
}

impl Clock {
    /// Runs with the wall clock.
    #[must_use]
    pub const fn wall() -> Self {
        Self {
            offset_micros: AtomicI64::new(0),
            pinned: None,
            server: None,
        }
    }

    /// Stands still at an instant until it is moved.
    #[must_use]
    pub const fn pinned(at: Timestamp) -> Self {
        Self {
            offset_micros: AtomicI64::new(0),
            pinned: Some(AtomicI64::new(at.as_micros())),
            server: None,
        }
    }

    /// Both clocks stand still until they are moved: for tests of what happens by the server's clock.
    #[must_use]
    pub const fn standing(at: Timestamp) -> Self {
        Self {
            offset_micros: AtomicI64::new(0),
            pinned: Some(AtomicI64::new(at.as_micros())),
            server: Some(AtomicI64::new(at.as_micros())),
        }
    }

    /// A clock as it was kept: it stands where it stood, or ran on meanwhile.
    #[must_use]
    pub fn kept(kept: &WorldClock) -> Self {
        if kept.stands {
            return Self::pinned(kept.world);
        }
        let clock = Self::wall();
        let offset = kept.world.as_micros();
        let offset = offset.saturating_sub(kept.server.as_micros());
        clock.offset_micros.store(offset, Ordering::SeqCst);
        clock
    }

    /// This clock as it is kept when its world stands at an instant now.
    #[must_use]
    pub fn to_keep(&self, world: Timestamp) -> WorldClock {
        WorldClock {
            name: KEPT.to_owned(),
            world,
            server: self.server_now(),
            stands: self.stands(),
        }
    }

    /// Whether it stands still between moves.
    #[must_use]
    pub const fn stands(&self) -> bool {
        self.pinned.is_some()
    }

    /// The world's instant.
    #[must_use]
    pub fn world_now(&self) -> Timestamp {
        let micros = match &self.pinned {
            Some(at) => at.load(Ordering::SeqCst),
            None => self
                .server_now()
                .as_micros()
                .saturating_add(self.offset_micros.load(Ordering::SeqCst)),
        };
        Timestamp::from_micros(micros).unwrap_or_else(|_| self.server_now())
    }

    /// Real time, or the instant at which a test holds it.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the wall clock"
    )]
    pub fn server_now(&self) -> Timestamp {
        if let Some(at) = &self.server
            && let Ok(at) = Timestamp::from_micros(at.load(Ordering::SeqCst))
        {
            return at;
        }
        Timestamp::from_jiff(jiff::Timestamp::now())
    }

    /// Lets time pass for the server, where its clock stands still; real time passes by itself.
    pub fn pass_seconds(&self, seconds: i64) {
        if let Some(at) = &self.server {
            at.fetch_add(seconds.saturating_mul(1_000_000), Ordering::SeqCst);
        }
    }

    /// Moves the world to an instant, from which it runs or stands as before.
    pub fn move_to(&self, instant: Timestamp) {
        match &self.pinned {
            Some(at) => at.store(instant.as_micros(), Ordering::SeqCst),
            None => {
                let offset = instant
                    .as_micros()
                    .saturating_sub(self.server_now().as_micros());
                self.offset_micros.store(offset, Ordering::SeqCst);
            }
        }
    }
}

//! What happens by date, and where a sandbox's clock stands.

use tierline_domain::time::Timestamp;
use uuid::Uuid;

use crate::engine::Migration;
use crate::statement::Statement;
use crate::{statements, table};

/// Items that could not be done say why; what is still to come for a subject is found among many; what was done is listed
/// by when; a moved clock outlives its process.
pub const MIGRATION: Migration = Migration {
    name: "0004_time",
    sql: "
ALTER TABLE schedule ADD COLUMN problem {text};
CREATE INDEX schedule_subject ON schedule (subject, due, id) WHERE done IS NULL;
CREATE INDEX schedule_done ON schedule (done, id) WHERE done IS NOT NULL;
CREATE TABLE world_clocks (
    name {text} PRIMARY KEY, world {instant} NOT NULL, server {instant} NOT NULL, stands {bool} NOT NULL
) {strict};
",
};

/// Something that happens by date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Its id.
    pub id: Uuid,
    /// When.
    pub due: Timestamp,
    /// What.
    pub kind: String,
    /// To what: a short name or an id.
    pub subject: String,
    /// When it was done, or set aside, in the world.
    pub done: Option<Timestamp>,
    /// Why it was set aside and not done.
    pub problem: Option<String>,
}

table! {
    /// The schedule.
    schedule: Due {
        key { id }
        columns { id, due, kind, subject, done, problem }
        kept { false }
        finds {
            NEXT = "WHERE done IS NULL AND due <= $1 ORDER BY due, id LIMIT $2",
            FIRST_AFTER = "WHERE done IS NULL AND due > $1 ORDER BY due, id LIMIT 1",
            OPEN_AFTER = "WHERE done IS NULL AND (due, id) > ($1, $2) ORDER BY due, id LIMIT $3",
            DONE_BEFORE = "WHERE done IS NOT NULL AND (done, id) < ($1, $2) ORDER BY done DESC, id DESC LIMIT $3",
            ASIDE_BEFORE = "WHERE problem IS NOT NULL AND (done, id) < ($1, $2) ORDER BY done DESC, id DESC LIMIT $3",
            OPEN_FOR = "WHERE done IS NULL AND subject = $1 ORDER BY due, id",
            OPEN_OF = "WHERE done IS NULL AND kind = $1 AND subject = $2 ORDER BY due, id"
        }
    }
}

/// Where a sandbox's clock stood when it was last moved, or its world last copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorldClock {
    /// Which clock: a database has one.
    pub name: String,
    /// The world's instant.
    pub world: Timestamp,
    /// The server's instant then.
    pub server: Timestamp,
    /// It stands still between moves, and does not run.
    pub stands: bool,
}

impl WorldClock {
    /// Where it stands at an instant of the server.
    #[must_use]
    pub fn at(&self, server: Timestamp) -> Timestamp {
        if self.stands {
            return self.world;
        }
        let passed = server.as_micros().saturating_sub(self.server.as_micros());
        let at = self.world.as_micros().saturating_add(passed);
        Timestamp::from_micros(at).unwrap_or(self.world)
    }
}

table! {
    /// Clocks that were moved.
    world_clocks: WorldClock {
        key { name }
        columns { name, world, server, stands }
        finds {}
    }
}

statements! {
    /// Claims the first thing that is due, in the transaction that does it. The conditions stand twice: whoever waited
    /// for another's claim of the same row would else do it again when that one has committed.
    pub CLAIM = "UPDATE schedule SET done = $1 WHERE id = $2 AND done IS NULL
        AND id = (SELECT id FROM schedule WHERE done IS NULL AND due <= $3 ORDER BY due, id LIMIT 1)";
    /// The last line booked on a subscription; most are booked because a cycle begins.
    pub LAST_CHARGE = "SELECT position FROM charges WHERE subscription = $1 ORDER BY position DESC LIMIT 1";
    /// Sets aside what cannot be done, unless it was done meanwhile.
    pub SET_ASIDE = "UPDATE schedule SET done = $1, problem = $2 WHERE id = $3 AND done IS NULL";
}

/// Statements that are no whole rows.
pub const STATEMENTS: &[Statement] = ALL;

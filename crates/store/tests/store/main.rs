//! The store as its callers see it. Every test runs on both engines where it can; they share a binary so
//! that they share one throw-away PostgreSQL cluster.
#![expect(
    clippy::unwrap_used,
    reason = "a test says what went wrong by where it stops"
)]

mod broken_connections;
mod change_log;
mod copies;
mod group_commit;
mod grown_states;
mod kept_rows;
mod many_rows;
mod plans;
mod racing_writers;
mod retries;
mod round_trip;
mod schedule_claims;
mod schemas;
mod things;
mod waiting_rows;

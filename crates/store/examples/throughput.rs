//! How many trivial durable inserts a second the lanes commit, for 1, 8 and 32 clients.
//!
//! `cargo run --release -p tierline-store --example throughput -- FILE|postgres://… [SECONDS]`, on a disk and a
//! server of your choice; compare with `pgbench -N` on the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use tierline_store::{Command, Db, DbConfig, Migration, StoreError, Tx, params, statements};

static SCHEMA: &[Migration] = &[Migration {
    name: "0001_ticks",
    sql: "CREATE TABLE ticks (run {text} NOT NULL, number {int} NOT NULL, note {text} NOT NULL, PRIMARY KEY (run, number)) {strict};",
}];
statements! {
    INSERT = "INSERT INTO ticks (run, number, note) VALUES ($1, $2, $3)";
    COUNT = "SELECT COUNT(*) FROM ticks WHERE run = $1";
}

struct Tick(Arc<str>, i64);
impl Command for Tick {
    type Out = ();
    type Error = StoreError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let note = "a note of about the length that a row has";
        tx.execute(INSERT, &params![*self.0, self.1, note])
            .await
            .map(drop)
    }
}

struct Count(Arc<str>);
impl Command for Count {
    type Out = i64;
    type Error = StoreError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<i64, StoreError> {
        let count = tx
            .fetch_optional::<(i64,)>(COUNT, &params![*self.0])
            .await?;
        Ok(count.map_or(0, |(count,)| count))
    }
}

#[tokio::main]
async fn main() -> Result<(), StoreError> {
    let mut arguments = std::env::args().skip(1);
    let target = arguments
        .next()
        .unwrap_or_else(|| "throughput.db".to_owned());
    let seconds = arguments
        .next()
        .and_then(|text| text.parse().ok())
        .unwrap_or(5);
    let server = target.starts_with("postgres").then(|| target.clone());
    let config = DbConfig::of(server, target.into());
    let db = Db::open(&config, SCHEMA).await?;
    for clients in [1, 8, 32] {
        let run: Arc<str> = format!("{} {clients}", std::process::id()).into();
        let before = db.lane_stats();
        let begun = Instant::now();
        measure(&db, &run, clients, Duration::from_secs(seconds)).await?;
        let elapsed = begun.elapsed();
        let after = db.lane_stats();
        let kept = db.read(Count(Arc::clone(&run))).await?;
        let commands = after.commands - before.commands;
        assert_eq!(u64::try_from(kept), Ok(commands), "every answer is a row");
        eprintln!(
            "{clients:>2} clients: {:>6} commands/s, {:>5} in a group, {} syncs",
            u128::from(commands) * 1_000 / elapsed.as_millis().max(1),
            Ratio(commands, after.groups - before.groups),
            after.syncs - before.syncs
        );
    }
    db.shutdown().await;
    Ok(())
}

async fn measure(
    db: &Db,
    run: &Arc<str>,
    clients: usize,
    time: Duration,
) -> Result<(), StoreError> {
    let number = Arc::new(AtomicI64::new(0));
    let is_over = Arc::new(AtomicBool::new(false));
    let tasks: Vec<_> = (0..clients)
        .map(|_| {
            let (db, run, number, is_over) = (
                db.clone(),
                Arc::clone(run),
                Arc::clone(&number),
                Arc::clone(&is_over),
            );
            tokio::spawn(async move {
                while !is_over.load(Ordering::Relaxed) {
                    let number = number.fetch_add(1, Ordering::Relaxed);
                    db.write(Tick(Arc::clone(&run), number)).await?;
                }
                Ok::<(), StoreError>(())
            })
        })
        .collect();
    #[expect(clippy::disallowed_methods, reason = "measures for so long")]
    tokio::time::sleep(time).await;
    is_over.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.map_err(|_| StoreError::Panicked)??;
    }
    Ok(())
}

/// Two numbers as one with a decimal.
struct Ratio(u64, u64);
impl std::fmt::Display for Ratio {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tenths = self.0 * 10 / self.1.max(1);
        f.pad(&format!("{}.{}", tenths / 10, tenths % 10))
    }
}

//! Readers keep rows that many ask for. What a write has answered is seen by every read after it all the same,
//! whoever wrote: this store, another one, another process.

use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::json;
use tierline_domain::time::Timestamp;
use tierline_store::tables::{self, Setting};
use tierline_store::testing::{both_engines, told};
use tierline_store::{Command, Db, DbConfig, Json, StoreError, Table as _, Tx, Value, schema};

use crate::things::{self, Thing};

/// Sets both settings to one number, and fails after it where that is asked for.
#[derive(Clone, Copy)]
enum Set {
    Both(i64),
    AndPanic(i64),
    AndRefuse(i64),
}

const KEYS: [&str; 2] = ["first", "second"];

impl Command for Set {
    type Out = ();
    type Error = StoreError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let (Self::Both(number) | Self::AndPanic(number) | Self::AndRefuse(number)) = *self;
        for key in KEYS {
            let (key, value) = (key.to_owned(), Json(json!(number)));
            tx.put(&Setting { key, value }).await?;
        }
        match self {
            Self::Both(_) => tx.append(&told()).await,
            Self::AndPanic(_) => panic!("as planned"),
            Self::AndRefuse(_) => Err(StoreError::Closed),
        }
    }
}

/// The number of both settings, each read by its key and again with all others.
struct Number;

impl Command for Number {
    type Out = i64;
    type Error = StoreError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<i64, StoreError> {
        let mut seen = Vec::new();
        for key in KEYS {
            seen.extend(tx.get::<Setting>(&[Value::Text(key.to_owned())]).await?);
        }
        seen.extend(tx.find(tables::settings::EVERY, &[]).await?);
        let mut numbers = seen.iter().filter_map(|setting| setting.value.0.as_i64());
        let first = numbers.next().unwrap_or(0);
        assert!(
            numbers.all(|other| other == first),
            "one read saw two states: {seen:?}"
        );
        Ok(first)
    }
}

#[tokio::test]
async fn a_read_sees_every_write_that_was_answered() {
    both_engines(schema::MIGRATIONS, |test| async move {
        let other = Db::open(&test.config, schema::MIGRATIONS).await.unwrap();
        assert_eq!(
            test.db.read(Number).await.unwrap(),
            0,
            "absences are kept too"
        );
        for number in 1..100 {
            let (writer, reader) = match number % 3 {
                0 => (&test.db, &test.db),
                1 => (&other, &test.db),
                _ => (&test.db, &other),
            };
            writer.write(Set::Both(number)).await.unwrap();
            for _ in 0..3 {
                assert_eq!(reader.read(Number).await.unwrap(), number);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn what_was_undone_is_never_seen() {
    both_engines(schema::MIGRATIONS, |test| async move {
        test.db.write(Set::Both(1)).await.unwrap();
        assert_eq!(test.db.read(Number).await.unwrap(), 1);
        for undone in [Set::AndPanic(2), Set::AndRefuse(3)] {
            test.db.write(undone).await.unwrap_err();
            assert_eq!(test.db.read(Number).await.unwrap(), 1);
        }
        test.db.rehearse(Set::Both(4)).await.unwrap();
        assert_eq!(test.db.read(Number).await.unwrap(), 1);
        test.db.write(Set::Both(5)).await.unwrap();
        assert_eq!(test.db.read(Number).await.unwrap(), 5);
    })
    .await;
}

#[tokio::test]
async fn a_database_in_memory_is_read_where_it_is_written() {
    let db = Db::open(&DbConfig::Memory, schema::MIGRATIONS)
        .await
        .unwrap();
    for number in 1..10 {
        db.write(Set::Both(number)).await.unwrap();
        assert_eq!(db.read(Number).await.unwrap(), number);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn racing_reads_see_one_state_and_never_an_older_one() {
    both_engines(schema::MIGRATIONS, |test| async move {
        let answered = std::sync::Arc::new(AtomicI64::new(0));
        let readers: Vec<_> = (0..4)
            .map(|_| {
                let (db, answered) = (test.db.clone(), std::sync::Arc::clone(&answered));
                tokio::spawn(async move {
                    loop {
                        let before = answered.load(Ordering::SeqCst);
                        let seen = db.read(Number).await.unwrap();
                        assert!(seen >= before, "{seen} after {before} was answered");
                        if before == 200 {
                            return;
                        }
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        for number in 1..=200 {
            test.db.write(Set::Both(number)).await.unwrap();
            answered.store(number, Ordering::SeqCst);
        }
        for reader in readers {
            reader.await.unwrap();
        }
    })
    .await;
}

/// Where the child of the next test finds the file.
const FILE: &str = "TIERLINE_TEST_KEPT_ROWS_FILE";

#[tokio::test]
async fn a_write_of_another_process_is_seen() {
    if let Some(path) = std::env::var_os(FILE) {
        let path = path.into();
        let db = Db::open(&DbConfig::File { path }, schema::MIGRATIONS)
            .await
            .unwrap();
        let number = db.read(Number).await.unwrap();
        db.write(Set::Both(number + 1)).await.unwrap();
        db.shutdown().await;
        return;
    }
    let test = tierline_store::testing::sqlite(schema::MIGRATIONS).await;
    let DbConfig::File { path } = &test.config else {
        panic!("a file was asked for");
    };
    for number in 1..4 {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "kept_rows::a_write_of_another_process_is_seen"]);
        let written = child.env(FILE, path).output().unwrap();
        assert!(written.status.success());
        assert_eq!(test.db.read(Number).await.unwrap(), number);
    }
}

/// Puts a thing in its own place, with a name and an instant at which it was seen.
struct Put(&'static str, Timestamp);

impl Command for Put {
    type Out = ();
    type Error = StoreError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let thing = Thing::named("one");
        tx.get::<Thing>(&thing.key()).await?;
        tx.put(&Thing {
            name: self.0.to_owned(),
            seen: self.1,
            ..thing
        })
        .await
    }
}

/// Reads the thing.
struct One;

impl Command for One {
    type Out = Option<Thing>;
    type Error = StoreError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<Option<Thing>, StoreError> {
        tx.get(&Thing::named("one").key()).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_is_fixed_is_not_written_again_and_nobody_changes_it() {
    both_engines(things::SCHEMA, |test| async move {
        let (db, seen) = (&test.db, Thing::named("one").seen);
        db.write(Put("one", seen)).await.unwrap();
        db.write(Put("two", seen)).await.unwrap();
        let changed = db.write(Put("three", Timestamp::EPOCH)).await;
        assert!(
            matches!(changed, Err(StoreError::Unsupported(_))),
            "{changed:?}"
        );
        let kept = db.read(One).await.unwrap().unwrap();
        assert_eq!((kept.name.as_str(), kept.seen), ("two", seen));
    })
    .await;
}

//! Copies of a SQLite database: what sandboxes fork and test cases start from.

use std::time::{Duration, Instant};

use crate::things::{Do, SCHEMA, add};
use tierline_store::testing::{both_engines, sqlite};
use tierline_store::{Db, DbConfig, StoreError, schema};

#[tokio::test]
async fn a_copy_in_memory_is_independent_and_fast() {
    let db = Db::open(&DbConfig::Memory, SCHEMA).await.unwrap();
    db.write(add("one")).await.unwrap();
    let (first, second) = (
        db.copy_to_memory().await.unwrap(),
        db.copy_to_memory().await.unwrap(),
    );
    assert_eq!(first.write(add("two")).await.unwrap(), 2);
    assert_eq!(
        first
            .copy_to_memory()
            .await
            .unwrap()
            .read(Do::Nothing)
            .await
            .unwrap(),
        2
    );
    for other in [db, second] {
        assert_eq!(other.read(Do::Nothing).await.unwrap(), 1);
    }
    let program = Db::open(&DbConfig::Memory, schema::MIGRATIONS)
        .await
        .unwrap();
    let begun = Instant::now();
    for _ in 0..100 {
        drop(program.copy_to_memory().await.unwrap());
    }
    let each = begun.elapsed() / 100;
    eprintln!("{each:?} a copy of the program's schema");
    assert!(
        each < Duration::from_millis(20),
        "{each:?}: it should be well below two, on an idle machine"
    );
}

#[tokio::test]
async fn a_snapshot_is_a_database_of_its_own() {
    let test = sqlite(SCHEMA).await;
    test.db.write(add("one")).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("snapshot.db");
    test.db.snapshot_to(&path).await.unwrap();
    assert!(
        matches!(
            test.db.snapshot_to(&path).await,
            Err(StoreError::Unavailable(_))
        ),
        "it is there already"
    );
    test.db.write(add("two")).await.unwrap();
    let snapshot = Db::open(&DbConfig::File { path }, SCHEMA).await.unwrap();
    assert_eq!(snapshot.write(add("three")).await.unwrap(), 2);
    assert_eq!(
        test.db
            .copy_to_memory()
            .await
            .unwrap()
            .read(Do::Nothing)
            .await
            .unwrap(),
        2
    );
}

#[tokio::test]
async fn a_snapshot_holds_what_was_committed_whoever_reads_or_writes_meanwhile() {
    let test = sqlite(SCHEMA).await;
    let other = Db::open(&test.config, SCHEMA).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut least = 0;
    for round in 0..20 {
        let path = dir.path().join(format!("{round}.db"));
        let (mine, theirs) = (format!("mine {round}"), format!("theirs {round}"));
        let (wrote, kept, too) = tokio::join!(
            test.db.write(add(&mine)),
            test.db.snapshot_to(&path),
            other.write(add(&theirs)),
        );
        assert_eq!((wrote.is_ok(), too.is_ok()), (true, true), "{round}");
        kept.unwrap();
        let copy = Db::open(&DbConfig::File { path }, SCHEMA).await.unwrap();
        // One more than there were: what it answers counts the row that it adds.
        let rows = copy.write(add("copy")).await.unwrap() - 1;
        assert!((least..=least + 2).contains(&rows), "{round}: {rows}");
        least += 2;
    }
}

#[tokio::test]
async fn a_server_is_not_copied() {
    both_engines(SCHEMA, |test| async move {
        let copied = test.db.copy_to_memory().await;
        assert_eq!(copied.is_ok(), test.engine == "SQLite");
        assert!(matches!(
            copied.err(),
            None | Some(StoreError::Unsupported(_))
        ));
    })
    .await;
}

/// A database that is being made is whole afterwards, whether the disk was waited for or not.
#[tokio::test]
async fn what_is_not_waited_for_is_there_all_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let config = DbConfig::File {
        path: dir.path().join("hurried.db"),
    };
    let db = Db::open(&config, SCHEMA).await.unwrap();
    db.wait_for_disk(false).await.unwrap();
    db.write(add("one")).await.unwrap();
    let copy = dir.path().join("copy.db");
    db.snapshot_to(&copy).await.unwrap();
    db.wait_for_disk(true).await.unwrap();
    db.write(add("two")).await.unwrap();
    db.shutdown().await;
    for (path, count) in [(config, 2), (DbConfig::File { path: copy }, 1)] {
        let db = Db::open(&path, SCHEMA).await.unwrap();
        assert_eq!(db.read(Do::Nothing).await.unwrap(), count);
    }
}

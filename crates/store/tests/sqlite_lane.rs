//! What a lane promises, on SQLite alone.

use std::time::Instant;

use tierline_domain::id::Id;
use tierline_domain::time::Timestamp;
use tierline_store::{
    Command, Db, DbConfig, Field, Json, Migration, StoreError, Table, Tx, params, statements, table,
};

/// A thing to keep.
#[derive(Clone, Debug, PartialEq)]
pub struct Thing {
    id: Id<Thing>,
    name: String,
    size: Option<u32>,
    seen: Timestamp,
    tags: Json<Vec<String>>,
}
table! {
    /// Things.
    things: Thing {
        key { id }
        columns { id, name, size, seen, tags }
        finds { BY_NAME = "WHERE name = $1" }
    }
}
statements! {
    COUNT = "SELECT COUNT(*) FROM things";
    GROW = "UPDATE things SET size = COALESCE(size, 0) + 1 WHERE name = $1";
}
static SCHEMA: &[Migration] = &[Migration {
    name: "0001_things",
    sql: "CREATE TABLE things (id {id} PRIMARY KEY, name {text} NOT NULL UNIQUE, size {int}, seen {instant} NOT NULL, tags {json} NOT NULL) {strict};",
}];

fn thing(name: &str) -> Thing {
    Thing {
        id: Id::from_uuid(uuid::Uuid::from_bytes(
            name.as_bytes()
                .iter()
                .copied()
                .cycle()
                .take(16)
                .collect::<Vec<_>>()
                .try_into()
                .unwrap(),
        )),
        name: name.to_owned(),
        size: Some(3),
        seen: Timestamp::from_micros(1_700_000_000_123_456).unwrap(),
        tags: Json(vec!["a".into()]),
    }
}

enum Do {
    Add(&'static str),
    AddAndPanic(&'static str),
    AddAndRefuse(&'static str),
    Count,
    Find(&'static str),
    TryTwice,
}

#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("refused")]
    Refused,
    #[error("store")]
    Store(#[from] StoreError),
}

impl Command for Do {
    type Out = i64;
    type Error = Failed;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<i64, Failed> {
        match self {
            Self::Add(name) => tx.insert(&thing(name)).await?,
            Self::AddAndPanic(name) => {
                tx.insert(&thing(name)).await?;
                panic!("as planned");
            }
            Self::AddAndRefuse(name) => {
                tx.insert(&thing(name)).await?;
                return Err(Failed::Refused);
            }
            Self::Find(name) => {
                let found = tx.find::<Thing>(things::BY_NAME, &params![*name]).await?;
                assert_eq!(found, vec![thing(name)]);
                assert_eq!(
                    tx.get::<Thing>(&thing(name).key()).await?,
                    Some(thing(name))
                );
            }
            Self::TryTwice => {
                tx.savepoint("try").await?;
                tx.insert(&thing("tried")).await?;
                assert!(tx.insert(&thing("tried")).await.is_err());
                assert!(matches!(
                    tx.execute(GROW, &params!["tried"]).await,
                    Err(StoreError::Aborted)
                ));
                tx.rollback_to("try").await?;
                tx.insert(&thing("second try")).await?;
                tx.release("try").await?;
            }
            Self::Count => {}
        }
        let (count,) = tx.fetch_optional::<(i64,)>(COUNT, &[]).await?.unwrap();
        Ok(count)
    }
    async fn record_failure(&self, tx: &mut Tx<'_>, error: &Failed) -> Result<(), StoreError> {
        if matches!(error, Failed::Refused) {
            tx.insert(&thing("record of a refusal")).await?;
        }
        Ok(())
    }
}

async fn memory() -> Db {
    Db::open(&DbConfig::Memory, SCHEMA).await.unwrap()
}

#[tokio::test]
async fn one_group_keeps_what_is_sound() {
    let db = memory().await;
    let (a, b, c, d, e) = tokio::join!(
        db.write(Do::Add("a")),
        db.write(Do::AddAndPanic("b")),
        db.write(Do::AddAndRefuse("c")),
        db.write(Do::Add("a")),
        db.write(Do::Add("e")),
    );
    assert_eq!(a.unwrap(), 1);
    assert!(matches!(b, Err(Failed::Store(StoreError::Panicked))));
    assert!(matches!(c, Err(Failed::Refused)));
    let Err(Failed::Store(conflict)) = d else {
        panic!("a second a")
    };
    assert!(matches!(conflict, StoreError::Conflict { table, .. } if table == "things"));
    assert_eq!(e.unwrap(), 3, "a, the record of the refusal, e");
    db.read(Do::Find("a")).await.unwrap();
    assert!(db.read(Do::Add("x")).await.is_err());
    assert_eq!(db.lane_stats().panics, 1);
}

#[tokio::test]
async fn a_rehearsal_and_a_savepoint_leave_nothing() {
    let db = memory().await;
    assert_eq!(db.rehearse(Do::Add("a")).await.unwrap(), 1);
    assert_eq!(db.read(Do::Count).await.unwrap(), 0);
    assert_eq!(db.write(Do::TryTwice).await.unwrap(), 1);
    db.read(Do::Find("second try")).await.unwrap();
}

#[tokio::test]
async fn copies_are_independent_and_fast() {
    let db = memory().await;
    db.write(Do::Add("a")).await.unwrap();
    let begun = Instant::now();
    let mut copies = Vec::new();
    for _ in 0..50 {
        copies.push(db.copy_to_memory().await.unwrap());
    }
    eprintln!("{:?} a copy", begun.elapsed() / 50);
    assert_eq!(copies[0].write(Do::Add("b")).await.unwrap(), 2);
    assert_eq!(db.read(Do::Count).await.unwrap(), 1);
    assert_eq!(copies[1].read(Do::Count).await.unwrap(), 1);
}

#[tokio::test]
async fn a_file_is_opened_again_and_copied() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("world.db");
    let config = DbConfig::File { path };
    let db = Db::open(&config, SCHEMA).await.unwrap();
    db.write(Do::Add("a")).await.unwrap();
    assert_eq!(db.read(Do::Count).await.unwrap(), 1);
    assert!(db.read(Do::Add("b")).await.is_err());
    let copy = dir.path().join("copy.db");
    db.snapshot_to(&copy).await.unwrap();
    assert!(db.snapshot_to(&copy).await.is_err());
    db.shutdown().await;
    assert!(matches!(
        db.write(Do::Count).await,
        Err(Failed::Store(StoreError::Closed))
    ));
    for path in [dir.path().join("world.db"), copy] {
        let again = Db::open(&DbConfig::File { path }, SCHEMA).await.unwrap();
        assert_eq!(
            again
                .copy_to_memory()
                .await
                .unwrap()
                .read(Do::Count)
                .await
                .unwrap(),
            1
        );
    }
    static OTHER: &[Migration] = &[Migration {
        name: "0001_other",
        sql: "",
    }];
    assert!(matches!(
        Db::open(&config, OTHER).await,
        Err(StoreError::Schema(_))
    ));
}

#[test]
fn fields_hold_their_kind() {
    assert_eq!(
        <Json<Vec<String>>>::from_value(thing("a").tags.to_value()).unwrap(),
        thing("a").tags
    );
}

//! A group of commands shares one commit, and none of them can spoil it for the others.

use crate::things::things::BY_NAME;
use crate::things::{Do, Failed, Find, SCHEMA, Thing, add};
use tierline_store::testing::both_engines;
use tierline_store::{Ahead, Command, Db, Statement, StoreError, Tx, params};

async fn count(db: &Db) -> i64 {
    db.read(Do::Nothing).await.unwrap()
}

#[tokio::test]
async fn errors_and_panics_leave_the_rest_of_the_group_alone() {
    both_engines(SCHEMA, |test| async move {
        let db = &test.db;
        let (one, panicked, refused, twice, last) = tokio::join!(
            db.write(add("one")),
            db.write(Do::AddAndPanic("two")),
            db.write(Do::AddAndRefuse("three")),
            db.write(Do::AddTwiceAndGoOn("four")),
            db.write(add("five")),
        );
        assert_eq!(one.unwrap(), 1);
        assert!(matches!(
            panicked.unwrap_err().store(),
            StoreError::Panicked
        ));
        assert!(matches!(refused, Err(Failed::Refused)));
        assert!(matches!(twice.unwrap_err().store(), StoreError::Aborted));
        assert_eq!(last.unwrap(), 3, "one, the record of the refusal, five");
        assert_eq!(db.read(Find("record of a refusal")).await.unwrap().len(), 1);
        assert_eq!(count(db).await, 3);
        assert_eq!(db.lane_stats().panics, 1);
    })
    .await;
}

#[tokio::test]
async fn commands_that_wait_together_are_committed_together() {
    both_engines(SCHEMA, |test| async move {
        let db = &test.db;
        let writes = (0..40).map(|number| db.write(add(&format!("thing {number}"))));
        let done: Vec<_> = futures_util::future::join_all(writes).await;
        assert!(done.iter().all(Result::is_ok));
        let stats = db.lane_stats();
        assert_eq!(stats.commands, 40);
        assert!(stats.groups < 10, "{stats:?}");
        assert!(
            stats.syncs <= stats.groups + 1,
            "{stats:?}: the schema, and one for each group"
        );
    })
    .await;
}

/// Asks ahead for what no database can hold, and then does without.
struct Strange;

impl Command for Strange {
    type Out = ();
    type Error = StoreError;
    fn ahead(&self) -> Vec<Ahead> {
        vec![Ahead::rows::<Thing>(BY_NAME, params!["a\0b"].to_vec())]
    }
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let absent = tx.find::<Thing>(BY_NAME, &params!["nothing"]).await?;
        assert!(absent.is_empty());
        Ok(())
    }
}

#[tokio::test]
async fn what_is_asked_ahead_in_vain_spoils_nothing() {
    both_engines(SCHEMA, |test| async move {
        let others = (0..20).map(|number| test.db.write(add(&format!("thing {number}"))));
        let (strange, others) = futures_util::future::join(
            test.db.write(Strange),
            futures_util::future::join_all(others),
        )
        .await;
        strange.unwrap();
        assert!(others.iter().all(Result::is_ok));
    })
    .await;
}

#[tokio::test]
async fn a_conflict_names_table_and_columns() {
    both_engines(SCHEMA, |test| async move {
        let db = &test.db;
        db.write(add("one")).await.unwrap();
        let other = Thing {
            name: "two".into(),
            ..Thing::named("one")
        };
        let clash = db.write(Insert(other)).await.unwrap_err();
        assert!(clash.is_conflict_on("things", &["id"]), "{clash}");
        let other = Thing {
            id: Thing::named("two").id,
            ..Thing::named("one")
        };
        let clash = db.write(Insert(other)).await.unwrap_err();
        assert!(clash.is_conflict_on("things", &["name"]), "{clash}");
        let too_big = Thing {
            size: Some(1000),
            ..Thing::named("big")
        };
        assert!(matches!(
            db.write(Insert(too_big)).await,
            Err(StoreError::Violation { .. })
        ));
        let orphan = Statement::new("orphan", "INSERT INTO parts (thing, name) VALUES ($1, $2)");
        let orphan = Raw(orphan, params![Thing::named("nobody").id, "part"].to_vec());
        assert!(matches!(
            db.write(orphan).await,
            Err(StoreError::Violation { .. })
        ));
        let nul = Thing {
            name: "a\0b".into(),
            ..Thing::named("nul")
        };
        assert!(matches!(
            db.write(Insert(nul)).await,
            Err(StoreError::Unstorable { .. })
        ));
    })
    .await;
}

#[tokio::test]
async fn a_rehearsal_leaves_nothing() {
    both_engines(SCHEMA, |test| async move {
        let db = &test.db;
        db.write(add("one")).await.unwrap();
        assert_eq!(db.rehearse(add("two")).await.unwrap(), 2);
        assert!(matches!(
            db.rehearse(Do::AddAndRefuse("three")).await,
            Err(Failed::Refused)
        ));
        assert!(db.rehearse(Do::AddAndPanic("four")).await.is_err());
        assert_eq!(count(db).await, 1);
        assert_eq!(db.write(add("two")).await.unwrap(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_read_writes_nothing() {
    both_engines(SCHEMA, |test| async move {
        let db = &test.db;
        assert!(matches!(
            db.read(add("one")).await.unwrap_err().store(),
            StoreError::Statement { .. }
        ));
        assert_eq!(count(db).await, 0);
        assert_eq!(db.write(add("one")).await.unwrap(), 1);
        assert_eq!(
            db.read(Find("one")).await.unwrap(),
            vec![Thing::named("one")]
        );
    })
    .await;
}

#[tokio::test]
async fn savepoints_undo_a_part_of_a_command() {
    both_engines(SCHEMA, |test| async move {
        let db = &test.db;
        assert_eq!(db.write(Do::TryTwice).await.unwrap(), 1);
        assert_eq!(db.read(Find("second try")).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn rows_are_replaced_and_removed_whole() {
    both_engines(SCHEMA, |test| async move {
        let first = Thing::named("one");
        let second = Thing {
            size: None,
            ..first.clone()
        };
        test.db.write(Replace(first, second)).await.unwrap();
        assert_eq!(count(&test.db).await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_database_is_opened_again_by_the_same_program_only() {
    static OTHER: &[tierline_store::Migration] = &[tierline_store::Migration {
        name: "0001_other",
        sql: "",
    }];
    static EDITED: &[tierline_store::Migration] = &[tierline_store::Migration {
        name: "0001_things",
        sql: "",
    }];
    both_engines(SCHEMA, |test| async move {
        test.db.write(add("one")).await.unwrap();
        test.db.shutdown().await;
        assert!(matches!(
            test.db.write(add("two")).await.unwrap_err().store(),
            StoreError::Closed
        ));
        assert!(matches!(
            test.db.read(Do::Nothing).await.unwrap_err().store(),
            StoreError::Closed
        ));
        assert_eq!(
            count(&Db::open(&test.config, SCHEMA).await.unwrap()).await,
            1
        );
        for (schema, says) in [
            (OTHER, "is not this program's 0001_other"),
            (EDITED, "0001_things has another text"),
            (&[], "is newer than this program"),
        ] {
            let refused = Db::open(&test.config, schema).await.err();
            assert!(
                matches!(&refused, Some(StoreError::Schema(text)) if text.contains(says)),
                "{refused:?}"
            );
        }
    })
    .await;
}

struct Insert(Thing);
impl Command for Insert {
    type Out = ();
    type Error = StoreError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.insert(&self.0).await
    }
}

struct Raw(Statement, Vec<tierline_store::Value>);
impl Command for Raw {
    type Out = u64;
    type Error = StoreError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<u64, StoreError> {
        tx.execute(self.0, &self.1).await
    }
}

struct Replace(Thing, Thing);
impl Command for Replace {
    type Out = ();
    type Error = StoreError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let key = params![self.0.id];
        tx.put(&self.0).await?;
        assert_eq!(tx.get::<Thing>(&key).await?.as_ref(), Some(&self.0));
        tx.put(&self.1).await?;
        assert_eq!(tx.get::<Thing>(&key).await?.as_ref(), Some(&self.1));
        assert_eq!(tx.delete::<Thing>(&key).await?, 1);
        assert_eq!(tx.get::<Thing>(&key).await?, None);
        Ok(())
    }
}

//! What happens to a group when its transaction, its disk or its server goes away under it.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use crate::things::{Do, Failed, Find, GROW, SCHEMA, Thing, add};
use tierline_store::testing::{postgres, sqlite};
use tierline_store::{Command, Db, DbConfig, Lock, Statement, StoreError, Tx, params};

const KILL_OTHERS: Statement = Statement::new(
    "kill others",
    "SELECT COUNT(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid()) AS killed",
);
const KILL_MYSELF: Statement = Statement::new(
    "kill myself",
    "SELECT pg_terminate_backend(pg_backend_pid())",
);

/// Runs one statement; and on its first run a fatal one before it.
struct Fatal {
    name: &'static str,
    deadly: Statement,
    runs: AtomicU32,
}

impl Command for Fatal {
    type Out = ();
    type Error = StoreError;
    fn locks(&self) -> Vec<Lock> {
        add("").locks()
    }
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        if self.runs.fetch_add(1, Ordering::Relaxed) == 0 {
            tx.fetch_optional::<(Option<bool>,)>(self.deadly, &[])
                .await?;
        }
        tx.insert(&Thing::named(self.name)).await
    }
}

/// Runs one text on the lane.
struct Text(Statement);
impl Command for Text {
    type Out = ();
    type Error = StoreError;
    fn locks(&self) -> Vec<Lock> {
        add("").locks()
    }
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.fetch_all::<(Option<i64>,)>(self.0, &[]).await.map(drop)
    }
}

/// What SQLite does on its own after FULL or IOERR, on demand.
const GONE: Statement = Statement::new(
    "gone",
    "INSERT OR ROLLBACK INTO things (id, name, seen, tags) SELECT id, name, seen, tags FROM things",
);

#[tokio::test]
async fn a_transaction_that_sqlite_rolled_back_runs_again_one_by_one() {
    let test = sqlite(SCHEMA).await;
    let db = &test.db;
    db.write(add("one")).await.unwrap();
    let (two, gone, three) = tokio::join!(
        db.write(add("two")),
        db.write(Text(GONE)),
        db.write(add("three"))
    );
    assert!(matches!(gone, Err(StoreError::Conflict { .. })));
    assert_eq!((two.unwrap(), three.unwrap()), (2, 3));
    assert_eq!(db.read(Do::Nothing).await.unwrap(), 3);
}

#[tokio::test]
async fn a_full_disk_fails_what_does_not_fit_and_keeps_the_rest() {
    let test = sqlite(SCHEMA).await;
    let db = &test.db;
    db.write(Text(Statement::new("full", "PRAGMA max_page_count = 40")))
        .await
        .unwrap();
    let long = "long ".repeat(4_000);
    let writes = (0..30).map(|number| {
        let name = if number % 2 == 0 {
            format!("{number}")
        } else {
            format!("{number} {long}")
        };
        db.write(add(&name))
    });
    let done = futures_util::future::join_all(writes).await;
    let kept = done.iter().filter(|done| done.is_ok()).count();
    assert!(
        done.iter().step_by(2).all(Result::is_ok),
        "small things still fit"
    );
    assert!((15..30).contains(&kept), "{kept}");
    assert_eq!(
        usize::try_from(db.read(Do::Nothing).await.unwrap()).unwrap(),
        kept
    );
    for failed in done.into_iter().filter_map(Result::err) {
        assert!(matches!(failed.store(), StoreError::Unavailable(_)));
    }
}

#[tokio::test]
async fn a_connection_lost_between_groups_is_made_again() {
    let Some(test) = postgres(SCHEMA).await else {
        return;
    };
    let db = &test.db;
    db.write(add("one")).await.unwrap();
    db.read(Do::Nothing).await.unwrap();
    let other = Db::open(&test.config, SCHEMA).await.unwrap();
    other.write(Text(KILL_OTHERS)).await.unwrap();
    assert_eq!(db.write(add("two")).await.unwrap(), 2);
    other.write(Text(KILL_OTHERS)).await.unwrap();
    assert_eq!(db.read(Do::Nothing).await.unwrap(), 2);
    assert_eq!(db.rehearse(add("three")).await.unwrap(), 3);
}

#[tokio::test]
async fn a_connection_lost_inside_a_group_loses_nobodys_command() {
    let Some(test) = postgres(SCHEMA).await else {
        return;
    };
    let db = &test.db;
    let fatal = Fatal {
        name: "fatal",
        deadly: KILL_MYSELF,
        runs: AtomicU32::new(0),
    };
    let (one, fatal, two) =
        tokio::join!(db.write(add("one")), db.write(fatal), db.write(add("two")));
    fatal.unwrap();
    assert_eq!((one.unwrap(), two.unwrap()), (1, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_kills_connections_costs_no_acknowledged_write() {
    let Some(test) = postgres(SCHEMA).await else {
        return;
    };
    let killer = Db::open(&test.config, SCHEMA).await.unwrap();
    let is_over = AtomicBool::new(false);
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let writers = (0..8).map(|writer| {
        let (db, is_over, tell) = (&test.db, &is_over, tell.clone());
        async move {
            let (mut kept, mut lost) = (Vec::new(), 0);
            for number in 0.. {
                if is_over.load(Ordering::Relaxed) {
                    break;
                }
                // Every other command looks for its own trace and can be run again after an unknown outcome.
                let name: &'static str = String::leak(format!("{writer} {number}"));
                let done = if number % 2 == 0 {
                    db.write(AddOnce(name)).await
                } else {
                    db.write(add(name)).await.map(drop).map_err(Failed::store)
                };
                match done {
                    Ok(()) => kept.push(name),
                    Err(StoreError::OutcomeUnknown(_)) if number % 2 == 1 => lost += 1,
                    Err(error) => panic!("{name}: {error:?}"),
                }
                tell.send(()).unwrap();
            }
            (kept, lost)
        }
    });
    let kills = async {
        for _ in 0..40 {
            // Between two kills something is written, so that each finds the lanes at work.
            for _ in 0..16 {
                told.recv().await;
            }
            killer.write(Text(KILL_OTHERS)).await.unwrap();
        }
        is_over.store(true, Ordering::Relaxed);
    };
    let (done, ()) = tokio::join!(futures_util::future::join_all(writers), kills);
    let unknown: usize = done.iter().map(|(_, lost)| lost).sum();
    let kept: Vec<&str> = done.into_iter().flat_map(|(kept, _)| kept).collect();
    eprintln!("{} kept, {unknown} of unknown outcome", kept.len());
    assert!(!kept.is_empty());
    for name in &kept {
        assert_eq!(test.db.read(Find(name)).await.unwrap().len(), 1, "{name}");
    }
    let count = test.db.read(Do::Nothing).await.unwrap();
    assert!((kept.len()..=kept.len() + unknown).contains(&usize::try_from(count).unwrap()));
}

/// A server that dies at the first commit, as far as the client can tell.
const DIE_AT_COMMIT: &str = "
    CREATE SEQUENCE deaths;
    CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF nextval('deaths') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
        RETURN NULL;
    END $$;
    CREATE CONSTRAINT TRIGGER dies AFTER INSERT ON things DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION die()";

/// Adds a thing, unless an earlier run of it did.
struct AddOnce(&'static str);
impl Command for AddOnce {
    type Out = ();
    type Error = StoreError;
    fn locks(&self) -> Vec<Lock> {
        add("").locks()
    }
    fn is_repeatable(&self) -> bool {
        true
    }
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let thing = Thing::named(self.0);
        if tx.get::<Thing>(&params![thing.id]).await?.is_none() {
            tx.insert(&thing).await?;
        }
        Ok(())
    }
}

#[tokio::test]
async fn an_unknown_outcome_is_said_to_be_unknown_or_found_out() {
    let Some(test) = postgres(SCHEMA).await else {
        return;
    };
    let DbConfig::Postgres { url } = &test.config else {
        return;
    };
    let (client, driver) = tokio_postgres::connect(url, tokio_postgres::NoTls)
        .await
        .unwrap();
    let driver = tokio::spawn(driver);
    client.batch_execute(DIE_AT_COMMIT).await.unwrap();
    let db = &test.db;
    let (unknown, once) = tokio::join!(db.write(add("one")), db.write(AddOnce("two")));
    assert!(matches!(
        unknown.unwrap_err().store(),
        StoreError::OutcomeUnknown(_)
    ));
    once.unwrap();
    assert_eq!(db.read(Find("two")).await.unwrap().len(), 1);
    driver.abort();
}

#[tokio::test]
async fn without_a_server_commands_hear_so_in_bounded_time() {
    let config = DbConfig::Postgres {
        url: "postgres://nobody@127.0.0.1:9/none?connect_timeout=1".into(),
    };
    let opened = tokio::time::timeout(Duration::from_secs(5), Db::open(&config, SCHEMA))
        .await
        .unwrap();
    assert!(matches!(opened.err(), Some(StoreError::Unavailable(_))));
}

const WAIT: Statement = Statement::new("wait", "SELECT CAST(pg_sleep(0.3) AS TEXT)");

#[tokio::test]
async fn of_several_hosts_the_one_that_answers_is_used() {
    let Some(test) = postgres(SCHEMA).await else {
        return;
    };
    let DbConfig::Postgres { url } = &test.config else {
        return;
    };
    let url = url.replacen('@', "@127.0.0.1:9,", 1);
    let db = Db::open(&DbConfig::Postgres { url }, SCHEMA).await.unwrap();
    assert_eq!(db.write(add("one")).await.unwrap(), 1);
    assert_eq!(test.db.read(Do::Nothing).await.unwrap(), 1);
}

#[tokio::test]
async fn a_writer_that_was_demoted_is_left_for_the_new_one() {
    let Some(test) = postgres(SCHEMA).await else {
        return;
    };
    let db = &test.db;
    db.write(add("one")).await.unwrap();
    // As a server answers that became a standby: this connection may only read from now on.
    db.write(Text(Statement::new(
        "demote",
        "SET default_transaction_read_only = on",
    )))
    .await
    .unwrap();
    assert_eq!(db.write(add("two")).await.unwrap(), 2);
}

#[tokio::test]
async fn a_server_without_tls_is_no_server_where_tls_is_required() {
    let Some(test) = postgres(SCHEMA).await else {
        return;
    };
    let DbConfig::Postgres { url } = &test.config else {
        return;
    };
    let config = DbConfig::Postgres {
        url: format!("{url}?sslmode=require"),
    };
    assert!(matches!(
        Db::open(&config, SCHEMA).await.err(),
        Some(StoreError::Unavailable(_))
    ));
}

/// Grows two things, slowly, in an order that another such command takes the other way round.
struct GrowBoth(&'static str, &'static str);
impl Command for GrowBoth {
    type Out = ();
    type Error = StoreError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.execute(GROW, &params![self.0]).await?;
        tx.fetch_all::<(String,)>(WAIT, &[]).await?;
        tx.execute(GROW, &params![self.1]).await?;
        Ok(())
    }
}

#[tokio::test]
async fn the_victim_of_a_deadlock_runs_again() {
    let Some(test) = postgres(SCHEMA).await else {
        return;
    };
    let db = &test.db;
    db.write(add("one")).await.unwrap();
    db.write(add("two")).await.unwrap();
    // Nothing declared: the second goes where nothing is under way, and the two land on two lanes.
    let (forth, back) = tokio::join!(
        db.write(GrowBoth("one", "two")),
        db.write(GrowBoth("two", "one"))
    );
    forth.unwrap();
    back.unwrap();
    assert_eq!(db.read(Find("one")).await.unwrap()[0].size, Some(5));
}

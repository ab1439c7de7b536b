//! Readers keep rows that many ask for. What a write has answered is seen by every read after it all the same,
//! whoever wrote: this store, another one, another process.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::json;
use tierline_domain::time::Timestamp;
use tierline_store::tables::{self, Counter, Setting};
use tierline_store::testing::{both_engines, told};
use tierline_store::{
    Command, Db, DbConfig, Derivation, Json, StoreError, Table as _, Tx, Value, schema, statements,
};

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
        tx.derive(&Twofold).await?;
        for key in KEYS {
            let (key, value) = (key.to_owned(), Json(json!(number)));
            tx.put(&Setting { key, value }).await?;
        }
        assert_eq!(*tx.derive(&Twofold).await?, number, "of what it was before");
        match self {
            Self::Both(_) => tx.append(&told()).await,
            Self::AndPanic(_) => panic!("as planned"),
            Self::AndRefuse(_) => Err(StoreError::Closed),
        }
    }
}

/// The number of both settings, as it follows from one of them and from what follows from all.
struct Twofold;

impl Derivation for Twofold {
    type Made = i64;
    type Error = StoreError;
    fn of(&self) -> Vec<Value> {
        Vec::new()
    }
    async fn make(&self, tx: &mut Tx<'_>) -> Result<i64, StoreError> {
        let [key, _] = KEYS;
        let one = tx.look::<Setting>(&[Value::Text(key.to_owned())]).await?;
        let one = one.and_then(|one| one.value.0.as_i64()).unwrap_or(0);
        let sum = tx.derive(&Sum).await?;
        assert_eq!(*sum, 2 * one, "one thing was made of two states");
        Ok(one)
    }
}

/// The sum of all settings.
struct Sum;

impl Derivation for Sum {
    type Made = i64;
    type Error = StoreError;
    fn of(&self) -> Vec<Value> {
        Vec::new()
    }
    async fn make(&self, tx: &mut Tx<'_>) -> Result<i64, StoreError> {
        let all = tx.look_for::<Setting>(tables::settings::EVERY, &[]).await?;
        Ok(all.iter().filter_map(|one| one.value.0.as_i64()).sum())
    }
}

/// The number of both settings, each read by its key and again with all others, and as it follows from them.
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
        let made = tx.derive(&Twofold).await?;
        let mut numbers = seen.iter().filter_map(|setting| setting.value.0.as_i64());
        let first = numbers.next().unwrap_or(*made);
        assert_eq!(*made, first, "what follows from them does not");
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
        let answered = Arc::new(AtomicI64::new(0));
        let readers: Vec<_> = (0..4)
            .map(|_| {
                let (db, answered) = (test.db.clone(), Arc::clone(&answered));
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

statements! {
    COUNT = "SELECT COUNT(*) FROM settings";
}

/// What the settings come to, made in one of several ways.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// From what the table's own questions give.
    Plain,
    /// From a statement too of which nothing is known.
    Obscure,
    /// In turns with others.
    InTurn,
    /// Beside a row that it writes.
    Writing,
    /// Beside a row that it does not write, because there is one.
    Conflicting,
    /// Not at all.
    Failing,
}

/// Counts how often it was made.
struct Counted(Way, Arc<AtomicI64>);

impl Derivation for Counted {
    type Made = usize;
    type Error = StoreError;
    fn of(&self) -> Vec<Value> {
        Vec::new()
    }
    async fn make(&self, tx: &mut Tx<'_>) -> Result<usize, StoreError> {
        self.1.fetch_add(1, Ordering::SeqCst);
        match self.0 {
            Way::Plain => {}
            Way::Obscure => drop(tx.fetch_all::<(i64,)>(COUNT, &[]).await?),
            Way::InTurn => drop(tx.takes_turns()),
            Way::Writing => tx.put(&counter(1)).await?,
            Way::Conflicting => {
                let (key, value) = (KEYS[0].to_owned(), Json(json!(1)));
                tx.savepoint("setting").await?;
                drop(tx.insert(&Setting { key, value }).await);
                tx.rollback_to("setting").await?;
            }
            Way::Failing => return Err(StoreError::Closed),
        }
        let found = tx.look_for::<Setting>(tables::settings::EVERY, &[]).await?;
        Ok(found.len())
    }
}

fn counter(value: i64) -> Counter {
    let name = "things".to_owned();
    Counter { name, value }
}

/// Asks for it three times, as part of something larger too, and says how often it was made.
struct Thrice {
    way: Way,
    then: Option<&'static str>,
}

/// Something larger.
struct Part(Counted);

impl Derivation for Part {
    type Made = usize;
    type Error = StoreError;
    fn of(&self) -> Vec<Value> {
        Vec::new()
    }
    async fn make(&self, tx: &mut Tx<'_>) -> Result<usize, StoreError> {
        Ok(*tx.derive(&self.0).await?)
    }
}

impl Command for Thrice {
    type Out = i64;
    type Error = StoreError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<i64, StoreError> {
        let count = Arc::new(AtomicI64::new(0));
        for round in 0..3 {
            let part = Part(Counted(self.way, Arc::clone(&count)));
            let made = tx.derive(&part).await;
            assert_eq!(made.is_err(), matches!(self.way, Way::Failing));
            match self.then {
                Some("settings") => {
                    let (key, value) = ("first".to_owned(), Json(json!(round)));
                    tx.put(&Setting { key, value }).await?;
                }
                Some(_) => tx.put(&counter(round)).await?,
                None => {}
            }
        }
        Ok(count.load(Ordering::SeqCst))
    }
}

/// What follows from rows of known tables alone is made once while they are what they were, and whatever else each time.
#[tokio::test]
async fn what_follows_from_rows_is_made_once() {
    both_engines(schema::MIGRATIONS, |test| async move {
        for (way, then, times) in [
            (Way::Plain, None, 1),
            (Way::Plain, Some("counters"), 1),
            (Way::Plain, Some("settings"), 3),
            (Way::Obscure, None, 3),
            (Way::InTurn, None, 3),
            (Way::Writing, None, 3),
            (Way::Conflicting, None, 3),
            (Way::Failing, None, 3),
        ] {
            test.db.write(Set::Both(1)).await.unwrap();
            let made = test.db.rehearse(Thrice { way, then }).await.unwrap();
            assert_eq!(made, times, "{way:?} {then:?}");
        }
    })
    .await;
}

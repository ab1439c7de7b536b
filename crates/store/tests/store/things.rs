//! A small table and the commands that the tests of the lanes run on it.

use sha2::{Digest, Sha256};
use tierline_domain::id::Id;
use tierline_domain::time::Timestamp;
use tierline_store::{
    Command, Json, Lock, Migration, StoreError, Sums, Tx, params, statements, table,
};

/// A thing to keep.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Thing {
    /// Its id.
    pub(crate) id: Id<Thing>,
    /// Its name.
    pub(crate) name: String,
    /// Its size.
    pub(crate) size: Option<u32>,
    /// When it was seen.
    pub(crate) seen: Timestamp,
    /// Its tags.
    pub(crate) tags: Json<Vec<String>>,
}
table! {
    /// Things.
    things: Thing {
        key { id }
        fixed { seen }
        columns { id, name, size, seen, tags }
        apart { size }
        finds { BY_NAME = "WHERE name = $1" }
    }
}
statements! {
    pub(crate) SUM = "SELECT COUNT(*), CAST(SUM(size) AS BIGINT) FROM things WHERE size = $1 GROUP BY size";
    pub(crate) COUNT = "SELECT COUNT(*) FROM things";
    pub(crate) GROW = "UPDATE things SET size = COALESCE(size, 0) + 1 WHERE name = $1";
}
pub(crate) static SCHEMA: &[Migration] = &[Migration {
    name: "0001_things",
    sql: "CREATE TABLE things (
              id {id} PRIMARY KEY, name {text} NOT NULL UNIQUE, size {int} CHECK (size < 1000), seen {instant} NOT NULL, tags {json} NOT NULL
          ) {strict};
          CREATE TABLE parts (thing {id} NOT NULL REFERENCES things (id), name {text} NOT NULL) {strict};",
}];

impl Sums<Thing> for (i64, Option<i64>) {
    fn with(sums: &[Self], row: &Thing) -> Option<Vec<Self>> {
        let [(count, size)] = sums else {
            return None;
        };
        let more = row.size.map(i64::from);
        let size = match (*size, more) {
            (Some(size), Some(more)) => Some(size + more),
            (size, more) => size.or(more),
        };
        Some(vec![(count + 1, size)])
    }
}

impl Thing {
    /// A thing whose id follows from its name.
    pub(crate) fn named(name: &str) -> Self {
        let digest = Sha256::digest(name);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Self {
            id: Id::from_uuid(uuid::Uuid::from_bytes(bytes)),
            name: name.to_owned(),
            size: Some(3),
            seen: Timestamp::from_micros(1_700_000_000_123_456).expect("an instant"),
            tags: Json(vec!["a".to_owned()]),
        }
    }
}

/// What to do with the things.
#[derive(Clone, Debug)]
pub(crate) enum Do {
    Nothing,
    Add(String),
    AddAndPanic(&'static str),
    AddAndRefuse(&'static str),
    /// Goes on after a conflict, as no command may.
    AddTwiceAndGoOn(&'static str),
    TryTwice,
}

pub(crate) fn add(name: &str) -> Do {
    Do::Add(name.to_owned())
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failed {
    #[error("refused")]
    Refused,
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl Failed {
    /// The store's error.
    pub(crate) fn store(self) -> StoreError {
        match self {
            Self::Store(error) => error,
            Self::Refused => panic!("refused by the command itself"),
        }
    }
}

impl Command for Do {
    /// How many things there are afterwards.
    type Out = i64;
    type Error = Failed;

    fn locks(&self) -> Vec<Lock> {
        // One lane, so that a test can count on one group.
        vec![Lock::on("things", "all")]
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<i64, Failed> {
        match self {
            Self::Nothing => {}
            Self::Add(name) => tx.insert(&Thing::named(name)).await?,
            Self::AddAndPanic(name) => {
                tx.insert(&Thing::named(name)).await?;
                panic!("as planned");
            }
            Self::AddAndRefuse(name) => {
                tx.insert(&Thing::named(name)).await?;
                return Err(Failed::Refused);
            }
            Self::AddTwiceAndGoOn(name) => {
                let thing = Thing::named(name);
                tx.insert(&thing).await?;
                let again = tx.insert(&thing).await;
                assert!(matches!(again, Err(StoreError::Conflict { .. })));
                return Ok(0);
            }
            Self::TryTwice => {
                tx.savepoint("try").await?;
                tx.insert(&Thing::named("tried")).await?;
                tx.savepoint("inner").await?;
                let again = tx.insert(&Thing::named("tried")).await;
                assert!(matches!(again, Err(StoreError::Conflict { .. })));
                let grown = tx.execute(GROW, &params!["tried"]).await;
                assert!(matches!(grown, Err(StoreError::Aborted)));
                tx.rollback_to("inner").await?;
                assert_eq!(tx.execute(GROW, &params!["tried"]).await?, 1);
                tx.rollback_to("try").await?;
                assert!(matches!(
                    tx.release("inner").await,
                    Err(StoreError::NoSavepoint("inner"))
                ));
                tx.insert(&Thing::named("second try")).await?;
                tx.release("try").await?;
            }
        }
        let count = tx.fetch_optional::<(i64,)>(COUNT, &[]).await?;
        Ok(count.map_or(0, |(count,)| count))
    }

    async fn record_failure(&self, tx: &mut Tx<'_>, error: &Failed) -> Result<(), StoreError> {
        match error {
            Failed::Refused => tx.insert(&Thing::named("record of a refusal")).await,
            Failed::Store(_) => Ok(()),
        }
    }
}

/// The things of a name.
pub(crate) struct Find(pub(crate) &'static str);

impl Command for Find {
    type Out = Vec<Thing>;
    type Error = StoreError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<Vec<Thing>, StoreError> {
        tx.find(things::BY_NAME, &params![self.0]).await
    }
}

//! What lanes know of each other.

use std::sync::atomic::Ordering;

use tierline_domain::time::Timestamp;

use super::*;
use crate::engine::job::Queued;
use crate::engine::session::Origin;
use crate::engine::{Command, Tx};
use crate::log::{LogKey, seal::Seal};
use crate::schema;
use crate::statement::Statement;
use crate::tables::Setting;
use crate::testing::{both_engines, told};
use crate::value::{Json, Value};

const KEY: &str = "theme";

fn setting() -> [Value; 1] {
    [Value::Text(KEY.to_owned())]
}

/// Tells the log something, and sets a setting or looks at it.
struct Tell {
    sets: bool,
}

impl Command for Tell {
    type Out = ();
    type Error = StoreError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let key = KEY.to_owned();
        if self.sets {
            let value = Json(serde_json::json!("dark"));
            tx.put(&Setting { key, value }).await?;
        } else {
            assert!(tx.look::<Setting>(&setting()).await?.is_some());
        }
        tx.append(&told()).await
    }
}

fn tell_of(sets: bool) -> Queued<Tell> {
    Queued::new(Tell { sets }, Vec::new())
}

fn tell(sets: bool) -> Box<dyn Job> {
    Box::new(tell_of(sets))
}

fn lane(origin: &Origin, counters: &Arc<Counters>) -> Lane {
    let (_, receiver) = mpsc::channel(1);
    Lane {
        session: origin.lane().unwrap(),
        queue: Arc::new(Mutex::new(receiver)),
        counters: Arc::clone(counters),
        expected: 0,
        lasted: Duration::ZERO,
        wary: 0,
    }
}

/// How many sealed events were written under a number that is no transaction's of the lanes.
struct Strangers;

impl Command for Strangers {
    type Out = i64;
    type Error = StoreError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<i64, StoreError> {
        const COUNT: Statement = Statement::new(
            "test.COUNT",
            "SELECT COUNT(*) FROM events WHERE seq IS NOT NULL \
             AND CAST(CAST(xmin AS TEXT) AS BIGINT) NOT IN (SELECT txid FROM events)",
        );
        let found = tx.fetch_optional::<(i64,)>(COUNT, &[]).await?;
        Ok(found.map_or(0, |(count,)| count))
    }
}

/// What is written behind a savepoint has a number of its own, which the other lanes take for somebody else's, and forget
/// what they have read.
#[tokio::test]
async fn the_sealer_writes_under_the_number_of_its_group() {
    both_engines(schema::MIGRATIONS, |test| async move {
        if test.engine != "PostgreSQL" {
            return;
        }
        let counters = Arc::new(Counters::default());
        let origin = Origin::new(&test.config, &counters).unwrap();
        let mut lane = lane(&origin, &counters);
        let place = tempfile::tempdir().unwrap();
        let key = Arc::new(LogKey::load_or_create(&place.path().join("key")).unwrap());
        lane.commit(vec![tell(true)]).await;
        let (mut groups, mut events) = (1, 0);
        // What somebody else on the server has under way keeps events from being sealed.
        while events == 0 {
            let mut seal = Queued::new(Seal::new(Arc::clone(&key), Timestamp::EPOCH), Vec::new());
            let sealed = seal.awaited();
            lane.commit(vec![tell(false), Box::new(seal), tell(false)])
                .await;
            events = sealed.await.unwrap().unwrap().events;
            groups += 1;
        }
        assert_eq!(counters.groups.load(Ordering::Relaxed), groups);
        assert_eq!(test.db.read(Strangers).await.unwrap(), 0);
    })
    .await;
}

struct Theme;

impl Command for Theme {
    type Out = Option<serde_json::Value>;
    type Error = StoreError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let found = tx.look::<Setting>(&setting()).await?;
        Ok(found.map(|setting| setting.value.0.clone()))
    }
}

/// A write that stands or falls with its group, and falls.
struct Falls;

impl Command for Falls {
    type Out = ();
    type Error = StoreError;

    fn is_refusable(&self) -> bool {
        false
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let (key, value) = (KEY.to_owned(), Json(serde_json::json!("light")));
        tx.put(&Setting { key, value }).await?;
        Err(StoreError::Closed)
    }
}

#[tokio::test]
async fn a_group_goes_on_without_the_command_that_it_fell_with() {
    both_engines(schema::MIGRATIONS, |test| async move {
        let counters = Arc::new(Counters::default());
        let origin = Origin::new(&test.config, &counters).unwrap();
        let mut lane = lane(&origin, &counters);
        let mut falls = Queued::new(Falls, Vec::new());
        let fallen = falls.awaited();
        let mut told = Vec::new();
        let mut group: Vec<Box<dyn Job>> = vec![Box::new(falls)];
        for place in [0, 2] {
            let mut tell = tell_of(true);
            told.push(tell.awaited());
            group.insert(place, Box::new(tell));
        }
        lane.commit(group).await;
        fallen.await.unwrap().unwrap_err();
        for told in told {
            told.await.unwrap().unwrap();
        }
        assert_eq!(test.db.read(Theme).await.unwrap(), Some("dark".into()));
    })
    .await;
}

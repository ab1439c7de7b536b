//! What is due is claimed once, however many workers of however many servers look for it.

use tierline_domain::time::Timestamp;
use tierline_store::tables::time::CLAIM;
use tierline_store::tables::{Due, schedule};
use tierline_store::testing::both_engines;
use tierline_store::{Command, Db, StoreError, Tx, Value, schema as program};
use uuid::Uuid;

const ITEMS: u32 = 120;
const WORKERS: usize = 8;

fn instant(seconds: u32) -> Timestamp {
    Timestamp::from_micros(i64::from(seconds) * 1_000_000).unwrap()
}

struct Fill;

impl Command for Fill {
    type Out = ();
    type Error = StoreError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        for number in 0..ITEMS {
            tx.insert(&Due {
                id: Uuid::from_u128(u128::from(number) + 1),
                due: instant(number),
                kind: "something".to_owned(),
                subject: number.to_string(),
                done: None,
                problem: None,
            })
            .await?;
        }
        Ok(())
    }
}

/// Finds the first item and claims it, in one transaction and without a lock: the statement alone has to hold. Answers
/// whether there was one, and which was claimed.
struct Take;

impl Command for Take {
    type Out = (bool, Option<Uuid>);
    type Error = StoreError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let until = Value::Instant(instant(ITEMS));
        let key = [until.clone(), Value::Int(1)];
        let found = tx.find::<Due>(schedule::NEXT, &key).await?;
        let Some(item) = found.into_iter().next() else {
            return Ok((false, None));
        };
        let claim = [Value::Instant(item.due), Value::Id(item.id), until];
        let claimed = tx.execute(CLAIM, &claim).await?;
        Ok((true, (claimed == 1).then_some(item.id)))
    }
}

async fn work(db: Db) -> Vec<Uuid> {
    let mut mine = Vec::new();
    loop {
        match db.write(Take).await.unwrap() {
            (false, _) => return mine,
            (true, claimed) => mine.extend(claimed),
        }
    }
}

#[tokio::test]
async fn each_item_is_claimed_once() {
    both_engines(program::MIGRATIONS, |test| async move {
        test.db.write(Fill).await.unwrap();
        let other = Db::open(&test.config, program::MIGRATIONS).await.unwrap();
        let workers = (0..WORKERS).map(|number| work([&test.db, &other][number % 2].clone()));
        let mut claimed = futures_util::future::join_all(workers).await.concat();
        assert_eq!(
            claimed.len(),
            usize::try_from(ITEMS).unwrap(),
            "{}",
            test.engine
        );
        claimed.sort();
        claimed.dedup();
        assert_eq!(
            claimed.len(),
            usize::try_from(ITEMS).unwrap(),
            "{}",
            test.engine
        );
    })
    .await;
}

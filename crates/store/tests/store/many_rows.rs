//! Rows that are written many at a time, past the memo and the log.

use tierline_domain::decimal::Decimal;
use tierline_domain::id::Id;
use tierline_domain::usage::{Meter, UsageEvent};
use tierline_store::tables::{meters, usage, usage_events};
use tierline_store::testing::both_engines;
use tierline_store::{Command, StoreError, Tx, Value, schema};
use uuid::Uuid;

/// More than one statement takes, and not a round number of those.
const MANY: u128 = 4_321;

fn event(number: u128, upload: u128) -> UsageEvent {
    UsageEvent {
        id: Uuid::from_u128(number),
        upload: Id::from_uuid(Uuid::from_u128(upload)),
        subscription: Id::from_uuid(Uuid::from_u128(7)),
        meter: 1,
        at: "2024-01-15T12:00:00Z".parse().unwrap(),
        quantity: Decimal::new(i128::try_from(number).unwrap(), 3),
        cost: number.is_multiple_of(2).then_some(Decimal::ONE),
        resource: Uuid::nil(),
    }
}

struct Write {
    numbers: std::ops::Range<u128>,
    upload: u128,
    fails: bool,
}

impl Command for Write {
    type Out = (u64, Option<UsageEvent>);
    type Error = StoreError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let key = [Value::Id(Uuid::from_u128(5))];
        // Looked for before, so that the memo holds that there is none.
        tx.get::<UsageEvent>(&key).await?;
        let rows: Vec<UsageEvent> = self
            .numbers
            .clone()
            .map(|number| event(number, self.upload))
            .collect();
        let written = tx.write_all(usage::ADD_EVENT, &rows).await?;
        let seen = tx.get::<UsageEvent>(&key).await?;
        if self.fails {
            return Err(StoreError::Closed);
        }
        Ok((written, seen))
    }
}

struct Count;

impl Command for Count {
    type Out = usize;
    type Error = StoreError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<usize, StoreError> {
        let rows = tx.find::<UsageEvent>(usage_events::ALL_ROWS, &[]).await?;
        Ok(rows.len())
    }
}

/// A table whose rows the log answers for one by one.
struct PastTheLog;

impl Command for PastTheLog {
    type Out = u64;
    type Error = StoreError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<u64, StoreError> {
        tx.write_all::<Meter>(meters::INSERT, &[]).await
    }
}

#[tokio::test]
async fn many_rows_are_written_and_those_that_are_there_stay() {
    both_engines(schema::MIGRATIONS, |test| async move {
        let write = |numbers, upload, fails| {
            test.db.write(Write {
                numbers,
                upload,
                fails,
            })
        };
        assert!(write(0..MANY, 1, true).await.is_err());
        assert_eq!(test.db.write(Count).await.unwrap(), 0);
        let (written, seen) = write(0..MANY, 1, false).await.unwrap();
        assert_eq!(u128::from(written), MANY);
        assert_eq!(seen, Some(event(5, 1)));
        let (written, seen) = write(0..MANY + 10, 2, false).await.unwrap();
        assert_eq!((written, seen), (10, Some(event(5, 1))));
        assert_eq!(test.db.write(Count).await.unwrap(), 4_331);
        let refused = test.db.write(PastTheLog).await;
        assert!(
            matches!(refused, Err(StoreError::Unsupported(_))),
            "{refused:?}"
        );
    })
    .await;
}

//! A request that comes again is answered again, and done once.

use tierline_domain::time::Timestamp;
use tierline_store::idempotency::{Replay, RequestKey};
use tierline_store::testing::both_engines;
use tierline_store::{Command, Db, Lock, StoreError, Tx, params, schema, statements};
use uuid::Uuid;

statements! {
    COUNT_UP = "INSERT INTO counters (name, value) VALUES ($1, 1) ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value";
    COUNTED = "SELECT value FROM counters WHERE name = $1";
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros).unwrap()
}

fn request(id: &str, body: &str) -> RequestKey {
    RequestKey::new(
        Uuid::from_u128(1),
        id,
        "POST",
        "/v1/orders",
        body.as_bytes(),
    )
}

/// Counts up once for a request.
struct CountOnce {
    key: RequestKey,
    declares: bool,
    refuses: bool,
}

impl Command for CountOnce {
    type Out = String;
    type Error = StoreError;

    fn locks(&self) -> Vec<Lock> {
        if self.declares {
            vec![self.key.lock()]
        } else {
            Vec::new()
        }
    }

    fn is_repeatable(&self) -> bool {
        true
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<String, StoreError> {
        match tx.replay(&self.key).await? {
            Replay::Answered(outcome) => return Ok(outcome),
            Replay::Clash => {
                return Err(StoreError::Unsupported(
                    "another request under the same key",
                ));
            }
            Replay::New => {}
        }
        let counted = tx
            .fetch_optional::<(i64,)>(COUNT_UP, &params!["orders"])
            .await?;
        if self.refuses {
            return Err(StoreError::Unsupported("this"));
        }
        let outcome = format!("order {}", counted.unwrap().0);
        tx.remember(&self.key, &outcome, at(5)).await?;
        Ok(outcome)
    }

    async fn record_failure(&self, tx: &mut Tx<'_>, error: &StoreError) -> Result<(), StoreError> {
        if matches!(error, StoreError::Unsupported("this")) {
            tx.remember(&self.key, "refused", at(5)).await?;
        }
        Ok(())
    }
}

fn count(key: RequestKey) -> CountOnce {
    CountOnce {
        key,
        declares: true,
        refuses: false,
    }
}

struct Counted;
impl Command for Counted {
    type Out = i64;
    type Error = StoreError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<i64, StoreError> {
        let counted = tx
            .fetch_optional::<(i64,)>(COUNTED, &params!["orders"])
            .await?;
        Ok(counted.map_or(0, |(value,)| value))
    }
}

struct Forget(i64);
impl Command for Forget {
    type Out = u64;
    type Error = StoreError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<u64, StoreError> {
        tx.forget_answers_before(at(self.0)).await
    }
}

#[tokio::test]
async fn a_retry_is_answered_from_memory_and_a_clash_is_told() {
    both_engines(schema::MIGRATIONS, |test| async move {
        let db = &test.db;
        assert_eq!(
            db.write(count(request("a", "body"))).await.unwrap(),
            "order 1"
        );
        assert_eq!(
            db.write(count(request("a", "body"))).await.unwrap(),
            "order 1"
        );
        assert_eq!(
            db.write(count(request("b", "body"))).await.unwrap(),
            "order 2"
        );
        let other_path = RequestKey {
            path: "/v1/carts".into(),
            ..request("a", "body")
        };
        let other_method = RequestKey {
            method: "PUT".into(),
            ..request("a", "body")
        };
        for other in [other_path, other_method, request("a", "another body")] {
            let clash = db.write(count(other)).await;
            assert!(matches!(
                clash,
                Err(StoreError::Unsupported(
                    "another request under the same key"
                ))
            ));
        }
        // A GUID is one id in every spelling; another text is what it is.
        let guid = "4f2d3b5c-0000-4000-8000-00000000000a";
        for spelled in [
            guid,
            &guid.to_uppercase(),
            "{4F2D3B5C-0000-4000-8000-00000000000A}",
        ] {
            let done = db.write(count(request(spelled, "body"))).await;
            assert_eq!(done.unwrap(), "order 3", "{spelled}");
        }
        let done = db.write(count(request("A", "body"))).await;
        assert_eq!(done.unwrap(), "order 4");
        let refused = CountOnce {
            refuses: true,
            ..count(request("c", "body"))
        };
        assert!(db.write(refused).await.is_err());
        assert_eq!(
            db.write(count(request("c", "body"))).await.unwrap(),
            "refused"
        );
        assert_eq!(db.read(Counted).await.unwrap(), 4);
        assert_eq!(db.write(Forget(5)).await.unwrap(), 0);
        assert_eq!(db.write(Forget(6)).await.unwrap(), 5);
    })
    .await;
}

#[tokio::test]
async fn racing_retries_do_their_work_once() {
    both_engines(schema::MIGRATIONS, |test| async move {
        let other = Db::open(&test.config, schema::MIGRATIONS).await.unwrap();
        for (id, declares) in [("declared", true), ("undeclared", false)] {
            let before = test.db.read(Counted).await.unwrap();
            let racers = (0..30).map(|racer| {
                let db = if racer % 2 == 0 { &test.db } else { &other };
                db.write(CountOnce {
                    declares,
                    ..count(request(id, "body"))
                })
            });
            for answer in futures_util::future::join_all(racers).await {
                assert_eq!(answer.unwrap(), format!("order {}", before + 1), "{id}");
            }
            assert_eq!(test.db.read(Counted).await.unwrap(), before + 1);
        }
    })
    .await;
}

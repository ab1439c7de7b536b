//! What is written is read back equal, and sorts alike, on both engines.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use tierline_domain::time::{Date, Timestamp};
use tierline_store::testing::both_engines;
use tierline_store::{Command, Json, Migration, StoreError, Table, Tx, statements, table};
use uuid::Uuid;

static SCHEMA: &[Migration] = &[Migration {
    name: "0001_samples",
    sql: "CREATE TABLE samples (
              number {int} PRIMARY KEY, id {id}, name {text}, amount {int}, flag {bool}, at {instant}, day {day}, document {json},
              digest {bytes}
          ) {strict};",
}];

/// One column of each kind, all of which may be empty.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sample {
    number: u32,
    id: Option<Uuid>,
    name: Option<String>,
    amount: Option<i64>,
    flag: Option<bool>,
    at: Option<Timestamp>,
    day: Option<Date>,
    document: Option<Json<serde_json::Value>>,
    digest: Option<Vec<u8>>,
}
table! {
    /// Samples.
    samples: Sample {
        key { number }
        columns { number, id, name, amount, flag, at, day, document, digest }
        finds { SORTED = "WHERE name IS NOT NULL ORDER BY name, number" }
    }
}
statements! {
    MAX_AT = "SELECT MAX(at), MAX(day), MIN(amount), COUNT(*) FROM samples";
}

fn text() -> impl Strategy<Value = String> {
    any::<String>().prop_map(|text| text.replace('\0', ""))
}

fn instant() -> impl Strategy<Value = Timestamp> {
    // The years 0 to 9999.
    (-62_167_219_200_000_000_i64..=253_402_207_200_000_000)
        .prop_map(|micros| Timestamp::from_micros(micros).unwrap())
}

fn day() -> impl Strategy<Value = Date> {
    (0_i16..=9999, 1_i8..=12, 1_i8..=28)
        .prop_map(|(year, month, day)| Date::new(year, month, day).unwrap())
}

fn document() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        text().prop_map(Into::into),
        Just(serde_json::Value::from("\\u0000 is a text")),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Into::into),
            vec((text(), inner), 0..4).prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

fn sample() -> impl Strategy<Value = Sample> {
    let uuid = any::<u128>().prop_map(Uuid::from_u128);
    let fields = (
        of(uuid),
        of(text()),
        of(any::<i64>()),
        of(any::<bool>()),
        of(instant()),
        of(day()),
    );
    (fields, of(document()), of(vec(any::<u8>(), 0..40))).prop_map(
        |((id, name, amount, flag, at, day), document, digest)| {
            let document = document.map(Json);
            Sample {
                number: 0,
                id,
                name,
                amount,
                flag,
                at,
                day,
                document,
                digest,
            }
        },
    )
}

type Extremes = (Option<Timestamp>, Option<Date>, Option<i64>, i64);

struct Keep(Vec<Sample>);

impl Command for Keep {
    type Out = ();
    type Error = StoreError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        for sample in &self.0 {
            tx.insert(sample).await?;
            assert_eq!(
                tx.get::<Sample>(&sample.key()).await?.as_ref(),
                Some(sample)
            );
        }
        assert_eq!(tx.find::<Sample>(samples::ALL_ROWS, &[]).await?, self.0);
        let mut sorted: Vec<&Sample> = self
            .0
            .iter()
            .filter(|sample| sample.name.is_some())
            .collect();
        sorted.sort_by_key(|sample| (&sample.name, sample.number));
        let read = tx.find::<Sample>(samples::SORTED, &[]).await?;
        assert_eq!(
            read.iter().collect::<Vec<_>>(),
            sorted,
            "texts sort by their bytes"
        );
        let (at, day, amount, count) = tx.fetch_optional::<Extremes>(MAX_AT, &[]).await?.unwrap();
        assert_eq!(at, self.0.iter().filter_map(|sample| sample.at).max());
        assert_eq!(day, self.0.iter().filter_map(|sample| sample.day).max());
        assert_eq!(
            amount,
            self.0.iter().filter_map(|sample| sample.amount).min()
        );
        assert_eq!(usize::try_from(count).unwrap(), self.0.len());
        Ok(())
    }
}

#[tokio::test]
async fn every_kind_reads_back_what_was_written() {
    both_engines(SCHEMA, |test| async move {
        let mut runner = TestRunner::default();
        let tree = vec(sample(), 300).new_tree(&mut runner).unwrap();
        let mut drawn = tree.current();
        for (number, sample) in (0..).zip(&mut drawn) {
            sample.number = number;
        }
        test.db.write(Keep(drawn)).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn what_one_engine_cannot_keep_neither_takes() {
    both_engines(SCHEMA, |test| async move {
        let empty = sample()
            .new_tree(&mut TestRunner::default())
            .unwrap()
            .current();
        let unstorable = [
            Sample {
                name: Some("a\0".into()),
                ..empty.clone()
            },
            Sample {
                day: Some(Date::new(-1, 12, 31).unwrap()),
                ..empty.clone()
            },
            Sample {
                at: Some(Timestamp::from_micros(-62_167_219_200_000_001).unwrap()),
                ..empty.clone()
            },
            Sample {
                document: Some(Json("\0".into())),
                ..empty
            },
        ];
        for sample in unstorable {
            let refused = test.db.write(Keep(vec![sample.clone()])).await;
            assert!(
                matches!(refused, Err(StoreError::Unstorable { .. })),
                "{sample:?}"
            );
        }
    })
    .await;
}

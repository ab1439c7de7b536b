//! Rows that wait for a group's commit are seen as if they had been written at once: whatever commands of a group do
//! to the same few rows, both engines answer the same and end with the same rows.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};
use tierline_store::testing::both_engines;
use tierline_store::{
    Ahead, Behind, Command, Db, Kind, Lock, Statement, StoreError, Tx, Value, params,
};

use crate::things::things::BY_NAME;
use crate::things::{COUNT, Failed, GROW, SCHEMA, SUM, Thing};

impl Behind for Thing {
    const BY_NAME: Statement = BY_NAME;

    fn asked(&self) -> Vec<Value> {
        let size = self.size.map(i64::from);
        vec![size.map_or(Value::Null(Kind::Int), Value::Int)]
    }
}

/// One step of a command, on one of a few things.
#[derive(Clone, Debug)]
enum Step {
    Insert(u8),
    Put(u8, u32),
    /// Gives it another name, which others may look for.
    Rename(u8, u8),
    Delete(u8),
    Get(u8),
    Named(u8),
    /// What the things of a size come to: asked ahead where one was looked at before.
    Sum(u8),
    Grow(u8),
    Count,
    Savepoint,
    RollBack,
    Release,
    Refuse,
}

#[derive(Clone, Debug)]
struct Steps {
    steps: Vec<Step>,
    how: Play,
}

fn name(number: u8) -> String {
    format!("thing {number}")
}

fn thing(number: u8) -> Thing {
    Thing::named(&name(number))
}

impl Steps {
    async fn take(&self, tx: &mut Tx<'_>) -> Result<String, Failed> {
        let mut seen = Vec::new();
        let mut open = 0_u32;
        for step in &self.steps {
            match step {
                Step::Insert(number) => tx.insert(&thing(*number)).await?,
                Step::Put(number, size) => {
                    let mut row = thing(*number);
                    row.size = Some(*size);
                    tx.put(&row).await?;
                }
                Step::Rename(number, to) => {
                    let key = [Value::Id(thing(*number).id.uuid())];
                    if let Some(mut row) = tx.get::<Thing>(&key).await? {
                        row.name = format!("renamed {to}");
                        tx.put(&row).await?;
                    }
                }
                Step::Delete(number) => {
                    let gone = tx
                        .delete::<Thing>(&[Value::Id(thing(*number).id.uuid())])
                        .await?;
                    seen.push(format!("deleted {gone}"));
                }
                Step::Get(number) => {
                    let row = tx
                        .get::<Thing>(&[Value::Id(thing(*number).id.uuid())])
                        .await?;
                    seen.push(format!("{:?}", row.map(|row| (row.name, row.size))));
                }
                Step::Named(number) => {
                    for name in [name(*number), format!("renamed {number}")] {
                        let found = tx.find::<Thing>(BY_NAME, &params![name]).await?;
                        let sizes: Vec<_> = found.into_iter().map(|row| row.size).collect();
                        seen.push(format!("{sizes:?}"));
                    }
                }
                Step::Sum(number) => {
                    let sums = tx
                        .sums::<Thing, (i64, Option<i64>)>(SUM, &params![i64::from(*number)])
                        .await?;
                    seen.push(format!("{sums:?}"));
                }
                Step::Grow(number) => {
                    let grown = tx.execute(GROW, &params![name(*number)]).await?;
                    seen.push(format!("grown {grown}"));
                }
                Step::Count => {
                    let count = tx.fetch_optional::<(i64,)>(COUNT, &[]).await?;
                    seen.push(format!("{count:?}"));
                }
                Step::Savepoint => {
                    tx.savepoint("step").await?;
                    open += 1;
                }
                Step::RollBack if open > 0 => tx.rollback_to("step").await?,
                Step::Release if open > 0 => {
                    tx.release("step").await?;
                    open -= 1;
                }
                Step::RollBack | Step::Release => {}
                Step::Refuse => return Err(Failed::Refused),
            }
        }
        Ok(seen.join(" "))
    }
}

impl Command for Steps {
    type Out = String;
    type Error = Failed;

    fn locks(&self) -> Vec<Lock> {
        match self.how {
            Play::Grouped => vec![Lock::on("things", "all")],
            Play::InTurns => Vec::new(),
        }
    }

    /// Everything that it will look at is asked ahead, and found as it is by then, not as it was.
    fn ahead(&self) -> Vec<Ahead> {
        let asked = self.steps.iter().filter_map(|step| match step {
            Step::Get(number) | Step::Rename(number, _) => {
                Some(Ahead::row::<Thing>(vec![Value::Id(
                    thing(*number).id.uuid(),
                )]))
            }
            Step::Named(number) => Some(Ahead::rows::<Thing>(
                BY_NAME,
                vec![Value::Text(name(*number))],
            )),
            Step::Sum(number) => Some(Ahead::sums::<Thing, (i64, Option<i64>), Thing>(
                SUM,
                &name(*number),
            )),
            _ => None,
        });
        asked.collect()
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<String, Failed> {
        self.take(tx).await
    }

    async fn record_failure(&self, tx: &mut Tx<'_>, error: &Failed) -> Result<(), StoreError> {
        match error {
            Failed::Refused => tx.put(&Thing::named("record of a refusal")).await,
            Failed::Store(_) => Ok(()),
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    let few = 0..4_u8;
    prop_oneof![
        2 => few.clone().prop_map(Step::Insert),
        3 => (few.clone(), 0..9_u32).prop_map(|(number, size)| Step::Put(number, size)),
        2 => (few.clone(), few.clone()).prop_map(|(number, to)| Step::Rename(number, to)),
        1 => few.clone().prop_map(Step::Delete),
        3 => few.clone().prop_map(Step::Get),
        3 => few.clone().prop_map(Step::Named),
        2 => few.clone().prop_map(Step::Sum),
        1 => few.prop_map(Step::Grow),
        1 => Just(Step::Count),
        2 => Just(Step::Savepoint),
        1 => Just(Step::RollBack),
        1 => Just(Step::Release),
        1 => Just(Step::Refuse),
    ]
}

/// In which order commands run.
#[derive(Clone, Copy, Debug)]
enum Play {
    /// In one lane, so that they form groups.
    Grouped,
    /// One after the other, each in another lane than the one before: those that rest on nothing take turns.
    InTurns,
}

fn steps(steps: Vec<Step>) -> Steps {
    let how = Play::Grouped;
    Steps { steps, how }
}

/// What all commands answered, and the rows that are there in the end.
async fn play(db: &Db, commands: &[Steps], how: Play) -> Vec<String> {
    let clear = (0..4).map(Step::Delete).collect();
    db.write(steps(clear)).await.unwrap();
    let answers = match how {
        Play::Grouped => {
            let writes = commands.iter().map(|command| db.write(command.clone()));
            futures_util::future::join_all(writes).await
        }
        Play::InTurns => {
            let mut answers = Vec::new();
            for command in commands {
                let steps = command.steps.clone();
                answers.push(db.write(Steps { steps, how }).await);
            }
            answers
        }
    };
    let mut seen: Vec<String> = answers
        .into_iter()
        .map(|answer| match answer {
            Ok(seen) => seen,
            Err(Failed::Refused) => "refused".to_owned(),
            // Which of the two names of a conflict an engine gives is its own affair.
            Err(Failed::Store(_)) => "failed".to_owned(),
        })
        .collect();
    let look = |number| [Step::Get(number), Step::Named(number), Step::Sum(number)];
    let look = steps((0..4).flat_map(look).collect());
    seen.push(db.read(look.clone()).await.unwrap());
    seen.push(db.write(look).await.unwrap());
    seen
}

#[tokio::test]
async fn rows_that_wait_are_seen_as_if_they_were_written() {
    let strategy = prop::collection::vec(prop::collection::vec(step(), 1..8).prop_map(steps), 1..7);
    let mut runner = TestRunner::deterministic();
    let cases: Vec<Vec<Steps>> = (0..Config::default().cases)
        .map(|_| strategy.new_tree(&mut runner).unwrap().current())
        .collect();
    let cases = std::sync::Arc::new(cases);
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::<Vec<Vec<String>>>::new()));
    both_engines(SCHEMA, |test| {
        let (cases, seen) = (cases.clone(), seen.clone());
        async move {
            let mut all = Vec::new();
            for case in cases.iter() {
                for how in [Play::Grouped, Play::InTurns] {
                    all.push(play(&test.db, case, how).await);
                }
            }
            seen.lock().unwrap().push(all);
        }
    })
    .await;
    let seen = seen.lock().unwrap();
    let first = &seen[0];
    assert!(first.iter().flatten().any(|answer| answer == "failed"));
    for other in seen.iter() {
        let twice = cases.iter().flat_map(|case| [case, case]);
        for (number, case) in twice.enumerate() {
            // A conflict that a command undoes itself is none where its row was still waiting.
            let undone = case.iter().zip(&first[number]).any(|(command, answer)| {
                let goes_back = |step: &Step| matches!(step, Step::RollBack | Step::Refuse);
                answer == "failed" && command.steps.iter().any(goes_back)
            });
            if !undone {
                assert_eq!(first[number], other[number], "{case:#?}");
            }
        }
    }
}

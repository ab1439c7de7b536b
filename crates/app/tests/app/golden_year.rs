//! A distributor's year, day by day, through every rule of a subscription's life. The file says what is tried and what
//! refuses it; both engines come to the same log, to the last digest, and to the log that is kept beside the file.
//!
//! `TIERLINE_REWRITE_GOLDEN=1` writes that log anew; what changed in it is then read by whoever changed it.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is missing"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use tierline_app::act::Act;
use tierline_app::ask::ask;
use tierline_app::clock::Clock;
use tierline_app::time::Step;
use tierline_app::{App, AppError, check, state, world};
use tierline_domain::time::{Date, Period, Timestamp};
use tierline_store::log::{Event, LoggedEvent};
use tierline_store::testing::both_engines;
use tierline_store::{Command, Db, Statement, Tx, logged_event_columns, schema};

const LOG: Statement = Statement::new(
    "golden_year::LOG",
    concat!(
        "SELECT ",
        logged_event_columns!(),
        " FROM events ORDER BY position"
    ),
);

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../scenarios/golden")
        .join(name)
}

/// The file, read.
struct Year {
    today: Timestamp,
    given: Vec<Json>,
    days: BTreeMap<Date, Vec<Json>>,
}

impl Year {
    fn read() -> Self {
        let path = golden("year.yaml");
        let text = std::fs::read_to_string(&path).unwrap();
        let file: Json = serde_yaml_ng::from_str(&text).unwrap();
        let base = path.with_file_name(file["world"].as_str().unwrap());
        let (_, mut given) = check::read_world(&base).unwrap();
        given.extend(file["given"].as_array().unwrap().iter().cloned());
        let days = file["year"].as_object().unwrap().iter();
        Self {
            today: file["today"].as_str().unwrap().parse().unwrap(),
            given,
            days: days
                .map(|(day, acts)| (day.parse().unwrap(), acts.as_array().unwrap().clone()))
                .collect(),
        }
    }
}

struct Lay(Vec<Json>, Timestamp);

impl Command for Lay {
    type Out = ();
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AppError> {
        world::lay(tx, &self.0, self.1).await
    }
}

struct State(String, Timestamp);

impl Command for State {
    type Out = Json;
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<Json, AppError> {
        state::read(tx, &self.0, self.1, &Json::Null).await
    }
}

/// Sees that what must hold on a day holds.
async fn holds(app: &App, day: Date, expected: &Json) -> Result<(), String> {
    for (path, expected) in expected.as_object().unwrap() {
        let look = State(path.clone(), app.clock().world_now());
        let found = app.read(look).await;
        let found = found.map_err(|error| format!("{day}: {path}: {error}"))?;
        if found != *expected {
            return Err(format!("{day}: {path}: {found}, and not {expected}"));
        }
    }
    Ok(())
}

/// Tries what a day names, and sees that it ends as the file says.
async fn attempt(app: &App, day: Date, line: &Json) -> Result<(), String> {
    if let Some(expected) = line.get("state") {
        return holds(app, day, expected).await;
    }
    let mut line = line.clone();
    let expected = line.as_object_mut().unwrap().remove("refuse");
    let act = Act::read(&line).map_err(|error| format!("{day}: {line}: {error}"))?;
    let ctx = app.ctx(act.actor.clone());
    let found = app.perform(ctx, act, None).await;
    let expected: Vec<&str> = expected.as_ref().map_or_else(Vec::new, |rules| {
        let rules = rules.as_array().unwrap().iter();
        rules.map(|rule| rule.as_str().unwrap()).collect()
    });
    let refused: Vec<String> = match found {
        Ok(_) => Vec::new(),
        Err(AppError::Refused(refusal)) => {
            let rules = refusal.decision.violations.iter();
            rules.map(|violation| violation.rule.to_string()).collect()
        }
        Err(error) => return Err(format!("{day}: {line}: {error}")),
    };
    let as_said = match expected.as_slice() {
        [] => refused.is_empty(),
        // Every rule that is named refuses; others may too.
        rules => rules
            .iter()
            .all(|rule| refused.iter().any(|refusing| refusing == rule)),
    };
    if as_said {
        return Ok(());
    }
    Err(format!("{day}: {line}: refused by {refused:?}"))
}

/// Lives through the year, to the end of the one after it, when everything that was left has ended.
async fn live(db: &Db, year: &Year) -> Result<(), String> {
    db.write(Lay(year.given.clone(), year.today)).await.unwrap();
    let app = App::new(db.clone(), Clock::standing(year.today)).repeatable(1);
    let mut wrong = Vec::new();
    let last: Date = "2027-12-31".parse().unwrap();
    loop {
        let day = app.clock().world_now().date();
        for line in year.days.get(&day).into_iter().flatten() {
            wrong.extend(attempt(&app, day, line).await.err());
        }
        if day >= last {
            break;
        }
        let moved = app.advance(Step::By(Period::days(1))).await.unwrap();
        assert_eq!(moved.set_aside, 0, "{day}: something could not be done");
    }
    if wrong.is_empty() {
        return Ok(());
    }
    Err(wrong.join("\n"))
}

/// What was logged, in order: ids, digests of rows and all. Positions are the engine's own affair.
async fn log(db: &Db) -> Vec<Event> {
    let log = ask(|tx: &mut Tx<'_>| Box::pin(async move { Ok(tx.fetch_all(LOG, &[]).await?) }));
    let log: Vec<LoggedEvent> = db.read(log).await.unwrap();
    log.into_iter().map(|logged| logged.event).collect()
}

/// The log as people read it: a heading a day, a line an event.
fn told(log: &[Event]) -> String {
    let mut text = String::new();
    let mut day = None;
    for event in log {
        let at = event.at_world;
        if day != Some(at.date()) {
            day = Some(at.date());
            // Writing into a string cannot fail.
            let _ = writeln!(text, "{}", at.date());
        }
        let clock = &at.to_string()[11..16];
        let _ = write!(
            text,
            "  {clock} {} {} {}",
            event.actor, event.kind, event.subject
        );
        if let Some(rule) = &event.rule {
            let _ = write!(text, " — refused by {rule}");
        }
        text.push('\n');
    }
    text
}

#[tokio::test]
async fn a_distributors_year_is_the_same_on_both_engines() {
    let year = Year::read();
    let found = std::sync::Mutex::new(Vec::new());
    both_engines(schema::MIGRATIONS, |test| {
        let (year, found) = (&year, &found);
        async move {
            if let Err(wrong) = live(&test.db, year).await {
                panic!("{}: not as the file says:\n{wrong}", test.engine);
            }
            let log = log(&test.db).await;
            found.lock().unwrap().push(log);
        }
    })
    .await;
    let found = found.into_inner().unwrap();
    let text = told(&found[0]);
    if let Some(other) = found.get(1) {
        assert_eq!(
            text,
            told(other),
            "SQLite and PostgreSQL tell another story"
        );
        assert_eq!(
            found[0], *other,
            "they tell the same, but other rows lie behind it"
        );
    }
    let kept = golden("year.log");
    if std::env::var_os("TIERLINE_REWRITE_GOLDEN").is_some() {
        std::fs::write(&kept, &text).unwrap();
    }
    let kept = std::fs::read_to_string(&kept).unwrap_or_default();
    assert!(
        text == kept,
        "the year's log is another than scenarios/golden/year.log; look at what TIERLINE_REWRITE_GOLDEN=1 changes in it"
    );
}

//! The change log: complete, in order, without gaps, and nothing in it can be changed unseen.

use std::sync::Arc;
use std::time::Duration;

use tierline_domain::time::Timestamp;
use tierline_store::log::{
    CHECKPOINT_EVENTS, Event, KeyError, LogKey, LogReport, LoggedEvent, Outcome, Problem, Sealer,
    seal_all, verify_log, verify_rows,
};
use tierline_store::tables::Setting;
use tierline_store::testing::{Fixture, both_engines, postgres};
use tierline_store::{
    Command, Db, DbConfig, Json, Kind, Statement, StoreError, Tx, Value, logged_event_columns,
    params, schema, statements,
};
use uuid::Uuid;

statements! {
    EVERY = concat!("SELECT ", logged_event_columns!(), " FROM events ORDER BY seq");
    DELETE = "DELETE FROM events WHERE seq = $1";
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(1_790_000_000_000_000 + seconds * 1_000_000).unwrap()
}

fn event(number: u32) -> Event {
    Event {
        id: Uuid::from_u128(u128::from(number) + 1),
        at_world: at(i64::from(number)),
        at_server: at(0),
        home: "eu".into(),
        kind: "order_placed".into(),
        subject_kind: "orders".into(),
        subject: format!("order {number}"),
        actor: "contoso".into(),
        tenant: Some(Uuid::from_u128(7)),
        outcome: if number % 5 == 4 {
            Outcome::Failed
        } else {
            Outcome::Succeeded
        },
        rule: (number % 5 == 4).then(|| "TXN-601".into()),
        digest: vec![1; 32],
        data: serde_json::json!({ "zeta": [1, null, true], "alpha": { "b": "é", "a": number } }),
    }
}

/// Appends events, and fails or not.
struct Append {
    events: Vec<Event>,
    fails: bool,
}

impl Command for Append {
    type Out = ();
    type Error = StoreError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        for event in &self.events {
            tx.append(event).await?;
        }
        if self.fails {
            return Err(StoreError::Unsupported("this"));
        }
        Ok(())
    }
    async fn record_failure(&self, tx: &mut Tx<'_>, _error: &StoreError) -> Result<(), StoreError> {
        let refused = Event {
            kind: "order_refused".into(),
            ..event(1_000_000)
        };
        tx.append(&refused).await
    }
}

async fn append(db: &Db, numbers: std::ops::Range<u32>) {
    let events = numbers.map(event).collect();
    db.write(Append {
        events,
        fails: false,
    })
    .await
    .unwrap();
}

struct Verify(Arc<LogKey>);
impl Command for Verify {
    type Out = LogReport;
    type Error = StoreError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<LogReport, StoreError> {
        verify_log(tx, &self.0).await
    }
}

struct Every;
impl Command for Every {
    type Out = Vec<LoggedEvent>;
    type Error = StoreError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<Vec<LoggedEvent>, StoreError> {
        tx.fetch_all(EVERY, &[]).await
    }
}

/// Somebody with access to the database, past the program.
struct Edit(Statement, Vec<Value>);
impl Command for Edit {
    type Out = u64;
    type Error = StoreError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<u64, StoreError> {
        tx.execute(self.0, &self.1).await
    }
}

async fn edit(db: &Db, sql: &str, values: Vec<Value>) -> u64 {
    let sql: &'static str = String::leak(sql.to_owned());
    let edited = db
        .write(Edit(Statement { name: "edit", sql }, values))
        .await;
    edited.unwrap_or_else(|error| panic!("{sql}: {error:?}"))
}

fn key() -> (tempfile::TempDir, Arc<LogKey>) {
    let dir = tempfile::tempdir().unwrap();
    let key = LogKey::load_or_create(&dir.path().join("log.key")).unwrap();
    (dir, Arc::new(key))
}

/// Seals everything, which must be so many events. A transaction anywhere on the same server holds the sealer
/// back, and other tests have theirs: wait until they are past.
async fn seal(test: &Fixture, key: &Arc<LogKey>, now: Timestamp, events: usize) {
    while test.engine == "PostgreSQL" && test.db.read(Waiting).await.unwrap() > 0 {
        #[expect(
            clippy::disallowed_methods,
            reason = "until transactions of other tests are past"
        )]
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(seal_all(&test.db, key, now).await.unwrap(), events);
}

struct Waiting;
impl Command for Waiting {
    type Out = i64;
    type Error = StoreError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<i64, StoreError> {
        const WAITING: Statement = Statement::new(
            "waiting",
            "SELECT COUNT(*) FROM events
             WHERE seq IS NULL AND txid >= CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT)",
        );
        let waiting = tx.fetch_optional::<(i64,)>(WAITING, &[]).await?;
        Ok(waiting.map_or(0, |(count,)| count))
    }
}

async fn verify(test: &Fixture, key: &Arc<LogKey>) -> LogReport {
    test.db.read(Verify(Arc::clone(key))).await.unwrap()
}

async fn problem(test: &Fixture, key: &Arc<LogKey>) -> Option<(i64, Problem)> {
    let report = verify(test, key).await;
    report.broken.map(|broken| (broken.seq, broken.problem))
}

#[tokio::test]
async fn events_are_sealed_in_order_and_the_tail_is_told() {
    both_engines(schema::MIGRATIONS, |test| async move {
        let (_dir, key) = key();
        append(&test.db, 0..3).await;
        let refused = Append {
            events: vec![event(50)],
            fails: true,
        };
        assert!(test.db.write(refused).await.is_err());
        let whole = LogReport {
            sealed: 0,
            signed_until: 0,
            unsealed: 4,
            broken: None,
        };
        assert_eq!(verify(&test, &key).await, whole);
        seal(&test, &key, at(1), 4).await;
        append(&test.db, 3..5).await;
        let report = verify(&test, &key).await;
        assert_eq!(
            report,
            LogReport {
                sealed: 4,
                signed_until: 4,
                unsealed: 2,
                broken: None
            }
        );
        seal(&test, &key, at(2), 2).await;
        let report = verify(&test, &key).await;
        assert_eq!(
            report,
            LogReport {
                sealed: 6,
                signed_until: 4,
                unsealed: 0,
                broken: None
            },
            "signed ten seconds apart"
        );
        seal(&test, &key, at(11), 0).await;
        assert_eq!(verify(&test, &key).await.signed_until, 6);
        let logged = test.db.read(Every).await.unwrap();
        let numbers: Vec<_> = logged.iter().filter_map(|logged| logged.seq).collect();
        assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
        assert_eq!(logged[0].event, event(0));
        assert_eq!(logged[3].event.kind, "order_refused");
    })
    .await;
}

#[tokio::test]
async fn a_number_with_a_fraction_is_not_taken() {
    both_engines(schema::MIGRATIONS, |test| async move {
        let fraction = Event {
            data: serde_json::json!([0.5]),
            ..event(0)
        };
        let refused = test
            .db
            .write(Append {
                events: vec![fraction],
                fails: false,
            })
            .await;
        assert!(matches!(refused, Err(StoreError::Unstorable { .. })));
    })
    .await;
}

#[tokio::test]
async fn racing_commands_and_two_sealers_leave_no_gap() {
    both_engines(schema::MIGRATIONS, |test| async move {
        let (_dir, key) = key();
        let other = Db::open(&test.config, schema::MIGRATIONS).await.unwrap();
        let sealers =
            [&test.db, &other].map(|db| Sealer::start(db.clone(), Arc::clone(&key), || at(0)));
        let appends = (0..120).map(|number| {
            let db = if number % 2 == 0 { &test.db } else { &other };
            append(db, number * 4..number * 4 + 4)
        });
        let seals = async {
            for _ in 0..20 {
                seal_all(&other, &key, at(0)).await.unwrap();
            }
        };
        tokio::join!(futures_util::future::join_all(appends), seals);
        drop(sealers);
        while verify(&test, &key).await.unsealed > 0 {
            seal_all(&test.db, &key, at(0)).await.unwrap();
        }
        seal_all(&test.db, &key, at(20)).await.unwrap();
        let report = verify(&test, &key).await;
        assert_eq!(
            report,
            LogReport {
                sealed: 480,
                signed_until: 480,
                unsealed: 0,
                broken: None
            }
        );
        // What one transaction appended stays together and in order.
        let logged = test.db.read(Every).await.unwrap();
        for four in logged.chunks(4) {
            assert!(
                four.windows(2)
                    .all(|pair| pair[0].event.id.as_u128() + 1 == pair[1].event.id.as_u128())
            );
        }
    })
    .await;
}

#[tokio::test]
async fn nothing_is_sealed_past_a_transaction_that_still_runs() {
    let Some(test) = postgres(schema::MIGRATIONS).await else {
        return;
    };
    let DbConfig::Postgres { url } = &test.config else {
        return;
    };
    let (_dir, key) = key();
    let (client, driver) = tokio_postgres::connect(url, tokio_postgres::NoTls)
        .await
        .unwrap();
    let driver = tokio::spawn(driver);
    append(&test.db, 0..1).await;
    client
        .batch_execute("BEGIN; INSERT INTO events (id, at_world, at_server, home, kind, subject_kind, subject, actor, outcome, digest, data)
            SELECT gen_random_uuid(), at_world, at_server, home, 'slow', subject_kind, subject, actor, outcome, digest, data FROM events")
        .await
        .unwrap();
    append(&test.db, 1..3).await;
    let mut sealed = 0;
    while sealed == 0 {
        sealed = seal_all(&test.db, &key, at(0)).await.unwrap();
    }
    for _ in 0..3 {
        sealed += seal_all(&test.db, &key, at(0)).await.unwrap();
    }
    assert_eq!(sealed, 1, "only what is older than the slow one");
    client.batch_execute("COMMIT").await.unwrap();
    seal(&test, &key, at(0), 3).await;
    let logged = test.db.read(Every).await.unwrap();
    assert_eq!(logged[1].event.kind, "slow", "it began before the others");
    driver.abort();
}

/// The columns of an event, with a value that differs in as little as it can.
fn tampered(logged: &LoggedEvent) -> Vec<(&'static str, Value)> {
    let event = &logged.event;
    let text = |text: &str| Value::Text(text.replacen(|_| true, "#", 1));
    let bytes = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        bytes[17] ^= 1;
        Value::Bytes(bytes)
    };
    let instant =
        |at: Timestamp| Value::Instant(Timestamp::from_micros(at.as_micros() ^ 1).unwrap());
    let id = |id: Uuid| Value::Id(Uuid::from_u128(id.as_u128() ^ (1 << 100)));
    vec![
        ("position", Value::Int(logged.position + 1_000)),
        ("txid", Value::Int(logged.txid ^ 1)),
        ("seq", Value::Int(1_003)),
        ("seq", Value::Null(Kind::Int)),
        ("id", id(event.id)),
        ("at_world", instant(event.at_world)),
        ("at_server", instant(event.at_server)),
        ("home", text(&event.home)),
        ("kind", text(&event.kind)),
        ("subject_kind", text(&event.subject_kind)),
        ("subject", text(&event.subject)),
        ("actor", text(&event.actor)),
        ("tenant", id(event.tenant.unwrap())),
        ("tenant", Value::Null(Kind::Id)),
        ("outcome", Value::Text("failed".into())),
        ("rule", Value::Text("x".into())),
        ("rule", Value::Text(String::new())),
        ("digest", bytes(&event.digest)),
        (
            "data",
            Value::Json(event.data.to_string().replace("true", "false")),
        ),
        (
            "data",
            Value::Json(event.data.to_string().replace("alpha", "alphb")),
        ),
        ("chain", bytes(logged.chain.as_ref().unwrap())),
        ("chain", Value::Null(Kind::Bytes)),
    ]
}

fn original(logged: &LoggedEvent, column: &str) -> Value {
    let event = &logged.event;
    let [
        position,
        txid,
        seq,
        id,
        world,
        server,
        home,
        kind,
        subject_kind,
        subject,
        actor,
    ] = params![
        logged.position,
        logged.txid,
        logged.seq,
        event.id,
        event.at_world,
        event.at_server,
        event.home,
        event.kind,
        event.subject_kind,
        event.subject,
        event.actor
    ];
    let [tenant, outcome, rule, digest, chain] = params![
        event.tenant,
        event.outcome,
        event.rule,
        event.digest,
        logged.chain
    ];
    match column {
        "position" => position,
        "txid" => txid,
        "seq" => seq,
        "id" => id,
        "at_world" => world,
        "at_server" => server,
        "home" => home,
        "kind" => kind,
        "subject_kind" => subject_kind,
        "subject" => subject,
        "actor" => actor,
        "tenant" => tenant,
        "outcome" => outcome,
        "rule" => rule,
        "digest" => digest,
        "chain" => chain,
        "data" => Value::Json(event.data.to_string()),
        other => panic!("no column {other}"),
    }
}

#[tokio::test]
async fn a_change_in_any_column_is_found() {
    both_engines(schema::MIGRATIONS, |test| async move {
        let (_dir, key) = key();
        append(&test.db, 0..6).await;
        seal(&test, &key, at(0), 6).await;
        if test.engine == "PostgreSQL" {
            edit(
                &test.db,
                "ALTER TABLE events ALTER COLUMN position SET GENERATED BY DEFAULT",
                vec![],
            )
            .await;
        }
        let third = test.db.read(Every).await.unwrap().swap_remove(2);
        let columns: Vec<&str> = logged_event_columns!().split(", ").collect();
        let changes = tampered(&third);
        assert!(
            columns
                .iter()
                .all(|column| changes.iter().any(|(changed, _)| changed == column))
        );
        for (column, value) in changes {
            let original = original(&third, column);
            assert_ne!(value, original);
            // The row is found by a column that this change leaves alone.
            let by = if column == "subject" {
                "kind <> 'x' AND id"
            } else {
                "subject"
            };
            let named = if column == "subject" {
                Value::Id(third.event.id)
            } else {
                Value::Text("order 2".into())
            };
            let sql = format!("UPDATE events SET {column} = $1 WHERE {by} = $2");
            assert_eq!(
                edit(&test.db, &sql, vec![value.clone(), named.clone()]).await,
                1,
                "{column}"
            );
            let found = problem(&test, &key).await;
            let expected = if column == "seq" {
                Problem::Missing
            } else {
                Problem::Changed
            };
            assert_eq!(found, Some((3, expected)), "{column} = {value:?}");
            assert_eq!(
                edit(&test.db, &sql, vec![original, named]).await,
                1,
                "{column}"
            );
            assert_eq!(problem(&test, &key).await, None, "{column} is as it was");
        }
    })
    .await;
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_reported_and_not_an_error() {
    let test = tierline_store::testing::sqlite(schema::MIGRATIONS).await;
    let (_dir, key) = key();
    append(&test.db, 0..4).await;
    seal(&test, &key, at(0), 4).await;
    edit(
        &test.db,
        "UPDATE events SET id = X'00' WHERE seq = 2",
        vec![],
    )
    .await;
    assert_eq!(problem(&test, &key).await, Some((2, Problem::Unreadable)));
}

#[tokio::test]
async fn removed_and_rewritten_events_are_found() {
    both_engines(schema::MIGRATIONS, |test| async move {
        let (_dir, key) = key();
        append(&test.db, 0..6).await;
        seal(&test, &key, at(0), 6).await;
        let rewrite =
            "UPDATE events SET seq = NULL, chain = NULL, actor = 'fabrikam' WHERE seq > 3";
        assert_eq!(edit(&test.db, rewrite, vec![]).await, 3);
        assert_eq!(problem(&test, &key).await, Some((4, Problem::Missing)));
        let report = verify(&test, &key).await;
        assert_eq!((report.sealed, report.unsealed), (3, 3));
        seal(&test, &key, at(0), 3).await;
        assert_eq!(problem(&test, &key).await, Some((6, Problem::Rewritten)));
        test.db
            .write(Edit(DELETE, params![6_i64].to_vec()))
            .await
            .unwrap();
        assert_eq!(problem(&test, &key).await, Some((6, Problem::Missing)));
        test.db
            .write(Edit(DELETE, params![2_i64].to_vec()))
            .await
            .unwrap();
        assert_eq!(problem(&test, &key).await, Some((2, Problem::Missing)));
    })
    .await;
}

#[tokio::test]
async fn a_checkpoint_holds_only_as_it_was_signed() {
    both_engines(schema::MIGRATIONS, |test| async move {
        let (_dir, ours) = key();
        append(&test.db, 0..3).await;
        seal(&test, &ours, at(0), 3).await;
        let (_other_dir, theirs) = key();
        assert_eq!(
            problem(&test, &theirs).await,
            Some((3, Problem::BadSignature))
        );
        let changes = [
            ("seq", Value::Int(2), Value::Int(3)),
            ("seq", Value::Int(4), Value::Int(3)),
            ("at_server", Value::Instant(at(1)), Value::Instant(at(0))),
            (
                "key_id",
                Value::Text(theirs.id().into()),
                Value::Text(ours.id().into()),
            ),
        ];
        for (column, wrong, right) in changes {
            let sql = format!("UPDATE checkpoints SET {column} = $1");
            edit(&test.db, &sql, vec![wrong]).await;
            let found = problem(&test, &ours).await;
            assert!(
                matches!(found, Some((_, Problem::BadSignature))),
                "{column}: {found:?}"
            );
            edit(&test.db, &sql, vec![right]).await;
            assert_eq!(problem(&test, &ours).await, None);
        }
        for column in ["chain", "signature"] {
            edit(
                &test.db,
                &format!("UPDATE checkpoints SET {column} = $1"),
                vec![Value::Bytes(vec![9; 64])],
            )
            .await;
            assert_eq!(
                problem(&test, &ours).await,
                Some((3, Problem::BadSignature))
            );
        }
    })
    .await;
}

#[tokio::test]
async fn every_thousand_events_are_signed_and_a_missing_signature_shows() {
    both_engines(schema::MIGRATIONS, |test| async move {
        let (_dir, key) = key();
        // A first checkpoint at once, and then no time passes.
        append(&test.db, 0..1).await;
        seal(&test, &key, at(0), 1).await;
        append(&test.db, 1..2_345).await;
        seal(&test, &key, at(0), 2_344).await;
        let report = verify(&test, &key).await;
        assert_eq!(
            report,
            LogReport {
                sealed: 2_345,
                signed_until: 2_001,
                unsealed: 0,
                broken: None
            }
        );
        edit(&test.db, "DELETE FROM checkpoints WHERE seq = 1001", vec![]).await;
        assert_eq!(
            problem(&test, &key).await,
            Some((1 + CHECKPOINT_EVENTS, Problem::Unsigned))
        );
    })
    .await;
}

#[test]
fn the_key_is_made_once_and_kept_from_others() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log.key");
    let key = LogKey::load_or_create(&path).unwrap();
    assert_eq!(LogKey::load_or_create(&path).unwrap().id(), key.id());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    std::fs::write(&path, "something else").unwrap();
    assert!(matches!(
        LogKey::load_or_create(&path),
        Err(KeyError::NotAKey { .. })
    ));
    let nowhere = dir.path().join("missing").join("log.key");
    assert!(matches!(
        LogKey::load_or_create(&nowhere),
        Err(KeyError::File { .. })
    ));
}

/// A command that writes settings, some of them after a savepoint to which it goes back.
struct Set {
    kept: Vec<Setting>,
    undone: Vec<Setting>,
    told: bool,
}

impl Command for Set {
    type Out = ();
    type Error = StoreError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        for setting in &self.kept {
            tx.put(setting).await?;
        }
        tx.savepoint("undone").await?;
        for setting in &self.undone {
            tx.put(setting).await?;
            tx.append(&event(90)).await?;
        }
        tx.rollback_to("undone").await?;
        tx.release("undone").await?;
        if self.told {
            let number = self
                .kept
                .first()
                .map_or(0, |setting| setting.value.0["number"].as_u64().unwrap_or(0));
            tx.append(&event(u32::try_from(number).unwrap_or(0)))
                .await?;
        }
        Ok(())
    }
}

fn setting(key: &str, number: u32) -> Setting {
    let value = serde_json::json!({ "number": number, "b": [2, { "y": 3, "x": 4 }] });
    Setting {
        key: key.into(),
        value: Json(value),
    }
}

struct Rows;
impl Command for Rows {
    type Out = Vec<String>;
    type Error = StoreError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<Vec<String>, StoreError> {
        verify_rows(tx).await
    }
}

/// What stands in the tables is what the log told of them last, however it was written, overwritten or undone.
#[tokio::test]
async fn a_row_that_was_edited_past_the_program_shows() {
    both_engines(schema::MIGRATIONS, |test| async move {
        let write = |kept, undone| Set {
            kept,
            undone,
            told: true,
        };
        let first = write(
            vec![setting("limits", 1), setting("hours", 1)],
            vec![setting("limits", 8)],
        );
        test.db.write(first).await.unwrap();
        test.db
            .write(write(vec![setting("limits", 2)], Vec::new()))
            .await
            .unwrap();
        assert_eq!(test.db.read(Rows).await.unwrap(), Vec::<String>::new());
        let raw = |sql| edit(&test.db, sql, vec![]);
        raw("UPDATE settings SET value = '{\"number\":3}' WHERE key = 'limits'").await;
        raw("DELETE FROM settings WHERE key = 'hours'").await;
        raw("INSERT INTO counters (name, value) VALUES ('orders', 5)").await;
        assert_eq!(
            test.db.read(Rows).await.unwrap(),
            [
                "settings hours: was removed past the program",
                "settings limits: was changed past the program",
                "counters orders: was added past the program",
            ]
        );
    })
    .await;
}

/// A change that no event tells of is not committed.
#[tokio::test]
async fn no_row_is_written_without_an_event() {
    both_engines(schema::MIGRATIONS, |test| async move {
        let silent = Set {
            kept: vec![setting("limits", 1)],
            undone: Vec::new(),
            told: false,
        };
        let failed = test.db.write(silent).await;
        assert!(matches!(failed, Err(StoreError::Untold(table)) if table == "settings"));
        let nothing = Set {
            kept: Vec::new(),
            undone: vec![setting("limits", 1)],
            told: false,
        };
        test.db.write(nothing).await.unwrap();
        assert_eq!(test.db.read(Rows).await.unwrap(), Vec::<String>::new());
    })
    .await;
}

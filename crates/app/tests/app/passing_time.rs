//! Time passes: each thing that is due is done once and in order, by whoever looks, whatever interrupts it.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is missing"
)]

use std::collections::BTreeSet;

use tierline_app::agenda::{self, Entry, Page, Part, Question};
use tierline_app::ask::ask;
use tierline_app::clock::Clock;
use tierline_app::demo::LayDemo;
use tierline_app::time::{Step, kept_clock};
use tierline_app::{App, AppError, names};
use tierline_domain::subscription::Charge;
use tierline_domain::time::{Period, Timestamp};
use tierline_store::log::LoggedEvent;
use tierline_store::tables::Due;
use tierline_store::testing::{both_engines, sqlite};
use tierline_store::{
    Command, Db, DbConfig, Statement, StoreError, Table, Tx, logged_event_columns, schema,
};
use uuid::Uuid;

const LOG: Statement = Statement::new(
    "passing_time::LOG",
    concat!(
        "SELECT ",
        logged_event_columns!(),
        " FROM events ORDER BY position"
    ),
);

fn start() -> Timestamp {
    "2026-01-15T12:00:00Z".parse().unwrap()
}

fn later() -> Timestamp {
    start().plus(Period::months(5)).unwrap()
}

async fn demo(db: &Db) -> App {
    db.write(LayDemo { now: start() }).await.unwrap();
    App::new(db.clone(), Clock::pinned(start()))
}

async fn every<T: Table + Sync>(db: &Db) -> Vec<T> {
    let all = ask(|tx: &mut Tx<'_>| {
        Box::pin(async move { Ok(tx.find::<T>(T::all_rows_sql(), &[]).await?) })
    });
    db.read(all).await.unwrap()
}

/// What was done when, in order; and how many charges that booked.
async fn done(db: &Db) -> (Vec<(Timestamp, String, String)>, usize) {
    let mut done: Vec<_> = every::<Due>(db)
        .await
        .into_iter()
        .filter_map(|item| Some((item.done?, item.kind, item.subject)))
        .collect();
    done.sort();
    (done, every::<Charge>(db).await.len())
}

/// The same world, moved by one server and without a break.
async fn undisturbed() -> (Vec<(Timestamp, String, String)>, usize) {
    let db = Db::open(&DbConfig::Memory, schema::MIGRATIONS)
        .await
        .unwrap();
    let app = demo(&db).await;
    let moved = app.advance(Step::Until(later())).await.unwrap();
    let done = done(&db).await;
    assert_eq!(u64::try_from(done.0.len()).unwrap(), moved.fired());
    assert!(
        moved.fired() > 20,
        "the test needs something to do: {moved:?}"
    );
    assert_eq!(moved.set_aside, 0);
    done
}

#[tokio::test]
async fn two_servers_on_one_database_do_each_thing_once() {
    let alone = undisturbed().await;
    both_engines(schema::MIGRATIONS, |test| {
        let alone = alone.clone();
        async move {
            let one = demo(&test.db).await.in_groups_of(3);
            let other = Db::open(&test.config, schema::MIGRATIONS).await.unwrap();
            let other = App::new(other, Clock::pinned(start())).in_groups_of(3);
            let (first, second) = tokio::join!(
                one.advance(Step::Until(later())),
                other.advance(Step::Until(later()))
            );
            let fired = [first.unwrap().fired(), second.unwrap().fired()];
            assert_eq!(done(&test.db).await, alone, "{}", test.engine);
            let all = u64::try_from(alone.0.len()).unwrap();
            assert_eq!(fired.iter().sum::<u64>(), all, "{}: {fired:?}", test.engine);
        }
    })
    .await;
}

#[tokio::test]
async fn whoever_is_interrupted_goes_on_where_it_stopped() {
    let alone = undisturbed().await;
    both_engines(schema::MIGRATIONS, |test| {
        let alone = alone.clone();
        async move {
            let app = demo(&test.db).await.in_groups_of(2);
            let before = done(&test.db).await.0.len();
            let mut moving = Box::pin(app.advance(Step::Until(later())));
            let reached = loop {
                // Nothing else moves the clock, so each look lets it come a little further.
                tokio::select! {
                    biased;
                    moved = &mut moving => panic!("it came to its end: {moved:?}"),
                    () = tokio::task::yield_now() => {}
                }
                let reached = done(&test.db).await.0.len();
                let kept = kept_clock(&test.db).await.unwrap();
                if reached > before + 5 && kept.is_some_and(|kept| start() < kept.world) {
                    break reached;
                }
            };
            drop(moving);
            assert!(reached < alone.0.len(), "{}", test.engine);

            // The process is gone, and another one takes up the database.
            let db = Db::open(&test.config, schema::MIGRATIONS).await.unwrap();
            let kept = kept_clock(&db).await.unwrap().unwrap();
            let app = App::new(db.clone(), Clock::kept(&kept));
            let now = app.clock().world_now();
            assert!(start() < now && now < later(), "{}: {now}", test.engine);
            app.advance(Step::Until(later())).await.unwrap();
            assert_eq!(done(&db).await, alone, "{}", test.engine);
        }
    })
    .await;
}

#[tokio::test]
async fn a_clock_that_runs_does_the_same_as_one_that_is_moved() {
    let alone = undisturbed().await;
    let test = sqlite(schema::MIGRATIONS).await;
    demo(&test.db).await;
    // Nobody looked for five months.
    let app = App::new(test.db.clone(), Clock::pinned(later()));
    let moved = app.fall_due().await.unwrap();
    assert_eq!(u64::try_from(alone.0.len()).unwrap(), moved.fired());
    assert_eq!(done(&test.db).await, alone, "each as of its own day");
    assert_eq!(app.fall_due().await.unwrap().fired(), 0, "once");
    let kept = kept_clock(&test.db).await.unwrap();
    assert_eq!(kept, None, "nobody has moved it");
}

/// What the log tells of a world, in order: when, what, of what, and which rows were written.
async fn told(db: &Db) -> Vec<(Timestamp, String, String, String)> {
    let log = ask(|tx: &mut Tx<'_>| {
        Box::pin(async move { Ok(tx.fetch_all::<LoggedEvent>(LOG, &[]).await?) })
    });
    let log = db.read(log).await.unwrap().into_iter();
    log.map(|logged| logged.event)
        .map(|event| {
            (
                event.at_world,
                event.kind,
                event.subject,
                event.data.to_string(),
            )
        })
        .collect()
}

#[tokio::test]
async fn a_group_does_the_same_in_the_same_order_as_one_thing_after_the_other() {
    let mut worlds = Vec::new();
    for most in [1, 3, 1_000] {
        let db = Db::open(&DbConfig::Memory, schema::MIGRATIONS)
            .await
            .unwrap();
        let app = demo(&db).await.in_groups_of(most);
        let due = start().plus(Period::days(40)).unwrap();
        db.write(Unknown(due)).await.unwrap();
        let commits = db.lane_stats().groups;
        let moved = app.advance(Step::By(Period::months(30))).await.unwrap();
        assert!(moved.fired() > 100, "{moved:?}");
        let commits = db.lane_stats().groups - commits;
        worlds.push((told(&db).await, done(&db).await, moved, commits));
    }
    let [one, few, many] = <[_; 3]>::try_from(worlds).unwrap();
    assert_eq!((&one.0, &one.1, &one.2), (&few.0, &few.1, &few.2));
    assert_eq!((&one.0, &one.1, &one.2), (&many.0, &many.1, &many.2));
    assert!(one.3 > few.3 && few.3 > many.3, "{one:?}");
}

#[tokio::test]
async fn a_clock_is_never_kept_at_an_earlier_instant_than_another_server_has_moved_it_to() {
    both_engines(schema::MIGRATIONS, |test| async move {
        let one = demo(&test.db).await;
        let other = Db::open(&test.config, schema::MIGRATIONS).await.unwrap();
        let other = App::new(other, Clock::pinned(start())).in_groups_of(1);
        let soon = start().plus(Period::months(1)).unwrap();
        let (far, near) = tokio::join!(
            one.advance(Step::Until(later())),
            other.advance(Step::Until(soon))
        );
        far.unwrap();
        // It may have come too late: the clock stands behind that instant by then.
        if let Err(error) = near {
            assert!(matches!(error, AppError::Invalid { .. }), "{error}");
        }
        let kept = kept_clock(&test.db).await.unwrap().unwrap();
        assert_eq!(kept.world, later(), "{}", test.engine);
        let refused = other.advance(Step::Until(soon)).await;
        assert!(refused.is_err(), "{}: {refused:?}", test.engine);
    })
    .await;
}

/// Something of a kind that nobody knows.
struct Unknown(Timestamp);

impl Command for Unknown {
    type Out = ();
    type Error = StoreError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.insert(&Due {
            id: Uuid::from_u128(1),
            due: self.0,
            kind: "nonsense".to_owned(),
            subject: "nobody".to_owned(),
            done: None,
            problem: None,
        })
        .await
    }
}

#[tokio::test]
async fn what_cannot_be_done_is_set_aside_and_holds_nothing_up() {
    let alone = undisturbed().await;
    both_engines(schema::MIGRATIONS, |test| {
        let alone = alone.clone();
        async move {
            let app = demo(&test.db).await;
            let due = start().plus(Period::days(1)).unwrap();
            test.db.write(Unknown(due)).await.unwrap();
            let moved = app.advance(Step::Until(later())).await.unwrap();
            assert_eq!(moved.set_aside, 1, "{}", test.engine);
            assert_eq!(u64::try_from(alone.0.len()).unwrap(), moved.fired());
            let item = every::<Due>(&test.db).await;
            let item = item.into_iter().find(|item| item.kind == "nonsense");
            let item = item.unwrap();
            assert_eq!(item.done, Some(due), "{}", test.engine);
            assert!(item.problem.as_ref().unwrap().contains("nonsense"));
            // It is a list of its own, and stands among what was done; whom it concerns nobody knows.
            let question = Question {
                part: Part::SetAside,
                of: None,
                after: None,
                count: 5,
            };
            let aside = page(&test.db, question).await;
            assert_eq!(aside.next, None);
            let states: Vec<_> = aside.entries.iter().map(Entry::state).collect();
            assert_eq!(states, ["set_aside"], "{}", test.engine);
            assert!(aside.entries.iter().all(|entry| entry.item.id == item.id));
        }
    })
    .await;
}

#[tokio::test]
async fn a_clock_goes_forward_only_and_to_what_is_next() {
    let db = Db::open(&DbConfig::Memory, schema::MIGRATIONS)
        .await
        .unwrap();
    let app = demo(&db).await;
    let past = start().minus(Period::days(1)).unwrap();
    let refused = app.advance(Step::Until(past)).await.unwrap_err();
    assert!(
        matches!(&refused, AppError::Invalid { field, .. } if field == "until"),
        "{refused}"
    );
    assert_eq!(app.clock().world_now(), start());

    let open = every::<Due>(&db).await;
    let next = open.iter().filter(|item| item.done.is_none());
    let next = next.map(|item| item.due).min().unwrap();
    let moved = app.advance(Step::Next).await.unwrap();
    assert_eq!(moved.world, next.max(start()));
    assert!(moved.fired() >= 1);

    let db = Db::open(&DbConfig::Memory, schema::MIGRATIONS)
        .await
        .unwrap();
    let empty = App::new(db, Clock::pinned(start()));
    let refused = empty.advance(Step::Next).await.unwrap_err();
    assert!(
        matches!(&refused, AppError::Invalid { field, .. } if field == "next"),
        "{refused}"
    );
}

async fn page(db: &Db, question: Question) -> Page {
    let read =
        ask(move |tx: &mut Tx<'_>| Box::pin(async move { agenda::page(tx, &question).await }));
    db.read(read).await.unwrap()
}

/// All pages of a question, a few entries each.
async fn pages(db: &Db, mut question: Question) -> Vec<Entry> {
    let mut entries = Vec::new();
    loop {
        let page = page(db, question).await;
        assert!(page.entries.len() <= question.count);
        entries.extend(page.entries);
        match page.next {
            Some(next) => question.after = Some(next),
            None => return entries,
        }
    }
}

#[tokio::test]
async fn the_schedule_is_paged_by_key_and_partners_see_their_own() {
    both_engines(schema::MIGRATIONS, |test| async move {
        let app = demo(&test.db).await;
        app.advance(Step::Until(later())).await.unwrap();
        let everything = every::<Due>(&test.db).await;
        for part in [Part::Open, Part::Done] {
            let question = Question {
                part,
                of: None,
                after: None,
                count: 7,
            };
            let entries = pages(&test.db, question).await;
            let ids: BTreeSet<Uuid> = entries.iter().map(|entry| entry.item.id).collect();
            let wanted = everything.iter();
            let wanted = wanted.filter(|item| item.done.is_some() == (part == Part::Done));
            assert_eq!(ids.len(), entries.len(), "none comes twice");
            assert_eq!(ids, wanted.map(|item| item.id).collect());
            let places: Vec<_> = entries
                .iter()
                .map(|entry| (entry.item.done.unwrap_or(entry.item.due), entry.item.id))
                .collect();
            let mut sorted = places.clone();
            sorted.sort();
            if part == Part::Done {
                sorted.reverse();
            }
            assert_eq!(places, sorted);
            assert!(
                entries.iter().all(|entry| !entry.partners.is_empty()),
                "everything concerns somebody: {entries:?}"
            );

            let own = ask(|tx: &mut Tx<'_>| Box::pin(names::the_account(tx, "harbor")));
            let own = test.db.read(own).await.unwrap();
            let question = Question {
                of: Some(own.id),
                ..question
            };
            let seen = pages(&test.db, question).await;
            let seen: BTreeSet<Uuid> = seen.iter().map(|entry| entry.item.id).collect();
            let harbors = entries
                .iter()
                .filter(|entry| entry.partners.iter().any(|handle| handle == "harbor"));
            let harbors: BTreeSet<Uuid> = harbors.map(|entry| entry.item.id).collect();
            assert!(!harbors.is_empty() && harbors.len() < entries.len());
            assert_eq!(seen, harbors, "{}", test.engine);
        }
    })
    .await;
}

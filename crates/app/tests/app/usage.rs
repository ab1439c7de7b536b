//! Usage that comes in by files: taken whole or not at all, every event once, rated by the day and charged by the month.
#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "a test stops where something is missing"
)]

use std::sync::Arc;

use crate::common::World;
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use tierline_app::ask::ask;
use tierline_app::billing::consumption::{self, UsageRow};
use tierline_app::billing::views::Directory;
use tierline_app::usage::{Ingest, Reader, Recorded, Refused};
use tierline_app::{charges, names};
use tierline_domain::decimal::Decimal;
use tierline_domain::subscription::{Charge, Subscription};
use tierline_domain::time::Date;
use tierline_domain::usage::{Earning, UsageCharge, UsageDay};
use tierline_store::tables::files::Billed;
use tierline_store::testing::both_engines;
use tierline_store::{Command, Db, Tx, Value, schema, tables};

const HOURS: &str = "4f1d2c60-93b7-5d0e-8a51-6b0c7d9e1f01";
const SPOT: &str = "4f1d2c60-93b7-5d0e-8a51-6b0c7d9e1f03";
const STORED: &str = "4f1d2c60-93b7-5d0e-8a51-6b0c7d9e1f05";

fn given() -> Json {
    json!([
        {"partner": {"id": "DB-1", "type": "direct_bill", "country": "DE"}},
        {"partner": {"id": "DB-2", "type": "direct_bill", "country": "DE"}},
        {"customer": {"id": "C-1", "country": "DE", "budget": "USD 20.00"}},
        {"relationship": {"partner": "DB-1", "customer": "C-1"}},
        {"relationship": {"partner": "DB-2", "customer": "C-1"}},
        {"credit": {"partner": "DB-1", "limit": "USD 1000.00"}},
        {"catalogue": {"profile": "csp"}},
        {"subscription": {"id": "plan-1", "seller": "DB-1", "customer": "C-1", "item": "cloud-plan"}},
        {"subscription": {"id": "az-1", "seller": "DB-1", "customer": "C-1", "item": "cloud-subscription", "parent": "plan-1",
            "bought": "2023-06-15T10:00:00Z"}},
        {"subscription": {"id": "old-1", "seller": "DB-1", "customer": "C-1", "item": "cloud-subscription", "parent": "plan-1",
            "state": "deleted"}},
        {"subscription": {"id": "sub-1", "seller": "DB-1", "customer": "C-1", "item": "desk-standard"}},
    ])
}

fn event(id: &str, meter: &str, at: &str, quantity: &str) -> Json {
    json!({"id": id, "subscription": "az-1", "meter": meter, "at": at, "quantity": quantity})
}

fn with(mut event: Json, member: &str, value: Json) -> Json {
    event[member] = value;
    event
}

async fn send(world: &mut World, events: &[Json]) -> Result<Recorded, Refused> {
    let ctx = world.ctx("operator");
    let file = read(events);
    world.db.write(Ingest { ctx, file }).await
}

fn read(events: &[Json]) -> Arc<tierline_app::usage::Lines> {
    let mut reader = Reader::default();
    for event in events {
        reader.push(format!("{event}\n").as_bytes());
    }
    Arc::new(reader.finish().unwrap())
}

async fn world() -> World {
    World::of("2023-11-15T12:00:00Z", given()).await
}

/// What is booked on a subscription, what its months were charged with, and its days.
async fn booked(db: &Db, name: &'static str) -> (Vec<Charge>, Vec<UsageCharge>, Vec<UsageDay>) {
    let read = ask(move |tx: &mut Tx<'_>| {
        Box::pin(async move {
            let row = names::the_subscription(tx, name).await?;
            let id = Value::Id(row.id.uuid());
            let month: Date = Date::constant(2023, 11, 1);
            let key = [id.clone(), Value::Day(month)];
            let months = tx
                .find::<UsageCharge>(tables::usage_charges::OF_MONTH, &key)
                .await?;
            let key = [id, Value::Day(month), Value::Day(month.last_of_month())];
            let days = tx
                .find::<UsageDay>(tables::usage_days::BETWEEN, &key)
                .await?;
            Ok((charges::of(tx, &row).await?, months, days))
        })
    });
    db.read(read).await.unwrap()
}

/// The days of a charge, as a bill tells them.
async fn days_of(db: &Db, charge: &Charge) -> Vec<UsageRow> {
    let charge = charge.clone();
    let read = ask(move |tx: &mut Tx<'_>| {
        let charge = charge.clone();
        Box::pin(async move {
            let row: Subscription = names::by_id(tx, charge.subscription).await?;
            let billed = Billed {
                line: None,
                handle: row.handle,
                friendly_name: None,
                order: None,
                term_end: None,
                bought: row.bought,
                parent: row.parent,
                charge,
            };
            let mut names = Directory::default();
            let entry = Arc::new(names.entry(tx, billed).await?);
            consumption::days(tx, &mut names, entry).await
        })
    });
    db.read(read).await.unwrap()
}

fn number(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn faults(refused: Result<Recorded, Refused>) -> Vec<String> {
    match refused {
        Err(Refused::Lines(faults)) => faults.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

/// PEC-007, BIL-053: each day at its own credit, the month as one charge for each meter, cut once.
#[tokio::test]
async fn a_day_is_rated_and_a_month_is_one_charge_for_each_meter() {
    let mut world = world().await;
    let events = [
        event("a", HOURS, "2023-11-10T01:00:00Z", "100.5"),
        event("b", HOURS, "2023-11-10T23:59:59Z", "0.25"),
        event("c", HOURS, "2023-11-11T05:00:00Z", "7"),
        event("d", SPOT, "2023-11-11T05:00:00Z", "10"),
        with(
            event("e", STORED, "2023-11-11T05:00:00Z", "3"),
            "cost",
            json!("USD 0.019999"),
        ),
    ];
    let done = send(&mut world, &events).await.unwrap();
    assert_eq!((done.lines, done.events, done.repeats), (5, 5, 0));
    world.until("2023-11-16T00:00:00Z").await;
    let (charged, _, days) = booked(&world.db, "az-1").await;
    assert!(charged.is_empty());
    let first = days.iter().find(|day| day.events == 2).unwrap();
    assert_eq!(first.quantity, number("100.75"));
    let list = number("100.75")
        .times(number("0.0209496384791679"))
        .unwrap();
    assert_eq!(first.list, list.trimmed());
    assert_eq!((first.earning, first.percent), (Earning::Earned, 15));
    assert_eq!(first.net, list.times(number("0.85")).unwrap().trimmed());
    let spot = days
        .iter()
        .find(|day| day.quantity == number("10"))
        .unwrap();
    assert_eq!((spot.earning, spot.net), (Earning::Excluded, spot.list));
    // Unbilled consumption uses up credit: 1.79 + 0.12 + 0.36 + 0.01 (BIL-030).
    let credit = world.act("DB-1", "read_credit", json!({})).await.result;
    assert_eq!(credit["available"], json!("USD 997.72"));

    world.until("2023-12-02T00:00:00Z").await;
    let (charged, months, _) = booked(&world.db, "az-1").await;
    let amounts: Vec<String> = charged.iter().map(|one| one.amount.to_string()).collect();
    // 107.75 × 0.0209496384791679 × 0.85 = 1.9187…; 10 × 0.0367086286014929; 0.019999 × 0.85.
    assert_eq!(amounts, ["EUR 1.91", "EUR 0.36", "EUR 0.01"]);
    for one in &charged {
        assert_eq!(one.kind.as_str(), "usage");
        assert_eq!(one.booked.to_string(), "2023-11-30T23:59:59.999999Z");
        assert!(months.iter().any(|month| month.charge == one.id));
    }
    let credit = world.act("DB-1", "read_credit", json!({})).await.result;
    assert_eq!(credit["available"], json!("USD 997.72"));
}

/// An event that comes again changes nothing; one that says something else refuses the file.
#[tokio::test]
async fn an_event_counts_once() {
    let mut world = world().await;
    let one = event("a", HOURS, "2023-11-10T01:00:00Z", "1.50");
    send(&mut world, std::slice::from_ref(&one)).await.unwrap();
    let same = event("a", HOURS, "2023-11-10T01:00:00+00:00", "1.5");
    let next = event("b", HOURS, "2023-11-10T02:00:00Z", "1");
    let done = send(&mut world, &[same.clone(), next.clone(), next, same])
        .await
        .unwrap();
    assert_eq!((done.lines, done.events, done.repeats), (4, 1, 3));
    let other = with(one.clone(), "quantity", json!("1.51"));
    let new = event("c", HOURS, "2023-11-10T03:00:00Z", "1");
    let told = faults(send(&mut world, &[new.clone(), other.clone()]).await);
    assert_eq!(told.len(), 1);
    assert!(
        told[0].starts_with("line 2: id: was sent before"),
        "{told:?}"
    );
    let told = faults(send(&mut world, &[new.clone(), with(new, "quantity", json!(2))]).await);
    assert!(
        told[0].starts_with("line 2: id: line 1 has the same id"),
        "{told:?}"
    );
    // Nothing of what was refused is there.
    let (_, _, days) = booked(&world.db, "az-1").await;
    assert_eq!((days.len(), days[0].quantity), (1, number("2.5")));
}

/// Whatever is wrong with one line, nothing of its file is taken.
#[tokio::test]
async fn a_bad_line_refuses_the_whole_file() {
    let mut world = world().await;
    let good = |id: &str| event(id, HOURS, "2023-11-10T01:00:00Z", "1");
    let file = [
        good("a"),
        with(good("b"), "subscription", json!("nobody")),
        with(good("c"), "subscription", json!("old-1")),
        with(good("d"), "subscription", json!("sub-1")),
        with(good("e"), "meter", json!("nothing")),
        with(good("f"), "at", json!("2023-11-15T12:00:01Z")),
        with(good("g"), "at", json!("2023-06-15T09:59:59Z")),
        with(good("h"), "at", json!("2023-10-31T23:59:59Z")),
        with(good("i"), "at", json!("2019-12-31T00:00:00Z")),
    ];
    let told = faults(send(&mut world, &file).await);
    for (line, wanted) in [
        (2, "subscription: there is no subscription `nobody`"),
        (3, "subscription: `old-1` has ended: it is deleted"),
        (4, "subscription: `sub-1` is a subscription of licence"),
        (5, "meter: there is no meter `nothing`"),
        (6, "at: 2023-11-15T12:00:01Z lies ahead"),
        (7, "at: the subscription runs since 2023-06-15T10:00:00Z"),
        (8, "at: 2023-10 is closed since 2023-11-01T11:00:00Z"),
    ] {
        let wanted = format!("line {line}: {wanted}");
        assert!(
            told.iter().any(|told| told.starts_with(&wanted)),
            "{wanted}: {told:#?}"
        );
    }
    // Each fits, their sum does not.
    let cost = |id: &str| with(good(id), "cost", json!("USD 90000000000000000"));
    let many = [cost("x"), cost("y")];
    let told = faults(send(&mut world, &many).await);
    assert!(told[0].contains("too large"), "{told:?}");
    let (_, _, days) = booked(&world.db, "az-1").await;
    assert!(days.is_empty());
    let partner = world.ctx("DB-1");
    let file = read(&[good("a")]);
    let refused = world.db.write(Ingest { ctx: partner, file }).await;
    assert!(refused.unwrap_err().to_string().contains("not for partner"));
}

/// What comes late has its day rated anew; once the month is closed it is refused.
#[tokio::test]
async fn late_usage_is_rated_until_the_month_is_closed() {
    let mut world = world().await;
    send(
        &mut world,
        &[event("a", HOURS, "2023-11-10T01:00:00Z", "100")],
    )
    .await
    .unwrap();
    world.until("2023-12-01T06:00:00Z").await;
    let late = event("b", HOURS, "2023-11-10T02:00:00Z", "100");
    send(&mut world, &[late]).await.unwrap();
    world.until("2023-12-01T11:00:00Z").await;
    let (charged, months, _) = booked(&world.db, "az-1").await;
    let amounts: Vec<String> = charged.iter().map(|one| one.amount.to_string()).collect();
    assert_eq!(amounts, ["EUR 3.56"]);
    assert_eq!(months[0].quantity, number("200"));
    let told = faults(
        send(
            &mut world,
            &[event("c", HOURS, "2023-11-30T23:00:00Z", "1")],
        )
        .await,
    );
    assert!(told[0].contains("2023-11 is closed"), "{told:?}");
}

/// TRF-019: who sold it until then is charged with what was used until then, each in its own currency.
#[tokio::test]
async fn a_transfer_within_the_month_splits_its_charges() {
    let mut world = world().await;
    let facts = json!([
        {"partner": {"id": "IP-2", "type": "indirect_provider", "country": "DK"}},
        {"partner": {"id": "IR-2", "type": "indirect_reseller", "country": "DK"}},
        {"partnership": {"provider": "IP-2", "reseller": "IR-2"}},
        {"relationship": {"partner": "IP-2", "customer": "C-1"}},
        {"relationship": {"partner": "IR-2", "customer": "C-1"}},
        {"subscription": {"id": "plan-2", "seller": "IP-2", "customer": "C-1", "item": "cloud-plan", "partner_of_record": "IR-2"}},
    ]);
    world.lay(facts).await;
    let stored = |id: &str, at: &str| with(event(id, STORED, at, "1"), "cost", json!("USD 10.00"));
    send(
        &mut world,
        &[
            stored("a", "2023-11-14T01:00:00Z"),
            stored("b", "2023-11-15T01:00:00Z"),
        ],
    )
    .await
    .unwrap();
    let asked = json!({"id": "t-1", "customer": "C-1", "from": "DB-1", "subscriptions": ["az-1"], "partner_of_record": "IR-2"});
    world.act("IP-2", "request_transfer", asked).await;
    world
        .act("DB-1", "accept_transfer", json!({"transfer": "t-1"}))
        .await;
    world.now = "2023-11-15T18:00:00Z".parse().unwrap();
    send(&mut world, &[stored("c", "2023-11-15T17:00:00Z")])
        .await
        .unwrap();
    world.until("2023-12-01T11:00:00Z").await;
    let (charged, months, _) = booked(&world.db, "az-1").await;
    let amounts: Vec<String> = charged.iter().map(|one| one.amount.to_string()).collect();
    // The giver earned on both days; the receiver has no access of its own (PEC-010).
    assert_eq!(amounts, ["EUR 17.00", "DKK 10.00"]);
    assert_ne!(charged[0].seller, charged[1].seller);
    let quantities: Vec<_> = months.iter().map(|month| month.quantity).collect();
    assert!(quantities.contains(&number("2")) && quantities.contains(&number("1")));
    // Days of a charge are its own: what both used of the 15th is told apart.
    let told = |rows: Vec<UsageRow>| -> Vec<String> {
        let one = |row: UsageRow| {
            format!(
                "{} {} {} {} %",
                row.day, row.quantity, row.amount, row.credit_percent
            )
        };
        rows.into_iter().map(one).collect()
    };
    let giver = told(days_of(&world.db, &charged[0]).await);
    assert_eq!(
        giver,
        ["2023-11-14 1 EUR 8.50 15 %", "2023-11-15 1 EUR 8.50 15 %"]
    );
    let receiver = told(days_of(&world.db, &charged[1]).await);
    assert_eq!(receiver, ["2023-11-15 1 DKK 10.00 0 %"]);
}

/// CUS-028: told once, when it is passed, and nothing is blocked.
#[tokio::test]
async fn a_budget_is_told_of_when_it_is_passed() {
    let mut world = world().await;
    let day = |id: &str, day: &str| {
        with(
            event(id, STORED, &format!("2023-11-{day}T01:00:00Z"), "1"),
            "cost",
            json!("USD 12.00"),
        )
    };
    send(
        &mut world,
        &[day("a", "10"), day("b", "11"), day("c", "12")],
    )
    .await
    .unwrap();
    assert_eq!(world.happened("budget_exceeded").await, [""; 0]);
    world.until("2023-11-16T00:00:00Z").await;
    assert_eq!(world.happened("budget_exceeded").await, ["C-1"]);
    world
        .act(
            "DB-1",
            "set_budget",
            json!({"customer": "C-1", "amount": "USD 100.00"}),
        )
        .await;
    send(&mut world, &[day("d", "13")]).await.unwrap();
    world.until("2023-11-17T00:00:00Z").await;
    assert_eq!(world.happened("budget_exceeded").await, ["C-1"]);
    let negative = json!({"customer": "C-1", "amount": "USD -1.00"});
    assert!(
        world
            .fails("DB-1", "set_budget", negative)
            .await
            .starts_with("amount: is negative")
    );
}

/// Both engines take the same file the same way, and verification finds what was altered.
#[tokio::test]
async fn both_engines_keep_the_same_usage() {
    both_engines(schema::MIGRATIONS, |test| async move {
        let now = "2023-11-15T12:00:00Z".parse().unwrap();
        let given = given().as_array().cloned().unwrap();
        let lay = tierline_app::demo::LayWorld { given, now };
        test.db.write(lay).await.unwrap();
        let events: Vec<Json> = (0..2_500)
            .map(|number| {
                let at = format!("2023-11-{:02}T01:00:00Z", number % 10 + 1);
                let resource =
                    json!({"uri": format!("/r/{}", number % 3), "group": "G", "tags": {"a": "b"}});
                with(
                    event(&format!("e{number}"), HOURS, &at, "0.5"),
                    "resource",
                    resource,
                )
            })
            .collect();
        for repeats in [0, 2_500] {
            let seed = uuid::Uuid::from_u128(repeats + 1);
            let actor = tierline_app::actor::ActorSpec::operator();
            let ctx = tierline_app::Ctx::new(actor, now, now, seed);
            let file = read(&events);
            let done = test.db.write(Ingest { ctx, file }).await.unwrap();
            assert_eq!(u128::try_from(done.repeats).unwrap(), repeats);
        }
        let (_, _, days) = booked(&test.db, "az-1").await;
        assert_eq!(days.len(), 30);
        let sum = days
            .iter()
            .try_fold(Decimal::ZERO, |sum, day| sum.plus(day.quantity));
        assert_eq!(sum.unwrap().trimmed(), number("1250"));
        assert_eq!(test.db.write(Verify).await.unwrap(), [""; 0]);
        test.db.write(Alter).await.unwrap();
        let found = test.db.write(Verify).await.unwrap();
        let told: Vec<&str> = found
            .iter()
            .filter_map(|found| found.split(' ').next())
            .collect();
        assert_eq!(told, ["usage_events", "usage_days"], "{found:?}");
    })
    .await;
}

struct Verify;
impl Command for Verify {
    type Out = Vec<String>;
    type Error = tierline_app::AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<Vec<String>, Self::Error> {
        tierline_app::usage::verify::verify(tx).await
    }
}

struct Alter;
impl Command for Alter {
    type Out = ();
    type Error = tierline_app::AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), Self::Error> {
        let id = tierline_app::usage::lines::event_id("e7");
        let key = [Value::Id(id)];
        let mut row = tx
            .get::<tierline_domain::usage::UsageEvent>(&key)
            .await?
            .unwrap();
        row.quantity = number("0.6");
        Ok(tx.put(&row).await?)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// In whatever order and files the events of a month come, the month comes to the same.
    #[test]
    fn the_order_of_events_does_not_change_a_months_total(
        quantities in proptest::collection::vec((1_u32..28, 0_u64..1_000_000, any::<bool>()), 2..24),
        cut in 1_usize..23,
        seed in any::<u64>(),
    ) {
        let events: Vec<Json> = quantities.iter().enumerate().map(|(number, (day, millionths, spot))| {
            let quantity = format!("{}.{:06}", millionths / 1_000, millionths % 1_000);
            let meter = if *spot { SPOT } else { HOURS };
            event(&format!("e{number}"), meter, &format!("2023-11-{day:02}T07:00:00Z"), &quantity)
        }).collect();
        let mut mixed = events.clone();
        // Drawn by a number, so that a failure is found again.
        let mut state = seed | 1;
        for place in (1..mixed.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let other = usize::try_from(state >> 33).unwrap() % (place + 1);
            mixed.swap(place, other);
        }
        let cut = cut.min(mixed.len() - 1);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let totals = |files: Vec<Vec<Json>>| runtime.block_on(async {
            let mut world = World::of("2023-11-29T12:00:00Z", given()).await;
            for file in files {
                send(&mut world, &file).await.unwrap();
            }
            world.until("2023-12-01T11:00:00Z").await;
            let (charged, months, _) = booked(&world.db, "az-1").await;
            let charged: Vec<String> = charged.iter().map(|one| one.amount.to_string()).collect();
            (charged, months.into_iter().map(|month| (month.meter, month.quantity, month.net)).collect::<Vec<_>>())
        });
        let whole = totals(vec![events]);
        let (first, last) = mixed.split_at(cut);
        let parts = totals(vec![first.to_vec(), last.to_vec()]);
        prop_assert_eq!(whole, parts);
    }
}

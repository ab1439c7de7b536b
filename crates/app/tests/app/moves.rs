//! Subscriptions that move between partners and generations: what they keep, what they leave behind.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is missing"
)]

use crate::common::World;
use serde_json::{Value as Json, json};
use tierline_app::ask::ask;
use tierline_app::{charges, names, windows};
use tierline_domain::catalog::{Frequency, Item};
use tierline_domain::order::Order;
use tierline_domain::subscription::{Subscription, SubscriptionState};
use tierline_store::{Value, tables};

fn given(facts: &[Json]) -> Json {
    let mut given = vec![
        json!({"partner": {"id": "IP-1", "type": "indirect_provider", "country": "FR"}}),
        json!({"partner": {"id": "DB-1", "type": "direct_bill", "country": "DE", "transitioning": true,
            "reseller_enrolment": "complete"}}),
        json!({"partnership": {"provider": "IP-1", "reseller": "DB-1"}}),
        json!({"customer": {"id": "C-1", "country": "FR"}}),
        json!({"relationship": {"partner": "IP-1", "customer": "C-1"}}),
        json!({"relationship": {"partner": "DB-1", "customer": "C-1"}}),
        json!({"item": {"id": "suite-legacy", "generation": "traditional", "terms": {"P1Y": ["monthly", "annual"]},
            "prices": {"P1Y": ["EUR 96.00"]}}}),
        json!({"item": {"id": "cloud-plan", "kind": "consumption_plan", "terms": {"none": ["none"]}}}),
        json!({"item": {"id": "cloud-subscription", "kind": "consumption", "terms": {"none": ["none"]}}}),
        json!({"item": {"id": "cloud-previous", "kind": "previous_consumption", "generation": "traditional",
            "terms": {"none": ["none"]}}}),
        json!({"item": {"id": "vm-reservation", "kind": "reservation", "terms": {"P1Y": ["monthly"]},
            "prices": {"P1Y": ["EUR 600.00"]}}}),
    ];
    given.extend(facts.iter().cloned());
    Json::Array(given)
}

/// Everything that a customer holds or held, with its item.
async fn estate(world: &World) -> Vec<(Subscription, Item)> {
    let read = ask(|tx| {
        Box::pin(async move {
            let customer = names::the_tenant(tx, "C-1").await?;
            let key = [Value::Id(customer.id.uuid())];
            let mut held = Vec::new();
            for row in tx
                .find::<Subscription>(tables::subscriptions::BY_CUSTOMER, &key)
                .await?
            {
                let item = names::by_id::<Item, _>(tx, row.item).await?;
                held.push((row, item));
            }
            Ok(held)
        })
    });
    world.db.read(read).await.unwrap()
}

async fn named(world: &World, handle: &str) -> Subscription {
    let mut held = estate(world).await.into_iter();
    held.find(|(row, _)| row.handle == handle).unwrap().0
}

/// What the customer holds of an item beside what the test laid down.
async fn made(world: &World, item: &str, laid: &str) -> Subscription {
    let mut held = estate(world).await.into_iter();
    let new = held.find(|(row, of)| of.handle == item && row.handle != laid);
    new.unwrap().0
}

/// TRF-008, TRF-011 and TRF-028: the receiver gets what was there when the offer was made, whatever was changed since; the
/// answer to the change warns of it. The old licence stays suspended; a consumption subscription is gone, and what
/// replaces it knows the resource by its old id.
#[tokio::test]
async fn an_offer_carries_what_was_there_when_it_was_made() {
    let mut world = World::of(
        "2023-11-15",
        given(&[
            json!({"subscription": {"id": "sub-1", "seller": "DB-1", "customer": "C-1", "item": "suite-legacy", "quantity": 10}}),
            json!({"subscription": {"id": "az-0", "seller": "DB-1", "customer": "C-1", "item": "cloud-previous"}}),
        ]),
    )
    .await;
    let offer = json!({"id": "tr-1", "customer": "C-1", "subscriptions": ["sub-1", "az-0"], "to": "IP-1", "partner_of_record": "DB-1"});
    world.act("DB-1", "create_transfer", offer).await;
    let more = json!({"subscription": "sub-1", "quantity": 14});
    let answer = world.act("DB-1", "change_quantity", more).await;
    let warning = answer.result["warning"].as_str().unwrap().to_owned();
    assert!(warning.contains("tr-1"), "{warning}");
    let moved = world
        .act("IP-1", "accept_transfer", json!({"transfer": "tr-1"}))
        .await;
    assert_eq!(moved.result["state"], "complete");
    let left = named(&world, "sub-1").await;
    assert_eq!(
        (left.state, left.quantity),
        (SubscriptionState::Suspended, 14)
    );
    let sold = made(&world, "suite-legacy", "sub-1").await;
    assert_eq!(
        (sold.state, sold.quantity, sold.resource),
        (SubscriptionState::Active, 10, None)
    );
    let gone = named(&world, "az-0").await;
    assert_eq!(gone.state, SubscriptionState::Deleted);
    let consumption = made(&world, "cloud-previous", "az-0").await;
    assert_ne!(consumption.id, gone.id);
    assert_eq!(consumption.resource, Some(gone.id));
    // Receivers of events hear of each of them.
    let mut told = [sold.handle.clone(), consumption.handle.clone()];
    told.sort();
    assert_eq!(world.happened("subscription_transferred").await, told);
    assert_eq!(world.happened("subscription_suspended").await, ["sub-1"]);
    assert_eq!(world.happened("subscription_deleted").await, ["az-0"]);
    // Each group became an order of the receiver's (TRF-010).
    let orders = [sold.order_id.unwrap(), consumption.order_id.unwrap()];
    assert_ne!(orders[0], orders[1]);
    for (order, row) in orders.into_iter().zip([&sold, &consumption]) {
        let read =
            ask(move |tx| Box::pin(async move { names::by_id::<Order, _>(tx, order).await }));
        let order = world.db.read(read).await.unwrap();
        assert_eq!((Some(order.partner), order.lines.len()), (row.seller, 1));
        assert_eq!(order.lines[0].subscription, Some(row.id));
    }
}

/// TRF-029: the giver keeps the charge of the month that runs, the receiver bears the next one in full.
#[tokio::test]
async fn a_reservation_that_moves_is_charged_by_whole_months() {
    let mut world = World::of(
        "2023-11-15",
        given(&[
            json!({"subscription": {"id": "plan-1", "seller": "DB-1", "customer": "C-1", "item": "cloud-plan"}}),
            json!({"subscription": {"id": "az-1", "seller": "DB-1", "customer": "C-1", "item": "cloud-subscription", "parent": "plan-1"}}),
            json!({"subscription": {"id": "plan-2", "seller": "IP-1", "customer": "C-1", "item": "cloud-plan",
                "partner_of_record": "DB-1"}}),
        ]),
    )
    .await;
    let order = json!({"customer": "C-1", "item": "vm-reservation", "frequency": "monthly", "creates": "res-1"});
    world.act("DB-1", "order", order).await;
    let path = "subscription.res-1.charges";
    let month = json!("EUR 50.00");
    assert_eq!(world.state(path).await, json!([month]));
    world.until("2023-11-20T12:00:00Z").await;
    let request = json!({"id": "tr-1", "customer": "C-1", "subscriptions": ["res-1"], "from": "DB-1", "partner_of_record": "DB-1"});
    world.act("IP-1", "request_transfer", request).await;
    world
        .act("DB-1", "accept_transfer", json!({"transfer": "tr-1"}))
        .await;
    assert_eq!(world.state("subscription.res-1.seller").await, "IP-1");
    // Nothing is given back, and nothing charged for what is left of the month.
    assert_eq!(world.state(path).await, json!([month]));
    world.until("2023-12-15T12:00:00Z").await;
    assert_eq!(world.state(path).await, json!([month, month]));
}

/// SUB-050: what is migrated keeps term, frequency and seats; the old one is suspended and billed no more, and the new one
/// has a window of its own.
#[tokio::test]
async fn a_migrated_subscription_keeps_what_it_was() {
    let mut world = World::of(
        "2023-11-15",
        given(&[
            json!({"subscription": {"id": "sub-1", "seller": "DB-1", "customer": "C-1", "item": "suite-legacy", "quantity": 7,
                "frequency": "annual", "bought": "2023-06-15T10:00:00Z"}}),
        ]),
    )
    .await;
    let before = named(&world, "sub-1").await;
    world
        .act("DB-1", "migrate", json!({"subscription": "sub-1"}))
        .await;
    let old = named(&world, "sub-1").await;
    assert_eq!(old.state, SubscriptionState::Suspended);
    assert_eq!(world.state("subscription.sub-1.billed").await, json!(false));
    let new = made(&world, "suite-legacy-new-commerce", "sub-1").await;
    let kept = |row: &Subscription| (row.quantity, row.term, row.frequency, row.term_end);
    assert_eq!(kept(&new), kept(&before));
    assert_eq!(new.frequency, Frequency::Annual);
    let item = estate(&world)
        .await
        .into_iter()
        .find(|(row, _)| row.id == new.id)
        .unwrap()
        .1;
    assert!(charges::accrue(&new, &item));
    let until = windows::cancel_until(&new, &item, None).unwrap();
    assert_eq!(until.to_string(), "2023-11-22T12:00:00Z");
}

/// A change of an order is told of the subscriptions that it changed, and of no other.
#[tokio::test]
async fn a_changed_order_is_told_of_its_subscriptions() {
    let mut world = World::of("2023-11-15", given(&[])).await;
    let line = |creates: &str, quantity: i64| json!({"customer": "C-1", "item": "suite-legacy", "quantity": quantity, "creates": creates});
    let order = json!({"customer": "C-1", "creates": "ord-1", "lines": [line("sub-1", 3), line("sub-2", 4)]});
    world.act("DB-1", "place_order", order).await;
    assert!(world.happened("subscription_changed").await.is_empty());
    world
        .act(
            "DB-1",
            "change_order",
            json!({"order": "ord-1", "frequency": "annual"}),
        )
        .await;
    let both = ["sub-1", "sub-2"];
    assert_eq!(world.happened("subscription_changed").await, both);
}

/// TRF-010 and TRF-012: lines may have resellers of record of their own. Each must be one, and what one of them keeps from
/// moving keeps nothing of another's.
#[tokio::test]
async fn lines_have_resellers_of_their_own() {
    let sub = |id: &str| json!({"subscription": {"id": id, "seller": "DB-1", "customer": "C-1", "item": "suite-legacy"}});
    let mut world = World::of(
        "2023-11-15",
        given(&[
            json!({"partner": {"id": "IR-B", "type": "indirect_reseller", "country": "IT"}}),
            json!({"partnership": {"provider": "IP-1", "reseller": "IR-B"}}),
            sub("sub-1"),
            sub("sub-2"),
        ]),
    )
    .await;
    let offer = |second: &str| {
        json!({"id": "tr-1", "customer": "C-1", "subscriptions": ["sub-1", "sub-2"], "to": "IP-1",
            "partner_of_record": "DB-1", "records": {"sub-2": second}})
    };
    for wrong in ["nobody", "IP-1"] {
        let why = world.fails("DB-1", "create_transfer", offer(wrong)).await;
        assert!(why.contains("TRF-012"), "{why}");
    }
    let stray = json!({"customer": "C-1", "subscriptions": ["sub-1"], "to": "IP-1", "records": {"sub-2": "IR-B"}});
    let why = world.fails("DB-1", "create_transfer", stray).await;
    assert!(why.contains("records"), "{why}");
    world.act("DB-1", "create_transfer", offer("IR-B")).await;
    let end = json!({"partner": "IR-B"});
    world.act("IP-1", "remove_partnership", end).await;
    let moved = world
        .act("IP-1", "accept_transfer", json!({"transfer": "tr-1"}))
        .await;
    assert_eq!(moved.result["state"], "partially_complete");
    let failed = &moved.result["failed"][0];
    assert_eq!(failed[0], "sub-2");
    let why = failed[1].as_str().unwrap();
    assert!(why.starts_with("partner of record IR-B"), "{why}");
    let state = |row: Subscription| (row.state, row.partner_of_record.is_some());
    let (first, second) = (named(&world, "sub-1").await, named(&world, "sub-2").await);
    assert_eq!(state(first), (SubscriptionState::Suspended, false));
    assert_eq!(state(second), (SubscriptionState::Active, false));
}

/// Users follow what they are licensed for into another item, at a renewal and into new commerce (SUB-029).
#[tokio::test]
async fn users_go_along_with_what_their_subscription_becomes() {
    let mut world = World::of(
        "2023-11-15T12:00:00Z",
        given(&[
            json!({"item": {"id": "suite", "terms": {"P1Y": ["monthly"]}, "prices": {"P1Y": ["EUR 96.00"]}, "upgrades_to": ["suite-plus"]}}),
            json!({"item": {"id": "suite-plus", "terms": {"P1Y": ["monthly"]}, "prices": {"P1Y": ["EUR 144.00"]}}}),
            json!({"subscription": {"id": "sub-1", "seller": "DB-1", "customer": "C-1", "item": "suite", "quantity": 2,
                "frequency": "monthly", "bought": "2022-11-17T10:00:00Z"}}),
            json!({"subscription": {"id": "sub-2", "seller": "DB-1", "customer": "C-1", "item": "suite-legacy", "quantity": 2,
                "frequency": "annual", "bought": "2023-06-15T10:00:00Z"}}),
            json!({"directory_user": {"id": "ada", "customer": "C-1", "first_name": "Ada", "last_name": "Quill",
                "licences": ["suite", "suite-legacy"]}}),
            json!({"directory_user": {"id": "ben", "customer": "C-1", "first_name": "Ben", "last_name": "Odum", "licences": ["suite"]}}),
        ]),
    )
    .await;
    let scheduled = json!({"subscription": "sub-1", "item": "suite-plus"});
    world.act("DB-1", "schedule_change", scheduled).await;
    assert_eq!(
        world.state("licences.C-1.suite.users").await,
        json!(["Ada", "Ben"])
    );
    world.until("2023-11-20").await;
    assert_eq!(world.state("licences.C-1.suite.users").await, json!([]));
    assert_eq!(
        world.state("licences.C-1.suite-plus.users").await,
        json!(["Ada", "Ben"])
    );
    let migrated = json!({"subscription": "sub-2"});
    world.act("DB-1", "migrate", migrated).await;
    assert_eq!(
        world.state("licences.C-1.suite-legacy.users").await,
        json!([])
    );
    let there = world.state("licences.C-1.suite-legacy-new-commerce.users");
    assert_eq!(there.await, json!(["Ada"]));
}

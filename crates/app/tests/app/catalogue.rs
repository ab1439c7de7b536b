//! A catalogue that takes the place of another one: what stays, what goes, what is found.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is missing"
)]

use crate::common::World;
use serde_json::{Value as Json, json};
use tierline_app::AppError;
use tierline_app::ask::ask;
use tierline_app::catalogue::file::Catalogue;
use tierline_app::catalogue::import::{Import, Imported};
use tierline_app::catalogue::{self, Found};
use tierline_domain::catalog::Item;

fn given() -> Json {
    json!([
        {"partner": {"id": "DB-1", "type": "direct_bill", "country": "US"}},
        {"customer": {"id": "C-1", "country": "US"}},
        {"relationship": {"partner": "DB-1", "customer": "C-1"}},
        {"item": {"id": "own", "terms": {"P1M": ["monthly"]}, "prices": {"P1M": ["USD 1.00"]}}},
    ])
}

/// A file with a product of these SKUs.
fn file(skus: &str, promotions: &str) -> Catalogue {
    let text = format!(
        "products:\n  - id: desk\n    shelf: online_services\n    title: Desk\n    skus:\n{skus}\npromotions:{promotions}\n"
    );
    Catalogue::read(&[("test.yaml".to_owned(), text)]).unwrap()
}

fn sku(id: &str, more: &str) -> String {
    format!(
        "      - {{id: {id}, title: {id}, terms: {{P1M: [monthly], P1Y: [monthly, annual]}}, prices: {{P1Y: [USD 100.00]}}{more}}}\n"
    )
}

async fn import(world: &mut World, catalogue: Catalogue) -> Imported {
    let ctx = world.ctx("operator");
    world.db.write(Import { ctx, catalogue }).await.unwrap()
}

async fn item(world: &World, given: &str) -> Option<Item> {
    let given = given.to_owned();
    let read = ask(move |tx| {
        let given = given.clone();
        Box::pin(async move { catalogue::item_of_wire(tx, &given).await })
    });
    world.db.read(read).await.unwrap()
}

async fn found(world: &World, given: &str) -> Found {
    let given = given.to_owned();
    let read = ask(move |tx| {
        let given = given.clone();
        Box::pin(async move { catalogue::look_up(tx, &given).await })
    });
    world.db.read(read).await.unwrap()
}

#[tokio::test]
async fn ids_stay_when_a_catalogue_is_imported_again() {
    let mut world = World::of("2026-01-15", given()).await;
    let two = [sku("first", ""), sku("second", "")].concat();
    import(&mut world, file(&two, " []")).await;
    let second = item(&world, "second").await.unwrap();
    let parts: Vec<_> = second.catalogue_id.split(':').collect();
    assert_eq!((parts[1], parts.len()), ("0002", 3));
    // The first one is gone, a new one stands before: nobody else gets its place.
    let other = [sku("third", ""), sku("second", "")].concat();
    let done = import(&mut world, file(&other, " []")).await;
    assert_eq!((done.skus, done.withdrawn), (2, 1));
    let again = item(&world, &second.catalogue_id.to_lowercase())
        .await
        .unwrap();
    assert_eq!(
        (again.id, again.catalogue_id),
        (second.id, second.catalogue_id)
    );
    assert_eq!(world.happened("catalogue_imported").await.len(), 2);
}

#[tokio::test]
async fn what_the_files_no_longer_hold_is_not_sold() {
    let mut world = World::of("2026-01-15", given()).await;
    let buy = json!({"customer": "C-1", "item": "own", "quantity": 1, "creates": "sub-1"});
    world.act("DB-1", "order", buy).await;
    let done = import(&mut world, file(&sku("desk", ""), " []")).await;
    assert_eq!(done.withdrawn, 1);
    let buy = json!({"customer": "C-1", "item": "own", "quantity": 1, "creates": "sub-2"});
    let ctx = world.ctx("DB-1");
    let act = tierline_app::act::Act::of("DB-1", "order", buy);
    let refused = world
        .db
        .write(tierline_app::act::Perform { ctx, act })
        .await;
    let Err(AppError::Refused(refusal)) = refused else {
        panic!("an item that was withdrawn was sold");
    };
    let rules: Vec<_> = refusal
        .decision
        .violations
        .iter()
        .map(|each| each.rule.to_string())
        .collect();
    assert!(rules.contains(&"ORD-035".to_owned()), "{rules:?}");
    assert_eq!(world.state("subscription.sub-1.state").await, "active");
}

#[tokio::test]
async fn an_id_leads_as_far_as_it_is_known() {
    let mut world = World::of("2026-01-15", given()).await;
    import(
        &mut world,
        file(&sku("desk", ", availability: CFQ000000001"), " []"),
    )
    .await;
    let desk = item(&world, "desk").await.unwrap().catalogue_id;
    assert!(matches!(
        found(&world, &desk.to_lowercase()).await,
        Found::Item(_)
    ));
    // The operator gives the availability another id: the old one is outdated.
    import(
        &mut world,
        file(&sku("desk", ", availability: CFQ000000002"), " []"),
    )
    .await;
    assert!(matches!(found(&world, &desk).await, Found::NoAvailability));
    let product = desk.split(':').next().unwrap();
    assert!(matches!(
        found(&world, &format!("{product}:0009:X")).await,
        Found::NoSku
    ));
    assert!(matches!(found(&world, "X:0001:Y").await, Found::NoProduct));
    assert!(item(&world, "").await.is_none());
}

#[tokio::test]
async fn a_promotion_is_given_for_the_terms_it_names() {
    let mut world = World::of("2026-01-15", given()).await;
    let promotion = "\n  - {id: yearly, title: Yearly, item: desk, discount_percent: 10, min_seats: 5, max_seats: 50, terms: {P1Y: [annual]}, from: 2026-01-01, until: 2026-12-31}";
    import(&mut world, file(&sku("desk", ""), promotion)).await;
    for (name, frequency, quantity, charge) in [
        ("annual", "annual", 5, "USD 450.00"),
        ("few", "annual", 4, "USD 400.00"),
        ("monthly", "monthly", 6, "USD 50.00"),
    ] {
        let order = json!({"customer": "C-1", "item": "desk", "quantity": quantity, "term": "P1Y", "frequency": frequency, "creates": name});
        world.act("DB-1", "order", order).await;
        let charges: &'static str = match name {
            "annual" => "subscription.annual.charges",
            "few" => "subscription.few.charges",
            _ => "subscription.monthly.charges",
        };
        assert_eq!(world.state(charges).await[0], charge, "{name}");
    }
    world.until("2027-01-15").await;
    let order = json!({"customer": "C-1", "item": "desk", "quantity": 5, "term": "P1Y", "frequency": "annual", "creates": "late"});
    world.act("DB-1", "order", order).await;
    assert_eq!(
        world.state("subscription.late.charges").await[0],
        "USD 500.00",
        "it ended with 2026"
    );
}

/// Whether a promotion fits ten seats for a customer.
async fn fits(world: &mut World, customer: &str, promotion: &str) -> bool {
    let asked = json!({"customer": customer, "item": "desk", "quantity": 10, "promotion": promotion, "term": "P1Y", "frequency": "annual"});
    let answer = world.act("DB-1", "check_promotion", asked).await;
    answer.result["eligible"].as_bool().unwrap()
}

#[tokio::test]
async fn a_trial_and_a_cancelled_purchase_use_up_a_first_purchase() {
    let mut given = given();
    for more in [
        json!({"customer": {"id": "C-2", "country": "US"}}),
        json!({"relationship": {"partner": "DB-1", "customer": "C-2"}}),
    ] {
        given.as_array_mut().unwrap().push(more);
    }
    let mut world = World::of("2026-01-15", given).await;
    let skus = [
        sku("desk", ""),
        "      - {id: desk-trial, title: Trial, kind: trial, trial_of: desk, terms: {P1M: [none]}, min: 1, max: 25}\n".to_owned(),
    ];
    let promotions = "\n  - {id: first, title: First, item: desk, discount_percent: 10, max_seats: 50, terms: {P1Y: [annual]}, from: 2026-01-01, first_purchase: true}\n  - {id: always, title: Always, item: desk, discount_percent: 5, max_seats: 50, terms: {P1Y: [annual]}, from: 2026-01-01}";
    import(&mut world, file(&skus.concat(), promotions)).await;
    assert!(fits(&mut world, "C-1", "first").await);
    let trial = json!({"customer": "C-1", "item": "desk-trial", "quantity": 5, "creates": "trial"});
    world.act("DB-1", "order", trial).await;
    let paid = json!({"customer": "C-2", "item": "desk", "quantity": 10, "term": "P1Y", "frequency": "annual", "creates": "paid"});
    world.act("DB-1", "order", paid.clone()).await;
    assert_eq!(
        world.state("subscription.paid.charges").await[0],
        "USD 900.00"
    );
    world
        .act("DB-1", "cancel", json!({"subscription": "paid"}))
        .await;
    for customer in ["C-1", "C-2"] {
        assert!(!fits(&mut world, customer, "first").await, "{customer}");
        assert!(fits(&mut world, customer, "always").await, "{customer}");
    }
    // An order takes what is left.
    let again = json!({"customer": "C-1", "item": "desk", "quantity": 10, "term": "P1Y", "frequency": "annual", "creates": "again"});
    world.act("DB-1", "order", again).await;
    assert_eq!(
        world.state("subscription.again.charges").await[0],
        "USD 950.00"
    );
}

#[tokio::test]
async fn the_catalogue_of_the_profile_takes_its_own_place() {
    // The profile's catalogue takes its own place without losing anything.
    let mut world = World::of("2026-01-15", json!([{"catalogue": {"profile": "csp"}}])).await;
    let built_in = Catalogue::built_in().unwrap().clone();
    let done = import(&mut world, built_in).await;
    assert_eq!(done.withdrawn, 0);
    assert!(done.skus > 80 && done.offers == 8, "{done:?}");
}

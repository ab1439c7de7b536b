//! What one tier asks of the next.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is missing"
)]

use crate::common::World;
use serde_json::{Value as Json, json};
use tierline_app::actor::ActorSpec;
use tierline_app::ask::ask;
use tierline_app::billing::books::{Books, edge_price};
use tierline_app::billing::marketplace;
use tierline_app::billing::price_books::{self, Wanted};
use tierline_app::{AppError, Ctx, events, names, world};
use tierline_billing::book::Sale;
use tierline_domain::billing::{AgreedPrice, FxRate, PriceMethod, PriceRule};
use tierline_domain::catalog::Term;
use tierline_domain::customer::Segment;
use tierline_domain::id::Id;
use tierline_domain::money::{Currency, Money};
use tierline_domain::time::{Date, Timestamp};
use tierline_store::testing::both_engines;
use tierline_store::{Command, Tx, schema};
use uuid::Uuid;

fn given() -> Vec<Json> {
    let facts = json!([
        {"partner": {"id": "IP-1", "type": "indirect_provider", "country": "FR"}},
        {"partner": {"id": "IR-A", "type": "indirect_reseller", "country": "FR"}},
        {"partnership": {"provider": "IP-1", "reseller": "IR-A"}},
        {"customer": {"id": "C-1", "country": "FR"}},
        {"relationship": {"partner": "IP-1", "customer": "C-1"}},
        {"item": {"id": "suite", "terms": {"P1Y": ["monthly"]}, "prices": {"P1Y": ["EUR 120.00"]}}},
        {"subscription": {"id": "sub-1", "seller": "IP-1", "customer": "C-1", "item": "suite",
            "partner_of_record": "IR-A"}},
    ]);
    facts.as_array().cloned().unwrap()
}

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

struct Edge;

impl Command for Edge {
    type Out = Vec<String>;
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<Vec<String>, AppError> {
        let now: Timestamp = "2023-11-15T00:00:00Z".parse().unwrap();
        world::lay(tx, &given(), now).await?;
        let provider = names::the_account(tx, "IP-1").await?.id;
        let reseller = names::the_account(tx, "IR-A").await?.id;
        let customer = names::the_tenant(tx, "C-1").await?.id;
        let item = names::the_item(tx, "suite").await?.id;
        let subscription = names::subscription(tx, "sub-1").await?.unwrap().id;
        let sale = Sale {
            buyer: Some(reseller),
            customer: Some(customer),
            item,
            segment: Segment::Commercial,
            term: Term::YEAR,
            day: day("2023-11-15"),
            is_rated: false,
        };
        let cost = money("EUR 100.00");
        let mut seen = vec![edge_price(tx, provider, &sale, cost, subscription).await?];
        let rule = PriceRule {
            id: Id::from_uuid(Uuid::from_u128(1)),
            owner: provider,
            buyer: None,
            customer: None,
            item: None,
            segment: None,
            term: None,
            method: PriceMethod::Margin,
            rate_bp: 2_000,
            fixed: None,
            open: false,
            from_day: day("2023-11-01"),
            until_day: None,
            recorded: now,
        };
        tx.insert(&rule).await?;
        let dollars = PriceRule {
            id: Id::from_uuid(Uuid::from_u128(2)),
            method: PriceMethod::Fixed,
            rate_bp: 0,
            fixed: Some(money("USD 200.00")),
            from_day: day("2024-01-01"),
            ..rule
        };
        tx.insert(&dollars).await?;
        seen.push(edge_price(tx, provider, &sale, cost, subscription).await?);
        tx.insert(&AgreedPrice {
            subscription,
            seller: provider,
            unit_price: money("EUR 109.99"),
            until_day: Some(day("2024-01-14")),
        })
        .await?;
        tx.insert(&FxRate {
            currency: Currency::EUR,
            month: day("2024-02-01"),
            mantissa: 9,
            scale: 1,
        })
        .await?;
        let mut books = Books::default();
        for of in ["2023-11-15", "2024-01-14", "2024-01-15", "2024-02-01"] {
            let sale = Sale {
                day: day(of),
                ..sale
            };
            let price = books.price(tx, provider, &sale, cost, subscription).await?;
            seen.push(price);
        }
        let other = Id::from_uuid(Uuid::from_u128(9));
        seen.push(books.price(tx, provider, &sale, cost, other).await?);
        seen.push(books.price(tx, reseller, &sale, cost, subscription).await?);
        let ctx = Ctx::new(ActorSpec::operator(), now, now, Uuid::from_u128(3));
        events::happened(&ctx, tx, "priced", "sub-1").await?;
        Ok(seen.iter().map(ToString::to_string).collect())
    }
}

/// BIL-023: a price that was agreed on holds to the last day of its term, then the book decides; who has neither passes on what
/// it pays.
#[tokio::test]
async fn an_edge_is_priced_by_what_was_agreed_on_then_by_the_book_then_by_the_cost() {
    both_engines(schema::MIGRATIONS, |test| async move {
        assert_eq!(
            test.db.write(Edge).await.unwrap(),
            [
                "EUR 100.00",
                "EUR 125.00",
                "EUR 109.99",
                "EUR 109.99",
                "EUR 200.00",
                "EUR 180.00",
                "EUR 125.00",
                "EUR 100.00"
            ]
        );
    })
    .await;
}

fn channel() -> Json {
    json!([
        {"partner": {"id": "IP-1", "type": "indirect_provider", "country": "FR"}},
        {"partner": {"id": "IP-2", "type": "indirect_provider", "country": "FR"}},
        {"partner": {"id": "IR-A", "type": "indirect_reseller", "country": "FR"}},
        {"partner": {"id": "IR-B", "type": "indirect_reseller", "country": "FR"}},
        {"partner": {"id": "DB-1", "type": "direct_bill", "country": "DE"}},
        {"partnership": {"provider": "IP-1", "reseller": "IR-A"}},
        {"partnership": {"provider": "IP-2", "reseller": "IR-B"}},
        {"customer": {"id": "C-1", "country": "FR"}},
        {"customer": {"id": "C-2", "country": "FR"}},
        {"relationship": {"partner": "IP-1", "customer": "C-1"}},
        {"relationship": {"partner": "IR-A", "customer": "C-1"}},
        {"relationship": {"partner": "DB-1", "customer": "C-2"}},
        {"item": {"id": "suite", "terms": {"P1M": ["monthly"], "P1Y": ["annual"]},
            "prices": {"P1M": ["EUR 12.00"], "P1Y": ["EUR 120.00"]}}},
        {"item": {"id": "other", "terms": {"P1Y": ["annual"]}, "prices": {"P1Y": ["EUR 50.00"]}}},
        {"item": {"id": "theirs", "exclusive_to": ["IP-2"]}},
        {"list_price": {"item": "suite", "market": "FR", "term": "P1Y", "from": "2023-01-01", "amount": "EUR 100.00",
            "retail": "EUR 125.00"}},
    ])
}

async fn world() -> World {
    World::of("2023-11-15T10:00:00Z", channel()).await
}

/// What a caller sees of a preview: partner, cost, price and margin of each tier.
async fn seen(world: &World, caller: &'static str, wanted: Wanted) -> Result<Vec<String>, String> {
    let today = world.now.date();
    let read = ask(move |tx| {
        let wanted = wanted.clone();
        Box::pin(async move {
            let caller = match caller {
                "operator" => None,
                name => Some(names::the_account(tx, name).await?),
            };
            price_books::preview(tx, caller.as_ref(), &wanted, today).await
        })
    });
    let found = world
        .db
        .read(read)
        .await
        .map_err(|error| error.to_string())?;
    let mut lines: Vec<String> = found
        .tiers
        .iter()
        .map(|tier| {
            let margin = tier
                .margin
                .map_or_else(String::new, |margin| margin.to_string());
            format!("{} {} {} {margin}", tier.partner, tier.cost, tier.price)
        })
        .collect();
    lines.extend(
        found
            .retail
            .zip(found.retail_margin)
            .map(|(retail, margin)| format!("retail {retail} {margin}")),
    );
    Ok(lines)
}

fn of(item: &str, customer: Option<&str>) -> Wanted {
    Wanted {
        item: item.to_owned(),
        customer: customer.map(str::to_owned),
        ..Wanted::default()
    }
}

/// BIL-025, BIL-024: the cost of the tier above its seller is shown to nobody but the operator, and lists to no reseller.
#[tokio::test]
async fn each_tier_sees_its_own_cost_and_price() {
    let mut world = world().await;
    world.act("IP-1", "set_price", json!({"margin": 20})).await;
    world
        .act("IR-A", "set_price", json!({"markup": "10"}))
        .await;
    world
        .act(
            "IR-A",
            "set_price",
            json!({"customer": "C-1", "item": "suite", "markup": 4}),
        )
        .await;
    world
        .act(
            "DB-1",
            "set_price",
            json!({"item": "suite", "term": "P1Y", "fixed": "EUR 115.00"}),
        )
        .await;
    let through = |reseller: &str| Wanted {
        reseller: Some(reseller.to_owned()),
        ..of("suite", Some("C-1"))
    };
    assert_eq!(
        seen(&world, "IP-1", through("IR-A")).await.unwrap(),
        ["IP-1 EUR 100.00 EUR 125.00 20", "retail EUR 125.00 20"]
    );
    assert_eq!(
        seen(&world, "IR-A", of("suite", Some("C-1")))
            .await
            .unwrap(),
        ["IR-A EUR 125.00 EUR 130.00 3.84"]
    );
    assert_eq!(
        seen(&world, "IR-A", of("suite", None)).await.unwrap(),
        ["IR-A EUR 125.00 EUR 137.50 9.09"]
    );
    let all = Wanted {
        provider: Some("IP-1".to_owned()),
        ..through("IR-A")
    };
    assert_eq!(
        seen(
            &world,
            "operator",
            Wanted {
                customer: None,
                ..all
            }
        )
        .await
        .unwrap(),
        [
            "IP-1 EUR 100.00 EUR 125.00 20",
            "IR-A EUR 125.00 EUR 137.50 9.09",
            "retail EUR 125.00 20"
        ]
    );
    assert_eq!(
        seen(&world, "DB-1", of("suite", Some("C-2")))
            .await
            .unwrap(),
        ["DB-1 EUR 100.00 EUR 115.00 13.04", "retail EUR 125.00 20"]
    );
}

/// Whom a caller has nothing to do with does not exist for it, in a preview as in an entry.
#[tokio::test]
async fn strangers_do_not_exist() {
    let world = world().await;
    for (caller, wanted, told) in [
        (
            "IR-A",
            of("suite", Some("C-2")),
            "there is no customer `C-2`",
        ),
        (
            "IR-A",
            of("suite", Some("nobody")),
            "there is no customer `nobody`",
        ),
        (
            "IP-1",
            Wanted {
                reseller: Some("IR-B".to_owned()),
                ..of("suite", None)
            },
            "there is no reseller `IR-B`",
        ),
        (
            "IR-A",
            Wanted {
                provider: Some("IP-2".to_owned()),
                ..of("suite", None)
            },
            "there is no provider `IP-2`",
        ),
        ("IP-1", of("theirs", None), "there is no item `theirs`"),
        (
            "IP-1",
            Wanted {
                term: Some(Term::THREE_YEARS),
                ..of("suite", None)
            },
            "term: suite has no price for P3Y",
        ),
    ] {
        assert_eq!(seen(&world, caller, wanted).await.unwrap_err(), told);
    }
}

/// An entry that cannot be a price, or names a stranger, is refused by its field, and nothing of it stands in the book.
#[tokio::test]
async fn an_entry_that_cannot_be_a_price_is_refused_by_its_field() {
    let mut world = world().await;
    for (who, entry, told) in [
        (
            "IP-1",
            json!({"markup": 5, "buyer": "IR-B"}),
            "there is no reseller `IR-B`",
        ),
        (
            "IR-A",
            json!({"markup": 5, "buyer": "IR-B"}),
            "there is no reseller `IR-B`",
        ),
        (
            "IR-A",
            json!({"markup": 5, "customer": "C-2"}),
            "there is no customer `C-2`",
        ),
        (
            "IP-1",
            json!({"markup": 5, "item": "theirs"}),
            "there is no item `theirs`",
        ),
        ("IP-1", json!({"markup": -5}), "markup: is negative"),
        (
            "IP-1",
            json!({"markup": 10001}),
            "markup: is 10000 per cent at most",
        ),
        ("IP-1", json!({"margin": "-0.01"}), "margin: is negative"),
        (
            "IP-1",
            json!({"margin": 100}),
            "margin: is a share of the price",
        ),
        (
            "IP-1",
            json!({"margin": "12.345"}),
            "margin: `12.345` is no percentage",
        ),
        (
            "IP-1",
            json!({"margin": 10, "markup": 10}),
            "margin: give exactly one of",
        ),
        ("IP-1", json!({}), "margin: give exactly one of"),
        (
            "IP-1",
            json!({"fixed": "USD 5.00", "item": "suite", "term": "P1Y"}),
            "fixed: is in EUR",
        ),
        (
            "IP-1",
            json!({"fixed": "EUR -5.00", "item": "suite", "term": "P1Y"}),
            "fixed: is negative",
        ),
        (
            "IP-1",
            json!({"fixed": "EUR 5.00", "item": "suite"}),
            "fixed: is the price of an item for a term",
        ),
        (
            "IP-1",
            json!({"markup": 5, "item": "suite", "term": "P3Y"}),
            "term: suite is not sold for P3Y",
        ),
        (
            "IP-1",
            json!({"markup": 5, "from": "2023-11-14"}),
            "from: lies in the past; give 2023-11-15 or later",
        ),
        (
            "IP-1",
            json!({"markup": 5, "until": "2023-11-14"}),
            "until: lies before 2023-11-15",
        ),
        (
            "IP-1",
            json!({"markup": 5, "open": true}),
            "open: is for an item",
        ),
        (
            "DB-1",
            json!({"markup": 5, "item": "suite", "open": true}),
            "open: is for an item",
        ),
        ("C-1", json!({"markup": 5}), "refused: "),
    ] {
        let said = world.fails(who, "set_price", entry.clone()).await;
        assert!(said.starts_with(told), "{who} {entry}: {said}");
    }
    assert_eq!(
        seen(&world, "IP-1", of("other", None)).await.unwrap(),
        ["IP-1 EUR 50.00 EUR 50.00 0"]
    );
}

async fn open(world: &World, reseller: &'static str) -> Vec<String> {
    let today = world.now.date();
    let read = ask(move |tx| {
        Box::pin(async move {
            let reseller = names::the_account(tx, reseller).await?;
            marketplace::browse(tx, &reseller, None, today).await
        })
    });
    let found = world.db.read(read).await.unwrap();
    found
        .iter()
        .map(|open| format!("{} {} {} {}", open.item, open.term, open.cost, open.price))
        .collect()
}

/// What the provider asks for a subscription on a day, from a cost of EUR 100.00.
async fn charged(world: &World, subscription: String, day: &'static str) -> String {
    let read = ask(move |tx| {
        let name = subscription.clone();
        Box::pin(async move {
            let row = names::the_subscription(tx, &name).await?;
            let sale = Sale {
                buyer: row.partner_of_record,
                customer: Some(row.customer),
                item: row.item,
                segment: Segment::Commercial,
                term: row.term,
                day: day.parse().unwrap(),
                is_rated: false,
            };
            let seller = row.seller.unwrap();
            edge_price(tx, seller, &sale, money("EUR 100.00"), row.id).await
        })
    });
    world.db.read(read).await.unwrap().to_string()
}

/// BIL-023: what was open at a price, was asked for and was accepted costs that for the term, whatever the book says since.
#[tokio::test]
async fn a_request_from_the_marketplace_carries_its_price_through_the_term() {
    let mut world = world().await;
    let entry = |markup: i64, open: bool| json!({"item": "suite", "buyer": "IR-A", "term": "P1Y", "markup": markup, "open": open});
    world.act("IP-1", "set_price", entry(25, true)).await;
    world.act("IR-A", "set_price", json!({"margin": 50})).await;
    assert_eq!(
        open(&world, "IR-A").await,
        ["suite P1Y EUR 125.00 EUR 250.00"]
    );
    assert!(open(&world, "IR-B").await.is_empty());
    let ask = |price: &str| json!({"id": "ask-1", "provider": "IP-1", "customer": "C-1", "item": "suite", "price": price});
    let told = world
        .fails("IR-A", "request_order", ask("EUR 100.00"))
        .await;
    assert!(
        told.starts_with("conflict: price: IP-1 asks EUR 125.00 by now"),
        "{told}"
    );
    let asked = world
        .act("IR-A", "request_order", ask("EUR 125.00"))
        .await
        .result;
    assert_eq!(asked["price"], "EUR 125.00");
    world.until("2023-11-16T10:00:00Z").await;
    world.act("IP-1", "set_price", entry(40, false)).await;
    assert!(open(&world, "IR-A").await.is_empty());
    let mut closed = ask("EUR 140.00");
    closed["id"] = json!("ask-2");
    let told = world.fails("IR-A", "request_order", closed).await;
    assert!(
        told.starts_with("price: suite is not open to you"),
        "{told}"
    );
    let accept = json!({"request": "ask-1", "accept": true});
    let accepted = world
        .act("IP-1", "answer_order_request", accept.clone())
        .await
        .result;
    assert_eq!(accepted["price"], "EUR 125.00");
    let again = world
        .act("IP-1", "answer_order_request", accept)
        .await
        .result;
    assert_eq!(again["price"], "EUR 125.00");
    let bought = accepted["order"]["subscription"]
        .as_str()
        .unwrap()
        .to_owned();
    for (day, price) in [
        ("2023-11-16", "EUR 125.00"),
        ("2024-11-15", "EUR 125.00"),
        ("2024-11-16", "EUR 140.00"),
    ] {
        assert_eq!(charged(&world, bought.clone(), day).await, price, "{day}");
    }
}

/// A request for what is not open carries no price, and an order from it is priced by the book.
#[tokio::test]
async fn a_request_outside_the_marketplace_carries_none() {
    let mut world = world().await;
    world.act("IP-1", "set_price", json!({"markup": 10})).await;
    let ask = json!({"id": "ask-1", "provider": "IP-1", "customer": "C-1", "item": "suite"});
    let asked = world.act("IR-A", "request_order", ask).await.result;
    assert_eq!(asked["price"], Json::Null);
    let accept = json!({"request": "ask-1", "accept": true});
    let accepted = world
        .act("IP-1", "answer_order_request", accept)
        .await
        .result;
    let bought = accepted["order"]["subscription"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(charged(&world, bought, "2023-11-15").await, "EUR 110.00");
}

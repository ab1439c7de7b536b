//! What one tier asks of the next.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is missing"
)]

use serde_json::{Value as Json, json};
use tierline_app::actor::ActorSpec;
use tierline_app::billing::books::{Books, edge_price};
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

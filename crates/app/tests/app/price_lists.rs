//! Price lists of the operator: what a file changes, what it may not, and what purchases make of them.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is missing"
)]

use std::fmt::Write as _;

use crate::common::World;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value as Json, json};
use tierline_app::actor::ActorSpec;
use tierline_app::ask::ask;
use tierline_app::prices::import::{Import, Imported};
use tierline_app::prices::sheet::{self, View};
use tierline_app::prices::{csv, rates};
use tierline_app::{AppError, Ctx, names, prices, world};
use tierline_domain::catalog::Term;
use tierline_domain::money::{Currency, Money};
use tierline_domain::place::Country;
use tierline_domain::price_list::ListPrice;
use tierline_domain::time::{Date, Timestamp, add_days, add_months};
use tierline_store::testing::both_engines;
use tierline_store::{Command, Db, Tx, Value, schema, tables};
use uuid::Uuid;

const HEAD: &str = "ProductId,SkuId,TermDuration,BillingPlan,Market,Currency,UnitPrice,EffectiveStartDate,EffectiveEndDate,ERP Price";

fn given() -> Json {
    json!([
        {"partner": {"id": "DB-1", "type": "direct_bill", "country": "DE"}},
        {"partner": {"id": "DB-DK", "type": "direct_bill", "country": "DK"}},
        {"customer": {"id": "C-1", "country": "FR"}},
        {"relationship": {"partner": "DB-1", "customer": "C-1"}},
        {"relationship": {"partner": "DB-DK", "customer": "C-1"}},
        {"item": {"id": "suite", "terms": {"P1M": ["monthly"], "P1Y": ["monthly", "annual"]},
            "prices": {"P1M": ["EUR 12.00"], "P1Y": ["EUR 120.00"]}}},
        {"item": {"id": "vm", "kind": "marketplace", "publisher": "third_party", "terms": {"P1Y": ["monthly"]}, "prices": {"P1Y": ["USD 600.00"]}}},
    ])
}

async fn world() -> World {
    World::of("2026-07-15T10:00:00Z", given()).await
}

/// Product and SKU of an item.
async fn sku(db: &Db, item: &'static str) -> (String, String) {
    let read =
        ask(move |tx| Box::pin(async move { Ok(names::the_item(tx, item).await?.catalogue_id) }));
    let id = db.read(read).await.unwrap();
    let mut parts = id.split(':').map(str::to_owned);
    (parts.next().unwrap(), parts.next().unwrap())
}

/// A file of lines that begin with an item's product and SKU.
async fn file(db: &Db, item: &'static str, lines: &[&str]) -> String {
    let (product, sku) = sku(db, item).await;
    let lines: Vec<String> = lines
        .iter()
        .map(|line| format!("{product},{sku},{line}"))
        .collect();
    format!("{HEAD}\n{}\n", lines.join("\n"))
}

async fn import(world: &mut World, text: &str) -> Result<Imported, String> {
    let ctx = world.ctx("operator");
    let lines = sheet::read(text).map_err(|faults| csv::tell(&faults))?;
    let done = world.db.write(Import { ctx, lines }).await.unwrap();
    done.map_err(|faults| csv::tell(&faults))
}

async fn price(
    db: &Db,
    item: &'static str,
    market: &'static str,
    currency: &'static str,
    day: Date,
) -> Option<Money> {
    let read = ask(move |tx| {
        Box::pin(async move {
            let item = names::the_item(tx, item).await?;
            let (market, currency): (Country, Currency) =
                (market.parse().unwrap(), currency.parse().unwrap());
            let found = prices::in_force(tx, &item, market, Term::YEAR, currency, day).await?;
            Ok(found.map(|found| found.unit_price()))
        })
    });
    db.read(read).await.unwrap()
}

async fn sheet(db: &Db, market: &'static str, view: View, day: &'static str) -> String {
    let read = ask(move |tx| {
        Box::pin(sheet::of_market(
            tx,
            market.parse().unwrap(),
            view,
            day.parse().unwrap(),
        ))
    });
    db.read(read).await.unwrap()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

/// BIL-022, BIL-023: the line of the customer's market in the partner's currency is the one charged; the running term keeps its
/// price and the next one takes that of its first day.
#[tokio::test]
async fn a_purchase_reads_the_list_of_its_market_in_its_currency_and_keeps_the_price_for_the_term()
{
    let mut world = world().await;
    let text = file(
        &world.db,
        "suite",
        &[
            "P1Y,Annual,FR,EUR,100,2026-07-01,2026-07-31,130",
            "P1Y,Monthly,FR,EUR,100.00,2026-07-01,2026-07-31,130",
            "P1Y,,FR,EUR,110,8/1/2026 12:00:00 AM,12/31/9999 11:59:59 PM,",
            "P1Y,,FR,DKK,750,2026-07-01,,",
            "P1Y,,DE,EUR,90,2026-07-01,,",
        ],
    )
    .await;
    let done = import(&mut world, &text).await.unwrap();
    assert_eq!((done.lines, done.prices, done.changed), (5, 4, 4));
    let order = |id: &str| json!({"customer": "C-1", "item": "suite", "quantity": 1, "term": "P1Y", "frequency": "annual", "creates": id});
    world.act("DB-1", "order", order("sub-1")).await;
    world.act("DB-DK", "order", order("sub-2")).await;
    world.until("2026-08-02T10:00:00Z").await;
    world.act("DB-1", "order", order("sub-3")).await;
    assert_eq!(
        world.state("subscription.sub-1.charges").await,
        json!(["EUR 100.00"])
    );
    assert_eq!(
        world.state("subscription.sub-2.charges").await,
        json!(["DKK 750.00"])
    );
    assert_eq!(
        world.state("subscription.sub-3.charges").await,
        json!(["EUR 110.00"])
    );
    world.until("2027-07-16T10:00:00Z").await;
    assert_eq!(
        world.state("subscription.sub-1.charges").await,
        json!(["EUR 100.00", "EUR 110.00"])
    );
}

/// BIL-021: what is priced in dollars is converted at the month's rate; once the list names the currency, that counts.
#[tokio::test]
async fn what_is_priced_in_dollars_is_converted_at_the_rate_of_the_month() {
    let mut world = world().await;
    let order = |id: &str| json!({"customer": "C-1", "item": "vm", "quantity": 1, "frequency": "monthly", "creates": id});
    let ctx = world.ctx("operator");
    let lines = rates::read("CurrencyCode,UnitsPerUSD,Month\nDKK,7,202607\n").unwrap();
    world
        .db
        .write(rates::Import { ctx, lines })
        .await
        .unwrap()
        .unwrap();
    world.act("DB-DK", "order", order("sub-1")).await;
    assert_eq!(
        world.state("subscription.sub-1.charges").await,
        json!(["DKK 350.00"])
    );
    let text = file(&world.db, "vm", &["P1Y,,FR,USD,1200,2026-07-01,,"]).await;
    import(&mut world, &text).await.unwrap();
    world.act("DB-DK", "order", order("sub-2")).await;
    assert_eq!(
        world.state("subscription.sub-2.charges").await,
        json!(["DKK 700.00"])
    );
}

/// BIL-021: a fixed rate stays.
#[tokio::test]
async fn the_rate_of_a_month_is_fixed_two_business_days_before_it_begins() {
    let mut world = world().await;
    let mut put = async |text: &str| {
        let ctx = world.ctx("operator");
        let lines = rates::read(&format!("CurrencyCode,UnitsPerUSD,Month\n{text}\n")).unwrap();
        let done = world.db.write(rates::Import { ctx, lines }).await.unwrap();
        done.map_err(|faults| csv::tell(&faults))
    };
    assert_eq!(put("EUR,0.9,202607\nEUR,0.91,202608").await, Ok(2));
    assert_eq!(put("EUR,0.900,202607").await, Ok(0));
    assert_eq!(put("EUR,0.92,202608").await, Ok(1));
    let fixed = put("JPY,150,202607\nEUR,0.93,202607\nJPY,150,202606")
        .await
        .unwrap_err();
    for told in [
        "line 3: Month: the rate of this month was fixed on 2026-06-26",
        "line 4: Month",
    ] {
        assert!(fixed.contains(told), "{fixed}");
    }
    assert_eq!(put("JPY,150,202607").await, Ok(1));
}

/// A file is refused as a whole: what is wrong is told by line, and nothing of it is there afterwards.
#[tokio::test]
async fn a_file_with_a_fault_changes_nothing() {
    let mut world = world().await;
    let good = "P1Y,,FR,EUR,100,2026-08-01,2026-09-30,";
    let stands = "P1Y,,FR,EUR,99,2026-07-01,2026-12-31,";
    let text = file(&world.db, "suite", &[stands]).await;
    import(&mut world, &text).await.unwrap();
    for (lines, told) in [
        (
            vec![good, "P1Y,,FR,EUR,110,2026-11-01,,"],
            "line 3: EffectiveStartDate: leaves a gap after 2026-09-30",
        ),
        (
            vec![good, "P1Y,,FR,EUR,110,2026-09-01,,"],
            "line 3: EffectiveStartDate: overlaps with line 2; that must end on 2026-08-31",
        ),
        (
            vec!["P1Y,,FR,EUR,1,2026-08-01,,", "P1Y,,FR,EUR,1,2026-09-01,,"],
            "line 3: EffectiveStartDate: overlaps with line 2",
        ),
        (
            vec![good, good],
            "line 3: the same price stands on line 2 already",
        ),
        (
            vec![good, "P1Y,Annual,FR,EUR,100,2026-08-01,2026-09-30,"],
            "line 3: the same price stands on line 2 already",
        ),
        (
            vec![
                "P1Y,Annual,FR,EUR,100,2026-08-01,,",
                "P1Y,Monthly,FR,EUR,105,2026-08-01,,",
            ],
            "line 3: UnitPrice: differs from line 2",
        ),
        (
            vec![good, "P3Y,,FR,EUR,100,2026-08-01,,"],
            "line 3: TermDuration: suite is not sold for this term",
        ),
        (
            vec![good, "P1M,Annual,FR,EUR,100,2026-08-01,,"],
            "line 3: BillingPlan: suite is not billed like this",
        ),
        (
            vec![good, "P1Y,,DE,EUR,119,2026-06-01,,"],
            "line 3: EffectiveStartDate: lies in a closed month",
        ),
        (
            vec!["P1Y,,FR,EUR,98,2026-06-01,2026-12-31,"],
            "line 2: EffectiveStartDate: lies in a closed month",
        ),
        (
            vec!["P1Y,,FR,EUR,98,2027-02-01,,"],
            "line 2: EffectiveStartDate: leaves a gap on the list between 2026-12-31 and 2027-02-01",
        ),
    ] {
        let text = file(&world.db, "suite", &lines).await;
        let told_now = import(&mut world, &text).await.unwrap_err();
        assert!(told_now.starts_with(told), "{told_now}");
        assert!(told_now.ends_with("nothing was imported"), "{told_now}");
    }
    let text = format!("{HEAD}\nNONE,0001,P1Y,,FR,EUR,1,2026-08-01,,\n");
    let told = import(&mut world, &text).await.unwrap_err();
    assert!(
        told.starts_with("line 2: SkuId: the catalogue has no SKU NONE:0001"),
        "{told}"
    );
    for month in ["2026-07-01", "2026-08-01", "2026-12-01"] {
        let stands = price(&world.db, "suite", "FR", "EUR", day(month)).await;
        assert_eq!(stands.unwrap().to_string(), "EUR 99.00", "{month}");
    }
    assert_eq!(
        price(&world.db, "suite", "DE", "EUR", day("2026-08-01")).await,
        None
    );
}

/// A sheet that was exported changes nothing when it is imported: neither lists nor items' own prices, of this month or the next.
#[tokio::test]
async fn an_exported_sheet_is_imported_without_a_change() {
    let mut world = world().await;
    let lines = [
        "P1Y,,FR,EUR,100,2026-07-01,2026-07-31,130",
        "P1Y,,FR,EUR,110,2026-08-01,,",
    ];
    let text = file(&world.db, "suite", &lines).await;
    import(&mut world, &text).await.unwrap();
    for (market, view, day, shown) in [
        (
            "FR",
            View::Licences,
            "2026-07-15",
            "\"100.00\",\"\",\"\",\"7/1/2026 12:00:00 AM\",\"7/31/2026 11:59:59 PM\",\"License\",\"130.00\",\"Commercial\"",
        ),
        (
            "FR",
            View::Licences,
            "2026-08-01",
            "\"110.00\",\"\",\"\",\"8/1/2026 12:00:00 AM\",\"12/31/9999 11:59:59 PM\"",
        ),
        (
            "FR",
            View::Licences,
            "2026-07-15",
            "\"P1M\",\"Monthly\",\"FR\",\"EUR\",\"12.00\"",
        ),
        (
            "DE",
            View::Licences,
            "2026-05-01",
            "\"P1Y\",\"Annual\",\"DE\",\"EUR\",\"120.00\"",
        ),
        (
            "US",
            View::Marketplace,
            "2026-07-15",
            "\"P1Y\",\"Monthly\",\"US\",\"USD\",\"600.00\"",
        ),
    ] {
        let exported = sheet(&world.db, market, view, day).await;
        assert!(exported.contains(shown), "{exported}");
        let done = import(&mut world, &exported).await.unwrap();
        assert_eq!((done.changed, done.removed), (0, 0), "{market} {day}");
        assert!(done.lines > 0);
    }
    assert_eq!(
        sheet(&world.db, "FR", View::Software, "2026-07-15")
            .await
            .lines()
            .count(),
        1
    );
}

/// Whatever files come one after another, each month has the price of the last that spoke of it.
#[tokio::test]
async fn the_last_file_that_speaks_of_a_month_decides_it() {
    const MONTHS: usize = 18;
    for seed in 0..12_u64 {
        let mut random = StdRng::seed_from_u64(seed);
        let mut world = world().await;
        let first = day("2026-07-01");
        let month = |index: usize| add_months(first, i32::try_from(index).unwrap());
        let mut model: [Option<i64>; MONTHS] = [None; MONTHS];
        let mut accepted = 0;
        for _ in 0..25 {
            let from = random.random_range(0..MONTHS);
            let until = random.random_range(from..=MONTHS);
            let whole = random.random_range(1..6_i64);
            let end = if until == MONTHS {
                String::new()
            } else {
                add_days(month(until + 1), -1).to_string()
            };
            let line = format!("P1Y,,FR,EUR,{whole},{},{end},", month(from));
            let text = file(&world.db, "suite", &[&line]).await;
            let done = import(&mut world, &text).await;
            // A list has no holes: what would leave one is refused.
            let last = until.min(MONTHS - 1);
            let mut after = model;
            after[from..=last].fill(Some(whole * 100));
            let (start, end) = (
                after.iter().position(Option::is_some),
                after.iter().rposition(Option::is_some),
            );
            let has_hole = after[start.unwrap()..=end.unwrap()].contains(&None);
            assert_eq!(done.is_err(), has_hole, "seed {seed}: {line}: {done:?}");
            if !has_hole {
                accepted += 1;
                model = after;
            }
            for (index, known) in model.iter().enumerate() {
                let found = price(&world.db, "suite", "FR", "EUR", month(index)).await;
                assert_eq!(
                    found.map(|price| price.minor),
                    *known,
                    "seed {seed}, month {index}"
                );
            }
        }
        assert!(accepted > 5, "seed {seed}: {accepted}");
    }
}

const MARKETS: [&str; 50] = [
    "AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE", "IT", "LV",
    "LT", "LU", "MT", "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE", "NO", "IS", "CH", "GB", "US",
    "CA", "MX", "BR", "AR", "CL", "CO", "PE", "JP", "KR", "AU", "NZ", "IN", "SG", "MY", "TH", "ZA",
    "KE", "IL",
];

struct Large(Timestamp);

impl Command for Large {
    type Out = (usize, usize);
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(usize, usize), AppError> {
        let items: Vec<Json> = (0..50)
            .map(|number| json!({"item": {"id": format!("item-{number}"), "terms": {"P1Y": ["annual"]}, "prices": {"P1Y": ["EUR 1.00"]}}}))
            .collect();
        world::lay(tx, &items, self.0).await?;
        let mut text = format!("{HEAD}\n");
        for number in 0..50 {
            let item = names::the_item(tx, &format!("item-{number}")).await?;
            let of_sku = item
                .catalogue_id
                .split(':')
                .take(2)
                .collect::<Vec<_>>()
                .join(",");
            for market in MARKETS {
                for (from, until) in [
                    ("07-01", "07-31"),
                    ("08-01", "08-31"),
                    ("09-01", "09-30"),
                    ("10-01", "12-31"),
                ] {
                    let price = number + 10 + from.len() + usize::from(from.as_bytes()[1]);
                    writeln!(
                        text,
                        "{of_sku},P1Y,Annual,{market},USD,{price}.25,2026-{from},2026-{until},"
                    )
                    .unwrap();
                }
            }
        }
        let ctx = Ctx::new(ActorSpec::operator(), self.0, self.0, Uuid::from_u128(1));
        let lines = sheet::read(&text).unwrap();
        let done = Import {
            ctx: ctx.clone(),
            lines: lines.clone(),
        }
        .run(tx)
        .await?
        .unwrap();
        let again = Import { ctx, lines }.run(tx).await?.unwrap();
        assert_eq!((again.changed, again.removed), (0, 0));
        let key = [Value::Text("FR".to_owned())];
        let of_market = tx
            .find::<ListPrice>(tables::price_lists::OF_MARKET, &key)
            .await?;
        Ok((done.changed, of_market.len()))
    }
}

#[tokio::test]
async fn ten_thousand_lines_are_one_transaction() {
    both_engines(schema::MIGRATIONS, |test| async move {
        let large = Large("2026-07-15T10:00:00Z".parse().unwrap());
        assert_eq!(test.db.write(large).await.unwrap(), (10_000, 200));
    })
    .await;
}

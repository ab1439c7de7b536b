//! Files of money with a fault: refused as a whole, by line, and nothing of them is there afterwards.

use serde_json::{Value, json};
use tierline_app::clock::Clock;
use tierline_store::testing::postgres;
use tierline_store::{DbConfig, schema};

use crate::common::subscriptions::Estate;
use crate::common::{Answer, World, text};

const SHEET: &str =
    "/v1.0/sales/pricesheets(Market='US',PricesheetView='updatedlicensebased')/$value";
const HEAD: &str = "ProductId,SkuId,TermDuration,BillingPlan,Market,Currency,UnitPrice,EffectiveStartDate,EffectiveEndDate";
const HOURS: &str = "4f1d2c60-93b7-5d0e-8a51-6b0c7d9e1f01";

async fn put(world: &World, path: &str, kind: &str, body: String) -> Answer {
    let token = world.of("operator", "accessTokenUser");
    let headers = [("Content-Type", kind)];
    let body = Some(body.into_bytes());
    world.send("POST", path, Some(&token), body, &headers).await
}

/// A refusal names the line, the column and what is wrong.
fn told(answer: &Answer, wanted: &str) {
    let detail = text(&answer.body["detail"]);
    assert_eq!(answer.status, 400, "{wanted}: {detail}");
    assert!(detail.contains(wanted), "{wanted}: {detail}");
}

/// What partners download, of now and of what comes.
async fn sheets(world: &World) -> Vec<String> {
    let token = world.user("meridian");
    let mut all = Vec::new();
    for timeline in ["current", "future"] {
        let url = format!("{}{SHEET}?timeline={timeline}", world.base);
        let answer = world
            .http
            .get(url)
            .bearer_auth(&token)
            .send()
            .await
            .unwrap();
        all.push(answer.text().await.unwrap());
    }
    all
}

async fn bad_prices(world: &World) {
    let before = sheets(world).await;
    let premium = before[0].lines().find(|line| line.contains("\"264.00\""));
    let columns: Vec<&str> = premium.unwrap().split("\",\"").collect();
    let line = |currency: &str, price: &str, from: &str, until: &str| {
        let (product, sku) = (columns[1], columns[2]);
        format!("{product},{sku},P1Y,Annual,US,{currency},{price},{from},{until}")
    };
    let good = line("USD", "270.00", "2026-02-01", "2026-03-31");
    for (second, wanted) in [
        (
            line("USD", "271.00", "2026-05-01", ""),
            "line 3: EffectiveStartDate: leaves a gap after 2026-03-31",
        ),
        (
            line("USD", "271.00", "2026-03-01", ""),
            "line 3: EffectiveStartDate: overlaps with line 2",
        ),
        (
            line("ZZZ", "271.00", "2026-04-01", ""),
            "line 3: Currency: `ZZZ` is no currency",
        ),
        (
            line("USD", "-1.00", "2026-04-01", ""),
            "line 3: UnitPrice: is negative",
        ),
        (
            line("USD", "92233720368547758.08", "2026-04-01", ""),
            "line 3: UnitPrice: `92233720368547758.08` is no amount",
        ),
        (
            line("EUR", "1.00", "2025-12-01", ""),
            "line 3: EffectiveStartDate: lies in a closed month",
        ),
    ] {
        let file = format!("{HEAD}\n{good}\n{second}\n");
        let refused = put(world, "/program/v1/prices", "text/csv", file).await;
        told(&refused, wanted);
        told(&refused, "nothing was imported");
        assert_eq!(sheets(world).await, before, "{wanted}");
    }
    // The good line alone would have changed them.
    let more = line("USD", "271.00", "2026-04-01", "");
    let file = format!("{HEAD}\n{good}\n{more}\n");
    let done = put(world, "/program/v1/prices", "text/csv", file).await;
    assert_eq!(done.status, 200, "{}", done.body);
    assert_ne!(sheets(world).await, before);
}

fn event(id: &str, subscription: &Value, at: &str, quantity: &str) -> Value {
    json!({ "id": id, "subscription": subscription, "meter": HOURS, "at": at, "quantity": quantity })
}

async fn send(world: &World, events: &[Value]) -> Answer {
    let lines: Vec<String> = events.iter().map(Value::to_string).collect();
    let body = lines.join("\n") + "\n";
    put(world, "/program/v1/usage", "application/x-ndjson", body).await
}

async fn bad_usage(world: &World) {
    let estate = Estate::of(world, "harbor", "Bay Street").await;
    let uses = estate.named("Skyward Cloud Subscription").await["id"].clone();
    let seats = estate.named("Desk Standard").await["id"].clone();
    let summary = format!("{}/{}/usagesummary", estate.path, text(&uses));
    let at = "2026-01-15T11:00:00Z";
    let kept = event("kept", &uses, at, "1");
    let first = send(world, std::slice::from_ref(&kept)).await;
    assert_eq!(first.body["events"], 1, "{}", first.body);
    let before = world.get(&summary, &estate.token).await.body;
    let good = event("good", &uses, at, "2");
    let largest = format!("9{}", "0".repeat(37));
    for (second, wanted) in [
        (
            event("b", &uses, at, "-1"),
            "line 2: quantity: -1 is negative",
        ),
        (
            event("b", &json!("nobody"), at, "1"),
            "line 2: subscription: there is no subscription `nobody`",
        ),
        (event("b", &seats, at, "1"), "is a subscription of licence"),
        (
            event("kept", &uses, at, "7"),
            "line 2: id: was sent before and said something else",
        ),
        (event("b", &uses, at, &largest), "line 2: quantity: 9000"),
        (
            event("b", &uses, "2025-12-31T23:00:00Z", "1"),
            "line 2: at: 2025-12 is closed since",
        ),
    ] {
        let refused = send(world, &[good.clone(), second]).await;
        told(&refused, wanted);
        let after = world.get(&summary, &estate.token).await.body;
        assert_eq!(after, before, "{wanted}");
    }
    // Each of these fits, their sum does not.
    let dear = |id: &str| {
        let mut event = event(id, &uses, at, "1");
        event["cost"] = json!("USD 90000000000000000");
        event
    };
    told(&send(world, &[dear("x"), dear("y")]).await, "too large");
    let after = world.get(&summary, &estate.token).await.body;
    assert_eq!(after, before);
    // What has ended uses nothing.
    let ended = json!({ "subscription": uses });
    let ended = world
        .post("/program/v1/commands/cancel", &estate.token, &ended)
        .await;
    assert_eq!(ended.status, 200, "{}", ended.body);
    told(&send(world, &[good]).await, "has ended: it is deleted");
}

async fn all_of_it(config: &DbConfig) {
    let noon = Clock::pinned("2026-01-15T12:00:00Z".parse().unwrap());
    let world = World::demo_on(config, noon).await;
    bad_prices(&world).await;
    bad_usage(&world).await;
}

#[tokio::test]
async fn a_file_with_a_fault_is_refused_as_a_whole() {
    all_of_it(&DbConfig::Memory).await;
}

#[tokio::test]
async fn so_it_is_on_postgresql() {
    let Some(there) = postgres(schema::MIGRATIONS).await else {
        return;
    };
    all_of_it(&there.config).await;
}

//! What customers used, as partners read it and as the operator takes it in.

use crate::common::subscriptions::{Estate, at_fault, refused};
use crate::common::{Answer, World, advance, sent, text};
use serde_json::{Value, json};

const HOURS: &str = "4f1d2c60-93b7-5d0e-8a51-6b0c7d9e1f01";
const PARTNERS: [(&str, &str); 2] = [("harbor", "Bay Street"), ("meridian", "Canyon")];

async fn upload(world: &World, token: &str, lines: &[Value]) -> Answer {
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    let body = lines.join("\n") + "\n";
    let kind = [("Content-Type", "application/x-ndjson")];
    let body = Some(body.into_bytes());
    world
        .send("POST", "/program/v1/usage", Some(token), body, &kind)
        .await
}

fn line(id: &str, subscription: &Value, at: &str, quantity: &Value) -> Value {
    json!({ "id": id, "subscription": subscription, "meter": HOURS, "at": at, "quantity": quantity })
}

/// What a list's members of a name add up to, in ten-thousandths.
fn sum(items: &Value, member: &str) -> i64 {
    let items = items.as_array().unwrap();
    items.iter().map(|item| tenths(&item[member])).sum()
}

fn tenths(number: &Value) -> i64 {
    let text = number.to_string();
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let part: String = part.chars().chain("0000".chars()).take(4).collect();
    format!("{whole}{part}").parse().unwrap()
}

#[tokio::test]
async fn usage_is_summed_up_by_partner_customer_and_subscription() {
    let world = World::demo().await;
    for (partner, name) in PARTNERS {
        let estate = Estate::of(&world, partner, name).await;
        let token = estate.token.clone();
        let all = world.get("/v1/customers/usagerecords", &token).await;
        assert_eq!(all.status, 200, "{}", all.body);
        let records = all.body["items"].as_array().unwrap().clone();
        let own = records
            .iter()
            .find(|record| record["id"] == json!(estate.customer));
        let own = own.unwrap();
        assert_eq!(own["isUpgraded"], json!(true));
        assert_eq!(
            own["attributes"]["objectType"],
            "CustomerMonthlyUsageRecord"
        );
        assert!(tenths(&own["usdTotalCost"]) > 0, "{own}");
        let path = format!("/v1/customers/{}/usagesummary", estate.customer);
        let summary = world.get(&path, &token).await.body;
        assert_eq!(summary["totalCost"], own["totalCost"]);
        assert_eq!(summary["billingStartDate"], "2026-01-01T00:00:00Z");
        assert_eq!(summary["billingEndDate"], "2026-02-01T00:00:00Z");
        assert_eq!(summary["budget"], own["budget"]);
        // The parts make the whole.
        let path = format!("{}/usagerecords", estate.path);
        let parts = world.get(&path, &token).await.body;
        let whole = tenths(&own["usdTotalCost"]);
        assert!(
            (sum(&parts["items"], "usdTotalCost") - whole).abs() <= 2,
            "{parts}"
        );
        for part in parts["items"].as_array().unwrap() {
            let path = format!("{}/{}/usagesummary", estate.path, text(&part["id"]));
            let one = world.get(&path, &token).await.body;
            assert_eq!(one["totalCost"], part["totalCost"]);
            assert_eq!(one["attributes"]["objectType"], "SubscriptionUsageSummary");
        }
        let partner = world.get("/v1/usagesummary", &token).await.body;
        assert_eq!(
            partner["customersWithUsageBasedSubscription"],
            json!(records.len())
        );
        let of_all = sum(&all.body["items"], "usdTotalCost");
        assert!(
            (of_all - tenths(&partner["usdTotalCost"])).abs() <= 2,
            "{partner}"
        );
        let application = world.of("harbor", "accessTokenApp");
        assert_eq!(
            world.get("/v1/usagesummary", &application).await.status,
            403
        );
    }
}

#[tokio::test]
async fn usage_is_listed_by_meter_and_by_resource() {
    let world = World::demo().await;
    let estate = Estate::of(&world, "harbor", "Bay Street").await;
    let plan = text(&estate.named("Skyward Cloud Plan").await["id"]);
    let below = text(&estate.named("Skyward Cloud Subscription").await["id"]);
    let get = |of: &str, what: &str| {
        let path = format!("{}/{of}/{what}", estate.path);
        let (world, token) = (&world, estate.token.clone());
        async move { world.get(&path, &token).await }
    };
    let whole = get(&plan, "usagesummary").await.body;
    for what in [
        "meterusagerecords",
        "resourceusagerecords",
        "usagerecords/resources",
    ] {
        let list = get(&plan, what).await;
        assert_eq!(list.status, 200, "{}", list.body);
        let items = list.body["items"].clone();
        let difference = sum(&items, "usdTotalCost") - tenths(&whole["usdTotalCost"]);
        assert!(difference.abs() <= 7, "{what}: {items}");
        // What a plan shows is what the subscription under it used.
        let other = get(&below, what).await.body;
        assert_eq!(other["totalCount"], list.body["totalCount"]);
    }
    let meters = get(&plan, "meterusagerecords").await.body;
    let hours = meters["items"].as_array().unwrap().iter();
    let hours = hours.clone().find(|one| one["meterId"] == HOURS).unwrap();
    // A machine that runs day and night: the fifteenth is counted whole.
    assert_eq!(hours["quantityUsed"], json!(360));
    assert_eq!(hours["subscriptionId"], json!(plan));
    let resources = get(&plan, "resourceusagerecords").await.body;
    let first = &resources["items"][0];
    assert_eq!(first["resourceType"], "Skyward.Compute");
    assert_eq!(first["entitlementId"], json!(below));
    // A subscription of the previous offer is one record.
    let previous = estate.named("Cloud previous").await;
    let one = get(&text(&previous["id"]), "meterusagerecords").await.body;
    assert_eq!(one["totalCount"], json!(1));
    assert_eq!(
        one["items"][0]["attributes"]["objectType"],
        "SubscriptionMonthlyUsageRecord"
    );
    // Seats are not metered, and of another's customer nothing is told.
    let desk = estate.named("Desk Standard").await;
    let none = get(&text(&desk["id"]), "meterusagerecords").await;
    assert_eq!((none.status, &none.body["totalCount"]), (200, &json!(0)));
    let path = format!("{}/{plan}/meterusagerecords", estate.path);
    refused(
        &world.get(&path, &world.user("meridian")).await,
        403,
        20_002,
    );
    refused(
        &get(&uuid_of_nobody(), "meterusagerecords").await,
        404,
        20_003,
    );
}

fn uuid_of_nobody() -> String {
    "00000000-0000-4000-8000-00000000dead".to_owned()
}

#[tokio::test]
async fn a_budget_is_set_and_taken_away() {
    let world = World::demo().await;
    let estate = Estate::of(&world, "harbor", "Bay Street").await;
    let path = format!("/v1/customers/{}/usagebudget", estate.customer);
    let token = estate.token.clone();
    let budget = world.get(&path, &token).await;
    assert_eq!((budget.status, &budget.body["amount"]), (200, &json!(120)));
    let set = |amount: Value| {
        let (world, path, token) = (&world, path.clone(), token.clone());
        async move {
            let body =
                json!({ "Amount": amount, "Attributes": { "ObjectType": "SpendingBudget" } });
            sent(world, "PATCH", &path, &token, &body, &[]).await
        }
    };
    for (amount, shown) in [(json!(100), json!(100)), (json!(99.5), json!(99.5))] {
        let done = set(amount).await;
        assert_eq!(done.status, 200, "{}", done.body);
        assert_eq!(done.body["amount"], shown);
        assert_eq!(done.body["usageSpendingBudget"], shown);
        assert_eq!(done.body["attributes"]["objectType"], "SpendingBudget");
        assert_eq!(world.get(&path, &token).await.body, done.body);
    }
    for wrong in [json!(-1), json!(0.001), json!("much"), json!(1e300)] {
        at_fault(&set(wrong).await, 400, "amount");
    }
    let none = set(Value::Null).await;
    assert_eq!((none.status, none.body.get("amount")), (200, None));
    refused(
        &world.get(&path, &world.user("meridian")).await,
        403,
        20_002,
    );
}

#[tokio::test]
async fn utilization_is_read_page_by_page() {
    let world = World::demo().await;
    let estate = Estate::of(&world, "meridian", "Canyon").await;
    let plan = text(&estate.named("Skyward Cloud Plan").await["id"]);
    let base = format!("{}/{plan}/utilizations/azure", estate.path);
    let token = estate.token.clone();
    let range = "start_time=2026-01-01T00:00:00Z&end_time=2026-01-15T00:00:00Z";
    let get = |query: String, continued: Option<String>| {
        let (world, token, path) = (&world, token.clone(), format!("{base}?{query}"));
        async move {
            let headers: Vec<(&str, &str)> = continued
                .iter()
                .map(|token| ("MS-ContinuationToken", token.as_str()))
                .collect();
            world.send("GET", &path, Some(&token), None, &headers).await
        }
    };
    let whole = get(range.to_owned(), None).await;
    assert_eq!(whole.status, 200, "{}", whole.body);
    let count = whole.body["items"].as_array().unwrap().len();
    assert!(count > 20, "{count}");
    let (mut paged, mut next) = (Vec::new(), None);
    loop {
        let seek = if next.is_some() {
            "&seek_operation=Next"
        } else {
            ""
        };
        let page = get(format!("{range}&size=20{seek}"), next.take())
            .await
            .body;
        paged.extend(page["items"].as_array().unwrap().clone());
        match page.get("continuationToken") {
            Some(token) => next = Some(text(token)),
            None => break,
        }
    }
    assert_eq!(json!(paged), whole.body["items"]);
    let first = &paged[0];
    assert!(text(&first["instanceData"]["resourceUri"]).starts_with("/subscriptions/"));
    let plain = get(format!("{range}&show_details=false"), None).await.body;
    let plain = plain["items"].as_array().unwrap().clone();
    assert!(
        plain
            .iter()
            .all(|record| record.get("instanceData").is_none())
    );
    let hourly = get(format!("{range}&granularity=Hourly"), None).await.body;
    assert_eq!(hourly["totalCount"], json!(count));
    let spans = &hourly["items"][0];
    assert!(text(&spans["usageStartTime"]).ends_with(":00:00Z"));
    for (query, field) in [
        ("", "start_time"),
        ("start_time=2026-01-01", "end_time"),
        ("start_time=never&end_time=2026-01-01", "start_time"),
        ("start_time=2026-01-02&end_time=2026-01-01", "end_time"),
        ("start_time=2020-01-01&end_time=2026-01-01", "end_time"),
        (
            "start_time=2026-01-01&end_time=2026-01-02&granularity=yearly",
            "granularity",
        ),
        (
            "start_time=2026-01-01&end_time=2026-01-02&size=some",
            "size",
        ),
    ] {
        at_fault(&get(query.to_owned(), None).await, 400, field);
    }
}

#[tokio::test]
async fn rate_cards_tell_what_a_unit_costs() {
    let world = World::demo().await;
    let token = world.user("harbor");
    for path in ["/v1/ratecards/azure", "/v1/ratecards/azure-shared"] {
        let card = world.get(path, &token).await;
        assert_eq!((card.status, &card.body["currency"]), (200, &json!("USD")));
        let meters = card.body["meters"].as_array().unwrap();
        let hours = meters.iter().find(|meter| meter["id"] == HOURS).unwrap();
        assert_eq!(hours["rates"]["0"].to_string(), "0.0219971204031263");
        assert_eq!(hours["effectiveDate"], "2025-01-01T00:00:00Z");
        let euros = world
            .get(&format!("{path}?currency=eur&region=de"), &token)
            .await;
        assert_eq!(euros.body["currency"], "EUR");
    }
    for (query, field) in [
        ("currency=dollars", "currency"),
        ("region=nowhere", "region"),
    ] {
        let bad = world
            .get(&format!("/v1/ratecards/azure?{query}"), &token)
            .await;
        at_fault(&bad, 400, field);
    }
}

#[tokio::test]
async fn the_operator_takes_usage_in_and_nobody_else() {
    let world = World::demo().await;
    let estate = Estate::of(&world, "harbor", "Bay Street").await;
    let below = estate.named("Skyward Cloud Subscription").await["id"].clone();
    let operator = world.of("operator", "accessTokenUser");
    let path = format!("{}/{}/usagesummary", estate.path, text(&below));
    let before = world.get(&path, &estate.token).await.body;
    let lines = [
        line("w-1", &below, "2026-01-15T11:00:00Z", &json!(1.5)),
        line("w-2", &below, "2026-01-15T11:30:00Z", &json!("2")),
    ];
    let done = upload(&world, &operator, &lines).await;
    assert_eq!(done.status, 200, "{}", done.body);
    assert_eq!(
        (&done.body["events"], &done.body["repeats"]),
        (&json!(2), &json!(0))
    );
    let after = world.get(&path, &estate.token).await.body;
    // 3.5 × 0.0219971204031263.
    assert_eq!(
        tenths(&after["usdTotalCost"]) - tenths(&before["usdTotalCost"]),
        770
    );
    let again = upload(&world, &operator, &lines).await.body;
    assert_eq!(
        (&again["events"], &again["repeats"]),
        (&json!(0), &json!(2))
    );
    let bad = [
        line("w-3", &below, "2026-01-15T11:00:00Z", &json!(1)),
        line("w-4", &json!("nobody"), "2026-01-15T11:00:00Z", &json!(1)),
        line("w-1", &below, "2026-01-15T11:00:00Z", &json!(9)),
    ];
    let refused = upload(&world, &operator, &bad).await;
    assert_eq!(refused.status, 400, "{}", refused.body);
    let told = text(&refused.body["detail"]);
    assert!(
        told.contains("line 2: subscription: there is no subscription `nobody`"),
        "{told}"
    );
    for (body, wanted) in [
        (&b""[..], "holds no usage"),
        (b"[]", "line 1: line"),
        (b"\xff\n", "line 1: line"),
    ] {
        let body = Some(body.to_vec());
        let answer = world
            .send("POST", "/program/v1/usage", Some(&operator), body, &[])
            .await;
        assert_eq!(answer.status, 400);
        assert!(
            text(&answer.body["detail"]).contains(wanted),
            "{}",
            answer.body
        );
    }
    let unchanged = world.get(&path, &estate.token).await.body;
    assert_eq!(unchanged["totalCost"], after["totalCost"]);
    assert_eq!(upload(&world, &estate.token, &lines).await.status, 403);
    let nobody = world
        .send("POST", "/program/v1/usage", None, None, &[])
        .await;
    assert_eq!(nobody.status, 401);
    // The day is rated when it is over, and the month charged when it is closed.
    advance(&world, "P1D").await;
    let kinds = world
        .get("/program/v1/schedule?state=done&count=200", &operator)
        .await
        .body;
    assert!(kinds.to_string().contains("usage_rated"), "{kinds}");
}

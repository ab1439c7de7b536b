//! Carts: several lines, their groups and faults, changes, checkout.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tierline_app::App;
use tierline_app::clock::Clock;
use tierline_store::testing::postgres;
use tierline_store::{Db, DbConfig, schema};

use crate::common::{Answer, World, records, text};

/// A customer of harbor that buys, and the path of its carts.
async fn buyer(world: &World) -> (String, String) {
    let customer = world.customer("harbor", "Juniper").await;
    let path = format!("/v1/customers/{customer}/carts");
    (customer, path)
}

fn line(item: &str, quantity: i64) -> Value {
    json!({ "catalogItemId": item, "quantity": quantity, "billingCycle": "monthly", "termDuration": "P1Y" })
}

async fn put(world: &World, path: &str, token: &str, body: &Value) -> Answer {
    let body = body.to_string().into_bytes();
    world.send("PUT", path, Some(token), Some(body), &[]).await
}

async fn checkout(world: &World, cart: &str, token: &str, body: Option<&str>) -> Answer {
    let body = body.map(|text| text.as_bytes().to_vec());
    let path = format!("{cart}/checkout");
    world.send("POST", &path, Some(token), body, &[]).await
}

#[tokio::test]
async fn a_cart_holds_several_lines_in_groups() {
    let world = World::demo().await;
    let (customer, path) = buyer(&world).await;
    let token = world.user("harbor");
    let mut yearly = line("desk-basic", 1);
    yearly["billingCycle"] = json!("Annual");
    let cart = json!({ "lineItems": [line("desk-standard", 3), line("calling-addon", 2), yearly, { "catalogItemId": "server-perpetual", "quantity": 1, "billingCycle": "one_time" }] });
    let made = world.post(&path, &token, &cart).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let body = &made.body;
    assert_eq!(body["status"], "Active");
    assert_eq!(body["creationTimestamp"], "2026-01-15T12:00:00Z");
    assert_eq!(body["expirationTimestamp"], "2026-01-22T12:00:00Z");
    assert_eq!(body["attributes"], json!({ "objectType": "Cart" }));
    let groups: Vec<_> = (0..4)
        .map(|at| body["lineItems"][at]["orderGroup"].clone())
        .collect();
    assert_eq!(groups, [json!("0"), json!("0"), json!("1"), json!("2")]);
    assert!(
        (0..4).all(|at| body["lineItems"][at]["error"].is_null()),
        "{body}"
    );
    assert_eq!(
        body["lineItems"][0]["pricing"],
        json!({ "listPrice": 150, "discountedPrice": 150, "proratedPrice": 150, "price": 150, "extendedPrice": 450 })
    );
    assert!(body["lineItems"][3].get("termDuration").is_none());
    let id = body["id"].as_str().unwrap();
    assert_eq!(
        body["links"]["self"]["uri"],
        format!("/customers/{customer}/carts/{id}")
    );
    let read = world.get(&format!("{path}/{id}"), &token).await;
    assert_eq!((read.status, &read.body), (200, body));
}

#[tokio::test]
async fn add_ons_stand_in_their_line_or_beside_it() {
    let world = World::demo().await;
    let (_, path) = buyer(&world).await;
    let token = world.user("harbor");
    let classic = json!({ "LineItems": [{ "Id": 0, "CatalogItemId": "desk-classic", "FriendlyName": "Front desk", "Quantity": 3, "BillingCycle": "monthly",
        "AddonItems": [{ "Id": 1, "CatalogItemId": "archive-classic", "Quantity": 2, "BillingCycle": "monthly" }] }] });
    let made = world.post(&path, &token, &classic).await;
    let base = &made.body["lineItems"][0];
    assert_eq!(
        (made.status, &base["orderGroup"]),
        (201, &json!("OMS-0")),
        "{}",
        made.body
    );
    assert_eq!(
        (&base["friendlyName"], &base["addonItems"][0]["id"]),
        (&json!("Front desk"), &json!(1))
    );
    assert_eq!(base["addonItems"][0]["orderGroup"], "OMS-0");
    assert!(base["addonItems"][0]["error"].is_null(), "{}", made.body);
    let cart = format!("{path}/{}", made.body["id"].as_str().unwrap());
    let done = checkout(&world, &cart, &token, None).await;
    let lines = &done.body["orders"][0]["lineItems"];
    assert_eq!(done.status, 201, "{}", done.body);
    assert_eq!(lines[1]["parentSubscriptionId"], lines[0]["subscriptionId"]);
    // The base that was bought just now takes another add-on, by its subscription.
    let more = json!({ "lineItems": [{ "catalogItemId": "archive-classic", "quantity": 1, "billingCycle": "annual",
        "provisioningContext": { "parentSubscriptionId": lines[0]["subscriptionId"] } }] });
    let more = world.post(&path, &token, &more).await;
    assert_eq!(more.status, 201, "{}", more.body);
    assert_eq!(
        more.body["lineItems"][0]["provisioningContext"]["parentSubscriptionId"],
        lines[0]["subscriptionId"]
    );
    // Without its base an add-on of new commerce has a fault; after it, in the same cart, it has none.
    let alone = json!({ "lineItems": [line("insight-capacity", 5)] });
    let alone = world.post(&path, &token, &alone).await;
    assert_eq!(
        (
            alone.status,
            &alone.body["lineItems"][0]["error"]["errorCode"]
        ),
        (201, &json!(400_041))
    );
    let both = json!({ "lineItems": [line("insight-pro", 20), line("insight-capacity", 1)] });
    let both = world.post(&path, &token, &both).await;
    assert!(
        both.body["lineItems"][1]["error"].is_null(),
        "{}",
        both.body
    );
}

#[tokio::test]
async fn a_fault_stands_on_its_line_while_the_others_stand() {
    let world = World::demo().await;
    let (_, path) = buyer(&world).await;
    let token = world.user("harbor");
    let mut annual = line("desk-basic", 1);
    annual["billingCycle"] = json!("annual");
    let cart = json!({ "lineItems": [annual, line("desk-premium", 200), line("desk-premium", 150), line("no-such-item", 1), line("desk-education", 1), line("desk-government", 1)] });
    let made = world.post(&path, &token, &cart).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let error = |at: usize| made.body["lineItems"][at]["error"].clone();
    assert!(error(0).is_null() && error(1).is_null());
    // The seats of the line before count towards the customer's ceiling.
    assert_eq!(error(2)["errorCode"], 10_015);
    let left = json!({ "availableQuantity": 100, "purchasedQuantity": 200 });
    assert_eq!(error(2)["additionalInformation"], left);
    assert_eq!(error(3)["errorCode"], 10_001);
    assert_eq!(error(5)["errorCode"], 10_012, "{}", made.body);
    assert!(
        error(3)["errorDescription"]
            .as_str()
            .unwrap()
            .contains("no-such-item")
    );
    // A segment that does not fit has no code of its own on lines.
    assert_eq!(error(4)["errorCode"], 10_006);
    assert!(
        error(4)["errorDescription"]
            .as_str()
            .unwrap()
            .contains("ORD-008")
    );
    // At checkout a fault keeps the lines of its group from being ordered, and no others.
    let path = format!("{path}/{}", made.body["id"].as_str().unwrap());
    let done = checkout(&world, &path, &token, None).await;
    assert_eq!(done.status, 201, "{}", done.body);
    assert_eq!(done.body["orders"].as_array().unwrap().len(), 1);
    let errors = done.body["orderErrors"].as_array().unwrap();
    assert!(
        errors.iter().all(|error| error["code"] == 800_009),
        "{}",
        done.body
    );
}

#[tokio::test]
async fn a_cart_of_nothing_but_faults_can_be_corrected_and_not_checked_out() {
    let world = World::demo().await;
    let (_, path) = buyer(&world).await;
    let token = world.user("harbor");
    let wrong = json!({ "lineItems": [line("insight-capacity", 5)] });
    let made = world.post(&path, &token, &wrong).await;
    let cart = format!("{path}/{}", made.body["id"].as_str().unwrap());
    let done = checkout(&world, &cart, &token, None).await;
    assert_eq!(
        (done.status, &done.body["code"]),
        (400, &json!(800_009)),
        "{}",
        done.body
    );
    assert!(
        done.body["data"]
            .as_array()
            .unwrap()
            .contains(&json!("ORD-005"))
    );
    let right = put(
        &world,
        &cart,
        &token,
        &json!({ "lineItems": [line("desk-standard", 5)] }),
    )
    .await;
    assert_eq!(right.status, 201, "{}", right.body);
    assert_eq!(checkout(&world, &cart, &token, None).await.status, 201);
}

#[tokio::test]
async fn a_cart_is_sent_back_changed() {
    let world = World::demo().await;
    let (_, path) = buyer(&world).await;
    let token = world.user("harbor");
    let cart = json!({ "lineItems": [line("desk-standard", 3), line("desk-basic", 1)] });
    let made = world.post(&path, &token, &cart).await;
    let cart = format!("{path}/{}", made.body["id"].as_str().unwrap());
    // As it was read, with another quantity and a line less.
    let mut sent = made.body.clone();
    sent["lineItems"][0]["quantity"] = json!(7);
    sent["lineItems"].as_array_mut().unwrap().truncate(1);
    let changed = put(&world, &format!("{cart}/"), &token, &sent).await;
    assert_eq!(changed.status, 201, "{}", changed.body);
    let lines = changed.body["lineItems"].as_array().unwrap();
    assert_eq!(
        (lines.len(), &lines[0]["quantity"], &changed.body["id"]),
        (1, &json!(7), &made.body["id"])
    );
    assert_eq!(
        checkout(&world, &cart, &token, Some("null")).await.status,
        201
    );
    // What was submitted takes no other lines.
    let late = put(&world, &cart, &token, &sent).await;
    assert_eq!(
        (late.status, &late.body["code"]),
        (400, &json!(800_065)),
        "{}",
        late.body
    );
    let read = world.get(&cart, &token).await;
    assert_eq!(read.body["status"], "Ordered");
}

#[tokio::test]
async fn each_group_becomes_an_order_and_a_refused_one_undoes_no_other() {
    let world = World::demo().await;
    let customer = world.customer("harbor", "Bay Street").await;
    let path = format!("/v1/customers/{customer}/carts");
    let token = world.user("harbor");
    let good =
        json!({ "catalogItemId": "server-perpetual", "quantity": 1, "billingCycle": "one_time" });
    let bad = line("multi-geo", 3);
    let cart = json!({ "lineItems": [line("desk-standard", 20), good, { "catalogItemId": "desk-nonprofit", "quantity": 1, "billingCycle": "annual", "termDuration": "P1Y" }, bad] });
    let made = world.post(&path, &token, &cart).await;
    let cart = format!("{path}/{}", made.body["id"].as_str().unwrap());
    let done = checkout(&world, &cart, &token, Some("\"success\"")).await;
    assert_eq!(done.status, 201, "{}", done.body);
    assert_eq!(done.body["attributes"]["objectType"], "CartCheckoutResult");
    let orders = done.body["orders"].as_array().unwrap();
    assert_eq!(orders.len(), 2, "{}", done.body);
    assert_eq!(
        (&orders[1]["billingCycle"], &orders[1]["totalPrice"]),
        (&json!("one_time"), &json!(1069))
    );
    let error = &done.body["orderErrors"][0];
    assert_eq!(
        (&error["orderGroupId"], &error["code"]),
        (&made.body["lineItems"][2]["orderGroup"], &json!(800_009))
    );
    assert!(!error["description"].as_str().unwrap().is_empty());
    // A repeat returns the orders that were made and tries the other group again.
    let again = checkout(&world, &cart, &token, None).await;
    let ids = |answer: &Answer| -> Vec<Value> {
        answer.body["orders"]
            .as_array()
            .unwrap()
            .iter()
            .map(|order| order["id"].clone())
            .collect()
    };
    assert_eq!((again.status, ids(&again)), (201, ids(&done)));
    assert_eq!(again.body["orderErrors"][0]["code"], 800_009);
    let list = world
        .get(&format!("/v1/customers/{customer}/orders"), &token)
        .await;
    let listed = list.body["items"].as_array().unwrap();
    assert!(
        ids(&done)
            .iter()
            .all(|id| listed.iter().filter(|order| order["id"] == *id).count() == 1)
    );
}

/// Carts of so many seats each for one customer of harbor's.
async fn filled(world: &World, count: usize, seats: i64) -> Vec<String> {
    let customer = world.customer("harbor", "Bay Street").await;
    let path = format!("/v1/customers/{customer}/carts");
    let mut carts = Vec::new();
    for _ in 0..count {
        let cart = json!({ "lineItems": [line("desk-premium", seats)] });
        let made = world.post(&path, &world.user("harbor"), &cart).await;
        assert_eq!(made.status, 201, "{}", made.body);
        carts.push(format!("{path}/{}", text(&made.body["id"])));
    }
    carts
}

/// TXN-205. Who checks out is found out in the transaction that does it, and so is with whom it takes turns: the ids of a call do not
/// tell. Each cart is checked out on each server.
async fn carts_that_are_checked_out_at_once(servers: &[World]) {
    let carts = filled(&servers[0], 4, 90).await;
    let token = servers[0].user("harbor");
    let checkouts = carts.iter().flat_map(|cart| {
        let token = &token;
        let twice = servers.iter().cycle().take(2);
        twice.map(move |server| checkout(server, cart, token, None))
    });
    let answers = futures_util::future::join_all(checkouts).await;
    let made = |answer: &Answer| text(&answer.body["orders"][0]["id"]);
    let (done, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 201);
    assert_eq!(
        done.len(),
        6,
        "three times 90 seats are as many as one customer may have"
    );
    let orders: BTreeSet<String> = done.into_iter().map(made).collect();
    assert_eq!(orders.len(), 3, "{orders:?}");
    for answer in refused {
        assert_eq!(answer.body["code"], 800_088, "{}", answer.body);
    }
}

#[tokio::test]
async fn a_limit_holds_for_carts_that_are_checked_out_at_once() {
    carts_that_are_checked_out_at_once(&[World::demo().await]).await;
    let Some(there) = postgres(schema::MIGRATIONS).await else {
        return;
    };
    let noon = || Clock::pinned("2026-01-15T12:00:00Z".parse().unwrap());
    let one = World::demo_on(&there.config, noon()).await;
    let other = Db::open(&there.config, schema::MIGRATIONS).await.unwrap();
    let other = World::of_app(App::new(other, noon()), true).await;
    carts_that_are_checked_out_at_once(&[one, other]).await;
}

/// GEN-006: a request's answer is the answer of its repeats, also where it is a refusal, whose decision is kept.
#[tokio::test]
async fn a_checkout_is_done_once_for_each_request() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let carts = filled(&world, 3, 100).await;
    let send = async |cart: &str, id: &str| {
        let path = format!("{cart}/checkout");
        let id = [("MS-RequestId", id)];
        world.send("POST", &path, Some(&token), None, &id).await
    };
    let [one, two] = [
        "6d1f9a52-0000-4000-8000-0000000000c1",
        "6d1f9a52-0000-4000-8000-0000000000c2",
    ];
    let first = send(&carts[0], one).await;
    assert_eq!(first.status, 201, "{}", first.body);
    let again = send(&carts[0], one).await;
    assert_eq!((again.status, &again.body), (201, &first.body));
    let clash = send(&carts[1], one).await;
    assert_eq!(clash.status, 409, "{}", clash.body);
    assert_eq!(checkout(&world, &carts[1], &token, None).await.status, 201);
    let refused = send(&carts[2], two).await;
    assert_eq!(refused.body["code"], 800_088, "{}", refused.body);
    let again = send(&carts[2], two).await;
    assert_eq!((again.status, &again.body), (refused.status, &refused.body));
    let kept = |answer: &Answer| answer.headers["x-decision-id"].to_str().unwrap().to_owned();
    assert_eq!(kept(&again), kept(&refused));
    let decision = format!("/program/v1/decisions/{}", kept(&refused));
    let decision = world.get(&decision, &token).await;
    assert_eq!(decision.status, 200, "{}", decision.body);
    assert_eq!(decision.body["checkpoint"], "checkout_cart");
    // Its record names who was found to call.
    let failed = records(&world, &token, "Order").await;
    let mut failed = failed.body["items"].as_array().unwrap().iter();
    let failed = failed.find(|record| record["operationStatus"] == "failed");
    let user = text(&failed.unwrap()["userPrincipalName"]);
    assert!(user.starts_with("admin@"), "{user}");
}

/// ORD-004: who says how it read a cart checks out nothing else. On the documented path nobody says so, and what stands is checked out.
#[tokio::test]
async fn a_cart_that_was_changed_meanwhile_is_busy_for_who_says_how_it_read_it() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let path = filled(&world, 1, 5).await.remove(0);
    let mut change = world.get(&path, &token).await.body;
    change["lineItems"][0]["quantity"] = json!(6);
    let changed = put(&world, &path, &token, &change).await;
    assert!(changed.status < 300, "{}", changed.body);
    let cart = path.rsplit('/').next().unwrap();
    let command = |seen: i64| {
        let read = json!({ "cart": cart, "seen": seen });
        let (world, token) = (&world, &token);
        async move {
            world
                .post("/program/v1/commands/checkout_cart", token, &read)
                .await
        }
    };
    let busy = command(1).await;
    assert_eq!(busy.status, 409, "{}", busy.body);
    assert!(busy.body.to_string().contains("ORD-004"), "{}", busy.body);
    let done = command(2).await;
    assert!(done.status < 300, "{}", done.body);
}

/// A customer that is none of the caller's, and a caller that is no partner: nobody waits for what comes to nothing.
#[tokio::test]
async fn a_strangers_checkout_takes_no_turn() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("tierline.db");
    let noon = Clock::pinned("2026-01-15T12:00:00Z".parse().unwrap());
    let world = World::demo_on(&DbConfig::File { path }, noon).await;
    let cart = filled(&world, 1, 5).await.remove(0);
    let written = || world.app.db().lane_stats().commands;
    let before = written();
    let operator = checkout(&world, &cart, &world.user("operator"), None).await;
    assert_eq!(operator.status, 403, "{}", operator.body);
    let other = checkout(&world, &cart, &world.user("meridian"), None).await;
    assert_eq!((other.status, &other.body["code"]), (403, &json!(20_002)));
    assert_eq!(written(), before);
    let own = checkout(&world, &cart, &world.user("harbor"), None).await;
    assert_eq!(own.status, 201, "{}", own.body);
    assert_eq!(written(), before + 1);
}

#[tokio::test]
async fn savings_plans_cost_what_they_promise() {
    let world = World::demo().await;
    let customer = world.customer("harbor", "Bay Street").await;
    let path = format!("/v1/customers/{customer}/carts");
    let token = world.user("harbor");
    let plan = |amount: Value| {
        json!({ "lineItems": [{ "id": 0, "catalogItemId": "savings-plan-1y", "quantity": 1, "billingCycle": "one_time", "termDuration": "P1Y",
        "provisioningContext": { "scope": "shared" }, "purchaseCommitment": { "amount": amount, "grain": "hourly", "currency": "usd" } }] })
    };
    let made = world.post(&path, &token, &plan(json!(0.05))).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let line = &made.body["lineItems"][0];
    assert_eq!(
        line["purchaseCommitment"],
        json!({ "amount": 0.05, "currency": "usd", "grain": "hourly" })
    );
    assert_eq!(
        (
            &line["pricing"]["price"],
            &line["provisioningContext"]["scope"]
        ),
        (&json!(438), &json!("shared"))
    );
    for amount in [json!(0), json!(-1), json!("much")] {
        let answer = world.post(&path, &token, &plan(amount.clone())).await;
        assert_eq!(answer.status, 400, "{amount}");
        assert!(
            answer.body["description"]
                .as_str()
                .unwrap()
                .contains("purchaseCommitment"),
            "{}",
            answer.body
        );
    }
}

#[tokio::test]
async fn a_chosen_end_shortens_and_prorates_the_first_term() {
    let world = World::demo().await;
    let (_, path) = buyer(&world).await;
    let token = world.user("harbor");
    let mut aligned = line("desk-standard", 2);
    aligned["customTermEndDate"] = json!("2026-12-31T00:00:00Z");
    let made = world
        .post(&path, &token, &json!({ "lineItems": [aligned.clone()] }))
        .await;
    assert_eq!(made.status, 201, "{}", made.body);
    let shown = &made.body["lineItems"][0];
    assert_eq!(shown["customTermEndDate"], "2026-12-31T23:59:59Z");
    // From 15 January to 31 December 2026 are 351 of 365 days.
    assert_eq!(
        (
            &shown["pricing"]["discountedPrice"],
            &shown["pricing"]["proratedPrice"]
        ),
        (&json!(150), &json!(144.24))
    );
    assert_eq!(shown["pricing"]["extendedPrice"], json!(288.48));
    aligned["customTermEndDate"] = json!("2026-07-04");
    let wrong = world
        .post(&path, &token, &json!({ "lineItems": [aligned.clone()] }))
        .await;
    assert_eq!(wrong.status, 400, "{}", wrong.body);
    aligned["customTermEndDate"] = json!("soon");
    let wrong = world
        .post(&path, &token, &json!({ "lineItems": [aligned] }))
        .await;
    assert!(
        wrong.body["description"]
            .as_str()
            .unwrap()
            .contains("customTermEndDate")
    );
}

#[tokio::test]
async fn a_provider_stands_by_the_reseller_it_names() {
    let world = World::demo().await;
    let customer = world.customer("meridian", "Red Rock").await;
    let path = format!("/v1/customers/{customer}/carts");
    let token = world.user("meridian");
    let mut sold = line("desk-standard", 1);
    sold["participants"] = json!([{ "key": "transaction_reseller", "value": world.of("cedar", "mpnId") }, { "key": "additional_transaction_reseller", "value": world.of("bridgewater", "mpnId") }]);
    let made = world
        .post(
            &path,
            &token,
            &json!({ "lineItems": [sold.clone()], "partnerOnRecordAttestationAccepted": true }),
        )
        .await;
    assert_eq!(
        (made.status, &made.body["lineItems"][0]["participants"]),
        (201, &sold["participants"]),
        "{}",
        made.body
    );
    let open = world
        .post(
            &path,
            &token,
            &json!({ "lineItems": [sold.clone()], "partnerOnRecordAttestationAccepted": false }),
        )
        .await;
    assert_eq!(
        (open.status, &open.body["code"]),
        (400, &json!(900_206)),
        "{}",
        open.body
    );
    // Five further resellers are the most.
    let mut many = sold.clone();
    let further = json!({ "key": "additional_transaction_reseller", "value": world.of("bridgewater", "mpnId") });
    many["participants"]
        .as_array_mut()
        .unwrap()
        .extend(vec![further; 5]);
    let many = world
        .post(&path, &token, &json!({ "lineItems": [many] }))
        .await;
    assert_eq!(
        (many.status, &many.body["code"]),
        (400, &json!(3000)),
        "{}",
        many.body
    );
    // A direct-bill partner names none: the fault stands on the line.
    let (_, path) = buyer(&world).await;
    let made = world
        .post(
            &path,
            &world.user("harbor"),
            &json!({ "lineItems": [sold] }),
        )
        .await;
    assert_eq!(
        (
            made.status,
            &made.body["lineItems"][0]["error"]["errorCode"]
        ),
        (201, &json!(10_004)),
        "{}",
        made.body
    );
}

#[tokio::test]
async fn carts_of_others_do_not_exist() {
    let world = World::demo().await;
    let (_, path) = buyer(&world).await;
    let token = world.user("harbor");
    let made = world
        .post(
            &path,
            &token,
            &json!({ "lineItems": [line("desk-basic", 1)] }),
        )
        .await;
    let id = made.body["id"].as_str().unwrap();
    let other = world.customer("harbor", "Silver Creek").await;
    let theirs = world.customer("meridian", "Red Rock").await;
    let nobody = "00000000-0000-4000-8000-00000000dead";
    for (customer, cart, who, expected) in [
        (other.as_str(), id, "harbor", (404, 800_008)),
        (other.as_str(), nobody, "harbor", (404, 800_008)),
        (theirs.as_str(), id, "meridian", (404, 800_008)),
        (theirs.as_str(), id, "harbor", (403, 20_002)),
        (nobody, id, "harbor", (403, 20_002)),
    ] {
        let cart = format!("/v1/customers/{customer}/carts/{cart}");
        let token = world.user(who);
        for answer in [
            world.get(&cart, &token).await,
            put(
                &world,
                &cart,
                &token,
                &json!({ "lineItems": [line("desk-basic", 1)] }),
            )
            .await,
            checkout(&world, &cart, &token, None).await,
        ] {
            assert_eq!(
                (answer.status, &answer.body["code"]),
                (expected.0, &json!(expected.1)),
                "{cart}: {}",
                answer.body
            );
        }
    }
}

/// ORD-029: the currency of a line is the partner's or the customer's; a cart says so on the line.
#[tokio::test]
async fn a_foreign_currency_is_a_fault_of_its_line() {
    let world = World::demo().await;
    let (_, path) = buyer(&world).await;
    let token = world.user("harbor");
    for (currency, fault) in [("JPY", json!(10_000)), ("usd", Value::Null)] {
        let mut line = line("desk-basic", 1);
        line["currencyCode"] = json!(currency);
        let made = world
            .post(&path, &token, &json!({ "lineItems": [line] }))
            .await;
        assert_eq!(made.status, 201, "{}", made.body);
        let error = &made.body["lineItems"][0]["error"];
        assert_eq!(error["errorCode"], fault, "{currency}: {}", made.body);
        if fault != Value::Null {
            let told = error["errorDescription"].as_str().unwrap();
            assert!(told.contains("ORD-029"), "{told}");
            let checkout = format!("{path}/{}/checkout", made.body["id"].as_str().unwrap());
            let refused = world.send("POST", &checkout, Some(&token), None, &[]).await;
            assert_eq!(
                (refused.status, &refused.body["code"]),
                (400, &json!(800_009)),
                "{}",
                refused.body
            );
        }
    }
}

#[tokio::test]
async fn bad_carts_name_the_member_and_change_nothing() {
    let world = World::demo().await;
    let (_, path) = buyer(&world).await;
    let token = world.user("harbor");
    let with = |member: &str, value: Value| {
        let mut line = line("desk-basic", 1);
        line[member] = value;
        json!({ "lineItems": [line] })
    };
    for (body, member) in [
        (json!({}), "lineItems"),
        (json!({ "lineItems": [{ "quantity": 1 }] }), "catalogItemId"),
        (
            with("catalogItemId", json!("no-such-item")),
            "catalogItemId",
        ),
        (with("quantity", json!(0)), "quantity"),
        (with("quantity", json!("many")), "quantity"),
        (with("billingCycle", json!("fortnightly")), "billingCycle"),
        (with("termDuration", json!("forever")), "termDuration"),
        (with("currencyCode", json!("dollars")), "currencyCode"),
        (with("renewsTo", json!({ "termDuration": "x" })), "renewsTo"),
        (
            with("participants", json!([{ "key": "friend", "value": "1" }])),
            "lineItems[0].participants[0].key: `friend`",
        ),
        (
            with("participants", json!([{ "key": "friend", "value": "" }])),
            "lineItems[0].participants[0].key: `friend`",
        ),
        (
            with("participants", json!([{ "value": "1" }])),
            "lineItems[0].participants[0].key: is missing",
        ),
        (
            with("participants", json!([{ "key": "transaction_reseller" }])),
            "lineItems[0].participants[0].value: is missing",
        ),
        (
            with(
                "participants",
                json!([{ "key": "transaction_reseller", "value": "1" }, { "key": "TransactionReseller", "value": "2" }]),
            ),
            "lineItems[0].participants: one transaction_reseller",
        ),
    ] {
        let answer = world.post(&path, &token, &body).await;
        assert!(
            (400..500).contains(&answer.status),
            "{member}: {}",
            answer.body
        );
        assert!(
            answer.body["description"]
                .as_str()
                .unwrap()
                .contains(member),
            "{member}: {}",
            answer.body
        );
    }
}

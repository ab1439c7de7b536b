//! Subscriptions that are sent back with what shall be otherwise.

use crate::common::orders::patch;
use crate::common::subscriptions::{Estate, at_fault, refused, with};
use crate::common::{World, advance, sent, text};
use serde_json::{Value, json};

#[tokio::test]
async fn seats_come_and_go() {
    let world = World::demo().await;
    let estate = Estate::of(&world, "harbor", "Juniper").await;
    let bought = estate.seats("desk-standard", 10).await;
    let more = estate.with(&bought, "quantity", json!(12)).await;
    assert_eq!(
        (more.status, &more.body["quantity"]),
        (200, &json!(12)),
        "{}",
        more.body
    );
    assert_eq!(more.body["refundableQuantity"]["totalQuantity"], 12);
    assert_eq!(more.body["autoRenewEnabled"], true);
    // The tag that was read before the change is stale now, in the body and in the header, also where nothing is asked for.
    refused(&estate.with(&bought, "quantity", json!(9)).await, 400, 2055);
    let mut bare = more.body.clone();
    bare["attributes"] = Value::Null;
    let path = format!("{}/{}", estate.path, text(&bought["id"]));
    let tag = format!("\"{}\"", text(&bought["attributes"]["etag"]));
    let stale = sent(
        &world,
        "PATCH",
        &path,
        &estate.token,
        &bare,
        &[("If-Match", &tag)],
    )
    .await;
    refused(&stale, 400, 2055);
    // Without any tag, and with the one that is right.
    let fewer = estate
        .send(&bought, &with(&bare, "quantity", json!(9)))
        .await;
    assert_eq!(
        (fewer.status, &fewer.body["quantity"]),
        (200, &json!(9)),
        "{}",
        fewer.body
    );
    // One request is carried out once.
    let once = [("MS-RequestId", "5c2f8f0e-6f0b-4a53-9d4e-0d6b5a1d7a11")];
    let body = with(&fewer.body, "quantity", json!(11));
    for _ in 0..2 {
        let answer = sent(&world, "PATCH", &path, &estate.token, &body, &once).await;
        assert_eq!(
            (answer.status, &answer.body["quantity"]),
            (200, &json!(11)),
            "{}",
            answer.body
        );
    }
    let now = estate.read(&text(&bought["id"])).await.body;
    refused(
        &estate.with(&now, "quantity", json!(1_000_000)).await,
        400,
        2002,
    );
    at_fault(
        &estate.with(&now, "quantity", json!("many")).await,
        400,
        "quantity",
    );
    at_fault(&estate.with(&now, "id", json!("another")).await, 400, "id");
    advance(&world, "P8D").await;
    refused(&estate.with(&now, "quantity", json!(5)).await, 400, 800_090);
}

#[tokio::test]
async fn a_subscription_is_suspended_and_comes_back() {
    let world = World::demo().await;
    let estate = Estate::of(&world, "harbor", "Juniper").await;
    let bought = estate.seats("desk-standard", 10).await;
    let away = estate.with(&bought, "status", json!("Suspended")).await;
    // Suspending switches renewal off (SUB-011).
    let told = (&away.body["status"], &away.body["autoRenewEnabled"]);
    assert_eq!(told, (&json!("suspended"), &json!(false)), "{}", away.body);
    refused(
        &estate.with(&away.body, "quantity", json!(12)).await,
        400,
        2001,
    );
    let back = estate.with(&away.body, "status", json!("active")).await;
    let told = (
        back.status,
        &back.body["status"],
        &back.body["autoRenewEnabled"],
    );
    assert_eq!(
        told,
        (200, &json!("active"), &json!(false)),
        "{}",
        back.body
    );
    for word in ["expired", "gone"] {
        at_fault(
            &estate.with(&back.body, "status", json!(word)).await,
            400,
            "status",
        );
    }
    // It may come back with its renewal at once.
    let away = estate.with(&back.body, "status", json!("suspended")).await;
    let mut body = with(&away.body, "status", json!("active"));
    body["autoRenewEnabled"] = json!(true);
    let back = estate.send(&bought, &body).await;
    let told = (
        back.status,
        &back.body["status"],
        &back.body["autoRenewEnabled"],
    );
    assert_eq!(told, (200, &json!("active"), &json!(true)), "{}", back.body);
}

#[tokio::test]
async fn a_subscription_is_cancelled_within_its_window() {
    let world = World::demo().await;
    let estate = Estate::of(&world, "harbor", "Juniper").await;
    let early = estate.seats("desk-standard", 10).await;
    let late = estate.seats("desk-premium", 10).await;
    let gone = estate.with(&early, "status", json!("deleted")).await;
    assert_eq!(
        (gone.status, &gone.body["status"]),
        (200, &json!("deleted")),
        "{}",
        gone.body
    );
    refused(
        &estate
            .with(&gone.body, "friendlyName", json!("Ghost"))
            .await,
        400,
        2011,
    );
    refused(
        &estate.with(&gone.body, "status", json!("active")).await,
        400,
        2011,
    );
    advance(&world, "P8D").await;
    refused(
        &estate.with(&late, "status", json!("deleted")).await,
        400,
        900_117,
    );
    assert!(estate.read(&text(&late["id"])).await.body["refundOptions"].is_null());
}

#[tokio::test]
async fn a_subscription_is_renamed() {
    let world = World::demo().await;
    let estate = Estate::of(&world, "harbor", "Juniper").await;
    let bought = estate.seats("desk-standard", 10).await;
    // As a released client sends it: every member in capitals, unset ones as null.
    let body = json!({
        "Id": bought["id"], "FriendlyName": "Front office", "Quantity": 10, "UnitType": "none", "ParentSubscriptionId": null,
        "Status": "active", "AutoRenewEnabled": true, "BillingCycle": "monthly", "BillingType": "none", "PartnerId": null,
        "OrderId": bought["orderId"], "Attributes": { "Etag": bought["attributes"]["etag"], "ObjectType": "Subscription" },
    });
    let renamed = estate.send(&bought, &body).await;
    let told = |body: &Value| {
        (
            text(&body["friendlyName"]),
            text(&body["offerName"]),
            body["quantity"].clone(),
        )
    };
    assert_eq!(renamed.status, 200, "{}", renamed.body);
    assert_eq!(
        told(&renamed.body),
        (
            "Front office".to_owned(),
            "Desk Standard".to_owned(),
            json!(10)
        )
    );
    assert_eq!(renamed.body["autoRenewEnabled"], true);
    assert_ne!(
        renamed.body["attributes"]["etag"],
        bought["attributes"]["etag"]
    );
    // Sent back as it is, nothing happens.
    let same = estate.send(&bought, &renamed.body).await;
    assert_eq!((same.status, &same.body), (200, &renamed.body));
}

#[tokio::test]
async fn renewal_is_switched() {
    let world = World::demo().await;
    let estate = Estate::of(&world, "harbor", "Bay Street").await;
    let ledger = estate
        .buy(json!({ "offerId": "ledger-saas", "quantity": 1, "termDuration": "P1M" }))
        .await;
    let off = estate.with(&ledger, "autoRenewEnabled", json!(false)).await;
    assert_eq!(
        (off.status, &off.body["autoRenewEnabled"]),
        (200, &json!(false)),
        "{}",
        off.body
    );
    let on = estate
        .with(&off.body, "autoRenewEnabled", json!(true))
        .await;
    assert_eq!(
        (on.status, &on.body["autoRenewEnabled"]),
        (200, &json!(true)),
        "{}",
        on.body
    );
    at_fault(
        &estate
            .with(&on.body, "autoRenewEnabled", json!("maybe"))
            .await,
        400,
        "autoRenewEnabled",
    );
    let server = estate
        .buy(json!({ "offerId": "server-perpetual", "quantity": 1 }))
        .await;
    assert_eq!(
        (&server["contractType"], &server["autoRenewEnabled"]),
        (&json!("product_key"), &json!(false))
    );
    refused(
        &estate.with(&server, "autoRenewEnabled", json!(true)).await,
        400,
        800_093,
    );
}

#[tokio::test]
async fn seats_are_scheduled_for_the_next_term() {
    let world = World::demo().await;
    let estate = Estate::of(&world, "harbor", "Juniper").await;
    let bought = estate.seats("desk-standard", 10).await;
    let offer = text(&bought["offerId"]);
    let parts: Vec<&str> = offer.split(':').collect();
    let next = |quantity: i64| {
        json!({
            "product": { "productId": parts[0], "skuId": parts[1], "availabilityId": parts[2], "billingCycle": "Monthly", "termDuration": "P1Y" },
            "quantity": quantity,
        })
    };
    let member = "scheduledNextTermInstructions";
    let planned = estate.with(&bought, member, next(8)).await;
    assert_eq!(
        (planned.status, &planned.body[member]),
        (200, &next(8)),
        "{}",
        planned.body
    );
    // What is sent back as it was read stays; a change of seats in the running term drops it (SUB-020).
    let renamed = estate
        .with(&planned.body, "friendlyName", json!("Desks"))
        .await;
    assert_eq!(renamed.body[member], next(8), "{}", renamed.body);
    let more = estate.with(&renamed.body, "quantity", json!(12)).await;
    assert_eq!(
        (&more.body[member], &more.body["quantity"]),
        (&Value::Null, &json!(12)),
        "{}",
        more.body
    );
    let planned = estate.with(&more.body, member, next(6)).await;
    assert_eq!(planned.body[member]["quantity"], 6, "{}", planned.body);
    let dropped = estate.with(&planned.body, member, Value::Null).await;
    let told = (&dropped.body[member], &dropped.body["autoRenewEnabled"]);
    assert_eq!(told, (&Value::Null, &json!(true)), "{}", dropped.body);
    let mut wanted = next(8);
    wanted["product"]["promotionId"] = json!("summer");
    at_fault(
        &estate.with(&dropped.body, member, wanted).await,
        400,
        &format!("{member}.product.promotionId"),
    );
    let mut wanted = next(8);
    wanted["product"]["termDuration"] = json!("soon");
    at_fault(
        &estate.with(&dropped.body, member, wanted).await,
        400,
        &format!("{member}.product.termDuration"),
    );
    refused(
        &estate.with(&dropped.body, member, next(1_000_000)).await,
        400,
        2002,
    );
    // Without renewal there is no next term (SUB-019), and nothing of the body is done.
    let mut body = with(&dropped.body, member, next(8));
    body["autoRenewEnabled"] = json!(false);
    let off = estate.send(&bought, &body).await;
    assert_eq!(off.status, 409, "{}", off.body);
    assert_eq!(off.body["data"][0], "SUB-019");
    assert_eq!(
        estate.read(&text(&bought["id"])).await.body["autoRenewEnabled"],
        true
    );
}

/// Twelve seats of an item, as instructions for a next term.
fn twelve(of: &Value, cycle: &str, term: &str) -> Value {
    let offer = text(&of["offerId"]);
    let parts: Vec<&str> = offer.split(':').collect();
    json!({
        "product": { "productId": parts[0], "skuId": parts[1], "availabilityId": parts[2], "billingCycle": cycle, "termDuration": term },
        "quantity": 12,
    })
}

/// Another item, term, billing cycle and end (SUB-019, SUB-034), each in force when the next term begins.
#[tokio::test]
async fn the_next_term_may_be_another() {
    let world = World::demo().await;
    let estate = Estate::of(&world, "harbor", "Juniper").await;
    let bought = estate.seats("desk-standard", 10).await;
    let premium = estate.seats("desk-premium", 1).await;
    let member = "scheduledNextTermInstructions";
    let wanted = twelve(&premium, "Annual", "P1Y");
    let planned = estate.with(&bought, member, wanted.clone()).await;
    assert_eq!(
        (planned.status, &planned.body[member]),
        (200, &wanted),
        "{}",
        planned.body
    );
    assert_eq!(planned.body["offerId"], bought["offerId"]);
    // Sent back as it was read, it stays as it is.
    let same = estate.send(&bought, &planned.body).await;
    assert_eq!((same.status, &same.body), (200, &planned.body));
    // Another term of the same item.
    let long = twelve(&bought, "Annual", "P3Y");
    let planned = estate.with(&planned.body, member, long.clone()).await;
    assert_eq!(
        (planned.status, &planned.body[member]),
        (200, &long),
        "{}",
        planned.body
    );
    // The next term ends with the last month that it has whole, and begins with a part (SUB-034).
    let mut wanted = twelve(&premium, "Monthly", "P1Y");
    wanted["customTermEndDate"] = json!("2027-12-31T23:59:59Z");
    let planned = estate.with(&planned.body, member, wanted.clone()).await;
    assert_eq!(
        (planned.status, &planned.body[member]),
        (200, &wanted),
        "{}",
        planned.body
    );
    advance(&world, "P366D").await;
    let renewed = estate.read(&text(&bought["id"])).await.body;
    let told = (
        &renewed["offerId"],
        &renewed["quantity"],
        &renewed["commitmentEndDate"],
        &renewed["billingCycleEndDate"],
        &renewed[member],
    );
    assert_eq!(
        told,
        (
            &premium["offerId"],
            &json!(12),
            &json!("2027-12-31T00:00:00Z"),
            &json!("2027-01-31T00:00:00Z"),
            &Value::Null
        ),
        "{renewed}"
    );
    advance(&world, "P366D").await;
    let whole = estate.read(&text(&bought["id"])).await.body;
    assert_eq!(whole["commitmentEndDate"], "2028-12-31T00:00:00Z");
}

#[tokio::test]
async fn a_next_term_is_refused_with_its_reason() {
    let world = World::demo().await;
    let estate = Estate::of(&world, "harbor", "Juniper").await;
    let bought = estate.seats("desk-standard", 10).await;
    let member = "scheduledNextTermInstructions";
    let refusals = [
        // The months' ends: none but the last in the term, and what other subscriptions end with.
        ("2028-03-31T23:59:59Z", 900_245),
        ("2026-12-31", 900_245),
        ("2020-01-31", 900_245),
        ("2027-05-05", 900_246),
    ];
    for (end, code) in refusals {
        let mut wanted = twelve(&bought, "Monthly", "P1Y");
        wanted["customTermEndDate"] = json!(end);
        refused(&estate.with(&bought, member, wanted).await, 400, code);
    }
    let mut wanted = twelve(&bought, "Monthly", "P1Y");
    wanted["customTermEndDate"] = json!("someday");
    at_fault(
        &estate.with(&bought, member, wanted.clone()).await,
        400,
        &format!("{member}.customTermEndDate"),
    );
    for (part, value, status, code) in [
        ("termDuration", json!("P7M"), 400, 800_121),
        ("billingCycle", json!("Triennial"), 400, 900_270),
        ("billingCycle", json!("OneTime"), 400, 900_269),
        ("skuId", json!("0099"), 404, 400_013),
    ] {
        let mut wanted = twelve(&bought, "Monthly", "P1Y");
        wanted["product"][part] = value;
        refused(&estate.with(&bought, member, wanted).await, status, code);
    }
    let core = estate
        .buy(json!({ "offerId": "workplace-core", "quantity": 1, "termDuration": "P1Y", "billingCycle": "monthly" }))
        .await;
    let wanted = twelve(&core, "Monthly", "P1Y");
    refused(&estate.with(&bought, member, wanted).await, 400, 800_021);
}

#[tokio::test]
async fn what_a_body_leaves_out_is_cleared() {
    let world = World::demo().await;
    let estate = Estate::of(&world, "harbor", "Juniper").await;
    let bought = estate.seats("desk-standard", 10).await;
    let planned = estate
        .with(
            &bought,
            "scheduledNextTermInstructions",
            json!({ "quantity": 8 }),
        )
        .await;
    assert_eq!(
        planned.body["scheduledNextTermInstructions"]["quantity"], 8,
        "{}",
        planned.body
    );
    let renamed = estate
        .send(&bought, &json!({ "friendlyName": "Desks" }))
        .await;
    assert_eq!(renamed.status, 200, "{}", renamed.body);
    assert_eq!(renamed.body["friendlyName"], "Desks");
    assert_eq!(renamed.body["autoRenewEnabled"], false);
    assert!(renamed.body["scheduledNextTermInstructions"].is_null());
    assert_eq!(
        (&renamed.body["quantity"], &renamed.body["status"]),
        (&json!(10), &json!("active"))
    );
    let path = format!("{}/{}", estate.path, text(&bought["id"]));
    at_fault(
        &patch(&world, &path, &estate.token, &json!([])).await,
        400,
        "body",
    );
}

/// A trial has a next term of its own: the paid item, for a year.
#[tokio::test]
async fn a_trial_shows_what_it_becomes() {
    let world = World::demo().await;
    let estate = Estate::of(&world, "harbor", "Juniper").await;
    let trial = estate
        .buy(json!({ "offerId": "workplace-core-trial", "quantity": 25 }))
        .await;
    let next = &trial["scheduledNextTermInstructions"];
    assert_eq!(
        (&trial["isTrial"], &next["quantity"]),
        (&json!(true), &json!(25)),
        "{trial}"
    );
    assert_eq!(next["product"]["termDuration"], "P1Y");
    let mut fewer = next.clone();
    fewer["quantity"] = json!(5);
    let planned = estate
        .with(&trial, "scheduledNextTermInstructions", fewer.clone())
        .await;
    assert_eq!(
        (
            planned.status,
            &planned.body["scheduledNextTermInstructions"]
        ),
        (200, &fewer),
        "{}",
        planned.body
    );
    // It may become something else: a longer term with a cycle of its own, or what the paid item is upgraded to.
    let mut long = fewer.clone();
    long["product"]["termDuration"] = json!("P3Y");
    long["product"]["billingCycle"] = json!("Annual");
    let planned = estate
        .with(&planned.body, "scheduledNextTermInstructions", long.clone())
        .await;
    assert_eq!(
        (
            planned.status,
            &planned.body["scheduledNextTermInstructions"]
        ),
        (200, &long),
        "{}",
        planned.body
    );
    let same = estate.send(&trial, &planned.body).await;
    assert_eq!((same.status, &same.body), (200, &planned.body));
    long["product"]["billingCycle"] = json!("OneTime");
    refused(
        &estate
            .with(&planned.body, "scheduledNextTermInstructions", long)
            .await,
        400,
        900_269,
    );
    let more = estate.with(&planned.body, "quantity", json!(30)).await;
    let rules = more.body["data"].as_array().unwrap();
    assert!(rules.contains(&json!("SUB-024")), "{}", more.body);
    refused(
        &estate
            .with(&planned.body, "status", json!("suspended"))
            .await,
        400,
        800_096,
    );
    advance(&world, "P31D").await;
    let paid = estate.read(&text(&trial["id"])).await.body;
    let told = [
        &paid["isTrial"],
        &paid["quantity"],
        &paid["termDuration"],
        &paid["billingCycle"],
    ];
    assert_eq!(
        told,
        [&json!(false), &json!(5), &json!("P3Y"), &json!("annual")],
        "{paid}"
    );
}

/// A promotion may be wished for the next term; it comes where it still fits then (ORD-043).
#[tokio::test]
async fn the_next_term_may_have_another_promotion() {
    let world = World::demo().await;
    let estate = Estate::of(&world, "harbor", "Juniper").await;
    let line = json!({ "offerId": "frontline-3", "quantity": 5, "termDuration": "P1M", "billingCycle": "monthly" });
    let month = estate.buy(line).await;
    let promotions = world
        .get("/v1/productpromotions?country=US", &estate.token)
        .await;
    let offer = text(&month["offerId"]);
    let parts: Vec<&str> = offer.split(':').collect();
    let promotions = promotions.body["items"].as_array().unwrap();
    let of = |is_it: bool| {
        let mut found = promotions.iter();
        let found = found.find(|one| {
            let required = &one["requiredProducts"][0];
            (required["productId"] == parts[0] && required["skuId"] == parts[1]) == is_it
        });
        found.unwrap()["id"].clone()
    };
    let member = "scheduledNextTermInstructions";
    let next = |promotion: &Value| {
        json!({
            "product": {
                "productId": parts[0], "skuId": parts[1], "availabilityId": parts[2], "billingCycle": "Monthly", "termDuration": "P1Y",
                "promotionId": promotion,
            },
            "quantity": 5,
        })
    };
    let other = estate.with(&month, member, next(&of(false))).await;
    at_fault(&other, 400, &format!("{member}.product.promotionId"));
    let planned = estate.with(&month, member, next(&of(true))).await;
    assert_eq!(planned.status, 200, "{}", planned.body);
    let wished = &planned.body[member]["product"]["promotionId"];
    assert!(wished.is_string(), "{}", planned.body);
    let same = estate.send(&month, &planned.body).await;
    assert_eq!((same.status, &same.body), (200, &planned.body));
    advance(&world, "P32D").await;
    let year = estate.read(&text(&month["id"])).await.body;
    let told = (&year["termDuration"], &year["promotionId"]);
    assert_eq!(told, (&json!("P1Y"), wished), "{year}");
}

#[tokio::test]
async fn billing_frequency_changes_where_it_may() {
    let world = World::demo().await;
    let estate = Estate::of(&world, "harbor", "Juniper").await;
    let line = json!({ "offerId": "desk-standard", "quantity": 4, "termDuration": "P3Y", "billingCycle": "monthly" });
    let long = estate.buy(line).await;
    // From the next charge on (SUB-022).
    let changed = estate.with(&long, "billingCycle", json!("Annual")).await;
    let told = (changed.status, &changed.body["billingCycle"]);
    assert_eq!(told, (200, &json!("monthly")), "{}", changed.body);
    let waiting = &changed.body["nextChargeInstructions"];
    assert_eq!(
        (&waiting["product"]["billingCycle"], &waiting["quantity"]),
        (&json!("Annual"), &json!(4))
    );
    let kept = estate
        .with(&changed.body, "friendlyName", json!("Long"))
        .await;
    assert_eq!(
        &kept.body["nextChargeInstructions"], waiting,
        "{}",
        kept.body
    );
    let taken_back = estate
        .with(&kept.body, "nextChargeInstructions", Value::Null)
        .await;
    assert_eq!(taken_back.status, 200, "{}", taken_back.body);
    assert!(taken_back.body["nextChargeInstructions"].is_null());
    let year = estate.seats("desk-standard", 4).await;
    refused(
        &estate.with(&year, "billingCycle", json!("annual")).await,
        400,
        800_097,
    );
    at_fault(
        &estate.with(&year, "billingCycle", json!("weekly")).await,
        400,
        "billingCycle",
    );
    at_fault(
        &estate.with(&year, "termDuration", json!("long")).await,
        400,
        "termDuration",
    );
    // A longer term at once, a shorter one never (SUB-023).
    let longer = estate.with(&year, "termDuration", json!("P3Y")).await;
    let told = (
        longer.status,
        &longer.body["termDuration"],
        &longer.body["commitmentEndDate"],
    );
    assert_eq!(
        told,
        (200, &json!("P3Y"), &json!("2029-01-14T00:00:00Z")),
        "{}",
        longer.body
    );
    refused(
        &estate
            .with(&longer.body, "termDuration", json!("P1Y"))
            .await,
        400,
        800_122,
    );
    // In the traditional generation the order is what changes.
    let older = estate.seats("desk-classic", 4).await;
    refused(
        &estate.with(&older, "billingCycle", json!("annual")).await,
        400,
        2054,
    );
}

#[tokio::test]
async fn several_changes_are_done_together_or_not_at_all() {
    let world = World::demo().await;
    let estate = Estate::of(&world, "harbor", "Juniper").await;
    let bought = estate.seats("desk-standard", 10).await;
    let mut body = with(&bought, "quantity", json!(12));
    body["friendlyName"] = json!("Back office");
    body["autoRenewEnabled"] = json!(false);
    let told = |body: &Value| {
        (
            body["quantity"].clone(),
            text(&body["friendlyName"]),
            body["autoRenewEnabled"].clone(),
        )
    };
    let changed = estate.send(&bought, &body).await;
    let expected = (json!(12), "Back office".to_owned(), json!(false));
    assert_eq!(
        (changed.status, told(&changed.body)),
        (200, expected.clone()),
        "{}",
        changed.body
    );
    // The name would be done last; the renewal before it is refused, and the seats before that are undone.
    let server = Estate::of(&world, "harbor", "Bay Street").await;
    let perpetual = server
        .buy(json!({ "offerId": "server-perpetual", "quantity": 1 }))
        .await;
    let mut body = with(&perpetual, "friendlyName", json!("Servers"));
    body["quantity"] = json!(2);
    body["autoRenewEnabled"] = json!(true);
    refused(&server.send(&perpetual, &body).await, 400, 800_093);
    let after = server.read(&text(&perpetual["id"])).await.body;
    assert_eq!(after, perpetual);
}

/// SUB-025: a promotion that is not for the new term is lost, and one that is for it comes by itself.
#[tokio::test]
async fn a_promotion_comes_and_goes_with_the_term() {
    let world = World::demo().await;
    let estate = Estate::of(&world, "harbor", "Juniper").await;
    let line = json!({ "offerId": "frontline-3", "quantity": 5, "termDuration": "P1M", "billingCycle": "monthly" });
    let month = estate.buy(line).await;
    assert!(month["promotionId"].is_null(), "{month}");
    let year = estate.with(&month, "termDuration", json!("P1Y")).await;
    assert_eq!(year.status, 200, "{}", year.body);
    assert!(year.body["promotionId"].is_string(), "{}", year.body);
    let mut body = with(&year.body, "termDuration", json!("P3Y"));
    body["billingCycle"] = json!("annual");
    let years = estate.send(&month, &body).await;
    assert_eq!(
        (years.status, &years.body["promotionId"]),
        (200, &Value::Null),
        "{}",
        years.body
    );
}

/// GEN-009: who prefers not to wait is answered before the change is there, and finds it where it is told to look.
#[tokio::test]
async fn an_update_may_be_accepted_and_polled_for() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let customer = world.customer("harbor", "Bay Street").await;
    let list = world
        .get(&format!("/v1/customers/{customer}/subscriptions"), &token)
        .await;
    let items = list.body["items"].as_array().unwrap();
    let core = items.iter().find(|one| one["quantity"] == 20).unwrap();
    let id = core["id"].as_str().unwrap();
    let place = format!("/customers/{customer}/subscriptions/{id}");
    let path = format!("/v1{place}");
    let seen = world.get(&path, &token).await.body;
    let renamed = |name: &str| {
        let mut body = seen.clone();
        body["friendlyName"] = json!(name);
        body.as_object_mut().unwrap().remove("attributes");
        body
    };
    let patch = async |name: &str, prefer: &str| {
        let body = renamed(name).to_string().into_bytes();
        let prefer = [("Prefer", prefer)];
        let prefer = if prefer[0].1.is_empty() {
            &prefer[..0]
        } else {
            &prefer[..]
        };
        world
            .send("PATCH", &path, Some(&token), Some(body), prefer)
            .await
    };
    let accepted = patch("Later", "respond-async, wait=0").await;
    assert_eq!((accepted.status, &accepted.body), (202, &Value::Null));
    assert_eq!(accepted.headers["location"], place);
    assert_eq!(accepted.headers["preference-applied"], "respond-async");
    // Each look is a call, and the update is ahead of the most of them.
    let mut looks = 0;
    while world.get(&path, &token).await.body["friendlyName"] != "Later" {
        looks += 1;
        assert!(looks < 1_000, "the update never came");
    }
    for (name, prefer) in [
        ("Soon", "respond-async, wait=10"),
        ("Soon enough", "respond-async"),
        ("Now", ""),
        ("As ever", "return=representation"),
    ] {
        let done = patch(name, prefer).await;
        assert_eq!(
            (done.status, &done.body["friendlyName"]),
            (200, &json!(name)),
            "{prefer}: {}",
            done.body
        );
    }
    // What is wrong is told at once, whatever is preferred.
    let mut wrong = renamed("Never");
    wrong["quantity"] = json!("many");
    let wrong = wrong.to_string().into_bytes();
    let answer = world
        .send(
            "PATCH",
            &path,
            Some(&token),
            Some(wrong),
            &[("Prefer", "respond-async")],
        )
        .await;
    assert_eq!(answer.status, 400, "{}", answer.body);
}

//! Timelines, windows, and what a command would do.

use serde_json::{Value, json};

use crate::common::{Answer, World, advance, text};

async fn rehearse(world: &World, who: &str, body: Value) -> Answer {
    world
        .post("/program/v1/rehearsals", &world.user(who), &body)
        .await
}

async fn outlook(world: &World, who: &str, of: &str) -> Answer {
    let path = format!("/program/v1/subscriptions/{of}/outlook");
    world.get(&path, &world.user(who)).await
}

async fn command(world: &World, who: &str, verb: &str, params: Value) -> Answer {
    let path = format!("/program/v1/commands/{verb}");
    let answer = world.post(&path, &world.user(who), &params).await;
    assert_eq!(answer.status, 200, "{verb}: {}", answer.body);
    answer
}

#[tokio::test]
async fn what_a_rehearsal_shows_is_what_happens_then() {
    let world = World::demo().await;
    let sub = "sub-juniper-bakery";
    let before = outlook(&world, "harbor", sub).await.body;
    assert_eq!(
        (&before["quantity"], &before["reducible"]),
        (&json!(15), &json!(0))
    );
    let more = json!({ "subscription": sub, "quantity": 23 });
    let shown = rehearse(
        &world,
        "harbor",
        json!({ "verb": "change_quantity", "params": more }),
    )
    .await;
    assert_eq!(shown.status, 200, "{}", shown.body);
    assert_eq!(shown.body["decision"]["allowed"], true);
    assert_eq!(shown.body["after"]["quantity"], 23);
    assert_eq!(shown.body["after"]["reducible"], 8);
    assert_eq!(shown.body["charges"].as_array().unwrap().len(), 2);
    // Nothing of it stays.
    assert_eq!(outlook(&world, "harbor", sub).await.body["quantity"], 15);

    command(&world, "harbor", "change_quantity", more).await;
    let after = outlook(&world, "harbor", sub).await.body;
    let open = after["seats"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&after["quantity"], &after["reducible"], &open["isOpen"]),
        (&json!(23), &json!(8), &json!(true))
    );

    // Inside the window eight seats go back for the price of these eight; outside not one.
    let fewer = json!({ "subscription": sub, "quantity": 15 });
    let back = rehearse(
        &world,
        "harbor",
        json!({ "verb": "change_quantity", "params": fewer }),
    )
    .await;
    assert_eq!(back.body["decision"]["allowed"], true, "{}", back.body);
    let given = text(&shown.body["sums"][0]);
    let returned = text(&back.body["sums"][0]);
    assert_eq!(returned, given.replace("USD ", "USD -"));
    advance(&world, "P8D").await;
    let late = rehearse(
        &world,
        "harbor",
        json!({ "verb": "change_quantity", "params": fewer }),
    )
    .await;
    assert_eq!(late.status, 200);
    assert_eq!(
        late.body["decision"]["violations"][0]["rule"], "SUB-006",
        "{}",
        late.body
    );
    assert!(
        late.body.get("after").is_none() && late.body["charges"].as_array().unwrap().is_empty()
    );

    let path = format!("/program/v1/subscriptions/{sub}/timeline");
    let told = world.get(&path, &world.user("harbor")).await.body;
    let change = &told["items"][0];
    assert_eq!(change["operation"], "update_subscription");
    let quantity = change["changes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|change| change["field"] == "quantity")
        .unwrap();
    assert_eq!(
        (&quantity["from"], &quantity["to"]),
        (&json!("15"), &json!("23"))
    );
    let customer = world
        .get(
            "/program/v1/customers/juniper-bakery/timeline?count=1",
            &world.user("harbor"),
        )
        .await
        .body;
    assert_eq!(customer["items"][0]["id"], change["id"]);
}

#[tokio::test]
async fn the_consequences_of_a_removal_are_known_before() {
    let world = World::demo().await;
    let order = json!({ "verb": "order", "params": {
        "customer": "red-rock-dental", "item": "desk-premium", "quantity": 1, "partner_of_record": "cedar" } });
    let removal =
        json!({ "verb": "remove_partnership", "params": { "partner": "cedar" }, "then": [order] });
    let shown = rehearse(&world, "meridian", removal).await;
    assert_eq!(shown.body["result"]["state"], "removed", "{}", shown.body);
    let then = &shown.body["then"][0];
    assert_eq!(then["allowed"], false);
    assert_eq!(then["violations"][0]["rule"], "REL-009", "{then}");
    // It is in force all the same.
    let path = "/program/v1/decisions";
    let now = world.post(path, &world.user("meridian"), &order).await.body;
    assert_eq!(now["allowed"], true, "{now}");
}

#[tokio::test]
async fn what_is_anothers_is_neither_shown_nor_rehearsed() {
    let world = World::demo().await;
    let sub = "sub-red-rock-dental";
    assert_eq!(
        outlook(&world, "meridian", sub).await.body["unitPrice"],
        "USD 264.00"
    );
    // The reseller of record sees it, without what its provider pays.
    let reseller = outlook(&world, "cedar", sub).await;
    assert_eq!(reseller.status, 200);
    assert!(
        reseller.body.get("unitPrice").is_none(),
        "{}",
        reseller.body
    );
    for stranger in ["harbor", "bridgewater", "alpenrand"] {
        assert_eq!(
            outlook(&world, stranger, sub).await.status,
            404,
            "{stranger}"
        );
        for path in [
            "subscriptions/sub-red-rock-dental/timeline",
            "customers/red-rock-dental/timeline",
        ] {
            let answer = world
                .get(&format!("/program/v1/{path}"), &world.user(stranger))
                .await;
            assert_eq!(answer.status, 404, "{stranger} {path}");
        }
        let tried = rehearse(
            &world,
            stranger,
            json!({ "verb": "suspend", "params": { "subscription": sub } }),
        )
        .await;
        assert!(
            tried.body["decision"]["allowed"] != true && tried.body.get("after").is_none(),
            "{}",
            tried.body
        );
    }
    let posing = rehearse(
        &world,
        "harbor",
        json!({ "as": "meridian", "verb": "suspend", "params": { "subscription": sub } }),
    )
    .await;
    assert_eq!(posing.status, 403);
    let operator = rehearse(
        &world,
        "operator",
        json!({ "as": "meridian", "verb": "suspend", "params": { "subscription": sub } }),
    )
    .await;
    assert_eq!(
        operator.body["after"]["state"], "suspended",
        "{}",
        operator.body
    );
    for (body, field) in [
        (json!({ "verb": "vanish" }), "verb"),
        (
            json!({ "verb": "cancel", "params": { "subscription": 7 } }),
            "params.subscription",
        ),
        (
            json!({ "verb": "cancel", "params": {}, "then": [{ "verb": "vanish" }] }),
            "then.verb",
        ),
    ] {
        let answer = rehearse(&world, "harbor", body).await;
        assert_eq!(answer.status, 400, "{field}: {}", answer.body);
        assert!(
            text(&answer.body["detail"]).starts_with(&format!("{field}: ")),
            "{field}: {}",
            answer.body
        );
    }
}

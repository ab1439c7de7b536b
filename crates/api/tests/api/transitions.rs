//! Transitions of new commerce, upgrades of the traditional generation, trials that become paid.

use crate::common::subscriptions::{Estate, at_fault, refused, with};
use crate::common::{World, advance, text};
use serde_json::{Value, json};

/// The id of an item in the catalogue, as a subscription of it shows it.
async fn catalogue_id(estate: &Estate<'_>, item: &str) -> String {
    text(&estate.seats(item, 1).await["offerId"])
}

#[tokio::test]
async fn eligibility_tells_why_not() {
    let world = World::demo().await;
    let estate = Estate::of(&world, "harbor", "Juniper").await;
    let basic = estate.seats("desk-basic", 10).await;
    let fresh = estate.seats("desk-standard", 2).await;
    let asked = |query: &'static str| {
        let part = format!("transitionEligibilities{query}");
        let (estate, basic) = (&estate, &basic);
        async move { estate.below(basic, &part).await }
    };
    let list = asked("?eligibilityType=immediate").await;
    assert_eq!(
        (list.status, &list.body["totalCount"]),
        (200, &json!(2)),
        "{}",
        list.body
    );
    let standard = &list.body["items"][0];
    assert_eq!(standard["catalogItemId"], fresh["offerId"]);
    assert_eq!(
        (&standard["title"], &standard["quantity"]),
        (&json!("Desk Standard"), &json!(10))
    );
    for (place, way) in ["transition_only", "transition_with_license_transfer"]
        .into_iter()
        .enumerate()
    {
        let expected = json!({ "isEligible": true, "transitionType": way, "errors": [] });
        assert_eq!(standard["eligibilities"][place], expected);
    }
    // A target inside its window for cancelling is none (SUB-028).
    let target = standard["subscriptionEligibilities"].as_array().unwrap();
    let target = target
        .iter()
        .find(|one| one["subscriptionId"] == fresh["id"])
        .unwrap();
    assert_eq!(
        (&target["isEligible"], &target["errors"][0]["code"]),
        (&json!(false), &json!(2)),
        "{target}"
    );
    assert_eq!(
        (
            &target["subscriptionTermDuration"],
            &target["subscriptionBillingCycle"]
        ),
        (&json!("P1Y"), &json!("monthly"))
    );
    // At the next term, which needs renewal and goes into no other subscription (SUB-019, SUB-049).
    let scheduled = asked("?eligibilityType=scheduled").await;
    assert_eq!(scheduled.status, 200, "{}", scheduled.body);
    let later = &scheduled.body["items"][0];
    assert_eq!(
        (&later["eligibilities"], &later["subscriptionEligibilities"]),
        (
            &json!([{ "isEligible": true, "transitionType": "transition_only", "errors": [] }]),
            &json!([])
        )
    );
    at_fault(
        &asked("?eligibilityType=someday").await,
        400,
        "eligibilityType",
    );
    let away = estate.with(&basic, "status", json!("suspended")).await;
    assert_eq!(away.status, 200, "{}", away.body);
    let list = asked("").await;
    let way = &list.body["items"][0]["eligibilities"][0];
    assert_eq!(
        (&way["isEligible"], &way["errors"][0]["code"]),
        (&json!(false), &json!(800_012)),
        "{}",
        list.body
    );
}

#[tokio::test]
async fn a_subscription_goes_to_a_dearer_item() {
    let world = World::demo().await;
    let estate = Estate::of(&world, "harbor", "Juniper").await;
    let basic = estate.seats("desk-basic", 10).await;
    let standard = catalogue_id(&estate, "desk-standard").await;
    let wanted = json!({
        "fromCatalogItemId": basic["offerId"], "fromSubscriptionId": basic["id"], "toCatalogItemId": standard, "quantity": 4,
        "termDuration": "P1Y", "billingCycle": "Monthly", "transitionType": "transition_with_license_transfer",
    });
    // A part becomes a second subscription, and all of it stays what it is (SUB-029).
    let part = estate.post_below(&basic, "transitions", &wanted).await;
    assert_eq!(part.status, 200, "{}", part.body);
    for member in [
        "fromCatalogItemId",
        "fromSubscriptionId",
        "toCatalogItemId",
        "quantity",
        "termDuration",
        "billingCycle",
        "transitionType",
    ] {
        assert_eq!(part.body[member], wanted[member], "{member}");
    }
    assert_ne!(part.body["toSubscriptionId"], basic["id"]);
    let events = part.body["events"].as_array().unwrap();
    let told: Vec<(String, String)> = events
        .iter()
        .map(|event| (text(&event["name"]), text(&event["status"])))
        .collect();
    let event = |status: &str| ("Conversion".to_owned(), status.to_owned());
    assert_eq!(told, [event("Started"), event("Completed")]);
    assert_eq!(
        (
            &part.body["attributes"]["objectType"],
            &events[0]["timestamp"]
        ),
        (&json!("Transition"), &json!("2026-01-15T12:00:00Z"))
    );
    let second = estate
        .read(&text(&part.body["toSubscriptionId"]))
        .await
        .body;
    assert_eq!(
        (&second["offerId"], &second["quantity"]),
        (&json!(standard), &json!(4)),
        "{second}"
    );
    let mut rest = wanted.clone();
    rest["quantity"] = json!(6);
    let whole = estate.post_below(&basic, "transitions", &rest).await;
    assert_eq!(
        (whole.status, &whole.body["toSubscriptionId"]),
        (200, &basic["id"]),
        "{}",
        whole.body
    );
    assert_eq!(whole.body["events"][2]["name"], "LicenseReassignment");
    let upgraded = estate.read(&text(&basic["id"])).await.body;
    assert_eq!(
        (&upgraded["offerId"], &upgraded["quantity"]),
        (&json!(standard), &json!(6))
    );
    // An upgrade is not taken back (SUB-027), and the subscription says so.
    assert!(
        upgraded["refundOptions"].is_null() && upgraded["cancellationAllowedUntilDate"].is_null(),
        "{upgraded}"
    );
    let list = estate.below(&basic, "transitions").await;
    assert_eq!(
        list.body["items"],
        json!([part.body, whole.body]),
        "{}",
        list.body
    );
    let one = format!(
        "transitions?operationId={}",
        text(&whole.body["operationId"])
    );
    assert_eq!(
        estate.below(&basic, &one).await.body["items"],
        json!([whole.body])
    );
}

#[tokio::test]
async fn a_transition_is_refused_with_its_reason() {
    let world = World::demo().await;
    let estate = Estate::of(&world, "harbor", "Juniper").await;
    let basic = estate.seats("desk-basic", 10).await;
    let (standard, core) = (
        catalogue_id(&estate, "desk-standard").await,
        catalogue_id(&estate, "workplace-core").await,
    );
    let good =
        json!({ "toCatalogItemId": standard, "quantity": 10, "transitionType": "transition_only" });
    let tried = |body: Value| {
        let (estate, basic) = (&estate, &basic);
        async move { estate.post_below(basic, "transitions", &body).await }
    };
    for (member, value, status) in [
        ("transitionType", Value::Null, 400),
        ("transitionType", json!("sideways"), 400),
        ("quantity", Value::Null, 400),
        ("toCatalogItemId", Value::Null, 400),
        (
            "toCatalogItemId",
            json!("NOSUCHITEM00:0001:NOSUCHAVAIL0"),
            404,
        ),
        ("fromSubscriptionId", json!("another"), 400),
        ("fromCatalogItemId", json!("another"), 400),
        ("termDuration", json!("soon"), 400),
        ("billingCycle", json!("sometimes"), 400),
    ] {
        at_fault(&tried(with(&good, member, value)).await, status, member);
    }
    refused(
        &tried(with(&good, "toCatalogItemId", json!(core))).await,
        400,
        800_021,
    );
    refused(&tried(with(&good, "quantity", json!(11))).await, 400, 2002);
    // In the running term it becomes no shorter (SUB-023), is not paid upfront (SUB-022), and is what the item offers.
    for (member, value, code) in [
        ("termDuration", json!("P1M"), 800_122),
        ("billingCycle", json!("Annual"), 800_097),
        ("termDuration", json!("P2Y"), 900_268),
        ("billingCycle", json!("Triennial"), 900_270),
    ] {
        let answer = tried(with(&good, member, value)).await;
        refused(&answer, 400, code);
    }
    let foreign = Estate::of(&world, "meridian", "Canyon")
        .await
        .named("Desk Standard")
        .await;
    refused(
        &tried(with(&good, "toSubscriptionId", foreign["id"].clone())).await,
        404,
        20_003,
    );
    let target = estate.seats("desk-standard", 2).await;
    let into = with(&good, "toSubscriptionId", target["id"].clone());
    refused(&tried(into.clone()).await, 400, 900_261);
    advance(&world, "P8D").await;
    let poured = tried(into).await;
    assert_eq!(
        (poured.status, &poured.body["toSubscriptionId"]),
        (200, &target["id"]),
        "{}",
        poured.body
    );
    assert_eq!(estate.read(&text(&target["id"])).await.body["quantity"], 12);
    assert_eq!(
        estate.read(&text(&basic["id"])).await.body["status"],
        "deleted"
    );
}

/// A dearer item may come with a longer term, which begins at once (SUB-023).
#[tokio::test]
async fn a_transition_may_be_to_a_longer_term() {
    let world = World::demo().await;
    let estate = Estate::of(&world, "harbor", "Juniper").await;
    let basic = estate.seats("desk-basic", 10).await;
    let standard = catalogue_id(&estate, "desk-standard").await;
    let body = json!({
        "toCatalogItemId": standard, "quantity": 10, "transitionType": "transition_only",
        "termDuration": "P3Y", "billingCycle": "Annual",
    });
    let done = estate.post_below(&basic, "transitions", &body).await;
    let told = [
        &done.body["toSubscriptionId"],
        &done.body["termDuration"],
        &done.body["billingCycle"],
    ];
    assert_eq!(
        told,
        [&basic["id"], &json!("P3Y"), &json!("Annual")],
        "{}",
        done.body
    );
    let now = estate.read(&text(&basic["id"])).await.body;
    let told = [
        &now["offerId"],
        &now["termDuration"],
        &now["billingCycle"],
        &now["commitmentEndDate"],
    ];
    assert_eq!(
        told,
        [
            &json!(standard),
            &json!("P3Y"),
            &json!("annual"),
            &json!("2029-01-14T00:00:00Z")
        ],
        "{now}"
    );
}

#[tokio::test]
async fn a_traditional_subscription_is_upgraded() {
    let world = World::demo().await;
    let estate = Estate::of(&world, "harbor", "Juniper").await;
    let classic = estate.seats("desk-classic", 10).await;
    let list = estate.below(&classic, "upgrades").await;
    assert_eq!(
        (list.status, &list.body["totalCount"]),
        (200, &json!(2)),
        "{}",
        list.body
    );
    let plus = &list.body["items"][0];
    // Moving licences along takes rights in the customer's tenant that this partner has not (ROL-036).
    let told = (&plus["isEligible"], &plus["upgradeType"], &plus["quantity"]);
    assert_eq!(told, (&json!(true), &json!("upgrade_only"), &json!(10)));
    assert_eq!(
        (&plus["targetOffer"]["name"], &plus["upgradeErrors"]),
        (&json!("Desk Classic Plus"), &json!([]))
    );
    let wanted = json!({ "targetOffer": { "id": plus["targetOffer"]["id"] }, "upgradeType": plus["upgradeType"], "quantity": 10 });
    for (member, value, status, at) in [
        ("upgradeType", json!("sideways"), 400, "upgradeType"),
        ("targetOffer", Value::Null, 400, "targetOffer.id"),
        (
            "targetOffer",
            json!({ "id": "5d1a8f60-3c17-4a52-9e0b-7c2f61d3a499" }),
            404,
            "targetOffer.id",
        ),
    ] {
        let answer = estate
            .post_below(&classic, "upgrades", &with(&wanted, member, value))
            .await;
        at_fault(&answer, status, at);
    }
    let along = with(
        &wanted,
        "upgradeType",
        json!("upgrade_with_license_transfer"),
    );
    refused(
        &estate.post_below(&classic, "upgrades", &along).await,
        403,
        900_308,
    );
    let done = estate.post_below(&classic, "upgrades", &wanted).await;
    let expected = json!({
        "sourceSubscriptionId": classic["id"], "targetSubscriptionId": classic["id"], "upgradeType": "upgrade_only",
        "upgradeErrors": [], "licenseErrors": [], "attributes": { "objectType": "UpgradeResult" },
    });
    assert_eq!((done.status, &done.body), (200, &expected), "{}", done.body);
    assert_eq!(
        estate.read(&text(&classic["id"])).await.body["offerName"],
        "Desk Classic Plus"
    );
    // One that is suspended may not, and is told why.
    let other = estate.seats("desk-classic", 3).await;
    assert_eq!(
        estate
            .with(&other, "status", json!("suspended"))
            .await
            .status,
        200
    );
    let list = estate.below(&other, "upgrades").await;
    let plus = &list.body["items"][0];
    assert_eq!(
        (&plus["isEligible"], &plus["upgradeType"]),
        (&json!(false), &json!("none")),
        "{}",
        list.body
    );
    assert_eq!(
        plus["upgradeErrors"][0]["code"],
        "subscription_status_not_active"
    );
    refused(
        &estate
            .post_below(&other, "upgrades", &with(&wanted, "quantity", json!(3)))
            .await,
        400,
        800_012,
    );
    // New commerce has transitions instead.
    let newer = estate.seats("desk-basic", 1).await;
    assert_eq!(
        estate.below(&newer, "upgrades").await.body["items"],
        json!([])
    );
}

#[tokio::test]
async fn a_trial_becomes_paid() {
    let world = World::demo().await;
    let estate = Estate::of(&world, "harbor", "Juniper").await;
    let trial = estate
        .buy(json!({ "offerId": "workplace-core-trial", "quantity": 25 }))
        .await;
    let list = estate.below(&trial, "conversions").await;
    let way = list.body["items"][0].clone();
    assert_eq!(
        (list.status, &list.body["totalCount"]),
        (200, &json!(1)),
        "{}",
        list.body
    );
    assert_eq!(
        (&way["offerId"], &way["quantity"], &way["billingCycle"]),
        (&trial["offerId"], &json!(25), &json!("monthly"))
    );
    assert_eq!(
        (&way["orderId"], &way["attributes"]["objectType"]),
        (&trial["orderId"], &json!("Conversion"))
    );
    for (member, value, status) in [
        ("offerId", json!("another"), 400),
        ("targetOfferId", json!("another"), 400),
        ("billingCycle", json!("weekly"), 400),
        ("quantity", json!("many"), 400),
    ] {
        let answer = estate
            .post_below(&trial, "conversions", &with(&way, member, value))
            .await;
        at_fault(&answer, status, member);
    }
    refused(
        &estate
            .post_below(&trial, "conversions", &with(&way, "quantity", json!(5)))
            .await,
        400,
        2002,
    );
    let triennial = with(&way, "billingCycle", json!("triennial"));
    refused(
        &estate.post_below(&trial, "conversions", &triennial).await,
        400,
        900_269,
    );
    let mut more = with(&way, "quantity", json!(30));
    more["billingCycle"] = json!("annual");
    let done = estate.post_below(&trial, "conversions", &more).await;
    let expected = json!({
        "subscriptionId": trial["id"], "offerId": way["offerId"], "targetOfferId": way["targetOfferId"],
        "attributes": { "objectType": "ConversionResult" },
    });
    assert_eq!((done.status, &done.body), (200, &expected), "{}", done.body);
    let paid = estate.read(&text(&trial["id"])).await.body;
    let told = (
        &paid["isTrial"],
        &paid["quantity"],
        &paid["offerId"],
        &paid["billingCycle"],
    );
    assert_eq!(
        told,
        (
            &json!(false),
            &json!(30),
            &way["targetOfferId"],
            &json!("annual")
        ),
        "{paid}"
    );
    // It is no trial any more.
    assert_eq!(
        estate.below(&paid, "conversions").await.body["items"],
        json!([])
    );
    refused(
        &estate.post_below(&paid, "conversions", &way).await,
        400,
        800_021,
    );
}

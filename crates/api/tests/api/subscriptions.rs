//! Subscriptions: read in full, listed by order and reseller.

use crate::common::subscriptions::{Estate, at_fault, refused};
use crate::common::{World, advance, ids, text};
use serde_json::{Value, json};
use tierline_domain::subscription::SubscriptionState;

#[tokio::test]
async fn a_subscription_is_read_in_full() {
    let world = World::demo().await;
    let estate = Estate::of(&world, "harbor", "Juniper").await;
    let line = json!({ "offerId": "desk-standard", "quantity": 10, "termDuration": "P1Y", "billingCycle": "monthly" });
    let order = estate.order(&[line]).await;
    let id = text(&order["lineItems"][0]["subscriptionId"]);
    let read = estate.read(&id.to_uppercase()).await;
    assert_eq!(read.status, 200, "{}", read.body);
    let own = format!("/customers/{}/subscriptions/{id}", estate.customer);
    let expected = json!({
        "id": id, "orderId": order["id"], "offerId": order["lineItems"][0]["offerId"], "offerName": "Desk Standard",
        "friendlyName": "Desk Standard", "quantity": 10, "unitType": "Licenses", "status": "active", "autoRenewEnabled": true,
        "isTrial": false, "isMicrosoftProduct": true, "billingType": "license", "billingCycle": "monthly", "termDuration": "P1Y",
        "renewalTermDuration": "", "contractType": "subscription", "partnerId": "", "attentionNeeded": false, "actionTaken": false,
        "hasPurchasableAddons": true, "publisherName": "Skyward Cloud",
        "productType": { "id": "OnlineServicesNCE", "displayName": "OnlineServicesNCE" },
        "creationDate": "2026-01-15T12:00:00Z", "effectiveStartDate": "2026-01-15T12:00:00Z",
        "commitmentEndDate": "2027-01-14T00:00:00Z", "commitmentEndDateTime": "2027-01-14T23:59:59Z",
        "billingCycleEndDate": "2026-02-14T00:00:00Z", "billingCycleEndDateTime": "2026-02-14T23:59:59Z",
        "cancellationAllowedUntilDate": "2026-01-22T12:00:00Z",
        "refundOptions": [{ "type": "Partial", "expiresAt": "2026-01-22T12:00:00Z" }],
        "refundableQuantity": { "totalQuantity": 10, "details": [{ "quantity": 10, "allowedUntilDateTime": "2026-01-22T12:00:00Z" }] },
    });
    for (member, value) in expected.as_object().unwrap() {
        assert_eq!(&read.body[member], value, "{member}");
    }
    assert_eq!(read.body["links"]["self"]["uri"], own);
    for link in ["product", "sku", "availability"] {
        let uri = text(&read.body["links"][link]["uri"]);
        assert!(uri.ends_with("?country=US"), "{link}: {uri}");
        assert_eq!(
            world.get(&format!("/v1{uri}"), &estate.token).await.status,
            200,
            "{link}"
        );
    }
    assert_eq!(read.body["attributes"]["objectType"], "Subscription");
    assert!(!text(&read.body["attributes"]["etag"]).is_empty());

    let estate = Estate::of(&world, "harbor", "Bay Street").await;
    let older = estate.named("Desk Classic").await;
    assert!(text(&older["links"]["offer"]["uri"]).starts_with("/offers/"));
    assert_eq!(
        (&older["productType"], &older["entitlementId"]),
        (&Value::Null, &older["id"])
    );
    let savings = ids(&world.get(&estate.path, &estate.token).await.body);
    let mut found = 0;
    for id in savings {
        let one = estate.read(&id).await.body;
        if let Some(line) = one["lineItems"].get(0) {
            found += 1;
            assert_eq!(
                (&one["unitType"], &one["billingType"]),
                (&json!("Benefit"), &json!("benefit"))
            );
            assert_eq!(
                line["purchaseCommitment"],
                json!({ "amount": 0.05, "currency": "usd", "grain": "hourly" })
            );
            assert_eq!(
                (&line["scope"], &line["status"]),
                (&json!({ "type": "shared" }), &json!("active"))
            );
            assert_eq!(one["productOrderId"], line["id"]);
        }
    }
    assert_eq!(found, 1);
}

#[tokio::test]
async fn subscriptions_of_a_customer_are_listed() {
    let world = World::demo().await;
    let estate = Estate::of(&world, "harbor", "Bay Street").await;
    let list = world.get(&estate.path, &estate.token).await;
    assert_eq!(list.status, 200, "{}", list.body);
    let items = list.body["items"].as_array().unwrap();
    assert_eq!(list.body["totalCount"], items.len());
    assert_eq!(list.body["attributes"]["objectType"], "Collection");
    let kinds: Vec<String> = items.iter().map(|item| text(&item["unitType"])).collect();
    for kind in ["Licenses", "Usage-based", "Benefit"] {
        assert!(kinds.iter().any(|other| other == kind), "{kind}: {kinds:?}");
    }
    // Whoever has no relationship with the customer learns nothing of it.
    let stranger = world.get(&estate.path, &world.user("meridian")).await;
    refused(&stranger, 403, 20_002);
}

/// A subscription of another partner is answered like one that does not exist, in whatever way it is asked for.
#[tokio::test]
async fn anothers_subscription_is_an_unknown_one() {
    let world = World::demo().await;
    let foreign = Estate::of(&world, "meridian", "Canyon")
        .await
        .named("Desk Standard")
        .await;
    let estate = Estate::of(&world, "harbor", "Juniper").await;
    for id in [
        text(&foreign["id"]),
        "00000000-0000-4000-8000-00000000dead".to_owned(),
    ] {
        let own = json!({ "id": id });
        refused(&estate.read(&id).await, 404, 20_003);
        refused(
            &estate.send(&own, &json!({ "friendlyName": "Mine" })).await,
            404,
            20_003,
        );
        for part in [
            "addons",
            "activationlinks",
            "transitions",
            "transitionEligibilities",
            "upgrades",
            "conversions",
            "supportcontact",
            "azureEntitlements",
            "provisioningstatus",
        ] {
            refused(&estate.below(&own, part).await, 404, 20_003);
        }
        for part in ["transitions", "upgrades", "conversions", "activate"] {
            refused(
                &estate.post_below(&own, part, &json!({})).await,
                404,
                20_003,
            );
        }
    }
}

#[tokio::test]
async fn subscriptions_are_listed_by_order() {
    let world = World::demo().await;
    let estate = Estate::of(&world, "harbor", "Juniper").await;
    let line = |item: &str| json!({ "offerId": item, "quantity": 3, "termDuration": "P1Y", "billingCycle": "monthly" });
    let order = estate
        .order(&[line("desk-standard"), line("desk-premium")])
        .await;
    let listed = |order: String| {
        let path = format!("{}?order_id={order}", estate.path);
        let (world, token) = (&world, &estate.token);
        async move { world.get(&path, token).await }
    };
    let list = listed(text(&order["id"])).await;
    let made = [0, 1].map(|line| text(&order["lineItems"][line]["subscriptionId"]));
    let mut found = ids(&list.body);
    found.sort();
    let mut made = made.to_vec();
    made.sort();
    assert_eq!(found, made, "{}", list.body);
    refused(
        &listed("00000000-0000-4000-8000-00000000dead".to_owned()).await,
        404,
        20_000,
    );
}

#[tokio::test]
async fn subscriptions_are_listed_by_reseller() {
    let world = World::demo().await;
    let estate = Estate::of(&world, "meridian", "Canyon").await;
    let cedar = world.of("cedar", "mpnId");
    let listed = |query: String| {
        let path = format!("{}?{query}", estate.path);
        let (world, token) = (&world, &estate.token);
        async move { world.get(&path, token).await }
    };
    let whole = listed(format!("mpn_id={cedar}")).await;
    let items = whole.body["items"].as_array().unwrap().clone();
    assert!(items.len() > 2, "{}", whole.body);
    assert!(items.iter().all(|item| item["partnerId"] == json!(cedar)));
    let first = listed(format!("mpn_id={cedar}&size=2")).await;
    assert_eq!(
        (
            ids(&first.body).len(),
            first.body["links"]["next"].is_object()
        ),
        (2, true)
    );
    let rest = listed(format!("mpn_id={cedar}&size=500&offset=2")).await;
    assert_eq!(ids(&rest.body), ids(&whole.body)[2..], "{}", rest.body);
    assert!(rest.body["links"]["next"].is_null());
    let other = listed(format!("mpn_id={}", world.of("bridgewater", "mpnId"))).await;
    assert_eq!(
        (other.status, &other.body["items"]),
        (200, &json!([])),
        "{}",
        other.body
    );
    at_fault(&listed("mpn_id=cedar".to_owned()).await, 400, "mpn_id");
    at_fault(
        &listed(format!("mpn_id={cedar}&size=many")).await,
        400,
        "size",
    );
}

/// SUB-044: a subscription shows the state that it is in, by a documented word.
#[tokio::test]
async fn a_subscription_shows_each_state_that_it_is_in() {
    let documented = [
        "none",
        "active",
        "pending",
        "suspended",
        "expired",
        "disabled",
        "deleted",
    ];
    for state in SubscriptionState::ALL {
        assert!(documented.contains(&state.as_str()), "{state}");
    }
    let world = World::demo().await;
    let estate = Estate::of(&world, "harbor", "Juniper").await;
    let line = json!({ "offerId": "desk-standard", "quantity": 1, "termDuration": "P1M", "billingCycle": "monthly" });
    let bought = estate.buy(line).await;
    let off = estate.with(&bought, "autoRenewEnabled", json!(false)).await;
    assert_eq!(off.body["status"], "active", "{}", off.body);
    for (days, state) in [
        ("P31D", "expired"),
        ("P31D", "disabled"),
        ("P91D", "deleted"),
    ] {
        advance(&world, days).await;
        let now = estate.read(&text(&bought["id"])).await.body;
        assert_eq!(now["status"], state);
    }
}

#[tokio::test]
async fn add_ons_of_a_subscription_are_listed() {
    let world = World::demo().await;
    let estate = Estate::of(&world, "harbor", "Bay Street").await;
    let base = estate.named("Desk Classic").await;
    let list = estate.below(&base, "addons").await;
    let add_on = &list.body["items"][0];
    assert_eq!(
        (&list.body["totalCount"], &add_on["offerName"]),
        (&json!(1), &json!("Archive Classic")),
        "{}",
        list.body
    );
    assert_eq!(add_on["parentSubscriptionId"], base["id"]);
    let parent = text(&add_on["links"]["parentSubscription"]["uri"]);
    assert_eq!(parent, text(&base["links"]["self"]["uri"]));
    assert_eq!(
        estate.below(add_on, "addons").await.body["items"],
        json!([])
    );
}

#[tokio::test]
async fn a_subscription_tells_how_far_it_is() {
    let world = World::demo().await;
    let estate = Estate::of(&world, "harbor", "Juniper").await;
    let bought = estate.seats("desk-standard", 10).await;
    let status = estate.below(&bought, "provisioningstatus").await;
    let expected = json!({
        "skuId": "0001", "status": "success", "quantity": 10, "endDate": "2027-01-14T00:00:00Z",
        "attributes": { "objectType": "SubscriptionProvisioningStatus" },
    });
    assert_eq!((status.status, &status.body), (200, &expected));
}

#[tokio::test]
async fn marketplace_subscriptions_are_activated() {
    let world = World::demo().await;
    let estate = Estate::of(&world, "harbor", "Bay Street").await;
    let ledger = estate
        .buy(json!({ "offerId": "ledger-saas", "quantity": 1, "termDuration": "P1M" }))
        .await;
    let links = estate.below(&ledger, "activationlinks").await;
    let uri = text(&links.body["items"][0]["link"]["uri"]);
    assert!(
        uri.ends_with(&format!("?subscription={}", text(&ledger["id"]))),
        "{}",
        links.body
    );
    assert!(text(&ledger["links"]["activationLinks"]["uri"]).ends_with("/activationlinks"));
    let desk = estate.seats("desk-standard", 1).await;
    assert_eq!(
        estate.below(&desk, "activationlinks").await.body["items"],
        json!([])
    );
}

#[tokio::test]
async fn ends_to_choose_from_are_listed() {
    let world = World::demo().await;
    let estate = Estate::of(&world, "harbor", "Juniper").await;
    let bought = estate.seats("desk-standard", 10).await;
    let asked = |query: String| {
        let path = format!("{}/customTermEndDates?{query}", estate.path);
        let (world, token) = (&world, &estate.token);
        async move { world.get(&path, token).await }
    };
    let list = asked("term_duration=P1Y".to_owned()).await;
    let items = list.body["items"].as_array().unwrap();
    let of_day = |list: &Value, day: &str| {
        let mut items = list["items"].as_array().unwrap().iter();
        let found =
            items.find(|item| item["allowedCustomTermEndDate"] == format!("{day}T23:59:59Z"));
        found.map(|item| text(&item["allowedCustomTermEndDateType"]))
    };
    let month = Some("calendarMonthAligned".to_owned());
    assert_eq!(of_day(&list.body, "2026-12-31"), month, "{}", list.body);
    let aligned = items
        .iter()
        .find(|item| item["allowedCustomTermEndDate"] == "2027-01-14T23:59:59Z")
        .unwrap();
    assert_eq!(
        aligned["allowedCustomTermEndDateType"],
        "subscriptionAligned"
    );
    assert!(
        aligned["cotermSubscriptionIds"]
            .as_array()
            .unwrap()
            .contains(&bought["id"])
    );
    // Both spellings of the parameters are read.
    let one = asked(format!(
        "TermDuration=P1Y&targetCotermSubscriptionId={}",
        text(&bought["id"])
    ))
    .await;
    assert_eq!(one.body["items"], json!([aligned]), "{}", one.body);
    let later = asked("term_duration=P1M&term_start_date=2026-02-01".to_owned()).await;
    assert_eq!(of_day(&later.body, "2026-02-28"), month, "{}", later.body);
    at_fault(&asked(String::new()).await, 400, "term_duration");
    at_fault(
        &asked("term_duration=long".to_owned()).await,
        400,
        "term_duration",
    );
    for start in ["soon", "2026-01-14", "2020-02-30"] {
        let query = format!("term_duration=P1Y&term_start_date={start}");
        at_fault(&asked(query).await, 400, "term_start_date");
    }
    refused(
        &asked("term_duration=P1Y&target_coterm_subscription_id=none".to_owned()).await,
        404,
        20_003,
    );
}

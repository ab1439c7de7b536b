//! Offers of the traditional generation and promotions.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is missing"
)]

use serde_json::{Value, json};

use crate::catalogue::{ids, paths, refused};
use crate::common::World;

#[tokio::test]
async fn offers_are_listed_by_pages() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let all = world.get("/v1/offers?country=US&size=0", &token).await;
    let whole = ids(&all);
    assert_eq!(whole.len(), 8);
    assert_eq!(all.body["items"][0]["attributes"]["objectType"], "Offer");
    assert!(all.body["links"]["next"].is_null());
    let first = world.get("/v1/offers?country=US&size=3", &token).await;
    assert_eq!(ids(&first), whole[..3]);
    let next = &first.body["links"]["next"];
    let header = &next["headers"][0];
    let headers = [(
        header["key"].as_str().unwrap(),
        header["value"].as_str().unwrap(),
    )];
    let path = format!("/v1{}", next["uri"].as_str().unwrap());
    let second = world.send("GET", &path, Some(&token), None, &headers).await;
    assert_eq!(ids(&second), whole[3..6]);
    let last = world
        .get("/v1/offers?country=US&size=3&offset=6", &token)
        .await;
    assert_eq!(ids(&last), whole[6..]);
    assert!(last.body["links"]["next"].is_null());
    let china = world.get("/v1/offers?country=CN", &token).await;
    assert_eq!(ids(&china).len(), 7);
    let category = world
        .get("/v1/offers?country=US&offer_category_id=AddOn_Key", &token)
        .await;
    assert!(
        category.body["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|offer| offer["isAddOn"] == true)
    );
}

#[tokio::test]
async fn an_offer_names_its_targets() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let list = world.get("/v1/offers?country=US", &token).await;
    let offers = list.body["items"].as_array().unwrap();
    let classic = offers
        .iter()
        .find(|offer| offer["name"] == "Desk Classic")
        .unwrap();
    let id = classic["id"].as_str().unwrap();
    assert_eq!(id, "5D1A8F60-3C17-4A52-9E0B-7C2F61D3A401");
    let read = world
        .get(
            &format!("/v1/offers/{}?country=US", id.to_lowercase()),
            &token,
        )
        .await;
    assert_eq!(&read.body, classic);
    assert_eq!(
        read.body["upgradeTargetOffers"].as_array().unwrap().len(),
        2
    );
    assert_eq!(
        (&read.body["hasAddOns"], &read.body["isAddOn"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(read.body["category"]["name"], "Small Business");
    assert_eq!(
        read.body["supportedBillingCycles"],
        json!(["monthly", "annual"])
    );
    let trial = offers
        .iter()
        .find(|offer| offer["isTrial"] == true)
        .unwrap();
    assert_eq!(
        (
            &trial["conversionTargetOffers"],
            &trial["limitUnitOfMeasure"],
            &trial["limit"]
        ),
        (&json!([id]), &json!("Concurrent"), &json!(1))
    );
    let unknown = world
        .get(
            "/v1/offers/00000000-0000-0000-0000-000000000009?country=US",
            &token,
        )
        .await;
    assert_eq!(refused(&unknown), (404, 1000));
    let [_, _, availabilities] = paths(&world, &token, "OnlineServices", "Desk Basic").await;
    let list = world
        .get(&format!("{availabilities}?country=US"), &token)
        .await;
    let other = list.body["items"][0]["catalogItemId"].as_str().unwrap();
    assert_eq!(
        refused(
            &world
                .get(&format!("/v1/offers/{other}?country=US"), &token)
                .await
        ),
        (400, 2100)
    );
}

#[tokio::test]
async fn add_ons_of_an_offer_are_listed() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let path = "/v1/offers/5d1a8f60-3c17-4a52-9e0b-7c2f61d3a401/addons?country=US";
    let list = world.get(path, &token).await;
    assert_eq!(list.body["totalCount"], 2);
    let first = &list.body["items"][0];
    assert_eq!(
        (&first["isAddOn"], &first["name"]),
        (&json!(true), &json!("Archive Classic"))
    );
    assert_eq!(first["prerequisiteOffers"].as_array().unwrap().len(), 3);
    let one = world.get(&format!("{path}&size=1"), &token).await;
    assert_eq!(ids(&one).len(), 1);
    assert!(one.body["links"]["next"].is_object());
    let none = world.get("/v1/offers/X/addons?country=US", &token).await;
    assert_eq!(refused(&none), (404, 1000));
}

#[tokio::test]
async fn categories_speak_the_callers_language() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let list = world.get("/v1/offercategories?country=US", &token).await;
    assert_eq!(list.body["items"][0]["name"], "Enterprise");
    assert_eq!(
        list.body["items"][0]["attributes"]["objectType"],
        "OfferCategory"
    );
    let headers = [("X-Locale", "ja-JP")];
    let list = world
        .send(
            "GET",
            "/v1/offercategories?country=JP",
            Some(&token),
            None,
            &headers,
        )
        .await;
    let first = &list.body["items"][0];
    assert_eq!(
        (&first["name"], &first["locale"], &first["country"]),
        (&json!("エンタープライズ"), &json!("ja-JP"), &json!("JP"))
    );
}

#[tokio::test]
async fn offers_of_a_customer_are_those_of_its_segment() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let count = |name: &'static str| {
        let (world, token) = (&world, &token);
        async move {
            let customer = world.customer("harbor", name).await;
            let offers = world
                .get(&format!("/v1/customers/{customer}/offers"), token)
                .await;
            assert_eq!(offers.body["items"][0]["country"], "US");
            let categories = world
                .get(&format!("/v1/customers/{customer}/offercategories"), token)
                .await;
            assert_eq!(ids(&categories).len(), 5);
            ids(&offers).len()
        }
    };
    assert_eq!((count("Juniper").await, count("Bay Street").await), (7, 8));
}

#[tokio::test]
async fn promotions_are_those_in_force() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let names = |path: &'static str| {
        let (world, token) = (&world, &token);
        async move {
            let list = world.get(path, token).await;
            assert_eq!(list.status, 200, "{}", list.body);
            let items = list.body["items"].as_array().unwrap().clone();
            items
                .iter()
                .map(|item| item["name"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        }
    };
    let us = names("/v1/productpromotions?country=US&segment=commercial").await;
    assert_eq!(us.len(), 4);
    assert!(
        !us.contains(&"Diagram spring".to_owned()),
        "over since May 2024"
    );
    let japan = names("/v1/productpromotions?country=JP&segment=Commercial").await;
    assert!(
        us.contains(&"Rooms for three".to_owned())
            && !japan.contains(&"Rooms for three".to_owned())
    );
    assert_eq!(
        names("/v1/productpromotions?country=US&segment=education").await,
        ["Welcome, schools"]
    );
}

async fn promotion(world: &World, token: &str, name: &str) -> Value {
    let list = world
        .get("/v1/productpromotions?country=US&segment=commercial", token)
        .await;
    let items = list.body["items"].as_array().unwrap().clone();
    items
        .iter()
        .find(|item| item["name"] == name)
        .unwrap()
        .clone()
}

#[tokio::test]
async fn a_promotion_says_what_it_takes() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let launch = promotion(&world, &token, "Insight launch").await;
    let id = launch["id"].as_str().unwrap();
    let read = world
        .get(&format!("/v1/productpromotions/{id}?country=US"), &token)
        .await;
    assert_eq!(read.body, launch);
    let required = &read.body["requiredProducts"][0];
    assert_eq!(
        required["term"],
        json!({"duration": "P1Y", "billingCycle": "Annual"})
    );
    assert_eq!(
        required["pricingPolicies"],
        json!([{"policyType": "PercentDiscount", "value": "0.2"}])
    );
    let constraints = &read.body["promotionConstraints"];
    assert_eq!(
        constraints["seatConstraints"],
        json!([{"minSeats": 10, "maxSeats": 100, "type": "SubscriptionQuantity"}])
    );
    assert_eq!(
        constraints["eligibilityConstraints"][0]["type"],
        "FirstPurchase"
    );
    assert_eq!(
        constraints["productOwnershipConstraints"][0]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    let unknown = world
        .get("/v1/productpromotions/A:B:C?country=US", &token)
        .await;
    assert_eq!(refused(&unknown), (404, 1000));
}

/// The first catalog item of an online service.
async fn first_of(world: &World, token: &str, title: &str) -> Value {
    let [_, _, availabilities] = paths(world, token, "OnlineServices", title).await;
    let list = world
        .get(&format!("{availabilities}?country=US"), token)
        .await;
    list.body["items"][0]["catalogItemId"].clone()
}

#[tokio::test]
async fn eligibility_for_promotions_is_told_with_reasons() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let customer = world.customer("meridian", "Red Rock").await;
    let path = format!("/v1/customers/{customer}/promotionEligibilities");
    let item = first_of(&world, &token, "Insight").await;
    let launch = promotion(&world, &token, "Insight launch").await["id"].clone();
    let steady = promotion(&world, &token, "Insight steady").await["id"].clone();
    let body = json!({"items": [
        {"id": "0", "catalogItemId": item, "quantity": 10, "termDuration": "P1Y", "billingCycle": "Annual"},
        {"id": 1, "catalogItemId": item, "quantity": 101, "termDuration": "P1Y", "billingCycle": "monthly", "promotionId": launch},
        {"id": 2, "catalogItemId": "CFQ:0001:NOTHING", "quantity": 1},
        {"id": 3, "catalogItemId": item, "quantity": 1, "promotionId": "A:B:C"},
    ]});
    let answer = world.post(&path, &token, &body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let items = answer.body["items"].as_array().unwrap();
    assert_eq!(
        items[0]["attributes"]["objectType"],
        "PromotionEligibilities"
    );
    let both = items[0]["eligibilities"].as_array().unwrap();
    assert_eq!(both.len(), 2);
    for id in [&launch, &steady] {
        assert!(
            both.iter()
                .any(|each| each["promotionId"] == *id && each["isEligible"] == true),
            "{both:?}"
        );
    }
    let errors = items[1]["eligibilities"][0]["errors"].as_array().unwrap();
    let types: Vec<_> = errors
        .iter()
        .map(|error| error["type"].as_str().unwrap())
        .collect();
    assert_eq!(types, ["Term", "SeatCount"]);
    let seats = &errors[1];
    assert_eq!(
        (
            &seats["minimumRequiredSeats"],
            &seats["maximumRequiredSeats"],
            &seats["availableSeats"]
        ),
        (&json!(10), &json!(100), &json!(100))
    );
    assert_eq!(
        items[2]["eligibilities"][0]["errors"][0]["type"],
        "InvalidCatalogItemId"
    );
    assert_eq!(
        items[3]["eligibilities"][0]["errors"][0]["type"],
        "InvalidPromotion"
    );
}

#[tokio::test]
async fn what_stands_against_a_promotion_is_named() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let customer = world.customer("meridian", "Lakeside").await;
    let path = format!("/v1/customers/{customer}/promotionEligibilities");
    let item = first_of(&world, &token, "Insight").await;
    let basic = first_of(&world, &token, "Desk Basic").await;
    let launch = promotion(&world, &token, "Insight launch").await["id"].clone();
    let steady = promotion(&world, &token, "Insight steady").await["id"].clone();
    // A customer that owns none of the products that the promotion asks for; a promotion of something else.
    let body = json!({"items": [
        {"catalogItemId": item, "quantity": 20, "promotionId": launch},
        {"catalogItemId": basic, "quantity": 20, "promotionId": steady},
        {"catalogItemId": basic, "quantity": 20},
    ]});
    let answer = world.post(&path, &token, &body).await;
    let kind =
        |at: usize| answer.body["items"][at]["eligibilities"][0]["errors"][0]["type"].clone();
    assert_eq!(
        [kind(0), kind(1), kind(2)],
        [
            "PrerequisiteProductOwnership",
            "InvalidPromotion",
            "NoPromotionsAvailable"
        ]
    );
    for (bad, field) in [
        (json!({}), "items"),
        (json!({"items": []}), "items"),
        (json!({"items": [{"catalogItemId": "X"}]}), "quantity"),
        (
            json!({"items": [{"catalogItemId": "X", "quantity": 0}]}),
            "items[0].quantity",
        ),
        (
            json!({"items": [{"catalogItemId": "X", "quantity": 1, "termDuration": "a year"}]}),
            "items[0].termDuration",
        ),
        (
            json!({"items": [{"catalogItemId": "X", "quantity": 1, "billingCycle": "daily"}]}),
            "items[0].billingCycle",
        ),
    ] {
        let answer = world.post(&path, &token, &bad).await;
        assert_eq!(answer.status, 400, "{bad}");
        assert!(
            answer.body["description"].as_str().unwrap().contains(field),
            "{}",
            answer.body
        );
    }
}

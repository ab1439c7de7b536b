//! Where the use beyond licences flows.

use crate::common::subscriptions::{Estate, at_fault, refused};
use crate::common::{Answer, World, sent, text};
use serde_json::{Value, json};

async fn put(estate: &Estate<'_>, body: &Value) -> Answer {
    let path = format!("{}/overage", estate.path);
    sent(estate.world, "PUT", &path, &estate.token, body, &[]).await
}

async fn listed(estate: &Estate<'_>) -> Answer {
    let path = format!("{}/overage", estate.path);
    estate.world.get(&path, &estate.token).await
}

#[tokio::test]
async fn use_beyond_licences_flows_to_one_subscription() {
    let world = World::demo().await;
    let estate = Estate::of(&world, "harbor", "Bay Street").await;
    let none = listed(&estate).await;
    assert_eq!(
        (none.status, &none.body["totalCount"]),
        (200, &json!(0)),
        "{}",
        none.body
    );
    let usage = estate.named("Skyward Cloud Subscription").await;
    // What the customer has of the previous offer moves under the plan first.
    let upgrade = json!({ "customerId": estate.customer, "productFamily": "Azure" });
    let moved = world
        .post("/v1/productupgrades", &estate.token, &upgrade)
        .await;
    assert_eq!(moved.status, 202, "{}", moved.body);
    let own = world.of("harbor", "mpnId");
    let body = |enabled: bool| json!({ "azureEntitlementId": usage["id"], "partnerId": own, "overageEnabled": enabled });
    let link = format!("/customers/{}/subscriptions/overage", estate.customer);
    for enabled in [true, false] {
        let set = put(&estate, &body(enabled)).await;
        assert_eq!(set.status, 200, "{}", set.body);
        let expected = json!({
            "azureEntitlementId": usage["id"], "partnerId": own, "type": "PhoneServices", "overageEnabled": enabled,
            "links": { "overage": { "uri": link, "method": "GET", "headers": [] } }, "attributes": { "objectType": "Overage" },
        });
        assert_eq!(set.body, expected);
        assert_eq!(listed(&estate).await.body["items"], json!([expected]));
    }
    for (member, value) in [
        ("azureEntitlementId", Value::Null),
        ("overageEnabled", Value::Null),
        ("overageEnabled", json!("perhaps")),
        ("partnerId", json!("1")),
    ] {
        let mut wrong = body(true);
        wrong[member] = value;
        at_fault(&put(&estate, &wrong).await, 400, member);
    }
    let desk = estate.named("Desk Standard").await;
    for id in [
        text(&desk["id"]),
        "00000000-0000-4000-8000-00000000dead".to_owned(),
    ] {
        let unknown = json!({ "azureEntitlementId": id, "overageEnabled": true });
        refused(&put(&estate, &unknown).await, 404, 800_111);
    }
    // Whoever has nothing to do with the customer learns nothing of it.
    let stranger = world
        .get(&format!("/v1{link}"), &world.user("larkspur"))
        .await;
    refused(&stranger, 403, 20_002);
}

/// Who sold the customer nothing that includes it may not say where it flows.
#[tokio::test]
async fn who_sold_no_overage_does_not_switch_it_on() {
    let world = World::demo().await;
    let estate = Estate::of(&world, "harbor", "Juniper").await;
    estate.buy(json!({ "offerId": "cloud-plan" })).await;
    let plan = estate.named("Skyward Cloud Plan").await;
    let usage = estate
        .buy(json!({ "offerId": "cloud-subscription", "parentSubscriptionId": plan["id"] }))
        .await;
    let body = json!({ "azureEntitlementId": usage["id"], "overageEnabled": true });
    refused(&put(&estate, &body).await, 403, 800_114);
}

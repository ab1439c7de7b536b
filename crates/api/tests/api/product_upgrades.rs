//! What a customer has of the previous consumption offer moves under a plan.

use crate::common::subscriptions::{Estate, at_fault, refused};
use crate::common::{Answer, World, text};
use serde_json::{Value, json};

async fn asked(world: &World, path: &str, partner: &str, customer: &str) -> Answer {
    let body = json!({ "customerId": customer, "productFamily": "Azure" });
    world.post(path, &world.user(partner), &body).await
}

const ELIGIBILITY: &str = "/v1/productUpgrades/eligibility";
const CREATE: &str = "/v1/productupgrades";

#[tokio::test]
async fn the_previous_offer_moves_under_a_plan() {
    let world = World::demo().await;
    let estate = Estate::of(&world, "harbor", "Bay Street").await;
    let customer = estate.customer.as_str();
    let before = estate.named("Cloud previous").await;
    // While it is there, nothing says where use beyond the licences flows (SUB-051).
    let usage = estate.named("Skyward Cloud Subscription").await;
    let overage = json!({ "azureEntitlementId": usage["id"], "overageEnabled": true });
    let path = format!("{}/overage", estate.path);
    let refusal = crate::common::sent(&world, "PUT", &path, &estate.token, &overage, &[]).await;
    refused(&refusal, 403, 800_112);
    let open = asked(&world, ELIGIBILITY, "harbor", customer).await;
    let expected = json!({ "customerId": customer, "productFamily": "azure", "isEligible": true });
    assert_eq!((open.status, &open.body), (200, &expected));
    let made = asked(&world, CREATE, "harbor", customer).await;
    assert_eq!((made.status, &made.body), (202, &Value::Null));
    let location = made.headers["location"].to_str().unwrap().to_owned();
    let (family, id) = location.split_once('/').unwrap();
    assert_eq!(family, "productUpgrades");
    let status = format!("/v1/{location}/status");
    let done = asked(&world, &status, "harbor", customer).await;
    assert_eq!(done.status, 200, "{}", done.body);
    assert_eq!(
        (&done.body["id"], &done.body["status"]),
        (&json!(id), &json!("Completed"))
    );
    let line = &done.body["lineItems"][0];
    assert_eq!(line["sourceProduct"]["name"], before["offerName"]);
    assert_eq!(line["targetProduct"]["name"], usage["offerName"]);
    // It keeps its id, and stands under the plan.
    let after = estate.read(&text(&before["id"])).await.body;
    assert_eq!(
        (&after["offerName"], &after["parentSubscriptionId"]),
        (&usage["offerName"], &usage["parentSubscriptionId"])
    );
    let again = asked(&world, ELIGIBILITY, "harbor", customer).await.body;
    assert_eq!(
        (&again["isEligible"], &again["upgradeId"]),
        (&json!(false), &json!(id))
    );
    assert!(text(&again["reason"]).contains("previous consumption offer"));
    refused(
        &asked(&world, CREATE, "harbor", customer).await,
        400,
        900_110,
    );
    // Another customer, another partner, another family.
    let juniper = world.customer("harbor", "Juniper").await;
    refused(
        &asked(&world, CREATE, "harbor", &juniper).await,
        403,
        900_108,
    );
    refused(
        &asked(&world, &status, "harbor", &juniper).await,
        400,
        900_111,
    );
    let oakline = world.customer("meridian", "Oakline").await;
    refused(
        &asked(&world, &status, "meridian", &oakline).await,
        404,
        900_106,
    );
    refused(
        &asked(&world, CREATE, "meridian", customer).await,
        403,
        20_002,
    );
    let nothing = "/v1/productUpgrades/none/status";
    refused(
        &asked(&world, nothing, "harbor", customer).await,
        404,
        900_106,
    );
    let token = world.user("harbor");
    for (body, member) in [
        (json!({ "productFamily": "Azure" }), "customerId"),
        (json!({ "customerId": customer }), "productFamily"),
        (
            json!({ "customerId": customer, "productFamily": "desks" }),
            "productFamily",
        ),
    ] {
        at_fault(&world.post(ELIGIBILITY, &token, &body).await, 400, member);
    }
}

/// Who has no plan yet gets one, by the same rules as by an order.
#[tokio::test]
async fn a_plan_is_bought_where_there_is_none() {
    let world = World::demo().await;
    let estate = Estate::of(&world, "meridian", "Highland").await;
    let before = estate.named("Cloud previous").await;
    let made = asked(&world, CREATE, "meridian", &estate.customer).await;
    assert_eq!(made.status, 202, "{}", made.body);
    let plan = estate.named("Skyward Cloud Plan").await;
    let after = estate.read(&text(&before["id"])).await.body;
    assert_eq!(after["parentSubscriptionId"], plan["id"]);
    assert_eq!(plan["partnerId"], after["partnerId"]);
}

//! Partner relationships and new customers as clients see them.

use crate::common::World;
use serde_json::{Value, json};

fn names(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().cloned().unwrap_or_default();
    items
        .iter()
        .filter_map(|item| item["name"].as_str().map(str::to_owned))
        .collect()
}

/// REL-016 and REL-020: a relationship shows tenant, name, place, PartnerID, type and state of the other
/// side, and a removed reseller is on the list no longer.
#[tokio::test]
async fn a_removed_reseller_leaves_the_list() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let path = "/v1/relationships?relationship_type=is_indirect_cloud_solution_provider_of";
    let before = world.get(path, &token).await;
    let cedar = before.body["items"]
        .as_array()
        .and_then(|items| {
            items
                .iter()
                .find(|item| item["mpnId"] == world.of("cedar", "mpnId"))
        })
        .cloned()
        .unwrap_or_default();
    for member in ["id", "name", "location", "mpnId", "relationshipType"] {
        assert!(cedar[member].is_string(), "{member}");
    }
    assert_eq!(cedar["state"], "Active");
    let command = "/program/v1/commands/remove_partnership";
    let undeclared = json!({"partner": "cedar", "good_faith": false});
    let refused = world.post(command, &token, &undeclared).await;
    assert_eq!(refused.status, 400);
    assert_eq!(
        names(&world.get(path, &token).await.body),
        names(&before.body)
    );
    let removed = world
        .post(command, &token, &json!({"partner": "cedar"}))
        .await;
    assert_eq!(removed.status, 200);
    let after = names(&world.get(path, &token).await.body);
    assert_eq!(after.len() + 1, names(&before.body).len());
    assert!(!after.iter().any(|name| cedar["name"] == name.as_str()));
}

/// CUS-015: the first administrator's credentials come with the answer that creates the customer, and with
/// no other.
#[tokio::test]
async fn credentials_are_shown_once() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let body = json!({
        "companyProfile": {"domain": "orchard-bakery.example"},
        "billingProfile": {
            "email": "it@orchard-bakery.example", "culture": "en-US", "language": "en",
            "companyName": "Orchard Bakery Inc", "firstName": "Ada", "lastName": "Moor",
            "defaultAddress": {"country": "US", "city": "Salem", "state": "OR",
                "addressLine1": "1 Mill Street", "postalCode": "97301"},
        },
    });
    let created = world.post("/v1/customers", &token, &body).await;
    assert_eq!(created.status, 201);
    assert!(created.body["userCredentials"]["password"].is_string());
    let path = format!(
        "/v1/customers/{}",
        created.body["id"].as_str().unwrap_or_default()
    );
    let read = world.get(&path, &token).await;
    assert_eq!(read.status, 200);
    assert!(read.body["userCredentials"].is_null());
}

/// IDN-022: a PartnerID is looked up, one's own and another's; an unknown one is 404 with code 3000.
#[tokio::test]
async fn a_partner_id_is_looked_up() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let own = world.get("/v1/profiles/mpn", &token).await;
    assert_eq!(own.body["mpnId"], world.of("meridian", "mpnId"));
    assert_eq!(own.body["profileType"], "MpnProfile");
    let cedar = world.of("cedar", "mpnId");
    let other = world
        .get(&format!("/v1/profiles/mpn?mpnId={cedar}"), &token)
        .await;
    assert_eq!(other.body["mpnId"], cedar);
    assert!(other.body["partnerName"].is_string());
    let unknown = world.get("/v1/profiles/mpn?mpnId=99999999", &token).await;
    assert_eq!((unknown.status, &unknown.body["code"]), (404, &json!(3000)));
}

/// The resellers that serve one customer, without state and location.
#[tokio::test]
async fn resellers_of_a_customer_are_listed() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let customers = world.get("/v1/customers", &token).await;
    let items = customers.body["items"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let mut served = 0;
    for customer in items.iter().take(12) {
        let path = format!(
            "/v1/customers/{}/relationships",
            customer["id"].as_str().unwrap()
        );
        let list = world.get(&path, &token).await;
        assert_eq!(list.status, 200);
        for item in list.body["items"].as_array().unwrap() {
            assert!(item["mpnId"].is_string() && item["state"].is_null());
            served += 1;
        }
    }
    assert!(served > 0, "somebody serves one of them");
}

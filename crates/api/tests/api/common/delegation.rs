//! Granular administration as both sides call it.
#![expect(unreachable_pub, reason = "a test helper")]

use serde_json::{Value, json};
use tierline_store::DbConfig;

use super::post::standing;
use super::{Answer, World, text};

pub const ROOT: &str = "/v1.0/tenantRelationships/delegatedAdminRelationships";
pub const CUSTOMERS: &str = "/v1.0/tenantRelationships/delegatedAdminCustomers";
pub const READER: &str = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b";
pub const GLOBAL_READER: &str = "f2ef992c-3afb-46b9-b7cf-a126ee74c451";
pub const USER_ADMIN: &str = "fe930be7-5e62-47db-91af-98c3a49a38b1";
pub const GLOBAL_ADMIN: &str = "62e90394-69f5-4237-9190-012177145e10";

pub async fn world() -> World {
    World::demo_on(&DbConfig::Memory, standing()).await
}

pub fn roles(ids: &[&str]) -> Value {
    let roles: Vec<Value> = ids
        .iter()
        .map(|id| json!({ "roleDefinitionId": id }))
        .collect();
    json!({ "unifiedRoles": roles })
}

/// The token of a customer's administrator.
pub async fn of_customer(world: &World, name: &str) -> String {
    let path = format!("/sandbox/credentials?customer={name}");
    let found = world.send("GET", &path, None, None, &[]).await;
    text(&found.body["principals"][0]["accessTokenUser"])
}

/// The id of a relationship of the demo world, which its partner finds by name.
pub async fn named(world: &World, partner: &str, name: &str) -> String {
    let path = format!("{ROOT}?$filter=displayName%20eq%20'{name}'");
    let found = world.get(&path, &world.user(partner)).await;
    text(&found.body["value"][0]["id"])
}

pub async fn draft(world: &World, partner: &str, body: &Value) -> Answer {
    world.post(ROOT, &world.user(partner), body).await
}

/// A draft of harbor for juniper-bakery.
pub async fn begun(world: &World, name: &str) -> Answer {
    let customer = world.customer("harbor", "Juniper").await;
    let made = draft(
        world,
        "harbor",
        &json!({
            "displayName": name, "duration": "P90D", "customer": { "tenantId": customer, "displayName": "as I call it" },
            "accessDetails": roles(&[USER_ADMIN, READER]), "autoExtendDuration": "PT0S",
        }),
    )
    .await;
    assert_eq!(made.status, 201, "{}", made.body);
    made
}

pub async fn ask(world: &World, token: &str, id: &str, action: &str) -> Answer {
    let path = format!("{ROOT}/{id}/requests");
    world.post(&path, token, &json!({ "action": action })).await
}

pub async fn status(world: &World, token: &str, id: &str) -> String {
    let found = world.get(&format!("{ROOT}/{id}"), token).await;
    text(&found.body["status"])
}

/// A failure in the shape of OData: its code, and the rules behind it.
pub fn failure(answer: &Answer) -> (u16, String, Vec<String>) {
    let error = &answer.body["error"];
    assert!(!text(&error["message"]).is_empty(), "{}", answer.body);
    assert!(
        error["innerError"]["request-id"].is_string(),
        "{}",
        answer.body
    );
    let details = error["details"].as_array().cloned().unwrap_or_default();
    let rules = details.iter().map(|detail| text(&detail["code"])).collect();
    (answer.status, text(&error["code"]), rules)
}

#[track_caller]
pub fn assert_fails(what: &str, answer: &Answer, status: u16, code: &str, rule: &str) {
    let (got, word, rules) = failure(answer);
    assert_eq!(
        (got, word.as_str()),
        (status, code),
        "{what}: {}",
        answer.body
    );
    let is_there = rule.is_empty() || rules.iter().any(|known| known == rule);
    assert!(is_there, "{what}: {}", answer.body);
}

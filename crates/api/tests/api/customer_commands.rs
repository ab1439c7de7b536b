//! What a customer's user does by commands: answer an invitation, accept the agreement, and nothing that is not its own.

use serde_json::{Value, json};

use crate::common::delegation::of_customer;
use crate::common::{Answer, World, text};

async fn command(world: &World, token: &str, verb: &str, params: Value) -> Answer {
    let path = format!("/program/v1/commands/{verb}");
    world.post(&path, token, &params).await
}

async fn decide(world: &World, token: &str, verb: &str, params: Value) -> Answer {
    let body = json!({ "verb": verb, "params": params });
    world.post("/program/v1/decisions", token, &body).await
}

/// How many of a kind need the caller.
async fn needs(world: &World, token: &str, kind: &str) -> i64 {
    let home = world.get("/program/v1/home", token).await.body;
    let items = home["items"].as_array().unwrap();
    let found = items.iter().find(|item| item["kind"] == kind);
    found.map_or(0, |item| item["count"].as_i64().unwrap())
}

#[tokio::test]
async fn a_customer_accepts_an_invitation_and_then_its_agreement() {
    let world = World::demo().await;
    let (harbor, granite) = (
        world.user("harbor"),
        of_customer(&world, "granite-library").await,
    );
    let name = json!({ "partner": "harbor" });
    let early = command(&world, &granite, "accept_relationship", name.clone()).await;
    assert_eq!(early.status, 404, "nobody has invited it: {}", early.body);
    let invited = json!({ "customer": "granite-library" });
    let invited = command(&world, &harbor, "invite_customer", invited).await;
    assert_eq!(invited.status, 200, "{}", invited.body);
    assert_eq!(needs(&world, &granite, "invitations").await, 1);
    let open = needs(&world, &granite, "customer_agreement").await;

    let shown = decide(&world, &granite, "accept_relationship", name.clone()).await;
    assert_eq!(shown.body["allowed"], true, "{}", shown.body);
    let accepted = command(&world, &granite, "accept_relationship", name).await;
    assert_eq!(accepted.status, 200, "{}", accepted.body);
    assert_eq!(needs(&world, &granite, "invitations").await, 0);
    assert_eq!(
        needs(&world, &granite, "customer_agreement").await,
        open + 1,
        "nobody has accepted the agreement for harbor"
    );
    let accepted = command(&world, &granite, "accept_customer_agreement", json!({})).await;
    assert_eq!(accepted.status, 200, "{}", accepted.body);
    assert_eq!(needs(&world, &granite, "customer_agreement").await, 0);
    let order = json!({ "customer": "granite-library", "item": "desk-basic", "quantity": 3 });
    let may = decide(&world, &harbor, "order", order).await;
    let rules = text(&may.body["violations"].to_string().into());
    assert!(!rules.contains("AGR-"), "{rules}");
}

#[tokio::test]
async fn what_is_anothers_is_not_there_for_a_customer() {
    let world = World::demo().await;
    let granite = of_customer(&world, "granite-library").await;
    for (verb, params) in [
        ("cancel", json!({ "subscription": "sub-juniper-bakery" })),
        (
            "change_quantity",
            json!({ "subscription": "sub-juniper-bakery", "quantity": 99 }),
        ),
        (
            "read_subscription",
            json!({ "subscription": "sub-juniper-bakery" }),
        ),
        ("read_customer", json!({ "customer": "juniper-bakery" })),
        (
            "terminate_admin",
            json!({ "admin_relationship": "harbor-juniper-readers" }),
        ),
        (
            "end_delegation",
            json!({ "customer": "juniper-bakery", "partner": "harbor" }),
        ),
    ] {
        let there = command(&world, &granite, verb, params.clone()).await;
        assert_eq!(there.status, 404, "{verb}: {}", there.body);
        let tried = decide(&world, &granite, verb, params.clone()).await;
        assert_eq!(tried.status, 404, "{verb}: {}", tried.body);
        // Nor does the answer differ from that for what does not exist at all.
        let nowhere = params.to_string().replace("juniper", "nowhere");
        let nowhere: Value = serde_json::from_str(&nowhere).unwrap();
        let nowhere = command(&world, &granite, verb, nowhere).await;
        assert_eq!(
            there.body.to_string().replace("juniper", "nowhere"),
            nowhere.body.to_string(),
            "{verb}"
        );
    }
    let as_other = json!({ "as": "harbor", "verb": "accept_customer_agreement" });
    let as_other = world
        .post("/program/v1/decisions", &granite, &as_other)
        .await;
    assert_eq!(as_other.status, 403, "{}", as_other.body);
    for verb in ["grant_waiver", "end_waiver"] {
        let params = if verb == "end_waiver" {
            json!({ "waiver": "any" })
        } else {
            json!({ "id": "own", "organization": "ORG-HARBOR", "from": "2020-01-01", "until": "2099-12-31" })
        };
        let refused = command(&world, &granite, verb, params).await;
        assert_eq!(refused.status, 403, "{}", refused.body);
        assert_eq!(refused.body["decision"]["violations"][0]["rule"], "TXN-507");
    }
}

#[tokio::test]
async fn a_refusal_names_the_decision_that_was_kept_of_it() {
    let world = World::demo().await;
    let harbor = world.user("harbor");
    let order = json!({ "customer": "red-rock-dental", "item": "desk-basic", "quantity": 3 });
    let refused = command(&world, &harbor, "order", order.clone()).await;
    assert!(matches!(refused.status, 403 | 404), "{}", refused.body);
    let id = text(&refused.body["decision"]["id"]);
    let path = format!("/program/v1/decisions/{id}");
    let kept = world.get(&path, &harbor).await;
    assert_eq!(kept.status, 200, "{}", kept.body);
    assert_eq!(
        kept.body["rules"][0],
        refused.body["decision"]["violations"][0]["rule"]
    );
    assert_eq!(world.get(&path, &world.user("cedar")).await.status, 404);
    // What is only tried is kept by nobody.
    let tried = decide(&world, &harbor, "order", order).await;
    assert!(tried.body.get("id").is_none(), "{}", tried.body);
}

/// What a sandbox lets its users throw away, nobody throws away elsewhere, by whatever path it is asked.
#[tokio::test]
async fn a_customer_account_is_deleted_by_command_in_a_sandbox_only() {
    let delete = json!({ "customer": "granite-library" });
    let world = World::production().await;
    let harbor = world.user("harbor");
    for verb in [
        "delete_customer",
        "create_sandbox_reseller",
        "delete_sandbox_reseller",
    ] {
        let refused = command(&world, &harbor, verb, delete.clone()).await;
        assert_eq!(refused.status, 400, "{verb}: {}", refused.body);
        assert_eq!(refused.body["code"], 900_127, "{verb}: {}", refused.body);
    }
    let world = World::demo().await;
    let harbor = world.user("harbor");
    let juniper = json!({ "customer": "juniper-bakery" });
    let done = command(&world, &harbor, "delete_customer", juniper).await;
    assert_eq!(done.status, 200, "{}", done.body);
}

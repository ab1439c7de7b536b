//! The log of calls, and the inbox of a sandbox's own webhooks.

use serde_json::{Value, json};
use tierline_store::DbConfig;

use crate::common::post::{Post, REGISTRATION, TESTS, standing};
use crate::common::{Answer, World, text};

const LOG: &str = "/program/v1/requests";
const INBOX: &str = "/program/v1/webhooks/inbox";

async fn listed(world: &World, who: &str, query: &str) -> Vec<Value> {
    let answer = world.get(&format!("{LOG}{query}"), &world.user(who)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["items"].as_array().unwrap().clone()
}

async fn one(world: &World, who: &str, id: &str) -> Answer {
    world.get(&format!("{LOG}/{id}"), &world.user(who)).await
}

#[tokio::test]
async fn a_call_is_kept_without_its_secrets() {
    let world = World::demo().await;
    let token = world.user("harbor");
    world
        .get("/v1/Customers?size=1&access_token=hidden", &token)
        .await;
    let body = json!({ "name": "nightly", "redirectUris": [] });
    let made = world.post("/program/v1/applications", &token, &body).await;
    let found = listed(&world, "harbor", "").await;
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(found[1]["path"], "/v1/Customers");
    assert_eq!(found[1]["query"], "size=1&access_token=***");
    assert_eq!(
        (&found[1]["status"], &found[1]["user"]),
        (&json!(200), &json!("admin@harbor.example"))
    );

    let call = one(&world, "harbor", &text(&found[0]["id"])).await.body;
    assert_eq!(call["method"], "POST");
    assert_eq!(call["body"]["text"], body.to_string());
    assert_eq!(call["answer"]["status"], made.status);
    let kept = call.to_string();
    assert!(!kept.contains(&token), "{kept}");
    for (name, value) in made.body.as_object().unwrap() {
        let is_secret = name.to_lowercase().contains("secret");
        if let (true, Some(value)) = (is_secret, value.as_str()) {
            assert!(!kept.contains(value), "{kept}");
        }
    }
    // A large answer is left out, and its size is told.
    world
        .get("/v1/products?country=US&targetView=OnlineServices", &token)
        .await;
    let large = listed(&world, "harbor", "?count=1").await;
    let large = one(&world, "harbor", &text(&large[0]["id"])).await.body;
    assert_eq!(large["answer"]["body"]["kind"], "left_out", "{large}");
}

#[tokio::test]
async fn everybody_sees_its_own_calls() {
    let world = World::demo().await;
    world.get("/v1/customers", &world.user("harbor")).await;
    world.get("/v1/nowhere", &world.user("meridian")).await;
    world.get("/v1/customers", "no token at all").await;
    assert_eq!(listed(&world, "harbor", "").await.len(), 1);
    let own = listed(&world, "meridian", "?outcome=failed").await;
    assert_eq!(own.len(), 1);
    let id = text(&own[0]["id"]);
    assert_eq!(one(&world, "harbor", &id).await.status, 404);
    assert_eq!(one(&world, "meridian", &id).await.status, 200);
    assert_eq!(listed(&world, "operator", "").await.len(), 2);
    assert_eq!(
        listed(&world, "operator", "?search=NOWHERE&method=get")
            .await
            .len(),
        1
    );
    let first = world
        .get(&format!("{LOG}?count=1"), &world.user("operator"))
        .await
        .body;
    let next = text(&first["next"]);
    let second = listed(&world, "operator", &format!("?count=1&after={next}")).await;
    assert_eq!(second[0]["path"], "/v1/customers");

    // In production nobody reads another's calls, the operator neither.
    let production = World::production().await;
    production
        .get("/v1/customers", &production.user("harbor"))
        .await;
    let answer = production.get(LOG, &production.user("operator")).await;
    let items = answer.body["items"].as_array().unwrap();
    assert!(
        items.iter().all(|item| item["path"] != "/v1/customers"),
        "{items:?}"
    );
}

#[tokio::test]
async fn a_sandbox_receives_its_own_webhooks() {
    let post = Post::over(World::demo_on(&DbConfig::Memory, standing()).await);
    let world = &post.world;
    let harbor = world.user("harbor");
    let empty = world.get(INBOX, &harbor).await.body;
    let address = text(&empty["address"]);
    assert!(
        address.starts_with(&format!("{}{INBOX}/", world.base)),
        "{address}"
    );
    let wanted = json!({ "WebhookUrl": address, "WebhookEvents": ["test-created"] });
    let registered = world.post(REGISTRATION, &harbor, &wanted).await;
    assert_eq!(registered.status, 200, "{}", registered.body);
    let sent = world.send("POST", TESTS, Some(&harbor), None, &[]).await;
    assert_eq!(sent.status, 200, "{}", sent.body);
    assert_eq!(post.round().await, 1);

    let heard = world.get(INBOX, &harbor).await.body;
    let heard = heard["items"].as_array().unwrap();
    assert_eq!(heard.len(), 1);
    assert_eq!(
        (&heard[0]["event"], &heard[0]["genuine"]),
        (&json!("test-created"), &json!(true))
    );
    let body: Value = serde_json::from_str(heard[0]["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["EventName"], "test-created");
    let names: Vec<String> = heard[0]["headers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|header| text(&header["name"]))
        .collect();
    assert!(names.contains(&"authorization".to_owned()), "{names:?}");

    // A stranger sees nothing of it, and leaves nothing there that the outbox does not know.
    let other = world.get(INBOX, &world.user("meridian")).await.body;
    assert!(other["items"].as_array().unwrap().is_empty());
    let path = address.strip_prefix(&world.base).unwrap();
    let delivery = text(&heard[0]["delivery"]);
    let made_up = [("MS-RequestId", "3e0f9a5e-6a5b-4b52-9d4f-3c1f0a4b7c11")];
    let forged = world
        .send("POST", path, None, Some(b"{}".to_vec()), &made_up)
        .await;
    assert_eq!(forged.status, 404);
    let known = [
        ("MS-RequestId", delivery.as_str()),
        ("Authorization", "Signature AAAA"),
    ];
    world
        .send("POST", path, None, Some(b"{}".to_vec()), &known)
        .await;
    let heard = world.get(INBOX, &harbor).await.body;
    assert_eq!(heard["items"][0]["genuine"], false, "{heard}");
    assert_eq!(world.get(INBOX, &world.user("operator")).await.status, 403);
}

#[tokio::test]
async fn production_has_no_inbox() {
    let world = World::production().await;
    assert_eq!(world.get(INBOX, &world.user("harbor")).await.status, 404);
}

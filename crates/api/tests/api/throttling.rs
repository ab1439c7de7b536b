//! Budgets of calls (GEN-008).

use crate::common::World;
use serde_json::json;
use tierline_api::Settings;
use tierline_api::throttle::Budgets;

async fn limited(budgets: &str) -> World {
    let settings = Settings {
        sandbox: true,
        budgets: Some(Budgets::read(budgets).unwrap()),
        ..Settings::default()
    };
    World::with(settings, None).await
}

/// GEN-008: over the budget of its tenant a partner waits; another one does not.
#[tokio::test]
async fn a_partner_over_its_budget_waits() {
    let world = limited("customers=2/60").await;
    let token = world.user("meridian");
    for _ in 0..2 {
        assert_eq!(world.get("/v1/customers", &token).await.status, 200);
    }
    // Another user or application of the same partner shares the budget.
    let app = world.of("meridian", "accessTokenApp");
    let refused = world.get("/v1//Customers/", &app).await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.body["statusCode"], 429);
    assert!(refused.body["message"].is_string());
    for member in ["code", "description", "data"] {
        assert!(
            refused.body.get(member).is_none(),
            "clients read Retry-After only without it"
        );
    }
    let wait: i64 = refused.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert!(refused.headers.contains_key("ms-requestid"));
    assert!(refused.headers.contains_key("ms-correlationid"));
    let other = world.get("/v1/customers", &world.user("harbor")).await;
    assert_eq!(other.status, 200);
    // Our own endpoints and the operator are not counted.
    assert_eq!(
        world.get("/program/v1/order-requests", &token).await.status,
        200
    );
    let nobody = world.get("/v1/customers", "x.y.z").await;
    assert_eq!(nobody.status, 401, "a stranger is refused, not counted");
}

/// GEN-008: writes count per partner and customer. GEN-006: a 429 is not the answer of a request id.
#[tokio::test]
async fn a_throttled_write_is_done_when_it_comes_again() {
    let world = limited("writes=1/1").await;
    let token = world.user("meridian");
    let red = world.customer("meridian", "Red Rock").await;
    let lakeside = world.customer("meridian", "Lakeside").await;
    let order = json!({ "lineItems": [{ "catalogItemId": "desk-standard", "quantity": 1, "termDuration": "P1Y", "billingCycle": "monthly" }] });
    let body = order.to_string().into_bytes();
    let place = async |customer: &str, id: &str| {
        let path = format!("/v1/customers/{customer}/orders");
        let ids = [("MS-RequestId", id)];
        world
            .send("POST", &path, Some(&token), Some(body.clone()), &ids)
            .await
    };
    let id = "5f1e0a63-3c1f-4f34-9f0e-7a1b7a5a0001";
    let mut refused = None;
    for attempt in 0..50 {
        let answer = place(
            &red,
            &format!("5f1e0a63-3c1f-4f34-9f0e-7a1b7a5b{attempt:04}"),
        )
        .await;
        let again = place(&red, id).await;
        if answer.status == 201 && again.status == 429 {
            refused = Some(again);
            break;
        }
    }
    let refused = refused.unwrap();
    assert_eq!(refused.body["statusCode"], 429);
    assert_eq!(
        place(&lakeside, "5f1e0a63-3c1f-4f34-9f0e-7a1b7a5a0002")
            .await
            .status,
        201
    );
    // Its window is a second long: the same request comes until it is let in, and is then done.
    let mut last = refused.status;
    for _ in 0..10_000 {
        if last != 429 {
            break;
        }
        last = place(&red, id).await.status;
    }
    assert_eq!(last, 201);
}

#[tokio::test]
async fn a_sandbox_counts_nothing_unless_it_is_told_to() {
    let world = World::demo().await;
    let token = world.user("meridian");
    for _ in 0..20 {
        assert_eq!(world.get("/v1/customers/none", &token).await.status, 403);
    }
    let limited = limited("webhook-tests=1/60").await;
    let token = limited.user("meridian");
    let path = "/webhooks/v1/registration/validationEvents";
    let first = limited.post(path, &token, &json!({})).await;
    let second = limited.post(path, &token, &json!({})).await;
    assert!(first.status != 429 && second.status == 429);
}

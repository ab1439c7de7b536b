//! A token that is over, that carries no second factor, or that is another tenant's, changes nothing.

use serde_json::{Value, json};
use tierline_api::identity::Subject;
use uuid::Uuid;

use crate::common::World;

/// What meridian has, that others reach for: a customer, its cart and order, and a customer's order count.
struct Held {
    customer: String,
    cart: String,
    order: String,
}

fn line() -> Value {
    json!({ "catalogItemId": "desk-standard", "quantity": 1, "termDuration": "P1Y", "billingCycle": "monthly" })
}

async fn held(world: &World) -> Held {
    let customer = world.customer("meridian", "Red Rock").await;
    let token = world.user("meridian");
    let path = format!("/v1/customers/{customer}");
    let lines = json!({ "lineItems": [line()] });
    let cart = world.post(&format!("{path}/carts"), &token, &lines).await;
    let order = world.post(&format!("{path}/orders"), &token, &lines).await;
    let id = |body: &Value| body["id"].as_str().unwrap().to_owned();
    Held {
        customer,
        cart: id(&cart.body),
        order: id(&order.body),
    }
}

/// Everything that the writes below would change.
async fn state(world: &World, held: &Held) -> Value {
    let token = world.user("meridian");
    let path = format!("/v1/customers/{}", held.customer);
    let mut seen = Vec::new();
    for path in [
        "/v1/customers".to_owned(),
        path.clone(),
        format!("{path}/orders"),
        format!("{path}/carts/{}", held.cart),
        format!("{path}/profiles/billing"),
        "/program/v1/applications".to_owned(),
        "/webhooks/v1/registration".to_owned(),
    ] {
        let mut answer = world.get(&path, &token).await;
        // An ETag of the answer is as good as another.
        if let Some(body) = answer.body.as_object_mut() {
            body.remove("attributes");
        }
        seen.push(json!([answer.status, answer.body]));
    }
    seen.into()
}

/// Writes on both surfaces, and whether each is of the documented wire.
fn writes(held: &Held) -> Vec<(&'static str, String, Value)> {
    let customer = format!("/v1/customers/{}", held.customer);
    let lines = json!({ "lineItems": [line(), line()] });
    vec![
        ("POST", format!("{customer}/orders"), lines.clone()),
        ("POST", format!("{customer}/carts"), lines.clone()),
        ("PUT", format!("{customer}/carts/{}", held.cart), lines),
        (
            "POST",
            format!("{customer}/carts/{}/checkout", held.cart),
            Value::Null,
        ),
        (
            "PATCH",
            format!("{customer}/orders/{}", held.order),
            json!({ "status": "cancelled" }),
        ),
        (
            "PATCH",
            customer.clone(),
            json!({ "relationshipToPartner": "none" }),
        ),
        ("DELETE", customer, Value::Null),
        (
            "POST",
            "/program/v1/commands/order".to_owned(),
            json!({ "customer": "red-rock-dental", "item": "desk-standard" }),
        ),
    ]
}

/// The user of a partner, as a token says; with a second factor or without.
fn subject(world: &World, partner: &str, mfa: bool) -> Subject {
    let tenant = world.of(partner, "tenantId").parse().unwrap();
    let user = (Uuid::nil(), world.of(partner, "user"));
    Subject::user(tenant, world.of(partner, "clientId"), user, mfa)
}

#[tokio::test]
async fn a_token_that_is_over_changes_nothing() {
    let world = World::demo().await;
    let held = held(&world).await;
    let before = state(&world, &held).await;
    let issuer = world.server.issuer();
    let now = world.app.clock().server_now();
    let seconds = now.as_micros() / 1_000_000;
    let subject = subject(&world, "meridian", true);
    let good = issuer.issue_until(&subject, now, seconds + 600);
    let over = issuer.issue_until(&subject, now, seconds - 1);
    assert_eq!(world.get("/v1/customers", &good).await.status, 200);
    for (method, path, body) in writes(&held) {
        let body = Some(body.to_string().into_bytes());
        let answer = world.send(method, &path, Some(&over), body, &[]).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (401, &json!(400)),
            "{method} {path}: {}",
            answer.body
        );
        assert_eq!(
            answer.headers["www-authenticate"],
            "Bearer error=\"invalid_token\""
        );
    }
    assert_eq!(state(&world, &held).await, before);
}

/// SEC-002: no body says it, the header does.
#[tokio::test]
async fn a_user_without_a_second_factor_changes_nothing() {
    let world = World::demo().await;
    let held = held(&world).await;
    let before = state(&world, &held).await;
    let now = world.app.clock().server_now();
    let token = world
        .server
        .issuer()
        .issue(&subject(&world, "meridian", false), now);
    for (method, path, body) in writes(&held) {
        let body = Some(body.to_string().into_bytes());
        let answer = world.send(method, &path, Some(&token), body, &[]).await;
        assert_eq!(answer.status, 401, "{method} {path}");
        assert_eq!(
            answer.headers["www-authenticate"],
            "Bearer error=\"invalid_token\""
        );
        if path.starts_with("/v1/") {
            assert_eq!(answer.body, Value::Null, "{method} {path}");
        }
    }
    assert_eq!(state(&world, &held).await, before);
    // An application is not asked for one.
    let app = world.of("meridian", "accessTokenApp");
    assert_eq!(world.get("/v1/customers", &app).await.status, 200);
}

/// The customer of another is answered like one that does not exist; so is everything of it, and of ours.
#[tokio::test]
async fn another_tenants_token_finds_nothing_and_changes_nothing() {
    let world = World::demo().await;
    let held = held(&world).await;
    let mine = world.customer("harbor", "Juniper").await;
    let token = world.user("harbor");
    let before = state(&world, &held).await;
    let nobody = "00000000-0000-4000-8000-00000000dead";
    for (method, path, body) in writes(&held) {
        let body = Some(body.to_string().into_bytes());
        let told = async |path: &str| {
            let answer = world
                .send(method, path, Some(&token), body.clone(), &[])
                .await;
            (answer.status, answer.body["code"].clone())
        };
        let theirs = told(&path).await;
        let documented = path.starts_with("/v1/");
        if documented {
            assert_eq!(theirs, (403, json!(20_002)), "{method} {path}");
            // Nothing tells it from a customer that nobody has.
            let other = told(&path.replace(&held.customer, nobody)).await;
            assert_eq!(theirs, other, "{method} {path}");
        } else {
            assert!(matches!(theirs.0, 403 | 404), "{method} {path}: {theirs:?}");
        }
    }
    // Behind a customer of one's own, the cart and the order of another do not exist.
    for (method, path, body) in writes(&held) {
        if !path.contains(&held.cart) && !path.contains(&held.order) {
            continue;
        }
        let path = path.replace(&held.customer, &mine);
        let body = Some(body.to_string().into_bytes());
        let answer = world.send(method, &path, Some(&token), body, &[]).await;
        assert_eq!(answer.status, 404, "{method} {path}: {}", answer.body);
    }
    let client = world.of("meridian", "clientId");
    let secrets = format!("/program/v1/applications/{client}/secrets");
    let answer = world.post(&secrets, &token, &json!({})).await;
    assert_eq!(answer.status, 404, "{}", answer.body);
    assert_eq!(state(&world, &held).await, before);
}

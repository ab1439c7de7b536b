//! Bad input gets a 4xx that names the field, and changes nothing.

use crate::common::World;
use serde_json::{Value, json};

async fn orders(world: &World, customer: &str) -> Value {
    world
        .get(
            &format!("/v1/customers/{customer}/orders"),
            &world.user("meridian"),
        )
        .await
        .body["totalCount"]
        .clone()
}

#[tokio::test]
async fn broken_bodies_name_what_is_wrong_and_change_nothing() {
    let world = World::demo().await;
    let customer = world.customer("meridian", "Red Rock").await;
    let cases: [(&str, Vec<u8>, &str); 7] = [
        ("malformed JSON", b"{\"lineItems\": [".to_vec(), "body"),
        ("invalid UTF-8", b"{\"lineItems\": \"\xff\xfe\"}".to_vec(), "UTF-8"),
        ("wrong type", json!({ "lineItems": [{ "catalogItemId": "desk-standard", "quantity": "many" }] }).to_string().into_bytes(), "quantity"),
        ("unknown enum", json!({ "lineItems": [{ "catalogItemId": "desk-standard", "quantity": 1, "billingCycle": "fortnightly" }] }).to_string().into_bytes(), "billingCycle"),
        ("bad period", json!({ "lineItems": [{ "catalogItemId": "desk-standard", "quantity": 1, "termDuration": "forever" }] }).to_string().into_bytes(), "termDuration"),
        ("unknown item", json!({ "lineItems": [{ "catalogItemId": "no-such-item", "quantity": 1 }] }).to_string().into_bytes(), "catalogItemId"),
        ("no line", json!({ "lineItems": [] }).to_string().into_bytes(), "lineItems"),
    ];
    for (what, body, field) in cases {
        let answer = world
            .send(
                "POST",
                &format!("/v1/customers/{customer}/orders"),
                Some(&world.user("meridian")),
                Some(body),
                &[],
            )
            .await;
        assert!(
            (400..500).contains(&answer.status),
            "{what}: {}",
            answer.status
        );
        assert!(
            answer.body["description"].as_str().unwrap().contains(field),
            "{what}: {}",
            answer.body
        );
    }
    assert_eq!(orders(&world, &customer).await, 0);
}

#[tokio::test]
async fn an_oversize_body_is_refused() {
    let world = World::demo().await;
    let customer = world.customer("meridian", "Red Rock").await;
    let answer = world
        .send(
            "POST",
            &format!("/v1/customers/{customer}/orders"),
            Some(&world.user("meridian")),
            Some(vec![b' '; 2 * 1024 * 1024]),
            &[],
        )
        .await;
    assert_eq!(answer.status, 413);
}

#[tokio::test]
async fn unknown_and_unrelated_customers_get_the_same_answer() {
    let world = World::demo().await;
    let others = world.customer("harbor", "Juniper").await;
    let token = world.user("meridian");
    for id in [
        others.as_str(),
        "00000000-0000-4000-8000-00000000dead",
        "not-a-guid",
    ] {
        let answer = world.get(&format!("/v1/customers/{id}"), &token).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (403, &json!(20002)),
            "{id}"
        );
        let line = json!({ "lineItems": [{ "offerId": "desk-standard", "quantity": 1 }] });
        let answer = world
            .post(&format!("/v1/customers/{id}/orders"), &token, &line)
            .await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (403, &json!(20002)),
            "order for {id}"
        );
    }
}

#[tokio::test]
async fn an_unknown_country_is_named() {
    let world = World::demo().await;
    let body = json!({ "companyProfile": { "domain": "x.example" }, "billingProfile": { "email": "it@x.example", "companyName": "Copper Kettle LLC", "culture": "en-US", "language": "en", "defaultAddress": { "country": "QQ" } } });
    let answer = world
        .post("/v1/customers", &world.user("meridian"), &body)
        .await;
    assert_eq!((answer.status, &answer.body["code"]), (400, &json!(3000)));
    assert!(
        answer.body["description"]
            .as_str()
            .unwrap()
            .contains("country")
    );
}

#[tokio::test]
async fn tokens_are_checked() {
    let world = World::demo().await;
    let good = world.user("meridian");
    let mut altered = good.clone();
    altered.replace_range(good.len() - 4.., "AAAA");
    for token in [None, Some("nonsense"), Some(altered.as_str())] {
        let answer = world.send("GET", "/v1/customers", token, None, &[]).await;
        assert_eq!(answer.status, 401);
        assert_eq!(
            answer.headers.get("www-authenticate").unwrap(),
            "Bearer error=\"invalid_token\""
        );
    }
}

#[tokio::test]
async fn an_application_alone_is_refused_where_a_user_is_needed() {
    let world = World::demo().await;
    let token = world.of("meridian", "accessTokenApp");
    let answer = world.get("/v1/relationships", &token).await;
    assert_eq!(
        (answer.status, &answer.body["code"]),
        (403, &json!(900_329))
    );
    assert_eq!(
        world.get("/v1/customers", &token).await.status,
        200,
        "customers take either token"
    );
}

#[tokio::test]
async fn resellers_have_no_documented_api_but_ours() {
    let world = World::demo().await;
    let token = world.user("cedar");
    let answer = world.get("/v1/customers", &token).await;
    assert_eq!((answer.status, &answer.body["code"]), (403, &json!(2032)));
    assert_eq!(
        world.get("/program/v1/order-requests", &token).await.status,
        200
    );
}

#[tokio::test]
async fn what_is_documented_and_not_built_answers_501() {
    let world = World::demo().await;
    let token = world.user("meridian");
    for (method, path, status) in [
        ("GET", "/v1/invoices", 501),
        ("DELETE", "/v1/agreements", 405),
        ("GET", "/v1/no/such/path", 404),
    ] {
        let answer = world.send(method, path, Some(&token), None, &[]).await;
        assert_eq!(answer.status, status, "{method} {path}");
    }
}

#[tokio::test]
async fn our_own_endpoints_are_strict() {
    let world = World::demo().await;
    let token = world.user("meridian");
    for body in [
        json!({ "Verb": "order" }),
        json!({ "verb": "order", "extra": 1 }),
        json!({ "verb": "order", "params": { "customer": "red-rock-dental", "item": "desk-standard", "colour": "red" } }),
    ] {
        let answer = world.post("/program/v1/decisions", &token, &body).await;
        assert_eq!(answer.status, 400, "{body}");
        assert_eq!(
            answer.headers.get("content-type").unwrap(),
            "application/problem+json"
        );
    }
    let other = world
        .post(
            "/program/v1/decisions",
            &token,
            &json!({ "as": "harbor", "verb": "order", "params": {} }),
        )
        .await;
    assert_eq!(other.status, 403, "a partner dry-runs only as itself");
}

#[tokio::test]
async fn strangers_see_nothing() {
    let world = World::demo().await;
    for path in [
        "/v1/customers",
        "/v1/relationships",
        "/v1/agreements",
        "/v1/profiles/mpn",
        "/program/v1/order-requests",
    ] {
        assert_eq!(
            world.send("GET", path, None, None, &[]).await.status,
            401,
            "{path}"
        );
    }
    let customer = world.customer("meridian", "Red Rock").await;
    for tail in [
        "",
        "/agreements",
        "/relationships",
        "/orders",
        "/directSignedMicrosoftCustomerAgreementStatus",
    ] {
        let answer = world
            .get(
                &format!("/v1/customers/{customer}{tail}"),
                &world.user("harbor"),
            )
            .await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (403, &json!(20002)),
            "{tail}"
        );
    }
}

#[tokio::test]
async fn the_page_lists_what_answers_501_and_only_that() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let page = world.http.get(format!("{}/docs", world.base)).send().await;
    let page = page.unwrap().text().await.unwrap();
    let (built, open) = page.split_once("<h2 id=\"open\">").unwrap();
    assert!(built.contains("<code>/v1/customers/{customer-id}</code>"));
    assert!(open.contains("<code>/v1/invoices</code>"));
    let mut listed = 0;
    for row in open.split("<tr><td class=\"m\">").skip(1) {
        let (method, rest) = row.split_once("</td><td><code>").unwrap();
        let (template, _) = rest.split_once("</code>").unwrap();
        let mut path = template.to_owned();
        while let (Some(from), Some(to)) = (path.find('{'), path.find('}')) {
            path.replace_range(from..=to, "x");
        }
        let answer = world.send(method, &path, Some(&token), None, &[]).await;
        assert_eq!(answer.status, 501, "{method} {path}");
        listed += 1;
    }
    assert!(listed > 100, "{listed}");
}

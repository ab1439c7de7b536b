//! The shape of refusals on the documented paths (GEN-001, GEN-003).

use tierline_api::identity::Subject;

use crate::common::{World, assert_shape};
use serde_json::{Value, json};

#[tokio::test]
async fn every_failure_has_the_documented_body() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let nobody = "6d70bbd2-9a27-4c54-a5a9-0a7a2ae8a2c0";
    let broken = Some(b"{".to_vec());
    for (status, method, path, body) in [
        (400, "POST", "/v1/customers".to_owned(), broken),
        (403, "GET", format!("/v1/customers/{nobody}"), None),
        (404, "GET", "/v1/no/such/path".to_owned(), None),
        (405, "DELETE", "/v1/agreements".to_owned(), None),
        (501, "GET", "/v1/serviceincidents/office".to_owned(), None),
    ] {
        let answer = world.send(method, &path, Some(&token), body, &[]).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        assert_shape(&format!("{method} {path}"), &answer);
    }
    // It names the failed condition and the identifiers involved.
    let path = format!("/v1/customers/{nobody}");
    let answer = world.send("GET", &path, Some(&token), None, &[]).await;
    let description = answer.body["description"].as_str().unwrap_or_default();
    assert!(description.contains(nobody), "{description}");
    assert!(
        description.contains("no commerce relationship"),
        "{description}"
    );
    assert_eq!(answer.body["data"], json!(["CUS-002"]));
    let answer = world.send("GET", "/v1/customers", None, None, &[]).await;
    assert_eq!(answer.status, 401);
    assert_shape("no token", &answer);
}

#[tokio::test]
async fn a_rules_refusal_names_every_rule_that_was_broken() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let customer = world.customer("meridian", "Red Rock").await;
    let order = json!({ "lineItems": [{ "catalogItemId": "desk-standard", "quantity": 0, "termDuration": "P3Y", "billingCycle": "one_time" }] });
    let path = format!("/v1/customers/{customer}/orders");
    let answer = world.post(&path, &token, &order).await;
    assert_eq!(answer.status, 400, "{}", answer.body);
    assert_shape("refused by rules", &answer);
    let rules = answer.body["data"].as_array().unwrap();
    for rule in ["ORD-018", "ORD-019"] {
        assert!(rules.contains(&json!(rule)), "{rule}: {}", answer.body);
    }
}

/// A token is good and its tenant has no account (any more): no path answers it, whether the caller is looked up
/// before the handler or in the read it asks for.
#[tokio::test]
async fn a_token_without_an_account_opens_nothing() {
    let world = World::demo().await;
    let user = (uuid::Uuid::from_u128(2), "kim@nowhere.example".to_owned());
    let subject = Subject::user(uuid::Uuid::from_u128(1), "app", user, true);
    let now = world.app.clock().server_now();
    let token = world.server.issuer().issue(&subject, now);
    let customer = world.customer("harbor", "Bay Street").await;
    let deal =
        json!({ "verb": "order", "params": { "customer": customer, "item": "desk-standard" } });
    for (method, path, body) in [
        ("GET", "/v1/customers".to_owned(), None),
        ("GET", format!("/v1/customers/{customer}"), None),
        ("POST", "/program/v1/decisions".to_owned(), Some(deal)),
    ] {
        let body = body.map(|body| body.to_string().into_bytes());
        let answer = world.send(method, &path, Some(&token), body, &[]).await;
        assert_eq!(answer.status, 401, "{method} {path}: {}", answer.body);
        if path.starts_with("/v1/") {
            assert_shape(&format!("{method} {path}"), &answer);
        }
    }
}

/// The errors that the pages of products, profiles, carts and test resellers name. Those of the status query of
/// agreements are in `agreements.rs`, those of lines in `carts.rs`, a throttled call is in `throttling.rs`.
#[tokio::test]
async fn errors_that_pages_name_have_their_status_and_code() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let list = "/v1/products?country=US&targetView=OnlineServices";
    let products = world.get(list, &token).await;
    let product = products.body["items"][0]["id"].as_str().unwrap();
    let skus = world
        .get(&format!("/v1/products/{product}/skus?country=US"), &token)
        .await;
    let sku = skus.body["items"][0]["id"].as_str().unwrap();
    let customer = world.customer("meridian", "Red Rock").await;
    let nobody = "6d70bbd2-9a27-4c54-a5a9-0a7a2ae8a2c0";
    for (status, code, path) in [
        (
            404,
            400_013,
            "/v1/products/CFQ000000000?country=US".to_owned(),
        ),
        (
            404,
            400_013,
            "/v1/products/CFQ000000000/skus?country=US".to_owned(),
        ),
        (
            404,
            400_018,
            format!("/v1/products/{product}/skus/ZZZZ?country=US"),
        ),
        (
            404,
            400_019,
            format!("/v1/products/{product}/skus/{sku}/availabilities/CFQ000000000?country=US"),
        ),
        (403, 400_030, format!("{list}&targetSegment=everybody")),
        (
            403,
            400_036,
            "/v1/products?country=US&targetView=Everything".to_owned(),
        ),
        (404, 3000, "/v1/profiles/mpn?mpnId=99999999".to_owned()),
        (
            404,
            800_008,
            format!("/v1/customers/{customer}/carts/{nobody}"),
        ),
        (
            404,
            20_000,
            format!("/v1/customers/{customer}/orders/{nobody}"),
        ),
        (
            404,
            400_013,
            format!("/v1/customers/{customer}/products/CFQ000000000"),
        ),
    ] {
        let answer = world.get(&path, &token).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (status, &json!(code)),
            "{path}: {}",
            answer.body
        );
        assert_shape(&path, &answer);
    }
}

/// Outside a sandbox nobody makes or deletes test resellers; the page has a code for each.
#[tokio::test]
async fn production_has_no_test_resellers() {
    let world = World::production().await;
    let token = world.user("meridian");
    for (method, path, code) in [
        ("POST", "/v1//sandboxIndirectReseller", 6004),
        (
            "DELETE",
            "/v1/sandboxIndirectReseller/6d70bbd2-9a27-4c54-a5a9-0a7a2ae8a2c0",
            6003,
        ),
    ] {
        let answer = world
            .send(method, path, Some(&token), Some(b"{}".to_vec()), &[])
            .await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (403, &json!(code)),
            "{}",
            answer.body
        );
        assert_shape(path, &answer);
    }
}

/// What a failure says, in the language that the caller reads.
#[tokio::test]
async fn failures_speak_the_callers_language() {
    let world = World::demo().await;
    let (token, customer) = (
        world.user("harbor"),
        world.customer("harbor", "Juniper").await,
    );
    let quantity = json!({ "lineItems": [{ "offerId": "desk-standard", "quantity": 1_000_000, "termDuration": "P1Y" }] });
    let orders = format!("/v1/customers/{customer}/orders");
    for (method, path, body, member, told) in [
        (
            "GET",
            "/v1/auditrecords/nothing".to_owned(),
            None,
            "description",
            "監査記録 nothing は存在しません",
        ),
        (
            "GET",
            "/v1/nowhere".to_owned(),
            None,
            "description",
            "/v1/nowhere は存在しません",
        ),
        (
            "GET",
            format!("{orders}/1"),
            None,
            "description",
            "注文 1 は存在しません",
        ),
        (
            "POST",
            orders.clone(),
            Some(json!({})),
            "description",
            "lineItems: 注文には少なくとも一つの行が必要です",
        ),
        (
            "POST",
            orders.clone(),
            Some(json!({ "lineItems": [{ "offerId": "desk\0" }] })),
            "description",
            "lineItems[0].offerId: NUL 文字が含まれています",
        ),
        (
            "POST",
            orders,
            Some(quantity),
            "description",
            "求められた数量: 1000000",
        ),
        (
            "GET",
            "/program/v1/rules?status=new".to_owned(),
            None,
            "detail",
            "status: enforced、behaviour、planned",
        ),
        (
            "GET",
            "/program/v1/rules/TXN-999".to_owned(),
            None,
            "detail",
            "規則 TXN-999 は存在しません",
        ),
    ] {
        let bytes = body.map(|body: Value| body.to_string().into_bytes());
        let headers = [("X-Locale", "ja-JP")];
        let answer = world
            .send(method, &path, Some(&token), bytes.clone(), &headers)
            .await;
        let text = answer.body[member].as_str().unwrap_or_default();
        assert!(text.contains(told), "{path}: {}", answer.body);
        let english = world.send(method, &path, Some(&token), bytes, &[]).await;
        assert_eq!(english.status, answer.status, "{path}");
        assert_eq!(english.body["code"], answer.body["code"], "{path}");
        assert!(
            english.body[member].as_str().unwrap().is_ascii(),
            "{path}: {}",
            english.body
        );
    }
    let nobody = world
        .send("GET", "/v1/customers", None, None, &[("X-Locale", "ja")])
        .await;
    let told = nobody.body["description"].as_str().unwrap();
    assert!(
        told.starts_with("呼び出しにベアラートークンがありません"),
        "{told}"
    );
}

/// GEN-002: status, number and the deciding rule tell together what a number alone does not.
#[tokio::test]
async fn one_number_may_mean_two_things() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let neither = world
        .get(
            "/v1/compliance/csp/agreementstatus",
            &world.user("meridian"),
        )
        .await;
    let customer = world.customer("harbor", "Bay Street").await;
    let suspend = json!({ "subscription": "sub-bay-street-core" });
    let operator = world.of("operator", "accessTokenUser");
    let path = "/program/v1/commands/suspend?as=harbor";
    let suspended = world.post(path, &operator, &suspend).await;
    assert_eq!(suspended.status, 200, "{}", suspended.body);
    let list = world
        .get(&format!("/v1/customers/{customer}/subscriptions"), &token)
        .await;
    let items = list.body["items"].as_array().unwrap();
    let mut core = items
        .iter()
        .find(|one| one["quantity"] == 20)
        .unwrap()
        .clone();
    let path = format!(
        "/v1/customers/{customer}/subscriptions/{}",
        core["id"].as_str().unwrap()
    );
    core["quantity"] = json!(25);
    let body = Some(core.to_string().into_bytes());
    let seats = world.send("PATCH", &path, Some(&token), body, &[]).await;
    for (answer, rule) in [(&neither, "AGR-012"), (&seats, "SUB-005")] {
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (400, &json!(2001)),
            "{}",
            answer.body
        );
        assert_eq!(answer.body["data"][0], rule, "{}", answer.body);
    }
    assert_ne!(neither.body["description"], seats.body["description"]);
}

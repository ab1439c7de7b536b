//! Bad input gets a 4xx that names the field, and changes nothing.

use std::collections::BTreeSet;

use crate::common::World;
use serde_json::{Value, json};
use tierline_api::fidelity;

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
    let cases: [(&str, Vec<u8>, &str); 11] = [
        ("malformed JSON", b"{\"lineItems\": [".to_vec(), "body"),
        ("invalid UTF-8", b"{\"lineItems\": \"\xff\xfe\"}".to_vec(), "UTF-8"),
        ("wrong type", json!({ "lineItems": [{ "catalogItemId": "desk-standard", "quantity": "many" }] }).to_string().into_bytes(), "quantity"),
        ("unknown enum", json!({ "lineItems": [{ "catalogItemId": "desk-standard", "quantity": 1, "billingCycle": "fortnightly" }] }).to_string().into_bytes(), "billingCycle"),
        ("bad period", json!({ "lineItems": [{ "catalogItemId": "desk-standard", "quantity": 1, "termDuration": "forever" }] }).to_string().into_bytes(), "termDuration"),
        ("unknown item", json!({ "lineItems": [{ "catalogItemId": "no-such-item", "quantity": 1 }] }).to_string().into_bytes(), "catalogItemId"),
        ("a fraction", json!({ "lineItems": [{ "catalogItemId": "desk-standard", "quantity": 1.5 }] }).to_string().into_bytes(), "lineItems[0].quantity"),
        ("no date in the second line", json!({ "lineItems": [{ "offerId": "desk-standard" }, { "offerId": "desk-standard", "customTermEndDate": "soon" }] }).to_string().into_bytes(), "lineItems[1].customTermEndDate"),
        ("no GUID", json!({ "lineItems": [{ "offerId": "desk-standard", "parentSubscriptionId": "not-a-guid" }] }).to_string().into_bytes(), "lineItems[0].parentSubscriptionId"),
        ("no GUID inside", json!({ "lineItems": [{ "offerId": "desk-standard", "provisioningContext": { "ParentSubscriptionId": "x" } }] }).to_string().into_bytes(), "lineItems[0].provisioningContext.parentSubscriptionId"),
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
    let token = world.user("meridian");
    for path in [
        &format!("/v1/customers/{customer}/orders"),
        "/webhooks/v1/registration",
        "/program/v1/decisions",
        "/program/v1/commands/order",
        "/program/v1/applications",
    ] {
        let body = Some(vec![b' '; 2 * 1024 * 1024]);
        let answer = world.send("POST", path, Some(&token), body, &[]).await;
        assert_eq!(answer.status, 413, "{path}");
        assert!(
            told(&answer.body).starts_with("body: "),
            "{path}: {}",
            answer.body
        );
    }
    assert_eq!(orders(&world, &customer).await, 0);
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
    let token = world.user("meridian");
    let before = world.get("/v1/customers?size=0", &token).await.body;
    let body = json!({ "companyProfile": { "domain": "x.example" }, "billingProfile": { "email": "it@x.example", "companyName": "Copper Kettle LLC", "culture": "en-US", "language": "en", "defaultAddress": { "country": "QQ" } } });
    let answer = world.post("/v1/customers", &token, &body).await;
    assert_eq!((answer.status, &answer.body["code"]), (400, &json!(3000)));
    assert!(
        answer.body["description"]
            .as_str()
            .unwrap()
            .contains("country")
    );
    let after = world.get("/v1/customers?size=0", &token).await.body;
    assert!(before["totalCount"].as_u64().unwrap() > 0);
    assert_eq!(before["items"], after["items"], "no customer was made");
}

/// Released clients write numbers as text too; what they write is the number.
#[tokio::test]
async fn a_number_may_come_as_text() {
    let world = World::demo().await;
    let customer = world.customer("harbor", "Juniper").await;
    let order = json!({ "lineItems": [{ "offerId": "desk-standard", "quantity": "3" }] });
    let path = format!("/v1/customers/{customer}/orders");
    let made = world.post(&path, &world.user("harbor"), &order).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.body["lineItems"][0]["quantity"], 3);
}

#[tokio::test]
async fn a_line_of_a_cart_is_named_by_its_place() {
    let world = World::demo().await;
    let customer = world.customer("harbor", "Juniper").await;
    let path = format!("/v1/customers/{customer}/carts");
    let good = json!({ "catalogItemId": "desk-standard", "quantity": 1 });
    let named = json!({ "catalogItemId": "desk-standard", "quantity": 1, "participants": [{ "key": "friend", "value": "1" }] });
    let nested = json!({ "catalogItemId": "desk-standard", "quantity": 1, "addonItems": [{ "catalogItemId": "calling-addon", "termDuration": "soon" }] });
    for (line, field) in [
        (named, "lineItems[1].participants[0].key: "),
        (nested, "lineItems[1].addonItems[0].termDuration: "),
    ] {
        let cart = json!({ "lineItems": [good, line] });
        let answer = world.post(&path, &world.user("harbor"), &cart).await;
        assert_eq!(answer.status, 400, "{}", answer.body);
        let told = answer.body["description"].as_str().unwrap();
        assert!(told.starts_with(field), "{told}");
    }
}

#[tokio::test]
async fn a_template_that_is_no_guid_is_named() {
    let world = World::demo().await;
    let customer = world.customer("harbor", "Juniper").await;
    let token = world.user("harbor");
    let path = format!("/v1/customers/{customer}/agreements");
    let before = world.get(&format!("{path}?agreementType=*"), &token).await;
    let body = json!({
        "primaryContact": { "firstName": "Ada", "lastName": "Quill", "email": "ada@juniper.example" },
        "templateId": "not-a-guid",
        "dateAgreed": "2024-01-15T00:00:00Z",
        "type": "MicrosoftCustomerAgreement",
    });
    let answer = world.post(&path, &token, &body).await;
    assert_eq!(answer.status, 400, "{}", answer.body);
    let told = answer.body["description"].as_str().unwrap();
    assert!(
        told.contains("templateId: `not-a-guid` is no GUID"),
        "{told}"
    );
    let after = world.get(&format!("{path}?agreementType=*"), &token).await;
    assert_eq!(before.body["items"], after.body["items"]);
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
    assert_eq!(answer.body["data"][0], "ROL-018", "{}", answer.body);
    let mine = world.get("/program/v1/applications", &token).await;
    assert_eq!((mine.status, &mine.body["code"]), (403, &json!(900_329)));
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
    assert_eq!(answer.body["data"][0], "ENR-040", "{}", answer.body);
    // Also where the caller is looked up in the read that it asks for; in the caller's language.
    let path = "/v1/customers/00000000-0000-4000-8000-00000000dead";
    let japanese = [("X-Locale", "ja-JP")];
    let answer = world.send("GET", path, Some(&token), None, &japanese).await;
    assert_eq!((answer.status, &answer.body["code"]), (403, &json!(2032)));
    let told = answer.body["description"].as_str().unwrap();
    assert!(told.contains("プロバイダー"), "{told}");
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
        ("GET", "/v1/serviceincidents/office", 501),
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
    assert!(open.contains("<code>/v1/serviceincidents/office</code>"));
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
    let left = fidelity::rows().into_iter();
    let left = left.filter(|row| row.grade == fidelity::Grade::NotBuilt);
    let left: BTreeSet<_> = left
        .map(|row| (row.operation.method, row.operation.path.to_lowercase()))
        .collect();
    assert_eq!(listed, left.len());
}

/// The description of a refusal on the documented wire, or the detail of ours.
fn told(body: &Value) -> &str {
    body["description"]
        .as_str()
        .or(body["detail"].as_str())
        .unwrap_or_default()
}

/// A NUL fits no column of texts; it is refused where it arrives, by the name of what holds it.
#[tokio::test]
async fn a_nul_is_refused_by_the_name_of_its_field() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let customer = world.customer("meridian", "Red Rock").await;
    let path = format!("/v1/customers/{customer}/orders");
    let order = json!({ "lineItems": [{ "catalogItemId": "desk-standard", "quantity": 1, "friendlyName": "a\0b" }] });
    let key = json!({ "a\0": 1 });
    let deal =
        json!({ "verb": "order", "params": { "customer": "red-rock-dental", "item": "desk\0" } });
    let act = json!({ "customer": "red-rock-dental", "lines": [{ "item": "\0" }] });
    for (method, path, body, field) in [
        (
            "POST",
            path.as_str(),
            Some(&order),
            "lineItems[0].friendlyName",
        ),
        ("POST", path.as_str(), Some(&key), "body"),
        ("GET", "/v1/customers/a%00b", None, "customer-id"),
        ("GET", "/v1/customers/a%00b/orders", None, "customer-id"),
        ("GET", "/v1/customers?size=1&filter=%00", None, "filter"),
        ("GET", "/v1/countryvalidationrules/%00", None, "iso2-code"),
        ("POST", "/program/v1/decisions", Some(&deal), "params.item"),
        (
            "POST",
            "/program/v1/commands/place_order",
            Some(&act),
            "lines[0].item",
        ),
        ("GET", "/program/v1/rules/GEN%00", None, "id"),
        ("GET", "/program/v1/rules?status=%00", None, "status"),
        // What is no UTF-8 behind its percent signs fares the same.
        ("GET", "/v1/customers/%FF", None, "customer-id"),
        ("GET", "/v1/customers?filter=%C3%28", None, "filter"),
        ("GET", "/program/v1/rules?status=%FF", None, "status"),
    ] {
        let body = body.map(|body| body.to_string().into_bytes());
        let answer = world.send(method, path, Some(&token), body, &[]).await;
        let what = format!("{method} {path}: {}", answer.body);
        assert_eq!(answer.status, 400, "{what}");
        assert!(
            told(&answer.body).starts_with(&format!("{field}: ")),
            "{what}"
        );
        let ours = path.starts_with("/program/");
        let kind = answer.headers["content-type"].to_str().unwrap();
        assert_eq!(kind == "application/problem+json", ours, "{what}");
    }
    assert_eq!(orders(&world, &customer).await, 0);
    // In a filter, which is JSON in a query, and in a form.
    let filter = super::common::escaped(
        r#"{"Field":"CompanyName","Value":"a\u0000","Operator":"starts_with"}"#,
    );
    let answer = world
        .get(&format!("/v1/customers?filter={filter}"), &token)
        .await;
    assert_eq!(answer.status, 400);
    assert!(
        told(&answer.body).starts_with("filter: "),
        "{}",
        answer.body
    );
    let form = world
        .form(
            "/organizations/oauth2/v2.0/token",
            &[
                ("grant_type", "client_credentials"),
                ("client_id", "a\0"),
                ("client_secret", "b"),
            ],
        )
        .await;
    assert_eq!(
        (form.status, &form.body["error"]),
        (400, &json!("invalid_request"))
    );
    assert!(
        form.body["error_description"]
            .as_str()
            .unwrap()
            .starts_with("client_id: "),
        "{}",
        form.body
    );
}

/// A type's members in their order, as a list, are no object of that type.
#[tokio::test]
async fn a_list_is_no_object() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let customer = world.customer("meridian", "Red Rock").await;
    let orders_of = format!("/v1/customers/{customer}/orders");
    for (path, body, field) in [
        (orders_of.as_str(), json!([[], "x"]), "body"),
        (
            orders_of.as_str(),
            json!({ "lineItems": [["desk-standard", 1]] }),
            "lineItems[0]",
        ),
        ("/program/v1/decisions", json!([null, "order", {}]), "body"),
        (
            "/program/v1/decisions",
            json!({ "verb": "order", "params": [] }),
            "params",
        ),
        (
            "/program/v1/decisions",
            json!({ "verb": "place_order", "params": { "customer": "red-rock-dental", "lines": [["red-rock-dental", "desk-standard"]] } }),
            "params.lines[0]",
        ),
        (
            "/program/v1/commands/order",
            json!(["red-rock-dental", "desk-standard"]),
            "body",
        ),
        (
            "/program/v1/commands/place_order",
            json!({ "customer": "red-rock-dental", "lines": [[]] }),
            "lines[0]",
        ),
        ("/program/v1/applications", json!(["name"]), "body"),
    ] {
        let answer = world.post(path, &token, &body).await;
        assert_eq!(answer.status, 400, "{path} {body}: {}", answer.body);
        let begins = told(&answer.body).starts_with(&format!("{field}: invalid type: sequence"));
        assert!(begins, "{path} {body}: {}", answer.body);
    }
    assert_eq!(orders(&world, &customer).await, 0);
}

/// Every failure of a body of ours names the member by its path.
#[tokio::test]
async fn what_cannot_be_read_strictly_is_named_by_its_path() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let customer = world.customer("meridian", "Red Rock").await;
    let order = |change: Value| {
        let mut order =
            json!({ "customer": "red-rock-dental", "item": "desk-standard", "quantity": 1 });
        let map = order.as_object_mut().unwrap();
        map.extend(change.as_object().unwrap().clone());
        order
    };
    let acts = [
        (
            order(json!({ "quantity": "many" })),
            "quantity",
            "invalid type",
        ),
        (
            order(json!({ "quantity": 1.5 })),
            "quantity",
            "invalid type",
        ),
        (
            order(json!({ "colour": "red" })),
            "colour",
            "is unknown here",
        ),
        (
            order(json!({ "Quantity": 2 })),
            "Quantity",
            "is unknown here",
        ),
        (
            order(json!({ "frequency": "fortnightly" })),
            "frequency",
            "fortnightly",
        ),
        (json!({ "item": "desk-standard" }), "customer", "is missing"),
    ];
    for (params, field, problem) in acts {
        let answer = world
            .post("/program/v1/commands/order", &token, &params)
            .await;
        let begins = told(&answer.body).starts_with(&format!("{field}: "));
        assert!(
            answer.status == 400 && begins && told(&answer.body).contains(problem),
            "{params}: {}",
            answer.body
        );
        let deal = json!({ "verb": "order", "params": params });
        let answer = world.post("/program/v1/decisions", &token, &deal).await;
        let begins = told(&answer.body).starts_with(&format!("params.{field}: "));
        assert!(
            answer.status == 400 && begins && told(&answer.body).contains(problem),
            "{deal}: {}",
            answer.body
        );
    }
    assert_eq!(orders(&world, &customer).await, 0);
}

#[tokio::test]
async fn bodies_of_our_own_paths_name_the_member_at_fault() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let operator = world.user("operator");
    let customer = world.customer("meridian", "Red Rock").await;
    let lines = json!({ "customer": "red-rock-dental", "lines": [{ "item": "desk-standard", "quantity": "many" }] });
    let bodies = [
        (
            "/program/v1/commands/place_order",
            &token,
            lines.to_string(),
            "lines[0].quantity",
        ),
        (
            "/program/v1/decisions",
            &token,
            json!({ "params": {} }).to_string(),
            "verb",
        ),
        (
            "/program/v1/decisions",
            &token,
            json!({ "verb": 7 }).to_string(),
            "verb",
        ),
        (
            "/program/v1/decisions",
            &token,
            json!({ "verb": "dance" }).to_string(),
            "verb",
        ),
        (
            "/program/v1/decisions",
            &token,
            json!({ "verb": "order", "Params": {} }).to_string(),
            "Params",
        ),
        (
            "/program/v1/decisions",
            &token,
            r#"{ "verb": "order", "verb": "order" }"#.to_owned(),
            "verb",
        ),
        (
            "/program/v1/commands/order",
            &token,
            r#"{ "item": "a", "item": "b" }"#.to_owned(),
            "item",
        ),
        ("/program/v1/commands/order", &token, "{".to_owned(), "body"),
        (
            "/program/v1/clock",
            &operator,
            json!({ "by": 1 }).to_string(),
            "by",
        ),
        (
            "/program/v1/clock",
            &operator,
            json!({ "by": "soon" }).to_string(),
            "by",
        ),
        (
            "/program/v1/clock",
            &operator,
            json!({ "until": "soon" }).to_string(),
            "until",
        ),
        (
            "/program/v1/applications",
            &token,
            json!({ "name": 1 }).to_string(),
            "name",
        ),
        (
            "/program/v1/applications",
            &token,
            json!({}).to_string(),
            "name",
        ),
        (
            "/program/v1/applications",
            &token,
            json!({ "name": "x", "colour": 1 }).to_string(),
            "colour",
        ),
    ];
    for (path, token, body, field) in bodies {
        let sent = Some(body.clone().into_bytes());
        let answer = world.send("POST", path, Some(token), sent, &[]).await;
        assert_eq!(answer.status, 400, "{path} {body}: {}", answer.body);
        let begins = told(&answer.body).starts_with(&format!("{field}: "));
        assert!(begins, "{path} {body}: {}", answer.body);
    }
    assert_eq!(orders(&world, &customer).await, 0);
}

#[tokio::test]
async fn our_own_bodies_are_utf_8() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let sent = Some(b"{\"verb\": \"\xff\"}".to_vec());
    let answer = world
        .send("POST", "/program/v1/decisions", Some(&token), sent, &[])
        .await;
    assert_eq!(
        (answer.status, told(&answer.body)),
        (400, "body: is not UTF-8")
    );
}

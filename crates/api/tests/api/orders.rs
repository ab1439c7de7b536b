//! Orders: placed without a cart, listed and read; what hangs on them.

use crate::common::World;
use crate::common::orders::{attach, order, own, patch, path};
use serde_json::{Value, json};

#[tokio::test]
async fn an_order_of_several_lines_is_placed_without_a_cart() {
    let world = World::demo().await;
    let path = path(&world, "harbor", "Juniper").await;
    let token = world.user("harbor");
    let made = world
        .post(
            &path,
            &token,
            &order(&[("desk-standard", 3), ("calling-addon", 2)], "monthly"),
        )
        .await;
    assert_eq!(made.status, 201, "{}", made.body);
    let body = &made.body;
    assert_eq!(
        (
            &body["status"],
            &body["billingCycle"],
            &body["transactionType"]
        ),
        (
            &json!("completed"),
            &json!("monthly"),
            &json!("UserPurchase")
        )
    );
    assert_eq!(
        (
            &body["currencyCode"],
            &body["currencySymbol"],
            &body["totalPrice"]
        ),
        (&json!("USD"), &json!("$"), &json!(642))
    );
    assert_eq!(body["alternateId"].as_str().unwrap().len(), 12);
    for number in 0..2 {
        let line = &body["lineItems"][number];
        assert_eq!(
            (
                &line["lineItemNumber"],
                &line["transactionType"],
                &line["termDuration"]
            ),
            (&json!(number), &json!("New"), &json!("P1Y"))
        );
        let parts: Vec<&str> = line["offerId"].as_str().unwrap().split(':').collect();
        let sku = format!("/products/{}/skus/{}", parts[0], parts[1]);
        assert_eq!(line["links"]["sku"]["uri"], format!("{sku}?country=US"));
        assert_eq!(
            line["links"]["availability"]["uri"],
            format!("{sku}/availabilities/{}?country=US", parts[2])
        );
        assert!(
            line["links"]["subscription"]["uri"]
                .as_str()
                .unwrap()
                .ends_with(line["subscriptionId"].as_str().unwrap())
        );
    }
    assert_eq!(body["links"]["patchOperation"]["method"], "PATCH");
    // Lines are numbered from zero without gaps.
    for numbers in [[0, 2], [1, 2], [0, 0]] {
        let mut gap = order(&[("desk-standard", 1), ("desk-basic", 1)], "monthly");
        for (at, number) in numbers.into_iter().enumerate() {
            gap["lineItems"][at]["lineItemNumber"] = json!(number);
        }
        let gap = world.post(&path, &token, &gap).await;
        assert_eq!(
            (gap.status, &gap.body["code"]),
            (400, &json!(800_071)),
            "{numbers:?}"
        );
    }
    // One line that may not be bought keeps the others from being bought.
    let before = world.get(&path, &token).await.body["totalCount"].clone();
    let refused = world
        .post(
            &path,
            &token,
            &order(&[("desk-basic", 1), ("desk-education", 1)], "monthly"),
        )
        .await;
    assert_eq!(
        (refused.status, &refused.body["code"]),
        (400, &json!(800_086)),
        "{}",
        refused.body
    );
    assert_eq!(world.get(&path, &token).await.body["totalCount"], before);
}

#[tokio::test]
async fn an_order_is_a_retry_under_its_request_id() {
    let world = World::demo().await;
    let path = path(&world, "harbor", "Juniper").await;
    let token = world.user("harbor");
    let body = order(&[("desk-standard", 1), ("desk-basic", 1)], "Monthly")
        .to_string()
        .into_bytes();
    let id = [("MS-RequestId", "4f2d3b5c-0000-4000-8000-0000000000c1")];
    let first = world
        .send("POST", &path, Some(&token), Some(body.clone()), &id)
        .await;
    let again = world
        .send("POST", &path, Some(&token), Some(body), &id)
        .await;
    assert_eq!((first.status, &first.body), (again.status, &again.body));
    assert_eq!(first.status, 201);
    let other = order(&[("desk-basic", 2)], "monthly")
        .to_string()
        .into_bytes();
    let clash = world
        .send("POST", &path, Some(&token), Some(other), &id)
        .await;
    assert_eq!(clash.status, 409);
}

#[tokio::test]
async fn an_order_names_the_resellers_of_its_lines() {
    let world = World::demo().await;
    let path = path(&world, "meridian", "Red Rock").await;
    let token = world.user("meridian");
    let mut new = order(&[("desk-standard", 1)], "unknown");
    new["lineItems"][0]["partnerIdOnRecord"] = json!(world.of("cedar", "mpnId"));
    new["lineItems"][0]["additionalPartnerIdsOnRecord"] = json!([world.of("bridgewater", "mpnId")]);
    let made = world.post(&path, &token, &new).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let line = &made.body["lineItems"][0];
    assert_eq!(
        (
            &line["partnerIdOnRecord"],
            &line["additionalPartnerIdsOnRecord"]
        ),
        (
            &new["lineItems"][0]["partnerIdOnRecord"],
            &new["lineItems"][0]["additionalPartnerIdsOnRecord"]
        )
    );
    assert_eq!(
        made.body["billingCycle"], "monthly",
        "unknown asks for the default"
    );
    for (given, status, code) in [
        ("99999999".to_owned(), 404, 800_015),
        (world.of("marlin", "mpnId"), 400, 800_016),
        (world.of("meridian", "mpnId"), 404, 2072),
    ] {
        new["lineItems"][0]["partnerIdOnRecord"] = json!(given);
        let refused = world.post(&path, &token, &new).await;
        assert_eq!(
            (refused.status, &refused.body["code"]),
            (status, &json!(code)),
            "{given}"
        );
    }
}

#[tokio::test]
async fn a_new_order_is_in_the_list_at_once() {
    let world = World::demo().await;
    let path = path(&world, "harbor", "Silver Creek").await;
    let token = world.user("harbor");
    let none = world.get(&path, &token).await;
    assert_eq!(
        (none.status, &none.body["totalCount"], &none.body["items"]),
        (200, &json!(0), &json!([]))
    );
    let made = world
        .post(&path, &token, &order(&[("desk-standard", 1)], "monthly"))
        .await;
    let list = world.get(&path, &token).await;
    assert_eq!(
        (&list.body["totalCount"], &list.body["items"][0]["id"]),
        (&json!(1), &made.body["id"])
    );
    assert_eq!(list.body["attributes"]["objectType"], "Collection");
}

#[tokio::test]
async fn orders_are_listed_by_their_billing_cycle() {
    let world = World::demo().await;
    let path = path(&world, "harbor", "Bay Street").await;
    let token = world.user("harbor");
    for style in ["onetime", "one_time", "OneTime", "monthly"] {
        let list = world
            .get(&format!("{path}?billingType={style}&size=0"), &token)
            .await;
        let expected = if style == "monthly" {
            "monthly"
        } else {
            "one_time"
        };
        let items = list.body["items"].as_array().unwrap();
        assert!(
            items.len() > 1 && items.iter().all(|order| order["billingCycle"] == expected),
            "{style}"
        );
    }
    let wrong = world
        .get(&format!("{path}?billingType=sometimes"), &token)
        .await;
    assert_eq!(wrong.status, 400);
    assert!(
        wrong.body["description"]
            .as_str()
            .unwrap()
            .contains("billingType")
    );
}

#[tokio::test]
async fn prices_are_shown_when_they_are_asked_for() {
    let world = World::demo().await;
    let path = path(&world, "harbor", "Juniper").await;
    let token = world.user("harbor");
    let made = world
        .post(&path, &token, &order(&[("desk-standard", 3)], "monthly"))
        .await;
    let own = own(&path, &made);
    let plain = world
        .get(&format!("{own}?include_price=false"), &token)
        .await;
    assert!(
        plain.body.get("totalPrice").is_none()
            && plain.body["lineItems"][0].get("pricing").is_none()
    );
    let priced = world
        .get(&format!("{own}?include_price=True"), &token)
        .await;
    assert_eq!(
        (
            &priced.body["totalPrice"],
            &priced.body["lineItems"][0]["pricing"]["price"]
        ),
        (&json!(450), &json!(150))
    );
}

#[tokio::test]
async fn an_order_tells_how_far_its_lines_are() {
    let world = World::demo().await;
    let path = path(&world, "harbor", "Juniper").await;
    let token = world.user("harbor");
    let made = world
        .post(
            &path,
            &token,
            &order(&[("desk-standard", 3), ("desk-basic", 1)], "monthly"),
        )
        .await;
    let status = world
        .get(&format!("{}/provisioningStatus", own(&path, &made)), &token)
        .await;
    assert_eq!(
        (status.status, &status.body["totalCount"]),
        (200, &json!(2)),
        "{}",
        status.body
    );
    let first = &status.body["items"][0];
    assert_eq!(
        (&first["lineItemNumber"], &first["status"]),
        (&json!(0), &json!("fulfilled"))
    );
    assert_eq!(
        first["quantityProvisioningInformation"],
        json!([{ "quantity": 3, "status": "fulfilled" }])
    );
    let app = world.of("harbor", "accessTokenApp");
    let refused = world
        .get(&format!("{}/provisioningstatus", own(&path, &made)), &app)
        .await;
    assert_eq!(
        (refused.status, &refused.body["code"]),
        (403, &json!(900_329))
    );
}

/// An activation link is followed as a browser does, without a token.
async fn assert_activates(world: &World, uri: &str, subscription: &str) {
    assert!(uri.starts_with(&world.base), "{uri}");
    let page = world.http.get(uri).send().await.unwrap();
    assert_eq!(page.status(), 200, "{uri}");
    let kind = page.headers()["content-type"].to_str().unwrap().to_owned();
    assert!(kind.starts_with("text/html"), "{kind}");
    let page = page.text().await.unwrap();
    assert!(page.contains(subscription), "{page}");
}

#[tokio::test]
async fn links_lead_to_the_address_the_server_is_set_up_with() {
    let settings = tierline_api::Settings {
        sandbox: true,
        public_url: Some("https://partners.example/".to_owned()),
        ..tierline_api::Settings::default()
    };
    let world = World::with(settings, None).await;
    let path = path(&world, "harbor", "Juniper").await;
    let token = world.user("harbor");
    let made = world.post(&path, &token, &json!({ "billingCycle": "monthly", "lineItems": [{ "offerId": "ledger-saas", "quantity": 1, "termDuration": "P1M" }] })).await;
    let links = format!("{}/activationlinks", own(&path, &made));
    let links = world.get(&links, &token).await.body;
    let uri = links["items"][0]["link"]["uri"].as_str().unwrap();
    let page = "https://partners.example/marketplace/activation?subscription=";
    assert!(uri.starts_with(page), "{uri}");
    let invited = world
        .get("/v1/customers/relationshiprequests", &token)
        .await;
    let url = invited.body["url"].as_str().unwrap();
    assert!(
        url.starts_with("https://partners.example/partner-"),
        "{url}"
    );
}

#[tokio::test]
async fn marketplace_lines_have_activation_links() {
    let world = World::demo().await;
    let path = path(&world, "harbor", "Juniper").await;
    let token = world.user("harbor");
    let made = world.post(&path, &token, &json!({ "billingCycle": "monthly", "lineItems": [{ "offerId": "ledger-saas", "quantity": 1, "termDuration": "P1M" }] })).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let bought = made.body["lineItems"][0]["subscriptionId"].as_str();
    let bought = bought.unwrap().to_owned();
    let link = made.body["lineItems"][0]["links"]["activationLinks"]["uri"]
        .as_str()
        .unwrap();
    let own = own(&path, &made);
    for links in [format!("/v1{link}"), format!("{own}/activationlinks")] {
        let answer = world.get(&links, &token).await;
        assert_eq!(
            (answer.status, &answer.body["totalCount"]),
            (200, &json!(1)),
            "{links}"
        );
        let link = &answer.body["items"][0]["link"];
        assert_eq!(link["method"], "GET");
        assert_activates(&world, link["uri"].as_str().unwrap(), &bought).await;
    }
    let refused = world
        .send("GET", "/marketplace/activation", None, None, &[])
        .await;
    assert_eq!(refused.status, 400);
    let told = refused.body.to_string();
    assert!(told.contains("subscription"), "{told}");
    let none = world
        .get(&format!("{own}/lineitems/7/activationlinks"), &token)
        .await;
    assert_eq!(none.status, 404);
    let other = world
        .post(&path, &token, &order(&[("desk-basic", 1)], "monthly"))
        .await;
    let empty = world
        .get(
            &format!(
                "{path}/{}/lineItems/0/activationLinks",
                other.body["id"].as_str().unwrap()
            ),
            &token,
        )
        .await;
    assert_eq!((empty.status, &empty.body["totalCount"]), (200, &json!(0)));
}

#[tokio::test]
async fn orders_show_the_states_they_are_in() {
    let world = World::demo().await;
    let path = path(&world, "harbor", "Juniper").await;
    let token = world.user("harbor");
    let operator = world.user("operator");
    let made = world
        .post(
            &path,
            &token,
            &order(&[("server-perpetual", 1)], "one_time"),
        )
        .await;
    let own = own(&path, &made);
    for (state, shown) in [
        ("pending_review", "pending_review"),
        ("pending_document_upload", "pending_po_upload"),
        ("review_rejected", "po_review_rejected"),
        ("completed", "completed"),
    ] {
        let review = json!({ "order": made.body["id"], "state": state });
        let done = world
            .post("/program/v1/commands/review_order", &operator, &review)
            .await;
        assert_eq!(done.status, 200, "{}", done.body);
        assert_eq!(world.get(&own, &token).await.body["status"], shown);
    }
    patch(&world, &own, &token, &json!({ "status": "cancelled" })).await;
    assert_eq!(world.get(&own, &token).await.body["status"], "cancelled");
}

#[tokio::test]
async fn orders_of_others_do_not_exist() {
    let world = World::demo().await;
    let mine = path(&world, "harbor", "Juniper").await;
    let made = world
        .post(
            &mine,
            &world.user("harbor"),
            &order(&[("desk-basic", 1)], "monthly"),
        )
        .await;
    let id = made.body["id"].as_str().unwrap();
    let other = path(&world, "harbor", "Silver Creek").await;
    let theirs = path(&world, "meridian", "Red Rock").await;
    let nobody = "00000000-0000-4000-8000-00000000dead";
    for (path, id, who, expected) in [
        (mine.clone(), nobody, "harbor", (404, 20_000)),
        (other, id, "harbor", (404, 20_000)),
        (theirs.clone(), id, "meridian", (404, 20_000)),
        (theirs, id, "harbor", (403, 20_002)),
        (
            format!("/v1/customers/{nobody}/orders"),
            id,
            "harbor",
            (403, 20_002),
        ),
    ] {
        let (token, own) = (world.user(who), format!("{path}/{id}"));
        let mut answers =
            vec![patch(&world, &own, &token, &json!({ "status": "cancelled" })).await];
        for part in [
            "",
            "/provisioningstatus",
            "/activationlinks",
            "/lineitems/0/activationlinks",
            "/attachments",
            "/attachment/x",
        ] {
            answers.push(world.get(&format!("{own}{part}"), &token).await);
        }
        answers.push(attach(&world, &own, &token, "{}", &[]).await);
        for answer in answers {
            assert_eq!(
                (answer.status, &answer.body["code"]),
                (expected.0, &json!(expected.1)),
                "{own}: {}",
                answer.body
            );
        }
        if expected.0 == 403 {
            assert_eq!(world.get(&path, &token).await.status, 403);
        }
    }
}

/// The customer of the body is that of the path, and the currency of a line, or of the order for its lines, is the
/// partner's or the customer's (ORD-029).
#[tokio::test]
async fn customer_and_currency_of_the_body_fit() {
    let world = World::demo().await;
    let customer = world.customer("harbor", "Juniper").await;
    let path = format!("/v1/customers/{customer}/orders");
    let token = world.user("harbor");
    let with = |member: &str, value: Value| {
        let mut order = order(&[("desk-standard", 1)], "monthly");
        match member {
            "line" => order["lineItems"][0]["currencyCode"] = value,
            member => order[member] = value,
        }
        order
    };
    let other = world.customer("meridian", "Red Rock").await;
    let before = world.get(&path, &token).await.body["totalCount"].clone();
    for (member, value, code, rule) in [
        ("referenceCustomerId", json!(other), 800_002, None),
        ("referenceCustomerId", json!("not-a-guid"), 800_002, None),
        ("line", json!("JPY"), 900_169, Some("ORD-029")),
        ("currencyCode", json!("JPY"), 900_169, Some("ORD-029")),
    ] {
        let refused = world.post(&path, &token, &with(member, value)).await;
        assert_eq!(
            (refused.status, &refused.body["code"]),
            (400, &json!(code)),
            "{}",
            refused.body
        );
        match rule {
            Some(rule) => assert!(
                refused.body["data"]
                    .as_array()
                    .unwrap()
                    .contains(&json!(rule))
            ),
            None => assert!(
                refused.body["description"]
                    .as_str()
                    .unwrap()
                    .starts_with("referenceCustomerId: ")
            ),
        }
    }
    let bad = world
        .post(&path, &token, &with("currencyCode", json!("dollars")))
        .await;
    let told = bad.body["description"].as_str().unwrap();
    assert!(
        bad.status == 400 && told.contains("currencyCode"),
        "{}",
        bad.body
    );
    let after = world.get(&path, &token).await;
    assert_eq!(after.body["totalCount"], before);
    for (member, value) in [
        ("referenceCustomerId", json!(customer.to_uppercase())),
        ("referenceCustomerId", json!("")),
        ("ReferenceCustomerId", Value::Null),
        ("currencyCode", json!("usd")),
        ("line", json!("USD")),
    ] {
        let made = world.post(&path, &token, &with(member, value)).await;
        assert_eq!(made.status, 201, "{member}: {}", made.body);
    }
}

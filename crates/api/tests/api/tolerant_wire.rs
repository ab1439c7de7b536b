//! What released clients send is accepted: any key case, nulls, doubled slashes, enum styles, `size=0`.

use crate::common::World;
use serde_json::json;

#[tokio::test]
async fn paths_are_tolerant() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let plain = world.get("/v1/customers", &token).await;
    assert_eq!(plain.status, 200);
    for path in [
        "/v1//customers",
        "/V1/Customers/",
        "//v1//customers//",
        "/v1/customers?size=0",
        "/v1//v1/customers",
        "/v1/customers?Size=0",
    ] {
        let answer = world.get(path, &token).await;
        assert_eq!(
            (answer.status, &answer.body["totalCount"]),
            (200, &plain.body["totalCount"]),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_customer_is_found_by_any_spelling_of_its_id() {
    let world = World::demo().await;
    let id = world.customer("meridian", "Red Rock").await;
    for spelling in [id.to_uppercase(), id.to_lowercase()] {
        let answer = world
            .get(
                &format!("/v1/customers/{spelling}"),
                &world.user("meridian"),
            )
            .await;
        assert_eq!(
            answer.body["companyProfile"]["companyName"],
            "Red Rock Dental LLC"
        );
    }
}

#[tokio::test]
async fn literals_win_over_placeholders() {
    let world = World::demo().await;
    let answer = world
        .get(
            "/v1/customers/relationshipRequests",
            &world.user("meridian"),
        )
        .await;
    assert_eq!(answer.status, 200);
    assert!(answer.body["url"].as_str().unwrap().contains("DAP=false"));
}

#[tokio::test]
async fn bodies_are_read_in_any_case_with_nulls_and_repeated_names() {
    let world = World::demo().await;
    let customer = world.customer("meridian", "Red Rock").await;
    let reseller = world.of("cedar", "mpnId");
    let bodies = [
        json!({ "lineItems": [{ "id": 0, "catalogItemId": "desk-standard", "quantity": 3, "billingCycle": "monthly", "termDuration": "P1Y", "participants": [{ "key": "transaction_reseller", "value": reseller }] }] }).to_string(),
        json!({ "Attributes": { "ObjectType": "Cart" }, "Status": null, "LineItems": [{ "Id": 0, "CatalogItemId": "desk-standard", "FriendlyName": null, "Quantity": 3, "BillingCycle": "Monthly", "TermDuration": "P1Y", "Participants": [{ "Key": "TransactionReseller", "Value": reseller }] }] }).to_string(),
        format!(r#"{{"lineItems":null,"LineItems":[{{"CatalogItemId":"desk-standard","quantity":null,"Quantity":3,"billingCycle":"MONTHLY","termDuration":"P1Y","participants":[{{"key":"transaction_reseller","value":"{reseller}"}}]}}]}}"#),
    ];
    for body in bodies {
        let answer = world
            .send(
                "POST",
                &format!("/v1/customers/{customer}/carts"),
                Some(&world.user("meridian")),
                Some(body.clone().into_bytes()),
                &[],
            )
            .await;
        assert_eq!(answer.status, 201, "{body}: {}", answer.body);
        let line = &answer.body["lineItems"][0];
        assert_eq!(
            (&line["quantity"], &line["billingCycle"]),
            (&json!(3), &json!("monthly")),
            "{body}"
        );
    }
}

#[tokio::test]
async fn relationship_types_come_in_either_style() {
    let world = World::demo().await;
    for style in [
        "IsIndirectCloudSolutionProviderOf",
        "is_indirect_cloud_solution_provider_of",
    ] {
        let answer = world
            .get(
                &format!("/v1/relationships?relationship_type={style}"),
                &world.user("meridian"),
            )
            .await;
        assert_eq!(
            (answer.status, &answer.body["totalCount"]),
            (200, &json!(5)),
            "{style}"
        );
    }
}

#[tokio::test]
async fn filters_read_both_styles() {
    let world = World::demo().await;
    for filter in [
        "%7B%22Field%22%3A%22CompanyName%22%2C%22Value%22%3A%22red+rock%22%2C%22Operator%22%3A%22starts_with%22%7D",
        "%7B%22value%22%3A%22Red%22%2C%22field%22%3A%22CompanyName%22%2C%22fieldType%22%3A%22string%22%2C%22operator%22%3A%22StartsWith%22%7D",
    ] {
        let answer = world
            .get(
                &format!("/v1/customers?size=0&filter={filter}"),
                &world.user("meridian"),
            )
            .await;
        assert_eq!(answer.body["totalCount"], 1, "{filter}");
    }
}

#[tokio::test]
async fn ids_are_echoed_on_every_answer() {
    let world = World::demo().await;
    let headers = [
        ("MS-RequestId", "4f2d3b5c-0000-4000-8000-000000000001"),
        ("MS-CorrelationId", "4f2d3b5c-0000-4000-8000-000000000002"),
    ];
    for path in ["/v1/customers", "/v1/invoices", "/v1/nothing"] {
        let answer = world
            .send("GET", path, Some(&world.user("meridian")), None, &headers)
            .await;
        for (name, value) in headers {
            assert_eq!(answer.headers.get(name).unwrap(), value, "{path}");
        }
    }
}

#[tokio::test]
async fn a_repeated_request_id_is_a_retry_and_never_a_second_deed() {
    let world = World::demo().await;
    let customer = world.customer("meridian", "Red Rock").await;
    let path = format!("/v1/customers/{customer}/orders");
    let token = world.user("meridian");
    let body = |quantity: i64| {
        json!({ "lineItems": [{ "lineItemNumber": 0, "offerId": "desk-standard", "quantity": quantity, "termDuration": "P1Y", "partnerIdOnRecord": world.of("cedar", "mpnId") }] }).to_string().into_bytes()
    };
    let id = [("MS-RequestId", "4f2d3b5c-0000-4000-8000-00000000000a")];
    let first = world
        .send("POST", &path, Some(&token), Some(body(3)), &id)
        .await;
    let again = world
        .send("POST", &path, Some(&token), Some(body(3)), &id)
        .await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.body["id"], again.body["id"]);
    // A GUID is the same id in every spelling.
    for spelled in [
        "4F2D3B5C-0000-4000-8000-00000000000A",
        "{4f2d3b5c-0000-4000-8000-00000000000a}",
    ] {
        let id = [("MS-RequestId", spelled)];
        let again = world
            .send("POST", &path, Some(&token), Some(body(3)), &id)
            .await;
        assert_eq!(
            (again.status, &again.body["id"]),
            (201, &first.body["id"]),
            "{spelled}"
        );
        assert_eq!(
            again.headers["ms-requestid"], spelled,
            "it is echoed as it came"
        );
    }
    let other = world
        .send("POST", &path, Some(&token), Some(body(4)), &id)
        .await;
    assert_eq!(
        other.status, 409,
        "another body under the same id is a clash"
    );
    let carts = format!("/v1/customers/{customer}/carts");
    let cart = json!({ "lineItems": [{ "catalogItemId": "desk-standard", "quantity": 3 }] });
    let other = world
        .send(
            "POST",
            &carts,
            Some(&token),
            Some(cart.to_string().into_bytes()),
            &id,
        )
        .await;
    assert_eq!(other.status, 409, "so is another path");
    let orders = world.get(&path, &token).await;
    assert_eq!(orders.body["totalCount"], 1);
}

/// Not every script sends a GUID. What is short is an id as it stands; what cannot be kept is refused by name. Our own
/// paths insist on a GUID.
#[tokio::test]
async fn a_request_id_need_not_be_a_guid_on_the_documented_wire() {
    let world = World::demo().await;
    let customer = world.customer("meridian", "Red Rock").await;
    let path = format!("/v1/customers/{customer}/orders");
    let token = world.user("meridian");
    let order = json!({ "lineItems": [{ "offerId": "desk-standard", "quantity": 3, "termDuration": "P1Y", "partnerIdOnRecord": world.of("cedar", "mpnId") }] });
    let place = async |path: &str, id: &str| {
        let body = Some(order.to_string().into_bytes());
        let id = [("MS-RequestId", id)];
        world.send("POST", path, Some(&token), body, &id).await
    };
    let first = place(&path, "night-run 7").await;
    let again = place(&path, "night-run 7").await;
    assert_eq!((first.status, &first.body["id"]), (201, &again.body["id"]));
    let other = place(&path, "Night-run 7").await;
    assert_eq!(other.status, 201, "another text is another id");
    assert_ne!(first.body["id"], other.body["id"]);
    for id in ["x".repeat(101), "caf\u{e9}".to_owned()] {
        let answer = place(&path, &id).await;
        let told = answer.body["description"].as_str().unwrap_or_default();
        assert!(
            answer.status == 400 && told.starts_with("MS-RequestId: "),
            "{id}: {}",
            answer.body
        );
    }
    let answer = place("/program/v1/commands/order", "night-run 7").await;
    let told = answer.body["detail"].as_str().unwrap_or_default();
    assert!(
        answer.status == 400 && told.starts_with("MS-RequestId: "),
        "{}",
        answer.body
    );
    let orders = world.get(&path, &token).await;
    assert_eq!(orders.body["totalCount"], 2);
}

#[tokio::test]
async fn a_refusal_is_repeated_as_it_was() {
    let world = World::demo().await;
    let customer = world.customer("meridian", "Red Rock").await;
    let path = format!("/v1/customers/{customer}/orders");
    let body = json!({ "lineItems": [{ "offerId": "desk-standard", "quantity": 3, "partnerIdOnRecord": world.of("seine", "mpnId") }] }).to_string().into_bytes();
    let id = [("MS-RequestId", "4f2d3b5c-0000-4000-8000-00000000000b")];
    let first = world
        .send(
            "POST",
            &path,
            Some(&world.user("meridian")),
            Some(body.clone()),
            &id,
        )
        .await;
    let again = world
        .send(
            "POST",
            &path,
            Some(&world.user("meridian")),
            Some(body),
            &id,
        )
        .await;
    assert_eq!((first.status, &first.body), (again.status, &again.body));
    assert_eq!((first.status, &first.body["code"]), (400, &json!(2201)));
}

#[tokio::test]
async fn a_checkout_repeats_by_its_cart() {
    let world = World::demo().await;
    let customer = world.customer("meridian", "Red Rock").await;
    let token = world.user("meridian");
    let line = json!({ "lineItems": [{ "catalogItemId": "desk-standard", "quantity": 2, "participants": [{ "key": "transaction_reseller", "value": world.of("cedar", "mpnId") }] }] });
    let cart = world
        .post(&format!("/v1/customers/{customer}/carts"), &token, &line)
        .await;
    let checkout = format!(
        "/v1/customers/{customer}/carts/{}/checkout",
        cart.body["id"].as_str().unwrap()
    );
    let first = world
        .send(
            "POST",
            &checkout,
            Some(&token),
            Some(b"\"success\"".to_vec()),
            &[],
        )
        .await;
    let again = world.send("POST", &checkout, Some(&token), None, &[]).await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.body["orders"][0]["id"], again.body["orders"][0]["id"]);
}

#[tokio::test]
async fn the_answer_of_a_request_is_kept_for_a_day() {
    let world = World::demo().await;
    let customer = world.customer("harbor", "Juniper").await;
    let path = format!("/v1/customers/{customer}/orders");
    let token = world.user("harbor");
    let id = [("MS-RequestId", "4f2d3b5c-0000-4000-8000-00000000000b")];
    let body = r#"{"lineItems":[{"lineItemNumber":0,"offerId":"desk-standard","quantity":3,"termDuration":"P1Y"}]}"#;
    let send = || world.send("POST", &path, Some(&token), Some(body.into()), &id);
    let first = send().await;
    assert_eq!(first.status, 201, "{}", first.body);
    let now = world.app.clock().server_now();
    let forget = |hours| tierline_app::app::ForgetAnswers {
        now: now.plus_hours(hours),
    };
    assert_eq!(world.app.db().write(forget(23)).await.unwrap(), 0);
    assert_eq!(send().await.body["id"], first.body["id"]);
    assert_eq!(world.app.db().write(forget(25)).await.unwrap(), 1);
    let anew = send().await;
    assert_eq!(anew.status, 201, "{}", anew.body);
    assert_ne!(anew.body["id"], first.body["id"]);
}

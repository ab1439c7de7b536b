//! Orders that change: billing cycles, add-ons, cancelled lines, the files of a review.

use crate::common::World;
use crate::common::orders::{attach, order, own, patch, path};
use serde_json::{Value, json};

#[tokio::test]
async fn a_traditional_order_changes_its_billing_cycle() {
    let world = World::demo().await;
    let customer = world.customer("harbor", "Juniper").await;
    let path = format!("/v1/customers/{customer}/orders");
    let token = world.user("harbor");
    let made = world
        .post(&path, &token, &order(&[("desk-classic", 3)], "monthly"))
        .await;
    let own = own(&path, &made);
    let mut sent = made.body.clone();
    sent["billingCycle"] = json!("Annual");
    let changed = patch(&world, &own, &token, &sent).await;
    assert_eq!(
        (changed.status, &changed.body["billingCycle"]),
        (200, &json!("annual")),
        "{}",
        changed.body
    );
    // The tag that was read before the change is stale now.
    sent["billingCycle"] = json!("monthly");
    let stale = patch(&world, &own, &token, &sent).await;
    assert_eq!(
        (stale.status, &stale.body["code"]),
        (400, &json!(2055)),
        "{}",
        stale.body
    );
    sent["attributes"] = changed.body["attributes"].clone();
    assert_eq!(patch(&world, &own, &token, &sent).await.status, 200);
    // The customer is named, and is the one of the path.
    for customer in [Value::Null, json!("00000000-0000-4000-8000-00000000dead")] {
        let mut other = sent.clone();
        other["referenceCustomerId"] = customer;
        let refused = patch(&world, &own, &token, &other).await;
        assert_eq!(
            (refused.status, &refused.body["code"]),
            (400, &json!(800_002))
        );
    }
    // A cycle that the item is not sold with, and one that a term of new commerce does not change to.
    let one = json!({ "referenceCustomerId": customer, "billingCycle": "one_time" });
    let refused = patch(&world, &own, &token, &one).await;
    assert_eq!(
        (refused.status, &refused.body["code"]),
        (400, &json!(6001)),
        "{}",
        refused.body
    );
    let newer = world
        .post(&path, &token, &order(&[("desk-standard", 1)], "monthly"))
        .await;
    let change = json!({ "referenceCustomerId": customer, "billingCycle": "annual" });
    let newer = patch(
        &world,
        &format!("{path}/{}", newer.body["id"].as_str().unwrap()),
        &token,
        &change,
    )
    .await;
    assert_eq!(newer.status, 400, "{}", newer.body);
}

#[tokio::test]
async fn an_add_on_is_bought_through_the_order_of_its_base() {
    let world = World::demo().await;
    let customer = world.customer("harbor", "Juniper").await;
    let path = format!("/v1/customers/{customer}/orders");
    let token = world.user("harbor");
    let made = world
        .post(&path, &token, &order(&[("desk-classic", 5)], "annual"))
        .await;
    let base = made.body["lineItems"][0]["subscriptionId"].clone();
    let own = own(&path, &made);
    let buy = |item: &str, base: &Value| {
        json!({ "Id": null, "ReferenceCustomerId": customer, "LineItems": [{ "LineItemNumber": 0, "OfferId": item, "SubscriptionId": null,
        "ParentSubscriptionId": base, "FriendlyName": "Some friendly name", "Quantity": 2, "PartnerIdOnRecord": null }], "CreationDate": null })
    };
    let changed = patch(&world, &own, &token, &buy("archive-classic", &base)).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    let lines = changed.body["lineItems"].as_array().unwrap();
    assert_eq!(
        (
            lines.len(),
            &lines[1]["lineItemNumber"],
            &lines[1]["quantity"]
        ),
        (2, &json!(1), &json!(2))
    );
    assert_eq!(
        (&lines[1]["parentSubscriptionId"], &lines[1]["friendlyName"]),
        (&base, &json!("Some friendly name"))
    );
    assert_ne!(
        changed.body["attributes"]["etag"],
        made.body["attributes"]["etag"]
    );
    let wrong = patch(&world, &own, &token, &buy("no-such-item", &base)).await;
    assert_eq!((wrong.status, &wrong.body["code"]), (404, &json!(400_013)));
    let other = world
        .post(&path, &token, &order(&[("desk-basic", 1)], "monthly"))
        .await;
    let unfit = patch(
        &world,
        &own,
        &token,
        &buy(
            "archive-classic",
            &other.body["lineItems"][0]["subscriptionId"],
        ),
    )
    .await;
    assert_eq!(
        (unfit.status, &unfit.body["code"]),
        (400, &json!(800_029)),
        "{}",
        unfit.body
    );
    assert_eq!(
        world.get(&own, &token).await.body["lineItems"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[tokio::test]
async fn software_is_cancelled_within_its_window() {
    let world = World::demo().await;
    let path = path(&world, "harbor", "Juniper").await;
    let token = world.user("harbor");
    let mut new = order(
        &[("server-perpetual", 2), ("server-perpetual", 1)],
        "one_time",
    );
    new["lineItems"][1]["friendlyName"] = json!("The second one");
    let made = world.post(&path, &token, &new).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let own = own(&path, &made);
    let one = json!({ "status": "cancelled", "lineItems": [{ "lineItemNumber": 1 }] });
    let part = patch(&world, &own, &token, &one).await;
    assert_eq!(
        (part.status, &part.body["status"]),
        (200, &json!("completed")),
        "{}",
        part.body
    );
    assert_eq!(
        (
            &part.body["lineItems"][0]["quantity"],
            &part.body["lineItems"][1]["quantity"]
        ),
        (&json!(2), &json!(0))
    );
    let mut rest = part.body.clone();
    rest["status"] = json!("Cancelled");
    let rest = patch(&world, &own, &token, &rest).await;
    assert_eq!(
        (rest.status, &rest.body["status"]),
        (200, &json!("cancelled")),
        "{}",
        rest.body
    );
    assert_eq!(rest.body["lineItems"][0]["quantity"], 0);
    let again = patch(&world, &own, &token, &json!({ "status": "cancelled" })).await;
    assert_eq!((again.status, &again.body["code"]), (400, &json!(800_061)));
    // Thirty-one days later it is too late.
    let late = world
        .post(
            &path,
            &token,
            &order(&[("server-perpetual", 1)], "one_time"),
        )
        .await;
    let operator = world.user("operator");
    let moved = world
        .post("/program/v1/clock", &operator, &json!({ "by": "P31D" }))
        .await;
    assert_eq!(moved.status, 200, "{}", moved.body);
    let late = patch(
        &world,
        &format!("{path}/{}", late.body["id"].as_str().unwrap()),
        &token,
        &json!({ "status": "cancelled" }),
    )
    .await;
    assert_eq!(
        (late.status, &late.body["code"]),
        (400, &json!(900_117)),
        "{}",
        late.body
    );
}

#[tokio::test]
async fn a_sandbox_cancels_whole_orders() {
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
    let body = json!({ "id": made.body["id"], "status": "cancelled" });
    let gone = patch(&world, &own(&path, &made), &token, &body).await;
    assert_eq!(
        (gone.status, &gone.body["status"]),
        (200, &json!("cancelled")),
        "{}",
        gone.body
    );
}

#[tokio::test]
async fn a_production_server_cancels_only_software_this_way() {
    let world = World::production().await;
    let path = path(&world, "harbor", "Bay Street").await;
    let token = world.user("harbor");
    let list = world.get(&path, &token).await;
    let of = |name: &str| {
        let orders = list.body["items"].as_array().unwrap();
        let found = orders
            .iter()
            .find(|order| order["lineItems"][0]["friendlyName"] == name)
            .unwrap_or_else(|| panic!("no order of {name}: {orders:?}"));
        format!("{path}/{}", found["id"].as_str().unwrap())
    };
    for (name, code) in [
        ("Desk Standard", 800_019),
        ("Ledgerline Accounting", 800_077),
    ] {
        let refused = patch(&world, &of(name), &token, &json!({ "status": "cancelled" })).await;
        assert_eq!(
            (refused.status, &refused.body["code"]),
            (403, &json!(code)),
            "{name}: {}",
            refused.body
        );
    }
    let gone = patch(
        &world,
        &of("Foundation Server 2025, 16 Core Licence"),
        &token,
        &json!({ "status": "cancelled" }),
    )
    .await;
    assert_eq!(
        (gone.status, &gone.body["status"]),
        (200, &json!("cancelled")),
        "{}",
        gone.body
    );
}

#[tokio::test]
async fn a_review_is_answered_with_the_purchase_order() {
    let world = World::demo().await;
    let path = path(&world, "harbor", "Bay Street").await;
    let token = world.user("harbor");
    let list = world.get(&path, &token).await;
    let orders = list.body["items"].as_array().unwrap();
    let held = orders
        .iter()
        .find(|order| order["status"] == "pending_po_upload")
        .unwrap();
    let own = format!("{path}/{}", held["id"].as_str().unwrap());
    let told = r#"{"isPartofTender": true, "customerPrice": "820.00", "currency": "USD", "fxRate": 1, "tenderLink": "https://tenders.example/7"}"#;
    let file = [("pofiles", "po 7.txt")];
    for (metadata, files, code) in [
        (r#"{"customerPrice": "820.00"}"#, &file[..], 900_254),
        (
            r#"{"isPartofTender": true, "customerPrice": "820.00", "currency": "USD"}"#,
            &file[..],
            900_253,
        ),
        (told, &[][..], 900_252),
    ] {
        let refused = attach(&world, &own, &token, metadata, files).await;
        assert_eq!(
            (refused.status, &refused.body["code"]),
            (400, &json!(code)),
            "{}",
            refused.body
        );
    }
    assert_eq!(
        world.get(&format!("{own}/attachments"), &token).await.body["totalCount"],
        0
    );
    let made = attach(
        &world,
        &own,
        &token,
        told,
        &[("pofiles", "po 7.txt"), ("tenderFiles", "tender.txt")],
    )
    .await;
    assert_eq!(
        (made.status, &made.body["totalCount"]),
        (201, &json!(2)),
        "{}",
        made.body
    );
    let first = &made.body["items"][0];
    assert_eq!(
        (
            &first["fileName"],
            &first["sizeInKB"],
            &first["attachmentType"]
        ),
        (&json!("po 7.txt"), &json!(1), &json!("PurchaseOrder"))
    );
    assert_eq!(
        world.get(&own, &token).await.body["status"],
        "po_upload_complete"
    );
    assert_eq!(
        world.get(&format!("{own}/attachments"), &token).await.body["totalCount"],
        2
    );
    let file = format!(
        "{own}/attachment/{}",
        first["attachmentId"].as_str().unwrap()
    );
    let file = world.get(&file, &token).await;
    assert_eq!(
        file.headers.get("content-disposition").unwrap(),
        "attachment; filename=\"po_7.txt\""
    );
    assert_eq!(
        file.headers.get("x-content-type-options").unwrap(),
        "nosniff"
    );
    assert_eq!(
        world
            .get(&format!("{own}/attachment/nothing"), &token)
            .await
            .status,
        404
    );
    // The review is answered.
    let late = attach(&world, &own, &token, told, &[("pofiles", "po.txt")]).await;
    assert_eq!(
        (late.status, &late.body["code"]),
        (400, &json!(900_252)),
        "{}",
        late.body
    );
}

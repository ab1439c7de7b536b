//! Support contacts, the consumption subscriptions of a plan, activation in a sandbox.

use crate::common::subscriptions::{Estate, at_fault, refused};
use crate::common::{World, advance, ids, sent, text};
use serde_json::{Value, json};

#[tokio::test]
async fn the_support_contact_is_the_seller_until_another_is_named() {
    let world = World::demo().await;
    let estate = Estate::of(&world, "harbor", "Juniper").await;
    let bought = estate.seats("desk-standard", 3).await;
    let path = format!("{}/{}/supportcontact", estate.path, text(&bought["id"]));
    let read = world.get(&path, &estate.token).await;
    let own = format!(
        "/customers/{}/subscriptions/{}/supportcontact",
        estate.customer,
        text(&bought["id"])
    );
    assert_eq!(read.status, 200, "{}", read.body);
    assert_eq!(read.body["supportTenantId"], world.of("harbor", "tenantId"));
    assert_eq!(read.body["supportMpnId"], world.of("harbor", "mpnId"));
    assert_eq!(
        (
            &read.body["links"]["self"]["uri"],
            &read.body["attributes"]["objectType"]
        ),
        (&json!(own), &json!("SupportContact"))
    );
    let put = |body: Value| {
        let (world, path, token) = (&world, path.as_str(), estate.token.as_str());
        async move { sent(world, "PUT", path, token, &body, &[]).await }
    };
    // By either name, and by both.
    for body in [
        read.body.clone(),
        json!({ "SupportMpnId": world.of("harbor", "mpnId") }),
        json!({ "SupportTenantId": world.of("harbor", "tenantId") }),
    ] {
        let named = put(body).await;
        assert_eq!((named.status, &named.body), (200, &read.body));
    }
    at_fault(&put(json!({})).await, 400, "supportTenantId");
    at_fault(
        &put(json!({ "supportTenantId": "harbor" })).await,
        400,
        "supportTenantId",
    );
    at_fault(
        &put(json!({ "supportMpnId": "1" })).await,
        400,
        "supportMpnId",
    );
    let mixed = json!({ "supportTenantId": world.of("harbor", "tenantId"), "supportMpnId": world.of("meridian", "mpnId") });
    at_fault(&put(mixed).await, 400, "supportTenantId");
    // A partner without a relationship with the customer is not eligible (SUP-004).
    let stranger = put(json!({ "supportTenantId": world.of("meridian", "tenantId") })).await;
    assert_eq!(stranger.status, 409, "{}", stranger.body);
    assert_eq!(stranger.body["data"][0], "SUP-004");
    let app = world
        .get(&path, &world.of("harbor", "accessTokenApp"))
        .await;
    refused(&app, 403, 900_329);

    // A reseller of the customer that has rights there becomes the contact.
    let estate = Estate::of(&world, "meridian", "Canyon").await;
    let desk = estate.named("Desk Standard").await;
    let operator = world.user("operator");
    let by = |actor: &'static str, verb: &'static str, params: Value| {
        let path = format!("/program/v1/commands/{verb}?as={actor}");
        let (world, operator) = (&world, &operator);
        async move { world.post(&path, operator, &params).await }
    };
    let asked = json!({ "customer": "canyon-robotics", "name": "cedar-helps", "roles": ["service_support_administrator"] });
    let asked = by("cedar", "request_admin", asked).await;
    assert_eq!(asked.status, 200, "{}", asked.body);
    let rights = json!({ "admin_relationship": asked.body["result"]["admin_relationship"] });
    let approved = by("canyon-robotics", "approve_admin", rights).await;
    assert_eq!(approved.status, 200, "{}", approved.body);
    advance(&world, "P1D").await;
    let path = format!("{}/{}/supportcontact", estate.path, text(&desk["id"]));
    let body = json!({ "supportMpnId": world.of("cedar", "mpnId") });
    let named = sent(&world, "PUT", &path, &estate.token, &body, &[]).await;
    assert_eq!(
        (named.status, &named.body["supportTenantId"]),
        (200, &json!(world.of("cedar", "tenantId"))),
        "{}",
        named.body
    );
    assert_eq!(world.get(&path, &estate.token).await.body, named.body);
}

#[tokio::test]
async fn entitlements_of_a_plan_are_paused_and_come_back() {
    let world = World::demo().await;
    let estate = Estate::of(&world, "harbor", "Bay Street").await;
    let list = world.get(&estate.path, &estate.token).await;
    let items = list.body["items"].as_array().unwrap();
    let child = items
        .iter()
        .find(|item| item["unitType"] == "Usage-based" && item["parentSubscriptionId"].is_string())
        .unwrap();
    let plan = items
        .iter()
        .find(|item| item["id"] == child["parentSubscriptionId"])
        .unwrap();
    let all = estate.below(plan, "azureEntitlements").await;
    assert_eq!(ids(&all.body), [text(&child["id"])], "{}", all.body);
    let one = format!("azureentitlements/{}", text(&child["id"]));
    let read = estate.below(plan, &one).await;
    assert_eq!((read.status, &read.body), (200, &all.body["items"][0]));
    let told = (
        &read.body["status"],
        &read.body["subscriptionId"],
        &read.body["attributes"]["objectType"],
    );
    assert_eq!(
        told,
        (&json!("active"), &plan["id"], &json!("AzureEntitlement"))
    );
    let (cancel, reactivate) = (format!("{one}/cancel"), format!("{one}/reactivate"));
    refused(
        &estate.post_below(plan, &cancel, &json!({})).await,
        400,
        900_307,
    );
    let away = estate
        .post_below(
            plan,
            &cancel,
            &json!({ "cancellationReason": "compromise" }),
        )
        .await;
    assert_eq!(
        (away.status, &away.body["status"]),
        (200, &json!("suspended")),
        "{}",
        away.body
    );
    let back = estate.post_below(plan, &reactivate, &json!({})).await;
    assert_eq!(
        (back.status, &back.body["status"]),
        (202, &json!("active")),
        "{}",
        back.body
    );
    let location = back.headers["location"].to_str().unwrap();
    assert_eq!(location, text(&read.body["links"]["self"]["uri"]));
    // Active already.
    refused(
        &estate.post_below(plan, &reactivate, &json!({})).await,
        400,
        800_040,
    );
    refused(
        &estate
            .below(
                plan,
                "azureEntitlements/00000000-0000-4000-8000-00000000dead",
            )
            .await,
        404,
        800_111,
    );
    refused(
        &estate.below(plan, "azureEntitlements/first").await,
        400,
        800_002,
    );
    let desk = estate.named("Desk Standard").await;
    refused(
        &estate.below(&desk, "azureEntitlements").await,
        400,
        800_011,
    );
}

#[tokio::test]
async fn a_sandbox_activates_marketplace_subscriptions() {
    let world = World::demo().await;
    let estate = Estate::of(&world, "harbor", "Bay Street").await;
    let ledger = estate
        .buy(json!({ "offerId": "ledger-saas", "quantity": 1, "termDuration": "P1M" }))
        .await;
    let done = estate.post_below(&ledger, "activate", &json!({})).await;
    let expected = json!({ "subscriptionId": ledger["id"], "status": "Success" });
    assert_eq!((done.status, &done.body), (200, &expected));
    let desk = estate.named("Desk Standard").await;
    refused(
        &estate.post_below(&desk, "activate", &json!({})).await,
        400,
        800_021,
    );
    let world = World::production().await;
    let estate = Estate::of(&world, "harbor", "Bay Street").await;
    let ledger = estate
        .buy(json!({ "offerId": "ledger-saas", "quantity": 1, "termDuration": "P1M" }))
        .await;
    let elsewhere = estate.post_below(&ledger, "activate", &json!({})).await;
    assert_eq!(elsewhere.status, 403, "{}", elsewhere.body);
}

#[tokio::test]
async fn a_consumption_subscription_is_registered_once() {
    let world = World::demo().await;
    let estate = Estate::of(&world, "harbor", "Bay Street").await;
    let list = world.get(&estate.path, &estate.token).await;
    let items = list.body["items"].as_array().unwrap();
    let usage = items
        .iter()
        .find(|item| item["parentSubscriptionId"].is_string() && item["unitType"] == "Usage-based")
        .unwrap();
    let status = |registered: &str| json!({ "subscriptionId": usage["id"], "status": registered, "attributes": { "objectType": "SubscriptionRegistrationStatus" } });
    let before = estate.below(usage, "registrationstatus").await;
    assert_eq!(
        (before.status, &before.body),
        (200, &status("NotRegistered"))
    );
    for _ in 0..2 {
        let asked = estate.post_below(usage, "registrations", &json!({})).await;
        assert_eq!(
            (asked.status, &asked.body),
            (202, &Value::Null),
            "{}",
            asked.body
        );
        let location = asked.headers["location"].to_str().unwrap();
        let told = world.get(&format!("/v1{location}"), &estate.token).await;
        assert_eq!(told.body, status("Registered"));
    }
    let desk = estate.named("Desk Standard").await;
    refused(
        &estate.post_below(&desk, "registrations", &json!({})).await,
        400,
        800_011,
    );
    refused(
        &estate.below(&desk, "registrationstatus").await,
        400,
        800_011,
    );
    let away = estate.with(usage, "status", json!("suspended")).await;
    assert_eq!(away.status, 200, "{}", away.body);
    refused(
        &estate.post_below(usage, "registrations", &json!({})).await,
        400,
        800_012,
    );
}

#[tokio::test]
async fn software_and_reservations_are_entitlements() {
    let world = World::demo().await;
    let estate = Estate::of(&world, "harbor", "Bay Street").await;
    let order = estate
        .order(&[json!({ "offerId": "server-subscription", "quantity": 2 })])
        .await;
    let path = format!("/v1/customers/{}/entitlements", estate.customer);
    let listed = |query: &'static str| {
        let path = format!("{path}{query}");
        let (world, token) = (&world, &estate.token);
        async move { world.get(&path, token).await }
    };
    let all = listed("").await;
    let items = all.body["items"].as_array().unwrap();
    let reserved = items
        .iter()
        .find(|item| item["entitlementType"] == "reservedinstance")
        .unwrap();
    assert_eq!(
        reserved["dynamicAttributes"],
        json!({ "reservationType": "virtualmachines" })
    );
    let artifact = &reserved["entitledArtifacts"][0];
    let uri = text(&artifact["link"]["uri"]);
    let read = world.get(&format!("/v1{uri}"), &estate.token).await;
    assert_eq!(read.status, 200, "{}", read.body);
    assert_eq!(read.body["type"], "reservedinstance");
    let reservation = &read.body["virtualMachineReservations"][0];
    assert_eq!(reservation["reservationId"], artifact["resourceId"]);
    assert_eq!(reservation["scopeType"], "Shared");
    for (part, other, code) in [
        ("/reservedinstance/", "/cake/", None),
        ("/lineitems/0/", "/lineitems/9/", None),
        ("/groups/", "/groups/0", Some(20_000)),
    ] {
        let path = format!("/v1{}", uri.replace(part, other));
        let unknown = world.get(&path, &estate.token).await;
        assert_eq!(unknown.status, 404, "{path}: {}", unknown.body);
        if let Some(code) = code {
            assert_eq!(unknown.body["code"], code);
        }
    }
    let software = listed("?entitlementType=Software&showExpiry=true").await;
    let software = software.body["items"].as_array().unwrap();
    assert!(
        software.len() > 1
            && software
                .iter()
                .all(|item| item["entitlementType"] == "software")
    );
    let found = software
        .iter()
        .find(|item| item["referenceOrder"]["id"] == order["id"])
        .unwrap();
    assert_eq!(
        found["referenceOrder"],
        json!({ "id": order["id"], "alternateId": order["alternateId"], "lineItemId": "0" })
    );
    let included = &found["includedEntitlements"][0];
    let told = (
        &found["quantity"],
        &included["quantity"],
        &included["referenceOrder"],
        found["expiryDate"].is_string(),
    );
    let order_of = &found["referenceOrder"];
    assert_eq!(told, (&json!(2), &json!(2), order_of, true), "{found}");
    assert_ne!(included["skuId"], found["skuId"]);
    assert!(items.iter().all(|item| item["expiryDate"].is_null()));
    at_fault(
        &listed("?entitlementType=cake").await,
        400,
        "entitlementType",
    );
    refused(
        &world.get(&path, &world.user("meridian")).await,
        403,
        20_002,
    );
}

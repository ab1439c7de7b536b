//! Webhooks: registration, test events, and what happens told as it is documented.

use crate::common::World;
use crate::common::post::{Post, REGISTRATION, Receiver, TESTS, assert_signed, settings};
use serde_json::json;
use tierline_api::Courier;

#[tokio::test]
async fn a_registration_is_made_read_and_changed() {
    let world = World::demo().await;
    let token = world.user("kita");
    let events = world.get("/webhooks/v1/registration/events", &token).await;
    let names = events.body.as_array().unwrap();
    for name in [
        "subscription-updated",
        "test-created",
        "usagerecords-thresholdExceeded",
        "invoice-ready",
    ] {
        assert!(names.contains(&json!(name)), "{name}");
    }
    let wanted = json!({ "WebhookUrl": "https://hooks.kita.example/a", "WebhookEvents": ["subscription-updated", "test-created"] });
    let made = world.post(REGISTRATION, &token, &wanted).await;
    assert_eq!(made.status, 200, "{}", made.body);
    assert!(
        made.body["SubscriberId"]
            .as_str()
            .unwrap()
            .parse::<uuid::Uuid>()
            .is_ok()
    );
    assert_eq!(made.body["WebhookUrl"], wanted["WebhookUrl"]);
    assert_eq!(made.body["WebhookEvents"], wanted["WebhookEvents"]);
    assert_eq!(world.get(REGISTRATION, &token).await.body, wanted);

    // Names in any case, nulls as absent; there is one registration a partner, whose id stays.
    let other = json!({ "webhookurl": "https://hooks.kita.example/b", "WEBHOOKEVENTS": ["TEST-CREATED"], "SubscriberId": null,
        "SignatureTokenToMsSignatureHeader": true });
    let changed = world
        .send(
            "PUT",
            REGISTRATION,
            Some(&token),
            Some(other.to_string().into_bytes()),
            &[],
        )
        .await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_eq!(changed.body["SubscriberId"], made.body["SubscriberId"]);
    let read = world.get(REGISTRATION, &token).await;
    let now = json!({ "WebhookUrl": "https://hooks.kita.example/b", "WebhookEvents": ["test-created"], "SignatureTokenToMsSignatureHeader": true });
    assert_eq!(read.body, now);

    // A released client sends a text in place of the registration.
    let odd = world
        .send(
            "POST",
            REGISTRATION,
            Some(&token),
            Some(b"\"success\"".to_vec()),
            &[],
        )
        .await;
    assert_eq!(
        (odd.status, &odd.body["SubscriberId"]),
        (200, &made.body["SubscriberId"])
    );
    // Another partner's registration is its own.
    assert_ne!(
        world.get(REGISTRATION, &world.user("harbor")).await.body,
        now
    );
}

#[tokio::test]
async fn bad_registrations_are_named_and_change_nothing() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let before = world.get(REGISTRATION, &token).await.body;
    let good = "https://hooks.example.com/a";
    for (body, named) in [
        (json!({ "WebhookEvents": ["test-created"] }), "WebhookUrl"),
        (json!({ "WebhookUrl": good }), "WebhookEvents"),
        (
            json!({ "WebhookUrl": good, "WebhookEvents": [] }),
            "WebhookEvents",
        ),
        (
            json!({ "WebhookUrl": good, "WebhookEvents": ["test-created", "moon-landed"] }),
            "WebhookEvents: there is no event `moon-landed`",
        ),
        (
            json!({ "WebhookUrl": good, "WebhookEvents": "test-created" }),
            "WebhookEvents",
        ),
        (
            json!({ "WebhookUrl": "http://hooks.example.com", "WebhookEvents": ["test-created"] }),
            "WebhookUrl",
        ),
        (
            json!({ "WebhookUrl": "{{YourCallbackUrl}}", "WebhookEvents": ["test-created"] }),
            "WebhookUrl",
        ),
    ] {
        for method in ["POST", "PUT"] {
            let answer = world
                .send(
                    method,
                    REGISTRATION,
                    Some(&token),
                    Some(body.to_string().into_bytes()),
                    &[],
                )
                .await;
            assert_eq!(answer.status, 400, "{body}: {}", answer.body);
            let text = answer.body["description"].as_str().unwrap();
            assert!(text.starts_with(named), "{body}: {text}");
        }
    }
    assert_eq!(
        world
            .send("POST", REGISTRATION, Some(&token), Some(b"{".to_vec()), &[])
            .await
            .status,
        400
    );
    assert_eq!(world.get(REGISTRATION, &token).await.body, before);
}

#[tokio::test]
async fn a_production_server_does_not_call_into_its_own_network() {
    let world = World::demo().await;
    let production = World::of_app(world.app.clone(), false).await;
    let body = |url: &str| json!({ "WebhookUrl": url, "WebhookEvents": ["test-created"] });
    for url in [
        "http://127.0.0.1:9",
        "https://127.0.0.1:9",
        "https://localhost",
        "https://10.0.0.1",
        "https://169.254.169.254/latest",
        "https://[::1]/",
    ] {
        let answer = production
            .post(REGISTRATION, &world.user("harbor"), &body(url))
            .await;
        assert_eq!(answer.status, 400, "{url}");
    }
    // What a sandbox registered, and names that lead there, are not followed either.
    let receiver = Receiver::start().await;
    let local = receiver.url.replace("127.0.0.1", "localhost");
    for url in [receiver.url.clone(), local.replace("http:", "https:")] {
        let answer = world
            .post(REGISTRATION, &world.user("harbor"), &body(&url))
            .await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let test = world
            .send("POST", TESTS, Some(&world.user("harbor")), None, &[])
            .await;
        let id = test.body["correlationId"].as_str().unwrap().to_owned();
        let courier = Courier::new(world.app.clone(), settings(&world.base, false));
        assert_eq!(courier.round().await.unwrap(), 1);
        let result = world
            .get(&format!("{TESTS}/{id}"), &world.user("harbor"))
            .await;
        assert_eq!(
            result.body["results"][0]["systemError"], true,
            "{}",
            result.body
        );
    }
    assert!(receiver.heard().is_empty());
}

#[tokio::test]
async fn a_test_event_arrives_signed_and_its_result_can_be_read() {
    let post = Post::open().await;
    let receiver = Receiver::start().await;
    post.register("meridian", &receiver, &["test-created"])
        .await;
    let asked = post.post("meridian", TESTS).await;
    assert_eq!(asked.status, 200, "{}", asked.body);
    let id = asked.body["correlationId"].as_str().unwrap();
    let path = format!("{TESTS}/{id}");
    assert_eq!(post.get("meridian", &path).await.body["status"], "pending");

    assert_eq!(post.round().await, 1);
    let heard = receiver.heard();
    let [heard] = heard.as_slice() else {
        panic!("one call")
    };
    assert_signed(&post.world, heard, "authorization").await;
    assert_eq!(heard.header("content-type"), "application/json");
    let expected = json!({
        "EventName": "test-created", "ResourceUri": format!("{}{path}", post.world.base), "ResourceName": "test", "AuditUri": null,
        "ResourceChangeUtcDate": "2026-01-15T12:00:00.0000000+00:00",
    });
    assert_eq!(heard.json(), expected);
    let result = post.get("meridian", &path).await;
    assert_eq!(
        result.body,
        json!({
            "correlationId": id, "partnerId": post.world.of("meridian", "tenantId"), "status": "completed", "callbackUrl": receiver.url,
            "results": [{ "responseCode": "OK", "responseMessage": "", "systemError": false, "dateTimeUtc": "2026-01-15T12:00:00Z" }],
        })
    );
    assert_eq!(post.round().await, 0);

    assert_eq!(post.get("harbor", &path).await.status, 404);
    assert_eq!(
        post.get("meridian", &format!("{TESTS}/nonsense"))
            .await
            .status,
        404
    );
    // Results are kept seven days.
    post.pass(7 * 86_400);
    let later = World::of_app(post.world.app.clone(), true).await;
    assert_eq!(later.get(&path, &later.user("meridian")).await.status, 200);
    post.pass(1);
    assert_eq!(later.get(&path, &later.user("meridian")).await.status, 404);
}

#[tokio::test]
async fn the_signature_moves_to_its_own_header_where_that_is_wanted() {
    let post = Post::open().await;
    let receiver = Receiver::start().await;
    let body = json!({ "WebhookUrl": receiver.url, "WebhookEvents": ["test-created"], "SignatureTokenToMsSignatureHeader": true });
    post.world
        .post(REGISTRATION, &post.world.user("harbor"), &body)
        .await;
    post.post("harbor", TESTS).await;
    post.round().await;
    let heard = receiver.heard().remove(0);
    assert_eq!(heard.header("authorization"), "");
    assert_signed(&post.world, &heard, "x-ms-signature").await;
}

#[tokio::test]
async fn two_test_events_a_minute_are_sent() {
    let post = Post::open().await;
    let receiver = Receiver::start().await;
    post.register("harbor", &receiver, &["test-created"]).await;
    let (token, id) = (
        post.world.user("harbor"),
        [("MS-RequestId", "4f2d3b5c-0000-4000-8000-0000000000fe")],
    );
    let first = post
        .world
        .send("POST", TESTS, Some(&token), None, &id)
        .await;
    // A repeat of a call is no second event.
    let again = post
        .world
        .send("POST", TESTS, Some(&token), None, &id)
        .await;
    assert_eq!(again.body, first.body);
    let capitals = id.map(|(name, value)| (name, value.to_uppercase()));
    let capitals = capitals.each_ref().map(|(name, id)| (*name, id.as_str()));
    let again = post
        .world
        .send("POST", TESTS, Some(&token), None, &capitals)
        .await;
    assert_eq!(again.body, first.body);
    post.pass(20);
    assert_eq!(post.post("harbor", TESTS).await.status, 200);
    let many = post.post("harbor", TESTS).await;
    assert_eq!(many.status, 429);
    assert_eq!(many.headers["retry-after"], "40");
    assert_eq!(many.body["statusCode"], 429);
    assert!(many.body["message"].is_string() && many.body.get("code").is_none());
    // Others are not held up by it, and after the time named there is room again.
    assert_eq!(post.post("meridian", TESTS).await.status, 200);
    post.pass(40);
    assert_eq!(post.post("harbor", TESTS).await.status, 200);
}

#[tokio::test]
async fn a_test_event_needs_its_registration() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let body = json!({ "WebhookUrl": "https://hooks.example.com", "WebhookEvents": ["subscription-updated"] });
    world.post(REGISTRATION, &token, &body).await;
    let answer = world.send("POST", TESTS, Some(&token), None, &[]).await;
    assert_eq!(answer.status, 400);
    assert!(
        answer.body["description"]
            .as_str()
            .unwrap()
            .starts_with("WebhookEvents")
    );
}

/// A group is given roles of a relationship, then others, and then none.
async fn held_for_a_while(post: &Post, rights: &str) {
    let assign =
        json!({ "admin_relationship": rights, "group": "helpers", "roles": ["directory_reader"] });
    post.by("meridian", "assign_roles", assign.clone()).await;
    // What a group holds already is no change.
    post.by("meridian", "assign_roles", assign).await;
    crate::common::advance(&post.world, "PT1H").await;
    let change =
        json!({ "admin_relationship": rights, "group": "helpers", "roles": ["global_reader"] });
    post.by("meridian", "change_roles", change).await;
    crate::common::advance(&post.world, "PT1H").await;
    let taken = json!({ "admin_relationship": rights, "group": "helpers" });
    post.by("meridian", "remove_roles", taken).await;
    crate::common::advance(&post.world, "PT1H").await;
}

#[tokio::test]
async fn what_happens_is_told_as_documented() {
    let post = Post::open().await;
    let receiver = Receiver::start().await;
    let names = post
        .get("meridian", "/webhooks/v1/registration/events")
        .await
        .body;
    let names: Vec<&str> = names
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    post.register("meridian", &receiver, &names).await;
    let base = post.world.base.clone();
    let customer = post.world.customer("meridian", "Evergreen").await;

    post.by(
        "meridian",
        "set_renewal",
        json!({ "subscription": "sub-evergreen-vineyard", "renewal": false }),
    )
    .await;
    assert_eq!(post.round().await, 1);
    let told = receiver.take().remove(0);
    assert_eq!(
        (&told["EventName"], &told["ResourceName"]),
        (&json!("subscription-updated"), &json!("subscription"))
    );
    let uri = told["ResourceUri"].as_str().unwrap();
    assert!(
        uri.starts_with(&format!(
            "{base}/webhooks/v1/customers/{customer}/subscriptions/"
        )),
        "{uri}"
    );
    // It points to the record of what happened.
    let audit = told["AuditUri"]
        .as_str()
        .unwrap()
        .strip_prefix(&base)
        .unwrap();
    let record = post.get("meridian", audit).await;
    assert_eq!(
        (record.status, &record.body["operationType"]),
        (200, &json!("update_subscription"))
    );

    // Rights: asked for, approved, in force, given to a group, changed, ended.
    let asked = json!({ "customer": "evergreen-vineyard", "name": "webhook-rights", "roles": ["directory_reader", "global_reader"] });
    let made = post
        .world
        .post(
            "/program/v1/commands/request_admin",
            &post.world.user("meridian"),
            &asked,
        )
        .await;
    assert_eq!(made.status, 200, "{}", made.body);
    let rights = made.body["result"]["admin_relationship"]
        .as_str()
        .unwrap()
        .to_owned();
    let name = json!({ "admin_relationship": rights });
    post.by("evergreen-vineyard", "approve_admin", name.clone())
        .await;
    let advance = json!({ "by": "P1D" });
    assert_eq!(
        post.world
            .post("/program/v1/clock", &post.world.user("operator"), &advance)
            .await
            .status,
        200
    );
    held_for_a_while(&post, &rights).await;
    post.by("meridian", "terminate_admin", name).await;
    post.world
        .post("/program/v1/clock", &post.world.user("operator"), &advance)
        .await;
    // Of one partner only a few are told at a time.
    while post.round().await > 0 {}
    let mut heard: Vec<String> = receiver
        .take()
        .iter()
        .map(|told| told["EventName"].as_str().unwrap().to_owned())
        .collect();
    heard.sort();
    assert_eq!(
        heard,
        [
            "granular-admin-access-assignment-activated",
            "granular-admin-access-assignment-created",
            "granular-admin-access-assignment-deleted",
            "granular-admin-access-assignment-updated",
            "granular-admin-relationship-activated",
            "granular-admin-relationship-approved",
            "granular-admin-relationship-terminated",
        ]
    );
}

#[tokio::test]
async fn an_accepted_relationship_is_told_to_the_partner() {
    let post = Post::open().await;
    let receiver = Receiver::start().await;
    post.register(
        "meridian",
        &receiver,
        &["reseller-relationship-accepted-by-customer"],
    )
    .await;
    post.by(
        "meridian",
        "invite_customer",
        json!({ "customer": "juniper-bakery" }),
    )
    .await;
    post.by(
        "juniper-bakery",
        "accept_relationship",
        json!({ "partner": "meridian" }),
    )
    .await;
    assert_eq!(post.round().await, 1);
    let told = receiver.take().remove(0);
    let customer = post.world.customer("meridian", "Juniper").await;
    let base = &post.world.base;
    assert_eq!(told["ResourceName"], "Customer");
    assert_eq!(
        told["ResourceUri"],
        format!("{base}/v1/customers/{customer}")
    );
    let audit = told["AuditUri"].as_str().unwrap();
    assert!(
        audit.starts_with(&format!("{base}/auditactivity/v1/auditrecords/")),
        "{audit}"
    );
}

#[tokio::test]
async fn only_what_was_asked_for_is_told() {
    let post = Post::open().await;
    let receiver = Receiver::start().await;
    post.register("meridian", &receiver, &["test-created"])
        .await;
    post.register("harbor", &receiver, &["subscription-updated"])
        .await;
    let renewal = json!({ "subscription": "sub-evergreen-vineyard", "renewal": false });
    post.by("meridian", "set_renewal", renewal).await;
    assert_eq!(post.round().await, 0);
    // What is refused did not happen.
    let refused = json!({ "subscription": "sub-juniper-bakery", "quantity": 1 });
    let answer = post
        .world
        .post(
            "/program/v1/commands/change_quantity",
            &post.world.user("harbor"),
            &refused,
        )
        .await;
    assert!(answer.status >= 400);
    assert_eq!(post.round().await, 0);
}

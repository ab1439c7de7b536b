//! Who calls with a second factor, what a partner's security comes to, and alerts of fraud.

use crate::common::post::{Post, Receiver};
use crate::common::{World, ids, sent, text};
use serde_json::{Value, json};
use tierline_api::identity::Subject;
use tierline_app::{AppError, events};
use tierline_domain::partner::{Account, Cloud};
use tierline_store::{Command, Tx, Value as Stored, tables};
use uuid::Uuid;

/// A token of the partner's demo user, through an application, with a second factor or without.
fn signed(world: &World, partner: &str, application: &str, mfa: bool) -> String {
    let tenant = world.of(partner, "tenantId").parse().unwrap();
    let user = (Uuid::from_u128(7), world.of(partner, "user"));
    let subject = Subject::user(tenant, application, user, mfa);
    let now = world.server.app().clock().server_now();
    world.server.issuer().issue(&subject, now)
}

/// A token of a customer's user, without a second factor.
fn of_customer(world: &World, customer: &str, domain: &str) -> String {
    let user = (Uuid::from_u128(8), format!("admin@{domain}"));
    let subject = Subject::user(customer.parse().unwrap(), "an-app", user, false);
    let now = world.server.app().clock().server_now();
    world.server.issuer().issue(&subject, now)
}

/// Moves a partner's account into a national cloud.
struct Moved(&'static str);

impl Command for Moved {
    type Out = ();
    type Error = AppError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AppError> {
        let name = [Stored::Text(self.0.to_owned())];
        let found = tx.find::<Account>(tables::accounts::BY_HANDLE, &name);
        let mut account = found.await?.remove(0);
        account.cloud = Cloud::National;
        tx.put(&account).await?;
        let now = "2026-01-15T12:00:00Z".parse().unwrap();
        Ok(events::set_up(tx, "account_moved", self.0, now).await?)
    }
}

const PORTAL: &str = "74696572-6c69-4e65-8f6f-7274616c0001";

/// SEC-016: by days and applications, with what was refused for want of a second factor, and without applications alone.
#[tokio::test]
async fn calls_without_a_second_factor_are_told() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let client = world.of("harbor", "clientId");
    let bare = signed(&world, "harbor", &client, false);
    let customer = world.customer("harbor", "Juniper").await;
    let path = format!("/v1/customers/{customer}/subscriptions?order_id=4711");
    let trace = "6f2d3b5c-0000-4000-8000-0000000000aa";
    let traced = [("MS-RequestId", trace)];
    let refused = world.send("GET", &path, Some(&bare), None, &traced).await;
    assert_eq!(refused.status, 401);
    let app = world.of("harbor", "accessTokenApp");
    assert_eq!(world.get("/v1/customers", &app).await.status, 200);
    let in_portal = signed(&world, "harbor", PORTAL, false);
    assert_eq!(world.get("/program/v1/me", &in_portal).await.status, 401);

    // Calls go by the server's own clock.
    let today = world.server.app().clock().server_now().date().to_string();
    let now = |at: &Value| {
        assert!(text(at).starts_with(&today), "{at}");
        at.clone()
    };
    // One with a second factor looked the customer up, one without asked in vain.
    let adopted = world.get("/v1/applicationmfaadoptionstatus", &token).await;
    let title =
        world.get("/program/v1/applications", &token).await.body["items"][0]["name"].clone();
    assert_eq!(
        adopted.body,
        json!([{
            "loginDate": today, "mfaCompliantRequestCount": 1, "totalRequestCount": 2,
            "applicationId": client, "applicationName": title,
        }])
    );
    let requests = world.get("/v1/partnerRequests", &token).await.body;
    let of_path = |body: &Value, name: &str| {
        let items = body["items"].as_array().unwrap();
        let found: Vec<Value> = items
            .iter()
            .filter(|item| item["operationName"].as_str().unwrap().contains(name))
            .cloned()
            .collect();
        found
    };
    let one = of_path(&requests, "subscriptions");
    assert_eq!(
        one,
        [json!({
            "requestId": trace, "correlationId": one[0]["correlationId"],
            "operationName": "Get /v1/customers/{customer-id}/subscriptions?order_id={order_id}",
            "requestDateTime": now(&one[0]["requestDateTime"]), "ipAddress": "127.0.0.1",
            "objectId": Uuid::from_u128(7).to_string(), "tenantId": world.of("harbor", "tenantId"),
            "upn": world.of("harbor", "user"), "applicationId": client, "mfaCompliant": false,
        })]
    );
    assert_eq!(requests["attributes"]["objectType"], "Collection");
    assert_eq!(
        requests["totalCount"],
        requests["items"].as_array().unwrap().len()
    );
    // The portal's are told apart, and of an application alone nothing is.
    assert_eq!(of_path(&requests, "/program/v1/me"), [Value::Null; 0]);
    let looked = requests["items"].as_array().unwrap().last().unwrap();
    assert_eq!(looked["operationName"], "Get /v1/customers");
    assert_eq!(requests["totalCount"], 4, "{requests}");
    let users = world
        .get("/v1/nonMfaCompliantPartnerPrincipals", &token)
        .await;
    assert_eq!(
        users.body["items"],
        json!([{
            "objectId": Uuid::from_u128(7).to_string(), "tenantId": world.of("harbor", "tenantId"),
            "upn": world.of("harbor", "user"), "lastNonMfaCompliantRequestDateTime": now(&users.body["items"][0]["lastNonMfaCompliantRequestDateTime"]),
        }])
    );
    // Another partner's calls are its own.
    let other = world.user("meridian");
    let others = world
        .get("/v1/nonMfaCompliantPartnerPrincipals", &other)
        .await;
    assert_eq!(others.body["totalCount"], 0);
    let counted = world
        .get("/v1/applicationmfaadoptionstatus", &other)
        .await
        .body;
    assert_eq!(counted[0]["totalRequestCount"], 1);
    // A user alone may ask.
    let refused = world.get("/v1/partnerRequests", &app).await;
    assert_eq!(
        (refused.status, &refused.body["code"]),
        (403, &json!(900_329))
    );
}

/// What a server has written down stands when it is gone; each of several on one database counts its own.
#[tokio::test]
async fn counts_outlive_the_server_that_made_them() {
    let world = World::demo().await;
    let token = world.user("harbor");
    world.get("/v1/customers", &token).await;
    world.get("/v1/customers", &token).await;
    world.server.keep_calls().await.unwrap();
    // Nothing new is nothing to write.
    world.server.keep_calls().await.unwrap();
    let total = |body: &Value| body["calls"]["total"].as_i64().unwrap();
    let own = world.get("/program/v1/security", &token).await.body;
    assert_eq!(total(&own), 2);
    world.server.keep_calls().await.unwrap();

    let beside = World::of_app(world.app.clone(), true).await;
    let seen = beside
        .get("/program/v1/security", &beside.user("harbor"))
        .await
        .body;
    assert_eq!(total(&seen), 3, "{seen}");
    let seen = world.get("/program/v1/security", &token).await.body;
    assert_eq!(total(&seen), 3);
    beside.server.keep_calls().await.unwrap();
    let seen = world.get("/program/v1/security", &token).await.body;
    assert_eq!(total(&seen), 5, "{seen}");
}

/// Rules of section 13 that advise: a finding for each, with the rule's id.
#[tokio::test]
async fn what_is_not_as_it_should_be_is_told() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let posture = world.get("/program/v1/security", &token).await.body;
    let finding = |body: &Value, kind: &str| {
        let all = body["findings"].as_array().unwrap();
        all.iter().find(|one| one["kind"] == kind).cloned()
    };
    assert_eq!(posture["partner"], "harbor");
    assert_eq!(posture["exempt"], false);
    // The nightly job of the demo signs in without a second factor, and administers nothing.
    assert_eq!(posture["accounts"], json!({ "total": 2, "with_mfa": 1 }));
    assert_eq!(
        finding(&posture, "account_without_mfa"),
        Some(json!({
            "kind": "account_without_mfa", "rule": "SEC-001", "required": true, "subject": "harbor-nightly@harbor.example",
        }))
    );
    assert_eq!(
        finding(&posture, "roles_side_by_side"),
        Some(json!({
            "kind": "roles_side_by_side", "rule": "SEC-017", "required": false, "subject": "admin@harbor.example",
        }))
    );
    assert_eq!(
        finding(&posture, "no_security_contact").unwrap()["rule"],
        "SEC-010"
    );
    // What is required comes first.
    let required: Vec<bool> = posture["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["required"].as_bool().unwrap())
        .collect();
    assert!(required.is_sorted_by(|a, b| a >= b), "{required:?}");

    // SEC-008: a second secret stands beside the first one until that is withdrawn.
    assert_eq!(finding(&posture, "secrets_side_by_side"), None);
    let client = world.of("harbor", "clientId");
    let secrets = format!("/program/v1/applications/{client}/secrets");
    let made = world.post(&secrets, &token, &json!({})).await;
    assert!(made.status < 300, "{}", made.body);
    let posture = world.get("/program/v1/security", &token).await.body;
    let both = finding(&posture, "secrets_side_by_side").unwrap();
    assert_eq!(
        (&both["rule"], &both["count"]),
        (&json!("SEC-008"), &json!(2))
    );

    // SEC-009: a customer whose users hold roles and call without a second factor is let in, and told of.
    assert_eq!(finding(&posture, "customer_without_mfa"), None);
    let customer = world.customer("harbor", "Bay Street").await;
    let bare = of_customer(&world, &customer, "bay-street-shipping.example");
    assert_eq!(world.get("/program/v1/me", &bare).await.status, 200);
    world.server.keep_calls().await.unwrap();
    let posture = world.get("/program/v1/security", &token).await.body;
    assert_eq!(
        finding(&posture, "customer_without_mfa"),
        Some(json!({
            "kind": "customer_without_mfa", "rule": "SEC-009", "required": false, "subject": "bay-street-shipping", "count": 1,
        }))
    );

    // The operator asks for anybody's; nobody else does.
    let operator = world.of("operator", "accessTokenUser");
    let asked = world
        .get("/program/v1/security?partner=harbor", &operator)
        .await;
    assert_eq!(asked.body["findings"], posture["findings"]);
    assert_eq!(
        world.get("/program/v1/security", &operator).await.status,
        400
    );
    assert_eq!(
        world
            .get("/program/v1/security?partner=nobody", &operator)
            .await
            .status,
        404
    );
    let other = world.user("meridian");
    let nosy = world.get("/program/v1/security?partner=harbor", &other);
    assert_eq!(nosy.await.status, 400);
    assert_eq!(world.get("/program/v1/security", &bare).await.status, 403);
}

/// SEC-010: in the portal, and by nobody else.
#[tokio::test]
async fn the_security_contact_is_named_in_the_portal() {
    let world = World::demo().await;
    let path = "/program/v1/commands/update_profile";
    let body = json!({ "security_contact": "security@harbor.example" });
    let by_api = world.post(path, &world.user("harbor"), &body).await;
    assert_eq!(
        (by_api.status, &by_api.body["code"]),
        (403, &json!(900_150))
    );
    let bare = signed(&world, "harbor", PORTAL, false);
    assert_eq!(world.post(path, &bare, &body).await.status, 401);
    let portal = signed(&world, "harbor", PORTAL, true);
    let done = world.post(path, &portal, &body).await;
    assert_eq!(done.status, 200, "{}", done.body);
    let posture = world.get("/program/v1/security", &portal).await.body;
    assert_eq!(posture["contact"], "security@harbor.example");
    let findings = posture["findings"].as_array().unwrap();
    assert!(
        findings
            .iter()
            .all(|one| one["kind"] != "no_security_contact")
    );
}

/// SEC-020: on the documented wire and on ours; nothing is required of such a partner.
#[tokio::test]
async fn a_partner_in_a_national_cloud_calls_without_a_second_factor() {
    let world = World::demo().await;
    let bare = signed(&world, "meridian", "an-app", false);
    for path in ["/v1/customers", "/program/v1/home", "/v1/partnerRequests"] {
        assert_eq!(world.get(path, &bare).await.status, 401, "{path}");
    }
    let deal = json!({ "verb": "order", "params": { "customer": "canyon-robotics", "item": "desk-standard" } });
    assert_eq!(
        world
            .post("/program/v1/decisions", &bare, &deal)
            .await
            .status,
        401
    );
    world.app.db().write(Moved("meridian")).await.unwrap();
    for path in ["/v1/customers", "/program/v1/home", "/v1/partnerRequests"] {
        assert_eq!(world.get(path, &bare).await.status, 200, "{path}");
    }
    let decided = world.post("/program/v1/decisions", &bare, &deal).await;
    assert_eq!(decided.status, 200, "{}", decided.body);
    let posture = world.get("/program/v1/security", &bare).await.body;
    assert_eq!(posture["exempt"], true);
    let findings = posture["findings"].as_array().unwrap();
    assert!(!findings.is_empty() && findings.iter().all(|one| one["required"] == false));
    // Another partner's is not moved with it, and the operator's staff is never let in without.
    let other = signed(&world, "harbor", "an-app", false);
    assert_eq!(world.get("/v1/customers", &other).await.status, 401);
}

/// Reports fraud in a subscription, as the operator.
async fn reported(world: &World, params: &Value) -> Value {
    let operator = world.of("operator", "accessTokenUser");
    let done = world.post("/program/v1/commands/report_fraud", &operator, params);
    let done = done.await;
    assert_eq!(done.status, 200, "{}", done.body);
    done.body["result"].clone()
}

async fn alerts(world: &World, token: &str, query: &str, newer: bool) -> Value {
    let path = format!("/v1/fraudEvents{query}");
    let headers: &[(&str, &str)] = if newer {
        &[("X-NewEventsModel", "True")]
    } else {
        &[]
    };
    let answer = world.send("GET", &path, Some(token), None, headers).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

#[tokio::test]
async fn alerts_of_fraud_are_listed_in_both_models() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let customer = world.customer("harbor", "Bay Street").await;
    let list = alerts(&world, &token, "", false).await;
    let first = &list[0];
    assert_eq!(list.as_array().map(Vec::len), Some(1), "{list}");
    assert_eq!(
        (
            &first["customerTenantId"],
            &first["customerFriendlyName"],
            &first["eventStatus"],
            &first["hitCount"]
        ),
        (
            &json!(customer),
            &json!("Bay Street Shipping LLC"),
            &json!("Active"),
            &json!("31")
        )
    );
    assert_eq!(first["resolvedReason"], "None");
    assert!(text(&first["resolvedOn"]).starts_with("9999-12-31T23:59:59"));
    let subscription = text(&first["subscriptionId"]);
    assert!(text(&first["eventId"]).starts_with(&format!("{subscription}_")));
    assert!(first.get("eventType").is_none() && first.get("IsTest").is_none());

    let newer = alerts(&world, &token, "", true).await;
    assert_eq!(
        (
            &newer[0]["eventType"],
            &newer[0]["severity"],
            &newer[0]["confidenceLevel"],
            &newer[0]["IsTest"]
        ),
        (
            &json!("NetworkConnectionsToCryptoMiningPools"),
            &json!("High"),
            &json!("high"),
            &json!("false")
        )
    );
    assert_eq!(newer[0]["activityLogs"], "[]");
    assert_eq!(newer[0]["valueAddedResellerTenantId"], "");
    let indirect = alerts(&world, &world.user("meridian"), "", true).await;
    assert_eq!(
        indirect[0]["valueAddedResellerTenantId"],
        world.of("cedar", "tenantId")
    );
    assert_eq!(newer[0]["eventId"], first["eventId"]);

    // Narrowed, in any spelling, and by pages.
    reported(&world, &json!({ "subscription": "sub-bay-street-use", "kind": "usage_anomaly_detection", "test": true })).await;
    for (query, count) in [
        ("?EventStatus=active", 2),
        ("?eventstatus=Resolved", 0),
        ("?EventType=usageanomalydetection", 1),
        (
            "?EventType=UsageAnomalyDetection&EventStatus=Investigating",
            0,
        ),
        ("?PageSize=1", 1),
        ("?PageSize=1&PageNumber=2", 1),
        ("?PageSize=1&PageNumber=3", 0),
        ("?SubscriptionId=00000000-0000-4000-8000-00000000dead", 0),
    ] {
        let found = alerts(&world, &token, query, true).await;
        assert_eq!(found.as_array().map(Vec::len), Some(count), "{query}");
    }
    let query = format!("?SubscriptionId={}", subscription.to_uppercase());
    assert_eq!(
        alerts(&world, &token, &query, false)
            .await
            .as_array()
            .map(Vec::len),
        Some(2)
    );
    for (query, named) in [
        ("?EventStatus=Lost", "EventStatus"),
        ("?EventType=Moon", "EventType"),
        ("?SubscriptionId=moon", "SubscriptionId"),
        ("?PageSize=1001", "PageSize"),
        ("?PageNumber=x", "PageNumber"),
    ] {
        let answer = world.get(&format!("/v1/fraudEvents{query}"), &token).await;
        assert_eq!(answer.status, 400, "{query}");
        assert!(
            text(&answer.body["description"]).contains(named),
            "{}",
            answer.body
        );
    }
    // Of another partner's it is not spoken.
    let query = format!("?SubscriptionId={subscription}");
    assert_eq!(
        alerts(&world, &world.user("kita"), &query, false).await,
        json!([])
    );
}

#[tokio::test]
async fn alerts_of_fraud_are_resolved_with_a_reason() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let list = alerts(&world, &token, "", false).await;
    let (subscription, event) = (text(&list[0]["subscriptionId"]), text(&list[0]["eventId"]));
    let path = format!("/v1/fraudEvents/subscription/{subscription}/status");
    for (body, named) in [
        (json!({}), "EventStatus"),
        (json!({ "EventStatus": "Lost" }), "EventStatus"),
        (json!({ "EventStatus": "Resolved" }), "ResolvedReason"),
        (
            json!({ "EventStatus": "Resolved", "ResolvedReason": "Moon" }),
            "ResolvedReason",
        ),
    ] {
        let answer = world.post(&path, &token, &body).await;
        assert_eq!(answer.status, 400, "{body}");
        assert!(
            text(&answer.body["description"]).contains(named),
            "{}",
            answer.body
        );
    }
    let looked = json!({ "eventstatus": "INVESTIGATING", "EventIds": null });
    let looked = world.post(&path, &token, &looked).await;
    assert_eq!(
        looked.body[0]["eventStatus"], "Investigating",
        "{}",
        looked.body
    );
    let resolved =
        json!({ "EventIds": [event], "EventStatus": "Resolved", "ResolvedReason": "Fraud" });
    let newer = [("X-NewEventsModel", "true")];
    let resolved = sent(&world, "POST", &path, &token, &resolved, &newer).await;
    let seen = &resolved.body[0];
    assert_eq!(
        (
            &seen["eventStatus"],
            &seen["resolvedReason"],
            &seen["resolvedOn"],
            &seen["resolvedBy"]
        ),
        (
            &json!("Resolved"),
            &json!("Fraud"),
            &json!("2026-01-15T12:00:00Z"),
            &json!(world.of("harbor", "user"))
        )
    );
    let steps: Value = serde_json::from_str(&text(&seen["activityLogs"])).unwrap();
    assert_eq!(
        (
            &steps[0]["statusTo"],
            &steps[1]["statusFrom"],
            &steps[1]["statusTo"],
            &steps[1]["updatedBy"]
        ),
        (
            &json!("Investigating"),
            &json!("Investigating"),
            &json!("Resolved"),
            &json!(world.of("harbor", "user"))
        )
    );
    // Again it may be active; that it was fraud is then not known any more.
    let active = json!({ "EventStatus": "Active", "ResolvedReason": "Fraud" });
    let active = world.post(&path, &token, &active).await;
    assert_eq!(active.body[0]["resolvedReason"], "None");
    // What is not the partner's does not exist.
    for (path, token, events) in [
        (path.clone(), world.user("meridian"), json!([])),
        (path.clone(), token.clone(), json!(["nothing"])),
        (
            "/v1/fraudEvents/subscription/nothing/status".to_owned(),
            token,
            json!([]),
        ),
    ] {
        let body = json!({ "EventIds": events, "EventStatus": "Investigating" });
        let answer = world.post(&path, &token, &body).await;
        assert_eq!(answer.status, 404, "{path} {events}: {}", answer.body);
    }
}

/// SEC-015: once for each alert, not each time that it is seen.
#[tokio::test]
async fn an_alert_of_fraud_is_told_once() {
    let post = Post::open().await;
    let receiver = Receiver::start().await;
    post.register("harbor", &receiver, &["azure-fraud-event-detected"])
        .await;
    let seen = json!({ "subscription": "sub-bay-street-use", "kind": "usage_anomaly_detection" });
    let first = reported(&post.world, &seen).await;
    assert_eq!(reported(&post.world, &seen).await["hits"], 2);
    let notices = post.get("harbor", "/program/v1/notices").await.body;
    let of_fraud = |one: &&Value| one["happened"] == "report_fraud";
    let notices: Vec<_> = notices["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(of_fraud)
        .collect();
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert_eq!(notices[0]["about"], "sub-bay-street-use");
    assert_eq!(post.round().await, 1);
    let heard = receiver.heard();
    let [heard] = heard.as_slice() else {
        panic!("one call")
    };
    let told = heard.json();
    assert_eq!(told["EventName"], "azure-fraud-event-detected");
    assert!(told.get("ResourceName").is_none(), "{told}");
    let path = text(&told["ResourceUri"]);
    let path = path.strip_prefix(&post.world.base).unwrap();
    let there = post.get("harbor", path).await.body;
    let found = there.as_array().unwrap();
    assert!(
        found
            .iter()
            .any(|one| text(&one["eventId"]).ends_with(&text(&first["fraud_event"]))),
        "{there}"
    );
}

/// Ours: a partner's, a reseller's and everybody's for the operator; and what waits at home.
#[tokio::test]
async fn alerts_of_fraud_are_read_by_everybody_whom_they_concern() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let path = "/program/v1/fraud-events";
    let own = world.get(path, &token).await.body;
    let alert = &own["items"][0];
    assert_eq!(
        (
            &alert["customer"],
            &alert["kind"],
            &alert["status"],
            &alert["own"]
        ),
        (
            &json!("bay-street-shipping"),
            &json!("network_connections_to_crypto_mining_pools"),
            &json!("active"),
            &json!(true)
        )
    );
    let home = world.get("/program/v1/home", &token).await.body;
    let matter = home["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["kind"] == "fraud_alerts");
    assert_eq!(matter.unwrap()["count"], 1, "{home}");
    let done =
        json!({ "subscription": alert["subscription"], "status": "resolved", "reason": "ignore" });
    let done = world
        .post("/program/v1/commands/update_fraud_events", &token, &done)
        .await;
    assert_eq!(done.status, 200, "{}", done.body);
    let home = world.get("/program/v1/home", &token).await.body;
    assert!(
        home["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["kind"] != "fraud_alerts")
    );

    // A reseller sees what happens to its customers, and says nothing of it; so does the operator.
    let reseller = world.get(path, &world.user("cedar")).await.body;
    assert_eq!(
        (ids(&reseller).len(), &reseller["items"][0]["own"]),
        (1, &json!(false)),
        "{reseller}"
    );
    assert!(reseller["items"][0].get("resolved_by").is_none());
    let operator = world.of("operator", "accessTokenUser");
    let all = world.get(path, &operator).await.body;
    assert_eq!(ids(&all).len(), 2);
    let one = |id: &str| format!("{path}/{id}");
    let [theirs, own] = [&reseller, &own].map(|list| one(&text(&list["items"][0]["id"])));
    for (path, caller, status) in [
        (&theirs, "cedar", 200),
        (&theirs, "meridian", 200),
        (&theirs, "harbor", 404),
        (&own, "cedar", 404),
        (&own, "harbor", 200),
    ] {
        let answer = world.get(path, &world.user(caller)).await;
        assert_eq!(answer.status, status, "{path} {caller}");
    }
    assert_eq!(world.get(&own, &operator).await.status, 200);
    assert_eq!(world.get(&one("nothing"), &operator).await.status, 404);
    let first = world.get(&format!("{path}?count=1"), &operator).await.body;
    let next = text(&first["next"]);
    let second = world
        .get(&format!("{path}?count=1&after={next}"), &operator)
        .await
        .body;
    assert_eq!([ids(&first), ids(&second)].concat(), ids(&all));
    assert!(second.get("next").is_none());
    let resolved = world
        .get(&format!("{path}?status=active"), &operator)
        .await
        .body;
    assert_eq!(ids(&resolved), Vec::<String>::new());
    let customer = world.customer("harbor", "Bay Street").await;
    let bare = of_customer(&world, &customer, "bay-street-shipping.example");
    assert_eq!(world.get(path, &bare).await.status, 403);
    // Nobody but the operator reports.
    let seen = json!({ "subscription": "sub-bay-street-use", "kind": "usage_anomaly_detection" });
    let refused = world
        .post("/program/v1/commands/report_fraud", &token, &seen)
        .await;
    assert_eq!(refused.status, 403);
}

#[tokio::test]
async fn a_report_that_cannot_be_is_refused_and_named() {
    let world = World::demo().await;
    let operator = world.of("operator", "accessTokenUser");
    let with = |name: &str, value: Value| {
        let mut report =
            json!({ "subscription": "sub-bay-street-use", "kind": "usage_anomaly_detection" });
        report[name] = value;
        report
    };
    for (body, status, named) in [
        (with("subscription", json!("nothing")), 404, "nothing"),
        (with("kind", json!("moon")), 400, "kind"),
        (
            with("occurred", json!("2026-01-16T00:00:00Z")),
            400,
            "occurred",
        ),
        (with("hits", json!(0)), 400, "hits"),
        (with("title", json!(" ")), 400, "title"),
        (with("title", json!("x".repeat(251))), 400, "title"),
        (with("details", json!({ "": "x" })), 400, "details"),
        (with("more", json!(1)), 400, "more"),
        (with("id", json!("a/b")), 400, "id"),
    ] {
        let answer = world
            .post("/program/v1/commands/report_fraud", &operator, &body)
            .await;
        assert_eq!(answer.status, status, "{body}: {}", answer.body);
        assert!(
            answer.body.to_string().contains(named),
            "{body}: {}",
            answer.body
        );
    }
    let named = with("id", json!("alarm"));
    reported(&world, &named).await;
    let taken = json!({ "subscription": "sub-canyon-use", "kind": "usage_anomaly_detection", "id": "alarm", "resource": "vm-9" });
    let taken = world
        .post("/program/v1/commands/report_fraud", &operator, &taken)
        .await;
    assert_eq!(taken.status, 409, "{}", taken.body);
    let all = world.get("/program/v1/fraud-events", &operator).await.body;
    assert_eq!(ids(&all).len(), 3);
}

/// A case names a customer that one has to do with; of anybody else's nothing is told, not even its short name.
#[tokio::test]
async fn a_case_is_opened_for_ones_own_customers() {
    let world = World::demo().await;
    let token = world.user("harbor");
    let path = "/program/v1/commands/open_case";
    let stranger = world.customer("meridian", "Canyon").await;
    for kind in ["fraud_credit", "consumption_transfer"] {
        for name in [stranger.as_str(), "canyon-robotics", "nobody"] {
            let body = json!({ "kind": kind, "customer": name });
            let answer = world.post(path, &token, &body).await;
            assert_eq!(answer.status, 404, "{kind} {name}: {}", answer.body);
            let told = answer.body.to_string();
            assert!(
                told.contains(name) && (name == "canyon-robotics" || !told.contains("canyon")),
                "{told}"
            );
        }
    }
    let ticket = json!({ "topic": "3607" });
    let ticket = world
        .post("/program/v1/commands/open_ticket", &token, &ticket)
        .await;
    assert_eq!(ticket.status, 400, "{}", ticket.body);
    let later = json!({ "kind": "fraud_credit", "customer": "bay-street-shipping", "first_use": "2026-01-16" });
    let later = world.post(path, &token, &later).await;
    assert!(
        later.status == 400 && text(&later.body["detail"]).contains("first_use"),
        "{}",
        later.body
    );
    let own = json!({ "kind": "fraud_credit", "customer": "bay-street-shipping" });
    let own = world.post(path, &token, &own).await;
    assert_eq!(own.status, 200, "{}", own.body);
    let ticket = text(&own.body["result"]["ticket"]);
    let seen = world
        .get(&format!("/program/v1/support-requests/{ticket}"), &token)
        .await;
    assert_eq!(
        (&seen.body["topic"], &seen.body["customer"]),
        (&json!("3607"), &json!("bay-street-shipping"))
    );
}

//! Webhooks: registration, test events, signed delivery of what happens, retries, dead letters and their replay.

use std::sync::{Arc, Mutex};

use crate::common::{Answer, World};
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rsa::RsaPublicKey;
use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::pkcs8::DecodePublicKey;
use rsa::sha2::Sha256;
use rsa::signature::Verifier;
use serde_json::{Value, json};
use tierline_api::{Courier, deliver};
use tierline_app::App;
use tierline_app::clock::Clock;
use tierline_store::{Db, DbConfig, schema};
use tokio::net::TcpListener;
use x509_cert::Certificate;
use x509_cert::der::{Decode, Encode};

const REGISTRATION: &str = "/webhooks/v1/registration";
const TESTS: &str = "/webhooks/v1/registration/validationEvents";
const DELIVERIES: &str = "/program/v1/webhooks/deliveries";

/// One call that a receiver got.
#[derive(Clone)]
struct Heard {
    headers: HeaderMap,
    body: Bytes,
}

impl Heard {
    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A receiver on this machine, which keeps what it hears and answers with a status.
#[derive(Clone)]
struct Receiver {
    url: String,
    heard: Arc<Mutex<Vec<Heard>>>,
    status: Arc<Mutex<StatusCode>>,
}

impl Receiver {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            url: format!("http://{}/hook", listener.local_addr().unwrap()),
            heard: Arc::default(),
            status: Arc::new(Mutex::new(StatusCode::OK)),
        };
        let answering = receiver.clone();
        let app = Router::new().fallback(move |headers: HeaderMap, body: Bytes| {
            let receiver = answering.clone();
            async move {
                receiver.heard.lock().unwrap().push(Heard { headers, body });
                let status = *receiver.status.lock().unwrap();
                (status, [("location", "http://127.0.0.1:1/elsewhere")])
            }
        });
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        receiver
    }

    fn answers(&self, status: StatusCode) {
        *self.status.lock().unwrap() = status;
    }

    fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// What was heard since the last call.
    fn take(&self) -> Vec<Value> {
        let heard = std::mem::take(&mut *self.heard.lock().unwrap());
        heard.iter().map(Heard::json).collect()
    }
}

fn standing() -> Clock {
    Clock::standing("2026-01-15T12:00:00Z".parse().unwrap())
}

/// A demo world whose clocks stand still, with a courier that sends when it is told to.
struct Post {
    world: World,
    courier: Courier,
}

impl Post {
    async fn open() -> Self {
        Self::over(World::demo_on(&DbConfig::Memory, standing()).await)
    }

    fn over(world: World) -> Self {
        let courier = courier(world.app.clone(), &world.base);
        Self { world, courier }
    }

    /// Registers for events at a receiver.
    async fn register(&self, partner: &str, receiver: &Receiver, events: &[&str]) {
        let body = json!({ "WebhookUrl": receiver.url, "WebhookEvents": events });
        let answer = self
            .world
            .post(REGISTRATION, &self.world.user(partner), &body)
            .await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    /// Sends what is due.
    async fn round(&self) -> usize {
        self.courier.round().await.unwrap()
    }

    async fn by(&self, actor: &str, verb: &str, params: Value) {
        let path = format!("/program/v1/commands/{verb}?as={actor}");
        let answer = self
            .world
            .post(&path, &self.world.user("operator"), &params)
            .await;
        assert_eq!(answer.status, 200, "{verb}: {}", answer.body);
    }

    async fn get(&self, partner: &str, path: &str) -> Answer {
        self.world.get(path, &self.world.user(partner)).await
    }

    async fn post(&self, partner: &str, path: &str) -> Answer {
        self.world
            .send("POST", path, Some(&self.world.user(partner)), None, &[])
            .await
    }

    fn pass(&self, seconds: i64) {
        self.world.app.clock().pass_seconds(seconds);
    }
}

/// A key takes seconds to make in this build, so the tests share one.
fn settings(base: &str, sandbox: bool) -> deliver::Settings {
    let key_file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("webhooks.pem");
    deliver::Settings {
        base: base.to_owned(),
        sandbox,
        key_file: Some(key_file),
    }
}

fn courier(app: App, base: &str) -> Courier {
    Courier::new(app, settings(base, true))
}

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

/// The key of the certificate to which an event points.
async fn public_key(world: &World, heard: &Heard) -> VerifyingKey<Sha256> {
    let url = heard.header("x-ms-certificate-url");
    assert!(url.starts_with(&world.base), "{url}");
    let answer = world.http.get(url).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let certificate = Certificate::from_der(&answer.bytes().await.unwrap()).unwrap();
    let spki = certificate
        .tbs_certificate
        .subject_public_key_info
        .to_der()
        .unwrap();
    let key = VerifyingKey::<Sha256>::new(RsaPublicKey::from_public_key_der(&spki).unwrap());
    // It signed itself.
    let signed = certificate.tbs_certificate.to_der().unwrap();
    let signature = Signature::try_from(certificate.signature.raw_bytes()).unwrap();
    key.verify(&signed, &signature).unwrap();
    key
}

async fn assert_signed(world: &World, heard: &Heard, header: &str) {
    assert_eq!(heard.header("x-ms-signature-algorithm"), "rsa-sha256");
    let signature = heard.header(header).strip_prefix("Signature ").unwrap();
    let signature = Signature::try_from(STANDARD.decode(signature).unwrap().as_slice()).unwrap();
    let key = public_key(world, heard).await;
    key.verify(&heard.body, &signature).unwrap();
    let mut forged = heard.body.to_vec();
    forged[0] ^= 1;
    assert!(key.verify(&forged, &signature).is_err());
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
        [("MS-RequestId", "4f2d3b5c-0000-4000-8000-000000000077")],
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
    let asked = json!({ "customer": "evergreen-vineyard", "name": "webhook-rights", "roles": ["directory_reader"] });
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
    let assign =
        json!({ "admin_relationship": rights, "group": "helpers", "roles": ["directory_reader"] });
    post.by("meridian", "assign_roles", assign.clone()).await;
    post.by("meridian", "assign_roles", assign).await;
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

#[tokio::test]
async fn what_a_receiver_refuses_is_tried_ten_times_and_parked() {
    let post = Post::open().await;
    let receiver = Receiver::start().await;
    post.register("harbor", &receiver, &["test-created"]).await;
    receiver.answers(StatusCode::INTERNAL_SERVER_ERROR);
    let asked = post.post("harbor", TESTS).await;
    let id = asked.body["correlationId"].as_str().unwrap().to_owned();
    let mut pause = 30;
    for attempt in 1..=10 {
        assert_eq!(post.round().await, 1, "attempt {attempt}");
        post.pass(pause - 1);
        assert_eq!(post.round().await, 0, "too early after attempt {attempt}");
        post.pass(1);
        pause *= 2;
    }
    post.pass(86_400);
    assert_eq!(post.round().await, 0);
    assert_eq!(receiver.heard().len(), 10);
    // Each attempt bears the same id.
    assert!(
        receiver
            .heard()
            .iter()
            .all(|heard| heard.header("ms-requestid") == id)
    );
    let later = World::of_app(post.world.app.clone(), true).await;
    let token = later.user("harbor");
    let result = later.get(&format!("{TESTS}/{id}"), &token).await;
    assert_eq!(result.body["status"], "failed");
    assert_eq!(result.body["results"].as_array().unwrap().len(), 10);
    assert_eq!(
        result.body["results"][9]["responseCode"],
        "InternalServerError"
    );

    let dead = later
        .get(&format!("{DELIVERIES}?state=parked"), &token)
        .await;
    assert_eq!(
        (dead.status, &dead.body["items"][0]["id"]),
        (200, &json!(id)),
        "{}",
        dead.body
    );
    let replay = format!("{DELIVERIES}/{id}/replay");
    let replayed = later.send("POST", &replay, Some(&token), None, &[]).await;
    assert_eq!(
        (replayed.status, &replayed.body["state"]),
        (202, &json!("waiting")),
        "{}",
        replayed.body
    );
    receiver.answers(StatusCode::NO_CONTENT);
    assert_eq!(post.round().await, 1);
    let shown = later.get(&format!("{DELIVERIES}/{id}"), &token).await;
    assert_eq!(shown.body["state"], "delivered");
    assert_eq!(shown.body["tries"].as_array().unwrap().len(), 11);
    assert_eq!(
        later
            .get(&format!("{DELIVERIES}?state=parked"), &token)
            .await
            .body["totalCount"],
        0
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let post = Post::open().await;
    let receiver = Receiver::start().await;
    post.register("harbor", &receiver, &["test-created"]).await;
    receiver.answers(StatusCode::TEMPORARY_REDIRECT);
    let id = post.post("harbor", TESTS).await.body["correlationId"]
        .as_str()
        .unwrap()
        .to_owned();
    post.round().await;
    let result = post.get("harbor", &format!("{TESTS}/{id}")).await;
    assert_eq!(
        result.body["results"][0]["responseCode"],
        "TemporaryRedirect"
    );
    assert_eq!(result.body["status"], "pending");
}

#[tokio::test]
async fn strangers_see_and_replay_nothing() {
    let post = Post::open().await;
    let receiver = Receiver::start().await;
    post.register("harbor", &receiver, &["test-created"]).await;
    let id = post.post("harbor", TESTS).await.body["correlationId"]
        .as_str()
        .unwrap()
        .to_owned();
    post.round().await;
    let (one, replay) = (
        format!("{DELIVERIES}/{id}"),
        format!("{DELIVERIES}/{id}/replay"),
    );
    for (method, path) in [
        ("GET", REGISTRATION),
        ("PUT", REGISTRATION),
        ("POST", TESTS),
        ("GET", DELIVERIES),
        ("GET", &one),
        ("POST", &replay),
    ] {
        let answer = post.world.send(method, path, None, None, &[]).await;
        assert_eq!(answer.status, 401, "{method} {path}");
    }
    // Another partner learns nothing of it; a reseller has no access to the documented paths.
    assert_eq!(post.get("meridian", &one).await.status, 404);
    assert_eq!(post.post("meridian", &replay).await.status, 404);
    assert_eq!(post.get("meridian", DELIVERIES).await.body["totalCount"], 0);
    assert_eq!(post.get("cedar", REGISTRATION).await.status, 403);
    assert_eq!(post.get("cedar", &one).await.status, 404);
    // The operator sees whose it names, and may replay.
    assert_eq!(
        post.get("operator", &format!("{DELIVERIES}?partner=harbor"))
            .await
            .body["totalCount"],
        1
    );
    assert_eq!(post.get("operator", DELIVERIES).await.status, 400);
    assert_eq!(
        post.get("meridian", &format!("{DELIVERIES}?partner=harbor"))
            .await
            .status,
        403
    );
    assert_eq!(post.post("operator", &replay).await.status, 202);
    for (path, named) in [
        ("?state=lost", "state"),
        ("?colour=red", "colour"),
        ("?size=0", "size"),
        ("?size=a", "size"),
        ("?after=x", "after"),
    ] {
        let answer = post.get("harbor", &format!("{DELIVERIES}{path}")).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.body);
        assert!(
            answer.body["detail"].as_str().unwrap().starts_with(named),
            "{}",
            answer.body
        );
        assert_eq!(answer.headers["content-type"], "application/problem+json");
    }
}

#[tokio::test]
async fn deliveries_are_listed_page_by_page() {
    let post = Post::open().await;
    let receiver = Receiver::start().await;
    post.register("harbor", &receiver, &["subscription-updated"])
        .await;
    for turn in 0..5 {
        let renewal =
            json!({ "subscription": "sub-silver-creek-publishing", "renewal": turn % 2 == 1 });
        post.by("harbor", "set_renewal", renewal).await;
        post.pass(1);
    }
    let mut seen = Vec::new();
    let mut path = format!("{DELIVERIES}?size=2");
    loop {
        let page = post.get("harbor", &path).await;
        let items = page.body["items"].as_array().unwrap();
        seen.extend(
            items
                .iter()
                .map(|item| item["id"].as_str().unwrap().to_owned()),
        );
        match page.body["next"].as_str() {
            Some(next) => path = format!("{DELIVERIES}?size=2&after={next}"),
            None => break,
        }
    }
    let all = post.get("harbor", DELIVERIES).await;
    let all: Vec<&str> = all.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["id"].as_str().unwrap())
        .collect();
    assert_eq!(
        (seen.len(), seen),
        (5, all.iter().map(ToString::to_string).collect())
    );
}

#[tokio::test]
async fn two_couriers_never_tell_the_same_while_a_claim_holds() {
    let post = Post::open().await;
    let receiver = Receiver::start().await;
    post.register("harbor", &receiver, &["subscription-updated"])
        .await;
    for turn in 0..12 {
        let renewal =
            json!({ "subscription": "sub-silver-creek-publishing", "renewal": turn % 2 == 1 });
        post.by("harbor", "set_renewal", renewal).await;
    }
    let couriers: Vec<Courier> = (0..4)
        .map(|_| courier(post.world.app.clone(), &post.world.base))
        .collect();
    loop {
        let rounds = couriers.iter().map(Courier::round);
        let sent: usize = futures_util::future::join_all(rounds)
            .await
            .into_iter()
            .map(Result::unwrap)
            .sum();
        if sent == 0 {
            break;
        }
    }
    let mut ids: Vec<String> = receiver
        .heard()
        .iter()
        .map(|heard| heard.header("ms-requestid").to_owned())
        .collect();
    ids.sort();
    let told = ids.len();
    ids.dedup();
    assert_eq!((told, ids.len()), (12, 12));
}

#[tokio::test]
async fn what_was_committed_before_a_crash_is_told_after_it() {
    let directory = tempfile::tempdir().unwrap();
    let file = DbConfig::File {
        path: directory.path().join("tierline.db"),
    };
    let receiver = Receiver::start().await;
    let id = {
        let post = Post::over(World::demo_on(&file, standing()).await);
        post.register("harbor", &receiver, &["subscription-updated"])
            .await;
        let renewal = json!({ "subscription": "sub-silver-creek-publishing", "renewal": false });
        post.by("harbor", "set_renewal", renewal).await;
        // A worker claims it, and dies before it can tell it.
        let claim = tierline_app::outbox::Claim {
            worker: uuid::Uuid::from_u128(1),
            now: post.world.app.clock().server_now(),
            count: 9,
        };
        let claimed = post.world.app.db().write(claim).await.unwrap();
        assert_eq!(claimed.len(), 1);
        post.world.app.db().shutdown().await;
        claimed[0].delivery.id
    };
    let app = App::new(
        Db::open(&file, schema::MIGRATIONS).await.unwrap(),
        standing(),
    );
    let reopened = Post::over(World::of_app(app, true).await);
    // Nobody else tells it as long as the claim holds.
    reopened.pass(59);
    assert_eq!(reopened.round().await, 0);
    reopened.pass(1);
    assert_eq!(reopened.round().await, 1);
    let heard = receiver.heard();
    assert_eq!(
        (heard.len(), heard[0].header("ms-requestid")),
        (1, id.to_string().as_str())
    );
    assert_signed(&reopened.world, &heard[0], "authorization").await;
}

#[tokio::test]
async fn a_key_is_made_once_and_its_certificate_stays() {
    let directory = tempfile::tempdir().unwrap();
    let post = Post::open().await;
    let receiver = Receiver::start().await;
    post.register("harbor", &receiver, &["subscription-updated"])
        .await;
    let key_file = directory.path().join("webhooks.pem");
    for turn in 0..2 {
        let renewal =
            json!({ "subscription": "sub-silver-creek-publishing", "renewal": turn % 2 == 1 });
        post.by("harbor", "set_renewal", renewal).await;
        let settings = deliver::Settings {
            base: post.world.base.clone(),
            sandbox: true,
            key_file: Some(key_file.clone()),
        };
        assert_eq!(
            Courier::new(post.world.app.clone(), settings)
                .round()
                .await
                .unwrap(),
            1
        );
    }
    let heard = receiver.heard();
    assert_eq!(
        heard[0].header("x-ms-certificate-url"),
        heard[1].header("x-ms-certificate-url")
    );
    assert_signed(&post.world, &heard[1], "authorization").await;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&key_file).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0);
    }
    let unknown = post
        .world
        .send("GET", "/webhooks/v1/certificates/none.cer", None, None, &[])
        .await;
    assert_eq!(unknown.status, 404);
}

#[tokio::test]
async fn what_was_delivered_is_forgotten_after_a_week_and_what_is_parked_is_not() {
    let post = Post::open().await;
    let receiver = Receiver::start().await;
    post.register("harbor", &receiver, &["test-created"]).await;
    post.post("harbor", TESTS).await;
    post.round().await;
    let forget = |post: &Post| tierline_app::outbox::Forget {
        now: post.world.app.clock().server_now(),
    };
    assert_eq!(post.world.app.db().write(forget(&post)).await.unwrap(), 0);
    post.pass(7 * 86_400 + 1);
    assert_eq!(post.world.app.db().write(forget(&post)).await.unwrap(), 1);
}

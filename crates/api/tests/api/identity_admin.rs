//! Applications, secrets, passwords and signing keys.

use crate::common::World;
use serde_json::{Value, json};
use tierline_api::Settings;
use tierline_api::identity::{Issuer, Subject};
use uuid::Uuid;

const PATH: &str = "/program/v1/applications";

async fn app_token(world: &World, client: &Value, secret: &Value) -> u16 {
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", client.as_str().unwrap()),
        ("client_secret", secret.as_str().unwrap()),
    ];
    world.form("/common/oauth2/token", &fields).await.status
}

#[tokio::test]
async fn an_application_is_registered_and_its_secret_exchanged() {
    let world = World::demo().await;
    let admin = world.user("cedar");
    let body = json!({"name": "Panel", "redirectUris": ["https://panel.example/back"]});
    let made = world.post(PATH, &admin, &body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let (client, first) = (&made.body["clientId"], &made.body["clientSecret"]);
    assert_eq!(first.as_str().unwrap().len(), 43, "256 bits");
    assert_eq!(app_token(&world, client, first).await, 200);
    let list = world.get(PATH, &admin).await.body;
    let shown = list["items"].as_array().unwrap();
    let shown = shown
        .iter()
        .find(|item| item["clientId"] == *client)
        .unwrap();
    assert!(
        !shown.to_string().contains(first.as_str().unwrap()),
        "shown once"
    );

    let secrets = format!("{PATH}/{}/secrets", client.as_str().unwrap());
    let next = world.post(&secrets, &admin, &json!({"keepHours": 1})).await;
    assert_eq!(next.status, 201, "{}", next.body);
    let second = &next.body["clientSecret"];
    for secret in [first, second] {
        assert_eq!(
            app_token(&world, client, secret).await,
            200,
            "both for an hour"
        );
    }
    let last = world.post(&secrets, &admin, &json!({"keepHours": 0})).await;
    for old in [first, second] {
        assert_eq!(app_token(&world, client, old).await, 401);
    }
    assert_eq!(
        app_token(&world, client, &last.body["clientSecret"]).await,
        200
    );
    for keep in [
        json!({"keepHours": -1}),
        json!({"keepHours": 9_999}),
        json!({"x": 1}),
    ] {
        assert_eq!(
            world.post(&secrets, &admin, &keep).await.status,
            400,
            "{keep}"
        );
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_registration_is_named() {
    let world = World::demo().await;
    let admin = world.user("meridian");
    let uri = |address: &str| json!({"name": "Panel", "redirectUris": [address]});
    for (body, field) in [
        (json!({"name": " "}), "name"),
        (json!({"redirectUris": []}), "name"),
        (uri("http://panel.example"), "redirectUris[0]"),
        (uri("https://panel.example/#x"), "redirectUris[0]"),
        (uri("https://user@panel.example/"), "redirectUris[0]"),
        (uri("javascript:alert(1)"), "redirectUris[0]"),
        (json!({"name": "Panel", "partner": "harbor"}), "partner"),
        (json!({"name": "Panel", "other": 1}), "other"),
    ] {
        let answer = world.post(PATH, &admin, &body).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.body);
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert!(
            answer.body["detail"].as_str().unwrap().contains(field),
            "{}",
            answer.body
        );
    }
    let list = world.get(PATH, &admin).await.body;
    assert_eq!(list["totalCount"], 1, "nothing was registered");
}

#[tokio::test]
async fn only_a_global_admin_sees_to_its_own() {
    let world = World::demo().await;
    let admin = world.user("harbor");
    let body = json!({"name": "sam", "role": "sales_agent"});
    let made = world
        .post("/program/v1/commands/create_user", &admin, &body)
        .await;
    assert_eq!(made.status, 200, "{}", made.body);
    let now = world.server.app().clock().server_now();
    let tenant: Uuid = world.of("harbor", "tenantId").parse().unwrap();
    let domain = world
        .of("harbor", "user")
        .split_once('@')
        .unwrap()
        .1
        .to_owned();
    let sam = (Uuid::nil(), format!("sam@{domain}"));
    let sam = Subject::user(tenant, world.of("harbor", "clientId"), sam, true);
    let sam = world.server.issuer().issue(&sam, now);
    let app = world.of("harbor", "accessTokenApp");
    let client = world.of("meridian", "clientId");
    let secrets = format!("{PATH}/{client}/secrets");
    let consent = format!("/program/v1/consents/{client}");
    let password = "/program/v1/users/admin.harbor/password";
    for token in [&sam, &app] {
        for (method, path) in [
            ("GET", PATH),
            ("POST", PATH),
            ("POST", &secrets),
            ("DELETE", &consent),
            ("POST", password),
            ("GET", "/program/v1/signing-keys"),
            ("POST", "/program/v1/signing-keys"),
        ] {
            let answer = world
                .send(
                    method,
                    path,
                    Some(token),
                    Some(b"{\"name\":\"x\"}".to_vec()),
                    &[],
                )
                .await;
            assert_eq!(answer.status, 403, "{method} {path}: {}", answer.body);
        }
    }
    // Of others, even a global admin learns nothing but that there is nothing.
    let answer = world.post(&secrets, &admin, &json!({})).await;
    assert_eq!(answer.status, 404, "{}", answer.body);
    let theirs = "/program/v1/users/admin.meridian/password";
    assert_eq!(world.post(theirs, &admin, &json!({})).await.status, 404);
    let nobody = world.send("GET", PATH, None, None, &[]).await;
    assert_eq!(nobody.status, 401);
}

#[tokio::test]
async fn keys_rotate_and_old_tokens_stay_valid() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let operator = world.user("operator");
    let path = "/program/v1/signing-keys";
    let before = world.get(path, &operator).await.body;
    let rotated = world.post(path, &operator, &json!({})).await;
    assert_eq!(rotated.status, 201, "{}", rotated.body);
    assert_ne!(rotated.body["signing"], before["signing"]);
    assert_eq!(rotated.body["verifying"], json!([before["signing"]]));
    assert_eq!(world.get("/v1/customers", &token).await.status, 200);
    let keys = world
        .send("GET", "/common/discovery/keys", None, None, &[])
        .await;
    let kids: Vec<&Value> = keys.body["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| &key["kid"])
        .collect();
    assert_eq!(kids, [&rotated.body["signing"], &before["signing"]]);

    // A second server on the same database, or this one after a restart.
    let (db, now) = (
        world.server.app().db().clone(),
        world.server.app().clock().server_now(),
    );
    let second = Issuer::open(db, "http://localhost", now).await.unwrap();
    assert!(second.claims(&token, now).await.is_ok());
    // It rotates; the first learns of the key when it sees it.
    second.rotate(now, false).await.unwrap();
    let tenant = world.of("harbor", "tenantId").parse().unwrap();
    let subject = Subject::application(tenant, world.of("harbor", "clientId"));
    let fresh = second.issue(&subject, now);
    let later = tierline_domain::time::Timestamp::from_micros(now.as_micros() + 3_000_000).unwrap();
    assert!(world.server.issuer().claims(&fresh, later).await.is_ok());
    // What a key signed last has expired when it verifies no longer.
    assert_eq!(second.kids(now).len(), 3);
    assert_eq!(second.kids(now.plus_hours(2)).len(), 1);
    second.rotate(now.plus_hours(2), false).await.unwrap();
    assert_eq!(second.kids(now.plus_hours(2)).len(), 2);
}

#[tokio::test]
async fn a_revoked_key_ends_its_tokens_at_once() {
    let world = World::demo().await;
    let token = world.user("meridian");
    assert_eq!(
        world.get("/v1/customers", &token).await.status,
        200,
        "remembered"
    );
    let operator = world.user("operator");
    let path = "/program/v1/signing-keys";
    let rotated = world.post(path, &operator, &json!({"revoke": true})).await;
    assert_eq!(rotated.status, 201, "{}", rotated.body);
    assert_eq!(rotated.body["verifying"], json!([]));
    assert_eq!(world.get("/v1/customers", &token).await.status, 401);
}

#[tokio::test]
async fn a_public_application_has_no_secret_and_needs_a_verifier() {
    let world = World::demo().await;
    let admin = world.user("meridian");
    let body = json!({"name": "Desk", "public": true, "redirectUris": ["http://localhost"]});
    let made = world.post(PATH, &admin, &body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert!(made.body.get("clientSecret").is_none());
    let client = made.body["clientId"].as_str().unwrap();
    let fields = [("grant_type", "client_credentials"), ("client_id", client)];
    let answer = world.form("/common/oauth2/token", &fields).await;
    assert_eq!(answer.body["error"], "invalid_client");
}

/// Outside a sandbox nothing hands credentials out.
#[tokio::test]
async fn production_has_no_ready_made_credentials() {
    let world = World::with(Settings::default(), None).await;
    let answer = world
        .send("GET", "/sandbox/credentials", None, None, &[])
        .await;
    assert_eq!(answer.status, 404);
}

/// A newcomer finds a partner in each state.
#[tokio::test]
async fn credentials_say_where_a_partner_stands() {
    let world = World::demo().await;
    let list = world
        .send("GET", "/sandbox/credentials", None, None, &[])
        .await;
    let principals = list.body["principals"].as_array().unwrap().clone();
    for state in tierline_domain::partner::AccountState::ALL {
        let is_there = principals
            .iter()
            .any(|principal| principal["state"] == state.as_str());
        assert!(is_there, "{state}");
    }
}

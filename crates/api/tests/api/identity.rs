//! Tokens: how they are asked for, what they say, and what is refused.

use crate::common::{Answer, World};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tierline_api::identity::{self, Subject};
use tierline_app::AppError;
use tierline_domain::time::Timestamp;
use tierline_store::tables::{RefreshToken, SignIn};
use tierline_store::{Command, Tx, Value as Stored};
use uuid::Uuid;

/// The body of a token.
pub(crate) fn claims(token: &Value) -> Value {
    let body = token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).unwrap()).unwrap()
}

fn error(answer: &Answer) -> (u16, &str) {
    (
        answer.status,
        answer.body["error"].as_str().unwrap_or_default(),
    )
}

/// Asks for a token with a partner's own application.
async fn grant(world: &World, partner: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
    let (client, secret) = (
        world.of(partner, "clientId"),
        world.of(partner, "clientSecret"),
    );
    let mut all = vec![
        ("client_id", client.as_str()),
        ("client_secret", secret.as_str()),
    ];
    all.extend(fields);
    world.form(path, &all).await
}

fn v1(world: &World, partner: &str) -> String {
    format!("/{}/oauth2/token", world.of(partner, "tenantId"))
}

#[tokio::test]
async fn an_application_gets_a_token_with_its_secret() {
    let world = World::demo().await;
    let fields = [
        ("grant_type", "client_credentials"),
        ("resource", "https://graph.windows.net"),
    ];
    let answer = grant(&world, "meridian", &v1(&world, "meridian"), &fields).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    for number in ["expires_in", "ext_expires_in", "expires_on", "not_before"] {
        assert!(answer.body[number].is_string(), "{number}: {}", answer.body);
    }
    assert_eq!(answer.body["token_type"], "Bearer");
    assert_eq!(answer.body["resource"], "https://graph.windows.net");
    assert_eq!(answer.headers["cache-control"], "no-store");
    let said = claims(&answer.body["access_token"]);
    assert_eq!(said["tid"], world.of("meridian", "tenantId"));
    assert_eq!(said["appid"], world.of("meridian", "clientId"));
    assert_eq!(said["aud"], "https://graph.windows.net");
    assert_eq!(said["ver"], "1.0");
    assert!(said["upn"].is_null() && said["scp"].is_null());
    let token = answer.body["access_token"].as_str().unwrap();
    assert_eq!(world.get("/v1/customers", token).await.status, 200);
    let user_only = format!("/v1/customers/{}/applicationconsents", Uuid::nil());
    let refused = world.post(&user_only, token, &json!({})).await;
    assert_eq!(
        (refused.status, &refused.body["code"]),
        (403, &json!(900_329))
    );
}

#[tokio::test]
async fn the_second_version_writes_numbers_as_numbers() {
    let world = World::demo().await;
    // The Java client names the tenant by its domain, and several scopes.
    let domain = world.of("meridian", "user");
    let domain = domain.split_once('@').unwrap().1;
    let path = format!("/{domain}/oauth2/v2.0/token");
    let scope = "openid profile offline_access https://graph.windows.net/.default";
    let fields = [("grant_type", "client_credentials"), ("scope", scope)];
    let answer = grant(&world, "meridian", &path, &fields).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.body["expires_in"].is_i64());
    assert!(answer.body.get("expires_on").is_none());
    assert!(answer.body.get("refresh_token").is_none());
    let refresh = world.of("meridian", "refreshToken");
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh.as_str()),
        (
            "scope",
            "openid https://api.partnercenter.microsoft.com/user_impersonation",
        ),
        ("client_info", "1"),
    ];
    let answer = grant(
        &world,
        "meridian",
        "/organizations/oauth2/v2.0/token",
        &fields,
    )
    .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(
        answer.body["scope"],
        "https://api.partnercenter.microsoft.com/user_impersonation"
    );
    let said = claims(&answer.body["id_token"]);
    assert_eq!(said["aud"], world.of("meridian", "clientId"));
    assert_eq!(said["ver"], "2.0");
    assert!(said["iss"].as_str().unwrap().ends_with("/v2.0"));
    let info = answer.body["client_info"].as_str().unwrap();
    let info: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(info).unwrap()).unwrap();
    assert_eq!(info["utid"], world.of("meridian", "tenantId"));
    // An id token tells the application who signed in; it opens nothing.
    let id_token = answer.body["id_token"].as_str().unwrap();
    assert_eq!(world.get("/v1/customers", id_token).await.status, 401);
}

#[tokio::test]
async fn a_user_token_says_what_the_documentation_prints() {
    let world = World::demo().await;
    let refresh = world.of("harbor", "refreshToken");
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh.as_str()),
        ("resource", "https://api.partnercenter.microsoft.com"),
        ("scope", "openid"),
    ];
    let answer = grant(&world, "harbor", &v1(&world, "harbor"), &fields).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    for member in ["scope", "refresh_token", "id_token", "expires_on"] {
        assert!(answer.body[member].is_string(), "{member}: {}", answer.body);
    }
    let said = claims(&answer.body["access_token"]);
    assert_eq!(said["aud"], "https://api.partnercenter.microsoft.com");
    let tenant = world.of("harbor", "tenantId");
    assert_eq!(said["iss"], format!("http://localhost/{tenant}/"));
    assert_eq!(said["tid"], tenant);
    assert_eq!(said["upn"], world.of("harbor", "user"));
    assert_eq!(said["scp"], "user_impersonation");
    assert_eq!(said["ver"], "1.0");
    assert!(said["oid"].is_string());
    assert!(said["amr"].as_array().unwrap().contains(&json!("mfa")));
}

#[tokio::test]
async fn a_refresh_token_is_rotated_and_a_used_one_ends_them_all() {
    let mut world = World::demo().await;
    let path = v1(&world, "meridian");
    let first = world.of("meridian", "refreshToken");
    let refresh = async |world: &World, token: &str| {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
        grant(world, "meridian", &path, &fields).await
    };
    let second = refresh(&world, &first).await;
    assert_eq!(second.status, 200, "{}", second.body);
    let second = second.body["refresh_token"].as_str().unwrap().to_owned();
    assert_ne!(first, second);
    let third = refresh(&world, &second).await;
    let third = third.body["refresh_token"].as_str().unwrap().to_owned();
    // Somebody comes with a used one: whoever it is, all of this sign-in end.
    let again = refresh(&world, &first).await;
    assert_eq!(error(&again), (400, "invalid_grant"));
    assert_eq!(
        error(&refresh(&world, &third).await),
        (400, "invalid_grant")
    );
    // A sandbox hands out a fresh one.
    world.look_up().await;
    let fresh = world.of("meridian", "refreshToken");
    assert_eq!(refresh(&world, &fresh).await.status, 200);
}

#[tokio::test]
async fn two_uses_at_once_of_one_refresh_token_do_not_both_succeed() {
    let world = World::demo().await;
    let path = v1(&world, "meridian");
    let token = world.of("meridian", "refreshToken");
    let fields = [("grant_type", "refresh_token"), ("refresh_token", &token)];
    let (one, other) = tokio::join!(
        grant(&world, "meridian", &path, &fields),
        grant(&world, "meridian", &path, &fields)
    );
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
}

/// A refresh token that ended a moment ago.
struct Expired {
    like: Vec<u8>,
    hash: Vec<u8>,
    now: Timestamp,
}

impl Command for Expired {
    type Out = ();
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AppError> {
        let known = tx
            .get::<RefreshToken>(&[Stored::Bytes(self.like.clone())])
            .await?;
        let known = known.unwrap();
        assert!(known.expires > self.now.plus_hours(89 * 24));
        assert!(known.expires <= self.now.plus_hours(90 * 24));
        let sign_in = tx.get::<SignIn>(&[Stored::Id(known.sign_in)]).await?;
        assert!(sign_in.unwrap().mfa);
        tx.put(&RefreshToken {
            hash: self.hash.clone(),
            expires: self.now,
            ..known
        })
        .await?;
        Ok(())
    }
}

#[tokio::test]
async fn a_refresh_token_lives_for_ninety_days() {
    let world = World::demo().await;
    let expired = Expired {
        like: identity::hash(&world.of("meridian", "refreshToken")),
        hash: identity::hash("an old one"),
        now: world.server.app().clock().server_now(),
    };
    world.server.app().db().write(expired).await.unwrap();
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", "an old one"),
    ];
    let answer = grant(&world, "meridian", &v1(&world, "meridian"), &fields).await;
    assert_eq!(error(&answer), (400, "invalid_grant"));
    // A world's clock that moves a year signs nobody out.
    let year = json!({ "by": "P1Y" });
    let operator = world.user("operator");
    let moved = world.post("/program/v1/clock", &operator, &year).await;
    assert_eq!(moved.status, 200, "{}", moved.body);
    let token = world.of("meridian", "refreshToken");
    let fields = [("grant_type", "refresh_token"), ("refresh_token", &token)];
    let answer = grant(&world, "meridian", &v1(&world, "meridian"), &fields).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[tokio::test]
async fn what_is_wrong_with_a_grant_is_said_as_the_standard_has_it() {
    let world = World::demo().await;
    let path = v1(&world, "meridian");
    let refresh = world.of("meridian", "refreshToken");
    for (fields, expected) in [
        (vec![], (400, "invalid_request")),
        (
            vec![("grant_type", "password"), ("username", "x")],
            (401, "invalid_grant"),
        ),
        (
            vec![("grant_type", "device_code")],
            (400, "unsupported_grant_type"),
        ),
        (
            vec![("grant_type", "refresh_token")],
            (400, "invalid_request"),
        ),
        (
            vec![
                ("grant_type", "refresh_token"),
                ("refresh_token", "made-up"),
            ],
            (400, "invalid_grant"),
        ),
        (
            vec![
                ("grant_type", "authorization_code"),
                ("code", "made-up"),
                ("redirect_uri", "http://localhost"),
            ],
            (400, "invalid_grant"),
        ),
        (
            vec![
                ("grant_type", "client_credentials"),
                ("resource", "https://x.example"),
            ],
            (400, "invalid_resource"),
        ),
        (
            vec![
                ("grant_type", "client_credentials"),
                ("grant_type", "password"),
            ],
            (400, "invalid_request"),
        ),
    ] {
        let answer = grant(&world, "meridian", &path, &fields).await;
        assert_eq!(error(&answer), expected, "{fields:?}: {}", answer.body);
        assert_eq!(
            answer.headers["content-type"],
            "application/json; charset=utf-8"
        );
        assert!(answer.body["error_description"].is_string());
    }
    // Another partner's tenant, an unknown tenant, another partner's token, a wrong secret, no secret.
    let app = [("grant_type", "client_credentials")];
    let answer = grant(&world, "meridian", &v1(&world, "harbor"), &app).await;
    assert_eq!(error(&answer), (400, "unauthorized_client"));
    let nowhere = format!("/{}/oauth2/token", Uuid::from_u128(9));
    let answer = grant(&world, "meridian", &nowhere, &app).await;
    assert_eq!(error(&answer), (400, "invalid_request"));
    let theirs = [("grant_type", "refresh_token"), ("refresh_token", &refresh)];
    let answer = grant(&world, "harbor", &v1(&world, "harbor"), &theirs).await;
    assert_eq!(error(&answer), (400, "invalid_grant"));
    let client = world.of("meridian", "clientId");
    for secret in ["", "wrong", "demo-secret-of-harbor"] {
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", client.as_str()),
            ("client_secret", secret),
        ];
        let answer = world.form(&path, &fields).await;
        assert_eq!(error(&answer), (401, "invalid_client"), "{secret}");
    }
    // What was refused to others still works for its owner.
    let answer = grant(&world, "meridian", &path, &theirs).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[tokio::test]
async fn an_old_client_exchanges_its_directory_token() {
    let world = World::demo().await;
    let body = Some(b"grant_type=jwt_token".to_vec());
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    for (member, path) in [
        ("accessTokenApp", "/v1/customers"),
        ("accessTokenUser", "/v1/profiles/mpn"),
    ] {
        let token = world.of("meridian", member);
        let answer = world
            .send("POST", "/generatetoken", Some(&token), body.clone(), &form)
            .await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let given = &answer.body["access_token"];
        let (before, after) = (claims(&json!(token)), claims(given));
        assert_eq!(after["exp"], before["exp"], "it ends with the other");
        assert_eq!(after["upn"], before["upn"]);
        assert_eq!(after["aud"], "https://api.partnercenter.microsoft.com");
        assert!(answer.body["expires_in"].is_i64());
        let reached = world.get(path, given.as_str().unwrap()).await;
        assert_eq!(reached.status, 200, "{}", reached.body);
    }
    let nobody = world
        .send("POST", "/generatetoken", None, body, &form)
        .await;
    assert_eq!(
        (nobody.status, &nobody.body["code"]),
        (401, &json!(800_001))
    );
    let token = world.user("meridian");
    let other = Some(b"grant_type=other".to_vec());
    let other = world
        .send("POST", "/generatetoken", Some(&token), other, &form)
        .await;
    assert_eq!(error(&other), (400, "unsupported_grant_type"));
}

#[tokio::test]
async fn the_issuer_is_discovered_with_its_keys() {
    let world = World::demo().await;
    let tenant = world.of("meridian", "tenantId");
    let get = async |path: &str| world.send("GET", path, None, None, &[]).await.body;
    let second = get(&format!("/{tenant}/v2.0/.well-known/openid-configuration")).await;
    assert_eq!(second["issuer"], format!("http://localhost/{tenant}/v2.0"));
    for member in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
        let address = second[member].as_str().unwrap();
        assert!(address.starts_with(&world.base), "{address}");
        let path = address.strip_prefix(&world.base).unwrap();
        let method = if member == "token_endpoint" {
            "POST"
        } else {
            "GET"
        };
        let found = world.send(method, path, None, None, &[]).await;
        assert!(found.status != 404 && found.status < 500, "{path}");
    }
    let first = get(&format!("/{tenant}/.well-known/openid-configuration")).await;
    assert_eq!(first["issuer"], format!("http://localhost/{tenant}/"));
    assert_eq!(first["code_challenge_methods_supported"], json!(["S256"]));
    let instance = get("/common/discovery/instance?api-version=1.1&authorization_endpoint=x").await;
    let endpoint = instance["tenant_discovery_endpoint"].as_str().unwrap();
    assert!(endpoint.ends_with("/.well-known/openid-configuration"));
    let keys = get(&format!("/{tenant}/discovery/v2.0/keys")).await;
    assert_eq!(get("/common/discovery/keys").await, keys);
    let key = &keys["keys"][0];
    assert_eq!((&key["kty"], &key["alg"]), (&json!("EC"), &json!("ES256")));
    assert!(key.get("d").is_none(), "a private key stays here");
}

#[tokio::test]
async fn forged_and_broken_tokens_open_nothing() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let parts: Vec<&str> = token.split('.').collect();
    let keys = world
        .send("GET", "/common/discovery/keys", None, None, &[])
        .await
        .body;
    let key = &keys["keys"][0];
    let header = |alg: &str| {
        URL_SAFE_NO_PAD.encode(json!({ "alg": alg, "typ": "JWT", "kid": key["kid"] }).to_string())
    };
    let symmetric = format!("{}.{}", header("HS256"), parts[1]);
    let public = URL_SAFE_NO_PAD.decode(key["x"].as_str().unwrap()).unwrap();
    let public = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &public);
    let tag = URL_SAFE_NO_PAD.encode(ring::hmac::sign(&public, symmetric.as_bytes()));
    let mut other = claims(&json!(token));
    other["tid"] = json!(world.of("harbor", "tenantId"));
    let other = URL_SAFE_NO_PAD.encode(other.to_string());
    for forged in [
        format!("{}.{}.", header("none"), parts[1]),
        format!("{}.{}.{}", header("none"), parts[1], parts[2]),
        format!("{symmetric}.{tag}"),
        format!("{}.{other}.{}", parts[0], parts[2]),
        format!("{}.{}", parts[0], parts[1]),
        token[..token.len() - 4].to_owned(),
        format!("{token}x"),
        "..".to_owned(),
        "x".repeat(9_000),
    ] {
        let answer = world.get("/v1/customers", &forged).await;
        assert_eq!(answer.status, 401, "{forged}");
        assert_eq!(answer.body["code"], 400, "{}", answer.body);
        assert!(answer.headers.contains_key("www-authenticate"));
    }
    let none = world.send("GET", "/v1/customers", None, None, &[]).await;
    assert_eq!((none.status, &none.body["code"]), (401, &json!(800_001)));
}

#[tokio::test]
async fn a_user_acts_in_its_own_tenant_only() {
    let world = World::demo().await;
    let now = world.server.app().clock().server_now();
    let tenant = world.of("harbor", "tenantId").parse().unwrap();
    for name in [world.of("meridian", "user"), "nobody@harbor.example".into()] {
        let subject = Subject::user(tenant, "app", (Uuid::nil(), name), true);
        let token = world.server.issuer().issue(&subject, now);
        assert_eq!(world.get("/v1/customers", &token).await.status, 401);
    }
}

/// The status line says why, a header repeats it, and there is no body (SEC-002).
#[tokio::test]
async fn a_user_without_a_second_factor_is_told_so() {
    let world = World::demo().await;
    let now = world.server.app().clock().server_now();
    let tenant = world.of("meridian", "tenantId").parse().unwrap();
    let user = (Uuid::nil(), world.of("meridian", "user"));
    let subject = Subject::user(tenant, world.of("meridian", "clientId"), user, false);
    let token = world.server.issuer().issue(&subject, now);
    let address = world.base.strip_prefix("http://").unwrap();
    let mut raw = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET /v1/customers HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nValidateMfa: true\r\nConnection: close\r\n\r\n"
    );
    tokio::io::AsyncWriteExt::write_all(&mut raw, request.as_bytes())
        .await
        .unwrap();
    let mut answer = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut raw, &mut answer)
        .await
        .unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 401 Unauthorized - MFA required\r\n"),
        "{answer}"
    );
    let lower = answer.to_lowercase();
    assert!(lower.contains("www-authenticate: bearer error=\"invalid_token\"\r\n"));
    assert!(lower.contains("ismfacompliant: false\r\n"));
    assert!(answer.ends_with("\r\n\r\n"), "no error object: {answer}");
    let asks = [("ValidateMfa", "true")];
    let token = world.user("meridian");
    let compliant = world
        .send("GET", "/v1/customers", Some(&token), None, &asks)
        .await;
    assert_eq!(compliant.status, 200);
    assert_eq!(compliant.headers["isMfaCompliant"], "true");
    let plain = world.get("/v1/customers", &token).await;
    assert!(!plain.headers.contains_key("isMfaCompliant"));
}

/// ROL-037, and the secure application model: the partner consents for a customer, and its refresh token then
/// gives access to that customer's tenant, for the service consented to and no other.
#[tokio::test]
async fn an_application_is_consented_to_and_reaches_the_customers_tenant() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let customer = world.customer("meridian", "Red Rock").await;
    let client = world.of("meridian", "clientId");
    let path = format!("/v1/customers/{customer}/applicationconsents");
    let refresh = world.of("meridian", "refreshToken");
    let there = format!("/{customer}/oauth2/token");
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh.as_str()),
        ("resource", "https://graph.microsoft.com"),
    ];
    let before = grant(&world, "meridian", &there, &fields).await;
    assert_eq!(error(&before), (400, "invalid_grant"));
    // As the .NET client writes it.
    let body = json!({
        "ApplicationId": client.to_uppercase(), "DisplayName": "Panel",
        "ApplicationGrants": [
            {"EnterpriseApplicationId": "00000003-0000-0000-c000-000000000000", "Scope": "User.Read.All, Group.Read.All"},
        ],
    });
    let created = world.post(&path, &token, &body).await;
    assert_eq!(created.status, 201, "{}", created.body);
    assert_eq!(created.body["applicationId"], client);
    assert_eq!(
        created.body["applicationGrants"][0]["scope"],
        "User.Read.All,Group.Read.All"
    );
    // The refusal before took nothing from the refresh token.
    let reached = grant(&world, "meridian", &there, &fields).await;
    assert_eq!(reached.status, 200, "{}", reached.body);
    let said = claims(&reached.body["access_token"]);
    assert_eq!(said["tid"], customer);
    assert_eq!(said["aud"], "https://graph.microsoft.com");
    assert_eq!(said["scp"], "User.Read.All Group.Read.All");
    assert_eq!(said["upn"], world.of("meridian", "user"));
    let customers_token = reached.body["access_token"].as_str().unwrap();
    assert_eq!(
        world.get("/v1/customers", customers_token).await.status,
        401,
        "a customer's tenant has no partner account"
    );
    let next = reached.body["refresh_token"].as_str().unwrap();
    let other = [
        ("grant_type", "refresh_token"),
        ("refresh_token", next),
        ("resource", "https://management.azure.com"),
    ];
    let other = grant(&world, "meridian", &there, &other).await;
    assert_eq!(error(&other), (400, "invalid_grant"));

    let own = format!("{path}/{client}");
    let removed = world.send("DELETE", &own, Some(&token), None, &[]).await;
    assert_eq!(removed.status, 200, "{}", removed.body);
    let again = world.send("DELETE", &own, Some(&token), None, &[]).await;
    assert_eq!(again.status, 404, "{}", again.body);
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", next),
        ("resource", "https://graph.microsoft.com"),
    ];
    let after = grant(&world, "meridian", &there, &fields).await;
    assert_eq!(error(&after), (400, "invalid_grant"));
}

#[tokio::test]
async fn consents_name_the_caller_and_its_customers() {
    let world = World::demo().await;
    let token = world.user("meridian");
    let customer = world.customer("meridian", "Red Rock").await;
    let path = format!("/v1/customers/{customer}/applicationconsents");
    let client = world.of("meridian", "clientId");
    let graph = "00000003-0000-0000-c000-000000000000";
    let grants = json!([{"enterpriseApplicationId": graph, "scope": "User.Read"}]);
    for (body, field) in [
        (
            json!({"applicationId": world.of("harbor", "clientId"), "applicationGrants": grants}),
            "applicationId",
        ),
        (
            json!({"applicationId": "panel", "applicationGrants": grants}),
            "applicationId",
        ),
        (
            json!({"applicationId": client, "applicationGrants": []}),
            "applicationGrants",
        ),
        (
            json!({"applicationId": client, "applicationGrants": [{"enterpriseApplicationId": "x", "scope": "a"}]}),
            "applicationGrants[0].enterpriseApplicationId",
        ),
        (
            json!({"applicationId": client, "applicationGrants": [{"enterpriseApplicationId": graph, "scope": " , "}]}),
            "applicationGrants[0].scope",
        ),
    ] {
        let answer = world.post(&path, &token, &body).await;
        assert_eq!(answer.status, 400, "{field}: {}", answer.body);
        let text = answer.body["description"].as_str().unwrap();
        assert!(text.starts_with(&format!("{field}:")), "{text}");
    }
    // Unknown and unrelated customers are one; whom the partner does not administer is another.
    let body = json!({"applicationId": client, "applicationGrants": grants});
    for stranger in [
        Uuid::from_u128(77).to_string(),
        world.customer("harbor", "Juniper").await,
    ] {
        let path = format!("/v1/customers/{stranger}/applicationconsents");
        let answer = world.post(&path, &token, &body).await;
        assert_eq!((answer.status, &answer.body["code"]), (403, &json!(20_002)));
        let path = format!("{path}/{client}");
        let answer = world.send("DELETE", &path, Some(&token), None, &[]).await;
        assert_eq!((answer.status, &answer.body["code"]), (403, &json!(20_002)));
    }
    let unadministered = world.customer("meridian", "Evergreen").await;
    let path = format!("/v1/customers/{unadministered}/applicationconsents");
    let answer = world.post(&path, &token, &body).await;
    assert_eq!(
        (answer.status, &answer.body["code"]),
        (403, &json!(900_308))
    );
    assert!(
        answer.body["data"]
            .as_array()
            .unwrap()
            .contains(&json!("ROL-037"))
    );
}

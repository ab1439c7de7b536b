//! Tokens of an OpenID Connect issuer that the operator trusts: a fake one, on this machine.

use std::sync::{Arc, Mutex};

use crate::common::World;
use axum::Json;
use axum::extract::State;
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use ring::rand::SystemRandom;
use ring::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};
use tierline_api::Settings;
use tierline_api::identity::external::{External, Trust};
use tierline_api::identity::{BadToken, Issuer};
use tierline_domain::time::Timestamp;
use uuid::Uuid;

/// A key that was made for this test and is used nowhere else.
const RSA: &[u8] = include_bytes!("common/rsa-of-a-fake-issuer.der");
const AUDIENCE: &str = "api://tierline";

#[derive(Default)]
struct Served {
    keys: Vec<Value>,
    fetched: usize,
    is_down: bool,
    issuer: String,
}

/// An issuer that serves what it is told to.
#[derive(Clone, Default)]
struct Fake(Arc<Mutex<Served>>);

impl Fake {
    async fn start() -> Self {
        let fake = Self::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        fake.0.lock().unwrap().issuer.clone_from(&base);
        let document = async |State(fake): State<Self>| {
            let issuer = fake.0.lock().unwrap().issuer.clone();
            Json(json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/keys") }))
        };
        let keys = async |State(fake): State<Self>| {
            let mut served = fake.0.lock().unwrap();
            served.fetched += 1;
            if served.is_down {
                return Err(http::StatusCode::BAD_GATEWAY);
            }
            Ok(Json(json!({ "keys": served.keys })))
        };
        let router = axum::Router::new()
            .route("/.well-known/openid-configuration", get(document))
            .route("/keys", get(keys))
            .with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        fake
    }

    fn issuer(&self) -> String {
        self.0.lock().unwrap().issuer.clone()
    }

    fn serves(&self, keys: Vec<Value>) {
        self.0.lock().unwrap().keys = keys;
    }

    fn fetched(&self) -> usize {
        self.0.lock().unwrap().fetched
    }

    fn goes_down(&self, is_down: bool) {
        self.0.lock().unwrap().is_down = is_down;
    }

    fn trust(&self) -> Trust {
        Trust {
            issuer: self.issuer(),
            audiences: vec![AUDIENCE.to_owned()],
            operator_tenant: Some(Uuid::from_u128(1)),
        }
    }
}

fn rsa_jwk(kid: &str) -> Value {
    let pair = RsaKeyPair::from_pkcs8(RSA).unwrap();
    let public = ring::rsa::PublicKeyComponents::<Vec<u8>>::from(pair.public_key());
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let n = text(&public.n);
    let e = text(&public.e);
    json!({ "kty": "RSA", "use": "sig", "kid": kid, "n": n, "e": e })
}

fn ec(seed: u8) -> SigningKey {
    SigningKey::from_slice(&[seed; 32]).unwrap()
}

fn ec_jwk(kid: &str, seed: u8) -> Value {
    let point = ec(seed).verifying_key().to_encoded_point(false);
    let (x, y) = (point.x().unwrap(), point.y().unwrap());
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    json!({ "kty": "EC", "crv": "P-256", "kid": kid, "x": text(x), "y": text(y) })
}

fn unsigned(alg: &str, kid: &str, claims: &Value) -> String {
    let header = json!({ "alg": alg, "typ": "JWT", "kid": kid });
    let text = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", text(&header), text(claims))
}

fn with_rsa(kid: &str, claims: &Value) -> String {
    let signed = unsigned("RS256", kid, claims);
    let pair = RsaKeyPair::from_pkcs8(RSA).unwrap();
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        signed.as_bytes(),
        &mut signature,
    )
    .unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn with_ec(kid: &str, seed: u8, claims: &Value) -> String {
    let signed = unsigned("ES256", kid, claims);
    let signature: Signature = ec(seed).sign(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

fn now() -> Timestamp {
    tierline_app::clock::Clock::wall().server_now()
}

/// Claims of a partner's user.
fn of_user(fake: &Fake, tenant: &str, upn: &str) -> Value {
    let seconds = now().as_micros() / 1_000_000;
    json!({
        "iss": fake.issuer(), "aud": [AUDIENCE, "other"], "iat": seconds, "nbf": seconds, "exp": seconds + 600,
        "tid": tenant, "oid": Uuid::from_u128(5), "upn": upn, "azp": Uuid::from_u128(6), "scp": "user_impersonation",
        "amr": ["pwd", "mfa"], "ver": "2.0",
    })
}

/// Changed claims.
fn but(claims: &Value, member: &str, value: Value) -> Value {
    let mut changed = claims.clone();
    changed[member] = value;
    changed
}

/// A world that trusts the fake, with the tenant and the user of a partner.
async fn world(fake: &Fake) -> (World, String, String) {
    let demo = World::demo().await;
    let (tenant, user) = (demo.of("meridian", "tenantId"), demo.of("meridian", "user"));
    let production = World::with(Settings::default(), Some(fake.trust())).await;
    (production, tenant, user)
}

async fn status(world: &World, token: &str) -> u16 {
    world.get("/v1/customers", token).await.status
}

#[tokio::test]
async fn users_and_applications_of_the_trusted_issuer_are_partners() {
    let fake = Fake::start().await;
    fake.serves(vec![
        json!({ "kty": "oct", "kid": "o", "k": "AAAA" }),
        rsa_jwk("r"),
        ec_jwk("e", 3),
    ]);
    let (world, tenant, user) = world(&fake).await;
    let claims = of_user(&fake, &tenant, &user);
    for token in [with_rsa("r", &claims), with_ec("e", 3, &claims)] {
        assert_eq!(status(&world, &token).await, 200);
        assert_eq!(world.get("/v1/profiles/mpn", &token).await.status, 200);
    }
    let mut app = claims.clone();
    for member in ["upn", "scp", "amr"] {
        app.as_object_mut().unwrap().remove(member);
    }
    let token = with_rsa("r", &app);
    assert_eq!(status(&world, &token).await, 200);
    let consents = format!("/v1/customers/{}/applicationconsents", Uuid::nil());
    let user_only = world.post(&consents, &token, &json!({})).await;
    assert_eq!(user_only.body["code"], 900_329);
    let operator = but(&claims, "tid", json!(Uuid::from_u128(1)));
    let keys = world
        .get("/program/v1/signing-keys", &with_rsa("r", &operator))
        .await;
    assert_eq!(keys.status, 200, "the operator's staff: {}", keys.body);
    let weak = with_rsa("r", &but(&claims, "amr", json!(["pwd"])));
    let weak = world.get("/v1/customers", &weak).await;
    assert_eq!((weak.status, weak.body), (401, Value::Null));
    assert_eq!(fake.fetched(), 1, "keys are kept");
    // The built-in issuer is switched off, and says which one is in its place.
    let fields = [("grant_type", "client_credentials")];
    let built_in = world.form("/common/oauth2/token", &fields).await;
    assert_eq!(built_in.status, 404);
    let text = built_in.body["error_description"].as_str().unwrap();
    assert!(text.contains(&fake.issuer()), "{text}");
}

#[tokio::test]
async fn what_is_wrong_with_a_foreign_token_keeps_it_out() {
    let fake = Fake::start().await;
    fake.serves(vec![rsa_jwk("r"), ec_jwk("e", 3)]);
    let (world, tenant, user) = world(&fake).await;
    let claims = of_user(&fake, &tenant, &user);
    let good = with_rsa("r", &claims);
    assert_eq!(status(&world, &good).await, 200);
    let past = claims["exp"].as_i64().unwrap() - 700;
    let parts: Vec<&str> = good.split('.').collect();
    let harbor = unsigned("RS256", "r", &but(&claims, "upn", json!("x@y.example")));
    for (what, token) in [
        (
            "wrong aud",
            with_rsa("r", &but(&claims, "aud", json!("api://other"))),
        ),
        (
            "wrong iss",
            with_rsa("r", &but(&claims, "iss", json!("https://other.example"))),
        ),
        ("expired", with_rsa("r", &but(&claims, "exp", json!(past)))),
        (
            "not yet",
            with_rsa("r", &but(&claims, "nbf", json!(past + 9_000))),
        ),
        (
            "unknown tenant",
            with_rsa("r", &but(&claims, "tid", json!(Uuid::from_u128(9)))),
        ),
        (
            "no tenant",
            with_rsa("r", &but(&claims, "tid", Value::Null)),
        ),
        (
            "unknown user",
            with_rsa("r", &but(&claims, "upn", json!("nobody@x.example"))),
        ),
        (
            "a user without a name",
            with_rsa("r", &but(&claims, "upn", Value::Null)),
        ),
        ("unknown kid", with_rsa("x", &claims)),
        ("another's key", with_ec("e", 4, &claims)),
        ("the key of another kind", with_rsa("e", &claims)),
        ("alg none", format!("{}.", unsigned("none", "r", &claims))),
        (
            "alg HS256",
            format!("{}.{}", unsigned("HS256", "r", &claims), parts[2]),
        ),
        ("altered", format!("{harbor}.{}", parts[2])),
        ("truncated", good[..good.len() - 3].to_owned()),
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
    ] {
        assert_eq!(status(&world, &token).await, 401, "{what}");
    }
    let claimed = with_rsa("r", &but(&claims, "operator", json!(true)));
    let keys = world.get("/program/v1/signing-keys", &claimed).await;
    assert_eq!(keys.status, 403, "nobody makes itself the operator");
    assert_eq!(status(&world, &good).await, 200);
}

fn later(seconds: i64) -> Timestamp {
    Timestamp::from_micros(now().as_micros() + seconds * 1_000_000).unwrap()
}

/// An issuer of ours that trusts the fake, without a world.
fn issuer(fake: &Fake) -> Issuer {
    let external = External::new(fake.trust()).unwrap();
    Issuer::new(&[7; 32], "http://localhost")
        .unwrap()
        .trusting(external)
}

#[tokio::test]
async fn rotated_keys_are_fetched_within_bounds() {
    let fake = Fake::start().await;
    fake.serves(vec![ec_jwk("one", 3)]);
    let issuer = issuer(&fake);
    let claims = of_user(&fake, &Uuid::from_u128(2).to_string(), "kim@x.example");
    let (old, new) = (with_ec("one", 3, &claims), with_ec("two", 4, &claims));
    assert!(issuer.claims(&old, now()).await.is_ok());
    // Tokens of keys that do not exist make it ask once, not once a token.
    for index in 0..20 {
        let forged = with_ec(&format!("made up {index}"), 5, &claims);
        let found = issuer.claims(&forged, now()).await;
        assert_eq!(found.unwrap_err(), BadToken::UnknownKey);
    }
    assert_eq!(fake.fetched(), 1);
    fake.serves(vec![ec_jwk("two", 4)]);
    assert!(issuer.claims(&new, later(31)).await.is_ok());
    assert_eq!(fake.fetched(), 2);
    let withdrawn = issuer.claims(&old, later(31)).await;
    assert_eq!(
        withdrawn.unwrap_err(),
        BadToken::UnknownKey,
        "though it was remembered"
    );
}

#[tokio::test]
async fn keys_at_hand_outlast_an_issuer_that_is_out_of_reach() {
    let fake = Fake::start().await;
    fake.serves(vec![ec_jwk("one", 3)]);
    let issuer = issuer(&fake);
    let mut claims = of_user(&fake, &Uuid::from_u128(2).to_string(), "kim@x.example");
    claims["exp"] = json!(later(200_000).as_micros() / 1_000_000);
    let token = |name: &str| with_ec("one", 3, &but(&claims, "upn", json!(name)));
    assert!(issuer.claims(&token("a@x.example"), now()).await.is_ok());
    fake.goes_down(true);
    assert!(
        issuer
            .claims(&token("b@x.example"), later(7_200))
            .await
            .is_ok()
    );
    let lost = issuer.claims(&token("c@x.example"), later(90_000)).await;
    assert_eq!(lost.unwrap_err(), BadToken::Unreachable);
    fake.goes_down(false);
    assert!(
        issuer
            .claims(&token("c@x.example"), later(90_100))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn an_issuer_that_was_never_reached_is_no_fault_of_the_caller() {
    let fake = Fake::start().await;
    fake.goes_down(true);
    let (world, tenant, user) = world(&fake).await;
    let token = with_rsa("r", &of_user(&fake, &tenant, &user));
    let answer = world.get("/v1/customers", &token).await;
    assert_eq!(answer.status, 503, "{}", answer.body);
    // One that answers for somebody else is not believed.
    let other = Fake::start().await;
    other.serves(vec![rsa_jwk("r")]);
    let trust = other.trust();
    other.0.lock().unwrap().issuer = fake.issuer();
    let external = External::new(trust).unwrap();
    let issuer = Issuer::new(&[7; 32], "http://localhost")
        .unwrap()
        .trusting(external);
    let found = issuer.claims(&token, now()).await;
    assert_eq!(found.unwrap_err(), BadToken::Unreachable);
}

//! A receiver of webhooks on this machine, and a world whose worker sends when it is told to.
#![expect(
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test helper: what it unwraps must be there"
)]

use std::sync::{Arc, Mutex};

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
use tierline_store::DbConfig;
use tokio::net::TcpListener;
use x509_cert::Certificate;
use x509_cert::der::{Decode, Encode};

use super::{Answer, World};

pub const REGISTRATION: &str = "/webhooks/v1/registration";
pub const TESTS: &str = "/webhooks/v1/registration/validationEvents";
pub const DELIVERIES: &str = "/program/v1/webhooks/deliveries";

/// One call that a receiver got.
#[derive(Clone)]
pub struct Heard {
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Heard {
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A receiver on this machine, which keeps what it hears and answers with a status.
#[derive(Clone)]
pub struct Receiver {
    pub url: String,
    pub heard: Arc<Mutex<Vec<Heard>>>,
    pub status: Arc<Mutex<StatusCode>>,
}

impl Receiver {
    pub async fn start() -> Self {
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

    pub fn answers(&self, status: StatusCode) {
        *self.status.lock().unwrap() = status;
    }

    pub fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// What was heard since the last call.
    pub fn take(&self) -> Vec<Value> {
        let heard = std::mem::take(&mut *self.heard.lock().unwrap());
        heard.iter().map(Heard::json).collect()
    }
}

pub fn standing() -> Clock {
    Clock::standing("2026-01-15T12:00:00Z".parse().unwrap())
}

/// A demo world whose clocks stand still, with a courier that sends when it is told to.
pub struct Post {
    pub world: World,
    pub courier: Courier,
}

impl Post {
    pub async fn open() -> Self {
        Self::over(World::demo_on(&DbConfig::Memory, standing()).await)
    }

    pub fn over(world: World) -> Self {
        let courier = courier(world.app.clone(), &world.base);
        Self { world, courier }
    }

    /// Registers for events at a receiver.
    pub async fn register(&self, partner: &str, receiver: &Receiver, events: &[&str]) {
        let body = json!({ "WebhookUrl": receiver.url, "WebhookEvents": events });
        let answer = self
            .world
            .post(REGISTRATION, &self.world.user(partner), &body)
            .await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    /// Sends what is due.
    pub async fn round(&self) -> usize {
        self.courier.round().await.unwrap()
    }

    pub async fn by(&self, actor: &str, verb: &str, params: Value) {
        let path = format!("/program/v1/commands/{verb}?as={actor}");
        let answer = self
            .world
            .post(&path, &self.world.user("operator"), &params)
            .await;
        assert_eq!(answer.status, 200, "{verb}: {}", answer.body);
    }

    pub async fn get(&self, partner: &str, path: &str) -> Answer {
        self.world.get(path, &self.world.user(partner)).await
    }

    pub async fn post(&self, partner: &str, path: &str) -> Answer {
        self.world
            .send("POST", path, Some(&self.world.user(partner)), None, &[])
            .await
    }

    pub fn pass(&self, seconds: i64) {
        self.world.app.clock().pass_seconds(seconds);
    }
}

/// A key takes seconds to make in this build, so the tests share one.
pub fn settings(base: &str, sandbox: bool) -> deliver::Settings {
    let key_file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("webhooks.pem");
    deliver::Settings {
        base: base.to_owned(),
        sandbox,
        key_file: Some(key_file),
    }
}

pub fn courier(app: App, base: &str) -> Courier {
    Courier::new(app, settings(base, true))
}

/// The key of the certificate to which an event points.
pub async fn public_key(world: &World, heard: &Heard) -> VerifyingKey<Sha256> {
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

pub async fn assert_signed(world: &World, heard: &Heard, header: &str) {
    assert_eq!(heard.header("x-ms-signature-algorithm"), "rsa-sha256");
    let signature = heard.header(header).strip_prefix("Signature ").unwrap();
    let signature = Signature::try_from(STANDARD.decode(signature).unwrap().as_slice()).unwrap();
    let key = public_key(world, heard).await;
    key.verify(&heard.body, &signature).unwrap();
    let mut forged = heard.body.to_vec();
    forged[0] ^= 1;
    assert!(key.verify(&forged, &signature).is_err());
}

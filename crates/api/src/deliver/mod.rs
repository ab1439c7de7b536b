//! Webhooks leave here: a worker takes what is due out of the outbox, signs it, sends it, and writes down how that went.
//!
//! Nothing is sent while a transaction is open: what is due is claimed in one, and settled in another.

pub(crate) mod guard;
mod seal;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use http::StatusCode;
use serde::Serialize;
use thiserror::Error;
use tierline_app::app::ForgetAnswers;
use tierline_app::outbox::{self, Claim, Claimed, Forget, Settle, Told};
use tierline_app::{App, AppError};
use tierline_domain::time::Timestamp;
use tierline_store::tables::webhooks::{Certificate, Delivery, Registration};
use tierline_store::{Command, StoreError, Tx};
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;
use uuid::Uuid;

use seal::{Seal, SealError};

/// How many events are under way at a time.
const AT_ONCE: usize = 16;
/// How often the worker looks for what is due.
const PAUSE: Duration = Duration::from_secs(1);
/// After so many looks what was delivered long ago is forgotten.
const LOOKS_PER_SWEEP: u32 = 3_600;

/// How deliveries are set up.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The address under which receivers reach this server, without a slash at its end.
    pub base: String,
    /// A sandbox: receivers may be on this machine and in private networks.
    pub sandbox: bool,
    /// Where the signing key is kept; without a file it lives as long as the process.
    pub key_file: Option<PathBuf>,
}

/// Tells receivers what the outbox holds for them.
pub struct Courier {
    app: App,
    settings: Settings,
    worker: Uuid,
    tools: OnceCell<Tools>,
}

/// What is made when the first event is due.
struct Tools {
    client: reqwest::Client,
    seal: Arc<Seal>,
}

/// Why nothing is delivered.
#[derive(Debug, Error)]
pub enum CourierError {
    /// The outbox cannot be read or written.
    #[error("the outbox cannot be read or written: {0}")]
    Outbox(#[from] AppError),
    /// There is no key.
    #[error(transparent)]
    Seal(Box<dyn std::error::Error + Send + Sync>),
    /// There is no client.
    #[error("there is no client to send with: {0}")]
    Client(#[from] reqwest::Error),
}

impl From<SealError> for CourierError {
    fn from(error: SealError) -> Self {
        Self::Seal(Box::new(error))
    }
}

/// The body of an event, its members as documented.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Body {
    event_name: String,
    resource_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_name: Option<&'static str>,
    audit_uri: Option<String>,
    resource_change_utc_date: String,
}

impl Body {
    fn of(delivery: &Delivery, base: &str) -> Self {
        let kind = outbox::kind(&delivery.event_name);
        let audit = kind.and_then(|kind| kind.audit).zip(delivery.audit);
        Self {
            event_name: delivery.event_name.clone(),
            resource_uri: delivery
                .resource_path
                .as_ref()
                .map(|path| format!("{base}{path}")),
            resource_name: kind.and_then(|kind| kind.resource),
            audit_uri: audit.map(|(path, id)| format!("{base}{path}/{id}")),
            resource_change_utc_date: with_offset(delivery.changed),
        }
    }
}

/// An instant with seven digits of a second and a written offset, as events carry it.
fn with_offset(at: Timestamp) -> String {
    let micros = at.as_micros();
    let whole = Timestamp::from_micros(micros.saturating_sub(micros.rem_euclid(1_000_000)));
    let whole = whole.unwrap_or(at).to_string();
    let digits = micros.rem_euclid(1_000_000).saturating_mul(10);
    format!("{}.{digits:07}+00:00", whole.trim_end_matches('Z'))
}

/// A status as events' results name it: `OK`, `InternalServerError`.
fn status_name(status: StatusCode) -> String {
    let name = status.canonical_reason().unwrap_or_default();
    let letters: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    if letters.is_empty() {
        status.as_u16().to_string()
    } else {
        letters
    }
}

impl Courier {
    /// A courier of an app.
    #[must_use]
    pub fn new(app: App, settings: Settings) -> Self {
        Self {
            app,
            settings,
            worker: Uuid::from_bytes(rand::random()),
            tools: OnceCell::new(),
        }
    }

    /// Sends what is due now, once; answers how many that were.
    ///
    /// # Errors
    /// When the outbox cannot be read or written, or there is no key to sign with. What a receiver does wrong is no error.
    pub async fn round(&self) -> Result<usize, CourierError> {
        let claim = Claim {
            worker: self.worker,
            now: self.now(),
            count: AT_ONCE,
        };
        // A look that finds nothing does not wait for a lane.
        if !self.app.read(Look(claim.now)).await? {
            return Ok(0);
        }
        let tools = self.tools.get_or_try_init(|| self.tools()).await?;
        let claimed = self.app.db().write(claim).await?;
        let sent = claimed.iter().map(|claimed| self.deliver(tools, claimed));
        for settled in join_all(sent).await {
            settled?;
        }
        Ok(claimed.len())
    }

    fn now(&self) -> Timestamp {
        self.app.clock().server_now()
    }

    async fn tools(&self) -> Result<Tools, CourierError> {
        let (file, now) = (self.settings.key_file.clone(), self.now());
        let made = tokio::task::spawn_blocking(move || Seal::load_or_make(file.as_deref(), now));
        let seal = Arc::new(
            made.await
                .map_err(|error| CourierError::Seal(error.into()))??,
        );
        // Receivers may ask any server for the certificate.
        let kept = Keep(Certificate {
            id: seal.id.clone(),
            der: seal.der.clone(),
            made: now,
        });
        self.app.db().write(kept).await?;
        let client = guard::client(self.settings.sandbox)?;
        Ok(Tools { client, seal })
    }

    async fn deliver(&self, tools: &Tools, claimed: &Claimed) -> Result<(), CourierError> {
        let delivery = &claimed.delivery;
        let (url, result) = match &claimed.registration {
            Some(registration) => {
                let told = self.tell(tools, delivery, registration).await;
                (registration.url.clone(), told)
            }
            None => (
                delivery.url.clone(),
                failed("NotRegistered", "there is no registration"),
            ),
        };
        let (is_taken, code) = (result.is_taken, result.code.clone());
        tracing::info!(id = %delivery.id, event = delivery.event_name, is_taken, code, "webhook");
        let settle = Settle {
            worker: self.worker,
            now: self.now(),
            delivery: delivery.clone(),
            url,
            result,
        };
        self.app.db().write(settle).await?;
        self.app.bell().told();
        Ok(())
    }

    async fn tell(&self, tools: &Tools, delivery: &Delivery, registration: &Registration) -> Told {
        // What was registered on a sandbox may lead elsewhere once the server is none any more.
        let url = match guard::destination(&registration.url, self.settings.sandbox) {
            Ok(url) => url,
            Err(problem) => return failed("Forbidden", problem),
        };
        let base = &self.settings.base;
        let body = match serde_json::to_vec(&Body::of(delivery, base)) {
            Ok(body) => body,
            Err(error) => return failed("InternalError", &error.to_string()),
        };
        let signature_header = if registration.own_header {
            "x-ms-signature"
        } else {
            "authorization"
        };
        let certificate = format!("{base}/webhooks/v1/certificates/{}.cer", tools.seal.id);
        let request = tools
            .client
            .post(url)
            .header(signature_header, tools.seal.sign(&body))
            .header("content-type", "application/json")
            .header("x-ms-certificate-url", certificate)
            .header("x-ms-signature-algorithm", "rsa-sha256")
            // The same at every attempt, so that a receiver can tell a repeat.
            .header("ms-requestid", delivery.id.to_string())
            .body(body);
        match request.send().await {
            // The answer's body says nothing to us and is not read.
            Ok(answer) => {
                let status = answer.status();
                let message = if status.is_success() {
                    String::new()
                } else {
                    format!("the receiver answered {}", status.as_u16())
                };
                Told {
                    is_taken: status.is_success(),
                    code: status_name(status),
                    message,
                    system_error: false,
                }
            }
            Err(error) if error.is_timeout() => {
                failed("Timeout", "the receiver did not answer in time")
            }
            Err(error) if error.is_connect() => {
                failed("ConnectFailure", "the receiver cannot be reached")
            }
            Err(_) => failed("SendFailure", "the exchange broke off"),
        }
    }

    /// Starts a worker that looks for what is due until it is dropped.
    #[must_use]
    pub fn start(self) -> Running {
        self.app.bell().man();
        let task = tokio::spawn(async move {
            let mut looks = 0_u32;
            loop {
                match self.round().await {
                    // There may be more: of each partner only a few are under way at a time.
                    Ok(count) if count > 0 => continue,
                    Ok(_) => {}
                    Err(CourierError::Outbox(AppError::Store(StoreError::Closed))) => return,
                    // What is not sent now is sent later.
                    Err(error) => tracing::warn!(%error, "webhooks were not sent"),
                }
                if looks.is_multiple_of(LOOKS_PER_SWEEP) {
                    self.sweep().await;
                }
                looks = looks.wrapping_add(1);
                // Whether it rang or not, the next look is due.
                drop(tokio::time::timeout(PAUSE, self.app.bell().rung()).await);
            }
        });
        Running { task }
    }

    async fn sweep(&self) {
        if let Err(error) = self.app.db().write(Forget { now: self.now() }).await {
            tracing::warn!(%error, "old webhooks were not forgotten");
        }
        let answers = ForgetAnswers { now: self.now() };
        if let Err(error) = self.app.db().write(answers).await {
            tracing::warn!(%error, "old answers were not forgotten");
        }
    }
}

fn failed(code: &str, message: &str) -> Told {
    Told {
        is_taken: false,
        code: code.to_owned(),
        message: message.to_owned(),
        system_error: true,
    }
}

/// A worker at work.
pub struct Running {
    task: JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Whether anything is due.
struct Look(Timestamp);

impl Command for Look {
    type Out = bool;
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<bool, AppError> {
        outbox::is_due(tx, self.0).await
    }
}

/// Keeps a certificate where every server finds it.
struct Keep(Certificate);

impl Command for Keep {
    type Out = ();
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AppError> {
        Ok(tx.put(&self.0).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_events_have_seven_digits_and_an_offset() {
        let at = |text: &str| with_offset(text.parse().unwrap());
        assert_eq!(
            at("2026-01-15T12:00:00Z"),
            "2026-01-15T12:00:00.0000000+00:00"
        );
        assert_eq!(
            at("2026-01-15T12:00:00.352027Z"),
            "2026-01-15T12:00:00.3520270+00:00"
        );
    }

    #[test]
    fn statuses_are_named() {
        assert_eq!(status_name(StatusCode::OK), "OK");
        assert_eq!(
            status_name(StatusCode::INTERNAL_SERVER_ERROR),
            "InternalServerError"
        );
    }
}

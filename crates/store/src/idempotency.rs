//! What makes a retry safe: the answer of a request, kept under its key in the transaction that made it true.
//!
//! A request id is a tenant's own. The same id with another method, path or body is a clash, not a retry.

use tierline_domain::time::Timestamp;
use uuid::Uuid;

use crate::engine::{Lock, Tx};
use crate::error::StoreError;
use crate::log::{hex, sha256};
use crate::{params, statements};

statements! {
    REPLAY = "SELECT method, path, fingerprint, outcome FROM idempotency
        WHERE tenant = $1 AND request_id = $2";
    REMEMBER = "INSERT INTO idempotency (tenant, request_id, method, path, fingerprint, outcome, at_server)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant, request_id, method, path) DO NOTHING";
    REMEMBER_LATER = "INSERT INTO idempotency (tenant, request_id, method, path, fingerprint, outcome, at_server)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    FORGET = "DELETE FROM idempotency WHERE at_server < $1";
}

/// A request that can be told from another and recognized when it comes again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestKey {
    /// The caller's tenant.
    pub tenant: Uuid,
    /// The request id it gave.
    pub request_id: String,
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// A digest of the body.
    pub fingerprint: String,
}

/// A request id in the one spelling in which it is compared: a GUID is the same id in whatever case it is written, any
/// other text is what it is.
#[must_use]
pub fn canonical(request_id: &str) -> String {
    Uuid::try_parse(request_id).map_or_else(|_| request_id.to_owned(), |id| id.to_string())
}

impl RequestKey {
    /// The key of a request and the digest of its body.
    #[must_use]
    pub fn new(tenant: Uuid, request_id: &str, method: &str, path: &str, body: &[u8]) -> Self {
        Self {
            tenant,
            request_id: canonical(request_id),
            method: method.to_owned(),
            path: path.to_owned(),
            fingerprint: hex(&sha256(body)),
        }
    }

    /// The lock under which the request and its retries take turns.
    #[must_use]
    pub fn lock(&self) -> Lock {
        Lock::on("request", &format!("{} {}", self.tenant, self.request_id))
    }
}

/// What is known of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replay {
    /// Nothing: it is new, or it never came to an end.
    New,
    /// It was answered like this.
    Answered(String),
    /// The key was used for another request.
    Clash,
}

impl Tx<'_> {
    /// Looks whether a request was answered before. To be asked first in a command, before it does anything.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn replay(&mut self, key: &RequestKey) -> Result<Replay, StoreError> {
        let named = params![key.tenant, key.request_id];
        let known = self
            .fetch_all::<(String, String, String, String)>(REPLAY, &named)
            .await?;
        let is_new = known.is_empty();
        let answered = known
            .into_iter()
            .find(|(method, path, fingerprint, _)| {
                *method == key.method && *path == key.path && *fingerprint == key.fingerprint
            })
            .map(|(_, _, _, outcome)| outcome);
        Ok(match answered {
            Some(outcome) => Replay::Answered(outcome),
            None if is_new => Replay::New,
            None => Replay::Clash,
        })
    }

    /// Keeps a request's answer, in the caller's own form, in force from this transaction's commit.
    ///
    /// # Errors
    /// [`StoreError::Contended`] when the same request was answered meanwhile: the lane then runs the command
    /// again, and [`replay`](Self::replay) finds that answer.
    pub async fn remember(
        &mut self,
        key: &RequestKey,
        outcome: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let values = params![
            key.tenant,
            key.request_id,
            key.method,
            key.path,
            key.fingerprint,
            *outcome,
            at
        ];
        if self.defers() {
            // Where the key is taken, the group fails, and its commands run again one by one.
            return self.add(REMEMBER_LATER, values.to_vec()).await;
        }
        match self.execute(REMEMBER, &values).await? {
            0 => self.refuse(StoreError::Contended),
            _ => Ok(()),
        }
    }

    /// Forgets answers from before an instant; tells how many.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn forget_answers_before(&mut self, at: Timestamp) -> Result<u64, StoreError> {
        self.execute(FORGET, &params![at]).await
    }
}

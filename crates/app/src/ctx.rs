//! What every command carries with it: who acts, one instant for the whole command, and fresh ids.

use std::sync::atomic::{AtomicU64, Ordering};

use tierline_domain::id::Id;
use tierline_domain::time::Timestamp;
use tierline_rules::{Lang, RuleId};
use tierline_store::log::sha256;
use uuid::Uuid;

use crate::actor::ActorSpec;

/// The context of one command. A command may run more than once, so everything here is fixed before
/// the transaction: the instant, the seed of the ids, the caller.
#[derive(Clone, Debug)]
pub struct Ctx {
    /// Who acts.
    pub actor: ActorSpec,
    /// The world clock: decides business dates.
    pub now: Timestamp,
    /// The server clock: decides lives of tokens, retries and logs.
    pub server_now: Timestamp,
    /// Seed of the ids made by this command.
    pub seed: Uuid,
    /// The language of texts.
    pub lang: Lang,
    /// Rules that are switched off, to prove that a test needs them.
    pub without: Vec<RuleId>,
    /// The caller's request id (GEN-006), where it gave one.
    pub request_id: Option<String>,
    /// The id by which the caller traces its call.
    pub correlation: Option<String>,
    /// The application through which the caller came.
    pub application: Option<String>,
}

impl Ctx {
    /// A context for an actor at an instant.
    #[must_use]
    pub fn new(actor: ActorSpec, now: Timestamp, server_now: Timestamp, seed: Uuid) -> Self {
        Self {
            actor,
            now,
            server_now,
            seed,
            lang: Lang::En,
            without: Vec::new(),
            request_id: None,
            correlation: None,
            application: None,
        }
    }

    /// The context of a part of this command, whose ids are its own.
    #[must_use]
    pub fn further(&self, name: &str) -> Self {
        let name = format!("{} {name}", self.seed);
        Self {
            seed: Ids::named("further", &name, self.now).uuid(),
            ..self.clone()
        }
    }

    /// The generator of this command's ids; the same at every run of the same command.
    #[must_use]
    pub fn ids(&self) -> Ids {
        Ids {
            seed: self.seed,
            now: self.now,
            drawn: AtomicU64::new(0),
        }
    }
}

/// Ids drawn from a seed: `UUIDv7` whose time is the command's instant.
#[derive(Debug)]
pub struct Ids {
    seed: Uuid,
    now: Timestamp,
    drawn: AtomicU64,
}

impl Ids {
    /// A generator that is not tied to a command, for data laid down by name.
    #[must_use]
    pub fn named(namespace: &str, name: &str, now: Timestamp) -> Self {
        let digest = sha256(format!("{namespace}\0{name}").as_bytes());
        let mut seed = [0_u8; 16];
        seed.copy_from_slice(digest.get(..16).unwrap_or(&[0; 16]));
        Self {
            seed: Uuid::from_bytes(seed),
            now,
            drawn: AtomicU64::new(0),
        }
    }

    /// The next id.
    #[must_use]
    pub fn next<T>(&self) -> Id<T> {
        Id::from_uuid(self.uuid())
    }

    /// The next bare UUID.
    #[must_use]
    pub fn uuid(&self) -> Uuid {
        let count = self.drawn.fetch_add(1, Ordering::Relaxed);
        let mut drawn = [0_u8; 24];
        let (seed, number) = drawn.split_at_mut(16);
        seed.copy_from_slice(self.seed.as_bytes());
        number.copy_from_slice(&count.to_be_bytes());
        let digest = sha256(&drawn);
        let mut random = [0_u8; 10];
        random.copy_from_slice(digest.get(..10).unwrap_or(&[0; 10]));
        let millis = u64::try_from(self.now.as_micros().div_euclid(1000)).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }
}

//! What partners say about webhooks: where they want to hear of what, test events, and what to do with events that
//! could not be delivered.

use tierline_domain::id::Id;
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::time::Timestamp;
use tierline_store::tables::webhooks::{Attempt, Delivery, Registration};
use tierline_store::tables::{webhook_deliveries, webhook_registrations};
use tierline_store::{Command, Json, Lock, Tx, Value, tables};
use uuid::Uuid;

use crate::ctx::{Ctx, Ids};
use crate::error::AppError;
use crate::{events, names, outbox};

/// How many test events a partner may ask for within [`TEST_SECONDS`].
pub const TESTS_MAX: usize = 2;
/// The span in which they are counted.
pub const TEST_SECONDS: i64 = 60;

/// Registers where a partner wants to hear of which events, in place of what it said before. Saying the same again
/// changes nothing, so a repeat needs no key.
pub struct Register {
    /// The context.
    pub ctx: Ctx,
    /// The partner's tenant.
    pub tenant: Id<Tenant>,
    /// Where to.
    pub url: String,
    /// Names of events.
    pub events: Vec<String>,
    /// The signature goes into a header of its own.
    pub own_header: bool,
    /// Only changes what is there.
    pub must_exist: bool,
}

impl Register {
    /// The names as they are documented, each once.
    fn known(&self) -> Result<Vec<String>, AppError> {
        let mut known: Vec<String> = Vec::with_capacity(self.events.len());
        for name in &self.events {
            let kind = outbox::kind(name).ok_or_else(|| {
                let problem = format!(
                    "there is no event `{name}`; GET /webhooks/v1/registration/events lists them"
                );
                AppError::invalid("WebhookEvents", problem)
            })?;
            if !known.iter().any(|other| other == kind.name) {
                known.push(kind.name.to_owned());
            }
        }
        if known.is_empty() {
            return Err(AppError::invalid(
                "WebhookEvents",
                "names at least one event",
            ));
        }
        Ok(known)
    }
}

impl Command for Register {
    type Out = Registration;
    type Error = AppError;

    fn locks(&self) -> Vec<Lock> {
        vec![lock(self.tenant)]
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Registration, AppError> {
        let events = Json(self.known()?);
        let before = registration(tx, self.tenant).await?;
        if self.must_exist && before.is_none() {
            return Err(none_yet());
        }
        let row = Registration {
            tenant: self.tenant,
            subscriber: before
                .as_ref()
                .map_or_else(|| self.ctx.ids().uuid(), |before| before.subscriber),
            url: self.url.clone(),
            events,
            own_header: self.own_header,
            registered: before
                .as_ref()
                .map_or(self.ctx.server_now, |before| before.registered),
            version: before.as_ref().map_or(1, |before| before.version),
        };
        if before.as_ref() == Some(&row) {
            return Ok(row);
        }
        let row = Registration {
            version: before.map_or(1, |before| before.version.saturating_add(1)),
            ..row
        };
        tx.put(&row).await?;
        events::said(
            &self.ctx,
            tx,
            "webhooks_registered",
            &row.subscriber.to_string(),
        )
        .await?;
        Ok(row)
    }
}

fn lock(tenant: Id<Tenant>) -> Lock {
    Lock::on("webhooks", &tenant.to_string())
}

fn none_yet() -> AppError {
    AppError::missing("webhook registration", "of this partner")
}

/// The registration of a tenant.
///
/// # Errors
/// When the store fails.
pub async fn registration(
    tx: &mut Tx<'_>,
    tenant: Id<Tenant>,
) -> Result<Option<Registration>, AppError> {
    Ok(tx.get(&[Value::Id(tenant.uuid())]).await?)
}

/// The registration of a tenant, which must be there.
///
/// # Errors
/// When there is none, or the store fails.
pub async fn the_registration(
    tx: &mut Tx<'_>,
    tenant: Id<Tenant>,
) -> Result<Registration, AppError> {
    registration(tx, tenant).await?.ok_or_else(none_yet)
}

/// Asks for a test event.
pub struct SendTest {
    /// The context; its request id makes a repeat safe.
    pub ctx: Ctx,
    /// The partner's tenant.
    pub tenant: Id<Tenant>,
}

/// What asking for a test event leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    /// It is on its way, under this id.
    Sent(Uuid),
    /// There were too many; ask again after so many seconds.
    TooMany(i64),
}

impl Command for SendTest {
    type Out = Test;
    type Error = AppError;

    fn locks(&self) -> Vec<Lock> {
        vec![lock(self.tenant)]
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Test, AppError> {
        let registration = the_registration(tx, self.tenant).await?;
        if !registration
            .events
            .0
            .iter()
            .any(|name| name == outbox::TEST)
        {
            return Err(AppError::invalid(
                "WebhookEvents",
                "a test event is sent to who is registered for test-created",
            ));
        }
        let id = match &self.ctx.request_id {
            Some(request) => {
                let name = format!("{} {request}", self.tenant);
                Ids::named("webhook test", &name, Timestamp::EPOCH).uuid()
            }
            None => self.ctx.ids().uuid(),
        };
        if tx.get::<Delivery>(&[Value::Id(id)]).await?.is_some() {
            return Ok(Test::Sent(id));
        }
        let now = self.ctx.server_now.as_micros();
        let span = TEST_SECONDS.saturating_mul(1_000_000);
        let key = [
            Value::Id(self.tenant.uuid()),
            Value::Instant(Timestamp::from_micros(now.saturating_sub(span))?),
            Value::Text(outbox::TEST.to_owned()),
        ];
        let recent = tx.find::<Delivery>(webhook_deliveries::SINCE, &key).await?;
        if recent.len() >= TESTS_MAX
            && let Some(first) = recent.get(recent.len().saturating_sub(TESTS_MAX))
        {
            let free = first.created.as_micros().saturating_add(span);
            let micros = free.saturating_sub(now);
            return Ok(Test::TooMany(
                micros.saturating_add(999_999).div_euclid(1_000_000).max(1),
            ));
        }
        let path = format!("/webhooks/v1/registration/validationEvents/{id}");
        let row = outbox::fresh(&self.ctx, &registration, id, outbox::TEST, Some(path), None);
        tx.insert(&row).await?;
        Ok(Test::Sent(id))
    }
}

/// A delivery and how it was tried.
#[derive(Clone, Debug)]
pub struct History {
    /// The delivery.
    pub delivery: Delivery,
    /// Its attempts, in order.
    pub attempts: Vec<Attempt>,
}

/// A tenant's delivery.
///
/// # Errors
/// When there is none of this id, or it is another tenant's, or the store fails.
pub async fn history(
    tx: &mut Tx<'_>,
    tenant: Option<Id<Tenant>>,
    id: Uuid,
) -> Result<History, AppError> {
    let delivery = tx.get::<Delivery>(&[Value::Id(id)]).await?;
    let delivery = delivery
        .filter(|delivery| tenant.is_none_or(|tenant| delivery.tenant == tenant))
        .ok_or_else(|| AppError::missing("webhook delivery", id))?;
    let attempts = outbox::attempts_of(tx, id).await?;
    Ok(History { delivery, attempts })
}

/// A tenant's deliveries, newest first.
///
/// # Errors
/// When the store fails.
pub async fn deliveries(
    tx: &mut Tx<'_>,
    tenant: Id<Tenant>,
    state: Option<&str>,
    before: (Timestamp, Uuid),
    count: usize,
) -> Result<Vec<Delivery>, AppError> {
    let count = Value::Int(i64::try_from(count).unwrap_or(i64::MAX));
    let (tenant, at, id) = (
        Value::Id(tenant.uuid()),
        Value::Instant(before.0),
        Value::Id(before.1),
    );
    Ok(match state {
        Some(state) => {
            let key = [tenant, Value::Text(state.to_owned()), at, id, count];
            tx.find(webhook_deliveries::OF_TENANT_IN_STATE, &key)
                .await?
        }
        None => {
            let key = [tenant, at, id, count];
            tx.find(webhook_deliveries::OF_TENANT, &key).await?
        }
    })
}

/// A registration and whose it is.
#[derive(Clone, Debug)]
pub struct Subscriber {
    /// The partner's short name.
    pub partner: String,
    /// The registration.
    pub registration: Registration,
}

/// A delivery and whose it is.
#[derive(Clone, Debug)]
pub struct Addressed {
    /// The partner's short name.
    pub partner: String,
    /// The delivery.
    pub delivery: Delivery,
}

/// The short name of the partner that a program tenant belongs to; the tenant's own where no partner is left.
async fn partner_of(tx: &mut Tx<'_>, tenant: Id<Tenant>) -> Result<String, AppError> {
    let key = [Value::Id(tenant.uuid())];
    let accounts = tx
        .find::<Account>(tables::accounts::BY_TENANT, &key)
        .await?;
    Ok(match accounts.into_iter().next() {
        Some(account) => account.handle,
        None => names::by_id::<Tenant, _>(tx, tenant).await?.handle,
    })
}

/// A delivery with whose it is.
///
/// # Errors
/// When the store fails.
pub async fn addressed(tx: &mut Tx<'_>, delivery: Delivery) -> Result<Addressed, AppError> {
    Ok(Addressed {
        partner: partner_of(tx, delivery.tenant).await?,
        delivery,
    })
}

/// Every registration, in the order of the partners' names: for the operator.
///
/// # Errors
/// When the store fails.
pub async fn subscribers(tx: &mut Tx<'_>) -> Result<Vec<Subscriber>, AppError> {
    let every = tx
        .find::<Registration>(webhook_registrations::EVERY, &[])
        .await?;
    let mut found = Vec::with_capacity(every.len());
    for registration in every {
        found.push(Subscriber {
            partner: partner_of(tx, registration.tenant).await?,
            registration,
        });
    }
    found.sort_by(|one, other| one.partner.cmp(&other.partner));
    Ok(found)
}

/// The newest deliveries of a partner, or of everybody: for the operator.
///
/// # Errors
/// When there is no such partner, or the store fails.
pub async fn everybodys(
    tx: &mut Tx<'_>,
    partner: Option<&str>,
    state: Option<&str>,
    count: usize,
) -> Result<Vec<Addressed>, AppError> {
    let newest = (Timestamp::from_jiff(jiff::Timestamp::MAX), Uuid::nil());
    let found = match partner {
        Some(partner) => {
            let account = names::the_account(tx, partner).await?;
            deliveries(tx, account.tenant, state, newest, count).await?
        }
        None => {
            let rows = Value::Int(i64::try_from(count).unwrap_or(i64::MAX));
            match state {
                Some(state) => {
                    let key = [Value::Text(state.to_owned()), rows];
                    tx.find(webhook_deliveries::NEWEST_IN_STATE, &key).await?
                }
                None => tx.find(webhook_deliveries::NEWEST, &[rows]).await?,
            }
        }
    };
    let mut shown = Vec::with_capacity(found.len());
    for delivery in found {
        shown.push(addressed(tx, delivery).await?);
    }
    Ok(shown)
}

/// Tries an event again, from the first attempt on: one that was parked, or that the receiver lost. Its id stays.
pub struct Replay {
    /// The context.
    pub ctx: Ctx,
    /// Whose it must be; anybody's for the operator.
    pub tenant: Option<Id<Tenant>>,
    /// Which.
    pub id: Uuid,
}

impl Command for Replay {
    type Out = History;
    type Error = AppError;

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::on("webhook", &self.id.to_string())]
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<History, AppError> {
        let mut found = history(tx, self.tenant, self.id).await?;
        // What waits is tried anyway, and may be under way just now.
        if found.delivery.state == outbox::WAITING {
            return Ok(found);
        }
        outbox::WAITING.clone_into(&mut found.delivery.state);
        found.delivery.attempts = 0;
        found.delivery.due = self.ctx.server_now;
        found.delivery.ended = None;
        tx.put(&found.delivery).await?;
        events::said(&self.ctx, tx, "webhook_replayed", &self.id.to_string()).await?;
        Ok(found)
    }
}

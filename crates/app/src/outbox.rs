//! The outbox: what receivers are to be told, written in the transaction of the change, and handed to a worker
//! afterwards (SEC-015).
//!
//! A worker claims what is due, tells it outside of any transaction, and writes down how that went. A claim holds for
//! [`CLAIM_SECONDS`]; within it nobody else tells the same. Who dies with a claim leaves it to run out: an event is told
//! at least once, under the same id each time.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value as Json;
use tierline_domain::customer::Relationship;
use tierline_domain::id::Id;
use tierline_domain::partner::Tenant;
use tierline_domain::time::Timestamp;
use tierline_store::tables::webhooks::{self, Attempt, Delivery, Registration};
use tierline_store::tables::{self, webhook_attempts, webhook_deliveries};
use tierline_store::{Command, StoreError, Tx, Value};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use uuid::Uuid;

use crate::ctx::{Ctx, Ids};
use crate::error::AppError;
use crate::names;
use crate::touched::{Noun, Thing};

/// How often an event is tried before it is parked.
pub const ATTEMPTS_MAX: i64 = 10;
/// The pause after the first failure; each further one is twice as long.
const PAUSE_SECONDS: i64 = 30;
/// How long a claim holds: longer than any attempt may take.
pub const CLAIM_SECONDS: i64 = 60;
/// How many events of one partner are under way at a time, so that a slow receiver does not hold up the others.
const EACH_MAX: usize = 4;
/// How many due events a worker looks at.
const LOOK_MAX: i64 = 200;
/// Days that what was delivered, and the results of test events, can be looked up.
pub const KEPT_DAYS: i64 = 7;

/// Waits to be delivered.
pub const WAITING: &str = "waiting";
/// Was delivered.
pub const DELIVERED: &str = "delivered";
/// Was tried in vain, and waits for somebody to replay it.
pub const PARKED: &str = "parked";

/// The event by which a partner tests its receiver.
pub const TEST: &str = "test-created";

/// How those who write to the outbox and the worker of this process hear of each other. It only shortens waits: what is
/// due is found without it, and other processes have bells of their own.
#[derive(Debug, Default)]
pub struct Bell {
    is_manned: AtomicBool,
    due: Notify,
    told: Notify,
}

impl Bell {
    /// A worker listens from now on.
    pub fn man(&self) {
        self.is_manned.store(true, Ordering::Relaxed);
    }

    /// Something may be due.
    pub fn ring(&self) {
        self.due.notify_one();
    }

    /// Waits until something may be due.
    pub async fn rung(&self) {
        self.due.notified().await;
    }

    /// Something was tried.
    pub fn told(&self) {
        self.told.notify_waiters();
    }

    /// What ends when something is tried that was not tried yet now; nothing where no worker listens.
    pub fn next(&self) -> Option<Notified<'_>> {
        self.is_manned
            .load(Ordering::Relaxed)
            .then(|| self.told.notified())
    }
}

/// An event that receivers can ask for.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Its name.
    pub name: &'static str,
    /// What is said to have changed; absent where the body leaves it out.
    pub resource: Option<&'static str>,
    /// Where the body points to an audit record: below which path.
    pub audit: Option<&'static str>,
    /// Whether anything in this server brings it about yet.
    pub is_sent: bool,
}

macro_rules! kinds {
    ($($name:literal $resource:expr, $audit:expr, $sent:ident;)+) => {
        &[$(Kind { name: $name, resource: $resource, audit: $audit, is_sent: kinds!(@$sent) }),+]
    };
    (@sent) => { true };
    (@unsent) => { false };
}

/// Every documented event. Those of referrals and migration schedules come with what brings them about;
/// full delegation is never granted anew (DAP-002), so its approval is never told either.
pub const KINDS: &[Kind] = kinds! {
    "test-created" Some("test"), None, sent;
    "subscription-updated" Some("subscription"), Some("/v1/auditrecords"), sent;
    "usagerecords-thresholdExceeded" Some("usagerecords"), None, sent;
    "invoice-ready" Some("invoice"), None, sent;
    "reseller-relationship-accepted-by-customer" Some("Customer"), Some("/auditactivity/v1/auditrecords"), sent;
    "dap-admin-relationship-approved" Some("PartnerCustomerDap"), None, unsent;
    "dap-admin-relationship-terminated" Some("PartnerCustomerDap"), None, sent;
    "dap-admin-relationship-terminated-by-microsoft" Some("PartnerCustomerDap"), None, sent;
    "granular-admin-relationship-approved" Some("GranularAdminRelationship"), None, sent;
    "granular-admin-relationship-activated" Some("GranularAdminRelationship"), None, sent;
    "granular-admin-relationship-terminated" Some("GranularAdminRelationship"), None, sent;
    "granular-admin-relationship-expired" Some("GranularAdminRelationship"), None, sent;
    "granular-admin-access-assignment-created" Some("GranularAdminAccessAssignment"), None, sent;
    "granular-admin-access-assignment-activated" Some("GranularAdminAccessAssignment"), None, sent;
    "granular-admin-access-assignment-updated" Some("GranularAdminAccessAssignment"), None, sent;
    "granular-admin-access-assignment-deleted" Some("GranularAdminAccessAssignment"), None, sent;
    "azure-fraud-event-detected" None, None, sent;
    "referral-created" Some("referral"), None, unsent;
    "referral-updated" Some("referral"), None, unsent;
    "related-referral-created" Some("referral"), None, unsent;
    "related-referral-updated" Some("referral"), None, unsent;
    "new-commerce-migration-created" Some("NewCommerceMigration"), None, unsent;
    "new-commerce-migration-completed" Some("NewCommerceMigration"), None, unsent;
    "new-commerce-migration-failed" Some("NewCommerceMigration"), None, unsent;
    "new-commerce-migration-schedule-failed" Some("NewCommerceMigrationSchedule"), None, unsent;
};

/// An event by its name.
#[must_use]
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS
        .iter()
        .find(|kind| kind.name.eq_ignore_ascii_case(name))
}

/// What a change is called outside, and where to read more.
fn told(verb: &str, old: Option<&Thing>, new: &Thing) -> Vec<(&'static str, Option<String>)> {
    let customer = new.customer.map(|id| id.to_string()).unwrap_or_default();
    let of_rights = || Some(format!("/granularAdminRelationships/{}", new.id));
    let of_group = || {
        let rights = new.look.get("granular_admin_relationship");
        let rights = rights.and_then(Json::as_str).unwrap_or_default();
        let group = &new.id;
        Some(format!(
            "/granularAdminRelationships/{rights}/accessAssignments/{group}"
        ))
    };
    let was_delegated = old
        .and_then(|old| old.look.get("allow_delegated_access"))
        .and_then(Json::as_bool)
        .unwrap_or_default();
    let was_held = old
        .and_then(|old| old.look.get("state"))
        .is_some_and(|state| state != "deleted");
    match verb {
        "accept_relationship" => vec![(
            "reseller-relationship-accepted-by-customer",
            Some(format!("/v1/customers/{customer}")),
        )],
        "remove_relationship" | "end_delegation" if was_delegated => {
            vec![("dap-admin-relationship-terminated", None)]
        }
        "delegation_converted" => vec![("dap-admin-relationship-terminated-by-microsoft", None)],
        "approve_admin" => vec![("granular-admin-relationship-approved", of_rights())],
        "admin_active" => vec![("granular-admin-relationship-activated", of_rights())],
        "admin_expired" => vec![("granular-admin-relationship-expired", of_rights())],
        "admin_terminated" => vec![("granular-admin-relationship-terminated", of_rights())],
        "assign_roles" if !was_held => {
            vec![("granular-admin-access-assignment-created", of_group())]
        }
        "assignment_active" => vec![("granular-admin-access-assignment-activated", of_group())],
        "assignment_updated" => vec![("granular-admin-access-assignment-updated", of_group())],
        "assignment_deleted" => vec![("granular-admin-access-assignment-deleted", of_group())],
        "invoice_ready" => vec![("invoice-ready", Some(format!("/v1/invoices/{}", new.id)))],
        // What is seen again has been told.
        "report_fraud" if new.look.get("version").and_then(Json::as_i64) == Some(1) => {
            let of = &new.id;
            let path = format!("/v1/fraudEvents?SubscriptionId={of}&EventStatus=Active");
            vec![("azure-fraud-event-detected", Some(path))]
        }
        "budget_exceeded" => vec![(
            "usagerecords-thresholdExceeded",
            Some("/v1/customers/usagerecords".to_owned()),
        )],
        verb if crate::audit::OPERATIONS
            .iter()
            .chain(crate::audit::BY_DATE)
            .any(|known| known.verb == verb && known.noun == Noun::Subscription) =>
        {
            let path = format!("/webhooks/v1/customers/{customer}/subscriptions/{}", new.id);
            vec![("subscription-updated", Some(path))]
        }
        _ => Vec::new(),
    }
}

/// Puts into the outbox what a change means to those who asked for it: in its own transaction, so that it is told if and
/// only if it happened.
///
/// # Errors
/// When the store fails.
pub(crate) async fn tell(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    verb: &str,
    event: Uuid,
    (old, new): (Option<&Thing>, &Thing),
) -> Result<(), AppError> {
    let told = told(verb, old, new);
    if told.is_empty() {
        return Ok(());
    }
    for tenant in concerned(tx, verb, new).await? {
        let key = [Value::Id(tenant.uuid())];
        let Some(registration) = tx.get::<Registration>(&key).await? else {
            continue;
        };
        for (name, path) in &told {
            if !registration.events.0.iter().any(|wanted| wanted == name) {
                continue;
            }
            let id = Ids::named("webhook", &format!("{event} {tenant} {name}"), ctx.now).uuid();
            let audit = kind(name).and_then(|kind| kind.audit).map(|_| event);
            let row = fresh(ctx, &registration, id, name, path.clone(), audit);
            tx.insert(&row).await?;
        }
    }
    Ok(())
}

/// The tenants whose owners a change concerns; a budget concerns every partner of the customer.
async fn concerned(
    tx: &mut Tx<'_>,
    verb: &str,
    thing: &Thing,
) -> Result<Vec<Id<Tenant>>, AppError> {
    let mut owners = thing.owners.clone();
    if let ("budget_exceeded", Some(customer)) = (verb, thing.customer) {
        let key = [Value::Id(customer.uuid())];
        let ties = tx
            .find::<Relationship>(tables::relationships::BY_CUSTOMER, &key)
            .await?;
        let active = ties
            .into_iter()
            .filter(|tie| tie.state == tierline_domain::customer::RelationshipState::Active);
        owners.extend(active.map(|tie| tie.partner));
    }
    let mut tenants = Vec::with_capacity(owners.len());
    for owner in owners {
        tenants.push(
            names::seen::<tierline_domain::partner::Account, _>(tx, owner)
                .await?
                .tenant,
        );
    }
    Ok(tenants)
}

/// A delivery that was never tried.
pub(crate) fn fresh(
    ctx: &Ctx,
    registration: &Registration,
    id: Uuid,
    name: &str,
    resource_path: Option<String>,
    audit: Option<Uuid>,
) -> Delivery {
    Delivery {
        id,
        tenant: registration.tenant,
        event_name: name.to_owned(),
        resource_path,
        audit,
        changed: ctx.now,
        url: registration.url.clone(),
        created: ctx.server_now,
        state: WAITING.to_owned(),
        attempts: 0,
        due: ctx.server_now,
        claimed_until: Timestamp::EPOCH,
        claimed_by: None,
        ended: None,
    }
}

/// So many seconds after an instant.
fn later(now: Timestamp, seconds: i64) -> Timestamp {
    let micros = seconds.saturating_mul(1_000_000);
    Timestamp::from_micros(now.as_micros().saturating_add(micros)).unwrap_or(now)
}

/// When the next attempt is due after so many in vain.
#[must_use]
pub fn next_due(now: Timestamp, attempts: i64) -> Timestamp {
    let doublings = u32::try_from(attempts.saturating_sub(1).clamp(0, ATTEMPTS_MAX)).unwrap_or(0);
    later(
        now,
        PAUSE_SECONDS.saturating_mul(2_i64.saturating_pow(doublings)),
    )
}

/// Something to tell, with where it goes now.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// What.
    pub delivery: Delivery,
    /// Where to, and how; absent where the partner has no registration any more.
    pub registration: Option<Registration>,
}

/// Claims what is due.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    /// Who claims: a number of its own for each worker.
    pub worker: Uuid,
    /// Now, by the server's clock.
    pub now: Timestamp,
    /// How many at most.
    pub count: usize,
}

impl Command for Claim {
    type Out = Vec<Claimed>;
    type Error = AppError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Vec<Claimed>, AppError> {
        let look = [Value::Instant(self.now), Value::Int(LOOK_MAX)];
        let due = tx.find::<Delivery>(webhook_deliveries::DUE, &look).await?;
        let mut claimed: Vec<Claimed> = Vec::with_capacity(self.count);
        for delivery in due {
            let of_tenant = claimed
                .iter()
                .filter(|other| other.delivery.tenant == delivery.tenant);
            if of_tenant.count() >= EACH_MAX {
                continue;
            }
            let key = [
                Value::Instant(later(self.now, CLAIM_SECONDS)),
                Value::Id(self.worker),
                Value::Id(delivery.id),
                Value::Instant(self.now),
            ];
            if tx.execute(webhooks::CLAIM, &key).await? == 1 {
                let tenant = [Value::Id(delivery.tenant.uuid())];
                let registration = tx.get::<Registration>(&tenant).await?;
                claimed.push(Claimed {
                    delivery,
                    registration,
                });
            }
            if claimed.len() >= self.count {
                break;
            }
        }
        Ok(claimed)
    }
}

/// How an attempt went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// It was taken.
    pub is_taken: bool,
    /// The name of the answer's status, or of what went wrong.
    pub code: String,
    /// More of it.
    pub message: String,
    /// There was no answer at all.
    pub system_error: bool,
}

/// Writes down how an attempt went: done, or again later, or parked.
#[derive(Clone, Debug)]
pub struct Settle {
    /// Who tried.
    pub worker: Uuid,
    /// When it ended, by the server's clock.
    pub now: Timestamp,
    /// What was tried.
    pub delivery: Delivery,
    /// Where it went.
    pub url: String,
    /// How it went.
    pub result: Told,
}

impl Command for Settle {
    type Out = bool;
    type Error = AppError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<bool, AppError> {
        let attempts = self.delivery.attempts.saturating_add(1);
        let (state, ended) = if self.result.is_taken {
            (DELIVERED, Some(self.now))
        } else if attempts >= ATTEMPTS_MAX {
            (PARKED, Some(self.now))
        } else {
            (WAITING, None)
        };
        let values = tierline_store::params![
            *state,
            attempts,
            next_due(self.now, attempts),
            ended,
            self.url,
            Timestamp::EPOCH,
            self.delivery.id,
            self.worker
        ];
        // A claim that ran out is somebody else's now, and so is the count of attempts.
        if tx.execute(webhooks::SETTLE, &values).await? == 0 {
            return Ok(false);
        }
        let before = attempts_of(tx, self.delivery.id).await?;
        tx.insert(&Attempt {
            delivery: self.delivery.id,
            number: before
                .last()
                .map_or(1, |last| last.number.saturating_add(1)),
            at_server: self.now,
            code: self.result.code.clone(),
            message: self.result.message.clone(),
            system_error: self.result.system_error,
        })
        .await?;
        Ok(true)
    }
}

/// The attempts of a delivery, in order.
///
/// # Errors
/// When the store fails.
pub async fn attempts_of(tx: &mut Tx<'_>, delivery: Uuid) -> Result<Vec<Attempt>, StoreError> {
    tx.find(webhook_attempts::OF_DELIVERY, &[Value::Id(delivery)])
        .await
}

/// Forgets what was delivered long ago. What is parked stays until somebody replays it.
#[derive(Clone, Copy, Debug)]
pub struct Forget {
    /// Now, by the server's clock.
    pub now: Timestamp,
}

impl Command for Forget {
    type Out = u64;
    type Error = AppError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<u64, AppError> {
        let before = [Value::Instant(horizon(self.now))];
        tx.execute(webhooks::FORGET_ATTEMPTS, &before).await?;
        Ok(tx.execute(webhooks::FORGET, &before).await?)
    }
}

/// The instant before which what was delivered is forgotten.
#[must_use]
pub fn horizon(now: Timestamp) -> Timestamp {
    now.plus_hours(KEPT_DAYS.saturating_mul(-24))
}

/// Whether anything is due.
///
/// # Errors
/// When the store fails.
pub async fn is_due(tx: &mut Tx<'_>, now: Timestamp) -> Result<bool, AppError> {
    let look = [Value::Instant(now), Value::Int(1)];
    let due = tx.find::<Delivery>(webhook_deliveries::DUE, &look).await?;
    Ok(!due.is_empty())
}

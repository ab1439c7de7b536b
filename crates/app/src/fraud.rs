//! Alerts of fraud: the operator reports what it detected, and the partner that is liable says what it was (SEC-015, SEC-018).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tierline_domain::fraud::{FraudEvent, FraudKind, FraudReason, FraudStatus, FraudStep, Level};
use tierline_domain::id::Id;
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::subscription::Subscription;
use tierline_domain::support::{ServiceRequest, Topic};
use tierline_domain::time::{Date, Timestamp};
use tierline_rules::Checkpoint;
use tierline_rules::facts::Facts;
use tierline_store::tables::{fraud_events, service_requests, subscriptions};
use tierline_store::{Tx, Value};

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::service_requests::{numbered, signs_in};
use crate::{facts, fields, names, standing};

/// What an alert is called where there is none.
pub const EVENT: &str = "fraud event";
/// Most letters of a title, and of what names a resource.
const TITLE_MAX: usize = 250;
/// Most letters of a description.
const TEXT_MAX: usize = 10_000;
/// Most details of an alert.
const DETAILS_MAX: usize = 50;

/// Report fraud that was detected in a subscription; for the operator. The same on the same resource, as long as nobody has
/// resolved it, is one alert that was seen again.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportFraud {
    /// In which subscription.
    pub subscription: String,
    /// What was detected.
    pub kind: FraudKind,
    /// Names it; its id by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// In few words; what was detected by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// In many.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// How much it weighs.
    #[serde(default = "medium")]
    pub severity: Level,
    /// How sure it is.
    #[serde(default = "high")]
    pub confidence: Level,
    /// The resource that was used.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub resource: String,
    /// Its type.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub resource_type: String,
    /// The group that it is in.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub resource_group: String,
    /// What else was seen, each under its name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub details: BTreeMap<String, String>,
    /// When it happened; now by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurred: Option<Timestamp>,
    /// How often.
    #[serde(default = "once")]
    pub hits: i64,
    /// A trial of the alarm.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub test: bool,
}

const fn medium() -> Level {
    Level::Medium
}

const fn high() -> Level {
    Level::High
}

const fn once() -> i64 {
    1
}

/// Say what became of alerts of one subscription.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateFraudEvents {
    /// The subscription.
    pub subscription: String,
    /// Which of its alerts; all of them where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<String>,
    /// How far they are now.
    pub status: FraudStatus,
    /// What they turned out to be; needed where they are resolved, and none otherwise.
    #[serde(default = "unknown")]
    pub reason: FraudReason,
}

const fn unknown() -> FraudReason {
    FraudReason::None
}

impl ReportFraud {
    /// When it happened.
    fn occurred(&self, now: Timestamp) -> Result<Timestamp, AppError> {
        match self.occurred {
            Some(at) if at > now => {
                let problem = format!("is later than now, {now}");
                Err(AppError::invalid("occurred", problem))
            }
            at => Ok(at.unwrap_or(now)),
        }
    }

    fn hits(&self) -> Result<i64, AppError> {
        match self.hits {
            1..=1_000_000_000 => Ok(self.hits),
            _ => Err(AppError::invalid("hits", "is from 1 to 1000000000")),
        }
    }

    fn details(&self) -> Result<BTreeMap<String, String>, AppError> {
        if self.details.len() > DETAILS_MAX {
            let problem = format!("are more than {DETAILS_MAX}");
            return Err(AppError::invalid("details", problem));
        }
        let details = self.details.iter().map(|(name, value)| {
            let name = fields::said("details", name, TITLE_MAX)?;
            Ok((name, fields::bounded("details", value, TEXT_MAX)?))
        });
        details.collect()
    }

    /// The alert of the same that nobody has resolved, of the partner that is liable now.
    async fn standing(
        &self,
        tx: &mut Tx<'_>,
        subscription: &Subscription,
        liable: Id<Account>,
    ) -> Result<Option<FraudEvent>, AppError> {
        let seen = of_subscription(tx, subscription).await?;
        Ok(seen.into_iter().find(|event| {
            event.kind == self.kind
                && event.resource == self.resource.trim()
                && event.is_test == self.test
                && event.partner == liable
                && event.status != FraudStatus::Resolved
        }))
    }
}

/// Alerts of a subscription, the latest first.
async fn of_subscription(
    tx: &mut Tx<'_>,
    subscription: &Subscription,
) -> Result<Vec<FraudEvent>, AppError> {
    let key = [Value::Id(subscription.id.uuid())];
    Ok(tx.find(fraud_events::OF_SUBSCRIPTION, &key).await?)
}

/// The partner that is billed for a subscription, and liable for what happens in it.
async fn liable(tx: &mut Tx<'_>, subscription: &Subscription) -> Result<Account, AppError> {
    match subscription.seller {
        Some(seller) => names::by_id(tx, seller).await,
        None => {
            let problem = "was bought of the operator; no partner is liable for it";
            Err(AppError::invalid("subscription", problem))
        }
    }
}

/// What an alert is called where nobody gave it a title: its kind in words.
pub(crate) fn title_of(kind: FraudKind) -> String {
    let words = kind.as_str().replace('_', " ");
    let mut letters = words.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

fn told(event: &FraudEvent) -> Json {
    json!({ "fraud_event": event.handle, "status": event.status, "hits": event.hits })
}

impl UseCase for ReportFraud {
    type Out = Json;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::Operate
    }

    fn subject(&self) -> String {
        self.subscription.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        standing::operator(acting)?;
        names::the_subscription(tx, &self.subscription).await?;
        facts::begin(tx, ctx, acting, Checkpoint::Operate).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        _acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Json, AppError> {
        let subscription = names::the_subscription(tx, &self.subscription).await?;
        let partner = liable(tx, &subscription).await?;
        let (occurred, hits) = (self.occurred(ctx.now)?, self.hits()?);
        if let Some(mut event) = self.standing(tx, &subscription, partner.id).await? {
            event.hits = event.hits.saturating_add(hits);
            event.first_occurrence = event.first_occurrence.min(occurred);
            event.last_occurrence = event.last_occurrence.max(occurred);
            event.last_observed = ctx.now;
            event.version = event.version.saturating_add(1);
            tx.put(&event).await?;
            return Ok(told(&event));
        }
        let id: Id<FraudEvent> = ctx.ids().next();
        let handle = match &self.id {
            Some(name) => {
                numbered(name)?;
                let taken = names::fraud_event(tx, name).await?.is_some();
                fields::free("id", name, taken)?;
                name.clone()
            }
            None => id.to_string(),
        };
        let event = FraudEvent {
            id,
            handle,
            subscription: subscription.id,
            customer: subscription.customer,
            partner: partner.id,
            kind: self.kind,
            severity: self.severity,
            confidence: self.confidence,
            title: match &self.title {
                Some(title) => fields::said("title", title, TITLE_MAX)?,
                None => title_of(self.kind),
            },
            description: fields::bounded("description", &self.description, TEXT_MAX)?,
            resource: fields::bounded("resource", &self.resource, TITLE_MAX)?,
            resource_type: fields::bounded("resource_type", &self.resource_type, TITLE_MAX)?,
            resource_group: fields::bounded("resource_group", &self.resource_group, TITLE_MAX)?,
            details: self.details()?,
            is_test: self.test,
            hits,
            first_occurrence: occurred,
            last_occurrence: occurred,
            first_observed: ctx.now,
            last_observed: ctx.now,
            status: FraudStatus::Active,
            reason: FraudReason::None,
            resolved: None,
            resolved_by: String::new(),
            steps: Vec::new(),
            version: 1,
        };
        tx.insert(&event).await?;
        Ok(told(&event))
    }
}

impl UpdateFraudEvents {
    /// The partner's subscription; another one does not exist.
    async fn subscription(
        &self,
        acting: &Acting,
        tx: &mut Tx<'_>,
    ) -> Result<Subscription, AppError> {
        let own = acting.partner()?.id;
        let found = names::subscription(tx, &self.subscription).await?;
        let seen = match found {
            Some(row) if row.seller == Some(own) => Some(row),
            // What was sold on since is answered for by whoever was liable then.
            Some(row) => {
                let events = of_subscription(tx, &row).await?;
                Some(row).filter(|_| events.iter().any(|event| event.partner == own))
            }
            None => None,
        };
        seen.ok_or_else(|| AppError::missing("subscription", &self.subscription))
    }

    fn resolution(&self) -> Result<(), AppError> {
        match (self.status, self.reason) {
            (FraudStatus::Resolved, FraudReason::None) => Err(AppError::invalid(
                "reason",
                "is fraud or ignore where an alert is resolved",
            )),
            (FraudStatus::Active | FraudStatus::Investigating, FraudReason::None)
            | (FraudStatus::Resolved, _) => Ok(()),
            _ => Err(AppError::invalid(
                "reason",
                "is none as long as an alert is not resolved",
            )),
        }
    }

    /// Which alerts are meant, the latest first.
    async fn meant(&self, acting: &Acting, tx: &mut Tx<'_>) -> Result<Vec<FraudEvent>, AppError> {
        self.resolution()?;
        let subscription = self.subscription(acting, tx).await?;
        let own = acting.partner()?.id;
        let mut events = of_subscription(tx, &subscription).await?;
        events.retain(|event| event.partner == own);
        for name in &self.events {
            if !events.iter().any(|event| is_called(event, name)) {
                return Err(AppError::missing(EVENT, name));
            }
        }
        if !self.events.is_empty() {
            events.retain(|event| self.events.iter().any(|name| is_called(event, name)));
        }
        Ok(events)
    }
}

/// Whether an alert is meant by a name: its short name, its id, or its subscription's and its own in one, as the wire has them.
fn is_called(event: &FraudEvent, name: &str) -> bool {
    let own = name.rsplit_once('_').map_or(name, |(_, own)| own);
    event.handle == name || event.id.to_string().eq_ignore_ascii_case(own)
}

impl UseCase for UpdateFraudEvents {
    type Out = Json;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::UpdateFraudEvents
    }

    fn subject(&self) -> String {
        self.subscription.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        self.meant(acting, tx).await?;
        facts::begin(tx, ctx, acting, Checkpoint::UpdateFraudEvents).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Json, AppError> {
        let by = signs_in(&acting.caller, acting.user.as_deref());
        let mut meant = Vec::new();
        for mut event in self.meant(acting, tx).await? {
            meant.push(event.handle.clone());
            if event.status == self.status && event.reason == self.reason {
                continue;
            }
            if event.status != self.status {
                event.steps.push(FraudStep {
                    from: event.status,
                    to: self.status,
                    by: by.clone(),
                    at: ctx.now,
                });
            }
            let is_resolved = self.status == FraudStatus::Resolved;
            event.status = self.status;
            event.reason = self.reason;
            event.resolved = is_resolved.then_some(ctx.now);
            event.resolved_by = if is_resolved {
                by.clone()
            } else {
                String::new()
            };
            event.version = event.version.saturating_add(1);
            tx.put(&event).await?;
        }
        Ok(json!({ "fraud_events": meant, "status": self.status }))
    }
}

/// A customer for which a partner opens a case: one that it serves, or that it has sold something, or was told of. For anybody
/// else there is none, under the name that was given.
///
/// # Errors
/// When there is none, or the store fails.
pub(crate) async fn concerned(
    acting: &Acting,
    tx: &mut Tx<'_>,
    name: &str,
) -> Result<Tenant, AppError> {
    let missing = || AppError::missing("customer", name);
    let partner = acting.partner()?.id;
    let customer = names::tenant(tx, name).await?.ok_or_else(missing)?;
    if facts::serves(tx, partner, customer.id).await? {
        return Ok(customer);
    }
    let key = [Value::Id(customer.id.uuid())];
    let sold = tx.find::<Subscription>(subscriptions::BY_CUSTOMER, &key);
    let sold = sold.await?.iter().any(|row| row.seller == Some(partner));
    let told = first_use(tx, customer.id, partner).await?.is_some();
    if sold || told {
        Ok(customer)
    } else {
        Err(missing())
    }
}

/// The first use of a customer's subscriptions for which a partner is liable that may have been fraudulent. Of trials, and of
/// what was no fraud, it is not spoken.
async fn first_use(
    tx: &mut Tx<'_>,
    customer: Id<Tenant>,
    partner: Id<Account>,
) -> Result<Option<Date>, AppError> {
    let key = [Value::Id(customer.uuid()), Value::Id(partner.uuid())];
    let first = tx.find::<FraudEvent>(fraud_events::FIRST_USE, &key).await?;
    Ok(first.first().map(|event| event.first_occurrence.date()))
}

/// What the credit after fraud that a partner asks for rests on: the first fraudulent use, and whether one was asked for the
/// customer before (SEC-018); for nobody in particular, whether the partner asked for such a one. What was reported earlier than
/// the day that is given counts; where nothing is, it is today.
///
/// # Errors
/// When the day is still to come, or the store fails.
pub(crate) async fn credit(
    ctx: &Ctx,
    acting: &Acting,
    tx: &mut Tx<'_>,
    (customer, given): (Option<&Tenant>, Option<Date>),
    found: &mut Facts,
) -> Result<(), AppError> {
    let today = ctx.now.date();
    if given.is_some_and(|given| given > today) {
        return Err(AppError::invalid("first_use", "is later than today"));
    }
    let partner = acting.partner()?.id;
    let topic = Value::Text(Topic::FRAUD_CREDIT.to_owned());
    let (statement, whose, reported) = match customer {
        Some(customer) => {
            let reported = first_use(tx, customer.id, partner).await?;
            let of = customer.id.uuid();
            (service_requests::FIRST_OF_TOPIC, of, reported)
        }
        None => (service_requests::FIRST_OF_NOBODY, partner.uuid(), None),
    };
    let key = [Value::Id(whose), topic];
    let asked = tx.find::<ServiceRequest>(statement, &key).await?;
    found.form.credit_asked = asked.first().map(|asked| asked.opened.date());
    let first = given.into_iter().chain(reported).min();
    found.form.first_use = Some(first.unwrap_or(today));
    Ok(())
}

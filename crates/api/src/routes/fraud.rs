//! Alerts of fraud: on the documented wire, in both of its models, and as the portal reads them.

use std::collections::BTreeMap;

use axum::extract::Path;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tierline_app::overview::Viewer;
use tierline_app::{AppError, facts, fraud, names};
use tierline_domain::catalog::{Generation, Item};
use tierline_domain::fraud::{FraudEvent, FraudKind, FraudReason, FraudStatus};
use tierline_domain::partner::{Account, Organization, PartnerType, Tenant};
use tierline_domain::subscription::Subscription;
use tierline_domain::time::Timestamp;
use tierline_store::tables::fraud_events as rows;
use tierline_store::{Tx, Value as Stored};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::Json;
use crate::call::Call;
use crate::ours::{OwnCall, Strict};
use crate::problem::Problem;
use crate::route::{self, Route};
use crate::wire::people::{invalid, must, spelled};
use crate::wire::seek;

/// The header that asks for the newer model.
const NEW_MODEL: &str = "x-neweventsmodel";
/// Most alerts of a page, and as many as one holds where no number is asked for.
const PAGE_MAX: usize = 1_000;
/// Most alerts of a page of ours.
const OWN_PAGE_MAX: usize = 200;
/// An instant that has not come.
const NEVER: &str = "9999-12-31T23:59:59.997Z";
/// What our lists are narrowed to.
const STATUSES: [&str; 3] = ["active", "investigating", "resolved"];

pub(super) fn routes() -> Vec<Route> {
    let [listed, updated] = [
        "security.rs alerts_of_fraud_are_listed_in_both_models",
        "security.rs alerts_of_fraud_are_resolved_with_a_reason",
    ];
    let ok = StatusCode::OK;
    vec![
        route::get(
            "/v1/fraudEvents",
            "Alerts of fraud in subscriptions that the partner sold, the latest first; with X-NewEventsModel: true in their newer form.",
            list,
        )
        .query("EventStatus", "Active, Investigating or Resolved.")
        .query("SubscriptionId", "Only those of a subscription.")
        .query("EventType", "Only those of one kind, such as UsageAnomalyDetection.")
        .query("PageSize", "Most alerts of the page; 1000 at most.")
        .query("PageNumber", "Which page, from 1.")
        .answers::<Vec<FraudEventResource>>(ok)
        .shows("fraud-events-list", listed)
        .shows("fraud-events-list-new-model", listed),
        route::post(
            "/v1/fraudEvents/subscription/{subscription-id}/status",
            "Say what became of alerts of a subscription: of those that are named, or of all.",
            update,
        )
        .takes::<StatusGiven>()
        .answers::<Vec<FraudEventResource>>(ok)
        .shows("fraud-events-status-update", updated),
        route::get(
            "/program/v1/fraud-events",
            "Alerts of fraud, the latest first: those of what a partner sold, of a reseller's customers, or all of them for the operator.",
            own_list,
        )
        .query("status", "active, investigating or resolved.")
        .query("count", "Most alerts of the page, 1 to 200; 50 without it.")
        .query("after", "The `next` of the page before.")
        .answers::<FraudPage>(ok),
        route::get(
            "/program/v1/fraud-events/{id}",
            "An alert of fraud.",
            own_single,
        )
        .answers::<FraudView>(ok),
    ]
}

/// A resource that was used.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AffectedResource {
    azure_resource_id: String,
    #[serde(rename = "type")]
    kind: String,
}

/// What the newer model adds; nothing in the older one.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NewerPart {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    event_type: Option<String>,
    /// Low, Medium or High.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    severity: Option<String>,
    /// low, medium or high.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    confidence_level: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    display_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    country: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    /// Empty where no reseller is of record.
    value_added_reseller_tenant_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    value_added_reseller_friendly_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    subscription_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    affected_resources: Option<Vec<AffectedResource>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    additional_details: Option<BTreeMap<String, String>>,
    /// `true` or `false`, as a text.
    #[serde(rename = "IsTest", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    is_test: Option<String>,
    /// Each change of its status: a JSON array, as a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    activity_logs: Option<String>,
}

/// An alert of fraud.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct FraudEventResource {
    /// When it was reported last.
    #[schema(value_type = String, format = DateTime)]
    event_time: Timestamp,
    /// The subscription's id and its own.
    event_id: String,
    partner_tenant_id: String,
    partner_friendly_name: String,
    customer_tenant_id: String,
    customer_friendly_name: String,
    subscription_id: String,
    /// `modern` or `legacy`.
    subscription_type: &'static str,
    entity_id: String,
    entity_name: String,
    entity_url: String,
    /// How often it was seen, as a text.
    hit_count: String,
    catalog_offer_id: String,
    /// Active, Investigating or Resolved.
    event_status: String,
    service_name: String,
    resource_name: String,
    resource_group_name: String,
    #[schema(value_type = String, format = DateTime)]
    first_occurrence: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    last_occurrence: Timestamp,
    /// None, Fraud or Ignore.
    resolved_reason: String,
    /// The last instant of all where nobody has.
    #[schema(format = DateTime)]
    resolved_on: String,
    resolved_by: String,
    #[schema(value_type = String, format = DateTime)]
    first_observed: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    last_observed: Timestamp,
    #[serde(flatten)]
    newer: NewerPart,
}

/// What became of alerts.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
struct StatusGiven {
    /// Which; all of the subscription's where none is named.
    event_ids: Vec<String>,
    /// Active, Investigating or Resolved.
    event_status: Option<String>,
    /// Fraud or Ignore, where they are resolved.
    resolved_reason: Option<String>,
}

/// A word of ours with capitals, as the wire has it.
fn capital(word: &str) -> String {
    let word = spelled(word);
    let mut letters = word.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

/// The word that a text of the wire means: in any case, with or without separators.
fn meant<T: Copy>(all: &[T], word: impl Fn(T) -> &'static str, text: &str) -> Option<T> {
    let plain = |text: &str| -> String {
        let letters = text.chars().filter(|letter| letter.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    let wanted = plain(text);
    all.iter().copied().find(|one| plain(word(*one)) == wanted)
}

fn status_of(text: &str) -> Result<FraudStatus, Problem> {
    // An earlier edition of the documentation had it in another form.
    if text.trim().eq_ignore_ascii_case("resolve") {
        return Ok(FraudStatus::Resolved);
    }
    meant(FraudStatus::ALL, FraudStatus::as_str, text)
        .ok_or_else(|| invalid("EventStatus", "is Active, Investigating or Resolved"))
}

fn kind_of(text: &str) -> Result<FraudKind, Problem> {
    meant(FraudKind::ALL, FraudKind::as_str, text).ok_or_else(|| {
        let kinds = FraudKind::ALL.iter().map(|kind| capital(kind.as_str()));
        let kinds: Vec<String> = kinds.collect();
        invalid("EventType", &format!("is one of {}", kinds.join(", ")))
    })
}

fn reason_of(text: &str) -> Result<FraudReason, Problem> {
    meant(FraudReason::ALL, FraudReason::as_str, text)
        .ok_or_else(|| invalid("ResolvedReason", "is Fraud or Ignore"))
}

/// Everything that is told of an alert.
struct Told {
    event: FraudEvent,
    partner: (Account, Organization),
    customer: (Tenant, Organization),
    reseller: Option<(Account, Organization)>,
    subscription: Subscription,
    item: Item,
}

async fn company_of(
    tx: &mut Tx<'_>,
    account: Account,
) -> Result<(Account, Organization), AppError> {
    let company = names::by_id(tx, account.organization).await?;
    Ok((account, company))
}

impl Told {
    async fn of(tx: &mut Tx<'_>, event: FraudEvent) -> Result<Self, AppError> {
        let partner = names::account_by_id(tx, event.partner).await?;
        let customer: Tenant = names::by_id(tx, event.customer).await?;
        let company = names::by_id(tx, customer.organization).await?;
        let subscription: Subscription = names::by_id(tx, event.subscription).await?;
        let reseller = match subscription.partner_of_record {
            Some(reseller) if reseller != event.partner => {
                let reseller = names::account_by_id(tx, reseller).await?;
                Some(company_of(tx, reseller).await?)
            }
            _ => None,
        };
        Ok(Self {
            partner: company_of(tx, partner).await?,
            customer: (customer, company),
            reseller,
            item: names::by_id(tx, subscription.item).await?,
            subscription,
            event,
        })
    }

    /// What the newer model adds.
    fn newer(&self) -> NewerPart {
        let event = &self.event;
        let steps: Vec<Value> = event
            .steps
            .iter()
            .map(|step| {
                json!({
                    "statusFrom": capital(step.from.as_str()), "statusTo": capital(step.to.as_str()),
                    "updatedBy": step.by, "dateTime": step.at,
                })
            })
            .collect();
        let resource = (!event.resource.is_empty()).then(|| AffectedResource {
            azure_resource_id: event.resource.clone(),
            kind: event.resource_type.clone(),
        });
        let reseller = self.reseller.as_ref();
        let reseller = reseller
            .map(|(reseller, company)| (reseller.tenant.to_string(), company.name.clone()))
            .unwrap_or_default();
        NewerPart {
            event_type: Some(capital(event.kind.as_str())),
            severity: Some(capital(event.severity.as_str())),
            confidence_level: Some(event.confidence.as_str()),
            display_name: Some(event.title.clone()),
            description: Some(event.description.clone()),
            country: Some(self.customer.0.country.to_string()),
            value_added_reseller_tenant_id: Some(reseller.0),
            value_added_reseller_friendly_name: Some(reseller.1),
            subscription_name: Some(self.name()),
            affected_resources: Some(resource.into_iter().collect()),
            additional_details: Some(event.details.clone()),
            is_test: Some(event.is_test.to_string()),
            activity_logs: Some(Value::Array(steps).to_string()),
        }
    }

    /// What the subscription is called.
    fn name(&self) -> String {
        let own = self.subscription.friendly_name.clone();
        own.unwrap_or_else(|| self.item.title.clone())
    }

    fn resource(self, is_newer: bool) -> FraudEventResource {
        let newer = if is_newer {
            self.newer()
        } else {
            NewerPart::default()
        };
        let name = self.name();
        let event = self.event;
        let entity = match event.resource.as_str() {
            "" => name,
            resource => resource.to_owned(),
        };
        let resolved = event.resolved.map(|at| at.to_string());
        FraudEventResource {
            event_time: event.last_observed,
            event_id: format!("{}_{}", event.subscription, event.id),
            partner_tenant_id: self.partner.0.tenant.to_string(),
            partner_friendly_name: self.partner.1.name,
            customer_tenant_id: event.customer.to_string(),
            customer_friendly_name: self.customer.1.name,
            subscription_id: event.subscription.to_string(),
            subscription_type: match self.item.generation {
                Generation::NewCommerce => "modern",
                Generation::Traditional => "legacy",
            },
            entity_id: event.id.to_string(),
            entity_name: entity,
            entity_url: event.resource.clone(),
            hit_count: event.hits.to_string(),
            catalog_offer_id: self.item.catalogue_id,
            event_status: capital(event.status.as_str()),
            service_name: event.resource_type,
            resource_name: event.resource,
            resource_group_name: event.resource_group,
            first_occurrence: event.first_occurrence,
            last_occurrence: event.last_occurrence,
            resolved_reason: capital(event.reason.as_str()),
            resolved_on: resolved.unwrap_or_else(|| NEVER.to_owned()),
            resolved_by: event.resolved_by,
            first_observed: event.first_observed,
            last_observed: event.last_observed,
            newer,
        }
    }
}

fn is_newer(call: &Call) -> bool {
    let asked = call.headers.get(NEW_MODEL);
    let asked = asked.and_then(|value| value.to_str().ok());
    asked.is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
}

async fn list(call: Call) -> Result<Json<Vec<FraudEventResource>>, Problem> {
    let status = call.query.get("EventStatus").map(status_of).transpose()?;
    let kind = call.query.get("EventType").map(kind_of).transpose()?;
    let subscription = call.query.get("SubscriptionId").map(|text| {
        let id = text.trim().parse::<Uuid>();
        id.map_err(|_| invalid("SubscriptionId", "is a GUID"))
    });
    let subscription = subscription.transpose()?;
    let size = match call.query.number("PageSize")? {
        None | Some(0) => PAGE_MAX,
        Some(size) if size <= PAGE_MAX => size,
        Some(_) => return Err(invalid("PageSize", &format!("is {PAGE_MAX} at most"))),
    };
    let number = call.query.number("PageNumber")?.unwrap_or(1).max(1);
    let offset = number.saturating_sub(1).saturating_mul(size);
    let mut key = vec![Stored::Id(call.account.id.uuid())];
    key.extend(subscription.map(Stored::Id));
    let words = [status.map(FraudStatus::as_str), kind.map(FraudKind::as_str)];
    key.extend(words.map(|word| Stored::Text(word.unwrap_or_default().to_owned())));
    key.extend([size, offset].map(|one| Stored::Int(i64::try_from(one).unwrap_or(i64::MAX))));
    let statement = match subscription {
        Some(_) => rows::OF_PARTNER_AND_SUBSCRIPTION,
        None => rows::OF_PARTNER,
    };
    let is_newer = is_newer(&call);
    let found = call.read(move |tx| {
        let key = key.clone();
        Box::pin(async move {
            let mut shown = Vec::new();
            for event in tx.scan::<FraudEvent>(statement, &key).await? {
                shown.push(Told::of(tx, event).await?.resource(is_newer));
            }
            Ok(shown)
        })
    });
    found.await.map(Json)
}

async fn update(
    Path(subscription): Path<String>,
    call: Call,
) -> Result<Json<Vec<FraudEventResource>>, Problem> {
    let given: StatusGiven = call.body()?;
    let status = status_of(&must("EventStatus", given.event_status.as_ref())?)?;
    let reason = given
        .resolved_reason
        .as_deref()
        .filter(|text| !text.trim().is_empty());
    let reason = reason
        .map(reason_of)
        .transpose()?
        .unwrap_or(FraudReason::None);
    if status == FraudStatus::Resolved && reason == FraudReason::None {
        return Err(invalid("ResolvedReason", "is Fraud or Ignore"));
    }
    // A reason that came along with another status says nothing.
    let reason = match status {
        FraudStatus::Resolved => reason,
        FraudStatus::Active | FraudStatus::Investigating => FraudReason::None,
    };
    let params = json!({
        "subscription": subscription, "events": given.event_ids, "status": status, "reason": reason,
    });
    let is_newer = is_newer(&call);
    let done = call.perform_and("update_fraud_events", params, move |tx, result| {
        Box::pin(async move {
            let events = result.get("fraud_events").and_then(Value::as_array);
            let mut shown = Vec::new();
            for name in events.into_iter().flatten().filter_map(Value::as_str) {
                let event = names::the_fraud_event(tx, name).await?;
                shown.push(Told::of(tx, event).await?.resource(is_newer));
            }
            Ok(shown)
        })
    });
    done.await.map(|(_, shown)| Json(shown))
}

/// A page of alerts.
#[derive(Debug, Serialize, ToSchema)]
struct FraudPage {
    items: Vec<FraudView>,
    /// Where the next page begins; the last page has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next: Option<String>,
}

/// An alert of fraud.
#[derive(Debug, Serialize, ToSchema)]
struct FraudView {
    /// Its name.
    id: String,
    /// Short name of the subscription.
    subscription: String,
    /// What the subscription is called.
    subscription_title: String,
    /// Short name of the customer.
    customer: String,
    customer_title: String,
    /// Short name of the partner that is liable.
    partner: String,
    partner_title: String,
    /// What was detected.
    #[schema(value_type = FraudKindWord)]
    kind: &'static str,
    /// `low`, `medium` or `high`.
    #[schema(value_type = LevelWord)]
    severity: &'static str,
    #[schema(value_type = LevelWord)]
    confidence: &'static str,
    title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    description: String,
    /// The resource that was used; absent where it is about the whole subscription.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    resource: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    resource_type: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    resource_group: String,
    /// What else was seen, each under its name.
    details: BTreeMap<String, String>,
    /// A trial of the alarm.
    test: bool,
    hits: i64,
    #[schema(value_type = String, format = DateTime)]
    first_occurrence: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    last_occurrence: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    last_observed: Timestamp,
    #[schema(value_type = FraudStatusWord)]
    status: &'static str,
    /// `none` until it is resolved.
    #[schema(value_type = FraudReasonWord)]
    reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>, format = DateTime)]
    resolved: Option<Timestamp>,
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    resolved_by: String,
    /// The caller is liable, and says what became of it.
    own: bool,
}

/// What was detected.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "stands for a word in the documents")]
enum FraudKindWord {
    UsageAnomalyDetection,
    NetworkConnectionsToCryptoMiningPools,
    VirtualMachineDeploymentAnomaly,
    MultiRegionVirtualMachineScaleSetDeploymentAnomaly,
    MultiRegionMachineLearningUsageAnomaly,
    ServiceHealthSecurityAdvisory,
}

/// How much an alert weighs, or how sure it is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "stands for a word in the documents")]
enum LevelWord {
    Low,
    Medium,
    High,
}

/// How far an alert is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "stands for a word in the documents")]
enum FraudStatusWord {
    Active,
    Investigating,
    Resolved,
}

/// What an alert turned out to be.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "stands for a word in the documents")]
enum FraudReasonWord {
    None,
    Fraud,
    Ignore,
}

impl FraudView {
    fn of(told: Told, viewer: &Viewer) -> Self {
        let title = told.name();
        let event = told.event;
        let own = match viewer {
            Viewer::Partner(account) => account.id == event.partner,
            Viewer::Operator | Viewer::Customer(_) => false,
        };
        Self {
            id: event.handle,
            subscription: told.subscription.handle,
            subscription_title: title,
            customer: told.customer.0.handle,
            customer_title: told.customer.1.name,
            partner: told.partner.0.handle,
            partner_title: told.partner.1.name,
            kind: event.kind.as_str(),
            severity: event.severity.as_str(),
            confidence: event.confidence.as_str(),
            title: event.title,
            description: event.description,
            resource: event.resource,
            resource_type: event.resource_type,
            resource_group: event.resource_group,
            details: event.details,
            test: event.is_test,
            hits: event.hits,
            first_occurrence: event.first_occurrence,
            last_occurrence: event.last_occurrence,
            last_observed: event.last_observed,
            status: event.status.as_str(),
            reason: event.reason.as_str(),
            resolved: event.resolved,
            resolved_by: if own {
                event.resolved_by
            } else {
                String::new()
            },
            own,
        }
    }
}

/// Where a page ended.
type Place = (Timestamp, Uuid);

async fn own_list(call: OwnCall) -> Strict<FraudPage> {
    let listing = call.listing(&["status"], OWN_PAGE_MAX)?;
    let status = call
        .one_of(&listing, "status", &STATUSES)?
        .unwrap_or_default();
    let after = call.place::<Place>(&listing)?;
    let now = call.server.app().clock().world_now();
    // Nothing is reported later than now.
    let (at, id) = after.unwrap_or((now.next(), Uuid::nil()));
    let viewer = call.principal.viewer();
    let (statement, mut key) = if call.principal.claims.operator {
        (rows::BEFORE, Vec::new())
    } else {
        let own = call.principal.partner();
        let own = own.map_err(|problem| call.refuse(problem))?;
        let statement = match own.kind {
            PartnerType::IndirectReseller => rows::OF_RESELLER_BEFORE,
            _ => rows::OF_BEFORE,
        };
        (statement, vec![Stored::Id(own.id.uuid())])
    };
    let most = i64::try_from(listing.count).unwrap_or(i64::MAX);
    key.extend([
        Stored::Text(status.to_owned()),
        Stored::Instant(at),
        Stored::Id(id),
        Stored::Int(most.saturating_add(1)),
    ]);
    let mut found = call
        .read(move |tx| {
            let (key, viewer) = (key.clone(), viewer.clone());
            Box::pin(async move {
                let mut found = Vec::new();
                for event in tx.scan::<FraudEvent>(statement, &key).await? {
                    let place: Place = (event.last_observed, event.id.uuid());
                    let told = Told::of(tx, event).await?;
                    found.push((place, FraudView::of(told, &viewer)));
                }
                Ok(found)
            })
        })
        .await?;
    let more = found.len() > listing.count;
    found.truncate(listing.count);
    let next = found.last().filter(|_| more);
    let next = next.map(|(place, _)| seek::token(place));
    let items = found.into_iter().map(|(_, view)| view).collect();
    Ok(Json(FraudPage { items, next }))
}

/// Whether an alert concerns somebody: as the list has it.
async fn concerns(tx: &mut Tx<'_>, event: &FraudEvent, viewer: &Viewer) -> Result<bool, AppError> {
    let account = match viewer {
        Viewer::Operator => return Ok(true),
        Viewer::Customer(_) => return Ok(false),
        Viewer::Partner(account) => account,
    };
    if account.kind != PartnerType::IndirectReseller {
        return Ok(event.partner == account.id);
    }
    let subscription: Subscription = names::by_id(tx, event.subscription).await?;
    if subscription.partner_of_record != Some(account.id) {
        return Ok(false);
    }
    facts::serves(tx, account.id, event.customer).await
}

async fn own_single(Path(id): Path<String>, call: OwnCall) -> Strict<FraudView> {
    call.query(&[])?;
    let viewer = call.principal.viewer();
    let found = call.read(move |tx| {
        let (id, viewer) = (id.clone(), viewer.clone());
        Box::pin(async move {
            let event = names::the_fraud_event(tx, &id).await?;
            if !concerns(tx, &event, &viewer).await? {
                return Err(AppError::missing(fraud::EVENT, id));
            }
            Ok(FraudView::of(Told::of(tx, event).await?, &viewer))
        })
    });
    found.await.map(Json)
}

//! Audit records: what was done in a partner's name (SEC-011, SEC-012, SEC-021).

use axum::extract::Path;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tierline_app::AppError;
use tierline_app::act::{Act, decide_only};
use tierline_app::audit::{self, Entry, Filter, Query};
use tierline_app::error::Refusal;
use tierline_domain::time::Timestamp;
use tierline_store::Tx;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::Json;
use crate::call::Call;
use crate::problem::Problem;
use crate::route::{self, Access, Route};
use crate::wire::body;
use crate::wire::dates::{self, Given};
use crate::wire::envelope::{Attributes, Collection};

/// Most records of one page, and as many as one holds where none are asked for.
const PAGE_MAX: usize = 500;

pub(super) fn routes() -> Vec<Route> {
    let one = "One audit record, to which an event points.";
    vec![
        route::get(
            "/v1/auditrecords",
            "What was done in the partner's name, newest first.",
            list,
        )
        .query("startDate", "The first day or instant; thirty days back where it is left out.")
        .query("endDate", "The last day, or the instant before which it ends.")
        .query(
            "filter",
            "One JSON object: CompanyName by substring, CustomerId or ResourceType by equals, two of them by and or or.",
        )
        .query("size", "Most records of the page.")
        .answers::<Collection<AuditRecord>>(StatusCode::OK)
        .shows(
            "audit-records-list",
            "audit.rs a_change_and_a_refusal_leave_their_records",
        ),
        route::get("/v1/auditrecords/{id}", one, single)
            .access(Access::Partner)
            .answers::<AuditRecord>(StatusCode::OK),
        route::get("/auditactivity/v1/auditrecords/{id}", one, single)
            .access(Access::Partner)
            .answers::<AuditRecord>(StatusCode::OK),
    ]
}

/// One thing that was done, or refused.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AuditRecord {
    id: String,
    /// The partner's tenant.
    partner_id: String,
    participants: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    customer_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    customer_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    user_principal_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    application_id: Option<String>,
    resource_type: String,
    /// The resource as it was: JSON as text, its names in `PascalCase`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    resource_old_value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    resource_new_value: Option<String>,
    operation_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    original_correlation_id: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    operation_date: Timestamp,
    operation_status: &'static str,
    customized_data: Vec<KeyValue>,
    attributes: Attributes,
}

/// One more detail.
#[derive(Debug, Serialize, ToSchema)]
struct KeyValue {
    key: String,
    value: Option<String>,
}

impl AuditRecord {
    fn of(entry: Entry) -> Self {
        let record = entry.record;
        let shown = record.new_value.as_ref().or(record.old_value.as_ref());
        let mut customized_data =
            shown.map_or_else(Vec::new, |look| details(&record.resource, &look.0));
        if let Some(rule) = &record.rule {
            customized_data.push(detail("RuleId", Some(rule.clone())));
        }
        Self {
            id: record.event.to_string(),
            partner_id: record.tenant.to_string(),
            participants: vec![record.tenant.to_string()],
            customer_id: record.customer.map(|customer| customer.to_string()),
            customer_name: entry.customer_name,
            user_principal_name: record.user_name,
            application_id: record.application,
            resource_type: record.resource,
            resource_old_value: record.old_value.map(|look| pascal(&look.0).to_string()),
            resource_new_value: record.new_value.map(|look| pascal(&look.0).to_string()),
            operation_type: record.operation,
            original_correlation_id: record.correlation,
            operation_date: record.at_world,
            operation_status: record.outcome.as_str(),
            customized_data,
            attributes: Attributes::of("AuditRecord"),
        }
    }
}

fn detail(key: impl Into<String>, value: Option<String>) -> KeyValue {
    KeyValue {
        key: key.into(),
        value,
    }
}

/// A member as text; the documented details are texts, numbers too.
fn plain(look: &Value, key: &str) -> Option<String> {
    match look.get(key)? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// What stands beside a record of some types, line by line.
fn details(resource: &str, look: &Value) -> Vec<KeyValue> {
    match resource {
        "order" => {
            let cycle = plain(look, "frequency").map(|word| pascal_word(&word));
            let mut found = vec![
                detail("OrderId", plain(look, "id")),
                detail("BillingCycle", cycle),
            ];
            let lines = look.get("line_items").and_then(Value::as_array);
            for (number, line) in lines.into_iter().flatten().enumerate() {
                for (name, key) in [
                    ("OfferId", "item"),
                    ("SubscriptionId", "subscription"),
                    ("SubscriptionName", "friendly_name"),
                    ("Quantity", "quantity"),
                    ("PartnerOnRecord", "partner_of_record"),
                ] {
                    found.push(detail(format!("{name}-{number}"), plain(line, key)));
                }
            }
            found
        }
        "subscription" => vec![
            detail("SubscriptionId", plain(look, "id")),
            detail("SubscriptionName", plain(look, "friendly_name")),
            detail("Quantity", plain(look, "quantity")),
            detail("Status", plain(look, "state")),
        ],
        _ => Vec::new(),
    }
}

/// A name of ours as the documented resources spell it.
fn wire_name(key: &str) -> String {
    match key {
        "item" => "OfferId".to_owned(),
        "subscription" => "SubscriptionId".to_owned(),
        "order" => "OrderId".to_owned(),
        "customer" => "ReferenceCustomerId".to_owned(),
        "state" => "Status".to_owned(),
        "term" => "TermDuration".to_owned(),
        "frequency" => "BillingCycle".to_owned(),
        "partner_of_record" => "PartnerIdOnRecord".to_owned(),
        other => pascal_word(other),
    }
}

fn pascal_word(snake: &str) -> String {
    let mut word = String::with_capacity(snake.len());
    for part in snake.split('_') {
        let mut letters = part.chars();
        word.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        word.push_str(letters.as_str());
    }
    word
}

/// The look of a thing with its names in `PascalCase`.
fn pascal(look: &Value) -> Value {
    match look {
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(key, member)| (wire_name(key), pascal(member)))
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.iter().map(pascal).collect()),
        plain => plain.clone(),
    }
}

/// Types of resources that records tell of.
const RESOURCES: &[&str] = &[
    "customer",
    "customer_user",
    "order",
    "subscription",
    "license",
    "third_party_add_on",
    "mpn_association",
    "transfer",
    "application",
    "application_credential",
    "partner_user",
    "partner_relationship",
    "partner_customer_dap",
    "customer_directory_role",
    "referral",
    "software_key",
    "software_download_link",
    "spending_limit",
    "invoice",
    "agreement",
    "partner_customer_relationship",
    "self_serve_policy",
    "granular_admin_relationship",
    "granular_admin_access_assignment",
    "credit",
    "software_page",
    "device",
    "policy",
];

/// A documented filter, simple or compound.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Condition {
    field: Option<String>,
    value: Option<String>,
    operator: Option<String>,
    left_filter: Option<Box<Condition>>,
    right_filter: Option<Box<Condition>>,
}

impl Condition {
    fn read(self) -> Result<Filter, Problem> {
        let operator = self.operator.as_deref().map(body::word).unwrap_or_default();
        if let (Some(left), Some(right)) = (self.left_filter, self.right_filter) {
            let (left, right) = (Box::new(left.read()?), Box::new(right.read()?));
            return match operator.as_str() {
                "and" => Ok(Filter::Both(left, right)),
                "or" => Ok(Filter::Either(left, right)),
                _ => Err(Problem::malformed(
                    "filter.Operator",
                    "joins two filters by `and` or `or`",
                )),
            };
        }
        let field = self.field.as_deref().map(body::word).unwrap_or_default();
        let value = self
            .value
            .filter(|value| !value.is_empty())
            .ok_or_else(|| Problem::malformed("filter.Value", "is missing"))?;
        let only = |wanted: &str| {
            if operator == wanted {
                return Ok(());
            }
            let text = format!("audit records are filtered by this field with `{wanted}` only");
            Err(Problem::malformed("filter.Operator", &text))
        };
        match field.replace('_', "").as_str() {
            "companyname" => {
                only("substring")?;
                Ok(Filter::CompanyName(value))
            }
            "customerid" => {
                only("equals")?;
                let id: Uuid = value
                    .parse()
                    .map_err(|_| Problem::malformed("filter.Value", "is the GUID of a customer"))?;
                Ok(Filter::Customer(id.to_string()))
            }
            "resourcetype" => {
                only("equals")?;
                let word = body::word(&value);
                if RESOURCES.contains(&word.as_str()) {
                    return Ok(Filter::Resource(word));
                }
                let text = format!(
                    "`{value}` is no type of resource; there are {}",
                    RESOURCES.join(", ")
                );
                Err(Problem::malformed("filter.Value", &text))
            }
            _ => Err(Problem::malformed(
                "filter.Field",
                "audit records are filtered by CompanyName, CustomerId or ResourceType",
            )),
        }
    }
}

fn filter(call: &Call) -> Result<Option<Filter>, Problem> {
    let Some(text) = call.query.get("filter") else {
        return Ok(None);
    };
    let condition: Condition = body::read(text.as_bytes())
        .map_err(|problem| Problem::malformed("filter", &problem.description))?;
    condition.read().map(Some)
}

fn instant(call: &Call, key: &str, is_end: bool) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = call.query.get(key) else {
        return Ok(None);
    };
    let given = dates::read(text).ok_or_else(|| {
        Problem::malformed(
            key,
            "is a date such as 2026-11-30, or an instant such as 2026-11-30T00:00:00Z",
        )
    })?;
    Ok(Some(match given {
        // A day that ends a window belongs to it.
        Given::Day(day) if is_end => Timestamp::start_of(tierline_domain::time::add_days(day, 1)),
        Given::Day(day) => Timestamp::start_of(day),
        Given::Instant(at) => at,
    }))
}

const TOKEN: &str = "MS-ContinuationToken";

/// The place where the page before ended.
fn place(call: &Call) -> Result<Option<(Timestamp, Uuid)>, Problem> {
    let token = call
        .headers
        .get(TOKEN)
        .and_then(|value| value.to_str().ok());
    let Some(token) = token.filter(|token| !token.is_empty()) else {
        return Ok(None);
    };
    let read = || {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (at, event) = text.strip_prefix("audit:")?.split_once(':')?;
        let at = Timestamp::from_micros(at.parse().ok()?).ok()?;
        Some((at, event.parse().ok()?))
    };
    read()
        .map(Some)
        .ok_or_else(|| Problem::malformed(TOKEN, "is not a token of this list"))
}

fn token(last: &Entry) -> String {
    let record = &last.record;
    URL_SAFE_NO_PAD.encode(format!(
        "audit:{}:{}",
        record.at_world.as_micros(),
        record.event
    ))
}

/// Whether the program lets the caller look so far back (SEC-012). A look leaves no trace, so it is only decided.
async fn permitted(
    call_ctx: &tierline_app::Ctx,
    tx: &mut Tx<'_>,
    from: Timestamp,
) -> Result<(), AppError> {
    let from = from.date().to_string();
    let act = Act {
        actor: call_ctx.actor.clone(),
        verb: "read_audit".to_owned(),
        params: Map::from_iter([("from".to_owned(), json!(from))]),
    };
    let (decision, facts) = decide_only(call_ctx, tx, &act).await?;
    if decision.allowed {
        return Ok(());
    }
    Err(AppError::Refused(Box::new(Refusal {
        decision,
        facts,
        subject: from,
    })))
}

async fn list(call: Call) -> Result<Json<Collection<AuditRecord>>, Problem> {
    let (start, end) = (
        instant(&call, "startDate", false)?,
        instant(&call, "endDate", true)?,
    );
    let now = call.server.app().clock().world_now();
    let (from, until) = audit::window(start, end, now).map_err(|error| call.problem(error))?;
    if from >= until {
        return Err(Problem::malformed(
            "startDate",
            "lies before endDate and not in the future",
        ));
    }
    let size = match call.query.number("size")? {
        None | Some(0) => PAGE_MAX,
        Some(size) => size.min(PAGE_MAX),
    };
    let query = Query {
        from,
        until,
        after: place(&call)?,
        filter: filter(&call)?,
        size,
    };
    let (ctx, account) = (call.ctx(), call.account.clone());
    let (found, is_more) = call
        .read(move |tx| {
            let (ctx, account, query) = (ctx.clone(), account.clone(), query.clone());
            Box::pin(async move {
                permitted(&ctx, tx, query.from).await?;
                audit::read(tx, &account, &query).await
            })
        })
        .await?;
    let token = found.last().filter(|_| is_more).map(token);
    let own = format!("/auditrecords{}", again(&call, from, until, size));
    let items = found.into_iter().map(AuditRecord::of).collect();
    Ok(Json(Collection::seek(items, &own, token)))
}

/// The query of this window, for links: with both of its ends, so that the last page is of the same window as the first.
fn again(call: &Call, from: Timestamp, until: Timestamp, size: usize) -> String {
    let filter = call.query.get("filter");
    let filter = filter.map_or_else(String::new, |text| format!("&filter={}", escaped(text)));
    format!("?startDate={from}&endDate={until}&size={size}{filter}")
}

/// A text with everything escaped that means something in a query.
fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

async fn single(Path(id): Path<String>, call: Call) -> Result<Json<AuditRecord>, Problem> {
    let event: Uuid = id
        .parse()
        .map_err(|_| Problem::not_found(&format!("audit record {id}")))?;
    let account = call.account.clone();
    let entry = call
        .read(move |tx| {
            let account = account.clone();
            Box::pin(async move { audit::one(tx, &account, event).await })
        })
        .await?;
    Ok(Json(AuditRecord::of(entry)))
}

//! Reads what holds in a world, by the paths of the scenario format: `subscription.sub-1.state`.

use serde_json::{Value as Json, json};
use tierline_domain::admin::AdminState;
use tierline_domain::catalog::Item;
use tierline_domain::customer::{Customer, Delegation, Relationship, RelationshipState};
use tierline_domain::directory::{DirectoryUser, Licence};
use tierline_domain::id::Id;
use tierline_domain::money::Money;
use tierline_domain::partner::{Account, Partnership, PartnershipState, Tenant};
use tierline_domain::subscription::{Charge, ResourceRole, Subscription};
use tierline_domain::time::{Date, Timestamp, add_days};
use tierline_store::tables::{Contact, VerifiedDomain};
use tierline_store::{Tx, Value, tables};

use crate::actor::OPERATOR;
use crate::error::AppError;
use crate::names::{self, by_id};
use crate::world::default_customer;
use crate::{billing, events, service_requests, windows};

/// What can be read of each noun: how many names it takes, and its fields. Of `result`, the fields of every action.
const PATHS: &[(&str, usize, &[&str])] = &[
    (
        "subscription",
        1,
        &[
            "state",
            "item",
            "customer",
            "quantity",
            "seller",
            "partner_of_record",
            "term",
            "term_end",
            "renews_on",
            "frequency",
            "pending_frequency",
            "renewal",
            "scheduled_change",
            "support_contact",
            "customer_facing_partner",
            "billed",
            "billing_currency",
            "charges",
            "refunded",
            "cycle_starts",
            "reducible",
        ],
    ),
    ("relationship", 2, &["state", "delegation"]),
    ("partnership", 2, &["state"]),
    ("partner", 1, &["state", "type"]),
    ("tenant", 1, &["type"]),
    (
        "admin_relationship",
        1,
        &["state", "ends", "roles", "auto_extend"],
    ),
    ("transfer", 1, &["state", "subscriptions"]),
    // Ours: a bill by its number, an order, and what is on record of a customer.
    ("invoice", 1, &["state", "amount", "open", "lines"]),
    ("order", 1, &["state"]),
    (
        "customer",
        1,
        &["qualification", "company_name", "language", "domains"],
    ),
    ("resource_role", 2, &["role"]),
    // A request for support, by its number.
    (
        "service_request",
        1,
        &["status", "severity", "due", "late", "notes"],
    ),
    // An alert of fraud, by its name.
    ("fraud_event", 1, &["status", "reason", "hits"]),
    // Who of a customer uses licences of an item.
    ("licences", 2, &["users"]),
    ("audit", 1, &["outcome"]),
    (
        "result",
        0,
        &[
            "method",
            "percent",
            "price",
            "waiver",
            "available",
            "replayed",
            "customer",
            "eligible",
            "remaining",
            "is_agreement_signed",
            "company_details",
            "admin_relationships",
            "billed",
            "cycle_days",
            "amount",
            "earned_by",
            "reason",
            "event",
            // Of the report on delegations, which is ours.
            "expiring",
            "pending",
            "unused",
            // Of an order request, which is ours.
            "request",
            "state",
            "order",
            // Of payments and corrections, which are ours.
            "invoice",
            "open",
            "note",
            "from",
        ],
    ),
];

/// Whether the format knows a path, whatever the names in it stand for.
#[must_use]
pub fn is_path(path: &str) -> bool {
    let parts: Vec<&str> = path.split('.').collect();
    let Some((noun, names, field)) = parts
        .split_first()
        .and_then(|(noun, rest)| rest.split_last().map(|(field, names)| (noun, names, field)))
    else {
        return false;
    };
    PATHS.iter().any(|(known, count, fields)| {
        known == noun && *count == names.len() && fields.contains(field)
    }) && (*noun != "audit" || names == ["last"])
}

/// The value at a path; `null` where there is none.
///
/// # Errors
/// When the path names something that does not exist.
pub async fn read(
    tx: &mut Tx<'_>,
    path: &str,
    now: Timestamp,
    result: &Json,
) -> Result<Json, AppError> {
    let mut parts = path.split('.');
    let noun = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    match (noun, rest.as_slice()) {
        ("result", [field]) => Ok(result.get(field).cloned().unwrap_or(Json::Null)),
        ("audit", ["last"] | []) => Ok(Json::Null),
        ("audit", ["last", "outcome"]) => Ok(events::last(tx)
            .await?
            .map_or(Json::Null, |event| json!(event.outcome))),
        ("partner", [name, field]) => partner(tx, name, field).await,
        ("tenant", [name, "type"]) => Ok(json!(names::the_tenant(tx, name).await?.kind.as_str())),
        ("partnership", [provider, reseller, "state"]) => partnership(tx, provider, reseller).await,
        ("relationship", [partner, customer, field]) => {
            relationship(tx, partner, customer, field).await
        }
        ("subscription", [name, field]) => {
            let subscription = names::the_subscription(tx, name).await?;
            of_subscription(tx, &subscription, field, now).await
        }
        ("admin_relationship", [name, field]) => admin_relationship(tx, name, field).await,
        ("transfer", [name, field]) => {
            let transfer = names::the_transfer(tx, name).await?;
            match *field {
                "state" => Ok(json!(transfer.state.as_str())),
                "subscriptions" => {
                    let lines = transfer.lines.iter();
                    let names: Vec<&str> = lines.map(|line| line.subscription.as_str()).collect();
                    Ok(json!(names))
                }
                other => Err(AppError::NotSupported(format!("state transfer.{other}"))),
            }
        }
        ("invoice", [name, field]) => invoice(tx, name, field).await,
        ("order", [name, "state"]) => Ok(json!(names::the_order(tx, name).await?.state.as_str())),
        ("customer", [name, field]) => customer(tx, name, field).await,
        ("resource_role", [partner, subscription, "role"]) => {
            resource_role(tx, partner, subscription).await
        }
        ("service_request", [name, field]) => service_request(tx, name, field, now).await,
        ("fraud_event", [name, field]) => fraud_event(tx, name, field).await,
        ("licences", [customer, item, "users"]) => users(tx, customer, item).await,
        _ => Err(AppError::NotSupported(format!("state {path}"))),
    }
}

async fn service_request(
    tx: &mut Tx<'_>,
    name: &str,
    field: &str,
    now: Timestamp,
) -> Result<Json, AppError> {
    let request = names::the_service_request(tx, name).await?;
    match field {
        "status" => Ok(json!(request.status)),
        "severity" => Ok(json!(request.severity)),
        "due" => Ok(json!(request.due)),
        "late" => Ok(json!(request.is_late(now))),
        "notes" => {
            let notes = service_requests::notes(tx, &request).await?;
            let texts: Vec<String> = notes.into_iter().map(|note| note.text).collect();
            Ok(json!(texts))
        }
        other => Err(AppError::NotSupported(format!(
            "state service_request.{other}"
        ))),
    }
}

async fn fraud_event(tx: &mut Tx<'_>, name: &str, field: &str) -> Result<Json, AppError> {
    let event = names::the_fraud_event(tx, name).await?;
    match field {
        "status" => Ok(json!(event.status)),
        "reason" => Ok(json!(event.reason)),
        "hits" => Ok(json!(event.hits)),
        other => Err(AppError::NotSupported(format!("state fraud_event.{other}"))),
    }
}

/// First names of those who use licences of an item, in order.
async fn users(tx: &mut Tx<'_>, customer: &str, item: &str) -> Result<Json, AppError> {
    let customer = names::the_tenant(tx, customer).await?;
    let item = names::the_item(tx, item).await?;
    let key = [Value::Id(customer.id.uuid()), Value::Id(item.id.uuid())];
    let statement = tables::licences::OF_ITEM;
    let mut users = Vec::new();
    for licence in tx.find::<Licence>(statement, &key).await? {
        let user: DirectoryUser = by_id(tx, licence.holder).await?;
        users.push(user.first_name);
    }
    users.sort();
    Ok(json!(users))
}

async fn partner(tx: &mut Tx<'_>, name: &str, field: &str) -> Result<Json, AppError> {
    let account = names::the_account(tx, name).await?;
    match field {
        "state" => Ok(json!(account.state.as_str())),
        "type" => Ok(json!(account.kind.as_str())),
        other => Err(AppError::NotSupported(format!("state partner.{other}"))),
    }
}

async fn partnership(tx: &mut Tx<'_>, provider: &str, reseller: &str) -> Result<Json, AppError> {
    let provider = names::the_account(tx, provider).await?;
    let reseller = names::the_account(tx, reseller).await?;
    let row = tx
        .get::<Partnership>(&[Value::Id(provider.id.uuid()), Value::Id(reseller.id.uuid())])
        .await?;
    Ok(json!(
        row.map_or(PartnershipState::None, |row| row.state).as_str()
    ))
}

async fn customer(tx: &mut Tx<'_>, name: &str, field: &str) -> Result<Json, AppError> {
    let tenant = names::the_tenant(tx, name).await?;
    let key = [Value::Id(tenant.id.uuid())];
    let record = || default_customer(tenant.id);
    Ok(match field {
        "qualification" => {
            let row = tx.get::<Customer>(&key).await?.unwrap_or_else(record);
            json!(row.qualification.as_str())
        }
        "language" => json!(
            tx.get::<Customer>(&key)
                .await?
                .unwrap_or_else(record)
                .language
        ),
        "company_name" => {
            let contact = tx.get::<Contact>(&key).await?;
            json!(contact.map(|contact| contact.company_name))
        }
        "domains" => {
            let found = tables::verified_domains::BY_CUSTOMER;
            let found = tx.find::<VerifiedDomain>(found, &key).await?;
            json!(found.iter().map(|row| &row.domain).collect::<Vec<_>>())
        }
        other => {
            return Err(AppError::NotSupported(format!("state customer.{other}")));
        }
    })
}

async fn relationship(
    tx: &mut Tx<'_>,
    partner: &str,
    customer: &str,
    field: &str,
) -> Result<Json, AppError> {
    let partner = names::the_account(tx, partner).await?;
    let customer = names::the_tenant(tx, customer).await?;
    let pair = [Value::Id(partner.id.uuid()), Value::Id(customer.id.uuid())];
    let row = tx.get::<Relationship>(&pair).await?;
    match field {
        "state" => Ok(json!(
            row.map_or(RelationshipState::None, |row| row.state)
                .as_str()
        )),
        "delegation" => {
            let full = row.is_some_and(|row| {
                row.delegation == Delegation::Full && row.state == RelationshipState::Active
            });
            let granular = tx
                .find::<tierline_domain::admin::AdminRelationship>(
                    tables::admin_relationships::BY_PAIR,
                    &pair,
                )
                .await?
                .iter()
                .any(|admin| admin.state == AdminState::Active);
            Ok(json!(if full {
                "full"
            } else if granular {
                "granular"
            } else {
                "none"
            }))
        }
        other => Err(AppError::NotSupported(format!(
            "state relationship.{other}"
        ))),
    }
}

async fn admin_relationship(tx: &mut Tx<'_>, name: &str, field: &str) -> Result<Json, AppError> {
    let admin = names::the_admin_relationship(tx, name).await?;
    match field {
        "state" => Ok(json!(admin.state.as_str())),
        "ends" => Ok(json!(admin.ends.to_string())),
        "roles" => Ok(json!(admin.roles)),
        "auto_extend" => Ok(json!(admin.auto_extend)),
        other => Err(AppError::NotSupported(format!(
            "state admin_relationship.{other}"
        ))),
    }
}

async fn invoice(tx: &mut Tx<'_>, name: &str, field: &str) -> Result<Json, AppError> {
    let invoice = billing::the_invoice(tx, name).await?;
    match field {
        "state" => Ok(json!(invoice.state.as_str())),
        "amount" => Ok(json!(invoice.amount)),
        "open" => Ok(json!(billing::open(&invoice)?)),
        "lines" => Ok(json!(invoice.lines)),
        other => Err(AppError::NotSupported(format!("state invoice.{other}"))),
    }
}

async fn resource_role(
    tx: &mut Tx<'_>,
    partner: &str,
    subscription: &str,
) -> Result<Json, AppError> {
    let partner = names::the_account(tx, partner).await?;
    let subscription = names::the_subscription(tx, subscription).await?;
    let key = [
        Value::Id(partner.id.uuid()),
        Value::Id(subscription.id.uuid()),
    ];
    Ok(tx
        .get::<ResourceRole>(&key)
        .await?
        .map_or(Json::Null, |row| json!(row.role.as_str())))
}

async fn account_name(
    tx: &mut Tx<'_>,
    id: Option<Id<Account>>,
) -> Result<Option<String>, AppError> {
    match id {
        Some(id) => Ok(Some(names::account_by_id(tx, id).await?.handle)),
        None => Ok(None),
    }
}

async fn of_subscription(
    tx: &mut Tx<'_>,
    sub: &Subscription,
    field: &str,
    now: Timestamp,
) -> Result<Json, AppError> {
    let day = |day: Option<Date>| day.map_or(Json::Null, |day| json!(day.to_string()));
    Ok(match field {
        "state" => json!(sub.state.as_str()),
        "quantity" => json!(sub.quantity),
        "item" => json!(by_id::<Item, _>(tx, sub.item).await?.handle),
        "customer" => json!(by_id::<Tenant, _>(tx, sub.customer).await?.handle),
        "seller" => json!(
            account_name(tx, sub.seller)
                .await?
                .unwrap_or_else(|| OPERATOR.to_owned())
        ),
        "partner_of_record" => json!(account_name(tx, sub.partner_of_record).await?),
        "customer_facing_partner" => {
            json!(account_name(tx, sub.partner_of_record.or(sub.seller)).await?)
        }
        "support_contact" => json!(account_name(tx, sub.support_contact.or(sub.seller)).await?),
        "term" => json!(sub.term.to_string()),
        "term_end" => day(sub.term_end),
        "renews_on" => day(sub
            .term_end
            .filter(|_| sub.renewal)
            .map(|end| add_days(end, 1))),
        "frequency" => json!(sub.frequency.as_str()),
        "pending_frequency" => json!(
            sub.pending_frequency
                .map(tierline_domain::catalog::Frequency::as_str)
        ),
        "renewal" => json!(sub.renewal),
        "scheduled_change" => sub
            .scheduled_quantity
            .map_or(Json::Null, |quantity| json!({ "quantity": quantity })),
        "billed" => json!(crate::charges::accrue(
            sub,
            &by_id::<Item, _>(tx, sub.item).await?
        )),
        "billing_currency" => json!(sub.currency.as_str()),
        "charges" => json!(
            charges(tx, sub)
                .await?
                .iter()
                .map(|charge| charge.amount)
                .collect::<Vec<_>>()
        ),
        "refunded" => json!(refunded(tx, sub).await?),
        "cycle_starts" => json!(cycle_starts(sub)),
        "reducible" => {
            let open = windows::reducible(sub, now);
            json!(open.iter().map(|(quantity, until)| json!({ "quantity": quantity, "until": until.to_string() })).collect::<Vec<_>>())
        }
        other => {
            return Err(AppError::NotSupported(format!(
                "state subscription.{other}"
            )));
        }
    })
}

async fn charges(tx: &mut Tx<'_>, sub: &Subscription) -> Result<Vec<Charge>, AppError> {
    Ok(tx
        .find::<Charge>(
            tables::charges::BY_SUBSCRIPTION,
            &[Value::Id(sub.id.uuid())],
        )
        .await?)
}

async fn refunded(tx: &mut Tx<'_>, sub: &Subscription) -> Result<Money, AppError> {
    let mut sum = Money::zero(sub.currency);
    for charge in charges(tx, sub)
        .await?
        .iter()
        .filter(|charge| charge.amount.minor < 0)
    {
        sum = sum.minus(charge.amount)?;
    }
    Ok(sum)
}

/// Starts of the charge cycles of the running term (BIL-043, BIL-051).
fn cycle_starts(sub: &Subscription) -> Vec<String> {
    let starts = crate::charges::running(sub).starts();
    starts.iter().map(ToString::to_string).collect()
}

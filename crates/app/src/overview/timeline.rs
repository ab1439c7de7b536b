//! What happened to a customer, or to one of its subscriptions, as far as the viewer's own records tell.

use serde_json::Value as Json;
use tierline_domain::customer::Relationship;
use tierline_domain::id::Id;
use tierline_domain::partner::{Account, Tenant};
use tierline_domain::subscription::Subscription;
use tierline_domain::time::Timestamp;
use tierline_store::log::Outcome;
use tierline_store::tables::audit::AuditRecord;
use tierline_store::tables::audit_records;
use tierline_store::{Tx, Value, tables};
use uuid::Uuid;

use super::Viewer;
use crate::error::AppError;
use crate::names;

/// Most entries of a page.
pub const PAGE_MAX: usize = 200;

/// The place of an entry: when it happened, and its event.
pub type Place = (Timestamp, Uuid);

/// A member of a thing that was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The member.
    pub field: String,
    /// What it was; none where it was nothing.
    pub from: Option<String>,
    /// What it is; none where it is nothing.
    pub to: Option<String>,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its event in the log.
    pub event: Uuid,
    /// When, in the world.
    pub at: Timestamp,
    /// What was done, such as `update_subscription`.
    pub operation: String,
    /// To what type of thing.
    pub resource: String,
    /// To which.
    pub subject: String,
    /// Whether it went through.
    pub succeeded: bool,
    /// The rule that refused it.
    pub rule: Option<String>,
    /// Short name of the partner whose record it is.
    pub partner: String,
    /// Who did it, where it is the viewer's own record.
    pub user: Option<String>,
    /// What it changed.
    pub changes: Vec<Change>,
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// Behind this place; the latest without one.
    pub after: Option<Place>,
    /// Most entries, at most [`PAGE_MAX`].
    pub count: usize,
}

/// A record's tenant, the partner it belongs to, and whether the viewer reads it as its own.
struct Source {
    tenant: Id<Tenant>,
    partner: String,
    is_own: bool,
}

fn source(account: Account, is_own: bool) -> Source {
    Source {
        tenant: account.tenant,
        partner: account.handle,
        is_own,
    }
}

/// A page of what happened to a customer, the latest first, and where the next one begins.
///
/// # Errors
/// When the store fails.
pub async fn of_customer(
    tx: &mut Tx<'_>,
    viewer: &Viewer,
    customer: &Tenant,
    question: Question,
) -> Result<(Vec<Entry>, Option<Place>), AppError> {
    let sources = match viewer {
        Viewer::Partner(account) => vec![source(Account::clone(account), true)],
        Viewer::Operator | Viewer::Customer(_) => {
            let key = [Value::Id(customer.id.uuid())];
            let ties = tx
                .find::<Relationship>(tables::relationships::BY_CUSTOMER, &key)
                .await?;
            let mut sources = Vec::with_capacity(ties.len());
            for tie in ties {
                let account = names::account_by_id(tx, tie.partner).await?;
                sources.push(source(account, matches!(viewer, Viewer::Operator)));
            }
            sources
        }
    };
    page(tx, &sources, customer.id, None, question).await
}

/// The same of one subscription. What its seller did to it is told to its customer and to the reseller of record, too,
/// without who did it and without what was refused.
///
/// # Errors
/// When the store fails.
pub async fn of_subscription(
    tx: &mut Tx<'_>,
    viewer: &Viewer,
    row: &Subscription,
    question: Question,
) -> Result<(Vec<Entry>, Option<Place>), AppError> {
    let mut sources = Vec::with_capacity(2);
    if let Some(seller) = row.seller {
        let is_own = match viewer {
            Viewer::Operator => true,
            Viewer::Customer(_) => false,
            Viewer::Partner(own) => own.id == seller,
        };
        sources.push(source(names::account_by_id(tx, seller).await?, is_own));
    }
    if let Viewer::Partner(own) = viewer
        && row.seller != Some(own.id)
    {
        sources.push(source(Account::clone(own), true));
    }
    let subject = row.id.to_string();
    page(tx, &sources, row.customer, Some(&subject), question).await
}

/// The end of the year 9999: behind everything, in microseconds since 1970.
const LATEST: i64 = 253_402_128_000_000_000;

async fn page(
    tx: &mut Tx<'_>,
    sources: &[Source],
    customer: Id<Tenant>,
    subject: Option<&str>,
    question: Question,
) -> Result<(Vec<Entry>, Option<Place>), AppError> {
    let count = question.count.clamp(1, PAGE_MAX);
    let (at, event) = match question.after {
        Some(place) => place,
        None => (Timestamp::from_micros(LATEST)?, Uuid::max()),
    };
    // One more of each than is shown tells whether there are more. What others' records hold of refusals is left out,
    // so a page may be short; the next one goes on behind the last record that was looked at.
    let most = i64::try_from(count).unwrap_or(i64::MAX).saturating_add(1);
    let mut records: Vec<(usize, AuditRecord)> = Vec::new();
    for (index, source) in sources.iter().enumerate() {
        let mut key = vec![Value::Id(source.tenant.uuid()), Value::Id(customer.uuid())];
        let statement = match subject {
            Some(subject) => {
                key.push(Value::Text(subject.to_owned()));
                audit_records::OF_SUBJECT_BEFORE
            }
            None => {
                key.push(Value::Instant(Timestamp::EPOCH));
                audit_records::OF_CUSTOMER_BEFORE
            }
        };
        key.extend([Value::Instant(at), Value::Id(event), Value::Int(most)]);
        let rows = tx.scan::<AuditRecord>(statement, &key).await?;
        records.extend(rows.into_iter().map(|row| (index, row)));
    }
    records.sort_by_key(|(index, row)| (std::cmp::Reverse((row.at_world, row.event)), *index));
    // One event may stand in the records of several partners: it happened once.
    records.dedup_by_key(|(_, row)| row.event);
    let next = records
        .get(count)
        .and_then(|_| records.get(count.saturating_sub(1)))
        .map(|(_, row)| (row.at_world, row.event));
    let mut entries = Vec::with_capacity(count);
    for (index, row) in records.into_iter().take(count) {
        if let Some(source) = sources.get(index) {
            entries.extend(entry(source, row));
        }
    }
    Ok((entries, next))
}

fn entry(source: &Source, row: AuditRecord) -> Option<Entry> {
    let succeeded = row.outcome == Outcome::Succeeded;
    if !succeeded && !source.is_own {
        return None;
    }
    // What a subscription looks like is its customer's to know; of other things a seller's records may tell more.
    let shows = source.is_own || row.resource == "subscription";
    let (old, new) = (
        row.old_value.map(|old| old.0),
        row.new_value.map(|new| new.0),
    );
    let changes = match (old, new) {
        (Some(old), Some(new)) if shows => changes(&old, &new),
        _ => Vec::new(),
    };
    Some(Entry {
        event: row.event,
        at: row.at_world,
        operation: row.operation,
        resource: row.resource,
        subject: row.subject,
        succeeded,
        rule: row.rule,
        partner: source.partner.clone(),
        user: row.user_name.filter(|_| source.is_own),
        changes,
    })
}

/// Members that differ, in order.
fn changes(old: &Json, new: &Json) -> Vec<Change> {
    let (Some(old), Some(new)) = (old.as_object(), new.as_object()) else {
        return Vec::new();
    };
    let text = |value: Option<&Json>| match value {
        None | Some(Json::Null) => None,
        Some(Json::String(text)) => Some(text.clone()),
        Some(other) => Some(other.to_string()),
    };
    let mut fields: Vec<&String> = old.keys().chain(new.keys()).collect();
    fields.sort();
    fields.dedup();
    let differing = fields
        .into_iter()
        .filter(|field| old.get(*field) != new.get(*field));
    differing
        .map(|field| Change {
            field: field.clone(),
            from: text(old.get(field)),
            to: text(new.get(field)),
        })
        .collect()
}

//! Verifies consumption: events are those of the files that they came with, days are the sums of their events, and resources what
//! their ids follow from.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use tierline_domain::decimal::Decimal;
use tierline_domain::id::Id;
use tierline_domain::subscription::Subscription;
use tierline_domain::time::{Date, Timestamp, add_months};
use tierline_domain::usage::{UsageDay, UsageEvent, UsageResource, UsageUpload};
use tierline_store::{Tx, Value, statements, tables};
use uuid::Uuid;

use super::ingest::{resource_id, seal};
use crate::error::AppError;

statements! {
    /// Who used something, and from which day to which.
    pub SPANS = "SELECT subscription, MIN(day), MAX(day) FROM usage_days GROUP BY subscription ORDER BY subscription";
    /// Who used something by events, and when.
    pub USERS = "SELECT subscription, MIN(at), MAX(at) FROM usage_events GROUP BY subscription ORDER BY subscription";
    /// Resources behind a place.
    pub RESOURCES = "SELECT id FROM usage_resources WHERE id > $1 ORDER BY id LIMIT 1000";
}

/// What does not agree: table, row and problem. A file's events, and a subscription's month of them, are held at a time.
///
/// # Errors
/// When the store fails or a row cannot be read.
pub async fn verify(tx: &mut Tx<'_>) -> Result<Vec<String>, AppError> {
    let mut findings = Vec::new();
    events(tx, &mut findings).await?;
    let mut spans: BTreeMap<Id<Subscription>, (Date, Date)> = BTreeMap::new();
    let days = tx.fetch_all::<(Id<Subscription>, Date, Date)>(SPANS, &[]);
    let mut known = days.await?;
    let used = tx.fetch_all::<(Id<Subscription>, Timestamp, Timestamp)>(USERS, &[]);
    let used = used.await?.into_iter();
    known.extend(used.map(|(of, first, last)| (of, first.date(), last.date())));
    for (of, first, last) in known {
        let span = spans.entry(of).or_insert((first, last));
        *span = (span.0.min(first), span.1.max(last));
    }
    for (of, (first, last)) in spans {
        let mut month = first.first_of_month();
        while month <= last {
            days_of(tx, &mut findings, of, month).await?;
            month = add_months(month, 1);
        }
    }
    resources(tx, &mut findings).await?;
    Ok(findings)
}

async fn events(tx: &mut Tx<'_>, findings: &mut Vec<String>) -> Result<(), AppError> {
    let uploads = tx
        .find::<UsageUpload>(tables::usage_uploads::EVERY, &[])
        .await?;
    for upload in uploads {
        let key = [Value::Id(upload.id.uuid())];
        let rows = tx
            .find::<UsageEvent>(tables::usage_events::OF_UPLOAD, &key)
            .await?;
        let mut digest = Sha256::new();
        for row in &rows {
            seal(&mut digest, row);
        }
        if digest.finalize().to_vec() != upload.digest {
            findings.push(format!(
                "usage_events of file {}: are not those that it came with",
                upload.id
            ));
        }
    }
    Ok(())
}

/// Each day of a subscription's month is the sum of its events.
async fn days_of(
    tx: &mut Tx<'_>,
    findings: &mut Vec<String>,
    of: Id<Subscription>,
    month: Date,
) -> Result<(), AppError> {
    let mut sums: BTreeMap<(Date, i64, Uuid), (Decimal, i64)> = BTreeMap::new();
    let key = [
        Value::Id(of.uuid()),
        Value::Instant(Timestamp::start_of(month)),
        Value::Instant(Timestamp::start_of(add_months(month, 1))),
    ];
    let between = tables::usage_events::BETWEEN;
    for event in tx.find::<UsageEvent>(between, &key).await? {
        let place = (event.at.date(), event.meter, event.resource);
        let (sum, count) = sums.entry(place).or_insert((Decimal::ZERO, 0));
        *sum = sum.plus(event.quantity)?;
        *count = count.saturating_add(1);
    }
    let key = [
        Value::Id(of.uuid()),
        Value::Day(month),
        Value::Day(month.last_of_month()),
    ];
    let name = |(day, meter, resource): (Date, i64, Uuid)| {
        format!("usage_days {of} {day}, meter {meter}, resource {resource}")
    };
    for row in tx
        .find::<UsageDay>(tables::usage_days::BETWEEN, &key)
        .await?
    {
        let place = (row.day, row.meter, row.resource);
        let (sum, count) = sums.remove(&place).unwrap_or((Decimal::ZERO, 0));
        if (sum.trimmed(), count) != (row.quantity.trimmed(), row.events) {
            findings.push(format!("{}: is not the sum of its events", name(place)));
        }
    }
    let missing = sums.into_keys().map(|place| {
        let name = name(place);
        format!("{name}: is missing, although there are events of it")
    });
    findings.extend(missing);
    Ok(())
}

async fn resources(tx: &mut Tx<'_>, findings: &mut Vec<String>) -> Result<(), AppError> {
    let mut after = Uuid::nil();
    loop {
        let page = tx
            .fetch_all::<(Uuid,)>(RESOURCES, &[Value::Id(after)])
            .await?;
        let Some((last,)) = page.last() else {
            return Ok(());
        };
        after = *last;
        for (id,) in page {
            let row = tx.get::<UsageResource>(&[Value::Id(id)]).await?;
            if row.is_some_and(|row| resource_id(&row) != id) {
                findings.push(format!(
                    "usage_resources {id}: was changed past the program"
                ));
            }
        }
    }
}

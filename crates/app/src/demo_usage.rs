//! What customers of the demo world used of the cloud, last month and this one, taken in and rated as any usage is.

use std::collections::BTreeSet;

use serde_json::json;
use tierline_domain::subscription::Subscription;
use tierline_domain::time::{Date, Timestamp, add_days};
use tierline_store::{Tx, Value, tables};

use crate::actor::ActorSpec;
use crate::ctx::{Ctx, Ids};
use crate::error::AppError;
use crate::subscription::with_item;
use crate::usage::{self, Reader, closes, ingest, rating};
use crate::{names, schedule};

/// A resource, what is metered of it, and how much of that a day uses: a base and what each day adds to it in turn, in
/// thousandths.
struct Running {
    group: &'static str,
    provider: &'static str,
    name: &'static str,
    meters: &'static [(&'static str, i64, i64)],
}

const RUNNING: &[Running] = &[
    Running {
        group: "WEB",
        provider: "Skyward.Compute/virtualMachines",
        name: "web-1",
        meters: &[(MACHINE_S2, 24_000, 0), (TRANSFER_OUT, 1_129, 212)],
    },
    Running {
        group: "WEB",
        provider: "Skyward.Storage/storageAccounts",
        name: "assets",
        meters: &[(DATA_STORED, 41_632, 75), (WRITE_OPERATIONS, 246, 18)],
    },
    Running {
        group: "ANALYSIS",
        provider: "Skyward.Compute/virtualMachines",
        name: "night-run",
        meters: &[(MACHINE_SPOT, 3_250, 125)],
    },
    Running {
        group: "ANALYSIS",
        provider: "Skyward.Sql/servers",
        name: "figures",
        meters: &[(DATABASE, 12_000, 500), (TRANSFER_IN, 830, 41)],
    },
];

const MACHINE_S2: &str = "4f1d2c60-93b7-5d0e-8a51-6b0c7d9e1f01";
const MACHINE_SPOT: &str = "4f1d2c60-93b7-5d0e-8a51-6b0c7d9e1f03";
const DATA_STORED: &str = "4f1d2c60-93b7-5d0e-8a51-6b0c7d9e1f05";
const WRITE_OPERATIONS: &str = "4f1d2c60-93b7-5d0e-8a51-6b0c7d9e1f06";
const TRANSFER_OUT: &str = "4f1d2c60-93b7-5d0e-8a51-6b0c7d9e1f07";
const TRANSFER_IN: &str = "4f1d2c60-93b7-5d0e-8a51-6b0c7d9e1f08";
const DATABASE: &str = "4f1d2c60-93b7-5d0e-8a51-6b0c7d9e1f09";

/// Customers with a plan, and the subscriptions of the previous offer.
const PLANS: &[&str] = &["bay-street-shipping", "canyon-robotics"];
const PREVIOUS: &[&str] = &["sub-bay-street-use", "sub-canyon-use", "sub-highland-use"];

/// Lays down what was used.
///
/// # Errors
/// When the store fails.
pub(crate) async fn lay(tx: &mut Tx<'_>, now: Timestamp) -> Result<(), AppError> {
    let mut users = Vec::new();
    for customer in PLANS {
        let customer = names::the_tenant(tx, customer).await?;
        let key = [Value::Id(customer.id.uuid())];
        let all = tx.find::<Subscription>(tables::subscriptions::BY_CUSTOMER, &key);
        users.extend(all.await?.into_iter().filter(|row| row.parent.is_some()));
    }
    for name in PREVIOUS {
        users.push(names::the_subscription(tx, name).await?);
    }
    let mut of_usage = Vec::new();
    for row in users {
        let held = with_item(tx, row).await?;
        if crate::subscription::is_usage(&held.item) {
            of_usage.push(held.row);
        }
    }
    let month = now.date().first_of_month();
    let before = add_days(month, -1);
    let then = usage::last_of_month(before);
    take(tx, &of_usage, before.first_of_month(), then).await?;
    if closes(before) <= now {
        for row in &of_usage {
            let held = with_item(tx, row.clone()).await?;
            let ctx = context(closes(before));
            rating::charge_month(&ctx, tx, &held, before).await?;
            let subject = format!("{} {}", row.handle, before.first_of_month());
            schedule::drop_open(tx, usage::MONTH, &subject).await?;
        }
    }
    take(tx, &of_usage, month, now).await
}

fn context(now: Timestamp) -> Ctx {
    let seed = Ids::named("demo", &format!("usage {now}"), now).uuid();
    Ctx::new(ActorSpec::operator(), now, now, seed)
}

/// Takes in what was used from a day to an instant, and rates the days that are over.
async fn take(
    tx: &mut Tx<'_>,
    users: &[Subscription],
    first: Date,
    until: Timestamp,
) -> Result<(), AppError> {
    let mut reader = Reader::default();
    let mut days = BTreeSet::new();
    for row in users {
        let mut day = first;
        while day <= until.date() {
            for line in lines(row, day, until) {
                reader.push(line.as_bytes());
                reader.push(b"\n");
                days.insert((row.handle.clone(), day));
            }
            day = add_days(day, 1);
        }
    }
    if days.is_empty() {
        return Ok(());
    }
    let told = |faults: Vec<usage::Fault>| {
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        AppError::Impossible(faults.join("; "))
    };
    let file = reader.finish().map_err(told)?;
    let ctx = context(until);
    ingest::record(&ctx, tx, &file)
        .await
        .map_err(|refused| match refused {
            usage::Refused::Lines(faults) => told(faults),
            usage::Refused::App(error) => error,
        })?;
    let is_over = |day: Date| usage::over(day).as_micros() <= until.as_micros().saturating_add(1);
    for (name, day) in days.into_iter().filter(|(_, day)| is_over(*day)) {
        let row = names::the_subscription(tx, &name).await?;
        let held = with_item(tx, row).await?;
        rating::rate_day(&context(until), tx, &held, day).await?;
        schedule::drop_open(tx, usage::DAY, &format!("{name} {day}")).await?;
    }
    Ok(())
}

/// What a subscription used in a day, at an hour of each resource's own.
fn lines(row: &Subscription, day: Date, until: Timestamp) -> Vec<String> {
    let mut all = Vec::new();
    for (place, running) in RUNNING.iter().enumerate() {
        let hour = i64::try_from(place).unwrap_or(0).saturating_add(1);
        let at = Timestamp::start_of(day).plus_hours(hour);
        if at > until || at < row.bought {
            continue;
        }
        let uri = format!(
            "/subscriptions/{}/resourceGroups/{}/providers/{}/{}",
            row.id, running.group, running.provider, running.name
        );
        for (meter, base, more) in running.meters {
            let thousandths = more
                .saturating_mul(i64::from(day.day()))
                .saturating_add(*base);
            let (whole, part) = (thousandths / 1_000, thousandths % 1_000);
            let line = json!({
                "id": format!("{} {day} {} {meter}", row.id, running.name),
                "subscription": row.id,
                "meter": meter,
                "at": at,
                "quantity": format!("{whole}.{part:03}"),
                "resource": { "uri": uri, "group": running.group, "location": "US East", "tags": { "team": running.group } },
            });
            all.push(line.to_string());
        }
    }
    all
}

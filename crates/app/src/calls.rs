//! How many calls of users came with a second factor (SEC-016). Every server counts its own, and writes down now and then how
//! far it is: a row says the whole of a day, so that writing it twice adds nothing.

use tierline_domain::time::{Date, add_days};
use tierline_store::tables::{CallDay, call_days, security};
use tierline_store::{Command, Tx, Value};
use uuid::Uuid;

use crate::error::AppError;

/// Days that counts are kept, as long as audit records can be read back (SEC-012).
pub const KEPT_DAYS: i32 = 90;
/// Days that reports cover, today among them (SEC-016).
pub const REPORT_DAYS: i32 = 7;

/// The first day of a report that is made on a day.
#[must_use]
pub fn since(today: Date) -> Date {
    add_days(today, 1_i32.saturating_sub(REPORT_DAYS))
}

/// Writes counts down, and forgets those of long ago.
#[derive(Clone, Debug)]
pub struct KeepCalls {
    /// The counts.
    pub days: Vec<CallDay>,
    /// Today, by the server's clock.
    pub today: Date,
}

impl Command for KeepCalls {
    type Out = ();
    type Error = AppError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AppError> {
        for day in &self.days {
            tx.put(day).await?;
        }
        let before = add_days(self.today, KEPT_DAYS.saturating_neg());
        tx.execute(security::FORGET_CALLS, &[Value::Day(before)])
            .await?;
        Ok(())
    }
}

/// What servers wrote down of a tenant's calls since a day: day by day, for each application what all of them counted. What
/// one of them has counted since it wrote is `fresh`, and stands in place of what it wrote.
///
/// # Errors
/// When the store fails.
pub async fn of_tenant(
    tx: &mut Tx<'_>,
    tenant: Uuid,
    since: Date,
    (server, fresh): (Uuid, &[CallDay]),
) -> Result<Vec<CallDay>, AppError> {
    let key = [Value::Id(tenant), Value::Day(since)];
    let mut all = tx.find::<CallDay>(call_days::OF_TENANT, &key).await?;
    all.retain(|row| row.server != server);
    all.extend(fresh.iter().cloned());
    all.sort_by(|a, b| (b.day, &a.application).cmp(&(a.day, &b.application)));
    let mut days: Vec<CallDay> = Vec::with_capacity(all.len());
    for row in all {
        match days.last_mut() {
            Some(last) if last.day == row.day && last.application == row.application => {
                last.calls = last.calls.saturating_add(row.calls);
                last.with_mfa = last.with_mfa.saturating_add(row.with_mfa);
            }
            _ => days.push(row),
        }
    }
    Ok(days)
}

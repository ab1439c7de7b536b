//! A subscription with its windows: what may still be taken back and until when, and what is to come.

use tierline_domain::catalog::Item;
use tierline_domain::partner::{Organization, Tenant};
use tierline_domain::subscription::Subscription;
use tierline_domain::time::{Date, Timestamp};
use tierline_store::tables::Due;
use tierline_store::{Tx, Value, tables};

use super::Viewer;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::names::{self, by_id};
use crate::{facts, windows};

/// Seats that were added at one moment.
#[derive(Clone, Debug)]
pub struct Seats {
    /// How many are left of them.
    pub quantity: i64,
    /// When they were added.
    pub added: Timestamp,
    /// Until when they may be given back; none where they came out of an upgrade (SUB-027).
    pub until: Option<Timestamp>,
    /// They may be given back now.
    pub is_open: bool,
}

/// What will be otherwise in the next term.
#[derive(Clone, Debug, Default)]
pub struct NextTerm {
    /// Seats.
    pub quantity: Option<i64>,
    /// The item's short name.
    pub item: Option<String>,
    /// How long it is.
    pub term: Option<String>,
    /// How it is billed.
    pub frequency: Option<String>,
    /// Its last day.
    pub end: Option<Date>,
}

impl NextTerm {
    const fn is_same(&self) -> bool {
        self.quantity.is_none()
            && self.item.is_none()
            && self.term.is_none()
            && self.frequency.is_none()
            && self.end.is_none()
    }
}

/// A subscription, its windows, and what is to come.
#[derive(Clone, Debug)]
pub struct Outlook {
    /// The subscription.
    pub row: Subscription,
    /// Short name of its item.
    pub item: String,
    /// Title of its item.
    pub title: String,
    /// What the item may be upgraded to: short name and title.
    pub upgrades: Vec<(String, String)>,
    /// What a trial becomes when it is made paid: short name and title.
    pub paid: Option<(String, String)>,
    /// Short name of its seller; `operator` where that sold it.
    pub seller: String,
    /// Short name of the reseller of record.
    pub reseller: Option<String>,
    /// Short name of the customer.
    pub customer: String,
    /// The customer's company.
    pub company: String,
    /// Batches of seats, the oldest first.
    pub seats: Vec<Seats>,
    /// Seats that may be given back now.
    pub reducible: i64,
    /// Until when it may be cancelled; none where cancelling knows no window (SUB-002, SUB-003).
    pub cancel_until: Option<Timestamp>,
    /// The window for cancelling is open, or there is none.
    pub may_cancel: bool,
    /// What is scheduled for the next term; none where nothing is.
    pub next_term: Option<NextTerm>,
    /// What happens by date, the soonest first.
    pub coming: Vec<Due>,
}

/// The outlook of a subscription that the viewer may see.
///
/// # Errors
/// When there is none, or the store fails.
pub async fn of(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    viewer: &Viewer,
    name: &str,
) -> Result<Outlook, AppError> {
    let row = viewer.subscription(tx, name).await?;
    let now = ctx.now;
    let item: Item = by_id(tx, row.item).await?;
    let customer: Tenant = by_id(tx, row.customer).await?;
    let company: Organization = by_id(tx, customer.organization).await?;
    let law = facts::policy(tx).await?.statutory_cancellation;
    let days = law
        .filter(|(country, _)| *country == customer.country)
        .map(|(_, days)| days);
    let cancel_until = windows::cancel_until(&row, &item, days);
    let open = windows::reducible(&row, now);
    let seats = row.batches.iter().map(|batch| {
        let has_window = row.upgraded.is_none_or(|upgraded| batch.at > upgraded);
        let until = has_window.then(|| batch.at.plus_hours(windows::WINDOW_HOURS));
        Seats {
            quantity: batch.quantity,
            added: batch.at,
            is_open: until.is_some_and(|until| now < until),
            until,
        }
    });
    let seats: Vec<Seats> = seats.collect();
    let coming = [Value::Text(row.handle.clone())];
    let coming = tx.find::<Due>(tables::schedule::OPEN_FOR, &coming).await?;
    let seller = match row.seller {
        Some(seller) => names::account_by_id(tx, seller).await?.handle,
        None => crate::actor::OPERATOR.to_owned(),
    };
    let reseller = match row.partner_of_record {
        Some(reseller) => Some(names::account_by_id(tx, reseller).await?.handle),
        None => None,
    };
    let mut upgrades = Vec::with_capacity(item.upgrades_to.len());
    for higher in &item.upgrades_to {
        if let Some(found) = names::item(tx, higher).await? {
            upgrades.push((found.handle, found.title));
        }
    }
    let paid = match &item.trial_of {
        Some(paid) => names::item(tx, paid).await?,
        None => None,
    };
    Ok(Outlook {
        upgrades,
        paid: paid.map(|paid| (paid.handle, paid.title)),
        next_term: next_term(tx, &row).await?,
        item: item.handle,
        title: item.title,
        seller,
        reseller,
        customer: customer.handle,
        company: company.name,
        seats,
        reducible: open
            .iter()
            .fold(0_i64, |sum, (seats, _)| sum.saturating_add(*seats)),
        may_cancel: cancel_until.is_none_or(|until| now < until),
        cancel_until,
        coming,
        row,
    })
}

async fn next_term(tx: &mut Tx<'_>, row: &Subscription) -> Result<Option<NextTerm>, AppError> {
    let planned = row.next_term.unwrap_or_default();
    let item = match planned.item {
        Some(item) => Some(by_id::<Item, _>(tx, item).await?.handle),
        None => None,
    };
    let frequency = planned.frequency.or(row.pending_frequency);
    let next = NextTerm {
        quantity: row.scheduled_quantity,
        item,
        term: planned.term.map(|term| term.to_string()),
        frequency: frequency.map(|frequency| frequency.to_string()),
        end: planned.end,
    };
    Ok((!next.is_same()).then_some(next))
}

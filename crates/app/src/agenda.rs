//! The schedule as it is shown: what is due next, what was done when, and whose it is.

use tierline_domain::billing::Invoice;
use tierline_domain::id::Id;
use tierline_domain::partner::Account;
use tierline_domain::time::Timestamp;
use tierline_store::tables::{Due, QualificationRequest};
use tierline_store::{Tx, Value, tables};
use uuid::Uuid;

use crate::error::AppError;
use crate::{billing, lifecycle, names, schedule, standing, usage};
use tierline_rules::regions;

/// Most entries of a page.
pub const PAGE_MAX: usize = 200;
/// How many rows are looked at for one page: a partner's own may lie far apart, and then a page is short and the next
/// one goes on from there.
const LOOKED_AT_MAX: usize = 2_000;

/// Which part of the schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Still to be done, soonest first.
    Open,
    /// Done or set aside, latest first.
    Done,
    /// Set aside because it could not be done, latest first.
    SetAside,
}

/// The place of an entry in its list: when it is due, or was done, and its id.
pub type Place = (Timestamp, Uuid);

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// Which part.
    pub part: Part,
    /// Only what concerns this partner.
    pub of: Option<Id<Account>>,
    /// Behind this place; from the start without one.
    pub after: Option<Place>,
    /// Most entries, at least 1 and at most [`PAGE_MAX`].
    pub count: usize,
}

/// An item of the schedule, and whom it concerns.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The item.
    pub item: Due,
    /// Short names of the partners; none where what it is about is gone.
    pub partners: Vec<String>,
}

impl Entry {
    /// `open`, `done`, or `set_aside` where it could not be done.
    #[must_use]
    pub const fn state(&self) -> &'static str {
        match (self.item.done, &self.item.problem) {
            (None, _) => "open",
            (Some(_), None) => "done",
            (Some(_), Some(_)) => "set_aside",
        }
    }
}

/// A page.
#[derive(Clone, Debug)]
pub struct Page {
    /// Its entries, in order.
    pub entries: Vec<Entry>,
    /// Where the next one begins; none at the end.
    pub next: Option<Place>,
}

/// A page of the schedule.
///
/// # Errors
/// When the store fails.
pub async fn page(tx: &mut Tx<'_>, question: &Question) -> Result<Page, AppError> {
    let count = question.count.clamp(1, PAGE_MAX);
    let mut page = Page {
        entries: Vec::new(),
        next: None,
    };
    let (mut after, mut looked_at) = (question.after, 0_usize);
    while looked_at < LOOKED_AT_MAX {
        let rows = rows(tx, question.part, after).await?;
        let is_last = rows.len() < PAGE_MAX;
        looked_at = looked_at.saturating_add(rows.len());
        for item in rows {
            if page.entries.len() == count {
                page.next = after;
                return Ok(page);
            }
            after = Some(place(&item));
            let whose = whose(tx, &item).await?;
            if question.of.is_none_or(|of| whose.contains(&of)) {
                let mut partners = Vec::with_capacity(whose.len());
                for id in whose {
                    partners.push(names::account_by_id(tx, id).await?.handle);
                }
                page.entries.push(Entry { item, partners });
            }
        }
        if is_last {
            return Ok(page);
        }
    }
    page.next = after;
    Ok(page)
}

/// Where an item stands in its list.
fn place(item: &Due) -> Place {
    (item.done.unwrap_or(item.due), item.id)
}

async fn rows(tx: &mut Tx<'_>, part: Part, after: Option<Place>) -> Result<Vec<Due>, AppError> {
    let (statement, end, id) = match part {
        Part::Open => (tables::schedule::OPEN_AFTER, EARLIEST, Uuid::nil()),
        Part::Done => (tables::schedule::DONE_BEFORE, LATEST, Uuid::max()),
        Part::SetAside => (tables::schedule::ASIDE_BEFORE, LATEST, Uuid::max()),
    };
    let (at, id) = match after {
        Some(place) => place,
        None => (Timestamp::from_micros(end)?, id),
    };
    let count = i64::try_from(PAGE_MAX).unwrap_or(i64::MAX);
    let key = [Value::Instant(at), Value::Id(id), Value::Int(count)];
    Ok(tx.find::<Due>(statement, &key).await?)
}

/// The year 1: before everything that is scheduled, in microseconds since 1970.
const EARLIEST: i64 = -62_135_596_800_000_000;
/// The end of the year 9999: behind everything.
const LATEST: i64 = 253_402_128_000_000_000;

/// Whom an item concerns. What it is about may be gone; then it is the operator's alone.
async fn whose(tx: &mut Tx<'_>, item: &Due) -> Result<Vec<Id<Account>>, AppError> {
    let subject = item.subject.as_str();
    let mut whose = match item.kind.as_str() {
        schedule::TERM_END
        | lifecycle::CYCLE
        | lifecycle::DISABLE
        | lifecycle::DELETE
        | lifecycle::DEPROVISION
        | lifecycle::END_WITH_CYCLE => {
            let row = names::subscription(tx, subject).await?;
            row.and_then(|row| row.seller).into_iter().collect()
        }
        usage::DAY | usage::MONTH => {
            let name = subject.rsplit_once(' ').map_or(subject, |(name, _)| name);
            let row = names::subscription(tx, name).await?;
            row.and_then(|row| row.seller).into_iter().collect()
        }
        schedule::TRANSFER_LAPSE => {
            let row = names::transfer(tx, subject).await?;
            row.map(|row| vec![row.from_partner, row.to_partner])
                .unwrap_or_default()
        }
        schedule::ADMIN_END
        | schedule::ADMIN_REMIND
        | schedule::ADMIN_LAPSE
        | schedule::ADMIN_SETTLE => {
            let row = names::admin_relationship(tx, subject).await?;
            row.map(|row| row.partner).into_iter().collect()
        }
        schedule::PARTNERSHIP_LAPSE => {
            accounts(tx, &subject.split(' ').collect::<Vec<_>>()).await?
        }
        schedule::RELATIONSHIP_LAPSE => {
            accounts(tx, &subject.split(' ').take(1).collect::<Vec<_>>()).await?
        }
        schedule::PROFILE_VETTING | standing::REVENUE_CHECK | standing::REVENUE_WARNING => {
            accounts(tx, &[subject]).await?
        }
        billing::run::BILLING => {
            // A region's run concerns whoever is billed by it.
            let region = subject.get(8..).and_then(|rest| rest.split(' ').next());
            let every = tx.find::<Account>(tables::accounts::EVERY, &[]).await?;
            let billed = every.into_iter().filter(|account| {
                account.kind.is_billed()
                    && regions::place(account.country).is_some_and(|place| {
                        Some(&*billing::run::slug(place.region.as_str())) == region
                    })
            });
            billed.map(|account| account.id).collect()
        }
        standing::OVERDUE | billing::collection::COLLECT | billing::collection::REMIND => {
            let key = [Value::Text(subject.to_owned())];
            let rows = tx.find::<Invoice>(tables::invoices::BY_HANDLE, &key);
            rows.await?
                .into_iter()
                .filter_map(|row| row.recipient.account())
                .collect()
        }
        schedule::QUALIFICATION_REVIEW => match subject.parse::<Uuid>() {
            Ok(id) => {
                let row = tx.get::<QualificationRequest>(&[Value::Id(id)]).await?;
                row.map(|row| row.partner).into_iter().collect()
            }
            Err(_) => Vec::new(),
        },
        _ => Vec::new(),
    };
    whose.dedup();
    Ok(whose)
}

async fn accounts(tx: &mut Tx<'_>, handles: &[&str]) -> Result<Vec<Id<Account>>, AppError> {
    let mut found = Vec::new();
    for handle in handles {
        found.extend(names::account(tx, handle).await?.map(|account| account.id));
    }
    Ok(found)
}

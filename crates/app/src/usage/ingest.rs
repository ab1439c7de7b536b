//! Taking usage in: a file as a whole or not at all, every event once.
//!
//! What is wrong is told by line. An event that is known already counts as a repeat and changes nothing, unless it says
//! something else than it did: then the file is refused.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::Serialize;
use sha2::{Digest, Sha256};
use tierline_domain::decimal::Decimal;
use tierline_domain::id::Id;
use tierline_domain::money::{Currency, MoneyError};
use tierline_domain::subscription::{Subscription, SubscriptionState};
use tierline_domain::time::{Date, Timestamp};
use tierline_domain::usage::{
    Earning, Meter, MeterPrice, UsageDay, UsageEvent, UsageResource, UsageUpload,
};
use tierline_store::tables::usage as rows;
use tierline_store::{Command, Lock, StoreError, Tx, Value, tables};
use uuid::Uuid;

use super::lines::{FAULTS_MAX, Fault, Line, Lines, Resource, digest_id};
use super::{DAY, MONTH, closes, over};
use crate::actor;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::subscription::is_usage;
use crate::{events, names, schedule};

/// Events of one statement.
const CHUNK: usize = 2_000;

/// Takes a file of usage in.
pub struct Ingest {
    /// Who sends it, and when.
    pub ctx: Ctx,
    /// The file.
    pub file: Arc<Lines>,
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Recorded {
    /// Its id.
    pub upload: Id<UsageUpload>,
    /// Events that it held.
    pub lines: i64,
    /// Events that were new.
    pub events: i64,
    /// Events that were known already, word for word.
    pub repeats: i64,
}

/// Why a file was not taken.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Lines are wrong; the first of them.
    #[error("{}", told(.0))]
    Lines(Vec<Fault>),
    /// Something else.
    #[error(transparent)]
    App(#[from] AppError),
}

fn told(faults: &[Fault]) -> String {
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    lines.join("; ")
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::App(error.into())
    }
}
impl From<MoneyError> for Refused {
    fn from(error: MoneyError) -> Self {
        Self::App(error.into())
    }
}

impl Command for Ingest {
    type Out = Recorded;
    type Error = Refused;

    /// Days of usage are written by the schedule too, and by other files: one of them at a time.
    fn locks(&self) -> Vec<Lock> {
        vec![schedule::turn()]
    }

    /// It looks for the row of its own file first.
    fn is_repeatable(&self) -> bool {
        true
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Recorded, Refused> {
        actor::resolve(tx, &self.ctx.actor).await?.operator()?;
        record(&self.ctx, tx, &self.file).await
    }
}

/// A subscription that lines name.
struct Holder {
    row: Subscription,
    /// Why it takes no usage, if it does not.
    problem: Option<String>,
}

/// A meter that lines name, with its prices in order.
struct Metered {
    row: Meter,
    prices: Vec<MeterPrice>,
}

impl Metered {
    fn price(&self, day: Date) -> Option<Decimal> {
        let earlier = self.prices.iter().rev();
        earlier
            .into_iter()
            .find(|price| price.from_day <= day)
            .map(|price| price.price)
    }
}

/// What stands behind the names of a file.
struct Known {
    holders: Vec<Option<Holder>>,
    meters: Vec<Option<Metered>>,
}

async fn look_up(tx: &mut Tx<'_>, file: &Lines) -> Result<Known, AppError> {
    let mut holders = Vec::with_capacity(file.subscriptions.len());
    for name in &file.subscriptions {
        holders.push(match names::subscription(tx, name).await? {
            Some(row) => Some(holder(tx, row).await?),
            None => None,
        });
    }
    let mut meters = Vec::with_capacity(file.meters.len());
    for name in &file.meters {
        let key = [Value::Text(name.clone())];
        let found = tx.find::<Meter>(tables::meters::BY_HANDLE, &key).await?;
        meters.push(match found.into_iter().next() {
            Some(row) => {
                let key = [Value::Int(row.number)];
                let prices = tx.find(tables::meter_prices::BY_METER, &key).await?;
                Some(Metered { row, prices })
            }
            None => None,
        });
    }
    Ok(Known { holders, meters })
}

async fn holder(tx: &mut Tx<'_>, row: Subscription) -> Result<Holder, AppError> {
    let item = names::by_id(tx, row.item).await?;
    let problem = if !is_usage(&item) {
        Some(format!(
            "`{}` is a subscription of {}, which is not billed by use",
            row.handle, item.kind
        ))
    } else if matches!(
        row.state,
        SubscriptionState::Active | SubscriptionState::Suspended
    ) {
        None
    } else {
        Some(format!(
            "`{}` has ended: it is {}; usage is taken while a subscription runs",
            row.handle, row.state
        ))
    };
    Ok(Holder { row, problem })
}

/// Faults as they are found, the first hundred.
#[derive(Default)]
struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, line: usize, field: &str, problem: impl Into<String>) {
        if self.0.len() < FAULTS_MAX {
            self.0.push(Fault::new(line, field, problem));
        }
    }

    fn settle(&mut self) -> Result<(), Refused> {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut faults = std::mem::take(&mut self.0);
        faults.sort_by_key(|fault| fault.line);
        Err(Refused::Lines(faults))
    }
}

/// One event with everything that it names.
struct Meant<'a> {
    line: &'a Line,
    holder: &'a Holder,
    meter: &'a Metered,
    /// Nil where no resource is named.
    resource: Uuid,
}

impl Meant<'_> {
    fn event(&self, upload: Id<UsageUpload>) -> UsageEvent {
        UsageEvent {
            id: self.line.id,
            upload,
            subscription: self.holder.row.id,
            meter: self.meter.row.number,
            at: self.line.at,
            quantity: self.line.quantity,
            cost: self.line.cost,
            resource: self.resource,
        }
    }
}

fn same(one: &UsageEvent, other: &UsageEvent) -> bool {
    UsageEvent {
        upload: other.upload,
        ..one.clone()
    } == *other
}

/// Looks at each line beside what it names.
fn meant<'a>(
    now: Timestamp,
    file: &'a Lines,
    known: &'a Known,
    faults: &mut Faults,
) -> Vec<Meant<'a>> {
    let resources = resource_ids(file, known);
    let mut all = Vec::with_capacity(file.lines.len());
    for line in &file.lines {
        let name = |list: &'a [String], place: usize| list.get(place).map_or("", String::as_str);
        let Some(holder) = known
            .holders
            .get(line.subscription)
            .and_then(Option::as_ref)
        else {
            let name = name(&file.subscriptions, line.subscription);
            let problem = format!("there is no subscription `{name}`");
            faults.add(line.number, "subscription", problem);
            continue;
        };
        if let Some(problem) = &holder.problem {
            faults.add(line.number, "subscription", problem.clone());
            continue;
        }
        let Some(meter) = known.meters.get(line.meter).and_then(Option::as_ref) else {
            let name = name(&file.meters, line.meter);
            let problem = format!("there is no meter `{name}`; import it with the catalogue");
            faults.add(line.number, "meter", problem);
            continue;
        };
        if let Some((field, problem)) = misplaced(now, line, holder, meter) {
            faults.add(line.number, field, problem);
            continue;
        }
        let resource = line.resource.and_then(|place| {
            let key = (line.subscription, place);
            resources.get(&key).copied()
        });
        all.push(Meant {
            line,
            holder,
            meter,
            resource: resource.unwrap_or(Uuid::nil()),
        });
    }
    all
}

/// What is wrong with when something was used, or with its price then.
fn misplaced(
    now: Timestamp,
    line: &Line,
    holder: &Holder,
    meter: &Metered,
) -> Option<(&'static str, String)> {
    let day = line.at.date();
    if line.at > now {
        return Some(("at", format!("{} lies ahead: it is {now}", line.at)));
    }
    if line.at < holder.row.bought {
        let since = holder.row.bought;
        return Some(("at", format!("the subscription runs since {since}")));
    }
    if closes(day) <= now {
        let month = day.strftime("%Y-%m");
        let problem = format!("{month} is closed since {}", closes(day));
        return Some(("at", problem));
    }
    if line.cost.is_none() && meter.price(day).is_none() {
        let problem = format!("`{}` has no price on {day}; import one", meter.row.handle);
        return Some(("meter", problem));
    }
    None
}

/// The id of each resource, by the places of its subscription and of itself.
fn resource_ids(file: &Lines, known: &Known) -> HashMap<(usize, usize), Uuid> {
    let mut ids = HashMap::new();
    for line in &file.lines {
        let Some(place) = line.resource else { continue };
        let holder = known
            .holders
            .get(line.subscription)
            .and_then(Option::as_ref);
        if let (Some(holder), Some(resource)) = (holder, file.resources.get(place)) {
            ids.entry((line.subscription, place))
                .or_insert_with(|| resource_of(holder.row.id, resource).id);
        }
    }
    ids
}

/// A resource of a subscription; its id follows from all that is known of it.
fn resource_of(subscription: Id<Subscription>, of: &Resource) -> UsageResource {
    let mut resource = UsageResource {
        id: Uuid::nil(),
        subscription,
        uri: of.uri.clone(),
        resource_group: of.group.clone(),
        location: of.location.clone(),
        tags: of.tags.clone(),
    };
    resource.id = resource_id(&resource);
    resource
}

/// The id that follows from a resource.
pub(super) fn resource_id(resource: &UsageResource) -> Uuid {
    let tags = serde_json::to_string(&resource.tags).unwrap_or_default();
    digest_id(&[
        "usage resource",
        &resource.subscription.to_string(),
        &resource.uri,
        &resource.resource_group,
        &resource.location,
        &tags,
    ])
}

/// Takes a file in, in this transaction.
///
/// # Errors
/// What is wrong with it, by line; or when the store fails.
pub(crate) async fn record(ctx: &Ctx, tx: &mut Tx<'_>, file: &Lines) -> Result<Recorded, Refused> {
    let upload: Id<UsageUpload> = ctx.ids().next();
    let lines = i64::try_from(file.lines.len()).unwrap_or(i64::MAX);
    let earlier = tx.get::<UsageUpload>(&[Value::Id(upload.uuid())]).await?;
    if let Some(row) = earlier {
        return Ok(recorded(&row));
    }
    let known = look_up(tx, file).await?;
    let mut faults = Faults::default();
    let mut all = meant(ctx.now, file, &known, &mut faults);
    faults.settle()?;
    // In the order of their ids they lie together in the index, and so do two of the same id.
    all.sort_by_key(|one| (one.line.id, one.line.number));
    once(&mut all, upload, &mut faults);
    faults.settle()?;
    let (fresh, digest) = write(tx, upload, all, &mut faults).await?;
    faults.settle()?;
    resources(tx, file, &known).await?;
    days(ctx, tx, &fresh, &mut faults).await?;
    faults.settle()?;
    let row = UsageUpload {
        id: upload,
        at: ctx.now,
        lines,
        events: i64::try_from(fresh.len()).unwrap_or(i64::MAX),
        digest,
    };
    tx.insert(&row).await?;
    events::said(ctx, tx, "usage_recorded", &upload.to_string()).await?;
    Ok(recorded(&row))
}

fn recorded(row: &UsageUpload) -> Recorded {
    Recorded {
        upload: row.id,
        lines: row.lines,
        events: row.events,
        repeats: row.lines.saturating_sub(row.events),
    }
}

/// Leaves one of those that came twice in the same file.
fn once(all: &mut Vec<Meant<'_>>, upload: Id<UsageUpload>, faults: &mut Faults) {
    all.dedup_by(|later, first| {
        if later.line.id != first.line.id {
            return false;
        }
        if !same(&later.event(upload), &first.event(upload)) {
            let problem = format!(
                "line {} has the same id and says something else",
                first.line.number
            );
            faults.add(later.line.number, "id", problem);
        }
        true
    });
}

/// Writes the events; gives those that were new, and their digest.
async fn write<'a>(
    tx: &mut Tx<'_>,
    upload: Id<UsageUpload>,
    all: Vec<Meant<'a>>,
    faults: &mut Faults,
) -> Result<(Vec<Meant<'a>>, Vec<u8>), Refused> {
    let mut fresh = Vec::with_capacity(all.len());
    let mut digest = Sha256::new();
    let mut all = all.into_iter().peekable();
    while all.peek().is_some() {
        let chunk: Vec<Meant<'_>> = all.by_ref().take(CHUNK).collect();
        let rows: Vec<UsageEvent> = chunk.iter().map(|one| one.event(upload)).collect();
        let written = tx.write_all(rows::ADD_EVENT, &rows).await?;
        let earlier = if usize::try_from(written).is_ok_and(|written| written == rows.len()) {
            HashMap::new()
        } else {
            earlier(tx, upload, &rows).await?
        };
        for (one, row) in chunk.into_iter().zip(&rows) {
            match earlier.get(&row.id) {
                None => {
                    seal(&mut digest, row);
                    fresh.push(one);
                }
                Some(was) if same(was, row) => {}
                Some(_) => {
                    let problem = "was sent before and said something else; give a new event an id of its own";
                    faults.add(one.line.number, "id", problem);
                }
            }
        }
    }
    Ok((fresh, digest.finalize().to_vec()))
}

/// Those of some events that came with an earlier file, as they were then.
async fn earlier(
    tx: &mut Tx<'_>,
    upload: Id<UsageUpload>,
    asked: &[UsageEvent],
) -> Result<HashMap<Uuid, UsageEvent>, AppError> {
    let mut found = HashMap::new();
    for chunk in asked.chunks(rows::KNOWN_MAX) {
        let Some(last) = chunk.last() else { continue };
        let ids = chunk.iter().chain(std::iter::repeat(last));
        let ids = ids.take(rows::KNOWN_MAX).map(|row| Value::Id(row.id));
        let ids: Vec<Value> = ids.collect();
        for row in tx.find::<UsageEvent>(rows::KNOWN, &ids).await? {
            if row.upload != upload {
                found.insert(row.id, row);
            }
        }
    }
    Ok(found)
}

/// Adds an event to the digest of its file.
pub(crate) fn seal(digest: &mut Sha256, row: &UsageEvent) {
    digest.update(row.id);
    digest.update(row.subscription.uuid());
    digest.update(row.meter.to_be_bytes());
    digest.update(row.at.as_micros().to_be_bytes());
    for number in [Some(row.quantity), row.cost].into_iter().flatten() {
        digest.update(number.mantissa().to_be_bytes());
        digest.update(number.scale().to_be_bytes());
    }
    digest.update(row.resource);
}

async fn resources(tx: &mut Tx<'_>, file: &Lines, known: &Known) -> Result<(), Refused> {
    let mut all = Vec::new();
    for (holder, place) in resource_ids(file, known).into_keys() {
        let holder = known.holders.get(holder).and_then(Option::as_ref);
        if let (Some(holder), Some(resource)) = (holder, file.resources.get(place)) {
            all.push(resource_of(holder.row.id, resource));
        }
    }
    all.sort_by_key(|row| row.id);
    // Ids follow from contents, so one that is there already is the same.
    tx.write_all(tables::usage_resources::UPSERT, &all).await?;
    Ok(())
}

/// What a file adds to one row of a day.
struct Sum<'a> {
    of: &'a Meant<'a>,
    quantity: Decimal,
    unrated: Decimal,
    given: Decimal,
    events: i64,
    /// The line that it overflowed with.
    overflow: Option<usize>,
}

impl<'a> Sum<'a> {
    fn of(one: &'a Meant<'a>) -> Self {
        Self {
            of: one,
            quantity: Decimal::ZERO,
            unrated: Decimal::ZERO,
            given: Decimal::ZERO,
            events: 0,
            overflow: None,
        }
    }

    fn add(&mut self, line: &Line) -> Result<(), MoneyError> {
        self.quantity = self.quantity.plus(line.quantity)?;
        match line.cost {
            Some(cost) => self.given = self.given.plus(cost)?,
            None => self.unrated = self.unrated.plus(line.quantity)?,
        }
        self.events = self.events.saturating_add(1);
        Ok(())
    }

    /// The row as it becomes.
    fn onto(&self, old: Option<UsageDay>, now: Timestamp) -> Result<UsageDay, MoneyError> {
        let (row, day) = (&self.of.holder.row, self.of.line.at.date());
        let mut new = old.unwrap_or(UsageDay {
            subscription: row.id,
            day,
            meter: self.of.meter.row.number,
            resource: self.of.resource,
            customer: row.customer,
            quantity: Decimal::ZERO,
            unrated: Decimal::ZERO,
            given: Decimal::ZERO,
            events: 0,
            changed: now,
            list: Decimal::ZERO,
            earning: Earning::Open,
            percent: 0,
            net: Decimal::ZERO,
            charged_quantity: Decimal::ZERO,
            charged_list: Decimal::ZERO,
            charged_net: Decimal::ZERO,
            reserved: 0,
            rated: None,
        });
        new.quantity = new.quantity.plus(self.quantity)?.trimmed();
        new.unrated = new.unrated.plus(self.unrated)?.trimmed();
        new.given = new.given.plus(self.given)?.trimmed();
        new.events = new.events.saturating_add(self.events);
        new.changed = now;
        new.rated = None;
        let price = self.of.meter.price(day).unwrap_or(Decimal::ZERO);
        new.list = new.unrated.times(price)?.plus(new.given)?.trimmed();
        // What can be rated later, at whatever credit.
        tierline_billing::meter::net(new.list, 0)?.cut(Currency::USD)?;
        Ok(new)
    }
}

type Place = (Id<Subscription>, Date, i64, Uuid);

/// Adds events to their days, and has the schedule rate these.
async fn days(
    ctx: &Ctx,
    tx: &mut Tx<'_>,
    fresh: &[Meant<'_>],
    faults: &mut Faults,
) -> Result<(), Refused> {
    let mut sums: BTreeMap<Place, Sum<'_>> = BTreeMap::new();
    for one in fresh {
        let place = (
            one.holder.row.id,
            one.line.at.date(),
            one.meter.row.number,
            one.resource,
        );
        let sum = sums.entry(place).or_insert_with(|| Sum::of(one));
        if sum.add(one.line).is_err() && sum.overflow.is_none() {
            sum.overflow = Some(one.line.number);
        }
    }
    let mut rows = Vec::with_capacity(sums.len());
    let mut known: HashMap<Place, UsageDay> = HashMap::new();
    let mut looked = None;
    for (place, sum) in &sums {
        let (subscription, day, _, _) = *place;
        if looked != Some((subscription, day)) {
            looked = Some((subscription, day));
            let key = [Value::Id(subscription.uuid()), Value::Day(day)];
            let old = tx
                .find::<UsageDay>(tables::usage_days::OF_DAY, &key)
                .await?;
            known = old
                .into_iter()
                .map(|row| ((row.subscription, row.day, row.meter, row.resource), row))
                .collect();
        }
        match (sum.overflow, sum.onto(known.remove(place), ctx.now)) {
            (None, Ok(row)) => rows.push(row),
            (line, _) => {
                let line = line.unwrap_or(sum.of.line.number);
                let problem = "the day's consumption is too large to be worked out exactly";
                faults.add(line, "quantity", problem);
            }
        }
    }
    if !faults.0.is_empty() {
        return Ok(());
    }
    tx.write_all(tables::usage_days::UPSERT, &rows).await?;
    let mut planned = None;
    for sum in sums.values() {
        let (row, day) = (&sum.of.holder.row, sum.of.line.at.date());
        if planned == Some((row.id, day)) {
            continue;
        }
        let is_new_month = planned.is_none_or(|(other, earlier): (_, Date)| {
            other != row.id || earlier.first_of_month() != day.first_of_month()
        });
        planned = Some((row.id, day));
        let of = |day: Date| format!("{} {day}", row.handle);
        schedule::plan(tx, DAY, &of(day), over(day)).await?;
        if is_new_month {
            let month = day.first_of_month();
            schedule::plan(tx, MONTH, &of(month), closes(day)).await?;
        }
    }
    Ok(())
}

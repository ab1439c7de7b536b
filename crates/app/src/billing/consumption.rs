//! Consumption on bills: what stands behind a month's charge of a meter, as one row or told apart by day and resource.

use std::sync::Arc;

use tierline_billing::meter::split;
use tierline_domain::billing::{Basis, Invoice, InvoiceKind};
use tierline_domain::decimal::Decimal;
use tierline_domain::id::Id;
use tierline_domain::money::{Currency, Money};
use tierline_domain::partner::Account;
use tierline_domain::subscription::{Charge, ChargeKind, Subscription};
use tierline_domain::time::{Date, add_months};
use tierline_domain::usage::{Meter, UsageCharge, UsageDay, UsageResource};
use tierline_store::tables::files::Billed;
use tierline_store::{Tx, Value, tables};
use uuid::Uuid;

use super::exports::Place;
use super::fx;
use super::views::{self, Choice, Directory, Entry, Period, figures, is_usage};
use crate::charges::running;
use crate::error::AppError;
use crate::names::by_id;
use crate::usage::last_of_month;

/// Lines whose days are looked up at a time.
const CHUNK: usize = 64;
/// Lines of what is not billed yet that one page looks at, whether or not they are of those asked for.
const LOOK_MAX: usize = 2_000;
/// Decimals of prices that are worked out.
const DECIMALS: u32 = 12;

/// What a charge for consumption is made of: one meter's consumption of a day with one resource, or of the whole month. Sums of
/// [`UsageRow::amount`] over the rows of a line are that line's amount, exactly.
#[derive(Clone, Debug)]
pub struct UsageRow {
    /// The line it is billed on.
    pub entry: Arc<Entry>,
    /// The day, or the first one.
    pub day: Date,
    /// What was metered.
    pub meter: Arc<Meter>,
    /// What used it, where that was reported.
    pub resource: Option<Arc<UsageResource>>,
    /// How much.
    pub quantity: Decimal,
    /// What of the line's amount falls to it.
    pub amount: Money,
    /// The price of one, in the line's currency and before credit.
    pub unit_price: Decimal,
    /// What one costs in truth (BIL-053).
    pub effective_price: Decimal,
    /// The amount where it is priced, not rounded.
    pub priced: Decimal,
    /// The currency it is priced in (BIL-021).
    pub priced_in: Currency,
    /// How much of the line's currency one of that is.
    pub rate: Decimal,
    /// Credit in per cent (PEC-007).
    pub credit_percent: i64,
}

/// A part of a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    quantity: Decimal,
    list: Decimal,
    net: Decimal,
}

impl Part {
    const NOTHING: Self = Self {
        quantity: Decimal::ZERO,
        list: Decimal::ZERO,
        net: Decimal::ZERO,
    };

    const fn of(charge: &UsageCharge) -> Self {
        Self {
            quantity: charge.quantity,
            list: charge.list,
            net: charge.net,
        }
    }

    const fn charged(day: &UsageDay) -> Self {
        Self {
            quantity: day.charged_quantity,
            list: day.charged_list,
            net: day.charged_net,
        }
    }

    fn plus(self, other: Self) -> Result<Self, AppError> {
        Ok(Self {
            quantity: self.quantity.plus(other.quantity)?,
            list: self.list.plus(other.list)?,
            net: self.net.plus(other.net)?,
        })
    }

    /// What of something that begins at a place lies in a stretch.
    fn within(self, at: Self, (from, until): (Self, Self)) -> Result<Self, AppError> {
        let cut = |own, at, from, until| overlap((at, own), (from, until));
        Ok(Self {
            quantity: cut(self.quantity, at.quantity, from.quantity, until.quantity)?,
            list: cut(self.list, at.list, from.list, until.list)?,
            net: cut(self.net, at.net, from.net, until.net)?,
        })
    }

    /// The credit that was earned on it, rounded to whole per cent.
    fn credit_percent(self) -> Result<i64, AppError> {
        if self.list.is_zero() {
            return Ok(0);
        }
        let saved = self.list.minus(self.net)?;
        let percent = saved.times(Decimal::new(100, 0))?.over(self.list, 0)?;
        Ok(i64::try_from(percent.mantissa()).unwrap_or(100))
    }

    const fn is_nothing(self) -> bool {
        self.quantity.is_zero() && self.list.is_zero() && self.net.is_zero()
    }
}

/// How much of something that is `own` long and begins at `at` lies between `from` and `until`.
fn overlap(
    (at, own): (Decimal, Decimal),
    (from, until): (Decimal, Decimal),
) -> Result<Decimal, AppError> {
    let end = at.plus(own)?;
    let last = if end.minus(until)?.is_negative() {
        end
    } else {
        until
    };
    let first = if at.minus(from)?.is_negative() {
        from
    } else {
        at
    };
    let inside = last.minus(first)?;
    Ok(if inside.is_negative() {
        Decimal::ZERO
    } else {
        inside.trimmed()
    })
}

/// What stands behind a line of consumption that was rated by its days; none of one that was charged otherwise.
async fn behind(tx: &mut Tx<'_>, entry: &Entry) -> Result<Option<UsageCharge>, AppError> {
    let charge = &entry.billed.charge;
    if charge.kind != ChargeKind::Usage {
        return Ok(None);
    }
    let key = [Value::Id(charge.id.uuid())];
    Ok(tx.get::<UsageCharge>(&key).await?)
}

/// The row of a line that no meter stands behind.
fn plain(entry: Arc<Entry>) -> Result<UsageRow, AppError> {
    let (charge, line) = (&entry.billed.charge, figures(&entry.billed));
    let quantity = Decimal::new(i128::from(charge.basis.quantity), 0);
    let meter = Meter {
        number: 0,
        handle: entry.goods.item.handle.clone(),
        name: entry.goods.item.title.clone(),
        category: "Cloud".to_owned(),
        subcategory: String::new(),
        region: String::new(),
        unit: "1 Unit".to_owned(),
        earns: false,
    };
    Ok(UsageRow {
        day: charge.from_day,
        meter: Arc::new(meter),
        resource: None,
        quantity,
        amount: line.amount,
        unit_price: Decimal::of(line.unit_price),
        effective_price: each(Decimal::of(line.amount), quantity)?,
        priced: Decimal::of(line.amount),
        priced_in: line.amount.currency,
        rate: Decimal::ONE,
        credit_percent: 0,
        entry,
    })
}

fn each(amount: Decimal, quantity: Decimal) -> Result<Decimal, AppError> {
    if quantity.is_zero() {
        return Ok(Decimal::ZERO);
    }
    Ok(amount.over(quantity, DECIMALS)?.trimmed())
}

/// What has to be known of a line to make rows of it.
struct Line {
    entry: Arc<Entry>,
    usage: UsageCharge,
    meter: Arc<Meter>,
}

impl Line {
    /// An amount per unit as this line's edge has it: what the operator asks, or in proportion what its seller does.
    fn on_edge(&self, dollars: Decimal) -> Result<Decimal, AppError> {
        let (asked, own) = (self.usage.amount, figures(&self.entry.billed).amount);
        if asked == own || asked.minor == 0 {
            return Ok(dollars);
        }
        let whole = dollars.times(Decimal::of(own))?;
        Ok(whole.over(Decimal::of(asked), DECIMALS)?.trimmed())
    }

    fn row(
        &self,
        (day, resource): (Date, Option<Arc<UsageResource>>),
        part: Part,
        amount: Money,
    ) -> Result<UsageRow, AppError> {
        let rate = self.usage.rate;
        let unit = self.on_edge(each(part.list, part.quantity)?)?;
        let effective = self.on_edge(each(part.net, part.quantity)?)?;
        Ok(UsageRow {
            entry: Arc::clone(&self.entry),
            day,
            meter: Arc::clone(&self.meter),
            resource,
            quantity: part.quantity,
            amount,
            unit_price: unit.times(rate)?.trimmed(),
            effective_price: effective.times(rate)?.trimmed(),
            priced: self.on_edge(part.net)?,
            priced_in: Currency::USD,
            rate,
            credit_percent: part.credit_percent()?,
        })
    }
}

async fn line(
    tx: &mut Tx<'_>,
    names: &mut Directory,
    entry: &Arc<Entry>,
) -> Result<Option<Line>, AppError> {
    let Some(usage) = behind(tx, entry).await? else {
        return Ok(None);
    };
    Ok(Some(Line {
        entry: Arc::clone(entry),
        meter: names.meter(tx, usage.meter).await?,
        usage,
    }))
}

/// A line of consumption as one row.
///
/// # Errors
/// When something of it is gone, the store fails or amounts overflow.
pub async fn month(
    tx: &mut Tx<'_>,
    names: &mut Directory,
    entry: Arc<Entry>,
) -> Result<UsageRow, AppError> {
    let Some(line) = line(tx, names, &entry).await? else {
        return plain(entry);
    };
    let (usage, amount) = (&line.usage, figures(&entry.billed).amount);
    let mut row = line.row((usage.month, None), Part::of(usage), amount)?;
    // The cost of a month is what was billed of it.
    row.effective_price = each(Decimal::of(amount), usage.quantity)?;
    Ok(row)
}

/// A line of consumption as rows of a day and a resource each, by day. What a day costs is the difference between two parts of
/// the line's amount, that up to it and that before it, each rounded: so the days come to the line to the cent.
///
/// Where a month has two charges of a meter, because its subscription went to another partner, the first of them is made of
/// the days up to what it charged, and the second of the rest.
///
/// # Errors
/// When something of it is gone, the store fails or amounts overflow.
pub async fn days(
    tx: &mut Tx<'_>,
    names: &mut Directory,
    entry: Arc<Entry>,
) -> Result<Vec<UsageRow>, AppError> {
    let Some(line) = line(tx, names, &entry).await? else {
        return Ok(vec![plain(entry)?]);
    };
    let parts = parts(tx, &entry.billed.charge, &line.usage).await?;
    let shares: Vec<Decimal> = parts.iter().map(|(_, part)| part.net).collect();
    let amounts = split(figures(&entry.billed).amount, &shares)?;
    let mut rows = Vec::with_capacity(parts.len());
    for ((day, part), amount) in parts.into_iter().zip(amounts) {
        let resource = names.resource(tx, day.resource).await?;
        rows.push(line.row((day.day, resource), part, amount)?);
    }
    if rows.is_empty() {
        rows.push(month(tx, names, entry).await?);
    }
    Ok(rows)
}

/// The days of a charge, and how much of each it charges.
async fn parts(
    tx: &mut Tx<'_>,
    charge: &Charge,
    usage: &UsageCharge,
) -> Result<Vec<(UsageDay, Part)>, AppError> {
    let from = before(tx, charge, usage).await?;
    let until = from.plus(Part::of(usage))?;
    let key = [
        Value::Id(usage.subscription.uuid()),
        Value::Int(usage.meter),
        Value::Day(usage.month),
        Value::Day(usage.month.last_of_month()),
    ];
    let (mut at, mut parts) = (Part::NOTHING, Vec::new());
    for day in tx
        .scan::<UsageDay>(tables::usage_days::OF_METER, &key)
        .await?
    {
        let whole = Part::charged(&day);
        let part = whole.within(at, (from, until))?;
        at = at.plus(whole)?;
        if !part.is_nothing() {
            parts.push((day, part));
        }
    }
    Ok(parts)
}

/// What of a meter and month was charged before.
async fn before(tx: &mut Tx<'_>, charge: &Charge, usage: &UsageCharge) -> Result<Part, AppError> {
    let key = [
        Value::Id(usage.subscription.uuid()),
        Value::Day(usage.month),
    ];
    let mut sum = Part::NOTHING;
    for other in tx
        .scan::<UsageCharge>(tables::usage_charges::OF_MONTH, &key)
        .await?
    {
        if other.meter != usage.meter || other.charge == usage.charge {
            continue;
        }
        let booked: Charge = by_id(tx, other.charge).await?;
        if booked.position < charge.position {
            sum = sum.plus(Part::of(&other))?;
        }
    }
    Ok(sum)
}

/// Where lines are read from.
#[derive(Clone, Debug)]
pub enum Source {
    /// An invoice.
    Invoice(Id<Invoice>),
    /// What a seller will be billed.
    Unbilled {
        /// The seller.
        seller: Box<Account>,
        /// Of this month or the one before.
        period: Period,
        /// Today in the world.
        today: Date,
    },
}

impl Source {
    /// The next lines, and where they end; none where nothing follows.
    async fn next(
        &self,
        tx: &mut Tx<'_>,
        place: Place,
    ) -> Result<(Vec<Billed>, Option<Place>), AppError> {
        let choice = Choice::Usage;
        match self {
            Self::Invoice(invoice) => {
                let found = views::lines(tx, *invoice, choice, place.line, (CHUNK, 0)).await?;
                let last = found.last().filter(|_| found.len() >= CHUNK);
                let next = last.map(behind_line);
                Ok((found, next))
            }
            Self::Unbilled {
                seller,
                period,
                today,
            } => {
                let (when, after) = ((*period, *today), place.booked);
                let (found, next) = views::unbilled(tx, seller, when, choice, after, CHUNK).await?;
                let next = next.map(|booked| Place {
                    booked: Some(booked),
                    ..Place::default()
                });
                Ok((found, next))
            }
        }
    }
}

/// The place behind a line.
fn behind_line(billed: &Billed) -> Place {
    match billed.line {
        Some(line) => Place {
            line: line.position,
            ..Place::default()
        },
        None => Place {
            booked: Some((billed.charge.booked, billed.charge.id.uuid())),
            ..Place::default()
        },
    }
}

/// Days that are rated and not charged yet, behind a place. Each is cut for itself; the month that they become is cut once.
async fn open_days(
    tx: &mut Tx<'_>,
    names: &mut Directory,
    (seller, period, today): (&Account, Period, Date),
    place: Place,
    wanted: Wanted,
) -> Result<Vec<(Place, Option<UsageRow>)>, AppError> {
    let this = today.first_of_month();
    let (first, next) = match period {
        Period::Current => (this, add_months(this, 1)),
        Period::Previous => (add_months(this, -1), this),
    };
    let begin = (Uuid::nil(), first, 0, Uuid::nil());
    let (subscription, day, meter, resource) = place.day.unwrap_or(begin);
    let key = [
        Value::Id(seller.id.uuid()),
        Value::Id(subscription),
        Value::Day(day),
        Value::Int(meter),
        Value::Id(resource),
        Value::Day(first),
        Value::Day(next),
        Value::Int(i64::try_from(CHUNK).unwrap_or(i64::MAX)),
    ];
    let found = tx.scan::<UsageDay>(tables::usage_days::OPEN, &key).await?;
    let mut rows = Vec::with_capacity(found.len());
    for day in found {
        let behind = Place {
            day: Some((day.subscription.uuid(), day.day, day.meter, day.resource)),
            ..Place::default()
        };
        let row = open_day(tx, names, &day).await?;
        let is_wanted = wanted.has_line(&row.entry) && wanted.has_row(&row);
        rows.push((behind, is_wanted.then_some(row)));
    }
    Ok(rows)
}

/// A day that is not charged yet, on the line that its month will be.
async fn open_day(
    tx: &mut Tx<'_>,
    names: &mut Directory,
    day: &UsageDay,
) -> Result<UsageRow, AppError> {
    let row: Subscription = by_id(tx, day.subscription).await?;
    let month = day.day.first_of_month();
    let part = Part {
        quantity: day.quantity.minus(day.charged_quantity)?.trimmed(),
        list: day.list.minus(day.charged_list)?.trimmed(),
        net: day.net.minus(day.charged_net)?.trimmed(),
    };
    let amount = fx::of_consumption(tx, part.net, row.currency, month).await?;
    let usage = UsageCharge {
        charge: Id::from_uuid(Uuid::nil()),
        subscription: row.id,
        month,
        meter: day.meter,
        quantity: part.quantity,
        list: part.list,
        net: part.net,
        rate: fx::per_dollar(tx, row.currency, month).await?,
        amount,
    };
    let billed = Billed {
        charge: Charge {
            id: usage.charge,
            subscription: row.id,
            position: 0,
            kind: ChargeKind::Usage,
            amount,
            from_day: month,
            until_day: month.last_of_month(),
            booked: last_of_month(month),
            basis: Basis::times(1),
            unit_price: amount,
            seller: row.seller,
            reseller: row.partner_of_record,
            customer: row.customer,
            item: row.item,
            term: row.term,
            frequency: row.frequency,
            priced_on: running(&row).start,
            home: row.home.clone(),
        },
        line: None,
        handle: row.handle,
        friendly_name: row.friendly_name,
        order: row.order_id,
        term_end: row.term_end,
        bought: row.bought,
        parent: row.parent,
    };
    let line = Line {
        entry: Arc::new(names.entry(tx, billed).await?),
        meter: names.meter(tx, day.meter).await?,
        usage,
    };
    let resource = names.resource(tx, day.resource).await?;
    line.row((day.day, resource), part, amount)
}

/// Which rows are asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    /// Only of goods that stand on this bill.
    pub kind: Option<InvoiceKind>,
    /// Only in this currency.
    pub currency: Option<Currency>,
    /// Only those that earned credit, or only those that did not.
    pub credit: Option<bool>,
}

impl Wanted {
    fn has_line(self, entry: &Entry) -> bool {
        is_usage(&entry.goods.item)
            && self.kind.is_none_or(|kind| kind == entry.goods.kind)
            && self
                .currency
                .is_none_or(|currency| currency == entry.amount().currency)
    }

    fn has_row(self, row: &UsageRow) -> bool {
        self.credit
            .is_none_or(|wanted| wanted == (row.credit_percent > 0))
    }
}

/// Days of consumption from a place on, at most so many, and the place where they end: none where nothing follows. A page of
/// what is not billed yet may hold fewer although there are more.
///
/// # Errors
/// When something that is named is gone, the store fails or amounts overflow.
pub async fn page(
    tx: &mut Tx<'_>,
    names: &mut Directory,
    source: &Source,
    mut place: Place,
    count: usize,
    wanted: Wanted,
) -> Result<(Vec<UsageRow>, Option<Place>), AppError> {
    let mut rows: Vec<UsageRow> = Vec::new();
    let mut looked = 0_usize;
    while place.day.is_none() {
        let (found, next) = source.next(tx, place).await?;
        looked = looked.saturating_add(CHUNK);
        for billed in found {
            let behind = behind_line(&billed);
            let entry = names.entry(tx, billed).await?;
            if wanted.has_line(&entry) {
                let mut of_line = days(tx, names, Arc::new(entry)).await?;
                of_line.retain(|row| wanted.has_row(row));
                let left_out = place.rows.min(of_line.len());
                let room = count.saturating_sub(rows.len());
                let taken = room.min(of_line.len().saturating_sub(left_out));
                let end = left_out.saturating_add(taken);
                let is_whole = end == of_line.len();
                rows.extend(of_line.into_iter().skip(left_out).take(taken));
                if !is_whole {
                    return Ok((rows, Some(Place { rows: end, ..place })));
                }
                place = Place {
                    rows: place.rows.saturating_sub(left_out),
                    ..behind
                };
            } else {
                place = Place {
                    rows: place.rows,
                    ..behind
                };
            }
        }
        match (next, source) {
            (Some(next), _) => {
                place = Place {
                    rows: place.rows,
                    ..next
                };
            }
            (None, Source::Invoice(_)) => return Ok((rows, None)),
            (None, Source::Unbilled { .. }) => break,
        }
        if looked >= LOOK_MAX && matches!(source, Source::Unbilled { .. }) {
            return Ok((rows, Some(place)));
        }
    }
    let Source::Unbilled {
        seller,
        period,
        today,
    } = source
    else {
        return Ok((rows, None));
    };
    loop {
        let found = open_days(tx, names, (seller, *period, *today), place, wanted).await?;
        let is_last = found.len() < CHUNK;
        for (behind, row) in found {
            if rows.len() >= count && row.is_some() {
                return Ok((rows, Some(place)));
            }
            rows.extend(row);
            place = behind;
        }
        if is_last {
            return Ok((rows, None));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_that_two_charges_share_is_cut_where_the_first_ends() {
        let cut = |from, until| {
            overlap((number("10"), number("4.5")), (number(from), number(until))).unwrap()
        };
        assert_eq!(cut("0", "12.5"), number("2.5"));
        assert_eq!(cut("12.5", "40"), number("2"));
        assert_eq!(cut("0", "40"), number("4.5"));
        assert_eq!(cut("0", "10"), Decimal::ZERO);
        assert_eq!(cut("14.5", "40"), Decimal::ZERO);
    }
}

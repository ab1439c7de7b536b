//! Files of lines, made on request: what is asked for is written down, and a worker makes the files afterwards, part by part.
//!
//! A worker that is interrupted leaves the parts that it has written; whoever goes on begins behind the last of them. No part is
//! made twice, because it is written in the transaction that says where it ended.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tierline_domain::billing::{Invoice, Party};
use tierline_domain::export::{ExportKind, ExportState};
use tierline_domain::id::Id;
use tierline_domain::money::{Currency, Money};
use tierline_domain::partner::Account;
use tierline_domain::time::{Date, Timestamp, add_months};
use tierline_store::tables::files::{self, Export, ExportPart};
use tierline_store::{Command, Json, Tx, Value, tables};
use uuid::Uuid;

use super::consumption::{self, Source, UsageRow, Wanted};
use super::views::{self, Booked, Directory, Period, Reckoned};
use crate::error::AppError;
use crate::names::by_id;

/// Hours for which an export can be fetched.
pub const KEPT_HOURS: i64 = 24;
/// Seconds for which a worker has an export to itself; each part renews them.
const CLAIM_SECONDS: i64 = 60;

/// Somebody asks for lines as files.
#[derive(Clone, Debug)]
pub struct Request {
    /// The export's id: the same for a repeated request.
    pub id: Uuid,
    /// Who asks.
    pub owner: Party,
    /// What opens the files.
    pub secret: String,
    /// What is asked for.
    pub what: What,
    /// With every member.
    pub is_full: bool,
    /// Now, by the server's clock.
    pub now: Timestamp,
}

/// Which lines.
#[derive(Clone, Debug)]
pub enum What {
    /// All lines of an invoice, or those of consumption.
    Invoice {
        /// The invoice.
        invoice: Id<Invoice>,
        /// All of them or consumption only.
        kind: ExportKind,
    },
    /// Consumption that is not billed yet.
    Unbilled {
        /// Of this month or the one before.
        period: Period,
        /// Today in the world.
        today: Date,
        /// In this currency.
        currency: Currency,
    },
}

impl Command for Request {
    type Out = ();
    type Error = AppError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AppError> {
        if tx.get::<Export>(&[Value::Id(self.id)]).await?.is_some() {
            return Ok(());
        }
        let (kind, invoice, days, currency) = match &self.what {
            What::Invoice { invoice, kind } => (*kind, Some(invoice.uuid()), None, None),
            What::Unbilled {
                period,
                today,
                currency,
            } => {
                let this = today.first_of_month();
                let from = match period {
                    Period::Current => this,
                    Period::Previous => add_months(this, -1),
                };
                let kind = ExportKind::UnbilledUsage;
                (kind, None, Some((from, this)), Some(*currency))
            }
        };
        tx.insert(&Export {
            id: self.id,
            owner: self.owner,
            secret: self.secret.clone(),
            kind,
            invoice,
            from_day: days.map(|(from, _)| from),
            until_day: days.map(|(_, this)| this),
            currency,
            is_full: self.is_full,
            state: ExportState::NotStarted,
            reached: Json(serde_json::to_value(Place::default()).unwrap_or_default()),
            parts: 0,
            lines: 0,
            size: 0,
            sums: Json(Vec::new()),
            digest: Vec::new(),
            problem: None,
            requested: self.now,
            changed: self.now,
            claimed_until: Timestamp::EPOCH,
            expires: self.now.plus_hours(KEPT_HOURS),
        })
        .await?;
        Ok(())
    }
}

/// An export of a party; anybody else's does not exist.
///
/// # Errors
/// When there is none, or the store fails.
pub async fn of(tx: &mut Tx<'_>, owner: Party, id: &str) -> Result<Export, AppError> {
    let missing = || AppError::missing("export", id);
    let key = [Value::Id(id.parse().map_err(|_| missing())?)];
    let found = tx.get::<Export>(&key).await?;
    found
        .filter(|export| export.owner == owner)
        .ok_or_else(missing)
}

/// A part without its contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its place, from one.
    pub number: i64,
    /// Lines in it.
    pub lines: i64,
    /// Its size in bytes.
    pub size: i64,
    /// SHA-256 of its bytes.
    pub digest: Vec<u8>,
}

/// The parts of an export.
///
/// # Errors
/// When the store fails.
pub async fn parts(tx: &mut Tx<'_>, export: &Export) -> Result<Vec<Part>, AppError> {
    let found = tx
        .fetch_all::<(i64, i64, i64, Vec<u8>)>(files::PARTS, &[Value::Id(export.id)])
        .await?;
    let part = |(number, lines, size, digest)| Part {
        number,
        lines,
        size,
        digest,
    };
    Ok(found.into_iter().map(part).collect())
}

/// Where a page of lines ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The line of an invoice.
    #[serde(default)]
    pub line: i64,
    /// The charge, where there is no invoice yet.
    #[serde(default)]
    pub booked: Option<Booked>,
    /// The day of a subscription's meter and resource, where there is no charge yet.
    #[serde(default)]
    pub day: Option<(Uuid, Date, i64, Uuid)>,
    /// How many rows of the next line were given already.
    #[serde(default)]
    pub rows: usize,
}

/// A page of what an export holds.
#[derive(Debug)]
pub struct Piece {
    /// What is written.
    pub content: Content,
    /// Where it ended; none where nothing follows.
    pub next: Option<Place>,
}

/// What files are made of.
#[derive(Debug)]
pub enum Content {
    /// Lines of invoices.
    Lines(Vec<Reckoned>),
    /// Days of consumption.
    Usage(Vec<UsageRow>),
}

/// Reads on from a place.
///
/// # Errors
/// When something that is named is gone, or the store fails.
pub async fn page(
    tx: &mut Tx<'_>,
    names: &mut Directory,
    export: &Export,
    place: Place,
    count: usize,
) -> Result<Piece, AppError> {
    let source = match export.invoice.map(Id::from_uuid) {
        Some(invoice) if export.kind == ExportKind::Lines => {
            return lines(tx, names, invoice, place, count).await;
        }
        Some(invoice) => Source::Invoice(invoice),
        None => unbilled(tx, export).await?,
    };
    let wanted = Wanted {
        currency: export.currency,
        ..Wanted::default()
    };
    let (rows, next) = consumption::page(tx, names, &source, place, count, wanted).await?;
    Ok(Piece {
        content: Content::Usage(rows),
        next,
    })
}

async fn lines(
    tx: &mut Tx<'_>,
    names: &mut Directory,
    invoice: Id<Invoice>,
    place: Place,
    count: usize,
) -> Result<Piece, AppError> {
    let found = views::reconciled(tx, invoice, place.line, count).await?;
    let last = found.last().filter(|_| found.len() >= count);
    let next = last.map(|last| Place {
        line: last.position,
        ..Place::default()
    });
    Ok(Piece {
        content: Content::Lines(names.reckoned(tx, found).await?),
        next,
    })
}

/// Where the page that begins at a place will end, if it is known before the page is read and another one may follow it.
///
/// # Errors
/// When the store fails.
pub async fn behind(
    tx: &mut Tx<'_>,
    export: &Export,
    place: Place,
    count: usize,
) -> Result<Option<Place>, AppError> {
    let Some(invoice) = export.invoice.filter(|_| export.kind == ExportKind::Lines) else {
        return Ok(None);
    };
    let before = i64::try_from(count.saturating_sub(1)).unwrap_or(i64::MAX);
    let key = [
        Value::Id(invoice),
        Value::Int(place.line),
        Value::Int(before),
    ];
    let found = tx.fetch_optional::<(i64,)>(files::BEHIND, &key).await?;
    Ok(found.map(|(line,)| Place {
        line,
        ..Place::default()
    }))
}

/// What is not billed yet, of the month that an export looks at.
async fn unbilled(tx: &mut Tx<'_>, export: &Export) -> Result<Source, AppError> {
    let Party::Account(seller) = export.owner else {
        return Err(AppError::missing("seller", export.owner));
    };
    let seller: Account = by_id(tx, seller).await?;
    let (from, today) = export
        .from_day
        .zip(export.until_day)
        .ok_or_else(|| AppError::missing("period of the export", export.id))?;
    let period = if from == today {
        Period::Current
    } else {
        Period::Previous
    };
    Ok(Source::Unbilled {
        seller: Box::new(seller),
        period,
        today,
    })
}

/// What opens an export besides its owner's token, and the invoice that it is of.
///
/// # Errors
/// When the store fails.
pub async fn invoice_of(tx: &mut Tx<'_>, export: &Export) -> Result<Option<Invoice>, AppError> {
    match export.invoice {
        Some(id) => Ok(Some(by_id(tx, Id::<Invoice>::from_uuid(id)).await?)),
        None => Ok(None),
    }
}

/// The first exports that nobody works on.
///
/// # Errors
/// When the store fails.
pub async fn waiting(tx: &mut Tx<'_>, now: Timestamp) -> Result<Vec<Export>, AppError> {
    let key = [Value::Instant(now), Value::Int(8)];
    Ok(tx.find::<Export>(tables::exports::OPEN, &key).await?)
}

fn later(now: Timestamp) -> Timestamp {
    let micros = CLAIM_SECONDS.saturating_mul(1_000_000);
    Timestamp::from_micros(now.as_micros().saturating_add(micros)).unwrap_or(now)
}

/// A worker takes an export for itself: true where nobody else has it.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    /// The export.
    pub export: Uuid,
    /// Now, by the server's clock.
    pub now: Timestamp,
}

impl Command for Claim {
    type Out = Option<Export>;
    type Error = AppError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Option<Export>, AppError> {
        let key = [
            Value::Instant(later(self.now)),
            Value::Instant(self.now),
            Value::Id(self.export),
        ];
        if tx.execute(files::CLAIM, &key).await? == 0 {
            return Ok(None);
        }
        Ok(tx.get::<Export>(&[Value::Id(self.export)]).await?)
    }
}

/// A part is done.
#[derive(Clone, Debug)]
pub struct Add {
    /// The export.
    pub export: Uuid,
    /// The number of the part.
    pub number: i64,
    /// The file.
    pub content: Vec<u8>,
    /// Lines in it.
    pub lines: i64,
    /// Their sums.
    pub sums: Vec<Money>,
    /// Where it ended; none where nothing follows.
    pub next: Option<Place>,
    /// Now, by the server's clock.
    pub now: Timestamp,
}

impl Command for Add {
    type Out = ();
    type Error = AppError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AppError> {
        let mut export = tx
            .get::<Export>(&[Value::Id(self.export)])
            .await?
            .ok_or_else(|| AppError::missing("export", self.export))?;
        if export.parts.saturating_add(1) != self.number {
            return Err(AppError::Conflict(format!(
                "part {} of export {} was written by somebody else",
                self.number, self.export
            )));
        }
        let size = i64::try_from(self.content.len()).unwrap_or(i64::MAX);
        let part = ExportPart {
            export: self.export,
            number: self.number,
            lines: self.lines,
            size,
            digest: Sha256::digest(&self.content).to_vec(),
            content: self.content.clone(),
        };
        export.digest = Sha256::new()
            .chain_update(&export.digest)
            .chain_update(&part.digest)
            .finalize()
            .to_vec();
        // Past the rows that a connection keeps at hand: nobody needs a file's contents again, and there may be many files.
        let part = std::slice::from_ref(&part);
        tx.write_all(tables::export_parts::INSERT, part).await?;
        export.parts = self.number;
        export.lines = export.lines.saturating_add(self.lines);
        export.size = export.size.saturating_add(size);
        for sum in &self.sums {
            let known = export.sums.0.iter_mut();
            match known.into_iter().find(|one| one.currency == sum.currency) {
                Some(known) => *known = known.plus(*sum)?,
                None => export.sums.0.push(*sum),
            }
        }
        export.changed = self.now;
        match self.next {
            Some(next) => {
                export.reached = Json(serde_json::to_value(next).unwrap_or_default());
                export.claimed_until = later(self.now);
            }
            None => export.state = ExportState::Succeeded,
        }
        Ok(tx.put(&export).await?)
    }
}

/// It could not be made.
#[derive(Clone, Debug)]
pub struct Fail {
    /// The export.
    pub export: Uuid,
    /// Why.
    pub problem: String,
    /// Now, by the server's clock.
    pub now: Timestamp,
}

impl Command for Fail {
    type Out = ();
    type Error = AppError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AppError> {
        let key = [Value::Id(self.export)];
        if let Some(mut export) = tx.get::<Export>(&key).await? {
            export.state = ExportState::Failed;
            export.problem = Some(self.problem.clone());
            export.changed = self.now;
            tx.put(&export).await?;
        }
        Ok(())
    }
}

/// Forgets the files of exports whose time is over; that there was one stays, with its digest.
#[derive(Clone, Copy, Debug)]
pub struct Forget {
    /// Now, by the server's clock.
    pub now: Timestamp,
}

impl Command for Forget {
    type Out = u64;
    type Error = AppError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<u64, AppError> {
        Ok(tx
            .execute(
                files::FORGET_PARTS,
                &[Value::Bytes(Vec::new()), Value::Instant(self.now)],
            )
            .await?)
    }
}

/// What of the files that are kept is not as it was made: each part by its digest, all of an export by the one over those, and what
/// it comes to by the invoice whose lines it holds. One part at a time is looked at.
///
/// # Errors
/// When the store fails or a row cannot be read.
pub async fn verify(tx: &mut Tx<'_>) -> Result<Vec<String>, AppError> {
    let mut findings = Vec::new();
    for (id,) in tx.fetch_all::<(Uuid,)>(files::EVERY, &[]).await? {
        let Some(export) = tx.get::<Export>(&[Value::Id(id)]).await? else {
            continue;
        };
        let (mut digest, mut lines, mut count) = (Vec::new(), 0_i64, 0_i64);
        for known in parts(tx, &export).await? {
            let key = [Value::Id(id), Value::Int(known.number)];
            let kept = tx.scan::<ExportPart>(tables::export_parts::ONE, &key);
            for part in kept.await? {
                let size = i64::try_from(part.content.len()).unwrap_or(i64::MAX);
                // No file is empty: the contents of one whose time is over are gone.
                let is_same = size == 0
                    || (size == part.size && Sha256::digest(&part.content)[..] == part.digest);
                if !is_same {
                    let name = file_name(part.number);
                    findings.push(format!(
                        "export_parts of export {id}, file {name}: is not the one that was made"
                    ));
                }
            }
            digest = Sha256::new()
                .chain_update(&digest)
                .chain_update(&known.digest)
                .finalize()
                .to_vec();
            lines = lines.saturating_add(known.lines);
            count = count.saturating_add(1);
        }
        if (export.parts, export.lines, &export.digest) != (count, lines, &digest) {
            findings.push(format!(
                "exports {id}: its digest or its lines are not those of its files"
            ));
        }
        findings.extend(beside_invoice(tx, &export).await?);
    }
    Ok(findings)
}

/// A finished export of an invoice that does not come to what the ledger says of it.
async fn beside_invoice(tx: &mut Tx<'_>, export: &Export) -> Result<Option<String>, AppError> {
    let of = export
        .invoice
        .filter(|_| export.state == ExportState::Succeeded);
    let Some(of) = of else {
        return Ok(None);
    };
    let key = [Value::Id(of)];
    let Some(invoice) = tx.get::<Invoice>(&key).await? else {
        let problem = format!("exports {}: its invoice is missing", export.id);
        return Ok(Some(problem));
    };
    let told = |minor| Money::new(minor, invoice.net.currency);
    let (should, agrees) = match export.kind {
        ExportKind::Lines => {
            let sums = tx.fetch_optional::<(i64, i64)>(tables::billing::OF_LINES, &key);
            let (minor, lines) = sums.await?.unwrap_or_default();
            (told(minor), lines == export.lines)
        }
        ExportKind::BilledUsage => {
            let sum = tx.fetch_optional::<(i64,)>(files::CONSUMED, &key).await?;
            (told(sum.unwrap_or_default().0), true)
        }
        ExportKind::UnbilledUsage => return Ok(None),
    };
    let mut sums = export.sums.0.iter().filter(|sum| sum.minor != 0);
    let first = sums.next().copied().unwrap_or_else(|| told(0));
    if agrees && first == should && sums.next().is_none() {
        return Ok(None);
    }
    Ok(Some(format!(
        "exports {}: its lines do not come to the {should} of invoice {}",
        export.id, invoice.handle
    )))
}

/// The name of a part's file.
#[must_use]
pub fn file_name(number: i64) -> String {
    format!("part-{number:05}.json.gz")
}

/// One part with its contents.
///
/// # Errors
/// When the store fails.
pub async fn part(
    tx: &mut Tx<'_>,
    export: Uuid,
    number: i64,
) -> Result<Option<ExportPart>, AppError> {
    let key = [Value::Id(export), Value::Int(number)];
    let found = tx.scan::<ExportPart>(tables::export_parts::ONE, &key);
    Ok(found.await?.pop())
}

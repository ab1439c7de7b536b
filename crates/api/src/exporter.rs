//! Exports are made here: a worker takes what was asked for, reads the lines page by page, and writes them as compressed files.
//!
//! While one page is written and compressed the next ones are read, and the file before is stored. Neither the lines nor the
//! files are ever held as a whole.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use tierline_app::billing::exports::{self, Add, Claim, Content, Fail, Forget, Piece, Place};
use tierline_app::billing::views::Directory;
use tierline_app::{App, AppError};
use tierline_domain::billing::Party;
use tierline_domain::money::{Currency, Money};
use tierline_store::tables::files::Export;
use tierline_store::{Command, StoreError, Tx};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

use crate::routes::line_items::Bill;
use crate::routes::rated_usage::DailyRatedUsageLineItem;
use crate::routes::reconciliation::OneTimeInvoiceLineItem;

/// How often the worker looks for what was asked for.
const PAUSE: Duration = Duration::from_millis(500);
/// After so many looks what is over is forgotten.
const LOOKS_PER_SWEEP: u32 = 1_200;
/// Lines that are read at a time.
const PAGE: usize = 2_000;
/// Pages that wait to be written.
const AHEAD: usize = 2;
/// How many bytes of lines are compressed at a time.
const TEXT_BYTES: usize = 64 << 10;
/// A file that has grown to this size, in bytes, is closed; the page that follows may add a tenth to it. One is made while another
/// waits and a third is stored, so a few times this is what an export needs, however many lines it has.
const PART_BYTES: usize = 2_000_000;

/// Makes what was asked for.
#[derive(Clone)]
pub struct Exporter {
    app: App,
    part_bytes: usize,
    page: usize,
}

/// A worker at work, until it is dropped.
pub struct Exporting {
    task: JoinHandle<()>,
}

impl Drop for Exporting {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Exporter {
    /// A worker of an app.
    #[must_use]
    pub const fn new(app: App) -> Self {
        Self {
            app,
            part_bytes: PART_BYTES,
            page: PAGE,
        }
    }

    /// With files that are closed once they have so many bytes, and pages of so many lines.
    #[must_use]
    pub fn in_parts_of(self, bytes: usize, lines: usize) -> Self {
        Self {
            part_bytes: bytes,
            page: lines.max(1),
            ..self
        }
    }

    /// Starts to look for what was asked for.
    #[must_use]
    pub fn start(self) -> Exporting {
        let task = tokio::spawn(async move {
            let mut looks = 0_u32;
            loop {
                #[expect(
                    clippy::disallowed_methods,
                    reason = "the server's own pause between two looks, and no time of the program"
                )]
                tokio::time::sleep(PAUSE).await;
                match self.round().await {
                    Ok(_) => {}
                    Err(AppError::Store(StoreError::Closed)) => return,
                    // What is not made now is made at the next look.
                    Err(error) => tracing::warn!(%error, "an export was not made"),
                }
                looks = looks.wrapping_add(1);
                if looks.is_multiple_of(LOOKS_PER_SWEEP) {
                    let now = self.app.clock().server_now();
                    if let Err(error) = self.app.db().write(Forget { now }).await {
                        tracing::warn!(%error, "old exports were not forgotten");
                    }
                }
            }
        });
        Exporting { task }
    }

    /// Makes what was asked for and nobody works on, once; answers how many that were.
    ///
    /// # Errors
    /// When the store fails. What cannot be made for another reason is set down as failed.
    pub async fn round(&self) -> Result<usize, AppError> {
        let now = self.app.clock().server_now();
        let waiting = self.app.read(Waiting(now)).await?;
        let mut made = 0_usize;
        for export in waiting {
            let claim = Claim {
                export: export.id,
                now,
            };
            let Some(export) = self.app.db().write(claim).await? else {
                continue;
            };
            match self.make(&export).await {
                Ok(()) => made = made.saturating_add(1),
                Err(error @ AppError::Store(_)) => return Err(error),
                Err(error) => {
                    let fail = Fail {
                        export: export.id,
                        problem: error.to_string(),
                        now: self.app.clock().server_now(),
                    };
                    self.app.db().write(fail).await?;
                }
            }
        }
        Ok(made)
    }

    /// Makes an export, from where it stands to its end: lines are read, written and compressed, and files are stored, at the same
    /// time, each a little ahead of what follows it.
    async fn make(&self, export: &Export) -> Result<(), AppError> {
        let bill = self.app.read(Head(export.clone())).await?;
        let (pieces, read) = mpsc::channel(AHEAD);
        let (parts, made) = mpsc::channel(1);
        let work = Work {
            bill,
            is_full: export.is_full,
            part_bytes: self.part_bytes,
        };
        let work = tokio::task::spawn_blocking(move || work.run(read, &parts));
        let work = async {
            let failed = |_| AppError::Impossible("a page could not be written".to_owned());
            work.await.map_err(failed)?
        };
        tokio::try_join!(self.read(export, pieces), work, self.store(export, made))?;
        Ok(())
    }

    /// Reads page after page, two at a time where it is known beforehand where the first of them ends.
    async fn read(&self, export: &Export, pieces: mpsc::Sender<Piece>) -> Result<(), AppError> {
        let (odd, even) = (Names::default(), Names::default());
        let reached = serde_json::from_value(export.reached.0.clone());
        let mut place: Option<Place> = Some(reached.unwrap_or_default());
        while let Some(from) = place {
            let read = |names: &Names, place: Place| {
                let app = self.app.clone();
                let page = Page {
                    names: Arc::clone(names),
                    export: export.clone(),
                    place,
                    count: self.page,
                };
                tokio::spawn(async move { app.read(page).await })
            };
            let end = Behind {
                export: export.clone(),
                place: from,
                count: self.page,
            };
            let end = self.app.read(end).await?;
            let pages = [Some(read(&odd, from)), end.map(|end| read(&even, end))];
            for page in pages.into_iter().flatten() {
                let failed = |_| AppError::Impossible("a page could not be read".to_owned());
                let piece = page.await.map_err(failed)??;
                place = piece.next;
                // Whoever writes has stopped, and says why.
                if pieces.send(piece).await.is_err() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Stores file after file.
    async fn store(&self, export: &Export, mut made: mpsc::Receiver<Done>) -> Result<(), AppError> {
        let mut number = export.parts;
        while let Some(done) = made.recv().await {
            number = number.saturating_add(1);
            let add = Add {
                export: export.id,
                number,
                content: done.content,
                lines: done.lines,
                sums: done.sums,
                next: done.next,
                now: self.app.clock().server_now(),
            };
            self.app.db().write(add).await?;
        }
        Ok(())
    }
}

/// How pages become files.
struct Work {
    bill: Bill,
    is_full: bool,
    part_bytes: usize,
}

impl Work {
    /// Makes files of pages, until there are no more.
    fn run(
        self,
        mut pieces: mpsc::Receiver<Piece>,
        parts: &mpsc::Sender<Done>,
    ) -> Result<(), AppError> {
        let mut part = Part::default();
        let mut text = Vec::with_capacity(TEXT_BYTES);
        while let Some(piece) = pieces.blocking_recv() {
            part.add(&self.bill, self.is_full, &piece, &mut text)?;
            if part.size() >= self.part_bytes || piece.next.is_none() {
                let done = std::mem::take(&mut part).finish(piece.next)?;
                // Whoever stores has stopped, and says why.
                if parts.blocking_send(done).is_err() {
                    break;
                }
            }
        }
        Ok(())
    }
}

/// Exports that nobody works on.
struct Waiting(tierline_domain::time::Timestamp);

impl Command for Waiting {
    type Out = Vec<Export>;
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<Vec<Export>, AppError> {
        exports::waiting(tx, self.0).await
    }
}

/// What stands at the head of every line.
struct Head(Export);

impl Command for Head {
    type Out = Bill;
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<Bill, AppError> {
        let invoice = exports::invoice_of(tx, &self.0).await?;
        let mut names = Directory::default();
        match self.0.owner {
            Party::Account(id) => {
                let own = names.dealer(tx, id).await?;
                Ok(Bill::of(
                    &own.account,
                    &own.name,
                    &own.partner_id,
                    invoice.as_ref(),
                ))
            }
            party => {
                let name = names.name(tx, party).await?;
                Ok(Bill::of_party(party, &name, invoice.as_ref()))
            }
        }
    }
}

/// Where a page will end.
struct Behind {
    export: Export,
    place: Place,
    count: usize,
}

impl Command for Behind {
    type Out = Option<Place>;
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<Option<Place>, AppError> {
        exports::behind(tx, &self.export, self.place, self.count).await
    }
}

/// Names that one reader has looked up.
type Names = Arc<Mutex<Directory>>;

/// A page of lines.
struct Page {
    names: Names,
    export: Export,
    place: Place,
    count: usize,
}

impl Command for Page {
    type Out = Piece;
    type Error = AppError;
    async fn run(&self, tx: &mut Tx<'_>) -> Result<Piece, AppError> {
        let mut names = self.names.lock().await;
        exports::page(tx, &mut names, &self.export, self.place, self.count).await
    }
}

/// A file in the making.
struct Part {
    file: GzEncoder<Vec<u8>>,
    lines: i64,
    sums: BTreeMap<Currency, Money>,
}

impl Default for Part {
    fn default() -> Self {
        Self {
            file: GzEncoder::new(Vec::new(), Compression::fast()),
            lines: 0,
            sums: BTreeMap::new(),
        }
    }
}

/// A finished file.
struct Done {
    content: Vec<u8>,
    lines: i64,
    sums: Vec<Money>,
    next: Option<Place>,
}

fn unwritable(error: impl std::fmt::Display) -> AppError {
    AppError::Impossible(format!("a line could not be written: {error}"))
}

impl Part {
    fn size(&self) -> usize {
        self.file.get_ref().len()
    }

    /// Adds the lines of a page. What is written of them is compressed while it is still at hand.
    fn add(
        &mut self,
        bill: &Bill,
        is_full: bool,
        piece: &Piece,
        text: &mut Vec<u8>,
    ) -> Result<(), AppError> {
        match &piece.content {
            Content::Lines(lines) => {
                for line in lines {
                    let said = OneTimeInvoiceLineItem::of(bill, line);
                    self.line(line.amount(), &said, text)?;
                }
            }
            Content::Usage(rows) => {
                for row in rows {
                    let line = DailyRatedUsageLineItem::of(bill, row);
                    if is_full {
                        self.line(row.amount, &line, text)?;
                    } else {
                        self.line(row.amount, &line.basic(), text)?;
                    }
                }
            }
        }
        self.press(text)
    }

    fn line(
        &mut self,
        amount: Money,
        line: &impl Serialize,
        text: &mut Vec<u8>,
    ) -> Result<(), AppError> {
        let sum = self
            .sums
            .entry(amount.currency)
            .or_insert_with(|| Money::zero(amount.currency));
        *sum = sum.plus(amount)?;
        self.lines = self.lines.saturating_add(1);
        serde_json::to_writer(&mut *text, line).map_err(unwritable)?;
        text.push(b'\n');
        if text.len() >= TEXT_BYTES {
            self.press(text)?;
        }
        Ok(())
    }

    fn press(&mut self, text: &mut Vec<u8>) -> Result<(), AppError> {
        self.file.write_all(text).map_err(unwritable)?;
        text.clear();
        Ok(())
    }

    fn finish(self, next: Option<Place>) -> Result<Done, AppError> {
        Ok(Done {
            content: self.file.finish().map_err(unwritable)?,
            lines: self.lines,
            sums: self.sums.into_values().collect(),
            next,
        })
    }
}

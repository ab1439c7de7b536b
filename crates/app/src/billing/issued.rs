//! Papers as they were issued. The paper of a bill is made once, when somebody first asks for it, and whoever asks again gets the same
//! bytes: what was paid since, or where somebody moved, stands elsewhere. So an altered file can be told from what was issued.

use std::fmt;

use sha2::{Digest, Sha256};
use tierline_domain::billing::{Invoice, InvoiceState, Payment};
use tierline_domain::id::Id;
use tierline_store::tables::files::{self, Paper, PaperContent};
use tierline_store::{Command, Json, Tx, Value, tables};
use uuid::Uuid;

use super::pdf::{self, Document};
use super::{exports, papers};
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::events;
use crate::names::by_id;

/// What the log calls it.
pub const ISSUED: &str = "paper_issued";

/// The paper of an invoice, to be set and, if nobody asked for it yet, kept.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The invoice.
    pub invoice: Id<Invoice>,
    /// What it says.
    pub document: Document,
    /// It was issued before, and says what it said then.
    pub is_issued: bool,
}

/// What the paper of an invoice says: what it said when it was first issued, or what it would say now.
///
/// # Errors
/// When something that it names is gone, or the store fails.
pub async fn paper(tx: &mut Tx<'_>, invoice: &Invoice) -> Result<Draft, AppError> {
    let kept = content(tx, invoice.id).await?;
    Ok(Draft {
        invoice: invoice.id,
        is_issued: kept.is_some(),
        document: match kept {
            Some(document) => document,
            None => papers::invoice(tx, invoice).await?,
        },
    })
}

async fn content(tx: &mut Tx<'_>, invoice: Id<Invoice>) -> Result<Option<Document>, AppError> {
    let key = [Value::Id(invoice.uuid())];
    let Some(kept) = tx.get::<PaperContent>(&key).await? else {
        return Ok(None);
    };
    let document = serde_json::from_value(kept.document.0);
    Ok(Some(document.map_err(|error| {
        AppError::Impossible(format!(
            "the paper of invoice {invoice} cannot be read: {error}"
        ))
    })?))
}

/// A paper is issued for the first time. Answers what it says: where two ask at once, the first counts.
#[derive(Clone, Debug)]
pub struct Issue {
    /// Its context.
    pub ctx: Ctx,
    /// The paper.
    pub draft: Draft,
    /// SHA-256 of the PDF that it became.
    pub digest: Vec<u8>,
    /// The size of the PDF in bytes.
    pub size: usize,
}

impl Issue {
    /// With the PDF that a paper became.
    #[must_use]
    pub fn of(ctx: Ctx, draft: Draft, content: &[u8]) -> Self {
        Self {
            ctx,
            draft,
            digest: Sha256::digest(content).to_vec(),
            size: content.len(),
        }
    }
}

impl Command for Issue {
    type Out = Document;
    type Error = AppError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Document, AppError> {
        let invoice = self.draft.invoice;
        if let Some(kept) = content(tx, invoice).await? {
            return Ok(kept);
        }
        let bill: Invoice = by_id(tx, invoice).await?;
        if bill.state == InvoiceState::Draft {
            return Err(AppError::missing("invoice", bill.handle));
        }
        tx.insert(&Paper {
            invoice,
            digest: self.digest.clone(),
            size: i64::try_from(self.size).unwrap_or(i64::MAX),
            issued: self.ctx.now,
        })
        .await?;
        let document = serde_json::to_value(&self.draft.document);
        let document = document.map_err(|error| AppError::Impossible(error.to_string()))?;
        tx.insert(&PaperContent {
            invoice,
            document: Json(document),
        })
        .await?;
        events::passed(&self.ctx, tx, ISSUED, &bill.handle).await?;
        Ok(self.draft.document.clone())
    }
}

/// Papers that are not what was issued: each is made again from what it says. One at a time is looked at.
///
/// # Errors
/// When the store fails or a row cannot be read.
pub async fn verify(tx: &mut Tx<'_>) -> Result<Vec<String>, AppError> {
    let mut findings = Vec::new();
    let mut after = Uuid::nil();
    loop {
        let page = tx
            .fetch_all::<(Uuid,)>(files::PAPERS_FROM, &[Value::Id(after)])
            .await?;
        let Some((last,)) = page.last() else {
            return Ok(findings);
        };
        after = *last;
        for (id,) in page {
            let key = [Value::Id(id)];
            let (Some(paper), Some(kept)) = (
                tx.scan::<Paper>(tables::papers::GET, &key).await?.pop(),
                tx.scan::<PaperContent>(tables::paper_contents::GET, &key)
                    .await?
                    .pop(),
            ) else {
                findings.push(format!("paper_contents {id}: is missing"));
                continue;
            };
            let again = serde_json::from_value::<Document>(kept.document.0)
                .map_err(|error| error.to_string())
                .and_then(|document| pdf::write(&document).map_err(|error| error.to_string()));
            let is_same = again.is_ok_and(|content| {
                Sha256::digest(&content).to_vec() == paper.digest
                    && i64::try_from(content.len()) == Ok(paper.size)
            });
            if !is_same {
                findings.push(format!(
                    "paper_contents {id}: made again, the paper is not the one that was issued"
                ));
            }
        }
    }
}

/// What a file is that somebody has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The paper of this invoice, as it was issued.
    Paper(String),
    /// The receipt of the payment with this reference.
    Receipt(String),
    /// This part of an export, as it was made.
    Part(Uuid, i64),
    /// Not the paper that was issued for the invoice of its name.
    OtherPaper(String),
    /// Not the receipt of the payment that its name tells.
    OtherReceipt(String),
    /// A paper that nobody was given.
    NoPaper,
    /// A file of lines that nobody was given.
    NoPart,
    /// Neither a paper nor a file of lines.
    Neither,
}

impl Found {
    /// It is what was issued.
    #[must_use]
    pub const fn agrees(&self) -> bool {
        matches!(self, Self::Paper(_) | Self::Receipt(_) | Self::Part(..))
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Paper(handle) => write!(f, "is the paper of invoice {handle} as it was issued"),
            Self::Part(export, number) => {
                let name = exports::file_name(*number);
                write!(f, "is {name} of export {export} as it was made")
            }
            Self::OtherPaper(handle) => {
                write!(
                    f,
                    "differs from the paper that was issued for invoice {handle}"
                )
            }
            Self::Receipt(payment) => write!(f, "is the receipt of payment {payment}"),
            Self::OtherReceipt(payment) => {
                write!(f, "differs from the receipt of payment {payment}")
            }
            Self::NoPaper => f.write_str("is no paper that was issued"),
            Self::NoPart => f.write_str("is no file of an export that was made"),
            Self::Neither => f.write_str("is neither a PDF nor a file of an export"),
        }
    }
}

/// Looks up what a file is.
#[derive(Clone, Debug)]
pub struct Look {
    /// Its name without the directory; papers are called by the number of their invoice, receipts by that of their payment.
    pub name: String,
    /// How it begins.
    pub head: Vec<u8>,
    /// SHA-256 of it.
    pub digest: Vec<u8>,
}

impl Look {
    /// At the contents of a file.
    #[must_use]
    pub fn at(name: &str, content: &[u8]) -> Self {
        Self {
            name: name.to_owned(),
            head: content.iter().take(4).copied().collect(),
            digest: Sha256::digest(content).to_vec(),
        }
    }
}

impl Command for Look {
    type Out = Found;
    type Error = AppError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Found, AppError> {
        let key = [Value::Bytes(self.digest.clone())];
        if self.head.starts_with(&[0x1f, 0x8b]) {
            let found = tx
                .fetch_optional::<(Uuid, i64)>(files::PART_OF, &key)
                .await?;
            return Ok(found.map_or(Found::NoPart, |(export, number)| {
                Found::Part(export, number)
            }));
        }
        if self.head != b"%PDF" {
            return Ok(Found::Neither);
        }
        let found = tx.find::<Paper>(tables::papers::BY_DIGEST, &key).await?;
        if let Some(paper) = found.first() {
            let bill: Invoice = by_id(tx, paper.invoice).await?;
            return Ok(Found::Paper(bill.handle));
        }
        let stem = self
            .name
            .rsplit_once('.')
            .map_or(&*self.name, |(stem, _)| stem);
        if let Some(payment) = papers::receipt_of(stem) {
            return self.receipt(tx, payment).await;
        }
        let key = [Value::Text(stem.to_owned())];
        let named = tx
            .find::<Invoice>(tables::invoices::BY_HANDLE, &key)
            .await?;
        for invoice in named {
            let key = [Value::Id(invoice.id.uuid())];
            if tx.get::<Paper>(&key).await?.is_some() {
                return Ok(Found::OtherPaper(invoice.handle));
            }
        }
        Ok(Found::NoPaper)
    }
}

impl Look {
    /// A receipt is kept nowhere: it is made again from its payment, which does not change.
    async fn receipt(&self, tx: &mut Tx<'_>, payment: Uuid) -> Result<Found, AppError> {
        let Some(payment) = tx.get::<Payment>(&[Value::Id(payment)]).await? else {
            return Ok(Found::NoPaper);
        };
        let Some(invoice) = payment.invoice else {
            return Ok(Found::OtherReceipt(payment.handle));
        };
        let invoice: Invoice = by_id(tx, invoice).await?;
        let document = papers::receipt(tx, &invoice, &payment).await?;
        let again = pdf::write(&document);
        let is_same = again.is_ok_and(|again| Sha256::digest(again)[..] == self.digest);
        Ok(if is_same {
            Found::Receipt(payment.handle)
        } else {
            Found::OtherReceipt(payment.handle)
        })
    }
}

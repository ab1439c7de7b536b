//! What a partner may read of prices, invoices and credit, and the cases it opens with support.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tierline_domain::money::Money;
use tierline_domain::place::Country;
use tierline_domain::subscription::{CreditLine, Subscription};
use tierline_domain::support::Topic;
use tierline_domain::time::Date;
use tierline_rules::Checkpoint;
use tierline_rules::facts::Facts;
use tierline_store::{Tx, Value, tables};

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::billing;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::service_requests::OpenTicket;
use crate::{charges, facts, fields, fraud, names, subscription};

/// Read prices.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadPriceSheet {
    /// The market.
    pub market: Country,
}

/// Read invoices.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadInvoice {
    /// Whose.
    pub partner: String,
}

/// Read what the actor itself sold and bought: its invoices in both directions, their lines, its margins.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadBooks {}

/// Read the credit line.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadCredit {}

/// Open a support case of a set kind: a request for support under a topic of its own.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenCase {
    /// The kind.
    pub kind: CaseKind,
    /// Who signed the form; all three by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<Vec<Signer>>,
    /// The first fraudulent use; what was reported first of the customer by default, and else today.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_use: Option<Date>,
    /// For which customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
}

impl OpenCase {
    /// The request for support that the case is.
    fn ticket(&self) -> OpenTicket {
        let topic = match self.kind {
            CaseKind::ConsumptionTransfer => Topic::MOVED_CONSUMPTION,
            CaseKind::FraudCredit => Topic::FRAUD_CREDIT,
        };
        OpenTicket::of_topic(topic.to_owned(), self.customer.clone())
    }
}

/// Open a case about seats that an unsupported upgrade left there twice (SUB-045).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportDuplicates {
    /// The subscription.
    pub subscription: String,
    /// How many of its seats.
    pub quantity: i64,
}

impl ReportDuplicates {
    /// The caller's subscription whose seats are there twice; another one does not exist.
    async fn duplicated(&self, acting: &Acting, tx: &mut Tx<'_>) -> Result<Subscription, AppError> {
        let row = names::the_subscription(tx, &self.subscription).await?;
        if row.seller == Some(acting.partner()?.id) {
            Ok(row)
        } else {
            Err(AppError::missing("subscription", &self.subscription))
        }
    }

    /// Seats of the running cycle and the one before it are withdrawn, the newest first; for older ones the case stays open
    /// with support (SUB-045).
    async fn withdraw_duplicates(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        tx: &mut Tx<'_>,
    ) -> Result<(), AppError> {
        let mut row = self.duplicated(acting, tx).await?;
        let starts = charges::running(&row).starts();
        let passed = starts.iter().filter(|start| **start <= ctx.now.date());
        let since = passed.rev().nth(1).or(starts.first()).copied();
        let mut left = self.quantity.max(0);
        for batch in row.batches.iter_mut().rev() {
            if since.is_some_and(|since| batch.at.date() >= since) {
                let taken = batch.quantity.min(left);
                batch.quantity = batch.quantity.saturating_sub(taken);
                row.quantity = row.quantity.saturating_sub(taken);
                left = left.saturating_sub(taken);
            }
        }
        row.batches.retain(|batch| batch.quantity > 0);
        subscription::save(tx, &mut row).await
    }
}

/// Kinds of cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseKind {
    /// Moving the previous consumption offer (TRF-024).
    ConsumptionTransfer,
    /// A one-time credit after fraud (SEC-018).
    FraudCredit,
}

/// Who signs the form of a consumption transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signer {
    /// The customer.
    Customer,
    /// The giving partner.
    GivingPartner,
    /// The receiving partner.
    ReceivingPartner,
}

impl Signer {
    const ALL: [Self; 3] = [Self::Customer, Self::GivingPartner, Self::ReceivingPartner];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::GivingPartner => "giving_partner",
            Self::ReceivingPartner => "receiving_partner",
        }
    }
}

/// Prices per seat and term.
#[derive(Clone, Debug, Serialize)]
pub struct Prices {
    /// How many entries the sheet has.
    pub items: usize,
}

/// Bills of a partner.
#[derive(Clone, Debug, Serialize)]
pub struct Invoices {
    /// Their short names.
    pub invoices: Vec<String>,
}

/// The credit that is left; nothing where it is ample.
#[derive(Clone, Debug, Serialize)]
pub struct Available {
    /// In US dollars.
    pub available: Option<Money>,
}

impl UseCase for ReadPriceSheet {
    type Out = Prices;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::ReadPriceSheet
    }

    fn subject(&self) -> String {
        self.market.to_string()
    }

    fn writes(&self) -> bool {
        false
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let mut found = facts::begin(tx, ctx, acting, Checkpoint::ReadPriceSheet).await?;
        fields::country("market", self.market)?;
        found.form.market = Some(self.market);
        Ok(found)
    }

    async fn apply(
        &self,
        _ctx: &Ctx,
        _acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Prices, AppError> {
        let items = tx
            .find::<tierline_domain::catalog::Item>(tables::items::EVERY, &[])
            .await?;
        let sold = items
            .iter()
            .filter(|item| !item.not_sold_in.contains(&self.market));
        Ok(Prices {
            items: sold.count(),
        })
    }
}

impl UseCase for ReadInvoice {
    type Out = Invoices;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::ReadInvoice
    }

    fn subject(&self) -> String {
        self.partner.clone()
    }

    fn writes(&self) -> bool {
        false
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let mut found = facts::begin(tx, ctx, acting, Checkpoint::ReadInvoice).await?;
        let whose = names::the_account(tx, &self.partner).await?;
        found.other = Some(facts::party(tx, &whose, ctx.now.date()).await?);
        Ok(found)
    }

    async fn apply(
        &self,
        _ctx: &Ctx,
        _acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Invoices, AppError> {
        let whose = names::the_account(tx, &self.partner).await?;
        let found = billing::owed(tx, whose.id).await?;
        Ok(Invoices {
            invoices: found.into_iter().map(|invoice| invoice.handle).collect(),
        })
    }
}

impl UseCase for ReadBooks {
    type Out = ();

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::ReadBooks
    }

    fn subject(&self) -> String {
        "books".to_owned()
    }

    fn writes(&self) -> bool {
        false
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        facts::begin(tx, ctx, acting, Checkpoint::ReadBooks).await
    }

    async fn apply(
        &self,
        _ctx: &Ctx,
        _acting: &Acting,
        _facts: &Facts,
        _tx: &mut Tx<'_>,
    ) -> Result<(), AppError> {
        Ok(())
    }
}

impl UseCase for ReadCredit {
    type Out = Available;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::ReadCredit
    }

    fn subject(&self) -> String {
        "credit".to_owned()
    }

    fn writes(&self) -> bool {
        false
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        facts::begin(tx, ctx, acting, Checkpoint::ReadCredit).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Available, AppError> {
        let key = [Value::Id(acting.partner()?.id.uuid())];
        let available = match tx.get::<CreditLine>(&key).await? {
            Some(line) => Some(facts::available(tx, &line, ctx.now.date()).await?),
            None => None,
        };
        Ok(Available { available })
    }
}

impl UseCase for OpenCase {
    type Out = Json;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::OpenCase
    }

    fn subject(&self) -> String {
        match self.kind {
            CaseKind::ConsumptionTransfer => "consumption_transfer".to_owned(),
            CaseKind::FraudCredit => "fraud_credit".to_owned(),
        }
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let mut found = facts::begin(tx, ctx, acting, Checkpoint::OpenCase).await?;
        found.form.about = Some(self.subject());
        let customer = match &self.customer {
            Some(name) => Some(fraud::concerned(acting, tx, name).await?),
            None => None,
        };
        match self.kind {
            CaseKind::ConsumptionTransfer => {
                let signed = self
                    .signed_by
                    .clone()
                    .unwrap_or_else(|| Signer::ALL.to_vec());
                found.form.missing_signatures = Signer::ALL
                    .into_iter()
                    .filter(|signer| !signed.contains(signer))
                    .map(|signer| signer.as_str().to_owned())
                    .collect();
            }
            CaseKind::FraudCredit => {
                let asked = (customer.as_ref(), self.first_use);
                fraud::credit(ctx, acting, tx, asked, &mut found).await?;
            }
        }
        Ok(found)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Json, AppError> {
        self.ticket().apply(ctx, acting, facts, tx).await
    }
}

impl UseCase for ReportDuplicates {
    type Out = ();

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::OpenCase
    }

    fn subject(&self) -> String {
        self.subscription.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        self.duplicated(acting, tx).await?;
        let mut found = facts::begin(tx, ctx, acting, Checkpoint::OpenCase).await?;
        found.form.about = Some("duplicate_seats".to_owned());
        Ok(found)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<(), AppError> {
        self.withdraw_duplicates(ctx, acting, tx).await
    }
}

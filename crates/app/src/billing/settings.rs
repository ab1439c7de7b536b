//! What billing rests on and who says it: rates of tax, exemptions, credit limits, and who bills on whose behalf.

use serde::{Deserialize, Serialize};
use tierline_domain::billing::{
    BillingArrangement, PaymentInstruction, PaymentMethod, TaxExemption, TaxRate,
};
use tierline_domain::money::{Currency, Money};
use tierline_domain::partner::{Partnership, PartnershipState};
use tierline_domain::place::Country;
use tierline_domain::subscription::CreditLine;
use tierline_domain::time::{Date, add_months};
use tierline_rules::Checkpoint;
use tierline_rules::facts::Facts;
use tierline_store::{Tx, Value};

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::{facts, names, standing};

/// Enters a rate of tax.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetTaxRate {
    /// Where the billed party is.
    pub country: Country,
    /// What it is called.
    pub name: String,
    /// In hundredths of a per cent: 2000 is 20 %.
    pub rate_bp: i64,
    /// The first day it holds, today or later.
    pub from: Date,
}

/// Files a tax exemption for the actor's program tenant (BIL-026).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileExemption {
    /// The papers' number.
    #[serde(default)]
    pub papers: Option<String>,
    /// The last day they are good for.
    #[serde(default)]
    pub until: Option<Date>,
}

/// Says how the actor pays the operator's bills (BIL-012).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetPaymentMethod {
    /// By direct debit, or by a transfer of its own.
    pub method: PaymentMethod,
}

/// Sets a partner's credit limit (BIL-030, BIL-031).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetCreditLimit {
    /// The partner.
    pub partner: String,
    /// In US dollars.
    pub limit: Money,
}

/// A provider bills on a reseller's behalf, or no longer (BIL-002).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArrangeBilling {
    /// The reseller, whose sales stay its own.
    pub reseller: String,
    /// One customer; all of the reseller's, where none is named.
    #[serde(default)]
    pub customer: Option<String>,
    /// Whether the actor sends the bills.
    pub on_behalf: bool,
}

/// From when on something holds.
#[derive(Clone, Debug, Serialize)]
pub struct From {
    /// The first day.
    pub from: Date,
}

impl UseCase for SetTaxRate {
    type Out = From;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::Operate
    }

    fn subject(&self) -> String {
        self.country.to_string()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        standing::operator(acting)?;
        if !(0..=tierline_billing::book::WHOLE_BP).contains(&self.rate_bp) {
            return Err(AppError::invalid(
                "rate_bp",
                "a rate lies between 0 and 10000 hundredths of a per cent",
            ));
        }
        if self.from < ctx.now.date() {
            return Err(AppError::invalid(
                "from",
                "invoices of that day may be out; name today or a later day",
            ));
        }
        facts::begin(tx, ctx, acting, Checkpoint::Operate).await
    }

    async fn apply(
        &self,
        _ctx: &Ctx,
        _acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<From, AppError> {
        tx.put(&TaxRate {
            country: self.country,
            from_day: self.from,
            name: self.name.clone(),
            rate_bp: self.rate_bp,
        })
        .await?;
        Ok(From { from: self.from })
    }
}

impl UseCase for FileExemption {
    type Out = From;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::FileExemption
    }

    fn subject(&self) -> String {
        "tax exemption".to_owned()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        acting.partner()?;
        let mut facts = facts::begin(tx, ctx, acting, Checkpoint::FileExemption).await?;
        let papers = self.papers.as_deref().unwrap_or_default().trim();
        facts.form.about = Some(papers.to_owned());
        Ok(facts)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<From, AppError> {
        // It takes effect with the next cycle.
        let from = add_months(ctx.now.date().first_of_month(), 1);
        tx.insert(&TaxExemption {
            id: ctx.ids().next(),
            partner: acting.partner()?.id,
            papers: self.papers.clone().unwrap_or_default(),
            from_day: from,
            until_day: self.until,
        })
        .await?;
        Ok(From { from })
    }
}

impl UseCase for SetPaymentMethod {
    type Out = ();

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::ManageBilling
    }

    fn subject(&self) -> String {
        self.method.to_string()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        acting.partner()?;
        facts::begin(tx, ctx, acting, Checkpoint::ManageBilling).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<(), AppError> {
        let partner = acting.partner()?.id;
        tx.put(&PaymentInstruction {
            partner,
            method: self.method,
        })
        .await?;
        for bill in super::owed(tx, partner).await? {
            super::collection::plan(tx, &bill, ctx.now.date()).await?;
        }
        Ok(())
    }
}

impl UseCase for SetCreditLimit {
    type Out = ();

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::Operate
    }

    fn subject(&self) -> String {
        self.partner.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        standing::operator(acting)?;
        let account = names::the_account(tx, &self.partner).await?;
        if !account.kind.is_billed() {
            return Err(AppError::invalid(
                "partner",
                "only partners that the operator bills have a credit limit",
            ));
        }
        if self.limit.currency != Currency::USD || self.limit.minor < 0 {
            return Err(AppError::invalid(
                "limit",
                "the limit is an amount of US dollars, such as `USD 50000.00`",
            ));
        }
        facts::begin(tx, ctx, acting, Checkpoint::Operate).await
    }

    async fn apply(
        &self,
        _ctx: &Ctx,
        _acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<(), AppError> {
        let account = names::the_account(tx, &self.partner).await?;
        let none = Money::zero(Currency::USD);
        let old = tx
            .get::<CreditLine>(&[Value::Id(account.id.uuid())])
            .await?;
        let unbilled = match &old {
            Some(old) => old.unbilled,
            None => super::unbilled(tx, account.id).await?,
        };
        tx.put(&CreditLine {
            partner: account.id,
            credit_limit: self.limit,
            unpaid: old.as_ref().map_or(none, |old| old.unpaid),
            unbilled,
        })
        .await?;
        Ok(())
    }
}

impl UseCase for ArrangeBilling {
    type Out = ();

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::ManageBilling
    }

    fn subject(&self) -> String {
        self.reseller.clone()
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let reseller = names::the_account(tx, &self.reseller).await?;
        let pair = [acting.partner()?.id.uuid(), reseller.id.uuid()].map(Value::Id);
        let tie = tx.get::<Partnership>(&pair).await?;
        if tie.is_none_or(|tie| tie.state != PartnershipState::Active) {
            return Err(AppError::missing("reseller", &self.reseller));
        }
        if let Some(customer) = &self.customer {
            names::the_tenant(tx, customer).await?;
        }
        facts::begin(tx, ctx, acting, Checkpoint::ManageBilling).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<(), AppError> {
        let customer = match &self.customer {
            Some(customer) => Some(names::the_tenant(tx, customer).await?.id),
            None => None,
        };
        let reseller = names::the_account(tx, &self.reseller).await?.id;
        tx.insert(&BillingArrangement {
            id: ctx.ids().next(),
            provider: acting.partner()?.id,
            reseller,
            customer,
            on_behalf: self.on_behalf,
            made: ctx.now,
        })
        .await?;
        Ok(())
    }
}

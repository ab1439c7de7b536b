//! Waivers of the self-sale ban, which the operator alone grants and ends (TXN-507).

use serde::{Deserialize, Serialize};
use tierline_domain::partner::{Organization, Waiver};
use tierline_domain::time::{Date, add_days};
use tierline_rules::Checkpoint;
use tierline_rules::facts::{CallerKind, Facts};
use tierline_store::{Tx, Value};

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::names::by_id;
use crate::{facts, names};

/// Most letters of a waiver's name.
const NAME_MAX: usize = 80;

/// A waiver as it stands after a command.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Waived {
    /// Its name.
    pub waiver: String,
    /// The company whose accounts may sell to it and its affiliates.
    pub organization: String,
    /// First day.
    pub from: Date,
    /// Last day; before the first one where it never was in force.
    pub until: Date,
}

impl Waived {
    fn of(waiver: &Waiver, organization: &Organization) -> Self {
        Self {
            waiver: waiver.handle.clone(),
            organization: organization.handle.clone(),
            from: waiver.from_day,
            until: waiver.until_day,
        }
    }
}

/// Grant a waiver to a company: from its first to its last day the accounts of the company may sell to the company itself
/// and to its affiliates.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantWaiver {
    /// The name by which decisions tell of it; at most 80 letters, taken once.
    pub id: String,
    /// Short name of the company.
    pub organization: String,
    /// First day.
    pub from: Date,
    /// Last day, today or later.
    pub until: Date,
}

impl UseCase for GrantWaiver {
    type Out = Waived;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::RecordWaiver
    }

    fn subject(&self) -> String {
        format!("{} for {}", self.id, self.organization)
    }

    fn keeps_decision(&self) -> bool {
        true
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let found = facts::begin(tx, ctx, acting, self.checkpoint()).await?;
        // Whose company has which waiver is told to nobody else.
        if acting.caller.kind != CallerKind::Operator {
            return Ok(found);
        }
        let name = self.id.trim();
        if name.is_empty() || name.chars().count() > NAME_MAX {
            return Err(AppError::invalid("id", "is a name of at most 80 letters"));
        }
        if self.until < self.from {
            return Err(AppError::invalid("until", "is not before `from`"));
        }
        if self.until < ctx.now.date() {
            return Err(AppError::invalid("until", "is today or later"));
        }
        names::the_organization(tx, &self.organization).await?;
        let key = [Value::Text(name.to_owned())];
        if tx.get::<Waiver>(&key).await?.is_some() {
            return Err(AppError::invalid("id", "is the name of another waiver"));
        }
        Ok(found)
    }

    async fn apply(
        &self,
        _ctx: &Ctx,
        _acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Waived, AppError> {
        let organization = names::the_organization(tx, &self.organization).await?;
        let waiver = Waiver {
            handle: self.id.trim().to_owned(),
            organization: organization.id,
            from_day: self.from,
            until_day: self.until,
        };
        tx.put(&waiver).await?;
        Ok(Waived::of(&waiver, &organization))
    }
}

/// End a waiver: from today it lifts nothing. What was sold under it stays sold.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndWaiver {
    /// Its name.
    pub waiver: String,
}

impl EndWaiver {
    async fn one(&self, tx: &mut Tx<'_>) -> Result<Waiver, AppError> {
        let key = [Value::Text(self.waiver.clone())];
        let found = tx.get::<Waiver>(&key).await?;
        found.ok_or_else(|| AppError::missing("waiver", &self.waiver))
    }
}

impl UseCase for EndWaiver {
    type Out = Waived;

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::RecordWaiver
    }

    fn subject(&self) -> String {
        self.waiver.clone()
    }

    fn keeps_decision(&self) -> bool {
        true
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let found = facts::begin(tx, ctx, acting, self.checkpoint()).await?;
        if acting.caller.kind == CallerKind::Operator {
            self.one(tx).await?;
        }
        Ok(found)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        _acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Waived, AppError> {
        let mut waiver = self.one(tx).await?;
        let organization: Organization = by_id(tx, waiver.organization).await?;
        waiver.until_day = waiver.until_day.min(add_days(ctx.now.date(), -1));
        tx.put(&waiver).await?;
        Ok(Waived::of(&waiver, &organization))
    }
}

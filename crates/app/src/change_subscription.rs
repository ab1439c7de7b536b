//! A subscription is sent back with what shall be otherwise. Each change is the command that it would be alone.
//!
//! The first one is decided together with the version that the caller holds (GEN-007); the others follow it in the
//! same transaction, each decided for itself, and what is refused undoes all of them.

use serde::{Deserialize, Serialize};
use tierline_domain::catalog::{Frequency, Term};
use tierline_domain::time::Date;
use tierline_rules::Checkpoint;
use tierline_rules::facts::Facts;
use tierline_store::Tx;

use crate::actor::Acting;
use crate::attempt::{UseCase, attempt};
use crate::cancel::Cancel;
use crate::change_quantity::ChangeQuantity;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::frequency::ChangeFrequency;
use crate::names;
use crate::record::SetPartnerOfRecord;
use crate::renewal::{ScheduleChange, SetRenewal};
use crate::subscription::Changed;
use crate::suspend::{Reactivate, Suspend};
use crate::transition::{ChangeTerm, ConvertTrial, When};
use crate::update_subscription::{Omitted, UpdateSubscription};

/// Change a subscription in one or several respects.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeSubscription {
    /// The subscription.
    pub subscription: String,
    /// The version in the ETag that was presented (GEN-007).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<i64>,
    /// What shall be otherwise, in the order in which it is done; at least one.
    pub changes: Vec<Change>,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// So many seats.
    Quantity(i64),
    /// Suspended.
    Suspend,
    /// Active again.
    Reactivate,
    /// Cancelled.
    Cancel,
    /// Renewal on or off.
    Renewal(bool),
    /// Something else from the next term on.
    NextTerm(Scheduled),
    /// What the trial becomes, once it ends.
    TrialEnd(Scheduled),
    /// Another billing frequency.
    Frequency(Frequency),
    /// Another term, with its frequency.
    Term(Term, Frequency),
    /// Another reseller of record, by its PartnerID.
    PartnerOfRecord(String),
    /// Another name.
    Nickname(String),
    /// What a body left out is cleared (SUB-021).
    Clear(Vec<Omitted>),
}

/// What shall be from the next term on; what is absent stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scheduled {
    /// So many seats.
    pub quantity: i64,
    /// The item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// How long it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<Term>,
    /// How it is billed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency: Option<Frequency>,
    /// Its last day (SUB-034).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Date>,
    /// Its promotion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promotion: Option<String>,
}

/// Hands the command that a change is alone to an expression.
macro_rules! with_command {
    ($name:expr, $change:expr, |$command:ident| $run:expr) => {{
        let subscription = $name.to_owned();
        match $change.clone() {
            Change::Quantity(quantity) => {
                let $command = ChangeQuantity {
                    subscription,
                    quantity,
                };
                $run
            }
            Change::Suspend => {
                let $command = Suspend { subscription };
                $run
            }
            Change::Reactivate => {
                let $command = Reactivate { subscription };
                $run
            }
            Change::Cancel => {
                let $command = Cancel { subscription };
                $run
            }
            Change::Renewal(renewal) => {
                let $command = SetRenewal {
                    subscription,
                    renewal,
                };
                $run
            }
            Change::NextTerm(next) => {
                let $command = ScheduleChange {
                    subscription,
                    quantity: Some(next.quantity),
                    item: next.item,
                    term: next.term,
                    frequency: next.frequency,
                    end: next.end,
                    promotion: next.promotion,
                };
                $run
            }
            Change::TrialEnd(next) => {
                let $command = ConvertTrial {
                    subscription,
                    quantity: next.quantity,
                    at: When::TrialEnd,
                    into: None,
                    item: next.item,
                    term: next.term,
                    frequency: next.frequency,
                    end: next.end,
                };
                $run
            }
            Change::Frequency(frequency) => {
                let $command = ChangeFrequency {
                    subscription,
                    frequency,
                    at_subscription: true,
                };
                $run
            }
            Change::Term(term, frequency) => {
                let $command = ChangeTerm {
                    subscription,
                    term,
                    frequency,
                };
                $run
            }
            Change::PartnerOfRecord(partner_of_record) => {
                let $command = SetPartnerOfRecord {
                    subscription,
                    partner_of_record,
                };
                $run
            }
            Change::Nickname(nickname) => {
                let $command = UpdateSubscription {
                    subscription,
                    nickname: Some(nickname),
                    omit: Vec::new(),
                    etag: None,
                };
                $run
            }
            Change::Clear(omit) => {
                let $command = UpdateSubscription {
                    subscription,
                    nickname: None,
                    omit,
                    etag: None,
                };
                $run
            }
        }
    }};
}

impl ChangeSubscription {
    fn first(&self) -> Result<&Change, AppError> {
        self.changes
            .first()
            .ok_or_else(|| AppError::invalid("changes", "names no change"))
    }
}

impl UseCase for ChangeSubscription {
    type Out = Changed;

    /// Where the first change is checked.
    fn checkpoint(&self) -> Checkpoint {
        match self.changes.first() {
            Some(change) => {
                with_command!(self.subscription, change, |command| command.checkpoint())
            }
            None => Checkpoint::UpdateSubscription,
        }
    }

    fn subject(&self) -> String {
        self.subscription.clone()
    }

    fn keeps_decision(&self) -> bool {
        self.changes.first().is_some_and(|change| {
            with_command!(self.subscription, change, |command| command
                .keeps_decision())
        })
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        let row = names::the_subscription(tx, &self.subscription).await?;
        let mut found = with_command!(self.subscription, self.first()?, |command| {
            Box::pin(command.facts(ctx, acting, tx)).await?
        });
        found.form.etag_stale = self.etag.is_some_and(|version| version != row.version);
        Ok(found)
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        acting: &Acting,
        facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<Changed, AppError> {
        let mut changed = with_command!(self.subscription, self.first()?, |command| {
            Box::pin(command.apply(ctx, acting, facts, tx)).await?
        });
        for (place, change) in self.changes.iter().enumerate().skip(1) {
            let ctx = ctx.further(&format!("change {place}"));
            let further = with_command!(self.subscription, change, |command| {
                Box::pin(attempt(&ctx, tx, &command)).await?.out
            });
            changed.warning = changed.warning.or(further.warning);
        }
        Ok(changed)
    }
}

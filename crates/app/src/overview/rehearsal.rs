//! What a command would do: it is carried out by its own code and undone, so that what is shown before is what happens
//! afterwards. Further acts may be decided on in the state that it would leave.

use tierline_domain::money::Money;
use tierline_domain::subscription::Charge;
use tierline_domain::time::Timestamp;
use tierline_rules::{Decision, Facts};
use tierline_store::{Command, Tx, Value, tables};
use uuid::Uuid;

use super::Viewer;
use super::outlook::{self, Outlook};
use crate::act::{Act, decide_only, perform};
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::names;

/// Most acts that are decided on afterwards.
pub const THEN_MAX: usize = 10;

/// A command to rehearse.
pub struct Rehearse {
    /// The context; its actor is whoever rehearses.
    pub ctx: Ctx,
    /// Who sees what comes of it.
    pub viewer: Viewer,
    /// The command.
    pub act: Act,
    /// What is decided on in the state that it leaves.
    pub then: Vec<Act>,
}

/// What a rehearsal came to.
#[derive(Debug)]
pub struct Rehearsed {
    /// The decision on the command.
    pub decision: Decision,
    /// The facts behind it.
    pub facts: Facts,
    /// What the command would answer; none where it is refused.
    pub result: Option<serde_json::Value>,
    /// What would be booked, as its seller and the operator see it.
    pub charges: Vec<Charge>,
    /// The sum of that, in each currency.
    pub sums: Vec<Money>,
    /// The subscription that the command names, as it would be then.
    pub after: Option<Outlook>,
    /// Decisions on what is tried afterwards, in order.
    pub then: Vec<(Decision, Facts)>,
}

/// What is booked on subscriptions of a customer at an instant.
async fn booked(tx: &mut Tx<'_>, customer: Uuid, at: Timestamp) -> Result<Vec<Charge>, AppError> {
    let until = Timestamp::from_micros(at.as_micros().saturating_add(1))?;
    let key = [
        Value::Id(customer),
        Value::Instant(at),
        Value::Instant(until),
    ];
    Ok(tx
        .scan::<Charge>(tables::charges::OF_CUSTOMER, &key)
        .await?)
}

/// The customer that an act is about.
async fn customer_of(tx: &mut Tx<'_>, act: &Act) -> Result<Option<Uuid>, AppError> {
    if let Some(name) = act.text("subscription")
        && let Some(row) = names::subscription(tx, name).await?
    {
        return Ok(Some(row.customer.uuid()));
    }
    if let Some(name) = act.text("cart")
        && let Some(row) = names::cart(tx, name).await?
    {
        return Ok(Some(row.customer.uuid()));
    }
    match act.text("customer") {
        Some(name) => Ok(names::tenant(tx, name).await?.map(|row| row.id.uuid())),
        None => Ok(None),
    }
}

fn sums(charges: &[Charge]) -> Result<Vec<Money>, AppError> {
    let mut sums: Vec<Money> = Vec::new();
    for charge in charges {
        match sums
            .iter_mut()
            .find(|sum| sum.currency == charge.amount.currency)
        {
            Some(sum) => *sum = sum.plus(charge.amount)?,
            None => sums.push(charge.amount),
        }
    }
    Ok(sums)
}

impl Command for Rehearse {
    type Out = Rehearsed;
    type Error = AppError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Rehearsed, AppError> {
        let (ctx, act) = (&self.ctx, &self.act);
        let (decision, facts) = decide_only(ctx, tx, act).await?;
        let mut done = Rehearsed {
            decision,
            facts,
            result: None,
            charges: Vec::new(),
            sums: Vec::new(),
            after: None,
            then: Vec::new(),
        };
        if !done.decision.allowed {
            return Ok(done);
        }
        let customer = customer_of(tx, act).await?;
        let before: Vec<Charge> = match customer {
            Some(customer) => booked(tx, customer, ctx.now).await?,
            None => Vec::new(),
        };
        let performed = match perform(ctx, tx, act).await {
            Ok(performed) => performed,
            // Some rules are asked of what the command finds on its way.
            Err(AppError::Refused(refusal)) => {
                (done.decision, done.facts) = (refusal.decision, refusal.facts);
                return Ok(done);
            }
            Err(error) => return Err(error),
        };
        done.result = Some(performed.result);
        if let Some(customer) = customer {
            let mut charges = booked(tx, customer, ctx.now).await?;
            charges.retain(|charge| {
                let sees = match &self.viewer {
                    Viewer::Operator => true,
                    Viewer::Partner(own) => charge.seller == Some(own.id),
                    Viewer::Customer(_) => false,
                };
                sees && !before.iter().any(|old| old.id == charge.id)
            });
            charges.sort_by_key(|charge| (charge.subscription, charge.position));
            done.sums = sums(&charges)?;
            done.charges = charges;
        }
        if let Some(name) = act.text("subscription") {
            done.after = match outlook::of(ctx, tx, &self.viewer, name).await {
                Ok(after) => Some(after),
                Err(AppError::NotFound { .. }) => None,
                Err(error) => return Err(error),
            };
        }
        for (index, act) in self.then.iter().enumerate() {
            let ctx = ctx.further(&format!("then {index}"));
            done.then.push(decide_only(&ctx, tx, act).await?);
        }
        Ok(done)
    }
}

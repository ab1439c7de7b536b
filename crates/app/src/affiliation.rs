//! Entering an affiliation: no new business from that day, and renewal goes off (IDN-030, TXN-506).

use serde::{Deserialize, Serialize};
use tierline_domain::partner::{Account, Affiliation};
use tierline_domain::subscription::Subscription;
use tierline_rules::Checkpoint;
use tierline_rules::facts::{Facts, Kinship, Tier};
use tierline_store::{Tx, Value, tables};

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::subscription::{Held, with_item};
use crate::{facts, kinship, names, standing};

/// Enter an affiliation today.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordAffiliation {
    /// One organization.
    pub of: String,
    /// The other.
    pub with: String,
}

/// A seller of the chain is tied to the customer, and no waiver lifts it.
///
/// # Errors
/// When the store fails.
pub(crate) async fn related(ctx: &Ctx, tx: &mut Tx<'_>, held: &Held) -> Result<bool, AppError> {
    let reseller = match held.row.partner_of_record {
        Some(reseller) => Some(names::seen::<Account, _>(tx, reseller).await?),
        None => None,
    };
    let mut sellers: Vec<(&Account, Tier)> = Vec::with_capacity(2);
    sellers.extend(held.seller.iter().map(|seller| (&**seller, Tier::Provider)));
    sellers.extend(
        reseller
            .iter()
            .map(|reseller| (&**reseller, Tier::Reseller)),
    );
    let ties = kinship::of(tx, &held.customer, &sellers, ctx.now.date()).await?;
    Ok(ties.iter().any(Kinship::forbids))
}

impl UseCase for RecordAffiliation {
    type Out = ();

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::Operate
    }

    fn subject(&self) -> String {
        format!("{} with {}", self.of, self.with)
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        standing::operator(acting)?;
        let of = names::the_organization(tx, &self.of).await?;
        if names::the_organization(tx, &self.with).await?.id == of.id {
            return Err(AppError::invalid(
                "with",
                "an organization has no affiliation with itself",
            ));
        }
        facts::begin(tx, ctx, acting, Checkpoint::Operate).await
    }

    async fn apply(
        &self,
        ctx: &Ctx,
        _acting: &Acting,
        _facts: &Facts,
        tx: &mut Tx<'_>,
    ) -> Result<(), AppError> {
        let of = names::the_organization(tx, &self.of).await?.id;
        let with = names::the_organization(tx, &self.with).await?.id;
        let (of_org, with_org) = if of <= with { (of, with) } else { (with, of) };
        let pair = [Value::Id(of_org.uuid()), Value::Id(with_org.uuid())];
        let known = tx.get::<Affiliation>(&pair).await?;
        let today = ctx.now.date();
        let since = match known {
            // What is on record already began earlier.
            Some(known) if known.since.is_none_or(|since| since <= today) => known.since,
            _ => Some(today),
        };
        tx.put(&Affiliation {
            of_org,
            with_org,
            since,
        })
        .await?;
        for row in tx
            .find::<Subscription>(tables::subscriptions::EVERY, &[])
            .await?
        {
            if !row.renewal {
                continue;
            }
            let mut held = with_item(tx, row).await?;
            if related(ctx, tx, &held).await? {
                held.row.renewal = false;
                held.row.unschedule();
                held.row.version = held.row.version.saturating_add(1);
                tx.put(&held.row).await?;
            }
        }
        Ok(())
    }
}

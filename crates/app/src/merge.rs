//! Merging two organizations (IDN-019).

use serde::{Deserialize, Serialize};
use tierline_domain::partner::{
    Account, Affiliation, Location, LocationKind, Organization, Tenant, Waiver,
};
use tierline_domain::subscription::Subscription;
use tierline_domain::time::Date;
use tierline_rules::Checkpoint;
use tierline_rules::facts::Facts;
use tierline_store::{Tx, Value, tables};

use crate::actor::Acting;
use crate::attempt::UseCase;
use crate::ctx::Ctx;
use crate::error::AppError;
use crate::names::{self, account_by_id};
use crate::{facts, listed, standing};

/// One organization takes the other in. It cannot be undone.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MergeOrganizations {
    /// The one whose global account survives.
    pub surviving: String,
    /// The one that becomes a part of it.
    pub merged: String,
}

/// Every PartnerID is kept; the other global account becomes a location.
async fn move_locations(
    tx: &mut Tx<'_>,
    from: &Organization,
    to: &Organization,
) -> Result<(), AppError> {
    let key = [Value::Id(from.id.uuid())];
    for mut place in tx
        .find::<Location>(tables::locations::BY_ORGANIZATION, &key)
        .await?
    {
        place.organization = to.id;
        place.kind = LocationKind::Location;
        tx.put(&place).await?;
    }
    Ok(())
}

/// Tenants and program accounts stay separate; only their owner changes.
async fn move_accounts(
    tx: &mut Tx<'_>,
    from: &Organization,
    to: &Organization,
) -> Result<(), AppError> {
    let key = [Value::Id(from.id.uuid())];
    for mut tenant in tx
        .find::<Tenant>(tables::tenants::BY_ORGANIZATION, &key)
        .await?
    {
        tenant.organization = to.id;
        tx.put(&tenant).await?;
        listed::renamed(tx, tenant.id).await?;
    }
    for mut account in tx
        .find::<Account>(tables::accounts::BY_ORGANIZATION, &key)
        .await?
    {
        account.organization = to.id;
        account.version = account.version.saturating_add(1);
        tx.put(&account).await?;
    }
    Ok(())
}

/// Affiliations and waivers of the one are those of the other.
async fn move_ties(
    tx: &mut Tx<'_>,
    from: &Organization,
    to: &Organization,
) -> Result<(), AppError> {
    let key = [Value::Id(from.id.uuid())];
    for edge in tx
        .find::<Affiliation>(tables::affiliations::TOUCHING, &key)
        .await?
    {
        tx.delete::<Affiliation>(&[
            Value::Id(edge.of_org.uuid()),
            Value::Id(edge.with_org.uuid()),
        ])
        .await?;
        let other = if edge.of_org == from.id {
            edge.with_org
        } else {
            edge.of_org
        };
        if other != to.id {
            let (of_org, with_org) = if other <= to.id {
                (other, to.id)
            } else {
                (to.id, other)
            };
            let pair = [Value::Id(of_org.uuid()), Value::Id(with_org.uuid())];
            let known = tx.get::<Affiliation>(&pair).await?;
            let since = known.map_or(edge.since, |known| known.since.min(edge.since));
            tx.put(&Affiliation {
                of_org,
                with_org,
                since,
            })
            .await?;
        }
    }
    for mut waiver in tx
        .find::<Waiver>(tables::waivers::BY_ORGANIZATION, &key)
        .await?
    {
        waiver.organization = to.id;
        tx.put(&waiver).await?;
    }
    Ok(())
}

/// What one part sold to the other has become a sale to oneself: it runs to the end of its term and does not
/// renew (TXN-506).
async fn end_self_sales(
    tx: &mut Tx<'_>,
    company: &Organization,
    today: Date,
) -> Result<(), AppError> {
    let key = [Value::Id(company.id.uuid())];
    let waived = !tx
        .find::<Waiver>(
            tables::waivers::IN_FORCE,
            &[Value::Id(company.id.uuid()), Value::Day(today)],
        )
        .await?
        .is_empty();
    if waived {
        return Ok(());
    }
    for tenant in tx
        .find::<Tenant>(tables::tenants::BY_ORGANIZATION, &key)
        .await?
    {
        let held = tx
            .find::<Subscription>(
                tables::subscriptions::BY_CUSTOMER,
                &[Value::Id(tenant.id.uuid())],
            )
            .await?;
        for mut sold in held {
            let mut own = false;
            for seller in [sold.seller, sold.partner_of_record].into_iter().flatten() {
                own |= account_by_id(tx, seller).await?.organization == company.id;
            }
            if own && sold.renewal {
                sold.renewal = false;
                sold.version = sold.version.saturating_add(1);
                tx.put(&sold).await?;
            }
        }
    }
    Ok(())
}

impl UseCase for MergeOrganizations {
    type Out = ();

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::Operate
    }

    fn subject(&self) -> String {
        format!("{} into {}", self.merged, self.surviving)
    }

    async fn facts(&self, ctx: &Ctx, acting: &Acting, tx: &mut Tx<'_>) -> Result<Facts, AppError> {
        standing::operator(acting)?;
        let surviving = names::the_organization(tx, &self.surviving).await?;
        if names::the_organization(tx, &self.merged).await?.id == surviving.id {
            return Err(AppError::invalid(
                "merged",
                "an organization does not merge with itself",
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
        let to = names::the_organization(tx, &self.surviving).await?;
        let from = names::the_organization(tx, &self.merged).await?;
        move_locations(tx, &from, &to).await?;
        move_accounts(tx, &from, &to).await?;
        move_ties(tx, &from, &to).await?;
        tx.delete::<Organization>(&[Value::Id(from.id.uuid())])
            .await?;
        end_self_sales(tx, &to, ctx.now.date()).await
    }
}

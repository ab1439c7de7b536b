//! How companies are tied to each other: who may not sell to whom (IDN-030), until when, and along which affiliations.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use smallvec::SmallVec;
use tierline_domain::id::Id;
use tierline_domain::partner::{Account, Affiliation, Organization, Tenant, Waiver};
use tierline_domain::time::Date;
use tierline_rules::facts::{Kinship, Tie, Tier};
use tierline_store::{Derivation, Tx, Value, tables};

use crate::error::AppError;
use crate::names::seen;

/// How the buyer's owner is tied to each seller of a chain: whoever is on record as the owner now, as [`buyer`](crate::facts::buyer) has it.
///
/// # Errors
/// When the store fails.
pub async fn of(
    tx: &mut Tx<'_>,
    buyer: &Tenant,
    sellers: &[(&Account, Tier)],
    today: Date,
) -> Result<SmallVec<[Kinship; 2]>, AppError> {
    let owner = seen::<Tenant, _>(tx, buyer.id).await?.organization;
    of_company(tx, owner, sellers, today).await
}

/// How a company is tied to each seller of a chain.
///
/// # Errors
/// When the store fails.
pub async fn of_company(
    tx: &mut Tx<'_>,
    owner: Id<Organization>,
    sellers: &[(&Account, Tier)],
    today: Date,
) -> Result<SmallVec<[Kinship; 2]>, AppError> {
    let mut ties = SmallVec::new();
    for (seller, tier) in sellers {
        let wanted = Ties {
            owner,
            seller: seller.organization,
            today,
        };
        let found = tx.derive(&wanted).await?;
        ties.push(Kinship {
            seller: seller.handle.clone(),
            seller_organization: found.seller.clone(),
            tier: *tier,
            tie: found.tie.clone(),
            waiver: found.waiver.clone(),
        });
    }
    Ok(ties)
}

/// How a company is tied to the one that sells to it.
struct Ties {
    owner: Id<Organization>,
    seller: Id<Organization>,
    today: Date,
}

/// What [`Ties`] come to.
struct Tied {
    /// The short name of the one that sells.
    seller: String,
    tie: Tie,
    /// The waiver under which it may.
    waiver: Option<String>,
}

impl Derivation for Ties {
    type Made = Tied;
    type Error = AppError;

    fn of(&self) -> Vec<Value> {
        let both = [self.owner, self.seller].map(|organization| Value::Id(organization.uuid()));
        both.into_iter().chain([Value::Day(self.today)]).collect()
    }

    async fn make(&self, tx: &mut Tx<'_>) -> Result<Tied, AppError> {
        // One that is gone, merged into another, has no ties that could be told.
        seen::<Organization, _>(tx, self.owner).await?;
        let organization: Arc<Organization> = seen(tx, self.seller).await?;
        let tie = tie(tx, self.owner, self.seller, self.today).await?;
        let waiver = match tie {
            Tie::Unrelated => None,
            _ => {
                let key = [Value::Id(self.seller.uuid()), Value::Day(self.today)];
                let waivers = tx.look_for::<Waiver>(tables::waivers::IN_FORCE, &key);
                let waivers = waivers.await?;
                waivers.first().map(|waiver| waiver.handle.clone())
            }
        };
        Ok(Tied {
            seller: organization.handle.clone(),
            tie,
            waiver,
        })
    }
}

/// The latest date along a way of affiliations, and the way.
type Way = (Option<Date>, Vec<Id<Organization>>);

/// The tie of two organizations: the closure over all affiliations on record today (IDN-030).
///
/// # Errors
/// When the store fails.
async fn tie(
    tx: &mut Tx<'_>,
    from: Id<Organization>,
    to: Id<Organization>,
    today: Date,
) -> Result<Tie, AppError> {
    if from == to {
        return Ok(Tie::Same);
    }
    let mut reached: BTreeMap<Id<Organization>, Way> = BTreeMap::new();
    reached.insert(from, (None, vec![from]));
    let mut queue = VecDeque::from([from]);
    while let Some(here) = queue.pop_front() {
        let (since, path) = reached.get(&here).cloned().unwrap_or_default();
        for edge in tx
            .look_for::<Affiliation>(tables::affiliations::TOUCHING, &[Value::Id(here.uuid())])
            .await?
            .iter()
        {
            let next = if edge.of_org == here {
                edge.with_org
            } else {
                edge.of_org
            };
            if reached.contains_key(&next) || edge.since.is_some_and(|day| day > today) {
                continue;
            }
            let mut longer = path.clone();
            longer.push(next);
            if next == to {
                let mut names = Vec::new();
                for step in longer {
                    names.push(seen::<Organization, _>(tx, step).await?.handle.clone());
                }
                return Ok(Tie::Affiliated {
                    since: since.max(edge.since),
                    path: names,
                });
            }
            reached.insert(next, (since.max(edge.since), longer));
            queue.push_back(next);
        }
    }
    Ok(Tie::Unrelated)
}

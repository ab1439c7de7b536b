//! Who earns credit on a day's consumption, and if nobody does, why (section 10.6).

use std::sync::Arc;

use tierline_domain::catalog::ItemKind;
use tierline_domain::decimal::Decimal;
use tierline_domain::id::Id;
use tierline_domain::partner::{Account, Location, MembershipState, Organization};
use tierline_domain::subscription::{
    ResourceRole, ResourceRoleName, Subscription, SubscriptionState,
};
use tierline_domain::time::{Date, Timestamp};
use tierline_domain::usage::{
    AccessEffect, CreditLoss, Earning, Meter, ResourceAccess, UsageResource,
};
use tierline_store::tables::Setting;
use tierline_store::{Tx, Value, tables};

use super::over;
use crate::error::AppError;
use crate::names::{by_id, seen};
use crate::subscription::Held;

/// The setting that says how many per cent the credit is.
pub const PERCENT: &str = "earned_credit_percent";
/// What it is where the operator has set nothing: the documented example.
const DEFAULT_PERCENT: i64 = 15;

/// How many per cent the credit is.
///
/// # Errors
/// When the store fails.
pub async fn percent(tx: &mut Tx<'_>) -> Result<i64, AppError> {
    let set = tx
        .get::<Setting>(&[Value::Text(PERCENT.to_owned())])
        .await?;
    let set = set.and_then(|setting| setting.value.0.as_i64());
    Ok(set.unwrap_or(DEFAULT_PERCENT).clamp(0, 100))
}

/// Access of one partner to a part of a subscription, as of one day.
struct Grant {
    partner: Id<Account>,
    /// Empty for the whole subscription.
    scope: String,
    effect: AccessEffect,
    role: ResourceRoleName,
    /// Whether it holds the whole day (PEC-002, PEC-011).
    lasts: bool,
    /// The organization and the location whose PartnerID it is linked to; the partner's own where nothing else is said.
    linked: Link,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Link {
    /// Tied to the partner itself, as default ownership is.
    Own,
    To(Id<Location>, Id<Organization>),
    Nobody,
}

/// What a day's earning rests on, for every resource of a subscription.
pub struct Day {
    /// Why nothing is earned by whatever resource, if so.
    barred: Option<Earning>,
    seller: Option<Arc<Account>>,
    /// The organization to whose PartnerIDs access of the billed partner is linked (PEC-012, PEC-013).
    organization: Option<Id<Organization>>,
    reseller: Option<Arc<Account>>,
    grants: Vec<Grant>,
}

/// What a resource earned in a day.
#[derive(Clone, Debug)]
pub struct Earned {
    /// Earned, or why not.
    pub earning: Earning,
    /// The billed partner that earns.
    pub by: Option<String>,
}

/// Looks up what earning on a day rests on.
///
/// # Errors
/// When the store fails.
pub async fn day(tx: &mut Tx<'_>, held: &Held, day: Date) -> Result<Day, AppError> {
    let reseller = match held.row.partner_of_record {
        Some(reseller) => Some(seen(tx, reseller).await?),
        None => None,
    };
    let organization = match &held.seller {
        Some(seller) => Some(standing(tx, seller).await?),
        None => None,
    };
    Ok(Day {
        barred: barred(tx, held, day).await?,
        seller: held.seller.clone(),
        organization,
        reseller,
        grants: grants(tx, &held.row, day).await?,
    })
}

/// The organization whose PartnerID a program account is tied to: its own, until it is tied to another's (PEC-013).
async fn standing(tx: &mut Tx<'_>, seller: &Account) -> Result<Id<Organization>, AppError> {
    match seller.location {
        Some(location) => Ok(by_id::<Location, _>(tx, location).await?.organization),
        None => Ok(seller.organization),
    }
}

async fn barred(tx: &mut Tx<'_>, held: &Held, day: Date) -> Result<Option<Earning>, AppError> {
    let row = &held.row;
    // Reservations, savings plans and products of others are no consumption (PEC-005).
    if !matches!(
        held.item.kind,
        ItemKind::Consumption | ItemKind::PreviousConsumption
    ) {
        return Ok(Some(Earning::Excluded));
    }
    let Some(seller) = held
        .seller
        .as_ref()
        .filter(|seller| seller.kind.is_billed())
    else {
        return Ok(Some(Earning::NotBilled));
    };
    if row.state != SubscriptionState::Active || row.bought.date() > day {
        return Ok(Some(Earning::NotRunning));
    }
    let organization: Organization = by_id(tx, seller.organization).await?;
    if organization.membership != MembershipState::Active {
        return Ok(Some(Earning::Membership));
    }
    let key = [Value::Id(seller.id.uuid()), Value::Day(day)];
    let lost = tx
        .find::<CreditLoss>(tables::credit_losses::IN_FORCE, &key)
        .await?;
    let is_lost = |loss: &CreditLoss| loss.until_day.is_none_or(|until| day <= until);
    Ok(lost.iter().any(is_lost).then_some(Earning::Forfeited))
}

/// Access to a subscription and to the plan above it: what holds there covers everything below (PEC-006).
async fn grants(tx: &mut Tx<'_>, row: &Subscription, day: Date) -> Result<Vec<Grant>, AppError> {
    let mut all = Vec::new();
    if let Some(seller) = row.seller.filter(|_| row.default_owner) {
        all.push(whole(seller, ResourceRoleName::Owner));
    }
    for resource in [Some(row.id), row.parent].into_iter().flatten() {
        let key = [Value::Id(resource.uuid())];
        let plain = tx
            .find::<ResourceRole>(tables::resource_roles::BY_SUBSCRIPTION, &key)
            .await?;
        all.extend(plain.into_iter().map(|role| whole(role.partner, role.role)));
        let bounded = tx
            .find::<ResourceAccess>(tables::resource_access::BY_SUBSCRIPTION, &key)
            .await?;
        for access in bounded {
            let linked = match access.linked {
                Some(id) => Link::To(id, by_id::<Location, _>(tx, id).await?.organization),
                None => Link::Nobody,
            };
            let from = access.begins.unwrap_or(Timestamp::EPOCH);
            let begins = from <= Timestamp::start_of(day);
            let ends = access.ends.is_none_or(|ends| over(day) <= ends);
            // A denial that holds for a part of the day takes the whole day away.
            let lasts = match access.effect {
                AccessEffect::Allow => begins && ends,
                AccessEffect::Deny => {
                    from < over(day) && access.ends.is_none_or(|end| Timestamp::start_of(day) < end)
                }
            };
            all.push(Grant {
                partner: access.partner,
                scope: access.scope,
                effect: access.effect,
                role: access.role,
                lasts,
                linked,
            });
        }
    }
    Ok(all)
}

const fn whole(partner: Id<Account>, role: ResourceRoleName) -> Grant {
    Grant {
        partner,
        scope: String::new(),
        effect: AccessEffect::Allow,
        role,
        lasts: true,
        linked: Link::Own,
    }
}

/// Whether what holds for a scope holds for a resource: the subscription covers all, a group its resources (PEC-006).
fn covers(scope: &str, resource: Option<&UsageResource>) -> bool {
    scope.is_empty()
        || resource.is_some_and(|resource| {
            scope.eq_ignore_ascii_case(&resource.resource_group)
                || scope.eq_ignore_ascii_case(&resource.uri)
        })
}

impl Day {
    /// What one resource earned, or the subscription as a whole where none is named; of a meter, where one is.
    #[must_use]
    pub fn of(&self, meter: Option<&Meter>, resource: Option<&UsageResource>) -> Earned {
        let nothing = |earning| Earned { earning, by: None };
        if let Some(barred) = self.barred {
            return nothing(barred);
        }
        if meter.is_some_and(|meter| !meter.earns) {
            return nothing(Earning::Excluded);
        }
        let earning = self.access(resource);
        let by = self.seller.as_ref().map(|seller| seller.handle.clone());
        Earned {
            earning,
            by: by.filter(|_| earning == Earning::Earned),
        }
    }

    /// Goes through the access to a resource, from what keeps most from earning to what keeps least.
    fn access(&self, resource: Option<&UsageResource>) -> Earning {
        let covering = self
            .grants
            .iter()
            .filter(|grant| covers(&grant.scope, resource));
        let (allowed, denied): (Vec<_>, Vec<_>) =
            covering.partition(|grant| grant.effect == AccessEffect::Allow);
        let mut reason = Earning::NoAccess;
        for grant in allowed {
            if !grant.lasts {
                continue;
            }
            // Roles that can change something qualify (PEC-003).
            let one = if grant.role == ResourceRoleName::Reader {
                Earning::ReadOnly
            } else if !self.is_of_chain(grant.partner) {
                Earning::OutsideChain
            } else if !self.is_linked(grant) {
                Earning::NotLinked
            } else if denied
                .iter()
                .any(|denial| denial.partner == grant.partner && denial.lasts)
            {
                Earning::Denied
            } else {
                return Earning::Earned;
            };
            if rank(one) > rank(reason) {
                reason = one;
            }
        }
        reason
    }

    /// The billed partner and the reseller of record; of nobody else does access count (PEC-004).
    fn is_of_chain(&self, partner: Id<Account>) -> bool {
        [&self.seller, &self.reseller]
            .into_iter()
            .flatten()
            .any(|account| account.id == partner)
    }

    /// Linked to a PartnerID of the billed partner's organization, or of the reseller of record (PEC-012).
    fn is_linked(&self, grant: &Grant) -> bool {
        match grant.linked {
            Link::Own => true,
            Link::Nobody => false,
            Link::To(location, organization) => {
                self.organization == Some(organization)
                    || self
                        .reseller
                        .as_ref()
                        .is_some_and(|reseller| reseller.location == Some(location))
            }
        }
    }
}

/// Which reason is told where several keep from earning: the one that lacks least.
const fn rank(reason: Earning) -> u8 {
    match reason {
        Earning::Denied => 5,
        Earning::NotLinked => 4,
        Earning::OutsideChain => 3,
        Earning::ReadOnly => 2,
        Earning::NoAccess => 1,
        _ => 0,
    }
}

/// The effective price of a unit: what was paid for it, divided by how much it was (BIL-053).
///
/// # Errors
/// On overflow.
pub fn effective_price(net: Decimal, quantity: Decimal) -> Result<Decimal, AppError> {
    if quantity.is_zero() {
        return Ok(Decimal::ZERO);
    }
    Ok(net.over(quantity, 10)?.trimmed())
}

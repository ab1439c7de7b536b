//! Every deal there is.
//!
//! A deal belongs to the space if its facts can hold together ([`exists`]); facts without meaning are not
//! varied ([`AbstractDeal::canonical`]). Sales have too many facts for one product over all of them, so their
//! three parts are listed first and combined afterwards.

use std::collections::HashSet;

use crate::deal::{
    AbstractDeal, Action, Caller, FACTS, Group, Kin, Named, Owner, PartnerState, Partnership,
    Relationship, TenantUse,
};

/// Which standings of the caller a walk goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Authenticated, role declared, active, agreement accepted.
    Good,
    /// Every standing.
    Any,
}

/// Facts of a caller that say nothing about the deal itself.
pub const STANDING: &[&str] = &["mfa", "role_declared", "caller_state", "caller_signed"];

const RESELLER: &[&str] = &[
    "names_reseller",
    "reseller",
    "reseller_state",
    "reseller_signed",
    "reseller_same_region",
    "reseller_partnership",
    "reseller_kin",
    "reseller_waiver",
];

/// Calls `visit` with every deal of an action once and returns how many there were.
pub fn each(action: Action, standing: Standing, mut visit: impl FnMut(&AbstractDeal)) -> u64 {
    let mut count = 0;
    for caller in action.callers() {
        let clean = AbstractDeal::clean(action, *caller);
        let group = FACTS
            .iter()
            .filter(|fact| fact.groups.contains(&action.group()))
            .map(|fact| fact.field);
        let (standings, others): (Vec<_>, Vec<_>) =
            group.partition(|field| STANDING.contains(field));
        let (resellers, others): (Vec<_>, Vec<_>) = others
            .into_iter()
            .partition(|field| RESELLER.contains(field));

        let standings = if standing == Standing::Any {
            product(clean, &standings)
        } else {
            vec![clean]
        };
        let resellers = product(clean, &resellers);
        for rest in product(clean, &others) {
            for named in &resellers {
                let rest = AbstractDeal {
                    names_reseller: named.names_reseller,
                    reseller: named.reseller,
                    reseller_state: named.reseller_state,
                    reseller_signed: named.reseller_signed,
                    reseller_same_region: named.reseller_same_region,
                    reseller_partnership: named.reseller_partnership,
                    reseller_kin: named.reseller_kin,
                    reseller_waiver: named.reseller_waiver,
                    ..rest
                };
                if !exists(&rest) {
                    continue;
                }
                for stand in &standings {
                    count += 1;
                    visit(&AbstractDeal {
                        mfa: stand.mfa,
                        role_declared: stand.role_declared,
                        caller_state: stand.caller_state,
                        caller_signed: stand.caller_signed,
                        ..rest
                    });
                }
            }
        }
    }
    count
}

/// Deals that differ from `clean` in the given facts only, each once.
fn product(clean: AbstractDeal, fields: &[&str]) -> Vec<AbstractDeal> {
    let mut deals = vec![clean];
    for fact in FACTS.iter().filter(|fact| fields.contains(&fact.field)) {
        let varied = deals.iter().flat_map(|deal| {
            (0..fact.count).map(|index| {
                let mut deal = *deal;
                (fact.set)(&mut deal, index);
                deal
            })
        });
        deals = varied.collect();
    }
    let mut seen = HashSet::new();
    let canonical = deals.into_iter().map(AbstractDeal::canonical);
    canonical
        .filter(|deal| exists(deal) && seen.insert(*deal))
        .collect()
}

/// Whether the facts of a deal can hold together.
pub fn exists(deal: &AbstractDeal) -> bool {
    let caller = deal.caller_type();
    match deal.action.group() {
        Group::Sale => {
            standing_exists(caller, deal.caller_state, deal.caller_signed)
                && seller_and_buyer_exist(deal)
                && reseller_exists(deal)
        }
        Group::Invitation => {
            state_exists(caller, deal.caller_state)
                && seller_and_buyer_exist(deal)
                && joint_exists(deal)
        }
        Group::NewPartnership => {
            // One tenant has one account, in one region, and is no customer of itself.
            let one_tenant = deal.same_region
                && deal.reseller_is_customer == Relationship::None
                && caller == deal.other;
            state_exists(caller, deal.caller_state)
                && state_exists(deal.other, deal.other_state)
                && (one_tenant || !deal.same_tenant)
        }
    }
}

/// An agreement can be accepted only by an account that is verified (AGR-006), and accepting makes it active.
fn standing_exists(account: Named, state: PartnerState, signed: bool) -> bool {
    let unsigned = matches!(
        state,
        PartnerState::InVerification | PartnerState::Qualified
    );
    state_exists(account, state) && !(unsigned && signed)
}

fn state_exists(account: Named, state: PartnerState) -> bool {
    match state {
        PartnerState::Restricted => account == Named::DirectBill,
        PartnerState::Deauthorized => account == Named::Reseller,
        _ => true,
    }
}

fn seller_and_buyer_exist(deal: &AbstractDeal) -> bool {
    let provider_in_deal = deal.caller == Caller::Provider || deal.joint;
    let partnered = matches!(
        deal.tenant_partnership,
        Partnership::Active | Partnership::RemovalRequested
    );
    let owner_is_partner = deal.owner != Owner::Ordinary;

    (owner_is_partner || (deal.tenant == TenantUse::Customer && deal.caller_kin != Kin::Itself))
        && (provider_in_deal || (deal.owner != Owner::ResellerOfProvider))
        && (deal.tenant_partnership == Partnership::None
            || (provider_in_deal && deal.tenant == TenantUse::Program))
        && (!partnered || deal.owner == Owner::ResellerOfProvider)
}

fn reseller_exists(deal: &AbstractDeal) -> bool {
    if !deal.names_reseller {
        return true;
    }
    let itself = deal.reseller_kin == Kin::Itself;
    let enrolled = !matches!(
        deal.reseller,
        Named::Unknown | Named::GlobalAccount | Named::NotEnrolled
    );
    let partnered = matches!(
        deal.reseller_partnership,
        Partnership::Active | Partnership::RemovalRequested
    );

    (deal.reseller != Named::Reseller
        || standing_exists(deal.reseller, deal.reseller_state, deal.reseller_signed))
        && !(itself && enrolled && deal.owner == Owner::Ordinary)
        && !(itself && partnered && deal.owner != Owner::ResellerOfProvider)
        && !(itself && deal.caller_kin == Kin::Itself && deal.reseller_waiver != deal.caller_waiver)
}

fn joint_exists(deal: &AbstractDeal) -> bool {
    let itself = deal.provider_kin == Kin::Itself;
    !deal.joint
        || (deal.caller == Caller::Reseller
            && !(itself && deal.owner == Owner::Ordinary)
            && !(itself
                && deal.caller_kin == Kin::Itself
                && deal.provider_waiver != deal.caller_waiver))
}

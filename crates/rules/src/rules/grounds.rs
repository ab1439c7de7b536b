//! When the fact behind a ground is in order, no rule that rests on it needs to be asked.
//!
//! A short cut and nothing else: most deals are in order, and one look at the fact stands for all rules on it.
//! It says "in order" only if no rule of the ground could forbid; where it does not know, it says no, and the
//! rules are asked. Debug builds ask them all the same (`decide`), so every test, every case and the whole
//! exhausted space hold it to that.

use tierline_domain::admin::{Mfa, ProgramRole};
use tierline_domain::partner::{AccountState, PartnerType, PartnershipState, TenantType};

use super::PURCHASE;
use super::regions::{customer_elsewhere, partner_elsewhere};
use crate::facts::{Checkpoint, Facts, Kinship, Named, Party, Relation, TokenKind};
use crate::registry::Ground;

type InOrder = fn(&Facts) -> bool;

/// The look at a ground's fact, where several rules of a purchase rest on it.
pub(super) fn in_order(ground: Ground, checkpoint: Checkpoint) -> Option<InOrder> {
    if !PURCHASE.has(checkpoint) {
        return None;
    }
    let look: InOrder = match ground {
        Ground::Authentication => {
            |f| f.caller.mfa == Mfa::Present && f.caller.token == TokenKind::User
        }
        // Every line of the table of roles names one of these two.
        Ground::UserRole => |f| {
            f.caller.roles.any(&[ProgramRole::GlobalAdmin])
                && f.caller.roles.any(&[ProgramRole::AdminAgent])
                && !f.caller.role_names.is_empty()
        },
        Ground::CallerType => |f| {
            actor(f, |actor| {
                actor.kind == PartnerType::IndirectProvider
                    || (actor.kind == PartnerType::DirectBill && !actor.acts_as_reseller)
            })
        },
        Ground::CallerState => |f| actor(f, |actor| actor.state == AccountState::Active),
        Ground::CallerAgreement => |f| {
            actor(f, |actor| {
                actor.signed && actor.state == AccountState::Active
            })
        },
        Ground::NamedIdentity => |f| {
            named(f, |party| {
                party.kind == PartnerType::IndirectReseller
                    && party.acts_as_reseller
                    && party.location.is_some()
                    && party.state == AccountState::Active
            })
        },
        Ground::NamedState => |f| named(f, |party| party.state == AccountState::Active),
        Ground::NamedAgreement => |f| {
            named(f, |party| {
                party.signed && party.state == AccountState::Active
            })
        },
        Ground::BuyerRegion => |f| !customer_elsewhere(f),
        Ground::PartnerRegion => |f| !partner_elsewhere(f),
        Ground::Partnership => |f| {
            let active = |state| state == PartnershipState::Active;
            f.partnership
                .as_ref()
                .map_or(!f.named.is_some(), |tie| active(tie.state))
        },
        Ground::Exclusivity => |f| f.exclusivity.is_none(),
        Ground::TenantUse => |f| {
            f.buyer
                .as_ref()
                .is_some_and(|buyer| buyer.used_by.is_none())
        },
        Ground::TenantKind => |f| {
            f.buyer
                .as_ref()
                .is_some_and(|buyer| buyer.tenant_type == TenantType::Customer)
        },
        Ground::SelfSale => |f| !f.kinship.iter().any(Kinship::forbids),
        Ground::Relationship => |f| f.relation.as_ref().is_some_and(Relation::is_active),
        Ground::CustomerAgreement => |f| f.attested,
        Ground::Market => |f| {
            f.purchase
                .as_ref()
                .is_some_and(|purchase| purchase.not_sold_in.is_empty())
        },
        Ground::Credit => |f| f.credit.is_none(),
        _ => return None,
    };
    Some(look)
}

fn actor(f: &Facts, is: impl Fn(&Party) -> bool) -> bool {
    f.actor.as_ref().is_some_and(is)
}

/// Nobody is named, or an account that is in order.
fn named(f: &Facts, is: impl Fn(&Party) -> bool) -> bool {
    match &f.named {
        Named::None => true,
        Named::Account { party, .. } => is(party),
        Named::Unknown { .. } | Named::Unenrolled { .. } => false,
    }
}

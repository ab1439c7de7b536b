//! When the fact behind a ground is in order, no rule that rests on it needs to be asked.
//!
//! A short cut and nothing else: most deals are in order, and one look at the fact stands for all rules on it.
//! It says "in order" only if no rule of the ground could forbid; where it does not know, it says no, and the
//! rules are asked. Debug builds ask them all the same (`decide`), so every test, every case and the whole
//! exhausted space hold it to that.

use tierline_domain::admin::{Mfa, ProgramRole};
use tierline_domain::catalog::ItemKind;
use tierline_domain::customer::CustomerState;
use tierline_domain::partner::{
    AccountState, Environment, LocationState, PartnerType, PartnershipState, TenantType,
};

use super::PURCHASE;
use super::regions::{customer_elsewhere, partner_elsewhere};
use crate::facts::{
    Buyer, Checkpoint, Facts, Kinship, Named, Party, Purchase, Relation, TokenKind,
};
use crate::registry::Ground;

type InOrder = fn(&Facts) -> bool;

/// The ground whose look stands for this one too: neighbours that all come from one feature of a deal, which most
/// deals do not have.
pub(super) const fn of_one_look(ground: Ground) -> Ground {
    match ground {
        Ground::CallerPlaceState => Ground::CallerLocation,
        Ground::SandboxSeats => Ground::SandboxSubscriptions,
        Ground::FurtherResellerIdentity | Ground::FurtherResellerAgreement => {
            Ground::FurtherResellers
        }
        Ground::TrialOwned | Ground::TrialExists => Ground::TrialUsed,
        Ground::AlignmentTerms | Ground::AlignmentKind => Ground::Alignment,
        Ground::AddOnParentState => Ground::AddOnParent,
        other => other,
    }
}

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
            !f.caller.role_names.is_empty()
                && f.caller.roles.any(&[ProgramRole::GlobalAdmin])
                && f.caller.roles.any(&[ProgramRole::AdminAgent])
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
        Ground::CallerLocation => |f| {
            f.transfer.is_none()
                && actor(f, |actor| {
                    let place = actor.location.as_ref();
                    place.is_some_and(|place| place.state == LocationState::Active)
                })
        },
        Ground::NamedIdentity => |f| {
            named(f, |party| {
                party.kind == PartnerType::IndirectReseller
                    && party.acts_as_reseller
                    && party.state == AccountState::Active
                    && party.location.is_some()
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
        Ground::TenantUse => |f| buyer(f, |buyer| buyer.used_by.is_none()),
        Ground::TenantKind => |f| buyer(f, |buyer| buyer.tenant_type == TenantType::Customer),
        Ground::Ordinary | Ground::LoneProvider => |f| {
            buyer(f, |buyer| {
                !buyer.owner_is_partner && !buyer.owner_is_reseller
            })
        },
        Ground::SelfSale => |f| !f.kinship.iter().any(Kinship::forbids),
        Ground::Relationship => |f| f.relation.as_ref().is_some_and(Relation::is_active),
        Ground::CustomerAgreement => |f| f.attested,
        Ground::Market => |f| {
            f.purchase
                .as_ref()
                .is_some_and(|purchase| purchase.not_sold_in.is_empty())
        },
        Ground::CustomerAccount => {
            |f| buyer(f, |buyer| buyer.account_state == CustomerState::Approved)
        }
        Ground::Credit => |f| f.credit.is_none(),
        Ground::ProviderTie => |f| !f.actor_is(PartnerType::IndirectReseller),
        Ground::SandboxSubscriptions => {
            |f| actor(f, |actor| actor.environment == Environment::Production)
        }
        Ground::EndOfSale => |f| line(f, |line| line.end_of_sale.is_none()),
        Ground::FurtherResellers => |f| line(f, |line| line.further_resellers.is_empty()),
        Ground::TrialUsed => |f| line(f, |line| line.kind != ItemKind::Trial),
        Ground::Alignment => |f| line(f, |line| line.alignment.is_none()),
        Ground::AddOnParent => |f| line(f, |line| line.kind != ItemKind::AddOn),
        Ground::CustomerCeiling => {
            |f| f.subscription.is_none() && line(f, |line| line.customer_max.is_none())
        }
        Ground::TenantCeiling => |f| {
            buyer(f, |buyer| {
                line(f, |line| buyer.subscription_count < line.tenant_ceiling)
            })
        },
        _ => return None,
    };
    Some(look)
}

fn actor(f: &Facts, is: impl Fn(&Party) -> bool) -> bool {
    f.actor.as_ref().is_some_and(is)
}

fn buyer(f: &Facts, is: impl Fn(&Buyer) -> bool) -> bool {
    f.buyer.as_ref().is_some_and(is)
}

fn line(f: &Facts, is: impl Fn(&Purchase) -> bool) -> bool {
    f.purchase.as_ref().is_some_and(is)
}

/// Nobody is named, or an account that is in order.
fn named(f: &Facts, is: impl Fn(&Party) -> bool) -> bool {
    match &f.named {
        Named::None => true,
        Named::Account { party, .. } => is(party),
        Named::Unknown { .. } | Named::Unenrolled { .. } => false,
    }
}

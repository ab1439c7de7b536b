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

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use tierline_domain::order::RoleDeclared;
    use tierline_domain::partner::{
        Environment, LocationKind, LocationState, MembershipState, ResellerEnrolment, TenantType,
    };

    use super::*;
    use crate::facts::CallerKind;
    use crate::{decide, testing};

    /// Words of the enumerations that facts are made of.
    fn words() -> Vec<Value> {
        macro_rules! all {
            ($($set:ty)+) => { [$(<$set>::ALL.iter().map(ToString::to_string).collect::<Vec<_>>()),+].concat() };
        }
        let words = all!(
            AccountState PartnerType PartnershipState TenantType LocationKind LocationState MembershipState ResellerEnrolment
            Environment RoleDeclared CallerKind TokenKind Mfa
        );
        words.into_iter().map(Value::String).collect()
    }

    /// Every fact that differs from this one in a single leaf, or in one part that is absent.
    fn neighbours(value: &Value, words: &[Value], found: &mut Vec<Value>) {
        let mut others = vec![Value::Null];
        match value {
            Value::Bool(yes) => others.push(Value::Bool(!yes)),
            Value::Number(_) => others.extend([Value::from(0), Value::from(1_000_000)]),
            Value::String(_) => others.extend_from_slice(words),
            Value::Array(list) => {
                others.push(Value::Array(Vec::new()));
                for (at, item) in list.iter().enumerate() {
                    let mut inner = Vec::new();
                    neighbours(item, words, &mut inner);
                    others.extend(inner.into_iter().map(|other| {
                        let mut list = list.clone();
                        list.splice(at..=at, [other]);
                        Value::Array(list)
                    }));
                }
            }
            Value::Object(map) => {
                for (name, member) in map {
                    let mut inner = Vec::new();
                    neighbours(member, words, &mut inner);
                    others.extend(inner.into_iter().map(|other| {
                        let mut map = map.clone();
                        map.insert(name.clone(), other);
                        Value::Object(map)
                    }));
                }
            }
            Value::Null => {}
        }
        found.append(&mut others);
    }

    /// `decide` asks the rules behind a look too (a debug assertion), so it is enough to decide.
    #[test]
    fn no_look_hides_a_rule_whichever_single_fact_is_different() {
        let words = words();
        let mut decided = 0;
        for checkpoint in PURCHASE.iter() {
            for base in [testing::two_tier(checkpoint), testing::one_tier(checkpoint)] {
                let mut base = base;
                base.purchase = Some(testing::purchase());
                let mut others = Vec::new();
                neighbours(&serde_json::to_value(&base).unwrap(), &words, &mut others);
                for other in others {
                    if let Ok(facts) = serde_json::from_value::<Facts>(other) {
                        assert!(decide(&facts, &[]).failed().len() < 100);
                        decided += 1;
                    }
                }
            }
        }
        assert!(decided > 1_000, "{decided} worlds are too few");
    }
}

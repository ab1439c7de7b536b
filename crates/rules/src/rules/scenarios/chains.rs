//! Chains, roles, subscriptions and tenants of the first four scenarios: TXN-104 to TXN-409.

use tierline_domain::partner::{PartnerType, TenantType};

use super::{
    ARRIVING, SERVING, ceiling, chain, counts, licences_in_transfer, lone_provider,
    ordinary_rule_fails, owner_of_subscription, program_tenant, restricted, role_mismatch,
    shared_services_misused, sold_to_partner, tenant_use, unrelated_seller, unsupported_chain,
    which_ordinary,
};
use crate::book::RuleId;
use crate::facts::{Checkpoint as C, Checkpoints};
use crate::registry::{
    Ground, Rule, Step, claim_of, documented, per_rule, private, shown, shown_of,
};
use crate::rules::regions::seller;
use crate::rules::{NEW_BUSINESS, PURCHASE, SALE, SUBSCRIPTION_CHANGE};

/// Rules of chains and tenants.
pub static RULES: &[Rule] = &[
    Rule {
        id: RuleId::of("TXN-104"),
        step: Step::Chain,
        ground: Ground::Chain,
        at: SALE,
        forbids: unsupported_chain,
        answer: |_| private(403),
        shows: chain,
    },
    Rule {
        id: RuleId::of("TXN-104"),
        step: Step::Chain,
        ground: Ground::OtherType,
        at: Checkpoints::of(&[C::RequestOrder]),
        // A reseller buys through a provider and nobody else.
        forbids: |f| {
            f.other
                .as_ref()
                .is_some_and(|other| other.kind != PartnerType::IndirectProvider)
        },
        answer: |_| private(403),
        shows: |f| {
            let mut links = vec!["operator".to_owned()];
            links.extend(
                f.other
                    .iter()
                    .chain(&f.actor)
                    .map(|party| party.name.clone()),
            );
            links.extend(f.buyer.iter().map(|buyer| buyer.name.clone()));
            let kind = f
                .other
                .iter()
                .map(|other| shown_of(&other.name, &format!("type of {}", other.name), other.kind));
            std::iter::once(shown("chain", links.join(" → ")))
                .chain(kind)
                .collect()
        },
    },
    Rule {
        id: RuleId::of("TXN-105"),
        step: Step::Chain,
        ground: Ground::RoleDeclaration,
        at: PURCHASE,
        forbids: role_mismatch,
        answer: |_| documented(400, 900_206),
        shows: |f| {
            let declared = f
                .purchase
                .iter()
                .map(|purchase| shown("role declared", purchase.role_declared));
            declared
                .chain(std::iter::once(shown(
                    "reseller named",
                    f.named.given().unwrap_or("none"),
                )))
                .collect()
        },
    },
    Rule {
        id: RuleId::of("TXN-203"),
        step: Step::Relationship,
        ground: Ground::Relationship,
        at: NEW_BUSINESS,
        forbids: |f| f.new_business && crate::rules::customers::no_relationship(f),
        answer: |_| documented(403, 20_002),
        shows: crate::rules::customers::relationship_shown,
    },
    Rule {
        id: RuleId::of("TXN-204"),
        step: Step::Relationship,
        ground: Ground::SubscriptionOwner,
        at: SUBSCRIPTION_CHANGE.and(Checkpoints::of(&[C::SetSupportContact])),
        forbids: unrelated_seller,
        answer: |_| documented(404, 20_003),
        shows: owner_of_subscription,
    },
    Rule {
        id: RuleId::of("TXN-205"),
        step: Step::Quantity,
        ground: Ground::CustomerCeiling,
        at: PURCHASE.and(Checkpoints::of(&[C::ChangeQuantity])),
        forbids: |f| f.new_business && ceiling(f).is_some_and(crate::facts::Ceiling::exceeded),
        answer: |_| documented(403, 800_088).on_line(10_015),
        shows: |f| {
            ceiling(f)
                .iter()
                .flat_map(|ceiling| {
                    [
                        shown("requested", ceiling.asked),
                        shown("remaining", ceiling.left()),
                        shown("ceiling over all partners", ceiling.limit),
                    ]
                })
                .collect()
        },
    },
    Rule {
        id: RuleId::of("TXN-302"),
        step: Step::Relationship,
        ground: Ground::Access,
        at: Checkpoints::of(&[C::Administer]),
        forbids: |f| {
            f.relation
                .as_ref()
                .is_none_or(|relation| !relation.is_active())
                && f.actor.is_some()
                || f.access
                    .as_ref()
                    .is_some_and(|access| access.granular.is_empty() && !access.full)
        },
        answer: |f| {
            if f.relation
                .as_ref()
                .is_some_and(crate::facts::Relation::is_active)
            {
                documented(403, 900_308)
            } else {
                documented(403, 20_002)
            }
        },
        shows: crate::rules::customers::relationship_shown,
    },
    Rule {
        id: RuleId::of("TXN-303"),
        step: Step::Relationship,
        ground: Ground::SubscriptionOwner,
        at: SUBSCRIPTION_CHANGE.and(Checkpoints::of(&[C::SetSupportContact])),
        forbids: |f| {
            unrelated_seller(f)
                && f.relation
                    .as_ref()
                    .is_some_and(crate::facts::Relation::is_active)
        },
        answer: |_| documented(404, 20_003),
        shows: owner_of_subscription,
    },
    Rule {
        id: RuleId::of("TXN-304"),
        step: Step::Catalogue,
        ground: Ground::Transferable,
        at: Checkpoints::of(&[C::CreateTransfer, C::RequestTransfer, C::AcceptTransfer]),
        forbids: |f| licences_in_transfer(f).next().is_some(),
        answer: |_| documented(400, 800_078),
        shows: |f| {
            licences_in_transfer(f)
                .map(|subscription| {
                    let end = subscription
                        .term_end
                        .map_or_else(|| "open".to_owned(), |day| day.to_string());
                    shown_of(
                        &subscription.seller,
                        &format!("term end of {}", subscription.name),
                        end,
                    )
                })
                .collect()
        },
    },
    Rule {
        id: RuleId::of("TXN-402"),
        step: Step::Chain,
        ground: Ground::LoneProvider,
        at: ARRIVING,
        forbids: |f| {
            f.new_business
                && lone_provider(f)
                && sold_to_partner(f)
                && !f.shared_services()
                && !f.policy.provider_may_sell_to_partners
        },
        answer: |_| private(403),
        shows: |f| {
            let seller = seller(f).map(|seller| {
                shown_of(
                    &seller.name,
                    &format!("type of {}", seller.name),
                    seller.kind,
                )
            });
            seller
                .into_iter()
                .chain(f.buyer.iter().map(|buyer| {
                    shown_of(
                        &buyer.name,
                        &format!("owner of {}, a program partner", buyer.name),
                        &buyer.organization,
                    )
                }))
                .collect()
        },
    },
    Rule {
        id: RuleId::of("TXN-403"),
        step: Step::TenantType,
        ground: Ground::TenantUse,
        at: SERVING,
        forbids: |f| program_tenant(f) && f.buyer.as_ref().is_some_and(|buyer| buyer.used_by_owner),
        answer: |_| private(403),
        shows: tenant_use,
    },
    Rule {
        id: RuleId::of("TXN-404"),
        step: Step::Chain,
        ground: Ground::LoneProvider,
        at: ARRIVING,
        forbids: |f| {
            f.new_business
                && lone_provider(f)
                && sold_to_partner(f)
                && !f.shared_services()
                && !f.policy.provider_may_sell_to_partners
        },
        answer: |_| private(403),
        shows: |f| {
            seller(f)
                .map(|seller| claim_of(&seller.name, "provider without a reseller", &seller.name))
                .into_iter()
                .collect()
        },
    },
    Rule {
        id: RuleId::of("TXN-405"),
        step: Step::TenantType,
        ground: Ground::TenantKind,
        at: ARRIVING,
        // A tenant of type Partner is a partner's even while no account uses it (IDN-027).
        forbids: |f| {
            counts(f)
                && !f.shared_services()
                && f.buyer
                    .as_ref()
                    .is_some_and(|buyer| match buyer.tenant_type {
                        TenantType::Customer => false,
                        TenantType::Partner => buyer.owner_is_partner || buyer.used_by.is_none(),
                        TenantType::SharedServices => buyer.owner_is_partner,
                    })
        },
        answer: |_| private(403),
        shows: tenant_use,
    },
    Rule {
        id: RuleId::of("TXN-406"),
        step: Step::TenantType,
        ground: Ground::TenantUse,
        at: ARRIVING,
        forbids: program_tenant,
        answer: |_| private(403),
        shows: tenant_use,
    },
    Rule {
        id: RuleId::of("TXN-408"),
        step: Step::Credit,
        ground: Ground::Ordinary,
        at: SALE,
        forbids: |f| sold_to_partner(f) && ordinary_rule_fails(f),
        answer: |_| per_rule(403),
        shows: which_ordinary,
    },
    Rule {
        id: RuleId::of("TXN-409"),
        step: Step::TenantType,
        ground: Ground::SharedServices,
        at: SALE,
        forbids: shared_services_misused,
        answer: |f| {
            if restricted(f) {
                documented(403, 900_149)
            } else {
                private(403)
            }
        },
        shows: |f| {
            let item = f
                .purchase
                .iter()
                .map(|purchase| shown("item", format!("{} ({})", purchase.item, purchase.kind)));
            let state = f.actor.iter().map(|actor| {
                shown_of(
                    &actor.name,
                    &format!("state of {}", actor.name),
                    actor.state,
                )
            });
            item.chain(state).chain(tenant_use(f)).collect()
        },
    },
];

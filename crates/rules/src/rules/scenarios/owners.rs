//! Owners behind tenants, exclusivity and regions: TXN-501 to TXN-803.

use tierline_domain::partner::{PartnerType, TenantType};

use super::{
    ARRIVING, EXCLUSIVE, JOINING, SERVING, bans, ends_by_reseller, exclusive, exclusivity,
    ordinary_rule_fails, program_tenant, tenant_use, ties, which_ordinary,
};
use crate::book::RuleId;
use crate::facts::{CallerKind, Checkpoint as C, Checkpoints, Tie, Tier};
use crate::registry::{Ground, Rule, Step, claim, documented, per_rule, private, shown};
use crate::rules::regions::{both_partners, both_regions, customer_elsewhere, partner_elsewhere};
use crate::rules::{NEW_BUSINESS, SALE};

/// Rules of owners and regions.
pub static RULES: &[Rule] = &[
    Rule {
        id: RuleId::of("TXN-501"),
        step: Step::Affiliation,
        ground: Ground::SelfSale,
        at: SERVING.and(Checkpoints::of(&[C::CreateCustomer])),
        forbids: |f| bans(f, |kin| kin.tie == Tie::Same),
        answer: |_| private(403),
        shows: ties,
    },
    Rule {
        id: RuleId::of("TXN-502"),
        step: Step::Affiliation,
        ground: Ground::SelfSale,
        at: SERVING.and(Checkpoints::of(&[C::CreateCustomer])),
        forbids: |f| bans(f, |kin| matches!(kin.tie, Tie::Affiliated { .. })),
        answer: |_| private(403),
        shows: ties,
    },
    Rule {
        id: RuleId::of("TXN-503"),
        step: Step::Affiliation,
        ground: Ground::SelfSale,
        at: ARRIVING,
        forbids: |f| {
            bans(f, |_| true)
                && f.buyer
                    .as_ref()
                    .is_some_and(|buyer| buyer.tenant_type == TenantType::Customer)
        },
        answer: |_| private(403),
        shows: |f| tenant_use(f).into_iter().chain(ties(f)).collect(),
    },
    Rule {
        id: RuleId::of("TXN-504"),
        step: Step::Affiliation,
        ground: Ground::SelfSale,
        at: ARRIVING,
        forbids: |f| bans(f, |kin| kin.tier != Tier::Only),
        answer: |_| private(403),
        shows: ties,
    },
    Rule {
        id: RuleId::of("TXN-506"),
        step: Step::Affiliation,
        ground: Ground::SelfSale,
        at: NEW_BUSINESS,
        forbids: |f| {
            bans(f, |kin| {
                matches!(kin.tie, Tie::Affiliated { since: Some(_), .. })
            })
        },
        answer: |_| private(403),
        shows: ties,
    },
    Rule {
        id: RuleId::of("TXN-507"),
        step: Step::Affiliation,
        ground: Ground::SelfSale,
        at: NEW_BUSINESS.and(Checkpoints::of(&[C::RecordWaiver])),
        forbids: |f| {
            if f.checkpoint == C::RecordWaiver {
                f.caller.kind != CallerKind::Operator
            } else {
                bans(f, |_| true)
            }
        },
        answer: |_| private(403),
        shows: |f| {
            if f.checkpoint == C::RecordWaiver {
                let caller = format!("{} ({})", f.caller.name, f.caller.kind);
                return vec![
                    shown("caller", caller),
                    shown("who may record it", "operator"),
                ];
            }
            let waiver = claim("waiver of the operator in force", "none");
            ties(f).into_iter().chain([waiver]).collect()
        },
    },
    Rule {
        id: RuleId::of("TXN-601"),
        step: Step::Exclusivity,
        ground: Ground::Exclusivity,
        at: EXCLUSIVE,
        forbids: exclusive,
        answer: |_| private(409),
        shows: exclusivity,
    },
    Rule {
        id: RuleId::of("TXN-602"),
        step: Step::Exclusivity,
        ground: Ground::Exclusivity,
        at: Checkpoints::of(&[C::InviteCustomer, C::AcceptRelationship, C::CreateCustomer])
            .and(SALE),
        forbids: exclusive,
        answer: |_| private(409),
        shows: exclusivity,
    },
    Rule {
        id: RuleId::of("TXN-602"),
        step: Step::Exclusivity,
        ground: Ground::ReverseExclusivity,
        at: Checkpoints::of(&[C::AcceptPartnership]),
        forbids: crate::rules::partnerships::customer_of_provider,
        answer: |_| private(409),
        shows: crate::rules::partnerships::show_customer_of_provider,
    },
    Rule {
        id: RuleId::of("TXN-604"),
        step: Step::Affiliation,
        ground: Ground::OptionOne,
        at: SALE.and(Checkpoints::of(&[C::AcceptRelationship, C::InviteCustomer])),
        forbids: |f| {
            f.exclusivity.is_none()
                && f.buyer
                    .as_ref()
                    .is_some_and(|buyer| buyer.owner_resells_for_provider.is_some())
                && (program_tenant(f) || bans(f, |kin| kin.tier == Tier::Reseller))
        },
        answer: |_| private(403),
        shows: |f| tenant_use(f).into_iter().chain(ties(f)).collect(),
    },
    Rule {
        id: RuleId::of("TXN-606"),
        step: Step::PartnerType,
        ground: Ground::CallerType,
        at: Checkpoints::of(&[C::RemovePartnership]),
        forbids: ends_by_reseller,
        answer: |_| private(403),
        shows: |f| {
            f.partnership
                .iter()
                .map(|partnership| {
                    shown(
                        "partnership",
                        format!(
                            "{} – {}, {}",
                            partnership.provider, partnership.reseller, partnership.state
                        ),
                    )
                })
                .collect()
        },
    },
    Rule {
        id: RuleId::of("TXN-607"),
        step: Step::Exclusivity,
        ground: Ground::Exclusivity,
        at: EXCLUSIVE,
        forbids: |f| {
            f.exclusivity
                .as_ref()
                .is_some_and(|tie| tie.partnership.removal_requested.is_some())
        },
        answer: |_| private(409),
        shows: |f| {
            let asked = f
                .exclusivity
                .iter()
                .filter_map(|tie| tie.partnership.removal_requested);
            exclusivity(f)
                .into_iter()
                .chain(asked.map(|day| shown("removal requested on, still pending", day)))
                .collect()
        },
    },
    Rule {
        id: RuleId::of("TXN-610"),
        step: Step::Exclusivity,
        ground: Ground::Exclusivity,
        at: EXCLUSIVE,
        forbids: |f| {
            f.exclusivity
                .as_ref()
                .is_some_and(|tie| !tie.other_providers.is_empty())
        },
        answer: |_| private(409),
        shows: |f| {
            let others = f
                .exclusivity
                .iter()
                .map(|tie| shown("also reseller of", tie.other_providers.join(", ")));
            exclusivity(f).into_iter().chain(others).collect()
        },
    },
    Rule {
        id: RuleId::of("TXN-611"),
        step: Step::TenantType,
        ground: Ground::TenantUse,
        at: NEW_BUSINESS,
        forbids: |f| {
            program_tenant(f)
                && f.exclusivity.is_none()
                && f.actor_is(PartnerType::IndirectProvider)
                && f.relation
                    .as_ref()
                    .is_some_and(crate::facts::Relation::is_active)
                && f.buyer
                    .as_ref()
                    .is_some_and(|buyer| buyer.owner_is_reseller)
        },
        answer: |_| private(403),
        shows: tenant_use,
    },
    Rule {
        id: RuleId::of("TXN-613"),
        step: Step::Credit,
        ground: Ground::Ordinary,
        at: SALE,
        forbids: |f| {
            f.exclusivity.is_none()
                && f.buyer
                    .as_ref()
                    .is_some_and(|buyer| buyer.owner_is_reseller)
                && (ordinary_rule_fails(f) || program_tenant(f) || bans(f, |_| true))
        },
        answer: |_| per_rule(403),
        shows: |f| which_ordinary(f).into_iter().chain(tenant_use(f)).collect(),
    },
    Rule {
        id: RuleId::of("TXN-701"),
        step: Step::Region,
        ground: Ground::BuyerRegion,
        at: SERVING.and(Checkpoints::of(&[C::CreateCustomer])),
        forbids: customer_elsewhere,
        answer: |_| documented(403, 2030),
        shows: both_regions,
    },
    Rule {
        id: RuleId::of("TXN-702"),
        step: Step::Region,
        ground: Ground::PartnerRegion,
        at: SALE,
        forbids: partner_elsewhere,
        answer: |_| documented(400, 2201),
        shows: both_partners,
    },
    Rule {
        id: RuleId::of("TXN-801"),
        step: Step::Region,
        ground: Ground::PartnerRegion,
        at: JOINING,
        forbids: partner_elsewhere,
        answer: |_| documented(400, 2201),
        shows: both_partners,
    },
    Rule {
        id: RuleId::of("TXN-803"),
        step: Step::Region,
        ground: Ground::PartnerRegion,
        at: JOINING,
        forbids: partner_elsewhere,
        answer: |_| documented(400, 2201),
        shows: both_partners,
    },
];

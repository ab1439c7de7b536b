//! Section 7: the transaction scenarios of the founding document.
//!
//! One seller chain, one buyer tenant, one owner behind it. The decision procedure of scenarios 4 to 6
//! (region, exclusivity, tenant type, self or affiliate, seller, ordinary rules) is the order of steps.
// tidy: long because a section of the rulebook stands in one file, and its rules are looked for by id.

use tierline_domain::catalog::ItemKind;
use tierline_domain::order::RoleDeclared;
use tierline_domain::partner::{AccountState, PartnerType, TenantType};
use tierline_domain::subscription::TransferKind;

use super::regions::{both_partners, both_regions, customer_elsewhere, partner_elsewhere, seller};
use super::{NEW_BUSINESS, PURCHASE, SALE, SUBSCRIPTION_CHANGE};
use crate::book::RuleId;
use crate::facts::{CallerKind, Checkpoint as C, Checkpoints, Facts, Kinship, Tie, Tier};
use crate::registry::{
    Ground, Rule, Shown, Step, claim, claim_of, documented, per_rule, private, shown, shown_of,
};

/// Where somebody would become, or be served as, an end customer.
const SERVING: Checkpoints =
    NEW_BUSINESS.and(Checkpoints::of(&[C::InviteCustomer, C::AcceptRelationship]));
/// Where exclusivity towards a provider is tested (TXN-601).
const EXCLUSIVE: Checkpoints = PURCHASE.and(Checkpoints::of(&[
    C::InviteCustomer,
    C::CreateCustomer,
    C::AcceptRelationship,
    C::AcceptTransfer,
]));
/// Where services would arrive in a tenant.
const ARRIVING: Checkpoints = NEW_BUSINESS;
/// Where two partners would join.
const JOINING: Checkpoints = Checkpoints::of(&[C::InvitePartner, C::AcceptPartnership]);

pub(super) fn counts(f: &Facts) -> bool {
    f.new_business || !NEW_BUSINESS.has(f.checkpoint)
}

/// No reseller stands between the provider that acts (or is accepted) and the buyer.
fn lone_provider(f: &Facts) -> bool {
    seller(f).is_some_and(|seller| seller.kind == PartnerType::IndirectProvider)
        && !f.named.is_some()
        && !joint(f)
}

/// A reseller and its provider are accepted or invited together.
fn joint(f: &Facts) -> bool {
    f.kinship.iter().any(|kin| kin.tier == Tier::Reseller)
}

fn sold_to_partner(f: &Facts) -> bool {
    f.buyer.as_ref().is_some_and(|buyer| buyer.owner_is_partner)
}

/// The links of the chain that was tried, as a line of arrows.
pub(super) fn chain(f: &Facts) -> Vec<Shown> {
    let mut links = vec!["operator".to_owned()];
    links.extend(f.actor.iter().map(|actor| actor.name.clone()));
    links.extend(
        f.named
            .party()
            .map(|party| party.name.clone())
            .or_else(|| f.named.given().map(str::to_owned)),
    );
    links.extend(f.buyer.iter().map(|buyer| buyer.name.clone()));
    vec![shown("chain", links.join(" → "))]
}

/// A link that neither supported chain has (TXN-101, TXN-102, and TXN-106's direct sale).
pub(super) fn unsupported_chain(f: &Facts) -> bool {
    let Some(actor) = &f.actor else { return false };
    match actor.kind {
        PartnerType::IndirectProvider => {
            f.named.party().is_some_and(|party| !party.acts_as_reseller)
        }
        PartnerType::DirectBill => f.named.party().is_some(),
        PartnerType::IndirectReseller | PartnerType::Advisor => true,
    }
}

fn role_mismatch(f: &Facts) -> bool {
    let named = f.named.is_some();
    f.purchase
        .as_ref()
        .is_some_and(|purchase| match purchase.role_declared {
            RoleDeclared::None => true,
            RoleDeclared::Direct => named && f.actor_is(PartnerType::IndirectProvider),
            RoleDeclared::Indirect => !named,
        })
}

fn unrelated_seller(f: &Facts) -> bool {
    f.caller.kind == CallerKind::Partner
        && f.subscription
            .as_ref()
            .is_some_and(|subscription| !subscription.own)
}

fn owner_of_subscription(f: &Facts) -> Vec<Shown> {
    f.subscription
        .iter()
        .map(|subscription| {
            shown_of(
                &subscription.seller,
                &format!("seller of {}", subscription.name),
                &subscription.seller,
            )
        })
        .collect()
}

/// The tenant is used in the program by anyone.
pub(super) fn program_tenant(f: &Facts) -> bool {
    counts(f)
        && f.buyer
            .as_ref()
            .is_some_and(|buyer| buyer.used_by.is_some())
}

/// The tenant, its type and who uses it.
pub(super) fn tenant_use(f: &Facts) -> Vec<Shown> {
    f.buyer
        .iter()
        .flat_map(|buyer| {
            let used = buyer.used_by.iter().map(|account| {
                shown_of(
                    &buyer.name,
                    &format!("{} is the program tenant of", buyer.name),
                    account,
                )
            });
            std::iter::once(shown_of(
                &buyer.name,
                &format!("type of {}", buyer.name),
                buyer.tenant_type,
            ))
            .chain(used)
            .collect::<Vec<_>>()
        })
        .collect()
}

/// The ties that forbid: without waiver. What a partner orders into its own shared-services tenant is sold
/// by the operator (TXN-410); a relationship with itself it needs for that no more than others.
pub(super) fn bans(f: &Facts, of: fn(&Kinship) -> bool) -> bool {
    let of_operator = NEW_BUSINESS.has(f.checkpoint) && f.shared_services();
    counts(f) && !of_operator && f.kinship.iter().any(|kin| kin.forbids() && of(kin))
}

pub(super) fn ties(f: &Facts) -> Vec<Shown> {
    let Some((buyer, owner)) = buyer_and_owner(f) else {
        return Vec::new();
    };
    f.kinship
        .iter()
        .filter(|kin| kin.forbids())
        .flat_map(|kin| tie(buyer, owner, kin))
        .collect()
}

/// The tenant that would buy and its owner. A customer about to be created is called by its company's name.
fn buyer_and_owner(f: &Facts) -> Option<(&str, &str)> {
    match (&f.buyer, &f.customer_form) {
        (Some(buyer), _) => Some((&buyer.name, &buyer.organization)),
        (None, Some(form)) => Some((&form.name, &form.name)),
        (None, None) => None,
    }
}

fn tie(buyer: &str, owner: &str, kin: &Kinship) -> Vec<Shown> {
    let seller = shown(
        &format!("seller in the chain, as {}", kin.tier),
        &kin.seller,
    );
    match &kin.tie {
        Tie::Unrelated => Vec::new(),
        Tie::Same => vec![
            seller,
            shown_of(buyer, "buyer and seller are the same organization", owner),
        ],
        Tie::Affiliated { since, path } => {
            let mut facts = vec![
                seller,
                shown_of(buyer, "affiliated organizations", path.join(" – ")),
            ];
            facts.extend(since.map(|day| shown_of(buyer, "affiliation recorded on", day)));
            facts
        }
    }
}

pub(super) fn exclusive(f: &Facts) -> bool {
    f.exclusivity.is_some()
}

/// The partnership in force, its date, and the three ways out (TXN-614).
pub(super) fn exclusivity(f: &Facts) -> Vec<Shown> {
    let Some(Exclusive {
        provider,
        reseller,
        since,
        tenant,
    }) = Exclusive::of(f)
    else {
        return Vec::new();
    };
    vec![
        shown_of(
            reseller,
            "provider–reseller relationship in force",
            format!("{provider} – {reseller} since {since}, on the tenant {tenant}"),
        ),
        shown(
            "option 1",
            format!(
                "another tenant of type customer for own use: create or name it, then invite it (invite_customer) instead of {tenant}"
            ),
        ),
        shown(
            "option 2",
            format!(
                "end the relationship with {provider} (remove_partnership by {provider}, or a support case) and join another provider (accept_partnership)"
            ),
        ),
        shown(
            "option 3",
            format!(
                "stay an end customer of {provider} on another tenant and be reseller of another provider (accept_partnership)"
            ),
        ),
    ]
}

struct Exclusive<'a> {
    provider: &'a str,
    reseller: &'a str,
    since: String,
    tenant: &'a str,
}
impl<'a> Exclusive<'a> {
    fn of(f: &'a Facts) -> Option<Self> {
        let tie = f.exclusivity.as_ref()?;
        Some(Self {
            provider: &tie.partnership.provider,
            reseller: &tie.partnership.reseller,
            since: tie.partnership.since.to_string(),
            tenant: &tie.tenant,
        })
    }
}

/// One of the ordinary rules fails: region, relationship, customer agreement.
fn ordinary_rule_fails(f: &Facts) -> bool {
    customer_elsewhere(f)
        || super::customers::no_relationship(f)
        || super::agreements::no_customer_agreement(f)
        || f.purchase.as_ref().is_some_and(|purchase| {
            purchase
                .customer_max
                .is_some_and(crate::facts::Ceiling::exceeded)
        })
        || f.credit
            .is_some_and(|credit| credit.required.minor > credit.available.minor)
}

fn which_ordinary(f: &Facts) -> Vec<Shown> {
    let failing = [
        (customer_elsewhere(f), "region"),
        (
            super::customers::no_relationship(f),
            "customer relationship",
        ),
        (
            super::agreements::no_customer_agreement(f),
            "customer agreement",
        ),
        (
            f.purchase.as_ref().is_some_and(|purchase| {
                purchase
                    .customer_max
                    .is_some_and(crate::facts::Ceiling::exceeded)
            }),
            "seat ceiling",
        ),
        (
            f.credit
                .is_some_and(|credit| credit.required.minor > credit.available.minor),
            "credit",
        ),
    ];
    failing
        .iter()
        .filter(|(fails, _)| *fails)
        .map(|(_, what)| claim("ordinary rule that fails", what))
        .collect()
}

/// What the shared-services tenant may hold (TXN-409): cloud consumption that its own billed partner gets
/// from the operator, with nobody between them.
fn shared_services_misused(f: &Facts) -> bool {
    let Some(buyer) = &f.buyer else { return false };
    if buyer.tenant_type != TenantType::SharedServices || !counts(f) {
        return false;
    }
    let carried = f
        .transfer
        .iter()
        .flat_map(|transfer| &transfer.subscriptions);
    let mut kinds = f
        .purchase
        .iter()
        .map(|purchase| purchase.kind)
        .chain(carried.map(|subscription| subscription.kind));
    let fits = kinds.all(|kind| {
        matches!(
            kind,
            ItemKind::ConsumptionPlan
                | ItemKind::Consumption
                | ItemKind::PreviousConsumption
                | ItemKind::Reservation
        )
    });
    let owner = f.shared_services() && f.actor.as_ref().is_some_and(|actor| actor.kind.is_billed());
    !fits || !owner || f.named.is_some() || restricted(f)
}

fn restricted(f: &Facts) -> bool {
    f.actor
        .as_ref()
        .is_some_and(|actor| actor.state == AccountState::Restricted)
}

fn ends_by_reseller(f: &Facts) -> bool {
    f.caller.kind == CallerKind::Partner
        && f.partnership
            .as_ref()
            .zip(f.actor.as_ref())
            .is_some_and(|(partnership, actor)| partnership.reseller == actor.name)
}

fn licences_in_transfer(f: &Facts) -> impl Iterator<Item = &crate::facts::SubscriptionFact> {
    f.transfer.iter().flat_map(|transfer| {
        transfer.subscriptions.iter().filter(move |subscription| {
            // A marketplace item has an answer of its own (TRF-021).
            subscription.kind.has_seats()
                && subscription.kind != ItemKind::Marketplace
                && (subscription.generation == tierline_domain::catalog::Generation::NewCommerce
                    || transfer.kind == TransferKind::Plan)
        })
    })
}

/// Rules of section 7.
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
        forbids: |f| f.new_business && super::customers::no_relationship(f),
        answer: |_| documented(403, 20_002),
        shows: super::customers::relationship_shown,
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
        shows: super::customers::relationship_shown,
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
        forbids: super::partnerships::customer_of_provider,
        answer: |_| private(409),
        shows: super::partnerships::show_customer_of_provider,
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

pub(super) fn ceiling(f: &Facts) -> Option<crate::facts::Ceiling> {
    f.purchase
        .as_ref()
        .and_then(|purchase| purchase.customer_max)
        .or_else(|| {
            f.subscription
                .as_ref()
                .and_then(|subscription| subscription.customer_max)
        })
}

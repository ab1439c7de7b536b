//! Section 7: the transaction scenarios of the founding document.
//!
//! One seller chain, one buyer tenant, one owner behind it. The decision procedure of scenarios 4 to 6
//! (region, exclusivity, tenant type, self or affiliate, seller, ordinary rules) is the order of steps.

use tierline_domain::catalog::ItemKind;
use tierline_domain::order::RoleDeclared;
use tierline_domain::partner::{AccountState, PartnerType, TenantType};
use tierline_domain::subscription::TransferKind;

use super::regions::{customer_elsewhere, seller};
use super::{NEW_BUSINESS, PURCHASE};
use crate::facts::{CallerKind, Checkpoint as C, Checkpoints, Facts, Kinship, Tie, Tier};
use crate::registry::{Shown, claim, shown, shown_of};

pub mod chains;
pub mod owners;

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

//! Section 4: region and market. A partner sells, and partners join, only inside one region.

use tierline_domain::catalog::ItemKind;
use tierline_domain::partner::{LocationState, PartnerType};
use tierline_domain::place::Country;

use super::{NEW_BUSINESS, PURCHASE, SALE};
use crate::book::RuleId;
use crate::facts::{Buyer, Checkpoint as C, Checkpoints, Facts, Party, RegionFact};
use crate::regions;
use crate::registry::{Ground, Rule, Shown, Step, claim, claim_of, documented, shown, shown_of};

/// Where a seller meets a customer for new business or a new relationship.
pub(super) const SELLING: Checkpoints = NEW_BUSINESS.and(Checkpoints::of(&[
    C::InviteCustomer,
    C::AcceptRelationship,
    C::RequestOrder,
]));
/// The same, with the creation of a customer.
const SELLING_OR_CREATING: Checkpoints = SELLING.and(Checkpoints::of(&[C::CreateCustomer]));
/// Where two partners meet.
const JOINING: Checkpoints =
    Checkpoints::of(&[C::InvitePartner, C::AcceptPartnership, C::RequestOrder]);

/// The account that would sell: the receiving partner of a transfer, else the one that acts, else
/// (where a customer acts) the one it would accept.
pub(super) fn seller(f: &Facts) -> Option<&Party> {
    match (&f.transfer, &f.actor) {
        (Some(transfer), _) => Some(&transfer.to),
        (None, Some(actor)) => Some(actor),
        (None, None) => f.other.as_ref(),
    }
}

/// Name, country and region of the customer, existing or about to be created.
fn customer(f: &Facts) -> Option<(&str, Country, Option<RegionFact>)> {
    match (&f.buyer, &f.customer_form) {
        (
            Some(Buyer {
                name,
                country,
                region,
                ..
            }),
            None,
        ) => Some((name, *country, *region)),
        (_, Some(form)) => Some((
            &form.name,
            form.country,
            regions::region_on(form.country, f.today),
        )),
        (None, None) => None,
    }
}

/// Commands that only sometimes are new business are tested only when they are (GEN-011).
fn counts(f: &Facts) -> bool {
    f.new_business || !NEW_BUSINESS.has(f.checkpoint)
}

/// Everybody who would have the customer as its own: of a joint invitation (CUS-004), both; of a request for a
/// purchase, the reseller that asks and the provider that would sell.
fn sellers(f: &Facts) -> impl Iterator<Item = &Party> {
    let joint = match f.checkpoint {
        C::InviteCustomer | C::RequestOrder => f.other.as_ref(),
        C::AcceptRelationship => f.named.party(),
        _ => None,
    };
    seller(f).into_iter().chain(joint)
}

/// A seller and the customer resolve to two regions. Countries in no region are REG-018's.
pub(super) fn customer_elsewhere(f: &Facts) -> bool {
    let Some((_, _, Some(theirs))) = customer(f) else {
        return false;
    };
    let elsewhere = |seller: &Party| seller.region().is_some_and(|ours| ours != theirs.region);
    counts(f) && sellers(f).any(elsewhere)
}

/// Two partners that would trade or join resolve to two regions.
pub(super) fn partner_elsewhere(f: &Facts) -> bool {
    let Some(ours) = seller(f).and_then(Party::region) else {
        return false;
    };
    let theirs = if JOINING.has(f.checkpoint) {
        f.other.as_ref()
    } else {
        f.named.party()
    };
    // A country that no region lists (REG-018) is nobody's own region.
    counts(f) && theirs.is_some_and(|party| party.region() != Some(ours))
}

/// Both regions, with who lives in which.
pub(super) fn both_regions(f: &Facts) -> Vec<Shown> {
    let sellers = sellers(f).map(|seller| region_of(&seller.name, seller.country, seller.region));
    let customer = customer(f).map(|(name, country, region)| region_of(name, country, region));
    sellers.chain(customer).collect()
}

/// Both partners' regions.
pub(super) fn both_partners(f: &Facts) -> Vec<Shown> {
    let other = if JOINING.has(f.checkpoint) {
        f.other.as_ref()
    } else {
        f.named.party()
    };
    [seller(f), other]
        .into_iter()
        .flatten()
        .map(|party| region_of(&party.name, party.country, party.region))
        .collect()
}

fn region_of(name: &str, country: Country, region: Option<RegionFact>) -> Shown {
    let region = region.map_or("no region", |fact| fact.region.as_str());
    shown_of(
        name,
        &format!("region of {name}"),
        format!("{region} ({country})"),
    )
}

/// The three markets of `not_sold_in` rules: which kind of item each rule speaks of.
fn not_sold(f: &Facts, is: fn(ItemKind) -> bool) -> bool {
    f.purchase
        .as_ref()
        .is_some_and(|purchase| is(purchase.kind) && !purchase.not_sold_in.is_empty())
}

fn market(f: &Facts) -> Vec<Shown> {
    f.purchase
        .iter()
        .flat_map(|purchase| {
            purchase
                .not_sold_in
                .iter()
                .map(|country| shown(&format!("{} is not sold in", purchase.item), country))
        })
        .collect()
}

fn single_country(party: &Party) -> bool {
    party.region().is_some_and(|region| {
        regions::all()
            .filter(|(_, place)| place.region == region)
            .count()
            == 1
    })
}

/// Before its country moved, the customer was in the seller's region.
fn moved_away(f: &Facts) -> bool {
    let (Some(seller), Some((_, country, Some(fact)))) = (seller(f), customer(f)) else {
        return false;
    };
    let Some(day) = fact.moved else { return false };
    let before = regions::region_on(country, tierline_domain::time::add_days(day, -1));
    before.map(|fact| fact.region) == seller.region()
}

/// Rules of section 4.
pub static RULES: &[Rule] = &[
    Rule {
        id: RuleId::of("REG-001"),
        step: Step::Region,
        ground: Ground::BuyerRegion,
        at: SELLING_OR_CREATING,
        forbids: customer_elsewhere,
        answer: |_| documented(403, 2030),
        shows: both_regions,
    },
    Rule {
        id: RuleId::of("REG-002"),
        step: Step::Region,
        ground: Ground::PartnerRegion,
        at: JOINING.and(SALE),
        forbids: partner_elsewhere,
        answer: |_| documented(400, 2201),
        shows: both_partners,
    },
    Rule {
        id: RuleId::of("REG-004"),
        step: Step::Region,
        ground: Ground::BuyerRegion,
        at: SELLING,
        forbids: |f| {
            customer_elsewhere(f) && f.buyer.as_ref().is_some_and(|buyer| buyer.office.is_some())
        },
        answer: |_| documented(403, 2030),
        shows: |f| {
            let tenant = f.buyer.iter().map(|buyer| {
                shown_of(
                    &buyer.name,
                    &format!("country of the tenant {}", buyer.name),
                    buyer.country,
                )
            });
            let office = f.buyer.iter().filter_map(|buyer| {
                Some(shown_of(
                    &buyer.name,
                    "office, which decides nothing",
                    buyer.office?,
                ))
            });
            tenant.chain(office).collect()
        },
    },
    Rule {
        id: RuleId::of("REG-006"),
        step: Step::Region,
        ground: Ground::BuyerRegion,
        at: SELLING,
        forbids: |f| customer_elsewhere(f) && seller(f).is_some_and(single_country),
        answer: |_| documented(403, 2030),
        shows: both_regions,
    },
    Rule {
        id: RuleId::of("REG-007"),
        step: Step::Region,
        ground: Ground::CallerPlaceState,
        at: NEW_BUSINESS,
        forbids: |f| {
            f.new_business
                && seller(f)
                    .and_then(|seller| seller.location.as_ref())
                    .is_some_and(|place| place.state != LocationState::Active)
        },
        answer: |_| documented(403, 2030),
        shows: |f| {
            seller(f)
                .and_then(|seller| seller.location.as_ref())
                .map(|place| {
                    shown_of(
                        &place.name,
                        &format!("state of {}", place.name),
                        place.state,
                    )
                })
                .into_iter()
                .collect()
        },
    },
    Rule {
        id: RuleId::of("REG-008"),
        step: Step::Region,
        ground: Ground::BuyerRegion,
        at: PURCHASE,
        forbids: |f| {
            customer_elsewhere(f)
                && f.expansion
                    .as_ref()
                    .is_some_and(|there| !(there.location && there.enrolled && there.signed))
        },
        answer: |_| documented(403, 2030),
        shows: |f| {
            let Some(there) = &f.expansion else {
                return Vec::new();
            };
            let missing = [
                (there.location, "a location there"),
                (
                    there.account.is_some(),
                    "a program account with new credentials",
                ),
                (there.enrolled, "enrolment in that country"),
                (there.signed, "the partner agreement for the region"),
            ];
            missing
                .iter()
                .filter(|(present, _)| !present)
                .map(|(_, what)| claim("missing in the customer's region", what))
                .collect()
        },
    },
    Rule {
        id: RuleId::of("IDN-013"),
        step: Step::Region,
        ground: Ground::BuyerRegion,
        at: PURCHASE,
        forbids: |f| {
            customer_elsewhere(f)
                && f.expansion
                    .as_ref()
                    .is_some_and(|there| there.account.is_none())
        },
        answer: |_| documented(403, 2030),
        shows: |f| {
            let organization = seller(f).map(|seller| claim("no account of", &seller.organization));
            organization.into_iter().chain(both_regions(f)).collect()
        },
    },
    Rule {
        id: RuleId::of("REG-009"),
        step: Step::Catalogue,
        ground: Ground::Market,
        at: PURCHASE,
        forbids: |f| {
            not_sold(f, |kind| {
                !matches!(kind, ItemKind::ConsumptionPlan | ItemKind::Reservation)
            })
        },
        answer: |_| documented(400, 800_070),
        shows: market,
    },
    Rule {
        id: RuleId::of("REG-010"),
        step: Step::Catalogue,
        ground: Ground::Market,
        at: PURCHASE,
        forbids: |f| not_sold(f, |kind| kind == ItemKind::ConsumptionPlan),
        answer: |_| documented(400, 800_070),
        shows: market,
    },
    Rule {
        id: RuleId::of("REG-011"),
        step: Step::Catalogue,
        ground: Ground::Market,
        at: PURCHASE,
        forbids: |f| not_sold(f, |kind| kind == ItemKind::Reservation),
        answer: |_| documented(400, 800_070),
        shows: market,
    },
    Rule {
        id: RuleId::of("REG-013"),
        step: Step::Region,
        ground: Ground::BuyerRegion,
        at: Checkpoints::of(&[C::RequestTransfer, C::AcceptTransfer]),
        forbids: |f| {
            let (Some(transfer), Some(buyer)) = (&f.transfer, &f.buyer) else {
                return false;
            };
            transfer.to.region() != buyer.region.map(|fact| fact.region)
        },
        answer: |_| documented(403, 2030),
        shows: both_regions,
    },
    Rule {
        id: RuleId::of("REG-014"),
        step: Step::Region,
        ground: Ground::BuyerRegion,
        at: Checkpoints::of(&[C::InviteCustomer]),
        forbids: customer_elsewhere,
        answer: |_| documented(403, 2030),
        shows: both_regions,
    },
    Rule {
        id: RuleId::of("REG-015"),
        step: Step::Region,
        ground: Ground::ChainRegion,
        at: SALE.and(Checkpoints::of(&[C::SetPartnerOfRecord])),
        forbids: |f| {
            f.named.party().is_some()
                && f.actor_is(PartnerType::IndirectProvider)
                && (customer_elsewhere(f) || chain_split(f))
        },
        answer: |f| {
            if customer_elsewhere(f) {
                documented(403, 2030)
            } else {
                documented(400, 2201)
            }
        },
        shows: |f| {
            let reseller = f
                .named
                .party()
                .map(|party| region_of(&party.name, party.country, party.region));
            both_regions(f).into_iter().chain(reseller).collect()
        },
    },
    Rule {
        id: RuleId::of("REG-017"),
        step: Step::Region,
        ground: Ground::BuyerRegion,
        at: SELLING,
        // An invitation was within the region when it was sent, so at its acceptance the table has moved.
        forbids: |f| {
            customer_elsewhere(f) && (f.checkpoint == C::AcceptRelationship || moved_away(f))
        },
        answer: |_| documented(403, 2030),
        shows: |f| {
            let Some((name, country, Some(fact))) = customer(f) else {
                return Vec::new();
            };
            let day = fact
                .moved
                .map(|day| shown_of(name, &format!("{country} moved on"), day));
            let region = shown_of(name, "new region", fact.region);
            day.into_iter().chain([region]).collect()
        },
    },
    Rule {
        id: RuleId::of("REG-018"),
        step: Step::Region,
        ground: Ground::NoRegion,
        at: NEW_BUSINESS.and(Checkpoints::of(&[
            C::CreateCustomer,
            C::RequestOrder,
            C::Apply,
        ])),
        forbids: |f| {
            let applicant = f
                .application
                .as_ref()
                .is_some_and(|application| application.region.is_none());
            let party = counts(f) && f.application.is_none() && {
                seller(f).is_some_and(|seller| seller.region.is_none())
                    || customer(f).is_some_and(|(_, _, region)| region.is_none())
            };
            applicant || party
        },
        answer: |_| documented(403, 2030),
        shows: |f| {
            if let Some(application) = &f.application {
                return vec![claim("country in no region", application.country)];
            }
            let customer = customer(f).filter(|(_, _, region)| region.is_none());
            let seller = seller(f).filter(|seller| seller.region.is_none());
            let customer =
                customer.map(|(name, country, _)| claim_of(name, "country in no region", country));
            customer
                .into_iter()
                .chain(
                    seller.map(|seller| {
                        claim_of(&seller.name, "country in no region", seller.country)
                    }),
                )
                .collect()
        },
    },
];

/// The reseller of record is in another region than its provider. On an existing subscription this is
/// tested whether or not it is new business (REL-018).
fn chain_split(f: &Facts) -> bool {
    let ours = seller(f).and_then(Party::region);
    f.named
        .party()
        .and_then(Party::region)
        .zip(ours)
        .is_some_and(|(theirs, ours)| theirs != ours)
}

//! Section 8.1: carts and orders. What may be bought, in which form, by whom, for whom.
// tidy: long because a section of the rulebook stands in one file, and its rules are looked for by id.

use tierline_domain::catalog::{Generation, ItemKind, Publisher};
use tierline_domain::customer::Segment;
use tierline_domain::order::OrderState;
use tierline_domain::partner::{AccountState, PartnerType};
use tierline_domain::place::Country;
use tierline_domain::time::add_days;

use super::enrolment::named_unsigned;
use super::identity::{named_no_reseller, show_named};
use super::{CHECKOUT, PURCHASE, SALE};
use crate::book::RuleId;
use crate::facts::{
    Alignment, Buyer, CartFact, Checkpoint as C, Checkpoints, Facts, Named, Party, Purchase,
    Transition,
};
use crate::registry::{
    Ground, Rule, Shown, Step, claim, claim_of, documented, private, shown, shown_of,
};

/// Whatever touches a cart that exists.
const CART: Checkpoints = Checkpoints::of(&[C::CreateCart, C::CheckoutCart]);
const CART_CHECKOUT: Checkpoints = Checkpoints::of(&[C::CheckoutCart]);
/// Whatever changes a cart or an order.
const CART_OR_ORDER: Checkpoints = CART.and(Checkpoints::of(&[C::UpdateSubscription]));
const REVIEW: Checkpoints = Checkpoints::of(&[C::UploadDocument]);
/// Where a partner of record is put on a line or a subscription.
const RECORD: Checkpoints = SALE.and(Checkpoints::of(&[C::SetPartnerOfRecord]));
/// A reseller asks its provider for a purchase: its form is judged when it asks.
const REQUEST: Checkpoints = Checkpoints::of(&[C::RequestOrder]);
const SEATS: Checkpoints = Checkpoints::of(&[C::ChangeQuantity]);
const CONVERT: Checkpoints = Checkpoints::of(&[C::ConvertTrial]);
const SCHEDULE: Checkpoints = Checkpoints::of(&[C::ScheduleChange]);
const TERM: Checkpoints = Checkpoints::of(&[C::ChangeTerm]);
const UPGRADE: Checkpoints = Checkpoints::of(&[C::Upgrade]);
/// Further resellers of one line (ORD-016).
const FURTHER_RESELLERS: usize = 5;
/// Days a cart lives (ORD-002).
const CART_DAYS: i32 = 7;
const BRAZIL: Country = Country::new(*b"BR");

fn purchase(f: &Facts) -> Option<&Purchase> {
    f.purchase.as_ref()
}

fn line(f: &Facts, fails: fn(&Purchase) -> bool) -> bool {
    f.purchase.as_ref().is_some_and(fails)
}

fn cart(f: &Facts) -> Option<&CartFact> {
    purchase(f).and_then(|purchase| purchase.cart.as_ref())
}

/// A provider's own PartnerID stands where the reseller's belongs.
pub(super) fn names_provider(f: &Facts) -> bool {
    f.named
        .party()
        .is_some_and(|party| party.kind == PartnerType::IndirectProvider)
}

fn by_provider(f: &Facts) -> bool {
    f.actor_is(PartnerType::IndirectProvider)
}

fn participants(f: &Facts) -> bool {
    f.named.is_some() || line(f, |line| !line.further_resellers.is_empty())
}

fn further(f: &Facts) -> &[Named] {
    purchase(f).map_or(&[], |purchase| purchase.further_resellers.as_slice())
}

/// A further reseller that exists, is one, and may still be named.
fn valid_reseller(named: &Named) -> bool {
    named.party().is_some_and(|party| {
        party.acts_as_reseller
            && party.location.is_some()
            && !matches!(
                party.state,
                AccountState::NotEnrolled
                    | AccountState::Deauthorized
                    | AccountState::Terminated
                    | AccountState::Rejected
            )
    })
}

fn unsigned(named: &Named) -> Option<&Party> {
    named.party().filter(|party| !party.signed)
}

/// The segment that decides what a customer may be sold (ORD-008): a state-owned entity counts as
/// commercial unless it is education or government community cloud as well.
fn buying_as(buyer: &Buyer) -> Segment {
    match buyer.segment {
        Segment::Nonprofit if buyer.state_owned => Segment::Commercial,
        segment => segment,
    }
}

fn segment_fits(customer: Segment, offer: Segment) -> bool {
    offer == customer
        || (offer == Segment::Commercial && customer != Segment::GovernmentCommunityCloud)
}

fn wrong_segment(f: &Facts) -> bool {
    purchase(f)
        .zip(f.buyer.as_ref())
        .is_some_and(|(line, buyer)| !segment_fits(buying_as(buyer), line.segment))
}

fn transition(f: &Facts) -> Option<&Transition> {
    f.subscription
        .as_ref()
        .filter(|subscription| subscription.own)
        .and_then(|subscription| subscription.transition.as_deref())
}

/// The frequency asked for is longer than the term.
fn longer_than_term(f: &Facts) -> bool {
    line(f, |line| !line.term.admits(line.frequency))
        || f.subscription.as_ref().is_some_and(|subscription| {
            subscription
                .new_term
                .zip(subscription.new_frequency)
                .is_some_and(|(term, (frequency, _))| !term.admits(frequency))
        })
}

/// The frequency asked for is one of the new term's.
fn offered(f: &Facts) -> bool {
    f.subscription
        .as_ref()
        .and_then(|subscription| subscription.new_frequency)
        .is_none_or(|(_, offered)| offered)
}

fn sale_ended(f: &Facts) -> bool {
    let day = match (&f.purchase, &f.subscription) {
        (Some(line), _) => line.end_of_sale,
        (None, Some(subscription)) => subscription.end_of_sale,
        (None, None) => None,
    };
    day.is_some_and(|day| f.today > day)
}

fn show_end_of_sale(f: &Facts) -> Vec<Shown> {
    let item = match (&f.purchase, &f.subscription) {
        (Some(line), _) => Some((line.item.as_str(), line.end_of_sale)),
        (None, Some(subscription)) => Some((subscription.item.as_str(), subscription.end_of_sale)),
        (None, None) => None,
    };
    item.map_or_else(Vec::new, |(item, day)| {
        let mut facts = vec![claim("failed condition", "on sale"), shown("item", item)];
        facts.extend(day.map(|day| shown("end of sale", day)));
        facts
    })
}

/// A currency that is neither the partner's nor the customer's. Brazil's traditional licences are
/// billed in US dollars (REG-021), which is a currency of the partner as well.
fn foreign_currency(f: &Facts) -> bool {
    let Some(line) = &f.purchase else {
        return false;
    };
    let Some(asked) = line.currency else {
        return false;
    };
    let of_actor = f.actor.as_ref().and_then(|actor| actor.currency);
    let of_buyer = f.buyer.as_ref().and_then(|buyer| buyer.currency);
    let brazilian = asked.as_str() == "USD"
        && line.generation == Generation::Traditional
        && f.actor
            .as_ref()
            .is_some_and(|actor| actor.country == BRAZIL);
    Some(asked) != of_actor && Some(asked) != of_buyer && !brazilian
}

fn alignment(f: &Facts) -> Option<&Alignment> {
    purchase(f).and_then(|purchase| purchase.alignment.as_ref())
}

/// Trials, software, reservations and third parties' items keep their own end (ORD-032).
fn cannot_align(line: &Purchase) -> bool {
    line.publisher == Publisher::ThirdParty
        || matches!(
            line.kind,
            ItemKind::Trial
                | ItemKind::SoftwareSubscription
                | ItemKind::PerpetualSoftware
                | ItemKind::Reservation
                | ItemKind::Marketplace
        )
}

fn show_alignment(f: &Facts) -> Vec<Shown> {
    let Some(alignment) = alignment(f) else {
        return Vec::new();
    };
    let mut facts: Vec<Shown> = Vec::new();
    facts.extend(alignment.day.map(|day| shown("end date asked for", day)));
    facts.extend(
        alignment
            .with
            .as_ref()
            .map(|with| shown("subscription to end with", with)),
    );
    let choices: Vec<String> = alignment.choices.iter().map(ToString::to_string).collect();
    let choices = if choices.is_empty() {
        "none".to_owned()
    } else {
        choices.join(", ")
    };
    facts.push(shown("dates that can be chosen", choices));
    facts
}

fn show_line(f: &Facts) -> Vec<Shown> {
    purchase(f)
        .map(|line| shown("item", format!("{} ({})", line.item, line.kind)))
        .into_iter()
        .collect()
}

/// The line, or the item and the term that a subscription shall have.
fn show_becoming(f: &Facts) -> Vec<Shown> {
    let mut facts = show_line(f);
    if let Some((subscription, change)) = f.subscription.as_ref().zip(transition(f)) {
        facts.push(shown("item", &change.to));
        let term = subscription.new_term.unwrap_or(subscription.term);
        facts.push(shown("term", term));
    }
    facts
}

fn show_parent(f: &Facts) -> Vec<Shown> {
    let mut facts = show_line(f);
    facts.extend(
        purchase(f)
            .and_then(|line| line.parent.as_ref())
            .map(|(name, state)| shown("parent", format!("{name} ({state})"))),
    );
    facts
}

fn show_quantity(f: &Facts) -> Vec<Shown> {
    let Some(line) = purchase(f) else {
        return Vec::new();
    };
    vec![
        shown("item", &line.item),
        shown("quantity asked for", line.quantity),
        shown(
            "allowed",
            format!("{} to {}", line.min_quantity, line.max_quantity),
        ),
    ]
}

fn show_cart(f: &Facts) -> Vec<Shown> {
    let Some(cart) = cart(f) else {
        return Vec::new();
    };
    let state = if cart.empty {
        "empty"
    } else if cart.own {
        "expired"
    } else {
        "unknown"
    };
    let mut facts = vec![shown("cart", &cart.name), shown("state", state)];
    if cart.own {
        let day = cart.created.date();
        facts.push(shown("created on", day));
        facts.push(shown("expires on", add_days(day, CART_DAYS)));
    }
    facts
}

fn show_further(f: &Facts) -> Vec<Shown> {
    let mut facts = vec![
        shown("first reseller", f.named.given().unwrap_or("none")),
        shown("further resellers", further(f).len()),
        shown("at most", FURTHER_RESELLERS),
    ];
    facts.extend(
        further(f)
            .iter()
            .filter_map(Named::given)
            .map(|given| shown("further reseller", given)),
    );
    facts
}

/// The tenant holds as many subscriptions as it may (ORD-040, TRF-023).
pub(super) fn tenant_full(f: &Facts) -> bool {
    purchase(f)
        .zip(f.buyer.as_ref())
        .is_some_and(|(line, buyer)| buyer.subscription_count >= line.tenant_ceiling)
}

pub(super) fn show_tenant_ceiling(f: &Facts) -> Vec<Shown> {
    purchase(f)
        .zip(f.buyer.as_ref())
        .map_or_else(Vec::new, |(line, buyer)| {
            vec![
                shown("tenant", &buyer.name),
                shown_of(&buyer.name, "subscriptions held", buyer.subscription_count),
                shown("limit", line.tenant_ceiling),
            ]
        })
}

/// New business that costs more than the partner's credit leaves (ORD-026, BIL-030).
pub(super) fn beyond_credit(f: &Facts) -> bool {
    f.new_business
        && f.credit
            .as_ref()
            .is_some_and(crate::facts::Credit::exceeded)
}

pub(super) fn show_credit(f: &Facts) -> Vec<Shown> {
    let partner = f.actor.iter().map(|actor| shown("partner", &actor.name));
    let amounts = f.credit.iter().flat_map(|credit| {
        [
            shown("available", credit.available),
            shown("required", credit.required),
        ]
    });
    partner.chain(amounts).collect()
}

fn show_trial(f: &Facts) -> Vec<Shown> {
    let Some(line) = purchase(f) else {
        return Vec::new();
    };
    let mut facts = vec![shown("trial", &line.item)];
    facts.extend(
        line.trial_of
            .as_ref()
            .map(|paid| shown("item it is a trial of", paid)),
    );
    facts.extend(f.buyer.iter().map(|buyer| shown("customer", &buyer.name)));
    facts
}

fn trial(f: &Facts, fails: fn(&Purchase) -> bool) -> bool {
    purchase(f).is_some_and(|line| line.kind == ItemKind::Trial && fails(line))
}

fn with(mut facts: Vec<Shown>, label: &str, value: impl ToString) -> Vec<Shown> {
    facts.push(shown(label, value));
    facts
}

fn promotion_exceeded(f: &Facts) -> bool {
    f.new_business
        && f.subscription
            .as_ref()
            .and_then(|subscription| subscription.promotion)
            .is_some_and(crate::facts::Ceiling::exceeded)
}

fn add_on(f: &Facts, generation: Generation) -> Option<&Purchase> {
    purchase(f).filter(|line| line.kind == ItemKind::AddOn && line.generation == generation)
}

/// Rules of section 8.1.
pub static RULES: &[Rule] =
    &[
        Rule {
            id: RuleId::of("ORD-001"),
            step: Step::PartnerType,
            ground: Ground::CallerType,
            at: PURCHASE,
            forbids: |f| {
                // Nor does anybody who is no partner at all.
                f.actor.as_ref().is_none_or(|actor| !actor.kind.is_billed())
            },
            answer: |_| documented(403, 2032),
            shows: |f| match &f.actor {
                Some(actor) => vec![shown("partner", &actor.name), shown("type", actor.kind)],
                None => vec![shown(
                    "caller",
                    format!("{} ({})", f.caller.name, f.caller.kind),
                )],
            },
        },
        Rule {
            id: RuleId::of("ORD-002"),
            step: Step::Catalogue,
            ground: Ground::Cart,
            at: CART,
            forbids: |f| cart(f).is_some_and(|cart| cart.expired || cart.empty || !cart.own),
            answer: |f| {
                if cart(f).is_some_and(|cart| cart.own && cart.empty && !cart.expired) {
                    documented(400, 800_009)
                } else {
                    documented(404, 800_008)
                }
            },
            shows: show_cart,
        },
        Rule {
            id: RuleId::of("ORD-003"),
            step: Step::Catalogue,
            ground: Ground::CartSubmitted,
            at: CART,
            forbids: |f| cart(f).is_some_and(|cart| cart.changed_after_order),
            answer: |_| documented(400, 800_065),
            shows: |f| {
                cart(f)
                    .map(|cart| claim("submitted already, and changed since", &cart.name))
                    .into_iter()
                    .collect()
            },
        },
        Rule {
            id: RuleId::of("ORD-004"),
            step: Step::Catalogue,
            ground: Ground::Concurrency,
            at: CART_OR_ORDER,
            forbids: |f| f.form.moved,
            answer: |f| {
                if f.checkpoint == C::UpdateSubscription {
                    documented(409, 800_060)
                } else {
                    documented(409, 800_064)
                }
            },
            shows: |f| {
                let what = cart(f).map_or("the order", |cart| cart.name.as_str());
                vec![claim("changed by another request since it was read", what)]
            },
        },
        Rule {
            id: RuleId::of("ORD-005"),
            step: Step::Catalogue,
            ground: Ground::LineFault,
            at: CART_CHECKOUT,
            forbids: |f| f.form.faulty_line,
            answer: |_| documented(400, 800_009),
            shows: |f| {
                with(
                    show_line(f),
                    "the line carries a fault since",
                    "the cart was filled",
                )
            },
        },
        Rule {
            id: RuleId::of("ORD-006"),
            step: Step::Catalogue,
            ground: Ground::AvailabilityAge,
            at: PURCHASE,
            forbids: |f| line(f, |line| line.availability_outdated),
            answer: |_| documented(404, 400_019),
            shows: |f| with(show_line(f), "availability", "outdated"),
        },
        Rule {
            id: RuleId::of("ORD-007"),
            step: Step::Catalogue,
            ground: Ground::EndOfSale,
            at: PURCHASE,
            forbids: sale_ended,
            answer: |_| documented(403, 2091),
            shows: show_end_of_sale,
        },
        Rule {
            id: RuleId::of("ORD-007"),
            step: Step::Catalogue,
            ground: Ground::SellerEligibility,
            at: PURCHASE,
            forbids: |f| line(f, |line| !line.eligible_seller),
            answer: |_| documented(403, 2006),
            shows: |f| {
                let mut facts = with(
                    show_line(f),
                    "failed condition",
                    "the item is not for this partner",
                );
                facts.extend(f.actor.iter().map(|actor| shown("partner", &actor.name)));
                facts
            },
        },
        Rule {
            id: RuleId::of("ORD-007"),
            step: Step::Catalogue,
            ground: Ground::Market,
            at: PURCHASE,
            forbids: |f| line(f, |line| !line.not_sold_in.is_empty()),
            answer: |_| documented(400, 800_070),
            shows: |f| {
                let mut facts = with(
                    show_line(f),
                    "failed condition",
                    "the item is not available in the market",
                );
                facts.extend(
                    purchase(f)
                        .iter()
                        .flat_map(|line| line.not_sold_in.iter())
                        .map(|country| shown("market", country)),
                );
                facts
            },
        },
        Rule {
            id: RuleId::of("ORD-008"),
            step: Step::Catalogue,
            ground: Ground::Segment,
            at: PURCHASE,
            forbids: wrong_segment,
            answer: |_| documented(400, 800_086),
            shows: |f| {
                let offer = purchase(f).map(|line| {
                    [
                        shown("item", &line.item),
                        shown("segment of the offer", line.segment),
                    ]
                });
                let customer = f.buyer.iter().flat_map(|buyer| {
                    let owned = if buyer.state_owned { "yes" } else { "no" };
                    [
                        shown_of(&buyer.name, "customer", &buyer.name),
                        shown_of(&buyer.name, "segment of the customer", buyer.segment),
                        shown_of(&buyer.name, "state-owned", owned),
                    ]
                });
                offer.into_iter().flatten().chain(customer).collect()
            },
        },
        Rule {
            id: RuleId::of("ORD-009"),
            step: Step::Catalogue,
            ground: Ground::SellerApproval,
            at: PURCHASE,
            forbids: |f| {
                line(f, |line| line.segment == Segment::GovernmentCommunityCloud)
                    && f.actor.as_ref().is_some_and(|actor| {
                        !actor
                            .approvals
                            .iter()
                            .any(|approval| approval == Segment::GovernmentCommunityCloud.as_str())
                    })
            },
            answer: |_| documented(403, 2006),
            shows: |f| {
                let mut facts = show_line(f);
                facts.extend(f.actor.iter().map(|actor| {
                    claim("partner that is not approved for the segment", &actor.name)
                }));
                facts.push(shown("segment", Segment::GovernmentCommunityCloud));
                facts
            },
        },
        Rule {
            id: RuleId::of("ORD-010"),
            step: Step::CustomerAgreement,
            ground: Ground::CustomerAgreement,
            at: CHECKOUT,
            forbids: super::agreements::no_customer_agreement,
            answer: |_| documented(403, 13_605),
            shows: |f| {
                let seller = f
                    .actor
                    .iter()
                    .map(|actor| claim("partner without an attestation", &actor.name));
                let customer = f.buyer.iter().map(|buyer| {
                    claim_of(&buyer.name, "customer that has not accepted", &buyer.name)
                });
                seller.chain(customer).collect()
            },
        },
        Rule {
            id: RuleId::of("ORD-011"),
            step: Step::Catalogue,
            ground: Ground::OfferAttestation,
            at: PURCHASE,
            forbids: |f| {
                line(f, |line| {
                    line.requires_attestation && !line.attestation_accepted
                })
            },
            answer: |_| documented(400, 900_203).on_line(10_012),
            shows: |f| with(show_line(f), "attestation accepted", "no"),
        },
        Rule {
            id: RuleId::of("ORD-012"),
            step: Step::NamedKnown,
            ground: Ground::NamedIdentity,
            at: RECORD,
            forbids: |f| by_provider(f) && names_provider(f),
            answer: |_| documented(404, 2072),
            shows: show_named,
        },
        Rule {
            id: RuleId::of("ORD-013"),
            step: Step::NamedKnown,
            ground: Ground::NamedIdentity,
            at: SALE,
            forbids: |f| {
                by_provider(f) && (matches!(f.named, Named::Unknown { .. }) || named_no_reseller(f))
            },
            answer: |f| {
                if matches!(f.named, Named::Unknown { .. }) {
                    documented(404, 800_015)
                } else if names_provider(f) {
                    documented(404, 2072)
                } else {
                    documented(400, 800_016)
                }
            },
            shows: |f| {
                let what = if matches!(f.named, Named::Unknown { .. }) {
                    "unknown"
                } else {
                    "not a reseller"
                };
                with(show_named(f), "failed condition", what)
            },
        },
        Rule {
            id: RuleId::of("ORD-013"),
            step: Step::NamedStatus,
            ground: Ground::NamedAgreement,
            at: SALE,
            forbids: |f| by_provider(f) && named_unsigned(f),
            answer: |_| documented(403, 900_123),
            shows: |f| with(show_named(f), "agreement", "open"),
        },
        Rule {
            id: RuleId::of("ORD-014"),
            step: Step::Chain,
            ground: Ground::Chain,
            at: RECORD,
            forbids: |f| {
                f.actor
                    .as_ref()
                    .is_some_and(|actor| actor.kind != PartnerType::IndirectProvider)
                    && participants(f)
            },
            answer: |_| private(400).on_line(10_004),
            shows: |f| {
                let mut facts: Vec<Shown> = f
                    .actor
                    .iter()
                    .flat_map(|actor| [shown("partner", &actor.name), shown("type", actor.kind)])
                    .collect();
                facts.push(shown(
                    "participants given",
                    f.named.given().unwrap_or("further resellers"),
                ));
                facts
            },
        },
        Rule {
            id: RuleId::of("ORD-016"),
            step: Step::NamedKnown,
            ground: Ground::FurtherResellers,
            at: PURCHASE,
            forbids: |f| {
                let count = further(f).len();
                count > 0 && by_provider(f) && (!f.named.is_some() || count > FURTHER_RESELLERS)
            },
            answer: |_| documented(400, 3000),
            shows: show_further,
        },
        Rule {
            id: RuleId::of("ORD-016"),
            step: Step::NamedKnown,
            ground: Ground::FurtherResellerIdentity,
            at: PURCHASE,
            forbids: |f| by_provider(f) && further(f).iter().any(|named| !valid_reseller(named)),
            answer: |_| documented(400, 800_016),
            shows: |f| {
                further(f)
                    .iter()
                    .filter(|named| !valid_reseller(named))
                    .filter_map(Named::given)
                    .map(|given| claim("invalid entry", given))
                    .collect()
            },
        },
        Rule {
            id: RuleId::of("ORD-016"),
            step: Step::NamedStatus,
            ground: Ground::FurtherResellerAgreement,
            at: PURCHASE,
            forbids: |f| by_provider(f) && further(f).iter().any(|named| unsigned(named).is_some()),
            answer: |_| documented(403, 900_123),
            shows: |f| {
                further(f)
                    .iter()
                    .filter_map(unsigned)
                    .map(|party| claim("invalid entry, agreement open", &party.name))
                    .collect()
            },
        },
        Rule {
            id: RuleId::of("ORD-017"),
            step: Step::Catalogue,
            ground: Ground::TermChoice,
            at: PURCHASE
                .and(TERM)
                .and(REQUEST)
                .and(SCHEDULE)
                .and(UPGRADE)
                .and(CONVERT),
            forbids: |f| {
                line(f, |line| !line.term_offered)
                    || transition(f).is_some_and(|change| !change.term_offered)
            },
            answer: |f| {
                if f.checkpoint == C::Upgrade {
                    documented(400, 900_268)
                } else {
                    documented(400, 800_121)
                }
            },
            shows: |f| {
                let mut facts = show_becoming(f);
                facts.extend(purchase(f).map(|line| shown("term", line.term)));
                facts
            },
        },
        Rule {
            id: RuleId::of("ORD-018"),
            step: Step::Catalogue,
            ground: Ground::FrequencyChoice,
            at: PURCHASE
                .and(TERM)
                .and(REQUEST)
                .and(SCHEDULE)
                .and(UPGRADE)
                .and(CONVERT),
            forbids: |f| {
                longer_than_term(f)
                    || line(f, |line| line.term_offered && !line.frequency_offered)
                    || transition(f).is_some_and(|change| change.term_offered) && !offered(f)
            },
            answer: |f| {
                if longer_than_term(f) {
                    documented(400, 900_270)
                } else {
                    documented(400, 900_269)
                }
            },
            shows: |f| {
                let mut facts = show_becoming(f);
                facts.extend(purchase(f).into_iter().flat_map(|line| {
                    [
                        shown("billing frequency", line.frequency),
                        shown("term", line.term),
                    ]
                }));
                let wanted = transition(f).and(f.subscription.as_ref());
                facts.extend(
                    wanted
                        .and_then(|subscription| subscription.new_frequency)
                        .map(|(frequency, _)| shown("billing frequency", frequency)),
                );
                facts
            },
        },
        Rule {
            id: RuleId::of("ORD-019"),
            step: Step::Quantity,
            ground: Ground::Quantity,
            at: PURCHASE.and(REQUEST),
            forbids: |f| {
                line(f, |line| {
                    line.quantity < line.min_quantity || line.quantity > line.max_quantity
                })
            },
            answer: |_| documented(400, 900_275),
            shows: show_quantity,
        },
        Rule {
            id: RuleId::of("ORD-020"),
            step: Step::Quantity,
            ground: Ground::CustomerCeiling,
            at: PURCHASE.and(SEATS),
            forbids: |f| {
                f.new_business
                    && super::scenarios::ceiling(f).is_some_and(crate::facts::Ceiling::exceeded)
            },
            answer: |_| documented(403, 800_088).on_line(10_015),
            shows: |f| {
                super::scenarios::ceiling(f)
                    .iter()
                    .flat_map(|ceiling| {
                        [
                            shown("requested", ceiling.asked),
                            shown("remaining", ceiling.left()),
                            shown("maximum for the customer", ceiling.limit),
                        ]
                    })
                    .collect()
            },
        },
        Rule {
            id: RuleId::of("ORD-021"),
            step: Step::Quantity,
            ground: Ground::ConcurrentLimit,
            at: PURCHASE,
            forbids: |f| {
                line(f, |line| {
                    line.concurrent.is_some_and(crate::facts::Ceiling::exceeded)
                })
            },
            answer: |_| documented(403, 800_066),
            shows: |f| {
                let mut facts = show_line(f);
                facts.extend(
                    purchase(f)
                        .and_then(|line| line.concurrent)
                        .into_iter()
                        .flat_map(|limit| {
                            [
                                shown("limit of subscriptions", limit.limit),
                                shown("counted", limit.used),
                            ]
                        }),
                );
                facts
            },
        },
        Rule {
            id: RuleId::of("ORD-022"),
            step: Step::Quantity,
            ground: Ground::Prerequisite,
            at: PURCHASE,
            forbids: |f| {
                add_on(f, Generation::NewCommerce)
                    .is_some_and(|line| !line.prerequisites.is_empty() && !line.prerequisite_owned)
            },
            answer: |_| private(400).on_line(400_041),
            shows: |f| {
                let mut facts = show_line(f);
                facts.extend(purchase(f).map(|line| {
                    shown(
                        "compatible base products, none of which the customer has",
                        line.prerequisites.join(", "),
                    )
                }));
                facts
            },
        },
        Rule {
            id: RuleId::of("ORD-023"),
            step: Step::Quantity,
            ground: Ground::AddOnParent,
            at: PURCHASE,
            forbids: |f| {
                add_on(f, Generation::Traditional)
                    .is_some_and(|line| line.parent_fits == Some(false) && !line.parent_inactive)
            },
            answer: |_| documented(400, 800_029),
            shows: |f| {
                let mut facts = with(show_parent(f), "parent", "not one the add-on belongs to");
                facts.extend(
                    purchase(f).map(|line| shown("belongs to", line.prerequisites.join(", "))),
                );
                facts
            },
        },
        Rule {
            id: RuleId::of("ORD-023"),
            step: Step::Quantity,
            ground: Ground::AddOnParentState,
            at: PURCHASE,
            forbids: |f| {
                add_on(f, Generation::Traditional)
                    .is_some_and(|line| line.parent_fits == Some(false) && line.parent_inactive)
            },
            answer: |_| documented(409, 27_009),
            shows: show_parent,
        },
        Rule {
            id: RuleId::of("ORD-024"),
            step: Step::Quantity,
            ground: Ground::BaseShare,
            at: PURCHASE,
            forbids: |f| {
                line(f, |line| {
                    line.least_of_base
                        .is_some_and(|least| line.quantity < least)
                })
            },
            answer: |_| documented(400, 900_275),
            shows: |f| {
                let mut facts = show_line(f);
                facts.extend(purchase(f).into_iter().flat_map(|line| {
                    [
                        shown("quantity asked for", line.quantity),
                        shown("minimum quantity", line.least_of_base.unwrap_or_default()),
                    ]
                }));
                facts
            },
        },
        Rule {
            id: RuleId::of("ORD-025"),
            step: Step::Quantity,
            ground: Ground::TrialUsed,
            at: PURCHASE,
            forbids: |f| trial(f, |line| line.trial_used),
            answer: |_| documented(403, 800_066),
            shows: |f| {
                with(
                    show_trial(f),
                    "failed condition",
                    "the trial was used before",
                )
            },
        },
        Rule {
            id: RuleId::of("ORD-025"),
            step: Step::Quantity,
            ground: Ground::TrialOwned,
            at: PURCHASE,
            forbids: |f| trial(f, |line| line.trial_item_owned),
            answer: |_| documented(403, 800_066),
            shows: |f| with(show_trial(f), "failed condition", "the item is owned"),
        },
        Rule {
            id: RuleId::of("ORD-025"),
            step: Step::Quantity,
            ground: Ground::TrialExists,
            at: PURCHASE,
            forbids: |f| trial(f, |line| line.trial_excluded),
            answer: |_| documented(403, 800_066),
            shows: |f| with(show_trial(f), "failed condition", "no trial exists"),
        },
        Rule {
            id: RuleId::of("ORD-026"),
            step: Step::Credit,
            ground: Ground::Credit,
            at: CHECKOUT.and(SEATS),
            forbids: beyond_credit,
            answer: |_| documented(403, 900_121),
            shows: show_credit,
        },
        Rule {
            id: RuleId::of("ORD-027"),
            step: Step::Credit,
            ground: Ground::OrderReview,
            at: REVIEW,
            forbids: |f| {
                f.form.order_state.is_some_and(|state| {
                    state != OrderState::PendingDocumentUpload || f.form.documents.is_empty()
                })
            },
            answer: |f| {
                if f.form.order_state == Some(OrderState::ReviewRejected) {
                    documented(403, 800_069)
                } else {
                    documented(400, 900_252)
                }
            },
            shows: |f| {
                let document = if f.form.documents.is_empty() {
                    "none".to_owned()
                } else {
                    f.form.documents.join(", ")
                };
                let mut facts: Vec<Shown> = f
                    .form
                    .about
                    .as_ref()
                    .map(|order| shown("order", order))
                    .into_iter()
                    .collect();
                facts.extend(f.form.order_state.map(|state| shown("review state", state)));
                facts.push(shown("document", document));
                facts
            },
        },
        Rule {
            id: RuleId::of("ORD-029"),
            step: Step::Catalogue,
            ground: Ground::CurrencyChoice,
            at: PURCHASE,
            forbids: foreign_currency,
            answer: |_| documented(400, 900_169).on_line(10_000),
            shows: |f| {
                let asked = purchase(f).and_then(|line| line.currency);
                let seller = f.actor.as_ref().and_then(|actor| actor.currency);
                let buyer = f.buyer.as_ref().and_then(|buyer| buyer.currency);
                let mut facts = Vec::new();
                facts.extend(asked.map(|asked| claim("currency not supported", asked)));
                facts.extend(seller.map(|seller| shown("currency of the partner", seller)));
                facts.extend(buyer.map(|buyer| shown("currency of the customer's market", buyer)));
                facts
            },
        },
        Rule {
            id: RuleId::of("ORD-030"),
            step: Step::Catalogue,
            ground: Ground::Alignment,
            at: PURCHASE,
            forbids: |f| {
                alignment(f).is_some_and(|alignment| {
                    !alignment.admissible && (alignment.terms_fit || !alignment.with_own)
                })
            },
            answer: |_| documented(400, 900_242),
            shows: show_alignment,
        },
        Rule {
            id: RuleId::of("ORD-031"),
            step: Step::Catalogue,
            ground: Ground::AlignmentTerms,
            at: PURCHASE,
            forbids: |f| alignment(f).is_some_and(|alignment| !alignment.terms_fit),
            answer: |_| documented(400, 900_242),
            shows: |f| {
                let mut facts = show_alignment(f);
                facts.extend(purchase(f).map(|line| shown("term", line.term)));
                facts
            },
        },
        Rule {
            id: RuleId::of("ORD-032"),
            step: Step::Catalogue,
            ground: Ground::AlignmentKind,
            at: PURCHASE,
            forbids: |f| alignment(f).is_some() && line(f, cannot_align),
            answer: |_| documented(400, 900_244),
            shows: |f| {
                with(
                    show_line(f),
                    "item type",
                    "not eligible for a custom end date",
                )
            },
        },
        Rule {
            id: RuleId::of("ORD-034"),
            step: Step::Quantity,
            ground: Ground::PromotionLimit,
            at: SEATS,
            forbids: promotion_exceeded,
            answer: |_| documented(400, 2002),
            shows: |f| {
                f.subscription
                    .iter()
                    .filter_map(|subscription| {
                        Some((
                            subscription.promotion_name.as_deref(),
                            subscription.promotion?,
                        ))
                    })
                    .flat_map(|(name, limit)| {
                        [
                            shown("promotion", name.unwrap_or("none")),
                            shown("seats asked for on top", limit.asked),
                            shown("remaining under the discount", limit.left()),
                            shown("limit of the discount", limit.limit),
                        ]
                    })
                    .collect()
            },
        },
        Rule {
            id: RuleId::of("ORD-035"),
            step: Step::Catalogue,
            ground: Ground::EndOfSale,
            at: PURCHASE.and(Checkpoints::of(&[
                C::ScheduleChange,
                C::Upgrade,
                C::ConvertTrial,
            ])),
            forbids: sale_ended,
            answer: |_| documented(403, 2091),
            shows: show_end_of_sale,
        },
        Rule {
            id: RuleId::of("ORD-036"),
            step: Step::Catalogue,
            ground: Ground::PlanOwned,
            at: PURCHASE,
            forbids: |f| {
                line(f, |line| {
                    line.kind == ItemKind::PreviousConsumption && line.plan_owned
                })
            },
            answer: |_| documented(200, 400_072).on_line(400_072),
            shows: |f| {
                let mut facts = show_line(f);
                facts.extend(f.buyer.iter().map(|buyer| {
                    shown_of(
                        &buyer.name,
                        "customer that has the consumption plan",
                        &buyer.name,
                    )
                }));
                facts
            },
        },
        Rule {
            id: RuleId::of("ORD-037"),
            step: Step::Quantity,
            ground: Ground::ConsumptionPlan,
            at: PURCHASE,
            forbids: |f| {
                line(f, |line| {
                    line.kind == ItemKind::Reservation && !line.plan_active
                })
            },
            answer: |_| documented(400, 900_318),
            shows: |f| {
                let mut facts = show_line(f);
                let plan = match purchase(f).and_then(|line| line.plan_state) {
                    None => "missing".to_owned(),
                    Some(state) => state.to_string(),
                };
                facts.push(shown("consumption plan", plan));
                facts.push(claim("active subscription under the plan", "none"));
                facts
            },
        },
        Rule {
            id: RuleId::of("ORD-039"),
            step: Step::Catalogue,
            ground: Ground::OlderCurrency,
            at: CHECKOUT,
            forbids: |f| line(f, |line| line.other_currency.is_some()),
            answer: |_| documented(400, 900_169),
            shows: |f| {
                let existing = purchase(f).and_then(|line| line.other_currency);
                let seller = f.actor.as_ref().and_then(|actor| actor.currency);
                let mut facts = Vec::new();
                facts.extend(existing.map(|held| shown("existing currency", held)));
                facts.extend(seller.map(|seller| shown("currency of the partner", seller)));
                facts
            },
        },
        Rule {
            id: RuleId::of("ORD-040"),
            step: Step::Quantity,
            ground: Ground::TenantCeiling,
            at: PURCHASE,
            forbids: tenant_full,
            answer: |_| documented(403, 800_089),
            shows: show_tenant_ceiling,
        },
    ];

#[cfg(test)]
mod tests;

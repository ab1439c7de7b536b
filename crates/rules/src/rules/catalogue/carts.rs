//! What a cart and its lines are made of: ORD-001 to ORD-016.

use tierline_domain::customer::Segment;
use tierline_domain::partner::PartnerType;

use super::{
    CART, CART_CHECKOUT, CART_OR_ORDER, FURTHER_RESELLERS, RECORD, by_provider, cart, further,
    line, names_provider, participants, purchase, sale_ended, show_cart, show_end_of_sale,
    show_further, show_line, unsigned, valid_reseller, with, wrong_segment,
};
use crate::book::RuleId;
use crate::facts::{Checkpoint as C, Named};
use crate::registry::{
    Ground, Rule, Shown, Step, claim, claim_of, documented, private, shown, shown_of,
};
use crate::rules::enrolment::named_unsigned;
use crate::rules::identity::{named_no_reseller, show_named};
use crate::rules::{CHECKOUT, PURCHASE, SALE};

/// Rules of carts and their lines.
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
            forbids: crate::rules::agreements::no_customer_agreement,
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
    ];

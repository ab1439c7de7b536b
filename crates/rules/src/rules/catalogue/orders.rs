//! What is asked of an order besides its lines: ORD-029 to ORD-040.

use tierline_domain::catalog::ItemKind;

use super::{
    SEATS, alignment, cannot_align, foreign_currency, line, promotion_exceeded, purchase,
    sale_ended, show_alignment, show_end_of_sale, show_line, show_tenant_ceiling, tenant_full,
    with,
};
use crate::book::RuleId;
use crate::facts::{Checkpoint as C, Checkpoints};
use crate::registry::{Ground, Rule, Step, claim, documented, shown, shown_of};
use crate::rules::{CHECKOUT, PURCHASE};

/// Rules of orders.
pub static RULES: &[Rule] = &[
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

//! What of the catalogue may be bought, by whom and how much of it: ORD-017 to ORD-027.

use tierline_domain::catalog::Generation;
use tierline_domain::order::OrderState;

use super::{
    CONVERT, REQUEST, REVIEW, SCHEDULE, SEATS, TERM, UPGRADE, add_on, beyond_credit, line,
    longer_than_term, offered, purchase, show_becoming, show_credit, show_line, show_parent,
    show_quantity, show_trial, transition, trial, with,
};
use crate::book::RuleId;
use crate::facts::Checkpoint as C;
use crate::registry::{Ground, Rule, Shown, Step, documented, private, shown};
use crate::rules::{CHECKOUT, PURCHASE};

/// Rules of items.
pub static RULES: &[Rule] = &[
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
                && crate::rules::scenarios::ceiling(f).is_some_and(crate::facts::Ceiling::exceeded)
        },
        answer: |_| documented(403, 800_088).on_line(10_015),
        shows: |f| {
            crate::rules::scenarios::ceiling(f)
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
            facts
                .extend(purchase(f).map(|line| shown("belongs to", line.prerequisites.join(", "))));
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
];

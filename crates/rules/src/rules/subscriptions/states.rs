//! What the state of a subscription admits: SUB-001 to SUB-024.

use tierline_domain::catalog::ItemKind;
use tierline_domain::subscription::SubscriptionState as S;

use super::{
    CANCEL, FREQUENCY, QUEUED, REACTIVATE, RENEWAL, SCHEDULE, SEATS, TRIAL, UPGRADE, added,
    admitting, disabled_days, frequency_fixed, is, licence, live, own, seats_beyond, show,
    show_seats, show_states, show_term_end, show_window, too_many_taken, transition, window_over,
    with,
};
use crate::book::RuleId;
use crate::facts::{Checkpoint as C, Checkpoints};
use crate::registry::{Ground, Rule, Step, claim, documented, private, shown};
use crate::rules::SUBSCRIPTION_CHANGE;

/// Rules of states, seats, suspension, renewal and trials.
pub static RULES: &[Rule] = &[
    Rule {
        id: RuleId::of("GEN-007"),
        step: Step::Catalogue,
        ground: Ground::StaleEtag,
        at: SUBSCRIPTION_CHANGE,
        forbids: |f| f.form.etag_stale && own(f).is_some(),
        answer: |_| documented(400, 2055),
        shows: |f| with(show(f), "ETag", "outdated"),
    },
    // Behind the specific rules, which have codes of their own for single states.
    Rule {
        id: RuleId::of("SUB-001"),
        step: Step::Quantity,
        ground: Ground::SubscriptionState,
        at: SUBSCRIPTION_CHANGE,
        forbids: |f| {
            f.checkpoint != C::Migrate
                && own(f).is_some_and(|subscription| {
                    subscription.state != S::Active && !admitting(f).contains(&subscription.state)
                        || f.checkpoint == C::Reactivate && subscription.state == S::Active
                })
        },
        answer: |f| {
            let needs_active = f.form.registers || f.form.activates;
            documented(400, if needs_active { 800_012 } else { 800_040 })
        },
        shows: show_states,
    },
    Rule {
        id: RuleId::of("SUB-001"),
        step: Step::Catalogue,
        ground: Ground::Activation,
        at: Checkpoints::of(&[C::UpdateSubscription]),
        forbids: |f| {
            f.form.activates && is(f, |subscription| subscription.kind != ItemKind::Marketplace)
        },
        answer: |_| documented(400, 800_021),
        shows: |f| {
            let mut facts = show(f);
            facts.extend(own(f).map(|subscription| {
                claim("item type that needs no activation", subscription.kind)
            }));
            facts
        },
    },
    Rule {
        id: RuleId::of("SUB-003"),
        step: Step::Catalogue,
        ground: Ground::CancellationWindow,
        at: CANCEL,
        forbids: |f| is(f, licence) && window_over(f),
        answer: |_| documented(400, 900_117),
        shows: show_window,
    },
    Rule {
        id: RuleId::of("SUB-005"),
        step: Step::Catalogue,
        ground: Ground::SubscriptionState,
        at: SEATS,
        forbids: |f| {
            is(f, |subscription| {
                added(subscription) > 0 && subscription.state != S::Active
            })
        },
        answer: |f| {
            if is(f, |subscription| subscription.state == S::Deleted) {
                documented(400, 2011)
            } else {
                documented(400, 2001)
            }
        },
        shows: show_states,
    },
    Rule {
        id: RuleId::of("SUB-006"),
        step: Step::Catalogue,
        ground: Ground::SeatWindow,
        at: SEATS,
        forbids: |f| {
            is(f, |subscription| {
                live(subscription) && too_many_taken(subscription)
            })
        },
        answer: |_| documented(400, 800_090),
        shows: show_seats,
    },
    Rule {
        id: RuleId::of("SUB-008"),
        step: Step::Catalogue,
        ground: Ground::SubscriptionState,
        at: SEATS,
        forbids: |f| {
            is(f, |subscription| {
                subscription.state == S::Suspended
                    && subscription
                        .new_quantity
                        .is_some_and(|wanted| wanted != subscription.quantity)
            })
        },
        answer: |_| documented(400, 2001),
        shows: show,
    },
    Rule {
        id: RuleId::of("SUB-008"),
        step: Step::Catalogue,
        ground: Ground::TransitionSeats,
        at: UPGRADE,
        forbids: seats_beyond,
        answer: |_| documented(400, 2002),
        shows: |f| {
            let mut facts = show(f);
            facts.extend(
                own(f)
                    .zip(transition(f))
                    .into_iter()
                    .flat_map(|(source, change)| {
                        [
                            shown("seats asked for", change.quantity),
                            shown("allowed", format!("1 to {}", source.quantity)),
                        ]
                    }),
            );
            facts
        },
    },
    Rule {
        id: RuleId::of("SUB-008"),
        step: Step::Catalogue,
        ground: Ground::SeatBounds,
        at: SEATS.and(SCHEDULE),
        forbids: |f| {
            is(f, |subscription| {
                subscription.new_quantity.is_some_and(|wanted| {
                    wanted < subscription.min_quantity || wanted > subscription.max_quantity
                })
            })
        },
        answer: |_| documented(400, 2002),
        shows: |f| {
            let mut facts = show(f);
            facts.extend(own(f).into_iter().flat_map(|subscription| {
                [
                    shown(
                        "quantity asked for",
                        subscription.new_quantity.unwrap_or_default(),
                    ),
                    shown(
                        "allowed",
                        format!(
                            "{} to {}",
                            subscription.min_quantity, subscription.max_quantity
                        ),
                    ),
                ]
            }));
            facts
        },
    },
    Rule {
        id: RuleId::of("SUB-012"),
        step: Step::Catalogue,
        ground: Ground::SubscriptionState,
        at: REACTIVATE,
        forbids: |f| {
            own(f).is_some_and(|subscription| {
                matches!(subscription.state, S::Expired | S::Disabled)
                    || subscription.state == S::Suspended
                        && subscription.term_end.is_some_and(|end| f.today > end)
            })
        },
        answer: |_| documented(400, 800_040),
        shows: show_term_end,
    },
    Rule {
        id: RuleId::of("SUB-013"),
        step: Step::Catalogue,
        ground: Ground::CancellationWindow,
        at: CANCEL,
        forbids: |f| {
            is(f, |subscription| {
                licence(subscription) && subscription.state == S::Suspended
            }) && window_over(f)
        },
        answer: |_| documented(400, 900_117),
        shows: show_window,
    },
    Rule {
        id: RuleId::of("SUB-014"),
        step: Step::Catalogue,
        ground: Ground::SubscriptionState,
        at: REACTIVATE,
        forbids: |f| is(f, |subscription| subscription.state == S::Disabled),
        answer: |_| documented(400, 800_040),
        shows: |f| with(show_term_end(f), "reactivatable", "no"),
    },
    Rule {
        id: RuleId::of("SUB-015"),
        step: Step::Catalogue,
        ground: Ground::SubscriptionState,
        at: REACTIVATE,
        // Within thirty days of the term's end only a suspended one is disabled (SUB-014).
        forbids: |f| {
            own(f).is_some_and(|subscription| match subscription.state {
                S::Expired => true,
                S::Disabled => disabled_days(f, subscription).is_none_or(|days| days > 30),
                S::Active | S::Suspended | S::Deleted => false,
            })
        },
        answer: |_| documented(400, 800_040),
        shows: |f| with(show_term_end(f), "reactivatable", "no"),
    },
    Rule {
        id: RuleId::of("SUB-016"),
        step: Step::Catalogue,
        ground: Ground::Renewable,
        at: RENEWAL,
        forbids: |f| {
            is(f, |subscription| {
                subscription.new_renewal == Some(true)
                    && (!subscription.renewable || subscription.term.months().is_none())
            })
        },
        answer: |_| documented(400, 800_093),
        shows: |f| {
            let mut facts = show(f);
            facts.extend(
                own(f).map(|subscription| claim("item that cannot renew", &subscription.item)),
            );
            facts
        },
    },
    Rule {
        id: RuleId::of("SUB-018"),
        step: Step::Catalogue,
        ground: Ground::RenewalQueued,
        at: QUEUED,
        forbids: |f| {
            own(f).is_some_and(|subscription| {
                subscription.renewal_queued
                    && (f.checkpoint != C::UpdateSubscription || subscription.new_renewal.is_some())
            })
        },
        answer: |_| documented(409, 900_278),
        shows: |f| with(show(f), "pending operation", "renewal"),
    },
    Rule {
        id: RuleId::of("SUB-019"),
        step: Step::Catalogue,
        ground: Ground::SubscriptionState,
        at: SCHEDULE,
        forbids: |f| is(f, |subscription| subscription.state != S::Active),
        answer: |_| private(409),
        shows: |f| with(show(f), "failed condition", "not active"),
    },
    Rule {
        id: RuleId::of("SUB-019"),
        step: Step::Catalogue,
        ground: Ground::RenewalOff,
        at: SCHEDULE,
        forbids: |f| is(f, |subscription| !subscription.renewal),
        answer: |_| private(409),
        shows: |f| with(show(f), "renewal", "off"),
    },
    Rule {
        id: RuleId::of("SUB-022"),
        step: Step::Catalogue,
        ground: Ground::FrequencyChange,
        at: FREQUENCY
            .and(UPGRADE)
            .and(Checkpoints::of(&[C::ChangeTerm])),
        forbids: |f| match f.checkpoint {
            C::Upgrade => is(f, |subscription| {
                subscription.new_term == Some(subscription.term) && frequency_fixed(subscription)
            }),
            // A change of term that changes none is one of frequency alone.
            C::ChangeTerm => is(f, |subscription| {
                subscription.new_term == Some(subscription.term)
            }),
            _ => is(f, frequency_fixed),
        },
        answer: |_| documented(400, 800_097),
        shows: |f| {
            let mut facts = show(f);
            facts.extend(own(f).into_iter().flat_map(|subscription| {
                let wanted = subscription
                    .new_frequency
                    .map_or("none", |(frequency, _)| frequency.as_str());
                [
                    shown("term", subscription.term),
                    shown("billing frequency", subscription.frequency),
                    shown("billing frequency asked for", wanted),
                ]
            }));
            facts
        },
    },
    Rule {
        id: RuleId::of("SUB-023"),
        step: Step::Catalogue,
        ground: Ground::TermShortened,
        at: UPGRADE.and(Checkpoints::of(&[C::ChangeTerm])),
        forbids: |f| {
            is(f, |subscription| {
                subscription
                    .new_term
                    .is_some_and(|term| term.months() < subscription.term.months())
            })
        },
        answer: |_| documented(400, 800_122),
        shows: |f| {
            let mut facts = show(f);
            facts.extend(own(f).into_iter().flat_map(|subscription| {
                let wanted = subscription
                    .new_term
                    .map_or_else(|| "none".to_owned(), |term| term.to_string());
                [
                    shown("term", subscription.term),
                    shown("shorter term asked for", wanted),
                ]
            }));
            facts
        },
    },
    Rule {
        id: RuleId::of("SUB-024"),
        step: Step::Catalogue,
        ground: Ground::TrialItem,
        at: TRIAL,
        forbids: |f| is(f, |subscription| subscription.kind == ItemKind::Trial),
        answer: |f| match f.checkpoint {
            C::ChangeQuantity => documented(400, 800_095),
            C::ChangeTerm | C::ChangeFrequency => documented(400, 800_107),
            _ => documented(400, 800_096),
        },
        shows: |f| {
            let mut facts = show(f);
            facts.extend(own(f).map(|subscription| shown("trial", &subscription.item)));
            facts
        },
    },
];

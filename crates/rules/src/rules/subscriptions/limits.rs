//! Windows, counts and what is fixed: how often, until when and how far a subscription changes.

use tierline_domain::catalog::{ItemKind, Publisher};
use tierline_domain::subscription::SubscriptionState as S;

use super::{
    CANCEL, FREQUENCY, OVERAGE, RECORD, RENEWAL, SEATS, SIX_YEARS, UPDATES, UPDATES_MAX,
    cancellation, is, licence, live, overage, own, show, show_seats, show_window, software, taken,
    too_many_taken, traditional_change, window_over, with,
};
use crate::book::RuleId;
use crate::facts::{Checkpoint as C, Checkpoints};
use crate::registry::{Ground, Rule, Step, claim, documented, private, shown, shown_of};

/// Rules of limits.
pub static RULES: &[Rule] =
    &[
        Rule {
            id: RuleId::of("SUB-027"),
            step: Step::Catalogue,
            ground: Ground::Upgraded,
            at: CANCEL.and(SEATS),
            forbids: |f| {
                own(f).is_some_and(|subscription| {
                    subscription.upgraded
                        && live(subscription)
                        && (f.checkpoint == C::Cancel || too_many_taken(subscription))
                })
            },
            answer: |_| documented(400, 900_117),
            shows: |f| with(show(f), "cancellation window", "none, it was upgraded"),
        },
        Rule {
            id: RuleId::of("SUB-033"),
            step: Step::Catalogue,
            ground: Ground::CancellationWindow,
            at: CANCEL,
            forbids: |f| is(f, |subscription| subscription.converted_from_trial) && window_over(f),
            answer: |_| documented(400, 900_117),
            shows: show_window,
        },
        Rule {
            id: RuleId::of("SUB-035"),
            step: Step::Catalogue,
            ground: Ground::Updates,
            at: UPDATES,
            forbids: |f| is(f, |subscription| subscription.updates >= UPDATES_MAX),
            answer: |_| documented(400, 900_311),
            shows: |f| {
                let mut facts = show(f);
                facts.extend(own(f).map(|subscription| shown("updates", subscription.updates)));
                facts.push(shown("at most", UPDATES_MAX));
                facts
            },
        },
        Rule {
            id: RuleId::of("SUB-037"),
            step: Step::Catalogue,
            ground: Ground::CancellationWindow,
            at: CANCEL,
            forbids: |f| {
                is(f, |subscription| {
                    software(subscription) || subscription.kind == ItemKind::Marketplace
                }) && window_over(f)
            },
            answer: cancellation,
            shows: |f| {
                let mut facts = show_window(f);
                facts.extend(own(f).map(|subscription| shown("item type", subscription.kind)));
                facts
            },
        },
        Rule {
            id: RuleId::of("SUB-037"),
            step: Step::Catalogue,
            ground: Ground::SoftwareSeats,
            at: SEATS,
            forbids: |f| {
                is(f, |subscription| {
                    software(subscription) && taken(subscription) > 0
                })
            },
            answer: |_| documented(400, 800_090),
            shows: |f| {
                let mut facts = show(f);
                facts.extend(own(f).map(|subscription| {
                    claim("item type that cannot be reduced", subscription.kind)
                }));
                facts
            },
        },
        Rule {
            id: RuleId::of("SUB-038"),
            step: Step::Catalogue,
            ground: Ground::SubscriptionState,
            at: UPDATES.and(CANCEL).and(FREQUENCY),
            forbids: |f| {
                is(f, |subscription| {
                    matches!(subscription.state, S::Deleted | S::Expired)
                })
            },
            answer: |f| {
                if is(f, |subscription| subscription.state == S::Deleted) {
                    documented(400, 2011)
                } else {
                    documented(400, 900_277)
                }
            },
            shows: show,
        },
        Rule {
            id: RuleId::of("SUB-040"),
            step: Step::Catalogue,
            ground: Ground::OrderSiblings,
            at: FREQUENCY,
            forbids: |f| {
                traditional_change(f)
                    .is_some_and(|subscription| !subscription.order_blockers.is_empty())
            },
            answer: |_| documented(400, 6000),
            shows: |f| {
                own(f).map_or_else(Vec::new, |subscription| {
                    subscription
                        .order_blockers
                        .iter()
                        .map(|(name, state)| shown("prevented by", format!("{name} ({state})")))
                        .collect()
                })
            },
        },
        Rule {
            id: RuleId::of("SUB-040"),
            step: Step::Catalogue,
            ground: Ground::FrequencyOffered,
            at: FREQUENCY,
            forbids: |f| {
                traditional_change(f).is_some_and(|subscription| {
                    subscription
                        .new_frequency
                        .is_some_and(|(_, offered)| !offered)
                })
            },
            answer: |_| documented(400, 6001),
            shows: |f| {
                let mut facts = show(f);
                facts.extend(
                    own(f)
                        .and_then(|subscription| subscription.new_frequency)
                        .map(|(wanted, _)| claim("frequency that is not offered", wanted)),
                );
                facts
            },
        },
        Rule {
            id: RuleId::of("SUB-040"),
            step: Step::Catalogue,
            ground: Ground::FrequencyPlace,
            at: FREQUENCY,
            forbids: |f| traditional_change(f).is_some() && f.form.at_subscription,
            answer: |_| documented(400, 2054),
            shows: |f| with(show(f), "to be changed through", "its order"),
        },
        Rule {
            id: RuleId::of("SUB-042"),
            step: Step::Catalogue,
            ground: Ground::LiveChildren,
            at: Checkpoints::of(&[C::Suspend]),
            forbids: |f| {
                is(f, |subscription| {
                    subscription.kind == ItemKind::ConsumptionPlan
                        && subscription.active_children > 0
                })
            },
            answer: |_| documented(403, 900_115),
            shows: |f| {
                let mut facts = show(f);
                facts.extend(own(f).map(|subscription| {
                    shown("active subscriptions", subscription.children.join(", "))
                }));
                facts
            },
        },
        Rule {
            id: RuleId::of("SUB-043"),
            step: Step::Catalogue,
            ground: Ground::RecordFixed,
            at: RECORD,
            forbids: |f| is(f, |subscription| subscription.partner_of_record_fixed),
            answer: |_| documented(400, 800_098),
            shows: |f| {
                let mut facts = show(f);
                facts.extend(own(f).map(|subscription| {
                    shown("partner of record is fixed for", &subscription.item)
                }));
                facts
            },
        },
        Rule {
            id: RuleId::of("SUB-046"),
            step: Step::Catalogue,
            ground: Ground::Cancellable,
            at: CANCEL.and(SEATS),
            forbids: |f| {
                own(f).is_some_and(|subscription| {
                    !subscription.cancellable
                        && live(subscription)
                        && (f.checkpoint == C::Cancel || taken(subscription) > 0)
                })
            },
            answer: |_| documented(400, 900_279),
            shows: |f| {
                let mut facts = show(f);
                facts.extend(
                    own(f).map(|subscription| shown("non-cancellable offer", &subscription.item)),
                );
                facts
            },
        },
        Rule {
            id: RuleId::of("SUB-046"),
            step: Step::Catalogue,
            ground: Ground::Renewable,
            at: RENEWAL,
            forbids: |f| {
                is(f, |subscription| {
                    subscription.new_renewal == Some(true)
                        && !subscription.renewable
                        && subscription.term == SIX_YEARS
                })
            },
            answer: |_| documented(400, 900_279),
            shows: |f| {
                let mut facts = show(f);
                facts.extend(own(f).map(|subscription| {
                    claim("six-year offer that does not renew", &subscription.item)
                }));
                facts
            },
        },
        Rule {
            id: RuleId::of("SUB-047"),
            step: Step::Catalogue,
            ground: Ground::CancellationWindow,
            at: CANCEL,
            forbids: |f| {
                is(f, |subscription| {
                    licence(subscription) || subscription.kind == ItemKind::SoftwareSubscription
                }) && window_over(f)
            },
            answer: |_| documented(400, 900_117),
            shows: show_window,
        },
        Rule {
            id: RuleId::of("SUB-047"),
            step: Step::Catalogue,
            ground: Ground::SeatWindow,
            at: SEATS,
            forbids: |f| {
                is(f, |subscription| {
                    live(subscription) && too_many_taken(subscription)
                })
            },
            answer: |_| documented(400, 900_257),
            shows: show_seats,
        },
        Rule {
            id: RuleId::of("SUB-051"),
            step: Step::Catalogue,
            ground: Ground::PreviousOffer,
            at: OVERAGE,
            forbids: |f| overage(f).is_some_and(|meets| !meets.previous.is_empty()),
            answer: |_| documented(403, 800_112),
            shows: |f| {
                let mut facts = show(f);
                facts.extend(overage(f).map(|meets| {
                    shown(
                        "of the previous consumption offer",
                        meets.previous.join(", "),
                    )
                }));
                facts
            },
        },
        Rule {
            id: RuleId::of("SUB-051"),
            step: Step::Catalogue,
            ground: Ground::OverageItem,
            at: OVERAGE,
            forbids: |f| overage(f).is_some_and(|meets| !meets.includes),
            answer: |_| documented(403, 800_114),
            shows: |f| with(show(f), "item that includes overage", "none"),
        },
        Rule {
            id: RuleId::of("SUB-051"),
            step: Step::Catalogue,
            ground: Ground::OverageHolder,
            at: OVERAGE,
            forbids: |f| overage(f).is_some_and(|meets| meets.holder.is_some()),
            answer: |_| documented(403, 800_115),
            shows: |f| {
                let holder = overage(f).and_then(|meets| meets.holder.as_ref());
                let mut facts = show(f);
                facts.extend(
                    holder.map(|(partner, _)| shown_of(partner, "overage is assigned to", partner)),
                );
                facts
            },
        },
        Rule {
            id: RuleId::of("SUB-052"),
            step: Step::Catalogue,
            ground: Ground::SoftwarePlan,
            at: CANCEL,
            forbids: |f| {
                is(f, |subscription| {
                    live(subscription)
                        && subscription.kind == ItemKind::SoftwareSubscription
                        && subscription.publisher == Publisher::ThirdParty
                })
            },
            answer: |_| private(409),
            shows: |f| {
                let mut facts = show(f);
                facts.extend(own(f).map(|subscription| {
                    claim(
                        "prepaid plan of a third party that is not cancellable",
                        &subscription.item,
                    )
                }));
                facts
            },
        },
    ];

//! Section 8.2: the life of a subscription. What its seller may still change, and until when.
//!
//! A caller that did not sell the subscription is answered by TXN-204 alone; nothing here looks further.
// tidy: long because a section of the rulebook stands in one file, and its rules are looked for by id.

use tierline_domain::catalog::{Frequency, Generation, ItemKind, Publisher, Term};
use tierline_domain::customer::Segment;
use tierline_domain::subscription::SubscriptionState as S;
use tierline_domain::time::{Period, Timestamp, add_months};

use super::SUBSCRIPTION_CHANGE;
use crate::book::RuleId;
use crate::facts::{
    Checkpoint as C, Checkpoints, Facts, OverageFact, SubscriptionFact, Transition,
    TransitionTarget,
};
use crate::registry::{
    Answer, Ground, Rule, Shown, Step, claim, documented, private, shown, shown_of,
};

const CANCEL: Checkpoints = Checkpoints::of(&[C::Cancel]);
const SEATS: Checkpoints = Checkpoints::of(&[C::ChangeQuantity]);
const REACTIVATE: Checkpoints = Checkpoints::of(&[C::Reactivate]);
const FREQUENCY: Checkpoints = Checkpoints::of(&[C::ChangeFrequency]);
const SCHEDULE: Checkpoints = Checkpoints::of(&[C::ScheduleChange]);
const RENEWAL: Checkpoints = Checkpoints::of(&[C::SetRenewal]);
const RECORD: Checkpoints = Checkpoints::of(&[C::SetPartnerOfRecord]);
/// Changes that count as updates of the resource (SUB-035, SUB-038): all but its end.
const UPDATES: Checkpoints = Checkpoints::of(&[
    C::ChangeQuantity,
    C::Suspend,
    C::Reactivate,
    C::SetRenewal,
    C::ScheduleChange,
    C::ChangeFrequency,
    C::ChangeTerm,
    C::Upgrade,
    C::ConvertTrial,
    C::SetPartnerOfRecord,
    C::UpdateSubscription,
]);
/// What is read-only while a renewal is queued (SUB-018).
const QUEUED: Checkpoints = Checkpoints::of(&[
    C::SetRenewal,
    C::ScheduleChange,
    C::Suspend,
    C::Reactivate,
    C::UpdateSubscription,
]);
/// What may be changed of a trial: nothing but its renewal and its conversion (SUB-024).
const TRIAL: Checkpoints = Checkpoints::of(&[
    C::ChangeQuantity,
    C::ChangeTerm,
    C::ChangeFrequency,
    C::Suspend,
    C::Reactivate,
    C::Cancel,
]);
const UPGRADE: Checkpoints = Checkpoints::of(&[C::Upgrade]);
const CONVERT: Checkpoints = Checkpoints::of(&[C::ConvertTrial]);
const MIGRATE: Checkpoints = Checkpoints::of(&[C::Migrate]);
const OVERAGE: Checkpoints = Checkpoints::of(&[C::SetOverage]);
/// What goes into another subscription.
const INTO: Checkpoints = UPGRADE.and(CONVERT);
/// Most updates in a subscription's life (SUB-035).
const UPDATES_MAX: i64 = 1_200;
/// Months of an offer that is never cancelled nor renewed (SUB-046).
const SIX_YEARS: Term = Term::Months(72);

fn own(f: &Facts) -> Option<&SubscriptionFact> {
    f.subscription
        .as_ref()
        .filter(|subscription| subscription.own)
}

fn is(f: &Facts, fails: fn(&SubscriptionFact) -> bool) -> bool {
    own(f).is_some_and(fails)
}

fn live(subscription: &SubscriptionFact) -> bool {
    matches!(subscription.state, S::Active | S::Suspended)
}

/// States in which a command makes sense; the specific rules say why not in the others.
fn admitting(f: &Facts) -> &'static [S] {
    match f.checkpoint {
        C::Cancel => &[S::Active, S::Suspended],
        C::Reactivate => &[S::Suspended],
        C::SetRenewal
            if own(f).is_some_and(|subscription| subscription.new_renewal == Some(false)) =>
        {
            &[S::Active, S::Suspended]
        }
        C::UpdateSubscription if f.form.registers || f.form.activates => &[S::Active],
        C::UpdateSubscription | C::SetPartnerOfRecord => &[S::Active, S::Suspended, S::Disabled],
        _ => &[S::Active],
    }
}

fn show(f: &Facts) -> Vec<Shown> {
    own(f).map_or_else(Vec::new, |subscription| {
        vec![
            shown("subscription", &subscription.name),
            shown("current state", subscription.state),
        ]
    })
}

fn show_states(f: &Facts) -> Vec<Shown> {
    let mut facts = show(f);
    let states: Vec<&str> = admitting(f).iter().map(|state| state.as_str()).collect();
    facts.push(shown("states that allow the command", states.join(", ")));
    facts
}

fn with(mut facts: Vec<Shown>, label: &str, value: impl ToString) -> Vec<Shown> {
    facts.push(shown(label, value));
    facts
}

/// A day, and beside it the very instant: windows end at instants (SUB-047).
fn day_and_instant(at: Timestamp) -> String {
    format!("{} ({at})", at.date())
}

fn show_window(f: &Facts) -> Vec<Shown> {
    let mut facts = show(f);
    if let Some(until) = own(f).and_then(|subscription| subscription.cancel_until) {
        facts.push(claim("window ended on", day_and_instant(until)));
    }
    facts
}

fn show_term_end(f: &Facts) -> Vec<Shown> {
    let mut facts = show(f);
    facts.extend(
        own(f)
            .and_then(|subscription| subscription.term_end)
            .map(|day| claim("term ended on", day)),
    );
    facts
}

fn show_seats(f: &Facts) -> Vec<Shown> {
    let Some(subscription) = own(f) else {
        return Vec::new();
    };
    let mut facts = vec![
        shown("subscription", &subscription.name),
        shown("seats now", subscription.quantity),
        shown("can still be reduced by", reducible(subscription)),
    ];
    for (quantity, until) in &subscription.reducible {
        facts.push(shown(
            &format!("{quantity} of them until"),
            day_and_instant(*until),
        ));
    }
    facts
}

/// The window for cancelling is over; only where cancelling knows one and the state would allow it.
fn window_over(f: &Facts) -> bool {
    own(f).is_some_and(|subscription| {
        live(subscription)
            && subscription
                .cancel_until
                .is_some_and(|until| f.now >= until)
    })
}

fn licence(subscription: &SubscriptionFact) -> bool {
    subscription.generation == Generation::NewCommerce
        && matches!(subscription.kind, ItemKind::Licence | ItemKind::AddOn)
}

fn software(subscription: &SubscriptionFact) -> bool {
    matches!(
        subscription.kind,
        ItemKind::SoftwareSubscription | ItemKind::PerpetualSoftware
    )
}

/// Seats that a change would take away.
fn taken(subscription: &SubscriptionFact) -> i64 {
    subscription.new_quantity.map_or(0, |wanted| {
        subscription.quantity.saturating_sub(wanted).max(0)
    })
}

fn added(subscription: &SubscriptionFact) -> i64 {
    subscription.new_quantity.map_or(0, |wanted| {
        wanted.saturating_sub(subscription.quantity).max(0)
    })
}

fn reducible(subscription: &SubscriptionFact) -> i64 {
    subscription
        .reducible
        .iter()
        .fold(0_i64, |sum, (quantity, _)| sum.saturating_add(*quantity))
}

/// More seats than those whose windows are open; traditional seats know no window (BIL-046).
fn too_many_taken(subscription: &SubscriptionFact) -> bool {
    subscription.generation == Generation::NewCommerce
        && taken(subscription) > reducible(subscription)
}

/// The days a suspended subscription spends disabled before the ninety (SUB-014).
fn disabled_days(f: &Facts, subscription: &SubscriptionFact) -> Option<i32> {
    let end = subscription.term_end?;
    f.today.since(end).ok().map(|span| span.get_days())
}

fn cancellation(f: &Facts) -> Answer {
    let hours = own(f).is_some_and(|subscription| subscription.kind == ItemKind::Marketplace);
    documented(400, if hours { 900_213 } else { 900_117 })
}

/// Mid-term changes of frequency (the table after SUB-052): three years between monthly and annual.
fn frequency_fixed(subscription: &SubscriptionFact) -> bool {
    let Some((wanted, _)) = subscription.new_frequency else {
        return false;
    };
    let movable = |frequency| matches!(frequency, Frequency::Monthly | Frequency::Annual);
    subscription.generation == Generation::NewCommerce
        && wanted != subscription.frequency
        && !(subscription.term == Term::THREE_YEARS
            && movable(subscription.frequency)
            && movable(wanted))
}

/// A traditional change concerns the whole order.
fn traditional_change(f: &Facts) -> Option<&SubscriptionFact> {
    own(f).filter(|subscription| {
        subscription.generation == Generation::Traditional && subscription.new_frequency.is_some()
    })
}

fn transition(f: &Facts) -> Option<&Transition> {
    own(f).and_then(|subscription| subscription.transition.as_deref())
}

/// What an upgrade or an early conversion goes into.
fn target(f: &Facts) -> Option<(&SubscriptionFact, &Transition, &TransitionTarget)> {
    let source = own(f)?;
    let change = source.transition.as_deref()?;
    Some((source, change, change.target.as_ref()?))
}

fn into(f: &Facts, fails: fn(&SubscriptionFact, &Transition, &TransitionTarget) -> bool) -> bool {
    target(f).is_some_and(|(source, change, target)| fails(source, change, target))
}

/// Which condition of the target fails.
fn show_target(f: &Facts, condition: &str) -> Vec<Shown> {
    let mut facts = show(f);
    if let Some((_, change, target)) = target(f) {
        facts.push(claim("failed condition", condition));
        facts.push(shown(
            "target",
            format!("{} ({})", target.name, target.state),
        ));
        facts.push(shown("item of the target", &target.item));
        facts.push(shown("item asked for", &change.to));
        facts.push(shown("term of the target", target.term));
        facts.extend(target.term_end.map(|day| shown("end of the target", day)));
    }
    if let Some(day) = own(f).and_then(|source| source.term_end) {
        facts.push(shown("end of the source", day));
    }
    facts
}

/// Seats that an upgrade or conversion moves lie within what there is.
fn seats_beyond(f: &Facts) -> bool {
    own(f)
        .zip(transition(f))
        .is_some_and(|(source, change)| change.quantity < 1 || change.quantity > source.quantity)
}

fn migrating(f: &Facts, fails: fn(&SubscriptionFact) -> bool) -> bool {
    f.checkpoint == C::Migrate && is(f, fails)
}

fn show_migration(f: &Facts, condition: &str) -> Vec<Shown> {
    let mut facts = show(f);
    facts.push(claim("failed condition", condition));
    if let Some(subscription) = own(f) {
        facts.push(shown("item", &subscription.item));
        facts.push(shown("bought on", subscription.bought.date()));
        facts.extend(subscription.term_end.map(|day| shown("term ends on", day)));
    }
    facts
}

/// What a change of overage meets; a subscription of another partner is none of the caller's.
fn overage(f: &Facts) -> Option<&OverageFact> {
    f.form.overage.as_ref().filter(|_| own(f).is_some())
}

/// Less than 24 hours are left of the term (SUB-041).
fn last_day(f: &Facts) -> bool {
    own(f)
        .and_then(|subscription| subscription.term_end)
        .zip(f.now.plus(Period::days(1)).ok())
        .is_some_and(|(end, tomorrow)| tomorrow.date() > end)
}

/// Rules of section 8.2.
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
    Rule {
        id: RuleId::of("SUB-026"),
        step: Step::Catalogue,
        ground: Ground::SubscriptionState,
        at: UPGRADE,
        forbids: |f| is(f, |subscription| subscription.state != S::Active),
        answer: |_| documented(400, 800_012),
        shows: show,
    },
    Rule {
        id: RuleId::of("SUB-026"),
        step: Step::Catalogue,
        ground: Ground::UpgradePath,
        at: UPGRADE.and(SCHEDULE).and(CONVERT),
        forbids: |f| transition(f).is_some_and(|change| !change.listed),
        answer: |_| documented(400, 800_021),
        shows: |f| {
            let mut facts = show(f);
            facts.extend(own(f).zip(transition(f)).map(|(source, change)| {
                claim(
                    "path that is not listed",
                    format!("{} to {}", source.item, change.to),
                )
            }));
            facts
        },
    },
    Rule {
        id: RuleId::of("SUB-028"),
        step: Step::Catalogue,
        ground: Ground::TargetState,
        at: INTO,
        forbids: |f| {
            into(f, |_, _, target| {
                target.state != S::Active || !target.same_parties
            })
        },
        answer: |_| documented(400, 900_258),
        shows: |f| show_target(f, "active"),
    },
    Rule {
        id: RuleId::of("SUB-028"),
        step: Step::Catalogue,
        ground: Ground::TargetWindow,
        at: UPGRADE,
        forbids: |f| into(f, |_, _, target| target.window_open && !target.is_source),
        answer: |_| documented(400, 900_261),
        shows: |f| show_target(f, "outside its cancellation window"),
    },
    Rule {
        id: RuleId::of("SUB-028"),
        step: Step::Catalogue,
        ground: Ground::TargetItem,
        at: INTO,
        forbids: |f| {
            into(f, |_, change, target| {
                target.item != change.to && !target.is_source
            })
        },
        answer: |_| documented(400, 900_260),
        shows: |f| show_target(f, "of the same catalogue item"),
    },
    Rule {
        id: RuleId::of("SUB-028"),
        step: Step::Catalogue,
        ground: Ground::TargetSelf,
        at: INTO,
        forbids: |f| into(f, |_, _, target| target.is_source),
        answer: |_| documented(400, 900_259),
        shows: |f| show_target(f, "not the source itself"),
    },
    Rule {
        id: RuleId::of("SUB-028"),
        step: Step::Catalogue,
        ground: Ground::TargetTerm,
        at: UPGRADE,
        forbids: |f| {
            into(f, |source, _, target| {
                target.term.months() < source.term.months()
            })
        },
        answer: |_| documented(400, 900_267),
        shows: |f| show_target(f, "with a term at least as long"),
    },
    Rule {
        id: RuleId::of("SUB-028"),
        step: Step::Catalogue,
        ground: Ground::TargetEnd,
        at: UPGRADE,
        forbids: |f| into(f, |source, _, target| target.term_end < source.term_end),
        answer: |_| documented(400, 900_236),
        shows: |f| show_target(f, "with an end not earlier"),
    },
    Rule {
        id: RuleId::of("SUB-031"),
        step: Step::Quantity,
        ground: Ground::ConversionSeats,
        at: CONVERT,
        forbids: |f| {
            own(f)
                .zip(transition(f))
                .is_some_and(|(trial, change)| !change.at_end && change.quantity < trial.quantity)
        },
        answer: |_| documented(400, 2002),
        shows: |f| {
            let mut facts = show(f);
            facts.extend(
                own(f)
                    .zip(transition(f))
                    .into_iter()
                    .flat_map(|(trial, change)| {
                        [
                            shown("quantity asked for", change.quantity),
                            shown("at least", trial.quantity),
                        ]
                    }),
            );
            facts
        },
    },
    Rule {
        id: RuleId::of("SUB-032"),
        step: Step::Catalogue,
        ground: Ground::TargetEnd,
        at: CONVERT,
        forbids: |f| into(f, |trial, _, target| target.term_end < trial.term_end),
        answer: |_| documented(400, 900_236),
        shows: |f| show_target(f, "ends on or after the trial's end"),
    },
    Rule {
        id: RuleId::of("SUB-034"),
        step: Step::Catalogue,
        ground: Ground::ScheduledEnd,
        at: SCHEDULE.and(CONVERT),
        forbids: |f| {
            own(f).is_some()
                && f.form
                    .scheduled_end
                    .as_ref()
                    .is_some_and(|end| !end.online_service || !end.within() || !end.aligned)
        },
        answer: |f| match &f.form.scheduled_end {
            Some(end) if !end.online_service => documented(400, 900_244),
            Some(end) if end.within() => documented(400, 900_246),
            _ => documented(400, 900_245),
        },
        shows: |f| {
            let mut facts = show(f);
            if let Some(end) = &f.form.scheduled_end {
                facts.push(shown("end asked for", end.day));
                facts.push(shown("next term begins on", end.first));
                facts.extend(
                    end.last
                        .map(|last| shown("next term ends by itself on", last)),
                );
                let aligned = if end.aligned { "yes" } else { "no" };
                facts.push(shown("end of a month or of another subscription", aligned));
            }
            facts
        },
    },
    Rule {
        id: RuleId::of("SUB-041"),
        step: Step::Catalogue,
        ground: Ground::SubscriptionState,
        at: MIGRATE,
        forbids: |f| migrating(f, |subscription| subscription.state != S::Active),
        answer: |_| documented(400, 900_215),
        shows: |f| show_migration(f, "active"),
    },
    Rule {
        id: RuleId::of("SUB-041"),
        step: Step::Catalogue,
        ground: Ground::MigrationAge,
        at: MIGRATE,
        forbids: |f| {
            own(f).is_some_and(|subscription| f.today < add_months(subscription.bought.date(), 1))
        },
        answer: |_| documented(403, 900_226),
        shows: |f| show_migration(f, "a month old"),
    },
    Rule {
        id: RuleId::of("SUB-041"),
        step: Step::Catalogue,
        ground: Ground::MigrationEnd,
        at: MIGRATE,
        forbids: last_day,
        answer: |_| documented(400, 900_217),
        shows: |f| show_migration(f, "24 hours before the end of its term"),
    },
    Rule {
        id: RuleId::of("SUB-041"),
        step: Step::Catalogue,
        ground: Ground::MigrationKind,
        at: MIGRATE,
        forbids: |f| {
            migrating(f, |subscription| {
                subscription.generation != Generation::Traditional
                    || !matches!(subscription.kind, ItemKind::Licence | ItemKind::AddOn)
            })
        },
        answer: |_| documented(400, 900_220),
        shows: |f| show_migration(f, "a traditional licence, and no trial"),
    },
    Rule {
        id: RuleId::of("SUB-041"),
        step: Step::Catalogue,
        ground: Ground::MigrationDiscount,
        at: MIGRATE,
        forbids: |f| migrating(f, |subscription| subscription.promotion_name.is_some()),
        answer: |_| documented(400, 900_218),
        shows: |f| show_migration(f, "without a discount"),
    },
    Rule {
        id: RuleId::of("SUB-041"),
        step: Step::Catalogue,
        ground: Ground::MigrationSegment,
        at: MIGRATE,
        forbids: |f| {
            migrating(f, |subscription| {
                subscription.segment != Segment::Commercial
            })
        },
        answer: |_| documented(400, 900_221),
        shows: |f| {
            let mut facts = show_migration(f, "of no special segment");
            facts.extend(own(f).map(|subscription| shown("segment", subscription.segment)));
            facts
        },
    },
    Rule {
        id: RuleId::of("SUB-049"),
        step: Step::Catalogue,
        ground: Ground::ScheduledTarget,
        at: CONVERT,
        forbids: |f| into(f, |_, change, _| change.at_end),
        answer: |_| private(400),
        shows: |f| show_target(f, "nothing scheduled goes into an existing subscription"),
    },
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
            facts.extend(
                own(f).map(|subscription| {
                    claim("item type that cannot be reduced", subscription.kind)
                }),
            );
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
                subscription.kind == ItemKind::ConsumptionPlan && subscription.active_children > 0
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
            facts.extend(
                own(f).map(|subscription| {
                    shown("partner of record is fixed for", &subscription.item)
                }),
            );
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

#[cfg(test)]
mod tests;

//! Section 8.2: the life of a subscription. What its seller may still change, and until when.
//!
//! A caller that did not sell the subscription is answered by TXN-204 alone; nothing here looks further.

use tierline_domain::catalog::{Frequency, Generation, ItemKind, Publisher, Term};
use tierline_domain::customer::Segment;
use tierline_domain::subscription::SubscriptionState as S;
use tierline_domain::time::{Period, Timestamp, add_months};

use super::SUBSCRIPTION_CHANGE;
use crate::book::RuleId;
use crate::facts::{
    Checkpoint as C, Checkpoints, Facts, SubscriptionFact, Transition, TransitionTarget,
};
use crate::registry::{Answer, Ground, Rule, Shown, Step, documented, private, shown};

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
        facts.push(shown("window ended on", day_and_instant(until)));
    }
    facts
}

fn show_term_end(f: &Facts) -> Vec<Shown> {
    let mut facts = show(f);
    facts.extend(
        own(f)
            .and_then(|subscription| subscription.term_end)
            .map(|day| shown("term ended on", day)),
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
        facts.push(shown("failed condition", condition));
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
    facts.push(shown("failed condition", condition));
    if let Some(subscription) = own(f) {
        facts.push(shown("item", &subscription.item));
        facts.push(shown("bought on", subscription.bought.date()));
        facts.extend(subscription.term_end.map(|day| shown("term ends on", day)));
    }
    facts
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
        answer: |_| documented(400, 800_040),
        shows: show_states,
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
                own(f).map(|subscription| shown("item that cannot renew", &subscription.item)),
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
        at: FREQUENCY.and(Checkpoints::of(&[C::ChangeTerm])),
        forbids: |f| match f.checkpoint {
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
        at: Checkpoints::of(&[C::ChangeTerm]),
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
        at: UPGRADE,
        forbids: |f| transition(f).is_some_and(|change| !change.listed),
        answer: |_| documented(400, 800_021),
        shows: |f| {
            let mut facts = show(f);
            facts.extend(own(f).zip(transition(f)).map(|(source, change)| {
                shown(
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
                    shown("item type that cannot be reduced", subscription.kind)
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
                    .map(|(wanted, _)| shown("frequency that is not offered", wanted)),
            );
            facts
        },
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
                shown("six-year offer that does not renew", &subscription.item)
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
                shown(
                    "prepaid plan of a third party that is not cancellable",
                    &subscription.item,
                )
            }));
            facts
        },
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{answer, command, failed, shows};

    fn rules(facts: &Facts) -> Vec<String> {
        failed(facts, "SUB")
    }

    #[test]
    fn an_ordinary_command_passes() {
        for checkpoint in SUBSCRIPTION_CHANGE.iter() {
            let facts = command(checkpoint, |subject| {
                subject.cancel_until = None;
                if checkpoint == C::Reactivate {
                    subject.state = S::Suspended;
                }
                if checkpoint == C::Migrate {
                    subject.generation = Generation::Traditional;
                }
            });
            assert!(rules(&facts).is_empty(), "{checkpoint}");
        }
    }

    #[test]
    fn another_partners_subscription_tells_nothing() {
        let mut facts = command(C::Cancel, |_| {});
        facts.subscription.as_mut().unwrap().own = false;
        assert!(rules(&facts).is_empty());
        assert!(!failed(&facts, "TXN").is_empty());
    }

    #[test]
    fn the_window_for_cancelling() {
        let at = |until: &str, state| {
            command(C::Cancel, |subject| {
                subject.cancel_until = until.parse().ok();
                subject.state = state;
            })
        };
        assert!(rules(&at("2023-11-15T12:00:01Z", S::Active)).is_empty());
        let over = at("2023-11-15T12:00:00Z", S::Active);
        assert_eq!(rules(&over), ["SUB-003", "SUB-047"]);
        assert_eq!(answer(&over, "SUB"), (400, Some(900_117)));
        assert!(shows(&over, "SUB-003").contains("2023-11-15 ("));
        let suspended = at("2023-11-15T12:00:00Z", S::Suspended);
        assert_eq!(rules(&suspended), ["SUB-003", "SUB-013", "SUB-047"]);
        assert!(rules(&at("2023-11-16T12:00:00Z", S::Suspended)).is_empty());
        let gone = at("2023-11-15T12:00:00Z", S::Deleted);
        assert_eq!(rules(&gone), ["SUB-001", "SUB-038"]);
        assert_eq!(answer(&gone, "SUB"), (400, Some(2011)));
    }

    #[test]
    fn what_cannot_be_cancelled() {
        let open = "2023-11-20T10:00:00Z";
        let cancel = |change: fn(&mut SubscriptionFact)| {
            command(C::Cancel, |subject| {
                subject.cancel_until = open.parse().ok();
                change(subject);
            })
        };
        assert_eq!(
            rules(&cancel(|subject| subject.upgraded = true)),
            ["SUB-027"]
        );
        assert_eq!(
            rules(&cancel(|subject| subject.cancellable = false)),
            ["SUB-046"]
        );
        assert_eq!(
            rules(&cancel(|subject| subject.kind = ItemKind::Trial)),
            ["SUB-024"]
        );
        let plan = cancel(|subject| {
            subject.kind = ItemKind::SoftwareSubscription;
            subject.publisher = Publisher::ThirdParty;
        });
        assert_eq!(rules(&plan), ["SUB-052"]);
        assert_eq!(answer(&plan, "SUB"), (409, None));
        let late = |kind| {
            let facts = command(C::Cancel, |subject| subject.kind = kind);
            (rules(&facts), answer(&facts, "SUB"))
        };
        assert_eq!(
            late(ItemKind::Marketplace),
            (vec!["SUB-037".to_owned()], (400, Some(900_213)))
        );
        assert_eq!(
            late(ItemKind::PerpetualSoftware),
            (vec!["SUB-037".to_owned()], (400, Some(900_117)))
        );
        assert_eq!(
            late(ItemKind::SoftwareSubscription).0,
            ["SUB-037", "SUB-047"]
        );
        let converted = command(C::Cancel, |subject| subject.converted_from_trial = true);
        assert_eq!(rules(&converted), ["SUB-003", "SUB-033", "SUB-047"]);
    }

    fn seats(to: i64, change: fn(&mut SubscriptionFact)) -> Facts {
        let mut facts = command(C::ChangeQuantity, |subject| {
            subject.new_quantity = Some(to);
            subject.reducible = vec![(3, "2023-11-20T10:00:00Z".parse().unwrap())];
            change(subject);
        });
        facts.new_business = to > 10;
        facts
    }

    #[test]
    fn seats_go_while_their_window_is_open() {
        assert!(rules(&seats(7, |_| {})).is_empty());
        let six = seats(6, |_| {});
        assert_eq!(rules(&six), ["SUB-006", "SUB-047"]);
        assert_eq!(answer(&six, "SUB"), (400, Some(800_090)));
        assert!(shows(&six, "SUB-006").contains("reduced by: 3"));
        let traditional = |subject: &mut SubscriptionFact| {
            subject.generation = Generation::Traditional;
        };
        assert!(rules(&seats(2, traditional)).is_empty());
        let software = |subject: &mut SubscriptionFact| {
            subject.kind = ItemKind::SoftwareSubscription;
        };
        assert_eq!(rules(&seats(9, software)), ["SUB-037"]);
        assert_eq!(
            rules(&seats(9, |subject| subject.cancellable = false)),
            ["SUB-046"]
        );
        let upgraded = |subject: &mut SubscriptionFact| {
            subject.upgraded = true;
            subject.reducible.clear();
        };
        assert_eq!(
            rules(&seats(9, upgraded)),
            ["SUB-006", "SUB-027", "SUB-047"]
        );
    }

    #[test]
    fn seats_grow_while_active_and_within_bounds() {
        assert!(rules(&seats(10_000, |_| {})).is_empty());
        let beyond = seats(10_001, |_| {});
        assert_eq!(rules(&beyond), ["SUB-008"]);
        assert_eq!(answer(&beyond, "SUB"), (400, Some(2002)));
        let suspended = seats(12, |subject| subject.state = S::Suspended);
        assert_eq!(rules(&suspended), ["SUB-001", "SUB-005", "SUB-008"]);
        assert_eq!(answer(&suspended, "SUB"), (400, Some(2001)));
        let deleted = seats(12, |subject| subject.state = S::Deleted);
        assert_eq!(answer(&deleted, "SUB"), (400, Some(2011)));
        let trial = seats(26, |subject| subject.kind = ItemKind::Trial);
        assert_eq!(answer(&trial, "SUB"), (400, Some(800_095)));
        assert_eq!(
            rules(&seats(12, |subject| subject.updates = 1_200)),
            ["SUB-035"]
        );
        assert!(rules(&seats(12, |subject| subject.updates = 1_199)).is_empty());
    }

    #[test]
    fn coming_back() {
        let back = |state, end: &str| {
            let facts = command(C::Reactivate, |subject| {
                subject.state = state;
                subject.term_end = end.parse().ok();
            });
            (
                rules(&facts),
                rules(&facts).first().map(|_| answer(&facts, "SUB")),
            )
        };
        assert_eq!(back(S::Suspended, "2023-11-15"), (Vec::new(), None));
        let illegal = Some((400, Some(800_040)));
        assert_eq!(
            back(S::Suspended, "2023-11-14"),
            (vec!["SUB-012".to_owned()], illegal)
        );
        assert_eq!(
            back(S::Active, "2024-06-14"),
            (vec!["SUB-001".to_owned()], illegal)
        );
        let (expired, code) = back(S::Expired, "2023-11-01");
        assert_eq!(expired, ["SUB-001", "SUB-012", "SUB-015", "SUB-038"]);
        assert_eq!(code, illegal);
        assert_eq!(
            back(S::Disabled, "2023-11-01").0,
            ["SUB-001", "SUB-012", "SUB-014"]
        );
        assert_eq!(
            back(S::Disabled, "2023-09-01").0,
            ["SUB-001", "SUB-012", "SUB-014", "SUB-015"]
        );
    }

    #[test]
    fn renewal_and_what_is_scheduled() {
        let renew = |on: bool, change: fn(&mut SubscriptionFact)| {
            rules(&command(C::SetRenewal, |subject| {
                subject.new_renewal = Some(on);
                change(subject);
            }))
        };
        assert_eq!(
            renew(true, |subject| subject.renewable = false),
            ["SUB-016"]
        );
        assert!(renew(false, |subject| subject.renewable = false).is_empty());
        assert_eq!(
            renew(false, |subject| subject.renewal_queued = true),
            ["SUB-018"]
        );
        assert_eq!(
            renew(true, |subject| subject.state = S::Suspended),
            ["SUB-001"]
        );
        assert!(renew(false, |subject| subject.state = S::Suspended).is_empty());
        let six_years = renew(true, |subject| {
            subject.renewable = false;
            subject.term = SIX_YEARS;
        });
        assert_eq!(six_years, ["SUB-016", "SUB-046"]);
        let schedule = |change: fn(&mut SubscriptionFact)| {
            rules(&command(C::ScheduleChange, |subject| {
                subject.new_quantity = Some(5);
                change(subject);
            }))
        };
        assert!(schedule(|_| {}).is_empty());
        assert_eq!(schedule(|subject| subject.renewal = false), ["SUB-019"]);
        assert_eq!(
            schedule(|subject| subject.state = S::Suspended),
            ["SUB-001", "SUB-019"]
        );
        assert_eq!(schedule(|subject| subject.min_quantity = 6), ["SUB-008"]);
    }

    #[test]
    fn frequencies_in_mid_term() {
        use Frequency::{Annual, Monthly, Triennial};
        let passes = |term, from, to| {
            rules(&command(C::ChangeFrequency, |subject| {
                subject.term = term;
                subject.frequency = from;
                subject.new_frequency = Some((to, true));
            }))
            .is_empty()
        };
        assert!(passes(Term::THREE_YEARS, Monthly, Annual));
        assert!(passes(Term::THREE_YEARS, Annual, Monthly));
        assert!(!passes(Term::THREE_YEARS, Annual, Triennial));
        assert!(!passes(Term::THREE_YEARS, Triennial, Annual));
        assert!(!passes(Term::YEAR, Monthly, Annual));
        assert!(!passes(Term::YEAR, Annual, Monthly));
    }

    #[test]
    fn traditional_frequencies_concern_the_whole_order() {
        let change = |offered: bool, blocked: bool| {
            let facts = command(C::ChangeFrequency, |subject| {
                subject.generation = Generation::Traditional;
                subject.new_frequency = Some((Frequency::Annual, offered));
                if blocked {
                    subject.order_blockers = vec![("sub-2".to_owned(), S::Suspended)];
                }
            });
            (
                rules(&facts),
                rules(&facts).first().map(|_| answer(&facts, "SUB").1),
            )
        };
        assert_eq!(change(true, false).0, Vec::<String>::new());
        assert_eq!(
            change(true, true),
            (vec!["SUB-040".to_owned()], Some(Some(6000)))
        );
        assert_eq!(
            change(false, false),
            (vec!["SUB-040".to_owned()], Some(Some(6001)))
        );
    }

    fn change(
        checkpoint: C,
        to: impl FnOnce(&mut SubscriptionFact, &mut Transition),
    ) -> (Vec<String>, Option<(u16, Option<u32>)>) {
        let mut shift = Transition {
            to: "suite-plus".to_owned(),
            listed: true,
            quantity: 10,
            at_end: false,
            term_offered: true,
            target: None,
        };
        let facts = command(checkpoint, |subject| {
            to(subject, &mut shift);
            subject.transition = Some(Box::new(shift));
        });
        let mut found = rules(&facts);
        found.extend(failed(&facts, "ORD"));
        let answer = rules(&facts).first().map(|_| answer(&facts, "SUB"));
        (found, answer)
    }

    fn existing() -> TransitionTarget {
        TransitionTarget {
            name: "sub-2".to_owned(),
            is_source: false,
            state: S::Active,
            item: "suite-plus".to_owned(),
            term: Term::YEAR,
            term_end: "2024-06-14".parse().ok(),
            window_open: false,
            same_parties: true,
        }
    }

    #[test]
    fn upgrades() {
        assert_eq!(change(C::Upgrade, |_, _| {}).0, Vec::<String>::new());
        let (found, code) = change(C::Upgrade, |_, shift| shift.listed = false);
        assert_eq!(
            (found, code),
            (vec!["SUB-026".to_owned()], Some((400, Some(800_021))))
        );
        let (found, code) = change(C::Upgrade, |subject, _| subject.state = S::Suspended);
        assert_eq!(found, ["SUB-001", "SUB-026"]);
        assert_eq!(code, Some((400, Some(800_012))));
        let (found, _) = change(C::Upgrade, |_, shift| shift.quantity = 11);
        assert_eq!(found, ["SUB-008"]);
    }

    #[test]
    fn what_an_upgrade_goes_into() {
        type Change = fn(&mut TransitionTarget);
        let cases: &[(Option<u32>, Change)] = &[
            (None, |_| {}),
            (Some(900_258), |target| target.state = S::Suspended),
            (Some(900_261), |target| target.window_open = true),
            (Some(900_260), |target| {
                target.item = "suite-standard".to_owned()
            }),
            (Some(900_259), |target| target.is_source = true),
            (Some(900_267), |target| target.term = Term::MONTH),
            (Some(900_236), |target| {
                target.term_end = "2024-06-13".parse().ok()
            }),
        ];
        for (code, fault) in cases {
            let (found, answer) = change(C::Upgrade, |_, shift| {
                let mut target = existing();
                fault(&mut target);
                shift.target = Some(target);
            });
            assert_eq!(answer, code.map(|code| (400, Some(code))));
            assert_eq!(found.len(), usize::from(code.is_some()), "{found:?}");
        }
    }

    #[test]
    fn conversions() {
        let trial = |subject: &mut SubscriptionFact| {
            subject.kind = ItemKind::Trial;
            subject.quantity = 25;
        };
        let convert = |count: i64, at_end: bool, target: Option<TransitionTarget>| {
            change(C::ConvertTrial, |subject, shift| {
                trial(subject);
                shift.quantity = count;
                shift.at_end = at_end;
                shift.target = target;
            })
        };
        assert!(convert(25, false, None).0.is_empty());
        assert!(convert(20, true, None).0.is_empty());
        assert_eq!(convert(24, false, None).1, Some((400, Some(2002))));
        assert_eq!(convert(25, false, None).0, Vec::<String>::new());
        let early = TransitionTarget {
            term_end: "2024-01-01".parse().ok(),
            ..existing()
        };
        assert_eq!(convert(25, false, Some(early)).0, ["SUB-032"]);
        assert!(convert(25, false, Some(existing())).0.is_empty());
        assert_eq!(convert(25, true, Some(existing())).0, ["SUB-049"]);
    }

    #[test]
    fn longer_terms() {
        let lengthen = |term: Term, frequency: Frequency, offered: bool| {
            change(C::ChangeTerm, |subject, shift| {
                subject.new_term = Some(term);
                subject.new_frequency = Some((frequency, offered));
                shift.term_offered = true;
            })
            .0
        };
        assert!(lengthen(Term::THREE_YEARS, Frequency::Monthly, true).is_empty());
        assert_eq!(lengthen(Term::MONTH, Frequency::Monthly, true), ["SUB-023"]);
        assert_eq!(lengthen(Term::YEAR, Frequency::Monthly, true), ["SUB-022"]);
        assert_eq!(
            lengthen(Term::MONTH, Frequency::Annual, false),
            ["SUB-023", "ORD-018"]
        );
        let unsold = change(C::ChangeTerm, |subject, shift| {
            subject.new_term = Some(Term::THREE_YEARS);
            subject.new_frequency = Some((Frequency::Monthly, false));
            shift.term_offered = false;
        });
        assert_eq!(unsold.0, ["ORD-017"]);
    }

    #[test]
    fn migrations() {
        type Change = fn(&mut SubscriptionFact);
        let cases: &[(u32, Change)] = &[
            (900_215, |subject| subject.state = S::Suspended),
            (900_226, |subject| {
                subject.bought = "2023-10-20T10:00:00Z".parse().unwrap();
            }),
            (900_217, |subject| {
                subject.term_end = "2023-11-15".parse().ok()
            }),
            (900_220, |subject| {
                subject.generation = Generation::NewCommerce
            }),
            (900_218, |subject| {
                subject.promotion_name = Some("promo-1".to_owned())
            }),
            (900_221, |subject| subject.segment = Segment::Education),
        ];
        for (code, fault) in cases {
            let facts = command(C::Migrate, |subject| {
                subject.generation = Generation::Traditional;
                fault(subject);
            });
            assert_eq!(rules(&facts), ["SUB-041"]);
            assert_eq!(answer(&facts, "SUB").1, Some(*code));
        }
    }

    #[test]
    fn plans_records_and_stale_tags() {
        let plan = command(C::Suspend, |subject| {
            subject.kind = ItemKind::ConsumptionPlan;
            subject.active_children = 1;
            subject.children = vec!["az-1".to_owned()];
        });
        assert_eq!(rules(&plan), ["SUB-042"]);
        assert!(shows(&plan, "SUB-042").contains("az-1"));
        let record = command(C::SetPartnerOfRecord, |subject| {
            subject.partner_of_record_fixed = true;
        });
        assert_eq!(rules(&record), ["SUB-043"]);
        let mut stale = command(C::UpdateSubscription, |_| {});
        assert!(failed(&stale, "GEN").is_empty());
        stale.form.etag_stale = true;
        assert_eq!(failed(&stale, "GEN"), ["GEN-007"]);
        assert_eq!(answer(&stale, "GEN"), (400, Some(2055)));
    }
}

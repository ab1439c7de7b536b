//! Into another item, term or subscription: upgrades, conversions, changes of term and migrations.

use tierline_domain::catalog::{Generation, ItemKind};
use tierline_domain::customer::Segment;
use tierline_domain::subscription::SubscriptionState as S;
use tierline_domain::time::add_months;

use super::{
    CONVERT, INTO, MIGRATE, SCHEDULE, UPGRADE, into, is, last_day, migrating, own, show,
    show_migration, show_target, transition,
};
use crate::book::RuleId;
use crate::registry::{Ground, Rule, Step, claim, documented, private, shown};

/// Rules of transitions.
pub static RULES: &[Rule] = &[
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
];

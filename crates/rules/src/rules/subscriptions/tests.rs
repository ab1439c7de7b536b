use tierline_domain::catalog::Publisher;
use tierline_domain::customer::Segment;

use super::*;
use crate::rules::SUBSCRIPTION_CHANGE;
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

/// With an upgrade a term may be lengthened, and of three years alone the frequency changed.
#[test]
fn upgrades_to_other_terms() {
    let go = |from: Term, to: Term, frequency: Frequency, offered: bool| {
        change(C::Upgrade, |subject, shift| {
            subject.term = from;
            subject.new_term = Some(to);
            subject.new_frequency = Some((frequency, offered));
            shift.term_offered = true;
        })
        .0
    };
    let (year, years) = (Term::YEAR, Term::THREE_YEARS);
    assert!(go(year, year, Frequency::Monthly, true).is_empty());
    assert!(go(year, years, Frequency::Annual, true).is_empty());
    assert!(go(years, years, Frequency::Annual, true).is_empty());
    assert_eq!(go(years, year, Frequency::Monthly, true), ["SUB-023"]);
    assert_eq!(go(year, year, Frequency::Annual, true), ["SUB-022"]);
    assert_eq!(go(year, years, Frequency::OneTime, false), ["ORD-018"]);
    let facts = |term_offered: bool, frequency: Frequency| {
        command(C::Upgrade, |subject| {
            subject.new_term = Some(Term::YEAR);
            subject.term = Term::MONTH;
            subject.new_frequency = Some((frequency, false));
            subject.transition = Some(Box::new(Transition {
                to: "suite-plus".to_owned(),
                listed: true,
                quantity: 10,
                at_end: false,
                term_offered,
                target: None,
            }));
        })
    };
    let code = |facts: &Facts| answer(facts, "ORD").1;
    assert_eq!(code(&facts(false, Frequency::Monthly)), Some(900_268));
    assert_eq!(code(&facts(true, Frequency::OneTime)), Some(900_269));
    assert_eq!(code(&facts(true, Frequency::Triennial)), Some(900_270));
}

#[test]
fn what_an_upgrade_goes_into() {
    type Change = fn(&mut TransitionTarget);
    let cases: &[(Option<u32>, Change)] = &[
        (None, |_| {}),
        (Some(900_258), |target| target.state = S::Suspended),
        (Some(900_261), |target| target.window_open = true),
        (Some(900_260), |target| {
            target.item = "suite-standard".to_owned();
        }),
        (Some(900_259), |target| target.is_source = true),
        (Some(900_267), |target| target.term = Term::MONTH),
        (Some(900_236), |target| {
            target.term_end = "2024-06-13".parse().ok();
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
            subject.term_end = "2023-11-15".parse().ok();
        }),
        (900_220, |subject| {
            subject.generation = Generation::NewCommerce;
        }),
        (900_218, |subject| {
            subject.promotion_name = Some("promo-1".to_owned());
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

use super::*;
use crate::testing::{answer, buyer, by, direct_bill, failed, provider, reseller, shows, transfer};

fn rules(facts: &Facts) -> Vec<String> {
    failed(facts, "TRF")
}

/// A traditional licence that DB-1, moving to the indirect model, offers IP-1.
fn offered(checkpoint: C, change: impl FnOnce(&mut TransferFact)) -> Facts {
    let mover = Party {
        transitioning: true,
        reseller_enrolment: ResellerEnrolment::Complete,
        ..direct_bill()
    };
    let mut facts = transfer(checkpoint, |moved| {
        moved.kind = TransferKind::Traditional;
        moved.from = mover.clone();
        moved.to = provider();
        moved.caller_receives = checkpoint == C::AcceptTransfer;
        moved.caller_gives = !moved.caller_receives;
        moved.state = moved.caller_receives.then_some(TransferState::Active);
        for carried in &mut moved.subscriptions {
            carried.kind = ItemKind::Licence;
            carried.generation = Generation::Traditional;
        }
        change(moved);
    });
    facts.named = Named::None;
    if checkpoint == C::CreateTransfer {
        facts.actor = Some(mover);
    } else {
        facts.actor = Some(provider());
        facts.caller.name = "IP-1".to_owned();
    }
    facts
}

#[test]
fn what_is_in_order_passes() {
    for checkpoint in [C::RequestTransfer, C::AcceptTransfer] {
        assert!(rules(&transfer(checkpoint, |_| {})).is_empty());
    }
    for checkpoint in [C::CreateTransfer, C::AcceptTransfer] {
        assert!(rules(&offered(checkpoint, |_| {})).is_empty());
    }
}

#[test]
fn only_a_mover_with_its_enrolment_done_offers() {
    let mut facts = offered(C::CreateTransfer, |_| {});
    let actor = facts.actor.as_mut().unwrap();
    actor.reseller_enrolment = ResellerEnrolment::Open;
    assert_eq!(rules(&facts), ["TRF-001"]);
    assert_eq!(answer(&facts, "TRF"), (403, Some(900_137)));
    facts.actor.as_mut().unwrap().transitioning = false;
    assert_eq!(rules(&facts), ["TRF-001"]);
    facts.actor.as_mut().unwrap().transitioning = true;
    facts.actor.as_mut().unwrap().reseller_enrolment = ResellerEnrolment::Complete;
    facts.actor.as_mut().unwrap().environment = Environment::Sandbox;
    assert_eq!(rules(&facts), ["TRF-013"]);
}

#[test]
fn what_an_offer_may_carry() {
    let carrying = |change: fn(&mut SubscriptionFact)| {
        let facts = offered(C::CreateTransfer, |moved| {
            moved.subscriptions.iter_mut().for_each(change);
        });
        (rules(&facts), answer(&facts, "TRF"))
    };
    let code = (400, Some(800_078));
    let new = carrying(|carried| carried.generation = Generation::NewCommerce);
    assert_eq!(
        new,
        (vec!["TRF-004".to_owned(), "TRF-005".to_owned()], code)
    );
    for kind in [
        ItemKind::ConsumptionPlan,
        ItemKind::Reservation,
        ItemKind::Marketplace,
    ] {
        let facts = offered(C::CreateTransfer, |moved| {
            moved
                .subscriptions
                .iter_mut()
                .for_each(|carried| carried.kind = kind);
        });
        assert_eq!(rules(&facts), ["TRF-005"]);
    }
    let suspended = carrying(|carried| carried.state = SubscriptionState::Suspended);
    assert_eq!(suspended, (vec!["TRF-006".to_owned()], code));
    let twice = carrying(|carried| carried.in_transfer = Some("tr-0".to_owned()));
    assert_eq!(twice, (vec!["TRF-006".to_owned()], (409, Some(900_101))));
}

#[test]
fn the_receiver_of_an_offer() {
    let facts = offered(C::CreateTransfer, |moved| {
        moved.receiver_relation = RelationshipState::None;
    });
    assert_eq!(rules(&facts), ["TRF-002"]);
    let facts = offered(C::CreateTransfer, |moved| moved.to = moved.from.clone());
    assert_eq!(rules(&facts), ["TRF-026"]);
    assert_eq!(answer(&facts, "TRF"), (400, Some(900_148)));
    let facts = offered(C::AcceptTransfer, |moved| moved.receiver_evidence = false);
    assert_eq!(rules(&facts), ["TRF-003", "TRF-027"]);
    let mut unknown = offered(C::CreateTransfer, |_| {});
    unknown.named = Named::Unknown {
        given: "99999999".to_owned(),
    };
    assert_eq!(answer(&unknown, "TRF"), (404, Some(800_015)));
}

#[test]
fn who_asks_and_who_accepts() {
    let mut facts = transfer(C::RequestTransfer, |moved| {
        moved.caller_receives = false;
        moved.caller_gives = true;
    });
    facts.actor = Some(direct_bill());
    assert_eq!(rules(&facts), ["TRF-014"]);
    let own = transfer(C::AcceptTransfer, |moved| {
        moved.caller_receives = true;
        moved.caller_gives = false;
    });
    assert_eq!(rules(&own), ["TRF-014"]);
    let stranger = transfer(C::AcceptTransfer, |moved| moved.caller_gives = false);
    assert_eq!(rules(&stranger), ["TRF-009"]);
    assert_eq!(answer(&stranger, "TRF"), (404, Some(900_100)));
    let giver = offered(C::AcceptTransfer, |moved| {
        moved.caller_receives = false;
        moved.caller_gives = true;
    });
    assert_eq!(rules(&giver), ["TRF-009"]);
}

#[test]
fn preconditions_of_a_request() {
    type Change = fn(&mut TransferFact);
    type Case<'a> = (&'a str, Change, (u16, Option<u32>));
    let cases: &[Case<'_>] = &[
        ("TRF-015", |moved| moved.to = reseller(), (403, Some(2032))),
        (
            "TRF-016",
            |moved| moved.to.signed = false,
            (403, Some(900_124)),
        ),
        (
            "TRF-016",
            |moved| moved.receiver_relation = RelationshipState::Invited,
            (403, Some(20_002)),
        ),
        (
            "TRF-016",
            |moved| moved.receiver_evidence = false,
            (403, Some(13_605)),
        ),
        (
            "TRF-016",
            |moved| {
                moved.receiver_plan = false;
                moved.receiver_plan_state = None;
            },
            (400, Some(900_133)),
        ),
        (
            "TRF-016",
            |moved| {
                moved.receiver_plan = false;
                moved.receiver_plan_state = Some(SubscriptionState::Suspended);
            },
            (400, Some(900_132)),
        ),
        (
            "TRF-026",
            |moved| moved.from = moved.to.clone(),
            (400, Some(900_148)),
        ),
    ];
    for (rule, change, code) in cases {
        let facts = transfer(C::RequestTransfer, change);
        assert_eq!(rules(&facts), [*rule]);
        assert_eq!(answer(&facts, "TRF"), *code);
    }
    let mut unnamed = transfer(C::RequestTransfer, |_| {});
    unnamed.named = Named::None;
    assert_eq!(rules(&unnamed), ["TRF-015"]);
    assert_eq!(answer(&unnamed, "TRF"), (400, Some(3000)));
}

#[test]
fn accepting_in_time_and_what_is_active() {
    let old = transfer(C::AcceptTransfer, |moved| moved.too_old = true);
    assert_eq!(rules(&old), ["TRF-017"]);
    let done = transfer(C::AcceptTransfer, |moved| {
        moved.state = Some(TransferState::Complete);
    });
    assert_eq!(answer(&done, "TRF"), (400, Some(900_102)));
    let inactive = transfer(C::AcceptTransfer, |moved| {
        for carried in &mut moved.subscriptions {
            carried.state = SubscriptionState::Expired;
        }
    });
    assert_eq!(rules(&inactive), ["TRF-018"]);
    assert!(shows(&inactive, "TRF-018").contains("sub-1: expired"));
    let foreign = transfer(C::AcceptTransfer, |moved| {
        for carried in &mut moved.subscriptions {
            carried.kind = ItemKind::Marketplace;
        }
    });
    assert_eq!(rules(&foreign), ["TRF-021"]);
    assert_eq!(answer(&foreign, "TRF"), (400, Some(900_146)));
}

#[test]
fn the_receiver_is_checked_like_a_new_seller() {
    let mut facts = transfer(C::AcceptTransfer, |_| {});
    facts.buyer = Some(buyer("C-US", "US"));
    assert_eq!(rules(&facts), ["TRF-027"]);
    let facts = transfer(C::AcceptTransfer, |moved| {
        moved.to.state = AccountState::Suspended;
    });
    assert_eq!(rules(&facts), ["TRF-027"]);
    let mut facts = transfer(C::AcceptTransfer, |_| {});
    facts.buyer.as_mut().unwrap().used_by = Some("IR-A".to_owned());
    assert_eq!(rules(&facts), ["TRF-027"]);
}

#[test]
fn a_form_without_a_signature() {
    let mut facts = by(C::OpenCase, direct_bill());
    assert!(rules(&facts).is_empty());
    facts.form.missing_signatures = vec!["receiving_partner".to_owned()];
    assert_eq!(rules(&facts), ["TRF-024"]);
}

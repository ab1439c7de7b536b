use tierline_domain::catalog::{Frequency, Term};
use tierline_domain::money::Money;
use tierline_domain::order::OrderState;

use super::*;
use crate::facts::{Ceiling, Credit};
use crate::rules::PURCHASE;
use crate::testing::{
    answer, by, command, direct_bill, failed, named, order, party, provider, purchase, reseller,
    shows, two_tier,
};

#[expect(clippy::unnecessary_wraps, reason = "the facts hold an option")]
fn ceiling(limit: i64, used: i64, asked: i64) -> Option<Ceiling> {
    Some(Ceiling { limit, used, asked })
}

#[test]
fn a_plain_order_passes() {
    for checkpoint in PURCHASE.iter() {
        assert!(failed(&order(checkpoint, |_| {}), "ORD").is_empty());
    }
    let mut facts = two_tier(C::Order);
    facts.purchase = Some(purchase());
    assert!(failed(&facts, "ORD").is_empty());
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table of faults")]
fn each_fault_of_a_line_is_reported_alone() {
    type Change = fn(&mut Purchase);
    type Fault<'a> = (&'a str, Change, (u16, Option<u32>));
    let faults: &[Fault<'_>] = &[
        (
            "ORD-006",
            |line| line.availability_outdated = true,
            (404, Some(400_019)),
        ),
        (
            "ORD-007",
            |line| line.eligible_seller = false,
            (403, Some(2006)),
        ),
        (
            "ORD-007",
            |line| line.not_sold_in.push("FR".parse().unwrap()),
            (400, Some(800_070)),
        ),
        (
            "ORD-008",
            |line| line.segment = Segment::Education,
            (400, Some(800_086)),
        ),
        (
            "ORD-011",
            |line| {
                line.requires_attestation = true;
                line.attestation_accepted = false;
            },
            (400, Some(900_203)),
        ),
        (
            "ORD-017",
            |line| line.term_offered = false,
            (400, Some(800_121)),
        ),
        (
            "ORD-018",
            |line| line.frequency_offered = false,
            (400, Some(900_269)),
        ),
        (
            "ORD-018",
            |line| {
                line.term = Term::MONTH;
                line.frequency = Frequency::Annual;
            },
            (400, Some(900_270)),
        ),
        (
            "ORD-019",
            |line| line.min_quantity = 11,
            (400, Some(900_275)),
        ),
        (
            "ORD-019",
            |line| line.max_quantity = 9,
            (400, Some(900_275)),
        ),
        (
            "ORD-020",
            |line| line.customer_max = ceiling(300, 295, 10),
            (403, Some(800_088)),
        ),
        (
            "ORD-021",
            |line| line.concurrent = ceiling(2, 2, 1),
            (403, Some(800_066)),
        ),
        (
            "ORD-022",
            |line| {
                line.kind = ItemKind::AddOn;
                line.prerequisites = vec!["suite-standard".to_owned()];
            },
            (400, None),
        ),
        (
            "ORD-024",
            |line| line.least_of_base = Some(11),
            (400, Some(900_275)),
        ),
        (
            "ORD-025",
            |line| {
                line.kind = ItemKind::Trial;
                line.trial_used = true;
            },
            (403, Some(800_066)),
        ),
        (
            "ORD-025",
            |line| {
                line.kind = ItemKind::Trial;
                line.trial_excluded = true;
            },
            (403, Some(800_066)),
        ),
        (
            "ORD-036",
            |line| {
                line.kind = ItemKind::PreviousConsumption;
                line.plan_owned = true;
            },
            (200, Some(400_072)),
        ),
        (
            "ORD-037",
            |line| line.kind = ItemKind::Reservation,
            (400, Some(900_318)),
        ),
        (
            "ORD-039",
            |line| line.other_currency = Some("GBP".parse().unwrap()),
            (400, Some(900_169)),
        ),
        (
            "ORD-040",
            |line| line.tenant_ceiling = 0,
            (403, Some(800_089)),
        ),
    ];
    for (rule, fault, code) in faults {
        let facts = order(C::Order, fault);
        assert_eq!(failed(&facts, "ORD"), [*rule]);
        assert_eq!(answer(&facts, "ORD"), *code, "{rule}");
    }
}

#[test]
fn what_is_only_due_at_checkout_does_not_stop_a_cart() {
    let currency = |line: &mut Purchase| line.other_currency = Some("GBP".parse().unwrap());
    assert!(failed(&order(C::CreateCart, currency), "ORD").is_empty());
    let mut facts = order(C::CreateCart, |_| {});
    facts.attested = false;
    assert!(failed(&facts, "ORD").is_empty());
    facts.checkpoint = C::CheckoutCart;
    assert_eq!(failed(&facts, "ORD"), ["ORD-010"]);
}

#[test]
fn after_the_last_day_of_sale() {
    let day = |text: &'static str| move |line: &mut Purchase| line.end_of_sale = text.parse().ok();
    assert!(failed(&order(C::Order, day("2023-11-15")), "ORD").is_empty());
    let facts = order(C::Order, day("2023-11-14"));
    assert_eq!(failed(&facts, "ORD"), ["ORD-007", "ORD-035"]);
    assert_eq!(answer(&facts, "ORD"), (403, Some(2091)));
    assert!(shows(&facts, "ORD-035").contains("2023-11-14"));
    let grows = command(C::ChangeQuantity, |subject| {
        subject.end_of_sale = "2023-10-31".parse().ok();
    });
    assert!(failed(&grows, "ORD").is_empty());
    let scheduled = command(C::ScheduleChange, |subject| {
        subject.end_of_sale = "2023-10-31".parse().ok();
    });
    assert_eq!(failed(&scheduled, "ORD"), ["ORD-035"]);
}

#[test]
fn segments() {
    use Segment::{Commercial, Education, GovernmentCommunityCloud as Government, Nonprofit};
    let fits = |customer, state_owned, offer| {
        let mut facts = order(C::Order, |line| line.segment = offer);
        let buyer = facts.buyer.as_mut().unwrap();
        buyer.segment = customer;
        buyer.state_owned = state_owned;
        !failed(&facts, "ORD-008").contains(&"ORD-008".to_owned())
    };
    for (customer, owned, offers) in [
        (Commercial, false, [true, false, false, false]),
        (Education, false, [true, true, false, false]),
        (Nonprofit, false, [true, false, true, false]),
        (Government, false, [false, false, false, true]),
        (Commercial, true, [true, false, false, false]),
        (Nonprofit, true, [true, false, false, false]),
        (Education, true, [true, true, false, false]),
        (Government, true, [false, false, false, true]),
    ] {
        let found = [Commercial, Education, Nonprofit, Government]
            .map(|offer| fits(customer, owned, offer));
        assert_eq!(found, offers, "{customer} {owned}");
    }
}

#[test]
fn government_offers_want_an_approved_partner() {
    let mut facts = order(C::Order, |line| {
        line.segment = Segment::GovernmentCommunityCloud;
    });
    facts.buyer.as_mut().unwrap().segment = Segment::GovernmentCommunityCloud;
    assert_eq!(failed(&facts, "ORD"), ["ORD-009"]);
    let approvals = &mut facts.actor.as_mut().unwrap().approvals;
    approvals.push("government_community_cloud".to_owned());
    assert!(failed(&facts, "ORD").is_empty());
}

#[test]
fn who_orders_and_who_is_named() {
    let mut facts = by(C::Order, reseller());
    facts.purchase = Some(purchase());
    assert_eq!(failed(&facts, "ORD"), ["ORD-001"]);
    let naming = |given: Named| {
        let mut facts = two_tier(C::Order);
        facts.named = given;
        facts.purchase = Some(purchase());
        facts
    };
    let unknown = naming(Named::Unknown {
        given: "99999999".to_owned(),
    });
    assert_eq!(failed(&unknown, "ORD"), ["ORD-013"]);
    assert_eq!(answer(&unknown, "ORD"), (404, Some(800_015)));
    let other = naming(named(party("IP-2", PartnerType::IndirectProvider, "DE")));
    assert_eq!(failed(&other, "ORD"), ["ORD-012", "ORD-013"]);
    assert_eq!(answer(&other, "ORD"), (404, Some(2072)));
    assert_eq!(answer(&other, "IDN"), (404, Some(2072)));
    let open = naming(named(Party {
        signed: false,
        ..reseller()
    }));
    assert_eq!(failed(&open, "ORD"), ["ORD-013"]);
    assert_eq!(answer(&open, "ORD"), (403, Some(900_123)));
    let mut direct = order(C::CreateCart, |_| {});
    direct.named = named(reseller());
    assert_eq!(failed(&direct, "ORD"), ["ORD-014"]);
}

#[test]
fn further_resellers() {
    let further = |first: bool, more: Vec<Named>| {
        let mut facts = two_tier(C::Order);
        if !first {
            facts.named = Named::None;
        }
        facts.purchase = Some(Purchase {
            further_resellers: more,
            ..purchase()
        });
        facts
    };
    let one = || named(party("IR-B", PartnerType::IndirectReseller, "IT"));
    assert!(failed(&further(true, vec![one(); 5]), "ORD").is_empty());
    let six = further(true, vec![one(); 6]);
    assert_eq!(answer(&six, "ORD"), (400, Some(3000)));
    assert_eq!(
        answer(&further(false, vec![one()]), "ORD"),
        (400, Some(3000))
    );
    let unknown = further(
        true,
        vec![Named::Unknown {
            given: "9".to_owned(),
        }],
    );
    assert_eq!(answer(&unknown, "ORD"), (400, Some(800_016)));
    let no_reseller = further(true, vec![named(provider())]);
    assert_eq!(answer(&no_reseller, "ORD"), (400, Some(800_016)));
    let open = further(
        true,
        vec![named(Party {
            signed: false,
            ..reseller()
        })],
    );
    assert_eq!(answer(&open, "ORD"), (403, Some(900_123)));
    assert_eq!(failed(&open, "ORD"), ["ORD-016"]);
}

#[test]
fn carts() {
    let cart = |change: fn(&mut CartFact)| {
        let mut fact = CartFact {
            name: "cart-1".to_owned(),
            own: true,
            empty: false,
            created: "2023-11-07T10:00:00Z".parse().unwrap(),
            expired: false,
            changed_after_order: false,
        };
        change(&mut fact);
        order(C::CheckoutCart, |line| line.cart = Some(fact))
    };
    assert!(failed(&cart(|_| {}), "ORD").is_empty());
    assert_eq!(
        answer(&cart(|cart| cart.expired = true), "ORD"),
        (404, Some(800_008))
    );
    assert_eq!(
        answer(&cart(|cart| cart.own = false), "ORD"),
        (404, Some(800_008))
    );
    assert_eq!(
        answer(&cart(|cart| cart.empty = true), "ORD"),
        (400, Some(800_009))
    );
    let changed = cart(|cart| cart.changed_after_order = true);
    assert_eq!(failed(&changed, "ORD"), ["ORD-003"]);
    assert_eq!(answer(&changed, "ORD"), (400, Some(800_065)));
    let mut moved = cart(|_| {});
    moved.form.moved = true;
    assert_eq!(failed(&moved, "ORD"), ["ORD-004"]);
    assert_eq!(answer(&moved, "ORD"), (409, Some(800_064)));
    let mut faulty = cart(|_| {});
    faulty.form.faulty_line = true;
    assert_eq!(failed(&faulty, "ORD"), ["ORD-005"]);
    assert_eq!(answer(&faulty, "ORD"), (400, Some(800_009)));
}

#[test]
fn currencies() {
    let asked = |currency: &str| {
        let mut facts = order(C::Order, |line| line.currency = currency.parse().ok());
        facts.actor.as_mut().unwrap().currency = "NOK".parse().ok();
        facts.buyer.as_mut().unwrap().currency = "SEK".parse().ok();
        failed(&facts, "ORD")
    };
    assert_eq!(asked("USD"), ["ORD-029"]);
    assert!(asked("NOK").is_empty());
    assert!(asked("SEK").is_empty());
}

#[test]
fn traditional_add_ons() {
    let parent = |inactive: bool| {
        order(C::Order, |line| {
            line.kind = ItemKind::AddOn;
            line.generation = Generation::Traditional;
            line.parent_fits = Some(false);
            line.parent_inactive = inactive;
        })
    };
    assert_eq!(answer(&parent(false), "ORD"), (400, Some(800_029)));
    assert_eq!(answer(&parent(true), "ORD"), (409, Some(27_009)));
}

#[test]
fn custom_ends() {
    let ending = |kind: ItemKind, admissible: bool, terms_fit: bool, with_own: bool| {
        let alignment = Alignment {
            day: "2023-11-30".parse().ok(),
            with: None,
            with_own,
            admissible,
            terms_fit,
            choices: vec!["2023-11-30".parse().unwrap()],
        };
        let facts = order(C::CreateCart, |line| {
            line.kind = kind;
            line.alignment = Some(alignment);
        });
        failed(&facts, "ORD")
    };
    assert!(ending(ItemKind::Licence, true, true, true).is_empty());
    assert_eq!(ending(ItemKind::Licence, false, true, true), ["ORD-030"]);
    assert_eq!(ending(ItemKind::Licence, false, false, true), ["ORD-031"]);
    assert_eq!(
        ending(ItemKind::Licence, false, false, false),
        ["ORD-030", "ORD-031"]
    );
    assert_eq!(ending(ItemKind::Trial, true, true, true), ["ORD-032"]);
}

#[test]
fn credit() {
    let spending = |available: &str, required: &str, disputed: &str| {
        let money = |text: &str| text.parse::<Money>().unwrap();
        let mut facts = order(C::Order, |_| {});
        facts.credit = Some(Credit {
            available: money(available),
            required: money(required),
            disputed: money(disputed),
        });
        let mut found = failed(&facts, "ORD");
        found.extend(failed(&facts, "BIL"));
        found
    };
    assert!(spending("USD 100.00", "USD 100.00", "USD 0.00").is_empty());
    assert_eq!(
        spending("USD 100.00", "USD 100.01", "USD 0.00"),
        ["ORD-026", "BIL-030"]
    );
    assert_eq!(
        spending("USD 100.00", "USD 150.00", "USD 50.00"),
        ["ORD-026", "BIL-030", "BIL-033"]
    );
    assert_eq!(
        spending("USD 100.00", "USD 200.00", "USD 50.00"),
        ["ORD-026", "BIL-030"]
    );
}

#[test]
fn reviews() {
    let answered = |state, document: Option<&str>| {
        let mut facts = by(C::UploadDocument, direct_bill());
        facts.form.order_state = Some(state);
        facts.form.documents = document.map(str::to_owned).into_iter().collect();
        facts
    };
    let held = OrderState::PendingDocumentUpload;
    assert!(failed(&answered(held, Some("purchase_order")), "ORD").is_empty());
    assert_eq!(answer(&answered(held, None), "ORD"), (400, Some(900_252)));
    let rejected = answered(OrderState::ReviewRejected, Some("purchase_order"));
    assert_eq!(answer(&rejected, "ORD"), (403, Some(800_069)));
}

#[test]
fn a_promotion_has_room_for_so_many_seats() {
    let growing = |asked| {
        let mut facts = command(C::ChangeQuantity, |subject| {
            subject.promotion = ceiling(100, 90, asked);
        });
        facts.new_business = true;
        failed(&facts, "ORD")
    };
    assert!(growing(10).is_empty());
    assert_eq!(growing(11), ["ORD-034"]);
}

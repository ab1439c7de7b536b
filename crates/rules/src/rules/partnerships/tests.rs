use tierline_domain::customer::RelationshipState;

use super::*;
use crate::facts::{CustomerForm, PartnershipFact, Roles};
use crate::testing::{
    answer, by, direct_bill, failed, named, one_tier, party, place, provider, relation, reseller,
    shows, two_tier,
};

const NOTHING: [&str; 0] = [];

fn partnership(state: PartnershipState) -> PartnershipFact {
    PartnershipFact {
        provider: "IP-1".to_owned(),
        reseller: "IR-A".to_owned(),
        state,
        since: "2023-11-01".parse().unwrap(),
        removal_requested: None,
    }
}

fn inviting(actor: Party, other: Party) -> Facts {
    let mut facts = by(C::InvitePartner, actor);
    facts.other = Some(other);
    facts
}

fn accepting(actor: Party) -> Facts {
    let mut facts = by(C::AcceptPartnership, actor);
    facts.other = Some(provider());
    facts.partnership = Some(partnership(PartnershipState::Invited));
    facts
}

fn removing(actor: Party) -> Facts {
    let mut facts = by(C::RemovePartnership, actor);
    facts.partnership = Some(partnership(PartnershipState::Active));
    facts
}

fn on_record(named: Named) -> Facts {
    let mut facts = two_tier(C::SetPartnerOfRecord);
    facts.new_business = false;
    facts.named = named;
    facts
}

fn unenrolled() -> Named {
    Named::Unenrolled {
        given: "LOC-A2".to_owned(),
        place: place("LOC-A2", "FR"),
    }
}

fn unknown_id() -> Named {
    Named::Unknown {
        given: "99999999".to_owned(),
    }
}

#[test]
fn what_is_in_order_passes() {
    let sound: [fn() -> Facts; 8] = [
        || two_tier(C::Order),
        || two_tier(C::ChangeQuantity),
        || one_tier(C::Order),
        || inviting(provider(), reseller()),
        || accepting(reseller()),
        || removing(provider()),
        || on_record(named(reseller())),
        || by(C::InviteCustomer, reseller()),
    ];
    for make in sound {
        let facts = make();
        assert_eq!(failed(&facts, "REL"), NOTHING, "{:?}", facts.checkpoint);
    }
}

#[test]
fn rel_001_only_a_provider_invites() {
    let facts = inviting(reseller(), provider());
    assert_eq!(failed(&facts, "REL"), ["REL-001"]);
    assert_eq!(answer(&facts, "REL"), (403, None));
    assert_eq!(
        failed(&inviting(direct_bill(), reseller()), "REL"),
        ["REL-001"]
    );
}

#[test]
fn rel_024_a_provider_invites_resellers() {
    let facts = inviting(provider(), provider());
    assert_eq!(failed(&facts, "REL"), ["REL-024"]);
    assert_eq!(answer(&facts, "REL"), (400, Some(2204)));
    assert!(shows(&facts, "REL-024").contains("same tenant"));
    assert_eq!(
        failed(&inviting(provider(), direct_bill()), "REL"),
        ["REL-024"]
    );
    let mut moving = direct_bill();
    moving.transitioning = true;
    assert_eq!(failed(&inviting(provider(), moving), "REL"), NOTHING);
    let mut newcomer = reseller();
    newcomer.state = AccountState::NotEnrolled;
    assert_eq!(failed(&inviting(provider(), newcomer), "REL"), NOTHING);
}

#[test]
fn rel_002_accepts_once_enrolled() {
    for (state, enrolled) in [
        (AccountState::NotEnrolled, false),
        (AccountState::Pending, false),
        (AccountState::Rejected, false),
        (AccountState::Qualified, true),
        (AccountState::Active, true),
    ] {
        let mut account = reseller();
        account.state = state;
        let facts = accepting(account);
        let expected: &[&str] = if enrolled {
            &[]
        } else {
            &["REL-002", "REL-026"]
        };
        assert_eq!(failed(&facts, "REL"), expected, "{state}");
        if !enrolled {
            assert_eq!(answer(&facts, "REL"), (400, Some(2204)));
        }
    }
    assert_eq!(
        failed(&accepting(direct_bill()), "REL"),
        ["REL-002", "REL-024"]
    );
    let mut both = direct_bill();
    both.acts_as_reseller = true;
    assert_eq!(failed(&accepting(both), "REL"), NOTHING);
}

#[test]
fn rel_003_the_link_is_whole_and_open() {
    let mut facts = accepting(reseller());
    facts.form.link_altered = true;
    assert_eq!(failed(&facts, "REL"), ["REL-003"]);
    assert_eq!(answer(&facts, "REL"), (404, None));
    for state in [
        PartnershipState::Declined,
        PartnershipState::Withdrawn,
        PartnershipState::Lapsed,
        PartnershipState::Removed,
    ] {
        let mut facts = accepting(reseller());
        facts.partnership = Some(partnership(state));
        assert_eq!(failed(&facts, "REL"), ["REL-003"], "{state}");
        assert!(shows(&facts, "REL-003").contains(state.as_str()));
    }
    let mut facts = accepting(reseller());
    facts.partnership = Some(partnership(PartnershipState::None));
    assert_eq!(failed(&facts, "REL"), ["REL-001", "REL-003"]);
    facts.partnership = Some(partnership(PartnershipState::Active));
    assert_eq!(
        failed(&facts, "REL"),
        NOTHING,
        "a second time changes nothing"
    );
}

#[test]
fn rel_004_a_global_administrator_confirms() {
    let mut facts = accepting(reseller());
    facts.caller.roles = Roles::NONE.with(ProgramRole::AdminAgent);
    assert_eq!(failed(&facts, "REL"), ["REL-004"]);
    assert_eq!(answer(&facts, "REL"), (403, Some(900_150)));
    let mut facts = accepting(reseller());
    facts.form.unconfirmed = true;
    assert_eq!(failed(&facts, "REL"), ["REL-004"]);
    assert_eq!(answer(&facts, "REL"), (400, None));
}

#[test]
fn rel_007_and_rel_026_keep_to_one_region() {
    let american = party("IR-US", PartnerType::IndirectReseller, "US");
    let facts = accepting(american.clone());
    assert_eq!(failed(&facts, "REL"), ["REL-007", "REL-026"]);
    assert_eq!(answer(&facts, "REL"), (400, Some(2201)));
    let facts = inviting(provider(), american.clone());
    assert_eq!(failed(&facts, "REL"), ["REL-007"]);
    let mut facts = two_tier(C::Order);
    facts.named = named(american);
    assert_eq!(failed(&facts, "REL"), ["REL-026"]);
    let german = party("IR-DE", PartnerType::IndirectReseller, "DE");
    assert_eq!(failed(&accepting(german), "REL"), NOTHING);
}

#[test]
fn only_an_active_partnership_lets_a_reseller_be_named() {
    for (state, expected) in [
        (PartnershipState::None, &["REL-009", "REL-023"][..]),
        (PartnershipState::Invited, &["REL-009", "REL-023"]),
        (
            PartnershipState::Removed,
            &["REL-009", "REL-017", "REL-023"],
        ),
        (PartnershipState::Active, &[]),
    ] {
        let mut facts = two_tier(C::Order);
        facts.partnership = Some(partnership(state));
        assert_eq!(failed(&facts, "REL"), expected, "{state}");
        if !expected.is_empty() {
            assert_eq!(answer(&facts, "REL"), (400, Some(800_016)));
            assert!(shows(&facts, "REL-023").contains(state.as_str()));
        }
        let mut facts = two_tier(C::ChangeQuantity);
        facts.partnership = Some(partnership(state));
        assert_eq!(failed(&facts, "REL"), NOTHING, "REL-018: {state}");
    }
}

#[test]
fn rel_021_a_customer_is_created_for_a_partnered_reseller() {
    let mut facts = by(C::CreateCustomer, provider());
    facts.customer_form = Some(Box::new(CustomerForm {
        name: "Orchard Bakery SAS".to_owned(),
        country: "FR".parse().unwrap(),
        domain: "orchard.example".to_owned(),
        domain_taken_by: None,
        email: "it@orchard.example".to_owned(),
        phone: None,
        registration_number: None,
        registration_number_fits: true,
        number_only_where_asked: false,
        for_reseller: Named::None,
        bad_fields: Vec::new(),
    }));
    assert_eq!(failed(&facts, "REL"), NOTHING);
    facts.named = named(reseller());
    facts.partnership = Some(partnership(PartnershipState::Active));
    assert_eq!(failed(&facts, "REL"), NOTHING);
    facts.partnership = Some(partnership(PartnershipState::Removed));
    assert_eq!(failed(&facts, "REL"), ["REL-009", "REL-021", "REL-023"]);
    assert_eq!(answer(&facts, "REL"), (400, None));
    facts.named = unknown_id();
    facts.partnership = None;
    assert_eq!(failed(&facts, "REL"), ["REL-009", "REL-021", "REL-023"]);
}

#[test]
fn a_joint_invitation_names_a_partnered_provider() {
    let mut facts = by(C::InviteCustomer, reseller());
    facts.other = Some(provider());
    facts.partnership = Some(partnership(PartnershipState::Invited));
    assert_eq!(failed(&facts, "REL"), ["REL-009"]);
    facts.partnership = Some(partnership(PartnershipState::Active));
    assert_eq!(failed(&facts, "REL"), NOTHING);
}

#[test]
fn the_provider_removes_and_declares() {
    let mut facts = removing(provider());
    facts.form.unconfirmed = true;
    assert_eq!(failed(&facts, "REL"), ["REL-012", "REL-015"]);
    assert_eq!(answer(&facts, "REL"), (400, None));
    let mut facts = removing(reseller());
    assert_eq!(failed(&facts, "REL"), ["REL-013"]);
    facts.form.unconfirmed = true;
    assert_eq!(failed(&facts, "REL"), ["REL-013"]);
}

#[test]
fn rel_018_verifies_who_is_put_on_record() {
    let cases = [
        (unknown_id(), &["REL-018"][..], (404, Some(800_015))),
        (unenrolled(), &["REL-018", "REL-019"], (400, Some(800_016))),
        (named(direct_bill()), &["REL-018"], (400, Some(800_016))),
        (
            named(party("IR-US", PartnerType::IndirectReseller, "US")),
            &["REL-018"],
            (400, Some(2201)),
        ),
    ];
    for (given, expected, code) in cases {
        let facts = on_record(given);
        assert_eq!(failed(&facts, "REL"), expected);
        assert_eq!(answer(&facts, "REL"), code);
    }
    let mut unsigned = reseller();
    unsigned.signed = false;
    let facts = on_record(named(unsigned));
    assert_eq!(failed(&facts, "REL"), ["REL-018"]);
    assert_eq!(answer(&facts, "REL"), (403, Some(900_123)));
}

#[test]
fn rel_019_another_location_is_not_the_enrolled_one() {
    let mut facts = two_tier(C::Order);
    facts.named = unenrolled();
    facts.partnership = None;
    assert_eq!(failed(&facts, "REL"), ["REL-019"]);
    assert_eq!(answer(&facts, "REL"), (400, Some(800_016)));
}

#[test]
fn rel_025_a_customer_of_the_provider_is_not_its_reseller() {
    let mut facts = accepting(reseller());
    facts.relation = Some(relation("IP-1", "TA-csp"));
    assert_eq!(failed(&facts, "REL"), ["REL-025"]);
    assert_eq!(answer(&facts, "REL"), (409, None));
    assert_eq!(failed(&facts, "TXN"), ["TXN-602"]);
    facts.relation.as_mut().unwrap().state = RelationshipState::Removed;
    assert_eq!(failed(&facts, "REL"), NOTHING);
}

#[test]
fn rel_026_asks_status_and_agreement_at_each_joint_business() {
    let mut gone = reseller();
    gone.state = AccountState::Deauthorized;
    let mut unsigned = reseller();
    unsigned.signed = false;
    for (account, code) in [(gone, 800_039), (unsigned, 900_123)] {
        let mut facts = two_tier(C::ChangeQuantity);
        facts.named = named(account);
        assert_eq!(failed(&facts, "REL"), ["REL-026"]);
        assert_eq!(answer(&facts, "REL"), (403, Some(code)));
        facts.new_business = false;
        assert_eq!(failed(&facts, "REL"), NOTHING, "a decrease is no business");
    }
}

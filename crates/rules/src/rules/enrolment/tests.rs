use tierline_domain::admin::ProgramRole;
use tierline_domain::customer::Acquired;
use tierline_domain::partner::{PartnershipState, ResellerEnrolment, SupportPlan};

use super::*;
use crate::decide;
use crate::facts::{ApiCall, Channel, Named, Roles, Standing, TenantChoice, TokenKind};
use crate::testing::{
    answer, application as applying, by, direct_bill, failed, named, one_tier, place, provider,
    relation, reseller, shows, two_tier,
};

const NOTHING: [&str; 0] = [];

fn wanted(f: &mut Facts) -> &mut Application {
    f.application.as_deref_mut().unwrap()
}

fn in_the_state(mut party: Party, state: AccountState) -> Party {
    party.state = state;
    party
}

fn lacking(change: impl Fn(&mut Application)) -> Vec<String> {
    let mut facts = applying(PartnerType::DirectBill);
    change(wanted(&mut facts));
    failed(&facts, "ENR")
}

#[test]
fn what_is_in_order_passes() {
    let sound: [fn() -> Facts; 6] = [
        || two_tier(C::Order),
        || one_tier(C::Order),
        || one_tier(C::ChangeQuantity),
        || applying(PartnerType::DirectBill),
        || applying(PartnerType::IndirectReseller),
        || by(C::SignAgreement, in_the_state(reseller(), S::Qualified)),
    ];
    for make in sound {
        let facts = make();
        assert_eq!(failed(&facts, "ENR"), NOTHING, "{:?}", facts.checkpoint);
    }
}

#[test]
fn enr_001_lists_the_open_steps() {
    let mut facts = two_tier(C::Order);
    facts.named = named(in_the_state(reseller(), S::NotEnrolled));
    assert_eq!(failed(&facts, "ENR"), ["ENR-001", "ENR-042", "ENR-043"]);
    assert_eq!(answer(&facts, "ENR"), (400, Some(800_016)));
    let mut unsigned = in_the_state(reseller(), S::Qualified);
    unsigned.signed = false;
    facts.named = named(unsigned);
    assert_eq!(
        failed(&facts, "ENR"),
        ["ENR-001", "ENR-009", "ENR-039", "ENR-043"]
    );
    assert_eq!(answer(&facts, "ENR"), (403, Some(900_123)));
    assert!(shows(&facts, "ENR-001").contains("agreement"));
    assert!(
        shows(&facts, "ENR-043").contains("qualified")
            && shows(&facts, "ENR-043").contains("active")
    );
}

#[test]
fn direct_bill_applicants_lack_one_thing_at_a_time() {
    assert_eq!(lacking(|form| form.newcomer = true), ["ENR-002"]);
    assert_eq!(lacking(|form| form.tenure_months = 11), ["ENR-011"]);
    assert_eq!(lacking(|form| form.tenure_months = 12), NOTHING);
    let usd = |minor| Some(Money::new(minor, Currency::USD));
    assert_eq!(
        lacking(|form| form.revenue_cloud = usd(29_999_999)),
        ["ENR-012"]
    );
    assert_eq!(
        lacking(|form| form.revenue_cloud = usd(30_000_000)),
        NOTHING
    );
    assert_eq!(
        lacking(|form| form.credit_check = "open".to_owned()),
        ["ENR-013"]
    );
    assert_eq!(
        lacking(|form| form.support_plan = SupportPlan::None),
        ["ENR-014"]
    );
    assert_eq!(
        lacking(|form| form.assessment_failed = Some("2023-05-01".parse().unwrap())),
        ["ENR-015"]
    );
    assert_eq!(lacking(|form| form.managed_service = false), ["ENR-017"]);
    assert_eq!(lacking(|form| form.receivables = false), ["ENR-018"]);
    assert_eq!(
        lacking(|form| form.membership = MembershipState::Pending),
        ["ENR-008", "ENR-018"]
    );
}

#[test]
fn the_same_lacks_do_not_touch_a_reseller() {
    let mut facts = applying(PartnerType::IndirectReseller);
    let form = wanted(&mut facts);
    form.newcomer = true;
    form.tenure_months = 0;
    form.credit_check = "failed".to_owned();
    form.support_plan = SupportPlan::None;
    form.managed_service = false;
    form.receivables = false;
    form.assessment_failed = Some("2023-05-01".parse().unwrap());
    assert_eq!(failed(&facts, "ENR"), NOTHING);
    wanted(&mut facts).membership = MembershipState::Rejected;
    assert_eq!(failed(&facts, "ENR"), ["ENR-008", "ENR-022"]);
    assert_eq!(answer(&facts, "ENR"), (403, Some(900_149)));
}

#[test]
fn enr_012_counts_to_the_cent() {
    let mut facts = applying(PartnerType::DirectBill);
    wanted(&mut facts).revenue_cloud = Some(Money::new(25_000_050, Currency::USD));
    assert!(shows(&facts, "ENR-012").contains("USD 250000.50"));
    assert!(shows(&facts, "ENR-012").contains("USD 49999.50"));
}

#[test]
fn enr_002_providers_start_as_resellers_too() {
    let mut facts = applying(PartnerType::IndirectProvider);
    wanted(&mut facts).newcomer = true;
    assert_eq!(failed(&facts, "ENR"), ["ENR-002"]);
}

#[test]
fn enr_003_and_enr_004_ask_for_contacts_and_rights() {
    assert_eq!(lacking(|form| form.support_contact = None), ["ENR-003"]);
    assert_eq!(lacking(|form| form.contact_email_bad = true), ["ENR-004"]);
    assert_eq!(
        lacking(|form| {
            form.tenant = TenantChoice::Other("C-1".to_owned());
            form.tenant_own = false;
        }),
        ["ENR-003"]
    );
    assert_eq!(
        lacking(|form| form.tenant = TenantChoice::Other("TA-int".to_owned())),
        NOTHING
    );
    let mut facts = applying(PartnerType::DirectBill);
    facts.caller.roles = Roles::NONE.with(ProgramRole::AdminAgent);
    assert_eq!(failed(&facts, "ENR"), ["ENR-003"]);
    assert_eq!(answer(&facts, "ENR"), (400, Some(3000)));
}

#[test]
fn nothing_is_signed_before_verification_and_association() {
    let sign = |state| by(C::SignAgreement, in_the_state(reseller(), state));
    for state in [S::Applied, S::Pending] {
        assert_eq!(
            failed(&sign(state), "ENR"),
            ["ENR-005", "ENR-043"],
            "{state}"
        );
    }
    assert_eq!(
        failed(&sign(S::Rejected), "ENR"),
        ["ENR-005", "ENR-007", "ENR-043"]
    );
    for state in [S::NotEnrolled, S::Deauthorized, S::Terminated] {
        let expected: &[&str] = &["ENR-043"];
        assert_eq!(failed(&sign(state), "ENR"), expected, "{state}");
    }
    for state in [S::Qualified, S::Active, S::Restricted, S::Suspended] {
        assert_eq!(failed(&sign(state), "ENR"), NOTHING, "{state}");
    }
    let mut facts = sign(S::Qualified);
    facts.actor.as_mut().unwrap().location = None;
    assert_eq!(failed(&facts, "ENR"), ["ENR-010"]);
    assert_eq!(answer(&facts, "ENR"), (409, None));
    let mut facts = sign(S::Qualified);
    facts.actor.as_mut().unwrap().membership = MembershipState::Pending;
    assert_eq!(failed(&facts, "ENR"), ["ENR-008"]);
    let refused = by(C::SignAgreement, in_the_state(direct_bill(), S::Rejected));
    assert_eq!(
        failed(&refused, "ENR"),
        ["ENR-005", "ENR-007", "ENR-020", "ENR-043"]
    );
}

#[test]
fn enr_006_escalation_waits_for_the_fifth_business_day() {
    let mut facts = by(
        C::EscalateVerification,
        in_the_state(reseller(), S::Pending),
    );
    facts.form.business_days_pending = 5;
    assert_eq!(failed(&facts, "ENR"), ["ENR-006"]);
    facts.form.business_days_pending = 6;
    assert_eq!(failed(&facts, "ENR"), NOTHING);
    facts.actor = Some(in_the_state(reseller(), S::Active));
    assert_eq!(failed(&facts, "ENR"), ["ENR-005"]);
    facts.actor = Some(in_the_state(reseller(), S::Rejected));
    assert_eq!(failed(&facts, "ENR"), ["ENR-005", "ENR-007"]);
}

#[test]
fn enr_007_only_a_rejection_is_appealed_and_with_documents() {
    let mut facts = by(C::Appeal, in_the_state(reseller(), S::Rejected));
    assert_eq!(failed(&facts, "ENR"), ["ENR-007"]);
    facts.form.documents = vec!["business licence".to_owned()];
    assert_eq!(failed(&facts, "ENR"), NOTHING);
    facts.actor = Some(in_the_state(reseller(), S::Pending));
    assert_eq!(failed(&facts, "ENR"), ["ENR-007"]);
    assert_eq!(answer(&facts, "ENR"), (409, None));
}

#[test]
fn enr_010_no_transaction_without_a_partner_id() {
    let mut facts = one_tier(C::Order);
    facts.actor.as_mut().unwrap().location = None;
    assert_eq!(failed(&facts, "ENR"), ["ENR-010"]);
    facts.checkpoint = C::ChangeQuantity;
    facts.new_business = false;
    assert_eq!(
        failed(&facts, "ENR"),
        NOTHING,
        "fewer seats are no transaction"
    );
}

#[test]
fn states_and_what_they_allow() {
    let business = |checkpoint, state| {
        let mut facts = one_tier(checkpoint);
        facts.actor = Some(in_the_state(direct_bill(), state));
        failed(&facts, "ENR")
    };
    assert_eq!(
        business(C::Order, S::Restricted),
        ["ENR-023", "ENR-024", "ENR-043"]
    );
    assert_eq!(
        business(C::Upgrade, S::Restricted),
        ["ENR-023", "ENR-024", "ENR-043"]
    );
    assert_eq!(
        business(C::ChangeQuantity, S::Restricted),
        NOTHING,
        "ENR-027"
    );
    assert_eq!(
        business(C::Order, S::Suspended),
        ["ENR-037", "ENR-038", "ENR-043"]
    );
    assert_eq!(
        business(C::ChangeQuantity, S::Suspended),
        ["ENR-037", "ENR-038", "ENR-043"]
    );
    assert_eq!(business(C::Order, S::Qualified), ["ENR-009", "ENR-043"]);
    assert_eq!(business(C::Order, S::Terminated), ["ENR-043"]);
    let estate = |state| {
        let mut facts = one_tier(C::Suspend);
        facts.new_business = false;
        facts.actor = Some(in_the_state(direct_bill(), state));
        failed(&facts, "ENR")
    };
    assert_eq!(estate(S::Restricted), NOTHING);
    assert_eq!(estate(S::Suspended), NOTHING);
    assert_eq!(estate(S::Terminated), ["ENR-043"]);
}

#[test]
fn codes_follow_the_state_and_the_type() {
    for (party, state, code) in [
        (direct_bill(), S::Suspended, 900_149),
        (reseller(), S::Suspended, 800_039),
        (direct_bill(), S::Qualified, 900_124),
        (reseller(), S::Deauthorized, 800_039),
    ] {
        let facts = by(C::InviteCustomer, in_the_state(party, state));
        assert_eq!(answer(&facts, "ENR"), (403, Some(code)), "{state}");
    }
}

#[test]
fn enr_025_a_restricted_partner_invites_only_as_a_reseller() {
    let mut facts = by(
        C::InviteCustomer,
        in_the_state(direct_bill(), S::Restricted),
    );
    assert_eq!(failed(&facts, "ENR"), ["ENR-023", "ENR-025", "ENR-043"]);
    facts.actor.as_mut().unwrap().acts_as_reseller = true;
    assert_eq!(
        failed(&facts, "ENR"),
        ["ENR-023", "ENR-025", "ENR-043"],
        "not by itself"
    );
    facts.other = Some(provider());
    assert_eq!(failed(&facts, "ENR"), NOTHING);
    facts.checkpoint = C::CreateCustomer;
    assert_eq!(failed(&facts, "ENR"), ["ENR-023", "ENR-025", "ENR-043"]);
}

#[test]
fn enr_043_lets_the_right_ones_join_a_provider() {
    let join = |party, state| failed(&by(C::AcceptPartnership, in_the_state(party, state)), "ENR");
    assert_eq!(join(reseller(), S::Qualified), NOTHING);
    assert_eq!(join(reseller(), S::NotEnrolled), NOTHING, "REL-002 answers");
    assert_eq!(join(reseller(), S::Suspended), ["ENR-043"]);
    assert_eq!(join(reseller(), S::Deauthorized), ["ENR-033", "ENR-043"]);
    let mut mover = direct_bill();
    mover.acts_as_reseller = true;
    assert_eq!(join(mover, S::Restricted), NOTHING);
    assert_eq!(join(direct_bill(), S::Restricted), ["ENR-043"]);
}

#[test]
fn named_resellers_are_judged_by_their_own_state() {
    let naming = |checkpoint, state| {
        let mut facts = two_tier(checkpoint);
        facts.named = named(in_the_state(reseller(), state));
        failed(&facts, "ENR")
    };
    assert_eq!(
        naming(C::Order, S::Suspended),
        ["ENR-037", "ENR-038", "ENR-043"]
    );
    assert_eq!(
        naming(C::Order, S::Deauthorized),
        ["ENR-033", "ENR-043", "ENR-044"]
    );
    assert_eq!(
        naming(C::ChangeQuantity, S::Deauthorized),
        ["ENR-033", "ENR-043", "ENR-044"]
    );
    assert_eq!(naming(C::Order, S::Terminated), ["ENR-043", "ENR-044"]);
    let mut facts = two_tier(C::ChangeQuantity);
    facts.named = named(in_the_state(reseller(), S::Deauthorized));
    facts.new_business = false;
    assert_eq!(failed(&facts, "ENR"), NOTHING, "what runs, runs on");
    let mut mover = in_the_state(direct_bill(), S::Restricted);
    mover.acts_as_reseller = true;
    let mut facts = two_tier(C::Order);
    facts.named = named(mover);
    assert_eq!(
        failed(&facts, "ENR"),
        NOTHING,
        "a restricted partner sells through its provider"
    );
}

#[test]
fn enr_016_and_enr_037_show_why() {
    let mut facts = one_tier(C::Order);
    facts.actor = Some(in_the_state(direct_bill(), S::Restricted));
    facts.standing = Some(Standing {
        assessment_failed: Some("2023-10-02".parse().unwrap()),
        ..Standing::default()
    });
    assert_eq!(
        failed(&facts, "ENR"),
        ["ENR-016", "ENR-023", "ENR-024", "ENR-043"]
    );
    assert_eq!(answer(&facts, "ENR"), (403, Some(900_149)));
    assert!(shows(&facts, "ENR-016").contains("2023-10-02"));
    facts.actor = Some(in_the_state(direct_bill(), S::Suspended));
    facts.standing = Some(Standing {
        overdue: vec![("inv-1".to_owned(), "2023-09-15".parse().unwrap())],
        ..Standing::default()
    });
    assert!(shows(&facts, "ENR-037").contains("inv-1"));
}

#[test]
fn enr_021_and_enr_032_want_a_second_tenant() {
    let mut facts = applying(PartnerType::DirectBill);
    wanted(&mut facts).tenant = TenantChoice::Existing("IR-A-csp".to_owned());
    wanted(&mut facts).tenant_held_by = Some(reseller());
    assert_eq!(failed(&facts, "ENR"), ["ENR-021", "ENR-032"]);
    assert_eq!(answer(&facts, "ENR"), (409, None));
    wanted(&mut facts).tenant_held_by = Some(provider());
    assert_eq!(failed(&facts, "ENR"), NOTHING, "IDN-031 alone");
}

#[test]
fn enr_022_the_first_order_needs_a_provider() {
    let mut facts = one_tier(C::Order);
    facts.actor = Some(reseller());
    assert_eq!(failed(&facts, "ENR"), ["ENR-022", "ENR-040"]);
    facts.has_provider = true;
    assert_eq!(failed(&facts, "ENR"), ["ENR-040"]);
    assert_eq!(answer(&facts, "ENR"), (403, Some(2032)));
}

#[test]
fn enr_028_and_enr_029_guard_the_move() {
    let mut mover = direct_bill();
    mover.transitioning = true;
    mover.reseller_enrolment = ResellerEnrolment::Complete;
    mover.acts_as_reseller = true;
    let mut facts = one_tier(C::Order);
    facts.actor = Some(mover.clone());
    assert_eq!(failed(&facts, "ENR"), NOTHING);
    facts.relation.as_mut().unwrap().acquired = Acquired::AsReseller;
    assert_eq!(failed(&facts, "ENR"), ["ENR-028"]);

    let mut facts = two_tier(C::ExtendRelationship);
    facts.new_business = false;
    facts.named = Named::None;
    facts.actor = Some(mover);
    facts.other = Some(provider());
    facts.relation = Some(relation("DB-1", "C-1"));
    facts.form.consent = Some(true);
    assert_eq!(failed(&facts, "ENR"), NOTHING);
    let fails = |change: &dyn Fn(&mut Facts), word: &str| {
        let mut facts = facts.clone();
        change(&mut facts);
        assert_eq!(failed(&facts, "ENR"), ["ENR-029"]);
        assert!(shows(&facts, "ENR-029").contains(word), "{word}");
    };
    fails(
        &|f| f.actor.as_mut().unwrap().transitioning = false,
        "transition",
    );
    fails(
        &|f| f.actor.as_mut().unwrap().reseller_enrolment = ResellerEnrolment::Open,
        "open",
    );
    fails(
        &|f| f.relation.as_mut().unwrap().acquired = Acquired::AsReseller,
        "acquired",
    );
    fails(
        &|f| f.partnership.as_mut().unwrap().state = PartnershipState::Invited,
        "invited",
    );
    fails(&|f| f.form.consent = Some(false), "consent");
}

#[test]
fn enr_031_former_direct_bill_partners_lose_the_api() {
    let mut facts = by(C::ReadPriceSheet, reseller());
    assert_eq!(failed(&facts, "ENR"), ["ENR-040"]);
    assert_eq!(answer(&facts, "ENR"), (403, Some(800_043)));
    facts.actor.as_mut().unwrap().reseller_enrolment = ResellerEnrolment::Complete;
    assert_eq!(failed(&facts, "ENR"), ["ENR-031", "ENR-040"]);
    facts.caller.channel = Channel::Portal;
    assert_eq!(failed(&facts, "ENR"), ["ENR-040"]);
}

/// Who calls a documented path is a partner that is billed, and a user where an application is not enough.
#[test]
fn enr_040_and_rol_018_guard_the_api() {
    let call = |partner, users_only, token| {
        let mut facts = by(C::CallApi, direct_bill());
        facts.actor = None;
        facts.caller.token = token;
        facts.form.api_call = Some(ApiCall {
            national: false,
            partner,
            users_only,
            licences: false,
        });
        facts
    };
    let (user, application) = (TokenKind::User, TokenKind::Application);
    for kind in PartnerType::ALL.iter().copied() {
        let facts = call(Some(kind), false, application);
        if kind.is_billed() {
            assert_eq!(failed(&facts, ""), NOTHING, "{kind}");
        } else {
            assert_eq!(failed(&facts, ""), ["ENR-040"], "{kind}");
            assert_eq!(answer(&facts, "ENR"), (403, Some(2032)));
            assert!(decide(&facts, &["ENR-040".parse().unwrap()]).allowed());
        }
    }
    let facts = call(None, true, application);
    assert_eq!(failed(&facts, ""), ["ROL-018"]);
    assert_eq!(answer(&facts, "ROL"), (403, Some(900_329)));
    assert!(decide(&facts, &["ROL-018".parse().unwrap()]).allowed());
    let mut licences = facts.clone();
    licences.form.api_call = facts.form.api_call.map(|call| ApiCall {
        licences: true,
        ..call
    });
    assert_eq!(failed(&licences, ""), ["ROL-018"]);
    assert_eq!(answer(&licences, "ROL"), (400, Some(900_316)));
    assert_eq!(failed(&call(None, true, user), ""), NOTHING);
    assert_eq!(failed(&call(None, false, application), ""), NOTHING);
    // The token is looked at first (GEN-010).
    let both = call(Some(PartnerType::IndirectReseller), true, application);
    assert_eq!(failed(&both, ""), ["ENR-040", "ROL-018"]);
    let first = decide(&both, &[]).failed().first().map(|rule| rule.id);
    assert_eq!(first, "ROL-018".parse().ok());
}

#[test]
fn enr_036_counts_a_year_from_the_day() {
    let mut facts = applying(PartnerType::IndirectReseller);
    wanted(&mut facts).wait_until = Some("2023-11-16".parse().unwrap());
    assert_eq!(failed(&facts, "ENR"), ["ENR-036"]);
    assert!(shows(&facts, "ENR-036").contains("2023-11-16"));
    wanted(&mut facts).wait_until = Some("2023-11-15".parse().unwrap());
    assert_eq!(failed(&facts, "ENR"), NOTHING);
}

#[test]
fn enr_041_caps_a_sandbox_and_nothing_else() {
    let mut facts = by(C::CreateCustomer, direct_bill());
    facts.actor.as_mut().unwrap().sandbox_customers = 75;
    assert_eq!(failed(&facts, "ENR"), NOTHING, "production has no caps");
    facts.actor.as_mut().unwrap().environment = Environment::Sandbox;
    assert_eq!(failed(&facts, "ENR"), ["ENR-041"]);
    facts.actor.as_mut().unwrap().sandbox_customers = 74;
    assert_eq!(failed(&facts, "ENR"), NOTHING);
    let mut facts = one_tier(C::Order);
    facts.actor.as_mut().unwrap().environment = Environment::Sandbox;
    facts.buyer.as_mut().unwrap().subscription_count = 4;
    assert_eq!(failed(&facts, "ENR"), NOTHING);
    facts.buyer.as_mut().unwrap().subscription_count = 5;
    assert_eq!(failed(&facts, "ENR"), ["ENR-041"]);
    let mut facts = by(C::InvitePartner, provider());
    facts.actor.as_mut().unwrap().environment = Environment::Sandbox;
    facts.form.sandbox_resellers = 5;
    assert_eq!(failed(&facts, "ENR"), ["ENR-041"]);
    assert_eq!(answer(&facts, "ENR"), (400, Some(800_018)));
}

#[test]
fn enr_042_past_business_is_no_enrolment() {
    let mut facts = two_tier(C::Order);
    facts.named = Named::Unenrolled {
        given: "LOC-A2".to_owned(),
        place: place("LOC-A2", "FR"),
    };
    assert_eq!(failed(&facts, "ENR"), ["ENR-042"]);
    facts.named = named(provider());
    assert_eq!(
        failed(&facts, "ENR"),
        NOTHING,
        "ORD-012 answers for a provider"
    );
}

#[test]
fn enr_019_the_billing_anniversary_never_moves() {
    let mut facts = by(C::UpdateProfile, direct_bill());
    facts.form.profile = Some(("billing_anniversary".to_owned(), "2024-01-01".to_owned()));
    assert_eq!(failed(&facts, "ENR"), ["ENR-019"]);
    assert_eq!(answer(&facts, "ENR"), (409, None));
}

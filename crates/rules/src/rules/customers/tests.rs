use super::*;
use crate::facts::{Access, Named, Purchase, Roles};
use crate::testing::{
    answer, buyer, by, caller, direct_bill, failed, named, one_tier, party, provider, relation,
    reseller, shows, two_tier,
};

const NOTHING: [&str; 0] = [];

fn creating(country: &str, change: impl Fn(&mut CustomerForm)) -> Facts {
    let mut facts = by(C::CreateCustomer, provider());
    let country = country.parse().unwrap();
    let mut form = CustomerForm {
        name: "Orchard Bakery SAS".to_owned(),
        country,
        domain: "orchard.example".to_owned(),
        domain_taken_by: None,
        email: "it@orchard.example".to_owned(),
        phone: Some("+33 1 23 45 67 89".to_owned()),
        registration_number: names::registration_number_example(country),
        registration_number_fits: true,
        number_only_where_asked: false,
        for_reseller: Named::None,
        bad_fields: Vec::new(),
    };
    change(&mut form);
    facts.customer_form = Some(Box::new(form));
    facts
}

/// A country, what is broken, and the rule and code that say so.
type Broken = (&'static str, fn(&mut CustomerForm), &'static str, u32);

fn accepting() -> Facts {
    let mut facts = by(C::AcceptRelationship, direct_bill());
    facts.other = facts.actor.take();
    facts.caller = caller("C-1");
    facts.caller.kind = CallerKind::Customer;
    facts.caller.customer_admin = true;
    facts.buyer = Some(buyer("C-1", "FR"));
    let mut invited = relation("DB-1", "C-1");
    invited.state = RelationshipState::Invited;
    facts.relation = Some(invited);
    facts
}

fn removing() -> Facts {
    let mut facts = one_tier(C::RemoveRelationship);
    facts.new_business = false;
    facts
}

#[test]
fn what_is_in_order_passes() {
    let sound: [fn() -> Facts; 8] = [
        || two_tier(C::Order),
        || one_tier(C::Order),
        || one_tier(C::Suspend),
        || creating("FR", |_| {}),
        || creating("UA", |_| {}),
        accepting,
        removing,
        || by(C::InviteCustomer, reseller()),
    ];
    for make in sound {
        let facts = make();
        assert_eq!(failed(&facts, "CUS"), NOTHING, "{:?}", facts.checkpoint);
    }
}

#[test]
fn cus_001_names_who_may_sell() {
    let mut facts = one_tier(C::Order);
    facts.actor = Some(reseller());
    assert_eq!(failed(&facts, "CUS"), ["CUS-001"]);
    facts.has_provider = true;
    assert_eq!(failed(&facts, "CUS"), NOTHING);
    facts.actor = Some(party("AD", PartnerType::Advisor, "FR"));
    assert_eq!(failed(&facts, "CUS"), ["CUS-001"]);
}

#[test]
fn commands_need_an_active_relationship() {
    for state in [
        RelationshipState::None,
        RelationshipState::Invited,
        RelationshipState::Removed,
    ] {
        let mut facts = one_tier(C::Order);
        facts.relation.as_mut().unwrap().state = state;
        assert_eq!(failed(&facts, "CUS"), ["CUS-002", "CUS-031"], "{state}");
        assert_eq!(answer(&facts, "CUS"), (403, Some(20_002)));
        assert!(shows(&facts, "CUS-031").contains(state.as_str()));
        assert!(shows(&facts, "CUS-002").contains("DB-1 with C-1"));
        let mut facts = two_tier(C::Order);
        facts.relation.as_mut().unwrap().state = state;
        assert_eq!(failed(&facts, "CUS"), ["CUS-002", "CUS-003", "CUS-031"]);
    }
}

#[test]
fn forms_of_new_customers_are_checked_field_by_field() {
    let broken: [Broken; 9] = [
        (
            "UA",
            |form| form.registration_number = None,
            "CUS-012",
            600_049,
        ),
        (
            "UA",
            |form| form.registration_number_fits = false,
            "CUS-012",
            600_050,
        ),
        ("UA", |form| form.phone = None, "CUS-012", 600_051),
        (
            "FR",
            |form| {
                form.registration_number = Some("123".to_owned());
                form.number_only_where_asked = true;
            },
            "CUS-012",
            600_002,
        ),
        (
            "FR",
            |form| "llc".clone_into(&mut form.name),
            "CUS-013",
            3000,
        ),
        (
            "FR",
            |form| "it@ip-1.example".clone_into(&mut form.email),
            "CUS-014",
            3000,
        ),
        (
            "FR",
            |form| "it@operator.example".clone_into(&mut form.email),
            "CUS-014",
            3000,
        ),
        (
            "FR",
            |form| form.bad_fields = vec!["email".to_owned()],
            "CUS-011",
            3000,
        ),
        (
            "FR",
            |form| {
                form.phone = None;
                form.registration_number = None;
                "X".clone_into(&mut form.name);
            },
            "CUS-013",
            3000,
        ),
    ];
    for (country, change, rule, code) in broken {
        let facts = creating(country, change);
        assert_eq!(failed(&facts, "CUS"), [rule]);
        assert_eq!(answer(&facts, "CUS"), (400, Some(code)));
    }
    assert!(
        shows(
            &creating("UA", |form| form.registration_number_fits = false),
            "CUS-012"
        )
        .contains("99999999")
    );
}

#[test]
fn cus_008_existing_tenants_are_invited() {
    let facts = creating("FR", |form| form.domain_taken_by = Some("C-1".to_owned()));
    assert_eq!(failed(&facts, "CUS"), ["CUS-008"]);
    assert_eq!(answer(&facts, "CUS"), (409, None));
}

#[test]
fn cus_009_billed_partners_create_customers() {
    let mut facts = creating("FR", |_| {});
    facts.actor = Some(reseller());
    assert_eq!(failed(&facts, "CUS"), ["CUS-009"]);
    assert_eq!(answer(&facts, "CUS"), (403, Some(2032)));
    let mut facts = creating("FR", |_| {});
    facts.caller.roles = Roles::NONE.with(ProgramRole::HelpdeskAgent);
    assert_eq!(failed(&facts, "CUS"), ["CUS-009"]);
    assert_eq!(answer(&facts, "CUS"), (403, Some(900_150)));
    facts.caller.roles = Roles::NONE.with(ProgramRole::SalesAgent);
    assert_eq!(failed(&facts, "CUS"), NOTHING);
}

#[test]
fn acceptance_is_the_customers_own() {
    let mut facts = accepting();
    facts.caller.customer_admin = false;
    assert_eq!(failed(&facts, "CUS"), ["CUS-005"]);
    assert_eq!(answer(&facts, "CUS"), (403, Some(900_150)));
    let mut facts = accepting();
    facts.caller.kind = CallerKind::Partner;
    assert_eq!(failed(&facts, "CUS"), ["CUS-005"]);
    let mut facts = accepting();
    facts.form.link_altered = true;
    assert_eq!(failed(&facts, "CUS"), ["CUS-006"]);
    assert_eq!(answer(&facts, "CUS"), (404, None));
}

#[test]
fn cus_006_wants_every_invitation_open() {
    for state in [
        RelationshipState::None,
        RelationshipState::Declined,
        RelationshipState::Withdrawn,
        RelationshipState::Lapsed,
        RelationshipState::Removed,
    ] {
        let mut facts = accepting();
        facts.relation.as_mut().unwrap().state = state;
        assert_eq!(failed(&facts, "CUS"), ["CUS-006"], "{state}");
        let mut facts = accepting();
        let mut second = relation("IR-B", "C-1");
        second.state = state;
        facts.other_relation = Some(second);
        assert_eq!(failed(&facts, "CUS"), ["CUS-006"], "{state}");
    }
}

#[test]
fn cus_030_program_tenants_do_not_accept() {
    let mut facts = accepting();
    let tenant = facts.buyer.as_mut().unwrap();
    tenant.tenant_type = TenantType::Partner;
    tenant.used_by = Some("IR-A".to_owned());
    assert_eq!(failed(&facts, "CUS"), ["CUS-030"]);
    assert_eq!(answer(&facts, "CUS"), (403, None));
    let tenant = facts.buyer.as_mut().unwrap();
    tenant.tenant_type = TenantType::Customer;
    assert_eq!(failed(&facts, "CUS"), ["CUS-030"]);
}

#[test]
fn cus_016_accounts_in_doubt_buy_nothing() {
    for (state, code) in [
        (CustomerState::UnderReview, 800_073),
        (CustomerState::Disapproved, 800_075),
    ] {
        let mut facts = one_tier(C::Order);
        facts.buyer.as_mut().unwrap().account_state = state;
        assert_eq!(failed(&facts, "CUS"), ["CUS-016"]);
        assert_eq!(answer(&facts, "CUS"), (403, Some(code)));
    }
    let mut facts = one_tier(C::Order);
    facts.buyer.as_mut().unwrap().account_state = CustomerState::SuspendedForMisuse;
    assert_eq!(failed(&facts, "CUS"), NOTHING, "SEC-019's");
}

#[test]
fn cus_017_a_relationship_alone_administers_nothing() {
    let mut facts = one_tier(C::Administer);
    facts.access = Some(Access {
        task: "assign_licences".to_owned(),
        target: "ordinary_user".to_owned(),
        needs: Vec::new(),
        granular: Vec::new(),
        active_relationship: false,
        ended: false,
        default_unassigned: false,
        full: false,
        guest_there: false,
        nested: true,
        resource_role: false,
        admin_agent: true,
    });
    assert_eq!(failed(&facts, "CUS"), ["CUS-017"]);
    assert_eq!(answer(&facts, "CUS"), (403, Some(900_308)));
    facts.access.as_mut().unwrap().granular = vec!["directory_reader".to_owned()];
    assert_eq!(failed(&facts, "CUS"), NOTHING);
    facts.access.as_mut().unwrap().granular.clear();
    facts.access.as_mut().unwrap().full = true;
    assert_eq!(failed(&facts, "CUS"), NOTHING);
}

#[test]
fn removal_waits_for_what_is_live() {
    let mut facts = removing();
    facts.form.live = vec!["sub-1 (active)".to_owned()];
    assert_eq!(failed(&facts, "CUS"), ["CUS-019"]);
    assert_eq!(answer(&facts, "CUS"), (409, None));
    facts.form.commitments = vec![("sub-1".to_owned(), "2024-06-14".parse().unwrap())];
    assert_eq!(failed(&facts, "CUS"), ["CUS-019", "CUS-022"]);
    assert!(shows(&facts, "CUS-022").contains("2024-06-14"));
    let mut facts = removing();
    facts.form.unconfirmed = true;
    assert_eq!(failed(&facts, "CUS"), ["CUS-021"]);
    assert_eq!(answer(&facts, "CUS"), (400, None));
    let mut facts = removing();
    facts.relation.as_mut().unwrap().state = RelationshipState::Removed;
    assert_eq!(failed(&facts, "CUS"), ["CUS-002", "CUS-031"]);
}

#[test]
fn qualifications_that_can_be_set() {
    for (value, expected) in [
        ("none", &["CUS-024"][..]),
        ("nonprofit", &["CUS-024"]),
        ("education", &[]),
        ("state_owned", &[]),
    ] {
        let mut facts = one_tier(C::SetQualification);
        facts.form.qualification = Some(value.to_owned());
        assert_eq!(failed(&facts, "CUS"), expected, "{value}");
    }
    let mut facts = one_tier(C::SetQualification);
    facts.form.qualification = Some("government_community_cloud".to_owned());
    facts.form.validation_code_missing = true;
    assert_eq!(failed(&facts, "CUS"), ["CUS-025"]);
    assert_eq!(answer(&facts, "CUS"), (400, Some(800_086)));
}

#[test]
fn cus_025_counts_only_what_is_approved() {
    for (qualification, expected) in [
        (Qualification::InReview, &["CUS-025"][..]),
        (Qualification::Denied, &["CUS-025"]),
        (Qualification::Approved, &[]),
    ] {
        let mut facts = one_tier(C::CreateCart);
        let customer = facts.buyer.as_mut().unwrap();
        customer.segment = Segment::Education;
        customer.qualification = qualification;
        facts.purchase = Some(education());
        assert_eq!(failed(&facts, "CUS"), expected, "{qualification}");
    }
}

#[test]
fn customers_buy_for_themselves_only_what_is_open_to_them() {
    let mut facts = one_tier(C::SelfServicePurchase);
    facts.caller.kind = CallerKind::Customer;
    facts.form.self_service = Some(true);
    facts.form.self_service_item = Some(("vm-reservation".to_owned(), true));
    assert_eq!(failed(&facts, "CUS"), NOTHING);
    facts.form.self_service = Some(false);
    assert_eq!(failed(&facts, "CUS"), ["CUS-026"]);
    assert_eq!(answer(&facts, "CUS"), (403, None));
    facts.form.self_service = Some(true);
    facts.form.self_service_item = Some(("suite-standard".to_owned(), false));
    assert_eq!(failed(&facts, "CUS"), ["CUS-026"]);
    facts.form.self_service_item = None;
    facts.relation.as_mut().unwrap().state = RelationshipState::Removed;
    assert_eq!(failed(&facts, "CUS"), ["CUS-002", "CUS-031"]);
}

#[test]
fn cus_027_customers_ask_their_partner() {
    let mut facts = one_tier(C::Cancel);
    facts.caller.kind = CallerKind::Customer;
    assert_eq!(failed(&facts, "CUS"), ["CUS-027"]);
    assert_eq!(answer(&facts, "CUS"), (403, None));
}

#[test]
fn a_command_without_a_reseller_is_no_second_tier() {
    let mut facts = two_tier(C::Order);
    facts.named = Named::None;
    facts.relation = None;
    assert_eq!(failed(&facts, "CUS"), ["CUS-002", "CUS-031"]);
    facts.named = named(reseller());
    assert_eq!(failed(&facts, "CUS"), ["CUS-002", "CUS-003", "CUS-031"]);
}

fn education() -> Purchase {
    crate::testing::purchase_of("suite-education", Segment::Education)
}

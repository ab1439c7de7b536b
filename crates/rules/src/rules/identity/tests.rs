use super::*;
use crate::facts::Roles;
use crate::testing::{
    answer, application as applying, by, direct_bill, failed, named, one_tier, party, place,
    provider, reseller, shows, two_tier,
};

const NOTHING: [&str; 0] = [];

fn wanted(f: &mut Facts) -> &mut Application {
    f.application.as_deref_mut().unwrap()
}

#[test]
fn what_is_in_order_passes() {
    let sound: [fn() -> Facts; 5] = [
        || two_tier(C::Order),
        || one_tier(C::Order),
        || applying(PartnerType::DirectBill),
        || applying(PartnerType::IndirectProvider),
        || applying(PartnerType::IndirectReseller),
    ];
    for make in sound {
        let facts = make();
        assert_eq!(failed(&facts, "IDN"), NOTHING, "{:?}", facts.checkpoint);
    }
}

#[test]
fn idn_001_knows_three_types() {
    let mut facts = applying(PartnerType::Advisor);
    assert_eq!(failed(&facts, "IDN"), ["IDN-001"]);
    wanted(&mut facts).wanted = None;
    wanted(&mut facts).wanted_word = "franchisee".to_owned();
    assert_eq!(failed(&facts, "IDN"), ["IDN-001"]);
    assert!(shows(&facts, "IDN-001").contains("franchisee"));
    let mut order = one_tier(C::Order);
    order.actor = Some(party("AD-1", PartnerType::Advisor, "DE"));
    assert_eq!(failed(&order, "IDN"), ["IDN-001"]);
    assert_eq!(answer(&order, "IDN"), (403, None));
}

#[test]
fn idn_003_a_reseller_does_not_buy_from_the_operator() {
    let mut facts = one_tier(C::CreateCart);
    facts.actor = Some(reseller());
    assert_eq!(failed(&facts, "IDN"), ["IDN-003"]);
}

#[test]
fn idn_005_and_idn_006_ask_for_capabilities_of_their_type() {
    for kind in [
        PartnerType::DirectBill,
        PartnerType::IndirectProvider,
        PartnerType::IndirectReseller,
    ] {
        let mut facts = applying(kind);
        wanted(&mut facts).managed_service = false;
        let expected: &[&str] = if kind == PartnerType::DirectBill {
            &["IDN-005"]
        } else {
            &[]
        };
        assert_eq!(failed(&facts, "IDN"), expected, "{kind}");
        let mut facts = applying(kind);
        wanted(&mut facts).reseller_infrastructure = false;
        let expected: &[&str] = if kind == PartnerType::IndirectProvider {
            &["IDN-006"]
        } else {
            &[]
        };
        assert_eq!(failed(&facts, "IDN"), expected, "{kind}");
    }
}

#[test]
fn idn_008_a_global_account_neither_sells_nor_is_enrolled() {
    let mut facts = two_tier(C::Order);
    let mut global = place("GLOBAL-A", "FR");
    global.kind = LocationKind::Global;
    facts.named = Named::Unenrolled {
        given: "GLOBAL-A".to_owned(),
        place: global.clone(),
    };
    assert_eq!(failed(&facts, "IDN"), ["IDN-008", "IDN-023"]);
    assert_eq!(answer(&facts, "IDN"), (400, Some(800_016)));
    let mut facts = by(C::AssociateLocation, reseller());
    facts.form.place = Some(global);
    assert_eq!(failed(&facts, "IDN"), ["IDN-008"]);
    assert_eq!(answer(&facts, "IDN"), (400, None));
}

#[test]
fn idn_009_to_idn_011_pair_a_tenant_with_a_location() {
    let mut facts = by(C::AssociateLocation, reseller());
    facts.form.place = Some(place("LOC-A2", "FR"));
    assert_eq!(failed(&facts, "IDN"), NOTHING);
    facts.form.place.as_mut().unwrap().account = Some("IR-A".to_owned());
    assert_eq!(failed(&facts, "IDN"), NOTHING, "its own");
    facts.form.place.as_mut().unwrap().account = Some("IR-B".to_owned());
    assert_eq!(failed(&facts, "IDN"), ["IDN-009"]);
    assert!(shows(&facts, "IDN-009").contains("IR-B"));
    facts.actor.as_mut().unwrap().environment = Environment::Sandbox;
    assert_eq!(
        failed(&facts, "IDN"),
        NOTHING,
        "one to one in production only"
    );
    facts.form.place = Some(place("LOC-DE", "DE"));
    assert_eq!(failed(&facts, "IDN"), ["IDN-010"]);
    assert!(shows(&facts, "IDN-010").contains("DE") && shows(&facts, "IDN-010").contains("FR"));
    facts.form.place = Some(place("LOC-A2", "FR"));
    facts.form.place.as_mut().unwrap().state = LocationState::Pending;
    assert_eq!(failed(&facts, "IDN"), ["IDN-011"]);
    assert!(shows(&facts, "IDN-011").contains("pending"));
}

#[test]
fn a_location_stays_with_the_tenant_it_moves_with() {
    let mut facts = applying(PartnerType::IndirectReseller);
    wanted(&mut facts).location.as_mut().unwrap().account = Some("IR-A".to_owned());
    assert_eq!(
        failed(&facts, "IDN"),
        ["IDN-009"],
        "a new tenant needs a location of its own"
    );
    wanted(&mut facts).tenant = TenantChoice::Existing("IR-A-csp".to_owned());
    assert_eq!(failed(&facts, "IDN"), NOTHING);
}

#[test]
fn idn_012_credentials_serve_one_account() {
    let mut facts = applying(PartnerType::DirectBill);
    wanted(&mut facts).credentials_of = Some("IR-A".to_owned());
    assert_eq!(failed(&facts, "IDN"), ["IDN-012"]);
    wanted(&mut facts).tenant = TenantChoice::Existing("IR-A-csp".to_owned());
    assert_eq!(failed(&facts, "IDN"), NOTHING, "the same account again");
}

#[test]
fn profiles_keep_what_is_fixed() {
    let update = |party: Party, field: &str, value: &str| {
        let mut facts = by(C::UpdateProfile, party);
        facts.form.profile = Some((field.to_owned(), value.to_owned()));
        facts.form.location_countries = vec!["FR".parse().unwrap(), "ES".parse().unwrap()];
        failed(&facts, "IDN")
    };
    assert_eq!(update(reseller(), "country", "DE"), ["IDN-014"]);
    assert_eq!(update(reseller(), "country", "FR"), NOTHING);
    assert_eq!(
        update(reseller(), "global_account_country", "US"),
        ["IDN-015"]
    );
    assert_eq!(update(reseller(), "global_account_country", "ES"), NOTHING);
    assert_eq!(update(provider(), "legal_name", "Other SAS"), ["IDN-025"]);
    assert_eq!(
        update(direct_bill(), "legal_name", "Other GmbH"),
        ["IDN-025"]
    );
    assert_eq!(update(reseller(), "legal_name", "Other SAS"), NOTHING);
    assert_eq!(
        update(provider(), "security_contact", "s@ip-1.example"),
        NOTHING
    );
}

#[test]
fn idn_025_the_global_administrator_renames_a_reseller() {
    let mut facts = by(C::UpdateProfile, reseller());
    facts.form.profile = Some(("legal_name".to_owned(), "Other SAS".to_owned()));
    facts.caller.roles = Roles::NONE.with(ProgramRole::AdminAgent);
    assert_eq!(failed(&facts, "IDN"), ["IDN-025"]);
}

#[test]
fn locations_are_genuine_and_deleted_only_when_free() {
    let mut facts = by(C::AddLocation, reseller());
    assert_eq!(failed(&facts, "IDN"), NOTHING);
    facts.form.address_fictitious = true;
    assert_eq!(failed(&facts, "IDN"), ["IDN-016"]);
    let mut facts = by(C::DeleteLocation, reseller());
    facts.form.place = Some(place("LOC-A2", "FR"));
    assert_eq!(failed(&facts, "IDN"), NOTHING);
    facts.form.deletion_blocks = vec!["the last location".to_owned()];
    assert_eq!(failed(&facts, "IDN"), ["IDN-017", "IDN-018"]);
    facts.form.deletion_blocks.clear();
    facts.caller.roles = Roles::NONE.with(ProgramRole::AccountAdmin);
    assert_eq!(
        failed(&facts, "IDN"),
        ["IDN-017"],
        "only a global administrator deletes"
    );
    facts.checkpoint = C::AddLocation;
    assert_eq!(
        failed(&facts, "IDN"),
        NOTHING,
        "an account administrator adds"
    );
    facts.caller.roles = Roles::NONE.with(ProgramRole::SalesAgent);
    assert_eq!(failed(&facts, "IDN"), ["IDN-017"]);
}

#[test]
fn idn_020_a_tenant_belongs_to_one_account() {
    let mut facts = by(C::AssociateTenant, reseller());
    facts.form.tenant = Some(("TB-two".to_owned(), None));
    assert_eq!(failed(&facts, "IDN"), NOTHING);
    facts.form.tenant = Some(("TB-two".to_owned(), Some("IR-A".to_owned())));
    assert_eq!(failed(&facts, "IDN"), NOTHING, "its own already");
    facts.form.tenant = Some(("TB-two".to_owned(), Some("IR-B".to_owned())));
    assert_eq!(failed(&facts, "IDN"), ["IDN-020"]);
    let mut facts = applying(PartnerType::IndirectReseller);
    wanted(&mut facts).tenant = TenantChoice::Other("IR-B-csp".to_owned());
    wanted(&mut facts).tenant_held_by = Some(party("IR-B", PartnerType::IndirectReseller, "IT"));
    assert_eq!(failed(&facts, "IDN"), ["IDN-020"]);
}

#[test]
fn idn_021_listed_countries_want_a_registration_number() {
    for (country, number, fits, refused) in [
        ("BR", None, false, true),
        ("BR", Some("??"), false, true),
        ("BR", Some("123"), true, false),
        ("FR", None, false, false),
        ("FR", Some("??"), false, false),
    ] {
        let mut facts = applying(PartnerType::IndirectReseller);
        let form = wanted(&mut facts);
        form.country = country.parse().unwrap();
        form.location = None;
        form.registration_number = number.map(str::to_owned);
        form.registration_number_fits = fits;
        let expected: &[&str] = if refused { &["IDN-021"] } else { &[] };
        assert_eq!(failed(&facts, "IDN"), expected, "{country} {number:?}");
    }
}

#[test]
fn idn_022_and_idn_023_look_a_partner_id_up() {
    let mut facts = by(C::VerifyPartnerId, provider());
    facts.form.looked_up = Some(Named::Unknown {
        given: "99999999".to_owned(),
    });
    assert_eq!(failed(&facts, "IDN"), ["IDN-022"]);
    assert_eq!(answer(&facts, "IDN"), (404, Some(3000)));
    facts.form.looked_up = Some(named(reseller()));
    assert_eq!(failed(&facts, "IDN"), NOTHING);
    let mut facts = two_tier(C::SetPartnerOfRecord);
    for (given, expected) in [
        (named(provider()), &["IDN-023"][..]),
        (named(direct_bill()), &["IDN-023"]),
        (
            Named::Unenrolled {
                given: "LOC-A2".to_owned(),
                place: place("LOC-A2", "FR"),
            },
            &["IDN-023"],
        ),
        (
            Named::Unknown {
                given: "99999999".to_owned(),
            },
            &[],
        ),
        (named(reseller()), &[]),
    ] {
        facts.named = given;
        assert_eq!(failed(&facts, "IDN"), expected);
    }
}

#[test]
fn idn_028_and_idn_029_keep_program_tenants_empty() {
    let mut facts = one_tier(C::Order);
    let target = facts.buyer.as_mut().unwrap();
    target.tenant_type = TenantType::Partner;
    target.used_by = Some("IR-A".to_owned());
    target.program_since = Some("2023-10-01".parse().unwrap());
    assert_eq!(failed(&facts, "IDN"), ["IDN-028", "IDN-029"]);
    assert!(shows(&facts, "IDN-028").contains("2023-10-01"));
    // A tenant of type Partner is one whether or not an account uses it.
    facts.buyer.as_mut().unwrap().used_by = None;
    facts.buyer.as_mut().unwrap().program_since = None;
    assert_eq!(failed(&facts, "IDN"), ["IDN-028"]);
    facts.buyer.as_mut().unwrap().tenant_type = TenantType::Customer;
    assert_eq!(failed(&facts, "IDN"), NOTHING);
}

#[test]
fn idn_031_one_tenant_one_type_unless_it_moves() {
    let mut facts = applying(PartnerType::DirectBill);
    wanted(&mut facts).tenant = TenantChoice::Existing("IR-A-csp".to_owned());
    wanted(&mut facts).tenant_held_by = Some(reseller());
    assert_eq!(failed(&facts, "IDN"), ["IDN-031"]);
    let mut facts = applying(PartnerType::IndirectReseller);
    wanted(&mut facts).tenant = TenantChoice::Existing("DB-1-csp".to_owned());
    wanted(&mut facts).account = Some(direct_bill());
    wanted(&mut facts).tenant_held_by = Some(direct_bill());
    wanted(&mut facts).location = None;
    assert_eq!(failed(&facts, "IDN"), NOTHING);
}

//! Facts for the tests of the sections: a French two-tier sale in which nothing is wrong, and small
//! steps away from it. Public for the proofs and benches, which stand outside this crate.

use smallvec::SmallVec;
use tierline_domain::admin::Mfa;
use tierline_domain::catalog::{Frequency, Generation, ItemKind, Publisher, Term};
use tierline_domain::customer::{
    Acquired, ConditionalAccess, CustomerState, Delegation, Qualification, RelationshipState,
    Segment,
};
use tierline_domain::order::RoleDeclared;
use tierline_domain::partner::{
    AccountState, Cloud, Environment, LocationKind, LocationState, MembershipState, PartnerType,
    PartnershipState, ResellerEnrolment, SupportPlan, TenantType,
};
use tierline_domain::subscription::{SubscriptionState, TransferKind, TransferState};
use tierline_domain::time::{Date, Timestamp};

use crate::decide;
use crate::facts::{
    Application, AttestationForm, Buyer, Caller, CallerKind, Channel, Checkpoint, Facts, Named,
    PartnershipFact, Party, PlaceFact, Purchase, Relation, Roles, SubscriptionFact, TenantChoice,
    TokenKind, TransferFact,
};
use crate::regions::region_on;

/// Wednesday, 15 November 2023, the day of the base world.
pub fn today() -> Date {
    "2023-11-15".parse().unwrap()
}

/// Noon of that day.
pub fn now() -> Timestamp {
    Timestamp::noon(today())
}

/// A user of a partner with every program role, over the API.
pub fn caller(name: &str) -> Caller {
    Caller {
        kind: CallerKind::Partner,
        name: name.to_owned(),
        user: None,
        roles: Roles::all(),
        role_names: ["global_admin", "admin_agent"].map(str::to_owned).into(),
        customer_admin: false,
        mfa: Mfa::Present,
        token: TokenKind::User,
        channel: Channel::Api,
        guest: false,
        application: None,
    }
}

/// An active location.
pub fn place(name: &str, country: &str) -> PlaceFact {
    PlaceFact {
        name: name.to_owned(),
        partner_id: "4711".to_owned(),
        organization: "ORG-A".to_owned(),
        country: country.parse().unwrap(),
        kind: LocationKind::Location,
        state: LocationState::Active,
        account: None,
    }
}

/// An active account in good standing.
pub fn party(name: &str, kind: PartnerType, country: &str) -> Party {
    let country = country.parse().unwrap();
    Party {
        name: name.to_owned(),
        title: name.to_owned(),
        organization: format!("ORG-{name}"),
        kind,
        acts_as_reseller: kind == PartnerType::IndirectReseller,
        country,
        region: region_on(country, today()),
        state: AccountState::Active,
        state_since: "2022-11-15".parse().unwrap(),
        onboarded: "2021-11-15".parse().unwrap(),
        membership: MembershipState::Active,
        signed: true,
        tenant: format!("{name}-csp"),
        location: Some(place(&format!("LOC-{name}"), country.as_str())),
        environment: Environment::Production,
        sandbox_customers: 0,
        cloud: Cloud::Public,
        approvals: SmallVec::new(),
        revenue_cloud: None,
        revenue_perpetual: None,
        transitioning: false,
        reseller_enrolment: ResellerEnrolment::None,
        support_plan: SupportPlan::None,
        support_benefit: false,
        third_party_mfa_exception: false,
        domain: format!("{}.example", name.to_ascii_lowercase()),
        currency: None,
    }
}

/// The provider of the base world.
pub fn provider() -> Party {
    party("IP-1", PartnerType::IndirectProvider, "FR")
}

/// The reseller of the base world.
pub fn reseller() -> Party {
    party("IR-A", PartnerType::IndirectReseller, "FR")
}

/// The direct-bill partner of the base world.
pub fn direct_bill() -> Party {
    party("DB-1", PartnerType::DirectBill, "DE")
}

/// An ordinary commercial customer.
pub fn buyer(name: &str, country: &str) -> Buyer {
    let country = country.parse().unwrap();
    Buyer {
        name: name.to_owned(),
        organization: format!("ORG-{name}"),
        title: name.to_owned(),
        tenant_type: TenantType::Customer,
        used_by: None,
        used_by_owner: false,
        program_since: None,
        owner_is_partner: false,
        owner_is_reseller: false,
        owner_resells_for_provider: None,
        country,
        region: region_on(country, today()),
        office: None,
        segment: Segment::Commercial,
        state_owned: false,
        qualification: Qualification::Approved,
        account_state: CustomerState::Approved,
        conditional_access: ConditionalAccess::Open,
        subscription_count: 0,
        currency: None,
        customer_of_other: false,
        accepted_agreement: false,
    }
}

/// Names a reseller by its account.
pub fn named(party: Party) -> Named {
    Named::Account {
        given: party.name.clone(),
        party: Box::new(party),
    }
}

/// An active relationship.
pub fn relation(partner: &str, customer: &str) -> Relation {
    Relation {
        partner: partner.to_owned(),
        customer: customer.to_owned(),
        state: RelationshipState::Active,
        delegation: Delegation::None,
        acquired: Acquired::Directly,
    }
}

/// A command of a partner about nothing in particular.
pub fn by(checkpoint: Checkpoint, actor: Party) -> Facts {
    let mut facts = Facts::bare(checkpoint, now(), caller(&actor.name));
    facts.actor = Some(actor);
    facts
}

/// New business of IP-1 for C-1 that names IR-A.
pub fn two_tier(checkpoint: Checkpoint) -> Facts {
    let mut facts = by(checkpoint, provider());
    facts.new_business = true;
    facts.named = named(reseller());
    facts.partnership = Some(PartnershipFact {
        provider: "IP-1".to_owned(),
        reseller: "IR-A".to_owned(),
        state: PartnershipState::Active,
        since: "2022-11-15".parse().unwrap(),
        removal_requested: None,
    });
    facts.buyer = Some(buyer("C-1", "FR"));
    facts.relation = Some(relation("IP-1", "C-1"));
    facts.attested = true;
    facts
}

/// New business of DB-1 for C-1.
pub fn one_tier(checkpoint: Checkpoint) -> Facts {
    let mut facts = by(checkpoint, direct_bill());
    facts.new_business = true;
    facts.buyer = Some(buyer("C-1", "FR"));
    facts.relation = Some(relation("DB-1", "C-1"));
    facts.attested = true;
    facts
}

/// A reseller of two years that applies with a new tenant, everything in order.
pub fn application(kind: PartnerType) -> Facts {
    let account = reseller();
    let mut facts = by(Checkpoint::Apply, account.clone());
    facts.application = Some(Box::new(Application {
        wanted: Some(kind),
        wanted_word: kind.to_string(),
        organization: account.organization.clone(),
        account: Some(account),
        tenant: TenantChoice::New,
        tenant_held_by: None,
        tenant_own: true,
        tenant_associated_with: None,
        tenant_country: None,
        country: "FR".parse().unwrap(),
        region: region_on("FR".parse().unwrap(), today()),
        location: Some(place("LOC-A2", "FR")),
        membership: MembershipState::Active,
        tenure_months: 24,
        newcomer: false,
        revenue_cloud: None,
        contact_email: "it@ir-a.example".to_owned(),
        contact_email_bad: false,
        registration_number: Some("123".to_owned()),
        registration_number_fits: true,
        support_contact: Some("help@ir-a.example".to_owned()),
        credentials_of: None,
        credit_check: "passed".to_owned(),
        managed_service: true,
        receivables: true,
        reseller_infrastructure: true,
        support_plan: SupportPlan::Advanced,
        wait_until: None,
        assessment_failed: None,
    }));
    facts
}

/// A licence of a segment.
pub fn purchase_of(item: &str, segment: Segment) -> Purchase {
    Purchase {
        item: item.to_owned(),
        segment,
        ..purchase()
    }
}

/// A sound attestation.
pub fn attestation() -> AttestationForm {
    AttestationForm {
        missing: Vec::new(),
        agreed: today(),
        template_fits: true,
        template: "general".to_owned(),
        duplicate: false,
        bought_before: false,
    }
}

/// Ten seats of a commercial licence for a year, billed monthly.
pub fn purchase() -> Purchase {
    Purchase {
        item: "suite-standard".to_owned(),
        kind: ItemKind::Licence,
        generation: Generation::NewCommerce,
        publisher: Publisher::Operator,
        segment: Segment::Commercial,
        quantity: 10,
        term: Term::YEAR,
        term_offered: true,
        frequency: Frequency::Monthly,
        frequency_offered: true,
        min_quantity: 1,
        max_quantity: 10_000,
        customer_max: None,
        prerequisites: Vec::new(),
        prerequisite_owned: false,
        least_of_base: None,
        trial_of: None,
        trial_used: false,
        trial_item_owned: false,
        concurrent: None,
        tenant_ceiling: 300,
        end_of_sale: None,
        eligible_seller: true,
        not_sold_in: SmallVec::new(),
        requires_attestation: false,
        attestation_accepted: true,
        availability_outdated: false,
        role_declared: RoleDeclared::Direct,
        further_resellers: Vec::new(),
        currency: None,
        other_currency: None,
        alignment: None,
        cost_usd: None,
        cart: None,
        plan_active: false,
        plan_owned: false,
        parent_fits: None,
        parent_inactive: false,
        parent: None,
        trial_excluded: false,
        plan_state: None,
        without_cart: false,
    }
}

/// DB-1 orders for C-1 what a step away from the plain purchase makes of it.
pub fn order(checkpoint: Checkpoint, change: impl FnOnce(&mut Purchase)) -> Facts {
    let mut facts = one_tier(checkpoint);
    let mut line = purchase();
    change(&mut line);
    facts.purchase = Some(line);
    facts
}

/// Ten active seats that DB-1 sold in June, for a year, billed monthly.
pub fn subscription() -> SubscriptionFact {
    SubscriptionFact {
        name: "sub-1".to_owned(),
        seller: "DB-1".to_owned(),
        own: true,
        item: "suite-standard".to_owned(),
        kind: ItemKind::Licence,
        generation: Generation::NewCommerce,
        publisher: Publisher::Operator,
        end_of_sale: None,
        state: SubscriptionState::Active,
        bought: "2023-06-15T10:00:00Z".parse().unwrap(),
        quantity: 10,
        new_quantity: None,
        reducible: Vec::new(),
        cancel_until: Some("2023-06-22T10:00:00Z".parse().unwrap()),
        new_frequency: None,
        new_term: None,
        new_renewal: None,
        term: Term::YEAR,
        frequency: Frequency::Monthly,
        term_end: Some("2024-06-14".parse().unwrap()),
        renewal: true,
        renewal_queued: false,
        partner_of_record: None,
        upgraded: false,
        converted_from_trial: false,
        updates: 0,
        min_quantity: 1,
        max_quantity: 10_000,
        renewable: true,
        cancellable: true,
        partner_of_record_fixed: false,
        active_children: 0,
        children: Vec::new(),
        order_blockers: Vec::new(),
        promotion_name: None,
        promotion: None,
        segment: Segment::Commercial,
        transition: None,
        in_transfer: None,
        customer_max: None,
    }
}

/// DB-1 commands something of its subscription.
pub fn command(checkpoint: Checkpoint, change: impl FnOnce(&mut SubscriptionFact)) -> Facts {
    let mut facts = one_tier(checkpoint);
    facts.new_business = false;
    let mut subject = subscription();
    change(&mut subject);
    facts.subscription = Some(Box::new(subject));
    facts
}

/// A transfer of a consumption subscription from DB-1 to IP-2, which names IR-B; everything in order.
pub fn transfer(checkpoint: Checkpoint, change: impl FnOnce(&mut TransferFact)) -> Facts {
    let to = party("IP-2", PartnerType::IndirectProvider, "DE");
    let mut facts = by(checkpoint, to.clone());
    facts.new_business = checkpoint == Checkpoint::AcceptTransfer;
    facts.named = named(party("IR-B", PartnerType::IndirectReseller, "IT"));
    facts.buyer = Some(buyer("C-1", "FR"));
    facts.relation = Some(relation("IP-2", "C-1"));
    facts.attested = true;
    let mut carried = subscription();
    carried.kind = ItemKind::Consumption;
    "cloud-subscription".clone_into(&mut carried.item);
    let mut moved = TransferFact {
        name: Some("tr-1".to_owned()),
        kind: TransferKind::Plan,
        state: None,
        created: None,
        too_old: false,
        from: direct_bill(),
        to,
        caller_receives: true,
        caller_gives: false,
        receiver_relation: RelationshipState::Active,
        receiver_plan: true,
        receiver_plan_state: Some(SubscriptionState::Active),
        receiver_evidence: true,
        subscriptions: vec![carried],
    };
    if checkpoint == Checkpoint::AcceptTransfer {
        moved.state = Some(TransferState::Pending);
        moved.caller_receives = false;
        moved.caller_gives = true;
        facts.caller = caller("DB-1");
    }
    change(&mut moved);
    facts.transfer = Some(Box::new(moved));
    facts
}

/// The failed rules of one section, by id, each once.
pub fn failed(facts: &Facts, prefix: &str) -> Vec<String> {
    let mut ids: Vec<String> = decide(facts, &[])
        .failed()
        .iter()
        .map(|rule| rule.id.to_string())
        .filter(|id| id.starts_with(prefix))
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Status and code of the first failure among the rules of one section.
pub fn answer(facts: &Facts, prefix: &str) -> (u16, Option<u32>) {
    let verdict = decide(facts, &[]);
    let rule = verdict
        .failed()
        .iter()
        .find(|rule| rule.id.prefix() == prefix)
        .unwrap();
    let answer = (rule.answer)(facts);
    let code = match answer.code {
        crate::registry::Code::Documented(code) => Some(code),
        _ => None,
    };
    (answer.status, code)
}

/// What a rule shows about the facts, one line a fact.
pub fn shows(facts: &Facts, id: &str) -> String {
    decide(facts, &[])
        .explain(facts)
        .violations
        .iter()
        .filter(|violation| violation.rule.to_string() == id)
        .flat_map(|violation| &violation.facts)
        .map(|fact| [&fact.label, ": ", &fact.value, "\n"].concat())
        .collect()
}

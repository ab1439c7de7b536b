//! The founding document, proved by exhaustion: the whole abstract fact space of scenarios 1 to 8.
//!
//! Every order, every joining of partners (invitation and acceptance) and every relationship with a customer (invitation
//! and acceptance, alone and joint) that the small enumerations can describe is decided; narrower walks go along the
//! facts of the scenarios' other commands. Allowed worlds must keep the invariants of the document; and each enforced
//! rule of the scenarios must refuse in some world, alone, or beside rules that are named with the reason ([`NEVER_ALONE`]).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use smallvec::{SmallVec, smallvec};
use tierline_domain::admin::DirectoryRole;
use tierline_domain::customer::RelationshipState;
use tierline_domain::order::RoleDeclared;
use tierline_domain::partner::{AccountState, PartnerType, PartnershipState, TenantType};
use tierline_domain::time::Date;

use crate::book::RuleId;
use crate::facts::{
    Access, CallerKind, Ceiling, Checkpoint, Exclusivity, Facts, Kinship, Named, PartnershipFact,
    Relation, Tie, Tier,
};
use crate::registry::Ground;
use crate::{decide, rules, testing};

/// Enforced rules of the scenarios that never refuse alone, and why others always stand beside them.
const NEVER_ALONE: &[(&str, &str)] = &[
    (
        "TXN-104",
        "ORD-014 refuses the reseller that a direct-bill partner names, ORD-001 whoever does not order at all",
    ),
    (
        "TXN-203",
        "it says of a further seller what CUS-002 and CUS-031 say of every one: there is no active relationship",
    ),
    (
        "TXN-205",
        "the ceiling over all partners is the customer's limit of ORD-020",
    ),
    (
        "TXN-302",
        "without a relationship CUS-002 refuses, without rights DAP-004: it is both for whoever only manages",
    ),
    (
        "TXN-303",
        "whoever manages a subscription is not its seller, which is TXN-204's",
    ),
    (
        "TXN-402",
        "the same ban on a provider alone that TXN-404 lets the operator switch off",
    ),
    (
        "TXN-404",
        "the same ban on a provider alone that TXN-402 states for own use",
    ),
    (
        "TXN-405",
        "a tenant of the type Partner is refused by IDN-028, a shared-services tenant of a partner by TXN-409",
    ),
    (
        "TXN-406",
        "every tenant that is used in the program is one by IDN-029",
    ),
    (
        "TXN-408",
        "it repeats, for own use, an ordinary rule that refuses beside it",
    ),
    (
        "TXN-503",
        "the tenant's type changes nothing of a ban that TXN-507 keeps in force",
    ),
    (
        "TXN-504",
        "the tier of the seller changes nothing of a ban that TXN-507 keeps in force",
    ),
    ("TXN-506", "the day of an affiliation that TXN-502 bans"),
    (
        "TXN-507",
        "no waiver lifts what TXN-501 or TXN-502 bans, and one of them refuses beside it",
    ),
    (
        "TXN-601",
        "the tie of one tenant to its own provider, which TXN-602 tests from both ends",
    ),
    (
        "TXN-602",
        "the tie of one tenant to its own provider, which TXN-601 forbids",
    ),
    (
        "TXN-604",
        "what closes option 1 is a program tenant (TXN-403, TXN-406) or an affiliate (TXN-501, TXN-502)",
    ),
    ("TXN-606", "who may end a partnership is REL-013's"),
    (
        "TXN-607",
        "a pending removal leaves the tie of TXN-601 in force",
    ),
    (
        "TXN-610",
        "another provider leaves the tie of TXN-601 in force",
    ),
    (
        "TXN-611",
        "the tenant of option 3 is a program tenant, which TXN-406 closes",
    ),
    (
        "TXN-613",
        "no option lifts an ordinary rule, which refuses beside it",
    ),
    (
        "TXN-701",
        "a reseller's case of the region that REG-001 tests",
    ),
    ("TXN-702", "a chain's case of the region that REG-002 tests"),
    (
        "TXN-801",
        "the partnership's case of the region that REG-002 and REL-007 test",
    ),
    (
        "TXN-803",
        "the way out of the region that REG-002 and REL-007 test",
    ),
];

/// How the buyer's owner is tied to a seller, waiver included.
const TIES: [(u8, bool); 5] = [(0, false), (1, false), (1, true), (2, false), (2, true)];

fn tie(kind: u8) -> Tie {
    match kind {
        0 => Tie::Unrelated,
        1 => Tie::Same,
        _ => Tie::Affiliated {
            since: Some(Date::constant(2023, 11, 1)),
            path: vec!["ORG-C1".to_owned(), "ORG-P".to_owned()],
        },
    }
}

fn kin(seller: &str, tier: Tier, (kind, waived): (u8, bool)) -> Kinship {
    Kinship {
        seller: seller.to_owned(),
        seller_organization: "ORG-P".to_owned(),
        tier,
        tie: tie(kind),
        waiver: waived.then(|| "waiver-1".to_owned()),
    }
}

/// Rules that refuse together, each with the ground on which it does.
type Failed = SmallVec<[(RuleId, Ground); 12]>;

/// What the exhaustion saw.
#[derive(Default)]
struct Seen {
    worlds: u64,
    allowed: u64,
    /// The rules that refused together: in how many worlds, and the first of them in words.
    together: BTreeMap<Failed, (u64, String)>,
}

impl Seen {
    fn judge(&mut self, facts: &Facts) {
        self.worlds += 1;
        let verdict = decide(facts, &[]);
        if verdict.allowed() {
            self.allowed += 1;
            invariants(facts);
            return;
        }
        let failed = verdict.failed().iter();
        let failed: Failed = failed.map(|rule| (rule.id, rule.ground)).collect();
        let entry = self
            .together
            .entry(failed)
            .or_insert_with(|| (0, describe(facts)));
        entry.0 += 1;
    }

    /// The worlds in which rules of one ground alone refuse, and the first of them in words.
    fn grounds_alone(&self) -> BTreeMap<Ground, (u64, &str)> {
        let mut alone = BTreeMap::new();
        for (failed, (count, first)) in &self.together {
            let mut grounds = failed.iter().map(|(_, ground)| *ground);
            let ground = grounds.next().unwrap();
            if grounds.all(|other| other == ground) {
                let entry = alone.entry(ground).or_insert((0, first.as_str()));
                entry.0 += count;
            }
        }
        alone
    }

    /// Where a rule refuses: the worlds in which it does so alone with the first of them, and else the rules that stand
    /// beside it in every world.
    fn of_rule(&self, id: RuleId) -> Refusing<'_> {
        let mut refusing = Refusing::default();
        for (failed, (count, first)) in &self.together {
            let failed: BTreeSet<RuleId> = failed.iter().map(|(id, _)| *id).collect();
            if !failed.contains(&id) {
                continue;
            }
            refusing.worlds += count;
            if failed.len() == 1 {
                refusing.alone += count;
                refusing.first.get_or_insert(first);
            }
            let others = failed.iter().copied().filter(|other| *other != id);
            refusing.beside = Some(match refusing.beside.take() {
                None => others.collect(),
                Some(known) => known
                    .into_iter()
                    .filter(|other| failed.contains(other))
                    .collect(),
            });
        }
        refusing
    }
}

/// Where a rule refuses.
#[derive(Default)]
struct Refusing<'a> {
    worlds: u64,
    alone: u64,
    first: Option<&'a str>,
    beside: Option<BTreeSet<RuleId>>,
}

fn describe(f: &Facts) -> String {
    let actor = f.actor.as_ref().map_or_else(String::new, |actor| {
        format!("{} {}", actor.kind, actor.state)
    });
    let named = match &f.named {
        Named::None => "none".to_owned(),
        Named::Unknown { .. } => "unknown".to_owned(),
        Named::Unenrolled { .. } => "unenrolled".to_owned(),
        Named::Account { party, .. } => {
            format!("{} {} signed={}", party.kind, party.state, party.signed)
        }
    };
    let buyer = f.buyer.as_ref().map_or_else(String::new, |buyer| {
        format!(
            "{} used={} partner={}",
            buyer.tenant_type,
            buyer.used_by.is_some(),
            buyer.owner_is_partner
        )
    });
    format!("{} by {actor}, naming {named}, into {buyer}", f.checkpoint)
}

/// What no allowed world may break, whatever the rules' own words.
fn invariants(f: &Facts) {
    let seller = f.actor.as_ref().or(f.other.as_ref()).unwrap();
    let sells = f.new_business;
    if let Some(buyer) = &f.buyer {
        // To a country of no region nothing is sold (REG-018); a relationship there is none of two regions.
        if sells || buyer.region.is_some() {
            assert_eq!(
                seller.region(),
                buyer.region.map(|fact| fact.region),
                "nothing crosses regions: {}",
                describe(f)
            );
        }
        // A relationship brings no services yet; with the tenant that a company uses itself it is refused at once.
        assert!(
            buyer.used_by.is_none() || !sells && !buyer.used_by_owner,
            "nothing goes into a program tenant: {}",
            describe(f)
        );
        assert!(
            !f.kinship.iter().any(Kinship::forbids),
            "nothing is sold to oneself or an affiliate: {}",
            describe(f)
        );
        assert!(
            f.exclusivity.is_none(),
            "one tenant is reseller or customer of a provider: {}",
            describe(f)
        );
        if sells {
            let lone = seller.kind == PartnerType::IndirectProvider && f.named.party().is_none();
            assert!(
                !(lone && buyer.owner_is_partner && !f.policy.provider_may_sell_to_partners),
                "no lone provider sells to a partner: {}",
                describe(f)
            );
            assert!(
                f.relation.as_ref().is_some_and(Relation::is_active),
                "no sale without a relationship: {}",
                describe(f)
            );
            assert!(
                f.attested || buyer.accepted_agreement,
                "no sale without the customer agreement: {}",
                describe(f)
            );
        }
    }
    if sells {
        assert!(
            seller.signed && seller.state == AccountState::Active,
            "no sale by an unsigned or inactive partner: {}",
            describe(f)
        );
        assert!(
            seller.kind.is_billed(),
            "resellers do not order: {}",
            describe(f)
        );
        if let Some(reseller) = f.named.party() {
            assert_eq!(
                reseller.region(),
                seller.region(),
                "the chain stays in one region: {}",
                describe(f)
            );
            assert!(
                reseller.signed && reseller.acts_as_reseller,
                "the reseller named has signed: {}",
                describe(f)
            );
            assert_eq!(
                f.partnership.as_ref().map(|tie| tie.state),
                Some(PartnershipState::Active),
                "a partnership stands behind it: {}",
                describe(f)
            );
        }
    }
    if matches!(
        f.checkpoint,
        Checkpoint::InvitePartner | Checkpoint::AcceptPartnership
    ) {
        let other = f.other.as_ref().unwrap();
        assert_eq!(
            seller.region(),
            other.region(),
            "partners join in one region: {}",
            describe(f)
        );
    }
}

/// The five ways in which a reseller of record can be named or not.
fn named_variants() -> Vec<Named> {
    let reseller = testing::reseller();
    let abroad = testing::party("IR-US", PartnerType::IndirectReseller, "US");
    let mut open = reseller.clone();
    open.signed = false;
    let mut gone = reseller.clone();
    gone.state = AccountState::Deauthorized;
    vec![
        Named::None,
        Named::Unknown {
            given: "99999999".to_owned(),
        },
        Named::Unenrolled {
            given: "LOC-A2".to_owned(),
            place: testing::place("LOC-A2", "FR"),
        },
        testing::named(reseller),
        testing::named(open),
        testing::named(gone),
        testing::named(abroad),
        testing::named(testing::party("IP-2", PartnerType::IndirectProvider, "DE")),
    ]
}

fn sellers() -> Vec<crate::facts::Party> {
    let mut all = Vec::new();
    for kind in PartnerType::ALL {
        for state in [
            AccountState::Active,
            AccountState::Qualified,
            AccountState::Restricted,
            AccountState::Suspended,
        ] {
            for signed in [true, false] {
                let mut party = testing::party("S-1", *kind, "FR");
                party.state = state;
                party.signed = signed;
                party.acts_as_reseller = *kind == PartnerType::IndirectReseller;
                all.push(party);
            }
        }
    }
    all
}

fn orders(seen: &mut Seen) {
    let mut facts = testing::two_tier(Checkpoint::Order);
    facts.purchase = Some(testing::purchase());
    facts.new_business = true;
    let tie_template = facts.partnership.clone();
    let here = testing::buyer("C-1", "FR").region;
    let abroad = testing::buyer("C-1", "US").region;
    for seller in sellers() {
        facts.has_provider = seller.acts_as_reseller;
        facts.actor = Some(seller.clone());
        for named in named_variants() {
            let is_named = named.is_some();
            facts.named = named;
            if let Some(purchase) = &mut facts.purchase {
                purchase.role_declared = if is_named {
                    tierline_domain::order::RoleDeclared::Indirect
                } else {
                    tierline_domain::order::RoleDeclared::Direct
                };
            }
            for partnership in [
                PartnershipState::Active,
                PartnershipState::None,
                PartnershipState::Removed,
            ] {
                facts.partnership = tie_template.clone().filter(|_| is_named).map(|tie| {
                    crate::facts::PartnershipFact {
                        state: partnership,
                        ..tie
                    }
                });
                for region in [here, abroad, None] {
                    for (tenant_type, used, own) in [
                        (TenantType::Customer, false, false),
                        (TenantType::Partner, true, true),
                        (TenantType::Partner, true, false),
                        (TenantType::SharedServices, false, false),
                    ] {
                        for owner in [Owner::Stranger, Owner::Partner, Owner::Reseller] {
                            if used && own && owner == Owner::Stranger {
                                continue;
                            }
                            let buyer = facts.buyer.as_mut().unwrap();
                            buyer.region = region;
                            buyer.tenant_type = tenant_type;
                            buyer.used_by = used.then(|| "IR-T".to_owned());
                            buyer.used_by_owner = own;
                            buyer.owner_is_partner = owner != Owner::Stranger;
                            buyer.owner_is_reseller = owner == Owner::Reseller;
                            buyer.owner_resells_for_provider =
                                (owner == Owner::Reseller).then(|| "S-1".to_owned());
                            for exclusivity in
                                exclusivities().into_iter().take(1 + usize::from(used))
                            {
                                facts.exclusivity = exclusivity;
                                relations(seen, &mut facts, is_named);
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The ties between buyer and chain: kinship, exclusivity, relationship, evidence, policy.
fn relations(seen: &mut Seen, facts: &mut Facts, two_tier: bool) {
    for first in TIES {
        for second in if two_tier { &TIES[..] } else { &TIES[..1] } {
            facts.kinship = if two_tier {
                smallvec![
                    kin("S-1", Tier::Provider, first),
                    kin("IR-A", Tier::Reseller, *second)
                ]
            } else {
                smallvec![kin("S-1", Tier::Only, first)]
            };
            for related in [RelationshipState::Active, RelationshipState::None] {
                facts.relation.as_mut().unwrap().state = related;
                for evidence in [0, 1, 2] {
                    facts.attested = evidence == 1;
                    facts.buyer.as_mut().unwrap().accepted_agreement = evidence == 2;
                    for policy in [false, true] {
                        facts.policy.provider_may_sell_to_partners = policy;
                        seen.judge(facts);
                    }
                }
            }
        }
    }
}

/// A provider's tie to the tenant as its reseller: none; plain; asked to end; beside another provider.
fn exclusivities() -> [Option<Exclusivity>; 4] {
    let tie = |removal_requested, others: &[&str]| {
        Some(Exclusivity {
            partnership: PartnershipFact {
                provider: "S-1".to_owned(),
                reseller: "IR-T".to_owned(),
                state: PartnershipState::Active,
                since: Date::constant(2022, 11, 15),
                removal_requested,
            },
            tenant: "C-1".to_owned(),
            other_providers: others.iter().map(|&name| name.to_owned()).collect(),
        })
    };
    [
        None,
        tie(None, &[]),
        tie(Some(Date::constant(2023, 11, 1)), &[]),
        tie(None, &["IP-2"]),
    ]
}

/// Relationships with customers: a partner invites, alone or together with its provider; the customer accepts.
fn relationships(seen: &mut Seen) {
    for checkpoint in [Checkpoint::InviteCustomer, Checkpoint::AcceptRelationship] {
        for seller in sellers() {
            for joint in [false, true] {
                if joint && !seller.acts_as_reseller {
                    continue;
                }
                let facts = relating(checkpoint, &seller, joint);
                buyers(seen, facts, joint);
            }
        }
    }
}

/// Nothing in the way of a relationship, as the use cases find it.
fn relating(checkpoint: Checkpoint, seller: &crate::facts::Party, joint: bool) -> Facts {
    let accepts = checkpoint == Checkpoint::AcceptRelationship;
    let mut facts = testing::by(checkpoint, seller.clone());
    facts.buyer = Some(testing::buyer("C-1", "FR"));
    let mut relation = testing::relation("S-1", "C-1");
    relation.state = if accepts {
        RelationshipState::Invited
    } else {
        RelationshipState::None
    };
    if accepts {
        facts.caller.kind = CallerKind::Customer;
        facts.caller.name = "C-1".to_owned();
        facts.caller.customer_admin = true;
        facts.actor = None;
        facts.other = Some(seller.clone());
    }
    if joint {
        let provider = testing::provider();
        let mut behind = relation.clone();
        behind.partner.clone_from(&provider.name);
        facts.partnership = Some(PartnershipFact {
            provider: provider.name.clone(),
            reseller: seller.name.clone(),
            state: PartnershipState::Active,
            since: Date::constant(2022, 11, 15),
            removal_requested: None,
        });
        facts.other = Some(provider);
        facts.other_relation = Some(behind);
        if accepts {
            facts.named = testing::named(seller.clone());
            std::mem::swap(&mut relation, facts.other_relation.as_mut().unwrap());
        }
    }
    facts.relation = Some(relation);
    facts
}

/// Every tenant that a relationship may be with, and its owner's ties to the partners.
fn buyers(seen: &mut Seen, mut facts: Facts, joint: bool) {
    let here = testing::buyer("C-1", "FR").region;
    let abroad = testing::buyer("C-1", "US").region;
    let template = facts.buyer.clone().unwrap();
    for region in [here, abroad, None] {
        for (tenant_type, used) in [
            (TenantType::Customer, false),
            (TenantType::Partner, true),
            (TenantType::SharedServices, false),
        ] {
            for owner in [Owner::Stranger, Owner::Partner, Owner::Reseller] {
                let mut buyer = template.clone();
                buyer.region = region;
                buyer.tenant_type = tenant_type;
                buyer.used_by = used.then(|| "IR-T".to_owned());
                buyer.used_by_owner = used && owner != Owner::Stranger;
                buyer.owner_is_partner = owner != Owner::Stranger;
                buyer.owner_is_reseller = owner == Owner::Reseller;
                buyer.owner_resells_for_provider =
                    (owner == Owner::Reseller).then(|| "S-1".to_owned());
                facts.buyer = Some(buyer);
                for exclusivity in exclusivities() {
                    if exclusivity.is_some() && !used {
                        continue;
                    }
                    facts.exclusivity = exclusivity;
                    for first in TIES {
                        for second in if joint { &TIES[..] } else { &TIES[..1] } {
                            facts.kinship = if joint {
                                smallvec![
                                    kin("IP-1", Tier::Provider, first),
                                    kin("S-1", Tier::Reseller, *second)
                                ]
                            } else {
                                smallvec![kin("S-1", Tier::Only, first)]
                            };
                            seen.judge(&facts);
                        }
                    }
                }
            }
        }
    }
}

/// Whose tenant it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    Stranger,
    Partner,
    Reseller,
}

/// What the other walks leave as it is: the role that is declared, the seats of a customer over all partners, rights in
/// a customer's tenant, subscriptions of others, the end of a partnership.
fn the_rest(seen: &mut Seen) {
    for declared in [
        RoleDeclared::None,
        RoleDeclared::Direct,
        RoleDeclared::Indirect,
    ] {
        for mut facts in [
            testing::two_tier(Checkpoint::Order),
            testing::one_tier(Checkpoint::Order),
        ] {
            let mut line = testing::purchase();
            line.role_declared = declared;
            facts.purchase = Some(line);
            seen.judge(&facts);
        }
    }
    for asked in [1, 10, 11] {
        let facts = testing::order(Checkpoint::Order, |line| {
            line.customer_max = Some(Ceiling {
                limit: 10,
                used: 0,
                asked,
            });
        });
        seen.judge(&facts);
    }
    for state in RelationshipState::ALL {
        for granted in [false, true] {
            let mut facts = testing::by(Checkpoint::Administer, testing::direct_bill());
            facts.buyer = Some(testing::buyer("C-1", "FR"));
            let mut relation = testing::relation("DB-1", "C-1");
            relation.state = *state;
            facts.relation = Some(relation);
            facts.access = Some(Access {
                granular: granted
                    .then(|| "user_administrator".to_owned())
                    .into_iter()
                    .collect(),
                active_relationship: granted,
                needs: vec![DirectoryRole::UserAdministrator],
                task: "reset_password".to_owned(),
                target: "ordinary_user".to_owned(),
                admin_agent: true,
                nested: true,
                ended: false,
                default_unassigned: false,
                full: false,
                guest_there: false,
                resource_role: false,
            });
            seen.judge(&facts);
        }
        for own in [false, true] {
            let mut facts = testing::by(Checkpoint::ChangeQuantity, testing::direct_bill());
            let mut relation = testing::relation("DB-1", "C-1");
            relation.state = *state;
            facts.relation = Some(relation);
            let mut subscription = testing::subscription();
            subscription.own = own;
            facts.subscription = Some(Box::new(subscription));
            seen.judge(&facts);
        }
    }
    for actor in [testing::provider(), testing::reseller()] {
        let mut facts = testing::by(Checkpoint::RemovePartnership, actor);
        facts.partnership = testing::two_tier(Checkpoint::Order).partnership.clone();
        seen.judge(&facts);
    }
}

fn joinings(seen: &mut Seen) {
    for checkpoint in [Checkpoint::InvitePartner, Checkpoint::AcceptPartnership] {
        for country in ["FR", "DE", "US", "JP", "RU"] {
            for kind in PartnerType::ALL {
                for state in AccountState::ALL {
                    let mut other = testing::party("IR-O", *kind, country);
                    other.state = *state;
                    other.acts_as_reseller = *kind == PartnerType::IndirectReseller;
                    let mut facts = testing::by(checkpoint, testing::provider());
                    facts.other = Some(other);
                    seen.judge(&facts);
                }
            }
        }
    }
}

/// An enforced rule of the scenarios that is asked where the walks go.
fn of_the_scenarios() -> BTreeSet<RuleId> {
    let walked = [
        Checkpoint::Order,
        Checkpoint::InviteCustomer,
        Checkpoint::AcceptRelationship,
        Checkpoint::InvitePartner,
        Checkpoint::AcceptPartnership,
        Checkpoint::Administer,
        Checkpoint::ChangeQuantity,
        Checkpoint::RemovePartnership,
    ];
    rules::all()
        .filter(|rule| rule.id.prefix() == "TXN")
        .filter(|rule| walked.iter().any(|at| rule.at.has(*at)))
        .map(|rule| rule.id)
        .collect()
}

#[test]
fn the_fact_space_of_scenarios_1_to_8_keeps_the_document() {
    let started = Instant::now();
    let mut seen = Seen::default();
    orders(&mut seen);
    joinings(&mut seen);
    relationships(&mut seen);
    the_rest(&mut seen);
    println!(
        "{} worlds decided, {} allowed, in {:.1?}",
        seen.worlds,
        seen.allowed,
        started.elapsed()
    );
    assert!(seen.worlds > 6_000_000, "the space is whole");
    assert!(seen.allowed > 0, "not always denied");
    let grounds = seen.grounds_alone();
    for (ground, (count, first)) in &grounds {
        println!("{ground} alone refuses in {count} worlds, first: {first}");
    }
    for ground in [
        Ground::BuyerRegion,
        Ground::PartnerRegion,
        Ground::SelfSale,
        Ground::TenantUse,
        Ground::LoneProvider,
        Ground::Relationship,
        Ground::CustomerAgreement,
        Ground::Exclusivity,
    ] {
        assert!(
            grounds.contains_key(&ground),
            "no world in which {ground} alone refuses"
        );
    }
    let mut never_alone = Vec::new();
    for id in of_the_scenarios() {
        let refusing = seen.of_rule(id);
        assert!(refusing.worlds > 0, "no world in which {id} refuses");
        if let Some(first) = refusing.first {
            println!(
                "{id} alone refuses in {} worlds, one: {first}",
                refusing.alone
            );
            continue;
        }
        let beside: Vec<String> = refusing
            .beside
            .iter()
            .flatten()
            .map(ToString::to_string)
            .collect();
        let id = id.to_string();
        let why = NEVER_ALONE.iter().find(|(known, _)| *known == id);
        println!(
            "{id} refuses in {} worlds, always beside {}: {}",
            refusing.worlds,
            if beside.is_empty() {
                "one or another".to_owned()
            } else {
                beside.join(", ")
            },
            why.map_or("", |(_, why)| why)
        );
        never_alone.push(id);
    }
    let named: Vec<&str> = NEVER_ALONE.iter().map(|(id, _)| *id).collect();
    assert_eq!(
        never_alone, named,
        "each rule that never refuses alone is named with the reason"
    );
}

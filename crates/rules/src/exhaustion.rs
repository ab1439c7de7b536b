//! The founding document, proved by exhaustion: the whole abstract fact space of scenarios 1 to 8.
//!
//! Every order, invitation and acceptance that the small enumerations can describe is decided. Allowed
//! worlds must keep the invariants of the document; and for each rule of the scenarios some world must
//! exist in which its fact alone refuses, so that none is carried by another.

use std::collections::BTreeMap;
use std::time::Instant;

use smallvec::smallvec;
use tierline_domain::customer::RelationshipState;
use tierline_domain::partner::{AccountState, PartnerType, PartnershipState, TenantType};
use tierline_domain::time::Date;

use crate::decide;
use crate::facts::{Checkpoint, Facts, Kinship, Named, Relation, Tie, Tier};
use crate::registry::Ground;
use crate::testing;

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

/// What the exhaustion saw.
#[derive(Default)]
struct Seen {
    worlds: u64,
    allowed: u64,
    /// For each ground: the worlds in which it alone refuses, and the first of them in words.
    alone: BTreeMap<Ground, (u64, String)>,
    /// Rules by ground that were seen to refuse.
    rules: BTreeMap<String, Ground>,
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
        let first = verdict.failed()[0].ground;
        for rule in verdict.failed() {
            if !self.rules.contains_key(rule.id.prefix()) {
                self.rules.entry(rule.id.to_string()).or_insert(rule.ground);
            }
        }
        if verdict.failed().iter().all(|rule| rule.ground == first) {
            let entry = self
                .alone
                .entry(first)
                .or_insert_with(|| (0, describe(facts)));
            entry.0 += 1;
        }
    }
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
        assert_eq!(
            seller.region(),
            buyer.region.map(|fact| fact.region),
            "nothing crosses regions: {}",
            describe(f)
        );
        assert!(
            buyer.used_by.is_none(),
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
                        for owner_is_partner in [false, true] {
                            if used && own && !owner_is_partner {
                                continue;
                            }
                            let buyer = facts.buyer.as_mut().unwrap();
                            buyer.region = region;
                            buyer.tenant_type = tenant_type;
                            buyer.used_by = used.then(|| "IR-T".to_owned());
                            buyer.used_by_owner = own;
                            buyer.owner_is_partner = owner_is_partner;
                            relations(seen, &mut facts, is_named);
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

#[test]
fn the_fact_space_of_scenarios_1_to_8_keeps_the_document() {
    let started = Instant::now();
    let mut seen = Seen::default();
    orders(&mut seen);
    joinings(&mut seen);
    println!(
        "{} worlds decided, {} allowed, in {:.1?}",
        seen.worlds,
        seen.allowed,
        started.elapsed()
    );
    assert!(seen.worlds > 1_000_000, "the space is whole");
    assert!(seen.allowed > 0, "not always denied");
    for (ground, (count, first)) in &seen.alone {
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
    ] {
        assert!(
            seen.alone.contains_key(&ground),
            "no world in which {ground} alone refuses"
        );
    }
}

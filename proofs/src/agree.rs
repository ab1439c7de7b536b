//! The server's rules and the policies, beside each other on every deal.
//!
//! This file alone knows both. It turns a deal into the facts that the server would load of a world in
//! which that deal is tried, asks both, and compares the answers: whether the deal goes through, and if
//! not, that both name a rule for it in common. They need not report the same rules beside it: where one
//! thing is wrong, what else the rulebook would have said of a deal that cannot be is a matter of reading
//! (the region of a reseller that is not enrolled). Neither side uses anything of the other.

use std::collections::BTreeMap;
use std::time::Instant;

use smallvec::SmallVec;
use tierline_domain::admin::Mfa;
use tierline_domain::catalog::ItemKind;
use tierline_domain::customer::RelationshipState;
use tierline_domain::order::RoleDeclared;
use tierline_domain::partner::{
    AccountState, LocationKind, PartnerType, PartnershipState, TenantType,
};
use tierline_domain::time::Date;
use tierline_rules::facts::{
    CallerKind, Exclusivity, Facts, Kinship, Named as Given, PartnershipFact, Party, PlaceFact,
    Purchase, Relation, Tie, Tier,
};
use tierline_rules::{Checkpoint, RuleId, decide, testing};

use crate::deal::{
    AbstractDeal, Action, BuyerRegion, Caller, CustomerAgreement, Group, Kin, Named, Owner,
    PartnerState, Partnership, Relationship, TenantUse, Word as _,
};
use crate::report::say;
use crate::twin::twin;
use crate::walk::walk;

const HERE: &str = "FR";
const ABROAD: &str = "US";
const NOWHERE: &str = "CU";

/// Facts of one deal after another; what does not change from deal to deal is built once.
struct World {
    facts: Facts,
    licence: Purchase,
}

fn state(state: PartnerState) -> AccountState {
    match state {
        PartnerState::InVerification => AccountState::Pending,
        PartnerState::Qualified => AccountState::Qualified,
        PartnerState::Active => AccountState::Active,
        PartnerState::Restricted => AccountState::Restricted,
        PartnerState::Suspended => AccountState::Suspended,
        PartnerState::Deauthorized => AccountState::Deauthorized,
        PartnerState::Terminated => AccountState::Terminated,
    }
}

fn kind(named: Named) -> PartnerType {
    match named {
        Named::Provider => PartnerType::IndirectProvider,
        Named::DirectBill => PartnerType::DirectBill,
        _ => PartnerType::IndirectReseller,
    }
}

fn relationship(state: Relationship) -> RelationshipState {
    match state {
        Relationship::None => RelationshipState::None,
        Relationship::Invited => RelationshipState::Invited,
        Relationship::Active => RelationshipState::Active,
        Relationship::Removed => RelationshipState::Removed,
    }
}

fn partnership(provider: &str, reseller: &str, state: Partnership) -> PartnershipFact {
    let since: Date = Date::constant(2022, 11, 15);
    PartnershipFact {
        provider: provider.to_owned(),
        reseller: reseller.to_owned(),
        state: match state {
            Partnership::None => PartnershipState::None,
            Partnership::Invited => PartnershipState::Invited,
            Partnership::Active | Partnership::RemovalRequested => PartnershipState::Active,
            Partnership::Removed => PartnershipState::Removed,
            Partnership::Closed => PartnershipState::Declined,
        },
        since,
        removal_requested: (state == Partnership::RemovalRequested).then_some(since),
    }
}

fn account(name: &str, account: Named, here: bool, standing: PartnerState, signed: bool) -> Party {
    let mut party = testing::party(name, kind(account), if here { HERE } else { ABROAD });
    party.state = state(standing);
    party.signed = signed;
    party
}

fn kinship(seller: &str, tier: Tier, kin: Kin, waiver: bool) -> Kinship {
    Kinship {
        seller: seller.to_owned(),
        seller_organization: format!("ORG-{seller}"),
        tier,
        tie: match kin {
            Kin::Itself => Tie::Same,
            Kin::Affiliate => Tie::Affiliated {
                since: None,
                path: Vec::new(),
            },
            Kin::Unrelated => Tie::Unrelated,
        },
        waiver: waiver.then(|| "waiver".to_owned()),
    }
}

/// What the server would find behind the PartnerID that a deal names.
fn given(deal: &AbstractDeal) -> Given {
    let given = "4711".to_owned();
    let country = if deal.reseller_same_region {
        HERE
    } else {
        ABROAD
    };
    let place = |kind| PlaceFact {
        kind,
        ..testing::place("LOC-R", country)
    };
    match deal.reseller {
        Named::Unknown => Given::Unknown { given },
        Named::GlobalAccount => Given::Unenrolled {
            given,
            place: place(LocationKind::Global),
        },
        Named::OtherLocation => Given::Unenrolled {
            given,
            place: PlaceFact {
                account: Some("R".to_owned()),
                ..place(LocationKind::Location)
            },
        },
        Named::NotEnrolled => Given::Unenrolled {
            given,
            place: place(LocationKind::Location),
        },
        Named::Provider | Named::DirectBill => Given::Account {
            given,
            party: Box::new(account(
                "R",
                deal.reseller,
                deal.reseller_same_region,
                PartnerState::Active,
                true,
            )),
        },
        Named::Reseller => Given::Account {
            given,
            party: Box::new(account(
                "R",
                deal.reseller,
                deal.reseller_same_region,
                deal.reseller_state,
                deal.reseller_signed,
            )),
        },
    }
}

impl World {
    fn of(action: Action) -> Self {
        let facts = match action {
            Action::Order => testing::two_tier(Checkpoint::Order),
            Action::TransferIn => testing::transfer(Checkpoint::AcceptTransfer, |_| {}),
            Action::InviteCustomer => testing::one_tier(Checkpoint::InviteCustomer),
            Action::AcceptRelationship => testing::one_tier(Checkpoint::AcceptRelationship),
            Action::InvitePartner => testing::by(Checkpoint::InvitePartner, testing::provider()),
            Action::AcceptPartnership => {
                testing::by(Checkpoint::AcceptPartnership, testing::reseller())
            }
        };
        World {
            facts,
            licence: testing::purchase(),
        }
    }

    /// The facts of a deal.
    fn show(&mut self, deal: &AbstractDeal) -> &Facts {
        let facts = &mut self.facts;
        facts.caller.mfa = if deal.mfa { Mfa::Present } else { Mfa::None };
        facts.caller.customer_admin = true;
        // Who accepts a relationship is the customer; of a transfer, the partner that gives it away.
        let customer_acts = deal.action == Action::AcceptRelationship;
        facts.caller.kind = if customer_acts {
            CallerKind::Customer
        } else {
            CallerKind::Partner
        };
        let signed = deal.caller_signed || deal.action.group() != Group::Sale;
        let own = (deal.caller != Caller::Unenrolled)
            .then(|| account("S", deal.caller_type(), true, deal.caller_state, signed));
        match deal.action.group() {
            Group::Sale => Self::sale(facts, &self.licence, deal, own),
            Group::Invitation => Self::invitation(facts, deal, own),
            Group::NewPartnership => Self::new_partnership(facts, deal, own),
        }
        &self.facts
    }

    fn sale(facts: &mut Facts, licence: &Purchase, deal: &AbstractDeal, own: Option<Party>) {
        facts.policy.provider_may_sell_to_partners = deal.provider_may_sell_to_partners;
        facts.has_provider = deal.caller == Caller::Reseller;
        facts.named = if deal.names_reseller {
            given(deal)
        } else {
            Given::None
        };
        let named_account = facts.named.party().is_some();
        facts.partnership = (named_account && deal.caller == Caller::Provider)
            .then(|| partnership("S", "R", deal.reseller_partnership));
        let tier = if named_account {
            Tier::Provider
        } else {
            Tier::Only
        };
        facts.kinship = SmallVec::new();
        facts
            .kinship
            .push(kinship("S", tier, deal.caller_kin, deal.caller_waiver));
        if named_account {
            let named = kinship("R", Tier::Reseller, deal.reseller_kin, deal.reseller_waiver);
            facts.kinship.push(named);
        }
        Self::buyer(facts, deal);
        facts.relation = Some(Relation {
            state: relationship(deal.caller_relationship),
            ..testing::relation("S", "C-1")
        });
        let evidence = deal.agreement;
        facts.attested = evidence == CustomerAgreement::ThisPartner;
        if let Some(buyer) = &mut facts.buyer {
            buyer.accepted_agreement = evidence == CustomerAgreement::Customer;
        }
        let shared = deal.tenant == TenantUse::SharedServices;
        let item = if shared && deal.consumption_only {
            ItemKind::Consumption
        } else {
            ItemKind::Licence
        };
        if deal.action == Action::Order {
            let purchase = facts.purchase.get_or_insert_with(|| licence.clone());
            purchase.kind = item;
            purchase.plan_active = true;
            purchase.role_declared = match (deal.role_declared, deal.names_reseller) {
                (false, _) => RoleDeclared::None,
                (true, false) => RoleDeclared::Direct,
                (true, true) => RoleDeclared::Indirect,
            };
        }
        if let (Some(transfer), Some(own)) = (&mut facts.transfer, &own) {
            transfer.to = own.clone();
            for subscription in &mut transfer.subscriptions {
                subscription.kind = if shared { item } else { ItemKind::Consumption };
            }
            transfer.receiver_relation = relationship(deal.caller_relationship);
            transfer.receiver_evidence = matches!(
                evidence,
                CustomerAgreement::ThisPartner | CustomerAgreement::Customer
            );
        }
        facts.actor = own;
    }

    fn invitation(facts: &mut Facts, deal: &AbstractDeal, own: Option<Party>) {
        let provider = deal.joint.then(|| {
            account(
                "P",
                Named::Provider,
                deal.provider_same_region,
                PartnerState::Active,
                true,
            )
        });
        facts.new_business = false;
        facts.kinship = SmallVec::new();
        let tier = if deal.joint {
            facts.kinship.push(kinship(
                "P",
                Tier::Provider,
                deal.provider_kin,
                deal.provider_waiver,
            ));
            Tier::Reseller
        } else {
            Tier::Only
        };
        facts
            .kinship
            .push(kinship("S", tier, deal.caller_kin, deal.caller_waiver));
        facts.relation = Some(Relation {
            state: if deal.action == Action::AcceptRelationship {
                RelationshipState::Invited
            } else {
                RelationshipState::None
            },
            ..testing::relation("S", "C-1")
        });
        Self::buyer(facts, deal);
        if deal.action == Action::InviteCustomer {
            facts.partnership = deal
                .joint
                .then(|| partnership("P", "S", Partnership::Active));
            facts.has_provider = true;
            facts.actor = own;
            facts.other = provider;
            return;
        }
        facts.actor = None;
        facts.other_relation = facts.relation.clone().filter(|_| deal.joint);
        if deal.joint {
            facts.other = provider;
            facts.named = own.map_or(Given::None, testing::named);
        } else {
            facts.other = own;
            facts.named = Given::None;
        }
    }

    fn new_partnership(facts: &mut Facts, deal: &AbstractDeal, own: Option<Party>) {
        let mut other = account("O", deal.other, deal.same_region, deal.other_state, true);
        if let Some(own) = own.as_ref().filter(|_| deal.same_tenant) {
            other.tenant.clone_from(&own.tenant);
            other.name.clone_from(&own.name);
            other.organization.clone_from(&own.organization);
        }
        if matches!(
            deal.other,
            Named::Unknown | Named::GlobalAccount | Named::OtherLocation | Named::NotEnrolled
        ) {
            other.acts_as_reseller = false;
            other.kind = PartnerType::Advisor;
        }
        let state = if deal.action == Action::AcceptPartnership {
            Partnership::Invited
        } else {
            Partnership::None
        };
        facts.partnership = Some(if deal.action == Action::AcceptPartnership {
            partnership("O", "S", state)
        } else {
            partnership("S", "O", state)
        });
        facts.relation = Some(Relation {
            state: relationship(deal.reseller_is_customer),
            ..testing::relation("O", "S-csp")
        });
        facts.has_provider = deal.caller == Caller::Reseller;
        facts.other = Some(other);
        facts.actor = own;
    }

    fn buyer(facts: &mut Facts, deal: &AbstractDeal) {
        let country = match deal.region {
            BuyerRegion::Same => HERE,
            BuyerRegion::Other => ABROAD,
            BuyerRegion::None => NOWHERE,
        };
        let provider = if deal.joint { "P" } else { "S" };
        let today = facts.today;
        let Some(buyer) = &mut facts.buyer else {
            return;
        };
        buyer.country = country.parse().expect("a country");
        buyer.region = tierline_rules::regions::region_on(buyer.country, today);
        buyer.tenant_type = match deal.tenant {
            TenantUse::Customer => TenantType::Customer,
            TenantUse::Program => TenantType::Partner,
            TenantUse::SharedServices => TenantType::SharedServices,
        };
        let program = deal.tenant == TenantUse::Program;
        buyer.used_by = program.then(|| "T".to_owned());
        buyer.used_by_owner = program;
        buyer.owner_is_partner = deal.owner != Owner::Ordinary;
        buyer.owner_is_reseller = deal.owner == Owner::ResellerOfProvider;
        buyer.owner_resells_for_provider =
            (deal.owner == Owner::ResellerOfProvider).then(|| "T".to_owned());
        // An organization sells to itself if, and only if, it is the one behind the account.
        buyer.organization = if deal.caller_kin == Kin::Itself {
            "ORG-S".to_owned()
        } else {
            "ORG-C-1".to_owned()
        };
        let held = matches!(
            deal.tenant_partnership,
            Partnership::Active | Partnership::RemovalRequested
        );
        facts.exclusivity = held.then(|| Exclusivity {
            partnership: partnership(provider, "T", deal.tenant_partnership),
            tenant: "C-1".to_owned(),
            other_providers: Vec::new(),
        });
    }
}

/// Counts of differences, with the first deal of each.
#[derive(Default)]
struct Differences {
    found: BTreeMap<String, (u64, String)>,
}

impl Differences {
    fn add(&mut self, what: String, deal: &AbstractDeal) {
        let entry = self
            .found
            .entry(what)
            .or_insert_with(|| (0, deal.to_string()));
        entry.0 += 1;
    }
}

#[test]
fn the_server_decides_as_the_policies_do() {
    let start = Instant::now();
    let mut differences = Differences::default();
    let mut worlds: Vec<World> = Action::ALL.iter().copied().map(World::of).collect();
    let (mut passed, mut same) = (0_u64, 0_u64);
    // Found by name once for each rule, not once for each deal.
    let mut bit_of: BTreeMap<RuleId, u128> = BTreeMap::new();
    let count = walk(|deal| {
        let policies = twin().verdict(deal);
        let server = decide(worlds[deal.action.index()].show(deal), &[]);
        let bits = server
            .failed()
            .iter()
            .map(|rule| {
                *bit_of
                    .entry(rule.id)
                    .or_insert_with(|| twin().bit(&rule.id.to_string()).unwrap_or(0))
            })
            .fold(0, |bits, bit| bits | bit);
        let told = |what: &str| {
            let ids: Vec<_> = server
                .failed()
                .iter()
                .map(|rule| rule.id.to_string())
                .collect();
            let policies: Vec<_> = twin().rules_of(policies.forbids).into_iter().collect();
            format!("{what}: the server {ids:?}, the policies {policies:?}")
        };
        if server.allowed() != policies.allow() {
            differences.add(told("decided differently"), deal);
        } else if !server.allowed() && bits & policies.forbids == 0 {
            differences.add(told("refused by no rule in common"), deal);
        }
        passed += u64::from(server.allowed());
        same += u64::from(!server.allowed() && bits == policies.forbids);
    });
    say(&format!(
        "server and policies agree on {count} deals, of which {passed} pass and {same} are refused by exactly the same rules, in {:.1?}\n",
        start.elapsed()
    ));
    for (what, (count, first)) in &differences.found {
        say(&format!("  {what}: {count} deals, first: {first}\n"));
    }
    assert!(differences.found.is_empty(), "they differ");
}

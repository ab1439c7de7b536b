//! Section 3: the partner agreement, its status query, and the customer agreement.

use tierline_domain::admin::ProgramRole;
use tierline_domain::partner::{AccountState, Cloud, PartnerType};

use super::enrolment::{enrolled, named_unsigned, seller, show_unsigned};
use super::{CHECKOUT, NEW_BUSINESS, PURCHASE};
use crate::book::RuleId;
use crate::facts::{
    AttestationForm, CallerKind, Checkpoint as C, Checkpoints, Facts, Named, Party, StatusQuery,
};
use crate::registry::{
    Ground, Rule, Shown, Step, claim, claim_of, documented, private, shown, shown_of,
};

const SIGN: Checkpoints = Checkpoints::of(&[C::SignAgreement]);
const QUERY: Checkpoints = Checkpoints::of(&[C::AgreementStatus]);
const ATTEST: Checkpoints = Checkpoints::of(&[C::Attest]);
/// Where the customer agreement is demanded of the seller: a cart may be filled without it.
const EVIDENCE: Checkpoints = CHECKOUT.and(Checkpoints::of(&[C::AcceptTransfer]));

fn query(f: &Facts) -> Option<&StatusQuery> {
    f.form.status_query.as_ref()
}

/// Exactly one identifier was given, and it has its form.
fn sound(f: &Facts) -> Option<&StatusQuery> {
    query(f)
        .filter(|query| query.partner_id.is_some() != query.tenant.is_some() && query.well_formed)
}

fn by_partner_id(f: &Facts) -> Option<&StatusQuery> {
    sound(f).filter(|query| query.partner_id.is_some())
}

fn by_tenant(f: &Facts) -> Option<&StatusQuery> {
    sound(f).filter(|query| query.tenant.is_some())
}

/// The account the query is about.
fn queried(f: &Facts) -> Option<&Party> {
    let query = sound(f)?;
    if query.partner_id.is_some() {
        query.named.party()
    } else {
        query.tenant_account.as_ref()
    }
}

fn show_query(f: &Facts) -> Vec<Shown> {
    let mut facts = Vec::new();
    if let Some(query) = query(f) {
        facts.extend(
            query
                .partner_id
                .as_ref()
                .map(|given| shown("PartnerID", given)),
        );
        facts.extend(query.tenant.as_ref().map(|given| shown("tenant", given)));
    }
    facts
}

fn show_queried(f: &Facts) -> Vec<Shown> {
    let mut facts = show_query(f);
    facts.extend(queried(f).map_or_else(Vec::new, show_unsigned));
    facts
}

fn show_named(f: &Facts) -> Vec<Shown> {
    f.named.party().map_or_else(Vec::new, show_unsigned)
}

fn show_caller(f: &Facts) -> Vec<Shown> {
    seller(f).map_or_else(Vec::new, show_unsigned)
}

/// Neither the seller nor the customer itself has put acceptance on record (AGR-020, AGR-028).
pub(super) fn no_customer_agreement(f: &Facts) -> bool {
    let evidenced = match &f.transfer {
        Some(transfer) if f.checkpoint == C::AcceptTransfer => transfer.receiver_evidence,
        _ => f.attested,
    };
    // A reseller cannot attest (AGR-021): its order fails for what it is, not for the customer's evidence.
    let billed = seller(f).is_some_and(|seller| seller.kind.is_billed());
    !evidenced
        && billed
        && f.buyer
            .as_ref()
            .is_some_and(|buyer| !buyer.accepted_agreement)
        && !f.shared_services()
}

fn show_evidence(f: &Facts) -> Vec<Shown> {
    let mut facts = Vec::new();
    if let Some(seller) = seller(f) {
        facts.push(claim_of(
            &seller.name,
            "partner without an attestation",
            &seller.name,
        ));
    }
    if let Some(buyer) = &f.buyer {
        facts.push(claim_of(
            &buyer.name,
            "customer that has not accepted",
            &buyer.name,
        ));
    }
    facts
}

fn attestation(f: &Facts) -> Option<&AttestationForm> {
    f.attestation.as_ref()
}

fn show_state(f: &Facts) -> Vec<Shown> {
    f.actor.as_ref().map_or_else(Vec::new, |actor| {
        vec![
            shown("partner", &actor.name),
            shown("current state", actor.state),
        ]
    })
}

fn show_roles(f: &Facts) -> Vec<Shown> {
    let mut facts: Vec<Shown> = f
        .caller
        .user
        .as_ref()
        .map(|user| shown("user", user))
        .into_iter()
        .collect();
    facts.push(shown("roles held", f.caller.role_names.join(", ")));
    facts
}

/// Rules of this section.
pub static RULES: &[Rule] = &[
    Rule {
        id: RuleId::of("AGR-001"),
        step: Step::CallerAgreement,
        ground: Ground::CallerAgreement,
        at: NEW_BUSINESS.and(Checkpoints::of(&[C::RequestOrder])),
        forbids: |f| f.new_business && seller(f).is_some_and(|party| !party.signed),
        answer: |_| documented(403, 900_124),
        shows: show_caller,
    },
    Rule {
        id: RuleId::of("AGR-002"),
        step: Step::NamedStatus,
        ground: Ground::NamedAgreement,
        at: PURCHASE.and(Checkpoints::of(&[C::SetPartnerOfRecord])),
        forbids: named_unsigned,
        answer: |_| documented(403, 900_123),
        shows: show_named,
    },
    Rule {
        id: RuleId::of("AGR-003"),
        step: Step::NamedStatus,
        ground: Ground::NamedAgreement,
        at: NEW_BUSINESS,
        forbids: |f| f.new_business && named_unsigned(f),
        answer: |_| documented(403, 900_123),
        shows: show_named,
    },
    Rule {
        id: RuleId::of("AGR-004"),
        step: Step::NamedStatus,
        ground: Ground::NamedAgreement,
        at: NEW_BUSINESS.and(QUERY),
        forbids: |f| match f.checkpoint {
            C::AgreementStatus => by_partner_id(f).is_some() && unsigned(f),
            _ => f.new_business && named_unsigned(f),
        },
        answer: |f| {
            if f.checkpoint == C::AgreementStatus {
                documented(400, 2203)
            } else {
                documented(403, 900_123)
            }
        },
        shows: |f| {
            if f.checkpoint == C::AgreementStatus {
                show_queried(f)
            } else {
                show_named(f)
            }
        },
    },
    Rule {
        id: RuleId::of("AGR-005"),
        step: Step::Role,
        ground: Ground::UserRole,
        at: SIGN,
        // Nobody outside a program tenant is its global administrator.
        forbids: |f| {
            f.caller.kind != CallerKind::Partner || !f.caller.roles.any(&[ProgramRole::GlobalAdmin])
        },
        answer: |_| documented(403, 900_150),
        shows: show_roles,
    },
    Rule {
        id: RuleId::of("AGR-006"),
        step: Step::CallerAgreement,
        ground: Ground::CallerState,
        at: SIGN,
        forbids: |f| f.actor.as_ref().is_some_and(|actor| !enrolled(actor)),
        answer: |_| private(409),
        shows: |f| {
            let open = match f.actor.as_ref().map(|actor| actor.state) {
                Some(AccountState::NotEnrolled) => "enrolment has not begun",
                _ => "verification is not done",
            };
            let mut facts = vec![claim("failed precondition", open)];
            facts.extend(show_state(f));
            facts
        },
    },
    Rule {
        id: RuleId::of("AGR-006"),
        step: Step::CallerAgreement,
        ground: Ground::CallerLocation,
        at: SIGN,
        forbids: |f| {
            f.actor
                .as_ref()
                .is_some_and(|actor| actor.location.is_none())
        },
        answer: |_| private(409),
        shows: |f| {
            let mut facts = vec![claim("failed precondition", "no PartnerID is associated")];
            facts.extend(show_state(f));
            facts
        },
    },
    Rule {
        id: RuleId::of("AGR-009"),
        step: Step::NamedKnown,
        ground: Ground::NamedIdentity,
        at: PURCHASE,
        forbids: |f| matches!(f.named, Named::Unknown { .. }),
        answer: |_| documented(404, 800_015),
        shows: |f| {
            f.named
                .given()
                .map(|given| claim("PartnerID that does not exist in the portal", given))
                .into_iter()
                .collect()
        },
    },
    Rule {
        id: RuleId::of("AGR-012"),
        step: Step::Catalogue,
        ground: Ground::IdentifierCount,
        at: QUERY,
        forbids: |f| {
            query(f).is_some_and(|query| query.partner_id.is_some() == query.tenant.is_some())
        },
        answer: |f| {
            if query(f).is_some_and(|query| query.partner_id.is_some()) {
                documented(400, 2000)
            } else {
                documented(400, 2001)
            }
        },
        shows: |f| {
            let both = query(f).is_some_and(|query| query.partner_id.is_some());
            let mut facts = vec![shown(
                "identifiers given",
                if both { "both" } else { "neither" },
            )];
            facts.extend(show_query(f));
            facts
        },
    },
    Rule {
        id: RuleId::of("AGR-013"),
        step: Step::Catalogue,
        ground: Ground::Identifier,
        at: QUERY,
        forbids: |f| {
            query(f).is_some_and(|query| {
                query.partner_id.is_some() != query.tenant.is_some() && !query.well_formed
            })
        },
        answer: |_| documented(400, 2000),
        shows: show_query,
    },
    Rule {
        id: RuleId::of("AGR-014"),
        step: Step::NamedKnown,
        ground: Ground::NamedIdentity,
        at: QUERY,
        forbids: |f| {
            by_partner_id(f).is_some_and(|query| matches!(query.named, Named::Unknown { .. }))
        },
        answer: |_| documented(400, 2200),
        shows: show_query,
    },
    Rule {
        id: RuleId::of("AGR-015"),
        step: Step::Region,
        ground: Ground::PartnerRegion,
        at: QUERY,
        forbids: |f| {
            queried(f).is_some_and(|party| {
                f.actor
                    .as_ref()
                    .is_some_and(|actor| actor.region() != party.region())
            })
        },
        answer: |_| documented(400, 2201),
        shows: |f| {
            let mut facts = show_query(f);
            for party in [f.actor.as_ref(), queried(f)].into_iter().flatten() {
                let region = party.region.map_or("none", |fact| fact.region.as_str());
                facts.push(shown_of(&party.name, "partner", &party.name));
                facts.push(shown_of(&party.name, "region", region));
            }
            facts
        },
    },
    Rule {
        id: RuleId::of("AGR-016"),
        step: Step::NamedStatus,
        ground: Ground::NamedAgreement,
        at: QUERY,
        forbids: |f| by_partner_id(f).is_some() && unsigned(f),
        answer: |_| documented(400, 2203),
        shows: show_queried,
    },
    Rule {
        id: RuleId::of("AGR-017"),
        step: Step::NamedKnown,
        ground: Ground::NamedIdentity,
        at: QUERY,
        forbids: |f| {
            by_partner_id(f).is_some_and(|query| match &query.named {
                Named::Unenrolled { .. } => true,
                Named::Account { party, .. } => !party.acts_as_reseller || !enrolled(party),
                Named::None | Named::Unknown { .. } => false,
            })
        },
        answer: |_| documented(400, 2204),
        shows: show_query,
    },
    Rule {
        id: RuleId::of("AGR-018"),
        step: Step::NamedKnown,
        ground: Ground::TenantIdentity,
        at: QUERY,
        forbids: |f| by_tenant(f).is_some_and(|query| !query.tenant_known),
        answer: |_| documented(400, 2205),
        shows: show_query,
    },
    Rule {
        id: RuleId::of("AGR-018"),
        step: Step::NamedStatus,
        ground: Ground::NamedAgreement,
        at: QUERY,
        forbids: |f| {
            by_tenant(f).is_some_and(|query| {
                query.tenant_known
                    && !query
                        .tenant_account
                        .as_ref()
                        .is_some_and(|party| party.signed)
            })
        },
        answer: |_| documented(400, 2206),
        shows: show_queried,
    },
    Rule {
        id: RuleId::of("AGR-019"),
        step: Step::CustomerAgreement,
        ground: Ground::CustomerAgreement,
        at: EVIDENCE,
        forbids: no_customer_agreement,
        answer: |_| documented(403, 13_605),
        shows: show_evidence,
    },
    Rule {
        id: RuleId::of("AGR-021"),
        step: Step::PartnerType,
        ground: Ground::CallerType,
        at: ATTEST,
        forbids: |f| {
            f.actor
                .as_ref()
                .is_some_and(|actor| !actor.kind.is_billed())
        },
        answer: |_| documented(403, 2032),
        shows: |f| {
            f.actor.as_ref().map_or_else(Vec::new, |actor| {
                vec![shown("partner", &actor.name), shown("type", actor.kind)]
            })
        },
    },
    Rule {
        id: RuleId::of("AGR-022"),
        step: Step::Role,
        ground: Ground::UserRole,
        at: ATTEST,
        forbids: |f| {
            f.caller.kind == CallerKind::Partner
                && !f
                    .caller
                    .roles
                    .any(&[ProgramRole::AdminAgent, ProgramRole::SalesAgent])
        },
        answer: |_| documented(403, 900_150),
        shows: show_roles,
    },
    Rule {
        id: RuleId::of("AGR-023"),
        step: Step::Catalogue,
        ground: Ground::AttestationFields,
        at: ATTEST,
        forbids: |f| attestation(f).is_some_and(|form| !form.missing.is_empty()),
        answer: |_| documented(400, 3000),
        shows: |f| {
            attestation(f).map_or_else(Vec::new, |form| {
                form.missing
                    .iter()
                    .map(|field| claim("missing field", field))
                    .collect()
            })
        },
    },
    Rule {
        id: RuleId::of("AGR-023"),
        step: Step::Catalogue,
        ground: Ground::AttestationDate,
        at: ATTEST,
        forbids: |f| attestation(f).is_some_and(|form| form.agreed > f.today),
        answer: |_| documented(400, 3000),
        shows: |f| {
            attestation(f).map_or_else(Vec::new, |form| {
                vec![
                    shown("date", form.agreed),
                    claim("fault", "in the future"),
                    shown("today", f.today),
                ]
            })
        },
    },
    Rule {
        id: RuleId::of("AGR-024"),
        step: Step::Catalogue,
        ground: Ground::Duplicate,
        at: ATTEST,
        forbids: |f| attestation(f).is_some_and(|form| form.duplicate),
        answer: |_| documented(409, 600_061),
        shows: |f| {
            let mut facts = vec![claim("confirmed agreement", "exists with the same contact")];
            facts.extend(
                f.buyer
                    .as_ref()
                    .map(|buyer| shown_of(&buyer.name, "customer", &buyer.name)),
            );
            facts
        },
    },
    Rule {
        id: RuleId::of("AGR-027"),
        step: Step::CustomerAgreement,
        ground: Ground::DirectAcceptance,
        at: Checkpoints::of(&[C::AcceptCustomerAgreement]),
        forbids: |f| attestation(f).is_some_and(|form| form.bought_before),
        answer: |_| private(409),
        shows: |f| {
            let mut facts = vec![claim("bought before", "through a partner")];
            facts.extend(
                f.buyer
                    .as_ref()
                    .map(|buyer| shown_of(&buyer.name, "customer", &buyer.name)),
            );
            facts.extend(
                f.other
                    .as_ref()
                    .map(|partner| shown_of(&partner.name, "partner to ask", &partner.name)),
            );
            facts
        },
    },
    Rule {
        id: RuleId::of("AGR-028"),
        step: Step::CustomerAgreement,
        ground: Ground::CustomerAgreement,
        at: EVIDENCE,
        forbids: no_customer_agreement,
        answer: |_| documented(403, 13_605),
        shows: show_evidence,
    },
    Rule {
        id: RuleId::of("AGR-029"),
        step: Step::Catalogue,
        ground: Ground::Template,
        at: ATTEST,
        forbids: |f| attestation(f).is_some_and(|form| !form.template_fits),
        answer: |_| documented(400, 3000),
        shows: |f| {
            attestation(f).map_or_else(Vec::new, |form| vec![shown("template", &form.template)])
        },
    },
    Rule {
        id: RuleId::of("AGR-030"),
        step: Step::ProgramStatus,
        ground: Ground::Cloud,
        at: ATTEST,
        forbids: |f| {
            f.actor
                .as_ref()
                .is_some_and(|actor| actor.cloud == Cloud::National)
        },
        answer: |_| documented(400, 900_141),
        shows: |f| {
            f.actor
                .as_ref()
                .map_or_else(Vec::new, |actor| vec![shown("cloud", actor.cloud)])
        },
    },
];

/// The account asked about is (or was to become) a reseller whose agreement is open.
fn unsigned(f: &Facts) -> bool {
    queried(f).is_some_and(|party| {
        !party.signed && (party.acts_as_reseller || party.kind == PartnerType::IndirectReseller)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Roles;
    use crate::testing::{
        answer, attestation as form, buyer, by, direct_bill, failed, named, one_tier, party, place,
        provider, reseller, shows, today, two_tier,
    };

    const NOTHING: [&str; 0] = [];

    fn unsigned(mut party: Party) -> Party {
        party.signed = false;
        party
    }

    fn ask(named: Named) -> Facts {
        let mut facts = by(C::AgreementStatus, provider());
        facts.form.status_query = Some(StatusQuery {
            partner_id: named.given().map(str::to_owned),
            tenant: None,
            named,
            tenant_known: false,
            tenant_account: None,
            well_formed: true,
        });
        facts
    }

    fn ask_tenant(known: bool, account: Option<Party>) -> Facts {
        let mut facts = ask(Named::None);
        let query = facts.form.status_query.as_mut().unwrap();
        query.tenant = Some("TC-csp".to_owned());
        query.tenant_known = known;
        query.tenant_account = account;
        facts
    }

    fn attest() -> Facts {
        let mut facts = by(C::Attest, provider());
        facts.buyer = Some(buyer("C-2", "DE"));
        facts.attestation = Some(form());
        facts
    }

    #[test]
    fn what_is_in_order_passes() {
        let sound: [fn() -> Facts; 4] = [
            || two_tier(C::Order),
            || one_tier(C::Order),
            || attest(),
            || ask(named(reseller())),
        ];
        for make in sound {
            let facts = make();
            assert_eq!(failed(&facts, "AGR"), NOTHING, "{:?}", facts.checkpoint);
        }
    }

    #[test]
    fn agr_001_the_seller_has_signed() {
        let mut facts = two_tier(C::Order);
        facts.actor = Some(unsigned(provider()));
        assert_eq!(failed(&facts, "AGR"), ["AGR-001"]);
        assert_eq!(answer(&facts, "AGR"), (403, Some(900_124)));
        facts.checkpoint = C::ChangeQuantity;
        facts.new_business = false;
        assert_eq!(failed(&facts, "AGR"), NOTHING);
    }

    #[test]
    fn agr_002_to_agr_004_the_named_reseller_has_signed() {
        let mut facts = two_tier(C::Order);
        facts.named = named(unsigned(reseller()));
        assert_eq!(failed(&facts, "AGR"), ["AGR-002", "AGR-003", "AGR-004"]);
        assert_eq!(answer(&facts, "AGR"), (403, Some(900_123)));
        assert!(
            shows(&facts, "AGR-003").contains("IR-A")
                && shows(&facts, "AGR-003").contains("Europe")
        );
        facts.checkpoint = C::ChangeQuantity;
        assert_eq!(
            failed(&facts, "AGR"),
            ["AGR-003", "AGR-004"],
            "the name is on record already"
        );
        facts.checkpoint = C::SetPartnerOfRecord;
        facts.new_business = false;
        assert_eq!(failed(&facts, "AGR"), ["AGR-002"]);
    }

    #[test]
    fn agr_005_and_agr_006_say_who_signs_and_when() {
        let mut facts = by(C::SignAgreement, unsigned(reseller()));
        facts.actor.as_mut().unwrap().state = AccountState::Qualified;
        assert_eq!(failed(&facts, "AGR"), NOTHING);
        facts.caller.roles = Roles::NONE.with(ProgramRole::AdminAgent);
        assert_eq!(failed(&facts, "AGR"), ["AGR-005"]);
        assert_eq!(answer(&facts, "AGR"), (403, Some(900_150)));
        facts.caller.roles = Roles::all();
        facts.actor.as_mut().unwrap().location = None;
        assert_eq!(failed(&facts, "AGR"), ["AGR-006"]);
        let mut facts = by(C::SignAgreement, unsigned(reseller()));
        for state in [
            AccountState::NotEnrolled,
            AccountState::Pending,
            AccountState::Rejected,
        ] {
            facts.actor.as_mut().unwrap().state = state;
            assert_eq!(failed(&facts, "AGR"), ["AGR-006"], "{state}");
        }
    }

    #[test]
    fn agr_009_the_partner_id_exists_in_the_portal() {
        let mut facts = two_tier(C::Order);
        facts.named = Named::Unknown {
            given: "99999999".to_owned(),
        };
        assert_eq!(failed(&facts, "AGR"), ["AGR-009"]);
        assert_eq!(answer(&facts, "AGR"), (404, Some(800_015)));
    }

    #[test]
    fn agr_012_and_agr_013_the_query_takes_one_sound_identifier() {
        let mut facts = ask(named(reseller()));
        facts.form.status_query.as_mut().unwrap().tenant = Some("TA-csp".to_owned());
        assert_eq!(failed(&facts, "AGR"), ["AGR-012"]);
        assert_eq!(answer(&facts, "AGR"), (400, Some(2000)));
        let facts = ask(Named::None);
        assert_eq!(failed(&facts, "AGR"), ["AGR-012"]);
        assert_eq!(answer(&facts, "AGR"), (400, Some(2001)));
        let mut facts = ask(Named::Unknown {
            given: "12x".to_owned(),
        });
        facts.form.status_query.as_mut().unwrap().well_formed = false;
        assert_eq!(failed(&facts, "AGR"), ["AGR-013"]);
        assert_eq!(answer(&facts, "AGR"), (400, Some(2000)));
    }

    #[test]
    fn the_query_answers_by_what_the_identifier_is() {
        for (given, expected, code) in [
            (
                Named::Unknown {
                    given: "99999999".to_owned(),
                },
                &["AGR-014"][..],
                2200,
            ),
            (
                named(party("IR-US", PartnerType::IndirectReseller, "US")),
                &["AGR-015"],
                2201,
            ),
            (named(unsigned(reseller())), &["AGR-004", "AGR-016"], 2203),
            (
                Named::Unenrolled {
                    given: "LOC-A2".to_owned(),
                    place: place("LOC-A2", "FR"),
                },
                &["AGR-017"],
                2204,
            ),
            (named(direct_bill()), &["AGR-017"], 2204),
            (
                named(party("IP-2", PartnerType::IndirectProvider, "DE")),
                &["AGR-017"],
                2204,
            ),
        ] {
            let facts = ask(given);
            assert_eq!(failed(&facts, "AGR"), expected);
            assert_eq!(answer(&facts, "AGR"), (400, Some(code)));
        }
        let mut waiting = unsigned(reseller());
        waiting.state = AccountState::Pending;
        assert_eq!(
            answer(&ask(named(waiting)), "AGR"),
            (400, Some(2204)),
            "enrolment comes before the signature"
        );
    }

    #[test]
    fn agr_018_the_query_by_tenant() {
        assert_eq!(failed(&ask_tenant(true, Some(reseller())), "AGR"), NOTHING);
        assert_eq!(failed(&ask_tenant(false, None), "AGR"), ["AGR-018"]);
        assert_eq!(answer(&ask_tenant(false, None), "AGR"), (400, Some(2205)));
        for facts in [
            ask_tenant(true, None),
            ask_tenant(true, Some(unsigned(reseller()))),
        ] {
            assert_eq!(failed(&facts, "AGR"), ["AGR-018"]);
            assert_eq!(answer(&facts, "AGR"), (400, Some(2206)));
        }
        let foreign = ask_tenant(
            true,
            Some(party("IR-US", PartnerType::IndirectReseller, "US")),
        );
        assert_eq!(failed(&foreign, "AGR"), ["AGR-015"]);
    }

    #[test]
    fn agr_019_and_agr_028_evidence_before_checkout() {
        let mut facts = two_tier(C::Order);
        facts.attested = false;
        assert_eq!(failed(&facts, "AGR"), ["AGR-019", "AGR-028"]);
        assert_eq!(answer(&facts, "AGR"), (403, Some(13_605)));
        facts.buyer.as_mut().unwrap().accepted_agreement = true;
        assert_eq!(failed(&facts, "AGR"), NOTHING);
        facts.buyer.as_mut().unwrap().accepted_agreement = false;
        facts.checkpoint = C::CreateCart;
        assert_eq!(failed(&facts, "AGR"), NOTHING, "a cart may be filled");
        facts.checkpoint = C::ChangeQuantity;
        assert_eq!(failed(&facts, "AGR"), NOTHING, "seats are no new purchase");
    }

    #[test]
    fn attestations_are_recorded_by_the_right_people() {
        let mut facts = attest();
        facts.actor = Some(reseller());
        assert_eq!(failed(&facts, "AGR"), ["AGR-021"]);
        assert_eq!(answer(&facts, "AGR"), (403, Some(2032)));
        let mut facts = attest();
        facts.caller.roles = Roles::NONE.with(ProgramRole::HelpdeskAgent);
        assert_eq!(failed(&facts, "AGR"), ["AGR-022"]);
        facts.caller.roles = Roles::NONE.with(ProgramRole::SalesAgent);
        assert_eq!(failed(&facts, "AGR"), NOTHING);
        let mut facts = attest();
        facts.actor.as_mut().unwrap().cloud = Cloud::National;
        assert_eq!(failed(&facts, "AGR"), ["AGR-030"]);
        assert_eq!(answer(&facts, "AGR"), (400, Some(900_141)));
    }

    #[test]
    fn attestations_are_complete_and_new() {
        let with = |change: &dyn Fn(&mut AttestationForm)| {
            let mut facts = attest();
            change(facts.attestation.as_mut().unwrap());
            facts
        };
        let facts = with(&|form| form.missing = vec!["last_name".to_owned()]);
        assert_eq!(failed(&facts, "AGR"), ["AGR-023"]);
        assert!(shows(&facts, "AGR-023").contains("last_name"));
        let facts = with(&|form| form.agreed = tierline_domain::time::add_days(today(), 1));
        assert_eq!(failed(&facts, "AGR"), ["AGR-023"]);
        assert!(shows(&facts, "AGR-023").contains("2023-11-16"));
        let facts = with(&|form| form.duplicate = true);
        assert_eq!(failed(&facts, "AGR"), ["AGR-024"]);
        assert_eq!(answer(&facts, "AGR"), (409, Some(600_061)));
        let facts = with(&|form| form.template_fits = false);
        assert_eq!(failed(&facts, "AGR"), ["AGR-029"]);
        assert_eq!(answer(&facts, "AGR"), (400, Some(3000)));
    }

    #[test]
    fn agr_027_a_customer_of_a_partner_may_have_to_ask_it() {
        let mut facts = by(C::AcceptCustomerAgreement, provider());
        facts.buyer = Some(buyer("C-1", "FR"));
        facts.attestation = Some(form());
        assert_eq!(failed(&facts, "AGR"), NOTHING);
        facts.attestation.as_mut().unwrap().bought_before = true;
        assert_eq!(failed(&facts, "AGR"), ["AGR-027"]);
        assert_eq!(answer(&facts, "AGR"), (409, None));
    }
}

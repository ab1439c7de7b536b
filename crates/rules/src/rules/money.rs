//! Section 10: billing, prices and credit. Only what refuses; amounts are the business of `billing`.

use tierline_domain::partner::{LocationState, PartnerType, PartnershipState};

use super::catalogue::{beyond_credit, show_credit};
use super::{CHECKOUT, PURCHASE};
use crate::book::RuleId;
use crate::facts::{Checkpoint as C, Checkpoints, Facts, Party};
use crate::registry::{Ground, Rule, Step, claim, documented, private, shown, shown_of};

const PRICES: Checkpoints = Checkpoints::of(&[C::ReadPriceSheet]);
/// Where the limit counts: renewals and running consumption are never stopped by it (BIL-032).
const CREDIT: Checkpoints = CHECKOUT.and(Checkpoints::of(&[C::ChangeQuantity]));

/// The reseller of record that a provider puts on a line.
fn reseller(f: &Facts) -> Option<&Party> {
    f.named
        .party()
        .filter(|party| party.acts_as_reseller && f.actor_is(PartnerType::IndirectProvider))
}

fn inactive_place(f: &Facts) -> bool {
    reseller(f)
        .and_then(|party| party.location.as_ref())
        .is_some_and(|place| place.state != LocationState::Active)
}

/// Rules of section 10.
pub static RULES: &[Rule] = &[
    Rule {
        id: RuleId::of("BIL-005"),
        step: Step::NamedStatus,
        ground: Ground::NamedPlaceState,
        at: PURCHASE.and(Checkpoints::of(&[C::SetPartnerOfRecord])),
        forbids: inactive_place,
        answer: |_| documented(400, 800_016),
        shows: |f| {
            reseller(f)
                .and_then(|party| Some((party, party.location.as_ref()?)))
                .map_or_else(Vec::new, |(party, place)| {
                    vec![
                        shown("PartnerID", &place.partner_id),
                        shown_of(&party.name, "partner", &party.name),
                        shown_of(
                            &party.name,
                            &format!("state of {}", place.name),
                            place.state,
                        ),
                    ]
                })
        },
    },
    Rule {
        id: RuleId::of("BIL-005"),
        step: Step::Partnership,
        ground: Ground::Partnership,
        at: PURCHASE,
        forbids: |f| {
            reseller(f).is_some()
                && f.partnership
                    .as_ref()
                    .is_some_and(|tie| tie.state != PartnershipState::Active)
        },
        answer: |_| documented(400, 800_016),
        shows: |f| {
            f.partnership.as_ref().map_or_else(Vec::new, |tie| {
                vec![
                    claim("not linked at purchase", &tie.reseller),
                    shown("provider", &tie.provider),
                    shown_of(&tie.reseller, "partnership", tie.state),
                ]
            })
        },
    },
    Rule {
        id: RuleId::of("BIL-024"),
        step: Step::PartnerType,
        ground: Ground::CallerType,
        at: PRICES,
        forbids: |f| {
            f.actor
                .as_ref()
                .is_some_and(|actor| !actor.kind.is_billed())
        },
        answer: |_| documented(403, 800_043),
        shows: |f| {
            f.actor.as_ref().map_or_else(Vec::new, |actor| {
                vec![
                    claim("access to prices is not granted to", &actor.name),
                    shown("type", actor.kind),
                ]
            })
        },
    },
    Rule {
        id: RuleId::of("BIL-026"),
        step: Step::Catalogue,
        ground: Ground::Documents,
        at: Checkpoints::of(&[C::FileExemption]),
        forbids: |f| f.form.about.as_deref().is_none_or(str::is_empty),
        answer: |_| private(400),
        shows: |_| vec![claim("papers", "missing")],
    },
    Rule {
        id: RuleId::of("BIL-030"),
        step: Step::Credit,
        ground: Ground::Credit,
        at: CREDIT,
        forbids: beyond_credit,
        answer: |_| documented(403, 900_121),
        shows: show_credit,
    },
    Rule {
        id: RuleId::of("BIL-033"),
        step: Step::Credit,
        ground: Ground::Credit,
        at: CREDIT,
        // Only where the dispute makes the difference: without it the purchase would pass.
        forbids: |f| {
            beyond_credit(f)
                && f.credit.as_ref().is_some_and(|credit| {
                    credit.disputed.minor > 0
                        && credit.required.minor
                            <= credit.available.minor.saturating_add(credit.disputed.minor)
                })
        },
        answer: |_| documented(403, 900_121),
        shows: |f| {
            let mut facts = show_credit(f);
            facts.extend(
                f.credit
                    .as_ref()
                    .map(|credit| shown("disputed, and counted", credit.disputed)),
            );
            facts
        },
    },
];

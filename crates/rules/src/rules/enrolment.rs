//! Section 2: enrolment, the lifecycle of a program account, and what each state allows.

use tierline_domain::money::{Currency, Money};
use tierline_domain::partner::{AccountState, Environment, MembershipState, PartnerType};
use tierline_domain::time::whole_months;

use super::{NEW_BUSINESS, SALE, SUBSCRIPTION_CHANGE};
use crate::facts::{Application, Checkpoint as C, Checkpoints, Facts, Party};
use crate::registry::{Answer, Shown, claim_of, documented, shown, shown_of};

use AccountState as S;

pub mod allowed;
pub mod applying;
pub mod changes;

const APPLY: Checkpoints = Checkpoints::of(&[C::Apply]);
const SIGN: Checkpoints = Checkpoints::of(&[C::SignAgreement]);
/// Commands that make a relationship which was not there.
const RELATIONS: Checkpoints = Checkpoints::of(&[
    C::CreateCustomer,
    C::InviteCustomer,
    C::InvitePartner,
    C::AcceptPartnership,
]);
/// A reseller asks its provider for a purchase.
const REQUEST: Checkpoints = Checkpoints::of(&[C::RequestOrder]);
/// Commands that the caller's state decides (ENR-043).
const BY_STATE: Checkpoints = NEW_BUSINESS
    .and(SUBSCRIPTION_CHANGE)
    .and(RELATIONS)
    .and(SIGN)
    .and(REQUEST);
/// Commands that put a reseller on a subscription, or do business on one that names it.
const NAMING: Checkpoints = NEW_BUSINESS.and(Checkpoints::of(&[C::SetPartnerOfRecord]));
/// The same, and those that begin a relationship for the reseller named.
const NAMING_OR_CREATING: Checkpoints = NAMING.and(Checkpoints::of(&[C::CreateCustomer]));
/// What belongs to the billed partner above a reseller (ENR-040).
const BILLED_ONLY: Checkpoints = SALE.and(Checkpoints::of(&[
    C::CreateCustomer,
    C::ReadPriceSheet,
    C::ReadInvoice,
    C::ReadCredit,
    C::OpenPortal,
]));
/// The same, and the API itself.
const PROVIDERS_OWN: Checkpoints = BILLED_ONLY.and(Checkpoints::of(&[C::CallApi]));

/// Revenue that a direct-bill applicant shows (ENR-012), in US cents.
const DIRECT_BILL_REVENUE_MINOR: i64 = 30_000_000;
/// Revenue below which a reseller loses its authorisation (ENR-033), in US cents.
pub const RESELLER_REVENUE_MINOR: i64 = 100_000;
/// Months of tenure as a reseller before direct-bill (ENR-011).
const TENURE_MONTHS: i64 = 12;
/// Business days that verification normally takes (ENR-006).
const VERIFICATION_DAYS: i64 = 5;
/// Caps of a sandbox (ENR-041).
const SANDBOX_CUSTOMERS: i64 = 75;
const SANDBOX_SUBSCRIPTIONS: i64 = 5;
const SANDBOX_SEATS: i64 = 25;
const SANDBOX_RESELLERS: i64 = 5;

/// Verification is over and was passed: the account is enrolled, whatever became of it since.
#[must_use]
pub fn enrolled(party: &Party) -> bool {
    !matches!(
        party.state,
        S::NotEnrolled | S::Applied | S::Pending | S::Rejected
    )
}

/// Who would sell: the caller's account, or the receiving partner of a transfer (TRF-027).
#[must_use]
pub fn seller(f: &Facts) -> Option<&Party> {
    match &f.transfer {
        Some(transfer) if f.checkpoint == C::AcceptTransfer => Some(&transfer.to),
        _ => f.actor.as_ref(),
    }
}

/// The named account is a reseller, or was to become one.
fn named_reseller(f: &Facts) -> Option<&Party> {
    f.named
        .party()
        .filter(|party| party.acts_as_reseller || party.kind == PartnerType::IndirectReseller)
}

/// Business is done with a named reseller, the reseller is put on record, or a customer is created for it.
fn naming(f: &Facts) -> bool {
    f.new_business || matches!(f.checkpoint, C::SetPartnerOfRecord | C::CreateCustomer)
}

/// Restricted is a state of direct-bill partners; one that moves stands on the reseller's side meanwhile
/// (ENR-024). A reseller that is nothing else has no such way (ENR-043).
pub(super) fn restricted_reseller(party: &Party) -> bool {
    party.state == S::Restricted && party.kind == PartnerType::IndirectReseller
}

/// The named reseller's agreement is open where the command wants it accepted.
pub(crate) fn named_unsigned(f: &Facts) -> bool {
    named_reseller(f).is_some_and(|party| !party.signed)
}

/// The named reseller and the region whose signature is missing.
pub(crate) fn show_unsigned(party: &Party) -> Vec<Shown> {
    let mut facts = vec![
        shown_of(&party.name, "reseller", &party.name),
        claim_of(&party.name, "agreement", "open"),
    ];
    facts.extend(
        party
            .region
            .map(|fact| shown_of(&party.name, "region", fact.region)),
    );
    facts
}

fn show_named_unsigned(f: &Facts) -> Vec<Shown> {
    named_reseller(f).map_or_else(Vec::new, show_unsigned)
}

fn in_state(party: Option<&Party>, states: &[AccountState]) -> bool {
    party.is_some_and(|party| states.contains(&party.state))
}

/// A restricted partner that is enrolled as a reseller may still invite with its provider (ENR-025).
fn indirect_invitation(f: &Facts) -> bool {
    f.checkpoint == C::InviteCustomer
        && f.other.is_some()
        && f.actor
            .as_ref()
            .is_some_and(|actor| actor.acts_as_reseller && !restricted_reseller(actor))
}

const ONLY_ACTIVE: &[AccountState] = &[S::Active];
const ESTATE: &[AccountState] = &[S::Active, S::Restricted, S::Suspended];
const SIGNING: &[AccountState] = &[S::Qualified, S::Active, S::Restricted, S::Suspended];
const JOINING: &[AccountState] = &[S::Qualified, S::Active];

/// The states in which the caller may give this command (the table after ENR-044, with the exemptions
/// that single rules grant).
fn allowing(f: &Facts) -> &'static [AccountState] {
    match f.checkpoint {
        C::SignAgreement => SIGNING,
        // Who is not enrolled yet is answered by REL-002; a mover may join its provider while restricted.
        C::AcceptPartnership => JOINING,
        C::InviteCustomer if indirect_invitation(f) => &[S::Active, S::Restricted],
        C::RequestOrder if !seller(f).is_some_and(restricted_reseller) => {
            &[S::Active, S::Restricted]
        }
        C::CreateCustomer | C::InvitePartner | C::InviteCustomer => ONLY_ACTIVE,
        // ENR-027: seats of what a restricted partner has may still change.
        C::ChangeQuantity if f.new_business => &[S::Active, S::Restricted],
        _ if f.new_business => ONLY_ACTIVE,
        _ => ESTATE,
    }
}

fn state_forbids(f: &Facts) -> bool {
    seller(f).is_some_and(|party| {
        party.state != S::Active
            && !allowing(f).contains(&party.state)
            && !(f.checkpoint == C::AcceptPartnership
                && (!enrolled(party)
                    || (party.state == S::Restricted
                        && party.acts_as_reseller
                        && !restricted_reseller(party))))
    })
}

/// The partners beside the caller for whom the relationship would begin too: the provider that had invited,
/// the partners that a customer accepts, the provider of a joint invitation (CUS-004).
fn joining(f: &Facts) -> impl Iterator<Item = &Party> {
    let facing = f
        .named
        .party()
        .filter(|_| f.checkpoint == C::AcceptRelationship);
    f.other.iter().chain(facing)
}

/// It has lost its standing. One that has become restricted may still act as a reseller (ENR-025).
fn cannot_join(f: &Facts, party: &Party) -> bool {
    let as_reseller = f.named.is_some() && party.acts_as_reseller;
    let moving = party.state == S::Restricted && as_reseller && !restricted_reseller(party);
    party.state != S::Active && !moving
}

/// The code of a state: resellers have one of their own.
fn by_kind(party: Option<&Party>) -> Answer {
    if party.is_some_and(|party| party.kind == PartnerType::IndirectReseller) {
        documented(403, 800_039)
    } else {
        documented(403, 900_149)
    }
}

fn named_code(f: &Facts) -> Answer {
    by_kind(f.named.party())
}

fn caller_code(f: &Facts) -> Answer {
    by_kind(seller(f))
}

fn show_state(party: &Party) -> Vec<Shown> {
    vec![
        shown_of(&party.name, "partner", &party.name),
        shown_of(&party.name, "current state", party.state),
        shown_of(&party.name, "since", party.state_since),
    ]
}

fn show_caller_state(f: &Facts) -> Vec<Shown> {
    seller(f).map_or_else(Vec::new, show_state)
}

fn show_caller_states(f: &Facts) -> Vec<Shown> {
    let mut facts = show_caller_state(f);
    facts.push(shown("states that allow the command", words(allowing(f))));
    facts
}

fn show_named_state(f: &Facts) -> Vec<Shown> {
    f.named.party().map_or_else(Vec::new, show_state)
}

fn show_named_states(f: &Facts) -> Vec<Shown> {
    let mut facts = show_named_state(f);
    facts.push(shown("states that allow the command", words(ONLY_ACTIVE)));
    facts
}

fn words(states: &[AccountState]) -> String {
    states
        .iter()
        .map(|state| state.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}

fn show_suspension(f: &Facts) -> Vec<Shown> {
    let mut facts = show_caller_state(f);
    if let Some(standing) = &f.standing {
        for (invoice, due) in &standing.overdue {
            facts.push(shown(
                "reason",
                format!("invoice {invoice}, due {due}, is more than sixty days overdue"),
            ));
        }
    }
    facts
}

fn show_deauthorized(party: &Party) -> Vec<Shown> {
    let mut facts = show_state(party);
    let amounts = [
        ("cloud revenue counted", party.revenue_cloud),
        ("perpetual revenue counted", party.revenue_perpetual),
    ];
    facts.extend(
        amounts
            .into_iter()
            .filter_map(|(label, amount)| Some(shown_of(&party.name, label, amount?))),
    );
    facts.push(shown(
        "threshold",
        Money::new(RESELLER_REVENUE_MINOR, Currency::USD),
    ));
    facts
}

fn application(f: &Facts) -> Option<&Application> {
    f.application.as_deref()
}

fn applies_as(f: &Facts, kind: PartnerType) -> Option<&Application> {
    application(f).filter(|wanted| wanted.wanted == Some(kind))
}

fn for_direct_bill(f: &Facts) -> Option<&Application> {
    applies_as(f, PartnerType::DirectBill)
}

fn membership_open(f: &Facts) -> Option<MembershipState> {
    let membership = match application(f) {
        Some(wanted) => wanted.membership,
        None => f.actor.as_ref()?.membership,
    };
    (membership != MembershipState::Active).then_some(membership)
}

fn show_membership(f: &Facts) -> Vec<Shown> {
    membership_open(f)
        .map(|state| shown("membership", state))
        .into_iter()
        .collect()
}

fn show_applicant_state(f: &Facts) -> Vec<Shown> {
    f.actor.as_ref().map_or_else(Vec::new, show_state)
}

fn sandbox(f: &Facts) -> bool {
    f.actor
        .as_ref()
        .is_some_and(|actor| actor.environment == Environment::Sandbox)
}

fn show_limit(what: &str, limit: i64, now: i64) -> Vec<Shown> {
    vec![shown("limit", format!("{limit} {what}")), shown("now", now)]
}

fn restricted_purchase(f: &Facts) -> bool {
    f.new_business && f.checkpoint != C::ChangeQuantity && in_state(seller(f), &[S::Restricted])
}

fn restricted_relation(f: &Facts) -> bool {
    matches!(f.checkpoint, C::CreateCustomer | C::InviteCustomer)
        && in_state(f.actor.as_ref(), &[S::Restricted])
        && !indirect_invitation(f)
}

fn seats_asked(f: &Facts) -> Option<i64> {
    match &f.purchase {
        Some(purchase) => Some(purchase.quantity),
        None => f
            .subscription
            .as_ref()
            .and_then(|subscription| subscription.new_quantity),
    }
}

fn unfinished(f: &Facts) -> bool {
    f.named.party().is_some_and(|party| !enrolled(party))
}

/// Of the portal's pages only the billing ones belong to the billed partner.
/// A documented path is called by a partner that the operator does not bill.
fn unbilled_call(f: &Facts) -> bool {
    let partner = f.form.api_call.and_then(|call| call.partner);
    partner.is_some_and(|partner| !partner.is_billed())
}

fn of_the_billed(f: &Facts) -> bool {
    f.checkpoint != C::OpenPortal || f.form.page.as_deref() == Some("billing")
}

/// Whole months as a reseller, as ENR-011 counts them.
#[must_use]
pub fn tenure_months(
    onboarded: tierline_domain::time::Date,
    today: tierline_domain::time::Date,
) -> i64 {
    i64::from(whole_months(onboarded, today))
}

#[cfg(test)]
mod tests;

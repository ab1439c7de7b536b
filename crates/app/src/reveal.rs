//! What a refusal may reveal: a caller reads the facts of parties that it named or is related to.

use std::collections::BTreeSet;

use tierline_rules::facts::{CallerKind, Facts};
use tierline_rules::registry::Shown;
use tierline_rules::{Asked, Decision, Violation};

/// What others read instead.
pub const UNRELATED: &str = "an organization you have no relation to";

/// Blanks every fact about a party that the caller neither named nor is related to. The operator sees all.
pub fn conceal(decision: &mut Decision, facts: &Facts) {
    let shown = decision.violations.iter_mut();
    blank(
        shown.flat_map(|violation: &mut Violation| &mut violation.facts),
        facts,
    );
}

/// The same of every rule that was asked.
pub fn conceal_asked(asked: &mut [Asked], facts: &Facts) {
    blank(asked.iter_mut().flat_map(|asked| &mut asked.facts), facts);
}

fn blank<'a>(shown: impl Iterator<Item = &'a mut Shown>, facts: &Facts) {
    if facts.caller.kind == CallerKind::Operator {
        return;
    }
    let mut shown = shown.filter(|fact| fact.about.is_some()).peekable();
    if shown.peek().is_none() {
        return;
    }
    let visible = visible(facts);
    for fact in shown {
        if fact
            .about
            .as_ref()
            .is_some_and(|about| !visible.contains(about))
        {
            UNRELATED.clone_into(&mut fact.value);
            fact.about = None;
        }
    }
}

fn visible(facts: &Facts) -> BTreeSet<String> {
    let mut names = BTreeSet::from([facts.caller.name.clone()]);
    for party in facts
        .actor
        .iter()
        .chain(&facts.other)
        .chain(facts.named.party())
    {
        names.extend([
            party.name.clone(),
            party.organization.clone(),
            party.tenant.clone(),
        ]);
        names.extend(party.location.as_ref().map(|place| place.name.clone()));
    }
    names.extend(facts.named.given().map(str::to_owned));
    if let tierline_rules::facts::Named::Unenrolled { place, .. } = &facts.named {
        names.extend([place.name.clone(), place.organization.clone()]);
    }
    names.extend(
        facts
            .buyer
            .iter()
            .flat_map(|buyer| [buyer.name.clone(), buyer.organization.clone()]),
    );
    names.extend(facts.customer_form.iter().map(|form| form.name.clone()));
    for relation in facts.relation.iter().chain(&facts.other_relation) {
        names.extend([relation.partner.clone(), relation.customer.clone()]);
    }
    let ties = facts
        .partnership
        .iter()
        .chain(facts.exclusivity.iter().map(|tie| &tie.partnership));
    names.extend(ties.flat_map(|tie| [tie.provider.clone(), tie.reseller.clone()]));
    // A seller of a subscription is known to its customer and to the partners that may manage it.
    let own = facts.caller.kind == CallerKind::Customer || facts.transfer.is_some();
    names.extend(
        facts
            .subscription
            .iter()
            .filter(|subscription| subscription.own || own)
            .map(|subscription| subscription.seller.clone()),
    );
    if let Some(transfer) = &facts.transfer {
        names.extend([transfer.from.name.clone(), transfer.to.name.clone()]);
        names.extend(
            transfer
                .subscriptions
                .iter()
                .map(|subscription| subscription.seller.clone()),
        );
    }
    if let Some(query) = &facts.form.status_query {
        names.extend(
            query
                .named
                .party()
                .iter()
                .chain(&query.tenant_account.as_ref())
                .map(|party| party.name.clone()),
        );
    }
    names
}

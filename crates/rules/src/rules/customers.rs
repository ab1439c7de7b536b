//! Section 6.1: partner–customer relationships.

use crate::facts::Facts;
use crate::registry::{Rule, Shown, shown_of};

/// The seller has no active relationship with the buyer, and needs one (TXN-410 excepts the
/// shared-services tenant).
pub(super) fn no_relationship(f: &Facts) -> bool {
    f.buyer.is_some()
        && !f.shared_services()
        && f.relation
            .as_ref()
            .is_none_or(|relation| !relation.is_active())
}

/// Both parties and the state of what ties them.
pub(super) fn relationship_shown(f: &Facts) -> Vec<Shown> {
    f.relation
        .iter()
        .map(|relation| {
            let label = format!(
                "relationship of {} with {}",
                relation.partner, relation.customer
            );
            shown_of(&relation.customer, &label, relation.state)
        })
        .collect()
}

/// Rules of this section.
pub static RULES: &[Rule] = &[];

//! Section 3: the partner agreement and the customer agreement.

use crate::facts::Facts;
use crate::registry::Rule;

/// Neither the seller attested nor the customer accepted itself (AGR-019, AGR-028).
pub(super) fn no_customer_agreement(f: &Facts) -> bool {
    !f.attested
        && !f.shared_services()
        && f.buyer
            .as_ref()
            .is_some_and(|buyer| !buyer.accepted_agreement)
}

/// Rules of this section.
pub static RULES: &[Rule] = &[];

//! placeholder

use crate::registry::Rule;

/// Rules of this section.
pub static RULES: &[Rule] = &[];

//! tierline rules

//! tierline billing

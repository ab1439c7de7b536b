//! tierline store

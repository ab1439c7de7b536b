//! tierline domain

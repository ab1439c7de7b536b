//! tierline api

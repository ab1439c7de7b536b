//! tierline app

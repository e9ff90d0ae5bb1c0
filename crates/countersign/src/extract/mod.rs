//! Extractors: one file each.
//!
//! They run inside a handler. Guards around routes are in `layer/`.

pub(crate) mod authentication;
pub(crate) mod current_user;
pub(crate) mod principal;
pub(crate) mod require;
pub(crate) mod verifier_for;
pub(crate) mod verifier_state;
